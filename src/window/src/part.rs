//! The part of a style picture that counts: a rectangle drawn on it, or typed.

use egui::{
    Color32, Context, CursorIcon, Pos2, Rect, Role, Sense, Stroke, StrokeKind, Ui, Vec2, WidgetInfo, pos2,
    vec2,
};

use super::{
    ImpastoApp,
    action::Act,
    entry::Entry,
    picture_source::Loaded,
    slot::Slot,
    theme::{Palette, space},
    widgets,
};
use impasto_core::{
    picture::MIN_SIDE,
    settings::{Crop, StyleMix},
};

/// Longest side of the picture in the dialog, in points.
const LARGEST: f32 = 640.0;
/// Distance within which a corner is taken, in points.
const NEAR: f32 = 12.0;

/// Left, top, width and height in the picture's pixels.
type Pixels = [u32; 4];

/// The dialog, and what is dragged in it.
pub struct PartDialog {
    slot: u64,
    drag: Option<Drag>,
}

/// What a drag does, in pixels of the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Drag {
    /// Draw a rectangle from this corner.
    From(Pos2),
    /// Move the rectangle, which began here, from this point.
    Move(Pixels, Pos2),
}

/// Open the dialog for the style in a slot.
pub struct ChoosePart(pub u64);

impl Act for ChoosePart {
    fn apply(self, app: &mut ImpastoApp, _: &Context) {
        app.pictures.part = Some(PartDialog { slot: self.0, drag: None });
    }
}

/// The part of a picture that counts.
pub fn pixels_of(mix: &StyleMix, loaded: &Loaded) -> Pixels {
    mix.crop.unwrap_or(Crop::WHOLE).pixels(loaded.picture.dimensions())
}

/// The part of these pixels, moved and shortened as far as it sticks out; `None` for the whole picture.
fn part([left, top, width, height]: Pixels, (columns, rows): (u32, u32)) -> Option<Crop> {
    let axis = |start: u32, length: u32, side: u32| {
        let length = length.clamp(MIN_SIDE.min(side), side);
        [start.min(side - length), length].map(|pixel| f64::from(pixel) / f64::from(side))
    };
    let [left, width] = axis(left, width, columns);
    let [top, height] = axis(top, height, rows);
    Some(Crop { left, top, width, height }).filter(|crop| *crop != Crop::WHOLE)
}

impl Drag {
    /// What begins at a point: a corner of the rectangle that is near is drawn anew from the opposite one,
    /// the rectangle is moved, and elsewhere, or if all counts, another one is drawn.
    fn at(point: Pos2, rectangle: Pixels, whole: bool, near: f32) -> Self {
        let [left, top, width, height] = rectangle.map(|pixel| pixel as f32);
        let (right, bottom) = (left + width, top + height);
        let corners = [(left, top), (right, top), (left, bottom), (right, bottom)];
        let opposite = [(right, bottom), (left, bottom), (right, top), (left, top)];
        let taken = corners.iter().position(|&(x, y)| pos2(x, y).distance(point) <= near);
        if let Some(corner) = taken {
            return Drag::From(opposite[corner].into());
        }
        let inside = Rect::from_min_max(pos2(left, top), pos2(right, bottom)).contains(point);
        if inside && !whole { Drag::Move(rectangle, point) } else { Drag::From(point) }
    }

    /// The rectangle when the pointer is here, within a picture of these dimensions.
    fn to(self, point: Pos2, (columns, rows): (u32, u32)) -> Pixels {
        let pixel = |place: f32, side: u32| place.round().clamp(0.0, side as f32) as u32;
        match self {
            Drag::From(corner) => {
                let axis = |a: f32, b: f32, side: u32| {
                    let (first, last) = (pixel(a.min(b), side), pixel(a.max(b), side));
                    // Too small a rectangle grows away from the corner that stays.
                    let grows = MIN_SIDE.saturating_sub(last - first);
                    (if b < a { first.saturating_sub(grows) } else { first }, (last - first).max(MIN_SIDE))
                };
                let (left, width) = axis(corner.x, point.x, columns);
                let (top, height) = axis(corner.y, point.y, rows);
                [left, top, width, height]
            }
            Drag::Move([left, top, width, height], from) => {
                let by = point - from;
                let most = |side: u32, length: u32| side.saturating_sub(length);
                [
                    pixel(left as f32 + by.x, most(columns, width)),
                    pixel(top as f32 + by.y, most(rows, height)),
                    width,
                    height,
                ]
            }
        }
    }
}

