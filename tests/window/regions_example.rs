//! The bundled example with regions.

use crate::window_support::{Setup, Window, hands::pause, has, picture_file, press};
use egui::{Event, Key, Modifiers, Role};
use egui_kittest::kittest::Queryable as _;
use impasto_core::{picture::Picture, settings::RegionRole};
use impasto_engine::session::{Job, Start};

const NAME: &str = "Example with regions";

/// A window whose list shows several rows.
fn open() -> Window {
    let remembered = "[layout]\nbottom = 420.0\n".to_owned();
    Setup { size: [1500.0, 1100.0], remembered: Some(remembered), ..Setup::default() }.open()
}

fn until_job(window: &mut Window, index: usize) -> Job {
    window.until("another painting begins", |_, log| log.jobs.len() > index);
    window.steps(3);
    window.job(index)
}

/// Share of the mask that is white.
fn share(mask: &Picture) -> f64 {
    let sum: f64 = mask.rgb.pixels().map(|pixel| f64::from(pixel[0]) / 255.0).sum();
    sum / f64::from(mask.rgb.width() * mask.rgb.height())
}

#[track_caller]
fn check(job: &Job) {
    assert_eq!(job.start, Start::Beginning);
    assert_eq!(job.inputs.content.name, "Astronaut");
    let names: Vec<&str> = job.inputs.styles.iter().map(|style| style.picture.name.as_str()).collect();
    assert_eq!(names, ["Embers", "Swirl", "Mosaic"]);
    let masks = &job.settings.masks;
    let regions: Vec<_> = masks
        .regions
        .iter()
        .map(|region| {
            let styles: Vec<&str> = region.styles.iter().map(|style| names[style.style]).collect();
            (region.name.as_str(), region.role, region.strength, styles)
        })
        .collect();
    let wanted = [
        ("face", RegionRole::Keep, 0.15, vec![]),
        ("suit", RegionRole::Paint, 1.0, vec!["Mosaic"]),
        ("background", RegionRole::Paint, 1.0, vec!["Swirl"]),
    ];
    assert_eq!(regions, wanted);
    assert!(masks.style_map.is_none() && masks.content_map.is_none());
    assert_eq!(job.inputs.masks.len(), 3);
    for (mask, (least, most)) in job.inputs.masks.iter().zip([(0.02, 0.06), (0.2, 0.4), (0.3, 0.5)]) {
        assert!((least..most).contains(&share(mask)), "{} of it is white", share(mask));
    }
}

#[test]
fn it_opens_by_the_palette_beside_other_styles_and_regions_and_one_undo_leads_back() {
    let mut window = open();
    window.until_painting();
    let path = picture_file(&window, "second.png", (60, 40), 200);
    window.dialogs.will_pick(&path);
    press(&mut window, "Add style…", Role::Button);
    window.until("it is added", |_, log| log.styles().len() == 2);
    window.harness.get_by_role_and_label(Role::Tab, "Regions").click();
    window.steps(4);
    press(&mut window, "Add region", Role::Button);
    window.until("the region arrives", |_, log| {
        log.updates.last().is_some_and(|(settings, _)| settings.masks.regions.len() == 1)
    });
    window.steps(3);
    window.harness.get_by_label("Styles of Region 1: as in the rest").click();
    window.steps(3);
    window.harness.get_by_label("Style 2 in Region 1").click();
    window.until("its style arrives", |_, log| {
        log.updates.last().is_some_and(|(settings, _)| !settings.masks.regions[0].styles.is_empty())
    });
    window.harness.key_press(Key::Escape);
    window.steps(3);
    pause(&mut window);
    let former = window.log.lock().unwrap().updates.last().unwrap().0.clone();
    let (content, styles) = {
        let log = window.log.lock().unwrap();
        let styles: Vec<String> = log.styles().into_iter().map(str::to_owned).collect();
        (log.inputs.as_ref().unwrap().content.name.clone(), styles)
    };

    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
    window.steps(4);
    window.harness.event(Event::Text(NAME.to_owned()));
    window.steps(3);
    window.harness.key_press(Key::Enter);
    let job = until_job(&mut window, 1);
    check(&job);
    assert_eq!((job.settings.size, job.settings.steps), (former.size, former.steps), "settings stay");
    assert!(has(&window, "Back to the former painting"));
    for region in ["face", "suit", "background"] {
        assert!(
            has(&window, &format!("Edge of {region}")) || has(&window, &format!("Role of {region}")),
            "{region} is in the list"
        );
    }

    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    let job = until_job(&mut window, 2);
    assert!(has(&window, &format!("Undone: {NAME}")));
    assert_eq!(job.settings.masks, former.masks);
    assert_eq!(job.inputs.content.name, content);
    let names: Vec<&str> = job.inputs.styles.iter().map(|style| style.picture.name.as_str()).collect();
    assert_eq!(names, styles);
}

#[test]
fn it_opens_from_the_contents_menu_and_from_the_empty_list() {
    let mut window = open();
    window.until_painting();
    window.harness.get_by_label("Choose the content").click();
    window.steps(5);
    window.harness.get_by_label(NAME).click();
    check(&until_job(&mut window, 1));

    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    until_job(&mut window, 2);
    window.until("the list is empty", |harness, _| {
        harness.query_by_role_and_label(Role::Button, NAME).is_some()
    });
    window.harness.get_by_role_and_label(Role::Button, NAME).click();
    check(&until_job(&mut window, 3));
}
