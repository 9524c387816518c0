//! Masks in a project: what the settings name by a file or by the hash of what was drawn.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{Manifest, Project, ProjectPicture};
use crate::{
    recipe,
    trust::{Trust, is_local},
};
use impasto_base::{hash::Sha256Hash, text};
use impasto_core::{
    picture::{Drawing, pasted_hash, pasted_name, pixel_budget},
    run::{Drawings, SourceRecord, Strokes, bring_back_strokes, drawings, leave_out_strokes, masks_fit},
    settings::MAX_REGIONS,
};

/// Maximum number of masks that settings name, and so of those with pixels.
const MAX_FILES: usize = MAX_REGIONS + 2;

impl Manifest {
    /// Copy it without the strokes that are in it already: its recipes mostly have the same.
    pub(super) fn without_common_strokes(&self) -> Self {
        let mut written = self.clone();
        let mut known = Strokes::new();
        written.in_order(leave_out_strokes, &mut known);
        written
    }

    /// Undo [`Manifest::without_common_strokes`].
    pub(super) fn bring_back_strokes(&mut self) {
        self.in_order(bring_back_strokes, &mut Strokes::new());
    }

    /// Do it with the masks of the settings, of the recipe, and of the recipes of the pins.
    fn in_order(&mut self, each: fn(&mut [SourceRecord], &mut Strokes), known: &mut Strokes) {
        let mut own: Vec<SourceRecord> = self.masks.iter().map(|mask| mask.source.clone()).collect();
        each(&mut own, known);
        self.masks.iter_mut().zip(own).for_each(|(mask, source)| mask.source = source);
        let pins = self.pins.iter_mut().filter_map(|pin| pin.recipe.as_mut());
        for recipe in self.recipe.iter_mut().chain(pins) {
            recipe.with_strokes(each, known);
        }
    }

    /// The drawn masks of the settings and of all recipes. What cannot be drawn was refused before.
    pub(super) fn drawings(&self) -> Drawings {
        let mut all = drawings(&sources(&self.masks)).unwrap_or_default();
        let pins = self.pins.iter().filter_map(|pin| pin.recipe.as_ref());
        for pass in self.recipe.iter().chain(pins).flat_map(|recipe| &recipe.passes) {
            for (hash, drawing) in drawings(&pass.masks).unwrap_or_default() {
                all.entry(hash).or_insert(drawing);
            }
        }
        all
    }
}

impl Project {
    /// The hashes of the masks in the settings' order; `None` for one that is not known.
    pub fn mask_hashes(&self) -> Vec<Option<Sha256Hash>> {
        let masks = &self.manifest.masks;
        let hash = |name: &Path| {
            let named = masks.iter().find(|mask| mask.source.path.as_deref() == Some(name));
            pasted_hash(name).or_else(|| named.map(|mask| mask.source.sha256))
        };
        self.manifest.settings.masks.files().map(hash).collect()
    }

    /// Open the masks with pixels, within the memory budget; of the others the settings have the files.
    pub(super) fn open_masks(&mut self) {
        let mut room = pixel_budget();
        for ProjectPicture { source, pixels } in &self.manifest.masks {
            let Some(picture) = self.stored_picture(source, pixels) else { continue };
            // Without a file it may be a drawn one.
            let picture = if source.path.is_none() { Drawing::of_copy(picture) } else { picture };
            match room.checked_sub(picture.bytes() as u64) {
                Some(left) => room = left,
                None => break,
            }
            self.masks.push(Arc::new(picture));
        }
    }

    /// Name the masks by their hashes whose files are gone or others by now, if their pixels are in the
    /// project. A file that has the hash may be opened.
    pub(super) fn name_masks(&mut self, trust: &mut Trust) {
        let masks = self.manifest.masks.iter().filter_map(|mask| {
            let path = mask.source.path.clone()?;
            Some((path, mask.source.sha256))
        });
        let masks: Vec<(PathBuf, Sha256Hash)> = masks.collect();
        for (path, hash) in masks {
            if recipe::is_file_of(&path, &hash) {
                trust.choose(&path);
                continue;
            }
            let stored = self.masks.iter().any(|mask| mask.sha256 == hash);
            if trust.allows(&path) && is_local(&path) && path.exists() {
                let counts = if stored { "the project's own copy counts" } else { "it counts as it is now" };
                self.remarks.push(format!(
                    "The mask {} has changed since the project was saved: {counts}.",
                    text::path(&path)
                ));
            }
            if !stored {
                continue;
            }
            let pins = self.pins.iter_mut().map(|(pin, _)| &mut pin.settings);
            for settings in [&mut self.manifest.settings].into_iter().chain(pins) {
                let named = settings.masks.files_mut().filter(|file| **file == path);
                named.for_each(|file| *file = pasted_name(&hash));
            }
        }
    }
}

