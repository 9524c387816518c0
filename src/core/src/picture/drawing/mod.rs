//! Drawn masks: kept as the strokes that made them, so that each is one step of undo and a recipe stays
//! small.

mod chain;
mod raster;
mod snap;

use std::{io::Cursor, sync::Arc};

use image::{GrayImage, ImageFormat, ImageReader};
use serde::{Deserialize, Serialize};

use super::{Filter, Picture, PictureError, decode_bounded, resize};
use crate::settings::Rgb;
use impasto_base::hash::Sha256Hash;

pub use raster::{Trace, draw, size_for};
pub use snap::{pixels_of, snap, snap_radius};

/// Maximum number of points of a stroke.
pub const MAX_POINTS: usize = 4096;
/// Maximum radius of a brush, in fractions of the longer side.
const MAX_RADIUS: f32 = 2.0;
/// Maximum number of strokes of a mask, beyond which those before become one, and of all masks of a run.
pub const MAX_STROKES: usize = 2000;
/// Maximum bytes of a stroke's pixels, encoded.
pub const MAX_PIXEL_BYTES: usize = 4 << 20;

/// A mask as its strokes, the newest first; each has those before it as its `base`. Cheap to share.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawing {
    /// Of the pixels, as [`Picture::pixel_hash`].
    pub sha256: Sha256Hash,
    /// Width and height in pixels.
    pub size: (u32, u32),
    /// What was there before; black if none.
    pub base: Option<Arc<Drawing>>,
    pub stroke: Stroke,
}

/// One change of a mask.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stroke {
    pub shape: Shape,
    #[serde(default)]
    pub mode: Mode,
    /// 0 to 1.
    pub opacity: f32,
}

/// How a stroke changes what is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// m + s·(1 − m), for a shape s.
    #[default]
    Add,
    /// m·(1 − s).
    Subtract,
    /// m·s.
    Intersect,
    /// s.
    Replace,
    /// m·(1 − s) + (1 − m)·s.
    Invert,
}

/// Where a stroke is. Points are in fractions of the picture's width and height, radii in fractions of its
/// longer side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Shape {
    /// The whole picture.
    All,
    /// Along a line: 1 up to `hardness` of the radius, then falling to 0 at the radius.
    Brush { points: Vec<[f32; 2]>, radius: f32, hardness: f32 },
    /// From 1 at the first point to 0 at the second, in straight bands across.
    Gradient { from: [f32; 2], to: [f32; 2] },
    /// With half axes along the picture's sides, and an edge that is `feather` wide.
    Ellipse { centre: [f32; 2], radii: [f32; 2], feather: f32 },
    /// Inside of a closed line, by the even-odd rule, with an edge that is `feather` wide.
    Path { points: Vec<[f32; 2]>, feather: f32 },
    /// A grey picture: what no shape tells, such as a mask's file or a mask that follows edges.
    Pixels(GreyPixels),
}

/// A grey picture, encoded as PNG.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GreyPixels(Arc<[u8]>);

impl GreyPixels {
    /// Encode.
    ///
    /// # Errors
    ///
    /// If it needs more than [`MAX_PIXEL_BYTES`].
    pub fn new(pixels: &GrayImage) -> Result<Self, String> {
        let mut bytes = Vec::new();
        pixels.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).map_err(|e| e.to_string())?;
        Self::of_bytes(bytes)
    }

    /// Decode, at most as large as a mask of these strokes may be.
    ///
    /// # Errors
    ///
    /// If the bytes are no picture, or it is too large.
    pub fn decode(&self) -> Result<GrayImage, String> {
        let decoded = decode_bounded(&self.0, ImageFormat::Png, raster::LONG_SIDE, 64 << 20);
        Ok(decoded.map_err(|error| error.to_string())?.into_luma8())
    }

    /// Width and height in pixels, by its header.
    fn dimensions(&self) -> Result<(u32, u32), String> {
        let reader = ImageReader::with_format(Cursor::new(&*self.0), ImageFormat::Png);
        reader.into_dimensions().map_err(|error| error.to_string())
    }

    /// Bytes in memory.
    pub fn bytes(&self) -> usize {
        self.0.len()
    }

    fn of_bytes(bytes: Vec<u8>) -> Result<Self, String> {
        match bytes.len() <= MAX_PIXEL_BYTES {
            true => Ok(Self(bytes.into())),
            false => Err(format!("its pixels need {} bytes, more than {MAX_PIXEL_BYTES}", bytes.len())),
        }
    }
}

