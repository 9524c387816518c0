//! The bottom panel: how the terms of the objective fall, on a logarithmic axis.

use egui::{Align, Color32, FontId, Layout, Role, Sense, Stroke, Ui, WidgetInfo, vec2};
use egui_plot::{AxisHints, GridMark, HoverPosition, Line, LineStyle, Plot, PlotPoints};

use super::{
    ImpastoApp,
    state::Series,
    theme::{Palette, space},
    widgets,
};
use impasto_core::settings::GlobalTerm;

const LEGEND: f32 = 178.0;
/// Decades of a float's range on either side of 1, and some room.
const DECADES: f64 = 400.0;

impl ImpastoApp {
    pub(super) fn plot_ui(&mut self, ui: &mut Ui) {
        if self.history.is_empty() {
            ui.centered_and_justified(|ui| {
                ui.label(widgets::weak(
                    ui,
                    "The terms of the objective appear here while the picture is painted.",
                ));
            });
            return;
        }
        let height = ui.available_height();
        ui.horizontal_top(|ui| {
            let width = (ui.available_width() - LEGEND - space::M).max(120.0);
            ui.allocate_ui(vec2(width, height), |ui| self.curves(ui, width, height));
            ui.allocate_ui_with_layout(vec2(LEGEND, height), Layout::top_down(Align::Min), |ui| {
                egui::ScrollArea::vertical().auto_shrink(false).show(ui, |ui| self.legend(ui));
            });
        });
    }

    fn curves(&self, ui: &mut Ui, width: f32, height: f32) {
        let palette = Palette::of(ui);
        let weak = palette.weak;
        let steps = f64::from(self.run.step().max(10));
        let plot = Plot::new("losses")
            .width(width)
            .height(height)
            .allow_drag(false)
            .allow_zoom(false)
            .allow_scroll(false)
            .allow_boxed_zoom(false)
            .allow_double_click_reset(false)
            .show_background(false)
            .show_crosshair(false)
            .include_x(0.0)
            .include_x(steps)
            .set_margin_fraction(vec2(0.01, 0.06))
            .grid_color(palette.line)
            .y_grid_spacer(|input| decades(input.bounds))
            .custom_y_axes(vec![
                AxisHints::new_y()
                    .formatter(|mark, _| format!("1e{}", mark.value.round() as i64))
                    .min_thickness(38.0)
                    .tick_label_color(weak)
                    .tick_label_font(FontId::proportional(12.0)),
            ])
            .custom_x_axes(vec![
                AxisHints::new_x()
                    .formatter(|mark, _| {
                        let whole = mark.value >= 0.0 && mark.value.fract() == 0.0;
                        if whole { format!("{}", mark.value) } else { String::new() }
                    })
                    .tick_label_color(weak)
                    .tick_label_font(FontId::proportional(12.0)),
            ])
            .label_formatter(|position| match position {
                HoverPosition::NearDataPoint { plot_name, position, .. } => Some(format!(
                    "{plot_name}\nstep {}\n{}",
                    position.x,
                    widgets::number(10f64.powf(position.y))
                )),
                HoverPosition::Elsewhere { .. } => None,
            });
        let response = plot.show(ui, |plot| {
            for (series, points, _) in self.history.lines() {
                if self.view.hidden.contains(&series) {
                    continue;
                }
                let (color, width, style) = look(palette, series);
                plot.line(
                    Line::new(series.name(), PlotPoints::Borrowed(points))
                        .stroke(Stroke::new(width, color))
                        .style(style)
                        .allow_hover(true),
                );
            }
        });
        let text = "Losses over steps, logarithmic. The terms are shown before their weights; total is their weighted sum.";
        response.response.widget_info(|| WidgetInfo::labeled(Role::Image, true, text));
    }

