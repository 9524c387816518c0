//! What every fader has beside its value: a menu under the second button, and the colour of what moves by
//! itself.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use egui::{Context, Id, PointerButton, Popup, Response, SetOpenCommand};

use super::{action::Actions, masks::OnParam, widgets};
use impasto_core::settings::ParamId;

/// What can be done with a parameter beside turning it.
#[derive(Clone, Copy)]
pub enum ParamAction {
    /// Show its automation; add one if it has none.
    Automate(ParamId),
    /// Its automation on or off.
    Switch(ParamId),
    /// Remove its automation.
    Still(ParamId),
    /// Map the next controller that moves to it.
    Learn(ParamId),
    Forget(ParamId),
}

/// One of the actions, of a parameter that is still to be found.
pub type ParamAct = fn(ParamId) -> ParamAction;

/// What the faders show of a frame: each parameter that has a track, and whether that moves it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Marks {
    pub tracks: BTreeMap<ParamId, bool>,
    /// Those that a controller turns.
    pub bound: BTreeSet<ParamId>,
    /// What the strengths of regions are called, and the names of the regions.
    pub regions: BTreeMap<ParamId, (String, String)>,
}

fn marks_id() -> Id {
    Id::unique("marks of the parameters")
}

/// Set the marks for the faders of this frame.
pub fn mark(ctx: &Context, marks: Marks) {
    let known = ctx.data(|data| data.get_temp::<Arc<Marks>>(marks_id()));
    if known.is_none_or(|known| *known != marks) {
        ctx.data_mut(|data| data.insert_temp(marks_id(), Arc::new(marks)));
    }
}

fn marks(ctx: &Context) -> Arc<Marks> {
    ctx.data(|data| data.get_temp(marks_id())).unwrap_or_default()
}

/// Whether the parameter moves by itself.
pub fn moves(ctx: &Context, param: ParamId) -> bool {
    marks(ctx).tracks.get(&param).is_some_and(|on| *on)
}

/// The menu of a fader or a number, under the second button: back to the default value if it has one,
/// `more`, and what moves by itself. True when the way back was chosen.
pub fn menu(
    response: &Response,
    param: Option<ParamId>,
    default: Option<f64>,
    more: impl FnOnce(&mut egui::Ui),
) -> bool {
    let ctx = &response.ctx;
    // A slider senses no clicks, only drags.
    let clicked = response.contains_pointer()
        && ctx.input(|input| input.pointer.button_clicked(PointerButton::Secondary));
    let id = response.id.with("menu of the parameter");
    if (param.is_none() && default.is_none()) || (!clicked && !Popup::is_id_open(ctx, id)) {
        return false;
    }
    let popup = Popup::menu(response).id(id).open_memory(clicked.then_some(SetOpenCommand::Bool(true)));
    let shown = popup.at_pointer_fixed().show(|ui| {
        ui.set_min_width(190.0);
        if let Some(param) = param {
            let marks = marks(ctx);
            let name = marks.regions.get(&param).map_or_else(|| param.label(), |(label, _)| label.clone());
            ui.label(widgets::weak(ui, name));
        }
        let back = default.is_some_and(|default| {
            let text = format!("Reset to {}", widgets::number(default));
            ui.button(text).on_hover_text("Back to its default value").clicked()
        });
        more(ui);
        let Some(param) = param else { return back };
        if default.is_some() {
            ui.separator();
        }
        let mut entries: Vec<(&str, &str, ParamAct)> = Vec::new();
        let marks = marks(ui.ctx());
        match marks.tracks.get(&param) {
            None => entries.push((
                "Automate…",
                "Lets this move by itself while it paints: an oscillator or keyframes",
                ParamAction::Automate,
            )),
            Some(on) => {
                entries.push((
                    "Show its automation",
                    "Opens its course, to change it",
                    ParamAction::Automate,
                ));
                let text = if *on { "Switch its automation off" } else { "Switch its automation on" };
                entries.push((text, "The course stays as it is", ParamAction::Switch));
                let tooltip = "Takes the course away; the setting stays where it was set";
                entries.push(("Remove its automation", tooltip, ParamAction::Still));
            }
        }
        let tooltip =
            "The next controller that you move turns this: MIDI, or any address of Open Sound Control";
        entries.push(("Learn a controller…", tooltip, ParamAction::Learn));
        if marks.bound.contains(&param) {
            let tooltip = "Takes every controller from this";
            entries.push(("Forget its controller", tooltip, ParamAction::Forget));
        }
        for (text, tooltip, action) in entries {
            if ui.button(text).on_hover_text(tooltip).clicked() {
                let region = marks.regions.get(&param).map(|(_, name)| name.clone());
                Actions::of(ui.ctx()).push(OnParam::of_region(param, region, action));
            }
        }
        back
    });
    shown.is_some_and(|shown| shown.inner)
}
