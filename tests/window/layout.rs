//! Where things are in the window: what is above the fold, what never moves by itself, what gives way in a
//! small one.

use crate::window_support::{Setup, Window, enter, has, press, style_layers};
use egui::{Key, Modifiers, Rect, Role, accesskit::Toggled};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use impasto_core::settings::{LayerWeights, Settings, Strip};

fn open(size: [f32; 2]) -> Window {
    let mut window = Setup { size, ..Setup::default() }.open();
    window.until_painting();
    window
}

fn rect(window: &Window, name: &str, role: Role) -> Rect {
    window.harness.get_by(|node| node.label().as_deref() == Some(name) && node.role() == role).rect()
}

fn is_there(window: &Window, name: &str) -> bool {
    window.harness.query_all_by_label(name).next().is_some()
}

fn picture(window: &Window) -> Rect {
    window.harness.get_by_label_contains("Painting, 96 by 64 pixels").rect()
}

fn click(window: &mut Window, name: &str) {
    window.harness.get_by_label(name).click();
    window.steps(4);
}

#[test]
fn everything_that_is_played_with_is_above_the_fold() {
    let window = open([1360.0, 860.0]);
    // The panel ends where the row of mixes begins.
    let below = rect(&window, "Mix A, empty", Role::Button).min.y;
    let above = rect(&window, "Pause", Role::Button).max.y;
    let mut faders: Vec<String> = [
        "Style amount",
        "Tilt of the style layers",
        "Keep the content's colours",
        "Style scale",
        "Content weight α",
        "Style weight β",
    ]
    .map(str::to_owned)
    .into();
    faders.extend(style_layers().map(|layer| format!("{layer} style weight")));
    let content = LayerWeights::content_default();
    faders.extend(content.layers().map(|layer| format!("{layer} content weight")));
    assert_eq!(faders.len(), 13);
    let mut last = above;
    for name in &faders {
        let slider = rect(&window, name, Role::Slider);
        assert!(slider.min.y > above && slider.max.y < below - 5.0, "{name} at {slider}");
        assert!(slider.width() > 50.0 && slider.max.x < 1360.0, "{name} at {slider}");
        // In the order in which they are played, none over another.
        assert!(slider.min.y >= last - 2.0, "{name} at {slider}");
        last = slider.max.y;
    }
    for preset in
        ["Painterly", "Faithful photo", "Bold strokes", "Texture", "Classic (tutorial)", "Paper (2016)"]
    {
        assert!(rect(&window, &format!("{preset} preset"), Role::Button).max.y < below, "{preset}");
    }
    assert!(rect(&window, "Size", Role::SpinButton).max.y < below);
    // What is set once is folded.
    for name in ["Device", "Preview interval", "Padding", "Precision", "Optimizer"] {
        assert!(!is_there(&window, name), "{name}");
    }
}

#[test]
fn no_number_moves_the_panel() {
    let mut window = open([1280.0, 836.0]);
    let preset = rect(&window, "Preset", Role::ComboBox);
    let box_of = |window: &Window, name: &str| rect(window, name, Role::SpinButton).size();
    let boxes =
        ["Content weight α, number", "Tilt of the style layers, number", "relu3_1 style weight, number"];
    let sizes = boxes.map(|name| box_of(&window, name));
    for (name, text) in [
        (boxes[0], "0.00012"),
        (boxes[1], "-0.00997"),
        (boxes[0], "123456"),
        (boxes[2], "123456789"),
        (boxes[2], "0.000033014"),
    ] {
        enter(&mut window, name, text);
        window.steps(20);
        assert_eq!(rect(&window, "Preset", Role::ComboBox), preset, "after {text} in {name}");
        assert_eq!(boxes.map(|name| box_of(&window, name)), sizes, "after {text} in {name}");
    }
    let value = |name: &str| {
        let is_it = |node: &egui_kittest::kittest::AccessKitNode<'_>| {
            node.label().as_deref() == Some(name) && node.role() == Role::SpinButton
        };
        window.harness.get_by(is_it).value().unwrap_or_default()
    };
    assert_eq!((value(boxes[0]).as_str(), value(boxes[1]).as_str()), ("1.23e5", "-0.00997"));
    let file = window.folder.path().join("impasto.toml");
    window.until("it is remembered", |_, _| {
        std::fs::read_to_string(&file).is_ok_and(|text| text.contains("right = 340.0"))
    });
}

