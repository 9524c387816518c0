//! Masks: the regions and maps of the settings, their pictures, and drawing on them.
//!
//! The settings name each mask, by a file or by the hash of a drawn one ([`Picture::reference`]); the
//! pictures follow the names, whoever changes them: a stroke, undo, a recipe, a moment that is gone back to.

mod bar;
mod cursor;
mod hand;
mod overlay;
mod pen;
mod recall;
mod tools;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use egui::Context;

pub use self::{pen::Pane, tools::Masking};

use super::{ImpastoApp, action::Act};
use impasto_base::{hash::Sha256Hash, text};
use impasto_core::{
    picture::{
        Drawing, Picture,
        drawing::{Mode, Shape, Stroke},
        pasted_hash,
    },
    settings::{MAX_REGIONS, Masks, Region},
};
use impasto_formats::inputs::open_mask;

/// Number of mask pictures that are kept beside those in use, for undo and redo.
const SPARE: usize = 8;

/// Which mask is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A region by its index.
    Region(usize),
    StyleMap,
    ContentMap,
}

impl Place {
    /// Its mask's name in the settings.
    pub fn name_in(self, masks: &Masks) -> Option<&Path> {
        match self {
            Place::Region(index) => masks.regions.get(index).map(|region| region.mask.as_path()),
            Place::StyleMap => masks.style_map.as_deref(),
            Place::ContentMap => masks.content_map.as_deref(),
        }
    }

    /// What a person calls it.
    pub fn title(self, masks: &Masks) -> &str {
        match self {
            Place::Region(index) => masks.regions.get(index).map_or("a region", |region| &region.name),
            Place::StyleMap => "style map",
            Place::ContentMap => "content map",
        }
    }

    fn put(self, masks: &mut Masks, name: PathBuf) {
        match self {
            Place::Region(index) => {
                if let Some(region) = masks.regions.get_mut(index) {
                    region.mask = name;
                }
            }
            Place::StyleMap => masks.style_map = Some(name),
            Place::ContentMap => masks.content_map = Some(name),
        }
    }

    fn remove(self, masks: &mut Masks) {
        match self {
            Place::Region(index) if index < masks.regions.len() => drop(masks.regions.remove(index)),
            Place::Region(_) => {}
            Place::StyleMap => masks.style_map = None,
            Place::ContentMap => masks.content_map = None,
        }
    }
}

/// All masks of the settings.
pub fn places(masks: &Masks) -> impl Iterator<Item = Place> + '_ {
    let maps =
        [Place::StyleMap, Place::ContentMap].into_iter().filter(|place| place.name_in(masks).is_some());
    (0..masks.regions.len()).map(Place::Region).chain(maps)
}

/// The pictures of the masks, and how the drawn ones of this session came about.
#[derive(Default)]
pub struct MaskDesk {
    /// By their names in the settings; the newest last.
    pictures: Vec<(PathBuf, Arc<Picture>)>,
    /// Every drawn mask of the session, as its strokes.
    drawings: BTreeMap<Sha256Hash, Arc<Drawing>>,
    /// Files that are being opened, with the ticket of the request.
    loading: BTreeMap<PathBuf, u64>,
    /// The mask that is drawn on.
    selected: Option<Place>,
}

impl MaskDesk {
    /// The picture of a mask by its name in the settings, if it is there.
    pub fn picture(&self, name: &Path) -> Option<&Arc<Picture>> {
        self.pictures.iter().find(|(known, _)| known == name).map(|(_, picture)| picture)
    }

    /// Take in a mask, under the name by which settings refer to it.
    pub fn remember(&mut self, picture: Arc<Picture>) -> PathBuf {
        let name = picture.reference();
        if let Some(drawing) = &picture.drawing {
            self.drawings.entry(picture.sha256).or_insert_with(|| Arc::clone(drawing));
        }
        self.put(name.clone(), picture);
        name
    }

    /// Take in a mask as its strokes; it is drawn when it is needed.
    pub fn remember_drawing(&mut self, drawing: Arc<Drawing>) {
        self.drawings.insert(drawing.sha256, drawing);
    }

