//! The recorder: what hands do to parameters while it paints, as keyframes.

use std::collections::BTreeMap;

use impasto_core::settings::{Curve, Ease, Key, KeysEnd, MAX_KEYS, Objective, ParamId, Track};
use impasto_engine::session::RunId;

/// How far a recorded curve may be from what was dragged, as a part of the parameter's range.
const TOLERANCE: f64 = 0.004;

/// What was done to a parameter.
struct Take {
    keys: Vec<Key>,
    /// The parameter was at rest when it was looked at last.
    rests: bool,
}

/// A recording under way.
pub struct Recorder {
    pub run: RunId,
    /// What each parameter was when it was looked at last.
    seen: BTreeMap<ParamId, f64>,
    takes: BTreeMap<ParamId, Take>,
}

impl Recorder {
    pub fn new(run: RunId, values: Vec<(ParamId, f64)>) -> Self {
        Self { run, seen: values.into_iter().collect(), takes: BTreeMap::new() }
    }

    pub fn has_any(&self) -> bool {
        !self.takes.is_empty()
    }

    /// Look at every parameter; `at` is the time of the run.
    pub fn note(&mut self, at: f64, values: Vec<(ParamId, f64)>) {
        for (param, value) in values {
            let before = self.seen.insert(param, value);
            let Some(before) = before else { continue };
            let take = self.takes.get_mut(&param);
            if before == value {
                if let Some(take) = take {
                    take.rests = true;
                }
                continue;
            }
            let take = match take {
                Some(take) => take,
                None => {
                    // Until now it was where it was set.
                    let first = Key { at: 0.0, value: before, ease: Ease::Hold };
                    self.takes.entry(param).or_insert(Take { keys: vec![first], rests: true })
                }
            };
            match take.keys.as_mut_slice() {
                // The first says where the parameter was, also where it is moved before the first step.
                [_, .., last] if last.at >= at => last.value = value,
                [.., last] if take.rests => {
                    last.ease = Ease::Hold;
                    take.keys.push(Key { at, value, ease: Ease::Linear });
                }
                _ => take.keys.push(Key { at, value, ease: Ease::Linear }),
            }
            take.rests = false;
        }
    }

    /// The keyframes of each parameter that was moved: no more of them than its curve needs.
    pub fn finish(self, objective: Objective) -> Vec<(ParamId, Vec<Key>)> {
        let takes = self.takes.into_iter();
        takes.map(|(param, take)| (param, thinned(&take.keys, param, objective, MAX_KEYS / 2))).collect()
    }
}

/// The same curve with as few keyframes as it needs, `most` at most.
fn thinned(keys: &[Key], param: ParamId, objective: Objective, most: usize) -> Vec<Key> {
    let mut tolerance = TOLERANCE;
    loop {
        let thin = thinned_to(keys, param, objective, tolerance);
        if thin.len() <= most || tolerance > 1.0 {
            return thin.into_iter().take(most).collect();
        }
        tolerance *= 2.0;
    }
}

fn thinned_to(keys: &[Key], param: ParamId, objective: Objective, tolerance: f64) -> Vec<Key> {
    let range = param.range(objective);
    let place = |key: &Key| range.position(key.value);
    let mut kept: Vec<Key> = Vec::new();
    let mut from = 0;
    while from < keys.len() {
        kept.push(keys[from]);
        let mut to = from + 1;
        // As far on as one straight line passes near everything in between.
        while keys[from].ease == Ease::Linear && to + 1 < keys.len() && keys[to].ease == Ease::Linear {
            let (a, b) = (&keys[from], &keys[to + 1]);
            let near = keys[from + 1..=to].iter().all(|key| {
                let t = if b.at > a.at { (key.at - a.at) / (b.at - a.at) } else { 1.0 };
                (place(a) + (place(b) - place(a)) * t - place(key)).abs() <= tolerance
            });
            if !near {
                break;
            }
            to += 1;
        }
        from = to;
    }
    kept
}

