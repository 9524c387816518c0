//! A stroke of the real pointer on the real canvas while the real engine paints: only that side changes.

#![cfg(target_os = "linux")]

use crate::xvfb::Screen;
use image::RgbImage;
use impasto_formats::recipe::Recipe;

/// Mean difference of two pictures between two shares of their width.
fn difference(a: &RgbImage, b: &RgbImage, from: f32, to: f32) -> f64 {
    let columns = |share: f32| (share * a.width() as f32) as u32;
    let (mut sum, mut count) = (0, 0);
    for (x, y, pixel) in a.enumerate_pixels().filter(|(x, ..)| (columns(from)..columns(to)).contains(x)) {
        let other = b.get_pixel(x, y);
        sum += (0..3).map(|c| u64::from(pixel[c].abs_diff(other[c]))).sum::<u64>();
        count += 3;
    }
    sum as f64 / f64::from(count)
}

#[test]
fn a_stroke_changes_its_side_of_the_painting_alone() {
    let Some(screen) = Screen::open("1280x800", &["Xvfb", "xdotool"]) else { return };
    let Some(_window) = screen.start(&["--size", "128", "--steps", "60", "--device", "cpu"]) else { return };
    let steps = |recipe: &Recipe| recipe.passes.last().map_or(0, |pass| pass.steps);
    // Past the climb, where the picture changes little by itself.
    let (before, _) = screen.until("the final size", || {
        let found = screen.painted();
        (steps(&found.1) > 300).then_some(found)
    });
    // A broad brush, down along the left side of the canvas, where a window of this size has it.
    let brush = || {
        screen.tool(&["key", "k", "sleep", "1"]);
        for _ in 0..8 {
            screen.tool(&["key", "bracketright", "sleep", "0.1"]);
        }
        screen.tool(&["mousemove", "370", "150", "sleep", "0.3", "mousedown", "1"]);
        for y in (150..=500).step_by(25) {
            screen.tool(&["mousemove", "370", &y.to_string(), "sleep", "0.05"]);
        }
        screen.tool(&["mouseup", "1", "sleep", "0.5"]);
        screen.find("strength of region 1 0");
        screen.tool(&["key", "k", "sleep", "0.5"]);
    };
    brush();
    let strength = |recipe: &Recipe| recipe.settings.masks.regions.first().map(|region| region.strength);
    let (_, drawn) = screen.until("a region without the style", || {
        let found = screen.painted();
        match strength(&found.1) {
            Some(0.0) => Some(found),
            // A window that is held up may miss a hand.
            Some(_) => {
                screen.find("strength of region 1 0");
                None
            }
            None => {
                brush();
                None
            }
        }
    });
    let since = steps(&drawn);
    let (after, recipe) = screen.until("the painting to follow", || {
        let found = screen.painted();
        (steps(&found.1) > since + 60).then_some(found)
    });
    assert_eq!(recipe.passes.len(), 1, "nothing begins again");
    let (left, right) = (difference(&before, &after, 0.08, 0.2), difference(&before, &after, 0.5, 1.0));
    // The other side goes on being painted as well.
    assert!(left > 8.0 && left > 2.0 * right, "left {left:.1}, right {right:.1} of 255");
}
