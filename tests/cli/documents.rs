//! The documents say what is so: flags, files, links, and the tests that prove the promises.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use crate::environment::impasto;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files below a folder with this extension.
fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut folders = vec![root().join(folder)];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found
}

/// The pages for readers.
fn pages() -> Vec<PathBuf> {
    let own = fs::read_dir(root()).unwrap().flatten().map(|entry| entry.path());
    let own = own.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    own.chain(files("src", "md")).chain(files("assets", "md")).collect()
}

/// What stands between backticks in a page.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| line.split('`').skip(1).step_by(2))
}

/// A command and those below it, with their help. What only leads to others has no flags of its own.
fn commands(name: &str) -> Vec<(String, String)> {
    let output = impasto().args(name.split_whitespace()).arg("-h").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let below = help.split("\nCommands:\n").nth(1).unwrap_or_default();
    let below = below.lines().take_while(|line| !line.is_empty());
    let below = below.filter_map(|line| line.split_whitespace().next()).filter(|word| *word != "help");
    let mut all: Vec<_> = below.flat_map(|word| commands(format!("{name} {word}").trim())).collect();
    if all.is_empty() || name.is_empty() {
        all.push((name.to_owned(), help));
    }
    all
}

#[test]
fn the_reference_has_every_flag_and_no_other() {
    let page = read("assets/guide/reference.md");
    let sections: Vec<&str> = page.split("\n### ").collect();
    let section = |name: &str| {
        let section = sections.iter().find(|section| section.starts_with(name));
        *section.unwrap_or_else(|| panic!("the page has no section {name}"))
    };
    let flags = |text: &str| -> BTreeSet<String> {
        let words = text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '-'));
        let is_flag = |word: &&str| {
            word.strip_prefix("--")
                .is_some_and(|name| name.starts_with(|first: char| first.is_ascii_lowercase()))
        };
        words.filter(is_flag).map(str::to_owned).collect()
    };
    // Flags stand at the beginnings of their lines.
    let listed = |text: &str| {
        text.lines().filter_map(|line| line.trim_start_matches(['|', ' ', '`']).split('`').next()).fold(
            BTreeSet::new(),
            |mut all, line| {
                if line.starts_with('-') {
                    all.extend(flags(line));
                }
                all
            },
        )
    };
    for (command, help) in commands("") {
        let expected: BTreeSet<String> = help
            .lines()
            .filter(|line| line.trim_start().starts_with('-'))
            .flat_map(|line| flags(line.trim_start().split("  ").next().unwrap()))
            .filter(|flag| !["--help", "--version"].contains(&flag.as_str()))
            .collect();
        let name = format!("`impasto {command}").trim_end().to_owned() + "`";
        let mut found = listed(section(&name));
        if help.contains("\nSettings") {
            found.extend(listed(section("Settings")));
        }
        assert_eq!(found, expected, "impasto {command}: run assets/guide/reference.py");
    }
}

