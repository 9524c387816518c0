//! The program as a process: what it prints, what it leaves on disk and how it exits.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use crate::environment::impasto;
use serde_json::Value;
use tempfile::TempDir;

fn asset(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets").join(name)
}

fn run<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Output {
    impasto().args(arguments).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[track_caller]
fn expect(output: &Output, code: i32, words: &[&str]) {
    let text = stderr(output) + &stdout(output);
    assert_eq!(output.status.code(), Some(code), "{text}");
    for word in words {
        assert!(text.contains(word), "{word:?} is not in: {text}");
    }
}

/// A failure is told in one line.
#[track_caller]
fn expect_error(output: &Output, code: i32, words: &[&str]) {
    expect(output, code, words);
    let text = stderr(output);
    assert_eq!(text.lines().filter(|line| line.starts_with("impasto: error: ")).count(), 1, "{text}");
    assert!(text.lines().last().is_some_and(|line| line.starts_with("impasto: error: ")), "{text}");
}

/// A render of the example pictures into a folder of its own: small, short and on the CPU unless it says otherwise.
struct Render {
    folder: TempDir,
    arguments: Vec<OsString>,
}

impl Render {
    fn new() -> Self {
        Self::of(&asset("astronaut.jpg"))
    }

    fn of(content: &Path) -> Self {
        let arguments = ["--content".into(), content.into(), "--style".into(), asset("swirl.jpg").into()];
        Self { folder: tempfile::tempdir().unwrap(), arguments: arguments.into() }
    }

    fn args<'a>(mut self, arguments: impl IntoIterator<Item = &'a str>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn path_arg(mut self, flag: &str, name: &str) -> Self {
        let path = self.path(name);
        self.arguments.extend([flag.into(), path.into()]);
        self
    }

    fn to(self, name: &str) -> Self {
        self.path_arg("--output", name)
    }

    fn command(&self) -> Command {
        let mut command = impasto();
        command.arg("render").args(&self.arguments);
        for (flag, usual) in [("--size", "48"), ("--steps", "3"), ("--device", "cpu")] {
            if !self.arguments.iter().any(|argument| argument == flag) {
                command.args([flag, usual]);
            }
        }
        command
    }

    fn run(&self) -> Output {
        self.command().output().unwrap()
    }

    fn report(&self, name: &str) -> Value {
        serde_json::from_slice(&fs::read(self.path(name)).unwrap()).unwrap()
    }
}

fn with(arguments: &[&str]) -> Output {
    Render::new().to("out.png").args(arguments.iter().copied()).run()
}

#[test]
fn help_and_version() {
    let help = run(["--help"]);
    expect(&help, 0, &["render", "devices", "bench", "weights", "--verbose", "--settings"]);
    expect(
        &run(["render", "--help"]),
        0,
        &["--content", "--style", "--output", "--force", "--save-every", "--report"],
    );
    expect(&run(["--version"]), 0, &[env!("CARGO_PKG_VERSION")]);
    assert!(help.stderr.is_empty());
}

#[test]
fn wrong_arguments_are_usage_errors() {
    expect(&run(["--bogus"]), 2, &["--bogus"]);
    expect(&run(["render", "--bogus"]), 2, &["--bogus"]);
    expect(&run(["render"]), 2, &["--content", "--style", "--output"]);
    expect(&with(&["--size", "big"]), 2, &["big"]);
    expect(&with(&["--save-every", "0"]), 2, &["--save-every"]);
    expect(&with(&["--layer", "relu9_1=1"]), 2, &["relu9_1", "relu5_4"]);
    expect(&run(["bench", "--steps", "0"]), 2, &["--steps"]);
    expect(&run(["--size", "100", "devices"]), 2, &["settings before a command"]);
}

#[test]
fn senseless_settings_are_usage_errors() {
    for size in ["0", "15", "100000"] {
        expect_error(&with(&["--size", size]), 2, &["size", size, "16", "8192"]);
    }
    expect_error(&with(&["--style-weight", "-1"]), 2, &["style-weight", "-1"]);
    expect_error(&with(&["--content-weight", "NaN"]), 2, &["content-weight", "NaN"]);
    expect_error(&with(&["--layer", "relu3_1=-0.5"]), 2, &["relu3_1", "-0.5"]);
    expect_error(&with(&["--steps", "0"]), 2, &["steps"]);
    expect_error(&with(&["--lr", "0"]), 2, &["lr"]);
    let silent = ["--smoothness-weight", "0", "--content-weight", "0"];
    expect_error(&with(&[&silent[..], &["--style-weight", "0"]].concat()), 2, &["nothing to paint"]);
    expect_error(&with(&[&silent[..], &["--layer", "relu3_1=0"]].concat()), 2, &["nothing to paint"]);
    expect_error(&run(["bench", "--size", "3"]), 2, &["size", "3"]);
    expect_error(&run(["--size", "3"]), 2, &["size", "3"]);
}

#[test]
fn weights_of_style_pictures_are_checked() {
    let swirl = asset("swirl.jpg");
    for weight in ["-1", "NaN", "inf"] {
        let style = format!("{}:{weight}", swirl.display());
        expect_error(&with(&["--style", &style]), 2, &["style", weight]);
    }
    let mut command = impasto();
    command.arg("render").arg("--content").arg(asset("astronaut.jpg")).arg("--output").arg("never.png");
    command.arg("--style").arg(format!("{}:0", swirl.display()));
    expect_error(&command.output().unwrap(), 2, &["weight 0"]);
}

#[test]
fn pictures_that_cannot_be_opened_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.jpg");
    expect_error(&Render::of(&missing).to("o.png").run(), 1, &["missing.jpg"]);
    expect_error(
        &Render::of(folder.path()).to("o.png").run(),
        1,
        &[folder.path().to_str().unwrap(), "folder"],
    );
    let text = folder.path().join("text.jpg");
    fs::write(&text, "this is no picture, whatever its name says\n").unwrap();
    expect_error(&Render::of(&text).to("o.png").run(), 1, &["text.jpg", "not a picture"]);
    let style = missing.to_str().unwrap();
    expect_error(&with(&["--style", style]), 1, &["missing.jpg"]);
    expect_error(&with(&["--init", "nois"]), 1, &["nois", "noise"]);
    expect_error(&with(&["--weights", "gone.pth"]), 1, &["gone.pth"]);
}

