//! Records of masks: a file's by its hash, a drawn mask's by its strokes, so that it needs no file.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{MAX_PALETTES, SourceRecord};
use crate::{
    picture::{
        Drawing, Picture,
        drawing::{MAX_STROKES, Stroke},
    },
    settings::MAX_REGIONS,
};
use impasto_base::hash::Sha256Hash;

/// Maximum number of different masks of a run that are files.
pub const MAX_MASKS: usize = MAX_PALETTES + MAX_REGIONS + 2;
/// Maximum bytes of the strokes of a run, see [`Stroke::bytes`].
const MAX_STROKE_BYTES: usize = 3 << 20;
/// Maximum work of the strokes of a run, see [`Stroke::work`]: about twenty seconds, while strokes by hand
/// are fractions of a second.
const MAX_STROKE_WORK: f64 = 2e10;

/// How a drawn mask was drawn: its last stroke.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DrawingRecord {
    /// The mask that it was drawn on, whose record comes before this one; black if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Sha256Hash>,
    pub stroke: Stroke,
}

/// Drawn masks by their hashes.
pub type Drawings = BTreeMap<Sha256Hash, Arc<Drawing>>;

/// Add the records of the masks that are not among these yet. What a drawn one was drawn on comes before it.
/// Tells whether there were some to add.
pub(super) fn add_masks(records: &mut Vec<SourceRecord>, masks: &[Arc<Picture>]) -> bool {
    let mut added = false;
    for mask in masks {
        let Some(drawing) = &mask.drawing else {
            if records.iter().all(|known| known.sha256 != mask.sha256) {
                records.push(SourceRecord::without_path(mask));
                added = true;
            }
            continue;
        };
        let new: Vec<&Drawing> =
            drawing.seen().take_while(|drawing| !draws(records, drawing.sha256)).collect();
        for drawing in new.into_iter().rev() {
            // Strokes can lead back to pixels that were there before.
            if !draws(records, drawing.sha256) {
                records.retain(|known| known.sha256 != drawing.sha256);
                records.push(drawn(&mask.name, drawing));
                added = true;
            }
        }
    }
    added
}

/// Whether these records have the strokes of a mask.
fn draws(records: &[SourceRecord], hash: Sha256Hash) -> bool {
    records.iter().any(|known| known.drawing.is_some() && known.sha256 == hash)
}

/// The records of the masks, each once: drawn ones with their strokes, as single strokes if those are too
/// many or too large, and the largest without them if even those are.
pub fn mask_records(masks: &[Arc<Picture>]) -> Vec<SourceRecord> {
    let mut records = Vec::new();
    add_masks(&mut records, masks);
    if !masks_fit(&records) {
        let last: Vec<Sha256Hash> = masks.iter().map(|mask| mask.sha256).collect();
        records = flat_masks(&records, &last);
    }
    while !masks_fit(&records)
        && let Some(largest) = records.iter_mut().max_by_key(|record| stroke_bytes(record))
        && largest.drawing.is_some()
    {
        largest.drawing = None;
    }
    records
}

/// Whether the records draw each of these masks that was drawn.
pub(super) fn draw_all(records: &[SourceRecord], masks: &[Arc<Picture>]) -> bool {
    masks.iter().all(|mask| mask.drawing.is_none() || draws(records, mask.sha256))
}

fn stroke_bytes(record: &SourceRecord) -> usize {
    record.drawing.as_ref().map_or(0, |drawing| drawing.stroke.bytes())
}

fn drawn(name: &str, drawing: &Drawing) -> SourceRecord {
    // What is hidden has no record.
    let base = drawing.seen().nth(1).map(|base| base.sha256);
    let record = DrawingRecord { base, stroke: drawing.stroke.clone() };
    let (width, height) = drawing.size;
    SourceRecord {
        name: name.to_owned(),
        path: None,
        sha256: drawing.sha256,
        width,
        height,
        drawing: Some(Arc::new(record)),
    }
}

/// Whether the masks of a run are few and small enough to be recorded, and to be read again.
pub fn masks_fit(records: &[SourceRecord]) -> bool {
    let strokes = || records.iter().filter_map(|record| record.drawing.as_ref());
    let bytes: usize = strokes().map(|drawing| drawing.stroke.bytes()).sum();
    let work = |record: &SourceRecord| {
        record.drawing.as_ref().map_or(0.0, |drawing| drawing.stroke.work((record.width, record.height)))
    };
    let work: f64 = records.iter().map(work).sum();
    let (drawn, all) = (strokes().count(), records.len());
    drawn <= MAX_STROKES && all - drawn <= MAX_MASKS && bytes <= MAX_STROKE_BYTES && work <= MAX_STROKE_WORK
}

