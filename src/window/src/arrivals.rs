//! What the background tasks bring.

use egui::Context;

use super::{
    ImpastoApp,
    notes::{Banner, Trouble},
    tasks::Done,
    widgets,
};

impl ImpastoApp {
    pub(super) fn take_done(&mut self, ctx: &Context, done: Done) {
        if done.is_failed_save() {
            self.closing.save_failed();
        }
        match done {
            Done::Opened { slot, ticket, result } => {
                let result = self.room_for(slot, result);
                let file = result.as_ref().ok().and_then(|opened| opened.file());
                if let Some(path) = file {
                    self.gallery.opened(path);
                }
                if self.slot_mut(slot).is_some_and(|slot| slot.take(ctx, ticket, result)) {
                    self.toasts.add("The file has not changed.");
                }
                if slot == self.palette.id {
                    self.palette_arrived();
                }
            }
            Done::Picked { purpose, name, answer } => self.answered(purpose, &name, answer),
            Done::Saved { path, painting, result } => self.saved(path, painting, result),
            Done::Looked(looked) => self.looked(*looked),
            Done::Left(left) => self.left(left),
            Done::Kept { result, took } => self.kept(ctx, result, took),
            Done::ProjectRead { path, result } => self.project_read(ctx, &path, result),
            Done::PlaylistRead { path, result } => self.playlist_read(&path, result),
            Done::PlaylistSaved { path, list, result } => self.playlist_saved(&path, *list, result),
            Done::ProjectSaved { file, result } => self.project_saved(file, result),
            Done::Resampled { picture, size, image } => self.compare.take(&picture, size, image),
            Done::Pinned { pin, small } => self.pins.take(ctx, pin, small),
            Done::Moment { id, result } => self.take_moment(ctx, id, result),
            Done::Exported { path, result } => self.exported(path, result),
            Done::Planned { ticket, planned } => self.extracts.take_planned(ctx, ticket, planned),
            // It is made again another time.
            Done::ExtractKept(Err(error)) => tracing::warn!("an extract cannot be kept: {error}"),
            Done::ExtractKept(Ok(())) => {}
            Done::Figure { path, result } => self.figure_saved(&path, result),
            Done::GoBack { id, result } => self.go_back(id, result),
            Done::Grid(news) => self.grid_news(ctx, news),
            Done::Queue(news) => self.queue_news(ctx, news),
            Done::Devices(devices) => self.devices = Some(devices),
            Done::Small { origin, result } => self.gallery.take(ctx, origin, result),
            Done::Presets { list, result } => {
                if let Some(error) = self.presets.take(list, result) {
                    self.toasts.add(widgets::sentence(&error));
                }
            }
            Done::Broken(text) => {
                // Whatever was looked for, painting does not wait for it.
                self.keeper.looking = false;
                self.banners.push(Banner { trouble: Trouble::Other, text: format!("{text}.") })
            }
        }
    }
}
