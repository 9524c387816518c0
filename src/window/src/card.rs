//! One picture of the left panel: its thumbnail, name, buttons, what can be set of it and what went wrong
//! with it.

use egui::{
    Align, Color32, FontId, Label, Layout, Rect, RichText, Role, Sense, Stroke, StrokeKind, Ui, Vec2,
    WidgetInfo, pos2, vec2,
};

use super::{
    action::Actions,
    command::Command,
    entry::Entry,
    gallery::{COLUMNS, Gallery, TILE, Use},
    icons::Icon,
    origin::Origin,
    part::ChoosePart,
    picture_source::Source,
    slot::{Slot, SlotAction, Target},
    theme::{Palette, RADIUS, ROW, space},
    widgets,
};
use impasto_base::text;
use impasto_core::{
    picture::Example,
    settings::{Crop, ParamId, STYLE_SCALES, StyleMix},
    transfer::scale_end_text,
};

/// What a card is for.
pub struct Card<'a> {
    /// What the slot is called.
    pub name: &'a str,
    pub examples: &'static [Example],
    /// Whose files opened lately it offers.
    pub used: Use,
    /// Of a style: whether there are several, so that their weights count.
    pub style: Option<bool>,
    /// Of a style with a picture: its number among them, counted from 0.
    pub index: u8,
    /// Of a style whose scale asks for more pixels than it has: the scale that is in effect.
    pub scale_end: Option<f64>,
    /// What an empty card says.
    pub hint: &'a str,
    /// Of its picture, in points.
    pub height: f32,
}

/// Show a slot; returns the area in which a dropped picture is meant for it.
pub fn show(ui: &mut Ui, card: &Card<'_>, slot: &mut Slot, gallery: &mut Gallery, actions: &Actions) -> Rect {
    let top = ui.cursor().min;
    let width = ui.available_width();
    picture(ui, card, slot, actions);
    title_row(ui, card, slot, gallery, actions);
    if let (Some(several), Some(_)) = (card.style, &slot.picture) {
        mix_row(ui, card, several, &mut slot.mix);
    }
    if let (Some(crop), Some(loaded)) = (slot.mix.crop, &slot.picture) {
        let [left, top, width, height] = crop.pixels(loaded.picture.dimensions());
        let text = format!("Only a part counts: {width} × {height} px at {left}, {top}");
        ui.add(Label::new(widgets::weak(ui, text)).wrap());
    }
    if let (Some(end), Some(loaded)) = (card.scale_end, &slot.picture) {
        let text = format!("This picture is {}", scale_end_text(loaded.picture.dimensions(), end));
        ui.add(Label::new(widgets::weak(ui, text)).wrap());
    }
    error_frame(ui, card, slot, actions);
    Rect::from_min_max(top, pos2(top.x + width, ui.cursor().min.y))
}

fn picture(ui: &mut Ui, card: &Card<'_>, slot: &Slot, actions: &Actions) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), card.height), Sense::click());
    thumbnail(ui, card, slot, rect, &response);
    let name = card.name;
    let what = match &slot.picture {
        Some(loaded) => format!("{name}: {}. Open another picture", loaded.picture.summary()),
        None => format!("{name}: empty. Open a picture"),
    };
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &what));
    let mut tooltip = "Click to open, or drop or paste a picture here.".to_owned();
    for note in slot.picture.iter().flat_map(|loaded| &loaded.picture.notes) {
        tooltip = format!("{tooltip}\n{}", text::reason(note));
    }
    if response.on_hover_text(tooltip).clicked() {
        actions.push(SlotAction::Ask(Target::Slot(slot.id)));
    }
}

