//! Presentation: the painting alone on the whole screen.

use std::time::Duration;

use egui::{
    Align2, Area, Context, CursorIcon, Event, Frame, Id, Key, Modifiers, Order, Rect, RichText, Ui,
    ViewportCommand, vec2,
};

use super::{
    ImpastoApp,
    command::Command,
    fields,
    theme::{Palette, space},
    widgets,
};

/// The pointer disappears when it has rested for so many seconds.
pub const POINTER: f64 = 2.0;

/// The presentation, on or off.
#[derive(Default)]
pub struct Present {
    pub on: bool,
    /// Names and numbers over the picture.
    pub facts: bool,
    /// When the pointer moved last, on egui's clock.
    moved: f64,
}

impl ImpastoApp {
    /// Begins or ends the presentation.
    pub(super) fn toggle_presentation(&mut self, ctx: &Context) {
        self.view.present.on = !self.view.present.on;
        self.view.present.moved = ctx.input(|input| input.time);
        ctx.send_viewport_cmd(ViewportCommand::Fullscreen(self.view.present.on));
    }

    /// The canvas alone.
    pub(super) fn presentation_ui(&mut self, ui: &mut Ui) {
        let ctx = ui.ctx().clone();
        self.pictures.drop_rects.clear();
        let free = ctx.memory(|memory| memory.top_modal_layer().is_none() && memory.focused().is_none());
        if free && ctx.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape)) {
            self.actions.push(Command::Present);
        }
        self.canvas_ui(ui);
        if self.view.present.facts
            && let Some(area) = self.view.canvas.area
        {
            facts_box(&ctx, "facts", area, &self.painted_from());
        }
        let (now, moves) = ctx.input(|input| {
            let moves = |event: &Event| {
                matches!(
                    event,
                    Event::PointerMoved(_) | Event::PointerButton { .. } | Event::MouseWheel { .. }
                )
            };
            (input.time, input.events.iter().any(moves))
        });
        if moves {
            self.view.present.moved = now;
        }
        let rests = now - self.view.present.moved;
        if rests >= POINTER {
            ctx.set_cursor_icon(CursorIcon::None);
        } else {
            ctx.request_repaint_after(Duration::from_secs_f64(POINTER - rests));
        }
    }

    /// What is painted from what, and the settings that are not usual.
    pub(super) fn painted_from(&self) -> Vec<String> {
        let name = |slot: &super::pictures::Slot| {
            slot.picture.as_ref().map(|loaded| loaded.picture.name.clone()).unwrap_or_default()
        };
        let styles: Vec<String> =
            self.pictures.styles.iter().filter(|slot| slot.picture.is_some()).map(name).collect();
        let settings = &self.settings;
        let usual = impasto_core::settings::Settings::for_objective(settings.objective);
        let mut lines = vec![
            format!("{} in {}", name(&self.pictures.content), styles.join(", ")),
            match self.run.step() {
                step if step > settings.steps => format!("Step {step}"),
                step => format!("Step {step} of {}", settings.steps),
            },
            format!(
                "α {}, β {}, step size {}",
                widgets::number(settings.content_weight),
                widgets::number(settings.style_weight),
                widgets::number(settings.learning_rate)
            ),
        ];
        let said = ["content_weight", "style_weight", "learning_rate", "steps", "size", "device"];
        let others = fields::changes(&usual, settings);
        let others = others.iter().filter(|change| !said.contains(&change.key.as_str()));
        lines.extend(others.take(6).map(fields::now));
        lines
    }
}

/// Names and numbers at the lower left of an area.
pub fn facts_box(ctx: &Context, id: &'static str, area: Rect, lines: &[String]) {
    let palette = Palette::for_theme(ctx.theme());
    Area::new(Id::unique(id))
        .order(Order::Middle)
        .pivot(Align2::LEFT_BOTTOM)
        .fixed_pos(area.left_bottom() + vec2(space::L, -space::L))
        .interactable(false)
        .show(ctx, |ui| {
            let frame = Frame::new().fill(palette.bar.gamma_multiply(0.88)).corner_radius(6).inner_margin(12);
            frame.show(ui, |ui| {
                ui.set_max_width((area.width() - 2.0 * space::XL).max(80.0));
                for (index, line) in lines.iter().enumerate() {
                    let text = RichText::new(line).size(if index == 0 { 16.0 } else { 13.0 });
                    let color = if index == 0 { palette.text } else { palette.weak };
                    ui.add(egui::Label::new(text.color(color)).truncate());
                }
            });
        });
}
