//! `impasto render`: paints without a window. Everything that can be checked is checked before work starts, and
//! whatever ends the work, what was painted and measured is kept.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use anyhow::Context;
use image::RgbImage;

use super::{
    INTERRUPTED,
    args::{RenderArgs, StyleArg},
    checks,
    paint::{self, Audience, End, Painted, Plan, guarded},
    progress::{self, Printer, Progress},
    report::{self, Outcome, Report},
};
use crate::{
    picture::{self, Picture},
    session::{Engine, Job, PaintEngine, Start, StyleSource},
    settings::Settings,
    transfer::{self, Losses},
};

/// Steps between two frames when nobody says.
const FRAME_EVERY: u32 = 10;

/// Renders; `program_start` is what the report's first picture is measured from.
pub(super) fn run(arguments: RenderArgs, program_start: Instant) -> anyhow::Result<ExitCode> {
    let settings = arguments.settings.resolve(Settings::default())?;
    checks::check(&arguments, &settings)?;
    let job = open(&arguments, settings)?;

    let schedule = job.sources().schedule(&job.settings);
    let progress = Progress::new(job.settings.steps, schedule, arguments.quiet);
    let printer = progress.printer();
    let pictures = [&job.content].into_iter().chain(job.styles.iter().map(|style| &style.picture));
    let notes =
        pictures.flat_map(|picture| picture.notes.iter().map(|note| format!("{}: {note}", picture.name)));
    let mut remarks: Vec<String> = notes.chain(job.settings.remarks()).collect();
    warn_all(&printer, &remarks);
    let interrupted = catch_ctrl_c(&printer)?;

    let mut engine = PaintEngine::new();
    let info = guarded(|| engine.start(&job, None, &mut |what| progress.preparing(what)))
        .inspect_err(|_| progress.finish())?;
    // The engine repeats the settings' own remarks.
    remarks = info.remarks.iter().filter(|remark| !remarks.contains(remark)).cloned().collect();
    warn_all(&printer, &remarks);
    printer.say(&format!(
        "painting {}×{} px, {} steps, on {}",
        info.width, info.height, job.settings.steps, info.device.name
    ));

    let frame_every = arguments.save_every.unwrap_or(match job.settings.preview_every {
        0 => FRAME_EVERY,
        every => every,
    });
    let plan = Plan {
        steps: job.settings.steps,
        losses_every: arguments.report.as_ref().map(|_| arguments.report_every),
        picture_every: (arguments.frames.is_some() || arguments.save_every.is_some()).then_some(frame_every),
    };
    let mut studio = Studio {
        report: Report::new(&job, &info),
        progress,
        settings: &job.settings,
        frames: arguments.frames.as_deref(),
        output: Output { path: arguments.output.clone(), overwrite: arguments.force },
    };
    let began = Instant::now();
    let painted = paint::paint(&mut engine, plan, &interrupted, &mut studio);
    studio.progress.finish();
    let seconds = began.elapsed().as_secs_f64();
    let first_picture = painted.first_picture.map(|at| at.duration_since(program_start).as_secs_f64());
    let Studio { report, output, .. } = studio;
    Finish {
        report,
        output,
        report_path: arguments.report,
        printer,
        total: plan.steps,
        seconds,
        first_picture,
    }
    .run(painted)
}

fn warn_all(printer: &Printer, texts: &[String]) {
    for text in texts {
        printer.warn(&format!("impasto: warning: {text}"));
    }
}

fn open(arguments: &RenderArgs, settings: Settings) -> anyhow::Result<Job> {
    let style = |StyleArg { path, mix }: &StyleArg| -> anyhow::Result<StyleSource> {
        Ok(StyleSource { picture: Arc::new(Picture::open(path)?), mix: *mix })
    };
    Ok(Job {
        run: 1,
        content: Arc::new(Picture::open(&arguments.content)?),
        styles: arguments.style.iter().map(style).collect::<anyhow::Result<_>>()?,
        settings,
        start: Start::Beginning,
        paused: false,
        choose_size: false,
    })
}

/// The first Ctrl-C sets the flag, the second ends the program.
fn catch_ctrl_c(printer: &Printer) -> anyhow::Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    let theirs = Arc::clone(&flag);
    let printer = printer.clone();
    ctrlc::set_handler(move || {
        if theirs.swap(true, Ordering::Relaxed) {
            exit_at_once();
        }
        printer.say("interrupted: finishing the step and saving; press Ctrl-C again to stop at once");
    })
    .context("cannot watch for Ctrl-C")?;
    Ok(flag)
}

fn exit_at_once() -> ! {
    // SAFETY: `_exit` only ends the process. `exit` would run the graphics drivers' exit handlers while other
    // threads still compute in them.
    #[cfg(unix)]
    unsafe {
        libc::_exit(INTERRUPTED.into())
    }
    #[cfg(not(unix))]
    std::process::exit(INTERRUPTED.into())
}

/// The picture's file.
struct Output {
    path: PathBuf,
    overwrite: bool,
}

impl Output {
    fn save(&mut self, picture: &RgbImage) -> anyhow::Result<()> {
        picture::save(picture, &self.path, self.overwrite)?;
        // From now on the file is this run's own.
        self.overwrite = true;
        Ok(())
    }
}

/// Where everything goes while painting.
struct Studio<'a> {
    report: Report,
    progress: Progress,
    settings: &'a Settings,
    frames: Option<&'a Path>,
    output: Output,
}

impl Audience for Studio<'_> {
    fn losses(&mut self, step: u32, losses: &Losses, seconds: f64, planned: bool) {
        if planned {
            self.report.add(step, losses, seconds);
        }
        self.progress.step(step, losses, self.settings);
    }

    fn picture(&mut self, step: u32, picture: &RgbImage) -> anyhow::Result<()> {
        match self.frames {
            Some(folder) => Ok(picture::save(picture, &report::frame_path(folder, step), true)?),
            None => self.output.save(picture),
        }
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
            Some((step, picture)) => self.output.save(picture).map(|()| Some(*step)),
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
