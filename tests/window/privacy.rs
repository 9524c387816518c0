//! What saved pictures tell of their user, and what a playlist may open.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::window_support::{Setup, Window, drop_files, hands::resting, has, saved};
use egui::{Event, Key, Modifiers};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use image::{Rgb, RgbImage};
use impasto_core::{picture::embedded_text, settings::Init};
use impasto_formats::recipe;

/// In the name of the folder that no saved picture may name.
const SECRET: &str = "nobodys-business";

fn person() -> tempfile::TempDir {
    let folder = tempfile::Builder::new().prefix(SECRET).tempdir().unwrap();
    for (index, name) in ["lake.png", "tiles.png", "leaves.png", "start.png"].iter().enumerate() {
        let picture = RgbImage::from_fn(60, 40, |x, y| Rgb([x as u8, y as u8, 60 * index as u8]));
        picture.save(folder.path().join(name)).unwrap();
    }
    folder
}

/// A window that has painted from a person's own files.
fn painted(person: &Path) -> Window {
    let mut setup = resting();
    setup.options.content = Some(person.join("lake.png"));
    setup.options.styles = vec![person.join("tiles.png")];
    let settings = setup.options.settings.as_mut().unwrap();
    (settings.palette, settings.match_colours) = (Some(person.join("leaves.png")), 1.0);
    settings.init = Init::File(person.join("start.png"));
    let mut window = setup.open();
    window.until("it is done", |harness, _| harness.query_by_label_contains("Finished.").is_some());
    window
}

#[track_caller]
fn discreet(path: &Path) {
    let bytes = fs::read(path).unwrap();
    let text = embedded_text(&bytes).unwrap();
    for source in ["lake.png", "tiles.png", "leaves.png", "start.png"] {
        assert!(text.contains(source), "{source} is not in {text}");
    }
    let tells = bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes());
    assert!(!tells, "{}: {text}", path.display());
}

#[test]
fn no_saved_picture_names_a_folder_whichever_way_it_is_saved() {
    let person = person();
    let mut window = painted(person.path());
    for name in ["a.png", "a.jpg"] {
        discreet(&saved(&mut window, name));
    }
    // A moment by its key, beside the last one.
    let pictures = |folder: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.extension().is_some_and(|end| end == "png" || end == "jpg")).collect()
    };
    let folder = window.folder.path().to_owned();
    let before = pictures(&folder);
    window.harness.key_press_modifiers(Modifiers { alt: true, ..Modifiers::COMMAND }, Key::S);
    window.until("a moment is saved", |_, _| pictures(&folder).len() > before.len());
    window.steps(3);
    let moment = pictures(&folder).into_iter().find(|path| !before.contains(path)).unwrap();
    discreet(&moment);
    // By the queue.
    window.harness.key_press(Key::Q);
    window.steps(4);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    window.steps(4);
    window.harness.get_by_label("Name of the file").click();
    window.steps(3);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    window.steps(2);
    window.harness.event(Event::Text("queued.png".to_owned()));
    window.steps(3);
    window.dialogs.will_pick(&folder);
    window.harness.get_by_label("Choose the folder: Folder").click();
    let shown = folder.display().to_string();
    window.until("the folder is chosen", |harness, _| {
        harness.query_all_by_label_contains(&shown).next().is_some()
    });
    window.harness.get_by_label("Add to the queue").click();
    window.until("it is painted", |harness, _| {
        let rows = harness.query_all_by_role(egui::Role::ListItem);
        rows.filter_map(|node| node.accesskit_node().label()).any(|label| label.contains("done"))
    });
    discreet(&folder.join("queued.png"));
}

#[test]
fn ones_own_pictures_are_found_again_wherever_they_are() {
    let person = person();
    let mut window = painted(person.path());
    let file = saved(&mut window, "a.png");
    let folder = window.close();
    // Another painting is in hand, in folders that have nothing to do with this one.
    let mut setup = resting();
    let other = tempfile::tempdir().unwrap();
    RgbImage::new(60, 40).save(other.path().join("other.png")).unwrap();
    setup.options.content = Some(other.path().join("other.png"));
    setup.options.styles = setup.options.content.clone().into_iter().collect();
    let mut window = setup.open_in(folder);
    window.until_painting();
    drop_files(&mut window, &[file]);
    window.until_recipe_is_offered();
    assert!(!has(&window, "open it yourself") && !has(&window, "is not found"));
    window.harness.get_by_label("Take its recipe").click();
    window.until("the recipe's run begins", |_, log| log.jobs.len() == 2);
    let job = window.job(1);
    let path = |name: &str| Some(person.path().join(name));
    assert_eq!(
        (job.inputs.content.path.clone(), job.settings.palette),
        (path("lake.png"), path("leaves.png"))
    );
    assert_eq!(job.inputs.styles[0].picture.path, path("tiles.png"));
    assert_eq!(Some(job.settings.init), path("start.png").map(Init::File));
}

#[test]
fn thumbnails_can_be_left_out_and_the_choice_is_remembered() {
    let person = person();
    let mut window = painted(person.path());
    let file = saved(&mut window, "with.png");
    assert_eq!(recipe::read_file(&file).unwrap().0.thumbnails.len(), 2);
    window.harness.get_by_label("More about the painting").click();
    window.steps(3);
    window.harness.get_by_label("Thumbnails in recipes").click();
    window.steps(3);
    assert!(has(&window, "contain no pictures"));
    let file = saved(&mut window, "without.png");
    assert_eq!(recipe::read_file(&file).unwrap().0.thumbnails, []);
    let settings = window.folder.path().join("impasto.toml");
    window.until("it is remembered", move |_, _| {
        fs::read_to_string(&settings).is_ok_and(|text| text.contains("without_thumbnails = true"))
    });
}

