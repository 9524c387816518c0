//! `impasto render`: paints without a window. Everything that can be checked is checked before work starts,
//! and however the work ends, what was painted and measured is saved.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicBool},
    time::Instant,
};

use anyhow::Context;
use clap::{
    Args,
    builder::{OsStringValueParser, TypedValueParser},
};
use image::RgbImage;

use super::{
    INTERRUPTED, checks,
    interrupt::catch_ctrl_c,
    optional::OptionalOutput,
    progress::{self, Printer, Progress},
    region_arg::RegionArg,
    report::{self, Outcome, Report},
    runs::{self, GivenRecipe, PlannedRuns},
    style_arg::StyleArg,
    timelapse::Film,
};
use impasto_base::{error::chain, text};
use impasto_core::{
    picture::{self, Export, Matte},
    settings::{Settings, SettingsFlags},
    transfer::{self, Inputs, Losses},
};
use impasto_engine::{
    queue::{RenderEnd, RenderObserver, RenderPlan, RenderResult, guarded, paint},
    replay::{RecipeWriter, ReplayPlan, Replayer},
    session::{Engine, Job, PaintEngine},
};
use impasto_formats::known::KnownFiles;

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

/// Default number of steps between two frames.
const FRAME_EVERY: u32 = 10;

/// Render; `program_start` is what the report's time to the first picture is measured from.
pub(super) fn run(arguments: RenderArgs, program_start: Instant) -> anyhow::Result<ExitCode> {
    let recipe = GivenRecipe::read(&arguments)?;
    let base = recipe.as_ref().map_or_else(Settings::default, |given| given.recipe.settings.clone());
    // A recipe's painting is repeated to its last step.
    let repeats = recipe.is_some();
    let settings = arguments.resolved(base)?;
    // A recipe's regions may come while it paints, so only those at its end say which there are.
    arguments.settings.check_automate(&settings.masks)?;
    if let Some(given) = &recipe {
        given.check(&settings)?;
    }
    checks::check(&arguments, &settings)?;
    let PlannedRuns { mut runs, remarks, network, device } = runs::open(&arguments, settings, recipe)?;
    let last = runs.pop().context("there is nothing to paint")?;

    let mut replayer = Replayer::new(PaintEngine::new);
    let interrupted = Arc::new(AtomicBool::new(false));
    replayer.stop_at(Arc::clone(&interrupted));
    let mut printer = Printer::new(arguments.quiet);
    warn_all(&printer, &remarks);
    let shared_printer = Arc::new(Mutex::new(printer.clone()));
    catch_ctrl_c(&shared_printer, &interrupted)?;
    let count = runs.len() + 1;
    for (index, run) in runs.iter().enumerate() {
        printer.info(&format!("run {} of {count}, from which the next one continues", index + 1));
        if !paint_before(&mut replayer, run, &arguments, &interrupted)? {
            printer.info("interrupted: the last run was not begun, so nothing is saved");
            return Ok(ExitCode::from(INTERRUPTED));
        }
    }

    let job = &last.job;
    let schedule = job.inputs.schedule(&job.settings);
    let progress = Progress::new(last.steps, schedule, arguments.quiet);
    printer = progress.printer();
    *shared_printer.lock().unwrap_or_else(PoisonError::into_inner) = printer.clone();
    let pictures =
        [&job.inputs.content].into_iter().chain(job.inputs.styles.iter().map(|style| &style.picture));
    let notes = pictures.flat_map(|picture| {
        picture
            .notes
            .iter()
            .map(|note| format!("{}: {}", text::display_name(&picture.name), text::reason(note)))
    });
    let mut remarks: Vec<String> = notes.chain(job.settings.remarks()).collect();
    warn_all(&printer, &remarks);
    job.inputs.scale_remarks(&job.settings).iter().for_each(|remark| printer.info(remark));

    let info = guarded(|| replayer.begin(&last, &mut |what| progress.preparing(what)))
        .inspect_err(|_| progress.finish())?;
    KnownFiles::of_user().add_run(&last.job, &info);
    // The engine repeats the settings' own remarks.
    remarks = info.remarks.iter().filter(|remark| !remarks.contains(remark)).cloned().collect();
    if network.is_some_and(|network| network != info.weights.sha256) {
        remarks.push("the recipe was painted with another network, so this picture will differ".to_owned());
    }
    if let Some(device) = device.filter(|device| *device != info.device.name) {
        let device = text::display_name(&device);
        remarks.push(format!("the recipe was painted on {device}: on another device small differences grow"));
    }
    warn_all(&printer, &remarks);
    printer.info(&format!(
        "painting {}×{} px, {} steps, on {}",
        info.width, info.height, last.steps, info.device.name
    ));

    let frame_every = arguments.save_every.unwrap_or(match job.settings.preview_every {
        0 => FRAME_EVERY,
        every => every,
    });
    let plan = RenderPlan {
        steps: last.steps,
        losses_every: arguments.report.as_ref().map(|_| arguments.report_every),
        picture_every: (arguments.frames.is_some() || arguments.save_every.is_some()).then_some(frame_every),
        stop_when_converged: job.settings.stop_when_converged && !repeats,
        film: arguments.timelapse.is_some(),
    };
    let film = arguments
        .timelapse
        .as_ref()
        .map(|path| Film::new(path, arguments.force, arguments.timelapse_caption, &job.settings));
    let film = film.transpose()?;
    // A recipe has small copies of the pictures that the painting ends with.
    let at_end = Job { inputs: last.last_inputs(), ..job.clone() };
    let mut outputs = RenderOutputs {
        report: Report::new(job, &info),
        progress,
        settings: &job.settings,
        frames: arguments.frames.as_deref(),
        film,
        lost_pictures: OptionalOutput::new(match arguments.frames {
            Some(_) => "a numbered picture",
            None => "the picture as it is so far",
        }),
        lost_moments: OptionalOutput::new("a moment of the time-lapse"),
        output: Output {
            path: arguments.output.clone(),
            overwrite: arguments.force,
            recipe: (!arguments.no_recipe).then(|| {
                RecipeWriter::new(&at_end, info, replayer.record_handle(), !arguments.no_thumbnails)
            }),
            inputs: at_end.inputs.clone(),
            settings: job.settings.clone(),
        },
    };
    let began = Instant::now();
    let painted = paint(&mut replayer, plan, &interrupted, &mut outputs);
    outputs.progress.finish();
    let seconds = began.elapsed().as_secs_f64();
    let first_picture = painted.first_picture.map(|at| at.duration_since(program_start).as_secs_f64());
    let RenderOutputs { report, output, film, lost_pictures, lost_moments, .. } = outputs;
    lost_pictures.report_total(&printer);
    lost_moments.report_total(&printer);
    let lines = printer.clone();
    let finished = Finish {
        report,
        output,
        report_path: arguments.report,
        printer,
        total: plan.steps,
        seconds,
        first_picture,
    }
    .run(painted);
    // The picture is saved before the time-lapse is written, and an error of the painting takes precedence.
    match film.map(|film| film.save(&lines)) {
        Some(Err(error)) if finished.is_ok() => Err(error),
        _ => finished,
    }
}

