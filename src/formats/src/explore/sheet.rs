//! The contact sheet of a grid: cells with their axes, and a legend of what they have in common.

use image::{Rgb, RgbImage};

use super::Axis;
use crate::timelapse::Lettering;
use impasto_core::{
    picture::{self, Filter, Picture},
    settings::Settings,
    transfer::StyleSource,
};

pub(super) const PAPER: Rgb<u8> = Rgb([250, 250, 248]);
pub(super) const EMPTY: Rgb<u8> = Rgb([226, 226, 222]);
pub(super) const INK: [u8; 3] = [24, 24, 24];
pub(super) const QUIET: [u8; 3] = [110, 110, 106];

/// The contact sheet of a grid.
pub struct ContactSheet {
    x: Axis,
    /// `None` if the grid has a single row.
    y: Option<Axis>,
    /// Maximum shape of a cell in pixels.
    cell: (u32, u32),
    cells: Vec<Option<Result<RgbImage, String>>>,
    /// Lines below the cells.
    legend: Vec<String>,
}

/// Default size and steps of a cell: enough to judge a setting.
pub const CELL_SIZE: u32 = 192;
pub const CELL_STEPS: u32 = 150;

/// What all cells have in common, except for the axes.
pub fn legend(content: &Picture, styles: &[StyleSource], settings: &Settings) -> Vec<String> {
    let names: Vec<&str> = styles.iter().map(|style| style.picture.name.as_str()).collect();
    vec![
        format!("{} in {}", content.name, names.join(", ")),
        format!(
            "{} objective, {} px, {} steps, content weight {}, style weight {}, statistic {}",
            settings.objective,
            settings.longest_side(),
            settings.steps,
            settings.content_weight,
            settings.style_weight,
            settings.style_statistic()
        ),
    ]
}

/// The order in which the cells `(column, row)` are painted: an expensive axis changes least.
pub fn cell_order(x: &Axis, y: Option<&Axis>, settings: &Settings) -> Vec<(usize, usize)> {
    let (columns, rows) = (x.values.len(), y.map_or(1, |y| y.values.len()));
    let by_column = x.is_expensive(settings) && !y.is_some_and(|y| y.is_expensive(settings));
    match by_column {
        true => (0..columns).flat_map(|column| (0..rows).map(move |row| (column, row))).collect(),
        false => (0..rows).flat_map(|row| (0..columns).map(move |column| (column, row))).collect(),
    }
}

impl ContactSheet {
    /// An empty sheet, whose cells are at most `cell` pixels large.
    pub fn new(x: Axis, y: Option<Axis>, cell: (u32, u32), legend: Vec<String>) -> Self {
        let count = x.values.len() * y.as_ref().map_or(1, |y| y.values.len());
        Self { x, y, cell, cells: (0..count).map(|_| None).collect(), legend }
    }

    /// Set the picture of a cell, or why it failed.
    pub fn put(&mut self, (column, row): (usize, usize), picture: Result<RgbImage, String>) {
        let index = row * self.x.values.len() + column;
        let (width, height) = self.cell;
        self.cells[index] = Some(picture.map(|picture| {
            let scale = (f64::from(width) / f64::from(picture.width()))
                .min(f64::from(height) / f64::from(picture.height()));
            let side = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
            let (width, height) = (side(picture.width()), side(picture.height()));
            if picture.dimensions() == (width, height) {
                return picture;
            }
            picture::resize(&picture, width, height, Filter::Lanczos)
        }));
    }

    /// Number of cells with a picture.
    pub fn painted(&self) -> usize {
        self.cells.iter().filter(|cell| matches!(cell, Some(Ok(_)))).count()
    }

