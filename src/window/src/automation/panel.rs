//! The panel: a list of everything that moves by itself, and the curve of the chosen one.

use egui::{Align, ComboBox, Label, Layout, RichText, ScrollArea, Sense, Stroke, StrokeKind, Ui, vec2};

use super::graph::{Graph, KeyEdit, shown_time};
use crate::{
    ImpastoApp,
    command::Command,
    entry::Entry,
    icons::Icon,
    masks::OnParam,
    param_menu::ParamAction,
    row_end,
    theme::{Palette, RADIUS, ROW, space},
    widgets,
};
use impasto_core::settings::{
    Automation, Curve, Ease, Key, KeysEnd, Lfo, MAX_KEYS, Objective, ParamId, Track, Waveform,
};

/// Width of the list, as a part of the panel and in points.
const LIST_PART: f32 = 0.28;
const LIST: std::ops::RangeInclusive<f32> = 150.0..=290.0;
/// From this width on, a line of the list shows its curve.
const COURSE_FROM: f32 = 210.0;
/// Most of a period or a place in the run that can be dragged to, in percent.
const WHOLE: f64 = 100.0;

impl ImpastoApp {
    /// What stands behind the tabs.
    pub(crate) fn automation_header(&mut self, ui: &mut Ui) {
        let ctx = ui.ctx().clone();
        ui.add_space(space::S);
        let recording = self.is_recording();
        let command = Command::Record;
        let hint = command.hint(&ctx);
        let text = if recording { "Recording" } else { "Record" };
        let button = widgets::text_button(ui, command.icon(), text, command.text(), &hint, true);
        if recording {
            let bad = Palette::of(ui).bad;
            ui.painter().rect_stroke(button.rect, RADIUS, Stroke::new(1.5, bad), StrokeKind::Inside);
        }
        if button.clicked() {
            self.actions.push(command);
        }
        self.add_menu(ui);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let any = !self.settings.automation.is_empty();
            let tooltip = "Takes every course away; the settings stay where they were set";
            if any && widgets::quiet_button(ui, "Remove all", tooltip).clicked() {
                self.settings.automation = Automation::default();
            }
            let percent = 100.0 * self.settings.time_at(self.run.step()).min(1.0);
            let text = widgets::weak(ui, format!("{percent:.0} % of the run"));
            ui.add(Label::new(text).truncate()).on_hover_text(
                "Where the run is: courses go from its beginning to its end, whatever the number of steps",
            );
        });
    }

    fn add_menu(&self, ui: &mut Ui) {
        let tooltip = "Automates another fader; a right click on it does the same";
        let button = widgets::icon_button(ui, Icon::Plus, "Automate a fader", tooltip, true);
        egui::Popup::menu(&button).show(|ui| {
            ui.set_min_width(190.0);
            ScrollArea::vertical().max_height(320.0).show(ui, |ui| {
                for param in ParamId::all(&self.settings, &self.mix()) {
                    let name = param.label_in(&self.settings.masks);
                    if self.settings.automation.get(param).is_none() && ui.button(name).clicked() {
                        let masks = &self.settings.masks;
                        self.actions.push(OnParam::new(param, masks, ParamAction::Automate));
                    }
                }
            });
        });
    }

    pub(crate) fn automation_panel(&mut self, ui: &mut Ui) {
        let known: Vec<ParamId> = self.settings.automation.iter().map(|(param, _)| param).collect();
        let Some(&first) = known.first() else {
            return self.nothing_moves(ui);
        };
        let chosen = self.automation.chosen.filter(|param| known.contains(param)).unwrap_or(first);
        self.automation.chosen = Some(chosen);
        let height = ui.available_height();
        let width = (ui.available_width() * LIST_PART).clamp(*LIST.start(), *LIST.end());
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = space::M;
            ui.allocate_ui_with_layout(vec2(width, height), Layout::top_down(Align::Min), |ui| {
                ui.set_min_size(vec2(width, height));
                ScrollArea::vertical().id_salt("courses").auto_shrink(false).show(ui, |ui| {
                    ui.spacing_mut().item_spacing.y = 2.0;
                    for param in known {
                        self.line(ui, param, param == chosen);
                    }
                });
            });
            ui.vertical(|ui| self.track_ui(ui, chosen));
        });
    }

    fn nothing_moves(&self, ui: &mut Ui) {
        ui.add_space(space::S);
        let text = if self.is_recording() {
            "Recording: move any fader while it paints. Press Record again to keep what you did."
        } else {
            "No automation yet. Right-click a fader and choose “Automate…”, add a fader with +, or press Record and move faders while it paints."
        };
        ui.add(Label::new(RichText::new(text).color(Palette::of(ui).weak)).wrap());
    }

    /// A parameter in the list.
    fn line(&mut self, ui: &mut Ui, param: ParamId, chosen: bool) {
        let palette = Palette::of(ui);
        let name = param.label_in(&self.settings.masks);
        let mix = self.mix();
        let (base, time) = (param.get(&self.settings, &mix), self.settings.time_at(self.run.step()));
        let rests = param.inactive_reason(&self.settings, &mix);
        let objective = self.settings.objective;
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
        let fill = match (chosen, response.hovered()) {
            (true, _) => palette.button_hover,
            (false, true) => palette.button,
            (false, false) => palette.panel,
        };
        ui.painter().rect_filled(rect, RADIUS, fill);
        if response.has_focus() {
            ui.painter().rect_stroke(rect, RADIUS, Stroke::new(2.0, palette.accent), StrokeKind::Inside);
        }
        response.widget_info(|| {
            egui::WidgetInfo::selected(
                egui::Role::ListBoxOption,
                true,
                chosen,
                format!("Automation of {name}"),
            )
        });
        if response.clicked() {
            self.automation.chosen = Some(param);
            self.automation.key = 0;
        }
        let mut removed = false;
        let Some(track) = self.settings.automation.get_mut(param) else { return };
        let layout = Layout::left_to_right(Align::Center);
        let inner = rect.shrink2(vec2(4.0, 0.0));
        let mut ui = ui.new_child(egui::UiBuilder::new().max_rect(inner).layout(layout));
        ui.spacing_mut().item_spacing.x = space::XS;
        let moves = track.on && base.is_some();
        row_end::before(&mut ui, "automation", |ui| {
            let tooltip = "Whether this course moves its fader";
            widgets::checkbox(ui, &format!("Use the automation of {name}"), tooltip, &mut track.on);
            let color = if moves { palette.text } else { palette.weak };
            let text = RichText::new(&name).size(13.0).color(color);
            let label = ui.add(Label::new(text).truncate().selectable(false));
            if let Some(why) = rests {
                label.on_hover_text(format!("Rests: {why}."));
            }
        });
        row_end::show(&mut ui, "automation", |ui| {
            if rect.width() >= COURSE_FROM {
                let (small, _) = ui.allocate_exact_size(vec2(64.0, ROW - 6.0), Sense::hover());
                let color = if moves { palette.accent } else { palette.weak };
                let (base, now) = (base.unwrap_or_default(), shown_time(track, time));
                let graph = Graph { param, name: &name, objective, base, track, key: 0, now };
                graph.small(ui.painter(), small, color);
            }
            let (place, _) = ui.allocate_exact_size(vec2(20.0, ROW), Sense::hover());
            let tooltip = "Takes this course away; the setting stays where it was set";
            let label = format!("Remove the automation of {name}");
            removed = widgets::small_icon_button(ui, Icon::Close, &label, tooltip, place).clicked();
        });
        if removed {
            self.settings.automation.remove(param);
        }
    }

    /// The chosen track: what can be set of it, and its graph.
    fn track_ui(&mut self, ui: &mut Ui, param: ParamId) {
        let mix = self.mix();
        let (base, time) = (param.stored(&self.settings, &mix), self.settings.time_at(self.run.step()));
        let (objective, steps) = (self.settings.objective, self.settings.steps);
        let rests = param.inactive_reason(&self.settings, &mix);
        let name = param.label_in(&self.settings.masks);
        let Some(track) = self.settings.automation.get_mut(param) else { return };
        let (base, now) = (base.unwrap_or_default(), shown_time(track, time));
        let state = &mut self.automation;
        let mut edit = None;
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = vec2(space::XS, 2.0);
            let lfo = matches!(track.curve, Curve::Lfo(_));
            if widgets::tab(ui, "Oscillator", "Swings about what the fader is set to", lfo).clicked() && !lfo
            {
                track.curve = Curve::Lfo(Lfo::default());
            }
            let tooltip = "Goes through given values at given times";
            if widgets::tab(ui, "Keyframes", tooltip, !lfo).clicked() && lfo {
                let key = Key { at: 0.0, value: base, ease: Ease::Linear };
                track.curve = Curve::Keys(vec![key], KeysEnd::Hold);
                state.key = 0;
            }
            let key = key_now(track, param, objective, now);
            match &mut track.curve {
                Curve::Lfo(lfo) => lfo_ui(ui, lfo, steps),
                Curve::Keys(keys, end) => {
                    edit = keys_ui(ui, keys, &mut state.key, (key, param), steps);
                    end_ui(ui, end);
                }
            }
        });
        if let Some(why) = rests {
            ui.add(Label::new(widgets::weak(ui, format!("Rests: {why}."))).truncate());
        }
        let mut shown = track.clone();
        if let (Some((index, key)), Curve::Keys(keys, _)) = (state.dragged, &mut shown.curve)
            && let Some(place) = keys.get_mut(index)
        {
            *place = key;
        }
        let size = vec2(ui.available_width(), ui.available_height().max(44.0));
        let graph = Graph { param, name: &name, objective, base, track: &shown, key: state.key, now };
        edit = graph.show(ui, size).or(edit);
        if let Some(edit) = edit {
            edit_keys(state, track, edit);
        }
    }
}

