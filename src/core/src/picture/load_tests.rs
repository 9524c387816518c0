//! Open valid and invalid pictures of every format. The files are made by `tests/data/pictures/make.py`.

use std::{error::Error, fs, path::Path};

use image::ImageEncoder;

use super::*;

const RED: [u8; 3] = [220, 30, 40];
const GREEN: [u8; 3] = [30, 200, 60];
const BLUE: [u8; 3] = [20, 40, 210];

fn bytes(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/pictures").join(name)).unwrap()
}

fn open(name: &str) -> Picture {
    Picture::from_encoded(name, None, &bytes(name))
        .unwrap_or_else(|e| panic!("{name}: {e}: {:?}", e.source()))
}

fn refusal(name: &str, bytes: &[u8]) -> PictureError {
    Picture::from_encoded(name, None, bytes).expect_err(name)
}

#[track_caller]
fn assert_colour(picture: &Picture, (x, y): (u32, u32), expected: [u8; 3], tolerance: u8) {
    let found = picture.rgb[(x, y)].0;
    let close = found.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= tolerance);
    assert!(close, "{} has {found:?} at {x}, {y}, expected {expected:?}", picture.name);
}

/// The beginning of a PNG up to the end of its header, with a valid checksum.
fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut chunk = b"IHDR".to_vec();
    chunk.extend([width.to_be_bytes(), height.to_be_bytes()].concat());
    chunk.extend([8, 2, 0, 0, 0]);
    let crc = !chunk.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 * (crc & 1)))
    });
    let mut file = b"\x89PNG\r\n\x1a\n\0\0\0\x0d".to_vec();
    file.extend(chunk);
    file.extend(crc.to_be_bytes());
    file
}

/// Append an image data chunk that is shorter than declared.
fn with_some_data(mut header: Vec<u8>) -> Vec<u8> {
    header.extend(b"\0\0\x10\0IDAT\x78\x9c");
    header
}

#[test]
fn every_format_opens() {
    for (name, tolerance) in [
        ("plain.png", 0),
        ("plain.webp", 0),
        ("plain.tif", 0),
        ("plain.bmp", 0),
        ("plain.gif", 0),
        ("plain.jpg", 3),
        ("progressive.jpg", 3),
    ] {
        let picture = open(name);
        assert_eq!(picture.dimensions(), (32, 16), "{name}");
        assert_colour(&picture, (2, 8), RED, tolerance);
        assert_colour(&picture, (29, 8), BLUE, tolerance);
        assert!(picture.alpha.is_none() && picture.notes.is_empty() && picture.path.is_none(), "{name}");
    }
}

#[test]
fn a_file_is_described() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/pictures/plain.png");
    let picture = Picture::open(&path).unwrap();
    assert_eq!(picture.summary(), "plain.png · 32×16");
    assert_eq!(picture.path.as_deref(), Some(path.as_path()));
    assert_eq!(picture.sha256, open("plain.png").sha256);
    let empty = Picture::from_rgba("pasted picture", 16, 16, vec![0; 1024]).unwrap();
    assert_eq!(empty.sha256.to_string(), "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef");
    assert_eq!(empty.pixel_hash(), empty.sha256);
    let opaque: Vec<u8> = (0..16 * 20).flat_map(|i| [i as u8, 7, 9, 255]).collect();
    let opaque = Picture::from_rgba("pasted picture", 20, 16, opaque).unwrap();
    assert!(opaque.alpha.is_none() && opaque.pixel_hash() == opaque.sha256);
}

#[test]
fn contents_count_and_not_names() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("photo.jpg");
    fs::write(&path, bytes("plain.png")).unwrap();
    assert_colour(&Picture::open(&path).unwrap(), (0, 0), RED, 0);
    fs::write(&path, "Dear diary, this is no picture.").unwrap();
    assert_eq!(
        Picture::open(&path).unwrap_err().to_string(),
        "photo.jpg is not a picture that Impasto can read (PNG, JPEG, WebP, TIFF, BMP or GIF)"
    );
    // The decoder's crate recognises this format, but it is not supported here.
    assert!(matches!(refusal("a.png", b"qoif\0\0\0\x20\0\0\0\x20"), PictureError::NotAPicture { .. }));
}

