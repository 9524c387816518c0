//! The memory budget of decoded pixels.

use std::sync::{Condvar, Mutex, OnceLock, PoisonError};

/// Upper and lower bound of the budget in bytes: 200 megapixels of the widest format with working memory, and
/// what every capable machine has.
const MAX: u64 = 4 << 30;
const LEAST: u64 = 256 << 20;

/// Memory budget in bytes: half of the machine's memory, at most 4 GiB. It applies to pictures decoded at the
/// same time, and to those kept beside a run.
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
            None | Some(0) => MAX,
            Some(memory) => (memory / 2).clamp(LEAST, MAX),
        }
    })
}

static DECODING: Decoding = Decoding { bytes: Mutex::new(0), freed: Condvar::new() };

/// Memory of the pictures that are being decoded.
struct Decoding {
    bytes: Mutex<u64>,
    freed: Condvar,
}

/// Memory reserved to decode one picture; released on drop.
pub(super) struct Reservation<'a> {
    decoding: &'a Decoding,
    bytes: u64,
}

/// Reserve `bytes` to decode a picture, waiting until they are free; `None` if they exceed the whole budget.
pub(super) fn reserve(bytes: u64) -> Option<Reservation<'static>> {
    DECODING.reserve(bytes, pixel_budget())
}

impl Decoding {
    fn reserve(&self, bytes: u64, budget: u64) -> Option<Reservation<'_>> {
        if bytes > budget {
            return None;
        }
        let taken = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = self
            .freed
            .wait_while(taken, |taken| *taken + bytes > budget)
            .unwrap_or_else(PoisonError::into_inner);
        *taken += bytes;
        Some(Reservation { decoding: self, bytes })
    }
}

impl Drop for Reservation<'_> {
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
                    let _room = decoding.reserve(bytes, 100).unwrap();
                    most.fetch_max(now.fetch_add(bytes, Ordering::SeqCst) + bytes, Ordering::SeqCst);
                    thread::yield_now();
                    now.fetch_sub(bytes, Ordering::SeqCst);
                });
            }
        });
        assert!((59..=100).contains(&most.into_inner()));
        assert_eq!(*decoding.bytes.lock().unwrap(), 0);
        assert!(decoding.reserve(101, 100).is_none(), "it would wait for ever");
        assert!((LEAST..=MAX).contains(&pixel_budget()));
    }
}
