//! Where an item's painting begins, and the runs that it consists of.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context;
use image::RgbImage;
use serde::{Deserialize, Serialize};

use super::{Item, StoredPixels};
use crate::replay::{Replacements, ReplayPlan};
use impasto_base::text;
use impasto_core::{
    picture::Picture,
    run::{Job, Record, SourceRecord, Start},
    settings::{Init, MAX_SIZE, MIN_SIZE, Settings},
    transfer::Inputs,
};
use impasto_formats::{
    inputs::open_named,
    known::KnownFiles,
    recipe::{self, Found, Recipe},
    trust::Trust,
};

/// Where an item's painting begins. A picture that was painted before is stored in the queue's folder, with
/// its recipe in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ItemStart {
    /// At the settings' initial image.
    #[default]
    Beginning,
    /// At this picture, in the level of the pyramid that has its size.
    Picture(StoredPixels),
    /// At the beginning of this picture's recipe, whose runs are painted again with all their changes, in
    /// proportion to the item's size.
    Course {
        picture: StoredPixels,
        /// Sum of the runs' steps.
        steps: u32,
    },
}

impl ItemStart {
    pub(super) fn is_beginning(&self) -> bool {
        *self == Self::Beginning
    }

    /// The stored picture.
    pub(super) fn stored(&self) -> Option<&StoredPixels> {
        match self {
            Self::Beginning => None,
            Self::Picture(picture) | Self::Course { picture, .. } => Some(picture),
        }
    }
}

/// The runs of a painting, each continuing the one before.
#[derive(Debug)]
pub struct Runs {
    pub runs: Vec<ReplayPlan>,
    /// The picture that the first one continues, with its record.
    pub from: Option<(RgbImage, Record)>,
    /// They are those of a recipe, painted to its last step whether or not they converge.
    pub repeats: bool,
}

impl Runs {
    /// One run from the beginning.
    pub(super) fn one(run: ReplayPlan) -> Self {
        Self { runs: vec![run], from: None, repeats: false }
    }
}

impl Item {
    /// What is painted, from pictures opened by [`Item::open`]. `folder` is the queue's; other pictures of a
    /// course are found by their hashes among the `known` files.
    ///
    /// # Errors
    ///
    /// If a picture that the settings or a recipe name is not available.
    pub fn runs(
        &self,
        mut inputs: Inputs,
        folder: Option<&Path>,
        known: &KnownFiles,
    ) -> anyhow::Result<Runs> {
        // Only a painting from the beginning needs the initial image.
        let init = if self.start.is_beginning() { self.settings.init.clone() } else { Init::Content };
        open_named(&mut inputs, &Settings { init, ..self.settings.clone() })?;
        let plain = |inputs, start| {
            let job = Job { start, ..Job::new(self.id, inputs, self.settings.clone()) };
            Runs::one(ReplayPlan::plain(job, self.settings.steps))
        };
        Ok(match &self.start {
            ItemStart::Beginning => plain(inputs, Start::Beginning),
            ItemStart::Picture(stored) => {
                let (recipe, _) = stored_recipe(stored, folder)?;
                let record = recipe.record().context("its recipe has no run")?;
                let picture = stored.open(folder)?.rgb;
                // Like a moment: at the picture's own size, whatever the engine has painted before.
                Runs { from: Some((picture, record)), ..plain(inputs, Start::Moment) }
            }
            ItemStart::Course { picture, .. } => {
                let (recipe, trust) = self.course(picture, folder, known)?;
                let runs = self.course_runs(&recipe, &trust, &inputs, known)?;
                Runs { runs, from: None, repeats: true }
            }
        })
    }

    /// The recipe of a course, and which of the files that it names may be opened.
    fn course(
        &self,
        picture: &StoredPixels,
        folder: Option<&Path>,
        known: &KnownFiles,
    ) -> anyhow::Result<(Recipe, Trust)> {
        let (mut recipe, file) = stored_recipe(picture, folder)?;
        anyhow::ensure!(
            recipe.complete,
            "what was done to it is not known completely, so it cannot be repeated"
        );
        // The weights are the item's.
        recipe.settings.weights = None;
        recipe.passes.iter_mut().for_each(|pass| pass.settings.weights = None);
        let mut trust = Trust::beside(&file, &self.settings);
        recipe::locate(&mut recipe, &file, known, &mut trust);
        Ok((recipe, trust))
    }

    fn course_runs(
        &self,
        recipe: &Recipe,
        trust: &Trust,
        inputs: &Inputs,
        known: &KnownFiles,
    ) -> anyhow::Result<Vec<ReplayPlan>> {
        let styles = inputs.styles.iter().map(|style| &style.picture);
        let others = inputs.palette.iter().chain(&inputs.masks);
        let mut opened: Vec<Arc<Picture>> =
            [&inputs.content].into_iter().chain(styles).chain(others).cloned().collect();
        let mut open = |source: &SourceRecord| {
            if let Some(picture) = opened.iter().find(|picture| picture.sha256 == source.sha256) {
                return Ok(Arc::clone(picture));
            }
            match recipe::find(source, &[], known, trust) {
                Some(Found::Same(picture)) => {
                    opened.push(Arc::new(picture));
                    Ok(Arc::clone(&opened[opened.len() - 1]))
                }
                _ => anyhow::bail!(
                    "it was also painted from {}, which is not found",
                    text::display_name(&source.name)
                ),
            }
        };
        let factor = f64::from(self.settings.size) / f64::from(recipe.last().settings.size);
        // Device, memory and weights are this machine's.
        let change = |settings: Settings| -> anyhow::Result<Settings> {
            let size = (f64::from(settings.size) * factor).round();
            let settings = Settings {
                size: size.clamp(f64::from(MIN_SIZE), f64::from(MAX_SIZE)) as u32,
                device: self.settings.device.clone(),
                weights: self.settings.weights.clone(),
                low_memory: self.settings.low_memory,
                ..settings
            };
            settings.validate()?;
            if let Some((named, path)) = trust.refused(&settings).next() {
                anyhow::bail!("the {named} {} is not found", text::path(path));
            }
            Ok(settings)
        };
        let mut runs = ReplayPlan::of(recipe, &Replacements::default(), &mut open, &change)?;
        if let Some(last) = runs.last_mut().filter(|last| last.steps == 0) {
            last.steps = last.job.settings.steps;
        }
        Ok(runs)
    }
}

/// The recipe of a stored picture, and the picture's file.
fn stored_recipe(stored: &StoredPixels, folder: Option<&Path>) -> anyhow::Result<(Recipe, PathBuf)> {
    let path = stored.path(folder)?;
    let (recipe, _) = recipe::read_file(&path)?;
    Ok((recipe, path))
}
