//! Change a weight while painting: the objective changes at the next step, without a restart.
//!
//! `cargo run --release -p impasto-core --example hot_weights`

use std::sync::Arc;

use impasto_core::{
    network::{compute, vgg::Weights},
    picture::{CONTENTS, STYLES},
    settings::{DeviceChoice, Settings},
    transfer::{Begin, Inputs, Painting, StyleSource},
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let style = StyleSource::new(Arc::new(STYLES[0].open()));
    let inputs = Inputs::new(Arc::new(CONTENTS[0].open()), vec![style]);
    let mut settings = Settings { size: 128, steps: 90, pyramid: false, ..Settings::default() };
    let device = compute::open(&DeviceChoice::Auto)?;
    let weights = Arc::new(Weights::bundled()?);
    let mut painting =
        Painting::new(&device.tensor, weights, None, inputs.clone(), &settings, Begin::Initial)?;
    for style_weight in [1.0, 30.0, 0.05] {
        settings.style_weight = style_weight;
        painting.update(&settings, &inputs)?;
        for _ in 0..30 {
            painting.step()?;
        }
        if let Some(losses) = painting.losses()? {
            println!("β {style_weight}: content {:.4}, total {:.4}", losses.content, losses.total);
        }
    }
    Ok(())
}
