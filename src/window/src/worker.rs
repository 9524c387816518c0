//! The worker that paints, and how its next run begins.

use std::{io, time::Duration};

use impasto_core::settings::Init;
use impasto_engine::session::Session;
use impasto_network::compute::DeviceInfo;

/// Called by the worker after every event and picture.
pub type Wake = Box<dyn Fn() + Send>;
/// How a worker is started.
pub type SpawnSession = Box<dyn Fn(Wake) -> io::Result<Session>>;

/// The worker behind the window.
pub struct Worker {
    pub spawn: SpawnSession,
    pub repaint_after: Duration,
    /// `None` before it has started, and after it could not.
    pub session: Option<Session>,
    /// What can compute here; `None` while that is being found out.
    pub devices: Option<Vec<DeviceInfo>>,
}

impl Worker {
    pub fn new(spawn: SpawnSession, repaint_after: Duration) -> Self {
        Self { spawn, repaint_after, session: None, devices: None }
    }
}

/// What the next run begins with.
#[derive(Default)]
pub struct NextRun {
    /// The initial image that the painting began with.
    pub init_at_start: Option<Init>,
    /// It begins from its initial image, whatever else changed.
    pub begin_afresh: bool,
    /// What is said of the settings and pictures that it begins afresh with: when they are taken over, and in
    /// its place when it has begun.
    pub notes: [&'static str; 2],
    /// It goes on with a painting that was brought back.
    pub resume: bool,
    /// The worker chooses its size.
    pub choose_size: bool,
    /// The size that the worker has chosen: as long as it is set, a larger one may take its place.
    pub measured_size: Option<u32>,
    /// The measured size of which it was told that it takes long.
    pub told_slow: Option<u32>,
    /// A restart was asked for, and its initial image is being opened.
    pub restart_waits: bool,
}

impl NextRun {
    /// Whether settings and pictures of another painting are taken over.
    pub fn is_replaced(&self) -> bool {
        self.resume || self.begin_afresh
    }

    /// Let it begin from its initial image, with settings and pictures that are taken over.
    pub fn begin_afresh(&mut self, taken: &'static str, begun: &'static str) {
        self.begin_afresh = true;
        self.notes = [taken, begun];
    }

    /// Forget what was to come of a painting that is left.
    pub fn leave(&mut self) {
        let measured_size = self.measured_size;
        *self = Self { measured_size, ..Self::default() };
    }
}
