//! The style amount: one large fader for style against content.

use egui::{Align, Layout, Stroke, Ui, vec2};

use crate::{
    ImpastoApp,
    entry::Entry,
    fader::plain_slider,
    reset,
    theme::{Palette, ROW},
    tips,
    widgets::{self, LABEL},
};
use impasto_core::settings::{ParamId, Settings, three_digits};

/// The amount in the fader's middle: about what the usual weights give.
const MIDDLE: f64 = 0.95;
/// Style over content grows by the odds of the fader's place to this power, so that the range in which
/// pictures differ takes most of the way.
const STEEPNESS: f64 = 1.5;
/// Height of the fader, in points.
const TALL: f32 = 32.0;

/// An amount that was switched on, until it has been measured what α and β amount to.
#[derive(Clone, Copy)]
pub struct Asked {
    amount: f64,
    /// What was known before of the α and β of an amount.
    stale: Option<[f64; 2]>,
}

fn odds(share: f64) -> f64 {
    share / (1.0 - share)
}

fn share(odds: f64) -> f64 {
    if odds == f64::INFINITY { 1.0 } else { odds / (1.0 + odds) }
}

/// The amount at a place of the fader, both 0 to 1.
fn amount_at(place: f64) -> f64 {
    rounded(share(odds(MIDDLE) * odds(place.clamp(0.0, 1.0)).powf(STEEPNESS)))
}

/// The place of an amount.
fn place_of(amount: f64) -> f64 {
    share((odds(amount.clamp(0.0, 1.0)) / odds(MIDDLE)).powf(1.0 / STEEPNESS))
}

/// Three digits of what there is less of: style or content.
fn rounded(amount: f64) -> f64 {
    if amount > 0.5 { 1.0 - three_digits(1.0 - amount) } else { three_digits(amount) }
}

/// About what α and β amount to, before it is measured.
fn estimate(settings: &Settings) -> f64 {
    let defaults = Settings::for_objective(settings.objective);
    let ratio = |settings: &Settings| settings.style_weight / settings.content_weight;
    let more = ratio(settings) / ratio(&defaults);
    if more.is_nan() { MIDDLE } else { rounded(share(odds(MIDDLE) * more.max(0.0))) }
}

/// The amount with which the weights stay as they are, if `asked` gives these.
fn amount_of(asked: f64, [alpha, beta]: [f64; 2], settings: &Settings) -> Option<f64> {
    let ratio = settings.style_weight / settings.content_weight;
    // Per ratio of β to α, style has the same odds everywhere.
    let amount = share(odds(asked) * ratio / (beta / alpha));
    (amount.is_finite() && (0.0..=1.0).contains(&amount)).then(|| rounded(amount))
}

impl ImpastoApp {
    /// α and β as they are in force: those of the style amount where it is on and the engine has told them.
    pub(crate) fn balance_in_force(&self) -> [f64; 2] {
        let measured = self.run.progress.as_ref().and_then(|progress| progress.norms.balance);
        match (self.settings.style_amount, measured) {
            (Some(_), Some(balance)) => balance,
            _ => [self.settings.content_weight, self.settings.style_weight],
        }
    }

    /// From now on α and β count, as the style amount had them.
    pub(crate) fn end_style_amount(&mut self) {
        let [content, style] = self.balance_in_force();
        self.settings.content_weight = content;
        self.settings.style_weight = style;
        self.settings.style_amount = None;
    }

    /// What α and β are now becomes an amount: a guess, until the engine has measured it.
    fn begin_style_amount(&mut self) {
        let amount = estimate(&self.settings);
        let stale = self.run.progress.as_ref().and_then(|progress| progress.norms.balance);
        self.settings.style_amount = Some(amount);
        self.mixes.amount_asked = (0.0..1.0).contains(&amount).then_some(Asked { amount, stale });
    }

    /// Once it is measured, the amount that was switched on becomes the one that leaves α and β as they were.
    pub(crate) fn follow_style_amount(&mut self) {
        let Some(asked) = self.mixes.amount_asked else { return };
        if self.settings.style_amount != Some(asked.amount) {
            self.mixes.amount_asked = None;
            return;
        }
        let told = self.run.progress.as_ref().and_then(|progress| progress.norms.balance);
        let Some(balance) = told.filter(|_| told != asked.stale) else { return };
        self.mixes.amount_asked = None;
        if let Some(amount) = amount_of(asked.amount, balance, &self.settings) {
            self.undo.amount_was_measured(asked.amount, amount);
            self.settings.style_amount = Some(amount);
        }
    }

