//! What the window does, found by the names that a screen reader reads.

use std::{path::PathBuf, time::Duration};

use crate::window_support::{Setup, Window, enter, has, open_advanced, picture_file, press};
use egui::{Event, Key, Modifiers, Role, accesskit::Toggled};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use impasto_core::settings::{Objective, ParamId, Settings, Statistic};
use impasto_engine::session::Start;
use impasto_network::vgg::Layer;

fn meadow(window: &Window, name: &str) -> PathBuf {
    picture_file(window, name, (60, 40), 200)
}

#[test]
fn it_opens_with_the_examples_and_paints_by_itself() {
    let mut setup = Setup::default();
    setup.options.settings = None;
    let mut window = setup.open();
    window.until_painting();
    let job = window.job(0);
    assert!(job.choose_size, "the first start leaves the size to the worker");
    assert_eq!((job.start, job.paused), (Start::Beginning, false));
    assert_eq!((job.inputs.content.name.as_str(), job.inputs.styles.len()), ("Chelsea", 1));
    // The chosen size is that of the settings from now on, and is no change of theirs.
    window.until("the size is shown", |harness, _| {
        harness
            .query_by(|node| {
                node.label().as_deref() == Some("Size") && node.value().is_some_and(|v| v.contains("451"))
            })
            .is_some()
    });
    window.steps(10);
    assert_eq!(window.jobs(), 1);
}

#[test]
fn a_dragged_slider_reaches_the_running_engine() {
    let mut window = Setup::default().open();
    window.until_painting();
    let rect = window.harness.get_by(|node| node.label().as_deref() == Some("Style weight β")).rect();
    window.harness.drag_at(rect.center());
    window.harness.step();
    window.harness.hover_at(rect.center() + egui::vec2(30.0, 0.0));
    window.harness.step();
    window.until("the new weight arrives", |_, log| {
        log.updates.last().is_some_and(|(settings, _)| settings.style_weight != 1.0)
    });
    window.harness.drop_at(rect.center() + egui::vec2(30.0, 0.0));
    window.steps(5);
    assert_eq!(window.jobs(), 1, "a weight needs no new run");

    // A double click goes back to the usual value.
    for _ in 0..2 {
        window.harness.drag_at(rect.center());
        window.harness.drop_at(rect.center());
    }
    window.until("the weight is the usual one", |_, log| {
        log.updates.last().is_some_and(|(settings, _)| settings.style_weight == 1.0)
    });
}

#[test]
fn bad_numbers_are_told_at_their_place_and_not_sent() {
    for (name, text, message) in [
        ("Size", "15", "Size must be 16 to 8192 px, not 15 px"),
        ("Size", "100000", "Size must be 16 to 8192 px, not 100000 px"),
        ("Steps", "0", "Steps must be at least 1"),
        (
            "Style weight β, number",
            "-1",
            "The style weight is -1, but a weight must be 0 or a positive number",
        ),
        ("Learning rate, number", "0", "The learning rate is 0"),
        ("relu3_1 style weight, number", "-0.5", "Is -0.5"),
    ] {
        let mut window = Setup::default().open();
        window.until_painting();
        enter(&mut window, name, text);
        assert!(has(&window, message), "{name}: {:#?}", window.harness);
        window.steps(10);
        assert_eq!(window.jobs(), 1);
        let log = window.log.lock().unwrap();
        assert!(log.updates.iter().all(|(settings, _)| settings.validate().is_ok()));
    }
}

#[test]
fn the_objective_brings_its_usual_values() {
    let mut window = Setup::default().open();
    window.until_painting();
    press(&mut window, "Objective", Role::ComboBox);
    window.steps(3);
    window.harness.get_by_label_contains("Classic: the PyTorch tutorial").click();
    window.until("a second run", |_, log| log.jobs.len() == 2);
    let settings = window.job(1).settings;
    assert_eq!((settings.objective, settings.style_weight, settings.steps), (Objective::Classic, 1e6, 3000));
}

#[test]
fn layers_come_and_go_while_it_runs() {
    let mut window = Setup::default().open();
    window.until_painting();
    window.harness.get_by_label("Remove style layer relu3_1").click();
    window.until("the layer is gone", |_, log| {
        log.updates.last().is_some_and(|(s, _)| s.style_layers.get("relu3_1".parse().unwrap()).is_none())
    });
    // The button has moved up.
    window.steps(3);
    window.harness.get_by_label("Add style layer…").scroll_to_me();
    window.steps(3);
    window.harness.get_by_label("Add style layer…").click();
    window.steps(3);
    window
        .harness
        .get_by(|node| node.label().as_deref() == Some("relu3_4") && node.role() == Role::Button)
        .click();
    window.until("the layer is there", |_, log| {
        log.updates.last().is_some_and(|(s, _)| s.style_layers.get("relu3_4".parse().unwrap()) == Some(1.0))
    });
    assert_eq!(window.jobs(), 1);
}