/// Name and size of the picture, and the card's buttons.
fn title_row(ui: &mut Ui, card: &Card<'_>, slot: &mut Slot, gallery: &mut Gallery, actions: &Actions) {
    let lower = card.name.to_lowercase();
    let eye = card.style.is_some() && slot.picture.is_some();
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = space::XS;
        let count = if eye { 3.0 } else { 2.0 };
        let text_width = (ui.available_width() - count * (ROW + space::XS)).max(30.0);
        ui.allocate_ui_with_layout(vec2(text_width, 32.0), Layout::top_down(Align::Min), |ui| {
            ui.set_min_size(vec2(text_width, 32.0));
            ui.spacing_mut().item_spacing.y = 0.0;
            match (&slot.loading, &slot.picture) {
                (Some(loading), _) => {
                    ui.add(Label::new(RichText::new(&loading.name).size(13.0)).truncate());
                    ui.label(widgets::weak(ui, loading.stage()));
                }
                (None, Some(loaded)) => {
                    let (width, height) = loaded.picture.dimensions();
                    let name = text::display_name(&loaded.picture.name);
                    ui.add(Label::new(RichText::new(&name).size(13.0)).truncate()).on_hover_text(&name);
                    ui.add(Label::new(widgets::weak(ui, format!("{width} × {height}"))).truncate());
                }
                (None, None) => {
                    ui.add_space(8.0);
                    ui.label(widgets::weak(ui, "No picture"));
                }
            }
        });
        if eye {
            let on = slot.mix.on;
            let icon = if on { Icon::Eye } else { Icon::EyeOff };
            let tooltip = "Lets this style count or not, at once; it keeps its weight and its scale";
            if widgets::icon_toggle(ui, icon, &format!("Use the {lower}"), tooltip, on).clicked() {
                slot.mix.on = !on;
            }
        }
        let menu_name = format!("Choose the {lower}");
        let tooltip = "Open a file, read it again, or take a bundled or a recent picture";
        let more = widgets::icon_button(ui, Icon::More, &menu_name, tooltip, true);
        widgets::take_focus(&more, &menu_name);
        if more.clicked() {
            gallery.look_again();
        }
        egui::Popup::menu(&more).show(|ui| menu(ui, card, slot, gallery, actions));
        let remove = format!("Remove the {lower}");
        let filled = slot.picture.is_some() || slot.loading.is_some();
        if widgets::icon_button(ui, Icon::Close, &remove, "Takes this picture out", filled).clicked() {
            actions.push(SlotAction::Remove(slot.id));
        }
    });
}

/// Where a picture can come from.
fn menu(ui: &mut Ui, card: &Card<'_>, slot: &Slot, gallery: &mut Gallery, actions: &Actions) {
    let target = Target::Slot(slot.id);
    ui.set_width(CHOICES);
    if ui.button("Open…").clicked() {
        actions.push(SlotAction::Ask(target));
    }
    let from_file =
        slot.picture.as_ref().is_some_and(|loaded| matches!(loaded.origin, Some(Origin::File(_))));
    if from_file {
        let hint = "Reads the file again, after another program has changed it";
        if ui.button("Reload").on_hover_text(hint).clicked() {
            actions.push(SlotAction::Reload(slot.id));
        }
    }
    if card.style.is_some() && slot.picture.is_some() {
        let hint = "Lets only a rectangle of this picture count; all of it again by “Whole picture”";
        if ui.button("Use a part…").on_hover_text(hint).clicked() {
            actions.push(ChoosePart(slot.id));
        }
    }
    if let Some(source) = choices(ui, card.examples, card.used, gallery) {
        actions.push(SlotAction::Open(target, vec![source]));
    }
    if card.used == Use::Content {
        ui.add_space(space::XS);
        let command = Command::RegionsExample;
        if ui.button(command.text()).on_hover_text(command.tooltip()).clicked() {
            actions.push(command);
        }
    }
}

/// Bundled pictures and those opened lately.
pub fn choices(
    ui: &mut Ui,
    examples: &'static [Example],
    used: Use,
    gallery: &mut Gallery,
) -> Option<Source> {
    ui.add_space(space::XS);
    ui.label(widgets::weak(ui, "Examples"));
    let example = gallery.examples(ui, examples, COLUMNS, TILE);
    gallery.files(ui, used, COLUMNS, TILE).or(example)
}

/// How wide a menu with them is, in points.
pub const CHOICES: f32 = COLUMNS as f32 * (TILE.x + space::XS) - space::XS;

