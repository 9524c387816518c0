//! The filmstrip: looking back, replaying, and going on from an earlier moment.

use std::time::Duration;

use crate::window_support::{
    Setup, Window, colour,
    drawing::{can_draw, draw, painting},
    hands::right_click,
    has, has_pin, picture_file, show_pins,
};
use egui::{Key, Role};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};
use image::RgbImage;
use impasto_engine::session::Start;
use impasto_window::ImpastoApp;

type View = Harness<'static, ImpastoApp>;

/// The step of the picture on the canvas.
fn step(harness: &View) -> Option<u32> {
    let node = harness.query_by_label_contains(" pixels, step ")?;
    node.accesskit_node().label()?.rsplit(' ').next()?.parse().ok()
}

fn moments(harness: &View) -> f64 {
    harness
        .query_by(|node| node.label().as_deref() == Some("Moments of the painting"))
        .and_then(|node| node.accesskit_node().numeric_value())
        .unwrap_or(0.0)
}

/// A window that has painted for a while, with the filmstrip open.
fn painted(slow: u64) -> Window {
    let mut setup = Setup::default();
    setup.log.slow = Duration::from_millis(slow);
    let mut window = setup.open();
    window.until_painting();
    window.harness.get_by_label("Filmstrip").click();
    window.until("there are moments", |harness, _| moments(harness) >= 12.0);
    window
}

/// Waits until the canvas has the picture of the moment that is looked at, which is read by another thread.
fn settle(window: &mut Window) {
    // Keys that were pressed count first.
    window.steps(2);
    window.until("the moment is shown", |harness, _| {
        let header = step(harness).map(|step| format!("Step {step}, "));
        header.is_some_and(|header| {
            // The tooltip of a moment has more lines.
            let is_header = |text: String| text.starts_with(&header) && !text.contains('\n');
            harness
                .query_by(|node| node.role() == Role::Label && node.value().is_some_and(is_header))
                .is_some()
        })
    });
}

fn pause(window: &mut Window) {
    window.harness.key_press(Key::Space);
    window.until("it is paused", |harness, _| harness.query_by_label_contains("Paused.").is_some());
    window.steps(10);
}

#[test]
fn an_earlier_moment_is_shown_while_painting_goes_on() {
    let mut window = painted(10);
    let live = step(&window.harness).unwrap();
    for _ in 0..6 {
        window.harness.key_press(Key::OpenBracket);
        window.steps(2);
    }
    window.until("an earlier picture is shown", |harness, _| step(harness).is_some_and(|step| step < live));
    settle(&mut window);
    let seen = step(&window.harness).unwrap();
    let steps = window.log.lock().unwrap().steps;
    window.until("painting goes on", |_, log| log.steps > steps + 20);
    assert_eq!(step(&window.harness), Some(seen), "the picture stays the one that is looked at");
    window.harness.key_press(Key::End);
    window.until("now is back", |harness, _| step(harness).is_some_and(|step| step >= steps));
    assert_eq!(window.jobs(), 1, "looking disturbs nothing");
}

#[test]
fn what_is_looked_at_is_what_is_saved() {
    let mut window = painted(10);
    pause(&mut window);
    for _ in 0..5 {
        window.harness.key_press(Key::OpenBracket);
        window.steps(3);
    }
    let path = window.folder.path().join("then.png");
    window.dialogs.will_pick(&path);
    settle(&mut window);
    let seen = step(&window.harness).unwrap();
    window.harness.key_press_modifiers(egui::Modifiers::COMMAND, Key::S);
    window.until("the picture is there", |_, _| path.exists());
    assert_eq!(image::open(path).unwrap().to_rgb8(), RgbImage::from_pixel(96, 64, colour(seen)));
}

