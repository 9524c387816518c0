//! A part of a style, chosen in its dialog.

use crate::window_support::{
    Log, Setup, Window,
    drawing::{can_draw, draw},
    enter, has, picture_file, press,
};
use egui::{Event, Key, Modifiers, PointerButton, Pos2, Role, vec2};
use egui_kittest::kittest::Queryable as _;
use impasto_core::settings::Crop;

const UNDO: (Modifiers, Key) = (Modifiers::COMMAND, Key::Z);

fn painting() -> Window {
    let mut window = Setup::default().open();
    window.until_painting();
    window
}

fn open_dialog(window: &mut Window) {
    window.harness.get_by_label("Choose the style").click();
    window.steps(5);
    window.harness.get_by_label("Use a part…").click();
    window.steps(5);
    assert!(has(window, "A part of the style"));
}

/// The part that the engine has.
fn of_engine(log: &Log) -> Option<[f64; 4]> {
    let (_, styles) = log.updates.last()?;
    styles[0].crop.map(<[f64; 4]>::from)
}

#[track_caller]
fn until_part(window: &mut Window, what: &str, part: Option<[f64; 4]>) {
    window.until(what, |_, log| of_engine(log) == part && !log.updates.is_empty());
    window.steps(3);
}

fn drag(window: &mut Window, from: Pos2, to: Pos2) {
    window.harness.hover_at(from);
    window.steps(2);
    for (pos, pressed) in [(from, true), (to, false)] {
        window.harness.hover_at(pos);
        window.steps(2);
        let modifiers = Modifiers::NONE;
        window.harness.event(Event::PointerButton {
            pos,
            button: PointerButton::Primary,
            pressed,
            modifiers,
        });
        window.steps(2);
    }
    window.steps(3);
}

#[test]
fn a_part_is_typed_drawn_undone_and_taken_back_while_it_paints() {
    let mut window = painting();
    open_dialog(&mut window);
    // The bundled style is a square of 768 pixels.
    enter(&mut window, "Width of the part", "384");
    until_part(&mut window, "half of it", Some([0.0, 0.0, 0.5, 1.0]));
    enter(&mut window, "Left of the part", "192");
    until_part(&mut window, "the middle", Some([0.25, 0.0, 0.5, 1.0]));
    // Beyond the picture it stays within.
    enter(&mut window, "Left of the part", "9000");
    until_part(&mut window, "the right half", Some([0.5, 0.0, 0.5, 1.0]));
    window.harness.check_accessibility();

    // What comes sooner is one deed with it.
    window.steps(90);
    let rect = window.harness.get_by_label_contains("Part of the style:").rect();
    let at = |x: f32, y: f32| rect.min + rect.size() * vec2(x, y);
    drag(&mut window, at(0.125, 0.125), at(0.375, 0.625));
    window.until("it is drawn", |_, log| {
        of_engine(log).is_some_and(|[left, top, width, height]| {
            let near = |a: f64, b: f64| (a - b).abs() < 0.01;
            near(left, 0.125) && near(top, 0.125) && near(width, 0.25) && near(height, 0.5)
        })
    });
    window.harness.key_press(Key::Escape);
    window.steps(5);
    assert!(!has(&window, "A part of the style"), "Escape closes the dialog");
    assert!(has(&window, "Only a part counts"));
    // The drag is one entry of the history.
    window.harness.key_press_modifiers(UNDO.0, UNDO.1);
    until_part(&mut window, "undone", Some([0.5, 0.0, 0.5, 1.0]));

    open_dialog(&mut window);
    window.harness.get_by_label("Whole picture").click();
    until_part(&mut window, "all of it", None);
    window.harness.get_by_label("Done").click();
    window.steps(5);
    assert!(!has(&window, "A part of the style") && !has(&window, "Only a part counts"));
    assert_eq!(window.jobs(), 1, "none of it needs a new run");
}

#[test]
fn what_does_not_count_is_dimmed_and_the_card_shows_the_part() {
    if !can_draw() {
        return;
    }
    let mut window = Setup { render: true, size: [1360.0, 860.0], ..Setup::default() }.open();
    window.until_painting();
    open_dialog(&mut window);
    enter(&mut window, "Width of the part", "384");
    enter(&mut window, "Height of the part", "500");
    until_part(&mut window, "it counts", Some([0.0, 0.0, 0.5, 500.0 / 768.0]));
    let image = draw(&mut window, "part");
    let rect = window.harness.get_by_label_contains("Part of the style:").rect();
    let light = |left: f32, right: f32| {
        let (from, to) =
            (rect.min + rect.size() * vec2(left, 0.1), rect.min + rect.size() * vec2(right, 0.5));
        let pixels =
            (from.y as u32..to.y as u32).flat_map(|y| (from.x as u32..to.x as u32).map(move |x| (x, y)));
        let values: Vec<f64> = pixels.map(|(x, y)| f64::from(image[(x, y)][1])).collect();
        values.iter().sum::<f64>() / values.len() as f64
    };
    let (counts, dimmed) = (light(0.1, 0.4), light(0.6, 0.9));
    assert!(counts > 1.4 * dimmed, "{counts} {dimmed}");
    window.harness.get_by_label("Done").click();
    window.steps(10);
    draw(&mut window, "part_card");
}

