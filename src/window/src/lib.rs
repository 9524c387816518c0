//! The window: pictures left, the painting in the middle, every setting right, losses below, transport above.
//!
//! The window owns no tensor and never waits: it sends the worker what to do (`engine`), takes in what it
//! says, and leaves all that takes time to background threads (`tasks`).

mod about;
mod accessible;
mod action;
mod asking;
mod audience;
mod automation;
mod autosave;
mod awake;
mod bottom;
mod branch;
mod canvas;
mod card;
mod clock;
mod closing;
mod colour_image;
mod command;
mod command_palette;
mod compact;
mod compare;
mod controls;
mod decoders;
mod defaults;
mod desktop;
pub mod dialogs;
mod doors;
mod edit;
mod empty;
mod entry;
mod export;
mod extensions;
mod extracts;
mod fader;
mod fields;
mod files;
mod film;
mod filmstrip;
mod folders;
mod following;
mod fonts;
mod frames;
mod fullscreen;
mod gallery;
mod graphics;
mod grid;
mod guide;
mod help;
mod hints;
mod icons;
mod incoming;
mod lab;
mod landmarks;
mod masks;
mod messages;
mod mixer;
mod mixes;
mod motion;
mod naming;
mod news;
mod notifier;
mod opening;
mod options;
mod origin;
mod output_window;
mod page;
mod paintings;
mod palette;
mod param_menu;
mod part;
mod pasted;
mod persistence;
mod picture_panel;
mod picture_slots;
mod picture_source;
mod pin_cards;
mod pins;
mod playlist;
mod plot;
mod presets;
mod queue;
mod recipes;
mod remote;
mod reset;
mod row_end;
mod saving;
mod scaling;
mod size;
mod slot;
mod solo;
mod split;
mod state;
mod status;
mod switch;
mod tasks;
#[cfg(all(test, target_os = "linux"))]
mod test_bus;
mod theme;
mod tips;
mod to_worker;
mod toolbar;
mod tour;
mod transport;
mod undo;
mod view;
mod widgets;
mod worker;
mod xwayland;
mod zoom;

use std::sync::Arc;

use egui::{Context, Frame, Margin, Panel, Rect, Ui, vec2};
use image::RgbImage;

use self::{
    action::Actions,
    automation::AutomationUi,
    autosave::Autosave,
    clock::Clock,
    command::Command,
    compact::Side,
    desktop::Desktop,
    extracts::Extracts,
    files::Files,
    fonts::MoreFonts,
    grid::Grid,
    messages::Messages,
    mixes::Mixes,
    page::Page,
    paintings::Paintings,
    picture_slots::Pictures,
    playlist::Lists,
    queue::Queue,
    remote::Remote,
    state::{History, Run},
    tasks::Tasks,
    theme::Palette,
    undo::Undo,
    view::{Panels, View},
    worker::{NextRun, Worker},
};
pub use self::{
    awake::{KeepAwake, SystemAwake},
    graphics::Graphics,
    notifier::Notifier,
    opening::run,
    options::{AppStart, Options, SpawnPainter, WakeBehind},
    worker::{SpawnSession, Wake},
};
use impasto_core::settings::{Settings, SettingsError};
use impasto_engine::session::Record;

/// The window's whole state.
pub struct ImpastoApp {
    actions: Actions,
    tasks: Tasks<Self>,
    desktop: Desktop,
    worker: Worker,

    settings: Settings,
    /// Why the settings cannot be sent, if they cannot.
    problems: Vec<SettingsError>,
    mixes: Mixes,
    pictures: Pictures,
    undo: Undo,
    paintings: Paintings,

    run: Run,
    history: History,
    /// The picture that was painted last, and how it came about.
    record: Option<(Arc<RgbImage>, Record)>,
    next: NextRun,

    automation: AutomationUi,
    remote: Remote,
    clock: Clock,
    queue: Queue,
    grid: Grid,
    playlist: Lists,
    extracts: Extracts,

    view: View,
    panels: Panels,
    messages: Messages,

    autosave: Autosave,
    files: Files,
    graphics: Graphics,
    fonts: MoreFonts,
    /// The number that a slot or a request was given last.
    last_number: u64,
}

