//! The optimizer in the window.

mod window_support;

use egui::Role;
use egui_kittest::kittest::Queryable as _;
use impasto::settings::{LineSearch, Optimizer};
use window_support::{Setup, Window};

fn has(window: &Window, label: &str) -> bool {
    window.harness.query_all_by_label(label).next().is_some()
}

fn choose(window: &mut Window, combo: &str, choice: &str) {
    window
        .harness
        .get_by(|node| node.label().as_deref() == Some(combo) && node.role() == Role::ComboBox)
        .click();
    window.steps(3);
    window.harness.get_by_label_contains(choice).click();
    window.steps(3);
}

#[test]
fn the_optimizer_is_changed_while_it_paints_and_shows_its_own_constants() {
    let mut window = Setup { size: [1280.0, 1600.0], ..Setup::default() }.open();
    window.until_painting();
    window.harness.get_by_label("Advanced").click();
    window.steps(8);
    assert!(has(&window, "Adam β1") && !has(&window, "Line search"));
    choose(&mut window, "Optimizer", "L-BFGS: refines");
    choose(&mut window, "Line search", "Fixed: one");
    assert!(!has(&window, "Adam β1") && has(&window, "History"));
    window.harness.check_accessibility();
    window.until("the run has taken them over", |_, log| {
        log.updates.last().is_some_and(|(settings, _)| {
            (settings.optimizer, settings.line_search) == (Optimizer::Lbfgs, LineSearch::Fixed)
        })
    });
    assert_eq!(window.jobs(), 1, "nothing was restarted");
}
