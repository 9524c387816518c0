//! The painting beside another picture: a split line, side by side, the other one alone for a moment; and the
//! painting tiled, to see whether its edges fit.

use std::sync::Arc;

use egui::{Context, TextureHandle, Vec2, vec2};
use image::RgbImage;

use super::{ImpastoApp, action::Act, scaling::Sampling, slot::Slot};
use impasto_core::picture::{self, Filter, Picture};
use impasto_engine::timeline::MomentId;

/// How the canvas is divided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// The painting alone.
    #[default]
    Off,
    /// A line with the other picture on one side of it and the painting on the other.
    Split,
    /// Both whole, moved and zoomed together.
    Sides,
    /// The painting with its copies around it.
    Wrap,
}

/// What the painting is compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Against {
    #[default]
    Content,
    /// The first style.
    Style,
    /// A pinned moment.
    Pin(MomentId),
}

/// The split line: it stays where it is on the canvas when the picture moves below it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// A point of it, from 0 to 1 in both directions of the canvas.
    pub at: Vec2,
    /// Its turn from upright, in radians; positive to the right.
    pub angle: f32,
}

impl Default for Line {
    fn default() -> Self {
        Self { at: Vec2::splat(0.5), angle: 0.0 }
    }
}

impl Line {
    /// The unit vector across the line, to the painting's side.
    pub fn normal(self) -> Vec2 {
        vec2(self.angle.cos(), self.angle.sin())
    }

    /// The unit vector along the line.
    pub fn along(self) -> Vec2 {
        vec2(-self.angle.sin(), self.angle.cos())
    }

    /// Move the line by a part of the canvas; it cannot leave it.
    pub fn shift(&mut self, by: Vec2) {
        self.at = (self.at + by).clamp(Vec2::ZERO, Vec2::splat(1.0));
    }

    /// Turn the line; near a multiple of 45° it stays on it.
    pub fn turn_to(&mut self, angle: f32) {
        const STEP: f32 = std::f32::consts::FRAC_PI_4;
        let whole = (angle / STEP).round() * STEP;
        let angle = if (angle - whole).abs() < 0.06 { whole } else { angle };
        let turn = std::f32::consts::TAU;
        self.angle = angle - (angle / turn).round() * turn;
    }
}

/// A picture to draw in the painting's place, on its way to or on the graphics device.
pub struct Sheet {
    image: Arc<RgbImage>,
    texture: Option<TextureHandle>,
    sampling: Sampling,
}

impl Sheet {
    pub fn new(image: Arc<RgbImage>) -> Self {
        Self { image, texture: None, sampling: Sampling::default() }
    }

    /// The texture as the scale at which it is drawn asks for.
    pub fn texture(&mut self, ctx: &Context, sampling: Sampling) -> TextureHandle {
        let image = || sampling.image(&self.image, ctx.input(|input| input.max_texture_side) as u32);
        if let Some(texture) = &mut self.texture
            && self.sampling != sampling
        {
            texture.set(image(), sampling.options());
        }
        self.sampling = sampling;
        self.texture.get_or_insert_with(|| ctx.load_texture("compared", image(), sampling.options())).clone()
    }
}

/// A source picture in the size in which it is compared.
struct Source {
    picture: Arc<Picture>,
    size: (u32, u32),
    /// `None` while it is being resampled.
    sheet: Option<Sheet>,
}

/// A picture to draw.
pub struct Shown {
    pub name: String,
    pub texture: TextureHandle,
    /// Its shape, in any unit.
    pub size: Vec2,
}

/// What is compared with what, and how.
#[derive(Default)]
pub struct Compare {
    pub mode: Mode,
    pub against: Against,
    pub line: Line,
    /// The other picture takes the painting's place.
    pub flipped: bool,
    sources: Vec<Source>,
}

/// What the canvas shows in this frame.
pub enum Look {
    Painting,
    Other(Shown),
    Split(Shown),
    Sides(Shown),
    Wrap,
}

impl Compare {
    /// Switch a mode on, or off again.
    pub fn toggle(&mut self, mode: Mode) {
        self.flipped = false;
        self.mode = if self.mode == mode { Mode::Off } else { mode };
    }

    /// Show the other picture beside the painting, if it is not yet.
    pub fn begin(&mut self) {
        self.flipped = false;
        if !matches!(self.mode, Mode::Split | Mode::Sides) {
            self.mode = Mode::Split;
        }
    }

    /// Apply what the background has resampled.
    pub fn take(&mut self, picture: &Arc<Picture>, size: (u32, u32), image: RgbImage) {
        let waiting = |source: &&mut Source| Arc::ptr_eq(&source.picture, picture) && source.size == size;
        if let Some(source) = self.sources.iter_mut().find(waiting) {
            source.sheet = Some(Sheet::new(Arc::new(image)));
        }
    }
}

/// What can be done about the other picture.
pub enum CompareAction {
    /// Choose it, for when something is compared.
    Choose(Against),
    /// Show it beside the painting.
    Begin(Against),
}

impl Act for CompareAction {
    fn apply(self, app: &mut ImpastoApp, ctx: &Context) {
        match self {
            Self::Choose(against) => app.view.compare.against = against,
            Self::Begin(against) => {
                // A moment that is looked at would be compared with itself.
                if app.view.film.view().is_some_and(|moment| against == Against::Pin(moment.id)) {
                    app.look_at(ctx, None);
                }
                app.view.compare.against = against;
                app.view.compare.begin();
            }
        }
    }
}

