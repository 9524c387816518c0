//! Masks: the regions and maps of the settings, their pictures, and drawing on them.
//!
//! The settings name each mask, by a file or by the hash of a drawn one ([`Picture::reference`]); the
//! pictures follow the names, whoever changes them: a stroke, undo, a recipe, a moment that is gone back to.

mod actions;
mod arrive;
mod bar;
mod colours;
pub mod command;
mod cursor;
mod draw;
mod example;
mod findings;
pub mod flags;
mod hand;
mod hue;
mod layers;
mod looks;
mod on_mask;
mod overlay;
mod panel;
mod pen;
mod place;
mod ranges;
mod recall;
mod row;
mod snapping;
mod styles;
pub mod titles;
mod tool;
mod tools;
mod wand;

use self::place::{NO_CONTENT, after_removal};
pub use self::place::{Place, places};

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use egui::{Context, Rect};

pub use self::{
    actions::MaskAction,
    arrive::KeptMask,
    draw::{AddMap, AddRegion, Draw, RoleBrush},
    on_mask::OnParam,
    pen::Pane,
    tools::Masking,
};
use self::{
    flags::{Flag, Flags, MaskName},
    looks::Looks,
    ranges::RangeDialog,
    snapping::Edges,
    styles::StyleOrder,
};
use super::{ImpastoApp, action::Act, following::watcher::Stamp, naming::Naming, widgets};
use impasto_base::hash::Sha256Hash;
use impasto_core::{
    picture::{Drawing, Picture, is_pasted, pasted_name},
    settings::{MAX_REGIONS, Region},
};

/// Why a mask has no picture.
struct Missing {
    why: String,
    /// Which version of its file could not be opened; `None` if there was none.
    stamp: Option<Stamp>,
}

/// The pictures of the masks, and how the drawn ones of this session came about.
#[derive(Default)]
pub struct MaskDesk {
    /// By their names in the settings; the newest last.
    pictures: Vec<(PathBuf, Arc<Picture>)>,
    /// Every drawn mask of the session, as its strokes.
    drawings: BTreeMap<Sha256Hash, Arc<Drawing>>,
    /// Masks that are being opened or drawn again, with the ticket of the request.
    loading: BTreeMap<PathBuf, u64>,
    /// Strokes are being drawn, which all other actions wait for.
    drawing: bool,
    /// Names in the settings for which there is no picture.
    missing: BTreeMap<PathBuf, Missing>,
    /// Number of pictures after the last pruning.
    pruned: usize,
    /// The mask that is drawn on.
    selected: Option<Place>,
    /// Which versions of their files the pictures are.
    stamps: BTreeMap<PathBuf, Stamp>,
    /// What is switched for looking and drawing.
    pub flags: Flags,
    /// The styles that the regions' indices count.
    pub styles: StyleOrder,
    looks: Looks,
    /// The region that is about to get another name, by its present one.
    renaming: Option<(MaskName, Naming)>,
    range: Option<RangeDialog>,
    /// Of the content, which masks were snapped to last.
    edges: Option<Edges>,
    /// Where a dropped picture becomes a mask.
    pub drop_area: Option<Rect>,
}

impl MaskDesk {
    /// The files of the masks, and which versions of them are here.
    pub fn followed(&self) -> impl Iterator<Item = (&PathBuf, Stamp)> {
        self.stamps.iter().map(|(path, stamp)| (path, *stamp))
    }

    /// The files of the masks that are missing, and which versions of them could not be opened.
    pub fn awaited(&self) -> impl Iterator<Item = (&PathBuf, Option<Stamp>)> {
        let files = self.missing.iter().filter(|(path, _)| !is_pasted(path) && !path.as_os_str().is_empty());
        files.map(|(path, missing)| (path, missing.stamp))
    }

    /// There is no picture for a mask of this name.
    pub fn miss(&mut self, name: &Path, why: String, stamp: Option<Stamp>) {
        self.missing.insert(name.to_owned(), Missing { why, stamp });
    }

    /// Put a new version of a file in the place of the one that is here, or that is missing; true if the
    /// picture is another one.
    pub fn take_version(&mut self, path: &Path, stamp: Stamp, picture: &Arc<Picture>) -> bool {
        if !self.stamps.contains_key(path) && !self.missing.contains_key(path) {
            return false;
        }
        self.stamps.insert(path.to_owned(), stamp);
        let is_new = self.picture(path).is_none_or(|before| before.sha256 != picture.sha256);
        if is_new {
            self.put(path.to_owned(), Arc::clone(picture));
        }
        is_new
    }

