//! Whether the objective changes at once or little by little.

/// Kind of a change of the objective.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transition {
    /// By the user, to show at once.
    Sudden,
    /// One of many small changes by automation.
    Gradual,
}
