//! The row above the status line: slots, morph, randomize.

use egui::{
    Align2, ComboBox, FontId, Key, Popup, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2,
};

use super::{End, ImpastoApp, MixAction, contents, desk::MOST_SEED, ends};
use crate::{
    command::Command,
    entry::Entry,
    fader::plain_slider,
    icons::Icon,
    row_end,
    theme::{Palette, RADIUS, ROW, space},
    widgets,
};
use impasto_core::settings::{Slots, StyleMix};

/// Widths of a slot and of the numbers, in points.
const SLOT: f32 = 22.0;
const NUMBER: f32 = 50.0;
/// Widths of the choice of an end and of the morph's slider: never less, nor more. What is left over goes to
/// the names of the ends first, once the slider has room for a hand.
const END: [f32; 2] = [112.0, 176.0];
const SLIDER: [f32; 2] = [70.0, 300.0];
const HAND: f32 = 110.0;
/// From this width of the row on, what is in it has a word beside it.
const WORDS_FROM: f32 = 1080.0;

impl ImpastoApp {
    pub(crate) fn mixes_ui(&self, ui: &mut Ui) {
        let words = ui.available_width() >= WORDS_FROM;
        ui.horizontal_centered(|ui| {
            ui.spacing_mut().item_spacing.x = space::XS;
            let tooltip = "Eight places for mixes: click to recall one, Shift-click to store the current one there. What can change while it paints belongs to a mix, and how the styles count.";
            ui.label(widgets::weak(ui, "Mixes")).on_hover_text(tooltip);
            ui.add_space(space::XS);
            for slot in 0..Slots::COUNT {
                self.slot_ui(ui, slot);
            }
            ui.add_space(space::M);
            row_end::before(ui, "mixes", |ui| {
                ui.set_max_width(ui.available_width() - space::M);
                self.morph_ui(ui, words);
            });
            row_end::show(ui, "mixes", |ui| self.randomize_ui(ui, words));
        });
    }

    fn slot_ui(&self, ui: &mut Ui, slot: usize) {
        let palette = Palette::of(ui);
        let letter = Slots::letter(slot);
        let filled = self.mixes.desk.slots.get(slot);
        let is = self.mixes.ends.slot() == Some(slot);
        let (rect, response) = ui.allocate_exact_size(vec2(SLOT, SLOT), Sense::click());
        let (fill, color) = match (filled.is_some(), is, response.hovered()) {
            (_, true, _) => (palette.text, palette.panel),
            (true, _, false) => (palette.button, palette.text),
            (true, _, true) => (palette.button_hover, palette.text),
            (false, _, hovered) => (palette.bar, if hovered { palette.text } else { palette.weak }),
        };
        ui.painter().rect_filled(rect, RADIUS - 1, fill);
        if filled.is_none() {
            let edge = Stroke::new(1.0, palette.line);
            ui.painter().rect_stroke(rect, RADIUS - 1, edge, StrokeKind::Inside);
        }
        if response.has_focus() {
            ui.painter().rect_stroke(rect, RADIUS - 1, Stroke::new(2.0, palette.accent), StrokeKind::Outside);
        }
        ui.painter().text(rect.center(), Align2::CENTER_CENTER, letter, FontId::proportional(13.0), color);
        let state = match (filled.is_some(), is) {
            (false, _) => "empty",
            (true, false) => "stored",
            (true, true) => "the current mix",
        };
        let name = format!("Mix {letter}, {state}");
        response.widget_info(|| WidgetInfo::selected(Role::Button, true, is, &name));
        let (shift, delete) = ui.input(|input| {
            (input.modifiers.shift, input.key_pressed(Key::Delete) || input.key_pressed(Key::Backspace))
        });
        if response.clicked() {
            self.actions.push(if shift { MixAction::Store(slot) } else { MixAction::Recall(slot) });
        } else if response.has_focus() && delete && filled.is_some() {
            self.actions.push(MixAction::Clear(slot));
        }
        Popup::context_menu(&response).show(|ui| {
            ui.set_min_width(170.0);
            let take = ui.add_enabled(filled.is_some(), egui::Button::new(format!("Recall mix {letter}")));
            if take.on_hover_text("The painting goes on with it").clicked() {
                self.actions.push(MixAction::Recall(slot));
            }
            let text = if filled.is_some() {
                "Overwrite with the current mix"
            } else {
                "Store the current mix here"
            };
            if ui.button(text).on_hover_text("Shift-click does the same").clicked() {
                self.actions.push(MixAction::Store(slot));
            }
            let clear = ui.add_enabled(filled.is_some(), egui::Button::new("Clear"));
            if clear.on_hover_text("Empties the slot").clicked() {
                self.actions.push(MixAction::Clear(slot));
            }
        });
        response.on_hover_ui(|ui| {
            ui.set_max_width(300.0);
            match (filled, self.mixes.desk.slots.look(slot)) {
                (Some(mix), Some(look)) => {
                    ui.label(contents(look));
                    let odd = mix.styles.iter().filter(|style| **style != StyleMix::default()).count();
                    if odd > 0 {
                        ui.label(format!("and how {} styles count", mix.styles.len()));
                    }
                }
                _ => drop(ui.label("Empty")),
            }
            let keys = match filled {
                Some(_) => format!("Click or Ctrl+{} to recall, Shift-click to overwrite", slot + 1),
                None => "Shift-click to store the current mix".to_owned(),
            };
            ui.label(widgets::weak(ui, keys));
        });
    }