#[test]
fn shortcuts_do_what_help_lists() {
    let mut window = Setup::default().open();
    window.until_painting();
    window.harness.key_press(Key::F1);
    window.steps(3);
    for text in
        ["Play or pause", "Single step", "Save…", "Copy picture", "Fit to window", "Hide or show panels"]
    {
        assert!(has(&window, text), "{text}");
    }
    for text in ["Ctrl+S", "Space", "[", "]", ".", "Page Up", "Time machine", "Looking", "Mouse"] {
        assert!(has(&window, text), "{text}");
    }
    window.harness.key_press(Key::Escape);
    window.steps(3);
    assert!(!has(&window, "Hide or show panels"));

    window.harness.key_press(Key::Tab);
    window.steps(3);
    assert!(window.harness.query_by_label("Swap content and style").is_none(), "tab hides the panels");
    window.harness.key_press(Key::Tab);
    window.steps(3);
    assert!(window.harness.query_by_label("Swap content and style").is_some());

    window.harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::O);
    window.steps(3);
    assert_eq!(window.dialogs.asked.lock().unwrap().last().unwrap(), "Open a style picture");

    window.harness.key_press(Key::R);
    window.until("it begins afresh", |_, log| log.jobs.len() == 2);
    assert_eq!(window.job(1).start, Start::Beginning);

    window.harness.event(Event::Copy);
    window.harness.step();
    let copied =
        window.harness.output().platform_output.commands.iter().any(
            |command| matches!(command, egui::OutputCommand::CopyImage(image) if image.size == [96, 64]),
        );
    assert!(copied);
}

#[test]
fn saving_never_replaces_a_file_unasked() {
    let mut window = Setup::default().open();
    window.until_painting();
    let path = window.folder.path().join("painting.png");
    window.dialogs.will_pick(&path);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::S);
    window.until("it is saved", |harness, _| harness.query_all_by_label_contains("Saved ").next().is_some());
    assert_eq!(window.harness.query_all_by_label_contains("Saved ").count(), 1, "not in the status line too");
    assert!(window.dialogs.asked.lock().unwrap()[0].starts_with("save Chelsea in Swirl.png"));
    assert_eq!(image::open(&path).unwrap().to_rgb8().dimensions(), (96, 64));

    // The dialog has asked about another name.
    std::fs::write(&path, b"precious").unwrap();
    window.dialogs.will_pick(&path.with_extension(""));
    window.harness.get_by_label("Save…").click();
    window.until("it asks", |harness, _| harness.query_by_label("Replace the file?").is_some());
    window.steps(5);
    assert_eq!(std::fs::read(&path).unwrap(), b"precious");
    window.harness.get_by_label("Save as painting-2.png").click();
    let other = window.folder.path().join("painting-2.png");
    window.until("the other is saved", |_, _| other.exists());
    assert_eq!(std::fs::read(&path).unwrap(), b"precious");

    window.dialogs.will_pick(&path.with_extension(""));
    window.harness.get_by_label("Save…").click();
    window.until("it asks", |harness, _| harness.query_by_label("Replace the file?").is_some());
    window.steps(3);
    window.harness.get_by_label("Replace").click();
    window.until("it is replaced", |_, _| image::open(&path).is_ok());

    // A system without dialogs saves beside the last picture.
    let free = window.folder.path().join("Chelsea in Swirl.png");
    window.harness.get_by_label("Save…").click();
    window.until("it is saved without a dialog", |_, _| image::open(&free).is_ok());
}

#[test]
fn a_failed_save_stays_in_view_with_a_retry() {
    let mut window = Setup::default().open();
    window.until_painting();
    let folder = window.folder.path().join("later");
    window.dialogs.will_pick(&folder.join("painting.png"));
    window.harness.get_by_label("Save…").click();
    window.until("it has failed", |harness, _| {
        harness.query_all_by_label_contains("The picture is not saved").next().is_some()
    });
    std::fs::create_dir(&folder).unwrap();
    window.harness.get_by_label("Try again").click();
    window.until("it is saved", |_, _| folder.join("painting.png").exists());
}

