//! Controllers from outside: messages of Open Sound Control over the loopback move the window's parameters,
//! with a fake engine.
#![cfg(feature = "osc")]

use std::{
    net::{Ipv4Addr, UdpSocket},
    time::Duration,
};

use crate::window_support::{Setup, Window, enter, hands::right_click, has, press};
use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use impasto_control::osc::{Message, decode};
use impasto_core::settings::{Masks, ParamId, Preset, Region, Settings};

fn socket() -> UdpSocket {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    socket
}

/// A port that nobody has, as far as one can know.
fn free_port() -> u16 {
    socket().local_addr().unwrap().port()
}

/// A window that listens, and a socket to send from.
fn listening(more: &str) -> (Window, Desk) {
    let port = free_port();
    let remembered = format!("[remote]\nosc = true\nport = {port}\n{more}\n");
    let setup = Setup { remembered: Some(remembered), size: [1280.0, 1400.0], ..Setup::default() };
    let mut window = setup.open();
    window.until_painting();
    (window, Desk { socket: socket(), port })
}

struct Desk {
    socket: UdpSocket,
    port: u16,
}

impl Desk {
    fn send(&self, packet: &[u8]) {
        self.socket.send_to(packet, (Ipv4Addr::LOCALHOST, self.port)).unwrap();
    }

    fn fader(&self, address: &str, place: f32) {
        self.send(&Message::encode(address, place));
    }
}

fn sent(window: &mut Window, what: &str, wanted: impl Fn(&Settings) -> bool) {
    window.until(what, |_, log| log.updates.last().is_some_and(|(settings, _)| wanted(settings)));
}

fn slider(window: &Window, name: &str) -> f64 {
    let node =
        window.harness.get_by(|node| node.label().as_deref() == Some(name) && node.role() == Role::Slider);
    node.accesskit_node().numeric_value().unwrap()
}

/// The bytes of a message with a text.
fn with_text(address: &str, text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in [address, ",s", text] {
        bytes.extend(part.as_bytes());
        bytes.resize((bytes.len() / 4 + 1) * 4, 0);
    }
    bytes
}

#[test]
fn nothing_is_listened_to_before_it_is_switched_on() {
    let mut window = Setup { size: [1280.0, 1400.0], ..Setup::default() }.open();
    window.until_painting();
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
    window.steps(3);
    window.harness.event(egui::Event::Text("remote".to_owned()));
    window.harness.step();
    window.harness.key_press(Key::Enter);
    window.steps(3);
    assert!(has(&window, "Not listening."));
    let port = free_port();
    let desk = Desk { socket: socket(), port };
    enter(&mut window, "Port", &port.to_string());
    window.harness.get_by_label("Listen for Open Sound Control").click();
    window.until("it listens, to this machine alone", |harness, _| {
        harness.query_by_label_contains(&format!("Listens at 127.0.0.1:{port}")).is_some()
    });
    desk.fader("/impasto/beta/value", 21.0);
    sent(&mut window, "β is set", |s| s.style_weight == 21.0);
    assert!(has(&window, "1 messages, 0 ignored"));
    desk.fader("/impasto/region/nowhere/strength", 0.5);
    desk.fader("/impasto/region/1/strength", 0.5);
    window.until("there are no regions", |harness, _| {
        harness.query_by_label_contains("1 messages, 2 ignored").is_some()
    });
    // Who else may send changes while it listens, at the same port.
    let others = |window: &Window| window.harness.get_by_label("Take messages from other machines").click();
    others(&window);
    window.until("it listens to everybody", |harness, _| {
        harness.query_by_label_contains(&format!("Listens at 0.0.0.0:{port}")).is_some()
    });
    others(&window);
    window.until("it listens to this machine again", |harness, _| {
        harness.query_by_label_contains(&format!("Listens at 127.0.0.1:{port}")).is_some()
    });
    desk.fader("/impasto/beta/value", 22.0);
    sent(&mut window, "β is set again", |s| s.style_weight == 22.0);
    window.until("another server counts from the first", |harness, _| {
        harness.query_by_label_contains("1 messages, 0 ignored").is_some()
    });
    // A port that is taken is named.
    let taken = socket();
    enter(&mut window, "Port", &taken.local_addr().unwrap().port().to_string());
    window.until("the trouble is told", |harness, _| {
        harness.query_all_by_label_contains("Cannot listen at port").next().is_some()
    });
    // The choice is remembered.
    let folder = window.close();
    let text = std::fs::read_to_string(folder.path().join("impasto.toml")).unwrap();
    assert!(text.contains("osc = true") && text.contains("wide = false"), "{text}");
}

