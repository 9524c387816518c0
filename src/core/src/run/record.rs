//! Record of how a picture was painted, sufficient to repeat it.

use std::{collections::BTreeSet, path::PathBuf, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Job, Start, portable::recorded_settings};
use crate::{
    picture::{Picture, is_example},
    settings::{MAX_REGIONS, ParamId, RegionRole, Settings, StyleMix},
    transfer::{Inputs, LevelCommand, StyleSource},
};
use impasto_base::hash::Sha256Hash;

/// Maximum number of changes of a run, and of runs in a record; dropping more makes it incomplete. A drag
/// is a change for each step that it takes.
pub const MAX_CHANGES: usize = 4000;
pub const MAX_PASSES: usize = 12;
/// Maximum number of different pictures in the changes of a run, and of palettes.
pub const MAX_SOURCES: usize = 128;
pub const MAX_PALETTES: usize = 400;
/// Maximum number of different masks of a run.
pub const MAX_MASKS: usize = MAX_PALETTES + MAX_REGIONS + 2;

/// Settings whose change between two steps doesn't affect the picture.
const WITHOUT_EFFECT: [&str; 3] = ["size", "preview_every", "follow_drags"];

/// An input picture of a run, without its pixels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SourceRecord {
    pub name: String,
    /// The file that it was opened from; recipes leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// As [`Picture::sha256`].
    pub sha256: Sha256Hash,
    /// Width and height in pixels.
    pub width: u32,
    pub height: u32,
}

impl From<&Picture> for SourceRecord {
    fn from(picture: &Picture) -> Self {
        let (width, height) = picture.dimensions();
        let path =
            picture.path.as_ref().map(|path| std::path::absolute(path).unwrap_or_else(|_| path.clone()));
        // Drop paths that are not Unicode; the name and the hash still identify the file.
        let path = path.filter(|path| path.to_str().is_some());
        Self { name: picture.name.clone(), path, sha256: picture.sha256, width, height }
    }
}

/// A style of a run with its own settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StyleRecord {
    #[serde(flatten)]
    pub source: SourceRecord,
    #[serde(flatten)]
    pub mix: StyleMix,
}

impl StyleRecord {
    /// The record of a style by its picture's name and hash alone.
    pub(super) fn without_path(style: &StyleSource) -> Self {
        Self { source: SourceRecord::without_path(&style.picture), mix: style.mix }
    }

    /// The same style with its picture.
    pub fn with_picture(&self, picture: Arc<Picture>) -> StyleSource {
        StyleSource { picture, mix: self.mix }
    }
}

/// The pictures of a run after a change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PictureRecords {
    pub content: SourceRecord,
    /// Without their mix.
    pub styles: Vec<SourceRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub palette: Option<SourceRecord>,
}

impl From<&Inputs> for PictureRecords {
    fn from(inputs: &Inputs) -> Self {
        Self {
            content: SourceRecord::without_path(&inputs.content),
            styles: inputs.styles.iter().map(|style| SourceRecord::without_path(&style.picture)).collect(),
            palette: inputs.palette.as_deref().map(SourceRecord::without_path),
        }
    }
}

impl PictureRecords {
    /// All of them.
    pub fn sources(&self) -> impl Iterator<Item = &SourceRecord> {
        std::iter::once(&self.content).chain(&self.styles).chain(&self.palette)
    }

    /// All of them, to change.
    pub fn sources_mut(&mut self) -> impl Iterator<Item = &mut SourceRecord> {
        std::iter::once(&mut self.content).chain(&mut self.styles).chain(&mut self.palette)
    }
}

/// Part of a downscale while a slider was dragged, see `Engine::begin_downscale`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DownscalePart {
    /// Begin, with this maximum cost of a step relative to the level that was left.
    Begin(f64),
    /// Paint this many steps, which do not count.
    Steps(u32),
    End,
}

/// A user's change during a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Number of steps painted before the change.
    pub step: u32,
    /// The changed settings by name, with their new values.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub settings: Map<String, Value>,
    /// The styles' weights and scales, if changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub styles: Option<Vec<StyleMix>>,
    /// The pictures, if any was replaced; then the targets fade. Programs before format version 2 of recipes
    /// do not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pictures: Option<PictureRecords>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<LevelCommand>,
    #[serde(rename = "detour", default, skip_serializing_if = "Option::is_none")]
    pub downscale: Option<DownscalePart>,
}

