//! Tests of settled colours, against the formulas in double precision.

use image::Rgb;

use super::*;

/// Colours around `middle`, as far away as `reach` says, in patches and with noise.
fn picture(salt: u32, (width, height): (u32, u32), middle: [f64; 3], reach: [f64; 3]) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let noise = |of: u32| f64::from(of.wrapping_mul(2_654_435_761) >> 16 & 0xff) / 127.5 - 1.0;
        let patch = noise((x / 7 + 31 * (y / 5)) * 5 + salt);
        let value = |c: usize| {
            let own = noise(((x + 977 * y) * 3 + c as u32) ^ (7919 * salt));
            (middle[c] + reach[c] * (0.5 * patch + 0.3 * own + 0.2 * f64::from(y) / f64::from(height))) as u8
        };
        Rgb([value(0), value(1), value(2)])
    })
}

fn statistics(picture: &RgbImage) -> ColourStatistics {
    ColourStatistics::of(picture).unwrap()
}

fn settled(painting: &RgbImage, content: &RgbImage, style: &RgbImage, amount: f64) -> RgbImage {
    with_settled_colours(painting, content, (&statistics(content), &statistics(style)), amount)
}

fn times(matrix: [[f64; 3]; 3], v: [f64; 3]) -> [f64; 3] {
    matrix.map(|row| row.iter().zip(v).map(|(m, v)| m * v).sum())
}

fn lab(pixel: &Rgb<u8>) -> [f64; 3] {
    let linear = pixel.0.map(|byte| match f64::from(byte) / 255.0 {
        dark if dark <= 0.04045 => dark / 12.92,
        light => ((light + 0.055) / 1.055).powf(2.4),
    });
    let cones = times(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ],
        linear,
    );
    times(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ],
        cones.map(f64::cbrt),
    )
}

fn byte_values(lab: [f64; 3]) -> [f64; 3] {
    let roots = times(
        [
            [1.0, 0.3963377774, 0.2158037573],
            [1.0, -0.1055613458, -0.0638541728],
            [1.0, -0.0894841775, -1.2914855480],
        ],
        lab,
    );
    let light = times(
        [
            [4.0767416621, -3.3077115913, 0.2309699292],
            [-1.2684380046, 2.6097574011, -0.3413193965],
            [-0.0041960863, -0.7034186147, 1.7076147010],
        ],
        roots.map(|root| root.powi(3)),
    );
    let grey = lab[0].clamp(0.0, 1.0).powi(3);
    // As much colour as a screen can show.
    let shown = |share: f64| light.map(|light| grey + share * (light - grey));
    let fits = |share: f64| shown(share).iter().all(|light| (-1e-9..=1.0 + 1e-9).contains(light));
    let [mut some, mut too_much] = [0.0, if fits(1.0) { 2.0 } else { 1.0 }];
    for _ in 0..60 {
        let middle = (some + too_much) / 2.0;
        *(if middle <= 1.0 && fits(middle) { &mut some } else { &mut too_much }) = middle;
    }
    shown(some).map(|light| match light.clamp(0.0, 1.0) {
        dark if dark <= 0.0031308 => 255.0 * 12.92 * dark,
        light => 255.0 * (1.055 * light.powf(1.0 / 2.4) - 0.055),
    })
}

type Square = [[f64; 2]; 2];

fn product(a: Square, b: Square) -> Square {
    a.map(|row| [0, 1].map(|j| row[0] * b[0][j] + row[1] * b[1][j]))
}

fn inverse(a: Square) -> Square {
    let determinant = a[0][0] * a[1][1] - a[0][1] * a[1][0];
    [[a[1][1], -a[0][1]], [-a[1][0], a[0][0]]].map(|row| row.map(|value| value / determinant))
}

/// The square root by the iteration of Denman and Beavers.
fn root(a: Square) -> Square {
    let (mut y, mut z) = (a, [[1.0, 0.0], [0.0, 1.0]]);
    for _ in 0..60 {
        let mean = |a: Square, b: Square| [0, 1].map(|i| [0, 1].map(|j| (a[i][j] + b[i][j]) / 2.0));
        (y, z) = (mean(y, inverse(z)), mean(z, inverse(y)));
    }
    y
}

/// Means of a and b, and their covariance with a floor.
fn moments(labs: &[[f64; 3]], floor: f64) -> ([f64; 2], Square) {
    let mean = |of: &dyn Fn(&[f64; 3]) -> f64| labs.iter().map(of).sum::<f64>() / labs.len() as f64;
    let means = [1, 2].map(|i: usize| mean(&|lab| lab[i]));
    let covariance = [0, 1].map(|i: usize| {
        [0, 1].map(|j: usize| {
            let product = |lab: &[f64; 3]| (lab[i + 1] - means[i]) * (lab[j + 1] - means[j]);
            mean(&product) + if i == j { floor } else { 0.0 }
        })
    });
    (means, covariance)
}

