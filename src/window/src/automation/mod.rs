//! Automation in the window: faders follow their tracks, a drag takes over, and drags are recorded.

mod graph;
mod panel;
mod recorder;

use egui::Context;

use self::recorder::Recorder;
use super::{
    ImpastoApp,
    action::Act,
    command::Tab,
    param_menu::{self, Marks, ParamAction},
};
use impasto_core::settings::{Curve, KeysEnd, Lfo, Modulated, ParamId, Region, StyleMix, Track};
use impasto_engine::session::RunState;

/// The panel's state and the recording.
#[derive(Default)]
pub struct AutomationUi {
    /// The parameter whose track is shown.
    chosen: Option<ParamId>,
    /// The keyframe that is shown of it.
    key: usize,
    /// A keyframe being dragged, applied at the end of the drag: each curve would be an entry of the record.
    dragged: Option<(usize, impasto_core::settings::Key)>,
    recorder: Option<Recorder>,
}

impl Act for ParamAction {
    fn apply(self, app: &mut ImpastoApp, _: &Context) {
        app.apply_to_param(self);
    }
}

/// Ends a recording, if one is on.
struct EndRecording;

impl Act for EndRecording {
    fn apply(self, app: &mut ImpastoApp, _: &Context) {
        if let Some(recorder) = app.automation.recorder.take() {
            app.keep_recording(recorder);
        }
    }
}

impl ImpastoApp {
    /// How the styles with a picture count, as they are set.
    pub(super) fn mix(&self) -> Vec<StyleMix> {
        self.pictures.styles.iter().filter(|slot| slot.picture.is_some()).map(|slot| slot.mix).collect()
    }

    /// The settings and how the styles count, where their tracks have them now.
    pub(super) fn moved(&self) -> (Modulated, Vec<StyleMix>) {
        self.settings.automated(&self.mix(), self.run.step())
    }

    /// Set a parameter as a drag does; true if it could be set.
    pub(super) fn set_param(&mut self, param: ParamId, value: f64) -> bool {
        let mut mix = self.mix();
        // Moving α or β ends the style amount.
        if matches!(param, ParamId::Alpha | ParamId::Beta) && self.settings.style_amount.is_some() {
            self.end_style_amount();
        }
        if !param.set(&mut self.settings, &mut mix, value) {
            return false;
        }
        let filled = self.pictures.styles.iter_mut().filter(|slot| slot.picture.is_some());
        filled.zip(mix).for_each(|(slot, mix)| slot.mix = mix);
        true
    }

    /// Let a parameter's track follow a value set by hand. An oscillator swings about it from now on;
    /// keyframes leave it to the hand.
    pub(super) fn on_user_edit(&mut self, param: ParamId, value: f64) {
        let (objective, at) = (self.settings.objective, self.settings.time_at(self.run.step()));
        let Some(track) = self.settings.automation.get_mut(param).filter(|track| track.on) else { return };
        match track.base_for(param, objective, value, at) {
            Some(base) => {
                self.set_param(param, base);
            }
            None => {
                track.on = false;
                if self.automation.recorder.is_none() {
                    let name = param.label_in(&self.settings.masks);
                    self.messages.toasts.add(format!("{name} is in your hands: its automation is off."));
                }
            }
        }
    }

    /// Mark the faders that are automated, and record drags.
    pub(super) fn follow_params(&mut self, ctx: &Context) {
        let tracks = self.settings.automation.iter();
        let tracks = tracks
            .map(|(param, track)| (param, track.on && param.get(&self.settings, &self.mix()).is_some()));
        let bound = self.remote.bound().collect();
        let masks = &self.settings.masks;
        let regions = (0..).map(ParamId::RegionStrength).zip(&masks.regions);
        let named =
            |(param, region): (ParamId, &Region)| (param, (param.label_in(masks), region.name.clone()));
        let regions = regions.map(named).collect();
        param_menu::mark(ctx, Marks { tracks: tracks.collect(), bound, regions });
        self.record_params();
    }

