//! What the layers hold, in the mixer's strips and on the lab's contact sheets, in front of a fake engine.

use crate::window_support::{Log, Setup, Window, has};
use egui::Key;
use egui_kittest::kittest::Queryable as _;

/// A window whose engine makes each extract in so many slices.
fn setup(slices: u32) -> Setup {
    let log = Log { extract_slices: slices, ..Log::default() };
    Setup { log, size: [1400.0, 900.0], ..Setup::default() }
}

fn pause(window: &mut Window) {
    window.until_painting();
    window.harness.key_press(Key::Space);
    window.until("it is paused", |harness, _| harness.query_by_label_contains("Paused.").is_some());
}

/// Steps until this many different extracts were made.
#[track_caller]
fn until_made(window: &mut Window, count: usize) {
    window.until("they are made", |harness, log| {
        let mut keys: Vec<&String> = log.extracted.iter().map(|(key, _)| key).collect();
        keys.sort();
        keys.dedup();
        // And the window has heard of it.
        let awaits = |words: &str| harness.query_all_by_label_contains(words).next().is_some();
        keys.len() >= count
            && log.extracted.len() >= count * log.extract_slices as usize
            && !awaits("layer picture")
    });
    window.steps(20);
}

fn slices(window: &Window) -> usize {
    window.log.lock().unwrap().extracted.len()
}

/// The picture of a strip, by its whole name.
fn is_made(window: &Window, name: &str) -> bool {
    window.harness.query_by_label(name).is_some()
}

#[test]
fn the_strips_show_what_their_layers_hold_once_painting_rests() {
    let mut window = setup(3).open();
    window.until_painting();
    window.until("it is planned", |harness, _| {
        harness.query_by_label("7 layer pictures pending (made while paused).").is_some()
    });
    window.steps(60);
    assert_eq!(slices(&window), 0, "nothing is made while it paints");
    assert!(has(&window, "The style through relu1_1, not made yet"));
    assert!(has(&window, "7 layer pictures pending (made while paused)."));
    window.harness.key_press(Key::Space);
    // Five style layers, two content layers.
    until_made(&mut window, 7);
    assert_eq!(slices(&window), 21);
    for name in ["The style through relu1_1", "The style through relu5_1", "The content through relu4_2"] {
        assert!(is_made(&window, name), "{name}");
    }
    assert!(!has(&window, "layer picture"));
    // Another layer is made as well, and only that one.
    window.harness.get_by_label("Remove style layer relu1_1").click();
    window.steps(30);
    assert_eq!(slices(&window), 21);
}

#[test]
fn what_was_made_comes_from_the_cache_the_next_time() {
    let mut window = setup(2).open();
    pause(&mut window);
    until_made(&mut window, 7);
    let cache = window.folder.path().join("cache/layers");
    // Whole files; those that are being written have other endings.
    let kept = || -> Vec<_> {
        let paths = std::fs::read_dir(&cache).into_iter().flatten().map(|entry| entry.unwrap().path());
        paths.filter(|path| path.extension().is_some_and(|ending| ending == "png")).collect()
    };
    window.until("they are kept", |_, _| kept().len() == 7);
    let folder = window.close();
    let mut window = setup(2).open_in(folder);
    pause(&mut window);
    window.until("they are there", |harness, _| {
        harness.query_by_label("The content through relu4_2").is_some()
    });
    window.steps(120);
    assert_eq!(slices(&window), 0, "nothing is computed");
    // A file that was torn is made again.
    let files = kept();
    assert_eq!(files.len(), 7);
    std::fs::write(&files[0], [0x89, b'P', b'N', b'G']).unwrap();
    let folder = window.close();
    let mut window = setup(2).open_in(folder);
    pause(&mut window);
    until_made(&mut window, 1);
    window.steps(60);
    assert_eq!(slices(&window), 2);
}

#[test]
fn who_does_not_want_to_wait_presses_a_button() {
    // The button stands below the strips.
    let mut window = Setup { size: [1400.0, 1500.0], ..setup(2) }.open();
    window.until_painting();
    window.until("the cache was looked at", |harness, _| harness.query_by_label("Make now").is_some());
    window.harness.get_by_label("Make now").click();
    until_made(&mut window, 7);
    let (first, last, steps) = {
        let log = window.log.lock().unwrap();
        (log.extracted[0].1, log.extracted[13].1, log.steps)
    };
    assert!(last >= first + 10, "it painted in between");
    assert!(has(&window, "The style through relu1_1"));
    window.until("it paints on", |_, log| log.steps > steps + 50);
    assert_eq!(slices(&window), 14);
}

