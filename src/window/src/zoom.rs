//! How large the interface is: by keys and by the palette of commands, and the same at the next start.

use egui::Context;

use super::ImpastoApp;

/// Smallest and largest, as factors of what the screen asks for.
const RANGE: std::ops::RangeInclusive<f32> = 0.5..=2.5;
const STEP: f32 = 0.1;

/// Whole tenths, so that the same sizes come back.
fn tidy(factor: f32) -> f32 {
    let factor = if factor.is_finite() { factor } else { 1.0 };
    (10.0 * factor.clamp(*RANGE.start(), *RANGE.end())).round() / 10.0
}

impl ImpastoApp {
    /// Begin with the size that is remembered; only the commands change it from then on.
    pub(super) fn begin_zoom(&mut self, ctx: &Context) {
        ctx.options_mut(|options| options.zoom_with_keyboard = false);
        self.view.layout.zoom = tidy(self.view.layout.zoom);
        ctx.set_zoom_factor(self.view.layout.zoom);
    }

    /// Make the interface larger or smaller by this many steps.
    pub(super) fn zoom_interface(&mut self, ctx: &Context, steps: f32) {
        self.set_zoom(ctx, self.view.layout.zoom + STEP * steps);
    }

    pub(super) fn set_zoom(&mut self, ctx: &Context, factor: f32) {
        self.view.layout.zoom = tidy(factor);
        ctx.set_zoom_factor(self.view.layout.zoom);
        self.messages.toasts.add(format!("Interface at {:.0} %", 100.0 * self.view.layout.zoom));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_whole_tenths_within_limits() {
        assert_eq!([1.0, 1.14, 0.1, 99.0, f32::NAN].map(tidy), [1.0, 1.1, 0.5, 2.5, 1.0]);
    }
}
