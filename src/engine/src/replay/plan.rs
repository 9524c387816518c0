//! What a replay paints: the runs of a recipe with their pictures opened.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::drawn::DrawnMasks;
use crate::session::StyleSource;
use impasto_base::hash::Sha256Hash;
use impasto_core::{
    picture::{Picture, pasted_hash},
    run::{Drawings, Job, PictureRecords, SourceRecord, Start, drawings},
    settings::{Settings, StyleMix},
    transfer::Inputs,
};
use impasto_formats::{
    inputs::{open_initial, open_mask, open_palette},
    recipe::{EventKind, Recipe, ReplayEvent, events},
};

/// A run to paint, and the events to apply to it.
#[derive(Clone, Debug)]
pub struct ReplayPlan {
    pub job: Job,
    pub events: Vec<ReplayEvent>,
    /// Steps to paint; the settings may ask for more.
    pub steps: u32,
    /// Start with a new engine.
    pub new_engine: bool,
    /// The palettes and masks of the run and its events, by their names in the settings.
    pub named: NamedPictures,
    /// The drawn masks among them; each is drawn when its event comes.
    pub drawings: Drawings,
    /// The pictures that the events replace others with.
    pub pictures: PicturesByHash,
}

/// Opened palettes and masks by their names in settings.
pub type NamedPictures = BTreeMap<PathBuf, Arc<Picture>>;

/// Opened pictures by the hashes that a recipe has for them.
pub type PicturesByHash = BTreeMap<Sha256Hash, Arc<Picture>>;

/// Pictures to use instead of a recipe's.
#[derive(Clone, Debug, Default)]
pub struct Replacements {
    pub content: Option<Arc<Picture>>,
    pub styles: Option<Vec<StyleSource>>,
}

impl ReplayPlan {
    /// A run without events.
    pub fn plain(job: Job, steps: u32) -> Self {
        Self {
            job,
            events: Vec::new(),
            steps,
            new_engine: false,
            named: NamedPictures::new(),
            drawings: Drawings::new(),
            pictures: PicturesByHash::new(),
        }
    }

    /// The pictures that the run ends with.
    pub fn last_inputs(&self) -> Inputs {
        let now = &self.job.inputs;
        let last = self.events.iter().rev().find_map(|event| match &event.kind {
            EventKind::Replace(_, mix, records) => replaced(now, records, mix, &self.pictures),
            EventKind::Update(..) | EventKind::Level(_) | EventKind::Downscale(_) => None,
        });
        last.unwrap_or_else(|| now.clone())
    }

