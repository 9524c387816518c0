//! What the tests of the real window on a virtual display share.

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// A process that ends with the test.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub fn quiet(program: &str) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Whether a program is on the path.
pub fn is_there(program: &str) -> bool {
    quiet("sh").args(["-c", &format!("command -v {program}")]).status().is_ok_and(|status| status.success())
}

/// A virtual display, and a home for the programs on it.
pub struct Screen {
    pub display: String,
    pub home: tempfile::TempDir,
    /// How long it is looked for something.
    pub patience: Duration,
    _server: Running,
}

impl Screen {
    /// A display of this size, as `1280x800`; nothing where a program that the test needs is missing. Tests of one binary run
    /// side by side: each has a `number` of its own.
    ///
    /// # Panics
    ///
    /// When a program is missing where none may be.
    pub fn open(number: u32, size: &str, needed: &[&str]) -> Option<Self> {
        for program in needed {
            if !is_there(program) {
                assert!(std::env::var_os("IMPASTO_REQUIRE_GPU").is_none(), "{program} is required");
                println!("skipped: no {program}");
                return None;
            }
        }
        let display = format!(":{}", number + std::process::id() % 400);
        let server = quiet("Xvfb")
            .args([&display, "-screen", "0", &format!("{size}x24"), "-nolisten", "tcp", "-noreset"])
            .spawn()
            .unwrap();
        let home = tempfile::tempdir().unwrap();
        let screen = Self { display, home, patience: Duration::from_secs(60), _server: Running(server) };
        screen
            .until("the display", || Some(()).filter(|()| !screen.tool(&["getdisplaygeometry"]).is_empty()));
        Some(screen)
    }

    /// Where the program remembers its settings.
    pub fn config(&self) -> PathBuf {
        self.home.path().join("config")
    }

    /// Starts the program, which ends with what is returned.
    pub fn start(&self, arguments: &[&str]) -> Running {
        let home = self.home.path();
        let mut program = quiet(env!("CARGO_BIN_EXE_impasto"));
        program
            .args(arguments)
            .stderr(fs::File::create(home.join("stderr")).unwrap())
            .env("DISPLAY", &self.display)
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("DBUS_SESSION_BUS_ADDRESS")
            .current_dir(home)
            .env("HOME", home)
            .env("XDG_RUNTIME_DIR", home)
            .env("IMPASTO_CONFIG_DIR", self.config());
        Running(program.spawn().unwrap())
    }

    /// The program's window, once it is there.
    pub fn window(&self) -> String {
        self.until("the window", || {
            let ids = self.tool(&["search", "--name", "^Impasto$"]);
            ids.lines().next_back().map(ToOwned::to_owned).filter(|id| !id.is_empty())
        })
    }

    /// What xdotool says to these arguments.
    pub fn tool(&self, arguments: &[&str]) -> String {
        let output = Command::new("xdotool").args(arguments).env("DISPLAY", &self.display).output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Looks until something is found.
    ///
    /// # Panics
    ///
    /// When its patience ends, with what the program has said.
    pub fn until<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let deadline = Instant::now() + self.patience;
        loop {
            if let Some(found) = look() {
                return found;
            }
            let said = || fs::read_to_string(self.home.path().join("stderr")).unwrap_or_default();
            assert!(Instant::now() < deadline, "waited in vain for {what}; the program says: {}", said());
            thread::sleep(Duration::from_millis(200));
        }
    }

    /// Presses ctrl-S until a picture is there: without a file dialog on this display it takes a free name by itself.
    pub fn saved(&self) -> PathBuf {
        let saved = self.until("a saved picture", || {
            self.tool(&["key", "ctrl+s"]);
            thread::sleep(Duration::from_secs(1));
            pictures_in(self.home.path()).into_iter().next()
        });
        thread::sleep(Duration::from_millis(500));
        saved
    }
}

/// Pictures in a folder itself: below it lie those that the program keeps for its own use.
fn pictures_in(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "png"))
        .collect()
}
