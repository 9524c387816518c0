//! `impasto batch`: paints many contents in many styles, one after the other, continuing where it stopped.

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{Arc, atomic::AtomicBool},
    thread,
    time::{Duration, Instant},
};

use anyhow::Context;
use clap::{
    Args,
    builder::{OsStringValueParser, TypedValueParser},
};

use super::{
    FAILED, INTERRUPTED, UsageError,
    interrupt::{self, is_set},
    missing::{self, MissingArg},
    paintings,
    progress::{self, Printer},
    shard::{Shard, ShardArg},
    style_arg::StyleArg,
};
use impasto_base::{
    files::{Claim, Claims, folder_of},
    text,
};
use impasto_core::{
    picture::{self, SaveError},
    settings::{Settings, SettingsFlags},
    transfer::Inputs,
};
use impasto_engine::{
    queue::{Existing, Item, ItemEnd, ItemSource, Painted, Place, RenderObserver, Runner},
    session::{Engine, PaintEngine},
};
use impasto_formats::{explore::Pairing, known::KnownFiles};

#[derive(Debug, Args)]
pub(super) struct BatchArgs {
    /// Content pictures: files, folders or patterns such as photos/*.jpg
    #[arg(long, short, value_name = "PICTURES", required = true, num_args = 1..)]
    pub content: Vec<PathBuf>,
    /// Style pictures: files, folders or patterns; with --mix each may have a part, a weight and a scale, as
    /// in `impasto render`: wave.jpg:0.5@0.7
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
    /// Paint only this part of the batch, as 3/16 for the third of sixteen, dealt out evenly; auto takes it
    /// from the variables of an array of Slurm, AWS Batch, Kubernetes, SGE, PBS or LSF, of which Kubernetes,
    /// PBS and LSF need IMPASTO_SHARD_COUNT as well. Shards can run at the same time, on machines that share
    /// the folders
    #[arg(long, value_name = "NUMBER/COUNT")]
    pub shard: Option<ShardArg>,
    /// Paint nothing, and list the files that are not painted yet: one a line, or with a number of shards
    /// those that have something left, as an array for a scheduler, 1-3,7. The exit code is 3 if there are
    /// any
    #[arg(long, value_name = "SHARDS", num_args = 0..=1, require_equals = true, default_missing_value = "names")]
    pub missing: Option<MissingArg>,
    /// Save the pictures without their recipes, which name the files that they were painted from (without
    /// their folders). Without recipes a batch cannot tell how a file was painted: one without a recipe
    /// counts as painted, and --force paints it again
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

/// How often it is looked whether another process has left a painting.
const POLL: Duration = Duration::from_secs(1);

/// The result of one painting.
enum PaintingResult {
    Painted,
    /// It was there already, painted by the same recipe.
    Skipped,
    Interrupted,
}

/// Paint all of it.
pub(super) fn run(arguments: &BatchArgs) -> anyhow::Result<ExitCode> {
    let settings = arguments.settings.resolve(Settings::default())?;
    settings.validate()?;
    let shard = arguments.shard.map(|shard| shard.resolve(&|name| env::var(name).ok())).transpose()?;
    if shard.is_some() && matches!(arguments.missing, Some(MissingArg::Shards(_))) {
        let text = "--missing with a number of shards is about all of them; leave out --shard";
        return Err(UsageError(text.to_owned()).into());
    }
    let printer = Printer::new(arguments.quiet);
    let mut paintings = paintings::plan(arguments, &settings, &printer)?;
    if arguments.missing.is_none() {
        // Of all shards: what one paints from, no other may overwrite.
        keep_sources(&paintings)?;
    }
    if let Some(shard) = shard {
        paintings = share(shard, paintings, &printer);
    }
    let existing = if arguments.force { Existing::Replace } else { Existing::Refuse };
    let place = Place { folder: None, known: KnownFiles::of_user(), existing };
    if let Some(how) = arguments.missing {
        return missing::list(&paintings, &place, how, &printer);
    }
    make_folder(&arguments.output_folder)?;
    if let Some(first) = paintings.first() {
        // Check the names' extension, and whether the folder is writable.
        make_folder(folder_of(&first.output))?;
        picture::check_destination(&first.output, true)?;
    }
    let interrupted = interrupt::ctrl_c_flag(&printer)?;
    let mut batch = Batch {
        runner: Runner::new(Arc::new(PaintEngine::default)),
        place,
        notes: Notes { noted: BTreeSet::new(), printer: printer.clone() },
        interrupted: Arc::clone(&interrupted),
    };
    let done = batch.paint_all(&paintings);
    summary(&printer, &done, paintings.len());
    Ok(match (is_set(&interrupted), done.failures.is_empty()) {
        (true, _) => ExitCode::from(INTERRUPTED),
        (false, true) => ExitCode::SUCCESS,
        (false, false) => ExitCode::from(FAILED),
    })
}

/// The paintings of a shard.
fn share(shard: Shard, paintings: Vec<Item>, printer: &Printer) -> Vec<Item> {
    let all = paintings.len();
    let outputs: Vec<&Path> = paintings.iter().map(|painting| painting.output.as_path()).collect();
    let numbers = Shard::numbers(shard.count, &outputs);
    let own = paintings.into_iter().zip(numbers).filter(|&(_, number)| number == shard.number);
    let own: Vec<Item> = own.map(|(painting, _)| painting).collect();
    printer.info(&format!("shard {shard}: {} of {all} paintings", own.len()));
    own
}

/// Claim a painting, so that no other process paints it meanwhile; an error if one does. Where a claim cannot
/// be made, it is painted without one: at worst it is painted twice.
fn claim(claims: &mut Claims, output: &Path) -> Result<Option<Claim>, Claimed> {
    match fs::create_dir_all(folder_of(output)).and_then(|()| claims.take(output)) {
        Ok(Some(claim)) => Ok(Some(claim)),
        Ok(None) => Err(Claimed),
        Err(error) => {
            tracing::debug!("cannot claim {}: {error}", output.display());
            Ok(None)
        }
    }
}

/// Another process paints it.
struct Claimed;

fn make_folder(folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))
}