    /// Render the sheet as one picture.
    pub fn draw(&self) -> RgbImage {
        let mut lettering = Lettering::default();
        let (width, height) = self.cell;
        let columns = self.x.values.len() as u32;
        let rows = self.y.as_ref().map_or(1, |y| y.values.len()) as u32;
        let size = (width.min(height) as f32 / 9.0).clamp(13.0, 40.0);
        let small = (size * 0.8).max(12.0);
        let gap = (size * 0.5).round() as u32;
        let margin = (size * 1.4).round() as u32;
        let line = lettering.measure("Xg", size).1 + gap / 2;
        let small_line = lettering.measure("Xg", small).1 + gap / 2;

        let side = self.y.as_ref().map_or(0, |y| {
            let widest =
                y.values.iter().map(|value| lettering.measure(&value.text, size).0).max().unwrap_or(0);
            widest.max(lettering.measure(&y.setting, size).0) + 2 * gap
        });
        let left = margin + side;
        let top = margin + 2 * line + gap;
        let grid_width = columns * (width + gap) - gap;
        let legend_width = self.legend.iter().map(|text| lettering.measure(text, small).0).max().unwrap_or(0);
        let title_width = lettering.measure(&self.x.setting, size).0;
        let whole_width = (left + grid_width.max(title_width)).max(margin + legend_width) + margin;
        let legend_top = top + rows * (height + gap) + gap;
        let whole_height = legend_top + self.legend.len() as u32 * small_line + margin;
        let mut sheet = RgbImage::from_pixel(whole_width, whole_height, PAPER);

        let at = |x: u32, y: u32| (i64::from(x), i64::from(y));
        lettering.draw(&mut sheet, at(left, margin), &self.x.setting, size, QUIET);
        for (column, value) in self.x.values.iter().enumerate() {
            let x = left + column as u32 * (width + gap);
            lettering.draw(&mut sheet, at(x, margin + line), &value.text, size, INK);
        }
        if let Some(y) = &self.y {
            lettering.draw(&mut sheet, at(margin, margin + line), &y.setting, size, QUIET);
            for (row, value) in y.values.iter().enumerate() {
                let y = top + row as u32 * (height + gap) + (height.saturating_sub(line)) / 2;
                lettering.draw(&mut sheet, at(margin, y), &value.text, size, INK);
            }
        }
        for (index, cell) in self.cells.iter().enumerate() {
            let (column, row) = (index as u32 % columns, index as u32 / columns);
            let (x, y) = (left + column * (width + gap), top + row * (height + gap));
            match cell {
                Some(Ok(picture)) => {
                    let (w, h) = picture.dimensions();
                    let corner = at(x + (width - w.min(width)) / 2, y + (height - h.min(height)) / 2);
                    image::imageops::replace(&mut sheet, picture, corner.0, corner.1);
                }
                other => {
                    let blank = RgbImage::from_pixel(width, height, EMPTY);
                    image::imageops::replace(&mut sheet, &blank, i64::from(x), i64::from(y));
                    let text = if other.is_some() { "failed" } else { "not painted" };
                    lettering.draw(&mut sheet, at(x + gap, y + gap), text, small, QUIET);
                }
            }
        }
        for (index, text) in self.legend.iter().enumerate() {
            let y = legend_top + index as u32 * small_line;
            lettering.draw(&mut sheet, at(margin, y), text, small, QUIET);
        }
        sheet
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(text: &str) -> Axis {
        text.parse().unwrap()
    }

    #[test]
    fn the_expensive_axis_changes_least() {
        let settings = Settings::default();
        let (cheap, expensive) = (axis("style-weight=1,2,3"), axis("size=128,256"));
        let changes = |order: &[(usize, usize)], of: fn(&(usize, usize)) -> usize| {
            order.windows(2).filter(|pair| of(&pair[0]) != of(&pair[1])).count()
        };
        let order = cell_order(&expensive, Some(&cheap), &settings);
        assert_eq!((order.len(), changes(&order, |cell| cell.0)), (6, 1));
        let order = cell_order(&cheap, Some(&expensive), &settings);
        assert_eq!((order.len(), changes(&order, |cell| cell.1)), (6, 1));
        assert_eq!(cell_order(&cheap, None, &settings), [(0, 0), (1, 0), (2, 0)]);
    }

    #[test]
    fn every_cell_is_where_its_axes_say() {
        let mut sheet = ContactSheet::new(
            axis("style-weight=1,4,16"),
            Some(axis("size=64,128")),
            (60, 40),
            vec!["cat in waves".into()],
        );
        let shade = |column: usize, row: usize| Rgb([40 * column as u8 + 10, 90 * row as u8 + 10, 200]);
        for column in 0..3 {
            for row in 0..2 {
                if (column, row) == (2, 1) {
                    sheet.put((column, row), Err("no memory".into()));
                } else if (column, row) != (0, 1) {
                    // A cell of another size is resized.
                    let scale = 1 + row as u32;
                    let picture = RgbImage::from_pixel(60 * scale, 40 * scale, shade(column, row));
                    sheet.put((column, row), Ok(picture));
                }
            }
        }
        assert_eq!(sheet.painted(), 4);
        let image = sheet.draw();
        let count = |colour: Rgb<u8>| image.pixels().filter(|pixel| **pixel == colour).count();
        let first = |colour: Rgb<u8>| {
            image.enumerate_pixels().find(|(_, _, pixel)| **pixel == colour).map(|(x, y, _)| (x, y)).unwrap()
        };
        for (column, row) in [(0, 0), (1, 0), (2, 0), (1, 1)] {
            assert_eq!(count(shade(column, row)), 60 * 40, "{column} {row}");
        }
        let ((x0, y0), (x1, y1), (x2, _)) = (first(shade(0, 0)), first(shade(1, 0)), first(shade(2, 0)));
        assert!(x0 < x1 && x1 - x0 == x2 - x1 && y0 == y1);
        assert!(first(shade(1, 1)).1 > y0 + 40 && first(shade(1, 1)).0 == x1);
        // Two cells are without a picture, and there is ink above, left of and below the cells.
        assert!(count(EMPTY) > 2 * 60 * 40 * 7 / 10);
        let ink = |x: std::ops::Range<u32>, y: std::ops::Range<u32>| {
            image
                .enumerate_pixels()
                .filter(|(px, py, p)| x.contains(px) && y.contains(py) && p.0[0] < 210)
                .count()
        };
        assert!(ink(x0..image.width(), 0..y0) > 20 && ink(0..x0, y0..image.height()) > 20);
        assert!(ink(0..image.width(), image.height() - 40..image.height()) > 20);
    }
}
