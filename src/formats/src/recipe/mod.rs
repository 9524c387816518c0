//! Recipes: how a picture was painted, written into the picture's own file, to be read and painted again.
//!
//! A recipe is JSON with a version. It contains the settings and the worker's [`Record`] as they serialize
//! themselves, so that new fields are included automatically. Recipes are untrusted: sizes are bounded, and
//! every value is checked like the command line's. Of the files that a recipe names, only those with the right
//! hash are opened, and what [`Trust`](crate::trust::Trust) allows.
//!
//! A recipe names files by their names and hashes, without any folder: it is read by whoever gets the picture.

mod command_line;
mod error;
mod events;
mod find;
mod locate;
mod numbers;
mod read;
mod thumbnail;
mod work;

use std::path::Path;

use serde::{Deserialize, Serialize};

use impasto_base::text;
use impasto_core::{
    picture::pasted_hash,
    run::{
        Pass, Record, RunInfo, SourceRecord, Strokes, StyleRecord, bare_name, flat_masks, leave_out_strokes,
        only_masks, remove_folders,
    },
    settings::{ParamId, Parameter, Settings, StyleMix},
};

pub use command_line::{CommandLine, CommandStyle, EXAMPLE, quoted};
pub use error::RecipeError;
pub use events::{EventKind, ReplayEvent, events};
pub use find::{Found, find};
pub(crate) use find::{has_hash, is_file_of};
pub use locate::{is_bare, locate};
pub(crate) use numbers::parse as exact_json;
pub(crate) use read::{adapt, check};
pub use read::{parse, read_file};
pub use thumbnail::Thumbnail;
pub use work::{FileMatch, compare_file};

/// Newest format version: it has settled colours and transparent styles that are not flattened; version 3 masks and parts of styles, and version 2 changes of
/// pictures, and many changes. A recipe without them is written as version 1, which older programs read.
pub const VERSION: u64 = 4;

/// The first version with masks and parts of styles.
pub(crate) const MASKS_VERSION: u64 = 3;

/// Parameters that programs before version 4 leave out; without effect at 0.
const NEWEST: [ParamId; 2] = [ParamId::SettleColours, ParamId::Coherence];

/// Changes of a run that programs of version 1 read.
const FEW_CHANGES: usize = 400;

/// The oldest version that can express these runs.
fn version_of(passes: &[Pass]) -> u64 {
    let with_masks = |pass: &Pass| {
        let changed = pass.changes.iter().filter_map(|change| change.styles.as_ref()).flatten();
        let mix = pass.styles.iter().map(|style| &style.mix).chain(changed);
        !pass.masks.is_empty() || version_of_mix(mix) > 1
    };
    let newer = |pass: &Pass| pass.last_pictures().is_some() || pass.changes.len() > FEW_CHANGES;
    if passes.iter().any(|pass| pass.opaque_parts || has_newest(pass)) {
        VERSION
    } else if passes.iter().any(with_masks) {
        MASKS_VERSION
    } else if passes.iter().any(newer) {
        2
    } else {
        1
    }
}

/// Whether a run has a parameter that programs before version 4 do not know, at any time.
fn has_newest(pass: &Pass) -> bool {
    let changes =
        |field: &'static str| pass.changes.iter().filter_map(move |change| change.settings.get(field));
    NEWEST.into_iter().any(|id| {
        let field = Parameter::of_id(id).map_or("", |row| row.field);
        id.stored(&pass.settings, &[]).is_some_and(|value| value != 0.0)
            || pass.settings.automation.get(id).is_some()
            || changes(field).any(|value| value.as_f64() != Some(0.0))
            || changes("automation").any(|tracks| tracks.get(id.to_string()).is_some())
    })
}

/// The oldest version that can express the mix of styles: older programs would use all of a picture of which
/// only a part counts.
pub(crate) fn version_of_mix<'a>(mix: impl IntoIterator<Item = &'a StyleMix>) -> u64 {
    if mix.into_iter().any(|mix| mix.crop.is_some()) { MASKS_VERSION } else { 1 }
}

/// How a picture was painted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// At most [`VERSION`].
    pub version: u64,
    /// The program that painted it.
    pub program: String,
    /// Shape of the picture in pixels.
    pub width: u32,
    pub height: u32,
    /// Name of the device that painted it.
    pub device: String,
    pub network: Network,
    /// The settings at the end.
    pub settings: Settings,
    /// The runs that led to the picture, each continuing from the one before; never empty.
    pub passes: Vec<Pass>,
    /// Whether painting the passes again gives the picture; false if something was done that they do not
    /// record.
    pub complete: bool,
    /// Thumbnails of the last pass' pictures, for when these cannot be found.
    #[serde(default)]
    pub thumbnails: Vec<Thumbnail>,
}

