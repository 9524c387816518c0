//! The bottom panel: how the terms of the objective fall, on a logarithmic axis, each size apart.

use std::collections::BTreeSet;

use egui::{
    Align, Align2, Color32, FontId, Id, Layout, Role, ScrollArea, Sense, Stroke, Ui, WidgetInfo, pos2, vec2,
};
use egui_plot::{AxisHints, GridMark, HoverPosition, Line, LineStyle, Plot, PlotPoints, PlotTransform};

use super::{
    ImpastoApp,
    state::Series,
    theme::{Palette, space},
    widgets,
};
use impasto_core::settings::{GlobalTerm, Settings};

const LEGEND: f32 = 178.0;
/// Height of a row of the legend, in points: the usual one, and the smallest that lets all rows be seen.
const ROW: f32 = 19.0;
const LOW_ROW: f32 = 15.0;
/// Width of the line whose row in the legend is pointed at, in points.
const WIDE: f32 = 3.5;
/// How much of its colour a term keeps that does not count.
const DIM: f32 = 0.35;
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
                let (row, height) = legend_heights(height, self.history.lines().count());
                let mut scroll = ScrollArea::vertical().auto_shrink(false).max_height(height);
                let wanted = Id::unique("where the legend comes to rest");
                if let Some(offset) = ui.data_mut(|data| data.remove_temp::<f32>(wanted)) {
                    scroll = scroll.vertical_scroll_offset(offset);
                }
                let state = scroll.show(ui, |ui| self.legend(ui, row)).state;
                // At rest no row is cut.
                let (offset, turned) =
                    (state.clamped_offset().y, ui.input(|input| input.smooth_scroll_delta().y));
                let whole = (offset / row).round() * row;
                let moves = ui.input(|input| input.pointer.any_down()) || turned + state.velocity().y != 0.0;
                if !moves && (offset - whole).abs() > 0.1 {
                    ui.data_mut(|data| data.insert_temp(wanted, whole));
                    ui.request_repaint();
                }
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
        let silent = silent(&self.settings, self.history.lines().map(|(series, _)| series));
        let pointed: Option<String> = ui.data(|data| data.get_temp(pointed_line()));
        let response = plot.show(ui, |plot| {
            for (series, curve) in self.history.lines() {
                if self.view.hidden.contains(&series) {
                    continue;
                }
                let (color, width, style) = look(palette, series);
                let color = if silent.contains(&series) { color.gamma_multiply(DIM) } else { color };
                let width = if pointed.as_deref() == Some(series.name().as_str()) { WIDE } else { width };
                for (index, points) in self.history.parts(curve).into_iter().enumerate() {
                    plot.line(
                        Line::new(series.name(), PlotPoints::Borrowed(points))
                            .id((series.name(), index))
                            .stroke(Stroke::new(width, color))
                            .style(style)
                            .allow_hover(true),
                    );
                }
            }
        });
        self.size_marks(ui, &response.transform);
        let mut text = "Losses over steps, logarithmic. The terms are shown before their weights; total is their weighted sum.".to_owned();
        for (step, side) in self.history.size_changes() {
            text += &format!(" From step {step} at {side} px.");
        }
        response.response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &text));
    }

    /// A line at the step at which the painting changed its size, with that size.
    fn size_marks(&self, ui: &Ui, transform: &PlotTransform) {
        let palette = Palette::of(ui);
        let frame = *transform.frame();
        let painter = ui.painter().with_clip_rect(frame);
        let mut free = frame.min.x;
        for (step, side) in self.history.size_changes() {
            let x = transform.position_from_point_x(step);
            painter.vline(x, frame.y_range(), Stroke::new(1.0, palette.line));
            if x > free {
                let at = pos2(x + 3.0, frame.min.y);
                let font = FontId::proportional(10.5);
                let text = painter.text(at, Align2::LEFT_TOP, format!("{side} px"), font, palette.weak);
                free = text.max.x + 3.0;
            }
        }
    }

    /// Names and latest values, in rows of this height; a click hides a line.
    fn legend(&mut self, ui: &mut Ui, row: f32) {
        let palette = Palette::of(ui);
        ui.spacing_mut().item_spacing.y = 0.0;
        let mut toggled = None;
        let mut pointed = None;
        let silent = silent(&self.settings, self.history.lines().map(|(series, _)| series));
        for (series, curve) in self.history.lines() {
            let shown = !self.view.hidden.contains(&series);
            let counts = !silent.contains(&series);
            let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), row), Sense::click());
            let (color, width, style) = look(palette, series);
            let text_color = if shown && counts { palette.text } else { palette.weak.gamma_multiply(0.7) };
            let color = match (shown, counts) {
                (false, _) => palette.line,
                (true, false) => color.gamma_multiply(DIM),
                (true, true) => color,
            };
            if response.hovered() || response.has_focus() {
                ui.painter().rect_filled(rect, 3.0, palette.button);
                pointed = Some(series.name());
            }
            let y = rect.center().y;
            let line = [pos2(rect.min.x + 4.0, y), pos2(rect.min.x + 22.0, y)];
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
            let at = |x: f32| pos2(x, y);
            let font = FontId::proportional(12.5);
            ui.painter().text(at(rect.min.x + 30.0), Align2::LEFT_CENTER, &name, font, text_color);
            // What was measured once is no value of now.
            let value = curve.latest().map_or("–".to_owned(), |latest| widgets::number(three(latest)));
            let font = FontId::monospace(12.0);
            ui.painter().text(at(rect.max.x - 10.0), Align2::RIGHT_CENTER, &value, font, text_color);
            response.widget_info(|| {
                let mut info = WidgetInfo::selected(Role::CheckBox, true, shown, format!("Line of {name}"));
                info.current_text_value = Some(value.clone());
                info
            });
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
            let state = if counts { "" } else { "It is silent: its weight does not count now.\n" };
            let tooltip = format!("{tooltip}.\n{state}Its line is drawn wide. Click to hide or show it.");
            if response.on_hover_text(tooltip).clicked() {
                toggled = Some(series);
            }
        }
        let before = ui.data(|data| data.get_temp::<String>(pointed_line()));
        if before != pointed {
            ui.data_mut(|data| {
                data.remove::<String>(pointed_line());
                if let Some(name) = pointed {
                    data.insert_temp(pointed_line(), name);
                }
            });
            ui.request_repaint();
        }
        if let Some(series) = toggled
            && !self.view.hidden.remove(&series)
        {
            self.view.hidden.insert(series);
        }
    }
}

