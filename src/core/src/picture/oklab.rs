//! OkLab (Ottosson, A perceptual color space for image processing, 2020): lightness, and two axes of chroma
//! in which equal distances look about equal.
//!
//! Sums, products and quotients alone, so that all machines get the same bits.

use std::sync::LazyLock;

/// Rows of pixels as planes: lightness, 0 to 1, green to red, and blue to yellow.
pub(super) type Planes = [Vec<f32>; 3];

const CONES: [[f32; 3]; 3] = [
    [0.412_221_46, 0.536_332_54, 0.051_445_993],
    [0.211_903_5, 0.680_699_5, 0.107_396_96],
    [0.088_302_46, 0.281_718_84, 0.629_978_7],
];
const LAB: [[f32; 3]; 3] = [
    [0.210_454_26, 0.793_617_8, -0.004_072_047],
    [1.977_998_5, -2.428_592_2, 0.450_593_7],
    [0.025_904_037, 0.782_771_77, -0.808_675_77],
];
const ROOTS: [[f32; 3]; 3] = [
    [1.0, 0.396_337_78, 0.215_803_76],
    [1.0, -0.105_561_346, -0.063_854_17],
    [1.0, -0.089_484_18, -1.291_485_5],
];
const RGB: [[f32; 3]; 3] = [
    [4.076_741_7, -3.307_711_6, 0.230_969_94],
    [-1.268_438, 2.609_757_4, -0.341_319_4],
    [-0.004_196_086, -0.703_418_6, 1.707_614_7],
];

fn times(matrix: &[[f32; 3]; 3], [x, y, z]: [f32; 3]) -> [f32; 3] {
    matrix.map(|[a, b, c]| a * x + b * y + c * z)
}

/// Linear light of an sRGB value from 0 to 1. Rounded to single precision, what differs between the
/// machines' powers is gone.
fn linear(value: f64) -> f32 {
    (if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }) as f32
}

/// Linear light of each byte.
static LINEAR: LazyLock<[f32; 256]> =
    LazyLock::new(|| std::array::from_fn(|byte| linear(byte as f64 / 255.0)));

/// Cells of linear light, narrower than a byte anywhere.
const CELLS: usize = 4096;

/// From linear light to bytes.
struct Encoder {
    /// Where each byte ends.
    ends: [f32; 256],
    /// The byte at the beginning of each cell.
    begins: [u8; CELLS],
}

static ENCODER: LazyLock<Encoder> = LazyLock::new(|| {
    let mut ends: [f32; 256] = std::array::from_fn(|byte| linear((byte as f64 + 0.5) / 255.0));
    ends[255] = f32::INFINITY;
    let begins =
        std::array::from_fn(|cell| ends.partition_point(|&end| end <= cell as f32 / CELLS as f32) as u8);
    Encoder { ends, begins }
});

impl Encoder {
    /// The nearest byte of linear light.
    fn byte(&self, light: f32) -> u8 {
        let byte = self.begins[((light * CELLS as f32) as usize).min(CELLS - 1)];
        byte + u8::from(light >= self.ends[usize::from(byte)])
    }
}

/// ∛x from an estimate by its exponent, and two of Halley's steps, each of which triples the digits.
fn cube_root(x: f32) -> f32 {
    // Black would divide 0 by 0.
    let x = x.max(1e-12);
    let mut root = f32::from_bits(x.to_bits() / 3 + 0x2a51_4067);
    for _ in 0..2 {
        let cube = root * root * root;
        root *= (cube + 2.0 * x) / (2.0 * cube + x);
    }
    root
}

/// Convert whole pixels of three bytes.
pub(super) fn from_bytes(bytes: &[u8], planes: &mut Planes) {
    let table = &*LINEAR;
    for (channel, plane) in planes.iter_mut().enumerate() {
        plane.clear();
        plane.extend(bytes.chunks_exact(3).map(|pixel| table[usize::from(pixel[channel])]));
    }
    let [lightness, a, b] = planes;
    for ((x, y), z) in lightness.iter_mut().zip(a).zip(b) {
        [*x, *y, *z] = times(&LAB, times(&CONES, [*x, *y, *z]).map(cube_root));
    }
}

