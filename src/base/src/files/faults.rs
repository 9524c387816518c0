//! Fault injection for tests, as in SQLite: the n-th call by which this thread changes the disk through
//! [`super`] fails as on a full disk. Only tests arm it.

use std::{
    cell::Cell,
    io::{self, Write},
};

/// Which calls fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The call of this number, counted from 0.
    Once(u32),
    /// The call of this number and all later ones.
    From(u32),
}

thread_local! {
    static ARMED: Cell<Option<Fault>> = const { Cell::new(None) };
    static CALLS: Cell<u32> = const { Cell::new(0) };
}

/// Run `work` with a fault on this thread; also returns whether the fault was reached.
pub fn with_fault<T>(fault: Fault, work: impl FnOnce() -> T) -> (T, bool) {
    CALLS.set(0);
    ARMED.set(Some(fault));
    let result = work();
    ARMED.set(None);
    let (Fault::Once(at) | Fault::From(at)) = fault;
    (result, CALLS.get() > at)
}

/// Count a call; fail if a fault is armed for it.
pub(super) fn check() -> io::Result<()> {
    let Some(fault) = ARMED.get() else { return Ok(()) };
    let call = CALLS.get();
    CALLS.set(call + 1);
    let fails = match fault {
        Fault::Once(at) => call == at,
        Fault::From(at) => call >= at,
    };
    if fails { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
}

/// As [`check`] for a write: a full disk accepts a part of it.
pub(super) fn check_write(out: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    check().inspect_err(|_| {
        let _ = out.write(&bytes[..bytes.len() / 2]);
    })
}