/// The drawn masks among these records.
///
/// # Errors
///
/// In words, if a stroke cannot be drawn, or what it was drawn on is not before it.
pub fn drawings(records: &[SourceRecord]) -> Result<Drawings, String> {
    let mut all = Drawings::new();
    for record in records {
        let Some(drawing) = &record.drawing else { continue };
        let base = drawing.base.as_ref().map(|base| {
            let missing = || format!("the mask {} was drawn on one that is not before it", record.sha256);
            all.get(base).cloned().ok_or_else(missing)
        });
        let size = (record.width, record.height);
        let drawing = Drawing::recorded(record.sha256, size, base.transpose()?, drawing.stroke.clone())?;
        all.entry(record.sha256).or_insert(drawing);
    }
    Ok(all)
}

/// Those of the records that are needed for the masks of these hashes.
pub fn only_masks(records: &[SourceRecord], hashes: &[Sha256Hash]) -> Vec<SourceRecord> {
    let mut needed: BTreeSet<Sha256Hash> = hashes.iter().copied().collect();
    let mut kept: Vec<SourceRecord> = Vec::new();
    for record in records.iter().rev() {
        if needed.contains(&record.sha256) {
            needed.extend(record.drawing.as_ref().and_then(|drawing| drawing.base));
            kept.push(record.clone());
        }
    }
    kept.reverse();
    kept
}

/// The records of the masks of these hashes, drawn ones as single strokes. One that cannot be drawn stays
/// without strokes.
pub fn flat_masks(records: &[SourceRecord], hashes: &[Sha256Hash]) -> Vec<SourceRecord> {
    let drawings = drawings(records).unwrap_or_default();
    let flat = |record: &SourceRecord| match &record.drawing {
        None => record.clone(),
        Some(_) => match drawings.get(&record.sha256).and_then(|drawing| drawing.flat().ok()) {
            Some(drawing) => drawn(&record.name, &drawing),
            None => SourceRecord { drawing: None, ..record.clone() },
        },
    };
    records.iter().filter(|record| hashes.contains(&record.sha256)).map(flat).collect()
}

/// Records of strokes by the hashes of the masks, to write what several lists have in common once.
pub type Strokes = BTreeMap<Sha256Hash, Arc<DrawingRecord>>;

/// Leave out the strokes that are among the `known` ones, and add the others to those.
pub fn leave_out_strokes(records: &mut [SourceRecord], known: &mut Strokes) {
    for record in records {
        let Some(drawing) = &record.drawing else { continue };
        match known.get(&record.sha256) {
            Some(other) if other == drawing => record.drawing = None,
            Some(_) => {}
            None => drop(known.insert(record.sha256, Arc::clone(drawing))),
        }
    }
}

/// Undo [`leave_out_strokes`], which was called for the same lists in the same order.
pub fn bring_back_strokes(records: &mut [SourceRecord], known: &mut Strokes) {
    let mut before = BTreeSet::new();
    for record in records {
        let left_out = known.get(&record.sha256).filter(|_| record.drawing.is_none());
        // A file can have the pixels of a drawn mask.
        let fits = left_out.filter(|drawing| drawing.base.is_none_or(|base| before.contains(&base)));
        if let Some(drawing) = fits {
            record.drawing = Some(Arc::clone(drawing));
        }
        if let Some(drawing) = &record.drawing {
            before.insert(record.sha256);
            known.entry(record.sha256).or_insert_with(|| Arc::clone(drawing));
        }
    }
}

/// What is shared is written as if it was not.
pub(super) mod shared {
    use super::*;

    pub fn serialize<S: Serializer>(
        drawing: &Option<Arc<DrawingRecord>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        drawing.as_deref().serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Arc<DrawingRecord>>, D::Error> {
        Ok(Option::deserialize(deserializer)?.map(Arc::new))
    }
}

#[cfg(test)]
mod tests {
    use image::GrayImage;

    use super::*;
    use crate::{
        picture::drawing::{GreyPixels, Mode, Shape},
        run::{Job, Pass, Record, Start},
        settings::Settings,
        transfer::Inputs,
    };

    const SIZE: (u32, u32) = (40, 30);

    fn brush(x: f32) -> Stroke {
        let shape = Shape::Brush { points: vec![[x, 0.2], [0.5, 0.9]], radius: 0.1, hardness: 0.5 };
        Stroke::new(shape, Mode::Add)
    }

    fn on(base: Option<&Picture>, stroke: Stroke) -> Picture {
        Drawing::on(base.and_then(|base| base.drawing.clone()), SIZE, stroke).unwrap()
    }