impl ImpastoApp {
    /// The dialog, as long as its style has a picture.
    pub(super) fn part_window(&mut self, ctx: &Context) {
        let Some(dialog) = &self.pictures.part else { return };
        let id = dialog.slot;
        let styles = &self.pictures.styles;
        let Some(index) = styles.iter().position(|slot| slot.id == id && slot.picture.is_some()) else {
            self.pictures.part = None;
            return;
        };
        let name = if styles.len() > 1 { format!("style {}", index + 1) } else { "the style".to_owned() };
        let modal = super::theme::modal(ctx, "part of a style").show(ctx, |ui| {
            self.edit(ui, |app, ui| {
                let pictures = &mut app.pictures;
                match (&mut pictures.part, pictures.styles.get_mut(index)) {
                    (Some(dialog), Some(slot)) => dialog.show(ui, &name, slot),
                    _ => true,
                }
            })
        });
        if modal.inner || modal.should_close() {
            self.pictures.part = None;
        }
    }
}

impl PartDialog {
    /// Show it; true if it is done with.
    fn show(&mut self, ui: &mut Ui, name: &str, slot: &mut Slot) -> bool {
        let Slot { picture: Some(loaded), mix, .. } = slot else { return true };
        let dimensions = loaded.picture.dimensions();
        let room = ui.ctx().content_rect().size() - vec2(84.0, 240.0);
        let whole = vec2(dimensions.0 as f32, dimensions.1 as f32);
        let scale = (room.min(Vec2::splat(LARGEST)) / whole).min_elem().max(0.0);
        ui.set_width((whole.x * scale).max(400.0_f32.min(room.x)));
        ui.heading(format!("A part of {name}"));
        ui.add_space(space::S);
        let text = "Only this part counts, with strokes as large as before. Draw a rectangle, move it, or drag its corners.";
        ui.add(egui::Label::new(widgets::weak(ui, text)).wrap());
        ui.add_space(space::S);
        ui.vertical_centered(|ui| self.picture(ui, name, loaded, mix, whole * scale));
        ui.add_space(space::S);
        numbers(ui, dimensions, pixels_of(mix, loaded), mix);
        ui.add_space(space::M);
        ui.horizontal(|ui| {
            let reset = ui.add_enabled(mix.crop.is_some(), egui::Button::new("Whole picture"));
            if reset.on_hover_text("Lets all of the picture count again").clicked() {
                mix.crop = None;
            }
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let tooltip = "Closes this; the painting has the part already";
                ui.button("Done").on_hover_text(tooltip).clicked()
            })
            .inner
        })
        .inner
    }

    fn picture(&mut self, ui: &mut Ui, name: &str, loaded: &Loaded, mix: &mut StyleMix, size: Vec2) {
        let dimensions = loaded.picture.dimensions();
        let (rect, response) = ui.allocate_exact_size(size, Sense::click_and_drag());
        let scale = rect.width() / dimensions.0 as f32;
        let rectangle = pixels_of(mix, loaded);
        let in_picture = |point: Pos2| ((point - rect.min) / scale).to_pos2();
        let pointer = response.interact_pointer_pos().or(response.hover_pos());
        let at = |point: Pos2| Drag::at(in_picture(point), rectangle, mix.crop.is_none(), NEAR / scale);
        if response.drag_started() {
            let origin = ui.input(|input| input.pointer.press_origin()).or(pointer);
            self.drag = origin.map(at);
        } else if !response.dragged() {
            self.drag = None;
        }
        match (self.drag.or_else(|| pointer.map(at)), pointer) {
            (Some(Drag::Move(..)), Some(_)) => ui.set_cursor_icon(CursorIcon::Move),
            (Some(Drag::From(_)), Some(_)) => ui.set_cursor_icon(CursorIcon::Crosshair),
            _ => {}
        }
        if let (Some(drag), Some(pointer)) = (self.drag, pointer) {
            mix.crop = part(drag.to(in_picture(pointer), dimensions), dimensions);
        }
        let rectangle = pixels_of(mix, loaded);
        paint(ui, rect, loaded, rectangle, scale);
        let [left, top, width, height] = rectangle;
        let text =
            format!("Part of {name}: {width} × {height} px at {left}, {top}; numbers for it stand below");
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &text));
    }
}

/// The picture with what does not count dimmed.
fn paint(ui: &Ui, rect: Rect, loaded: &Loaded, rectangle: Pixels, scale: f32) {
    let palette = Palette::of(ui);
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    let [left, top, width, height] = rectangle.map(|pixel| pixel as f32 * scale);
    let inner = Rect::from_min_size(rect.min + vec2(left, top), vec2(width, height));
    egui::Image::from_texture((loaded.texture.id(), rect.size())).paint_at(ui, rect);
    let dim = Color32::from_black_alpha(150);
    for outside in [
        Rect::from_min_max(rect.min, pos2(rect.max.x, inner.min.y)),
        Rect::from_min_max(pos2(rect.min.x, inner.max.y), rect.max),
        Rect::from_min_max(pos2(rect.min.x, inner.min.y), pos2(inner.min.x, inner.max.y)),
        Rect::from_min_max(pos2(inner.max.x, inner.min.y), pos2(rect.max.x, inner.max.y)),
    ] {
        painter.rect_filled(outside, 0.0, dim);
    }
    painter.rect_stroke(inner, 0.0, Stroke::new(3.0, dim), StrokeKind::Inside);
    painter.rect_stroke(inner, 0.0, Stroke::new(1.5, Color32::WHITE), StrokeKind::Inside);
    for corner in [inner.left_top(), inner.right_top(), inner.left_bottom(), inner.right_bottom()] {
        let handle = Rect::from_center_size(corner, Vec2::splat(9.0));
        painter.rect(handle, 2.0, palette.accent, Stroke::new(1.0, Color32::WHITE), StrokeKind::Inside);
    }
}

