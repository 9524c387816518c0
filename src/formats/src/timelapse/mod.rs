//! Time-lapses: a sequence of pictures as an animated GIF, WebP or PNG, or as a video if `ffmpeg` is
//! installed.

mod apng;
mod encoder;
mod error;
mod ffmpeg;
mod format;
mod gif;
mod lettering;
mod system_fonts;
mod webp;

use std::{
    borrow::Cow,
    io::{self, BufWriter},
    path::Path,
};

use image::RgbImage;

use impasto_core::picture::{self, Filter};

use encoder::Encoder;
pub use error::TimelapseError;
pub use format::Format;
pub use lettering::{Lettering, caption};
pub use system_fonts::SystemFonts;

/// Playback of a time-lapse.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimelapseOptions {
    /// Pictures per second.
    pub rate: f64,
    /// Seconds that the last picture is shown longer.
    pub hold: f64,
    /// Longest side in pixels; `None` leaves the pictures as they are. Pictures are never enlarged.
    pub side: Option<u32>,
}

impl Default for TimelapseOptions {
    fn default() -> Self {
        Self { rate: 12.0, hold: 2.0, side: None }
    }
}

/// Slowest and fastest rate in pictures per second: GIF has no delay below 20 ms.
pub const RATES: std::ops::RangeInclusive<f64> = 0.5..=50.0;

/// Check what would make [`save`] fail, before a picture is painted.
///
/// # Errors
///
/// Those of [`save`] that can be foreseen.
pub fn check(path: &Path, overwrite: bool) -> Result<(), TimelapseError> {
    let format = Format::of(path)?;
    if format.needs_ffmpeg() {
        ffmpeg::find().ok_or(TimelapseError::NoFfmpeg { format })?;
    }
    if path.is_dir() {
        return Err(picture::SaveError::IsFolder { path: path.to_owned() }.into());
    }
    if !overwrite && path.exists() {
        return Err(picture::SaveError::Exists { path: path.to_owned() }.into());
    }
    Ok(())
}

/// Write `count` pictures, each in the shape of the first. The file appears only when it is complete. `go_on`
/// is called after every picture with the number of finished ones; returning false cancels.
///
/// # Errors
///
/// If the extension is unknown, the file exists and `overwrite` is not set, it cannot be written, ffmpeg is
/// missing or fails, a picture cannot be read, or `go_on` returned false.
pub fn save(
    path: &Path,
    overwrite: bool,
    count: usize,
    options: TimelapseOptions,
    frames: &mut dyn Iterator<Item = io::Result<RgbImage>>,
    go_on: &mut dyn FnMut(usize) -> bool,
) -> Result<(), TimelapseError> {
    check(path, overwrite)?;
    let format = Format::of(path)?;
    let rate = options.rate.clamp(*RATES.start(), *RATES.end());
    let mut frames = frames.peekable();
    let (width, height) = match frames.peek() {
        None => return Err(TimelapseError::Empty),
        Some(Err(_)) => (1, 1),
        Some(Ok(first)) => {
            let (width, height) = first.dimensions();
            let side = options.side.unwrap_or(u32::MAX).clamp(16, width.max(height).max(16));
            picture::fit(width, height, side.min(width.max(height)))
        }
    };
    picture::write_with(path, overwrite, |file| {
        let mut encoder: Box<dyn Encoder + '_> = match format {
            Format::Mp4 | Format::WebM => {
                Box::new(ffmpeg::Ffmpeg::start(format, file.part(), width, height, rate)?)
            }
            Format::Gif => Box::new(gif::Gif::new(&mut *file)?),
            Format::WebP => Box::new(webp::WebP::new(&mut *file, width, height)?),
            Format::Apng => {
                let frames = u32::try_from(count).unwrap_or(u32::MAX);
                Box::new(apng::Apng::new(BufWriter::new(&mut *file), width, height, frames)?)
            }
        };
        let mut done = 0;
        // Round the sums of times, so that a long time-lapse keeps its pace.
        let at = |frame: usize| (frame as f64 * 1000.0 / rate).round() as u32;
        for frame in frames {
            let frame = frame?;
            let frame = match frame.dimensions() == (width, height) {
                true => Cow::Borrowed(&frame),
                false => Cow::Owned(picture::resize(&frame, width, height, Filter::Lanczos)),
            };
            let hold = if done + 1 == count { (options.hold.max(0.0) * 1000.0) as u32 } else { 0 };
            encoder.add(&frame, at(done + 1) - at(done) + hold)?;
            done += 1;
            if !go_on(done) {
                return Err(TimelapseError::Cancelled);
            }
        }
        encoder.finish()
    })
}

#[cfg(test)]
mod tests;
