//! A one-deep slot in which the latest value wins: passes large or frequent values between the window and the
//! worker without a queue that could grow or block.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Holds at most one value; a new one replaces one not taken yet.
#[derive(Debug)]
pub struct Latest<T>(Mutex<Option<T>>);

impl<T> Default for Latest<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T> Latest<T> {
    fn lock(&self) -> MutexGuard<'_, Option<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Put a value; true if it replaced one that was not taken.
    pub fn put(&self, value: T) -> bool {
        self.lock().replace(value).is_some()
    }

    /// Take the value, if there is one.
    pub fn take(&self) -> Option<T> {
        self.lock().take()
    }

    /// Take the value if it satisfies `condition`; leave it otherwise.
    pub fn take_if(&self, condition: impl FnOnce(&T) -> bool) -> Option<T> {
        self.lock().take_if(|value| condition(value))
    }

    /// Whether no value has been put since the last [`Latest::take`].
    pub fn is_empty(&self) -> bool {
        self.lock().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_value_wins_and_is_taken_once() {
        let slot = Latest::default();
        assert!(slot.is_empty());
        assert!(!slot.put(1));
        assert!(slot.put(2));
        assert_eq!((slot.take(), slot.take()), (Some(2), None));
    }

    #[test]
    fn take_if_leaves_other_values() {
        let slot = Latest::default();
        slot.put(7);
        assert_eq!(slot.take_if(|value| *value < 5), None);
        assert_eq!(slot.take_if(|value| *value > 5), Some(7));
    }
}
