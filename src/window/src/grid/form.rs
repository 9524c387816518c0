//! The form of a grid: two settings with their values, the size and the steps of a cell.

use std::time::{Duration, Instant};

use egui::{
    FontId, Id, Key, Label, Modifiers, PopupCloseBehavior, RichText, ScrollArea, Sense, Stroke, StrokeKind,
    TextEdit, Ui,
    text::{LayoutJob, TextWrapping},
};

use super::choices::{self, Choice};
use crate::{
    command_palette::fits_any,
    entry::Entry,
    theme::{Palette, RADIUS, ROW, space},
    widgets,
};
use impasto_core::settings::Settings;
use impasto_formats::explore::{Axis, CELL_SIZE, CELL_STEPS, cell_order};

/// Lines of the list of settings that are seen at once.
const LINES: f32 = 9.0;
/// Largest size of a cell in pixels.
const LARGEST: f64 = 1024.0;
/// How long a form rests before it is worked out, so that a dragged slider is not followed at every frame.
const REST: Duration = Duration::from_millis(60);

/// One axis as it is typed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AxisForm {
    /// Empty for no axis.
    pub setting: String,
    pub values: String,
}

impl AxisForm {
    fn new(setting: &str, settings: &Settings) -> Self {
        Self { setting: setting.to_owned(), values: choices::values(setting, settings) }
    }

    fn axis(&self) -> Result<Option<Axis>, String> {
        if self.setting.is_empty() {
            return Ok(None);
        }
        if self.values.trim().is_empty() {
            return Err(format!("give it values, {}", choices::hint(&self.setting)));
        }
        let axis: Axis = format!("{}={}", self.setting, self.values)
            .parse()
            .map_err(|error: impasto_formats::explore::AxisError| error.to_string())?;
        Ok(Some(axis))
    }
}

/// What the form asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    x: AxisForm,
    y: AxisForm,
    base: Settings,
}

/// A grid that can be painted.
#[derive(Clone, Debug)]
pub struct Plan {
    pub x: Axis,
    pub y: Option<Axis>,
    pub base: Settings,
    /// Settings of the cells, row by row.
    pub cells: Vec<Settings>,
    /// Columns and rows in the order in which they are painted.
    pub order: Vec<(usize, usize)>,
}

/// A form worked out: what is wrong with either axis, or the grid.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    x: Option<String>,
    y: Option<String>,
    plan: Option<Plan>,
}

/// A message with the setting called as the window calls it.
fn in_words(setting: &str, message: &str) -> String {
    match message.strip_prefix(setting) {
        Some(rest) if !setting.is_empty() => format!("{}{rest}", choices::title(setting)),
        _ => message.to_owned(),
    }
}

impl Question {
    /// Read the axes and make every cell's settings. Takes a while for many.
    pub fn answer(&self) -> Checked {
        let mut checked = Checked::default();
        let mut read = |form: &AxisForm, problem: fn(&mut Checked) -> &mut Option<String>| {
            let applied = form.axis().and_then(|axis| {
                let wrong = axis.as_ref().and_then(|axis| {
                    axis.values.iter().find_map(|value| axis.apply(&self.base, value).err())
                });
                wrong.map_or(Ok(axis), |error| Err(error.to_string()))
            });
            let told = |text: String| widgets::sentence(&in_words(&form.setting, &text));
            applied.map_err(|text| *problem(&mut checked) = Some(told(text))).ok()
        };
        let x = read(&self.x, |checked| &mut checked.x);
        let y = read(&self.y, |checked| &mut checked.y);
        let Some((x, y)) = x.zip(y) else { return checked };
        let Some(x) = x else {
            checked.x = Some("Choose a setting.".to_owned());
            return checked;
        };
        if y.as_ref().is_some_and(|y| y.setting == x.setting) {
            checked.y = Some("Both axes are the same setting: take another one, or none.".to_owned());
            return checked;
        }
        let rows: Vec<_> = match &y {
            Some(y) => y.values.iter().map(Some).collect(),
            None => vec![None],
        };
        let mut cells = Vec::with_capacity(x.values.len() * rows.len());
        for row in &rows {
            for value in &x.values {
                let settings = x.apply(&self.base, value).and_then(|settings| match (&y, row) {
                    (Some(y), Some(row)) => y.apply(&settings, row),
                    _ => Ok(settings),
                });
                match settings {
                    Ok(settings) => cells.push(settings),
                    Err(error) => {
                        checked.y = Some(widgets::sentence(&in_words(&self.y.setting, &error.to_string())));
                        return checked;
                    }
                }
            }
        }
        let order = cell_order(&x, y.as_ref(), &self.base);
        checked.plan = Some(Plan { x, y, base: self.base.clone(), cells, order });
        checked
    }
}

