//! The picture alone on the screen, what a newcomer is told, and the list of keys.

use crate::window_support::{Setup, Window};
use egui::{CursorIcon, Event, Key, Modifiers, ViewportCommand};
use egui_kittest::kittest::Queryable as _;

fn has(window: &Window, label: &str) -> bool {
    window.harness.query_all_by_label_contains(label).next().is_some()
}

/// Presses a key, in one frame whose output can be looked at.
fn press(window: &mut Window, key: Key) {
    let modifiers = Modifiers::NONE;
    let event = Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers };
    window.harness.input_mut().events.push(event);
    window.harness.step();
}

/// Whether the window was asked for the full screen, or to leave it, in the last frame.
fn asked(window: &Window) -> Option<bool> {
    let output = window.harness.output().viewport_output.values();
    output.flat_map(|viewport| &viewport.commands).find_map(|command| match command {
        ViewportCommand::Fullscreen(on) => Some(*on),
        _ => None,
    })
}

#[test]
fn the_presentation_is_the_picture_alone_and_escape_leaves_it() {
    let mut window = Setup::default().open();
    window.until_painting();
    press(&mut window, Key::F11);
    assert_eq!(asked(&window), Some(true));
    window.steps(3);
    assert!(has(&window, "Painting, 96 by 64 pixels"));
    for gone in ["Pause", "Swap content and style", "Size", "Undo"] {
        assert!(window.harness.query_by_label(gone).is_none(), "{gone}");
    }
    // The pointer disappears when it rests, and comes back when it moves.
    let middle = egui::pos2(600.0, 400.0);
    window.harness.hover_at(middle);
    window.steps(10);
    assert_ne!(window.harness.output().platform_output.cursor_icon, CursorIcon::None);
    window.steps(140);
    assert_eq!(window.harness.output().platform_output.cursor_icon, CursorIcon::None);
    window.harness.hover_at(middle + egui::vec2(20.0, 0.0));
    window.steps(3);
    assert_ne!(window.harness.output().platform_output.cursor_icon, CursorIcon::None);

    window.harness.key_press(Key::I);
    window.until("the facts", |harness, _| {
        harness.query_by_label("Chelsea in Swirl").is_some()
            && harness.query_all_by_label_contains("α 1, β 1, step size 0.03").next().is_some()
    });
    press(&mut window, Key::Escape);
    assert_eq!(asked(&window), Some(false));
    window.steps(3);
    assert!(has(&window, "Swap content and style") && !has(&window, "Chelsea in Swirl"));
}

#[test]
fn hints_are_shown_until_they_are_read_and_never_again() {
    let mut window = Setup { options: Default::default(), ..Setup::default() }.open();
    window.until_painting();
    window.until("the hints", |harness, _| {
        harness.query_all_by_label_contains("Drop your own pictures").next().is_some()
    });
    window.harness.get_by_label("Got it").click();
    window.steps(3);
    assert!(!has(&window, "Drop your own pictures"));
    let file = window.folder.path().join("impasto.toml");
    window.until("it is remembered", |_, _| {
        std::fs::read_to_string(&file).is_ok_and(|text| text.contains("hints = false"))
    });
    let folder = window.close();
    let mut window = Setup { options: Default::default(), ..Setup::default() }.open_in(folder);
    window.until_painting();
    window.steps(10);
    assert!(!has(&window, "Drop your own pictures"));
}

#[test]
fn all_keys_fit_into_a_small_window_without_scrolling() {
    for size in [[1024.0, 640.0], [900.0, 600.0]] {
        let mut window = Setup { size, ..Setup::default() }.open();
        window.until_painting();
        window.harness.key_press(Key::F1);
        window.steps(4);
        let close = window.harness.get_by_label("Close").rect();
        assert!(close.max.y < size[1] && close.max.x < size[0], "{close}");
        for text in ["Play or pause", "Help", "Look at the content", "Left content, right style"] {
            let all: Vec<_> = window.harness.query_all_by_label(text).map(|node| node.rect()).collect();
            let rect = all.iter().find(|rect| rect.max.y <= close.min.y && rect.min.y > 0.0);
            assert!(rect.is_some(), "{text} at {all:?}, above {close}");
        }
    }
}

