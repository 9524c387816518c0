//! The second window, playlists, and a screen that stays awake.

use std::time::Duration;

use crate::window_support::{
    Log, Setup, Window,
    drawing::{can_draw, draw},
    has,
};
use egui::{
    Context, Event, FullOutput, Key, Modifiers, RawInput, ViewportClass, ViewportCommand, ViewportEvent,
    ViewportId, ViewportInfo, ViewportOutput,
};
use egui_kittest::kittest::Queryable as _;

fn slow() -> Setup {
    Setup { log: Log { slow: Duration::from_millis(3), ..Log::default() }, ..Setup::default() }
}

#[test]
fn the_second_window_shows_the_painting_while_the_first_stays_to_work_in() {
    let mut window = slow().open();
    window.until_painting();
    window.harness.key_press(Key::F10);
    window.until("the second window", |harness, _| {
        harness.query_all_by_label_contains("The painting alone, step").next().is_some()
    });
    assert!(has(&window, "Swap content and style"), "the first window has its controls");
    let step = |window: &Window| {
        let node = window.harness.query_all_by_label_contains("The painting alone, step").next().unwrap();
        let label = egui_kittest::kittest::NodeT::accesskit_node(&node).label().unwrap();
        label.rsplit(' ').next().unwrap().parse::<u32>().unwrap()
    };
    let before = step(&window);
    window.until("it goes on", |_, log| log.steps > before + 20);
    window.steps(5);
    assert!(step(&window) > before);
    window.harness.get_by_label("Info").click();
    window.until("the facts", |harness, _| harness.query_by_label("Chelsea in Swirl").is_some());
    window.harness.key_press(Key::I);
    window.steps(4);
    assert!(
        !has(&window, "Chelsea in Swirl"),
        "the key of the facts is the second window's while it is open"
    );
    let steps = window.log.lock().unwrap().steps;
    window.harness.get_by_label("Close this window").click();
    window.until("it is closed", |harness, _| harness.query_by_label("Info").is_none());
    window.until("the painting goes on", |_, log| log.steps > steps + 3);
    assert_eq!(window.jobs(), 1);
}

/// The second window as the windowing system would run it: on its own, with input of its own.
struct Second {
    ctx: Context,
    id: ViewportId,
    output: ViewportOutput,
    time: f64,
    fullscreen: bool,
}

impl Second {
    /// Opens it by its key.
    fn open(window: &mut Window) -> Self {
        window.harness.ctx.set_embed_viewports(false);
        window.harness.key_press(Key::F10);
        window.steps(3);
        let (id, output) = Self::find(window).expect("a second window");
        Self { ctx: window.harness.ctx.clone(), id, output, time: 1000.0, fullscreen: false }
    }

    fn find(window: &Window) -> Option<(ViewportId, ViewportOutput)> {
        let all = &window.harness.output().viewport_output;
        all.iter().find(|(id, _)| **id != ViewportId::ROOT).map(|(id, output)| (*id, output.clone()))
    }

    /// One frame of it.
    fn frame(&mut self, seconds: f64, events: Vec<Event>, close: bool) -> FullOutput {
        self.time += seconds;
        let mut info = ViewportInfo { fullscreen: Some(self.fullscreen), ..ViewportInfo::default() };
        if close {
            info.events.push(ViewportEvent::Close);
        }
        let input = RawInput {
            viewport_id: self.id,
            viewports: [(ViewportId::ROOT, ViewportInfo::default()), (self.id, info)].into_iter().collect(),
            screen_rect: Some(egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(960.0, 640.0))),
            time: Some(self.time),
            events,
            ..RawInput::default()
        };
        let draw = self.output.viewport_ui_cb.clone().expect("it draws itself");
        self.ctx.run_ui(input, |ui| draw(ui))
    }

    fn press(&mut self, key: Key) -> FullOutput {
        let event = |pressed| Event::Key {
            key,
            physical_key: None,
            pressed,
            repeat: false,
            modifiers: Modifiers::NONE,
        };
        self.frame(0.1, vec![event(true), event(false)], false)
    }

    fn full(&self, output: &FullOutput) -> Option<bool> {
        output.viewport_output[&self.id].commands.iter().find_map(|command| match command {
            ViewportCommand::Fullscreen(on) => Some(*on),
            _ => None,
        })
    }
}