fn sources(masks: &[ProjectPicture]) -> Vec<SourceRecord> {
    masks.iter().map(|mask| mask.source.clone()).collect()
}

/// Check the masks; the error says what is wrong.
pub(super) fn check(masks: &[ProjectPicture]) -> Result<(), String> {
    let sources = sources(masks);
    let files = sources.iter().filter(|source| source.drawing.is_none()).count();
    if files > MAX_FILES || !masks_fit(&sources) {
        return Err(format!("its {} masks are too many or too large", masks.len()));
    }
    drawings(&sources).map(drop)
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;
    use crate::project::{Draft, Manifest, Pixels, SavedPin, SourceStorage};
    use impasto_core::{
        picture::{
            Picture,
            drawing::{Mode, Shape, Stroke},
        },
        run::mask_records,
        settings::{Masks, Settings},
    };

    fn file(folder: &Path) -> Picture {
        let path = folder.join("sky.png");
        image::RgbImage::from_fn(30, 20, |x, _| image::Rgb([8 * x as u8; 3])).save(&path).unwrap();
        Picture::open(&path).unwrap()
    }

    /// A project whose settings have a drawn mask and a file's, and whose recipe and pins have the drawn one.
    fn written(folder: &Path, storage: SourceStorage<'_>, pins: u32) -> (PathBuf, Vec<Arc<Picture>>) {
        let recipe = recipe::tests::drawn(4);
        let drawn = drawings(&recipe.last().masks).unwrap();
        let last = &recipe.last().masks[3];
        let drawn = drawn[&last.sha256].picture().unwrap();
        let masks = vec![Arc::new(drawn), Arc::new(file(folder))];
        let named = Masks {
            style_map: Some(masks[0].reference()),
            content_map: Some(masks[1].reference()),
            ..Masks::default()
        };
        let mut draft = Draft::new(Manifest::new(Settings { masks: named, ..Settings::default() }), storage);
        draft.masks(&masks).unwrap();
        let picture = image::RgbImage::new(30, 20);
        for number in 1..=pins {
            let pin = SavedPin {
                number,
                name: None,
                step: 1,
                elapsed: 0.0,
                settings: recipe.settings.clone(),
                recipe: Some(recipe.clone()),
                pixels: Pixels::default(),
            };
            draft.pin(pin, &picture, Sha256Hash::of(b"pin")).unwrap();
        }
        draft.manifest.recipe = Some(recipe);
        let path = folder.join("a.impasto");
        draft.write(&path).unwrap();
        (path, masks)
    }

    #[test]
    fn drawn_masks_are_kept_as_strokes_once_and_files_as_pixels() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        for storage in [SourceStorage::Embedded, SourceStorage::Beside(path)] {
            let (file, masks) = written(path, storage, 3);
            let (json, _) = crate::project::container::read(&fs::read(&file).unwrap()).unwrap();
            assert_eq!(json.matches("brush").count(), 4, "the recipes have the same strokes");
            let project = Project::read(&file).unwrap();
            assert_eq!(project.manifest.version, recipe::MASKS_VERSION);
            assert_eq!(project.manifest.recipe, Some(recipe::tests::drawn(4)));
            assert!(project.pins.iter().all(|(pin, _)| pin.recipe == project.manifest.recipe));
            assert_eq!(project.drawings.len(), 4);
            assert_eq!(project.drawings[&masks[0].sha256].picture().unwrap().rgb, masks[0].rgb);
            assert_eq!(project.mask_hashes(), [Some(masks[0].sha256), Some(masks[1].sha256)]);
            // A file that is still there is opened itself.
            let named: Vec<PathBuf> = project.manifest.settings.masks.files().map(Path::to_owned).collect();
            assert_eq!(named, [masks[0].reference(), path.join("sky.png")]);
            let stored: Vec<_> = project.masks.iter().map(|mask| (mask.sha256, mask.rgb.clone())).collect();
            match storage {
                SourceStorage::Embedded => assert_eq!(stored, [(masks[1].sha256, masks[1].rgb.clone())]),
                SourceStorage::Beside(_) => assert!(stored.is_empty()),
            }
        }
    }

    #[test]
    fn masks_of_more_strokes_than_fit_keep_their_pixels_and_stay_drawn() {
        let folder = tempfile::tempdir().unwrap();
        let noise = |seed: u64| {
            let mut random = impasto_base::random::SplitMix64::new(seed);
            let pixels = image::GrayImage::from_fn(1024, 1024, |_, _| image::Luma([random.next_u64() as u8]));
            Arc::new(Drawing::of_pixels(&pixels).unwrap())
        };
        let stroke =
            Stroke::new(Shape::Ellipse { centre: [0.5; 2], radii: [0.2; 2], feather: 0.1 }, Mode::Add);
        let small = Arc::new(Drawing::on(None, (1024, 512), stroke).unwrap());
        let masks = [small, noise(1), noise(2), noise(3)];
        for storage in [SourceStorage::Embedded, SourceStorage::Beside(folder.path())] {
            let mut draft = Draft::new(Manifest::new(Settings::default()), storage);
            draft.masks(&masks).unwrap();
            let path = folder.path().join("a.impasto");
            draft.write(&path).unwrap();
            let project = Project::read(&path).unwrap();
            assert_eq!((project.drawings.len(), project.masks.len()), (3, 1), "{storage:?}");
            let stored = &project.masks[0];
            for mask in &masks {
                let drawing = project.drawings.get(&mask.sha256).or(stored.drawing.as_ref()).unwrap();
                let back = drawing.picture().unwrap();
                assert_eq!((back.sha256, &back.rgb), (mask.sha256, &mask.rgb));
            }
        }
    }

    #[test]
    fn a_mask_without_its_file_is_named_by_its_hash() {
        let folder = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let (file, masks) = written(folder.path(), SourceStorage::Embedded, 1);
        let moved = elsewhere.path().join("a.impasto");
        fs::copy(&file, &moved).unwrap();
        let names = || {
            let project = Project::read(&moved).unwrap();
            assert!(project.remarks.is_empty(), "{:?}", project.remarks);
            project.manifest.settings.masks.files().nth(1).map(Path::to_owned)
        };
        assert_eq!(names(), Some(folder.path().join("sky.png")), "it has the hash");
        fs::write(folder.path().join("sky.png"), "a secret").unwrap();
        assert_eq!(names(), Some(pasted_name(&masks[1].sha256)));
        fs::remove_file(folder.path().join("sky.png")).unwrap();
        assert_eq!(names(), Some(pasted_name(&masks[1].sha256)));
    }

    #[test]
    fn a_file_that_is_gone_or_another_costs_no_other_mask_whatever_the_trust() {
        let folder = tempfile::tempdir().unwrap();
        let sky = folder.path().join("sky.png");
        let (file, masks) = written(folder.path(), SourceStorage::Embedded, 1);
        let own = Settings {
            masks: Masks { style_map: Some(sky.clone()), ..Masks::default() },
            ..Settings::default()
        };
        let trusts = || [Trust::All, Trust::beside(&file, &own), Trust::beside(&file, &Settings::default())];
        let read = |trust: Trust| {
            let project = Project::read_with(&file, trust).unwrap();
            let named = project.manifest.settings.masks.files().map(Path::to_owned).collect::<Vec<_>>();
            let pins: Vec<_> = project.pins.iter().map(|(pin, _)| pin.settings.masks.clone()).collect();
            assert!(pins.iter().all(|masks| masks.style_map.is_some()));
            (named, project.remarks)
        };
        let stored = [masks[0].reference(), pasted_name(&masks[1].sha256)];
        for gone in [true, false] {
            match gone {
                true => fs::remove_file(&sky).unwrap(),
                false => fs::write(&sky, "another").unwrap(),
            }
            for trust in trusts() {
                let (named, remarks) = read(trust);
                assert_eq!(named, stored);
                let told = remarks.iter().any(|remark| remark.contains("sky.png has changed"));
                assert_eq!((told, remarks.len()), (!gone, usize::from(!gone)), "{remarks:?}");
            }
        }
        // Without its pixels in the project only this mask is left out, or it is left to whoever opens it.
        fs::remove_file(&sky).unwrap();
        written(folder.path(), SourceStorage::Beside(folder.path()), 1);
        fs::remove_file(&sky).unwrap();
        let [all, own, stranger] = trusts().map(read);
        assert_eq!(all, (vec![masks[0].reference(), sky], Vec::new()));
        for (named, remarks) in [own, stranger] {
            assert_eq!(named, [masks[0].reference()]);
            assert!(remarks.len() == 1 && remarks[0].contains("sky.png is gone"), "{remarks:?}");
        }
    }

    #[test]
    fn strangers_masks_are_bounded() {
        let picture = |source| ProjectPicture { source, pixels: Pixels::default() };
        let mask = Picture::from_rgba("a", 20, 20, vec![9; 1600]).unwrap();
        let many: Vec<_> = (0..=MAX_FILES).map(|_| picture((&mask).into())).collect();
        assert!(check(&many).unwrap_err().contains("too many"));
        assert_eq!(check(&many[1..]), Ok(()));
        let stroke = Stroke::new(Shape::All, Mode::Invert);
        let first = Drawing::on(None, (20, 20), stroke.clone()).unwrap();
        let second =
            Arc::new(Drawing::on(first.drawing, (20, 20), Stroke { opacity: 0.5, ..stroke }).unwrap());
        let drawn: Vec<_> = mask_records(&[second]).into_iter().map(picture).collect();
        assert_eq!((drawn.len(), check(&drawn)), (2, Ok(())));
        assert!(check(&drawn[1..]).unwrap_err().contains("not before it"));
    }
}
