//! The worker's behaviour with a fake engine: states, hot updates, stale runs, a window that is slow, panics.

mod failures;

use std::{
    sync::{Arc, Mutex, MutexGuard},
    thread,
    time::{Duration, Instant},
};

use image::RgbImage;
use impasto_core::{
    picture::Picture,
    settings::{Settings, StyleMix},
    transfer::{Inputs, TransferError},
};
use impasto_engine::session::{Command, Event, Frame, Job, RunState, SendError, Session, Start, StyleSource};
use impasto_network::vgg::Layer;
use impasto_test_support::fake::{Fake, Log, Shared};

/// A run's number, and the dimensions of the picture that it went on from.
type Started = (u64, Option<(u32, u32)>);

/// An engine whose steps take a millisecond; each paints another grey.
fn usual() -> Log {
    let picture = |step: u32| RgbImage::from_pixel(8, 4, image::Rgb([(step % 256) as u8; 3]));
    Log { slow: Duration::from_millis(1), picture: Some(picture), ..Log::default() }
}

/// The refusal of a style's scale.
fn too_large(scale: f64) -> TransferError {
    let reason = "there is no room".to_owned();
    TransferError::Scale { style: "Swirl".into(), scale, width: 9000, height: 9000, reason }
}

/// A window of sorts: collects events and frames.
struct Window {
    session: Session,
    log: Shared,
    events: Vec<Event>,
    frame: Option<Frame>,
}

impl Window {
    fn open(log: Log) -> Self {
        let log = Arc::new(Mutex::new(log));
        let theirs = Arc::clone(&log);
        let make = move || Fake::new(&theirs);
        Self { session: Session::spawn(make, || ()).unwrap(), log, events: Vec::new(), frame: None }
    }

    fn look(&mut self) {
        while let Some(event) = self.session.next_event() {
            self.events.push(event);
        }
        if let Some(frame) = self.session.take_frame() {
            self.frame = Some(frame);
        }
    }

    fn until(&mut self, what: &str, condition: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            self.look();
            if condition(self) {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "waited in vain for {what}; last events: {:?}",
                self.events.last()
            );
            thread::sleep(Duration::from_millis(2));
        }
    }

    fn state(&self) -> Option<(u64, RunState)> {
        self.events.iter().rev().find_map(|event| match event {
            Event::State { run, state } => Some((*run, *state)),
            _ => None,
        })
    }

    fn is(&self, run: u64, state: RunState) -> bool {
        self.state() == Some((run, state))
    }

    fn progress(&self) -> u32 {
        let step = |event: &Event| match event {
            Event::Progress { progress, .. } => Some(progress.step),
            _ => None,
        };
        self.events.iter().rev().find_map(step).unwrap_or(0)
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap()
    }

    fn steps(&self) -> usize {
        self.log().steps as usize
    }

    fn reads(&self) -> usize {
        self.log().reads as usize
    }

    fn started(&self) -> Vec<Started> {
        let log = self.log();
        log.jobs.iter().map(|job| job.run).zip(log.from_current.iter().copied()).collect()
    }

    /// The style weights and the styles' weights of the updates.
    fn updates(&self) -> Vec<(f64, Vec<f64>)> {
        let weights = |mix: &[StyleMix]| mix.iter().map(|style| style.weight).collect();
        self.log().updates.iter().map(|(settings, mix)| (settings.style_weight, weights(mix))).collect()
    }

    fn send(&self, command: Command) {
        self.session.send(command).unwrap();
    }

    /// What is sent in `work` arrives during one step, however long sending takes.
    fn within_a_step(&mut self, work: impl FnOnce(&mut Self)) {
        {
            let mut log = self.log();
            (log.waits, log.gate) = (false, Some(log.steps));
        }
        self.until("a step in hand", |w| w.log().waits);
        work(self);
        self.log().gate = None;
    }
}

fn picture() -> Arc<Picture> {
    Arc::new(Picture::from_rgba("test", 16, 16, vec![255; 16 * 16 * 4]).unwrap())
}

fn job(run: u64, settings: Settings) -> Job {
    Job {
        run,
        inputs: Inputs::new(picture(), vec![StyleSource::new(picture())]),
        settings,
        start: Start::Beginning,
        paused: false,
        endless: false,
        choose_size: false,
    }
}

/// The job's pictures with this mix.
fn inputs(mix: &[StyleMix]) -> Inputs {
    let styles = mix.iter().map(|mix| StyleSource { picture: picture(), mix: *mix });
    Inputs::new(picture(), styles.collect())
}

