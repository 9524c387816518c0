//! Open Sound Control 1.0, the subset that faders need: messages with numbers, strings and booleans, bundled
//! or single. <https://opensoundcontrol.stanford.edu/spec-1_0.html>

/// Maximum packet size in bytes: a UDP datagram on Ethernet has at most 1472, a mixing desk's snapshot may be
/// larger.
pub const MAX_PACKET: usize = 8192;
/// Maximum nesting depth of bundles.
const MAX_DEPTH: usize = 8;

/// An argument of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Argument {
    Number(f64),
    Text(String),
}

/// A message: an address such as `/impasto/beta` and its arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    pub address: String,
    pub arguments: Vec<Argument>,
}

impl Message {
    /// The first argument, if it is a finite number.
    pub fn number(&self) -> Option<f64> {
        match self.arguments.first() {
            Some(Argument::Number(number)) if number.is_finite() => Some(*number),
            _ => None,
        }
    }

    /// Encode a message with one number.
    pub fn encode(address: &str, number: f32) -> Vec<u8> {
        let mut bytes = Vec::new();
        for text in [address, ",f"] {
            bytes.extend(text.as_bytes());
            // Terminate it with a zero and pad with zeros to a multiple of four.
            bytes.resize((bytes.len() / 4 + 1) * 4, 0);
        }
        bytes.extend(number.to_be_bytes());
        bytes
    }
}

/// The messages of a packet; nothing if any part of it is malformed. Time tags of bundles are ignored:
/// everything applies now.
pub fn decode(packet: &[u8]) -> Option<Vec<Message>> {
    let mut messages = Vec::new();
    if packet.len() > MAX_PACKET {
        return None;
    }
    collect(packet, 0, &mut messages)?;
    Some(messages)
}

fn collect(packet: &[u8], depth: usize, messages: &mut Vec<Message>) -> Option<()> {
    if depth > MAX_DEPTH {
        return None;
    }
    let Some(mut rest) = packet.strip_prefix(b"#bundle\0") else {
        messages.push(message(packet)?);
        return Some(());
    };
    rest = rest.get(8..)?;
    while !rest.is_empty() {
        let (size, behind) = rest.split_first_chunk::<4>()?;
        let size = usize::try_from(u32::from_be_bytes(*size)).ok()?;
        let part = behind.get(..size)?;
        // Reject empty elements: a bundle of them would cost unbounded work.
        if size == 0 || size % 4 != 0 {
            return None;
        }
        collect(part, depth + 1, messages)?;
        rest = &behind[size..];
    }
    Some(())
}

fn message(bytes: &[u8]) -> Option<Message> {
    let (address, rest) = text(bytes)?;
    if !address.starts_with('/') {
        return None;
    }
    // Old senders omit the type tags if there is no argument.
    if rest.is_empty() {
        return Some(Message { address, arguments: Vec::new() });
    }
    let (types, mut rest) = text(rest)?;
    let mut arguments = Vec::new();
    for kind in types.strip_prefix(',')?.bytes() {
        let mut take = |count: usize| -> Option<&[u8]> {
            let (accepted, behind) = rest.split_at_checked(count)?;
            rest = behind;
            Some(accepted)
        };
        let argument = match kind {
            b'f' => Argument::Number(f32::from_be_bytes(take(4)?.try_into().ok()?).into()),
            b'i' => Argument::Number(i32::from_be_bytes(take(4)?.try_into().ok()?).into()),
            b'd' => Argument::Number(f64::from_be_bytes(take(8)?.try_into().ok()?)),
            b'h' => Argument::Number(i64::from_be_bytes(take(8)?.try_into().ok()?) as f64),
            b'T' => Argument::Number(1.0),
            b'F' => Argument::Number(0.0),
            b's' | b'S' => {
                let (argument, behind) = text(rest)?;
                rest = behind;
                Argument::Text(argument)
            }
            // Not usable as a parameter's value.
            b'N' | b'I' => continue,
            b't' => {
                take(8)?;
                continue;
            }
            _ => return None,
        };
        arguments.push(argument);
    }
    Some(Message { address, arguments })
}

