//! Masks in a run that goes on: frozen pixels, the kept photograph, strokes, and the record of them.

use std::sync::Arc;

use crate::common::inputs;
use image::RgbImage;
use impasto_core::{
    picture::{
        Drawing, Picture,
        drawing::{Mode, Shape, Stroke},
        pasted_name,
    },
    run::{DrawingRecord, Pass, Record, SourceRecord},
    settings::{
        DeviceChoice, Masks, Optimizer, Padding, Region, RegionRole, RegionStyle, Settings, StyleMix,
    },
    transfer::{Inputs, TransferError},
};
use impasto_engine::{
    replay::{Replacements, ReplayPlan, Replayer},
    session::{Engine, Job, LevelCommand, PaintEngine, Start},
};
use impasto_formats::recipe::{self, Recipe};

/// A mask that is white where `inside`, in shares of width and height.
fn mask(inside: impl Fn(f32, f32) -> f32) -> Arc<Picture> {
    let side = 200;
    let value = |at: usize| {
        (255.0 * inside((at % side) as f32 / side as f32, (at / side) as f32 / side as f32)) as u8
    };
    let pixels = (0..side * side).flat_map(|at| [value(at), value(at), value(at), 255]).collect();
    Arc::new(Picture::from_rgba("mask.png", side as u32, side as u32, pixels).unwrap())
}

fn left() -> Arc<Picture> {
    mask(|x, _| if x < 0.4 { 1.0 } else { 0.0 })
}

fn region(name: &str, role: RegionRole, mask: &Picture) -> Region {
    Region { name: name.into(), role, mask: pasted_name(&mask.sha256), ..Region::default() }
}

fn settings() -> Settings {
    Settings { size: 96, steps: 40, device: DeviceChoice::Cpu, ..Settings::default() }
}

/// Settings and inputs with these regions.
fn masked(
    settings: &Settings,
    inputs: &Inputs,
    regions: &[(RegionRole, Arc<Picture>)],
) -> (Settings, Inputs) {
    let named = regions.iter().enumerate().map(|(at, (role, mask))| region(&format!("r{at}"), *role, mask));
    let masks = Masks { regions: named.collect(), ..Masks::default() };
    let pictures = regions.iter().map(|(_, mask)| Arc::clone(mask)).collect();
    (Settings { masks, ..settings.clone() }, Inputs { masks: pictures, ..inputs.clone() })
}

fn job(settings: &Settings, inputs: &Inputs) -> Job {
    Job { start: Start::Beginning, ..Job::new(1, inputs.clone(), settings.clone()) }
}

fn steps(engine: &mut PaintEngine, count: u32) {
    (0..count).for_each(|_| engine.step().unwrap());
}

fn shown(engine: &mut PaintEngine) -> RgbImage {
    engine.read().unwrap().picture
}

/// The pixels of the left third, and those of the right half.
fn sides(picture: &RgbImage) -> [Vec<u8>; 2] {
    let width = picture.width();
    let side = |range: std::ops::Range<u32>| -> Vec<u8> {
        picture
            .enumerate_pixels()
            .filter(|(x, ..)| range.contains(x))
            .flat_map(|(.., pixel)| pixel.0)
            .collect()
    };
    [side(0..width / 3), side(width / 2..width)]
}

/// The picture of a recipe, painted again for so many steps with the pictures among these inputs.
fn repeated(recipe: &Recipe, inputs: &[&Inputs], count: u32) -> RgbImage {
    let all = inputs.iter().flat_map(|inputs| {
        let styles = inputs.styles.iter().map(|style| &style.picture);
        inputs.masks.iter().chain(styles).chain([&inputs.content])
    });
    let all: Vec<Arc<Picture>> = all.cloned().collect();
    let plans = ReplayPlan::of(
        recipe,
        &Replacements::default(),
        &mut |source| {
            let found = all.iter().find(|picture| picture.sha256 == source.sha256);
            found.cloned().ok_or_else(|| anyhow::anyhow!("{} is not there", source.name))
        },
        &Ok,
    )
    .unwrap();
    let mut replayer = Replayer::new(PaintEngine::new);
    replayer.begin(&plans[0], &mut |_| ()).unwrap();
    (0..count).for_each(|_| replayer.step().unwrap());
    replayer.read().unwrap().picture
}

