//! Parameters that move: automation in the window, with a fake engine.

use std::time::Duration;

use crate::window_support::{Setup, Window, enter, hands::right_click, has};
use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use impasto_core::settings::{Automation, Curve, KeysEnd, Lfo, ParamId, Settings, Track, Waveform};

fn with(course: &str) -> Setup {
    let mut setup = Setup { size: [1280.0, 1400.0], ..Setup::default() };
    let settings = setup.options.settings.get_or_insert_default();
    settings.steps = 2000;
    settings.automation = toml::from_str(course).unwrap();
    // The run is not over before hands have done what they do in it.
    setup.log.slow = Duration::from_millis(4);
    setup
}

fn slider(window: &Window, name: &str) -> f64 {
    let node =
        window.harness.get_by(|node| node.label().as_deref() == Some(name) && node.role() == Role::Slider);
    node.accesskit_node().numeric_value().unwrap()
}

fn sent(window: &mut Window, what: &str, wanted: impl Fn(&Settings) -> bool) {
    window.until(what, |_, log| log.updates.last().is_some_and(|(settings, _)| wanted(settings)));
}

fn click(window: &mut Window, name: &str) {
    window.harness.get_by_label(name).click();
    window.steps(3);
}

fn updates(window: &Window) -> usize {
    window.log.lock().unwrap().updates.len()
}

fn last(window: &Window) -> Settings {
    window.log.lock().unwrap().updates.last().unwrap().0.clone()
}

#[test]
fn faders_move_by_themselves_and_nothing_else_does() {
    // A period of several previews, which are all that the fader shows.
    let mut window = with("[beta]\nlfo = { shape = \"triangle\", period = 0.05, depth = 0.3 }\n").open();
    window.until_painting();
    let (mut low, mut high) = (f64::INFINITY, 0f64);
    window.until("the fader has gone up and down", |harness, _| {
        let node = harness
            .get_by(|node| node.label().as_deref() == Some("Style weight β") && node.role() == Role::Slider);
        let value = node.accesskit_node().numeric_value().unwrap();
        (low, high) = (low.min(value), high.max(value));
        low < 0.5 && high > 7.0
    });
    assert_eq!(updates(&window), 0, "the engine moves it by itself");
    assert_eq!(window.jobs(), 1);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.steps(3);
    assert!(has(&window, "Nothing to undo"));
    // Other faders stay, and are set as ever.
    enter(&mut window, "Content weight α, number", "3");
    sent(&mut window, "α is set", |s| s.content_weight == 3.0 && s.style_weight == 1.0);
}

#[test]
fn a_right_click_automates_a_fader_without_moving_it_and_undo_takes_it_back() {
    let mut window = with("").open();
    window.until_painting();
    right_click(&mut window, "Style weight β");
    assert_eq!(slider(&window, "Style weight β"), 1.0, "the second button moves nothing");
    click(&mut window, "Automate…");
    let usual = Track::new(Curve::Lfo(Lfo::default()));
    sent(&mut window, "there is a track", |s| {
        s.automation.get(ParamId::Beta) == Some(&usual) && s.style_weight == 1.0
    });
    assert!(window.harness.query_by_label("Automation of Style β").is_some(), "the panel is open");
    // Another deed, not the same one going on.
    window.steps(70);
    right_click(&mut window, "Style weight β");
    click(&mut window, "Switch its automation off");
    sent(&mut window, "it is off", |s| !s.automation.is_automated(ParamId::Beta));
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    sent(&mut window, "it is on again", |s| s.automation.is_automated(ParamId::Beta));
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    sent(&mut window, "it is gone", |s| s.automation.is_empty());
}

