//! The window: pictures left, the painting in the middle, every setting right, losses below, transport above.
//!
//! The window owns no tensor and never waits: it tells the worker what to do (`engine`), takes in what it says,
//! and leaves all that takes time to background threads (`tasks`).

mod action;
mod asking;
mod automation;
mod awake;
mod canvas;
mod card;
mod clock;
mod closing;
mod colour_image;
mod command;
mod compare;
mod controls;
mod decoders;
pub mod dialogs;
mod edit;
mod empty;
mod engine;
mod entry;
mod export;
mod extensions;
mod extracts;
mod fader;
mod fields;
mod film;
mod filmstrip;
mod finder;
mod folders;
mod frames;
mod gallery;
mod graphics;
mod grid;
mod guide;
mod help;
mod hints;
mod icons;
mod incoming;
mod keeping;
mod knobs;
mod lab;
mod memory;
mod mixer;
mod mixes;
mod notes;
mod opening;
mod origin;
mod page;
mod palette;
mod pasted;
mod pictures;
mod pins;
mod playlist;
mod plot;
mod present;
mod presets;
mod queue;
mod recipes;
mod remote;
mod reset;
mod saving;
mod slots;
mod split;
mod stage;
mod state;
mod status;
mod tasks;
#[cfg(all(test, target_os = "linux"))]
mod test_bus;
mod theme;
mod toolbar;
mod tour;
mod transport;
mod undo;
mod usual;
mod widgets;

use std::{collections::BTreeSet, path::PathBuf, sync::Arc, time::Duration};

use egui::{Context, Frame, Margin, Panel, Rect, Ui, vec2};
use image::RgbImage;

use self::{
    action::Actions,
    automation::AutomationUi,
    canvas::Canvas,
    clock::Clock,
    closing::Closing,
    command::Command,
    compare::Compare,
    dialogs::Dialogs,
    export::{Export, ExportForm},
    extracts::Extracts,
    film::Film,
    finder::Finder,
    folders::Folders,
    frames::Frames,
    gallery::Gallery,
    grid::Grid,
    incoming::Hovering,
    keeping::Keeper,
    lab::Lab,
    memory::{Layout, Remembered},
    mixes::{Ends, Links, MixDesk},
    notes::{Banner, Toasts},
    page::Page,
    pictures::{Slot, Source, Target},
    pins::Pins,
    playlist::Lists,
    present::Present,
    presets::Presets,
    queue::Queue,
    recipes::Offered,
    remote::Remote,
    saving::Replacing,
    stage::Stage,
    state::{History, Run, Series},
    tasks::Tasks,
    theme::Palette,
    tour::Tour,
    undo::Undo,
};
pub use self::{
    awake::{KeepAwake, SystemAwake},
    graphics::Graphics,
    opening::{AppStart, Options, SpawnPainter, SpawnSession, Wake, WakeBehind, run},
};
use impasto_core::{
    picture::Picture,
    settings::{Init, Settings, SettingsError},
};
use impasto_engine::session::{Record, Session};
use impasto_network::compute::DeviceInfo;

/// The window's whole state.
pub struct ImpastoApp {
    actions: Actions,
    spawn: SpawnSession,
    repaint_after: Duration,
    session: Option<Session>,
    dialogs: Arc<dyn Dialogs>,
    tasks: Tasks<Self>,
    folder: Option<PathBuf>,

    settings: Settings,
    /// The settings as they were before the last preset was chosen.
    before_preset: Option<Box<Settings>>,
    presets: Presets,
    desk: MixDesk,
    ends: Ends,
    links: Links,
    /// Why the settings cannot be sent, if they cannot.
    problem: Option<SettingsError>,
    /// The initial image that the painting began with.
    init_at_start: Option<Init>,
    /// The next run begins from its initial image, whatever else changed.
    begin_afresh: bool,
    /// The next run goes on with a painting that was brought back.
    resume: bool,
    choose_size: bool,
    content: Slot,
    /// Never empty: the first one may be an empty slot.
    styles: Vec<Slot>,
    palette: Slot,
    gallery: Gallery,
    /// The setting that the palette's slot shows.
    palette_shown: Option<PathBuf>,
    /// The palettes without a file that were chosen, which settings may name again.
    pasted_palettes: Vec<Arc<Picture>>,
    /// The picture that painting begins with, if the settings name one, and the file that its slot shows.
    initial: Slot,
    initial_shown: Option<PathBuf>,
    /// A restart was asked for, and its initial image is being opened.
    restart_waits: bool,
    devices: Option<Vec<DeviceInfo>>,

