//! Bindings of controllers to parameters, without jumps.
//!
//! A fader's position seldom matches its parameter. It takes the parameter over when it reaches or passes its
//! value (soft take-over), and loses it when something else changes the parameter. Changes are sent to the
//! controllers, so that motor faders follow; a device's echo of that is ignored, so that the two do not chase
//! each other. A note has no position: it sets its parameter at once, and is sent nothing.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use impasto_core::settings::ParamId;

/// Distance at which a controller takes a parameter over: two of the 127 steps of a MIDI fader.
const NEAR: f64 = 2.0 / 127.0 + 1e-9;
/// Half a step of a MIDI fader: a device's echo may be off by that.
const SAME: f64 = 0.51 / 127.0;

/// A controller. Its text is `cc:1:21` (channel and number, counted as on the device), `nrpn:1:300`,
/// `note:1:60` or `osc:/1/fader1`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Controller {
    /// A control change of a channel, counted from 0; in the text from 1.
    Cc { channel: u8, controller: u8 },
    /// A non-registered parameter.
    Nrpn { channel: u8, number: u16 },
    /// A key or a pad, whose velocity counts.
    Note { channel: u8, key: u8 },
    /// An address that is not the program's own.
    Osc(String),
}

/// Longest address that can be bound, in bytes.
pub const MAX_ADDRESS_LENGTH: usize = 256;

impl Controller {
    /// Whether it is struck, and has no position that it stays at.
    pub fn is_note(&self) -> bool {
        matches!(self, Controller::Note { .. })
    }
}

impl fmt::Display for Controller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Controller::Cc { channel, controller } => write!(f, "cc:{}:{controller}", channel + 1),
            Controller::Nrpn { channel, number } => write!(f, "nrpn:{}:{number}", channel + 1),
            Controller::Note { channel, key } => write!(f, "note:{}:{key}", channel + 1),
            Controller::Osc(address) => write!(f, "osc:{address}"),
        }
    }
}

impl FromStr for Controller {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{text:?} is not a controller; write cc:CHANNEL:NUMBER, nrpn:CHANNEL:NUMBER, note:CHANNEL:KEY or osc:/ADDRESS"
            )
        };
        let (kind, rest) = text.split_once(':').ok_or_else(wrong)?;
        if kind == "osc" {
            let fits = rest.starts_with('/') && rest.len() <= MAX_ADDRESS_LENGTH;
            return if fits { Ok(Controller::Osc(rest.to_owned())) } else { Err(wrong()) };
        }
        let (channel, number) = rest.split_once(':').ok_or_else(wrong)?;
        let channel = channel.parse::<u8>().ok().filter(|channel| (1..=16).contains(channel));
        let (channel, number) =
            channel.map(|channel| channel - 1).zip(number.parse::<u16>().ok()).ok_or_else(wrong)?;
        match (kind, number) {
            ("cc", 0..=127) => Ok(Controller::Cc { channel, controller: number as u8 }),
            ("nrpn", 0..=16383) => Ok(Controller::Nrpn { channel, number }),
            ("note", 0..=127) => Ok(Controller::Note { channel, key: number as u8 }),
            _ => Err(wrong()),
        }
    }
}

impl Serialize for Controller {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Controller {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// The bindings of controllers to parameters, as stored.
pub type Bindings = BTreeMap<Controller, ParamId>;

/// Deserialize bindings, possibly from another version or edited by hand: an invalid controller or an unknown
/// parameter is left out, and the others stay.
///
/// # Errors
///
/// If it is not a table.
pub fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bindings, D::Error> {
    let entries = BTreeMap::<String, toml::Value>::deserialize(deserializer)?;
    let known = |(source, param): (String, toml::Value)| match (source.parse(), param.try_into()) {
        (Ok(source), Ok(param)) => Some((source, param)),
        _ => {
            tracing::warn!("the binding of {source} is invalid and is left out");
            None
        }
    };
    Ok(entries.into_iter().filter_map(known).collect())
}

/// A controller's state.
#[derive(Clone, Copy, Debug, Default)]
struct ControllerState {
    /// Its last position.
    at: Option<f64>,
    /// If it controls the parameter, the position that it set.
    set_to: Option<f64>,
    /// The last feedback sent to it, which it may echo.
    sent: Option<f64>,
}

/// The controllers in use.
#[derive(Debug, Default)]
pub struct Mapping {
    pub bindings: Bindings,
    /// The parameter that the next controller will be bound to.
    pub learning: Option<ParamId>,
    states: BTreeMap<Controller, ControllerState>,
}

/// The effect of a controller's move.
#[derive(Clone, Debug, PartialEq)]
pub enum MoveResult {
    /// Sets the parameter to this position, 0 to 1.
    Sets(ParamId, f64),
    /// It was bound to the parameter.
    Bound(ParamId),
    /// It must first reach its parameter's value.
    Waiting(ParamId),
    /// Unbound, or an echo of feedback.
    Ignored,
}

impl Mapping {
    pub fn new(bindings: Bindings) -> Self {
        Self { bindings, ..Self::default() }
    }