    pub(super) fn amount_row(&mut self, ui: &mut Ui, defaults: &Settings) {
        let tooltip = "How much style there is against content. It means the same at every size and with every pair: α and β are found by measuring. In the middle is about what is usual. Unticked, α and β count as they are set.";
        let is_on = self.settings.style_amount.is_some();
        let mut on = is_on;
        let before = self.settings.style_amount.unwrap_or_else(|| estimate(&self.settings));
        let mut amount = before;
        ui.horizontal(|ui| {
            ui.set_min_height(TALL);
            ui.allocate_ui_with_layout(vec2(LABEL, TALL), Layout::left_to_right(Align::Center), |ui| {
                ui.set_min_width(LABEL);
                ui.spacing_mut().item_spacing.x = 4.0;
                let label = ui.label(egui::RichText::new("Style").size(16.0));
                tips::beside(label, tooltip);
                widgets::checkbox(ui, "Use the style amount", tooltip, &mut on);
            });
            let width = super::balance::room_for_slider(ui);
            let (name, param) = ("Style amount", ParamId::StyleAmount);
            let middle = ui.cursor().min.x + width / 2.0;
            let y = ui.max_rect().center().y;
            let mark = Stroke::new(1.0, Palette::of(ui).rail);
            ui.painter().vline(middle, y - 14.0..=y + 14.0, mark);
            let mut place = place_of(amount);
            ui.spacing_mut().interact_size.y = TALL;
            let response = plain_slider(ui, name, tooltip, [0.0, 1.0], &mut place, (width, is_on));
            ui.spacing_mut().interact_size.y = ROW;
            if response.changed() {
                amount = amount_at(place);
            }
            let default = defaults.style_amount.unwrap_or(MIDDLE);
            reset::slider(ui, &response, param, default, &mut amount, |_| {});
            let mut percent = 100.0 * amount;
            let (shown, default) = (percent, Some(100.0 * default));
            let (name, drag, width) = ("Style amount, number", 0.0..=100.0, widgets::NUMBER);
            Entry { name, tooltip, drag, suffix: " %", whole: false, width, param: Some(param), default }
                .show(ui, &mut percent);
            if percent != shown {
                amount = percent / 100.0;
            }
        });
        match (is_on, on) {
            (false, true) => self.begin_style_amount(),
            // They are still what they were set to.
            (true, false) => self.settings.style_amount = None,
            _ if amount != before => self.settings.style_amount = Some(amount),
            _ => {}
        }
        self.error_of(ui, "style-amount", "The style amount");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_amount_is_in_the_middle_and_places_come_back() {
        assert!((amount_at(0.5) - MIDDLE).abs() < 1e-9 && (place_of(MIDDLE) - 0.5).abs() < 1e-9);
        assert_eq!((amount_at(0.0), amount_at(1.0), place_of(0.0), place_of(1.0)), (0.0, 1.0, 0.0, 1.0));
        let mut last = -1.0;
        for step in 0..=100 {
            let place = f64::from(step) / 100.0;
            let amount = amount_at(place);
            assert!(amount > last && (place_of(amount) - place).abs() < 2e-3, "{place}: {amount}");
            last = amount;
        }
    }

    #[test]
    fn an_amount_is_found_that_leaves_the_weights_as_they_are() {
        let settings = Settings { content_weight: 2.0, style_weight: 0.5, ..Settings::default() };
        // In truth a half is at β = 4α.
        let balance = |amount: f64| [2.0, 8.0 * odds(amount)];
        let amount = amount_of(estimate(&settings), balance(estimate(&settings)), &settings).unwrap();
        let [_, beta] = balance(amount);
        assert!((beta - 0.5).abs() < 2e-3, "{beta}");
        assert_eq!(amount_of(0.95, [0.0, 1.0], &Settings { content_weight: 0.0, ..settings }), None);
    }

    #[test]
    fn weights_are_estimated_by_their_ratio() {
        let of = |content_weight, style_weight| {
            estimate(&Settings { content_weight, style_weight, ..Settings::default() })
        };
        assert_eq!((of(1.0, 1.0), of(3.0, 3.0), of(1.0, 0.0), of(0.0, 1.0)), (0.95, 0.95, 0.0, 1.0));
        assert_eq!(of(0.0, 0.0), MIDDLE);
    }
}