/// Weight among several styles, and scale.
fn mix_row(ui: &mut Ui, card: &Card<'_>, several: bool, mix: &mut StyleMix) {
    let lower = card.name.to_lowercase();
    let defaults = StyleMix::default();
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = space::XS;
        let half = ((ui.available_width() - space::S) / 2.0).floor();
        let entry = |ui: &mut Ui, label: &str, tooltip: &str, param, drag, default: f64, value: &mut f64| {
            ui.allocate_ui_with_layout(vec2(half, ROW), Layout::left_to_right(Align::Center), |ui| {
                ui.label(widgets::weak(ui, label)).on_hover_text(tooltip);
                let name = format!("{label} of {lower}");
                let width = ui.available_width();
                let (param, default) = (Some(param), Some(default));
                let entry = Entry { name: &name, tooltip, drag, suffix: "", whole: false, width, param, default };
                entry.show(ui, value);
            });
        };
        if several {
            let tooltip = "Share of this style among the styles: 0 to 10; the shares are normalised to a sum of 1";
            entry(ui, "Weight", tooltip, ParamId::PictureWeight(card.index), 0.0..=10.0, defaults.weight, &mut mix.weight);
            mix.weight = mix.weight.max(0.0);
            ui.add_space(space::S - space::XS);
        }
        let tooltip = "Size of this style's strokes, 0.05 to 20, where 1 is that of the painting; never beyond the picture's own pixels, and times the style scale of all. It can be changed at any time.";
        entry(ui, "Scale", tooltip, ParamId::PictureScale(card.index), STYLE_SCALES, defaults.scale, &mut mix.scale);
        mix.scale = mix.scale.clamp(*STYLE_SCALES.start(), *STYLE_SCALES.end());
    });
}

fn error_frame(ui: &mut Ui, card: &Card<'_>, slot: &Slot, actions: &Actions) {
    let Some(error) = &slot.error else { return };
    let stroke = Stroke::new(1.0, Palette::of(ui).bad);
    egui::Frame::new().stroke(stroke).corner_radius(RADIUS).inner_margin(6).show(ui, |ui| {
        ui.horizontal_top(|ui| {
            let width = ui.available_width() - ROW - space::S;
            ui.allocate_ui(vec2(width, 18.0), |ui| {
                ui.set_width(width);
                let text = RichText::new(widgets::sentence(error)).size(12.5);
                ui.add(Label::new(text).wrap().selectable(true));
            });
            let dismiss = format!("Dismiss the message about the {}", card.name.to_lowercase());
            if widgets::icon_button(ui, Icon::Close, &dismiss, "Takes this message away", true).clicked() {
                actions.push(SlotAction::Dismiss(slot.id));
            }
        });
    });
}

fn thumbnail(ui: &Ui, card: &Card<'_>, slot: &Slot, rect: Rect, response: &egui::Response) {
    let palette = Palette::of(ui);
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    painter.rect_filled(rect, RADIUS, palette.well);
    match &slot.picture {
        Some(loaded) => {
            // The whole picture, or the whole part of it that counts: a head that is cut off is not
            // recognised.
            let part = slot.mix.crop.unwrap_or(Crop::WHOLE);
            let uv = Rect::from_min_size(
                pos2(part.left as f32, part.top as f32),
                vec2(part.width as f32, part.height as f32),
            );
            let size = loaded.texture.size_vec2() * uv.size();
            let place = Rect::from_center_size(rect.center(), size * (rect.size() / size).min_elem());
            let tint =
                if slot.loading.is_some() || !slot.mix.on { Color32::from_gray(110) } else { Color32::WHITE };
            egui::Image::from_texture((loaded.texture.id(), place.size()))
                .uv(uv)
                .tint(tint)
                .corner_radius(RADIUS)
                .paint_at(ui, place);
        }
        None if slot.loading.is_none() => {
            Icon::Plus.paint(&painter, rect.center() - vec2(0.0, 10.0), palette.weak);
            painter.text(
                rect.center() + vec2(0.0, 12.0),
                egui::Align2::CENTER_CENTER,
                card.hint,
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