/// A keyframe on the course, for a time of the run: it moves nothing, but for a smooth way around it. In a
/// loop it is within the first turn: beyond that it would make the loop longer.
fn key_now(track: &Track, param: ParamId, objective: Objective, now: f64) -> Option<Key> {
    let Curve::Keys(keys, _) = &track.curve else { return None };
    let at = match track.curve.loop_bounds() {
        Some((first, _)) => track.curve.looped(now).max(first),
        None => now,
    };
    let before = keys[..keys.partition_point(|key| key.at <= at)].last();
    // What is held stays held.
    let ease = before.map_or(Ease::Linear, |key| key.ease);
    Some(Key { at, value: track.value(param, objective, keys.first()?.value, at), ease })
}

fn edit_keys(state: &mut super::AutomationUi, track: &mut Track, edit: KeyEdit) {
    let Curve::Keys(keys, _) = &mut track.curve else { return };
    match edit {
        KeyEdit::Choose(index) => state.key = index,
        KeyEdit::Drag(index, key) => {
            state.key = index;
            state.dragged = Some((index, key));
        }
        KeyEdit::Drop => {
            if let Some((index, key)) = state.dragged.take()
                && let Some(place) = keys.get_mut(index)
            {
                *place = key;
            }
        }
        KeyEdit::Add(key) => {
            if keys.len() >= MAX_KEYS {
                return;
            }
            let index = keys.partition_point(|other| other.at <= key.at);
            keys.insert(index, key);
            state.key = index;
        }
        // A track has at least one keyframe.
        KeyEdit::Remove(index) if keys.len() > 1 && index < keys.len() => {
            keys.remove(index);
            state.key = state.key.min(keys.len() - 1);
        }
        KeyEdit::Remove(_) => {}
    }
}

