//! Painting masks on the canvas: every tool by its name, what the engine gets of it, and that nothing begins
//! again.

use crate::window_support::{
    Deed, Log, Setup, Window,
    drawing::{can_draw, draw_as_it_is, painting},
    enter, has, press, undo,
};
use egui::{Event, Key, Modifiers, MouseWheelUnit, PointerButton, Pos2, Rect, Role, vec2};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};
use image::{Rgb, RgbImage};
use impasto_window::ImpastoApp;

pub const NONE: Modifiers = Modifiers::NONE;
pub const LEFT: PointerButton = PointerButton::Primary;

/// A painting whose masks are painted on.
pub fn masking() -> Window {
    masking_in(Setup { size: [1700.0, 900.0], ..Setup::default() })
}

pub fn masking_in(setup: Setup) -> Window {
    let mut window = setup.open();
    window.until_painting();
    window.until("it is shown", |harness, _| {
        harness.query_all_by_label_contains("Painting, 96 by 64").next().is_some()
    });
    key(&mut window, Key::K);
    assert!(has(&window, "Leave the mask mode"));
    window
}

pub fn key(window: &mut Window, key: Key) {
    window.harness.key_press(key);
    window.steps(3);
}

/// A place on the painting, in fractions of its sides.
pub fn at(window: &Window, x: f32, y: f32) -> Pos2 {
    let area = window.harness.get_by_label_contains("Painting, 96 by 64").rect();
    let shape = vec2(96.0, 64.0);
    let scale = ((area.size() - vec2(32.0, 32.0)) / shape).min_elem();
    Rect::from_center_size(area.center(), shape * scale).lerp_inside(vec2(x, y))
}

pub fn button(window: &mut Window, pos: Pos2, button: PointerButton, pressed: bool, modifiers: Modifiers) {
    window.harness.event(Event::PointerButton { pos, button, pressed, modifiers });
    window.steps(1);
}

/// Drags over these places of the painting; what is held is held from the press on.
pub fn drag_with(window: &mut Window, places: &[[f32; 2]], with: PointerButton, held: Modifiers) {
    let places: Vec<Pos2> = places.iter().map(|&[x, y]| at(window, x, y)).collect();
    window.harness.hover_at(places[0]);
    window.steps(2);
    window.harness.event(Event::ModifiersChanged(held));
    button(window, places[0], with, true, held);
    for &pos in &places[1..] {
        window.harness.hover_at(pos);
        window.steps(1);
    }
    button(window, *places.last().unwrap(), with, false, held);
    window.harness.event(Event::ModifiersChanged(NONE));
    window.steps(2);
}

pub fn drag(window: &mut Window, places: &[[f32; 2]]) {
    drag_with(window, places, LEFT, NONE);
}

/// The engine's mask of a region at a place, 0 to 255; `None` while there is no such region.
pub fn value(log: &Log, region: usize, [x, y]: [f32; 2]) -> Option<u8> {
    let (settings, _) = log.updates.last()?;
    settings.masks.regions.get(region)?;
    let mask = &log.masks.get(region)?.rgb;
    let pixel = |part: f32, side: u32| ((part * side as f32) as u32).min(side - 1);
    Some(mask.get_pixel(pixel(x, mask.width()), pixel(y, mask.height()))[0])
}

#[track_caller]
pub fn until_values(window: &mut Window, what: &str, places: &[([f32; 2], u8)]) {
    window.until(what, |_, log| {
        places
            .iter()
            .all(|&(place, wanted)| value(log, 0, place).is_some_and(|now| now.abs_diff(wanted) <= 2))
    });
    assert_eq!(window.jobs(), 1, "nothing begins again");
}

pub fn tool(window: &mut Window, name: &str) {
    press(window, name, Role::Switch);
    window.steps(2);
}

pub const MIDDLE: [f32; 2] = [0.5, 0.5];
pub const LINE: [[f32; 2]; 3] = [[0.2, 0.5], MIDDLE, [0.8, 0.5]];

