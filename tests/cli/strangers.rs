//! What a stranger's recipe may not have opened on the command line, and what a person may.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use image::RgbImage;
use impasto_core::{
    picture,
    run::{Change, Pass, Record, Start},
    settings::{DeviceChoice, Init, Settings},
    transfer::{Inputs, StyleSource},
};
use impasto_engine::session::Job;
use impasto_formats::recipe::Recipe;

use crate::environment::impasto;

fn plain() -> Settings {
    Settings { size: 64, steps: 1, pyramid: false, device: DeviceChoice::Cpu, ..Settings::default() }
}

/// A picture whose recipe ends with `settings`, and whose run began with those of `first` and has this
/// change.
fn stranger(path: &Path, settings: &Settings, first: &Settings, change: Option<Change>) {
    let style = StyleSource::new(Arc::new(picture::STYLES[0].open()));
    let job = Job::new(1, Inputs::new(Arc::new(picture::CONTENTS[0].open()), vec![style]), first.clone());
    let mut pass = Pass { steps: 1, settings: first.clone(), ..Pass::new(&job, Start::Beginning) };
    pass.changes.extend(change);
    let mut recipe = Recipe::new(&Record::new(pass), (64, 48), &impasto_test_support::info());
    recipe.settings = settings.clone();
    // This program writes no folders.
    let text = serde_json::to_string(&recipe).unwrap();
    picture::save_with_text(&RgbImage::new(64, 48), path, true, &|_| Some(text.clone())).unwrap();
}

fn render(recipe: &Path, more: &[&str]) -> Output {
    let output = recipe.with_file_name("out.png");
    let mut command = impasto();
    command.args(["render", "--quiet", "--force", "--recipe"]).arg(recipe).arg("--output").arg(output);
    command.args(more).output().unwrap()
}

#[track_caller]
fn refused(output: &Output, flag: &str, path: &Path) {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let way_out = format!("if you trust it, add --{flag} {}", path.display());
    assert!(output.status.code() == Some(2) && said.contains(&way_out), "{flag}: {said}");
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
}

#[test]
fn what_a_recipe_names_elsewhere_is_opened_only_if_the_flag_says_it_too() {
    let folder = tempfile::tempdir().unwrap();
    let got = folder.path().join("got");
    fs::create_dir(&got).unwrap();
    let [recipe, beside] = ["recipe.png", "leaves.png"].map(|name| got.join(name));
    let private = folder.path().join("private.png");
    for path in [&private, &beside] {
        RgbImage::from_pixel(30, 20, image::Rgb([9, 99, 9])).save(path).unwrap();
    }
    let endless = PathBuf::from("/dev/zero");
    let hostile = [
        ("weights", &endless, Settings { weights: Some(endless.clone()), ..plain() }),
        ("palette", &private, Settings { palette: Some(private.clone()), match_colours: 1.0, ..plain() }),
        ("init", &private, Settings { init: Init::File(private.clone()), ..plain() }),
    ];
    let began = Instant::now();
    for (flag, path, settings) in &hostile {
        stranger(&recipe, settings, settings, None);
        refused(&render(&recipe, &[]), flag, path);
        // What is painted are the runs, whatever the settings at the end say.
        stranger(&recipe, &plain(), settings, None);
        refused(&render(&recipe, &[]), flag, path);
    }
    let mut change = Change { step: 0, ..Change::default() };
    change.settings.insert("palette".into(), private.to_str().unwrap().into());
    stranger(&recipe, &plain(), &plain(), Some(change));
    refused(&render(&recipe, &[]), "palette", &private);
    assert!(began.elapsed() < Duration::from_secs(60), "nothing was read to its end");

    let (_, _, settings) = &hostile[1];
    stranger(&recipe, settings, settings, None);
    let good = |output: Output| {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    good(render(&recipe, &["--palette", private.to_str().unwrap()]));
    let settings = Settings { palette: Some(beside.clone()), init: Init::File(beside), ..settings.clone() };
    stranger(&recipe, &settings, &settings, None);
    good(render(&recipe, &[]));
}

#[cfg(unix)]
#[test]
fn pipes_and_devices_are_refused_at_once_but_for_the_pictures_of_the_command_line() {
    use std::os::unix::ffi::OsStrExt as _;

    let folder = tempfile::tempdir().unwrap();
    let [pipe, output] = ["pipe", "out.png"].map(|name| folder.path().join(name));
    let name = std::ffi::CString::new(pipe.as_os_str().as_bytes()).unwrap();
    // SAFETY: the name is a valid C string for the call.
    assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
    // Beside the recipe, where it may be opened.
    let recipe = folder.path().join("recipe.png");
    let named = Settings { weights: Some(pipe.clone()), ..plain() };
    stranger(&recipe, &named, &named, None);
    let refused = render(&recipe, &[]);
    assert!(!refused.status.success());
    let paint = |arguments: &[&str]| {
        let mut command = impasto();
        command.args([
            "render",
            "--quiet",
            "--size=64",
            "--steps=1",
            "--device=cpu",
            "--style=example:swirl",
        ]);
        command.args(arguments).arg("--output").arg(&output);
        command
    };
    for flag in ["--palette", "--init", "--weights"] {
        for path in [pipe.to_str().unwrap(), "/dev/zero"] {
            let refused = paint(&["--content=example:coffee", flag, path]).output().unwrap();
            assert!(!refused.status.success(), "{flag} {path}");
        }
    }
    let mut child = paint(&["--content=/dev/stdin"]).stdin(Stdio::piped()).spawn().unwrap();
    let bytes = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/coffee.jpg")).unwrap();
    child.stdin.take().unwrap().write_all(&bytes).unwrap();
    assert!(child.wait().unwrap().success());
    assert!(output.exists());
}
