//! Masks seen on the canvas: each as a tint of its own colour, the selected one stronger, with the stroke in
//! progress in it; or one mask alone in grey.

use std::{
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use egui::{Color32, ColorImage, Context, Painter, Pos2, Rect, TextureHandle, TextureOptions};
use image::{GrayImage, Luma};

use super::{
    Place,
    pen::{Pane, Pen},
    places,
    tool::Tool,
    wand::{self, Wand},
};
use crate::ImpastoApp;
use impasto_base::hash::Sha256Hash;
use impasto_core::{
    picture::{
        Filter, Picture,
        drawing::{Stroke, Trace, draw, size_for},
        resize,
    },
    settings::Rgb,
};

/// Longest side of a mask on the canvas, in pixels.
const LONGEST: u32 = 512;
/// Opacity of the tint where a mask is white, between the lines of its hatch and on them.
const TINT: u32 = 105;
const HATCH: u32 = 150;
/// How much fainter the masks are that are not selected.
const FAINT: f32 = 0.6;
/// Pixels from one line of a hatch to the next, and its width.
const APART: usize = 14;
const WIDTH: usize = 2;
const WHOLE: Rect = Rect { min: Pos2::ZERO, max: Pos2 { x: 1.0, y: 1.0 } };

impl Place {
    /// How it is drawn: regions are hatched in four directions, which tells them apart without their colours.
    fn look(self) -> Look {
        match self {
            Place::Region(index) => Look::Tint(index % 4),
            Place::StyleMap | Place::ContentMap => Look::Tint(0),
        }
    }
}

/// How a mask is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    /// As a tint with a hatch in one of four directions, and a line around it where the mask crosses one
    /// half.
    Tint(usize),
    /// The mask itself.
    Grey,
}

impl Look {
    /// Opacity of a pixel of the texture, which is white.
    fn opacity(self, mask: &GrayImage, x: u32, y: u32) -> u8 {
        let value = mask[(x, y)][0];
        let Look::Tint(hatch) = self else { return value };
        let (width, height) = mask.dimensions();
        let inside = |x: u32, y: u32| mask[(x, y)][0] > 127;
        let edge = value > 127
            && !(inside(x.saturating_sub(1), y)
                && inside((x + 1).min(width - 1), y)
                && inside(x, y.saturating_sub(1))
                && inside(x, (y + 1).min(height - 1)));
        if edge {
            return u8::MAX;
        }
        let (x, y) = (x as usize, y as usize);
        let along = match hatch {
            0 => x + y,
            1 => x + LONGEST as usize - y.min(LONGEST as usize),
            2 => y,
            _ => x,
        };
        let most = if along % APART < WIDTH { HATCH } else { TINT };
        (u32::from(value) * most / 255) as u8
    }

    /// A part of a mask for its texture.
    fn image(self, mask: &GrayImage, columns: Range<usize>, rows: Range<usize>) -> ColorImage {
        let size = [columns.len(), rows.len()];
        let pixels = rows.flat_map(|y| columns.clone().map(move |x| (x as u32, y as u32)));
        let pixels = pixels.map(|(x, y)| Color32::from_white_alpha(self.opacity(mask, x, y)));
        ColorImage::new(size, pixels.collect())
    }

    fn whole(self, mask: &GrayImage) -> ColorImage {
        self.image(mask, 0..mask.width() as usize, 0..mask.height() as usize)
    }
}

/// Width and height of a mask on the canvas, for one of these dimensions.
fn small((width, height): (u32, u32)) -> (u32, u32) {
    let longer = width.max(height).max(1);
    let scaled = |side: u32| (side * LONGEST).div_ceil(longer).clamp(1, LONGEST);
    (scaled(width), scaled(height))
}

/// A mask as it counts, 0 where it is transparent, in this size.
fn reduced(picture: &Picture, (width, height): (u32, u32)) -> GrayImage {
    let flat = picture.flattened(Some(Rgb([0; 3])));
    let small = if width <= flat.width() && height <= flat.height() {
        image::imageops::thumbnail(&*flat, width, height)
    } else {
        resize(&flat, width, height, Filter::Bilinear)
    };
    GrayImage::from_fn(width, height, |x, y| {
        let [red, green, blue] = small[(x, y)].0.map(u32::from);
        Luma([((2126 * red + 7152 * green + 722 * blue + 5000) / 10_000) as u8])
    })
}

/// A mask on the graphics device.
struct Sheet {
    name: PathBuf,
    /// Of its picture, of which a file can have another one under the same name; `None` for black.
    sha256: Option<Sha256Hash>,
    look: Look,
    mask: GrayImage,
    texture: TextureHandle,
}

