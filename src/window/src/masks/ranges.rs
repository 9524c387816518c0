//! The dialog that makes a mask of how light the content is, or of its hues.

use egui::{
    Color32, ColorImage, Context, Image, Rect, Role, Sense, Shape, TextureHandle, Ui, WidgetInfo, vec2,
};
use image::{GrayImage, Luma, RgbImage};

use super::{
    Place,
    draw::Ground,
    flags::MaskName,
    hue::{self, Hues},
    on_mask::OnMask,
};
use crate::{
    ImpastoApp,
    action::Act,
    fader::plain_slider,
    theme::{Palette, RADIUS, space},
    widgets,
};
use impasto_core::picture::{
    Filter, Picture,
    drawing::{Stroke, size_for},
    fit, resize,
};
use impasto_core::settings::Rgb;

/// Longest side of the preview, in pixels and points.
const PREVIEW: u32 = 320;
/// Width over which the mask fades at the ends of the range.
const FADE: f64 = 0.06;

/// Which luminances are inside, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Luminances {
    from: f64,
    to: f64,
}

impl Luminances {
    /// How far a luminance is inside, fading over [`FADE`] outside of the range.
    fn inside(self, value: f64) -> f64 {
        let ramp = |distance: f64| (1.0 - distance / FADE).clamp(0.0, 1.0);
        ramp((self.from - value).max(0.0)) * ramp((value - self.to).max(0.0))
    }

    fn mask(self, luminances: &GrayImage) -> GrayImage {
        let table: Vec<u8> =
            (0..=255).map(|grey| (255.0 * self.inside(f64::from(grey) / 255.0)).round() as u8).collect();
        let mut mask = luminances.clone();
        mask.iter_mut().for_each(|grey| *grey = table[usize::from(*grey)]);
        mask
    }
}

/// What a range is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum By {
    #[default]
    Lightness,
    Hue,
}

/// What was chosen, of both.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Range {
    by: By,
    luminances: Luminances,
    hues: Hues,
}

impl Range {
    fn mask(self, picture: &RgbImage) -> GrayImage {
        match self.by {
            By::Lightness => self.luminances.mask(&luminances_of(picture)),
            By::Hue => GrayImage::from_fn(picture.width(), picture.height(), |x, y| {
                Luma([(255.0 * self.hues.inside(picture.get_pixel(x, y).0)).round() as u8])
            }),
        }
    }
}

/// The dialog.
pub struct RangeDialog {
    mask: MaskName,
    range: Range,
    /// The content in small.
    small: RgbImage,
    /// The mask of a range, in small.
    preview: Option<(Range, TextureHandle)>,
}

fn luminances_of(picture: &RgbImage) -> GrayImage {
    GrayImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [red, green, blue] = picture.get_pixel(x, y).0.map(f32::from);
        Luma([(0.2126 * red + 0.7152 * green + 0.0722 * blue).round() as u8])
    })
}

/// A picture at a size, on black.
fn resized(picture: &Picture, (width, height): (u32, u32)) -> RgbImage {
    resize(&picture.flattened(Some(Rgb([0; 3]))), width, height, Filter::Bilinear)
}

/// A picture's luminances at a size.
pub fn luminances(picture: &Picture, size: (u32, u32)) -> GrayImage {
    luminances_of(&resized(picture, size))
}

/// Make a range of the content the mask.
struct DrawRange(Place, Range);

impl Act for DrawRange {
    fn apply(self, app: &mut ImpastoApp, _: &Context) {
        let DrawRange(place, range) = self;
        let Some(content) = app.mask_content() else { return };
        let made = move || {
            let mask = range.mask(&resized(&content, size_for(content.dimensions())));
            Ok(vec![Stroke::of_pixels(&mask)?])
        };
        app.draw_made(Ground::Mask(place), Box::new(made), true, Some("Mask"));
    }
}

impl ImpastoApp {
    pub(super) fn ask_for_range(&mut self, ctx: &Context, place: Place) {
        let Some(content) = self.mask_content() else { return };
        let (width, height) = content.dimensions();
        let small = resized(&content, fit(width, height, PREVIEW));
        let luminances = Luminances { from: 0.5, to: 1.0 };
        let range = Range { by: By::default(), luminances, hues: Hues::default() };
        let Some(mask) = MaskName::of(place, &self.settings.masks) else { return };
        self.pictures.masks.range = Some(RangeDialog { mask, range, small, preview: None });
        ctx.request_repaint();
    }

