//! The few widgets that the panels are made of, all with a name for screen readers and a tooltip.

use egui::{Align, Color32, Layout, Response, RichText, Role, Sense, Stroke, Ui, Vec2, WidgetInfo, vec2};

use super::{
    icons::Icon,
    theme::{Palette, RADIUS, ROW, space},
};

/// Width of the column of labels in the right panel.
pub const LABEL: f32 = 92.0;
/// Width of the column of numbers in the right panel.
pub const NUMBER: f32 = 66.0;

/// Where the name of the control is kept that should get the keyboard's focus.
fn wanted_focus() -> egui::Id {
    egui::Id::unique("control that gets the focus")
}

/// Give the control of this name the keyboard's focus, as soon as it is shown.
pub fn ask_for_focus(ctx: &egui::Context, name: String) {
    ctx.data_mut(|data| data.insert_temp(wanted_focus(), name));
    ctx.request_repaint();
}

/// Whether a control is being looked for, so that what hides it must open.
pub fn is_focus_wanted(ctx: &egui::Context) -> bool {
    ctx.data(|data| data.get_temp::<String>(wanted_focus()).is_some())
}

/// End the search for a control that is not there.
pub fn end_focus_search(ctx: &egui::Context) {
    ctx.data_mut(|data| data.remove::<String>(wanted_focus()));
}

/// Focus the control and brings it into view, if it is the one that is looked for.
pub fn take_focus(response: &Response, name: &str) {
    let wanted = response
        .ctx
        .data(|data| data.get_temp::<String>(wanted_focus()).is_some_and(|wanted| wanted == name));
    if wanted {
        end_focus_search(&response.ctx);
        response.request_focus();
        response.scroll_to_me(Some(Align::Center));
    }
}

/// Contents of a panel that cannot make it larger: what is too wide is cut.
pub fn fixed(ui: &mut Ui, contents: impl FnOnce(&mut Ui)) {
    let rect = ui.available_rect_before_wrap();
    super::tips::set_panel(ui.ctx(), rect.expand(space::M));
    let mut inside = ui.new_child(egui::UiBuilder::new().max_rect(rect));
    // What has the focus is outlined.
    inside.shrink_clip_rect(rect.expand(3.0));
    contents(&mut inside);
    ui.advance_cursor_after_rect(rect);
}

/// A square button with an icon.
pub fn icon_button(ui: &mut Ui, icon: Icon, name: &str, tooltip: &str, enabled: bool) -> Response {
    let response = ui
        .add_enabled_ui(enabled, |ui| {
            let (rect, response) = ui.allocate_exact_size(Vec2::splat(ROW), Sense::click());
            paint_button(ui, &response, rect, false);
            let color = if enabled { Palette::of(ui).text } else { faint(ui) };
            icon.paint(ui.painter(), rect.center(), color);
            response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, name));
            response
        })
        .inner;
    response.on_hover_text(tooltip).on_disabled_hover_text(tooltip)
}

/// The same without a button around it, in a place of its own.
pub fn small_icon_button(ui: &mut Ui, icon: Icon, name: &str, tooltip: &str, rect: egui::Rect) -> Response {
    let palette = Palette::of(ui);
    let response = ui.interact(rect, ui.scope_id().with(name), Sense::click());
    let lit = response.hovered() || response.has_focus();
    if response.has_focus() {
        let stroke = Stroke::new(2.0, palette.accent);
        ui.painter().rect_stroke(rect.shrink(1.0), RADIUS, stroke, egui::StrokeKind::Inside);
    }
    icon.paint(ui.painter(), rect.center(), if lit { palette.text } else { palette.weak });
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, name));
    response.on_hover_text(tooltip)
}

/// A button that is down while something is on.
pub fn icon_toggle(ui: &mut Ui, icon: Icon, name: &str, tooltip: &str, on: bool) -> Response {
    let palette = Palette::of(ui);
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(ROW), Sense::click());
    if on || response.hovered() {
        let fill = if response.hovered() { palette.button_hover } else { palette.button };
        ui.painter().rect_filled(rect, RADIUS, fill);
    }
    if response.has_focus() {
        let stroke = Stroke::new(2.0, palette.accent);
        ui.painter().rect_stroke(rect, RADIUS, stroke, egui::StrokeKind::Inside);
    }
    icon.paint(ui.painter(), rect.center(), if on { palette.text } else { palette.weak });
    response.widget_info(|| WidgetInfo::selected(Role::Switch, true, on, name));
    response.on_hover_text(tooltip)
}

