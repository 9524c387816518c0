//! Regions: weighted statistics against burn's operations, PyTorch and finite differences, on the CPU and on
//! a graphics adapter; the seam between regions; and that they do not reach into each other.

use std::sync::Arc;

use crate::common::{
    Reference, adapter, assert_close, cpu, pictures, reference_run, reference_settings, relative_error,
    slope_along_gradient,
};
use burn::tensor::{Device as TensorDevice, Tensor, TensorData};
use image::{Rgb, RgbImage};
use impasto_core::{
    settings::{Edge, LayerWeights, Masks, Objective, Region, RegionStyle, Settings, Statistic},
    transfer::{LevelMasks, Pictures, PixelMasks, StyleTransfer},
};
use impasto_network::{
    compute::{Device, FeatureGradient, Features, Network, NetworkOptions, PositionWeights},
    vgg::{Layer, Weights},
};

fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap()
}

fn painted(name: &str, styles: &[usize], strength: f64) -> Region {
    let styles = styles.iter().map(|&style| RegionStyle { style, weight: 1.0 }).collect();
    Region { name: name.into(), styles, strength, ..Region::default() }
}

fn with_regions(regions: Vec<Region>, settings: Settings) -> Settings {
    Settings { masks: Masks { regions, ..Masks::default() }, ..settings }
}

/// A value for each pixel of a picture.
fn plane((width, height): (usize, usize), value: impl Fn(f32, f32) -> f32) -> Vec<f32> {
    (0..height)
        .flat_map(|y| (0..width).map(move |x| (x, y)))
        .map(|(x, y)| value(x as f32, y as f32))
        .collect()
}

fn set(run: &mut StyleTransfer, masks: PixelMasks, settings: &Settings, weights: &[f64]) {
    run.set_masks(Some(LevelMasks::new(masks)));
    run.update(settings, weights).unwrap();
}

/// Every operation by weights, of which a chunk is 0 and another one 1, against burn's operations and against
/// the same positions counted one by one.
#[test]
fn weighted_operations_agree_on_every_kernel() {
    let (bundled, cpu_device) = (Weights::bundled().unwrap(), cpu());
    let shape @ (width, height) = (64, 40);
    let weights = plane(shape, |x, y| match y as usize {
        ..12 => 0.0,
        12..24 => 1.0,
        _ => 0.2 + 0.7 * x / 64.0 * (y / 40.0),
    });
    let picture = |device: &TensorDevice, salt: usize| {
        let values: Vec<f32> = (0..3 * width * height)
            .map(|i| ((i + 97 * salt).wrapping_mul(2_654_435_761) >> 8 & 0xffff) as f32 / 65536.0)
            .collect();
        Tensor::<4>::from_data(TensorData::new(values, [1, 3, height, width]), device)
    };
    for layer in ["relu1_1", "relu2_1", "relu3_1"].map(|name| name.parse::<Layer>().unwrap()) {
        let (rows, columns) = (height / layer.stride(), width / layer.stride());
        let at_layer: Vec<f32> = (0..rows * columns)
            .map(|at| weights[at / columns * layer.stride() * width + at % columns * layer.stride()])
            .collect();
        let all = |network: &Network, device: &TensorDevice| -> Vec<Vec<f32>> {
            let weights = PositionWeights::new(at_layer.clone(), (rows, columns), device);
            let of = |salt| network.features(picture(device, salt), &[layer]).remove(0).1;
            let (features, target) = (of(1), of(2));
            let matrix = features.weighted_gram(&weights);
            let part = FeatureGradient {
                matrix: Some(matrix.clone() - target.gram()),
                vector: Some(features.mean() * 0.3),
                targets: vec![(target.clone(), 0.7)],
                ..FeatureGradient::default()
            };
            let mut sum = part.clone().weighted_by(Some(&weights));
            let alone = sum.clone();
            sum.add(part);
            sum.add(FeatureGradient::to_target(target.clone(), -0.2).weighted_by(Some(&weights)));
            vec![
                host(matrix),
                host(features.weighted_mean(&weights)),
                host(features.weighted_distance(&target, &weights)),
                host(alone.gradient(&features)),
                host(sum.gradient(&features)),
            ]
        };
        let options = NetworkOptions::default();
        let device = &cpu_device.tensor;
        let expected = all(&Network::portable(&bundled, layer, device, options), device);
        let mut found = vec![("CPU", all(&Network::new(&bundled, layer, device, options), device))];
        if let Some(adapter) = adapter() {
            let network = Network::new(&bundled, layer, &adapter.tensor, options);
            found.push(("adapter", all(&network, &adapter.tensor)));
        }
        for (what, found) in found {
            for (index, (found, expected)) in found.iter().zip(&expected).enumerate() {
                let error = relative_error(found, expected);
                println!("{layer} {what} {index}: {error:.1e}");
                assert!(error < 1e-4, "{layer}, {what}: result {index} differs by {error:.2e}");
            }
        }
        // Where the weights are 0 nothing pulls; a mean by hand in f64.
        let features = Network::new(&bundled, layer, device, options).features(picture(device, 1), &[layer]);
        let values = features[0].1.values();
        let total: f64 = at_layer.iter().map(|&w| f64::from(w)).sum();
        let by_hand = |c: usize| -> f64 {
            let sum =
                at_layer.iter().enumerate().map(|(p, &w)| f64::from(w * values[p * layer.channels() + c]));
            sum.sum::<f64>() / total
        };
        for (c, mean) in expected[1].iter().enumerate().take(8) {
            assert!((by_hand(c) - f64::from(*mean)).abs() < 1e-5, "{layer}");
        }
        let first_row = &expected[3][..columns];
        assert!(first_row.iter().all(|value| *value == 0.0), "{layer}");
    }
}