/// Where the name of the line is kept whose row in the legend has the pointer or the focus. It is drawn wide,
/// so that lines are told apart by more than their colours.
fn pointed_line() -> Id {
    Id::unique("line of the legend's row")
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

/// Which of these series do not count now, because of mute, solo or a weight of 0.
fn silent(settings: &Settings, all: impl Iterator<Item = Series>) -> BTreeSet<Series> {
    let effective = settings.effective();
    let counts = |series: &Series| match *series {
        Series::Total => true,
        Series::Content => {
            effective.content_weight > 0.0 && effective.content_layers.iter().any(|(_, w)| w > 0.0)
        }
        Series::ContentLayer(layer) => effective.content_layers.get(layer).is_some_and(|w| w > 0.0),
        Series::Style(layer) => {
            effective.style_weight > 0.0 && effective.style_layers.get(layer).is_some_and(|w| w > 0.0)
        }
        Series::Global(term) => term.strip(&effective).weight > 0.0,
    };
    all.filter(|series| !counts(series)).collect()
}

/// The height of a row of the legend, and that of the rows that are seen at once: all of them, or a whole
/// number.
fn legend_heights(height: f32, rows: usize) -> (f32, f32) {
    let rows = rows.max(1) as f32;
    let row = (height / rows).min(ROW);
    let row = if row < LOW_ROW { ROW } else { row };
    (row, (height / row + 0.01).floor().clamp(1.0, rows) * row)
}

fn three(value: f64) -> f64 {
    format!("{value:.2e}").parse().unwrap_or(value)
}

/// A mark at every power of ten in view, or at every second, fifth … when there are many.
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
    use impasto_network::vgg::Layer;

    #[test]
    fn the_legend_shows_whole_rows_at_every_height() {
        for rows in 1..20 {
            for tenths in 190..6000 {
                let height = tenths as f32 / 10.0;
                let (row, seen) = legend_heights(height, rows);
                assert!((LOW_ROW..=ROW).contains(&row));
                assert!(
                    seen <= height + 0.2 && seen <= rows as f32 * row + 0.2,
                    "{rows} rows in {height}: {seen}"
                );
                assert!(
                    ((seen / row) - (seen / row).round()).abs() < 1e-3,
                    "{rows} rows in {height}: {seen}"
                );
            }
        }
        assert_eq!(legend_heights(143.0, 8).1, 143.0, "the usual rows are all seen in the usual panel");
    }

    #[test]
    fn muted_terms_and_those_beside_a_solo_are_silent() {
        let layer: Layer = "relu3_1".parse().unwrap();
        let all =
            [Series::Total, Series::Content, Series::Style(Layer::PAPER_STYLE[0]), Series::Style(layer)];
        let of = |settings: &Settings| silent(settings, all.into_iter()).into_iter().collect::<Vec<_>>();
        let mut settings = Settings::default();
        assert_eq!(of(&settings), []);
        settings.content_weight = 0.0;
        assert_eq!(of(&settings), [Series::Content]);
        settings.content_weight = 1.0;
        let strip = settings.style_layers.strip(layer).unwrap();
        settings.style_layers.set_strip(layer, impasto_core::settings::Strip { solo: true, ..strip });
        assert_eq!(of(&settings), [Series::Content, Series::Style(Layer::PAPER_STYLE[0])]);
        settings.style_layers.remove(layer);
        assert_eq!(of(&settings), [Series::Style(layer)], "a layer that was removed");
    }

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