impl Sheet {
    fn new(ctx: &Context, name: &Path, sha256: Option<Sha256Hash>, look: Look, mask: GrayImage) -> Self {
        let texture = ctx.load_texture("mask", look.whole(&mask), TextureOptions::LINEAR);
        Self { name: name.to_owned(), sha256, look, mask, texture }
    }
}

/// The selected mask with the stroke that is being drawn.
struct Live {
    /// The mask without it.
    base: Sheet,
    mask: GrayImage,
    /// The line of a brush, and how many of its points it has.
    trace: Trace,
    points: usize,
    /// Another shape, as it was drawn last.
    drawn: Vec<Stroke>,
    /// How alike what the wand has taken was.
    alike: Option<f32>,
    /// The stroke has ended: it is shown until it is in the mask.
    ended: bool,
}

impl Live {
    fn new(base: Sheet, pen: &Pen) -> Self {
        let trace = Trace::new(base.mask.dimensions(), pen.numbers.radius);
        Self { mask: base.mask.clone(), base, trace, points: 0, drawn: Vec::new(), alike: None, ended: false }
    }

    /// Draw what the pen has drawn since the last frame.
    fn follow(&mut self, pen: &Pen, wand: &Wand) {
        match pen.tool {
            Tool::Wand => {
                let alike = wand::alike(pen);
                if let Some(map) = wand.map(pen)
                    && self.alike.replace(alike) != Some(alike)
                {
                    self.mask.clone_from(&self.base.mask);
                    let cover = wand::cover(map, alike, self.mask.dimensions());
                    for (pixel, cover) in self.mask.pixels_mut().zip(cover.iter()) {
                        pen.mode.change(pixel, f32::from(*cover) / 255.0 * pen.numbers.opacity);
                    }
                    self.base.texture.set(self.base.look.whole(&self.mask), TextureOptions::LINEAR);
                }
            }
            Tool::Brush | Tool::Eraser => self.lead_on(pen),
            // Its outline is drawn.
            Tool::Path => {}
            Tool::Line | Tool::Gradient | Tool::Ellipse => {
                let strokes = pen.strokes();
                if strokes != self.drawn {
                    self.mask.clone_from(&self.base.mask);
                    // What cannot be drawn is told at the end of the stroke.
                    let drawn = strokes.iter().try_for_each(|stroke| draw(&mut self.mask, stroke));
                    if drawn.is_ok() {
                        let image = self.base.look.whole(&self.mask);
                        self.base.texture.set(image, TextureOptions::LINEAR);
                    }
                    self.drawn = strokes;
                }
            }
        }
    }

    /// Draw the new points of a brush's line.
    fn lead_on(&mut self, pen: &Pen) {
        let kept = pen.trail.kept();
        let new = self.points.saturating_sub(1)..kept.len().saturating_sub(1);
        let lines: Vec<[[f32; 2]; 2]> = match (self.points, kept) {
            (0, [first, ..]) => {
                std::iter::once([*first; 2]).chain(new.map(|at| [kept[at], kept[at + 1]])).collect()
            }
            _ => new.map(|at| [kept[at], kept[at + 1]]).collect(),
        };
        self.points = kept.len();
        let changed = lines.into_iter().map(|[from, to]| self.trace.line(from, to));
        let changed = changed.filter(|[columns, rows]| !columns.is_empty() && !rows.is_empty());
        let joined = |a: &Range<usize>, b: &Range<usize>| a.start.min(b.start)..a.end.max(b.end);
        let changed = changed.reduce(|a, b| [joined(&a[0], &b[0]), joined(&a[1], &b[1])]);
        let Some([columns, rows]) = changed else { return };
        for y in rows.clone() {
            for x in columns.clone() {
                let cover = self.trace.cover(x, y, pen.numbers.hardness) * pen.numbers.opacity;
                let at = (x as u32, y as u32);
                let mut pixel = self.base.mask[at];
                pen.mode.change(&mut pixel, cover);
                self.mask[at] = pixel;
            }
        }
        // The line around it depends on the neighbours.
        let wider = |range: Range<usize>, side: u32| {
            range.start.saturating_sub(1)..(range.end + 1).min(side as usize)
        };
        let (width, height) = self.mask.dimensions();
        let (columns, rows) = (wider(columns, width), wider(rows, height));
        let at = [columns.start, rows.start];
        let image = self.base.look.image(&self.mask, columns, rows);
        self.base.texture.set_partial(at, image, TextureOptions::LINEAR);
    }
}

/// A mask by its name in the settings, and how it is drawn.
type Named<'a> = (Look, &'a Path, &'a Arc<Picture>);

