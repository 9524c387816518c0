//! How the window feels, in numbers: what a frame costs, how far frames are apart while something is
//! dragged, and how soon a changed setting is seen in the picture.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use egui::{Align2, Area, Context, Frame, Grid, Id, Order, RichText, Sense, Stroke, Ui, vec2};

use super::{
    ImpastoApp,
    theme::{Palette, space},
    widgets,
};

/// Frames that are remembered.
const KEPT: usize = 4096;
/// Frames of the little curve.
const CURVE: usize = 160;

/// The last values of something in milliseconds, and the worst of all.
#[derive(Default)]
pub struct Times {
    last: VecDeque<f32>,
    count: u64,
    max: f32,
}

impl Times {
    pub fn add(&mut self, milliseconds: f32) {
        if self.last.len() == KEPT {
            self.last.pop_front();
        }
        self.last.push_back(milliseconds);
        self.count += 1;
        self.max = self.max.max(milliseconds);
    }

    /// The value below which this share of the remembered ones lies; `None` while there are none.
    pub fn quantile(&self, share: f64) -> Option<f32> {
        let mut sorted: Vec<f32> = self.last.iter().copied().collect();
        sorted.sort_by(f32::total_cmp);
        let index = ((sorted.len() as f64 * share).ceil() as usize).clamp(1, sorted.len().max(1)) - 1;
        sorted.get(index).copied()
    }

    /// Median, 99th percentile and maximum of all, as text.
    fn text(&self) -> String {
        match (self.quantile(0.5), self.quantile(0.99)) {
            (Some(median), Some(high)) => {
                format!("p50 {median:.1}, p99 {high:.1}, max {:.1} ({})", self.max, self.count)
            }
            _ => "none".to_owned(),
        }
    }
}

/// A changed setting on its way into the picture.
struct Sent {
    update: u64,
    at: Instant,
    step: u32,
}

/// Everything that is measured.
pub struct Frames {
    /// When the program started.
    started: Instant,
    /// From the program's start to the end of the first frame.
    first: Option<Duration>,
    begun: Option<Instant>,
    dragged: bool,
    /// Time that the window's own code takes for a frame.
    pub ui: Times,
    /// The whole frame on this thread: layout, tessellation, upload, submission.
    pub whole: Times,
    /// Time between frames while the pointer holds something.
    pub gaps: Times,
    /// From a changed setting to the first picture that was computed with it.
    pub changes: Times,
    change_steps: u32,
    waiting: VecDeque<Sent>,
    /// Something changed has not been seen yet.
    awaited: Arc<AtomicBool>,
    pub shown: bool,
}

impl Frames {
    pub fn new(started: Instant) -> Self {
        Self {
            started,
            first: None,
            begun: None,
            dragged: false,
            ui: Times::default(),
            whole: Times::default(),
            gaps: Times::default(),
            changes: Times::default(),
            change_steps: 0,
            waiting: VecDeque::new(),
            awaited: Arc::default(),
            shown: false,
        }
    }

    /// A frame begins. `last` is what the one before took in all, in seconds.
    pub fn begin(&mut self, last: Option<f32>, dragging: bool) {
        let now = Instant::now();
        if let Some(begun) = self.begun
            && self.dragged
            && dragging
        {
            self.gaps.add(now.duration_since(begun).as_secs_f32() * 1000.0);
        }
        if let Some(seconds) = last {
            self.whole.add(seconds * 1000.0);
        }
        self.dragged = dragging;
        self.begun = Some(now);
    }

    /// The window's own part of the frame is done.
    pub fn end(&mut self) {
        if let Some(begun) = self.begun {
            self.ui.add(begun.elapsed().as_secs_f32() * 1000.0);
        }
        self.first.get_or_insert_with(|| self.started.elapsed());
    }

    /// Changed settings were handed over as this update, when the picture was of this step.
    pub fn sent(&mut self, update: u64, step: u32) {
        // Of a drag, each change counts; of one that never arrives, none.
        if self.waiting.len() > 256 {
            self.waiting.pop_front();
        }
        self.waiting.push_back(Sent { update, at: Instant::now(), step });
        self.awaited.store(true, Ordering::Relaxed);
    }

    /// A picture has come that was computed with the changes up to this update.
    pub fn arrived(&mut self, update: u64, step: u32) {
        let mut first = None;
        while let Some(sent) = self.waiting.pop_front_if(|sent| sent.update <= update) {
            first.get_or_insert(sent);
        }
        // Those that came later were taken over at the same moment: the first has waited longest.
        if let Some(sent) = first {
            self.changes.add(sent.at.elapsed().as_secs_f32() * 1000.0);
            self.change_steps = step.saturating_sub(sent.step);
        }
        self.awaited.store(!self.waiting.is_empty(), Ordering::Relaxed);
    }

