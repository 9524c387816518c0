//! The runs of a render: from the flags, or from a picture's recipe and the flags that change it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context;

use super::{UsageError, render::RenderArgs, style_arg::StyleArg};
use impasto_base::{hash::Sha256Hash, text};
use impasto_core::{
    picture::{self, Picture},
    settings::Settings,
    transfer::Inputs,
};
use impasto_engine::{
    replay::{Replacements, ReplayPlan},
    session::{Job, SourceRecord, StyleSource},
};
use impasto_formats::{
    inputs::open_named,
    known::KnownFiles,
    recipe::{self, EXAMPLE, Found, Recipe},
    trust::Trust,
};

/// The runs to paint, of which the last gives the picture, and notices for the user.
pub(super) struct PlannedRuns {
    pub runs: Vec<ReplayPlan>,
    pub remarks: Vec<String>,
    /// Hash of the network of the recipe.
    pub network: Option<String>,
    /// The device of the recipe, if painting it again there would give the same picture.
    pub device: Option<String>,
}

/// Check that every file that the settings name may be opened.
fn check_named(trust: &Trust, settings: &Settings) -> Result<(), UsageError> {
    match trust.refused(settings).next() {
        None => Ok(()),
        Some((named, path)) if recipe::is_bare(path) => Err(UsageError(format!(
            "{flag}: the {named} {path} of the recipe is not found: put it beside the recipe, or give it with --{flag}",
            flag = named.flag(),
            path = path.display()
        ))),
        Some((named, path)) => Err(UsageError(format!(
            "{flag}: the recipe names the {named} {path}, which is not beside it; if you trust it, add --{flag} {path}",
            flag = named.flag(),
            path = path.display()
        ))),
    }
}

/// The recipe of `--recipe`.
pub(super) struct GivenRecipe {
    pub recipe: Recipe,
    /// Notices for the user.
    remarks: Vec<String>,
    /// Which of the files that it names may be opened: those beside it, those that the command line names
    /// too, and those with the hash that it states.
    trust: Trust,
}

impl GivenRecipe {
    /// Read it, if it was given.
    pub(super) fn read(arguments: &RenderArgs) -> anyhow::Result<Option<Self>> {
        let Some(file) = arguments.recipe.as_deref() else { return Ok(None) };
        let own = arguments.settings_over(Settings::default())?;
        let (mut recipe, mut remarks) = recipe::read_file(file)?;
        let mut trust = Trust::beside(file, &own);
        remarks.extend(recipe::locate(&mut recipe, file, &KnownFiles::of_user(), &mut trust));
        Ok(Some(Self { recipe, remarks, trust }))
    }

    /// Check that every file that the settings name may be opened.
    pub(super) fn check(&self, settings: &Settings) -> Result<(), UsageError> {
        check_named(&self.trust, settings)
    }
}

/// Open every picture and plan the runs.
pub(super) fn open(
    arguments: &RenderArgs,
    settings: Settings,
    recipe: Option<GivenRecipe>,
) -> anyhow::Result<PlannedRuns> {
    let content = arguments.content.as_deref().map(open_picture).transpose()?;
    let styles: Vec<StyleSource> = arguments.style.iter().map(open_style).collect::<anyhow::Result<_>>()?;
    let stop = |steps: u32| arguments.stop_after.unwrap_or(steps);
    let Some(GivenRecipe { recipe, remarks, trust }) = recipe else {
        let content = content.ok_or_else(|| UsageError("content: no picture is given".to_owned()))?;
        let steps = stop(settings.steps);
        let mut inputs = Inputs::new(content, styles);
        open_named(&mut inputs, &settings)?;
        arguments.check_regions(&inputs, &settings)?;
        let job = Job::new(1, inputs, settings);
        let runs = vec![ReplayPlan::plain(job, steps)];
        return Ok(PlannedRuns { runs, remarks: Vec::new(), network: None, device: None });
    };
    let replacements = Replacements { content, styles: (!styles.is_empty()).then_some(styles) };
    let mut planned = from_recipe(arguments, &settings, recipe, &trust, &replacements)?;
    planned.remarks.splice(0..0, remarks);
    for run in &planned.runs {
        arguments.check_regions(&run.job.inputs, &run.job.settings)?;
    }
    if let Some(last) = planned.runs.last_mut() {
        if arguments.settings.is_given("steps") || arguments.settings.is_given("objective") {
            last.steps = last.job.settings.steps;
        }
        // A recipe of the initial image alone: paint the whole run.
        if last.steps == 0 {
            last.steps = last.job.settings.steps;
        }
        last.steps = stop(last.steps);
    }
    Ok(planned)
}

