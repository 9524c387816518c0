//! Mixes A to H, the morph between two of them, random mixes.

use crate::window_support::{Setup, Window, enter, has, has_pin, show_pins, style_layers, undo};
use egui::{Event, Key, Modifiers, PointerButton, Pos2, Role};
use egui_kittest::kittest::{AccessKitNode, NodeT as _, Queryable as _};
use impasto_core::settings::{Objective, Preset, Settings, Statistic};

/// A window that shows every control, without the layers' pictures, whose progress moves what is below it.
fn tall() -> Setup {
    let remembered = Some("[layout]\nextracts = false\n".to_owned());
    Setup { size: [1280.0, 2000.0], remembered, ..Setup::default() }
}

fn click(window: &mut Window, name: &str) {
    window.harness.get_by_label(name).click();
    window.steps(3);
}

#[track_caller]
fn sent(window: &mut Window, what: &str, wanted: impl Fn(&Settings) -> bool) {
    window.until(what, |_, log| log.updates.last().is_some_and(|(settings, _)| wanted(settings)));
    window.steps(2);
}

fn now(window: &Window) -> Settings {
    window.log.lock().unwrap().updates.last().unwrap().0.clone()
}

fn slot(window: &Window, letter: char) -> Pos2 {
    window.harness.get_by_label_contains(&format!("Mix {letter}, ")).rect().center()
}

fn click_at(window: &mut Window, pos: Pos2, button: PointerButton, modifiers: Modifiers) {
    window.harness.event(Event::ModifiersChanged(modifiers));
    window.harness.event(Event::PointerMoved(pos));
    window.harness.step();
    for pressed in [true, false] {
        window.harness.event(Event::PointerButton { pos, button, pressed, modifiers });
        window.harness.step();
    }
    window.harness.event(Event::ModifiersChanged(Modifiers::NONE));
    window.steps(2);
}

fn keep(window: &mut Window, letter: char) {
    let pos = slot(window, letter);
    click_at(window, pos, PointerButton::Primary, Modifiers::SHIFT);
    assert!(has(window, &format!("Mix {letter}, the current mix")), "{:#?}", window.harness);
}

fn choose(window: &mut Window, end: &str, name: &str) {
    window
        .harness
        .get_by(|node| node.label().as_deref() == Some(end) && node.role() == Role::ComboBox)
        .click();
    window.steps(3);
    let entry =
        |node: &AccessKitNode<'_>| node.label().as_deref() == Some(name) && node.role() == Role::Button;
    window.harness.get_by(entry).click();
    window.steps(3);
}

fn find(window: &mut Window, text: &str) {
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
    window.until("the palette is open", |harness, _| {
        harness
            .query_by_label("Find a command or a setting")
            .is_some_and(|node| node.accesskit_node().is_focused())
    });
    window.harness.event(Event::Text(text.to_owned()));
    window.steps(3);
    window.harness.key_press(Key::Enter);
    window.steps(4);
}

fn rect_of_morph(window: &Window) -> egui::Rect {
    let morph =
        |node: &AccessKitNode<'_>| node.label().as_deref() == Some("Morph") && node.role() == Role::Slider;
    window.harness.get_by(morph).rect()
}

#[test]
fn a_mix_is_kept_taken_cleared_and_remembered() {
    let mut window = Setup::default().open();
    window.until_painting();
    enter(&mut window, "Style weight β, number", "31");
    sent(&mut window, "a mix", |s| s.style_weight == 31.0);
    assert!(has(&window, "Mix A, empty"));
    // An empty slot says how it is filled.
    let pos = slot(&window, 'A');
    click_at(&mut window, pos, PointerButton::Primary, Modifiers::NONE);
    assert!(has(&window, "Mix A is empty"));
    keep(&mut window, 'A');
    enter(&mut window, "Style weight β, number", "2");
    enter(&mut window, "Scale of style", "0.5");
    sent(&mut window, "another mix", |s| s.style_weight == 2.0);
    assert!(has(&window, "Mix A, stored"));
    keep(&mut window, 'C');
    // By click, and by key.
    let pos = slot(&window, 'A');
    click_at(&mut window, pos, PointerButton::Primary, Modifiers::NONE);
    window.until("A is back with its style", |_, log| {
        log.updates.last().is_some_and(|(s, styles)| s.style_weight == 31.0 && styles[0].scale == 1.0)
    });
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Num3);
    window.until("C is back with its style", |_, log| {
        log.updates.last().is_some_and(|(s, styles)| s.style_weight == 2.0 && styles[0].scale == 0.5)
    });
    undo(&mut window);
    assert!(has(&window, "Undone: Mix C recalled"));
    sent(&mut window, "A again", |s| s.style_weight == 31.0);
    // Cleared by its menu, and the clearing undone.
    let pos = slot(&window, 'C');
    click_at(&mut window, pos, PointerButton::Secondary, Modifiers::NONE);
    click(&mut window, "Clear");
    assert!(has(&window, "Mix C, empty"));
    undo(&mut window);
    assert!(has(&window, "Mix C, stored") && has(&window, "Undone: Mix C cleared"));
    assert_eq!(window.jobs(), 1);

    // The next start has them.
    window.steps(3);
    let folder = window.close();
    let text = std::fs::read_to_string(folder.path().join("impasto.toml")).unwrap();
    assert!(text.contains("[desk.slots.A"), "{text}");
    let mut window = Setup::default().open_in(folder);
    window.until_painting();
    assert!(has(&window, "Mix A, stored") && has(&window, "Mix C, stored") && has(&window, "Mix B, empty"));
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Num3);
    sent(&mut window, "C of the last time", |s| s.style_weight == 2.0 && s.size == 256);
}