    /// True while a changed setting has not come back in a picture; for the worker's thread.
    pub fn awaited(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.awaited)
    }

    /// A new run has nothing to do with what was sent before.
    pub fn forget_changes(&mut self) {
        self.waiting.clear();
        self.awaited.store(false, Ordering::Relaxed);
    }

    fn lines(&self, step: Option<f64>) -> Vec<(&'static str, String)> {
        let first = self.first.map_or(0.0, |first| first.as_secs_f64() * 1000.0);
        let last = match self.changes.count {
            0 => "none".to_owned(),
            _ => format!("the last after {} steps", self.change_steps),
        };
        vec![
            ("First frame", format!("{first:.0} after the start")),
            ("Frame, window", self.ui.text()),
            ("Frame, whole", self.whole.text()),
            ("Between, dragging", self.gaps.text()),
            ("Step", step.map_or_else(|| "none".to_owned(), |seconds| format!("{:.1}", seconds * 1000.0))),
            ("Change to picture", self.changes.text()),
            ("Change, in steps", last),
        ]
    }
}

impl ImpastoApp {
    /// The numbers as a table of text, in milliseconds.
    pub(super) fn frame_summary(&self) -> String {
        let lines = self.panels.frames.lines(self.step_seconds());
        lines.iter().map(|(what, text)| format!("{what:<18} {text}\n")).collect()
    }

    fn step_seconds(&self) -> Option<f64> {
        self.run.progress.as_ref().map(|progress| progress.seconds_per_step).filter(|seconds| *seconds > 0.0)
    }

    /// The panel over the picture, while it is shown.
    pub(super) fn frames_panel(&self, ctx: &Context) {
        // Over the curves, if there are some, and not over the painting.
        let area = self.view.bottom_area.or(self.view.canvas.area);
        let Some(area) = area.filter(|_| self.panels.frames.shown) else { return };
        let palette = Palette::for_theme(ctx.theme());
        Area::new(Id::unique("frame times"))
            .order(Order::Foreground)
            .pivot(Align2::RIGHT_BOTTOM)
            .fixed_pos(area.right_bottom() - vec2(space::M, space::M))
            .interactable(false)
            .show(ctx, |ui| {
                Frame::new()
                    .fill(palette.bar.gamma_multiply(0.92))
                    .stroke(Stroke::new(1.0, palette.line))
                    .corner_radius(6)
                    .inner_margin(space::S)
                    .show(ui, |ui| {
                        ui.label(RichText::new("Milliseconds").size(11.5).color(palette.weak));
                        Grid::new("frame times").num_columns(2).spacing([space::M, 0.0]).show(ui, |ui| {
                            for (what, text) in self.panels.frames.lines(self.step_seconds()) {
                                ui.label(widgets::weak(ui, what));
                                ui.label(RichText::new(text).monospace().size(10.5));
                                ui.end_row();
                            }
                        });
                        self.curve(ui);
                    });
            });
    }

    /// The last frames as columns of a point; the line is at 33 ms.
    fn curve(&self, ui: &mut Ui) {
        const TOP: f32 = 50.0;
        let palette = Palette::of(ui);
        let (rect, _) = ui.allocate_exact_size(vec2(CURVE as f32, 24.0), Sense::hover());
        let painter = ui.painter();
        painter.rect_filled(rect, 2.0, palette.well);
        let times = &self.panels.frames.whole.last;
        let times = if times.is_empty() { &self.panels.frames.ui.last } else { times };
        let y = |milliseconds: f32| rect.max.y - rect.height() * (milliseconds / TOP).min(1.0);
        painter.hline(rect.x_range(), y(33.3), Stroke::new(1.0, palette.line));
        for (index, &time) in times.iter().rev().take(CURVE).enumerate() {
            let x = rect.max.x - index as f32 - 0.5;
            let color = if time > 33.3 { palette.bad } else { palette.weak };
            painter.vline(x, y(time)..=rect.max.y, Stroke::new(1.0, color));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_what_is_remembered() {
        let mut times = Times::default();
        assert_eq!((times.quantile(0.5), times.text().as_str()), (None, "none"));
        for value in 1..=100 {
            times.add(value as f32);
        }
        assert_eq!(
            (times.quantile(0.5), times.quantile(0.99), times.quantile(1.0)),
            (Some(50.0), Some(99.0), Some(100.0))
        );
        times.add(1000.0);
        for _ in 0..KEPT {
            times.add(1.0);
        }
        assert_eq!((times.quantile(0.99), times.max, times.last.len()), (Some(1.0), 1000.0, KEPT));
    }

    #[test]
    fn a_change_is_timed_to_the_picture_that_has_it() {
        let mut frames = Frames::new(Instant::now());
        frames.sent(1, 10);
        frames.sent(2, 10);
        frames.sent(3, 11);
        frames.arrived(0, 11);
        assert_eq!(frames.changes.count, 0, "a picture without the change");
        frames.arrived(2, 12);
        assert_eq!((frames.changes.count, frames.change_steps, frames.waiting.len()), (1, 2, 1));
        let awaited = frames.awaited();
        assert!(awaited.load(Ordering::Relaxed));
        frames.forget_changes();
        assert!(!awaited.load(Ordering::Relaxed));
        frames.arrived(3, 13);
        assert_eq!(frames.changes.count, 1);
    }

    #[test]
    fn frames_are_only_apart_while_something_is_dragged() {
        let mut frames = Frames::new(Instant::now());
        for dragging in [false, false, true, true, true, false] {
            frames.begin(Some(0.004), dragging);
            frames.end();
        }
        assert_eq!((frames.gaps.count, frames.ui.count, frames.whole.count), (2, 6, 6));
        assert!(frames.first.is_some());
    }
}
