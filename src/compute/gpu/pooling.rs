//! 2×2 maximum pooling with stride 2; incomplete windows are dropped.

use cubecl::prelude::*;

use super::convolution::Quad;

/// `[H, W, quads]` to `[H/2, W/2, quads]`. One thread per result.
#[cube(launch_unchecked)]
pub fn pool(input: &[Quad], output: &mut [Quad], height: u32, width: u32, quads: u32) {
    let quads = quads as usize;
    let width = width as usize;
    let across = width / 2;
    let at = ABSOLUTE_POS;
    let quad = at % quads;
    let window = at / quads;
    let y = window / across;
    let x = window % across;
    if y < height as usize / 2 {
        let from = (2 * y * width + 2 * x) * quads + quad;
        let upper = max(input[from], input[from + quads]);
        let lower = max(input[from + width * quads], input[from + (width + 1) * quads]);
        output[at] = max(upper, lower);
    }
}

/// The gradient with respect to the pooling's `input`: each window's goes to the first of its largest values where that is
/// positive. One thread per window, incomplete ones included: they get zeros.
#[cube(launch_unchecked)]
pub fn unpool(input: &[Quad], gradient: &[Quad], output: &mut [Quad], height: u32, width: u32, quads: u32) {
    let quads = quads as usize;
    let width = width as usize;
    let height = height as usize;
    let across = width.div_ceil(2);
    let at = ABSOLUTE_POS;
    let quad = at % quads;
    let window = at / quads;
    let y = window / across;
    let x = window % across;
    if y < height.div_ceil(2) {
        let zero = Quad::new(0.0f32);
        let from = (2 * y * width + 2 * x) * quads + quad;
        let right = 2 * x + 1 < width;
        let below = 2 * y + 1 < height;
        if right && below {
            let a = input[from];
            let b = input[from + quads];
            let c = input[from + width * quads];
            let d = input[from + (width + 1) * quads];
            let largest = max(max(a, b), max(c, d));
            let above = gradient[(y * (width / 2) + x) * quads + quad];
            let mut rest = select_many(largest.greater_than(&zero), above, zero);
            let is_a = a.equal(&largest);
            output[from] = select_many(is_a, rest, zero);
            rest = select_many(is_a, zero, rest);
            let is_b = b.equal(&largest);
            output[from + quads] = select_many(is_b, rest, zero);
            rest = select_many(is_b, zero, rest);
            let is_c = c.equal(&largest);
            output[from + width * quads] = select_many(is_c, rest, zero);
            output[from + (width + 1) * quads] = select_many(is_c, zero, rest);
        } else {
            output[from] = zero;
            if right {
                output[from + quads] = zero;
            }
            if below {
                output[from + width * quads] = zero;
            }
        }
    }
}
