//! The real window long after its steps: the painting rests, and whatever is changed wakes it.

#![cfg(target_os = "linux")]

use std::{thread, time::Duration};

use crate::xvfb::Screen;

/// How long a picture stays the same that rests.
const STILL: Duration = Duration::from_secs(8);

#[test]
fn a_painting_that_rests_follows_a_fader() {
    let Some(screen) = Screen::open("1280x800", &["Xvfb", "xdotool"]) else { return };
    let Some(_window) = screen.start(&["--size", "64", "--steps", "20", "--device", "cpu"]) else { return };
    let rested = || {
        screen.until("the painting to rest", || {
            let (before, _) = screen.painted();
            thread::sleep(STILL);
            let (after, recipe) = screen.painted();
            let steps = recipe.passes.last().map_or(0, |pass| pass.steps);
            (before == after && steps > 20).then_some(after)
        })
    };
    let before = rested();
    screen.find("beta 60");
    let (after, passes) = screen.until("the fader in the picture", || {
        let (picture, recipe) = screen.painted();
        if recipe.settings.style_weight != 60.0 {
            screen.find("beta 60");
        }
        (recipe.settings.style_weight == 60.0 && picture != before).then_some((picture, recipe.passes.len()))
    });
    assert_eq!((after.dimensions(), passes), (before.dimensions(), 1), "it goes on and does not begin again");
    // And rests again, as something else than before.
    let again = rested();
    let difference: u64 = again.iter().zip(before.iter()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    let mean = difference as f64 / before.len() as f64;
    assert!(mean > 2.0, "{mean:.2} of 255 from the painting before");
}
