//! What single layers hold of the pictures, as the window shows it: which extracts it wants, what is there of
//! them, and the figure with all of them.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use egui::{Context, TextureHandle, TextureOptions};
use image::RgbImage;

use super::{
    ImpastoApp,
    colour_image::color_image,
    dialogs::Ask,
    lab::Sheet,
    saving::{Extension, Saving},
    state::Given,
};
use impasto_base::error::chain;
use impasto_core::{
    picture,
    settings::Settings,
    transfer::{Inputs, LayerVisualization, NetworkConfig, StyleSource, VisualizationJob},
};
use impasto_engine::session::{RunId, RunState, VisualizationRequest, VisualizationState};
use impasto_formats::extracts::{self, CONTENT_LAYERS, ExtractStore, LARGE, SMALL, SourcePictures};
use impasto_network::vgg::Layer;

/// An extract of a longest side in pixels.
type Place = (LayerVisualization, u32);

/// The window's extracts.
pub struct Extracts {
    store: Option<ExtractStore>,
    wanted: Option<Request>,
    /// Of the last look into the cache, and of the last that has come back.
    ticket: u64,
    looked: u64,
    /// In the order in which they are to be made.
    queue: Vec<Place>,
    shown: BTreeMap<Place, Shown>,
    /// What the worker was sent last: its run, the look before, and whether painting has to share.
    told: Option<(RunId, u64, bool)>,
    /// The person does not want to wait until painting rests.
    pub at_once: bool,
}

/// What the window wants to see, and of what.
struct Request {
    source: SourcePictures,
    eye: NetworkConfig,
    places: Vec<Place>,
}

impl Request {
    fn is_of(&self, source: &SourcePictures, eye: &NetworkConfig) -> bool {
        let same = |(a, b): (&StyleSource, &StyleSource)| {
            let of_mix = |style: &StyleSource| (style.mix.share(), style.mix.crop);
            Arc::ptr_eq(&a.picture, &b.picture) && of_mix(a) == of_mix(b)
        };
        Arc::ptr_eq(&self.source.content, &source.content)
            && self.source.styles.len() == source.styles.len()
            && self.source.styles.iter().zip(&source.styles).all(same)
            && self.source.background == source.background
            && self.eye == *eye
    }
}

/// An extract as far as it is.
struct Shown {
    order: VisualizationJob,
    stage: Stage,
    picture: Option<Arc<RgbImage>>,
    texture: Option<TextureHandle>,
}

/// How far an extract is.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    Waiting,
    /// Part of the way, 0 to 1.
    Making(f32),
    Made,
    Failed(String),
}

/// An order, its longest side, and what the cache has of it.
pub type Planned = (VisualizationJob, u32, Option<RgbImage>);

impl Shown {
    fn new(ctx: &Context, order: VisualizationJob, known: Option<RgbImage>) -> Self {
        let mut shown = Self { order, stage: Stage::Waiting, picture: None, texture: None };
        if let Some(picture) = known {
            shown.stage = Stage::Made;
            shown.take(ctx, picture);
        }
        shown
    }

    fn take(&mut self, ctx: &Context, picture: RgbImage) {
        let image = color_image(&picture);
        match &mut self.texture {
            Some(texture) => texture.set(image, TextureOptions::LINEAR),
            None => self.texture = Some(ctx.load_texture("layer", image, TextureOptions::LINEAR)),
        }
        self.picture = Some(Arc::new(picture));
    }

    fn is_left(&self) -> bool {
        matches!(self.stage, Stage::Waiting | Stage::Making(_))
    }
}

impl Extracts {
    /// Nothing yet; `cache` is the user's cache folder, if there is one.
    pub fn new(cache: Option<PathBuf>) -> Self {
        Self {
            store: cache.map(|cache| ExtractStore::new(&cache)),
            wanted: None,
            ticket: 0,
            looked: 0,
            queue: Vec::new(),
            shown: BTreeMap::new(),
            told: None,
            at_once: false,
        }
    }

    /// The best there is of a visualization, and how far it is.
    pub fn of(&self, visualization: LayerVisualization) -> (Option<&TextureHandle>, Stage) {
        let [large, small] = [LARGE, SMALL].map(|side| self.shown.get(&(visualization, side)));
        let is_made = |shown: &&Shown| shown.stage == Stage::Made;
        let has = |shown: &&Shown| shown.texture.is_some();
        let best =
            large.filter(is_made).or(small.filter(is_made)).or(large.filter(has)).or(small.filter(has));
        let stage = large.or(small).map_or(Stage::Waiting, |shown| shown.stage.clone());
        (best.and_then(|shown| shown.texture.as_ref()), stage)
    }

