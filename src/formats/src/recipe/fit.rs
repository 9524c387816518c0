//! A recipe as a text for which there is only so much room.

use std::path::Path;

use super::{Recipe, version::version_of};
use impasto_core::{
    picture::pasted_hash,
    run::{Pass, Strokes, bare_name, flat_masks, leave_out_strokes, only_masks, remove_folders},
};

impl Recipe {
    /// Remove every folder, which recipes of earlier versions have.
    fn without_folders(mut self) -> Self {
        remove_folders(&mut self.settings);
        self.network.source = bare_name(Path::new(&self.network.source));
        self.passes.iter_mut().for_each(Pass::remove_folders);
        self
    }

    /// The recipe as a text of at most `room` bytes, without folders: with thumbnails if they fit, else with
    /// smaller ones, else without; a long history is cut to its last run, and drawn masks then to single
    /// strokes or to their hashes. `None` if even that does not fit.
    pub fn text(&self, room: usize) -> Option<String> {
        self.clone().without_folders().fitted(room)
    }

    fn fitted(&self, room: usize) -> Option<String> {
        let fits = |recipe: &Recipe| {
            let mut written = recipe.clone();
            written.with_strokes(leave_out_strokes, &mut Strokes::new());
            serde_json::to_string(&written).ok().filter(|text| text.len() <= room)
        };
        let with = |longest: Option<u32>| Recipe {
            thumbnails: longest.map_or_else(Vec::new, |longest| {
                self.thumbnails.iter().filter_map(|thumbnail| thumbnail.smaller(longest)).collect()
            }),
            ..self.clone()
        };
        fits(self)
            .or_else(|| fits(&with(Some(96))))
            .or_else(|| fits(&with(Some(64))))
            .or_else(|| fits(&with(None)))
            .or_else(|| fits(&self.without_history()))
            .or_else(|| fits(&self.without_history().without_strokes(true)))
            .or_else(|| fits(&self.without_history().without_strokes(false)))
    }

    /// The recipe with drawn masks as single strokes, or only by their hashes.
    fn without_strokes(mut self, flat: bool) -> Self {
        for pass in &mut self.passes {
            let named: Vec<_> = pass.settings.masks.files().filter_map(pasted_hash).collect();
            pass.masks = flat_masks(&pass.masks, &named);
            if !flat {
                let drawn = pass.masks.iter_mut().filter_map(|mask| mask.drawing.take()).count();
                self.complete &= drawn == 0;
            }
        }
        self
    }

    /// The recipe with its last run alone, as it ended, and without thumbnails.
    pub(crate) fn without_history(&self) -> Self {
        let last = self.last();
        let named: Vec<_> = self.settings.masks.files().filter_map(pasted_hash).collect();
        let passes = vec![Pass {
            changes: Vec::new(),
            settings: self.settings.clone(),
            content: self.content().clone(),
            styles: self.styles(),
            masks: only_masks(&last.masks, &named),
            ..last.clone()
        }];
        Self {
            version: version_of(&passes),
            complete: self.is_plain(),
            passes,
            thumbnails: Vec::new(),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use impasto_core::{
        picture::{Picture, pasted_name},
        run::{Change, SourceRecord, drawings},
        settings::{Crop, Masks, Settings, StyleMix},
    };

    use super::*;
    use crate::recipe::{
        VERSION, parse,
        tests::{drawn, recipe},
        version::MASKS_VERSION,
    };

    #[test]
    fn a_recipe_shrinks_to_fit() {
        let recipe = recipe();
        let whole = recipe.text(usize::MAX).unwrap();
        let mut before = whole.len();
        for expected in [2, 2, 0] {
            let text = recipe.text(before - 1).unwrap();
            let (back, _) = parse("a.png", &text).unwrap();
            assert_eq!(back.thumbnails.len(), expected);
            assert_eq!(back.settings, recipe.settings);
            before = text.len();
        }
        assert_eq!(recipe.text(before - 1), None);
    }

    /// A mask's record, and the settings that use it.
    fn mask(number: u8) -> (SourceRecord, Settings) {
        let pixels = [number, 0, 0, 255].repeat(16 * 16);
        let picture = Picture::from_rgba("mask.png", 16, 16, pixels).unwrap();
        let masks = Masks { style_map: Some(pasted_name(&picture.sha256)), ..Masks::default() };
        (SourceRecord::from(&picture), Settings { masks, ..Settings::default() })
    }

    #[test]
    fn without_its_history_a_recipe_keeps_the_last_masks_and_parts() {
        let mut recipe = recipe();
        let crop = Some(Crop { width: 0.5, ..Crop::WHOLE });
        let mix = vec![StyleMix { crop, ..StyleMix::default() }];
        let pass = &mut recipe.passes[0];
        pass.masks = (0..9).map(|number| mask(number).0).collect();
        pass.settings = mask(0).1;
        pass.changes = vec![Change { step: 2, styles: Some(mix), ..Change::default() }];
        recipe.settings = mask(8).1;
        recipe.version = VERSION;
        let short = recipe.without_history();
        let (last, [style]) = (short.last(), short.last().styles.as_slice()) else { panic!("{short:?}") };
        assert_eq!((&last.masks, style.mix.crop), (&vec![mask(8).0], crop));
        assert_eq!((short.version, short.complete), (MASKS_VERSION, false));
        // That is what is left if there is no more room.
        let length = serde_json::to_string(&short).unwrap().len();
        let (back, remarks) = parse("a.png", &recipe.text(length).unwrap()).unwrap();
        assert_eq!((back, remarks), (short, Vec::new()));
        assert_eq!(recipe.text(length - 1), None);

        // Without any of it, older programs read what is left of a long history.
        let mut plain = crate::recipe::tests::recipe();
        plain.version = VERSION;
        plain.passes[0].masks = recipe.passes[0].masks.clone();
        assert_eq!(plain.without_history().version, 1);
    }

    #[test]
    fn a_drawn_mask_comes_back_without_a_file_in_as_much_as_there_is_room_for() {
        let recipe = drawn(5);
        let hash = recipe.last().masks[4].sha256;
        let whole = recipe.text(1 << 20).unwrap();
        let (back, remarks) = parse("a.png", &whole).unwrap();
        assert_eq!((&back, remarks), (&recipe, Vec::new()));
        let pixels = |recipe: &Recipe| {
            let all = drawings(&recipe.last().masks).unwrap();
            all.get(&hash).map(|drawing| drawing.picture().unwrap().rgb)
        };
        let painted = pixels(&recipe);
        assert!(painted.is_some());
        // Its history goes first, then its strokes become one, then only its hash is left.
        let mut room = whole.len();
        let mut seen = Vec::new();
        while let Some(text) = recipe.text(room - 1) {
            room = text.len();
            let (back, _) = parse("a.png", &text).unwrap();
            assert_eq!(back.settings.masks, recipe.settings.masks);
            let state = (back.last().changes.len(), back.last().masks.len(), pixels(&back) == painted);
            if seen.last() != Some(&state) {
                seen.push(state);
            }
        }
        assert_eq!(seen, [(5, 5, true), (0, 5, true), (0, 1, true), (0, 1, false)]);
    }
}
