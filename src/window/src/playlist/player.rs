//! A playlist being played: opens an entry's pictures, paints, goes on to the next, and gets over what fails.

use std::time::Duration;

use egui::Context;

use super::list::{Entry, Playlist};
use crate::{
    ImpastoApp,
    messages::Trouble,
    picture_source::Source,
    slot::{Slot, Target},
    widgets,
};
use impasto_base::text;
use impasto_core::settings::{Preset, Settings};
use impasto_engine::session::{RunState, Start};

/// Seconds from a failure to the next attempt: doubled each time, up to the longest.
const FIRST_WAIT: f64 = 1.0;
const LONGEST_WAIT: f64 = 30.0;

/// What is done about the entry in hand.
#[derive(Debug)]
enum Phase {
    /// Its pictures are being opened.
    Opening,
    /// It has been painted for so many seconds, pauses left out; `last` is when that was counted.
    Painting { spent: f64, last: f64 },
    /// Something failed: the next entry begins at this time.
    Waiting { until: f64 },
    /// Nothing came of it: the next entry begins in the next frame.
    Next,
}

/// A playlist in play.
#[derive(Debug)]
pub struct Player {
    list: Playlist,
    order: Vec<usize>,
    at: usize,
    round: u64,
    phase: Phase,
    /// Failures and skipped entries since the last one that was painted to its end.
    failures: u32,
    skipped: usize,
    /// In force when it began: what an entry does not say is as it was then.
    before: Box<Settings>,
}

/// Seconds to wait after so many failures in a row.
fn wait(failures: u32) -> f64 {
    (FIRST_WAIT * 2f64.powi(failures.saturating_sub(1).min(20) as i32)).min(LONGEST_WAIT)
}

impl Player {
    /// The entry in hand.
    pub fn entry(&self) -> Option<usize> {
        self.order.get(self.at).copied()
    }
}

impl ImpastoApp {
    /// Whether a playlist is in play.
    pub(crate) fn is_playing_list(&self) -> bool {
        self.playlist.player.is_some()
    }

    /// Play the list from one of its entries: in the second window if that is open, else on the full screen.
    pub(crate) fn play_list(&mut self, ctx: &Context, from: Option<usize>) {
        let list = self.playlist.list.clone();
        if list.entries.is_empty() {
            return self.messages.toasts.add("The playlist is empty: add the current painting to it first.");
        }
        let mut order = list.order(0);
        if let Some(at) = order.iter().position(|&entry| Some(entry) == from) {
            order.rotate_left(at);
        }
        // What a playlist has begun already is not the user's painting.
        let left = if self.is_playing_list() { None } else { self.leave_painting() };
        if left.is_some() {
            self.note_begun("The playlist begins. Your painting is kept.", left);
        }
        self.playlist.player = Some(Player {
            list,
            order,
            at: 0,
            round: 0,
            phase: Phase::Opening,
            failures: 0,
            skipped: 0,
            before: Box::new(self.settings.clone()),
        });
        if !self.view.output_window.open && !self.view.fullscreen.on {
            self.toggle_fullscreen(ctx);
        }
        self.begin_entry(ctx);
    }

    pub(crate) fn stop_list(&mut self) {
        self.playlist.player = None;
    }

    /// Go on to the next entry.
    pub(crate) fn next_entry(&mut self, ctx: &Context) {
        let Some(player) = &mut self.playlist.player else {
            return self.messages.toasts.add("No playlist is in play.");
        };
        player.at += 1;
        if player.at >= player.order.len() {
            if !player.list.repeat {
                self.stop_list();
                return self.messages.toasts.add("The playlist is over.");
            }
            player.round += 1;
            player.order = player.list.order(player.round);
            player.at = 0;
        }
        self.begin_entry(ctx);
    }

