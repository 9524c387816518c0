//! Bindings of controllers to parameters, without jumps.
//!
//! A fader's position seldom matches its parameter. It takes the parameter over when it reaches or passes its
//! value (soft take-over), and loses it when something else changes the parameter. Changes are sent to the
//! controllers, so that motor faders follow; a device's echo of that is ignored, so that the two do not chase
//! each other.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use impasto_core::settings::ParamId;

/// Distance at which a controller takes a parameter over: two of the 127 steps of a MIDI fader.
const NEAR: f64 = 2.0 / 127.0 + 1e-9;
/// Half a step of a MIDI fader: a device's echo may be off by that.
const SAME: f64 = 0.51 / 127.0;

/// A controller. Its text is `cc:1:21` (channel and number, counted as on the device), `nrpn:1:300` or
/// `osc:/1/fader1`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// A control change of a channel, counted from 0; in the text from 1.
    Cc { channel: u8, controller: u8 },
    /// A non-registered parameter.
    Nrpn { channel: u8, number: u16 },
    /// An address that is not the program's own.
    Osc(String),
}

/// Longest address that can be bound, in bytes.
pub const LONGEST: usize = 256;

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Cc { channel, controller } => write!(f, "cc:{}:{controller}", channel + 1),
            Source::Nrpn { channel, number } => write!(f, "nrpn:{}:{number}", channel + 1),
            Source::Osc(address) => write!(f, "osc:{address}"),
        }
    }
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!("{text:?} is no controller; write cc:CHANNEL:NUMBER, nrpn:CHANNEL:NUMBER or osc:/ADDRESS")
        };
        let (kind, rest) = text.split_once(':').ok_or_else(wrong)?;
        if kind == "osc" {
            let fits = rest.starts_with('/') && rest.len() <= LONGEST;
            return if fits { Ok(Source::Osc(rest.to_owned())) } else { Err(wrong()) };
        }
        let (channel, number) = rest.split_once(':').ok_or_else(wrong)?;
        let channel = channel.parse::<u8>().ok().filter(|channel| (1..=16).contains(channel));
        let (channel, number) =
            channel.map(|channel| channel - 1).zip(number.parse::<u16>().ok()).ok_or_else(wrong)?;
        match (kind, number) {
            ("cc", 0..=127) => Ok(Source::Cc { channel, controller: number as u8 }),
            ("nrpn", 0..=16383) => Ok(Source::Nrpn { channel, number }),
            _ => Err(wrong()),
        }
    }
}

impl Serialize for Source {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// The bindings of controllers to parameters, as stored.
pub type Bindings = BTreeMap<Source, ParamId>;

/// Deserialize bindings, possibly from another version or edited by hand: an invalid controller or an unknown
/// parameter is left out, and the others stay.
///
/// # Errors
///
/// If it is not a table.
pub fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bindings, D::Error> {
    let entries = BTreeMap::<String, toml::Value>::deserialize(deserializer)?;
    let known = |(source, knob): (String, toml::Value)| match (source.parse(), knob.try_into()) {
        (Ok(source), Ok(knob)) => Some((source, knob)),
        _ => {
            tracing::warn!("what {source} turns is not known here and is forgotten");
            None
        }
    };
    Ok(entries.into_iter().filter_map(known).collect())
}

/// A controller's state.
#[derive(Clone, Copy, Debug, Default)]
struct Hand {
    /// Its last position.
    at: Option<f64>,
    /// If it controls the parameter, the position that it set.
    holds: Option<f64>,
    /// The last feedback sent to it, which it may echo.
    told: Option<f64>,
}

/// The controllers in use.
#[derive(Debug, Default)]
pub struct Mapping {
    pub bindings: Bindings,
    /// The parameter that the next controller will be bound to.
    pub learning: Option<ParamId>,
    hands: BTreeMap<Source, Hand>,
}

/// The effect of a controller's move.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Sets the parameter to this position, 0 to 1.
    Turns(ParamId, f64),
    /// It was bound to the parameter.
    Learnt(ParamId),
    /// It must first reach its parameter's value.
    Waits(ParamId),
    /// Unbound, or an echo of feedback.
    Nothing,
}

impl Mapping {
    pub fn new(bindings: Bindings) -> Self {
        Self { bindings, ..Self::default() }
    }

