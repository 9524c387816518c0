//! A recipe in a picture, painted again: what it has opened, and how many steps it takes.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use image::RgbImage;
use impasto_core::{
    picture::{
        Drawing, Picture,
        drawing::{Mode, Shape, Stroke},
        embedded_text,
    },
    run::{Job, Pass, RunInfo, SourceRecord, Start},
    settings::{Masks, Settings},
    transfer::Inputs,
};
use impasto_engine::{
    replay::{Interrupted, Replacements, ReplayPlan, Replayer},
    session::{Engine, EngineError, Reading},
};
use impasto_formats::{
    known::KnownFiles,
    recipe::{self, Recipe},
    trust::Trust,
};

use super::{MEMORY, files, home::Home, is_harmless};
use crate::memory::within;

/// Steps of a run that are painted here; the rest is what the recipe says it is.
const STEPS: u32 = 200;
/// Steps that do not count, of all detours together: what a recipe is bounded to.
const DETOURS: u32 = 100_000;

pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = Vec::new();
    for file in files("recipes", &["png"]) {
        let text = embedded_text(&file).unwrap();
        let mut recipe: serde_json::Value = serde_json::from_str(&text).unwrap();
        recipe["thumbnails"] = serde_json::json!([]);
        // Small, so that changes meet what is not pixels.
        seeds.push(recipe.to_string().into_bytes());
    }
    let hostile = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut recipe = serde_json::from_slice(&seeds[0]).unwrap();
        change(&mut recipe);
        recipe.to_string().into_bytes()
    };
    let more = [
        hostile(&|recipe| recipe["passes"][0]["settings"]["weights"] = "/dev/zero".into()),
        hostile(&|recipe| recipe["passes"][0]["settings"]["palette"] = "@HOME@/private.png".into()),
        hostile(&|recipe| recipe["passes"][0]["settings"]["init"] = "@HOME@/private.png".into()),
        hostile(&|recipe| {
            let detours = (0..300).map(|_| serde_json::json!({"step": 0, "detour": {"steps": 100_000}}));
            recipe["passes"][0]["changes"] = detours.collect();
        }),
        hostile(&|recipe| {
            recipe["program"] = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{202e}".repeat(50).into();
            recipe["version"] = 7.into();
        }),
        hostile(&drawn),
        hostile(&|recipe| {
            drawn(recipe);
            // On itself, and as large as can be said.
            let own = recipe["passes"][0]["masks"][1]["sha256"].clone();
            recipe["passes"][0]["masks"][1]["drawing"]["base"] = own;
            recipe["passes"][0]["masks"][0]["width"] = 4_000_000_000_u32.into();
        }),
        hostile(&|recipe| {
            for index in 0..500 {
                recipe["settings"][format!("k{index}\u{1b}")] = 1.into();
            }
        }),
    ];
    seeds.extend(more);
    seeds
}

/// Let a recipe have a mask that was drawn in three strokes, and is used from the second step on.
fn drawn(recipe: &mut serde_json::Value) {
    let points = vec![[0.1, 0.2], [0.7, 0.5], [0.4, 0.9]];
    let brush = Shape::Brush { points: points.clone(), radius: 0.1, hardness: 0.5 };
    let mut mask: Option<Picture> = None;
    for shape in [brush, Shape::Path { points, feather: 0.1 }, Shape::All] {
        let stroke = Stroke::new(shape, Mode::Invert);
        mask = Some(Drawing::draw(mask.as_ref(), (40, 40), stroke).unwrap());
    }
    let mask = Arc::new(mask.unwrap());
    let masks = Masks { style_map: Some(mask.reference()), ..Masks::default() };
    let job = impasto_test_support::job();
    let inputs = Inputs { masks: vec![mask], ..job.inputs.clone() };
    let pass = Pass::new(&Job { inputs, ..job }, Start::Beginning);
    recipe["version"] = 3.into();
    recipe["passes"][0]["masks"] = serde_json::to_value(pass.masks).unwrap();
    recipe["passes"][0]["changes"] = serde_json::json!([{"step": 1, "settings": {"masks": masks}}]);
}