    /// The plans of a recipe's runs. `open` finds the pictures; `replacements` replace them in every run;
    /// `change` is applied last to all settings.
    ///
    /// # Errors
    ///
    /// Those of `open` and `change`, and an event in the recipe that does not fit the settings.
    pub fn of(
        recipe: &Recipe,
        replacements: &Replacements,
        open: &mut dyn FnMut(&SourceRecord) -> anyhow::Result<Arc<Picture>>,
        change: &dyn Fn(Settings) -> anyhow::Result<Settings>,
    ) -> anyhow::Result<Vec<Self>> {
        let mut plans = Vec::new();
        for (index, pass) in recipe.passes.iter().enumerate() {
            let content = match &replacements.content {
                Some(content) => Arc::clone(content),
                None => open(&pass.content)?,
            };
            let styles = match &replacements.styles {
                Some(styles) => styles.clone(),
                None => pass
                    .styles
                    .iter()
                    .map(|style| Ok(style.with_picture(open(&style.source)?)))
                    .collect::<anyhow::Result<_>>()?,
            };
            let own = replacements.styles.as_ref().map(|_| styles.iter().map(|style| style.mix).collect());
            let mut events = events(pass).map_err(anyhow::Error::msg)?;
            let mut pictures = PicturesByHash::new();
            for event in &mut events {
                let (settings, mix, records) = match &mut event.kind {
                    EventKind::Update(settings, mix) => (settings, mix, None),
                    EventKind::Replace(settings, mix, records) => (settings, mix, Some(records)),
                    EventKind::Level(_) | EventKind::Downscale(_) => continue,
                };
                let palette = settings.palette.clone();
                **settings = change((**settings).clone())?;
                if let Some(own) = &own {
                    Vec::clone_from(mix, own);
                }
                if let Some(records) = records {
                    let other = (settings.palette != palette).then_some(settings.palette.as_deref());
                    replace_in(records, replacements, other, &mut pictures)?;
                    for source in records.sources() {
                        if let Entry::Vacant(place) = pictures.entry(source.sha256) {
                            place.insert(open(source)?);
                        }
                    }
                }
            }
            let settings = change(pass.settings.clone())?;
            let mut named = NamedPictures::new();
            // A palette that replaces another is found by its hash, whatever its file holds now.
            for event in &events {
                if let EventKind::Replace(settings, _, records) = &event.kind
                    && let Some((name, source)) = settings.palette.as_ref().zip(records.palette.as_ref())
                    && pass.settings.palette.as_ref() != Some(name)
                {
                    named.entry(name.clone()).or_insert_with(|| Arc::clone(&pictures[&source.sha256]));
                }
            }
            let later = events.iter().filter_map(|event| match &event.kind {
                EventKind::Update(settings, _) => Some(settings.as_ref()),
                EventKind::Replace(..) | EventKind::Level(_) | EventKind::Downscale(_) => None,
            });
            for settings in [&settings].into_iter().chain(later) {
                let Some(name) = settings.palette.as_ref().filter(|name| !named.contains_key(*name)) else {
                    continue;
                };
                let pasted = pass.palettes.iter().find(|palette| Some(palette.sha256) == pasted_hash(name));
                let palette = match pasted {
                    Some(source) => open(source)?,
                    None => open_palette(name)?,
                };
                named.insert(name.clone(), palette);
            }
            let all = events.iter().filter_map(|event| match &event.kind {
                EventKind::Update(settings, _) | EventKind::Replace(settings, ..) => Some(settings.as_ref()),
                EventKind::Level(_) | EventKind::Downscale(_) => None,
            });
            let drawings = drawings(&pass.masks).map_err(anyhow::Error::msg)?;
            for name in [&settings].into_iter().chain(all).flat_map(|settings| settings.masks.files()) {
                let hash = pasted_hash(name);
                if named.contains_key(name) || hash.is_some_and(|hash| drawings.contains_key(&hash)) {
                    continue;
                }
                let recorded = pass.masks.iter().find(|mask| Some(mask.sha256) == hash);
                let mask = match recorded {
                    Some(source) => open(source)?,
                    None => open_mask(name)?,
                };
                named.insert(name.to_owned(), mask);
            }
            // The settings may be others now.
            let kept = pass.settings.keeps_transparency()
                || pass.changes.iter().any(|change| change.settings.contains_key("transparency"));
            let inputs = Inputs {
                masks: masks_of(&settings, &mut DrawnMasks::default(), &named, &drawings)?,
                palette: settings.palette.as_ref().and_then(|name| named.get(name)).cloned(),
                flat_styles: kept && !pass.opaque_parts && replacements.styles.is_none(),
                // Only the first run starts from it.
                initial: if index == 0 { open_initial(&settings)? } else { None },
                ..Inputs::new(content, styles)
            };
            let job = Job {
                run: index as u64 + 1,
                inputs,
                settings,
                start: if index == 0 { Start::Beginning } else { pass.start },
                paused: false,
                endless: false,
                choose_size: false,
            };
            let (steps, new_engine) = (pass.steps, pass.new_engine);
            plans.push(Self { job, events, steps, new_engine, named, drawings, pictures });
        }
        Ok(plans)
    }
}

/// The inputs with an event's pictures, which its plan has opened.
pub(super) fn replaced(
    now: &Inputs,
    records: &PictureRecords,
    mix: &[StyleMix],
    pictures: &PicturesByHash,
) -> Option<Inputs> {
    let opened = |source: &SourceRecord| pictures.get(&source.sha256).cloned();
    let style =
        |(source, mix): (&SourceRecord, &StyleMix)| Some(StyleSource { picture: opened(source)?, mix: *mix });
    Some(Inputs {
        content: opened(&records.content)?,
        styles: records.styles.iter().zip(mix).map(style).collect::<Option<_>>()?,
        palette: records.palette.as_ref().and_then(opened),
        initial: now.initial.clone(),
        masks: now.masks.clone(),
        flat_styles: now.flat_styles,
    })
}

/// The masks of these settings, which their plan has opened, or which are drawn on top of those that were
/// drawn before.
///
/// # Errors
///
/// If a drawn mask does not come out as it was.
pub(super) fn masks_of(
    settings: &Settings,
    drawn: &mut DrawnMasks,
    named: &NamedPictures,
    drawings: &Drawings,
) -> anyhow::Result<Vec<Arc<Picture>>> {
    let mut masks = Vec::new();
    for name in settings.masks.files() {
        let drawing = pasted_hash(name).and_then(|hash| drawings.get(&hash));
        match (named.get(name), drawing) {
            (Some(mask), _) => masks.push(Arc::clone(mask)),
            (None, Some(drawing)) => masks.push(drawn.draw(drawing).map_err(anyhow::Error::msg)?),
            (None, None) => {}
        }
    }
    Ok(masks)
}

/// Use the replacements in an event's pictures too, and another `palette`, if there is one, by its name in
/// the settings.
fn replace_in(
    records: &mut PictureRecords,
    replacements: &Replacements,
    palette: Option<Option<&Path>>,
    pictures: &mut PicturesByHash,
) -> anyhow::Result<()> {
    let mut known = |picture: &Arc<Picture>| {
        pictures.insert(picture.sha256, Arc::clone(picture));
        SourceRecord::from(picture.as_ref())
    };
    if let Some(content) = &replacements.content {
        records.content = known(content);
    }
    if let Some(styles) = &replacements.styles {
        records.styles = styles.iter().map(|style| known(&style.picture)).collect();
    }
    if let Some(name) = palette {
        let palette = name.map(open_palette).transpose()?;
        records.palette = palette.as_ref().map(known);
    }
    Ok(())
}
