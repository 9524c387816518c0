//! Faults of the disk and of the machine: whatever fails whenever, what was there is whole or what is new is.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use image::{Rgb, RgbImage};
use impasto_base::{
    files::faults::{Fault, with_fault},
    random::SplitMix64,
};
use impasto_core::{
    picture::{self, Picture},
    settings::{Mix, PresetFolder, Settings, StyleMix},
};
use impasto_engine::queue::{Item, ItemSource, ItemStyle, QueueStore};
use impasto_formats::{
    project::{Draft, Manifest, Project, SourceStorage},
    timelapse,
};

/// Name of the environment's variable with the folder that [`writes_until_it_is_killed`] writes into.
const FOLDER: &str = "IMPASTO_TEST_FAULTS_FOLDER";

/// Different in every pixel, so that half of it is not all of it.
fn painted(number: u32, side: u32) -> RgbImage {
    RgbImage::from_fn(side, side, |x, y| Rgb([(x * 7 + number) as u8, (y * 5) as u8, (x * y) as u8]))
}

fn settings(number: u32) -> Settings {
    Settings { seed: number.into(), ..Settings::default() }
}

fn write_picture(path: &Path, number: u32, side: u32) -> bool {
    let text = |_| Some(format!("recipe {number}"));
    picture::save_with_text(&painted(number, side), path, true, &text).is_ok()
}

/// The picture's number, which its text has to agree with.
fn read_picture(path: &Path) -> u32 {
    let text = picture::embedded_text(&fs::read(path).unwrap()).unwrap();
    let number = text.strip_prefix("recipe ").unwrap().parse().unwrap();
    let found = Picture::open(path).unwrap().rgb;
    assert_eq!(found, painted(number, found.width()));
    number
}

fn write_project(path: &Path, number: u32, keep: SourceStorage<'_>, side: u32) -> bool {
    let write = || {
        let mut draft = Draft::new(Manifest::new(settings(number)), keep);
        draft.picture(&painted(number, side))?;
        let pasted = painted(number, side).pixels().flat_map(|p| [p[0], p[1], p[2], 255]).collect();
        let pasted = Picture::from_rgba("pasted", side, side, pasted).unwrap();
        draft.content(&pasted)?;
        draft.write(path)
    };
    write().is_ok()
}

fn read_project(path: &Path) -> u32 {
    let project = Project::read(path).unwrap();
    let number = project.manifest.settings.seed as u32;
    let found = project.picture.unwrap();
    assert_eq!(found, painted(number, found.width()));
    number
}

fn items(number: u32) -> Vec<Item> {
    let example = |title: &str| ItemSource::Example(title.to_owned());
    let styles = vec![ItemStyle { source: example("Swirl"), mix: StyleMix::default() }];
    let item = Item::new(example("Chelsea"), styles, "/out/a.png".into(), settings(number));
    let item = Item { id: 1, without_recipe: true, ..item };
    vec![item; 3]
}

fn read_queue(store: &QueueStore) -> u32 {
    let found = store.load().unwrap();
    let number = found[0].settings.seed as u32;
    assert_eq!(found, items(number));
    number
}

fn unfinished(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|extension| extension == "part")).collect()
}

/// Lets every call of a write fail in turn: once, and from then on. `read` gives the number of what is there.
#[track_caller]
fn every_call(folder: &Path, write: &dyn Fn(u32) -> bool, read: &dyn Fn() -> u32) {
    assert!(write(1));
    let mut old = 1;
    for fault in [Fault::Once, Fault::From] {
        for call in 0.. {
            let new = old + 1;
            let (written, reached) = with_fault(fault(call), || write(new));
            assert_eq!(written, !reached, "a fault is told: {:?}", fault(call));
            let found = read();
            assert!(found == new || (!written && found == old), "{found} after {old} and {new}");
            assert_eq!(unfinished(folder), Vec::<PathBuf>::new());
            old = found;
            if !reached {
                assert!(call >= 3, "only {call} calls");
                break;
            }
        }
    }
}