/// The keyframes up to the end of the run, those of a loop with its repeats as far as there is room for them;
/// the second value is true if there was room for all.
pub fn unrolled(keys: &[Key], end: KeysEnd, param: ParamId, objective: Objective) -> (Vec<Key>, bool) {
    let mut all = keys.to_vec();
    let track = Track::new(Curve::Keys(all.clone(), end));
    let Some((first, last)) = track.curve.loop_bounds() else { return (all, true) };
    let (mut reached, mut turns) = (last, 0.0);
    while reached < 1.0 && all.len() + keys.len() <= MAX_KEYS {
        turns += 1.0;
        for key in keys {
            // Rounding must not bring them out of their order.
            reached = reached.max(key.at + turns * (last - first));
            all.push(Key { at: reached, ..*key });
        }
    }
    if reached > 1.0 {
        all.retain(|key| key.at < 1.0);
        all.push(Key { at: 1.0, value: track.value(param, objective, 0.0, 1.0), ease: Ease::Linear });
    }
    (all, reached >= 1.0)
}

/// A curve with a recorded one in the place of what it had from the first to the last move.
pub fn merged(before: &[Key], recorded: Vec<Key>, param: ParamId, objective: Objective) -> Vec<Key> {
    // The first recorded keyframe says where the parameter was until the hand came.
    let (Some(first), Some(last)) = (recorded.get(1).copied(), recorded.last().copied()) else {
        return if before.is_empty() { recorded } else { before.to_vec() };
    };
    if before.is_empty() {
        return recorded;
    }
    let track = Track::new(Curve::Keys(before.to_vec(), KeysEnd::Hold));
    let mut keys: Vec<Key> = before.iter().copied().filter(|key| key.at < first.at).collect();
    if !keys.is_empty() {
        let value = track.value(param, objective, first.value, first.at);
        keys.push(Key { at: first.at, value, ease: Ease::Hold });
    }
    keys.extend(recorded.into_iter().skip(1));
    if let Some(end) = keys.last_mut() {
        end.ease = Ease::Hold;
    }
    keys.extend(before.iter().copied().filter(|key| key.at > last.at));
    thinned(&keys, param, objective, MAX_KEYS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARAM: ParamId = ParamId::KeepColours;

    fn recorded(moves: &[(f64, f64)]) -> Vec<Key> {
        let mut recorder = Recorder::new(1, vec![(PARAM, 0.5), (ParamId::Alpha, 1.0)]);
        for &(at, value) in moves {
            recorder.note(at, vec![(PARAM, value), (ParamId::Alpha, 1.0)]);
        }
        let mut takes = recorder.finish(Objective::Balanced);
        assert!(takes.len() <= 1, "what nobody moved is not recorded");
        takes.pop().map_or_else(Vec::new, |(param, keys)| {
            assert_eq!(param, PARAM);
            keys
        })
    }

    fn value(keys: &[Key], at: f64) -> f64 {
        Track::new(Curve::Keys(keys.to_vec(), KeysEnd::Hold)).value(PARAM, Objective::Balanced, 0.123, at)
    }

    #[test]
    fn a_straight_move_needs_three_keyframes_and_plays_as_it_was_done() {
        let moves: Vec<(f64, f64)> = (0..=100)
            .map(|index| f64::from(index) / 100.0)
            .map(|at| (at, if at < 0.3 { 0.5 } else { (0.5 + (at - 0.3)).min(0.9) }))
            .collect();
        let keys = recorded(&moves);
        assert!(keys.len() <= 5, "{keys:?}");
        for (at, done) in moves {
            assert!((value(&keys, at) - done).abs() < 0.012, "{at}: {} {done}", value(&keys, at));
        }
        assert!(recorded(&[(0.1, 0.5), (0.2, 0.5)]).is_empty());
    }

    #[test]
    fn a_rest_between_two_moves_is_a_rest() {
        let mut moves = vec![(0.2, 0.6), (0.21, 0.7)];
        moves.extend((22..80).map(|at| (f64::from(at) / 100.0, 0.7)));
        moves.push((0.8, 0.2));
        let keys = recorded(&moves);
        assert_eq!(
            [0.1, 0.5, 0.79, 0.8, 1.0].map(|at| value(&keys, at)),
            [0.5, 0.7, 0.7, 0.2, 0.2],
            "{keys:?}"
        );
    }

    #[test]
    fn many_frames_at_one_step_are_one_keyframe() {
        let keys = recorded(&[(0.2, 0.6), (0.2, 0.7), (0.2, 0.8)]);
        assert_eq!(keys.len(), 2);
        assert_eq!((value(&keys, 0.19), value(&keys, 0.2)), (0.5, 0.8));
        // Also before the first step.
        let keys = recorded(&[(0.0, 0.6), (0.0, 0.7)]);
        assert_eq!((keys.len(), value(&keys, 0.0)), (2, 0.7), "{keys:?}");
    }

    #[test]
    fn a_restless_hand_fits_the_limit() {
        let moves: Vec<(f64, f64)> =
            (0..5000).map(|i| (f64::from(i) / 5000.0, 0.5 + 0.5 * (f64::from(i) * 0.05).sin())).collect();
        assert!((50..=MAX_KEYS / 2).contains(&recorded(&moves).len()));
    }

    #[test]
    fn a_second_take_replaces_what_it_overlaps() {
        let key = |at, value| Key { at, value, ease: Ease::Linear };
        let before = [key(0.0, 0.0), key(0.5, 0.5), key(1.0, 1.0)];
        let take = vec![Key { at: 0.0, value: 0.4, ease: Ease::Hold }, key(0.4, 0.9), key(0.6, 0.8)];
        let keys = merged(&before, take.clone(), PARAM, Objective::Balanced);
        assert!(keys.is_sorted_by_key(|key| key.at));
        let at = |at| value(&keys, at);
        assert!((at(0.2) - 0.2).abs() < 1e-9 && (at(0.399) - 0.399).abs() < 1e-9, "{keys:?}");
        assert!((at(0.4), at(0.6), at(0.9), at(1.0)) == (0.9, 0.8, 0.8, 1.0), "{keys:?}");
        assert_eq!(merged(&[], take.clone(), PARAM, Objective::Balanced), take);
    }

    #[test]
    fn a_take_over_a_loop_leaves_the_repeats_around_it() {
        let key = |at, value| Key { at, value, ease: Ease::Linear };
        let loops = |end| unrolled(&[key(0.1, 0.2), key(0.4, 0.8)], end, PARAM, Objective::Balanced);
        let (held, has_all) = loops(KeysEnd::Hold);
        assert_eq!((held.len(), has_all), (2, true));
        let (before, has_all) = loops(KeysEnd::Loop);
        assert!(has_all);
        let track = Track::new(Curve::Keys(vec![key(0.1, 0.2), key(0.4, 0.8)], KeysEnd::Loop));
        for at in (0..100).map(|index| f64::from(index) / 100.0) {
            // At the very end of each repeat the unrolled keyframes have jumped already.
            let wanted = track.value(PARAM, Objective::Balanced, 0.123, at + 1e-6);
            assert!((value(&before, at + 1e-6) - wanted).abs() < 1e-4, "{at}: {before:?}");
        }
        let take = vec![Key { at: 0.0, value: 0.4, ease: Ease::Hold }, key(0.75, 0.9), key(0.8, 1.0)];
        let keys = merged(&before, take, PARAM, Objective::Balanced);
        assert!(keys.is_sorted_by_key(|key| key.at) && keys.iter().all(|key| key.at <= 1.0), "{keys:?}");
        for (at, wanted) in [(0.25, 0.5), (0.55, 0.5), (0.73, 0.26), (0.75, 0.9), (0.8, 1.0), (1.0, 0.8)] {
            assert!((value(&keys, at) - wanted).abs() < 0.01, "{at}: {} {wanted}", value(&keys, at));
        }
        // A short loop of many keyframes has no room for all of its repeats.
        let short: Vec<Key> = (0..MAX_KEYS).map(|index| key(0.001 * index as f64 / 511.0, 0.5)).collect();
        let (cut, has_all) = unrolled(&short, KeysEnd::Loop, PARAM, Objective::Balanced);
        assert_eq!((cut.len(), has_all), (MAX_KEYS, false));
    }
}
