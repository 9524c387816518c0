//! The painting in hand comes back: after a crash, from the last window, from a project file.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::window_support::{
    Log, Setup, Window,
    drawing::{can_draw, draw},
    drop_files, has, saved_project,
};
use egui_kittest::kittest::Queryable as _;
use image::RgbImage;
use impasto_core::settings::Settings;
use impasto_engine::session::Start;
use impasto_formats::project::Project;

fn setup(content: Option<PathBuf>) -> Setup {
    let settings = Settings { steps: 1_000_000, size: 256, style_weight: 5.5, ..Settings::default() };
    let mut setup =
        Setup { log: Log { slow: Duration::from_millis(3), ..Log::default() }, ..Setup::default() };
    setup.options.settings = Some(settings);
    setup.options.content = content;
    setup
}

/// The first style of the painting that the window keeps below this folder, and its file.
fn kept(sessions: &Path) -> Option<(String, PathBuf)> {
    let path = fs::read_dir(sessions).ok()?.flatten().next()?.path().join("painting.impasto");
    let project = Project::read(&path).ok()?;
    project.manifest.recipe.as_ref()?;
    Some((project.manifest.styles.first()?.style.source.name.clone(), path))
}

#[track_caller]
fn until_kept(window: &mut Window, style: &str) -> PathBuf {
    let sessions = window.folder.path().join("sessions");
    let found = std::cell::Cell::new(PathBuf::new());
    window.until("the painting is kept", |_, _| {
        kept(&sessions).is_some_and(|(name, path)| {
            found.set(path);
            name == style
        })
    });
    found.take()
}

/// A window that painted a file and a pasted style and crashed: its folder is as it was at that moment.
fn crashed() -> (tempfile::TempDir, Project) {
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake.png");
    RgbImage::from_fn(60, 40, |x, y| image::Rgb([x as u8, y as u8, 99])).save(&lake).unwrap();
    let mut window = setup(Some(lake)).open_in(folder);
    window.until_painting();
    let pasted = egui::ColorImage::filled([40, 30], egui::Color32::from_rgb(9, 8, 7));
    window.harness.event(egui::Event::PasteImage(std::sync::Arc::new(pasted)));
    window.until("it is asked", |harness, _| harness.query_by_label_contains("What is it for?").is_some());
    window.steps(3);
    window.harness.get_by_label("Use as style").click();
    window.until("it is painted in it", |_, log| log.styles() == ["pasted picture"]);
    let project = until_kept(&mut window, "pasted picture");
    // A copy without the lock is what a killed process leaves.
    let left = tempfile::tempdir().unwrap();
    let session = left.path().join("sessions/1-1");
    fs::create_dir_all(&session).unwrap();
    for entry in fs::read_dir(project.parent().unwrap()).unwrap().flatten() {
        fs::copy(entry.path(), session.join(entry.file_name())).unwrap();
    }
    // The window's folder goes with it; the content is found beside the project.
    fs::copy(window.folder.path().join("lake.png"), session.join("lake.png")).unwrap();
    let project = Project::read(&session.join("painting.impasto")).unwrap();
    (left, project)
}

#[test]
fn a_crashed_painting_comes_back_with_its_picture_settings_and_losses() {
    let (folder, project) = crashed();
    let mut window = Setup::default().open_in(folder);
    window.until("it is offered", |harness, _| {
        harness.query_by_label_contains("Restore the painting of").is_some()
    });
    window.steps(20);
    assert_eq!(window.jobs(), 0, "nothing is painted before the answer");
    window.harness.get_by_label("Restore").click();
    window.until("its run is prepared", |_, log| log.jobs.len() == 1);
    let job = window.job(0);
    assert_eq!((job.start, job.paused, job.settings.style_weight), (Start::Current, true, 5.5));
    assert!(window.log.lock().unwrap().from_current[0].is_some(), "it goes on from the picture");
    assert_eq!(job.inputs.styles[0].picture.name, "pasted picture");
    assert_eq!(job.inputs.styles[0].picture.rgb.get_pixel(3, 3).0, [9, 8, 7]);
    assert_eq!(job.inputs.styles[0].picture.sha256, project.manifest.styles[0].style.source.sha256);
    window.until("it is paused", |harness, _| harness.query_by_label_contains("Paused.").is_some());
    assert_eq!(window.log.lock().unwrap().steps, 0);
    window.harness.key_press(egui::Key::Space);
    window.until("play goes on", |_, log| log.steps > 2);
    assert_eq!(window.jobs(), 1);
}