/// Refuse to overwrite a picture to paint from.
fn keep_sources(paintings: &[Item]) -> Result<(), UsageError> {
    let sources: BTreeSet<&Path> = paintings
        .iter()
        .flat_map(Item::sources)
        .filter_map(|source| match source {
            ItemSource::File { path, .. } => Some(path.as_path()),
            ItemSource::Example(_) | ItemSource::StoredPixels(_) => None,
        })
        .collect();
    let sources: BTreeSet<PathBuf> =
        sources.into_iter().filter_map(|path| path.canonicalize().ok()).collect();
    let mut outputs = paintings.iter().map(|painting| &painting.output);
    match outputs.find(|output| output.canonicalize().is_ok_and(|path| sources.contains(&path))) {
        None => Ok(()),
        Some(output) => Err(UsageError(format!(
            "{} is one of the pictures to paint from; choose another folder or name",
            output.display()
        ))),
    }
}

fn summary(printer: &Printer, done: &Done, all: usize) {
    let Done { painted, skipped, failures, .. } = done;
    let mut text = format!("{painted} of {all} painted");
    if *skipped > 0 {
        text += &format!(", {skipped} already there");
    }
    if !failures.is_empty() {
        text += &format!(", {} failed:", failures.len());
    }
    match failures.as_slice() {
        [] => printer.info(&text),
        failures => {
            printer.warn(&text);
            failures.iter().for_each(|failure| printer.warn(&format!("  {failure}")));
        }
    }
}

/// What has become of a batch's paintings.
#[derive(Default)]
struct Done {
    painted: u32,
    /// What they took.
    seconds: f64,
    skipped: u32,
    failures: Vec<String>,
}

/// What one painting leaves to the next.
struct Batch<E> {
    runner: Runner<E>,
    place: Place,
    notes: Notes,
    interrupted: Arc<AtomicBool>,
}

