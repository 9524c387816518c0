//! The bar at the top: play and its like, how far the run is, and what to do with the picture.

use egui::{Align2, FontId, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

use super::{
    ImpastoApp,
    command::Command,
    compact::Side,
    icons::Icon,
    row_end,
    theme::{Palette, ROW, space},
    widgets,
};
use impasto_engine::session::RunState;

/// Width of the buttons on the right.
const RIGHT: f32 = 392.0;
/// Width of the device's name, and of the middle from which on there is room for it; the status line has it
/// else.
const CHIP: f32 = 190.0;
/// Width of the buttons on the left, with the margins.
const BUTTONS: f32 = 246.0;
const CHIP_FROM: f32 = 556.0;

impl ImpastoApp {
    pub(super) fn transport_ui(&mut self, ui: &mut Ui) {
        ui.horizontal_centered(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            self.transport_buttons(ui);
            ui.add_space(space::S);
            let middle = ui.available_width() - RIGHT - space::L;
            let chip =
                if self.has_device_chip(ui.ctx().content_rect().width()) { self.device_text() } else { None };
            let chip_width = if chip.is_some() { CHIP + space::L } else { 0.0 };
            self.progress(ui, (middle - chip_width).max(150.0));
            if let Some(text) = chip {
                ui.add_space(space::S);
                self.device_chip(ui, &text);
            }
            row_end::show(ui, "transport", |ui| self.transport_right(ui));
        });
    }

    /// Whether there is all that a run takes.
    pub(super) fn is_ready(&self) -> bool {
        self.worker.session.is_some() && self.inputs().is_some() && self.problems.is_empty()
    }

    fn is_active(&self) -> bool {
        matches!(self.run.state, RunState::Running | RunState::Preparing) && self.run.playing
    }

    /// Whether there is something to paint, or to pause.
    pub(super) fn can_play(&self) -> bool {
        self.is_active() || (self.is_ready() && self.steps_left())
    }

    /// Whether there is a run to end: one that has come to its own end has nothing left to stop.
    pub(super) fn can_stop(&self) -> bool {
        self.run.alive() && (self.run.state != RunState::Finished || self.run.endless)
    }

    fn transport_buttons(&self, ui: &mut Ui) {
        let ctx = ui.ctx().clone();
        let active = self.is_active();
        let (icon, text) = if active { (Icon::Pause, "Pause") } else { (Icon::Play, "Play") };
        let hint = if self.steps_left() { Command::PlayPause.hint(&ctx) } else { self.finished_note() };
        if widgets::accent_button(ui, icon, text, 96.0, &hint, self.can(Command::PlayPause)).clicked() {
            self.actions.push(Command::PlayPause);
        }
        for command in [Command::Step, Command::Stop, Command::Restart] {
            let (hint, enabled) = (command.hint(&ctx), self.can(command));
            if widgets::icon_button(ui, command.icon(), command.text(), &hint, enabled).clicked() {
                self.actions.push(command);
            }
        }
    }

    /// The progress bar with the step count in it, and what there is room for beside it.
    fn progress(&self, ui: &mut Ui, width: f32) {
        let palette = Palette::of(ui);
        let (rect, response) = ui.allocate_exact_size(vec2(width, 38.0), Sense::hover());
        let step = self.run.step();
        // A number that cannot be used is no limit.
        let given = self.run.given.as_ref().filter(|_| !self.problems.is_empty());
        let limit = given.map_or(self.settings.steps, |given| given.settings.steps).max(1);
        let painter = ui.painter().with_clip_rect(rect);
        let small = FontId::proportional(12.5);

        let bar = Rect::from_min_max(pos2(rect.min.x, rect.max.y - 9.0), pos2(rect.max.x, rect.max.y - 4.0));
        painter.rect_filled(bar, 2.5, palette.button);
        let share = (step as f32 / limit as f32).clamp(0.0, 1.0);
        let place = self.run.place();
        if share > 0.0 {
            let filled = Rect::from_min_size(bar.min, vec2((bar.width() * share).max(4.0), bar.height()));
            painter.rect_filled(filled, 2.5, if self.run.playing { palette.accent } else { palette.weak });
        }
        // Where levels end that are to come, and where those have ended that are over.
        let passed = self.run.passed.iter().filter(|passed| **passed <= step);
        for end in place.ends.iter().chain(passed).filter(|_| place.levels > 1) {
            let at = *end as f32 / limit as f32;
            if at < 1.0 {
                let x = bar.min.x + bar.width() * at;
                painter.vline(x, bar.y_range().expand(2.0), Stroke::new(1.5, palette.bar));
            }
        }

        let line = rect.min.y + 12.0;
        let word = self.run.word();
        let dot = match self.run.state {
            RunState::Running if !self.run.converged() => palette.accent,
            RunState::Running => palette.good,
            RunState::Finished => palette.good,
            RunState::Failed => palette.bad,
            _ => palette.weak,
        };
        painter.circle_filled(pos2(rect.min.x + 4.0, line), 3.5, dot);
        let word_rect = painter.text(
            pos2(rect.min.x + 14.0, line),
            Align2::LEFT_CENTER,
            word,
            FontId::proportional(13.5),
            palette.text,
        );
        let count = match step > limit {
            false => format!("{step} / {limit} steps"),
            true => format!("{step} steps"),
        };
        let count_rect = painter.text(
            pos2(rect.max.x, line),
            Align2::RIGHT_CENTER,
            &count,
            FontId::proportional(13.5),
            palette.text,
        );

        let progress = self.run.progress.as_ref().filter(|progress| progress.seconds_per_step > 0.0);
        let mut facts = Vec::new();
        if let Some(progress) = progress {
            let rate = 1.0 / progress.seconds_per_step;
            let decimals = if rate < 10.0 { 2 } else { 1 };
            facts.push(format!("{rate:.decimals$} steps/s"));
            facts.push(format!("{} elapsed", widgets::clock(progress.elapsed)));
            let steps = if place.levels > 1 { place.left } else { f64::from(limit.saturating_sub(step)) };
            let left = steps * progress.seconds_per_step;
            if place.levels > 1 {
                facts.insert(0, format!("{} px", place.width.max(place.height)));
            }
            if left > 0.0 {
                facts.push(format!("{} left", widgets::clock(left)));
            }
        }
        // As many facts as fit, the most telling ones first.
        let room = count_rect.min.x - word_rect.max.x - 2.0 * space::L;
        let mut x = word_rect.max.x + space::L;
        let end = x + room;
        for fact in &facts {
            let galley = painter.layout_no_wrap(fact.clone(), small.clone(), palette.weak);
            if x + galley.size().x > end {
                break;
            }
            let step = galley.size().x + space::L;
            painter.galley(pos2(x, line - galley.size().y / 2.0), galley, palette.weak);
            x += step;
        }
        let text = format!("{word}. {count}. {}", facts.join(", "));
        response.widget_info(|| {
            let mut info = WidgetInfo::labeled(Role::ProgressIndicator, true, &text);
            info.value = Some(f64::from(step));
            info
        });
        response.on_hover_text(text);
    }

    fn device_text(&self) -> Option<String> {
        Some(super::status::device_name(&self.run.info.as_ref()?.device))
    }

    /// Whether the device's name stands up here.
    pub(super) fn has_device_chip(&self, width: f32) -> bool {
        width - RIGHT - BUTTONS > CHIP_FROM
    }

    fn device_chip(&self, ui: &mut Ui, text: &str) {
        let palette = Palette::of(ui);
        let (rect, response) = ui.allocate_exact_size(vec2(CHIP, ROW), Sense::hover());
        ui.painter().rect_stroke(
            rect.shrink(0.5),
            ROW / 2.0,
            Stroke::new(1.0, palette.line),
            StrokeKind::Middle,
        );
        let mut job = egui::text::LayoutJob::simple_singleline(
            text.to_owned(),
            FontId::proportional(12.5),
            palette.weak,
        );
        job.wrap = egui::text::TextWrapping::truncate_at_width(CHIP - 2.0 * space::M);
        let galley = ui.painter().layout_job(job);
        ui.painter().galley(rect.center() - galley.size() / 2.0, galley, palette.weak);
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
        if let Some(info) = &self.run.info {
            response.on_hover_text(super::status::device_tooltip(&info.device));
        }
    }

    /// What else can be done with the picture.
    fn file_menu(&self, ui: &mut Ui) {
        let tooltip = "More actions";
        let more = widgets::icon_button(ui, Icon::More, "More about the painting", tooltip, true);
        egui::Popup::menu(&more).show(|ui| {
            ui.set_min_width(200.0);
            for command in [Command::SaveMoment, Command::CopyCommandLine] {
                if ui.button(command.text()).on_hover_text(command.hint(ui.ctx())).clicked() {
                    self.actions.push(command);
                }
            }
            ui.separator();
            for command in
                [Command::OpenProject, Command::SaveProject, Command::SaveProjectAs, Command::OpenLast]
            {
                if ui.button(command.text()).on_hover_text(command.hint(ui.ctx())).clicked() {
                    self.actions.push(command);
                }
            }
            ui.separator();
            let recipe = !self.files.without_recipe;
            for (command, mut on, able) in [
                (Command::ToggleRecipe, recipe, true),
                (Command::ToggleThumbnails, recipe && !self.files.without_thumbnails, recipe),
            ] {
                let checkbox = egui::Checkbox::new(&mut on, command.text());
                if ui.add_enabled(able, checkbox).on_hover_text(command.tooltip()).changed() {
                    self.actions.push(command);
                }
            }
        });
    }

    /// What is done with the picture and the window.
    fn transport_right(&mut self, ui: &mut Ui) {
        let ctx = ui.ctx().clone();
        for (command, text) in [(Command::Save, "Save…"), (Command::Copy, "Copy")] {
            let (hint, enabled) = (command.hint(&ctx), self.can(command));
            if widgets::text_button(ui, command.icon(), text, command.text(), &hint, enabled).clicked() {
                self.actions.push(command);
            }
        }
        self.file_menu(ui);
        ui.add_space(space::S);
        let sides = [
            (Icon::PanelLeft, "Pictures panel", Some(Side::Left)),
            (Icon::PanelBottom, "Lower panel", None),
            (Icon::PanelRight, "Settings panel", Some(Side::Right)),
        ];
        for (icon, name, side) in sides {
            let shown = match side {
                Some(side) => self.shows_side(&ctx, side),
                None => self.view.layout.show_bottom,
            };
            let tooltip = format!("{} the {}", if shown { "Hides" } else { "Shows" }, name.to_lowercase());
            if widgets::icon_toggle(ui, icon, name, &tooltip, shown).clicked() {
                match side {
                    Some(side) => self.toggle_side(&ctx, side),
                    None => self.view.layout.show_bottom = !shown,
                }
            }
        }
        ui.add_space(space::S);
        for command in [Command::ToggleTheme, Command::Help] {
            if widgets::icon_button(ui, command.icon(), command.text(), &command.hint(&ctx), true).clicked() {
                self.actions.push(command);
            }
        }
    }
}
