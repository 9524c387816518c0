//! Playlists: put together on their page, saved and opened, played, and what they get over.

use std::{fs, path::Path, time::Duration};

use crate::window_support::{Log, Setup, Window, has, picture_file};
use egui::{Key, Modifiers, ViewportCommand};
use egui_kittest::kittest::Queryable as _;
use impasto_engine::session::Start;

fn slow() -> Setup {
    Setup { log: Log { slow: Duration::from_millis(3), ..Log::default() }, ..Setup::default() }
}

fn click(window: &mut Window, label: &str) {
    window.harness.get_by_label(label).click();
    window.steps(4);
}

/// Opens a playlist of this text.
fn opened(window: &mut Window, text: &str) {
    let path = window.folder.path().join("evening.toml");
    fs::write(&path, text).unwrap();
    window.harness.key_press(Key::F9);
    window.steps(4);
    window.dialogs.will_pick(&path);
    click(window, "Open a playlist");
    window.until("it is open", |harness, _| harness.query_by_label("evening.toml").is_some());
    window.steps(3);
}

fn entry(content: &str, rest: &str) -> String {
    format!(
        "[[entries]]\n{rest}content = {{ {content} }}\nstyles = [{{ picture = {{ example = \"Swirl\" }} }}]\n"
    )
}

fn last_content(log: &Log) -> Option<&str> {
    log.jobs.last().map(|job| job.inputs.content.name.as_str())
}

/// Whether the window was asked for the full screen in the last frame.
fn asked_for_full_screen(window: &Window) -> bool {
    let output = window.harness.output().viewport_output.values();
    output.flat_map(|viewport| &viewport.commands).any(|c| matches!(c, ViewportCommand::Fullscreen(true)))
}

