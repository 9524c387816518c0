//! Pictures that carry a recipe: what is offered when one comes in, and taking it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use egui::{Context, RichText, TextureHandle, TextureOptions, vec2};
use image::RgbImage;

use super::{
    ImpastoApp,
    action::Act,
    extensions::is_project,
    masks::command,
    origin::Origin,
    picture_source::{Recalled, Source},
    slot::{Slot, Target},
    theme::{Palette, space},
    widgets,
};
use impasto_base::text;
use impasto_core::{
    picture::{Matte, Picture, is_pasted, pasted_hash},
    settings::{Rgb, Settings, StyleMix},
};
use impasto_engine::session::{Record, RunInfo};
use impasto_formats::{
    known::KnownFiles,
    recipe::{self, CommandLine, EXAMPLE, Found, Recipe, RecipeError, Thumbnail, find, locate},
    trust::Trust,
};

/// The note when a recipe is taken, and the one in its place when it has begun another painting.
const TAKEN: &str = "Took the recipe: its settings and pictures.";
const BEGUN: &str = "Took the recipe: its settings and pictures. It paints afresh.";

/// What the recipe of a painted picture is made of.
pub enum Draft {
    Run {
        record: Record,
        info: RunInfo,
        /// The pictures of the run, for their thumbnails.
        pictures: Vec<Arc<Picture>>,
        background: Rgb,
    },
    /// It comes from a project.
    Made(Recipe),
}

impl Draft {
    /// The recipe without thumbnails.
    pub fn bare(&self, picture: &RgbImage) -> Recipe {
        match self {
            Draft::Run { record, info, .. } => Recipe::new(record, picture.dimensions(), info),
            Draft::Made(recipe) => recipe.clone(),
        }
    }

    /// The same of the picture after this many steps.
    pub fn at(&self, step: u32) -> Self {
        match self {
            Draft::Run { record, info, pictures, background } => Draft::Run {
                record: record.at(step),
                info: info.clone(),
                pictures: pictures.clone(),
                background: *background,
            },
            Draft::Made(recipe) => Draft::Made(recipe.clone()),
        }
    }

    /// The recipe with or without thumbnails, which take a while for large pictures.
    pub fn compose(&self, picture: &RgbImage, thumbnails: bool) -> Recipe {
        let mut recipe = self.bare(picture);
        match self {
            _ if !thumbnails => recipe.thumbnails.clear(),
            Draft::Run { pictures, background, .. } => {
                recipe.thumbnails = Thumbnail::of(pictures.iter().map(AsRef::as_ref), *background);
            }
            Draft::Made(_) => {}
        }
        recipe
    }
}

/// A picture on its way to a file, with what its recipe is made of.
#[derive(Clone)]
pub struct PaintedPicture {
    pub picture: Arc<RgbImage>,
    pub draft: Option<Arc<Draft>>,
    /// The content and the settings that it was painted with, if known: what is transparent of it.
    pub given: Option<Arc<(Arc<Picture>, Settings)>>,
}

impl PaintedPicture {
    /// The transparency that the picture is saved with; working it out takes a while.
    pub fn matte(&self) -> Option<Matte> {
        let (content, settings) = self.given.as_deref()?;
        Matte::of(content, settings, self.picture.dimensions())
    }
}

impl std::fmt::Debug for PaintedPicture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PaintedPicture {:?}", self.picture.dimensions())
    }
}

/// What was found in a file that came in.
pub struct Looked {
    path: PathBuf,
    /// Where it should go as a picture, if that is known.
    target: Option<Target>,
    trust: Trust,
    found: Result<Option<(Recipe, Vec<String>)>, String>,
}

/// A recipe that a person may take.
pub struct Offered {
    path: PathBuf,
    recipe: Recipe,
    /// Which of the files that it names may be opened.
    trust: Trust,
    remarks: Vec<String>,
    /// The thumbnails of the content and the styles, made when they are first shown.
    thumbnails: Option<Vec<(String, Option<TextureHandle>)>>,
}