/// Paint a run that the next one continues from; false if it was interrupted.
fn paint_before(
    replayer: &mut Replayer<PaintEngine>,
    run: &ReplayPlan,
    arguments: &RenderArgs,
    interrupted: &AtomicBool,
) -> anyhow::Result<bool> {
    struct EarlierRun<'a>(Progress, &'a Settings);
    impl RenderObserver for EarlierRun<'_> {
        fn losses(&mut self, step: u32, losses: &Losses, _: f64, _: bool) {
            self.0.step(step, losses, self.1);
        }
        fn notice(&mut self, text: &str) {
            warn_all(&self.0.printer(), &[text.to_owned()]);
        }
    }
    let schedule = run.job.inputs.schedule(&run.job.settings);
    let progress = Progress::new(run.steps, schedule, arguments.quiet);
    guarded(|| replayer.begin(run, &mut |what| progress.preparing(what)))
        .inspect_err(|_| progress.finish())?;
    let plan = RenderPlan::steps(run.steps);
    let mut observer = EarlierRun(progress, &run.job.settings);
    let painted = paint(replayer, plan, interrupted, &mut observer);
    observer.0.finish();
    match painted.end {
        RenderEnd::Failed(error) => Err(error),
        RenderEnd::Interrupted => Ok(false),
        // A run without steps still has its initial picture.
        RenderEnd::Finished if run.steps == 0 => guarded(|| replayer.read()).map(|_| true),
        RenderEnd::Finished => Ok(true),
    }
}

fn warn_all(printer: &Printer, texts: &[String]) {
    for text in texts {
        printer.warn(&format!("impasto: warning: {text}"));
    }
}

/// The output file.
struct Output {
    path: PathBuf,
    overwrite: bool,
    recipe: Option<RecipeWriter>,
    inputs: Inputs,
    settings: Settings,
}

impl Output {
    /// The transparency of the run's picture.
    fn matte(&self, picture: &RgbImage) -> Option<Matte> {
        self.inputs.matte(&self.settings, picture.dimensions())
    }

    fn save(&mut self, picture: &RgbImage) -> anyhow::Result<()> {
        let text = |room| self.recipe.as_ref()?.text(picture, room);
        let matte = self.matte(picture);
        let export = Export { picture, matte: matte.as_ref() };
        picture::save_with_text(export, &self.path, self.overwrite, &text)?;
        // From now on the file is this run's own.
        self.overwrite = true;
        Ok(())
    }

