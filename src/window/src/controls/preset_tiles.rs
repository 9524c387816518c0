//! The bundled presets as small pictures: of the present pair if it was painted with them, else as they come
//! with the program. Nothing is painted for them.

use std::sync::{Arc, Weak};

use egui::{
    Align2, Color32, Context, FontId, Rect, Role, Sense, Stroke, StrokeKind, TextureHandle, TextureOptions,
    Ui, WidgetInfo, pos2, vec2,
};

use crate::{
    ImpastoApp,
    colour_image::color_image,
    defaults::PresetName,
    presets::PresetAction,
    theme::{Palette, RADIUS, space},
    tips,
};
use impasto_assets::presets;
use impasto_core::{
    picture::{self, Picture},
    settings::Preset,
};

/// Longest side of a small picture, in pixels.
const SMALL: u32 = 128;
/// Heights of a picture and of its name, in points.
const HEIGHT: f32 = 38.0;
const NAME: f32 = 14.0;
/// Steps after which a painting looks like its preset, and not like what was painted before.
const SETTLED: u32 = 30;
/// Seconds between two looks at the painting.
const EVERY: f64 = 3.0;

/// Chelsea in Swirl by each preset.
const BUNDLED: [(Preset, &[u8]); 6] = [
    (Preset::Painterly, &presets::PAINTERLY),
    (Preset::FaithfulPhoto, &presets::FAITHFUL),
    (Preset::BoldStrokes, &presets::BOLD),
    (Preset::Texture, &presets::TEXTURE),
    (Preset::Classic, &presets::CLASSIC),
    (Preset::Paper, &presets::PAPER),
];

/// The small pictures.
#[derive(Default)]
pub struct PresetTiles {
    bundled: Vec<(Preset, TextureHandle)>,
    /// Of the present pair.
    own: Vec<(Preset, TextureHandle)>,
    pair: Vec<Weak<Picture>>,
    /// The preset that is painted, and from which step on.
    painted: Option<(Preset, u32)>,
    /// When the painting was looked at last, on egui's clock.
    looked: f64,
}

impl PresetTiles {
    fn load_bundled(&mut self, ctx: &Context) {
        if !self.bundled.is_empty() {
            return;
        }
        let decoded = BUNDLED.iter().filter_map(|(preset, bytes)| {
            let image = image::load_from_memory(bytes).ok()?.to_rgb8();
            Some((*preset, ctx.load_texture("preset", color_image(&image), TextureOptions::LINEAR)))
        });
        self.bundled = decoded.collect();
    }

    fn texture(&self, preset: Preset) -> Option<&TextureHandle> {
        let found = |all: &'_ [(Preset, TextureHandle)]| all.iter().position(|(of, _)| *of == preset);
        match (found(&self.own), found(&self.bundled)) {
            (Some(index), _) => Some(&self.own[index].1),
            (None, Some(index)) => Some(&self.bundled[index].1),
            (None, None) => None,
        }
    }

    /// Begin again if the pictures are others.
    fn follow_pair(&mut self, pair: &[&Arc<Picture>]) {
        let same = self.pair.len() == pair.len()
            && self.pair.iter().zip(pair).all(|(a, b)| a.as_ptr() == Arc::as_ptr(b));
        if !same {
            self.pair = pair.iter().map(|picture| Arc::downgrade(picture)).collect();
            self.own.clear();
            self.painted = None;
        }
    }

    /// Whether the painting is to be looked at: it has the look of a preset, and has not been seen for a
    /// while.
    fn is_due(&mut self, preset: Option<Preset>, step: u32, now: f64) -> bool {
        let Some(preset) = preset else {
            self.painted = None;
            return false;
        };
        let since = match self.painted {
            Some((painted, since)) if painted == preset && since <= step => since,
            _ => {
                self.painted = Some((preset, step));
                return false;
            }
        };
        let due = step >= since + SETTLED && now - self.looked >= EVERY;
        if due {
            self.looked = now;
        }
        due
    }
}

