//! The pictures that settings name by their files: the palette and the initial image.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use impasto_core::{
    picture::{Example, Picture, PictureError},
    settings::{Init, Settings},
    transfer::Palette,
};

/// A picture that the settings name and that cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum NamedError {
    #[error("cannot open the palette")]
    Palette(#[source] PictureError),
    #[error("cannot open the initial image")]
    Initial(#[source] PictureError),
}

/// The picture that [`Init::File`] names.
///
/// # Errors
///
/// When it cannot be opened.
pub fn initial(settings: &Settings) -> Result<Option<Arc<Picture>>, NamedError> {
    let Init::File(path) = &settings.init else { return Ok(None) };
    Picture::open(path).map(|picture| Some(Arc::new(picture))).map_err(NamedError::Initial)
}

/// The palette that was opened last.
#[derive(Default)]
pub struct OpenPalette(Option<(PaletteFile, Palette)>);

/// A file, and when it was written: as long as both stay, so do its colours.
type PaletteFile = (PathBuf, Option<SystemTime>);

impl OpenPalette {
    /// The palette that the settings name, opened unless it is the one that is open and its file has not changed.
    ///
    /// # Errors
    ///
    /// When it cannot be opened; the one before stays open.
    pub fn of(&mut self, settings: &Settings) -> Result<Option<Palette>, NamedError> {
        let Some(path) = &settings.palette else {
            self.0 = None;
            return Ok(None);
        };
        let file = (path.clone(), written(path));
        if let Some((open, palette)) = &self.0
            && *open == file
        {
            return Ok(Some(palette.clone()));
        }
        let picture = match Example::named(path) {
            Some(example) => example.open(),
            None => Picture::open(path).map_err(NamedError::Palette)?,
        };
        let palette = Palette::new(&picture, settings.background);
        self.0 = Some((file, palette.clone()));
        Ok(Some(palette))
    }
}

fn written(path: &Path) -> Option<SystemTime> {
    path.metadata().ok()?.modified().ok()
}

#[cfg(test)]
mod tests {
    use std::{error::Error, time::Duration};

    use image::RgbImage;

    use super::*;
    use impasto_core::settings::Rgb;

    fn told(error: &NamedError) -> String {
        format!("{error}: {}", error.source().unwrap())
    }

    #[test]
    fn a_palette_is_read_again_when_its_file_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("leaves.png");
        let save = |green: u8| RgbImage::from_pixel(30, 30, image::Rgb([20, green, 30])).save(&path).unwrap();
        let expected = || Some(Palette::new(&Picture::open(&path).unwrap(), Rgb::WHITE));
        save(180);
        let mut settings = Settings { palette: Some(path.clone()), ..Settings::default() };
        let mut open = OpenPalette::default();
        let first = open.of(&settings).unwrap();
        assert_eq!(first, expected());
        save(90);
        let touch = |seconds| {
            let later = SystemTime::now() + Duration::from_secs(seconds);
            std::fs::File::options().write(true).open(&path).unwrap().set_modified(later).unwrap();
        };
        touch(9);
        let second = open.of(&settings).unwrap();
        assert_eq!(second, expected());
        assert_ne!(second, first);
        // One that cannot be opened is named and leaves the one before.
        settings.palette = Some("no-such-palette.png".into());
        let text = told(&open.of(&settings).unwrap_err());
        assert!(text.contains("palette") && text.contains("no-such-palette.png"), "{text}");
        assert_eq!(open.0.as_ref().map(|(_, palette)| palette), second.as_ref());
        settings.palette = Some("example:Embers".into());
        assert_ne!(open.of(&settings).unwrap(), second);
        settings.palette = None;
        assert_eq!(open.of(&settings).unwrap(), None);
    }

    #[test]
    fn an_initial_image_that_is_missing_is_named() {
        let settings = Settings { init: Init::File("no-such-picture.png".into()), ..Settings::default() };
        let text = told(&initial(&settings).unwrap_err());
        assert!(text.contains("initial image") && text.contains("no-such-picture.png"), "{text}");
        assert!(initial(&Settings::default()).unwrap().is_none());
    }
}
