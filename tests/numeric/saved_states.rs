//! Runs that go on from a saved state.

use crate::common::{inputs, job};
use impasto_core::settings::{Settings, StyleMix};
use impasto_engine::session::{Engine, PaintEngine, Start};

/// Check that the next steps from a saved state are those of the run that went on, to the last bit, past a
/// larger size too: in another run, and back and forth in the same one. Returns the saved state.
pub fn goes_on_in_every_bit(what: &str, settings: &Settings) -> Vec<u8> {
    let mix = [StyleMix::default(), StyleMix { weight: 0.4, ..StyleMix::default() }];
    let job = |start| {
        let mut job = job(settings.clone(), start);
        job.inputs = inputs(&mix);
        job
    };
    let mut engine = PaintEngine::new();
    engine.start(&job(Start::Beginning), None, &mut |_| ()).unwrap();
    (0..11).for_each(|_| engine.step().unwrap());
    let early = engine.checkpoint().unwrap().unwrap();
    let picture = engine.read().unwrap().picture;
    (0..29).for_each(|_| engine.step().unwrap());
    let late = engine.checkpoint().unwrap().unwrap();
    let mut other = PaintEngine::new();
    other.start(&job(Start::Moment), Some(&picture), &mut |_| ()).unwrap();
    other.step().unwrap();
    other.restore(11, Some(&early)).unwrap();
    assert!(other.checkpoint().unwrap().unwrap() == early, "{what}: what went in comes out");
    (0..29).for_each(|_| other.step().unwrap());
    assert!(other.checkpoint().unwrap().unwrap() == late, "{what}: 29 steps later they differ");
    // Back in the same run, at another size than it has by now.
    engine.restore(11, Some(&early)).unwrap();
    (0..29).for_each(|_| engine.step().unwrap());
    assert!(engine.checkpoint().unwrap().unwrap() == late, "{what}: back and forth");
    early
}