#[test]
fn painting_goes_on_from_an_earlier_moment_with_its_settings() {
    let mut window = painted(10);
    pause(&mut window);
    // Another weight, and some painting with it.
    let name = "Style weight β, number";
    window
        .harness
        .get_by(|node| node.label().as_deref() == Some(name) && node.role() == Role::SpinButton)
        .click();
    window.steps(3);
    window.harness.event(egui::Event::Text("3".to_owned()));
    window.harness.step();
    window.harness.key_press(Key::Enter);
    window.until("the engine has the weight", |_, log| {
        log.updates.last().is_some_and(|(settings, _)| settings.style_weight == 3.0)
    });
    window.harness.key_press(Key::Escape);
    window.steps(2);
    let before = window.log.lock().unwrap().steps;
    window.harness.get_by_label("Play").click();
    window.until("it paints with the weight", |_, log| log.steps > before + 30);
    pause(&mut window);

    // The first moment: a click at the strip's left end.
    let strip = window.harness.get_by_label("Moments of the painting").rect();
    let left = strip.left_center() + egui::vec2(3.0, 0.0);
    window.harness.hover_at(left);
    window.steps(2);
    window.harness.drag_at(left);
    window.steps(2);
    window.harness.drop_at(left + egui::vec2(1.0, 0.0));
    window.until("the beginning is shown", |harness, _| step(harness).is_some_and(|step| step < 3));
    // Arrow keys go moment by moment.
    let first = step(&window.harness).unwrap();
    for _ in 0..4 {
        window.harness.key_press(Key::ArrowRight);
        window.steps(4);
    }
    window.until("a later one is shown", |harness, _| step(harness).is_some_and(|step| step > first));
    settle(&mut window);
    let then = step(&window.harness).unwrap();
    window.harness.get_by_label("Go on from this moment").click();
    window.until("the engine is told", |_, log| log.jobs.len() == 2);
    window.until("the engine goes back", |_, log| !log.restored.is_empty());
    let job = window.job(1);
    assert_eq!((job.start, job.paused, job.settings.style_weight), (Start::Moment, true, 1.0));
    assert_eq!(window.log.lock().unwrap().restored[0].0, then);
    window.until("the picture of then is now", |harness, _| step(harness) == Some(then));
    window.until("it is paused", |harness, _| harness.query_by_label_contains("Paused.").is_some());
    window.harness.get_by_label("Play").click();
    window.until("it paints on from there", |harness, _| step(harness).is_some_and(|now| now > then));
    assert_eq!(window.jobs(), 2);
    // Nothing that was painted is lost.
    window.until("the strip has both", |harness, _| moments(harness) > 20.0);
}

#[test]
fn a_moment_with_the_engines_state_goes_on_with_it() {
    let mut window = painted(10);
    // A pause keeps the moment with the state.
    pause(&mut window);
    let then = step(&window.harness).unwrap();
    window.harness.get_by_label("Play").click();
    window.until("it paints on", |harness, _| step(harness).is_some_and(|now| now > then + 20));
    pause(&mut window);
    for _ in 0..200 {
        if step(&window.harness) == Some(then) {
            break;
        }
        window.harness.key_press(Key::OpenBracket);
        settle(&mut window);
    }
    window.harness.key_press(Key::B);
    window.until("the engine goes back", |_, log| log.restored == [(then, true)]);
}

#[test]
fn a_pinned_moment_survives_a_restart_and_another_content() {
    let mut window = painted(10);
    pause(&mut window);
    for _ in 0..5 {
        window.harness.key_press(Key::OpenBracket);
        window.steps(3);
    }
    settle(&mut window);
    let then = step(&window.harness).unwrap();
    window.harness.key_press(Key::P);
    let name = format!("Pin 1, step {then}");
    window.until("it is pinned", |harness, _| harness.query_by_label("Unpin this moment").is_some());
    assert!(has(&window, &format!("Pinned in the filmstrip: {name}")));
    window.harness.key_press(Key::End);
    window.until("now is back", |harness, _| harness.query_by_label("Pin this moment").is_some());

    window.harness.key_press(Key::R);
    window.until("it begins afresh", |_, log| log.jobs.len() == 2);
    let other = picture_file(&window, "other.png", (60, 40), 77);
    window.dialogs.will_pick(&other);
    window.harness.key_press_modifiers(egui::Modifiers::COMMAND, Key::O);
    window.until("another content is painted", |_, log| {
        log.jobs.last().is_some_and(|job| job.inputs.content.path.as_ref() == Some(&other))
    });
    show_pins(&mut window);
    let card = |harness: &View| {
        harness.get_by(|node| node.role() == Role::Button && node.label().as_deref() == Some(&name)).rect()
    };
    let at = card(&window.harness).center();
    window.harness.drag_at(at);
    window.steps(2);
    window.harness.drop_at(at);
    window.until("it is shown", |harness, _| step(harness) == Some(then));
    settle(&mut window);
    let path = window.folder.path().join("pinned.png");
    window.dialogs.will_pick(&path);
    window.harness.key_press_modifiers(egui::Modifiers::COMMAND, Key::S);
    window.until("the picture is there", |_, _| path.exists());
    assert_eq!(image::open(path).unwrap().to_rgb8(), RgbImage::from_pixel(96, 64, colour(then)));
    // The key that pins it unpins it, and the moment is there still.
    window.harness.key_press(Key::P);
    window.until("it is not pinned", |harness, _| {
        harness.query_by_label_contains("P pins the moment").is_some()
    });
    assert_eq!(step(&window.harness), Some(then));
}

#[test]
fn a_moment_is_pinned_by_its_menu_and_gone_on_from() {
    let mut window = painted(10);
    pause(&mut window);
    right_click(&mut window, "Moments of the painting");
    settle(&mut window);
    let then = step(&window.harness).unwrap();
    window.harness.get_by_label("Pin it").click();
    window.until("it is pinned", |harness, _| harness.query_by_label("Unpin this moment").is_some());
    window.harness.get_by_label("Go on from this moment").click();
    window
        .until("the engine goes back", |_, log| log.restored.first().is_some_and(|(step, _)| *step == then));
    show_pins(&mut window);
    assert!(has_pin(&window.harness, &format!("Pin 1, step {then}")));
}

