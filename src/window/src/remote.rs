//! External controllers: messages set parameters, and changed parameters are reported back.
#![cfg_attr(
    not(feature = "osc"),
    allow(dead_code, unused_imports, reason = "some of it is for messages of Open Sound Control alone")
)]

mod dialog;

use std::{
    collections::BTreeMap,
    mem,
    time::{Duration, Instant},
};

use egui::{Context, ViewportId};
use serde::{Deserialize, Serialize};

use super::{ImpastoApp, action::Act, command::Command, defaults::PresetName};
use impasto_base::text;
#[cfg(feature = "osc")]
use impasto_control::server::{Address, Server};
use impasto_control::{
    PendingInput,
    commands::{self, ParamInput, RemoteCommand},
    mapping::{Bindings, Controller, Mapping, MoveResult, lenient},
    ports::Ports,
};
use impasto_core::settings::{ParamId, Preset};

/// Seconds between two reports of parameters.
const TELL_EVERY: f64 = 1.0 / 30.0;
/// Seconds after its last message for which an external control still counts as being moved.
const HAND: f64 = 0.7;
/// Least change of a parameter that is reported, as a part of its range.
const FAR: f64 = 1e-4;
/// Seconds between two restarts, and between two presets, that come from outside: a sender without end must
/// not keep a run from painting.
const RESTART_EVERY: f64 = 1.0;
const MOMENT_EVERY: f64 = 1.0;
const PRESET_EVERY: f64 = 0.25;
/// Port that is offered first.
const PORT: u16 = 9000;
/// When a port that was taken is tried again.
#[cfg(feature = "osc")]
const PORT_AGAIN: Duration = Duration::from_millis(50);

/// What is remembered of controllers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RemoteSettings {
    /// Listen for Open Sound Control.
    pub osc: bool,
    pub port: u16,
    /// From other machines as well.
    pub wide: bool,
    /// Host and port to which changed parameters are reported.
    pub feedback: String,
    /// Names of the MIDI devices that are read, and to which changes are reported.
    pub midi: Vec<String>,
    /// Which controller sets which parameter.
    #[serde(deserialize_with = "lenient")]
    pub controllers: Bindings,
}

impl Default for RemoteSettings {
    fn default() -> Self {
        Self {
            osc: false,
            port: PORT,
            wide: false,
            feedback: String::new(),
            midi: Vec::new(),
            controllers: Bindings::new(),
        }
    }
}

/// Controllers at work, and the dialog about them.
#[derive(Default)]
pub struct Remote {
    settings: RemoteSettings,
    mapping: Mapping,
    pub open: bool,
    #[cfg(feature = "osc")]
    server: Option<Server>,
    #[cfg(feature = "osc")]
    asked: Option<Address>,
    #[cfg(feature = "osc")]
    trouble: Option<String>,
    ports: Ports,
    /// The value last reported for each parameter, under which names of the regions, and when.
    told: BTreeMap<ParamId, f64>,
    told_names: Vec<String>,
    told_at: f64,
    /// Number of valid messages, and of those that were malformed or unknown.
    counts: [u64; 2],
    /// Of the server's valid ones, those that named a region which is not there.
    unknown: u64,
    /// Restarts and presets that are not done yet, the latest of each.
    waiting: Vec<RemoteCommand>,
    /// When the run was last restarted, a preset taken and a moment saved from outside, on egui's clock.
    restarted: Option<f64>,
    moment_saved: Option<f64>,
    preset_taken: Option<f64>,
    /// When something last came in, on egui's clock.
    heard: Option<f64>,
    /// When a port that was taken is tried again.
    #[cfg(feature = "osc")]
    again: Option<Instant>,
}

impl Remote {
    pub fn new(settings: RemoteSettings, ports: Ports) -> Self {
        Self { mapping: Mapping::new(settings.controllers.clone()), settings, ports, ..Self::default() }
    }