#[test]
fn the_first_stroke_makes_a_region_and_each_stroke_is_one_step_of_undo() {
    let mut window = masking();
    drag(&mut window, &LINE);
    until_values(&mut window, "it is painted", &[(MIDDLE, 255), ([0.2, 0.5], 255), ([0.5, 0.1], 0)]);
    assert!(has(&window, "The first region"));
    drag(&mut window, &[[0.2, 0.1], [0.8, 0.1]]);
    until_values(&mut window, "a second stroke", &[(MIDDLE, 255), ([0.5, 0.1], 255)]);
    undo(&mut window);
    until_values(&mut window, "it is taken back alone", &[(MIDDLE, 255), ([0.5, 0.1], 0)]);
    assert!(has(&window, "Undone: Brush on Region 1"));
    undo(&mut window);
    window.until("so is the first, with its region", |_, log| {
        log.updates.last().is_some_and(|(settings, _)| settings.masks.is_empty())
    });
    for _ in 0..2 {
        window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Y);
        window.steps(3);
    }
    until_values(&mut window, "both are done again", &[(MIDDLE, 255), ([0.5, 0.1], 255)]);
}

#[test]
fn undo_and_redo_draw_masks_again_that_are_not_kept() {
    let mut window = masking();
    let place = |step: u8| 0.05 + 0.09 * f32::from(step);
    let strokes = |window: &mut Window, what: &str, drawn: u8| {
        let value = |step| if step < drawn { 255 } else { 0 };
        let all: Vec<_> = (0..11).map(|step| ([place(step), 0.5], value(step))).collect();
        until_values(window, what, &all);
    };
    for step in 0..11 {
        drag(&mut window, &[[place(step), 0.2], [place(step), 0.8]]);
    }
    strokes(&mut window, "all of them", 11);
    for _ in 0..10 {
        undo(&mut window);
    }
    strokes(&mut window, "the first alone", 1);
    for _ in 0..10 {
        window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Y);
        window.steps(3);
    }
    strokes(&mut window, "all of them again", 11);
}

#[test]
fn the_eraser_the_right_button_and_alt_take_away() {
    let mut window = masking();
    key(&mut window, Key::E);
    drag(&mut window, &LINE);
    assert!(has(&window, "There is no region yet"));
    press(&mut window, "Fill the mask", Role::Button);
    until_values(&mut window, "all of it", &[(MIDDLE, 255), ([0.1, 0.1], 255)]);
    drag(&mut window, &LINE);
    until_values(&mut window, "erased", &[(MIDDLE, 0), ([0.5, 0.1], 255)]);
    key(&mut window, Key::B);
    drag_with(&mut window, &[[0.2, 0.2], [0.8, 0.2]], PointerButton::Secondary, NONE);
    until_values(&mut window, "by the right button", &[([0.5, 0.2], 0), ([0.5, 0.9], 255)]);
    drag_with(&mut window, &[[0.2, 0.9], [0.8, 0.9]], LEFT, Modifiers::ALT);
    until_values(&mut window, "by alt", &[([0.5, 0.9], 0), ([0.05, 0.05], 255)]);
}

#[test]
fn shift_draws_straight_on_and_the_line_is_a_tool_too() {
    let mut window = masking();
    drag(&mut window, &[[0.1, 0.5]]);
    drag_with(&mut window, &[[0.9, 0.5]], LEFT, Modifiers::SHIFT);
    until_values(&mut window, "a straight line", &[(MIDDLE, 255), ([0.5, 0.2], 0)]);
    tool(&mut window, "Straight line");
    // However the pointer goes.
    drag(&mut window, &[[0.1, 0.9], [0.5, 0.1], [0.9, 0.9]]);
    until_values(&mut window, "another", &[([0.5, 0.9], 255), ([0.5, 0.1], 0)]);
}