#[test]
fn frozen_pixels_stay_to_the_last_bit_until_they_are_released() {
    for optimizer in [Optimizer::Adam, Optimizer::Lbfgs] {
        let (plain, pair) =
            (Settings { optimizer, size: 182, steps: 60, ..settings() }, inputs(&[StyleMix::default()]));
        let mut engine = PaintEngine::new();
        engine.start(&job(&plain, &pair), None, &mut |_| ()).unwrap();
        steps(&mut engine, 8);
        let before = shown(&mut engine);
        let (frozen, with_mask) = masked(&plain, &pair, &[(RegionRole::Freeze, left())]);
        engine.update(&frozen, &with_mask).unwrap();
        let mut last = sides(&before)[1].clone();
        let mut same = |engine: &mut PaintEngine, what: &str, moves: bool| {
            let [left, right] = sides(&shown(engine));
            assert!(left == sides(&before)[0], "{optimizer}: {what}");
            assert!(!moves || right != last, "{optimizer}: {what} painted nothing");
            last = right;
        };
        same(&mut engine, "frozen", false);
        steps(&mut engine, 6);
        same(&mut engine, "painted on", true);
        engine.level(LevelCommand::Climb).unwrap();
        same(&mut engine, "a larger level", false);
        steps(&mut engine, 3);
        same(&mut engine, "painted there", true);
        engine.begin_downscale(0.3).unwrap();
        steps(&mut engine, 2);
        same(&mut engine, "a detour", true);
        engine.end_downscale().unwrap();
        steps(&mut engine, 2);
        same(&mut engine, "back from it", true);
        let other = if optimizer == Optimizer::Adam { Optimizer::Lbfgs } else { Optimizer::Adam };
        let changed = Settings { optimizer: other, style_weight: 30.0, ..frozen.clone() };
        engine.update(&changed, &with_mask).unwrap();
        steps(&mut engine, 4);
        same(&mut engine, "another optimizer", true);
        // A saved state brings the frozen pixels with it.
        let state = engine.checkpoint().unwrap().unwrap();
        let step = engine.read().unwrap().step;
        let mut resumed = PaintEngine::new();
        resumed.start(&job(&changed, &with_mask), None, &mut |_| ()).unwrap();
        resumed.restore(step, Some(&state)).unwrap();
        let there = shown(&mut resumed);
        assert!(there == shown(&mut engine));
        steps(&mut resumed, 3);
        steps(&mut engine, 3);
        assert!(shown(&mut resumed) == shown(&mut engine), "the same goes on");
        // Released, they are painted again.
        engine.update(&Settings { masks: Masks::default(), ..changed }, &pair).unwrap();
        steps(&mut engine, 10);
        assert!(sides(&shown(&mut engine))[0] != sides(&before)[0], "{optimizer}: still frozen");
    }
}

#[test]
fn frozen_pixels_stay_as_they_were_shown_whatever_becomes_of_the_colours() {
    let pair = inputs(&[StyleMix::default()]);
    let settled = Settings { settle_colours: 1.0, ..settings() };
    let mut engine = PaintEngine::new();
    engine.start(&job(&settled, &pair), None, &mut |_| ()).unwrap();
    steps(&mut engine, 4);
    let before = shown(&mut engine);
    let (frozen, with_mask) = masked(&settled, &pair, &[(RegionRole::Freeze, left())]);
    engine.update(&frozen, &with_mask).unwrap();
    steps(&mut engine, 4);
    let mut last = sides(&before)[1].clone();
    for settle_colours in [1.0, 0.5, 0.0] {
        engine.update(&Settings { settle_colours, ..frozen.clone() }, &with_mask).unwrap();
        let [left, right] = sides(&shown(&mut engine));
        assert!(left == sides(&before)[0] && right != last, "{settle_colours}");
        last = right;
    }
}

#[test]
fn what_is_frozen_from_the_start_is_the_initial_image_in_its_full_size() {
    let pair = inputs(&[StyleMix::default()]);
    let (frozen, with_mask) = masked(&settings(), &pair, &[(RegionRole::Freeze, left())]);
    let mut engine = PaintEngine::new();
    engine.start(&job(&frozen, &with_mask), None, &mut |_| ()).unwrap();
    steps(&mut engine, 5);
    let content = pair.content_image(&settings());
    assert!(sides(&shown(&mut engine))[0] == sides(&content)[0]);
}

#[test]
fn a_kept_photograph_is_shown_and_painting_goes_on_below_it() {
    a_kept_photograph_is_shown(&settings());
    // Nor are its colours settled.
    a_kept_photograph_is_shown(&Settings { settle_colours: 1.0, ..settings() });
}

fn a_kept_photograph_is_shown(plain: &Settings) {
    let pair = inputs(&[StyleMix::default()]);
    let paint = |kept: bool| {
        let mut engine = PaintEngine::new();
        engine.start(&job(plain, &pair), None, &mut |_| ()).unwrap();
        steps(&mut engine, 4);
        let (keeps, with_mask) = masked(plain, &pair, &[(RegionRole::Keep, left())]);
        if kept {
            engine.update(&keeps, &with_mask).unwrap();
        }
        steps(&mut engine, 4);
        let reading = engine.read().unwrap();
        engine.update(plain, &pair).unwrap();
        (reading, shown(&mut engine))
    };
    let ((reading, after), (usual, _)) = (paint(true), paint(false));
    let content = pair.content_image(plain);
    let [left, right] = sides(&reading.picture);
    assert!(left == sides(&content)[0] && right == sides(&usual.picture)[1]);
    let below = usual.plain.as_ref().unwrap_or(&usual.picture);
    assert!(reading.plain.as_ref() == Some(below), "painting goes on from what is below");
    assert!(after == usual.picture, "taken away, it leaves nothing behind");
}

