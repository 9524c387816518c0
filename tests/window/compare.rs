//! Comparing on the canvas, and pinned moments: what is drawn where, and what a pinned moment brings back.

use crate::window_support::{
    Log, Setup, Window,
    drawing::{can_draw, draw_as_it_is},
    enter, has_pin, show_pins,
};
use egui::{Event, Key, Modifiers, MouseWheelUnit, Pos2, Rect, Role, vec2};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use image::{Rgb, RgbImage, RgbaImage};
use impasto_formats::project::MAX_PINS;

const PAINTED: [u8; 3] = [12, 180, 99];
const CONTENT: [u8; 3] = [200, 20, 60];

/// A window that paints in one colour a content of another.
fn open(size: [f32; 2]) -> Window {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("content.png");
    RgbImage::from_pixel(300, 200, Rgb(CONTENT)).save(&path).unwrap();
    // Nothing lies over the canvas.
    std::fs::write(folder.path().join("impasto.toml"), "[layout]\nstop_after_steps = true\nhints = false\n")
        .unwrap();
    let mut setup = Setup { render: true, size, ..Setup::default() };
    setup.log.paint = Some(RgbImage::from_pixel(300, 200, Rgb(PAINTED)));
    setup.options.content = Some(path);
    let mut window = setup.open_in(folder);
    window.until_painting();
    window.until("it is shown", |harness, _| canvas_node(harness).is_some());
    window
}

fn canvas_node<'a>(
    harness: &'a egui_kittest::Harness<'static, impasto_window::ImpastoApp>,
) -> Option<egui_kittest::Node<'a>> {
    harness.query_all_by_label_contains("Painting, 300 by 200").next()
}

/// What the canvas says of itself, with its step.
fn canvas_label(harness: &egui_kittest::Harness<'static, impasto_window::ImpastoApp>) -> Option<String> {
    harness.query_by_label_contains(" pixels, step ").and_then(|node| node.accesskit_node().label())
}

fn canvas(window: &Window) -> Rect {
    canvas_node(&window.harness).unwrap().rect()
}

fn draw(window: &mut Window, name: &str) -> RgbaImage {
    window.steps(4);
    draw_as_it_is(window, name)
}

#[track_caller]
fn assert_colour(image: &RgbaImage, at: Pos2, colour: [u8; 3]) {
    let [r, g, b, _] = image.get_pixel(at.x as u32, at.y as u32).0;
    let off = [r, g, b].iter().zip(colour).map(|(a, b)| a.abs_diff(b)).max();
    assert!(off <= Some(2), "at {at}: {:?} instead of {colour:?}", [r, g, b]);
}

fn key(window: &mut Window, key: Key) {
    window.harness.key_press(key);
    window.steps(3);
}

fn until_label(window: &mut Window, label: &str) {
    window.until(label, |harness, _| harness.query_all_by_label_contains(label).next().is_some());
}

