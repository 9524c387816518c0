//! Recipes are painted again: the same events at the same steps, which are recorded again.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use image::RgbImage;
use impasto_core::{
    picture::{self, Picture},
    run::{DownscalePart, Job, Pass, Record, Start},
    settings::Settings,
    transfer::{Inputs, LevelCommand},
};
use impasto_engine::{
    replay::{Interrupted, Replacements, ReplayPlan, Replayer},
    session::{Change, Engine as _, SourceRecord, StyleSource},
};
use impasto_formats::{
    known::KnownFiles,
    recipe::{self, Recipe},
    trust::Trust,
};
use impasto_test_support::{
    self as tests,
    fake::{AtStep, Deed, Fake, Log, Shared},
};

/// An engine whose picture's height is the number of steps.
fn log(at_step: Option<AtStep>) -> Shared {
    Arc::new(Mutex::new(Log { at_step, picture: Some(|step| RgbImage::new(1, step)), ..Log::default() }))
}

fn replayer(log: &Shared) -> Replayer<Fake> {
    let log = Arc::clone(log);
    Replayer::new(move || Fake::new(&log))
}

/// What the engine was told, in order, and after how many steps of its run.
fn calls(log: &Shared) -> Vec<String> {
    let log = log.lock().unwrap();
    let mut jobs = log.jobs.iter().zip(&log.from_current);
    let (mut updates, mut replaced, mut levels) =
        (log.updates.iter(), log.replaced.iter(), log.levels.iter());
    let mut steps = 0;
    let mut told = Vec::new();
    for deed in &log.deeds {
        told.push(match deed {
            Deed::Start => {
                let (job, current) = jobs.next().unwrap();
                steps = 0;
                let from = current.map_or(0, |(_, height)| height);
                format!("start {:?} from {from} β {}", job.start, job.settings.style_weight)
            }
            Deed::Update => {
                let (settings, mix) = updates.next().unwrap();
                format!("after {steps}: β {} × {}", settings.style_weight, mix[0].weight)
            }
            Deed::Replace => {
                updates.next();
                let inputs = replaced.next().unwrap();
                let styles: Vec<&str> =
                    inputs.styles.iter().map(|style| style.picture.name.as_str()).collect();
                let palette = inputs.palette.as_ref().map_or("none", |palette| &palette.name);
                format!("after {steps}: {styles:?} in the colours of {palette}")
            }
            Deed::Level => format!("after {steps}: {:?}", levels.next().unwrap()),
            Deed::Back => format!("after {steps}: back"),
            Deed::Step => {
                steps += 1;
                continue;
            }
            Deed::Slice(_) | Deed::Aside => continue,
        });
    }
    told
}

/// Execute every plan; returns the engine's calls and the last record.
fn replay(plans: &[ReplayPlan]) -> (Vec<String>, Record) {
    let log = log(None);
    let mut replayer = replayer(&log);
    for plan in plans {
        replayer.begin(plan, &mut |_| ()).unwrap();
        (0..plan.steps).for_each(|_| replayer.step().unwrap());
        replayer.read().unwrap();
    }
    (calls(&log), replayer.record_handle().latest().unwrap())
}

#[test]
fn an_interruption_ends_a_detour_and_leaves_the_picture() {
    let job = tests::job();
    let mut pass = Pass::new(&job, Start::Beginning);
    pass.steps = 3;
    let downscale = |part| Change { step: 1, downscale: Some(part), ..Change::default() };
    pass.changes = vec![downscale(DownscalePart::Begin(0.5))];
    pass.changes.extend(vec![downscale(DownscalePart::Steps(100_000)); 200]);
    let mut open = |_: &SourceRecord| Ok(Arc::clone(&job.inputs.content));
    let recipe = Recipe::new(&Record::of(vec![pass], true).unwrap(), (60, 40), &tests::info());
    let plans =
        ReplayPlan::of(&recipe, &Replacements::default(), &mut open, &|settings| Ok(settings)).unwrap();

    let flag = Arc::new(AtomicBool::new(false));
    let engine_flag = Arc::clone(&flag);
    let interrupts: AtStep = Arc::new(move |_, step| {
        engine_flag.store(step >= 40, Ordering::Relaxed);
        Ok(Vec::new())
    });
    let log = log(Some(interrupts));
    let mut replayer = replayer(&log);
    replayer.stop_at(flag);
    replayer.begin(&plans[0], &mut |_| ()).unwrap();
    replayer.step().unwrap();
    assert!(replayer.step().unwrap_err().is::<Interrupted>());
    // The steps painted until then are recorded, and the full size is back.
    let height = replayer.read().unwrap().picture.height();
    assert_eq!(height, 40);
    let record = replayer.record_handle().latest().unwrap();
    let parts: Vec<_> = record.passes()[0].changes.iter().filter_map(|change| change.downscale).collect();
    assert_eq!(parts, [DownscalePart::Begin(0.5), DownscalePart::Steps(39), DownscalePart::End]);
    assert_eq!(calls(&log).last().unwrap(), "after 40: back");
}

