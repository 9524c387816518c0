//! Going back in time: a run goes on from an earlier moment bit for bit, and hours of painting stay within
//! limits.

use std::sync::Arc;

use crate::common::{inputs, job};
use image::RgbImage;
use impasto_core::{
    picture,
    settings::{DeviceChoice, LineSearch, Optimizer, Settings, StyleMix},
    transfer::PyramidProgress,
};
use impasto_engine::{
    session::{Engine, LevelCommand, PaintEngine, Snapshot, Start},
    timeline::{Limits, MomentStore, StoreResult, Timeline},
};

/// These settings on a device. A software adapter takes its time for the network, so it computes two blocks
/// of it only.
fn on(device: &DeviceChoice, settings: Settings) -> Settings {
    let mut settings = Settings { device: device.clone(), ..settings };
    if *device != DeviceChoice::Cpu {
        let layers = |names: [&str; 2]| names.map(|name| (name.parse().unwrap(), 1.0)).into_iter().collect();
        settings.style_layers = layers(["relu1_1", "relu2_1"]);
        settings.content_layers = layers(["relu1_2", "relu2_2"]);
    }
    settings
}

/// A run through two levels, with a weight changed and a level dropped on the way. On an adapter, where
/// kernels may take other tiles in between, sums differ in their last bits.
fn goes_on_as_before(device: &DeviceChoice) {
    let exact = *device == DeviceChoice::Cpu;
    let settings = on(device, Settings { size: 181, steps: 12, ..Settings::default() });
    let mut engine = PaintEngine::new();
    engine.start(&job(settings.clone(), Start::Beginning), None, &mut |_| ()).unwrap();
    (0..3).for_each(|_| engine.step().unwrap());
    let changed = Settings { style_weight: 3.0, ..settings };
    engine.update(&changed, &inputs(&[StyleMix::default()])).unwrap();
    let early = engine.checkpoint().unwrap().unwrap();
    let early_picture = engine.read().unwrap();
    (0..6).for_each(|_| engine.step().unwrap());
    let late = engine.checkpoint().unwrap().unwrap();
    let late_total = engine.losses().unwrap().unwrap().total;
    assert_eq!(engine.read().unwrap().place.width, 181, "it has climbed");
    engine.level(LevelCommand::Drop).unwrap();
    engine.step().unwrap();
    let dropped = engine.checkpoint().unwrap().unwrap();
    let dropped_picture = engine.read().unwrap().picture;
    engine.level(LevelCommand::Climb).unwrap();
    engine.step().unwrap();
    let end = engine.checkpoint().unwrap().unwrap();
    let end_total = engine.losses().unwrap().unwrap().total;
    assert_ne!(late, end);
    let arrives = |engine: &mut PaintEngine, state: &[u8], total: f64, what: &str| {
        let found = engine.losses().unwrap().unwrap().total;
        assert!((found / total - 1.0).abs() < 0.01, "{what}: {found} instead of {total}");
        assert!(!exact || engine.checkpoint().unwrap().unwrap() == state, "{what}");
    };

    // Another engine, as after a restart of the program; then the same one once more.
    let mut other = PaintEngine::new();
    for _ in 0..2 {
        let small = picture::resize(&early_picture.picture, 128, 85, picture::Filter::Lanczos);
        other.start(&job(changed.clone(), Start::Moment), Some(&small), &mut |_| ()).unwrap();
        other.restore(3, Some(&early)).unwrap();
        assert_eq!(other.checkpoint().unwrap().unwrap(), early, "what went in comes out");
        assert_eq!(other.read().unwrap().picture, early_picture.picture);
        (0..6).for_each(|_| other.step().unwrap());
        arrives(&mut other, &late, late_total, "6 steps later they differ");
    }
    // Back to a level below, with the detail that waits to be added again.
    other.restore(10, Some(&dropped)).unwrap();
    assert_eq!(other.read().unwrap().picture, dropped_picture);
    other.level(LevelCommand::Climb).unwrap();
    other.step().unwrap();
    arrives(&mut other, &end, end_total, "a climb later they differ");

    // A state of another size is refused, and the run is none the worse for it.
    let larger = Settings { size: 256, ..changed };
    other.start(&job(larger, Start::Beginning), None, &mut |_| ()).unwrap();
    assert!(other.restore(3, Some(&early)).unwrap_err().to_string().contains("does not fit"));
    assert!(other.restore(3, Some(b"nonsense")).is_err());
    other.step().unwrap();
    assert_eq!(other.read().unwrap().step, 1);
    other.restore(7, None).unwrap();
    assert_eq!(other.read().unwrap().step, 7, "without a state the step alone returns");
}