#[test]
fn a_crash_before_the_first_step_offers_nothing() {
    let mut broken = setup(None);
    broken.log.fail_step = Some("the driver is gone".to_owned());
    let mut window = broken.open();
    let sessions = window.folder.path().join("sessions");
    window.until("it is kept", |_, _| kept(&sessions).is_some());
    let (_, path) = kept(&sessions).unwrap();
    let left = tempfile::tempdir().unwrap();
    let session = left.path().join("sessions/1-1");
    fs::create_dir_all(&session).unwrap();
    for entry in fs::read_dir(path.parent().unwrap()).unwrap().flatten() {
        fs::copy(entry.path(), session.join(entry.file_name())).unwrap();
    }
    assert_eq!(Project::read(&path).unwrap().manifest.step, 0);
    let mut window = Setup::default().open_in(left);
    window.until_painting();
    assert!(!has(&window, "Restore the painting of") && !session.exists());
}

#[test]
fn who_does_not_want_it_gets_it_by_the_menu_later() {
    let (folder, project) = crashed();
    let mut window = setup(None).open_in(folder);
    window.until("it is offered", |harness, _| {
        harness.query_by_label_contains("Restore the painting of").is_some()
    });
    window.steps(3);
    window.harness.get_by_label("Not now").click();
    window.until_painting();
    assert_eq!(window.job(0).start, Start::Beginning);
    window.harness.get_by_label("More about the painting").click();
    window.steps(3);
    window.harness.get_by_label("Last painting").click();
    window.until("it is there", |_, log| {
        log.jobs.last().is_some_and(|job| job.inputs.styles[0].picture.name == "pasted picture")
    });
    assert_eq!(window.log.lock().unwrap().jobs.last().unwrap().settings, project.manifest.settings);
}

#[test]
fn a_torn_file_is_told_and_nothing_else_happens() {
    let folder = tempfile::tempdir().unwrap();
    let session = folder.path().join("sessions/1-1");
    fs::create_dir_all(&session).unwrap();
    fs::write(session.join("painting.impasto"), b"PK\x03\x04 and no more").unwrap();
    let mut window = setup(None).open_in(folder);
    window.until_painting();
    assert!(has(&window, "cannot be brought back") && !session.exists());
}

#[test]
fn a_window_that_is_closed_leaves_nothing_to_bring_back() {
    let mut window = setup(None).open();
    window.until_painting();
    until_kept(&mut window, "Swirl");
    eframe::App::on_exit(window.harness.state_mut());
    let sessions = window.folder.path().join("sessions");
    assert!(sessions.join("last/painting.impasto").is_file());
    assert_eq!(fs::read_dir(sessions).unwrap().count(), 1);
}

#[test]
fn a_project_is_saved_and_dropped_on_another_window() {
    let (folder, _) = crashed();
    let mut window = Setup::default().open_in(folder);
    window.until("it is offered", |harness, _| {
        harness.query_by_label_contains("Restore the painting of").is_some()
    });
    window.steps(3);
    window.harness.get_by_label("Restore").click();
    window.until("it is there", |_, log| log.jobs.len() == 1);
    window.until("it is paused", |harness, _| harness.query_by_label_contains("Paused.").is_some());
    let path = window.folder.path().join("mine.impasto");
    window.dialogs.will_pick(&path);
    window.harness.key_press_modifiers(egui::Modifiers::COMMAND | egui::Modifiers::SHIFT, egui::Key::S);
    let wanted = path.clone();
    window.until("the project is saved", move |_, _| wanted.exists());
    assert!(window.dialogs.asked.lock().unwrap().iter().any(|asked| asked.ends_with(".impasto")));

    let mut other = Setup::default().open();
    other.until_painting();
    let elsewhere = other.folder.path().join("theirs.impasto");
    fs::rename(&path, &elsewhere).unwrap();
    drop(window);
    drop_files(&mut other, &[elsewhere]);
    other.until("it is told", |harness, _| {
        harness.query_all_by_label_contains("play goes on exactly where it was").next().is_some()
    });
    other.until("the project's run is prepared", |_, log| {
        log.jobs.last().is_some_and(|job| job.inputs.styles[0].picture.name == "pasted picture")
    });
    let job = other.log.lock().unwrap().jobs.last().unwrap().clone();
    // It was saved before its first step, of which the engine's state is kept as well.
    assert_eq!((job.start, job.settings.style_weight), (Start::Moment, 5.5));
    assert_eq!((job.inputs.content.name.as_str(), job.inputs.content.dimensions()), ("lake.png", (60, 40)));
}