    /// How many of those that are wanted are still to be made.
    pub fn left(&self) -> usize {
        self.queue.iter().filter(|place| self.shown.get(place).is_some_and(Shown::is_left)).count()
    }

    fn is_made(&self, place: Place) -> bool {
        self.shown.get(&place).is_some_and(|shown| shown.stage == Stage::Made)
    }

    /// Apply what the cache has found.
    fn take_planned(&mut self, ctx: &Context, ticket: u64, planned: Vec<Planned>) {
        if ticket != self.ticket {
            return;
        }
        self.looked = ticket;
        self.queue.clear();
        for (order, side, known) in planned {
            let place = (order.visualization, side);
            self.queue.push(place);
            let same = self.shown.get(&place).is_some_and(|shown| shown.order.key == order.key);
            if !same || (known.is_some() && !self.is_made(place)) {
                self.shown.insert(place, Shown::new(ctx, order, known));
            }
        }
    }
}

impl ImpastoApp {
    /// The places that the window wants to see now, the most wanted first.
    fn wanted_places(&self, settings: &Settings) -> Vec<Place> {
        let textures = || Layer::PAPER_STYLE.map(LayerVisualization::texture);
        let contents = || CONTENT_LAYERS.map(LayerVisualization::reconstruction);
        let mut places: Vec<Place> = match self.view.lab.sheet.filter(|_| self.view.lab.open) {
            Some(Sheet::Style) => {
                textures().into_iter().chain(contents()).map(|visualization| (visualization, LARGE)).collect()
            }
            Some(Sheet::Content) => {
                contents().into_iter().chain(textures()).map(|visualization| (visualization, LARGE)).collect()
            }
            None => Vec::new(),
        };
        if self.view.layout.extracts {
            let strips = settings.style_layers.layers().map(LayerVisualization::texture);
            let strips =
                strips.chain(settings.content_layers.layers().map(LayerVisualization::reconstruction));
            // What the lab has or gets is good for a strip as well.
            let others = strips.filter(|&visualization| {
                !places.contains(&(visualization, LARGE)) && !self.extracts.is_made((visualization, LARGE))
            });
            let others: Vec<Place> = others.map(|visualization| (visualization, SMALL)).collect();
            places.extend(others);
        }
        places
    }

    /// Send the worker the extracts to make, and look for those in the cache first.
    pub(super) fn follow_extracts(&mut self, ctx: &Context) {
        let Some(info) = self.run.info.as_ref().filter(|_| self.run.state != RunState::Preparing) else {
            return;
        };
        // Don't send a value that is still being dragged.
        let Some(Given { inputs: Inputs { content, styles, .. }, settings, .. }) =
            self.run.given.as_ref().filter(|_| !self.is_dragging(ctx))
        else {
            return;
        };
        let eye = NetworkConfig {
            weights: info.weights.sha256.clone(),
            padding: settings.padding,
            pooling: settings.pooling,
            precision: settings.precision,
        };
        let source = SourcePictures {
            content: Arc::clone(content),
            styles: styles.clone(),
            background: settings.background,
        };
        let places = self.wanted_places(settings);
        let before = self.extracts.wanted.as_ref();
        let of_these = before.is_some_and(|before| before.is_of(&source, &eye));
        if !of_these || before.is_some_and(|before| before.places != places) {
            if !of_these {
                // Of other pictures, or seen by another network.
                self.extracts.shown.clear();
            }
            self.extracts.queue.clear();
            self.extracts.ticket += 1;
            let (ticket, store) = (self.extracts.ticket, self.extracts.store.clone());
            let (theirs, look) = (source.clone(), eye.clone());
            let asked = places.clone();
            let work = move || look_up(&theirs, &asked, &look, store.as_ref());
            self.tasks.spawn("layers", work, move |app: &mut Self, ctx, planned| {
                app.extracts.take_planned(ctx, ticket, planned);
            });
            self.extracts.wanted = Some(Request { source, eye, places });
        }
        if self.extracts.left() == 0 {
            self.extracts.at_once = false;
        }
        let tell = (self.run.id, self.extracts.ticket, self.extracts.at_once);
        let news = self.extracts.looked == self.extracts.ticket && self.extracts.told != Some(tell);
        if let Some(session) = self.worker.session.as_ref().filter(|_| news) {
            let shown = self.extracts.queue.iter().filter_map(|place| self.extracts.shown.get(place));
            let orders = shown.filter(|shown| shown.is_left()).map(|shown| shown.order.clone()).collect();
            if session
                .request_visualizations(VisualizationRequest { orders, at_once: self.extracts.at_once })
                .is_ok()
            {
                self.extracts.told = Some(tell);
            }
        }
    }