#[test]
fn transparent_styles_are_flattened_where_the_recipe_was_painted_so() {
    let mut job = tests::job();
    let pixels = [9, 90, 30, 0].repeat(20 * 20);
    job.inputs.styles =
        vec![StyleSource::new(Arc::new(Picture::from_rgba("cut-out", 20, 20, pixels).unwrap()))];
    let known = [Arc::clone(&job.inputs.content), Arc::clone(&job.inputs.styles[0].picture)];
    let new = Recipe::new(
        &Record::new(Pass { steps: 2, ..Pass::new(&job, Start::Beginning) }),
        (60, 40),
        &tests::info(),
    );
    let mut old = new.clone();
    (old.version, old.passes[0].opaque_parts) = (1, false);
    let replaced = Replacements { styles: Some(job.inputs.styles.clone()), ..Replacements::default() };
    for (recipe, replacements, flat) in [
        (&new, Replacements::default(), false),
        (&old, Replacements::default(), true),
        (&old, replaced, false),
    ] {
        // As a file tells it.
        let (recipe, _) = recipe::parse("a.png", &recipe.text(1 << 20).unwrap()).unwrap();
        let mut open = |source: &SourceRecord| {
            let found = known.iter().find(|picture| picture.sha256 == source.sha256);
            found.cloned().ok_or_else(|| anyhow::anyhow!("{} is gone", source.name))
        };
        let plans = ReplayPlan::of(&recipe, &replacements, &mut open, &|settings| Ok(settings)).unwrap();
        assert_eq!(plans[0].job.inputs.flat_styles, flat);
        // What is recorded again says the same.
        assert_eq!(replay(&plans).1.passes()[0].opaque_parts, !flat);
    }
}

#[test]
fn a_pasted_palette_is_found_by_its_hash_also_in_a_later_event() {
    let pasted = |shade: u8| {
        let pixels = [shade, 90, 30, 255].repeat(20 * 20);
        Arc::new(Picture::from_rgba("pasted picture", 20, 20, pixels).unwrap())
    };
    let (first, later) = (pasted(1), pasted(2));
    let mut job = tests::job();
    let named = |palette: &Picture| Settings {
        palette: Some(palette.reference()),
        match_colours: 1.0,
        ..tests::job().settings
    };
    (job.settings, job.inputs.palette) = (named(&first), Some(Arc::clone(&first)));
    let after = Inputs { palette: Some(Arc::clone(&later)), ..job.inputs.clone() };
    let mut record = Record::new(Pass::new(&job, Start::Beginning));
    record.change(3, (&job.settings, &named(&later)), (&job.inputs, &after));
    let recipe = Recipe::new(&record.at(5), (60, 40), &tests::info());
    let known = [first, later, Arc::clone(&job.inputs.content), Arc::clone(&job.inputs.styles[0].picture)];
    let mut open = |source: &SourceRecord| {
        let found = known.iter().find(|picture| picture.sha256 == source.sha256);
        found.cloned().ok_or_else(|| anyhow::anyhow!("{} is gone", source.name))
    };
    let plans =
        ReplayPlan::of(&recipe, &Replacements::default(), &mut open, &|settings| Ok(settings)).unwrap();
    let hash = |palette: Option<&Arc<Picture>>| palette.map(|palette| palette.sha256);
    assert_eq!(hash(plans[0].job.inputs.palette.as_ref()), hash(Some(&known[0])));
    assert_eq!(hash(plans[0].named.get(&known[1].reference())), hash(Some(&known[1])));
    assert_eq!(replay(&plans).1.passes(), recipe.passes);
    let mut gone = |_: &SourceRecord| Err(anyhow::anyhow!("gone"));
    assert!(ReplayPlan::of(&recipe, &Replacements::default(), &mut gone, &|settings| Ok(settings)).is_err());
}

