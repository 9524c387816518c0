//! Time-lapses, grids and batches from the command line, on the CPU and very small.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Arc,
    time::{Duration, Instant},
};

use image::AnimationDecoder as _;
use impasto_core::{
    picture::{self, Picture},
    settings::{DeviceChoice, Settings, StyleMix},
    transfer::Inputs,
};
use impasto_engine::{
    queue::{Cell, Item, ItemSource, ItemStart, ItemState, ItemStyle, JobQueue, Painter, QueueStore},
    session::{Job, PaintEngine, StyleSource},
};
use impasto_formats::recipe;

use crate::program::asset;

fn impasto(arguments: &[&str]) -> Command {
    let mut command = crate::environment::impasto();
    command.args(arguments);
    command
}

#[track_caller]
fn expect(command: &mut Command, code: i32, words: &[&str]) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = String::from_utf8_lossy(&stderr).into_owned() + &String::from_utf8_lossy(&stdout);
    assert_eq!(status.code(), Some(code), "{text}");
    for word in words {
        assert!(text.contains(word), "{word:?} is not in: {text}");
    }
    text
}

fn pair(command: &mut Command) -> &mut Command {
    command.arg("--content").arg(asset("astronaut.jpg")).arg("--style").arg(asset("swirl.jpg"));
    command.args(["--size", "48", "--device", "cpu"])
}

fn gif(path: &Path) -> Vec<image::Frame> {
    let file = std::io::BufReader::new(fs::File::open(path).unwrap());
    image::codecs::gif::GifDecoder::new(file).unwrap().into_frames().collect_frames().unwrap()
}

#[test]
fn a_render_leaves_a_time_lapse_of_itself() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let mut command = impasto(&["render", "--steps", "5", "--timelapse-caption"]);
    pair(&mut command).arg("--output").arg(path("a.png")).arg("--timelapse").arg(path("a.gif"));
    expect(&mut command, 0, &["a.gif, 5 pictures"]);
    let frames = gif(&path("a.gif"));
    assert_eq!(frames.len(), 5);
    assert_ne!(frames[0].buffer(), frames[4].buffer());
    // What is there is not overwritten, and a name without a format is refused before anything is painted.
    expect(&mut command, 1, &["exists already"]);
    let mut command = impasto(&["render", "--steps", "2"]);
    pair(&mut command).arg("--output").arg(path("b.png")).arg("--timelapse").arg(path("b.avi"));
    expect(&mut command, 2, &["b.avi", ".gif"]);
    assert!(!path("b.png").exists());
}

#[test]
fn pictures_become_a_time_lapse_and_a_film_needs_ffmpeg() {
    let folder = tempfile::tempdir().unwrap();
    let frames = folder.path().join("frames");
    fs::create_dir(&frames).unwrap();
    for index in 0..4_u8 {
        let picture = image::RgbImage::from_pixel(40, 30, image::Rgb([60 * index, 90, 20]));
        picture.save(frames.join(format!("{}.png", 8 + index))).unwrap();
    }
    let out = folder.path().join("a.webp");
    let mut command = impasto(&["timelapse", "--rate", "4", "--side", "20"]);
    expect(command.arg(&frames).arg("--output").arg(&out), 0, &["a.webp of 4 pictures"]);
    let file = std::io::BufReader::new(fs::File::open(&out).unwrap());
    let decoder = image::codecs::webp::WebPDecoder::new(file).unwrap();
    let found = decoder.into_frames().collect_frames().unwrap();
    let reds: Vec<u8> = found.iter().map(|frame| frame.buffer().get_pixel(9, 9).0[0]).collect();
    assert_eq!(reds, [0, 60, 120, 180], "in the order of their numbers");
    assert_eq!(found[0].buffer().dimensions(), (20, 15));

    let film = folder.path().join("a.mp4");
    let mut command = impasto(&["timelapse"]);
    command.arg(&frames).arg("--output").arg(&film).env("PATH", "/nowhere");
    expect(&mut command, 1, &["needs the program ffmpeg", "use .gif"]);
    assert!(!film.exists());
    expect(impasto(&["timelapse", "--rate", "900"]).arg(&frames).arg("--output").arg(&out), 2, &["rate"]);
}

