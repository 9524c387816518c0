//! The list of regions and maps below the painting.

use std::{fs, path::PathBuf};

use crate::window_support::{Setup, Window, drop_files, enter, has, picture_file, press, undo};
use egui::{Event, Key, Modifiers, Role, accesskit::Toggled};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use image::{GrayImage, Luma};
use impasto_core::settings::{Edge, Masks, Region, RegionRole, RegionStyle, Settings};
use impasto_network::vgg::Layer;

/// A window that shows the list.
fn open() -> Window {
    let remembered = "[layout]\nstop_after_steps = true\nbottom = 420.0\n".to_owned();
    open_with(Setup { size: [1500.0, 1100.0], remembered: Some(remembered), ..Setup::default() })
}

fn open_with(setup: Setup) -> Window {
    let mut window = setup.open();
    window.until_painting();
    window.harness.get_by_role_and_label(Role::Tab, "Regions").click();
    window.steps(4);
    window
}

/// The masks that were sent last.
fn masks(window: &Window) -> Masks {
    window.log.lock().unwrap().updates.last().map(|(settings, _)| settings.masks.clone()).unwrap_or_default()
}

fn regions(window: &Window) -> Vec<Region> {
    masks(window).regions
}

#[track_caller]
fn until_masks(window: &mut Window, what: &str, done: impl Fn(&Masks) -> bool) {
    window.until(what, |_, log| log.updates.last().is_some_and(|(settings, _)| done(&settings.masks)));
    window.steps(3);
}

#[track_caller]
fn add(window: &mut Window) {
    let count = regions(window).len();
    press(window, "Add region", Role::Button);
    until_masks(window, "the region arrives", |masks| masks.regions.len() == count + 1);
}

/// Chooses an entry of a row's menu.
#[track_caller]
fn more(window: &mut Window, title: &str, entry: &str) {
    press(window, &format!("More of {title}"), Role::Button);
    window.steps(3);
    window.harness.get_by_label(entry).click();
    window.steps(4);
}

#[track_caller]
fn choose(window: &mut Window, choice: &str, value: &str) {
    window.harness.get_by_label_contains(choice).click();
    window.steps(3);
    window.harness.get_by_label(value).click();
    window.steps(3);
}

fn type_name(window: &mut Window, name: &str) {
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    window.harness.event(Event::Text(name.to_owned()));
    window.steps(2);
    window.harness.key_press(Key::Enter);
    window.steps(4);
}

/// A mask that is white on its left.
fn mask_file(window: &Window, name: &str, white: u32) -> PathBuf {
    let path = window.folder.path().join(name);
    GrayImage::from_fn(120, 80, |x, _| Luma([if x < white { 255 } else { 0 }])).save(&path).unwrap();
    path
}

/// Waits until so many pixels of the first mask's first line are white.
fn until_white(window: &mut Window, wanted: usize) {
    window.until(&format!("{wanted} white pixels"), |_, log| {
        log.masks.first().is_some_and(|mask| {
            (0..mask.rgb.width()).filter(|&x| mask.rgb.get_pixel(x, 0)[0] > 127).count() == wanted
        })
    });
}

#[test]
fn a_region_is_added_renamed_changed_and_removed_without_a_new_run() {
    let mut window = open();
    assert!(has(&window, "Press K and draw one"));
    add(&mut window);
    assert_eq!(regions(&window)[0].name, "Region 1");
    assert!(has(&window, "Nothing is in it yet"));
    more(&mut window, "Region 1", "Rename…");
    type_name(&mut window, "sky");
    until_masks(&mut window, "the name arrives", |masks| masks.regions[0].name == "sky");
    enter(&mut window, "Strength of sky, number", "0.4");
    until_masks(&mut window, "the strength arrives", |masks| masks.regions[0].strength == 0.4);
    choose(&mut window, "Edge of sky", "Hard");
    until_masks(&mut window, "the edge arrives", |masks| masks.regions[0].edge == Edge::Hard);
    choose(&mut window, "Role of sky", "Keep the photograph");
    until_masks(&mut window, "the role arrives", |masks| masks.regions[0].role == RegionRole::Keep);
    assert!(window.harness.query_by_label("Strength of sky, number").is_none(), "nothing is painted there");
    window.harness.check_accessibility();
    press(&mut window, "Remove sky", Role::Button);
    until_masks(&mut window, "it is gone", |masks| masks.regions.is_empty());
    for (note, check) in [
        ("Undone: Region sky removed", (|region| region.role == RegionRole::Keep) as fn(&Region) -> bool),
        ("Undone: Role of sky back to paint", |region| region.role == RegionRole::Paint),
        ("Undone: Edge of sky back to soft", |region| region.edge == Edge::Soft),
        ("Undone: Strength of sky back to 1", |region| region.strength == 1.0),
        ("Undone: Name of sky back to Region 1", |region| region.name == "Region 1"),
    ] {
        undo(&mut window);
        until_masks(&mut window, note, |masks| masks.regions.first().is_some_and(check));
        assert!(has(&window, note), "{note}");
    }
    assert_eq!(window.jobs(), 1, "the run goes on");
}