    fn records(masks: &[&Picture]) -> Vec<SourceRecord> {
        let masks: Vec<_> = masks.iter().map(|&mask| Arc::new(mask.clone())).collect();
        let mut records = Vec::new();
        add_masks(&mut records, &masks);
        records
    }

    #[track_caller]
    fn same(records: &[SourceRecord], masks: &[&Picture]) {
        let drawings = drawings(records).unwrap();
        for mask in masks {
            assert_eq!(drawings[&mask.sha256].picture().unwrap().rgb, mask.rgb);
        }
    }

    #[test]
    fn each_stroke_is_recorded_once_and_draws_the_masks_again() {
        let first = on(None, brush(0.1));
        let second = on(Some(&first), brush(0.4));
        let other = on(Some(&first), Stroke::new(Shape::All, Mode::Invert));
        let file = Picture::from_rgba("sky.png", 40, 30, vec![9; 40 * 30 * 4]).unwrap();
        let all = records(&[&second, &file, &other, &file, &second]);
        let hashes: Vec<_> = all.iter().map(|record| record.sha256).collect();
        assert_eq!(hashes, [first.sha256, second.sha256, file.sha256, other.sha256]);
        assert!(all[2].drawing.is_none() && all[2].name == "sky.png");
        let text = serde_json::to_string(&all).unwrap();
        let back: Vec<SourceRecord> = serde_json::from_str(&text).unwrap();
        assert_eq!(back, all);
        same(&back, &[&first, &second, &other]);
        let kept = only_masks(&all, &[other.sha256]);
        assert_eq!(kept, [all[0].clone(), all[3].clone()]);
        same(&kept, &[&other]);
        assert!(only_masks(&all, &[Sha256Hash::of(b"")]).is_empty());
    }

    #[test]
    fn strokes_may_lead_back_and_hidden_ones_are_left_out() {
        let invert = || Stroke::new(Shape::All, Mode::Invert);
        let first = on(None, Stroke::new(Shape::All, Mode::Add));
        let back = on(Some(&on(Some(&first), invert())), invert());
        assert_eq!(back.sha256, first.sha256);
        let last = on(Some(&back), Stroke { mode: Mode::Subtract, ..brush(0.3) });
        let all = records(&[&last]);
        assert_eq!(all.len(), 3, "white, black and the last, which is on white");
        same(&all, &[&last, &first]);
        let fresh = on(Some(&last), Stroke { opacity: 0.25, ..Stroke::new(Shape::All, Mode::Replace) });
        let all = records(&[&on(Some(&fresh), brush(0.8))]);
        assert_eq!((all.len(), all[0].drawing.as_ref().unwrap().base), (2, None));
        // A file of the same pixels is recorded as what was drawn.
        let copy = Picture { drawing: None, ..first.clone() };
        let all = records(&[&copy, &first]);
        assert_eq!(all.len(), 1);
        same(&all, &[&first]);
    }

    #[test]
    fn strangers_records_are_refused_in_words() {
        let first = on(None, brush(0.1));
        let second = on(Some(&first), brush(0.4));
        let all = records(&[&second]);
        let with = |index: usize, change: &dyn Fn(&mut SourceRecord, &mut DrawingRecord)| {
            let mut all = all.clone();
            let mut drawing = all[index].drawing.as_deref().unwrap().clone();
            change(&mut all[index], &mut drawing);
            all[index].drawing = Some(Arc::new(drawing));
            drawings(&all)
        };
        // On itself, on the one after it, on none that is there.
        for base in [first.sha256, second.sha256, Sha256Hash::of(b"")] {
            let error = with(0, &|_, drawing| drawing.base = Some(base)).unwrap_err();
            assert!(error.contains("not before it"), "{error}");
        }
        for size in [(40, 20), (1, 30), (100_000, 100_000)] {
            let error = with(1, &|record, _| (record.width, record.height) = size).unwrap_err();
            assert!(error.contains("pixels"), "{error}");
        }
        assert!(with(1, &|_, drawing| drawing.stroke.opacity = f32::NAN).is_err());
        // Another stroke than that of the hash is seen when it is drawn.
        let wrong = with(0, &|_, drawing| drawing.stroke.opacity = 0.5).unwrap();
        assert!(wrong[&second.sha256].picture().unwrap_err().contains("as it was drawn"));
    }

