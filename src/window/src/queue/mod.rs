//! The queue in the window: paintings at their final size, which a painter of its own makes behind it.

mod add;
mod folders;
mod news;
mod page;
mod row;
mod start;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use egui::{Context, TextureHandle, TextureOptions};
use image::RgbImage;

use self::{add::AddForm, folders::FoldersForm, row::Row};
use super::{
    ImpastoApp, Page, SpawnPainter,
    messages::{Banner, Trouble},
};
use impasto_base::error::chain;
use impasto_engine::{
    queue::{
        CpuSharing, Item, ItemState, JobQueue, LiveActivity, Painter, QueueStore, QueueSummary, StoreError,
    },
    session::RunState,
};
use impasto_network::compute::DeviceKind;

/// Whether there is a queue.
#[derive(Debug, PartialEq, Eq)]
enum Access {
    Reading,
    Ready,
    /// Another window has it, or its folder cannot be used.
    None(String),
}

/// The queue.
pub struct Queue {
    pub desk: JobQueue,
    spawn: SpawnPainter,
    painter: Option<Painter>,
    /// Its folder; what is queued is forgotten at the end without it.
    folder: Option<PathBuf>,
    access: Access,
    saving: bool,
    /// The list as it was at this version.
    version: Option<u64>,
    rows: Vec<Row>,
    pub outlook: QueueSummary,
    textures: HashMap<u64, (Arc<RgbImage>, TextureHandle)>,
    /// The item that is dragged.
    dragged: Option<u64>,
    /// The item whose line gets the keyboard.
    focus: Option<u64>,
    adding: Option<AddForm>,
    folders: Option<FoldersForm>,
}

impl Queue {
    /// A queue that is kept beside the folder in which windows keep their paintings.
    pub fn new(sessions: Option<&Path>, spawn: SpawnPainter) -> Self {
        Self {
            desk: JobQueue::default(),
            spawn,
            painter: None,
            folder: sessions.map(|sessions| sessions.with_file_name("queue")),
            access: Access::Reading,
            saving: false,
            version: None,
            rows: Vec::new(),
            outlook: QueueSummary::default(),
            textures: HashMap::new(),
            dragged: None,
            focus: None,
            adding: None,
            folders: None,
        }
    }

    /// End the painter, and write the list for the next time.
    pub fn end(&mut self) {
        self.painter = None;
        if let Err(error) = self.desk.save_before_exit() {
            tracing::warn!("the queue cannot be written: {error}");
        }
    }

    fn texture(&mut self, ctx: &Context, id: u64) -> Option<TextureHandle> {
        let small = self.desk.thumbnail(id)?;
        if let Some((shown, texture)) = self.textures.get(&id)
            && Arc::ptr_eq(shown, &small)
        {
            return Some(texture.clone());
        }
        let image = super::colour_image::color_image(&small);
        let texture = ctx.load_texture("queue", image, TextureOptions::LINEAR);
        self.textures.insert(id, (small, texture.clone()));
        Some(texture)
    }
}

impl ImpastoApp {
    /// Read the queue of the last time.
    pub(super) fn open_queue(&mut self) {
        let Some(folder) = self.queue.folder.clone() else {
            self.queue.desk.restore(None, Vec::new());
            self.queue.access = Access::Ready;
            return;
        };
        self.queue.access = Access::Reading;
        let work = move || {
            QueueStore::open(&folder).map(|store| {
                let items = store.load();
                (store, items)
            })
        };
        self.tasks.spawn("queue", work, |app: &mut Self, _, opened| app.queue_opened(opened));
    }

    fn queue_opened(&mut self, opened: Result<(QueueStore, Result<Vec<Item>, String>), StoreError>) {
        match opened {
            Ok((store, items)) => {
                let items = items.unwrap_or_else(|text| {
                    self.messages.banners.push(Banner { trouble: Trouble::Other, text: format!("{text}.") });
                    Vec::new()
                });
                let open = items.iter().filter(|item| item.state.is_open()).count();
                self.queue.desk.restore(Some(store), items);
                self.queue.access = Access::Ready;
                if open > 0 {
                    self.messages.toasts.add(format!(
                        "The queue has {} left from last time, and begins when you say so: Queue, then Go on.",
                        super::widgets::counted(open, "painting")
                    ));
                }
            }
            Err(error) => self.queue.access = Access::None(chain(&error)),
        }
    }

    /// Start the thread behind the window, if there is none.
    pub(super) fn start_painter(&mut self, ctx: &Context) {
        if self.queue.painter.as_ref().is_some_and(Painter::is_alive) {
            return;
        }
        // One that has died says goodbye before another comes.
        self.queue.painter = None;
        let (ctx, after) = (ctx.clone(), self.worker.repaint_after);
        let wake = Box::new(move || ctx.request_repaint_after_for(after, egui::ViewportId::ROOT));
        match (self.queue.spawn)(self.queue.desk.clone(), wake) {
            Ok(painter) => self.queue.painter = Some(painter),
            Err(error) => self.messages.banners.push(Banner {
                trouble: Trouble::Other,
                text: format!("The queue cannot paint: no thread can be started for it ({error})."),
            }),
        }
    }

