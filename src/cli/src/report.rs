//! The JSON report of a render: everything needed to compare runs and to repeat one.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::Context;
use serde::Serialize;

use impasto_base::{
    files::{Access, PartFile, folder_of},
    hash::Sha256Hash,
};
use impasto_core::{
    picture::Picture,
    settings::{Crop, Settings},
    transfer::Losses,
};
use impasto_engine::session::{Job, RunInfo};
use impasto_network::{compute::DeviceInfo, vgg::WeightsInfo};

/// How a render ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Outcome {
    Finished,
    Interrupted,
    Failed,
}

/// The whole report.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    settings: Settings,
    device: DeviceInfo,
    weights: WeightsInfo,
    width: u32,
    height: u32,
    content: PictureInfo,
    styles: Vec<StyleInfo>,
    outcome: Option<Outcome>,
    /// The error, if the render failed.
    error: Option<String>,
    /// Seconds from the program's start to the first painted picture.
    first_picture_seconds: Option<f64>,
    peak_memory_bytes: u64,
    /// The step at which the objective was first found to have converged.
    converged_at: Option<u32>,
    steps: Vec<StepEntry>,
}

#[derive(Debug, Serialize)]
struct PictureInfo {
    name: String,
    sha256: Sha256Hash,
}

#[derive(Debug, Serialize)]
struct StyleInfo {
    #[serde(flatten)]
    source: PictureInfo,
    /// As given, before the weights are normalised.
    weight: f64,
    scale: f64,
    /// Left, top, width and height of the part that counts, in fractions, if it is not all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<Crop>,
}

#[derive(Debug, Serialize)]
struct StepEntry {
    /// Counted from 1: the step whose update followed these losses.
    step: u32,
    #[serde(flatten)]
    losses: Losses,
    /// Seconds since painting began.
    seconds: f64,
}

impl From<&Picture> for PictureInfo {
    fn from(picture: &Picture) -> Self {
        Self { name: picture.name.clone(), sha256: picture.sha256 }
    }
}

impl Report {
    /// A report without steps.
    pub fn new(job: &Job, info: &RunInfo) -> Self {
        Self {
            settings: job.settings.clone(),
            device: info.device.clone(),
            weights: info.weights.clone(),
            width: info.width,
            height: info.height,
            content: job.inputs.content.as_ref().into(),
            styles: job
                .inputs
                .styles
                .iter()
                .map(|style| StyleInfo {
                    source: style.picture.as_ref().into(),
                    weight: style.mix.weight,
                    scale: style.mix.scale,
                    part: style.mix.crop,
                })
                .collect(),
            outcome: None,
            error: None,
            first_picture_seconds: None,
            peak_memory_bytes: 0,
            converged_at: None,
            steps: Vec::new(),
        }
    }

    /// Add a step's losses; a step that is already in is not changed.
    pub fn add(&mut self, step: u32, losses: &Losses, seconds: f64) {
        if self.steps.last().is_none_or(|last| last.step < step) {
            self.steps.push(StepEntry { step, losses: losses.clone(), seconds });
        }
    }

    /// Record that the objective has converged.
    pub fn converged(&mut self, step: u32) {
        self.converged_at = Some(step);
    }

    /// Set what is known only at the end.
    pub fn close(&mut self, outcome: Outcome, error: Option<String>, first_picture: Option<f64>, peak: u64) {
        self.outcome = Some(outcome);
        self.error = error;
        self.first_picture_seconds = first_picture;
        self.peak_memory_bytes = peak;
    }

    /// Write the report atomically.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        let cannot = || format!("cannot write the report {}", path.display());
        let mut json = serde_json::to_vec_pretty(self).with_context(cannot)?;
        json.push(b'\n');
        let mut part = part_file(path).with_context(cannot)?;
        part.write_all(&json).and_then(|()| part.finish(true)).with_context(cannot)
    }
}

/// Check, before any work starts, that a report can be written to this path.
pub(super) fn check_destination(path: &Path, overwrite: bool) -> anyhow::Result<()> {
    if path.is_dir() {
        anyhow::bail!("the report {} is a folder", path.display());
    }
    if path.exists() {
        anyhow::ensure!(
            path.is_file(),
            "the report {} is not a regular file; choose another",
            path.display()
        );
        anyhow::ensure!(
            overwrite,
            "{} exists already: choose another name for the report, or add --force",
            path.display()
        );
    }
    part_file(path).with_context(|| format!("cannot write the report {}", path.display()))?;
    Ok(())
}

/// A report is as readable as any other file.
fn part_file(path: &Path) -> io::Result<PartFile> {
    let folder = folder_of(path);
    if !folder.is_dir() {
        return Err(io::Error::new(
            io::ErrorKind::NotFound,
            format!("there is no folder {}", folder.display()),
        ));
    }
    PartFile::create(path, Access::Default)
}

/// Create the folder for numbered pictures, and check that it is writable.
///
/// # Errors
///
/// If it cannot be used, or contains numbered pictures and `overwrite` is not set.
pub(super) fn prepare_frames(folder: &Path, overwrite: bool) -> anyhow::Result<()> {
    let cannot = || format!("cannot use {} as the frames folder", folder.display());
    fs::create_dir_all(folder).with_context(cannot)?;
    tempfile::Builder::new().prefix(".impasto-").tempfile_in(folder).with_context(cannot)?;
    for entry in fs::read_dir(folder).with_context(cannot)? {
        let name = entry.with_context(cannot)?.file_name();
        let is_frame = name
            .to_str()
            .and_then(|name| name.strip_suffix(".png"))
            .is_some_and(|number| number.len() >= 6 && number.bytes().all(|byte| byte.is_ascii_digit()));
        if is_frame && !overwrite {
            anyhow::bail!(
                "the frames folder {} holds numbered pictures already, as {}; choose another or add --force",
                folder.display(),
                name.display()
            );
        }
    }
    Ok(())
}

/// Path of the numbered picture of a step.
pub(super) fn frame_path(folder: &Path, step: u32) -> PathBuf {
    folder.join(format!("{step:06}.png"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frames_folder_is_made_and_old_frames_are_kept() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("a/b");
        prepare_frames(&folder, false).unwrap();
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        fs::write(frame_path(&folder, 123), "").unwrap();
        let text = prepare_frames(&folder, false).unwrap_err().to_string();
        assert!(text.contains("000123.png") && text.contains("--force"), "{text}");
        prepare_frames(&folder, true).unwrap();
        assert!(prepare_frames(&folder.join("000123.png"), true).is_err());
    }

    #[test]
    fn a_reports_folder_must_exist() {
        let folder = tempfile::tempdir().unwrap();
        check_destination(&folder.path().join("r.json"), false).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let error = check_destination(&folder.path().join("gone/r.json"), false).unwrap_err();
        assert!(format!("{error:#}").contains("no folder"), "{error:#}");
        assert!(check_destination(folder.path(), false).is_err());
    }
}
