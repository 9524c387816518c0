//! Pictures that come from outside: dropped files and the clipboard.

use std::{path::PathBuf, sync::Arc};

use egui::{
    Align2, ColorImage, Context, Event, FontId, Id, LayerId, Order, Pos2, Rect, Role, Sense, Stroke,
    StrokeKind, TextureHandle, TextureOptions, Ui, WidgetInfo, vec2,
};

use super::{
    ImpastoApp,
    action::Act,
    gallery::{Gallery, TILE, paint_filling},
    masks::MaskAction,
    origin::Origin,
    pasted::files_of,
    picture_slots::Pictures,
    picture_source::Source,
    slot::{SlotAction, Target},
    theme::{Palette, ROW, space},
};

/// Files over the window, not dropped yet.
#[derive(Default)]
pub struct Hovering {
    active: bool,
    /// The pointer's place is known; some systems do not tell it while files are dragged.
    pointer_seen: bool,
}

/// Pictures from outside, and their target if that is known.
struct TakeIn {
    target: Option<Target>,
    sources: Vec<Source>,
}

impl Act for TakeIn {
    fn apply(self, app: &mut ImpastoApp, _: &Context) {
        app.take_in(self.target, self.sources);
    }
}

impl ImpastoApp {
    /// Handle what was dropped and pasted since the last frame.
    pub(super) fn take_incoming(&mut self, ctx: &Context) {
        let (hovering, dropped, pointer, moved) = ctx.input(|input| {
            let dropped: Vec<PathBuf> =
                input.raw.dropped_files.iter().map(|file| file.path().to_owned()).collect();
            let moved = input.events.iter().any(|event| matches!(event, Event::PointerMoved(_)));
            (!input.raw.hovered_files.is_empty(), dropped, input.pointer.latest_pos(), moved)
        });
        if hovering && !self.pictures.hovering.active {
            self.pictures.hovering.pointer_seen = false;
        }
        self.pictures.hovering.active = hovering;
        self.pictures.hovering.pointer_seen |= hovering && moved;
        if !dropped.is_empty() {
            let known = pointer.filter(|_| self.pictures.hovering.pointer_seen);
            let sources = dropped.into_iter().map(Source::File).collect();
            self.place(sources, known);
            self.pictures.hovering = Hovering::default();
        }

        if ctx.text_edit_focused() {
            return;
        }
        let mut pasted = Vec::new();
        let dirs = directories::UserDirs::new();
        let home = dirs.as_ref().map(|dirs| dirs.home_dir());
        ctx.input(|input| {
            for event in &input.events {
                match event {
                    Event::PasteImage(image) => pasted.push(Source::Pasted(Arc::clone(image))),
                    Event::Paste(text) => {
                        pasted.extend(files_of(text, home).into_iter().map(Source::File));
                    }
                    _ => {}
                }
            }
        });
        if !pasted.is_empty() {
            self.place(pasted, pointer);
        } else if ctx.input(|input| input.events.iter().any(|event| matches!(event, Event::Paste(_)))) {
            self.messages.toasts.add("The clipboard holds neither a picture nor a picture file.");
        }
    }

    /// Put pictures into the slot under the pointer, or ask.
    fn place(&self, sources: Vec<Source>, pointer: Option<Pos2>) {
        let slot =
            pointer.and_then(|pos| self.pictures.drop_rects.iter().find(|(rect, _)| rect.contains(pos)));
        let half = pointer
            .filter(|_| self.pictures.hovering.pointer_seen)
            .and_then(|pos| halves(self.view.canvas.area?).into_iter().find(|(rect, ..)| rect.contains(pos)));
        let target = slot.map(|&(_, target)| target).or(half.map(|(_, target, _)| target));
        let on_list =
            pointer.zip(self.pictures.masks.drop_area).is_some_and(|(pos, area)| area.contains(pos));
        if target.is_none() && on_list && sources.iter().all(|source| matches!(source, Source::File(_))) {
            for source in sources {
                if let Source::File(path) = source {
                    self.actions.push(MaskAction::Take(None, path));
                }
            }
            return;
        }
        self.actions.push(TakeIn { target, sources });
    }