/// The rectangle as numbers.
fn numbers(ui: &mut Ui, (columns, rows): (u32, u32), rectangle: Pixels, mix: &mut StyleMix) {
    let most = [columns, rows, columns, rows];
    let mut typed = rectangle.map(f64::from);
    ui.horizontal_wrapped(|ui| {
        for (index, label) in ["Left", "Top", "Width", "Height"].into_iter().enumerate() {
            let name = format!("{label} of the part");
            let tooltip =
                "In pixels of the picture; the part stays within it, and is 16 pixels or more each way";
            ui.label(widgets::weak(ui, label)).on_hover_text(tooltip);
            let drag = 0.0..=f64::from(most[index]);
            let entry = Entry {
                name: &name,
                tooltip,
                drag,
                suffix: " px",
                whole: true,
                width: 64.0,
                param: None,
                default: None,
            };
            entry.show(ui, &mut typed[index]);
        }
    });
    // Saturate if it is typed beyond what a picture can have.
    let typed = typed.map(|number| number.max(0.0) as u32);
    if typed != rectangle {
        let [left, top, mut width, mut height] = typed;
        // Another place keeps the size, as far as there is room.
        if [left, top] == [rectangle[0], rectangle[1]] {
            (width, height) = (width.min(columns - left), height.min(rows - top));
        }
        mix.crop = part([left, top, width, height], (columns, rows));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: (u32, u32) = (200, 100);

    #[test]
    fn a_rectangle_is_drawn_in_any_direction_and_never_too_small() {
        let drawn = |from: Pos2, to: Pos2| Drag::at(from, [0, 0, 200, 100], true, 3.0).to(to, SHAPE);
        assert_eq!(drawn(pos2(20.0, 10.0), pos2(70.0, 60.0)), [20, 10, 50, 50]);
        assert_eq!(drawn(pos2(70.0, 60.0), pos2(20.0, 10.0)), [20, 10, 50, 50]);
        assert_eq!(drawn(pos2(150.0, 50.0), pos2(900.0, -50.0)), [150, 0, 50, 50]);
        assert_eq!(drawn(pos2(50.0, 50.0), pos2(52.0, 51.0)), [50, 50, 16, 16]);
        assert_eq!(drawn(pos2(50.0, 50.0), pos2(48.0, 49.0)), [34, 34, 16, 16]);
    }

    #[test]
    fn a_rectangle_is_moved_within_the_picture_and_its_corners_are_dragged() {
        let rectangle = [40, 20, 80, 40];
        let drag = Drag::at(pos2(60.0, 40.0), rectangle, false, 3.0);
        assert_eq!(drag, Drag::Move(rectangle, pos2(60.0, 40.0)));
        assert_eq!(drag.to(pos2(70.0, 45.0), SHAPE), [50, 25, 80, 40]);
        assert_eq!(drag.to(pos2(-500.0, 900.0), SHAPE), [0, 60, 80, 40]);
        let corner = Drag::at(pos2(121.0, 61.0), rectangle, false, 3.0);
        assert_eq!(corner.to(pos2(150.0, 90.0), SHAPE), [40, 20, 110, 70]);
        // Elsewhere another one begins.
        assert_eq!(Drag::at(pos2(5.0, 5.0), rectangle, false, 3.0), Drag::From(pos2(5.0, 5.0)));
    }

    #[test]
    fn a_part_stays_within_its_picture_and_the_whole_one_is_none() {
        assert_eq!(part([0, 0, 200, 100], SHAPE), None);
        assert_eq!(part([0, 0, 900, 900], SHAPE), None);
        let pixels = |rectangle| part(rectangle, SHAPE).unwrap().pixels(SHAPE);
        assert_eq!(pixels([50, 25, 100, 50]), [50, 25, 100, 50]);
        assert_eq!(pixels([190, 95, 20, 20]), [180, 80, 20, 20]);
        assert_eq!(pixels([7, 0, 1, 0]), [7, 0, 16, 16]);
        assert_eq!(part([3, 3, 9, 9], (12, 12)), None, "a tiny picture has no parts");
    }
}