impl ImpastoApp {
    /// Make a small picture of the painting if that has become what a preset makes of this pair.
    pub(crate) fn follow_preset_tiles(&mut self, ctx: &Context) {
        let styles = self.pictures.styles.iter();
        let slots = std::iter::once(&self.pictures.content).chain(styles);
        let pair: Vec<&Arc<Picture>> =
            slots.filter_map(|slot| Some(&slot.picture.as_ref()?.picture)).collect();
        let tiles = &mut self.mixes.tiles;
        tiles.follow_pair(&pair);
        let preset = match self.mixes.presets.defaults.is() {
            Some(PresetName::Bundled(preset)) if self.view.film.view().is_none() => Some(*preset),
            _ => None,
        };
        let now = ctx.input(|input| input.time);
        if !tiles.is_due(preset, self.run.step(), now) {
            return;
        }
        let Some((preset, painting)) = preset.zip(self.view.canvas.picture()) else { return };
        let work = move || color_image(&picture::thumbnail(&painting, SMALL));
        let pair = tiles.pair.clone();
        self.tasks.spawn("thumbnail", work, move |app: &mut Self, ctx, image| {
            let tiles = &mut app.mixes.tiles;
            if tiles.pair.len() == pair.len() && tiles.pair.iter().zip(&pair).all(|(a, b)| a.ptr_eq(b)) {
                tiles.own.retain(|(of, _)| *of != preset);
                tiles.own.push((preset, ctx.load_texture("preset", image, TextureOptions::LINEAR)));
            }
        });
    }

    pub(super) fn preset_tiles(&mut self, ui: &mut Ui) {
        self.mixes.tiles.load_bundled(ui.ctx());
        let is = self.mixes.presets.defaults.is().cloned();
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = space::XS;
            let count = Preset::ALL.len() as f32;
            let width = ((ui.available_width() - (count - 1.0) * space::XS) / count).floor();
            for preset in Preset::ALL {
                let name = PresetName::Bundled(preset);
                let on = is.as_ref() == Some(&name);
                if self.tile(ui, preset, width, on) {
                    self.actions.push(PresetAction::Take(name));
                }
            }
        });
    }

    /// True when it was clicked.
    fn tile(&self, ui: &mut Ui, preset: Preset, width: f32, on: bool) -> bool {
        let palette = Palette::of(ui);
        let (rect, response) = ui.allocate_exact_size(vec2(width, HEIGHT + NAME), Sense::click());
        let place = Rect::from_min_size(rect.min, vec2(width, HEIGHT));
        ui.painter().rect_filled(place, RADIUS, palette.well);
        if let Some(texture) = self.mixes.tiles.texture(preset) {
            let size = texture.size_vec2();
            let seen = place.size() / (size * (place.size() / size).max_elem());
            let uv = Rect::from_min_size(pos2((1.0 - seen.x) / 2.0, (1.0 - seen.y) / 4.0), seen);
            egui::Image::from_texture((texture.id(), place.size()))
                .uv(uv)
                .tint(Color32::WHITE)
                .corner_radius(RADIUS)
                .paint_at(ui, place);
        }
        let stroke = match (response.has_focus(), on, response.hovered()) {
            (true, ..) => Stroke::new(2.0, palette.accent),
            (_, true, _) => Stroke::new(2.0, palette.text),
            (.., true) => Stroke::new(1.0, palette.text),
            _ => Stroke::new(1.0, palette.line),
        };
        ui.painter().rect_stroke(place, RADIUS, stroke, StrokeKind::Inside);
        let name = preset.name();
        let word = name.split(' ').next().unwrap_or(name);
        let color = if on { palette.text } else { palette.weak };
        let at = pos2(rect.center().x, rect.max.y);
        ui.painter().text(at, Align2::CENTER_BOTTOM, word, FontId::proportional(10.5), color);
        response.widget_info(|| WidgetInfo::selected(Role::Button, true, on, format!("{name} preset")));
        let clicked = response.clicked();
        tips::beside(response, &format!("{name}: {}", preset.tooltip()));
        clicked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_has_a_bundled_picture() {
        assert_eq!(BUNDLED.map(|(preset, _)| preset), Preset::ALL);
        for (preset, bytes) in BUNDLED {
            let image = image::load_from_memory(bytes).unwrap();
            assert!(image.width() >= 96 && bytes.len() < 12_000, "{preset:?}");
        }
    }

    #[test]
    fn a_painting_is_looked_at_once_it_has_settled_into_its_preset() {
        let mut tiles = PresetTiles { looked: -10.0, ..PresetTiles::default() };
        let bold = Some(Preset::BoldStrokes);
        assert!(!tiles.is_due(bold, 50, 0.0) && !tiles.is_due(bold, 79, 0.0));
        assert!(tiles.is_due(bold, 80, 0.0));
        assert!(!tiles.is_due(bold, 90, 1.0) && tiles.is_due(bold, 90, 3.0));
        // Another mix in between, and a restart, begin again.
        assert!(!tiles.is_due(None, 100, 9.0) && !tiles.is_due(bold, 101, 10.0));
        assert!(!tiles.is_due(bold, 3, 20.0) && tiles.is_due(bold, 33, 20.0));
    }
}
