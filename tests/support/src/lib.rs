//! What the tests of several crates share: runs, and an engine that paints nothing.

pub mod fake;

use std::sync::Arc;

use impasto_core::{
    picture,
    run::{Job, RunInfo},
    settings::{Settings, StyleMix},
    transfer::{Inputs, StyleSource},
};
use impasto_network::{
    compute::{DeviceInfo, DeviceKind},
    vgg::WeightsInfo,
};

/// What a fake engine tells of a run that it has begun.
pub fn info() -> RunInfo {
    RunInfo {
        device: DeviceInfo {
            name: "a CPU".into(),
            kind: DeviceKind::Cpu,
            backend: "flex".into(),
            driver: String::new(),
            reason: String::new(),
        },
        weights: WeightsInfo {
            source: "bundled".into(),
            sha256: "ab".repeat(32),
            format: String::new(),
            input: String::new(),
            provenance: String::new(),
            licence: String::new(),
            convolutions: 16,
        },
        width: 60,
        height: 40,
        size: 60,
        step_seconds: None,
        memory_bytes: 1,
        remarks: Vec::new(),
    }
}

/// A run of the first bundled content and style.
pub fn job() -> Job {
    Job::new(
        1,
        Inputs::new(
            Arc::new(picture::CONTENTS[0].open()),
            vec![StyleSource {
                picture: Arc::new(picture::STYLES[0].open()),
                mix: StyleMix { weight: 0.7, ..StyleMix::default() },
            }],
        ),
        Settings { size: 60, steps: 9, learning_rate: 0.1 + 0.2, ..Settings::default() },
    )
}
