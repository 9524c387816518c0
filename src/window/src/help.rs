//! The help window: every command with its key.

use egui::{Align, Context, Layout, RichText, Ui};

use super::{
    ImpastoApp,
    command::Command,
    row_end,
    theme::{Palette, space},
    widgets,
};

/// What the mouse does, and the one key that is held.
const MOUSE: [(&str, &str); 8] = [
    ("Hold C", "Look at the content"),
    ("Wheel, pinch", "Zoom around the pointer"),
    ("Drag picture", "Move it"),
    ("Double-click", "Fit it; slider: its default"),
    ("Right-click", "A fader, a moment: what there is more"),
    ("Ctrl+1 … 8", "Recall the mix A … H"),
    ("Delete", "Focused fader: its default"),
    ("Drop files", "Left content, right style"),
];

/// What the mode that paints regions has beside.
const MASKS: [(&str, &str); 4] = [
    ("B, E", "Brush, eraser"),
    ("Wheel, [ and ]", "Brush: size; shift: hardness; ctrl: opacity"),
    ("Right button", "Takes away; shift: straight on, or add"),
    ("Hold Space or \\", "Move the picture; the mask alone"),
];

/// Columns of the list, and the height of a line in points: as much as there is room for.
const COLUMNS: usize = 3;
const LINE: std::ops::RangeInclusive<f32> = 14.5..=18.0;
/// Width of the column of keys.
const KEY: f32 = 124.0;

/// What users need no key for.
const FOR_DEVELOPERS: Command = Command::FrameTimes;

/// Its name as a dialog.
const NAME: &str = "help";

impl ImpastoApp {
    pub(super) fn toggle_help(&mut self) {
        self.panels.toggle(NAME);
    }

    pub(super) fn close_help(&mut self) {
        self.panels.close(NAME);
    }

    /// Commands work by their keys also while the help lists them.
    pub(super) fn is_help_open(&self) -> bool {
        self.panels.is_open(NAME)
    }

    pub(super) fn help_window(&mut self, ctx: &Context) {
        if !self.is_help_open() {
            return;
        }
        let [mut about, mut tour] = [false; 2];
        let modal = super::theme::modal(ctx, NAME).show(ctx, |ui| {
            let width = (ctx.content_rect().width() - 84.0).min(960.0);
            ui.set_width(width);
            ui.heading("Keys");
            ui.add_space(space::S);
            let room = ctx.content_rect().height() - 150.0;
            egui::ScrollArea::vertical().max_height(room).show(ui, |ui| lists(ui, width, room));
            ui.add_space(space::M);
            ui.horizontal(|ui| {
                ui.label(widgets::weak(ui, concat!("Impasto ", env!("CARGO_PKG_VERSION"))));
                about = ui.button("About").on_hover_text(Command::About.tooltip()).clicked();
                tour = ui.button("Guided tour").on_hover_text(Command::Tour.hint(ctx)).clicked();
                row_end::show(ui, "help", |ui| {
                    let guide = ui.button("Read the guide").on_hover_text(Command::Guide.tooltip());
                    if guide.clicked() {
                        self.toggle_guide();
                    }
                    let close = ui.button("Close").on_hover_text("Closes the help (Escape)").clicked();
                    close || guide.clicked()
                })
            })
            .inner
        });
        if modal.inner || modal.should_close() {
            self.close_help();
        }
        if tour {
            self.actions.push(Command::Tour);
        }
        if about {
            self.close_help();
            self.toggle_about();
        }
    }
}

