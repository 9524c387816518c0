//! The real window with the real engine on a virtual display, driven with real keys: it opens with the
//! example pair, paints by itself, and saves a painted picture. Linux with Xvfb and xdotool only.

#![cfg(target_os = "linux")]

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::xvfb::{Screen, dialog::Dialog, pictures_in};
use impasto_base::hash::Sha256Hash;
use impasto_core::settings::Settings;
use impasto_formats::recipe;

/// A small painting on the CPU that does not end while a test looks.
const ENDLESS: [&str; 6] = ["--size", "128", "--steps", "1000000", "--device", "cpu"];

/// How long an undo may take to be seen in a saved picture.
const TAKEN_BACK: Duration = Duration::from_secs(40);

/// A picture that is saved now, whatever is open: where two savings overlap, a question about their name is
/// left.
fn saved(screen: &Screen) -> PathBuf {
    screen.tool(&["key", "Escape", "sleep", "0.5"]);
    screen.saved()
}

#[test]
fn the_window_opens_paints_by_itself_and_saves() {
    let Some(screen) = Screen::open("1280x800", &["Xvfb", "xdotool"]) else { return };
    let Some(window) = screen.start(&[]) else { return };
    // What was chosen for this machine is remembered a second after the first run began.
    let settings = screen.until("the settings", || {
        let files = fs::read_dir(screen.config()).ok()?;
        files.flatten().find_map(|file| {
            let text = fs::read_to_string(file.path()).ok()?;
            text.contains("size = ").then_some(text)
        })
    });
    assert!(settings.contains("style_weight"), "{settings}");
    screen.tool(&["windowfocus", "--sync", &window.id]);
    // How soon it is painted is the machine's affair.
    let content = impasto_core::picture::CONTENTS[0].open();
    screen.until("a picture that is painted", || {
        let saved = saved(&screen);
        let painted = image::open(&saved).unwrap().to_rgb8();
        fs::remove_file(&saved).unwrap();
        let (width, height) = painted.dimensions();
        let filter = impasto_core::picture::Filter::Lanczos;
        let resized = impasto_core::picture::resize(&content.rgb, width, height, filter);
        let difference: u64 =
            painted.as_raw().iter().zip(resized.as_raw()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        let mean = difference as f64 / painted.as_raw().len() as f64;
        println!("{width}×{height}: {mean:.1} from the content");
        (mean > 8.0).then_some(())
    });
}

/// A hand at the real window while the real engine paints: a dragged fader, a muted layer, a change taken
/// back, a comparison, and a saved picture that knows of all of it.
#[test]
fn what_a_hand_does_while_it_paints_is_in_the_saved_recipe() {
    let Some(screen) = Screen::open("1600x1000", &["Xvfb", "xdotool"]) else { return };
    let Some(window) = screen.start(&ENDLESS) else { return };
    let tool = |arguments: &[&str]| screen.tool(arguments);
    // It is ready for a hand when it has painted something.
    fs::remove_file(saved(&screen)).unwrap();
    tool(&["windowfocus", "--sync", &window.id]);
    let find = |what: &str| screen.find(what);
    let drag = || {
        // Style β lies there in a window of its first size.
        tool(&["mousemove", "1213", "357", "sleep", "0.2", "mousedown", "1"]);
        for x in (1213..=1255).step_by(6) {
            tool(&["mousemove", &x.to_string(), "357", "sleep", "0.1"]);
        }
        tool(&["mouseup", "1", "sleep", "0.5"]);
    };
    let dragged = |settings: &Settings| settings.style_weight > 2.0;
    let muted = |settings: &Settings| {
        let strip = settings.style_layers.strips().next();
        strip.is_some_and(|(layer, strip)| layer.to_string() == "relu1_1" && strip.muted)
    };
    // What a saved recipe tells, once that is what is wanted. A picture may be older than the last deed, so
    // several are looked at before a deed counts as missed.
    let look = |wanted: &dyn Fn(&Settings) -> bool| {
        let mut found = None;
        for _ in 0..3 {
            let saved = saved(&screen);
            found = recipe::read_file(&saved).ok().map(|(recipe, _)| recipe.settings);
            fs::remove_file(&saved).unwrap();
            if found.as_ref().is_some_and(wanted) {
                break;
            }
        }
        found
    };
    drag();
    find("mute style relu1_1");
    // A window that is held up may miss a hand, which then tries again.
    screen.until("the drag and the mute", || {
        let settings = look(&|settings| dragged(settings) && muted(settings))?;
        tool(&["key", "Escape", "sleep", "0.5"]);
        if !dragged(&settings) {
            drag();
        }
        if !muted(&settings) {
            find("mute style relu1_1");
        }
        (dragged(&settings) && muted(&settings)).then_some(())
    });
    find("alpha 3");
    screen.until("another α", || {
        let settings = look(&|settings| settings.content_weight == 3.0)?;
        tool(&["key", "Escape", "sleep", "0.5"]);
        if settings.content_weight != 3.0 {
            find("alpha 3");
        }
        (settings.content_weight == 3.0).then_some(())
    });
    // Pressed once more too soon it would take back what was muted.
    let recipe = screen.press_until("α taken back", &["ctrl+z"], TAKEN_BACK, || {
        look(&|settings| settings.content_weight != 3.0).filter(|settings| settings.content_weight != 3.0)
    });
    assert_eq!(recipe.content_weight, 1.0, "that was taken back");
    tool(&["key", "s", "sleep", "1", "key", "s", "sleep", "1.5"]);
    let saved = saved(&screen);
    let (recipe, _) = recipe::read_file(&saved).unwrap();
    let settings = &recipe.settings;
    assert!(settings.style_weight > 2.0, "β was dragged up: {}", settings.style_weight);
    let strip = settings.style_layers.strips().next().unwrap();
    assert!(strip.0.to_string() == "relu1_1" && strip.1.muted, "{strip:?}");
    assert_eq!(settings.content_weight, 1.0, "that was taken back");
    assert!(recipe.complete && recipe.passes.iter().any(|pass| !pass.changes.is_empty()), "it tells when");
    // And by it the same picture is painted again.
    let again = screen.home.path().join("again.png");
    let status = screen
        .impasto()
        .args(["render", "--quiet", "--device", "cpu", "--recipe"])
        .args([saved.as_path(), Path::new("--output"), again.as_path()])
        .status()
        .unwrap();
    assert!(status.success());
    let pixels = |path: &Path| image::open(path).unwrap().to_rgb8();
    assert!(pixels(&saved) == pixels(&again), "the same pixels, drag and all");
}

/// Another program saves the content, by a rename and in place, while the real engine paints.
#[test]
fn what_another_program_saves_is_painted_without_a_restart() {
    let Some(screen) = Screen::open("1280x800", &["Xvfb", "xdotool"]) else { return };
    let folder = screen.home.path().join("pictures");
    fs::create_dir(&folder).unwrap();
    let content = folder.join("content.png");
    let version = |shade: u8| {
        let pixel = |x, y| image::Rgb([(x * 3) as u8, shade, (y * 5) as u8]);
        let path = folder.join("content.png.saving");
        image::RgbImage::from_fn(80, 50, pixel).save_with_format(&path, image::ImageFormat::Png).unwrap();
        path
    };
    fs::rename(version(0), &content).unwrap();
    let Some(_window) = screen.start(&[&[content.to_str().unwrap()][..], &ENDLESS].concat()) else { return };
    for shade in [60, 120, 180, 240] {
        // Before the first run has painted, another content begins a run of its own.
        screen.until("a picture of the version before", || painted_from(&screen, &content));
        let path = version(shade);
        match shade {
            60 | 180 => fs::rename(path, &content).unwrap(),
            _ => drop(fs::copy(path, &content).unwrap()),
        }
    }
    let recipe = screen.until("a picture of the last version", || painted_from(&screen, &content));
    assert_eq!(recipe.passes.len(), 1, "the run has gone on");
    let versions = recipe.last().changes.iter().filter(|change| change.pictures.is_some()).count();
    assert_eq!(versions, 4);
}

/// The recipe of a picture that is saved now, if its content is this file as it is.
fn painted_from(screen: &Screen, content: &Path) -> Option<recipe::Recipe> {
    let saved = saved(screen);
    let recipe = recipe::read_file(&saved).ok().map(|(recipe, _)| recipe);
    fs::remove_file(&saved).unwrap();
    let hash = Sha256Hash::of(&fs::read(content).unwrap());
    recipe.filter(|recipe| recipe.content().sha256 == hash)
}

/// The other tests save where there is no file dialog; here is one.
#[test]
fn a_file_dialog_says_where_a_picture_is_saved_and_whether() {
    let Some(screen) = Screen::open("1280x800", &["Xvfb", "xdotool"]) else { return };
    let dialog = Dialog::bring(&screen);
    let Some(_window) = screen.start(&ENDLESS) else { return };
    // Before something is painted ctrl-S opens nothing.
    let ask = || screen.press_until("a dialog", &["ctrl+s"], Duration::from_secs(10), || dialog.asked());

    let asked = ask();
    assert!(asked.iter().any(|argument| argument == "--save"), "{asked:?}");
    assert!(asked.iter().any(|argument| argument.ends_with(".png")), "a name is proposed: {asked:?}");
    dialog.answer(None);

    let folder = screen.home.path().join("a folder");
    fs::create_dir(&folder).unwrap();
    let chosen = folder.join("by hand.png");
    ask();
    assert!(pictures_in(screen.home.path()).is_empty(), "it was cancelled");
    assert!(!chosen.exists(), "nothing is written before the answer");
    dialog.answer(Some(&chosen));
    let settings = screen.until("the picture", || recipe::read_file(&chosen).ok()).0.settings;
    assert_eq!((settings.size, settings.steps), (128, 1_000_000));
    assert_eq!(pictures_in(&folder), [chosen]);
    assert!(pictures_in(screen.home.path()).is_empty(), "and nowhere else");
}

/// A dialog that fails after a while is no dialog that was cancelled.
#[test]
fn a_file_dialog_that_cannot_be_shown_loses_no_picture() {
    let Some(screen) = Screen::open("1280x800", &["Xvfb", "xdotool"]) else { return };
    Dialog::bring_broken(&screen);
    let Some(_window) = screen.start(&ENDLESS) else { return };
    let saved = saved(&screen);
    assert!(recipe::read_file(&saved).is_ok());
}
