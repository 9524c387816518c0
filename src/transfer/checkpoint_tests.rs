//! States as bytes, and bytes that are none.

use proptest::prelude::*;

use super::*;
use crate::transfer::line_search::Point;

fn planes(seed: f32) -> Planes {
    Planes { width: 2, height: 1, values: vec![seed, -0.1, f32::MIN_POSITIVE, 1e-38, 3.0, seed] }
}

fn lbfgs() -> OptimizerState {
    let mut line = LineSearch::new(3.5, -0.25);
    line.judge(Point { step: 1.0, value: 9.0, slope: 4.0 });
    OptimizerState::Lbfgs(LbfgsState {
        pairs: vec![(planes(0.4), planes(0.5), 1e-9), (planes(0.6), planes(0.8), 0.0)],
        scale: Some(0.3),
        base: Some((planes(0.9), planes(-0.9), 3.5)),
        search: Some((planes(-1.0), 0.1, Some(line))),
        caution: 0.1,
    })
}

fn state(optimizer: OptimizerState) -> State {
    State {
        variable: planes(0.1),
        optimizer,
        average: Some((planes(0.7), 1.0 - 0.99_f64.powi(3), 3)),
        gradient_norm: Some(1.5e-7),
        reweighted: true,
        lowest: LowestState { past: vec![3.0, 2.5, 2.5], kept: Some((2.5, planes(0.55))) },
        terms: vec![
            (Term::Content(Layer::ALL[9]), 0.5),
            (Term::Style(Layer::ALL[15]), 1e-7),
            (Term::Smoothness, 0.01),
            (Term::Histogram, 2.0),
        ],
    }
}

fn adam() -> OptimizerState {
    let decays = [0.1 + 0.2, 1e-300];
    OptimizerState::Adam(Some(AdamState { mean: planes(0.2), square: planes(0.3), decays }))
}

/// As the versions have it that do not know the steps in the mean.
fn of_old() -> State {
    State { average: Some((planes(0.7), 1.0 - 0.99_f64.powi(3), u32::MAX)), ..state(adam()) }
}

fn bytes(state: &State) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.state(state);
    writer.finish()
}

#[test]
fn a_state_of_either_optimizer_survives_as_bytes_and_every_cut_is_refused() {
    for state in [state(adam()), state(OptimizerState::Adam(None)), state(lbfgs())] {
        let bytes = bytes(&state);
        assert_eq!(Reader::new(&bytes).unwrap().state().unwrap(), state);
        for cut in 0..bytes.len() {
            let read = Reader::new(&bytes[..cut]).and_then(|mut reader| reader.state());
            assert!(read.is_err(), "cut at {cut}");
        }
        let longer = [bytes.as_slice(), &[0]].concat();
        assert!(Reader::new(&longer).unwrap().state().is_err(), "something follows");
    }
    assert!(Reader::new(b"something else").is_err());
    assert!(Reader::new(b"IMPASTO4 of a later program").is_err());
}

#[test]
fn a_state_of_the_first_version_is_still_read() {
    let mut writer = Writer(b"IMPASTO1".to_vec());
    writer.planes(&planes(0.1));
    writer.count(2);
    writer.planes(&planes(0.2));
    writer.planes(&planes(0.3));
    writer.count(2);
    writer.f64(0.1 + 0.2);
    writer.f64(1e-300);
    writer.flag(true);
    writer.planes(&planes(0.7));
    writer.f64(1.0 - 0.99_f64.powi(3));
    writer.flag(true);
    writer.f32(1.5e-7);
    writer.flag(true);
    let old = State { lowest: LowestState::default(), terms: Vec::new(), ..of_old() };
    assert_eq!(Reader::new(&writer.finish()).unwrap().state().unwrap(), old);
}

#[test]
fn a_state_of_the_second_version_is_still_read() {
    let mut bytes = bytes(&of_old());
    bytes[7] = SECOND;
    // Planes have 32 bytes here: behind the magic, the variable, two flags, two planes, two numbers, a flag, the sum and
    // its weight it had no steps.
    let steps = 8 + 32 + 2 + 64 + 16 + 1 + 32 + 8;
    bytes.drain(steps..steps + 4);
    assert_eq!(Reader::new(&bytes).unwrap().state().unwrap(), of_old());
}

#[test]
fn lengths_that_are_lies_are_not_believed() {
    let whole = bytes(&state(lbfgs()));
    // Every four bytes that could be a number of something.
    for at in 8..whole.len() - 4 {
        for lie in [u32::MAX, 1 << 30, 0x7fff_ffff] {
            let mut bytes = whole.clone();
            bytes[at..at + 4].copy_from_slice(&lie.to_le_bytes());
            // Whatever comes of it is no larger than what was given.
            if let Ok(state) = Reader::new(&bytes).unwrap().state() {
                let values: usize = state.all_planes().map(|planes| planes.values.len()).sum();
                assert!(values * 4 <= bytes.len());
            }
        }
    }
    let mut wide = whole;
    wide[8..16].fill(0xff);
    assert!(Reader::new(&wide).unwrap().state().is_err());
}

proptest! {
    #[test]
    fn random_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..300), version in b'1'..=b'3') {
        let bytes = [MAGIC.as_slice(), &[version], &bytes].concat();
        let _ = Reader::new(&bytes).unwrap().state();
    }
}
