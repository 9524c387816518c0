//! Drawn regions that are kept in projects and in the recipes of saved pictures.

use std::sync::Arc;

use crate::window_support::{Setup, Window, drop_files, press, saved, saved_project};
use egui::Role;
use egui_kittest::kittest::Queryable as _;
use impasto_core::{picture::Picture, settings::Settings};
use impasto_formats::recipe;

/// A window that paints with a region that was drawn in two strokes: black, and that inverted.
fn painting() -> (Window, Arc<Picture>) {
    let remembered = "[layout]\nbottom = 420.0\n".to_owned();
    let mut setup = Setup { size: [1500.0, 1100.0], remembered: Some(remembered), ..Setup::default() };
    setup.options.settings = Some(Settings { steps: 1_000_000, size: 256, ..Settings::default() });
    let mut window = setup.open();
    window.until_painting();
    window.harness.get_by_role_and_label(Role::Tab, "Regions").click();
    window.steps(4);
    press(&mut window, "Add region", Role::Button);
    let white = |log: &crate::window_support::Log| {
        let mask = log.masks.first()?;
        Some(mask.rgb.pixels().all(|pixel| pixel[0] == 255))
    };
    window.until("the region arrives", |_, log| white(log) == Some(false));
    window.steps(3);
    press(&mut window, "More of Region 1", Role::Button);
    window.steps(3);
    window.harness.get_by_label("Invert").click();
    window.until("it is inverted", |_, log| white(log) == Some(true));
    window.steps(10);
    let mask = Arc::clone(&window.log.lock().unwrap().masks[0]);
    assert_eq!(mask.drawing.as_ref().unwrap().strokes().count(), 2);
    (window, mask)
}

#[test]
fn a_drawn_region_comes_back_from_a_project() {
    let (mut window, drawn) = painting();
    let (path, project) = saved_project(&mut window, "mine.impasto");
    assert_eq!(project.manifest.settings.masks.regions[0].mask, drawn.reference());
    assert_eq!(project.drawings[&drawn.sha256].picture().unwrap().rgb, drawn.rgb);

    let mut other = Setup::default().open();
    other.until_painting();
    drop_files(&mut other, &[path]);
    let hash = drawn.sha256;
    other.until("it is painted with the same mask", |_, log| {
        let masks = log.jobs.last().map(|job| &job.inputs.masks);
        masks.and_then(|masks| masks.first()).is_some_and(|mask| mask.sha256 == hash)
    });
    let mask = Arc::clone(&other.log.lock().unwrap().jobs.last().unwrap().inputs.masks[0]);
    assert!(mask.rgb == drawn.rgb && mask.drawing.is_some(), "it can be drawn on");
}

#[test]
fn a_drawn_region_comes_back_from_the_recipe_of_a_picture() {
    let (mut window, drawn) = painting();
    let file = saved(&mut window, "a.png");
    let (recipe, _) = recipe::read_file(&file).unwrap();
    assert_eq!(recipe.settings.masks.regions[0].mask, drawn.reference());

    let mut other = Setup::default().open();
    other.until_painting();
    drop_files(&mut other, &[file]);
    other.until_recipe_is_offered();
    other.harness.get_by_label("Take its recipe").click();
    other.until("the recipe's run begins", |_, log| log.jobs.len() == 2);
    let masks = other.job(1).inputs.masks;
    assert!(masks.len() == 1 && masks[0].sha256 == drawn.sha256 && masks[0].rgb == drawn.rgb);
}