    /// As it is to be remembered.
    pub fn remembered(&self) -> RemoteSettings {
        RemoteSettings { controllers: self.mapping.bindings.clone(), ..self.settings.clone() }
    }

    /// Parameters that have a controller.
    pub fn bound(&self) -> impl Iterator<Item = ParamId> {
        self.mapping.bindings.values().copied()
    }

    /// Whether there is anything to learn from.
    fn listens(&self) -> bool {
        !self.settings.midi.is_empty() || cfg!(feature = "osc") && self.settings.osc
    }

    /// Whether an external control is being moved.
    pub fn is_held(&self, now: f64) -> bool {
        self.heard.is_some_and(|heard| now - heard < HAND)
    }
}

/// Queue an order, in the place of an earlier one of its kind.
fn put(waiting: &mut Vec<RemoteCommand>, order: RemoteCommand) {
    waiting.retain(|other| mem::discriminant(other) != mem::discriminant(&order));
    waiting.push(order);
}

impl Act for RemoteCommand {
    fn apply(self, app: &mut ImpastoApp, _: &Context) {
        app.do_order(self);
    }
}

impl Act for Box<PendingInput> {
    fn apply(self, app: &mut ImpastoApp, ctx: &Context) {
        app.take_remote(ctx, *self);
    }
}

impl ImpastoApp {
    /// Whether a slider is being dragged, here or on a controller.
    pub(super) fn is_dragging(&self, ctx: &Context) -> bool {
        ctx.egui_is_using_pointer() || self.remote.is_held(ctx.input(|input| input.time))
    }

    /// Apply what has come in, and report how parameters have changed.
    pub(super) fn follow_remote(&mut self, ctx: &Context) {
        #[cfg(feature = "osc")]
        self.follow_osc(ctx);
        let wake = || {
            let ctx = ctx.clone();
            // Of all windows the one that asks; the one on top may be another.
            move || ctx.request_repaint_of(ViewportId::ROOT)
        };
        self.remote.ports.open(&self.remote.settings.midi, self.remote.open, wake);
        self.push_news(self.remote.ports.take());
        self.apply_actions(ctx);
        self.do_waiting(ctx);
        self.send_params(ctx.input(|input| input.time));
    }

    #[cfg(feature = "osc")]
    fn follow_osc(&mut self, ctx: &Context) {
        let remote = &mut self.remote;
        let settings = &remote.settings;
        let wanted = settings.osc.then(|| Address {
            port: settings.port,
            from_network: settings.wide,
            feedback: settings.feedback.clone(),
        });
        // Don't connect while the address is still being edited.
        let waits = remote.again.is_some_and(|again| Instant::now() < again);
        if remote.asked != wanted && !ctx.text_edit_focused() && !waits {
            (remote.server, remote.asked) = (None, None);
            // Another server counts its messages from the first.
            remote.unknown = 0;
            remote.told.clear();
            remote.again = None;
            let waker = ctx.clone();
            let wake = move || waker.request_repaint_of(ViewportId::ROOT);
            match wanted.as_ref().map(|address| (address.port, Server::listen(address, wake))) {
                Some((port, Err(error))) => {
                    remote.trouble = Some(format!("cannot listen at port {port}: {error}"));
                    if error.kind() == std::io::ErrorKind::AddrInUse {
                        // Perhaps by the server before this one, which is about to let go of it.
                        remote.again = Some(Instant::now() + PORT_AGAIN);
                        ctx.request_repaint_after_for(PORT_AGAIN, ViewportId::ROOT);
                    }
                }
                listening => {
                    remote.server = listening.and_then(|(_, server)| server.ok());
                    remote.trouble = None;
                }
            }
            if remote.again.is_none() {
                remote.asked = wanted;
            }
        }
        if let Some(news) = remote.server.as_ref().map(Server::take) {
            let unknown = remote.unknown;
            remote.counts = [news.accepted.saturating_sub(unknown), news.ignored + unknown];
            self.push_news(news);
        }
    }

