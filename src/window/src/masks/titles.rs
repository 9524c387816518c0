//! What the history says of changed masks.

use std::path::Path;

use serde_json::Value;

use crate::fields::change::Change;
use impasto_core::{
    picture::is_pasted,
    settings::{Edge, LayerWeights, Masks, Region, RegionRole, RegionStyle},
};

/// What a region is for, in a word or two.
pub fn text_of_role(role: RegionRole) -> &'static str {
    match role {
        RegionRole::Paint => "paint",
        RegionRole::Freeze => "freeze",
        RegionRole::Keep => "keep the photograph",
    }
}

/// The field of the settings.
const FIELD: &str = "masks";
/// The key of another name of a region.
pub const NAME: &str = "masks.name";

/// What differs between the masks of two settings.
pub fn changes(before: &Masks, after: &Masks) -> Vec<Change> {
    let mut all = Vec::new();
    if before == after {
        return all;
    }
    maps(before, after, &mut all);
    let renamed = renamed(before, after);
    let former = |name: &str| match renamed {
        Some((old, new)) if name == new => before.region(old),
        _ => before.region(name),
    };
    if let Some((old, new)) = renamed {
        all.push(Change { key: NAME.to_owned(), ..change("", "Region", text(old), text(new)) });
    }
    for new in &after.regions {
        match former(&new.name) {
            Some(old) => fields(old, new, &mut all),
            None => {
                let role = text(text_of_role(new.role));
                all.push(Change {
                    before: None,
                    ..change(&new.name, &format!("Region {}", new.name), Value::Null, role)
                });
            }
        }
    }
    for old in &before.regions {
        let gone = after.region(&old.name).is_none() && renamed.is_none_or(|(name, _)| name != old.name);
        if gone {
            let role = text(text_of_role(old.role));
            all.push(Change {
                after: None,
                ..change(&old.name, &format!("Region {}", old.name), role, Value::Null)
            });
        }
    }
    let names = |masks: &Masks| {
        masks.regions.iter().map(|region| region.name.as_str()).collect::<Vec<_>>().join(", ")
    };
    if all.is_empty() {
        all.push(change("order", "Order of the regions", text(&names(before)), text(&names(after))));
    }
    all
}

/// The old and the new name, if nothing but a name is another one.
pub fn renamed<'a>(before: &'a Masks, after: &'a Masks) -> Option<(&'a str, &'a str)> {
    if before.regions.len() != after.regions.len() {
        return None;
    }
    let pairs = before.regions.iter().zip(&after.regions);
    let mut differ = pairs.filter(|(old, new)| old.name != new.name);
    let (old, new) = differ.next()?;
    let same = Region { name: old.name.clone(), ..new.clone() } == *old;
    (same && differ.next().is_none()).then_some((old.name.as_str(), new.name.as_str()))
}

fn maps(before: &Masks, after: &Masks, all: &mut Vec<Change>) {
    for (key, name, old, new) in [
        ("style_map", "Style map", &before.style_map, &after.style_map),
        ("content_map", "Content map", &before.content_map, &after.content_map),
    ] {
        if old != new {
            let shown = |map: &Option<_>| map.as_deref().map(mask);
            all.push(Change {
                before: shown(old),
                after: shown(new),
                ..change(key, name, Value::Null, Value::Null)
            });
        }
    }
}

fn fields(old: &Region, new: &Region, all: &mut Vec<Change>) {
    let name = &new.name;
    let mut add = |what: &str, old: Value, new: Value| {
        if old != new {
            let key = format!("{name}.{what}");
            all.push(change(&key, &format!("{what} of {name}"), old, new));
        }
    };
    add("Strength", old.strength.into(), new.strength.into());
    add("Role", text(text_of_role(old.role)), text(text_of_role(new.role)));
    add("Edge", text(edge(old.edge)), text(edge(new.edge)));
    add("Layers", layers(old.layers.as_ref()), layers(new.layers.as_ref()));
    add("Styles", styles(&old.styles), styles(&new.styles));
    if old.mask != new.mask {
        all.push(change(
            &format!("{name}.mask"),
            &format!("Mask of {name}"),
            mask(&old.mask),
            mask(&new.mask),
        ));
    }
}

fn change(key: &str, name: &str, before: Value, after: Value) -> Change {
    Change { key: format!("{FIELD}.{key}"), name: name.to_owned(), before: Some(before), after: Some(after) }
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn edge(edge: Edge) -> &'static str {
    match edge {
        Edge::Soft => "soft",
        Edge::Hard => "hard",
        Edge::Rough => "rough",
    }
}

fn layers(layers: Option<&LayerWeights>) -> Value {
    let factor = |(layer, factor)| format!("{layer} {factor}");
    let named = |layers: &LayerWeights| layers.iter().map(factor).collect::<Vec<_>>().join(", ");
    text(&layers.map_or_else(|| "all".to_owned(), named))
}

fn mask(name: &Path) -> Value {
    match is_pasted(name) {
        true => text("drawn"),
        false => Value::String(name.display().to_string()),
    }
}

fn styles(styles: &[RegionStyle]) -> Value {
    let one = |RegionStyle { style, weight }: &RegionStyle| {
        format!("{} × {}", style + 1, crate::widgets::number(*weight))
    };
    match styles {
        [] => text("as in the rest"),
        styles => Value::String(styles.iter().map(one).collect::<Vec<_>>().join(" and ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields;
    use impasto_core::settings::{RegionRole, Settings};

    fn title(change: impl FnOnce(&mut Masks)) -> String {
        let region = |name: &str| Region { name: name.to_owned(), mask: "a.png".into(), ..Region::default() };
        let masks = Masks { regions: vec![region("sky"), region("sea")], ..Masks::default() };
        let before = Settings { masks, ..Settings::default() };
        let mut after = before.clone();
        change(&mut after.masks);
        fields::title(&before, &after, &fields::changes(&before, &after))
    }

    #[test]
    fn a_change_of_masks_is_said_in_plain_words() {
        assert_eq!(title(|_| {}), "");
        assert_eq!(title(|masks| masks.regions[0].strength = 0.4), "Strength of sky 1 → 0.4");
        assert_eq!(title(|masks| masks.regions[1].role = RegionRole::Freeze), "Role of sea paint → freeze");
        assert_eq!(title(|masks| masks.regions[0].mask = "/b/c.png".into()), "Mask of sky a.png → c.png");
        assert_eq!(title(|masks| masks.regions[0].name = "heaven".into()), "Region sky → heaven");
        assert_eq!(title(|masks| drop(masks.regions.remove(0))), "Region sky removed");
        assert_eq!(title(|masks| masks.regions.swap(0, 1)), "Order of the regions sky, sea → sea, sky");
        let styles = vec![RegionStyle { style: 1, weight: 0.5 }];
        assert_eq!(title(|masks| masks.regions[0].styles = styles), "Styles of sky as in the rest → 2 × 0.5");
        assert_eq!(title(|masks| masks.style_map = Some("map.png".into())), "Style map added, map.png");
        let both = title(|masks| masks.regions.iter_mut().for_each(|region| region.strength = 0.5));
        assert_eq!(both, "Strength of sky 1 → 0.5, and 1 more");
        // The first mask of all.
        let region = Region { name: "rock".into(), ..Region::default() };
        let none = Settings::default();
        let first = Settings { masks: Masks { regions: vec![region], ..Masks::default() }, ..none.clone() };
        let said = |a: &Settings, b: &Settings| fields::title(a, b, &fields::changes(a, b));
        assert_eq!(said(&none, &first), "Region rock added, paint");
        assert_eq!(said(&first, &none), "Region rock removed");
    }
}