#[test]
fn names_stand_once_and_regions_are_copied_and_ordered() {
    let mut window = open();
    add(&mut window);
    add(&mut window);
    more(&mut window, "Region 2", "Rename…");
    type_name(&mut window, "Region 1");
    assert!(has(&window, "There is a region called Region 1 already."));
    window.harness.get_by_label("Cancel").click();
    window.steps(3);
    enter(&mut window, "Strength of Region 2, number", "1.5");
    more(&mut window, "Region 2", "Duplicate");
    until_masks(&mut window, "the copy arrives", |masks| masks.regions.len() == 3);
    let names =
        |window: &Window| regions(window).iter().map(|region| region.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&window), ["Region 1", "Region 2", "Region 2 2"]);
    assert_eq!(regions(&window)[2].strength, 1.5);
    press(&mut window, "Region 2 earlier", Role::Button);
    until_masks(&mut window, "the order arrives", |masks| masks.regions[0].name == "Region 2");
    assert_eq!(names(&window), ["Region 2", "Region 1", "Region 2 2"]);
    undo(&mut window);
    until_masks(&mut window, "the order is back", |masks| masks.regions[0].name == "Region 1");
    assert!(has(&window, "Undone: Regions in another order"));
}

#[test]
fn a_soloed_region_silences_the_others_in_what_is_painted_and_not_in_the_settings() {
    let mut window = open();
    add(&mut window);
    add(&mut window);
    press(&mut window, "Solo region Region 2", Role::Switch);
    until_masks(&mut window, "the other is silent", |masks| masks.regions[0].strength == 0.0);
    assert_eq!(regions(&window)[1].strength, 1.0);
    assert!(has(&window, "Solo: only Region 2 of the regions"));
    let file = window.folder.path().join("impasto.toml");
    window.until("it is remembered", |_, _| {
        fs::read_to_string(&file)
            .is_ok_and(|text| text.contains("Region 2") && !text.contains("strength = 0.0"))
    });
    window.harness.get_by_label("Clear").click();
    until_masks(&mut window, "both are heard", |masks| masks.regions[0].strength == 1.0);
    assert_eq!(window.jobs(), 1);
}

#[test]
fn a_region_has_styles_that_follow_their_pictures() {
    let mut window = open();
    for (name, count) in [("second.png", 2), ("third.png", 3)] {
        let path = picture_file(&window, name, (60, 40), 200);
        window.dialogs.will_pick(&path);
        press(&mut window, "Add style…", Role::Button);
        window.until("it is added", |_, log| log.styles().len() == count);
        window.steps(3);
    }
    add(&mut window);
    window.harness.get_by_label("Styles of Region 1: as in the rest").click();
    window.steps(3);
    window.harness.get_by_label("Style 3 in Region 1").click();
    until_masks(&mut window, "the style arrives", |masks| !masks.regions[0].styles.is_empty());
    assert!(has(&window, "only in this region"));
    enter(&mut window, "Weight of style 3 in Region 1", "0.5");
    let style = |style: usize| vec![RegionStyle { style, weight: 0.5 }];
    until_masks(&mut window, "its weight arrives", |masks| masks.regions[0].styles == style(2));
    window.harness.key_press(Key::Escape);
    window.steps(3);
    // The one before it goes.
    press(&mut window, "Remove the style 2", Role::Button);
    until_masks(&mut window, "the index follows", |masks| masks.regions[0].styles == style(1));
    assert_eq!(window.log.lock().unwrap().styles()[1], "third.png");
    undo(&mut window);
    until_masks(&mut window, "it is back", |masks| masks.regions[0].styles == style(2));
    press(&mut window, "Remove the style 3", Role::Button);
    until_masks(&mut window, "the region has none left", |masks| masks.regions[0].styles.is_empty());
    assert_eq!(window.jobs(), 1);
}