impl ImpastoApp {
    /// What the canvas shows now: `peek` is the content for as long as its key is held.
    pub(super) fn look(&mut self, ctx: &Context, peek: bool) -> Look {
        if peek && let Some(content) = self.other(ctx, Against::Content) {
            return Look::Other(content);
        }
        let Compare { mode, against, flipped, .. } = self.view.compare;
        if mode == Mode::Wrap && !flipped {
            return Look::Wrap;
        }
        if mode == Mode::Off && !flipped {
            self.view.compare.sources.clear();
            return Look::Painting;
        }
        match self.other(ctx, against) {
            None => Look::Painting,
            Some(other) if flipped => Look::Other(other),
            Some(other) if mode == Mode::Split => Look::Split(other),
            Some(other) => Look::Sides(other),
        }
    }

    /// What can be compared with now, with its name.
    pub(super) fn comparable(&self) -> Vec<(Against, String)> {
        let slot = |slot: &Slot, against, what: &str| {
            slot.picture.as_ref().map(|loaded| (against, format!("{what}: {}", loaded.picture.name)))
        };
        let pins = self.view.pins.all().iter().map(|pin| (Against::Pin(pin.moment), pin.name()));
        let content = slot(&self.pictures.content, Against::Content, "Content");
        let style = slot(&self.pictures.styles[0], Against::Style, "Style");
        content.into_iter().chain(style).chain(pins).collect()
    }

    /// Go on to the next picture that can be compared with.
    pub(super) fn compare_with_next(&mut self) {
        let all = self.comparable();
        let place = all.iter().position(|(against, _)| *against == self.view.compare.against);
        let next = place.map_or(0, |place| (place + 1) % all.len().max(1));
        if let Some((against, name)) = all.get(next) {
            self.view.compare.against = *against;
            self.messages.toasts.add_instead(&["Comparing with "], format!("Comparing with {name}"));
        }
    }

    /// The other picture as it is drawn; if that is gone, the content.
    fn other(&mut self, ctx: &Context, against: Against) -> Option<Shown> {
        if let Against::Pin(id) = against {
            match self.view.pins.shown(ctx, id, &self.view.canvas) {
                Some(shown) => return Some(shown),
                None => self.view.compare.against = Against::Content,
            }
        }
        let style = matches!(against, Against::Style);
        let slot = if style { &self.pictures.styles[0] } else { &self.pictures.content };
        let loaded = slot.picture.as_ref()?;
        let picture = Arc::clone(&loaded.picture);
        let small = loaded.texture.clone();
        let name = if style { format!("Style: {}", picture.name) } else { "Content".to_owned() };
        let (width, height) = picture.dimensions();
        let painted = self.view.canvas.size()?;
        let most = ctx.input(|input| input.max_texture_side) as u32;
        let size = if style {
            picture::fit(width, height, width.max(height).min(painted.0.max(painted.1)).min(most))
        } else {
            // Pixel on pixel with the painting.
            picture::fit(painted.0, painted.1, painted.0.max(painted.1).min(most))
        };
        let texture = self.source_texture(ctx, &picture, size).unwrap_or(small);
        Some(Shown { name, texture, size: vec2(size.0 as f32, size.1 as f32) })
    }

    /// A source picture in this size; `None` until the background has resampled it.
    fn source_texture(
        &mut self,
        ctx: &Context,
        picture: &Arc<Picture>,
        size: (u32, u32),
    ) -> Option<TextureHandle> {
        let sampling = self.view.canvas.sampling_of(size);
        let known = |source: &Source| Arc::ptr_eq(&source.picture, picture) && source.size == size;
        if let Some(source) = self.view.compare.sources.iter_mut().find(|source| known(source)) {
            return source.sheet.as_mut().map(|sheet| sheet.texture(ctx, sampling));
        }
        // The content and one other are all that is ever looked at.
        if self.view.compare.sources.len() > 1 {
            self.view.compare.sources.remove(0);
        }
        self.view.compare.sources.push(Source { picture: Arc::clone(picture), size, sheet: None });
        let background = self.settings.background;
        let picture = Arc::clone(picture);
        let work = move || {
            let flat = picture.flattened(Some(background));
            let image = picture::resize(&flat, size.0, size.1, Filter::Lanczos);
            drop(flat);
            (picture, image)
        };
        self.tasks.spawn("compare", work, move |app: &mut Self, _, (picture, image)| {
            app.view.compare.take(&picture, size, image);
        });
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_stays_on_the_canvas_and_likes_straight_angles() {
        let mut line = Line::default();
        line.shift(vec2(3.0, -0.2));
        assert_eq!(line.at, vec2(1.0, 0.3));
        line.turn_to(0.03);
        assert_eq!(line.angle, 0.0);
        line.turn_to(0.3);
        assert_eq!(line.angle, 0.3);
        line.turn_to(3.0 * std::f32::consts::PI + 0.5);
        assert!((line.angle - (0.5 - std::f32::consts::PI)).abs() < 1e-5, "{}", line.angle);
        assert!(line.normal().dot(line.along()).abs() < 1e-6);
    }

    #[test]
    fn a_mode_is_switched_on_and_off() {
        let mut compare = Compare { flipped: true, ..Compare::default() };
        compare.toggle(Mode::Split);
        assert_eq!((compare.mode, compare.flipped), (Mode::Split, false));
        compare.toggle(Mode::Wrap);
        assert_eq!(compare.mode, Mode::Wrap);
        compare.toggle(Mode::Wrap);
        assert_eq!(compare.mode, Mode::Off);
    }
}