    fn put(&mut self, name: PathBuf, picture: Arc<Picture>) {
        self.pictures.retain(|(known, _)| *known != name);
        self.pictures.push((name, picture));
    }

    /// Whether masks are being opened.
    pub fn is_loading(&self) -> bool {
        !self.loading.is_empty()
    }

    /// Drop the pictures that are neither in use nor among the newest.
    fn prune(&mut self, masks: &Masks) {
        let in_use = |name: &Path| masks.files().any(|file| file == name);
        let spare = self.pictures.iter().filter(|(name, _)| !in_use(name)).count();
        let mut surplus = spare.saturating_sub(SPARE);
        self.pictures.retain(|(name, _)| {
            let goes = surplus > 0 && !in_use(name);
            surplus -= usize::from(goes);
            !goes
        });
    }
}

/// Draw on a mask.
pub struct Draw(pub Place, pub Stroke);

impl Act for Draw {
    fn apply(self, app: &mut ImpastoApp, _: &Context) {
        let Draw(place, stroke) = self;
        let what = match (&stroke.shape, stroke.mode) {
            (Shape::All, Mode::Invert) => "Invert",
            (Shape::All, Mode::Subtract) => "Clear",
            (Shape::All, _) => "Fill",
            (_, Mode::Subtract) => "Erase",
            (Shape::Brush { .. }, _) => "Brush",
            (Shape::Gradient { .. }, _) => "Gradient",
            (Shape::Ellipse { .. }, _) => "Ellipse",
            (Shape::Path { .. }, _) => "Path",
            (Shape::Pixels(_), _) => "Mask",
        };
        app.draw_on_mask(place, stroke, what);
    }
}

/// Add a region that is black everywhere, and select it.
pub struct AddRegion;

impl Act for AddRegion {
    fn apply(self, app: &mut ImpastoApp, _: &Context) {
        let count = app.settings.masks.regions.len();
        if count >= MAX_REGIONS {
            app.messages.toasts.add(format!("There are {MAX_REGIONS} regions already, which is the most."));
            return;
        }
        let taken = |name: &str| app.settings.masks.regions.iter().any(|region| region.name == name);
        let name = (1..).map(|number| format!("Region {number}")).find(|name| !taken(name));
        let region = Region { name: name.unwrap_or_default(), ..Region::default() };
        app.settings.masks.regions.push(region);
        app.pictures.masks.selected = Some(Place::Region(count));
        app.draw_on_mask(Place::Region(count), BLACK, "Region");
        app.undo.call("", "Region added".to_owned());
    }
}

/// Add a map that changes nothing yet, and select it.
pub struct AddMap(pub Place);

impl Act for AddMap {
    fn apply(self, app: &mut ImpastoApp, _: &Context) {
        if self.0.name_in(&app.settings.masks).is_none() {
            app.draw_on_mask(self.0, Stroke::new(Shape::All, Mode::Add), "Map added");
        }
        app.pictures.masks.selected = Some(self.0);
    }
}

/// Remove a region or a map.
pub struct RemoveMask(pub Place);

impl Act for RemoveMask {
    fn apply(self, app: &mut ImpastoApp, _: &Context) {
        let title = self.0.title(&app.settings.masks).to_owned();
        app.undo.call("", format!("Mask removed: {title}"));
        self.0.remove(&mut app.settings.masks);
    }
}

/// Draw on this mask from now on.
pub struct SelectMask(pub Place);

impl Act for SelectMask {
    fn apply(self, app: &mut ImpastoApp, _: &Context) {
        app.pictures.masks.selected = Some(self.0);
    }
}

/// A stroke that leaves nothing.
const BLACK: Stroke = Stroke { shape: Shape::All, mode: Mode::Replace, opacity: 0.0 };

impl ImpastoApp {
    /// The mask that is drawn on: the selected one if it is still there, else the first.
    pub(super) fn selected_mask(&self) -> Option<Place> {
        let masks = &self.settings.masks;
        let there = |place: &Place| place.name_in(masks).is_some();
        self.pictures.masks.selected.filter(there).or_else(|| places(masks).next())
    }

