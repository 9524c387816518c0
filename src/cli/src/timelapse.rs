//! `impasto timelapse`, and the time-lapse of `impasto render --timelapse`.

use std::{
    io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use clap::Args;
use image::RgbImage;
use tempfile::TempDir;

use super::{
    INTERRUPTED, UsageError,
    interrupt::{self, is_set},
    progress::Printer,
};
use impasto_core::{
    picture::{self, Picture},
    settings::Settings,
};
use impasto_formats::timelapse::{self, Lettering, TimelapseError, TimelapseOptions};

#[derive(Debug, Args)]
pub(super) struct TimelapseArgs {
    /// Pictures, and folders of pictures such as those of `impasto render --frames`
    #[arg(value_name = "PICTURE", required = true)]
    pub pictures: Vec<PathBuf>,
    /// Output file for the time-lapse: .gif, .webp, .png (animated), or .mp4 and .webm if ffmpeg is installed
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
    /// Pictures per second, 0.5 to 50
    #[arg(long, value_name = "RATE", default_value_t = 12.0)]
    pub rate: f64,
    /// Seconds that the last picture is shown longer, 0 to 60
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0)]
    pub hold: f64,
    /// Longest side in pixels; pictures are never enlarged
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(16..))]
    pub side: Option<u32>,
    /// Replace an existing file
    #[arg(long, short, visible_alias = "overwrite")]
    pub force: bool,
    /// Print warnings and errors only
    #[arg(long, short)]
    pub quiet: bool,
}

/// Make a time-lapse of existing pictures.
pub(super) fn run(arguments: &TimelapseArgs) -> anyhow::Result<ExitCode> {
    let options = arguments.options()?;
    check(&arguments.output, arguments.force)?;
    let files = files(&arguments.pictures)?;
    let printer = Printer::new(arguments.quiet);
    let interrupted = interrupt::ctrl_c_flag(&printer)?;
    let mut frames = files.iter().map(|path| match Picture::open(path) {
        Ok(picture) => Ok(picture.flattened(Some(impasto_core::settings::Rgb::WHITE)).into_owned()),
        Err(error) => Err(io::Error::other(error.to_string())),
    });
    let done =
        timelapse::save(&arguments.output, arguments.force, files.len(), options, &mut frames, &mut |_| {
            !is_set(&interrupted)
        });
    match done {
        Err(TimelapseError::Cancelled) => {
            printer.info("interrupted: nothing is saved");
            Ok(ExitCode::from(INTERRUPTED))
        }
        done => {
            done?;
            printer.info(&format!("saved {} of {} pictures", arguments.output.display(), files.len()));
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The named pictures, and those in the named folders sorted by name.
fn files(given: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in given {
        if path.is_dir() {
            let inside =
                picture::files_in(path).with_context(|| format!("cannot read {}", path.display()))?;
            anyhow::ensure!(!inside.is_empty(), "there are no pictures in {}", path.display());
            files.extend(inside);
        } else {
            anyhow::ensure!(path.is_file(), "there is no picture {}", path.display());
            files.push(path.clone());
        }
    }
    Ok(files)
}

/// Check that a time-lapse can be written there.
pub(super) fn check(path: &Path, overwrite: bool) -> anyhow::Result<()> {
    timelapse::check(path, overwrite).map_err(|error| match error {
        TimelapseError::Save(picture::SaveError::Exists { path }) => {
            anyhow::anyhow!("{} exists already: choose another name, or add --force", path.display())
        }
        TimelapseError::Format { .. } => UsageError(error.to_string()).into(),
        error => error.into(),
    })
}

impl TimelapseArgs {
    fn options(&self) -> anyhow::Result<TimelapseOptions> {
        if !timelapse::RATES.contains(&self.rate) {
            let (low, high) = timelapse::RATES.into_inner();
            return Err(
                UsageError(format!("rate: is {}, but must be between {low} and {high}", self.rate)).into()
            );
        }
        if !(0.0..=60.0).contains(&self.hold) {
            return Err(UsageError(format!("hold: is {}, but must be between 0 and 60 s", self.hold)).into());
        }
        Ok(TimelapseOptions { rate: self.rate, hold: self.hold, side: self.side })
    }
}

/// The pictures of a painting, which become a time-lapse at its end.
pub(super) struct Film {
    output: PathBuf,
    overwrite: bool,
    folder: TempDir,
    steps: Vec<u32>,
    caption: Option<(Lettering, String)>,
}

impl Film {
    /// Collect pictures for `output`; `captions` writes the step and the weights on them.
    pub fn new(output: &Path, overwrite: bool, captions: bool, settings: &Settings) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("cannot make a temporary folder for the time-lapse")?;
        let weights = format!(
            "of {}   content {}   style {}",
            settings.steps, settings.content_weight, settings.style_weight
        );
        let caption = captions.then(|| (Lettering::default(), weights));
        Ok(Self { output: output.to_owned(), overwrite, folder, steps: Vec::new(), caption })
    }

    fn file(&self, step: u32) -> PathBuf {
        self.folder.path().join(format!("{step}.png"))
    }

    /// Add the picture of a step.
    pub fn add(&mut self, step: u32, picture: &RgbImage) -> anyhow::Result<()> {
        if self.steps.last() == Some(&step) {
            return Ok(());
        }
        match &mut self.caption {
            None => picture::save(picture, &self.file(step), true)?,
            Some((lettering, weights)) => {
                let mut written = picture.clone();
                timelapse::caption(&mut written, lettering, &format!("Step {step} {weights}"));
                picture::save(&written, &self.file(step), true)?;
            }
        }
        self.steps.push(step);
        Ok(())
    }

    /// Write the time-lapse, if anything was painted.
    pub fn save(self, printer: &Printer) -> anyhow::Result<()> {
        if self.steps.is_empty() {
            return Ok(());
        }
        let open = |step: &u32| image::open(self.file(*step)).map(|picture| picture.into_rgb8());
        let mut frames = self.steps.iter().map(|step| open(step).map_err(io::Error::other));
        let count = self.steps.len();
        timelapse::save(
            &self.output,
            self.overwrite,
            count,
            TimelapseOptions::default(),
            &mut frames,
            &mut |_| true,
        )?;
        printer.info(&format!("saved {}, {count} pictures", self.output.display()));
        Ok(())
    }
}
