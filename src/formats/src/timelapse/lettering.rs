//! Text on pictures, in the window's font.

use std::sync::Arc;

use epaint::{
    Color32,
    text::{FontDefinitions, FontId, Fonts, TextOptions},
};
use image::{Rgb, RgbImage};

use super::SystemFonts;

/// Draws text with a bundled font, and letters that it lacks with one of the system.
pub struct Lettering(pub(super) Fonts);

impl Default for Lettering {
    fn default() -> Self {
        let fonts = Fonts::new(TextOptions::default(), FontDefinitions::default());
        Self(fonts.with_font_providers(vec![Arc::new(SystemFonts)]))
    }
}

impl Lettering {
    /// Width and height of a line of text, in pixels; `size` is the font's, in pixels.
    pub fn measure(&mut self, text: &str, size: f32) -> (u32, u32) {
        let galley = self.0.with_pixels_per_point(1.0).layout_no_wrap(
            text.to_owned(),
            FontId::proportional(size),
            Color32::WHITE,
        );
        (galley.size().x.ceil() as u32, galley.size().y.ceil() as u32)
    }

    /// Draw a line of text with its upper left corner at `(x, y)`, clipped to the picture. Emoji keep their
    /// own colours.
    pub fn draw(&mut self, image: &mut RgbImage, (x, y): (i64, i64), text: &str, size: f32, colour: [u8; 3]) {
        let galley = self.0.with_pixels_per_point(1.0).layout_no_wrap(
            text.to_owned(),
            FontId::proportional(size),
            Color32::WHITE,
        );
        let atlas = self.0.texture_atlas().image();
        for row in &galley.rows {
            for glyph in &row.glyphs {
                let texels = glyph.uv_rect;
                let corner = row.pos + glyph.pos.to_vec2() + texels.offset;
                let (left, top) = (x + corner.x.round() as i64, y + corner.y.round() as i64);
                for v in texels.min[1]..texels.max[1] {
                    for u in texels.min[0]..texels.max[0] {
                        let texel = atlas.pixels[usize::from(v) * atlas.size[0] + usize::from(u)];
                        let cover = texel.a();
                        let (at_x, at_y) =
                            (left + i64::from(u - texels.min[0]), top + i64::from(v - texels.min[1]));
                        if cover > 0
                            && let (Ok(at_x), Ok(at_y)) = (u32::try_from(at_x), u32::try_from(at_y))
                            && let Some(pixel) = image.get_pixel_mut_checked(at_x, at_y)
                        {
                            *pixel = match glyph.is_color {
                                true => covered(*pixel, texel),
                                false => mixed(*pixel, Rgb(colour), u32::from(cover)),
                            };
                        }
                    }
                }
            }
        }
    }
}

/// Blend `share` of 255 of `over` with the rest of `under`.
fn mixed(under: Rgb<u8>, over: Rgb<u8>, share: u32) -> Rgb<u8> {
    let channel = |under: u8, over: u8| {
        ((u32::from(over) * share + u32::from(under) * (255 - share) + 127) / 255) as u8
    };
    Rgb([0, 1, 2].map(|index| channel(under.0[index], over.0[index])))
}

/// Put a colour that is multiplied by its opacity over another one.
fn covered(under: Rgb<u8>, over: Color32) -> Rgb<u8> {
    let rest = 255 - u32::from(over.a());
    let channel = |under: u8, over: u8| over.saturating_add(((u32::from(under) * rest + 127) / 255) as u8);
    Rgb([channel(under.0[0], over.r()), channel(under.0[1], over.g()), channel(under.0[2], over.b())])
}

/// Draw a line of text along the lower edge of a picture, on a dark background, clipped to its width.
pub fn caption(image: &mut RgbImage, lettering: &mut Lettering, text: &str) {
    let size = (image.width().min(image.height()) as f32 / 26.0).clamp(9.0, 48.0);
    let (width, height) = lettering.measure(text, size);
    let pad = (size / 2.0).round() as u32;
    let top = image.height().saturating_sub(height + 2 * pad);
    let right = (width + 2 * pad).min(image.width());
    for y in top..image.height() {
        for x in 0..right {
            let pixel = image.get_pixel_mut(x, y);
            *pixel = mixed(*pixel, Rgb([16, 16, 16]), 176);
        }
    }
    lettering.draw(image, (i64::from(pad), i64::from(top + pad)), text, size, [235; 3]);
}