    /// The dialog, while it is open.
    pub(crate) fn range_window(&mut self, ctx: &Context) {
        let Some(mut dialog) = self.pictures.masks.range.take() else { return };
        let Some(place) = dialog.mask.place_in(&self.settings.masks) else { return };
        let title = place.title(&self.settings.masks).to_owned();
        let (mut done, mut accepted) = (false, false);
        let modal = crate::theme::modal(ctx, "range of colours").show(ctx, |ui| {
            ui.set_width(f32::max(PREVIEW as f32, 320.0));
            ui.heading("A range of colours");
            ui.add_space(space::S);
            ui.label(widgets::weak(ui, format!("White becomes the mask of {title}.")));
            ui.horizontal(|ui| {
                let by = &mut dialog.range.by;
                ui.radio_value(by, By::Lightness, "Lightness").on_hover_text("What is as light as you say");
                ui.radio_value(by, By::Hue, "Hue").on_hover_text("What has the colour that you say");
            });
            ui.add_space(space::S);
            dialog.show(ui);
            ui.add_space(space::M);
            ui.horizontal(|ui| {
                accepted = ui.button("OK").on_hover_text("Makes this the mask, as one step").clicked();
                done = ui.button("Cancel").on_hover_text("Leaves the mask as it is").clicked();
            });
        });
        if accepted {
            let range = dialog.range;
            let draw = OnMask::new(place, &self.settings.masks, move |place| DrawRange(place, range));
            self.actions.push(draw);
        } else if !(done || modal.should_close()) {
            self.pictures.masks.range = Some(dialog);
        }
    }
}

impl RangeDialog {
    fn preview(&mut self, ctx: &Context) -> TextureHandle {
        if let Some((range, texture)) = &self.preview
            && *range == self.range
        {
            return texture.clone();
        }
        let mask = self.range.mask(&self.small);
        let size = [mask.width() as usize, mask.height() as usize];
        let image = ColorImage::new(size, mask.iter().map(|&grey| Color32::from_gray(grey)).collect());
        let texture = ctx.load_texture("range of colours", image, egui::TextureOptions::LINEAR);
        self.preview = Some((self.range, texture.clone()));
        texture
    }

    fn show(&mut self, ui: &mut Ui) {
        let palette = Palette::of(ui);
        let texture = self.preview(ui.ctx());
        ui.vertical_centered(|ui| {
            let shown =
                ui.add(Image::from_texture((texture.id(), texture.size_vec2())).corner_radius(RADIUS));
            shown.widget_info(|| WidgetInfo::labeled(Role::Image, true, "The mask of this range"));
        });
        ui.add_space(space::S);
        let (bar, _) = ui.allocate_exact_size(vec2(ui.available_width(), 14.0), Sense::hover());
        let Range { by, luminances, hues } = &mut self.range;
        let (all, spans) = match by {
            By::Lightness => (gradient(bar), vec![[luminances.from, luminances.to]]),
            By::Hue => (hue::circle(bar), hues.spans()),
        };
        ui.painter().add(all);
        for span in spans {
            let [left, right] = span.map(|value| bar.min.x + bar.width() * value as f32);
            let chosen = Rect::from_x_y_ranges(left..=right, bar.y_range());
            let stroke = egui::Stroke::new(2.0, palette.accent);
            ui.painter().rect_stroke(chosen, 1.0, stroke, egui::StrokeKind::Inside);
        }
        let width = (ui.available_width(), false);
        match by {
            By::Lightness => {
                let Luminances { from, to } = luminances;
                plain_slider(ui, "Darkest", "The darkest that is inside", [0.0, 1.0], from, width);
                *to = to.max(*from);
                plain_slider(ui, "Lightest", "The lightest that is inside", [0.0, 1.0], to, width);
                *from = from.min(*to);
            }
            By::Hue => {
                let Hues { middle, width: wide, chroma } = hues;
                plain_slider(ui, "Middle", "The hue that is most inside", [0.0, 360.0], middle, width);
                plain_slider(ui, "Width", "How many hues beside it are inside", [10.0, 360.0], wide, width);
                let tooltip = "How colourful a place must be: greys have no hue";
                plain_slider(ui, "Least colour", tooltip, [0.0, 0.5], chroma, width);
            }
        }
    }
}

/// From black to white.
fn gradient(rect: Rect) -> Shape {
    hue::gradient(rect, &[Color32::BLACK, Color32::WHITE])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_white_inside_and_fades_outside() {
        let range = Luminances { from: 0.25, to: 0.75 };
        assert_eq!([0.0, 0.25, 0.5, 0.75, 1.0].map(|value| range.inside(value)), [0.0, 1.0, 1.0, 1.0, 0.0]);
        assert!((range.inside(0.22) - 0.5).abs() < 1e-9 && (range.inside(0.78) - 0.5).abs() < 1e-9);
        let mask = range.mask(&GrayImage::from_fn(3, 1, |x, _| Luma([120 * x as u8])));
        assert_eq!(mask.as_raw(), &[0, 255, 0]);
    }
}
