//! Tests of the record.

use super::super::MAX_MASKS;
use super::*;
use crate::{
    picture::{
        self, Drawing,
        drawing::{MAX_STROKES, Mode, Shape, Stroke},
        pasted_hash,
    },
    settings::{Masks, Region},
};

fn inputs(weight: f64) -> Inputs {
    let picture = Arc::new(picture::STYLES[0].open());
    let style = StyleSource { picture, mix: mix(weight) };
    Inputs::new(Arc::new(picture::CONTENTS[0].open()), vec![style])
}

fn pass() -> Pass {
    let job = Job::new(1, inputs(1.0), Settings::default());
    Pass::new(&job, Start::Beginning)
}

fn mix(weight: f64) -> StyleMix {
    StyleMix { weight, ..StyleMix::default() }
}

fn change(record: &mut Record, step: u32, alter: impl FnOnce(&mut Settings), weight: f64) {
    let before = Settings::default();
    let mut after = before.clone();
    alter(&mut after);
    record.change(step, (&before, &after), (&inputs(1.0), &inputs(weight)));
}

#[test]
fn changes_are_kept_with_their_steps_and_folded_within_one() {
    let mut record = Record::new(pass());
    assert!(record.is_plain());
    change(&mut record, 3, |s| s.style_weight = 1.0, 1.0);
    change(&mut record, 3, |s| s.style_weight = 2.0, 1.0);
    change(&mut record, 3, |s| s.style_weight = 5.0, 0.5);
    change(&mut record, 3, |s| s.content_weight = 9.0, 1.0);
    record.add_level_command(3, LevelCommand::Drop);
    // Settings without effect on the picture are not recorded.
    change(&mut record, 8, |s| s.preview_every = 9, 1.0);
    change(&mut record, 8, |s| s.style_layers = Default::default(), 1.0);
    let passes = record.at(10).passes();
    let [pass] = passes.as_slice() else { panic!("{passes:?}") };
    let steps: Vec<_> = pass.changes.iter().map(|change| change.step).collect();
    assert_eq!((pass.steps, steps), (10, vec![3, 3, 3, 8, 8]));
    assert!(pass.changes[3].settings.is_empty());
    let folded = &pass.changes[1];
    assert_eq!(folded.settings["style_weight"], 5.0);
    assert_eq!((folded.settings.len(), folded.styles.as_deref()), (2, Some([mix(0.5)].as_slice())));
    assert_eq!(pass.changes[2].level, Some(LevelCommand::Drop));
    assert!(record.is_complete() && !record.is_plain());
}

#[test]
fn replaced_pictures_are_kept_and_never_folded() {
    let settings = Settings::default();
    let with = |index: usize| {
        let mut inputs = inputs(1.0);
        inputs.styles[0].picture = Arc::new(picture::STYLES[index].open());
        inputs
    };
    let mut record = Record::new(pass());
    for index in 1..4 {
        record.replace_pictures(3, (&settings, &settings), (&with(index - 1), &with(index)));
    }
    change(&mut record, 3, |s| s.style_weight = 2.0, 1.0);
    change(&mut record, 3, |s| s.style_weight = 3.0, 1.0);
    let mut more = with(3);
    more.styles.extend(inputs(0.5).styles);
    record.replace_pictures(5, (&settings, &settings), (&with(3), &more));
    let passes = record.at(9).passes();
    let changes = &passes[0].changes;
    let names: Vec<_> = changes
        .iter()
        .map(|change| change.pictures.as_ref().map(|pictures| pictures.styles[0].name.as_str()))
        .collect();
    let title = |index: usize| Some(picture::STYLES[index].title);
    assert_eq!(names, [title(1), title(2), title(3), None, None, title(3)]);
    assert_eq!(changes[5].styles.as_deref(), Some([mix(1.0), mix(0.5)].as_slice()));
    assert_eq!(passes[0].changed_sources(), 5, "the content and four styles");
    let text = serde_json::to_string(&passes[0]).unwrap();
    assert_eq!(serde_json::from_str::<Pass>(&text).unwrap(), passes[0]);
    assert!(record.is_complete());
}

