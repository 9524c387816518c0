//! What the window does with pictures that carry a recipe.

use std::{fs, path::PathBuf, sync::Arc};

use crate::window_support::{Setup, Window, drop_files, has, picture_file, saved};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use image::RgbImage;
use impasto_core::{picture, settings::Settings};
use impasto_engine::session::Start;
use impasto_formats::recipe::{self, Recipe};

fn recipe_of(path: &std::path::Path) -> Recipe {
    recipe::read_file(path).unwrap().0
}

/// A window that paints a file of its own in two styles.
fn painting() -> (Window, PathBuf) {
    let mut setup = Setup::default();
    let folder = tempfile::tempdir().unwrap();
    let content = folder.path().join("lake.png");
    RgbImage::from_fn(120, 80, |x, y| image::Rgb([x as u8, y as u8, 99])).save(&content).unwrap();
    setup.options.content = Some(content.clone());
    let settings =
        Settings { steps: 1_000_000, size: 256, style_weight: 5.5, seed: 3, ..Settings::default() };
    setup.options.settings = Some(settings);
    let mut window = setup.open_in(folder);
    window.until_painting();
    (window, content)
}

#[test]
fn a_saved_picture_gives_its_settings_and_sources_back() {
    let (mut window, content) = painting();
    // The picture before the first step has a recipe of no steps.
    window.until("a step is shown", |harness, _| {
        let canvas = harness.query_by_label_contains("Painting, 96 by 64 pixels, step ");
        let label = canvas.and_then(|node| node.accesskit_node().label());
        label.is_some_and(|label| !label.ends_with(" step 0"))
    });
    let file = saved(&mut window, "a.png");
    let recipe = recipe_of(&file);
    assert_eq!((recipe.settings.style_weight, recipe.settings.seed), (5.5, 3));
    assert!(recipe.is_plain() && recipe.steps() > 0, "{recipe:?}");
    assert_eq!((recipe.content().name.as_str(), recipe.thumbnails.len()), ("lake.png", 2));

    let mut other = Setup::default().open();
    other.until_painting();
    drop_files(&mut other, &[file]);
    other.until_recipe_is_offered();
    assert_eq!(other.jobs(), 1, "nothing happens before the answer");
    other.harness.get_by_label("Take its recipe").click();
    other.until("the recipe's run begins", |_, log| log.jobs.len() == 2);
    let job = other.job(1);
    assert_eq!((job.start, job.settings.style_weight, job.settings.seed), (Start::Beginning, 5.5, 3));
    assert_eq!(job.inputs.content.path.as_deref(), Some(content.as_path()));
    assert_eq!(job.inputs.styles[0].picture.name, "Swirl");
    other.steps(20);
    assert_eq!(other.jobs(), 2);
}

#[test]
fn a_source_that_is_gone_is_named_and_its_thumbnail_stands_in() {
    let (mut window, content) = painting();
    let file = saved(&mut window, "a.png");
    fs::remove_file(content).unwrap();
    drop_files(&mut window, &[file]);
    window.until_recipe_is_offered();
    window.harness.get_by_label("Take its recipe").click();
    window.until("the recipe's run begins", |_, log| log.jobs.len() == 2);
    window.steps(3);
    let content = window.job(1).inputs.content;
    assert!(content.name == "lake.png (thumbnail)" && content.path.is_none(), "{}", content.name);
    assert_eq!(content.dimensions(), (120, 80), "it is small enough to be its own thumbnail");
    assert!(has(&window, "lake.png is not found") && has(&window, "its thumbnail stands in"));
}

#[test]
fn a_picture_with_a_recipe_can_still_be_a_picture() {
    let (mut window, _) = painting();
    let file = saved(&mut window, "a.jpg");
    window.dialogs.will_pick(&file);
    window.harness.get_by_label("Add style…").click();
    window.until_recipe_is_offered();
    window.harness.get_by_label("Add as style").click();
    window.until("it is a second style", |_, log| log.styles().len() == 2);
    let log = window.log.lock().unwrap();
    assert_eq!((log.styles()[1], log.jobs.len()), ("a.jpg", 1));
    assert_eq!(log.updates.last().unwrap().0.style_weight, 5.5);
}

