//! A changed setting.

use serde_json::Value;

/// A field, or an entry of a field that is a table, with two different values.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The field's key; for an entry of a table with the entry's key behind a point.
    pub key: String,
    pub name: String,
    /// `None` if an entry of a table is missing.
    pub before: Option<Value>,
    pub after: Option<Value>,
}
