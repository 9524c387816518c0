//! Adding the painting in hand to the queue: at which size, and into which file.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use egui::{Context, Label, Role, Sense, TextEdit, Ui, WidgetInfo};

use super::start::StartChoice;
use crate::{
    ImpastoApp,
    dialogs::Ask,
    entry::Entry,
    folders::FileKind,
    gallery::{TILE, paint_filling},
    icons::Icon,
    messages::{Banner, Trouble},
    theme::space,
    widgets,
};
use impasto_base::error::chain;
use impasto_core::{
    picture::{self, Picture},
    settings::{MAX_SIZE, MIN_SIZE, Settings},
    transfer::{self, Inputs, KernelSet},
};
use impasto_engine::{
    queue::{Item, ItemSource, ItemStart, ItemStyle, QueueStore},
    session::StyleSource,
};

/// Endings that pictures can be saved with.
const ENDINGS: [&str; 6] = ["png", "jpg", "jpeg", "webp", "tif", "tiff"];
/// Longest side of the small picture that an item begins with, in pixels.
const SMALL: u32 = 160;

/// What a person chooses for a painting.
pub struct AddForm {
    pub start: StartChoice,
    pub size: f64,
    pub name: String,
    pub folder: Option<PathBuf>,
    /// What was asked last about the file's name, and the answer.
    free: Option<(PathBuf, PathBuf)>,
}

impl AddForm {
    fn path(&self) -> Option<PathBuf> {
        self.folder.as_ref().map(|folder| folder.join(self.name.trim()))
    }

    /// What is wrong with the name, if something is.
    fn problem(&self) -> Option<String> {
        let name = self.name.trim();
        if name.is_empty() || self.folder.is_none() {
            return Some("Give the picture a name and a folder.".to_owned());
        }
        if name.contains(['/', '\\']) {
            return Some("A name has no slashes: choose the folder below.".to_owned());
        }
        let ending = Path::new(name).extension().unwrap_or_default().to_ascii_lowercase();
        let known = ENDINGS.iter().any(|known| ending == *known);
        (!known).then(|| "The name must end in .png, .jpg, .webp or .tif.".to_owned())
    }
}

/// A size between the smallest and the largest, in whole pixels.
pub fn whole_size(size: f64) -> u32 {
    size.round().clamp(f64::from(MIN_SIZE), f64::from(MAX_SIZE)) as u32
}

/// The row in which the final size is set.
pub fn size_row(ui: &mut Ui, size: &mut f64) {
    let tooltip =
        "Longest side of the finished picture in pixels, 16 to 8192; the window's own size stays as it is";
    widgets::row(ui, "Final size", tooltip, |ui| {
        Entry::of_size("Final size", tooltip).show(ui, size);
        *size = f64::from(whole_size(*size));
    });
}

/// A row with a folder and the button that asks for another one.
pub fn folder_row(ui: &mut Ui, label: &str, folder: Option<&Path>, tooltip: &str) -> bool {
    widgets::row(ui, label, tooltip, |ui| {
        let text = "Choose…";
        let name = format!("Choose the folder: {label}");
        let asked = widgets::text_button(ui, Icon::Open, text, &name, tooltip, true).clicked();
        let shown = folder.map_or_else(|| "none yet".to_owned(), |folder| folder.display().to_string());
        ui.add(Label::new(widgets::weak(ui, &shown)).truncate()).on_hover_text(shown);
        asked
    })
}

/// Where a picture is, or its copy in the queue's folder if it has no file; else why the queue cannot take
/// it.
pub fn keep(folder: Option<&Path>, picture: &Picture) -> Result<ItemSource, String> {
    match folder {
        Some(folder) => QueueStore::keep(folder, picture).map_err(|error| chain(&error)),
        None => match ItemSource::of(picture) {
            ItemSource::StoredPixels(kept) => Err(format!("{} has no file: save it first", kept.name)),
            source => Ok(source),
        },
    }
}

impl ImpastoApp {
    /// Open the form for the painting in hand.
    pub(crate) fn ask_to_queue(&mut self) {
        if self.inputs().is_none() {
            self.messages.toasts.add("There is nothing to queue yet: open a content and a style.");
        } else if let Some(problem) = self.problems.first() {
            self.messages.toasts.add(format!("Not queued: {} {}.", problem.setting, problem.message));
        } else if self.may_queue() {
            let folder = self.folder_for(FileKind::Exports);
            let size = f64::from(self.view.layout.final_size);
            let start = StartChoice::default();
            self.queue.adding = Some(AddForm { start, size, name: self.save_name(), folder, free: None });
        }
    }

