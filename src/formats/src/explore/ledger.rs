//! The list of a batch's finished paintings and their recipes: a file beside them.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use impasto_base::{files, hash::Sha256Hash};
use impasto_core::{
    settings::{Settings, StyleMix},
    transfer::Inputs,
};

const FILE: &str = ".impasto-batch.json";
/// Locked while the list is written.
const LOCK: &str = ".impasto-batch.lock";
/// Maximum wait for another batch that writes the list.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// The recipe hashes of the paintings in a folder, by file name.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Ledger {
    #[serde(skip)]
    path: PathBuf,
    painted: BTreeMap<String, String>,
}

/// SHA-256 of everything that a painting depends on: the pictures' hashes, those of masks included, the mix of
/// the styles, the settings, the weights file. What a painting does without is left out, so that the lists of
/// earlier batches remain valid.
pub fn recipe_hash(inputs: &Inputs, settings: &Settings) -> String {
    // The preview interval does not change the picture.
    let settings = Settings { preview_every: 0, ..settings.clone() };
    let mut parts = vec![inputs.content.sha256.to_string()];
    for style in &inputs.styles {
        parts.push(style.picture.sha256.to_string());
        if inputs.styles.len() > 1 || style.mix != StyleMix::default() {
            parts.push(serde_json::to_string(&style.mix).unwrap_or_default());
        }
    }
    let mut text = serde_json::to_string(&settings).unwrap_or_default();
    if inputs.content.alpha.is_none() || !settings.keeps_transparency() {
        text = text.replacen(&format!("\"transparency\":\"{}\",", settings.transparency), "", 1);
    }
    parts.push(text);
    parts.extend(inputs.masks.iter().map(|mask| mask.sha256.to_string()));
    let pieces =
        parts.into_iter().flat_map(|part| [(part.len() as u64).to_le_bytes().to_vec(), part.into_bytes()]);
    Sha256Hash::of_pieces(pieces).to_string()
}

impl Ledger {
    /// Read the list of a folder; empty if there is none yet.
    ///
    /// # Errors
    ///
    /// If the list exists and cannot be read.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let path = folder.join(FILE);
        let painted = read(&path)?;
        Ok(Self { path, painted })
    }

    /// Whether a file exists and was painted by this recipe.
    pub fn has(&self, output: &Path, recipe: &str) -> bool {
        output.is_file() && self.painted.get(&name(output)).is_some_and(|known| known == recipe)
    }

    /// Like [`Ledger::has`], also for a numbered file such as `name-2.png`, which is written if the name was
    /// taken.
    pub fn has_numbered(&self, output: &Path, recipe: &str) -> bool {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let stem = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let wanted = stem(output);
        self.painted.iter().filter(|(_, known)| *known == recipe).any(|(known, _)| {
            let path = folder.join(known);
            let stem = stem(&path);
            let rest = stem.strip_prefix(&wanted);
            let number = rest.and_then(|rest| rest.strip_prefix('-')).map(|rest| rest.parse::<u32>().is_ok());
            (rest == Some("") || number == Some(true))
                && path.extension() == output.extension()
                && path.is_file()
        })
    }

    /// Record a painting, also on the disk. Entries of other batches are kept.
    ///
    /// # Errors
    ///
    /// If the list on the disk cannot be read or written.
    pub fn record(&mut self, output: &Path, recipe: String) -> io::Result<()> {
        let _lock = lock(&self.path.with_file_name(LOCK))?;
        self.painted.extend(read(&self.path)?);
        self.painted.insert(name(output), recipe);
        self.write()
    }

    /// Remove the entry of a file that no recipe repeats, also on the disk.
    ///
    /// # Errors
    ///
    /// If the list on the disk cannot be read or written.
    pub fn forget(&mut self, output: &Path) -> io::Result<()> {
        let _lock = lock(&self.path.with_file_name(LOCK))?;
        self.painted.extend(read(&self.path)?);
        match self.painted.remove(&name(output)) {
            Some(_) => self.write(),
            None => Ok(()),
        }
    }

    fn write(&self) -> io::Result<()> {
        files::write_atomic_shared(&self.path, &serde_json::to_vec_pretty(self).map_err(io::Error::other)?)
    }
}

fn read(path: &Path) -> io::Result<BTreeMap<String, String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(serde_json::from_str::<Ledger>(&text).map_err(io::Error::other)?.painted),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(error) => Err(error),
    }
}

