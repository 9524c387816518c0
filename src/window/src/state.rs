//! What the window knows of the run: its state, its progress and how its losses went.

use egui_plot::PlotPoint;

use super::picture_slots::HeldPictures;
use impasto_core::{
    settings::{GlobalTerm, Settings},
    transfer::{Inputs, Losses, PyramidProgress},
};
use impasto_engine::session::{Progress, RunId, RunInfo, RunState, Start};
use impasto_formats::project::LossCurve as SavedLosses;
use impasto_network::vgg::Layer;

/// What the worker was last given.
#[derive(Clone)]
pub struct Given {
    pub inputs: Inputs,
    pub settings: Settings,
    /// The regions that were soloed.
    pub solo: Vec<String>,
    /// The slots with those pictures.
    pub pictures: HeldPictures,
}

/// The current run.
#[derive(Default)]
pub struct Run {
    pub id: RunId,
    pub state: RunState,
    /// What was asked for last: to paint, or to wait.
    pub playing: bool,
    /// It continues after its steps until the picture has settled.
    pub endless: bool,
    pub preparing: Option<String>,
    pub info: Option<RunInfo>,
    pub progress: Option<Progress>,
    /// Steps at which the run came to another level of its pyramid.
    pub passed: Vec<u32>,
    pub given: Option<Given>,
    /// How it began.
    pub begun: Start,
    /// The worker chooses the size; see [`impasto_engine::session::Job::choose_size`].
    pub choosing_size: bool,
}

impl Run {
    /// Apply the run's progress.
    pub fn advance(&mut self, progress: Progress) {
        if self.progress.as_ref().is_some_and(|before| before.place.level != progress.place.level) {
            self.passed.push(progress.step);
        }
        self.progress = Some(progress);
    }

    pub fn step(&self) -> u32 {
        self.progress.as_ref().map_or(0, |progress| progress.step)
    }

    /// Where the run is in its pyramid.
    pub fn place(&self) -> PyramidProgress {
        self.progress.as_ref().map_or_else(PyramidProgress::default, |progress| progress.place.clone())
    }

    /// Whether the worker has a run.
    pub fn alive(&self) -> bool {
        matches!(self.state, RunState::Preparing | RunState::Running | RunState::Paused | RunState::Finished)
    }

    /// Whether the objective has stopped falling, as far as is known.
    pub fn converged(&self) -> bool {
        self.progress.as_ref().is_some_and(|progress| progress.converged)
    }

    /// The state in a word.
    pub fn word(&self) -> &'static str {
        match self.state {
            RunState::Finished if self.endless => "Resting",
            RunState::Running | RunState::Finished if self.converged() => "Converged",
            RunState::Idle => "Ready",
            RunState::Preparing => "Preparing",
            RunState::Running => "Painting",
            RunState::Paused => "Paused",
            RunState::Finished => "Finished",
            RunState::Stopped => "Stopped",
            RunState::Failed => "Failed",
        }
    }
}

/// A line of the plot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Series {
    Total,
    Content,
    /// One layer of the content term, which the mixer shows and the plot does not.
    ContentLayer(Layer),
    Style(Layer),
    Global(GlobalTerm),
}

impl Series {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "total" => Series::Total,
            "content" => Series::Content,
            _ => match (name.strip_prefix("content "), name.parse()) {
                (Some(layer), _) => Series::ContentLayer(layer.parse().ok()?),
                (None, Ok(term)) => Series::Global(term),
                (None, Err(_)) => Series::Style(name.parse().ok()?),
            },
        })
    }

    pub fn name(self) -> String {
        match self {
            Series::Total => "total".to_owned(),
            Series::Content => "content".to_owned(),
            Series::ContentLayer(layer) => format!("content {layer}"),
            Series::Style(layer) => layer.to_string(),
            Series::Global(term) => term.to_string(),
        }
    }
}

/// How the losses went, thinned so that a long run costs no more than a short one.
#[derive(Clone, Default)]
pub struct History {
    lines: std::collections::BTreeMap<Series, Curve>,
    /// Steps at which another size began, and the decimal logarithm of its longest side in pixels. Losses of
    /// two sizes are not comparable, so lines are drawn apart.
    sizes: Vec<PlotPoint>,
    /// Readings that were kept.
    kept: u64,
    /// Every how many readings one is kept.
    stride: u64,
    readings: u64,
    last_step: u32,
    /// Steps of a painting that was brought back, on which the present run's follow.
    before: u32,
}

