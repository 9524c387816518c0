//! The painter's thread, and the queue's rules.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use image::RgbImage;
use impasto_core::{
    picture,
    run::{Job, Pass, Record, Start},
    settings::{Init, Masks, Settings, StyleMix},
    transfer::{Inputs, StyleSource},
};
use impasto_engine::queue::{
    CpuSharing, Item, ItemMove, ItemSource, ItemStart, ItemState, ItemStyle, JobQueue, LiveActivity, Painter,
    QueueStore, StoredPixels,
};
use impasto_formats::{
    known::KnownFiles,
    recipe::{self, FileMatch, Recipe},
};
use impasto_test_support::fake::{Fake, Log, Shared};

/// The seed with which the engine panics in its second step.
const PANICS: u64 = 13;
/// The seed with which its device has no memory left.
const LIMITED: u64 = 14;
/// What it says then.
const LIMIT: &str = "a card has no memory left";

/// Steps take a millisecond; the picture's height is the number of steps.
fn small() -> Shared {
    let at_step = |settings: &Settings, step| {
        assert!(settings.seed != PANICS || step < 2, "the driver is gone");
        Ok((settings.seed == LIMITED && step == 1).then(|| LIMIT.to_owned()).into_iter().collect())
    };
    let picture = |step| RgbImage::new(20, step);
    let slow = Duration::from_millis(1);
    Arc::new(Mutex::new(Log {
        at_step: Some(Arc::new(at_step)),
        picture: Some(picture),
        slow,
        ..Log::default()
    }))
}

/// Makes engines that tell this log what they do.
fn engines(log: &Shared) -> impl Fn() -> Fake + Send + Sync + 'static {
    let log = Arc::clone(log);
    move || Fake::new(&log)
}

fn item(output: PathBuf, seed: u64, steps: u32) -> Item {
    let example = |title: &str| ItemSource::Example(title.to_owned());
    let styles = vec![ItemStyle { source: example("Swirl"), mix: StyleMix::default() }];
    let settings = Settings { seed, steps, size: 64, ..Settings::default() };
    Item { without_recipe: true, ..Item::new(example("Chelsea"), styles, output, settings) }
}

fn states(queue: &JobQueue) -> Vec<ItemState> {
    queue.items(|items| items.iter().map(|item| item.state.clone()).collect())
}

#[track_caller]
fn wait_until(what: &str, queue: &JobQueue, done: impl Fn(&JobQueue) -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !done(queue) {
        assert!(Instant::now() < deadline, "waited in vain until {what}: {:?}", states(queue));
        thread::sleep(Duration::from_millis(2));
    }
}

fn all_finished(queue: &JobQueue) -> bool {
    states(queue).iter().all(|state| !state.is_open())
}

/// A queue with these items and a painter.
fn start_painter(items: Vec<Item>, make: impl Fn() -> Fake + Send + Sync + 'static) -> (JobQueue, Painter) {
    let queue = JobQueue::default();
    queue.add(items, None);
    let painter = Painter::spawn(queue.clone(), make, || ()).unwrap();
    (queue, painter)
}

#[test]
fn a_panic_fails_its_item_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let items = vec![item(path("a.png"), PANICS, 5), item(path("b.png"), 1, 5)];
    let (queue, _painter) = start_painter(items, engines(&small()));
    wait_until("both are over", &queue, all_finished);
    let found = states(&queue);
    let ItemState::Failed { message } = &found[0] else { panic!("{found:?}") };
    assert!(message.contains("step 2") && message.contains("the driver is gone"), "{message}");
    assert!(matches!(found[1], ItemState::Done { .. }) && !path("a.png").exists());
    assert_eq!(image::open(path("b.png")).unwrap().height(), 5);
}

#[test]
fn an_engine_that_cannot_be_made_fails_its_item_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let made = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&made);
    let make = engines(&small());
    let items = vec![item(path("a.png"), 0, 3), item(path("b.png"), 0, 3)];
    let (queue, _painter) = start_painter(items, move || {
        assert!(count.fetch_add(1, Ordering::Relaxed) > 0, "no device");
        make()
    });
    wait_until("both are over", &queue, all_finished);
    let found = states(&queue);
    assert!(
        matches!(found[0], ItemState::Failed { .. }) && matches!(found[1], ItemState::Done { .. }),
        "{found:?}"
    );
    queue.retry(1);
    wait_until("it is painted", &queue, all_finished);
    assert!(path("a.png").exists());
}