/// The masks that tests/data/regions.py uses, and its second style.
fn crossing(device: &Device, weights: &Arc<Weights>, settings: &Settings) -> StyleTransfer {
    let mut pictures = pictures();
    let turned = pictures.styles[0].clone();
    let turned = RgbImage::from_fn(turned.width(), turned.height(), |x, y| {
        let [red, green, blue] = turned.get_pixel(x, y).0;
        Rgb([blue, green, red])
    });
    pictures.styles.push(turned);
    let (width, height) = (94.0, 67.0);
    let first = |x: f32, _: f32| 0.9 * ((x - 30.0) / 32.0).clamp(0.0, 1.0);
    let second = |x: f32, y: f32| (1.0 - first(x, y)) * ((y - 10.0) / 40.0).clamp(0.0, 1.0);
    let of = |value: &dyn Fn(f32, f32) -> f32| plane((94, 67), value);
    let masks = PixelMasks {
        regions: vec![(of(&first), Edge::Soft), (of(&second), Edge::Soft)],
        style: Some(of(&|_, y| 1.0 - 0.5 * y / height)),
        content: Some(of(&|x, _| 0.25 + 0.75 * x / width)),
        freeze: None,
    };
    let mut run =
        StyleTransfer::new(&device.tensor, Arc::clone(weights), None, &pictures, &[1.0; 2], settings)
            .unwrap();
    set(&mut run, masks, settings, &[1.0; 2]);
    run.set_variable(Reference::load().values("iterate").to_vec());
    run
}

fn crossing_settings(statistic: Statistic) -> Settings {
    let regions = vec![painted("a", &[0], 1.0), painted("b", &[1], 0.5)];
    let mut settings =
        with_regions(regions, Settings { statistic, ..reference_settings(Objective::Balanced) });
    if statistic == Statistic::Wasserstein {
        settings.style_layers = Layer::PAPER_STYLE.into_iter().take(3).zip([1.0, 0.7, 0.5]).collect();
    }
    settings
}

