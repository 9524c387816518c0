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

impl Masking {
    /// Take what the pointer did on the canvas; true if the pen is to be lifted.
    fn take_pointer(&mut self, events: &[Event], over: bool, panes: &[Pane], held: Modifiers) -> bool {
        let mut lifts = false;
        for event in events {
            let then = match *event {
                Event::PointerButton { pos, button, pressed: true, modifiers }
                    if over && button != PointerButton::Middle && !lifts =>
                {
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
                        && !lifts
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
            lifts |= then == Then::Lift;
        }
        lifts
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
        let masking = &mut self.view.masking;
        if masking.draws() {
            let lifts = masking.take_pointer(&events, over, panes, held);
            // The button was released where nothing of it was heard.
            let lost = !lifts && !down && masking.pen.as_ref().is_some_and(Pen::is_held);
            let closes = masking.pen.as_ref().is_some_and(Pen::is_open_path) && response.double_clicked();
            if fingers || lost {
                // Two fingers move the picture.
                masking.pen = None;
            } else if lifts || closes {
                self.lift_pen();
            }
        } else if response.dragged() || events.iter().any(|event| matches!(event, Event::MouseWheel { .. })) {
            masking.space = masking.space.map(|_| true);
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
