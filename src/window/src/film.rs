//! The time machine: keeps the moments that the worker marks and a person pins, and shows earlier ones.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use egui::{Context, TextureHandle, ViewportId};
use image::RgbImage;

use super::{ImpastoApp, action::Act, colour_image::color_image};
use impasto_engine::{
    session::{RunId, Snapshot, Start},
    timeline::{Limits, Moment, MomentId, MomentReader, MomentStore, Timeline},
};

/// Time between two pictures of the replay, in seconds.
const REPLAY: f64 = 1.0 / 12.0;

/// What can be done with the moments that were painted.
pub enum FilmAction {
    /// Begins the replay, or pauses it.
    Replay,
    /// Looks at the first moment.
    First,
    LookAt(MomentId),
}

/// The moments kept so far, and which of them is looked at.
pub struct Film {
    pub timeline: Timeline,
    store: Option<MomentStore>,
    /// Where a run went on from: another run, and its last moment that belongs to the way.
    origins: BTreeMap<RunId, (RunId, MomentId)>,
    /// The moment that the next run goes on from.
    pub leaving: Option<(RunId, MomentId)>,
    /// The moment that is looked at; `None` is now.
    view: Option<MomentId>,
    /// Being read from the store, and the last one shown.
    loading: Option<MomentId>,
    shown: Option<MomentId>,
    /// Painting is to go on from it as soon as the store has it.
    pub going: Option<MomentId>,
    /// It is to be pinned as soon as it is shown.
    pinning: Option<MomentId>,
    /// The moment that the worker marked last, with its picture.
    newest: Option<(MomentId, Arc<RgbImage>)>,
    /// The picture as it is now, while an earlier one is looked at.
    now: Option<(Arc<RgbImage>, u32)>,
    /// When the replay shows its next picture.
    replay: Option<f64>,
    textures: BTreeMap<MomentId, TextureHandle>,
}

/// The way to a picture: runs, and the last moment of each that belongs to it.
pub struct Way(Vec<(RunId, MomentId)>);

impl Way {
    pub fn contains(&self, moment: &Moment) -> bool {
        self.0.iter().any(|&(run, last)| moment.run == run && moment.id <= last)
    }
}

impl Film {
    /// An empty film, whose pictures spill into a folder below `root`.
    pub fn new(ctx: &Context, root: Option<PathBuf>) -> Self {
        let ctx = ctx.clone();
        let store =
            MomentStore::new(root, Limits::default(), move || ctx.request_repaint_of(ViewportId::ROOT));
        if let Err(error) = &store {
            tracing::warn!("the time machine cannot be started: {error}");
        }
        Self {
            timeline: Timeline::default(),
            store: store.ok(),
            origins: BTreeMap::new(),
            leaving: None,
            view: None,
            loading: None,
            shown: None,
            going: None,
            pinning: None,
            newest: None,
            now: None,
            replay: None,
            textures: BTreeMap::new(),
        }
    }

    /// A new run begins.
    pub fn begin(&mut self, run: RunId, start: Start) {
        let origin = match start {
            Start::Moment => self.leaving.take(),
            Start::Current => run.checked_sub(1).map(|before| (before, MomentId::MAX)),
            Start::Beginning | Start::Repaint => None,
        };
        self.origins.extend(origin.map(|origin| (run, origin)));
        let first = self.timeline.moments().first().map_or(run, |moment| moment.run);
        self.origins.retain(|run, _| *run >= first);
        (self.view, self.shown, self.going, self.now, self.replay) = (None, None, None, None, None);
    }

    /// Keep a moment that was painted at `at` seconds.
    pub fn keep(&mut self, snapshot: Snapshot, at: f64) {
        let Some(store) = &self.store else { return };
        let (id, gone) = self.timeline.add(snapshot.run, &snapshot, at);
        self.newest = Some((id, Arc::clone(&snapshot.picture)));
        if !store.add(id, snapshot.picture, snapshot.state) {
            self.timeline.remove(id);
        }
        store.remove(gone);
    }

