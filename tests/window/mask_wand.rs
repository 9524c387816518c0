//! Masks that follow what is in the content: the wand, and strokes that snap to edges.

use crate::{
    masks::{
        LEFT, NONE, at, button, drag, drag_with, key, masking, masking_in, number, tool, until_values, value,
    },
    window_support::{
        Setup,
        drawing::{can_draw, draw_as_it_is},
        enter, has, press, undo,
    },
};
use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::Queryable as _;
use image::{Rgb, RgbImage};

#[test]
fn the_wand_takes_what_the_network_sees_as_alike_as_one_step() {
    let mut window = masking();
    tool(&mut window, "Wand");
    drag(&mut window, &[[0.2, 0.5]]);
    until_values(&mut window, "the left side", &[([0.1, 0.2], 255), ([0.9, 0.5], 0)]);
    {
        let log = window.log.lock().unwrap();
        let [(layer, [x, y])] = log.compared[..] else { panic!("{:?}", log.compared) };
        assert_eq!(layer.to_string(), "relu4_1");
        assert!((x - 0.2).abs() < 0.01 && (y - 0.5).abs() < 0.01, "{x} {y}");
    }
    undo(&mut window);
    window.until("it is undone, with its region", |_, log| {
        log.updates.last().is_some_and(|(settings, _)| settings.masks.is_empty())
    });
    press(&mut window, "Fill the mask", Role::Button);
    until_values(&mut window, "all of it", &[([0.1, 0.2], 255), ([0.9, 0.5], 255)]);
    drag_with(&mut window, &[[0.25, 0.5]], LEFT, Modifiers::ALT);
    until_values(&mut window, "taken away", &[([0.1, 0.2], 0), ([0.9, 0.5], 255)]);
    tool(&mut window, "Replace");
    window.harness.get_by(|node| node.label().as_deref() == Some("Layer of the wand")).click();
    window.steps(3);
    window.harness.get_by_label("relu3_1: textures and small patterns").click();
    window.steps(3);
    drag(&mut window, &[[0.3, 0.4]]);
    until_values(&mut window, "the other way round", &[([0.1, 0.2], 255), ([0.9, 0.5], 0)]);
    // While it is dragged the network is not asked again.
    let before = number(&window, "Likeness for the wand");
    drag(&mut window, &[[0.2, 0.6], [0.5, 0.6], [0.7, 0.6], [0.9, 0.6]]);
    until_values(&mut window, "everything is alike enough", &[([0.1, 0.2], 255), ([0.9, 0.5], 255)]);
    assert!(number(&window, "Likeness for the wand") < before);
    let log = window.log.lock().unwrap();
    let layers: Vec<String> = log.compared.iter().map(|(layer, _)| layer.to_string()).collect();
    assert_eq!(layers, ["relu4_1", "relu4_1", "relu3_1", "relu3_1"]);
}

#[test]
fn the_wand_says_so_if_there_is_no_network_to_ask() {
    let mut window = masking();
    window.log.lock().unwrap().fail_step = Some("the device is lost".into());
    window.until("the run fails", |harness, _| {
        harness.query_all_by_label_contains("device is lost").next().is_some()
    });
    tool(&mut window, "Wand");
    drag(&mut window, &[[0.2, 0.5]]);
    assert!(has(&window, "press play first"));
    assert!(window.log.lock().unwrap().compared.is_empty());
}

#[test]
fn the_wand_shows_what_it_would_take_while_it_is_dragged() {
    if !can_draw() {
        return;
    }
    let mut setup = Setup { render: true, size: [1700.0, 900.0], ..Setup::default() };
    setup.log.paint = Some(RgbImage::from_pixel(96, 64, Rgb([128; 3])));
    let mut window = masking_in(setup);
    tool(&mut window, "Wand");
    let pos = at(&window, 0.2, 0.5);
    window.harness.hover_at(pos);
    window.steps(2);
    button(&mut window, pos, LEFT, true, NONE);
    window.until("it was asked", |_, log| !log.compared.is_empty());
    let mut are_grey = || {
        window.steps(2);
        let image = draw_as_it_is(&mut window, "mask_wand");
        [0.3, 0.8].map(|x| {
            let pos = at(&window, x, 0.2);
            let [red, green, blue, _] = image.get_pixel(pos.x as u32, pos.y as u32).0;
            red.abs_diff(green) < 4 && green.abs_diff(blue) < 4
        })
    };
    assert!((0..200).any(|_| are_grey() == [false, true]), "the left side is tinted, the right one is not");
    assert!(window.log.lock().unwrap().masks.is_empty(), "nothing is drawn before it is let go");
    key(&mut window, Key::Escape);
    button(&mut window, pos, LEFT, false, NONE);
    window.steps(10);
    assert!(window.log.lock().unwrap().masks.is_empty(), "nor after escape");
}

#[test]
fn a_mask_and_strokes_snap_to_the_edges_of_the_content() {
    // Dark left of the middle, light right of it.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("halves.png");
    let halves = RgbImage::from_fn(480, 320, |x, _| Rgb([if x < 240 { 30 } else { 220 }; 3]));
    halves.save(&file).unwrap();
    let mut setup = Setup { size: [1700.0, 900.0], ..Setup::default() };
    setup.options.content = Some(file);
    let mut window = masking_in(setup);
    enter(&mut window, "Hardness of the brush", "100");
    // Its edge is half a hundredth of the width beyond that of the content.
    let stroke = [[0.455, 0.2], [0.455, 0.8]];
    let (beyond, inside) = ([0.503, 0.5], [0.49, 0.5]);
    drag(&mut window, &stroke);
    until_values(&mut window, "over the edge", &[(inside, 255), (beyond, 255)]);
    press(&mut window, "Snap to edges", Role::Button);
    window.until("snapped", |_, log| value(log, 0, beyond).is_some_and(|value| value < 40));
    assert!(value(&window.log.lock().unwrap(), 0, inside).is_some_and(|value| value > 215));
    undo(&mut window);
    assert!(has(&window, "Undone: Snap to edges on Region 1"));
    until_values(&mut window, "as it was drawn", &[(inside, 255), (beyond, 255)]);
    undo(&mut window);
    window.until("there is none", |_, log| {
        log.updates.last().is_some_and(|(settings, _)| settings.masks.is_empty())
    });
    // The same when the stroke ends.
    press(&mut window, "Snap strokes", Role::Switch);
    window.steps(3);
    drag(&mut window, &stroke);
    window.until("it is painted", |_, log| value(log, 0, inside).is_some_and(|value| value > 215));
    assert!(value(&window.log.lock().unwrap(), 0, beyond).is_some_and(|value| value < 40));
    undo(&mut window);
    window.until("one step", |_, log| {
        log.updates.last().is_some_and(|(settings, _)| settings.masks.is_empty())
    });
}
