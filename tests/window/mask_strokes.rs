//! Strokes that are drawn in the background while other things are asked for, and the brushes of roles.

use crate::{
    masks::{LEFT, LINE, MIDDLE, NONE, at, drag, masking, tool, until_values, value},
    window_support::{Log, Window, press, saved_project, undo},
};
use egui::{Event, Key, Modifiers, Role};
use egui_kittest::kittest::Queryable as _;
use impasto_core::{picture::pasted_hash, settings::RegionRole};

/// A dab of the tool, which is not drawn yet when this ends.
fn press_and_release(window: &mut Window, y: f32) {
    let pos = at(window, 0.5, y);
    window.harness.hover_at(pos);
    window.steps(2);
    for pressed in [true, false] {
        let (button, modifiers) = (LEFT, NONE);
        window.harness.event(Event::PointerButton { pos, button, pressed, modifiers });
    }
}

#[test]
fn a_stroke_that_is_being_snapped_is_waited_for_too() {
    let mut window = masking();
    press_and_release(&mut window, 0.3);
    until_values(&mut window, "it is drawn", &[([0.5, 0.3], 255)]);
    press(&mut window, "Snap strokes", Role::Switch);
    press_and_release(&mut window, 0.7);
    undo(&mut window);
    window.until("it was snapped, and taken back", |harness, _| {
        harness.query_by_label_contains("Undone: Snapped stroke on Region 1").is_some()
    });
    until_values(&mut window, "the one before stays", &[([0.5, 0.3], 255), ([0.5, 0.7], 0)]);
    // Two at once are drawn in their order: the second takes the first away.
    press_and_release(&mut window, 0.7);
    tool(&mut window, "Eraser");
    press_and_release(&mut window, 0.7);
    undo(&mut window);
    window.until("the second is taken back", |harness, _| {
        harness.query_by_label_contains("Undone: Snapped erasing on Region 1").is_some()
    });
}

#[test]
fn what_follows_a_stroke_at_once_finds_it_in_the_mask() {
    let mut window = masking();
    // Undo is asked for while the stroke is being drawn.
    press_and_release(&mut window, 0.5);
    undo(&mut window);
    window.until("it was drawn, and taken back", |harness, _| {
        harness.query_by_label_contains("Undone: Brush on Region 1").is_some()
    });
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Y);
    until_values(&mut window, "it is done again", &[(MIDDLE, 255), ([0.5, 0.1], 0)]);
    // Each stroke is drawn on what the one before has left.
    for y in [0.1, 0.3, 0.7, 0.9] {
        press_and_release(&mut window, y);
    }
    press(&mut window, "Invert the mask", Role::Button);
    let inside: Vec<_> = [0.1, 0.3, 0.5, 0.7, 0.9].map(|y| ([0.5, y], 0)).into();
    until_values(&mut window, "all of them", &inside);
    until_values(&mut window, "and nothing else", &[([0.1, 0.5], 255)]);
    undo(&mut window);
    until_values(&mut window, "one step back", &[([0.5, 0.9], 255), ([0.1, 0.5], 0)]);
    undo(&mut window);
    until_values(&mut window, "two", &[([0.5, 0.9], 0), ([0.5, 0.7], 255)]);
    // A project that is saved at once has the last stroke.
    press_and_release(&mut window, 0.9);
    let (_, project) = saved_project(&mut window, "mine.impasto");
    let name = &project.manifest.settings.masks.regions[0].mask;
    let hash = pasted_hash(name).unwrap();
    let mask = project.drawings[&hash].picture().unwrap().rgb;
    assert_eq!(mask.get_pixel(mask.width() / 2, mask.height() * 9 / 10)[0], 255);
}

#[test]
fn a_region_is_moved_by_its_name_while_a_stroke_is_drawn() {
    let mut window = masking();
    window.harness.get_by_role_and_label(Role::Tab, "Regions").click();
    window.steps(4);
    let names = |log: &Log| -> Vec<String> {
        let regions = log.updates.last().map(|(settings, _)| settings.masks.regions.clone());
        regions.unwrap_or_default().into_iter().map(|region| region.name).collect()
    };
    for count in 1..=3 {
        press(&mut window, "Add region", Role::Button);
        window.until("it is added", |_, log| names(log).len() == count);
        window.steps(3);
    }
    // Snapping takes longer than to ask twice for another place of the region.
    press(&mut window, "Snap strokes", Role::Switch);
    press_and_release(&mut window, 0.5);
    for _ in 0..2 {
        press(&mut window, "Region 3 earlier", Role::Button);
        window.steps(3);
    }
    window.until("it is the first, with its stroke", |_, log| {
        names(log) == ["Region 3", "Region 1", "Region 2"]
            && value(log, 0, MIDDLE).is_some_and(|grey| grey > 0)
    });
}

#[test]
fn what_stays_and_where_the_photograph_shows_have_brushes() {
    let mut window = masking();
    let choose = |window: &mut Window, entry: &str| {
        window.harness.get_by(|node| node.label().as_deref() == Some("Drawn on")).click();
        window.steps(3);
        window.harness.get_by_label(entry).click();
        window.steps(3);
    };
    let roles = |log: &Log| -> Vec<(String, RegionRole)> {
        let regions = log.updates.last().map(|(settings, _)| settings.masks.regions.clone());
        regions.unwrap_or_default().into_iter().map(|region| (region.name, region.role)).collect()
    };
    tool(&mut window, "Ellipse");
    choose(&mut window, "Freeze brush");
    drag(&mut window, &LINE);
    until_values(&mut window, "it is painted by the brush", &[(MIDDLE, 255), ([0.5, 0.1], 0)]);
    choose(&mut window, "Photograph brush");
    drag(&mut window, &[[0.2, 0.9], [0.8, 0.9]]);
    window.until("another region", |_, log| value(log, 1, [0.5, 0.9]) == Some(255));
    // The same brush goes on with its region.
    choose(&mut window, "Freeze brush");
    drag(&mut window, &[[0.2, 0.1], [0.8, 0.1]]);
    until_values(&mut window, "the first again", &[([0.5, 0.1], 255), ([0.5, 0.9], 0)]);
    let wanted = [("frozen", RegionRole::Freeze), ("photograph", RegionRole::Keep)];
    let wanted = wanted.map(|(name, role)| (name.to_owned(), role));
    assert_eq!(roles(&window.log.lock().unwrap()), wanted);
}