fn endless() -> Settings {
    Settings { steps: 1_000_000, ..Settings::default() }
}

#[test]
fn a_run_tells_its_preparation_shows_the_initial_picture_and_finishes_at_the_limit() {
    let mut window = Window::open(usual());
    window.send(Command::Run(Box::new(job(1, Settings { steps: 5, ..Settings::default() }))));
    window.until("the end", |w| w.is(1, RunState::Finished));
    let said: Vec<_> = window
        .events
        .iter()
        .filter_map(|event| match event {
            Event::State { state, .. } => Some(format!("{state:?}")),
            Event::Preparing { what, .. } => Some(what.clone()),
            Event::Started { .. } => Some("started".into()),
            _ => None,
        })
        .collect();
    assert_eq!(said, ["Preparing", "Loading the network's weights…", "started", "Running", "Finished"]);
    assert_eq!(window.steps(), 5);
    let frame = window.frame.as_ref().unwrap();
    assert_eq!((frame.step, frame.picture.get_pixel(0, 0).0), (5, [5; 3]));
}

#[test]
fn a_run_that_another_one_takes_the_place_of_is_kept_as_it_was() {
    let mut window = Window::open(usual());
    window.send(Command::Run(Box::new(job(1, endless()))));
    window.until("it paints", |w| w.steps() > 5);
    while window.session.next_snapshot().is_some() {}
    window.send(Command::Run(Box::new(job(2, endless()))));
    let last = std::cell::RefCell::new(None);
    window.until("its last moment", |w| {
        while let Some(mark) = w.session.next_snapshot() {
            if mark.run == 1 {
                *last.borrow_mut() = Some(mark);
            }
        }
        w.is(2, RunState::Running)
    });
    let mark = last.into_inner().unwrap();
    assert_eq!(mark.record.as_ref().unwrap().steps(), mark.step);
    assert_eq!(mark.picture.get_pixel(0, 0).0, [(mark.step % 256) as u8; 3]);
}

#[test]
fn an_endless_run_paints_on_until_it_has_settled_and_what_is_asked_for_wakes_it() {
    let mut window = Window::open(Log { picture: None, paint: Some(RgbImage::new(8, 4)), ..usual() });
    let settings = Settings { steps: 5, ..Settings::default() };
    window.send(Command::Run(Box::new(Job { endless: true, ..job(1, settings.clone()) })));
    let rests = |w: &Window, since: usize| w.is(1, RunState::Finished) && w.steps() >= since + 50;
    window.until("it rests behind its steps", |w| rests(w, 5));
    let steps = window.steps();
    let changed = Settings { style_weight: 3.0, ..settings.clone() };
    window
        .session
        .update(1, &Settings { preview_every: 7, ..settings.clone() }, &inputs(&[StyleMix::default()]))
        .unwrap();
    thread::sleep(Duration::from_millis(60));
    assert_eq!(window.steps(), steps, "it rests, also where nothing else is asked for");
    window.session.update(1, &changed, &inputs(&[StyleMix::default()])).unwrap();
    window.until("a weight wakes it until it has settled again", |w| rests(w, steps));
    let steps = window.steps();
    let other = Picture::from_rgba("other", 16, 16, vec![90; 16 * 16 * 4]).unwrap();
    let others = Inputs { styles: vec![StyleSource::new(Arc::new(other))], ..inputs(&[]) };
    window.session.update(1, &changed, &others).unwrap();
    window.until("and so does another style", |w| rests(w, steps));
    assert_eq!(window.log().replaced.len(), 1);
    assert_eq!(window.started().len(), 1, "without a restart");
    let steps = window.steps();
    window.send(Command::Resume);
    window.until("so does play", |w| rests(w, steps));
    let steps = window.steps();
    window.send(Command::Endless(false));
    window.session.update(1, &settings, &others).unwrap();
    window.until("the update", |w| w.updates().len() == 4);
    thread::sleep(Duration::from_millis(60));
    assert_eq!(window.steps(), steps, "with an end it stays there");
    // What still changes goes on.
    let mut window = Window::open(usual());
    window.send(Command::Run(Box::new(Job { endless: true, ..job(1, settings) })));
    window.until("far behind its steps", |w| w.steps() > 150);
    assert!(!window.is(1, RunState::Finished));
}

