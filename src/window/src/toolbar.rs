//! The strip over the picture: undo and the history, comparing, pinning.

use egui::{ComboBox, Ui};

use super::{
    ImpastoApp,
    command::Command,
    compare::{CompareAction, Mode},
    row_end,
    theme::space,
    widgets,
};

/// Height of the strip, in points.
pub const HEIGHT: f32 = 36.0;
/// From this width on, the button that pins has its word beside it.
const WORDS_FROM: f32 = 440.0;
/// Below this width the ways to compare go into a menu.
const MENU_BELOW: f32 = 340.0;

impl ImpastoApp {
    /// Whether the strip is shown: it is put away with the panels.
    pub(super) fn has_toolbar(&self) -> bool {
        let layout = &self.view.layout;
        let panels = layout.show_left || layout.show_right || layout.show_bottom;
        panels || self.view.put_away.is_none() || self.undo.shown
    }

    pub(super) fn toolbar_ui(&mut self, ui: &mut Ui) {
        let width = ui.available_width();
        let (words, menu) = (width >= WORDS_FROM, width < MENU_BELOW);
        ui.horizontal_centered(|ui| {
            ui.spacing_mut().item_spacing.x = space::XS;
            self.history_buttons(ui);
            ui.add_space(space::S);
            if menu {
                self.compare_menu(ui);
            } else {
                self.compare_buttons(ui);
            }
            if !menu {
                row_end::before(ui, "toolbar", |ui| {
                    ui.set_max_width(ui.available_width() - space::XS);
                    self.against(ui);
                });
            }
            row_end::show(ui, "toolbar", |ui| self.pin_button(ui, words));
        });
    }

    fn compare_buttons(&self, ui: &mut Ui) {
        let ctx = ui.ctx().clone();
        let mode = self.view.compare.mode;
        for (command, on) in [
            (Command::Split, mode == Mode::Split),
            (Command::Sides, mode == Mode::Sides),
            (Command::Wrap, mode == Mode::Wrap),
            (Command::Flip, self.view.compare.flipped),
        ] {
            let hint = command.hint(&ctx);
            if widgets::icon_toggle(ui, command.icon(), command.text(), &hint, on).clicked() {
                self.actions.push(command);
            }
        }
    }

    /// The same, and what to compare with, behind one button.
    fn compare_menu(&self, ui: &mut Ui) {
        let ctx = ui.ctx().clone();
        let mode = self.view.compare.mode;
        let on = mode != Mode::Off || self.view.compare.flipped;
        let tooltip = "Ways to compare the painting with another picture, and with which";
        let button = widgets::icon_toggle(ui, Command::Split.icon(), "Compare", tooltip, on);
        egui::Popup::menu(&button).show(|ui| {
            ui.set_min_width(200.0);
            for (command, on) in [
                (Command::Split, mode == Mode::Split),
                (Command::Sides, mode == Mode::Sides),
                (Command::Wrap, mode == Mode::Wrap),
                (Command::Flip, self.view.compare.flipped),
            ] {
                let line = ui.selectable_label(on, command.text()).on_hover_text(command.hint(&ctx));
                if line.clicked() {
                    self.actions.push(command);
                }
            }
            ui.separator();
            ui.label(widgets::weak(ui, "Compare with"));
            for (against, name) in self.comparable() {
                let chosen = against == self.view.compare.against;
                if ui.selectable_label(chosen, widgets::shorten(&name, 34)).clicked() {
                    self.actions.push(CompareAction::Choose(against));
                }
            }
        });
    }

    /// What the painting is compared with.
    fn against(&self, ui: &mut Ui) {
        let all = self.comparable();
        let chosen = self.view.compare.against;
        let Some((_, name)) = all.iter().find(|(against, _)| *against == chosen).or_else(|| all.first())
        else {
            return;
        };
        let width = (ui.available_width() - 1.0).clamp(52.0, 190.0);
        let hint = Command::CompareNext.hint(ui.ctx());
        let response = ComboBox::from_id_salt("compare with")
            .selected_text(name)
            .width(width)
            .height(420.0)
            .truncate()
            .show_ui(ui, |ui| {
                for (against, name) in &all {
                    if ui.selectable_label(*against == chosen, widgets::shorten(name, 40)).clicked() {
                        self.actions.push(CompareAction::Choose(*against));
                    }
                }
            })
            .response;
        response.accessible_name("Compare with").on_hover_text(hint);
    }

    fn pin_button(&self, ui: &mut Ui, words: bool) {
        let command = Command::Pin;
        let hint = command.hint(ui.ctx());
        let enabled = self.can(command);
        let pinned = self.is_pinned();
        let button = if words {
            let (text, name) = if pinned { ("Unpin", "Unpin this moment") } else { ("Pin", command.text()) };
            widgets::text_button(ui, command.icon(), text, name, &hint, enabled)
        } else if enabled {
            widgets::icon_toggle(ui, command.icon(), command.text(), &hint, pinned)
        } else {
            widgets::icon_button(ui, command.icon(), command.text(), &hint, false)
        };
        if button.clicked() {
            self.actions.push(command);
        }
    }

    fn history_buttons(&mut self, ui: &mut Ui) {
        let ctx = ui.ctx().clone();
        for (command, what) in [(Command::Undo, self.undo.undoes()), (Command::Redo, self.undo.redoes())] {
            let hint = command.hint(&ctx);
            let hint = what.map_or_else(|| hint.clone(), |what| format!("{what}\n{hint}"));
            let enabled = self.can(command);
            if widgets::icon_button(ui, command.icon(), command.text(), &hint, enabled).clicked() {
                self.actions.push(command);
            }
        }
        let command = Command::History;
        let hint = command.hint(&ctx);
        let button = widgets::icon_toggle(ui, command.icon(), command.text(), &hint, self.undo.shown);
        if button.clicked() {
            self.undo.shown = !self.undo.shown;
        }
        let mut shown = self.undo.shown;
        egui::Popup::from_response(&button)
            .open_bool(&mut shown)
            .close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside)
            .show(|ui| self.history_list(ui));
        self.undo.shown = shown;
    }
}