/// Settings and inputs with this mask, which differs for each number.
fn masked(role: RegionRole, number: usize) -> (Settings, Inputs) {
    let pixels = [number as u8, (number / 256) as u8, 2, 255].repeat(20 * 20);
    let mask = Picture::from_rgba("mask", 20, 20, pixels).unwrap();
    let mut settings = Settings::default();
    settings.masks.regions = vec![Region {
        name: "a".to_owned(),
        mask: picture::pasted_name(&mask.sha256),
        role,
        ..Region::default()
    }];
    (settings, Inputs { masks: vec![Arc::new(mask)], ..inputs(1.0) })
}

#[test]
fn each_change_of_what_is_frozen_is_kept_and_others_of_masks_are_folded() {
    for (role, changes) in [(RegionRole::Freeze, 5), (RegionRole::Paint, 2)] {
        let mut record = Record::new(pass());
        let mut before = (Settings::default(), inputs(1.0));
        for number in 1..=5 {
            let after = masked(role, number);
            record.change(3, (&before.0, &after.0), (&before.1, &after.1));
            before = after;
        }
        let weaker = {
            let mut settings = before.0.clone();
            settings.masks.regions[0].strength = 0.5;
            settings
        };
        if role == RegionRole::Freeze {
            record.change(3, (&before.0, &weaker), (&before.1, &before.1));
        }
        assert_eq!(record.passes()[0].changes.len(), changes, "{role:?}");
    }
}

#[test]
fn too_many_masks_leave_the_last_ones() {
    let mut record = Record::new(pass());
    let mut before = (Settings::default(), inputs(1.0));
    for number in 0..=MAX_MASKS {
        assert!(record.is_complete(), "{number}");
        let after = masked(RegionRole::Paint, number);
        record.change(number as u32, (&before.0, &after.0), (&before.1, &after.1));
        before = after;
    }
    let pass = record.passes().pop().unwrap();
    assert!(!record.is_complete() && record.has_changed_since(MAX_MASKS as u32));
    assert_eq!(pass.masks, [SourceRecord::without_path(&before.1.masks[0])]);
    assert_eq!(pass.settings.masks, before.0.masks);
    assert!(pass.changes.iter().all(|change| change.settings.is_empty()));
}

#[test]
fn too_many_strokes_leave_the_last_mask_as_it_was_drawn() {
    let mut record = Record::new(pass());
    let mut before = (Settings::default(), inputs(1.0));
    for number in 0..=MAX_STROKES {
        assert!(record.is_complete(), "{number}");
        let grey = image::GrayImage::from_fn(16, 16, |x, _| image::Luma([(number >> (4 * x.min(7))) as u8]));
        let mask = Drawing::of_pixels(&grey).unwrap();
        let stroke =
            Stroke::new(Shape::Ellipse { centre: [0.5; 2], radii: [0.2; 2], feather: 0.0 }, Mode::Add);
        let mask = Drawing::on(mask.drawing, (16, 16), stroke).unwrap();
        let mut after = before.clone();
        after.0.masks.style_map = Some(picture::pasted_name(&mask.sha256));
        after.1.masks = vec![Arc::new(mask)];
        record.change(number as u32, (&before.0, &after.0), (&before.1, &after.1));
        before = after;
        if !record.is_complete() {
            // Each mask has two.
            assert_eq!(number, MAX_STROKES / 2);
            break;
        }
    }
    let last = before.1.masks[0].as_ref();
    let pass = record.passes().pop().unwrap();
    assert_eq!((pass.masks.len(), &pass.settings.masks), (2, &before.0.masks));
    let drawings = super::super::drawings(&pass.masks).unwrap();
    assert_eq!(drawings[&last.sha256].picture().unwrap().rgb, last.rgb);
}

#[test]
fn too_many_pictures_leave_the_last_ones() {
    let settings = Settings::default();
    let numbered = |number: usize| {
        let mut inputs = inputs(1.0);
        let pixels = [number as u8, 1, 2, 255].repeat(20 * 20);
        inputs.styles[0].picture = Arc::new(Picture::from_rgba("n", 20, 20, pixels).unwrap());
        inputs
    };
    let mut record = Record::new(pass());
    for number in 1..=MAX_SOURCES {
        assert!(record.is_complete(), "{number}");
        let inputs = (&numbered(number - 1), &numbered(number));
        record.replace_pictures(number as u32, (&settings, &settings), inputs);
    }
    assert!(!record.is_complete());
    let pass = record.passes().pop().unwrap();
    assert_eq!(pass.styles[0].source, numbered(MAX_SOURCES).styles[0].picture.as_ref().into());
    assert!(record.has_changed_since(MAX_SOURCES as u32) && pass.last_pictures().is_none());
}