#[test]
fn shapes_are_drawn_added_taken_away_and_cut() {
    let mut window = masking();
    tool(&mut window, "Gradient");
    drag(&mut window, &[[0.25, 0.5], [0.75, 0.5]]);
    until_values(&mut window, "a gradient", &[([0.1, 0.9], 255), (MIDDLE, 127), ([0.9, 0.1], 0)]);
    press(&mut window, "Clear the mask", Role::Button);
    until_values(&mut window, "cleared", &[([0.1, 0.9], 0)]);
    tool(&mut window, "Ellipse");
    drag(&mut window, &[[0.2, 0.2], [0.8, 0.8]]);
    until_values(&mut window, "an ellipse", &[(MIDDLE, 255), ([0.22, 0.22], 0)]);
    drag_with(&mut window, &[[0.4, 0.4], [0.6, 0.6]], LEFT, Modifiers::ALT);
    until_values(&mut window, "a hole in it", &[(MIDDLE, 0), ([0.3, 0.5], 255)]);
    tool(&mut window, "Intersect");
    drag(&mut window, &[[0.0, 0.2], [0.5, 0.8]]);
    until_values(&mut window, "its left half", &[([0.3, 0.5], 255), ([0.7, 0.5], 0)]);
    press(&mut window, "Invert the mask", Role::Button);
    until_values(&mut window, "inverted", &[([0.3, 0.5], 0), ([0.7, 0.5], 255)]);
    undo(&mut window);
    until_values(&mut window, "undone", &[([0.3, 0.5], 255), ([0.7, 0.5], 0)]);
}

#[test]
fn a_path_is_clicked_or_drawn_in_one_go() {
    let mut window = masking();
    tool(&mut window, "Path");
    for corner in [[0.1, 0.1], [0.5, 0.1], [0.5, 0.9], [0.1, 0.9], [0.9, 0.9]] {
        drag(&mut window, &[corner]);
        // No double click.
        window.steps(30);
    }
    key(&mut window, Key::Backspace);
    key(&mut window, Key::Enter);
    until_values(&mut window, "a rectangle", &[([0.3, 0.5], 255), ([0.7, 0.8], 0)]);
    drag(&mut window, &[[0.6, 0.1], [0.75, 0.1], [0.9, 0.1], [0.9, 0.9], [0.6, 0.9], [0.6, 0.5]]);
    until_values(&mut window, "another by hand", &[([0.75, 0.5], 255), ([0.55, 0.5], 0)]);
    // Escape leaves a path that has begun, then the mode.
    drag(&mut window, &[[0.1, 0.1]]);
    key(&mut window, Key::Escape);
    assert!(has(&window, "Leave the mask mode"));
    key(&mut window, Key::Escape);
    assert!(!has(&window, "Leave the mask mode"));
}

/// The value of a number in the bar.
pub fn number(window: &Window, name: &str) -> f64 {
    let node = window
        .harness
        .get_by(|node| node.label().as_deref() == Some(name) && node.role() == Role::SpinButton);
    node.accesskit_node().numeric_value().unwrap()
}

fn wheel(window: &mut Window, notches: f32, modifiers: Modifiers) {
    window.harness.event(Event::MouseWheel {
        unit: MouseWheelUnit::Line,
        source: egui::MouseWheelSource::Unknown,
        delta: vec2(0.0, notches),
        modifiers,
        phase: egui::TouchPhase::Move,
    });
    window.steps(4);
}

/// What the canvas says of how it is zoomed.
fn zoom(window: &Window) -> String {
    let node = window.harness.get_by_label_contains("Painting, 96 by 64");
    let text = node.accesskit_node().description().unwrap_or_default();
    text.split_once("Zoom: ").unwrap().1.to_owned()
}