    /// Apply the worker's progress with an extract.
    pub(super) fn take_extract(&mut self, key: &str, result: Result<Box<VisualizationState>, String>) {
        let ctx = self.tasks.context().clone();
        let Some(shown) = self.extracts.shown.values_mut().find(|shown| shown.order.key == key) else {
            return;
        };
        let state = match result {
            Ok(state) => state,
            Err(text) => {
                tracing::warn!("{:?} cannot be made: {text}", shown.order.visualization);
                shown.stage = Stage::Failed(text);
                return;
            }
        };
        shown.stage = match state.is_done() {
            true => Stage::Made,
            false => Stage::Making(state.steps as f32 / state.of.max(1) as f32),
        };
        if state.is_done()
            && let Some(store) = self.extracts.store.clone()
        {
            let (key, picture) = (key.to_owned(), state.picture.clone());
            let work = move || store.save(&key, &picture);
            self.tasks.spawn("layers", work, |_: &mut Self, _, kept| {
                // It is made again another time.
                if let Err(error) = kept {
                    tracing::warn!("an extract cannot be kept: {error}");
                }
            });
        }
        shown.take(&ctx, state.picture);
    }

    /// Make what is missing now, even while it paints.
    pub(super) fn extract_at_once(&mut self) {
        let left = self.extracts.left();
        self.extracts.at_once = left > 0;
        match left {
            0 if self.extracts.queue.is_empty() => {
                self.messages.toasts.add("Nothing shows what the layers hold: open the layer lab, or switch the mixer's pictures on.");
            }
            0 => self.messages.toasts.add("What the layers hold is all made."),
            _ => self.messages.toasts.add("Painting shares its time until what the layers hold is made."),
        }
    }

    /// Ask where to save the figure of all extracts.
    pub(super) fn ask_to_save_figure(&mut self) {
        let Some(name) = self.figure_name() else {
            self.messages.toasts.add("There are no pictures of the layers to save yet.");
            return;
        };
        let saving = Saving::new(Extension::Default("png"), |app, path, overwrite| {
            app.write_figure(path, overwrite);
        });
        self.ask_to_save_as(Ask::save_picture(&name), saving);
    }

    /// A name for the figure; `None` if there is nothing to save.
    fn figure_name(&self) -> Option<String> {
        let wanted = self.extracts.wanted.as_ref()?;
        let stem = |name: &str| {
            let stem = std::path::Path::new(name).file_stem().unwrap_or_default().to_string_lossy();
            stem.replace(['/', '\\', ':'], "-")
        };
        let style = wanted.source.styles.first().map_or_else(String::new, |style| stem(&style.picture.name));
        Some(format!("Layers of {} and {style}.png", stem(&wanted.source.content.name)))
    }

    /// Write the figure.
    fn write_figure(&self, path: PathBuf, overwrite: bool) {
        let Some(wanted) = &self.extracts.wanted else { return };
        let source = wanted.source.clone();
        let pictures = self.extracts.shown.iter().filter(|(_, shown)| shown.stage == Stage::Made);
        // Small ones first, so that large ones of the same visualization win.
        let pictures: BTreeMap<Place, Arc<RgbImage>> =
            pictures.filter_map(|(place, shown)| Some((*place, shown.picture.clone()?))).collect();
        let file = path.clone();
        let work = move || {
            let made = pictures
                .iter()
                .map(|((visualization, _), picture)| (*visualization, RgbImage::clone(picture)));
            let figure = extracts::figure(&source, &made.collect(), LARGE);
            picture::save(&figure.draw(), &path, overwrite).map_err(|error| chain(&error))
        };
        self.tasks.save(&file.clone(), "figure", work, move |app: &mut Self, _, result| match result {
            Ok(()) => app.file_saved(&file),
            Err(error) => app.file_not_saved(format!("The figure is not saved: {error}.")),
        });
    }
}

/// The orders for these places, with what the cache has of them.
fn look_up(
    source: &SourcePictures,
    places: &[Place],
    eye: &NetworkConfig,
    store: Option<&ExtractStore>,
) -> Vec<Planned> {
    let of_side = |side: u32| {
        let visualizations: Vec<LayerVisualization> =
            places.iter().filter(|place| place.1 == side).map(|place| place.0).collect();
        let orders = if visualizations.is_empty() {
            Vec::new()
        } else {
            extracts::plan(source, &visualizations, side, eye)
        };
        orders.into_iter().map(move |order| {
            let known = store.and_then(|store| store.load(&order.key, order.shape));
            (order, side, known)
        })
    };
    of_side(LARGE).chain(of_side(SMALL)).collect()
}
