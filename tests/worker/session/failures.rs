//! What fails, and what a window that looks costs.

use super::*;

#[test]
fn a_panic_fails_the_run_keeps_the_picture_and_the_next_run_gets_a_new_engine() {
    let panics = |_: &Settings, step| {
        assert!(step < 20, "the fake panics at step {step}");
        Ok(Vec::new())
    };
    let mut window = Window::open(Log { at_step: Some(Arc::new(panics)), ..usual() });
    window.send(Command::Run(Box::new(job(1, endless()))));
    window.until("the failure", |w| w.is(1, RunState::Failed));
    let message = window.events.iter().find_map(|event| match event {
        Event::Failed { message, .. } => Some(message.clone()),
        _ => None,
    });
    assert!(message.unwrap().contains("panics at step 20"));
    assert!(window.frame.is_some());
    window.send(Command::Run(Box::new(Job {
        start: Start::Current,
        ..job(2, Settings { steps: 5, ..Settings::default() })
    })));
    window.until("the next run", |w| w.is(2, RunState::Finished));
    assert_eq!(window.log().made, 2);
    assert_eq!(window.started()[1], (2, Some((8, 4))));
}

#[test]
fn a_loss_that_is_not_finite_stops_the_run_with_the_last_good_picture() {
    let mut window = Window::open(Log { not_finite_at: Some(30), ..usual() });
    window.send(Command::Run(Box::new(job(1, endless()))));
    window.until("the failure", |w| w.is(1, RunState::Failed));
    let frame = window.frame.as_ref().unwrap();
    assert!(frame.step < 30);
    // That comes after it is told.
    window.until("the engine's end", |w| w.log().ended > 0);
    // A failed run does not come back by itself.
    window.send(Command::Resume);
    let steps = window.steps();
    thread::sleep(Duration::from_millis(50));
    assert_eq!((window.steps(), window.log().ended), (steps, 1));
}

#[test]
fn a_run_that_cannot_start_says_why() {
    let mut window = Window::open(Log { fail_start: Some("cannot start today".into()), ..usual() });
    window.send(Command::Run(Box::new(job(1, endless()))));
    window.until("the failure", |w| {
        w.events
            .iter()
            .any(|e| matches!(e, Event::Failed { run: 1, message } if message == "cannot start today"))
    });
}

#[test]
fn a_worker_that_cannot_make_an_engine_says_that_it_died() {
    let session = Session::spawn(|| -> Fake { panic!("no engine here") }, || ()).unwrap();
    let mut window = Window { session, log: Arc::default(), events: Vec::new(), frame: None };
    window.send(Command::Run(Box::new(job(1, endless()))));
    window.until("the death", |w| {
        w.events.iter().any(|e| matches!(e, Event::Died { message } if message.contains("no engine here")))
    });
    let deadline = Instant::now() + Duration::from_secs(60);
    while window.session.send(Command::Pause) != Err(SendError::Dead) {
        assert!(Instant::now() < deadline, "a dead worker is noticed");
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_run_that_starts_smaller_keeps_the_size_that_was_asked_for() {
    for (choose_size, kept) in [(false, 256), (true, 181)] {
        let limits = vec!["painting goes on at 181 px".to_owned()];
        let mut window = Window::open(Log { largest: Some(181), chosen: Some(256), limits, ..usual() });
        let settings = Settings { size: 256, steps: 5, ..Settings::default() };
        window.send(Command::Run(Box::new(Job { choose_size, ..job(1, settings) })));
        window.until("the end", |w| w.is(1, RunState::Finished));
        let told = window.events.iter().any(
            |event| matches!(event, Event::Limited { run: 1, text } if text == "painting goes on at 181 px"),
        );
        let sizes = window.events.iter().filter_map(|event| match event {
            Event::Started { info, .. } => Some(info.size),
            _ => None,
        });
        assert!(told && sizes.eq([181]), "{:?}", window.events);
        // The window compares a moment's settings with its own.
        let moments: Vec<_> = std::iter::from_fn(|| window.session.next_snapshot()).collect();
        assert!(!moments.is_empty() && moments.iter().all(|moment| moment.settings.size == kept));
        // A recipe has the size that was painted, and does not claim to repeat the picture.
        let record = &window.frame.as_ref().unwrap().record;
        assert_eq!((record.passes()[0].settings.size, record.is_complete()), (181, false));
    }
}

#[test]
fn a_terms_share_is_measured_for_a_window_that_looks_and_seldom() {
    let settings = Settings { preview_every: 1, ..endless() };
    let mut window = Window::open(usual());
    window.send(Command::Run(Box::new(job(1, settings.clone()))));
    window.until("some measurements", |w| w.log().measured.len() > 8);
    let measured = window.log().measured.clone();
    assert!(measured.windows(2).all(|pair| pair[1] - pair[0] >= 5), "{measured:?}");

    // Nobody takes the pictures here.
    let blind = Window::open(usual());
    blind.send(Command::Run(Box::new(job(1, settings))));
    let deadline = Instant::now() + Duration::from_secs(60);
    while blind.steps() < 200 {
        assert!(Instant::now() < deadline, "{} steps", blind.steps());
        thread::sleep(Duration::from_millis(5));
    }
    assert!(blind.log().measured.len() <= 1);
}