#[test]
fn each_window_is_drawn_for_reasons_of_its_own() {
    let mut window = slow().open();
    window.until_painting();
    window.harness.key_press(Key::Space);
    window.until("it is paused", |harness, _| harness.query_by_label_contains("Paused.").is_some());
    let mut second = Second::open(&mut window);
    assert!(second.output.class == ViewportClass::Deferred);
    assert_eq!(second.output.builder.title.as_deref(), Some("Impasto, the painting alone"));
    // What only the second window does is no reason to draw the first, and the other way round. The first
    // window may have reasons of its own to be drawn later, when a note goes, and now and then one at once,
    // when a task behind it is done.
    let mut passes = (0..20u8).map(|pass| {
        window.steps(10);
        for _ in 0..4 {
            second.frame(0.1, vec![], false);
        }
        let at = egui::pos2(300.0 + f32::from(pass), 200.0);
        second.frame(0.1, vec![Event::PointerMoved(at)], false)
    });
    let rests = |output: &FullOutput| {
        output.viewport_output[&ViewportId::ROOT].repaint_delay > Duration::from_millis(50)
    };
    let moved = passes.find(rests).expect("a motion over the second window draws the second alone");
    assert!(moved.viewport_output[&second.id].repaint_delay < Duration::from_secs(3), "its buttons go again");
    // The buttons fade in a few frames more.
    second.frame(5.0, vec![], false);
    let mut frames =
        (0..20).map(|_| second.frame(0.1, vec![], false).viewport_output[&second.id].repaint_delay);
    assert!(frames.any(|delay| delay == Duration::MAX), "it sleeps");
    window.harness.hover_at(egui::pos2(40.0, 300.0));
    window.steps(3);
    let delay = |window: &Window| Second::find(window).unwrap().1.repaint_delay;
    assert_eq!(delay(&window), Duration::MAX, "the pointer over the first window");
    // A new picture is a reason for both.
    window.harness.key_press(Key::Period);
    let before = window.log.lock().unwrap().steps;
    let mut asked = false;
    window.until("the step is painted", |_, log| log.steps > before);
    for _ in 0..40 {
        window.steps(1);
        asked |= delay(&window) == Duration::ZERO;
    }
    assert!(asked, "the second window is drawn with the new picture");
}

#[test]
fn the_second_window_has_keys_of_its_own_and_closes_alone() {
    let mut window = slow().open();
    window.until_painting();
    let mut second = Second::open(&mut window);
    second.frame(0.1, vec![], false);
    let output = second.press(Key::F11);
    assert_eq!(second.full(&output), Some(true));
    second.fullscreen = true;
    let output = second.press(Key::Escape);
    assert_eq!(second.full(&output), Some(false), "escape leaves the full screen first");
    second.fullscreen = false;
    // Other keys do what they do in the first window.
    let output = second.press(Key::Space);
    assert_eq!(output.viewport_output[&ViewportId::ROOT].repaint_delay, Duration::ZERO);
    window.until("it is paused", |harness, _| harness.query_by_label_contains("Paused.").is_some());
    assert!(Second::find(&window).is_some());
    second.frame(0.1, vec![], true);
    window.steps(3);
    assert!(Second::find(&window).is_none(), "it is closed");
    assert!(has(&window, "Swap content and style"));
    // Escape closes one that does not fill the screen, and so does its key in the first window.
    let mut second = Second::open(&mut window);
    second.press(Key::Escape);
    window.steps(3);
    assert!(Second::find(&window).is_none());
    Second::open(&mut window);
    window.harness.key_press(Key::F10);
    window.steps(3);
    assert!(Second::find(&window).is_none());
}

/// How many colours there are in a picture.
fn colours(image: &image::RgbaImage) -> usize {
    let mut colours: Vec<[u8; 4]> = image.pixels().map(|pixel| pixel.0).collect();
    colours.sort_unstable();
    colours.dedup();
    colours.len()
}

#[test]
fn the_stage_is_drawn() {
    if !can_draw() {
        return;
    }
    let painted = impasto_core::picture::CONTENTS[2].open().rgb;
    let paint = impasto_core::picture::resize(&painted, 384, 256, impasto_core::picture::Filter::Lanczos);
    for (name, size, light) in [
        ("dark", [1360.0, 860.0], false),
        ("light", [1360.0, 860.0], true),
        ("dark_small", [1024.0, 640.0], false),
        ("light_small", [1024.0, 640.0], true),
    ] {
        let log = Log { paint: Some(paint.clone()), ..Log::default() };
        let mut window = Setup { render: true, size, log, ..Setup::default() }.open();
        window.until_painting();
        if light {
            window.harness.key_press_modifiers(Modifiers::COMMAND, Key::L);
        }
        window.harness.key_press(Key::F10);
        window.steps(3);
        window.harness.get_by_label("Info").click();
        window.steps(3);
        let image = draw(&mut window, &format!("stage_second_{name}"));
        assert!(colours(&image) > 500, "a photograph is seen");
    }
}
