//! A figure: rows of pictures with a title above each, as in an article.

use image::{RgbImage, imageops};

use super::sheet::{EMPTY, INK, PAPER, QUIET};
use crate::timelapse::Lettering;
use impasto_core::picture::{Filter, resize};

/// A picture with a title and a caption.
#[derive(Clone, Debug)]
pub struct FigureCell {
    pub title: String,
    pub caption: String,
    /// `None` if it could not be made.
    pub picture: Option<RgbImage>,
}

/// A row of pictures under a heading.
#[derive(Clone, Debug)]
pub struct FigureRow {
    pub heading: String,
    pub cells: Vec<FigureCell>,
}

/// Rows of pictures, and lines of text below them.
#[derive(Clone, Debug)]
pub struct Figure {
    pub rows: Vec<FigureRow>,
    pub legend: Vec<String>,
    /// Longest side of a picture on the sheet, in pixels.
    pub side: u32,
}

impl FigureCell {
    /// The picture resized to a longest side.
    fn fitted(&self, side: u32) -> Option<RgbImage> {
        let picture = self.picture.as_ref()?;
        let (width, height) = impasto_core::picture::fit(picture.width(), picture.height(), side);
        Some(match picture.dimensions() == (width, height) {
            true => picture.clone(),
            false => resize(picture, width, height, Filter::Lanczos),
        })
    }
}

impl Figure {
    /// Render the figure as one picture.
    pub fn draw(&self) -> RgbImage {
        let mut lettering = Lettering::default();
        let side = self.side.max(16);
        let size = (side as f32 / 11.0).clamp(13.0, 36.0);
        let (large, small) = (size * 1.25, (size * 0.8).max(12.0));
        let gap = (size * 0.7).round() as u32;
        let margin = (size * 1.8).round() as u32;
        let mut line = |size: f32| lettering.measure("Xg", size).1;
        let (heading_line, title_line, small_line) = (line(large) + gap / 2, line(size), line(small));
        let rows: Vec<Vec<Option<RgbImage>>> =
            self.rows.iter().map(|row| row.cells.iter().map(|cell| cell.fitted(side)).collect()).collect();
        // A missing picture keeps its place.
        let tallest =
            |row: &[Option<RgbImage>]| row.iter().flatten().map(RgbImage::height).max().unwrap_or(side);
        let head = heading_line + title_line + small_line + gap / 2;
        let columns = self.rows.iter().map(|row| row.cells.len() as u32).max().unwrap_or(0);
        let grid = (columns * (side + gap)).saturating_sub(gap);
        let headings = self.rows.iter().map(|row| (row.heading.as_str(), large));
        let texts = headings.chain(self.legend.iter().map(|text| (text.as_str(), small)));
        let widest = texts.map(|(text, size)| lettering.measure(text, size).0).fold(grid, u32::max);
        let body: u32 = rows.iter().map(|row| head + tallest(row) + 2 * gap).sum();
        let foot = self.legend.len() as u32 * small_line;
        let mut sheet = RgbImage::from_pixel(widest + 2 * margin, margin + body + foot + margin, PAPER);

        let mut top = margin;
        for (row, pictures) in self.rows.iter().zip(&rows) {
            let at = |x: u32, y: u32| (i64::from(x), i64::from(y));
            lettering.draw(&mut sheet, at(margin, top), &row.heading, large, INK);
            let height = tallest(pictures);
            for (index, (cell, picture)) in row.cells.iter().zip(pictures).enumerate() {
                let x = margin + index as u32 * (side + gap);
                lettering.draw(&mut sheet, at(x, top + heading_line), &cell.title, size, INK);
                let below = top + heading_line + title_line;
                lettering.draw(&mut sheet, at(x, below), &cell.caption, small, QUIET);
                let y = top + head;
                match picture {
                    Some(picture) => imageops::replace(&mut sheet, picture, i64::from(x), i64::from(y)),
                    None => {
                        let blank = RgbImage::from_pixel(side, height, EMPTY);
                        imageops::replace(&mut sheet, &blank, i64::from(x), i64::from(y));
                        lettering.draw(&mut sheet, at(x + gap, y + gap), "not made", small, QUIET);
                    }
                }
            }
            top += head + height + 2 * gap;
        }
        for (index, text) in self.legend.iter().enumerate() {
            let y = top + index as u32 * small_line;
            lettering.draw(&mut sheet, (i64::from(margin), i64::from(y)), text, small, QUIET);
        }
        sheet
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn every_picture_has_its_place_under_its_title() {
        let cell = |row: u8, column: u8, height: u32| FigureCell {
            title: format!("relu{}_1", column + 1),
            caption: "strokes".into(),
            picture: (column != 2)
                .then(|| RgbImage::from_pixel(60, height, Rgb([40 * column + 10, 90 * row + 10, 200]))),
        };
        let row = |row: u8, height: u32| FigureRow {
            heading: format!("Row {row}"),
            cells: (0..3).map(|column| cell(row, column, height)).collect(),
        };
        let figure = Figure { rows: vec![row(0, 60), row(1, 40)], legend: vec!["below".into()], side: 60 };
        let image = figure.draw();
        let find = |colour: Rgb<u8>| {
            let places: Vec<(u32, u32)> =
                image.enumerate_pixels().filter(|(_, _, p)| **p == colour).map(|(x, y, _)| (x, y)).collect();
            (places[0], places.len())
        };
        let (first, count) = find(Rgb([10, 10, 200]));
        assert_eq!(count, 60 * 60);
        let (second, _) = find(Rgb([50, 10, 200]));
        let (below, count) = find(Rgb([10, 100, 200]));
        assert_eq!(count, 60 * 40);
        assert!(second.0 > first.0 + 60 && second.1 == first.1);
        assert!(below.0 == first.0 && below.1 > first.1 + 60);
        // The third of each row is missing, and says so.
        assert!(find(EMPTY).1 > 2 * 60 * 40 / 2);
        let ink = |rows: std::ops::Range<u32>| {
            image.enumerate_pixels().filter(|(_, y, p)| rows.contains(y) && p.0[0] < 120).count()
        };
        assert!(
            ink(0..first.1) > 50 && ink(first.1 + 60..below.1) > 50 && ink(below.1 + 40..image.height()) > 5
        );
    }
}