/// The network of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Network {
    /// Name of the file, or "bundled".
    pub source: String,
    /// SHA-256 of the file, in lower-case hexadecimal.
    pub sha256: String,
}

impl Recipe {
    /// The recipe of a recorded picture of this width and height, without thumbnails.
    pub fn new(record: &Record, (width, height): (u32, u32), info: &RunInfo) -> Self {
        let passes = record.passes();
        let settings = passes.last().map_or_else(Settings::default, events::last_settings);
        Self {
            version: version_of(&passes),
            program: concat!("Impasto ", env!("CARGO_PKG_VERSION")).to_owned(),
            width,
            height,
            device: info.device.name.clone(),
            network: Network {
                source: bare_name(Path::new(&info.weights.source)),
                sha256: info.weights.sha256.clone(),
            },
            settings,
            passes,
            complete: record.is_complete(),
            thumbnails: Vec::new(),
        }
    }

    /// The last run.
    ///
    /// # Panics
    ///
    /// If there is no pass; neither [`Recipe::new`] nor [`parse`] returns that.
    pub fn last(&self) -> &Pass {
        self.passes.last().expect("a recipe has a pass")
    }

    /// Step of the last run.
    pub fn steps(&self) -> u32 {
        self.last().steps
    }

    /// The content at the end.
    pub fn content(&self) -> &SourceRecord {
        self.last().last_pictures().map_or(&self.last().content, |pictures| &pictures.content)
    }

    /// The styles with their mix at the end.
    pub fn styles(&self) -> Vec<StyleRecord> {
        let last = self.last();
        let mut styles = last.styles.clone();
        if let Some(pictures) = last.last_pictures() {
            // Their mix is kept where it was not changed.
            let mix = styles.iter().map(|style| style.mix).chain(std::iter::repeat_with(StyleMix::default));
            let records = pictures.styles.iter().cloned().zip(mix);
            styles = records.map(|(source, mix)| StyleRecord { source, mix }).collect();
        }
        let mix = last.changes.iter().rev().find_map(|change| change.styles.as_ref());
        for (style, &mix) in styles.iter_mut().zip(mix.into_iter().flatten()) {
            style.mix = mix;
        }
        styles
    }

    /// Whether the settings alone give the picture, without changes while painting.
    pub fn is_plain(&self) -> bool {
        self.complete && self.passes.len() == 1 && self.last().changes.is_empty()
    }

    /// The record to continue with.
    pub fn record(&self) -> Option<Record> {
        Record::of(self.passes.clone(), self.complete)
    }

    /// Remove every folder, which recipes of earlier versions have.
    fn without_folders(mut self) -> Self {
        remove_folders(&mut self.settings);
        self.network.source = bare_name(Path::new(&self.network.source));
        self.passes.iter_mut().for_each(Pass::remove_folders);
        self
    }

    /// The recipe as a text of at most `room` bytes, without folders: with thumbnails if they fit, else with
    /// smaller ones, else without; a long history is cut to its last run, and drawn masks then to single strokes
    /// or to their hashes. `None` if even that does not fit.
    pub fn text(&self, room: usize) -> Option<String> {
        self.clone().without_folders().fitted(room)
    }

    fn fitted(&self, room: usize) -> Option<String> {
        let fits = |recipe: &Recipe| {
            let mut written = recipe.clone();
            written.with_strokes(leave_out_strokes, &mut Strokes::new());
            serde_json::to_string(&written).ok().filter(|text| text.len() <= room)
        };
        let with = |longest: Option<u32>| Recipe {
            thumbnails: longest.map_or_else(Vec::new, |longest| {
                self.thumbnails.iter().filter_map(|thumbnail| thumbnail.smaller(longest)).collect()
            }),
            ..self.clone()
        };
        fits(self)
            .or_else(|| fits(&with(Some(96))))
            .or_else(|| fits(&with(Some(64))))
            .or_else(|| fits(&with(None)))
            .or_else(|| fits(&self.without_history()))
            .or_else(|| fits(&self.without_history().without_strokes(true)))
            .or_else(|| fits(&self.without_history().without_strokes(false)))
    }

