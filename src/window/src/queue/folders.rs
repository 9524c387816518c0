//! Adding folders to the queue: contents in styles, as `impasto batch` paints them.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use egui::{Context, Label, TextEdit, Ui};

use super::add::{folder_row, keep, size_row, whole_size};
use crate::{ImpastoApp, dialogs, folders::FileKind, icons::Icon, theme::space, widgets};
use impasto_base::{error::chain, text};
use impasto_core::{picture::Picture, settings::Settings};
use impasto_engine::queue::Item;
use impasto_formats::explore::{Collector, NAME_PATTERN, Pair, Pairing};

/// What a person chooses for folders.
pub struct FoldersForm {
    size: f64,
    asked: Question,
    /// The question that was asked last, and its number.
    last: Option<(Question, u64)>,
    answer: Option<Result<Found, String>>,
    tickets: u64,
}

/// What there is to paint.
struct Found {
    pairs: Vec<Pair>,
    /// What was left out of the folders, in words.
    left_out: Option<String>,
}

/// What the paintings are made of.
#[derive(Clone, Debug, Default, PartialEq)]
struct Question {
    contents: Vec<PathBuf>,
    styles: Vec<PathBuf>,
    pairing: Pairing,
    pattern: String,
    output: Option<PathBuf>,
}

impl Question {
    /// Look at the disk.
    fn answer(&self) -> Result<Found, String> {
        let mut collector = Collector::default();
        let mut collect = |paths: &[PathBuf]| {
            let found: Result<Vec<_>, _> = paths.iter().map(|path| collector.collect(path)).collect();
            found.map(|found| found.concat()).map_err(|error| chain(&error))
        };
        let (contents, styles) = (collect(&self.contents)?, collect(&self.styles)?);
        let folder = self.output.as_deref().unwrap_or(Path::new("."));
        let pairs =
            self.pairing.pairs(&contents, &styles, folder, &self.pattern).map_err(|error| match error {
                impasto_formats::explore::PairError::Uneven { contents, styles } => {
                    format!(
                        "{contents} contents and {styles} styles cannot be matched one by one: take all pairs"
                    )
                }
                error => chain(&error),
            })?;
        Ok(Found { pairs, left_out: left_out(&collector) })
    }

    /// What is missing before there is anything to ask.
    fn missing(&self) -> Option<&'static str> {
        if self.contents.is_empty() {
            return Some("Choose what is to be painted: a folder, or files.");
        }
        if self.styles.is_empty() {
            return Some("Choose in which styles: a folder, or files.");
        }
        if self.output.is_none() {
            return Some("Choose the folder for the paintings.");
        }
        self.pattern.trim().is_empty().then_some("Say how the files are to be called.")
    }
}

/// Say what a collector has left out.
fn left_out(collector: &Collector) -> Option<String> {
    let said = |paths: &BTreeSet<PathBuf>, what: &str, why: &str| {
        let names = paths.iter().map(|path| path.file_name().unwrap_or_default().to_string_lossy());
        let text = || format!("{} {why} ({})", widgets::counted(paths.len(), what), text::list(names));
        (!paths.is_empty()).then(text)
    };
    let files = said(&collector.other_files, "file", "that cannot be painted from");
    let folders = said(&collector.folders, "folder", "in them");
    let parts: Vec<String> = files.into_iter().chain(folders).collect();
    (!parts.is_empty()).then(|| format!("Left out: {}", parts.join(", ")))
}

impl FoldersForm {
    fn new(size: u32) -> Self {
        let asked = Question { pattern: NAME_PATTERN.to_owned(), ..Question::default() };
        Self { size: f64::from(size), asked, last: None, answer: None, tickets: 0 }
    }

    /// Take an answer in, unless something else was asked since.
    fn take(&mut self, ticket: u64, result: Result<Found, String>) {
        if self.last.as_ref().is_some_and(|(_, last)| *last == ticket) {
            self.answer = Some(result);
        }
    }

    fn picked(&mut self, wanted: Wanted, paths: Vec<PathBuf>) {
        // The queue may be painted from another folder.
        let mut paths = paths.into_iter().map(|path| std::path::absolute(&path).unwrap_or(path));
        match wanted {
            Wanted::Contents => self.asked.contents.extend(paths),
            Wanted::Styles => self.asked.styles.extend(paths),
            Wanted::Output => self.asked.output = paths.next(),
        }
    }
}

/// What a picked folder or file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Contents,
    Styles,
    Output,
}