    /// Handle a controller's move; `knob_at` gives a parameter's position, if it is in effect.
    pub fn moved(
        &mut self,
        source: &Source,
        place: f64,
        knob_at: impl Fn(ParamId) -> Option<f64>,
    ) -> Outcome {
        if let Some(knob) = self.learning.take() {
            // A controller has one parameter, and a parameter one controller of a kind.
            let kind = std::mem::discriminant(source);
            self.bindings.retain(|other, bound| *bound != knob || std::mem::discriminant(other) != kind);
            self.bindings.insert(source.clone(), knob);
            self.hands.insert(source.clone(), Hand { at: Some(place), ..Hand::default() });
            return Outcome::Learnt(knob);
        }
        let Some(&knob) = self.bindings.get(source) else { return Outcome::Nothing };
        let Some(now) = knob_at(knob) else { return Outcome::Nothing };
        let hand = self.hands.entry(source.clone()).or_default();
        let before = hand.at.replace(place);
        // A motor fader echoes the position sent to it.
        if hand.told.take_if(|told| (*told - place).abs() <= SAME).is_some() {
            hand.holds = Some(now);
            return Outcome::Nothing;
        }
        let still_has = hand.holds.is_some_and(|put| (put - now).abs() <= SAME);
        let reaches = (place - now).abs() <= NEAR;
        let passes = before.is_some_and(|before| (before - now) * (place - now) < 0.0);
        if still_has || reaches || passes {
            hand.holds = Some(place);
            Outcome::Turns(knob, place)
        } else {
            hand.holds = None;
            Outcome::Waits(knob)
        }
    }

    /// The feedback for a parameter's controllers after it changed; none for a controller that set it.
    pub fn tell(&mut self, knob: ParamId, place: f64) -> Vec<Source> {
        let bound =
            self.bindings.iter().filter(|(_, bound)| **bound == knob).map(|(source, _)| source.clone());
        let mut told = Vec::new();
        for source in bound {
            let hand = self.hands.entry(source.clone()).or_default();
            let knows = hand.holds.is_some_and(|put| (put - place).abs() <= SAME);
            if !knows {
                hand.told = Some(place);
                told.push(source);
            }
        }
        told
    }