    /// Handle a controller's move; `position_of` gives a parameter's position, if it is in effect.
    pub fn on_move(
        &mut self,
        source: &Controller,
        place: f64,
        position_of: impl Fn(ParamId) -> Option<f64>,
    ) -> MoveResult {
        if let Some(param) = self.learning.take() {
            // A controller has one parameter, and a parameter one controller of a kind.
            let kind = std::mem::discriminant(source);
            self.bindings.retain(|other, bound| *bound != param || std::mem::discriminant(other) != kind);
            self.bindings.insert(source.clone(), param);
            self.states
                .insert(source.clone(), ControllerState { at: Some(place), ..ControllerState::default() });
            return MoveResult::Bound(param);
        }
        let Some(&param) = self.bindings.get(source) else { return MoveResult::Ignored };
        let Some(now) = position_of(param) else { return MoveResult::Ignored };
        if source.is_note() {
            return MoveResult::Sets(param, place);
        }
        let state = self.states.entry(source.clone()).or_default();
        let before = state.at.replace(place);
        // A motor fader echoes the position sent to it.
        if state.sent.take_if(|sent| (*sent - place).abs() <= SAME).is_some() {
            state.set_to = Some(now);
            return MoveResult::Ignored;
        }
        let still_has = state.set_to.is_some_and(|position| (position - now).abs() <= SAME);
        let reaches = (place - now).abs() <= NEAR;
        let passes = before.is_some_and(|before| (before - now) * (place - now) < 0.0);
        if still_has || reaches || passes {
            state.set_to = Some(place);
            MoveResult::Sets(param, place)
        } else {
            state.set_to = None;
            MoveResult::Waiting(param)
        }
    }

    /// The feedback for a parameter's controllers after it changed; none for a controller that set it.
    pub fn feedback(&mut self, param: ParamId, place: f64) -> Vec<Controller> {
        let follows = |source: &Controller, bound: ParamId| bound == param && !source.is_note();
        let bound = self.bindings.iter().filter(|(source, bound)| follows(source, **bound));
        let bound = bound.map(|(source, _)| source.clone());
        let mut sent = Vec::new();
        for source in bound {
            let state = self.states.entry(source.clone()).or_default();
            let is_set = state.set_to.is_some_and(|position| (position - place).abs() <= SAME);
            if !is_set {
                state.sent = Some(place);
                sent.push(source);
            }
        }
        sent
    }

