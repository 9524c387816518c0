//! Opening the pictures that settings name by their files: the palette, the initial image and the masks.

use std::{path::Path, sync::Arc};

use impasto_base::text;
use impasto_core::{
    picture::{Example, Picture, PictureError, is_pasted},
    settings::{Init, Settings},
    transfer::Inputs,
};

/// A picture that settings name and that cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum NamedError {
    /// The palette's file.
    #[error("cannot open the palette")]
    Palette(#[source] PictureError),
    /// A pasted palette has no file.
    #[error("the palette was pasted and has no file: choose another, or the content's colours")]
    Pasted,
    /// The initial image's file.
    #[error("cannot open the initial image")]
    Initial(#[source] PictureError),
    /// A mask's file.
    #[error("cannot open the mask {name}")]
    Mask { name: String, source: PictureError },
}

/// Open the pictures that the settings name and the inputs do not have yet.
///
/// # Errors
///
/// If a picture cannot be opened.
pub fn open_named(inputs: &mut Inputs, settings: &Settings) -> Result<(), NamedError> {
    if inputs.palette.is_none() {
        inputs.palette = settings.palette.as_deref().map(open_palette).transpose()?;
    }
    if inputs.initial.is_none() {
        inputs.initial = open_initial(settings)?;
    }
    if inputs.masks.is_empty() {
        inputs.masks = settings.masks.files().map(open_mask).collect::<Result<_, _>>()?;
    }
    Ok(())
}

/// Open the palette of this name: a file or a bundled picture.
///
/// # Errors
///
/// If it cannot be opened.
pub fn open_palette(name: &Path) -> Result<Arc<Picture>, NamedError> {
    if is_pasted(name) {
        return Err(NamedError::Pasted);
    }
    match Example::named(name) {
        Some(example) => Ok(Arc::new(example.open())),
        None => Picture::open(name).map(Arc::new).map_err(NamedError::Palette),
    }
}

/// Open a mask.
///
/// # Errors
///
/// If it cannot be opened.
pub fn open_mask(name: &Path) -> Result<Arc<Picture>, NamedError> {
    let error = |source| NamedError::Mask { name: text::path(name), source };
    Picture::open(name).map(Arc::new).map_err(error)
}

/// Open the picture that [`Init::File`] names.
///
/// # Errors
///
/// If it cannot be opened.
pub fn open_initial(settings: &Settings) -> Result<Option<Arc<Picture>>, NamedError> {
    let Init::File(path) = &settings.init else { return Ok(None) };
    Picture::open(path).map(|picture| Some(Arc::new(picture))).map_err(NamedError::Initial)
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use image::RgbImage;

    use super::*;
    use impasto_core::{picture, settings::Masks, transfer::StyleSource};

    fn inputs() -> Inputs {
        let style = StyleSource::new(Arc::new(picture::STYLES[0].open()));
        Inputs::new(Arc::new(picture::CONTENTS[0].open()), vec![style])
    }

    fn error_text(settings: &Settings) -> String {
        let error = open_named(&mut inputs(), settings).unwrap_err();
        format!("{error}: {}", error.source().map_or_else(String::new, ToString::to_string))
    }

    #[test]
    fn named_pictures_are_opened_unless_they_are_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("leaves.png");
        RgbImage::from_pixel(30, 30, image::Rgb([20, 180, 30])).save(&path).unwrap();
        let settings =
            Settings { palette: Some(path.clone()), init: Init::File(path), ..Settings::default() };
        let mut inputs = inputs();
        open_named(&mut inputs, &Settings::default()).unwrap();
        assert!(inputs.palette.is_none() && inputs.initial.is_none());
        open_named(&mut inputs, &settings).unwrap();
        let name = |picture: &Option<Arc<Picture>>| picture.as_ref().unwrap().name.clone();
        assert_eq!([name(&inputs.palette), name(&inputs.initial)], ["leaves.png", "leaves.png"]);
        let embers = Settings { palette: Some("example:Embers".into()), ..settings };
        open_named(&mut inputs, &embers).unwrap();
        assert_eq!(name(&inputs.palette), "leaves.png");
        inputs.palette = None;
        open_named(&mut inputs, &embers).unwrap();
        assert_eq!(name(&inputs.palette), "Embers");
        let masks = Masks { style_map: Some(folder.path().join("leaves.png")), ..Masks::default() };
        open_named(&mut inputs, &Settings { masks, ..Settings::default() }).unwrap();
        assert_eq!(inputs.masks[0].name, "leaves.png");
    }

    #[test]
    fn pictures_that_cannot_be_opened_are_reported() {
        let text =
            error_text(&Settings { palette: Some("no-such-palette.png".into()), ..Settings::default() });
        assert!(text.contains("palette") && text.contains("no-such-palette.png"), "{text}");
        let text = error_text(&Settings { palette: Some("pasted:00ff".into()), ..Settings::default() });
        assert!(text.contains("was pasted"), "{text}");
        let masks = Masks { style_map: Some("no-such-mask.png".into()), ..Masks::default() };
        let text = error_text(&Settings { masks, ..Settings::default() });
        assert!(text.contains("cannot open the mask no-such-mask.png"), "{text}");
        let text =
            error_text(&Settings { init: Init::File("no-such-picture.png".into()), ..Settings::default() });
        assert!(text.contains("initial image") && text.contains("no-such-picture.png"), "{text}");
    }
}
