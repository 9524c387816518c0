//! Painting off the window's thread: the session worker, the background queue, recipe replay, and the time
//! machine's storage.

pub mod queue;
pub mod replay;
pub mod session;
pub mod timeline;