/// What becomes of a picture that carries a recipe.
pub enum RecipeAction {
    Take,
    Use(Target),
    Dismiss,
}

/// Whether a file's name is one of a picture that may carry a recipe.
fn may_carry(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
    ["png", "jpg", "jpeg", "jpe", "jfif", "webp", "tif", "tiff"].iter().any(|known| extension == *known)
}

/// Look into a file. A file that the recipe's settings name is taken out of them if it is gone, and if it is
/// neither beside the file nor in the window's own settings: it may be anything of this machine's.
fn look(path: &Path, known: &KnownFiles, trust: &mut Trust) -> Result<Option<(Recipe, Vec<String>)>, String> {
    let (mut recipe, mut remarks) = match recipe::read_file(path) {
        Ok(found) => found,
        // As a picture it may still be good; opening it says so or not.
        Err(RecipeError::None { .. } | RecipeError::Read { .. }) => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    remarks.extend(locate(&mut recipe, path, known, trust));
    remarks.extend(trust.restrict(&mut recipe.settings, "The recipe"));
    if recipe.settings.palette.as_deref().is_some_and(is_pasted) {
        let hash = recipe.settings.palette.take().as_deref().and_then(pasted_hash);
        let record = recipe.last().palettes.iter().find(|palette| Some(palette.sha256) == hash);
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        match record.and_then(|record| find(record, &[folder], known, trust)) {
            Some(Found::Same(picture)) => recipe.settings.palette = Some(picture.reference()),
            _ => {
                let name = record.map(|record| format!(" {}", text::display_name(&record.name)));
                let name = name.unwrap_or_default();
                remarks.push(format!("The palette{name} is not found: the content's colours stand in."));
            }
        }
    }
    if recipe.passes.len() > 1 || !recipe.last().changes.is_empty() {
        remarks.push(
            "It was changed while it was painted: “impasto render --recipe” repeats that, the window takes the last settings."
                .to_owned(),
        );
    }
    Ok(Some((recipe, remarks)))
}

impl Act for RecipeAction {
    fn apply(self, app: &mut ImpastoApp, _: &Context) {
        app.apply_to_recipe(self);
    }
}

impl ImpastoApp {
    /// The picture as it is now, on its way to a file.
    pub(super) fn painting(&self) -> Option<PaintedPicture> {
        let draft = if self.files.without_recipe { None } else { self.draft() };
        Some(PaintedPicture {
            picture: self.view.canvas.picture()?,
            draft,
            given: self.painted_with().map(Arc::new),
        })
    }

    /// The content and the settings of the picture on the canvas; before a run, those in the window.
    fn painted_with(&self) -> Option<(Arc<Picture>, Settings)> {
        let (content, settings) = match &self.run.given {
            Some(given) => (&given.inputs.content, &given.settings),
            None => (&self.pictures.content.picture.as_ref()?.picture, &self.settings),
        };
        match self.view.film.view() {
            None => Some((Arc::clone(content), settings.clone())),
            Some(moment) if moment.pictures.first() == Some(&content.sha256) => {
                Some((Arc::clone(content), moment.settings.clone()))
            }
            Some(_) => None,
        }
    }

    /// What the recipe of the picture on the canvas is made of; a picture that was not painted last has none.
    pub(super) fn draft(&self) -> Option<Arc<Draft>> {
        let given = self.run.given.as_ref()?;
        let styles = given.inputs.styles.iter().map(|style| Arc::clone(&style.picture));
        Some(Arc::new(Draft::Run {
            record: self.record_of(&self.view.canvas.picture()?)?.clone(),
            info: self.run.info.clone()?,
            pictures: [Arc::clone(&given.inputs.content)].into_iter().chain(styles).collect(),
            background: given.settings.background,
        }))
    }

    /// How a picture came about, if it is the one that was painted last.
    pub(super) fn record_of(&self, picture: &Arc<RgbImage>) -> Option<&Record> {
        self.record.as_ref().filter(|(painted, _)| Arc::ptr_eq(painted, picture)).map(|(_, record)| record)
    }

    pub(super) fn toggle_recipe(&mut self) {
        self.files.without_recipe = !self.files.without_recipe;
        self.messages.toasts.add(match self.files.without_recipe {
            true => "Pictures are saved without their recipe.",
            false => {
                "Pictures are saved with their recipe, which names the files that they were painted from."
            }
        });
    }

    pub(super) fn toggle_thumbnails(&mut self) {
        self.files.without_thumbnails = !self.files.without_thumbnails;
        self.messages.toasts.add(match self.files.without_thumbnails {
            true => {
                "Recipes in saved pictures contain no pictures: the sources must be at hand to paint again."
            }
            false => "Recipes in saved pictures contain small copies of the source pictures.",
        });
    }

    /// Files that may carry a recipe are looked into first; everything else goes where it should.
    pub(super) fn take_in(&mut self, target: Option<Target>, sources: Vec<Source>) {
        match sources.as_slice() {
            [Source::File(path)] if is_project(path) => self.read_project(path.clone()),
            [Source::File(path)] if may_carry(path) => {
                let path = path.clone();
                let (known, mut trust) = (self.files.known.clone(), Trust::beside(&path, &self.settings));
                let work = move || {
                    let found = look(&path, &known, &mut trust);
                    Looked { path, target, trust, found }
                };
                self.tasks.spawn("recipe", work, |app: &mut Self, _, looked| app.looked(looked));
            }
            _ => match target {
                Some(target) => self.open_all(target, sources),
                None => self.ask_what_for(sources),
            },
        }
    }

    fn looked(&mut self, looked: Looked) {
        let Looked { path, target, trust, found } = looked;
        let found = found.unwrap_or_else(|text| {
            self.messages
                .toasts
                .add(widgets::sentence(&format!("{text}. It can still be used as a picture.")));
            None
        });
        match (found, target) {
            (Some((recipe, remarks)), _) => {
                self.panels.offered = Some(Offered { path, recipe, trust, remarks, thumbnails: None });
            }
            (None, Some(target)) => self.open(target, Source::File(path)),
            (None, None) => self.ask_what_for(vec![Source::File(path)]),
        }
    }

    /// Ask what a picture with a recipe is for.
    pub(super) fn offered_window(&mut self, ctx: &Context) {
        let Some(offered) = &mut self.panels.offered else { return };
        let thumbnails = offered.thumbnails.get_or_insert_with(|| textures(ctx, &offered.recipe));
        let recipe = &offered.recipe;
        let actions = &self.actions;
        let modal = super::theme::modal(ctx, "recipe").show(ctx, |ui| {
            ui.set_width(430.0);
            ui.heading("This picture carries its recipe");
            ui.add_space(space::S);
            let name = text::display_name(&offered.path.file_name().unwrap_or_default().to_string_lossy());
            ui.add(egui::Label::new(name).truncate());
            ui.add(egui::Label::new(widgets::weak(ui, recipe.summary())).truncate());
            ui.add_space(space::M);
            ui.horizontal_wrapped(|ui| {
                for (name, texture) in thumbnails.iter() {
                    thumbnail(ui, name, texture.as_ref());
                }
            });
            for remark in &offered.remarks {
                ui.add_space(space::S);
                ui.label(RichText::new(remark).small().color(Palette::of(ui).weak));
            }
            ui.add_space(space::L);
            let tooltip = "Sets its settings, opens the pictures that it was painted from, and paints afresh; the device stays";
            if widgets::accent_button(ui, super::icons::Icon::Restart, "Take its recipe", 180.0, tooltip, true)
                .clicked()
            {
                actions.push(RecipeAction::Take);
            }
            ui.add_space(space::S);
            ui.horizontal_wrapped(|ui| {
                for (text, target, tooltip) in [
                    ("Use as content", Target::Content, "Its shapes are kept"),
                    ("Use as style", Target::Style, "Its strokes and colours are taken"),
                    ("Add as style", Target::NewStyle, "Another style picture, mixed with the others"),
                ] {
                    if ui.button(text).on_hover_text(tooltip).clicked() {
                        actions.push(RecipeAction::Use(target));
                    }
                }
                if ui.button("Cancel").on_hover_text("Takes no picture").clicked() {
                    actions.push(RecipeAction::Dismiss);
                }
            });
        });
        if modal.should_close() {
            actions.push(RecipeAction::Dismiss);
        }
    }

    pub(super) fn apply_to_recipe(&mut self, action: RecipeAction) {
        let Some(offered) = self.panels.offered.take() else { return };
        match action {
            RecipeAction::Take => self.take_recipe(offered.recipe, &offered.path, &offered.trust),
            RecipeAction::Use(target) => self.open(target, Source::File(offered.path)),
            RecipeAction::Dismiss => {}
        }
    }

    /// Set everything that a recipe says. What belongs to this machine stays.
    fn take_recipe(&mut self, recipe: Recipe, path: &Path, trust: &Trust) {
        let folders = self.folders_to_search(path);
        let own = &self.settings;
        self.settings = Settings {
            device: own.device.clone(),
            low_memory: own.low_memory,
            precision: own.precision,
            preview_every: own.preview_every,
            follow_drags: own.follow_drags,
            ..recipe.settings.clone()
        };
        (self.next.choose_size, self.next.measured_size) = (false, None);
        self.recall_masks(&recipe, &folders, trust);
        let recalled = |source: &impasto_engine::session::SourceRecord| {
            let thumbnail = recipe.thumbnails.iter().find(|thumbnail| thumbnail.sha256 == source.sha256);
            Source::Recalled(Box::new(Recalled {
                record: source.clone(),
                thumbnail: thumbnail.cloned(),
                folders: folders.clone(),
                trust: trust.clone(),
            }))
        };
        self.open(Target::Content, recalled(recipe.content()));
        self.pictures.styles = vec![Slot::new(self.next_number())];
        for (index, style) in recipe.styles().into_iter().enumerate() {
            self.open(if index == 0 { Target::Style } else { Target::NewStyle }, recalled(&style.source));
            self.pictures.styles[index].mix = style.mix;
        }
        self.next.begin_afresh(TAKEN, BEGUN);
        self.messages.toasts.add(TAKEN);
        self.undo.call("", "Recipe taken".to_owned());
    }

    /// Where pictures that have moved may be: beside a file, and in the folders that are in use.
    fn folders_to_search(&self, beside: &Path) -> Vec<PathBuf> {
        let slots = std::iter::once(&self.pictures.content).chain(&self.pictures.styles);
        let loaded = slots.filter_map(|slot| slot.picture.as_ref()?.picture.path.clone());
        let parents =
            [beside.to_owned()].into_iter().chain(loaded).filter_map(|path| Some(path.parent()?.to_owned()));
        let mut known = self.files.folders.clone();
        let usual = known.all().map(|folder| folder.clone()).chain(self.desktop.dialogs.first_folder());
        let mut folders: Vec<PathBuf> = Vec::new();
        for folder in parents.chain(usual) {
            if !folders.contains(&folder) {
                folders.push(folder);
            }
        }
        folders
    }

    /// Copy the command that paints this picture.
    pub(super) fn copy_command_line(&mut self, ctx: &Context) {
        let mut missing = Vec::new();
        let mut name = |slot: &Slot| -> Option<String> {
            let loaded = slot.picture.as_ref()?;
            Some(match &loaded.origin {
                Some(Origin::File(path)) => path.display().to_string(),
                Some(Origin::Example(title)) => format!("{EXAMPLE}{title}"),
                None => {
                    missing.push(loaded.picture.name.clone());
                    format!("{}.png", loaded.picture.name)
                }
            })
        };
        let content = name(&self.pictures.content);
        let several = self.pictures.styles.len() > 1;
        let mix = |slot: &Slot| StyleMix { weight: if several { slot.mix.weight } else { 1.0 }, ..slot.mix };
        let styles: Vec<(String, StyleMix)> =
            self.pictures.styles.iter().filter_map(|slot| Some((name(slot)?, mix(slot)))).collect();
        let Some(content) = content.filter(|_| styles.iter().any(|(_, mix)| mix.on)) else {
            self.messages.toasts.add("A command needs a content and a style: open them first.");
            return;
        };
        let mut settings = self.settings.clone();
        let left_out = command::leave_out(&mut settings);
        let styles = command::placed(&settings.masks, styles);
        if settings.palette.as_deref().is_some_and(is_pasted) {
            missing.push("the palette".to_owned());
            settings.palette = Some("palette.png".into());
        }
        let step = self.run.step();
        let line = CommandLine {
            settings: &settings,
            content,
            styles,
            output: self.save_name(),
            stop_after: (step > 0 && step != self.settings.steps).then_some(step),
        };
        match line.text() {
            Err(error) => self.messages.toasts.add(format!("The command cannot be written: {error}.")),
            Ok(text) => {
                ctx.copy_text(text);
                let picture = self.view.canvas.picture();
                let record = picture.and_then(|picture| self.record_of(&picture).cloned());
                let plain = record.is_none_or(|record| record.is_plain());
                self.messages.toasts.add(match (missing.as_slice(), plain) {
                    ([], _) if !left_out.is_empty() => format!(
                        "Copied the command without what it cannot say: the mask of {}. It is only in the recipe of the saved picture: render --recipe.",
                        left_out.join(", ")
                    ),
                    ([], true) => "Copied the command that paints this picture.".to_owned(),
                    ([], false) => "Copied the command with the settings as they are now. What was changed on the way is only in the recipe of the saved picture: render --recipe.".to_owned(),
                    (names, _) => format!(
                        "Copied the command; {} has no file: save it under the name that the command gives it.",
                        names.join(", ")
                    ),
                });
            }
        }
    }
}

/// The names of a recipe's pictures and their thumbnails as textures.
fn textures(ctx: &Context, recipe: &Recipe) -> Vec<(String, Option<TextureHandle>)> {
    let styles = recipe.last().styles.iter().map(|style| &style.source);
    let sources = [recipe.content()].into_iter().chain(styles).take(6);
    sources
        .map(|source| {
            let thumbnail = recipe.thumbnails.iter().find(|thumbnail| thumbnail.sha256 == source.sha256);
            let image = thumbnail.and_then(Thumbnail::decode);
            let texture = image.map(|image| {
                ctx.load_texture(
                    &source.name,
                    super::colour_image::color_image(&image),
                    TextureOptions::LINEAR,
                )
            });
            (source.name.clone(), texture)
        })
        .collect()
}

/// A small picture above its name.
fn thumbnail(ui: &mut egui::Ui, name: &str, texture: Option<&TextureHandle>) {
    let palette = Palette::of(ui);
    ui.vertical(|ui| {
        ui.set_width(96.0);
        let (rect, _) = ui.allocate_exact_size(vec2(96.0, 64.0), egui::Sense::hover());
        ui.painter().rect_filled(rect, super::theme::RADIUS, palette.well);
        if let Some(texture) = texture {
            let size = texture.size_vec2();
            let shown = (rect.size() / (size * (rect.size() / size).max_elem())).min(vec2(1.0, 1.0));
            let corner = (vec2(1.0, 1.0) - shown) / 2.0;
            let uv = egui::Rect::from_min_size(corner.to_pos2(), shown);
            egui::Image::from_texture((texture.id(), rect.size()))
                .uv(uv)
                .corner_radius(super::theme::RADIUS)
                .paint_at(ui, rect);
        }
        ui.add(egui::Label::new(RichText::new(name).small()).truncate()).on_hover_text(name);
    });
}
