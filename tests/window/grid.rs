//! The grid's page, with a fake engine in front of the window and another one behind it.

use std::time::Duration;

use crate::window_support::{Log, Setup, Window, hands::resting, has};
use egui::{Event, Key, Modifiers, Role};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use impasto_core::picture::Picture;

fn opened(setup: Setup) -> Window {
    let mut window = setup.open();
    window.until("it is done", |harness, _| harness.query_by_label_contains("Finished.").is_some());
    window.harness.key_press(Key::G);
    window.steps(4);
    window
}

fn replace(window: &mut Window, field: &str, text: &str) {
    window.harness.get_by_label(field).click();
    window.steps(3);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    window.steps(2);
    window.harness.event(Event::Text(text.to_owned()));
    window.steps(3);
}

/// Chooses the setting of an axis with the keyboard.
fn choose(window: &mut Window, axis: &str, typed: &str) {
    let named = format!("Setting, {axis}:");
    window
        .harness
        .get_by(|node| {
            node.role() == Role::ComboBox && node.label().is_some_and(|label| label.starts_with(&named))
        })
        .click();
    window.steps(4);
    window.harness.event(Event::Text(typed.to_owned()));
    window.steps(3);
    window.harness.key_press(Key::Enter);
    window.steps(4);
}

fn steps_of_cells(window: &mut Window, steps: &str) {
    let is = |window: &Window| {
        let field = window.harness.get_by(|node| {
            node.label().as_deref() == Some("Steps of a cell") && node.role() == Role::SpinButton
        });
        field.accesskit_node().numeric_value() == steps.parse().ok()
    };
    // A click right after another one may count as the second of two.
    for _ in 0..5 {
        crate::window_support::enter(window, "Steps of a cell", steps);
        window.steps(30);
        if is(window) {
            return;
        }
    }
    panic!("the steps are not {steps}");
}

/// Paints style β 1, 4, 16 by the size of a cell, 64 and 128.
fn painted(setup: Setup) -> Window {
    let mut window = opened(setup);
    replace(&mut window, "Values, across", "1, 4, 16");
    choose(&mut window, "down", "size");
    replace(&mut window, "Values, down", "64-128 [2]");
    steps_of_cells(&mut window, "5");
    window.until("it is counted", |harness, _| harness.query_by_label("6 pictures").is_some());
    window.harness.get_by_label("Paint the grid").click();
    window
}

fn until_behind(window: &mut Window, what: &str, done: impl Fn(&Log) -> bool) {
    let behind = window.behind.clone();
    window.until(what, |_, _| done(&behind.lock().unwrap()));
}

#[test]
fn an_empty_page_says_what_a_grid_is_for_and_has_some_to_begin_with() {
    let mut window = opened(resting());
    assert!(has(&window, "with one setting varied from left to right"));
    window.harness.get_by_label("What does each layer do?").click();
    window.until("it is counted", |harness, _| harness.query_by_label("5 pictures").is_some());
    assert!(has(&window, "Setting, across: Style layer alone") && has(&window, "Setting, down: none"));
    window.harness.get_by_label("Paint the grid").click();
    until_behind(&mut window, "the layers are painted", |log| log.jobs.len() == 5);
    let jobs = window.behind.lock().unwrap().jobs.clone();
    let layers: Vec<String> = jobs
        .iter()
        .map(|job| {
            job.settings.style_layers.layers().map(|layer| layer.to_string()).collect::<Vec<_>>().join("+")
        })
        .collect();
    assert_eq!(layers, ["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"]);
    assert!(jobs.iter().all(|job| (job.settings.size, job.settings.steps) == (192, 150)));
}

#[test]
fn what_is_wrong_with_an_axis_is_told_while_it_is_typed() {
    let mut window = opened(resting());
    for (typed, told) in
        [("1, much", "much"), ("1-x [3]", "is not a range"), ("-1", "positive"), ("", "Give it values")]
    {
        replace(&mut window, "Values, across", if typed.is_empty() { " " } else { typed });
        window.until(told, |harness, _| harness.query_all_by_label_contains(told).next().is_some());
        window.harness.get_by_label("Paint the grid").click();
        window.steps(3);
    }
    assert!(window.behind.lock().unwrap().jobs.is_empty());
    replace(&mut window, "Values, across", "1, 2");
    window.until("it is counted", |harness, _| harness.query_by_label("6 pictures").is_some());
    choose(&mut window, "down", "beta");
    window.until("twice the same is refused", |harness, _| {
        harness.query_all_by_label_contains("Both axes are the same").next().is_some()
    });
    choose(&mut window, "down", "learning rate");
    assert!(has(&window, "Setting, down: Step size"));
}