#[test]
fn exif_orientation_is_applied() {
    for name in ["exif_rotated.jpg", "exif_rotated.png"] {
        let picture = open(name);
        assert_eq!(picture.dimensions(), (16, 32), "{name}");
        assert_colour(&picture, (8, 2), RED, 3);
        assert_colour(&picture, (8, 29), BLUE, 3);
    }
}

#[test]
fn cmyk_looks_right() {
    let jpeg = open("cmyk.jpg");
    assert_colour(&jpeg, (2, 8), [255, 0, 0], 8);
    assert_colour(&jpeg, (29, 8), [0, 0, 255], 8);
    let tiff = open("cmyk.tif");
    assert_colour(&tiff, (2, 8), [255, 0, 0], 8);
    assert_colour(&tiff, (29, 8), [127; 3], 8);
}

#[test]
fn depths_and_channels_become_rgb() {
    let deep = open("grey16.png");
    for (x, y) in [(0, 0), (1, 3), (17, 9), (31, 15)] {
        let level = (f64::from(x * 2000 + y * 100) / 257.0).round() as u8;
        assert_colour(&deep, (x, y), [level; 3], 0);
    }
    let grey = open("grey_alpha.png");
    assert_colour(&grey, (0, 0), [200; 3], 0);
    assert_colour(&grey, (31, 0), [100; 3], 0);
    let alpha = grey.alpha.unwrap();
    assert_eq!((alpha[(0, 0)].0, alpha[(31, 0)].0), ([255], [64]));
    let palette = open("palette_transparent.png");
    assert_colour(&palette, (31, 0), BLUE, 0);
    let alpha = palette.alpha.unwrap();
    assert_eq!((alpha[(0, 0)].0, alpha[(31, 0)].0), ([255], [0]));
    assert_colour(&open("bilevel.png"), (0, 0), [255; 3], 0);
}

#[test]
fn animations_give_their_first_frame() {
    for name in ["animated.gif", "animated.webp"] {
        let picture = open(name);
        assert_eq!(picture.dimensions(), (24, 16), "{name}");
        assert_colour(&picture, (12, 8), GREEN, 0);
    }
}

#[test]
fn colour_profiles_are_honoured() {
    for name in ["icc_swapped.png", "icc_swapped.jpg", "icc_swapped.webp", "icc_swapped.tif"] {
        let picture = open(name);
        let [red, green, blue] = RED;
        assert_colour(&picture, (2, 8), [blue, green, red], 4);
        assert!(picture.notes.is_empty(), "{name}: {:?}", picture.notes);
    }
    // The expected colours are Little CMS's.
    let wide = open("icc_wide.png");
    assert_colour(&wide, (0, 0), [0, 161, 47], 2);
    assert_colour(&wide, (31, 0), [224, 121, 142], 2);
    let grey = open("icc_grey.png");
    assert_colour(&grey, (31, 0), [168; 3], 2);
    assert_eq!(grey.alpha.unwrap()[(31, 0)].0, [64], "opacity is no colour");
    assert_colour(&open("icc_grey.jpg"), (29, 8), [168; 3], 4);
}

#[test]
fn deep_pictures_are_converted_before_they_are_rounded() {
    let icc = moxcms::ColorProfile::new_adobe_rgb().encode().unwrap();
    let deep = image::DynamicImage::ImageRgb16(image::ImageBuffer::from_pixel(
        16,
        16,
        image::Rgb([23130, 41120, 15420]),
    ));
    let (rgb, note) = colour::to_srgb(deep, Some(&icc));
    assert_eq!(note, None);
    let close = rgb[(3, 3)].0.iter().zip([0, 161, 47]).all(|(a, b): (&u8, u8)| a.abs_diff(b) <= 2);
    assert!(close, "{:?}", rgb[(3, 3)]);
}

#[test]
fn an_srgb_profile_changes_no_pixel() {
    assert_eq!(open("icc_srgb.png").rgb, open("plain.png").rgb);
}

#[test]
fn bad_profiles_are_ignored_with_a_note() {
    for (name, word) in [("icc_broken.png", "cannot be read"), ("icc_wrong_kind.png", "Gray")] {
        let picture = open(name);
        assert_eq!(picture.rgb, open("plain.png").rgb);
        assert!(picture.notes.len() == 1 && picture.notes[0].contains(word), "{name}: {:?}", picture.notes);
    }
}