#[test]
fn messages_set_parameters_and_a_gesture_is_one_undo() {
    let (mut window, desk) = listening("");
    let range = ParamId::Beta.range(Default::default());
    for index in 0..=20u8 {
        let (place, weight) = (0.3 + f32::from(index) / 50.0, f32::from(index) / 10.0);
        desk.fader("/impasto/beta", place);
        desk.fader("/impasto/style/relu3_1/value", weight);
        desk.send(b"garbage");
        // A hand that rests for some frames has let go.
        window.until_in_few_frames("both have arrived", |_, log| {
            log.updates.last().is_some_and(|(s, _)| {
                let heard = s.style_layers.get("relu3_1".parse().unwrap());
                (range.position(s.style_weight) - f64::from(place)).abs() < 1e-6
                    && heard.is_some_and(|heard| (heard - f64::from(weight)).abs() < 1e-6)
            })
        });
    }
    sent(&mut window, "β and relu3_1 are where the hand left them", |s| {
        (range.position(s.style_weight) - 0.7).abs() < 1e-6
            && s.style_layers.get("relu3_1".parse().unwrap()) == Some(2.0)
    });
    window.steps(80);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    sent(&mut window, "one undo takes the whole gesture back", |s| {
        s.style_weight == 1.0 && s.style_layers.get("relu3_1".parse().unwrap()) == Some(0.8)
    });
    assert_eq!(window.jobs(), 1);
    // What makes no sense changes nothing.
    desk.fader("/impasto/beta/value", -3.0);
    desk.fader("/impasto/style/relu5_4", 0.5);
    desk.fader("/impasto/alpha/value", 2.0);
    sent(&mut window, "only α is set", |s| s.content_weight == 2.0 && s.style_weight == 1.0);
    // Whoever sends the largest number there is gets the fader's end.
    for number in [f64::NAN, f64::INFINITY, 1e308] {
        desk.send(&[&b"/impasto/beta/value\0,d\0\0"[..], &number.to_be_bytes()].concat());
    }
    sent(&mut window, "β is at its end", move |s| s.style_weight == range.max);
}

#[test]
fn orders_play_pause_restart_and_choose_presets() {
    let (mut window, desk) = listening("");
    desk.send(b"/impasto/pause\0\0");
    window.until("it is paused", |harness, _| harness.query_by_label_contains("Paused.").is_some());
    desk.send(b"/impasto/play\0\0\0");
    window.until("it paints", |harness, _| harness.query_by_label_contains("Painting.").is_some());
    desk.send(&with_text("/impasto/preset", "bold strokes"));
    let bold = Preset::BoldStrokes.apply(&window.job(0).settings);
    sent(&mut window, "the preset is taken", move |s| *s == bold);
    desk.send(&with_text("/impasto/preset", "cubist"));
    window.until("it is told", |harness, _| {
        harness.query_all_by_label_contains("No preset is called cubist").next().is_some()
    });
    desk.send(b"/impasto/restart\0\0\0\0");
    window.until("it begins afresh", |_, log| log.jobs.len() == 2);
    window.until("it is painted", |harness, _| {
        harness.query_all_by_label_contains("Painting, 96 by 64").next().is_some()
    });
    desk.fader("/impasto/save_moment", 1.0);
    let saved = window.dialogs.home.path().join("Chelsea in Swirl.png");
    window.until("the moment is saved", |_, _| image::open(&saved).is_ok());
    assert!(window.dialogs.asked.lock().unwrap().is_empty(), "without a dialog");
}

