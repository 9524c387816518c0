//! Saved pictures tell nobody where their user keeps files, and are painted again all the same.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use image::{Rgb, RgbImage};
use impasto_core::{
    picture::{embedded_text, pasted_name},
    settings::Init,
};
use impasto_formats::recipe::{self, Recipe};

/// In the name of every folder of the person's.
const SECRET: &str = "nobodys-business";

/// A person's folder with pictures, weights and settings, and a folder for what is painted.
struct Person {
    home: tempfile::TempDir,
    painted: tempfile::TempDir,
}

impl Person {
    fn new() -> Self {
        let home = tempfile::Builder::new().prefix(SECRET).tempdir().unwrap();
        let person = Self { home, painted: tempfile::tempdir().unwrap() };
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        for (from, to) in [
            ("assets/astronaut.jpg", "me.jpg"),
            ("assets/mosaic.jpg", "tiles.jpg"),
            ("weights/vgg19.safetensors", "vgg.safetensors"),
        ] {
            let mut bytes = fs::read(root.join(from)).unwrap();
            if to.ends_with("jpg") {
                // Other bytes than the bundled picture's, which would be found anywhere.
                bytes.extend(b"mine");
            }
            fs::write(person.own(to), bytes).unwrap();
        }
        RgbImage::from_fn(40, 30, |x, y| Rgb([x as u8, 200, y as u8]))
            .save(person.own("leaves.png"))
            .unwrap();
        RgbImage::from_fn(50, 30, |x, y| Rgb([99, x as u8, y as u8])).save(person.own("start.png")).unwrap();
        person
    }

