//! Going on from an earlier moment of the painting.

use std::sync::Arc;

use image::RgbImage;

use super::{ImpastoApp, state::History};
use impasto_core::picture::{self, Filter};
use impasto_engine::{
    session::{RestorePoint, RunId, RunState, Start},
    timeline::{Moment, MomentId},
};

impl ImpastoApp {
    /// Whether a moment can be gone on from exactly as it was.
    pub(super) fn is_exact(&self, moment: &Moment) -> bool {
        moment.exact && self.inputs().is_some_and(|inputs| inputs.hashes() == moment.pictures)
    }

    /// Go on painting from the moment that is looked at.
    pub(super) fn go_on_from_view(&mut self) {
        let Some(moment) = self.view.film.view() else {
            self.messages
                .toasts
                .add("Choose an earlier moment in the filmstrip first; painting goes on from there.");
            return;
        };
        let exact = self.is_exact(moment);
        let (id, step, kept) = (moment.id, moment.step, moment.is_readable());
        let (width, height) = (moment.place.width, moment.place.height);
        self.view.film.going = (!kept).then_some(id);
        let Some(reader) = self.view.film.reader().filter(|_| kept) else { return };
        let work = move || -> std::io::Result<RestorePoint> {
            let picture = shrunk(reader.picture(id)?, (width, height));
            let state = if exact { reader.state(id) } else { None };
            Ok(RestorePoint { step, picture, state, record: None })
        };
        self.tasks.spawn("go-back", work, move |app: &mut Self, _, result| app.go_back(id, result));
    }

    /// What the moment needs has been read: picture and settings return.
    fn go_back(&mut self, id: MomentId, result: std::io::Result<RestorePoint>) {
        let back = match result {
            Ok(back) => back,
            Err(error) => {
                return self.messages.toasts.add(format!("This moment cannot be gone on from: {error}."));
            }
        };
        let Some(moment) = self.view.film.timeline.get(id) else { return };
        if self.inputs().is_none() {
            return self.messages.toasts.add("There is no pair of pictures to go on with.");
        }
        let leaving = (moment.run, moment.id);
        let (step, styles) = (moment.step, moment.styles.clone());
        let settings = self.for_present_styles(moment.settings.clone(), &moment.pictures);
        if self.worker.session.is_none() {
            return;
        }
        self.settings = settings;
        self.next.choose_size = false;
        self.pictures.set_style_mixes(&styles);
        let plays = matches!(self.run.state, RunState::Running | RunState::Preparing) && self.run.playing;
        let finished = self.run.state == RunState::Finished;
        let history = self.history.up_to(step);
        self.begin_at(back, leaving, history, !(plays || finished));
        self.messages
            .toasts
            .add(format!("Went back to step {step}. What was painted since stays in the filmstrip."));
    }

    /// Begin a run at a moment of another one, the last of that run that belongs to its way.
    pub(super) fn begin_at(
        &mut self,
        point: RestorePoint,
        leaving: (RunId, MomentId),
        history: History,
        paused: bool,
    ) {
        let Some(session) = &self.worker.session else { return };
        session.set_restore_point(self.run.id + 1, point);
        self.view.film.leaving = Some(leaving);
        self.start_run(Start::Moment, paused);
        self.history = history;
    }
}

/// The picture at the size of the iterate, which may be smaller than what was shown.
pub(super) fn shrunk(picture: Arc<RgbImage>, (width, height): (u32, u32)) -> Arc<RgbImage> {
    if picture.width() > width && width > 0 && height > 0 {
        return Arc::new(picture::resize(&picture, width, height, Filter::Lanczos));
    }
    picture
}
