//! Command-line arguments as types, and checks that clap cannot make.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use clap::{
    ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand,
    builder::{OsStringValueParser, TypedValueParser},
    error::ErrorKind,
    parser::ValueSource,
};

use clap_complete::Shell;

use super::{
    missing::MissingArg, region_arg::RegionArg, shard::ShardArg, style_arg::StyleArg,
    thumbnail::ThumbnailArgs,
};
use impasto_core::settings::{DeviceChoice, Precision, SettingsFlags};
use impasto_formats::explore::{Axis, Pairing};

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

#[derive(Debug, Args)]
pub(super) struct RenderArgs {
    /// Content picture: a file, or example:NAME for a bundled one (chelsea, astronaut, coffee, rocket)
    #[arg(long, short, value_name = "PICTURE", required_unless_present = "recipe")]
    pub content: Option<PathBuf>,
    /// Style picture, with an optional weight relative to other styles and an optional scale of its strokes:
    /// wave.jpg, wave.jpg:0.5, wave.jpg@0.7, wave.jpg:0.5@0.7, or example:NAME (swirl, mosaic, woodcut,
    /// embers); behind # the name of the region that it paints: wave.jpg#sky. A part of it alone counts by
    /// left,top,width,height in brackets, in pixels, or as fractions of the picture if none is above 1:
    /// "wave.jpg[120,0,300,200]" or "wave.jpg[0.25,0,0.5,1]:0.5@0.7" (repeatable)
    #[arg(long, short, value_name = "PICTURE[PART][:WEIGHT][@SCALE][#REGION]", required_unless_present = "recipe", value_parser = OsStringValueParser::new().map(StyleArg::split_with_region))]
    pub style: Vec<StyleArg>,
    /// Region of the picture by its mask, a grey picture that is white inside and is fitted to the content:
    /// sky=sky.png. It is painted in the styles that name it, or else in those that name none, as is what no
    /// region covers. Behind colons: strength=0.5 (of its styles), hard (an edge that is not blurred), rough
    /// (an edge of patches where the mask is soft), layers=relu5_1+relu4_1=0.5 (factors of the style layers'
    /// weights, 0 for the others), freeze (what is there stays) or keep (the content is shown there)
    /// (repeatable)
    #[arg(long, value_name = "NAME=MASK[:OPTION]")]
    pub region: Vec<RegionArg>,
    /// Grey picture of the styles' strength at each place, full where it is white
    #[arg(long, value_name = "PICTURE")]
    pub style_map: Option<PathBuf>,
    /// Grey picture of the content's strength at each place, full where it is white
    #[arg(long, value_name = "PICTURE")]
    pub content_map: Option<PathBuf>,
    /// Paint this picture again from the recipe that Impasto saved in it: its pictures, settings and the
    /// changes made while it was painted. --content, --style and all settings given here take precedence
    #[arg(long, value_name = "PICTURE")]
    pub recipe: Option<PathBuf>,
    /// Save the picture without its recipe, which names the files that it was painted from (without their
    /// folders)
    #[arg(long)]
    pub no_recipe: bool,
    /// Save the recipe without small copies of the source pictures, which otherwise stand in for those that
    /// are missing
    #[arg(long, conflicts_with = "no_recipe")]
    pub no_thumbnails: bool,
    /// Stop after N steps, as if interrupted there: the pyramid's schedule stays that of the configured
    /// steps, and beyond them painting continues at the final size
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub stop_after: Option<u32>,
    /// Output file for the painted picture; its extension chooses the format
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
    /// Replace existing files
    #[arg(long, short, visible_alias = "overwrite")]
    pub force: bool,
    /// Save every N steps: to --frames, otherwise to the output file
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub save_every: Option<u32>,
    /// Folder for numbered pictures of the progress, every 10 steps unless --save-every is given
    #[arg(long, value_name = "FOLDER")]
    pub frames: Option<PathBuf>,
    /// Output file for a time-lapse of the painting: .gif, .webp, .png (animated), or .mp4 and .webm if
    /// ffmpeg is installed
    #[arg(long, value_name = "FILE")]
    pub timelapse: Option<PathBuf>,
    /// Write the step and the weights on the time-lapse's pictures
    #[arg(long, requires = "timelapse")]
    pub timelapse_caption: bool,
    /// Output file for a JSON report: settings, device, and the objective's terms at each step
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Steps between two entries of the report
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub report_every: u32,
    /// Print warnings and errors only
    #[arg(long, short)]
    pub quiet: bool,
    #[command(flatten, next_help_heading = "Settings")]
    pub settings: SettingsFlags,
}