/// One run: its inputs, and its changes until its picture was read. Of files it has names and hashes, but no
/// folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pass {
    pub start: Start,
    /// Settings at the beginning, with the actual size.
    pub settings: Settings,
    pub content: SourceRecord,
    pub styles: Vec<StyleRecord>,
    /// Steps painted.
    pub steps: u32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// Palettes used during the run, except bundled ones; the settings refer to them by their hashes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub palettes: Vec<SourceRecord>,
    /// Masks used during the run; the settings refer to them by their hashes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub masks: Vec<SourceRecord>,
    /// The picture that the run began with, if [`Settings::init`] names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial: Option<SourceRecord>,
    /// The engine was recreated for this run, without the state of the run before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub new_engine: bool,
}

impl Pass {
    /// A run without steps.
    pub fn new(job: &Job, start: Start) -> Self {
        let Inputs { content, styles, initial, .. } = &job.inputs;
        Self {
            start,
            settings: recorded_settings(&job.settings, &job.inputs),
            content: SourceRecord::without_path(content),
            styles: styles.iter().map(StyleRecord::without_path).collect(),
            steps: 0,
            changes: Vec::new(),
            palettes: palette_record(&job.inputs).into_iter().collect(),
            masks: mask_records(&job.inputs),
            initial: initial.as_deref().filter(|_| start == Start::Beginning).map(SourceRecord::without_path),
            new_engine: false,
        }
    }

    /// The pictures after the last change of them, if there is one.
    pub fn last_pictures(&self) -> Option<&PictureRecords> {
        self.changes.iter().rev().find_map(|change| change.pictures.as_ref())
    }

    /// Number of different pictures in its changes.
    pub fn changed_sources(&self) -> usize {
        let pictures = self.changes.iter().filter_map(|change| change.pictures.as_ref());
        pictures.flat_map(PictureRecords::sources).map(|source| source.sha256).collect::<BTreeSet<_>>().len()
    }
}

/// The record of the palette, unless it is a bundled one.
fn palette_record(inputs: &Inputs) -> Option<SourceRecord> {
    let palette = inputs.palette.as_deref().filter(|palette| !is_example(palette))?;
    Some(SourceRecord::without_path(palette))
}

/// The records of the masks, each once.
fn mask_records(inputs: &Inputs) -> Vec<SourceRecord> {
    let mut all = Vec::new();
    for mask in inputs.masks.iter().map(|mask| SourceRecord::without_path(mask)) {
        if !all.contains(&mask) {
            all.push(mask);
        }
    }
    all
}

/// The runs that led to a picture; each continues the one before. Cheap to clone.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    before: Vec<Arc<Pass>>,
    last: Arc<Pass>,
    steps: u32,
    complete: bool,
}

impl Record {
    /// The record of a first run.
    pub fn new(pass: Pass) -> Self {
        Self { before: Vec::new(), steps: pass.steps, last: Arc::new(pass), complete: true }
    }

    /// A record of these runs; `None` if there are none.
    pub fn of(mut passes: Vec<Pass>, complete: bool) -> Option<Self> {
        let last = passes.pop()?;
        let before = passes.into_iter().map(Arc::new).collect();
        Some(Self { before, steps: last.steps, last: Arc::new(last), complete })
    }

    /// Append a run that continues from this record's picture.
    pub fn then(&self, pass: Pass) -> Self {
        let mut before = self.before.clone();
        before.push(Arc::new(Pass { steps: self.steps, ..(*self.last).clone() }));
        let mut complete = self.complete;
        if before.len() >= MAX_PASSES {
            before.remove(0);
            complete = false;
        }
        Self { before, steps: pass.steps, last: Arc::new(pass), complete }
    }

    /// Mark the record as insufficient to repeat the picture.
    #[must_use]
    pub fn incomplete(self) -> Self {
        Self { complete: false, ..self }
    }

    /// The record for a worker that continues from the displayed picture: if colours were kept, or the
    /// photograph somewhere, the original
    /// worker would have continued from another picture, so it is incomplete.
    pub fn shown(self) -> Self {
        let keeps = |settings: &Settings| {
            settings.keep_colours > 0.0
                || settings.automation.get(ParamId::KeepColours).is_some()
                || settings.masks.of_role(RegionRole::Keep).next().is_some()
        };
        let fields = ["keep_colours", "automation", "masks"];
        let changed = self
            .last
            .changes
            .iter()
            .any(|change| fields.iter().any(|field| change.settings.contains_key(*field)));
        if keeps(&self.last.settings) || changed { self.incomplete() } else { self }
    }

