//! The command line: its commands, exit codes and one-line error messages.
//!
//! | exit code | when |
//! |---|---|
//! | 0 | done |
//! | 1 | something failed: a file, a device, the painting itself |
//! | 2 | the arguments are invalid |
//! | 3 | `impasto batch --missing` has found something to paint |
//! | 130 | interrupted with Ctrl-C |
//!
//! Results go to standard output; progress, warnings and errors go to standard error.

mod args;
mod batch;
mod bench;
mod checks;
mod completions;
mod devices;
mod farm;
mod grid;
mod interrupt;
mod layers;
mod man;
mod missing;
mod optional;
mod paintings;
mod progress;
mod region_arg;
mod regions;
mod render;
mod report;
mod runs;
mod shard;
mod sheets;
mod style_arg;
mod thumbnail;
mod timelapse;
mod weights;

use std::{
    ffi::OsString,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
    time::Instant,
};

use anyhow::Context;
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use args::{Cli, Command};
use impasto_base::text;
use impasto_core::settings::{PresetError, Settings, SettingsError, SettingsFileError};
use weights::WeightsCommand;

const FAILED: u8 = 1;
const USAGE: u8 = 2;
/// Paintings are missing.
const MISSING: u8 = 3;
/// What shells report for a program ended by Ctrl-C (128 + SIGINT).
const INTERRUPTED: u8 = 130;

/// Arguments that are each well-formed but invalid together; ends with the exit code for usage errors.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct UsageError(String);

/// What the window opens with.
#[derive(Debug)]
pub struct WindowOptions {
    /// The content, then styles.
    pub pictures: Vec<PathBuf>,
    /// The settings, if any flag was given; otherwise the last session's are used.
    pub settings: Option<Settings>,
    /// They name no size, so that the window chooses one.
    pub choose_size: bool,
    /// Print frame times when the window is closed.
    pub frame_times: bool,
    /// When the program was started.
    pub started: Instant,
}

/// Opens the window and returns when it is closed. A parameter, so that the command line builds without the
/// window.
pub type OpenWindow = fn(WindowOptions) -> anyhow::Result<()>;

/// Run the program with the arguments of this process.
pub fn run(window: OpenWindow) -> ExitCode {
    let started = Instant::now();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let cli = match args::parse(&arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // If even this cannot be printed, there is nothing left to do.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { USAGE } else { 0 });
        }
    };
    log_to_stderr(cli.verbose);
    let verbose = cli.verbose;
    dispatch(cli, started, window).unwrap_or_else(|error| {
        eprintln!("impasto: error: {}", explain(&error));
        if verbose {
            for (depth, cause) in error.chain().enumerate() {
                eprintln!("  {depth}: {}", text::escaped(&cause.to_string()));
            }
        }
        exit_code(&error)
    })
}

fn dispatch(cli: Cli, started: Instant, window: OpenWindow) -> anyhow::Result<ExitCode> {
    match cli.command {
        None => open_window(cli, started, window).map(|()| ExitCode::SUCCESS),
        Some(Command::Render(arguments)) => render::run(*arguments, started),
        Some(Command::Grid(arguments)) => grid::run(&arguments),
        Some(Command::Batch(arguments)) => batch::run(&arguments),
        Some(Command::Farm(arguments)) => farm::run(&arguments),
        Some(Command::Timelapse(arguments)) => timelapse::run(&arguments),
        Some(Command::Layers(arguments)) => layers::run(&arguments),
        Some(Command::Devices(arguments)) => devices::run(&arguments),
        Some(Command::Bench(arguments)) => bench::run(&arguments),
        Some(Command::Weights(WeightsCommand::Info { file })) => weights::info(file.as_deref()),
        Some(Command::Weights(WeightsCommand::Check { file })) => weights::check(&file),
        Some(Command::Notices) => {
            print(impasto_assets::THIRD_PARTY)?;
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::Completions { shell }) => completions::run(shell),
        Some(Command::Man { folder }) => man::run(folder.as_deref()),
        Some(Command::Thumbnail(arguments)) => thumbnail::run(&arguments),
    }
}

fn open_window(cli: Cli, started: Instant, window: OpenWindow) -> anyhow::Result<()> {
    args::check_pictures(&cli.pictures)?;
    let settings = cli
        .settings_given
        .then(|| -> anyhow::Result<Settings> {
            let settings = cli.settings.resolve(Settings::default())?;
            settings.validate()?;
            Ok(settings)
        })
        .transpose()?;
    let choose_size = !cli.settings.is_named("size");
    window(WindowOptions {
        pictures: cli.pictures,
        settings,
        choose_size,
        frame_times: cli.frame_times,
        started,
    })
}

/// The message of an error in one line: what failed and its direct cause.
fn explain(error: &anyhow::Error) -> String {
    let mut text = one_line(&error.to_string());
    if let Some(cause) = error.chain().nth(1) {
        let cause = one_line(&cause.to_string());
        // Some errors already include their cause.
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text::message(&text)
}

/// Join a message of several lines, without the quoted source lines that parsers draw beside a `|`.
fn one_line(text: &str) -> String {
    let is_quote =
        |line: &str| line.trim_start_matches(|c: char| c == ' ' || c.is_ascii_digit()).starts_with('|');
    let lines: Vec<&str> =
        text.lines().filter(|line| !is_quote(line)).map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join(": ")
}

fn exit_code(error: &anyhow::Error) -> ExitCode {
    let usage = error.chain().any(|cause| {
        cause.is::<UsageError>()
            || cause.is::<SettingsError>()
            || matches!(
                cause.downcast_ref(),
                Some(SettingsFileError::Region(_) | SettingsFileError::Preset(PresetError::Unknown { .. }))
            )
    });
    ExitCode::from(if usage { USAGE } else { FAILED })
}

/// Write a command's result to standard output. A closed pipe (`impasto devices | head -1`) is not an error.
fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text::escaped(text).as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context("cannot write to standard output")
        }
        _ => Ok(()),
    }
}