#[test]
fn recipes_that_cannot_be_used_are_told_and_the_picture_is_still_one() {
    let (mut window, _) = painting();
    let path = window.folder.path().join("future.png");
    let text = "{\"version\": 99, \"program\": \"Impasto 7.0\"}".to_owned();
    picture::save_with_text(&RgbImage::new(40, 30), &path, false, &|_| Some(text.clone())).unwrap();
    drop_files(&mut window, &[path]);
    window.until("it is told", |harness, _| harness.query_by_label_contains("version 99").is_some());
    assert!(has(&window, "Impasto 7.0"));
    window.until("it is asked what the picture is for", |harness, _| {
        harness.query_by_label_contains("Use the picture").is_some()
    });
}

#[test]
fn recipes_can_be_left_out_and_the_choice_is_remembered() {
    let (mut window, _) = painting();
    window.harness.get_by_label("More about the painting").click();
    window.steps(3);
    window.harness.get_by_label("Recipe in saved pictures").click();
    window.steps(3);
    let file = saved(&mut window, "a.png");
    assert!(matches!(recipe::read_file(&file), Err(recipe::RecipeError::None { .. })));
    let settings = window.folder.path().join("impasto.toml");
    window.until("it is remembered", move |_, _| {
        fs::read_to_string(&settings).is_ok_and(|text| text.contains("without_recipe = true"))
    });
}

#[test]
fn the_command_line_is_copied() {
    let (mut window, content) = painting();
    window.harness.key_press(egui::Key::Space);
    window.until("it is paused", |harness, _| harness.query_by_label_contains("Paused.").is_some());
    window.harness.get_by_label("More about the painting").click();
    window.steps(3);
    window.harness.get_by_label("Copy as command line").click();
    let copied = Arc::new(std::sync::Mutex::new(String::new()));
    let theirs = Arc::clone(&copied);
    window.until("it is copied", move |harness, _| {
        for command in &harness.output().platform_output.commands {
            if let egui::OutputCommand::CopyText(text) = command {
                theirs.lock().unwrap().clone_from(text);
            }
        }
        !theirs.lock().unwrap().is_empty()
    });
    let text = copied.lock().unwrap().clone();
    let steps = window.log.lock().unwrap().steps;
    for part in [
        format!("impasto render --content {}", content.display()),
        "--style example:Swirl".to_owned(),
        "--output 'lake in Swirl.png'".to_owned(),
        format!("--stop-after={steps}"),
        "--style-weight=5.5".to_owned(),
        "--seed=3".to_owned(),
    ] {
        assert!(text.contains(&part), "{part:?} is not in {text}");
    }
}

#[test]
fn a_recipe_that_play_has_begun_begins_nothing_later() {
    let (mut window, _) = painting();
    let file = saved(&mut window, "a.png");
    let mut other = Setup::default().open();
    other.until_painting();
    other.harness.get_by_label("Stop").click();
    other.until("it is stopped", |harness, _| harness.query_by_label_contains("Stopped.").is_some());
    drop_files(&mut other, &[file]);
    other.until_recipe_is_offered();
    other.harness.get_by_label("Take its recipe").click();
    other.until("its content is there", |harness, _| {
        harness.query_all_by_label_contains("Content: lake.png").next().is_some()
    });
    other.steps(20);
    assert_eq!(other.jobs(), 1, "who has stopped presses play");
    other.harness.key_press(egui::Key::Space);
    other.until("the recipe's run begins", |_, log| log.jobs.len() == 2);
    assert_eq!(other.job(1).start, Start::Beginning);
    let steps = other.log.lock().unwrap().steps;
    other.until("it paints", |_, log| log.steps > steps + 2);
    let style = picture_file(&other, "leaf.png", (60, 40), 90);
    other.dialogs.will_pick(&style);
    other.harness.get_by_label("Add style…").click();
    other.until("it is a second style", |_, log| log.styles().len() == 2);
    other.steps(5);
    assert_eq!(other.jobs(), 2, "a style goes on");
}
