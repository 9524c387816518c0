//! What the tests of the real window on a virtual display share. The display, the program's home, its session
//! bus and its file dialog are the test's own, whatever desktop the machine has.

#![allow(dead_code, reason = "each test binary uses its own part")]

pub mod dialog;

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::environment::{Running, impasto_in, quiet};
use impasto_formats::recipe;

/// How long it is looked for something, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(300);

/// Whether a program is on the path.
pub fn is_there(program: &str) -> bool {
    quiet("sh").args(["-c", &format!("command -v {program}")]).status().is_ok_and(|status| status.success())
}

/// A virtual display, and a home for the programs on it.
pub struct Screen {
    pub display: String,
    pub home: tempfile::TempDir,
    _server: Running,
}

/// The program with its window.
pub struct Window {
    pub program: Running,
    /// As xdotool knows it.
    pub id: String,
}

impl Screen {
    /// A display of this size, as `1280x800`; nothing where a program that the test needs is missing.
    ///
    /// # Panics
    ///
    /// When a program is missing where none may be.
    pub fn open(size: &str, needed: &[&str]) -> Option<Self> {
        for program in needed {
            if !is_there(program) {
                assert!(std::env::var_os("IMPASTO_REQUIRE_GPU").is_none(), "{program} is required");
                println!("skipped: no {program}");
                return None;
            }
        }
        // Two servers that look for a free display at once may find the same, and one of them gives up.
        let (server, display) = (0..5).find_map(|_| start_server(size)).expect("a virtual display");
        let home = tempfile::tempdir().unwrap();
        let screen = Self { display, home, _server: server };
        screen
            .until("the display", || Some(()).filter(|()| !screen.tool(&["getdisplaygeometry"]).is_empty()));
        Some(screen)
    }

    /// Where the program remembers its settings.
    pub fn config(&self) -> PathBuf {
        self.home.path().join("config")
    }

    /// The program on this display.
    pub fn impasto(&self) -> Command {
        let mut command = impasto_in(self.home.path());
        command.current_dir(self.home.path()).env("DISPLAY", &self.display);
        command
    }

    /// Starts the program, which ends with what is returned, and gives its window the keyboard: there is no
    /// window manager that would. Nothing where no driver of the machine draws on a virtual display.
    ///
    /// # Panics
    ///
    /// When no window comes, or none can be opened where one must.
    pub fn start(&self, arguments: &[&str]) -> Option<Window> {
        let said = self.home.path().join("stderr");
        let mut command = self.impasto();
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(fs::File::create(&said).unwrap());
        let mut program = Running::start(command);
        let id = self.until("the window", || {
            let ids = self.tool(&["search", "--onlyvisible", "--name", "^Impasto$"]);
            let id = ids.lines().next_back().map(ToOwned::to_owned).filter(|id| !id.is_empty());
            match (id, program.has_ended()) {
                (Some(id), _) => Some(Some(id)),
                (None, true) => Some(None),
                (None, false) => None,
            }
        });
        let Some(id) = id else {
            let said = fs::read_to_string(&said).unwrap_or_default();
            let may_lack_a_driver = std::env::var_os("IMPASTO_REQUIRE_GPU").is_none();
            assert!(may_lack_a_driver && said.contains("cannot open a window"), "it ended and says: {said}");
            println!("skipped: {said}");
            return None;
        };
        self.tool(&["windowfocus", "--sync", &id]);
        Some(Window { program, id })
    }

    /// What xdotool says to these arguments.
    pub fn tool(&self, arguments: &[&str]) -> String {
        let output = Command::new("xdotool").args(arguments).env("DISPLAY", &self.display).output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Type something into the palette of commands, and choose what it finds.
    pub fn find(&self, what: &str) {
        // A busy machine draws few frames in a second.
        self.tool(&["key", "ctrl+k", "sleep", "1.5", "type", "--delay", "60", what]);
        self.tool(&["sleep", "1", "key", "Return", "sleep", "1.5"]);
    }

    /// Looks until something is found.
    ///
    /// # Panics
    ///
    /// When its patience ends, with what the program has said.
    pub fn until<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = look() {
                return found;
            }
            let said = || fs::read_to_string(self.home.path().join("stderr")).unwrap_or_default();
            assert!(Instant::now() < deadline, "waited in vain for {what}; the program says: {}", said());
            thread::sleep(Duration::from_millis(200));
        }
    }

    /// Press keys until something is found. They are pressed again only after a while: a busy window may have
    /// missed them, or be late.
    ///
    /// # Panics
    ///
    /// As [`Self::until`].
    pub fn press_until<T>(
        &self,
        what: &str,
        keys: &[&str],
        again: Duration,
        mut look: impl FnMut() -> Option<T>,
    ) -> T {
        let mut pressed: Option<Instant> = None;
        self.until(what, || {
            let found = look();
            if found.is_none() && pressed.is_none_or(|at| at.elapsed() > again) {
                self.tool(&[&["key"], keys].concat());
                pressed = Some(Instant::now());
            }
            found
        })
    }

    /// A picture that is saved now, whatever is open, and its recipe; the file is gone afterwards. Where two
    /// savings overlap, a question about their name is left.
    pub fn painted(&self) -> (image::RgbImage, recipe::Recipe) {
        self.tool(&["key", "Escape", "sleep", "0.5"]);
        let file = self.saved();
        let found = (image::open(&file).unwrap().to_rgb8(), recipe::read_file(&file).unwrap().0);
        fs::remove_file(&file).unwrap();
        found
    }

    /// Presses ctrl-S until a picture is there: without a file dialog in its home the program takes a free
    /// name by itself. Nothing is saved before something is painted.
    pub fn saved(&self) -> PathBuf {
        self.press_until("a saved picture", &["ctrl+s"], Duration::from_secs(3), || {
            pictures_in(self.home.path()).into_iter().find(|path| image::open(path).is_ok())
        })
    }
}

/// A server on a display that is free, and that display.
fn start_server(size: &str) -> Option<(Running, String)> {
    let mut command = quiet("Xvfb");
    command.args(["-displayfd", "1", "-screen", "0", &format!("{size}x24"), "-nolisten", "tcp", "-noreset"]);
    command.stdout(Stdio::piped());
    let mut server = Running::start(command);
    let mut line = String::new();
    // A server that ends closes the pipe.
    BufReader::new(server.output()?).read_line(&mut line).ok()?;
    let number = line.trim();
    (!number.is_empty()).then(|| (server, format!(":{number}")))
}

/// Pictures in a folder itself: below it lie those that the program keeps for its own use.
pub fn pictures_in(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "png"))
        .collect()
}