#[test]
fn replaced_pictures_are_found_by_their_hashes_whatever_their_files_hold_now() {
    let job = tests::job();
    let versions = [1, 2].map(|shade| {
        let palette = Picture::from_rgba("leaves.png", 20, 20, [shade, 90, 30, 255].repeat(400)).unwrap();
        Arc::new(Picture { path: Some("/nowhere/leaves.png".into()), ..palette })
    });
    let coloured = Settings { palette: versions[0].path.clone(), ..job.settings.clone() };
    let with = |palette: Option<&Arc<Picture>>, styles: &[usize]| Inputs {
        palette: palette.cloned(),
        styles: styles
            .iter()
            .map(|&index| StyleSource::new(Arc::new(picture::STYLES[index].open())))
            .collect(),
        ..job.inputs.clone()
    };
    let states = [
        (&job.settings, with(None, &[0])),
        (&job.settings, with(None, &[2, 1])),
        (&coloured, with(Some(&versions[0]), &[2, 1])),
        (&coloured, with(Some(&versions[1]), &[2])),
    ];
    let mut record =
        Record::new(Pass::new(&Job { inputs: states[0].1.clone(), ..job.clone() }, Start::Beginning));
    for (step, [before, after]) in (1..).zip(states.array_windows()) {
        record.replace_pictures(step, (before.0, after.0), (&before.1, &after.1));
    }
    let heavier = Settings { style_weight: 7.0, ..coloured.clone() };
    record.change(5, (&coloured, &heavier), (&states[3].1, &states[3].1));
    let recipe = Recipe::new(&record.at(6), (60, 40), &tests::info());
    assert_eq!(recipe.version, 2);
    let mut known = versions.to_vec();
    known.push(Arc::clone(&job.inputs.content));
    known.extend((0..3).map(|index| Arc::new(picture::STYLES[index].open())));
    let mut open = |source: &SourceRecord| {
        let found = known.iter().find(|picture| picture.sha256 == source.sha256);
        found.cloned().ok_or_else(|| anyhow::anyhow!("{} is gone", source.name))
    };
    let plans =
        ReplayPlan::of(&recipe, &Replacements::default(), &mut open, &|settings| Ok(settings)).unwrap();
    let (calls, record) = replay(&plans);
    let names = |indices: &[usize]| {
        format!("{:?}", indices.iter().map(|&index| picture::STYLES[index].title).collect::<Vec<_>>())
    };
    assert_eq!(
        calls[1..],
        [
            format!("after 1: {} in the colours of none", names(&[2, 1])),
            format!("after 2: {} in the colours of leaves.png", names(&[2, 1])),
            format!("after 3: {} in the colours of leaves.png", names(&[2])),
            "after 5: β 7 × 1".to_owned(),
        ]
    );
    assert_eq!(record.passes(), recipe.passes);

    // A style from outside replaces them all.
    let own = with(None, &[1]).styles;
    let replacements = Replacements { content: None, styles: Some(own) };
    let plans = ReplayPlan::of(&recipe, &replacements, &mut open, &|settings| Ok(settings)).unwrap();
    let (calls, _) = replay(&plans);
    assert!(calls[1..4].iter().all(|call| call.contains(&names(&[1]))), "{calls:?}");
    let mut gone = |source: &SourceRecord| match source.sha256 == versions[1].sha256 {
        true => Err(anyhow::anyhow!("gone")),
        false => open(source),
    };
    assert!(ReplayPlan::of(&recipe, &Replacements::default(), &mut gone, &|settings| Ok(settings)).is_err());
}

#[test]
fn events_are_replayed_at_their_steps_and_recorded_again() {
    let job = tests::job();
    let heavier = Settings { style_weight: 3.5, ..job.settings.clone() };
    let mut lighter = job.inputs.clone();
    lighter.styles[0].mix.weight = 0.25;
    let mut first = Record::new(Pass::new(&job, Start::Beginning));
    first.change(4, (&job.settings, &heavier), (&job.inputs, &job.inputs));
    first.add_level_command(4, LevelCommand::Climb);
    first.change(9, (&heavier, &job.settings), (&job.inputs, &lighter));
    let mut second = first.at(9).then(Pass::new(&job, Start::Repaint));
    second.add_level_command(2, LevelCommand::Hold);
    let recipe = Recipe::new(&second.at(3), (60, 40), &tests::info());

    let mut open = |source: &SourceRecord| {
        let found =
            recipe::find(source, &[], &KnownFiles::default(), &Trust::All).map(recipe::Found::picture);
        found.map(Arc::new).ok_or_else(|| anyhow::anyhow!("{} is gone", source.name))
    };
    let plans =
        ReplayPlan::of(&recipe, &Replacements::default(), &mut open, &|settings| Ok(settings)).unwrap();
    let (calls, record) = replay(&plans);
    let default_weight = job.settings.style_weight;
    let expected = [
        format!("start Beginning from 0 β {default_weight}"),
        "after 4: β 3.5 × 0.7".to_owned(),
        "after 4: Climb".to_owned(),
        format!("after 9: β {default_weight} × 0.25"),
        format!("start Repaint from 9 β {default_weight}"),
        "after 2: Hold".to_owned(),
    ];
    assert_eq!(calls, expected);
    assert_eq!(record.passes(), recipe.passes);
    assert!(record.is_complete());

    // Settings from outside apply after every event.
    let change = |settings| Ok(Settings { style_weight: 1.25, ..settings });
    let plans = ReplayPlan::of(&recipe, &Replacements::default(), &mut open, &change).unwrap();
    let (calls, _) = replay(&plans);
    assert_eq!(calls.iter().filter(|line| line.contains("β 1.25")).count(), 4, "{calls:?}");
}
