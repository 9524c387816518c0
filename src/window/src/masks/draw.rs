//! Drawing on masks: strokes become pixels and their hash, which names the mask, in the background.
//!
//! Meanwhile all other actions wait, as for a few frames only. So each stroke is drawn on what the one before
//! has left, and undo or a save finds every stroke in its mask.

use std::{path::PathBuf, sync::Arc};

use egui::Context;

use super::{Place, flags::MaskName, tool::Tool};
use crate::{ImpastoApp, action::Act, page::Page, widgets};
use impasto_core::{
    picture::{
        Drawing, Picture,
        drawing::{Mode, Shape, Stroke},
    },
    settings::{Masks, Region, RegionRole},
};

/// A stroke that leaves nothing.
const BLACK: Stroke = Stroke { shape: Shape::All, mode: Mode::Replace, opacity: 0.0 };

/// What strokes are drawn on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    Mask(Place),
    /// A region of this role that there is once they are drawn, black everywhere else.
    NewRegion(RegionRole),
}

/// The strokes of a mask that a task finds out.
pub type Made = Box<dyn FnOnce() -> Result<Vec<Stroke>, String> + Send>;

/// Draw on a mask.
pub struct Draw(pub Place, pub Stroke);

impl Act for Draw {
    fn apply(self, app: &mut ImpastoApp, _: &Context) {
        let Draw(place, stroke) = self;
        let what = name_of(&stroke);
        app.draw_on(Ground::Mask(place), vec![stroke], Some(what));
    }
}

/// Add a region that is black everywhere, and select it.
pub struct AddRegion;

impl Act for AddRegion {
    fn apply(self, app: &mut ImpastoApp, _: &Context) {
        app.draw_on(Ground::NewRegion(RegionRole::Paint), Vec::new(), None);
    }
}

/// Add a map that changes nothing yet, and select it.
pub struct AddMap(pub Place);

impl Act for AddMap {
    fn apply(self, app: &mut ImpastoApp, _: &Context) {
        if self.0.name_in(&app.settings.masks).is_none() {
            app.draw_on(Ground::Mask(self.0), vec![Stroke::new(Shape::All, Mode::Add)], None);
        }
        app.pictures.masks.selected = Some(self.0);
    }
}

/// Draw the strokes of one line on the selected mask, as one step; where there is none there is a region
/// first.
pub struct Paint(pub Vec<Stroke>);

impl Act for Paint {
    fn apply(self, app: &mut ImpastoApp, _: &Context) {
        let strokes = self.0;
        let Some(first) = strokes.first() else { return };
        let what = name_of(first);
        if let Some(ground) = app.ground_of(first.mode) {
            app.draw_on(ground, strokes, Some(what));
        }
    }
}

/// Brush over what is to have this role: on the first region that has it, or on one that is made for it.
pub struct RoleBrush(pub RegionRole);

impl Act for RoleBrush {
    fn apply(self, app: &mut ImpastoApp, _: &Context) {
        if !app.view.masking.on || app.view.page != Page::Painting {
            app.toggle_masking_mode();
        }
        (app.view.masking.tool, app.view.masking.pen) = (Tool::Brush, None);
        let regions = &app.settings.masks.regions;
        if let Some(index) = regions.iter().position(|region| region.role == self.0) {
            app.pictures.masks.selected = Some(Place::Region(index));
        } else {
            app.draw_on(Ground::NewRegion(self.0), Vec::new(), None);
        }
    }
}

/// What the history calls a stroke.
fn name_of(stroke: &Stroke) -> &'static str {
    match (&stroke.shape, stroke.mode) {
        (Shape::All, Mode::Invert) => "Invert",
        (Shape::All, Mode::Subtract) => "Clear",
        (Shape::All, _) => "Fill",
        (_, Mode::Subtract) => "Erase",
        (Shape::Brush { .. }, _) => "Brush",
        (Shape::Gradient { .. }, _) => "Gradient",
        (Shape::Ellipse { .. }, _) => "Ellipse",
        (Shape::Path { .. }, _) => "Path",
        (Shape::Pixels(_), _) => "Mask",
    }
}

/// What a region is called that is made for a role; it gets a number if it has none.
fn name_of_role(role: RegionRole) -> &'static str {
    match role {
        RegionRole::Paint => "",
        RegionRole::Freeze => "frozen",
        RegionRole::Keep => "photograph",
    }
}

