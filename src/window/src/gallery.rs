//! Small pictures to choose from: the bundled examples, and the files that were opened lately.

use std::{collections::HashMap, path::PathBuf};

use egui::{
    Color32, ColorImage, Context, Rect, Role, Sense, Stroke, StrokeKind, TextureHandle, TextureOptions, Ui,
    Vec2, WidgetInfo, pos2,
};

use super::{
    ImpastoApp,
    icons::Icon,
    origin::Origin,
    picture_source::Source,
    theme::{Palette, RADIUS, space},
    widgets,
};
use impasto_base::error::chain;
use impasto_core::{
    picture::{self, Example, Picture},
    settings::Rgb,
};

/// Longest side of a small picture, in pixels.
const SMALL: u32 = 160;
/// Files that are remembered.
const RECENT: usize = 12;
/// Tiles in a row of a menu, and their size in points.
pub const COLUMNS: usize = 3;
pub const TILE: Vec2 = egui::vec2(68.0, 48.0);

/// What is known of a picture.
enum Small {
    Ready(TextureHandle),
    /// Why it cannot be chosen.
    Missing(String),
}

/// The small pictures; each is read in the background when it is first seen, one after the other.
#[derive(Default)]
pub struct Gallery {
    /// The files opened lately as each kind, the latest first.
    recent: [Vec<PathBuf>; 2],
    known: HashMap<Origin, Small>,
    wanted: Vec<Origin>,
    reading: Option<Reading>,
}

/// The picture that is being read.
struct Reading {
    origin: Origin,
    /// Its file has become another one since.
    is_outdated: bool,
}

/// What a picture was opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    Content,
    /// Also for the palette.
    Style,
}

impl Gallery {
    pub fn new(contents: &[PathBuf], styles: &[PathBuf]) -> Self {
        let recent = [contents, styles].map(|paths| paths.iter().take(RECENT).cloned().collect());
        Self { recent, ..Self::default() }
    }

    pub fn recent(&self, used: Use) -> &[PathBuf] {
        &self.recent[used as usize]
    }

    /// A file has been opened.
    pub fn opened(&mut self, used: Use, path: PathBuf) {
        self.changed(path.clone());
        let recent = &mut self.recent[used as usize];
        recent.retain(|other| *other != path);
        recent.insert(0, path);
        recent.truncate(RECENT);
    }

    /// Look again for what was missing.
    pub fn look_again(&mut self) {
        self.known.retain(|_, small| matches!(small, Small::Ready(_)));
    }

    /// A file may be another picture by now.
    pub fn changed(&mut self, path: PathBuf) {
        let origin = Origin::File(path);
        if let Some(reading) = self.reading.as_mut().filter(|reading| reading.origin == origin) {
            reading.is_outdated = true;
        }
        self.known.remove(&origin);
    }

    /// The next picture to read, which is being read from now on.
    fn next(&mut self) -> Option<Origin> {
        self.wanted.retain(|origin| !self.known.contains_key(origin));
        if self.reading.is_some() || self.wanted.is_empty() {
            return None;
        }
        let origin = self.wanted.remove(0);
        self.reading = Some(Reading { origin: origin.clone(), is_outdated: false });
        Some(origin)
    }

    /// Apply a small picture from the background.
    fn take(&mut self, ctx: &Context, origin: Origin, result: Result<ColorImage, String>) {
        if self.reading.take().is_some_and(|reading| reading.is_outdated) {
            self.wanted.insert(0, origin);
            return;
        }
        let small = match result {
            Ok(image) => Small::Ready(ctx.load_texture(name_of(&origin), image, TextureOptions::LINEAR)),
            Err(reason) => Small::Missing(reason),
        };
        self.known.insert(origin, small);
    }

    /// Tiles of bundled pictures; the one that was clicked.
    pub fn examples(
        &mut self,
        ui: &mut Ui,
        examples: &'static [Example],
        columns: usize,
        tile: Vec2,
    ) -> Option<Source> {
        let origins: Vec<Origin> =
            examples.iter().map(|example| Origin::Example(example.title.to_owned())).collect();
        let chosen = self.tiles(ui, &origins, columns, tile)?;
        examples.get(chosen).map(Source::Example)
    }

    /// Tiles of the files opened lately as this kind, and below them of those opened as the other kind only;
    /// the one that was clicked.
    pub fn files(&mut self, ui: &mut Ui, used: Use, columns: usize, tile: Vec2) -> Option<Source> {
        let own = self.recent(used).to_vec();
        let (other, heading) = match used {
            Use::Content => (Use::Style, "Recent styles"),
            Use::Style => (Use::Content, "Recent contents"),
        };
        let mut others = self.recent(other).to_vec();
        others.retain(|path| !own.contains(path));
        let mut chosen = None;
        for (heading, paths) in [("Recent", own), (heading, others)] {
            if paths.is_empty() {
                continue;
            }
            ui.add_space(space::XS);
            ui.label(widgets::weak(ui, heading));
            let origins: Vec<Origin> = paths.iter().cloned().map(Origin::File).collect();
            if let Some(index) = self.tiles(ui, &origins, columns, tile) {
                chosen = paths.get(index).cloned().map(Source::File);
            }
        }
        chosen
    }

    fn tiles(&mut self, ui: &mut Ui, origins: &[Origin], columns: usize, tile: Vec2) -> Option<usize> {
        let mut chosen = None;
        ui.spacing_mut().item_spacing = Vec2::splat(space::XS);
        for (row, line) in origins.chunks(columns.max(1)).enumerate() {
            ui.horizontal(|ui| {
                for (column, origin) in line.iter().enumerate() {
                    if self.tile(ui, origin, tile) {
                        chosen = Some(row * columns.max(1) + column);
                    }
                }
            });
        }
        chosen
    }

