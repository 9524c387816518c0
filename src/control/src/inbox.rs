//! Input since the window's last look: the latest of everything, within limits.

use std::{
    collections::{BTreeMap, VecDeque},
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{
    mapping::Source,
    orders::{Aim, Asked, Order},
};
use impasto_core::settings::ParamId;

/// Maximum pending orders; more are dropped.
const MOST_ORDERS: usize = 16;
/// Maximum pending controllers.
const MOST_SOURCES: usize = 256;

/// The pending input.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct News {
    pub knobs: BTreeMap<ParamId, Aim>,
    /// Positions of controllers, 0 to 1, in no order.
    pub sources: BTreeMap<Source, f64>,
    /// The controller that was moved last.
    pub touched: Option<Source>,
    pub orders: VecDeque<Order>,
    /// Totals: valid messages, and those that were malformed or unknown.
    pub taken: u64,
    pub ignored: u64,
}

impl News {
    /// Whether there is anything to do.
    pub fn is_empty(&self) -> bool {
        self.knobs.is_empty() && self.sources.is_empty() && self.orders.is_empty()
    }
}

/// Shared by a listening thread and the window.
#[derive(Debug, Default)]
pub struct Inbox(Mutex<News>);

impl Inbox {
    fn lock(&self) -> MutexGuard<'_, News> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Add a message; true if the window must be woken because nothing was pending.
    pub fn put(&self, asked: Option<Asked>) -> bool {
        let mut news = self.lock();
        let quiet = news.is_empty();
        match asked {
            None => news.ignored += 1,
            Some(Asked::Param(knob, aim)) => {
                news.knobs.insert(knob, aim);
                news.taken += 1;
            }
            Some(Asked::Order(order)) => {
                if news.orders.len() < MOST_ORDERS {
                    news.orders.push_back(order);
                }
                news.taken += 1;
            }
            Some(Asked::Foreign(address, number)) => {
                let source = Source::Osc(address);
                news.source(source, number.clamp(0.0, 1.0));
            }
        }
        quiet && !news.is_empty()
    }

    /// Add a controller's position, as [`Inbox::put`].
    pub fn put_source(&self, source: Source, place: f64) -> bool {
        let mut news = self.lock();
        let quiet = news.is_empty();
        news.source(source, place);
        quiet && !news.is_empty()
    }

    /// The pending input, without taking it.
    #[cfg(test)]
    pub fn peek(&self) -> News {
        self.lock().clone()
    }

    /// Take all pending input; the counts stay.
    pub fn take(&self) -> News {
        let mut news = self.lock();
        let (taken, ignored) = (news.taken, news.ignored);
        mem::replace(&mut *news, News { taken, ignored, ..News::default() })
    }
}

impl News {
    fn source(&mut self, source: Source, place: f64) {
        self.taken += 1;
        if self.sources.len() < MOST_SOURCES || self.sources.contains_key(&source) {
            self.sources.insert(source.clone(), place);
            self.touched = Some(source);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_flood_the_latest_is_left_and_the_window_is_woken_once() {
        let inbox = Inbox::default();
        let mut woken = 0;
        for index in 0..10_000 {
            let place = f64::from(index % 100) / 100.0;
            woken += u32::from(inbox.put(Some(Asked::Param(ParamId::Beta, Aim::Place(place)))));
            woken += u32::from(inbox.put(Some(Asked::Foreign(format!("/x/{index}"), 0.5))));
            woken += u32::from(inbox.put(Some(Asked::Order(Order::Play))));
            woken += u32::from(inbox.put(None));
        }
        assert_eq!(woken, 1);
        let news = inbox.take();
        assert_eq!(news.knobs, [(ParamId::Beta, Aim::Place(0.99))].into());
        assert_eq!((news.sources.len(), news.orders.len()), (MOST_SOURCES, MOST_ORDERS));
        assert_eq!((news.taken, news.ignored), (30_000, 10_000));
        let next = inbox.take();
        assert!(next.is_empty() && next.taken == 30_000);
        assert!(!inbox.put(None), "nothing to wake for");
        assert!(inbox.put(Some(Asked::Order(Order::Pause))), "it is woken again");
    }
}
