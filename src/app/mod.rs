//! The window: pictures left, the painting in the middle, every setting right, losses below, transport above.
//!
//! The window owns no tensor and never waits: it tells the worker what to do (`engine`), takes in what it says,
//! and leaves all that takes time to background threads (`tasks`).

mod automation;
mod awake;
mod canvas;
mod card;
mod command;
mod compare;
mod controls;
pub mod dialogs;
mod empty;
mod engine;
mod export;
mod extracts;
mod fader;
mod fields;
mod film;
mod filmstrip;
mod finder;
mod frames;
mod gallery;
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
mod page;
mod palette;
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
mod theme;
mod toolbar;
mod tour;
mod transport;
mod undo;
mod usual;
mod widgets;

use std::{
    collections::BTreeSet,
    io,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::anyhow;
use egui::{Context, Frame, Margin, Panel, Rect, Ui, vec2};
use image::RgbImage;

pub use self::awake::{KeepAwake, SystemAwake};
pub(crate) use self::memory::cache_folder;
use self::{
    automation::AutomationUi,
    canvas::Canvas,
    command::Command,
    compare::{Compare, Mode},
    dialogs::{Dialogs, SystemDialogs},
    export::{Export, ExportForm},
    extracts::Extracts,
    film::Film,
    finder::Finder,
    frames::Frames,
    gallery::Gallery,
    grid::Grid,
    incoming::Hovering,
    keeping::Keeper,
    lab::Lab,
    memory::{Layout, Remembered},
    mixes::{Ends, Links, MixDesk},
    notes::{Banner, Toasts, Trouble},
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
    tasks::{Done, Purpose, Tasks},
    theme::Palette,
    tour::Tour,
    undo::Undo,
};
use crate::{
    backstage::{Desk, Painter},
    compute::{self, DeviceInfo},
    session::{LevelOrder, PaintEngine, Record, Session, Start},
    settings::{Init, Settings, SettingsError, config_folder},
};

/// What the command line gives the window.
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub content: Option<PathBuf>,
    pub styles: Vec<PathBuf>,
    /// Instead of the remembered settings.
    pub settings: Option<Settings>,
    /// When the program started; the first frame is measured from here.
    pub started: Option<Instant>,
    /// Print the times of the frames at the end.
    pub frame_times: bool,
}

/// Called by the worker after every event and picture.
pub type Wake = Box<dyn Fn() + Send>;
/// Called by the painter behind the window when there is something to show.
pub type WakeBehind = Box<dyn Fn() + Send + Sync>;
/// Starts the painter behind the window.
pub type SpawnPainter = Box<dyn Fn(Desk, WakeBehind) -> io::Result<Painter>>;
/// Starts a worker.
pub type SpawnSession = Box<dyn Fn(Wake) -> io::Result<Session>>;

/// What the window begins with, besides its engine.
pub struct AppStart {
    pub options: Options,
    /// Where settings are remembered; nothing is remembered without it.
    pub folder: Option<PathBuf>,
    /// Where the painting in hand is kept; after a crash nothing comes back without it.
    pub sessions: Option<PathBuf>,
    pub dialogs: Arc<dyn Dialogs>,
    /// Paints what is queued.
    pub painter: SpawnPainter,
    pub awake: Arc<dyn KeepAwake>,
    /// Lists the devices; called in the background.
    pub devices: fn() -> Vec<DeviceInfo>,
    /// Time from a new picture to the frame that shows it; zero would ask egui for two frames each time.
    pub repaint_after: Duration,
}

/// How soon a new picture is drawn. Where the window is drawn by the CPU, each frame costs the engine a good part of a
/// step, so there they are fewer; input is still answered at once. Zero would ask egui for two frames each time.
fn repaint_after(creation: &eframe::CreationContext<'_>) -> Duration {
    let software = creation
        .wgpu_render_state
        .as_ref()
        .is_some_and(|state| state.adapter.get_info().device_type == wgpu::DeviceType::Cpu);
    Duration::from_millis(if software { 180 } else { 1 })
}

/// Smallest size of the window, in points.
const SMALLEST: [f32; 2] = [900.0, 600.0];
/// A dialog that answers faster than a hand could not be shown.
const NO_DIALOG: Duration = Duration::from_millis(150);

