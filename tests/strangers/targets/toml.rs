//! A text as every TOML file that the program reads: settings, presets, the queue, what a window remembers.

use std::{fs, time::Duration};

use impasto_core::settings::{Mix, Preset, PresetFolder, Settings, SettingsFlags};
use impasto_engine::queue::QueueStore;

use super::{MEMORY, home::Home, is_harmless};
use crate::{
    memory::within,
    window_support::{Log, Setup},
};

/// A queue's file with an item of every kind.
const QUEUE: &str = r#"
[[items]]
id = 3
output = "@HOME@/out/a.png"
without_recipe = true
batch = false
content = { file = { path = "@HOME@/private.png" } }
styles = [{ source = { example = "Swirl" } }, { source = { kept = { name = "pasted", sha256 = "7777777777777777777777777777777777777777777777777777777777777777" } } }]
state = "waiting"
[items.start.course]
steps = 70
picture = { name = "begun", sha256 = "7878787878787878787878787878787878787878787878787878787878787878" }
[items.settings]
size = 77
"#;

const REMEMBERED: &str = r#"
recent = ["@HOME@/private.png"]
without_recipe = true
[layout]
left = 216.0
film = true
final_size = 1536
[remote]
port = 9123
feedback = "localhost:9"
[remote.controllers]
"cc:1:21" = "beta"
[content]
example = "Coffee"
[[styles]]
weight = 0.25
[styles.picture]
example = "Wave"
[settings]
size = 99
[desk]
seed = 5
"#;

pub fn seeds() -> Vec<Vec<u8>> {
    let mut texts = vec![QUEUE.to_owned(), REMEMBERED.to_owned(), String::new()];
    texts.push(::toml::to_string(&Settings::default()).unwrap());
    texts.push(
        ::toml::to_string(&Mix::of(&Preset::named("Bold strokes").unwrap().apply(&Settings::default())))
            .unwrap(),
    );
    texts.push("[automation]\nbeta = { lfo = { low = 1.0, high = 9.0, period = 40 } }".to_owned());
    texts.push("[automation]\nbeta = { keys = [{ at = 0.1, value = 9.0 }, { at = 0.2, value = 1.0 }], end = \"loop\" }".to_owned());
    texts.into_iter().map(String::into_bytes).collect()
}

pub fn run(data: &[u8]) {
    let home = Home::new();
    let text = home.named_in(data);
    let file = home.path("got/theirs.toml");
    fs::write(&file, &text).unwrap();
    let before = home.listing();
    within(MEMORY, || {
        let flag = format!("--settings={}", file.display());
        match SettingsFlags::parse(&[flag]).unwrap().resolve(Settings::default()) {
            Ok(settings) => {
                let _ = settings.validate();
            }
            Err(error) => is_harmless(&impasto_base::error::chain(&error)),
        }
        match Mix::read(&file) {
            Ok(mix) => mix.apply(&Settings::default()).unwrap().validate().unwrap(),
            Err(error) => is_harmless(&impasto_base::error::chain(&error)),
        }
        let config = tempfile::tempdir().unwrap();
        for (folder, name) in [("presets", "theirs.toml"), ("queue", "queue.toml")] {
            fs::create_dir(config.path().join(folder)).unwrap();
            fs::write(config.path().join(folder).join(name), &text).unwrap();
        }
        assert_eq!(PresetFolder::within(config.path()).list().len(), 1);
        let store = QueueStore::open(&config.path().join("queue")).unwrap();
        match store.load() {
            Ok(items) => {
                let count = items.len();
                store.write(items).unwrap();
                assert_eq!(store.load().unwrap().len(), count);
            }
            // Its own file; where it is told, it is escaped.
            Err(error) => assert!(!error.is_empty()),
        }
        let Ok(text) = String::from_utf8(text) else { return };
        if ::toml::from_str::<::toml::Table>(&text).is_err() {
            return;
        }
        let log = Log { slow: Duration::from_millis(20), ..Log::default() };
        let mut setup = Setup { log, remembered: Some(text), ..Setup::default() };
        setup.options.settings = None;
        let mut window = setup.open();
        window.draw_missing_letters();
        window.steps(6);
        window.close();
    });
    assert_eq!(home.listing(), before, "what is beside the file stays as it was");
}
