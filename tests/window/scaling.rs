//! How a picture is scaled to the screen.

use egui::{Event, Key, MouseWheelUnit, TouchPhase};
use egui_kittest::kittest::Queryable as _;
use image::{Rgb, RgbImage, RgbaImage};

use crate::window_support::{
    Log, Setup, Window,
    drawing::{can_draw, draw},
};

/// A window whose engine paints this.
fn painting(paint: RgbImage, size: [f32; 2]) -> Window {
    let log = Log { paint: Some(paint), ..Log::default() };
    let mut window = Setup { render: true, size, log, ..Setup::default() }.open();
    window.until_painting();
    window
}

/// Greys of the pixels in the middle of the canvas.
fn middle(window: &Window, image: &RgbaImage) -> Vec<u8> {
    let center = window.harness.get_by_label_contains("Painting, ").rect().center();
    let (x, y) = (center.x as u32, center.y as u32);
    (0..40)
        .flat_map(|dx| (0..40).map(move |dy| (x - 20 + dx, y - 20 + dy)))
        .map(|(x, y)| image.get_pixel(x, y).0[0])
        .collect()
}

#[test]
fn a_large_picture_that_fits_does_not_shimmer() {
    if !can_draw() {
        return;
    }
    // Lines of a pixel: where some are skipped, there are patterns.
    let lines = RgbImage::from_fn(1800, 1200, |x, _| Rgb([if x % 2 == 0 { 255 } else { 1 }; 3]));
    let mut window = painting(lines, [1000.0, 700.0]);
    let image = draw(&mut window, "scaling_fitted");
    let greys = middle(&window, &image);
    assert!(greys.iter().all(|grey| (118..=138).contains(grey)), "{greys:?}");
}

#[test]
fn an_enlarged_picture_is_smooth_until_pixels_are_meant_to_be_seen() {
    if !can_draw() {
        return;
    }
    let squares = RgbImage::from_fn(96, 64, |x, y| Rgb([if (x / 4 + y / 4) % 2 == 0 { 230 } else { 20 }; 3]));
    let mut window = painting(squares, [1280.0, 836.0]);
    let between = |greys: &[u8]| greys.iter().filter(|grey| (40..=210).contains(*grey)).count();
    // It fills the canvas at some 600 %.
    let image = draw(&mut window, "scaling_filled");
    assert!(between(&middle(&window, &image)) > 300, "smooth");
    window.harness.key_press(Key::Num1);
    window.steps(3);
    let canvas = window.harness.get_by_label_contains("Painting, ").rect();
    window.harness.hover_at(canvas.center());
    for _ in 0..8 {
        window.harness.event(Event::MouseWheel {
            unit: MouseWheelUnit::Point,
            source: egui::MouseWheelSource::Unknown,
            delta: egui::vec2(0.0, 80.0),
            modifiers: egui::Modifiers::NONE,
            phase: TouchPhase::Move,
        });
        window.steps(12);
    }
    let image = draw(&mut window, "scaling_zoomed");
    let greys = middle(&window, &image);
    assert!(greys.iter().any(|grey| *grey > 210) && greys.iter().any(|grey| *grey < 40), "{greys:?}");
    assert!(between(&greys) < 200, "squares, but for the pixels that lie on their edges");
}