    fn push_news(&self, news: PendingInput) {
        if !news.is_empty() {
            self.actions.push(Box::new(news));
        }
    }

    /// Apply what has come in.
    pub(super) fn take_remote(&mut self, ctx: &Context, news: PendingInput) {
        let mut turned = false;
        for (name, aim) in news.params {
            let Ok(param) = name.resolve(&self.settings.masks) else {
                self.remote.unknown += 1;
                continue;
            };
            let range = param.range(self.settings.objective);
            let value = match aim {
                ParamInput::Position(place) => range.value(place),
                // A value that could not be typed is ignored; one beyond the fader's end is clamped to it.
                ParamInput::Value(value) if !param.allows(value) => continue,
                ParamInput::Value(value) => range.nearest(value),
            };
            if self.turn_from_outside(param, value) {
                turned = true;
                // Its sender knows.
                self.remote.told.insert(param, range.position(value));
            }
        }
        // Of several that wait while a parameter learns, the one that was moved last is meant.
        let touched = news.last_moved.filter(|_| self.remote.mapping.learning.is_some());
        if let Some(source) = &touched
            && let Some(place) = news.controllers.get(source)
        {
            turned |= self.move_controller(source, *place);
        }
        // The strike that a pad was learnt by does not set the parameter yet.
        let learnt = touched.filter(Controller::is_note);
        for (source, place) in news.controllers {
            if learnt.as_ref() != Some(&source) {
                turned |= self.move_controller(&source, place);
            }
        }
        if turned {
            self.remote.heard = Some(ctx.input(|input| input.time));
        }
        for order in news.commands {
            match order {
                RemoteCommand::Play | RemoteCommand::Pause => self.do_order(order),
                RemoteCommand::Restart | RemoteCommand::Preset(_) | RemoteCommand::SaveMoment => {
                    put(&mut self.remote.waiting, order)
                }
            }
        }
    }

    /// Apply the orders that wait, unless one of their kind was applied just now.
    fn do_waiting(&mut self, ctx: &Context) {
        let now = ctx.input(|input| input.time);
        for order in mem::take(&mut self.remote.waiting) {
            let (last, every) = match order {
                RemoteCommand::Restart => (&mut self.remote.restarted, RESTART_EVERY),
                RemoteCommand::SaveMoment => (&mut self.remote.moment_saved, MOMENT_EVERY),
                _ => (&mut self.remote.preset_taken, PRESET_EVERY),
            };
            let left = last.map_or(0.0, |last| last + every - now);
            if left > 0.0 {
                ctx.request_repaint_after_for(Duration::from_secs_f64(left.min(every)), ViewportId::ROOT);
                self.remote.waiting.push(order);
            } else {
                *last = Some(now);
                self.actions.push(order);
            }
        }
    }

    /// Set a parameter as a drag of its fader does.
    pub(super) fn turn_from_outside(&mut self, param: ParamId, value: f64) -> bool {
        let turned = self.set_param(param, value);
        if turned {
            self.on_user_edit(param, value);
        }
        turned
    }

    /// Apply a controller's move; true if a parameter has changed.
    fn move_controller(&mut self, source: &Controller, place: f64) -> bool {
        let (moved, mix) = self.moved();
        let objective = self.settings.objective;
        let at = |param: ParamId| Some(param.range(objective).position(param.get(&moved, &mix)?));
        match self.remote.mapping.on_move(source, place, at) {
            MoveResult::Ignored => {}
            MoveResult::Sets(param, place) => {
                return self.turn_from_outside(param, param.range(objective).value(place));
            }
            MoveResult::Bound(param) => {
                let source = text::display_name(&source.to_string());
                self.messages
                    .toasts
                    .add(format!("{source} turns {} from now on.", param.label_in(&self.settings.masks)));
            }
            MoveResult::Waiting(param) => {
                let source = text::display_name(&source.to_string());
                let name = param.label_in(&self.settings.masks);
                self.messages.notice = Some(format!("{source} waits: bring it to where {name} is"));
            }
        }
        false
    }