#[test]
fn no_banner_covers_the_presentation_and_only_one_stays_over_the_picture() {
    const FULL: &str = "The card has no memory left for a larger picture";
    let mut window = Setup::default().open();
    window.until_painting();
    let banners = |window: &Window| window.harness.query_all_by_label("Dismiss").count();
    for size in [362, 256, 256] {
        window.log.lock().unwrap().limits = vec![format!("{FULL}: painting goes on at {size} px")];
        let told = format!("goes on at {size} px.");
        window.until("it is told", |harness, log| {
            log.limits.is_empty() && harness.query_all_by_label_contains(&told).next().is_some()
        });
        window.steps(3);
        assert_eq!(banners(&window), 1);
    }
    assert!(!has(&window, "goes on at 362 px."), "what is out of date is gone");
    window.harness.get_by_label("Dismiss").click();
    window.steps(3);
    assert_eq!(banners(&window), 0);

    press(&mut window, Key::F11);
    window.steps(3);
    window.log.lock().unwrap().limits = vec![format!("{FULL}: painting goes on at 181 px")];
    window.until("it is told in passing", |harness, _| {
        harness.query_all_by_label_contains("goes on at 181 px.").next().is_some()
    });
    assert_eq!(banners(&window), 0);
}

#[test]
fn the_bar_comes_with_the_pointer_and_the_arrows_move_the_style() {
    let mut window = Setup::default().open();
    window.until_painting();
    press(&mut window, Key::F11);
    window.steps(3);
    let bar =
        ["Pause the painting", "More style", "Less style", "Next preset", "Info", "Leave the full screen"];
    assert!(bar.iter().all(|name| window.harness.query_by_label(name).is_none()), "the picture alone");
    window.harness.hover_at(egui::pos2(600.0, 400.0));
    window.steps(3);
    for name in bar {
        assert!(window.harness.query_by_label(name).is_some(), "{name}");
    }
    press(&mut window, Key::ArrowUp);
    window.until("there is more style", |_, log| {
        log.updates.last().is_some_and(|(settings, _)| settings.style_weight > 1.0)
    });
    window.until("the fader is shown", |harness, _| {
        harness.query_all_by_label_contains("Style β 1.").next().is_some()
    });
    window.steps(140);
    assert!(!has(&window, "Style β 1."), "for two seconds");
    assert!(window.harness.query_by_label("Next preset").is_none(), "the bar goes with the pointer");
    for _ in 0..2 {
        press(&mut window, Key::ArrowDown);
    }
    window.until("there is less", |_, log| {
        log.updates.last().is_some_and(|(settings, _)| settings.style_weight < 1.0)
    });

    window.harness.hover_at(egui::pos2(620.0, 400.0));
    window.steps(3);
    let before = window.log.lock().unwrap().updates.last().cloned().map(|(settings, _)| settings);
    window.harness.get_by_label("Next preset").click();
    window.until("another preset", |_, log| {
        log.updates.last().map(|(settings, _)| settings) != before.as_ref() || log.jobs.len() > 1
    });
    window.harness.get_by_label("Pause the painting").click();
    window.until("the pause is shown", |harness, _| harness.query_by_label("Paused").is_some());
    window.harness.hover_at(egui::pos2(600.0, 400.0));
    window.steps(3);
    window.harness.get_by_label("Leave the full screen").click();
    window.until("the panels are back", |harness, _| {
        harness.query_by_label("Swap content and style").is_some()
    });
    assert!(window.harness.query_by_label("Paused").is_none());
}

#[test]
fn words_on_a_large_screen_are_large_and_names_are_bare() {
    let mut window = Setup { size: [1920.0, 1080.0], ..Setup::default() }.open();
    window.until_painting();
    let path = crate::window_support::picture_file(&window, "lake at dusk.png", (60, 40), 200);
    window.dialogs.will_pick(&path);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::O);
    window.until("it is the content", |_, log| log.jobs.len() == 2);
    window.steps(3);
    press(&mut window, Key::F11);
    window.harness.key_press(Key::I);
    window.until("the info", |harness, _| harness.query_by_label("lake at dusk in Swirl").is_some());
    let title = window.harness.get_by_label("lake at dusk in Swirl").rect();
    assert!(title.height() >= 0.03 * 1080.0, "{title}");
    // The picture goes to the edge.
    let image = window.harness.get_by_label_contains("Painting, 96 by 64 pixels").rect();
    assert_eq!((image.width(), image.height()), (1920.0, 1080.0));
}

#[test]
fn the_picture_fills_the_full_screen() {
    if !crate::window_support::drawing::can_draw() {
        return;
    }
    let paint = image::RgbImage::from_pixel(128, 64, image::Rgb([200, 60, 30]));
    let log = crate::window_support::Log { paint: Some(paint), ..Default::default() };
    let mut window = Setup { render: true, size: [1000.0, 700.0], log, ..Setup::default() }.open();
    window.until_painting();
    press(&mut window, Key::F11);
    window.steps(4);
    let image = crate::window_support::drawing::draw(&mut window, "full_screen");
    for x in [0, 999] {
        assert_eq!(image.get_pixel(x, 350).0[..3], [200, 60, 30], "no border at {x}");
    }
    assert_eq!(image.get_pixel(500, 2).0[..3], [0, 0, 0], "black above a wide picture");
}
