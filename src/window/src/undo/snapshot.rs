//! What undo goes back to: settings, mixes and slots as they were once.

use std::sync::Arc;

use crate::{ImpastoApp, mixes::MixDesk, slot::Slot, widgets};
use impasto_core::{picture::Picture, settings::Settings};

/// A property of a slot that a person sets, beside its picture: what it is called, and its value in words.
type Property = (&'static str, fn(&Slot) -> String);
const PROPERTIES: &[Property] = &[
    ("Weight", |slot| widgets::number(slot.mix.weight)),
    ("Scale", |slot| widgets::number(slot.mix.scale)),
    ("Part", part_text),
    ("Use", |slot| if slot.mix.on { "on" } else { "off" }.to_owned()),
];

fn part_text(slot: &Slot) -> String {
    let Some(crop) = slot.mix.crop else { return "all".to_owned() };
    let percent = |share: f64| format!("{} %", widgets::number(100.0 * share));
    let [left, top, width, height] = <[f64; 4]>::from(crop).map(percent);
    format!("{width} × {height} at {left}, {top}")
}

/// Settings, mixes and slots as they were once.
#[derive(Clone)]
pub struct Snapshot {
    pub settings: Settings,
    pub desk: MixDesk,
    pub content: Slot,
    /// Those with a picture.
    pub styles: Vec<Slot>,
    /// The painting that they belonged to, see [`crate::paintings`].
    pub painting: u64,
}

pub fn picture(slot: &Slot) -> Option<&Arc<Picture>> {
    slot.picture.as_ref().map(|loaded| &loaded.picture)
}

fn same_slot(a: &Slot, b: &Slot) -> bool {
    a.id == b.id && same_picture(a, b) && PROPERTIES.iter().all(|(_, value)| value(a) == value(b))
}

fn same_picture(a: &Slot, b: &Slot) -> bool {
    match (picture(a), picture(b)) {
        (Some(a), Some(b)) => Arc::ptr_eq(a, b),
        (a, b) => a.is_none() && b.is_none(),
    }
}

fn filled(styles: &[Slot]) -> impl Iterator<Item = &Slot> {
    styles.iter().filter(|slot| slot.picture.is_some())
}

impl Snapshot {
    pub fn of(app: &ImpastoApp) -> Self {
        Self {
            settings: app.settings.clone(),
            desk: app.mixes.desk.clone(),
            content: app.pictures.content.bare(),
            styles: filled(&app.pictures.styles).map(Slot::bare).collect(),
            painting: app.paintings.current(),
        }
    }

    pub fn is_of(&self, app: &ImpastoApp) -> bool {
        let styles = &app.pictures.styles;
        self.settings == app.settings
            && self.desk == app.mixes.desk
            && same_slot(&self.content, &app.pictures.content)
            && self.styles.len() == filled(styles).count()
            && self.styles.iter().zip(filled(styles)).all(|(a, b)| same_slot(a, b))
            && self.painting == app.paintings.current()
    }

    /// Whether the content is the same picture, opened only once.
    pub fn has_same_content(&self, other: &Self) -> bool {
        same_picture(&self.content, &other.content)
    }

    pub fn slots(&self) -> impl Iterator<Item = &Slot> {
        std::iter::once(&self.content).chain(&self.styles)
    }

    /// What happened to the slots from `before` to here, in a line; the second value is true if a picture
    /// changed.
    pub fn slots_title(&self, before: &Snapshot) -> Option<(String, bool)> {
        let name = |slot: &Slot| picture(slot).map_or_else(String::new, |picture| picture.name.clone());
        let first = |snapshot: &Snapshot| snapshot.styles.first().and_then(|slot| picture(slot).cloned());
        let same = |a: Option<&Arc<Picture>>, b: Option<&Arc<Picture>>| match (a, b) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            _ => false,
        };
        let replaced = |what: &str, old: &Slot, new: &Slot| match (picture(old), picture(new)) {
            (_, None) => format!("{what} {} removed", name(old)),
            (None, _) => format!("{what} {}", name(new)),
            _ => format!("{what} {} → {}", name(old), name(new)),
        };
        if !same_picture(&before.content, &self.content) {
            let swapped = same(picture(&before.content), first(self).as_ref())
                || same(picture(&self.content), first(before).as_ref());
            let title = if swapped {
                "Content and style swapped".to_owned()
            } else {
                replaced("Content", &before.content, &self.content)
            };
            return Some((title, true));
        }
        let find = |slots: &Snapshot, id: u64| slots.styles.iter().find(|slot| slot.id == id).cloned();
        for new in &self.styles {
            match find(before, new.id) {
                None => return Some((format!("Style {} added", name(new)), true)),
                Some(old) if !same_picture(&old, new) => return Some((replaced("Style", &old, new), true)),
                Some(_) => {}
            }
        }
        for old in &before.styles {
            if find(self, old.id).is_none() {
                return Some((format!("Style {} removed", name(old)), true));
            }
        }
        let order = |slots: &Snapshot| slots.styles.iter().map(|slot| slot.id).collect::<Vec<_>>();
        if order(self) != order(before) {
            return Some(("Styles in another order".to_owned(), true));
        }
        let [what, old, new] = self.properties_changed(before).into_iter().next()?;
        Some((format!("{what} {old} → {new}"), false))
    }

    /// What is in force again if `before` is gone back to and one property of a slot is all that has changed
    /// of them, in a line.
    pub fn slots_back(&self, before: &Snapshot) -> Option<String> {
        // Anything else comes first.
        let (_, false) = self.slots_title(before)? else { return None };
        match self.properties_changed(before).as_slice() {
            [[what, old, _]] => Some(format!("{what} back to {old}")),
            _ => None,
        }
    }

    /// The properties of slots that differ from those of `before`, where the pictures and their order are the
    /// same: what each is called, its value before and now.
    fn properties_changed(&self, before: &Snapshot) -> Vec<[String; 3]> {
        let mut changed = Vec::new();
        for (old, new) in before.slots().zip(self.slots()) {
            let name = picture(new).map_or("", |picture| picture.name.as_str());
            for (what, value) in PROPERTIES {
                let (old, new) = (value(old), value(new));
                if old != new {
                    changed.push([format!("{what} of {name}"), old, new]);
                }
            }
        }
        changed
    }
}