impl From<GreyPixels> for String {
    fn from(pixels: GreyPixels) -> Self {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        STANDARD.encode(&*pixels.0)
    }
}

impl TryFrom<String> for GreyPixels {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        if text.len() > MAX_PIXEL_BYTES / 3 * 4 + 4 {
            return Err("its pixels are too large".to_owned());
        }
        Self::of_bytes(STANDARD.decode(text).map_err(|error| error.to_string())?)
    }
}

impl Stroke {
    /// After which the mask has these pixels.
    ///
    /// # Errors
    ///
    /// As [`GreyPixels::new`].
    pub fn of_pixels(pixels: &GrayImage) -> Result<Self, String> {
        Ok(Self::new(Shape::Pixels(GreyPixels::new(pixels)?), Mode::Replace))
    }

    /// With full opacity.
    pub fn new(shape: Shape, mode: Mode) -> Self {
        Self { shape, mode, opacity: 1.0 }
    }

    /// Check that it can be drawn.
    ///
    /// # Errors
    ///
    /// In words, if it has no or too many points, or numbers that are not finite or far outside.
    pub fn validate(&self) -> Result<(), String> {
        let near = |value: f32| value.is_finite() && value.abs() <= 16.0;
        let share = |value: f32| (0.0..=1.0).contains(&value);
        let points = |points: &[[f32; 2]]| points.iter().flatten().all(|&value| near(value));
        let fits = match &self.shape {
            Shape::All | Shape::Pixels(_) => true,
            Shape::Brush { points: all, radius, hardness } => {
                (1..=MAX_POINTS).contains(&all.len())
                    && points(all)
                    && *radius > 0.0
                    && *radius <= MAX_RADIUS
                    && share(*hardness)
            }
            Shape::Gradient { from, to } => points(&[*from, *to]),
            Shape::Ellipse { centre, radii, feather } => points(&[*centre, *radii]) && share(*feather),
            Shape::Path { points: all, feather } => {
                (3..=MAX_POINTS).contains(&all.len()) && points(all) && share(*feather)
            }
        };
        match fits && share(self.opacity) {
            true => Ok(()),
            false => Err("a stroke of a mask has numbers that cannot be drawn".to_owned()),
        }
    }
}

impl Drawing {
    /// Draw on a mask, for a content of these dimensions. A base that was not drawn itself, such as a file's,
    /// becomes the first stroke; so does one of another size, as of another content, below a stroke of
    /// pixels.
    ///
    /// # Errors
    ///
    /// In words, if the stroke cannot be drawn.
    pub fn draw(base: Option<&Picture>, content: (u32, u32), stroke: Stroke) -> Result<Picture, String> {
        let Some(base) = base else { return Self::add(None, size_for(content), stroke, None) };
        let needs = match &stroke.shape {
            Shape::Pixels(pixels) => Some(pixels.dimensions()?),
            _ => None,
        };
        let drawn = match &base.drawing {
            Some(drawing) if needs.is_none_or(|size| size == drawing.size) => None,
            _ => Some(Self::from_picture(base, content)?),
        };
        let base = drawn.as_ref().unwrap_or(base);
        let drawing = base.drawing.clone();
        let size = drawing.as_ref().map_or_else(|| size_for(content), |drawing| drawing.size);
        Self::add(drawing, size, stroke, Some(grey_of(base)))
    }

    /// A picture's luminance, 0 where it is transparent, as a mask that can be drawn on.
    ///
    /// # Errors
    ///
    /// In words, if it cannot be encoded.
    pub fn from_picture(picture: &Picture, content: (u32, u32)) -> Result<Picture, String> {
        Self::of_pixels(&grey_in(picture, content))
    }