    /// Names and latest values; a click hides a line.
    fn legend(&mut self, ui: &mut Ui) {
        let palette = Palette::of(ui);
        ui.spacing_mut().item_spacing.y = 0.0;
        let mut toggled = None;
        for (series, _, latest) in self.history.lines() {
            let shown = !self.view.hidden.contains(&series);
            let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 19.0), Sense::click());
            let (color, width, style) = look(palette, series);
            let text_color = if shown { palette.text } else { palette.weak.gamma_multiply(0.7) };
            let color = if shown { color } else { palette.line };
            if response.hovered() || response.has_focus() {
                ui.painter().rect_filled(rect, 3.0, palette.button);
            }
            let y = rect.center().y;
            let line = [egui::pos2(rect.min.x + 4.0, y), egui::pos2(rect.min.x + 22.0, y)];
            match style {
                LineStyle::Solid => {
                    ui.painter().line_segment(line, Stroke::new(width + 0.5, color));
                }
                _ => {
                    ui.painter().extend(egui::Shape::dashed_line(
                        &line,
                        Stroke::new(width + 0.5, color),
                        5.0,
                        3.0,
                    ));
                }
            }
            let name = series.name();
            let at = |x: f32| egui::pos2(x, y);
            let font = FontId::proportional(12.5);
            ui.painter().text(at(rect.min.x + 30.0), egui::Align2::LEFT_CENTER, &name, font, text_color);
            let value = widgets::number(three(latest));
            let font = FontId::monospace(12.0);
            ui.painter().text(at(rect.max.x - 10.0), egui::Align2::RIGHT_CENTER, &value, font, text_color);
            response
                .widget_info(|| WidgetInfo::selected(Role::CheckBox, true, shown, format!("Line of {name}")));
            let tooltip = match series {
                Series::Total => {
                    let others: Vec<String> = GlobalTerm::ALL.iter().map(ToString::to_string).collect();
                    let others = others.join(" and ");
                    format!("What is minimised: α·content + β·sum of the weighted style layers + {others}")
                }
                Series::Content | Series::ContentLayer(_) => {
                    "The content term, before its weight α".to_owned()
                }
                Series::Style(_) => "This style layer's term, before its weight".to_owned(),
                Series::Global(term) => format!("The {term} term, before its weight"),
            };
            if response.on_hover_text(format!("{tooltip}. Click to hide or show the line.")).clicked() {
                toggled = Some(series);
            }
        }
        if let Some(series) = toggled
            && !self.view.hidden.remove(&series)
        {
            self.view.hidden.insert(series);
        }
    }
}

fn look(palette: &Palette, series: Series) -> (Color32, f32, LineStyle) {
    match series {
        Series::Total => (palette.accent, 2.0, LineStyle::Solid),
        Series::Content | Series::ContentLayer(_) => (palette.text, 1.5, LineStyle::Solid),
        Series::Global(term) if term.compares_styles() => (palette.text, 1.3, LineStyle::dotted_dense()),
        Series::Global(_) => (palette.weak, 1.5, LineStyle::dashed_loose()),
        Series::Style(layer) => (palette.layer(layer), 1.3, LineStyle::Solid),
    }
}

fn three(value: f64) -> f64 {
    format!("{value:.2e}").parse().unwrap_or(value)
}

/// A mark at every power of ten in sight, or at every second, fifth … when there are many.
fn decades((low, high): (f64, f64)) -> Vec<GridMark> {
    // Beyond any number that has a logarithm there is nothing to mark; what is no number marks nothing.
    let (low, high) = (low.max(-DECADES), high.min(DECADES));
    let every = [1.0, 2.0, 5.0, 10.0].into_iter().find(|every| (high - low) / every <= 6.0).unwrap_or(20.0);
    let first = (low / every).ceil() as i64;
    let last = (high / every).floor() as i64;
    (first..=last).map(|i| GridMark { value: i as f64 * every, step_size: every }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_is_of_few_marks_whatever_the_bounds() {
        let values = |bounds| decades(bounds).iter().map(|mark| mark.value).collect::<Vec<_>>();
        assert_eq!(values((-2.5, 1.2)), [-2.0, -1.0, 0.0, 1.0]);
        for bounds in [(-1e300, 1e300), (f64::NEG_INFINITY, f64::INFINITY), (-4e4, 1.0), (0.0, f64::MAX)] {
            assert!((1..50).contains(&values(bounds).len()), "{bounds:?}");
        }
        for bounds in [(1.0, -1.0), (1e300, 2e300)] {
            assert!(values(bounds).is_empty(), "{bounds:?}");
        }
        assert!(values((f64::NAN, f64::NAN)).len() < 50);
    }
}