#[test]
fn missing_pictures_and_folders_are_reported_before_painting() {
    let folder = tempfile::tempdir().unwrap();
    let lost = ItemSource::File { path: folder.path().join("lost.jpg"), sha256: None };
    let items = vec![
        Item { content: lost, ..item(folder.path().join("a.png"), 0, 3) },
        item(folder.path().join("nowhere/b.png"), 0, 3),
    ];
    let (queue, _painter) = start_painter(items, || panic!("no engine is needed"));
    wait_until("both are over", &queue, all_finished);
    for (state, word) in states(&queue).iter().zip(["lost.jpg", "nowhere"]) {
        let ItemState::Failed { message } = state else { panic!("{state:?}") };
        assert!(message.contains(word), "{message}");
    }
}

#[test]
fn a_name_that_is_taken_meanwhile_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    let taken = path.clone();
    let make = engines(&small());
    // The engine is made after the item's name was found free and before anything is painted.
    let (queue, _painter) = start_painter(vec![item(path.clone(), 0, 3)], move || {
        std::fs::write(&taken, "somebody else's").unwrap();
        make()
    });
    wait_until("it is over", &queue, all_finished);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "somebody else's");
    let output = queue.items(|items| items[0].output.clone());
    assert!(output.ends_with("a-2.png") && output.exists());
    assert!(queue.items(|items| items[0].remark.clone()).unwrap().contains("a-2.png"));
}

#[test]
fn a_picture_whose_folder_is_gone_is_saved_in_the_queues_folder() {
    let outer = tempfile::tempdir().unwrap();
    let at = |name: &str| outer.path().join(name);
    std::fs::create_dir(at("out")).unwrap();
    let queue = JobQueue::default();
    queue.restore(Some(QueueStore::open(&at("queue")).unwrap()), Vec::new());
    queue.add([item(at("out/a.png"), 0, 3), item(at("b.png"), 0, 4)], None);
    let out = at("out");
    // The folder still exists until an engine is made.
    let usual = engines(&small());
    let make = move || {
        let _ = std::fs::remove_dir(&out);
        usual()
    };
    let _painter = Painter::spawn(queue.clone(), make, || ()).unwrap();
    wait_until("both are over", &queue, all_finished);
    let found = states(&queue);
    assert!(found.iter().all(|state| matches!(state, ItemState::Done { .. })), "{found:?}");
    let (output, remark) = queue.items(|items| (items[0].output.clone(), items[0].remark.clone().unwrap()));
    assert_eq!(output, at("queue/rescued/a.png"));
    assert_eq!(image::open(output).unwrap().height(), 3);
    assert!(remark.contains("there is no folder") && remark.contains("kept as"), "{remark}");
    assert!(at("b.png").exists(), "the queue goes on");
}

/// The job of an item of a batch.
fn job_of(item: &Item) -> Job {
    let (inputs, _) = item.open(None).unwrap();
    Job::new(1, inputs, item.settings.clone())
}

#[test]
fn a_batch_is_known_by_its_files_and_not_painted_twice() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out").join("a.png");
    let batch = || Item { batch: true, without_recipe: false, ..item(output.clone(), 0, 3) };
    let (queue, _painter) = start_painter(vec![batch(), batch()], engines(&small()));
    wait_until("both are over", &queue, all_finished);
    let found = states(&queue);
    assert!(matches!(found[0], ItemState::Done { .. }) && found[1] == ItemState::AlreadyPainted, "{found:?}");
    // As `impasto batch` looks it up.
    assert_eq!(recipe::compare_file(&output, &job_of(&batch())), FileMatch::Same);
    // Another recipe with the same name does not replace it.
    let other = || Item { settings: Settings { seed: 5, ..batch().settings }, ..batch() };
    queue.add([other()], None);
    wait_until("it is over", &queue, all_finished);
    assert!(queue.items(|items| items[2].output.ends_with("a-2.png")));
    // It is known by its number too, as long as it is there.
    queue.add([other()], None);
    wait_until("it is over", &queue, all_finished);
    assert_eq!(states(&queue)[3], ItemState::AlreadyPainted);
    // Without a recipe nobody can know, and both are kept.
    let plain = || Item { without_recipe: true, output: output.with_file_name("b.png"), ..batch() };
    queue.add([plain(), plain()], None);
    wait_until("both are over", &queue, all_finished);
    assert!(queue.items(|items| items[5].output.ends_with("b-2.png")));
}

#[test]
fn a_batch_does_not_count_what_was_painted_with_less() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out").join("a.png");
    let batch = || Item { batch: true, without_recipe: false, ..item(output.clone(), LIMITED, 3) };
    let (queue, _painter) = start_painter(vec![batch(), batch()], engines(&small()));
    wait_until("both are over", &queue, all_finished);
    let found = states(&queue);
    assert!(found.iter().all(|state| matches!(state, ItemState::Done { .. })), "{found:?}");
    let items = queue.items(|items| items.to_vec());
    for item in &items {
        assert_eq!(image::open(&item.output).unwrap().height(), 3, "the picture is kept");
        assert!(item.remark.as_ref().is_some_and(|remark| remark.contains(LIMIT)), "{:?}", item.remark);
        assert_eq!(recipe::compare_file(&item.output, &job_of(&batch())), FileMatch::Incomplete);
    }
    assert_ne!(items[0].output, items[1].output, "the first one is not replaced");
}