    /// Two big targets while files hover over the window.
    pub(super) fn hover_overlay(&self, ctx: &Context) {
        let Some(area) = self.view.canvas.area.filter(|_| self.pictures.hovering.active) else { return };
        let painter = ctx.layer_painter(LayerId::new(Order::Foreground, Id::unique("drop targets")));
        let palette = Palette::for_theme(ctx.theme());
        let pointer =
            ctx.input(|input| input.pointer.latest_pos()).filter(|_| self.pictures.hovering.pointer_seen);
        for (rect, _, title) in halves(area) {
            let rect = rect.shrink(space::M);
            let lit = pointer.is_some_and(|pos| rect.contains(pos));
            let stroke = Stroke::new(2.0, if lit { palette.accent } else { palette.weak });
            painter.rect(rect, 8.0, palette.panel.gamma_multiply(0.92), stroke, StrokeKind::Inside);
            let color = if lit { palette.accent } else { palette.text };
            painter.text(
                rect.center() - vec2(0.0, 10.0),
                Align2::CENTER_CENTER,
                title,
                FontId::proportional(26.0),
                color,
            );
            let text =
                if title == "Content" { "Its shapes are kept" } else { "Its strokes and colours are taken" };
            painter.text(
                rect.center() + vec2(0.0, 18.0),
                Align2::CENTER_CENTER,
                text,
                FontId::proportional(13.0),
                palette.weak,
            );
        }
        let masks = self.pictures.masks.drop_area.map(|rect| (rect, "A region with this mask".to_owned()));
        let slots = self.pictures.drop_rects.iter().map(|&(rect, target)| (rect, self.drop_hint(target)));
        for (rect, text) in slots.chain(masks) {
            if rect.height() < ROW {
                continue;
            }
            let lit = pointer.is_some_and(|pos| rect.contains(pos));
            let stroke = Stroke::new(2.0, if lit { palette.accent } else { palette.weak });
            painter.rect(rect, 6.0, palette.panel.gamma_multiply(0.8), stroke, StrokeKind::Inside);
            let color = if lit { palette.accent } else { palette.text };
            painter.text(rect.center(), Align2::CENTER_CENTER, text, FontId::proportional(14.0), color);
        }
    }

    /// What a picture dropped there becomes.
    fn drop_hint(&self, target: Target) -> String {
        let style = self.pictures.styles.iter().position(|slot| target == Target::Slot(slot.id));
        match (target, style) {
            (Target::NewStyle, _) => "Another style".to_owned(),
            (Target::Palette, _) => "The palette".to_owned(),
            (_, Some(index)) if self.pictures.styles.len() > 1 => format!("Style {}", index + 1),
            (_, Some(_)) => "The style".to_owned(),
            (_, None) => "The content".to_owned(),
        }
    }

    /// Let the window ask what pictures without a target are for.
    pub(super) fn ask_what_for(&mut self, sources: Vec<Source>) {
        for source in &sources {
            if let Source::File(path) = source {
                // What was seen of it before may be outdated.
                self.pictures.gallery.changed(path.clone());
            }
        }
        self.pictures.unplaced.extend(sources);
    }

