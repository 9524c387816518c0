//! The program as a process: what it refuses and how it says so, and the commands that paint nothing.

use std::{fs, path::Path};

use serde_json::Value;

use crate::{
    environment::impasto,
    program::{Render, asset, expect, expect_error, run, stdout, with},
};

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
