//! Closing the window waits for what is being saved, and a signal closes it as a person does.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::window_support::{PATIENCE, Setup, Window, hands::resting, has};
use egui::{Key, Modifiers, ViewportCommand, ViewportEvent, ViewportId};
use egui_kittest::kittest::Queryable as _;
use image::{Rgb, RgbImage};

/// Whether the window has just done this.
fn did(window: &Window, command: &ViewportCommand) -> bool {
    let output = window.harness.output().viewport_output.get(&ViewportId::ROOT);
    output.is_some_and(|output| output.commands.contains(command))
}

/// A frame in which a person closes the window; whether that is held up.
fn close(window: &mut Window) -> bool {
    let viewports = &mut window.harness.input_mut().viewports;
    viewports.entry(ViewportId::ROOT).or_default().events.push(ViewportEvent::Close);
    window.harness.step();
    did(window, &ViewportCommand::CancelClose)
}

/// A window whose painting takes a while to save, and to which file.
fn saving_for_long(setup: Setup, name: &str) -> (Window, std::path::PathBuf) {
    let mut window = setup.open();
    window.until_painting();
    let noise = RgbImage::from_fn(2040, 2000, |x, y| {
        let value = (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503)).wrapping_mul(97_531) >> 7;
        Rgb([value as u8, (value >> 8) as u8, (value >> 16) as u8])
    });
    let steps = {
        let mut log = window.log.lock().unwrap();
        log.paint = Some(noise);
        log.steps
    };
    window.until("the large picture is there", |_, log| log.steps > steps + 3);
    window.harness.key_press(Key::Space);
    window.until("its size is shown", |harness, _| {
        harness.query_all_by_label_contains("2040 × 2000 px").next().is_some()
    });
    let path = window.folder.path().join(name);
    window.dialogs.will_pick(&path);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::S);
    let dialogs = Arc::clone(&window.dialogs);
    window.until("it is asked where to", |_, _| !dialogs.asked.lock().unwrap().is_empty());
    (window, path)
}

