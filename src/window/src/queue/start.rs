//! Where a queued painting begins: at its initial image, at the picture that is shown, or where that one
//! began.

use std::{path::Path, sync::Arc};

use egui::{Label, Ui};
use image::RgbImage;

use super::add::AddForm;
use crate::{ImpastoApp, theme::space, widgets};
use impasto_base::error::chain;
use impasto_core::{run::Record, settings::Settings, transfer::Inputs};
use impasto_engine::{
    queue::{ItemStart, QueueStore},
    session::RunInfo,
};
use impasto_formats::recipe::Recipe;

/// Where a painting begins, as the form offers it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StartChoice {
    #[default]
    Beginning,
    Picture,
    Course,
}

const CHOICES: [(StartChoice, &str, &str, &str); 3] = [
    (
        StartChoice::Beginning,
        "From the start",
        "Paints from the beginning, as the pictures and settings are now",
        "The pictures and settings as they are now, painted from the beginning.",
    ),
    (
        StartChoice::Picture,
        "From this picture",
        "Enlarges the picture that is shown and paints on",
        "The picture as it is when you add it, enlarged and painted on with the pictures and settings as they are now.",
    ),
    (
        StartChoice::Course,
        "Its whole course",
        "Repeats all that was done to the picture that is shown, in the final size",
        "Everything that was done to this picture, repeated at the final size: the same changes after the same steps.",
    ),
];

/// The painting that is shown, and how it came about.
pub struct Shown {
    picture: Arc<RgbImage>,
    record: Record,
    info: RunInfo,
}

impl Shown {
    /// Store it in the queue's folder as what a painting begins with. Blocks on the disk.
    pub fn keep(&self, choice: StartChoice, folder: &Path) -> Result<ItemStart, String> {
        let repeats = choice == StartChoice::Course;
        let record = if repeats { self.record.clone() } else { self.record.clone().shown() };
        let recipe = Recipe::new(&record, self.picture.dimensions(), &self.info);
        let stored = QueueStore::keep_painting(folder, &self.picture, &recipe);
        let picture = stored.map_err(|error| chain(&error))?;
        Ok(match repeats {
            true => ItemStart::Course { picture, steps: record.all_steps() },
            false => ItemStart::Picture(picture),
        })
    }
}

impl AddForm {
    /// The row in which the beginning is chosen, and what the choice means.
    pub fn start_rows(&mut self, ui: &mut Ui, problem: Option<&str>) {
        widgets::row(ui, "Begin", "Where the large painting begins", |ui| {
            ui.spacing_mut().item_spacing.x = space::XS;
            for (choice, text, tooltip, _) in CHOICES {
                if widgets::tab(ui, text, tooltip, self.start == choice).clicked() {
                    self.start = choice;
                }
            }
        });
        let text = CHOICES.iter().find(|(choice, ..)| *choice == self.start).map_or("", |choice| choice.3);
        match problem {
            Some(problem) => widgets::row_error(ui, problem),
            None => drop(ui.add(Label::new(widgets::weak(ui, text)).wrap())),
        }
    }
}

impl ImpastoApp {
    /// The painting that is shown, with how it came about; `None` if it was not painted last.
    fn shown_painting(&self) -> Option<(&Record, Arc<RgbImage>)> {
        let picture = self.view.canvas.picture()?;
        Some((self.record_of(&picture)?, picture))
    }

    /// Why a painting cannot begin like this, if so.
    pub(super) fn start_problem(&self, choice: StartChoice) -> Option<&'static str> {
        if choice == StartChoice::Beginning {
            return None;
        }
        if self.queue.desk.folder().is_none() {
            return Some("There is no folder in which the picture could be kept.");
        }
        let Some((record, _)) = self.shown_painting() else {
            return Some("No painted picture is shown yet.");
        };
        let repeats = choice == StartChoice::Picture || record.is_complete();
        (!repeats).then_some("Not all that was done to this picture is known, so it cannot be repeated.")
    }

    /// What is painted by this choice: pictures, settings at their final size, and number of steps.
    pub(super) fn queued_inputs(&self, choice: StartChoice, size: u32) -> Option<(Inputs, Settings, u32)> {
        let with_size = |settings: &Settings| Settings { size, ..settings.clone() };
        match (choice, &self.run.given, self.shown_painting()) {
            (StartChoice::Course, Some(given), Some((record, _))) => {
                Some((given.inputs.clone(), with_size(&given.settings), record.all_steps()))
            }
            _ => Some((self.inputs()?, with_size(&self.settings), self.settings.steps)),
        }
    }

    /// The painting that is shown, to begin with.
    pub(super) fn shown_to_keep(&self) -> Option<Shown> {
        let (record, picture) = self.shown_painting()?;
        Some(Shown { picture, record: record.clone(), info: self.run.info.clone()? })
    }
}
