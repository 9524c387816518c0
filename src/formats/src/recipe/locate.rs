//! Finding the files that a recipe's settings name without a folder: weights and the initial image.

use std::path::{Component, Path, PathBuf};

use serde_json::Value;

use super::{Recipe, has_hash};
use crate::{known::KnownFiles, trust::Trust};
use impasto_base::{files::folder_of, hash::Sha256Hash, text};
use impasto_core::settings::{Init, Settings};
use impasto_network::vgg::MAX_WEIGHTS_BYTES;

/// Find the files beside the recipe's file, or among those that the user opened before; returns notices for
/// the user. One that has the recorded hash may be opened from now on.
pub fn locate(recipe: &mut Recipe, file: &Path, known: &KnownFiles, trust: &mut Trust) -> Vec<String> {
    let mut search = Search {
        folder: folder_of(file),
        known,
        weights: recipe.settings.weights.clone().zip(recipe.network.sha256.parse().ok()),
        initials: recipe
            .passes
            .iter()
            .filter_map(|pass| pass.initial.as_ref())
            .map(|initial| (PathBuf::from(&initial.name), initial.sha256))
            .collect(),
        found: Vec::new(),
        remarks: Vec::new(),
    };
    search.locate_in(&mut recipe.settings);
    for pass in &mut recipe.passes {
        search.locate_in(&mut pass.settings);
        for change in &mut pass.changes {
            let Some(Ok(Init::File(path))) =
                change.settings.get("init").and_then(Value::as_str).map(str::parse)
            else {
                continue;
            };
            if !is_bare(&path) {
                continue;
            }
            // It takes effect at the next start only, so it is left out if it is not found.
            match search.initial(&path) {
                Some(found) => {
                    change.settings.insert("init".to_owned(), Init::File(found).to_string().into());
                }
                None => drop(change.settings.remove("init")),
            }
        }
    }
    search.found.iter().for_each(|path| trust.choose(path));
    search.remarks.dedup();
    search.remarks
}

struct Search<'a> {
    folder: &'a Path,
    known: &'a KnownFiles,
    /// The weights by their name, and their hash.
    weights: Option<(PathBuf, Sha256Hash)>,
    initials: Vec<(PathBuf, Sha256Hash)>,
    /// Files with the recorded hashes.
    found: Vec<PathBuf>,
    remarks: Vec<String>,
}

impl Search<'_> {
    fn locate_in(&mut self, settings: &mut Settings) {
        if let Some(name) = settings.weights.clone().filter(|name| is_bare(name)) {
            let hash = self.weights.as_ref().filter(|(known, _)| *known == name).map(|&(_, hash)| hash);
            settings.weights = Some(self.find(&name, hash).unwrap_or(name));
        }
        if let Init::File(name) = &settings.init
            && is_bare(name)
            && let Some(path) = self.initial(&name.clone())
        {
            settings.init = Init::File(path);
        }
    }

    fn initial(&mut self, name: &Path) -> Option<PathBuf> {
        let hash = self.initials.iter().find(|(known, _)| known == name).map(|&(_, hash)| hash);
        self.find(name, hash)
    }

    fn find(&mut self, name: &Path, hash: Option<Sha256Hash>) -> Option<PathBuf> {
        let beside = self.folder.join(name);
        if let Some(hash) = hash {
            let same = has_hash(&beside, &hash, MAX_WEIGHTS_BYTES).then(|| beside.clone());
            if let Some(path) = same.or_else(|| self.known.find(&hash)) {
                self.found.push(path.clone());
                return Some(path);
            }
        }
        if !beside.is_file() {
            return None;
        }
        if hash.is_some() {
            let name = text::display_name(&name.to_string_lossy());
            self.remarks.push(format!("{name} has changed since the recipe was written"));
        }
        Some(beside)
    }
}

/// Whether a path is a file's name without a folder.
pub fn is_bare(path: &Path) -> bool {
    let mut components = path.components();
    matches!((components.next(), components.next()), (Some(Component::Normal(_)), None))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::recipe::tests::recipe;
    use impasto_core::run::{Change, SourceRecord};

    fn named(recipe: &Recipe) -> (Option<&Path>, &Init) {
        (recipe.settings.weights.as_deref(), &recipe.settings.init)
    }

    #[test]
    fn names_are_found_beside_the_recipe_or_where_the_user_opened_them_before() {
        let home = tempfile::tempdir().unwrap();
        let path = |name: &str| home.path().join(name);
        for folder in ["mine", "got"] {
            fs::create_dir(path(folder)).unwrap();
        }
        fs::write(path("mine/vgg.pth"), "network").unwrap();
        fs::write(path("mine/start.png"), "start").unwrap();
        let known = KnownFiles::in_cache(&path("cache"));
        let hash = Sha256Hash::of;
        let mut written = recipe();
        written.network.sha256 = hash(b"network").to_string();
        let initial =
            SourceRecord { name: "start.png".into(), sha256: hash(b"start"), ..written.content().clone() };
        let init = Init::File("start.png".into());
        let pass = &mut written.passes[0];
        pass.initial = Some(initial);
        let changed = [("init".to_owned(), init.to_string().into())].into_iter().collect();
        pass.changes = vec![Change { step: 1, settings: changed, ..Change::default() }];
        for settings in [&mut pass.settings, &mut written.settings] {
            (settings.weights, settings.init) = (Some("vgg.pth".into()), init.clone());
        }
        let file = path("got/recipe.png");
        let locate = |known: &KnownFiles| {
            let (mut recipe, mut trust) = (written.clone(), Trust::beside(&file, &Settings::default()));
            let remarks = super::locate(&mut recipe, &file, known, &mut trust);
            (recipe, trust, remarks)
        };
        // Known nowhere: left as it is, and may not be opened.
        let (recipe, trust, remarks) = locate(&known);
        assert_eq!((named(&recipe), remarks.len()), (named(&written), 0));
        assert!(recipe.passes[0].changes[0].settings.is_empty());
        assert_eq!(trust.refused(&recipe.settings).count(), 2);
        // Opened before, with the same hash.
        known.add(&path("mine/vgg.pth"), &hash(b"network"));
        known.add(&path("mine/start.png"), &hash(b"start"));
        let (recipe, trust, remarks) = locate(&known);
        let found = (Some(path("mine/vgg.pth")), Init::File(path("mine/start.png")));
        assert_eq!(named(&recipe), (found.0.as_deref(), &found.1));
        assert_eq!(recipe.passes[0].settings.init, found.1);
        assert_eq!(recipe.passes[0].changes[0].settings["init"], found.1.to_string());
        assert!(trust.refused(&recipe.settings).next().is_none() && remarks.is_empty());
        // Another file of the name counts only beside the recipe, and is told.
        fs::write(path("mine/start.png"), "changed").unwrap();
        assert_eq!(named(&locate(&known).0).1, &init);
        fs::write(path("got/start.png"), "changed").unwrap();
        let (recipe, _, remarks) = locate(&known);
        assert_eq!(named(&recipe).1, &Init::File(path("got/start.png")));
        assert_eq!(remarks, ["start.png has changed since the recipe was written"]);
        // A recipe cannot have other names looked for.
        written.settings.weights = Some("start.png".into());
        written.settings.init = Init::File("../mine/vgg.pth".into());
        let mut hostile = written.clone();
        let mut trust = Trust::beside(&file, &Settings::default());
        super::locate(&mut hostile, &file, &KnownFiles::default(), &mut trust);
        assert_eq!(named(&hostile).1, &written.settings.init);
        assert!(!trust.allows(&path("got/../mine/vgg.pth")));
    }
}