#[test]
fn a_region_weighs_its_layers() {
    let mut window = open();
    add(&mut window);
    assert!(!has(&window, "in Region 1, number"), "the faders are behind the menu");
    more(&mut window, "Region 1", "Layers…");
    let layers: Vec<Layer> = Settings::default().style_layers.layers().collect();
    for layer in &layers {
        let name = format!("Layer {layer} in Region 1");
        let fader = window.harness.get_by_role_and_label(Role::Slider, &name);
        assert_eq!(fader.accesskit_node().numeric_value(), Some(1.0), "{name}");
    }
    window.harness.check_accessibility();
    enter(&mut window, "Layer relu4_1 in Region 1, number", "0.5");
    let factors =
        |masks: &Masks| layers.iter().map(|&layer| masks.regions[0].layer_factor(layer)).collect::<Vec<_>>();
    until_masks(&mut window, "the factor arrives", |masks| factors(masks) == [1.0, 1.0, 1.0, 0.5, 1.0]);
    // More than a slider gives stays as it was typed, while the popup is open too.
    enter(&mut window, "Layer relu1_1 in Region 1, number", "3");
    until_masks(&mut window, "another one", |masks| factors(masks) == [3.0, 1.0, 1.0, 0.5, 1.0]);
    window.steps(10);
    assert_eq!(factors(&masks(&window)), [3.0, 1.0, 1.0, 0.5, 1.0]);
    // What is set and taken back at once has not happened.
    window.steps(80);
    press(&mut window, "Reset the layers of Region 1", Role::Button);
    until_masks(&mut window, "all are as in the rest", |masks| masks.regions[0].layers.is_none());
    window.harness.key_press(Key::Escape);
    window.steps(3);
    assert!(!has(&window, "in Region 1, number"), "it is closed");
    undo(&mut window);
    until_masks(&mut window, "they are back", |masks| factors(masks) == [3.0, 1.0, 1.0, 0.5, 1.0]);
    assert!(has(&window, "Undone: Layers of Region 1"));
    assert_eq!(window.jobs(), 1, "the run goes on");
    // What is not painted has no layers.
    choose(&mut window, "Role of Region 1", "Keep the photograph");
    press(&mut window, "More of Region 1", Role::Button);
    window.steps(3);
    assert!(window.harness.get_by_label("Layers…").accesskit_node().is_disabled());
}

#[test]
fn a_mask_is_a_file_that_is_followed() {
    let mut window = open();
    let path = mask_file(&window, "left.png", 60);
    window.dialogs.will_pick(&path);
    press(&mut window, "Add something else", Role::Button);
    window.steps(3);
    window.harness.get_by_label("Region from a file…").click();
    until_masks(&mut window, "the region arrives", |masks| masks.regions.len() == 1);
    assert_eq!(*window.dialogs.asked.lock().unwrap(), ["Open a mask"]);
    let region = &regions(&window)[0];
    assert_eq!((region.name.as_str(), &region.mask), ("left", &path));
    until_white(&mut window, 60);
    mask_file(&window, "left.png", 20);
    until_white(&mut window, 20);
    assert_eq!(window.jobs(), 1);
    window.until("it is told", |harness, _| harness.query_by_label("A mask has changed.").is_some());
    // Dropped on the list.
    let other = mask_file(&window, "right.png", 10);
    let row = window.harness.get_by_role_and_label(Role::Button, "left").rect();
    window.harness.input_mut().hovered_files = vec![egui::HoveredFile::default()];
    window.harness.hover_at(row.center());
    window.steps(2);
    drop_files(&mut window, &[other]);
    until_masks(&mut window, "the second arrives", |masks| masks.regions.len() == 2);
    assert_eq!(regions(&window)[1].name, "right");
}

#[test]
fn a_locked_mask_is_not_changed_and_luminance_makes_one() {
    let mut window = open();
    add(&mut window);
    more(&mut window, "Region 1", "From a range of colours…");
    assert!(has(&window, "The mask of this range"));
    window.harness.get_by_label("OK").click();
    window.until("the mask arrives", |_, log| {
        log.masks.first().is_some_and(|mask| mask.rgb.pixels().any(|pixel| pixel[0] > 127))
    });
    window.steps(3);
    let drawn = regions(&window)[0].mask.clone();
    press(&mut window, "Lock Region 1", Role::Switch);
    window.steps(3);
    let lock = window.harness.get_by_role_and_label(Role::Switch, "Lock Region 1");
    assert_eq!(lock.accesskit_node().toggled(), Some(Toggled::True));
    more(&mut window, "Region 1", "Invert");
    assert!(has(&window, "Region 1 is locked"));
    assert_eq!(regions(&window)[0].mask, drawn);
    press(&mut window, "Lock Region 1", Role::Switch);
    window.steps(3);
    more(&mut window, "Region 1", "Invert");
    until_masks(&mut window, "it is inverted", |masks| masks.regions[0].mask != drawn);
}