#[derive(Debug, Args)]
pub(super) struct GridArgs {
    /// Content picture
    #[arg(long, short, value_name = "PICTURE")]
    pub content: PathBuf,
    /// Style picture, as in `impasto render` (repeatable)
    #[arg(long, short, value_name = "PICTURE[PART][:WEIGHT][@SCALE]", required = true, value_parser = OsStringValueParser::new().map(StyleArg::split))]
    pub style: Vec<StyleArg>,
    /// Output file for the contact sheet; its extension chooses the format
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
    /// What varies from column to column: a setting's flag and its values, as style-weight=0.25,1,4,
    /// style-weight=0.1-10[5] (logarithmic over a decade and more), preset=painterly,texture,
    /// layer=relu1_1,relu4_1 (each alone) or relu3_1=0,0.5,1
    #[arg(long, value_name = "SETTING=VALUES")]
    pub x: Axis,
    /// What varies from row to row
    #[arg(long, value_name = "SETTING=VALUES")]
    pub y: Option<Axis>,
    /// Longest side of a cell on the sheet, in pixels; by default the painted size
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(16..=2048))]
    pub cell: Option<u32>,
    /// Replace an existing file
    #[arg(long, short, visible_alias = "overwrite")]
    pub force: bool,
    /// Print warnings and errors only
    #[arg(long, short)]
    pub quiet: bool,
    #[command(flatten, next_help_heading = "Settings (usually 192 px and 150 steps here)")]
    pub settings: SettingsFlags,
}

#[derive(Debug, Args)]
pub(super) struct BatchArgs {
    /// Content pictures: files, folders or patterns such as photos/*.jpg
    #[arg(long, short, value_name = "PICTURES", required = true, num_args = 1..)]
    pub content: Vec<PathBuf>,
    /// Style pictures: files, folders or patterns; with --mix each may have a part, a weight and a scale, as in
    /// `impasto render`: wave.jpg:0.5@0.7
    #[arg(long, short, value_name = "PICTURES", required = true, num_args = 1.., value_parser = OsStringValueParser::new().map(StyleArg::split))]
    pub style: Vec<StyleArg>,
    /// Also take the pictures in all folders below the given ones, and keep the contents' folders in the
    /// output folder
    #[arg(long, short)]
    pub recursive: bool,
    /// Folder for the paintings, created if necessary
    #[arg(long, short, value_name = "FOLDER")]
    pub output_folder: PathBuf,
    /// Names of the paintings, with {content}, {style} and {number}; the extension chooses the format
    #[arg(long, value_name = "PATTERN", default_value = impasto_formats::explore::NAME_PATTERN)]
    pub name: String,
    /// Which content is painted in which style
    #[arg(long, value_name = "HOW", value_enum, default_value_t)]
    pub pairs: Pairing,
    /// Paint each content once, in a mix of all styles
    #[arg(long, conflicts_with = "pairs")]
    pub mix: bool,
    /// Paint only this part of the batch, as 3/16 for the third of sixteen, dealt out evenly; auto takes it from
    /// the variables of an array of Slurm, AWS Batch, Kubernetes, SGE, PBS or LSF, of which Kubernetes, PBS and LSF
    /// need IMPASTO_SHARD_COUNT as well. Shards can run at the same time, on machines that share the folders
    #[arg(long, value_name = "NUMBER/COUNT")]
    pub shard: Option<ShardArg>,
    /// Paint nothing, and list the files that are not painted yet: one a line, or with a number of shards
    /// those that have something left, as an array for a scheduler, 1-3,7. The exit code is 3 if there are any
    #[arg(long, value_name = "SHARDS", num_args = 0..=1, require_equals = true, default_missing_value = "names")]
    pub missing: Option<MissingArg>,
    /// Save the pictures without their recipes, which name the files that they were painted from (without
    /// their folders). Without recipes a batch cannot tell how a file was painted: one without a recipe counts
    /// as painted, and --force paints it again
    #[arg(long)]
    pub no_recipe: bool,
    /// Save the recipes without small copies of the source pictures, which otherwise stand in for those that
    /// are missing
    #[arg(long, conflicts_with = "no_recipe")]
    pub no_thumbnails: bool,
    /// Replace existing files that were painted from other pictures or with other settings
    #[arg(long, short, visible_alias = "overwrite")]
    pub force: bool,
    /// Print warnings and errors only
    #[arg(long, short)]
    pub quiet: bool,
    #[command(flatten, next_help_heading = "Settings")]
    pub settings: SettingsFlags,
}

/// What runs the job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Scheduler {
    /// Open Job Description, for render farms and AWS Deadline Cloud: a YAML template
    Openjd,
    /// Slurm: a script for sbatch
    Slurm,
    /// Kubernetes: an Indexed Job as YAML
    K8s,
}

