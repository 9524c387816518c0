//! What the palette of commands finds of the regions.

use super::{
    Place, RemoveMask, SelectMask,
    actions::MaskAction,
    flags::{Flag, Switch},
    places,
};
use crate::{
    ImpastoApp,
    action::{Act, Action},
    command::Tab,
    widgets,
};
use impasto_core::settings::Settings;

/// Show the list, and do this.
struct InList<A>(A);

impl<A: Act> Act for InList<A> {
    fn apply(self, app: &mut ImpastoApp, ctx: &egui::Context) {
        app.show_tab(Tab::Regions);
        self.0.apply(app, ctx);
    }
}

impl ImpastoApp {
    /// Title, detail and what is then done.
    pub(crate) fn regions_findings(&self) -> Vec<(String, String, Action)> {
        let masks = &self.settings.masks;
        let mut all = Vec::new();
        for place in places(masks) {
            let title = place.title(masks).to_owned();
            let mut add =
                |text: String, detail: &str, action: Action| all.push((text, detail.to_owned(), action));
            add(format!("Draw on {title}"), "selects it", InList(SelectMask(place)).into());
            let locked = self.pictures.masks.flags.is_on(Flag::Locked, place, masks);
            let lock = if locked { "Unlock" } else { "Lock" };
            add(
                format!("{lock} {title}"),
                "strokes leave it alone",
                InList(Switch(Flag::Locked, place)).into(),
            );
            if let Place::Region(index) = place {
                let solo = self.pictures.masks.flags.is_on(Flag::Solo, place, masks);
                let text = if solo { "End solo of" } else { "Solo" };
                add(format!("{text} {title}"), "region", InList(Switch(Flag::Solo, place)).into());
                add(format!("Rename {title}"), "region", MaskAction::AskForName(index).into());
            }
            add(format!("Remove {title}"), "undo brings it back", InList(RemoveMask(place)).into());
        }
        all
    }

    /// The settings with a typed strength in each region: title, what it is now, and the settings.
    pub(crate) fn strengths_found(&self, typed: &str) -> Vec<(String, String, Settings)> {
        let Some(strength) = widgets::parse_number(typed).filter(|strength| *strength >= 0.0) else {
            return Vec::new();
        };
        let with = |index: usize| {
            let mut settings = self.settings.clone();
            settings.masks.regions[index].strength = strength;
            let region = &self.settings.masks.regions[index];
            let now = format!("now {}", widgets::number(region.strength));
            (format!("Strength of {}", region.name), now, settings)
        };
        (0..self.settings.masks.regions.len()).map(with).collect()
    }
}
