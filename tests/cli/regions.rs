//! Regions on the command line: painted, painted again from the recipe, and told where they are wrong.

use std::{
    path::{Path, PathBuf},
    process::Output,
};

use std::sync::Arc;

use image::{GrayImage, Luma, RgbImage};
use impasto_core::{
    picture::{
        self, Drawing, Picture,
        drawing::{Mode, Shape, Stroke},
    },
    run::{Change, Job, Pass, Start},
    settings::Masks,
    transfer::Inputs,
};
use impasto_formats::recipe::Recipe;

/// A render of bundled pictures with masks, in a folder of its own.
struct Masked(tempfile::TempDir);

impl Masked {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        let save = |name: &str, value: &dyn Fn(u32, u32) -> u8| {
            GrayImage::from_fn(50, 50, |x, y| Luma([value(x, y)])).save(folder.path(name)).unwrap();
        };
        save("left.png", &|x, _| if x < 20 { 255 } else { 0 });
        save("soft.png", &|x, _| (x * 5) as u8);
        save("down.png", &|_, y| (y * 5) as u8);
        save("black.png", &|_, _| 2);
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// With FOLDER in the arguments for the folder.
    fn run(&self, arguments: &[&str]) -> Output {
        let folder = self.0.path().to_str().unwrap();
        let arguments = arguments.iter().map(|argument| argument.replace("FOLDER", folder));
        let home = self.path("home");
        crate::environment::impasto_in(&home).arg("render").args(arguments).output().unwrap()
    }

    fn render(&self, output: &str, more: &[&str]) -> Output {
        let output = format!("FOLDER/{output}");
        let usual =
            ["--content=example:chelsea", "--size=64", "--steps=4", "--device=cpu", "--quiet", "--output"];
        self.run(&[&usual, [output.as_str()].as_slice(), more].concat())
    }

    #[track_caller]
    fn painted(&self, output: &str, more: &[&str]) -> RgbImage {
        good(&self.render(output, more));
        pixels(&self.path(output))
    }

    #[track_caller]
    fn refused(&self, more: &[&str], words: &[&str]) {
        let output = self.render("never.png", more);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && !self.path("never.png").exists(), "{text}");
        assert_eq!(text.lines().filter(|line| line.starts_with("impasto: error: ")).count(), 1, "{text}");
        let line = text.lines().last().unwrap();
        assert!(words.iter().all(|word| line.contains(word)), "{words:?}: {text}");
    }
}

