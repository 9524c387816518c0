//! The page on which a playlist is put together.

use egui::{Align, ComboBox, Context, DragValue, Layout, Role, Ui, Vec2, WidgetInfo, vec2};

use super::{
    Lists,
    history::Way,
    list::{Entry, FADE, SECONDS},
};
use crate::{
    ImpastoApp,
    action::{Act, Actions},
    gallery::Gallery,
    icons::Icon,
    origin::{Origin, RememberedStyle},
    row_end,
    theme::{Palette, ROW, space},
    widgets,
};
use impasto_core::settings::{Preset, Settings};

/// Seconds that an entry lasts at first.
const DEFAULT: f64 = 60.0;
const WIDTH: f32 = 640.0;
/// Widths of a row's columns in points: the look, how long, and the buttons.
const LOOK: f32 = 130.0;
const TIME: f32 = 158.0;
const BUTTONS: f32 = 3.0 * ROW;
/// A picture in a row.
const SMALL: Vec2 = vec2(34.0, ROW - 4.0);

/// What can be done with the playlist. Entries are known by their places.
pub enum PlaylistAction {
    Up(usize),
    Down(usize),
    Remove(usize),
    Add,
    Open,
    Save,
    Play(Option<usize>),
    Stop,
    /// Open the files outside of the playlist's folder, or leave them out.
    Outside(bool),
    Go(Way),
}

impl Act for PlaylistAction {
    fn apply(self, app: &mut ImpastoApp, ctx: &Context) {
        app.apply_to_playlist(ctx, self);
    }
}

impl ImpastoApp {
    /// The present painting as an entry; what cannot be found again cannot be one.
    fn present_entry(&self) -> Result<Entry, String> {
        let origin = |slot: &crate::slot::Slot| {
            let loaded = slot.picture.as_ref()?;
            let name = &loaded.picture.name;
            Some(match loaded.origin.clone() {
                None => Err(format!(
                    "{name} is in no file: save it to one and open that, so that the playlist finds it"
                )),
                Some(Origin::File(path)) if path.to_str().is_none() => Err(format!(
                    "the path of {name} is no Unicode text: rename it, so that a playlist can name it"
                )),
                Some(origin) => Ok(origin),
            })
        };
        let content = origin(&self.pictures.content).ok_or("there is no content yet")??;
        let mut styles = Vec::new();
        for slot in &self.pictures.styles {
            if let Some(picture) = origin(slot) {
                styles.push(RememberedStyle { mix: slot.mix, picture: picture? });
            }
        }
        if styles.is_empty() {
            return Err("there is no style yet".to_owned());
        }
        let settings = Some(Box::new(self.settings.clone()));
        Ok(Entry { seconds: Some(DEFAULT), preset: None, content, styles, settings })
    }