    /// The settings of an entry.
    fn settings_of(&self, entry: &Entry, before: &Settings) -> Result<Settings, String> {
        if let Some(settings) = &entry.settings {
            // Device and network are those of this machine.
            let mut settings = Settings::clone(settings);
            settings.device = before.device.clone();
            settings.weights = before.weights.clone();
            self.playlist.outside.restrict(&mut settings);
            return Ok(settings);
        }
        let Some(name) = &entry.preset else { return Ok(before.clone()) };
        if let Some(preset) = Preset::named(name) {
            return Ok(preset.apply(before));
        }
        let own = self.mixes.presets.list.iter().find(|preset| preset.name.eq_ignore_ascii_case(name));
        let mix = own.and_then(|preset| preset.mix.as_ref().ok());
        let mix = mix.ok_or_else(|| format!("there is no preset called “{name}”"))?;
        mix.apply(before).map_err(|error| error.to_string())
    }

    /// Open the pictures of the entry in hand.
    fn begin_entry(&mut self, ctx: &Context) {
        let Some(player) = &mut self.playlist.player else { return };
        player.phase = Phase::Opening;
        let Some(entry) = player.entry().and_then(|index| player.list.entries.get(index)).cloned() else {
            return self.stop_list();
        };
        let before = player.before.clone();
        if let Some(path) = self.playlist.outside.refused_picture(&entry) {
            let name = text::display_name(&path.file_name().unwrap_or_default().to_string_lossy());
            return self
                .skip_entry(ctx, &format!("{name} lies outside of the playlist's folder and is left out"));
        }
        let sources: Option<Vec<Source>> =
            entry.styles.iter().map(|style| Source::of(&style.picture)).collect();
        let settings = self.settings_of(&entry, &before);
        let (settings, content, sources) = match (settings, Source::of(&entry.content), sources) {
            (Ok(settings), Some(content), Some(sources)) => (settings, content, sources),
            (Err(reason), ..) => return self.skip_entry(ctx, &reason),
            _ => return self.skip_entry(ctx, "it names a bundled picture that is not there"),
        };
        self.settings = settings;
        self.next.choose_size = false;
        self.open(Target::Content, content);
        self.pictures.styles = vec![Slot::new(self.next_number())];
        for (index, (source, style)) in sources.into_iter().zip(&entry.styles).enumerate() {
            self.open(if index == 0 { Target::Style } else { Target::NewStyle }, source);
            self.pictures.styles[index].mix = style.mix;
        }
        ctx.request_repaint();
    }

    /// Go on without this entry, and show why.
    fn skip_entry(&mut self, ctx: &Context, reason: &str) {
        let Some(player) = &mut self.playlist.player else { return };
        let title = player.entry().map_or_else(String::new, |index| player.list.entries[index].title());
        self.messages.toasts.add(widgets::sentence(&format!("skipped {title}: {reason}")));
        player.skipped += 1;
        if player.skipped < player.order.len() {
            player.phase = Phase::Next;
            return ctx.request_repaint();
        }
        // A whole round of nothing: perhaps a disk comes back.
        player.skipped = 0;
        let until = self.clock.now + LONGEST_WAIT;
        match player.list.repeat {
            true => player.phase = Phase::Waiting { until },
            false => {
                self.stop_list();
                self.messages.toasts.add("The playlist is over: none of its pictures could be opened.");
            }
        }
    }

    /// The engine failed: after a while a new one begins the next entry.
    fn entry_failed(&mut self, reason: &str) {
        self.messages.banners.retain(|banner| !matches!(banner.trouble, Trouble::Run | Trouble::Engine));
        let Some(player) = &mut self.playlist.player else { return };
        player.failures += 1;
        let seconds = wait(player.failures);
        player.phase = Phase::Waiting { until: self.clock.now + seconds };
        let reason = reason.trim_end_matches('.');
        self.messages
            .toasts
            .add(widgets::sentence(&format!("{reason}: the next painting begins in {seconds} s")));
    }