#[test]
fn the_palette_keeps_takes_and_clears_mixes_and_chooses_the_ends() {
    let mut window = Setup::default().open();
    window.until_painting();
    find(&mut window, "mix d: store");
    assert!(has(&window, "Mix D, the current mix"));
    find(&mut window, "preset bold");
    sent(&mut window, "another", |s| s.style_weight == 1.25);
    find(&mut window, "mix d: recall");
    sent(&mut window, "the mix", |s| s.style_weight == 1.0);
    find(&mut window, "morph from d");
    find(&mut window, "morph 50");
    sent(&mut window, "half-way to bold strokes", |s| {
        (s.style_weight - 1.25_f64.sqrt()).abs() < 1e-9 && s.statistic == Statistic::Wasserstein
    });
    find(&mut window, "mix d: clear");
    assert!(has(&window, "Mix D, empty"));
}

#[test]
fn a_drag_of_the_morph_is_live_and_one_entry_that_names_it() {
    let mut window = tall().open();
    window.until_painting();
    keep(&mut window, 'A');
    enter(&mut window, "Style weight β, number", "80");
    enter(&mut window, "Smoothness, number", "0");
    enter(&mut window, "Keep the content's colours, number", "0.5");
    sent(&mut window, "another mix", |s| s.keep_colours == 0.5);
    keep(&mut window, 'C');
    let c = now(&window);
    choose(&mut window, "Morph from", "Mix A");
    choose(&mut window, "Morph to", "Mix C");

    let rect = rect_of_morph(&window);
    let at = |t: f32| egui::pos2(rect.min.x + 6.0 + t * (rect.width() - 12.0), rect.center().y);
    let before = window.log.lock().unwrap().updates.len();
    window.harness.event(Event::PointerMoved(at(0.0)));
    window.harness.step();
    let button = |pos, pressed| Event::PointerButton {
        pos,
        button: PointerButton::Primary,
        pressed,
        modifiers: Modifiers::NONE,
    };
    window.harness.event(button(at(0.0), true));
    window.steps(2);
    let mut told = before;
    for i in 0..=20 {
        window.harness.event(Event::PointerMoved(at(0.025 * i as f32)));
        window.steps(2);
        // An engine that is late takes only the last of several.
        if i % 3 == 2 {
            window.until("it is heard", |_, log| log.updates.len() > told);
            told = window.log.lock().unwrap().updates.len();
        }
    }
    window.harness.event(button(at(0.5), false));
    window.steps(4);
    sent(&mut window, "half-way", |s| (s.keep_colours - 0.25).abs() < 0.01);
    let there = now(&window);
    assert!((there.style_weight.log10() - 80.0_f64.log10() / 2.0).abs() < 0.02, "{}", there.style_weight);
    assert!((there.smoothness_weight - 1.25).abs() < 0.05);
    let updates = window.log.lock().unwrap().updates[before..].to_vec();
    assert!(updates.len() > 5, "{} updates while it was dragged", updates.len());
    assert!(updates.windows(2).skip(1).all(|pair| pair[0].0.style_weight <= pair[1].0.style_weight));
    undo(&mut window);
    assert!(has(&window, "Undone: Morph A → C, 5"), "{:#?}", window.harness);
    sent(&mut window, "before the drag", |s| *s == c);
    // A typed place, to the end: exactly the mix that is kept there.
    enter(&mut window, "Morph, number", "100");
    assert!(has(&window, "Mix C, the current mix"));
    assert_eq!(window.jobs(), 1);
}

