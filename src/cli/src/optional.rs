//! Optional outputs of a painting: a failure is reported, and painting continues.

use super::progress::Printer;

/// An optional output, and how often it has failed.
pub(super) struct OptionalOutput {
    what: &'static str,
    lost: u32,
}

impl OptionalOutput {
    /// `what` names one file of it.
    pub fn new(what: &'static str) -> Self {
        Self { what, lost: 0 }
    }

    /// Report the first failure at once; count the others.
    pub fn note(&mut self, result: anyhow::Result<()>, printer: &Printer) {
        let Err(error) = result else { return };
        if self.lost == 0 {
            let (what, reason) = (self.what, super::explain(&error));
            printer.warn(&format!("impasto: warning: cannot save {what}, painting continues: {reason}"));
        }
        self.lost += 1;
    }

    /// Report the number of failures.
    pub fn report_total(&self, printer: &Printer) {
        if self.lost > 1 {
            printer.warn(&format!("impasto: warning: cannot save {}: {} times in all", self.what, self.lost));
        }
    }
}
