//! What queue, grid and batch paint with: runs on one engine that is kept from one painting to the next, and
//! items from their files to the saved picture.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
};

use anyhow::Context;
use image::RgbImage;

use super::{
    Item, Painted, RenderEnd, RenderObserver, RenderPlan, guarded, lookup::Lookup, paint, start::Runs,
};
use crate::{
    replay::{RecipeWriter, RecordHandle, ReplayPlan, Replayer},
    session::Engine,
};
use impasto_base::files::folder_of;
use impasto_core::{
    picture::{self, Export, SaveError},
    run::{Job, RunInfo},
};
use impasto_formats::known::KnownFiles;

/// What happens if the file of an item exists, and its recipe is not that of the item. A batch skips items
/// whose file has the same recipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// A batch takes what was painted with less for painted, and without recipes a file without one.
    Refuse,
    Replace,
    /// The picture gets a free name, as `name-2.png`.
    Number,
}

/// Where items find their pictures and leave their files.
#[derive(Clone, Debug)]
pub struct Place {
    /// The queue's folder: stored pictures, and those that cannot be saved elsewhere.
    pub folder: Option<PathBuf>,
    /// Register in which opened files are noted.
    pub known: KnownFiles,
    pub existing: Existing,
}

/// A painted picture.
pub struct Rendered {
    pub picture: RgbImage,
    pub info: RunInfo,
    /// What the run had to do without, see [`Engine::take_limits`].
    pub limits: Vec<String>,
    record: RecordHandle,
}

/// A picture that could not be saved as its item's file.
#[derive(Debug)]
pub struct Rescued {
    pub error: SaveError,
    /// Where it is instead.
    pub saved: Result<PathBuf, SaveError>,
}

/// How an item ended.
#[derive(Debug)]
pub enum ItemEnd {
    Painted {
        saved: Result<PathBuf, Box<Rescued>>,
        /// What the run had to do without; its recipe says that it is incomplete.
        limits: Vec<String>,
    },
    /// Part of a batch, and painted before: its file has the same recipe.
    AlreadyPainted(Painted),
    Interrupted,
}

/// Paints one picture after the other.
pub struct Runner<E> {
    make: Arc<dyn Fn() -> E>,
    replayer: Option<Replayer<E>>,
    lookup: Lookup,
}

/// Drop a value whose destructor may panic.
fn drop_safely<T>(it: Option<T>) {
    let _ = catch_unwind(AssertUnwindSafe(|| drop(it)));
}

