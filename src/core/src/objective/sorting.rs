//! Values with their positions, sorted by value in their total order.

/// Bits of a digit: three of them are a value.
const BITS: u32 = 11;
const DIGITS: usize = 3;
const SIZE: usize = 1 << BITS;

/// Sort by digits, which takes a quarter of the time of comparisons. Equal values keep their order.
pub fn sorted(values: &[f32]) -> Vec<(f32, u32)> {
    let mut from: Vec<(u32, u32)> = values.iter().map(|&value| key(value)).zip(0..).collect();
    let mut places = [[0_u32; SIZE]; DIGITS];
    for &(key, _) in &from {
        places.iter_mut().enumerate().for_each(|(at, places)| places[digit(key, at)] += 1);
    }
    let mut to = vec![(0, 0); from.len()];
    for (at, places) in places.iter_mut().enumerate() {
        let mut before = 0;
        for place in places.iter_mut() {
            before += std::mem::replace(place, before);
        }
        for &pair in &from {
            let place = &mut places[digit(pair.0, at)];
            to[*place as usize] = pair;
            *place += 1;
        }
        std::mem::swap(&mut from, &mut to);
    }
    from.into_iter().map(|(key, position)| (value(key), position)).collect()
}

/// The same by comparisons, which leaves equal values in an order of its own. Where positions have weights
/// the last bits depend on that order, and recipes repeat them.
pub fn sorted_by_comparison(values: impl Iterator<Item = f32>) -> Vec<(f32, u32)> {
    let mut pairs: Vec<(f32, u32)> = values.zip(0..).collect();
    pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    pairs
}

fn digit(key: u32, at: usize) -> usize {
    (key >> (BITS * at as u32)) as usize & (SIZE - 1)
}

/// A number in the order of the values: those with a sign are turned around and come first.
fn key(value: f32) -> u32 {
    let bits = value.to_bits();
    if bits >> 31 == 0 { bits | 1 << 31 } else { !bits }
}

fn value(key: u32) -> f32 {
    f32::from_bits(if key >> 31 == 0 { !key } else { key & !(1 << 31) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn digits_and_comparisons_agree(bits in prop::collection::vec(any::<u32>(), 0..300)) {
            // Few different ones too, and both zeros.
            for few in [u32::MAX, 0x8000_0007] {
                let values: Vec<f32> = bits.iter().map(|bits| f32::from_bits(bits & few)).collect();
                let found = sorted(&values);
                let compared = sorted_by_comparison(values.iter().copied());
                let of = |pairs: &[(f32, u32)]| pairs.iter().map(|pair| pair.0.to_bits()).collect::<Vec<_>>();
                prop_assert_eq!(of(&found), of(&compared));
                for (value, position) in &found {
                    prop_assert_eq!(value.to_bits(), values[*position as usize].to_bits());
                }
                let in_order = |pair: &[(f32, u32)]| {
                    pair[0].0.to_bits() != pair[1].0.to_bits() || pair[0].1 < pair[1].1
                };
                prop_assert!(found.windows(2).all(in_order));
            }
        }
    }
}
