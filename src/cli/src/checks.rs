//! Checks of a render's arguments before any work starts.

use std::path::Path;

use super::{UsageError, render::RenderArgs, report, style_arg::StyleArg, timelapse};
use impasto_core::{
    picture::{self, Example, SaveError, is_pasted},
    settings::{Init, Settings},
};

/// Make all checks that need no decoded picture and no open device.
pub(super) fn check(arguments: &RenderArgs, settings: &Settings) -> anyhow::Result<()> {
    settings.validate()?;
    styles(&arguments.style)?;
    picture::check_destination(&arguments.output, arguments.force).map_err(|error| match error {
        SaveError::Exists { path } => {
            anyhow::anyhow!("{} exists already: choose another name, or add --force", path.display())
        }
        error => error.into(),
    })?;
    keep_input(&arguments.output, arguments, settings)?;
    if let Some(report) = &arguments.report {
        report::check_destination(report, arguments.force)?;
        keep_input(report, arguments, settings)?;
        if same_file(report, &arguments.output) {
            return Err(
                UsageError("the report and the painted picture cannot be the same file".into()).into()
            );
        }
    }
    if let Init::File(file) = &settings.init {
        anyhow::ensure!(
            file.is_file(),
            "init: there is no picture {} (an initial image is content, noise, blank, style or a picture file)",
            file.display()
        );
    }
    if let Some(file) = &settings.palette
        && Example::named(file).is_none()
        && !is_pasted(file)
    {
        anyhow::ensure!(file.is_file(), "palette: there is no picture {}", file.display());
    }
    arguments.check_masks()?;
    if let Some(file) = &settings.weights {
        anyhow::ensure!(file.is_file(), "weights: there is no file {}", file.display());
    }
    if let Some(path) = &arguments.timelapse {
        timelapse::check(path, arguments.force)?;
        keep_input(path, arguments, settings)?;
        if same_file(path, &arguments.output) {
            return Err(
                UsageError("the time-lapse and the painted picture cannot be the same file".into()).into()
            );
        }
    }
    match &arguments.frames {
        Some(folder) => report::prepare_frames(folder, arguments.force),
        None => Ok(()),
    }
}

/// Check the mix of the styles.
pub(super) fn styles(styles: &[StyleArg]) -> Result<(), UsageError> {
    for style in styles {
        style
            .mix
            .validate()
            .map_err(|error| UsageError(format!("style {}: {}", style.path.display(), error.message)))?;
    }
    if !styles.is_empty() && styles.iter().all(|style| style.mix.share() == 0.0) {
        return Err(UsageError(
            "style: all pictures have weight 0; give at least one a positive weight".into(),
        ));
    }
    Ok(())
}

/// Whether both paths name one file, which need not exist yet.
fn same_file(a: &Path, b: &Path) -> bool {
    let whole = |path: &Path| {
        let name = path.file_name()?;
        let parent = path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
        Some(parent.canonicalize().ok()?.join(name))
    };
    a == b || whole(a).is_some_and(|a| whole(b) == Some(a))
}

/// Refuse to overwrite an input: `--force` is for the results of earlier renders.
fn keep_input(path: &Path, arguments: &RenderArgs, settings: &Settings) -> anyhow::Result<()> {
    let Ok(path) = path.canonicalize() else { return Ok(()) };
    let start = match &settings.init {
        Init::File(file) => Some(file),
        _ => None,
    };
    let mut inputs = arguments
        .content
        .iter()
        .chain(&arguments.recipe)
        .chain(arguments.style.iter().map(|style| &style.path))
        .chain(start)
        .chain(&settings.weights)
        .chain(&settings.palette)
        .chain(arguments.masks())
        .chain(arguments.settings.file());
    match inputs.find(|input| input.canonicalize().is_ok_and(|input| input == path)) {
        Some(input) => anyhow::bail!(
            "{} is one of the files to paint from; choose another file to write",
            input.display()
        ),
        None => Ok(()),
    }
}
