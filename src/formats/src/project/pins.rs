//! Pinned moments and saved mixes in a project.

use std::sync::Arc;

use image::RgbImage;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Draft, Pixels, Project, ProjectError, SourceStorage,
    write::{encode, write_whole},
};
use crate::recipe::{self, Recipe};
use impasto_base::hash::Sha256Hash;
use impasto_core::{
    picture::{Picture, pixel_budget},
    settings::Settings,
};

/// Maximum number of pinned moments in a project.
pub const MAX_PINS: usize = 64;

/// A pinned moment: its picture, and what it was painted with. Programs that do not know the name and the
/// time read it without them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedPin {
    /// The number that the user sees.
    pub number: u32,
    /// The name that the user gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub step: u32,
    /// Time spent painting until then, in seconds.
    #[serde(default)]
    pub elapsed: f64,
    pub settings: Settings,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipe: Option<Recipe>,
    #[serde(default)]
    pub pixels: Pixels,
}

impl Draft<'_> {
    /// Add the next pinned moment. Its picture is embedded, or stored in a file beside the project, named by
    /// the `hash` of its pixels.
    ///
    /// # Errors
    ///
    /// If it cannot be encoded or written.
    pub fn pin(
        &mut self,
        mut pin: SavedPin,
        picture: &RgbImage,
        hash: Sha256Hash,
    ) -> Result<(), ProjectError> {
        match self.storage {
            SourceStorage::Embedded => {
                let stem = format!("pins/{}", self.manifest.pins.len() + 1);
                pin.pixels.embedded = Some(self.add_picture(&stem, encode(picture, None)?));
            }
            SourceStorage::Beside(folder) => {
                let name = format!("pin-{}x{}-{hash}.png", picture.width(), picture.height());
                let path = folder.join(&name);
                if !path.exists() {
                    write_whole(&path, &encode(picture, None)?)?;
                }
                pin.pixels.beside = Some(name);
            }
        }
        self.manifest.pins.push(pin);
        Ok(())
    }
}

impl Project {
    /// Open the pins' pictures. A pin whose picture cannot be read is left out, with a notice. A picture that
    /// several share is decoded once, and all together stay within the memory budget for pixels.
    pub(super) fn open_pins(&mut self) {
        let mut pins: Vec<(SavedPin, Arc<RgbImage>)> = Vec::new();
        let mut room = pixel_budget();
        for pin in &self.manifest.pins {
            let known = pins.iter().find(|(other, _)| other.pixels == pin.pixels);
            let picture = match known {
                Some((_, picture)) => Some(Arc::clone(picture)),
                None => self.open_pin(pin, &mut room),
            };
            match picture {
                Some(picture) => pins.push((pin.clone(), picture)),
                None => {
                    let reason =
                        if room == 0 { "there is no memory for its picture" } else { "its picture is gone" };
                    self.remarks.push(format!("Pin {} is left out: {reason}.", pin.number));
                }
            }
        }
        self.pins = pins;
    }

    /// Open the picture of a pin and subtract it from `room`, in bytes; `None` if it does not fit.
    fn open_pin(&self, pin: &SavedPin, room: &mut u64) -> Option<Arc<RgbImage>> {
        if *room == 0 {
            return None;
        }
        let picture = Picture::from_encoded("a pin", None, &self.bytes(&pin.pixels)?).ok()?.rgb;
        *room = room.saturating_sub(picture.as_raw().len() as u64);
        (*room > 0).then(|| Arc::new(picture))
    }
}

/// Migrate pins and mixes of other versions, like the project's own settings.
pub(super) fn adapt(manifest: &mut Value, unknown: &mut Vec<String>) {
    for pin in manifest.get_mut("pins").and_then(Value::as_array_mut).into_iter().flatten() {
        recipe::adapt(pin, unknown);
        if let Some(recipe) = pin.get_mut("recipe") {
            recipe::adapt(recipe, unknown);
        }
    }
    for mix in
        manifest.get_mut("mixes").and_then(Value::as_object_mut).into_iter().flatten().map(|(_, mix)| mix)
    {
        recipe::adapt(mix, unknown);
        if let Some(settings) = mix.get_mut("settings").and_then(Value::as_object_mut) {
            // A mix leaves out absent values; TOML has no null.
            settings.retain(|_, value| !value.is_null());
        }
    }
}