#[test]
fn the_palette_automates_and_the_panel_changes_and_removes() {
    let mut window = with("").open();
    window.until_painting();
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
    window.steps(3);
    window.harness.event(egui::Event::Text("automate smooth".to_owned()));
    window.harness.step();
    window.harness.key_press(Key::Enter);
    sent(&mut window, "smoothness moves", |s| s.automation.is_automated(ParamId::Smoothness));
    window.steps(3);
    enter(&mut window, "Period of the oscillator", "10");
    enter(&mut window, "Depth of the oscillator", "-35");
    enter(&mut window, "Phase of the oscillator", "50");
    let wanted = Lfo { shape: Waveform::Sine, period: 0.1, depth: -0.35, phase: 0.5, seed: 0 };
    sent(&mut window, "the oscillator is set", |s| {
        s.automation.get(ParamId::Smoothness) == Some(&Track::new(Curve::Lfo(wanted)))
    });
    click(&mut window, "Keyframes");
    sent(
        &mut window,
        "it has a keyframe",
        |s| matches!(s.automation.get(ParamId::Smoothness).map(|track| &track.curve), Some(Curve::Keys(keys, _)) if keys.len() == 1 && keys[0].value == 2.5),
    );
    click(&mut window, "Add a keyframe now");
    enter(&mut window, "Time of the keyframe", "75");
    enter(&mut window, "Value of the keyframe", "2");
    sent(&mut window, "it has two", |s| {
        matches!(s.automation.get(ParamId::Smoothness).map(|track| &track.curve), Some(Curve::Keys(keys, _))
            if keys.len() == 2 && keys[1].at == 0.75 && keys[1].value == 2.0)
    });
    click(&mut window, "Remove the keyframe");
    sent(
        &mut window,
        "it has one",
        |s| matches!(s.automation.get(ParamId::Smoothness).map(|track| &track.curve), Some(Curve::Keys(keys, _)) if keys.len() == 1),
    );
    click(&mut window, "Use the automation of Smoothness");
    sent(&mut window, "it is off", |s| !s.automation.is_on());
    click(&mut window, "Remove the automation of Smoothness");
    sent(&mut window, "it is gone", |s| s.automation.is_empty());
    assert!(has(&window, "No automation yet"));
    assert_eq!(window.jobs(), 1);
}

#[test]
fn keyframes_are_told_to_loop_and_undo_lets_them_hold_again() {
    let keys = "keys = [{ at = 0, value = 1 }, { at = 0.25, value = 4 }]";
    let mut window = with(&format!("[beta]\n{keys}\n")).open();
    window.until_painting();
    window.harness.key_press(Key::A);
    window.steps(3);
    let course = |window: &Window, text: &str| {
        window.harness.query_by_label_contains(&format!("Course of Style β: {text}, now ")).is_some()
    };
    assert!(course(&window, "2 keyframes"));
    let name = "After the last keyframe";
    window
        .harness
        .get_by(|node| node.label().as_deref() == Some(name) && node.role() == Role::ComboBox)
        .click();
    window.steps(3);
    click(&mut window, "Loop: begins again at the first keyframe");
    let end = |settings: &Settings| match settings.automation.get(ParamId::Beta).map(|track| &track.curve) {
        Some(Curve::Keys(_, end)) => Some(*end),
        _ => None,
    };
    sent(&mut window, "they loop", |s| end(s) == Some(KeysEnd::Loop) && s.style_weight == 1.0);
    window.steps(3);
    assert!(course(&window, "2 keyframes in a loop"));
    let looping = last(&window).automation;
    assert_eq!(looping, toml::from_str(&format!("[beta]\n{keys}\nend = \"loop\"\n")).unwrap());
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    sent(&mut window, "they hold", |s| end(s) == Some(KeysEnd::Hold));
    window.harness.key_press_modifiers(Modifiers { shift: true, ..Modifiers::COMMAND }, Key::Z);
    sent(&mut window, "they loop again", |s| s.automation == looping);
    assert_eq!(window.jobs(), 1);
    let folder = window.close();
    let text = std::fs::read_to_string(folder.path().join("impasto.toml")).unwrap();
    assert!(text.contains("end = \"loop\""), "{text}");
}

#[test]
fn a_hand_takes_over_from_keyframes_and_moves_what_an_oscillator_swings_about() {
    let mut window = with(
        "[beta]\nkeys = [{ at = 0, value = 3 }]\n[smoothness]\nlfo = { shape = \"square\", period = 4, depth = 0.2 }\n",
    )
    .open();
    window.until_painting();
    assert_eq!(slider(&window, "Style weight β"), 3.0);
    enter(&mut window, "Style weight β, number", "20");
    sent(&mut window, "β is set", |s| s.style_weight == 20.0 && !s.automation.is_automated(ParamId::Beta));
    assert!(has(&window, "Style β is in your hands"));
    // 0.2 of the range above what it is set to, for the whole of this run.
    enter(&mut window, "Smoothness, number", "50");
    sent(&mut window, "smoothness is set", |s| s.smoothness_weight != 10.0);
    let settings = last(&window);
    assert!(settings.automation.is_automated(ParamId::Smoothness));
    let (moved, _) = settings.automated(&[], 100);
    assert!((moved.smoothness_weight / 50.0 - 1.0).abs() < 0.02, "{}", moved.smoothness_weight);
    window.steps(3);
    assert!((slider(&window, "Smoothness") / 50.0 - 1.0).abs() < 0.02);
}