#[test]
fn the_replay_runs_through_the_moments_and_ends_now() {
    let mut window = painted(10);
    pause(&mut window);
    let now = step(&window.harness).unwrap();
    window.harness.get_by_label("Replay").click();
    window.until("it begins at the beginning", |harness, _| step(harness).is_some_and(|step| step < 3));
    window
        .until("it passes the middle", |harness, _| step(harness).is_some_and(|step| step > 4 && step < now));
    window.until("it ends", |harness, _| {
        step(harness) == Some(now) && harness.query_by_label("Replay").is_some()
    });
}

#[test]
fn a_restart_keeps_what_was_painted_before() {
    let mut window = painted(10);
    let slow = |window: &Window, milliseconds| {
        window.log.lock().unwrap().slow = Duration::from_millis(milliseconds);
    };
    // The second run's first steps are there to be seen for a while.
    slow(&window, 300);
    window.harness.key_press(Key::R);
    window.until("it begins afresh", |_, log| log.jobs.len() == 2);
    window.until("it paints", |harness, _| step(harness).is_some_and(|step| (1..12).contains(&step)));
    slow(&window, 10);
    assert!(moments(&window.harness) > 12.0, "the strip has both runs");
    let strip = window.harness.get_by_label("Moments of the painting").rect();
    let left = strip.left_center() + egui::vec2(3.0, 0.0);
    window.harness.drag_at(left);
    window.steps(2);
    window.harness.drop_at(left + egui::vec2(1.0, 0.0));
    window.until("the beginning of the first run is shown", |harness, _| step(harness) == Some(0));
    window.steps(40);
    assert_eq!(step(&window.harness), Some(0), "it stays while the second run paints");
}

#[test]
fn the_film_is_exported_as_a_time_lapse() {
    let mut window = painted(10);
    pause(&mut window);
    let count = moments(&window.harness) as usize;
    window.harness.get_by_label("Export a time-lapse…").click();
    window.until("it asks how", |harness, _| harness.query_by_label("Save time-lapse…").is_some());
    let path = window.folder.path().join("film.gif");
    // The dialog has asked whether to replace it.
    std::fs::write(&path, b"old").unwrap();
    window.dialogs.will_pick(&path);
    window.harness.get_by_label("Save time-lapse…").click();
    window.until("it is written", |harness, _| {
        harness.query_all_by_label_contains("film.gif").next().is_some()
    });
    assert!(
        window.dialogs.asked.lock().unwrap().last().unwrap().contains("Chelsea in Swirl, time-lapse.gif")
    );
    let file = std::io::BufReader::new(std::fs::File::open(path).unwrap());
    let decoder = image::codecs::gif::GifDecoder::new(file).unwrap();
    let frames = image::AnimationDecoder::into_frames(decoder).collect_frames().unwrap();
    assert_eq!(frames.len(), count);
    assert_eq!(frames[0].buffer().dimensions(), (96, 64), "nothing is enlarged");
    let green = |frame: &image::Frame| frame.buffer().get_pixel(40, 30).0[1];
    assert!(green(&frames[0]).abs_diff(colour(0).0[1]) < 4, "it begins with the initial picture");
    assert!(frames.iter().any(|frame| green(frame) > green(&frames[0]) + 8), "and goes on");
}

#[test]
fn the_strip_shows_pictures_at_every_size_of_the_window() {
    if !can_draw() {
        return;
    }
    let painting = painting();
    for (name, size, light) in
        [("filmstrip", [1360.0, 860.0], false), ("filmstrip_narrow", [1024.0, 640.0], true)]
    {
        let mut setup = Setup { size, render: true, ..Setup::default() };
        setup.log.paint = Some(painting.clone());
        setup.log.slow = Duration::from_millis(8);
        let mut window = setup.open();
        window.until_painting();
        window.harness.get_by_label("Filmstrip").click();
        window.until("there are moments", |harness, _| moments(harness) >= 20.0);
        pause(&mut window);
        if light {
            window.harness.key_press_modifiers(egui::Modifiers::COMMAND, Key::L);
        }
        for _ in 0..7 {
            window.harness.key_press(Key::OpenBracket);
            window.steps(3);
        }
        settle(&mut window);
        let image = draw(&mut window, name);
        // The strip has the colours of the painting, not those of the panel.
        let strip = window.harness.get_by_label("Moments of the painting").rect();
        let panel = if light { 0xec } else { 0x26 };
        let (y, from, to) = (strip.center().y as u32 + 6, strip.min.x as u32, strip.max.x as u32);
        let painted = (from..to).filter(|&x| image.get_pixel(x, y).0 != [panel, panel, panel, 255]).count();
        assert!(painted > (to - from) as usize / 2, "{name}: {painted}");
    }
}
