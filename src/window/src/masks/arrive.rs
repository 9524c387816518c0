//! How the masks that the settings name become pictures: opened or drawn in the background, or missing.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
};

use super::{MaskDesk, Place, places};
use crate::{ImpastoApp, following::watcher::Stamp, widgets};
use impasto_core::{
    picture::{
        Drawing, MIN_SIDE, Picture,
        drawing::{Mode, Shape, Stroke},
        pasted_hash,
    },
    settings::Masks,
};
use impasto_formats::inputs::open_mask;

/// Number of mask pictures that are kept beside those in use, for undo and redo.
const SPARE: usize = 8;

/// A mask's picture, or why there is none, and which version of its file it is.
type Fetched = (Result<Arc<Picture>, String>, Option<Stamp>);

/// What stands in for a missing mask, so that nothing changes there: a region's is black, a map's is white.
/// They are drawn, so that a recipe repeats them.
fn stand_in(place: Place) -> Option<Arc<Picture>> {
    static ALL: LazyLock<[Option<Arc<Picture>>; 2]> = LazyLock::new(|| {
        [0.0, 1.0].map(|opacity| {
            let stroke = Stroke { shape: Shape::All, mode: Mode::Replace, opacity };
            Drawing::on(None, (MIN_SIDE, MIN_SIDE), stroke).ok().map(Arc::new)
        })
    });
    ALL[usize::from(!matches!(place, Place::Region(_)))].clone()
}

/// A mask on its way to the disk.
pub enum KeptMask {
    Here(Arc<Picture>),
    /// It is not drawn yet.
    Strokes(Arc<Drawing>),
    /// It is not open yet.
    File(PathBuf),
}

impl KeptMask {
    /// Its picture, which may have to be drawn or opened first; `None` if it cannot be: its name is kept.
    pub fn picture(self) -> Option<Arc<Picture>> {
        match self {
            Self::Here(picture) => Some(picture),
            Self::Strokes(drawing) => drawing.picture().ok().map(Arc::new),
            Self::File(path) => open_mask(&path).ok(),
        }
    }
}

impl MaskDesk {
    /// Why a mask of this name has no picture, if it is missing.
    pub(super) fn missing(&self, name: &Path) -> Option<&str> {
        self.missing.get(name).map(|missing| missing.why.as_str())
    }

    /// Drop the pictures that are neither in use nor among the newest. What neither a file nor strokes can
    /// bring back stays while `undoable` says that undo or redo can name it.
    fn prune(&mut self, masks: &Masks, undoable: impl Fn(&Path) -> bool) {
        if self.pictures.len() <= self.pruned {
            return;
        }
        let comes_back = |name: &Path| pasted_hash(name).is_none_or(|hash| self.drawings.contains_key(&hash));
        let may_go =
            |name: &Path| masks.files().all(|file| file != name) && (comes_back(name) || !undoable(name));
        let may_go: Vec<bool> = self.pictures.iter().map(|(name, _)| may_go(name)).collect();
        let mut surplus = may_go.iter().filter(|goes| **goes).count().saturating_sub(SPARE);
        let mut may_go = may_go.into_iter();
        self.pictures.retain(|_| {
            let goes = surplus > 0 && may_go.next() == Some(true);
            surplus -= usize::from(goes);
            !goes
        });
        let pictures = &self.pictures;
        self.stamps.retain(|name, _| pictures.iter().any(|(known, _)| known == name));
        self.pruned = self.pictures.len();
    }
}

impl ImpastoApp {
    /// The picture of a mask, if it is there.
    pub(super) fn mask_picture(&self, place: Place) -> Option<&Arc<Picture>> {
        self.pictures.masks.picture(place.name_in(&self.settings.masks)?)
    }

    /// The masks' pictures in the order of [`Masks::files`]; `None` while one of them is being opened.
    pub(crate) fn mask_pictures(&self) -> Option<Vec<Arc<Picture>>> {
        let (masks, desk) = (&self.settings.masks, &self.pictures.masks);
        let picture = |place: Place| {
            let name = place.name_in(masks)?;
            let instead = || desk.missing(name).and_then(|_| stand_in(place));
            desk.picture(name).cloned().or_else(instead)
        };
        places(masks).map(picture).collect()
    }