fn agrees_with_pytorch(device: &Device) {
    let (reference, weights) = (Reference::of("regions.safetensors"), Arc::new(Weights::bundled().unwrap()));
    for &statistic in Statistic::ALL {
        // Its roots are iterated here and made of eigenvalues there.
        let limits = if statistic == Statistic::Wasserstein { [4e-2; 2] } else { [1e-4, 1e-3] };
        let mut run = crossing(device, &weights, &crossing_settings(statistic));
        let (gradient, losses) = run.gradient().unwrap();
        let name = |part: &str| format!("{statistic}.{part}");
        assert_close(&name("content"), losses.content, reference.value(&name("content")), 1e-4);
        assert_eq!(losses.style.len(), if statistic == Statistic::Wasserstein { 3 } else { 5 });
        for (layer, value) in &losses.style {
            let key = name(&format!("style.{layer}"));
            println!("{key}: {value} for {}", reference.value(&key));
            assert_close(&key, *value, reference.value(&key), limits[0]);
        }
        let error = relative_error(&gradient, reference.values(&name("gradient")));
        println!("{statistic}: gradient differs by {error:.1e}");
        assert!(error < limits[1], "{statistic}: gradient differs by {error:.2e}");
    }
}

#[test]
fn two_soft_regions_agree_with_pytorch_on_the_cpu() {
    agrees_with_pytorch(&cpu());
}

#[test]
fn two_soft_regions_agree_with_pytorch_on_an_adapter() {
    if let Some(device) = adapter() {
        agrees_with_pytorch(&device);
    }
}

/// The directional derivative along the gradient itself, with the sliced Wasserstein term too.
#[test]
fn two_soft_regions_agree_with_finite_differences() {
    let weights = Arc::new(Weights::bundled().unwrap());
    let sliced =
        |sliced_bases| Settings { sliced_weight: 2.0, sliced_bases, ..crossing_settings(Statistic::Gram) };
    let all = Statistic::ALL.iter().map(|&statistic| crossing_settings(statistic));
    let all = all.chain([sliced(1), sliced(2)]);
    for settings in all {
        let mut run = crossing(&cpu(), &weights, &settings);
        let (norm, difference) = slope_along_gradient(&mut run);
        let error = ((difference - norm) / norm).abs();
        let (statistic, sliced) = (settings.statistic, settings.sliced_weight);
        // Pairs of one basis change over the step, and roots end their iteration early.
        let histogram = sliced > 0.0 && settings.sliced_bases == 1;
        let limit = if histogram || statistic == Statistic::Wasserstein { 3e-2 } else { 5e-3 };
        assert!(error < limit, "{statistic}, sliced {sliced}: {norm}, differences {difference}");
    }
}

/// One region that covers everything is none, to the last bit, also if it is set while the run goes on.
#[test]
fn a_region_of_everything_is_none_to_the_last_bit() {
    let (reference, weights) = (Reference::load(), Arc::new(Weights::bundled().unwrap()));
    for &statistic in Statistic::ALL {
        let usual = Settings {
            statistic,
            sliced_weight: 1.0,
            style_amount: Some(0.4),
            ..reference_settings(Objective::Balanced)
        };
        let masked =
            with_regions(vec![painted("all", &[0], 1.0), painted("nothing", &[], 1.0)], usual.clone());
        let begun = || reference_run(&cpu(), &reference, &weights, &usual);
        let mut run = begun();
        let masks = PixelMasks {
            regions: vec![(vec![1.0; 94 * 67], Edge::Soft), (vec![0.0; 94 * 67], Edge::Hard)],
            content: Some(vec![1.0; 94 * 67]),
            ..PixelMasks::default()
        };
        set(&mut run, masks, &masked, &[1.0]);
        let bits = |run: &mut StyleTransfer| {
            (0..3).for_each(|_| run.step().unwrap());
            let (gradient, losses) = run.gradient().unwrap();
            let bits: Vec<u32> =
                gradient.iter().chain(&run.variable().unwrap()).map(|value| value.to_bits()).collect();
            (bits, losses)
        };
        assert!(bits(&mut run) == bits(&mut begun()), "{statistic}");
    }
}

/// A picture of noise, without any place unlike another.
fn noise(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let value = |c: u32| ((x + 331 * y + 7919 * c).wrapping_mul(2_654_435_761) >> 13 & 0xff) as u8;
        Rgb([value(1), value(2), value(3)])
    })
}