impl<E: Engine + 'static> Batch<E> {
    /// Paint what no other process paints, then what others have left.
    fn paint_all(&mut self, paintings: &[Item]) -> Done {
        let printer = self.notes.printer.clone();
        let mut claims = Claims::default();
        let mut done = Done::default();
        let mut left: Vec<usize> = (0..paintings.len()).collect();
        let mut is_waiting = false;
        while !left.is_empty() && !is_set(&self.interrupted) {
            let mut claimed = Vec::new();
            for index in left {
                if is_set(&self.interrupted) {
                    break;
                }
                match claim(&mut claims, &paintings[index].output) {
                    Ok(_claim) => self.paint_next(index, paintings, &mut done),
                    Err(Claimed) => claimed.push(index),
                }
            }
            left = claimed;
            if left.is_empty() || is_set(&self.interrupted) {
                break;
            }
            if !is_waiting {
                is_waiting = true;
                let names = left.iter().map(|&index| paintings[index].output.display().to_string());
                printer.info(&format!("waiting for another process, which paints {}", text::list(names)));
            }
            thread::sleep(POLL);
        }
        done
    }

    fn paint_next(&mut self, index: usize, paintings: &[Item], done: &mut Done) {
        let (painting, printer) = (&paintings[index], self.notes.printer.clone());
        let left = match done.painted {
            0 => String::new(),
            // Skipped paintings take no time.
            painted => {
                let rest = (paintings.len() - index) as f64 * done.seconds / f64::from(painted);
                format!(", about {} left", progress::duration(rest))
            }
        };
        printer.info(&format!("{}/{}: {}{left}", index + 1, paintings.len(), painting.output.display()));
        let began = Instant::now();
        match self.paint(painting) {
            Ok(PaintingResult::Painted) => {
                done.painted += 1;
                done.seconds += began.elapsed().as_secs_f64();
            }
            Ok(PaintingResult::Skipped) => done.skipped += 1,
            Ok(PaintingResult::Interrupted) => {}
            Err(error) => {
                let text = format!("{}: {}", painting.output.display(), super::explain(&error));
                printer.warn(&format!("impasto: warning: {text}"));
                done.failures.push(text);
            }
        }
    }

    fn paint(&mut self, item: &Item) -> anyhow::Result<PaintingResult> {
        let end = self.runner.paint(item, &self.place, &self.interrupted, &mut self.notes);
        let printer = &self.notes.printer;
        let (saved, limits) = match end {
            Err(error) if matches!(error.downcast_ref(), Some(SaveError::Exists { .. })) => anyhow::bail!(
                "the file exists, and was not painted from these pictures with these settings; add --force to replace it"
            ),
            Err(error) => return Err(error),
            Ok(ItemEnd::Interrupted) => return Ok(PaintingResult::Interrupted),
            Ok(ItemEnd::AlreadyPainted(painted)) => {
                if painted == Painted::WithLess {
                    printer.warn(&missing::with_less(&item.output));
                }
                return Ok(PaintingResult::Skipped);
            }
            Ok(ItemEnd::Painted { saved, limits }) => (saved, limits),
        };
        let output = saved.map_err(|rescued| {
            printer.warn(&super::render::rescued(&rescued.saved));
            rescued.error
        })?;
        if !limits.is_empty() {
            printer.warn(&format!(
                "impasto: warning: {}: {}; it counts as painted, and --force paints it again",
                output.display(),
                limits.join("; ")
            ));
        }
        Ok(PaintingResult::Painted)
    }
}

/// Prints what was odd about the files, one line for each, once.
struct Notes {
    noted: BTreeSet<PathBuf>,
    printer: Printer,
}

