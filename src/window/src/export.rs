//! Time-lapses from the filmstrip: what to take, how it plays, and the work in the background.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use egui::{ComboBox, Context, Role, Ui, WidgetInfo};
use image::RgbImage;

use super::{
    ImpastoApp,
    dialogs::Ask,
    entry::Entry,
    icons::Icon,
    saving::{Extension, Saving},
    theme::space,
    widgets,
};
use impasto_base::error::chain;
use impasto_engine::timeline::{Moment, MomentId};
use impasto_formats::timelapse::{self, Format, Lettering, TimelapseError, TimelapseOptions};

/// What a person chooses.
#[derive(Clone, Copy, Debug)]
pub struct ExportForm {
    format: Format,
    rate: f64,
    side: u32,
    captions: bool,
    /// Everything since the window opened, not only the way to the current picture.
    everything: bool,
}

impl Default for ExportForm {
    fn default() -> Self {
        Self { format: Format::Gif, rate: 12.0, side: 512, captions: false, everything: false }
    }
}

/// A time-lapse to be written.
struct Plan {
    options: TimelapseOptions,
    /// The moments, and what is written on them.
    frames: Vec<(MomentId, Option<String>)>,
}

/// A time-lapse that is being written.
pub struct Export {
    done: Arc<AtomicUsize>,
    all: usize,
    cancel: Arc<AtomicBool>,
}

impl ImpastoApp {
    /// Open the choice of what to export.
    pub(super) fn ask_for_timelapse(&mut self) {
        if self.view.film.timeline.is_empty() {
            self.messages.toasts.add("There is nothing painted yet to make a time-lapse of.");
        } else if self.files.export.is_some() {
            self.messages
                .toasts
                .add("A time-lapse is being written; wait for it, or cancel it in the filmstrip.");
        } else {
            self.files.export_form.get_or_insert_default();
        }
    }

    fn frames(&self, form: &ExportForm) -> Vec<(MomentId, Option<String>)> {
        let caption = |moment: &Moment| {
            form.captions.then(|| {
                format!(
                    "Step {}   content {}   style {}",
                    moment.step,
                    widgets::number(moment.settings.content_weight),
                    widgets::number(moment.settings.style_weight)
                )
            })
        };
        let moments = self.view.film.timeline.moments().iter();
        let way = self.view.film.way(self.run.id);
        moments
            .filter(|moment| form.everything || way.contains(moment))
            .map(|moment| (moment.id, caption(moment)))
            .collect()
    }

    pub(super) fn export_window(&mut self, ctx: &Context) {
        let Some(mut form) = self.files.export_form else { return };
        let frames = self.frames(&form);
        let mut decision = None;
        let modal = super::theme::modal(ctx, "time-lapse").show(ctx, |ui| {
            ui.set_width(360.0);
            ui.heading("Time-lapse");
            ui.add_space(space::S);
            form_rows(ui, &mut form);
            ui.add_space(space::S);
            let seconds = frames.len() as f64 / form.rate.max(0.1) + TimelapseOptions::default().hold;
            ui.label(widgets::weak(ui, format!("{} pictures, {seconds:.0} s", frames.len())));
            ui.add_space(space::M);
            ui.horizontal(|ui| {
                let tooltip = "Asks for a file; it is written in the background";
                if widgets::accent_button(
                    ui,
                    Icon::Save,
                    "Save time-lapse…",
                    170.0,
                    tooltip,
                    !frames.is_empty(),
                )
                .clicked()
                {
                    decision = Some(true);
                }
                if ui.button("Cancel").on_hover_text("Writes nothing").clicked() {
                    decision = Some(false);
                }
            });
        });
        if modal.should_close() {
            decision = decision.or(Some(false));
        }
        self.files.export_form = if decision.is_some() { None } else { Some(form) };
        if decision == Some(true) {
            let rate = form.rate.clamp(*timelapse::RATES.start(), *timelapse::RATES.end());
            let options = TimelapseOptions { rate, side: Some(form.side), ..TimelapseOptions::default() };
            let plan = Plan { options, frames };
            let ask = Ask::save_timelapse(&self.timelapse_name(form.format), form.format.extension());
            let extension = Extension::Default(form.format.extension());
            let saving = Saving::new(extension, |app, path, overwrite| {
                app.write_timelapse(path, overwrite, plan);
            });
            self.ask_to_save_as(ask, saving);
        }
    }

    fn timelapse_name(&self, format: Format) -> String {
        let name = PathBuf::from(self.save_name());
        let stem = name.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        format!("{stem}, time-lapse.{}", format.extension())
    }

