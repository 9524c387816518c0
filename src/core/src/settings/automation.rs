//! Automation: parameters that change during a run, as a pure function of the settings and the step.
//!
//! Times are fractions of the run, 0 to 1, independent of size and number of steps; nothing depends on the
//! clock, so a recipe reproduces its picture.

use std::{collections::BTreeMap, f64::consts::TAU, fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Modulated, Objective, ParamId, ParamName, Settings, SettingsError, StyleMix, validate::error};
use impasto_base::{named, random::SplitMix64, serde_as_text};

/// Maximum keyframes of a track.
pub const MAX_KEYS: usize = 512;
/// Maximum tracks: more than a usual run has parameters.
const MAX_TRACKS: usize = 256;
/// Shortest period of an oscillator, as a fraction of the run.
pub const SHORTEST_PERIOD: f64 = 1e-6;
/// How near a keyframe a time counts as the keyframe's in the repeats of a loop, as a fraction of the run:
/// the rounding of times must not decide on which side of a jump a step lies.
const ROUNDING: f64 = 1e-9;
/// Number of positions to which an expensive parameter is quantized.
const COSTLY_STEPS: f64 = 48.0;

/// Waveform of an oscillator. All but square and random begin at 0 and rise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Waveform {
    #[default]
    Sine,
    Triangle,
    /// Rises, and falls back abruptly.
    Saw,
    /// High for half of the period, low for the other.
    Square,
    /// A seeded random value per period.
    Random,
}

named!(Waveform, "shape", Sine => "sine", Triangle => "triangle", Saw => "saw", Square => "square", Random => "random");

/// Interpolation from a keyframe to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Ease {
    /// Linear along the parameter's fader.
    #[default]
    Linear,
    /// Ease in and out.
    Smooth,
    /// Hold the value, and jump at the next keyframe.
    Hold,
}

named!(Ease, "ease", Linear => "linear", Smooth => "smooth", Hold => "hold");

/// What follows the last keyframe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum KeysEnd {
    /// Hold the last value.
    #[default]
    Hold,
    /// Begin again at the first keyframe, without end. The period is the time from the first keyframe to the
    /// last; if it is shorter than a millionth of the run, as with a single keyframe, the last value holds.
    Loop,
}

named!(KeysEnd, "end of keyframes", Hold => "hold", Loop => "loop");
serde_as_text!(Waveform, Ease, KeysEnd);

impl Ease {
    fn is_linear(&self) -> bool {
        *self == Ease::Linear
    }
}

/// A low-frequency oscillator: modulates a parameter around its set value.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Lfo {
    pub shape: Waveform,
    /// Length of a period, as a fraction of the run.
    pub period: f64,
    /// Amplitude as a fraction of the parameter's range, -1 to 1; negative falls first.
    pub depth: f64,
    /// Phase at the beginning of the run, 0 to 1.
    pub phase: f64,
    /// Seed of the random values.
    pub seed: u32,
}

impl Default for Lfo {
    fn default() -> Self {
        Self { shape: Waveform::Sine, period: 0.25, depth: 0.2, phase: 0.0, seed: 0 }
    }
}

impl Lfo {
    /// The wave's value at a time of the run, -1 to 1.
    pub fn wave(&self, at: f64) -> f64 {
        let turns = at / self.period + self.phase;
        let t = turns - turns.floor();
        match self.shape {
            Waveform::Sine => (TAU * t).sin(),
            Waveform::Triangle if t < 0.25 => 4.0 * t,
            Waveform::Triangle if t < 0.75 => 2.0 - 4.0 * t,
            Waveform::Triangle => 4.0 * t - 4.0,
            // Begins at 0, as the others do.
            Waveform::Saw if t < 0.5 => 2.0 * t,
            Waveform::Saw => 2.0 * t - 2.0,
            Waveform::Square => {
                if t < 0.5 {
                    1.0
                } else {
                    -1.0
                }
            }
            Waveform::Random => noise(self.seed, turns.floor()),
        }
    }
}

/// Hash a number to -1 to 1, the same on every machine.
fn noise(seed: u32, number: f64) -> f64 {
    SplitMix64::new(u64::from(seed) << 32 ^ (number as i64) as u64).next_signed()
}

