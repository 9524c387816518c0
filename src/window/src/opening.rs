//! How the window is opened, and what it begins with.

use std::{
    panic::{self, AssertUnwindSafe},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::anyhow;
use egui::Context;

use super::{
    AppStart, ImpastoApp, Options, SystemAwake,
    action::Actions,
    automation::AutomationUi,
    autosave::Autosave,
    clock::Clock,
    closing,
    desktop::Desktop,
    dialogs::SystemDialogs,
    extracts::Extracts,
    files::Files,
    film::Film,
    fonts::MoreFonts,
    gallery::Gallery,
    graphics::{self, Graphics},
    grid::Grid,
    icons,
    messages::{Banner, Messages, Trouble},
    mixes::Mixes,
    notifier::SystemNotifier,
    paintings::Paintings,
    persistence,
    picture_slots::Pictures,
    playlist::Lists,
    queue::Queue,
    remote::Remote,
    state::{History, Run},
    tasks::Tasks,
    theme,
    undo::Undo,
    view::{Panels, View},
    worker::{NextRun, SpawnSession, Worker},
    xwayland,
};
use impasto_assets::APP_ID;
use impasto_base::paths;
use impasto_control::ports::Ports;
use impasto_engine::{
    queue::Painter,
    session::{PaintEngine, Session},
};
use impasto_network::compute;

/// How soon a new picture is drawn. Where the window is drawn by the CPU, each frame costs the engine a good
/// part of a step, so there they are fewer; input is still answered at once. Zero would ask egui for two
/// frames each time.
fn repaint_after(creation: &eframe::CreationContext<'_>) -> Duration {
    let software = creation
        .wgpu_render_state
        .as_ref()
        .is_some_and(|state| state.adapter.get_info().device_type == wgpu::DeviceType::Cpu);
    Duration::from_millis(if software { 180 } else { 1 })
}

/// Smallest size of the window, in points: a screen of 1920 by 1080 pixels at 200 %, less its bars.
const SMALLEST: [f32; 2] = [860.0, 460.0];

/// Open the window, and return when it is closed.
///
/// # Errors
///
/// If no window can be opened: no display, no usable graphics.
pub fn run(options: Options) -> anyhow::Result<()> {
    let folder = paths::config_folder();
    let native = eframe::NativeOptions {
        renderer: eframe::Renderer::Wgpu,
        viewport: egui::ViewportBuilder::default()
            .with_app_id(APP_ID)
            .with_title("Impasto")
            .with_icon(icons::window_icon())
            .with_inner_size([1360.0, 860.0])
            .with_min_inner_size(SMALLEST),
        event_loop_builder: xwayland::event_loop(folder.as_deref()),
        persistence_path: folder.as_ref().map(|folder| folder.join("window.ron")),
        // Ours are looked for when they are needed.
        system_font_fallback: false,
        ..Default::default()
    };
    impasto_network::compute::lower_engine_priority();
    let spawn: SpawnSession = Box::new(|wake| Session::spawn(PaintEngine::new, wake));
    let started = options.started.unwrap_or_else(Instant::now);
    let watched = Graphics::default();
    let graphics = watched.clone();
    let open = move || {
        eframe::run_native(
            "Impasto",
            native,
            Box::new(|creation| {
                let start = AppStart {
                    options,
                    folder,
                    sessions: persistence::sessions_folder(),
                    dialogs: Arc::new(SystemDialogs::of(creation)),
                    painter: Box::new(|desk, wake| Painter::spawn(desk, PaintEngine::background, wake)),
                    awake: Arc::new(SystemAwake::default()),
                    notifier: Arc::new(SystemNotifier::default()),
                    midi: Ports::default(),
                    devices: compute::devices,
                    repaint_after: repaint_after(creation),
                };
                let mut app = ImpastoApp::new(&creation.egui_ctx, start, spawn);
                let closed = Arc::default();
                closing::catch_signals(&creation.egui_ctx, &closed);
                app.close_on(closed);
                if xwayland::is_without_drops(creation) {
                    app.without_drops();
                }
                if let Some(state) = &creation.wgpu_render_state {
                    graphics.watch(&state.device, &creation.egui_ctx);
                }
                app.close_with(graphics);
                Ok(Box::new(app))
            }),
        )
    };
    // Drawing may panic on a lost device.
    let closed = panic::catch_unwind(AssertUnwindSafe(open));
    if let Some(reason) = watched.failure() {
        return graphics::start_again(reason, started);
    }
    closed.unwrap_or_else(|payload| panic::resume_unwind(payload)).map_err(|error| {
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

impl ImpastoApp {
    /// Create the window's state, start its engine and open its pictures.
    pub fn new(ctx: &Context, start: AppStart, spawn: SpawnSession) -> Self {
        theme::install(ctx);
        let mut banners = Vec::new();
        let remembered = match start.folder.as_deref().map(persistence::load) {
            None | Some(Ok(None)) => None,
            Some(Ok(Some(remembered))) => Some(remembered),
            Some(Err(text)) => {
                banners.push(Banner { trouble: Trouble::Other, text: format!("Defaults are used: {text}.") });
                None
            }
        };
        let choose_size = match &start.options.settings {
            Some(_) => start.options.choose_size,
            None => remembered.is_none(),
        };
        let known = remembered.is_some();
        let remembered = remembered.unwrap_or_default();
        let cache = start.folder.as_deref().map(paths::cache_folder);
        let film = Film::new(ctx, cache.clone());
        let recent_styles = remembered.recent_styles.as_ref().unwrap_or(&remembered.recent);
        let (pictures, last_number) = Pictures::new(Gallery::new(&remembered.recent, recent_styles));
        let started = start.options.started.unwrap_or_else(Instant::now);
        let measured = remembered.measured_size && start.options.settings.is_none();
        let measured_size = measured.then_some(remembered.settings.size);
        let mut app = Self {
            actions: Actions::new(ctx),
            tasks: Tasks::new(ctx, Self::task_failed),
            desktop: Desktop {
                dialogs: start.dialogs,
                awake: start.awake,
                is_awake: false,
                notifier: start.notifier,
            },
            worker: Worker::new(spawn, start.repaint_after),
            settings: start.options.settings.clone().unwrap_or_else(|| remembered.settings.clone()),
            problems: Vec::new(),
            mixes: Mixes { desk: remembered.desk.clone(), ..Mixes::default() },
            pictures,
            undo: Undo::default(),
            paintings: Paintings::default(),
            run: Run::default(),
            history: History::default(),
            record: None,
            next: NextRun { choose_size, measured_size, ..NextRun::default() },
            automation: AutomationUi::default(),
            remote: Remote::new(remembered.remote.clone(), start.midi),
            clock: Clock::default(),
            queue: Queue::new(start.sessions.as_deref(), start.painter),
            grid: Grid::default(),
            playlist: Lists::default(),
            extracts: Extracts::new(cache),
            view: View::new(remembered.layout.clone(), film),
            panels: Panels::new(started, start.options.frame_times),
            messages: Messages { banners, ..Messages::default() },
            autosave: Autosave::new(start.sessions.clone()),
            files: Files::new(start.folder, &remembered),
            graphics: Graphics::default(),
            fonts: MoreFonts::new(ctx),
            last_number,
        };
        // Settings on the command line are a sign of experience: no hints.
        app.panels.may_hint = start.options.settings.is_none() || known;
        let lost: String = app.mixes.desk.mend().into_iter().map(|letter| format!(" {letter}")).collect();
        if !lost.is_empty() {
            app.messages.toasts.add(format!("Mixes that cannot be painted with are cleared:{lost}."));
        }
        app.leave_out_drawn_masks();
        app.apply_theme(ctx);
        app.begin_zoom(ctx);
        app.follow_desktop_motion(ctx);
        app.start_engine(ctx);
        app.look_for_comeback();
        app.queue.desk.set_known_files(app.files.known.clone());
        app.open_queue();
        match start.options.project() {
            Some(project) => {
                // It brings its own pictures.
                let others = Options { content: None, styles: Vec::new(), ..start.options.clone() };
                app.first_pictures(&others, &remembered);
                app.read_project(project);
            }
            None => app.first_pictures(&start.options, &remembered),
        }
        let devices = start.devices;
        app.tasks.spawn("devices", devices, |app: &mut Self, _, devices| app.worker.devices = Some(devices));
        app.with_presets(|_| Ok(()));
        app
    }
}