/// Opens the window and stays until it is closed.
///
/// # Errors
///
/// When no window can be opened: no display, no usable graphics.
pub fn run(options: Options) -> anyhow::Result<()> {
    let folder = config_folder();
    let native = eframe::NativeOptions {
        renderer: eframe::Renderer::Wgpu,
        viewport: egui::ViewportBuilder::default()
            .with_app_id("impasto")
            .with_title("Impasto")
            .with_icon(icons::window_icon())
            .with_inner_size([1360.0, 860.0])
            .with_min_inner_size(SMALLEST),
        persistence_path: folder.as_ref().map(|folder| folder.join("window.ron")),
        ..Default::default()
    };
    crate::compute::leave_room_for_the_window();
    let spawn: SpawnSession = Box::new(|wake| Session::spawn(PaintEngine::new, wake));
    eframe::run_native(
        "Impasto",
        native,
        Box::new(|creation| {
            let start = AppStart {
                options,
                folder,
                sessions: memory::sessions_folder(),
                dialogs: Arc::new(SystemDialogs),
                painter: Box::new(|desk, wake| Painter::spawn(desk, PaintEngine::behind_another, wake)),
                awake: Arc::new(SystemAwake::default()),
                devices: compute::devices,
                repaint_after: repaint_after(creation),
            };
            Ok(Box::new(ImpastoApp::new(&creation.egui_ctx, start, spawn)))
        }),
    )
    .map_err(|error| {
        let reason = reason(&error);
        anyhow!("cannot open a window: {reason} (`impasto render` paints without one)")
    })
}

/// What keeps the window from opening, without the source line that winit puts before it.
fn reason(error: &eframe::Error) -> String {
    let text = error.to_string();
    match text.split_once(".rs:").and_then(|(_, rest)| rest.split_once(": ")) {
        Some((_, reason)) => reason.to_owned(),
        None => text,
    }
}

/// The window's whole state.
pub struct ImpastoApp {
    spawn: SpawnSession,
    repaint_after: Duration,
    session: Option<Session>,
    dialogs: Arc<dyn Dialogs>,
    tasks: Tasks,
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
    /// Tell the worker again what it knows: a file may have changed.
    resend: bool,
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
    save_folder: Option<PathBuf>,

    /// What is on the disk, and since when something else should be.
    written: Remembered,
    unwritten_since: Option<f64>,
    numbers: u64,
}

impl ImpastoApp {
    /// Starts the window's state, its engine and the opening of its pictures.
    pub fn new(ctx: &Context, start: AppStart, spawn: SpawnSession) -> Self {
        theme::install(ctx);
        let mut banners = Vec::new();
        let remembered = match start.folder.as_deref().map(memory::load) {
            None | Some(Ok(None)) => None,
            Some(Ok(Some(remembered))) => Some(remembered),
            Some(Err(text)) => {
                banners.push(Banner { trouble: Trouble::Other, text: format!("Defaults are used: {text}.") });
                None
            }
        };
        let choose_size = remembered.is_none() && start.options.settings.is_none();
        let known = remembered.is_some();
        let remembered = remembered.unwrap_or_default();
        let cache = start.folder.as_deref().map(memory::cache_folder);
        let film = Film::new(ctx, cache.clone());
        let mut app = Self {
            spawn,
            repaint_after: start.repaint_after,
            session: None,
            dialogs: start.dialogs,
            tasks: Tasks::new(ctx),
            folder: start.folder,
            settings: start.options.settings.clone().unwrap_or_else(|| remembered.settings.clone()),
            before_preset: None,
            presets: Presets::default(),
            desk: remembered.desk.clone(),
            ends: Ends::default(),
            links: Links::default(),
            problem: None,
            init_at_start: None,
            begin_afresh: false,
            resume: false,
            keeper: Keeper::new(start.sessions.clone()),
            choose_size,
            content: Slot::new(0),
            styles: vec![Slot::new(1)],
            palette: Slot::new(2),
            palette_shown: None,
            gallery: Gallery::new(&remembered.recent),
            resend: false,
            devices: None,
            run: Run::default(),
            history: History::default(),
            hidden: BTreeSet::new(),
            canvas: Canvas::default(),
            record: None,
            undo: Undo::default(),
            automation: AutomationUi::default(),
            remote: Remote::new(remembered.remote.clone()),
            compare: Compare::default(),
            pins: Pins::default(),
            finder: Finder::default(),
            present: Present::default(),
            stage: Stage::default(),
            playlist: Lists::default(),
            awake: start.awake,
            is_awake: false,
            may_hint: false,
            focus_search_frames: 0,
            frames: Frames::new(start.options.started.unwrap_or_else(Instant::now)),
            print_frame_times: start.options.frame_times,
            film,
            export_form: None,
            export: None,
            queue: Queue::new(start.sessions.as_deref(), start.painter),
            grid: Grid::default(),
            page: Page::default(),
            extracts: Extracts::new(cache),
            layout: remembered.layout.clone(),
            put_away: None,
            bottom_area: None,
            toasts: Toasts::default(),
            banners,
            notice: None,
            help: false,
            lab: Lab::default(),
            tour: None,
            guide: false,
            hovering: Hovering::default(),
            drop_rects: Vec::new(),
            unplaced: Vec::new(),
            offered: None,
            without_recipe: remembered.without_recipe,
            replacing: None,
            save_folder: None,
            written: remembered.clone(),
            unwritten_since: None,
            numbers: 2,
        };
        // Who starts with settings of the command line knows the way around.
        app.may_hint = choose_size || known;
        let lost: String = app.desk.mend().into_iter().map(|letter| format!(" {letter}")).collect();
        if !lost.is_empty() {
            app.toasts.add(format!("Mixes that cannot be painted with are cleared:{lost}."));
        }
        app.apply_theme(ctx);
        app.start_engine(ctx);
        app.look_for_comeback();
        app.open_queue();
        match start.options.content.clone().filter(|path| keeping::is_project(path)) {
            Some(project) => {
                let others = Options { content: None, ..start.options.clone() };
                app.first_pictures(&others, &remembered);
                app.read_project(project);
            }
            None => app.first_pictures(&start.options, &remembered),
        }
        let devices = start.devices;
        app.tasks.start("devices", move || Done::Devices(devices()));
        app.with_presets(|_| Ok(()));
        app
    }