fn click(window: &mut Window, label: &str) {
    window.harness.get_by_label(label).click();
    window.steps(4);
}

/// Plays the list on the page: the painting below may have a button of this name too.
fn play(window: &mut Window) {
    window.harness.get_all_by_label("Play").last().unwrap().click();
    window.steps(4);
}

/// Opens a playlist by its page.
fn open_list(window: &mut Window, path: &Path) {
    window.dialogs.will_pick(path);
    click(window, "Open a playlist");
}

fn entry(file: &Path, settings: &str) -> String {
    let style = "styles = [{ picture = { example = \"Swirl\" } }]";
    format!("[[entries]]\nseconds = 600.0\ncontent = {{ file = '{}' }}\n{style}\n{settings}", file.display())
}

#[test]
fn a_playlist_opens_nothing_outside_of_its_folder_before_a_yes() {
    let person = person();
    let lake = person.path().join("lake.png");
    let mut window = Setup::default().open();
    window.until_painting();
    let got = tempfile::tempdir().unwrap();
    let meadow = got.path().join("meadow.png");
    RgbImage::from_pixel(60, 40, Rgb([9, 99, 9])).save(&meadow).unwrap();
    let palette = person.path().join("leaves.png");
    let settings = format!("[entries.settings]\nsize = 256\npalette = '{}'\n", palette.display());
    let many: String =
        (0..6).map(|index| entry(&person.path().join(format!("{index}\u{202e}.png")), "")).collect();
    let list = got.path().join("evening.toml");
    fs::write(&list, [entry(&lake, ""), entry(&meadow, &settings), many].concat()).unwrap();
    let question = "names 8 files outside of its folder";
    let ask = |window: &mut Window| {
        open_list(window, &list);
        window.until("it is asked", |harness, _| harness.query_by_label_contains(question).is_some());
        window.steps(3);
    };
    window.harness.key_press(Key::F9);
    window.steps(4);
    ask(&mut window);
    assert!(has(&window, r"0\u{202e}.png") && has(&window, "… and 3 more"));
    assert!(!has(&window, "2  meadow in Swirl"), "the page waits");
    click(&mut window, "Leave them out");
    let jobs = window.jobs();
    play(&mut window);
    window.until("the first is skipped", |harness, _| {
        harness.query_all_by_label_contains("lake.png lies outside").next().is_some()
    });
    window.until("the second is painted", |_, log| log.jobs.len() > jobs);
    let job = window.job(jobs);
    assert_eq!((job.inputs.content.name.as_str(), job.settings.palette), ("meadow.png", None));
    window.harness.key_press(Key::Escape);
    window.until("it has stopped", |harness, _| harness.query_by_label("Save…").is_some());
    // What was left out is not agreed to by saving it.
    window.harness.key_press(Key::F9);
    window.steps(4);
    let copy = got.path().join("copy.toml");
    window.dialogs.will_pick(&copy);
    click(&mut window, "Save the playlist");
    let written = copy.clone();
    window.until("it is saved", move |_, _| written.exists());
    window.until("it is told", |harness, _| harness.query_by_label("copy.toml").is_some());
    open_list(&mut window, &copy);
    window.until("it is asked again", |harness, _| harness.query_by_label_contains(question).is_some());
    window.steps(3);
    click(&mut window, "Leave them out");
    // After a yes they are opened, and the same list asks no more.
    ask(&mut window);
    click(&mut window, "Open them");
    let jobs = window.jobs();
    play(&mut window);
    window.until("the first is painted", |_, log| log.jobs.len() > jobs);
    assert_eq!(window.job(jobs).inputs.content.path.as_deref(), Some(lake.as_path()));
    window.harness.key_press(Key::Escape);
    window.until("it has stopped", |harness, _| harness.query_by_label("Save…").is_some());
    let mut window = Setup::default().open_in(window.close());
    window.until_painting();
    window.harness.key_press(Key::F9);
    window.steps(4);
    open_list(&mut window, &list);
    window.until("it is open", |harness, _| {
        harness.query_all_by_label_contains("2  meadow in Swirl").next().is_some()
    });
    // Changed by whoever it may be, it does again.
    fs::write(&list, entry(&lake, "")).unwrap();
    open_list(&mut window, &list);
    window.until("it is asked", |harness, _| {
        harness.query_by_label_contains("names 1 file outside of its folder").is_some()
    });
}

#[test]
fn ones_own_playlist_asks_nothing() {
    let person = person();
    let mut window = painted(person.path());
    window.harness.key_press(Key::F9);
    window.steps(4);
    click(&mut window, "Add current painting");
    let list = window.folder.path().join("mine.toml");
    window.dialogs.will_pick(&list);
    click(&mut window, "Save the playlist");
    window.until("it is saved", |harness, _| harness.query_by_label("mine.toml").is_some());
    let mut window = Setup::default().open_in(window.close());
    window.until_painting();
    window.harness.key_press(Key::F9);
    window.steps(4);
    open_list(&mut window, &list);
    window.until("it is open", |harness, _| {
        harness.query_all_by_label_contains("1  lake in tiles").next().is_some()
    });
    let jobs = window.jobs();
    play(&mut window);
    window.until("it is painted", |_, log| log.jobs.len() > jobs);
    let job = window.job(jobs);
    assert_eq!(job.inputs.content.path, Some(person.path().join("lake.png")));
    assert_eq!(job.settings.palette, Some(person.path().join("leaves.png")));
}
