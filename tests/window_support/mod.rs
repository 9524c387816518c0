//! A window in front of a fake engine: every test sees what the engine was told.
#![allow(dead_code, reason = "each test binary uses its own part")]

pub mod drawing;
pub mod hands;
pub mod snapshot;

pub use impasto_test_support::fake::*;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use egui::{Event, Key, Role};
use egui_kittest::{
    Harness, HarnessBuilder,
    kittest::{AccessKitNode, NodeT as _, Queryable as _},
};
use image::RgbImage;
use impasto_control::ports::Ports;
use impasto_core::settings::Settings;
use impasto_engine::{
    queue::Painter,
    session::{Job, Session},
};
use impasto_formats::project::Project;
use impasto_network::vgg::Layer;
use impasto_window::{
    AppStart, ImpastoApp, KeepAwake, Notifier, Options, SpawnSession,
    dialogs::{Answer, Ask, Dialogs, Mode, Pending},
};

/// Dialogs that answer at once with what a test put in; without that they cannot be shown.
pub struct FakeDialogs {
    /// Instead of the home of whoever runs the tests.
    pub home: tempfile::TempDir,
    pub answer: Mutex<Option<Vec<PathBuf>>>,
    /// The next dialog is cancelled.
    pub cancels: AtomicBool,
    /// A dialog stays open for as long.
    pub open: Arc<AtomicBool>,
    /// Proposed names and titles.
    pub asked: Mutex<Vec<String>>,
    /// The folder of the last dialog.
    pub folder: Mutex<Option<PathBuf>>,
}

impl FakeDialogs {
    pub fn will_pick(&self, path: &Path) {
        *self.answer.lock().unwrap() = Some(vec![path.to_owned()]);
    }

    pub fn will_be_cancelled(&self) {
        self.cancels.store(true, Ordering::SeqCst);
    }
}

impl Dialogs for FakeDialogs {
    fn ask(&self, ask: Ask) -> Pending {
        let question = match ask.mode {
            Mode::Save => format!("save {}", ask.name),
            _ => ask.title,
        };
        self.asked.lock().unwrap().push(question);
        *self.folder.lock().unwrap() = ask.folder;
        let answer = match self.answer.lock().unwrap().take() {
            _ if self.cancels.swap(false, Ordering::SeqCst) => Answer::Cancelled,
            Some(paths) => Answer::Picked(paths),
            None => Answer::Unavailable,
        };
        let open = Arc::clone(&self.open);
        Box::pin(async move {
            while open.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(2));
            }
            answer
        })
    }

    fn first_folder(&self) -> Option<PathBuf> {
        Some(self.home.path().to_owned())
    }
}

/// Remembers what was asked of the screen.
#[derive(Default)]
pub struct FakeAwake(pub Mutex<Vec<bool>>);

impl KeepAwake for FakeAwake {
    fn set(&self, on: bool) {
        self.0.lock().unwrap().push(on);
    }
}

/// Remembers what the desktop was told.
#[derive(Default)]
pub struct FakeNotifier(pub Mutex<Vec<String>>);

impl Notifier for FakeNotifier {
    fn notify(&self, text: String) {
        self.0.lock().unwrap().push(text);
    }
}

/// A window, what its engine was told, its dialogs and its folder.
pub struct Window {
    /// First, so that no engine waits for a window that is gone.
    _gates: Gates,
    pub harness: Harness<'static, ImpastoApp>,
    pub log: Shared,
    /// What the engine behind the window was told.
    pub behind: Shared,
    pub dialogs: Arc<FakeDialogs>,
    pub awake: Arc<FakeAwake>,
    pub notifier: Arc<FakeNotifier>,
    pub folder: tempfile::TempDir,
    /// Instead of the machine's root, where its MIDI devices are.
    pub root: tempfile::TempDir,
}

/// Opened when they are dropped.
struct Gates([Shared; 2]);

impl Drop for Gates {
    fn drop(&mut self) {
        for log in &self.0 {
            let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
            (log.gate, log.extract_gate) = (None, None);
        }
    }
}

