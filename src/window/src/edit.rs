//! How a panel edits the settings: its controls write into them as they stand, and what differs afterwards is
//! an action.

use egui::{Context, Ui};

use super::{ImpastoApp, action::Act};
use impasto_core::settings::{ParamId, Settings, StyleMix};

/// What panels edit: the settings, and how each style with a picture counts, by its slot's number.
#[derive(Clone, Debug, PartialEq)]
struct Values {
    settings: Settings,
    mixes: Vec<(u64, StyleMix)>,
}

impl Values {
    fn mix(&self) -> Vec<StyleMix> {
        self.mixes.iter().map(|(_, mix)| *mix).collect()
    }
}

/// A change of the settings by a panel's controls.
pub struct Edit {
    values: Values,
    /// Modulated parameters that were set, and their new values.
    turned: Vec<(ParamId, f64)>,
}

type Change = dyn FnOnce(&mut Settings) -> Result<(), String> + Send;

/// A change of the settings as they are when it is applied: a stroke that it had to wait for has changed them
/// too. What can no longer be made leaves them as they are, which is told.
pub struct SettingsChange(Box<Change>);

impl SettingsChange {
    /// A change that may be impossible by then: it says why, in a sentence, and has changed nothing.
    pub fn new(change: impl FnOnce(&mut Settings) -> Result<(), String> + Send + 'static) -> Self {
        Self(Box::new(change))
    }

    /// A change that can be made in any settings.
    pub fn always(change: impl FnOnce(&mut Settings) + Send + 'static) -> Self {
        Self::new(move |settings| {
            change(settings);
            Ok(())
        })
    }

    pub fn make(self, settings: &mut Settings) -> Result<(), String> {
        (self.0)(settings)
    }
}

impl Act for SettingsChange {
    fn apply(self, app: &mut ImpastoApp, _: &Context) {
        if let Err(why) = self.make(&mut app.settings) {
            app.messages.toasts.add(why);
        }
    }
}

impl Act for Edit {
    fn apply(self, app: &mut ImpastoApp, _: &Context) {
        app.apply_edit(self);
    }
}

impl ImpastoApp {
    /// Show controls of the requested settings.
    pub(super) fn edit<R>(&mut self, ui: &mut Ui, show: impl FnOnce(&mut Self, &mut Ui) -> R) -> R {
        // An edit contains all settings: it must not revert what is queued.
        self.apply_actions(ui.ctx());
        let set = self.values();
        let result = show(self, ui);
        let values = self.values();
        self.finish_edit(ui, set, Edit { values, turned: Vec::new() });
        result
    }

    /// Show controls with every parameter as modulated now. What is changed there is set; what is not
    /// touched stays set as it was.
    pub(super) fn live<R>(&mut self, ui: &mut Ui, show: impl FnOnce(&mut Self, &mut Ui) -> R) -> R {
        if !self.settings.automation.is_on() {
            return self.edit(ui, show);
        }
        self.apply_actions(ui.ctx());
        let set = self.values();
        let (moved, moved_mix) = self.moved();
        let mixes = set.mixes.iter().zip(moved_mix).map(|((id, _), mix)| (*id, mix)).collect();
        let shown = Values { settings: Settings::clone(&moved), mixes };
        self.put(shown.clone());
        let result = show(self, ui);
        let edit = untouched(self.values(), &shown, &set);
        self.finish_edit(ui, set, edit);
        result
    }

    fn values(&self) -> Values {
        let filled = self.pictures.styles.iter().filter(|slot| slot.picture.is_some());
        Values { settings: self.settings.clone(), mixes: filled.map(|slot| (slot.id, slot.mix)).collect() }
    }

    fn put(&mut self, values: Values) {
        self.settings = values.settings;
        for (id, mix) in values.mixes {
            if let Some(slot) = self.slot_mut(id) {
                slot.mix = mix;
            }
        }
    }

    /// Restore the requested settings, and apply the edit if there is one: it must not revert what is queued.
    fn finish_edit(&mut self, ui: &Ui, set: Values, edit: Edit) {
        let differs = edit.values != set || !edit.turned.is_empty();
        self.put(set);
        if differs {
            self.apply_action(ui.ctx(), edit.into());
        }
        // The next panel edits what this one has left.
        self.apply_actions(ui.ctx());
    }

    pub(super) fn apply_edit(&mut self, edit: Edit) {
        self.put(edit.values);
        for (param, value) in edit.turned {
            self.on_user_edit(param, value);
        }
    }
}

/// What was edited under automation: parameters that still have the value shown go back to the one that
/// was requested.
fn untouched(mut values: Values, shown: &Values, set: &Values) -> Edit {
    for ((_, mix), ((_, shown), (_, set))) in values.mixes.iter_mut().zip(shown.mixes.iter().zip(&set.mixes))
    {
        if mix.weight == shown.weight {
            mix.weight = set.weight;
        }
        if mix.scale == shown.scale {
            mix.scale = set.scale;
        }
    }
    let (mix, shown_mix, set_mix) = (values.mix(), shown.mix(), set.mix());
    let mut turned = Vec::new();
    let moving = set.settings.automation.iter().filter(|(_, track)| track.on).map(|(param, _)| param);
    for param in moving {
        let was_shown = param.stored(&shown.settings, &shown_mix);
        let was_set = param.stored(&set.settings, &set_mix);
        let now = match param {
            ParamId::PictureWeight(_) | ParamId::PictureScale(_) => {
                // What was not touched has its requested value, which differs from the one shown.
                let now = param.stored(&values.settings, &mix);
                if now == was_set { was_shown } else { now }
            }
            _ => param.stored(&values.settings, &[]),
        };
        match (now, was_set) {
            (Some(now), _) if Some(now) != was_shown => turned.push((param, now)),
            (Some(_), Some(was_set)) => param.store(&mut values.settings, &mut [], was_set),
            _ => {}
        }
    }
    Edit { values, turned }
}

#[cfg(test)]
mod tests {
    use super::*;
    use impasto_core::settings::{Curve, Lfo, Track};

    #[test]
    fn what_moves_by_itself_is_no_edit_and_what_a_hand_has_moved_is_told() {
        let mut set = Values { settings: Settings::default(), mixes: vec![(1, StyleMix::default())] };
        for param in [ParamId::Beta, ParamId::PictureWeight(0)] {
            set.settings.automation.set(param, Track::new(Curve::Lfo(Lfo::default())));
        }
        let mut shown = set.clone();
        shown.settings.style_weight = 3.0;
        shown.mixes[0].1.weight = 0.5;
        let edit = untouched(shown.clone(), &shown, &set);
        assert_eq!((&edit.values, edit.turned.as_slice()), (&set, [].as_slice()));

        let mut touched = shown.clone();
        touched.settings.style_weight = 7.0;
        touched.settings.steps += 1;
        touched.mixes[0].1.weight = 0.25;
        let edit = untouched(touched, &shown, &set);
        assert_eq!(edit.turned, [(ParamId::Beta, 7.0), (ParamId::PictureWeight(0), 0.25)]);
        assert_eq!(edit.values.settings.steps, set.settings.steps + 1);
        assert_eq!(edit.values.mixes[0].1.weight, 0.25);
    }
}
