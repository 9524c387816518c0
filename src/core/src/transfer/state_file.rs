//! A run's state in safetensors format, to resume a run exactly, readable from Python.
//!
//! Pictures and settings are not included: a state belongs to its run with the settings at that step. Images
//! are `F32` tensors `[3, H, W]`; other numbers that must be exact are `F32`, `F64` and `U32` tensors of one
//! dimension; counts, names and switches are JSON in the metadata entry `impasto`.
//!
//! The bytes may come from an untrusted file. safetensors checks that the tensors are contiguous and fill the
//! file; unexpected tensors or types make the whole state invalid.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
};

use safetensors::{Dtype, SafeTensors, View};
use serde::{Deserialize, Serialize};

use super::{
    Term, TransferError,
    checkpoint::{AdamState, Aims, Cycle, LbfgsState, LowestState, OptimizerState, State},
    line_search::WolfeSearch,
    lowest::WINDOW,
    planes::Planes,
    schedule::Level,
};
use crate::settings::{MAX_HISTORY, Optimizer};
use impasto_network::vgg::Layer;

/// Version of the format; other versions are not read.
const VERSION: u32 = 4;
/// Key of the metadata.
const ENTRY: &str = "impasto";
/// Maximum terms of an objective, levels of a pyramid and details.
const MAX: usize = 64;

/// Position of a run in its pyramid.
#[derive(Clone, Debug, PartialEq)]
pub struct RunProgress {
    /// Steps painted.
    pub step: u32,
    /// Step at which the level was entered.
    pub entered: u32,
    /// Index into `levels`.
    pub level: usize,
    /// Whether the level is held.
    pub held: bool,
    /// Work done so far.
    pub done: f64,
    /// Number of times that the learning rate was halved by rollbacks.
    pub halvings: u32,
    pub levels: Vec<Level>,
}

/// A complete run.
#[derive(Debug)]
pub struct SavedRun {
    pub progress: RunProgress,
    /// Detail that smaller levels cannot hold, with its size.
    pub details: Vec<(u32, Planes)>,
    /// Frozen pixels of the final picture as shown and as painted.
    pub frozen: Option<[Planes; 2]>,
    pub state: State,
}

/// Metadata of a state.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    version: u32,
    step: u32,
    entered: u32,
    level: usize,
    held: bool,
    #[serde(default, skip_serializing_if = "none")]
    halvings: u32,
    /// Size and last step of each level.
    levels: Vec<[u32; 2]>,
    /// Sizes of the kept details.
    details: Vec<u32>,
    optimizer: Optimizer,
    /// Pairs in the history of L-BFGS.
    pairs: usize,
    reweighted: bool,
    /// Steps in the average of the iterates.
    average_steps: u32,
    /// As `style/relu3_1`, in the order of the tensor `terms`.
    terms: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    aims: Option<AimsHeader>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cycle: Option<CycleHeader>,
}

/// Where a term is among its bases; its picture is a tensor.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CycleHeader {
    turn: u32,
    age: u32,
}

/// Which aims a state has.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AimsHeader {
    age: u32,
    /// Layers and parts of the picture.
    parts: Vec<(Layer, usize)>,
}

/// Name of the tensor of the picture whose features were sorted.
const SORTED: &str = "cycle.picture";

/// Name of the tensor of the aims at a layer in a part.
fn aims_name((layer, part): (Layer, usize)) -> String {
    format!("aims.{layer}.{part}")
}

fn none(halvings: &u32) -> bool {
    *halvings == 0
}

/// A tensor to write.
struct Part<'a> {
    shape: Vec<usize>,
    values: TensorValues<'a>,
}

