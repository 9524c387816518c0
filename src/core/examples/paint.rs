//! Paint a picture in the style of another:
//! `cargo run --release -p impasto-core --example paint CONTENT STYLE OUTPUT.png`

use std::{env, path::Path, sync::Arc};

use impasto_core::{
    network::{compute, vgg::Weights},
    picture::Picture,
    settings::{DeviceChoice, Settings},
    transfer::{Begin, Inputs, Painting, StyleSource},
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [content, style, output] = arguments.as_slice() else {
        return Err("usage: paint CONTENT STYLE OUTPUT.png".into());
    };
    let open = |path: &str| Picture::open(Path::new(path)).map(Arc::new);
    let inputs = Inputs::new(open(content)?, vec![StyleSource::new(open(style)?)]);
    let settings = Settings { size: 256, steps: 150, ..Settings::default() };
    let device = compute::open(&DeviceChoice::Auto)?;
    println!("painting on {}", device.info.name);
    let weights = Arc::new(Weights::bundled()?);
    let mut painting = Painting::new(&device.tensor, weights, None, inputs, &settings, Begin::Initial)?;
    for _ in 0..settings.steps {
        painting.step()?;
    }
    painting.read()?.picture.save(output)?;
    Ok(())
}