#[test]
fn every_link_leads_somewhere() {
    let mut count = 0;
    let mut missing = Vec::new();
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        let links = text.split("](").skip(1).filter_map(|rest| rest.split([')', ' ', '#']).next());
        let pictures = text.split("src=\"").skip(1).filter_map(|rest| rest.split('"').next());
        for link in links.chain(pictures) {
            let is_elsewhere = link.is_empty() || link.contains("://") || link.starts_with("mailto:");
            if !is_elsewhere && !page.parent().unwrap().join(link).exists() {
                missing.push(format!("{}: {link}", page.display()));
            }
            count += 1;
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(count > 40, "{count}");
}

#[test]
fn every_promise_has_its_test() {
    let code = [files("src", "rs"), files("tests", "rs")].concat();
    let code: String = code.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    let page = read("assets/guide/promises.md");
    let mut count = 0;
    let mut missing = Vec::new();
    for row in page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| promise")) {
        let tests = row.trim_end_matches([' ', '|']).rsplit(" | ").next().unwrap();
        assert!(quoted(tests).next().is_some(), "no test is named: {row}");
        for test in quoted(tests) {
            if !code.contains(&format!("fn {test}(")) {
                missing.push(test);
            }
            count += 1;
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(count > 50, "{count}");
}

#[test]
fn every_file_on_the_map_exists() {
    let folders = fs::read_dir(root().join("src")).unwrap().flatten();
    let folders = folders.filter(|entry| entry.path().is_dir());
    let crates: BTreeSet<String> = folders.map(|entry| entry.file_name().into_string().unwrap()).collect();
    let mut count = 0;
    let mut missing = Vec::new();
    let pages = crates.iter().map(|name| format!("src/{name}/README.md"));
    for page in ["ARCHITECTURE.md", "CONTRIBUTING.md"].map(str::to_owned).into_iter().chain(pages) {
        let text = read(&page);
        // A crate's page names its own files from where it lies, or from its source.
        let folder = root().join(&page).parent().unwrap().to_owned();
        let below = if page.starts_with("src/") { page.trim_end_matches("README.md") } else { "src" };
        let code = files(below, "rs");
        for name in quoted(&text).filter(|word| word.ends_with(".rs") && !word.contains(['/', ' '])) {
            if !code.iter().any(|path| path.ends_with(name)) {
                missing.push(format!("{page}: {name}"));
            }
            count += 1;
        }
        for path in quoted(&text).filter(|word| word.contains('/') && !word.contains([' ', '*'])) {
            let (first, rest) = path.split_once('/').unwrap();
            let of_crate = root().join("src").join(first).join("src").join(rest);
            let places = match crates.contains(first) {
                true => vec![of_crate],
                false => vec![folder.join(path), folder.join("src").join(path), root().join(path)],
            };
            let is_file = crates.contains(first) || path.ends_with(".rs") || first == "tests";
            if !is_file && !folder.join("src").join(first).is_dir() {
                continue;
            }
            if !places.iter().any(|place| place.exists() || place.with_extension("rs").exists()) {
                missing.push(format!("{page}: {path}"));
            }
            count += 1;
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(count > 300, "{count}");
}

#[test]
fn only_remote_control_opens_a_socket() {
    let server = root().join("src/control/src/server.rs");
    let words = ["std::net", "UdpSocket", "TcpStream", "TcpListener", "ToSocketAddrs"];
    let mut found: Vec<PathBuf> = files("src", "rs");
    found.retain(|path| {
        let text = fs::read_to_string(path).unwrap();
        words.iter().any(|word| text.contains(word)) || text.contains("\n    net::")
    });
    assert_eq!(found, [server]);
}

/// A table's row and an address cannot be wrapped.
#[test]
fn comments_are_as_narrow_as_the_rules_say() {
    let page = read("CONTRIBUTING.md");
    let rule = page.split("**Comments** stay within ").nth(1).unwrap();
    let columns: usize = rule.split(' ').next().unwrap().parse().unwrap();
    let code = ["src", "tests", "assets", "weights"].map(|folder| files(folder, "rs")).concat();
    let mut count = 0;
    let mut wide = Vec::new();
    for path in code {
        let path = path.strip_prefix(root()).unwrap();
        // What a build has left there is not part of the tree.
        if path.iter().any(|part| part == "target") {
            continue;
        }
        for (index, line) in read(path).lines().enumerate() {
            let Some(comment) = line.trim_start().strip_prefix("//") else { continue };
            let is_row = comment.trim_start_matches(['/', '!', ' ']).starts_with('|');
            if line.chars().count() > columns && !is_row && !comment.contains("://") {
                wide.push(format!("{}:{}", path.display(), index + 1));
            }
            count += 1;
        }
    }
    assert!(wide.is_empty(), "{wide:#?}");
    assert!(count > 5000, "{count}");
}
