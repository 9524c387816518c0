//! Flat pictures paint: their covariances are singular, and rounding makes them indefinite.

use std::sync::Arc;

use crate::common::{adapter, cpu};
use image::RgbImage;
use impasto_core::{
    picture::{self, Picture},
    settings::{DeviceChoice, Init, Padding, Rgb, Settings, Statistic},
    transfer::{Inputs, Pictures, StyleSource, StyleTransfer},
};
use impasto_engine::session::{Engine, Job, PaintEngine, Start};
use impasto_network::vgg::Weights;

fn flat(colour: [u8; 3]) -> Arc<Picture> {
    let [red, green, blue] = colour;
    Arc::new(Picture::from_rgba("flat", 90, 70, [red, green, blue, 255].repeat(90 * 70)).unwrap())
}

/// A style with one pixel in seven that is one brighter.
fn nearly_flat() -> Arc<Picture> {
    let pixels = (0..90 * 70).flat_map(|i| [200 + u8::from(i % 7 == 0), 130, 90, 255]).collect();
    Arc::new(Picture::from_rgba("nearly flat", 90, 70, pixels).unwrap())
}

/// Paints so many steps; the first and the last total.
fn paint(engine: &mut PaintEngine, inputs: Inputs, settings: Settings, steps: u32) -> [f64; 2] {
    let settings = Settings { size: 48, device: DeviceChoice::Cpu, ..settings };
    let what = format!(
        "{:?} of {} from {}: {:?}, {:?}, colours {}, luminance {}, sliced {}",
        settings.statistic,
        inputs.styles[0].picture.name,
        inputs.content.name,
        settings.padding,
        settings.init,
        settings.match_colours,
        settings.luminance_only,
        settings.sliced_weight,
    );
    let job = Job {
        run: 1,
        inputs,
        settings,
        start: Start::Beginning,
        paused: false,
        choose_size: false,
        endless: false,
    };
    engine.start(&job, None, &mut |_| ()).unwrap_or_else(|error| panic!("{what}: {error}"));
    let mut totals = Vec::new();
    for _ in 0..steps {
        engine.step().unwrap_or_else(|error| panic!("{what}: {error}"));
        let losses = engine.losses().unwrap_or_else(|error| panic!("{what}: {error}"));
        totals.push(losses.map_or(0.0, |losses| losses.total));
    }
    engine.read().unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(engine.take_notices(), [""; 0], "{what}");
    [totals[0], totals[totals.len() - 1]]
}

#[test]
fn flat_styles_and_flat_contents_paint_by_every_statistic() {
    let mut engine = PaintEngine::new();
    let content = Arc::new(picture::CONTENTS[0].open());
    let mosaic = Arc::new(picture::STYLES[0].open());
    let styles = [flat([255; 3]), flat([128; 3]), flat([0; 3]), flat([20, 40, 200]), nearly_flat(), mosaic];
    for &statistic in Statistic::ALL {
        for padding in [Padding::Zero, Padding::Replicate] {
            for style in &styles {
                for content in [&content, &flat([255; 3]), &flat([20, 40, 200])] {
                    let inputs = Inputs::new(Arc::clone(content), vec![StyleSource::new(Arc::clone(style))]);
                    let settings = Settings { statistic, padding, ..Settings::default() };
                    paint(&mut engine, inputs, settings, 2);
                }
            }
        }
    }
}

#[test]
fn flat_styles_paint_whatever_is_done_with_their_colours() {
    let mut engine = PaintEngine::new();
    let content = Arc::new(picture::CONTENTS[0].open());
    let usual = Settings { statistic: Statistic::Wasserstein, ..Settings::default() };
    for (content, style, palette) in [
        (Arc::clone(&content), flat([255; 3]), flat([200, 10, 60])),
        (content, flat([20, 40, 200]), Arc::new(picture::STYLES[0].open())),
        (flat([90; 3]), flat([255; 3]), flat([255; 3])),
    ] {
        let plain = Inputs::new(content, vec![StyleSource::new(style)]);
        let with_palette = Inputs { palette: Some(Arc::clone(&palette)), ..plain.clone() };
        let named = Some(palette.reference());
        for (inputs, settings) in [
            (&plain, Settings { match_colours: 1.0, ..usual.clone() }),
            (&with_palette, Settings { match_colours: 0.7, palette: named, ..usual.clone() }),
            (&plain, Settings { luminance_only: true, ..usual.clone() }),
            (&plain, Settings { keep_colours: 1.0, ..usual.clone() }),
            (&with_palette, Settings { settle_colours: 1.0, ..usual.clone() }),
            (&plain, Settings { sliced_weight: 1.0, ..usual.clone() }),
            (&plain, Settings { style_amount: Some(0.7), ..usual.clone() }),
            (&plain, Settings { init: Init::Blank(Rgb([255; 3])), ..usual.clone() }),
            (&plain, Settings { init: Init::Noise, ..usual.clone() }),
        ] {
            paint(&mut engine, inputs.clone(), settings, 3);
        }
    }
}

#[test]
fn a_painting_becomes_like_its_flat_style() {
    let content = Arc::new(picture::CONTENTS[0].open());
    let inputs = Inputs::new(content, vec![StyleSource::new(flat([255; 3]))]);
    let settings = Settings { statistic: Statistic::Wasserstein, ..Settings::default() };
    let [first, last] = paint(&mut PaintEngine::new(), inputs, settings, 25);
    assert!(last < 0.7 * first, "{first} to {last}");
}

#[test]
fn flat_pictures_paint_on_an_adapter_as_on_the_cpu() {
    let Some(adapter) = adapter() else { return };
    let weights = Arc::new(Weights::bundled().unwrap());
    let picture = |colour: [u8; 3]| RgbImage::from_pixel(48, 40, image::Rgb(colour));
    let mosaic = picture::resize(&picture::STYLES[0].open().rgb, 48, 40, picture::Filter::Lanczos);
    for (content, style) in [
        (mosaic.clone(), picture([255; 3])),
        (picture([20, 40, 200]), mosaic),
        (picture([128; 3]), picture([20, 40, 200])),
    ] {
        let pictures =
            Pictures { initial: content.clone(), content, styles: vec![style], style_masks: Vec::new() };
        for statistic in [Statistic::Moments, Statistic::Wasserstein] {
            let settings = Settings { statistic, padding: Padding::Zero, ..Settings::default() };
            let total = |device| {
                let mut run =
                    StyleTransfer::new(device, Arc::clone(&weights), None, &pictures, &[1.0], &settings)
                        .unwrap();
                run.step().unwrap();
                run.step().unwrap();
                run.read().unwrap();
                run.losses().unwrap().unwrap().total
            };
            let [on_adapter, on_cpu] = [&adapter.tensor, &cpu().tensor].map(total);
            let error = ((on_adapter - on_cpu) / on_cpu).abs();
            assert!(error < 0.1, "{statistic}: {on_adapter} and {on_cpu}");
        }
    }
}