/// A stand-in for ffmpeg that writes what it is sent to the file that it is told.
#[cfg(unix)]
#[test]
fn ffmpeg_gets_every_pixel_and_says_what_is_wrong() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let frames = folder.path().join("frames");
    fs::create_dir(&frames).unwrap();
    for index in 0..3_u8 {
        image::RgbImage::from_pixel(24, 16, image::Rgb([index, 7, 9]))
            .save(frames.join(format!("{index}.png")))
            .unwrap();
    }
    let program = folder.path().join("ffmpeg");
    let script = |text: &str| {
        fs::write(&program, text).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    };
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    let film = folder.path().join("a.mp4");
    let command = |rate: &str| {
        let mut command = impasto(&["timelapse", "--rate", rate, "--hold", "0.5"]);
        command.arg(&frames).arg("--output").arg(&film).env("PATH", &path);
        command
    };
    script("#!/bin/sh\nfor last; do :; done\ncat > \"$last\"\n");
    expect(&mut command("10"), 0, &["a.mp4"]);
    let bytes = fs::read(&film).unwrap();
    // The last picture stays for half a second: five pictures more.
    assert_eq!(bytes.len(), 8 * 24 * 16 * 3);
    assert_eq!((bytes[0], bytes[24 * 16 * 3], bytes[bytes.len() - 3]), (0, 1, 2));

    fs::remove_file(&film).unwrap();
    script("#!/bin/sh\necho 'Unknown encoder libx264' >&2\nexit 1\n");
    expect(&mut command("10"), 1, &["ffmpeg failed", "Unknown encoder libx264"]);
    assert!(!film.exists());
}

#[test]
fn a_grid_is_one_picture_with_a_cell_for_each_pair_of_values() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("grid.png");
    let mut command =
        impasto(&["grid", "--steps", "2", "--x", "style-weight=0,1-100[2]", "--y", "size=32,48"]);
    pair(&mut command).arg("--output").arg(&out);
    let text = expect(&mut command, 0, &["6/6: style-weight 100, size 48", "with 6 of 6 cells"]);
    // The size asks for another run, so it changes once only.
    let sizes: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("/6: "))
        .filter_map(|line| line.split("size ").nth(1))
        .map(|rest| &rest[..2])
        .collect();
    assert_eq!(sizes, ["32", "32", "32", "48", "48", "48"]);
    let sheet = image::open(&out).unwrap().to_rgb8();
    assert!(sheet.width() > 3 * 48 && sheet.height() > 2 * 48);

    for (x, words) in [
        ("stile-weight=1,2", "stile-weight"),
        ("style-weight=1-2", "style-weight"),
        ("nothing", "SETTING=VALUES"),
    ] {
        let mut command = impasto(&["grid", "--x", x]);
        pair(&mut command).arg("--output").arg(folder.path().join("b.png"));
        expect(&mut command, 2, &[words]);
    }
    // A cell that fails is told, and the others are there.
    let narrow = folder.path().join("narrow.png");
    image::RgbImage::from_pixel(200, 24, image::Rgb([9, 99, 9])).save(&narrow).unwrap();
    let mut command = impasto(&["grid", "--steps", "1", "--x", "size=32,200", "--device", "cpu"]);
    command
        .arg("--content")
        .arg(&narrow)
        .arg("--style")
        .arg(asset("swirl.jpg"))
        .arg("--output")
        .arg(folder.path().join("c.png"));
    expect(&mut command, 1, &["with 1 of 2 cells", "size 32"]);
}

