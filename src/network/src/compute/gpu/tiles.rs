//! Choice of each convolution's tile on an adapter: measured at the first use of a size, cached in the user's
//! cache folder. Convolutions that have not been measured get a tile by rule.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use burn::tensor::Device as TensorDevice;

use super::{convolution::Tile, convolution_size::ConvolutionSize, features::Storage, tile_store};

/// Workgroups that keep a large device busy: the rule chooses a smaller tile if a larger one gives fewer.
const BUSY: usize = 256;
/// Maximum time of another tile relative to the rule's: smaller gains are noise.
const WORTH: f64 = 0.97;
/// Time after which no further comparison begins.
const LIMIT: Duration = Duration::from_millis(120);

/// Opened adapters, with a name that identifies the adapter, its driver and this program's version.
static NAMES: Mutex<Vec<(TensorDevice, String)>> = Mutex::new(Vec::new());

/// Set the name under which a device's tiles are stored.
pub fn name_device(device: &TensorDevice, name: String) {
    NAMES.lock().unwrap_or_else(PoisonError::into_inner).push((device.clone(), name));
}

/// The tiles of an adapter.
pub struct Tiles {
    /// `None`: nothing is stored.
    name: Option<String>,
    known: BTreeMap<ConvolutionSize, Tile>,
    /// Tiles for matrix units, if any, from large to small.
    matrix: &'static [Tile],
}

/// The largest tile that keeps a device busy, on matrix units if there are any.
fn by_rule((shape, outputs): ConvolutionSize, matrix: &[Tile]) -> Tile {
    let groups = |tile: &Tile| {
        let (x, y, z) = tile.groups(shape.height, shape.width, outputs);
        x * y * z
    };
    let [.., smallest_plain] = Tile::PLAIN;
    let (tiles, smallest) = match matrix {
        [.., smallest] => (matrix, *smallest),
        [] => (&Tile::PLAIN[..], smallest_plain),
    };
    tiles.iter().copied().find(|tile| groups(tile) >= BUSY).unwrap_or(smallest)
}

impl Tiles {
    /// The stored tiles of this device with this storage format, and these tiles for matrix units.
    pub fn of(device: &TensorDevice, stored: Storage, matrix: &'static [Tile]) -> Self {
        let names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
        let kind = match stored {
            Storage::Full => "",
            Storage::Half if !matrix.is_empty() => ", half on matrix units",
            Storage::Half => ", half",
        };
        let name = names.iter().find(|(named, _)| named == device).map(|(_, name)| format!("{name}{kind}"));
        let mut known = match (&name, tile_store::folder()) {
            (Some(name), Some(folder)) => tile_store::load(&folder, name),
            _ => BTreeMap::new(),
        };
        known.retain(|_, tile| !tile.matrix || matrix.contains(tile));
        Self { name, known, matrix }
    }

    /// The tile for a convolution, and whether it was measured.
    pub fn get(&self, work: ConvolutionSize) -> (Tile, bool) {
        match self.known.get(&work) {
            Some(tile) => (*tile, true),
            None => (self.rule(work), false),
        }
    }

    /// Don't choose matrix units by rule if they were slower for most measured convolutions.
    fn rule(&self, work: ConvolutionSize) -> Tile {
        let on_units = self.known.values().filter(|tile| tile.matrix).count();
        by_rule(work, if 2 * on_units >= self.known.len() { self.matrix } else { &[] })
    }

    /// Measure unknown convolutions within the time limit, and store the results. `seconds` measures a
    /// convolution with a tile.
    pub fn measure(&mut self, wanted: &[ConvolutionSize], seconds: impl FnMut(ConvolutionSize, Tile) -> f64) {
        let before = self.known.len();
        self.compare(wanted, LIMIT, seconds);
        if self.known.len() > before
            && let (Some(name), Some(folder)) = (&self.name, tile_store::folder())
        {
            self.remember(&folder, name);
        }
    }

    fn remember(&self, folder: &Path, name: &str) {
        if let Err(error) = tile_store::save(folder, name, &self.known) {
            tracing::debug!("measured tiles are not remembered: {error}");
        }
    }

