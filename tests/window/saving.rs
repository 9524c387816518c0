//! File dialogs, what is saved through them, and what is saved without them.

use std::{fs, path::Path, sync::atomic::Ordering};

use crate::window_support::{Setup, Window, has, picture_file};
use egui::{Event, Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use impasto_formats::{project::Project, recipe};

const SAVE_AS: Modifiers = Modifiers { alt: true, ..SAVE_PROJECT };
const SAVE_PROJECT: Modifiers = Modifiers { shift: true, ..Modifiers::COMMAND };
const MOMENT: Modifiers = Modifiers { alt: true, ..Modifiers::COMMAND };

fn painting() -> Window {
    let mut window = Setup::default().open();
    window.until_painting();
    window.until("it is shown", |harness, _| {
        harness.query_all_by_label_contains("Painting, 96 by 64").next().is_some()
    });
    window
}

fn asked(window: &Window) -> Vec<String> {
    window.dialogs.asked.lock().unwrap().clone()
}

#[track_caller]
fn until_said(window: &mut Window, text: &str) {
    window.until(text, |harness, _| harness.query_all_by_label_contains(text).next().is_some());
}

/// Names of the pictures in a folder.
fn pictures(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).unwrap().flatten();
    let names = files.map(|file| file.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".png")).collect();
    names.sort();
    names
}

#[test]
fn what_the_dialog_has_asked_about_is_replaced_without_another_question() {
    let mut window = painting();
    let picture = window.folder.path().join("painting.png");
    let project = window.folder.path().join("mine.impasto");
    for path in [&picture, &project] {
        fs::write(path, b"old").unwrap();
    }
    window.dialogs.will_pick(&picture);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::S);
    window.until("the picture is replaced", |_, _| image::open(&picture).is_ok());
    window.dialogs.will_pick(&project);
    window.harness.key_press_modifiers(SAVE_PROJECT, Key::S);
    window.until("the project is replaced", |_, _| Project::read(&project).is_ok());
    window.steps(5);
    assert!(!has(&window, "Replace the file?"));
    assert!(!window.folder.path().join("mine-2.impasto").exists());
}

#[test]
fn an_extension_that_the_dialog_did_not_know_is_asked_about_once() {
    let mut window = painting();
    let path = window.folder.path().join("mine.impasto");
    fs::write(&path, b"old").unwrap();
    for (button, done) in [("Save as mine-2.impasto", "mine-2.impasto"), ("Replace", "mine.impasto")] {
        window.dialogs.will_pick(&window.folder.path().join("mine"));
        window.harness.key_press_modifiers(SAVE_AS, Key::S);
        until_said(&mut window, "Replace the file?");
        assert_eq!(fs::read(&path).unwrap(), b"old");
        window.harness.get_by_label(button).click();
        let done = window.folder.path().join(done);
        window.until("it is saved", |_, _| Project::read(&done).is_ok());
        until_said(&mut window, "Saved ");
    }
}

#[test]
fn a_cancelled_dialog_saves_nothing_and_one_that_cannot_be_shown_something() {
    let mut window = painting();
    let home = window.dialogs.home.path().to_owned();
    window.dialogs.will_be_cancelled();
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::S);
    window.steps(40);
    assert!(!has(&window, "No file dialog") && !has(&window, "Saved "));
    assert_eq!((asked(&window).len(), pictures(&home).len()), (1, 0));
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::S);
    until_said(&mut window, "No file dialog could be shown, so the name was chosen.");
    window.until("it is saved", |_, _| pictures(&home) == ["Chelsea in Swirl.png"]);
    window.harness.key_press_modifiers(SAVE_PROJECT, Key::S);
    let project = home.join("Chelsea in Swirl.impasto");
    window.until("so is the project", |_, _| Project::read(&project).is_ok());
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::O);
    until_said(&mut window, "Drop the file on the window, or paste its path.");
}