    /// The masks as a project keeps them, whether they are open or not, each once.
    pub(crate) fn kept_masks(&self) -> Vec<KeptMask> {
        let desk = &self.pictures.masks;
        let names: BTreeSet<&Path> = self.settings.masks.files().collect();
        let kept = |name: &Path| match (desk.picture(name), pasted_hash(name)) {
            (Some(picture), _) => Some(KeptMask::Here(Arc::clone(picture))),
            (None, Some(hash)) => desk.drawings.get(&hash).cloned().map(KeptMask::Strokes),
            (None, None) => Some(KeptMask::File(name.to_owned())),
        };
        names.into_iter().filter_map(kept).collect()
    }

    /// Whether there is nothing yet, or nothing any more, that could be drawn on at a mask that has a name;
    /// it is told.
    pub(super) fn lacks_picture(&mut self, place: Place) -> bool {
        let masks = &self.settings.masks;
        let Some(name) = place.name_in(masks).filter(|name| !name.as_os_str().is_empty()) else {
            return false;
        };
        let desk = &self.pictures.masks;
        if desk.picture(name).is_some() {
            return false;
        }
        let title = place.title(masks);
        let text = match desk.missing(name) {
            None => format!("{} is still being opened: draw on it in a moment.", widgets::capital(title)),
            Some(_) => format!("The mask of {title} is missing: clear or fill it, or choose a file first."),
        };
        self.messages.toasts.add(text);
        true
    }

    /// Bring the masks' pictures up to the names in the settings.
    pub(crate) fn follow_masks(&mut self) {
        let (masks, desk) = (&self.settings.masks, &mut self.pictures.masks);
        let is_named = |name: &Path| masks.files().any(|file| file == name);
        desk.loading.retain(|name, _| is_named(name));
        desk.missing.retain(|name, _| is_named(name));
        let is_new = |name: &&Path| {
            desk.picture(name).is_none()
                && !desk.loading.contains_key(*name)
                && !desk.missing.contains_key(*name)
        };
        let mut new: Vec<PathBuf> = Vec::new();
        for name in masks.files().filter(is_new) {
            // Several regions may have one file.
            if !new.iter().any(|other| other == name) {
                new.push(name.to_owned());
            }
        }
        for name in new {
            let desk = &self.pictures.masks;
            match pasted_hash(&name).map(|hash| desk.drawings.get(&hash).cloned()) {
                None => self.open_mask(name),
                Some(Some(drawing)) => self.draw_mask(name, drawing),
                Some(None) => self.mask_failed(&name, "it is not at hand any more", None),
            }
        }
        let undo = &self.undo;
        let undoable = |name: &Path| undo.settings().any(|past| past.masks.files().any(|file| file == name));
        self.pictures.masks.prune(&self.settings.masks, undoable);
    }

    fn open_mask(&mut self, name: PathBuf) {
        let (file, known) = (name.clone(), self.files.known.clone());
        self.fetch_mask(name, move || {
            // What is saved after this look is a new version.
            let stamp = Stamp::of(&file);
            let picture = open_mask(&file).map_err(|error| impasto_base::error::chain(&error));
            if let Ok(picture) = &picture
                && let Some(path) = &picture.path
            {
                known.add(path, &picture.sha256);
            }
            (picture, stamp)
        });
    }

    /// Draw a mask from its strokes, on top of those that are there: hundreds of strokes take a second or
    /// more.
    fn draw_mask(&mut self, name: PathBuf, drawing: Arc<Drawing>) {
        let here: Vec<Arc<Picture>> =
            self.pictures.masks.pictures.iter().map(|(_, picture)| Arc::clone(picture)).collect();
        self.fetch_mask(name, move || (drawing.picture_over(&here), None));
    }

    fn fetch_mask(&mut self, name: PathBuf, work: impl FnOnce() -> Fetched + Send + 'static) {
        let ticket = self.next_number();
        self.pictures.masks.loading.insert(name.clone(), ticket);
        self.tasks.decode("the decoder", work, move |app: &mut Self, _, fetched| {
            let desk = &mut app.pictures.masks;
            // Another request for the mask counts.
            if desk.loading.get(&name) != Some(&ticket) {
                return;
            }
            desk.loading.remove(&name);
            let (picture, stamp) = fetched.unwrap_or_else(|text| (Err(text), None));
            match picture {
                Ok(picture) => {
                    desk.stamps.extend(stamp.map(|stamp| (name.clone(), stamp)));
                    desk.put(name, picture);
                }
                Err(text) => app.mask_failed(&name, &text, stamp),
            }
        });
    }

