//! What is to be done. Whatever a person asks for, by a button, a key, a menu, the palette of commands, a
//! drop or a controller, goes as an [`Act`] into one queue, which [`ImpastoApp::apply_actions`] works off;
//! only an edit by a panel's controls skips it. What an action has changed is an entry of the history.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use egui::{Context, Id};

use super::ImpastoApp;

/// Something that a person can ask for. Each feature has its own kind, beside what carries it out.
pub trait Act: Send + 'static {
    fn apply(self, app: &mut ImpastoApp, ctx: &Context);
}

type Apply = dyn FnOnce(&mut ImpastoApp, &Context) + Send;

/// One thing to be done.
pub struct Action(Box<Apply>);

impl<A: Act> From<A> for Action {
    fn from(act: A) -> Self {
        Self(Box::new(move |app, ctx| act.apply(app, ctx)))
    }
}

/// The queue. All copies are the same one.
#[derive(Clone, Default)]
pub struct Actions(Arc<Mutex<VecDeque<Action>>>);

fn id() -> Id {
    Id::unique("queue of actions")
}

impl Actions {
    /// A queue that widgets find by [`Actions::of`].
    pub fn new(ctx: &Context) -> Self {
        let actions = Self::default();
        ctx.data_mut(|data| data.insert_temp(id(), actions.clone()));
        actions
    }

    /// The queue, for widgets that are handed none.
    pub fn of(ctx: &Context) -> Self {
        ctx.data(|data| data.get_temp(id())).unwrap_or_default()
    }

    pub fn push(&self, action: impl Into<Action>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(action.into());
    }

    /// Take the action that is to be applied next.
    fn next(&self) -> Option<Action> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

impl ImpastoApp {
    /// Apply all actions of the queue, in their order. Those behind a stroke wait until it is drawn.
    pub(super) fn apply_actions(&mut self, ctx: &Context) {
        while !self.pictures.masks.is_drawing()
            && let Some(action) = self.actions.next()
        {
            self.apply_action(ctx, action);
        }
    }

    /// Apply an action now, whatever is in the queue.
    pub(super) fn apply_action(&mut self, ctx: &Context, Action(apply): Action) {
        apply(self, ctx);
        self.note_change(ctx);
        // What has been drawn in this frame does not show it yet.
        ctx.request_repaint();
    }
}
