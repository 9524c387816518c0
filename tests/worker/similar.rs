//! What a layer sees as alike, answered by the worker between two steps and at rest.

use std::{
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use impasto_core::{picture, settings::Settings, transfer::Inputs};
use impasto_engine::session::{
    Command, Event, Job, Session, SimilarityMap, SimilarityRequest, Start, StyleSource,
};
use impasto_network::vgg::Layer;
use impasto_test_support::fake::{Fake, Log, PATIENCE, Shared};

fn open() -> (Session, Shared) {
    let log: Shared = Arc::new(Mutex::new(Log { slow: Duration::from_millis(1), ..Log::default() }));
    let theirs = Arc::clone(&log);
    (Session::spawn(move || Fake::new(&theirs), || ()).unwrap(), log)
}

fn run(session: &Session, paused: bool) {
    let style = StyleSource::new(Arc::new(picture::STYLES[0].open()));
    let inputs = Inputs::new(Arc::new(picture::CONTENTS[0].open()), vec![style]);
    let settings = Settings { steps: 1_000_000, ..Settings::default() };
    let job = Job { start: Start::Beginning, paused, ..Job::new(1, inputs, settings) };
    session.send(Command::Run(Box::new(job))).unwrap();
}

fn layer() -> Layer {
    "relu4_1".parse().unwrap()
}

#[track_caller]
fn answer(session: &Session, number: u64, x: f32) -> Result<Box<SimilarityMap>, String> {
    session.request_similarity(SimilarityRequest { number, layer: layer(), point: [x, 0.5] }).unwrap();
    let deadline = Instant::now() + PATIENCE;
    loop {
        match session.next_event() {
            Some(Event::Similarity { number: of, result }) if of == number => return result,
            Some(Event::Failed { message, .. }) => panic!("{message}"),
            Some(_) => {}
            None => thread::sleep(Duration::from_millis(1)),
        }
        assert!(Instant::now() < deadline, "waited in vain for an answer");
    }
}

#[test]
fn a_question_is_answered_while_it_paints_and_while_it_rests() {
    for paused in [false, true] {
        let (session, log) = open();
        run(&session, paused);
        for (number, x) in [(1, 0.2), (2, 0.7)] {
            let map = answer(&session, number, x).unwrap();
            assert!(map.at([x, 0.5]) > 0.5 && map.at([0.9 - x, 0.5]) < 0.0, "{map:?}");
        }
        let log = log.lock().unwrap();
        assert_eq!(log.compared, [(layer(), [0.2, 0.5]), (layer(), [0.7, 0.5])]);
        assert!(!paused || log.steps == 0, "nothing is painted for it");
    }
}

#[test]
fn before_the_first_run_the_answer_is_that_there_is_none() {
    let (session, log) = open();
    assert!(answer(&session, 1, 0.2).unwrap_err().contains("no painting yet"));
    assert_eq!(log.lock().unwrap().compared, []);
    run(&session, true);
    answer(&session, 2, 0.2).unwrap();
}
