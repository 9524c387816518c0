//! The program as a process: runs it, and looks at what it prints and how it exits.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::environment::impasto;

/// A file of the folder `assets`.
pub fn asset(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets").join(name)
}

pub fn run<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Output {
    impasto().args(arguments).output().unwrap()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[track_caller]
pub fn expect(output: &Output, code: i32, words: &[&str]) {
    let text = stderr(output) + &stdout(output);
    assert_eq!(output.status.code(), Some(code), "{text}");
    for word in words {
        assert!(text.contains(word), "{word:?} is not in: {text}");
    }
}

/// A failure is told in one line.
#[track_caller]
pub fn expect_error(output: &Output, code: i32, words: &[&str]) {
    expect(output, code, words);
    let text = stderr(output);
    assert_eq!(text.lines().filter(|line| line.starts_with("impasto: error: ")).count(), 1, "{text}");
    assert!(text.lines().last().is_some_and(|line| line.starts_with("impasto: error: ")), "{text}");
}

/// A render of the example pictures into a folder of its own: small, short and on the CPU unless it says
/// otherwise.
pub struct Render {
    pub folder: TempDir,
    arguments: Vec<OsString>,
}

impl Render {
    pub fn new() -> Self {
        Self::of(&asset("astronaut.jpg"))
    }

    pub fn of(content: &Path) -> Self {
        let arguments = ["--content".into(), content.into(), "--style".into(), asset("swirl.jpg").into()];
        Self { folder: tempfile::tempdir().unwrap(), arguments: arguments.into() }
    }

    pub fn args<'a>(mut self, arguments: impl IntoIterator<Item = &'a str>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn path_arg(mut self, flag: &str, name: &str) -> Self {
        let path = self.path(name);
        self.arguments.extend([flag.into(), path.into()]);
        self
    }

    pub fn to(self, name: &str) -> Self {
        self.path_arg("--output", name)
    }

    pub fn command(&self) -> Command {
        let mut command = impasto();
        command.arg("render").args(&self.arguments);
        for (flag, usual) in [("--size", "48"), ("--steps", "3"), ("--device", "cpu")] {
            if !self.arguments.iter().any(|argument| argument == flag) {
                command.args([flag, usual]);
            }
        }
        command
    }

    pub fn run(&self) -> Output {
        self.command().output().unwrap()
    }

    pub fn report(&self, name: &str) -> Value {
        serde_json::from_slice(&fs::read(self.path(name)).unwrap()).unwrap()
    }
}

/// The end of a render with these arguments.
pub fn with(arguments: &[&str]) -> Output {
    Render::new().to("out.png").args(arguments.iter().copied()).run()
}