/// The recipe's runs. If one of their pictures is missing, or the recipe is incomplete, the last run alone
/// with the final settings.
fn from_recipe(
    arguments: &RenderArgs,
    settings: &Settings,
    recipe: Recipe,
    trust: &Trust,
    replacements: &Replacements,
) -> anyhow::Result<PlannedRuns> {
    let file = arguments.recipe.as_deref().unwrap_or(Path::new(""));
    let folders = folders_beside(file);
    let mut remarks = Vec::new();
    let change = |settings: Settings| -> anyhow::Result<Settings> {
        let settings = arguments.resolved(settings)?;
        settings.validate()?;
        check_named(trust, &settings)?;
        Ok(settings)
    };
    let same = replacements.content.is_none() && replacements.styles.is_none();
    let mut runs = None;
    if recipe.complete {
        let mut found = PictureFinder::new(file, &folders, trust);
        match ReplayPlan::of(&recipe, replacements, &mut |source| found.open(source), &change) {
            Ok(all) => {
                remarks.append(&mut found.remarks);
                runs = Some(all);
            }
            // A single run has no fallback.
            Err(error) if recipe.passes.len() == 1 || error.is::<UsageError>() => return Err(error),
            Err(error) => remarks.push(format!(
                "the runs before the last cannot be painted again, so it starts from the beginning ({error:#})"
            )),
        }
    } else {
        remarks
            .push("the recipe is incomplete, so its last settings are painted from the beginning".to_owned());
    }
    let complete = runs.is_some();
    let runs = match runs {
        Some(runs) => runs,
        None => {
            let mut found = PictureFinder::new(file, &folders, trust);
            let mut last = recipe.last().clone();
            (last.content, last.styles) = (recipe.content().clone(), recipe.styles());
            last.changes.clear();
            last.settings = settings.clone();
            last.steps = settings.steps;
            let alone = Recipe { passes: vec![last], ..recipe.clone() };
            let runs = ReplayPlan::of(&alone, replacements, &mut |source| found.open(source), &change)?;
            remarks.append(&mut found.remarks);
            runs
        }
    };
    let device = (complete && same).then_some(recipe.device);
    Ok(PlannedRuns { runs, remarks, network: Some(recipe.network.sha256), device })
}

/// The folders to search for a recipe's pictures: beside the picture, and the current one.
fn folders_beside(file: &Path) -> Vec<PathBuf> {
    let beside = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    vec![beside.to_owned(), PathBuf::from(".")]
}

struct PictureFinder<'a> {
    folders: &'a [PathBuf],
    trust: &'a Trust,
    file: &'a Path,
    known: KnownFiles,
    remarks: Vec<String>,
    found: Vec<(Sha256Hash, Arc<Picture>)>,
}

impl<'a> PictureFinder<'a> {
    fn new(file: &'a Path, folders: &'a [PathBuf], trust: &'a Trust) -> Self {
        Self { folders, trust, file, known: KnownFiles::of_user(), remarks: Vec::new(), found: Vec::new() }
    }

    fn open(&mut self, source: &SourceRecord) -> anyhow::Result<Arc<Picture>> {
        if let Some((_, picture)) = self.found.iter().find(|(hash, _)| *hash == source.sha256) {
            return Ok(Arc::clone(picture));
        }
        let found = recipe::find(source, self.folders, &self.known, self.trust).with_context(|| {
            let place = source.path.as_ref().map(|path| format!(": it was {}", text::path(path)));
            format!(
                "the picture {} of the recipe is not found{}; put it beside {}, or give another with --content, --style or --palette",
                text::display_name(&source.name),
                place.unwrap_or_default(),
                self.file.display()
            )
        })?;
        if matches!(found, Found::Changed(_)) {
            self.remarks.push(format!(
                "{} has changed since the recipe was written",
                text::display_name(&source.name)
            ));
        }
        let picture = Arc::new(found.picture());
        self.found.push((source.sha256, Arc::clone(&picture)));
        Ok(picture)
    }
}

/// Open a style that the command line names.
pub(super) fn open_style(style: &StyleArg) -> anyhow::Result<StyleSource> {
    Ok(style.source(open_picture(&style.path)?)?)
}

/// Open a picture that the command line names: a file or a pipe, or a bundled one by `example:NAME`.
pub(super) fn open_picture(path: &Path) -> anyhow::Result<Arc<Picture>> {
    let example = path.to_str().and_then(|text| text.strip_prefix(EXAMPLE)).filter(|_| !path.exists());
    Ok(Arc::new(match example {
        None => Picture::open_any(path)?,
        Some(title) => match picture::example(title) {
            Some(example) => example.open(),
            None => {
                let titles: Vec<&str> =
                    picture::CONTENTS.iter().chain(&picture::STYLES).map(|example| example.title).collect();
                anyhow::bail!("no bundled picture is called {title}; there are: {}", titles.join(", "))
            }
        },
    }))
}