/// One of several views in the same place: its name, underlined when it is the one that is shown.
pub fn tab(ui: &mut Ui, text: &str, tooltip: &str, on: bool) -> Response {
    let palette = Palette::of(ui);
    let color = if on { palette.text } else { palette.weak };
    let galley = ui.painter().layout_no_wrap(text.to_owned(), egui::FontId::proportional(13.0), color);
    let (rect, response) =
        ui.allocate_exact_size(vec2(galley.size().x + 2.0 * space::S, ROW), Sense::click());
    if response.hovered() && !on {
        ui.painter().rect_filled(rect, RADIUS, palette.button);
    }
    if response.has_focus() {
        ui.painter().rect_stroke(rect, RADIUS, Stroke::new(2.0, palette.accent), egui::StrokeKind::Inside);
    }
    ui.painter().galley(rect.center() - galley.size() / 2.0, galley, color);
    if on {
        let x = rect.x_range().shrink(space::S);
        ui.painter().hline(x, rect.max.y - 2.0, Stroke::new(2.0, palette.accent));
    }
    response.widget_info(|| WidgetInfo::selected(Role::Tab, true, on, text));
    response.on_hover_text(tooltip)
}

/// A box to check, in a row that has its label.
pub fn checkbox(ui: &mut Ui, name: &str, tooltip: &str, on: &mut bool) -> Response {
    let edge = Stroke::new(1.0, Palette::of(ui).rail);
    let before = std::mem::replace(&mut ui.visuals_mut().widgets.inactive.bg_stroke, edge);
    let response = ui.checkbox(on, "").on_hover_text(tooltip);
    ui.visuals_mut().widgets.inactive.bg_stroke = before;
    response.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, *on, name));
    take_focus(&response, name);
    response
}

/// A button with an icon and a word.
pub fn text_button(
    ui: &mut Ui,
    icon: Icon,
    text: &str,
    name: &str,
    tooltip: &str,
    enabled: bool,
) -> Response {
    let response = ui
        .add_enabled_ui(enabled, |ui| {
            let color = if enabled { Palette::of(ui).text } else { faint(ui) };
            let font = egui::TextStyle::Button.resolve(ui.style());
            let galley = ui.painter().layout_no_wrap(text.to_owned(), font, color);
            let size = vec2(galley.size().x + 16.0 + 3.0 * space::S, ROW);
            let (rect, response) = ui.allocate_exact_size(size, Sense::click());
            paint_button(ui, &response, rect, false);
            icon.paint(ui.painter(), rect.left_center() + vec2(space::S + 8.0, 0.0), color);
            let left = rect.left_center() + vec2(2.0 * space::S + 16.0, -galley.size().y / 2.0);
            ui.painter().galley(left, galley, color);
            response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, name));
            response
        })
        .inner;
    response.on_hover_text(tooltip).on_disabled_hover_text(tooltip)
}

/// The one button in the accent colour.
pub fn accent_button(
    ui: &mut Ui,
    icon: Icon,
    text: &str,
    width: f32,
    tooltip: &str,
    enabled: bool,
) -> Response {
    let response = ui
        .add_enabled_ui(enabled, |ui| {
            let (rect, response) = ui.allocate_exact_size(vec2(width, 32.0), Sense::click());
            let color = if enabled { Color32::WHITE } else { faint(ui) };
            if enabled {
                paint_button(ui, &response, rect, true);
            } else {
                paint_button(ui, &response, rect, false);
            }
            let font = egui::FontId::proportional(15.0);
            let galley = ui.painter().layout_no_wrap(text.to_owned(), font, color);
            let left = rect.center().x - (galley.size().x + 16.0 + space::S) / 2.0;
            icon.paint(ui.painter(), egui::pos2(left + 8.0, rect.center().y), color);
            let text_at = egui::pos2(left + 16.0 + space::S, rect.center().y - galley.size().y / 2.0);
            ui.painter().galley(text_at, galley, color);
            response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, text));
            response
        })
        .inner;
    response.on_hover_text(tooltip).on_disabled_hover_text(tooltip)
}