    /// A mask without a picture: what it is for stays in the settings, with a stand-in, and its row tells
    /// why. Another version of its file than this one is opened when it is there.
    pub(super) fn mask_failed(&mut self, name: &Path, why: &str, stamp: Option<Stamp>) {
        let masks = &self.settings.masks;
        let failed: Vec<Place> = places(masks).filter(|place| place.name_in(masks) == Some(name)).collect();
        if failed.is_empty() {
            return;
        }
        let titles: Vec<&str> = failed.iter().map(|place| place.title(masks)).collect();
        self.messages.toasts.add(format!("The mask of {} is missing: {why}.", titles.join(" and ")));
        let desk = &mut self.pictures.masks;
        desk.miss(name, why.to_owned(), stamp);
        // A moment that was painted with it names it.
        let drawings = failed.into_iter().filter_map(|place| stand_in(place)?.drawing.clone());
        drawings.for_each(|drawing| desk.remember_drawing(drawing));
    }

    /// Leave out the drawn masks of an earlier session, of which the settings have nothing but the names.
    pub(crate) fn leave_out_drawn_masks(&mut self) {
        let masks = &self.settings.masks;
        let is_drawn = |place: &Place| place.name_in(masks).is_some_and(impasto_core::picture::is_pasted);
        let drawn: Vec<Place> = places(masks).filter(is_drawn).collect();
        if drawn.is_empty() {
            return;
        }
        let titles: Vec<&str> = drawn.iter().map(|place| place.title(masks)).collect();
        let text = format!("Left out, {}: drawn masks are in projects and recipes only.", titles.join(", "));
        self.messages.toasts.add(text);
        // The last index first, or the others would move.
        for place in drawn.into_iter().rev() {
            self.remove_mask(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use impasto_core::{picture::pasted_name, settings::Region};

    /// A mask of one grey.
    fn drawn(grey: f32) -> Arc<Picture> {
        let stroke = Stroke { opacity: grey, ..Stroke::new(Shape::All, Mode::Add) };
        Arc::new(Drawing::on(None, (20, 20), stroke).unwrap())
    }

    #[test]
    fn masks_that_are_not_open_or_drawn_yet_are_kept_as_well() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sky.png");
        let mask = drawn(0.5);
        let strokes = KeptMask::Strokes(mask.drawing.clone().unwrap());
        assert_eq!(strokes.picture().unwrap().rgb, mask.rgb);
        assert!(KeptMask::File(path.clone()).picture().is_none());
        mask.rgb.save(&path).unwrap();
        let opened = KeptMask::File(path.clone()).picture().unwrap();
        assert_eq!((opened.path.as_deref(), &opened.rgb), (Some(path.as_path()), &mask.rgb));
    }

    #[test]
    fn pictures_that_nothing_brings_back_stay_as_long_as_undo_names_them() {
        let mut desk = MaskDesk::default();
        let file = Arc::new(Picture { drawing: None, ..(*drawn(1.0)).clone() });
        let of_project = pasted_name(&file.sha256);
        desk.put(of_project.clone(), file);
        let used = desk.remember(drawn(0.01));
        let region = Region { mask: used.clone(), ..Region::default() };
        let masks = Masks { regions: vec![region], ..Masks::default() };
        for step in 1..=12 {
            desk.remember(drawn(0.05 * step as f32));
            desk.prune(&masks, |name| name == of_project);
        }
        assert!(desk.picture(&of_project).is_some() && desk.picture(&used).is_some());
        assert_eq!(desk.pictures.len(), SPARE + 2);
        desk.remember(drawn(0.99));
        desk.prune(&masks, |_| false);
        assert!(desk.picture(&of_project).is_none() && desk.picture(&used).is_some());
    }

    #[test]
    fn what_was_drawn_here_counts_more_than_what_a_file_says() {
        let mask = drawn(0.5);
        let stroke = Stroke::new(Shape::All, Mode::Add);
        let wrong = Drawing::recorded(mask.sha256, (20, 20), None, stroke).unwrap();
        let mut desk = MaskDesk::default();
        desk.remember_drawing(Arc::clone(&wrong));
        desk.remember(Arc::clone(&mask));
        desk.remember_drawing(wrong);
        assert_eq!(desk.drawings[&mask.sha256].picture().unwrap().rgb, mask.rgb);
    }

    #[test]
    fn a_missing_mask_is_black_for_a_region_and_white_for_a_map() {
        let grey = |place: Place| stand_in(place).unwrap().rgb.pixels().map(|pixel| pixel[0]).max();
        assert_eq!([Place::Region(3), Place::StyleMap].map(grey), [Some(0), Some(255)]);
    }
}
