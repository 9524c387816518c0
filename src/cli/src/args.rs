//! The command line as types, and checks that clap cannot make. Each command's arguments are in its file.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use clap::{
    ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand, error::ErrorKind,
    parser::ValueSource,
};
use clap_complete::Shell;

use super::{
    batch::BatchArgs, bench::BenchArgs, devices::DevicesArgs, farm::FarmArgs, grid::GridArgs,
    layers::LayersArgs, render::RenderArgs, thumbnail::ThumbnailArgs, timelapse::TimelapseArgs,
    weights::WeightsCommand,
};
use impasto_core::settings::SettingsFlags;

/// Live neural style transfer: paints a content picture in the style of others.
///
/// Without a command the window opens with the given pictures: the first is the content, the others are
/// styles.
#[derive(Debug, Parser)]
#[command(
    name = "impasto",
    version,
    override_usage = "impasto [OPTIONS] [CONTENT [STYLE]...]\n       impasto [--verbose] <COMMAND> [OPTIONS]"
)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Pictures to open in the window: the content, then styles
    #[arg(value_name = "PICTURE")]
    pub pictures: Vec<PathBuf>,
    /// Print debug messages, and every cause of an error
    #[arg(long, short, global = true)]
    pub verbose: bool,
    /// When the window is closed, print frame times and how soon changed settings were visible
    #[arg(long)]
    pub frame_times: bool,
    #[command(flatten, next_help_heading = "Settings")]
    pub settings: SettingsFlags,
    /// Whether any flag of `settings` was given; the window then does not restore the last session's
    /// settings.
    #[arg(skip)]
    pub settings_given: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Paint without a window
    Render(Box<RenderArgs>),
    /// Paint a pair of pictures with two settings varied, on a contact sheet
    Grid(Box<GridArgs>),
    /// Paint many contents in many styles, continuing where it stopped
    Batch(Box<BatchArgs>),
    /// Write a batch as a job for many machines
    Farm(FarmArgs),
    /// Make a time-lapse of existing pictures
    Timelapse(TimelapseArgs),
    /// Make a figure of what each layer alone holds of a style and a content
    Layers(LayersArgs),
    /// List the devices that can compute
    Devices(DevicesArgs),
    /// Measure the speed of a device
    Bench(BenchArgs),
    /// Inspect VGG-19 weights files
    #[command(subcommand)]
    Weights(WeightsCommand),
    /// Print the licences of everything that the program is built from
    Notices,
    /// Print a script by which a shell completes commands and flags
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page, or write one of each command to a folder
    Man {
        /// Folder for the pages, created if necessary
        #[arg(value_name = "FOLDER")]
        folder: Option<PathBuf>,
    },
    /// Write a small picture of a project's painting as PNG; file managers call it
    #[command(hide = true)]
    Thumbnail(ThumbnailArgs),
}

/// Parse the whole command line; the program's name comes first.
///
/// # Errors
///
/// Help and version texts, and usage errors; [`clap::Error::use_stderr`] tells them apart.
pub(super) fn parse(arguments: &[OsString]) -> Result<Cli, clap::Error> {
    let matches = Cli::command().try_get_matches_from(arguments).map_err(|error| {
        match (error.kind(), arguments.get(1)) {
            // `impasto rendr --content …`: the typo is in the command, not in the flags.
            (ErrorKind::UnknownArgument, Some(first)) if looks_like_a_command(first) => {
                Cli::command().error(ErrorKind::InvalidSubcommand, no_such_command(first))
            }
            _ => error,
        }
    })?;
    let mut cli = Cli::from_arg_matches(&matches)?;
    cli.settings_given = any_setting_in(&matches);
    if cli.command.is_some() && cli.settings_given {
        return Err(Cli::command().error(
            ErrorKind::ArgumentConflict,
            "settings before a command are not used; write them after it",
        ));
    }
    Ok(cli)
}

fn any_setting_in(matches: &ArgMatches) -> bool {
    SettingsFlags::augment_args(clap::Command::new(""))
        .get_arguments()
        .any(|argument| matches.value_source(argument.get_id().as_str()) == Some(ValueSource::CommandLine))
}