#[test]
fn whichever_call_fails_pictures_projects_and_lists_are_whole() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path();
    let path = folder.join("a.png");
    every_call(folder, &|number| write_picture(&path, number, 40), &|| read_picture(&path));

    let path = folder.join("a.impasto");
    for keep in [SourceStorage::Embedded, SourceStorage::Beside(folder)] {
        every_call(folder, &|number| write_project(&path, number, keep, 40), &|| read_project(&path));
    }

    let store = QueueStore::open(folder).unwrap();
    every_call(folder, &|number| store.write(items(number)).is_ok(), &|| read_queue(&store));

    let presets = PresetFolder::within(folder);
    let mix = |number: u32| Mix::of(&Settings { style_weight: number.into(), ..Settings::default() });
    let of_preset = || {
        let found = presets.list().remove(0).mix.unwrap().apply(&Settings::default()).unwrap();
        found.style_weight as u32
    };
    every_call(&folder.join("presets"), &|number| presets.save("mine", &mix(number)).is_ok(), &of_preset);
}

#[test]
fn whichever_call_fails_a_time_lapse_is_whole() {
    let outer = tempfile::tempdir().unwrap();
    for name in ["a.gif", "a.webp", "a.apng"] {
        let path = outer.path().join(name);
        let write = |number: u32| {
            // As many pictures as the number says, modulo something that old and new differ in.
            let count = 2 + number as usize % 3;
            let mut frames = (0..count).map(|frame| Ok(painted(frame as u32 * 40, 16)));
            let options = timelapse::TimelapseOptions::default();
            timelapse::save(&path, true, count, options, &mut frames, &mut |_| true).is_ok()
        };
        let whole: Vec<Vec<u8>> = (0..3)
            .map(|number| {
                assert!(write(number));
                fs::read(&path).unwrap()
            })
            .collect();
        let mut old = 2_u32;
        for call in 0.. {
            let new = old + 1;
            let (written, reached) = with_fault(Fault::From(call), || write(new));
            assert_eq!(written, !reached, "{name}, call {call}");
            old = if written { new } else { old };
            assert_eq!(fs::read(&path).unwrap(), whole[old as usize % 3], "{name}, call {call}");
            assert_eq!(unfinished(outer.path()), Vec::<PathBuf>::new());
            if !reached {
                assert!(call >= 4, "only {call} calls");
                break;
            }
        }
    }
}

#[test]
#[ignore = "the process that the next test kills"]
fn writes_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let store = QueueStore::open(&folder).unwrap();
    // It ends by itself if the test that kills it was killed.
    let began = Instant::now();
    for number in (0..).take_while(|_| began.elapsed() < Duration::from_secs(60)) {
        assert!(write_picture(&folder.join("a.png"), number, 200));
        assert!(write_project(&folder.join("a.impasto"), number, SourceStorage::Embedded, 200));
        store.write(items(number)).unwrap();
        // From here on there is one of each.
        fs::write(folder.join("ready"), "").unwrap();
    }
}

#[test]
fn a_process_that_is_killed_at_any_time_leaves_whole_files() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path();
    let mut random = SplitMix64::new(15);
    // IMPASTO_KILLS=100 asks for more.
    let kills = std::env::var("IMPASTO_KILLS").map_or(10, |kills| kills.parse().unwrap());
    for round in 0..kills {
        let _ = fs::remove_file(folder.join("ready"));
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "faults::writes_until_it_is_killed", "--ignored"])
            .env(FOLDER, folder)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let began = Instant::now();
        while !folder.join("ready").exists() {
            assert!(child.try_wait().unwrap().is_none(), "it has ended by itself in round {round}");
            assert!(began.elapsed() < Duration::from_secs(60), "it writes nothing");
            thread::sleep(Duration::from_millis(1));
        }
        thread::sleep(Duration::from_micros(random.next_u64() % 60_000));
        child.kill().unwrap();
        child.wait().unwrap();
        read_picture(&folder.join("a.png"));
        read_project(&folder.join("a.impasto"));
        // The lock has ended with the process.
        read_queue(&QueueStore::open(folder).unwrap());
    }
}
