//! Masks and strokes that follow the edges of the content.

use std::sync::{Arc, OnceLock};

use egui::Context;
use image::{GrayImage, imageops};

use super::{Place, draw::Ground, ranges::luminances};
use crate::{ImpastoApp, action::Act};
use impasto_core::picture::{
    Picture,
    drawing::{GreyPixels, Mode, Shape, Stroke, draw, pixels_of, size_for, snap, snap_radius},
};

/// Where the edges of the content are, for masks of one size; found out when it is first needed.
#[derive(Clone)]
pub struct Edges {
    content: Arc<Picture>,
    size: (u32, u32),
    guide: Arc<OnceLock<GrayImage>>,
}

impl Edges {
    /// Of a content, for masks of this width and height.
    fn new(content: &Arc<Picture>, size: (u32, u32)) -> Self {
        Self { content: Arc::clone(content), size, guide: Arc::default() }
    }

    fn is_of(&self, content: &Arc<Picture>, size: (u32, u32)) -> bool {
        self.content.sha256 == content.sha256 && self.size == size
    }

    /// The content's luminances.
    fn guide(&self) -> &GrayImage {
        self.guide.get_or_init(|| luminances(&self.content, self.size))
    }

    /// Width and height of the masks.
    pub fn size(&self) -> (u32, u32) {
        self.size
    }

    /// A mask that follows them; takes tenths of a second for a large one.
    pub fn snap(&self, mask: &GrayImage) -> GrayImage {
        snap(mask, self.guide(), snap_radius(self.size))
    }

    /// What a stroke covers without what is beyond an edge. It covers nothing that it did not cover before.
    fn snap_cover(&self, cover: &GrayImage) -> GrayImage {
        let mut snapped = GrayImage::new(cover.width(), cover.height());
        let covered = || cover.enumerate_pixels().filter(|(.., grey)| grey[0] > 0);
        let span = |side: u32, at: fn(u32, u32) -> u32| {
            let all = || covered().map(|(x, y, _)| at(x, y));
            // A box beyond the stroke sees nothing of it, after each pass of the filter.
            let margin = 4 * snap_radius(self.size);
            Some((all().min()?.saturating_sub(margin), (all().max()? + margin + 1).min(side)))
        };
        let (Some((left, right)), Some((top, bottom))) =
            (span(cover.width(), |x, _| x), span(cover.height(), |_, y| y))
        else {
            return snapped;
        };
        let part = |of: &GrayImage| imageops::crop_imm(of, left, top, right - left, bottom - top).to_image();
        let inner = snap(&part(cover), &part(self.guide()), snap_radius(self.size));
        for (x, y, _) in covered() {
            snapped.put_pixel(x, y, *inner.get_pixel(x - left, y - top));
        }
        snapped
    }
}

/// Let the mask at a place follow the edges of the content.
pub struct SnapMask(pub Place);

impl Act for SnapMask {
    fn apply(self, app: &mut ImpastoApp, _: &Context) {
        let place = self.0;
        if app.refuses_strokes(place) || app.lacks_picture(place) {
            return;
        }
        let Some(content) = app.mask_content() else { return };
        let Some(mask) = app.mask_picture(place).cloned() else { return };
        let edges = app.edges(&content, Some(&mask));
        let made = move || {
            let pixels = pixels_of(&mask, content.dimensions());
            Stroke::of_pixels(&edges.snap(&pixels)).map(|stroke| vec![stroke])
        };
        app.draw_made(Ground::Mask(place), Box::new(made), true, Some("Snap to edges"));
    }
}

/// What a task makes of the content's edges.
type Cover = Box<dyn FnOnce(&Edges) -> Result<GrayImage, String> + Send>;

/// Draw it on the selected mask.
pub struct PaintCover {
    pub what: &'static str,
    pub mode: Mode,
    pub opacity: f32,
    pub cover: Cover,
}

