//! The filmstrip of what was painted, to scrub, to replay and to go on from.

use egui::{
    Align2, Color32, FontId, Key, Pos2, Rect, Response, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2,
};

use super::{
    ImpastoApp,
    command::Command,
    film::FilmAction,
    icons::Icon,
    row_end,
    theme::{Palette, RADIUS, space},
    widgets,
};
use impasto_core::settings::Settings;
use impasto_engine::timeline::{Moment, MomentId};

/// Gap between two pictures of the strip, in points.
const GAP: f32 = 2.0;
/// From this width on, in points, the buttons at the right have their words.
const WORDS_FROM: f32 = 300.0;
/// Height of the marks above the strip, in points.
const MARKS: f32 = 9.0;

impl ImpastoApp {
    pub(super) fn film_header(&mut self, ui: &mut Ui) {
        let ctx = ui.ctx().clone();
        let any = !self.view.film.timeline.is_empty();
        ui.add_space(space::S);
        let (icon, name, tooltip) = match self.view.film.is_replaying() {
            true => (Icon::Pause, "Pause the replay", "Stays at this moment"),
            false => {
                (Icon::Play, "Replay", "Shows how the picture was painted, from here or from the beginning")
            }
        };
        if widgets::icon_button(ui, icon, name, tooltip, any).clicked() {
            self.actions.push(FilmAction::Replay);
        }
        let only = self.view.pins.only;
        let tooltip = "Shows the pinned moments alone, with all that can be done with them";
        if widgets::icon_toggle(ui, Icon::Pin, "Pinned moments only", tooltip, only).clicked() {
            self.view.pins.only = !only;
        }
        let words = ui.available_width() >= WORDS_FROM;
        row_end::before(ui, "filmstrip", |ui| {
            ui.add(egui::Label::new(widgets::weak(ui, self.film_text())).truncate());
        });
        row_end::show(ui, "filmstrip", |ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            if !self.export_progress(ui) {
                let command = Command::Timelapse;
                let (hint, enabled) = (command.hint(&ctx), self.can(command));
                if widgets::icon_button(ui, command.icon(), command.text(), &hint, enabled).clicked() {
                    self.actions.push(command);
                }
            }
            for (command, text) in [(Command::Now, "Now"), (Command::Branch, "Go on from here")] {
                let (icon, name, hint) = (command.icon(), command.text(), command.hint(&ctx));
                let enabled = self.can(command);
                let button = if words {
                    widgets::text_button(ui, icon, text, name, &hint, enabled)
                } else {
                    widgets::icon_button(ui, icon, name, &hint, enabled)
                };
                if button.clicked() {
                    self.actions.push(command);
                }
            }
        });
    }

    /// What is looked at, in a line.
    fn film_text(&self) -> String {
        match self.view.film.view() {
            None if self.view.pins.only => widgets::counted(self.view.pins.all().len(), "pinned moment"),
            None => match self.view.film.timeline.moments().len() {
                0 => String::new(),
                count => widgets::counted(count, "moment"),
            },
            Some(moment) => self.moment_text(moment),
        }
    }

    fn moment_text(&self, moment: &Moment) -> String {
        let mut text = format!("Step {}", moment.step);
        if moment.place.levels > 1 {
            text += &format!(", {} px", moment.side());
        }
        text += &format!(", {}", widgets::clock(moment.elapsed));
        if let Some(total) = moment.total {
            text += &format!(", total {total:.3}");
        }
        text
    }

    /// What a person reads about a moment under the pointer.
    fn moment_tooltip(&self, id: MomentId) -> String {
        let timeline = &self.view.film.timeline;
        let Some(index) = timeline.position(id) else { return String::new() };
        let moment = &timeline.moments()[index];
        let mut text = self.moment_text(moment);
        if moment.changed && index > 0 {
            let before = &timeline.moments()[index - 1];
            for change in changes(&before.settings, &moment.settings) {
                text += &format!("\n{change}");
            }
            if before.styles != moment.styles {
                text += "\nhow the styles count";
            }
        }
        if let Some(pin) = self.view.pins.get(id) {
            text = format!("{}\n{text}", pin.name());
        }
        text += if self.is_exact(moment) {
            "\nGoing on from here repeats every step exactly."
        } else {
            "\nGoing on from here begins with this picture and these settings."
        };
        text
    }

    pub(super) fn film_strip(&mut self, ui: &mut Ui) {
        if self.view.pins.only {
            return self.pin_cards(ui);
        }
        let palette = Palette::of(ui);
        let count = self.view.film.timeline.moments().len();
        if count == 0 {
            ui.centered_and_justified(|ui| {
                ui.label(widgets::weak(
                    ui,
                    "What is painted is kept here, to look at again and to go on from.",
                ));
            });
            return;
        }
        let (rect, response) = ui.allocate_exact_size(ui.available_size(), Sense::click_and_drag());
        let strip = Rect::from_min_max(rect.min + vec2(0.0, MARKS), rect.max);
        let aspect =
            self.view.canvas.size().map_or(1.5, |(width, height)| width as f32 / height.max(1) as f32);
        let width = (strip.height() * aspect).clamp(16.0, strip.width());
        let slots = ((strip.width() + GAP) / (width + GAP)).floor().max(1.0) as usize;
        // Few moments stand side by side; many share the strip, and every slot shows one of its part.
        let used = if count <= slots { (width + GAP) * count as f32 } else { strip.width() };
        let moments = self.view.film.timeline.moments();
        let shown: Vec<(Rect, MomentId)> = (0..slots.min(count))
            .map(|slot| {
                let index = if count <= slots { slot } else { seen(moments, slot, slots) };
                let step = if count <= slots { width + GAP } else { strip.width() / slots as f32 };
                let min = strip.min + vec2(step * slot as f32, 0.0);
                let rect = Rect::from_min_size(min, vec2(step - GAP, strip.height()));
                (rect, moments[index].id)
            })
            .collect();
        let x_of = |index: usize| strip.min.x + used * (index as f32 + 0.5) / count as f32;
        let index_at =
            |x: f32| (((x - strip.min.x) / used * count as f32).floor().max(0.0) as usize).min(count - 1);

        self.drive_strip(ui, &response, &index_at);
        for (rect, id) in &shown {
            let texture = self.view.film.texture(ui.ctx(), *id);
            paint_picture(ui, *rect, texture.as_ref(), palette);
        }
        self.view.film.keep_textures(&shown.iter().map(|(_, id)| *id).collect::<Vec<_>>());

        let moments = self.view.film.timeline.moments();
        for (index, moment) in moments.iter().enumerate() {
            let x = x_of(index);
            if index > 0 && moments[index - 1].run != moment.run {
                let x = x - used / count as f32 / 2.0;
                ui.painter().vline(x, rect.y_range(), Stroke::new(2.0, palette.text));
            }
            if moment.changed {
                // A diamond: the settings have changed.
                let at = pos2(x, rect.min.y + MARKS / 2.0);
                let points = [vec2(0.0, -3.5), vec2(3.5, 0.0), vec2(0.0, 3.5), vec2(-3.5, 0.0)];
                let points: Vec<Pos2> = points.into_iter().map(|offset| at + offset).collect();
                ui.painter().add(egui::Shape::convex_polygon(points, palette.weak, Stroke::NONE));
            }
            if moment.pinned {
                // A pin, stuck into the strip.
                let head = pos2(x, rect.min.y + 3.5);
                ui.painter().circle_filled(head, 3.5, palette.text);
                let foot = strip.min.y + 5.0;
                ui.painter().line_segment([head, pos2(x, foot)], Stroke::new(1.5, palette.text));
            }
        }
        let position = self.view.film.view().and_then(|moment| self.view.film.timeline.position(moment.id));
        let x = position.map_or(strip.min.x + used, x_of);
        let head = Stroke::new(2.0, palette.accent);
        ui.painter().vline(x.min(rect.max.x - 1.0), rect.y_range(), head);
        ui.painter().circle_filled(pos2(x.min(rect.max.x - 1.0), rect.min.y + 3.0), 4.0, palette.accent);
        if response.has_focus() {
            ui.painter().rect_stroke(rect, RADIUS, Stroke::new(2.0, palette.accent), StrokeKind::Inside);
        }
        let value = position.map_or(count, |index| index + 1);
        response.widget_info(|| WidgetInfo::slider(true, value as f64, "Moments of the painting"));
        super::accessible::range(&response, 1.0..=count.max(1) as f64, 1.0);
        egui::Popup::context_menu(&response).show(|ui| self.moment_menu(ui));
        let hovered = response.hover_pos().map(|pos| moments[index_at(pos.x)].id);
        if let Some(id) = hovered.filter(|_| !response.dragged()) {
            let text = self.moment_tooltip(id);
            response.on_hover_text_at_pointer(text);
        }
    }

    /// Click, drag and arrow keys on the strip.
    fn drive_strip(&self, ui: &Ui, response: &Response, index_at: &dyn Fn(f32) -> usize) {
        let ctx = ui.ctx();
        if let Some(pointer) = response.interact_pointer_pos()
            && (response.dragged() || response.clicked() || response.is_pointer_button_down_on())
        {
            response.request_focus();
            let id = self.view.film.timeline.moments()[index_at(pointer.x)].id;
            if self.view.film.view().map(|moment| moment.id) != Some(id) {
                self.actions.push(FilmAction::LookAt(id));
            }
        }
        if !response.has_focus() {
            return;
        }
        ctx.memory_mut(|memory| {
            let filter = egui::EventFilter { horizontal_arrows: true, ..Default::default() };
            memory.set_focus_lock_filter(response.id, filter);
        });
        let pressed = |key: Key| ctx.input_mut(|input| input.consume_key(egui::Modifiers::NONE, key));
        if pressed(Key::ArrowLeft) {
            self.actions.push(Command::Earlier);
        } else if pressed(Key::ArrowRight) {
            self.actions.push(Command::Later);
        } else if pressed(Key::Home) {
            self.actions.push(FilmAction::First);
        } else if pressed(Key::End) {
            self.actions.push(Command::Now);
        } else if pressed(Key::Enter) {
            self.actions.push(Command::Branch);
        }
    }

    /// Say on the canvas that it shows an earlier moment.
    pub(super) fn looking_back_note(&self, ui: &Ui, area: Rect) {
        let Some(moment) = self.view.film.view() else { return };
        let palette = Palette::of(ui);
        let keys = |command: Command| command.key(ui.ctx()).unwrap_or_default();
        let text = format!(
            "Viewing step {}  ·  {}: continue from here  ·  {}: back to now",
            moment.step,
            keys(Command::Branch),
            keys(Command::Now)
        );
        let galley = ui.painter().layout_no_wrap(text, FontId::proportional(13.0), palette.text);
        let middle = pos2(area.center().x, area.min.y + space::L + 12.0);
        let rect = Rect::from_center_size(middle, galley.size() + vec2(24.0, 12.0));
        ui.painter().rect_filled(rect, 6.0, palette.bar);
        ui.painter().rect_stroke(rect, 6.0, Stroke::new(1.0, palette.accent), StrokeKind::Inside);
        ui.painter().galley(rect.center() - galley.size() / 2.0, galley, palette.text);
    }
}

