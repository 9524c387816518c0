//! What lies beside, below and over the painting.

use super::*;
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
fn the_losses_of_two_sizes() {
    let Some(mut window) = painted([1280.0, 900.0], 20) else { return };
    press_key(&mut window, Key::PageUp);
    window.paint_to(45);
    find(&mut window, "solo style relu2_1");
    window.paint_to(55);
    snapshot(&mut window, "losses");
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
            keys.len() >= count && !awaits("layer picture")
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
    find(&mut window, "export a time-lapse");
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
    let Some(mut window) = paused(WIDE, 10) else { return };
    click(&mut window, "Choose the style");
    window.steps(30);
    snapshot(&mut window, "gallery");
    press_key(&mut window, Key::Escape);
    window
        .harness
        .get_by(|node| node.label().as_deref() == Some("Preset") && node.role() == Role::ComboBox)
        .click();
    window.steps(6);
    click(&mut window, "Save or manage…");
    snapshot(&mut window, "presets");
}

/// Whether something is drawn in the colour of what moves, in either theme.
fn moves(image: &RgbaImage) -> bool {
    let accent = |pixel: &image::Rgba<u8>| matches!(pixel.0, [0xf0, 0x72, 0x48, _] | [0xb3, 0x38, 0x15, _]);
    image.pixels().filter(|pixel| accent(pixel)).count() > 100
}

#[test]
fn automation() {
    const COURSE: &str = "[beta]\nlfo = { shape = \"sine\", period = 0.2, depth = 0.3 }\n\
        [smoothness]\non = false\nlfo = { shape = \"random\", period = 0.05, depth = 0.2, seed = 3 }\n\
        [\"style/relu3_1\"]\nkeys = [{ at = 0, value = 0.02 }, { at = 0.3, value = 4, ease = \"smooth\" }, { at = 0.6, value = 0.1, ease = \"hold\" }, { at = 0.8, value = 2 }, { at = 1, value = 0.5 }]\n\
        [style-amount]\nlfo = { shape = \"triangle\", period = 0.5, depth = 0.2 }\n";
    for (size, dark, light) in
        [(WIDE, "automation", "automation_light"), (SMALL, "automation_small", "automation_small_light")]
    {
        let mut setup = setup(size);
        setup.options.settings.as_mut().unwrap().automation = toml::from_str(COURSE).unwrap();
        let Some(mut window) = open(setup) else { return };
        window.paint_to(40);
        press_key(&mut window, Key::A);
        click(&mut window, "Automation of Style β");
        assert!(moves(&snapshot(&mut window, dark)));
        click(&mut window, "Automation of Style relu3_1");
        click(&mut window, "Keyframe behind");
        other_theme(&mut window);
        assert!(moves(&snapshot(&mut window, light)));
    }
}

#[test]
fn remote_control() {
    let Some(mut window) = paused(SMALL, 10) else { return };
    find(&mut window, "remote control");
    snapshot(&mut window, "remote");
}
