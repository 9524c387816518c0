//! Paintings that were left: what another one has taken the place of comes back as it was, with its pictures,
//! its settings and the engine's state.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    ImpastoApp,
    action::{Act, Action},
    autosave::ProjectFile,
    branch,
    picture_slots::HeldPictures,
    pins::{PinSet, Shelf},
    state::History,
};
use image::RgbImage;
use impasto_base::hash::Sha256Hash;
use impasto_core::{
    picture::Picture,
    settings::{Init, Settings, StyleMix},
};
use impasto_engine::{
    session::{RestorePoint, RunId, RunState, Snapshot, Start},
    timeline::MomentId,
};

/// Paintings that are kept at most, and bytes of their states and of their pictures.
const MOST: usize = 8;
const MOST_BYTES: usize = 256 << 20;
const MOST_PICTURE_BYTES: usize = 512 << 20;

/// The number of the painting in hand, and those that were left, the latest last, with their pinned moments.
#[derive(Default)]
pub struct Paintings {
    current: u64,
    /// The last number that was given.
    last: u64,
    left: Vec<Left>,
    pub shelf: Shelf,
}

/// A painting that was left.
#[derive(Clone)]
struct Left {
    number: u64,
    run: RunId,
    settings: Settings,
    pictures: HeldPictures,
    init_at_start: Option<Init>,
    history: History,
    project: Option<ProjectFile>,
    pins: PinSet,
    /// It was paused or stopped.
    waits: bool,
    point: RestorePoint,
    painted: Option<Painted>,
}

/// With what the engine had painted it, once that is known.
#[derive(Clone)]
struct Painted {
    settings: Settings,
    styles: Vec<StyleMix>,
    pictures: Vec<Sha256Hash>,
    /// Shape of the iterate.
    shape: (u32, u32),
}

impl Left {
    fn state_bytes(&self) -> usize {
        self.point.state.as_ref().map_or(0, |state| state.len())
    }

    /// Where its pictures are, those of its pinned moments among them, and their bytes.
    fn pictures(&self, shelf: &Shelf) -> Vec<(usize, usize)> {
        let painted = |picture: &Arc<RgbImage>| (Arc::as_ptr(picture).addr(), picture.len());
        let loaded = |picture: &Arc<Picture>| (Arc::as_ptr(picture).addr(), picture.bytes());
        let pinned = shelf.pictures(self.pins);
        let pinned =
            pinned.flat_map(|(picture, content)| [Some(painted(picture)), content.map(loaded)]).flatten();
        let own = std::iter::once(painted(&self.point.picture)).chain(self.pictures.loaded().map(loaded));
        own.chain(pinned).collect()
    }

    fn take(&mut self, snapshot: Snapshot) {
        self.painted = Some(Painted {
            settings: snapshot.settings,
            styles: snapshot.styles,
            pictures: snapshot.pictures,
            shape: (snapshot.place.width, snapshot.place.height),
        });
        let record = snapshot.record.or(self.point.record.take());
        self.point =
            RestorePoint { step: snapshot.step, picture: snapshot.picture, state: snapshot.state, record };
    }
}

impl Paintings {
    pub fn current(&self) -> u64 {
        self.current
    }

    /// Take in the last moment of a run that was left, which comes when the next one begins.
    pub fn take(&mut self, snapshot: &Snapshot) {
        let left =
            self.left.iter_mut().find(|left| left.run == snapshot.run && snapshot.step >= left.point.step);
        if let Some(left) = left {
            left.take(snapshot.clone());
            self.let_go();
        }
    }

    /// Let go of the oldest, and of states, where too much is held.
    fn let_go(&mut self) {
        let pictures = self.left.iter().rev().map(|left| left.pictures(&self.shelf));
        let kept = within(pictures, MOST_PICTURE_BYTES).min(MOST);
        self.left.drain(..self.left.len().saturating_sub(kept));
        self.shelf.retain(|set| self.left.iter().any(|left| left.pins == set));
        let mut bytes = 0;
        for left in self.left.iter_mut().rev() {
            bytes += left.state_bytes();
            if bytes > MOST_BYTES {
                left.point.state = None;
            }
        }
    }

    fn number_next(&mut self) {
        self.last += 1;
        self.current = self.last;
    }

    fn find(&self, number: u64) -> Option<&Left> {
        self.left.iter().find(|left| left.number == number)
    }
}

/// How many of those that come first hold no more than so many bytes of pictures, where each is counted once:
/// one at least.
fn within(held: impl Iterator<Item = Vec<(usize, usize)>>, most: usize) -> usize {
    let (mut known, mut bytes) = (BTreeSet::new(), 0);
    let fits = |pictures: &Vec<(usize, usize)>| {
        let new = pictures.iter().filter(|(place, _)| known.insert(*place));
        bytes += new.map(|(_, bytes)| bytes).sum::<usize>();
        bytes <= most
    };
    held.take_while(fits).count().max(1)
}

/// Returns to a painting that was left.
struct BackTo(u64);

/// Paints the pictures that are set over a painting that was left.
struct GoOnFrom(u64);

impl Act for BackTo {
    fn apply(self, app: &mut ImpastoApp, _: &egui::Context) {
        app.back_to(self.0);
    }
}

impl Act for GoOnFrom {
    fn apply(self, app: &mut ImpastoApp, _: &egui::Context) {
        app.go_on_from(self.0);
    }
}

/// The button of a note that leads back to a painting.
fn back_button(number: u64) -> (String, Action) {
    ("Back to the former painting".to_owned(), BackTo(number).into())
}