#[test]
fn settings_and_pictures_are_remembered() {
    let mut window = Setup::default().open();
    window.until_painting();
    let path = meadow(&window, "meadow.png");
    window.dialogs.will_pick(&path);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::O);
    window.until("the content is changed", |_, log| log.jobs.len() == 2);
    enter(&mut window, "Size", "320");
    window.until("a third run", |_, log| log.jobs.len() == 3);
    let file = window.folder.path().join("impasto.toml");
    window.until("it is written", |_, _| {
        std::fs::read_to_string(&file).is_ok_and(|text| text.contains("320") && text.contains("meadow.png"))
    });

    let folder = window.close();
    let setup = Setup { options: Default::default(), ..Setup::default() };
    let mut window = setup.open_in(folder);
    window.until("it paints", |_, log| log.steps > 0);
    let job = window.job(0);
    assert_eq!(
        (job.settings.size, job.inputs.content.name.as_str(), job.choose_size),
        (320, "meadow.png", false)
    );

    // A picture that has gone is stood in for.
    std::fs::remove_file(&path).unwrap();
    let folder = window.close();
    let mut window = Setup { options: Default::default(), ..Setup::default() }.open_in(folder);
    window.until("it paints", |_, log| log.steps > 0);
    assert_eq!(window.job(0).inputs.content.name, "Chelsea");
    assert!(has(&window, "no longer there"));
}

#[test]
fn a_broken_settings_file_is_told_and_replaced() {
    let mut setup = Setup { remembered: Some("[settings]\nsize = \"huge\"".to_owned()), ..Setup::default() };
    setup.options.settings = None;
    let mut window = setup.open();
    window.until_painting();
    assert!(has(&window, "Defaults are used"));
    assert!(window.folder.path().join("impasto.toml.broken").exists());
}

#[test]
fn without_pictures_it_teaches() {
    let mut window = Setup::default().open();
    window.until_painting();
    window.harness.get_by_label("Stop").click();
    window.until("it is stopped", |harness, _| harness.query_by_label_contains("Stopped.").is_some());
    window.harness.get_by_label("Remove the content").click();
    window.harness.get_by_label("Remove the style").click();
    window.steps(5);
    assert!(has(&window, "Content: empty"));
    let play = window.harness.get_by_label("Play");
    assert!(play.accesskit_node().is_disabled(), "there is nothing to paint");
}

#[test]
fn an_idle_window_rests() {
    let mut setup = Setup::default();
    setup.options.settings.as_mut().unwrap().steps = 3;
    let mut window = setup.open();
    window.until("it is finished", |harness, _| harness.query_by_label_contains("Finished.").is_some());
    // The painting is kept once more, and that is all.
    window.steps(900);
    window.harness.step();
    let output = window.harness.output();
    let delay = output.viewport_output.values().map(|viewport| viewport.repaint_delay).min().unwrap();
    assert!(
        delay > Duration::from_secs(60),
        "it repaints after {delay:?}: {:?}",
        window.harness.ctx.repaint_causes()
    );
}

#[test]
fn every_control_has_a_name_and_the_legend_hides_lines() {
    let mut window = Setup { size: [1280.0, 1500.0], ..Setup::default() }.open();
    window.until_painting();
    open_advanced(&mut window);
    window.until("the legend is there", |harness, _| harness.query_by_label("Line of relu3_1").is_some());
    window.harness.check_accessibility();
    assert!(has(&window, "Adam β1") && has(&window, "Style scale") && has(&window, "Background colour"));
    let line = window.harness.get_by_label("Line of relu3_1");
    assert_eq!(line.accesskit_node().toggled(), Some(Toggled::True));
    line.click();
    window.until("the line is hidden", |harness, _| {
        harness.get_by_label("Line of relu3_1").accesskit_node().toggled() == Some(Toggled::False)
    });
}

/// Let the deepest of the five style layers count as well.
fn five_layers(setup: &mut Setup) {
    setup.options.settings.get_or_insert_default().style_layers.set(Layer::PAPER_STYLE[4], 0.7);
}