#[test]
fn the_queue_yields_as_configured() {
    let folder = tempfile::tempdir().unwrap();
    let queue = JobQueue::default();
    let live =
        |painting, dragging, on_cpu, cpu_sharing| LiveActivity { painting, dragging, on_cpu, cpu_sharing };
    queue.add([item(folder.path().join("a.png"), 0, 3)], None);
    for (what, waits) in [
        (live(false, false, true, CpuSharing::Wait), false),
        (live(true, false, true, CpuSharing::Wait), true),
        (live(true, false, true, CpuSharing::Share), false),
        (live(true, true, true, CpuSharing::Share), true),
        (live(true, true, false, CpuSharing::Wait), false),
    ] {
        queue.set_live(what);
        assert_eq!(queue.summary().waits, waits, "{what:?}");
    }
    queue.set_live(live(true, false, true, CpuSharing::Wait));
    let painter = Painter::spawn(queue.clone(), engines(&small()), || ()).unwrap();
    thread::sleep(Duration::from_millis(60));
    assert_eq!(states(&queue), [ItemState::Waiting]);
    queue.set_live(live(false, false, true, CpuSharing::Wait));
    wait_until("it is painted", &queue, all_finished);
    drop(painter);
}

#[test]
fn an_interrupted_item_stays_queued() {
    let folder = tempfile::tempdir().unwrap();
    let log = small();
    let (queue, painter) =
        start_painter(vec![item(folder.path().join("a.png"), 0, 1_000_000)], engines(&log));
    wait_until("it is being painted", &queue, |queue| queue.now().is_some_and(|now| now.step > 0));
    queue.hold(true);
    let steps_soon = || {
        thread::sleep(Duration::from_millis(40));
        log.lock().unwrap().steps
    };
    // The current step may still end.
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut steps = steps_soon();
    loop {
        let now = steps_soon();
        if now == steps {
            break;
        }
        assert!(Instant::now() < deadline, "it paints on: {now} steps");
        steps = now;
    }
    assert_eq!(steps_soon(), steps);
    drop(painter);
    wait_until("it waits", &queue, |queue| states(queue) == [ItemState::Waiting]);
}

#[test]
fn items_move_and_names_differ() {
    let folder = tempfile::tempdir().unwrap();
    let queue = JobQueue::default();
    let path = folder.path().join("a.png");
    queue.add((0..4).map(|seed| item(path.clone(), seed, 3)), None);
    let order = || -> Vec<u64> { queue.items(|items| items.iter().map(|item| item.id).collect()) };
    let name = |item: &Item| item.output.file_name().unwrap().to_string_lossy().into_owned();
    let names: Vec<String> = queue.items(|items| items.iter().map(name).collect());
    assert_eq!(names, ["a.png", "a-2.png", "a-3.png", "a-4.png"]);
    assert_eq!(queue.free_output(&path), folder.path().join("a-5.png"));
    for (id, to, expected) in [
        (4, ItemMove::Up, [1, 2, 4, 3]),
        (1, ItemMove::Up, [1, 2, 4, 3]),
        (1, ItemMove::Down, [2, 1, 4, 3]),
        (3, ItemMove::Down, [2, 1, 4, 3]),
        (2, ItemMove::To(4), [1, 4, 3, 2]),
        (2, ItemMove::To(0), [2, 1, 4, 3]),
        (1, ItemMove::To(2), [2, 1, 4, 3]),
    ] {
        queue.reorder(id, to);
        assert_eq!(order(), expected, "{id} {to:?}");
    }
    queue.cancel(4);
    queue.remove(3);
    let summary = queue.summary();
    assert_eq!((summary.open, summary.finished, summary.seconds_left), (2, 1, None));
    queue.remove_finished();
    assert_eq!(order(), [2, 1]);
}

/// A painting of five steps with a change after the second, repainted in four at twice the size.
fn painted_before(style: picture::Picture) -> Record {
    let inputs = Inputs::new(Arc::new(picture::CONTENTS[0].open()), vec![StyleSource::new(Arc::new(style))]);
    let settings = Settings { size: 32, steps: 5, ..Settings::default() };
    let heavier = Settings { style_weight: 3.5, ..settings.clone() };
    let mut first = Record::new(Pass::new(&Job::new(1, inputs.clone(), settings.clone()), Start::Beginning));
    first.change(2, (&settings, &heavier), (&inputs, &inputs));
    let larger = Job::new(2, inputs, Settings { size: 64, ..heavier });
    first.at(5).then(Pass::new(&larger, Start::Repaint)).at(4)
}