    pub(super) fn apply_to_param(&mut self, action: ParamAction) {
        match action {
            ParamAction::Automate(param) => self.automate(param),
            ParamAction::Switch(param) => {
                if let Some(track) = self.settings.automation.get_mut(param) {
                    track.on = !track.on;
                }
            }
            ParamAction::Still(param) => drop(self.settings.automation.remove(param)),
            ParamAction::Learn(param) => self.learn_controller(param),
            ParamAction::Forget(param) => self.forget_controllers(param),
        }
    }

    /// Show a parameter's track; where it has none it gets one.
    pub(super) fn automate(&mut self, param: ParamId) {
        if self.settings.automation.get(param).is_none() {
            self.settings.automation.set(param, Track::new(Curve::Lfo(Lfo::default())));
        }
        self.automation.chosen = Some(param);
        self.automation.key = 0;
        self.show_tab(Tab::Automation);
    }

    pub(super) fn is_recording(&self) -> bool {
        self.automation.recorder.is_some()
    }

    /// Begin or end the recording of the parameters' moves.
    pub(super) fn toggle_recording(&mut self) {
        match self.automation.recorder.take() {
            None => {
                self.automation.recorder = Some(Recorder::new(self.run.id, self.param_values()));
                self.show_tab(Tab::Automation);
            }
            Some(recorder) => self.keep_recording(recorder),
        }
    }

    /// Every parameter that has a say, and what it is set to.
    fn param_values(&self) -> Vec<(ParamId, f64)> {
        let mix = self.mix();
        let all = ParamId::all(&self.settings, &mix).into_iter();
        all.filter_map(|param| Some((param, param.get(&self.settings, &mix)?))).collect()
    }

    fn record_params(&mut self) {
        let Some(recorder) = &self.automation.recorder else { return };
        let over = matches!(self.run.state, RunState::Finished | RunState::Stopped | RunState::Failed);
        if recorder.run != self.run.id || over && recorder.has_any() {
            return self.actions.push(EndRecording);
        }
        // An oscillator adds to what is dragged, and has no curve of its own to be recorded.
        let swings = |param: ParamId| {
            let track = self.settings.automation.get(param);
            track.is_some_and(|track| track.on && matches!(track.curve, Curve::Lfo(_)))
        };
        let values = self.param_values().into_iter().filter(|(param, _)| !swings(*param)).collect();
        let now = self.settings.time_at(self.run.step()).min(1.0);
        if let Some(recorder) = &mut self.automation.recorder {
            recorder.note(now, values);
        }
    }

    /// Make tracks of what was recorded.
    fn keep_recording(&mut self, recorder: Recorder) {
        let objective = self.settings.objective;
        let mut names = Vec::new();
        let mut has_all = true;
        for (param, keys) in recorder.finish(objective) {
            let (before, end) = match self.settings.automation.get(param).map(|track| &track.curve) {
                Some(Curve::Keys(keys, end)) => {
                    let (before, all) = recorder::unrolled(keys, *end, param, objective);
                    has_all &= all;
                    (before, *end)
                }
                _ => (Vec::new(), KeysEnd::Hold),
            };
            let keys = recorder::merged(&before, keys, param, objective);
            self.settings.automation.set(param, Track::new(Curve::Keys(keys, end)));
            names.push(param.label_in(&self.settings.masks));
            self.automation.chosen = Some(param);
            self.automation.key = 0;
        }
        let recorded = match names.as_slice() {
            [] => "Nothing was moved, so nothing was recorded.".to_owned(),
            [name] => format!("Recorded {name}. Restart plays it again."),
            [first, rest @ ..] => {
                format!("Recorded {first} and {} more. Restart plays it again.", rest.len())
            }
        };
        let cut = " A loop was too short for all of its repeats to be kept: the later ones are left out.";
        self.messages.toasts.add(recorded + if has_all { "" } else { cut });
    }
}
