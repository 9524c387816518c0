//! What a screen reader is told beside names and values.

use std::ops::RangeInclusive;

use egui::Response;

/// Tells from where to where a control goes and how far an arrow key moves it. An end that is no limit is not told.
pub fn range(response: &Response, range: RangeInclusive<f64>, step: f64) {
    response.ctx.accesskit_node_builder(response.id, |node| {
        node.set_min_numeric_value(*range.start());
        if *range.end() < f64::MAX {
            node.set_max_numeric_value(*range.end());
        }
        node.set_numeric_value_step(step);
    });
}

/// Describes what is seen, beyond the name.
pub fn description(response: &Response, text: impl Into<String>) {
    response.ctx.accesskit_node_builder(response.id, |node| node.set_description(text.into()));
}