#[test]
fn a_range_of_hues_makes_a_mask() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("flag.png");
    let flag = image::RgbImage::from_fn(96, 64, |x, _| {
        image::Rgb(if x < 48 { [40, 90, 200] } else { [200, 60, 40] })
    });
    flag.save(&file).unwrap();
    let remembered = "[layout]\nstop_after_steps = true\nbottom = 420.0\n".to_owned();
    let mut setup = Setup { size: [1500.0, 1100.0], remembered: Some(remembered), ..Setup::default() };
    setup.options.content = Some(file);
    let mut window = open_with(setup);
    add(&mut window);
    more(&mut window, "Region 1", "From a range of colours…");
    window.harness.get_by_label("Hue").click();
    window.steps(3);
    assert!(has(&window, "Least colour"));
    window.harness.get_by_label("OK").click();
    window.until("blue is inside, red is not", |_, log| {
        log.masks.first().is_some_and(|mask| {
            let (width, height) = mask.dimensions();
            let at = |x: u32| mask.rgb.get_pixel(x, height / 2)[0];
            at(width / 4) == 255 && at(width * 3 / 4) == 0
        })
    });
    undo(&mut window);
    window.until("one step", |_, log| {
        log.masks.first().is_some_and(|mask| mask.rgb.pixels().all(|pixel| pixel[0] == 0))
    });
}

#[test]
fn maps_of_strength_are_added_and_removed() {
    let mut window = open();
    for (entry, there) in [
        ("Style strength map", (|masks| masks.style_map.is_some()) as fn(&Masks) -> bool),
        ("Content strength map", |masks| masks.content_map.is_some()),
    ] {
        press(&mut window, "Add something else", Role::Button);
        window.steps(3);
        window.harness.get_by_label(entry).click();
        until_masks(&mut window, entry, there);
    }
    press(&mut window, "Remove style map", Role::Button);
    until_masks(&mut window, "it is gone", |masks| masks.style_map.is_none() && masks.content_map.is_some());
    undo(&mut window);
    until_masks(&mut window, "it is back", |masks| masks.style_map.is_some());
    assert!(has(&window, "Undone: Style map removed"));
}

#[test]
fn the_palette_of_commands_knows_the_regions() {
    let mut window = open();
    add(&mut window);
    let find = |window: &mut Window, query: &str, entry: &str| {
        window.harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
        window.steps(3);
        window.harness.event(Event::Text(query.to_owned()));
        window.steps(3);
        assert!(has(window, entry), "{entry}");
        window.harness.key_press(Key::Enter);
        window.steps(4);
    };
    find(&mut window, "strength of region 1 0.3", "Set Strength of Region 1 to 0.3");
    until_masks(&mut window, "the strength arrives", |masks| masks.regions[0].strength == 0.3);
    find(&mut window, "remove region 1", "Remove Region 1");
    until_masks(&mut window, "it is gone", |masks| masks.regions.is_empty());
}

#[test]
fn a_mask_is_added_to_another_and_taken_away() {
    let mut window = open();
    add(&mut window);
    let path = mask_file(&window, "half.png", 60);
    window.dialogs.will_pick(&path);
    press(&mut window, "Add something else", Role::Button);
    window.steps(3);
    window.harness.get_by_label("Region from a file…").click();
    window.until("the second region is there", |_, log| log.masks.len() == 2);
    window.steps(3);
    let combine = |window: &mut Window, entry: &str| {
        more(window, "Region 1", entry);
        window.harness.get_by_label("Mask of half as it is").click();
        window.steps(3);
    };
    // In shares of the width: a drawn mask has a size of its own.
    let until_inside = |window: &mut Window, what: &str, wanted: [u8; 2]| {
        window.until(what, |_, log| {
            log.masks.first().is_some_and(|mask| {
                let at = |x: u32| mask.rgb.get_pixel(x, 0)[0];
                [at(mask.rgb.width() / 4), at(mask.rgb.width() * 3 / 4)] == wanted
            })
        });
        window.steps(3);
    };
    combine(&mut window, "Add the mask of");
    until_inside(&mut window, "the left half", [255, 0]);
    more(&mut window, "Region 1", "Invert");
    until_inside(&mut window, "the right half", [0, 255]);
    combine(&mut window, "Add the mask of");
    until_inside(&mut window, "all of it", [255, 255]);
    combine(&mut window, "Take away the mask of");
    until_inside(&mut window, "the right half again", [0, 255]);
    combine(&mut window, "Keep only what is in");
    until_inside(&mut window, "what is in both", [0, 0]);
    undo(&mut window);
    until_inside(&mut window, "each is one step", [0, 255]);
    assert!(has(&window, "Undone: Common part with another mask on Region 1"));
    assert_eq!(window.jobs(), 1);
}