    pub(crate) fn add_window(&mut self, ctx: &Context) {
        let Some(mut form) = self.queue.adding.take() else { return };
        let queued = self.queued_inputs(form.start, whole_size(form.size));
        let Some((inputs, settings, steps)) = queued else { return };
        let start_problem = self.start_problem(form.start);
        let names: Vec<&str> = inputs.styles.iter().map(|style| style.picture.name.as_str()).collect();
        let title = format!("{} in {}", inputs.content.name, names.join(" + "));
        let shapes = inputs.shapes(&settings);
        let kernels = if self.live_on_cpu() { KernelSet::Cpu } else { KernelSet::Adapter };
        let memory = transfer::memory_bytes(&shapes, &settings, kernels);
        let mut decision = None;
        let mut asks = false;
        let modal = crate::theme::modal(ctx, "add to the queue").show(ctx, |ui| {
            ui.set_width(420.0);
            ui.heading("Add this painting to the queue");
            ui.add_space(space::S);
            ui.add(Label::new(&title).truncate());
            ui.horizontal(|ui| {
                let styles = self.pictures.styles.iter().take(5);
                for loaded in
                    [&self.pictures.content].into_iter().chain(styles).filter_map(|s| s.picture.as_ref())
                {
                    let (rect, response) = ui.allocate_exact_size(TILE, Sense::hover());
                    paint_filling(ui, &loaded.texture, rect);
                    let name = &loaded.picture.name;
                    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, name));
                    response.on_hover_text(name);
                }
            });
            ui.add_space(space::S);
            form.start_rows(ui, start_problem);
            ui.add_space(space::S);
            size_row(ui, &mut form.size);
            let tooltip = "Name of the picture's file; its ending says the format: .png, .jpg, .webp or .tif";
            widgets::row(ui, "Name", tooltip, |ui| {
                let edit = TextEdit::singleline(&mut form.name).desired_width(f32::INFINITY);
                ui.add(edit).accessible_name("Name of the file").on_hover_text(tooltip);
            });
            asks = folder_row(ui, "Folder", form.folder.as_deref(), "Where the picture is saved");
            ui.add_space(space::XS);
            let problem = form.problem();
            match (&problem, form.path()) {
                (Some(problem), _) => widgets::row_error(ui, problem),
                (None, Some(path)) => {
                    let known =
                        form.free.as_ref().filter(|(asked, _)| *asked == path).map(|(_, free)| free.clone());
                    let free = known.unwrap_or_else(|| self.queue.desk.free_output(&path));
                    if free != path {
                        let name = free.file_name().unwrap_or_default().to_string_lossy().into_owned();
                        ui.label(widgets::weak(ui, format!("That name is taken: it becomes {name}.")));
                    }
                    form.free = Some((path, free));
                }
                (None, None) => {}
            }
            let (width, height) = shapes.content;
            let text =
                format!("{width} × {height} px, {steps} steps, about {} of memory", widgets::bytes(memory));
            ui.label(widgets::weak(ui, text));
            ui.add_space(space::M);
            ui.horizontal(|ui| {
                let tooltip = "Puts it at the end of the queue";
                let able = problem.is_none() && start_problem.is_none();
                let add = widgets::accent_button(ui, Icon::Plus, "Add to the queue", 170.0, tooltip, able);
                if able && ui.memory(|memory| memory.focused().is_none()) {
                    add.request_focus();
                }
                if add.clicked() {
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
        if asks {
            let ask = Ask::folder(FileKind::Exports, "Folder for the picture");
            self.ask_for_file(Ask { folder: form.folder.clone(), ..ask }, |app, folder| {
                if let Some(form) = &mut app.queue.adding {
                    form.folder = Some(folder);
                }
            });
        }
        match decision {
            None => self.queue.adding = Some(form),
            Some(false) => {}
            Some(true) => self.queue_painting(&form, inputs, settings),
        }
    }

    /// Make the item in the background: pictures without a file are copied.
    fn queue_painting(&mut self, form: &AddForm, inputs: Inputs, settings: Settings) {
        let Some(output) = form.path() else { return };
        self.view.layout.final_size = settings.size;
        let (desk, known) = (self.queue.desk.clone(), self.files.known.clone());
        let (without_recipe, without_thumbnails) = (self.files.without_recipe, self.files.without_thumbnails);
        let shown = self.view.canvas.picture();
        let choice = form.start;
        let begins = self.shown_to_keep();
        let work = move || {
            let adding = desk.begin_adding();
            let folder = desk.folder();
            let keep = |picture: &Picture| keep(folder.as_deref(), picture);
            let item = || -> Result<Item, String> {
                let style = |style: &StyleSource| -> Result<ItemStyle, String> {
                    Ok(ItemStyle { source: keep(&style.picture)?, mix: style.mix })
                };
                let styles = inputs.styles.iter().map(style).collect::<Result<_, _>>()?;
                let output = std::path::absolute(&output).unwrap_or(output);
                let start = match (choice, begins, &folder) {
                    (StartChoice::Beginning, ..) => ItemStart::Beginning,
                    (_, Some(shown), Some(folder)) => shown.keep(choice, folder)?,
                    _ => return Err("the picture is not shown any more".to_owned()),
                };
                let item = Item {
                    palette: inputs.palette.as_deref().map(keep).transpose()?,
                    masks: inputs.masks.iter().map(|mask| keep(mask)).collect::<Result<_, _>>()?,
                    start,
                    without_recipe,
                    without_thumbnails,
                    ..Item::new(keep(&inputs.content)?, styles, output, settings)
                };
                if choice != StartChoice::Beginning {
                    // Tell now, and not after a night, if a picture is missing.
                    item.runs(inputs.clone(), folder.as_deref(), &known).map_err(|error| chain(&*error))?;
                }
                Ok(item)
            };
            let small = shown.unwrap_or_else(|| Arc::new(inputs.content.rgb.clone()));
            (item(), Arc::new(picture::thumbnail(&small, SMALL)), adding)
        };
        self.tasks.save(
            Path::new("the queue"),
            "queue",
            work,
            |app: &mut Self, ctx, (item, small, adding)| {
                let item = match item {
                    Ok(item) => item,
                    Err(text) => {
                        let text = format!("Not queued: {text}.");
                        return app.messages.banners.push(Banner { trouble: Trouble::Other, text });
                    }
                };
                let held = app.queue.outlook.held;
                app.queue.desk.add([item], Some(&small));
                drop(adding);
                app.start_painter(ctx);
                app.messages.toasts.add(match held {
                    true => "Added to the queue, which is on hold: Queue, then Go on.",
                    false => "Added to the queue.",
                });
            },
        );
    }
}
