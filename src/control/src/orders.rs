//! Meaning of OSC messages, by their addresses below `/impasto`.

use super::{
    mapping::LONGEST,
    message::{Argument, Message},
};
use impasto_core::settings::ParamId;

/// Prefix of this program's addresses.
pub const ROOT: &str = "/impasto/";

/// A parameter's new value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Aim {
    /// A position in its range, 0 to 1.
    Place(f64),
    /// A value in the setting's own unit.
    Value(f64),
}

/// A one-time command.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    Play,
    Pause,
    Restart,
    SaveMoment,
    Preset(String),
}

/// A message's meaning.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    Param(ParamId, Aim),
    Order(Order),
    /// An address outside the prefix, with its number: a controller that may be bound to a parameter.
    Foreign(String, f64),
}

/// Parse a message; `None` if it is unknown.
///
/// A button sends 1 when pressed and 0 when released: commands are executed if the first argument is not 0.
pub fn asked(message: &Message) -> Option<Asked> {
    let Some(rest) = message.address.strip_prefix(ROOT) else {
        let bindable = message.address.len() <= LONGEST;
        return bindable.then(|| Some(Asked::Foreign(message.address.clone(), message.number()?))).flatten();
    };
    let pressed = message.number() != Some(0.0);
    let order = match rest {
        "play" => Some(Order::Play),
        "pause" => Some(Order::Pause),
        "restart" => Some(Order::Restart),
        "save_moment" => Some(Order::SaveMoment),
        "preset" => match message.arguments.first() {
            Some(Argument::Text(name)) => return Some(Asked::Order(Order::Preset(name.clone()))),
            _ => return None,
        },
        _ => None,
    };
    if let Some(order) = order {
        return pressed.then_some(Asked::Order(order));
    }
    let number = message.number()?;
    match rest.strip_suffix("/value").and_then(|id| id.parse().ok()) {
        Some(knob) => Some(Asked::Param(knob, Aim::Value(number))),
        None => Some(Asked::Param(rest.parse().ok()?, Aim::Place(number.clamp(0.0, 1.0)))),
    }
}

/// The address for a parameter's feedback.
pub fn address(knob: ParamId) -> String {
    format!("{ROOT}{knob}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(address: &str, arguments: &[Argument]) -> Option<Asked> {
        asked(&Message { address: address.to_owned(), arguments: arguments.to_vec() })
    }

    #[test]
    fn addresses_name_knobs_and_orders() {
        let number = |number| [Argument::Number(number)];
        let layer = "style/relu3_1".parse().unwrap();
        assert_eq!(ask("/impasto/style/relu3_1", &number(0.5)), Some(Asked::Param(layer, Aim::Place(0.5))));
        assert_eq!(ask("/impasto/beta", &number(7.0)), Some(Asked::Param(ParamId::Beta, Aim::Place(1.0))));
        assert_eq!(
            ask("/impasto/beta/value", &number(7.0)),
            Some(Asked::Param(ParamId::Beta, Aim::Value(7.0)))
        );
        assert_eq!(address(layer), "/impasto/style/relu3_1");
        assert_eq!(ask("/impasto/play", &[]), Some(Asked::Order(Order::Play)));
        assert_eq!(ask("/impasto/restart", &number(1.0)), Some(Asked::Order(Order::Restart)));
        assert_eq!(ask("/impasto/pause", &number(0.0)), None, "a button that is let go");
        assert_eq!(ask("/impasto/save_moment", &number(1.0)), Some(Asked::Order(Order::SaveMoment)));
        assert_eq!(ask("/impasto/save_moment", &number(0.0)), None);
        let name = [Argument::Text("Bold strokes".into())];
        assert_eq!(ask("/impasto/preset", &name), Some(Asked::Order(Order::Preset("Bold strokes".into()))));
        assert_eq!(ask("/1/fader3", &number(0.25)), Some(Asked::Foreign("/1/fader3".into(), 0.25)));
        for address in
            ["/impasto/gamma", "/impasto/", "/impasto/style/relu9_1", "/impasto/preset", "/1/label"]
        {
            assert_eq!(ask(address, &[]), None, "{address}");
        }
        assert_eq!(ask("/impasto/beta", &[Argument::Text("much".into())]), None);
    }
}
