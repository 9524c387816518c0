//! The queue in the window, with a fake engine in front of it and another one behind it.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::window_support::{
    PATIENCE, Setup, Window, colour, enter,
    hands::{resting, tab_on},
    has, saved,
};
use egui::{Event, Key, Modifiers};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use impasto_core::{
    picture::Picture,
    run::Start,
    settings::{Settings, StyleMix},
};
use impasto_engine::queue::{Item, ItemSource, ItemState, ItemStyle, QueueStore};
use impasto_formats::recipe;

/// A window that waits, so that the queue need not.
fn opened(setup: Setup) -> Window {
    let mut window = setup.open();
    window.until("it is done", |harness, _| harness.query_by_label_contains("Finished.").is_some());
    window.harness.key_press(Key::Q);
    window.steps(4);
    window
}

/// Adds the painting in hand under this name, in the window's own folder.
fn add(window: &mut Window, name: &str, size: &str) -> PathBuf {
    add_begun(window, name, size, "From the start")
}

/// The same, with a choice of where it begins.
fn add_begun(window: &mut Window, name: &str, size: &str, choice: &str) -> PathBuf {
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    window.steps(4);
    window.harness.get_by_label(choice).click();
    window.steps(3);
    enter(window, "Final size", size);
    replace(window, "Name of the file", name);
    let folder = window.folder.path().to_owned();
    window.dialogs.will_pick(&folder);
    window.harness.get_by_label("Choose the folder: Folder").click();
    let shown = folder.display().to_string();
    window.until("the folder is chosen", |harness, _| {
        harness.query_all_by_label_contains(&shown).next().is_some()
    });
    let before = lines(window).len();
    window.harness.get_by_label("Add to the queue").click();
    window
        .until("it is added", |harness, _| harness.query_all_by_role(egui::Role::ListItem).count() > before);
    // What was behind the form takes the keyboard again.
    window.steps(3);
    folder.join(name)
}

fn replace(window: &mut Window, field: &str, text: &str) {
    window.harness.get_by_label(field).click();
    window.steps(3);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    window.steps(2);
    window.harness.event(Event::Text(text.to_owned()));
    window.steps(3);
}

/// The lines of the list, from the top.
fn lines(window: &Window) -> Vec<String> {
    let rows = window.harness.query_all_by_role(egui::Role::ListItem);
    rows.filter_map(|node| node.accesskit_node().label()).collect()
}

#[track_caller]
fn until_line(window: &mut Window, index: usize, words: &str) {
    window.until(words, |harness, _| {
        let row = harness.query_all_by_role(egui::Role::ListItem).nth(index);
        row.and_then(|row| row.accesskit_node().label()).is_some_and(|label| label.contains(words))
    });
}

/// How long a step of the queue takes from now on.
fn slow(window: &Window, milliseconds: u64) {
    window.behind.lock().unwrap().slow = Duration::from_millis(milliseconds);
}

#[test]
fn an_empty_queue_says_what_it_is_for() {
    let window = opened(resting());
    assert!(has(&window, "paints it at its final size while you go on"));
    assert!(window.harness.query_by_label("Add this painting…").is_some());
}

#[test]
fn a_painting_is_queued_at_its_own_size_and_saved_with_its_recipe() {
    let mut window = opened(resting());
    let path = add(&mut window, "large.png", "640");
    until_line(&mut window, 0, "done");
    let jobs = window.behind.lock().unwrap().jobs.clone();
    assert_eq!((jobs.len(), jobs[0].settings.size, jobs[0].settings.steps), (1, 640, 60));
    assert_eq!(jobs[0].inputs.content.name, "Chelsea");
    let picture = Picture::open(&path).unwrap();
    assert_eq!(picture.rgb[(5, 5)], colour(60));
    let (recipe, _) = recipe::read_file(&path).unwrap();
    assert_eq!((recipe.settings.size, recipe.steps(), recipe.is_plain()), (640, 60, true));
    // The window's own painting has not noticed.
    assert_eq!((window.jobs(), window.job(0).settings.size), (1, 256));

    // The same name again takes nothing away.
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    window.steps(4);
    replace(&mut window, "Name of the file", "large.png");
    window.steps(3);
    assert!(has(&window, "it becomes large-2.png"));
    window.harness.get_by_label("Add to the queue").click();
    until_line(&mut window, 1, "large-2.png");
    until_line(&mut window, 1, "done");
    assert_eq!(Picture::open(&path).unwrap().sha256, picture.sha256);
    window.harness.get_by_label("Clear done").click();
    window.steps(4);
    assert!(lines(&window).is_empty() && path.exists());
}