    /// What went wrong with the engine, if something did.
    fn trouble(&self) -> Option<String> {
        if self.worker.session.is_some() && self.run.state != RunState::Failed {
            return None;
        }
        let told = self.messages.banners.iter().rev();
        let told = told.clone().find(|banner| matches!(banner.trouble, Trouble::Run | Trouble::Engine));
        Some(told.map_or_else(|| "the engine failed".to_owned(), |banner| banner.text.clone()))
    }

    /// Whether a playlist is between two entries, so that pictures and settings are not all of one.
    pub(crate) fn list_changes(&self) -> bool {
        let phase = self.playlist.player.as_ref().map(|player| &player.phase);
        matches!(phase, Some(Phase::Opening | Phase::Next))
    }

    /// Bring the playlist up to date, once a frame.
    pub(crate) fn run_list(&mut self, ctx: &Context) {
        if !self.is_playing_list() {
            return;
        }
        if !self.view.fullscreen.on && !self.view.output_window.open {
            self.stop_list();
            return self
                .messages
                .toasts
                .add("Playlist stopped: neither the full screen nor the second window is open. This painting continues.");
        }
        let (now, opening) = (self.clock.now, self.still_opening());
        let Some(player) = &mut self.playlist.player else { return };
        match &mut player.phase {
            Phase::Waiting { until } => {
                let left = *until - now;
                if left > 0.0 {
                    return ctx.request_repaint_after(Duration::from_secs_f64(left));
                }
                self.renew_engine(ctx);
                self.next_entry(ctx);
            }
            Phase::Next => self.next_entry(ctx),
            Phase::Opening => {
                if opening {
                    return;
                }
                let mut slots = std::iter::once(&self.pictures.content).chain(&self.pictures.styles);
                let wrong = slots.find(|slot| slot.error.is_some() || slot.picture.is_none());
                let wrong = wrong.map(|slot| {
                    slot.error.clone().unwrap_or_else(|| "a picture could not be opened".to_owned())
                });
                if let Some(reason) = wrong {
                    return self.skip_entry(ctx, &reason);
                }
                player.phase = Phase::Painting { spent: 0.0, last: now };
                let fade = player.list.fade;
                let before = self.run.id;
                self.start_run(Start::Beginning, false);
                if self.run.id == before {
                    // No engine takes it.
                    return self.entry_failed("the engine takes no orders");
                }
                self.next.init_at_start = Some(self.settings.init.clone());
                self.view.canvas.fade(fade);
            }
            Phase::Painting { spent, last } => {
                let paints = matches!(self.run.state, RunState::Running | RunState::Finished);
                *spent += if paints { now - *last } else { 0.0 };
                *last = now;
                let (spent, seconds) =
                    (*spent, player.entry().and_then(|at| player.list.entries[at].seconds));
                if let Some(reason) = self.trouble() {
                    return self.entry_failed(&reason);
                }
                let over = match seconds {
                    Some(seconds) => spent >= seconds,
                    None => self.run.state == RunState::Finished,
                };
                if over {
                    if let Some(player) = &mut self.playlist.player {
                        (player.failures, player.skipped) = (0, 0);
                    }
                    return self.next_entry(ctx);
                }
                if let Some(seconds) = seconds {
                    ctx.request_repaint_after(Duration::from_secs_f64((seconds - spent).clamp(0.02, 1.0)));
                }
            }
        }
    }

    /// Drop the engine and start another one. An engine that hangs is not waited for.
    fn renew_engine(&mut self, ctx: &Context) {
        if let Some(old) = self.worker.session.take() {
            let farewell = std::thread::Builder::new().name("impasto-farewell".into());
            if farewell.spawn(move || drop(old)).is_err() {
                tracing::warn!("an engine that failed is let go on the window's thread");
            }
        }
        self.start_engine(ctx);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_stay_within_half_a_minute() {
        let waits: Vec<f64> = [1, 2, 3, 5, 6, 1000].map(wait).to_vec();
        assert_eq!(waits, [1.0, 2.0, 4.0, 16.0, 30.0, 30.0]);
    }
}
