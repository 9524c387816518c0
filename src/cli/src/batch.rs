//! `impasto batch`: paints many contents in many styles, one after the other, continuing where it stopped.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{Arc, atomic::AtomicBool},
    time::Instant,
};

use anyhow::Context;

use super::{
    FAILED, INTERRUPTED, UsageError,
    args::BatchArgs,
    grid::NoObserver,
    interrupt::{self, is_set},
    paintings::{self, Painting},
    progress::{self, Printer},
};
use impasto_base::{files::folder_of, text};
use impasto_core::{
    picture::{self, Picture},
    settings::Settings,
    transfer::{Inputs, StyleSource},
};
use impasto_engine::{
    queue::{RenderEnd, RenderPlan, guarded, paint},
    replay::{RecipeWriter, ReplayPlan, Replayer},
    session::{Engine, Job, PaintEngine},
};
use impasto_formats::{
    explore::{Ledger, recipe_hash},
    inputs::open_named,
    known::KnownFiles,
};

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
    let printer = Printer::new(arguments.quiet);
    let paintings = paintings::plan(arguments, &printer)?;
    make_folder(&arguments.output_folder)?;
    if let Some(first) = paintings.first() {
        // Check the names' extension, and whether the folder is writable.
        make_folder(folder_of(&first.output))?;
        picture::check_destination(&first.output, true)?;
    }
    keep_sources(&paintings)?;
    let interrupted = interrupt::ctrl_c_flag(&printer)?;
    let mut batch = Batch {
        settings,
        force: arguments.force,
        with_recipe: !arguments.no_recipe,
        with_thumbnails: !arguments.no_thumbnails,
        replayer: Replayer::new(PaintEngine::default),
        known: KnownFiles::of_user(),
        ledgers: ledgers(&paintings)?,
        noted: BTreeSet::new(),
        printer: printer.clone(),
        interrupted: Arc::clone(&interrupted),
    };
    let mut failures: Vec<String> = Vec::new();
    let (mut painted, mut skipped) = (0, 0);
    let mut seconds = 0.0;
    for (index, painting) in paintings.iter().enumerate() {
        if is_set(&interrupted) {
            break;
        }
        let left = match painted {
            0 => String::new(),
            // Skipped paintings take no time.
            _ => {
                let rest = (paintings.len() - index) as f64 * seconds / f64::from(painted);
                format!(", about {} left", progress::duration(rest))
            }
        };
        printer.info(&format!("{}/{}: {}{left}", index + 1, paintings.len(), painting.output.display()));
        let began = Instant::now();
        match batch.paint(painting) {
            Ok(PaintingResult::Painted) => {
                painted += 1;
                seconds += began.elapsed().as_secs_f64();
            }
            Ok(PaintingResult::Skipped) => skipped += 1,
            Ok(PaintingResult::Interrupted) => break,
            Err(error) => {
                let text = format!("{}: {}", painting.output.display(), super::explain(&error));
                printer.warn(&format!("impasto: warning: {text}"));
                failures.push(text);
            }
        }
    }
    summary(&printer, painted, skipped, paintings.len(), &failures);
    Ok(match (is_set(&interrupted), failures.is_empty()) {
        (true, _) => ExitCode::from(INTERRUPTED),
        (false, true) => ExitCode::SUCCESS,
        (false, false) => ExitCode::from(FAILED),
    })
}

fn make_folder(folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))
}