    /// Whether replaying the record gives the same picture.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// The runs in order; the last one with its steps up to the picture.
    pub fn passes(&self) -> Vec<Pass> {
        let before = self.before.iter().map(|pass| Pass::clone(pass));
        before.chain([Pass { steps: self.steps, ..(*self.last).clone() }]).collect()
    }

    /// Steps of the last run, up to the picture.
    pub fn steps(&self) -> u32 {
        self.steps
    }

    /// Whether a step was painted.
    pub fn is_begun(&self) -> bool {
        self.steps > 0 || self.before.iter().any(|pass| pass.steps > 0)
    }

    /// Steps of all runs, up to the picture.
    pub fn all_steps(&self) -> u32 {
        self.before.iter().map(|pass| pass.steps).fold(self.steps, u32::saturating_add)
    }

    /// Whether painting the last run's settings from their initial image gives the picture, without any
    /// change.
    pub fn is_plain(&self) -> bool {
        self.complete && self.before.is_empty() && self.last.changes.is_empty()
    }

    pub fn set_size(&mut self, size: u32) {
        if self.last.settings.size != size {
            Arc::make_mut(&mut self.last).settings.size = size;
        }
    }

    /// Whether the last run has painted more than `step` steps, or was changed since.
    pub fn has_changed_since(&self, step: u32) -> bool {
        self.steps < step || self.last.changes.iter().any(|change| change.step >= step)
    }

    /// The record of the picture after this number of steps.
    pub fn at(&self, steps: u32) -> Self {
        Self { steps, ..self.clone() }
    }

    /// Record a change of settings, of the styles' mix or of the palette after `step` steps, without a fade.
    pub fn change(&mut self, step: u32, settings: (&Settings, &Settings), inputs: (&Inputs, &Inputs)) {
        self.add_change(step, settings, inputs, None);
    }

    /// Record a replacement of pictures, and the changes that came with it, after `step` steps.
    pub fn replace_pictures(
        &mut self,
        step: u32,
        settings: (&Settings, &Settings),
        inputs: (&Inputs, &Inputs),
    ) {
        self.add_change(step, settings, inputs, Some(inputs.1.into()));
        if self.last.changed_sources() > MAX_SOURCES {
            self.keep_last(step, settings.1, inputs.1);
        }
    }

    /// Too many pictures to repeat: what remains of the run is how to paint with the last ones.
    fn keep_last(&mut self, step: u32, settings: &Settings, inputs: &Inputs) {
        self.complete = false;
        let size = self.last.settings.size;
        let last = Arc::make_mut(&mut self.last);
        last.settings = recorded_settings(settings, inputs);
        last.settings.size = size;
        last.content = SourceRecord::without_path(&inputs.content);
        last.styles = inputs.styles.iter().map(StyleRecord::without_path).collect();
        last.masks = mask_records(inputs);
        last.changes = vec![Change { step, ..Change::default() }];
    }

    fn add_change(
        &mut self,
        step: u32,
        settings: (&Settings, &Settings),
        inputs: (&Inputs, &Inputs),
        pictures: Option<PictureRecords>,
    ) {
        let old = recorded_settings(settings.0, inputs.0);
        let new = recorded_settings(settings.1, inputs.1);
        let mut changed = difference(&old, &new);
        WITHOUT_EFFECT.iter().for_each(|name| drop(changed.remove(*name)));
        let mix = inputs.1.mix();
        let styles = (inputs.0.mix() != mix).then_some(mix);
        let last = Arc::make_mut(&mut self.last);
        if let Some(palette) = palette_record(inputs.1)
            && last.palettes.len() <= MAX_PALETTES
            && !last.palettes.iter().any(|known| known.sha256 == palette.sha256)
        {
            last.palettes.push(palette);
        }
        for mask in mask_records(inputs.1) {
            if last.masks.iter().all(|known| known.sha256 != mask.sha256) {
                last.masks.push(mask);
            }
        }
        if last.masks.len() > MAX_MASKS {
            return self.keep_last(step, settings.1, inputs.1);
        }
        // What is grey in it moves towards what is shown, each time.
        let freezes = |settings: &Settings| -> Vec<PathBuf> {
            settings.masks.of_role(RegionRole::Freeze).map(|region| region.mask.clone()).collect()
        };
        let frozen = freezes(&old) != freezes(&new);
        // A drag changes a setting many times between two steps. Keep the first change, which tells the
        // engine that something changed, and the last one with the final value, even if the final value
        // equals the original.
        match last.changes.as_mut_slice() {
            [.., first, before]
                if pictures.is_none()
                    && !frozen
                    && [&*first, &*before].iter().all(|change| {
                        let others = change.level.is_some() || change.downscale.is_some();
                        change.step == step && !others && change.pictures.is_none()
                    }) =>
            {
                before.settings.extend(changed);
                before.styles = styles.or(before.styles.take());
            }
            _ => self.add(Change { step, settings: changed, styles, pictures, ..Change::default() }),
        }
    }