#[test]
fn the_split_line_is_dragged_and_turned() {
    if !can_draw() {
        return;
    }
    let mut window = open([1280.0, 836.0]);
    key(&mut window, Key::S);
    until_label(&mut window, "split with Content");
    let area = canvas(&window);
    let middle = area.center();
    let image = draw(&mut window, "split");
    assert_colour(&image, middle - vec2(100.0, 30.0), CONTENT);
    assert_colour(&image, middle + vec2(100.0, -30.0), PAINTED);

    // Dragged to the right, more of the content is seen.
    window.harness.drag_at(middle);
    window.harness.step();
    window.harness.hover_at(middle + vec2(150.0, 0.0));
    window.steps(2);
    window.harness.drop_at(middle + vec2(150.0, 0.0));
    window.harness.remove_cursor();
    let image = draw(&mut window, "split_moved");
    assert_colour(&image, middle + vec2(100.0, -30.0), CONTENT);
    assert_colour(&image, middle + vec2(200.0, -30.0), PAINTED);

    // Turned by keys until it is level: the content above, the painting below.
    let line = |window: &Window, label: &str| {
        window.harness.get_by(|n| n.label().as_deref() == Some(label) && n.role() == Role::Slider).focus();
    };
    line(&window, "Angle of the split line");
    window.steps(2);
    for _ in 0..18 {
        window.harness.key_press(Key::ArrowRight);
        window.steps(1);
    }
    let image = draw(&mut window, "split_level");
    assert_colour(&image, middle + vec2(100.0, -60.0), CONTENT);
    assert_colour(&image, middle + vec2(100.0, 60.0), PAINTED);
    line(&window, "Split line");
    window.steps(2);
    for _ in 0..10 {
        window.harness.key_press(Key::ArrowDown);
        window.steps(1);
    }
    let image = draw(&mut window, "split_lower");
    assert_colour(&image, middle + vec2(100.0, 60.0), CONTENT);

    // The turning handle is dragged as well.
    let handle = window
        .harness
        .get_by(|n| n.label().as_deref() == Some("Angle of the split line") && n.role() == Role::Slider)
        .rect()
        .center();
    let grip = window
        .harness
        .get_by(|n| n.label().as_deref() == Some("Split line") && n.role() == Role::Slider)
        .rect()
        .center();
    window.harness.drag_at(handle);
    window.harness.step();
    window.harness.hover_at(grip - vec2(0.0, 70.0));
    window.steps(2);
    window.harness.drop_at(grip - vec2(0.0, 70.0));
    window.harness.remove_cursor();
    let image = draw(&mut window, "split_upright");
    let sides = [grip - vec2(60.0, 30.0), grip + vec2(60.0, -30.0)];
    let [left, right] = sides.map(|at| image.get_pixel(at.x as u32, at.y as u32).0);
    assert_ne!(left, right, "the line is upright again");

    key(&mut window, Key::Escape);
    key(&mut window, Key::S);
    let image = draw(&mut window, "split_off");
    assert_colour(&image, middle - vec2(100.0, 30.0), PAINTED);
}

#[test]
fn the_content_is_peeked_at_and_flipped_to() {
    if !can_draw() {
        return;
    }
    let mut window = open([1280.0, 836.0]);
    let middle = canvas(&window).center();
    window.harness.key_down(Key::C);
    let image = draw(&mut window, "peek");
    assert_colour(&image, middle, CONTENT);
    window.harness.key_up(Key::C);
    let image = draw(&mut window, "peek_over");
    assert_colour(&image, middle, PAINTED);
    key(&mut window, Key::X);
    let image = draw(&mut window, "flip");
    assert_colour(&image, middle, CONTENT);
    key(&mut window, Key::X);
    let image = draw(&mut window, "flip_back");
    assert_colour(&image, middle, PAINTED);
}

#[test]
fn side_by_side_moves_together_and_tiles_fill_the_canvas() {
    if !can_draw() {
        return;
    }
    let mut window = open([1280.0, 836.0]);
    let area = canvas(&window);
    key(&mut window, Key::D);
    until_label(&mut window, "beside Content");
    let image = draw(&mut window, "sides");
    let (one, other) =
        (area.center() - vec2(0.0, area.height() / 4.0), area.center() + vec2(0.0, area.height() / 4.0));
    assert_colour(&image, one, CONTENT);
    assert_colour(&image, other, PAINTED);
    // Far to the side there is no picture, until both are enlarged by the wheel over one of them.
    let aside = vec2(area.width() * 0.45, 0.0);
    assert!(image.get_pixel((one + aside).x as u32, one.y as u32).0[0] < 60);
    window.harness.hover_at(one);
    window.harness.step();
    for _ in 0..4 {
        window.harness.event(Event::MouseWheel {
            unit: MouseWheelUnit::Point,
            source: egui::MouseWheelSource::Unknown,
            delta: vec2(0.0, 200.0),
            modifiers: Modifiers::NONE,
            phase: egui::TouchPhase::Move,
        });
        window.steps(8);
    }
    window.harness.remove_cursor();
    let image = draw(&mut window, "sides_zoomed");
    assert_colour(&image, one + aside, CONTENT);
    assert_colour(&image, other + aside, PAINTED);

    key(&mut window, Key::F);
    key(&mut window, Key::W);
    until_label(&mut window, "tiled");
    let image = draw(&mut window, "tiled");
    for (x, y) in [(-0.3, -0.3), (0.3, -0.3), (0.3, 0.3), (-0.3, 0.3), (0.0, 0.0)] {
        assert_colour(&image, area.center() + area.size().min_elem() * vec2(x, y), PAINTED);
    }
    key(&mut window, Key::W);
    assert!(window.harness.query_all_by_label_contains("tiled").next().is_none());
}

