//! Pages of their own: queue, grid, playlist; and questions before something is lost.

use super::*;

use egui::{ViewportEvent, ViewportId};
use impasto_core::settings::StyleMix;
use impasto_engine::queue::{Item, ItemSource, ItemState, ItemStyle, QueueStore};

/// A painting that is done after a few steps, beside an engine for the queue that waits as well.
fn done(size: [f32; 2]) -> Setup {
    let mut setup = setup(size);
    setup.options.settings.as_mut().unwrap().steps = 5;
    setup.behind.paint.clone_from(&setup.log.paint);
    setup.behind.gate = Some(0);
    setup
}

fn finish(window: &mut Window) {
    window.paint_to(5);
    window.until("it is done", |harness, _| harness.query_by_label_contains("Finished.").is_some());
}

/// A queue with one of each kind in it, in the window's folder.
fn fill_the_queue(folder: &Path) {
    let source = |name: &str| ItemSource::File { path: folder.join(name), sha256: None };
    let item = |id, size, state| {
        let styles = vec![ItemStyle { source: source("Stripes.png"), mix: StyleMix::default() }];
        let settings = Settings { size, steps: 400, ..Settings::default() };
        let output = folder.join(format!("Painting {id}.png"));
        Item { id, state, ..Item::new(source("Lake.png"), styles, output, settings) }
    };
    let message =
        "this size needs 9.1 GB of memory, but only 5.2 GB are free: choose a smaller one".to_owned();
    let items = vec![
        item(1, 1024, ItemState::Done { seconds: 421.0 }),
        item(2, 4096, ItemState::Failed { message }),
        item(3, 1536, ItemState::Waiting),
        item(4, 2048, ItemState::Waiting),
        item(5, 1536, ItemState::Cancelled),
    ];
    QueueStore::open(&folder.join("queue")).unwrap().write(items).unwrap();
}

#[test]
fn the_queue() {
    let Some(mut window) = open(done(SMALL)) else { return };
    finish(&mut window);
    press_key(&mut window, Key::Q);
    click(&mut window, "Add this painting…");
    snapshot(&mut window, "queue_add");

    let folder = tempfile::tempdir().unwrap();
    fill_the_queue(folder.path());
    let Some(mut window) = open_in(done(WIDE), folder) else { return };
    finish(&mut window);
    press_key(&mut window, Key::Q);
    window.until("the list is there", |harness, _| harness.query_by_label("Go on").is_some());
    snapshot(&mut window, "queue");
}

#[test]
fn the_grid() {
    let Some(mut window) = open(done(SMALL)) else { return };
    finish(&mut window);
    press_key(&mut window, Key::G);
    window.steps(20);
    snapshot(&mut window, "grid_form");
    click(&mut window, "Values, across");
    window.harness.event(Event::Text("x".to_owned()));
    window.steps(20);
    snapshot(&mut window, "grid_wrong");
    window.harness.key_press(Key::Backspace);
    window.until("it is right again", |harness, _| harness.query_by_label("15 pictures").is_some());
    window.behind.lock().unwrap().gate = None;
    click(&mut window, "Paint the grid");
    window.until("all is painted", |harness, _| harness.query_by_label_contains("15 of 15").is_some());
    window.harness.get_by_label_contains("Style β 4, Style scale 0.5: painted").click();
    other_theme(&mut window);
    snapshot(&mut window, "grid_light");
}

#[test]
fn the_playlist() {
    let Some(mut window) = paused(SMALL, 5) else { return };
    press_key(&mut window, Key::F9);
    for _ in 0..3 {
        click(&mut window, "Add current painting");
    }
    click(&mut window, "Painting 2 until finished");
    click(&mut window, "Shuffle");
    snapshot(&mut window, "playlist");

    // What is not saved is asked for before the window closes.
    press_key(&mut window, Key::Escape);
    let viewports = &mut window.harness.input_mut().viewports;
    viewports.entry(ViewportId::ROOT).or_default().events.push(ViewportEvent::Close);
    window.steps(4);
    snapshot(&mut window, "closing");
}
