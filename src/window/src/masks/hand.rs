//! The pointer over the canvas in mask mode: it draws, and its wheel changes the brush.

use egui::{CursorIcon, Event, Modifiers, MouseWheelUnit, PointerButton, Response, Ui};

use super::{
    cursor,
    pen::{Pane, Pen, Then},
    tools::Masking,
};
use crate::ImpastoApp;

/// Points that a touchpad scrolls for what is a notch of a wheel.
const NOTCH: f32 = 50.0;

/// A press that draws.
fn draws(event: &Event) -> bool {
    matches!(event, Event::PointerButton { button, pressed: true, .. } if *button != PointerButton::Middle)
}

impl Masking {
    /// Take what the pointer did on the canvas; returns the strokes that it has ended.
    fn take_pointer(&mut self, events: &[Event], over: bool, panes: &[Pane], held: Modifiers) -> Vec<Pen> {
        let mut ended = Vec::new();
        for event in events {
            let then = match *event {
                Event::PointerButton { pos, button, modifiers, .. } if over && draws(event) => {
                    match &mut self.pen {
                        Some(pen) => {
                            panes.get(pen.pane).map_or(Then::GoOn, |pane| pen.press_again(pos, pane, button))
                        }
                        None => {
                            self.press(panes, (pos, button, modifiers));
                            Then::GoOn
                        }
                    }
                }
                Event::PointerButton { button, pressed: false, .. } => {
                    self.pen.as_mut().map_or(Then::GoOn, |pen| pen.release(button))
                }
                Event::PointerMoved(pos) => {
                    if let Some(pen) = &mut self.pen
                        && let Some(pane) = panes.get(pen.pane)
                    {
                        pen.go(pos, pane, held);
                    }
                    Then::GoOn
                }
                Event::MouseWheel { unit, delta, modifiers, .. } if over => {
                    // Some systems turn the wheel sideways while shift is held.
                    let notches = (delta.x + delta.y)
                        * match unit {
                            MouseWheelUnit::Line => 1.0,
                            MouseWheelUnit::Point => 1.0 / NOTCH,
                            MouseWheelUnit::Page => 8.0,
                        };
                    self.numbers.wheel(self.tool, notches, modifiers);
                    Then::GoOn
                }
                _ => Then::GoOn,
            };
            if then == Then::Lift {
                ended.extend(self.lift());
            }
        }
        ended
    }

    fn press(&mut self, panes: &[Pane], press: (egui::Pos2, PointerButton, Modifiers)) {
        let (pos, button, held) = press;
        let Some(index) = panes.iter().position(|pane| pane.clip.contains(pos)) else { return };
        let tool = (self.tool, self.mode_of(button, held), self.numbers);
        self.pen = Some(Pen::press(tool, (index, &panes[index]), press, self.last));
    }
}

impl ImpastoApp {
    /// Let the pointer draw on the masks, and show them, over the painting in these places.
    pub(crate) fn masks_over(&mut self, ui: &Ui, response: &Response, panes: &[Pane]) {
        if !self.view.masking.on {
            return;
        }
        let ctx = ui.ctx();
        let over = response.hovered() || response.is_pointer_button_down_on();
        let (events, held) = ui.input(|input| (input.events.clone(), input.modifiers));
        let (down, fingers) = ui.input(|input| (input.pointer.any_down(), input.multi_touch().is_some()));
        let begins = over && self.view.masking.pen.is_none() && events.iter().any(draws);
        if self.view.masking.draws() {
            let refuses = |app: &mut Self, place| app.refuses_strokes(place) || app.lacks_picture(place);
            let refused = begins && self.selected_mask().is_some_and(|place| refuses(self, place));
            let masking = &mut self.view.masking;
            let ended = masking.take_pointer(&events, over && !refused, panes, held);
            ended.into_iter().for_each(|pen| self.paint(&pen));
            self.follow_wand();
            let masking = &mut self.view.masking;
            let closes = masking.pen.as_ref().is_some_and(Pen::is_open_path) && response.double_clicked();
            if fingers || (!down && masking.pen.as_ref().is_some_and(Pen::is_held)) {
                // Two fingers move the picture; or the button was released where nothing of it was heard.
                masking.pen = None;
            } else if closes && let Some(pen) = masking.lift() {
                self.paint(&pen);
            }
        } else if response.dragged() || events.iter().any(|event| matches!(event, Event::MouseWheel { .. })) {
            self.view.masking.space = Some(true);
        }
        let painter = ui.painter();
        self.tint_masks(ctx, painter, panes);
        let masking = &self.view.masking;
        let pointer = response.hover_pos().filter(|_| masking.draws() && over);
        let next = (masking.mode_of(PointerButton::Primary, held), held.shift);
        cursor::paint(painter, masking, panes, pointer, next);
        if over {
            ctx.set_cursor_icon(match (masking.draws(), response.dragged()) {
                (true, _) => CursorIcon::Crosshair,
                (false, false) => CursorIcon::Grab,
                (false, true) => CursorIcon::Grabbing,
            });
        }
    }
}