    /// The picture of a mask by its name in the settings, if it is there.
    pub fn picture(&self, name: &Path) -> Option<&Arc<Picture>> {
        self.pictures.iter().find(|(known, _)| known == name).map(|(_, picture)| picture)
    }

    /// Take in a mask, under the name by which settings refer to it.
    pub fn remember(&mut self, picture: Arc<Picture>) -> PathBuf {
        let name = picture.reference();
        if let Some(drawing) = &picture.drawing {
            // These pixels were drawn here: they count more than what a file says.
            self.drawings.insert(picture.sha256, Arc::clone(drawing));
        }
        self.put(name.clone(), picture);
        name
    }

    /// Take in a mask as its strokes, unless it is known already; it is drawn, and its hash checked, when it
    /// is needed.
    pub fn remember_drawing(&mut self, drawing: Arc<Drawing>) {
        self.missing.remove(&pasted_name(&drawing.sha256));
        self.drawings.entry(drawing.sha256).or_insert(drawing);
    }

    fn put(&mut self, name: PathBuf, picture: Arc<Picture>) {
        self.missing.remove(&name);
        self.pictures.retain(|(known, _)| *known != name);
        self.pictures.push((name, picture));
    }

    /// Whether strokes are being drawn, which all other actions wait for.
    pub fn is_drawing(&self) -> bool {
        self.drawing
    }

    /// Whether masks are being opened.
    pub fn is_loading(&self) -> bool {
        !self.loading.is_empty()
    }
}

/// Remove a region or a map.
pub struct RemoveMask(pub Place);

impl Act for RemoveMask {
    fn apply(self, app: &mut ImpastoApp, _: &Context) {
        let title = self.0.title(&app.settings.masks).to_owned();
        let what = if matches!(self.0, Place::Region(_)) {
            format!("Region {title}")
        } else {
            widgets::capital(&title)
        };
        app.undo.call("", format!("{what} removed"));
        app.remove_mask(self.0);
    }
}

/// Draw on this mask from now on.
pub struct SelectMask(pub Place);

impl Act for SelectMask {
    fn apply(self, app: &mut ImpastoApp, _: &Context) {
        app.pictures.masks.selected = Some(self.0);
    }
}

/// A name that no region has: the wanted one, with a number if it is taken or empty.
fn free_name(regions: &[Region], wanted: &str) -> String {
    let taken = |name: &str| regions.iter().any(|region| region.name == name);
    let wanted = wanted.trim();
    if !wanted.is_empty() && !taken(wanted) {
        return wanted.to_owned();
    }
    let base = if wanted.is_empty() { "Region" } else { wanted };
    let first = if wanted.is_empty() { 1 } else { 2 };
    (first..).map(|number| format!("{base} {number}")).find(|name| !taken(name)).unwrap_or_default()
}

impl ImpastoApp {
    /// Whether a mask is locked, which is told.
    fn refuses_strokes(&mut self, place: Place) -> bool {
        let locked = self.pictures.masks.flags.is_on(Flag::Locked, place, &self.settings.masks);
        if locked {
            let title = widgets::capital(place.title(&self.settings.masks));
            self.messages.toasts.add(format!("{title} is locked: unlock it to change its mask."));
        }
        locked
    }

    /// The content, which masks are drawn on. `None` if there is none, which is told.
    fn mask_content(&mut self) -> Option<Arc<Picture>> {
        let content = self.pictures.content.picture.as_ref().map(|slot| Arc::clone(&slot.picture));
        if content.is_none() {
            self.messages.toasts.add(NO_CONTENT);
        }
        content
    }

    /// Add a region behind the others, and select it. Without a name, or with one that is taken, it gets a
    /// free one. `None` if there are too many, or there is no content yet.
    fn push_region(&mut self, region: Region) -> Option<Place> {
        self.mask_content()?;
        let regions = &mut self.settings.masks.regions;
        if regions.len() >= MAX_REGIONS {
            let text = format!("There are {MAX_REGIONS} regions already, which is the most.");
            self.messages.toasts.add(text);
            return None;
        }
        let name = free_name(regions, &region.name);
        // One of former times may have had switches on.
        self.pictures.masks.flags.forget(&name);
        let place = Place::Region(regions.len());
        regions.push(Region { name, ..region });
        self.pictures.masks.selected = Some(place);
        Some(place)
    }

    /// The mask that is drawn on: the selected one if it is still there, else the first.
    pub(super) fn selected_mask(&self) -> Option<Place> {
        let masks = &self.settings.masks;
        let there = |place: &Place| place.name_in(masks).is_some();
        self.pictures.masks.selected.filter(there).or_else(|| places(masks).next())
    }
}
