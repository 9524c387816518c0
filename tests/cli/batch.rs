//! `impasto batch` from end to end, on the CPU and very small: recipes, folders below, mixes and notes.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use image::RgbImage;
use impasto_formats::recipe;

use crate::program::asset;

/// Copies of bundled pictures in a folder, with folders below it.
struct Pictures {
    folder: tempfile::TempDir,
}

impl Pictures {
    fn new(copies: &[(&str, &str)]) -> Self {
        let pictures = Self { folder: tempfile::tempdir().unwrap() };
        for (name, original) in copies {
            let path = pictures.path(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::copy(asset(original), path).unwrap();
        }
        pictures
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn impasto(&self, words: &str) -> Command {
        let mut command = crate::environment::impasto();
        command.current_dir(self.folder.path()).args(words.split(' '));
        command.args(["--device", "cpu"]);
        command
    }

    /// Runs it in the folder; what it says.
    #[track_caller]
    fn run(&self, words: &str, code: i32) -> String {
        let output = self.impasto(words).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{words}: {text}");
        text
    }
}

fn pixels(path: &Path) -> RgbImage {
    image::open(path).unwrap().to_rgb8()
}

#[test]
fn each_picture_of_a_batch_is_painted_again_from_its_recipe() {
    let pictures =
        Pictures::new(&[("a.jpg", "astronaut.jpg"), ("b.jpg", "chelsea.jpg"), ("tiles.jpg", "mosaic.jpg")]);
    let batch = |output: &str| {
        format!("batch -c a.jpg b.jpg -s tiles.jpg -o {output} --size 48 --steps 3 --init noise --seed 5")
    };
    pictures.run(&batch("out"), 0);
    for name in ["a", "b"] {
        let painted = pictures.path(&format!("out/{name} in tiles.png"));
        let (recipe, remarks) = recipe::read_file(&painted).unwrap();
        assert!(remarks.is_empty() && recipe.is_plain(), "{remarks:?}");
        assert_eq!((recipe.steps(), recipe.settings.size, recipe.settings.seed), (3, 48, 5));
        assert_eq!((recipe.content().name.as_str(), recipe.thumbnails.len()), (&*format!("{name}.jpg"), 2));
        let mut again = pictures.impasto("render --output again.png --force");
        assert!(again.arg("--recipe").arg(&painted).status().unwrap().success());
        assert_eq!(pixels(&pictures.path("again.png")), pixels(&painted), "{name}");
    }
    assert_ne!(pixels(&pictures.path("out/a in tiles.png")), pixels(&pictures.path("out/b in tiles.png")));

    pictures.run(&batch("lean --no-thumbnails"), 0);
    let (lean, _) = recipe::read_file(&pictures.path("lean/a in tiles.png")).unwrap();
    assert!(lean.thumbnails.is_empty());
    pictures.run(&batch("plain --no-recipe"), 0);
    let plain = pictures.path("plain/a in tiles.png");
    assert!(recipe::read_file(&plain).is_err());
    assert_eq!(pixels(&plain), pixels(&pictures.path("out/a in tiles.png")));
}

#[test]
fn folders_below_are_painted_into_folders_of_the_same_names() {
    let pictures = Pictures::new(&[
        ("photos/a.jpg", "astronaut.jpg"),
        ("photos/trip/day/a.jpg", "chelsea.jpg"),
        ("photos/.hidden/c.jpg", "chelsea.jpg"),
        ("art/monet/1.jpg", "swirl.jpg"),
        ("art/hokusai/1.jpg", "mosaic.jpg"),
    ]);
    fs::write(pictures.path("photos/clip.mov"), "no picture").unwrap();
    fs::write(pictures.path("photos/trip/notes.txt"), "no picture").unwrap();
    let small = "--size 32 --steps 1";
    // The output folder is in a folder of contents.
    let batch = format!("batch -c photos -s art -o photos/out --recursive {small}");
    let text = pictures.run(&batch, 0);
    let skipped: Vec<&str> = text.lines().filter(|line| line.contains("skipped")).collect();
    assert_eq!(skipped, ["skipped: 2 files that cannot be painted from (clip.mov, notes.txt)"]);
    assert!(text.contains("4 of 4 painted"), "{text}");
    for name in ["a in monet-1.png", "trip/day/a in hokusai-1.png"] {
        assert!(pictures.path("photos/out").join(name).is_file(), "{name}");
    }
    assert_ne!(
        pixels(&pictures.path("photos/out/a in monet-1.png")),
        pixels(&pictures.path("photos/out/trip/day/a in monet-1.png"))
    );
    fs::remove_file(pictures.path("photos/out/trip/day/a in monet-1.png")).unwrap();
    let text = pictures.run(&batch, 0);
    assert!(text.contains("1 of 4 painted, 3 already there"), "{text}");

    // Without the flag folders below are left out, and told.
    let text = pictures.run(&format!("batch -c photos -s art/monet -o photos/out {small}"), 0);
    let line = "skipped: 1 file that cannot be painted from (clip.mov), 1 folder (trip; add --recursive to take their pictures)";
    assert!(text.contains(line) && text.contains("1 of 1 painted"), "{text}");
    let text = pictures.run(&format!("batch -c photos/trip -s art/monet -o out {small}"), 1);
    assert!(text.contains("no pictures") && text.contains("--recursive"), "{text}");
    let text = pictures.run(&format!("batch -c photos -s art -o photos --recursive {small}"), 1);
    assert!(text.contains("choose another"), "{text}");
}

#[test]
fn a_mix_paints_each_content_in_all_styles_and_goes_on_where_it_was_left() {
    let pictures = Pictures::new(&[
        ("photos/a.jpg", "astronaut.jpg"),
        ("photos/b.jpg", "chelsea.jpg"),
        ("swirl.jpg", "swirl.jpg"),
        ("tiles.jpg", "mosaic.jpg"),
    ]);
    let small = "--size 48 --steps 2";
    let batch = |styles: &str| format!("batch -c photos -s {styles} -o out {small}");
    let mix = batch("swirl.jpg:0.7 tiles.jpg:0.3@0.5 --mix");
    let text = pictures.run(&mix, 0);
    assert!(text.contains("2 of 2 painted"), "{text}");
    let painted = pictures.path("out/a in swirl + tiles.png");
    pictures.run(
        &format!("render -c photos/a.jpg -s swirl.jpg:0.7 -s tiles.jpg:0.3@0.5 -o single.png {small}"),
        0,
    );
    assert_eq!(pixels(&painted), pixels(&pictures.path("single.png")));
    let (recipe, _) = recipe::read_file(&painted).unwrap();
    let mixes: Vec<_> = recipe.styles().iter().map(|style| (style.mix.weight, style.mix.scale)).collect();
    assert_eq!(mixes, [(0.7, 1.0), (0.3, 0.5)]);

    fs::remove_file(pictures.path("out/b in swirl + tiles.png")).unwrap();
    let text = pictures.run(&mix, 0);
    assert!(text.contains("1 of 2 painted, 1 already there"), "{text}");
    // Other weights are another painting, which replaces nothing unasked.
    let text = pictures.run(&batch("swirl.jpg:0.6 tiles.jpg:0.3@0.5 --mix"), 1);
    assert!(text.contains("--force") && text.contains("2 failed"), "{text}");

    let text = pictures.run(&batch("swirl.jpg:0.7 tiles.jpg"), 2);
    assert!(text.contains("swirl.jpg") && text.contains("--mix"), "{text}");
    let text = pictures.run(&batch("swirl.jpg:0 tiles.jpg:0 --mix"), 2);
    assert!(text.contains("weight 0"), "{text}");
    let text = pictures.run(&batch("swirl.jpg tiles.jpg --mix --pairs matched"), 2);
    assert!(text.contains("--pairs"), "{text}");
}

#[test]
fn a_jpeg_without_its_end_marker_is_told_in_one_line() {
    let pictures = Pictures::new(&[("swirl.jpg", "swirl.jpg"), ("tiles.jpg", "mosaic.jpg")]);
    let whole = fs::read(asset("astronaut.jpg")).unwrap();
    fs::write(pictures.path("cut.jpg"), &whole[..whole.len() - 2]).unwrap();
    let batch = "batch -c cut.jpg -s swirl.jpg tiles.jpg -o out --size 32 --steps 1 --quiet";
    let text = pictures.run(batch, 0);
    let expected = "impasto: warning: cut.jpg: the mark at its end is missing; its pixels are all there";
    assert_eq!(text.trim_end(), expected);
    assert!(
        pictures.path("out/cut in swirl.png").is_file() && pictures.path("out/cut in tiles.png").is_file()
    );
}