#[test]
fn presets_are_ends_too_and_what_jumps_is_said() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("presets")).unwrap();
    std::fs::write(folder.path().join("presets/Storm.toml"), "style_weight = 800.0").unwrap();
    let mut window = Setup::default().open_in(folder);
    window.until_painting();
    // As it opens, it leads from the faithful photo to bold strokes.
    enter(&mut window, "Morph, number", "100");
    let bold = Preset::BoldStrokes.apply(&Settings::default());
    sent(&mut window, "bold strokes", |s| {
        s.style_layers == bold.style_layers && s.statistic == bold.statistic && s.size == 256
    });
    choose(&mut window, "Morph from", "Storm");
    choose(&mut window, "Morph to", "Painterly");
    enter(&mut window, "Morph, number", "50");
    sent(&mut window, "between both", |s| (s.style_weight - 800.0_f64.sqrt()).abs() < 1e-9);
    assert_eq!(window.jobs(), 1);
    choose(&mut window, "Morph to", "Paper (2016)");
    let morph = rect_of_morph(&window).center() + egui::vec2(20.0, 0.0);
    window.harness.hover_at(morph);
    window.until("what jumps is said", |harness, _| {
        harness.query_all_by_label_contains("At the middle: Objective paper").next().is_some()
            && harness.query_all_by_label_contains("begins anew").next().is_some()
    });
    enter(&mut window, "Morph, number", "60");
    window.until("another objective needs a new run", |_, log| {
        log.jobs.len() == 2 && log.jobs[1].settings.objective == Objective::Paper
    });
}

#[test]
fn a_number_that_is_left_for_the_morph_does_not_undo_it() {
    let mut window = tall().open();
    window.until_painting();
    enter(&mut window, "Style weight β, number", "1");
    keep(&mut window, 'A');
    enter(&mut window, "Style weight β, number", "100");
    sent(&mut window, "another mix", |s| s.style_weight == 100.0);
    keep(&mut window, 'C');
    choose(&mut window, "Morph from", "Mix A");
    choose(&mut window, "Morph to", "Mix C");
    let scale = |node: &AccessKitNode<'_>| {
        node.label().as_deref() == Some("Scale of style") && node.role() == Role::SpinButton
    };
    window.harness.get_by(scale).click();
    window.steps(3);
    window.harness.event(Event::Text("0.5".to_owned()));
    window.harness.step();
    // The press takes the morph, and ends the number's entry, in one frame.
    let middle = rect_of_morph(&window).center();
    click_at(&mut window, middle, PointerButton::Primary, Modifiers::NONE);
    window.until("both count", |_, log| {
        log.updates
            .last()
            .is_some_and(|(s, styles)| (5.0..20.0).contains(&s.style_weight) && styles[0].scale == 0.5)
    });
}

#[test]
fn a_draw_can_be_repeated_spares_what_is_held_and_is_undone() {
    let mut window = tall().open();
    window.until_painting();
    let [first, second, third, ..] = style_layers();
    click(&mut window, "Mute style layer relu1_1");
    find(&mut window, "lock style relu2_1");
    enter(&mut window, "Randomize seed", "7");
    enter(&mut window, "Randomize amount", "50");
    sent(&mut window, "muted", |s| s.style_layers.strip(first).unwrap().muted);
    let before = now(&window);
    window.harness.key_press(Key::T);
    sent(&mut window, "a draw", |s| s.style_layers.get(third) != Some(0.8));
    let drawn = now(&window);
    let param = impasto_core::settings::ParamId::Style(second);
    assert_eq!(drawn, before.randomized(7, 0.5, |locked| locked == param));
    assert_eq!((drawn.style_layers.get(first), drawn.style_layers.get(second)), (Some(1.0), Some(0.9)));
    undo(&mut window);
    assert!(has(&window, "Undone: Randomized: seed 7, 50 %"));
    sent(&mut window, "as before", |s| *s == before);
    // The seed has come back with the mix, so that the same is drawn again; the next is another.
    click(&mut window, "Randomize the mix");
    sent(&mut window, "the same draw", |s| *s == drawn);
    click(&mut window, "Randomize the mix");
    sent(&mut window, "another draw", |s| *s == drawn.randomized(8, 0.5, |locked| locked == param));
    enter(&mut window, "Randomize amount", "0");
    click(&mut window, "Randomize the mix");
    assert!(has(&window, "Nothing changed"));
    assert_eq!(window.jobs(), 1);
}

#[test]
fn the_row_is_put_away_and_comes_back() {
    let mut window = Setup::default().open();
    window.until_painting();
    window.harness.key_press(Key::M);
    window.steps(3);
    assert!(!has(&window, "Mix A, "));
    let folder = window.close();
    let mut window = Setup::default().open_in(folder);
    window.until_painting();
    assert!(!has(&window, "Mix A, "), "it is remembered");
    find(&mut window, "mixes and morph");
    assert!(has(&window, "Mix A, "));
}

