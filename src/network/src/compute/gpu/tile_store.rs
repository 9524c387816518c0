//! Persist measured tiles between runs of the program: a small JSON file in the user's cache folder.

use std::{
    collections::BTreeMap,
    io::Error,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use serde::{Deserialize, Serialize};

use super::{convolution::Tile, convolution_size::ConvolutionSize};
use crate::compute::shape::Shape;
use impasto_base::{files, paths};

const FILE: &str = "tiles.json";
/// Maximum convolutions stored per adapter: those of some dozen sizes.
const MAX: usize = 1000;

/// The file's contents: for each adapter, driver and version, `height x width inputs > outputs` and the tile.
#[derive(Default, Serialize, Deserialize)]
#[serde(transparent)]
struct TileFile(BTreeMap<String, BTreeMap<String, String>>);

/// Override of the user's cache folder.
static FOLDER_OVERRIDE: OnceLock<PathBuf> = OnceLock::new();

/// Store this process's measured tiles in this folder instead of the user's. Only the first call has an
/// effect.
pub fn set_tile_folder(folder: PathBuf) {
    let _ = FOLDER_OVERRIDE.set(folder);
}

/// The user's cache folder for this program; `None` if there is none.
pub fn folder() -> Option<PathBuf> {
    let default_folder = || paths::config_folder().map(|folder| paths::cache_folder(&folder));
    FOLDER_OVERRIDE.get().cloned().or_else(default_folder)
}

fn read(folder: &Path) -> TileFile {
    let Ok(text) = std::fs::read_to_string(folder.join(FILE)) else { return TileFile::default() };
    serde_json::from_str(&text).unwrap_or_else(|error| {
        tracing::debug!("{FILE} in the cache folder is not used: {error}");
        TileFile::default()
    })
}

/// Load an adapter's tiles. Invalid convolutions and unknown tiles are dropped.
pub fn load(folder: &Path, adapter: &str) -> BTreeMap<ConvolutionSize, Tile> {
    let mut stored = read(folder).0.remove(adapter).unwrap_or_default();
    if stored.len() > MAX {
        stored.clear();
    }
    stored.iter().filter_map(|(work, tile)| Some((parse_size(work)?, parse_tile(tile)?))).collect()
}

/// Save the tiles of an adapter; those of others stay.
pub fn save(folder: &Path, adapter: &str, known: &BTreeMap<ConvolutionSize, Tile>) -> Result<(), Error> {
    let mut stored = read(folder);
    let texts = known.iter().take(MAX).map(|(work, tile)| (size_text(*work), tile_text(*tile)));
    stored.0.insert(adapter.to_owned(), texts.collect());
    std::fs::create_dir_all(folder)?;
    files::write_cache(&folder.join(FILE), &serde_json::to_vec_pretty(&stored)?)
}

fn size_text((shape, outputs): ConvolutionSize) -> String {
    format!("{}x{} {}>{outputs}", shape.height, shape.width, shape.channels)
}

fn parse_size(text: &str) -> Option<ConvolutionSize> {
    let (picture, channels) = text.split_once(' ')?;
    let ((height, width), (inputs, outputs)) = (picture.split_once('x')?, channels.split_once('>')?);
    let number = |text: &str| text.parse().ok().filter(|&number: &usize| number > 0);
    let shape = Shape { height: number(height)?, width: number(width)?, channels: number(inputs)? };
    Some((shape, number(outputs)?))
}

/// A tile's text, in the file and for display.
pub fn tile_text(tile: Tile) -> String {
    let how = if tile.matrix { " matrix units" } else { "" };
    format!("{}x{}{how}", tile.rows, tile.columns)
}

fn parse_tile(text: &str) -> Option<Tile> {
    Tile::PLAIN.into_iter().chain(Tile::MATRIX).find(|&tile| tile_text(tile) == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> BTreeMap<ConvolutionSize, Tile> {
        let shape = |height, width, channels| Shape { height, width, channels };
        let [large, .., small] = Tile::PLAIN;
        let on_units = Tile::MATRIX[1];
        let of = [(shape(128, 96, 64), 64), (shape(16, 12, 512), 512), (shape(32, 32, 512), 512)];
        of.into_iter().zip([large, small, on_units]).collect()
    }

    #[test]
    fn tiles_come_back_for_the_adapter_that_they_were_measured_on() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("not there yet");
        assert!(load(&below, "a card").is_empty());
        save(&below, "a card", &known()).unwrap();
        save(&below, "another card", &BTreeMap::new()).unwrap();
        assert_eq!(load(&below, "a card"), known());
        assert!(load(&below, "another card").is_empty() && load(&below, "a card, new driver").is_empty());
    }

    #[test]
    fn invalid_entries_are_ignored() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE);
        std::fs::write(&file, "{ broken").unwrap();
        assert!(load(folder.path(), "a card").is_empty());
        let entries = r#"{"a card": {"128x96 64>64": "8x16", "128x96 64>128": "7x3", "0x96 64>64": "8x16",
            "sixteen": "8x16", "16x12 512>512": "4x8", "32x32 512>512": "8x16 matrix units"}}"#;
        std::fs::write(&file, entries).unwrap();
        assert_eq!(load(folder.path(), "a card"), known());
        // A valid file replaces it.
        std::fs::write(&file, "[]").unwrap();
        save(folder.path(), "a card", &known()).unwrap();
        assert_eq!(load(folder.path(), "a card"), known());
    }
}