#[test]
fn the_cpu_goes_on_from_an_earlier_moment_bit_for_bit() {
    goes_on_as_before(&DeviceChoice::Cpu);
}

#[test]
fn an_adapter_goes_on_from_an_earlier_moment() {
    if let Some(device) = crate::common::adapter() {
        goes_on_as_before(&DeviceChoice::Named(device.info.name));
    }
}

/// Goes on from each of the states of a run at one size, in an engine of its own, and arrives where the run
/// has arrived that was left alone; with L-BFGS some of the states are of the midst of a line search. The
/// software adapter does not paint the same bits twice from one state, so there what is kept must be exact,
/// and what follows from it close.
fn every_optimizer_goes_on(device: &DeviceChoice) {
    const STEPS: usize = 9;
    let exact = *device == DeviceChoice::Cpu;
    let usual = Settings { size: 64, steps: 100, pyramid: false, learning_rate: 0.02, ..Settings::default() };
    let usual = on(device, usual);
    // Its first steps are much too long, so that it has to search.
    let lbfgs = Settings { optimizer: Optimizer::Lbfgs, learning_rate: 0.5, history: 4, ..usual.clone() };
    let kinds = [
        ("Adam", usual.clone()),
        ("Adam that keeps the best", Settings { keep_best: true, learning_rate: 0.2, ..usual }),
        ("L-BFGS", lbfgs.clone()),
        ("L-BFGS with fixed steps", Settings { line_search: LineSearch::Fixed, ..lbfgs.clone() }),
        ("L-BFGS that keeps the best", Settings { keep_best: true, ..lbfgs }),
    ];
    // A software adapter takes its time.
    let (kinds, points) = if exact { (&kinds[..], &[0, 3, STEPS - 2][..]) } else { (&kinds[..3], &[3][..]) };
    for (name, settings) in kinds.iter().cloned() {
        let begin = || {
            let mut engine = PaintEngine::new();
            engine.start(&job(settings.clone(), Start::Beginning), None, &mut |_| ()).unwrap();
            engine
        };
        let end = |engine: &mut PaintEngine| {
            let reading = engine.read().unwrap();
            (engine.checkpoint().unwrap().unwrap(), reading.losses.unwrap().total, reading.picture)
        };
        let mut alone = begin();
        (0..STEPS).for_each(|_| alone.step().unwrap());
        let alone = end(&mut alone);
        let mut states = Vec::new();
        let mut watched = begin();
        for _ in 0..STEPS {
            watched.step().unwrap();
            let (state, _, picture) = end(&mut watched);
            states.push((state, picture));
        }
        assert!(!exact || states[STEPS - 1].0 == alone.0, "{name}: taking states changes nothing");
        // The picture of a trial is that of the iterate before.
        let trials: Vec<usize> = (1..STEPS).filter(|&at| states[at].1 == states[at - 1].1).collect();
        assert!(name != "L-BFGS" || !trials.is_empty(), "no state in the midst of a line search");
        for at in points.iter().chain(trials.first()).copied() {
            let mut other = begin();
            other.restore(at as u32 + 1, Some(&states[at].0)).unwrap();
            assert!(end(&mut other).0 == states[at].0, "{name}, step {}: what went in comes out", at + 1);
            assert_eq!(other.read().unwrap().picture, states[at].1);
            (at + 1..STEPS).for_each(|_| other.step().unwrap());
            let arrived = end(&mut other);
            let apart = (arrived.1 / alone.1 - 1.0).abs();
            assert!(
                apart <= if exact { 0.0 } else { 0.05 },
                "{name} from step {}: losses {apart} apart",
                at + 1
            );
            if exact {
                assert_eq!(arrived.2, alone.2, "{name} from step {}: the pictures differ", at + 1);
                assert!(arrived.0 == alone.0, "{name} from step {}: the states differ", at + 1);
            } else {
                let apart = crate::common::mean_difference(&arrived.2, &alone.2);
                assert!(apart < 4.0, "{name} from step {}: the pictures are {apart} apart", at + 1);
            }
        }
        // A state of another optimizer is refused, and the run is none the worse for it.
        let other = if settings.optimizer == Optimizer::Lbfgs { Optimizer::Adam } else { Optimizer::Lbfgs };
        let mut engine = PaintEngine::new();
        let other = Settings { optimizer: other, ..settings };
        engine.start(&job(other, Start::Beginning), None, &mut |_| ()).unwrap();
        engine.step().unwrap();
        let before = engine.read().unwrap().picture;
        let error = engine.restore(1, Some(&states[0].0)).unwrap_err().to_string();
        assert!(error.contains("does not fit"), "{error}");
        assert_eq!(engine.read().unwrap().picture, before);
        for length in [0, 8, 30, 2000, states[0].0.len() - 1] {
            assert!(engine.restore(1, Some(&states[0].0[..length])).is_err(), "{name} cut to {length}");
        }
    }
}

