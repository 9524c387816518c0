//! What the palette of commands finds of the regions.

use super::{
    Place, RemoveMask, SelectMask,
    actions::MaskAction,
    flags::{Flag, MaskName, Switch},
    on_mask::{OnMask, find},
    places,
};
use crate::{
    ImpastoApp,
    action::{Act, Action},
    command::Tab,
    edit::SettingsChange,
    widgets,
};
use impasto_core::settings::{Masks, Region};

/// Show the list, and do this.
struct InList<A>(A);

impl<A: Act> Act for InList<A> {
    fn apply(self, app: &mut ImpastoApp, ctx: &egui::Context) {
        app.show_tab(Tab::Regions);
        self.0.apply(app, ctx);
    }
}

fn in_list<A: Act>(place: Place, masks: &Masks, act: fn(Place) -> A) -> Action {
    OnMask::new(place, masks, move |place| InList(act(place))).into()
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
            add(format!("Draw on {title}"), "selects it", in_list(place, masks, SelectMask));
            let locked = self.pictures.masks.flags.is_on(Flag::Locked, place, masks);
            let lock = if locked { "Unlock" } else { "Lock" };
            add(
                format!("{lock} {title}"),
                "strokes leave it alone",
                in_list(place, masks, |place| Switch(Flag::Locked, place)),
            );
            if matches!(place, Place::Region(_)) {
                let solo = self.pictures.masks.flags.is_on(Flag::Solo, place, masks);
                let text = if solo { "End solo of" } else { "Solo" };
                add(
                    format!("{text} {title}"),
                    "region",
                    in_list(place, masks, |place| Switch(Flag::Solo, place)),
                );
                add(
                    format!("Rename {title}"),
                    "region",
                    OnMask::new(place, masks, MaskAction::AskForName).into(),
                );
            }
            add(format!("Remove {title}"), "undo brings it back", in_list(place, masks, RemoveMask));
        }
        all
    }

    /// A typed strength for each region: title, what it is now, and the change.
    pub(crate) fn strengths_found(&self, typed: &str) -> Vec<(String, String, SettingsChange)> {
        let Some(strength) = widgets::parse_number(typed).filter(|strength| *strength >= 0.0) else {
            return Vec::new();
        };
        let with = |region: &Region| {
            let name = MaskName::Region(region.name.clone());
            let change = SettingsChange::new(move |settings| {
                let place = find(Some(&name), &settings.masks)?;
                if let Some(param) = place.strength() {
                    param.store(settings, &mut [], strength);
                }
                Ok(())
            });
            let now = format!("now {}", widgets::number(region.strength));
            (format!("Strength of {}", region.name), now, change)
        };
        self.settings.masks.regions.iter().map(with).collect()
    }
}
