//! What can be done with a region or a map beside drawing on it.

use std::path::PathBuf;

use egui::Context;

use super::{Draw, Place, draw::Ground, flags::MaskName, snapping::SnapMask};
use crate::{ImpastoApp, action::Act, dialogs::Ask};
use impasto_core::{
    picture::drawing::{GreyPixels, Mode, Shape, Stroke, pixels_of, size_for},
    settings::{Masks, Region},
};

/// What can be done with a mask.
pub enum MaskAction {
    /// Open the dialog for another name of a region.
    AskForName(Place),
    Rename(Place, String),
    /// A copy of the region behind it.
    Duplicate(Place),
    /// Let the region change places with the one before it or after it.
    Earlier(Place),
    Later(Place),
    Invert(Place),
    /// Let it follow the content's edges.
    Snap(Place),
    /// Ask for a file for this mask; without one, for a region's.
    AskForFile(Option<Place>),
    /// A file becomes the mask; without one, that of a new region.
    Take(Option<Place>, PathBuf),
    /// White where the content is opaque.
    FromAlpha(Place),
    /// Open the dialog that chooses a range of lightness or hues.
    AskForRange(Place),
}

/// Draw another mask, as it is by then, on the one at a place.
pub struct Combine(pub Place, pub Option<MaskName>, pub Mode);

impl Act for Combine {
    fn apply(self, app: &mut ImpastoApp, _: &Context) {
        let Combine(place, other, mode) = self;
        if let Some(other) = app.place_of(other.as_ref()) {
            app.combine_masks(place, other, mode);
        }
    }
}

impl Act for MaskAction {
    fn apply(self, app: &mut ImpastoApp, ctx: &Context) {
        let drawn_on = match self {
            MaskAction::Invert(place) | MaskAction::FromAlpha(place) | MaskAction::AskForRange(place) => {
                Some(place)
            }
            MaskAction::AskForFile(place) | MaskAction::Take(place, _) => place,
            _ => None,
        };
        if drawn_on.is_some_and(|place| app.refuses_strokes(place)) {
            return;
        }
        match self {
            MaskAction::AskForName(Place::Region(index)) => app.ask_for_region_name(index),
            MaskAction::Rename(Place::Region(index), name) => app.rename_region(index, &name),
            MaskAction::Duplicate(Place::Region(index)) => app.duplicate_region(index),
            MaskAction::Earlier(Place::Region(index)) if index > 0 => app.swap_regions(index - 1),
            MaskAction::Later(Place::Region(index)) => app.swap_regions(index),
            // Maps have neither names nor an order.
            MaskAction::AskForName(_)
            | MaskAction::Rename(..)
            | MaskAction::Duplicate(_)
            | MaskAction::Earlier(_)
            | MaskAction::Later(_) => {}
            MaskAction::Invert(place) => {
                Draw(place, Stroke::new(Shape::All, Mode::Invert)).apply(app, ctx);
            }
            MaskAction::Snap(place) => SnapMask(place).apply(app, ctx),
            MaskAction::AskForFile(place) => {
                let name = place.map(|place| MaskName::of(place, &app.settings.masks));
                app.ask_for_file(Ask::open_pictures("Open a mask", false), move |app, path| {
                    let place = name.map(|name| app.place_of(name.as_ref()));
                    // The mask may be gone by now.
                    if place != Some(None) {
                        app.take_mask_file(place.flatten(), path);
                    }
                });
            }
            MaskAction::Take(place, path) => app.take_mask_file(place, path),
            MaskAction::FromAlpha(place) => app.mask_from_alpha(place),
            MaskAction::AskForRange(place) => app.ask_for_range(ctx, place),
        }
    }
}

/// The name of a region, or why it cannot have it.
pub fn checked_name(masks: &Masks, index: usize, name: &str) -> Result<String, String> {
    let name = name.trim();
    let mut others = masks.regions.iter().enumerate().filter(|(other, _)| *other != index);
    if name.is_empty() {
        Err("A region needs a name.".to_owned())
    } else if others.any(|(_, region)| region.name == name) {
        Err(format!("There is a region called {name} already."))
    } else {
        Ok(name.to_owned())
    }
}

impl ImpastoApp {
    fn rename_region(&mut self, index: usize, name: &str) {
        let masks = &mut self.settings.masks;
        match checked_name(masks, index, name) {
            Ok(name) => {
                let Some(region) = masks.regions.get_mut(index) else { return };
                self.undo.call("", format!("Region {} → {name}", region.name));
                self.pictures.masks.flags.rename(&region.name, &name);
                region.name = name;
            }
            Err(text) => self.messages.toasts.add(text),
        }
    }