#[test]
fn every_part_has_a_door_that_is_always_there() {
    const DOORS: [&str; 9] =
        ["Painting", "Queue", "Grid", "Lab", "Playlist", "Show", "Time-lapse", "Remote", "Tour"];
    for size in [[1360.0, 860.0], [960.0, 540.0], [860.0, 460.0]] {
        let mut window = open(size);
        let places = |window: &Window| DOORS.map(|name| rect(window, name, Role::Switch));
        let before = places(&window);
        let whole = Rect::from_min_size(egui::Pos2::ZERO, size.into());
        for (name, place) in DOORS.iter().zip(before) {
            assert!(whole.contains_rect(place) && place.height() >= 30.0, "{name} at {place} in {size:?}");
        }
        for page in ["Queue", "Grid", "Painting"] {
            press(&mut window, page, Role::Switch);
            window.steps(4);
            assert_eq!(places(&window), before, "on the page {page}");
            let on = window
                .harness
                .get_by(|node| node.label().as_deref() == Some(page) && node.role() == Role::Switch);
            assert_eq!(on.accesskit_node().toggled(), Some(Toggled::True), "{page}");
        }
        // Where the panels are put away as well.
        window.harness.key_press(Key::Tab);
        window.steps(4);
        assert_eq!(places(&window), before);
        press(&mut window, "Show", Role::Switch);
        window.steps(4);
        assert!(has(&window, "Full screen, picture alone") && has(&window, "Second window"));
    }
}

#[test]
fn the_mixer_stands_below_the_painting_too() {
    let mut window = open([1360.0, 860.0]);
    // The same faders have the same names there.
    click(&mut window, "Settings panel");
    assert!(!is_there(&window, "relu3_1 style weight"));
    click(&mut window, "Mixer");
    let faders: Vec<Rect> =
        style_layers().map(|layer| rect(&window, &format!("{layer} style weight"), Role::Slider)).into();
    for pair in faders.windows(2) {
        assert!(pair[0].max.x < pair[1].min.x && pair[0].y_range() == pair[1].y_range(), "{pair:?}");
    }
    assert!(faders[0].height() > 2.0 * faders[0].width(), "{}", faders[0]);
    assert!(is_there(&window, "Content weight α") && is_there(&window, "Smoothness"));
    click(&mut window, "Mute style layer relu2_1");
    let layer = style_layers()[1];
    window.until("it is muted", |_, log| {
        log.updates.last().is_some_and(|(s, _)| {
            s.style_layers.strip(layer) == Some(Strip { weight: 0.9, muted: true, solo: false })
        })
    });
    let fader = rect(&window, "Style weight β", Role::Slider);
    window.harness.drag_at(fader.center());
    window.harness.step();
    window.harness.hover_at(fader.center() - egui::vec2(0.0, 14.0));
    window.harness.step();
    window.until("β is more", |_, log| log.updates.last().is_some_and(|(s, _)| s.style_weight > 1.1));
    window.harness.drop_at(fader.center() - egui::vec2(0.0, 14.0));
}

#[test]
fn a_solo_is_told_over_the_painting_and_ended_there() {
    let mut window = open([1360.0, 860.0]);
    assert!(!has(&window, "Solo: "));
    click(&mut window, "Solo style layer relu3_1");
    window
        .until("it is told", |harness, _| harness.query_by_label("Solo: relu3_1 · content silent").is_some());
    window.steps(3);
    let chip = window.harness.get_by_label("Solo: relu3_1 · content silent").rect();
    assert!(picture(&window).contains_rect(chip), "{chip}");
    click(&mut window, "Clear");
    window.until("it has ended", |_, log| log.updates.last().is_some_and(|(s, _)| !s.any_solo()));
    window.steps(3);
    assert!(!has(&window, "Solo: "));
}

