//! Contents with transparency: what the program saves of them.

use std::{fs, path::Path, process::Output};

use image::{DynamicImage, Rgb, Rgba, RgbaImage};

fn impasto(words: &str, folder: &Path) -> Output {
    let mut command = crate::environment::impasto();
    command.current_dir(folder).args(words.split_whitespace()).output().unwrap()
}

/// A folder with a cut-out: a disc with a soft edge on nothing.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let disc = RgbaImage::from_fn(80, 60, |x, y| {
        let distance = (f64::from(x) - 40.0).hypot(f64::from(y) - 30.0);
        let opacity = (255.0 * ((22.0 - distance) / 4.0).clamp(0.0, 1.0)) as u8;
        if opacity == 0 { Rgba([255, 255, 255, 0]) } else { Rgba([30, 20, 60 + x as u8, opacity]) }
    });
    disc.save(folder.path().join("disc.png")).unwrap();
    folder
}

#[track_caller]
fn paint(folder: &Path, words: &str, output: &str) -> DynamicImage {
    let words = format!("render --size 80 --steps 8 --device cpu --no-thumbnails {words} -o {output}");
    let done = impasto(&words, folder);
    assert!(done.status.success(), "{words}: {}", String::from_utf8_lossy(&done.stderr));
    image::open(folder.join(output)).unwrap()
}

const DISC: &str = "-c disc.png -s example:swirl";

#[test]
fn a_cut_out_comes_back_as_transparent_as_it_was_and_without_a_halo() {
    let folder = folder();
    let folder = folder.path();
    let content = image::open(folder.join("disc.png")).unwrap().into_rgba8();
    // In each format that has transparency; the white that the file hides does not come into the edge.
    let kept = paint(folder, DISC, "a.png").into_rgba8();
    let white = kept.pixels().filter(|pixel| pixel[3] > 20 && pixel.0[..3].iter().all(|&value| value > 225));
    assert_eq!(white.count(), 0);
    let shape = |picture: &RgbaImage| picture.pixels().map(|pixel| pixel[3]).collect::<Vec<u8>>();
    assert_eq!(shape(&kept), shape(&content));
    for name in ["a.webp", "a.tif"] {
        assert_eq!(paint(folder, DISC, name).into_rgba8(), kept, "{name}");
    }
    // Flat on the background where there is none.
    let jpeg = paint(folder, &format!("{DISC} --background #ff8000"), "a.jpg").into_rgb8();
    let Rgb(corner) = jpeg[(0, 0)];
    assert!(corner.iter().zip([255u8, 128, 0]).all(|(a, b)| a.abs_diff(b) < 6), "{corner:?}");
    // Or painted on it.
    let flat = paint(folder, &format!("{DISC} --transparency flatten"), "b.png");
    assert!(!flat.color().has_alpha());
    let classic = paint(folder, &format!("{DISC} --objective classic"), "c.png");
    assert!(!classic.color().has_alpha());
}

#[test]
fn a_cut_out_is_painted_again_from_its_recipe_to_the_last_bit() {
    let folder = folder();
    let folder = folder.path();
    for (name, more) in [("a", ""), ("b", "--transparency flatten")] {
        let first = paint(folder, &format!("{DISC} {more}"), &format!("{name}.png"));
        let again = paint(folder, &format!("--recipe {name}.png"), &format!("{name}-again.png"));
        assert_eq!(again, first, "{name}");
        assert_eq!(first.color().has_alpha(), more.is_empty());
    }
}

#[test]
fn batches_frames_and_time_lapses_are_as_transparent_as_their_format() {
    let folder = folder();
    let folder = folder.path();
    let words = "batch -c disc.png -s example.jpg -o out --size 64 --steps 4 --device cpu";
    let swirl = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/swirl.jpg");
    fs::copy(swirl, folder.join("example.jpg")).unwrap();
    let done = impasto(words, folder);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let painted = fs::read_dir(folder.join("out")).unwrap().map(|entry| entry.unwrap().path());
    let painted: Vec<_> = painted.filter(|path| path.extension().is_some_and(|end| end == "png")).collect();
    assert_eq!(painted.len(), 1);
    assert!(image::open(&painted[0]).unwrap().color().has_alpha());

    paint(folder, &format!("{DISC} --frames frames --save-every 4 --timelapse film.png"), "a.png");
    let frame = fs::read_dir(folder.join("frames")).unwrap().next().unwrap().unwrap().path();
    assert!(image::open(frame).unwrap().color().has_alpha());
    let film = image::open(folder.join("film.png")).unwrap().into_rgba8();
    assert_eq!(film[(0, 0)], Rgba([255, 255, 255, 255]), "on the background");
}
