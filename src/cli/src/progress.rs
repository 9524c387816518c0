//! The progress of a render: a bar on a terminal, an occasional line elsewhere, nothing with `--quiet`.

use std::{
    io::{self, IsTerminal},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};

use impasto_base::text;
use impasto_core::{
    settings::Settings,
    transfer::{Losses, Schedule},
};

/// Time between two lines if there is no terminal, so that a log file stays short.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Prints lines to standard error, above the bar if there is one. Cheap to clone, and usable from any thread.
#[derive(Clone)]
pub(super) struct Printer {
    bar: Option<ProgressBar>,
    quiet: bool,
}

impl Printer {
    /// A printer for use without a bar.
    pub fn new(quiet: bool) -> Self {
        Self { bar: None, quiet }
    }

    /// Print a line unless `--quiet` is given.
    pub fn info(&self, text: &str) {
        if !self.quiet {
            self.warn(text);
        }
    }

    /// Print a line always.
    pub fn warn(&self, text: &str) {
        // Lines name files, and may contain untrusted text.
        let text = text::escaped(text);
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{text}")),
            None => eprintln!("{text}"),
        }
    }
}

/// The progress display of a render.
pub(super) struct Progress {
    printer: Printer,
    total: u32,
    /// How a step's cost varies.
    schedule: Schedule,
    /// The first step reported: speed is measured from there, since a run's first step is slower than the
    /// others.
    first: Option<(u32, Instant)>,
    last_line: Instant,
}

impl Progress {
    /// A display for this many steps.
    pub fn new(total: u32, schedule: Schedule, quiet: bool) -> Self {
        let bar = (!quiet && io::stderr().is_terminal()).then(|| {
            let style = ProgressStyle::with_template("{bar:24.cyan/blue} {pos}/{len} {wide_msg}");
            ProgressBar::new(total.into()).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Self { printer: Printer { bar, quiet }, total, schedule, first: None, last_line: Instant::now() }
    }

    /// A printer for lines beside the progress.
    pub fn printer(&self) -> Printer {
        self.printer.clone()
    }

    /// Show what happens before the first step.
    pub fn preparing(&self, what: &str) {
        match &self.printer.bar {
            Some(bar) => bar.set_message(what.to_owned()),
            None => self.printer.info(what),
        }
    }

    /// Show a finished step.
    pub fn step(&mut self, step: u32, losses: &Losses, settings: &Settings) {
        if self.printer.quiet {
            return;
        }
        let now = Instant::now();
        let left = |step| self.schedule.work_left(0, step).last().copied().unwrap_or(0.0);
        let rate = match self.first {
            None => {
                self.first = Some((step, now));
                None
            }
            Some((first, at)) if step > first => {
                let seconds = now.duration_since(at).as_secs_f64().max(1e-9);
                let seconds_left = left(step) * seconds / (left(first) - left(step)).max(1e-9);
                Some((f64::from(step - first) / seconds, seconds_left))
            }
            Some(_) => None,
        };
        let text = format!("{}{}", speed(rate), terms(losses, settings));
        match &self.printer.bar {
            Some(bar) => {
                bar.set_message(text);
                bar.set_position(step.into());
            }
            None if now.duration_since(self.last_line) >= LINE_EVERY => {
                self.last_line = now;
                eprintln!("step {step}/{}: {text}", self.total);
            }
            None => {}
        }
    }

    /// Remove the bar.
    pub fn finish(&self) {
        if let Some(bar) = &self.printer.bar {
            bar.finish_and_clear();
        }
    }
}

/// Step per second so far, and the seconds that are left.
fn speed(rate: Option<(f64, f64)>) -> String {
    match rate {
        Some((rate, left)) => format!("{rate:.2} steps/s, {} left, ", duration(left)),
        None => String::new(),
    }
}

fn terms(losses: &Losses, settings: &Settings) -> String {
    let settings = settings.effective();
    let style: f64 = losses
        .style
        .iter()
        .map(|(&layer, value)| settings.style_layers.get(layer).unwrap_or(0.0) * value)
        .sum();
    format!("content {:.3e}, style {style:.3e}, total {:.3e}", losses.content, losses.total)
}

/// Format a duration: "9 s", "2 min 05 s", "3 h 20 min".
pub(super) fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_speed_rest_and_terms() {
        let mut settings = Settings::default();
        settings.style_layers.set("relu1_1".parse().unwrap(), 0.5);
        let mut losses = Losses { content: 2.0, ..Losses::default() };
        losses.style.insert("relu1_1".parse().unwrap(), 4.0);
        losses.weigh(&settings);
        assert_eq!(
            speed(Some((2.0, 125.0))) + &terms(&losses, &settings),
            "2.00 steps/s, 2 min 05 s left, content 2.000e0, style 2.000e0, total 4.000e0"
        );
        assert_eq!(speed(None), "");
    }

    #[test]
    fn durations_are_short() {
        assert_eq!([9.4, 125.0, 12_000.0].map(duration), ["9 s", "2 min 05 s", "3 h 20 min"]);
    }
}
