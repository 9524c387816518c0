//! Pictures of the window, left in `target/window_pictures/` for a person to look at.

use std::{
    panic,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use image::{RgbImage, RgbaImage};

use super::Window;

/// Whether there is anything to draw with. Without it a test that draws is skipped with a printed line, or
/// fails when IMPASTO_REQUIRE_GPU is set.
pub fn can_draw() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    let can = *ANSWER.get_or_init(|| panic::catch_unwind(egui_kittest::wgpu::WgpuTestRenderer::new).is_ok());
    if !can {
        assert!(std::env::var_os("IMPASTO_REQUIRE_GPU").is_none(), "no graphics adapter");
        println!("skipped: no graphics adapter, not even a software one");
    }
    can
}

/// Where the pictures go.
pub fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("window_pictures");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Draws the window as it is, with the pointer where it is, and keeps the picture.
pub fn draw_as_it_is(window: &mut Window, name: &str) -> RgbaImage {
    let image = window.harness.render().unwrap();
    image.save(folder().join(format!("{name}.png"))).unwrap();
    let first = image.get_pixel(0, 0);
    let others = image.pixels().filter(|pixel| *pixel != first).count();
    assert!(others > image.pixels().count() / 10, "{name} is blank");
    image
}

/// The same without the pointer, once everything has come to rest.
pub fn draw(window: &mut Window, name: &str) -> RgbaImage {
    window.harness.remove_cursor();
    window.steps(4);
    draw_as_it_is(window, name)
}

/// A picture for the engine to have painted.
pub fn painting() -> RgbImage {
    let picture = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/chelsea.jpg");
    image::open(picture).unwrap().thumbnail(384, 384).to_rgb8()
}
