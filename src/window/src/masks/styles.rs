//! The styles of a region: which of the pictures on the left it has, and that it keeps them if their order
//! changes.

use egui::{Popup, Ui};

use crate::{
    ImpastoApp,
    entry::Entry,
    slot::Slot,
    theme::{ROW, space},
    widgets,
};
use impasto_base::hash::Sha256Hash;
use impasto_core::settings::{Masks, Region, RegionStyle, Settings};

/// Weight of a style that was just chosen.
const DEFAULT: f64 = 1.0;

/// What a slot has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Filling {
    Picture,
    /// One is being opened.
    Opening,
    /// None, as its picture is not found.
    Nothing,
}

impl Filling {
    fn of(slot: &Slot) -> Self {
        match (&slot.picture, &slot.loading) {
            (Some(_), _) => Self::Picture,
            (None, Some(_)) => Self::Opening,
            (None, None) => Self::Nothing,
        }
    }
}

/// A style of a region whose slot has lost its picture, or has not found it.
struct Waiting {
    region: String,
    slot: u64,
    weight: f64,
}

/// The slots of the styles that the settings' indices count, by their numbers.
#[derive(Default)]
pub struct StyleOrder {
    counted: Option<Vec<u64>>,
    /// Slots that were counted and are empty now.
    empty: Vec<u64>,
    waiting: Vec<Waiting>,
}

impl StyleOrder {
    /// The settings came with the slots that are there now.
    pub fn begin_anew(&mut self) {
        *self = Self::default();
    }

    /// Let the regions' styles follow their slots to where they are now. Styles whose slots are gone leave
    /// the regions; those whose slots are empty come back with a picture.
    fn follow(&mut self, masks: &mut Masks, slots: &[(u64, Filling)]) {
        // A slot that is removed takes what waits for it with it.
        let is_there = |slot: &u64| slots.iter().any(|(other, _)| other == slot);
        self.empty.retain(is_there);
        self.waiting.retain(|waiting| is_there(&waiting.slot));
        let counts = |&&(slot, filling): &&(u64, Filling)| match filling {
            Filling::Picture => true,
            // The others would move twice.
            Filling::Opening => !self.empty.contains(&slot),
            Filling::Nothing => false,
        };
        let now: Vec<u64> = slots.iter().filter(counts).map(|(slot, _)| *slot).collect();
        let before = match self.counted.take() {
            Some(before) if before == now => return self.counted = Some(now),
            Some(before) => before,
            None => return self.counted = Some(now),
        };
        let is_empty = |slot: &u64| !now.contains(slot) && slots.iter().any(|(other, _)| other == slot);
        // Other styles altogether came with settings of their own.
        if now.is_empty() || before.iter().any(|slot| now.contains(slot)) {
            for Region { name, styles, .. } in &masks.regions {
                let slots = styles.iter().filter_map(|style| Some((*before.get(style.style)?, style.weight)));
                let waiting = slots.filter(|(slot, _)| is_empty(slot));
                self.waiting.extend(waiting.map(|(slot, weight)| Waiting {
                    region: name.clone(),
                    slot,
                    weight,
                }));
            }
            move_styles(masks, &before, &now);
        }
        self.empty.extend(before);
        self.empty.retain(is_empty);
        for Waiting { region, slot, weight } in &self.waiting {
            let Some(style) = now.iter().position(|other| other == slot) else { continue };
            let region = masks.regions.iter_mut().find(|other| other.name == *region);
            let Some(Region { styles, .. }) = region else { continue };
            if styles.iter().all(|other| other.style != style) {
                styles.push(RegionStyle { style, weight: *weight });
                styles.sort_by_key(|style| style.style);
            }
        }
        self.waiting.retain(|waiting| is_empty(&waiting.slot));
        self.counted = Some(now);
    }
}

/// Let the regions' styles follow from where they were to where they are. Those that are gone leave the
/// regions.
fn move_styles<T: PartialEq>(masks: &mut Masks, before: &[T], now: &[T]) {
    for region in &mut masks.regions {
        region.styles.retain_mut(|style| {
            let Some(known) = before.get(style.style) else { return true };
            let place = now.iter().position(|other| other == known);
            style.style = place.unwrap_or(style.style);
            place.is_some()
        });
    }
}

