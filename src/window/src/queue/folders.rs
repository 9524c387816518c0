//! Adding folders to the queue: contents in styles, as `impasto batch` paints them.

use std::path::{Path, PathBuf};

use egui::{Context, Label, TextEdit, Ui};

use super::add::{folder_row, keep, size_row, whole_size};
use crate::{ImpastoApp, dialogs, folders::FileKind, icons::Icon, theme::space, widgets};
use impasto_base::error::chain;
use impasto_core::settings::{Settings, StyleMix};
use impasto_engine::queue::{Item, ItemSource, ItemState, ItemStyle};
use impasto_formats::explore::{NAME_PATTERN, Pair, Pairing, collect};

/// What a person chooses for folders.
pub struct FoldersForm {
    size: f64,
    asked: Question,
    /// The question that was asked last, and its number.
    last: Option<(Question, u64)>,
    answer: Option<Result<Vec<Pair>, String>>,
    tickets: u64,
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
    /// Looks at the disk.
    fn answer(&self) -> Result<Vec<Pair>, String> {
        let contents = collect(&self.contents).map_err(|error| chain(&error))?;
        let styles = collect(&self.styles).map_err(|error| chain(&error))?;
        let folder = self.output.as_deref().unwrap_or(Path::new("."));
        self.pairing.pairs(&contents, &styles, folder, &self.pattern).map_err(|error| match error {
            impasto_formats::explore::PairError::Uneven { contents, styles } => {
                format!(
                    "{contents} contents and {styles} styles cannot be matched one by one: take all pairs"
                )
            }
            error => chain(&error),
        })
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

impl FoldersForm {
    fn new(size: u32) -> Self {
        let asked = Question { pattern: NAME_PATTERN.to_owned(), ..Question::default() };
        Self { size: f64::from(size), asked, last: None, answer: None, tickets: 0 }
    }

    /// Takes an answer in, unless something else was asked since.
    fn take(&mut self, ticket: u64, result: Result<Vec<Pair>, String>) {
        if self.last.as_ref().is_some_and(|(_, last)| *last == ticket) {
            self.answer = Some(result);
        }
    }

    fn picked(&mut self, wanted: Wanted, paths: Vec<PathBuf>) {
        match wanted {
            Wanted::Contents => self.asked.contents.extend(paths),
            Wanted::Styles => self.asked.styles.extend(paths),
            Wanted::Output => self.asked.output = paths.into_iter().next(),
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
    /// Opens the form for folders.
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
                (None, Some(Ok(pairs))) => {
                    let example = pairs.first().and_then(|pair| pair.output.file_name());
                    let example = example.unwrap_or_default().to_string_lossy().into_owned();
                    let text = format!("{}, the first is {example}", widgets::counted(pairs.len(), "painting"));
                    ui.add(Label::new(widgets::weak(ui, text)).truncate());
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

    /// Looks in the background which paintings that would be, whenever something has changed.
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
        let Some(Ok(pairs)) = form.answer else { return };
        let size = whole_size(form.size);
        self.view.layout.final_size = size;
        let settings = Settings { size, ..self.settings.clone() };
        let palette = match self.inputs().and_then(|inputs| inputs.palette) {
            None => None,
            Some(palette) => match keep(self.queue.desk.folder().as_deref(), &palette) {
                Ok(source) => Some(source),
                Err(text) => return self.messages.toasts.add(format!("Not queued: {text}.")),
            },
        };
        let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
        let number = pairs.len();
        let items = pairs.into_iter().map(|Pair { content, style, output }| {
            let file = |path| ItemSource::File { path: absolute(path), sha256: None };
            Item {
                id: 0,
                content: file(content),
                styles: vec![ItemStyle { source: file(style), mix: StyleMix::default() }],
                palette: palette.clone(),
                output: absolute(output),
                without_recipe: self.files.without_recipe,
                without_thumbnails: self.files.without_thumbnails,
                batch: true,
                state: ItemState::Waiting,
                remark: None,
                settings: settings.clone(),
            }
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
