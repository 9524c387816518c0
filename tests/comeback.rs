//! The real window is killed while it paints, and brings its painting back. Linux with Xvfb and xdotool only.

#![cfg(target_os = "linux")]

mod xvfb;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use impasto::{project::Project, recipe};
use xvfb::{Running, is_there, quiet};

fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(90);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(200));
    }
}

struct Stage {
    home: tempfile::TempDir,
    display: String,
    _screen: Running,
}

impl Stage {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let display = format!(":{}", 600 + std::process::id() % 300);
        let screen = quiet("Xvfb")
            .args([&display, "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-noreset"])
            .spawn()
            .unwrap();
        let stage = Self { home, display, _screen: Running(screen) };
        until("the display", || Some(()).filter(|()| !stage.tool(&["getdisplaygeometry"]).is_empty()));
        stage
    }

    fn tool(&self, arguments: &[&str]) -> String {
        let output = Command::new("xdotool").args(arguments).env("DISPLAY", &self.display).output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// The program, once its window has the keyboard.
    fn open(&self) -> Running {
        let program = Running(
            quiet(env!("CARGO_BIN_EXE_impasto"))
                .env("DISPLAY", &self.display)
                .env_remove("WAYLAND_DISPLAY")
                .current_dir(self.home.path())
                .env("HOME", self.home.path())
                .env("XDG_RUNTIME_DIR", self.home.path())
                .env("IMPASTO_CONFIG_DIR", self.home.path().join("config"))
                .spawn()
                .unwrap(),
        );
        let window = until("the window", || {
            let ids = self.tool(&["search", "--name", "^Impasto$"]);
            ids.lines().next_back().map(ToOwned::to_owned).filter(|id| !id.is_empty())
        });
        self.tool(&["windowfocus", "--sync", &window]);
        program
    }

    /// The kept paintings, and their files.
    fn kept(&self) -> Vec<(PathBuf, Project)> {
        let Ok(entries) = fs::read_dir(self.home.path().join("config/sessions")) else { return Vec::new() };
        let files = entries.flatten().map(|entry| entry.path().join("painting.impasto"));
        files
            .filter(|path| path.is_file())
            .map(|path| {
                let project =
                    Project::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                (path, project)
            })
            .collect()
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn pictures_under(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "png"))
        .collect()
}

#[test]
fn a_killed_window_brings_its_painting_back() {
    for program in ["Xvfb", "xdotool"] {
        if !is_there(program) {
            assert!(std::env::var_os("IMPASTO_REQUIRE_GPU").is_none(), "{program} is required");
            println!("skipped: no {program}");
            return;
        }
    }
    let stage = Stage::new();
    let mut program = stage.open();
    // Moments that fall at different places between two writings.
    let mut runs_before = 0;
    for (round, wait) in [700, 5300, 2900].into_iter().enumerate() {
        until("the painting is kept", || {
            let kept = stage.kept();
            let steps = |project: &Project| project.manifest.recipe.as_ref().map_or(0, recipe::Recipe::steps);
            kept.iter()
                .any(|(_, project)| {
                    steps(project) > 0
                        && project
                            .manifest
                            .recipe
                            .as_ref()
                            .is_some_and(|recipe| recipe.passes.len() > runs_before)
                })
                .then_some(())
        });
        thread::sleep(Duration::from_millis(wait));
        program.0.kill().unwrap();
        program.0.wait().unwrap();
        let killed = now();
        let kept = stage.kept();
        let [(_, project)] = kept.as_slice() else { panic!("{} paintings in round {round}", kept.len()) };
        let age = killed.saturating_sub(project.manifest.saved);
        assert!(age <= 10, "round {round}: {age} seconds are lost");
        assert!(project.picture.is_some() && !project.manifest.losses.is_empty());
        runs_before = project.manifest.recipe.as_ref().unwrap().passes.len();

        program = stage.open();
        // The offer has the keyboard; what it brings back waits until it is played.
        until("the painting to come back", || {
            stage.tool(&["key", "Return"]);
            thread::sleep(Duration::from_secs(1));
            let kept = stage.kept();
            let recipes = kept.iter().filter_map(|(_, project)| project.manifest.recipe.as_ref());
            recipes.map(|recipe| recipe.passes.len()).any(|runs| runs > runs_before).then_some(())
        });
        stage.tool(&["key", "space"]);
    }
    // The last one has painted on what the first ones had painted: its recipe tells of every run.
    let file = until("a saved picture", || {
        stage.tool(&["key", "ctrl+s"]);
        thread::sleep(Duration::from_secs(1));
        pictures_under(stage.home.path()).into_iter().next()
    });
    thread::sleep(Duration::from_millis(500));
    let (recipe, _) = recipe::of_file(&file).unwrap();
    assert!(recipe.passes.len() >= 4, "{} runs", recipe.passes.len());
    // The last run may be saved before its first step.
    let before = &recipe.passes[..recipe.passes.len() - 1];
    assert!(before.iter().all(|pass| pass.steps > 0));
}