impl RenderObserver for Notes {
    fn opened(&mut self, inputs: &Inputs) {
        let styles = inputs.styles.iter().map(|style| &style.picture);
        for picture in [&inputs.content].into_iter().chain(styles) {
            let path = picture.path.as_deref().unwrap_or(Path::new(&picture.name));
            if !picture.notes.is_empty() && self.noted.insert(path.to_owned()) {
                let notes = text::reason(&picture.notes.join("; "));
                self.printer.warn(&format!("impasto: warning: {}: {notes}", text::path(path)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{path::Path, sync::Mutex};

    use image::RgbaImage;
    use impasto_core::settings::Transparency;
    use impasto_formats::explore::Pair;
    use impasto_test_support::fake::{AtStep, Fake, Log};

    use super::*;

    fn batch(cache: &Path, log: Log) -> Batch<Fake> {
        let log = Arc::new(Mutex::new(log));
        let known = KnownFiles::in_cache(cache);
        Batch {
            runner: Runner::new(Arc::new(move || Fake::new(&log))),
            place: Place { folder: None, known, existing: Existing::Refuse },
            notes: Notes { noted: BTreeSet::new(), printer: Printer::new(true) },
            interrupted: Arc::new(AtomicBool::new(false)),
        }
    }

    #[test]
    fn a_picture_is_opened_once_to_see_what_is_painted_from_it() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        RgbaImage::from_pixel(16, 16, image::Rgba([90, 60, 30, 9])).save(at("content.png")).unwrap();
        RgbaImage::from_pixel(16, 16, image::Rgba([10, 60, 90, 255])).save(at("style.png")).unwrap();
        let cache = tempfile::tempdir().unwrap();
        let mut batch = batch(cache.path(), Log::default());
        let mut paint = |transparency| {
            let pair =
                Pair { content: at("content.png"), styles: vec![at("style.png")], output: at("out/a.png") };
            let settings = Settings { steps: 1, transparency, ..Settings::default() };
            batch.paint(&Item::of_batch(pair, &[], settings))
        };
        assert!(matches!(paint(Transparency::Keep), Ok(PaintingResult::Painted)));
        assert!(matches!(paint(Transparency::Keep), Ok(PaintingResult::Skipped)));
        let style = at("style.png");
        let before = fs::metadata(&style).unwrap();
        let time = before.modified().unwrap();
        let touch = |time| fs::File::options().write(true).open(&style).unwrap().set_modified(time).unwrap();
        fs::write(&style, vec![0; before.len() as usize]).unwrap();
        touch(time);
        assert!(matches!(paint(Transparency::Keep), Ok(PaintingResult::Skipped)), "it is not opened again");
        // That the content is transparent is known without its pixels too.
        assert!(paint(Transparency::Flatten).is_err());
        touch(time + Duration::from_secs(9));
        let error = paint(Transparency::Keep).err().unwrap();
        assert!(format!("{error:#}").contains("style.png"), "{error:#}");
    }

    #[test]
    fn a_picture_that_was_painted_with_less_is_kept_and_counts_unless_forced() {
        let folder = tempfile::tempdir().unwrap();
        let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets");
        let pair = Pair {
            content: assets.join("astronaut.jpg"),
            styles: vec![assets.join("swirl.jpg")],
            output: folder.path().join("a.png"),
        };
        let output = pair.output.clone();
        let cache = tempfile::tempdir().unwrap();
        // The device has no memory left if the seed is 1.
        let at_step: AtStep = Arc::new(|settings, _| {
            let limited = (settings.seed == 1).then(|| "a card has no memory left".to_owned());
            Ok(limited.into_iter().collect())
        });
        let mut batch = batch(cache.path(), Log { at_step: Some(at_step), ..Log::default() });
        let mut paint = |seed, force| {
            let settings = Settings { seed, steps: 1, ..Settings::default() };
            batch.place.existing = if force { Existing::Replace } else { Existing::Refuse };
            batch.paint(&Item::of_batch(pair.clone(), &[], settings))
        };
        assert!(matches!(paint(0, false), Ok(PaintingResult::Painted)));
        assert!(matches!(paint(0, false), Ok(PaintingResult::Skipped)));
        assert!(matches!(paint(1, true), Ok(PaintingResult::Painted)));
        assert!(output.exists());
        assert!(matches!(paint(1, false), Ok(PaintingResult::Skipped)));
        assert!(matches!(paint(1, true), Ok(PaintingResult::Painted)));
        // It is not what was there before.
        let error = paint(0, false).err().unwrap();
        assert!(error.to_string().contains("--force"), "{error}");
        assert!(matches!(paint(0, true), Ok(PaintingResult::Painted)));
        assert!(matches!(paint(0, false), Ok(PaintingResult::Skipped)));
    }
}