impl ImpastoApp {
    /// Keep the painting in hand before another one begins, and return its number; `None` if nothing of it
    /// was painted.
    pub(super) fn leave_painting(&mut self) -> Option<u64> {
        let given = self.run.given.as_ref()?;
        let number = self.paintings.current;
        if self.run.progress.is_none() {
            match self.run.begun {
                // The picture that is shown is still that of the painting before.
                Start::Beginning => return None,
                Start::Moment if self.paintings.find(number).is_some() => {
                    self.paintings.number_next();
                    return Some(number);
                }
                Start::Moment | Start::Current | Start::Repaint => {}
            }
        }
        let (picture, record) = self.record.clone().filter(|(_, record)| record.is_begun())?;
        let left = Left {
            number,
            run: self.run.id,
            settings: given.settings.clone(),
            pictures: given.pictures.clone(),
            init_at_start: self.next.init_at_start.clone(),
            history: self.history.clone(),
            project: self.autosave.project.clone(),
            pins: self.paintings.shelf.current(),
            waits: !(self.run.playing || self.run.state == RunState::Finished),
            point: RestorePoint { step: record.steps(), picture, state: None, record: Some(record) },
            painted: None,
        };
        let paintings = &mut self.paintings;
        paintings.left.retain(|left| left.number != number);
        paintings.left.push(left);
        paintings.let_go();
        paintings.number_next();
        // It rests, so that no later moment of it comes.
        if let Some(exact) = self.autosave.exact.clone().filter(|exact| exact.run == self.run.id) {
            self.paintings.take(&exact);
        }
        Some(number)
    }

    /// Say that another painting has begun, with the way back to the one that was left, if there is one.
    pub(super) fn note_begun(&mut self, text: &str, left: Option<u64>) {
        match left {
            Some(number) => self.messages.toasts.add_with(text, vec![back_button(number)]),
            None => self.messages.toasts.add(text),
        }
    }

    /// Say that another content has begun another painting.
    pub(super) fn note_new_content(&mut self, left: u64) {
        let go_on = ("Go on from the old painting".to_owned(), GoOnFrom(left).into());
        self.messages.toasts.add_with("New photo: started over.", vec![go_on, back_button(left)]);
    }

    /// Return to a painting that was left, as it was.
    fn back_to(&mut self, number: u64) {
        let Some(left) = self.paintings.find(number) else {
            return self.messages.toasts.add("The former painting is no longer kept.");
        };
        let settings = left.settings.clone();
        if self.worker.session.is_none() {
            let text = "No engine is running that could go back: start it again first.";
            return self.messages.toasts.add_with(text, vec![back_button(number)]);
        }
        self.undo.call("", "Back to the former painting".to_owned());
        if let Some(other) = self.return_to(number) {
            self.settings = settings;
            self.note_begun("The former painting is back.", other);
        }
    }

    /// Bring the painting of this number back with the settings that it was painted with; returns the number
    /// of the one that it takes the place of, if that was painted. `None`, and nothing is changed, if it is
    /// not kept or there is no engine.
    pub(super) fn return_to(&mut self, number: u64) -> Option<Option<u64>> {
        self.worker.session.as_ref()?;
        let left = self.paintings.find(number)?.clone();
        // Leaving may let go of the oldest painting, which may be this one.
        let pins = self.paintings.shelf.take(left.pins);
        let other = self.leave_painting();
        // What was before a tour or a playlist ends it.
        self.stop_list();
        self.panels.tour.take_if(|tour| tour.painting.is_some_and(|before| number <= before));
        self.paintings.current = number;
        self.settings = left.settings;
        self.pictures.put_back(left.pictures.clone());
        self.next.leave();
        self.next.init_at_start = left.init_at_start;
        self.autosave.project = left.project;
        self.return_pins(left.pins, pins);
        let mut point = left.point;
        if let Some(Painted { settings, styles, pictures, shape }) = left.painted {
            // The state is good for what was painted with; what was changed since follows at once.
            self.settings = settings;
            self.pictures.set_style_mixes(&styles);
            if self.inputs().is_none_or(|inputs| inputs.hashes() != pictures) {
                point.state = None;
            }
            point.picture = branch::shrunk(point.picture, shape);
        }
        self.begin_at(point, (left.run, MomentId::MAX), left.history, left.waits);
        self.pictures.put_back(left.pictures.clone());
        if let Some(given) = &mut self.run.given {
            given.pictures = left.pictures;
        }
        Some(other)
    }

    /// Paint what is set over a painting that was left.
    fn go_on_from(&mut self, number: u64) {
        let Some(left) = self.paintings.find(number) else {
            return self.messages.toasts.add("The former painting is no longer kept.");
        };
        let Some(session) = &self.worker.session else { return };
        session.continue_from(Arc::clone(&left.point.picture), left.point.record.clone());
        let paused = self.run.alive() && !self.run.playing;
        self.start_run(Start::Repaint, paused);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_paintings_go_where_their_pictures_are_too_many() {
        let content = (1, 40);
        let held = |painted: &[usize]| -> Vec<Vec<(usize, usize)>> {
            painted.iter().map(|&place| vec![(place, 20), content]).collect()
        };
        assert_eq!(within(held(&[2, 3, 4]).into_iter(), 100), 3, "the content is counted once");
        assert_eq!(within(held(&[2, 3, 4]).into_iter(), 99), 2);
        assert_eq!(within(held(&[2, 3, 4]).into_iter(), 10), 1, "the last way back stays");
        assert_eq!(within(held(&[2, 2, 2]).into_iter(), 60), 3);
    }
}