/// Convert back; the planes are overwritten. A colour that a screen cannot show fades to the grey of its
/// lightness until it can.
pub(super) fn to_bytes(planes: &mut Planes, bytes: &mut [u8]) {
    let [lightness, a, b] = planes;
    for ((x, y), z) in lightness.iter_mut().zip(&mut *a).zip(&mut *b) {
        let grey = x.clamp(0.0, 1.0);
        let grey = grey * grey * grey;
        let colour = times(&RGB, times(&ROOTS, [*x, *y, *z]).map(|root| root * root * root));
        let mut share: f32 = 1.0;
        for light in colour {
            let most = if light > 1.0 {
                (1.0 - grey) / (light - grey)
            } else if light < 0.0 {
                grey / (grey - light)
            } else {
                1.0
            };
            share = if most < share { most } else { share };
        }
        [*x, *y, *z] = colour.map(|light| grey + share * (light - grey));
    }
    let encoder = &*ENCODER;
    for (pixel, ((x, y), z)) in bytes.chunks_exact_mut(3).zip(lightness.iter().zip(a).zip(b)) {
        pixel.copy_from_slice(&[*x, *y, *z].map(|light| encoder.byte(light)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planes() -> Planes {
        Default::default()
    }

    fn lab_of(colour: [u8; 3]) -> [f32; 3] {
        let mut planes = planes();
        from_bytes(&colour, &mut planes);
        planes.map(|plane| plane[0])
    }

    fn bytes_of(lab: [f32; 3]) -> [u8; 3] {
        let mut bytes = [0; 3];
        to_bytes(&mut lab.map(|value| vec![value]), &mut bytes);
        bytes
    }

    #[test]
    fn known_colours_have_their_published_coordinates() {
        // As by Ottosson's formulas in double precision.
        for (colour, expected) in [
            ([255, 255, 255], [1.0, 0.0, 0.0]),
            ([255, 0, 0], [0.627_955, 0.224_863, 0.125_846]),
            ([0, 255, 0], [0.866_440, -0.233_888, 0.179_498]),
            ([0, 0, 255], [0.452_014, -0.032_457, -0.311_528]),
            ([128, 128, 128], [0.599_871, 0.0, 0.0]),
        ] {
            for (found, expected) in lab_of(colour).into_iter().zip(expected) {
                assert!((found - expected).abs() < 2e-5, "{colour:?}: {found} {expected}");
            }
        }
    }

    #[test]
    fn every_colour_comes_back() {
        // All of both ends, where rounding is worst, and every fifth between.
        let values: Vec<u8> = (0..=255_u8).filter(|v| *v < 6 || *v > 249 || v % 5 == 0).collect();
        let (mut planes, mut back) = (planes(), Vec::new());
        for &red in &values {
            let colours =
                values.iter().flat_map(|&green| values.iter().flat_map(move |&blue| [red, green, blue]));
            let bytes: Vec<u8> = colours.collect();
            from_bytes(&bytes, &mut planes);
            back.resize(bytes.len(), 0);
            to_bytes(&mut planes, &mut back);
            assert!(back == bytes, "red {red}");
        }
    }

    #[test]
    fn colours_beyond_the_screen_keep_their_lightness() {
        for lightness in [0.05, 0.3, 0.6, 0.9, 0.98] {
            for (a, b) in [(0.4, 0.0), (-0.4, 0.1), (0.0, -0.4), (0.0, 0.4), (0.3, 0.3)] {
                let [found, ..] = lab_of(bytes_of([lightness, a, b]));
                assert!((found - lightness).abs() < 0.12, "{lightness} {a} {b}: {found}");
            }
        }
        assert_eq!(bytes_of([1.5, 0.3, -0.2]), [255; 3]);
        assert_eq!(bytes_of([-0.5, 0.3, -0.2]), [0; 3]);
    }

    #[test]
    fn light_becomes_the_nearest_byte() {
        let encode = |light: f64| {
            let value =
                if light <= 0.003_130_8 { 12.92 * light } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 };
            (255.0 * value).round() as u8
        };
        for step in 0..100_003_u32 {
            let light = f64::from(step) / 100_003.0;
            // Unless it is half-way between two.
            if encode(light - 1e-7) == encode(light + 1e-7) {
                assert_eq!(ENCODER.byte(light as f32), encode(light), "{light}");
            }
        }
    }
}
