//! Drawings as chains of strokes: rebuilt from records, drawn on top of what is there, made one stroke.

use std::sync::Arc;

use image::GrayImage;

use super::{Drawing, Mode, Picture, Shape, Stroke, grey_of, picture_of, raster};
use crate::picture::MIN_SIDE;
use impasto_base::hash::Sha256Hash;

impl Drawing {
    /// A drawing of this hash and width and height that was recorded, without drawing it: a wrong hash is
    /// found by [`Drawing::picture`].
    ///
    /// # Errors
    ///
    /// In words, if its size or stroke cannot be, or its base has another size.
    pub fn recorded(
        sha256: Sha256Hash,
        size: (u32, u32),
        base: Option<Arc<Self>>,
        stroke: Stroke,
    ) -> Result<Arc<Self>, String> {
        stroke.validate()?;
        let possible = MIN_SIDE..=raster::LONG_SIDE;
        let fits = possible.contains(&size.0) && possible.contains(&size.1);
        match fits && base.as_ref().is_none_or(|base| base.size == size) {
            true => Ok(Arc::new(Self { sha256, size, base, stroke })),
            false => Err(format!("a drawn mask cannot have {}×{} pixels", size.0, size.1)),
        }
    }

    /// The strokes that are to be seen, the newest first: up to one that replaces everything.
    pub fn seen(&self) -> impl Iterator<Item = &Self> {
        let mut hidden = false;
        self.strokes().take_while(move |drawing| {
            let seen = !hidden;
            hidden = drawing.stroke.hides_base();
            seen
        })
    }

    /// As [`Drawing::picture`]; only its newest strokes are drawn if one of these masks is what they were
    /// drawn on.
    ///
    /// # Errors
    ///
    /// As [`Drawing::picture`].
    pub fn picture_over(self: &Arc<Self>, masks: &[Arc<Picture>]) -> Result<Arc<Picture>, String> {
        // Only what was drawn here has the hash of its pixels.
        let drawn = |hash| masks.iter().find(|mask| mask.drawing.is_some() && mask.sha256 == hash);
        let mut strokes = Vec::new();
        let mut below = None;
        for drawing in self.seen() {
            if let Some(mask) = drawn(drawing.sha256) {
                below = Some(mask);
                break;
            }
            strokes.push(&drawing.stroke);
        }
        if let (Some(mask), true) = (below, strokes.is_empty()) {
            return Ok(Arc::clone(mask));
        }
        let mut pixels = below.map_or_else(|| GrayImage::new(self.size.0, self.size.1), |mask| grey_of(mask));
        strokes.iter().rev().try_for_each(|stroke| raster::draw(&mut pixels, stroke))?;
        self.with_pixels(&pixels).map(Arc::new)
    }

    /// The same pixels as a single stroke.
    ///
    /// # Errors
    ///
    /// As [`Drawing::picture`], or if the pixels cannot be encoded.
    pub fn flat(&self) -> Result<Self, String> {
        self.flat_of(&self.pixels()?)
    }

    /// As [`Drawing::flat`], of the pixels that it has.
    pub(super) fn flat_of(&self, pixels: &GrayImage) -> Result<Self, String> {
        Ok(Self { sha256: self.sha256, size: self.size, base: None, stroke: Stroke::of_pixels(pixels)? })
    }

    /// A copy of a drawn mask's pixels, such as a file beside a project, as the drawn mask of one stroke that
    /// it is; another picture as it is.
    pub fn of_copy(copy: Picture) -> Picture {
        let (width, height) = copy.dimensions();
        let drawn = || {
            let pixels = (width.max(height) <= raster::LONG_SIDE).then(|| grey_of(&copy))?;
            // The hash of a grey and opaque picture alone is that of its grey pixels.
            let picture = picture_of(&pixels).ok().filter(|grey| grey.sha256 == copy.sha256)?;
            Self::of_picture(picture, &pixels).ok()
        };
        match drawn() {
            Some(drawn) => Picture { drawing: drawn.drawing, ..copy },
            None => copy,
        }
    }

    /// The picture of its pixels, which are checked.
    pub(super) fn with_pixels(self: &Arc<Self>, pixels: &GrayImage) -> Result<Picture, String> {
        let picture = picture_of(pixels).map_err(|error| error.to_string())?;
        match picture.sha256 == self.sha256 {
            true => Ok(Picture { drawing: Some(Arc::clone(self)), ..picture }),
            false => Err("a drawn mask does not come out as it was drawn".to_owned()),
        }
    }
}

impl Stroke {
    /// About as many bytes as its text has.
    pub fn bytes(&self) -> usize {
        const POINT: usize = 24;
        100 + match &self.shape {
            Shape::Brush { points, .. } | Shape::Path { points, .. } => POINT * points.len(),
            Shape::Pixels(pixels) => pixels.bytes().div_ceil(3) * 4,
            Shape::All | Shape::Gradient { .. } | Shape::Ellipse { .. } => POINT * 3,
        }
    }

    /// How many values are computed at least to draw it on a mask of this width and height: one for each
    /// pixel, and one for each that a line of it may reach.
    pub fn work(&self, (width, height): (u32, u32)) -> f64 {
        let [width, height] = [width, height].map(|side| f64::from(side.min(raster::LONG_SIDE)));
        let long = width.max(height);
        let span = |from: f32, to: f32, side: f64, reach: f32| {
            let [low, high] = [from.min(to), from.max(to)].map(|at| f64::from(at) * side);
            let reach = f64::from(reach) * long;
            ((high + reach).min(side) - (low - reach).max(0.0)).max(1.0)
        };
        let lines: f64 = match &self.shape {
            Shape::Brush { points, radius, .. } => {
                let line = |from: &[f32; 2], to: &[f32; 2]| {
                    span(from[0], to[0], width, *radius) * span(from[1], to[1], height, *radius)
                };
                points.windows(2).map(|pair| line(&pair[0], &pair[1])).sum()
            }
            // Along whole rows.
            Shape::Path { points, feather } => {
                let ends = points.iter().zip(points.iter().cycle().skip(1));
                ends.map(|(from, to)| span(from[1], to[1], height, *feather) * width).sum()
            }
            Shape::All | Shape::Pixels(_) | Shape::Gradient { .. } | Shape::Ellipse { .. } => 0.0,
        };
        width * height + lines
    }

    /// Whether nothing of what was there before is left.
    pub(super) fn hides_base(&self) -> bool {
        self.mode == Mode::Replace
    }
}