#[test]
fn the_labs_sheets_fill_up_and_a_picture_is_seen_large() {
    let mut window = setup(2).open();
    pause(&mut window);
    until_made(&mut window, 7);
    window.harness.key_press(Key::L);
    window.steps(5);
    window.harness.get_by_label("The content").click();
    // All ten in the larger size.
    until_made(&mut window, 17);
    assert!(has(&window, "what is where, while lines begin to waver"));
    let place = |window: &Window| {
        window
            .harness
            .query_all_by_label("The content through relu2_2")
            .map(|node| node.rect())
            .next()
            .expect("the sheet has it")
    };
    assert!(place(&window).width() > 120.0);
    window.harness.get_by_label("The content through relu2_2").click();
    window.steps(4);
    assert!(has(&window, "The content through relu2_2, large"));
    window.harness.key_press(Key::Escape);
    window.steps(4);
    assert!(!has(&window, "large; a click goes back") && has(&window, "Painting, 96 by 64"));
    // Back to one layer: the engine looks into it again.
    window.harness.get_by_label("One layer").click();
    window.until("the lab looks", |harness, _| {
        harness.query_by_label("Gram matrix of relu3_1: painting").is_some()
    });
}

#[test]
fn a_click_on_a_strips_picture_opens_the_sheet() {
    let mut window = setup(1).open();
    pause(&mut window);
    until_made(&mut window, 7);
    window.harness.get_by_label("The style through relu3_1").click();
    // Until it is made in its larger size, it says so in between.
    window.until("it is large", |harness, _| {
        harness.query_all_by_label_contains("The style through relu3_1, large").next().is_some()
    });
    assert!(has(&window, "Whole brush strokes and how they run"));
}

#[test]
fn the_figure_is_saved_where_the_dialog_says() {
    let mut window = setup(1).open();
    pause(&mut window);
    window.harness.key_press(Key::L);
    window.steps(5);
    window.harness.get_by_label("The style").click();
    until_made(&mut window, 10);
    let path = window.folder.path().join("layers.png");
    // The dialog has asked whether to replace it.
    std::fs::write(&path, b"old").unwrap();
    window.dialogs.will_pick(&path);
    window.harness.get_by_label("Save the layers’ figure…").click();
    window.until("the figure is there", |harness, _| {
        harness.query_all_by_label_contains("Saved ").next().is_some()
    });
    assert!(window.dialogs.asked.lock().unwrap()[0].contains("Layers of Chelsea and Swirl.png"));
    let figure = image::open(&path).unwrap();
    assert!(figure.width() > 6 * 192 && figure.height() > 2 * 130, "{}×{}", figure.width(), figure.height());
    // Where no dialog can be shown it goes beside the last, under its own name.
    window.harness.get_by_label("Save the layers’ figure…").click();
    let beside = window.folder.path().join("Layers of Chelsea and Swirl.png");
    window.until("the figure is there as well", move |_, _| beside.exists());
}

#[test]
fn what_cannot_be_made_says_why_and_is_not_tried_again() {
    let mut setup = setup(2);
    setup.log.fail_extract = Some("a number is no longer finite".into());
    let mut window = setup.open();
    pause(&mut window);
    window.until("all have failed", |_, log| log.extracted.len() == 7);
    window.steps(40);
    assert_eq!(slices(&window), 7);
    assert!(has(&window, "The style through relu2_1, could not be made: a number is no longer finite"));
    window.harness.key_press(Key::Space);
    let steps = window.log.lock().unwrap().steps;
    window.until("it paints on", |_, log| log.steps > steps + 20);
}

#[test]
fn the_pictures_can_be_switched_off() {
    let mut window = setup(2).open();
    window.until_painting();
    window.harness.key_press_modifiers(egui::Modifiers::COMMAND, Key::K);
    window.steps(3);
    window.harness.event(egui::Event::Text("layer pictures".to_owned()));
    window.steps(3);
    window.harness.key_press(Key::Enter);
    window.steps(3);
    assert!(!has(&window, "The style through relu1_1"));
    window.harness.key_press(Key::Space);
    window.steps(120);
    assert_eq!(slices(&window), 0);
    let folder = window.close();
    let mut window = setup(2).open_in(folder);
    window.until_painting();
    assert!(!has(&window, "The style through relu1_1"), "that is remembered");
}

#[test]
fn other_pictures_have_other_extracts() {
    let mut window = setup(1).open();
    pause(&mut window);
    until_made(&mut window, 7);
    window.harness.get_by_label("Swap content and style").click();
    window.until("a run of the others", |_, log| log.jobs.len() == 2);
    until_made(&mut window, 14);
    let log = window.log.lock().unwrap();
    let mut keys: Vec<&String> = log.extracted.iter().map(|(key, _)| key).collect();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 14);
}