#[test]
fn pasted_pixels_are_checked() {
    let picture = Picture::from_rgba("pasted picture", 16, 20, [1, 2, 3, 255].repeat(320)).unwrap();
    assert_eq!((picture.dimensions(), picture.rgb[(15, 19)].0), ((16, 20), [1, 2, 3]));
    assert!(picture.alpha.is_none());
    let error = Picture::from_rgba("pasted picture", 16, 20, vec![0; 7]).unwrap_err().to_string();
    assert!(error.contains("pasted picture") && error.contains("16×20"), "{error}");
    assert!(matches!(Picture::from_rgba("p", 1, 1, vec![0; 4]), Err(PictureError::TooSmall { .. })));
}

#[test]
fn sizes_are_judged_by_the_header_alone() {
    let small = |w, h| with_some_data(png_header(w, h));
    assert_eq!(
        refusal("dot.png", &small(1, 1)).to_string(),
        "dot.png is 1×1 pixels; a picture needs at least 16 pixels on each side"
    );
    assert!(refusal("line.png", &small(3, 2000)).to_string().contains("is 3×2000 pixels"));
    assert_eq!(
        refusal("bomb.png", &small(30000, 30000)).to_string(),
        "bomb.png declares 30000×30000 pixels (900 megapixels); the most is 200 megapixels: make it smaller first"
    );
    assert!(refusal("edge.png", &small(20000, 10001)).to_string().contains("(201 megapixels)"));
    assert!(refusal("vast.png", &small(0x7FFF_FFFF, 0x7FFF_FFFF)).to_string().contains("vast.png"));
    let mut gif = bytes("plain.gif");
    gif[6..10].fill(0xFF);
    assert!(matches!(
        refusal("bomb.gif", &gif),
        PictureError::TooManyPixels { width: 65535, height: 65535, .. }
    ));
    let mut jpeg = bytes("plain.jpg");
    let frame = jpeg.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
    jpeg[frame + 5..frame + 9].fill(0xFE);
    assert!(matches!(refusal("bomb.jpg", &jpeg), PictureError::TooManyPixels { width: 0xFEFE, .. }));
}

#[test]
fn pictures_that_are_cut_off_are_refused() {
    for name in [
        "plain.png",
        "plain.jpg",
        "progressive.jpg",
        "plain.webp",
        "plain.tif",
        "plain.bmp",
        "plain.gif",
        "cmyk.jpg",
        "icc_swapped.jpg",
    ] {
        let whole = bytes(name);
        // No length panics, and only nearly complete files open.
        for length in 1..whole.len() {
            let result = Picture::from_encoded(name, None, &whole[..length]);
            let text = result.as_ref().map_or_else(ToString::to_string, Picture::summary);
            assert!(text.contains(name), "{text}");
            assert!(
                result.is_err() || length * 10 > whole.len() * 6,
                "{length} of {} bytes: {text}",
                whole.len()
            );
        }
    }
    for name in ["plain.png", "plain.jpg", "progressive.jpg", "plain.tif", "plain.bmp"] {
        let whole = bytes(name);
        let cut = &whole[..whole.len() * 6 / 10];
        assert!(
            matches!(refusal(name, cut), PictureError::Truncated { .. }),
            "{name}: {:?}",
            refusal(name, cut)
        );
    }
    let jpeg = bytes("plain.jpg");
    assert!(Picture::from_encoded("a.jpg", None, &[&jpeg[..], b"trailing bytes"].concat()).is_ok());
}

#[test]
fn a_jpeg_without_its_end_marker_opens_with_a_note() {
    for name in ["plain.jpg", "progressive.jpg", "cmyk.jpg", "icc_swapped.jpg"] {
        let whole = bytes(name);
        let picture = Picture::from_encoded(name, None, &whole).unwrap();
        for cut in [1, 2] {
            let marked = Picture::from_encoded(name, None, &whole[..whole.len() - cut]).unwrap();
            assert_eq!(marked.rgb, picture.rgb, "{name}");
            assert_eq!(marked.notes.len(), picture.notes.len() + 1, "{:?}", marked.notes);
            assert!(marked.notes[0].contains("end is missing"), "{:?}", marked.notes);
        }
        let cut = refusal(name, &whole[..whole.len() * 9 / 10]);
        assert!(matches!(cut, PictureError::Truncated { .. }), "{name}: {cut:?}");
    }
}

