//! What the background tasks bring.

use std::time::Duration;

use egui::Context;

use super::{
    ImpastoApp,
    notes::{Banner, Trouble},
    pictures::Source,
    tasks::{Done, Purpose},
    widgets,
};
use impasto_core::settings::Init;

/// A dialog that answers faster than a hand could not be shown.
const NO_DIALOG: Duration = Duration::from_millis(150);

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
            Done::Picked { purpose: Purpose::Save(painting), paths: None, took } if took < NO_DIALOG => {
                self.save_without_dialog(painting);
            }
            Done::Picked { purpose: Purpose::SaveProject(name), paths: None, took } if took < NO_DIALOG => {
                self.save_project(None, &name);
            }
            Done::Picked { purpose: Purpose::SavePlaylist(name), paths: None, took } if took < NO_DIALOG => {
                self.save_playlist(None, &name);
            }
            Done::Picked { purpose: Purpose::Timelapse(plan), paths: None, took } if took < NO_DIALOG => {
                self.export_without_dialog(plan);
            }
            Done::Picked { purpose: Purpose::Grid, paths: None, took } if took < NO_DIALOG => {
                self.export_grid(None);
            }
            Done::Picked { purpose: Purpose::Figure, paths: None, took } if took < NO_DIALOG => {
                self.save_figure(None);
            }
            Done::Picked { paths: None, took, .. } if took < NO_DIALOG => {
                self.toasts
                    .add("No file dialog could be shown. Drop the file on the window, or paste its path.");
            }
            Done::Picked { paths: None, .. } => {}
            Done::Picked { purpose, paths: Some(paths), .. } => {
                let mut paths = paths.into_iter();
                match purpose {
                    Purpose::Picture(target) => {
                        self.take_in(Some(target), paths.map(Source::File).collect());
                    }
                    Purpose::Grid => self.export_grid(paths.next()),
                    Purpose::Queue(wanted) => self.picked_for_queue(wanted, paths.collect()),
                    Purpose::Init => self.settings.init = paths.next().map_or(Init::Content, Init::File),
                    Purpose::Weights => self.settings.weights = paths.next(),
                    Purpose::OpenProject => paths.take(1).for_each(|path| self.read_project(path)),
                    Purpose::OpenPlaylist => paths.take(1).for_each(|path| self.read_playlist(path)),
                    Purpose::SavePlaylist(name) => {
                        if let Some(path) = paths.next() {
                            self.save_playlist(Some(path), &name);
                        }
                    }
                    Purpose::SaveProject(name) => {
                        if let Some(path) = paths.next() {
                            self.save_project(Some(path), &name);
                        }
                    }
                    Purpose::Figure => {
                        if let Some(path) = paths.next() {
                            self.save_figure(Some(path));
                        }
                    }
                    Purpose::Timelapse(plan) => {
                        if let Some(path) = paths.next() {
                            self.export_to(path, plan);
                        }
                    }
                    Purpose::Save(painting) => {
                        if let Some(path) = paths.next() {
                            self.save_to(path, painting);
                        }
                    }
                }
            }
            Done::Saved { path, painting, result } => self.saved(path, painting, result),
            Done::Looked(looked) => self.looked(*looked),
            Done::Left(left) => self.left(left),
            Done::Kept { result, took } => self.kept(ctx, result, took),
            Done::ProjectRead { path, result } => self.project_read(ctx, &path, result),
            Done::PlaylistRead { path, result } => self.playlist_read(&path, result),
            Done::PlaylistSaved { path, list, result } => self.playlist_saved(&path, *list, result),
            Done::ProjectSaved { path, result } => self.project_saved(&path, result),
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