#[test]
fn pause_step_resume_and_stop_do_what_they_say() {
    let mut window = Window::open(usual());
    window.send(Command::Run(Box::new(Job { paused: true, ..job(1, endless()) })));
    window.until("pause", |w| w.is(1, RunState::Paused));
    assert_eq!(window.steps(), 0);
    assert_eq!(window.frame.as_ref().unwrap().step, 0);
    window.send(Command::Step);
    window.until("a single step", |w| w.progress() == 1);
    thread::sleep(Duration::from_millis(50));
    assert_eq!(window.steps(), 1);
    window.send(Command::Resume);
    window.until("steps", |w| w.steps() > 10);
    window.send(Command::Pause);
    window.until("pause", |w| w.is(1, RunState::Paused));
    let steps = window.steps();
    // The picture of the pause is the latest one.
    assert_eq!(window.progress() as usize, steps);
    thread::sleep(Duration::from_millis(50));
    assert_eq!(window.steps(), steps);
    window.send(Command::Stop);
    window.until("stop", |w| w.is(1, RunState::Stopped));
    assert_eq!(window.frame.as_ref().unwrap().step as usize, steps);
}

#[test]
fn settings_are_taken_over_without_a_restart_and_only_the_latest_counts() {
    let mut window = Window::open(usual());
    window.send(Command::Run(Box::new(job(1, endless()))));
    window.until("painting", |w| w.progress() > 0);
    window.within_a_step(|w| {
        for weight in 1..=50 {
            let settings = Settings { style_weight: f64::from(weight), ..endless() };
            let style = StyleMix { weight: 0.25, ..StyleMix::default() };
            w.session.update(1, &settings, &inputs(&[style])).unwrap();
        }
    });
    window.until("the update", |w| w.updates().last() == Some(&(50.0, vec![0.25])));
    assert_eq!(window.updates().len(), 1, "a drag is not replayed value by value");
    assert_eq!(window.started().len(), 1);
}

#[test]
fn a_scale_that_is_too_large_is_refused_by_name_and_everything_else_is_taken() {
    let refuse = |inputs: &Inputs| match inputs.styles.iter().find(|style| style.mix.scale > 10.0) {
        Some(style) => Err(too_large(style.mix.scale).into()),
        None => Ok(()),
    };
    let mut window = Window::open(Log { refuse: Some(refuse), ..usual() });
    window.send(Command::Run(Box::new(job(1, endless()))));
    window.until("painting", |w| w.progress() > 0);
    let notices = |w: &Window| -> Vec<String> {
        let text = |event: &Event| match event {
            Event::Notice { text, .. } => Some(text.clone()),
            _ => None,
        };
        w.events.iter().filter_map(text).collect()
    };
    for (weight, scale) in [(3.0, 20.0), (4.0, 20.0), (5.0, 2.0), (6.0, 12.0)] {
        let settings = Settings { style_weight: weight, ..endless() };
        let style = StyleMix { weight: 0.25, scale, ..StyleMix::default() };
        let number = window.session.update(1, &settings, &inputs(&[style])).unwrap();
        window.until("a picture with it", |w| w.frame.as_ref().is_some_and(|frame| frame.update == number));
        assert_eq!(window.updates().last(), Some(&(weight, vec![0.25])));
        // What is recorded is what is painted with.
        let record = window.frame.as_ref().unwrap().record.passes();
        let styles = record[0].changes.iter().rev().find_map(|change| change.styles.clone());
        let expected = [1.0, 1.0, 2.0, 2.0][weight as usize - 3];
        assert_eq!(styles.map(|styles| styles[0].scale), Some(expected), "{weight}");
    }
    let said = notices(&window);
    assert_eq!(said.len(), 2, "each refusal once: {said:?}");
    assert!(said[0].starts_with("Swirl at the scale 20 would be"), "{said:?}");
    assert!(said[1].contains("the scale 12") && said[1].contains("choose a smaller scale"), "{said:?}");
}

#[test]
fn a_picture_tells_with_which_update_it_was_painted() {
    let mut window = Window::open(usual());
    window.send(Command::Run(Box::new(job(1, endless()))));
    window.until("a picture", |w| w.frame.as_ref().is_some_and(|frame| frame.step > 0));
    assert_eq!(window.frame.as_ref().unwrap().update, 0);
    for weight in [3.0, 4.0] {
        let settings = Settings { style_weight: weight, ..endless() };
        let number = window.session.update(1, &settings, &inputs(&[StyleMix::default()])).unwrap();
        window.until("a picture with it", |w| w.frame.as_ref().is_some_and(|frame| frame.update == number));
        assert_eq!(window.updates().last().unwrap().0, weight);
    }
    // What is only taken over has not been painted yet.
    window.send(Command::Pause);
    window.until("pause", |w| w.is(1, RunState::Paused));
    let before = window.frame.as_ref().unwrap().update;
    let number = window.session.update(1, &endless(), &inputs(&[StyleMix::default()])).unwrap();
    window.until("the update", |w| w.updates().len() == 3);
    assert_eq!(window.frame.as_ref().unwrap().update, before);
    window.send(Command::Step);
    window.until("a picture with it", |w| w.frame.as_ref().is_some_and(|frame| frame.update == number));
}