/// The form, and what it came to.
pub struct Form {
    x: AxisForm,
    y: AxisForm,
    size: f64,
    steps: f64,
    asked: Option<(Question, u64)>,
    asked_at: Option<Instant>,
    checked: Option<Checked>,
    /// The answer is that to the last question.
    fresh: bool,
    /// What is looked for in the list of settings.
    query: String,
    chosen: usize,
}

impl Default for Form {
    fn default() -> Self {
        let settings = Settings::default();
        Self {
            x: AxisForm::new("style-weight", &settings),
            y: AxisForm::new("style-scale", &settings),
            size: f64::from(CELL_SIZE),
            steps: f64::from(CELL_STEPS),
            asked: None,
            asked_at: None,
            checked: None,
            fresh: false,
            query: String::new(),
            chosen: 0,
        }
    }
}

impl Form {
    /// The question to be worked out, if it has changed, with its number.
    pub fn question(&mut self, settings: &Settings) -> Option<(Question, u64)> {
        let base = Settings { size: self.size as u32, steps: self.steps as u32, ..settings.clone() };
        let question = Question { x: self.x.clone(), y: self.y.clone(), base };
        let known = self.asked.as_ref().is_some_and(|(asked, _)| *asked == question);
        let rested = self.asked_at.is_none_or(|asked_at| asked_at.elapsed() >= REST);
        if known || !rested {
            return None;
        }
        let ticket = self.asked.as_ref().map_or(0, |(_, ticket)| *ticket) + 1;
        self.asked = Some((question.clone(), ticket));
        self.asked_at = Some(Instant::now());
        self.fresh = false;
        Some((question, ticket))
    }

    /// Take an answer in, unless something else was asked since.
    pub fn take(&mut self, ticket: u64, checked: Checked) {
        if self.asked.as_ref().is_some_and(|(_, last)| *last == ticket) {
            self.checked = Some(checked);
            self.fresh = true;
        }
    }

    /// The grid that the form makes, if it makes one.
    pub fn plan(&self) -> Option<Plan> {
        self.checked.as_ref().filter(|_| self.fresh)?.plan.clone()
    }

    /// Cells of the grid that the form makes.
    pub fn count(&self) -> Option<usize> {
        self.checked.as_ref()?.plan.as_ref().map(|plan| plan.cells.len())
    }

    /// Whether the last answer is to what stands there.
    pub fn is_fresh(&self) -> bool {
        self.fresh
    }

    /// Begin with other axes.
    pub fn set(&mut self, x: &str, y: &str, settings: &Settings) {
        self.x = AxisForm::new(x, settings);
        self.y = if y.is_empty() { AxisForm::default() } else { AxisForm::new(y, settings) };
    }

    /// The rows of both axes, each with what is wrong with it.
    pub fn axes(&mut self, ui: &mut Ui, settings: &Settings) {
        let problems = self.checked.as_ref().map(|checked| (checked.x.clone(), checked.y.clone()));
        let (wrong_x, wrong_y) = problems.unwrap_or_default();
        for (label, across, wrong) in [("Across", true, wrong_x), ("Down", false, wrong_y)] {
            self.axis_row(ui, label, across, settings);
            if let Some(text) = wrong {
                widgets::row_error(ui, &text);
            }
        }
    }

    fn axis_row(&mut self, ui: &mut Ui, label: &str, across: bool, settings: &Settings) {
        let tooltip = match across {
            true => "The setting that changes from column to column, and its values",
            false => "The setting that changes from row to row, and its values; none for a single row",
        };
        ui.horizontal(|ui| {
            axis_label(ui, label, tooltip);
            let width = (ui.available_width() * 0.36).clamp(120.0, 200.0);
            if let Some(setting) = self.chooser(ui, label, across, width) {
                let form = if across { &mut self.x } else { &mut self.y };
                *form = match setting.as_str() {
                    "" => AxisForm::default(),
                    setting => AxisForm::new(setting, settings),
                };
            }
            let form = if across { &mut self.x } else { &mut self.y };
            let there = !form.setting.is_empty();
            let hint = if there { choices::hint(&form.setting) } else { "one row".to_owned() };
            let edit = TextEdit::singleline(&mut form.values)
                .hint_text(hint)
                .desired_width(f32::INFINITY)
                .margin(egui::Margin::symmetric(8, 5));
            let tooltip = "A list, as 1, 4, 16, or a range with the number of its values, as 1-100 [5], which is spaced by \
                           factors where it spans ten and more";
            ui.add_enabled(there, edit).accessible_name(format!("Values, {}", label.to_lowercase())).on_hover_text(tooltip);
        });
    }