    /// Record a level command after `step` steps.
    pub fn add_level_command(&mut self, step: u32, command: LevelCommand) {
        self.add(Change { step, level: Some(command), ..Change::default() });
    }

    /// Record a part of a downscale after `step` steps; consecutive steps are merged.
    pub fn add_downscale(&mut self, step: u32, part: DownscalePart) {
        if let DownscalePart::Steps(more) = part
            && let Some(Change { downscale: Some(DownscalePart::Steps(steps)), .. }) =
                Arc::make_mut(&mut self.last).changes.last_mut()
        {
            *steps += more;
        } else {
            self.add(Change { step, downscale: Some(part), ..Change::default() });
        }
    }

    fn add(&mut self, change: Change) {
        if self.last.changes.len() >= MAX_CHANGES {
            self.complete = false;
        } else {
            Arc::make_mut(&mut self.last).changes.push(change);
        }
    }
}

/// The fields in which two settings differ, with the second's values.
fn difference(old: &Settings, new: &Settings) -> Map<String, Value> {
    let fields = |settings: &Settings| match serde_json::to_value(settings) {
        Ok(Value::Object(mut fields)) => {
            // Left out if there are none, which is a change as well.
            fields.entry("masks").or_insert_with(|| Map::new().into());
            fields
        }
        _ => Map::new(),
    };
    let old = fields(old);
    fields(new).into_iter().filter(|(name, value)| old.get(name) != Some(value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        picture::{self, pasted_hash},
        settings::{Masks, Region},
    };

    fn inputs(weight: f64) -> Inputs {
        let picture = Arc::new(picture::STYLES[0].open());
        let style = StyleSource { picture, mix: mix(weight) };
        Inputs::new(Arc::new(picture::CONTENTS[0].open()), vec![style])
    }

    fn pass() -> Pass {
        let job = Job::new(1, inputs(1.0), Settings::default());
        Pass::new(&job, Start::Beginning)
    }

    fn mix(weight: f64) -> StyleMix {
        StyleMix { weight, ..StyleMix::default() }
    }

    fn change(record: &mut Record, step: u32, alter: impl FnOnce(&mut Settings), weight: f64) {
        let before = Settings::default();
        let mut after = before.clone();
        alter(&mut after);
        record.change(step, (&before, &after), (&inputs(1.0), &inputs(weight)));
    }

    #[test]
    fn changes_are_kept_with_their_steps_and_folded_within_one() {
        let mut record = Record::new(pass());
        assert!(record.is_plain());
        change(&mut record, 3, |s| s.style_weight = 1.0, 1.0);
        change(&mut record, 3, |s| s.style_weight = 2.0, 1.0);
        change(&mut record, 3, |s| s.style_weight = 5.0, 0.5);
        change(&mut record, 3, |s| s.content_weight = 9.0, 1.0);
        record.add_level_command(3, LevelCommand::Drop);
        // Settings without effect on the picture are not recorded.
        change(&mut record, 8, |s| s.preview_every = 9, 1.0);
        change(&mut record, 8, |s| s.style_layers = Default::default(), 1.0);
        let passes = record.at(10).passes();
        let [pass] = passes.as_slice() else { panic!("{passes:?}") };
        let steps: Vec<_> = pass.changes.iter().map(|change| change.step).collect();
        assert_eq!((pass.steps, steps), (10, vec![3, 3, 3, 8, 8]));
        assert!(pass.changes[3].settings.is_empty());
        let folded = &pass.changes[1];
        assert_eq!(folded.settings["style_weight"], 5.0);
        assert_eq!((folded.settings.len(), folded.styles.as_deref()), (2, Some([mix(0.5)].as_slice())));
        assert_eq!(pass.changes[2].level, Some(LevelCommand::Drop));
        assert!(record.is_complete() && !record.is_plain());
    }

    #[test]
    fn replaced_pictures_are_kept_and_never_folded() {
        let settings = Settings::default();
        let with = |index: usize| {
            let mut inputs = inputs(1.0);
            inputs.styles[0].picture = Arc::new(picture::STYLES[index].open());
            inputs
        };
        let mut record = Record::new(pass());
        for index in 1..4 {
            record.replace_pictures(3, (&settings, &settings), (&with(index - 1), &with(index)));
        }
        change(&mut record, 3, |s| s.style_weight = 2.0, 1.0);
        change(&mut record, 3, |s| s.style_weight = 3.0, 1.0);
        let mut more = with(3);
        more.styles.extend(inputs(0.5).styles);
        record.replace_pictures(5, (&settings, &settings), (&with(3), &more));
        let passes = record.at(9).passes();
        let changes = &passes[0].changes;
        let names: Vec<_> = changes
            .iter()
            .map(|change| change.pictures.as_ref().map(|pictures| pictures.styles[0].name.as_str()))
            .collect();
        let title = |index: usize| Some(picture::STYLES[index].title);
        assert_eq!(names, [title(1), title(2), title(3), None, None, title(3)]);
        assert_eq!(changes[5].styles.as_deref(), Some([mix(1.0), mix(0.5)].as_slice()));
        assert_eq!(passes[0].changed_sources(), 5, "the content and four styles");
        let text = serde_json::to_string(&passes[0]).unwrap();
        assert_eq!(serde_json::from_str::<Pass>(&text).unwrap(), passes[0]);
        assert!(record.is_complete());
    }

    /// Settings and inputs with this mask, which differs for each number.
    fn masked(role: RegionRole, number: usize) -> (Settings, Inputs) {
        let pixels = [number as u8, (number / 256) as u8, 2, 255].repeat(20 * 20);
        let mask = Picture::from_rgba("mask", 20, 20, pixels).unwrap();
        let mut settings = Settings::default();
        settings.masks.regions = vec![Region {
            name: "a".to_owned(),
            mask: picture::pasted_name(&mask.sha256),
            role,
            ..Region::default()
        }];
        (settings, Inputs { masks: vec![Arc::new(mask)], ..inputs(1.0) })
    }

    #[test]
    fn each_change_of_what_is_frozen_is_kept_and_others_of_masks_are_folded() {
        for (role, changes) in [(RegionRole::Freeze, 5), (RegionRole::Paint, 2)] {
            let mut record = Record::new(pass());
            let mut before = (Settings::default(), inputs(1.0));
            for number in 1..=5 {
                let after = masked(role, number);
                record.change(3, (&before.0, &after.0), (&before.1, &after.1));
                before = after;
            }
            let weaker = {
                let mut settings = before.0.clone();
                settings.masks.regions[0].strength = 0.5;
                settings
            };
            if role == RegionRole::Freeze {
                record.change(3, (&before.0, &weaker), (&before.1, &before.1));
            }
            assert_eq!(record.passes()[0].changes.len(), changes, "{role:?}");
        }
    }

    #[test]
    fn too_many_masks_leave_the_last_ones() {
        let mut record = Record::new(pass());
        let mut before = (Settings::default(), inputs(1.0));
        for number in 0..=MAX_MASKS {
            assert!(record.is_complete(), "{number}");
            let after = masked(RegionRole::Paint, number);
            record.change(number as u32, (&before.0, &after.0), (&before.1, &after.1));
            before = after;
        }
        let pass = record.passes().pop().unwrap();
        assert!(!record.is_complete() && record.has_changed_since(MAX_MASKS as u32));
        assert_eq!(pass.masks, [SourceRecord::without_path(&before.1.masks[0])]);
        assert_eq!(pass.settings.masks, before.0.masks);
        assert!(pass.changes.iter().all(|change| change.settings.is_empty()));
    }

    #[test]
    fn too_many_pictures_leave_the_last_ones() {
        let settings = Settings::default();
        let numbered = |number: usize| {
            let mut inputs = inputs(1.0);
            let pixels = [number as u8, 1, 2, 255].repeat(20 * 20);
            inputs.styles[0].picture = Arc::new(Picture::from_rgba("n", 20, 20, pixels).unwrap());
            inputs
        };
        let mut record = Record::new(pass());
        for number in 1..=MAX_SOURCES {
            assert!(record.is_complete(), "{number}");
            let inputs = (&numbered(number - 1), &numbered(number));
            record.replace_pictures(number as u32, (&settings, &settings), inputs);
        }
        assert!(!record.is_complete());
        let pass = record.passes().pop().unwrap();
        assert_eq!(pass.styles[0].source, numbered(MAX_SOURCES).styles[0].picture.as_ref().into());
        assert!(record.has_changed_since(MAX_SOURCES as u32) && pass.last_pictures().is_none());
    }

    #[test]
    fn masks_of_changes_after_too_many_are_named() {
        let masks = Masks { style_map: Some("map.png".into()), ..Masks::default() };
        let settings = Settings { masks, ..Settings::default() };
        let plain = inputs(1.0);
        let masked = |number: usize| {
            let pixels = [number as u8, (number / 256) as u8, 2, 255].repeat(16 * 16);
            let mask = Arc::new(Picture::from_rgba("map", 16, 16, pixels).unwrap());
            Inputs { masks: vec![mask], ..plain.clone() }
        };
        let mut record = Record::new(Pass::new(&Job::new(1, masked(0), settings.clone()), Start::Beginning));
        for number in 1..=MAX_MASKS {
            assert!(record.is_complete(), "{number}");
            record.change(number as u32, (&settings, &settings), (&masked(number - 1), &masked(number)));
        }
        assert!(!record.is_complete());
        let later = Settings { style_weight: 2.5, ..settings.clone() };
        let last = masked(MAX_MASKS + 1);
        record.change(900, (&settings, &later), (&masked(MAX_MASKS), &last));
        let pass = record.passes().pop().unwrap();
        // Every mask that it names is there, the last one too.
        let changed: Masks = serde_json::from_value(pass.changes[1].settings["masks"].clone()).unwrap();
        let named: Vec<_> = pass.settings.masks.files().chain(changed.files()).map(pasted_hash).collect();
        let recorded: Vec<_> = pass.masks.iter().map(|mask| Some(mask.sha256)).collect();
        assert_eq!((named, recorded.last()), (recorded.clone(), Some(&Some(last.masks[0].sha256))));
        assert!(record.has_changed_since(MAX_MASKS as u32) && pass.changes.len() == 2);
    }

    #[test]
    fn a_downscale_is_recorded_in_order() {
        let mut record = Record::new(pass());
        record.add_downscale(4, DownscalePart::Begin(0.25));
        change(&mut record, 4, |s| s.style_weight = 2.0, 1.0);
        record.add_downscale(4, DownscalePart::Steps(1));
        record.add_downscale(4, DownscalePart::Steps(2));
        change(&mut record, 4, |s| s.style_weight = 3.0, 1.0);
        change(&mut record, 4, |s| s.style_weight = 4.0, 1.0);
        record.add_downscale(4, DownscalePart::Steps(5));
        record.add_downscale(4, DownscalePart::End);
        let passes = record.at(9).passes();
        let parts: Vec<_> = passes[0].changes.iter().map(|change| change.downscale).collect();
        let steps = |count| Some(DownscalePart::Steps(count));
        let begin = Some(DownscalePart::Begin(0.25));
        assert_eq!(parts, [begin, None, steps(3), None, None, steps(5), Some(DownscalePart::End)]);
        let text = serde_json::to_string(&passes[0]).unwrap();
        assert_eq!(serde_json::from_str::<Pass>(&text).unwrap(), passes[0]);
    }

    #[test]
    fn a_recoloured_picture_makes_the_record_incomplete() {
        let record = Record::new(pass());
        assert!(record.clone().shown().is_complete());
        let mut changed = record;
        change(&mut changed, 2, |s| s.keep_colours = 0.5, 1.0);
        assert!(changed.is_complete() && !changed.shown().is_complete());
    }

    #[test]
    fn too_many_changes_make_the_record_incomplete() {
        let mut record = Record::new(pass());
        for step in 0..MAX_CHANGES as u32 {
            record.add_level_command(step, LevelCommand::Hold);
        }
        assert!(record.is_complete());
        record.add_level_command(9999, LevelCommand::Hold);
        assert!(!record.is_complete() && record.passes()[0].changes.len() == MAX_CHANGES);

        let mut record = Record::new(pass());
        for steps in 1..MAX_PASSES as u32 {
            record = record.at(steps).then(pass());
        }
        assert!(record.is_complete());
        let passes = record.passes();
        assert_eq!((passes.len(), passes[0].steps, passes[1].steps), (MAX_PASSES, 1, 2));
        record = record.then(pass());
        assert!(!record.is_complete() && record.passes().len() == MAX_PASSES);
    }
}