    /// The page, while it is open; never over a presentation.
    pub(crate) fn playlist_page(&mut self, ctx: &Context) {
        if !self.playlist.open || self.view.fullscreen.on {
            return;
        }
        if self.playlist.outside.asks() {
            return self.outside_window(ctx);
        }
        let own: Vec<String> = self.mixes.presets.list.iter().map(|preset| preset.name.clone()).collect();
        let playing = self.playlist.player.as_ref().and_then(super::Player::entry);
        // As it was opened, or came from elsewhere.
        self.note_playlist(ctx);
        if let Some(way) = Way::asked(ctx) {
            self.actions.push(PlaylistAction::Go(way));
        }
        let modal = crate::theme::modal(ctx, "playlist").show(ctx, |ui| {
            ui.set_width((ctx.content_rect().width() - 84.0).min(WIDTH));
            self.playlist_head(ui);
            ui.add_space(space::M);
            let room = (ctx.content_rect().height() - 330.0).max(90.0);
            let settings = &self.settings;
            let list = &mut self.playlist.list;
            let gallery = &mut self.pictures.gallery;
            egui::ScrollArea::vertical().max_height(room).auto_shrink([false, true]).show(ui, |ui| {
                let count = list.entries.len();
                for (index, entry) in list.entries.iter_mut().enumerate() {
                    let playing = playing == Some(index);
                    row(ui, index, count, entry, settings, &own, playing, gallery, &self.actions);
                }
                if count == 0 {
                    let text = "Nothing yet. Paint something that you like and add it; then something else.";
                    ui.label(widgets::weak(ui, text));
                }
            });
            ui.add_space(space::S);
            let able = self.inputs().is_some();
            let tooltip = "Adds these pictures with these settings to the end of the list";
            if widgets::add_button(
                ui,
                "Add current painting",
                tooltip,
                "Open a content and a style first",
                able,
            )
            .clicked()
            {
                self.actions.push(PlaylistAction::Add);
            }
            ui.add_space(space::M);
            self.playlist_order(ui);
            ui.add_space(space::L);
            ui.horizontal(|ui| {
                if self.playlist.player.is_some() {
                    let tooltip = "Ends the playlist; the painting goes on";
                    if widgets::accent_button(ui, Icon::Stop, "Stop", 110.0, tooltip, true).clicked() {
                        self.actions.push(PlaylistAction::Stop);
                    }
                } else {
                    let tooltip =
                        "Plays the list: in the second window if it is open, else on the full screen";
                    let able = !self.playlist.list.entries.is_empty();
                    if widgets::accent_button(ui, Icon::Play, "Play", 110.0, tooltip, able).clicked() {
                        self.actions.push(PlaylistAction::Play(None));
                    }
                }
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    ui.button("Done").on_hover_text("Closes this page (Escape); the list stays").clicked()
                })
                .inner
            })
            .inner
        });
        if modal.inner || modal.should_close() {
            self.playlist.open = false;
        }
        self.note_playlist(ctx);
    }

    pub(crate) fn apply_to_playlist(&mut self, ctx: &Context, action: PlaylistAction) {
        let entries = &mut self.playlist.list.entries;
        let count = entries.len();
        match action {
            // What came first may have made the list shorter.
            PlaylistAction::Up(index) if index < count => entries.swap(index, index - 1),
            PlaylistAction::Down(index) if index + 1 < count => entries.swap(index, index + 1),
            PlaylistAction::Remove(index) if index < count => drop(entries.remove(index)),
            PlaylistAction::Up(_) | PlaylistAction::Down(_) | PlaylistAction::Remove(_) => {}
            PlaylistAction::Add => match self.present_entry() {
                Ok(entry) => {
                    self.playlist.outside.allow(&entry);
                    self.playlist.list.entries.push(entry);
                }
                Err(reason) => self.messages.toasts.add(widgets::sentence(&reason)),
            },
            PlaylistAction::Open => self.ask_for_playlist(),
            PlaylistAction::Save => self.ask_to_save_playlist(),
            PlaylistAction::Play(from) => {
                self.playlist.open = false;
                self.play_list(ctx, from);
            }
            PlaylistAction::Stop => self.stop_list(),
            PlaylistAction::Outside(opens) => self.answer_outside(opens),
            PlaylistAction::Go(way) => {
                if let Some(kept) = self.playlist.history.go(way).cloned() {
                    self.playlist.go_to(kept);
                }
            }
        }
        self.note_playlist(ctx);
    }

    /// Record a change in the page's history, when nothing is dragged any more.
    fn note_playlist(&mut self, ctx: &Context) {
        if !ctx.input(|input| input.pointer.any_down()) {
            let Lists { history, list, file, saved, .. } = &mut self.playlist;
            history.note(list, file.as_ref(), saved);
        }
    }

    fn playlist_head(&self, ui: &mut Ui) {
        ui.horizontal(|ui| {
            ui.heading("Playlist");
            let name = self.playlist.name.as_deref().unwrap_or("not saved");
            let changed = self.playlist.list != self.playlist.saved;
            let changed = if changed && self.playlist.name.is_some() { ", changed" } else { "" };
            ui.add(egui::Label::new(widgets::weak(ui, format!("{name}{changed}"))).truncate());
            row_end::show(ui, "playlist", |ui| {
                for (way, icon, label, tooltip) in [
                    (
                        Way::Back,
                        Icon::Undo,
                        "Undo the playlist",
                        "Undoes the last change of the list: brings back what was removed or replaced",
                    ),
                    (Way::On, Icon::Redo, "Redo the playlist", "Redoes the last undone change"),
                ] {
                    let tooltip = format!("{tooltip} ({})", way.hint(ui.ctx()));
                    if widgets::icon_button(ui, icon, label, &tooltip, self.playlist.history.leads(way))
                        .clicked()
                    {
                        self.actions.push(PlaylistAction::Go(way));
                    }
                }
                ui.add_space(space::S);
                let tooltip = "Reads a list from a file, in the place of this one";
                if widgets::text_button(ui, Icon::Open, "Open…", "Open a playlist", tooltip, true).clicked()
                {
                    self.actions.push(PlaylistAction::Open);
                }
                let tooltip = "Writes the list into a file";
                if widgets::text_button(ui, Icon::Save, "Save…", "Save the playlist", tooltip, true).clicked()
                {
                    self.actions.push(PlaylistAction::Save);
                }
            });
        });
    }

    /// In which order, and how one painting gives way to the next.
    fn playlist_order(&mut self, ui: &mut Ui) {
        let list = &mut self.playlist.list;
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = space::S;
            check(ui, &mut list.repeat, "Loop", "Begins again after the last painting, until it is stopped");
            ui.add_space(space::M);
            let mut shuffled = list.shuffle.is_some();
            let tooltip = "In an order that the number decides, another one in each round; the same number gives the same orders";
            if check(ui, &mut shuffled, "Shuffle", tooltip).changed() {
                list.shuffle = shuffled.then_some(1);
            }
            if let Some(seed) = &mut list.shuffle {
                let drag = ui.add(DragValue::new(seed).range(0..=999_999_u64));
                drag.on_hover_text(tooltip).widget_info(|| named(Role::SpinButton, "Number of the order"));
            }
            ui.add_space(space::M);
            ui.label("Cross-fade");
            let drag = ui.add(DragValue::new(&mut list.fade).range(FADE).speed(0.1).max_decimals(1).suffix(" s"));
            drag.on_hover_text("Seconds in which one painting fades into the next, 0 to 30")
                .widget_info(|| named(Role::SpinButton, "Cross-fade"));
        });
    }
}

