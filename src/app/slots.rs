//! The left panel: the content and the styles.

use egui::{
    Color32, FontId, Label, Rect, RichText, Role, Sense, Stroke, StrokeKind, Ui, Vec2, WidgetInfo, pos2, vec2,
};

use super::{
    ImpastoApp,
    command::Command,
    icons::Icon,
    pictures::{Slot, Source, Target},
    theme::{Palette, RADIUS, space},
    widgets::{self, Entry},
};
use crate::picture::{CONTENTS, Example, STYLES};

/// Height of a card's picture, in points.
const THUMBNAIL: f32 = 118.0;

/// What a person wants of a slot.
enum Wish {
    Open(Target),
    Example(Target, &'static Example),
    Remove(u64),
    Dismiss(u64),
}

impl ImpastoApp {
    pub(super) fn slots_ui(&mut self, ui: &mut Ui) {
        let mut wish = None;
        self.drop_rects.clear();
        let mut rects = Vec::new();
        egui::ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.add_space(-space::XS);
            widgets::section(ui, "Content");
            let target = Target::Slot(self.content.id);
            rects.push((card(ui, &self.content, "Content", &CONTENTS, &mut wish), target));

            ui.add_space(space::S);
            ui.vertical_centered(|ui| {
                let can_swap = self.content.picture.is_some() || self.styles[0].picture.is_some();
                let tooltip = Command::Swap.hint(ui.ctx());
                if widgets::text_button(ui, Icon::Swap, "Swap", Command::Swap.text(), &tooltip, can_swap)
                    .clicked()
                {
                    self.swap();
                }
            });
            ui.add_space(-space::S);

            let several = self.styles.len() > 1;
            widgets::section(ui, if several { "Styles" } else { "Style" });
            for (index, slot) in self.styles.iter_mut().enumerate() {
                let name = if several { format!("Style {}", index + 1) } else { "Style".to_owned() };
                rects.push((card(ui, slot, &name, &STYLES, &mut wish), Target::Slot(slot.id)));
                if several {
                    weight_row(ui, slot, &name);
                    ui.add_space(space::S);
                }
            }
            ui.add_space(space::XS);
            let tooltip = "A further style, mixed with the others by its weight";
            let full = self.styles.iter().all(|slot| !slot.is_empty());
            let button = widgets::add_button(ui, "Add style…", tooltip, "Fill the empty style first", full);
            if button.clicked() {
                wish = Some(Wish::Open(Target::NewStyle));
            }
            rects.push((button.rect, Target::NewStyle));
            ui.add_space(space::M);
        });
        let seen = ui.clip_rect();
        self.drop_rects.extend(rects.into_iter().map(|(rect, target)| (rect.intersect(seen), target)));
        match wish {
            None => {}
            Some(Wish::Open(target)) => self.ask_for_picture(target),
            Some(Wish::Example(target, example)) => self.open(target, Source::Example(example)),
            Some(Wish::Remove(id)) => self.remove_picture(id),
            Some(Wish::Dismiss(id)) => {
                if let Some(slot) = self.slot_mut(id) {
                    slot.error = None;
                }
            }
        }
    }
}

fn weight_row(ui: &mut Ui, slot: &mut Slot, name: &str) {
    ui.horizontal(|ui| {
        ui.label(widgets::weak(ui, "Weight"));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let tooltip =
                "Share of this style among the styles: 0 to 10, the weights are normalised to a sum of 1";
            let name = format!("Weight of {}", name.to_lowercase());
            Entry {
                name: &name,
                tooltip,
                drag: 0.0..=10.0,
                suffix: "",
                whole: false,
                width: widgets::NUMBER,
            }
            .show(ui, &mut slot.weight);
            slot.weight = slot.weight.max(0.0);
        });
    });
}

