//! What lies beside, below and over the painting.

use super::*;
use std::time::Duration;

use crate::window_support::enter;

#[test]
fn the_mixer_and_the_mixes() {
    let Some(mut window) = painted(WIDE, 40) else { return };
    let keep = |window: &mut Window, letter: char| {
        let mix = window.harness.get_by_label_contains(&format!("Mix {letter}, ")).rect().center();
        for pressed in [true, false] {
            window.harness.event(Event::ModifiersChanged(Modifiers::SHIFT));
            window.harness.event(Event::PointerMoved(mix));
            let (button, modifiers) = (egui::PointerButton::Primary, Modifiers::SHIFT);
            window.harness.event(Event::PointerButton { pos: mix, button, pressed, modifiers });
            window.harness.step();
        }
        window.harness.event(Event::ModifiersChanged(Modifiers::NONE));
        window.steps(2);
    };
    keep(&mut window, 'B');
    enter(&mut window, "Style weight β, number", "31");
    keep(&mut window, 'A');
    enter(&mut window, "Tilt of the style layers, number", "0.3");
    find(&mut window, "mute style relu2_1");
    find(&mut window, "lock style relu1_1");
    find(&mut window, "link style relu3_1");
    find(&mut window, "link style relu4_1");
    click(&mut window, "Mixer");
    window.paint_to(52);
    snapshot(&mut window, "mixer");
    other_theme(&mut window);
    snapshot(&mut window, "mixer_light");
}

#[test]
fn the_lab_and_the_sheets() {
    let mut setup = setup(WIDE);
    setup.log.extract_slices = 2;
    let Some(mut window) = open(setup) else { return };
    window.paint_to(20);
    window.pause_at_gate();
    let until_made = |window: &mut Window, count: usize| {
        window.until("all are made", |harness, log| {
            let mut keys: Vec<&String> = log.extracted.iter().map(|(key, _)| key).collect();
            keys.sort();
            keys.dedup();
            let awaits = |words: &str| harness.query_all_by_label_contains(words).next().is_some();
            keys.len() >= count && !awaits("made when painting rests") && !awaits(" being made")
        });
    };
    until_made(&mut window, 7);
    press_key(&mut window, Key::L);
    window.until("the lab looks", |harness, _| {
        harness.query_by_label("Gram matrix of relu3_1: painting").is_some()
    });
    click(&mut window, "Show on the painting where this layer pulls");
    snapshot(&mut window, "lab");
    click(&mut window, "The style");
    until_made(&mut window, 17);
    snapshot(&mut window, "sheet");
}

#[test]
fn the_filmstrip_with_pinned_moments_and_the_time_lapse() {
    let mut setup = setup(WIDE);
    // Moments are at least 50 ms apart.
    setup.log.slow = Duration::from_millis(60);
    let Some(mut window) = open(setup) else { return };
    click(&mut window, "Filmstrip");
    window.paint_to(12);
    press_key(&mut window, Key::P);
    window.paint_to(22);
    window.pause_at_gate();
    press_key(&mut window, Key::P);
    snapshot(&mut window, "filmstrip");
    find(&mut window, "time-lapse");
    window.until("it asks how", |harness, _| harness.query_by_label("Save time-lapse…").is_some());
    snapshot(&mut window, "time_lapse");
}

#[test]
fn a_comparison() {
    let Some(mut window) = paused(SMALL, 10) else { return };
    press_key(&mut window, Key::S);
    window.until("it compares", |harness, _| {
        harness.query_all_by_label_contains("split with Content").next().is_some()
    });
    snapshot(&mut window, "split");
}

#[test]
fn styles_and_presets_to_choose_from() {
    let Some(mut window) = paused(SMALL, 10) else { return };
    click(&mut window, "Choose the style");
    window.steps(30);
    snapshot(&mut window, "gallery");
    press_key(&mut window, Key::Escape);
    find(&mut window, "manage presets");
    snapshot(&mut window, "presets");
}

#[test]
fn automation_and_remote_control() {
    const COURSE: &str = "[beta]\nlfo = { shape = \"sine\", period = 0.2, depth = 0.3 }\n\
        [\"style/relu3_1\"]\nkeys = [{ at = 0, value = 0.02 }, { at = 0.3, value = 4, ease = \"smooth\" }, { at = 0.6, value = 0.1, ease = \"hold\" }, { at = 1, value = 0.5 }]\n";
    let mut setup = setup(WIDE);
    setup.options.settings.as_mut().unwrap().automation = toml::from_str(COURSE).unwrap();
    let Some(mut window) = open(setup) else { return };
    window.paint_to(40);
    press_key(&mut window, Key::A);
    click(&mut window, "Automation of Style relu3_1");
    snapshot(&mut window, "automation");
    find(&mut window, "remote");
    snapshot(&mut window, "remote");
}