#[test]
fn a_project_brings_the_engines_state_back_and_the_same_run_goes_on() {
    let mut window = setup(None).open();
    window.until_painting();
    window.steps(30);
    window.harness.key_press(egui::Key::Space);
    window.until("it is paused", |harness, _| harness.query_by_label_contains("Paused.").is_some());
    window.steps(20);
    let (path, project) = saved_project(&mut window, "mine.impasto");
    let engine = project.engine.clone().expect("it rests, so the state is that of the picture");
    assert_eq!(engine.step, project.manifest.step);
    assert_eq!(engine.state.as_slice(), engine.step.to_le_bytes());
    assert_eq!(project.manifest.recipe.as_ref().unwrap().last().steps, engine.step);
    // The painting in hand is kept with it as well, once it rests.
    let sessions = window.folder.path().join("sessions");
    window.until("the state is kept", |_, _| {
        kept(&sessions).is_some_and(|(_, path)| {
            Project::read(&path)
                .is_ok_and(|project| project.engine.is_some_and(|kept| kept.step == engine.step))
        })
    });

    let mut other = Setup::default().open();
    other.until_painting();
    let elsewhere = other.folder.path().join("theirs.impasto");
    fs::copy(&path, &elsewhere).unwrap();
    drop_files(&mut other, &[elsewhere]);
    other.until("it is told", |harness, _| {
        harness.query_all_by_label_contains("play goes on exactly where it was").next().is_some()
    });
    other.until("the engine goes on from the state", |_, log| log.restored == [(engine.step, true)]);
    assert_eq!(other.log.lock().unwrap().jobs.last().unwrap().start, Start::Moment);
    other.until("it waits", |harness, _| harness.query_by_label_contains("Paused.").is_some());
    other.harness.key_press(egui::Key::Space);
    let steps = other.log.lock().unwrap().steps;
    other.until("play goes on", |_, log| log.steps > steps + 5);
    other.harness.key_press(egui::Key::Space);
    other.until("it is paused", |harness, _| harness.query_by_label_contains("Paused.").is_some());
    other.steps(20);
    let (_, again) = saved_project(&mut other, "again.impasto");
    let recipe = again.manifest.recipe.unwrap();
    assert_eq!(recipe.passes.len(), 1, "it is the same run");
    assert!(recipe.complete && recipe.last().steps > engine.step + 5, "{}", recipe.last().steps);
}

#[test]
fn a_project_is_opened_wherever_it_stands_among_the_given_files() {
    let mut window = setup(None).open();
    window.until_painting();
    let (project, _) = saved_project(&mut window, "mine.impasto");
    let folder = tempfile::tempdir().unwrap();
    // A desktop knows it by its first bytes as well.
    let [picture, given] = ["meadow.png", "theirs"].map(|name| folder.path().join(name));
    fs::copy(&project, &given).unwrap();
    image::RgbImage::new(60, 40).save(&picture).unwrap();
    let mut setup = Setup::default();
    (setup.options.content, setup.options.styles) = (Some(picture), vec![given]);
    let mut other = setup.open_in(folder);
    other.until("it is told", |harness, _| {
        harness.query_all_by_label_contains("Opened theirs: play goes on").next().is_some()
    });
}

#[test]
fn a_painting_that_is_smaller_than_asked_is_kept_with_the_engines_state() {
    let mut setup = setup(None);
    setup.log.largest = Some(181);
    setup.log.limits = vec!["the card has no memory left: painting goes on at 181 px".to_owned()];
    let mut window = setup.open();
    window.until_painting();
    window.steps(30);
    window.harness.key_press(egui::Key::Space);
    window.until("it is paused", |harness, _| harness.query_by_label_contains("Paused.").is_some());
    let sessions = window.folder.path().join("sessions");
    let with_state = |path: &Path| Project::read(path).ok().filter(|project| project.engine.is_some());
    window.until("the state is kept", |_, _| {
        kept(&sessions).is_some_and(|(_, path)| with_state(&path).is_some())
    });
    let project = with_state(&kept(&sessions).unwrap().1).unwrap();
    let recipe = project.manifest.recipe.unwrap();
    assert_eq!((project.manifest.settings.size, recipe.last().settings.size), (256, 181));
    assert!(!recipe.complete, "it does not claim to repeat the picture");
    assert_eq!(window.jobs(), 1);
}

