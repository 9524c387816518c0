//! The guide, inside the window: the chapters of `assets/guide` and their pictures, so that they are there
//! without a network.

use std::sync::LazyLock;

use egui::{
    Align, Button, Context, FontFamily, FontId, Key, Layout, Modifiers, Rect, ScrollArea, Sense, TextStyle,
    Ui, UiBuilder, pos2, vec2,
};
use egui_commonmark::{CommonMarkCache, CommonMarkViewer};
use pulldown_cmark::{Event, Parser, Tag};

use super::{
    ImpastoApp,
    theme::{Palette, space},
};
use impasto_guide::{CHAPTERS, PICTURES};

/// Its name as a dialog.
const NAME: &str = "guide";

/// Width of the column of chapters, in points.
const LIST: f32 = 180.0;
/// The longest line of text, in points.
const LINE: f32 = 680.0;
/// How far an arrow key scrolls, in points.
const ARROW: f32 = 40.0;

/// What stands before a picture's file name in its address.
const ADDRESS: &str = "bytes://guide/";

struct Chapter {
    file: &'static str,
    title: &'static str,
    text: String,
}

/// Read once it is opened for the first time.
static GUIDE: LazyLock<Vec<Chapter>> = LazyLock::new(|| {
    let read = |&(file, text): &(&'static str, &'static str)| {
        let title = text.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or(file);
        Chapter { file, title, text: for_the_window(text) }
    };
    CHAPTERS.iter().map(read).collect()
});

/// A chapter without the pictures that are not embedded, which show this window, and with links to anything
/// but chapters as plain text.
fn for_the_window(text: &str) -> String {
    let has_chapter = |name: &str| CHAPTERS.iter().any(|(file, _)| *file == name);
    let has_picture = |name: &str| PICTURES.iter().any(|(file, _)| *file == name);
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (event, range) in Parser::new(text).into_offset_iter() {
        let kept = match event {
            Event::Start(Tag::Image { dest_url, .. }) if !has_picture(&dest_url) => "",
            Event::Start(Tag::Link { dest_url, .. }) if !has_chapter(&dest_url) => {
                let link = &text[range.clone()];
                link.strip_prefix('[')
                    .and_then(|link| link.rsplit_once("]("))
                    .map_or(link, |(words, _)| words)
            }
            _ => continue,
        };
        // A picture within a link has gone with it.
        if range.start >= at {
            out.push_str(&text[at..range.start]);
            out.push_str(kept);
            at = range.end;
        }
    }
    out.push_str(&text[at..]);
    out
}

/// Which chapter is read.
#[derive(Default)]
pub struct Guide {
    chapter: usize,
    cache: CommonMarkCache,
}

impl Guide {
    fn show(&mut self, ui: &mut Ui, room: egui::Vec2) {
        let (area, _) = ui.allocate_exact_size(room, Sense::hover());
        let list = Rect::from_min_size(area.min, vec2(LIST, area.height()));
        let text = Rect::from_min_max(pos2(list.max.x + space::L, area.min.y), area.max);
        self.chapters(
            &mut ui.new_child(UiBuilder::new().max_rect(list).layout(Layout::top_down_justified(Align::Min))),
        );
        self.text(&mut ui.new_child(UiBuilder::new().max_rect(text)));
    }

    fn chapters(&mut self, ui: &mut Ui) {
        ScrollArea::vertical().id_salt("chapters").auto_shrink(false).show(ui, |ui| {
            for (index, chapter) in GUIDE.iter().enumerate() {
                if ui.add(Button::selectable(index == self.chapter, chapter.title).wrap()).clicked() {
                    self.chapter = index;
                }
            }
        });
    }

    fn text(&mut self, ui: &mut Ui) {
        if self.cache.link_hooks().is_empty() {
            for (file, bytes) in PICTURES {
                ui.ctx().include_bytes(format!("{ADDRESS}{file}"), *bytes);
            }
            GUIDE.iter().for_each(|chapter| self.cache.add_link_hook(chapter.file));
        }
        let chapter = &GUIDE[self.chapter];
        let page = ui.available_height();
        // By the chapter's name, so that each keeps its place.
        ScrollArea::vertical().id_salt(chapter.file).auto_shrink(false).show(ui, |ui| {
            ui.set_max_width((ui.available_width() - space::M).min(LINE));
            let far = scrolled_by_keys(ui, page);
            if far != 0.0 {
                ui.scroll_with_delta(vec2(0.0, -far));
            }
            look(ui);
            let viewer = CommonMarkViewer::new().default_implicit_uri_scheme(ADDRESS);
            viewer.show(ui, &mut self.cache, &chapter.text);
        });
        let followed = |chapter: &Chapter| self.cache.get_link_hook(chapter.file) == Some(true);
        if let Some(index) = GUIDE.iter().position(followed) {
            self.chapter = index;
        }
    }
}