/// The masks' textures, made once for each mask that changes.
#[derive(Default)]
pub struct Sheets {
    all: Vec<Sheet>,
    live: Option<Live>,
}

impl Sheets {
    /// Make what is missing of these masks, and drop what is not of one of all masks, with their tints.
    fn follow(&mut self, ctx: &Context, wanted: &[Named], all: &[Named]) {
        let is_of = |sheet: &Sheet, (_, name, picture): &Named| {
            sheet.name == *name && sheet.sha256 == Some(picture.sha256)
        };
        // What is not shown for a moment, as while a mask is shown alone, comes back.
        self.all.retain(|sheet| {
            let has_look = |(tint, ..): &Named| sheet.look == Look::Grey || sheet.look == *tint;
            all.iter().any(|named| has_look(named) && is_of(sheet, named))
        });
        for named in wanted {
            let (look, name, picture) = named;
            let mut known = self.all.iter().filter(|sheet| is_of(sheet, named)).peekable();
            let mask = known.peek().map(|sheet| sheet.mask.clone());
            if !known.any(|sheet| sheet.look == *look) {
                let mask = mask.unwrap_or_else(|| reduced(picture, small(picture.dimensions())));
                self.all.push(Sheet::new(ctx, name, Some(picture.sha256), *look, mask));
            }
        }
    }

    /// Follow the pen on the mask of this name and look; on black if there is none yet. What it has drawn is
    /// shown a frame longer, or as long as strokes are being snapped or drawn.
    fn follow_pen(
        &mut self,
        ctx: &Context,
        (pen, wand, waits): (Option<&Pen>, &Wand, bool),
        (look, name): (Look, &Path),
        content: (u32, u32),
    ) {
        let Some(pen) = pen.filter(|pen| pen.tool != Tool::Path) else {
            self.live = self.live.take().filter(|live| !live.ended || waits);
            if let Some(live) = &mut self.live {
                live.ended = true;
                if !waits {
                    ctx.request_repaint();
                }
            }
            return;
        };
        // Undo, for instance, takes the mask away below a stroke.
        let same = |live: &&mut Live| live.base.name == name && live.base.look == look;
        let live = self.live.as_mut().filter(same);
        if live.as_ref().is_none_or(|live| live.ended) {
            // A stroke before it that is still being drawn stays in sight.
            let before = live.filter(|_| waits).map(|live| live.mask.clone());
            let known = self.all.iter().find(|sheet| sheet.name == name && sheet.look == look);
            let mask = before.or_else(|| known.map(|sheet| sheet.mask.clone())).unwrap_or_else(|| {
                let (width, height) = small(size_for(content));
                GrayImage::new(width, height)
            });
            let sha256 = known.and_then(|sheet| sheet.sha256);
            self.live = Some(Live::new(Sheet::new(ctx, name, sha256, look, mask), pen));
        }
        if let Some(live) = &mut self.live {
            live.follow(pen, wand);
        }
    }

    fn texture(&self, look: Look, name: &Path) -> Option<&TextureHandle> {
        let live = self.live.as_ref().map(|live| &live.base);
        let all = live.into_iter().chain(&self.all);
        all.into_iter().find(|sheet| sheet.look == look && sheet.name == name).map(|sheet| &sheet.texture)
    }
}

