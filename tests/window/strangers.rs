//! What a stranger's project or recipe may not do to whoever opens it.

use std::{fs, path::Path, sync::Arc};

use crate::window_support::{Setup, Window, drop_files};
use egui_kittest::kittest::Queryable as _;
use image::{Rgb, RgbImage};
use impasto_core::{
    picture::{self, Picture},
    run::{Pass, Record, Start},
    settings::{Init, Settings, StyleMix},
    transfer::{Inputs, StyleSource},
};
use impasto_engine::session::{Job, StyleRecord};
use impasto_formats::{
    project::{Draft, Manifest, Project, SourceStorage},
    recipe::Recipe,
};

const SECRET: &[u8] = b"a secret that may not leave";

/// A person's folder with a picture and a secret, and one with what came from a stranger.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        fs::create_dir(home.path("got")).unwrap();
        fs::write(home.path("secret.txt"), SECRET).unwrap();
        RgbImage::from_pixel(60, 40, Rgb([9, 99, 9])).save(home.path("private.png")).unwrap();
        home
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    /// Settings that name what is none of the stranger's business.
    fn hostile(&self) -> Settings {
        Settings {
            style_weight: 7.5,
            match_colours: 1.0,
            weights: Some(self.path("secret.txt")),
            palette: Some(self.path("private.png")),
            init: Init::File(self.path("private.png")),
            ..Settings::default()
        }
    }
}

fn content() -> Picture {
    Picture::from_rgba("Chelsea.jpg", 60, 40, [70, 60, 50, 255].repeat(60 * 40)).unwrap()
}

fn left_out(settings: &Settings) -> bool {
    settings.weights.is_none() && settings.palette.is_none() && settings.init == Init::Content
}

/// A project whose content is said to be the file with the secret.
fn project(home: &Home) -> std::path::PathBuf {
    let mut draft = Draft::new(Manifest::new(home.hostile()), SourceStorage::Embedded);
    draft.picture(&RgbImage::from_pixel(60, 40, Rgb([1, 2, 3]))).unwrap();
    draft.content(&content()).unwrap();
    draft.manifest.content.as_mut().unwrap().source.path = Some(home.path("secret.txt"));
    let swirl = picture::STYLES[0].open();
    let style = StyleRecord { source: (&swirl).into(), mix: StyleMix::default() };
    draft.style(&swirl, style).unwrap();
    let path = home.path("got/theirs.impasto");
    draft.write(&path).unwrap();
    path
}

fn contains(file: &Path, part: &[u8]) -> bool {
    fs::read(file).unwrap().windows(part.len()).any(|window| window == part)
}

#[test]
fn a_project_opens_nothing_that_it_names_and_carries_no_file_away() {
    let home = Home::new();
    let mut window = Setup::default().open();
    window.until_painting();
    drop_files(&mut window, &[project(&home)]);
    window.until("what it names is told", |harness, _| {
        harness.query_all_by_label_contains("open it yourself if you trust it").next().is_some()
    });
    window.until("the project's run is prepared", |_, log| {
        log.jobs.last().is_some_and(|job| job.inputs.content.name == "Chelsea.jpg")
    });
    let job = window.log.lock().unwrap().jobs.last().unwrap().clone();
    assert_eq!(job.settings.style_weight, 7.5);
    assert!(left_out(&job.settings), "{:?}", job.settings);
    assert_eq!((job.inputs.content.path.clone(), job.inputs.palette.is_none()), (None, true));
    window.until("it is paused", |harness, _| harness.query_by_label_contains("Paused.").is_some());

    let mine = window.folder.path().join("mine.impasto");
    window.dialogs.will_pick(&mine);
    window.harness.key_press_modifiers(egui::Modifiers::COMMAND | egui::Modifiers::SHIFT, egui::Key::S);
    let wanted = mine.clone();
    window.until("the project is saved", move |_, _| wanted.exists());
    assert!(!contains(&mine, SECRET));
    let saved = Project::read(&mine).unwrap();
    let content = saved.manifest.content.as_ref().unwrap();
    assert_eq!(saved.stored_picture(&content.source, &content.pixels).unwrap().rgb, self::content().rgb);
    assert!(left_out(&saved.manifest.settings));
}

/// A picture whose recipe has these settings, in the stranger's folder.
fn recipe(home: &Home, settings: Settings) -> std::path::PathBuf {
    let inputs = Inputs::new(
        Arc::new(picture::CONTENTS[1].open()),
        vec![StyleSource::new(Arc::new(picture::STYLES[1].open()))],
    );
    let job = Job::new(1, inputs, settings);
    let settings = job.settings.clone();
    let pass = Pass { steps: 3, settings, ..Pass::new(&job, Start::Beginning) };
    let recipe = Recipe::new(&Record::new(pass), (60, 40), &impasto_test_support::info());
    let path = home.path("got/recipe.png");
    // This program writes no folders.
    let text = serde_json::to_string(&recipe).unwrap();
    picture::save_with_text(&RgbImage::new(60, 40), &path, true, &|_| Some(text.clone())).unwrap();
    path
}

fn take(window: &mut Window, path: std::path::PathBuf) -> Settings {
    let jobs = window.jobs();
    drop_files(window, &[path]);
    window.until_recipe_is_offered();
    window.harness.get_by_label("Take its recipe").click();
    window.until("the recipe's run begins", |_, log| log.jobs.len() > jobs);
    window.log.lock().unwrap().jobs.last().unwrap().settings.clone()
}

#[test]
fn a_recipe_opens_nothing_but_what_is_beside_it_or_chosen_already() {
    let home = Home::new();
    let mut window = Setup::default().open();
    window.until_painting();
    let path = recipe(&home, home.hostile());
    drop_files(&mut window, std::slice::from_ref(&path));
    window.until("what it names is told", |harness, _| {
        harness.query_all_by_label_contains("open it yourself if you trust it").count() == 3
    });
    window.harness.get_by_label("Cancel").click();
    window.steps(3);
    let taken = take(&mut window, path);
    assert!(taken.style_weight == 7.5 && left_out(&taken), "{taken:?}");

    let leaves = home.path("got/leaves.png");
    RgbImage::from_pixel(60, 40, Rgb([9, 99, 9])).save(&leaves).unwrap();
    let friendly = Settings { palette: Some(leaves.clone()), weights: None, ..home.hostile() };
    let path = recipe(&home, friendly);
    let taken = take(&mut window, path);
    assert_eq!((taken.palette, taken.init), (Some(leaves), Init::Content));

    let mut setup = Setup::default();
    let chosen = home.path("chosen.png");
    RgbImage::from_pixel(60, 40, Rgb([9, 99, 9])).save(&chosen).unwrap();
    let init = Init::File(chosen);
    setup.options.settings = Some(Settings { init: init.clone(), ..Settings::default() });
    let mut window = setup.open();
    window.until_painting();
    let path = recipe(&home, Settings { init: init.clone(), ..home.hostile() });
    let taken = take(&mut window, path);
    assert_eq!((taken.init, taken.weights, taken.palette), (init, None, None));
}
