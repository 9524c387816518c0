//! The mask mode of the canvas, and its keys.

use egui::{Context, InputState, Key, Modifiers, PointerButton};

use super::{
    draw::Paint,
    overlay::Sheets,
    pen::Pen,
    snapping::PaintCover,
    tool::{Numbers, Tool},
    wand::Wand,
};
use crate::{
    ImpastoApp,
    command::{Command, Tab},
    page::Page,
};
use impasto_core::picture::drawing::Mode;

/// The key that shows the mask alone for as long as it is held.
const ALONE: Key = Key::Backslash;

/// The mask mode.
#[derive(Default)]
pub struct Masking {
    pub on: bool,
    pub tool: Tool,
    pub numbers: Numbers,
    /// How shapes change the mask, unless a key that is held says otherwise.
    pub mode: Mode,
    /// Strokes of the brush end at the content's edges.
    pub snaps: bool,
    /// The mask alone is shown, by its button and by its key.
    pub alone: bool,
    pub alone_by_key: bool,
    /// The space bar is held; whether something was moved meanwhile.
    pub space: Option<bool>,
    /// What is being drawn.
    pub pen: Option<Pen>,
    /// Where the last stroke ended.
    pub last: Option<[f32; 2]>,
    pub sheets: Sheets,
    pub wand: Wand,
    /// The tab that has made room for the list of regions.
    other_tab: Option<Tab>,
}

/// What a key asked for.
#[derive(Default)]
struct Asked {
    leave: bool,
    play: bool,
    close_path: bool,
}

impl Masking {
    /// Whether the pointer draws instead of moving the picture.
    pub fn draws(&self) -> bool {
        self.on && self.space.is_none()
    }

    pub fn shows_alone(&self) -> bool {
        self.alone || self.alone_by_key
    }

    /// How a press now would change the mask.
    pub fn mode_of(&self, button: PointerButton, held: Modifiers) -> Mode {
        let erases = button == PointerButton::Secondary;
        match self.tool {
            Tool::Eraser => Mode::Subtract,
            Tool::Brush | Tool::Line if erases || held.alt => Mode::Subtract,
            Tool::Brush | Tool::Line => Mode::Add,
            _ if erases => Mode::Subtract,
            _ => match (held.shift, held.alt) {
                (true, true) => Mode::Intersect,
                (true, false) => Mode::Add,
                (false, true) => Mode::Subtract,
                (false, false) => self.mode,
            },
        }
    }

    /// End the stroke.
    pub fn lift(&mut self) -> Option<Pen> {
        let pen = self.pen.take()?;
        if pen.tool.is_brush() {
            self.last = Some(pen.trail.tip());
        }
        Some(pen)
    }

    fn leave(&mut self, tab: &mut Tab) {
        if let Some(other) = self.other_tab.filter(|_| *tab == Tab::Regions) {
            *tab = other;
        }
        let Self { tool, numbers, mode, snaps, .. } = *self;
        *self = Self { tool, numbers, mode, snaps, ..Self::default() };
    }

    /// Take the keys that mean something here; escape only if nothing in front of the canvas has it.
    fn take_keys(&mut self, input: &mut InputState, escape: bool) -> Asked {
        let mut pressed = |key| input.count_and_consume_key(Modifiers::NONE, key);
        let mut asked = Asked::default();
        for (key, tool) in [(Key::B, Tool::Brush), (Key::E, Tool::Eraser)] {
            if pressed(key) > 0 {
                self.tool = tool;
            }
        }
        let notches = pressed(Key::CloseBracket) as f32 - pressed(Key::OpenBracket) as f32;
        if notches != 0.0 {
            self.numbers.grow(self.tool, notches);
        }
        if let Some(pen) = self.pen.as_mut().filter(|pen| pen.is_open_path()) {
            asked.close_path = pressed(Key::Enter) > 0;
            if pressed(Key::Backspace) > 0 && !pen.trail.take_back() {
                self.pen = None;
            }
        }
        if escape && pressed(Key::Escape) > 0 && self.pen.take().is_none() {
            asked.leave = true;
        }
        // A tap of the space bar plays or pauses as ever; held, it moves the picture.
        if pressed(Key::Space) > 0 && !self.pen.as_ref().is_some_and(Pen::is_held) {
            self.space.get_or_insert(false);
        }
        if self.space.is_some() && !input.key_down(Key::Space) {
            asked.play = self.space.take() == Some(false);
        }
        self.alone_by_key = input.key_down(ALONE) && input.modifiers.is_none();
        asked
    }
}

