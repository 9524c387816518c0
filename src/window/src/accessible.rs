//! What a screen reader gets beside names and values.

use std::ops::RangeInclusive;

use egui::Response;

/// Set the range of a control and the step of an arrow key. An end that is no limit is left out.
pub fn range(response: &Response, range: RangeInclusive<f64>, step: f64) {
    response.ctx.accesskit_node_builder(response.id, |node| {
        node.set_min_numeric_value(*range.start());
        if *range.end() < f64::MAX {
            node.set_max_numeric_value(*range.end());
        }
        node.set_numeric_value_step(step);
    });
}

/// Describe what is seen, beyond the name.
pub fn description(response: &Response, text: impl Into<String>) {
    response.ctx.accesskit_node_builder(response.id, |node| node.set_description(text.into()));
}