pub fn run(data: &[u8]) {
    let home = Home::new();
    let text = match std::str::from_utf8(data) {
        Ok(_) => Some(String::from_utf8(home.named_in(data)).unwrap()),
        Err(_) => embedded_text(data),
    };
    let Some(text) = text else { return };
    within(MEMORY, || match recipe::parse("a.png", &text) {
        Err(error) => is_harmless(&impasto_base::error::chain(&error)),
        Ok((recipe, remarks)) => {
            remarks.iter().for_each(|remark| is_harmless(remark));
            is_harmless(&recipe.summary());
            assert!(recipe.settings.validate().is_ok());
            paint(&home, &recipe);
        }
    });
}

fn paint(home: &Home, recipe: &Recipe) {
    let trust = Trust::beside(&home.path("got/a.png"), &Settings::default());
    let folders = [home.path("got")];
    let known = KnownFiles::in_cache(&home.path("cache"));
    let mut opened = 0;
    let stand_in = Arc::new(Picture::from_rgba("stand-in", 16, 16, vec![99; 4 * 16 * 16]).unwrap());
    let mut open = |source: &SourceRecord| {
        opened += 1;
        if let Some(found) = recipe::find(source, &folders, &known, &trust) {
            let picture = found.picture();
            let proven = picture.sha256 == source.sha256;
            assert!(
                proven || picture.path.as_deref().is_none_or(|path| trust.allows(path)),
                "{:?}",
                picture.path
            );
        }
        Ok(Arc::clone(&stand_in))
    };
    // As the command line does it.
    let change = |settings: Settings| -> anyhow::Result<Settings> {
        settings.validate()?;
        let refused = trust.refused(&settings).next().map(|(named, _)| named);
        refused.map_or(Ok(settings), |named| Err(anyhow::anyhow!("{named}")))
    };
    let Ok(plans) = ReplayPlan::of(recipe, &Replacements::default(), &mut open, &change) else { return };
    let sources = |pass: &impasto_core::run::Pass| {
        1 + pass.styles.len() + pass.palettes.len() + pass.masks.len() + pass.changed_sources()
    };
    assert!(opened <= recipe.passes.iter().map(sources).sum::<usize>(), "{opened} pictures were opened");

    let stop = Arc::new(AtomicBool::new(false));
    let mut replayer = Replayer::new(Counter::default);
    replayer.stop_at(Arc::clone(&stop));
    let mut painted = 0;
    for plan in &plans {
        if replayer.begin(plan, &mut |_| ()).is_err() {
            return;
        }
        for _ in 0..plan.steps.min(STEPS) {
            if let Err(error) = replayer.step() {
                // A mask that does not come out as it was drawn.
                return is_harmless(&error.to_string());
            }
        }
        if replayer.read().is_err() {
            return;
        }
        painted += u64::from(replayer.engine().0);
        replayer.engine().0 = 0;
    }
    let most = u64::from(STEPS) * plans.len() as u64 + u64::from(DETOURS);
    assert!(painted <= most, "{painted} steps were painted");
    let record = replayer.record_handle().latest().unwrap();
    assert!(record.passes().len() <= recipe.passes.len());

    // A run that is interrupted stops at once.
    stop.store(true, Ordering::Relaxed);
    if let Some(plan) = plans.last().filter(|plan| plan.events.first().is_some_and(|event| event.step == 0)) {
        replayer.begin(plan, &mut |_| ()).unwrap();
        assert!(replayer.step().unwrap_err().is::<Interrupted>());
        assert_eq!(replayer.engine().0, 0);
    }
}

/// Counts steps, and does nothing else: steps and memory are what is measured.
#[derive(Default)]
struct Counter(u32);

impl Engine for Counter {
    fn start(
        &mut self,
        job: &Job,
        _: Option<&RgbImage>,
        _: &mut dyn FnMut(&str),
    ) -> Result<RunInfo, EngineError> {
        Ok(RunInfo { size: job.settings.size, ..impasto_test_support::info() })
    }

    fn update(&mut self, settings: &Settings, _: &Inputs) -> Result<(), EngineError> {
        settings.validate().unwrap();
        Ok(())
    }

    fn step(&mut self) -> Result<(), EngineError> {
        self.0 += 1;
        Ok(())
    }

    fn read(&mut self) -> Result<Reading, EngineError> {
        Ok(Reading { step: self.0, picture: RgbImage::new(4, 4), ..Reading::default() })
    }

    fn end(&mut self) {}
}