/// The files of the masks on whose being the same what is drawn depends.
fn files_of(ground: Ground, masks: &Masks) -> Vec<PathBuf> {
    match ground {
        Ground::NewRegion(_) => masks.regions.iter().map(|region| region.mask.clone()).collect(),
        Ground::Mask(place) => place.name_in(masks).map(ToOwned::to_owned).into_iter().collect(),
    }
}

/// The strokes of a new region. It is black below them, so that only an empty one needs a stroke that says
/// so.
fn of_new(strokes: Vec<Stroke>) -> Vec<Stroke> {
    if strokes.is_empty() { vec![BLACK] } else { strokes }
}

/// Whether nothing of what was there before is left after a stroke.
fn begins_anew(stroke: &Stroke) -> bool {
    let fills = matches!(stroke.mode, Mode::Add | Mode::Subtract) && stroke.opacity >= 1.0;
    stroke.mode == Mode::Replace || (fills && stroke.shape == Shape::All)
}

/// The mask of these strokes, drawn one after another on another one, or on black.
fn drawn(
    base: Option<Arc<Picture>>,
    content: (u32, u32),
    strokes: impl IntoIterator<Item = Stroke>,
) -> Result<Arc<Picture>, String> {
    let draw = |base: Option<Arc<Picture>>, stroke| {
        Drawing::draw(base.as_deref(), content, stroke).map(|picture| Some(Arc::new(picture)))
    };
    strokes.into_iter().try_fold(base, draw)?.ok_or_else(|| "it has no strokes".to_owned())
}

impl ImpastoApp {
    /// What strokes of this mode belong on: the selected mask, or a first region if there is none. `None`,
    /// which is told, if they would leave nothing on it or there is no content.
    pub(super) fn ground_of(&mut self, mode: Mode) -> Option<Ground> {
        if let Some(place) = self.selected_mask() {
            return Some(Ground::Mask(place));
        }
        if matches!(mode, Mode::Subtract | Mode::Intersect) {
            let text = "There is no region yet to take away from: the brush makes the first one.";
            self.messages.toasts.add(text);
            return None;
        }
        self.mask_content()?;
        self.messages.toasts.add("The first region: what you paint now belongs to it.");
        Some(Ground::NewRegion(RegionRole::Paint))
    }

    /// Draw on a mask, which becomes another one with these strokes more; undo goes back to the former.
    /// Without `what` the mask itself is what is new.
    pub(super) fn draw_on(&mut self, ground: Ground, strokes: Vec<Stroke>, what: Option<&'static str>) {
        let anew = strokes.first().is_none_or(begins_anew);
        self.draw_made(ground, Box::new(|| Ok(strokes)), anew, what);
    }

    /// The same with strokes that take time to be found out; `anew` says whether they leave nothing of what
    /// was there.
    pub(super) fn draw_made(&mut self, ground: Ground, made: Made, anew: bool, what: Option<&'static str>) {
        let Some(content) = self.mask_content() else { return };
        let size = content.dimensions();
        let (base, name) = match ground {
            Ground::NewRegion(_) => (None, None),
            Ground::Mask(place) => {
                if self.refuses_strokes(place) || !anew && self.lacks_picture(place) {
                    return;
                }
                (self.mask_picture(place).cloned(), MaskName::of(place, &self.settings.masks))
            }
        };
        let opening = |app: &Self| {
            app.pictures
                .content
                .loading
                .as_ref()
                .filter(|loading| !loading.again)
                .map(|loading| loading.ticket)
        };
        let before = (files_of(ground, &self.settings.masks), opening(self));
        self.pictures.masks.drawing = true;
        let work = move || {
            let strokes = made()?;
            let is_new = matches!(ground, Ground::NewRegion(_));
            drawn(base, size, if is_new { of_new(strokes) } else { strokes })
        };
        self.tasks.attempt("draw", work, move |app: &mut Self, _, drawn| {
            app.pictures.masks.drawing = false;
            let masks = &app.settings.masks;
            // A project or a playlist may open in between: a stroke belongs to what it was begun on.
            let ground = match &name {
                Some(name) => name.place_in(masks).map(Ground::Mask),
                None => Some(ground),
            };
            let ground = ground.filter(|ground| {
                (files_of(*ground, masks), opening(app)) == before && app.has_content(&content)
            });
            match (drawn.unwrap_or_else(Err), ground) {
                (Ok(picture), Some(ground)) => app.put_drawn(ground, picture, what),
                (Ok(_), None) => {
                    app.messages.toasts.add("The mask has changed meanwhile: draw it again.");
                }
                (Err(text), _) => app.messages.toasts.add(format!("The stroke cannot be drawn: {text}.")),
            }
        });
    }