    /// A grey picture as a mask that can be drawn on; its longer side is that of [`size_for`].
    ///
    /// # Errors
    ///
    /// In words, if it cannot be encoded.
    pub fn of_pixels(pixels: &GrayImage) -> Result<Picture, String> {
        let (width, height) = pixels.dimensions();
        if width.max(height) > raster::LONG_SIDE {
            return Err(format!("a drawn mask cannot have {width}×{height} pixels"));
        }
        let picture = picture_of(pixels).map_err(|error| error.to_string())?;
        Self::of_picture(picture, pixels)
    }

    /// The picture of these pixels as the drawn mask of one stroke.
    fn of_picture(picture: Picture, pixels: &GrayImage) -> Result<Picture, String> {
        let (sha256, size, stroke) = (picture.sha256, pixels.dimensions(), Stroke::of_pixels(pixels)?);
        Ok(Picture { drawing: Some(Arc::new(Self { sha256, size, base: None, stroke })), ..picture })
    }

    /// Draw a stroke on the mask of these strokes; on black without a base.
    ///
    /// # Errors
    ///
    /// In words, if the stroke cannot be drawn.
    pub fn on(base: Option<Arc<Self>>, size: (u32, u32), stroke: Stroke) -> Result<Picture, String> {
        let pixels = base.as_ref().map(|base| base.pixels()).transpose()?;
        Self::add(base, size, stroke, pixels)
    }

    fn add(
        base: Option<Arc<Self>>,
        size: (u32, u32),
        stroke: Stroke,
        pixels: Option<GrayImage>,
    ) -> Result<Picture, String> {
        let base = match (base, &pixels) {
            (Some(base), Some(pixels)) if base.seen().count() >= MAX_STROKES && !stroke.hides_base() => {
                Some(Arc::new(base.flat_of(pixels)?))
            }
            (base, _) => base,
        };
        let mut pixels = pixels.unwrap_or_else(|| GrayImage::new(size.0, size.1));
        raster::draw(&mut pixels, &stroke)?;
        let picture = picture_of(&pixels).map_err(|error| error.to_string())?;
        let drawing = Self { sha256: picture.sha256, size, base, stroke };
        Ok(Picture { drawing: Some(Arc::new(drawing)), ..picture })
    }

    /// The strokes, the newest first.
    pub fn strokes(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |drawing| drawing.base.as_deref())
    }

    /// Draw everything again.
    ///
    /// # Errors
    ///
    /// In words, if a stroke cannot be drawn.
    pub fn pixels(&self) -> Result<GrayImage, String> {
        let strokes: Vec<&Self> = self.seen().collect();
        let mut pixels = GrayImage::new(self.size.0, self.size.1);
        strokes.iter().rev().try_for_each(|drawing| raster::draw(&mut pixels, &drawing.stroke))?;
        Ok(pixels)
    }

    /// Draw everything again, as a picture.
    ///
    /// # Errors
    ///
    /// In words, if a stroke cannot be drawn, or the pixels are others than those of the hash.
    pub fn picture(self: &Arc<Self>) -> Result<Picture, String> {
        self.with_pixels(&self.pixels()?)
    }
}

// A long chain must not be dropped by recursion.
impl Drop for Drawing {
    fn drop(&mut self) {
        let mut next = self.base.take();
        while let Some(mut drawing) = next.and_then(Arc::into_inner) {
            next = drawing.base.take();
        }
    }
}

/// A picture's luminance, 0 where it is transparent, in the size of a mask for this content.
fn grey_in(picture: &Picture, content: (u32, u32)) -> GrayImage {
    let (width, height) = size_for(content);
    let flat = resize(&picture.flattened(Some(Rgb([0; 3]))), width, height, Filter::Bilinear);
    image::imageops::colorops::grayscale(&flat)
}

/// The first channel, which is all of a drawn mask.
fn grey_of(picture: &Picture) -> GrayImage {
    let (width, height) = picture.dimensions();
    GrayImage::from_fn(width, height, |x, y| image::Luma([picture.rgb.get_pixel(x, y)[0]]))
}

fn picture_of(pixels: &GrayImage) -> Result<Picture, PictureError> {
    let rgba = pixels.pixels().flat_map(|&image::Luma([grey])| [grey, grey, grey, u8::MAX]).collect();
    Picture::from_rgba("mask", pixels.width(), pixels.height(), rgba)
}

#[cfg(test)]
mod tests;