#[test]
fn the_window_is_not_opened_for_nothing() {
    expect_error(
        &run(["rendr"]),
        1,
        &[
            "rendr",
            "commands: render, grid, batch, farm, timelapse, layers, devices, bench, weights, notices",
        ],
    );
    expect(
        &run(["rendr", "--content", "a.jpg"]),
        2,
        &[
            "rendr",
            "commands: render, grid, batch, farm, timelapse, layers, devices, bench, weights, notices",
        ],
    );
}

#[cfg(target_os = "linux")]
#[test]
fn without_a_display_the_way_out_is_named() {
    let mut command = impasto();
    for variable in ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"] {
        command.env_remove(variable);
    }
    expect_error(&command.output().unwrap(), 1, &["window", "impasto render"]);
}

#[test]
fn an_unknown_device_is_told_the_devices() {
    let render = Render::new().args(["--device", "abacus"]).to("out.png");
    expect_error(&render.run(), 1, &["abacus", "there are:"]);
    assert!(!render.path("out.png").exists());
}

#[test]
fn destinations_are_checked_before_painting() {
    expect_error(&Render::new().to("gone/out.png").run(), 1, &["gone"]);
    expect_error(&Render::new().to("out.doc").run(), 1, &["out.doc", ".png"]);
    expect_error(&Render::new().to("out").run(), 1, &["out", ".png"]);
    expect_error(
        &Render::new().to("out.png").path_arg("--report", "gone/r.json").run(),
        1,
        &["gone", "report"],
    );
    expect_error(&Render::new().to("out.png").path_arg("--report", "out.png").run(), 2, &["same file"]);

    let render = Render::new().to("out.png");
    fs::write(render.path("out.png"), "precious").unwrap();
    expect_error(&render.run(), 1, &["out.png", "exists", "--force"]);
    assert_eq!(fs::read(render.path("out.png")).unwrap(), b"precious");

    let render = Render::new().to("out.png").path_arg("--frames", "file");
    fs::write(render.path("file"), "").unwrap();
    expect_error(&render.run(), 1, &["file", "frames"]);
    assert!(!render.path("out.png").exists());
}