#[test]
fn a_project_whose_pictures_have_changed_goes_on_from_its_picture() {
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake.png");
    RgbImage::from_pixel(60, 40, image::Rgb([9, 99, 99])).save(&lake).unwrap();
    let mut window = setup(Some(lake.clone())).open_in(folder);
    window.until_painting();
    window.steps(30);
    window.harness.key_press(egui::Key::Space);
    window.until("it is paused", |harness, _| harness.query_by_label_contains("Paused.").is_some());
    let sessions = window.folder.path().join("sessions");
    window.until("the state is kept", |_, _| {
        kept(&sessions)
            .is_some_and(|(_, path)| Project::read(&path).is_ok_and(|project| project.engine.is_some()))
    });
    RgbImage::from_pixel(60, 40, image::Rgb([200, 9, 9])).save(&lake).unwrap();
    let mut window = Setup::default().open_in(window.close());
    window.until_painting();
    window.harness.get_by_label("More about the painting").click();
    window.steps(3);
    window.harness.get_by_label("Last painting").click();
    window.until("it is there", |_, log| {
        log.jobs.last().is_some_and(|job| job.inputs.content.name == "lake.png")
    });
    window.until("it waits", |harness, _| harness.query_by_label_contains("Paused.").is_some());
    let log = window.log.lock().unwrap();
    assert_eq!(log.jobs.last().unwrap().start, Start::Current);
    assert!(log.restored.is_empty());
}

#[test]
fn a_painting_that_could_not_be_kept_is_kept_once_there_is_a_place_for_it() {
    let mut window = setup(None).open();
    window.until_painting();
    let path = until_kept(&mut window, "Swirl");
    window.harness.key_press(egui::Key::Space);
    window.until("it rests", |harness, _| harness.query_by_label_contains("Paused.").is_some());
    let folder = path.parent().unwrap().to_owned();
    fs::remove_dir_all(&folder).unwrap();
    // One more step is something new.
    window.harness.key_press(egui::Key::Period);
    window.until("that is said", |harness, _| {
        harness.query_all_by_label_contains("The painting cannot be kept").next().is_some()
    });
    assert!(has(&window, "Autosave is off"));
    // Nothing changes any more, and nobody makes the folder again.
    let jobs = window.jobs();
    until_kept(&mut window, "Swirl");
    assert_eq!(window.jobs(), jobs);
    window.until("it is on again", |harness, _| {
        harness.query_all_by_label_contains("Autosave is off").next().is_none()
    });
}

#[test]
fn keeping_that_could_not_begin_is_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    // A file has the folder's name.
    let sessions = folder.path().join("sessions");
    fs::write(&sessions, "").unwrap();
    let mut window = setup(None).open_in(folder);
    window.until_painting();
    window.until("that is said", |harness, _| {
        harness.query_all_by_label_contains("Autosave is off").next().is_some()
    });
    window.steps(100);
    assert!(has(&window, "Autosave is off"), "as long as it is");
    fs::remove_file(&sessions).unwrap();
    until_kept(&mut window, "Swirl");
    window.until("it is on again", |harness, _| {
        harness.query_all_by_label_contains("Autosave is off").next().is_none()
    });
}

#[test]
fn the_offer_is_drawn() {
    if !can_draw() {
        return;
    }
    let (folder, _) = crashed();
    let mut window = Setup { render: true, size: [1024.0, 640.0], ..Setup::default() }.open_in(folder);
    window.until("it is offered", |harness, _| {
        harness.query_by_label_contains("Restore the painting of").is_some()
    });
    let accents =
        |image: image::RgbaImage| image.pixels().filter(|pixel| pixel.0[..3] == [0xcb, 0x45, 0x1f]).count();
    assert!(accents(draw(&mut window, "comeback")) > 500, "the button is in the accent colour");
    window.harness.get_by_label("Restore").click();
    window.until("it is paused", |harness, _| harness.query_by_label_contains("Paused.").is_some());
}