    run: Run,
    history: History,
    hidden: BTreeSet<Series>,
    canvas: Canvas,
    /// The picture that was painted last, and how it came about.
    record: Option<(Arc<RgbImage>, Record)>,
    keeper: Keeper,
    undo: Undo,
    automation: AutomationUi,
    remote: Remote,
    compare: Compare,
    pins: Pins,
    finder: Finder,
    present: Present,
    stage: Stage,
    playlist: Lists,
    clock: Clock,
    awake: Arc<dyn KeepAwake>,
    /// What it was told last.
    is_awake: bool,
    may_hint: bool,
    /// Frames since a control is looked for that was not there.
    focus_search_frames: u32,
    frames: Frames,
    print_frame_times: bool,
    film: Film,
    export_form: Option<ExportForm>,
    export: Option<Export>,
    extracts: Extracts,

    queue: Queue,
    grid: Grid,
    page: Page,

    layout: Layout,
    /// The panels that [`Command::TogglePanels`] brings back.
    put_away: Option<[bool; 3]>,
    /// Where the panel with the losses was in the last frame.
    bottom_area: Option<Rect>,
    toasts: Toasts,
    banners: Vec<Banner>,
    /// The last thing a person was told, for the status line.
    notice: Option<String>,
    help: bool,
    lab: Lab,
    tour: Option<Tour>,
    guide: bool,
    hovering: Hovering,
    drop_rects: Vec<(Rect, Target)>,
    unplaced: Vec<Source>,
    offered: Option<Offered>,
    /// See [`Remembered::without_recipe`].
    without_recipe: bool,
    replacing: Option<Replacing>,
    closing: Closing,
    graphics: Graphics,
    /// A file dialog is open.
    asking: bool,
    folders: Folders,

    /// What is on the disk, and since when something else should be.
    written: Remembered,
    unwritten_since: Option<f64>,
    numbers: u64,
}

impl ImpastoApp {
    fn apply_theme(&self, ctx: &Context) {
        ctx.set_theme(if self.layout.light { egui::Theme::Light } else { egui::Theme::Dark });
    }

    fn toggle_theme(&mut self, ctx: &Context) {
        self.layout.light = !self.layout.light;
        self.apply_theme(ctx);
    }

    fn toggle_panels(&mut self) {
        let layout = &mut self.layout;
        let shown = [layout.show_left, layout.show_right, layout.show_bottom];
        let next = if shown.contains(&true) {
            self.put_away = Some(shown);
            [false; 3]
        } else {
            self.put_away.take().unwrap_or([true; 3])
        };
        [layout.show_left, layout.show_right, layout.show_bottom] = next;
    }

    fn panels_ui(&mut self, ui: &mut Ui) {
        let palette = Palette::of(ui);
        let bar = |x: i8, y: i8| Frame::new().fill(palette.bar).inner_margin(Margin::symmetric(x, y));
        let side =
            Frame::new().fill(palette.panel).inner_margin(Margin { left: 12, right: 12, top: 4, bottom: 4 });
        Panel::top("transport").frame(bar(12, 0)).exact_size(52.0).show(ui, |ui| self.transport_ui(ui));
        Panel::bottom("status").frame(bar(12, 0)).exact_size(26.0).show(ui, |ui| self.status_ui(ui));
        if self.layout.mixes && self.has_toolbar() {
            Panel::bottom("mixes")
                .frame(bar(12, 0))
                .exact_size(mixes::HEIGHT)
                .show(ui, |ui| self.mixes_ui(ui));
        }

        let room = ui.available_size();
        // The lab stands beside the painting; in a narrow window the pictures make room for it.
        let page = self.page != Page::Painting;
        let crowded = (self.lab.open && room.x < lab::NARROW) || (page && room.x < page::NARROW);
        let mut shown = self.layout.show_left && !crowded;
        let panel =
            Panel::left("pictures").frame(side).resizable(true).size_range(180.0..=(room.x * 0.3).max(190.0));
        let panel = panel.default_size(self.layout.left).show_collapsible(ui, &mut shown, |ui| {
            self.live(ui, |app, ui| app.slots_ui(ui));
        });
        self.layout.left = panel.map_or(self.layout.left, |panel| panel.response.rect.width());
        if !crowded {
            self.layout.show_left = shown;
        }
        if !shown {
            self.drop_rects.clear();
        }

        let mut shown = self.layout.show_right;
        let panel = Panel::right("settings")
            .frame(side)
            .resizable(true)
            .size_range(280.0..=(room.x * 0.42).max(290.0));
        let panel =
            panel.default_size(self.layout.right).show_collapsible(ui, &mut shown, |ui| self.controls_ui(ui));
        self.layout.right = panel.map_or(self.layout.right, |panel| panel.response.rect.width());
        self.layout.show_right = shown;

        // The curves and the filmstrip are the painting's.
        let mut shown = self.layout.show_bottom && !page;
        let frame = Frame::new().fill(palette.panel).inner_margin(Margin::symmetric(12, 8));
        let panel =
            Panel::bottom("plot").frame(frame).resizable(true).size_range(100.0..=(room.y * 0.5).max(120.0));
        let panel = panel.default_size(self.layout.bottom).show_collapsible(ui, &mut shown, |ui| {
            self.bottom_ui(ui);
            ui.take_available_space();
        });
        self.bottom_area = panel.as_ref().map(|panel| panel.response.rect);
        self.layout.bottom = panel.map_or(self.layout.bottom, |panel| panel.response.rect.height());
        if !page {
            self.layout.show_bottom = shown;
        }

        if page {
            return self.page_ui(ui);
        }
        self.lab_panel(ui);
        if self.has_toolbar() {
            Panel::top("toolbar")
                .frame(bar(8, 0))
                .exact_size(toolbar::HEIGHT)
                .show(ui, |ui| self.toolbar_ui(ui));
        }
        if self.has_toolbar() && !self.pins.all().is_empty() {
            Panel::bottom("pins").frame(bar(12, 0)).exact_size(pins::HEIGHT).show(ui, |ui| self.pins_ui(ui));
        }
        self.canvas_ui(ui);
    }
}

