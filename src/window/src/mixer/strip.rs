//! One channel strip: name, how its loss went, number; mute, solo, fader over level meter, share.

use egui::{
    Align2, Color32, FontId, Pos2, Rect, Response, Role, Sense, Shape, Stroke, Ui, UiBuilder, WidgetInfo,
    pos2, vec2,
};
use egui_plot::PlotPoint;

use crate::{
    action::Actions,
    extracts::Extracts,
    fader::Fader,
    icons::Icon,
    lab::sheet,
    mixes::{MixAction, lock_button},
    switch::{Sign, switch},
    theme::{Palette, space},
    tips, widgets,
};
use impasto_core::{
    settings::{ParamId, Range, Strip},
    transfer::LayerVisualization,
};
use impasto_formats::extracts;

/// Heights of the two lines and of the meter under the fader, in points.
const FIRST: f32 = 22.0;
const SECOND: f32 = 18.0;
const METER: f32 = 3.0;
/// Height of the name above an upright strip.
const NAME_ABOVE: f32 = 18.0;
/// Free points below a strip.
const BELOW: f32 = 3.0;
/// Widths, in points.
const NAME: f32 = 78.0;
const NUMBER: f32 = 58.0;
const SWITCH: f32 = 22.0;
const SHARE: f32 = 38.0;
const REMOVE: f32 = 22.0;
/// Side of what a layer holds under the pointer, in points.
const LARGER: f32 = 260.0;

/// What a strip shows of the run.
pub struct Look<'a> {
    pub color: Color32,
    /// Not silenced by mute or solo.
    pub counts: bool,
    /// Share of the image's gradient, 0 to 1, if it is known.
    pub share: Option<f64>,
    /// Steps and logarithms of the losses, each size apart.
    pub losses: Vec<&'a [PlotPoint]>,
    /// The loss now, if it is measured.
    pub latest: Option<f64>,
}

/// One strip.
pub struct StripUi<'a> {
    pub actions: &'a Actions,
    pub label: &'a str,
    /// What it is, for names: "style layer relu3_1".
    pub what: &'a str,
    /// Name of the fader.
    pub fader: &'a str,
    pub tooltip: &'a str,
    pub param: ParamId,
    pub range: Range,
    pub default: f64,
    pub look: Look<'a>,
    /// What its layer holds, where that is shown.
    pub extract: Option<(&'a Extracts, LayerVisualization)>,
    /// Others have such a picture, and this one keeps their line.
    pub indented: bool,
    pub removable: bool,
    /// Moves with the other linked faders.
    pub linked: bool,
    /// Randomize leaves it alone.
    pub locked: bool,
}

/// What was done to a strip beside its values.
#[derive(Default)]
pub struct Used {
    pub removed: bool,
    /// Its picture was clicked.
    pub picture: bool,
    /// The fader was reset, which is no move that linked ones follow.
    pub reset: bool,
}