    /// Does what a button or a key asks for.
    fn run_command(&mut self, ctx: &Context, command: Command) {
        match command {
            Command::PlayPause => self.play_or_pause(),
            Command::Step => self.single_step(),
            Command::Stop => self.stop(),
            Command::Restart => {
                self.init_at_start = Some(self.settings.init.clone());
                self.start_run(Start::Beginning, false);
            }
            Command::Climb => self.order_level(LevelOrder::Climb),
            Command::Drop => self.order_level(LevelOrder::Drop),
            Command::Hold => {
                let held = self.run.place().held;
                self.order_level(if held { LevelOrder::Release } else { LevelOrder::Hold });
            }
            Command::OpenContent => self.ask_for_picture(Target::Content),
            Command::OpenStyle => self.ask_for_picture(Target::Style),
            Command::Swap => self.swap(),
            Command::Undo => self.undo(),
            Command::Redo => self.redo(),
            Command::ResetMix => self.reset_mix(),
            Command::Randomise => self.randomise(),
            Command::Mixes => self.layout.mixes = !self.layout.mixes,
            Command::History => self.undo.shown = !self.undo.shown,
            Command::Save => self.ask_to_save(),
            Command::Copy => self.copy_picture(ctx),
            Command::CopyCommandLine => self.copy_command_line(ctx),
            Command::ToggleRecipe => self.toggle_recipe(),
            Command::OpenProject => self.ask_for_project(),
            Command::SaveProject => self.ask_to_save_project(),
            Command::OpenLast => self.open_last(),
            // The picture comes as an event, like that of the keys.
            Command::Paste => ctx.send_viewport_cmd(egui::ViewportCommand::RequestPaste),
            Command::Earlier => self.wander(ctx, -1),
            Command::Later => self.wander(ctx, 1),
            Command::Now => self.look_at(ctx, None),
            Command::Branch => self.go_on_from_view(),
            Command::Timelapse => self.ask_for_timelapse(),
            Command::Queue => self.toggle_page(Page::Queue),
            Command::QueueAdd => self.ask_to_queue(),
            Command::QueueFolders => self.ask_to_queue_folders(),
            Command::Grid => self.toggle_page(Page::Grid),
            Command::QueueHold => self.hold_queue(ctx),
            Command::Fit => self.canvas.fit(),
            Command::ActualSize => self.canvas.actual_size(),
            Command::Split => self.compare.toggle(Mode::Split),
            Command::Sides => self.compare.toggle(Mode::Sides),
            Command::Wrap => self.compare.toggle(Mode::Wrap),
            Command::Flip => self.compare.flipped = !self.compare.flipped,
            Command::CompareNext => self.compare_with_next(),
            Command::Pin => self.pin(),
            Command::TogglePanels => self.toggle_panels(),
            Command::Tour => {
                self.help = false;
                self.page = Page::Painting;
                self.start_tour();
            }
            Command::Automation => {
                self.page = Page::Painting;
                let shown = self.layout.automation && self.layout.show_bottom;
                self.layout.automation = !shown;
                self.layout.show_bottom |= !shown;
            }
            Command::Record => self.toggle_recording(),
            Command::Lab => {
                self.page = Page::Painting;
                self.lab.open = !self.lab.open;
            }
            Command::ExtractNow => self.extract_at_once(),
            Command::ToggleExtracts => self.layout.extracts = !self.layout.extracts,
            Command::SaveFigure => self.ask_to_save_figure(),
            Command::Remote => self.remote.open = !self.remote.open,
            Command::Present => self.toggle_presentation(ctx),
            Command::PresentFacts if self.stage.open && !self.present.on => self.toggle_stage_facts(),
            Command::PresentFacts => self.present.facts = !self.present.facts,
            Command::Stage => self.toggle_stage(ctx),
            Command::Playlist => self.playlist.open = !self.playlist.open,
            Command::NextEntry => self.next_entry(ctx),
            Command::KeepAwake => self.toggle_awake(),
            Command::ToggleTheme => {
                self.layout.light = !self.layout.light;
                self.apply_theme(ctx);
            }
            Command::Controls => ctx.memory_mut(|memory| memory.move_focus(egui::FocusDirection::Next)),
            Command::Find => self.finder.toggle(),
            Command::FrameTimes => self.frames.shown = !self.frames.shown,
            Command::Help => self.help = !self.help,
            Command::Quit => ctx.send_viewport_cmd(egui::ViewportCommand::Close),
            Command::Guide => self.guide = !self.guide,
        }
    }