#[test]
fn every_optimizer_goes_on_bit_for_bit() {
    every_optimizer_goes_on(&DeviceChoice::Cpu);
}

#[test]
fn every_optimizer_goes_on_on_an_adapter() {
    if let Some(device) = crate::common::adapter() {
        every_optimizer_goes_on(&DeviceChoice::Named(device.info.name));
    }
}

fn mark(step: u32, settings: &Settings, picture: &Arc<RgbImage>, state: Option<Arc<Vec<u8>>>) -> Snapshot {
    Snapshot {
        run: 1,
        step,
        place: PyramidProgress { levels: 1, width: 96, height: 64, ..PyramidProgress::default() },
        elapsed: f64::from(step),
        settings: settings.clone(),
        styles: vec![StyleMix::default()],
        pictures: Vec::new(),
        losses: None,
        picture: Arc::clone(picture),
        state,
        record: None,
    }
}

/// A picture that does not compress: its size in the store is known.
fn noise(seed: u32) -> Arc<RgbImage> {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    Arc::new(RgbImage::from_fn(96, 64, |_, _| {
        image::Rgb([0; 3].map(|_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state as u8
        }))
    }))
}

/// A timeline with a moment at each of so many steps, a second apart, with other settings from `change` on.
fn painted(steps: u32, change: u32) -> Timeline {
    let mut timeline = Timeline::default();
    let picture = noise(0);
    let settings = Settings::default();
    let other = Settings { style_weight: 2.0, ..settings.clone() };
    for step in 0..steps {
        let in_force = if step < change { &settings } else { &other };
        let (_, gone) = timeline.add(1, &mark(step, in_force, &picture, None), f64::from(step));
        assert!(gone.is_empty());
    }
    timeline
}

#[test]
fn a_store_that_is_full_and_behind_asks_for_room_once() {
    let mut timeline = painted(160, 80);
    let refused: Vec<_> = timeline.moments().iter().rev().take(6).map(|moment| moment.id).collect();
    let mut gone = 0;
    for id in refused.into_iter().rev() {
        gone += timeline.take(StoreResult::Refused { id }).len();
    }
    assert_eq!((gone, timeline.moments().len()), (20, 160 - 6 - 20));
    // The next one came after the room had been made: if it is refused all the same, there was not enough.
    let (id, _) = timeline.add(1, &mark(160, &Settings::default(), &noise(0), None), 160.0);
    assert_eq!(timeline.take(StoreResult::Refused { id }).len(), 134 / 8 + 1);
}

#[test]
fn a_change_of_settings_stays_when_the_moment_that_brought_it_goes() {
    let mut timeline = painted(40, 20);
    let changes = |timeline: &Timeline| -> Vec<u32> {
        timeline.moments().iter().filter(|moment| moment.changed).map(|moment| moment.step).collect()
    };
    assert_eq!(changes(&timeline), [20]);
    for gone in [20, 21, 19] {
        let id = timeline.moments().iter().find(|moment| moment.step == gone).unwrap().id;
        timeline.remove(id);
    }
    assert_eq!(changes(&timeline), [22]);
    // When all that came before has gone, there is nothing that it differs from.
    let before: Vec<_> =
        timeline.moments().iter().filter(|moment| moment.step < 20).map(|moment| moment.id).collect();
    before.into_iter().for_each(|id| timeline.remove(id));
    assert_eq!(changes(&timeline), [0; 0]);
}