#[test]
fn a_downscale_is_recorded_in_order() {
    let mut record = Record::new(pass());
    record.add_downscale(4, DownscalePart::Begin(0.25));
    change(&mut record, 4, |s| s.style_weight = 2.0, 1.0);
    record.add_downscale(4, DownscalePart::Steps(1));
    record.add_downscale(4, DownscalePart::Steps(2));
    change(&mut record, 4, |s| s.style_weight = 3.0, 1.0);
    change(&mut record, 4, |s| s.style_weight = 4.0, 1.0);
    record.add_downscale(4, DownscalePart::Steps(5));
    record.add_downscale(4, DownscalePart::End);
    let passes = record.at(9).passes();
    let parts: Vec<_> = passes[0].changes.iter().map(|change| change.downscale).collect();
    let steps = |count| Some(DownscalePart::Steps(count));
    let begin = Some(DownscalePart::Begin(0.25));
    assert_eq!(parts, [begin, None, steps(3), None, None, steps(5), Some(DownscalePart::End)]);
    let text = serde_json::to_string(&passes[0]).unwrap();
    assert_eq!(serde_json::from_str::<Pass>(&text).unwrap(), passes[0]);
}

#[test]
fn a_recoloured_picture_makes_the_record_incomplete() {
    let record = Record::new(pass());
    assert!(record.clone().shown().is_complete());
    let mut changed = record;
    change(&mut changed, 2, |s| s.keep_colours = 0.5, 1.0);
    assert!(changed.is_complete() && !changed.shown().is_complete());
}

#[test]
fn too_many_changes_make_the_record_incomplete() {
    let mut record = Record::new(pass());
    for step in 0..MAX_CHANGES as u32 {
        record.add_level_command(step, LevelCommand::Hold);
    }
    assert!(record.is_complete());
    record.add_level_command(9999, LevelCommand::Hold);
    assert!(!record.is_complete() && record.passes()[0].changes.len() == MAX_CHANGES);

    let mut record = Record::new(pass());
    for steps in 1..MAX_PASSES as u32 {
        record = record.at(steps).then(pass());
    }
    assert!(record.is_complete());
    let passes = record.passes();
    assert_eq!((passes.len(), passes[0].steps, passes[1].steps), (MAX_PASSES, 1, 2));
    record = record.then(pass());
    assert!(!record.is_complete() && record.passes().len() == MAX_PASSES);
}

#[test]
fn masks_of_changes_after_too_many_are_named() {
    let masks = Masks { style_map: Some("map.png".into()), ..Masks::default() };
    let settings = Settings { masks, ..Settings::default() };
    let plain = inputs(1.0);
    let masked = |number: usize| {
        let pixels = [number as u8, (number / 256) as u8, 2, 255].repeat(16 * 16);
        let mask = Arc::new(Picture::from_rgba("map", 16, 16, pixels).unwrap());
        Inputs { masks: vec![mask], ..plain.clone() }
    };
    let mut record = Record::new(Pass::new(&Job::new(1, masked(0), settings.clone()), Start::Beginning));
    for number in 1..=MAX_MASKS {
        assert!(record.is_complete(), "{number}");
        record.change(number as u32, (&settings, &settings), (&masked(number - 1), &masked(number)));
    }
    assert!(!record.is_complete());
    let later = Settings { style_weight: 2.5, ..settings.clone() };
    let last = masked(MAX_MASKS + 1);
    record.change(900, (&settings, &later), (&masked(MAX_MASKS), &last));
    let pass = record.passes().pop().unwrap();
    // Every mask that it names is there, the last one too.
    let changed: Masks = serde_json::from_value(pass.changes[1].settings["masks"].clone()).unwrap();
    let named: Vec<_> = pass.settings.masks.files().chain(changed.files()).map(pasted_hash).collect();
    let recorded: Vec<_> = pass.masks.iter().map(|mask| Some(mask.sha256)).collect();
    assert_eq!((named, recorded.last()), (recorded.clone(), Some(&Some(last.masks[0].sha256))));
    assert!(record.has_changed_since(MAX_MASKS as u32) && pass.changes.len() == 2);
}
