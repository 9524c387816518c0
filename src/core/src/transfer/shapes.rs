//! Working sizes of a run.

use crate::{
    picture::{MIN_SIDE, fit},
    settings::{MIN_SIZE, Objective, Padding, Settings},
};

/// Width and height in pixels.
pub type Dimensions = (u32, u32);

/// Working shapes of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shapes {
    pub content: Dimensions,
    pub styles: Vec<Dimensions>,
}

impl Shapes {
    /// Shapes for source pictures of these dimensions, the styles with their own scales: the content gets
    /// [`Settings::longest_side`] (classic never enlarges it), with circular padding rounded to a tile's
    /// sides; each style gets that times its scale and [`Settings::style_scale`], but at most its own size
    /// and at least what the deepest layer needs (classic: the content's shape).
    pub fn new(content: Dimensions, styles: &[(Dimensions, f64)], settings: &Settings) -> Self {
        let classic = settings.objective == Objective::Classic;
        let longest = match classic {
            true => settings.longest_side().min(content.0.max(content.1)),
            false => settings.longest_side(),
        };
        let content = fit(content.0, content.1, longest);
        let content = if settings.padding == Padding::Circular { tile(content) } else { content };
        let style = |&((width, height), scale): &(Dimensions, f64)| {
            let (short, long) = (width.min(height), width.max(height));
            let wanted = (f64::from(longest) * settings.style_scale * scale).round() as u32;
            let least = (u64::from(MIN_SIDE) * u64::from(long)).div_ceil(u64::from(short.max(1)));
            let least = least.min(u64::from(long)) as u32;
            match classic {
                true => content,
                false => fit(width, height, wanted.clamp(least, long).max(MIN_SIZE)),
            }
        };
        Self { content, styles: styles.iter().map(style).collect() }
    }
}

/// Sides of a seamless tile are multiples of this: the stride of the deepest layers, which would otherwise
/// not cover the whole tile.
pub const TILE_SIDE: u32 = 16;

/// The nearest dimensions of a seamless tile.
fn tile((width, height): Dimensions) -> Dimensions {
    let side = |side: u32| ((side + TILE_SIDE / 2) / TILE_SIDE).max(1) * TILE_SIDE;
    (side(width), side(height))
}
