//! The guide, inside the window: the chapters of `assets/guide`, so that they are there without a network.

use egui::{Context, FontId, RichText, ScrollArea, TextFormat, Ui, text::LayoutJob};

use super::{
    ImpastoApp,
    theme::{Palette, RADIUS, space},
};
use impasto_guide::CHAPTERS;

/// A piece of the guide.
#[derive(Debug, PartialEq, Eq)]
enum Block {
    /// With its depth, from 1.
    Heading(usize, String),
    Paragraph(String),
    /// With what stands before it: a dot or a number.
    Item(String, String),
    Code(String),
}

/// The blocks of the few kinds of markdown that the guide is written in.
fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if line.starts_with("```") {
            let code: Vec<&str> = lines.by_ref().take_while(|line| !line.starts_with("```")).collect();
            blocks.push(Block::Code(code.join("\n")));
        } else if line.starts_with("![") {
            // Pictures are for readers of the file: here the window itself is there.
        } else if line.starts_with('#') {
            let depth = line.chars().take_while(|&letter| letter == '#').count();
            blocks.push(Block::Heading(depth, line[depth..].trim().to_owned()));
        } else if let Some(item) = line.strip_prefix("- ") {
            blocks.push(Block::Item("•".to_owned(), item.to_owned()));
        } else if let Some((number, item)) =
            line.split_once(". ").filter(|(number, _)| number.parse::<u32>().is_ok())
        {
            blocks.push(Block::Item(format!("{number}."), item.to_owned()));
        } else if !line.trim().is_empty() {
            blocks.push(Block::Paragraph(line.to_owned()));
        }
    }
    blocks
}

/// Text with what is strong, emphasised and code set apart.
fn job(text: &str, palette: &Palette, width: f32) -> LayoutJob {
    let mut job = LayoutJob::default();
    job.wrap.max_width = width;
    let plain = TextFormat {
        line_height: Some(20.0),
        ..TextFormat::simple(FontId::proportional(14.0), palette.text)
    };
    let mut format = plain.clone();
    let mut rest = text;
    while !rest.is_empty() {
        let at = rest.find(['*', '`']).unwrap_or(rest.len());
        job.append(&rest[..at], 0.0, format.clone());
        rest = &rest[at..];
        let is_plain = format == plain;
        if let Some(after) = rest.strip_prefix("**") {
            format =
                if is_plain { TextFormat { color: palette.accent, ..plain.clone() } } else { plain.clone() };
            rest = after;
        } else if let Some(after) = rest.strip_prefix('*') {
            format = if is_plain { TextFormat { italics: true, ..plain.clone() } } else { plain.clone() };
            rest = after;
        } else if let Some(after) = rest.strip_prefix('`') {
            // Stars inside code are stars.
            let end = after.find('`').unwrap_or(after.len());
            let code = TextFormat { font_id: FontId::monospace(13.0), ..plain.clone() };
            job.append(&after[..end], 0.0, code);
            rest = after.get(end + 1..).unwrap_or_default();
        }
    }
    job
}

fn show(ui: &mut Ui, block: &Block) {
    let palette = Palette::of(ui);
    let width = ui.available_width();
    match block {
        Block::Heading(1, text) => {
            ui.label(RichText::new(text).size(22.0));
        }
        Block::Heading(_, text) => {
            ui.add_space(space::M);
            ui.label(RichText::new(text).size(17.0));
        }
        Block::Paragraph(text) => {
            ui.add(egui::Label::new(job(text, palette, width)).wrap());
        }
        Block::Item(mark, text) => {
            ui.horizontal_top(|ui| {
                ui.spacing_mut().item_spacing.x = space::XS;
                ui.allocate_ui(egui::vec2(20.0, 20.0), |ui| {
                    ui.set_min_width(20.0);
                    ui.label(RichText::new(mark).size(14.0).color(palette.weak));
                });
                // A label in a row does not wrap by itself.
                let width = ui.available_width();
                ui.vertical(|ui| {
                    ui.set_max_width(width);
                    ui.add(egui::Label::new(job(text, palette, width)).wrap());
                });
            });
        }
        Block::Code(text) => {
            egui::Frame::new().fill(palette.well).corner_radius(RADIUS).inner_margin(8).show(ui, |ui| {
                ui.set_min_width(width - 16.0);
                let text = RichText::new(text).monospace().size(12.5);
                ui.add(egui::Label::new(text).wrap().selectable(true));
            });
        }
    }
}

/// Its name as a dialog.
const NAME: &str = "guide";

impl ImpastoApp {
    pub(super) fn toggle_guide(&mut self) {
        self.panels.toggle(NAME);
    }

    pub(super) fn guide_window(&mut self, ctx: &Context) {
        if !self.panels.is_open(NAME) {
            return;
        }
        let modal = super::theme::modal(ctx, NAME).show(ctx, |ui| {
            let room = ctx.content_rect().size();
            ui.set_width((room.x - 120.0).min(680.0));
            ScrollArea::vertical().max_height(room.y - 150.0).show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = space::S;
                blocks(CHAPTERS).iter().for_each(|block| show(ui, block));
            });
            ui.add_space(space::M);
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                ui.button("Close the guide").on_hover_text("Back to the painting (Escape)").clicked()
            })
            .inner
        });
        if modal.inner || modal.should_close() {
            self.panels.close(NAME);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::Palette;

    #[test]
    fn the_guide_is_read_as_what_it_is() {
        let read =
            blocks("# Title\n\nOne *line*.\n\n2. second\n- item\n\n```\ncode * here\nmore\n```\n## Next\n");
        let expected = [
            Block::Heading(1, "Title".into()),
            Block::Paragraph("One *line*.".into()),
            Block::Item("2.".into(), "second".into()),
            Block::Item("•".into(), "item".into()),
            Block::Code("code * here\nmore".into()),
            Block::Heading(2, "Next".into()),
        ];
        assert_eq!(read, expected);
    }

    #[test]
    fn nothing_in_the_guide_is_left_as_markup() {
        let palette = Palette::for_theme(egui::Theme::Dark);
        let read = blocks(CHAPTERS);
        assert!(read.len() > 60, "{}", read.len());
        for block in &read {
            let (Block::Paragraph(text) | Block::Item(_, text)) = block else { continue };
            let job = job(text, palette, 500.0);
            let code =
                |section: &egui::text::LayoutSection| section.format.font_id == FontId::monospace(13.0);
            let marked = job.sections.iter().filter(|section| !code(section)).any(|section| {
                let range = section.byte_range.clone();
                job.text[range.start.0..range.end.0].contains(['*', '`'])
            });
            assert!(!marked && !text.contains("]("), "{text}");
        }
    }
}