    fn morph_ui(&self, ui: &mut Ui, words: bool) {
        let palette = Palette::of(ui);
        let gap = space::XS;
        if words {
            let tooltip = "Blends the current mix from one end to the other";
            ui.label(widgets::weak(ui, "Morph")).on_hover_text(tooltip);
            ui.add_space(gap);
        }
        let room = ui.available_width() - NUMBER - 4.0 * gap;
        let end = ((room - HAND) / 2.0).clamp(END[0], END[1]).floor();
        let width = (room - 2.0 * end).clamp(SLIDER[0], SLIDER[1]);
        let both = self.mixes.ends.there() == [true; 2];
        self.end_ui(
            ui,
            ("Morph from", end),
            self.mixes.ends.there()[0],
            &self.mixes.desk.from,
            MixAction::From,
        );

        let mut t = self.mixes.desk.morph;
        let [from, to] = [&self.mixes.desk.from, &self.mixes.desk.to].map(End::name);
        let mut tooltip =
            format!("Blends {from} and {to}. Settings that cannot be blended switch at the middle (◆).");
        if !self.mixes.ends.jumps().is_empty() {
            tooltip = format!("{tooltip}\nAt the middle: {}", self.mixes.ends.jumps().join(", "));
        }
        if !both {
            "One of the two is empty: choose others, or store a mix there".clone_into(&mut tooltip);
        }
        ui.add_enabled_ui(both, |ui| {
            let (rect, _) = ui.allocate_exact_size(vec2(width, ROW), Sense::hover());
            if !self.mixes.ends.jumps().is_empty() {
                mark(ui, rect, if t < 0.5 { palette.weak } else { palette.text });
            }
            let mut slider = ui.new_child(egui::UiBuilder::new().max_rect(rect));
            // Another mix than the one at which it stands: the way there is not lit.
            let looks = (width, self.mixes.ends.on_way());
            let response = plain_slider(&mut slider, "Morph", &tooltip, [0.0, 1.0], &mut t, looks);
            if response.changed() {
                t = (1000.0 * t).round() / 1000.0;
            }
        });
        let (mut percent, before) = (100.0 * t, 100.0 * t);
        ui.add_enabled_ui(both, |ui| {
            let (name, drag) = ("Morph, number", 0.0..=100.0);
            Entry {
                name,
                tooltip: &tooltip,
                drag,
                suffix: " %",
                whole: true,
                width: NUMBER,
                param: None,
                default: None,
            }
            .show(ui, &mut percent);
        });
        if percent != before.round() {
            t = percent / 100.0;
        }
        if t != self.mixes.desk.morph {
            self.actions.push(MixAction::Morph(t));
        }
        self.end_ui(ui, ("Morph to", end), self.mixes.ends.there()[1], &self.mixes.desk.to, MixAction::To);
    }

