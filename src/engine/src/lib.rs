//! Painting off the window's thread: the worker and its messages, replay of recipes, the time machine's
//! memory, and the queue that paints behind the window.

pub mod queue;
pub mod replay;
pub mod session;
pub mod timeline;