    /// The picture of a mask, if it is there.
    pub(super) fn mask_picture(&self, place: Place) -> Option<&Arc<Picture>> {
        self.pictures.masks.picture(place.name_in(&self.settings.masks)?)
    }

    /// The masks' pictures in the order of [`Masks::files`]; `None` while one of them is being opened.
    pub(super) fn mask_pictures(&self) -> Option<Vec<Arc<Picture>>> {
        self.settings.masks.files().map(|name| self.pictures.masks.picture(name).cloned()).collect()
    }

    /// Draw on a mask, which becomes another one with one stroke more; undo goes back to the former.
    pub(super) fn draw_on_mask(&mut self, place: Place, stroke: Stroke, what: &str) {
        let Some(content) = self.pictures.content.picture.as_ref() else {
            self.messages.toasts.add("A mask is drawn on a content picture: open one first.");
            return;
        };
        let content = content.picture.dimensions();
        let base = self.mask_picture(place).cloned();
        match Drawing::draw(base.as_deref(), content, stroke) {
            Ok(picture) => {
                let title = place.title(&self.settings.masks);
                self.undo.call("", format!("{what} on {title}"));
                let name = self.pictures.masks.remember(Arc::new(picture));
                place.put(&mut self.settings.masks, name);
            }
            Err(text) => self.messages.toasts.add(format!("The stroke cannot be drawn: {text}.")),
        }
    }

    /// Bring the masks' pictures up to the names in the settings.
    pub(super) fn follow_masks(&mut self) {
        let names: Vec<PathBuf> = self.settings.masks.files().map(Path::to_owned).collect();
        let desk = &mut self.pictures.masks;
        desk.loading.retain(|name, _| names.contains(name));
        let missing =
            |desk: &MaskDesk, name: &Path| desk.picture(name).is_none() && !desk.loading.contains_key(name);
        let missing: Vec<&PathBuf> = names.iter().filter(|name| missing(desk, name)).collect();
        for name in missing {
            match pasted_hash(name) {
                Some(hash) => match self.pictures.masks.drawings.get(&hash).map(Drawing::picture) {
                    Some(Ok(picture)) => drop(self.pictures.masks.remember(Arc::new(picture))),
                    Some(Err(text)) => self.mask_failed(name, &text),
                    None => self.mask_failed(name, "it is not at hand any more"),
                },
                None => self.open_mask(name.clone()),
            }
        }
        self.pictures.masks.prune(&self.settings.masks);
    }

    fn open_mask(&mut self, name: PathBuf) {
        let ticket = self.next_number();
        self.pictures.masks.loading.insert(name.clone(), ticket);
        let (file, known) = (name.clone(), self.files.known.clone());
        let work = move || {
            let picture = open_mask(&file).map_err(|error| impasto_base::error::chain(&error))?;
            if let Some(path) = &picture.path {
                known.add(path, &picture.sha256);
            }
            Ok(picture)
        };
        self.tasks.decode("the decoder", work, move |app: &mut Self, _, opened| {
            // Another request for the file counts.
            if app.pictures.masks.loading.get(&name) != Some(&ticket) {
                return;
            }
            app.pictures.masks.loading.remove(&name);
            match opened.unwrap_or_else(Err) {
                Ok(picture) => app.pictures.masks.put(name, picture),
                Err(text) => app.mask_failed(&name, &text),
            }
        });
    }

    /// A mask without a picture: what it was for is left out, which undo takes back.
    fn mask_failed(&mut self, name: &Path, why: &str) {
        let masks = &mut self.settings.masks;
        let failed: Vec<Place> = places(masks).filter(|place| place.name_in(masks) == Some(name)).collect();
        let titles: Vec<String> = failed.iter().map(|place| place.title(masks).to_owned()).collect();
        // The last index first, or the others would move.
        failed.into_iter().rev().for_each(|place| place.remove(masks));
        let name = match pasted_hash(name) {
            Some(_) => "a drawn mask".to_owned(),
            None => text::path(name),
        };
        self.messages.toasts.add(format!("Left out, {}: {name}: {why}", titles.join(", ")));
    }
}