/// A keyframe.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// Time, as a fraction of the run.
    pub at: f64,
    /// In the setting's own unit.
    pub value: f64,
    #[serde(default, skip_serializing_if = "Ease::is_linear")]
    pub ease: Ease,
}

/// Source of a parameter's modulation.
#[derive(Clone, Debug, PartialEq)]
pub enum Curve {
    Lfo(Lfo),
    /// Sorted by time, never empty. The first value holds before them.
    Keys(Vec<Key>, KeysEnd),
}

impl Curve {
    /// The first and last time of a loop; `None` if nothing is repeated.
    pub fn loop_bounds(&self) -> Option<(f64, f64)> {
        match self {
            Curve::Keys(keys, KeysEnd::Loop) => {
                let (first, last) = (keys.first()?.at, keys.last()?.at);
                (last - first >= SHORTEST_PERIOD).then_some((first, last))
            }
            Curve::Keys(_, KeysEnd::Hold) | Curve::Lfo(_) => None,
        }
    }

    /// The time up to the last keyframe at which a loop has the same value as at `at`. A repeat begins just
    /// after the last value of the one before. Without a loop, `at`.
    pub fn looped(&self, at: f64) -> f64 {
        let (Curve::Keys(keys, _), Some((first, last))) = (self, self.loop_bounds()) else { return at };
        if at <= last {
            return at;
        }
        let since = (at - first) % (last - first);
        if since < ROUNDING {
            return last;
        }
        let time = first + since;
        let near = keys.partition_point(|key| key.at < time - ROUNDING);
        keys.get(near).map(|key| key.at).filter(|key| *key < time + ROUNDING).unwrap_or(time)
    }

    /// Whether the parameter goes on moving for as long as a run lasts.
    fn is_endless(&self) -> bool {
        match self {
            Curve::Lfo(_) => true,
            Curve::Keys(keys, _) => {
                self.loop_bounds().is_some() && keys.windows(2).any(|pair| pair[0].value != pair[1].value)
            }
        }
    }
}

/// A parameter's automation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Track {
    /// Whether it is enabled.
    pub on: bool,
    pub curve: Curve,
}

/// A track's form in files: `lfo = { … }` or `keys = [ … ]`, which `end = "loop"` repeats.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default = "yes", skip_serializing_if = "is_on")]
    on: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    end: Option<KeysEnd>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lfo: Option<Lfo>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keys: Option<Vec<Key>>,
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_on(on: &bool) -> bool {
    *on
}

impl TryFrom<Written> for Track {
    type Error = &'static str;

    fn try_from(Written { on, end, lfo, keys }: Written) -> Result<Self, Self::Error> {
        match (lfo, keys) {
            (Some(_), None) if end.is_some() => {
                Err("end = … belongs to keys = [ … ]: an oscillator has no end")
            }
            (Some(lfo), None) => Ok(Self { on, curve: Curve::Lfo(lfo) }),
            (None, Some(keys)) => Ok(Self { on, curve: Curve::Keys(keys, end.unwrap_or_default()) }),
            _ => Err("a track has either lfo = { … } or keys = [ … ]"),
        }
    }
}

impl From<Track> for Written {
    fn from(Track { on, curve }: Track) -> Self {
        match curve {
            Curve::Lfo(lfo) => Self { on, end: None, lfo: Some(lfo), keys: None },
            Curve::Keys(keys, end) => {
                // Older programs read keyframes that hold.
                Self { on, end: (end != KeysEnd::Hold).then_some(end), lfo: None, keys: Some(keys) }
            }
        }
    }
}

impl Track {
    /// An enabled track.
    pub fn new(curve: Curve) -> Self {
        Self { on: true, curve }
    }

    /// The parameter's value at a time of the run, given its set value `base`.
    pub fn value(&self, id: ParamId, objective: Objective, base: f64, at: f64) -> f64 {
        let range = id.range(objective);
        let value = match &self.curve {
            Curve::Lfo(lfo) => range.value(range.position(base) + lfo.depth * lfo.wave(at)),
            Curve::Keys(keys, _) => match between(keys, self.curve.looped(at)) {
                None => base,
                Some((a, _, 0.0)) => return a.value,
                Some((a, b, t)) if range.contains(a.value) && range.contains(b.value) => {
                    let (from, to) = (range.position(a.value), range.position(b.value));
                    range.value(from + (to - from) * t)
                }
                // Typed values may lie outside of the range; interpolate them linearly.
                Some((a, b, t)) => a.value + (b.value - a.value) * t,
            },
        };
        if id.is_costly() && range.contains(value) {
            range.value((range.position(value) * COSTLY_STEPS).round() / COSTLY_STEPS)
        } else {
            value
        }
    }

