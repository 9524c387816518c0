//! Saving the result of commands that make many pictures into one.

use std::{path::Path, process::ExitCode};

use image::RgbImage;

use super::{
    FAILED, INTERRUPTED,
    progress::{self, Printer},
};
use impasto_core::picture::{self, SaveError};

/// Check a destination before anything is made for it.
pub(super) fn check(output: &Path, force: bool) -> anyhow::Result<()> {
    picture::check_destination(output, force).map_err(|error| match error {
        SaveError::Exists { path } => {
            anyhow::anyhow!("{} exists already: choose another name, or add --force", path.display())
        }
        error => error.into(),
    })
}

/// The result of making a sheet's pictures.
pub(super) struct SheetResult {
    /// Participle, singular and plural: painted, cell, cells.
    pub what: [&'static str; 3],
    pub count: usize,
    pub of: usize,
    /// Time taken.
    pub seconds: f64,
    /// Ctrl-C was pressed.
    pub stopped: bool,
    pub failures: Vec<String>,
}

impl SheetResult {
    /// Save the sheet, if it has any pictures, and report the result.
    pub fn save(
        self,
        printer: &Printer,
        output: &Path,
        force: bool,
        sheet: impl FnOnce() -> RgbImage,
    ) -> anyhow::Result<ExitCode> {
        let [done, one, many] = self.what;
        if self.count == 0 {
            if self.stopped {
                printer.info(&format!("interrupted: nothing was {done} yet, so nothing is saved"));
                return Ok(ExitCode::from(INTERRUPTED));
            }
            anyhow::bail!("no {one} could be {done}: {}", self.failures.first().map_or("", String::as_str));
        }
        let sheet = sheet();
        picture::save(&sheet, output, force).inspect_err(|_| {
            let saved = picture::save_elsewhere(&sheet, output, &picture::fallback_folders(), &|_| None);
            printer.warn(&super::render::rescued(&saved));
        })?;
        printer.info(&format!(
            "saved {} with {} of {} {many} after {}",
            output.display(),
            self.count,
            self.of,
            progress::duration(self.seconds)
        ));
        for failure in &self.failures {
            printer.warn(&format!("impasto: warning: {failure}"));
        }
        Ok(match (self.stopped, self.failures.is_empty()) {
            (true, _) => ExitCode::from(INTERRUPTED),
            (false, true) => ExitCode::SUCCESS,
            (false, false) => ExitCode::from(FAILED),
        })
    }
}