#[test]
fn losses_are_told_as_they_are_measured() {
    let value = |window: &Window, name: &str| {
        window.harness.get_by_label(&format!("Line of {name}")).accesskit_node().value().unwrap()
    };
    for (size, bottom) in [([1280.0, 836.0], 190), ([1024.0, 770.0], 190), ([1280.0, 836.0], 165)] {
        let remembered = Some(format!("[layout]\nbottom = {bottom}.0\nstop_after_steps = true\n"));
        let mut setup = Setup { size, remembered, ..Setup::default() };
        five_layers(&mut setup);
        let mut window = setup.open();
        window.until_painting();
        window.until("the legend is there", |harness, _| harness.query_by_label("Line of relu5_1").is_some());
        // Its last row is not cut: the row of mixes begins 12 points below the panel's inside.
        let end = window.harness.get_by_label("Line of relu5_1").rect().max.y;
        let below = window.harness.get_by_label_contains("Mix A, ").rect().min.y;
        assert!(end <= below - 12.0, "{size:?}, {bottom}: {end} {below}");
        assert_ne!(value(&window, "relu5_1"), "–");
    }
    let mut setup = Setup { size: [1280.0, 1500.0], ..Setup::default() };
    setup.log.slow = Duration::from_millis(8);
    five_layers(&mut setup);
    let mut window = setup.open();
    window.until_painting();
    window.harness.get_by_label("Solo style layer relu2_1").click();
    window.until("deeper layers are not measured", |harness, _| {
        let of = |name: &str| harness.get_by_label(&format!("Line of {name}")).accesskit_node().value();
        ["content", "relu3_1", "relu5_1"].into_iter().all(|name| of(name).as_deref() == Some("–"))
    });
    assert!(["total", "relu1_1", "relu2_1"].into_iter().all(|name| value(&window, name) != "–"));
    window.harness.get_by_label("Solo style layer relu2_1").click();
    window.until("they are measured again", |harness, _| {
        harness.get_by_label("Line of relu5_1").accesskit_node().value().is_some_and(|value| value != "–")
    });
    // A larger size is drawn apart.
    assert!(!has(&window, " at 96 px."));
    window.harness.key_press(Key::PageUp);
    window
        .until("the size has changed", |harness, _| harness.query_by_label_contains(" at 96 px.").is_some());
    window.harness.get_by_label("Solo style layer relu2_1").click();
    window.until("deeper layers are silent again", |harness, _| {
        harness.get_by_label("Line of relu5_1").accesskit_node().value().as_deref() == Some("–")
    });
}

#[test]
fn settings_of_the_command_line_win() {
    let mut setup = Setup::default();
    setup.options.settings = Some(Settings { size: 128, ..Settings::default() });
    let mut window = setup.open();
    window.until_painting();
    assert_eq!((window.job(0).settings.size, window.job(0).choose_size), (128, false));
}

#[test]
fn a_preset_sets_the_mix_and_the_mix_before_comes_back() {
    let mut window = Setup::default().open();
    window.until_painting();
    let choose = |window: &mut Window, text: &str| {
        window
            .harness
            .get_by(|node| node.label().as_deref() == Some("Preset") && node.role() == Role::ComboBox)
            .click();
        window.steps(3);
        window.harness.get_by_label(text).click();
    };
    choose(&mut window, "Bold strokes");
    window.until("the mix is there", |_, log| {
        log.updates
            .last()
            .is_some_and(|(s, _)| s.statistic == Statistic::Wasserstein && s.style_weight == 1.25)
    });
    window.steps(3);
    choose(&mut window, "Back to the mix before");
    window.until("the mix before is there", |_, log| {
        log.updates.last().is_some_and(|(s, _)| s.statistic == Statistic::Moments && s.style_weight == 1.0)
    });
    assert_eq!(window.jobs(), 1);
}

#[test]
fn strokes_are_tilted_and_colours_kept_and_settled_while_it_runs() {
    let mut window = Setup::default().open();
    window.until_painting();
    window
        .harness
        .get_by(|node| {
            node.label().as_deref() == Some("Tilt of the style layers") && node.role() == Role::Slider
        })
        .focus();
    window.steps(2);
    for _ in 0..8 {
        window.harness.key_press(Key::ArrowRight);
        window.steps(2);
    }
    window.until("the layers are tilted", |_, log| {
        log.updates.last().is_some_and(|(s, _)| {
            s.style_tilt > 0.0
                && s.effective().style_layers.get("relu4_1".parse().unwrap()) > Some(0.7)
                && s.style_layers.get("relu4_1".parse().unwrap()) == Some(0.7)
        })
    });
    window.steps(3);
    for (name, id) in [
        ("Keep the content's colours", ParamId::KeepColours),
        ("Settle the colours in their shapes", ParamId::SettleColours),
    ] {
        let slider = window
            .harness
            .get_by(|node| node.label().as_deref() == Some(name) && node.role() == Role::Slider);
        slider.focus();
        window.steps(2);
        for _ in 0..3 {
            window.harness.key_press(Key::ArrowRight);
            window.steps(2);
        }
        let amount = |settings: &Settings| id.stored(settings, &[]);
        window.until(name, |_, log| log.updates.last().is_some_and(|(s, _)| amount(s) > Some(0.0)));
    }
    assert_eq!(window.jobs(), 1);
}
