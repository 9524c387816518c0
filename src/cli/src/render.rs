//! `impasto render`: paints without a window. Everything that can be checked is checked before work starts, and
//! whatever ends the work, what was painted and measured is kept.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicBool},
    time::Instant,
};

use anyhow::Context;
use image::RgbImage;

use super::{
    INTERRUPTED,
    args::RenderArgs,
    checks,
    interrupt::catch_ctrl_c,
    optional::Optional,
    progress::{self, Printer, Progress},
    report::{self, Outcome, Report},
    scores::{self, Scores},
    timelapse::Film,
};
use impasto_base::{error::chain, text};
use impasto_core::{
    picture,
    settings::Settings,
    transfer::{self, Losses},
};
use impasto_engine::{
    queue::{End, Painted, Plan, RenderObserver, guarded, paint},
    replay::{ReplayPlan, Replayer, Writer},
    session::{Engine, PaintEngine},
};

/// Steps between two frames when nobody says.
const FRAME_EVERY: u32 = 10;

/// Renders; `program_start` is what the report's first picture is measured from.
pub(super) fn run(arguments: RenderArgs, program_start: Instant) -> anyhow::Result<ExitCode> {
    let recipe = scores::recipe(&arguments)?;
    let base = recipe.as_ref().map_or_else(Settings::default, |(recipe, _)| recipe.settings.clone());
    // What a recipe has painted is painted again to its last step.
    let repeats = recipe.is_some();
    let settings = arguments.settings.resolve(base)?;
    scores::check_named(&scores::trust(&arguments)?, &settings)?;
    checks::check(&arguments, &settings)?;
    let Scores { mut scores, remarks, network, device } = scores::open(&arguments, settings, recipe)?;
    let last = scores.pop().context("there is nothing to paint")?;

    let mut player = Replayer::new(PaintEngine::new);
    let interrupted = Arc::new(AtomicBool::new(false));
    player.stop_at(Arc::clone(&interrupted));
    let mut printer = Printer::new(arguments.quiet);
    warn_all(&printer, &remarks);
    let speaker = Arc::new(Mutex::new(printer.clone()));
    catch_ctrl_c(&speaker, &interrupted)?;
    let runs = scores.len() + 1;
    for (index, score) in scores.iter().enumerate() {
        printer.say(&format!("run {} of {runs}, which the painting went on from", index + 1));
        if !paint_before(&mut player, score, &arguments, &interrupted)? {
            printer.say("interrupted: the last run was not begun, so nothing is saved");
            return Ok(ExitCode::from(INTERRUPTED));
        }
    }

    let job = &last.job;
    let schedule = job.inputs.schedule(&job.settings);
    let progress = Progress::new(last.steps, schedule, arguments.quiet);
    printer = progress.printer();
    *speaker.lock().unwrap_or_else(PoisonError::into_inner) = printer.clone();
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
    job.inputs.scale_remarks(&job.settings).iter().for_each(|remark| printer.say(remark));

    let info = guarded(|| player.begin(&last, &mut |what| progress.preparing(what)))
        .inspect_err(|_| progress.finish())?;
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
    printer.say(&format!(
        "painting {}×{} px, {} steps, on {}",
        info.width, info.height, last.steps, info.device.name
    ));

    let frame_every = arguments.save_every.unwrap_or(match job.settings.preview_every {
        0 => FRAME_EVERY,
        every => every,
    });
    let plan = Plan {
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
    let mut studio = Studio {
        report: Report::new(job, &info),
        progress,
        settings: &job.settings,
        frames: arguments.frames.as_deref(),
        film,
        lost_pictures: Optional::new(match arguments.frames {
            Some(_) => "a numbered picture",
            None => "the picture as it is so far",
        }),
        lost_moments: Optional::new("a moment of the time-lapse"),
        output: Output {
            path: arguments.output.clone(),
            overwrite: arguments.force,
            recipe: (!arguments.no_recipe).then(|| Writer::new(job, info, player.record_handle())),
        },
    };
    let began = Instant::now();
    let painted = paint(&mut player, plan, &interrupted, &mut studio);
    studio.progress.finish();
    let seconds = began.elapsed().as_secs_f64();
    let first_picture = painted.first_picture.map(|at| at.duration_since(program_start).as_secs_f64());
    let Studio { report, output, film, lost_pictures, lost_moments, .. } = studio;
    lost_pictures.sum_up(&printer);
    lost_moments.sum_up(&printer);
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
    // The picture is safe before the time-lapse is written, and an error of the painting matters more.
    match film.map(|film| film.save(&lines)) {
        Some(Err(error)) if finished.is_ok() => Err(error),
        _ => finished,
    }
}

/// Paints a run that the next one goes on from; false if it was interrupted.
fn paint_before(
    player: &mut Replayer<PaintEngine>,
    score: &ReplayPlan,
    arguments: &RenderArgs,
    interrupted: &AtomicBool,
) -> anyhow::Result<bool> {
    struct Watching<'a>(Progress, &'a Settings);
    impl RenderObserver for Watching<'_> {
        fn losses(&mut self, step: u32, losses: &Losses, _: f64, _: bool) {
            self.0.step(step, losses, self.1);
        }
        fn converged(&mut self, _: u32) {}
        fn notice(&mut self, text: &str) {
            warn_all(&self.0.printer(), &[text.to_owned()]);
        }
        fn picture(&mut self, _: u32, _: &RgbImage) -> anyhow::Result<()> {
            Ok(())
        }
    }
    let schedule = score.job.inputs.schedule(&score.job.settings);
    let progress = Progress::new(score.steps, schedule, arguments.quiet);
    guarded(|| player.begin(score, &mut |what| progress.preparing(what)))
        .inspect_err(|_| progress.finish())?;
    let plan = Plan {
        steps: score.steps,
        losses_every: None,
        picture_every: None,
        stop_when_converged: false,
        film: false,
    };
    let mut audience = Watching(progress, &score.job.settings);
    let painted = paint(player, plan, interrupted, &mut audience);
    audience.0.finish();
    match painted.end {
        End::Failed(error) => Err(error),
        End::Interrupted => Ok(false),
        // A run of no steps still has its initial picture.
        End::Finished if score.steps == 0 => guarded(|| player.read()).map(|_| true),
        End::Finished => Ok(true),
    }
}