/// The stored pictures in the queue's folder.
fn stored(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder.join("queue")).unwrap();
    entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with("kept-")).count()
}

#[test]
fn the_picture_that_is_shown_is_painted_on_larger_also_after_a_restart() {
    let mut setup = resting();
    setup.behind.slow = Duration::from_millis(200);
    let mut window = opened(setup);
    let path = add_begun(&mut window, "large.png", "512", "From this picture");
    until_line(&mut window, 0, " of 60");
    assert_eq!(stored(window.folder.path()), 1);
    let folder = window.close();
    assert!(!path.exists());
    let began = Instant::now();
    while let Err(error) = QueueStore::open(&folder.path().join("queue")) {
        assert!(began.elapsed() < PATIENCE, "{error}");
        std::thread::sleep(Duration::from_millis(10));
    }

    let mut window = resting().open_in(folder);
    window.harness.key_press(Key::Q);
    window.until("the list is there", |harness, _| harness.query_by_label("Go on").is_some());
    window.until("it is done", |harness, _| harness.query_by_label_contains("Finished.").is_some());
    window.harness.get_by_label("Go on").click();
    until_line(&mut window, 0, "done");
    {
        let behind = window.behind.lock().unwrap();
        assert_eq!((behind.jobs[0].start, behind.jobs[0].settings.size), (Start::Moment, 512));
        assert!(matches!(behind.from_current[..], [Some(_)]));
    }
    // The recipe tells how the small one was painted as well.
    let (recipe, _) = recipe::read_file(&path).unwrap();
    let sizes: Vec<u32> = recipe.passes.iter().map(|pass| pass.settings.size).collect();
    assert_eq!((sizes, recipe.complete), (vec![256, 512], true));
    assert_eq!(recipe.last().steps, 60);
    window.harness.get_by_label("Clear done").click();
    let home = window.folder.path().to_owned();
    window.until("what was stored is gone", |_, _| stored(&home) == 0);
    assert!(path.exists());
}

#[test]
fn what_was_done_to_the_picture_is_repeated_larger() {
    let mut window = Setup::default().open();
    window.until_painting();
    enter(&mut window, "Style weight β, number", "3");
    window.until("the engine has the weight", |_, log| {
        log.updates.last().is_some_and(|(settings, _)| settings.style_weight == 3.0)
    });
    window.harness.key_press(Key::Escape);
    window.steps(2);
    let before = window.log.lock().unwrap().steps;
    window.until("it paints with the weight", |_, log| log.steps > before + 30);
    window.harness.key_press(Key::Space);
    window.until("it is paused", |harness, _| harness.query_by_label_contains("Paused.").is_some());
    window.steps(10);
    let own = saved(&mut window, "own.png");
    let (own, _) = recipe::read_file(&own).unwrap();
    assert_eq!(own.last().changes.len(), 1);

    window.harness.key_press(Key::Q);
    window.steps(4);
    let path = add_begun(&mut window, "course.png", "512", "Its whole course");
    until_line(&mut window, 0, "done");
    let (recipe, _) = recipe::read_file(&path).unwrap();
    let mut expected = own.passes.clone();
    expected[0].settings.size = 512;
    assert_eq!(recipe.passes, expected);
    let behind = window.behind.lock().unwrap();
    assert_eq!((behind.jobs[0].start, behind.jobs[0].settings.size), (Start::Beginning, 512));
    assert_eq!(behind.updates.last().map(|(settings, _)| settings.style_weight), Some(3.0));
    assert_eq!(behind.steps, own.steps());
}