#[test]
fn a_pinned_moment_is_compared_with_and_brings_its_settings_back() {
    if !can_draw() {
        return;
    }
    let mut window = open([1024.0, 640.0]);
    show_pins(&mut window);
    let before = canvas(&window).height();
    key(&mut window, Key::P);
    window.until("it is pinned", |harness, _| has_pin(harness, "Pin 1, step "));
    assert_eq!(canvas(&window).height(), before, "the painting keeps its place");
    // What is painted from now on is something else, with other settings.
    let other = [30, 60, 220];
    window.log.lock().unwrap().paint = Some(RgbImage::from_pixel(300, 200, Rgb(other)));
    let name = "Tilt of the style layers, number";
    window
        .harness
        .get_by(|node| node.label().as_deref() == Some(name) && node.role() == Role::SpinButton)
        .scroll_to_me();
    window.steps(20);
    enter(&mut window, name, "0.5");
    let tilt =
        |wanted: f64| move |_: &_, log: &Log| log.updates.last().is_some_and(|(s, _)| s.style_tilt == wanted);
    window.until("the layers are tilted", tilt(0.5));
    window.steps(20);
    window.harness.get_by_label("Compare with pin 1").click();
    until_label(&mut window, "split with Pin 1");
    let middle = canvas(&window).center();
    let image = draw(&mut window, "pins");
    assert_colour(&image, middle - vec2(60.0, 20.0), PAINTED);
    assert_colour(&image, middle + vec2(60.0, -20.0), other);

    let choose = |window: &mut Window, entry: &str| {
        window.harness.get_by_label("More of pin 1").click();
        window.steps(3);
        window.harness.get_by_label(entry).click();
        window.steps(3);
    };
    choose(&mut window, "Return to its settings");
    window.until("its settings are back", tilt(0.0));
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.until("and undone", tilt(0.5));

    let path = window.folder.path().join("pinned.png");
    window.dialogs.will_pick(&path);
    choose(&mut window, "Save this picture…");
    window.until("it is saved", |_, _| image::open(&path).is_ok());
    assert_eq!(image::open(&path).unwrap().to_rgb8().get_pixel(5, 5).0, PAINTED);

    choose(&mut window, "Unpin");
    window.until("it is gone", |harness, _| {
        !has_pin(harness, "Pin 1, step ")
            && harness.query_all_by_label_contains("split with Content").next().is_some()
    });
}

#[test]
fn no_more_moments_are_pinned_than_a_project_keeps() {
    let mut window = Setup::default().open();
    window.until_painting();
    window.until("it is shown", |harness, _| {
        harness.query_all_by_label_contains("Painting, 96 by 64").next().is_some()
    });
    show_pins(&mut window);
    let step = |harness: &_| canvas_label(harness);
    for number in 1..=MAX_PINS {
        // The same moment would be unpinned.
        let before = step(&window.harness);
        window.until("it paints", |harness, _| step(harness) != before);
        window.harness.key_press(Key::P);
        window.until("it is pinned", |harness, _| has_pin(harness, &format!("Pin {number}, step ")));
    }
    let before = step(&window.harness);
    window.until("it paints on", |harness, _| step(harness) != before);
    key(&mut window, Key::P);
    until_label(&mut window, "64 moments are pinned: unpin one first.");
    assert!(!has_pin(&window.harness, "Pin 65"));
    // One after another can be compared with; after the last comes the content.
    for _ in 0..2 {
        key(&mut window, Key::N);
    }
    until_label(&mut window, "Comparing with Pin 1, step ");
    assert_eq!(
        window.harness.get_by_label("Show the other picture").accesskit_node().toggled(),
        Some(egui::accesskit::Toggled::False)
    );
}

#[test]
fn a_finished_window_rests_while_it_compares() {
    let mut setup = Setup::default();
    setup.options.settings.as_mut().unwrap().steps = 3;
    let mut window = setup.open();
    window.until("it is finished", |harness, _| harness.query_by_label_contains("Finished.").is_some());
    for pressed in [Key::P, Key::S, Key::F12] {
        key(&mut window, pressed);
    }
    // The pinned moment is kept on the disk within a few seconds.
    window.steps(500);
    window.harness.step();
    let output = window.harness.output();
    let delay = output.viewport_output.values().map(|viewport| viewport.repaint_delay).min().unwrap();
    assert!(delay > std::time::Duration::from_secs(60), "{:?}", window.harness.ctx.repaint_causes());
}