/// How a window begins.
pub struct Setup {
    pub options: Options,
    pub log: Log,
    /// Of the engine behind the window.
    pub behind: Log,
    pub size: [f32; 2],
    pub scale: f32,
    pub render: bool,
    pub remembered: Option<String>,
}

impl Default for Setup {
    fn default() -> Self {
        let settings = Settings { steps: 1_000_000, size: 256, ..Settings::default() };
        Self {
            options: Options { settings: Some(settings), ..Options::default() },
            log: Log::default(),
            behind: Log::default(),
            size: [1280.0, 836.0],
            scale: 1.0,
            render: false,
            remembered: None,
        }
    }
}

impl Setup {
    pub fn open(self) -> Window {
        let folder = tempfile::tempdir().unwrap();
        if let Some(text) = &self.remembered {
            std::fs::write(folder.path().join("impasto.toml"), text).unwrap();
        }
        self.open_in(folder)
    }

    pub fn open_in(self, folder: tempfile::TempDir) -> Window {
        // A painting that ends where it is told to is the easier one to test with. Who gives no settings
        // begins for the first time.
        let file = folder.path().join("impasto.toml");
        if self.options.settings.is_some() && !file.exists() {
            std::fs::write(file, "[layout]\nstop_after_steps = true\n").unwrap();
        }
        let log: Shared = Arc::new(Mutex::new(self.log));
        let behind: Shared = Arc::new(Mutex::new(self.behind));
        // Not within the folder: a path that begins with the other's would pass for it.
        let home = tempfile::tempdir().unwrap();
        let dialogs = Arc::new(FakeDialogs {
            home,
            answer: Mutex::default(),
            cancels: AtomicBool::default(),
            open: Arc::default(),
            asked: Mutex::default(),
            folder: Mutex::default(),
        });
        let awake = Arc::new(FakeAwake::default());
        let notifier = Arc::new(FakeNotifier::default());
        let root = tempfile::tempdir().unwrap();
        let theirs = Arc::clone(&log);
        let spawn: SpawnSession = Box::new(move |wake| {
            let log = Arc::clone(&theirs);
            Session::spawn(
                move || {
                    let die = std::mem::take(&mut log.lock().unwrap().die_at_birth);
                    assert!(!die, "the driver is gone");
                    Fake::new(&log)
                },
                wake,
            )
        });
        let start = AppStart {
            options: self.options,
            folder: Some(folder.path().to_owned()),
            sessions: Some(folder.path().join("sessions")),
            dialogs: Arc::clone(&dialogs) as Arc<dyn Dialogs>,
            painter: {
                let behind = Arc::clone(&behind);
                Box::new(move |desk, wake| {
                    let log = Arc::clone(&behind);
                    Painter::spawn(desk, move || Fake::new(&log), wake)
                })
            },
            awake: Arc::clone(&awake) as Arc<dyn KeepAwake>,
            notifier: Arc::clone(&notifier) as Arc<dyn Notifier>,
            #[cfg(target_os = "linux")]
            midi: Ports::at(root.path()),
            #[cfg(not(target_os = "linux"))]
            midi: Ports::default(),
            devices: || vec![device()],
            repaint_after: std::time::Duration::from_millis(1),
        };
        let mut builder: HarnessBuilder<ImpastoApp> = Harness::builder()
            .with_size(self.size)
            .with_pixels_per_point(self.scale)
            .with_max_steps(4)
            .with_step_dt(1.0 / 60.0);
        if self.render {
            builder = builder.wgpu();
        }
        let harness = builder.build_eframe(move |creation| ImpastoApp::new(&creation.egui_ctx, start, spawn));
        let gates = Gates([Arc::clone(&log), Arc::clone(&behind)]);
        Window { _gates: gates, harness, log, behind, dialogs, awake, notifier, folder, root }
    }
}