#[test]
fn the_desktop_tells_that_the_queue_is_done_if_another_window_is_in_front() {
    for (notify, told) in [(true, vec!["The queue is done: 2 paintings.".to_owned()]), (false, vec![])] {
        let remembered = format!("[layout]\nstop_after_steps = true\nnotify = {notify}\n");
        let mut window = opened(Setup { remembered: Some(remembered), ..resting() });
        add(&mut window, "first.png", "320");
        until_line(&mut window, 0, "done");
        assert!(window.notifier.0.lock().unwrap().is_empty(), "the window is in front");
        slow(&window, 30);
        add(&mut window, "second.png", "320");
        window.harness.input_mut().focused = false;
        until_line(&mut window, 1, "done");
        assert_eq!(*window.notifier.0.lock().unwrap(), told);
    }
}

#[test]
fn nothing_begins_at_a_picture_that_was_not_painted() {
    let mut setup = resting();
    setup.log.fail_start = Some("there is no device".into());
    let mut window = setup.open();
    window.until("it has failed", |harness, _| {
        harness.query_all_by_label_contains("here is no device").next().is_some()
    });
    window.harness.key_press(Key::Q);
    window.steps(4);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    window.steps(4);
    for choice in ["From this picture", "Its whole course"] {
        window.harness.get_by_label(choice).click();
        window.steps(3);
        assert!(has(&window, "No painted picture is shown yet"));
        window.harness.get_by_label("Add to the queue").click();
        window.steps(3);
    }
    window.harness.get_by_label("From the start").click();
    window.steps(3);
    window.harness.get_by_label("Add to the queue").click();
    until_line(&mut window, 0, "done");
    let jobs: Vec<Start> = window.behind.lock().unwrap().jobs.iter().map(|job| job.start).collect();
    assert_eq!(jobs, [Start::Beginning]);
}

#[test]
fn a_name_that_cannot_be_is_told_while_it_is_typed() {
    let mut window = opened(resting());
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    window.steps(4);
    replace(&mut window, "Name of the file", "large.xcf");
    assert!(has(&window, "must end in .png"));
    window.harness.get_by_label("Add to the queue").click();
    window.steps(4);
    replace(&mut window, "Name of the file", "a/b.png");
    assert!(has(&window, "no slashes"));
    window.harness.key_press(Key::Escape);
    window.steps(2);
    window.harness.key_press(Key::Escape);
    window.steps(3);
    assert!(window.behind.lock().unwrap().jobs.is_empty());
}

#[test]
fn the_queue_waits_while_the_window_paints_unless_it_may_share() {
    let mut setup = Setup::default();
    // It must not be done before it is told to wait again.
    setup.behind.slow = Duration::from_millis(150);
    let mut window = setup.open();
    window.until_painting();
    window.harness.key_press(Key::Q);
    window.steps(3);
    add(&mut window, "a.png", "300");
    window.until("it says that it waits", |harness, _| {
        harness.query_all_by_label_contains("Waits while you paint").next().is_some()
    });
    window.steps(30);
    assert_eq!(window.behind.lock().unwrap().steps, 0);
    window.harness.get_by_label("Share").click();
    window.until("it paints", |harness, _| harness.query_all_by_label_contains("% ·").next().is_some());
    // Back to waiting: at rest between two steps, not ended.
    window.harness.get_by_label("Wait").click();
    until_line(&mut window, 0, "Waits while you paint");
    slow(&window, 2);
    let before = window.behind.lock().unwrap().steps;
    window.steps(50);
    let steps = window.behind.lock().unwrap().steps;
    assert!(steps <= before + 1, "{before}, then {steps}: more than the one that it was about to paint");
    window.harness.key_press(Key::Space);
    let behind = window.behind.clone();
    window.until("it goes on", |_, _| behind.lock().unwrap().steps > before + 20);
    assert_eq!(window.behind.lock().unwrap().jobs.len(), 1, "it was not begun again");
}

