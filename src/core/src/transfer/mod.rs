//! A run of style transfer: [`StyleTransfer`] paints at one size, step by step; [`Painting`] takes it through a pyramid.

mod adam;
mod aims;
mod amount;
mod automate;
mod average;
mod carry;
mod checkpoint;
mod cost;
mod detour;
mod detours;
mod error;
mod evaluator;
mod extract;
mod lbfgs;
mod line_search;
mod losses;
mod lowest;
mod luminance;
mod meter;
mod noise;
mod painting;
mod pictures;
mod place;
mod planes;
mod prepare;
mod readback;
mod resume;
mod saved;
mod schedule;
mod shapes;
mod shelf;
mod space;
mod spectrum;
mod state_file;
mod study;
mod style_transfer;
mod targets;
mod term;
mod term_values;
mod terms;

pub use cost::{
    Kernels, available_memory, bytes_text, convolution_flops, flops_per_step, memory_bytes, process_memory,
};
pub use error::TransferError;
pub use extract::{Extract, ExtractKind, ExtractState, Extraction, Eye, Sight};
pub use losses::{Losses, Reading};
pub use meter::GradientNorms;
pub use painting::{Begin, LevelOrder, Painting};
pub use pictures::Pictures;
pub use place::Place;
pub use prepare::{Inputs, StyleSource, network_options};
pub use schedule::{Level, Schedule};
pub use shapes::{Dimensions, Shapes, TILE_SIDE};
pub use study::{FeatureMap, Heat, LayerStudy};
pub use style_transfer::StyleTransfer;
pub use term::Term;