impl StripUi<'_> {
    /// Show the strip.
    pub fn show(&self, ui: &mut Ui, strip: &mut Strip) -> Used {
        let mut used = Used::default();
        let whole = vec2(ui.available_width(), FIRST + SECOND + METER);
        let (mut area, _) = ui.allocate_exact_size(whole, Sense::hover());
        let side = FIRST + SECOND - 1.0;
        let place = Rect::from_min_size(area.min + vec2(0.0, 2.0), vec2(side, side));
        if let Some((extracts, visualization)) = self.extract
            && picture(ui, place, extracts, visualization).clicked()
        {
            used.picture = true;
        }
        if self.extract.is_some() || self.indented {
            area.min.x = place.max.x + space::S;
        }
        let (gap, width) = (space::XS, area.width());
        let first = Rect::from_min_size(area.min, vec2(width, FIRST));
        let second = Rect::from_min_size(pos2(area.min.x, first.max.y), vec2(width, SECOND));
        let cut = |row: Rect, left: f32, right: f32| {
            Rect::from_min_max(pos2(left, row.min.y), pos2(right, row.max.y))
        };
        let fader = self.fader();

        let name = cut(first, first.min.x, first.min.x + NAME);
        let remove = cut(first, first.max.x - REMOVE, first.max.x);
        let number = cut(first, remove.min.x - gap - NUMBER, remove.min.x - gap);
        let end = self.name(ui, name, Align2::LEFT_CENTER, 14.0);
        self.sparkline(ui, cut(first, end.max(name.max.x) + gap, number.min.x - space::S));
        at(ui, number, |ui| {
            fader.number(ui, &mut strip.weight, NUMBER);
        });
        if self.removable {
            at(ui, remove, |ui| {
                let name = format!("Remove {}", self.what);
                let tooltip = "Removes this layer, which makes each step faster";
                if widgets::small_icon_button(ui, Icon::Close, &name, tooltip, remove).clicked() {
                    used.removed = true;
                }
            });
        }

        let mute = cut(second, second.min.x, second.min.x + SWITCH);
        let solo = cut(second, mute.max.x + gap, mute.max.x + gap + SWITCH);
        let share = cut(second, second.max.x - SHARE, second.max.x);
        let link = cut(second, solo.max.x + gap, solo.max.x + gap + SWITCH);
        let slider = cut(second, link.max.x + space::S, share.min.x - gap);
        self.switches(ui, mute, solo, strip);
        let tooltip = "Links this fader: when a linked one moves, the others follow by the same factor";
        let name = format!("Link {}", self.what);
        if switch(ui, link, Sign::Icon(Icon::Link), &name, tooltip, self.linked).clicked() {
            self.actions.push(MixAction::Link(self.param));
        }
        at(ui, slider, |ui| {
            self.dim_if_silent(ui);
            let width = slider.width();
            used.reset = fader.slider_with(ui, &mut strip.weight, width, |ui| self.menu(ui));
        });
        self.meter(ui, slider, share);
        ui.add_space(BELOW);
        used
    }

    fn fader(&self) -> Fader<'_> {
        Fader {
            name: self.fader,
            tooltip: self.tooltip,
            param: self.param,
            range: self.range,
            default: self.default,
        }
    }

    /// Draw the fader weakly where its term does not count.
    fn dim_if_silent(&self, ui: &mut Ui) {
        if !self.look.counts {
            ui.visuals_mut().widgets.inactive.fg_stroke.color = Palette::of(ui).weak;
            ui.visuals_mut().selection.bg_fill = Palette::of(ui).line;
        }
    }

    /// What the fader's menu has below the reset.
    fn menu(&self, ui: &mut Ui) {
        let entry = |ui: &mut Ui, text: &str, tooltip: &str, action: MixAction| {
            if ui.button(text).on_hover_text(tooltip).clicked() {
                self.actions.push(action);
            }
        };
        lock_button(ui, self.actions, self.param, self.locked);
        ui.separator();
        entry(
            ui,
            if self.linked { "Unlink" } else { "Link" },
            "Moves with the other linked faders",
            MixAction::Link(self.param),
        );
        if self.removable {
            let kind = if let ParamId::Content(_) = self.param { ParamId::Content } else { ParamId::Style };
            let tooltip = "They keep their ratios when one is moved";
            entry(ui, "Link all of these layers", tooltip, MixAction::LinkAll(kind));
        }
        entry(ui, "Unlink all", "Every fader moves alone again", MixAction::Unlink);
    }

    /// Show the strip upright in a place of its own.
    pub fn show_upright(&self, ui: &mut Ui, strip: &mut Strip, rect: Rect) -> Used {
        let mut used = Used::default();
        let fader = self.fader();
        let (gap, middle) = (space::XS, rect.center().x);
        let (name, rest) = rect.split_top_bottom_at_y(rect.min.y + NAME_ABOVE);
        let (rest, switches) = rest.split_top_bottom_at_y(rest.max.y - SECOND);
        let (rest, number) = rest.split_top_bottom_at_y(rest.max.y - FIRST - gap);
        self.name(ui, name, Align2::CENTER_CENTER, 12.5);
        let track = Rect::from_center_size(rest.center(), vec2(20.0, rest.height() - gap));
        at(ui, track, |ui| {
            self.dim_if_silent(ui);
            let height = track.height();
            used.reset = fader.upright(ui, &mut strip.weight, height, |ui| self.menu(ui));
        });
        let meter =
            Rect::from_min_size(track.right_top() + vec2(3.0, 0.0), vec2(METER + 1.0, track.height()));
        ui.painter().rect_filled(meter, 1.0, Palette::of(ui).well);
        if let Some(share) = self.look.share {
            let full = meter.height() * share.clamp(0.0, 1.0) as f32;
            let level = meter.with_min_y(meter.max.y - full);
            ui.painter().rect_filled(level, 1.0, self.look.color);
        }
        let width = (rect.width() - 2.0 * gap).min(NUMBER);
        let place = Rect::from_center_size(number.center(), vec2(width, FIRST));
        at(ui, place, |ui| {
            fader.number(ui, &mut strip.weight, width);
        });
        let left = Rect::from_min_size(pos2(middle - SWITCH - 1.5, switches.min.y), vec2(SWITCH, SECOND));
        self.switches(ui, left, left.translate(vec2(SWITCH + 3.0, 0.0)), strip);
        used
    }

    fn switches(&self, ui: &mut Ui, mute: Rect, solo: Rect, strip: &mut Strip) {
        let tooltip = "Mutes this strip; its weight is kept";
        if switch(ui, mute, Sign::Letter("M"), &format!("Mute {}", self.what), tooltip, strip.muted).clicked()
        {
            strip.muted = !strip.muted;
        }
        let tooltip = "Solo: only soloed strips count. Mutes the content too, unless it is soloed itself";
        if switch(ui, solo, Sign::Letter("S"), &format!("Solo {}", self.what), tooltip, strip.solo).clicked()
        {
            strip.solo = !strip.solo;
        }
    }

    /// Show the name; returns where it ends.
    fn name(&self, ui: &mut Ui, rect: Rect, align: Align2, size: f32) -> f32 {
        let palette = Palette::of(ui);
        let response = ui.interact(rect, ui.scope_id().with(("name", self.what)), Sense::hover());
        let color = if self.look.counts { palette.text } else { palette.weak };
        let font = FontId::proportional(size);
        let text = ui.painter().text(align.pos_in_rect(&rect), align, self.label, font, color);
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, self.label));
        if self.locked {
            Icon::Lock.paint(ui.painter(), pos2(text.max.x + 10.0, rect.center().y), palette.weak);
            tips::beside(response, &format!("{}\nLocked: Randomize leaves it alone.", self.tooltip));
            text.max.x + 18.0
        } else {
            tips::beside(response, self.tooltip);
            text.max.x
        }
    }

    /// The loss over the run, on a logarithmic axis of its own.
    fn sparkline(&self, ui: &mut Ui, rect: Rect) {
        if self.look.losses.is_empty() || rect.width() < 16.0 {
            return;
        }
        let name = format!("Loss of {}", self.what);
        let response = ui.interact(rect, ui.scope_id().with(("loss", self.what)), Sense::hover());
        let now = match self.look.latest {
            Some(latest) => {
                format!("now {}", widgets::number(format!("{latest:.2e}").parse().unwrap_or(latest)))
            }
            None => "not measured now".to_owned(),
        };
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, format!("{name}, {now}")));
        response.on_hover_text(format!("{name} before its weight, over the run: {now}"));
        let color = if self.look.counts { self.look.color } else { Palette::of(ui).weak };
        let lines = curve(&self.look.losses, rect.shrink2(vec2(1.0, 5.0)));
        let end = lines.last().and_then(|line| line.last()).copied();
        for line in lines {
            ui.painter().add(Shape::line(line, Stroke::new(1.0, color)));
        }
        if let Some(end) = end.filter(|_| self.look.latest.is_some()) {
            ui.painter().circle_filled(end, 1.5, color);
        }
    }

    /// The level meter under the fader and its number.
    fn meter(&self, ui: &mut Ui, slider: Rect, number: Rect) {
        let palette = Palette::of(ui);
        let rail = Rect::from_min_size(pos2(slider.min.x, slider.max.y - 1.0), vec2(slider.width(), METER));
        ui.painter().rect_filled(rail, 1.0, palette.well);
        let text = match self.look.share {
            None => "–".to_owned(),
            Some(share) => {
                let mut level = rail;
                level.set_width(rail.width() * share.clamp(0.0, 1.0) as f32);
                ui.painter().rect_filled(level, 1.0, self.look.color);
                percent(share)
            }
        };
        let response = ui.interact(number, ui.scope_id().with(("share", self.what)), Sense::hover());
        let color = if self.look.counts { palette.text } else { palette.weak };
        ui.painter().text(number.right_center(), Align2::RIGHT_CENTER, &text, FontId::monospace(11.5), color);
        let told = if text == "–" { "not measured yet" } else { &text };
        let name = format!("Level of {}: {told}", self.what);
        response.widget_info(|| WidgetInfo::labeled(Role::Meter, true, &name));
        response.on_hover_text(format!(
            "{name}\nShare of the gradient that moves the picture. One strip is measured at a time, while it paints."
        ));
    }
}