#[test]
fn a_part_is_remembered_and_ends_with_its_picture() {
    let mut window = painting();
    open_dialog(&mut window);
    enter(&mut window, "Height of the part", "192");
    until_part(&mut window, "a quarter", Some([0.0, 0.0, 1.0, 0.25]));
    window.harness.key_press(Key::Escape);
    window.steps(3);
    let file = window.folder.path().join("impasto.toml");
    window.until("it is written", |_, _| {
        std::fs::read_to_string(&file).is_ok_and(|text| text.contains("crop = ["))
    });
    let folder = window.close();
    let mut window = Setup { options: Default::default(), ..Setup::default() }.open_in(folder);
    window.until("it paints", |_, log| log.steps > 0);
    let crop = Crop { height: 0.25, ..Crop::WHOLE };
    assert_eq!(window.job(0).inputs.styles[0].mix.crop, Some(crop));

    let path = picture_file(&window, "other.png", (60, 40), 200);
    window.dialogs.will_pick(&path);
    window.harness.get_by_label_contains("Style: Swirl").click();
    window.until("another style", |_, log| log.styles() == ["other.png"]);
    let log = window.log.lock().unwrap();
    assert_eq!(log.inputs.as_ref().unwrap().styles[0].mix.crop, None, "a part is one of its picture");
}

#[test]
fn a_transparent_content_is_saved_as_transparent_as_it_is_or_flat() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut-out.png");
    let pixel = |x: u32, _| image::Rgba([9, 90, 200, if x < 30 { 0 } else { 255 }]);
    image::RgbaImage::from_fn(60, 40, pixel).save(&path).unwrap();
    let mut setup = Setup::default();
    setup.options.content = Some(path);
    let mut window = setup.open();
    window.until_painting();
    window.until("it is shown", |harness, _| {
        harness.query_all_by_label_contains("Painting, 96 by 64").next().is_some()
    });
    let saved = |window: &mut Window, name: &str| {
        let path = crate::window_support::saved(window, name);
        window.until("it is whole", |_, _| image::open(&path).is_ok());
        image::open(&path).unwrap()
    };
    let kept = saved(&mut window, "a.png");
    assert!(kept.color().has_alpha());
    let (kept, right) = (kept.into_rgba8(), (60, 20));
    assert_eq!((kept[(2, 2)][3], kept[right][3]), (0, 255));
    assert!(!saved(&mut window, "a.jpg").color().has_alpha());
}

#[test]
fn mixes_and_resets_leave_the_parts_of_other_pictures_alone() {
    let mut window = painting();
    let keep = |window: &mut Window| {
        let pos = window.harness.get_by_label_contains("Mix A, ").rect().center();
        window.harness.event(Event::ModifiersChanged(Modifiers::SHIFT));
        window.harness.event(Event::PointerMoved(pos));
        window.harness.step();
        for pressed in [true, false] {
            let (button, modifiers) = (PointerButton::Primary, Modifiers::SHIFT);
            window.harness.event(Event::PointerButton { pos, button, pressed, modifiers });
            window.harness.step();
        }
        window.harness.event(Event::ModifiersChanged(Modifiers::NONE));
        window.steps(3);
    };
    open_dialog(&mut window);
    enter(&mut window, "Width of the part", "384");
    until_part(&mut window, "half of it", Some([0.0, 0.0, 0.5, 1.0]));
    window.harness.get_by_label("Done").click();
    window.steps(5);
    keep(&mut window);
    assert!(has(&window, "Mix A, the current mix"));
    // A reset is about how it counts.
    enter(&mut window, "Scale of style", "0.5");
    press(&mut window, "Reset all", Role::Button);
    window.until("the scale is usual", |_, log| {
        log.updates.last().is_some_and(|(_, styles)| styles[0].scale == 1.0)
    });
    until_part(&mut window, "half of it still", Some([0.0, 0.0, 0.5, 1.0]));
    let path = picture_file(&window, "other.png", (60, 40), 200);
    window.dialogs.will_pick(&path);
    window.harness.get_by_label_contains("Style: Swirl").click();
    window.until("another style", |_, log| log.styles() == ["other.png"]);
    enter(&mut window, "Scale of style", "0.5");
    window.harness.key_press(Key::Escape);
    window.steps(3);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Num1);
    window.until("the mix is taken", |_, log| {
        log.updates.last().is_some_and(|(_, styles)| styles[0].scale == 1.0)
    });
    until_part(&mut window, "the other picture is whole", None);
}