    /// The button that shows an axis' setting and opens the list of all; returns the one that was taken.
    fn chooser(&mut self, ui: &mut Ui, label: &str, across: bool, width: f32) -> Option<String> {
        let setting = if across { &self.x.setting } else { &self.y.setting };
        let shown = if setting.is_empty() { "none".to_owned() } else { choices::title(setting) };
        let palette = Palette::of(ui);
        let (rect, button) = ui.allocate_exact_size(egui::vec2(width, ROW), Sense::click());
        let fill = if button.hovered() { palette.button_hover } else { palette.button };
        ui.painter().rect_filled(rect, RADIUS, fill);
        if button.has_focus() {
            let stroke = Stroke::new(2.0, palette.accent);
            ui.painter().rect_stroke(rect, RADIUS, stroke, StrokeKind::Inside);
        }
        let mut job = LayoutJob::simple_singleline(shown.clone(), FontId::proportional(14.0), palette.text);
        job.wrap = TextWrapping::truncate_at_width(width - 36.0);
        let galley = ui.painter().layout_job(job);
        let left = rect.left_center() + egui::vec2(10.0, -galley.size().y / 2.0);
        ui.painter().galley(left, galley, palette.text);
        // As on the other lists.
        let at = rect.right_center() - egui::vec2(15.0, 0.0);
        let corners = [(-5.0, -3.0), (5.0, -3.0), (0.0, 4.0)].map(|(x, y)| at + egui::vec2(x, y));
        ui.painter().add(egui::Shape::convex_polygon(corners.to_vec(), palette.text, Stroke::NONE));
        let name = format!("Setting, {}: {shown}", label.to_lowercase());
        button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ComboBox, true, &name));
        let button = button.on_hover_text("Chooses the setting: type a few letters of its name");
        if button.clicked() {
            (self.query, self.chosen) = (String::new(), 0);
        }
        let mut taken = None;
        egui::Popup::menu(&button).close_behavior(PopupCloseBehavior::CloseOnClickOutside).show(|ui| {
            ui.set_width(250.0);
            taken = self.list(ui, !across);
            if taken.is_some() {
                ui.close();
            }
        });
        taken
    }

    /// The settings that fit what is typed.
    fn list(&mut self, ui: &mut Ui, may_be_none: bool) -> Option<String> {
        let ctx = ui.ctx().clone();
        let query = self.query.trim().to_owned();
        let asked = self.asked.as_ref().map(|(question, _)| &question.base.masks.regions);
        let mut found: Vec<(i32, Choice)> = choices::all(asked.map_or(&[], |regions| regions))
            .into_iter()
            .filter_map(|choice| Some((fits_any(&query, &choice.title, &choice.words)?, choice)))
            .collect();
        if may_be_none && query.is_empty() {
            let none = Choice { setting: String::new(), title: "none".into(), words: String::new() };
            found.insert(0, (0, none));
        }
        if !query.is_empty() {
            found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        }
        let key = |key| ctx.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        let (up, down, enter) = (key(Key::ArrowUp), key(Key::ArrowDown), key(Key::Enter));
        let last = found.len().saturating_sub(1);
        let before = self.chosen;
        self.chosen = match (up, down) {
            (true, false) => self.chosen.saturating_sub(1),
            (false, true) => self.chosen + 1,
            _ => self.chosen,
        }
        .min(last);
        let moved = self.chosen != before;
        let field = TextEdit::singleline(&mut self.query)
            .id(Id::unique("grid setting"))
            .hint_text("β, layer, colours…")
            .margin(egui::Margin::symmetric(8, 5))
            .desired_width(f32::INFINITY);
        let field = ui.add(field).accessible_name("Find a setting");
        if !field.has_focus() {
            field.request_focus();
        }
        if field.changed() {
            self.chosen = 0;
        }
        ui.add_space(space::XS);
        let mut taken = None;
        ScrollArea::vertical().max_height(LINES * 24.0).auto_shrink([false, true]).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            if found.is_empty() {
                ui.label(widgets::weak(ui, "Nothing is called like this."));
            }
            for (index, (_, choice)) in found.iter().enumerate() {
                let text = RichText::new(&choice.title).size(13.5).color(Palette::of(ui).text);
                let line = egui::Button::selectable(index == self.chosen, text)
                    .truncate()
                    .min_size(egui::vec2(ui.available_width(), 24.0));
                let line = ui.add(line);
                if index == self.chosen && moved {
                    line.scroll_to_me(None);
                }
                if line.clicked() || (enter && index == self.chosen) {
                    taken = Some(choice.setting.clone());
                }
            }
        });
        taken
    }

    /// Size and steps of a cell.
    pub fn cell_row(&mut self, ui: &mut Ui) {
        let tooltip = "Size and steps of each picture; the painting keeps its own";
        axis_label(ui, "Each", tooltip);
        let tooltip = "Longest side of a cell's picture in pixels, 64 to 1024, where no axis varies the size";
        let entry = Entry {
            name: "Size of a cell",
            tooltip,
            drag: 64.0..=LARGEST,
            suffix: " px",
            whole: true,
            width: 70.0,
            param: None,
            default: None,
        };
        entry.show(ui, &mut self.size);
        self.size = self.size.clamp(64.0, LARGEST);
        let tooltip = "Steps that each cell is painted with, 1 to 5000, where no axis varies them";
        let entry = Entry {
            name: "Steps of a cell",
            tooltip,
            drag: 1.0..=5000.0,
            suffix: " steps",
            whole: true,
            width: 84.0,
            param: None,
            default: None,
        };
        entry.show(ui, &mut self.steps);
        self.steps = self.steps.clamp(1.0, 5000.0);
        let text = match self.count() {
            None => String::new(),
            Some(1) => "1 picture".to_owned(),
            Some(count) => format!("{count} pictures"),
        };
        ui.add(Label::new(widgets::weak(ui, text)).truncate());
    }
}

