//! `impasto grid`: paints one pair of pictures with two settings varied, on a contact sheet.

use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Instant};

use clap::{
    Args,
    builder::{OsStringValueParser, TypedValueParser},
};

use super::{
    UsageError, interrupt,
    progress::{self, Printer},
    runs::{open_picture, open_style},
    sheets::{self, SheetResult},
    style_arg::StyleArg,
};
use impasto_core::{
    picture,
    settings::{Settings, SettingsFlags},
    transfer::{Inputs, StyleSource},
};
use impasto_engine::{
    queue::Runner,
    replay::ReplayPlan,
    session::{Job, PaintEngine},
};
use impasto_formats::{
    explore::{Axis, CELL_SIZE, CELL_STEPS, ContactSheet, cell_order, legend},
    inputs::open_named,
    known::KnownFiles,
};

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

/// Paint the grid.
pub(super) fn run(arguments: &GridArgs) -> anyhow::Result<ExitCode> {
    let base = Settings { size: CELL_SIZE, steps: CELL_STEPS, ..Settings::default() };
    let settings = arguments.settings.resolve(base)?;
    settings.validate()?;
    let (x, y) = (&arguments.x, arguments.y.as_ref());
    if y.is_some_and(|y| y.setting == x.setting) {
        return Err(UsageError(format!("both axes are {x}; give them two settings")).into());
    }
    // Check every cell's settings before the first is painted.
    let cell = |column: usize, row: usize| -> anyhow::Result<Settings> {
        let usage = |error: impasto_formats::explore::AxisError| UsageError(error.to_string());
        let settings = x.apply(&settings, &x.values[column]).map_err(usage)?;
        Ok(match y {
            Some(y) => y.apply(&settings, &y.values[row]).map_err(usage)?,
            None => settings,
        })
    };
    let order = cell_order(x, y, &settings);
    let mixes = order.iter().map(|&(column, row)| cell(column, row)).collect::<anyhow::Result<Vec<_>>>()?;
    sheets::check(&arguments.output, arguments.force)?;
    let content = open_picture(&arguments.content)?;
    let styles: Vec<StyleSource> = arguments.style.iter().map(open_style).collect::<anyhow::Result<_>>()?;
    let mut inputs = Inputs::new(content, styles);
    open_named(&mut inputs, &settings)?;
    KnownFiles::of_user().add_inputs(&inputs);
    let (content, styles) = (&inputs.content, &inputs.styles);

    let printer = Printer::new(arguments.quiet);
    let interrupted = interrupt::ctrl_c_flag(&printer)?;
    let shape =
        picture::fit(content.dimensions().0, content.dimensions().1, arguments.cell.unwrap_or(settings.size));
    let mut sheet = ContactSheet::new(x.clone(), y.cloned(), shape, legend(content, styles, &settings));
    let mut runner = Runner::new(Arc::new(PaintEngine::new));
    let mut failures = Vec::new();
    let began = Instant::now();
    let mut stopped = false;
    for (index, (&(column, row), mix)) in order.iter().zip(mixes).enumerate() {
        let mut name = format!("{x} {}", x.values[column].text);
        if let Some(y) = y {
            name += &format!(", {y} {}", y.values[row].text);
        }
        let left = match index {
            0 => String::new(),
            done => {
                let seconds = began.elapsed().as_secs_f64() / done as f64 * (order.len() - done) as f64;
                format!(", about {} left", progress::duration(seconds))
            }
        };
        printer.info(&format!("{}/{}: {name}{left}", index + 1, order.len()));
        let steps = mix.steps;
        let job = Job::new(index as u64 + 1, inputs.clone(), mix);
        match runner.render(ReplayPlan::plain(job, steps), &interrupted, &mut ()) {
            Ok(Some(painted)) => {
                if !painted.limits.is_empty() {
                    printer.warn(&format!("impasto: warning: {name}: {}", painted.limits.join("; ")));
                }
                sheet.put((column, row), Ok(painted.picture));
            }
            Ok(None) => {
                stopped = true;
                break;
            }
            Err(error) => {
                let reason = super::explain(&error);
                sheet.put((column, row), Err(reason.clone()));
                failures.push(format!("{name}: {reason}"));
            }
        }
    }
    let made = SheetResult {
        what: ["painted", "cell", "cells"],
        count: sheet.painted(),
        of: order.len(),
        seconds: began.elapsed().as_secs_f64(),
        stopped,
        failures,
    };
    made.save(&printer, &arguments.output, arguments.force, || sheet.draw())
}