/// One slot: picture, name and size, buttons, and what went wrong.
fn card(ui: &mut Ui, slot: &Slot, name: &str, examples: &'static [Example], wish: &mut Option<Wish>) -> Rect {
    let palette = Palette::of(ui);
    let top = ui.cursor().min;
    let width = ui.available_width();
    let target = Target::Slot(slot.id);
    let (rect, response) = ui.allocate_exact_size(vec2(width, THUMBNAIL), Sense::click());
    thumbnail(ui, slot, rect, &response);
    let what = match &slot.picture {
        Some(loaded) => format!("{name}: {}. Open another picture", loaded.picture.summary()),
        None => format!("{name}: empty. Open a picture"),
    };
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &what));
    let mut tooltip = "Click to open, or drop or paste a picture here.".to_owned();
    for note in slot.picture.iter().flat_map(|loaded| &loaded.picture.notes) {
        tooltip = format!("{tooltip}\n{note}");
    }
    if response.on_hover_text(tooltip).clicked() {
        *wish = Some(Wish::Open(target));
    }

    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = space::XS;
        let buttons = 2.0 * super::theme::ROW + 2.0 * space::XS;
        let text_width = (ui.available_width() - buttons).max(30.0);
        ui.allocate_ui_with_layout(vec2(text_width, 32.0), egui::Layout::top_down(egui::Align::Min), |ui| {
            ui.set_min_size(vec2(text_width, 32.0));
            ui.spacing_mut().item_spacing.y = 0.0;
            match (&slot.loading, &slot.picture) {
                (Some(loading), _) => {
                    ui.add(Label::new(RichText::new(&loading.name).size(13.0)).truncate());
                    ui.label(widgets::weak(ui, "Opening…"));
                }
                (None, Some(loaded)) => {
                    let (width, height) = loaded.picture.dimensions();
                    ui.add(Label::new(RichText::new(&loaded.picture.name).size(13.0)).truncate())
                        .on_hover_text(&loaded.picture.name);
                    ui.label(widgets::weak(ui, format!("{width} × {height}")));
                }
                (None, None) => {
                    ui.add_space(8.0);
                    ui.label(widgets::weak(ui, "No picture"));
                }
            }
        });
        let lower = name.to_lowercase();
        let menu_name = format!("Choose the {lower}");
        let more = widgets::icon_button(
            ui,
            Icon::More,
            &menu_name,
            "Open a file, or take one of the bundled examples",
            true,
        );
        egui::Popup::menu(&more).show(|ui| {
            ui.set_min_width(150.0);
            if ui.button("Open…").clicked() {
                *wish = Some(Wish::Open(target));
            }
            ui.separator();
            for example in examples {
                if ui.button(example.title).clicked() {
                    *wish = Some(Wish::Example(target, example));
                }
            }
        });
        let remove = format!("Remove the {lower}");
        let filled = slot.picture.is_some() || slot.loading.is_some();
        if widgets::icon_button(ui, Icon::Close, &remove, "Takes this picture out", filled).clicked() {
            *wish = Some(Wish::Remove(slot.id));
        }
    });

    if let Some(error) = &slot.error {
        egui::Frame::new().stroke(Stroke::new(1.0, palette.bad)).corner_radius(RADIUS).inner_margin(6).show(
            ui,
            |ui| {
                ui.horizontal_top(|ui| {
                    let width = ui.available_width() - super::theme::ROW - space::S;
                    ui.allocate_ui(vec2(width, 18.0), |ui| {
                        ui.set_width(width);
                        ui.add(
                            Label::new(RichText::new(widgets::sentence(error)).size(12.5))
                                .wrap()
                                .selectable(true),
                        );
                    });
                    let dismiss = format!("Dismiss the message about the {}", name.to_lowercase());
                    if widgets::icon_button(ui, Icon::Close, &dismiss, "Takes this message away", true)
                        .clicked()
                    {
                        *wish = Some(Wish::Dismiss(slot.id));
                    }
                });
            },
        );
    }
    Rect::from_min_max(top, pos2(top.x + width, ui.cursor().min.y))
}

fn thumbnail(ui: &Ui, slot: &Slot, rect: Rect, response: &egui::Response) {
    let palette = Palette::of(ui);
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    painter.rect_filled(rect, RADIUS, palette.well);
    match &slot.picture {
        Some(loaded) => {
            // The card is filled; what sticks out is cut, as in any contact sheet.
            let size = loaded.texture.size_vec2();
            let scale = (rect.size() / size).max_elem();
            let shown = rect.size() / (size * scale);
            // Heads are rather up than down: of a tall picture more is cut below.
            let shown = shown.min(Vec2::splat(1.0));
            let uv = Rect::from_min_size(pos2((1.0 - shown.x) / 2.0, (1.0 - shown.y) / 4.0), shown);
            let tint = if slot.loading.is_some() { Color32::from_gray(110) } else { Color32::WHITE };
            egui::Image::from_texture((loaded.texture.id(), rect.size()))
                .uv(uv)
                .tint(tint)
                .corner_radius(RADIUS)
                .paint_at(ui, rect);
        }
        None if slot.loading.is_none() => {
            Icon::Plus.paint(&painter, rect.center() - vec2(0.0, 10.0), palette.weak);
            painter.text(
                rect.center() + vec2(0.0, 12.0),
                egui::Align2::CENTER_CENTER,
                "Open, drop or paste",
                FontId::proportional(12.5),
                palette.weak,
            );
        }
        None => {}
    }
    if slot.loading.is_some() {
        egui::Spinner::new()
            .size(22.0)
            .color(palette.accent)
            .paint_at(ui, Rect::from_center_size(rect.center(), Vec2::splat(22.0)));
    }
    let stroke = if response.has_focus() {
        Stroke::new(2.0, palette.accent)
    } else if response.hovered() {
        Stroke::new(1.0, palette.weak)
    } else {
        Stroke::new(1.0, palette.line)
    };
    painter.rect_stroke(rect, RADIUS, stroke, StrokeKind::Inside);
}