    /// The set value that gives `wanted` at this time; `None` if keyframes determine the value.
    pub fn base_for(&self, id: ParamId, objective: Objective, wanted: f64, at: f64) -> Option<f64> {
        let range = id.range(objective);
        match &self.curve {
            Curve::Lfo(lfo) if range.contains(wanted) => {
                Some(range.value(range.position(wanted) - lfo.depth * lfo.wave(at)))
            }
            Curve::Lfo(_) => Some(wanted),
            Curve::Keys(..) => None,
        }
    }

    fn check(&self, id: ParamId) -> Result<(), String> {
        match &self.curve {
            Curve::Lfo(lfo) => {
                if !(lfo.period.is_finite() && lfo.period >= SHORTEST_PERIOD) {
                    return Err(format!(
                        "its period is {}, but must be at least {SHORTEST_PERIOD} of the run",
                        lfo.period
                    ));
                }
                if !(-1.0..=1.0).contains(&lfo.depth) {
                    return Err(format!("its depth is {}, but must be between -1 and 1", lfo.depth));
                }
                if !lfo.phase.is_finite() {
                    return Err(format!("its phase is {}", lfo.phase));
                }
                Ok(())
            }
            Curve::Keys(keys, _) => {
                if keys.is_empty() || keys.len() > MAX_KEYS {
                    return Err(format!("it has {} keyframes, but must have 1 to {MAX_KEYS}", keys.len()));
                }
                for key in keys {
                    if !(0.0..=1.0).contains(&key.at) {
                        return Err(format!("a keyframe is at {}, but the run goes from 0 to 1", key.at));
                    }
                    if !id.allows(key.value) {
                        return Err(format!("it cannot be {}", key.value));
                    }
                }
                if !keys.is_sorted_by_key(|key| key.at) {
                    return Err("its keyframes are not in the order of their times".to_owned());
                }
                Ok(())
            }
        }
    }
}

/// The keyframes around a time, and the eased position between them, 0 to 1.
fn between(keys: &[Key], at: f64) -> Option<(&Key, &Key, f64)> {
    // Of several keyframes at the same time, the last one counts from there on.
    let next = keys.partition_point(|key| key.at <= at);
    match (next.checked_sub(1).and_then(|last| keys.get(last)), keys.get(next)) {
        (None, None) => None,
        (None, Some(only)) | (Some(only), None) => Some((only, only, 0.0)),
        (Some(a), Some(b)) => {
            let t = (at - a.at) / (b.at - a.at);
            let eased = match a.ease {
                Ease::Linear => t,
                Ease::Smooth => t * t * (3.0 - 2.0 * t),
                Ease::Hold => 0.0,
            };
            Some((a, b, eased))
        }
    }
}

/// The automated parameters with their tracks. Cheap to clone: settings are cloned at every change.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Automation(Arc<BTreeMap<ParamId, Track>>);

impl Serialize for Automation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.as_ref().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Automation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        BTreeMap::deserialize(deserializer).map(|tracks| Self(Arc::new(tracks)))
    }
}

impl Automation {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether any track is enabled.
    pub fn is_on(&self) -> bool {
        self.0.values().any(|track| track.on)
    }

    /// Whether an oscillator or a loop of different values is enabled, with which a run never comes to rest.
    pub fn never_rests(&self) -> bool {
        self.0.values().any(|track| track.on && track.curve.is_endless())
    }

    /// Whether this parameter has an enabled track.
    pub fn is_automated(&self, id: ParamId) -> bool {
        self.0.get(&id).is_some_and(|track| track.on)
    }

    pub fn get(&self, id: ParamId) -> Option<&Track> {
        self.0.get(&id)
    }