#[test]
fn the_wheel_the_brackets_and_numbers_set_the_brush() {
    let mut window = masking();
    let before = zoom(&window);
    window.harness.hover_at(at(&window, 0.5, 0.5));
    window.steps(2);
    assert_eq!(number(&window, "Size of the brush"), 10.0);
    wheel(&mut window, 1.0, NONE);
    assert!((number(&window, "Size of the brush") - 11.2).abs() < 0.01);
    wheel(&mut window, -2.0, Modifiers::SHIFT);
    assert!((number(&window, "Hardness of the brush") - 40.0).abs() < 0.01);
    wheel(&mut window, -2.0, Modifiers::COMMAND);
    assert!((number(&window, "Opacity of the stroke") - 90.0).abs() < 0.01);
    key(&mut window, Key::OpenBracket);
    assert!((number(&window, "Size of the brush") - 10.0).abs() < 0.01);
    assert_eq!(zoom(&window), before, "nothing has moved the picture");
    enter(&mut window, "Opacity of the stroke", "50");
    enter(&mut window, "Size of the brush", "20");
    drag(&mut window, &LINE);
    until_values(&mut window, "half of it, and wider", &[(MIDDLE, 128), ([0.5, 0.55], 128), ([0.5, 0.8], 0)]);
}

#[test]
fn space_moves_the_picture_or_pauses_and_other_keys_are_as_ever_outside() {
    let mut window = masking();
    let fit = zoom(&window);
    window.harness.key_down(Key::Space);
    window.steps(2);
    drag(&mut window, &[[0.5, 0.5], [0.6, 0.5], [0.7, 0.6]]);
    window.harness.key_up(Key::Space);
    window.steps(3);
    assert_ne!(zoom(&window), fit, "it was moved");
    assert!(!has(&window, "Paused.") && window.log.lock().unwrap().masks.is_empty());
    key(&mut window, Key::F);
    assert_eq!(zoom(&window), fit);
    drag_with(&mut window, &[[0.5, 0.5], [0.6, 0.5], [0.7, 0.6]], PointerButton::Middle, NONE);
    assert_ne!(zoom(&window), fit, "by the middle button as well");
    key(&mut window, Key::F);
    window.until("there are moments", |_, log| log.reads > 60);
    key(&mut window, Key::Space);
    window.until("a tap pauses", |harness, _| harness.query_by_label_contains("Paused.").is_some());

    key(&mut window, Key::K);
    assert!(!has(&window, "Leave the mask mode"));
    window.harness.hover_at(at(&window, 0.5, 0.5));
    window.steps(2);
    wheel(&mut window, 2.0, NONE);
    window.steps(40);
    assert_ne!(zoom(&window), fit, "the wheel zooms");
    let zoomed = zoom(&window);
    drag(&mut window, &LINE);
    assert!(window.log.lock().unwrap().masks.is_empty(), "the pointer moves the picture");
    assert_eq!(zoom(&window), zoomed);
    let step = |harness: &Harness<'static, ImpastoApp>| -> Option<u32> {
        let label = harness.query_by_label_contains("Painting, 96 by 64")?.accesskit_node().label()?;
        label.split_once(", step ")?.1.parse().ok()
    };
    let live = step(&window.harness).unwrap();
    for _ in 0..6 {
        key(&mut window, Key::OpenBracket);
    }
    window
        .until("brackets go through the moments", |harness, _| step(harness).is_some_and(|step| step < live));
}

#[test]
fn a_stroke_reaches_the_engine_between_two_steps() {
    let mut setup = Setup { size: [1700.0, 900.0], ..Setup::default() };
    setup.log.gate = Some(4);
    let mut window = setup.open();
    window.until("the gate is reached", |_, log| log.steps == 4 && log.waits);
    window.until("it is shown", |harness, _| {
        harness.query_all_by_label_contains("Painting, 96 by 64").next().is_some()
    });
    key(&mut window, Key::K);
    drag(&mut window, &LINE);
    // Drawn in the background while the step goes on.
    window.until("it is in the mask", |harness, _| {
        let node = harness.get_by_label_contains("Painting, 96 by 64");
        node.accesskit_node().description().is_some_and(|told| told.starts_with("Drawing on Region 1 "))
    });
    window.log.lock().unwrap().gate = Some(20);
    until_values(&mut window, "it is painted", &[(MIDDLE, 255)]);
    let log = window.log.lock().unwrap();
    let first = log.updates.iter().position(|(settings, _)| !settings.masks.is_empty()).unwrap();
    let mut updates = log.deeds.iter().enumerate().filter(|(_, deed)| **deed == Deed::Update);
    let (update, _) = updates.nth(first).unwrap();
    let steps = log.deeds[..update].iter().filter(|deed| **deed == Deed::Step).count();
    assert!(steps <= 5, "the step that waited is the last one without it: {steps}");
}

