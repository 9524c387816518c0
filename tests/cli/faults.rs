//! Full disks and places that vanish: a painting goes on without what it can do without, and is never lost.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use crate::{
    environment::{impasto, impasto_in},
    program::asset,
};

/// A small, short render on the CPU.
fn render(mut command: Command, output: &Path, size: &str, steps: &str) -> Command {
    command.args(["render", "--size", size, "--steps", steps, "--device", "cpu"]);
    command.arg("--content").arg(asset("astronaut.jpg")).arg("--style").arg(asset("swirl.jpg"));
    command.arg("--output").arg(output);
    command
}

#[track_caller]
fn expect(output: &Output, code: i32, words: &[&str]) {
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{text}");
    for word in words {
        assert!(text.contains(word), "{word:?} is not in: {text}");
    }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// No file of this process may grow beyond so many bytes: what a full disk does, without one.
#[cfg(target_os = "linux")]
fn limited(mut command: Command, bytes: u64) -> Command {
    use std::os::unix::process::CommandExt as _;

    // SAFETY: both calls are safe between fork and exec, and touch no memory of ours but the limit.
    unsafe {
        command.pre_exec(move || {
            libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
            let limit = libc::rlimit { rlim_cur: bytes, rlim_max: bytes };
            match libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit) {
                0 => Ok(()),
                _ => Err(std::io::Error::last_os_error()),
            }
        });
    }
    command
}

#[test]
fn a_numbered_picture_that_cannot_be_saved_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let frames = folder.path().join("frames");
    // A folder stands where the second one should go.
    fs::create_dir_all(frames.join("000002.png")).unwrap();
    let output = folder.path().join("out.png");
    let mut command = render(impasto(), &output, "48", "3");
    command.args(["--save-every", "1", "--force", "--frames"]).arg(&frames);
    let found = command.output().unwrap();
    expect(&found, 0, &["warning: cannot save a numbered picture", "painting continues", "000002.png"]);
    assert_eq!(names(&frames), ["000001.png", "000002.png", "000003.png"]);
    assert!(image::open(output).is_ok());
}

#[cfg(target_os = "linux")]
#[test]
fn a_time_lapse_without_room_costs_the_painting_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (output, film) = (folder.path().join("out.jpg"), folder.path().join("out.gif"));
    // Room for the JPEG file, and not for the moments, which are PNG files.
    let mut command = limited(render(impasto(), &output, "64", "3"), 8192);
    command.args(["--no-recipe", "--timelapse"]).arg(&film).env("TMPDIR", folder.path());
    let found = command.output().unwrap();
    expect(&found, 0, &["warning: cannot save a moment of the time-lapse", "painting continues", "saved"]);
    assert!(image::open(output).is_ok());
    assert_eq!(names(folder.path()), ["out.jpg"]);
}

#[cfg(unix)]
#[test]
fn a_picture_whose_folder_has_gone_is_kept_elsewhere() {
    use std::{process::Stdio, thread, time::Duration, time::Instant};

    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name);
    fs::create_dir(at("out")).unwrap();
    let mut command = render(impasto_in(home.path()), &at("out/a.png"), "48", "1000000");
    command.args(["--save-every", "1", "--frames"]).arg(at("frames"));
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let began = Instant::now();
    while !at("frames/000002.png").exists() {
        assert!(began.elapsed() < Duration::from_secs(300), "no picture after five minutes");
        assert!(child.try_wait().unwrap().is_none(), "the program has ended by itself");
        thread::sleep(Duration::from_millis(20));
    }
    fs::remove_dir(at("out")).unwrap();
    // SAFETY: a signal to a child that has not been waited for, so the number is still its own.
    assert_eq!(unsafe { libc::kill(child.id() as libc::pid_t, libc::SIGINT) }, 0);
    let found = child.wait_with_output().unwrap();
    let kept = at("config/rescued/a.png");
    expect(&found, 1, &["the picture is kept as", kept.to_str().unwrap(), "error: there is no folder"]);
    assert!(image::open(kept).is_ok());
}

#[cfg(target_os = "linux")]
#[test]
fn a_batch_goes_on_if_a_disk_is_full() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let mut command = limited(impasto(), 600);
    command.args(["batch", "--size", "48", "--steps", "2", "--device", "cpu"]);
    command.arg("--content").arg(asset("astronaut.jpg"));
    for style in ["swirl.jpg", "woodcut.jpg"] {
        command.arg("--style").arg(asset(style));
    }
    fs::create_dir(at("tmp")).unwrap();
    command.arg("--output-folder").arg(at("out")).env("TMPDIR", at("tmp"));
    let found = command.output().unwrap();
    expect(&found, 1, &["0 of 2 painted, 2 failed", "the picture cannot be kept anywhere"]);
    assert_eq!((names(&at("out")), names(&at("tmp"))), (Vec::new(), Vec::new()));
}

#[cfg(unix)]
#[test]
fn force_writes_to_what_a_link_leads_to() {
    let folder = tempfile::tempdir().unwrap();
    let (real, link) = (folder.path().join("real.png"), folder.path().join("link.png"));
    fs::write(&real, "old").unwrap();
    std::os::unix::fs::symlink("real.png", &link).unwrap();
    let found = render(impasto(), &link, "48", "3").output().unwrap();
    expect(&found, 1, &["exists already"]);
    let found = render(impasto(), &link, "48", "3").arg("--force").output().unwrap();
    expect(&found, 0, &["saved"]);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(image::open(real).is_ok());
}
