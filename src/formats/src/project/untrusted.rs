//! What an untrusted project must not do: write files of its choice, copy files into projects, have files
//! opened.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::*;
use impasto_base::hash::Sha256Hash;
use impasto_core::settings::Init;

const SECRET: &[u8] = b"a secret that may not leave";

fn painted() -> Picture {
    let pixels = (0..40 * 20 * 4).map(|i| (i % 251) as u8).collect();
    Picture::from_rgba("Chelsea.jpg", 40, 20, pixels).unwrap()
}

/// A project with an embedded content that claims to be of `source`.
fn written(path: &Path, source: SourceRecord, settings: Settings) {
    let mut draft = Draft::new(Manifest::new(settings), SourceStorage::Embedded);
    draft.picture(&painted().rgb).unwrap();
    draft.content(&painted()).unwrap();
    draft.manifest.content.as_mut().unwrap().source = source;
    draft.write(path).unwrap();
}

fn content_of(project: &Project) -> Picture {
    let content = project.manifest.content.as_ref().unwrap();
    project.stored_picture(&content.source, &content.pixels).unwrap()
}

fn contains(file: &Path, part: &[u8]) -> bool {
    fs::read(file).unwrap().windows(part.len()).any(|window| window == part)
}

fn names(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn a_text_that_is_no_hash_makes_no_project() {
    let mut manifest = Manifest::new(Settings::default());
    manifest.content = Some(ProjectPicture { source: (&painted()).into(), pixels: Pixels::default() });
    let mut value = serde_json::to_value(&manifest).unwrap();
    assert!(serde_json::from_value::<Manifest>(value.clone()).is_ok());
    for text in ["/tmp/out/written_by_a_project", "../out", ""] {
        *value.pointer_mut("/content/source/sha256").unwrap() = text.into();
        let error = serde_json::from_value::<Manifest>(value.clone()).unwrap_err().to_string();
        assert!(error.contains("SHA-256 hash has 64 hexadecimal digits"), "{error}");
    }
}

#[test]
fn copies_are_named_by_their_pixels_whatever_a_project_says() {
    let folder = tempfile::tempdir().unwrap();
    let (copies, path) = (folder.path().join("copies"), folder.path().join("a.impasto"));
    fs::create_dir(&copies).unwrap();
    let another = Sha256Hash::of(b"another picture");
    written(&path, SourceRecord { sha256: another, ..(&painted()).into() }, Settings::default());
    let content = content_of(&Project::read(&path).unwrap());
    assert_eq!(content.sha256, another);
    // The copy of the other picture is not used for this one, and stays.
    let other = copies.join(format!("{another}.png"));
    fs::write(&other, "the other").unwrap();
    let mut draft = Draft::new(Manifest::new(Settings::default()), SourceStorage::Beside(&copies));
    draft.content(&content).unwrap();
    let own = copies.join(format!("{}.png", painted().pixel_hash()));
    let mut found = names(&copies);
    found.sort();
    let mut expected = vec![other.clone(), own.clone()];
    expected.sort();
    assert_eq!(found, expected);
    assert_eq!(Picture::open(&own).unwrap().rgb, painted().rgb);
    assert_eq!(fs::read(other).unwrap(), b"the other");
}

#[test]
fn only_the_picture_itself_is_put_into_a_project() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("secret.txt"), SECRET).unwrap();
    let source = SourceRecord { path: Some(path("secret.txt")), ..(&painted()).into() };
    written(&path("theirs.impasto"), source, Settings::default());
    let content = content_of(&Project::read(&path("theirs.impasto")).unwrap());
    assert_eq!(content.path, None, "the file is another");

    // The same if the file has changed since the user opened it, or is a device.
    for file in [path("secret.txt"), PathBuf::from("/dev/zero"), path("gone.png")] {
        let content = Picture { path: Some(file), ..painted() };
        let mut draft = Draft::new(Manifest::new(Settings::default()), SourceStorage::Embedded);
        draft.content(&content).unwrap();
        draft.write(&path("mine.impasto")).unwrap();
        assert!(!contains(&path("mine.impasto"), SECRET));
        assert_eq!(content_of(&Project::read(&path("mine.impasto")).unwrap()).rgb, painted().rgb);
    }

    // The picture's own file is embedded unchanged, with all that it contains.
    painted().rgb.save(path("own.png")).unwrap();
    let bytes = [fs::read(path("own.png")).unwrap(), b"and more".to_vec()].concat();
    fs::write(path("own.png"), &bytes).unwrap();
    let own = Picture::open(&path("own.png")).unwrap();
    let mut draft = Draft::new(Manifest::new(Settings::default()), SourceStorage::Embedded);
    draft.content(&own).unwrap();
    draft.write(&path("mine.impasto")).unwrap();
    let again = content_of(&Project::read(&path("mine.impasto")).unwrap());
    assert_eq!((again.path, again.sha256), (Some(path("own.png")), own.sha256));
    fs::remove_file(path("own.png")).unwrap();
    assert!(content_of(&Project::read(&path("mine.impasto")).unwrap()).path.is_none());
}

#[test]
fn files_named_elsewhere_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("got")).unwrap();
    painted().rgb.save(path("got/leaves.png")).unwrap();
    painted().rgb.save(path("private.png")).unwrap();
    fs::write(path("private.pth"), SECRET).unwrap();
    let settings = Settings {
        weights: Some(path("private.pth")),
        palette: Some(path("got/leaves.png")),
        init: Init::File(path("private.png")),
        ..Settings::default()
    };
    let project = path("got/theirs.impasto");
    written(&project, (&painted()).into(), settings.clone());
    let read = Project::read(&project).unwrap();
    let expected = Settings { palette: settings.palette.clone(), ..Settings::default() };
    assert_eq!(read.manifest.settings, expected);
    let remarks = read.remarks.join(" ");
    for part in ["private.pth: open it yourself", "the initial image", "private.png"] {
        assert!(remarks.contains(part), "{remarks}");
    }
    // Files that the user has chosen already, or that the program's own project names, stay.
    let own = Settings { init: settings.init.clone(), ..Settings::default() };
    let read = Project::read_with(&project, Trust::beside(&project, &own)).unwrap();
    assert_eq!((read.manifest.settings.init, read.manifest.settings.weights), (own.init, None));
    assert_eq!(Project::read_with(&project, Trust::All).unwrap().manifest.settings, settings);
}

#[test]
fn a_palette_is_known_by_its_hash() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("got")).unwrap();
    painted().rgb.save(path("leaves.png")).unwrap();
    let palette = Picture::open(&path("leaves.png")).unwrap();
    let settings = Settings { palette: Some(path("leaves.png")), ..Settings::default() };
    let mut draft = Draft::new(Manifest::new(settings.clone()), SourceStorage::Embedded);
    draft.palette(&palette).unwrap();
    draft.write(&path("got/theirs.impasto")).unwrap();
    let read = || Project::read(&path("got/theirs.impasto")).unwrap().manifest.settings.palette;
    assert_eq!(read(), settings.palette);
    fs::write(path("leaves.png"), SECRET).unwrap();
    assert_eq!(read(), Some(picture::pasted_name(&palette.sha256)));
}