#[test]
fn what_hands_do_is_recorded_once_and_played_by_the_next_run() {
    let mut window = with("").open();
    window.until_painting();
    window.harness.key_press(Key::A);
    window.steps(3);
    click(&mut window, "Record the faders");
    let step = window.log.lock().unwrap().steps;
    window.until("some steps are painted", |_, log| log.steps > step + 20);
    enter(&mut window, "Style weight β, number", "20");
    window.until("some more steps are painted", |_, log| log.steps > step + 120);
    enter(&mut window, "Style weight β, number", "2");
    sent(&mut window, "β is heard while it is recorded", |s| s.style_weight == 2.0);
    assert!(last(&window).automation.is_empty(), "the record is not told of every move twice");
    click(&mut window, "Record the faders");
    sent(&mut window, "it is recorded", |s| s.automation.is_automated(ParamId::Beta));
    assert!(has(&window, "Recorded Style β"));
    let settings = last(&window);
    let Some(Curve::Keys(keys, _)) = settings.automation.get(ParamId::Beta).map(|track| track.curve.clone())
    else {
        panic!("no keyframes: {:?}", settings.automation)
    };
    let values: Vec<f64> = keys.iter().map(|key| key.value).collect();
    assert_eq!(values, [1.0, 20.0, 2.0], "{keys:?}");
    assert!(keys[1].at > 0.0 && keys[1].at < keys[2].at && keys[2].at < 1.0);
    let course = |at: f64| settings.automated(&[], (2000.0 * at) as u32).0.style_weight;
    assert_eq!([0.0, (keys[1].at + keys[2].at) / 2.0, 1.0].map(course), [1.0, 20.0, 2.0]);
    window.harness.key_press(Key::R);
    window.until("it begins afresh", |_, log| log.jobs.len() == 2);
    assert_eq!(window.job(1).settings.automation, settings.automation);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.until("undo brings the former painting back", |_, log| log.jobs.len() == 3);
    window.until("it is there", |_, log| !log.restored.is_empty());
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    sent(&mut window, "one undo takes the recording away", |s| {
        s.automation.is_empty() && s.style_weight == 2.0
    });
}

#[test]
fn pictures_weights_and_scales_move_too() {
    let mut setup = with(
        "[\"picture/2/weight\"]\nkeys = [{ at = 0, value = 4 }]\n[\"picture/1/scale\"]\nkeys = [{ at = 0, value = 0.5 }]\n",
    );
    setup.options.styles = ["swirl.jpg", "mosaic.jpg"]
        .map(|name| std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets").join(name))
        .into();
    let mut window = setup.open();
    window.until("both styles are painted", |_, log| log.styles().len() == 2);
    window.until_painting();
    let value = |window: &Window, name: &str| {
        let node = window
            .harness
            .get_by(|node| node.label().as_deref() == Some(name) && node.role() == Role::SpinButton);
        node.value().unwrap_or_default()
    };
    assert_eq!(value(&window, "Weight of style 2"), "4");
    assert_eq!(value(&window, "Scale of style 1"), "0.5");
    assert_eq!(value(&window, "Weight of style 1"), "1");
    let inputs = window.log.lock().unwrap().inputs.clone().unwrap();
    assert_eq!((inputs.styles[1].mix.weight, inputs.styles[0].mix.scale), (1.0, 1.0), "what is set stays");
    enter(&mut window, "Weight of style 2", "2");
    window.until("the hand has taken over", |_, log| {
        log.updates.last().is_some_and(|(settings, mix)| {
            mix[1].weight == 2.0
                && mix[0].scale == 1.0
                && !settings.automation.is_automated(ParamId::PictureWeight(1))
        })
    });
}

#[test]
fn a_project_and_the_next_start_remember_what_moves() {
    let course = "[beta]\nlfo = { period = 0.125 }\n";
    let window = with(course).open();
    let mut window = window;
    window.until_painting();
    let folder = window.close();
    let text = std::fs::read_to_string(folder.path().join("impasto.toml")).unwrap();
    let expected: Automation = toml::from_str(course).unwrap();
    assert!(text.contains("[settings.automation.beta"), "{text}");
    let mut again = Setup::default();
    again.options.settings = None;
    let mut window = again.open_in(folder);
    window.until("it paints", |_, log| !log.jobs.is_empty());
    assert_eq!(window.job(0).settings.automation, expected);
}