    /// Unbind every controller of a parameter.
    pub fn unbind(&mut self, param: ParamId) {
        self.bindings.retain(|_, bound| *bound != param);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CC: Controller = Controller::Cc { channel: 0, controller: 21 };

    /// Controllers with one fader bound to β, and β's position.
    struct Rig {
        mapping: Mapping,
        param: f64,
    }

    impl Rig {
        fn at(param: f64) -> Self {
            Self { mapping: Mapping::new([(CC, ParamId::Beta)].into()), param }
        }

        fn fader(&mut self, place: f64) -> MoveResult {
            let outcome =
                self.mapping.on_move(&CC, place, |param| (param == ParamId::Beta).then_some(self.param));
            if let MoveResult::Sets(_, place) = outcome {
                self.param = place;
            }
            outcome
        }
    }

    #[test]
    fn a_fader_takes_over_when_it_reaches_its_parameter() {
        let mut rig = Rig::at(0.5);
        for place in [0.1, 0.2, 0.4] {
            assert_eq!(rig.fader(place), MoveResult::Waiting(ParamId::Beta));
            assert_eq!(rig.param, 0.5, "it does not jump");
        }
        assert_eq!(rig.fader(0.49), MoveResult::Sets(ParamId::Beta, 0.49));
        assert_eq!(rig.fader(0.9), MoveResult::Sets(ParamId::Beta, 0.9));
        // The window changes the parameter: the fader has to reach it again.
        rig.param = 0.3;
        assert_eq!(rig.fader(0.85), MoveResult::Waiting(ParamId::Beta));
        // A fast move passes it between two messages.
        assert_eq!(rig.fader(0.1), MoveResult::Sets(ParamId::Beta, 0.1));
    }

    #[test]
    fn a_first_position_does_not_count_as_passing() {
        let mut rig = Rig::at(0.5);
        assert_eq!(rig.fader(0.9), MoveResult::Waiting(ParamId::Beta), "where it was before is not known");
        assert_eq!(rig.fader(0.2), MoveResult::Sets(ParamId::Beta, 0.2));
    }

    #[test]
    fn feedback_is_sent_and_its_echo_is_ignored() {
        let mut rig = Rig::at(0.5);
        assert_eq!(rig.mapping.feedback(ParamId::Beta, 0.5), [CC]);
        let quantised = (0.5f64 * 127.0).round() / 127.0;
        assert_eq!(rig.fader(quantised), MoveResult::Ignored, "it tells what it was told");
        assert_eq!(rig.param, 0.5);
        assert_eq!(rig.fader(0.8), MoveResult::Sets(ParamId::Beta, 0.8), "it is where the parameter is");
        assert!(rig.mapping.feedback(ParamId::Beta, 0.8).is_empty(), "it has put it there itself");
        // An oscillator changes the parameter; the fader follows and never fights.
        for step in 0..50 {
            rig.param = 0.5 + 0.3 * f64::from(step).sin();
            for source in rig.mapping.feedback(ParamId::Beta, rig.param) {
                assert_eq!(source, CC);
                let at = (rig.param * 127.0).round() / 127.0;
                assert_eq!(rig.fader(at), MoveResult::Ignored);
            }
        }
        assert!(rig.mapping.feedback(ParamId::Alpha, 0.5).is_empty(), "nothing is bound to it");
    }

    #[test]
    fn learning_binds_the_next_controller_and_one_of_a_kind() {
        let mut mapping = Mapping { learning: Some(ParamId::Beta), ..Mapping::default() };
        assert_eq!(mapping.on_move(&CC, 0.3, |_| Some(0.3)), MoveResult::Bound(ParamId::Beta));
        assert_eq!(mapping.learning, None);
        let other = Controller::Cc { channel: 0, controller: 22 };
        mapping.learning = Some(ParamId::Beta);
        mapping.on_move(&other, 0.3, |_| Some(0.3));
        let address = Controller::Osc("/1/fader1".into());
        mapping.learning = Some(ParamId::Beta);
        mapping.on_move(&address, 0.3, |_| Some(0.3));
        assert_eq!(mapping.bindings.keys().cloned().collect::<Vec<_>>(), [other.clone(), address]);
        // A controller has one parameter.
        mapping.learning = Some(ParamId::Alpha);
        mapping.on_move(&other, 0.3, |_| Some(0.3));
        assert_eq!(mapping.bindings.get(&other), Some(&ParamId::Alpha));
        mapping.unbind(ParamId::Beta);
        assert_eq!(mapping.bindings.len(), 1);
        assert_eq!(mapping.on_move(&CC, 0.3, |_| Some(0.3)), MoveResult::Ignored);
        assert_eq!(mapping.on_move(&other, 0.3, |_| None), MoveResult::Ignored, "the parameter has no say");
    }

    #[test]
    fn a_note_sets_its_parameter_at_once_and_is_sent_nothing() {
        let note = Controller::Note { channel: 9, key: 36 };
        let mut mapping = Mapping { learning: Some(ParamId::Beta), ..Mapping::default() };
        assert_eq!(mapping.on_move(&note, 0.9, |_| Some(0.3)), MoveResult::Bound(ParamId::Beta));
        for place in [0.9, 0.1, 0.1] {
            assert_eq!(mapping.on_move(&note, place, |_| Some(0.3)), MoveResult::Sets(ParamId::Beta, place));
            assert!(mapping.feedback(ParamId::Beta, 0.1).is_empty());
        }
        assert_eq!(mapping.on_move(&note, 0.9, |_| None), MoveResult::Ignored, "the parameter has no say");
    }

    #[test]
    fn controllers_have_texts() {
        for text in ["cc:1:21", "cc:16:127", "nrpn:3:16383", "note:10:36", "osc:/1/fader1"] {
            assert_eq!(text.parse::<Controller>().unwrap().to_string(), text);
        }
        for wrong in [
            "",
            "cc:0:1",
            "cc:17:1",
            "cc:1:128",
            "nrpn:1:20000",
            "note:1:128",
            "osc:fader",
            "pitch:1:1",
            "cc:1",
        ] {
            assert!(wrong.parse::<Controller>().unwrap_err().contains("cc:CHANNEL:NUMBER"), "{wrong}");
        }
        assert_eq!("cc:1:21".parse(), Ok(CC));
        let bindings: Bindings = [(CC, ParamId::Beta), (Controller::Osc("/a".into()), ParamId::Alpha)].into();
        let text = toml::to_string(&bindings).unwrap();
        assert_eq!(toml::from_str::<Bindings>(&text).unwrap(), bindings);
    }

    proptest::proptest! {
        /// A parameter never jumps further than its fader has just moved, plus the take-over distance.
        #[test]
        fn no_parameter_jumps(start in 0.0..=1.0f64, moves in proptest::collection::vec(0.0..=1.0f64, 1..40)) {
            let mut rig = Rig::at(start);
            let mut before: Option<f64> = None;
            for place in moves {
                let param = rig.param;
                rig.fader(place);
                let went = (rig.param - param).abs();
                let travelled = before.map_or(0.0, |before| (place - before).abs());
                proptest::prop_assert!(went <= travelled + 2.0 * NEAR, "{} {} {}", param, rig.param, travelled);
                before = Some(place);
            }
        }
    }
}