fn percent(
    ui: &mut Ui,
    label: &str,
    name: &str,
    tooltip: &str,
    drag: std::ops::RangeInclusive<f64>,
    value: &mut f64,
) {
    let (low, high) = (*drag.start(), *drag.end());
    let before = 100.0 * *value;
    let mut shown = before;
    together(ui, label, tooltip, FIELD, |ui| {
        Entry { name, tooltip, drag, suffix: " %", whole: false, width: FIELD, param: None, default: None }
            .show(ui, &mut shown);
    });
    if shown != before {
        *value = shown.clamp(low, high) / 100.0;
    }
}

/// Width of a number, in points.
const FIELD: f32 = 52.0;

/// A label and its control of that width, which a narrow panel does not part.
fn together(ui: &mut Ui, label: &str, tooltip: &str, control_width: f32, control: impl FnOnce(&mut Ui)) {
    let text = widgets::weak(ui, label);
    let font = egui::TextStyle::Small.resolve(ui.style());
    let color = Palette::of(ui).weak;
    let width = ui.painter().layout_no_wrap(label.to_owned(), font, color).size().x;
    let size = vec2(width + space::XS + control_width, ROW);
    ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
        ui.label(text).on_hover_text(tooltip);
        control(ui);
    });
}

/// Buttons that a narrow panel does not part.
fn buttons(ui: &mut Ui, width: f32, content: impl FnOnce(&mut Ui)) {
    ui.allocate_ui_with_layout(vec2(width, ROW), Layout::left_to_right(Align::Center), content);
}