/// The loss of one term.
#[derive(Clone, Default)]
pub struct Curve {
    /// Step and the loss's decimal logarithm.
    points: Vec<PlotPoint>,
    /// `None` if the last reading did not measure it.
    latest: Option<f64>,
    /// The kept reading of its last point, and the steps at which it was measured again after a while.
    kept: u64,
    resumed: Vec<f64>,
}

impl Curve {
    /// The value of the last reading, if that measured it.
    pub fn latest(&self) -> Option<f64> {
        self.latest
    }
}

/// The project's name for the sizes, which are no term.
const SIZES: &str = "size";

/// Points of a line at most.
const MOST: usize = 2000;
/// Most steps that a project's lines may have; more than any painting has, and far from the type's limit.
const MOST_STEPS: u32 = 1_000_000_000;
/// Decimal logarithms of all sides that a picture can have, in pixels.
const SIDES: std::ops::RangeInclusive<f64> = 0.0..=6.0;
/// Decimal logarithms of all floats above zero.
const LOGARITHMS: std::ops::RangeInclusive<f64> = -324.0..=309.0;

impl History {
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// The history until a step, to go on from there.
    pub fn up_to(&self, step: u32) -> Self {
        let until = |points: &[PlotPoint]| -> Vec<PlotPoint> {
            points.iter().filter(|point| point.x <= f64::from(step)).copied().collect()
        };
        let lines = self
            .lines
            .iter()
            .map(|(&series, line)| (series, Curve { points: until(&line.points), ..line.clone() }));
        Self { lines: lines.collect(), sizes: until(&self.sizes), last_step: step, ..*self }
    }

    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The lines as a project keeps them.
    pub fn to_losses(&self) -> Vec<SavedLosses> {
        let saved = |name: String, points: &[PlotPoint]| SavedLosses {
            name,
            points: points.iter().map(|point| [point.x, point.y]).collect(),
        };
        let sizes = (!self.sizes.is_empty()).then(|| saved(SIZES.to_owned(), &self.sizes));
        self.lines.iter().map(|(series, line)| saved(series.name(), &line.points)).chain(sizes).collect()
    }

    /// Show the lines of a project, without points that no run can have.
    pub fn restore(&mut self, losses: &[SavedLosses]) {
        self.clear();
        for SavedLosses { name, points } in losses {
            let possible =
                |[x, y]: &[f64; 2]| (0.0..=f64::from(MOST_STEPS)).contains(x) && LOGARITHMS.contains(y);
            let points: Vec<PlotPoint> = points
                .iter()
                .filter(|point| possible(point))
                .take(MOST)
                .map(|&[x, y]| PlotPoint::new(x, y))
                .collect();
            if name == SIZES {
                self.sizes = points.into_iter().filter(|point| SIDES.contains(&point.y)).collect();
                self.sizes.sort_by(|a, b| a.x.total_cmp(&b.x));
                continue;
            }
            let Some((series, last)) = Series::named(name).zip(points.last()) else { continue };
            let latest = Some(10f64.powf(last.y));
            self.last_step = self.last_step.max(last.x as u32);
            self.lines.insert(series, Curve { points, latest, ..Curve::default() });
        }
    }

    /// The next run's steps follow those that are shown.
    pub fn go_on(&mut self) {
        self.before = self.last_step;
    }

    /// The next run counts on from its step that is the last one shown.
    pub fn go_on_at(&mut self, step: u32) {
        self.before = self.last_step.saturating_sub(step);
    }