/// What is to come out, before rounding to bytes.
fn expected(painting: &RgbImage, content: &RgbImage, style: &RgbImage, amount: f64) -> Vec<[f64; 3]> {
    let [painted, target, style] =
        [painting, content, style].map(|picture| picture.pixels().map(lab).collect::<Vec<_>>());
    let ((mean, covariance), (to, wanted)) = (moments(&target, 1e-4), moments(&style, 1e-8));
    let half = root(covariance);
    let middle = root(product(product(half, wanted), half));
    let map = product(product(inverse(half), middle), inverse(half));
    let mut chroma: Vec<[f64; 2]> = target
        .iter()
        .map(|lab| {
            [0, 1].map(|i: usize| to[i] + map[i][0] * (lab[1] - mean[0]) + map[i][1] * (lab[2] - mean[1]))
        })
        .collect();
    let (width, height) = (painting.width() as i64, painting.height() as i64);
    for _ in 0..5 {
        let before = chroma.clone();
        for (at, chroma) in chroma.iter_mut().enumerate() {
            let (x, y) = (at as i64 % width, at as i64 / width);
            let (mut sum, mut weights) = ([0.0; 2], 0.0);
            for (dx, dy) in (-1..=1).flat_map(|dy| (-1..=1).map(move |dx| (dx, dy))) {
                let (x, y) = ((x + dx).clamp(0, width - 1), (y + dy).clamp(0, height - 1));
                let there = (y * width + x) as usize;
                let weight = (-2.0 * 5.0 * (painted[at][0] - painted[there][0]).abs()).exp();
                weights += weight;
                sum = [0, 1].map(|i| sum[i] + weight * before[there][i]);
            }
            *chroma = sum.map(|sum| sum / weights);
        }
    }
    let range = [0, 1, 2].map(|i: usize| {
        let values = style.iter().map(|lab| lab[i]);
        values.fold([f64::MAX, f64::MIN], |[least, most], value| [least.min(value), most.max(value)])
    });
    let pixels =
        painted.iter().zip(&chroma).map(|(painted, chroma)| {
            let target = [painted[0], chroma[0], chroma[1]];
            byte_values([0, 1, 2].map(|i: usize| {
                painted[i] + amount * (target[i].clamp(range[i][0], range[i][1]) - painted[i])
            }))
        });
    pixels.collect()
}

#[test]
fn every_pixel_is_what_the_formulas_say() {
    // Of several bands, and with colours that no screen shows.
    let shape = (23, 150);
    let painting = picture(1, shape, [120.0, 110.0, 130.0], [110.0, 100.0, 120.0]);
    let content = picture(2, shape, [120.0, 100.0, 80.0], [60.0, 20.0, 30.0]);
    let style = picture(3, (31, 17), [90.0, 120.0, 160.0], [80.0, 50.0, 90.0]);
    for amount in [1.0, 0.37] {
        let found = settled(&painting, &content, &style, amount);
        let mut moved = 0.0;
        for ((found, expected), painted) in
            found.pixels().zip(expected(&painting, &content, &style, amount)).zip(painting.pixels())
        {
            for c in 0..3 {
                let error = (f64::from(found[c]) - expected[c]).abs();
                // Half of a byte by rounding.
                assert!(error < 0.51, "{found:?} {expected:?} {amount}");
                moved += f64::from(found[c].abs_diff(painted[c]));
            }
        }
        assert!(moved / f64::from(shape.0 * shape.1 * 3) > 10.0 * amount, "{moved}");
    }
}

#[test]
fn nothing_moves_by_no_amount() {
    let painting = picture(1, (40, 70), [128.0; 3], [127.0; 3]);
    let other = picture(2, (40, 70), [90.0, 120.0, 100.0], [60.0; 3]);
    assert!(settled(&painting, &other, &other, 0.0) == painting);
}

#[test]
fn the_paintings_lightness_stays() {
    let shape = (40, 70);
    let painting = picture(1, shape, [128.0; 3], [70.0; 3]);
    let content = picture(2, shape, [130.0, 110.0, 120.0], [20.0, 30.0, 15.0]);
    // Pale, so that a screen shows it at any lightness there is.
    let style = RgbImage::from_fn(64, 64, |x, y| {
        let grey = 4 * x as u8;
        Rgb([grey, grey.saturating_add(y as u8 / 4), grey.saturating_sub(y as u8 / 5)])
    });
    for amount in [0.5, 1.0] {
        let found = settled(&painting, &content, &style, amount);
        assert!(found != painting);
        for (found, painted) in found.pixels().zip(painting.pixels()) {
            let (found, painted) = (lab(found)[0], lab(painted)[0]);
            assert!((found - painted).abs() < 0.004, "{found} {painted}");
        }
    }
    // It goes as far as the style's does.
    let grey = |value: u8| Rgb([value; 3]);
    let middle = RgbImage::from_fn(64, 64, |x, _| grey(100 + x as u8));
    let found = settled(&painting, &content, &middle, 1.0);
    let [dark, light] = [grey(100), grey(163)].map(|grey| lab(&grey)[0]);
    for (found, painted) in found.pixels().zip(painting.pixels()) {
        assert!((lab(found)[0] - lab(painted)[0].clamp(dark, light)).abs() < 0.004);
    }
}