fn named(role: Role, name: &str) -> WidgetInfo {
    WidgetInfo::labeled(role, true, name)
}

/// A box to check, with an edge that is seen on the page.
fn check(ui: &mut Ui, on: &mut bool, text: &str, tooltip: &str) -> egui::Response {
    let edge = egui::Stroke::new(1.0, Palette::of(ui).rail);
    let before = std::mem::replace(&mut ui.visuals_mut().widgets.inactive.bg_stroke, edge);
    let response = ui.checkbox(on, text).on_hover_text(tooltip);
    ui.visuals_mut().widgets.inactive.bg_stroke = before;
    response
}

/// An entry with its controls.
#[expect(clippy::too_many_arguments, reason = "a row of a page, drawn in one place")]
fn row(
    ui: &mut Ui,
    index: usize,
    count: usize,
    entry: &mut Entry,
    settings: &Settings,
    own: &[String],
    playing: bool,
    gallery: &mut Gallery,
    actions: &Actions,
) {
    let number = index + 1;
    ui.horizontal(|ui| {
        ui.set_min_height(ROW);
        ui.spacing_mut().item_spacing.x = space::XS;
        let room = ui.available_width() - LOOK - TIME - BUTTONS - 5.0 * space::XS;
        ui.allocate_ui_with_layout(vec2(room, ROW), Layout::left_to_right(Align::Center), |ui| {
            ui.set_min_width(room);
            gallery.show(ui, &entry.content, SMALL);
            for style in entry.styles.iter().take(2) {
                gallery.show(ui, &style.picture, SMALL);
            }
            ui.add_space(space::XS);
            let color = if playing { Palette::of(ui).accent } else { Palette::of(ui).text };
            // Not by its colour alone.
            let mark = if playing { "▶ " } else { "" };
            let text = egui::RichText::new(format!("{mark}{number}  {}", entry.title())).color(color);
            let title = ui.add(egui::Label::new(text).truncate().sense(egui::Sense::click()));
            if title.on_hover_text("Double-click: plays from here").double_clicked() {
                actions.push(PlaylistAction::Play(Some(index)));
            }
        });
        look(ui, number, entry, settings, own);
        ui.allocate_ui_with_layout(vec2(TIME, ROW), Layout::left_to_right(Align::Center), |ui| {
            ui.set_min_width(TIME);
            let mut finished = entry.seconds.is_none();
            let tooltip = "Until its steps are painted, instead of for a time";
            let check = check(ui, &mut finished, "until finished", tooltip);
            check.widget_info(|| {
                WidgetInfo::selected(
                    Role::CheckBox,
                    true,
                    finished,
                    format!("Painting {number} until finished"),
                )
            });
            if check.changed() {
                entry.seconds = (!finished).then_some(DEFAULT);
            }
            if let Some(seconds) = &mut entry.seconds {
                let drag = DragValue::new(seconds).range(SECONDS).speed(1.0).max_decimals(0).suffix(" s");
                let drag = ui.add(drag).on_hover_text("How long it is painted, 5 seconds to a day");
                drag.widget_info(|| named(Role::SpinButton, &format!("Seconds of painting {number}")));
            }
        });
        let up = format!("Painting {number} earlier");
        if widgets::icon_button(ui, Icon::Up, &up, "Earlier in the list", index > 0).clicked() {
            actions.push(PlaylistAction::Up(index));
        }
        let down = format!("Painting {number} later");
        if widgets::icon_button(ui, Icon::Down, &down, "Later in the list", index + 1 < count).clicked() {
            actions.push(PlaylistAction::Down(index));
        }
        let remove = format!("Remove painting {number}");
        if widgets::icon_button(ui, Icon::Close, &remove, "Takes it off the list", true).clicked() {
            actions.push(PlaylistAction::Remove(index));
        }
    });
}