#[test]
fn strokes_change_only_their_side_and_a_missing_mask_is_told() {
    let mut pair = inputs(&[StyleMix::default(), StyleMix::default()]);
    pair.styles[1].mix.scale = 0.5;
    let usual = Settings { pyramid: false, ..settings() };
    let regions = |mask: Arc<Picture>| {
        let (mut settings, inputs) = masked(&usual, &pair, &[(RegionRole::Paint, mask)]);
        settings.masks.regions[0].styles = vec![RegionStyle { style: 1, weight: 1.0 }];
        (settings, inputs)
    };
    let (before, inputs_before) = regions(mask(|_, y| if y < 0.1 { 1.0 } else { 0.0 }));
    let (after, inputs_after) = regions(left());
    assert!(inputs_before.can_become(&inputs_after), "a stroke begins no new run");
    let mut engine = PaintEngine::new();
    engine.start(&job(&before, &inputs_before), None, &mut |_| ()).unwrap();
    steps(&mut engine, 3);
    assert!(matches!(
        engine.update(&after, &pair).unwrap_err().downcast_ref::<TransferError>(),
        Some(TransferError::NoMasks)
    ));
    let losses = |engine: &mut PaintEngine| {
        engine.step().unwrap();
        engine.losses().unwrap().unwrap().style
    };
    let first = losses(&mut engine);
    engine.update(&after, &inputs_after).unwrap();
    let second = losses(&mut engine);
    assert!(
        first.iter().any(|(layer, value)| (second[layer] / value - 1.0).abs() > 0.02),
        "{first:?} {second:?}"
    );
    // At strength 0 the region is not painted in any style.
    let mut none = after;
    none.masks.regions[0].strength = 0.0;
    engine.update(&none, &inputs_after).unwrap();
    let third = losses(&mut engine);
    assert!(third.values().sum::<f64>() < second.values().sum::<f64>(), "{second:?} {third:?}");
}

/// A recipe can change the padding in the middle of a run, whose shape stays until it begins again.
#[test]
fn masks_have_the_shape_of_the_run_after_another_padding() {
    let plain = Settings { pyramid: false, size: 90, ..settings() };
    let pair = inputs(&[StyleMix::default()]);
    let other = Settings { padding: Padding::Circular, ..plain.clone() };
    let mut padded = PaintEngine::new();
    padded.start(&job(&plain, &pair), None, &mut |_| ()).unwrap();
    steps(&mut padded, 6);
    padded.update(&other, &pair).unwrap();
    steps(&mut padded, 3);

    let regions = [(RegionRole::Paint, mask(|_, y| y)), (RegionRole::Freeze, left())];
    let (masks, with_masks) = masked(&other, &pair, &regions);
    let before = shown(&mut padded);
    padded.update(&masks, &with_masks).unwrap();
    steps(&mut padded, 3);
    let [still, painted] = sides(&shown(&mut padded));
    assert!(still == sides(&before)[0] && painted != sides(&before)[1]);
}

#[test]
fn a_recipe_repeats_each_change_of_what_is_half_frozen_between_two_steps() {
    let (plain, pair) = (settings(), inputs(&[StyleMix::default()]));
    let started = job(&plain, &pair);
    let mut engine = PaintEngine::new();
    let info = engine.start(&started, None, &mut |_| ()).unwrap();
    let mut record = Record::new(Pass::new(&started, Start::Beginning));
    steps(&mut engine, 6);
    let mut before = (plain.clone(), pair.clone());
    let mut used = Vec::new();
    for share in [0.3, 0.6, 0.4] {
        let after = masked(&plain, &pair, &[(RegionRole::Freeze, mask(|_, _| share))]);
        engine.update(&after.0, &after.1).unwrap();
        record.change(6, (&before.0, &after.0), (&before.1, &after.1));
        used.push(after.1.clone());
        before = after;
    }
    steps(&mut engine, 2);
    let painted = shown(&mut engine);
    let recipe = Recipe::new(&record.at(8), painted.dimensions(), &info);
    assert!(repeated(&recipe, &used.iter().collect::<Vec<_>>(), 8) == painted, "the same to the last bit");
}

