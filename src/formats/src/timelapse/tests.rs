use std::{fs, io::Cursor};

use image::{AnimationDecoder, codecs};

use super::*;

/// A square that wanders over a ramp.
fn frame(index: usize) -> RgbImage {
    RgbImage::from_fn(41, 30, |x, y| {
        let inside = (x as usize).abs_diff(4 * index + 4) < 4 && y.abs_diff(14) < 5;
        if inside { image::Rgb([230, 60, 20]) } else { image::Rgb([(x * 5) as u8, (y * 7) as u8, 90]) }
    })
}

fn frames(count: usize) -> impl Iterator<Item = io::Result<RgbImage>> {
    (0..count).map(|index| Ok(frame(index)))
}

fn saved(name: &str, options: TimelapseOptions) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    let mut done_counts = Vec::new();
    save(&path, false, 5, options, &mut frames(5), &mut |done| {
        done_counts.push(done);
        true
    })
    .unwrap();
    assert_eq!(done_counts, [1, 2, 3, 4, 5]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file stays");
    fs::read(path).unwrap()
}

fn delays(frames: &[image::Frame]) -> Vec<u32> {
    frames.iter().map(|frame| frame.delay().numer_denom_ms()).map(|(n, d)| n / d).collect()
}

#[test]
fn lossless_formats_bring_every_picture_back_with_its_time() {
    let options = TimelapseOptions { rate: 12.0, hold: 1.0, side: None };
    let webp = codecs::webp::WebPDecoder::new(Cursor::new(saved("a.webp", options))).unwrap();
    assert!(webp.has_animation());
    let png = codecs::png::PngDecoder::new(Cursor::new(saved("a.png", options))).unwrap().apng().unwrap();
    for (name, frames) in [("webp", webp.into_frames()), ("png", png.into_frames())] {
        let frames: Vec<_> = frames.collect_frames().unwrap();
        assert_eq!(frames.len(), 5, "{name}");
        for (index, found) in frames.iter().enumerate() {
            let found = image::DynamicImage::ImageRgba8(found.buffer().clone()).into_rgb8();
            assert_eq!(found, frame(index), "{name} {index}");
        }
        assert_eq!(delays(&frames), [83, 84, 83, 83, 1084], "{name}");
    }
}

#[test]
fn a_gif_is_close_and_loops() {
    let bytes = saved("a.gif", TimelapseOptions { rate: 10.0, hold: 0.5, side: None });
    assert!(bytes.windows(11).any(|window| window == b"NETSCAPE2.0"), "it loops");
    assert_eq!(bytes.last(), Some(&0x3b), "the trailer is there");
    let gif = codecs::gif::GifDecoder::new(Cursor::new(bytes)).unwrap();
    let frames = gif.into_frames().collect_frames().unwrap();
    assert_eq!(delays(&frames), [100, 100, 100, 100, 600]);
    for (index, found) in frames.iter().enumerate() {
        let found = image::DynamicImage::ImageRgba8(found.buffer().clone()).into_rgb8();
        let off: u64 = found.iter().zip(frame(index).iter()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        assert!(off / (found.len() as u64) < 12, "{index}: {off}");
    }
}

#[test]
fn pictures_of_other_sizes_take_the_first_ones_shape_and_none_is_enlarged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.webp");
    for (side, expected) in [(Some(20), (20, 15)), (Some(500), (41, 30)), (None, (41, 30))] {
        let other = RgbImage::new(82, 60);
        let mut frames = frames(1).chain([Ok(other)]);
        save(
            &path,
            true,
            2,
            TimelapseOptions { side, ..TimelapseOptions::default() },
            &mut frames,
            &mut |_| true,
        )
        .unwrap();
        assert_eq!(image::image_dimensions(&path).unwrap(), expected);
    }
}