#[test]
fn a_small_window_shows_one_side_panel_and_a_strip_of_curves() {
    let mut window = open([1024.0, 640.0]);
    let [content, settings] = ["Swap content and style", "Content weight α"];
    assert!(is_there(&window, settings) && !is_there(&window, content));
    let before = picture(&window);
    assert!(before.width() * before.height() > 0.3 * 1024.0 * 640.0, "{before}");
    click(&mut window, "Pictures panel");
    assert!(is_there(&window, content) && !is_there(&window, settings));
    click(&mut window, "Settings panel");
    assert!(is_there(&window, settings) && !is_there(&window, content));
    // A tab opens the panel, and closes it again.
    window.until("the strip", |harness, _| harness.query_by_label_contains("Loss, total ").is_some());
    click(&mut window, "Losses");
    window.until("the curves", |harness, _| harness.query_by_label("Line of relu3_1").is_some());
    assert!(picture(&window).height() < before.height() - 60.0);
    click(&mut window, "Losses");
    assert!(!is_there(&window, "Line of relu3_1"));
    assert_eq!(picture(&window), before);
    // A setting that is looked for brings its panel.
    click(&mut window, "Pictures panel");
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
    window.steps(3);
    window.harness.event(egui::Event::Text("content alpha".to_owned()));
    window.steps(3);
    window.harness.key_press(Key::Enter);
    window.until("the settings", |harness, _| harness.query_by_label(settings).is_some());
}

#[test]
fn everything_can_be_used_at_960_by_540() {
    let mut window = open([960.0, 540.0]);
    let whole = Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(960.0, 540.0));
    for (name, role) in [
        ("Pause", Role::Button),
        ("Save…", Role::Button),
        ("Help", Role::Button),
        ("Pictures panel", Role::Switch),
        ("Settings panel", Role::Switch),
        ("Randomize the mix", Role::Button),
        ("Mixer", Role::Tab),
    ] {
        let place = rect(&window, name, role);
        assert!(whole.contains_rect(place), "{name} at {place}");
    }
    let picture = picture(&window);
    assert!(whole.contains_rect(picture) && picture.height() > 250.0, "{picture}");
    press(&mut window, "Smoothness", Role::Slider);
    window.steps(4);
    let place = rect(&window, "Smoothness", Role::Slider);
    assert!(whole.contains_rect(place), "{place}");
}

#[test]
fn hints_do_not_cover_the_painting() {
    for size in [[1360.0, 860.0], [1024.0, 640.0]] {
        let mut window = Setup { options: Default::default(), size, ..Setup::default() }.open();
        window.until_painting();
        window.until("the hints", |harness, _| harness.query_by_label("Got it").is_some());
        window.steps(3);
        let hints = window.harness.get_by_label("Got it").rect();
        assert!(picture(&window).max.y <= hints.min.y, "{hints} at {size:?}");
        assert!(has(&window, "Drop your own pictures"));
    }
}

#[test]
fn nothing_speaks_of_drops_where_none_arrive() {
    let mut window = Setup { options: Default::default(), ..Setup::default() }.open();
    window.harness.state_mut().without_drops();
    window.until_painting();
    window.until("the hints", |harness, _| harness.query_by_label("Got it").is_some());
    assert!(has(&window, "Open your own pictures") && !has(&window, "Drop your own pictures"));
    let mut setup = Setup::default();
    setup.options.content = Some("/nowhere/lake.jpg".into());
    setup.options.styles = vec!["/nowhere/wave.png".into()];
    let mut window = setup.open();
    window.harness.state_mut().without_drops();
    window.until("the canvas is empty", |harness, _| {
        harness.query_by_label("Two pictures make a painting").is_some()
    });
    assert!(has(&window, "To drop them under Wayland") && !has(&window, "Drop pictures anywhere"));
}

