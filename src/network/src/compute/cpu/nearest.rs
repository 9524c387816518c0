//! The nearest rows of two matrices, to each other and both ways, by their scalar products. The products are
//! looked at block by block; the whole matrix of them is never in memory.

use rayon::prelude::*;

use super::{
    isa::Isa,
    kernel::{Packed, pack, padded},
};

/// Queries of a block, whose products with some thousand samples stay in the core's cache.
const BLOCK: usize = 48;
/// Tasks that split the queries. Their number is fixed, so that memory is bounded.
const TASKS: usize = 16;

/// What [`nearest`] finds. Among equal products the first wins.
pub struct Nearest {
    /// The sample with the largest product with each query, and that product.
    pub samples: Vec<(u32, f32)>,
    /// The query with the largest product with each sample, and that product.
    pub queries: Vec<(u32, f32)>,
    /// Each query's product with its former sample; −∞ without one.
    pub former: Vec<f32>,
}

/// What a task has found.
struct Part {
    samples: Vec<(u32, f32)>,
    former: Vec<f32>,
    /// For each sample the largest product so far, and its query.
    products: Vec<f32>,
    queries: Vec<u32>,
}

/// Compare queries `[P, C]` with samples `[Q, C]`, and each query with its `former` sample `[P]`, if any. On
/// unit vectors the products are cosines. Does 2·P·Q·C operations.
///
/// # Panics
///
/// If there is no sample, a former one does not exist, or a length differs.
pub fn nearest(queries: &[f32], samples: &[f32], channels: usize, former: &[Option<u32>]) -> Nearest {
    let isa = Isa::detected();
    let columns = samples.len() / channels;
    assert!(columns > 0 && samples.len() == columns * channels, "whole samples");
    assert_eq!(queries.len(), former.len() * channels, "a former sample or none for each query");
    let values = pack(isa, channels, columns, |k, n| samples[n * channels + k]);
    let packed = Packed { isa, values: &values, depth: channels, columns };
    let task = former.len().div_ceil(TASKS).max(1).next_multiple_of(BLOCK);
    let parts: Vec<Part> = queries
        .par_chunks(task * channels)
        .zip(former.par_chunks(task))
        .enumerate()
        .map(|(index, (queries, former))| part(packed, queries, former, index * task))
        .collect();
    let mut found =
        Nearest { samples: Vec::new(), queries: vec![(0, f32::NEG_INFINITY); columns], former: Vec::new() };
    for part in parts {
        found.samples.extend(part.samples);
        found.former.extend(part.former);
        for (best, (query, product)) in found.queries.iter_mut().zip(part.queries.iter().zip(part.products)) {
            if product > best.1 {
                *best = (*query, product);
            }
        }
    }
    found
}

/// Compare the queries of a task, of which the first has the number `first`.
fn part(samples: Packed, queries: &[f32], former: &[Option<u32>], first: usize) -> Part {
    let (channels, columns) = (samples.depth, samples.columns);
    let stride = padded(samples.isa, columns);
    let mut part = Part {
        samples: Vec::with_capacity(former.len()),
        former: Vec::with_capacity(former.len()),
        products: vec![f32::NEG_INFINITY; columns],
        queries: vec![0; columns],
    };
    let mut products = vec![0.0; BLOCK * stride];
    let blocks = queries.chunks(BLOCK * channels).zip(former.chunks(BLOCK));
    for (block, (queries, former)) in blocks.enumerate() {
        samples.multiply(queries, former.len(), &mut products);
        for (row, (products, former)) in products.chunks_exact(stride).zip(former).enumerate() {
            let products = &products[..columns];
            part.samples.push(largest(products));
            part.former.push(former.map_or(f32::NEG_INFINITY, |former| products[former as usize]));
            let query = (first + block * BLOCK + row) as u32;
            for ((best, at), &product) in part.products.iter_mut().zip(&mut part.queries).zip(products) {
                let better = product > *best;
                *best = if better { product } else { *best };
                *at = if better { query } else { *at };
            }
        }
    }
    part
}

/// The place of the largest value, and the value: sixteen maxima at once, which vectorises.
fn largest(values: &[f32]) -> (u32, f32) {
    let larger = |a: f32, b: f32| if b > a { b } else { a };
    let mut most = [f32::NEG_INFINITY; 16];
    let (whole, rest) = values.as_chunks::<16>();
    for chunk in whole {
        for (most, value) in most.iter_mut().zip(chunk) {
            *most = larger(*most, *value);
        }
    }
    let most = most.into_iter().chain(rest.iter().copied()).fold(f32::NEG_INFINITY, larger);
    (values.iter().position(|value| *value == most).unwrap_or(0) as u32, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(count: usize, salt: usize) -> Vec<f32> {
        (0..count)
            .map(|i| ((i + 97 * salt).wrapping_mul(2_654_435_761) >> 8 & 0xffff) as f32 / 32768.0 - 1.0)
            .collect()
    }

    #[test]
    fn both_ways_are_found_in_matrices_of_every_shape() {
        for (count, columns, channels) in [(1, 1, 3), (49, 5, 8), (800, 130, 16), (1700, 33, 7)] {
            let (queries, samples) = (values(count * channels, 1), values(columns * channels, 2));
            let former: Vec<Option<u32>> =
                (0..count).map(|i| (i % 3 > 0).then_some((i * 7 % columns) as u32)).collect();
            let found = nearest(&queries, &samples, channels, &former);
            let product = |query: usize, sample: usize| -> f64 {
                let rows = queries[query * channels..].iter().zip(&samples[sample * channels..]);
                rows.take(channels).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
            };
            assert_eq!((found.samples.len(), found.queries.len()), (count, columns));
            for (query, &(sample, value)) in found.samples.iter().enumerate() {
                let most = (0..columns).map(|sample| product(query, sample)).fold(f64::MIN, f64::max);
                assert!((product(query, sample as usize) - most).abs() < 1e-5, "{query} of {count}");
                assert!((f64::from(value) - most).abs() < 1e-5, "{query} of {count}");
                match former[query] {
                    Some(sample) => {
                        let own = product(query, sample as usize);
                        assert!((f64::from(found.former[query]) - own).abs() < 1e-5);
                    }
                    None => assert_eq!(found.former[query], f32::NEG_INFINITY),
                }
            }
            for (sample, &(query, value)) in found.queries.iter().enumerate() {
                let most = (0..count).map(|query| product(query, sample)).fold(f64::MIN, f64::max);
                assert!((product(query as usize, sample) - most).abs() < 1e-5, "{sample} of {columns}");
                assert!((f64::from(value) - most).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn of_equal_ones_the_first_is_found_and_what_is_no_number_does_no_harm() {
        let queries = [1.0, 0.0, 1.0, 0.0];
        let found = nearest(&queries, &[0.0, 1.0, 0.5, 0.0, 0.5, 0.0], 2, &[None; 2]);
        assert_eq!(
            (found.samples, found.queries[1], found.queries[2]),
            (vec![(1, 0.5); 2], (0, 0.5), (0, 0.5))
        );
        let found = nearest(&[f32::NAN; 4], &queries, 2, &[Some(1), None]);
        assert_eq!(found.samples.iter().map(|&(sample, _)| sample).collect::<Vec<_>>(), [0, 0]);
    }
}
