//! The grid: small pictures with two settings varied, painted behind the window, to choose from by looking.

mod cells;
mod choices;
mod form;
mod page;

use std::{path::PathBuf, sync::Arc};

use egui::{Context, TextureHandle, TextureOptions};
use image::RgbImage;

use self::form::Form;
use super::{
    ImpastoApp,
    dialogs::Ask,
    saving::{Extension, Saving},
};
use impasto_base::error::chain;
use impasto_core::{picture, settings::Settings};
use impasto_engine::{queue::Cell as Order, session::Job};
use impasto_formats::explore::{Axis, ContactSheet, legend};

/// The grid's page.
#[derive(Default)]
pub struct Grid {
    form: Form,
    sheet: Option<Board>,
    /// Number of the last grid.
    number: u64,
    /// It is painted as soon as the form is worked out.
    wanted: bool,
}

/// A cell of a grid.
struct Cell {
    settings: Settings,
    /// As "Style β 4" and "Style scale 0.5".
    values: Vec<String>,
    picture: Option<Result<Arc<RgbImage>, String>>,
    texture: Option<TextureHandle>,
}

/// A grid that is painted, or was.
struct Board {
    number: u64,
    x: Axis,
    y: Option<Axis>,
    /// Settings of what no axis varies.
    base: Settings,
    legend: Vec<String>,
    /// Name for its file.
    name: String,
    /// Largest shape of a cell's picture in pixels.
    shape: (u32, u32),
    /// Row by row.
    cells: Vec<Cell>,
    /// Cells that are given to the painter and not done yet.
    open: usize,
    seconds: Vec<f64>,
    cancelled: bool,
    /// The cell whose settings were taken last.
    adopted: Option<usize>,
    /// The cell that is shown large.
    shown: usize,
}

impl Board {
    fn columns(&self) -> usize {
        self.x.values.len()
    }

    fn painted(&self) -> usize {
        self.cells.iter().filter(|cell| matches!(cell.picture, Some(Ok(_)))).count()
    }

    /// Seconds until the last cell is done, once one is.
    fn seconds_left(&self) -> Option<f64> {
        let mean = self.seconds.iter().sum::<f64>() / self.seconds.len().max(1) as f64;
        (!self.seconds.is_empty()).then_some(mean * self.open as f64)
    }
}

impl ImpastoApp {
    /// Take in the cells that are done, and check the form when it has changed.
    pub(super) fn follow_grid(&mut self, ctx: &Context) {
        for painted in self.queue.desk.take_painted() {
            let Some(board) = self.grid.sheet.as_mut().filter(|board| board.number == painted.grid) else {
                continue;
            };
            let Some(cell) = board.cells.get_mut(painted.index) else { continue };
            board.open = board.open.saturating_sub(1);
            board.seconds.push(painted.seconds);
            if let Ok(picture) = &painted.result {
                let image = super::colour_image::color_image(picture);
                cell.texture = Some(ctx.load_texture("grid", image, TextureOptions::LINEAR));
            }
            cell.picture = Some(painted.result);
        }
        if self.view.page == super::Page::Grid {
            self.check_grid();
        }
    }

    /// Work the form out in the background: reading an axis' values takes longer than a frame may.
    fn check_grid(&mut self) {
        let Some((question, ticket)) = self.grid.form.question(&self.settings) else { return };
        let work = move || question.answer();
        self.tasks.spawn("grid", work, move |app: &mut Self, ctx, checked| {
            app.grid.form.take(ticket, checked);
            if std::mem::take(&mut app.grid.wanted) {
                app.paint_grid(ctx);
            }
        });
    }