/// Check that the window's pictures can be some, before it opens. It says itself, where the picture would be,
/// that a file is missing: whoever starts it from a file manager sees no terminal.
pub(super) fn check_pictures(pictures: &[PathBuf]) -> anyhow::Result<()> {
    match pictures.iter().find(|path| path.is_dir() || looks_like_a_command(path.as_os_str())) {
        None => Ok(()),
        Some(path) if path.is_dir() => anyhow::bail!("{} is a folder, not a picture", path.display()),
        Some(path) => anyhow::bail!(no_such_command(path.as_os_str())),
    }
}

/// A single word without an extension, which names no file and no command.
fn looks_like_a_command(text: &OsStr) -> bool {
    let path = Path::new(text);
    let word = text.to_str().is_some_and(|text| {
        text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    });
    word && !path.exists() && !Cli::command().get_subcommands().any(|command| text == command.get_name())
}

fn no_such_command(word: &OsStr) -> String {
    let command = Cli::command();
    let shown = command.get_subcommands().filter(|command| !command.is_hide_set());
    let names: Vec<&str> = shown.map(|command| command.get_name()).collect();
    format!("no picture and no command is called {}; commands: {}", word.display(), names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use impasto_core::settings::Settings;

    fn parse_words(words: &str) -> Result<Cli, clap::Error> {
        let arguments: Vec<OsString> =
            ["impasto"].into_iter().chain(words.split_whitespace()).map(Into::into).collect();
        parse(&arguments)
    }

    #[test]
    fn clap_finds_no_fault_with_the_definition() {
        Cli::command().debug_assert();
    }

    #[test]
    fn settings_are_known_to_be_given_or_not() {
        assert!(!parse_words("").unwrap().settings_given);
        assert!(!parse_words("a.jpg b.jpg --verbose").unwrap().settings_given);
        // The default value, but given explicitly.
        assert!(parse_words("a.jpg --size 512").unwrap().settings_given);
        assert!(parse_words("--layer relu3_1=1").unwrap().settings_given);
        assert!(parse_words("--settings mix.toml").unwrap().settings_given);
    }

    #[test]
    fn a_size_is_chosen_unless_one_is_named() {
        let named = |words: &str| parse_words(words).unwrap().settings.is_named("size");
        for words in ["", "a.jpg", "--layer none", "--preset watercolour", "--steps 3"] {
            assert!(!named(words), "{words}");
        }
        assert!(named("--size 512") && named("a.jpg --settings mix.toml"));
    }

    #[test]
    fn a_commands_settings_reach_it() {
        let cli = parse_words("render --content a --style b:2 --style c -o d.png --size 99 -v --overwrite")
            .unwrap();
        let Some(Command::Render(render)) = cli.command else { panic!("no render") };
        assert_eq!(render.settings.resolve(Settings::default()).unwrap().size, 99);
        assert_eq!((render.style.len(), render.style[0].mix.weight), (2, 2.0));
        assert!(cli.verbose && render.force && !cli.settings_given);
    }

    #[test]
    fn ignored_arguments_are_refused() {
        assert!(parse_words("--size 99 devices").is_err());
        assert_eq!(parse_words("a.jpg devices").unwrap().pictures.len(), 2);
        assert!(parse_words("--verbose devices").is_ok());
    }

    #[test]
    fn a_mistyped_command_lists_the_commands() {
        let error = parse_words("rendr --content a.jpg").unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains(
                "called rendr; commands: render, grid, batch, farm, timelapse, layers, devices, bench, weights"
            ),
            "{text}"
        );
        let text = check_pictures(&["rendr".into()]).unwrap_err().to_string();
        assert!(text.contains("called rendr; commands: render"), "{text}");
        assert!(check_pictures(&["gone.jpg".into(), "gone/picture".into()]).is_ok(), "the window tells");
        assert!(check_pictures(&["src".into()]).unwrap_err().to_string().contains("src is a folder"));
    }
}