/// What a person asks for with a dialog.
enum Ask {
    Folder(Wanted),
    Files(Wanted),
}

impl ImpastoApp {
    /// Open the form for folders.
    pub(crate) fn ask_to_queue_folders(&mut self) {
        if let Some(problem) = self.problems.first() {
            self.messages.toasts.add(format!("Not queued: {} {}.", problem.setting, problem.message));
        } else if self.may_queue() {
            self.queue.folders = Some(FoldersForm::new(self.view.layout.final_size));
        }
    }

    pub(crate) fn folders_window(&mut self, ctx: &Context) {
        let Some(mut form) = self.queue.folders.take() else { return };
        self.ask_for_pairs(&mut form);
        let mut decision = None;
        let mut ask = None;
        let modal = crate::theme::modal(ctx, "add folders to the queue").show(ctx, |ui| {
            ui.set_width(440.0);
            ui.heading("Add folders to the queue");
            ui.add_space(space::S);
            let text = "Each painting gets the settings as they are now. What its folder has already by the same recipe is not painted again.";
            ui.add(Label::new(widgets::weak(ui, text)).wrap());
            ui.add_space(space::M);
            form_rows(ui, &mut form, &mut ask);
            ui.add_space(space::XS);
            let number = match (form.asked.missing(), &form.answer) {
                (Some(missing), _) => {
                    ui.label(widgets::weak(ui, missing));
                    0
                }
                (None, None) => {
                    ui.label(widgets::weak(ui, "Looking…"));
                    0
                }
                (None, Some(Err(text))) => {
                    widgets::row_error(ui, &widgets::sentence(text));
                    0
                }
                (None, Some(Ok(Found { pairs, left_out }))) => {
                    let example = pairs.first().and_then(|pair| pair.output.file_name());
                    let example = example.unwrap_or_default().to_string_lossy().into_owned();
                    let text = format!("{}, the first is {example}", widgets::counted(pairs.len(), "painting"));
                    ui.add(Label::new(widgets::weak(ui, text)).truncate());
                    if let Some(text) = left_out {
                        ui.add(Label::new(widgets::weak(ui, text)).wrap());
                    }
                    pairs.len()
                }
            };
            ui.add_space(space::M);
            ui.horizontal(|ui| {
                let text = match number {
                    0 => "Add to the queue".to_owned(),
                    number => format!("Add {}", widgets::counted(number, "painting")),
                };
                let tooltip = "Puts them at the end of the queue";
                if widgets::accent_button(ui, Icon::Plus, &text, 190.0, tooltip, number > 0).clicked() {
                    decision = Some(true);
                }
                if ui.button("Cancel").on_hover_text("Adds nothing").clicked() {
                    decision = Some(false);
                }
            });
        });
        if modal.should_close() {
            decision = decision.or(Some(false));
        }
        self.ask_for_paths(&form, ask);
        match decision {
            None => self.queue.folders = Some(form),
            Some(false) => {}
            Some(true) => self.queue_pairs(ctx, form),
        }
    }

    /// Look in the background which paintings that would be, whenever something has changed.
    fn ask_for_pairs(&self, form: &mut FoldersForm) {
        let known = form.last.as_ref().is_some_and(|(asked, _)| *asked == form.asked);
        if known || form.asked.missing().is_some() {
            return;
        }
        form.tickets += 1;
        let (question, ticket) = (form.asked.clone(), form.tickets);
        form.last = Some((question.clone(), ticket));
        form.answer = None;
        self.tasks.spawn(
            "queue",
            move || question.answer(),
            move |app: &mut Self, _, answer| {
                if let Some(form) = &mut app.queue.folders {
                    form.take(ticket, answer);
                }
            },
        );
    }

    fn ask_for_paths(&mut self, form: &FoldersForm, ask: Option<Ask>) {
        let (wanted, ask) = match ask {
            None => return,
            Some(Ask::Folder(wanted)) => {
                let (kind, title, folder) = match wanted {
                    Wanted::Contents => (FileKind::Pictures, "Folder with contents", None),
                    Wanted::Styles => (FileKind::Pictures, "Folder with styles", None),
                    Wanted::Output => {
                        (FileKind::Exports, "Folder for the paintings", form.asked.output.clone())
                    }
                };
                (wanted, dialogs::Ask { folder, ..dialogs::Ask::folder(kind, title) })
            }
            Some(Ask::Files(wanted)) => {
                let title = if wanted == Wanted::Contents { "Contents" } else { "Styles" };
                (wanted, dialogs::Ask::open_pictures(title, true))
            }
        };
        self.ask_for_files(ask, move |app, paths| {
            if let Some(form) = &mut app.queue.folders {
                form.picked(wanted, paths);
            }
        });
    }