    /// Paint the grid of the form, instead of the one before.
    fn paint_grid(&mut self, ctx: &Context) {
        let Some(inputs) = self.inputs() else {
            self.messages.toasts.add("A grid needs a content and a style: open them first.");
            return;
        };
        let Some(plan) = self.grid.form.plan() else {
            // What was typed last is still being worked out.
            self.grid.wanted = !self.grid.form.is_fresh();
            return;
        };
        self.grid.number += 1;
        let number = self.grid.number;
        let (width, height) = inputs.content.dimensions();
        let shape = picture::fit(width, height, plan.base.longest_side());
        let columns = plan.x.values.len();
        let orders = plan.order.iter().map(|&(column, row)| {
            let index = row * columns + column;
            let job = Job::new(index as u64 + 1, inputs.clone(), plan.cells[index].clone());
            Order { grid: number, index, job }
        });
        self.queue.desk.paint_cells(orders);
        let name = PathBuf::from(self.save_name()).with_extension("");
        let empty = |(index, settings)| Cell {
            settings,
            values: values(&plan.x, plan.y.as_ref(), index),
            picture: None,
            texture: None,
        };
        self.grid.sheet = Some(Board {
            number,
            legend: legend(&inputs.content, &inputs.styles, &plan.base),
            name: format!("{}, grid.png", name.display()),
            shape,
            open: plan.cells.len(),
            cells: plan.cells.into_iter().enumerate().map(empty).collect(),
            x: plan.x,
            y: plan.y,
            base: plan.base,
            seconds: Vec::new(),
            cancelled: false,
            adopted: None,
            shown: 0,
        });
        self.start_painter(ctx);
    }

    /// Paint no further cell.
    fn cancel_grid(&mut self) {
        self.queue.desk.paint_cells([]);
        if let Some(board) = &mut self.grid.sheet {
            (board.open, board.cancelled) = (0, true);
        }
    }

    /// Take a cell's settings for the painting. What belongs to the painting and not to its look stays,
    /// unless an axis varies it.
    fn adopt_cell(&mut self, index: usize) {
        let Some(board) = &mut self.grid.sheet else { return };
        let Some(cell) = board.cells.get(index) else { return };
        let (own, base) = (&self.settings, &board.base);
        let mut settings = cell.settings.clone();
        if settings.size == base.size {
            settings.size = own.size;
        }
        if settings.steps == base.steps {
            settings.steps = own.steps;
        }
        settings.device.clone_from(&own.device);
        settings.weights.clone_from(&own.weights);
        (settings.low_memory, settings.preview_every) = (own.low_memory, own.preview_every);
        settings.follow_drags = own.follow_drags;
        settings.precision = own.precision;
        let title = format!("Grid: {}", cell.values.join(", "));
        board.adopted = Some(index);
        if settings == *own {
            self.messages.toasts.add("The painting has these settings already.");
            return;
        }
        self.settings = settings;
        self.next.choose_size = false;
        self.messages.toasts.add_instead(&["Grid:"], format!("{title}. It counts from the next step."));
        self.undo.call("", title);
    }

    /// Ask where to save the grid as one picture.
    fn ask_to_save_grid(&mut self) {
        let Some(board) = &self.grid.sheet else { return };
        let saving = Saving::new(Extension::Default("png"), |app, path, overwrite| {
            app.write_grid(path, overwrite);
        });
        self.ask_to_save_as(Ask::save_picture(&board.name), saving);
    }

    /// Write the grid with its axes and legend.
    fn write_grid(&self, path: PathBuf, overwrite: bool) {
        let Some(board) = &self.grid.sheet else { return };
        let mut sheet =
            ContactSheet::new(board.x.clone(), board.y.clone(), board.shape, board.legend.clone());
        let columns = board.columns();
        let pictures: Vec<_> = board.cells.iter().map(|cell| cell.picture.clone()).collect();
        let file = path.clone();
        let work = move || {
            for (index, picture) in pictures.into_iter().enumerate() {
                if let Some(picture) = picture {
                    let picture = picture.map(|picture| picture.as_ref().clone());
                    sheet.put((index % columns, index / columns), picture);
                }
            }
            picture::save(&sheet.draw(), &path, overwrite)
        };
        self.tasks.save(&file.clone(), "grid", work, move |app: &mut Self, _, result| match result {
            Ok(()) => app.file_saved(&file),
            Err(error) => app.file_not_saved(format!("The grid is not saved: {}.", chain(&error))),
        });
    }
}

/// What the axes say of a cell, in words.
fn values(x: &Axis, y: Option<&Axis>, index: usize) -> Vec<String> {
    let (column, row) = (index % x.values.len(), index / x.values.len());
    let named = |axis: &Axis, at: usize| choices::named(&axis.setting, &axis.values[at].text);
    [Some(named(x, column)), y.map(|y| named(y, row))].into_iter().flatten().collect()
}