#[derive(Debug, Args)]
#[command(override_usage = "impasto farm [OPTIONS] <SCHEDULER> <BATCH>...")]
pub(super) struct FarmArgs {
    /// Who runs the job
    #[arg(value_enum)]
    pub scheduler: Scheduler,
    /// The words after `impasto batch`, without --shard
    #[arg(value_name = "BATCH", required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    pub batch: Vec<String>,
    /// Number of shards, each a task of the job; with as many as there are paintings each is a task
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..))]
    pub shards: u32,
    /// One graphics card for each task
    #[arg(long)]
    pub gpu: bool,
    /// Container image with impasto in it, for Kubernetes
    #[arg(long, value_name = "IMAGE", default_value = "impasto")]
    pub image: String,
    /// Claim of the volume that is mounted as this folder, for Kubernetes
    #[arg(long, value_name = "CLAIM", default_value = "impasto")]
    pub volume: String,
    /// Output file for the job; standard output if there is none
    #[arg(long, value_name = "FILE")]
    pub job: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct TimelapseArgs {
    /// Pictures, and folders of pictures such as those of `impasto render --frames`
    #[arg(value_name = "PICTURE", required = true)]
    pub pictures: Vec<PathBuf>,
    /// Output file for the time-lapse: .gif, .webp, .png (animated), or .mp4 and .webm if ffmpeg is installed
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
    /// Pictures per second, 0.5 to 50
    #[arg(long, value_name = "RATE", default_value_t = 12.0)]
    pub rate: f64,
    /// Seconds that the last picture is shown longer, 0 to 60
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0)]
    pub hold: f64,
    /// Longest side in pixels; pictures are never enlarged
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(16..))]
    pub side: Option<u32>,
    /// Replace an existing file
    #[arg(long, short, visible_alias = "overwrite")]
    pub force: bool,
    /// Print warnings and errors only
    #[arg(long, short)]
    pub quiet: bool,
}

#[derive(Debug, Args)]
pub(super) struct LayersArgs {
    /// Content picture, reconstructed from relu1_2, relu2_2, relu3_2, relu4_2 and relu5_2, each alone: a
    /// file, or example:NAME
    #[arg(long, short, value_name = "PICTURE")]
    pub content: PathBuf,
    /// Style picture, for textures from relu1_1, relu2_1, relu3_1, relu4_1 and relu5_1, each alone, with an
    /// optional weight relative to other styles: wave.jpg, wave.jpg:0.5, example:NAME, or a part of one as in
    /// `impasto render` (repeatable)
    #[arg(long, short, value_name = "PICTURE[PART][:WEIGHT]", required = true, value_parser = OsStringValueParser::new().map(StyleArg::split))]
    pub style: Vec<StyleArg>,
    /// Output file for the figure; its extension chooses the format
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
    /// Longest side of each picture in the figure, in pixels
    #[arg(long, value_name = "PIXELS", default_value_t = impasto_formats::extracts::LARGE, value_parser = clap::value_parser!(u32).range(64..=1024))]
    pub size: u32,
    /// Device: auto, cpu, gpu, software or a part of a name listed by `impasto devices`
    #[arg(long, value_name = "DEVICE", default_value_t)]
    pub device: DeviceChoice,
    /// VGG-19 weights file instead of the bundled one
    #[arg(long, value_name = "FILE")]
    pub weights: Option<PathBuf>,
    /// Replace an existing file
    #[arg(long, short, visible_alias = "overwrite")]
    pub force: bool,
    /// Print warnings and errors only
    #[arg(long, short)]
    pub quiet: bool,
}

#[derive(Debug, Args)]
pub(super) struct DevicesArgs {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(super) struct BenchArgs {
    /// Device: auto, cpu, gpu, software or a part of a name listed by `impasto devices`
    #[arg(long, value_name = "DEVICE", default_value_t)]
    pub device: DeviceChoice,
    /// Side of the square picture, in pixels (repeatable)
    #[arg(long = "size", value_name = "PIXELS", default_values_t = [128, 256])]
    pub sizes: Vec<u32>,
    /// Number of steps at each size, including two for warm-up
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..))]
    pub steps: u32,
    /// VGG-19 weights file instead of the bundled one
    #[arg(long, value_name = "FILE")]
    pub weights: Option<PathBuf>,
    /// Measure each layer's convolution too, forward and backward
    #[arg(long)]
    pub layers: bool,
    /// Use as little memory as possible
    #[arg(long)]
    pub low_memory: bool,
    /// How features are stored on a graphics adapter: full or fast
    #[arg(long, default_value_t)]
    pub precision: Precision,
    /// Measure the step that BENCHMARKS.md compares instead of the usual one: style by Gram matrices at five
    /// layers down to relu5_1, and zero padding
    #[arg(long)]
    pub five_layers: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum WeightsCommand {
    /// Describe a weights file
    Info {
        /// The file; by default the bundled weights
        file: Option<PathBuf>,
    },
    /// Check that a weights file can be used
    Check {
        /// The file
        file: PathBuf,
    },
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

/// Check that the window's pictures can be some, before it opens. It says itself, where the picture would be, that a file is
/// missing: whoever starts it from a file manager sees no terminal.
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
