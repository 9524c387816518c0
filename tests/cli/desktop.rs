//! What the program brings along for shells, manuals and desktops.

use std::{
    fs,
    io::{Cursor, Write as _},
    path::{Path, PathBuf},
    process::Output,
};

use image::{ImageFormat, Rgb, RgbImage};
use impasto_core::settings::Settings;
use impasto_formats::project::{Draft, Manifest, Project, SourceStorage};
use tempfile::TempDir;
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::{
    environment::{impasto, quiet},
    program::asset,
};

const COMMANDS: [&str; 12] = [
    "render",
    "grid",
    "batch",
    "farm",
    "timelapse",
    "layers",
    "devices",
    "bench",
    "weights",
    "notices",
    "completions",
    "man",
];

fn read(name: &str) -> String {
    fs::read_to_string(asset(name)).unwrap()
}

#[track_caller]
fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn each_shell_completes_every_command() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = printed(&impasto().args(["completions", shell]).output().unwrap());
        for word in COMMANDS.into_iter().chain(["style-weight", "recipe", "overwrite"]) {
            assert!(script.contains(word), "{shell} knows no {word}");
        }
        // The shell itself, where there is one, reads it without a complaint.
        let file = folder.path().join(shell);
        fs::write(&file, script).unwrap();
        if ["bash", "zsh", "fish"].contains(&shell)
            && let Ok(status) = quiet(shell).arg("-n").arg(&file).status()
        {
            assert!(status.success(), "{shell}");
        }
    }
    let unknown = impasto().args(["completions", "dos"]).output().unwrap();
    assert_eq!(unknown.status.code(), Some(2));
}

#[test]
fn every_command_has_a_manual_page() {
    let page = printed(&impasto().arg("man").output().unwrap());
    assert!(page.contains(".TH impasto 1") && page.contains("impasto\\-render(1)"), "{page}");
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("new/man1");
    assert!(printed(&impasto().arg("man").arg(&pages).output().unwrap()).is_empty());
    let mut found: Vec<String> = fs::read_dir(&pages)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    found.sort();
    let below = ["weights-info", "weights-check"];
    let names = COMMANDS.into_iter().chain(below).map(|name| format!("impasto-{name}.1"));
    let mut expected: Vec<String> = names.chain(["impasto.1".to_owned()]).collect();
    expected.sort();
    assert_eq!(found, expected);
    assert_eq!(fs::read_to_string(pages.join("impasto.1")).unwrap(), page);
    let requests =
        [".TH", ".SH", ".SS", ".TP", ".RS", ".RE", ".IP", ".ie", ".el", ".br", ".nf", ".fi", ".PP", ".sp"];
    for name in found {
        let page = fs::read_to_string(pages.join(&name)).unwrap();
        assert!(page.contains(".SH NAME") && page.contains(".SH OPTIONS"), "{name}");
        // A line of text that began with a dot would be left out by man.
        for line in page.lines().filter(|line| line.starts_with(['.', '\''])) {
            assert!(requests.contains(&line.split(' ').next().unwrap()), "{name}: {line}");
        }
    }
}

/// A project with a painting of 300 by 200 pixels.
fn project() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.impasto");
    let mut draft = Draft::new(Manifest::new(Settings::default()), SourceStorage::Embedded);
    draft.picture(&RgbImage::from_pixel(300, 200, Rgb([200, 100, 50]))).unwrap();
    draft.write(&path).unwrap();
    (folder, path)
}

fn thumbnail(input: &Path, output: &Path, more: &[&str]) -> Output {
    impasto().arg("thumbnail").args(more).arg(input).arg(output).output().unwrap()
}

#[test]
fn a_projects_thumbnail_is_its_painting() {
    let (folder, project) = project();
    // File managers name the output as they like.
    let small = folder.path().join("small.tmp");
    fs::write(&small, "an older one").unwrap();
    assert!(printed(&thumbnail(&project, &small, &["-s", "128"])).is_empty());
    let bytes = fs::read(&small).unwrap();
    assert_eq!(image::guess_format(&bytes).unwrap(), ImageFormat::Png);
    let picture = image::load_from_memory(&bytes).unwrap().into_rgb8();
    assert_eq!((picture.dimensions(), picture.get_pixel(64, 40).0), ((128, 85), [200, 100, 50]));
    // A small painting is not enlarged.
    printed(&thumbnail(&project, &small, &["--size", "1024"]));
    assert_eq!(image::load_from_memory(&fs::read(&small).unwrap()).unwrap().width(), 300);
    assert_eq!(thumbnail(&project, &small, &["-s", "100000"]).status.code(), Some(2));
}

