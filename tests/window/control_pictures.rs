//! Draws the panel of automation. The pictures are left in `target/window_pictures/` for a person to look at.

use std::{
    net::{Ipv4Addr, UdpSocket},
    time::Duration,
};

use crate::window_support::{
    Setup, Window,
    drawing::{can_draw, draw, painting},
};
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use impasto_core::settings::Settings;

const COURSE: &str = "[beta]\nlfo = { shape = \"sine\", period = 0.2, depth = 0.3 }\n\
    [smoothness]\non = false\nlfo = { shape = \"random\", period = 0.05, depth = 0.2, seed = 3 }\n\
    [\"style/relu3_1\"]\nkeys = [{ at = 0, value = 0.02 }, { at = 0.3, value = 4, ease = \"smooth\" }, { at = 0.6, value = 0.1, ease = \"hold\" }, { at = 0.8, value = 2 }, { at = 1, value = 0.5 }]\n\
    [style-amount]\nlfo = { shape = \"triangle\", period = 0.5, depth = 0.2 }\n";

fn open(size: [f32; 2], course: &str) -> Window {
    let mut setup = Setup { render: true, size, ..Setup::default() };
    setup.log.paint = Some(painting());
    setup.log.slow = Duration::from_millis(4);
    let mut settings = Settings { steps: 500, size: 384, ..Settings::default() };
    settings.automation = toml::from_str(course).unwrap();
    setup.options.settings = Some(settings);
    let mut window = setup.open();
    window.until("it has painted for a while", |_, log| log.steps >= 120);
    window
}

/// Whether something is drawn in the colour of what moves, in either theme.
fn moves(image: &image::RgbaImage) -> bool {
    let accent = |pixel: &image::Rgba<u8>| matches!(pixel.0, [0xf0, 0x72, 0x48, _] | [0xb8, 0x3a, 0x16, _]);
    image.pixels().filter(|pixel| accent(pixel)).count() > 100
}

#[test]
fn the_panel_of_automation() {
    if !can_draw() {
        return;
    }
    for (name, size) in [("automation", [1360.0, 860.0]), ("automation_small", [1024.0, 640.0])] {
        let mut window = open(size, COURSE);
        window.harness.key_press(Key::A);
        window.steps(3);
        window.harness.get_by_label("Automation of Style β").click();
        assert!(moves(&draw(&mut window, name)));
        window.harness.get_by_label("Automation of Style relu3_1").click();
        window.steps(3);
        window.harness.get_by_label("Keyframe behind").click();
        window.harness.key_press_modifiers(Modifiers::COMMAND, Key::L);
        assert!(moves(&draw(&mut window, &format!("{name}_light"))));
    }
    let mut window = open([1024.0, 640.0], "");
    window.harness.key_press(Key::A);
    draw(&mut window, "automation_empty");
    window.harness.get_by_label("Record the faders").click();
    draw(&mut window, "automation_recording");
    let rect = window.harness.get_by_label("Content weight α").rect();
    for pressed in [true, false] {
        window.harness.hover_at(rect.center());
        window.harness.event(egui::Event::PointerButton {
            pos: rect.center(),
            button: egui::PointerButton::Secondary,
            pressed,
            modifiers: Modifiers::NONE,
        });
        window.steps(2);
    }
    draw(&mut window, "knob_menu");
}

#[test]
fn the_dialog_about_controllers() {
    if !can_draw() {
        return;
    }
    // It tells a socket that nobody reads: on a usual port something of the machine's own may listen.
    let unread = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let told = unread.local_addr().unwrap();
    let remembered = format!(
        "[remote]\nosc = true\nport = {port}\nfeedback = \"{told}\"\n\
        [remote.controllers]\n\"osc:/1/fader3\" = \"beta\"\n\"cc:1:21\" = \"style/relu3_1\"\n\"nrpn:2:300\" = \"smoothness\"\n"
    );
    for (name, size) in [("remote", [1360.0, 860.0]), ("remote_small", [1024.0, 640.0])] {
        let mut setup = Setup { render: true, size, ..Setup::default() };
        if name == "remote" {
            setup.remembered = Some(remembered.clone());
        }
        let mut window = setup.open();
        window.until_painting();
        window.harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
        window.steps(3);
        window.harness.event(egui::Event::Text("remote".to_owned()));
        window.harness.step();
        window.harness.key_press(Key::Enter);
        draw(&mut window, name);
        window.harness.key_press(Key::Escape);
        window.steps(3);
        window.harness.key_press_modifiers(Modifiers::COMMAND, Key::L);
        window.steps(3);
        window.harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
        window.steps(3);
        window.harness.event(egui::Event::Text("learn beta".to_owned()));
        window.harness.step();
        window.harness.key_press(Key::Enter);
        draw(&mut window, &format!("{name}_light"));
    }
}
