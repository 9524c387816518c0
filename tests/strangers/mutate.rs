//! Seeded mutations of files: bytes, pieces, and the numbers and names in texts.

use impasto_base::random::SplitMix64;

/// What stands for a number in a text.
const NUMBERS: [&str; 14] = [
    "0",
    "-1",
    "1",
    "255",
    "65536",
    "4294967295",
    "4294967296",
    "18446744073709551615",
    "1e300",
    "-1e300",
    "1e-320",
    "0.5",
    "NaN",
    "null",
];
/// What is put anywhere.
const PIECES: [&[u8]; 12] = [
    b"\0",
    b"\xff\xff\xff\xff",
    b"\"",
    b"{",
    b"[[[[",
    b"}",
    b",",
    b"\\u202e\\u001b[2J",
    b"../../x",
    b"/dev/zero",
    b"\x7f\xff\xff\xff",
    b"@HOME@/secret.txt",
];

/// A changed copy, of at most `most` bytes, with parts of `other`.
pub fn mutated(random: &mut SplitMix64, seed: &[u8], other: &[u8], most: usize) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..1 + below(random, 4) {
        change(random, &mut bytes, other);
    }
    bytes.truncate(most);
    bytes
}

fn below(random: &mut SplitMix64, count: usize) -> usize {
    (random.next_u64() % count.max(1) as u64) as usize
}

fn change(random: &mut SplitMix64, bytes: &mut Vec<u8>, other: &[u8]) {
    let at = below(random, bytes.len());
    let length = 1 + below(random, 32);
    let end = (at + length).min(bytes.len());
    match below(random, 9) {
        0 if !bytes.is_empty() => bytes[at] ^= 1 << below(random, 8),
        1 if !bytes.is_empty() => bytes[at] = random.next_u64() as u8,
        2 => drop(bytes.drain(at..end)),
        3 => {
            let piece = bytes[at..end].to_vec();
            bytes.splice(at..at, piece);
        }
        4 => drop(bytes.splice(at..at, PIECES[below(random, PIECES.len())].iter().copied())),
        5 => {
            let from = below(random, other.len());
            let piece = other[from..].iter().copied().take(length);
            bytes.splice(at..end, piece.collect::<Vec<u8>>());
        }
        6 => bytes.truncate(at.max(1)),
        _ => number(random, bytes, at),
    }
}

/// Another number in the place of the next one.
fn number(random: &mut SplitMix64, bytes: &mut Vec<u8>, at: usize) {
    let is_part = |byte: &u8| byte.is_ascii_digit() || b".-+eE".contains(byte);
    let Some(start) = bytes[at..].iter().position(u8::is_ascii_digit).map(|start| at + start) else { return };
    let end = bytes[start..].iter().position(|byte| !is_part(byte)).map_or(bytes.len(), |end| start + end);
    bytes.splice(start..end, NUMBERS[below(random, NUMBERS.len())].bytes());
}
