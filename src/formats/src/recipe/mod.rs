//! Recipes: how a picture was painted, written into the picture's own file, to be read and painted again.
//!
//! A recipe is JSON with a version. It contains the settings and the worker's [`Record`] as they serialize
//! themselves, so that new fields are included automatically. Recipes are untrusted: sizes are bounded, and
//! every value is checked like the command line's. Of the files that a recipe names, only those with the
//! right hash are opened, and what [`Trust`](crate::trust::Trust) allows.
//!
//! A recipe names files by their names and hashes, without any folder: it is read by whoever gets the
//! picture.

mod check;
mod command_line;
mod error;
mod events;
mod find;
mod fit;
mod locate;
mod numbers;
mod read;
mod thumbnail;
mod version;
mod work;

use std::path::Path;

use serde::{Deserialize, Serialize};

use impasto_base::text;
use impasto_core::{
    run::{Pass, Record, RunInfo, SourceRecord, Strokes, StyleRecord, bare_name},
    settings::{Settings, StyleMix},
};

pub(crate) use check::check;
pub use command_line::{CommandLine, CommandStyle, EXAMPLE, quoted};
pub use error::RecipeError;
pub use events::{EventKind, ReplayEvent, events};
pub use find::{Found, find};
pub(crate) use find::{has_hash, is_file_of};
pub use locate::{is_bare, locate};
pub(crate) use numbers::parse as exact_json;
pub(crate) use read::adapt;
pub use read::{parse, read_file};
pub use thumbnail::Thumbnail;
pub use version::VERSION;
use version::version_of;
pub(crate) use version::{MASKS_VERSION, version_of_mix, version_of_tracks};
pub use work::{FileMatch, compare_file};

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

    /// Leave out the strokes that an earlier run has too, or are `known` otherwise, by [`leave_out_strokes`];
    /// or bring them back, by [`bring_back_strokes`](impasto_core::run::bring_back_strokes).
    pub(crate) fn with_strokes(&mut self, each: fn(&mut [SourceRecord], &mut Strokes), known: &mut Strokes) {
        self.passes.iter_mut().for_each(|pass| each(&mut pass.masks, known));
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
        },
        run::{Change, Job, Start},
        settings::Masks,
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
