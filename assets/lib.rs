//! What Impasto carries inside beside its network: the example pictures, the presets' small pictures, the
//! icon, its name on the desktop, and the licences of what it is built from. The guide, which changes more
//! often, is `impasto-guide`.

/// Bytes of files. Statics, so that a program holds each of them once.
macro_rules! files {
    ($($(#[$doc:meta])* $name:ident = $file:literal;)*) => {
        $($(#[$doc])* pub static $name: [u8; include_bytes!($file).len()] = *include_bytes!($file);)*
    };
}

files! {
    ASTRONAUT = "astronaut.jpg";
    CHELSEA = "chelsea.jpg";
    COFFEE = "coffee.jpg";
    ROCKET = "rocket.jpg";
    EMBERS = "embers.jpg";
    MOSAIC = "mosaic.jpg";
    SWIRL = "swirl.jpg";
    WOODCUT = "woodcut.jpg";
    /// The program's icon, a PNG of 128 by 128 pixels.
    ICON = "desktop/icons/128.png";
}

/// Chelsea in Swirl by each preset, as JPEG files.
pub mod presets {
    files! {
        BOLD = "presets/bold.jpg";
        CLASSIC = "presets/classic.jpg";
        FAITHFUL = "presets/faithful.jpg";
        PAINTERLY = "presets/painterly.jpg";
        PAPER = "presets/paper.jpg";
        TEXTURE = "presets/texture.jpg";
    }
}

/// The program's name among those of the desktop, in reverse-DNS notation: of its windows, its desktop file
/// and its icon. `assets/desktop` is installed under the same name.
pub const APP_ID: &str = include_str!("desktop/app-id").trim_ascii();

/// Every crate that a build may hold, on any system, with its licence and its holders. `tests/notices.py`
/// writes the file.
pub const THIRD_PARTY: &str = include_str!("third-party.txt");
