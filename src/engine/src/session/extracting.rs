//! The extracts that the window has requested, and when the worker makes them: while nothing is painted.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use impasto_core::transfer::VisualizationJob;

/// Idle time before an extract is started.
const QUIET: Duration = Duration::from_millis(300);

/// Extracts to make, in order.
#[derive(Clone, Debug, Default)]
pub struct VisualizationRequest {
    pub orders: Vec<VisualizationJob>,
    /// Make them while painting too, alternating with steps.
    pub at_once: bool,
}

/// Pending extracts.
pub struct Extracting {
    orders: VecDeque<VisualizationJob>,
    at_once: bool,
    /// A slice was made since painting stopped.
    pub in_hand: bool,
    /// The engine has panicked in one; no more are made.
    pub broken: bool,
    quiet_since: Instant,
}

impl Extracting {
    pub fn new(now: Instant) -> Self {
        Self { orders: VecDeque::new(), at_once: false, in_hand: false, broken: false, quiet_since: now }
    }

    /// Replace the requests.
    pub fn set(&mut self, request: VisualizationRequest) {
        self.orders = request.orders.into();
        self.at_once = request.at_once;
    }

    /// Restart the idle time, after another command.
    pub fn disturb(&mut self, now: Instant) {
        self.quiet_since = now;
    }

    /// Drop the remaining requests.
    pub fn give_up(&mut self) {
        self.orders.clear();
    }

    /// Remove the first request, made or failed.
    pub fn done(&mut self) {
        self.orders.pop_front();
    }

    pub fn next(&self) -> Option<&VisualizationJob> {
        self.orders.front().filter(|_| !self.broken)
    }

    /// Whether to make a slice after a step.
    pub fn takes_turns(&self) -> bool {
        self.at_once && self.next().is_some()
    }

    /// How long to wait for commands before the next slice, while nothing is painted; `None` if nothing is
    /// pending.
    pub fn wait(&self, now: Instant) -> Option<Duration> {
        self.next()?;
        let since = now.saturating_duration_since(self.quiet_since);
        Some(if self.at_once { Duration::ZERO } else { QUIET.saturating_sub(since) })
    }
}