#[track_caller]
fn good(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn pixels(path: &Path) -> RgbImage {
    image::open(path).unwrap().to_rgb8()
}

/// The pixels of the left quarter, and those of the right half.
fn sides(picture: &RgbImage) -> [Vec<u8>; 2] {
    let width = picture.width();
    let of = |range: std::ops::Range<u32>| -> Vec<u8> {
        picture
            .enumerate_pixels()
            .filter(|(x, ..)| range.contains(x))
            .flat_map(|(.., pixel)| pixel.0)
            .collect()
    };
    [of(0..width / 4), of(width / 2..width)]
}

#[test]
fn regions_and_maps_are_painted_and_painted_again_to_the_last_bit() {
    let folder = Masked::new();
    let regions = [
        "--style=example:swirl",
        "--style=example:mosaic:2@0.5#sky",
        "--region=sky=FOLDER/soft.png:strength=0.8",
        "--style-map=FOLDER/down.png",
        "--content-map=FOLDER/soft.png",
    ];
    let painted = folder.painted("a.png", &regions);
    let plain = folder.painted("plain.png", &["--style=example:swirl", "--style=example:mosaic:2@0.5"]);
    assert!(painted != plain);
    for map in ["--style-map=FOLDER/down.png", "--content-map=FOLDER/soft.png"] {
        let without: Vec<&str> = regions.into_iter().filter(|flag| *flag != map).collect();
        assert!(folder.painted(&format!("{}.png", &map[2..7]), &without) != painted, "{map} does nothing");
    }
    good(&folder.run(&["--recipe=FOLDER/a.png", "--output=FOLDER/b.png"]));
    assert!(pixels(&folder.path("b.png")) == painted, "the same to the last bit");
    // A recipe has no folders, and its masks are found beside it by their hashes.
    let (recipe, _) = impasto_formats::recipe::read_file(&folder.path("a.png")).unwrap();
    let text = serde_json::to_string(&recipe).unwrap();
    assert!(recipe.version == 3 && !text.contains(folder.0.path().to_str().unwrap()), "{text}");
    std::fs::rename(folder.path("soft.png"), folder.path("elsewhere.png")).unwrap();
    good(&folder.run(&["--recipe=FOLDER/a.png", "--output=FOLDER/c.png"]));
    assert!(pixels(&folder.path("c.png")) == painted);
    std::fs::remove_file(folder.path("down.png")).unwrap();
    let missing = folder.run(&["--recipe=FOLDER/a.png", "--output=FOLDER/d.png"]);
    let text = String::from_utf8_lossy(&missing.stderr).into_owned();
    assert!(!missing.status.success() && text.contains("down.png"), "{text}");
}

/// A drawn mask in three strokes.
fn drawn() -> Picture {
    let brush = |y: f32| Shape::Brush { points: vec![[0.1, y], [0.8, 0.5]], radius: 0.2, hardness: 0.4 };
    let strokes = [(brush(0.1), Mode::Add), (brush(0.9), Mode::Add), (Shape::All, Mode::Invert)];
    let content = picture::CONTENTS[2].open().dimensions();
    let draw = |mask: Option<Picture>, (shape, mode)| {
        Some(Drawing::draw(mask.as_ref(), content, Stroke::new(shape, mode)).unwrap())
    };
    strokes.into_iter().fold(None, draw).unwrap()
}

#[test]
fn a_mask_that_was_drawn_needs_no_file() {
    let folder = Masked::new();
    let mask = drawn();
    mask.rgb.save(folder.path("mask.png")).unwrap();
    let styles = ["--style=example:swirl", "--style=example:mosaic#sky"];
    let painted =
        folder.painted("a.png", &[&styles[..], &["--region=sky=FOLDER/mask.png:strength=0.7"]].concat());
    // The same as the window records it.
    let (mut recipe, _) = impasto_formats::recipe::read_file(&folder.path("a.png")).unwrap();
    let name = mask.reference();
    let rename = |masks: &mut Masks| masks.files_mut().for_each(|file| file.clone_from(&name));
    rename(&mut recipe.settings.masks);
    rename(&mut recipe.passes[0].settings.masks);
    let job = impasto_test_support::job();
    let inputs = Inputs { masks: vec![Arc::new(mask)], ..job.inputs.clone() };
    recipe.passes[0].masks = Pass::new(&Job { inputs, ..job }, Start::Beginning).masks;
    let with_recipe = |recipe: &Recipe, name: &str| {
        picture::save_with_text(&painted, &folder.path(name), false, &|room| recipe.text(room)).unwrap();
    };
    with_recipe(&recipe, "b.png");
    std::fs::remove_file(folder.path("mask.png")).unwrap();
    std::fs::remove_file(folder.path("a.png")).unwrap();
    good(&folder.run(&["--recipe=FOLDER/b.png", "--output=FOLDER/c.png"]));
    assert!(pixels(&folder.path("c.png")) == painted, "the same to the last bit");
    // And that recipe again.
    good(&folder.run(&["--recipe=FOLDER/c.png", "--output=FOLDER/d.png"]));
    assert!(pixels(&folder.path("d.png")) == painted);

    // A stroke that is not the recipe's is told in one line.
    let masks = &mut recipe.passes[0].masks;
    masks.swap(0, 1);
    with_recipe(&recipe, "damaged.png");
    let output = folder.run(&["--recipe=FOLDER/damaged.png", "--output=FOLDER/e.png"]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && text.contains("not before it"), "{text}");
}

#[test]
fn frozen_and_kept_parts_show_the_photograph() {
    let folder = Masked::new();
    let style = "--style=example:swirl";
    let photograph = folder.painted("photograph.png", &[style, "--lr=1e-9"]);
    let plain = folder.painted("plain.png", &[style]);
    assert!(sides(&plain)[0] != sides(&photograph)[0]);
    for role in ["freeze", "keep"] {
        let region = format!("--region=face=FOLDER/left.png:{role}");
        let painted = folder.painted(&format!("{role}.png"), &[style, &region]);
        assert!(sides(&painted)[0] == sides(&photograph)[0], "{role}");
        assert!(sides(&painted)[1] != sides(&photograph)[1], "{role}");
        let again = [format!("--recipe=FOLDER/{role}.png"), format!("--output=FOLDER/{role}-again.png")];
        good(&folder.run(&again.each_ref().map(String::as_str)));
        assert!(pixels(&folder.path(&format!("{role}-again.png"))) == painted, "{role}");
    }
    // Kept pixels are painted below, so the rest is as without them.
    assert!(sides(&pixels(&folder.path("keep.png")))[1] == sides(&plain)[1]);
}

#[test]
fn the_automation_of_a_region_goes_by_its_name_and_is_kept_by_its_number() {
    let folder = Masked::new();
    let regions = ["--region=rest=FOLDER/down.png", "--region=my sky=FOLDER/left.png"];
    let moves = "--automate=region/my_sky/strength={ keys = [{ at = 0, value = 0 }] }";
    let painted = folder.painted("moved.png", &["--style=example:swirl", regions[0], regions[1], moves]);
    let (recipe, _) = impasto_formats::recipe::read_file(&folder.path("moved.png")).unwrap();
    let moved: Vec<String> = recipe.settings.automation.iter().map(|(id, _)| id.to_string()).collect();
    assert_eq!(moved, ["region/2/strength"]);
    good(&folder.run(&["--recipe=FOLDER/moved.png", "--output=FOLDER/again.png"]));
    assert!(pixels(&folder.path("again.png")) == painted);
}

#[test]
fn a_region_that_came_while_it_was_painted_is_automated_by_its_name_or_its_number() {
    let folder = Masked::new();
    let painted = folder.painted("a.png", &["--style=example:swirl", "--region=my sky=FOLDER/left.png"]);
    let (mut recipe, _) = impasto_formats::recipe::read_file(&folder.path("a.png")).unwrap();
    // As if it came after the first step, in the second of two runs.
    let pass = &mut recipe.passes[0];
    let masks = std::mem::take(&mut pass.settings.masks);
    let settings = [("masks".to_owned(), serde_json::to_value(&masks).unwrap())].into_iter().collect();
    let first = pass.clone();
    pass.changes = vec![Change { step: 1, settings, ..Change::default() }];
    pass.start = Start::Current;
    recipe.passes.insert(0, first);
    let save = |room| recipe.text(room);
    picture::save_with_text(&painted, &folder.path("later.png"), false, &save).unwrap();
    let again = |name: &str, more: &[&str]| {
        let output = format!("--output=FOLDER/{name}");
        let output = folder.run(&[&["--recipe=FOLDER/later.png", output.as_str()], more].concat());
        good(&output);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!text.contains("cannot be painted again"), "{text}");
        pixels(&folder.path(name))
    };
    let plain = again("plain.png", &[]);
    for region in ["1", "my_sky"] {
        let moves = format!("--automate=region/{region}/strength={{ keys = [{{ at = 0, value = 0 }}] }}");
        let name = format!("{region}.png");
        let moved = again(&name, &[&moves]);
        assert!(moved != plain, "{region} does nothing");
        let (recipe, _) = impasto_formats::recipe::read_file(&folder.path(&name)).unwrap();
        let tracks: Vec<String> = recipe.settings.automation.iter().map(|(id, _)| id.to_string()).collect();
        assert_eq!((tracks.as_slice(), recipe.passes.len()), (&["region/1/strength".to_owned()][..], 2));
        let repeated = folder.run(&[&format!("--recipe=FOLDER/{name}"), "--output=FOLDER/b.png", "--force"]);
        good(&repeated);
        assert!(pixels(&folder.path("b.png")) == moved, "{region}: the same to the last bit");
    }
    for (region, words) in [("2", "no region 2; there are: my sky"), ("sea", "no region called \"sea\"")] {
        let moves = format!("--automate=region/{region}/strength={{ keys = [{{ at = 0, value = 0 }}] }}");
        let output = folder.run(&["--recipe=FOLDER/later.png", "--output=FOLDER/never.png", &moves]);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && text.contains(words), "{text}");
        assert!(!folder.path("never.png").exists());
    }
}

