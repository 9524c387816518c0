//! Squared differences of neighbouring pixels and their gradient, in one pass over the picture.

use burn::tensor::Tensor;
use cubecl::prelude::*;

use super::{
    features::{Queue, argument, buffer},
    matrix::{SUM_THREADS, add_up},
};

/// Values per thread, if there are enough, and maximum workgroups.
const EACH: usize = 4;
const GROUPS: usize = 1024;

/// Each workgroup processes every `stride`-th row of values of a picture `[3, H, W]` and writes its part of
/// the value. The squared difference of a horizontal or vertical pair is weighted by `side`, that of a
/// diagonal pair by `corner`. In a `tile` the first and last rows are neighbours, and so are the first and
/// last columns.
#[cube(launch_unchecked)]
fn smooth(
    image: &[f32],
    gradient: &mut [f32],
    parts: &mut [f32],
    length: u32,
    height: u32,
    width: u32,
    side: f32,
    corner: f32,
    #[comptime] corners: bool,
    #[comptime] tile: bool,
) {
    let mut sums = Shared::<[f32]>::new_slice(SUM_THREADS);
    let thread = UNIT_POS as usize;
    let stride = CUBE_COUNT_X as usize * SUM_THREADS;
    let height = height as usize;
    let width = width as usize;
    let mut sum = 0.0f32;
    let mut at = CUBE_POS_X as usize * SUM_THREADS + thread;
    while at < length as usize {
        let x = at % width;
        let y = at / width % height;
        let plane = at - y * width - x;
        // Weight and position of each neighbour, wrapped around at the edges.
        let mut below = 1.0f32;
        let mut down = y + 1;
        if down == height {
            down = 0usize;
            if comptime!(!tile) {
                below = 0.0f32;
            }
        }
        let mut above = 1.0f32;
        let mut up = y + height - 1;
        if up >= height {
            up -= height;
        } else if comptime!(!tile) {
            above = 0.0f32;
        }
        let mut after = 1.0f32;
        let mut right = x + 1;
        if right == width {
            right = 0usize;
            if comptime!(!tile) {
                after = 0.0f32;
            }
        }
        let mut before = 1.0f32;
        let mut left = x + width - 1;
        if left >= width {
            left -= width;
        } else if comptime!(!tile) {
            before = 0.0f32;
        }
        let here = image[at];
        let row = plane + y * width;
        let lower = plane + down * width;
        let upper = plane + up * width;
        let south = here - image[lower + x];
        let north = here - image[upper + x];
        let east = here - image[row + right];
        let west = here - image[row + left];
        // Each pair is counted once and contributes to both gradients.
        let mut value = side * (below * south * south + after * east * east);
        let mut half = side * (below * south + above * north + after * east + before * west);
        if comptime!(corners) {
            let south_east = here - image[lower + right];
            let south_west = here - image[lower + left];
            let north_east = here - image[upper + right];
            let north_west = here - image[upper + left];
            value += corner * below * (after * south_east * south_east + before * south_west * south_west);
            half += corner * below * (after * south_east + before * south_west);
            half += corner * above * (after * north_east + before * north_west);
        }
        sum += value;
        gradient[at] = 2.0f32 * half;
        at += stride;
    }
    let sum = add_up(sum, &mut sums, SUM_THREADS);
    if thread == 0 {
        parts[CUBE_POS_X as usize] = sum;
    }
}

/// Value `[1]` and gradient of an image `[1, 3, H, W]`, with the weights of horizontal and vertical pairs,
/// and of diagonal pairs if used.
pub fn smoothness(image: &Tensor<4>, side: f64, corner: Option<f64>, tile: bool) -> (Tensor<1>, Tensor<4>) {
    let shape = image.dims();
    let [_, _, height, width] = shape;
    let length: usize = shape.iter().product();
    let queue = Queue::of(&image.clone().reshape([-1]));
    let groups = length.div_ceil(SUM_THREADS * EACH).clamp(1, GROUPS);
    let image = buffer(image);
    let (gradient, parts) = (queue.empty(length), queue.empty(groups));
    // SAFETY: neighbours are inside of the picture, wrapped around at the edges; each workgroup writes one
    // part.
    unsafe {
        smooth::launch_unchecked(
            queue.client(),
            CubeCount::Static(groups as u32, 1, 1),
            CubeDim::new_1d(SUM_THREADS as u32),
            argument(&image),
            argument(&gradient),
            argument(&parts),
            length as u32,
            height as u32,
            width as u32,
            side as f32,
            corner.unwrap_or(0.0) as f32,
            corner.is_some(),
            tile,
        );
    }
    (queue.total(&parts, groups), queue.tensor(gradient, shape))
}