#[test]
fn cells_fill_in_with_the_expensive_axis_changing_least_and_the_painting_knows_nothing_of_it() {
    let mut window = painted(resting());
    until_behind(&mut window, "all are painted", |log| log.jobs.len() == 6);
    window.until("all are shown", |harness, _| harness.query_by_label_contains("6 of 6").is_some());
    let jobs = window.behind.lock().unwrap().jobs.clone();
    let order: Vec<_> = jobs.iter().map(|job| (job.settings.size, job.settings.style_weight)).collect();
    assert_eq!(order, [(64, 1.0), (64, 4.0), (64, 16.0), (128, 1.0), (128, 4.0), (128, 16.0)]);
    assert!(jobs.iter().all(|job| job.settings.steps == 5));
    assert!(window.harness.query_by_label("Style β 16, Size 128: painted").is_some());
    assert_eq!((window.jobs(), window.log.lock().unwrap().updates.len()), (1, 0));
}

#[test]
fn a_click_takes_a_cells_settings_hot_and_as_one_entry_of_the_history() {
    let mut setup = resting();
    setup.options.settings.as_mut().unwrap().steps = 1_000_000;
    let mut window = setup.open();
    window.until_painting();
    window.harness.key_press(Key::G);
    window.steps(4);
    replace(&mut window, "Values, across", "1, 4, 16");
    choose(&mut window, "down", "step size");
    replace(&mut window, "Values, down", "0.01, 0.02");
    steps_of_cells(&mut window, "3");
    window.until("it is counted", |harness, _| harness.query_by_label("6 pictures").is_some());
    window.harness.get_by_label("Paint the grid").click();
    let cell = "Style β 16, Step size 0.02: painted";
    window.until("it is painted", |harness, _| harness.query_by_label(cell).is_some());
    window.until("all are", |harness, _| harness.query_by_label_contains("6 of 6").is_some());
    window.harness.get_by_label(cell).click();
    window.until("the painting follows", |_, log| {
        log.updates.last().is_some_and(|(s, _)| (s.style_weight, s.learning_rate) == (16.0, 0.02))
    });
    let (settings, _) = window.log.lock().unwrap().updates.last().unwrap().clone();
    assert_eq!((settings.size, settings.steps, window.jobs()), (256, 1_000_000, 1));
    window.steps(3);
    assert!(has(&window, "Style β 16, Step size 0.02: taken for the painting"));
    window.harness.key_press(Key::Escape);
    window.steps(2);
    window.harness.key_press(Key::Escape);
    window.steps(3);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::H);
    window.steps(3);
    assert!(window.harness.query_by_label("Grid: Style β 16, Step size 0.02").is_some());
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.until("it is taken back", |_, log| {
        log.updates.last().is_some_and(|(s, _)| (s.style_weight, s.learning_rate) == (1.0, 0.03))
    });
}

#[test]
fn the_keyboard_looks_at_cells_and_takes_one() {
    let mut window = painted(resting());
    window.until("all are shown", |harness, _| harness.query_by_label_contains("6 of 6").is_some());
    window.harness.get_by_label("Style β 4, Size 64: painted").focus();
    window.steps(3);
    assert!(has(&window, "The cell that is looked at: Style β 4, Size 64"));
    window.harness.key_press(Key::ArrowRight);
    window.steps(3);
    assert!(has(&window, "The cell that is looked at: Style β 16, Size 64"));
    window.harness.key_press(Key::Enter);
    // Another size is another run, as when it is set by hand.
    window.until("it is taken", |_, log| {
        log.jobs.last().is_some_and(|job| (job.settings.style_weight, job.settings.size) == (16.0, 64))
    });
}