    /// Make a moment of a picture that the worker has not marked, to be pinned.
    pub fn add(&mut self, snapshot: &Snapshot, at: f64) -> MomentId {
        let (id, gone) = self.timeline.add(snapshot.run, snapshot, at);
        if let Some(store) = &self.store {
            store.remove(gone);
        }
        id
    }

    /// Make a moment once more that was forgotten, if it was; returns its number.
    pub fn add_again(&mut self, moment: Moment, picture: &Arc<RgbImage>) -> MomentId {
        if self.timeline.get(moment.id).is_some() {
            return moment.id;
        }
        let snapshot = Snapshot {
            run: moment.run,
            step: moment.step,
            place: moment.place.clone(),
            elapsed: moment.elapsed,
            settings: moment.settings.clone(),
            styles: moment.styles.clone(),
            pictures: moment.pictures.clone(),
            losses: None,
            picture: Arc::clone(picture),
            state: None,
            record: None,
        };
        let id = self.add(&snapshot, moment.at);
        if let Some(again) = self.timeline.get_mut(id) {
            *again = Moment { id, pinned: false, exact: false, bytes: 0, ..moment };
        }
        id
    }

    /// The moment that the worker has marked with this very picture, if it is the last one.
    pub fn moment_of(&self, picture: &Arc<RgbImage>) -> Option<MomentId> {
        let (id, marked) = self.newest.as_ref()?;
        (Arc::ptr_eq(marked, picture) && self.timeline.get(*id).is_some()).then_some(*id)
    }

    /// Keep a moment for good, with this picture.
    pub fn pin(&mut self, id: MomentId, picture: &Arc<RgbImage>) {
        if let Some((moment, store)) = self.timeline.get_mut(id).zip(self.store.as_ref()) {
            moment.pinned = true;
            store.pin(id, Arc::clone(picture));
        }
    }

    /// Keep a moment no longer than any other.
    pub fn unpin(&mut self, id: MomentId) {
        if let Some((moment, store)) = self.timeline.get_mut(id).zip(self.store.as_ref()) {
            moment.pinned = false;
            store.unpin(id);
        }
    }

    /// Whether a moment is looked at whose picture is not shown yet.
    pub fn is_being_read(&self, id: MomentId) -> bool {
        self.view == Some(id) && self.shown != Some(id)
    }

    pub fn pin_when_shown(&mut self, id: MomentId) {
        self.pinning = Some(id);
    }

    /// A thumbnail that the store has not made.
    pub fn take_thumbnail(&mut self, id: MomentId, thumbnail: RgbImage) {
        if let Some(moment) = self.timeline.get_mut(id) {
            moment.thumbnail.get_or_insert(thumbnail);
        }
    }

    /// Take in what the store has done.
    fn take_kept(&mut self) {
        let Some(store) = &self.store else { return };
        while let Some(kept) = store.next() {
            let gone = self.timeline.take(kept);
            store.remove(gone);
        }
    }

    /// The moments on the way to a run's present, oldest first: its own, and those of the runs that it went
    /// on from.
    pub fn way(&self, run: RunId) -> Way {
        let mut parts = vec![(run, MomentId::MAX)];
        let mut at = run;
        // Each run goes on from an earlier one.
        while let Some(&(before, last)) = self.origins.get(&at).filter(|(before, _)| *before < at) {
            parts.push((before, last));
            at = before;
        }
        Way(parts)
    }

    /// A picture of now arrives; true when it is to be shown.
    pub fn is_live(&mut self, picture: &Arc<RgbImage>, step: u32) -> bool {
        if self.view.is_some() {
            self.now = Some((Arc::clone(picture), step));
        }
        self.view.is_none()
    }

    pub fn view(&self) -> Option<&Moment> {
        self.view.and_then(|id| self.timeline.get(id))
    }

    /// The moment to be read next: the one that is looked at, once the store has it.
    fn wanted(&self) -> Option<MomentId> {
        let id = self.view().filter(|moment| moment.is_readable())?.id;
        (self.loading.is_none() && self.shown != Some(id)).then_some(id)
    }

    pub fn is_replaying(&self) -> bool {
        self.replay.is_some()
    }

