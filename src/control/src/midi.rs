//! MIDI control changes, read and written: seven bits, and fourteen by non-registered parameter numbers
//! (NRPN). Of notes the velocity is read.

use super::mapping::Controller;

/// Controller numbers with a special meaning: data entry, and the parameter number that it applies to.
const DATA: u8 = 6;
const DATA_LOW: u8 = 38;
const NRPN_LOW: u8 = 98;
const NRPN_HIGH: u8 = 99;
const RPN: [u8; 2] = [100, 101];

/// A channel's selected parameter for data entry.
#[derive(Clone, Copy, Debug, Default)]
struct Parameter {
    high: Option<u8>,
    low: Option<u8>,
    data: u8,
}

/// Reads the messages of one port.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    channels: [Parameter; 16],
}

impl Reader {
    /// A message's controller and its position, 0 to 1; of a note its velocity. `None` for anything but
    /// control changes and note-ons, and for those that only prepare the next.
    pub fn read(&mut self, message: &[u8]) -> Option<(Controller, f64)> {
        let &[status, controller, value] = message else { return None };
        if controller > 127 || value > 127 {
            return None;
        }
        let channel = status & 0x0f;
        match status & 0xf0 {
            0xb0 => {}
            // With a velocity of 0 it is a note's end.
            0x90 if value > 0 => {
                return Some((Controller::Note { channel, key: controller }, f64::from(value) / 127.0));
            }
            _ => return None,
        }
        let parameter = &mut self.channels[usize::from(channel)];
        match controller {
            NRPN_HIGH => {
                *parameter = Parameter { high: Some(value), low: parameter.low, data: 0 };
                return None;
            }
            NRPN_LOW => {
                *parameter = Parameter { low: Some(value), high: parameter.high, data: 0 };
                return None;
            }
            // Registered parameters belong to the instrument: ignore their data.
            _ if RPN.contains(&controller) => {
                *parameter = Parameter::default();
                return None;
            }
            _ => {}
        }
        if let (DATA | DATA_LOW, Some(high), Some(low)) = (controller, parameter.high, parameter.low) {
            let number = u16::from(high) << 7 | u16::from(low);
            let fine = controller == DATA_LOW;
            if !fine {
                parameter.data = value;
            }
            let low = if fine { value } else { 0 };
            let place = match (parameter.data, fine) {
                // A seven-bit device must reach the maximum.
                (data, false) => f64::from(data) / 127.0,
                (data, true) => f64::from(u16::from(data) << 7 | u16::from(low)) / 16383.0,
            };
            return Some((Controller::Nrpn { channel, number }, place));
        }
        Some((Controller::Cc { channel, controller }, f64::from(value) / 127.0))
    }
}

/// The messages that set a controller to a position, 0 to 1; none if it isn't one of MIDI that has a
/// position.
pub fn write(source: &Controller, place: f64) -> Vec<[u8; 3]> {
    let place = place.clamp(0.0, 1.0);
    match *source {
        Controller::Cc { channel, controller } => {
            vec![[0xb0 | channel & 0x0f, controller & 0x7f, (place * 127.0).round() as u8]]
        }
        Controller::Nrpn { channel, number } => {
            let value = (place * 16383.0).round() as u16;
            let low = |bits: u16| (bits & 0x7f) as u8;
            [
                (NRPN_HIGH, low(number >> 7)),
                (NRPN_LOW, low(number)),
                (DATA, low(value >> 7)),
                (DATA_LOW, low(value)),
            ]
            .map(|(controller, value)| [0xb0 | channel & 0x0f, controller, value])
            .into()
        }
        Controller::Note { .. } | Controller::Osc(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_changes_and_notes_are_read_and_everything_else_is_not() {
        let mut reader = Reader::default();
        let cc = |channel, controller| Controller::Cc { channel, controller };
        assert_eq!(reader.read(&[0xb0, 21, 127]), Some((cc(0, 21), 1.0)));
        assert_eq!(reader.read(&[0xbf, 7, 0]), Some((cc(15, 7), 0.0)));
        // Data entry without a parameter is an ordinary controller.
        assert_eq!(reader.read(&[0xb0, 6, 127]), Some((cc(0, 6), 1.0)));
        assert_eq!(reader.read(&[0x93, 60, 127]), Some((Controller::Note { channel: 3, key: 60 }, 1.0)));
        for other in [
            &[0x93, 60, 0][..],
            &[0x83, 60, 100],
            &[0x93, 60, 200],
            &[0xe0, 1, 2],
            &[0xf8],
            &[],
            &[0xb0, 21],
            &[0xb0, 21, 200],
            &[0xf0, 1, 2, 0xf7],
        ] {
            assert_eq!(reader.read(other), None, "{other:?}");
        }
    }

    #[test]
    fn parameters_of_fourteen_bits_are_put_together_by_channel() {
        let mut reader = Reader::default();
        for message in [[0xb2, 99, 2], [0xb2, 98, 44], [0xb3, 99, 1]] {
            assert_eq!(reader.read(&message), None);
        }
        let source = Controller::Nrpn { channel: 2, number: 300 };
        assert_eq!(reader.read(&[0xb2, 6, 127]), Some((source.clone(), 1.0)));
        assert_eq!(reader.read(&[0xb2, 38, 127]), Some((source.clone(), 1.0)));
        reader.read(&[0xb2, 6, 64]);
        assert_eq!(reader.read(&[0xb2, 38, 1]), Some((source, f64::from(64 * 128 + 1) / 16383.0)));
        // Selecting a registered parameter ends it.
        assert_eq!(reader.read(&[0xb2, 101, 0]), None);
        assert_eq!(reader.read(&[0xb2, 6, 0]), Some((Controller::Cc { channel: 2, controller: 6 }, 0.0)));
    }

    #[test]
    fn written_messages_are_read_back() {
        for (source, steps) in [
            (Controller::Cc { channel: 3, controller: 40 }, 127.0),
            (Controller::Nrpn { channel: 9, number: 12_345 }, 16383.0),
        ] {
            for place in [0.0, 0.123, 0.5, 0.999, 1.0] {
                let mut reader = Reader::default();
                let read = write(&source, place).iter().filter_map(|message| reader.read(message)).last();
                let (found, at) = read.unwrap();
                assert_eq!(found, source);
                assert!((at - place).abs() <= 0.5 / steps, "{source} {place} {at}");
            }
        }
        for other in [Controller::Note { channel: 0, key: 60 }, Controller::Osc("/a".into())] {
            assert!(write(&other, 0.5).is_empty(), "{other}");
        }
    }
}