#[test]
fn a_failure_is_kept_with_its_message_and_can_be_tried_again() {
    let mut setup = resting();
    setup.behind.fail_step = Some("the device ran out of memory".into());
    let mut window = opened(setup);
    let first = add(&mut window, "first.png", "300");
    let second = add(&mut window, "second.png", "300");
    until_line(&mut window, 1, "done");
    until_line(&mut window, 0, "failed");
    assert!(lines(&window)[0].contains("out of memory"), "{:?}", lines(&window));
    assert!(!first.exists() && second.exists());
    window.harness.get_by_label_contains("Try again").click();
    until_line(&mut window, 0, "done");
    assert!(first.exists());
}

#[test]
fn the_tab_key_goes_through_a_lines_buttons_from_left_to_right() {
    let mut setup = resting();
    setup.behind.slow = Duration::from_millis(200);
    let mut window = opened(setup);
    for name in ["a.png", "b.png", "c.png", "d.png"] {
        add(&mut window, name, "300");
    }
    let rows: Vec<_> = window.harness.query_all_by_role(egui::Role::ListItem).collect();
    rows[2].focus();
    drop(rows);
    window.steps(2);
    let stops = tab_on(&mut window, 3);
    let names: Vec<&str> = stops.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["Sooner: Chelsea in Swirl", "Later: Chelsea in Swirl", "Remove Chelsea in Swirl"]);
    assert!(stops.is_sorted_by(|a, b| a.1 < b.1), "{stops:?}");
}

#[test]
fn items_are_cancelled_moved_and_removed_by_keys_and_buttons() {
    let mut setup = resting();
    setup.behind.slow = Duration::from_millis(200);
    let mut window = opened(setup);
    let a = add(&mut window, "a.png", "300");
    until_line(&mut window, 0, " of 60");
    for name in ["b.png", "c.png", "d.png"] {
        add(&mut window, name, "300");
    }
    let files = |window: &Window| -> Vec<String> {
        let lines = lines(window);
        let file = |line: &String| line.split_whitespace().last().unwrap().trim_matches('.').to_owned();
        lines.iter().skip(1).map(file).collect()
    };
    assert_eq!(files(&window), ["b.png", "c.png", "d.png"]);
    // The last line: with the keyboard two places up, then out.
    let rows: Vec<_> = window.harness.query_all_by_role(egui::Role::ListItem).collect();
    rows[3].focus();
    drop(rows);
    window.steps(3);
    let focused = |window: &Window| {
        let mut rows = window.harness.query_all_by_role(egui::Role::ListItem);
        rows.position(|row| row.accesskit_node().is_focused())
    };
    assert_eq!(focused(&window), Some(3));
    for _ in 0..2 {
        window.harness.key_press_modifiers(Modifiers::ALT, Key::ArrowUp);
        window.steps(3);
    }
    assert_eq!(
        (files(&window), focused(&window)),
        (["d.png", "b.png", "c.png"].map(String::from).to_vec(), Some(1))
    );
    window.harness.key_press(Key::ArrowDown);
    window.steps(3);
    window.harness.key_press(Key::Delete);
    window.steps(3);
    assert_eq!(files(&window), ["d.png", "c.png"]);
    // Dragged before the other.
    let at = |window: &Window, index: usize| {
        window.harness.query_all_by_role(egui::Role::ListItem).nth(index).unwrap().rect()
    };
    let (from, to) = (at(&window, 2).left_center(), at(&window, 1).left_top());
    window.harness.hover_at(from + egui::vec2(8.0, 0.0));
    window.steps(1);
    window.harness.event(Event::PointerButton {
        pos: from + egui::vec2(8.0, 0.0),
        button: egui::PointerButton::Primary,
        pressed: true,
        modifiers: Modifiers::NONE,
    });
    window.steps(2);
    window.harness.hover_at(to + egui::vec2(8.0, 20.0));
    window.steps(2);
    window.harness.hover_at(to + egui::vec2(8.0, 4.0));
    window.steps(2);
    window.harness.event(Event::PointerButton {
        pos: to + egui::vec2(8.0, 4.0),
        button: egui::PointerButton::Primary,
        pressed: false,
        modifiers: Modifiers::NONE,
    });
    window.steps(4);
    assert_eq!(files(&window), ["c.png", "d.png"]);
    window.harness.get_by_label_contains("Cancel Chelsea").click();
    until_line(&mut window, 0, "cancelled");
    assert!(!a.exists());
    slow(&window, 1);
    until_line(&mut window, 1, "done");
    until_line(&mut window, 2, "done");
}