/// The recipe of a painting, and how an item begins with it.
fn stored(folder: &Path, record: &Record) -> (Recipe, StoredPixels) {
    let picture = RgbImage::from_pixel(30, 20, image::Rgb([7; 3]));
    let recipe = Recipe::new(record, picture.dimensions(), &impasto_test_support::info());
    let stored = QueueStore::keep_painting(folder, &picture, &recipe).unwrap();
    (recipe, stored)
}

#[test]
fn a_painting_goes_on_from_a_stored_picture_which_leaves_with_its_item() {
    let outer = tempfile::tempdir().unwrap();
    let at = |name: &str| outer.path().join(name);
    let queue = JobQueue::default();
    queue.restore(Some(QueueStore::open(&at("queue")).unwrap()), Vec::new());
    let record = painted_before(picture::STYLES[0].open());
    let adding = queue.begin_adding();
    let (before, stored) = stored(&at("queue"), &record);
    let file = at("queue").join(stored.file());
    queue.add([item(at("first.png"), 0, 3)], None);
    queue.save().unwrap();
    assert!(file.exists(), "it is on its way into the list");
    let begun = Item {
        start: ItemStart::Picture(stored),
        without_recipe: false,
        settings: Settings { size: 128, steps: 3, ..Settings::default() },
        ..item(at("a.png"), 0, 3)
    };
    queue.add([begun.clone()], None);
    drop(adding);
    // Its masks are opened; an initial image is not needed.
    RgbImage::new(20, 20).save(at("mask.png")).unwrap();
    let masks = Masks { style_map: Some(at("mask.png")), ..Masks::default() };
    let settings = Settings { masks, init: Init::File(at("gone.png")), ..begun.settings.clone() };
    let masked = Item { settings, ..begun };
    let (inputs, _) = masked.open(Some(&at("queue"))).unwrap();
    let runs = masked.runs(inputs, Some(&at("queue")), &KnownFiles::default()).unwrap();
    assert_eq!(runs.runs[0].job.inputs.masks.len(), 1);
    let log = small();
    let _painter = Painter::spawn(queue.clone(), engines(&log), || ()).unwrap();
    wait_until("both are painted", &queue, all_finished);
    assert_eq!(log.lock().unwrap().from_current, [None, Some((30, 20))]);
    let (recipe, _) = recipe::read_file(&at("a.png")).unwrap();
    assert_eq!(recipe.passes[..2], before.passes);
    let last = recipe.last();
    assert_eq!((last.start, last.settings.size, last.steps), (Start::Moment, 128, 3));
    assert!(recipe.complete && recipe.passes.len() == 3);
    assert!(file.exists());
    queue.remove(2);
    queue.save().unwrap();
    assert!(!file.exists() && at("a.png").exists());
}

#[test]
fn a_course_is_repeated_in_proportion_with_its_changes() {
    let outer = tempfile::tempdir().unwrap();
    let at = |name: &str| outer.path().join(name);
    let queue = JobQueue::default();
    queue.restore(Some(QueueStore::open(&at("queue")).unwrap()), Vec::new());
    let record = painted_before(picture::STYLES[0].open());
    let (before, stored_picture) = stored(&at("queue"), &record);
    let course = |picture| Item {
        start: ItemStart::Course { picture, steps: record.all_steps() },
        without_recipe: false,
        settings: Settings { size: 128, ..before.settings.clone() },
        ..item(at("a.png"), 0, 3)
    };
    queue.add([course(stored_picture)], None);
    let log = small();
    let _painter = Painter::spawn(queue.clone(), engines(&log), || ()).unwrap();
    wait_until("it is painted", &queue, all_finished);
    {
        let log = log.lock().unwrap();
        assert_eq!(log.steps, 9);
        assert_eq!(log.from_current, [None, Some((20, 5))], "the second run continues the first");
    }
    let (recipe, _) = recipe::read_file(&at("a.png")).unwrap();
    let mut expected = before.passes.clone();
    expected.iter_mut().for_each(|pass| pass.settings.size *= 2);
    assert_eq!(recipe.passes, expected);
    assert!(recipe.complete);

    // What cannot be repeated is told before it is painted. The painter may still save its list, which
    // removes pictures that no item has.
    let _adding = queue.begin_adding();
    let runs = |record: &Record| {
        let item = course(stored(&at("queue"), record).1);
        let (inputs, _) = item.open(Some(&at("queue"))).unwrap();
        item.runs(inputs, Some(&at("queue")), &KnownFiles::default()).unwrap_err().to_string()
    };
    assert!(runs(&record.clone().incomplete()).contains("cannot be repeated"));
    let lost = picture::Picture::from_rgba("lost.png", 20, 20, [1, 2, 3, 255].repeat(400)).unwrap();
    let text = runs(&painted_before(lost));
    assert!(text.contains("lost.png, which is not found"), "{text}");
}