/// A quiet button over the whole width that adds something to a list.
pub fn add_button(ui: &mut Ui, text: &str, tooltip: &str, disabled: &str, enabled: bool) -> Response {
    let response = ui
        .add_enabled_ui(enabled, |ui| {
            let palette = Palette::of(ui);
            let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
            let lit = response.hovered() || response.has_focus();
            let color = match (enabled, lit) {
                (false, _) => faint(ui),
                (true, false) => palette.weak,
                (true, true) => palette.text,
            };
            let edge = if response.has_focus() { palette.accent } else { palette.line };
            ui.painter().rect_stroke(
                rect.shrink(0.5),
                RADIUS,
                Stroke::new(1.0, edge),
                egui::StrokeKind::Middle,
            );
            let font = egui::FontId::proportional(13.0);
            let galley = ui.painter().layout_no_wrap(text.to_owned(), font, color);
            let left = rect.center().x - (galley.size().x + 14.0 + space::XS) / 2.0;
            Icon::Plus.paint(ui.painter(), egui::pos2(left + 7.0, rect.center().y), color);
            let text_at = egui::pos2(left + 14.0 + space::XS, rect.center().y - galley.size().y / 2.0);
            ui.painter().galley(text_at, galley, color);
            response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, text));
            response
        })
        .inner;
    response.on_hover_text(tooltip).on_disabled_hover_text(disabled)
}

fn paint_button(ui: &Ui, response: &Response, rect: egui::Rect, accent: bool) {
    let palette = Palette::of(ui);
    let lit = response.hovered() || response.is_pointer_button_down_on();
    let fill = match (accent, lit) {
        (true, false) => palette.accent_fill,
        (true, true) => palette.accent_hover,
        (false, false) => palette.button,
        (false, true) => palette.button_hover,
    };
    ui.painter().rect_filled(rect, RADIUS, fill);
    if response.has_focus() {
        let stroke = Stroke::new(2.0, if accent { palette.text } else { palette.accent });
        ui.painter().rect_stroke(rect, RADIUS, stroke, egui::StrokeKind::Inside);
    }
}

pub fn faint(ui: &Ui) -> Color32 {
    Palette::of(ui).faint()
}

/// Text in the quiet colour and small.
pub fn weak(ui: &Ui, text: impl Into<String>) -> RichText {
    RichText::new(text).small().color(Palette::of(ui).weak)
}

fn section_text(ui: &Ui, text: &str) -> RichText {
    RichText::new(text.to_uppercase()).size(11.5).color(Palette::of(ui).weak).extra_letter_spacing(1.0)
}

/// Heading of a section within a panel.
pub fn section(ui: &mut Ui, text: &str) {
    section_with(ui, text, |_| {});
}

/// Heading of a section with quiet buttons at its right end.
pub fn section_with(ui: &mut Ui, text: &str, buttons: impl FnOnce(&mut Ui)) {
    ui.add_space(space::M);
    let text = section_text(ui, text);
    ui.horizontal(|ui| {
        ui.label(text);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            // The words end about where the controls below do.
            ui.spacing_mut().button_padding.x = 2.0;
            buttons(ui);
        });
    });
    ui.add_space(2.0);
}

/// The same in a panel where height is scarce.
pub fn compact_section(ui: &mut Ui, text: &str, buttons: impl FnOnce(&mut Ui)) {
    ui.add_space(6.0);
    ui.horizontal(|ui| {
        ui.spacing_mut().interact_size.y = 18.0;
        ui.spacing_mut().button_padding = vec2(2.0, 0.0);
        ui.set_height(18.0);
        ui.label(section_text(ui, text));
        ui.with_layout(Layout::right_to_left(Align::Center), buttons);
    });
}

/// A button of one small word, without a frame until the pointer is on it.
pub fn quiet_button(ui: &mut Ui, text: &str, tooltip: &str) -> Response {
    let button = egui::Button::new(weak(ui, text)).small().frame_when_inactive(false);
    ui.add(button).on_hover_text(tooltip)
}

/// A row of the right panel: its label in the first column, the controls in the rest.
pub fn row<R>(ui: &mut Ui, label: &str, tooltip: &str, controls: impl FnOnce(&mut Ui) -> R) -> R {
    ui.horizontal(|ui| {
        ui.set_min_height(ROW);
        ui.allocate_ui_with_layout(vec2(LABEL, ROW), Layout::left_to_right(Align::Center), |ui| {
            ui.set_min_width(LABEL);
            let label = ui.add(egui::Label::new(label).truncate());
            super::tips::beside(label, tooltip);
        });
        controls(ui)
    })
    .inner
}