impl PaintCover {
    /// The strokes of one line, as one that ends where an edge of the content is; `None` if there are none.
    pub fn snapped(strokes: Vec<Stroke>) -> Option<Self> {
        let first = strokes.first()?;
        let (mode, opacity) = (first.mode, first.opacity);
        let what = if mode == Mode::Subtract { "Snapped erasing" } else { "Snapped stroke" };
        let cover = move |edges: &Edges| {
            let mut cover = GrayImage::new(edges.size.0, edges.size.1);
            for stroke in strokes {
                draw(&mut cover, &Stroke { mode: Mode::Add, opacity: 1.0, ..stroke })?;
            }
            Ok(edges.snap_cover(&cover))
        };
        Some(Self { what, mode, opacity, cover: Box::new(cover) })
    }
}

impl Act for PaintCover {
    fn apply(self, app: &mut ImpastoApp, _: &Context) {
        let Self { what, mode, opacity, cover } = self;
        let Some(content) = app.mask_content() else { return };
        let Some(ground) = app.ground_of(mode) else { return };
        let mask = app.selected_mask().and_then(|place| app.mask_picture(place).cloned());
        let edges = app.edges(&content, mask.as_deref());
        let made = move || {
            let shape = Shape::Pixels(GreyPixels::new(&cover(&edges)?)?);
            Ok(vec![Stroke { shape, mode, opacity }])
        };
        app.draw_made(ground, Box::new(made), mode == Mode::Replace, Some(what));
    }
}

impl ImpastoApp {
    /// The edges of the content, for strokes on a mask.
    pub(super) fn edges(&mut self, content: &Arc<Picture>, mask: Option<&Picture>) -> Edges {
        let drawn = mask.and_then(|mask| mask.drawing.as_ref()).map(|drawing| drawing.size);
        let size = drawn.unwrap_or_else(|| size_for(content.dimensions()));
        let known = &mut self.pictures.masks.edges;
        if !known.as_ref().is_some_and(|edges| edges.is_of(content, size)) {
            *known = Some(Edges::new(content, size));
        }
        known.clone().expect("it was just made")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Dark left of the middle, light right of it.
    fn content() -> Arc<Picture> {
        let pixels = (0..200 * 100).flat_map(|at| match at % 200 < 100 {
            true => [40, 40, 40, 255],
            false => [220, 220, 220, 255],
        });
        Arc::new(Picture::from_rgba("a", 200, 100, pixels.collect()).unwrap())
    }

    #[test]
    fn a_stroke_that_crosses_an_edge_ends_there_and_grows_nowhere() {
        let content = content();
        let size = size_for(content.dimensions());
        let mut cover = GrayImage::new(size.0, size.1);
        // Its middle is left of the edge, which it crosses by four pixels.
        let shape = Shape::Brush { points: vec![[0.444, 0.3], [0.444, 0.7]], radius: 0.06, hardness: 1.0 };
        draw(&mut cover, &Stroke::new(shape, Mode::Add)).unwrap();
        let edges = Edges::new(&content, size);
        let snapped = edges.snap_cover(&cover);
        let at = |picture: &GrayImage, x: u32| picture.get_pixel(x, size.1 / 2)[0];
        assert!(at(&cover, 514) > 200 && at(&snapped, 514) < 40, "{}", at(&snapped, 514));
        assert!(at(&snapped, 505) > 220, "{}", at(&snapped, 505));
        assert!(cover.iter().zip(snapped.iter()).all(|(before, after)| *before > 0 || *after == 0));
        // What of the picture is looked at makes no difference.
        let whole = edges.snap(&cover);
        let apart = |(x, y, grey): (u32, u32, &image::Luma<u8>)| {
            (cover.get_pixel(x, y)[0] > 0).then(|| grey[0].abs_diff(whole.get_pixel(x, y)[0]))
        };
        assert!(snapped.enumerate_pixels().filter_map(apart).max().is_some_and(|most| most <= 1));
        let nothing = GrayImage::new(size.0, size.1);
        assert_eq!(edges.snap_cover(&nothing), nothing);
    }
}