#[test]
fn pinned_moments_and_mixes_are_in_the_project_and_survive_a_crash() {
    let mut window = Setup::default().open();
    window.until_painting();
    keep(&mut window, 'E');
    enter(&mut window, "Style weight β, number", "5.5");
    sent(&mut window, "a mix", |s| s.style_weight == 5.5);
    show_pins(&mut window);
    window.harness.key_press(Key::P);
    window.until("a pin", |harness, _| has_pin(harness, "Pin 1, step "));
    window.harness.get_by_label("More of pin 1").click();
    window.steps(3);
    window.harness.get_by_label("Rename…").click();
    window.steps(3);
    window.harness.event(egui::Event::Text("the calm one".to_owned()));
    window.steps(2);
    window.harness.key_press(Key::Enter);
    window.until("its name", |harness, _| has_pin(harness, "the calm one"));
    enter(&mut window, "Style weight β, number", "40");
    sent(&mut window, "another mix", |s| s.style_weight == 40.0);
    // The painting in hand is kept with both.
    let sessions = window.folder.path().join("sessions");
    let mut kept = None;
    window.until("it is kept", |_, _| {
        let folders = std::fs::read_dir(&sessions).into_iter().flatten().flatten();
        let files = folders.map(|folder| folder.path().join("painting.impasto"));
        let mut projects = files.filter_map(|file| impasto_formats::project::Project::read(&file).ok());
        kept = projects.find(|project| project.manifest.settings.style_weight == 40.0);
        kept.is_some()
    });
    let project = kept.unwrap();
    assert_eq!((project.pins.len(), project.manifest.mixes.used().collect::<Vec<_>>()), (1, vec![4]));
    assert!(project.pins[0].0.recipe.is_some());
    assert_eq!(project.pins[0].0.name.as_deref(), Some("the calm one"));

    let path = window.folder.path().join("mine.impasto");
    window.dialogs.will_pick(&path);
    window.harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::S);
    window.until("the project is saved", |_, _| path.exists());
    let mut other = Setup::default().open();
    other.until_painting();
    show_pins(&mut other);
    other.harness.key_press(Key::P);
    other.until("a pin of its own", |harness, _| has_pin(harness, "Pin 1, step "));
    let elsewhere = other.folder.path().join("theirs.impasto");
    std::fs::rename(&path, &elsewhere).unwrap();
    drop(window);
    let jobs = other.jobs();
    crate::window_support::drop_files(&mut other, &[elsewhere]);
    other.until("pin and mix are there", |harness, _| {
        has_pin(harness, "the calm one")
            && !has_pin(harness, "Pin 1, step ")
            && harness.query_all_by_label_contains("Mix E, stored").next().is_some()
    });
    // It is a moment of the filmstrip there: a click looks at it. The painting of the project looks at itself
    // first.
    other.until("its painting begins", |_, log| log.jobs.len() > jobs);
    other.steps(10);
    other
        .harness
        .get_by(|node| node.role() == Role::Button && node.label().as_deref() == Some("the calm one"))
        .click();
    let step = format!("step {}", project.pins[0].0.step);
    other.until("its picture", |harness, _| {
        harness
            .query_all_by_label_contains(" pixels, ")
            .any(|node| node.accesskit_node().label().is_some_and(|label| label.ends_with(&step)))
    });
    other.harness.get_by_label("More of the calm one").click();
    other.steps(3);
    other.harness.get_by_label("Return to its settings").click();
    other.until("the pin's settings", |harness, _| {
        harness
            .query_by(|node| {
                node.label().as_deref() == Some("Style weight β, number")
                    && node.value().as_deref() == Some("5.5")
            })
            .is_some()
    });
}

#[test]
fn a_faders_menu_locks_it_against_draws() {
    let mut window = tall().open();
    window.until_painting();
    let menu = |window: &mut Window, name: &str, entry: &str| {
        let slider =
            |node: &AccessKitNode<'_>| node.label().as_deref() == Some(name) && node.role() == Role::Slider;
        let pos = window.harness.get_by(slider).rect().center();
        click_at(window, pos, PointerButton::Secondary, Modifiers::NONE);
        click(window, entry);
    };
    for name in ["Style weight β", "Tilt of the style layers", "relu3_1 style weight", "Smoothness"] {
        menu(&mut window, name, "Lock");
    }
    window.harness.key_press(Key::T);
    let first = style_layers()[0];
    sent(&mut window, "a draw", |s| s.style_layers.get(first) != Some(1.0));
    let drawn = now(&window);
    let usual = Settings::default();
    assert_eq!(
        (drawn.style_weight, drawn.style_tilt),
        (usual.style_weight, 0.0),
        "a right-click moves nothing"
    );
    assert_eq!(drawn.smoothness_weight, usual.smoothness_weight);
    assert_eq!(drawn.style_layers.get(style_layers()[2]), Some(0.8));
    menu(&mut window, "Style weight β", "Unlock");
    window.harness.key_press(Key::T);
    sent(&mut window, "β is drawn", |s| s.style_weight != usual.style_weight);
}