fn log_to_stderr(verbose: bool) {
    // Graphics libraries log many warnings that the user can do nothing about.
    let (ours, others) = if verbose {
        (LevelFilter::DEBUG, LevelFilter::WARN)
    } else {
        (LevelFilter::WARN, LevelFilter::ERROR)
    };
    tracing_subscriber::registry()
        .with(tracing_subscriber::fmt::layer().with_writer(io::stderr))
        .with(Targets::new().with_target("impasto", ours).with_default(others))
        .init();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_becomes_one_line_with_its_direct_cause() {
        let error = anyhow::anyhow!("root").context("cause").context("top");
        assert_eq!(explain(&error), "top: cause");
        let error = anyhow::anyhow!("\u{1b}[2J").context("\u{1b}]0;owned\u{7}");
        assert_eq!(explain(&error), r"\u{1b}]0;owned\u{7}: \u{1b}[2J");
        let error = anyhow::anyhow!("no such file").context("cannot open a.jpg: no such file");
        assert_eq!(explain(&error), "cannot open a.jpg: no such file");
        let parser =
            "TOML parse error at line 1, column 1\n  |\n1 | sise = 200\n  | ^^^^\nunknown field `sise`\n";
        let error = anyhow::anyhow!(parser).context("mix.toml is not a settings file");
        assert_eq!(
            explain(&error),
            "mix.toml is not a settings file: TOML parse error at line 1, column 1: unknown field `sise`"
        );
    }

    #[test]
    fn invalid_settings_are_usage_errors_however_deep() {
        let settings = Settings { size: 3, ..Settings::default() };
        let error = anyhow::Error::from(settings.validate().unwrap_err()).context("cannot render");
        assert_eq!(format!("{:?}", exit_code(&error)), format!("{:?}", ExitCode::from(USAGE)));
        let error = anyhow::anyhow!("disk full");
        assert_eq!(format!("{:?}", exit_code(&error)), format!("{:?}", ExitCode::from(FAILED)));
    }

    #[cfg(unix)]
    #[test]
    fn a_copied_command_is_read_as_the_same_painting() {
        use std::process::Command as Shell;

        let mut settings =
            Settings { size: 300, style_weight: 0.1 + 0.2, pyramid: false, ..Settings::default() };
        settings.style_layers.set("relu3_2".parse().unwrap(), 1.0 / 3.0);
        settings.init = impasto_core::settings::Init::File("/tmp/it's a start.png".into());
        settings.device = "Mesa \"llvm\" $pipe".parse().unwrap();
        let mix = |weight, scale| impasto_core::settings::StyleMix { weight, scale, ..Default::default() };
        let crop = Some([0.1 + 0.2, 0.0, 1.0 / 3.0, 1.0].into());
        let part = impasto_core::settings::StyleMix { crop, ..mix(2.0, 1.0) };
        let line = impasto_formats::recipe::CommandLine {
            settings: &settings,
            content: "/home/me/my cat's.jpg".into(),
            styles: [
                ("example:Swirl", mix(1.0, 1.0)),
                ("/a/b:2.png", mix(0.3, 0.1 + 0.2)),
                ("-odd@3", mix(1.0, 1.0)),
                ("/a/c[0,0,0.5,1]", mix(1.0, 1.0)),
                ("d.png", part),
            ]
            .map(|(picture, mix)| impasto_formats::recipe::CommandStyle {
                picture: picture.into(),
                mix,
                region: None,
            })
            .into(),
            output: "Cat in Swirl.png".into(),
            stop_after: Some(17),
        };
        let script = line.text().unwrap().replacen("impasto", "printf '%s\\n' impasto", 1);
        let words = Shell::new("sh").args(["-c", &script]).output().unwrap();
        let words: Vec<OsString> = String::from_utf8(words.stdout).unwrap().lines().map(Into::into).collect();
        let cli = args::parse(&words).unwrap_or_else(|error| panic!("{script}: {error}"));
        let Some(Command::Render(render)) = cli.command else { panic!("{words:?}") };
        assert_eq!(render.settings.resolve(Settings::default()).unwrap(), settings);
        assert_eq!(render.content.unwrap().to_str(), Some("/home/me/my cat's.jpg"));
        let picture = impasto_core::picture::Picture::from_rgba("a", 300, 200, vec![255; 240_000]).unwrap();
        let picture = std::sync::Arc::new(picture);
        let styles: Vec<_> = (render.style.iter())
            .map(|style| (style.path.to_str().unwrap(), style.source(picture.clone()).unwrap().mix))
            .collect();
        assert_eq!(
            styles,
            [
                ("example:Swirl", mix(1.0, 1.0)),
                ("/a/b:2.png", mix(0.3, 0.1 + 0.2)),
                ("./-odd@3", mix(1.0, 1.0)),
                ("/a/c[0,0,0.5,1]", mix(1.0, 1.0)),
                ("d.png", part)
            ]
        );
        assert_eq!((render.output.to_str(), render.stop_after), (Some("Cat in Swirl.png"), Some(17)));
    }
}
