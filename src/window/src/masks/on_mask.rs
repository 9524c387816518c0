//! Actions on a mask. They may have to wait for a stroke, while a project or an earlier action puts the
//! regions in another order: the mask is found by its name then, and what is meant for one that is gone is
//! dropped.

use egui::Context;

use super::{Place, flags::MaskName};
use crate::{ImpastoApp, action::Act};
use impasto_base::text;
use impasto_core::settings::Masks;

/// Something to be done with a mask, wherever it is by then.
pub struct OnMask<F> {
    name: Option<MaskName>,
    act: F,
}

impl<A: Act, F: FnOnce(Place) -> A + Send + 'static> OnMask<F> {
    /// With the mask that is at a place now.
    pub fn new(place: Place, masks: &Masks, act: F) -> Self {
        Self { name: MaskName::of(place, masks), act }
    }
}

impl<A: Act, F: FnOnce(Place) -> A + Send + 'static> Act for OnMask<F> {
    fn apply(self, app: &mut ImpastoApp, ctx: &Context) {
        if let Some(place) = app.place_of(self.name.as_ref()) {
            (self.act)(place).apply(app, ctx);
        }
    }
}

impl ImpastoApp {
    /// Where a mask is now. `None` if it is gone, which is told.
    pub(super) fn place_of(&mut self, name: Option<&MaskName>) -> Option<Place> {
        let place = name.and_then(|name| name.place_in(&self.settings.masks));
        if place.is_none() {
            let name = match name {
                Some(MaskName::Region(name)) => format!("Region {}", text::display_name(name)),
                _ => "This mask".to_owned(),
            };
            self.messages.toasts.add(format!("{name} is not there any more."));
        }
        place
    }
}
