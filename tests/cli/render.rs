//! `impasto render` as a process: what it leaves on disk and how it exits.

use std::{collections::BTreeSet, fs};

use serde_json::Value;

use crate::program::{Render, asset, expect, expect_error, stderr, with};

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
    expect(&render.run(), 0, &["impasto: warning: ", "only the content is reconstructed"]);
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
