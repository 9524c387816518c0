//! `impasto batch`: paints many contents in many styles, one after the other, continuing where it stopped.

use std::{
    fs,
    path::PathBuf,
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
    progress::{self, Printer},
};
use impasto_core::{
    picture::{self, Picture},
    settings::Settings,
    transfer::{Inputs, StyleSource},
};
use impasto_engine::{
    queue::{RenderEnd, RenderPlan, guarded, paint},
    session::{Engine, Job, PaintEngine},
};
use impasto_formats::{
    explore::{Ledger, Pair, collect, recipe_hash},
    inputs::open_named,
    known::KnownFiles,
};

/// The result of one painting.
enum PairResult {
    Painted,
    /// It was there already, painted by the same recipe.
    Skipped,
    Interrupted,
}

/// Paint all pairs.
pub(super) fn run(arguments: &BatchArgs) -> anyhow::Result<ExitCode> {
    let settings = arguments.settings.resolve(Settings::default())?;
    settings.validate()?;
    let folder = &arguments.output_folder;
    let contents = collect(&arguments.content)?;
    let styles = collect(&arguments.style)?;
    let pairs = arguments
        .pairs
        .pairs(&contents, &styles, folder, &arguments.name)
        .map_err(|error| UsageError(error.to_string()))?;
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    if let Some(first) = pairs.first() {
        // Check the names' extension, and whether the folder is writable.
        picture::check_destination(&first.output, true)?;
    }
    let inputs: Vec<PathBuf> =
        contents.iter().chain(&styles).filter_map(|path| path.canonicalize().ok()).collect();
    if let Some(pair) =
        pairs.iter().find(|pair| pair.output.canonicalize().is_ok_and(|path| inputs.contains(&path)))
    {
        let text = format!(
            "{} is one of the pictures to paint from; choose another folder or name",
            pair.output.display()
        );
        return Err(UsageError(text).into());
    }
    let mut ledger =
        Ledger::open(folder).with_context(|| format!("cannot use the batch list in {}", folder.display()))?;

    let printer = Printer::new(arguments.quiet);
    let interrupted = interrupt::ctrl_c_flag(&printer)?;
    let mut engine = PaintEngine::new();
    let mut failures: Vec<String> = Vec::new();
    let (mut painted, mut skipped) = (0, 0);
    let mut seconds = 0.0;
    for (index, pair) in pairs.iter().enumerate() {
        if is_set(&interrupted) {
            break;
        }
        let left = match painted {
            0 => String::new(),
            // Skipped paintings take no time.
            _ => {
                let rest = (pairs.len() - index) as f64 * seconds / f64::from(painted);
                format!(", about {} left", progress::duration(rest))
            }
        };
        printer.info(&format!("{}/{}: {}{left}", index + 1, pairs.len(), pair.output.display()));
        let began = Instant::now();
        match paint_one(&mut engine, pair, &settings, arguments.force, &mut ledger, (&interrupted, &printer))
        {
            Ok(PairResult::Painted) => {
                painted += 1;
                seconds += began.elapsed().as_secs_f64();
            }
            Ok(PairResult::Skipped) => skipped += 1,
            Ok(PairResult::Interrupted) => break,
            Err(error) => {
                let text = format!("{}: {}", pair.output.display(), super::explain(&error));
                printer.warn(&format!("impasto: warning: {text}"));
                failures.push(text);
            }
        }
    }
    summary(&printer, painted, skipped, pairs.len(), &failures);
    Ok(match (is_set(&interrupted), failures.is_empty()) {
        (true, _) => ExitCode::from(INTERRUPTED),
        (false, true) => ExitCode::SUCCESS,
        (false, false) => ExitCode::from(FAILED),
    })
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

fn paint_one<E: Engine + Default>(
    engine: &mut E,
    pair: &Pair,
    settings: &Settings,
    force: bool,
    ledger: &mut Ledger,
    (interrupted, printer): (&Arc<AtomicBool>, &Printer),
) -> anyhow::Result<PairResult> {
    let content = Arc::new(Picture::open(&pair.content)?);
    let style = Arc::new(Picture::open(&pair.style)?);
    let recipe = recipe_hash(content.sha256, style.sha256, settings);
    if ledger.has(&pair.output, &recipe) {
        return Ok(PairResult::Skipped);
    }
    anyhow::ensure!(
        force || !pair.output.exists(),
        "the file exists, and was not painted from these pictures with these settings; add --force to replace it"
    );
    let mut inputs = Inputs::new(content, vec![StyleSource::new(style)]);
    open_named(&mut inputs, settings)?;
    let job = Job::new(1, inputs, settings.clone());
    let plan = RenderPlan {
        steps: settings.steps,
        losses_every: None,
        picture_every: None,
        stop_when_converged: settings.stop_when_converged,
        film: false,
    };
    let painted = guarded(|| engine.start(&job, None, &mut |_| ()))
        .inspect(|info| KnownFiles::of_user().add_run(&job, info))
        .map(|_| paint(engine, plan, interrupted, &mut NoObserver))
        .inspect_err(|_| *engine = E::default())?;
    match painted.end {
        RenderEnd::Interrupted => Ok(PairResult::Interrupted),
        RenderEnd::Failed(error) => {
            *engine = E::default();
            Err(error)
        }
        RenderEnd::Finished => {
            let (_, picture) = painted.picture.context("nothing was painted")?;
            picture::save(&picture, &pair.output, force).inspect_err(|_| {
                let folders = picture::fallback_folders();
                let saved = picture::save_elsewhere(&picture, &pair.output, &folders, &|_| None);
                printer.warn(&super::render::rescued(&saved));
            })?;
            let listed = if painted.limits.is_empty() {
                ledger.record(&pair.output, recipe)
            } else {
                printer.warn(&format!(
                    "impasto: warning: {}: {}; it is not in the batch list, and --force paints it again",
                    pair.output.display(),
                    painted.limits.join("; ")
                ));
                ledger.forget(&pair.output)
            };
            if let Err(error) = listed {
                printer.warn(&format!(
                    "impasto: warning: cannot record {} in the batch list: {error}",
                    pair.output.display()
                ));
            }
            Ok(PairResult::Painted)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use image::RgbImage;
    use impasto_core::{
        run::RunInfo,
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
        let pair = Pair {
            content: assets.join("astronaut.jpg"),
            style: assets.join("swirl.jpg"),
            output: folder.path().join("a.png"),
        };
        let mut ledger = Ledger::open(folder.path()).unwrap();
        let mut engine = Fake::default();
        let never = (&Arc::new(AtomicBool::new(false)), &Printer::new(true));
        let mut paint = |seed, force| {
            let settings = Settings { seed, steps: 1, ..Settings::default() };
            paint_one(&mut engine, &pair, &settings, force, &mut ledger, never)
        };
        assert!(matches!(paint(0, false), Ok(PairResult::Painted)));
        assert!(matches!(paint(0, false), Ok(PairResult::Skipped)));
        assert!(matches!(paint(1, true), Ok(PairResult::Painted)));
        assert!(pair.output.exists());
        // It is neither what was asked for nor what was there before.
        for seed in [1, 0] {
            let error = paint(seed, false).err().unwrap();
            assert!(error.to_string().contains("--force"), "{error}");
        }
        assert!(matches!(paint(0, true), Ok(PairResult::Painted)));
        assert!(matches!(paint(0, false), Ok(PairResult::Skipped)));
    }
}
