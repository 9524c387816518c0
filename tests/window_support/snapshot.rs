//! Pictures of the window, compared with those in `tests/window/snapshots`.

use std::path::{Path, PathBuf};

use egui::Rect;
use egui_kittest::{SnapshotError, SnapshotOptions, kittest::Queryable as _, try_image_snapshot_options};
use image::{Rgba, RgbaImage};

use super::Window;

/// How far a pixel may be from what it was: the squared distance in YIQ, where black is 35 215 from white.
/// Another driver rounds by a few levels of a colour; a colour that somebody changed differs by more.
const TOLERANCE: f32 = 20.0;
/// The share of pixels that may be further away: of another driver's edges of letters and curves.
const SHARE: f64 = 0.0002;
/// Of the transport's line, in points: the word at its beginning and the count at its end do not depend on
/// the time.
const WORD: f32 = 100.0;
const COUNT: f32 = 140.0;
/// Width of what is covered of a folder, in points: the letters of its name of chance are not equally wide.
const FOLDER: f32 = 300.0;

/// Where the pictures are.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/window/snapshots")
}

/// Draws the window once it has come to rest, without the pointer, and compares it with the picture of this
/// name. What tells the time is covered before.
#[track_caller]
pub fn snapshot(window: &mut Window, name: &str) -> RgbaImage {
    window.harness.remove_cursor();
    window.steps(16);
    snapshot_as_it_is(window, name)
}

/// Compares the window as it is, with the pointer where it is.
#[track_caller]
pub fn snapshot_as_it_is(window: &mut Window, name: &str) -> RgbaImage {
    let mut image = window.harness.render().unwrap();
    let scale = window.harness.ctx.pixels_per_point();
    for rect in times(window) {
        cover(&mut image, rect, scale);
    }
    if let Err(message) = compare(&image, name, &folder()) {
        panic!("{message}");
    }
    image
}

/// Compares a picture with that of this name in a folder.
///
/// # Errors
///
/// What differs, where to look at it and how to accept it.
pub fn compare(image: &RgbaImage, name: &str, folder: &Path) -> Result<(), String> {
    let most = (f64::from(image.width() * image.height()) * SHARE) as usize;
    let options = SnapshotOptions::new().threshold(TOLERANCE).max_failed_pixels(most).output_path(folder);
    let error = match try_image_snapshot_options(image, name, &options) {
        Ok(()) => return Ok(()),
        Err(error) => error,
    };
    let what = match &error {
        SnapshotError::Diff { diff, .. } => format!("{diff} pixels differ, {most} may"),
        SnapshotError::SizeMismatch { expected, actual, .. } => {
            format!("it is {}×{} px instead of {}×{}", actual.0, actual.1, expected.0, expected.1)
        }
        SnapshotError::OpenSnapshot { .. } => "there is no such picture, or none that can be read".to_owned(),
        other => other.to_string(),
    };
    let file = |ending: &str| folder.join(format!("{name}.{ending}")).display().to_string();
    let difference = match &error {
        SnapshotError::Diff { .. } => format!("\n  difference: {}", file("diff.png")),
        _ => String::new(),
    };
    Err(format!(
        "the window looks other than in {}: {what}\n  now: {}{difference}\n  If it is to look like this: \
         UPDATE_SNAPSHOTS=1 cargo test --release --test window states::",
        file("png"),
        file("new.png"),
    ))
}

/// Where the window shows how quick it is, how long it takes, and a folder with a name of its own.
fn times(window: &Window) -> Vec<Rect> {
    let transport = window.harness.query_all_by_label_contains(" elapsed");
    let line = |rect: Rect| {
        let rect = rect.with_max_y(rect.max.y - 10.0);
        rect.with_min_x(rect.min.x + WORD).with_max_x(rect.max.x - COUNT)
    };
    let folder = std::env::temp_dir().display().to_string();
    let folders = window.harness.query_all_by_label_contains(&folder).map(|node| node.rect());
    let folders = folders.map(|rect| rect.with_max_x(rect.max.x.max(rect.min.x + FOLDER)));
    transport.map(|node| line(node.rect())).chain(folders).filter(|rect| rect.is_positive()).collect()
}

fn cover(image: &mut RgbaImage, rect: Rect, scale: f32) {
    let (width, height) = image.dimensions();
    let pixels = |from: f32, to: f32, most: u32| {
        ((from * scale).floor().max(0.0) as u32)..((to * scale).ceil().max(0.0) as u32).min(most)
    };
    for y in pixels(rect.min.y, rect.max.y, height) {
        for x in pixels(rect.min.x, rect.max.x, width) {
            image.put_pixel(x, y, Rgba([128, 128, 128, 255]));
        }
    }
}