    pub(super) fn do_order(&mut self, order: RemoteCommand) {
        match order {
            RemoteCommand::Play if !self.run.playing => self.play_or_pause(),
            RemoteCommand::Pause if self.run.playing => self.play_or_pause(),
            RemoteCommand::Play | RemoteCommand::Pause => {}
            RemoteCommand::Restart => self.actions.push(Command::Restart),
            RemoteCommand::SaveMoment => self.actions.push(Command::SaveMoment),
            RemoteCommand::Preset(name) => {
                let own = || PresetName::Own(name.clone());
                let preset = Preset::named(&name).map_or_else(own, PresetName::Bundled);
                if !self.take_preset(&preset) {
                    let name = text::display_name(&name);
                    self.messages.toasts.add(format!("No preset is called {name}."));
                }
            }
        }
    }

    /// Report every parameter that has changed.
    fn send_params(&mut self, now: f64) {
        let tells =
            cfg!(feature = "osc") && self.remote.settings.osc && !self.remote.settings.feedback.is_empty();
        if !(tells || self.remote.bound().next().is_some()) || now - self.remote.told_at < TELL_EVERY {
            return;
        }
        self.remote.told_at = now;
        let (moved, mix) = self.moved();
        let masks = &self.settings.masks;
        let names = masks.regions.iter().map(|region| &region.name);
        if !names.clone().eq(&self.remote.told_names) {
            // Where a region has another name, its strength has another address.
            self.remote.told_names = names.cloned().collect();
            self.remote.told.retain(|param, _| !matches!(param, ParamId::RegionStrength(_)));
        }
        for param in ParamId::all(&moved, &mix) {
            let Some(value) = param.get(&moved, &mix) else { continue };
            let place = param.range(moved.objective).position(value);
            if self.remote.told.get(&param).is_some_and(|told| (told - place).abs() < FAR) {
                continue;
            }
            self.remote.told.insert(param, place);
            #[cfg(feature = "osc")]
            if let Some(server) = self.remote.server.as_ref().filter(|_| tells) {
                let (id, name) = (param.into(), param.name_in(masks));
                server.send(commands::address(&id), place as f32);
                if name != id {
                    server.send(commands::address(&name), place as f32);
                }
            }
            for source in self.remote.mapping.feedback(param, place) {
                match &source {
                    #[cfg(feature = "osc")]
                    Controller::Osc(address) => {
                        if let Some(server) = self.remote.server.as_ref().filter(|_| tells) {
                            server.send(address.clone(), place as f32);
                        }
                    }
                    _ => self.remote.ports.send(&source, place),
                }
            }
        }
    }

    /// Map the next controller that moves to this parameter.
    pub(super) fn learn_controller(&mut self, param: ParamId) {
        self.remote.mapping.learning = Some(param);
        if self.remote.listens() {
            let name = param.label_in(&self.settings.masks);
            self.messages.toasts.add(format!("Move a fader of your controller: it will turn {name}."));
        } else {
            // Something has to be listened to first.
            self.remote.open = true;
        }
    }

    /// Remove a parameter's controllers.
    pub(super) fn forget_controllers(&mut self, param: ParamId) {
        self.remote.mapping.unbind(param);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_flood_of_orders_the_last_restart_and_the_last_preset_wait() {
        let preset = |name: &str| RemoteCommand::Preset(name.to_owned());
        let mut waiting = Vec::new();
        for order in [RemoteCommand::Restart, preset("a"), RemoteCommand::Restart, preset("b")] {
            put(&mut waiting, order);
        }
        assert_eq!(waiting, [RemoteCommand::Restart, preset("b")]);
    }
}