    /// Whether the live run computes on the processor.
    pub(super) fn live_on_cpu(&self) -> bool {
        let kind = self.run.info.as_ref().map(|info| info.device.kind);
        matches!(kind, None | Some(DeviceKind::Cpu | DeviceKind::Software))
    }

    /// Send the painter what has changed here, and take what it has done.
    pub(super) fn follow_queue(&mut self, ctx: &Context) {
        let painting = self.run.playing && matches!(self.run.state, RunState::Running | RunState::Preparing);
        let cpu_sharing =
            if self.view.layout.share_with_queue { CpuSharing::Share } else { CpuSharing::Wait };
        let dragging = ctx.egui_is_using_pointer();
        self.queue.desk.set_live(LiveActivity {
            painting,
            dragging,
            on_cpu: self.live_on_cpu(),
            cpu_sharing,
        });
        let version = self.queue.desk.version();
        if self.queue.version != Some(version) {
            let rows: Vec<Row> = self.queue.desk.items(|items| items.iter().map(Row::new).collect());
            // What was there before the window looked is no news.
            if self.queue.version.is_some() {
                self.note_what_is_over(&rows);
                self.notify_of_queue(ctx, &rows);
            }
            self.queue.textures.retain(|id, _| rows.iter().any(|row| row.id == *id));
            (self.queue.version, self.queue.rows) = (Some(version), rows);
        }
        self.queue.outlook = self.queue.desk.summary();
        if self.queue.access == Access::Ready && !self.queue.saving && self.queue.desk.is_unwritten() {
            self.queue.saving = true;
            let desk = self.queue.desk.clone();
            let work = move || desk.save().map_err(|error| error.to_string());
            self.tasks.attempt("queue", work, |app: &mut Self, _, saved| {
                app.queue.saving = false;
                if let Err(text) = saved.flatten() {
                    app.messages.notice = Some(format!("The queue cannot be kept: {text}"));
                }
            });
        }
    }

    /// Show over the picture what is over in the list, if that is not shown.
    fn note_what_is_over(&mut self, rows: &[Row]) {
        if self.view.page == Page::Queue {
            return;
        }
        for before in self.queue.rows.iter().filter(|row| row.state == ItemState::Painting) {
            let Some(row) = rows.iter().find(|row| row.id == before.id) else { continue };
            match &row.state {
                ItemState::Done { .. } => {
                    self.messages.toasts.add(format!("The queue has painted {}.", row.file))
                }
                ItemState::Failed { message } => {
                    self.messages.toasts.add(format!("The queue could not paint {}: {message}.", row.file));
                }
                _ => {}
            }
        }
    }

    /// Hold the queue, or let it go on.
    pub(super) fn hold_queue(&mut self, ctx: &Context) {
        let held = !self.queue.outlook.held;
        self.queue.desk.hold(held);
        if !held {
            self.start_painter(ctx);
        }
    }

    /// Whether items can be added; says why not.
    fn may_queue(&mut self) -> bool {
        let text = match &self.queue.access {
            Access::Ready => return true,
            Access::Reading => "The queue is still being read; try again in a moment.".to_owned(),
            Access::None(reason) => format!("There is no queue: {reason}."),
        };
        self.messages.toasts.add(text);
        false
    }

    /// What becomes of the queue if the window closes now, where something of it is at work.
    pub(super) fn queue_left_by_closing(&self) -> Option<String> {
        let QueueSummary { open, held, .. } = self.queue.outlook;
        let begun = self.queue.desk.now();
        if open == 0 || (held && begun.is_none()) {
            return None;
        }
        let left = super::widgets::counted(open, "painting");
        let mut text = format!("The queue has {left} left. ");
        if let Some(begun) = begun {
            let row = self.queue.rows.iter().find(|row| row.id == begun.id);
            let file = row.map_or("The present one", |row| row.file.as_str());
            text += &format!("{file}, {:.0} % painted, begins again from its start. ", 100.0 * begun.share);
        }
        text += match self.queue.folder.is_some() {
            true => "At the next start the queue goes on when you say so: Queue, then Go on.",
            false => "The queue cannot be kept for the next start.",
        };
        Some(text)
    }

    /// The queue in a few words, where something of it is still to be painted.
    pub(super) fn queue_status(&self) -> Option<String> {
        let QueueSummary { open, held, waits, seconds_left, .. } = self.queue.outlook;
        (open > 0).then(|| {
            let mut text = format!("Queue: {open} left");
            if held {
                text += ", on hold";
            } else if waits {
                text += ", waits";
            } else if let Some(seconds) = seconds_left {
                text += &format!(", {}", super::widgets::clock(seconds));
            }
            text
        })
    }
}