enum TensorValues<'a> {
    F32(Cow<'a, [f32]>),
    F64(Vec<f64>),
    U32(&'a [u32]),
}

impl View for Part<'_> {
    fn dtype(&self) -> Dtype {
        match self.values {
            TensorValues::F32(_) => Dtype::F32,
            TensorValues::F64(_) => Dtype::F64,
            TensorValues::U32(_) => Dtype::U32,
        }
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        match &self.values {
            TensorValues::F32(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            TensorValues::F64(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            TensorValues::U32(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        }
    }

    fn data_len(&self) -> usize {
        match &self.values {
            TensorValues::F32(values) => values.len() * 4,
            TensorValues::F64(values) => values.len() * 8,
            TensorValues::U32(values) => values.len() * 4,
        }
    }
}

/// Collects tensors by name.
#[derive(Default)]
struct Writer<'a>(Vec<(String, Part<'a>)>);

impl<'a> Writer<'a> {
    fn planes(&mut self, name: impl Into<String>, planes: &'a Planes) {
        let shape = vec![3, planes.height as usize, planes.width as usize];
        self.0.push((name.into(), Part { shape, values: TensorValues::F32(Cow::Borrowed(&planes.values)) }));
    }

    fn f32s(&mut self, name: &str, values: impl IntoIterator<Item = f32>) {
        let values: Vec<f32> = values.into_iter().collect();
        self.0.push((
            name.to_owned(),
            Part { shape: vec![values.len()], values: TensorValues::F32(Cow::Owned(values)) },
        ));
    }

    fn f64s(&mut self, name: &str, values: &[f64]) {
        self.0.push((
            name.to_owned(),
            Part { shape: vec![values.len()], values: TensorValues::F64(values.to_vec()) },
        ));
    }

    fn lbfgs(&mut self, lbfgs: &'a LbfgsState) {
        for (at, (step, change, _)) in lbfgs.pairs.iter().enumerate() {
            self.planes(format!("lbfgs.pair.{at}.step"), step);
            self.planes(format!("lbfgs.pair.{at}.change"), change);
        }
        self.f32s("lbfgs.rho", lbfgs.pairs.iter().map(|(.., rho)| *rho));
        if let Some(scale) = lbfgs.scale {
            self.f32s("lbfgs.scale", [scale]);
        }
        if let Some((x, gradient, value)) = &lbfgs.base {
            self.planes("lbfgs.base", x);
            self.planes("lbfgs.base.gradient", gradient);
            self.f64s("lbfgs.base.value", &[*value]);
        }
        if let Some((direction, trial, line)) = &lbfgs.search {
            self.planes("lbfgs.direction", direction);
            self.f64s("lbfgs.trial", &[*trial]);
            if let Some(line) = line {
                self.f64s("lbfgs.line_search", &line.to_numbers());
            }
        }
        self.f64s("lbfgs.caution", &[lbfgs.caution]);
    }

    fn state(&mut self, state: &'a State) {
        self.planes("variable", &state.variable);
        match &state.optimizer {
            OptimizerState::Adam(None) => {}
            OptimizerState::Adam(Some(adam)) => {
                self.planes("adam.mean", &adam.mean);
                self.planes("adam.square", &adam.square);
                self.f64s("adam.decays", &adam.decays);
            }
            OptimizerState::Lbfgs(lbfgs) => self.lbfgs(lbfgs),
        }
        if let Some((sum, weight, _)) = &state.average {
            self.planes("average.sum", sum);
            self.f64s("average.weight", &[*weight]);
        }
        if let Some(norm) = state.gradient_norm {
            self.f32s("gradient_norm", [norm]);
        }
        self.f32s("lowest.past", state.lowest.past.iter().copied());
        if let Some((total, best)) = &state.lowest.kept {
            self.planes("lowest.best", best);
            self.f32s("lowest.best.total", [*total]);
        }
        if let Some(picture) = state.cycle.as_ref().and_then(|cycle| cycle.picture.as_ref()) {
            self.planes(SORTED, picture);
        }
        self.f32s("terms", state.terms.iter().map(|&(_, value)| value));
        for (&at, samples) in state.aims.iter().flat_map(|aims| &aims.parts) {
            let (shape, values) = (vec![samples.len()], TensorValues::U32(samples));
            self.0.push((aims_name(at), Part { shape, values }));
        }
    }
}

/// Names of the tensors of frozen pixels.
const FROZEN: [&str; 2] = ["frozen.shown", "frozen.plain"];

/// Serialize a run: its position, the details that smaller levels cannot hold (by size), frozen pixels, and
/// the state of its level.
pub fn to_bytes(
    progress: &RunProgress,
    details: &[(u32, Planes)],
    frozen: Option<&[Planes; 2]>,
    state: &State,
) -> Vec<u8> {
    let (optimizer, pairs) = match &state.optimizer {
        OptimizerState::Adam(_) => (Optimizer::Adam, 0),
        OptimizerState::Lbfgs(lbfgs) => (Optimizer::Lbfgs, lbfgs.pairs.len()),
    };
    let header = Header {
        version: VERSION,
        step: progress.step,
        entered: progress.entered,
        level: progress.level,
        held: progress.held,
        halvings: progress.halvings,
        levels: progress.levels.iter().map(|level| [level.size, level.until]).collect(),
        details: details.iter().map(|(size, _)| *size).collect(),
        optimizer,
        pairs,
        reweighted: state.reweighted,
        average_steps: state.average.as_ref().map_or(0, |(.., steps)| *steps),
        terms: state.terms.iter().map(|(term, _)| term.to_string()).collect(),
        aims: state
            .aims
            .as_ref()
            .map(|aims| AimsHeader { age: aims.age, parts: aims.parts.keys().copied().collect() }),
        cycle: state.cycle.as_ref().map(|&Cycle { turn, age, .. }| CycleHeader { turn, age }),
    };
    let header = serde_json::to_string(&header).expect("numbers and texts");
    let mut writer = Writer::default();
    writer.f64s("done", &[progress.done]);
    for (size, planes) in details {
        writer.planes(format!("detail.{size}"), planes);
    }
    if let Some(frozen) = frozen {
        FROZEN.into_iter().zip(frozen).for_each(|(name, planes)| writer.planes(name, planes));
    }
    writer.state(state);
    let metadata = HashMap::from([(ENTRY.to_owned(), header)]);
    safetensors::serialize(writer.0, Some(metadata)).expect("few tensors, each of its shape")
}

/// Deserialize the output of [`to_bytes`].
///
/// # Errors
///
/// If the bytes are not a complete state of this version.
pub fn from_bytes(bytes: &[u8]) -> Result<SavedRun, TransferError> {
    read(bytes).ok_or(TransferError::Checkpoint)
}

fn read(bytes: &[u8]) -> Option<SavedRun> {
    let (_, metadata) = SafeTensors::read_metadata(bytes).ok()?;
    let header: Header = serde_json::from_str(metadata.metadata().as_ref()?.get(ENTRY)?).ok()?;
    let mut reader = Reader { tensors: SafeTensors::deserialize(bytes).ok()?, asked: 0 };
    let few = header.levels.len() <= MAX && header.details.len() <= MAX && header.terms.len() <= MAX;
    if header.version != VERSION || !few || header.pairs > MAX_HISTORY as usize {
        return None;
    }
    let [done] = reader.numbers("done")?;
    let details = header.details.iter().map(|&size| Some((size, reader.planes(&format!("detail.{size}"))?)));
    let details = details.collect::<Option<Vec<_>>>()?;
    let frozen = match reader.has(FROZEN[0]) {
        true => Some([reader.planes(FROZEN[0])?, reader.planes(FROZEN[1])?]),
        false => None,
    };
    let state = reader.state(&header)?;
    let progress = RunProgress {
        step: header.step,
        entered: header.entered,
        level: header.level,
        held: header.held,
        done,
        halvings: header.halvings,
        levels: header.levels.iter().map(|&[size, until]| Level { size, until }).collect(),
    };
    // No unexpected tensors.
    (reader.asked == reader.tensors.len()).then_some(SavedRun { progress, details, frozen, state })
}

/// Reads tensors by name and counts them; `None` for missing tensors and other types.
struct Reader<'a> {
    tensors: SafeTensors<'a>,
    asked: usize,
}