    /// Save the picture somewhere else if its destination fails; still return the error.
    fn save_or_rescue(&mut self, picture: &RgbImage, printer: &Printer) -> anyhow::Result<()> {
        self.save(picture).inspect_err(|_| {
            let text = |room| self.recipe.as_ref()?.text(picture, room);
            let matte = self.matte(picture);
            let export = Export { picture, matte: matte.as_ref() };
            let saved = picture::save_elsewhere(export, &self.path, &picture::fallback_folders(), &text);
            printer.warn(&rescued(&saved));
        })
    }
}

/// The message about a picture that could not be saved at its destination.
pub(super) fn rescued(saved: &Result<PathBuf, picture::SaveError>) -> String {
    match saved {
        Ok(path) => format!("impasto: warning: the picture is kept as {} instead", path.display()),
        Err(error) => format!("impasto: warning: the picture cannot be kept anywhere: {}", chain(error)),
    }
}

/// The outputs of a render while it paints.
struct RenderOutputs<'a> {
    report: Report,
    progress: Progress,
    settings: &'a Settings,
    frames: Option<&'a Path>,
    film: Option<Film>,
    lost_pictures: OptionalOutput,
    lost_moments: OptionalOutput,
    output: Output,
}

impl RenderObserver for RenderOutputs<'_> {
    fn losses(&mut self, step: u32, losses: &Losses, seconds: f64, planned: bool) {
        if planned {
            self.report.add(step, losses, seconds);
        }
        self.progress.step(step, losses, self.settings);
    }

    fn converged(&mut self, step: u32) {
        self.report.converged(step);
        let printer = self.progress.printer();
        printer.info(&format!(
            "converged at step {step}: the objective has fallen by less than 1/10000 in 50 steps"
        ));
    }

    fn notice(&mut self, text: &str) {
        warn_all(&self.progress.printer(), &[text.to_owned()]);
    }

    fn picture(&mut self, step: u32, picture: &RgbImage) -> anyhow::Result<()> {
        let result = match self.frames {
            Some(folder) => {
                let matte = self.output.matte(picture);
                let export = Export { picture, matte: matte.as_ref() };
                picture::save_with_text(export, &report::frame_path(folder, step), true, &|_| None)
                    .map_err(Into::into)
            }
            None => self.output.save(picture),
        };
        self.lost_pictures.note(result, &self.progress.printer());
        Ok(())
    }

    fn film(&mut self, step: u32, picture: &RgbImage) -> anyhow::Result<()> {
        if let Some(film) = &mut self.film {
            self.lost_moments.note(film.add(step, picture), &self.progress.printer());
        }
        Ok(())
    }
}

/// The end of a render: saves the results and reports them.
struct Finish {
    report: Report,
    report_path: Option<PathBuf>,
    output: Output,
    printer: Printer,
    total: u32,
    seconds: f64,
    first_picture: Option<f64>,
}

impl Finish {
    fn run(mut self, painted: RenderResult) -> anyhow::Result<ExitCode> {
        let saved = match &painted.picture {
            Some((step, picture)) => self.output.save_or_rescue(picture, &self.printer).map(|()| Some(*step)),
            None => Ok(None),
        };
        let file = self.output.path.display().to_string();
        let (outcome, result) = match (painted.end, saved) {
            (RenderEnd::Finished, Ok(_)) => {
                self.printer.info(&format!(
                    "saved {file} after {} steps in {}",
                    painted.steps,
                    progress::duration(self.seconds)
                ));
                (Outcome::Finished, Ok(ExitCode::SUCCESS))
            }
            (RenderEnd::Interrupted, Ok(step)) => {
                let saved = match step {
                    Some(step) => format!("saved {file} after {step} of {} steps", self.total),
                    None => "nothing was painted yet, so nothing is saved".to_owned(),
                };
                self.printer.info(&format!("interrupted: {saved}"));
                (Outcome::Interrupted, Ok(ExitCode::from(INTERRUPTED)))
            }
            (RenderEnd::Failed(error), Ok(Some(step))) => {
                self.printer.warn(&format!("impasto: warning: saved {file} as it was after step {step}"));
                (Outcome::Failed, Err(error))
            }
            (RenderEnd::Failed(error), Ok(None)) => (Outcome::Failed, Err(error)),
            (RenderEnd::Failed(error), Err(save)) => {
                self.printer.warn(&format!("impasto: warning: {}", super::explain(&save)));
                (Outcome::Failed, Err(error))
            }
            (RenderEnd::Finished | RenderEnd::Interrupted, Err(save)) => (Outcome::Failed, Err(save)),
        };
        if let Some(path) = &self.report_path {
            let error = result.as_ref().err().map(super::explain);
            self.report.close(outcome, error, self.first_picture, transfer::process_memory().1);
            let written = self.report.write(path);
            // An error of the painting takes precedence over one of its report.
            return result.and_then(|code| written.map(|()| code));
        }
        result
    }
}
