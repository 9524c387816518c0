//! A playlist of a stranger in a window: opened, its question answered with no, played for some frames,
//! closed.

use std::{fs, time::Duration};

use egui::Key;
use egui_kittest::kittest::Queryable as _;
use impasto_base::hash::Sha256Hash;
use impasto_core::{settings::Settings, transfer::Inputs};

use super::{MEMORY, home::Home};
use crate::{
    memory::within,
    window_support::{Log, Setup, Window},
};

const ENTRIES: &str = r#"
version = 1
fade = 0.0
shuffle = 3
[[entries]]
seconds = 5.0
preset = "Bold strokes"
content = { example = "Chelsea" }
styles = [{ picture = { example = "Swirl" }, weight = 0.5 }]
[[entries]]
content = { file = "@HOME@/private.png" }
styles = [{ picture = { file = "../secret.txt" } }]
[[entries]]
content = { file = "inside.png" }
styles = [{ picture = { file = "/dev/zero" } }, { picture = { example = "Wave" } }]
"#;

/// A list of one painting with whole settings.
fn with_settings(change: impl FnOnce(&mut Settings)) -> String {
    let mut settings = Settings { size: 60, steps: 30, ..Settings::default() };
    change(&mut settings);
    let settings = ::toml::to_string(&settings).unwrap().replace("\n[", "\n[entries.settings.");
    format!(
        "[[entries]]\ncontent = {{ example = \"Coffee\" }}\nstyles = [{{ picture = {{ example = \"Swirl\" }} }}]\n\
         [entries.settings]\n{settings}"
    )
}

pub fn seeds() -> Vec<Vec<u8>> {
    let own = with_settings(|_| ());
    let opens = with_settings(|settings| {
        settings.palette = Some("@HOME@/private.png".into());
        settings.weights = Some("/dev/zero".into());
    });
    let loops =
        "loop = true\n".to_owned() + &"[[entries]]\ncontent = { file = \"gone\" }\nstyles = []\n".repeat(9);
    let hostile = format!("[[entries]]\npreset = \"{}\"\n", "\\u202e\\u001b]0;x".repeat(300));
    [ENTRIES.to_owned(), own, opens, loops, hostile].map(String::into_bytes).into()
}

pub fn run(data: &[u8]) {
    let home = Home::new();
    let theirs = home.path("got/theirs.toml");
    fs::write(&theirs, home.named_in(data)).unwrap();
    image::RgbImage::from_pixel(50, 40, image::Rgb([9, 9, 99])).save(home.path("got/inside.png")).unwrap();
    let secret = Sha256Hash::of(&fs::read(home.path("private.png")).unwrap());
    let before = home.listing();
    within(MEMORY, || {
        let log = Log { slow: Duration::from_millis(20), ..Log::default() };
        let mut window = Setup { log, ..Setup::default() }.open();
        window.draw_missing_letters();
        window.harness.key_press(Key::F9);
        window.steps(3);
        window.dialogs.will_pick(&theirs);
        press(&mut window, "Open a playlist");
        for _ in 0..40 {
            window.steps(1);
            if ["theirs.toml", "Leave them out"].iter().any(|label| shows(&window, label)) {
                break;
            }
        }
        press(&mut window, "Leave them out");
        press(&mut window, "Play");
        for _ in 0..3 {
            window.steps(4);
            let now = window.harness.ctx.input(|input| input.time);
            window.harness.input_mut().time = Some(now + 60.0);
        }
        for job in &window.log.lock().unwrap().jobs {
            let Inputs { content, styles, palette, initial, masks, .. } = &job.inputs;
            let styles = styles.iter().map(|style| &style.picture);
            for picture in styles.chain([content]).chain(palette).chain(initial).chain(masks) {
                assert_ne!(picture.sha256, secret, "{} was opened", picture.name);
            }
        }
        window.close();
    });
    assert_eq!(home.listing(), before, "what is beside the playlist stays as it was");
}

fn shows(window: &Window, label: &str) -> bool {
    window.harness.query_all_by_label(label).next().is_some()
}

/// Clicks what has this label, if it is there.
fn press(window: &mut Window, label: &str) {
    if let Some(node) = window.harness.query_all_by_label(label).next() {
        node.click();
    }
    window.steps(4);
}