/// What stands over the window, in the order in which it is drawn. To add a dialog: a file, and a line here.
const OVERLAYS: &[fn(&mut ImpastoApp, &Context)] = &[
    ImpastoApp::solo_chip,
    |app, ctx| app.hover_overlay(ctx),
    ImpastoApp::unplaced_window,
    ImpastoApp::offered_window,
    ImpastoApp::comeback_window,
    ImpastoApp::replacing_window,
    ImpastoApp::part_window,
    ImpastoApp::closing_window,
    |app, ctx| app.tour_window(ctx),
    ImpastoApp::export_window,
    ImpastoApp::add_window,
    ImpastoApp::folders_window,
    ImpastoApp::help_window,
    ImpastoApp::command_palette_window,
    |app, ctx| app.frames_panel(ctx),
    ImpastoApp::presets_window,
    ImpastoApp::rename_window,
    ImpastoApp::region_name_window,
    ImpastoApp::range_window,
    ImpastoApp::remote_window,
    ImpastoApp::guide_window,
    ImpastoApp::playlist_page,
    ImpastoApp::about_window,
];

impl ImpastoApp {
    fn apply_theme(&self, ctx: &Context) {
        ctx.set_theme(if self.view.layout.light { egui::Theme::Light } else { egui::Theme::Dark });
    }

    fn toggle_theme(&mut self, ctx: &Context) {
        self.view.layout.light = !self.view.layout.light;
        self.apply_theme(ctx);
    }

    fn toggle_panels(&mut self) {
        let layout = &mut self.view.layout;
        let shown = [layout.show_left, layout.show_right, layout.show_bottom];
        let next = if shown.contains(&true) {
            self.view.put_away = Some(shown);
            [false; 3]
        } else {
            self.view.put_away.take().unwrap_or([true; 3])
        };
        [layout.show_left, layout.show_right, layout.show_bottom] = next;
    }

    fn panels_ui(&mut self, ui: &mut Ui) {
        self.view.landmarks.begin_frame();
        let palette = Palette::of(ui);
        let bar = |x: i8, y: i8| Frame::new().fill(palette.bar).inner_margin(Margin::symmetric(x, y));
        Panel::top("transport").frame(bar(12, 0)).exact_size(52.0).show(ui, |ui| {
            self.view.landmarks.begin(ui, "Transport bar");
            self.transport_ui(ui);
        });
        Panel::bottom("status").frame(bar(12, 0)).exact_size(26.0).show(ui, |ui| self.status_ui(ui));
        let mixes = (self.view.layout.mixes && self.has_toolbar()).then(|| {
            let row = Panel::bottom("mixes").frame(bar(12, 0)).exact_size(mixes::HEIGHT);
            row.show(ui, |ui| ui.available_rect_before_wrap()).inner
        });
        self.middle_ui(ui);
        // Below everything, so the keyboard comes there last.
        if let Some(rect) = mixes {
            let mut row = ui.new_child(egui::UiBuilder::new().max_rect(rect));
            self.view.landmarks.begin(&row, "Row of mixes");
            self.mixes_ui(&mut row);
        }
    }

    /// What is between the bars.
    fn middle_ui(&mut self, ui: &mut Ui) {
        let palette = Palette::of(ui);
        let bar = |x: i8, y: i8| Frame::new().fill(palette.bar).inner_margin(Margin::symmetric(x, y));
        let side =
            Frame::new().fill(palette.panel).inner_margin(Margin { left: 12, right: 12, top: 4, bottom: 4 });
        Panel::left("doors").frame(bar(0, 0)).exact_size(doors::WIDTH).resizable(false).show(ui, |ui| {
            self.view.landmarks.begin(ui, "Doors");
            self.doors_ui(ui);
        });

        let room = ui.available_size();
        // The lab stands beside the painting; in a narrow window the pictures make room for it.
        let page = self.view.page != Page::Painting;
        let crowded = (self.view.lab.open && room.x < lab::NARROW) || (page && room.x < page::NARROW);
        let ctx = ui.ctx().clone();
        let was = self.shows_side(&ctx, Side::Left) && !crowded;
        let mut shown = was;
        let panel =
            Panel::left("pictures").frame(side).resizable(true).size_range(180.0..=(room.x * 0.3).max(190.0));
        let panel = panel.default_size(self.view.layout.left).show_collapsible(ui, &mut shown, |ui| {
            self.view.landmarks.begin(ui, "Panel of pictures");
            widgets::fixed(ui, |ui| self.live(ui, |app, ui| app.picture_panel_ui(ui)));
        });
        self.view.layout.left = panel.map_or(self.view.layout.left, |panel| panel.response.rect.width());
        if !crowded {
            self.follow_side(&ctx, Side::Left, was, shown);
        }
        if !shown {
            self.pictures.drop_rects.clear();
        }

        let was = self.shows_side(&ctx, Side::Right);
        let mut shown = was;
        let panel = Panel::right("settings")
            .frame(side)
            .resizable(true)
            .size_range(280.0..=(room.x * 0.42).max(290.0));
        let panel = panel.default_size(self.view.layout.right).show_collapsible(ui, &mut shown, |ui| {
            self.view.landmarks.begin(ui, "Panel of settings");
            widgets::fixed(ui, |ui| self.controls_ui(ui));
        });
        self.view.layout.right = panel.map_or(self.view.layout.right, |panel| panel.response.rect.width());
        self.follow_side(&ctx, Side::Right, was, shown);

        self.bottom_panel(ui);
        self.view.landmarks.begin(ui, "Canvas");
        self.page_ui(ui);
    }