#[test]
fn a_playlist_is_put_together_saved_and_opened_again() {
    let mut window = slow().open();
    window.until_painting();
    window.harness.key_press(Key::F9);
    window.steps(4);
    assert!(has(&window, "Nothing yet"));
    click(&mut window, "Add current painting");
    click(&mut window, "Add current painting");
    assert!(has(&window, "1  Chelsea in Swirl") && has(&window, "2  Chelsea in Swirl"));
    click(&mut window, "Painting 2 until finished");
    click(&mut window, "Settings of painting 2: Own settings");
    click(&mut window, "Bold strokes");
    click(&mut window, "Painting 2 earlier");
    assert!(has(&window, "Settings of painting 1: Bold strokes"));
    let path = window.folder.path().join("list.toml");
    // The dialog has asked whether to replace it.
    fs::write(&path, "old").unwrap();
    window.dialogs.will_pick(&path);
    click(&mut window, "Save the playlist");
    let wanted = path.clone();
    window.until("it is saved", move |_, _| fs::read_to_string(&wanted).is_ok_and(|text| text != "old"));
    let text = fs::read_to_string(&path).unwrap();
    let table: toml::Table = text.parse().unwrap();
    let entries = table["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[0]["preset"].as_str(), Some("Bold strokes"));
    assert!(entries[0].get("seconds").is_none() && entries[0].get("settings").is_none());
    assert_eq!(entries[1]["seconds"].as_float(), Some(60.0));
    assert_eq!(entries[1]["settings"]["size"].as_integer(), Some(256));
    click(&mut window, "Remove painting 1");
    assert!(has(&window, "1  Chelsea in Swirl") && !has(&window, "2  Chelsea in Swirl"));
    assert!(has(&window, "list.toml, changed"));

    let mut other = slow().open();
    other.until_painting();
    let text = fs::read_to_string(&path).unwrap();
    opened(&mut other, &text);
    assert!(has(&other, "2  Chelsea in Swirl") && has(&other, "Settings of painting 1: Bold strokes"));
    // What is no playlist is told, and the list stays.
    let strange = other.folder.path().join("strange.toml");
    fs::write(&strange, "tempo = 3").unwrap();
    other.dialogs.will_pick(&strange);
    click(&mut other, "Open a playlist");
    other.until("it is told", |harness, _| {
        harness.query_all_by_label_contains("strange.toml").next().is_some()
    });
    assert!(has(&other, "2  Chelsea in Swirl"));
}

#[test]
fn what_was_done_to_the_list_is_undone_on_its_page_and_nothing_else_with_it() {
    let mut window = slow().open();
    window.until_painting();
    let told = window.log.lock().unwrap().updates.len();
    window.harness.key_press(Key::F9);
    window.steps(4);
    click(&mut window, "Add current painting");
    click(&mut window, "Add current painting");
    click(&mut window, "Painting 1 until finished");
    click(&mut window, "Remove painting 1");
    assert!(!has(&window, "2  Chelsea in Swirl") && has(&window, "Seconds of painting 1"));
    // By key: it is there again as it was, in its place.
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.steps(4);
    assert!(has(&window, "2  Chelsea in Swirl") && !has(&window, "Seconds of painting 1"));
    // By button, back to nothing and on again.
    for _ in 0..3 {
        click(&mut window, "Undo the playlist");
    }
    assert!(has(&window, "Nothing yet"));
    for _ in 0..2 {
        window.harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
        window.steps(4);
    }
    click(&mut window, "Redo the playlist");
    assert!(has(&window, "2  Chelsea in Swirl") && !has(&window, "Seconds of painting 1"));
    // A list that is opened takes the place of this one, which is not lost.
    let path = window.folder.path().join("evening.toml");
    fs::write(&path, entry("example = \"Coffee\"", "")).unwrap();
    window.dialogs.will_pick(&path);
    click(&mut window, "Open a playlist");
    window.until("it is open", |harness, _| harness.query_by_label("evening.toml").is_some());
    window.steps(3);
    assert!(has(&window, "1  Coffee in Swirl") && !has(&window, "2  "));
    click(&mut window, "Undo the playlist");
    assert!(has(&window, "2  Chelsea in Swirl"));
    // The painting's own history has seen nothing of this.
    assert_eq!(window.log.lock().unwrap().updates.len(), told);
    assert_eq!(window.jobs(), 1);
}

#[test]
fn a_pasted_picture_cannot_be_listed_and_that_is_said() {
    let mut window = slow().open();
    window.until_painting();
    let pasted = egui::ColorImage::filled([40, 30], egui::Color32::from_rgb(9, 8, 7));
    window.harness.event(egui::Event::PasteImage(std::sync::Arc::new(pasted)));
    window.until("it is asked", |harness, _| harness.query_by_label_contains("Use the picture").is_some());
    window.steps(3);
    click(&mut window, "Use as style");
    window.until("it is painted", |_, log| log.styles() == ["pasted picture"]);
    window.harness.key_press(Key::F9);
    window.steps(4);
    click(&mut window, "Add current painting");
    assert!(has(&window, "Pasted picture is in no file") && has(&window, "Nothing yet"));
}

#[test]
fn a_playlist_plays_on_the_full_screen_and_skips_what_is_missing() {
    let mut window = slow().open();
    window.until_painting();
    let meadow = picture_file(&window, "meadow.png", (60, 40), 200);
    let file = |path: &Path| format!("file = '{}'", path.display());
    let text = [
        "fade = 1.0\n".to_owned(),
        entry("example = \"Chelsea\"", "seconds = 5.0\npreset = \"Bold strokes\"\n"),
        entry(&file(&meadow.with_file_name("gone.png")), "seconds = 5.0\n"),
        entry(&file(&meadow), "seconds = 5.0\npreset = \"of somebody else\"\n"),
        entry("file = 'meadow.png'", "seconds = 5.0\n"),
    ];
    opened(&mut window, &text.concat());
    let before = window.job(0).settings;
    window.harness.get_by_label("Play").click();
    let mut asked = false;
    for _ in 0..6 {
        window.steps(1);
        asked |= asked_for_full_screen(&window);
    }
    assert!(asked, "it goes to the full screen");
    window.until("the first is painted", |_, log| log.jobs.len() == 2);
    let first = window.job(1);
    assert_eq!((first.start, first.inputs.content.name.as_str()), (Start::Beginning, "Chelsea"));
    assert_eq!(first.settings.style_weight, 1.25, "the preset's");
    window.until("the second is skipped", |harness, _| {
        harness.query_all_by_label_contains("Skipped gone in Swirl").next().is_some()
    });
    assert!(has(&window, "gone.png"), "the file is named");
    window.until("the third is skipped", |harness, _| {
        harness.query_all_by_label_contains("there is no preset called “of somebody else”").next().is_some()
    });
    window.until("the fourth is painted", |_, log| log.jobs.len() == 3);
    let fourth = window.job(2);
    assert_eq!((fourth.start, fourth.inputs.content.name.as_str()), (Start::Beginning, "meadow.png"));
    assert_eq!(fourth.settings, before, "without a preset the settings are those from before the playlist");
    assert!(!has(&window, "Swap content and style"), "the picture is alone");
    window.until("it begins again", |_, log| log.jobs.len() == 4);
    assert_eq!(window.job(3).inputs.content.name, "Chelsea");
    // Who wants the next one now gets it.
    window.steps(10);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::ArrowRight);
    window.until("the next", |_, log| log.jobs.len() == 5);
    assert_eq!(window.job(4).inputs.content.name, "meadow.png");
    window.harness.key_press(Key::Escape);
    window.until("it has stopped", |harness, _| {
        harness.query_all_by_label_contains("Playlist stopped: neither").next().is_some()
    });
    let jobs = window.jobs();
    for _ in 0..400 {
        window.harness.step();
    }
    assert_eq!(window.jobs(), jobs, "the painting stays the last one");
}