#[test]
fn a_locked_mask_is_not_drawn_on() {
    let mut window = masking();
    drag(&mut window, &LINE);
    until_values(&mut window, "it is painted", &[(MIDDLE, 255), ([0.5, 0.2], 0)]);
    press(&mut window, "Lock Region 1", Role::Switch);
    window.steps(3);
    drag(&mut window, &[[0.2, 0.2], [0.8, 0.2]]);
    assert!(has(&window, "Region 1 is locked"));
    press(&mut window, "Lock Region 1", Role::Switch);
    window.steps(3);
    drag(&mut window, &[[0.2, 0.9], [0.8, 0.9]]);
    until_values(&mut window, "unlocked", &[([0.5, 0.9], 255), ([0.5, 0.2], 0)]);
}

#[test]
fn masks_are_painted_beside_another_picture_and_on_the_full_screen() {
    let mut window = masking();
    key(&mut window, Key::S);
    window.until("it is split", |harness, _| harness.query_by_label_contains("split with").is_some());
    drag(&mut window, &[[0.2, 0.2], [0.8, 0.2]]);
    until_values(&mut window, "on both sides of the line", &[([0.3, 0.2], 255), ([0.7, 0.2], 255)]);
    key(&mut window, Key::S);
    key(&mut window, Key::F11);
    assert!(has(&window, "Leave the mask mode") && !has(&window, "Swap content and style"));
    press(&mut window, "Clear the mask", Role::Button);
    until_values(&mut window, "by the bar", &[([0.3, 0.2], 0)]);
    key(&mut window, Key::Escape);
    assert!(!has(&window, "Leave the mask mode"));
    key(&mut window, Key::Escape);
    assert!(has(&window, "Swap content and style"));
}

#[test]
fn a_narrow_canvas_has_all_tools_and_the_numbers_behind_a_button() {
    let draws = can_draw();
    let mut window = masking_in(Setup { size: [860.0, 460.0], render: draws, ..Setup::default() });
    let screen = window.harness.ctx.content_rect();
    tool(&mut window, "Ellipse");
    let names = ["Brush", "Eraser", "Straight line", "Gradient", "Ellipse", "Path", "Add", "Subtract"];
    let others = ["Intersect", "Numbers of the tool", "Mask alone", "Leave the mask mode"];
    let rects: Vec<Rect> =
        names.iter().chain(&others).map(|name| window.harness.get_by_label(name).rect()).collect();
    if draws {
        draw_as_it_is(&mut window, "masks_narrow");
    }
    for (index, rect) in rects.iter().enumerate() {
        assert!(screen.contains_rect(*rect), "{rect:?}");
        assert!(rects[..index].iter().all(|other| !other.shrink(1.0).intersects(*rect)));
    }
    press(&mut window, "Numbers of the tool", Role::Button);
    window.steps(3);
    enter(&mut window, "Edge of the shape", "30");
    assert!((number(&window, "Edge of the shape") - 30.0).abs() < 1e-4);
    press(&mut window, "Fill the mask", Role::Button);
    until_values(&mut window, "all of it", &[(MIDDLE, 255)]);
    window.harness.check_accessibility();
}