    /// Leave out the strokes that an earlier run has too, or are `known` otherwise, by [`leave_out_strokes`]; or
    /// bring them back, by [`bring_back_strokes`](impasto_core::run::bring_back_strokes).
    pub(crate) fn with_strokes(&mut self, each: fn(&mut [SourceRecord], &mut Strokes), known: &mut Strokes) {
        self.passes.iter_mut().for_each(|pass| each(&mut pass.masks, known));
    }

    /// The recipe with drawn masks as single strokes, or only by their hashes.
    fn without_strokes(mut self, flat: bool) -> Self {
        for pass in &mut self.passes {
            let named: Vec<_> = pass.settings.masks.files().filter_map(pasted_hash).collect();
            pass.masks = flat_masks(&pass.masks, &named);
            if !flat {
                let drawn = pass.masks.iter_mut().filter_map(|mask| mask.drawing.take()).count();
                self.complete &= drawn == 0;
            }
        }
        self
    }

    /// The recipe with its last run alone, as it ended, and without thumbnails.
    pub(crate) fn without_history(&self) -> Self {
        let last = self.last();
        let named: Vec<_> = self.settings.masks.files().filter_map(pasted_hash).collect();
        let passes = vec![Pass {
            changes: Vec::new(),
            settings: self.settings.clone(),
            content: self.content().clone(),
            styles: self.styles(),
            masks: only_masks(&last.masks, &named),
            ..last.clone()
        }];
        Self {
            version: version_of(&passes),
            complete: self.is_plain(),
            passes,
            thumbnails: Vec::new(),
            ..self.clone()
        }
    }