/// Refuse to overwrite a picture to paint from.
fn keep_sources(paintings: &[Painting]) -> Result<(), UsageError> {
    let sources: BTreeSet<&Path> = paintings.iter().flat_map(Painting::sources).collect();
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

/// The list of each folder that paintings go to.
fn ledgers(paintings: &[Painting]) -> anyhow::Result<BTreeMap<PathBuf, Ledger>> {
    let folders: BTreeSet<&Path> = paintings.iter().map(|painting| folder_of(&painting.output)).collect();
    let open = |folder: &Path| {
        let ledger = Ledger::open(folder)
            .with_context(|| format!("cannot use the batch list in {}", folder.display()))?;
        Ok((folder.to_owned(), ledger))
    };
    folders.into_iter().map(open).collect()
}

fn summary(printer: &Printer, painted: u32, skipped: u32, all: usize, failures: &[String]) {
    let mut text = format!("{painted} of {all} painted");
    if skipped > 0 {
        text += &format!(", {skipped} already there");
    }
    if !failures.is_empty() {
        text += &format!(", {} failed:", failures.len());
    }
    match failures {
        [] => printer.info(&text),
        failures => {
            printer.warn(&text);
            failures.iter().for_each(|failure| printer.warn(&format!("  {failure}")));
        }
    }
}

/// What one painting leaves to the next.
struct Batch<E> {
    settings: Settings,
    force: bool,
    with_recipe: bool,
    with_thumbnails: bool,
    replayer: Replayer<E>,
    known: KnownFiles,
    ledgers: BTreeMap<PathBuf, Ledger>,
    /// Pictures whose notes were printed.
    noted: BTreeSet<PathBuf>,
    printer: Printer,
    interrupted: Arc<AtomicBool>,
}

impl<E: Engine + Default + 'static> Batch<E> {
    fn paint(&mut self, painting: &Painting) -> anyhow::Result<PaintingResult> {
        let output = &painting.output;
        let content = Arc::new(Picture::open(&painting.content)?);
        let style = |(path, mix): &(PathBuf, _)| -> anyhow::Result<StyleSource> {
            Ok(StyleSource { picture: Arc::new(Picture::open(path)?), mix: *mix })
        };
        let styles = painting.styles.iter().map(style).collect::<anyhow::Result<_>>()?;
        let mut inputs = Inputs::new(content, styles);
        let recipe = recipe_hash(&inputs, &self.settings);
        if self.ledgers.get(folder_of(output)).is_some_and(|ledger| ledger.has(output, &recipe)) {
            return Ok(PaintingResult::Skipped);
        }
        anyhow::ensure!(
            self.force || !output.exists(),
            "the file exists, and was not painted from these pictures with these settings; add --force to replace it"
        );
        make_folder(folder_of(output))?;
        picture::check_destination(output, self.force)?;
        self.print_notes(&inputs);
        open_named(&mut inputs, &self.settings)?;
        let job = Job::new(1, inputs, self.settings.clone());
        let plan = RenderPlan {
            steps: self.settings.steps,
            losses_every: None,
            picture_every: None,
            stop_when_converged: self.settings.stop_when_converged,
            film: false,
        };
        let run = ReplayPlan::plain(job, plan.steps);
        let painted = guarded(|| self.replayer.begin(&run, &mut |_| ()))
            .inspect(|info| self.known.add_run(&run.job, info))
            .map(|info| (info, paint(&mut self.replayer, plan, &self.interrupted, &mut NoObserver)))
            .inspect_err(|_| self.renew_engine())?;
        let (info, painted) = painted;
        match painted.end {
            RenderEnd::Interrupted => Ok(PaintingResult::Interrupted),
            RenderEnd::Failed(error) => {
                self.renew_engine();
                Err(error)
            }
            RenderEnd::Finished => {
                let (_, picture) = painted.picture.context("nothing was painted")?;
                let record = self.replayer.record_handle();
                let writer =
                    self.with_recipe.then(|| RecipeWriter::new(&run.job, info, record, self.with_thumbnails));
                let text = |room| writer.as_ref()?.text(&picture, room);
                picture::save_with_text(&picture, output, self.force, &text).inspect_err(|_| {
                    let folders = picture::fallback_folders();
                    let saved = picture::save_elsewhere(&picture, output, &folders, &text);
                    self.printer.warn(&super::render::rescued(&saved));
                })?;
                if !painted.limits.is_empty() {
                    self.printer.warn(&format!(
                        "impasto: warning: {}: {}; it is not in the batch list, and --force paints it again",
                        output.display(),
                        painted.limits.join("; ")
                    ));
                }
                let ledger = self.ledgers.get_mut(folder_of(output));
                let listed = ledger.map(|ledger| match painted.limits.is_empty() {
                    true => ledger.record(output, recipe),
                    false => ledger.forget(output),
                });
                if let Some(Err(error)) = listed {
                    self.printer.warn(&format!(
                        "impasto: warning: cannot record {} in the batch list: {error}",
                        output.display()
                    ));
                }
                Ok(PaintingResult::Painted)
            }
        }
    }

    /// Don't reuse an engine after a failure.
    fn renew_engine(&mut self) {
        self.replayer = Replayer::new(E::default);
    }

    /// Print what was odd about the files, one line for each, once.
    fn print_notes(&mut self, inputs: &Inputs) {
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
    use std::path::Path;

    use image::RgbImage;
    use impasto_core::{
        run::RunInfo,
        settings::StyleMix,
        transfer::{GradientNorms, PyramidProgress, Reading},
    };
    use impasto_engine::session::EngineError;

    use super::*;

    /// Paints a grey picture; its device has no memory left if the seed is 1.
    #[derive(Default)]
    struct Fake {
        limited: bool,
    }

    impl Engine for Fake {
        fn start(
            &mut self,
            job: &Job,
            _: Option<&RgbImage>,
            _: &mut dyn FnMut(&str),
        ) -> Result<RunInfo, EngineError> {
            self.limited = job.settings.seed == 1;
            Ok(impasto_test_support::info())
        }
        fn update(&mut self, _: &Settings, _: &Inputs) -> Result<(), EngineError> {
            Ok(())
        }
        fn step(&mut self) -> Result<(), EngineError> {
            Ok(())
        }
        fn read(&mut self) -> Result<Reading, EngineError> {
            Ok(Reading {
                step: 1,
                place: PyramidProgress::default(),
                losses: None,
                norms: GradientNorms::default(),
                picture: RgbImage::from_pixel(6, 4, image::Rgb([9; 3])),
                plain: None,
            })
        }
        fn take_limits(&mut self) -> Vec<String> {
            let limited = std::mem::take(&mut self.limited);
            limited.then(|| "a card has no memory left".to_owned()).into_iter().collect()
        }
        fn end(&mut self) {}
    }

    #[test]
    fn a_picture_that_was_painted_with_less_is_kept_and_not_listed() {
        let folder = tempfile::tempdir().unwrap();
        let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets");
        let painting = Painting {
            content: assets.join("astronaut.jpg"),
            styles: vec![(assets.join("swirl.jpg"), StyleMix::default())],
            output: folder.path().join("a.png"),
        };
        let cache = tempfile::tempdir().unwrap();
        let mut batch = Batch {
            settings: Settings::default(),
            force: false,
            with_recipe: true,
            with_thumbnails: false,
            replayer: Replayer::new(Fake::default),
            known: KnownFiles::in_cache(cache.path()),
            ledgers: ledgers(std::slice::from_ref(&painting)).unwrap(),
            noted: BTreeSet::new(),
            printer: Printer::new(true),
            interrupted: Arc::new(AtomicBool::new(false)),
        };
        let mut paint = |seed, force| {
            batch.settings = Settings { seed, steps: 1, ..Settings::default() };
            batch.force = force;
            batch.paint(&painting)
        };
        assert!(matches!(paint(0, false), Ok(PaintingResult::Painted)));
        assert!(matches!(paint(0, false), Ok(PaintingResult::Skipped)));
        assert!(matches!(paint(1, true), Ok(PaintingResult::Painted)));
        assert!(painting.output.exists());
        // It is neither what was asked for nor what was there before.
        for seed in [1, 0] {
            let error = paint(seed, false).err().unwrap();
            assert!(error.to_string().contains("--force"), "{error}");
        }
        assert!(matches!(paint(0, true), Ok(PaintingResult::Painted)));
        assert!(matches!(paint(0, false), Ok(PaintingResult::Skipped)));
    }
}