    fn has_content(&self, picture: &Arc<Picture>) -> bool {
        self.pictures.content.picture.as_ref().is_some_and(|content| Arc::ptr_eq(&content.picture, picture))
    }

    fn put_drawn(&mut self, ground: Ground, picture: Arc<Picture>, what: Option<&str>) {
        let place = match ground {
            Ground::Mask(place) => Some(place),
            Ground::NewRegion(role) => {
                let name = name_of_role(role).to_owned();
                self.push_region(Region { name, role, ..Region::default() })
            }
        };
        let Some(place) = place else { return };
        let title = place.title(&self.settings.masks);
        self.undo.call(
            "",
            match what {
                Some(what) => format!("{what} on {title}"),
                None if matches!(ground, Ground::NewRegion(_)) => "Region added".to_owned(),
                None => format!("{} added", widgets::capital(title)),
            },
        );
        let name = self.pictures.masks.remember(picture);
        place.put(&mut self.settings.masks, name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strokes_are_drawn_in_their_order_on_what_was_there() {
        let content = (40, 30);
        let fill = Stroke::new(Shape::All, Mode::Add);
        let erase = Stroke { opacity: 0.5, ..Stroke::new(Shape::All, Mode::Subtract) };
        let grey = |picture: &Picture| picture.rgb.pixels().map(|pixel| pixel[0]).max();
        let one = drawn(None, content, vec![BLACK, fill.clone()]).unwrap();
        assert_eq!(grey(&one), Some(255));
        let both = drawn(Some(Arc::clone(&one)), content, vec![erase.clone()]).unwrap();
        assert_eq!(grey(&both), Some(128));
        assert_eq!(drawn(Some(both), content, vec![fill.clone(), erase.clone()]).unwrap().rgb, {
            let mut base = one;
            for stroke in [erase.clone(), fill, erase] {
                base = Arc::new(Drawing::draw(Some(&base), content, stroke).unwrap());
            }
            base.rgb.clone()
        });
        let nothing = Shape::Brush { points: Vec::new(), radius: 0.1, hardness: 0.5 };
        assert!(drawn(None, content, vec![Stroke::new(nothing, Mode::Add)]).is_err());
    }

    #[test]
    fn a_new_region_is_drawn_and_hashed_once_for_each_stroke() {
        let content = (40, 30);
        let count = |picture: &Picture| picture.drawing.as_ref().unwrap().strokes().count();
        let ellipse = Shape::Ellipse { centre: [0.5, 0.5], radii: [0.2, 0.2], feather: 0.5 };
        let stroke = Stroke::new(ellipse, Mode::Add);
        let new = drawn(None, content, of_new(vec![stroke.clone()])).unwrap();
        let on_black = drawn(None, content, [BLACK, stroke]).unwrap();
        assert_eq!((count(&new), count(&on_black)), (1, 2));
        assert_eq!((&new.rgb, new.sha256), (&on_black.rgb, on_black.sha256));
        let empty = drawn(None, content, of_new(Vec::new())).unwrap();
        assert_eq!(count(&empty), 1);
        assert!(empty.rgb.iter().all(|grey| *grey == 0));
    }

    #[test]
    fn what_leaves_nothing_of_the_mask_needs_none() {
        let all = |mode: Mode, opacity: f32| Stroke { shape: Shape::All, mode, opacity };
        assert!(begins_anew(&all(Mode::Subtract, 1.0)) && begins_anew(&all(Mode::Replace, 0.5)));
        assert!(!begins_anew(&all(Mode::Add, 0.5)) && !begins_anew(&all(Mode::Invert, 1.0)));
    }

    #[test]
    fn the_history_calls_a_stroke_by_its_shape_and_what_it_does() {
        let gradient = || Shape::Gradient { from: [0.0; 2], to: [1.0; 2] };
        let named = [(Shape::All, Mode::Invert), (gradient(), Mode::Add), (gradient(), Mode::Subtract)]
            .map(|(shape, mode)| name_of(&Stroke::new(shape, mode)));
        assert_eq!(named, ["Invert", "Gradient", "Erase"]);
    }
}