    fn duplicate_region(&mut self, index: usize) {
        let Some(region) = self.settings.masks.regions.get(index).cloned() else { return };
        let title = format!("Region {} duplicated", region.name);
        if self.push_region(region).is_some() {
            self.undo.call("", title);
        }
    }

    fn swap_regions(&mut self, index: usize) {
        let regions = &mut self.settings.masks.regions;
        if index + 1 >= regions.len() {
            return;
        }
        regions.swap(index, index + 1);
        let swapped = |at: usize| match at {
            at if at == index => index + 1,
            at if at == index + 1 => index,
            at => at,
        };
        self.settings.automation.move_strengths(regions.len(), |at| Some(swapped(at)));
        if let Some(Place::Region(selected)) = &mut self.pictures.masks.selected {
            *selected = swapped(*selected);
        }
        self.undo.call("", "Regions in another order".to_owned());
    }

    /// Remove a region or a map; what is selected follows.
    pub(super) fn remove_mask(&mut self, place: Place) {
        place.remove_from(&mut self.settings);
        let selected = &mut self.pictures.masks.selected;
        if let (Place::Region(removed), Some(Place::Region(at))) = (place, *selected) {
            *selected = super::after_removal(removed, at).map(Place::Region);
        }
    }

    fn take_mask_file(&mut self, place: Option<Place>, path: PathBuf) {
        let path = std::path::absolute(&path).unwrap_or(path);
        // It is looked for again.
        self.pictures.masks.missing.remove(&path);
        let place = match place {
            Some(place) => place,
            None => {
                let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
                let name = stem.unwrap_or_default();
                let region = Region { name, mask: path, ..Region::default() };
                if self.push_region(region).is_some() {
                    self.undo.call("", "Region added".to_owned());
                }
                return;
            }
        };
        if MaskName::of(place, &self.settings.masks).is_none() {
            return;
        }
        self.undo.call("", format!("Mask from a file on {}", place.title(&self.settings.masks)));
        place.put(&mut self.settings.masks, path);
    }

    /// Make the opacity of the content the mask.
    fn mask_from_alpha(&mut self, place: Place) {
        let Some(content) = self.mask_content() else { return };
        if content.alpha.is_none() {
            return self.messages.toasts.add("The content has no transparency.");
        }
        let made = move || {
            let (width, height) = size_for(content.dimensions());
            let filter = image::imageops::FilterType::Triangle;
            let resized = |alpha| image::imageops::resize(alpha, width, height, filter);
            content.alpha.as_ref().map(|alpha| Stroke::of_pixels(&resized(alpha))).into_iter().collect()
        };
        self.draw_made(Ground::Mask(place), Box::new(made), true, Some("Mask"));
    }

    /// Add another mask to this one, take it away, or keep what is in both.
    fn combine_masks(&mut self, place: Place, other: Place, mode: Mode) {
        let Some(content) = self.mask_content() else { return };
        if self.lacks_picture(other) {
            return;
        }
        let Some(mask) = self.mask_picture(other).cloned() else { return };
        let made = move || {
            let pixels = GreyPixels::new(&pixels_of(&mask, content.dimensions()))?;
            Ok(vec![Stroke::new(Shape::Pixels(pixels), mode)])
        };
        let what = match mode {
            Mode::Subtract => "Another mask taken away",
            Mode::Intersect => "Common part with another mask",
            _ => "Another mask added",
        };
        self.draw_made(Ground::Mask(place), Box::new(made), false, Some(what));
    }
}

#[cfg(test)]
mod tests {
    use super::{super::free_name, *};

    #[test]
    fn a_name_stands_once_and_is_not_empty() {
        let region = |name: &str| Region { name: name.to_owned(), ..Region::default() };
        let masks = Masks { regions: vec![region("sky"), region("sea")], ..Masks::default() };
        assert_eq!(checked_name(&masks, 0, " heaven "), Ok("heaven".into()));
        assert_eq!(checked_name(&masks, 0, "sky"), Ok("sky".into()));
        assert!(checked_name(&masks, 0, "sea").unwrap_err().contains("sea already"));
        assert!(checked_name(&masks, 0, "  ").is_err());
        assert_eq!(free_name(&masks.regions, "sky"), "sky 2");
        assert_eq!(free_name(&masks.regions, ""), "Region 1");
        assert_eq!(free_name(&masks.regions, "rock"), "rock");
    }
}