/// How far keys scroll a text of which `page` points are seen. Arrows move the keyboard's focus where there
/// is one.
fn scrolled_by_keys(ui: &Ui, page: f32) -> f32 {
    let free = ui.memory(|memory| memory.focused().is_none());
    let step = page - ARROW;
    let end = ui.ctx().content_rect().height() * 1e3;
    let keys = [
        (Key::ArrowUp, -ARROW, free),
        (Key::ArrowDown, ARROW, free),
        (Key::PageUp, -step, true),
        (Key::PageDown, step, true),
        (Key::Home, -end, free),
        (Key::End, end, free),
    ];
    ui.input_mut(|input| {
        let pressed = keys.into_iter().filter(|&(_, _, works)| works);
        pressed.map(|(key, far, _)| input.count_and_consume_key(Modifiers::NONE, key) as f32 * far).sum()
    })
}

/// What is strong has the accent's colour, as the font has one weight.
fn look(ui: &mut Ui) {
    let palette = Palette::of(ui);
    let style = ui.style_mut();
    style.visuals.widgets.active.fg_stroke.color = palette.accent;
    style.visuals.code_bg_color = palette.well;
    style.text_styles.insert(TextStyle::Heading, FontId::new(22.0, FontFamily::Proportional));
}

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
            let width = (room.x - 120.0).min(LIST + space::L + LINE + space::M);
            ui.set_width(width);
            self.panels.guide.show(ui, vec2(width, room.y - 150.0));
            ui.add_space(space::M);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
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
    use pulldown_cmark::{Options, TagEnd};

    /// What the viewer takes for markup.
    const AS_SHOWN: Options = Options::ENABLE_TABLES
        .union(Options::ENABLE_TASKLISTS)
        .union(Options::ENABLE_STRIKETHROUGH)
        .union(Options::ENABLE_FOOTNOTES)
        .union(Options::ENABLE_DEFINITION_LIST);

    #[test]
    fn what_is_not_in_the_program_is_left_out() {
        let text = "![A](../../screenshots/a.png)\n\nSee [the *mixer*](mixer.md), [the **limits**](limits.md), \
                    [`a`](https://impasto.example) and [![b](b.png)](b.md).\n\n![L](layers.jpg)\n";
        let shown =
            "\n\nSee [the *mixer*](mixer.md), the **limits**, `a` and ![b](b.png).\n\n![L](layers.jpg)\n";
        assert_eq!(for_the_window(text), shown);
    }

    #[test]
    fn nothing_in_the_guide_is_left_as_markup() {
        let mut texts = 0;
        let mut pictures = Vec::new();
        for chapter in GUIDE.iter() {
            assert!(chapter.title != chapter.file, "{} has no heading", chapter.file);
            let mut code = false;
            for event in Parser::new_ext(&chapter.text, AS_SHOWN) {
                match event {
                    Event::Start(Tag::CodeBlock(_)) => code = true,
                    Event::End(TagEnd::CodeBlock) => code = false,
                    Event::Text(text) if !code => {
                        texts += 1;
                        let is_marked = text.contains(['*', '`', '|']) || text.contains("](");
                        assert!(!is_marked, "{}: {text}", chapter.file);
                    }
                    Event::Start(Tag::Link { dest_url, .. }) => {
                        assert!(GUIDE.iter().any(|other| *other.file == *dest_url), "{dest_url}");
                    }
                    Event::Start(Tag::Image { dest_url, .. }) => {
                        assert!(PICTURES.iter().any(|(file, _)| **file == *dest_url), "{dest_url}");
                        pictures.push(dest_url.into_string());
                    }
                    // Cells do not wrap in the window: a list says it as well.
                    Event::Start(Tag::Table(_)) => panic!("{} has a table", chapter.file),
                    Event::Start(Tag::Strikethrough | Tag::DefinitionList | Tag::FootnoteDefinition(_)) => {
                        panic!("{} has what it does not mean", chapter.file);
                    }
                    Event::Html(html) | Event::InlineHtml(html) => panic!("{}: {html}", chapter.file),
                    _ => {}
                }
            }
        }
        assert!(texts > 60, "{texts}");
        for (file, bytes) in PICTURES {
            assert!(pictures.iter().any(|shown| shown == file), "no chapter shows {file}");
            assert!(image::load_from_memory(bytes).is_ok(), "{file}");
        }
    }

    #[test]
    fn no_picture_of_the_guides_folder_is_forgotten() {
        for (name, text) in CHAPTERS {
            for event in Parser::new(text) {
                if let Event::Start(Tag::Image { dest_url, .. }) = event {
                    let is_known = PICTURES.iter().any(|(file, _)| **file == *dest_url);
                    assert!(is_known || dest_url.starts_with("../../screenshots/"), "{name}: {dest_url}");
                }
            }
        }
    }
}