#[test]
fn a_canvas_whose_pictures_are_being_opened_asks_for_none() {
    let folder = tempfile::tempdir().unwrap();
    let large = folder.path().join("large.png");
    image::RgbImage::from_pixel(4000, 3000, image::Rgb([90, 20, 200])).save(&large).unwrap();
    let mut setup = Setup::default();
    setup.options.content = Some(large);
    let mut window = setup.open();
    window.until("it paints", |harness, log| {
        assert!(harness.query_by_label("Two pictures make a painting").is_none());
        log.steps > 0
    });
}

#[test]
fn the_interfaces_size_is_remembered() {
    let mut window = open([1360.0, 860.0]);
    let factor = |window: &Window| window.harness.ctx.zoom_factor();
    for (key, wanted) in [(Key::Plus, 1.1), (Key::Plus, 1.2), (Key::Minus, 1.1), (Key::Num0, 1.0)] {
        window.harness.key_press_modifiers(Modifiers::COMMAND, key);
        window.steps(3);
        assert!((factor(&window) - wanted).abs() < 1e-6, "{key:?}: {}", factor(&window));
    }
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
    window.steps(3);
    window.harness.event(egui::Event::Text("larger interface".to_owned()));
    window.steps(3);
    window.harness.key_press(Key::Enter);
    let file = window.folder.path().join("impasto.toml");
    window.until("it is written", |_, _| {
        std::fs::read_to_string(&file).is_ok_and(|text| text.contains("zoom = 1.1"))
    });
    let folder = window.close();
    let mut window = Setup { size: [1360.0, 860.0], ..Setup::default() }.open_in(folder);
    window.until_painting();
    assert!((factor(&window) - 1.1).abs() < 1e-6);
}

#[test]
fn a_tile_takes_its_preset() {
    let mut window = open([1360.0, 860.0]);
    click(&mut window, "Bold strokes preset");
    window
        .until("the mix is there", |_, log| log.updates.last().is_some_and(|(s, _)| s.style_weight == 1.25));
    window.steps(3);
    let tile = window.harness.get_by_label("Bold strokes preset");
    assert_eq!(tile.accesskit_node().toggled(), Some(Toggled::True));
    assert_eq!(window.jobs(), 1);
}

#[test]
fn the_large_fader_switches_the_style_amount_on_and_off_again_leaves_the_weights() {
    let mut setup = Setup { size: [1360.0, 860.0], ..Setup::default() };
    let settings = setup.options.settings.get_or_insert_default();
    (settings.content_weight, settings.style_weight) = (1.0, 0.25);
    let mut window = setup.open();
    window.until_painting();
    press(&mut window, "Use the style amount", Role::CheckBox);
    // A half is style at β = α, see the fake engine: so α 1 and β 0.25 are a fifth.
    window.until("it is measured", |_, log| {
        log.updates.last().is_some_and(|(s, _)| s.style_amount == Some(0.2))
    });
    window.steps(3);
    let place = rect(&window, "Style amount", Role::Slider);
    window.harness.drag_at(place.center());
    window.harness.step();
    window.harness.drop_at(place.center());
    window.until("it is the usual one", |_, log| {
        log.updates
            .last()
            .is_some_and(|(s, _)| s.style_amount.is_some_and(|amount| (amount - 0.95).abs() < 0.01))
    });
    press(&mut window, "Use the style amount", Role::CheckBox);
    window.until("the weights count as they were", |_, log| {
        log.updates.last().is_some_and(|(s, _): &(Settings, _)| {
            s.style_amount.is_none() && (s.content_weight, s.style_weight) == (1.0, 0.25)
        })
    });
    assert_eq!(window.jobs(), 1);
}