/// A line of the list.
enum Line {
    Heading(&'static str),
    Key {
        key: String,
        text: &'static str,
        tooltip: &'static str,
    },
    /// Between two groups.
    Gap,
}

/// The keys under their headings, then the mouse. No group is torn apart, and the columns are about as long
/// as each other.
fn columns(ctx: &Context) -> [Vec<Line>; COLUMNS] {
    let mut groups: Vec<(&str, Vec<Line>)> = Vec::new();
    let without_command =
        |(what, does): (&str, &'static str)| Line::Key { key: what.to_owned(), text: does, tooltip: does };
    for command in Command::ALL.into_iter().filter(|command| *command != FOR_DEVELOPERS) {
        let Some(key) = command.key(ctx) else { continue };
        let line = Line::Key { key, text: command.text(), tooltip: command.tooltip() };
        match groups.last_mut() {
            Some((group, lines)) if *group == command.group() => lines.push(line),
            _ => groups.push((command.group(), vec![line])),
        }
        if command == Command::Masks
            && let Some((_, lines)) = groups.last_mut()
        {
            lines.extend(MASKS.map(without_command));
        }
    }
    groups.push(("Mouse", MOUSE.map(without_command).into()));
    // A heading and a gap with each.
    let all: usize = groups.iter().map(|(_, lines)| lines.len() + 2).sum();
    let mut columns: [Vec<Line>; COLUMNS] = Default::default();
    let mut above = 0;
    for (group, lines) in groups {
        let height = lines.len() + 2;
        // By where its middle would be in one long column.
        let column = &mut columns[(2 * above + height) * COLUMNS / (2 * all)];
        above += height;
        if !column.is_empty() {
            column.push(Line::Gap);
        }
        column.push(Line::Heading(group));
        column.extend(lines);
    }
    columns
}

/// All keys and what the mouse does, in columns.
fn lists(ui: &mut Ui, width: f32, room: f32) {
    let palette = Palette::of(ui);
    let ctx = ui.ctx().clone();
    let columns = columns(&ctx);
    let length = columns.iter().map(Vec::len).max().unwrap_or_default();
    let column = (width - (COLUMNS - 1) as f32 * space::L) / COLUMNS as f32;
    let height = (room / length.max(1) as f32).clamp(*LINE.start(), *LINE.end());
    ui.spacing_mut().interact_size.y = height;
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = space::L;
        for lines in columns {
            let size = egui::vec2(column, length as f32 * height);
            ui.allocate_ui_with_layout(size, Layout::top_down(Align::Min), |ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                ui.set_min_width(column);
                ui.set_max_width(column);
                for line in lines {
                    // Every line has its height, so that the window does not move after its first frame.
                    let (key, text, tooltip) = match line {
                        Line::Gap => {
                            ui.add_space(space::S);
                            continue;
                        }
                        Line::Heading(heading) => {
                            ui.horizontal(|ui| {
                                ui.set_height(height);
                                let text = RichText::new(heading).size(13.0).strong().color(palette.text);
                                ui.add(egui::Label::new(text).truncate());
                            });
                            continue;
                        }
                        Line::Key { key, text, tooltip } => (key, text, tooltip),
                    };
                    ui.horizontal(|ui| {
                        ui.set_height(height);
                        ui.spacing_mut().item_spacing.x = 0.0;
                        ui.allocate_ui_with_layout(
                            egui::vec2(KEY, height),
                            Layout::left_to_right(Align::Center),
                            |ui| {
                                ui.set_min_width(KEY);
                                ui.label(RichText::new(key).monospace().color(palette.text));
                            },
                        );
                        let text = RichText::new(text).size(13.0).color(palette.weak);
                        ui.add(egui::Label::new(text).truncate()).on_hover_text(tooltip);
                    });
                }
            });
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_stands_under_a_heading_and_no_column_is_much_longer() {
        let columns = columns(&Context::default());
        let keys = columns.iter().flatten().filter(|line| matches!(line, Line::Key { .. })).count();
        let with_key = Command::ALL.into_iter().filter(|command| command.key(&Context::default()).is_some());
        assert_eq!(keys, with_key.count() - 1 + MASKS.len() + MOUSE.len(), "all but the developers' one");
        assert!(columns.iter().all(|lines| matches!(lines.first(), Some(Line::Heading(_)))));
        let lengths = columns.each_ref().map(Vec::len);
        assert!(lengths.iter().max().unwrap() - lengths.iter().min().unwrap() <= 4, "{lengths:?}");
    }
}
