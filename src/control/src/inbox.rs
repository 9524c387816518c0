//! Input since the window's last look: the latest of everything, within limits.

use std::{
    collections::{BTreeMap, VecDeque},
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{
    commands::{ParamInput, RemoteCommand, Request},
    mapping::Controller,
};
use impasto_core::settings::ParamName;

/// Maximum pending orders; more are dropped.
const MAX_COMMANDS: usize = 16;
/// Maximum pending names of regions.
const MAX_NAMES: usize = 64;
/// Maximum pending controllers.
const MAX_CONTROLLERS: usize = 256;

/// The pending input.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PendingInput {
    /// The latest of each address, in the order in which they came: a region's name and its number may mean
    /// the same parameter.
    pub params: Vec<(ParamName, ParamInput)>,
    /// Positions of controllers, 0 to 1, in no order.
    pub controllers: BTreeMap<Controller, f64>,
    /// The controller that was moved last.
    pub last_moved: Option<Controller>,
    pub commands: VecDeque<RemoteCommand>,
    /// Totals: valid messages, and those that were malformed or unknown.
    pub accepted: u64,
    pub ignored: u64,
}

impl PendingInput {
    /// Whether there is anything to do.
    pub fn is_empty(&self) -> bool {
        self.params.is_empty() && self.controllers.is_empty() && self.commands.is_empty()
    }
}

/// Shared by a listening thread and the window.
#[derive(Debug, Default)]
pub struct Inbox(Mutex<PendingInput>);

impl Inbox {
    fn lock(&self) -> MutexGuard<'_, PendingInput> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Add a message; true if the window must be woken because nothing was pending.
    pub fn put(&self, request: Option<Request>) -> bool {
        let mut pending = self.lock();
        let was_empty = pending.is_empty();
        match request {
            None => pending.ignored += 1,
            Some(Request::Param(param, input)) => {
                pending.add_param(param, input);
                pending.accepted += 1;
            }
            Some(Request::Command(command)) => {
                if pending.commands.len() < MAX_COMMANDS {
                    pending.commands.push_back(command);
                }
                pending.accepted += 1;
            }
            Some(Request::Foreign(address, number)) => {
                let source = Controller::Osc(address);
                pending.add_controller(source, number.clamp(0.0, 1.0));
            }
        }
        was_empty && !pending.is_empty()
    }

    /// Add a controller's position, as [`Inbox::put`].
    pub fn put_controller(&self, source: Controller, place: f64) -> bool {
        let mut pending = self.lock();
        let was_empty = pending.is_empty();
        pending.add_controller(source, place);
        was_empty && !pending.is_empty()
    }

    /// The pending input, without taking it.
    #[cfg(test)]
    pub fn peek(&self) -> PendingInput {
        self.lock().clone()
    }

    /// Take all pending input; the counts stay.
    pub fn take(&self) -> PendingInput {
        let mut pending = self.lock();
        let (accepted, ignored) = (pending.accepted, pending.ignored);
        mem::replace(&mut *pending, PendingInput { accepted, ignored, ..PendingInput::default() })
    }
}

impl PendingInput {
    fn add_param(&mut self, param: ParamName, input: ParamInput) {
        let is_name = |param: &ParamName| matches!(param, ParamName::Region(_));
        self.params.retain(|(known, _)| *known != param);
        // There are only so many ids, but any number of names.
        if !is_name(&param) || self.params.iter().filter(|(known, _)| is_name(known)).count() < MAX_NAMES {
            self.params.push((param, input));
        }
    }

    fn add_controller(&mut self, source: Controller, place: f64) {
        self.accepted += 1;
        if self.controllers.len() < MAX_CONTROLLERS || self.controllers.contains_key(&source) {
            self.controllers.insert(source.clone(), place);
            self.last_moved = Some(source);
        }
    }
}

#[cfg(test)]
mod tests {
    use impasto_core::settings::ParamId;

    use super::*;

    fn name(text: &str) -> ParamName {
        ParamName::Region(text.to_owned())
    }

    #[test]
    fn parameters_come_out_in_the_order_in_which_each_was_last_set() {
        let inbox = Inbox::default();
        let number = ParamName::Id(ParamId::RegionStrength(0));
        let put = |param: &ParamName, place: f64| {
            inbox.put(Some(Request::Param(param.clone(), ParamInput::Position(place))));
        };
        for (param, place) in [(&number, 0.1), (&name("sky"), 0.2), (&number, 0.3)] {
            put(param, place);
        }
        let sky = (name("sky"), ParamInput::Position(0.2));
        assert_eq!(inbox.take().params, [sky.clone(), (number.clone(), ParamInput::Position(0.3))]);
        put(&number, 0.3);
        put(&name("sky"), 0.2);
        assert_eq!(inbox.take().params, [(number, ParamInput::Position(0.3)), sky]);
    }

    #[test]
    fn a_flood_leaves_the_latest_values_and_wakes_the_window_once() {
        let inbox = Inbox::default();
        let mut wakes = 0;
        for index in 0..10_000 {
            let place = f64::from(index % 100) / 100.0;
            let mut set = |param| {
                wakes += u32::from(inbox.put(Some(Request::Param(param, ParamInput::Position(place)))));
            };
            set(ParamId::Beta.into());
            set(name(&index.to_string()));
            wakes += u32::from(inbox.put(Some(Request::Foreign(format!("/x/{index}"), 0.5))));
            wakes += u32::from(inbox.put(Some(Request::Command(RemoteCommand::Play))));
            wakes += u32::from(inbox.put(None));
        }
        assert_eq!(wakes, 1);
        let pending = inbox.take();
        assert_eq!(pending.params.last(), Some(&(ParamId::Beta.into(), ParamInput::Position(0.99))));
        assert_eq!((pending.controllers.len(), pending.commands.len()), (MAX_CONTROLLERS, MAX_COMMANDS));
        assert_eq!(pending.params.len(), MAX_NAMES + 1);
        assert_eq!((pending.accepted, pending.ignored), (40_000, 10_000));
        let next = inbox.take();
        assert!(next.is_empty() && next.accepted == 40_000);
        assert!(!inbox.put(None), "nothing to wake for");
        assert!(inbox.put(Some(Request::Command(RemoteCommand::Pause))), "it is woken again");
    }
}
