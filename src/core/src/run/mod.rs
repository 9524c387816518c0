//! A run: its job, facts about it, and the record of its changes.

mod info;
mod job;
mod masks;
mod portable;
mod record;

pub use info::RunInfo;
pub use job::{Job, RunId, Start};
pub use masks::{
    DrawingRecord, Drawings, MAX_MASKS, Strokes, bring_back_strokes, drawings, flat_masks, leave_out_strokes,
    mask_records, masks_fit, only_masks,
};
pub use portable::{bare_name, remove_folders};
pub use record::{
    Change, DownscalePart, MAX_CHANGES, MAX_PALETTES, MAX_PASSES, MAX_SOURCES, Pass, PictureRecords, Record,
    SourceRecord, StyleRecord,
};
