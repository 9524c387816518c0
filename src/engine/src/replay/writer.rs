//! The recipe of a picture that a [`super::Replayer`] has painted.

use image::RgbImage;

use super::RecordHandle;
use impasto_core::run::{Job, RunInfo};
use impasto_formats::recipe::{Recipe, Thumbnail};

/// What the recipe of a replayer's pictures is made of.
pub struct Writer {
    info: RunInfo,
    thumbnails: Vec<Thumbnail>,
    record: RecordHandle,
}

impl Writer {
    /// For the pictures of a run, of which `record` is the replayer's.
    pub fn new(job: &Job, info: RunInfo, record: RecordHandle) -> Self {
        let pictures =
            [&job.inputs.content].into_iter().chain(job.inputs.styles.iter().map(|style| &style.picture));
        Self { info, thumbnails: Thumbnail::of(pictures.map(AsRef::as_ref), job.settings.background), record }
    }

    /// The recipe of the picture that was read last, as a text of at most `room` bytes.
    pub fn text(&self, picture: &RgbImage, room: usize) -> Option<String> {
        let recipe = Recipe::new(&self.record.latest()?, picture.dimensions(), &self.info);
        Recipe { thumbnails: self.thumbnails.clone(), ..recipe }.text(room)
    }
}