    /// One tile; true when it was clicked.
    fn tile(&mut self, ui: &mut Ui, origin: &Origin, size: Vec2) -> bool {
        let name = name_of(origin);
        let missing = match self.known.get(origin) {
            Some(Small::Missing(reason)) => Some(reason.clone()),
            _ => None,
        };
        let enabled = missing.is_none();
        let (rect, response) =
            ui.allocate_exact_size(size, if enabled { Sense::click() } else { Sense::hover() });
        let label = missing.as_ref().map_or_else(|| name.clone(), |reason| format!("{name}: {reason}"));
        response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, &label));
        let palette = Palette::of(ui);
        let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
        self.paint(ui, origin, rect);
        let stroke = match (response.has_focus(), response.hovered() && enabled) {
            (true, _) => Stroke::new(2.0, palette.accent),
            (false, true) => Stroke::new(2.0, palette.text),
            (false, false) => Stroke::new(1.0, palette.line),
        };
        painter.rect_stroke(rect, RADIUS, stroke, StrokeKind::Inside);
        response.on_hover_text(label).clicked()
    }
}

impl Gallery {
    /// A picture that is only seen.
    pub fn show(&mut self, ui: &mut Ui, origin: &Origin, size: Vec2) {
        let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
        self.paint(ui, origin, rect);
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, name_of(origin)));
        response.on_hover_text(name_of(origin));
    }

    /// Draw a picture so that it fills a rectangle, once it has been read.
    pub fn paint(&mut self, ui: &Ui, origin: &Origin, rect: Rect) {
        let palette = Palette::of(ui);
        let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
        painter.rect_filled(rect, RADIUS, palette.well);
        match self.known.get(origin) {
            Some(Small::Ready(texture)) => paint_filling(ui, texture, rect),
            Some(Small::Missing(_)) => Icon::Warning.paint(&painter, rect.center(), palette.weak),
            None if !self.wanted.contains(origin) => self.wanted.push(origin.clone()),
            None => {}
        }
    }
}

/// Draw a picture so that it fills a rectangle; what sticks out is cut off.
pub fn paint_filling(ui: &Ui, texture: &TextureHandle, rect: Rect) {
    let seen = rect.size() / (texture.size_vec2() * (rect.size() / texture.size_vec2()).max_elem());
    let uv = Rect::from_min_size(pos2((1.0 - seen.x) / 2.0, (1.0 - seen.y) / 2.0), seen);
    egui::Image::from_texture((texture.id(), rect.size()))
        .uv(uv)
        .tint(Color32::WHITE)
        .corner_radius(RADIUS)
        .paint_at(ui, rect);
}

fn name_of(origin: &Origin) -> String {
    match origin {
        Origin::Example(title) => title.clone(),
        Origin::File(path) => path
            .file_name()
            .map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned()),
    }
}

fn read(origin: &Origin, background: Rgb) -> Result<ColorImage, String> {
    let picture = match Source::of(origin) {
        Some(Source::Example(example)) => example.open(),
        Some(Source::File(path)) => Picture::open(&path).map_err(|error| chain(&error))?,
        Some(Source::Pasted(_) | Source::Open(_) | Source::Recalled(_) | Source::Kept(_)) | None => {
            return Err("it is no longer among the bundled pictures".to_owned());
        }
    };
    let small = picture::thumbnail(&picture.flattened(Some(background)), SMALL);
    Ok(super::colour_image::color_image(&small))
}

impl ImpastoApp {
    /// Read the next small picture that was seen and is not there, in the background.
    pub(super) fn follow_gallery(&mut self) {
        let Some(origin) = self.pictures.gallery.next() else { return };
        let background = self.settings.background;
        let theirs = origin.clone();
        let work = move || read(&theirs, background);
        self.tasks.attempt("gallery", work, move |app: &mut Self, ctx, result| {
            app.pictures.gallery.take(ctx, origin, result.flatten());
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_changes_while_it_is_read_is_read_again() {
        let ctx = Context::default();
        let origin = Origin::File("a.png".into());
        let image = || Ok(ColorImage::filled([2, 2], Color32::RED));
        let mut gallery = Gallery { wanted: vec![origin.clone()], ..Gallery::default() };
        assert_eq!(gallery.next(), Some(origin.clone()));
        gallery.changed("b.png".into());
        gallery.changed("a.png".into());
        assert_eq!(gallery.next(), None, "one is read at a time");
        gallery.take(&ctx, origin.clone(), image());
        assert!(gallery.known.is_empty(), "what was read is outdated");
        assert_eq!(gallery.next(), Some(origin.clone()));
        gallery.take(&ctx, origin.clone(), image());
        assert!(matches!(gallery.known.get(&origin), Some(Small::Ready(_))));
        assert_eq!(gallery.next(), None);
    }

    #[test]
    fn the_latest_file_stands_first_and_only_so_many_are_kept() {
        let mut gallery = Gallery::new(&[], &["old.png".into()]);
        for number in 0..20 {
            gallery.opened(Use::Content, format!("{number}.png").into());
        }
        gallery.opened(Use::Content, "15.png".into());
        let recent = gallery.recent(Use::Content);
        assert_eq!(recent.len(), RECENT);
        assert_eq!(recent[..3], [PathBuf::from("15.png"), "19.png".into(), "18.png".into()]);
        assert_eq!(recent.iter().filter(|path| path.ends_with("15.png")).count(), 1);
        assert_eq!(gallery.recent(Use::Style), [PathBuf::from("old.png")], "styles are apart");
    }
}
