//! Many settings and many pictures: what `impasto grid` and `impasto batch` are made of.

mod axis;
mod collect;
mod figure;
mod pairs;
mod sheet;

pub use axis::{Axis, AxisError, AxisValue};
pub use collect::{CollectError, Collector, SourceFile};
pub use figure::{Figure, FigureCell, FigureRow};
pub use pairs::{NAME_PATTERN, Pair, PairError, Pairing, mixed_pairs};
pub use sheet::{CELL_SIZE, CELL_STEPS, ContactSheet, cell_order, legend};
