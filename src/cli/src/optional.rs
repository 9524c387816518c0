//! Outputs that a painting can do without: what goes wrong with them is told, and painting goes on.

use super::progress::Printer;

/// An optional output and what of it is lost.
pub(super) struct Optional {
    what: &'static str,
    lost: u32,
}

impl Optional {
    /// `what` is what one file of it is called.
    pub fn new(what: &'static str) -> Self {
        Self { what, lost: 0 }
    }

    /// Tells the first failure at once; the rest is counted.
    pub fn note(&mut self, result: anyhow::Result<()>, printer: &Printer) {
        let Err(error) = result else { return };
        if self.lost == 0 {
            let (what, reason) = (self.what, super::explain(&error));
            printer.warn(&format!("impasto: warning: cannot save {what}, painting goes on: {reason}"));
        }
        self.lost += 1;
    }

    /// Tells how much is lost.
    pub fn sum_up(&self, printer: &Printer) {
        if self.lost > 1 {
            printer.warn(&format!("impasto: warning: in all {} times: cannot save {}", self.lost, self.what));
        }
    }
}
