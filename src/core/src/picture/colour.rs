//! Embedded ICC profiles: convert every picture to sRGB, the colour space that VGG was trained in and that
//! the window displays.

use std::borrow::Cow;

use image::{DynamicImage, ImageBuffer, Rgb, RgbImage};
use moxcms::{
    CmsError, ColorProfile, DataColorSpace, Layout, Transform8BitExecutor, TransformExecutor,
    TransformOptions,
};

/// Convert the colours to sRGB, without their opacity; also returns a remark if the profile was ignored.
pub(super) fn to_srgb(image: DynamicImage, icc: Option<&[u8]>) -> (RgbImage, Option<String>) {
    let note = match icc.map(|icc| convert(&image, icc)) {
        None | Some(Ok(None)) => None,
        Some(Ok(Some(rgb))) => return (rgb, None),
        Some(Err(reason)) => Some(format!("its colour profile is ignored: {reason}")),
    };
    (image.into_rgb8(), note)
}

/// The converted colours; `None` if the profile is sRGB itself.
fn convert(image: &DynamicImage, icc: &[u8]) -> Result<Option<RgbImage>, String> {
    let profile = ColorProfile::new_from_slice(icc).map_err(|_| "it cannot be read".to_owned())?;
    let (layout, expected) = match image.color().has_color() {
        true => (Layout::Rgb, DataColorSpace::Rgb),
        false => (Layout::Gray, DataColorSpace::Gray),
    };
    // The decoders convert CMYK to RGB themselves, so a CMYK profile no longer applies.
    if profile.color_space != expected {
        return Err(match profile.color_space {
            DataColorSpace::Cmyk => "it is for CMYK colours".to_owned(),
            other => format!("it is for {other:?} colours, which this picture does not have"),
        });
    }
    transform(image, &profile, layout).map_err(|error| format!("it cannot be used ({error})"))
}

fn transform(
    image: &DynamicImage,
    profile: &ColorProfile,
    layout: Layout,
) -> Result<Option<RgbImage>, CmsError> {
    let srgb = ColorProfile::new_srgb();
    let options = TransformOptions::default();
    let eight_bit = profile.create_transform_8bit(layout, &srgb, Layout::Rgb, options)?;
    if is_identity(&*eight_bit, layout)? {
        return Ok(None);
    }
    let (width, height) = (image.width(), image.height());
    let grey = layout == Layout::Gray;
    let bytes_per_channel = image.color().bytes_per_pixel() / image.color().channel_count();
    if bytes_per_channel == 1 {
        let source = match image {
            DynamicImage::ImageRgb8(rgb) => Cow::Borrowed(rgb.as_raw()),
            DynamicImage::ImageLuma8(luma) => Cow::Borrowed(luma.as_raw()),
            _ if grey => Cow::Owned(image.to_luma8().into_raw()),
            _ => Cow::Owned(image.to_rgb8().into_raw()),
        };
        return apply(&*eight_bit, width, height, &source).map(Some);
    }
    // Round to 8 bits after the conversion, otherwise wide gamuts show banding.
    let sixteen_bit = profile.create_transform_16bit(layout, &srgb, Layout::Rgb, options)?;
    let source = if grey { image.to_luma16().into_raw() } else { image.to_rgb16().into_raw() };
    let rgb = apply(&*sixteen_bit, width, height, &source)?;
    Ok(Some(DynamicImage::ImageRgb16(rgb).into_rgb8()))
}

fn apply<T>(
    transform: &(dyn TransformExecutor<T> + Send + Sync),
    width: u32,
    height: u32,
    source: &[T],
) -> Result<ImageBuffer<Rgb<T>, Vec<T>>, CmsError>
where
    T: Copy + Default,
    Rgb<T>: image::Pixel<Subpixel = T>,
{
    let mut target = ImageBuffer::new(width, height);
    transform.transform(source, &mut target)?;
    Ok(target)
}

/// Whether a transform is the identity up to rounding. Most embedded profiles are variants of sRGB; such
/// pictures keep their exact pixels.
fn is_identity(transform: &Transform8BitExecutor, layout: Layout) -> Result<bool, CmsError> {
    let levels = || (0..=255_u8).step_by(15);
    let (source, same): (Vec<u8>, Vec<u8>) = if layout == Layout::Gray {
        (levels().collect(), levels().flat_map(|v| [v; 3]).collect())
    } else {
        let grid: Vec<u8> = levels()
            .flat_map(|r| levels().flat_map(move |g| levels().flat_map(move |b| [r, g, b])))
            .collect();
        (grid.clone(), grid)
    };
    let mut target = vec![0; same.len()];
    transform.transform(&source, &mut target)?;
    Ok(same.iter().zip(&target).all(|(a, b)| a.abs_diff(*b) <= 1))
}