/// Check the pins; the error says what is wrong.
pub(super) fn check(pins: &[SavedPin]) -> Result<(), String> {
    if pins.len() > MAX_PINS {
        return Err(format!("it has {} pins", pins.len()));
    }
    for pin in pins {
        pin.settings.validate().map_err(|error| error.to_string())?;
        pin.recipe.iter().try_for_each(recipe::check)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf};

    use serde_json::json;

    use super::*;
    use crate::project::{Manifest, container::tests::written};
    use impasto_core::{
        run::{Change, StyleRecord},
        settings::{Crop, Slots, StoredMix, StyleMix},
    };

    fn picture(red: u8) -> RgbImage {
        RgbImage::from_fn(30, 20, |x, y| image::Rgb([red, x as u8, y as u8]))
    }

    fn hash(red: u8) -> Sha256Hash {
        Sha256Hash::of(picture(red).as_raw())
    }

    fn manifest() -> Manifest {
        let mut manifest = Manifest::new(Settings::default());
        let settings = Settings { style_weight: 0.1 + 0.2, ..Settings::default() };
        manifest.mixes.set(2, Some(StoredMix::of(&settings, [])));
        manifest
    }

    #[test]
    fn pins_and_mixes_come_back_inside_and_beside() {
        let folder = tempfile::tempdir().unwrap();
        for storage in [SourceStorage::Embedded, SourceStorage::Beside(folder.path())] {
            let mut draft = Draft::new(manifest(), storage);
            for number in [1, 2] {
                let settings = Settings { seed: u64::from(number), ..Settings::default() };
                let recipe = (number == 1).then(crate::recipe::tests::recipe);
                let name = (number == 2).then(|| "the blue one".to_owned());
                let (step, elapsed) = (10 * number, f64::from(number) + 0.5);
                let pin =
                    SavedPin { number, name, step, elapsed, settings, recipe, pixels: Pixels::default() };
                draft.pin(pin, &picture(number as u8), hash(number as u8)).unwrap();
            }
            let path = folder.path().join("a.impasto");
            draft.write(&path).unwrap();
            let project = Project::read(&path).unwrap();
            assert_eq!(project.pins.len(), 2);
            for (number, (pin, rgb)) in (1..).zip(&project.pins) {
                assert_eq!(
                    (pin.number, pin.step, pin.settings.seed),
                    (number, 10 * number, u64::from(number))
                );
                let name = (number == 2).then_some("the blue one");
                assert_eq!((pin.name.as_deref(), pin.elapsed), (name, f64::from(number) + 0.5));
                assert_eq!((&**rgb, pin.recipe.is_some()), (&picture(number as u8), number == 1));
            }
            let names: &[&str] =
                if matches!(storage, SourceStorage::Embedded) { &["pins/1.png", "pins/2.png"] } else { &[] };
            assert!(project.entries.keys().eq(names), "{:?}", project.entries.keys());
            assert_eq!(project.manifest.mixes.look(2).unwrap().style_weight, 0.1 + 0.2);
            assert!(project.remarks.is_empty());
        }
        // A missing picture beside the project: the rest is read.
        fs::remove_file(folder.path().join(format!("pin-30x20-{}.png", hash(1)))).unwrap();
        let project = Project::read(&folder.path().join("a.impasto")).unwrap();
        assert_eq!((project.pins.len(), project.pins[0].0.number), (1, 2));
        assert!(project.remarks[0].contains("Pin 1"), "{:?}", project.remarks);
    }

    fn saved(number: u32) -> SavedPin {
        let (settings, pixels) = (Settings::default(), Pixels::default());
        SavedPin { number, name: None, step: 1, elapsed: 0.0, settings, recipe: None, pixels }
    }

    /// A pin as programs knew it that had no names for them.
    #[derive(Deserialize, Serialize)]
    struct OldPin {
        number: u32,
        step: u32,
        settings: Settings,
        #[serde(default)]
        recipe: Option<Recipe>,
        #[serde(default)]
        pixels: Pixels,
    }

    #[test]
    fn older_programs_read_pins_and_theirs_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let mut draft = Draft::new(manifest(), SourceStorage::Embedded);
        let pin = SavedPin { name: Some("the blue one".to_owned()), elapsed: 7.5, ..saved(1) };
        draft.pin(pin, &picture(7), hash(7)).unwrap();
        let path = folder.path().join("a.impasto");
        draft.write(&path).unwrap();
        let (json, entries) = crate::project::container::read(&fs::read(&path).unwrap()).unwrap();
        let mut value: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(value["version"], 1, "older programs open it");
        let old: OldPin = serde_json::from_value(value["pins"][0].clone()).unwrap();
        assert_eq!((old.number, old.step, old.settings == Settings::default()), (1, 1, true));

        // What they write has neither names nor times.
        value["pins"] = vec![serde_json::to_value(old).unwrap()].into();
        let entries: Vec<_> = entries.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
        let project =
            Project::parse(written(value.to_string().as_bytes(), &entries), PathBuf::new()).unwrap();
        let (pin, rgb) = &project.pins[0];
        assert_eq!((pin.number, &pin.name, pin.elapsed), (1, &None, 0.0));
        assert_eq!(**rgb, picture(7));
    }

    #[test]
    fn pins_with_long_histories_are_read_again_without_them() {
        let mut recipe = crate::recipe::tests::recipe();
        let name = "x".repeat(200);
        let change = |step| {
            let settings = json!({"device": &name}).as_object().unwrap().clone();
            Change { step, settings, ..Change::default() }
        };
        recipe.passes[0].changes = (0..4000).map(change).collect();
        recipe.version = 2;
        let folder = tempfile::tempdir().unwrap();
        let mut draft = Draft::new(manifest(), SourceStorage::Embedded);
        draft.pin(saved(1), &picture(7), hash(7)).unwrap();
        let first = draft.manifest.pins[0].clone();
        let pin = |number| SavedPin { number, recipe: Some(recipe.clone()), ..first.clone() };
        draft.manifest.pins = (1..=MAX_PINS as u32).map(pin).collect();
        draft.manifest.recipe = Some(recipe.clone());
        let path = folder.path().join("a.impasto");
        draft.write(&path).unwrap();
        let project = Project::read(&path).unwrap();
        assert_eq!(project.manifest.recipe, Some(recipe.clone()));
        let recipes: Vec<_> = project.pins.iter().map(|(pin, _)| pin.recipe.clone()).collect();
        assert_eq!(recipes, vec![Some(recipe.without_history()); MAX_PINS]);
    }

    #[test]
    fn a_part_of_a_style_needs_version_3() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.impasto");
        let crop = Some(Crop { width: 0.5, ..Crop::WHOLE });
        for (crop, expected) in [(None, 1), (crop, recipe::MASKS_VERSION)] {
            let mut draft = Draft::new(manifest(), SourceStorage::Embedded);
            let style = Picture::from_rgba("style", 16, 16, [9; 4 * 16 * 16].into()).unwrap();
            let mix = StyleMix { crop, ..StyleMix::default() };
            draft.style(&style, StyleRecord { source: (&style).into(), mix }).unwrap();
            draft.write(&path).unwrap();
            let (json, _) = crate::project::container::read(&fs::read(&path).unwrap()).unwrap();
            let value: Value = serde_json::from_str(&json).unwrap();
            assert_eq!(value["version"], expected);
        }
    }

    #[test]
    fn a_picture_that_pins_share_is_decoded_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut draft = Draft::new(manifest(), SourceStorage::Embedded);
        draft.pin(saved(1), &picture(7), hash(7)).unwrap();
        for number in 2..=3 {
            let first = draft.manifest.pins[0].clone();
            draft.manifest.pins.push(SavedPin { number, ..first });
        }
        let path = folder.path().join("a.impasto");
        draft.write(&path).unwrap();
        let pins = Project::read(&path).unwrap().pins;
        assert_eq!(pins.len(), 3);
        assert!(pins.iter().all(|(_, picture)| Arc::ptr_eq(picture, &pins[0].1)));
        assert_eq!(*pins[2].1, picture(7));
    }

    #[test]
    fn pins_for_which_there_is_no_room_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let mut draft = Draft::new(manifest(), SourceStorage::Embedded);
        draft.pin(saved(1), &picture(7), hash(7)).unwrap();
        let pin = draft.manifest.pins[0].clone();
        let path = folder.path().join("a.impasto");
        draft.write(&path).unwrap();
        let project = Project::read(&path).unwrap();
        let mut room = 2 * 30 * 20 * 3 + 1;
        let opened: Vec<_> = (0..4).map(|_| project.open_pin(&pin, &mut room).is_some()).collect();
        assert_eq!((opened, room), (vec![true, true, false, false], 0));
    }

    #[test]
    fn mixes_of_other_versions_are_migrated_and_unusable_ones_reported() {
        let mut value = serde_json::to_value(manifest()).unwrap();
        let settings = value.pointer_mut("/mixes/C/settings").unwrap().as_object_mut().unwrap();
        settings.insert("sparkle".into(), 3.into());
        settings.remove("beta2");
        value
            .pointer_mut("/mixes")
            .unwrap()
            .as_object_mut()
            .unwrap()
            .insert("D".into(), serde_json::json!({"settings": {"style_weight": -2.0}}));
        let bytes = written(value.to_string().as_bytes(), &[]);
        let project = Project::parse(bytes, PathBuf::new()).unwrap();
        assert_eq!(project.manifest.mixes.look(2).unwrap().beta2, Settings::default().beta2);
        assert!(project.manifest.mixes.get(3).is_none());
        assert!(project.remarks.iter().any(|remark| remark.contains("sparkle")), "{:?}", project.remarks);
        assert!(project.remarks.iter().any(|remark| remark.contains("mix D")), "{:?}", project.remarks);
        let old = serde_json::json!({"version": 1, "program": "x", "saved": 0, "settings": {}, "content": null,
            "styles": [], "step": 0, "picture": null, "recipe": null});
        let bytes = written(old.to_string().as_bytes(), &[]);
        let project = Project::parse(bytes, PathBuf::new()).unwrap();
        assert!(project.pins.is_empty() && project.manifest.mixes == Slots::default());
    }
}