impl ImpastoApp {
    /// Begin to paint on masks, or end it.
    pub(crate) fn toggle_masking_mode(&mut self) {
        let (masking, tab) = (&mut self.view.masking, &mut self.view.layout.tab);
        if masking.on && self.view.page == Page::Painting {
            masking.leave(tab);
        } else {
            self.view.page = Page::Painting;
            if std::mem::replace(&mut masking.on, true) {
                return;
            }
            // Where there is a panel below the painting, the regions are listed there meanwhile.
            masking.other_tab = Some(std::mem::replace(tab, Tab::Regions));
        }
    }

    /// Take the keys of the mask mode, before the commands get theirs. They belong to a widget that has the
    /// keyboard's focus, if there is one.
    pub(crate) fn masking_keys(&mut self, ctx: &Context) {
        let free = ctx.memory(|memory| memory.focused().is_none() && memory.top_modal_layer().is_none());
        let masking = &mut self.view.masking;
        if !masking.on || self.view.page != Page::Painting || !free {
            (masking.space, masking.alone_by_key) = (None, false);
            return;
        }
        let escape = !egui::Popup::is_any_open(ctx);
        let asked = ctx.input_mut(|input| masking.take_keys(input, escape));
        if asked.close_path
            && let Some(pen) = masking.lift()
        {
            self.paint(&pen);
        }
        if asked.play {
            self.actions.push(Command::PlayPause);
        }
        if asked.leave {
            self.view.masking.leave(&mut self.view.layout.tab);
        }
    }

    /// What the canvas is drawn on with, for those who do not see it.
    pub(crate) fn masking_description(&self) -> String {
        if !self.view.masking.on {
            return String::new();
        }
        let masks = &self.settings.masks;
        let title = self.selected_mask().map_or("a new region", |place| place.title(masks));
        format!("Drawing on {title} with the tool {}. ", self.view.masking.tool.name())
    }

    /// Draw what a pen has drawn; nothing if that is too small to be meant.
    pub(super) fn paint(&mut self, pen: &Pen) {
        if pen.tool == Tool::Wand {
            return self.lift_wand(pen);
        }
        let strokes = pen.strokes();
        if self.view.masking.snaps && pen.tool.is_brush() {
            PaintCover::snapped(strokes).into_iter().for_each(|cover| self.actions.push(cover));
        } else if !strokes.is_empty() {
            self.actions.push(Paint(strokes));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::masks::tool::LIKENESSES;
    use impasto_core::picture::drawing::{Shape, Stroke};

    #[test]
    fn what_is_held_decides_how_a_press_changes_the_mask() {
        let mut masking = Masking::default();
        let (left, right) = (PointerButton::Primary, PointerButton::Secondary);
        let (none, shift, alt) = (Modifiers::NONE, Modifiers::SHIFT, Modifiers::ALT);
        assert_eq!(masking.mode_of(left, none), Mode::Add);
        assert_eq!(masking.mode_of(left, shift), Mode::Add, "shift draws a straight line");
        assert_eq!([masking.mode_of(left, alt), masking.mode_of(right, none)], [Mode::Subtract; 2]);
        masking.tool = Tool::Eraser;
        assert_eq!(masking.mode_of(left, none), Mode::Subtract);
        (masking.tool, masking.mode) = (Tool::Ellipse, Mode::Intersect);
        assert_eq!(masking.mode_of(left, none), Mode::Intersect);
        assert_eq!(masking.mode_of(left, shift), Mode::Add);
        assert_eq!([masking.mode_of(left, alt), masking.mode_of(right, shift)], [Mode::Subtract; 2]);
        assert_eq!(masking.mode_of(left, shift.plus(alt)), Mode::Intersect);
    }

    #[test]
    fn the_wheel_stays_within_what_can_be_drawn() {
        let mut numbers = Numbers::default();
        numbers.wheel(Tool::Brush, 1.0, Modifiers::NONE);
        assert!(numbers.radius > Numbers::default().radius);
        numbers.wheel(Tool::Brush, -1.0, Modifiers::NONE);
        assert!((numbers.radius - Numbers::default().radius).abs() < 1e-6);
        for notches in [-1000.0, 1000.0] {
            for held in [Modifiers::NONE, Modifiers::SHIFT, Modifiers::COMMAND] {
                numbers.wheel(Tool::Brush, notches, held);
                numbers.wheel(Tool::Path, notches, held);
                numbers.wheel(Tool::Wand, notches, held);
            }
            for shape in [
                Shape::Brush { points: vec![[0.5; 2]], radius: numbers.radius, hardness: numbers.hardness },
                Shape::Path { points: vec![[0.5; 2]; 3], feather: numbers.feather },
            ] {
                Stroke { shape, mode: Mode::Add, opacity: numbers.opacity }.validate().unwrap();
            }
            assert!(numbers.opacity > 0.0 && (LIKENESSES[0]..=LIKENESSES[1]).contains(&numbers.alike));
        }
    }
}
