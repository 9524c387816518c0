//! Going back to default values: one fader by double-click, key or menu, and the whole mix.

use egui::{Key, Modifiers, PointerButton, Response, Ui};

use super::{ImpastoApp, param_menu};
use impasto_core::settings::{ParamId, StyleMix};

/// Reset a slider by double-click, by Delete or Backspace while it has the keyboard's focus, or from its
/// menu, which shows `more` below; true when it was reset. The slider itself senses drags alone, so the
/// pointer is asked.
pub fn slider(
    ui: &Ui,
    response: &Response,
    param: ParamId,
    default: f64,
    value: &mut f64,
    more: impl FnOnce(&mut Ui),
) -> bool {
    let over = |asked: fn(&egui::PointerState) -> bool| {
        response.contains_pointer() && ui.input(|input| asked(&input.pointer))
    };
    let key = response.has_focus()
        && ui.input_mut(|input| {
            input.consume_key(Modifiers::NONE, Key::Delete)
                || input.consume_key(Modifiers::NONE, Key::Backspace)
        });
    let by_menu = param_menu::menu(response, Some(param), Some(default), more);
    // A click elsewhere just before makes it the third.
    let twice = over(|pointer| {
        let button = PointerButton::Primary;
        pointer.button_double_clicked(button) || pointer.button_triple_clicked(button)
    });
    let reset = key || by_menu || twice;
    if reset {
        *value = default;
    }
    reset
}

impl ImpastoApp {
    /// Everything that can be mixed while it paints as it is usual: in the preset that was taken last, or
    /// else in the objective.
    pub(super) fn reset_mix(&mut self) {
        let settings = self.settings.with_look(self.mixes.presets.defaults.settings());
        // Which part of a picture counts is about the picture.
        let fresh = |mix: StyleMix| StyleMix { crop: mix.crop, ..StyleMix::default() };
        if settings == self.settings && self.pictures.styles.iter().all(|slot| slot.mix == fresh(slot.mix)) {
            self.messages.toasts.add("The mix is at its defaults already.");
            return;
        }
        self.settings = settings;
        self.pictures.styles.iter_mut().for_each(|slot| slot.mix = fresh(slot.mix));
        self.undo.call("", format!("Mix reset: {}", self.mixes.presets.defaults.name()));
    }
}
