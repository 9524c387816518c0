//! The recipe of a replayed picture.

use image::RgbImage;

use super::RecordHandle;
use impasto_core::run::{Job, RunInfo};
use impasto_formats::recipe::{Recipe, Thumbnail};

/// Writes the recipe of a replayer's pictures.
pub struct RecipeWriter {
    info: RunInfo,
    thumbnails: Vec<Thumbnail>,
    record: RecordHandle,
}

impl RecipeWriter {
    /// A writer for the pictures of a run; `record` is the replayer's handle. With `thumbnails` the recipe
    /// contains small copies of the run's pictures.
    pub fn new(job: &Job, info: RunInfo, record: RecordHandle, thumbnails: bool) -> Self {
        let pictures =
            [&job.inputs.content].into_iter().chain(job.inputs.styles.iter().map(|style| &style.picture));
        let pictures = pictures.filter(|_| thumbnails).map(AsRef::as_ref);
        Self { info, thumbnails: Thumbnail::of(pictures, job.settings.background), record }
    }

    /// The recipe of the last picture read, in at most `room` bytes.
    pub fn text(&self, picture: &RgbImage, room: usize) -> Option<String> {
        let recipe = Recipe::new(&self.record.latest()?, picture.dimensions(), &self.info);
        Recipe { thumbnails: self.thumbnails.clone(), ..recipe }.text(room)
    }
}