#[test]
fn one_dialog_is_open_at_a_time() {
    let mut window = painting();
    let path = window.folder.path().join("painting.png");
    window.dialogs.open.store(true, Ordering::SeqCst);
    window.dialogs.will_pick(&path);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::S);
    window.steps(3);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::O);
    until_said(&mut window, "A file dialog is open already. Ctrl+Alt+S saves what is shown without one.");
    assert_eq!(asked(&window).len(), 1);
    window.dialogs.open.store(false, Ordering::SeqCst);
    window.until("it is answered", |_, _| image::open(&path).is_ok());
    until_said(&mut window, "Saved ");
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::O);
    window.steps(3);
    assert_eq!(asked(&window).len(), 2, "the next may open");
}

#[test]
fn dialogs_start_in_the_folder_used_last_for_their_kind() {
    let mut window = painting();
    let home = window.dialogs.home.path().to_owned();
    let [sources, paintings] = ["sources", "paintings"].map(|name| window.folder.path().join(name));
    for folder in [&sources, &paintings] {
        fs::create_dir(folder).unwrap();
    }
    let meadow = picture_file(&window, "sources/meadow.png", (60, 40), 200);
    let folder = |window: &Window| window.dialogs.folder.lock().unwrap().clone();
    window.dialogs.will_pick(&meadow);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::O);
    window.until("the content is changed", |_, log| log.jobs.len() == 2);
    assert_eq!(folder(&window), Some(home.clone()));
    window.dialogs.will_pick(&paintings.join("one.png"));
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::S);
    until_said(&mut window, "Saved ");
    assert_eq!(folder(&window), Some(home.clone()), "pictures to paint from lie elsewhere");
    let file = window.folder.path().join("impasto.toml");
    window.until("they are remembered", |_, _| {
        fs::read_to_string(&file).is_ok_and(|text| text.contains("sources\"") && text.contains("paintings\""))
    });

    let setup = Setup { options: Default::default(), ..Setup::default() };
    let mut window = setup.open_in(window.close());
    window.until_painting();
    for (modifiers, key, expected) in [
        (Modifiers::COMMAND, Key::O, &sources),
        (Modifiers::COMMAND, Key::S, &paintings),
        // None was saved yet: where paintings are.
        (SAVE_PROJECT, Key::S, &paintings),
    ] {
        let before = asked(&window).len();
        window.until("it asks", |harness, _| {
            harness.query_all_by_label_contains("Painting, 96 by 64").next().is_some()
        });
        window.dialogs.will_be_cancelled();
        window.harness.key_press_modifiers(modifiers, key);
        let dialogs = window.dialogs.clone();
        window.until("it has asked", |_, _| dialogs.asked.lock().unwrap().len() > before);
        assert_eq!(folder(&window).as_ref(), Some(expected));
        window.steps(30);
    }
    fs::remove_dir_all(&sources).unwrap();
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::O);
    window.steps(3);
    let home = window.dialogs.home.path().to_owned();
    assert_eq!(folder(&window), Some(home), "one that is gone is no place to start in");
}

