//! The factors of a region's style layers: how much each counts there, beside its weight in the whole
//! picture.

use egui::{Context, Id, Label, Popup, PopupCloseBehavior, Response, SetOpenCommand, Ui, vec2};

use crate::{
    ImpastoApp,
    action::Act,
    entry::Entry,
    fader::plain_slider,
    theme::{ROW, space},
    widgets,
};
use impasto_core::settings::Region;
use impasto_network::vgg::Layer;

/// The factor of a layer that counts as in the rest of the picture, and the largest that a slider gives.
const DEFAULT: f64 = 1.0;
const MOST: f64 = 2.0;
/// Widths, in points.
const NAME: f32 = 60.0;
const SLIDER: f32 = 150.0;
const NUMBER: f32 = 52.0;

/// Open the popup with a region's layers.
pub struct OpenLayers(Id);

impl OpenLayers {
    /// For the row with this button.
    pub fn at(button: &Response) -> Self {
        Self(popup_id(button))
    }
}

impl Act for OpenLayers {
    fn apply(self, _: &mut ImpastoApp, ctx: &Context) {
        Popup::open_id(ctx, self.0);
    }
}

fn popup_id(button: &Response) -> Id {
    button.id.with("layers")
}

/// The popup below a row's button, while it is open: a fader for each style layer in use.
pub fn popup(button: &Response, region: &mut Region, layers: &[Layer]) {
    let popup = Popup::from_response(button).id(popup_id(button)).open_memory(None::<SetOpenCommand>);
    let popup = popup.close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    popup.accessible_name(format!("Layers of {}", region.name)).show(|ui| {
        ui.set_width(NAME + SLIDER + NUMBER + 2.0 * space::S);
        let text = "What each layer's weight is multiplied by here; 1 is as in the rest of the picture.";
        ui.add(Label::new(widgets::weak(ui, text)).wrap());
        for &layer in layers {
            factor(ui, region, layers, layer);
        }
        ui.add_space(space::XS);
        let changed = region.layers.is_some();
        let button = ui.add_enabled(changed, egui::Button::new("Reset").min_size(vec2(0.0, ROW)));
        let button = button.accessible_name(format!("Reset the layers of {}", region.name));
        let tooltip = "Lets all layers count as in the rest of the picture";
        if button.on_hover_text(tooltip).on_disabled_hover_text(tooltip).clicked() {
            region.layers = None;
        }
    });
}

/// The fader of a layer, with its number.
fn factor(ui: &mut Ui, region: &mut Region, layers: &[Layer], layer: Layer) {
    let before = region.layer_factor(layer);
    let mut value = before;
    let name = format!("Layer {layer} in {}", region.name);
    let tooltip = "How much this layer counts in the region, times its weight in the mixer; 0 not at all";
    ui.horizontal(|ui| {
        ui.set_min_height(ROW);
        ui.spacing_mut().item_spacing.x = space::S;
        ui.add_sized(vec2(NAME, ROW), Label::new(layer.to_string()));
        // The slider would end a larger number that was typed.
        let mut shown = value;
        if plain_slider(ui, &name, tooltip, [0.0, MOST], &mut shown, (SLIDER, true)).changed() {
            value = shown;
        }
        let entry = Entry {
            name: &format!("{name}, number"),
            tooltip,
            drag: 0.0..=MOST,
            suffix: "",
            whole: false,
            width: NUMBER,
            param: None,
            default: Some(DEFAULT),
        };
        entry.show(ui, &mut value);
    });
    if value != before && value.is_finite() {
        set_factor(region, layers, layer, value.max(0.0));
    }
}

/// Set a layer's factor; the other layers in use keep theirs. If all are as in the rest, none is named.
fn set_factor(region: &mut Region, layers: &[Layer], layer: Layer, factor: f64) {
    let mut factors = region.layers.clone().unwrap_or_default();
    layers.iter().for_each(|&other| factors.set(other, region.layer_factor(other)));
    factors.set(layer, factor);
    let all_default = factors.iter().all(|(_, factor)| factor == DEFAULT);
    region.layers = (!all_default).then_some(factors);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factor_leaves_the_other_layers_as_they_were() {
        let [first, second, third, ..] = Layer::PAPER_STYLE;
        let layers = [first, second, third];
        let mut region = Region::default();
        let factors = |region: &Region| layers.map(|layer| region.layer_factor(layer));
        set_factor(&mut region, &layers, second, 0.5);
        assert_eq!(factors(&region), [1.0, 0.5, 1.0]);
        set_factor(&mut region, &layers, third, 3.0);
        assert_eq!(factors(&region), [1.0, 0.5, 3.0]);
        set_factor(&mut region, &layers, second, 1.0);
        set_factor(&mut region, &layers, third, 1.0);
        assert_eq!(region, Region::default(), "nothing is left of it");
        // A recipe may name some alone: the others are 0 there, and stay so.
        region.layers = Some([(first, 2.0)].into_iter().collect());
        set_factor(&mut region, &layers, third, 1.0);
        assert_eq!(factors(&region), [2.0, 0.0, 1.0]);
    }
}