    pub fn reader(&self) -> Option<MomentReader> {
        self.store.as_ref().map(MomentStore::reader)
    }

    /// The thumbnail of a moment as a texture, once it is there.
    pub fn texture(&mut self, ctx: &Context, id: MomentId) -> Option<TextureHandle> {
        if let Some(texture) = self.textures.get(&id) {
            return Some(texture.clone());
        }
        let image = color_image(self.timeline.get(id)?.thumbnail.as_ref()?);
        let texture = ctx.load_texture(format!("moment {id}"), image, egui::TextureOptions::LINEAR);
        self.textures.insert(id, texture.clone());
        Some(texture)
    }

    /// Let go of the textures of all other moments.
    pub fn keep_textures(&mut self, shown: &[MomentId]) {
        self.textures.retain(|id, _| shown.contains(id));
    }
}

impl Act for FilmAction {
    fn apply(self, app: &mut ImpastoApp, ctx: &Context) {
        app.apply_to_film(ctx, self);
    }
}

impl ImpastoApp {
    /// Look at a moment, or at the picture as it is now.
    pub(super) fn look_at(&mut self, ctx: &Context, moment: Option<MomentId>) {
        let film = &mut self.view.film;
        if moment.is_some() && film.view.is_none() {
            film.now = self.view.canvas.picture().map(|picture| (picture, self.view.canvas.step()));
        }
        film.view = moment;
        film.going = film.going.filter(|&going| moment == Some(going));
        film.pinning = film.pinning.filter(|&pinning| moment == Some(pinning));
        match moment {
            Some(_) => self.fetch_moment(),
            None => {
                (film.shown, film.replay) = (None, None);
                if let Some((picture, step)) = film.now.take() {
                    self.view.canvas.take(ctx, picture, step);
                }
            }
        }
    }

    /// So many moments later, or earlier; the end of all moments is now.
    pub(super) fn browse_moments(&mut self, ctx: &Context, by: isize) {
        self.view.film.replay = None;
        let moments = self.view.film.timeline.moments();
        let Some(last) = moments.len().checked_sub(1) else { return };
        let index = match self.view.film.view.and_then(|id| self.view.film.timeline.position(id)) {
            Some(index) => index as isize + by,
            // The newest moment is mostly what is seen now.
            None if moments[last].step == self.view.canvas.step() => last as isize + by,
            None => last as isize + by + 1,
        };
        let target = match index {
            ..0 => Some(moments[0].id),
            index if index as usize <= last => Some(moments[index as usize].id),
            _ => None,
        };
        self.look_at(ctx, target);
    }

    fn fetch_moment(&mut self) {
        let film = &mut self.view.film;
        let Some((id, reader)) = film.wanted().zip(film.reader()) else { return };
        film.loading = Some(id);
        let work = move || reader.picture(id).map_err(|error| error.to_string());
        self.tasks.attempt("moment", work, move |app: &mut Self, ctx, result| {
            app.take_moment(ctx, id, result.flatten());
        });
    }

    /// The picture of a moment has been read.
    fn take_moment(&mut self, ctx: &Context, id: MomentId, result: Result<Arc<RgbImage>, String>) {
        let film = &mut self.view.film;
        film.loading = None;
        if film.view.is_none() {
            return;
        }
        match result {
            Ok(picture) => {
                film.shown = Some(id);
                let step = film.timeline.get(id).map_or(0, |moment| moment.step);
                // During a scrub the last one that could be read is better than none.
                self.view.canvas.take(ctx, picture, step);
                if self.view.film.pinning.take_if(|pinning| *pinning == id).is_some() {
                    self.pin(ctx);
                }
                self.fetch_moment();
            }
            // It may just have been thinned out.
            Err(_) if film.view != Some(id) => self.fetch_moment(),
            Err(error) => {
                self.messages.toasts.add(format!("This moment cannot be shown: {error}."));
                self.look_at(ctx, None);
            }
        }
    }