    /// Add the losses after a step, measured at a size whose longest side has `side` pixels.
    pub fn add(&mut self, step: u32, side: u32, losses: &Losses) {
        let step = self.before.saturating_add(step);
        // The same step read again, with other weights or at another level, has a value but no point of its
        // own.
        let keep = step > self.last_step && self.readings.is_multiple_of(self.stride.max(1));
        self.readings += u64::from(step > self.last_step);
        self.last_step = step;
        let size = f64::from(side.max(1)).log10();
        if keep {
            self.kept += 1;
            if self.sizes.last().is_none_or(|last| last.y != size) {
                self.sizes.push(PlotPoint::new(f64::from(step), size));
                let extra = self.sizes.len().saturating_sub(MOST);
                self.sizes.drain(..extra);
            }
        }
        self.lines.values_mut().for_each(|line| line.latest = None);
        let style = losses.style.iter().map(|(&layer, &value)| (Series::Style(layer), value));
        let content =
            losses.content_layers.iter().map(|(&layer, &value)| (Series::ContentLayer(layer), value));
        let values = [(Series::Total, losses.total), (Series::Content, losses.content)]
            .into_iter()
            .chain(content)
            .chain(style);
        let mut full = false;
        let others = losses.global.iter().map(|(&term, &value)| (Series::Global(term), value));
        for (series, value) in values.chain(others) {
            // A logarithm has no zero: a term that is switched off has no line.
            if value > 0.0 && value.is_finite() {
                let line = self.lines.entry(series).or_default();
                line.latest = Some(value);
                if keep {
                    if !line.points.is_empty() && line.kept + 1 != self.kept {
                        line.resumed.push(f64::from(step));
                    }
                    line.kept = self.kept;
                    line.points.push(PlotPoint::new(f64::from(step), value.log10()));
                    full |= line.points.len() > MOST;
                }
            }
        }
        if full {
            self.stride = self.stride.max(1) * 2;
            for line in self.lines.values_mut() {
                let mut index = 0;
                line.points.retain(|_| {
                    index += 1;
                    index % 2 == 1
                });
            }
        }
    }

    /// The curve of one series, if it has any.
    pub fn line(&self, series: Series) -> Option<&Curve> {
        self.lines.get(&series)
    }

    /// The plot's curves.
    pub fn lines(&self) -> impl Iterator<Item = (Series, &Curve)> {
        let plotted = self.lines.iter().filter(|(series, _)| !matches!(series, Series::ContentLayer(_)));
        plotted.map(|(&series, line)| (series, line))
    }

    /// Where the painting came to another size: the step, and the longest side in pixels.
    pub fn size_changes(&self) -> impl Iterator<Item = (f64, f64)> {
        self.sizes.iter().skip(1).map(|point| (point.x, 10f64.powf(point.y).round()))
    }