impl ImpastoApp {
    /// Draw the masks over the painting, wherever that is drawn.
    pub(super) fn tint_masks(&mut self, ctx: &Context, painter: &Painter, panes: &[Pane]) {
        let Some(content) = &self.pictures.content.picture else { return };
        let content = content.picture.dimensions();
        let masks = &self.settings.masks;
        let selected = self.selected_mask();
        let alone = self.view.masking.shows_alone();
        let look = |place: Place| if alone { Look::Grey } else { place.look() };
        let drawing = self.view.masking.pen.is_some();
        let is_shown = |place: &Place| self.pictures.masks.flags.shows(*place, masks);
        // The selected one last, over the others; maps only while they are drawn on.
        let others = places(masks).filter(|place| {
            !alone && Some(*place) != selected && matches!(place, Place::Region(_)) && is_shown(place)
        });
        let own = selected.filter(|place| alone || drawing || is_shown(place));
        let shown: Vec<(Place, PathBuf)> =
            others.chain(own).filter_map(|place| Some((place, place.name_in(masks)?.to_owned()))).collect();
        let wanted: Vec<Named> = shown
            .iter()
            .filter_map(|(place, name)| Some((look(*place), &**name, self.pictures.masks.picture(name)?)))
            .collect();
        let all: Vec<Named> = places(masks)
            .filter_map(|place| {
                let name = place.name_in(masks)?;
                Some((place.look(), name, self.pictures.masks.picture(name)?))
            })
            .collect();
        let (own_look, own_name) = match shown.last().filter(|(place, _)| Some(*place) == selected) {
            Some((place, name)) => (look(*place), name.clone()),
            // Where the first region will be.
            None => (look(Place::Region(0)), PathBuf::new()),
        };
        let masking = &mut self.view.masking;
        masking.sheets.follow(ctx, &wanted, &all);
        let waits = self.pictures.masks.is_drawing();
        let drawn = (masking.pen.as_ref(), &masking.wand, waits);
        masking.sheets.follow_pen(ctx, drawn, (own_look, &own_name), content);
        let first = (selected.is_none()).then_some((Place::Region(0), PathBuf::new()));
        for Pane { clip, place: rect } in panes {
            let painter = painter.with_clip_rect(*clip);
            if alone {
                painter.rect_filled(*rect, 0.0, Color32::BLACK);
            }
            for (place, name) in shown.iter().chain(&first) {
                let Some(texture) = masking.sheets.texture(look(*place), name) else { continue };
                let strength = if Some(*place) == selected || first.is_some() { 1.0 } else { FAINT };
                let tint = if alone { Color32::WHITE } else { place.colour().gamma_multiply(strength) };
                painter.image(texture.id(), *rect, WHOLE, tint);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// White left of the middle.
    fn half() -> GrayImage {
        GrayImage::from_fn(40, 30, |x, _| Luma([if x < 20 { 255 } else { 0 }]))
    }

    #[test]
    fn a_tint_has_an_outline_where_the_mask_ends_and_a_hatch_of_its_own() {
        let mask = half();
        for hatch in 0..4 {
            let look = Look::Tint(hatch);
            assert!((0..30).all(|y| look.opacity(&mask, 19, y) == 255), "its edge");
            assert!((0..30).all(|y| look.opacity(&mask, 20, y) == 0));
            assert_ne!(look.opacity(&mask, 0, 7), 255, "the picture's edge is none");
            let inside = |look: Look| -> Vec<u8> {
                (0..30)
                    .flat_map(|y| (0..19).map(move |x| (x, y)))
                    .map(|(x, y)| look.opacity(&mask, x, y))
                    .collect()
            };
            assert_ne!(inside(look), inside(Look::Tint((hatch + 1) % 4)));
        }
        assert_eq!([3, 30].map(|x| Look::Grey.opacity(&mask, x, 5)), [255, 0]);
    }

    #[test]
    fn a_part_of_a_texture_is_as_in_the_whole() {
        let mask = half();
        let (whole, part) = (Look::Tint(1).whole(&mask), Look::Tint(1).image(&mask, 15..25, 3..9));
        assert_eq!((whole.size, part.size), ([40, 30], [10, 6]));
        for y in 0..6 {
            assert_eq!(part.pixels[10 * y..10 * (y + 1)], whole.pixels[40 * (y + 3) + 15..40 * (y + 3) + 25]);
        }
    }

    #[test]
    fn a_file_that_has_changed_gets_another_tint_under_the_same_name() {
        let (ctx, look) = (Context::default(), Look::Tint(0));
        let version = |grey: u8| {
            let rgba = [grey, grey, grey, 255].repeat(40 * 30);
            Arc::new(Picture::from_rgba("sky.png", 40, 30, rgba).unwrap())
        };
        let (black, white) = (version(0), version(255));
        let mut sheets = Sheets::default();
        for picture in [&black, &white, &white] {
            let named = [(look, Path::new("sky.png"), picture)];
            sheets.follow(&ctx, &named, &named);
        }
        assert!(sheets.all.len() == 1 && sheets.all[0].mask.pixels().all(|pixel| pixel[0] == 255));
    }

    #[test]
    fn masks_are_reduced_to_what_the_canvas_needs() {
        assert_eq!(
            [small((1024, 768)), small((60, 40)), small((4000, 1))],
            [(512, 384), (512, 342), (512, 1)]
        );
        let mut picture = Picture::from_rgba("a", 60, 40, vec![255; 60 * 40 * 4]).unwrap();
        assert!(reduced(&picture, (30, 20)).pixels().all(|pixel| pixel[0] == 255));
        assert_eq!(reduced(&picture, (512, 342)).dimensions(), (512, 342));
        picture.alpha = Some(GrayImage::new(60, 40));
        assert!(reduced(&picture, (30, 20)).pixels().all(|pixel| pixel[0] == 0), "transparent is outside");
    }
}