#[test]
fn a_playlist_gets_over_failures_by_itself() {
    let mut window = slow().open();
    window.until_painting();
    let meadow = picture_file(&window, "meadow.png", (60, 40), 200);
    let text = [
        entry("example = \"Chelsea\"", "seconds = 600.0\n"),
        entry(&format!("file = '{}'", meadow.display()), "seconds = 600.0\n"),
    ];
    opened(&mut window, &text.concat());
    click(&mut window, "Play");
    window.until("the first is painted", |_, log| log.jobs.len() == 2 && log.steps > 20);
    window.log.lock().unwrap().fail_step = Some("the device was lost".to_owned());
    window.until("it is told", |harness, _| {
        harness
            .query_all_by_label_contains("The device was lost: the next painting begins in 1 s")
            .next()
            .is_some()
    });
    window.steps(2);
    assert!(window.harness.query_by_label("Try again").is_none(), "nothing asks for a click");
    // The next engine dies when it is made, and the one after that lives.
    window.log.lock().unwrap().die_at_birth = true;
    window.until("it waits longer", |harness, _| {
        harness.query_all_by_label_contains("the next painting begins in 2 s").next().is_some()
    });
    assert!(window.harness.query_by_label("Start the engine again").is_none());
    let jobs = window.jobs();
    window.until("the one after that is painted", |_, log| log.jobs.len() > jobs);
    let steps = window.log.lock().unwrap().steps;
    window.until("it goes on", |_, log| log.steps > steps + 10);
    assert_eq!(last_content(&window.log.lock().unwrap()), Some("Chelsea"));
    assert!(!has(&window, "Swap content and style"), "still on the full screen");
}

#[test]
fn a_list_that_is_not_repeated_ends_and_one_of_nothing_does_not_spin() {
    let mut window = slow().open();
    window.until_painting();
    opened(&mut window, &format!("loop = false\n{}", entry("example = \"Chelsea\"", "seconds = 5.0\n")));
    // In the second window, and the first stays as it is.
    click(&mut window, "Done");
    window.harness.key_press(Key::F10);
    window.steps(3);
    window.harness.key_press(Key::F9);
    window.steps(3);
    click(&mut window, "Play");
    window.until("it is painted", |_, log| log.jobs.len() == 2);
    assert!(has(&window, "Swap content and style"), "there is no full screen");
    window.until("it is over", |harness, _| {
        harness.query_all_by_label_contains("The playlist is over").next().is_some()
    });
    window.until("the painting goes on", |_, log| log.steps > 50);
    let gone = entry("file = '/nowhere/gone.png'", "");
    fs::write(window.folder.path().join("evening.toml"), gone).unwrap();
    window.harness.key_press(Key::F9);
    window.steps(4);
    window.dialogs.will_pick(&window.folder.path().join("evening.toml"));
    click(&mut window, "Open a playlist");
    window.until("it is asked", |harness, _| harness.query_by_label("Open them").is_some());
    window.steps(3);
    click(&mut window, "Open them");
    window.until("it is open", |harness, _| {
        harness.query_all_by_label_contains("1  gone in Swirl").next().is_some()
    });
    click(&mut window, "Play");
    window.until("it is skipped", |harness, _| {
        harness.query_all_by_label_contains("Skipped gone in Swirl").next().is_some()
    });
    window.steps(40);
    let count = window.harness.query_all_by_label_contains("Skipped").count();
    assert!(count <= 1, "it waits before it looks again: {count}");
}

#[test]
fn a_painting_that_is_to_be_finished_gives_way_when_it_is() {
    let mut window = slow().open();
    window.until_painting();
    let whole = format!("{}[entries.settings]\nsteps = 30\nsize = 256\n", entry("example = \"Chelsea\"", ""));
    opened(&mut window, &format!("{whole}{}", entry("example = \"Rocket\"", "")));
    click(&mut window, "Play");
    window.until("the first is painted", |_, log| log.jobs.len() == 2);
    assert_eq!(window.job(1).settings.steps, 30);
    window.until("it is finished, and the second begins", |_, log| log.jobs.len() == 3);
    assert_eq!(window.job(2).inputs.content.name, "Rocket");
}

#[test]
fn the_screen_stays_awake_while_it_is_looked_at() {
    let mut window = slow().open();
    window.until_painting();
    let told = |window: &Window| window.awake.0.lock().unwrap().clone();
    assert!(told(&window).is_empty(), "painting alone keeps no screen awake, unless that is wanted");
    window.harness.key_press(Key::F11);
    window.steps(3);
    assert_eq!(told(&window), [true]);
    window.harness.key_press(Key::F10);
    window.steps(3);
    window.harness.key_press(Key::Escape);
    window.steps(3);
    assert_eq!(told(&window), [true], "the second window is still there");
    window.harness.key_press(Key::F10);
    window.steps(3);
    assert_eq!(told(&window), [true, false]);
    // On wish while it paints, and no longer when it rests.
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
    window.steps(3);
    window.harness.event(egui::Event::Text("keep the screen awake".to_owned()));
    window.steps(3);
    window.harness.key_press(Key::Enter);
    window.until("it is awake", |_, _| true);
    window.steps(4);
    assert_eq!(told(&window), [true, false, true]);
    window.harness.key_press(Key::Space);
    window.until("it is paused", |harness, _| harness.query_by_label_contains("Paused.").is_some());
    window.steps(3);
    assert_eq!(told(&window), [true, false, true, false]);
    let awake = std::sync::Arc::clone(&window.awake);
    window.close();
    assert_eq!(awake.0.lock().unwrap().last(), Some(&false));
}