    fn apply_theme(&self, ctx: &Context) {
        ctx.set_theme(if self.layout.light { egui::Theme::Light } else { egui::Theme::Dark });
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

    fn take_done(&mut self, ctx: &Context, done: Done) {
        match done {
            Done::Opened { slot, ticket, result } => {
                let file = result.as_ref().ok().and_then(|opened| opened.file());
                if let Some(path) = file {
                    self.gallery.opened(path);
                }
                if self.slot_mut(slot).is_some_and(|slot| slot.take(ctx, ticket, result)) {
                    self.toasts.add("The file has not changed.");
                }
            }
            Done::Picked { purpose: Purpose::Save(painting), paths: None, took } if took < NO_DIALOG => {
                self.save_without_dialog(painting);
            }
            Done::Picked { purpose: Purpose::SaveProject(name), paths: None, took } if took < NO_DIALOG => {
                self.save_project(None, &name);
            }
            Done::Picked { purpose: Purpose::SavePlaylist(name), paths: None, took } if took < NO_DIALOG => {
                self.save_playlist(None, &name);
            }
            Done::Picked { purpose: Purpose::Timelapse(plan), paths: None, took } if took < NO_DIALOG => {
                self.export_without_dialog(plan);
            }
            Done::Picked { purpose: Purpose::Grid, paths: None, took } if took < NO_DIALOG => {
                self.export_grid(None);
            }
            Done::Picked { paths: None, took, .. } if took < NO_DIALOG => {
                self.toasts
                    .add("No file dialog could be shown. Drop the file on the window, or paste its path.");
            }
            Done::Picked { paths: None, .. } => {}
            Done::Picked { purpose, paths: Some(paths), .. } => {
                let mut paths = paths.into_iter();
                match purpose {
                    Purpose::Picture(target) => {
                        self.take_in(Some(target), paths.map(Source::File).collect());
                    }
                    Purpose::Grid => self.export_grid(paths.next()),
                    Purpose::Queue(wanted) => self.picked_for_queue(wanted, paths.collect()),
                    Purpose::Init => self.settings.init = paths.next().map_or(Init::Content, Init::File),
                    Purpose::Weights => self.settings.weights = paths.next(),
                    Purpose::OpenProject => paths.take(1).for_each(|path| self.read_project(path)),
                    Purpose::OpenPlaylist => paths.take(1).for_each(|path| self.read_playlist(path)),
                    Purpose::SavePlaylist(name) => {
                        if let Some(path) = paths.next() {
                            self.save_playlist(Some(path), &name);
                        }
                    }
                    Purpose::SaveProject(name) => {
                        if let Some(path) = paths.next() {
                            self.save_project(Some(path), &name);
                        }
                    }
                    Purpose::Figure => paths.take(1).for_each(|path| self.save_figure(path)),
                    Purpose::Timelapse(plan) => {
                        if let Some(path) = paths.next() {
                            self.export_to(path, plan);
                        }
                    }
                    Purpose::Save(painting) => {
                        if let Some(path) = paths.next() {
                            self.save_to(path, painting);
                        }
                    }
                }
            }
            Done::Saved { path, painting, result } => self.saved(path, painting, result),
            Done::Looked(looked) => self.looked(*looked),
            Done::Left(left) => self.left(left),
            Done::Kept { result, took } => self.kept(ctx, result, took),
            Done::ProjectRead { path, result } => self.project_read(ctx, &path, result),
            Done::PlaylistRead { path, result } => self.playlist_read(&path, result),
            Done::PlaylistSaved { path, list, result } => self.playlist_saved(&path, *list, result),
            Done::ProjectSaved { path, result } => self.project_saved(&path, result),
            Done::Resampled { picture, size, image } => self.compare.take(&picture, size, image),
            Done::Pinned { pin, small } => self.pins.take(ctx, pin, small),
            Done::Moment { id, result } => self.take_moment(ctx, id, result),
            Done::Exported { path, result } => self.exported(path, result),
            Done::Planned { ticket, planned } => self.extracts.take_planned(ctx, ticket, planned),
            // It is made again another time.
            Done::ExtractKept(Err(error)) => tracing::warn!("an extract cannot be kept: {error}"),
            Done::ExtractKept(Ok(())) => {}
            Done::Figure { path, result } => self.figure_saved(&path, result),
            Done::GoBack { id, result } => self.go_back(id, result),
            Done::Grid(news) => self.grid_news(ctx, news),
            Done::Queue(news) => self.queue_news(ctx, news),
            Done::Devices(devices) => self.devices = Some(devices),
            Done::Small { origin, result } => self.gallery.take(ctx, origin, result),
            Done::Presets { list, result } => {
                if let Some(error) = self.presets.take(list, result) {
                    self.toasts.add(widgets::sentence(&error));
                }
            }
            Done::Broken(text) => {
                // Whatever was looked for, painting does not wait for it.
                self.keeper.looking = false;
                self.banners.push(Banner { trouble: Trouble::Other, text: format!("{text}.") })
            }
        }
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
        while let Some(done) = self.tasks.next() {
            self.take_done(ctx, done);
        }
        self.take_news(ctx);
        self.follow_remote(ctx);
        self.follow_palette();
        self.follow_gallery();
        self.run_film(ctx);
        self.follow_queue(ctx);
        self.follow_grid(ctx);
        self.run_list(ctx);
        if self.init_at_start.is_none() && self.run.given.is_some() {
            self.init_at_start = Some(self.settings.init.clone());
        }
    }

    fn ui(&mut self, ui: &mut Ui, frame: &mut eframe::Frame) {
        let ctx = ui.ctx().clone();
        self.take_incoming(&ctx);
        self.follow_mixes();
        if ctx.memory(|memory| memory.top_modal_layer().is_none()) || self.help {
            for command in Command::pressed(&ctx) {
                self.run_command(&ctx, command);
            }
            self.mixes_keys(&ctx);
        }
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
        self.stage_window(&ctx, frame);
        self.keep_awake();
        let area = self.canvas.area.unwrap_or(Rect::from_min_size(egui::Pos2::ZERO, vec2(600.0, 400.0)));
        self.toasts.show(&ctx, area);
        self.follow_knobs(&ctx);
        if !self.is_playing_list() {
            // What a playlist changes is one entry of the history, when it has ended.
            self.note_changes(&ctx);
        }
        self.follow_settings(&ctx);
        self.follow_extracts(&ctx);
        self.remember(&ctx);
        self.keep(&ctx);
        self.frames.end();
    }

    fn on_exit(&mut self) {
        self.awake.set(false);
        self.remember_now();
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
