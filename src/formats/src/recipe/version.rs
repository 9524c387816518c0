//! Which format version a recipe needs: the oldest that can express it.

use impasto_core::{
    run::Pass,
    settings::{Automation, Curve, KeysEnd, ParamId, Parameter, StyleMix},
};

/// Newest format version: it has settled colours, the terms beside the statistics, loops of keyframes and
/// transparent styles that are not flattened; version 3 has masks and parts of styles, and version 2 changes
/// of pictures, and many changes. A recipe without them is written as version 1, which older programs read.
pub const VERSION: u64 = 4;

/// The first version with masks and parts of styles.
pub(crate) const MASKS_VERSION: u64 = 3;

/// Parameters that programs before version 4 leave out; without effect at 0.
const NEWEST: [ParamId; 3] = [ParamId::SettleColours, ParamId::Sliced, ParamId::Coherence];

/// Changes of a run that programs of version 1 read.
const FEW_CHANGES: usize = 400;

/// The oldest version that can express these runs.
pub(super) fn version_of(passes: &[Pass]) -> u64 {
    let with_masks = |pass: &Pass| {
        let changed = pass.changes.iter().filter_map(|change| change.styles.as_ref()).flatten();
        let mix = pass.styles.iter().map(|style| &style.mix).chain(changed);
        !pass.masks.is_empty() || version_of_mix(mix) > 1
    };
    let newer = |pass: &Pass| pass.last_pictures().is_some() || pass.changes.len() > FEW_CHANGES;
    if passes.iter().any(|pass| pass.opaque_parts || has_newest(pass) || has_loop(pass)) {
        VERSION
    } else if passes.iter().any(with_masks) {
        MASKS_VERSION
    } else if passes.iter().any(newer) {
        2
    } else {
        1
    }
}

/// Whether a run has a parameter that programs before version 4 do not know, at any time.
fn has_newest(pass: &Pass) -> bool {
    let changes =
        |field: &'static str| pass.changes.iter().filter_map(move |change| change.settings.get(field));
    NEWEST.into_iter().any(|id| {
        let field = Parameter::of_id(id).map_or("", |row| row.field);
        id.stored(&pass.settings, &[]).is_some_and(|value| value != 0.0)
            || pass.settings.automation.get(id).is_some()
            || changes(field).any(|value| value.as_f64() != Some(0.0))
            || changes("automation").any(|tracks| tracks.get(id.to_string()).is_some())
    })
}

/// Whether keyframes are repeated in a run, at any time.
fn has_loop(pass: &Pass) -> bool {
    let mut changes = pass.changes.iter().filter_map(|change| change.settings.get("automation")?.as_object());
    version_of_tracks(&pass.settings.automation) > 1
        || changes.any(|tracks| tracks.values().any(|track| track.get("end").is_some()))
}

/// The oldest version that can express the automation: older programs refuse tracks with a loop.
pub(crate) fn version_of_tracks(automation: &Automation) -> u64 {
    let loops = automation.iter().any(|(_, track)| matches!(track.curve, Curve::Keys(_, KeysEnd::Loop)));
    if loops { VERSION } else { 1 }
}

