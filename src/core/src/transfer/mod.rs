//! A run of style transfer: [`StyleTransfer`] optimises at one size, step by step; [`Painting`] runs through
//! a pyramid.

mod adam;
mod aiming;
mod amount;
mod automate;
mod average;
mod changes;
mod checkpoint;
mod cost;
mod error;
mod evaluator;
mod feature_targets;
mod freeze;
mod good_state;
mod guard;
mod inputs;
mod lbfgs;
mod less_memory;
mod level_transfer;
mod line_search;
mod losses;
mod lowest;
mod luminance;
mod mask_inputs;
mod masks;
mod noise;
mod norm_monitor;
mod painting;
mod pictures;
mod planes;
mod prepare;
mod preview_downscale;
mod pyramid_progress;
mod readback;
mod replace;
mod resume;
mod rough_edge;
mod saved;
mod scale_end;
mod schedule;
mod settings_change;
mod settled;
mod shapes;
mod similarity;
mod space;
mod spectrum;
mod state_file;
mod study;
mod style_mask;
mod style_transfer;
mod target_cache;
mod target_fade;
mod targets;
mod term;
mod term_values;
mod terms;
mod transition;
mod transparency;
mod visualization;

pub use cost::{
    KernelSet, available_memory, bytes_text, convolution_flops, flops_of_climb, flops_per_step, memory_bytes,
    process_memory,
};
pub use error::TransferError;
pub use inputs::{Inputs, MAX_STYLES, StyleSource};
pub use less_memory::Less;
pub use losses::{Losses, Reading};
pub use masks::{LevelMasks, PixelMasks};
pub use norm_monitor::GradientNorms;
pub use painting::{Begin, LevelCommand, Painting};
pub use pictures::Pictures;
pub use prepare::network_options;
pub use pyramid_progress::PyramidProgress;
pub use scale_end::{scale_end, scale_end_text};
pub use schedule::{Level, Schedule};
pub use shapes::{Dimensions, Shapes, TILE_SIDE};
pub use similarity::{SimilarityMap, similarity};
pub use study::{FeatureMap, Heat, LayerStudy};
pub use style_transfer::StyleTransfer;
pub use targets::{Replacement, StyleImage};
pub use term::Term;
pub use visualization::{
    LayerVisualization, NetworkConfig, VisualizationJob, VisualizationKind, VisualizationRun,
    VisualizationState,
};