#[test]
fn a_thumbnail_of_anything_else_is_refused_and_writes_nothing() {
    let (folder, project) = project();
    let path = |name: &str| folder.path().join(name);
    let bytes = fs::read(&project).unwrap();
    fs::write(path("cut.impasto"), &bytes[..bytes.len() / 2]).unwrap();
    fs::write(path("text.impasto"), "no project").unwrap();
    Draft::new(Manifest::new(Settings::default()), SourceStorage::Embedded)
        .write(&path("new.impasto"))
        .unwrap();
    // A picture of more pixels than a painting can have, in few bytes.
    let mut wide = Cursor::new(Vec::new());
    RgbImage::new(20_000, 2).write_to(&mut wide, ImageFormat::Png).unwrap();
    let mut zip = ZipWriter::new(fs::File::create(path("wide.impasto")).unwrap());
    for (name, bytes) in
        [("manifest.json", b"{\"picture\": \"a.png\"}".as_slice()), ("a.png", wide.get_ref().as_slice())]
    {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
    let hostile = ["cut.impasto", "text.impasto", "new.impasto", "wide.impasto", "gone.impasto", "."];
    let device = cfg!(unix).then(|| PathBuf::from("/dev/zero"));
    for input in hostile.map(path).into_iter().chain(device) {
        let output = thumbnail(&input, &path("small.png"), &[]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), said.lines().count()), (Some(1), 1), "{}: {said}", input.display());
        assert!(said.starts_with("impasto: error: ") && !path("small.png").exists(), "{said}");
    }
}

#[test]
fn the_desktop_knows_a_project_by_its_first_bytes() {
    let (_folder, path) = project();
    let bytes = fs::read(&path).unwrap();
    assert!(Project::is(&path));
    let xml = read("desktop/project.xml");
    let attribute = |element: &str, name: &str| -> String {
        let value = element.split(&format!("{name}=\"")).nth(1).unwrap().split('"').next().unwrap();
        value.replace("&quot;", "\"").replace("\\x03\\x04", "\u{3}\u{4}")
    };
    let mut count = 0;
    for element in xml.split("<match ").skip(1) {
        let offset = attribute(element, "offset");
        let (first, last) = offset.split_once(':').unwrap_or((&offset, &offset));
        let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
        let value = attribute(element, "value");
        assert!(
            (first..=last).any(|at| bytes[at..].starts_with(value.as_bytes())),
            "{value} is not at {offset}"
        );
        count += 1;
    }
    assert_eq!(count, 3);
    assert!(xml.contains(&format!("pattern=\"*.{}\"", impasto_formats::project::EXTENSION)));
}

#[test]
fn the_name_on_the_desktop_stands_in_one_place() {
    let id = impasto_assets::APP_ID;
    assert_eq!(read("desktop/app-id").trim(), id);
    let parts: Vec<&str> = id.split('.').collect();
    let is_part = |part: &&str| part.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    assert!(parts.len() >= 3 && parts.iter().all(|part| !part.is_empty() && is_part(part)), "{id}");
    let mut folders = vec![asset("desktop"), asset("packaging")];
    let mut count = 0;
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = fs::read_to_string(&path)
                && !path.ends_with("app-id")
            {
                assert!(!text.contains(id), "{} has it too", path.display());
                count += 1;
            }
        }
    }
    assert!(count > 8, "{count}");
    // All that speaks of projects calls them by the same type.
    let kind = "application/x-impasto";
    for file in ["app.desktop", "project.thumbnailer", "project.xml", "metainfo.xml"] {
        assert!(read(&format!("desktop/{file}")).contains(kind), "{file}");
    }
    for size in [16, 24, 32, 48, 64, 128, 256, 512] {
        let icon = image::open(asset(&format!("desktop/icons/{size}.png"))).unwrap();
        assert_eq!((icon.width(), icon.height()), (size, size));
    }
}