impl ImpastoApp {
    /// The settings of a moment that was painted from these pictures, for the styles that are here now.
    pub(crate) fn for_present_styles(&self, mut settings: Settings, pictures: &[Sha256Hash]) -> Settings {
        let filled = self.pictures.styles.iter().filter_map(|slot| slot.picture.as_ref());
        let now: Vec<Sha256Hash> = filled.map(|loaded| loaded.picture.sha256).collect();
        let Some((_, before)) = pictures.split_first().filter(|(_, before)| !now.starts_with(before)) else {
            return settings;
        };
        // Of as many styles, one that is not here any more has another version of its picture now.
        let version = |(at, hash): (usize, &Sha256Hash)| match now.get(at) {
            Some(other) if before.len() == now.len() && !now.contains(hash) => *other,
            _ => *hash,
        };
        let before: Vec<Sha256Hash> = before.iter().enumerate().map(version).collect();
        move_styles(&mut settings.masks, &before, &now);
        settings
    }

    /// Keep the regions' styles true to the pictures on the left. One that is being opened counts already.
    pub(crate) fn follow_style_order(&mut self) {
        // One that was emptied waits for nothing.
        let slots = self.pictures.styles.iter().filter(|slot| !slot.is_empty());
        let slots: Vec<(u64, Filling)> = slots.map(|slot| (slot.id, Filling::of(slot))).collect();
        self.pictures.masks.styles.follow(&mut self.settings.masks, &slots);
    }
}

/// What a region's button for its styles says.
pub fn summary(styles: &[RegionStyle], names: &[String]) -> String {
    let known: Vec<&str> =
        styles.iter().filter_map(|style| names.get(style.style).map(String::as_str)).collect();
    match known.as_slice() {
        [] => "as in the rest".to_owned(),
        [name] => (*name).to_owned(),
        names => format!("{} styles", names.len()),
    }
}

/// Where a style counts, if not everywhere: in the regions that have it.
fn claimed(masks: &Masks, style: usize, own: &str) -> Option<String> {
    let has = |styles: &[RegionStyle]| styles.iter().any(|other| other.style == style);
    let regions = masks.painted().filter(|region| has(&region.styles));
    let names: Vec<&str> = regions.map(|region| region.name.as_str()).collect();
    match names.as_slice() {
        [] => None,
        [name] if *name == own => Some("only in this region".to_owned()),
        names => Some(format!("only in {}", names.join(" and "))),
    }
}