#[test]
fn a_batch_goes_on_where_it_was_left_and_lists_what_failed() {
    let folder = tempfile::tempdir().unwrap();
    let contents = folder.path().join("contents");
    fs::create_dir(&contents).unwrap();
    fs::copy(asset("astronaut.jpg"), contents.join("a.jpg")).unwrap();
    fs::copy(asset("chelsea.jpg"), contents.join("b.jpg")).unwrap();
    fs::write(contents.join("broken.jpg"), "no picture").unwrap();
    let out = folder.path().join("out");
    let batch = |arguments: &[&str]| {
        let mut command = impasto(&["batch", "--size", "32", "--steps", "1", "--device", "cpu"]);
        command.arg("--content").arg(&contents).arg("--style").arg(asset("swirl.jpg"));
        command.arg("--output-folder").arg(&out).args(arguments);
        command
    };
    let words = ["2 of 3 painted, 1 failed", "broken in swirl.png"];
    expect(&mut batch(&[]), 1, &words);
    let painted = fs::read(out.join("a in swirl.png")).unwrap();
    assert!(out.join("b in swirl.png").exists() && !out.join("broken in swirl.png").exists());

    fs::remove_file(contents.join("broken.jpg")).unwrap();
    fs::remove_file(out.join("b in swirl.png")).unwrap();
    expect(&mut batch(&[]), 0, &["1 of 2 painted, 1 already there"]);
    assert_eq!(fs::read(out.join("a in swirl.png")).unwrap(), painted);
    // Other settings are another painting, which replaces nothing unasked.
    expect(&mut batch(&["--style-weight", "3"]), 1, &["--force", "2 failed"]);
    expect(&mut batch(&["--style-weight", "3", "--force"]), 0, &["2 of 2 painted"]);
    expect(&mut batch(&["--style-weight", "3"]), 0, &["0 of 2 painted, 2 already there"]);

    expect(&mut batch(&["--name", "{style}.png"]), 2, &["two paintings"]);
    expect(&mut batch(&["--name", "{content}.bmp"]), 1, &["bmp"]);
    expect(&mut batch(&["--pairs", "matched"]), 2, &["2 contents and 1 styles"]);
}

fn queued(output: PathBuf, steps: u32) -> Item {
    let file = |name| ItemSource::File { path: asset(name), sha256: None };
    let styles = vec![ItemStyle { source: file("swirl.jpg"), mix: StyleMix::default() }];
    let settings = Settings { size: 48, steps, device: DeviceChoice::Cpu, ..Settings::default() };
    Item::new(file("astronaut.jpg"), styles, output, settings)
}

fn states(desk: &JobQueue) -> Vec<ItemState> {
    desk.items(|items| items.iter().map(|item| item.state.clone()).collect())
}