impl<'a> Reader<'a> {
    fn has(&self, name: &str) -> bool {
        self.tensors.tensor(name).is_ok()
    }

    fn data(&mut self, name: &str, dtype: Dtype) -> Option<(Vec<usize>, &'a [u8])> {
        let tensor = self.tensors.tensor(name).ok().filter(|tensor| tensor.dtype() == dtype)?;
        self.asked += 1;
        Some((tensor.shape().to_vec(), tensor.data()))
    }

    fn planes(&mut self, name: &str) -> Option<Planes> {
        let (shape, data) = self.data(name, Dtype::F32)?;
        let &[3, height, width] = shape.as_slice() else { return None };
        let (width, height) = (u32::try_from(width).ok()?, u32::try_from(height).ok()?);
        Some(Planes { width, height, values: floats(data) })
    }

    fn floats(&mut self, name: &str, most: usize) -> Option<Vec<f32>> {
        let (shape, data) = self.data(name, Dtype::F32)?;
        (shape.len() == 1 && shape[0] <= most).then(|| floats(data))
    }

    fn float(&mut self, name: &str) -> Option<f32> {
        <[f32; 1]>::try_from(self.floats(name, 1)?).ok().map(|[value]| value)
    }

    fn numbers<const N: usize>(&mut self, name: &str) -> Option<[f64; N]> {
        let (shape, data) = self.data(name, Dtype::F64)?;
        if shape != [N] {
            return None;
        }
        let values: Vec<f64> =
            data.as_chunks::<8>().0.iter().map(|&bytes| f64::from_le_bytes(bytes)).collect();
        values.try_into().ok()
    }

