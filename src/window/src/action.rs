//! What is to be done. Whatever a person asks for, by a button, a key, a menu, the palette of commands, a
//! drop or a controller, becomes an [`Action`] in one queue. [`ImpastoApp::apply`] alone does it, and what it
//! has changed is an entry of the history.

use std::sync::{Arc, Mutex, PoisonError};

use egui::{Context, Id};

use super::{
    ImpastoApp,
    command::Command,
    compare::Against,
    edit::Edit,
    film::FilmAction,
    grid::GridAction,
    knobs::KnobAction,
    mixes::MixAction,
    notes::BannerAction,
    page::Page,
    pictures::{SlotAction, Source, Target},
    pins::PinAction,
    playlist::PlaylistAction,
    presets::PresetAction,
    queue::QueueAction,
    recipes::RecipeAction,
    tour::TourAction,
    widgets,
};
use impasto_control::{PendingInput, commands::RemoteCommand};
use impasto_core::{settings::Settings, transfer::LayerVisualization};

/// One thing to be done. Each feature has its own kind.
pub enum Action {
    Command(Command),
    /// What a panel's controls have changed.
    Edit(Box<Edit>),
    /// All settings, as they are to be.
    Settings(Box<Settings>),
    /// Shows a page in the painting's place, or the painting.
    Show(Page),
    /// Goes to an entry of the history.
    GoTo(usize),
    /// Brings back what a crash has left, or does without.
    Comeback(bool),
    /// Shows the painting beside another picture.
    Compare(Against),
    /// Moves the keyboard's focus to the control of this name.
    Focus(String),
    /// Shows large what a layer holds.
    ShowExtract(LayerVisualization),
    /// Pictures that came from outside, and where they should go if that is known.
    TakeIn(Option<Target>, Vec<Source>),
    /// What controllers have sent.
    #[cfg_attr(
        not(any(feature = "osc", feature = "midi")),
        allow(dead_code, reason = "nobody sends anything")
    )]
    Remote(Box<PendingInput>),
    /// An order of a controller's that had to wait.
    Order(RemoteCommand),
    Banner(BannerAction),
    Film(FilmAction),
    Grid(GridAction),
    Knob(KnobAction),
    Mix(MixAction),
    Pin(PinAction),
    Playlist(PlaylistAction),
    Preset(PresetAction),
    Queue(QueueAction),
    Recipe(RecipeAction),
    Slot(SlotAction),
    Tour(TourAction),
}

macro_rules! kinds {
    ($($kind:ident: $action:ty),*) => {
        $(impl From<$action> for Action {
            fn from(action: $action) -> Self {
                Self::$kind(action)
            }
        })*
    };
}

impl From<Edit> for Action {
    fn from(edit: Edit) -> Self {
        Self::Edit(Box::new(edit))
    }
}

kinds! {
    Command: Command,
    Banner: BannerAction,
    Film: FilmAction,
    Grid: GridAction,
    Knob: KnobAction,
    Mix: MixAction,
    Pin: PinAction,
    Playlist: PlaylistAction,
    Preset: PresetAction,
    Queue: QueueAction,
    Recipe: RecipeAction,
    Slot: SlotAction,
    Tour: TourAction
}

/// The queue. All copies are the same one.
#[derive(Clone, Default)]
pub struct Actions(Arc<Mutex<Vec<Action>>>);

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
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(action.into());
    }

    fn take(&self) -> Vec<Action> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ImpastoApp {
    /// Does all that waits in the queue, in its order.
    pub(super) fn apply_actions(&mut self, ctx: &Context) {
        loop {
            let actions = self.actions.take();
            if actions.is_empty() {
                return;
            }
            for action in actions {
                self.apply(ctx, action);
                self.note_change(ctx);
            }
            // What has been drawn in this frame does not show it yet.
            ctx.request_repaint();
        }
    }

    fn apply(&mut self, ctx: &Context, action: Action) {
        match action {
            Action::Command(command) => self.run_command(ctx, command),
            Action::Edit(edit) => self.apply_edit(*edit),
            Action::Settings(settings) => self.settings = *settings,
            Action::Show(page) => self.page = page,
            Action::GoTo(index) => self.go_to_state(index),
            Action::Comeback(wanted) => self.end_comeback(ctx, wanted),
            Action::Compare(against) => {
                self.compare.against = against;
                self.compare.begin();
            }
            Action::Focus(control) => {
                self.layout.show_right = true;
                self.layout.mixes |= super::mixes::CONTROLS.contains(&control.as_str());
                widgets::ask_for_focus(ctx, control);
            }
            Action::ShowExtract(sight) => self.show_extract(sight),
            Action::TakeIn(target, sources) => self.take_in(target, sources),
            Action::Remote(news) => self.take_remote(ctx, *news),
            Action::Order(order) => self.do_order(order),
            Action::Banner(action) => self.apply_to_banner(ctx, action),
            Action::Film(action) => self.apply_to_film(ctx, action),
            Action::Grid(action) => self.apply_to_grid(ctx, action),
            Action::Knob(action) => self.apply_to_knob(action),
            Action::Mix(action) => self.apply_to_mixes(action),
            Action::Pin(action) => self.apply_to_pin(action),
            Action::Playlist(action) => self.apply_to_playlist(ctx, action),
            Action::Preset(action) => self.apply_to_presets(action),
            Action::Queue(action) => self.apply_to_queue(ctx, action),
            Action::Recipe(action) => self.apply_to_recipe(action),
            Action::Slot(action) => self.apply_to_slot(action),
            Action::Tour(action) => self.apply_to_tour(action),
        }
    }
}