#[test]
fn where_parameters_go_is_told_but_not_to_who_put_them_there() {
    let listener = socket();
    let (mut window, desk) = listening(&format!("feedback = \"{}\"", listener.local_addr().unwrap()));
    let mut buffer = [0; 512];
    let mut heard = move || -> Vec<(String, f64)> {
        let mut all = Vec::new();
        while let Ok((length, _)) = listener.recv_from(&mut buffer) {
            let messages = decode(&buffer[..length]).unwrap();
            all.extend(messages.into_iter().map(|m| (m.address.clone(), m.number().unwrap())));
        }
        all
    };
    // First everything that there is.
    let mut first = Vec::new();
    window.until("the first places are told", |_, _| {
        first.extend(heard());
        first.iter().any(|(address, _)| address == "/impasto/style/relu5_1")
    });
    assert!(first.iter().any(|(address, _)| address == "/impasto/beta"));
    window.steps(20);
    heard();
    enter(&mut window, "Style weight β, number", "80");
    let place = ParamId::Beta.range(Default::default()).position(80.0);
    let mut told = Vec::new();
    window.until("β is told", |_, _| {
        told.extend(heard());
        !told.is_empty()
    });
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].0 == "/impasto/beta" && (told[0].1 - place).abs() < 1e-6);
    desk.fader("/impasto/beta", 0.25);
    sent(&mut window, "β is set", |s| s.style_weight < 1.0);
    window.steps(20);
    assert_eq!(heard(), [], "no echo");
}

#[test]
fn a_regions_strength_goes_by_its_name_and_its_number() {
    let masks = tempfile::tempdir().unwrap();
    let region = |name: &str| {
        let mask = masks.path().join(format!("{name}.png"));
        image::GrayImage::from_pixel(60, 40, image::Luma([90])).save(&mask).unwrap();
        Region { name: name.to_owned(), mask, ..Region::default() }
    };
    let regions = vec![region("my sky"), region("sea")];
    let masks = Masks { regions, ..Masks::default() };
    let listener = socket();
    let (mut window, desk) = {
        let port = free_port();
        let feedback = listener.local_addr().unwrap();
        let remembered = format!(
            "[layout]\nstop_after_steps = true\nbottom = 420.0\n[remote]\nosc = true\nport = {port}\nfeedback = \"{feedback}\"\n"
        );
        let mut setup = Setup { remembered: Some(remembered), size: [1500.0, 1100.0], ..Setup::default() };
        let settings = setup.options.settings.take().unwrap();
        setup.options.settings = Some(Settings { masks, ..settings });
        let mut window = setup.open();
        window.until_painting();
        (window, Desk { socket: socket(), port })
    };
    let strengths = |settings: &Settings| -> Vec<f64> {
        settings.masks.regions.iter().map(|region| region.strength).collect()
    };
    let mut buffer = [0; 512];
    let mut heard = move || -> Vec<String> {
        let mut all = Vec::new();
        while let Ok((length, _)) = listener.recv_from(&mut buffer) {
            all.extend(decode(&buffer[..length]).unwrap().into_iter().map(|message| message.address));
        }
        all
    };
    let mut first = Vec::new();
    window.until("both forms are told", |_, _| {
        first.extend(heard());
        let wanted =
            ["region/1/strength", "region/my_sky/strength", "region/2/strength", "region/sea/strength"];
        wanted.iter().all(|address| first.contains(&format!("/impasto/{address}")))
    });
    desk.fader("/impasto/region/sea/strength/value", 0.5);
    sent(&mut window, "by the name", |s| strengths(s) == [1.0, 0.5]);
    desk.fader("/impasto/region/my_sky/strength/value", 0.25);
    sent(&mut window, "as it stands in an address", |s| strengths(s) == [0.25, 0.5]);
    desk.fader("/impasto/region/2/strength/value", 0.75);
    sent(&mut window, "by the number", |s| strengths(s) == [0.25, 0.75]);
    // A name that no region has changes nothing.
    desk.fader("/impasto/region/lake/strength/value", 2.0);
    // Neither does a number.
    desk.fader("/impasto/region/3/strength/value", 2.0);
    desk.fader("/impasto/beta/value", 21.0);
    sent(&mut window, "the other is taken", |s| s.style_weight == 21.0);
    assert_eq!(window.log.lock().unwrap().updates.last().map(|(s, _)| strengths(s)), Some(vec![0.25, 0.75]));
    // Of one bundle, and so in one frame, what came last counts.
    let bundle = |parts: [(&str, f32); 2]| {
        let mut bytes = b"#bundle\0\0\0\0\0\0\0\0\x01".to_vec();
        for (address, value) in parts {
            let message = Message::encode(&format!("/impasto/region/{address}/strength/value"), value);
            bytes.extend((message.len() as u32).to_be_bytes());
            bytes.extend(message);
        }
        bytes
    };
    desk.send(&bundle([("sea", 0.375), ("2", 0.5)]));
    sent(&mut window, "the number came last", |s| strengths(s) == [0.25, 0.5]);
    desk.send(&bundle([("2", 0.625), ("sea", 0.75)]));
    sent(&mut window, "the name came last", |s| strengths(s) == [0.25, 0.75]);
    // After another name, that one counts, and is told.
    window.harness.get_by_role_and_label(Role::Tab, "Regions").click();
    window.steps(4);
    press(&mut window, "More of sea", Role::Button);
    window.steps(3);
    window.harness.get_by_label("Rename…").click();
    window.steps(4);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    window.harness.event(egui::Event::Text("lake".to_owned()));
    window.steps(2);
    window.harness.key_press(Key::Enter);
    sent(&mut window, "the name arrives", |s| s.masks.regions[1].name == "lake");
    window.until("its address is told", |_, _| {
        heard().iter().any(|address| address == "/impasto/region/lake/strength")
    });
    desk.fader("/impasto/region/lake/strength/value", 0.125);
    sent(&mut window, "by the new name", |s| strengths(s) == [0.25, 0.125]);
    assert_eq!(window.jobs(), 1);
}