#[track_caller]
fn wait_until(what: &str, desk: &JobQueue, done: impl Fn(&JobQueue) -> bool) {
    let patience = Instant::now() + Duration::from_secs(120);
    while !done(desk) {
        assert!(Instant::now() < patience, "waited in vain until {what}: {:?}", states(desk));
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The real engine behind the window: two items painted, one cancelled, and a restart in between.
#[test]
fn a_queue_paints_as_the_command_line_does_and_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let spawn = |desk: &JobQueue| Painter::spawn(desk.clone(), PaintEngine::background, || ()).unwrap();
    let is_done = |state: &ItemState| matches!(state, ItemState::Done { .. });

    let desk = JobQueue::default();
    desk.restore(Some(QueueStore::open(&path("queue")).unwrap()), Vec::new());
    desk.add([queued(path("a.png"), 3), queued(path("b.png"), 1_000_000), queued(path("c.png"), 3)], None);
    let painter = spawn(&desk);
    wait_until("the second is being painted", &desk, |desk| {
        desk.now().is_some_and(|now| now.id == 2 && now.step > 1)
    });
    // A cell of a grid is painted between two of its steps, and it goes on.
    let job = Job::new(
        1,
        Inputs::new(
            Arc::new(picture::CONTENTS[1].open()),
            vec![StyleSource::new(Arc::new(picture::STYLES[0].open()))],
        ),
        Settings { size: 32, steps: 2, device: DeviceChoice::Cpu, ..Settings::default() },
    );
    desk.paint_cells([Cell { grid: 7, index: 4, job }]);
    let mut painted = Vec::new();
    let patience = Instant::now() + Duration::from_secs(120);
    while painted.is_empty() && Instant::now() < patience {
        painted = desk.take_painted();
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!((painted[0].grid, painted[0].index), (7, 4));
    assert_eq!(
        painted[0].result.as_ref().unwrap().dimensions().0.max(painted[0].result.as_ref().unwrap().height()),
        32
    );
    let step = desk.now().unwrap().step;
    wait_until("the second goes on", &desk, |desk| desk.now().is_some_and(|now| now.step > step));
    drop(painter);
    drop(desk);

    // A painter that is held up ends after the window, and has the store until then.
    let patience = Instant::now() + Duration::from_secs(120);
    let store = loop {
        match QueueStore::open(&path("queue")) {
            Ok(store) => break store,
            Err(error) => assert!(Instant::now() < patience, "{error}"),
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let items = store.load().unwrap();
    let desk = JobQueue::default();
    desk.restore(Some(store), items);
    let found = states(&desk);
    assert!(is_done(&found[0]) && found[1..] == [ItemState::Waiting, ItemState::Waiting], "{found:?}");
    let painter = spawn(&desk);
    std::thread::sleep(Duration::from_millis(300));
    assert!(desk.now().is_none(), "it waits for the person's word");
    desk.hold(false);
    wait_until("the second is begun again", &desk, |desk| {
        desk.now().is_some_and(|now| now.id == 2 && now.step > 0)
    });
    desk.cancel(2);
    wait_until("all is over", &desk, |desk| states(desk).iter().all(|state| !state.is_open()));
    assert!(is_done(&states(&desk)[2]) && states(&desk)[1] == ItemState::Cancelled);
    drop(painter);
    assert!(!path("b.png").exists());
    assert_eq!(desk.items(|items| items[2].output.clone()), path("c.png"));

    let mut command = impasto(&["render", "--steps", "3"]);
    expect(pair(&mut command).arg("--output").arg(path("expected.png")), 0, &["expected.png"]);
    let [a, c, expected] =
        ["a.png", "c.png", "expected.png"].map(|name| Picture::open(&path(name)).unwrap().rgb);
    assert!(a == expected && c == expected);
    let (recipe, _) = recipe::read_file(&path("c.png")).unwrap();
    assert_eq!((recipe.steps(), recipe.settings.size, recipe.complete), (3, 48, true));
    assert!(QueueStore::open(&path("queue")).is_err(), "the queue still has it");
}

/// What a person likes, now large: from its picture, and with all that was done to it.
#[test]
fn a_picture_is_painted_on_or_repeated_larger_and_its_recipe_repeats_that() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let mut command = impasto(&["render", "--steps", "3"]);
    expect(pair(&mut command).arg("--output").arg(path("small.png")), 0, &["small.png"]);
    let small = Picture::open(&path("small.png")).unwrap().rgb;
    let (before, _) = recipe::read_file(&path("small.png")).unwrap();

    let desk = JobQueue::default();
    desk.restore(Some(QueueStore::open(&path("queue")).unwrap()), Vec::new());
    let stored = QueueStore::keep_painting(&path("queue"), &small, &before).unwrap();
    let begun = |name: &str, start| {
        let item = queued(path(name), 4);
        Item { start, settings: Settings { size: 96, ..item.settings.clone() }, ..item }
    };
    let from_picture = begun("from.png", ItemStart::Picture(stored.clone()));
    let course = begun("course.png", ItemStart::Course { picture: stored, steps: 3 });
    desk.add([from_picture, course], None);
    let painter = Painter::spawn(desk.clone(), PaintEngine::background, || ()).unwrap();
    wait_until("both are over", &desk, |desk| states(desk).iter().all(|state| !state.is_open()));
    drop(painter);
    let found = states(&desk);
    assert!(found.iter().all(|state| matches!(state, ItemState::Done { .. })), "{found:?}");

    let repeat = |from: &str, more: &[&str]| {
        let again = path("again.png");
        let mut command = impasto(&["render", "--force", "--recipe"]);
        expect(command.arg(path(from)).args(more).arg("--output").arg(&again), 0, &["again.png"]);
        Picture::open(&again).unwrap().rgb
    };
    let [from, course] = ["from.png", "course.png"].map(|name| Picture::open(&path(name)).unwrap().rgb);
    assert!(repeat("from.png", &[]) == from, "the small run, then the large one");
    assert!(repeat("small.png", &["--size", "96"]) == course);
    assert!(repeat("course.png", &[]) == course);
    assert_eq!((from.width().max(from.height()), from.dimensions()), (96, course.dimensions()));
    assert!(from != course);
}