    fn queue_pairs(&mut self, ctx: &Context, form: FoldersForm) {
        let Some(Ok(Found { pairs, .. })) = form.answer else { return };
        let size = whole_size(form.size);
        self.view.layout.final_size = size;
        let settings = Settings { size, ..self.settings.clone() };
        let _adding = self.queue.desk.begin_adding();
        let folder = self.queue.desk.folder();
        let keep = |picture: &Arc<Picture>| keep(folder.as_deref(), picture);
        let inputs = self.inputs();
        let palette = inputs.as_ref().and_then(|inputs| inputs.palette.as_ref()).map(keep).transpose();
        let masks: Result<Vec<_>, _> = inputs.iter().flat_map(|inputs| &inputs.masks).map(keep).collect();
        let (palette, masks) = match palette.and_then(|palette| Ok((palette, masks?))) {
            Ok(kept) => kept,
            Err(text) => return self.messages.toasts.add(format!("Not queued: {text}.")),
        };
        let number = pairs.len();
        let items = pairs.into_iter().map(|pair| Item {
            palette: palette.clone(),
            masks: masks.clone(),
            without_recipe: self.files.without_recipe,
            without_thumbnails: self.files.without_thumbnails,
            ..Item::of_batch(pair, &[], settings.clone())
        });
        self.queue.desk.add(items, None);
        self.start_painter(ctx);
        self.messages.toasts.add(format!("Added {} to the queue.", widgets::counted(number, "painting")));
        self.view.page = crate::Page::Queue;
    }
}

fn form_rows(ui: &mut Ui, form: &mut FoldersForm, ask: &mut Option<Ask>) {
    for (label, wanted, tooltip) in [
        ("Contents", Wanted::Contents, "The pictures that are to be painted"),
        ("Styles", Wanted::Styles, "The pictures that say how"),
    ] {
        let asked = &mut form.asked;
        let paths = if wanted == Wanted::Contents { &mut asked.contents } else { &mut asked.styles };
        widgets::row(ui, label, tooltip, |ui| {
            let lower = label.to_lowercase();
            let name = format!("Add a folder of {lower}");
            let tooltip = "All pictures of a folder";
            if widgets::text_button(ui, Icon::Open, "Folder…", &name, tooltip, true).clicked() {
                *ask = Some(Ask::Folder(wanted));
            }
            let name = format!("Add files as {lower}");
            if widgets::text_button(ui, Icon::Plus, "Files…", &name, "Single pictures", true).clicked() {
                *ask = Some(Ask::Files(wanted));
            }
            if paths.is_empty() {
                ui.label(widgets::weak(ui, "none yet"));
                return;
            }
            let name = format!("Forget the {lower}");
            if widgets::icon_button(ui, Icon::Close, &name, "Takes these out again", true).clicked() {
                paths.clear();
                return;
            }
            let names: Vec<String> = paths
                .iter()
                .map(|path| path.file_name().unwrap_or_default().to_string_lossy().into_owned())
                .collect();
            let names = names.join(", ");
            ui.add(Label::new(widgets::weak(ui, &names)).truncate()).on_hover_text(names);
        });
    }
    let tooltip = "All pairs paints each content in each style; matched paints the first content in the first style, the second in the second, and so on";
    widgets::row(ui, "Pairs", tooltip, |ui| {
        ui.spacing_mut().item_spacing.x = space::XS;
        let pairing = &mut form.asked.pairing;
        for (text, kind) in [("All pairs", Pairing::All), ("Matched", Pairing::Matched)] {
            if widgets::tab(ui, text, tooltip, *pairing == kind).clicked() {
                *pairing = kind;
            }
        }
    });
    size_row(ui, &mut form.size);
    let tooltip = "How the files are called: {content}, {style} and {number} stand for the pictures' names and the painting's number; the ending says the format";
    widgets::row(ui, "Names", tooltip, |ui| {
        let edit = TextEdit::singleline(&mut form.asked.pattern).desired_width(f32::INFINITY);
        ui.add(edit).accessible_name("Names of the files").on_hover_text(tooltip);
    });
    if folder_row(ui, "Into", form.asked.output.as_deref(), "The folder for the paintings") {
        *ask = Some(Ask::Folder(Wanted::Output));
    }
}
