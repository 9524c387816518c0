use super::*;
use crate::mixes::MixDesk;
use impasto_core::settings::Settings;

fn snapshot(change: impl FnOnce(&mut Settings)) -> Snapshot {
    let mut settings = Settings::default();
    change(&mut settings);
    let (desk, content) = (MixDesk::default(), Slot::new(0));
    Snapshot { settings, desk, content, styles: Vec::new(), painting: 0 }
}

fn opened() -> Undo {
    let state = State {
        title: "As opened".into(),
        snapshot: snapshot(|_| {}),
        keys: Vec::new(),
        time: 0.0,
        gesture: None,
    };
    Undo { states: vec![state], ..Undo::default() }
}

fn titles(undo: &Undo) -> Vec<&str> {
    undo.states.iter().skip(1).map(|state| state.title.as_str()).collect()
}

#[test]
fn a_drag_is_one_entry_however_long_it_takes() {
    let mut undo = opened();
    undo.gesture = 1;
    for (time, beta) in [(1.0, 9.0), (4.0, 10.0), (9.0, 12.0)] {
        undo.record(snapshot(|s| s.style_weight = beta), time, true);
    }
    assert_eq!(titles(&undo), ["Style β 1 → 12"]);
    // The next press is another gesture.
    undo.gesture = 2;
    undo.record(snapshot(|s| s.style_weight = 20.0), 30.0, true);
    assert_eq!(titles(&undo), ["Style β 1 → 12", "Style β 12 → 20"]);
}

#[test]
fn controls_that_are_dragged_within_a_frame_each_are_entries_of_their_own() {
    let mut undo = opened();
    undo.follow_drags([true, true]);
    undo.record(snapshot(|s| s.content_weight = 2.0), 1.0, true);
    undo.record(snapshot(|s| (s.content_weight, s.style_weight) = (2.0, 9.0)), 1.02, true);
    undo.record(snapshot(|s| (s.content_weight, s.style_weight) = (3.0, 9.0)), 1.04, true);
    undo.record(snapshot(|s| (s.content_weight, s.style_weight) = (4.0, 9.0)), 1.06, true);
    assert_eq!(titles(&undo), ["Content α 1 → 2", "Style β 1 → 9", "Content α 2 → 4"]);
}

#[test]
fn faders_of_a_controller_that_move_at_once_are_one_entry_in_whichever_order_they_arrive() {
    let mut undo = opened();
    undo.follow_drags([true, false]);
    undo.record(snapshot(|s| s.content_weight = 2.0), 1.0, true);
    undo.record(snapshot(|s| (s.content_weight, s.style_weight) = (2.0, 9.0)), 1.02, true);
    undo.record(snapshot(|s| (s.content_weight, s.style_weight) = (3.0, 9.0)), 1.04, true);
    assert_eq!(undo.states.len(), 2, "{:?}", titles(&undo));
    // Let go, and turned again.
    (0..2).for_each(|_| undo.begin_frame());
    undo.follow_drags([true, false]);
    undo.record(snapshot(|s| (s.content_weight, s.style_weight) = (5.0, 9.0)), 9.0, true);
    assert_eq!(undo.states.len(), 3, "{:?}", titles(&undo));
}

#[test]
fn another_painting_with_the_same_settings_is_an_entry() {
    let mut undo = opened();
    undo.record(Snapshot { painting: 1, ..snapshot(|_| {}) }, 1.0, false);
    undo.record(Snapshot { painting: 2, ..snapshot(|_| {}) }, 1.1, false);
    assert_eq!(titles(&undo), ["Restart", "Restart"]);
}

#[test]
fn each_press_is_a_gesture_however_often_a_frame_looks() {
    let mut undo = opened();
    for (held, gesture) in [
        ([true, true], 1),
        ([true, true], 1),
        ([false, false], 1),
        // A hand outside, and the pointer beside it.
        ([true, false], 2),
        ([true, true], 3),
        ([true, true], 3),
    ] {
        undo.follow_drags(held);
        undo.follow_drags(held);
        undo.begin_frame();
        assert_eq!(undo.gesture, gesture, "{held:?}");
    }
}

#[test]
fn quick_changes_of_the_same_setting_are_one_entry_and_others_are_not() {
    let mut undo = opened();
    undo.record(snapshot(|s| s.style_weight = 9.0), 1.0, false);
    undo.record(snapshot(|s| s.style_weight = 10.0), 1.5, false);
    undo.record(snapshot(|s| (s.style_weight, s.content_weight) = (10.0, 2.0)), 1.6, false);
    undo.record(snapshot(|s| (s.style_weight, s.content_weight) = (10.0, 3.0)), 4.0, false);
    assert_eq!(titles(&undo), ["Style β 1 → 10", "Content α 1 → 2", "Content α 2 → 3"]);
    // What is switched on and off again at once has not happened.
    let mut undo = opened();
    undo.record(snapshot(|s| s.pyramid = false), 1.0, false);
    undo.record(snapshot(|_| {}), 1.4, false);
    assert!(titles(&undo).is_empty());
}