    fn aims(&mut self, header: &AimsHeader) -> Option<Aims> {
        let part = |&at: &(Layer, usize)| {
            let (shape, data) = self.data(&aims_name(at), Dtype::U32)?;
            let samples = data.as_chunks::<4>().0.iter().map(|&bytes| u32::from_le_bytes(bytes)).collect();
            (shape.len() == 1).then_some((at, samples))
        };
        let parts = header.parts.iter().map(part).collect::<Option<BTreeMap<_, _>>>()?;
        Some(Aims { age: header.age, parts })
    }

    /// Read an optional part if the tensor `name` exists.
    fn option<T>(&mut self, name: &str, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        if self.has(name) { read(self).map(Some) } else { Some(None) }
    }

    fn state(&mut self, header: &Header) -> Option<State> {
        let variable = self.planes("variable")?;
        let optimizer = match header.optimizer {
            Optimizer::Adam => OptimizerState::Adam(self.option("adam.mean", |reader| {
                let (mean, square) = (reader.planes("adam.mean")?, reader.planes("adam.square")?);
                Some(AdamState { mean, square, decays: reader.numbers("adam.decays")? })
            })?),
            Optimizer::Lbfgs => OptimizerState::Lbfgs(self.lbfgs(header.pairs)?),
        };
        let average = self.option("average.sum", |reader| {
            let [weight] = reader.numbers("average.weight")?;
            Some((reader.planes("average.sum")?, weight, header.average_steps))
        })?;
        let gradient_norm = self.option("gradient_norm", |reader| reader.float("gradient_norm"))?;
        let past = self.floats("lowest.past", WINDOW + 1)?;
        let kept = self.option("lowest.best", |reader| {
            Some((reader.float("lowest.best.total")?, reader.planes("lowest.best")?))
        })?;
        let values = self.floats("terms", MAX)?;
        let names = header.terms.iter().map(|name| name.parse::<Term>().ok()).collect::<Option<Vec<_>>>()?;
        if names.len() != values.len() {
            return None;
        }
        let aims = match &header.aims {
            Some(aims) => Some(self.aims(aims)?),
            None => None,
        };
        let cycle = match header.cycle {
            Some(CycleHeader { turn, age }) => {
                let picture = self.option(SORTED, |reader| reader.planes(SORTED))?;
                Some(Cycle { turn, age, picture })
            }
            None => None,
        };
        Some(State {
            variable,
            optimizer,
            average,
            gradient_norm,
            reweighted: header.reweighted,
            lowest: LowestState { past, kept },
            terms: names.into_iter().zip(values).collect(),
            aims,
            cycle,
        })
    }

    fn lbfgs(&mut self, pairs: usize) -> Option<LbfgsState> {
        let rho = self.floats("lbfgs.rho", pairs)?;
        if rho.len() != pairs {
            return None;
        }
        let pairs = rho.into_iter().enumerate().map(|(at, rho)| {
            let step = self.planes(&format!("lbfgs.pair.{at}.step"))?;
            Some((step, self.planes(&format!("lbfgs.pair.{at}.change"))?, rho))
        });
        let pairs = pairs.collect::<Option<Vec<_>>>()?;
        let scale = self.option("lbfgs.scale", |reader| reader.float("lbfgs.scale"))?;
        let base = self.option("lbfgs.base", |reader| {
            let [value] = reader.numbers("lbfgs.base.value")?;
            Some((reader.planes("lbfgs.base")?, reader.planes("lbfgs.base.gradient")?, value))
        })?;
        let search = self.option("lbfgs.direction", |reader| {
            let direction = reader.planes("lbfgs.direction")?;
            let [trial] = reader.numbers("lbfgs.trial")?;
            let line = reader.option("lbfgs.line_search", |reader| {
                WolfeSearch::from_numbers(&reader.numbers("lbfgs.line_search")?)
            })?;
            WolfeSearch::is_length(trial).then_some((direction, trial, line))
        })?;
        let [caution] = self.numbers("lbfgs.caution")?;
        // A search requires a base.
        (search.is_none() || base.is_some()).then_some(LbfgsState { pairs, scale, base, search, caution })
    }
}

fn floats(data: &[u8]) -> Vec<f32> {
    data.as_chunks::<4>().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()
}

#[cfg(test)]
#[path = "state_file_tests.rs"]
mod tests;
