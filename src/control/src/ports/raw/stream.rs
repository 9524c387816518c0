//! Splits a device's bytes into messages.

/// The message that is being received.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stream {
    /// The last channel message's status byte, which the following ones may leave out (running status).
    status: Option<u8>,
    /// The first of two data bytes.
    first: Option<u8>,
}

impl Stream {
    /// Parse bytes that follow those of the last call, and give `on_message` every complete channel message,
    /// its status byte first. System messages are skipped: SysEx, time code, and the clock.
    pub fn read(&mut self, bytes: &[u8], mut on_message: impl FnMut(&[u8])) {
        for &byte in bytes {
            match byte {
                // System real-time messages may stand between any two bytes of another message.
                0xf8.. => {}
                // Other system messages end running status. Data bytes without a status are skipped.
                0xf0..=0xf7 => *self = Self::default(),
                0x80..=0xef => *self = Self { status: Some(byte), first: None },
                _ => {
                    let Some(status) = self.status else { continue };
                    let has_one_data_byte = matches!(status & 0xf0, 0xc0 | 0xd0);
                    match self.first.take() {
                        None if has_one_data_byte => on_message(&[status, byte]),
                        None => self.first = Some(byte),
                        Some(first) => on_message(&[status, first, byte]),
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::any, prop_assert, prop_assert_eq, sample::Index};

    use super::*;

    /// The messages of bytes that come in these parts.
    fn messages<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Vec<Vec<u8>> {
        let mut stream = Stream::default();
        let mut all = Vec::new();
        for part in parts {
            stream.read(part, |message| all.push(message.to_vec()));
        }
        all
    }

    #[test]
    fn status_runs_on_and_system_messages_are_skipped() {
        let bytes = [
            &[0xb0, 21, 64, 21, 65][..],
            // The clock and active sensing within a message.
            &[22, 0xf8, 0xfe, 1],
            // One data byte each.
            &[0xc3, 5, 6, 0xd4, 7],
            // SysEx, with the clock in it, and what is left of it when its end is lost.
            &[0xf0, 1, 2, 0xf8, 3, 0xf7, 9, 9, 0xf0, 4, 0x93, 60, 100],
            // A quarter frame of time code ends running status.
            &[0xf1, 33, 61, 101],
            // A message that is broken off.
            &[0xb0, 7, 0xb1, 8, 9],
        ]
        .concat();
        let expected: [&[u8]; 8] = [
            &[0xb0, 21, 64],
            &[0xb0, 21, 65],
            &[0xb0, 22, 1],
            &[0xc3, 5],
            &[0xc3, 6],
            &[0xd4, 7],
            &[0x93, 60, 100],
            &[0xb1, 8, 9],
        ];
        assert_eq!(messages([&bytes[..]]), expected);
    }

    proptest::proptest! {
        /// Bytes of any kind give whole messages, the same ones wherever a read ends.
        #[test]
        fn where_reads_end_makes_no_difference(
            bytes in vec(any::<u8>(), 0..300),
            cuts in vec(any::<Index>(), 0..20),
        ) {
            let whole = messages([&bytes[..]]);
            for message in &whole {
                let length = if matches!(message[0] & 0xf0, 0xc0 | 0xd0) { 2 } else { 3 };
                prop_assert_eq!(message.len(), length);
                prop_assert!((0x80..0xf0).contains(&message[0]) && message[1..].iter().all(|byte| *byte < 0x80));
            }
            prop_assert_eq!(&messages(bytes.chunks(1)), &whole);
            let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            ends.extend([0, bytes.len()]);
            ends.sort_unstable();
            prop_assert_eq!(&messages(ends.windows(2).map(|part| &bytes[part[0]..part[1]])), &whole);
        }

        /// Whatever is sent comes out again, with running status or without, and with the clock in between.
        #[test]
        fn messages_come_out_as_they_were_sent(
            sent in vec((0x80..0xf0u8, 0..0x80u8, 0..0x80u8, any::<bool>()), 0..60),
            clocks in vec(0..4usize, 1..50),
        ) {
            let mut expected = Vec::new();
            let mut bytes = Vec::new();
            let mut clocks = clocks.iter().cycle();
            let mut running = None;
            for (status, first, second, repeats) in sent {
                let mut message = vec![status, first];
                if !matches!(status & 0xf0, 0xc0 | 0xd0) {
                    message.push(second);
                }
                let from = usize::from(!repeats && running == Some(status));
                for byte in &message[from..] {
                    bytes.extend(std::iter::repeat_n(0xf8, *clocks.next().unwrap()));
                    bytes.push(*byte);
                }
                running = Some(status);
                expected.push(message);
            }
            prop_assert_eq!(messages([&bytes[..]]), expected);
        }
    }
}