#[test]
fn a_named_change_is_an_entry_of_its_own() {
    let mut undo = opened();
    undo.record(snapshot(|s| s.style_weight = 9.0), 1.0, false);
    undo.call("", "Grid: Style β 12".to_owned());
    undo.record(snapshot(|s| s.style_weight = 12.0), 1.2, false);
    undo.record(snapshot(|s| s.style_weight = 13.0), 1.4, false);
    assert_eq!(titles(&undo), ["Style β 1 → 9", "Grid: Style β 12", "Style β 12 → 13"]);
}

#[test]
fn a_new_change_takes_the_place_of_what_was_undone() {
    let mut undo = opened();
    undo.record(snapshot(|s| s.style_weight = 9.0), 1.0, false);
    undo.record(snapshot(|s| s.style_weight = 10.0), 3.0, false);
    undo.at = 1;
    undo.record(snapshot(|s| s.style_weight = 3.0), 3.1, false);
    assert_eq!(titles(&undo), ["Style β 1 → 9", "Style β 9 → 3"]);
    assert_eq!((undo.undoes(), undo.redoes()), (Some("Style β 9 → 3"), None));
}

#[test]
fn the_oldest_entries_go_when_there_are_too_many() {
    let mut undo = opened();
    for step in 0..500 {
        undo.record(snapshot(|s| s.seed = step + 1), f64::from(step as u32) * 2.0, false);
    }
    assert_eq!(undo.states.len(), MOST);
    assert_eq!(undo.undoes(), Some("Seed 499 → 500"));
}

#[test]
fn a_chosen_size_is_that_of_one_painting() {
    let mut undo = opened();
    undo.record(Snapshot { painting: 1, ..snapshot(|_| {}) }, 1.0, false);
    let old = Settings::default().size;
    undo.size_was_chosen(1, old, 768);
    let sizes: Vec<u32> = undo.states.iter().map(|state| state.snapshot.settings.size).collect();
    assert_eq!(sizes, [old, 768]);
}

#[test]
fn a_measured_amount_is_no_entry_and_leaves_what_can_be_done_again() {
    let mut undo = opened();
    undo.record(snapshot(|s| s.style_amount = Some(0.95)), 1.0, false);
    undo.record(snapshot(|s| (s.style_amount, s.seed) = (Some(0.95), 7)), 3.0, false);
    undo.at = 1;
    undo.amount_was_measured(0.95, 0.5);
    let amounts: Vec<_> = undo.states.iter().map(|state| state.snapshot.settings.style_amount).collect();
    assert_eq!(amounts, [None, Some(0.5), Some(0.5)]);
    let (_, title) = Undo::compare(&undo.states[0].snapshot, &undo.states[1].snapshot);
    assert_eq!(undo.undoes(), Some(title.as_str()));
    assert!(undo.redoes().is_some_and(|title| title.starts_with("Seed")));
}

/// A slot with a picture.
fn filled(id: u64) -> Slot {
    let image = egui::ColorImage::filled([1, 1], egui::Color32::RED);
    let texture = Context::default().load_texture("a", image, egui::TextureOptions::LINEAR);
    let picture = Arc::new(impasto_core::picture::CONTENTS[0].open());
    Slot { picture: Some(Loaded { picture, texture, origin: None, stamp: None }), ..Slot::new(id) }
}

#[test]
fn undo_says_what_a_style_counts_again() {
    let style = filled(1);
    let name = picture(&style).unwrap().name.clone();
    let with = |change: fn(&mut Slot, &mut Settings)| {
        let mut style = style.clone();
        let mut snapshot = snapshot(|_| {});
        change(&mut style, &mut snapshot.settings);
        Snapshot { styles: vec![style], ..snapshot }
    };
    let undone = |change: fn(&mut Slot, &mut Settings)| {
        let mut undo = opened();
        undo.states[0].snapshot = with(|_, _| {});
        undo.record(with(change), 1.0, false);
        undo.undone()
    };
    assert_eq!(undone(|slot, _| slot.mix.weight = 0.5), format!("Weight of {name} back to 1"));
    assert_eq!(undone(|slot, _| slot.mix.scale = 2.0), format!("Scale of {name} back to 1"));
    assert_eq!(undone(|slot, _| slot.mix.on = false), format!("Use of {name} back to on"));
    // More than one value is said by what is undone.
    let both = undone(|slot, _| (slot.mix.weight, slot.mix.scale) = (0.5, 2.0));
    assert_eq!(both, format!("Weight of {name} 1 → 0.5"));
    let both = undone(|slot, settings| (slot.mix.weight, settings.seed) = (0.5, 7));
    assert!(both.starts_with(&format!("Weight of {name} 1 → 0.5; Seed")), "{both}");
}

#[test]
fn what_was_changed_since_a_content_was_set_is_of_its_painting() {
    let content = filled(0);
    let with = |seed| Snapshot { content: content.clone(), ..snapshot(|s| s.seed = seed) };
    let mut undo = opened();
    undo.record(snapshot(|s| s.seed = 1), 1.0, false);
    for seed in 1..4 {
        undo.record(with(seed), 2.0 + f64::from(seed as u32) * 2.0, false);
    }
    undo.at = 3;
    undo.content_begun(5);
    let of: Vec<u64> = undo.states.iter().map(|state| state.snapshot.painting).collect();
    assert_eq!(of, [0, 0, 5, 5, 5]);
}