/// The oldest version that can express the mix of styles: older programs would use all of a picture of which
/// only a part counts.
pub(crate) fn version_of_mix<'a>(mix: impl IntoIterator<Item = &'a StyleMix>) -> u64 {
    if mix.into_iter().any(|mix| mix.crop.is_some()) { MASKS_VERSION } else { 1 }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use impasto_core::{
        picture::Picture,
        run::{Change, Job, Record, Start},
        settings::{Crop, Key, Track},
        transfer::Inputs,
    };
    use impasto_test_support::job;

    use super::*;
    use crate::recipe::tests::recipe;

    #[test]
    fn a_part_of_a_style_needs_version_3() {
        let crop = Some(Crop { width: 0.5, ..Crop::WHOLE });
        let pass = recipe().last().clone();
        assert_eq!(version_of(std::slice::from_ref(&pass)), 1);
        let mut from_the_start = pass.clone();
        from_the_start.styles[0].mix.crop = crop;
        let mix = vec![StyleMix { crop, ..StyleMix::default() }];
        let changes = vec![Change { step: 2, styles: Some(mix), ..Change::default() }];
        let later = Pass { changes, ..pass.clone() };
        for newest in [from_the_start, later] {
            assert_eq!(version_of(&[newest, pass.clone()]), MASKS_VERSION);
        }
    }

    #[test]
    fn settled_colours_need_the_newest_version_at_whichever_time() {
        let pass = recipe().last().clone();
        let change = |name: &str, value: serde_json::Value| {
            let settings = [(name.to_owned(), value)].into_iter().collect();
            vec![Change { step: 2, settings, ..Change::default() }]
        };
        let mut from_the_start = pass.clone();
        from_the_start.settings.settle_colours = 0.5;
        let mut automation = Automation::default();
        let key = Key { at: 0.0, value: 1.0, ease: Default::default() };
        automation
            .set(ParamId::SettleColours, Track { on: true, curve: Curve::Keys(vec![key], KeysEnd::Hold) });
        let later = Pass { changes: change("settle_colours", 0.5.into()), ..pass.clone() };
        let moved = serde_json::to_value(&automation).unwrap();
        let moved_later = Pass { changes: change("automation", moved), ..pass.clone() };
        let mut moved = pass.clone();
        moved.settings.automation = automation;
        for newest in [from_the_start, later, moved, moved_later] {
            assert_eq!(version_of(&[newest, pass.clone()]), VERSION);
        }
        let never = Pass { changes: change("settle_colours", 0.0.into()), ..pass };
        assert_eq!(version_of(&[never]), 1);
    }

    #[test]
    fn loops_need_the_newest_version_at_whichever_time() {
        let pass = recipe().last().clone();
        let version = |end, on| {
            let keys =
                [(0.0, 1.0), (0.5, 4.0)].map(|(at, value)| Key { at, value, ease: Default::default() });
            let track = Track { on, curve: Curve::Keys(keys.to_vec(), end) };
            let automation: Automation = [(ParamId::Beta, track)].into_iter().collect();
            let settings =
                [("automation".to_owned(), serde_json::to_value(&automation).unwrap())].into_iter().collect();
            let changes = vec![Change { step: 2, settings, ..Change::default() }];
            let later = Pass { changes, ..pass.clone() };
            let mut from_the_start = pass.clone();
            from_the_start.settings.automation = automation;
            [from_the_start, later].map(|newest| version_of(&[newest, pass.clone()]))
        };
        assert_eq!(version(KeysEnd::Loop, true), [VERSION; 2]);
        assert_eq!(version(KeysEnd::Loop, false), [VERSION; 2], "also while it is off");
        assert_eq!(version(KeysEnd::Hold, true), [1; 2]);
    }

    #[test]
    fn a_style_of_which_only_opaque_parts_count_needs_the_newest_version_at_whichever_time() {
        let mut job = job();
        let opaque = job.clone();
        let pixels = [9, 9, 9, 0].repeat(16 * 16);
        job.inputs.styles[0].picture = Arc::new(Picture::from_rgba("cut-out", 16, 16, pixels).unwrap());
        let flat_styles = Inputs { flat_styles: true, ..job.inputs.clone() };
        let version = |job: &Job| version_of(&[Pass::new(job, Start::Beginning)]);
        assert_eq!((version(&opaque), version(&job)), (1, VERSION));
        // As an older program painted it, of which the replay says the same.
        assert_eq!(version(&Job { inputs: flat_styles, ..job.clone() }), 1);
        let mut record = Record::new(Pass::new(&opaque, Start::Beginning));
        record.replace_pictures(2, (&job.settings, &job.settings), (&opaque.inputs, &job.inputs));
        assert_eq!(version_of(&record.passes()), VERSION);
    }
}
