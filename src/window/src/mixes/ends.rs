//! The two ends of the morph as settings, and what changes at its middle: worked out anew only where
//! something of it has changed.

use super::desk::{End, MixDesk};
use crate::{defaults::PresetName, fields, presets::Presets};
use impasto_base::hash::Sha256Hash;
use impasto_core::settings::{Settings, Slots, StoredMix, StyleMix};

/// What an end is.
struct Look {
    settings: Settings,
    /// The mix of a slot, which says how the styles count there; a preset says nothing of it.
    mix: Option<StoredMix>,
}

/// The styles' hashes with how they count.
type Mixed = Vec<(Sha256Hash, StyleMix)>;

/// The ends that were worked out.
#[derive(Default)]
pub struct Ends {
    /// What they hold for.
    of: Option<(End, End, Slots, u64)>,
    looks: [Option<Look>; 2],
    /// What jumps at the middle, in words.
    jumps: Vec<String>,
    /// The present settings, styles and place of the morph, and the slot that they are.
    now: Option<(Settings, Mixed, f64)>,
    slot: Option<usize>,
    on_way: bool,
}

impl Ends {
    /// Keep up with the window; true where something had to be worked out.
    pub fn follow(
        &mut self,
        desk: &MixDesk,
        presets: &Presets,
        settings: &Settings,
        styles: &[(Sha256Hash, StyleMix)],
    ) -> bool {
        let same = self.of.as_ref().is_some_and(|(from, to, slots, presets_then)| {
            (from, to) == (&desk.from, &desk.to)
                && *slots == desk.slots
                && *presets_then == presets.generation
        });
        if !same {
            self.looks = [&desk.from, &desk.to].map(|end| look(end, desk, presets));
            self.of = Some((desk.from.clone(), desk.to.clone(), desk.slots.clone(), presets.generation));
        }
        let unmoved =
            self.now.as_ref().is_some_and(|(s, m, t)| s == settings && m == styles && *t == desk.morph);
        if same && unmoved {
            return false;
        }
        self.jumps = self.jumps_for(settings);
        let is = |slot: &usize| {
            let same_styles = desk.slots.get(*slot).is_some_and(|mix| {
                // Of more or fewer styles it sets nothing.
                let taken = mix.styles_for(styles);
                taken.is_none_or(|taken| styles.iter().map(|(_, mix)| mix).eq(&taken))
            });
            let look = desk.slots.get(*slot).zip(desk.slots.look(*slot));
            same_styles && look.is_some_and(|(mix, look)| mix.over(settings, look) == *settings)
        };
        self.slot = desk.slots.used().find(is);
        self.on_way = self.at(settings, desk.morph).is_some_and(|there| there == *settings);
        self.now = Some((settings.clone(), styles.to_vec(), desk.morph));
        true
    }

    /// The slot that the current mix is.
    pub fn slot(&self) -> Option<usize> {
        self.slot
    }

    /// What jumps at the middle.
    pub fn jumps(&self) -> &[String] {
        &self.jumps
    }

    /// Whether the current mix is the one at which the morph stands.
    pub fn on_way(&self) -> bool {
        self.on_way
    }

    /// Which of the ends there are.
    pub fn there(&self) -> [bool; 2] {
        [0, 1].map(|end| self.looks[end].is_some())
    }

    /// `settings` at `t` of the way.
    pub fn at(&self, settings: &Settings, t: f64) -> Option<Settings> {
        let [Some(from), Some(to)] = &self.looks else { return None };
        let [from, to] = [from, to].map(|look| match &look.mix {
            Some(mix) => mix.over(settings, &look.settings),
            None => settings.with_look(&look.settings),
        });
        Some(Settings::blend(&from, &to, t))
    }