/// The label in the form's first column.
fn axis_label(ui: &mut Ui, text: &str, tooltip: &str) {
    ui.allocate_ui(egui::vec2(50.0, ROW), |ui| {
        ui.set_min_width(50.0);
        ui.label(text).on_hover_text(tooltip);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(x: (&str, &str), y: (&str, &str)) -> Checked {
        let form =
            |(setting, values): (&str, &str)| AxisForm { setting: setting.into(), values: values.into() };
        Question { x: form(x), y: form(y), base: Settings::default() }.answer()
    }

    #[test]
    fn a_form_makes_a_grid_or_says_which_axis_is_wrong() {
        let plan = checked(("style-weight", "1, 4"), ("size", "64,128-256 [2]")).plan.unwrap();
        let cells: Vec<_> = plan.cells.iter().map(|cell| (cell.style_weight, cell.size)).collect();
        assert_eq!(cells, [(1.0, 64), (4.0, 64), (1.0, 128), (4.0, 128), (1.0, 256), (4.0, 256)]);
        // The size changes least.
        assert_eq!(plan.order[..3], [(0, 0), (1, 0), (0, 1)]);
        assert_eq!(checked(("style-weight", "1,2"), ("", "")).plan.unwrap().cells.len(), 2);

        let wrong = |x: (&str, &str), y: (&str, &str)| {
            let checked = checked(x, y);
            assert!(checked.plan.is_none());
            (checked.x.unwrap_or_default(), checked.y.unwrap_or_default())
        };
        let (x, y) = wrong(("style-weight", "1,-2"), ("size", "9"));
        assert!(x.starts_with("Style β cannot have -2") && y.starts_with("Size cannot have 9"), "{x} {y}");
        let (x, _) = wrong(("style-weight", "1, much"), ("", ""));
        assert_eq!(x, "Style β cannot have much: it is not a number.");
        let (x, y) = wrong(("lr", "  "), ("beta1", "0.5"));
        assert!(x.contains("values") && y.is_empty(), "{x} {y}");
        let (_, y) = wrong(("lr", "0.1,0.2"), ("lr", "0.3"));
        assert!(y.contains("same"), "{y}");
        // Both are good alone, and nothing is left to paint together.
        let base = Settings { smoothness_weight: 0.0, ..Settings::default() };
        let form = |setting: &str| AxisForm { setting: setting.into(), values: "0, 1".into() };
        let checked = Question { x: form("style-weight"), y: form("content-weight"), base }.answer();
        assert!(checked.plan.is_none() && checked.y.unwrap().contains("nothing to paint"));
    }
}