#[test]
fn a_profile_that_inflates_is_ignored_with_a_note() {
    let plain = open("plain.png");
    for length in [5 << 20, 70 << 20] {
        let mut bomb = Vec::new();
        let mut encoder = image::codecs::png::PngEncoder::new(&mut bomb);
        encoder.set_icc_profile(vec![0; length]).unwrap();
        plain.rgb.write_with_encoder(encoder).unwrap();
        assert!(bomb.len() < 1 << 20, "{}", bomb.len());
        let picture = Picture::from_encoded("a.png", None, &bomb).unwrap();
        assert_eq!(picture.rgb, plain.rgb);
        assert!(picture.notes.len() == 1 && picture.notes[0].contains("4 MiB"), "{:?}", picture.notes);
    }
}

#[test]
fn a_webp_part_that_is_longer_than_the_file_is_not_made_room_for() {
    let whole = bytes("plain.webp");
    let flags =
        [b"VP8X".to_vec(), 10u32.to_le_bytes().to_vec(), vec![0x2C, 0, 0, 0, 31, 0, 0, 15, 0, 0]].concat();
    let long = |kind: &[u8]| [kind, &0xFFFF_FFF0u32.to_le_bytes()].concat();
    for kind in [b"EXIF", b"ICCP"] {
        let bytes = [&b"RIFF\xFF\xFF\xFF\x7FWEBP"[..], &flags, &whole[12..], &long(kind)].concat();
        // It may open or fail, but must not allocate four gigabytes.
        let _ = Picture::from_encoded("a.webp", None, &bytes);
    }
}

#[test]
fn a_gif_frame_far_larger_than_its_picture_is_not_made_room_for() {
    let mut file = bytes("plain.gif");
    let frame = file.windows(5).position(|window| window == b",\0\0\0\0").unwrap();
    file[frame + 5..frame + 9].fill(0x7f);
    let error = refusal("a.gif", &file);
    assert!(matches!(error, PictureError::TooMuchMemory { .. }), "{error:?}");
    // One that is twice as large in both directions is.
    file[frame + 5..frame + 9].copy_from_slice(&[64, 0, 32, 0]);
    let opened = Picture::from_encoded("a.gif", None, &file);
    assert!(!matches!(opened, Err(PictureError::TooMuchMemory { .. })), "{opened:?}");
}

#[test]
fn damaged_files_are_reported_without_panics() {
    let mut png = bytes("plain.png");
    let data = png.windows(4).position(|w| w == b"IDAT").unwrap();
    png[data + 8] ^= 0xFF;
    assert!(matches!(refusal("a.png", &png), PictureError::Damaged { .. }));
    for file in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/pictures")).unwrap()
    {
        let whole = fs::read(file.unwrap().path()).unwrap();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0xA5;
            // It may open or fail, but must not panic.
            let _ = Picture::from_encoded("flipped", None, &bytes);
        }
    }
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("nowhere.png");
    let error = Picture::open(&missing).unwrap_err().to_string();
    assert!(error.contains(missing.to_str().unwrap()) && error.contains("check"), "{error}");
    let error = Picture::open(folder.path()).unwrap_err().to_string();
    assert!(error.contains("is a folder"), "{error}");
    let empty = folder.path().join("empty.png");
    fs::write(&empty, "").unwrap();
    let error = Picture::open(&empty).unwrap_err().to_string();
    assert!(error.starts_with("empty.png is empty"), "{error}");
    let below_a_file = Picture::open(&empty.join("a.png")).unwrap_err().to_string();
    assert!(below_a_file.contains("empty.png"), "{below_a_file}");
    // Sparse: takes no disk space.
    let huge = folder.path().join("huge.png");
    fs::File::create(&huge).unwrap().set_len(MAX_FILE_BYTES + 1).unwrap();
    assert!(matches!(Picture::open(&huge), Err(PictureError::FileTooLarge { .. })));
}