#[test]
fn what_is_wrong_with_a_region_is_told_in_one_line() {
    let folder = Masked::new();
    let sky = "--region=sky=FOLDER/soft.png";
    let style = "--style=example:swirl";
    folder.refused(&["--style=example:swirl#sea", sky], &["no region called \"sea\"", "there are: sky"]);
    folder.refused(&["--style=example:swirl#sky"], &["no region called \"sky\"", "--region sky=MASK"]);
    folder.refused(&[style, "--region=sky=FOLDER/black.png"], &["sky", "black.png is black everywhere"]);
    folder.refused(&[style, "--region=sky=FOLDER/gone.png"], &["sky", "no picture", "gone.png"]);
    folder.refused(&[style, "--style-map=FOLDER/gone.png"], &["style-map", "no picture", "gone.png"]);
    folder.refused(&[style, sky, sky], &["region", "\"sky\""]);
    let moves = "--automate=region/sea/strength={ keys = [{ at = 0, value = 0 }] }";
    folder.refused(&[style, sky, moves], &["automate", "no region called \"sea\"", "there are: sky"]);
    let moves = "--automate=region/2/strength={ keys = [{ at = 0, value = 0 }] }";
    folder.refused(&[style, sky, moves], &["automate", "no region 2", "there are: sky"]);
    folder.refused(&[style, "--region=sky=FOLDER/soft.png:strength=-1"], &["sky has the strength -1"]);
    folder.refused(
        &["--style=example:swirl#sky", "--region=sky=FOLDER/soft.png:freeze"],
        &["the region sky is not painted"],
    );
    let output = folder.render("never.png", &[style, "--region=FOLDER/soft.png"]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && text.contains("NAME=MASK"), "{text}");
    // No mask is ever painted over.
    let output = folder.run(&[
        "--content=example:chelsea",
        style,
        sky,
        "--size=64",
        "--steps=1",
        "--device=cpu",
        "--force",
        "--output=FOLDER/soft.png",
    ]);
    assert!(!output.status.success() && pixels(&folder.path("soft.png")).dimensions() == (50, 50));
}