#[test]
fn force_never_replaces_an_input() {
    let folder = tempfile::tempdir().unwrap();
    let content = folder.path().join("content.jpg");
    fs::copy(asset("astronaut.jpg"), &content).unwrap();
    let render = Render::of(&content).args(["--force", "--output", content.to_str().unwrap()]);
    expect_error(&render.run(), 1, &["content.jpg", "paint from"]);
    assert_eq!(fs::read(&content).unwrap(), fs::read(asset("astronaut.jpg")).unwrap());
}

#[test]
fn a_report_never_replaces_a_file_unasked_and_never_an_input() {
    let render = Render::new().to("out.png").path_arg("--report", "run.json").args(["--steps", "1"]);
    fs::write(render.path("run.json"), "mine").unwrap();
    expect_error(&render.run(), 1, &["run.json", "--force"]);
    assert_eq!(fs::read(render.path("run.json")).unwrap(), b"mine");
    let render = Render::new()
        .to("out.png")
        .path_arg("--settings", "mix.toml")
        .path_arg("--report", "mix.toml")
        .args(["--force"]);
    fs::write(render.path("mix.toml"), "steps = 1\n").unwrap();
    expect_error(&render.run(), 1, &["mix.toml", "paint from"]);
    assert_eq!(fs::read(render.path("mix.toml")).unwrap(), b"steps = 1\n");
}

#[test]
fn a_wrong_settings_file_is_explained_in_one_line() {
    let render = Render::new().to("out.png").path_arg("--settings", "mix.toml");
    fs::write(render.path("mix.toml"), "sise = 99\n").unwrap();
    expect_error(&render.run(), 1, &["mix.toml", "sise", "line 1"]);
    let render = Render::new().to("out.png").path_arg("--settings", "gone.toml").args(["--verbose"]);
    // The causes follow the line.
    expect(&render.run(), 1, &["impasto: error: ", "gone.toml", "\n  1: "]);
}

