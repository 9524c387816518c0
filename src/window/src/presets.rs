//! The user's presets in the window: their list, and the dialog that saves, renames and deletes them.

use std::path::Path;

use egui::{Context, Key, TextEdit, Ui};

use super::{
    ImpastoApp,
    action::{Act, Actions},
    defaults::{Defaults, PresetName},
    icons::Icon,
    theme::{Palette, ROW, space},
    widgets,
};
use impasto_base::{error::chain, text};
use impasto_core::settings::{Mix, PresetFolder, Settings, UserPreset};

/// What the window knows of the user's presets.
#[derive(Default)]
pub struct Presets {
    pub list: Vec<UserPreset>,
    pub defaults: Defaults,
    /// Counts how often the list has changed.
    pub generation: u64,
    dialog: Option<Dialog>,
}

/// The dialog's fields.
#[derive(Default)]
struct Dialog {
    /// Under which the current mix is saved.
    name: String,
    /// The preset that is being renamed, and its new name.
    renaming: Option<(String, String)>,
    /// The preset whose deletion waits for a second click.
    deleting: Option<String>,
    /// What went wrong last.
    error: Option<String>,
}

/// What can be done with presets.
pub enum PresetAction {
    Take(PresetName),
    /// Bring back the mix from before the last preset.
    Back,
    /// Open the dialog.
    Manage,
    /// Save the current mix under a name.
    Save(String),
    Rename(String, String),
    Delete(String),
}

impl Presets {
    /// Follow the settings.
    pub fn follow(&mut self, settings: &Settings) {
        self.defaults.follow(&self.list, settings);
    }

    fn is_taken(&self, name: &str) -> bool {
        self.list.iter().any(|preset| preset.name.eq_ignore_ascii_case(name.trim()))
    }

    /// Apply the list and the last action's result; returns the error if no dialog can show it.
    fn take(&mut self, list: Vec<UserPreset>, result: Result<(), String>) -> Option<String> {
        self.list = list;
        self.defaults.forget();
        self.generation += 1;
        match (&mut self.dialog, result) {
            (None, result) => return result.err(),
            (Some(dialog), Ok(())) => *dialog = Dialog::default(),
            (Some(dialog), Err(error)) => dialog.error = Some(error),
        }
        None
    }
}

impl Act for PresetAction {
    fn apply(self, app: &mut ImpastoApp, _: &Context) {
        app.apply_to_presets(self);
    }
}

impl ImpastoApp {
    /// List the presets in the background, after `work` on them.
    pub(super) fn with_presets(
        &self,
        work: impl FnOnce(&PresetFolder) -> Result<(), String> + Send + 'static,
    ) {
        let Some(folder) = self.files.folder.as_deref().map(PresetFolder::within) else { return };
        let work = move || {
            let result = work(&folder);
            (folder.list(), result)
        };
        self.tasks.save(Path::new("presets"), "presets", work, |app: &mut Self, _, (list, result)| {
            if result.is_err() {
                app.files.closing.save_failed();
            }
            if let Some(error) = app.mixes.presets.take(list, result) {
                app.messages.toasts.add(widgets::sentence(&error));
            }
        });
    }

    /// The dialog with the person's presets, while it is open.
    pub(super) fn presets_window(&mut self, ctx: &Context) {
        let Some(mut dialog) = self.mixes.presets.dialog.take() else { return };
        let mut close = false;
        let modal = super::theme::modal(ctx, "your presets").show(ctx, |ui| {
            ui.set_width(360.0);
            ui.heading("Your presets");
            ui.add_space(space::S);
            if self.files.folder.is_none() {
                ui.label("This system has no folder for settings, so presets cannot be kept.");
            }
            self.save_row(ui, &mut dialog);
            if let Some(error) = &dialog.error {
                widgets::row_error(ui, &widgets::sentence(error));
            }
            ui.add_space(space::M);
            egui::ScrollArea::vertical().max_height(260.0).show(ui, |ui| {
                for preset in &self.mixes.presets.list {
                    preset_line(ui, preset, &mut dialog, &self.actions);
                }
                if self.mixes.presets.list.is_empty() {
                    ui.label(widgets::weak(ui, "None yet: give the current mix a name."));
                }
            });
            ui.add_space(space::M);
            close = ui.button("Done").on_hover_text("Closes this dialog").clicked();
        });
        if !(close || modal.should_close()) {
            self.mixes.presets.dialog = Some(dialog);
        }
    }

