//! Playing with the mixer: resets, linked faders, the tilt, mute and solo from the palette.

use crate::window_support::{self, Setup, Window, enter, has, style_layers, undo};
use egui::{Event, Key, Modifiers, PointerButton, Pos2, Role};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use impasto_core::settings::{Preset, Settings};

fn tall() -> Setup {
    // Without the layers' pictures, whose progress moves what is below it.
    let remembered = Some("[layout]\nextracts = false\n".to_owned());
    Setup { size: [1280.0, 2000.0], remembered, ..Setup::default() }
}

fn click(window: &mut Window, name: &str) {
    window.harness.get_by_label(name).click();
    window.steps(3);
}

#[track_caller]
fn sent(window: &mut Window, what: &str, wanted: impl Fn(&Settings) -> bool) {
    window.until(what, |_, log| log.updates.last().is_some_and(|(settings, _)| wanted(settings)));
}

fn now(window: &Window) -> Settings {
    window.log.lock().unwrap().updates.last().unwrap().0.clone()
}

/// Where the slider of this name is, at a share of its width.
fn on_slider(window: &Window, name: &str, share: f32) -> Pos2 {
    let slider = |node: &egui_kittest::kittest::AccessKitNode<'_>| {
        node.label().as_deref() == Some(name) && node.role() == Role::Slider
    };
    let rect = window.harness.get_by(slider).rect();
    egui::pos2(rect.min.x + share * rect.width(), rect.center().y)
}

fn press(window: &mut Window, pos: Pos2, button: PointerButton) {
    window.harness.event(Event::PointerMoved(pos));
    window.harness.step();
    for pressed in [true, false] {
        let modifiers = Modifiers::NONE;
        window.harness.event(Event::PointerButton { pos, button, pressed, modifiers });
        window.harness.step();
    }
}

fn choose_preset(window: &mut Window, name: &str) {
    window
        .harness
        .get_by(|node| node.label().as_deref() == Some("Preset") && node.role() == Role::ComboBox)
        .click();
    window.steps(3);
    window.harness.get_by_label(name).click();
    window.steps(4);
}

#[test]
fn a_fader_goes_back_by_double_click_by_key_and_by_menu_to_what_the_preset_has() {
    let mut window = tall().open();
    window.until_painting();
    choose_preset(&mut window, "Bold strokes");
    let bold = Preset::BoldStrokes.apply(&Settings::default());
    let layer = style_layers()[2];
    let usual = bold.style_layers.get(layer);
    sent(&mut window, "the preset", |s| s.style_layers == bold.style_layers);
    let name = "relu3_1 style weight";

    enter(&mut window, "relu3_1 style weight, number", "5");
    sent(&mut window, "another weight", |s| s.style_layers.get(layer) == Some(5.0));
    let spot = on_slider(&window, name, 0.2);
    press(&mut window, spot, PointerButton::Primary);
    press(&mut window, spot, PointerButton::Primary);
    sent(&mut window, "back by double-click", |s| s.style_layers.get(layer) == usual);

    enter(&mut window, "relu3_1 style weight, number", "6");
    window
        .harness
        .get_by(|node| node.label().as_deref() == Some(name) && node.role() == Role::Slider)
        .focus();
    window.steps(2);
    window.harness.key_press(Key::Delete);
    sent(&mut window, "back by key", |s| s.style_layers.get(layer) == usual);

    enter(&mut window, "relu3_1 style weight, number", "7");
    // What follows within a second would be the same entry of the history.
    window.steps(70);
    press(&mut window, spot, PointerButton::Secondary);
    window.steps(2);
    window.harness.get_by_label_contains("Reset to ").click();
    sent(&mut window, "back by menu", |s| s.style_layers.get(layer) == usual);
    undo(&mut window);
    sent(&mut window, "the reset is undone", |s| s.style_layers.get(layer) == Some(7.0));

    // A number alone has the menu too.
    window_support::open_advanced(&mut window);
    let averaging = |node: &egui_kittest::kittest::AccessKitNode<'_>| {
        node.label().as_deref() == Some("Averaging") && node.role() == Role::SpinButton
    };
    window.harness.get_by(averaging).scroll_to_me();
    window.steps(20);
    enter(&mut window, "Averaging", "0.5");
    sent(&mut window, "another averaging", |s| s.averaging == 0.5);
    let spot = window.harness.get_by(averaging).rect().center();
    press(&mut window, spot, PointerButton::Secondary);
    window.steps(2);
    window.harness.get_by_label("Reset to 0.99").click();
    sent(&mut window, "the usual averaging", |s| s.averaging == 0.99);
    assert_eq!(window.jobs(), 1);
}

