//! A lit chip over the painting while strips or regions are soloed: which they are, and what else they
//! silence.

use egui::{Align2, Area, Context, Frame, Id, Margin, Order, RichText};

use super::{
    ImpastoApp,
    action::Act,
    page::Page,
    theme::{Palette, space},
};
use impasto_core::settings::{ParamId, Settings};

/// Names that are listed at most.
const MOST: usize = 3;

/// End every solo.
struct ClearSolo;

impl Act for ClearSolo {
    fn apply(self, app: &mut ImpastoApp, _: &Context) {
        app.pictures.masks.flags.clear_solo();
        for param in app.settings.strips() {
            if let Some(strip) = app.settings.strip(param) {
                app.settings.set_strip(param, impasto_core::settings::Strip { solo: false, ..strip });
            }
        }
    }
}

/// What is soloed, and which parts of the objective are silent therefore; `None` without a solo.
fn text(settings: &Settings) -> Option<String> {
    let soloed = |param: &ParamId| settings.strip(*param).is_some_and(|strip| strip.solo);
    let all: Vec<ParamId> = settings.strips().into_iter().filter(soloed).collect();
    if all.is_empty() {
        return None;
    }
    let name = |param: &ParamId| match param {
        ParamId::Style(layer) => layer.to_string(),
        ParamId::Content(layer) => format!("content {layer}"),
        other => other.label().to_lowercase(),
    };
    let mut names: Vec<String> = all.iter().take(MOST).map(name).collect();
    if all.len() > MOST {
        names.push(format!("{} more", all.len() - MOST));
    }
    let is_content = |param: &ParamId| matches!(param, ParamId::Content(_));
    let is_style = |param: &ParamId| matches!(param, ParamId::Style(_));
    let silent: Vec<&str> = [("content", all.iter().any(is_content)), ("style", all.iter().any(is_style))]
        .into_iter()
        .filter(|(_, counts)| !counts)
        .map(|(what, _)| what)
        .collect();
    let names = names.join(", ");
    Some(match silent.as_slice() {
        [] => format!("Solo: {names}"),
        silent => format!("Solo: {names} · {} silent", silent.join(" and ")),
    })
}

impl ImpastoApp {
    pub(super) fn solo_chip(&mut self, ctx: &Context) {
        let Some(area) = self.view.canvas.area.filter(|_| self.view.page == Page::Painting) else { return };
        if self.view.fullscreen.on {
            return;
        }
        let regions = self.pictures.masks.flags.soloed(&self.settings.masks).join(", ");
        let regions = (!regions.is_empty()).then(|| format!("Solo: only {regions} of the regions"));
        let texts: Vec<String> = text(&self.settings).into_iter().chain(regions).collect();
        if texts.is_empty() {
            return;
        }
        let text = texts.join(" · ");
        let palette = Palette::for_theme(ctx.theme());
        Area::new(Id::unique("solo"))
            .order(Order::Middle)
            .pivot(Align2::CENTER_TOP)
            .fixed_pos(area.center_top() + egui::vec2(0.0, space::S))
            .show(ctx, |ui| {
                let frame = Frame::new().fill(palette.text).corner_radius(14).inner_margin(Margin {
                    left: 14,
                    right: 6,
                    top: 4,
                    bottom: 4,
                });
                frame.show(ui, |ui| {
                    ui.horizontal(|ui| {
                        ui.label(RichText::new(text).size(13.0).color(palette.panel));
                        let clear = egui::Button::new(RichText::new("Clear").size(12.5)).corner_radius(10);
                        let tooltip =
                            "Ends every solo: content, style, smoothness and every region count again";
                        if ui.add(clear).on_hover_text(tooltip).clicked() {
                            self.actions.push(ClearSolo);
                        }
                    });
                });
            });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use impasto_core::settings::Strip;

    #[test]
    fn the_chip_names_what_is_soloed_and_what_is_silent() {
        let mut settings = Settings::default();
        assert_eq!(text(&settings), None);
        let solo = |settings: &mut Settings, param: ParamId| {
            settings.set_strip(param, Strip { solo: true, ..Strip::new(1.0) });
        };
        solo(&mut settings, ParamId::Style("relu3_1".parse().unwrap()));
        assert_eq!(text(&settings).unwrap(), "Solo: relu3_1 · content silent");
        solo(&mut settings, ParamId::Content("relu4_2".parse().unwrap()));
        assert_eq!(text(&settings).unwrap(), "Solo: relu3_1, content relu4_2");
        let mut settings = Settings::default();
        solo(&mut settings, ParamId::Smoothness);
        assert_eq!(text(&settings).unwrap(), "Solo: smoothness · content and style silent");
        for layer in ["relu1_1", "relu2_1", "relu4_1", "relu5_1"] {
            solo(&mut settings, ParamId::Style(layer.parse().unwrap()));
        }
        assert!(text(&settings).unwrap().contains("2 more"), "{:?}", text(&settings));
    }
}