#[test]
fn a_render_leaves_a_picture_a_report_and_frames() {
    let render = Render::new()
        .args(["--steps", "5", "--save-every", "2", "--layer", "relu1_1=0.5", "--layer", "relu3_1=2"])
        .to("out.png")
        .path_arg("--report", "report.json")
        .path_arg("--frames", "frames/of/this");
    let output = render.run();
    expect(&output, 0, &["saved", "out.png"]);
    assert!(output.stdout.is_empty());

    let picture = image::open(render.path("out.png")).unwrap();
    let report = render.report("report.json");
    assert_eq!(picture.width().max(picture.height()), 48);
    assert_eq!(report["width"], picture.width());
    assert_eq!(report["height"], picture.height());
    check_report(&report, &[1, 2, 3, 4, 5]);
    assert_eq!(report["outcome"], "finished");
    assert_eq!(report["settings"]["size"], 48);
    assert_eq!(report["content"]["name"], "astronaut.jpg");
    assert_eq!(report["styles"][0]["name"], "swirl.jpg");
    assert_eq!(report["styles"][0]["weight"], 1.0);
    assert_eq!(report["device"]["kind"], "cpu");

    let frames: BTreeSet<String> = fs::read_dir(render.path("frames/of/this"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(frames.into_iter().collect::<Vec<_>>(), ["000002.png", "000004.png"]);
    let frame = image::open(render.path("frames/of/this/000002.png")).unwrap();
    assert_eq!((frame.width(), frame.height()), (picture.width(), picture.height()));
    assert_ne!(frame.to_rgb8(), picture.to_rgb8());

    // Nothing else is left behind, and a second run is refused until it is told to replace.
    assert_eq!(fs::read_dir(render.folder.path()).unwrap().count(), 3);
    expect_error(&render.run(), 1, &["exists"]);
    expect(&render.args(["--force"]).run(), 0, &[]);
}

#[test]
fn the_coherence_term_is_a_flag_and_told_in_the_report() {
    let rendered = |flags: &[&str]| {
        let render = Render::new().args(["--steps", "3"]).args(flags.iter().copied());
        let render = render.to("out.png").path_arg("--report", "report.json");
        expect(&render.run(), 0, &["saved"]);
        render.report("report.json")
    };
    let (with, without) = (rendered(&["--coherence-weight", "0.5"]), rendered(&[]));
    assert_eq!(with["settings"]["coherence_weight"], 0.5);
    assert!(with["steps"].as_array().unwrap().iter().all(|step| step["coherence"].as_f64().unwrap() > 0.0));
    assert_eq!(without["settings"]["coherence_weight"], 0.0);
    assert_eq!(without["steps"][2]["coherence"], 0.0);
    assert!(with["steps"][0]["total"].as_f64() > without["steps"][0]["total"].as_f64());
}

/// Keys, hashes, step numbers and the totals' formula.
#[track_caller]
fn check_report(report: &Value, expected_steps: &[u64]) {
    let is_hash = |value: &Value| {
        value.as_str().is_some_and(|text| {
            text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        })
    };
    for source in [&report["weights"], &report["content"], &report["styles"][0]] {
        assert!(is_hash(&source["sha256"]), "{source}");
    }
    assert!(report["first_picture_seconds"].as_f64().unwrap() > 0.0);
    assert!(report["peak_memory_bytes"].as_u64().is_some());
    let settings = &report["settings"];
    let weight = |name: &str| settings[name].as_f64().unwrap();
    let steps = report["steps"].as_array().unwrap();
    let numbers: Vec<u64> = steps.iter().map(|step| step["step"].as_u64().unwrap()).collect();
    assert_eq!(numbers, expected_steps);
    let mut before = 0.0;
    for step in steps {
        let layers = step["style"].as_object().unwrap();
        let wanted = settings["style_layers"].as_object().unwrap();
        // A layer without weight is not computed.
        let counted = wanted.iter().filter(|(_, weight)| weight.as_f64() != Some(0.0));
        assert!(layers.keys().eq(counted.map(|(layer, _)| layer)), "{step}");
        let style: f64 = layers
            .iter()
            .map(|(layer, value)| wanted[layer].as_f64().unwrap() * value.as_f64().unwrap())
            .sum();
        let expected = weight("content_weight") * step["content"].as_f64().unwrap()
            + weight("style_weight") * style
            + weight("smoothness_weight") * step["smoothness"].as_f64().unwrap();
        let total = step["total"].as_f64().unwrap();
        assert!((total - expected).abs() <= 1e-4 * expected.abs().max(1e-12), "{total} is not {expected}");
        let seconds = step["seconds"].as_f64().unwrap();
        assert!(seconds >= before);
        before = seconds;
    }
}

#[test]
fn a_report_can_be_sparse_and_quiet_is_quiet() {
    let render = Render::new()
        .args(["--steps", "7", "--report-every", "3", "--quiet"])
        .to("out.jpg")
        .path_arg("--report", "report.json");
    let output = render.run();
    expect(&output, 0, &[]);
    assert!(output.stderr.is_empty() && output.stdout.is_empty(), "{}", stderr(&output));
    check_report(&render.report("report.json"), &[1, 3, 6, 7]);
}

#[test]
fn no_style_is_allowed_with_a_warning() {
    let render = Render::new().args(["--style-weight", "0", "--quiet"]).to("out.png");
    expect(&render.run(), 0, &["impasto: warning: ", "no style"]);
    assert!(render.path("out.png").exists());
}

#[test]
fn a_scale_beyond_the_styles_pixels_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let small = folder.path().join("small.png");
    image::open(asset("swirl.jpg"))
        .unwrap()
        .resize_exact(30, 20, image::imageops::FilterType::Triangle)
        .save(&small)
        .unwrap();
    let at = |scale: &str| {
        let style = format!("{}:1@{scale}", small.display());
        let render = Render::new().args(["--style", &style]).to("out.png");
        let output = render.run();
        expect(&output, 0, &[]);
        (stderr(&output), image::open(render.path("out.png")).unwrap())
    };
    let ((one, first), (five, second), (half, _)) = (at("1"), at("5"), at("0.5"));
    assert_eq!(first, second);
    for said in [one, five] {
        assert!(said.contains("small.png is 30 px wide: its scale ends at 0.62"), "{said}");
    }
    assert!(!half.contains("its scale ends"), "{half}");
}

#[test]
fn a_painting_that_blows_up_is_an_error() {
    let render =
        Render::new().args(["--style-weight", "1e300"]).to("out.png").path_arg("--report", "report.json");
    expect_error(&render.run(), 1, &["step 1", "finite"]);
    let report = render.report("report.json");
    assert_eq!(report["outcome"], "failed");
    assert!(report["error"].as_str().is_some_and(|text| text.contains("finite")), "{}", report["error"]);
}

#[test]
fn several_weighted_styles_and_a_rewritten_output() {
    let render = Render::new()
        .args(["--style", &format!("{}:0.25", asset("mosaic.jpg").display()), "--save-every", "1"])
        .to("out.png")
        .path_arg("--report", "report.json");
    expect(&render.run(), 0, &[]);
    let report = render.report("report.json");
    assert_eq!(report["styles"][1]["name"], "mosaic.jpg");
    assert_eq!(report["styles"][1]["weight"], 0.25);
    image::open(render.path("out.png")).unwrap();
}

#[test]
fn the_same_seed_paints_the_same_picture() {
    let paint = |seed: &str| {
        let render = Render::new()
            .args(["--init", "noise", "--seed", seed])
            .to("out.png")
            .path_arg("--report", "report.json");
        expect(&render.run(), 0, &[]);
        let totals: Vec<Value> = render.report("report.json")["steps"]
            .as_array()
            .unwrap()
            .iter()
            .map(|step| step["total"].clone())
            .collect();
        (image::open(render.path("out.png")).unwrap().to_rgb8(), totals)
    };
    let first = paint("7");
    assert_eq!(first, paint("7"));
    assert_ne!(first.0, paint("8").0);
}

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_what_is_painted() {
    use std::{process::Stdio, thread, time::Duration, time::Instant};

    let render = Render::new()
        .args(["--steps", "1000000", "--save-every", "1"])
        .to("out.png")
        .path_arg("--report", "report.json")
        .path_arg("--frames", "frames");
    let mut child = render.command().stderr(Stdio::piped()).spawn().unwrap();
    let frame = render.path("frames/000002.png");
    let began = Instant::now();
    while !frame.exists() {
        assert!(began.elapsed() < Duration::from_secs(300), "no frame after five minutes");
        assert!(child.try_wait().unwrap().is_none(), "the program has ended by itself");
        thread::sleep(Duration::from_millis(20));
    }
    // SAFETY: a signal to a child that has not been waited for, so the number is still its own.
    assert_eq!(unsafe { libc::kill(child.id() as libc::pid_t, libc::SIGINT) }, 0);
    let output = child.wait_with_output().unwrap();
    expect(&output, 130, &["interrupted: saved", "out.png"]);

    let picture = image::open(render.path("out.png")).unwrap();
    assert_eq!(picture.width().max(picture.height()), 48);
    let report = render.report("report.json");
    let steps = report["steps"].as_array().unwrap().len() as u64;
    assert!(steps >= 2);
    check_report(&report, &(1..=steps).collect::<Vec<_>>());
    assert_eq!(report["outcome"], "interrupted");
}

#[test]
fn licences_of_the_parts_are_told() {
    let output = run(["notices"]);
    let parts = [
        "each under the licence",
        "\n  egui 0.",
        "\n  burn 0.",
        "\n  windows-sys 0.",
        "\n      Copyright (c) ",
        "TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION",
        "Permission is hereby granted, free of charge",
        "SIL OPEN FONT LICENSE",
        "Mozilla Public License",
    ];
    expect(&output, 0, &parts);
}

#[test]
fn devices_are_listed() {
    let table = run(["devices"]);
    expect(&table, 0, &["flex"]);
    assert_eq!(stdout(&table).lines().filter(|line| line.starts_with("* ")).count(), 1, "{}", stdout(&table));
    let output = run(["devices", "--json"]);
    expect(&output, 0, &[]);
    let devices: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert!(devices.iter().any(|device| device["kind"] == "cpu"));
    for key in ["name", "kind", "backend", "driver", "reason"] {
        assert!(devices.iter().all(|device| device[key].is_string()), "{key}");
    }
}

#[test]
fn a_device_is_measured() {
    let output = run(["bench", "--device", "cpu", "--json", "--size", "32", "--size", "48", "--steps", "2"]);
    expect(&output, 0, &[]);
    let results: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(results["device"]["kind"], "cpu");
    assert_eq!(results["weights"]["sha256"].as_str().unwrap().len(), 64);
    let sizes = results["sizes"].as_array().unwrap();
    assert_eq!(sizes.iter().map(|size| size["size"].as_u64().unwrap()).collect::<Vec<_>>(), [32, 48]);
    for size in sizes {
        for key in ["seconds_per_step", "first_step_seconds", "prepare_seconds", "gflops"] {
            assert!(size[key].as_f64().is_some_and(|value| value > 0.0), "{key}: {size}");
        }
        assert!(size["peak_memory_bytes"].is_u64());
    }
    assert!(results["peak_gflops"].as_f64().unwrap() > 0.1);
    expect(&run(["bench", "--device", "cpu", "--size", "32", "--steps", "1"]), 0, &["s/step", "32"]);
    let layers = run(["bench", "--device", "cpu", "--size", "32", "--steps", "1", "--layers"]);
    expect(&layers, 0, &["relu1_1", "relu4_2", "backward"]);
    assert!(!stdout(&layers).contains("relu5_1"), "it has no weight by default");
    let arguments = ["bench", "--device", "cpu", "--size", "32", "--steps", "1", "--layers", "--five-layers"];
    expect(&run(arguments), 0, &["relu1_1", "relu5_1", "backward"]);
    expect_error(&run(["bench", "--device", "abacus"]), 1, &["abacus"]);
}

/// Peak and estimated memory of a measured size, in bytes.
#[cfg(target_os = "linux")]
fn memory(arguments: &[&str]) -> [f64; 2] {
    let common = ["bench", "--device", "cpu", "--json", "--steps", "3"];
    let output = run(common.iter().chain(arguments).copied());
    expect(&output, 0, &[]);
    let results: Value = serde_json::from_slice(&output.stdout).unwrap();
    ["peak_memory_bytes", "estimated_memory_bytes"].map(|key| results["sizes"][0][key].as_f64().unwrap())
}

#[test]
#[cfg(target_os = "linux")]
fn memory_is_what_was_estimated_and_low_memory_halves_it() {
    let near = |estimate: f64, peak: f64| {
        assert!((estimate / peak - 1.0).abs() < 0.15, "{estimate} instead of {peak}");
    };
    let [peak, estimate] = memory(&["--size", "384", "--five-layers"]);
    near(estimate, peak);
    let [low, low_estimate] = memory(&["--size", "384", "--five-layers", "--low-memory"]);
    near(low_estimate, low);
    assert!(low < 0.55 * peak, "{low} instead of {peak}");
    // By default nothing below relu4_2 is computed, nor counted.
    let [usual, usual_estimate] = memory(&["--size", "384"]);
    near(usual_estimate, usual);
    assert!(usual < peak - 1.5e8 && usual_estimate < estimate - 1.5e8, "{usual} instead of {peak}");
}

#[test]
fn weights_files_are_described_and_checked() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("weights/vgg19.safetensors");
    let path = file.to_str().unwrap();
    expect(&run(["weights", "info"]), 0, &["bundled", "sha256", "16", "licence"]);
    expect(&run(["weights", "info", path]), 0, &["vgg19.safetensors", "16"]);
    expect(&run(["weights", "check", path]), 0, &["good", "16 convolutions"]);

    let folder = tempfile::tempdir().unwrap();
    let truncated = folder.path().join("truncated.safetensors");
    let bytes = fs::read(&file).unwrap();
    fs::write(&truncated, &bytes[..bytes.len() / 2]).unwrap();
    expect_error(&run(["weights", "check", truncated.to_str().unwrap()]), 1, &["truncated.safetensors"]);
    expect_error(&run(["weights", "check", "gone.safetensors"]), 1, &["gone.safetensors"]);
}