impl<E: Engine + 'static> Runner<E> {
    /// A runner whose engines `make` creates when they are needed.
    pub fn new(make: Arc<dyn Fn() -> E>) -> Self {
        Self { make, replayer: None, lookup: Lookup::default() }
    }

    /// Whether it holds an engine.
    pub fn is_warm(&self) -> bool {
        self.replayer.is_some()
    }

    /// Drop its engine.
    pub fn release(&mut self) {
        drop_safely(self.replayer.take());
    }

    /// Paint a run; `None` if it was interrupted.
    ///
    /// # Errors
    ///
    /// Those of the engine, which is not used again then.
    pub fn render(
        &mut self,
        run: ReplayPlan,
        stop: &Arc<AtomicBool>,
        observer: &mut dyn RenderObserver,
    ) -> anyhow::Result<Option<Rendered>> {
        self.render_all(Runs::one(run), &KnownFiles::default(), stop, observer)
    }

    fn render_all(
        &mut self,
        runs: Runs,
        known: &KnownFiles,
        stop: &Arc<AtomicBool>,
        observer: &mut dyn RenderObserver,
    ) -> anyhow::Result<Option<Rendered>> {
        let rendered = self.try_render(runs, known, stop, observer);
        if rendered.is_err() {
            self.release();
        }
        rendered
    }

    fn try_render(
        &mut self,
        Runs { runs, from, repeats }: Runs,
        known: &KnownFiles,
        stop: &Arc<AtomicBool>,
        observer: &mut dyn RenderObserver,
    ) -> anyhow::Result<Option<Rendered>> {
        let make = Arc::clone(&self.make);
        let replayer = self.replayer.get_or_insert_with(|| Replayer::new(move || make()));
        replayer.stop_at(Arc::clone(stop));
        if let Some((picture, record)) = from {
            replayer.continue_from(picture, record);
        }
        let mut limits = Vec::new();
        let mut last = None;
        for (index, run) in runs.iter().enumerate() {
            let info = guarded(|| replayer.begin(run, &mut |what| observer.preparing(what)))?;
            known.add_run(&run.job, &info);
            observer.began(&runs, index, &info);
            let plan = match repeats {
                true => RenderPlan::steps(run.steps),
                false => RenderPlan::of(&run.job.settings),
            };
            let painted = paint(replayer, plan, stop, observer);
            limits.extend(painted.limits);
            match painted.end {
                RenderEnd::Failed(error) => return Err(error),
                RenderEnd::Interrupted => return Ok(None),
                // A run without steps still has its initial picture.
                RenderEnd::Finished if run.steps == 0 => drop(guarded(|| replayer.read())?),
                RenderEnd::Finished => {}
            }
            last = painted.picture.map(|(_, picture)| (picture, info));
        }
        let (picture, info) = last.context("nothing was painted")?;
        Ok(Some(Rendered { picture, info, limits, record: replayer.record_handle() }))
    }

    /// Paint an item and save its picture.
    ///
    /// # Errors
    ///
    /// If a picture is not available, the destination cannot be used, or painting fails.
    pub fn paint(
        &mut self,
        item: &Item,
        place: &Place,
        stop: &Arc<AtomicBool>,
        observer: &mut dyn RenderObserver,
    ) -> anyhow::Result<ItemEnd> {
        // Without decoding its pictures again.
        let looked = item.has_files_alone();
        if looked && let Some(painted) = self.lookup.painted(item, place)? {
            return Ok(ItemEnd::AlreadyPainted(painted));
        }
        let (inputs, remarks) = item.open(place.folder.as_deref())?;
        remarks.iter().for_each(|remark| observer.notice(remark));
        let runs = item.runs(inputs.clone(), place.folder.as_deref(), &place.known)?;
        let last = runs.runs.last().context("there is nothing to paint")?;
        if !looked && let Some(painted) = self.lookup.compare(item, &last.job, place.existing) {
            return Ok(ItemEnd::AlreadyPainted(painted));
        }
        remove_empty(item, place.existing);
        check_destination(item, place.existing)?;
        observer.opened(&inputs);
        // The recipe has small copies of the pictures that the painting ends with.
        let at_end = Job { inputs: last.last_inputs(), ..last.job.clone() };
        observer.before_step();
        let Some(rendered) = self.render_all(runs, &place.known, stop, observer)? else {
            return Ok(ItemEnd::Interrupted);
        };
        observer.finished(&rendered.picture);
        let Rendered { picture, info, limits, record } = rendered;
        let writer = (!item.without_recipe)
            .then(|| RecipeWriter::new(&at_end, info, record, !item.without_thumbnails));
        let matte = at_end.inputs.matte(&at_end.settings, picture.dimensions());
        let export = Export { picture: &picture, matte: matte.as_ref() };
        let mut is_there = || self.lookup.compare(item, &at_end, place.existing).is_some();
        let saved = save(item, place, export, &|room| writer.as_ref()?.text(&picture, room), &mut is_there);
        self.lookup.forget(folder_of(&item.output));
        Ok(ItemEnd::Painted { saved, limits })
    }
}

/// An empty file is a name that a killed process had claimed where files cannot be linked. Nobody else writes
/// it: a batch has a claim beside it.
fn remove_empty(item: &Item, existing: Existing) {
    let is_empty = || fs::symlink_metadata(&item.output).is_ok_and(|data| data.is_file() && data.len() == 0);
    if item.batch
        && existing == Existing::Refuse
        && is_empty()
        && let Err(error) = fs::remove_file(&item.output)
    {
        tracing::debug!("cannot remove the empty {}: {error}", item.output.display());
    }
}

/// Report a destination that cannot be written before hours of work, not after.
fn check_destination(item: &Item, existing: Existing) -> anyhow::Result<()> {
    if item.batch {
        let folder = folder_of(&item.output);
        fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    match picture::check_destination(&item.output, existing == Existing::Replace) {
        Err(SaveError::Exists { .. }) if existing == Existing::Number => Ok(()),
        result => Ok(result?),
    }
}

/// A full disk or a missing share must not cost hours of work: then the picture is saved elsewhere. If
/// another process has painted the same meanwhile, its file stays.
fn save(
    item: &Item,
    place: &Place,
    picture: Export<'_>,
    text: &dyn Fn(usize) -> Option<String>,
    is_there: &mut dyn FnMut() -> bool,
) -> Result<PathBuf, Box<Rescued>> {
    let output: &Path = &item.output;
    let saved = match place.existing {
        Existing::Number => picture::save_under_free_name(picture, output, text),
        existing => picture::save_with_text(picture, output, existing == Existing::Replace, text)
            .map(|()| output.to_owned()),
    };
    saved.or_else(|error| {
        if matches!(error, SaveError::Exists { .. }) && is_there() {
            return Ok(output.to_owned());
        }
        let mut folders: Vec<PathBuf> = place.folder.iter().map(|folder| folder.join("rescued")).collect();
        folders.extend(picture::fallback_folders());
        let saved = picture::save_elsewhere(picture, output, &folders, text);
        Err(Box::new(Rescued { error, saved }))
    })
}
