//! What a run is: the job it was given, what is known of it, and the record of what happened to it.

mod info;
mod job;
mod record;

pub use info::RunInfo;
pub use job::{Job, RunId, Start};
pub use record::{Change, DetourPart, MOST_CHANGES, MOST_PASSES, Pass, Record, SourceRecord, StyleRecord};
