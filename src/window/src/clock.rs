//! A clock that goes on while the window is covered: frames that are not drawn leave egui's standing still.

use std::time::Instant;

/// Seconds, as of the last [`Clock::tick`].
#[derive(Debug, Default)]
pub struct Clock {
    pub now: f64,
    /// What egui's clock said last, and when it was asked.
    last: Option<(f64, Instant)>,
}

impl Clock {
    /// Advance as egui's clock did or, if that stands still, by the time that has passed.
    pub fn tick(&mut self, time: f64) {
        let asked = Instant::now();
        if let Some((before, when)) = self.last {
            self.now += if time > before { time - before } else { (asked - when).as_secs_f64() };
        }
        self.last = Some((time, asked));
    }
}

#[cfg(test)]
mod tests {
    use std::{thread, time::Duration};

    use super::*;

    #[test]
    fn it_follows_eguis_clock_and_goes_on_where_that_stands_still() {
        let mut clock = Clock::default();
        for time in [5.0, 6.0, 7.5] {
            clock.tick(time);
        }
        assert!((clock.now - 2.5).abs() < 1e-9, "{}", clock.now);
        thread::sleep(Duration::from_millis(30));
        clock.tick(7.5);
        assert!(clock.now > 2.525, "{}", clock.now);
    }
}
