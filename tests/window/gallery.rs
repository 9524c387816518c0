//! Bundled and recent pictures to choose from, and files that are read again.

use std::path::PathBuf;

use crate::window_support::{Log, Setup, Window, picture_file};
use egui::{HoveredFile, Key, Modifiers, Role};
use egui_kittest::kittest::{NodeT as _, Queryable as _};

fn open_content(window: &mut Window, path: &std::path::Path) {
    let jobs = window.jobs();
    window.dialogs.will_pick(path);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::O);
    window.until("it is painted", |_, log| log.jobs.len() == jobs + 1);
    window.steps(3);
}

/// The small picture of this name; labels may have the same text.
fn tile<'a>(window: &'a Window, name: &'a str) -> egui_kittest::Node<'a> {
    window.harness.get_by(move |node| node.label().as_deref() == Some(name) && node.role() == Role::Button)
}

fn menu(window: &mut Window, name: &str) {
    window.harness.get_by_label(name).click();
    window.steps(5);
}

#[test]
fn recent_files_are_offered_everywhere_and_remembered_and_missing_ones_say_why() {
    let mut window = Setup::default().open();
    window.until_painting();
    let path = picture_file(&window, "meadow.png", (60, 40), 200);
    open_content(&mut window, &path);
    menu(&mut window, "Choose the style");
    tile(&window, "meadow.png").click();
    window.until("it is the style too", |_, log| log.styles() == ["meadow.png"]);
    let file = window.folder.path().join("impasto.toml");
    window.until("it is remembered", |_, _| {
        std::fs::read_to_string(&file).is_ok_and(|text| text.contains("recent = ["))
    });

    std::fs::remove_file(&path).unwrap();
    let folder = window.close();
    let mut window = Setup { options: Default::default(), ..Setup::default() }.open_in(folder);
    window.until("it paints", |_, log| log.steps > 0);
    menu(&mut window, "Choose the content");
    window.until("its reason is told", |harness, _| {
        harness.query_all_by_label_contains("meadow.png: ").next().is_some()
    });
    let tile = window.harness.get_by_label_contains("meadow.png: ");
    assert!(tile.accesskit_node().is_disabled());
}

#[test]
fn recent_contents_and_styles_are_apart_and_a_further_style_is_chosen_from_them() {
    let mut window = Setup::default().open();
    window.until_painting();
    let [lake, wood] = ["lake.png", "wood.png"].map(|name| picture_file(&window, name, (60, 40), 200));
    open_content(&mut window, &lake);
    window.dialogs.will_pick(&wood);
    window.harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::O);
    window.until("it is the style", |_, log| log.styles() == ["wood.png"]);
    window.steps(3);
    for (name, heading) in
        [("Choose the content", "Recent styles"), ("Choose another style", "Recent contents")]
    {
        menu(&mut window, name);
        let [above, below] = ["Recent", heading].map(|text| window.harness.get_by_label(text).rect().min.y);
        let [lake, wood] = ["lake.png", "wood.png"].map(|file| tile(&window, file).rect().min.y);
        let (own, other) = if heading == "Recent styles" { (lake, wood) } else { (wood, lake) };
        assert!(above < own && own < below && below < other, "{name}");
        if heading == "Recent styles" {
            window.harness.key_press(Key::Escape);
            window.steps(3);
        }
    }
    tile(&window, "lake.png").click();
    window.until("two styles", |_, log| log.styles() == ["wood.png", "lake.png"]);
}

#[test]
fn a_changed_file_is_read_again_and_an_unchanged_one_changes_nothing() {
    let mut window = Setup::default().open();
    window.until_painting();
    let path = picture_file(&window, "meadow.png", (60, 40), 200);
    open_content(&mut window, &path);
    let jobs = window.jobs();
    menu(&mut window, "Choose the content");
    window.harness.get_by_label("Reload").click();
    window.until("it is told", |harness, _| {
        harness.query_all_by_label_contains("The file has not changed").next().is_some()
    });
    window.steps(5);
    assert_eq!(window.jobs(), jobs);
    picture_file(&window, "meadow.png", (60, 40), 90);
    menu(&mut window, "Choose the content");
    window.harness.get_by_label("Reload").click();
    let colour = |log: &Log| log.inputs.as_ref().unwrap().content.rgb.get_pixel(0, 0).0;
    window.until("its new version is painted", |_, log| colour(log) == [10, 90, 30]);
    window.until("it is said", |harness, _| {
        harness.query_all_by_label_contains("The content has changed: it fades in.").next().is_some()
    });
    assert_eq!(window.jobs(), jobs, "the run goes on");
    // In another shape it is another picture.
    picture_file(&window, "meadow.png", (60, 50), 90);
    window.steps(3);
    menu(&mut window, "Choose the content");
    window.harness.get_by_label("Reload").click();
    window.until("it is painted anew", |_, log| log.jobs.len() == jobs + 1);
    assert_eq!(window.job(jobs).inputs.content.dimensions(), (60, 50));
    // What is bundled cannot change.
    menu(&mut window, "Choose the style");
    assert!(window.harness.query_by_label("Reload").is_none());
}

#[test]
fn an_empty_canvas_offers_the_examples() {
    let mut setup = Setup::default();
    setup.options.content = Some("/nowhere/lake.jpg".into());
    setup.options.styles = vec!["/nowhere/wave.png".into()];
    let mut window = setup.open();
    window.until("the canvas is empty", |harness, _| {
        harness.query_by_label("Two pictures make a painting").is_some()
    });
    window.steps(5);
    tile(&window, "Rocket").click();
    window.until("the content is there", |harness, _| {
        harness.query_by_label_contains("Content: Rocket").is_some()
    });
    window.steps(3);
    tile(&window, "Mosaic").click();
    window.until("it paints", |_, log| log.jobs.len() == 1);
    let job = window.job(0);
    assert_eq!(
        (job.inputs.content.name.as_str(), job.inputs.styles[0].picture.name.as_str()),
        ("Rocket", "Mosaic")
    );
}

#[test]
fn a_file_dropped_on_the_palette_becomes_the_palette() {
    let mut window = Setup { size: [1280.0, 1000.0], ..Setup::default() }.open();
    window.until_painting();
    let path = picture_file(&window, "leaves.png", (60, 40), 150);
    let slot = window.harness.get_by_label_contains("Palette: empty").rect();
    window.harness.input_mut().hovered_files = vec![HoveredFile::default()];
    window.harness.step();
    window.harness.hover_at(slot.center());
    window.harness.step();
    window.harness.input_mut().hovered_files.clear();
    window.harness.input_mut().dropped_files = vec![std::sync::Arc::new(Dropped(path.clone()))];
    window.harness.step();
    window.until("it is the palette", |_, log| {
        log.updates.last().is_some_and(|(settings, _)| settings.palette.as_ref() == Some(&path))
    });
}

/// A file as the windowing system drops it.
#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &std::path::Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|error| error.to_string())
    }
}
