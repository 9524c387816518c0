//! Record of how a picture was painted, sufficient to repeat it.

use std::{collections::BTreeSet, path::PathBuf, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    Job, Start,
    masks::{DrawingRecord, add_masks, draw_all, mask_records, masks_fit, shared},
    portable::recorded_settings,
};
use crate::{
    picture::{Picture, is_example},
    settings::{ParamId, RegionRole, Settings, StyleMix},
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
    /// How it was drawn, for a drawn mask among those of a run.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "shared")]
    pub drawing: Option<Arc<DrawingRecord>>,
}

impl From<&Picture> for SourceRecord {
    fn from(picture: &Picture) -> Self {
        let (width, height) = picture.dimensions();
        let path =
            picture.path.as_ref().map(|path| std::path::absolute(path).unwrap_or_else(|_| path.clone()));
        // Drop paths that are not Unicode; the name and the hash still identify the file.
        let path = path.filter(|path| path.to_str().is_some());
        Self { name: picture.name.clone(), path, sha256: picture.sha256, width, height, drawing: None }
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
    /// Masks used during the run, and what drawn ones were drawn on before them; the settings refer to them
    /// by their hashes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub masks: Vec<SourceRecord>,
    /// The picture that the run began with, if [`Settings::init`] names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial: Option<SourceRecord>,
    /// Some style was transparent, and only what is opaque of it counted. Programs before version 4 of
    /// recipes flattened it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub opaque_parts: bool,
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
            masks: mask_records(&job.inputs.masks),
            initial: initial.as_deref().filter(|_| start == Start::Beginning).map(SourceRecord::without_path),
            opaque_parts: job.inputs.counts_opaque_parts(&job.settings),
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

    /// Mark the record as insufficient if it does not draw the masks that its last run began with.
    #[must_use]
    pub fn begun_with(self, inputs: &Inputs) -> Self {
        if draw_all(&self.last.masks, &inputs.masks) { self } else { self.incomplete() }
    }

    /// The record for a worker that continues from the displayed picture: if colours were kept or settled, or
    /// the photograph kept somewhere, the original worker would have continued from another picture, so it is
    /// incomplete.
    pub fn shown(self) -> Self {
        let keeps = |settings: &Settings| {
            let colours = [ParamId::KeepColours, ParamId::SettleColours];
            settings.keep_colours > 0.0
                || settings.settle_colours > 0.0
                || colours.into_iter().any(|id| settings.automation.get(id).is_some())
                || settings.masks.of_role(RegionRole::Keep).next().is_some()
        };
        let fields = ["keep_colours", "settle_colours", "automation", "masks"];
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

    /// Whether only what is opaque of a style counted in the last run.
    pub fn has_opaque_parts(&self) -> bool {
        self.last.opaque_parts
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
        last.masks = mask_records(&inputs.masks);
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
        last.opaque_parts |= inputs.1.counts_opaque_parts(settings.1);
        if let Some(palette) = palette_record(inputs.1)
            && last.palettes.len() <= MAX_PALETTES
            && !last.palettes.iter().any(|known| known.sha256 == palette.sha256)
        {
            last.palettes.push(palette);
        }
        if add_masks(&mut last.masks, &inputs.1.masks) && !masks_fit(&last.masks) {
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
#[path = "record_tests.rs"]
mod tests;