/// A string up to its zero, and the rest after its padding.
fn text(bytes: &[u8]) -> Option<(String, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == 0)?;
    let whole = (end / 4 + 1) * 4;
    let text = std::str::from_utf8(&bytes[..end]).ok()?;
    Some((text.to_owned(), bytes.get(whole..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle(parts: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = b"#bundle\0\0\0\0\0\0\0\0\x01".to_vec();
        for part in parts {
            bytes.extend((part.len() as u32).to_be_bytes());
            bytes.extend(part);
        }
        bytes
    }

    #[test]
    fn the_examples_of_the_specification_are_read() {
        let packet = b"/oscillator/4/frequency\0,f\0\0\x43\xdc\0\0";
        let expected =
            Message { address: "/oscillator/4/frequency".into(), arguments: vec![Argument::Number(440.0)] };
        assert_eq!(decode(packet), Some(vec![expected]));
        assert_eq!(Message::encode("/oscillator/4/frequency", 440.0), packet);
        let packet =
            b"/foo\0\0\0\0,iisff\0\0\0\0\x03\xe8\xff\xff\xff\xffhello\0\0\0\x3f\x9d\xf3\xb6\x40\xb5\xb2\x2d";
        let found = decode(packet).unwrap().remove(0);
        assert_eq!(
            found.arguments[..3],
            [Argument::Number(1000.0), Argument::Number(-1.0), Argument::Text("hello".into())]
        );
        assert_eq!(found.arguments[4], Argument::Number(f64::from(5.678f32)));
    }

    #[test]
    fn bundles_give_all_their_messages_and_one_bad_part_spoils_it() {
        let one = Message::encode("/impasto/beta", 0.5);
        let packet = bundle(&[one.clone(), bundle(&[Message::encode("/impasto/alpha", 1.0)])]);
        let found = decode(&packet).unwrap();
        let found_numbers: Vec<_> = found.iter().map(|m| (m.address.as_str(), m.number())).collect();
        assert_eq!(found_numbers, [("/impasto/beta", Some(0.5)), ("/impasto/alpha", Some(1.0))]);
        assert_eq!(decode(&bundle(&[one.clone(), b"nothing\0".to_vec()])), None);
        let mut deep = one;
        for _ in 0..20 {
            deep = bundle(&[deep]);
        }
        assert_eq!(decode(&deep), None, "too deep");
    }

    #[test]
    fn malformed_packets_are_refused() {
        for packet in [
            &b""[..],
            b"/a",
            b"/a\0\0,f\0\0",
            b"/a\0\0,f\0\0\0\0",
            b"a\0\0\0",
            b"/a\0\0,q\0\0",
            b"/a\0\0,s\0\0abcd",
            b"/\xff\0\0",
            b"#bundle\0",
            b"#bundle\0\0\0\0\0\0\0\0\x01\0\0\0\0",
            b"#bundle\0\0\0\0\0\0\0\0\x01\xff\xff\xff\xff",
            &[b'/'; MAX_PACKET + 4],
        ] {
            assert_eq!(decode(packet), None, "{packet:?}");
        }
        assert_eq!(decode(b"/a\0\0").unwrap()[0].number(), None);
        assert_eq!(decode(b"/a\0\0,T\0\0").unwrap()[0].number(), Some(1.0));
        let nan = Message::encode("/a", f32::NAN);
        assert_eq!(decode(&nan).unwrap()[0].number(), None);
    }

    proptest::proptest! {
        #[test]
        fn random_packets_do_no_harm(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = decode(&bytes);
            let _ = decode(&bundle(&[bytes.clone(), bytes]));
        }

        #[test]
        fn encoded_messages_are_decoded(address in "/[ -~]{0,40}", number in proptest::num::f32::NORMAL) {
            let found = decode(&Message::encode(&address, number)).unwrap();
            proptest::prop_assert_eq!(found.len(), 1);
            proptest::prop_assert_eq!(&found[0].address, &address);
            proptest::prop_assert_eq!(found[0].number(), Some(f64::from(number)));
        }
    }
}