    fn compare(
        &mut self,
        wanted: &[ConvolutionSize],
        limit: Duration,
        mut seconds: impl FnMut(ConvolutionSize, Tile) -> f64,
    ) {
        let began = Instant::now();
        for &work in wanted {
            if self.known.contains_key(&work) {
                continue;
            }
            if began.elapsed() >= limit {
                return;
            }
            let rule = self.rule(work);
            let mut best = (f64::INFINITY, rule);
            for tile in self.matrix.iter().copied().chain(Tile::PLAIN) {
                let handicap = if tile == rule { WORTH } else { 1.0 };
                let time = seconds(work, tile) * handicap;
                if time < best.0 {
                    best = (time, tile);
                }
            }
            self.known.insert(work, best.1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compute::shape::Shape;

    fn work(height: usize, width: usize, channels: usize, outputs: usize) -> ConvolutionSize {
        (Shape { height, width, channels }, outputs)
    }

    fn nothing() -> Tiles {
        Tiles { name: None, known: BTreeMap::new(), matrix: &[] }
    }

    #[test]
    fn the_fastest_tile_wins_and_ties_keep_the_rules() {
        let (large, small) = (work(512, 512, 64, 64), work(32, 32, 512, 512));
        let [first, second, third] = Tile::PLAIN;
        assert_eq!((by_rule(large, &[]), by_rule(small, &[])), (first, third));
        let mut tiles = nothing();
        tiles.compare(&[large, small, large], Duration::from_secs(60), |asked, tile| {
            match (asked == large, tile) {
                (true, tile) if tile == second => 0.5,
                (true, _) => 1.0,
                // Barely faster than the rule's.
                (false, tile) if tile == first => 0.99,
                (false, _) => 1.0,
            }
        });
        assert_eq!((tiles.get(large), tiles.get(small)), ((second, true), (third, true)));
        assert_eq!(tiles.get(work(9, 9, 64, 64)), (third, false));
    }

    #[test]
    fn known_tiles_are_not_measured_again_and_the_rule_applies_after_the_limit() {
        let work = work(64, 64, 128, 128);
        let mut tiles = nothing();
        let mut asked = 0;
        tiles.compare(&[work], Duration::ZERO, |_, _| {
            asked += 1;
            1.0
        });
        assert_eq!((asked, tiles.get(work)), (0, (by_rule(work, &[]), false)));
        for _ in 0..2 {
            tiles.compare(&[work], Duration::from_secs(60), |_, _| {
                asked += 1;
                1.0
            });
        }
        assert_eq!(asked, Tile::PLAIN.len());
    }

    #[test]
    fn matrix_units_are_the_default_and_faster_tiles_win() {
        let (large, small) = (work(512, 512, 64, 64), work(32, 32, 512, 512));
        let [first, .., last] = Tile::MATRIX;
        let mut tiles = Tiles { matrix: &Tile::MATRIX, ..nothing() };
        assert_eq!((tiles.get(large), tiles.get(small)), ((first, false), (last, false)));
        let mut asked = Vec::new();
        tiles.compare(&[large, small], Duration::from_secs(60), |work, tile| {
            asked.push(tile);
            // Matrix units are faster for the large convolution only.
            if tile.matrix == (work == large) { 0.5 } else { 1.0 }
        });
        assert_eq!(asked.len(), 2 * (Tile::MATRIX.len() + Tile::PLAIN.len()));
        assert_eq!((tiles.get(large), tiles.get(small)), ((first, true), (Tile::PLAIN[0], true)));
        // Matrix units lose the majority here, so unknown convolutions don't use them.
        assert_eq!(tiles.get(work(30, 30, 512, 512)), (last, false));
        tiles.compare(&[work(31, 31, 512, 512)], Duration::from_secs(60), |_, tile| {
            if tile.matrix { 1.0 } else { 0.5 }
        });
        assert_eq!(tiles.get(work(30, 30, 512, 512)), (Tile::PLAIN[2], false));
    }
}