#[test]
fn any_address_is_learnt_takes_over_softly_and_is_forgotten() {
    let (mut window, desk) = listening("");
    right_click(&mut window, "Smoothness");
    window.harness.get_by_label("Learn a controller…").click();
    window.until("it says what to do", |harness, _| {
        harness.query_all_by_label_contains("it will turn Smoothness").next().is_some()
    });
    desk.fader("/1/fader7", 0.1);
    window.until("it is learnt", |harness, _| {
        harness.query_all_by_label_contains("osc:/1/fader7 turns Smoothness").next().is_some()
    });
    assert_eq!(slider(&window, "Smoothness"), 2.5);
    desk.fader("/1/fader7", 0.2);
    window.until("the controller waits", |harness, _| {
        harness.query_all_by_label_contains("bring it to where Smoothness is").next().is_some()
    });
    assert_eq!(slider(&window, "Smoothness"), 2.5, "it does not jump");
    // It passes the parameter, and has it.
    desk.fader("/1/fader7", 1.0);
    sent(&mut window, "smoothness follows", |s| s.smoothness_weight == 100.0);
    desk.fader("/1/fader7", 0.0);
    sent(&mut window, "it follows on", |s| s.smoothness_weight == 0.0);
    right_click(&mut window, "Smoothness");
    window.harness.get_by_label("Forget its controller").click();
    window.steps(3);
    desk.fader("/1/fader7", 0.5);
    desk.fader("/impasto/alpha/value", 2.0);
    sent(&mut window, "only α is set", |s| s.content_weight == 2.0 && s.smoothness_weight == 0.0);
}

#[test]
fn a_flood_keeps_the_window_quick() {
    let (mut window, desk) = listening("");
    let flood = std::thread::spawn(move || {
        for index in 0..20_000u32 {
            desk.fader("/impasto/beta", (index % 128) as f32 / 127.0);
        }
        desk
    });
    while !flood.is_finished() {
        window.harness.step();
    }
    let desk = flood.join().unwrap();
    let updates = window.log.lock().unwrap().updates.len();
    assert!(updates < 5000, "{updates}");
    window.until("the last word counts", |_, log| {
        desk.fader("/impasto/beta/value", 3.0);
        log.updates.last().is_some_and(|(settings, _)| settings.style_weight == 3.0)
    });
}