#[test]
fn a_grey_style_makes_it_grey_and_a_flat_one_its_colour() {
    let shape = (40, 30);
    let painting = picture(1, shape, [128.0; 3], [100.0; 3]);
    let content = picture(2, shape, [130.0, 110.0, 120.0], [90.0, 60.0, 50.0]);
    let grey = RgbImage::from_fn(50, 50, |x, y| Rgb([(5 * x) as u8 ^ y as u8; 3]));
    for pixel in settled(&painting, &content, &grey, 1.0).pixels() {
        let [red, green, blue] = pixel.0;
        assert!(red.abs_diff(green) <= 1 && green.abs_diff(blue) <= 1, "{pixel:?}");
    }
    let flat = Rgb([150, 120, 90]);
    let found = settled(&painting, &content, &RgbImage::from_pixel(9, 9, flat), 1.0);
    assert!(found.iter().zip(flat.0.iter().cycle()).all(|(found, flat)| found.abs_diff(*flat) <= 1));
    // Nor is a grey content's noise made into colours.
    let nearly = RgbImage::from_fn(40, 30, |x, y| Rgb([128 + (x * y % 2) as u8, 128, 128]));
    let found = settled(&painting, &nearly, &content, 1.0);
    let chroma = |picture: &RgbImage| moments(&picture.pixels().map(lab).collect::<Vec<_>>(), 0.0).1;
    assert!(chroma(&found)[0][0] < 0.1 * chroma(&content)[0][0]);
}

#[test]
fn colours_end_at_an_edge_of_the_paintings_lightness() {
    let (red, blue) = (Rgb([190, 90, 80]), Rgb([80, 100, 190]));
    let content = RgbImage::from_fn(40, 20, |x, _| if x < 20 { red } else { blue });
    // How much of blue there is at the last of the red pixels.
    let leaked = |painting: &RgbImage| {
        let found = settled(painting, &content, &content, 1.0);
        let [far, at, other] = [2, 19, 37].map(|x| lab(&found[(x, 10)]));
        let share = |i: usize| (at[i] - far[i]) / (other[i] - far[i]);
        (share(1) + share(2)) / 2.0
    };
    let [dark, light] = [Rgb([90; 3]), Rgb([215; 3])];
    let edge = leaked(&RgbImage::from_fn(40, 20, |x, _| if x < 20 { dark } else { light }));
    let flat = leaked(&RgbImage::from_pixel(40, 20, Rgb([150; 3])));
    assert!((0.0..0.06).contains(&edge) && flat > 0.3, "{edge} {flat}");
}

#[test]
fn a_patch_of_the_painting_goes_and_what_the_content_has_stays() {
    // The painting has a green patch on a sky, and none of the sun.
    let content = RgbImage::from_fn(48, 48, |x, y| match (x, y) {
        (30..44, 30..44) => Rgb([220, 190, 90]),
        _ => Rgb([110, 140, 190]),
    });
    let painting = RgbImage::from_fn(48, 48, |x, y| match (x, y) {
        (4..16, 4..16) => Rgb([90, 170, 90]),
        (30..44, 30..44) => Rgb([190, 190, 190]),
        _ => Rgb([110, 140, 190]),
    });
    let found = settled(&painting, &content, &content, 1.0);
    let far = |at: (u32, u32), like: (u32, u32)| {
        let [a, b] = [lab(&found[at]), lab(&found[like])];
        (a[1] - b[1]).hypot(a[2] - b[2])
    };
    assert!(far((10, 10), (10, 40)) < 0.02, "{}", far((10, 10), (10, 40)));
    assert!(far((37, 37), (10, 40)) > 0.1);
}

#[test]
fn pictures_count_together_by_their_weights() {
    let shape = (20, 30);
    let one = picture(1, shape, [150.0, 90.0, 80.0], [40.0; 3]);
    let two = picture(2, shape, [80.0, 110.0, 160.0], [60.0; 3]);
    let both = RgbImage::from_fn(20, 60, |x, y| if y < 30 { one[(x, y)] } else { two[(x, y - 30)] });
    let [one, two, both] = [&one, &two, &both].map(statistics);
    let mixed = ColourStatistics::mixed([(&one, 3.0), (&two, 3.0)]).unwrap();
    assert_eq!(mixed.range, both.range);
    let numbers = |of: &ColourStatistics| [of.mean.as_slice(), &of.products].concat();
    for (found, expected) in numbers(&mixed).into_iter().zip(numbers(&both)) {
        assert!((found - expected).abs() < 1e-9, "{found} {expected}");
    }
    assert_eq!(ColourStatistics::mixed([(&one, 0.0), (&two, 0.2)]), Some(two.clone()));
    assert_eq!(ColourStatistics::mixed([(&one, 0.0)]), None);
}