/// What is wrong with the setting in the row above.
pub fn row_error(ui: &mut Ui, message: &str) {
    let color = Palette::of(ui).bad;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        let (rect, _) = ui.allocate_exact_size(vec2(16.0, 18.0), Sense::hover());
        Icon::Warning.paint(ui.painter(), rect.center(), color);
        ui.add(egui::Label::new(RichText::new(message).small().color(color)).wrap());
    });
}

/// A number in few characters: `0.25`, `1500`, `2.5e6`.
pub fn number(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 {
        return "0".into();
    }
    if !(1e-4..1e5).contains(&size) {
        let text = format!("{value:.3e}");
        return match text.split_once('e') {
            Some((digits, exponent)) if digits.contains('.') => {
                format!("{}e{exponent}", digits.trim_end_matches('0').trim_end_matches('.'))
            }
            _ => text,
        };
    }
    let decimals = (3 - size.log10().floor() as i32).clamp(0, 7) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Parse a typed number: also `0,5`; never a NaN or an infinity.
pub fn parse_number(text: &str) -> Option<f64> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let digits = digits.replace(',', ".").replace('−', "-");
    let digits = digits.trim_end_matches("px").trim_end_matches("steps").trim_end_matches('%');
    digits.parse().ok().filter(|value: &f64| value.is_finite())
}

/// "1 painting", "3 paintings"
pub fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// A number of which the first digits matter: `0.4`, `0.035`, `12`.
pub fn rough(value: f64) -> String {
    if value <= 0.0 || !value.is_finite() {
        return number(value);
    }
    let decimals = -value.abs().log10().floor() + if value < 0.1 { 1.0 } else { 0.0 };
    format!("{value:.*}", decimals.clamp(0.0, 6.0) as usize)
}

/// Bytes for a person.
pub fn bytes(bytes: u64) -> String {
    let megabytes = bytes as f64 / 1e6;
    if megabytes < 1000.0 { format!("{megabytes:.0} MB") } else { format!("{:.1} GB", megabytes / 1000.0) }
}

/// Seconds as `0:07`, `12:30` or `1:02:03`.
pub fn clock(seconds: f64) -> String {
    let s = seconds.clamp(0.0, 1e7).round() as u64;
    if s < 3600 {
        format!("{}:{:02}", s / 60, s % 60)
    } else {
        format!("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
    }
}

/// A message as a sentence of its own. A name that it begins with stays as it is.
pub fn sentence(text: &str) -> String {
    let word = text.split_whitespace().next().unwrap_or_default();
    let text = if word.chars().all(char::is_alphabetic) { capital(text) } else { text.to_owned() };
    if text.ends_with(['.', '!', '?', '…']) { text } else { text + "." }
}

pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// `text` in at most `most` characters, with an ellipsis in the middle.
pub fn shorten(text: &str, most: usize) -> String {
    let count = text.chars().count();
    if count <= most || most < 3 {
        return text.to_owned();
    }
    let head: String = text.chars().take(most / 2).collect();
    let tail: String = text.chars().skip(count - (most - most / 2 - 1)).collect();
    format!("{head}…{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_read_back() {
        for (value, text) in [
            (0.0, "0"),
            (8.0, "8"),
            (0.25, "0.25"),
            (1234.0, "1234"),
            (1e6, "1e6"),
            (2.5e-5, "2.5e-5"),
            (0.003, "0.003"),
            (-1.0, "-1"),
            (99999.0, "99999"),
        ] {
            assert_eq!(number(value), text);
            assert_eq!(parse_number(text), Some(value));
        }
        assert_eq!(parse_number("0,5 "), Some(0.5));
        assert_eq!(parse_number("75 %"), Some(75.0));
        assert_eq!(parse_number("512 px"), Some(512.0));
        assert_eq!((parse_number("nan"), parse_number("inf"), parse_number("much")), (None, None, None));
    }

    #[test]
    fn times_and_sizes_are_for_people() {
        assert_eq!(
            (clock(7.4).as_str(), clock(750.0).as_str(), clock(3723.0).as_str()),
            ("0:07", "12:30", "1:02:03")
        );
        assert_eq!((bytes(412_000_000).as_str(), bytes(1_500_000_000).as_str()), ("412 MB", "1.5 GB"));
        assert_eq!(shorten("abcdefghij", 5), "ab…ij");
        assert_eq!(
            (sentence("it is gone"), sentence("a.png: bad")),
            ("It is gone.".into(), "a.png: bad.".into())
        );
    }
}
