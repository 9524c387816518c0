//! Actions on a mask. They may have to wait for a stroke, while a project or an earlier action puts the
//! regions in another order: the mask is found by its name then, and what is meant for one that is gone is
//! dropped, which is told.

use egui::Context;

use super::{Place, flags::MaskName};
use crate::{
    ImpastoApp,
    action::Act,
    param_menu::{ParamAct, ParamAction},
};
use impasto_base::text;
use impasto_core::settings::{Masks, ParamId};

/// Something to be done with a mask, wherever it is by then.
pub struct OnMask<F> {
    name: Option<MaskName>,
    act: F,
}

impl<A, F: FnOnce(Place) -> A> OnMask<F> {
    /// With the mask that is at a place now.
    pub fn new(place: Place, masks: &Masks, act: F) -> Self {
        Self { name: MaskName::of(place, masks), act }
    }

    /// What is to be done where the mask is now; an error, in words, if it is gone.
    fn resolve(self, masks: &Masks) -> Result<A, String> {
        find(self.name.as_ref(), masks).map(self.act)
    }
}

impl<A: Act, F: FnOnce(Place) -> A + Send + 'static> Act for OnMask<F> {
    fn apply(self, app: &mut ImpastoApp, ctx: &Context) {
        match self.resolve(&app.settings.masks) {
            Ok(act) => act.apply(app, ctx),
            Err(gone) => app.messages.toasts.add(gone),
        }
    }
}

/// Something to be done with a parameter; with a region's strength, wherever the region is by then.
pub struct OnParam {
    param: ParamId,
    /// The name of the region whose strength it is.
    region: Option<MaskName>,
    act: ParamAct,
}

impl OnParam {
    pub fn new(param: ParamId, masks: &Masks, act: ParamAct) -> Self {
        let region = match param {
            ParamId::RegionStrength(index) => masks.regions.get(usize::from(index)),
            _ => None,
        };
        Self::of_region(param, region.map(|region| region.name.clone()), act)
    }

    /// With the strength of the region of this name.
    pub fn of_region(param: ParamId, region: Option<String>, act: ParamAct) -> Self {
        Self { param, region: region.map(MaskName::Region), act }
    }

    /// What is to be done with the parameter by its number now; an error, in words, if its region is gone.
    fn resolve(self, masks: &Masks) -> Result<ParamAction, String> {
        let param = match self.param {
            ParamId::RegionStrength(_) => {
                find(self.region.as_ref(), masks)?.strength().ok_or_else(|| gone(self.region.as_ref()))?
            }
            param => param,
        };
        Ok((self.act)(param))
    }
}

impl Act for OnParam {
    fn apply(self, app: &mut ImpastoApp, ctx: &Context) {
        match self.resolve(&app.settings.masks) {
            Ok(action) => action.apply(app, ctx),
            Err(gone) => app.messages.toasts.add(gone),
        }
    }
}

/// Where a mask is now; an error, in words, if it is gone.
pub(super) fn find(name: Option<&MaskName>, masks: &Masks) -> Result<Place, String> {
    name.and_then(|name| name.place_in(masks)).ok_or_else(|| gone(name))
}

fn gone(name: Option<&MaskName>) -> String {
    let name = match name {
        Some(MaskName::Region(name)) => format!("Region {}", text::display_name(name)),
        _ => "This mask".to_owned(),
    };
    format!("{name} is not there any more.")
}

impl ImpastoApp {
    /// Where a mask is now. `None` if it is gone, which is told.
    pub(super) fn place_of(&mut self, name: Option<&MaskName>) -> Option<Place> {
        find(name, &self.settings.masks).map_err(|gone| self.messages.toasts.add(gone)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use impasto_core::settings::Region;

    fn masks(names: &[&str]) -> Masks {
        let region = |name: &&str| Region { name: (*name).to_owned(), ..Region::default() };
        Masks { regions: names.iter().map(region).collect(), ..Masks::default() }
    }

    #[test]
    fn an_action_finds_its_mask_in_another_order_and_says_if_it_is_gone() {
        let asked = masks(&["sky", "sea", "rock"]);
        let done = |by_then: &Masks| OnMask::new(Place::Region(1), &asked, |place| place).resolve(by_then);
        assert_eq!(done(&asked), Ok(Place::Region(1)));
        assert_eq!(done(&masks(&["sky", "rock", "sea"])), Ok(Place::Region(2)));
        assert_eq!(done(&masks(&["sea", "sky"])), Ok(Place::Region(0)));
        let gone = "Region sea is not there any more.";
        assert_eq!(done(&masks(&["sky", "rock"])).unwrap_err(), gone);
        let map = OnMask::new(Place::StyleMap, &asked, |place| place).resolve(&asked);
        assert_eq!(map.unwrap_err(), "This mask is not there any more.");
    }

    #[test]
    fn an_action_on_a_strength_finds_its_region_in_another_order() {
        let asked = masks(&["my sky", "my_sky", "rock"]);
        let done = |param: ParamId, by_then: &Masks| match OnParam::new(param, &asked, ParamAction::Automate)
            .resolve(by_then)
        {
            Ok(ParamAction::Automate(param)) => Ok(param),
            Ok(_) => Err("another action".to_owned()),
            Err(gone) => Err(gone),
        };
        let strength = ParamId::RegionStrength;
        let swapped = masks(&["my_sky", "rock", "my sky"]);
        assert_eq!([0, 1, 2].map(|at| done(strength(at), &swapped)), [2, 0, 1].map(|at| Ok(strength(at))));
        // One whose name is only the same in an address is another region.
        let gone = done(strength(0), &masks(&["my_sky", "rock"])).unwrap_err();
        assert_eq!(gone, "Region my sky is not there any more.");
        assert_eq!(done(ParamId::Beta, &masks(&[])), Ok(ParamId::Beta));
    }
}