/// A share in few characters.
fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    if percent > 0.0 && percent < 0.5 { "<1 %".to_owned() } else { format!("{percent:.0} %") }
}

/// Lines fitted into a rectangle, one point per point of width at most.
pub fn curve(parts: &[&[PlotPoint]], rect: Rect) -> Vec<Vec<Pos2>> {
    let all = || parts.iter().copied().flatten();
    let (Some(first), Some(last)) = (all().next(), all().last()) else { return Vec::new() };
    let (low, high) =
        all().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), p| (low.min(p.y), high.max(p.y)));
    let span = |a: f64, b: f64| if b > a { b - a } else { 1.0 };
    let (wide, high_by) = (span(first.x, last.x), span(low, high));
    let place = |p: &PlotPoint| {
        let x = rect.min.x + rect.width() * ((p.x - first.x) / wide) as f32;
        pos2(x, rect.max.y - rect.height() * ((p.y - low) / high_by) as f32)
    };
    let every = (all().count() as f32 / rect.width().max(1.0)).ceil().max(1.0) as usize;
    let line = |part: &&[PlotPoint]| {
        let mut line: Vec<Pos2> = part.iter().step_by(every).map(place).collect();
        line.extend(part.last().map(place));
        line
    };
    parts.iter().map(line).collect()
}

