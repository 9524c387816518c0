//! The worker, the queue and the replay of recipes in front of an engine that paints nothing: quick, and
//! without an adapter.

mod extracts;
mod queue;
mod rendering;
mod replay;
mod session;
mod similar;