/// Layers that see 24 pixels at most.
fn shallow() -> Settings {
    let layers: LayerWeights =
        ["relu1_1", "relu2_1", "relu3_1"].map(|name| (name.parse().unwrap(), 1.0)).into_iter().collect();
    Settings {
        style_layers: layers,
        content_layers: [("relu3_1".parse().unwrap(), 1.0)].into_iter().collect(),
        smoothness_weight: 0.0,
        ..reference_settings(Objective::Balanced)
    }
}

/// Where two regions of one style cross over 64 pixels, the style pulls as strongly as inside of each;
/// weighing with the squares of the masks would halve it in the middle.
#[test]
fn a_style_pulls_in_the_seam_of_two_regions_as_inside_of_them() {
    let weights = Arc::new(Weights::bundled().unwrap());
    let (width, height) = (192, 96);
    let content = noise(width, height);
    let style = pictures().styles.remove(0);
    let pictures =
        Pictures { initial: content.clone(), content, styles: vec![style], style_masks: Vec::new() };
    let fade = plane((192, 96), |x, _| ((x - 63.5) / 64.0).clamp(0.0, 1.0));
    let back: Vec<f32> = fade.iter().map(|m| 1.0 - m).collect();
    for &statistic in Statistic::ALL {
        let settings = Settings { statistic, content_weight: 0.0, ..shallow() };
        let settings = with_regions(vec![painted("a", &[0], 1.0), painted("b", &[0], 1.0)], settings);
        let mut run =
            StyleTransfer::new(&cpu().tensor, Arc::clone(&weights), None, &pictures, &[1.0], &settings)
                .unwrap();
        let masks = PixelMasks {
            regions: vec![(back.clone(), Edge::Soft), (fade.clone(), Edge::Soft)],
            ..PixelMasks::default()
        };
        set(&mut run, masks, &settings, &[1.0]);
        let (gradient, _) = run.gradient().unwrap();
        let pull = |columns: std::ops::Range<usize>| {
            let of = gradient.iter().enumerate().filter(|(at, _)| columns.contains(&(at % 192)));
            let squares: Vec<f64> = of.map(|(_, g)| f64::from(*g).powi(2)).collect();
            (squares.iter().sum::<f64>() / squares.len() as f64).sqrt()
        };
        let (seam, inside) = (pull(88..104), 0.5 * (pull(16..48) + pull(144..176)));
        println!("{statistic}: {:.3} of the pull inside", seam / inside);
        assert!(seam >= 0.95 * inside, "{statistic}: {seam} in the seam, {inside} inside");
    }
}

/// 96 pixels inside of a region its picture hardly depends on the style of the other one. What little it does
/// comes through the statistics, of which the pixels beside the edge are a part.
#[test]
fn a_region_does_not_reach_into_another() {
    let weights = Arc::new(Weights::bundled().unwrap());
    let content = pictures().content;
    let content = image::imageops::resize(&content, 512, 48, image::imageops::FilterType::Triangle);
    let mut styles = vec![pictures().styles.remove(0)];
    styles.push(RgbImage::from_fn(64, 64, |x, y| {
        if (x / 4 + y / 4) % 2 == 0 { Rgb([250, 240, 20]) } else { Rgb([10, 20, 160]) }
    }));
    let pictures = Pictures { initial: content.clone(), content, styles, style_masks: Vec::new() };
    let left = plane((512, 48), |x, _| ((392.0 - x) / 16.0).clamp(0.0, 1.0));
    let right: Vec<f32> = left.iter().map(|m| 1.0 - m).collect();
    let paint = |of_right: usize| {
        let regions = vec![painted("left", &[0], 1.0), painted("right", &[of_right], 1.0)];
        let settings = with_regions(regions, Settings { statistic: Statistic::Moments, ..shallow() });
        let mut run =
            StyleTransfer::new(&cpu().tensor, Arc::clone(&weights), None, &pictures, &[1.0; 2], &settings)
                .unwrap();
        let masks = PixelMasks {
            regions: vec![(left.clone(), Edge::Soft), (right.clone(), Edge::Soft)],
            ..PixelMasks::default()
        };
        set(&mut run, masks, &settings, &[1.0; 2]);
        (0..10).for_each(|_| run.step().unwrap());
        let picture = run.read().unwrap().picture;
        let columns = |range: std::ops::Range<u32>| -> Vec<f32> {
            picture
                .enumerate_pixels()
                .filter(|(x, ..)| range.contains(x))
                .flat_map(|(.., p)| p.0.map(f32::from))
                .collect()
        };
        [columns(0..280), columns(416..512)]
    };
    let ([a, a_right], [b, b_right]) = (paint(0), paint(1));
    let (left, right) = (relative_error(&a, &b), relative_error(&a_right, &b_right));
    println!("left {left:.1e}, right {right:.1e}");
    assert!(left < 0.01, "the left differs by {left:.2e}");
    assert!(right > 0.05, "the right has another style: {right:.2e}");
}