#[test]
fn a_missing_mask_is_opened_when_its_file_is_there() {
    let mut window = open();
    // One was never there, as on a share that is away; the other is torn.
    let torn = window.folder.path().join("torn.png");
    fs::write(&torn, "no picture").unwrap();
    for (name, count) in [("away.png", 1), ("torn.png", 2)] {
        window.dialogs.will_pick(&window.folder.path().join(name));
        press(&mut window, "Add something else", Role::Button);
        window.steps(3);
        window.harness.get_by_label("Region from a file…").click();
        until_masks(&mut window, "the region arrives", |masks| masks.regions.len() == count);
    }
    let white = |log: &crate::window_support::Log, region: usize| {
        let mask = log.masks.get(region)?;
        Some((0..mask.rgb.width()).filter(|&x| mask.rgb.get_pixel(x, 0)[0] > 127).count())
    };
    window.until("nothing is in them", |_, log| white(log, 1) == Some(0));
    mask_file(&window, "away.png", 60);
    window.until("the one that was away", |_, log| white(log, 0) == Some(60));
    assert_eq!(white(&window.log.lock().unwrap(), 1), Some(0));
    window.until("it is told", |harness, _| {
        harness.query_by_label("A mask that was missing is there.").is_some()
    });
    mask_file(&window, "torn.png", 30);
    window.until("the one that was torn", |_, log| white(log, 1) == Some(30));
    window.steps(3);
    assert!(!has(&window, "Its mask is missing: "));
    // From now on it is followed as any other.
    mask_file(&window, "away.png", 20);
    window.until("another version", |_, log| white(log, 0) == Some(20));
    assert_eq!(window.jobs(), 1);
}

#[test]
fn a_region_whose_mask_is_missing_stays_and_tells_why() {
    let mut window = open();
    let path = window.folder.path().join("broken.png");
    fs::write(&path, "no picture").unwrap();
    window.dialogs.will_pick(&path);
    press(&mut window, "Add something else", Role::Button);
    window.steps(3);
    window.harness.get_by_label("Region from a file…").click();
    until_masks(&mut window, "the region arrives", |masks| masks.regions.len() == 1);
    assert!(has(&window, "The mask of broken is missing") && has(&window, "Its mask is missing: "));
    // Nothing is in it.
    until_white(&mut window, 0);
    more(&mut window, "broken", "Invert");
    assert!(has(&window, "clear or fill it, or choose a file first"));
    undo(&mut window);
    until_masks(&mut window, "it is undone", |masks| masks.regions.is_empty());
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Y);
    until_masks(&mut window, "it can be done again", |masks| masks.regions.len() == 1);
    // By now there is a mask.
    mask_file(&window, "broken.png", 60);
    window.dialogs.will_pick(&path);
    more(&mut window, "broken", "From a file…");
    until_white(&mut window, 60);
    window.steps(3);
    assert!(!has(&window, "Its mask is missing: "));
    assert_eq!(window.jobs(), 1);
}

#[test]
fn a_lock_follows_its_region_through_undo_and_is_not_inherited() {
    let mut window = open();
    let lock = |window: &Window, name: &str| {
        window.harness.get_by_role_and_label(Role::Switch, name).accesskit_node().toggled()
    };
    add(&mut window);
    press(&mut window, "Lock Region 1", Role::Switch);
    window.steps(3);
    more(&mut window, "Region 1", "Rename…");
    type_name(&mut window, "sky");
    until_masks(&mut window, "the name arrives", |masks| masks.regions[0].name == "sky");
    assert_eq!(lock(&window, "Lock sky"), Some(Toggled::True));
    undo(&mut window);
    until_masks(&mut window, "the name is back", |masks| masks.regions[0].name == "Region 1");
    assert_eq!(lock(&window, "Lock Region 1"), Some(Toggled::True));
    press(&mut window, "Remove Region 1", Role::Button);
    until_masks(&mut window, "it is gone", |masks| masks.regions.is_empty());
    add(&mut window);
    assert_eq!(lock(&window, "Lock Region 1"), Some(Toggled::False), "another region of that name");
}
