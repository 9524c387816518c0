//! Runs that start or continue with less memory than intended.

use std::panic::{self, AssertUnwindSafe};

use super::{EngineError, PaintEngine};
use crate::session::worker::panic_text;
use impasto_core::{
    settings::{MIN_SIZE, Settings},
    transfer::{Less, Painting, TransferError},
};
use impasto_network::compute;

impl PaintEngine {
    /// Run `work`; a failure for want of memory, also as a panic, is [`TransferError::OutOfMemory`]. A
    /// failure that does not say so is one if the device has refused allocations since its count was
    /// `before`.
    pub(super) fn with_memory_errors<T>(
        &mut self,
        before: u64,
        work: impl FnOnce(&mut Self) -> Result<T, TransferError>,
    ) -> Result<T, TransferError> {
        let result = panic::catch_unwind(AssertUnwindSafe(|| work(self)));
        let failure = match &result {
            Ok(Err(TransferError::Device(text))) => Some(text.clone()),
            Ok(_) => None,
            Err(panic) => Some(panic_text(&**panic)),
        };
        if let Some(failure) = failure
            && (self.refusals() > before || compute::is_about_memory(&failure))
        {
            tracing::debug!("no memory left: {failure}");
            return Err(TransferError::OutOfMemory);
        }
        result.unwrap_or_else(|panic| panic::resume_unwind(panic))
    }

    /// Allocations that the device has refused so far, to any of the engines that use it.
    pub(super) fn refusals(&self) -> u64 {
        self.device.as_ref().map_or(0, |(_, device)| compute::refused(&device.tensor))
    }

    /// Run `work` on the current run; if the device has no memory left for it, again with less.
    pub(super) fn work<T>(
        &mut self,
        work: impl FnMut(&mut Painting) -> Result<T, TransferError>,
    ) -> Result<T, EngineError> {
        let refused = self.refusals();
        if self.run.is_some() && refused > self.refused {
            // Devices work behind, and another engine may share this one: only a run whose own picture cannot
            // be read was refused something.
            self.work_or_less(|run| run.read().map(drop))?;
            self.refused = refused;
        }
        Ok(self.work_or_less(work)?)
    }

    fn work_or_less<T>(
        &mut self,
        mut work: impl FnMut(&mut Painting) -> Result<T, TransferError>,
    ) -> Result<T, TransferError> {
        loop {
            match self.on_device(|engine| work(engine.run.as_mut().ok_or(TransferError::NoRun)?)) {
                Err(TransferError::OutOfMemory) if self.run.is_some() => self.go_on_with_less()?,
                result => return result,
            }
        }
    }

    /// Continue the run with less memory.
    fn go_on_with_less(&mut self) -> Result<(), TransferError> {
        self.extraction = None;
        loop {
            let less = |engine: &mut Self| engine.run.as_mut().ok_or(TransferError::NoRun)?.go_on_with_less();
            match self.on_device(less) {
                Err(TransferError::OutOfMemory) => {}
                Ok(None) => return Err(TransferError::OutOfMemory),
                Ok(Some(less)) => {
                    self.options.economy |= self.run.as_ref().is_some_and(Painting::saves_memory);
                    self.tell_less(less);
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
    }

    pub(super) fn tell_less(&mut self, less: Less) {
        let name = self.device.as_ref().map_or("the device", |(_, device)| &device.info.name);
        let text = less_text(name, less);
        self.limits.push(text);
    }
}

/// Reduce the settings of a run that could not start for want of memory; `None` if nothing is left to reduce.
/// `least` is the smallest longest side that the pictures allow.
pub(super) fn with_less(settings: &mut Settings, least: u32) -> Option<Less> {
    if !settings.low_memory {
        settings.low_memory = true;
        return Some(Less::Features);
    }
    let size = (f64::from(settings.longest_side()) / 2.0_f64.sqrt()).round() as u32;
    (size >= least.max(MIN_SIZE)).then(|| {
        settings.size = size;
        Less::Size(size)
    })
}

/// Message for the user.
fn less_text(device: &str, less: Less) -> String {
    match less {
        Less::Features => format!(
            "{device} has no memory left for this: painting goes on with low memory, where a step takes longer"
        ),
        Less::Size(size) => format!(
            "{device} has no memory left for a larger picture: painting goes on at {size} px. Close other programs that use the graphics card, or choose a smaller size"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_features_are_let_go_then_the_size_gets_smaller_down_to_the_least() {
        let mut settings = Settings { size: 512, ..Settings::default() };
        assert_eq!(with_less(&mut settings, 150), Some(Less::Features));
        assert!(settings.low_memory && settings.size == 512);
        let sizes: Vec<Less> = std::iter::from_fn(|| with_less(&mut settings, 150)).collect();
        assert_eq!(sizes, [362, 256, 181].map(Less::Size));
        assert_eq!(settings.size, 181);
    }
}
