//! How much memory decoded pixels may take.

use std::sync::{Condvar, Mutex, OnceLock, PoisonError};

/// Most and least of the budget, in bytes: 200 megapixels of the widest kind with room to work, and what every
/// machine that can paint has.
const MOST: u64 = 4 << 30;
const LEAST: u64 = 256 << 20;

/// Bytes that decoded pixels may take: half of the machine's memory, 4 GiB at most. It holds for the pictures that are
/// decoded at once, and for those that are kept beside a run.
pub fn pixel_budget() -> u64 {
    static BUDGET: OnceLock<u64> = OnceLock::new();
    *BUDGET.get_or_init(|| {
        let what = sysinfo::MemoryRefreshKind::nothing().with_ram();
        let system = sysinfo::System::new_with_specifics(sysinfo::RefreshKind::nothing().with_memory(what));
        let memory = system.ok().map(|system| {
            let allowed = system.cgroup_limits().map_or(u64::MAX, |limits| limits.total_memory);
            system.total_memory().min(allowed)
        });
        match memory {
            None | Some(0) => MOST,
            Some(memory) => (memory / 2).clamp(LEAST, MOST),
        }
    })
}

static DECODING: Decoding = Decoding { bytes: Mutex::new(0), freed: Condvar::new() };

/// What the pictures that are being decoded take.
struct Decoding {
    bytes: Mutex<u64>,
    freed: Condvar,
}

/// Memory for one picture to be decoded in; given back when it is dropped.
pub(super) struct Room<'a> {
    decoding: &'a Decoding,
    bytes: u64,
}

/// Waits until there is room for a picture that takes so many bytes while it is decoded; `None` if there never is.
pub(super) fn room_for(bytes: u64) -> Option<Room<'static>> {
    DECODING.room_for(bytes, pixel_budget())
}

impl Decoding {
    fn room_for(&self, bytes: u64, budget: u64) -> Option<Room<'_>> {
        if bytes > budget {
            return None;
        }
        let taken = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = self
            .freed
            .wait_while(taken, |taken| *taken + bytes > budget)
            .unwrap_or_else(PoisonError::into_inner);
        *taken += bytes;
        Some(Room { decoding: self, bytes })
    }
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        *self.decoding.bytes.lock().unwrap_or_else(PoisonError::into_inner) -= self.bytes;
        self.decoding.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicU64, Ordering},
        thread,
    };

    use super::*;

    #[test]
    fn pictures_that_are_decoded_at_once_stay_within_the_budget() {
        let decoding = Decoding { bytes: Mutex::new(0), freed: Condvar::new() };
        let (now, most) = (AtomicU64::new(0), AtomicU64::new(0));
        thread::scope(|scope| {
            for bytes in (0..40).map(|index| 20 + index) {
                let (decoding, now, most) = (&decoding, &now, &most);
                scope.spawn(move || {
                    let _room = decoding.room_for(bytes, 100).unwrap();
                    most.fetch_max(now.fetch_add(bytes, Ordering::SeqCst) + bytes, Ordering::SeqCst);
                    thread::yield_now();
                    now.fetch_sub(bytes, Ordering::SeqCst);
                });
            }
        });
        assert!((59..=100).contains(&most.into_inner()));
        assert_eq!(*decoding.bytes.lock().unwrap(), 0);
        assert!(decoding.room_for(101, 100).is_none(), "it would wait for ever");
        assert!((LEAST..=MOST).contains(&pixel_budget()));
    }
}