    /// Ask what pictures without a target are for.
    pub(super) fn unplaced_window(&mut self, ctx: &Context) {
        if self.pictures.unplaced.is_empty() {
            return;
        }
        let mut chosen = None;
        let mut cancel = false;
        let modal = super::theme::modal(ctx, "unplaced pictures").show(ctx, |ui| {
            ui.set_width(360.0);
            let Pictures { unplaced, gallery, .. } = &mut self.pictures;
            ui.heading(if unplaced.len() == 1 { "Use the picture as…" } else { "Use the pictures as…" });
            ui.add_space(space::S);
            for source in unplaced.iter().take(4) {
                ui.horizontal(|ui| {
                    look(ui, gallery, source);
                    ui.add(egui::Label::new(source.name()).truncate());
                });
                ui.add_space(space::XS);
            }
            ui.add_space(space::L);
            ui.horizontal_wrapped(|ui| {
                for (text, target, tooltip) in [
                    ("Use as content", Target::Content, "Its shapes are kept"),
                    ("Use as style", Target::Style, "Its strokes and colours are taken"),
                    ("Add as style", Target::NewStyle, "Another style picture, mixed with the others"),
                    ("Use as palette", Target::Palette, "The styles get its colours"),
                ] {
                    if ui.button(text).on_hover_text(tooltip).clicked() {
                        chosen = Some(target);
                    }
                }
                cancel = ui.button("Cancel").on_hover_text("Takes no picture").clicked();
            });
        });
        if let Some(target) = chosen {
            let sources = std::mem::take(&mut self.pictures.unplaced);
            self.actions.push(SlotAction::Open(target, sources));
        } else if cancel || modal.should_close() {
            self.pictures.unplaced.clear();
        }
        if self.pictures.unplaced.is_empty() {
            ctx.data_mut(|data| data.remove::<PastedLooks>(pasted_looks()));
        }
    }
}

/// Show a small picture of a file or of what was pasted.
fn look(ui: &mut Ui, gallery: &mut Gallery, source: &Source) {
    let (Source::File(_) | Source::Pasted(_)) = source else { return };
    let (rect, response) = ui.allocate_exact_size(TILE, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "What it shows"));
    match source {
        Source::File(path) => gallery.paint(ui, &Origin::File(path.clone()), rect),
        Source::Pasted(image) => {
            let mut looks = ui.data(|data| data.get_temp::<PastedLooks>(pasted_looks())).unwrap_or_default();
            let known =
                looks.iter().find(|(of, _)| Arc::ptr_eq(of, image)).map(|(_, texture)| texture.clone());
            let texture = known.unwrap_or_else(|| {
                let texture = ui.ctx().load_texture("pasted", sampled(image), TextureOptions::LINEAR);
                looks.push((Arc::clone(image), texture.clone()));
                ui.data_mut(|data| data.insert_temp(pasted_looks(), looks));
                texture
            });
            paint_filling(ui, &texture, rect);
        }
        _ => {}
    }
}

/// The small pictures of what was pasted, in egui's memory while it is asked about. Each holds what it is of,
/// so that no other picture can be at its address.
type PastedLooks = Vec<(Arc<ColorImage>, TextureHandle)>;

fn pasted_looks() -> Id {
    Id::unique("looks of what was pasted")
}

/// A picture with single pixels of a large one, as it is only looked at.
fn sampled(image: &ColorImage) -> ColorImage {
    const SIDE: usize = 160;
    let [width, height] = image.size;
    let every = width.max(height).div_ceil(SIDE).max(1);
    let size = [width.div_ceil(every), height.div_ceil(every)];
    let rows = (0..height).step_by(every);
    let pixels = rows.flat_map(|y| (0..width).step_by(every).map(move |x| image.pixels[y * width + x]));
    ColorImage::new(size, pixels.collect())
}

/// The canvas' two halves as drop targets.
fn halves(area: Rect) -> [(Rect, Target, &'static str); 2] {
    let (left, right) = area.split_left_right_at_fraction(0.5);
    [(left, Target::Content, "Content"), (right, Target::Style, "Style")]
}

#[cfg(test)]
mod tests {
    use egui::Color32;

    use super::*;

    #[test]
    fn a_large_picture_is_looked_at_by_some_of_its_pixels() {
        let pixels = (0..1000 * 321).map(|index| Color32::from_gray((index % 1000 / 4) as u8)).collect();
        let small = sampled(&ColorImage::new([1000, 321], pixels));
        assert_eq!(small.size, [143, 46]);
        assert_eq!(small.pixels.len(), 143 * 46);
        assert_eq!(small.pixels[1 + 143], Color32::from_gray(1), "the seventh pixel of the seventh row");
        let tiny = ColorImage::new([3, 1], vec![Color32::RED, Color32::GREEN, Color32::BLUE]);
        assert_eq!(sampled(&tiny), tiny);
    }
}