#[test]
fn a_paused_run_takes_settings_over_at_once() {
    let mut window = Window::open(usual());
    window.send(Command::Run(Box::new(Job { paused: true, ..job(1, endless()) })));
    window.until("pause", |w| w.is(1, RunState::Paused));
    window
        .session
        .update(1, &Settings { style_weight: 3.0, ..endless() }, &inputs(&[StyleMix::default()]))
        .unwrap();
    window.until("the update", |w| !w.updates().is_empty());
}

#[test]
fn raising_the_limit_of_a_finished_run_goes_on_and_lowering_it_finishes() {
    let mut window = Window::open(usual());
    window.send(Command::Run(Box::new(job(1, Settings { steps: 3, ..Settings::default() }))));
    window.until("the end", |w| w.is(1, RunState::Finished));
    window
        .session
        .update(1, &Settings { steps: 6, ..Settings::default() }, &inputs(&[StyleMix::default()]))
        .unwrap();
    window.until("three more steps", |w| w.steps() == 6 && w.is(1, RunState::Finished));
    window.session.update(1, &endless(), &inputs(&[StyleMix::default()])).unwrap();
    window.until("painting", |w| w.steps() > 10);
    window
        .session
        .update(1, &Settings { steps: 2, ..Settings::default() }, &inputs(&[StyleMix::default()]))
        .unwrap();
    window.until("the end", |w| w.is(1, RunState::Finished));
}

#[test]
fn settings_of_an_older_run_and_unusable_ones_change_nothing() {
    let mut window = Window::open(usual());
    window.send(Command::Run(Box::new(job(2, endless()))));
    window.until("painting", |w| w.progress() > 0);
    window
        .session
        .update(1, &Settings { style_weight: 99.0, ..endless() }, &inputs(&[StyleMix::default()]))
        .unwrap();
    thread::sleep(Duration::from_millis(30));
    assert!(window.updates().is_empty());
    window
        .session
        .update(2, &Settings { style_weight: -1.0, ..endless() }, &inputs(&[StyleMix::default()]))
        .unwrap();
    window.until("a notice", |w| {
        w.events.iter().any(|e| matches!(e, Event::Notice { run: 2, text } if text.contains("style-weight")))
    });
    let steps = window.steps();
    window.until("painting goes on", |w| w.steps() > steps + 3);
}

#[test]
fn a_new_run_replaces_the_old_one_and_may_go_on_from_its_picture() {
    let mut window = Window::open(usual());
    window.send(Command::Run(Box::new(job(1, endless()))));
    window.until("painting", |w| w.progress() > 0);
    window.send(Command::Run(Box::new(Job { start: Start::Current, ..job(2, endless()) })));
    window.until("the second run", |w| w.is(2, RunState::Running));
    window.send(Command::Run(Box::new(job(3, endless()))));
    window.until("the third run", |w| w.is(3, RunState::Running));
    let started = window.started();
    assert_eq!(started, [(1, None), (2, Some((8, 4))), (3, None)]);
    // Once the third run is told, nothing of the others follows.
    let told = window.events.iter().position(|e| matches!(e, Event::Started { run: 3, .. })).unwrap();
    assert!(window.events[told..].iter().all(|event| match event {
        Event::State { run, .. } | Event::Progress { run, .. } => *run == 3,
        _ => true,
    }));
}

#[test]
fn an_update_for_a_run_that_still_waits_reaches_it() {
    let mut window = Window::open(Log { slow: Duration::from_millis(100), ..usual() });
    window.send(Command::Run(Box::new(job(1, endless()))));
    window.until("painting", |w| w.progress() > 0);
    // Both while a step is in hand: the first nudge must not cost the second run its settings.
    window
        .session
        .update(1, &Settings { style_weight: 5.0, ..endless() }, &inputs(&[StyleMix::default()]))
        .unwrap();
    window.send(Command::Run(Box::new(job(2, endless()))));
    window
        .session
        .update(2, &Settings { style_weight: 77.0, ..endless() }, &inputs(&[StyleMix::default()]))
        .unwrap();
    window.until("the update", |w| w.updates().last() == Some(&(77.0, vec![1.0])));
}

