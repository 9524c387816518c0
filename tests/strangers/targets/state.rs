//! The engine's state of a project: a run goes on from it, or stays what it is.

use std::{cell::RefCell, sync::Arc};

use impasto_core::{
    picture::Picture,
    run::{Job, Start},
    settings::{DeviceChoice, Optimizer, Settings},
    transfer::{Inputs, StyleSource},
};
use impasto_engine::session::{Engine as _, PaintEngine};

use super::MEMORY;
use crate::memory::within;

/// A run with each optimizer, and its state after some steps.
struct Runs(Vec<(PaintEngine, Vec<u8>)>);

thread_local! {
    static RUNS: RefCell<Runs> = RefCell::new(Runs::new());
}

fn picture(name: &str, red: u8) -> Arc<Picture> {
    let pixel = |at: usize| [red, (at * 7 % 256) as u8, (at / 48 * 5 % 256) as u8, 255];
    Arc::new(Picture::from_rgba(name, 48, 48, (0..48 * 48).flat_map(pixel).collect()).unwrap())
}

impl Runs {
    fn new() -> Self {
        let run = |optimizer: Optimizer| {
            let settings = Settings {
                size: 48,
                steps: 1000,
                pyramid: false,
                averaging: 0.9,
                device: DeviceChoice::Cpu,
                ..Settings { optimizer, ..Settings::default() }
            };
            let inputs = Inputs::new(picture("content", 20), vec![StyleSource::new(picture("style", 200))]);
            let job = Job { start: Start::Beginning, ..Job::new(1, inputs, settings) };
            let mut engine = PaintEngine::new();
            engine.start(&job, None, &mut |_| ()).unwrap();
            (0..3).for_each(|_| engine.step().unwrap());
            let state = engine.checkpoint().unwrap().unwrap();
            (engine, state)
        };
        Self([Optimizer::Adam, Optimizer::Lbfgs].map(run).into())
    }
}

pub fn seeds() -> Vec<Vec<u8>> {
    RUNS.with_borrow(|runs| runs.0.iter().map(|(_, state)| state.clone()).collect())
}

pub fn run(data: &[u8]) {
    RUNS.with_borrow_mut(|runs| {
        within(MEMORY, || {
            for (engine, good) in &mut runs.0 {
                if engine.restore(7, Some(data)).is_err() {
                    continue;
                }
                // A run that is not finite is told as an error, and is none the worse for what it can go back
                // to.
                let _ = engine.step();
                let _ = engine.read();
                engine.restore(3, Some(good)).unwrap();
                engine.step().unwrap();
                assert!(engine.losses().unwrap().unwrap().total.is_finite());
            }
        });
    });
}
