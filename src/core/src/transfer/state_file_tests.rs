//! Round trips of states, and invalid bytes.

use proptest::prelude::*;

use super::*;
use crate::{settings::GlobalTerm, transfer::line_search::Point};
use impasto_network::vgg::Layer;

fn planes(seed: f32) -> Planes {
    Planes { width: 2, height: 1, values: vec![seed, -0.1, f32::MIN_POSITIVE, 1e-38, 3.0, seed] }
}

fn lbfgs() -> OptimizerState {
    let mut line = WolfeSearch::new(3.5, -0.25);
    line.advance(Point { step: 1.0, value: 9.0, slope: 4.0 });
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
        terms: [(Term::Content(Layer::ALL[9]), 0.5), (Term::Style(Layer::ALL[15]), 1e-7)]
            .into_iter()
            .chain(GlobalTerm::ALL.iter().map(|&term| (Term::Global(term), 0.01)))
            .collect(),
        aims: None,
        cycle: None,
    }
}

fn adam() -> OptimizerState {
    let decays = [0.1 + 0.2, 1e-300];
    OptimizerState::Adam(Some(AdamState { mean: planes(0.2), square: planes(0.3), decays }))
}

fn progress() -> RunProgress {
    let levels = vec![Level { size: 64, until: 10 }, Level { size: 90, until: 30 }];
    RunProgress { step: 12, entered: 10, level: 1, held: true, done: 0.1 + 0.2, halvings: 2, levels }
}

fn details() -> Vec<(u32, Planes)> {
    vec![(90, planes(0.45)), (128, planes(f32::NAN))]
}

fn frozen() -> [Planes; 2] {
    [planes(0.25), planes(0.5)]
}

fn bytes(state: &State) -> Vec<u8> {
    to_bytes(&progress(), &details(), Some(&frozen()), state)
}

#[test]
fn a_state_of_either_optimizer_survives_as_bytes_and_every_cut_is_refused() {
    let parts = [((Layer::ALL[4], 0), vec![7, u32::MAX]), ((Layer::ALL[8], 2), vec![])];
    let aims = Some(Aims { age: 5, parts: parts.into_iter().collect() });
    let aiming = State { aims, ..state(adam()) };
    let sorted = Cycle { turn: 9, age: 7, picture: Some(planes(0.35)) };
    let cycling = State { cycle: Some(sorted.clone()), ..state(lbfgs()) };
    let due = State { cycle: Some(Cycle { picture: None, ..sorted }), ..state(adam()) };
    let states = [state(adam()), state(OptimizerState::Adam(None)), state(lbfgs()), aiming, cycling, due];
    for state in states {
        let bytes = bytes(&state);
        let SavedRun { progress: run, details: kept, frozen: held, state: back } =
            from_bytes(&bytes).unwrap();
        assert_eq!((run, held, &back), (progress(), Some(frozen()), &state));
        assert_eq!((kept[0].0, &kept[0].1, kept[1].0), (90, &planes(0.45), 128));
        let bits = |planes: &Planes| planes.values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&kept[1].1), bits(&planes(f32::NAN)), "not only numbers");
        assert_eq!(
            to_bytes(&progress(), &details(), Some(&frozen()), &back),
            bytes,
            "the same bytes each time"
        );
        for cut in 0..bytes.len() {
            assert!(from_bytes(&bytes[..cut]).is_err(), "cut at {cut}");
        }
        let longer = [bytes.as_slice(), &[0]].concat();
        assert!(from_bytes(&longer).is_err(), "something follows");
    }
    assert!(from_bytes(b"something else").is_err());
}

#[test]
fn later_versions_and_unexpected_tensors_are_refused() {
    let whole = bytes(&state(adam()));
    let replaced = |from: &str, to: &str| {
        let at = whole.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
        let mut bytes = whole.clone();
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        bytes
    };
    assert!(from_bytes(&replaced("adam.mean", "adam.moan")).is_err());
    assert!(from_bytes(&replaced("style/relu5_4", "style/relu9_4")).is_err());
    assert!(from_bytes(&replaced("version\\\":4", "version\\\":5")).is_err());
    assert!(from_bytes(&replaced("[3,1,2]", "[1,3,2]")).is_err());
}

#[test]
fn wrong_lengths_are_refused() {
    let whole = bytes(&state(lbfgs()));
    // Every digit in the header, and the header's own length.
    for at in 0..whole.len() {
        if at >= 8 && !whole[at].is_ascii_digit() {
            continue;
        }
        let mut bytes = whole.clone();
        bytes[at] = if at < 8 { 0xff } else { b'9' };
        // The result must not be larger than the input.
        if let Ok(SavedRun { state, .. }) = from_bytes(&bytes) {
            let values: usize = state.all_planes().map(|planes| planes.values.len()).sum();
            assert!(values * 4 <= bytes.len());
        }
    }
}

proptest! {
    #[test]
    fn random_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..300), header in 0..200_u64) {
        let _ = from_bytes(&bytes);
        let _ = from_bytes(&[header.to_le_bytes().as_slice(), &bytes].concat());
    }
}