    pub(super) fn apply_to_presets(&mut self, action: PresetAction) {
        match action {
            PresetAction::Take(name) => {
                self.take_preset(&name);
            }
            PresetAction::Back => {
                // The mix comes back, not where and how large it was painted.
                let before = self.mixes.before_preset.as_ref();
                if let Some(settings) = before.and_then(|before| Mix::of(before).apply(&self.settings).ok()) {
                    self.settings = settings;
                }
            }
            PresetAction::Manage => self.mixes.presets.dialog = Some(Dialog::default()),
            PresetAction::Save(name) => {
                let mix = Mix::of(&self.settings);
                self.with_presets(move |folder| folder.save(&name, &mix).map_err(|error| chain(&error)));
            }
            PresetAction::Rename(from, to) => {
                self.with_presets(move |folder| folder.rename(&from, &to).map_err(|error| chain(&error)));
            }
            PresetAction::Delete(name) => {
                self.with_presets(move |folder| folder.delete(&name).map_err(|error| chain(&error)));
            }
        }
    }

    fn save_row(&self, ui: &mut Ui, dialog: &mut Dialog) {
        ui.horizontal(|ui| {
            let edit = TextEdit::singleline(&mut dialog.name)
                .hint_text("A name for the current mix")
                .desired_width(ui.available_width() - 90.0);
            let entered = ui.add(edit).accessible_name("Name of the preset");
            let taken = self.mixes.presets.is_taken(&dialog.name);
            let (text, hint) = match taken {
                true => ("Replace", "The older preset of this name is lost"),
                false => ("Save", "Keeps weights, layers, statistic, colours and optimizer under this name"),
            };
            let able = self.files.folder.is_some() && !dialog.name.trim().is_empty();
            let button = ui.add_enabled(able, egui::Button::new(text).min_size(egui::vec2(76.0, ROW)));
            // Replacing asks for the button, so that nothing is lost by a key.
            let key = entered.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter)) && !taken;
            if able && (button.on_hover_text(hint).clicked() || key) {
                self.actions.push(PresetAction::Save(dialog.name.clone()));
            }
        });
    }
}

/// One preset with its buttons.
fn preset_line(ui: &mut Ui, preset: &UserPreset, dialog: &mut Dialog, actions: &Actions) {
    let name = &preset.name;
    ui.horizontal(|ui| {
        ui.set_min_height(ROW);
        let width = ui.available_width() - 2.0 * (ROW + 2.0 * space::S) - 24.0;
        if let Some((_, to)) = dialog.renaming.as_mut().filter(|(from, _)| from == name) {
            let edit = ui.add(TextEdit::singleline(to).desired_width(width));
            let edit = edit.accessible_name(format!("New name of {name}"));
            let key = edit.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
            let button = ui.button("OK").on_hover_text("Gives it this name");
            if button.clicked() || key {
                actions.push(PresetAction::Rename(name.clone(), to.clone()));
            }
            return;
        }
        ui.allocate_ui(egui::vec2(width, ROW), |ui| {
            ui.set_min_width(width);
            let label = egui::Label::new(text::display_name(name)).truncate();
            if let Err(error) = &preset.mix {
                ui.horizontal(|ui| {
                    let (rect, _) = ui.allocate_exact_size(egui::Vec2::splat(16.0), egui::Sense::hover());
                    Icon::Warning.paint(ui.painter(), rect.center(), Palette::of(ui).bad);
                    ui.add(label).on_hover_text(chain(error));
                });
            } else {
                ui.add(label);
            }
        });
        if dialog.deleting.as_ref() == Some(name) {
            if ui
                .button("Delete")
                .on_hover_text(format!("Deletes {} for good", text::display_name(name)))
                .clicked()
            {
                actions.push(PresetAction::Delete(name.clone()));
            }
            return;
        }
        let what = format!("Rename {}", text::display_name(name));
        if widgets::icon_button(ui, Icon::Pen, &what, "Gives this preset another name", true).clicked() {
            dialog.renaming = Some((name.clone(), name.clone()));
            dialog.deleting = None;
        }
        let what = format!("Delete {}", text::display_name(name));
        if widgets::icon_button(ui, Icon::Close, &what, "Deletes this preset, after asking", true).clicked() {
            dialog.deleting = Some(name.clone());
            dialog.renaming = None;
        }
    });
    if let Err(error) = &preset.mix {
        ui.add(egui::Label::new(widgets::weak(ui, widgets::sentence(&chain(error)))).wrap());
    }
}
