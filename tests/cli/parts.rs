//! Parts of style pictures on the command line, in reports and in recipes.

use std::{fs, path::Path, process::Output};

use impasto_core::picture::Picture;
use impasto_formats::recipe;
use serde_json::{Value, json};

const SETTINGS: &str = "--size 64 --steps 5 --device cpu";

fn impasto(words: &str, folder: &Path) -> Output {
    let mut command = crate::environment::impasto();
    command.current_dir(folder).args(words.split_whitespace()).output().unwrap()
}

#[track_caller]
fn paint(folder: &Path, style: &str, output: &str) -> image::RgbImage {
    let words =
        format!("render -c example:astronaut -s {style} {SETTINGS} -o {output} --report {output}.json");
    let done = impasto(&words, folder);
    assert!(done.status.success(), "{words}: {}", String::from_utf8_lossy(&done.stderr));
    image::open(folder.join(output)).unwrap().into_rgb8()
}

fn part_in(report: &Path) -> Value {
    let report: Value = serde_json::from_slice(&fs::read(report).unwrap()).unwrap();
    report["styles"][0]["part"].clone()
}

#[test]
fn a_part_of_a_style_is_painted_reported_and_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let style = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/swirl.jpg");
    fs::copy(&style, folder.join("swirl.jpg")).unwrap();
    // Its name looks like a part: the file wins.
    fs::copy(&style, folder.join("swirl[0,0,0.5,1]")).unwrap();
    let (width, height) = image::image_dimensions(&style).unwrap();
    let whole = paint(folder, "swirl.jpg", "whole.png");
    assert_eq!(part_in(&folder.join("whole.png.json")), Value::Null);
    assert_eq!(paint(folder, "swirl[0,0,0.5,1]", "named.png"), whole);

    let part = paint(folder, "swirl.jpg[0.5,0,0.5,0.5]", "part.png");
    assert_ne!(part, whole);
    assert_eq!(part_in(&folder.join("part.png.json")), json!([0.5, 0.0, 0.5, 0.5]));
    let pixels = format!("swirl.jpg[{},0,{},{}]:3@1", width / 2, width / 2, height / 2);
    assert_eq!((width % 2, height % 2), (0, 0));
    assert_eq!(paint(folder, &pixels, "pixels.png"), part);
    // It is the same as a picture of that part, whose strokes are scaled as they were.
    let cut = Picture::open(&style).unwrap().rgb;
    let cut = image::imageops::crop_imm(&cut, width / 2, 0, width / 2, height / 2).to_image();
    cut.save(folder.join("cut.png")).unwrap();
    assert_eq!(paint(folder, "cut.png@0.5", "cut-painted.png"), part);

    let done = impasto("render --recipe part.png -o again.png", folder);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(image::open(folder.join("again.png")).unwrap().into_rgb8(), part);
    let (recipe, _) = recipe::read_file(&folder.join("again.png")).unwrap();
    assert_eq!(recipe.styles()[0].mix.crop, Some([0.5, 0.0, 0.5, 0.5].into()));
}

#[test]
fn parts_that_cannot_be_are_usage_errors() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |words: &str, expected: &str| {
        let done = impasto(words, folder.path());
        let text = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(done.status.code() == Some(2) && text.contains(expected), "{words}: {text}");
    };
    let render = format!("render -c example:astronaut {SETTINGS} -o a.png -s example:swirl");
    refused(&format!("{render}[5000,0,100,100]"), "within the picture");
    refused(&format!("{render}[0.5,0,0.6,1]"), "within the picture");
    let batch = format!("batch -c . -s a.png[0,0,0.5,1] -o out {SETTINGS}");
    refused(&batch, "--mix");
}