    fn own(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn painted(&self, name: &str) -> PathBuf {
        self.painted.path().join(name)
    }

    /// Runs the program with the person's home.
    fn run(&self, arguments: &[&str]) -> Output {
        crate::environment::impasto_in(self.home.path()).args(arguments).output().unwrap()
    }

    /// Paints from everything that can be named.
    fn render(&self, output: &str, more: &[&str]) {
        let own = |name| self.own(name).to_str().unwrap().to_owned();
        let (content, style) = (own("me.jpg"), own("tiles.jpg"));
        let (palette, initial, weights) = (own("leaves.png"), own("start.png"), own("vgg.safetensors"));
        let output = self.painted(output);
        let pictures = ["render", "--content", &content, "--style", &style, "--palette", &palette];
        let others = ["--init", &initial, "--weights", &weights, "--output", output.to_str().unwrap()];
        let usual = ["--size=48", "--steps=2", "--device=cpu", "--quiet"];
        good(&self.run(&[&pictures[..], &others, &usual, more].concat()));
    }

    fn again(&self, from: &str, to: &str) -> Output {
        let (from, to) = (self.painted(from), self.painted(to));
        self.run(&["render", "--recipe", from.to_str().unwrap(), "--output", to.to_str().unwrap()])
    }

    /// The bytes of a file, which may not tell where the person's files are.
    #[track_caller]
    fn discreet(&self, path: &Path) -> Vec<u8> {
        let bytes = fs::read(path).unwrap();
        for told in [SECRET, self.home.path().to_str().unwrap()] {
            let tells = bytes.windows(told.len()).any(|window| window == told.as_bytes());
            assert!(!tells, "{} tells {told}: {:?}", path.display(), embedded_text(&bytes));
        }
        bytes
    }
}

#[track_caller]
fn good(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{text}");
    text
}

#[track_caller]
fn bad(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{text}");
    text
}

fn recipe_of(path: &Path) -> Recipe {
    recipe::read_file(path).unwrap().0
}

fn pixels(path: &Path) -> RgbImage {
    image::open(path).unwrap().to_rgb8()
}

#[test]
fn a_rendered_picture_names_no_folder_and_its_sources_are_found_again() {
    let person = Person::new();
    for name in ["a.png", "a.jpg", "a.webp", "a.tif"] {
        person.render(name, &[]);
        let text = embedded_text(&person.discreet(&person.painted(name))).unwrap();
        for source in ["me.jpg", "tiles.jpg", "leaves.png", "start.png", "vgg.safetensors"] {
            assert!(text.contains(source), "{source} is not in {text}");
        }
    }
    let recipe = recipe_of(&person.painted("a.png"));
    let pass = recipe.last();
    assert_eq!(recipe.settings.palette, Some(pasted_name(&pass.palettes[0].sha256)));
    assert_eq!(recipe.settings.init, Init::File("start.png".into()));
    // Elsewhere, but this person has opened them before.
    good(&person.again("a.png", "again.png"));
    assert_eq!(
        pixels(&person.painted("a.png")),
        pixels(&person.painted("again.png")),
        "the same to the last bit"
    );
    assert_eq!(recipe_of(&person.painted("again.png")), recipe);
    person.discreet(&person.painted("again.png"));
    // Moved: what has to be found is named without a folder.
    fs::create_dir(person.own("moved")).unwrap();
    for name in ["start.png", "vgg.safetensors"] {
        fs::rename(person.own(name), person.own("moved").join(name)).unwrap();
        let said = bad(&person.again("a.png", "b.png"));
        let flag = if name == "start.png" { "--init" } else { "--weights" };
        assert!(
            said.contains(&format!("{name} of the recipe is not found")) && said.contains(flag),
            "{said}"
        );
        // Beside the picture it is found by whoever has it.
        fs::rename(person.own("moved").join(name), person.painted(name)).unwrap();
        good(&person.again("a.png", "b.png"));
        fs::remove_file(person.painted("b.png")).unwrap();
    }
    RgbImage::new(50, 30).save(person.painted("start.png")).unwrap();
    let said = good(&person.again("a.png", "b.png"));
    assert!(said.contains("start.png has changed since the recipe was written"), "{said}");
    // Without its file a palette is missing by its name.
    fs::remove_file(person.own("leaves.png")).unwrap();
    let said = bad(&person.again("a.png", "c.png"));
    assert!(said.contains("leaves.png of the recipe is not found; put it beside"), "{said}");
}

#[test]
fn thumbnails_are_left_out_of_a_recipe_on_request() {
    let person = Person::new();
    person.render("with.png", &[]);
    person.render("without.png", &["--no-thumbnails"]);
    let [with, without] = ["with.png", "without.png"].map(|name| recipe_of(&person.painted(name)));
    assert_eq!((with.thumbnails.len(), without.thumbnails.len()), (2, 0));
    assert_eq!(Recipe { thumbnails: Vec::new(), ..with }, without);
    let said = bad(&person.run(&[
        "render",
        "--no-recipe",
        "--no-thumbnails",
        "--content=a",
        "--style=b",
        "--output=c",
    ]));
    assert!(said.contains("--no-thumbnails"), "{said}");
}

#[test]
fn batches_and_grids_name_no_folder() {
    let person = Person::new();
    let own = |name| person.own(name).to_str().unwrap().to_owned();
    let (content, style, palette) = (own("me.jpg"), own("tiles.jpg"), own("leaves.png"));
    let (folder, sheet) = (person.painted("batch"), person.painted("grid.png"));
    let usual =
        ["--content", &content, "--style", &style, "--palette", &palette, "--device=cpu", "--steps=1"];
    let batch = ["batch", "--size=32", "--output-folder", folder.to_str().unwrap()];
    good(&person.run(&[&batch[..], &usual].concat()));
    let grid = ["grid", "--size=32", "--x", "style-weight=1,2", "--output", sheet.to_str().unwrap()];
    good(&person.run(&[&grid[..], &usual].concat()));
    let painted = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let painted: Vec<PathBuf> = painted.filter(|path| path.extension().is_some()).chain([sheet]).collect();
    assert!(painted.len() >= 2, "{painted:?}");
    painted.iter().for_each(|path| drop(person.discreet(path)));
}

#[test]
fn recipes_of_earlier_versions_are_replayed_and_lose_their_paths() {
    let person = Person::new();
    person.render("new.png", &[]);
    let mut old = recipe_of(&person.painted("new.png"));
    for pass in &mut old.passes {
        pass.content.path = Some(person.own("me.jpg"));
        pass.styles[0].source.path = Some(person.own("tiles.jpg"));
        (pass.initial, pass.palettes) = (None, Vec::new());
    }
    // Files that it names by whole paths are opened beside it only.
    for name in ["leaves.png", "start.png", "vgg.safetensors"] {
        fs::copy(person.own(name), person.painted(name)).unwrap();
    }
    for settings in
        [&mut old.settings].into_iter().chain(old.passes.iter_mut().map(|pass| &mut pass.settings))
    {
        settings.palette = Some(person.painted("leaves.png"));
        settings.init = Init::File(person.painted("start.png"));
        settings.weights = Some(person.painted("vgg.safetensors"));
    }
    let text = serde_json::to_string(&old).unwrap();
    let pixels_before = pixels(&person.painted("new.png"));
    let file = person.painted("old.png");
    impasto_core::picture::save_with_text(&pixels_before, &file, false, &|_| Some(text.clone())).unwrap();
    // A person who has opened nothing yet.
    let config = person.own("config");
    fs::remove_dir_all(config).unwrap();
    good(&person.again("old.png", "again.png"));
    assert_eq!(pixels(&person.painted("again.png")), pixels_before);
    person.discreet(&person.painted("again.png"));
    assert_eq!(recipe_of(&person.painted("again.png")), recipe_of(&person.painted("new.png")));
}