#[test]
fn what_was_left_is_there_again_and_begins_when_it_is_told_to() {
    let mut setup = resting();
    setup.behind.slow = Duration::from_millis(200);
    let mut window = opened(setup);
    let a = add(&mut window, "a.png", "300");
    let b = add(&mut window, "b.png", "320");
    until_line(&mut window, 0, " of 60");
    let folder = window.close();
    assert!(!a.exists());
    // A painter that is late holds the queue a little longer than its window.
    let began = Instant::now();
    while let Err(error) = QueueStore::open(&folder.path().join("queue")) {
        assert!(began.elapsed() < PATIENCE, "{error}");
        std::thread::sleep(Duration::from_millis(10));
    }

    let mut window = resting().open_in(folder);
    window.until("it is told", |harness, _| {
        harness.query_all_by_label_contains("has 2 paintings left from last time").next().is_some()
    });
    window.harness.key_press(Key::Q);
    window.until("the list is there", |harness, _| {
        harness.query_all_by_label_contains("On hold").next().is_some()
    });
    window.steps(20);
    assert!(window.behind.lock().unwrap().jobs.is_empty());
    window.harness.get_by_label("Go on").click();
    until_line(&mut window, 1, "done");
    assert_eq!(
        window.behind.lock().unwrap().jobs.iter().map(|job| job.settings.size).collect::<Vec<_>>(),
        [300, 320]
    );
    assert!(a.exists() && b.exists());
}

#[test]
fn another_window_leaves_the_queue_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = QueueStore::open(&folder.path().join("queue")).unwrap();
    let mut window = resting().open_in(folder);
    window.harness.key_press(Key::Q);
    window.until("it is told", |harness, _| {
        harness.query_all_by_label_contains("Another window of Impasto has the queue").next().is_some()
    });
    drop(store);
    window.harness.get_by_label("Try again to open the queue").click();
    window.until("it is there", |harness, _| harness.query_by_label("Add this painting…").is_some());
}

#[test]
fn pasted_pictures_are_kept_until_they_are_painted() {
    let folder = tempfile::tempdir().unwrap();
    let queue = folder.path().join("queue");
    std::fs::create_dir(&queue).unwrap();
    let pasted = Picture::from_rgba("pasted picture", 60, 40, [9, 8, 7, 255].repeat(60 * 40)).unwrap();
    let content = QueueStore::keep(&queue, &pasted).unwrap();
    let styles = vec![ItemStyle { source: ItemSource::Example("Swirl".into()), mix: StyleMix::default() }];
    let settings = Settings { size: 64, steps: 3, ..Settings::default() };
    let item = Item {
        id: 1,
        without_recipe: true,
        state: ItemState::Painting,
        ..Item::new(content, styles, folder.path().join("pasted.png"), settings)
    };
    QueueStore::open(&queue).unwrap().write(vec![item]).unwrap();
    let mut window = resting().open_in(folder);
    window.harness.key_press(Key::Q);
    window.until("the list is there", |harness, _| harness.query_by_label("Go on").is_some());
    window.until("it is done", |harness, _| harness.query_by_label_contains("Finished.").is_some());
    window.harness.get_by_label("Go on").click();
    until_line(&mut window, 0, "done");
    let job = window.behind.lock().unwrap().jobs[0].clone();
    assert_eq!((job.inputs.content.sha256, job.inputs.content.rgb.clone()), (pasted.sha256, pasted.rgb));
    assert!(recipe::read_file(&window.folder.path().join("pasted.png")).is_err(), "without its recipe");
}

