//! The real window is killed while it paints, and brings its painting back. Linux with Xvfb and xdotool only.

#![cfg(target_os = "linux")]

use std::{
    fs,
    path::PathBuf,
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::xvfb::Screen;
use impasto_formats::{project::Project, recipe};

/// The kept paintings, and their files.
fn kept_paintings(screen: &Screen) -> Vec<(PathBuf, Project)> {
    let Ok(entries) = fs::read_dir(screen.config().join("sessions")) else { return Vec::new() };
    let files = entries.flatten().map(|entry| entry.path().join("painting.impasto"));
    files
        .filter(|path| path.is_file())
        .map(|path| {
            let project = Project::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            (path, project)
        })
        .collect()
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

#[test]
fn a_killed_window_brings_its_painting_back() {
    let Some(mut screen) = Screen::open("1280x800", &["Xvfb", "xdotool"]) else { return };
    screen.patience = Duration::from_secs(90);
    // A quick device must not be done with it before it is killed.
    fs::create_dir(screen.config()).unwrap();
    let remembered = "[settings]\nsize = 192\nsteps = 1000000\ndevice = \"cpu\"\n";
    fs::write(screen.config().join("impasto.toml"), remembered).unwrap();
    let Some(mut window) = screen.start(&[]) else { return };
    // Moments that fall at different places between two writings.
    let mut runs_before = 0;
    for (round, wait) in [700, 5300, 2900].into_iter().enumerate() {
        screen.until("the painting is kept", || {
            let kept = kept_paintings(&screen);
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
        window.program.kill();
        let killed = now();
        let kept = kept_paintings(&screen);
        let [(_, project)] = kept.as_slice() else { panic!("{} paintings in round {round}", kept.len()) };
        let age = killed.saturating_sub(project.manifest.saved);
        // It is written every four seconds, and where writing takes long every thirty.
        assert!(age <= 40, "round {round}: {age} seconds are lost");
        assert!(project.picture.is_some() && !project.manifest.losses.is_empty());
        runs_before = project.manifest.recipe.as_ref().unwrap().passes.len();

        window = screen.start(&[]).expect("a window, as before");
        // The offer has the keyboard; what it brings back waits until it is played.
        screen.until("the painting to come back", || {
            screen.tool(&["key", "Return"]);
            thread::sleep(Duration::from_secs(1));
            let kept = kept_paintings(&screen);
            let recipes = kept.iter().filter_map(|(_, project)| project.manifest.recipe.as_ref());
            recipes.map(|recipe| recipe.passes.len()).any(|runs| runs > runs_before).then_some(())
        });
        screen.tool(&["key", "space"]);
    }
    // The last one has painted on what the first ones had painted: its recipe tells of every run.
    let file = screen.saved();
    let (recipe, _) = recipe::read_file(&file).unwrap();
    assert!(recipe.passes.len() >= 4, "{} runs", recipe.passes.len());
    // The last run may be saved before its first step.
    let before = &recipe.passes[..recipe.passes.len() - 1];
    assert!(before.iter().all(|pass| pass.steps > 0));
}

#[test]
fn a_terminated_window_ends_as_a_closed_one() {
    let Some(screen) = Screen::open("1280x800", &["Xvfb", "xdotool"]) else { return };
    fs::create_dir(screen.config()).unwrap();
    let remembered = "[settings]\nsize = 192\nsteps = 1000000\ndevice = \"cpu\"\n";
    fs::write(screen.config().join("impasto.toml"), remembered).unwrap();
    let Some(mut window) = screen.start(&[]) else { return };
    screen.until("the painting is kept", || (!kept_paintings(&screen).is_empty()).then_some(()));
    window.program.terminate();
    screen.until("it ends", || window.program.has_ended().then_some(()));
    let kept: Vec<PathBuf> = kept_paintings(&screen).into_iter().map(|(path, _)| path).collect();
    assert_eq!(kept, [screen.config().join("sessions/last/painting.impasto")]);
}