    /// The page of the painting itself.
    fn painting_page(&mut self, ui: &mut Ui) {
        self.lab_panel(ui);
        if self.has_toolbar() {
            let frame = Frame::new().fill(Palette::of(ui).bar).inner_margin(Margin::symmetric(8, 0));
            Panel::top("toolbar").frame(frame).exact_size(toolbar::HEIGHT).show(ui, |ui| self.toolbar_ui(ui));
        }
        self.hints_ui(ui);
        self.canvas_ui(ui);
    }
}

impl eframe::App for ImpastoApp {
    fn logic(&mut self, ctx: &Context, frame: &mut eframe::Frame) {
        self.undo.begin_frame();
        self.panels.frames.begin(frame.info().cpu_usage, ctx.input(|input| input.pointer.any_down()));
        self.follow_graphics(ctx);
        while let Some(then) = self.tasks.next() {
            then(self, ctx);
        }
        self.note_change(ctx);
        self.follow_files(ctx);
        self.take_news(ctx);
        self.follow_style_amount();
        self.follow_preset_tiles(ctx);
        self.follow_remote(ctx);
        self.apply_actions(ctx);
        self.follow_named_pictures();
        self.follow_masks();
        self.follow_gallery();
        self.run_film(ctx);
        self.follow_queue(ctx);
        self.follow_grid(ctx);
        self.clock.tick(ctx.input(|input| input.time));
        let played = self.is_playing_list();
        self.run_list(ctx);
        if played {
            // What a playlist has changed is one entry of the history, when it has ended.
            self.note_change(ctx);
        }
        // While this window is covered, nothing but this is called.
        self.follow_audience(ctx);
        self.follow_output_window(ctx, frame);
        self.follow_closing(ctx);
        // What came from outside is not drawn before it counts.
        self.follow_settings(ctx);
        self.follow_speed(ctx);
        if self.next.init_at_start.is_none() && self.run.given.is_some() {
            self.next.init_at_start = Some(self.settings.init.clone());
        }
    }

    fn ui(&mut self, ui: &mut Ui, frame: &mut eframe::Frame) {
        let ctx = ui.ctx().clone();
        self.take_incoming(&ctx);
        self.follow_mixes();
        if ctx.memory(|memory| memory.top_modal_layer().is_none()) || self.is_help_open() {
            self.masking_keys(&ctx);
            Command::pressed(&ctx).into_iter().for_each(|command| self.actions.push(command));
            self.mixes_keys(&ctx);
        }
        self.apply_actions(&ctx);
        if self.view.fullscreen.on {
            self.fullscreen_ui(ui);
        } else {
            self.panels_ui(ui);
        }
        OVERLAYS.iter().for_each(|overlay| overlay(self, &ctx));
        self.follow_output_window(&ctx, frame);
        self.output_window_ui(&ctx);
        self.keep_awake();
        let area = self.view.canvas.area.unwrap_or(Rect::from_min_size(egui::Pos2::ZERO, vec2(600.0, 400.0)));
        let area = messages::free_area(&ctx, area);
        self.messages.toasts.show(&ctx, area, &self.actions);
        self.follow_params(&ctx);
        self.apply_actions(&ctx);
        self.follow_history(&ctx);
        self.follow_settings(&ctx);
        self.follow_extracts(&ctx);
        self.follow_fonts();
        self.remember(&ctx);
        self.keep(&ctx);
        self.panels.frames.end();
    }

    fn on_exit(&mut self) {
        self.desktop.awake.set(false);
        self.graphics.close();
        self.remember_now();
        self.rescue_unsaved();
        self.autosave.end();
        self.queue.end();
        if self.panels.print_frame_times {
            println!("{}", self.frame_summary());
        }
    }

    fn persist_egui_memory(&self) -> bool {
        // Panels and the theme are remembered with the settings.
        false
    }
}