    fn end_ui(
        &self,
        ui: &mut Ui,
        (name, width): (&str, f32),
        there: bool,
        chosen: &End,
        choose: fn(End) -> MixAction,
    ) {
        let text = if there { chosen.name() } else { format!("{} (empty)", chosen.name()) };
        let response = ComboBox::from_id_salt(name)
            .selected_text(text.as_str())
            .width(width)
            .height(420.0)
            .truncate()
            .show_ui(ui, |ui| {
                let mut last_slot = true;
                for end in ends(&self.mixes.desk, &self.mixes.presets) {
                    let slot = matches!(end, End::Slot(_));
                    if last_slot && !slot && !self.mixes.desk.slots.is_empty() {
                        ui.separator();
                    }
                    last_slot = slot;
                    let text = if slot { format!("Mix {}", end.name()) } else { end.name() };
                    if ui.selectable_label(end == *chosen, text).clicked() {
                        self.actions.push(choose(end));
                    }
                }
            })
            .response;
        widgets::take_focus(&response, name);
        let tooltip = format!("{text}\nAn end of the morph: a stored mix or a preset");
        response.accessible_name(name).on_hover_text(tooltip);
    }

    fn randomize_ui(&self, ui: &mut Ui, words: bool) {
        let command = Command::Randomize;
        let (mut seed, mut percent) = (self.mixes.desk.seed as f64, 100.0 * self.mixes.desk.amount);
        let (seed_before, percent_before) = (seed, percent);
        let tooltip = "Amount of randomness, 0 to 100 %; at 100 %, weights change by up to 16 times. What is muted, 0 or locked stays.";
        if words {
            ui.label(widgets::weak(ui, "Amount")).on_hover_text(tooltip);
        }
        let (name, drag) = ("Randomize amount", 0.0..=100.0);
        Entry {
            name,
            tooltip,
            drag,
            suffix: " %",
            whole: true,
            width: NUMBER,
            param: None,
            default: Some(30.0),
        }
        .show(ui, &mut percent);
        let tooltip = "Seed of the next random mix, a whole number: the same seed, amount and mix give the same result. Each use counts it on.";
        if words {
            ui.add_space(space::XS);
            ui.label(widgets::weak(ui, "Seed")).on_hover_text(tooltip);
        }
        let (name, drag) = ("Randomize seed", 0.0..=MOST_SEED as f64);
        Entry {
            name,
            tooltip,
            drag,
            suffix: "",
            whole: true,
            width: NUMBER,
            param: None,
            default: Some(1.0),
        }
        .show(ui, &mut seed);
        let hint = command.hint(ui.ctx());
        let clicked = if words {
            widgets::text_button(ui, Icon::Dice, "Randomize", command.text(), &hint, true).clicked()
        } else {
            widgets::icon_button(ui, Icon::Dice, command.text(), &hint, true).clicked()
        };
        if seed != seed_before {
            self.actions.push(MixAction::Seed(seed.max(0.0) as u64));
        }
        if percent != percent_before.round() {
            self.actions.push(MixAction::Amount(percent / 100.0));
        }
        if clicked {
            self.actions.push(command);
        }
    }
}

/// Something jumps at the middle: a diamond there, with a line through the rail.
fn mark(ui: &Ui, rect: Rect, color: egui::Color32) {
    let x = rect.center().x;
    ui.painter().vline(x, rect.shrink2(vec2(0.0, 4.0)).y_range(), Stroke::new(1.0, color));
    let y = rect.min.y + 3.0;
    let diamond = vec![pos2(x, y - 3.5), pos2(x + 3.5, y), pos2(x, y + 3.5), pos2(x - 3.5, y)];
    ui.painter().add(egui::Shape::convex_polygon(diamond, color, Stroke::NONE));
}