#[test]
fn the_whole_mix_is_reset_as_one_entry() {
    let mut window = tall().open();
    window.until_painting();
    enter(&mut window, "relu3_1 style weight, number", "5");
    click(&mut window, "Mute style layer relu1_1");
    enter(&mut window, "Style weight β, number", "31");
    enter(&mut window, "Keep the content's colours, number", "0.5");
    enter(&mut window, "Scale of style", "0.5");
    sent(&mut window, "a mix", |s| s.keep_colours == 0.5);
    let mixed = now(&window);
    click(&mut window, "Reset all");
    let usual = Settings { steps: 1_000_000, size: 256, ..Settings::default() };
    window.until("all is usual", |_, log| {
        log.updates.last().is_some_and(|(s, styles)| *s == usual && styles[0].scale == 1.0)
    });
    undo(&mut window);
    window.until("all is back", |_, log| {
        log.updates.last().is_some_and(|(s, styles)| *s == mixed && styles[0].scale == 0.5)
    });
    assert!(has(&window, "Undone: Mix reset: as Painterly"), "{:#?}", window.harness);
    // By the palette, too; and where nothing is to be done, that is said.
    for _ in 0..2 {
        window.harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
        window.until("the palette is open", |harness, _| {
            harness
                .query_by_label("Find a command or a setting")
                .is_some_and(|node| node.accesskit_node().is_focused())
        });
        window.harness.event(Event::Text("reset the mix".to_owned()));
        window.steps(3);
        window.harness.key_press(Key::Enter);
        sent(&mut window, "all is usual again", |s| *s == usual);
    }
    window.until("it is said", |harness, _| {
        harness.query_by_label("The mix is at its defaults already.").is_some()
    });
    assert_eq!(window.jobs(), 1);
}

#[test]
fn linked_faders_move_by_the_same_factor_as_one_entry() {
    let mut window = tall().open();
    window.until_painting();
    let [first, second, third, fourth, _] = style_layers();
    let content = impasto_network::vgg::Layer::PAPER_CONTENT;
    for what in ["style layer relu1_1", "style layer relu2_1", "style layer relu3_1", "content layer relu4_2"]
    {
        click(&mut window, &format!("Link {what}"));
    }
    click(&mut window, "Mute style layer relu2_1");
    enter(&mut window, "relu3_1 style weight, number", "0");
    // It was moved to 0 by hand, and took the others with it.
    sent(&mut window, "all at 0", |s| s.style_layers.get(first) == Some(0.0));
    undo(&mut window);
    click(&mut window, "Link style layer relu3_1");
    enter(&mut window, "relu3_1 style weight, number", "0");
    click(&mut window, "Link style layer relu3_1");
    let weights = |s: &Settings| {
        let style = [first, second, third, fourth].map(|layer| s.style_layers.get(layer).unwrap());
        (style, s.content_layers.get(content).unwrap())
    };
    sent(&mut window, "one is at 0", |s| weights(s) == ([1.0, 0.9, 0.0, 0.7], 0.1));
    enter(&mut window, "relu1_1 style weight, number", "2");
    sent(&mut window, "the others follow", |s| weights(s) == ([2.0, 1.8, 0.0, 0.7], 0.2));
    assert!(now(&window).style_layers.strip(second).unwrap().muted);
    undo(&mut window);
    sent(&mut window, "all of them are back", |s| weights(s) == ([1.0, 0.9, 0.0, 0.7], 0.1));

    // By hand: down to 0 and up again, in one move.
    let spots =
        [0.9, 0.5, 0.2, -0.2, -0.2, 0.4, 0.8].map(|share| on_slider(&window, "relu1_1 style weight", share));
    let button = |pos, pressed| Event::PointerButton {
        pos,
        button: PointerButton::Primary,
        pressed,
        modifiers: Modifiers::NONE,
    };
    window.harness.event(Event::PointerMoved(spots[0]));
    window.harness.step();
    window.harness.event(button(spots[0], true));
    window.steps(2);
    let mut least = f64::MAX;
    for spot in spots {
        window.harness.event(Event::PointerMoved(spot));
        window.steps(3);
        least = least.min(now(&window).style_layers.get(second).unwrap());
    }
    window.harness.event(button(spots[6], false));
    window.steps(4);
    let (style, content_weight) = weights(&now(&window));
    assert!(style[0] > 1.0 && least == 0.0, "{style:?} {least}");
    assert!((style[1] / style[0] - 0.9).abs() < 1e-12 && (content_weight / style[0] - 0.1).abs() < 1e-12);
    undo(&mut window);
    sent(&mut window, "one entry", |s| weights(s) == ([1.0, 0.9, 0.0, 0.7], 0.1));
    // A reset is no move.
    enter(&mut window, "relu1_1 style weight, number", "4");
    sent(&mut window, "moved", |s| weights(s) == ([4.0, 3.6, 0.0, 0.7], 0.4));
    press(&mut window, spots[1], PointerButton::Secondary);
    window.steps(2);
    window.harness.get_by_label("Reset to 1").click();
    sent(&mut window, "it alone is reset", |s| weights(s) == ([1.0, 3.6, 0.0, 0.7], 0.4));
    window.steps(3);
    press(&mut window, spots[1], PointerButton::Secondary);
    window.steps(2);
    click(&mut window, "Unlink all");
    enter(&mut window, "relu1_1 style weight, number", "9");
    sent(&mut window, "it moves alone", |s| weights(s) == ([9.0, 3.6, 0.0, 0.7], 0.4));
    assert_eq!(window.jobs(), 1);
}