/// Lock out other batches. Continue without a lock if the file system has none or the other batch hangs: a
/// lost entry only costs painting that picture again.
fn lock(path: &Path) -> io::Result<File> {
    let file = File::create(path)?;
    let began = Instant::now();
    while matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock)) && began.elapsed() < LOCK_TIMEOUT {
        thread::sleep(Duration::from_millis(5));
    }
    Ok(file)
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use impasto_core::{
        picture::Picture,
        settings::{Masks, Objective, Transparency},
        transfer::StyleSource,
    };

    use super::*;

    fn picture(shade: u8) -> Arc<Picture> {
        Arc::new(Picture::from_rgba("a", 16, 16, vec![shade; 4 * 16 * 16]).unwrap())
    }

    /// A content, and styles with their weights.
    fn inputs(content: u8, styles: &[(u8, f64)]) -> Inputs {
        let style = |&(shade, weight): &(u8, f64)| StyleSource {
            picture: picture(shade),
            mix: StyleMix { weight, ..StyleMix::default() },
        };
        Inputs::new(picture(content), styles.iter().map(style).collect())
    }

    #[test]
    fn the_recipe_is_that_of_earlier_lists_and_covers_the_mix() {
        let settings = Settings::default();
        // Those of the programs that knew neither transparency nor masks, of an opaque content and of one that
        // is flattened.
        let opaque = recipe_hash(&inputs(255, &[(2, 1.0)]), &settings);
        assert_eq!(opaque, "6b89c7f409d1c46abf5222c841984884bcb031d0678972e00f517ea00ea90207");
        let flatten = Settings { transparency: Transparency::Flatten, ..settings.clone() };
        let flat = recipe_hash(&inputs(1, &[(2, 1.0)]), &flatten);
        assert_eq!(flat, "a10ce5de0444f96183bb1af22c19eb7bd083a1f860d6999b7d6627ebe01bc45a");

        let mixes: [&[(u8, f64)]; 6] = [
            &[(2, 1.0)],
            &[(2, 0.5)],
            &[(2, 1.0), (3, 1.0)],
            &[(3, 1.0), (2, 1.0)],
            &[(2, 0.7), (3, 0.3)],
            &[(2, 0.3), (3, 0.7)],
        ];
        let mut scaled = inputs(1, mixes[4]);
        scaled.styles[0].mix.scale = 0.5;
        let hashes = mixes.iter().map(|mix| recipe_hash(&inputs(1, mix), &settings));
        let different: std::collections::BTreeSet<_> =
            hashes.chain([recipe_hash(&scaled, &settings)]).collect();
        assert_eq!(different.len(), mixes.len() + 1);
    }

    #[test]
    fn the_recipe_covers_transparency_where_it_is_kept_and_what_masks_show() {
        let flatten = Settings { transparency: Transparency::Flatten, ..Settings::default() };
        let hashes = |inputs: &Inputs| [&Settings::default(), &flatten].map(|how| recipe_hash(inputs, how));
        let opaque = inputs(255, &[(2, 1.0)]);
        let [kept, flat] = hashes(&opaque);
        assert_eq!(kept, flat);
        let glass = inputs(1, &[(2, 1.0)]);
        let [kept, flat] = hashes(&glass);
        assert_ne!(kept, flat);
        let classic = Settings::for_objective(Objective::Classic);
        let flat = Settings { transparency: Transparency::Flatten, ..classic.clone() };
        assert_eq!(recipe_hash(&glass, &classic), recipe_hash(&glass, &flat));

        let masks = Masks { style_map: Some("map.png".into()), ..Masks::default() };
        let settings = Settings { masks, ..Settings::default() };
        let masked = |shade: u8| Inputs { masks: vec![picture(shade)], ..opaque.clone() };
        assert_ne!(recipe_hash(&masked(3), &settings), recipe_hash(&masked(4), &settings));
    }

    #[test]
    fn a_painting_is_known_by_its_recipe_as_long_as_it_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("cat in wave.png");
        let settings = Settings::default();
        let (ab, ba) = (inputs(1, &[(2, 1.0)]), inputs(2, &[(1, 1.0)]));
        let recipe = recipe_hash(&ab, &settings);
        let mut ledger = Ledger::open(folder.path()).unwrap();
        ledger.record(&output, recipe.clone()).unwrap();
        assert!(!ledger.has(&output, &recipe), "there is no file");
        fs::write(&output, "x").unwrap();
        let ledger = Ledger::open(folder.path()).unwrap();
        assert!(ledger.has(&output, &recipe));
        for other in [
            recipe_hash(&ba, &settings),
            recipe_hash(&ab, &Settings { style_weight: 3.0, ..settings.clone() }),
        ] {
            assert!(!ledger.has(&output, &other));
        }
        // The same recipe in a numbered file, because its name was taken.
        let (taken, numbered) = (folder.path().join("dog.png"), folder.path().join("dog-2.png"));
        let mut ledger = ledger;
        for path in [&taken, &numbered] {
            fs::write(path, "x").unwrap();
        }
        ledger.record(&numbered, recipe.clone()).unwrap();
        assert!(!ledger.has(&taken, &recipe) && ledger.has_numbered(&taken, &recipe));
        assert!(
            ledger.has_numbered(&output, &recipe)
                && !ledger.has_numbered(&folder.path().join("do.png"), &recipe)
        );
        fs::remove_file(&numbered).unwrap();
        assert!(!ledger.has_numbered(&taken, &recipe));
        assert_eq!(recipe_hash(&ab, &Settings { preview_every: 9, ..settings }), recipe);
        fs::write(folder.path().join(FILE), "{").unwrap();
        assert!(Ledger::open(folder.path()).is_err());
    }

    #[test]
    fn batches_that_paint_into_one_folder_lose_no_entry() {
        let folder = tempfile::tempdir().unwrap();
        let path = |batch: u32, picture: u32| folder.path().join(format!("{batch}-{picture}.png"));
        std::thread::scope(|scope| {
            for batch in 0..4 {
                let (folder, path) = (&folder, &path);
                scope.spawn(move || {
                    let mut ledger = Ledger::open(folder.path()).unwrap();
                    for picture in 0..8 {
                        ledger.record(&path(batch, picture), format!("{picture}")).unwrap();
                    }
                });
            }
        });
        let ledger = Ledger::open(folder.path()).unwrap();
        assert_eq!(ledger.painted.len(), 32);
        // A picture that the other one has painted again has the new entry.
        let (mut one, mut other) = (ledger, Ledger::open(folder.path()).unwrap());
        fs::write(path(0, 0), "x").unwrap();
        other.record(&path(0, 0), "new".into()).unwrap();
        one.record(&path(1, 0), "new".into()).unwrap();
        let ledger = Ledger::open(folder.path()).unwrap();
        assert!(ledger.has(&path(0, 0), "new") && one.has(&path(0, 0), "new"));
    }
}