/// A region without its own style and one of a muted style: the first paints as the rest does, the second not
/// at all.
#[test]
fn strength_scales_the_pull_and_a_region_without_style_has_none() {
    let (reference, weights) = (Reference::load(), Arc::new(Weights::bundled().unwrap()));
    let usual = Settings { content_weight: 0.0, ..reference_settings(Objective::Balanced) };
    let gradient = |region: Region, weights_of: &[f64]| {
        let settings = with_regions(vec![region], usual.clone());
        let mut run = reference_run(&cpu(), &reference, &weights, &usual);
        let masks = PixelMasks { regions: vec![(vec![1.0; 94 * 67], Edge::Hard)], ..PixelMasks::default() };
        set(&mut run, masks, &settings, weights_of);
        run.gradient().unwrap().0
    };
    let (whole, half) = (gradient(painted("a", &[], 1.0), &[1.0]), gradient(painted("a", &[], 0.5), &[1.0]));
    let doubled: Vec<f32> = half.iter().map(|value| 2.0 * value).collect();
    assert!(whole.iter().any(|value| *value != 0.0) && relative_error(&doubled, &whole) < 1e-5);
    // The style with that index is none of the run's.
    let none = gradient(painted("a", &[5], 1.0), &[1.0]);
    assert!(none.iter().all(|value| *value == 0.0));
}

/// The weights of one term alone at another layer's features stay finite where a region has hardly a
/// position.
#[test]
fn a_region_smaller_than_a_layer_sees_is_finite() {
    let weights = Arc::new(Weights::bundled().unwrap());
    // A software driver takes minutes for the roots of the others.
    let on_adapter = adapter().map(|device| (device, vec![Statistic::Moments]));
    for (device, statistics) in [Some((cpu(), Statistic::ALL.to_vec())), on_adapter].into_iter().flatten() {
        for statistic in statistics {
            let settings = crossing_settings(statistic);
            let mut run = crossing(&device, &weights, &settings);
            let dot = plane((94, 67), |x, y| if x < 5.0 && y < 4.0 { 1.0 } else { 0.0 });
            let masks = PixelMasks {
                regions: vec![(dot, Edge::Soft), (vec![0.0; 94 * 67], Edge::Soft)],
                ..PixelMasks::default()
            };
            set(&mut run, masks, &settings, &[1.0; 2]);
            (0..3).for_each(|_| run.step().unwrap());
            let (gradient, losses) = run.gradient().unwrap();
            assert!(gradient.iter().all(|g| g.is_finite()) && losses.is_finite(), "{statistic}");
            let far = &gradient[66 * 94 + 40..67 * 94];
            assert!(far.iter().any(|g| *g != 0.0), "the content pulls everywhere");
        }
    }
}

/// A run of three steps, then with this share of each pixel frozen.
fn frozen_run(settings: &Settings, share: &dyn Fn(f32, f32) -> f32) -> (StyleTransfer, PixelMasks) {
    let (reference, weights) = (Reference::load(), Arc::new(Weights::bundled().unwrap()));
    let mut run = reference_run(&cpu(), &reference, &weights, settings);
    (0..3).for_each(|_| run.step().unwrap());
    let masks = PixelMasks { freeze: Some(plane((94, 67), share)), ..PixelMasks::default() };
    set(&mut run, masks.clone(), settings, &[1.0]);
    (run, masks)
}