fn pictures(folder: &Path, names: &[&str]) -> PathBuf {
    std::fs::create_dir_all(folder).unwrap();
    for (index, name) in names.iter().enumerate() {
        let shade = image::Rgb([20 * index as u8, 90, 30]);
        image::RgbImage::from_pixel(40, 30, shade).save(folder.join(name)).unwrap();
    }
    folder.to_owned()
}

#[test]
fn folders_are_queued_in_all_pairs_or_matched_and_named_as_a_batch_names_them() {
    let mut window = opened(resting());
    let root = window.folder.path().to_owned();
    let contents = pictures(&root.join("contents"), &["cat.png", "dog.png"]);
    let styles = pictures(&root.join("styles"), &["wave.png", "star.png", "leaf.png"]);
    fs::write(contents.join("notes.txt"), "").unwrap();
    fs::create_dir(contents.join("more")).unwrap();
    let out = root.join("out");
    window.harness.get_by_label("Add folders to the queue…").click();
    window.steps(4);
    assert!(has(&window, "Choose what is to be painted"));
    let shown = out.display().to_string();
    for (button, path, sign) in [
        ("Add a folder of contents", &contents, "Forget the contents"),
        ("Add a folder of styles", &styles, "Forget the styles"),
        ("Choose the folder: Into", &out, shown.as_str()),
    ] {
        window.dialogs.will_pick(path);
        window.harness.get_by_label(button).click();
        window.until("it is chosen", |harness, _| harness.query_all_by_label_contains(sign).next().is_some());
        window.steps(3);
    }
    window.until("they are counted", |harness, _| harness.query_by_label("Add 6 paintings").is_some());
    assert!(has(
        &window,
        "Left out: 1 file that cannot be painted from (notes.txt), 1 folder in them (more)"
    ));
    window.harness.get_by_label("Matched").click();
    window.until("it is refused", |harness, _| {
        harness.query_all_by_label_contains("2 contents and 3 styles cannot be matched").next().is_some()
    });
    window.harness.get_by_label("All pairs").click();
    window.until("they are counted", |harness, _| harness.query_by_label("Add 6 paintings").is_some());
    enter(&mut window, "Final size", "200");
    window.harness.get_by_label("Add 6 paintings").click();
    let made = [
        "cat in leaf.png",
        "cat in star.png",
        "cat in wave.png",
        "dog in leaf.png",
        "dog in star.png",
        "dog in wave.png",
    ];
    window.until("all are painted", |_, _| made.iter().all(|name| out.join(name).exists()));
    window.until("all is over", |harness, _| harness.query_by_label("All is painted").is_some());
    assert!(window.behind.lock().unwrap().jobs.iter().all(|job| job.settings.size == 200));
    assert_eq!(recipe::read_file(&out.join(made[2])).unwrap().0.content().name, "cat.png");
}

#[test]
fn every_part_is_found_in_the_palette_and_escape_leads_back() {
    let mut window = opened(resting());
    window.harness.key_press(Key::Escape);
    window.steps(3);
    assert!(window.harness.query_by_label("Add this painting…").is_none());
    for (typed, seen) in [
        ("add this painting to", "Add this painting to the queue"),
        ("add folders", "Add folders to the queue"),
    ] {
        window.harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
        window.steps(3);
        window.harness.event(Event::Text(typed.to_owned()));
        window.steps(3);
        window.harness.key_press(Key::Enter);
        window.steps(4);
        assert!(window.harness.query_all_by_label_contains(seen).next().is_some(), "{typed}");
        window.harness.key_press(Key::Escape);
        window.steps(3);
    }
}