impl Window {
    /// Steps until `done`, for 1000 frames and a minute at most: some things take frames, others a thread's
    /// time.
    #[track_caller]
    pub fn until(&mut self, what: &str, mut done: impl FnMut(&Harness<'static, ImpastoApp>, &Log) -> bool) {
        let began = Instant::now();
        let mut frames = 0;
        while frames < 1000 || began.elapsed() < PATIENCE {
            self.harness.step();
            if done(&self.harness, &self.log.lock().unwrap()) {
                return;
            }
            frames += 1;
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("waited in vain until {what}; {}", self.told());
    }

    /// Steps until `done`, but ever more rarely: frames are time to the window, and little of it passes
    /// however late a thread is.
    #[track_caller]
    pub fn until_in_few_frames(
        &mut self,
        what: &str,
        mut done: impl FnMut(&Harness<'static, ImpastoApp>, &Log) -> bool,
    ) {
        let began = Instant::now();
        let mut pause = Duration::from_millis(2);
        while began.elapsed() < PATIENCE {
            self.harness.step();
            if done(&self.harness, &self.log.lock().unwrap()) {
                return;
            }
            std::thread::sleep(pause);
            pause = pause.mul_f64(1.5);
        }
        panic!("waited in vain until {what}; {}", self.told());
    }

    /// Waits until the question about a picture's recipe is there and has come to rest.
    pub fn until_recipe_is_offered(&mut self) {
        self.until("the recipe is offered", |harness, _| {
            harness.query_by_label_contains("carries its recipe").is_some()
        });
        self.steps(3);
    }

    /// Draws letters that no font of the machine has as boxes, as the program does. Tests fail at them
    /// otherwise.
    pub fn draw_missing_letters(&self) {
        self.harness.ctx.set_missing_glyph_policy(egui::MissingGlyphPolicy::Tofu);
    }

    /// What the window says and what the engine has been asked for, for the message of a failed test.
    fn told(&self) -> String {
        let labels: Vec<String> = self
            .harness
            .root()
            .children_recursive()
            .filter_map(|node| node.accesskit_node().label())
            .collect();
        let log = self.log.lock().unwrap();
        format!("{} jobs, gate {:?}; the window says: {}", log.jobs.len(), log.gate, labels.join(" | "))
    }

    pub fn steps(&mut self, count: usize) {
        for _ in 0..count {
            self.harness.step();
            std::thread::sleep(Duration::from_millis(4));
        }
    }

    /// Closes the window as a person does, and gives its folder back.
    pub fn close(mut self) -> tempfile::TempDir {
        eframe::App::on_exit(self.harness.state_mut());
        let Window { _gates, harness, folder, .. } = self;
        drop(_gates);
        drop(harness);
        folder
    }

    /// Steps until the painting runs.
    #[track_caller]
    pub fn until_painting(&mut self) {
        self.until("it paints", |_, log| log.steps > 2);
        self.steps(3);
    }

    /// Paints up to this step, one after another, each of which the window shows: what it has seen is the
    /// same each time. The log's gate is to be closed from the beginning.
    #[track_caller]
    pub fn paint_to(&mut self, last: u32) {
        let from = self.log.lock().unwrap().gate.expect("a closed gate");
        for step in from..=last {
            self.log.lock().unwrap().gate = Some(step);
            // Its picture too: before it is taken the next one is not sent.
            let (counted, drawn) = (format!(". {step} / "), format!("pixels, step {step}"));
            self.until(&format!("step {step} is shown"), |harness, _| {
                let says = |text| harness.query_all_by_label_contains(text).next().is_some();
                says(&counted) && says(&drawn)
            });
            self.steps(2);
        }
    }

    /// Pauses a painting whose gate is closed: behind the step in hand.
    #[track_caller]
    pub fn pause_at_gate(&mut self) {
        self.harness.key_press(Key::Space);
        self.steps(3);
        *self.log.lock().unwrap().gate.as_mut().expect("a closed gate") += 1;
        self.until("it is paused", |harness, _| harness.query_by_label_contains("Paused.").is_some());
    }

    pub fn jobs(&self) -> usize {
        self.log.lock().unwrap().jobs.len()
    }

    pub fn job(&self, index: usize) -> Job {
        self.log.lock().unwrap().jobs[index].clone()
    }
}

/// Every style layer of the default settings.
pub fn style_layers() -> [Layer; 5] {
    Layer::PAPER_STYLE
}

/// A picture of one colour in the window's folder.
pub fn picture_file(window: &Window, name: &str, (width, height): (u32, u32), green: u8) -> PathBuf {
    let path = window.folder.path().join(name);
    RgbImage::from_pixel(width, height, image::Rgb([10, green, 30])).save(&path).unwrap();
    path
}

/// A file as the windowing system drops it.
#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &std::path::Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|error| error.to_string())
    }
}

/// Drops files where the pointer was last seen.
pub fn drop_files(window: &mut Window, paths: &[PathBuf]) {
    window.harness.input_mut().hovered_files.clear();
    window.harness.input_mut().dropped_files =
        paths.iter().map(|path| Arc::new(Dropped(path.clone())) as egui::DroppedFileHandle).collect();
    window.harness.step();
}

/// Whether something on the window says this.
pub fn has(window: &Window, label: &str) -> bool {
    window.harness.query_all_by_label_contains(label).next().is_some()
}

/// Undoes the last change.
pub fn undo(window: &mut Window) {
    window.harness.key_press_modifiers(egui::Modifiers::COMMAND, Key::Z);
    window.steps(4);
}

/// Whether the filmstrip shows a pinned moment of this name, whole or in part.
pub fn has_pin(harness: &Harness<'static, ImpastoApp>, name: &str) -> bool {
    let is_card = |node: &egui_kittest::kittest::AccessKitNode<'_>| {
        node.role() == Role::Button && node.label().is_some_and(|label| label.starts_with(name))
    };
    harness.query_all_by(is_card).next().is_some()
}