fn lfo_ui(ui: &mut Ui, lfo: &mut Lfo, steps: u32) {
    let tooltip = "The form of the wave";
    ComboBox::from_id_salt("shape of the oscillator")
        .selected_text(widgets::capital(&lfo.shape.to_string()))
        .width(70.0)
        .show_ui(ui, |ui| {
            for &shape in Waveform::ALL {
                ui.selectable_value(&mut lfo.shape, shape, widgets::capital(&shape.to_string()));
            }
        })
        .response
        .accessible_name("Waveform of the oscillator")
        .on_hover_text(tooltip);
    let tooltip = format!(
        "Length of a period, as a part of the run: now {} of {steps} steps",
        widgets::number(impasto_core::settings::three_digits(lfo.period * f64::from(steps)))
    );
    percent(ui, "Period", "Period of the oscillator", &tooltip, 0.1..=WHOLE * 4.0, &mut lfo.period);
    let tooltip = "How far it swings to either side, as a part of the fader's range, -100 to 100 %; negative falls first";
    percent(ui, "Depth", "Depth of the oscillator", tooltip, -WHOLE..=WHOLE, &mut lfo.depth);
    let tooltip = "Where in its period the run begins, 0 to 100 %";
    percent(ui, "Phase", "Phase of the oscillator", tooltip, 0.0..=WHOLE, &mut lfo.phase);
    if lfo.shape == Waveform::Random {
        let tooltip = "Seed of the random values, a whole number; the same seed gives the same values";
        let mut seed = f64::from(lfo.seed);
        let drag = 0.0..=f64::from(u32::MAX);
        together(ui, "Seed", tooltip, FIELD, |ui| {
            let name = "Seed of the oscillator";
            Entry { name, tooltip, drag, suffix: "", whole: true, width: FIELD, param: None, default: None }
                .show(ui, &mut seed);
        });
        lfo.seed = seed.clamp(0.0, f64::from(u32::MAX)) as u32;
    }
}

