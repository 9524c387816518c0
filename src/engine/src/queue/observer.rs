//! What is told while a picture is painted.

use image::RgbImage;

use crate::replay::ReplayPlan;
use impasto_core::{
    run::RunInfo,
    transfer::{Inputs, Losses},
};

/// Receives the results of the painting loop, and what a [`Runner`](super::Runner) does around it. Whoever
/// needs none of it takes `()`.
pub trait RenderObserver {
    /// The pictures of an item are open.
    fn opened(&mut self, inputs: &Inputs) {
        let _ = inputs;
    }

    /// What is done before the first step.
    fn preparing(&mut self, what: &str) {
        let _ = what;
    }

    /// One of the runs is prepared.
    fn began(&mut self, runs: &[ReplayPlan], index: usize, info: &RunInfo) {
        let _ = (runs, index, info);
    }

    /// The picture of an item is finished and about to be saved.
    fn finished(&mut self, picture: &RgbImage) {
        let _ = picture;
    }

    /// Called before each step and before the run ends; may block.
    fn before_step(&mut self) {}

    /// Called for every picture that is read back.
    fn picture_read(&mut self, picture: &RgbImage) {
        let _ = picture;
    }

    /// The losses of a step; `planned` if [`RenderPlan::losses_every`](super::RenderPlan::losses_every)
    /// requested them.
    fn losses(&mut self, step: u32, losses: &Losses, seconds: f64, planned: bool) {
        let _ = (step, losses, seconds, planned);
    }

    /// The objective has converged at this step; called once.
    fn converged(&mut self, step: u32) {
        let _ = step;
    }

    /// A notice of the engine for the user.
    fn notice(&mut self, text: &str) {
        let _ = text;
    }

    /// A picture that [`RenderPlan::picture_every`](super::RenderPlan::picture_every) requested.
    fn picture(&mut self, step: u32, picture: &RgbImage) -> anyhow::Result<()> {
        let _ = (step, picture);
        Ok(())
    }

    /// A picture of the time-lapse that [`RenderPlan::film`](super::RenderPlan::film) requested.
    fn film(&mut self, step: u32, picture: &RgbImage) -> anyhow::Result<()> {
        let _ = (step, picture);
        Ok(())
    }
}

impl RenderObserver for () {}