    /// A one-line summary: size, steps, styles.
    pub fn summary(&self) -> String {
        let steps = self.steps();
        let styles: Vec<String> =
            self.styles().iter().map(|style| text::display_name(&style.source.name)).collect();
        format!(
            "{} in {} · {}×{} · {steps} step{}",
            text::display_name(&self.content().name),
            styles.join(" + "),
            self.width,
            self.height,
            if steps == 1 { "" } else { "s" }
        )
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;

    use impasto_core::{
        picture::{
            Drawing, Picture,
            drawing::{Mode, Shape, Stroke},
            pasted_name,
        },
        run::{Change, Job, Start, drawings},
        settings::{Automation, Crop, Curve, Key, Masks, Track},
        transfer::Inputs,
    };
    use impasto_test_support::{info, job};
    use proptest::prelude::*;

    use super::*;

    pub fn recipe() -> Recipe {
        let job = job();
        let pass = Pass { steps: 9, ..Pass::new(&job, Start::Beginning) };
        let mut recipe = Recipe::new(&Record::new(pass), (60, 40), &info());
        recipe.thumbnails =
            Thumbnail::of([&*job.inputs.content, &*job.inputs.styles[0].picture], job.settings.background);
        recipe
    }

    #[test]
    fn a_recipe_comes_back_from_its_text() {
        let recipe = recipe();
        let text = recipe.text(1 << 20).unwrap();
        assert!(text.len() < 30_000, "{}", text.len());
        let (back, remarks) = parse("a.png", &text).unwrap();
        assert_eq!((back, remarks), (recipe, Vec::new()));
    }

    #[test]
    fn what_is_written_names_no_folder() {
        let mut old = recipe();
        let home = Path::new("/home/someone");
        let named = Settings {
            weights: Some(home.join("vgg.pth")),
            palette: Some(home.join("leaves.png")),
            init: impasto_core::settings::Init::File(home.join("start.png")),
            ..Settings::default()
        };
        old.passes[0].content.path = Some(home.join("me.png"));
        (old.settings, old.passes[0].settings) = (named.clone(), named);
        old.network.source = "/home/someone/vgg.pth".to_owned();
        let text = old.text(1 << 20).unwrap();
        assert!(!text.contains("someone") && text.contains("\"file:start.png\""), "{text}");
    }

    #[test]
    fn a_recipe_shrinks_to_fit() {
        let recipe = recipe();
        let whole = recipe.text(usize::MAX).unwrap();
        let mut before = whole.len();
        for expected in [2, 2, 0] {
            let text = recipe.text(before - 1).unwrap();
            let (back, _) = parse("a.png", &text).unwrap();
            assert_eq!(back.thumbnails.len(), expected);
            assert_eq!(back.settings, recipe.settings);
            before = text.len();
        }
        assert_eq!(recipe.text(before - 1), None);
    }

    #[test]
    fn a_part_of_a_style_needs_version_3() {
        let crop = Some(Crop { width: 0.5, ..Crop::WHOLE });
        let pass = recipe().last().clone();
        assert_eq!(version_of(std::slice::from_ref(&pass)), 1);
        let mut from_the_start = pass.clone();
        from_the_start.styles[0].mix.crop = crop;
        let mix = vec![StyleMix { crop, ..StyleMix::default() }];
        let changes = vec![Change { step: 2, styles: Some(mix), ..Change::default() }];
        let later = Pass { changes, ..pass.clone() };
        for newest in [from_the_start, later] {
            assert_eq!(version_of(&[newest, pass.clone()]), MASKS_VERSION);
        }
    }

    #[test]
    fn settled_colours_need_the_newest_version_at_whichever_time() {
        let pass = recipe().last().clone();
        let change = |name: &str, value: serde_json::Value| {
            let settings = [(name.to_owned(), value)].into_iter().collect();
            vec![Change { step: 2, settings, ..Change::default() }]
        };
        let mut from_the_start = pass.clone();
        from_the_start.settings.settle_colours = 0.5;
        let mut automation = Automation::default();
        let key = Key { at: 0.0, value: 1.0, ease: Default::default() };
        automation.set(ParamId::SettleColours, Track { on: true, curve: Curve::Keys(vec![key]) });
        let later = Pass { changes: change("settle_colours", 0.5.into()), ..pass.clone() };
        let moved = serde_json::to_value(&automation).unwrap();
        let moved_later = Pass { changes: change("automation", moved), ..pass.clone() };
        let mut moved = pass.clone();
        moved.settings.automation = automation;
        for newest in [from_the_start, later, moved, moved_later] {
            assert_eq!(version_of(&[newest, pass.clone()]), VERSION);
        }
        let never = Pass { changes: change("settle_colours", 0.0.into()), ..pass };
        assert_eq!(version_of(&[never]), 1);
    }

    #[test]
    fn a_style_of_which_only_opaque_parts_count_needs_the_newest_version_at_whichever_time() {
        let mut job = job();
        let opaque = job.clone();
        let pixels = [9, 9, 9, 0].repeat(16 * 16);
        job.inputs.styles[0].picture = Arc::new(Picture::from_rgba("cut-out", 16, 16, pixels).unwrap());
        let flat_styles = Inputs { flat_styles: true, ..job.inputs.clone() };
        let version = |job: &Job| version_of(&[Pass::new(job, Start::Beginning)]);
        assert_eq!((version(&opaque), version(&job)), (1, VERSION));
        // As an older program painted it, of which the replay says the same.
        assert_eq!(version(&Job { inputs: flat_styles, ..job.clone() }), 1);
        let mut record = Record::new(Pass::new(&opaque, Start::Beginning));
        record.replace_pictures(2, (&job.settings, &job.settings), (&opaque.inputs, &job.inputs));
        assert_eq!(version_of(&record.passes()), VERSION);
    }

    /// A mask's record, and the settings that use it.
    fn mask(number: u8) -> (SourceRecord, Settings) {
        let pixels = [number, 0, 0, 255].repeat(16 * 16);
        let picture = Picture::from_rgba("mask.png", 16, 16, pixels).unwrap();
        let masks = Masks { style_map: Some(pasted_name(&picture.sha256)), ..Masks::default() };
        (SourceRecord::from(&picture), Settings { masks, ..Settings::default() })
    }

    #[test]
    fn without_its_history_a_recipe_keeps_the_last_masks_and_parts() {
        let mut recipe = recipe();
        let crop = Some(Crop { width: 0.5, ..Crop::WHOLE });
        let mix = vec![StyleMix { crop, ..StyleMix::default() }];
        let pass = &mut recipe.passes[0];
        pass.masks = (0..9).map(|number| mask(number).0).collect();
        pass.settings = mask(0).1;
        pass.changes = vec![Change { step: 2, styles: Some(mix), ..Change::default() }];
        recipe.settings = mask(8).1;
        recipe.version = VERSION;
        let short = recipe.without_history();
        let (last, [style]) = (short.last(), short.last().styles.as_slice()) else { panic!("{short:?}") };
        assert_eq!((&last.masks, style.mix.crop), (&vec![mask(8).0], crop));
        assert_eq!((short.version, short.complete), (MASKS_VERSION, false));
        // That is what is left if there is no more room.
        let length = serde_json::to_string(&short).unwrap().len();
        let (back, remarks) = parse("a.png", &recipe.text(length).unwrap()).unwrap();
        assert_eq!((back, remarks), (short, Vec::new()));
        assert_eq!(recipe.text(length - 1), None);

        // Without any of it, older programs read what is left of a long history.
        let mut plain = self::recipe();
        plain.version = VERSION;
        plain.passes[0].masks = recipe.passes[0].masks.clone();
        assert_eq!(plain.without_history().version, 1);
    }

    /// A recipe whose mask was drawn in this many strokes, with a change for each.
    pub fn drawn(strokes: u32) -> Recipe {
        let mut mask: Option<Picture> = None;
        let mut recipe = recipe();
        let pass = &mut recipe.passes[0];
        for step in 0..strokes {
            let points = (0..60).map(|at| [at as f32 / 61.0, (at * (step + 3)) as f32 / 7.7 % 1.0]).collect();
            let shape = Shape::Brush { points, radius: 0.03, hardness: 0.5 };
            let base = mask.as_ref().and_then(|mask| mask.drawing.clone());
            let drawn = Drawing::on(base, (60, 40), Stroke::new(shape, Mode::Add)).unwrap();
            let masks = Masks { style_map: Some(drawn.reference()), ..Masks::default() };
            let job = impasto_test_support::job();
            let inputs = Inputs { masks: vec![Arc::new(drawn.clone())], ..job.inputs };
            pass.masks = Pass::new(&Job { inputs, ..impasto_test_support::job() }, Start::Beginning).masks;
            let settings = [("masks".to_owned(), serde_json::to_value(&masks).unwrap())];
            pass.changes.push(Change { step, settings: settings.into_iter().collect(), ..Change::default() });
            recipe.settings.masks = masks;
            mask = Some(drawn);
        }
        recipe.version = MASKS_VERSION;
        recipe
    }

    #[test]
    fn a_drawn_mask_comes_back_without_a_file_in_as_much_as_there_is_room_for() {
        let recipe = drawn(5);
        let hash = recipe.last().masks[4].sha256;
        let whole = recipe.text(1 << 20).unwrap();
        let (back, remarks) = parse("a.png", &whole).unwrap();
        assert_eq!((&back, remarks), (&recipe, Vec::new()));
        let pixels = |recipe: &Recipe| {
            let all = drawings(&recipe.last().masks).unwrap();
            all.get(&hash).map(|drawing| drawing.picture().unwrap().rgb)
        };
        let painted = pixels(&recipe);
        assert!(painted.is_some());
        // Its history goes first, then its strokes become one, then only its hash is left.
        let mut room = whole.len();
        let mut seen = Vec::new();
        while let Some(text) = recipe.text(room - 1) {
            room = text.len();
            let (back, _) = parse("a.png", &text).unwrap();
            assert_eq!(back.settings.masks, recipe.settings.masks);
            let state = (back.last().changes.len(), back.last().masks.len(), pixels(&back) == painted);
            if seen.last() != Some(&state) {
                seen.push(state);
            }
        }
        assert_eq!(seen, [(5, 5, true), (0, 5, true), (0, 1, true), (0, 1, false)]);
    }

    #[test]
    fn strokes_of_earlier_runs_are_written_once() {
        let mut recipe = drawn(3);
        recipe.thumbnails.clear();
        recipe.passes = vec![recipe.passes[0].clone(); 3];
        let text = recipe.text(1 << 20).unwrap();
        assert_eq!(text.matches("brush").count(), 3);
        assert_eq!(parse("a.png", &text).unwrap().0, recipe);
    }

    proptest! {
        /// Hostile texts are refused or parsed, and never panic.
        #[test]
        fn mutilated_recipes_do_no_harm(
            cut in 0..3000usize,
            edits in prop::collection::vec((0..3000usize, prop::sample::select(b"0129.-eE\"{}[],:nxa".to_vec())), 0..6),
        ) {
            let mut bare = recipe();
            bare.thumbnails.clear();
            let mut bytes = bare.text(1 << 20).unwrap().into_bytes();
            let length = bytes.len();
            for (at, value) in edits {
                bytes[at % length] = value;
            }
            if cut < length / 2 {
                bytes.truncate(length - cut);
            }
            if let Ok(text) = String::from_utf8(bytes)
                && let Ok((recipe, _)) = parse("a.png", &text)
            {
                prop_assert!(recipe.settings.validate().is_ok());
                let _ = (recipe.summary(), recipe.styles(), recipe.text(4000), recipe.record());
            }
        }
    }
}
