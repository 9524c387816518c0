//! The crates can be published: nothing that they embed is left behind, and each says what a registry asks for.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The folders of the workspace's published crates, with their manifests.
fn crates() -> Vec<(PathBuf, toml::Table)> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        if let Ok(manifest) = fs::read_to_string(folder.join("Cargo.toml")) {
            found.push((folder.clone(), manifest.parse::<toml::Table>().unwrap()));
        }
        let entries = fs::read_dir(&folder).unwrap().flatten().map(|entry| entry.path());
        let is_ours = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            path.is_dir() && !name.starts_with('.') && !["target", "tests"].contains(&&*name)
        };
        folders.extend(entries.filter(is_ours));
    }
    found
}

/// The Rust files below a folder, without those of crates within.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut folders = vec![folder.to_owned()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(&folder).unwrap().flatten().map(|entry| entry.path()) {
            if path.is_dir() && !path.join("Cargo.toml").exists() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found
}

#[test]
fn what_a_crate_embeds_lies_within_it() {
    let crates = crates();
    assert!(crates.len() >= 13, "{}", crates.len());
    let mut count = 0;
    let mut outside = Vec::new();
    for (folder, manifest) in &crates {
        // The program's own package is its one file; the others are crates within its folder.
        let folder = if manifest.contains_key("workspace") { folder.join("src") } else { folder.clone() };
        for path in sources(&folder) {
            let text = fs::read_to_string(&path).unwrap();
            for embedded in text.split("include_").skip(1) {
                if !embedded.starts_with("bytes!") && !embedded.starts_with("str!") {
                    continue;
                }
                let embedded = embedded.split(';').next().unwrap();
                if embedded.contains("..") {
                    outside.push(format!("{}: include_{embedded}", path.display()));
                }
                count += 1;
            }
        }
    }
    assert!(outside.is_empty(), "{outside:#?}");
    assert!(count > 5, "{count}");
    let assets = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/lib.rs")).unwrap();
    assert!(!assets.contains("\"../"));
}

#[test]
fn every_crate_says_what_a_registry_asks_for() {
    for (folder, manifest) in crates() {
        let package = manifest["package"].as_table().unwrap();
        for key in ["name", "description", "license", "repository", "rust-version", "version"] {
            assert!(package.contains_key(key), "{}: {key}", folder.display());
        }
        let readme = package.get("readme").and_then(toml::Value::as_str).unwrap_or("README.md");
        assert!(folder.join(readme).exists(), "{}: {readme}", folder.display());
        let description = package["description"].as_str().unwrap();
        assert!(description.ends_with('.'), "{description}");
    }
}