/// The button with a region's styles, and its menu: the pictures on the left, each with its weight there.
pub fn button(
    ui: &mut Ui,
    masks: &Masks,
    name: &str,
    styles: &mut Vec<RegionStyle>,
    names: &[String],
    width: f32,
) {
    let text = widgets::shorten(&summary(styles, names), 18);
    let button = ui.add(egui::Button::new(format!("{text} ▾")).truncate().min_size(egui::vec2(width, ROW)));
    let button = button.accessible_name(format!("Styles of {name}: {}", summary(styles, names)));
    let tooltip = "Which of the styles on the left this region has. One that a region has is taken from the rest of the picture.";
    let button = button.on_hover_text(tooltip);
    Popup::menu(&button).close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside).show(|ui| {
        ui.set_width(280.0);
        ui.label(widgets::weak(ui, "Without any, the region has the styles of the rest."));
        for (index, picture) in names.iter().enumerate() {
            ui.horizontal(|ui| {
                ui.set_min_height(ROW);
                ui.spacing_mut().item_spacing.x = space::XS;
                let place = styles.iter().position(|style| style.style == index);
                let mut on = place.is_some();
                let what = format!("Style {} in {name}", index + 1);
                if widgets::checkbox(ui, &what, "Whether the region has this style", &mut on).changed() {
                    match place {
                        Some(place) => drop(styles.remove(place)),
                        None => styles.push(RegionStyle { style: index, weight: DEFAULT }),
                    }
                    styles.sort_by_key(|style| style.style);
                }
                ui.add(egui::Label::new(widgets::shorten(picture, 18)));
                if let Some(text) = claimed(masks, index, name) {
                    ui.label(widgets::weak(ui, text));
                }
                if let Some(style) = styles.iter_mut().find(|style| style.style == index) {
                    let what = format!("Weight of style {} in {name}", index + 1);
                    let entry = Entry {
                        name: &what,
                        tooltip: "Its weight in this region, times that of the style itself",
                        drag: 0.0..=10.0,
                        suffix: "",
                        whole: false,
                        width: 52.0,
                        param: None,
                        default: Some(DEFAULT),
                    };
                    entry.show(ui, &mut style.weight);
                    style.weight = style.weight.max(0.0);
                }
            });
        }
        if names.is_empty() {
            ui.label("There is no style yet.");
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use impasto_core::settings::RegionRole;

    fn masks(styles: &[usize]) -> Masks {
        let style = |&style: &usize| RegionStyle { style, weight: style as f64 };
        let region =
            Region { name: "sky".into(), styles: styles.iter().map(style).collect(), ..Region::default() };
        Masks { regions: vec![region], ..Masks::default() }
    }

    fn indices(masks: &Masks) -> Vec<usize> {
        masks.regions[0].styles.iter().map(|style| style.style).collect()
    }

    fn here(slots: &[u64]) -> Vec<(u64, Filling)> {
        slots.iter().map(|&slot| (slot, Filling::Picture)).collect()
    }

    #[test]
    fn a_style_that_is_not_found_comes_back_to_its_region_with_its_picture() {
        use Filling::{Nothing, Opening, Picture};
        let (mut order, mut masks) = (StyleOrder::default(), masks(&[0, 2]));
        order.follow(&mut masks, &[(5, Opening), (6, Opening), (7, Opening)]);
        order.follow(&mut masks, &[(5, Opening), (6, Picture), (7, Nothing)]);
        order.follow(&mut masks, &[(5, Nothing), (6, Picture), (7, Nothing)]);
        assert!(indices(&masks).is_empty(), "no picture has them");
        // Another one is chosen there.
        order.follow(&mut masks, &[(5, Nothing), (6, Picture), (7, Opening)]);
        assert!(indices(&masks).is_empty());
        order.follow(&mut masks, &[(5, Nothing), (6, Picture), (7, Picture)]);
        assert_eq!((indices(&masks), masks.regions[0].styles[0].weight), (vec![1], 2.0));
        order.follow(&mut masks, &[(5, Picture), (6, Picture), (7, Picture)]);
        assert_eq!(indices(&masks), [0, 2]);
        // A slot that is removed meanwhile takes its style with it; so does one that was the last.
        order.follow(&mut masks, &[(5, Picture), (6, Picture), (7, Nothing)]);
        order.follow(&mut masks, &[(5, Picture), (6, Picture)]);
        order.follow(&mut masks, &here(&[5, 6, 7]));
        assert_eq!(indices(&masks), [0]);
        order.follow(&mut masks, &[(5, Nothing)]);
        assert!(indices(&masks).is_empty());
        order.follow(&mut masks, &[(5, Picture)]);
        assert_eq!(indices(&masks), [0]);
    }

    #[test]
    fn styles_of_a_region_follow_their_pictures() {
        let (mut order, mut masks) = (StyleOrder::default(), masks(&[0, 2]));
        order.follow(&mut masks, &here(&[5, 6, 7]));
        assert_eq!(indices(&masks), [0, 2]);
        // Another order, with each weight at its picture.
        order.follow(&mut masks, &here(&[7, 5, 6]));
        assert_eq!(indices(&masks), [1, 0]);
        assert_eq!(masks.regions[0].styles[1].weight, 2.0);
        // One in between is removed, one is added in front.
        order.follow(&mut masks, &here(&[7, 6]));
        assert_eq!(indices(&masks), [0]);
        order.follow(&mut masks, &here(&[9, 7, 6]));
        assert_eq!(indices(&masks), [1]);
        // A project brings other pictures and its own indices.
        order.follow(&mut masks, &here(&[20, 21]));
        assert_eq!(indices(&masks), [1]);
        // So does undo, which may go back to the same slots.
        order.begin_anew();
        order.follow(&mut masks, &here(&[21]));
        assert_eq!(indices(&masks), [1]);
        order.begin_anew();
        order.follow(&mut masks, &here(&[20, 21]));
        // A moment knows its pictures.
        move_styles(&mut masks, &["wave", "leaf"], &["leaf", "swirl", "wave"]);
        assert_eq!(indices(&masks), [0]);
        order.follow(&mut masks, &[]);
        assert!(indices(&masks).is_empty(), "no style is left");
    }

    #[test]
    fn a_style_says_where_it_counts() {
        let mut masks = masks(&[1]);
        assert_eq!(claimed(&masks, 0, "sky"), None);
        assert_eq!(claimed(&masks, 1, "sky").unwrap(), "only in this region");
        assert_eq!(claimed(&masks, 1, "sea").unwrap(), "only in sky");
        masks.regions.push(Region { name: "sea".into(), ..masks.regions[0].clone() });
        assert_eq!(claimed(&masks, 1, "sea").unwrap(), "only in sky and sea");
        masks.regions[0].role = RegionRole::Keep;
        assert_eq!(claimed(&masks, 1, "sea").unwrap(), "only in this region");
        let names = ["Wave".to_owned(), "Swirl".to_owned()];
        assert_eq!(summary(&masks.regions[1].styles, &names), "Swirl");
        assert_eq!(summary(&[], &names), "as in the rest");
    }
}
