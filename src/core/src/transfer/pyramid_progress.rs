//! Progress of a run.

/// Progress of a run through its pyramid.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PyramidProgress {
    /// Counted from 0, the smallest.
    pub level: usize,
    pub levels: usize,
    /// Size of the iterate in pixels.
    pub width: u32,
    pub height: u32,
    pub held: bool,
    /// Work remaining to the step limit, in steps at this level.
    pub left: f64,
    /// Step of the run at which each level from this one on ends.
    pub ends: Vec<u32>,
}
