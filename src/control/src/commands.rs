//! Meaning of OSC messages, by their addresses below `/impasto`.

use super::{
    mapping::MAX_ADDRESS_LENGTH,
    osc::{Argument, Message},
};
use impasto_core::settings::ParamName;

/// Prefix of this program's addresses.
pub const ROOT: &str = "/impasto/";

/// A parameter's new value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ParamInput {
    /// A position in its range, 0 to 1.
    Position(f64),
    /// A value in the setting's own unit.
    Value(f64),
}

/// A one-time command.
#[derive(Clone, Debug, PartialEq)]
pub enum RemoteCommand {
    Play,
    Pause,
    Restart,
    SaveMoment,
    Preset(String),
}

/// A message's meaning.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// A parameter; a region's name may be unknown.
    Param(ParamName, ParamInput),
    Command(RemoteCommand),
    /// An address outside the prefix, with its number: a controller that may be bound to a parameter.
    Foreign(String, f64),
}

/// Parse a message; `None` if it is unknown.
///
/// A button sends 1 when pressed and 0 when released: commands are executed if the first argument is not 0.
pub fn parse(message: &Message) -> Option<Request> {
    let Some(rest) = message.address.strip_prefix(ROOT) else {
        let bindable = message.address.len() <= MAX_ADDRESS_LENGTH;
        return bindable
            .then(|| Some(Request::Foreign(message.address.clone(), message.number()?)))
            .flatten();
    };
    let pressed = message.number() != Some(0.0);
    let command = match rest {
        "play" => Some(RemoteCommand::Play),
        "pause" => Some(RemoteCommand::Pause),
        "restart" => Some(RemoteCommand::Restart),
        "save_moment" => Some(RemoteCommand::SaveMoment),
        "preset" => match message.arguments.first() {
            Some(Argument::Text(name)) => return Some(Request::Command(RemoteCommand::Preset(name.clone()))),
            _ => return None,
        },
        _ => None,
    };
    if let Some(command) = command {
        return pressed.then_some(Request::Command(command));
    }
    let number = message.number()?;
    let value = rest.strip_suffix("/value").map(|name| (name, ParamInput::Value(number)));
    let position = (rest, ParamInput::Position(number.clamp(0.0, 1.0)));
    let request = |(name, input): (&str, ParamInput)| Some(Request::Param(name.parse().ok()?, input));
    value.into_iter().chain([position]).find_map(request)
}

/// The address for a parameter's feedback.
pub fn address(param: &ParamName) -> String {
    format!("{ROOT}{param}")
}

#[cfg(test)]
mod tests {
    use impasto_core::settings::ParamId;

    use super::*;

    fn ask(address: &str, arguments: &[Argument]) -> Option<Request> {
        parse(&Message { address: address.to_owned(), arguments: arguments.to_vec() })
    }

    #[test]
    fn addresses_name_parameters_and_commands() {
        let number = |number| [Argument::Number(number)];
        let layer: ParamName = "style/relu3_1".parse().unwrap();
        assert_eq!(
            ask("/impasto/style/relu3_1", &number(0.5)),
            Some(Request::Param(layer.clone(), ParamInput::Position(0.5)))
        );
        assert_eq!(
            ask("/impasto/beta", &number(7.0)),
            Some(Request::Param(ParamId::Beta.into(), ParamInput::Position(1.0)))
        );
        assert_eq!(
            ask("/impasto/beta/value", &number(7.0)),
            Some(Request::Param(ParamId::Beta.into(), ParamInput::Value(7.0)))
        );
        assert_eq!(address(&layer), "/impasto/style/relu3_1");
        let sky = |input| Some(Request::Param(ParamName::Region("sky".into()), input));
        assert_eq!(ask("/impasto/region/sky/strength", &number(0.5)), sky(ParamInput::Position(0.5)));
        assert_eq!(ask("/impasto/region/sky/strength/value", &number(2.0)), sky(ParamInput::Value(2.0)));
        assert_eq!(address(&ParamName::Region("sky".into())), "/impasto/region/sky/strength");
        let first = ParamId::RegionStrength(0);
        assert_eq!(
            ask("/impasto/region/1/strength/value", &number(2.0)),
            Some(Request::Param(first.into(), ParamInput::Value(2.0)))
        );
        assert_eq!(ask("/impasto/play", &[]), Some(Request::Command(RemoteCommand::Play)));
        assert_eq!(ask("/impasto/restart", &number(1.0)), Some(Request::Command(RemoteCommand::Restart)));
        assert_eq!(ask("/impasto/pause", &number(0.0)), None, "a button that is let go");
        assert_eq!(
            ask("/impasto/save_moment", &number(1.0)),
            Some(Request::Command(RemoteCommand::SaveMoment))
        );
        assert_eq!(ask("/impasto/save_moment", &number(0.0)), None);
        let name = [Argument::Text("Bold strokes".into())];
        assert_eq!(
            ask("/impasto/preset", &name),
            Some(Request::Command(RemoteCommand::Preset("Bold strokes".into())))
        );
        assert_eq!(ask("/1/fader3", &number(0.25)), Some(Request::Foreign("/1/fader3".into(), 0.25)));
        for address in [
            "/impasto/gamma",
            "/impasto/",
            "/impasto/style/relu9_1",
            "/impasto/region//strength",
            "/impasto/preset",
            "/1/label",
        ] {
            assert_eq!(ask(address, &[]), None, "{address}");
        }
        assert_eq!(ask("/impasto/beta", &[Argument::Text("much".into())]), None);
    }
}
