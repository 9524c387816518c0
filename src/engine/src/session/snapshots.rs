//! Which moments of a run to keep: dense where the picture changes fast, at the beginning and after every
//! change by the user, and increasingly sparse from there.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use image::RgbImage;

use super::{Record, RunId};
use impasto_base::hash::Sha256Hash;
use impasto_core::{
    settings::{Settings, StyleMix},
    transfer::{Losses, PyramidProgress},
};

/// A moment of a run, to display and to go back to.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub run: RunId,
    pub step: u32,
    pub place: PyramidProgress,
    /// Time spent painting, in seconds.
    pub elapsed: f64,
    /// In effect when the step was painted.
    pub settings: Settings,
    pub styles: Vec<StyleMix>,
    /// See [`impasto_core::transfer::Inputs::hashes`].
    pub pictures: Vec<Sha256Hash>,
    pub losses: Option<Losses>,
    pub picture: Arc<RgbImage>,
    /// The result of [`super::Engine::checkpoint`], for some of the snapshots.
    pub state: Option<Arc<Vec<u8>>>,
    /// How it was painted, if known.
    pub record: Option<Record>,
}

/// An earlier snapshot to restore.
#[derive(Clone, Debug)]
pub struct RestorePoint {
    pub step: u32,
    /// At the size that was painted then.
    pub picture: Arc<RgbImage>,
    pub state: Option<Arc<Vec<u8>>>,
    /// How the picture was painted, if known: with the state, painting continues as if it had never stopped.
    pub record: Option<Record>,
}

/// Steps since the last beginning or change, per step between two snapshots.
const DENSITY: u32 = 24;
/// Minimum and maximum time between two snapshots, while there are previews.
const MIN_INTERVAL: Duration = Duration::from_millis(50);
const MAX_INTERVAL: Duration = Duration::from_secs(20);
/// Time between two snapshots with the engine's state, which is large: at least this, and at least this
/// multiple of the time that taking the state took.
const STATE_EVERY: Duration = Duration::from_secs(2);
const STATE_COST_FACTOR: u32 = 25;
/// Changes closer together than this are one series, such as a drag.
const SERIES_GAP: Duration = Duration::from_secs(1);

/// Decides which previews become snapshots.
#[derive(Debug, Default)]
pub struct SnapshotSchedule {
    last: Option<(u32, Instant)>,
    /// The step of the last beginning or change.
    origin: u32,
    /// The last snapshot with the engine's state.
    state: Option<(u32, Instant)>,
    /// How long taking that state took.
    state_took: Duration,
    change: Option<Instant>,
}

impl SnapshotSchedule {
    /// Start at a later step.
    pub fn from_step(step: u32) -> Self {
        Self { origin: step, ..Self::default() }
    }

    /// Whether to keep the preview of this step.
    pub fn due(&self, now: Instant, step: u32) -> bool {
        let Some((last, at)) = self.last else { return true };
        let waited = now.duration_since(at);
        let steps = step.saturating_sub(last);
        let age = step.saturating_sub(self.origin);
        steps > 0 && waited >= MIN_INTERVAL && (steps * DENSITY >= age || waited >= MAX_INTERVAL)
    }

    /// Whether a snapshot should include the engine's state.
    pub fn state_due(&self, now: Instant) -> bool {
        self.state.is_none_or(|(_, at)| {
            now.duration_since(at) >= STATE_EVERY.max(self.state_took * STATE_COST_FACTOR)
        })
    }

    /// Record that a snapshot was kept.
    pub fn kept(&mut self, now: Instant, step: u32, state: bool) {
        self.last = Some((step, now));
        if state {
            self.state = Some((step, now));
        }
    }

    /// Record how long taking the engine's state took.
    pub fn state_took(&mut self, took: Duration) {
        self.state_took = took;
    }

    /// The step of the last snapshot with the engine's state.
    pub fn exact_step(&self) -> Option<u32> {
        self.state.map(|(step, _)| step)
    }

    /// Record a change by the user; true if it begins a series of changes, so that the state before it should
    /// be kept.
    pub fn change(&mut self, now: Instant, step: u32) -> bool {
        let begins = self.change.is_none_or(|at| now.duration_since(at) > SERIES_GAP);
        self.change = Some(now);
        self.origin = step;
        begins
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_dense_at_the_beginning_and_after_a_change_and_sparse_later() {
        let start = Instant::now();
        let mut snapshots = SnapshotSchedule::default();
        let mut kept = Vec::new();
        for step in 0..2000_u32 {
            let now = start + Duration::from_millis(60) * step;
            if step == 1500 {
                assert!(snapshots.change(now, step), "the first change begins one");
                assert!(!snapshots.change(now, step), "the second belongs to it");
            }
            if snapshots.due(now, step) {
                let state = snapshots.state_due(now);
                snapshots.kept(now, step, state);
                kept.push((step, state));
            }
        }
        let between = |from: u32, to: u32| kept.iter().filter(|(step, _)| (from..to).contains(step)).count();
        assert_eq!(between(0, 24), 24, "each of the first steps");
        assert!(between(1000, 1500) < 14, "{}", between(1000, 1500));
        assert_eq!(between(1500, 1524), 24, "each after a change");
        assert!(kept.len() < 300, "{}", kept.len());
        // 120 seconds at one state every 2 seconds at most.
        let states = kept.iter().filter(|(_, state)| *state).count();
        assert!((20..=60).contains(&states), "{states}");
    }

    #[test]
    fn states_that_take_long_are_taken_less_often() {
        let start = Instant::now();
        let mut snapshots = SnapshotSchedule::default();
        snapshots.kept(start, 5, true);
        snapshots.state_took(Duration::from_millis(400));
        assert!(!snapshots.state_due(start + Duration::from_secs(9)));
        assert!(snapshots.state_due(start + Duration::from_secs(10)));
    }

    #[test]
    fn a_slow_run_is_kept_at_least_now_and_then() {
        let start = Instant::now();
        let mut snapshots = SnapshotSchedule::default();
        snapshots.kept(start, 100_000, true);
        snapshots.origin = 0;
        assert!(!snapshots.due(start + Duration::from_secs(19), 100_010));
        assert!(snapshots.due(start + Duration::from_secs(21), 100_011));
        assert!(!snapshots.due(start + Duration::from_secs(60), 100_000), "the same step is no new moment");
    }
}
