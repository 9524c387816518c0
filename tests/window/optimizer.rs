//! The optimizer in the window.

use crate::window_support::{Setup, Window, open_advanced};
use egui::Role;
use egui_kittest::kittest::Queryable as _;
use impasto_core::settings::{LineSearch, Optimizer};

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
    let mut window = Setup { size: [1280.0, 2000.0], ..Setup::default() }.open();
    window.until_painting();
    open_advanced(&mut window);
    assert!(has(&window, "Adam β1") && !has(&window, "Line search"));
    choose(&mut window, "Optimizer", "L-BFGS: the paper");
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

#[test]
fn convergence_is_said_and_stops_the_run_where_that_is_wanted() {
    let mut window = Setup { size: [1280.0, 2000.0], ..Setup::default() }.open();
    window.until_painting();
    assert!(window.harness.query_all_by_label_contains("Converged").next().is_none());
    window.log.lock().unwrap().converged_at = Some(0);
    let says = |text: &'static str| {
        move |harness: &egui_kittest::Harness<'static, impasto_window::ImpastoApp>,
              _: &crate::window_support::Log| {
            harness.query_all_by_label_contains(text).next().is_some()
        }
    };
    window.until("it says so", says("Converged: the objective has fallen"));
    let painted = window.log.lock().unwrap().steps;
    window.until("it paints on", |_, log| log.steps > painted + 20);
    open_advanced(&mut window);
    window.harness.get_by_label("Stop when converged").click();
    window.until("it has stopped", says("Converged: change a weight"));
    let painted = window.log.lock().unwrap().steps;
    window.steps(20);
    assert_eq!(window.log.lock().unwrap().steps, painted);
    window.harness.get_by_label("Stop when converged").click();
    window.until("it paints on", |_, log| log.steps > painted + 20);
}