#[test]
fn hours_of_painting_stay_within_the_limits() {
    let root = tempfile::tempdir().unwrap();
    let limits =
        Limits { picture_memory: 1 << 20, picture_disk: 3 << 20, state_memory: 1 << 20, state_disk: 2 << 20 };
    let store = MomentStore::new(Some(root.path().to_owned()), limits, || ()).unwrap();
    let reader = store.reader();
    let mut timeline = Timeline::new(300);
    let settings = Settings::default();
    let mut other = settings.clone();
    other.style_weight = 2.0;
    let mut refused = 0;
    for step in 0..6000_u32 {
        // One change of settings in the middle of it all.
        let in_force = if step < 2500 { &settings } else { &other };
        let state = step.is_multiple_of(20).then(|| Arc::new(vec![step as u8; 100_000]));
        let picture = noise(step);
        let moment = mark(step, in_force, &picture, state.clone());
        let (id, gone) = timeline.add(1, &moment, f64::from(step));
        store.remove(gone);
        while !store.add(id, Arc::clone(&picture), state.clone()) {
            std::thread::sleep(std::time::Duration::from_micros(200));
        }
        while let Some(kept) = store.next() {
            refused += usize::from(matches!(kept, StoreResult::Refused { .. }));
            store.remove(timeline.take(kept));
        }
        if step.is_multiple_of(500) {
            let (memory, disk) = reader.usage();
            assert!(memory <= 2 << 20 && disk <= 5 << 20, "{memory} {disk}");
        }
    }
    while timeline.moments().iter().any(|moment| moment.bytes == 0) {
        std::thread::sleep(std::time::Duration::from_millis(5));
        while let Some(kept) = store.next() {
            store.remove(timeline.take(kept));
        }
    }
    assert!(refused > 0, "the limits were reached");
    let moments = timeline.moments();
    assert!((60..=300).contains(&moments.len()), "{}", moments.len());
    assert!(moments.is_sorted_by_key(|moment| moment.id));
    assert_eq!(moments[0].step, 0);
    assert!(moments.last().unwrap().step > 5950);
    // Both sides of the change are there, and the beginning is denser than its share.
    for side in [2430..2500, 2500..2570] {
        assert!(moments.iter().any(|moment| side.contains(&moment.step)), "{side:?}");
    }
    let early = moments.iter().filter(|moment| moment.step < 100).count();
    assert!(early >= 8, "{early}");
    for moment in moments {
        assert_eq!(reader.picture(moment.id).unwrap(), noise(moment.step), "step {}", moment.step);
    }
    let exact: Vec<_> = moments.iter().filter(|moment| moment.exact).collect();
    assert!(!exact.is_empty());
    for moment in exact {
        assert_eq!(reader.state(moment.id).unwrap()[0], moment.step as u8);
    }
    drop((store, reader));
    let until = std::time::Instant::now() + std::time::Duration::from_secs(5);
    while std::fs::read_dir(root.path()).unwrap().next().is_some() {
        assert!(std::time::Instant::now() < until, "the cache folder stays behind");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

#[test]
fn pinned_moments_outlive_every_limit_and_are_stored_when_they_are_unpinned() {
    let root = tempfile::tempdir().unwrap();
    // Room for less than thirty pictures.
    let limits = Limits { picture_memory: 1 << 18, picture_disk: 1 << 18, state_memory: 0, state_disk: 0 };
    let store = MomentStore::new(Some(root.path().to_owned()), limits, || ()).unwrap();
    let reader = store.reader();
    let mut timeline = Timeline::new(50);
    let settings = Settings::default();
    let mut pinned = Vec::new();
    let follow = |timeline: &mut Timeline| {
        while let Some(kept) = store.next() {
            store.remove(timeline.take(kept));
        }
    };
    for step in 0..1500_u32 {
        let picture = noise(step);
        let (id, gone) = timeline.add(1, &mark(step, &settings, &picture, None), f64::from(step));
        assert!(gone.iter().all(|id| !pinned.contains(id)));
        store.remove(gone);
        // Every other one of the pinned is never offered to the store, like one that comes from a project.
        let from_elsewhere = step.is_multiple_of(200);
        if step.is_multiple_of(100) {
            store.pin(id, Arc::clone(&picture));
            timeline.get_mut(id).unwrap().pinned = true;
            pinned.push(id);
        }
        while !from_elsewhere && !store.add(id, Arc::clone(&picture), None) {
            std::thread::sleep(std::time::Duration::from_micros(200));
        }
        follow(&mut timeline);
    }
    for (index, &id) in pinned.iter().enumerate() {
        let moment = timeline.get(id).expect("it is never thinned out");
        assert_eq!((moment.step, moment.is_readable()), (100 * index as u32, true));
        assert_eq!(reader.picture(id).unwrap(), noise(moment.step));
    }
    let (memory, disk) = reader.usage();
    assert!(memory + disk <= 2 << 18, "{memory} {disk}");
    // Unpinned, they are moments like any other: stored, or thinned out for want of room.
    for &id in &pinned {
        timeline.get_mut(id).unwrap().pinned = false;
        store.unpin(id);
    }
    let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while timeline.moments().iter().any(|moment| !moment.is_readable()) {
        assert!(std::time::Instant::now() < until, "some are neither stored nor gone");
        std::thread::sleep(std::time::Duration::from_millis(5));
        follow(&mut timeline);
    }
    assert!(!timeline.is_empty());
    for moment in timeline.moments() {
        assert_eq!(reader.picture(moment.id).unwrap(), noise(moment.step), "step {}", moment.step);
    }
    let (memory, disk) = reader.usage();
    assert!(memory + disk <= 2 << 18, "{memory} {disk}");
}