/// Closes the window until that is held up.
#[track_caller]
fn close_until_held(window: &mut Window) {
    let began = std::time::Instant::now();
    while !close(window) {
        assert!(began.elapsed() < PATIENCE, "nothing holds the window");
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}

#[test]
fn closing_waits_for_a_picture_that_is_being_saved() {
    let (mut window, path) = saving_for_long(Setup::default(), "mine.png");
    close_until_held(&mut window);
    let mut said = false;
    loop {
        window.harness.step();
        said |= window.harness.query_all_by_label_contains("mine.png…").next().is_some();
        if did(&window, &ViewportCommand::Close) {
            break;
        }
    }
    assert!(said, "it says what it waits for");
    assert_eq!(image::open(&path).unwrap().width(), 2040);
    window.steps(3);
    assert!(!close(&mut window), "now nothing holds it");
}

#[test]
fn a_save_that_fails_keeps_the_window_open() {
    let (mut window, path) = saving_for_long(Setup::default(), "mine.png");
    // By the time that the picture is encoded a folder has its name.
    close_until_held(&mut window);
    fs::create_dir(&path).unwrap();
    window.until("that is said", |harness, _| {
        assert!(
            !harness.output().viewport_output[&ViewportId::ROOT].commands.contains(&ViewportCommand::Close),
            "it closes without a word"
        );
        harness.query_all_by_label_contains("Replace the file?").next().is_some()
            || harness.query_all_by_label_contains("The picture is not saved").next().is_some()
    });
    assert!(!close(&mut window), "a person who knows can close it");
}

#[test]
fn the_frame_that_tells_of_a_file_that_is_not_written_holds_the_window() {
    let mut window = Setup::default().open();
    window.until_painting();
    // A file, where there should be a folder.
    let folder = window.folder.path().join("no folder");
    fs::write(&folder, "").unwrap();
    for (modifiers, name, said) in [
        (Modifiers::COMMAND, "mine.png", "The picture is not saved"),
        (Modifiers::COMMAND | Modifiers::SHIFT, "mine.impasto", "The project is not saved"),
    ] {
        let told = |window: &Window| window.harness.query_all_by_label_contains(said).count();
        let began = std::time::Instant::now();
        'attempts: loop {
            assert!(
                began.elapsed() < PATIENCE,
                "{said}: it does not say so while the window is being closed"
            );
            window.dialogs.will_pick(&folder.join(name));
            window.harness.key_press_modifiers(modifiers, Key::S);
            // A frame for each of the keys' events, so that every further one has a request to close.
            let before = told(&window);
            window.harness.step();
            loop {
                assert!(began.elapsed() < PATIENCE, "{said}: it does not say so");
                if told(&window) > before {
                    // It was there before the window was to be closed.
                    continue 'attempts;
                }
                let held = close(&mut window);
                if told(&window) > before {
                    assert!(held, "{said}: nobody could read it");
                    break 'attempts;
                }
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
        }
        assert!(!close(&mut window), "a person who knows can close it");
    }
}

#[test]
fn a_signal_closes_the_window_once_everything_is_saved() {
    let (mut window, path) = saving_for_long(Setup::default(), "mine.png");
    let signal = Arc::new(AtomicBool::new(false));
    window.harness.state_mut().close_on(Arc::clone(&signal));
    window.until("it is being saved", |harness, _| {
        signal.store(true, Ordering::Relaxed);
        harness.query_all_by_label_contains("mine.png…").next().is_some()
    });
    window.until("it closes", |harness, _| {
        harness.output().viewport_output[&ViewportId::ROOT].commands.contains(&ViewportCommand::Close)
    });
    assert_eq!(image::open(&path).unwrap().width(), 2040);
}

#[test]
fn an_idle_window_closes_at_once() {
    let mut window = Setup::default().open();
    window.until_painting();
    for _ in 0..20 {
        assert!(!close(&mut window), "something holds it");
    }
}

/// A window whose queue is painting.
fn queueing() -> Window {
    let mut setup = resting();
    setup.behind.slow = std::time::Duration::from_millis(150);
    let mut window = setup.open();
    window.until("it is done", |harness, _| harness.query_by_label_contains("Finished.").is_some());
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    window.steps(4);
    window.harness.get_by_label("Add to the queue").click();
    let behind = Arc::clone(&window.behind);
    window.until("the queue paints", |_, _| behind.lock().unwrap().steps > 0);
    window.steps(3);
    window
}

#[test]
fn closing_asks_while_the_queue_is_at_work() {
    let mut window = queueing();
    for _ in 0..2 {
        assert!(close(&mut window), "nobody was asked");
        for _ in 0..5 {
            window.harness.step();
            assert!(!did(&window, &ViewportCommand::Close), "it closes without an answer");
        }
        assert!(
            has(&window, "The queue has 1 painting left.") && has(&window, "begins again from its start")
        );
        window.harness.get_by_label("Stay open").click();
        window.steps(4);
        assert!(!has(&window, "Close Impasto?"));
    }
    assert!(close(&mut window));
    window.steps(3);
    window.harness.get_by_label("Close").click();
    window.until("it closes", |harness, _| {
        harness.output().viewport_output[&ViewportId::ROOT].commands.contains(&ViewportCommand::Close)
    });
    assert!(!close(&mut window), "it was answered");
}

#[test]
fn closing_asks_about_a_playlist_that_is_not_saved_and_signals_do_not() {
    let mut window = Setup::default().open();
    window.until_painting();
    let signal = Arc::new(AtomicBool::new(false));
    window.harness.state_mut().close_on(Arc::clone(&signal));
    window.harness.key_press(Key::F9);
    window.steps(4);
    window.harness.get_by_label("Add current painting").click();
    window.steps(4);
    window.harness.key_press(Key::Escape);
    window.steps(4);
    assert!(close(&mut window), "nobody was asked");
    window.steps(3);
    assert!(has(&window, "The playlist is not saved."));
    signal.store(true, Ordering::Relaxed);
    window.until("it closes", |harness, _| {
        harness.output().viewport_output[&ViewportId::ROOT].commands.contains(&ViewportCommand::Close)
    });
}

#[test]
fn closing_asks_while_a_file_dialog_is_open_and_closes_when_it_has_ended() {
    let mut window = Setup::default().open();
    window.until_painting();
    window.dialogs.open.store(true, Ordering::SeqCst);
    window.dialogs.will_be_cancelled();
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::S);
    window.steps(4);
    assert!(close(&mut window), "nobody was asked");
    window.steps(3);
    assert!(has(&window, "A file dialog is open"));
    window.dialogs.open.store(false, Ordering::SeqCst);
    window.until("it closes", |harness, _| {
        harness.output().viewport_output[&ViewportId::ROOT].commands.contains(&ViewportCommand::Close)
    });
}

#[test]
fn an_answer_that_needs_another_one_keeps_the_window_open() {
    let mut window = Setup::default().open();
    window.until_painting();
    window.until("it is shown", |harness, _| {
        harness.query_all_by_label_contains("Painting, 96 by 64").next().is_some()
    });
    let folder = window.folder.path().to_owned();
    fs::write(folder.join("mine.png"), b"old").unwrap();
    window.dialogs.open.store(true, Ordering::SeqCst);
    window.dialogs.will_pick(&folder.join("mine"));
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::S);
    window.steps(4);
    assert!(close(&mut window), "nobody was asked");
    window.steps(3);
    assert!(has(&window, "A file dialog is open"));
    window.dialogs.open.store(false, Ordering::SeqCst);
    window.until("it asks about the file", |harness, _| {
        assert!(
            !harness.output().viewport_output[&ViewportId::ROOT].commands.contains(&ViewportCommand::Close),
            "it closes without a word"
        );
        harness.query_by_label("Replace the file?").is_some()
    });
    assert!(close(&mut window), "the picture would be lost");
    window.steps(3);
    assert!(has(&window, "mine.png exists already: what was to be saved"));
    window.harness.get_by_label("Stay open").click();
    window.steps(4);
    window.harness.get_by_label("Save as mine-2.png").click();
    window.until("it is saved", |_, _| image::open(folder.join("mine-2.png")).is_ok());
    window.until("that is told", |harness, _| harness.query_all_by_label_contains("Saved ").next().is_some());
    assert!(!close(&mut window), "now nothing holds it");
    assert_eq!(fs::read(folder.join("mine.png")).unwrap(), b"old");
}