    pub fn get_mut(&mut self, id: ParamId) -> Option<&mut Track> {
        Arc::make_mut(&mut self.0).get_mut(&id)
    }

    pub fn set(&mut self, id: ParamId, track: Track) {
        Arc::make_mut(&mut self.0).insert(id, track);
    }

    /// Let the tracks of the strengths of the first `count` regions follow their regions: `moved` gives the
    /// new index of each, if it is still there.
    pub fn move_strengths(&mut self, count: usize, moved: impl Fn(usize) -> Option<usize>) {
        let knob = |index: usize| u8::try_from(index).ok().map(ParamId::RegionStrength);
        let tracks: Vec<_> =
            (0..count).filter_map(|index| Some((index, self.remove(knob(index)?)?))).collect();
        for (index, track) in tracks {
            if let Some(knob) = moved(index).and_then(knob) {
                self.set(knob, track);
            }
        }
    }

    pub fn remove(&mut self, id: ParamId) -> Option<Track> {
        Arc::make_mut(&mut self.0).remove(&id)
    }

    /// Every track.
    pub fn iter(&self) -> impl Iterator<Item = (ParamId, &Track)> {
        self.0.iter().map(|(&id, track)| (id, track))
    }

    /// Check every track.
    ///
    /// # Errors
    ///
    /// Names the parameter with the invalid track.
    pub fn validate(&self) -> Result<(), SettingsError> {
        if self.0.len() > MAX_TRACKS {
            return Err(error(
                "automation",
                format!("has {} tracks, but {MAX_TRACKS} are the most", self.0.len()),
            ));
        }
        self.0.iter().try_for_each(|(&id, track)| {
            track.check(id).map_err(|message| error("automation", format!("of {id}: {message}")))
        })
    }
}

impl FromIterator<(ParamId, Track)> for Automation {
    fn from_iter<T: IntoIterator<Item = (ParamId, Track)>>(iter: T) -> Self {
        Self(Arc::new(iter.into_iter().collect()))
    }
}

/// A track in its command-line form `beta={ lfo = { shape = "saw", period = 0.1 } }`: a parameter and TOML.
#[derive(Clone, Debug, PartialEq)]
pub struct ParamTrack {
    pub param: ParamName,
    pub track: Track,
}

impl FromStr for ParamTrack {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (param, track) = text.split_once('=').ok_or_else(|| {
            format!("{text:?} is no automation; write FADER=TRACK, for example 'beta={{ lfo = {{ period = 0.1 }} }}'")
        })?;
        let param: ParamName = param.trim().parse()?;
        let mut table: BTreeMap<String, Track> = toml::from_str(&format!("track = {track}"))
            .map_err(|error| format!("the track of {param}: {}", error.message()))?;
        match table.remove("track") {
            Some(track) => Ok(Self { param, track }),
            None => Err(format!("{param} has no track")),
        }
    }
}

impl fmt::Display for ParamTrack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let track = toml::Value::try_from(&self.track).map_err(|_| fmt::Error)?;
        write!(f, "{}={track}", self.param)
    }
}

impl Settings {
    /// The time of the run after `step` steps: 0 at the beginning, 1 after the settings' steps. After that,
    /// oscillators and loops continue, and other keyframes hold their last value.
    pub fn time_at(&self, step: u32) -> f64 {
        f64::from(step) / f64::from(self.steps.max(1))
    }

    /// Apply the automation after `step` steps to these settings and the styles' mix. Parameters without
    /// effect are not modulated; if the result would leave no term to minimise, nothing is.
    pub fn automated(&self, mix: &[StyleMix], step: u32) -> (Modulated, Vec<StyleMix>) {
        let (mut settings, mut styles) = (self.clone(), mix.to_vec());
        let at = self.time_at(step);
        for (id, track) in self.automation.iter().filter(|(_, track)| track.on) {
            if let Some(base) = id.get(self, mix) {
                id.set(&mut settings, &mut styles, track.value(id, self.objective, base, at));
            }
        }
        if self.automation.is_on() && settings.validate().is_err() {
            return (Modulated::from(self), mix.to_vec());
        }
        (Modulated::new(settings), styles)
    }
}

#[cfg(test)]
#[path = "automation_tests.rs"]
mod tests;