impl eframe::App for ImpastoApp {
    fn logic(&mut self, ctx: &Context, frame: &mut eframe::Frame) {
        self.frames.begin(frame.info().cpu_usage, ctx.input(|input| input.pointer.any_down()));
        self.follow_graphics(ctx);
        while let Some(then) = self.tasks.next() {
            then(self, ctx);
        }
        self.note_change(ctx);
        self.take_news(ctx);
        self.follow_remote(ctx);
        self.apply_actions(ctx);
        self.follow_named_pictures();
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
        self.follow_stage(ctx, frame);
        self.follow_closing(ctx);
        // What came from outside is not drawn before it counts.
        self.follow_settings(ctx);
        if self.init_at_start.is_none() && self.run.given.is_some() {
            self.init_at_start = Some(self.settings.init.clone());
        }
    }

    fn ui(&mut self, ui: &mut Ui, frame: &mut eframe::Frame) {
        let ctx = ui.ctx().clone();
        self.take_incoming(&ctx);
        self.follow_mixes();
        if ctx.memory(|memory| memory.top_modal_layer().is_none()) || self.help {
            Command::pressed(&ctx).into_iter().for_each(|command| self.actions.push(command));
            self.mixes_keys(&ctx);
        }
        self.apply_actions(&ctx);
        if self.present.on {
            self.presentation_ui(ui);
        } else {
            self.panels_ui(ui);
        }
        self.hints(&ctx);
        self.hover_overlay(&ctx);
        self.unplaced_window(&ctx);
        self.offered_window(&ctx);
        self.comeback_window(&ctx);
        self.replacing_window(&ctx);
        self.closing_window(&ctx);
        self.tour_window(&ctx);
        self.export_window(&ctx);
        self.add_window(&ctx);
        self.folders_window(&ctx);
        self.help_window(&ctx);
        self.finder_window(&ctx);
        self.frames_panel(&ctx);
        self.presets_window(&ctx);
        self.remote_window(&ctx);
        self.guide_window(&ctx);
        self.playlist_page(&ctx);
        self.follow_stage(&ctx, frame);
        self.stage_window(&ctx);
        self.keep_awake();
        let area = self.canvas.area.unwrap_or(Rect::from_min_size(egui::Pos2::ZERO, vec2(600.0, 400.0)));
        self.toasts.show(&ctx, area);
        self.follow_knobs(&ctx);
        self.apply_actions(&ctx);
        self.follow_history(&ctx);
        self.follow_settings(&ctx);
        self.follow_extracts(&ctx);
        self.remember(&ctx);
        self.keep(&ctx);
        self.frames.end();
    }

    fn on_exit(&mut self) {
        self.awake.set(false);
        self.graphics.close();
        self.remember_now();
        self.rescue_unsaved();
        self.keeper.end();
        self.queue.end();
        if self.print_frame_times {
            println!("{}", self.frame_summary());
        }
    }

    fn persist_egui_memory(&self) -> bool {
        // Panels and the theme are remembered with the settings.
        false
    }
}