#[test]
fn a_project_is_saved_over_itself_until_it_is_another_painting() {
    let mut window = painting();
    let path = window.folder.path().join("mine.impasto");
    let weight = |path: &Path| Project::read(path).ok().map(|project| project.manifest.settings.style_weight);
    window.dialogs.will_pick(&path);
    window.harness.key_press_modifiers(SAVE_PROJECT, Key::S);
    window.until("it is saved", |_, _| weight(&path) == Some(1.0));
    until_said(&mut window, "mine.impasto");
    crate::window_support::enter(&mut window, "Style weight β, number", "3");
    window.harness.key_press(Key::Escape);
    window.steps(2);
    window.harness.key_press_modifiers(SAVE_PROJECT, Key::S);
    window.until("it is saved again", |_, _| weight(&path) == Some(3.0));
    assert_eq!(asked(&window).len(), 1, "without a question");

    // The other name is the painting's from then on.
    let other = window.folder.path().join("other.impasto");
    window.dialogs.will_pick(&other);
    window.harness.key_press_modifiers(SAVE_AS, Key::S);
    window.until("it is saved as another", |_, _| weight(&other) == Some(3.0));
    assert_eq!(asked(&window)[1], "save mine.impasto", "its name is proposed");
    until_said(&mut window, "other.impasto");
    crate::window_support::enter(&mut window, "Style weight β, number", "5");
    window.harness.key_press(Key::Escape);
    window.steps(2);
    window.harness.key_press_modifiers(SAVE_PROJECT, Key::S);
    window.until("that is saved", |_, _| weight(&other) == Some(5.0));
    assert_eq!((weight(&path), asked(&window).len()), (Some(3.0), 2));

    // Another content is another painting, which takes no file unasked.
    let meadow = picture_file(&window, "meadow.png", (60, 40), 200);
    let jobs = window.jobs();
    window.dialogs.will_pick(&meadow);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::O);
    window.until("the content is changed", |_, log| log.jobs.len() > jobs);
    window.dialogs.will_be_cancelled();
    window.harness.key_press_modifiers(SAVE_PROJECT, Key::S);
    window.steps(10);
    assert_eq!(asked(&window).last().unwrap(), "save meadow in Swirl.impasto");
    assert_eq!(weight(&other), Some(5.0));

    // One that is opened is saved over itself as well.
    let jobs = window.jobs();
    window.dialogs.will_pick(&path);
    window.harness.get_by_label("More about the painting").click();
    window.steps(3);
    window.harness.get_by_label("Open project…").click();
    window.until("it is there", |_, log| {
        log.jobs.len() > jobs && log.jobs.last().is_some_and(|job| job.inputs.content.name == "Chelsea")
    });
    crate::window_support::enter(&mut window, "Style weight β, number", "7");
    window.harness.key_press(Key::Escape);
    window.steps(2);
    let questions = asked(&window).len();
    window.harness.key_press_modifiers(SAVE_PROJECT, Key::S);
    window.until("it is saved", |_, _| weight(&path) == Some(7.0));
    assert_eq!(asked(&window).len(), questions);
}

#[test]
fn a_moment_is_saved_by_one_key_under_the_next_free_name() {
    let mut window = painting();
    let folder = window.folder.path().join("paintings");
    fs::create_dir(&folder).unwrap();
    window.dialogs.will_pick(&folder.join("Chelsea in Swirl.png"));
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::S);
    window.until("the first is saved", |_, _| pictures(&folder).len() == 1);
    window.harness.key_press_modifiers(MOMENT, Key::S);
    window.until("a moment is saved", |_, _| pictures(&folder).len() == 2);
    until_said(&mut window, "Chelsea in Swirl-2.png");
    // On the full screen, and a key that is held means one moment.
    window.harness.key_press(Key::F11);
    window.steps(3);
    for repeat in [false, true, true] {
        let (key, modifiers) = (Key::S, MOMENT);
        let event = Event::Key { key, physical_key: None, pressed: true, repeat, modifiers };
        window.harness.input_mut().events.push(event);
        window.harness.step();
    }
    window.until("another is saved", |_, _| pictures(&folder).len() == 3);
    until_said(&mut window, "Chelsea in Swirl-3.png");
    window.steps(20);
    let names = ["Chelsea in Swirl-2.png", "Chelsea in Swirl-3.png", "Chelsea in Swirl.png"];
    assert_eq!(pictures(&folder), names);
    for name in names {
        let (recipe, _) = recipe::read_file(&folder.join(name)).unwrap();
        assert_eq!(recipe.content().name, "Chelsea");
    }
    assert_eq!(asked(&window).len(), 1);
}

#[test]
fn names_in_quotes_are_pasted() {
    let mut window = painting();
    let path = picture_file(&window, "a b.png", (60, 40), 200);
    window.harness.event(Event::Paste(format!("'{}'", path.display())));
    window.until("it is asked", |harness, _| harness.query_by_label_contains("Use the picture").is_some());
    window.steps(2);
    window.harness.get_by_label("Use as content").click();
    window.until("it is painted", |_, log| log.jobs.last().unwrap().inputs.content.name == "a b.png");
}