#[test]
fn a_picture_that_was_lent_before_a_run_began_afresh_does_not_come_back_later() {
    let mut window = Window::open(usual());
    window.session.continue_from(Arc::new(RgbImage::new(5, 5)), None);
    window.send(Command::Run(Box::new(Job { paused: true, ..job(1, endless()) })));
    window.until("the first run", |w| w.is(1, RunState::Paused));
    window.send(Command::Run(Box::new(Job { start: Start::Current, paused: true, ..job(2, endless()) })));
    window.until("the second run", |w| w.is(2, RunState::Paused));
    let shown = window.frame.as_ref().map(|frame| frame.picture.dimensions());
    assert_eq!(window.started(), [(1, None), (2, shown)]);
    // One that is lent for a run that goes on is taken as ever.
    window.session.continue_from(Arc::new(RgbImage::new(5, 5)), None);
    window.send(Command::Run(Box::new(Job { start: Start::Current, paused: true, ..job(3, endless()) })));
    window.until("the third run", |w| w.is(3, RunState::Paused));
    assert_eq!(window.started().last(), Some(&(3, Some((5, 5)))));
}

#[test]
fn of_several_runs_in_a_row_only_the_last_is_prepared_and_it_goes_on_from_the_latest_picture() {
    let mut window = Window::open(usual());
    let rarely = Settings { preview_every: 100_000, ..endless() };
    window.send(Command::Run(Box::new(job(1, rarely))));
    window.until("steps", |w| w.steps() > 3);
    window.within_a_step(|w| {
        for run in 2..=5 {
            let start = Start::Current;
            w.send(Command::Run(Box::new(Job { start, paused: true, ..job(run, endless()) })));
        }
    });
    window.until("the last run", |w| w.is(5, RunState::Paused));
    let started: Vec<u64> = window.started().iter().map(|(run, _)| *run).collect();
    assert_eq!(started, [1, 5]);
    // The picture was read when the first run was left, although no preview was due.
    let left = window.events.iter().rev().find_map(|event| match event {
        Event::Progress { run: 1, progress } => Some(progress.step),
        _ => None,
    });
    assert_eq!(left.map(|step| step as usize), Some(window.steps()));
}

#[test]
fn a_layer_that_is_left_between_two_runs_is_not_looked_into_again() {
    let mut window = Window::open(usual());
    window.send(Command::Run(Box::new(job(1, endless()))));
    window.send(Command::Study(Some(Layer::PAPER_CONTENT)));
    window.until("a look", |w| !w.log().studied.is_empty());
    window.within_a_step(|w| {
        w.send(Command::Run(Box::new(job(2, endless()))));
        w.send(Command::Study(None));
        w.send(Command::Run(Box::new(job(3, endless()))));
    });
    window.until("the third run", |w| w.is(3, RunState::Running));
    let studies = window.log().studied.len();
    let reads = window.reads();
    window.until("pictures", |w| w.reads() > reads + 5);
    assert_eq!(window.log().studied.len(), studies);
}

#[test]
fn a_new_worker_goes_on_from_the_picture_that_it_is_lent() {
    let mut window = Window::open(usual());
    window.session.continue_from(Arc::new(RgbImage::new(30, 20)), None);
    window.send(Command::Run(Box::new(Job { start: Start::Current, ..job(1, endless()) })));
    window.until("painting", |w| w.progress() > 0);
    assert_eq!(window.started()[0], (1, Some((30, 20))));
}

#[test]
fn progress_is_told_although_previews_are_far_apart() {
    let mut window = Window::open(Log { slow: Duration::from_millis(40), ..usual() });
    let rarely = Settings { preview_every: 100_000, ..endless() };
    window.send(Command::Run(Box::new(job(1, rarely))));
    // The beginning is shown, and the first step after the window took that; what is told later costs no
    // read-back.
    window.until("the first step", |w| w.reads() == 2 && w.progress() > 0);
    let shown = window.progress();
    window.until("progress", |w| w.progress() > shown + 10);
    assert_eq!(window.reads(), 2);
}

#[test]
fn a_window_that_does_not_look_costs_no_read_backs_and_loses_no_state() {
    let mut window = Window::open(usual());
    let began = Instant::now();
    window.send(Command::Run(Box::new(job(1, Settings { steps: 300, ..Settings::default() }))));
    thread::sleep(Duration::from_millis(900));
    // The initial picture was never taken, so there was one read-back, and one at the end; and one a second,
    // for steps that take so long.
    let reads = window.reads();
    assert!(reads <= 3 + began.elapsed().as_secs() as usize, "{reads} in {:?}", began.elapsed());
    window.until("the end", |w| w.is(1, RunState::Finished));
}