#[test]
fn a_recipe_repeats_strokes_freezing_and_keeping_to_the_last_bit() {
    let (plain, mut pair) = (settings(), inputs(&[StyleMix::default(), StyleMix::default()]));
    pair.styles[1].mix.weight = 0.7;
    let soft = mask(|x, _| (2.0 * x - 0.5).clamp(0.0, 1.0));
    let (mut first, inputs_first) = masked(&plain, &pair, &[(RegionRole::Paint, soft)]);
    first.masks.regions[0].styles = vec![RegionStyle { style: 1, weight: 2.0 }];
    let (second, inputs_second) =
        masked(&plain, &pair, &[(RegionRole::Freeze, left()), (RegionRole::Keep, mask(|_, y| y))]);
    let started = job(&first, &inputs_first);
    let mut engine = PaintEngine::new();
    let info = engine.start(&started, None, &mut |_| ()).unwrap();
    let mut record = Record::new(Pass::new(&started, Start::Beginning));
    steps(&mut engine, 5);
    engine.update(&second, &inputs_second).unwrap();
    record.change(5, (&first, &second), (&inputs_first, &inputs_second));
    steps(&mut engine, 5);
    engine.update(&plain, &pair).unwrap();
    record.change(10, (&second, &plain), (&inputs_second, &pair));
    steps(&mut engine, 2);
    engine.update(&second, &inputs_second).unwrap();
    record.change(12, (&plain, &second), (&pair, &inputs_second));
    steps(&mut engine, 3);
    let painted = shown(&mut engine);

    let recipe = Recipe::new(&record.at(15), painted.dimensions(), &info);
    assert_eq!(recipe.version, 3);
    let text = serde_json::to_string(&recipe).unwrap();
    let recipe: Recipe = serde_json::from_str(&text).unwrap();
    assert_eq!(recipe.last().masks.len(), 3);
    assert!(repeated(&recipe, &[&inputs_first, &inputs_second], 15) == painted, "the same to the last bit");
}

#[test]
fn a_recipe_draws_its_masks_again_without_any_file() {
    let (plain, pair) = (settings(), inputs(&[StyleMix::default()]));
    let content = pair.content.dimensions();
    let draw = |base: Option<&Arc<Picture>>, shape: Shape, mode: Mode| {
        Arc::new(Drawing::draw(base.map(AsRef::as_ref), content, Stroke::new(shape, mode)).unwrap())
    };
    let brush = |y: f32| Shape::Brush { points: vec![[0.1, y], [0.8, y]], radius: 0.1, hardness: 0.3 };
    let first = draw(None, Shape::Gradient { from: [0.2, 0.5], to: [0.7, 0.5] }, Mode::Add);
    let (begun, inputs_begun) = masked(&plain, &pair, &[(RegionRole::Paint, Arc::clone(&first))]);
    let started = job(&begun, &inputs_begun);
    let mut engine = PaintEngine::new();
    let info = engine.start(&started, None, &mut |_| ()).unwrap();
    let mut record = Record::new(Pass::new(&started, Start::Beginning));
    let mut before = (begun, inputs_begun);
    let (mut mask, mut done) = (first, 0);
    // Two of the strokes fall between the same two steps.
    for (step, y) in [(3, 0.2), (5, 0.5), (5, 0.9), (7, 0.35)] {
        steps(&mut engine, step - done);
        done = step;
        mask = draw(Some(&mask), brush(y), if y < 0.4 { Mode::Subtract } else { Mode::Add });
        let other = draw(Some(&mask), Shape::All, Mode::Invert);
        let after =
            masked(&plain, &pair, &[(RegionRole::Freeze, Arc::clone(&mask)), (RegionRole::Paint, other)]);
        engine.update(&after.0, &after.1).unwrap();
        record.change(step, (&before.0, &after.0), (&before.1, &after.1));
        before = after;
    }
    steps(&mut engine, 3);
    let painted = shown(&mut engine);
    let recipe = Recipe::new(&record.at(10), painted.dimensions(), &info);
    let text = recipe.text(1 << 20).unwrap();
    assert!(text.len() < 30_000, "strokes are small: {}", text.len());
    let (recipe, _) = recipe::parse("a.png", &text).unwrap();
    assert_eq!(recipe.last().masks.len(), 9);
    assert!(repeated(&recipe, &[&pair], 10) == painted, "the same to the last bit");

    // What does not come out as it was drawn is told.
    let mut forged = recipe.clone();
    let mask = &mut forged.passes[0].masks[0];
    let drawing = mask.drawing.as_deref().unwrap();
    let stroke = Stroke { opacity: 0.5, ..drawing.stroke.clone() };
    mask.drawing = Some(Arc::new(DrawingRecord { stroke, ..drawing.clone() }));
    let mut open = |_: &SourceRecord| Ok(Arc::clone(&pair.content));
    let error = ReplayPlan::of(&forged, &Replacements::default(), &mut open, &Ok).unwrap_err();
    assert!(error.to_string().contains("as it was drawn"), "{error}");
}