#[test]
fn regions_are_tinted_while_they_are_painted_and_the_mask_is_shown_alone() {
    if !can_draw() {
        return;
    }
    let mut setup = Setup { render: true, size: [1700.0, 900.0], ..Setup::default() };
    setup.log.paint = Some(RgbImage::from_pixel(96, 64, Rgb([128; 3])));
    let mut window = masking_in(setup);
    let colour = |window: &mut Window, name: &str, [x, y]: [f32; 2]| {
        let image = draw_as_it_is(window, name);
        let pos = at(window, x, y);
        let [red, green, blue, _] = image.get_pixel(pos.x as u32, pos.y as u32).0;
        [red, green, blue]
    };
    let is_grey = |[red, green, blue]: [u8; 3]| red.abs_diff(green) < 4 && green.abs_diff(blue) < 4;
    // During the stroke.
    let [from, to] = [at(&window, 0.2, 0.5), at(&window, 0.8, 0.5)];
    window.harness.hover_at(from);
    window.steps(2);
    button(&mut window, from, LEFT, true, NONE);
    window.harness.hover_at(to);
    window.steps(2);
    assert!(!is_grey(colour(&mut window, "mask_stroke", MIDDLE)));
    assert!(window.log.lock().unwrap().masks.is_empty(), "nothing is sent before it ends");
    button(&mut window, to, LEFT, false, NONE);
    until_values(&mut window, "it is painted", &[(MIDDLE, 255)]);
    window.steps(3);
    assert!(!is_grey(colour(&mut window, "mask_tint", MIDDLE)));
    assert!(is_grey(colour(&mut window, "mask_tint", [0.5, 0.2])));
    window.harness.key_down(Key::Backslash);
    window.steps(3);
    let alone = [MIDDLE, [0.5, 0.2]].map(|place| colour(&mut window, "mask_alone", place)[0]);
    assert!(alone[0] > 250 && alone[1] < 5, "{alone:?}");
    window.harness.key_up(Key::Backslash);
    window.steps(3);
    assert!(is_grey(colour(&mut window, "mask_tint", [0.5, 0.2])));
    key(&mut window, Key::K);
    assert!(is_grey(colour(&mut window, "mask_left", MIDDLE)), "nothing of it is seen outside of the mode");
}

#[test]
fn each_region_has_its_colour_and_strokes_go_to_the_chosen_one() {
    if !can_draw() {
        return;
    }
    let mut setup = Setup { render: true, size: [1360.0, 860.0], ..Setup::default() };
    setup.log.paint = Some(image::imageops::thumbnail(&painting(), 96, 64));
    let mut window = masking_in(setup);
    // How much more blue than red there is.
    let blue = |window: &mut Window, name: &str| {
        let image = draw_as_it_is(window, name);
        [[0.25, 0.5], [0.75, 0.5]].map(|[x, y]| {
            let pos = at(window, x, y);
            let [red, _, blue, _] = image.get_pixel(pos.x as u32, pos.y as u32).0;
            i32::from(blue) - i32::from(red)
        })
    };
    window.harness.hover_at(at(&window, 0.5, 0.98));
    window.steps(3);
    let before = blue(&mut window, "masks_none");
    tool(&mut window, "Ellipse");
    drag(&mut window, &[[0.05, 0.2], [0.45, 0.8]]);
    until_values(&mut window, "the first region", &[([0.25, 0.5], 255)]);
    window.harness.get_by(|node| node.label().as_deref() == Some("Drawn on")).click();
    window.steps(3);
    window.harness.get_by_label("A new region").click();
    window.steps(3);
    drag(&mut window, &[[0.55, 0.2], [0.95, 0.8]]);
    window.until("the second region", |_, log| value(log, 1, [0.75, 0.5]) == Some(255));
    assert_eq!(value(&window.log.lock().unwrap(), 0, [0.75, 0.5]), Some(0));
    let node = window.harness.get_by_label_contains("Painting, 96 by 64");
    let told = node.accesskit_node().description().unwrap_or_default();
    assert!(told.starts_with("Drawing on Region 2 with the tool Ellipse. "), "{told}");
    window.harness.hover_at(at(&window, 0.5, 0.98));
    window.steps(3);
    let after = blue(&mut window, "masks_two");
    assert!(after[0] > before[0] + 20 && after[1] < before[1] - 20, "{before:?} {after:?}");
}