fn keys_ui(
    ui: &mut Ui,
    keys: &mut [Key],
    chosen: &mut usize,
    (key_now, param): (Option<Key>, ParamId),
    steps: u32,
) -> Option<KeyEdit> {
    let count = keys.len();
    *chosen = (*chosen).min(count.saturating_sub(1));
    let mut edit = None;
    buttons(ui, 122.0, |ui| {
        let tooltip = "The keyframe before";
        if widgets::icon_button(ui, Icon::Up, "Keyframe before", tooltip, *chosen > 0).clicked() {
            *chosen -= 1;
        }
        ui.label(widgets::weak(ui, format!("{} of {count}", *chosen + 1)));
        let tooltip = "The keyframe behind";
        if widgets::icon_button(ui, Icon::Down, "Keyframe behind", tooltip, *chosen + 1 < count).clicked() {
            *chosen += 1;
        }
    });
    let index = *chosen;
    let low = index.checked_sub(1).map_or(0.0, |before| keys[before].at);
    let high = keys.get(index + 1).map_or(1.0, |after| after.at);
    if let Some(key) = keys.get_mut(index) {
        let tooltip =
            format!("When, as a part of the run: now step {:.0} of {steps}", key.at * f64::from(steps));
        percent(ui, "At", "Time of the keyframe", &tooltip, 100.0 * low..=100.0 * high, &mut key.at);
        let tooltip = "The fader's value there, in the setting's own unit";
        let mut value = key.value;
        together(ui, "=", tooltip, FIELD, |ui| {
            let (name, drag) = ("Value of the keyframe", 0.0..=f64::MAX);
            Entry { name, tooltip, drag, suffix: "", whole: false, width: FIELD, param: None, default: None }
                .show(ui, &mut value);
        });
        if param.allows(value) {
            key.value = value;
        }
        ComboBox::from_id_salt("ease of the keyframe")
            .selected_text(widgets::capital(&key.ease.to_string()))
            .width(64.0)
            .show_ui(ui, |ui| {
                for (ease, text) in [
                    (Ease::Linear, "Linear: evenly to the next"),
                    (Ease::Smooth, "Smooth: starting and ending slowly"),
                    (Ease::Hold, "Hold: stays, and jumps at the next"),
                ] {
                    ui.selectable_value(&mut key.ease, ease, text);
                }
            })
            .response
            .accessible_name("Way to the next keyframe")
            .on_hover_text("How it goes over to the next keyframe");
    }
    buttons(ui, 2.0 * ROW + space::XS, |ui| {
        let tooltip = "Adds a keyframe where the run is now, in a loop at the same place of its first turn";
        if widgets::icon_button(ui, Icon::Plus, "Add a keyframe now", tooltip, count < MAX_KEYS).clicked() {
            edit = key_now.map(KeyEdit::Add);
        }
        let tooltip = "Takes this keyframe out";
        if widgets::icon_button(ui, Icon::Close, "Remove the keyframe", tooltip, count > 1).clicked() {
            edit = Some(KeyEdit::Remove(index));
        }
    });
    edit
}

/// What follows the last keyframe.
fn end_ui(ui: &mut Ui, end: &mut KeysEnd) {
    const WIDTH: f32 = 64.0;
    let tooltip =
        "What follows the last keyframe: its value, or everything from the first one on, again and again";
    together(ui, "Then", tooltip, WIDTH, |ui| {
        ComboBox::from_id_salt("end of the keyframes")
            .selected_text(widgets::capital(&end.to_string()))
            .width(WIDTH)
            .show_ui(ui, |ui| {
                for (choice, text) in [
                    (KeysEnd::Hold, "Hold: stays at the last value"),
                    (KeysEnd::Loop, "Loop: begins again at the first keyframe"),
                ] {
                    ui.selectable_value(end, choice, text);
                }
            })
            .response
            .accessible_name("After the last keyframe")
            .on_hover_text(tooltip);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyframe_added_now_leaves_the_course_as_it_was() {
        let param = ParamId::KeepColours;
        let key = |at, value, ease| Key { at, value, ease };
        let keys = vec![
            key(0.1, 0.2, Ease::Linear),
            key(0.2, 0.8, Ease::Hold),
            key(0.3, 0.6, Ease::Linear),
            key(0.4, 0.4, Ease::Linear),
        ];
        for end in [KeysEnd::Hold, KeysEnd::Loop] {
            let before = Track::new(Curve::Keys(keys.clone(), end));
            for now in [0.0, 0.05, 0.1, 0.15, 0.25, 0.4, 0.55, 0.7, 0.95, 1.0] {
                let mut after = before.clone();
                let key = key_now(&before, param, Objective::Balanced, now).unwrap();
                edit_keys(&mut super::super::AutomationUi::default(), &mut after, KeyEdit::Add(key));
                let Curve::Keys(added, _) = &after.curve else { panic!("no keyframes") };
                assert!(added.len() == 5 && added.is_sorted_by_key(|key| key.at), "{now}: {added:?}");
                assert_eq!(after.curve.loop_bounds(), before.curve.loop_bounds(), "{end} at {now}");
                for at in (0..2000).map(|step| f64::from(step) / 1000.0) {
                    let [before, after] =
                        [&before, &after].map(|track| track.value(param, Objective::Balanced, 0.123, at));
                    assert!((before - after).abs() < 1e-9, "{end} at {now}: {at}: {before} {after}");
                }
            }
        }
    }
}