/// With which settings an entry is painted.
fn look(ui: &mut Ui, number: usize, entry: &mut Entry, settings: &Settings, own: &[String]) {
    let text = match (&entry.settings, &entry.preset) {
        (Some(_), _) => "Own settings",
        (None, Some(name)) => name.as_str(),
        (None, None) => "As they are",
    };
    let text = text.to_owned();
    let combo =
        ComboBox::from_id_salt(("look of an entry", number)).width(LOOK - space::S).selected_text(&text);
    let combo = combo.truncate().show_ui(ui, |ui| {
        let whole = entry.settings.is_some();
        let tooltip = "Keeps all settings as they are in the window now";
        if ui.selectable_label(whole, "Current settings").on_hover_text(tooltip).clicked() {
            (entry.settings, entry.preset) = (Some(Box::new(settings.clone())), None);
        }
        let tooltip = "Those in force when the playlist begins";
        if ui
            .selectable_label(!whole && entry.preset.is_none(), "As they are")
            .on_hover_text(tooltip)
            .clicked()
        {
            (entry.settings, entry.preset) = (None, None);
        }
        let bundled: Vec<&str> = Preset::ALL.into_iter().map(Preset::name).collect();
        for name in bundled.into_iter().chain(own.iter().map(String::as_str)) {
            let on = entry.preset.as_deref() == Some(name);
            if ui.selectable_label(on, name).clicked() {
                (entry.settings, entry.preset) = (None, Some(name.to_owned()));
            }
        }
    });
    let name = format!("Settings of painting {number}: {text}");
    combo
        .response
        .on_hover_text("Own settings, a preset, or the settings in force when the playlist begins")
        .widget_info(|| named(Role::ComboBox, &name));
}