fn warn_all(printer: &Printer, texts: &[String]) {
    for text in texts {
        printer.warn(&format!("impasto: warning: {text}"));
    }
}

/// The picture's file.
struct Output {
    path: PathBuf,
    overwrite: bool,
    recipe: Option<Writer>,
}

impl Output {
    fn save(&mut self, picture: &RgbImage) -> anyhow::Result<()> {
        let text = |room| self.recipe.as_ref()?.text(picture, room);
        picture::save_with_text(picture, &self.path, self.overwrite, &text)?;
        // From now on the file is this run's own.
        self.overwrite = true;
        Ok(())
    }

    /// Saves the picture somewhere else if its own place cannot take it; the error stays one.
    fn save_or_rescue(&mut self, picture: &RgbImage, printer: &Printer) -> anyhow::Result<()> {
        self.save(picture).inspect_err(|_| {
            let text = |room| self.recipe.as_ref()?.text(picture, room);
            let kept = picture::save_elsewhere(picture, &self.path, &picture::fallback_folders(), &text);
            printer.warn(&rescued(&kept));
        })
    }
}

/// What became of a picture that its own place could not take.
pub(super) fn rescued(kept: &Result<PathBuf, picture::SaveError>) -> String {
    match kept {
        Ok(path) => format!("impasto: warning: the picture is kept as {} instead", path.display()),
        Err(error) => format!("impasto: warning: the picture cannot be kept anywhere: {}", chain(error)),
    }
}

/// Where everything goes while painting.
struct Studio<'a> {
    report: Report,
    progress: Progress,
    settings: &'a Settings,
    frames: Option<&'a Path>,
    film: Option<Film>,
    lost_pictures: Optional,
    lost_moments: Optional,
    output: Output,
}

impl RenderObserver for Studio<'_> {
    fn losses(&mut self, step: u32, losses: &Losses, seconds: f64, planned: bool) {
        if planned {
            self.report.add(step, losses, seconds);
        }
        self.progress.step(step, losses, self.settings);
    }

    fn converged(&mut self, step: u32) {
        self.report.converged(step);
        let printer = self.progress.printer();
        printer.say(&format!(
            "converged at step {step}: the objective has fallen by less than 1/10000 in 50 steps"
        ));
    }

    fn notice(&mut self, text: &str) {
        warn_all(&self.progress.printer(), &[text.to_owned()]);
    }

    fn picture(&mut self, step: u32, picture: &RgbImage) -> anyhow::Result<()> {
        let result = match self.frames {
            Some(folder) => {
                picture::save(picture, &report::frame_path(folder, step), true).map_err(Into::into)
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

/// The end of a render: saves what there is, then says how it went.
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
    fn run(mut self, painted: Painted) -> anyhow::Result<ExitCode> {
        let saved = match &painted.picture {
            Some((step, picture)) => self.output.save_or_rescue(picture, &self.printer).map(|()| Some(*step)),
            None => Ok(None),
        };
        let file = self.output.path.display().to_string();
        let (outcome, result) = match (painted.end, saved) {
            (End::Finished, Ok(_)) => {
                self.printer.say(&format!(
                    "saved {file} after {} steps in {}",
                    painted.steps,
                    progress::duration(self.seconds)
                ));
                (Outcome::Finished, Ok(ExitCode::SUCCESS))
            }
            (End::Interrupted, Ok(step)) => {
                let kept = match step {
                    Some(step) => format!("saved {file} after {step} of {} steps", self.total),
                    None => "nothing was painted yet, so nothing is saved".to_owned(),
                };
                self.printer.say(&format!("interrupted: {kept}"));
                (Outcome::Interrupted, Ok(ExitCode::from(INTERRUPTED)))
            }
            (End::Failed(error), Ok(Some(step))) => {
                self.printer.warn(&format!("impasto: warning: saved {file} as it was after step {step}"));
                (Outcome::Failed, Err(error))
            }
            (End::Failed(error), Ok(None)) => (Outcome::Failed, Err(error)),
            (End::Failed(error), Err(save)) => {
                self.printer.warn(&format!("impasto: warning: {}", super::explain(&save)));
                (Outcome::Failed, Err(error))
            }
            (End::Finished | End::Interrupted, Err(save)) => (Outcome::Failed, Err(save)),
        };
        if let Some(path) = &self.report_path {
            let error = result.as_ref().err().map(super::explain);
            self.report.close(outcome, error, self.first_picture, transfer::process_memory().1);
            let written = self.report.write(path);
            // An error of the painting itself matters more than one of its report.
            return result.and_then(|code| written.map(|()| code));
        }
        result
    }
}