    /// How the present styles count at `t` of the way; `None` where the ends do not say it of as many styles.
    pub fn styles_at(&self, present: &[(Sha256Hash, StyleMix)], t: f64) -> Option<Vec<StyleMix>> {
        let [Some(from), Some(to)] = &self.looks else { return None };
        let from = from.mix.as_ref()?.styles_for(present)?;
        let to = to.mix.as_ref()?.styles_for(present)?;
        Some(from.into_iter().zip(to).map(|(a, b)| StyleMix::blend(a, b, t)).collect())
    }

    fn jumps_for(&self, settings: &Settings) -> Vec<String> {
        let before = self.at(settings, 0.5 - f64::EPSILON);
        let Some((before, after)) = before.zip(self.at(settings, 0.5)) else { return Vec::new() };
        let is_number =
            |value: &Option<serde_json::Value>| value.as_ref().is_some_and(serde_json::Value::is_number);
        let changes = fields::changes(&before, &after);
        let jumps = changes.iter().filter(|change| !(is_number(&change.before) && is_number(&change.after)));
        let mut jumps: Vec<String> = jumps.map(fields::now).collect();
        let reasons = before.restart_reasons(&after);
        if !reasons.is_empty() {
            jumps.push("painting begins anew from the current picture".to_owned());
        }
        jumps
    }
}

fn look(end: &End, desk: &MixDesk, presets: &Presets) -> Option<Look> {
    match end {
        End::Slot(slot) => {
            let mix = desk.slots.get(*slot)?.clone();
            Some(Look { settings: desk.slots.look(*slot)?.clone(), mix: Some(mix) })
        }
        End::Preset(name) => {
            let settings = PresetName::apply(name, &presets.list, &Settings::default())?;
            settings.validate().is_ok().then_some(Look { settings, mix: None })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use impasto_core::settings::{Preset, Statistic};

    #[test]
    fn ends_are_worked_out_once_and_say_what_jumps() {
        let (mut ends, mut desk, presets) = (Ends::default(), MixDesk::default(), Presets::default());
        let mut settings = Settings::default();
        let style = [(Sha256Hash::of(b"wave"), StyleMix::default())];
        assert!(ends.follow(&desk, &presets, &settings, &style));
        assert!(!ends.follow(&desk, &presets, &settings, &style));
        assert_eq!((ends.there(), ends.slot(), ends.on_way()), ([true; 2], None, false));
        assert_eq!(ends.jumps(), ["Statistic wasserstein"]);
        let middle = ends.at(&settings, 0.5).unwrap();
        assert_eq!(middle.statistic, Statistic::Wasserstein);
        assert!(ends.styles_at(&style, 0.5).is_none(), "presets say nothing of styles");

        desk.slots.set(1, Some(StoredMix::of(&settings, style)));
        desk.to = End::Slot(1);
        assert!(ends.follow(&desk, &presets, &settings, &style));
        assert_eq!((ends.slot(), ends.jumps().len()), (Some(1), 0));
        // A part of another picture makes no other mix of it.
        let crop = Some([0.0, 0.0, 0.5, 1.0].into());
        let other = [(Sha256Hash::of(b"leaf"), StyleMix { crop, ..StyleMix::default() })];
        ends.follow(&desk, &presets, &settings, &other);
        assert_eq!(ends.slot(), Some(1));
        settings = ends.at(&settings, 0.0).unwrap();
        assert!(ends.follow(&desk, &presets, &settings, &style));
        assert_eq!((ends.slot(), ends.on_way()), (None, true));

        desk.from = End::Preset(PresetName::Bundled(Preset::Paper));
        ends.follow(&desk, &presets, &settings, &style);
        assert!(ends.jumps().iter().any(|jump| jump.starts_with("Objective ")), "{:?}", ends.jumps());
        assert!(ends.jumps().last().unwrap().contains("begins anew"));
        desk.from = End::Slot(0);
        ends.follow(&desk, &presets, &settings, &style);
        assert_eq!((ends.there(), ends.at(&settings, 0.5)), ([false, true], None));
    }
}