    #[test]
    fn strokes_that_lists_have_in_common_are_left_out_and_come_back() {
        let first = on(None, brush(0.1));
        let second = on(Some(&first), brush(0.4));
        let third = on(Some(&second), brush(0.7));
        // The same pixels, drawn in another way.
        let again = Drawing::of_copy(Picture { drawing: None, ..second.clone() });
        let copy = Picture { drawing: None, ..third.clone() };
        let lists = [records(&[&second]), records(&[&third]), records(&[&again]), records(&[&copy])];
        let mut written = lists.clone();
        let mut known = Strokes::new();
        written.iter_mut().for_each(|list| leave_out_strokes(list, &mut known));
        let drawn = |list: &[SourceRecord]| list.iter().filter(|record| record.drawing.is_some()).count();
        assert_eq!(written.each_ref().map(|list| drawn(list)), [2, 1, 1, 0]);
        let mut known = Strokes::new();
        written.iter_mut().for_each(|list| bring_back_strokes(list, &mut known));
        assert_eq!(written, lists);
    }

    #[test]
    fn strokes_that_take_too_long_are_refused() {
        let size = (1024, 1024);
        let points =
            |count: u32| (0..count).map(|at| [at as f32 / count as f32, at as f32 / 7.7 % 1.0]).collect();
        let brush = |count, radius| Shape::Brush { points: points(count), radius, hardness: 0.5 };
        let path = |count, feather| Shape::Path { points: points(count), feather };
        let fits = |shape: Shape, count: usize| {
            let first = on(None, Stroke::new(Shape::All, Mode::Add));
            let mut record = records(&[&first]).remove(0);
            (record.width, record.height) = size;
            let stroke = Stroke::new(shape, Mode::Add);
            record.drawing = Some(Arc::new(DrawingRecord { base: None, stroke }));
            masks_fit(&vec![record; count])
        };
        // Each as many points as there is room for.
        assert!(!fits(brush(4096, 0.5), 30) && !fits(path(4096, 0.9), 30));
        assert!(!fits(brush(64, 2.0), 1900));
        // What is drawn by hand fits: points of a brush are apart in proportion to its radius.
        assert!(fits(brush(8, 0.5), 1000) && fits(brush(60, 0.05), 1000) && fits(path(300, 0.02), 100));
        assert!(Stroke::new(brush(9, 2.0), Mode::Add).validate().is_ok());
        assert!(Stroke::new(brush(9, 2.5), Mode::Add).validate().is_err());
    }

    #[test]
    fn strokes_that_are_too_large_become_one() {
        let noise = |seed: u32| {
            let value = |x: u32, y: u32| {
                let mixed = (x ^ seed).wrapping_mul(2_654_435_761).wrapping_add(y.wrapping_mul(40_503));
                (mixed.wrapping_mul((mixed >> 15) | 1) >> 24) as u8
            };
            GrayImage::from_fn(1024, 1024, |x, y| image::Luma([value(x, y)]))
        };
        let stroke = |seed: u32| {
            let shape = Shape::Pixels(GreyPixels::new(&noise(seed)).unwrap());
            Stroke { opacity: 0.5, ..Stroke::new(shape, Mode::Add) }
        };
        let mut drawing = None;
        let mut masks = Vec::new();
        for seed in 0..4 {
            masks.push(Arc::new(Drawing::on(drawing, (1024, 1024), stroke(seed)).unwrap()));
            drawing = masks[seed as usize].drawing.clone();
        }
        let fits = |count: usize| {
            let all: Vec<&Picture> = masks[..count].iter().map(AsRef::as_ref).collect();
            masks_fit(&records(&all))
        };
        assert!(fits(1) && !fits(4));
        let flat = mask_records(&masks[3..]);
        assert!(flat.len() == 1 && masks_fit(&flat) && draw_all(&flat, &masks[3..]));
        same(&flat, &[&masks[3]]);
        // The first is what the second is drawn on, and stays a mask of its own.
        let two = mask_records(&masks[..2]);
        assert!(two.len() == 2 && masks_fit(&two));
        same(&two, &[&masks[0], &masks[1]]);
        // If single strokes are still too large, the largest lose theirs alone.
        let some = mask_records(&masks);
        let drawn = some.iter().filter(|record| record.drawing.is_some()).count();
        assert!(some.len() == 4 && (1..4).contains(&drawn) && masks_fit(&some), "{drawn}");
        assert!(!draw_all(&some, &masks));
        // A run that begins with those cannot be repeated.
        let repeats = |masks: &[Arc<Picture>]| {
            let content = Arc::new(Picture::from_rgba("a", 20, 20, vec![9; 1600]).unwrap());
            let inputs = Inputs { masks: masks.to_vec(), ..Inputs::new(content, Vec::new()) };
            let pass = Pass::new(&Job::new(1, inputs.clone(), Settings::default()), Start::Beginning);
            Record::new(pass).begun_with(&inputs).is_complete()
        };
        assert!(repeats(&masks[..2]) && !repeats(&masks));
    }
}