#[test]
fn the_tilt_moves_no_fader_and_comes_back_to_neutral_exactly() {
    let mut window = tall().open();
    window.until_painting();
    let before = Settings::default();
    enter(&mut window, "Tilt of the style layers, number", "0.4");
    sent(&mut window, "tilted", |s| s.style_tilt == 0.4);
    let tilted = now(&window);
    assert_eq!(tilted.style_layers, before.style_layers);
    assert_eq!(tilted.effective().style_layers, before.style_layers.tilted(0.4));
    undo(&mut window);
    sent(&mut window, "undone", |s| s.style_tilt == 0.0);
    let name = "Tilt of the style layers";
    let spot = on_slider(&window, name, 0.8);
    press(&mut window, spot, PointerButton::Primary);
    sent(&mut window, "by hand", |s| s.style_tilt > 0.5);
    // Near the middle it is the middle.
    let spot = on_slider(&window, name, 0.502);
    press(&mut window, spot, PointerButton::Primary);
    sent(&mut window, "neutral", |s| {
        s.style_tilt == 0.0 && s.effective().style_layers == before.style_layers
    });
    assert_eq!(window.jobs(), 1);
}

fn find(window: &mut Window, text: &str) {
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
    window.until("the palette is open", |harness, _| {
        harness
            .query_by_label("Find a command or a setting")
            .is_some_and(|node| node.accesskit_node().is_focused())
    });
    window.harness.event(Event::Text(text.to_owned()));
    window.steps(3);
    window.harness.key_press(Key::Enter);
    window.steps(4);
}

#[test]
fn the_palette_mutes_soloes_and_keeps_both_when_it_sets_a_weight() {
    let mut window = tall().open();
    window.until_painting();
    let [first, second, ..] = style_layers();
    find(&mut window, "mute style relu2_1");
    sent(&mut window, "muted", |s| s.style_layers.strip(second).unwrap().muted);
    find(&mut window, "relu2_1 0.25");
    sent(&mut window, "another weight, still muted", |s| {
        let strip = s.style_layers.strip(second).unwrap();
        strip.weight == 0.25 && strip.muted
    });
    find(&mut window, "unmute style relu2_1");
    sent(&mut window, "heard again", |s| !s.style_layers.strip(second).unwrap().muted);
    find(&mut window, "solo style relu1_1");
    sent(&mut window, "soloed", |s| s.style_layers.strip(first).unwrap().solo);
    find(&mut window, "end solo of style relu1_1");
    sent(&mut window, "no solo", |s| !s.any_solo());
    find(&mut window, "mute smoothness");
    sent(&mut window, "smoothness muted", |s| s.smoothness_muted);
    assert_eq!(window.jobs(), 1);
}