/// What a layer holds, small; larger under the pointer.
fn picture(ui: &Ui, rect: Rect, extracts: &Extracts, visualization: LayerVisualization) -> Response {
    let response = ui.interact(rect, ui.scope_id().with(("extract", visualization)), Sense::click());
    sheet::place(ui, extracts, visualization, rect, &response);
    response.on_hover_ui(|ui| {
        ui.set_max_width(LARGER);
        ui.label(sheet::name(visualization));
        if let Some(texture) = extracts.of(visualization).0 {
            let size = texture.size_vec2();
            let size = size * (LARGER / size.max_elem());
            let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
            egui::Image::from_texture((texture.id(), size)).paint_at(ui, rect);
        }
        if let Some(progress) = sheet::progress(extracts, visualization) {
            ui.label(widgets::weak(ui, widgets::sentence(&progress)));
        }
        ui.label(extracts::about(visualization));
    })
}

/// Widgets in a rectangle of their own.
fn at(ui: &mut Ui, rect: Rect, content: impl FnOnce(&mut Ui)) {
    let layout = egui::Layout::left_to_right(egui::Align::Center);
    ui.scope_builder(UiBuilder::new().max_rect(rect).layout(layout), |ui| {
        ui.spacing_mut().item_spacing = vec2(0.0, 0.0);
        ui.spacing_mut().interact_size.y = rect.height().min(FIRST);
        content(ui);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_curves_fit_their_place() {
        assert_eq!([0.0, 0.004, 0.25, 1.0].map(percent), ["0 %", "<1 %", "25 %", "100 %"]);
        let points: Vec<PlotPoint> = (0..1000).map(|i| PlotPoint::new(f64::from(i), -f64::from(i))).collect();
        let rect = Rect::from_min_size(pos2(10.0, 20.0), vec2(50.0, 14.0));
        let line = curve(&[&points], rect).concat();
        assert!(line.len() <= 51 && line.iter().all(|p| rect.expand(0.01).contains(*p)), "{line:?}");
        assert_eq!((line[0], *line.last().unwrap()), (rect.left_top(), rect.right_bottom()));
        let one = curve(&[&points[..1]], rect).concat();
        assert!(one.iter().all(|p| rect.contains(*p)));
        assert!(curve(&[], rect).is_empty());
        // Two sizes are two lines in the same place.
        let (before, after) = points.split_at(400);
        let two = curve(&[before, after], rect);
        assert_eq!(
            (two.len(), two[0][0], *two[1].last().unwrap()),
            (2, rect.left_top(), rect.right_bottom())
        );
        assert!(two[0].last().unwrap().x < two[1][0].x);
    }
}