    pub(super) fn apply_to_film(&mut self, ctx: &Context, action: FilmAction) {
        match action {
            FilmAction::Replay => self.replay(ctx),
            FilmAction::First => self.browse_moments(ctx, isize::MIN / 2),
            FilmAction::LookAt(id) => {
                self.view.film.replay = None;
                self.look_at(ctx, Some(id));
            }
        }
    }

    /// Start or end the replay.
    pub(super) fn replay(&mut self, ctx: &Context) {
        if self.view.film.replay.take().is_some() {
            return;
        }
        let moments = self.view.film.timeline.moments();
        let Some((first, last)) = moments.first().zip(moments.last()) else { return };
        let start = match self.view.film.view {
            Some(id) if id != last.id => id,
            _ => first.id,
        };
        self.look_at(ctx, Some(start));
        self.view.film.replay = Some(ctx.input(|input| input.time) + REPLAY);
    }

    /// Bring the film up to date, once a frame.
    pub(super) fn run_film(&mut self, ctx: &Context) {
        self.view.film.take_kept();
        if self.view.film.view.is_some() && self.view.film.view().is_none() {
            // It was thinned out while it was looked at, or never kept.
            if self.view.film.going.is_some() {
                self.messages.toasts.add("This moment cannot be gone on from: there was no room to keep it.");
            }
            self.look_at(ctx, None);
        }
        self.fetch_moment();
        if self.view.film.going.is_some() {
            self.go_on_from_view();
        }
        let Some(next) = self.view.film.replay else { return };
        let now = ctx.input(|input| input.time);
        if now >= next && self.view.film.shown == self.view.film.view {
            let index = self.view.film.view.and_then(|id| self.view.film.timeline.position(id));
            let after = index.and_then(|index| self.view.film.timeline.moments().get(index + 1));
            match after.map(|moment| moment.id) {
                Some(id) => {
                    self.look_at(ctx, Some(id));
                    self.view.film.replay = Some(now + REPLAY);
                }
                None => self.look_at(ctx, None),
            }
        }
        ctx.request_repaint_after(Duration::from_secs_f64((next - now).clamp(0.005, REPLAY)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use impasto_core::{settings::Settings, transfer::PyramidProgress};

    #[test]
    fn a_moment_is_read_once_the_store_has_it() {
        let ctx = Context::default();
        let mut film = Film::new(&ctx, None);
        let picture = Arc::new(RgbImage::new(8, 8));
        let snapshot = Snapshot {
            run: 1,
            step: 3,
            place: PyramidProgress { levels: 1, width: 8, height: 8, ..PyramidProgress::default() },
            elapsed: 0.5,
            settings: Settings::default(),
            styles: Vec::new(),
            pictures: Vec::new(),
            losses: None,
            picture: Arc::clone(&picture),
            state: None,
            record: None,
        };
        film.keep(snapshot, 0.5);
        film.view = film.timeline.moments().first().map(|moment| moment.id);
        assert!(film.view.is_some());
        assert_eq!(film.wanted(), None, "what became of it was not heard yet");
        let deadline = std::time::Instant::now() + Duration::from_secs(60);
        while film.wanted().is_none() {
            assert!(std::time::Instant::now() < deadline);
            std::thread::sleep(Duration::from_millis(1));
            film.take_kept();
        }
        assert_eq!(film.wanted(), film.view);
        assert_eq!(film.reader().unwrap().picture(film.view.unwrap()).unwrap(), picture);
        film.loading = film.view;
        assert_eq!(film.wanted(), None, "it is being read");
        (film.loading, film.shown) = (None, film.view);
        assert_eq!(film.wanted(), None, "it is shown");

        // One that was forgotten meanwhile is there again, with a number of its own.
        let moment = film.timeline.moments()[0].clone();
        assert_eq!(film.add_again(moment.clone(), &picture), moment.id);
        film.timeline.remove(moment.id);
        let again = film.add_again(moment.clone(), &picture);
        assert_ne!(again, moment.id);
        film.pin(again, &picture);
        let found = film.timeline.get(again).unwrap();
        assert_eq!((found.run, found.step, found.pinned, found.is_readable()), (1, 3, true, true));
        assert_eq!(film.timeline.moments().len(), 1);
    }
}
