//! Whether autosave succeeds, for the status line.

/// Time after which the status line says what autosave waits for, in seconds: most pictures open sooner.
pub(super) const PATIENCE: f64 = 10.0;
/// The same for a disk that does not answer.
const SLOW_DISK: f64 = 30.0;
/// Wait after the first failure in seconds; it doubles with every further one.
const RETRY: f64 = 4.0;
const LONGEST_RETRY: f64 = 120.0;

/// Whether the painting can be written now.
#[derive(Debug, PartialEq, Eq)]
pub enum Readiness {
    Ready,
    /// Something has to happen before.
    Waits(&'static str),
    /// This window has painted nothing: what was brought back is on the disk as it is.
    Nothing,
}

impl Readiness {
    /// A picture that is still being opened is left out. Only without a recipe of its own, which a painting
    /// has as soon as it is painted on, it is waited for: written now, the painting would lose its story.
    pub fn of(settings_are_usable: bool, has_recipe: bool, opening: bool) -> Self {
        match (settings_are_usable, has_recipe, opening) {
            (false, ..) => Self::Waits("A setting cannot be used."),
            (true, true, _) => Self::Ready,
            (true, false, true) => Self::Waits("A picture of this painting is still being opened."),
            (true, false, false) => Self::Nothing,
        }
    }
}

/// What keeps autosave from working. Times are on egui's clock.
#[derive(Default)]
pub struct Health {
    failures: i32,
    failure: Option<String>,
    /// What has to happen before the painting can be written, and since when.
    waits: Option<(f64, &'static str)>,
    writing_since: Option<f64>,
}

impl Health {
    pub fn begin(&mut self, now: f64) {
        self.waits = None;
        self.writing_since = Some(now);
    }

    pub fn succeed(&mut self) {
        *self = Self::default();
    }

    /// Notes a failure; returns the time until the next try.
    pub fn fail(&mut self, reason: String) -> f64 {
        let wait = (RETRY * 2.0_f64.powi(self.failures)).min(LONGEST_RETRY);
        self.failures += 1;
        self.failure = Some(reason);
        self.writing_since = None;
        wait
    }

    pub fn wait_for(&mut self, now: f64, what: &'static str) {
        let since = self.waits.map_or(now, |(since, _)| since);
        self.waits = Some((since, what));
    }

    /// There is nothing new to write.
    pub fn rest(&mut self) {
        self.waits = None;
    }

    /// Why nothing is kept at present, if so.
    pub fn trouble(&self, now: f64) -> Option<String> {
        let writing = self.writing_since.filter(|since| now - since >= SLOW_DISK);
        let waiting = self.waits.filter(|(since, _)| now - since >= PATIENCE);
        match (&self.failure, writing, waiting) {
            (Some(failure), ..) => Some(format!("{failure}. It is tried again.")),
            (None, Some(_), _) => Some("The disk does not answer.".to_owned()),
            (None, None, Some((_, what))) => Some(what.to_owned()),
            (None, None, None) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_told_until_one_write_succeeds_and_tries_get_rarer() {
        let mut health = Health::default();
        assert_eq!(health.trouble(0.0), None);
        let waits: Vec<f64> = (0..7).map(|_| health.fail("full".into())).collect();
        assert_eq!(waits, [4.0, 8.0, 16.0, 32.0, 64.0, 120.0, 120.0]);
        health.begin(1000.0);
        let told = health.trouble(1000.0).unwrap();
        assert!(told.starts_with("full"), "{told}: it is over only with a success");
        health.succeed();
        assert_eq!(health.trouble(1001.0), None);
        assert_eq!(health.fail("full again".into()), 4.0);
    }

    #[test]
    fn a_picture_that_hangs_in_opening_stops_nothing_that_is_painted() {
        assert_eq!(Readiness::of(true, true, true), Readiness::Ready);
        assert_eq!(Readiness::of(true, false, false), Readiness::Nothing);
        assert!(matches!(Readiness::of(true, false, true), Readiness::Waits(_)));
        assert!(matches!(Readiness::of(false, true, false), Readiness::Waits(_)));
    }

    #[test]
    fn what_hangs_is_told_after_a_while() {
        let mut health = Health::default();
        health.wait_for(5.0, "a picture");
        health.wait_for(14.0, "a picture");
        assert_eq!(health.trouble(14.9), None);
        assert_eq!(health.trouble(15.0).as_deref(), Some("a picture"));
        health.begin(16.0);
        assert_eq!(health.trouble(45.9), None);
        assert!(health.trouble(46.0).is_some_and(|text| text.contains("disk")));
        health.succeed();
        health.wait_for(50.0, "a picture");
        health.rest();
        assert_eq!(health.trouble(90.0), None);
    }
}
