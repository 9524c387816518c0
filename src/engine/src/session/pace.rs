//! When to read a preview back: often enough to feel live, never more often than pictures are displayed.

use std::time::{Duration, Instant};

/// Minimum time between two previews if the interval is automatic.
const MIN_INTERVAL: Duration = Duration::from_millis(60);
/// Maximum work that may wait in a device's queue.
const MAX_QUEUED: Duration = Duration::from_millis(120);
/// After this long, read a picture even if the last one wasn't taken, so that losses still reach a hidden
/// window.
const HIDDEN_INTERVAL: Duration = Duration::from_secs(1);

/// Decides after each step whether to read the picture back, and measures the time per step.
#[derive(Debug)]
pub struct Pace {
    last_read: Instant,
    steps_since: u32,
    queued_steps: u32,
    seconds_per_step: f64,
}

impl Pace {
    /// Start counting at `now`.
    pub fn new(now: Instant) -> Self {
        Self { last_read: now, steps_since: 0, queued_steps: 0, seconds_per_step: 0.0 }
    }

    /// Count a step; true if its picture should be read. `every` is the user's interval in steps, 0 for
    /// automatic; `taken`: whether the window has taken the previous picture.
    pub fn after_step(&mut self, now: Instant, every: u32, taken: bool) -> bool {
        self.steps_since += 1;
        self.queued_steps += 1;
        let waited = now.duration_since(self.last_read);
        let due = match every {
            // A GPU only queues the steps here, so count the time that they will take as well.
            0 => waited.max(self.expected(self.steps_since)) >= MIN_INTERVAL || self.seconds_per_step == 0.0,
            steps => self.steps_since >= steps || self.seconds_per_step == 0.0,
        };
        due && (taken || waited >= HIDDEN_INTERVAL)
    }

    fn expected(&self, steps: u32) -> Duration {
        Duration::from_secs_f64(self.seconds_per_step * f64::from(steps))
    }

    /// Whether so much work is queued on the device that a pause would be late.
    pub fn is_backlogged(&self) -> bool {
        self.expected(self.queued_steps) >= MAX_QUEUED
    }

    /// Record a wait for the device.
    pub fn settled(&mut self) {
        self.queued_steps = 0;
    }

    /// Record a wait for the device and a picture's read-back. Time per step is the mean since the last
    /// reading, smoothed over a few.
    pub fn read(&mut self, now: Instant) {
        if self.steps_since > 0 {
            let mean = now.duration_since(self.last_read).as_secs_f64() / f64::from(self.steps_since);
            self.seconds_per_step = match self.seconds_per_step {
                0.0 => mean,
                before => 0.7 * before + 0.3 * mean,
            };
        }
        self.resume(now);
    }

    /// Continue after a pause, which is not counted.
    pub fn resume(&mut self, now: Instant) {
        self.last_read = now;
        self.steps_since = 0;
        self.queued_steps = 0;
    }

    /// Recent seconds per step; 0 before the first reading.
    pub fn seconds_per_step(&self) -> f64 {
        self.seconds_per_step
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn automatic_reads_the_first_step_and_then_every_sixty_milliseconds() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut pace = Pace::new(start);
        assert!(pace.after_step(at(10), 0, true));
        pace.read(at(10));
        assert!((pace.seconds_per_step() - 0.010).abs() < 1e-9);
        assert!(!pace.after_step(at(11), 0, true));
        assert!(pace.after_step(at(75), 0, true));
    }

    #[test]
    fn queued_steps_count_with_their_expected_time() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        pace.after_step(start, 0, true);
        pace.read(start + Duration::from_millis(50));
        let soon = start + Duration::from_millis(51);
        assert!(!pace.after_step(soon, 1000, true) && !pace.is_backlogged());
        // Two steps of 50 ms are worth a preview, and three would make a pause late.
        assert!(pace.after_step(soon, 0, true));
        pace.after_step(soon, 1000, true);
        assert!(pace.is_backlogged());
        pace.settled();
        assert!(!pace.is_backlogged());
    }

    #[test]
    fn the_users_interval_counts_steps() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        // The first step is always read.
        assert!(pace.after_step(start, 3, true));
        pace.read(start + Duration::from_millis(5));
        let due: Vec<bool> = (0..3).map(|_| pace.after_step(start, 3, true)).collect();
        assert_eq!(due, [false, false, true]);
    }

    #[test]
    fn a_window_that_takes_no_pictures_gets_one_a_second() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        assert!(!pace.after_step(start + Duration::from_millis(900), 1, false));
        assert!(pace.after_step(start + Duration::from_millis(1100), 1, false));
    }
}