/// The moment that a slot shows of those that share it: the first pinned one, or the one in the middle.
fn seen(moments: &[Moment], slot: usize, slots: usize) -> usize {
    let count = moments.len();
    let mut part = slot * count / slots..(slot + 1) * count / slots;
    part.find(|&index| moments[index].pinned).unwrap_or((2 * slot + 1) * count / (2 * slots))
}

/// A picture cut to its slot, as far as it is there.
pub(super) fn paint_picture(ui: &Ui, rect: Rect, texture: Option<&egui::TextureHandle>, palette: &Palette) {
    ui.painter().rect_filled(rect, 2.0, palette.well);
    let Some(texture) = texture else {
        let font = FontId::proportional(12.0);
        ui.painter().text(rect.center(), Align2::CENTER_CENTER, "…", font, palette.weak);
        return;
    };
    let size = texture.size_vec2();
    let (have, want) = (size.x / size.y, rect.width() / rect.height());
    let seen = if have > want { vec2(want / have, 1.0) } else { vec2(1.0, have / want) };
    let uv = Rect::from_center_size(pos2(0.5, 0.5), seen);
    ui.painter().image(texture.id(), rect, uv, Color32::WHITE);
}

/// What differs between two settings, a line each.
fn changes(before: &Settings, after: &Settings) -> Vec<String> {
    let table = |settings: &Settings| match serde_json::to_value(settings) {
        Ok(serde_json::Value::Object(table)) => table,
        _ => serde_json::Map::new(),
    };
    let (before, after) = (table(before), table(after));
    let mut lines = Vec::new();
    for (name, value) in &after {
        let old = before.get(name).unwrap_or(&serde_json::Value::Null);
        if old == value {
            continue;
        }
        let name = name.replace('_', " ");
        lines.push(match (old, value) {
            (serde_json::Value::Object(_), _) | (_, serde_json::Value::Object(_)) => name,
            (old, new) => format!("{name} {} → {}", plain(old), plain(new)),
        });
    }
    lines
}

fn plain(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Number(number) => {
            number.as_f64().map_or_else(|| number.to_string(), widgets::number)
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_named_with_their_values() {
        let before = Settings::default();
        assert!(changes(&before, &before).is_empty());
        let mut after = before.clone();
        after.style_weight = 3.0;
        after.style_layers.set("relu3_2".parse().unwrap(), 0.25);
        assert_eq!(changes(&before, &after), ["style layers", "style weight 1 → 3"]);
    }
}