#[test]
fn freezing_a_part_leaves_the_next_step_of_the_rest_as_it_is() {
    let settings = Settings { averaging: 0.0, ..reference_settings(Objective::Balanced) };
    let after = |share: &dyn Fn(f32, f32) -> f32| {
        let (mut run, _) = frozen_run(&settings, share);
        run.step().unwrap();
        run.variable().unwrap()
    };
    let nothing = after(&|_, _| 0.0);
    let left = after(&|x, _| if x < 60.0 { 1.0 } else { 0.0 });
    let same = |at: usize| nothing[at].to_bits() == left[at].to_bits();
    assert!((0..nothing.len()).filter(|at| at % 94 >= 60).all(same), "the rest moves by other lengths");
    assert!(!(0..nothing.len()).filter(|at| at % 94 < 60).all(same), "nothing was frozen");
}

#[test]
fn what_is_half_frozen_moves_once_and_not_with_each_change_of_masks() {
    let settings = reference_settings(Objective::Balanced);
    let (mut run, masks) = frozen_run(&Settings { averaging: 0.9, ..settings.clone() }, &|_, _| 0.5);
    let once = run.variable().unwrap();
    let style = Some(plane((94, 67), |x, _| x / 94.0));
    set(&mut run, PixelMasks { style, ..masks.clone() }, &settings, &[1.0]);
    assert!(run.variable().unwrap() == once);
    set(&mut run, PixelMasks { freeze: Some(vec![0.75; 94 * 67]), ..masks }, &settings, &[1.0]);
    assert!(run.variable().unwrap() != once, "another share is another change");
}

/// What the gradient of a region is made of: parts of one layer and several weights.
#[test]
fn weighted_parts_add_up() {
    let device = TensorDevice::flex();
    let features = Features::Tensor(Tensor::ones([1, 2, 1, 3], &device));
    let weights = |values: [f32; 3]| PositionWeights::new(values.into(), (1, 3), &device);
    let one = |factor: f64| {
        let mut gradient = FeatureGradient::default();
        gradient.add_vector(Tensor::ones([2], &device) * factor);
        gradient
    };
    let mut sum = one(1.0).weighted_by(Some(&weights([0.0, 0.5, 1.0])));
    sum.add(one(10.0).weighted_by(Some(&weights([1.0, 0.0, 0.0]))));
    sum.add(one(100.0).weighted_by(None));
    assert_eq!(host(sum.gradient(&features)), [110.0, 100.5, 101.0, 110.0, 100.5, 101.0]);
    assert!(!sum.is_empty() && FeatureGradient::default().is_empty());
}

/// A region of the whole picture, with half of the weight of one layer and none of the others.
#[test]
fn layers_of_a_region_are_factors_of_the_layers_weights() {
    let (reference, weights) = (Reference::load(), Arc::new(Weights::bundled().unwrap()));
    let usual = reference_settings(Objective::Balanced);
    let (own, weight) = usual.style_layers.iter().nth(2).unwrap();
    let region = Region { layers: Some([(own, 0.5)].into_iter().collect()), ..painted("all", &[], 1.0) };
    let layered = with_regions(vec![region], usual.clone());
    let gradient = |settings: &Settings, masked: bool| {
        let mut run = reference_run(&cpu(), &reference, &weights, settings);
        if masked {
            let regions = vec![(vec![1.0; 94 * 67], Edge::Soft)];
            set(&mut run, PixelMasks { regions, ..PixelMasks::default() }, settings, &[1.0]);
        }
        run.gradient().unwrap()
    };
    let layers = usual.style_layers.with_weights(|layer, _| if layer == own { 0.5 * weight } else { 0.0 });
    let alone = Settings { style_layers: layers, ..usual.clone() };
    let ((found, losses), (expected, _)) = (gradient(&layered, true), gradient(&alone, false));
    let error = relative_error(&found, &expected);
    assert!(error < 1e-6, "{error:.2e}");
    assert!(relative_error(&found, &gradient(&usual, false).0) > 0.01);
    assert!(losses.style.keys().eq([&own]), "{:?}", losses.style);
}
