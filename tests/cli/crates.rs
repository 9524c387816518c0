//! The crates can be published: nothing that they embed is left behind, and each says what a registry asks
//! for.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The folders of a workspace's published crates, with their manifests: its own package and its members.
/// Other folders, such as one of vendored crates, do not belong to it.
fn crates(root: &Path) -> Vec<(PathBuf, toml::Table)> {
    let manifest = |folder: &Path| -> Option<toml::Table> {
        let text = fs::read_to_string(folder.join("Cargo.toml")).ok()?;
        Some(text.parse().unwrap())
    };
    let own = manifest(root).unwrap();
    let mut folders = Vec::new();
    for member in own["workspace"]["members"].as_array().unwrap() {
        let member = member.as_str().unwrap();
        match member.strip_suffix("/*") {
            Some(parent) => {
                let entries = fs::read_dir(root.join(parent)).unwrap().flatten().map(|entry| entry.path());
                folders.extend(entries.filter(|path| path.join("Cargo.toml").exists()));
            }
            None => folders.push(root.join(member)),
        }
    }
    // Those of tests are not published.
    folders.retain(|folder| !folder.starts_with(root.join("tests")));
    let members = folders.into_iter().map(|folder| {
        let manifest = manifest(&folder).unwrap();
        (folder, manifest)
    });
    let members: Vec<_> = members.collect();
    [(root.to_owned(), own)].into_iter().chain(members).collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
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
    let crates = crates(root());
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
    let assets = fs::read_to_string(root().join("assets/lib.rs")).unwrap();
    assert!(!assets.contains("\"../"));
}

#[test]
fn every_crate_says_what_a_registry_asks_for() {
    for (folder, manifest) in crates(root()) {
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

#[test]
fn vendored_crates_are_none_of_the_workspace() {
    let folder = tempfile::tempdir().unwrap();
    let put = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    put("Cargo.toml", "[workspace]\nmembers = [\"assets\", \"src/*\", \"tests/support\"]\n");
    for own in ["assets", "src/base", "src/core", "tests/support"] {
        put(&format!("{own}/Cargo.toml"), "[package]\n");
    }
    put("src/main.rs", "");
    // Of others, whose manifests are as old as they are.
    put("vendor/old/Cargo.toml", "[project]\n");
    put("vendor/broken/Cargo.toml", "not a table");
    let mut found: Vec<_> = crates(folder.path()).into_iter().map(|(folder, _)| folder).collect();
    found.sort();
    let wanted = ["", "assets", "src/base", "src/core"];
    assert_eq!(found, wanted.map(|path| folder.path().join(path).components().collect::<PathBuf>()));
}

#[test]
fn a_build_without_the_weights_says_which_file_it_needs_and_where() {
    for part in ["block-5", "blocks-1-4"] {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join(format!("script{}", env::consts::EXE_SUFFIX));
        let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let source = root().join("weights").join(part).join("build.rs");
        let built = Command::new(rustc).args(["--edition", "2024", "-o"]).args([&script, &source]).output();
        let built = built.unwrap();
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        // As cargo vendors it: what is beside the crate in the repository is not there.
        let vendored = folder.path().join("vendor").join(part);
        fs::create_dir_all(&vendored).unwrap();
        let run = || {
            let mut command = Command::new(&script);
            command.env("CARGO_MANIFEST_DIR", &vendored).env("OUT_DIR", folder.path());
            let output = command.output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap()
        };
        let beside = folder.path().join("vendor/vgg19.safetensors");
        let told = run();
        let where_to = format!("weights/vgg19.safetensors of Impasto's repository to {}", beside.display());
        assert!(told.starts_with("cargo::error=") && told.contains(&where_to), "{told}");
        fs::copy(root().join("weights/vgg19.safetensors"), &beside).unwrap();
        let told = run();
        assert!(!told.contains("cargo::error") && told.contains("cargo::rustc-env=PART="), "{told}");
    }
}