#[test]
fn presets_are_bundled_ones_your_own_and_files() {
    let config = tempfile::tempdir().unwrap();
    fs::create_dir(config.path().join("presets")).unwrap();
    fs::write(config.path().join("presets/storm.toml"), "style_weight = 33.0\n").unwrap();
    let weight = |preset: &str| {
        let render = Render::new().to("out.png").path_arg("--report", "run.json").args(["--preset", preset]);
        let output = render.command().env("IMPASTO_CONFIG_DIR", config.path()).output().unwrap();
        expect(&output, 0, &[]);
        let report = render.report("run.json");
        assert_eq!(report["settings"]["steps"], 3, "flags win");
        report["settings"]["style_weight"].as_f64().unwrap()
    };
    assert_eq!(weight("storm"), 33.0);
    assert_eq!(weight("bold-strokes"), 1.25);
    assert_eq!(weight(config.path().join("presets/storm.toml").to_str().unwrap()), 33.0);
    expect_error(&with(&["--preset", "no such mix"]), 2, &["no such mix", "Painterly"]);
    let broken = config.path().join("broken.toml");
    fs::write(&broken, "stile_weight = 33.0\n").unwrap();
    expect_error(&with(&["--preset", broken.to_str().unwrap()]), 1, &["broken.toml", "stile_weight"]);
}

#[test]
fn a_palette_is_checked_and_used() {
    expect_error(&with(&["--palette", "nowhere.png"]), 1, &["palette", "nowhere.png"]);
    let mean = |arguments: &[&str]| {
        let render = Render::new().to("out.png").args(arguments.iter().copied()).args(["--steps", "12"]);
        expect(&render.run(), 0, &[]);
        let picture = image::open(render.path("out.png")).unwrap().to_rgb8();
        let sum: f64 = picture.pixels().map(|p| f64::from(p.0[0]) - f64::from(p.0[2])).sum();
        sum / picture.pixels().len() as f64
    };
    // Embers are red, the swirl is blue.
    let (plain, warm) = (mean(&[]), mean(&["--palette", "example:embers"]));
    assert!(warm > plain + 5.0, "{plain} {warm}");
}