/// Shows the filmstrip with the pinned moments alone.
pub fn show_pins(window: &mut Window) {
    window.harness.get_by_label("Filmstrip").click();
    window.steps(3);
    window.harness.get_by_label("Pinned moments only").click();
    window.steps(3);
}

/// Saves the picture by the window's own means and gives its file.
pub fn saved(window: &mut Window, name: &str) -> PathBuf {
    let path = window.folder.path().join(name);
    window.dialogs.will_pick(&path);
    window.harness.get_by_label("Save…").click();
    let wanted = path.clone();
    window.until("it is saved", move |_, _| wanted.exists());
    window.steps(3);
    path
}

/// Saves a project and reads it.
pub fn saved_project(window: &mut Window, name: &str) -> (PathBuf, Project) {
    let path = window.folder.path().join(name);
    window.dialogs.will_pick(&path);
    let modifiers = egui::Modifiers::COMMAND | egui::Modifiers::SHIFT | egui::Modifiers::ALT;
    window.harness.key_press_modifiers(modifiers, Key::S);
    let wanted = path.clone();
    window.until("the project is saved", move |_, _| wanted.exists());
    let project = Project::read(&path).unwrap();
    (path, project)
}

/// Clicks the control of this name and role; one that is scrolled away is brought into view.
pub fn press(window: &mut Window, name: &str, role: Role) {
    let is_it = |node: &AccessKitNode<'_>| node.label().as_deref() == Some(name) && node.role() == role;
    let rect = window.harness.get_by(is_it).rect();
    // Between the transport and the row with the mixes.
    let seen = window.harness.ctx.content_rect().y_range().shrink(60.0);
    if !seen.contains(rect.min.y) || !seen.contains(rect.max.y) {
        window.harness.get_by(is_it).scroll_to_me();
        window.steps(4);
    }
    window.harness.get_by(is_it).click();
}

/// Opens the settings that are folded.
pub fn open_advanced(window: &mut Window) {
    window.harness.get_by_label("Advanced").scroll_to_me();
    window.steps(4);
    window.harness.get_by_label("Advanced").click();
    window.steps(5);
}

/// Types a number into the entry of this name.
pub fn enter(window: &mut Window, name: &str, text: &str) {
    press(window, name, Role::SpinButton);
    window.steps(3);
    window.harness.event(Event::Text(text.to_owned()));
    window.harness.step();
    window.harness.key_press(Key::Enter);
    window.steps(3);
}
