//! The real window is killed while it paints, and brings its painting back. Linux with Xvfb and xdotool only.

#![cfg(target_os = "linux")]

use std::{fs, path::PathBuf, thread, time::Duration};

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

/// Runs of a kept painting, and steps of the last one.
fn painted(project: &Project) -> (usize, u32) {
    project.manifest.recipe.as_ref().map_or((0, 0), |recipe| (recipe.passes.len(), recipe.steps()))
}

#[test]
fn a_killed_window_brings_its_painting_back() {
    let Some(screen) = Screen::open("1280x800", &["Xvfb", "xdotool"]) else { return };
    // A quick device must not be done with it before it is killed.
    fs::create_dir(screen.config()).unwrap();
    let remembered = "[settings]\nsize = 192\nsteps = 1000000\ndevice = \"cpu\"\n";
    fs::write(screen.config().join("impasto.toml"), remembered).unwrap();
    let Some(mut window) = screen.start(&[]) else { return };
    // How often space is pressed so that what came back paints on: it is written every four seconds, and
    // where writing takes long every thirty, and pressed too soon it would pause again.
    let again = Duration::from_secs(60);
    // The steps of a run after so many, once it is kept with more than these.
    let kept_after = |runs_before: usize, steps: u32| {
        let kept = kept_paintings(&screen);
        let mut painted = kept.iter().map(|(_, project)| painted(project));
        painted.find(|(runs, now)| *runs > runs_before && *now > steps).map(|(_, now)| now)
    };
    let mut runs_before = 0;
    // Moments that fall at different places between two writings.
    for (round, wait) in [700, 5300, 2900].into_iter().enumerate() {
        let first = screen.until("the painting is kept", || kept_after(runs_before, 0));
        // And again, with what was painted since.
        let later = screen.until("it is kept again", || kept_after(runs_before, first));
        thread::sleep(Duration::from_millis(wait));
        window.program.kill();
        let kept = kept_paintings(&screen);
        let [(_, project)] = kept.as_slice() else { panic!("{} paintings in round {round}", kept.len()) };
        let (runs, steps) = painted(project);
        assert!(runs > runs_before && steps >= later, "round {round}: {steps} steps are kept of {later}");
        runs_before = runs;
        assert!(project.picture.is_some() && !project.manifest.losses.is_empty());

        window = screen.start(&[]).expect("a window, as before");
        // The offer has the keyboard; what it brings back waits until it is played.
        screen.press_until("the painting to come back", &["Return"], Duration::from_secs(5), || {
            let kept = kept_paintings(&screen);
            kept.iter().any(|(_, project)| painted(project).0 > runs_before).then_some(())
        });
        screen.press_until("it paints on", &["space"], again, || kept_after(runs_before, 0));
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