    /// Write the time-lapse on a thread of its own.
    fn write_timelapse(&mut self, path: PathBuf, overwrite: bool, plan: Plan) {
        let Some(reader) = self.view.film.reader() else { return };
        let export = Export {
            done: Arc::new(AtomicUsize::new(0)),
            all: plan.frames.len(),
            cancel: Arc::new(AtomicBool::new(false)),
        };
        let (done, cancel) = (Arc::clone(&export.done), Arc::clone(&export.cancel));
        self.files.export = Some(export);
        let ctx = self.tasks.context().clone();
        let file = path.clone();
        let work = move || {
            let mut lettering = Lettering::default();
            let mut last: Option<Arc<RgbImage>> = None;
            let mut frames = plan.frames.iter().map(|(id, caption)| {
                // A moment that was thinned out in the meantime shows the one before it.
                let read = reader.picture(*id).or_else(|error| last.clone().ok_or(error));
                let picture = read.map_err(io::Error::other)?;
                last = Some(Arc::clone(&picture));
                let mut picture = Arc::unwrap_or_clone(picture);
                if let Some(text) = caption {
                    timelapse::caption(&mut picture, &mut lettering, text);
                }
                Ok(picture)
            });
            timelapse::save(&path, overwrite, plan.frames.len(), plan.options, &mut frames, &mut |count| {
                done.store(count, Ordering::Relaxed);
                ctx.request_repaint_of(egui::ViewportId::ROOT);
                !cancel.load(Ordering::Relaxed)
            })
        };
        self.tasks.attempt_save(&file.clone(), "time-lapse", work, move |app: &mut Self, _, result| {
            let result = result.unwrap_or_else(|text| Err(TimelapseError::Encode(text)));
            app.timelapse_saved(&file, result);
        });
    }

    /// The time-lapse is written, or is not.
    fn timelapse_saved(&mut self, path: &Path, result: Result<(), TimelapseError>) {
        self.files.export = None;
        match result {
            Ok(()) => self.file_saved(path),
            Err(TimelapseError::Cancelled) => self.messages.toasts.add("The time-lapse was cancelled."),
            Err(error) => self.file_not_saved(format!("The time-lapse is not saved: {}.", chain(&error))),
        }
    }

    /// How far the export is, with a button that ends it; false if there is none.
    pub(super) fn export_progress(&self, ui: &mut Ui) -> bool {
        let Some(export) = &self.files.export else { return false };
        let done = export.done.load(Ordering::Relaxed);
        ui.label(widgets::weak(ui, format!("Time-lapse {done} of {}", export.all)));
        let tooltip = "Ends the export; no file is left";
        if widgets::icon_button(ui, Icon::Close, "Cancel the time-lapse", tooltip, true).clicked() {
            export.cancel.store(true, Ordering::Relaxed);
        }
        true
    }
}

fn form_rows(ui: &mut Ui, form: &mut ExportForm) {
    let tooltip = "GIF plays everywhere; WebP and PNG keep every colour; MP4 and WebM are small, and need the program ffmpeg";
    widgets::row(ui, "Format", tooltip, |ui| {
        let response = ComboBox::from_id_salt("time-lapse format")
            .selected_text(form.format.name())
            .width(ui.available_width() - 1.0)
            .show_ui(ui, |ui| {
                for format in Format::ALL {
                    ui.selectable_value(&mut form.format, format, format.name());
                }
            })
            .response;
        response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, "Format of the time-lapse"));
        response.on_hover_text(tooltip);
    });
    let tooltip = "Frames per second, 0.5 to 50";
    widgets::row(ui, "Frames", tooltip, |ui| {
        Entry {
            name: "Frames per second",
            tooltip,
            drag: timelapse::RATES,
            suffix: "",
            whole: false,
            width: 84.0,
            param: None,
            default: None,
        }
        .show(ui, &mut form.rate);
        ui.label(widgets::weak(ui, "per second"));
    });
    let tooltip = "Longest side in pixels, 16 and more; nothing is enlarged";
    widgets::row(ui, "Size", tooltip, |ui| {
        let mut side = f64::from(form.side);
        Entry {
            name: "Size of the time-lapse",
            tooltip,
            drag: 16.0..=8192.0,
            suffix: " px",
            whole: true,
            width: 84.0,
            param: None,
            default: None,
        }
        .show(ui, &mut side);
        form.side = side.clamp(16.0, 8192.0) as u32;
    });
    let tooltip = "Writes the step and the weights on each picture";
    widgets::row(ui, "Caption", tooltip, |ui| {
        widgets::checkbox(ui, "Step and weights on each picture", tooltip, &mut form.captions);
        ui.label(widgets::weak(ui, "step and weights"));
    });
    let tooltip =
        "Takes everything that was painted since the window opened, not only the way to the current picture";
    widgets::row(ui, "Branches", tooltip, |ui| {
        widgets::checkbox(ui, "Include abandoned branches", tooltip, &mut form.everything);
        ui.label(widgets::weak(ui, "include abandoned ones"));
    });
}