    /// The parts of a curve that are drawn as lines: each is of one size, and was measured without a gap.
    pub fn parts<'a>(&self, curve: &'a Curve) -> Vec<&'a [PlotPoint]> {
        let mut breaks: Vec<f64> =
            self.sizes.iter().map(|size| size.x).chain(curve.resumed.iter().copied()).collect();
        breaks.sort_by(f64::total_cmp);
        let mut rest = curve.points.as_slice();
        let mut parts = Vec::new();
        for at in breaks {
            let (before, after) = rest.split_at(rest.partition_point(|point| point.x < at));
            parts.push(before);
            rest = after;
        }
        parts.push(rest);
        parts.retain(|part| !part.is_empty());
        parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use impasto_core::transfer::GradientNorms;

    #[test]
    fn a_history_comes_back_and_goes_on() {
        let mut losses = Losses { content: 0.5, total: 2.0, ..Losses::default() };
        losses.global.values_mut().for_each(|value| *value = 1e-3);
        losses.style.insert(Layer::PAPER_CONTENT, 0.01);
        let mut history = History::default();
        (1..=9).for_each(|step| history.add(step, 64 + 64 * (step / 5), &losses));
        let mut back = History::default();
        back.restore(&history.to_losses());
        assert_eq!(back.to_losses(), history.to_losses());
        assert_eq!(back.lines().count(), 3 + GlobalTerm::ALL.len());
        back.go_on();
        back.add(1, 64, &losses);
        for (_, curve) in back.lines() {
            assert_eq!((curve.points.len(), curve.points[9].x), (10, 10.0));
            // Each of the three sizes is drawn apart.
            let parts: Vec<usize> = back.parts(curve).iter().map(|part| part.len()).collect();
            assert_eq!(parts, [4, 5, 1]);
        }
        assert_eq!(back.size_changes().collect::<Vec<_>>(), [(5.0, 128.0), (10.0, 64.0)]);
        let before = back.up_to(4);
        assert_eq!(before.size_changes().count(), 0);
        assert!(before.lines().all(|(_, curve)| curve.points.len() == 4));
    }

    #[test]
    fn points_that_no_run_has_are_left_out() {
        let line = |points: &[[f64; 2]]| SavedLosses { name: "total".into(), points: points.to_vec() };
        let hostile =
            [[1.0, 1e300], [2.0, -1e300], [1e300, 0.0], [-5.0, 0.0], [f64::NAN, 0.0], [4.0, f64::INFINITY]];
        let mut history = History::default();
        history.restore(&[line(&hostile)]);
        assert!(history.is_empty());
        history.restore(&[line(&[&hostile[..], &[[7.0, -1.0]]].concat())]);
        let (_, curve) = history.lines().next().unwrap();
        assert_eq!((curve.points.len(), curve.points[0].x, curve.latest()), (1, 7.0, Some(0.1)));
        let sizes = SavedLosses { name: SIZES.into(), points: vec![[9.0, 2.0], [3.0, 1.0], [5.0, 309.0]] };
        history.restore(&[line(&vec![[1.0, 0.0]; 100_000]), sizes]);
        assert_eq!(history.lines().next().unwrap().1.points.len(), MOST);
        assert_eq!(history.parts(history.line(Series::Total).unwrap()).len(), 1);
        assert_eq!(history.size_changes().collect::<Vec<_>>(), [(9.0, 100.0)]);
        history.go_on();
        history.add(u32::MAX, u32::MAX, &Losses { total: 1.0, ..Losses::default() });
    }

    #[test]
    fn history_keeps_its_ends_and_its_size() {
        let mut history = History::default();
        let mut losses = Losses { content: 0.5, total: 2.0, ..Losses::default() };
        losses.style.insert(Layer::PAPER_CONTENT, 0.01);
        losses.content_layers.insert(Layer::PAPER_CONTENT, 0.5);
        for step in 1..=50_000 {
            // A size for every thousand steps: more than can be distinguished in the end.
            history.add(step, step / 1000, &losses);
        }
        assert_eq!(history.lines().count(), 3, "the other terms are 0 and have no line");
        for (_, curve) in history.lines() {
            assert!(history.parts(curve).concat() == curve.points, "the parts are the whole");
            assert_eq!(history.parts(curve).len(), 49);
            let points = &curve.points;
            assert!((MOST / 2 - 1..=MOST).contains(&points.len()), "{}", points.len());
            assert_eq!(points[0].x, 1.0);
            assert!(points.last().unwrap().x > 49_900.0);
            assert!(points.windows(2).all(|pair| pair[0].x < pair[1].x));
        }
        assert!(history.line(Series::ContentLayer(Layer::PAPER_CONTENT)).is_some());
        let (_, curve) = history.lines().next().unwrap();
        assert_eq!((curve.latest(), curve.points[0].y), (Some(2.0), 2f64.log10()));
    }

    #[test]
    fn a_term_that_is_not_measured_has_no_value_and_a_gap() {
        let mut history = History::default();
        let layer = Layer::PAPER_CONTENT;
        let mut losses = Losses { total: 2.0, ..Losses::default() };
        losses.style.insert(layer, 0.01);
        let silent = Losses { total: 1.0, ..Losses::default() };
        let style = |history: &History| history.line(Series::Style(layer)).unwrap().clone();
        (1..=3).for_each(|step| history.add(step, 64, &losses));
        assert_eq!(style(&history).latest(), Some(0.01));
        (4..=6).for_each(|step| history.add(step, 64, &silent));
        assert_eq!(style(&history).latest(), None);
        assert_eq!(history.parts(&style(&history)).len(), 1, "it ends where it was measured last");
        (7..=8).for_each(|step| history.add(step, 64, &losses));
        let (curve, total) = (style(&history), history.line(Series::Total).unwrap());
        assert_eq!(curve.latest(), Some(0.01));
        let parts: Vec<usize> = history.parts(&curve).iter().map(|part| part.len()).collect();
        assert_eq!(parts, [3, 2]);
        assert_eq!(history.parts(total).len(), 1);
    }

    #[test]
    fn where_levels_ended_is_remembered() {
        let mut run = Run::default();
        for (level, step) in [(0, 10), (0, 40), (1, 45), (1, 90), (2, 95), (1, 100)] {
            run.advance(Progress {
                step,
                place: PyramidProgress { level, ..PyramidProgress::default() },
                losses: None,
                converged: false,
                norms: GradientNorms::default(),
                seconds_per_step: 0.1,
                elapsed: 1.0,
            });
        }
        assert_eq!(run.passed, [45, 95, 100], "also where a person went back");
    }
}