#[test]
fn failures_are_reported_and_leave_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let options = TimelapseOptions::default();
    let text = |path: &Path, frames: &mut dyn Iterator<Item = io::Result<RgbImage>>| {
        save(path, false, 3, options, frames, &mut |done| done < 2).unwrap_err().to_string()
    };
    assert!(text(&path("a.avi"), &mut frames(3)).contains("use .gif"));
    assert!(text(&path("a.gif"), &mut std::iter::empty()).contains("no pictures"));
    assert!(text(&path("a.gif"), &mut frames(3)).contains("cancelled"));
    let mut broken = frames(1).chain([Err(io::Error::other("gone"))]);
    let error = save(&path("a.webp"), false, 2, options, &mut broken, &mut |_| true).unwrap_err();
    assert!(matches!(error, TimelapseError::Io(_)), "{error}");
    assert!(text(&path("none/a.gif"), &mut frames(3)).contains("none"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    fs::write(path("b.gif"), "precious").unwrap();
    assert!(text(&path("b.gif"), &mut frames(3)).contains("b.gif"));
    assert_eq!(fs::read(path("b.gif")).unwrap(), b"precious");
}

#[test]
fn letters_are_drawn_and_cut_at_the_edge() {
    let mut lettering = Lettering::default();
    let blank = RgbImage::from_pixel(120, 60, image::Rgb([200, 200, 200]));
    let mut image = blank.clone();
    caption(&mut image, &mut lettering, "step 120, style weight 8");
    assert!(image.rows().next().unwrap().all(|pixel| pixel.0 == [200; 3]), "the picture stays free");
    let ground = image.get_pixel(0, 59).0[0];
    let count = |is: &dyn Fn(u8) -> bool| image.pixels().filter(|pixel| is(pixel.0[0])).count();
    let (dark, ink) = (count(&|red| red == ground), count(&|red| red > ground + 15 && red != 200));
    assert!(ground < 90 && dark > 300 && ink > 40, "{ground} {dark} {ink}");
    // Two texts of one length differ where their letters do.
    let (mut one, mut other) = (blank.clone(), blank.clone());
    lettering.draw(&mut one, (5, 5), "8", 20.0, [0; 3]);
    lettering.draw(&mut other, (5, 5), "3", 20.0, [0; 3]);
    assert_ne!(one, other);
    let mut outside = blank.clone();
    lettering.draw(&mut outside, (-500, 500), "nobody", 20.0, [0; 3]);
    assert_eq!(outside, blank);
    let (short, tall) = (lettering.measure("a", 12.0), lettering.measure("aaaa", 24.0));
    assert!(tall.0 > 4 * short.0 && tall.1 > short.1);
}

#[test]
fn letters_that_the_bundled_font_lacks_come_from_the_system() {
    use epaint::text::{FallbackRequest, FontFamily, FontProvider as _};

    let drawn = |text: &str| {
        let mut image = RgbImage::from_pixel(160, 40, image::Rgb([255; 3]));
        Lettering::default().draw(&mut image, (4, 4), text, 24.0, [0; 3]);
        image
    };
    // Two words each; where no font has their letters, both are the same row of boxes.
    for (script, [one, other]) in [
        ("Chinese", ["文字", "图画"]),
        ("Japanese", ["あい", "うえ"]),
        ("Korean", ["한글", "그림"]),
        ("Arabic", ["لوح", "رسم"]),
        ("Hebrew", ["צבע", "ציר"]),
        ("Thai", ["สี", "ดำ"]),
    ] {
        let request = FallbackRequest {
            cluster: &one[..one.chars().next().unwrap().len_utf8()],
            family: &FontFamily::Proportional,
        };
        if SystemFonts.font_for(&request).is_some() {
            assert_ne!(drawn(one), drawn(other), "{script}");
        } else {
            println!("skipped: no font with {script} letters");
        }
    }
}

#[test]
fn emoji_keep_their_colours() {
    use epaint::{
        Color32, ColorImage,
        text::{GlyphBitmap, GlyphRasterizer, GlyphRasterizerRequest, RasterizedGlyph},
    };

    let mut lettering = Lettering::default();
    let red = |_: &GlyphRasterizerRequest<'_>| {
        let image = ColorImage::filled([6, 6], Color32::from_rgba_premultiplied(100, 0, 0, 128));
        let bitmap = GlyphBitmap { image, offset_px: epaint::emath::Vec2::ZERO, is_color: true };
        Some(RasterizedGlyph { bitmap, advance_px: 8.0 })
    };
    // No font has a letter of the private use area.
    lettering.0.set_glyph_rasterizers(vec![GlyphRasterizer::new("red squares", red)]);
    let mut image = RgbImage::from_pixel(40, 40, image::Rgb([200; 3]));
    lettering.draw(&mut image, (4, 4), "\u{f8f0}", 20.0, [0, 0, 255]);
    let mut colours: Vec<[u8; 3]> = image.pixels().map(|pixel| pixel.0).collect();
    colours.sort_unstable();
    colours.dedup();
    assert!(
        colours.contains(&[200, 100, 100])
            && colours.iter().all(|[red, green, blue]| *red == 200 && green == blue),
        "{colours:?}"
    );
}
