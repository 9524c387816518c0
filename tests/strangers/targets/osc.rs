//! Datagrams of Open Sound Control: read, asked for, and done by a window.

use std::{
    cell::RefCell,
    net::{Ipv4Addr, UdpSocket},
    time::Duration,
};

use impasto_control::{
    Inbox,
    commands::{ParamInput, RemoteCommand, Request, parse},
    osc::{Message, decode},
};
use impasto_core::settings::{ParamId, ParamName, Settings, StyleMix};

use super::MEMORY;
use crate::{
    memory::within,
    window_support::{Log, Setup, Window},
};

/// Inputs after which a window is closed and another opened: what one did is not lost on the next ones.
const WINDOW_FOR: usize = 100;

thread_local! {
    static LISTENING: RefCell<Option<Listening>> = const { RefCell::new(None) };
}

struct Listening {
    window: Window,
    socket: UdpSocket,
    port: u16,
    inputs: usize,
}

impl Listening {
    fn new() -> Self {
        let socket = || UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = socket().local_addr().unwrap().port();
        let remembered = format!(
            "[remote]\nosc = true\nport = {port}\n[remote.controllers]\n\"osc:/1/fader\" = \"alpha\"\n"
        );
        let log = Log { slow: Duration::from_millis(20), ..Log::default() };
        let mut window = Setup { log, remembered: Some(remembered), ..Setup::default() }.open();
        window.draw_missing_letters();
        window.until_painting();
        Self { window, socket: socket(), port, inputs: 0 }
    }
}

pub fn seeds() -> Vec<Vec<u8>> {
    let with_text = |address: &str, text: &str| {
        let mut bytes = Vec::new();
        for part in [address, ",s", text] {
            bytes.extend(part.as_bytes());
            bytes.resize((bytes.len() / 4 + 1) * 4, 0);
        }
        bytes
    };
    let mut seeds: Vec<Vec<u8>> = ParamId::all(&Settings::default(), &[StyleMix::default()])
        .into_iter()
        .map(|param| Message::encode(&format!("/impasto/{param}/value"), 0.3))
        .collect();
    for order in ["play", "pause", "restart", "save_moment"] {
        seeds.push(Message::encode(&format!("/impasto/{order}"), 1.0));
    }
    seeds.push(with_text("/impasto/preset", "Bold strokes"));
    seeds.push(with_text("/impasto/preset", &"\u{1b}[2J".repeat(300)));
    seeds.push(Message::encode("/1/fader", 0.5));
    let mut double = b"/impasto/beta/value\0,d\0\0".to_vec();
    double.extend(1e308_f64.to_be_bytes());
    let mut bundle = b"#bundle\0\0\0\0\0\0\0\0\x01".to_vec();
    for part in [&double, &seeds[0]] {
        bundle.extend((part.len() as u32).to_be_bytes());
        bundle.extend(part);
    }
    seeds.extend([double, bundle]);
    seeds
}

pub fn run(data: &[u8]) {
    let asks = within(MEMORY, || {
        let messages = decode(data).unwrap_or_default();
        let inbox = Inbox::default();
        for message in &messages {
            let request = parse(message);
            match &request {
                Some(Request::Param(ParamName::Region(name), _))
                    if name.is_empty() || name.len() > data.len() =>
                {
                    panic!("{name:?} is no name")
                }
                Some(Request::Param(_, ParamInput::Position(place))) => assert!((0.0..=1.0).contains(place)),
                Some(Request::Param(_, ParamInput::Value(value))) => assert!(value.is_finite()),
                Some(Request::Foreign(_, number)) => assert!(number.is_finite()),
                Some(Request::Command(RemoteCommand::Preset(name))) => assert!(name.len() <= data.len()),
                Some(Request::Command(_)) | None => {}
            }
            inbox.put(request);
        }
        let input = inbox.take();
        assert_eq!(input.accepted + input.ignored, messages.len() as u64);
        assert!(input.controllers.values().all(|place| (0.0..=1.0).contains(place)));
        !input.is_empty()
    });
    if asks {
        LISTENING.with_borrow_mut(|listening| turn(listening, data));
    }
}

/// Sends the datagram to a window.
fn turn(listening: &mut Option<Listening>, data: &[u8]) {
    let Listening { window, socket, port, inputs } = listening.get_or_insert_with(Listening::new);
    within(MEMORY, || {
        socket.send_to(data, (Ipv4Addr::LOCALHOST, *port)).unwrap();
        window.steps(3);
        let log = window.log.lock().unwrap();
        if let Some((settings, mix)) = log.updates.last() {
            settings.validate().unwrap();
            for param in ParamId::all(settings, mix) {
                let value = param.stored(settings, mix);
                assert!(value.is_none_or(|value| param.allows(value)), "{param}: {value:?}");
            }
        }
        assert!(log.jobs.len() < 3 * WINDOW_FOR, "restarts without end");
    });
    *inputs += 1;
    if *inputs == WINDOW_FOR {
        *listening = None;
    }
}