#[test]
fn a_grid_is_cancelled_and_kept_as_far_as_it_is() {
    let mut setup = resting();
    setup.behind.slow = Duration::from_millis(150);
    let mut window = painted(setup);
    window.until("one is there", |harness, _| harness.query_by_label_contains(" of 6, about").is_some());
    window.harness.get_by_label("Cancel the grid").click();
    window
        .until("it is told", |harness, _| harness.query_all_by_label_contains("cancelled").next().is_some());
    window.steps(20);
    let jobs = window.behind.lock().unwrap().jobs.len();
    window.steps(30);
    assert!(jobs < 6 && window.behind.lock().unwrap().jobs.len() == jobs);
    // It is still there when one comes back.
    window.harness.key_press(Key::G);
    window.steps(3);
    window.harness.key_press(Key::G);
    window.steps(3);
    assert!(window.harness.query_by_label("Style β 1, Size 64: painted").is_some());
}

#[test]
fn a_cell_that_fails_says_why_and_the_others_are_painted() {
    let mut setup = resting();
    setup.behind.fail_step = Some("the loss is not a number".into());
    let mut window = painted(setup);
    window
        .until("the others are", |harness, _| harness.query_by_label_contains("5 of 6, 1 failed").is_some());
    window.harness.get_by_label("Style β 1, Size 64: failed").focus();
    window.steps(3);
    assert!(has(&window, "not a number"));
}

#[test]
fn a_grid_is_saved_as_one_picture_and_takes_nobodys_name() {
    let mut window = painted(resting());
    window.until("all are shown", |harness, _| harness.query_by_label_contains("6 of 6").is_some());
    // What the dialog has asked about is replaced; where it cannot be shown, a free name is taken beside it.
    let path = window.folder.path().join("grid.png");
    std::fs::write(&path, b"old").unwrap();
    let free = ["Chelsea in Swirl, grid.png", "Chelsea in Swirl, grid-2.png"];
    for (index, name) in ["grid.png", free[0], free[1]].into_iter().enumerate() {
        if index == 0 {
            window.dialogs.will_pick(&path);
        }
        window.harness.get_by_label("Save the grid as one picture…").click();
        let expected = window.folder.path().join(name);
        window.until("it is saved", |_, _| Picture::open(&expected).is_ok());
        let (width, height) = Picture::open(&expected).unwrap().dimensions();
        assert!(width > 3 * 192 && height > 2 * 128, "{width} × {height}");
    }
    assert!(!window.folder.path().join("grid-2.png").exists());
    assert_eq!(window.dialogs.asked.lock().unwrap().last().unwrap(), "save Chelsea in Swirl, grid.png");
}

#[test]
fn cells_are_painted_while_the_queue_waits_and_between_the_steps_of_its_painting() {
    let mut setup = resting();
    // The queue's painting lasts longer than it takes to fill in the form.
    setup.behind.slow = Duration::from_millis(200);
    let mut window = setup.open();
    window.until("it is done", |harness, _| harness.query_by_label_contains("Finished.").is_some());
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    window.steps(4);
    let folder = window.folder.path().to_owned();
    window.dialogs.will_pick(&folder);
    window.harness.get_by_label("Choose the folder: Folder").click();
    let shown = folder.display().to_string();
    window.until("the folder is chosen", |harness, _| {
        harness.query_all_by_label_contains(&shown).next().is_some()
    });
    window.harness.get_by_label("Add to the queue").click();
    until_behind(&mut window, "the queue paints", |log| log.jobs.len() == 1 && log.steps > 0);
    window.harness.key_press(Key::G);
    window.steps(4);
    replace(&mut window, "Values, across", "1, 4");
    choose(&mut window, "down", "seed");
    replace(&mut window, "Values, down", "5");
    steps_of_cells(&mut window, "2");
    window.until("it is counted", |harness, _| harness.query_by_label("2 pictures").is_some());
    window.harness.get_by_label("Paint the grid").click();
    window.until("both are there", |harness, _| harness.query_by_label_contains("2 of 2").is_some());
    assert!(!folder.join("Chelsea in Swirl.png").exists(), "the queue's painting is still in hand");
    window.behind.lock().unwrap().slow = Duration::from_millis(1);
    let output = folder.join("Chelsea in Swirl.png");
    window.until("it is done as well", |_, _| output.exists());
    let jobs = window.behind.lock().unwrap().jobs.clone();
    assert_eq!(jobs.iter().map(|job| job.settings.seed).collect::<Vec<_>>(), [0, 5, 5]);
    let names: Vec<_> =
        window.harness.query_all_by_role(Role::Button).filter_map(|n| n.accesskit_node().label()).collect();
    assert!(names.iter().any(|name| name == "Style β 4, Seed 5: painted"), "{names:?}");
}