    /// Unbind every controller of a parameter.
    pub fn forget(&mut self, knob: ParamId) {
        self.bindings.retain(|_, bound| *bound != knob);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CC: Source = Source::Cc { channel: 0, controller: 21 };

    /// Controllers with one fader bound to β, and β's position.
    struct Desk {
        mapping: Mapping,
        knob: f64,
    }

    impl Desk {
        fn at(knob: f64) -> Self {
            Self { mapping: Mapping::new([(CC, ParamId::Beta)].into()), knob }
        }

        fn fader(&mut self, place: f64) -> Outcome {
            let outcome = self.mapping.moved(&CC, place, |knob| (knob == ParamId::Beta).then_some(self.knob));
            if let Outcome::Turns(_, place) = outcome {
                self.knob = place;
            }
            outcome
        }
    }

    #[test]
    fn a_fader_takes_its_knob_over_when_it_comes_to_it() {
        let mut desk = Desk::at(0.5);
        for place in [0.1, 0.2, 0.4] {
            assert_eq!(desk.fader(place), Outcome::Waits(ParamId::Beta));
            assert_eq!(desk.knob, 0.5, "it does not jump");
        }
        assert_eq!(desk.fader(0.49), Outcome::Turns(ParamId::Beta, 0.49));
        assert_eq!(desk.fader(0.9), Outcome::Turns(ParamId::Beta, 0.9));
        // The window changes the parameter: the fader has to reach it again.
        desk.knob = 0.3;
        assert_eq!(desk.fader(0.85), Outcome::Waits(ParamId::Beta));
        // A fast move passes it between two messages.
        assert_eq!(desk.fader(0.1), Outcome::Turns(ParamId::Beta, 0.1));
    }

    #[test]
    fn a_fader_that_comes_from_nowhere_does_not_pass() {
        let mut desk = Desk::at(0.5);
        assert_eq!(desk.fader(0.9), Outcome::Waits(ParamId::Beta), "where it was before is not known");
        assert_eq!(desk.fader(0.2), Outcome::Turns(ParamId::Beta, 0.2));
    }

    #[test]
    fn motor_faders_are_told_and_their_echo_turns_nothing() {
        let mut desk = Desk::at(0.5);
        assert_eq!(desk.mapping.tell(ParamId::Beta, 0.5), [CC]);
        let quantised = (0.5f64 * 127.0).round() / 127.0;
        assert_eq!(desk.fader(quantised), Outcome::Nothing, "it tells what it was told");
        assert_eq!(desk.knob, 0.5);
        assert_eq!(desk.fader(0.8), Outcome::Turns(ParamId::Beta, 0.8), "it is where the knob is");
        assert!(desk.mapping.tell(ParamId::Beta, 0.8).is_empty(), "it has put it there itself");
        // An oscillator changes the parameter; the fader follows and never fights.
        for step in 0..50 {
            desk.knob = 0.5 + 0.3 * f64::from(step).sin();
            for source in desk.mapping.tell(ParamId::Beta, desk.knob) {
                assert_eq!(source, CC);
                let at = (desk.knob * 127.0).round() / 127.0;
                assert_eq!(desk.fader(at), Outcome::Nothing);
            }
        }
        assert!(desk.mapping.tell(ParamId::Alpha, 0.5).is_empty(), "nothing is bound to it");
    }

    #[test]
    fn learning_binds_the_next_controller_and_one_of_a_kind() {
        let mut mapping = Mapping { learning: Some(ParamId::Beta), ..Mapping::default() };
        assert_eq!(mapping.moved(&CC, 0.3, |_| Some(0.3)), Outcome::Learnt(ParamId::Beta));
        assert_eq!(mapping.learning, None);
        let other = Source::Cc { channel: 0, controller: 22 };
        mapping.learning = Some(ParamId::Beta);
        mapping.moved(&other, 0.3, |_| Some(0.3));
        let address = Source::Osc("/1/fader1".into());
        mapping.learning = Some(ParamId::Beta);
        mapping.moved(&address, 0.3, |_| Some(0.3));
        assert_eq!(mapping.bindings.keys().cloned().collect::<Vec<_>>(), [other.clone(), address]);
        // A controller has one parameter.
        mapping.learning = Some(ParamId::Alpha);
        mapping.moved(&other, 0.3, |_| Some(0.3));
        assert_eq!(mapping.bindings.get(&other), Some(&ParamId::Alpha));
        mapping.forget(ParamId::Beta);
        assert_eq!(mapping.bindings.len(), 1);
        assert_eq!(mapping.moved(&CC, 0.3, |_| Some(0.3)), Outcome::Nothing);
        assert_eq!(mapping.moved(&other, 0.3, |_| None), Outcome::Nothing, "the knob has no say");
    }

    #[test]
    fn controllers_have_texts() {
        for text in ["cc:1:21", "cc:16:127", "nrpn:3:16383", "osc:/1/fader1"] {
            assert_eq!(text.parse::<Source>().unwrap().to_string(), text);
        }
        for wrong in ["", "cc:0:1", "cc:17:1", "cc:1:128", "nrpn:1:20000", "osc:fader", "pitch:1:1", "cc:1"] {
            assert!(wrong.parse::<Source>().unwrap_err().contains("cc:CHANNEL:NUMBER"), "{wrong}");
        }
        assert_eq!("cc:1:21".parse(), Ok(CC));
        let bindings: Bindings = [(CC, ParamId::Beta), (Source::Osc("/a".into()), ParamId::Alpha)].into();
        let text = toml::to_string(&bindings).unwrap();
        assert_eq!(toml::from_str::<Bindings>(&text).unwrap(), bindings);
    }

    proptest::proptest! {
        /// A parameter never jumps further than its fader has just moved, plus the take-over distance.
        #[test]
        fn no_knob_jumps(start in 0.0..=1.0f64, moves in proptest::collection::vec(0.0..=1.0f64, 1..40)) {
            let mut desk = Desk::at(start);
            let mut before: Option<f64> = None;
            for place in moves {
                let knob = desk.knob;
                desk.fader(place);
                let went = (desk.knob - knob).abs();
                let travelled = before.map_or(0.0, |before| (place - before).abs());
                proptest::prop_assert!(went <= travelled + 2.0 * NEAR, "{} {} {}", knob, desk.knob, travelled);
                before = Some(place);
            }
        }
    }
}
