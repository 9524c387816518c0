//! The formats of time-lapses.

use std::path::Path;

use super::TimelapseError;

/// The file format of a time-lapse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Gif,
    WebP,
    Apng,
    Mp4,
    WebM,
}

impl Format {
    pub const ALL: [Format; 5] = [Format::Gif, Format::WebP, Format::Apng, Format::Mp4, Format::WebM];

    /// The format for a file's extension.
    ///
    /// # Errors
    ///
    /// If the extension is none of gif, webp, png, apng, mp4 and webm.
    pub fn of(path: &Path) -> Result<Self, TimelapseError> {
        let extension = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        match extension.as_str() {
            "gif" => Ok(Self::Gif),
            "webp" => Ok(Self::WebP),
            "png" | "apng" => Ok(Self::Apng),
            "mp4" => Ok(Self::Mp4),
            "webm" => Ok(Self::WebM),
            _ => Err(TimelapseError::Format { path: path.to_owned() }),
        }
    }

    pub fn extension(self) -> &'static str {
        match self {
            Self::Gif => "gif",
            Self::WebP => "webp",
            Self::Apng => "png",
            Self::Mp4 => "mp4",
            Self::WebM => "webm",
        }
    }

    /// Name for a list of choices.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gif => "GIF",
            Self::WebP => "WebP, lossless",
            Self::Apng => "Animated PNG",
            Self::Mp4 => "MP4 (needs ffmpeg)",
            Self::WebM => "WebM (needs ffmpeg)",
        }
    }

    pub(super) fn needs_ffmpeg(self) -> bool {
        matches!(self, Self::Mp4 | Self::WebM)
    }
}
