//! The layers that carry style or content, one fader each.

use egui::{RichText, Ui};

use super::{
    icons::Icon,
    theme::{ROW, space},
    widgets::{self, Fader, row, row_error, section},
};
use crate::{settings::LayerWeights, vgg::Layer};

/// One of the two lists.
pub struct List {
    title: &'static str,
    /// As an adjective in names.
    kind: &'static str,
    /// How errors name these settings.
    setting: &'static str,
    tooltip: &'static str,
    add_tooltip: &'static str,
}

pub const STYLE: List = List {
    title: "Style layers",
    kind: "style",
    setting: "layer",
    tooltip: "Weight of this layer's style. Shallow layers carry colour and fine grain, deep ones large strokes and shapes.",
    add_tooltip: "A further layer whose style counts: relu1_1 is the finest, relu5_4 the coarsest",
};

pub const CONTENT: List = List {
    title: "Content layers",
    kind: "content",
    setting: "content-layer",
    tooltip: "Weight of this layer's content. Shallow layers hold on to every detail, deep ones to the arrangement.",
    add_tooltip: "A further layer whose content counts",
};

/// Shows the list; `error` tells what is wrong with a setting.
pub fn show(
    ui: &mut Ui,
    list: &List,
    weights: &mut LayerWeights,
    usual: &LayerWeights,
    error: &dyn Fn(&str) -> Option<String>,
) {
    section(ui, list.title);
    let used: Vec<(Layer, f64)> = weights.iter().collect();
    let mut removed = None;
    for (layer, mut weight) in used {
        let label = layer.to_string();
        let before = weight;
        row(ui, &label, list.tooltip, |ui| {
            let name = format!("{label} {} weight", list.kind);
            let usual = usual.get(layer).unwrap_or(1.0);
            let after = ROW + ui.spacing().item_spacing.x;
            Fader { name: &name, tooltip: list.tooltip, max: 10.0, min_positive: 1e-3, usual }.show(
                ui,
                &mut weight,
                after,
            );
            let name = format!("Remove {} layer {label}", list.kind);
            if widgets::icon_button(
                ui,
                Icon::Close,
                &name,
                "Takes this layer out; what it computed is saved",
                true,
            )
            .clicked()
            {
                removed = Some(layer);
            }
        });
        if weight != before {
            weights.set(layer, weight);
        }
        if let Some(message) = error(&format!("{} {layer}", list.setting)) {
            row_error(ui, &message);
        }
    }
    if let Some(layer) = removed {
        weights.remove(layer);
    }
    ui.add_space(2.0);
    let text = format!("Add {} layer…", list.kind);
    let free = weights.iter().count() < Layer::ALL.len();
    let button = widgets::add_button(ui, &text, list.add_tooltip, "All sixteen layers are in use", free);
    egui::Popup::menu(&button).show(|ui| {
        ui.set_min_width(160.0);
        for layer in Layer::ALL.into_iter().filter(|&layer| weights.get(layer).is_none()).collect::<Vec<_>>()
        {
            let text = RichText::new(layer.to_string());
            let tooltip =
                format!("{} channels, sees one position per {} pixels", layer.channels(), layer.stride());
            if ui.button(text).on_hover_text(tooltip).clicked() {
                weights.set(layer, usual.get(layer).unwrap_or(1.0));
            }
        }
    });
    ui.add_space(space::XS);
}
