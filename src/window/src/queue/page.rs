//! The queue's page: what it is doing, what can be added, the list.

use egui::{Align, Context, Layout, Response, RichText, ScrollArea, Stroke, Ui, vec2};

use super::{
    Access,
    row::{self, Line, QueueAction},
};
use crate::{
    ImpastoApp,
    action::Act,
    command::Command,
    icons::Icon,
    page::card,
    theme::{Palette, space},
    widgets,
};
use impasto_engine::queue::{ItemMove, QueueSummary};

/// Gap between two lines, in points.
const GAP: f32 = 4.0;

impl Act for QueueAction {
    fn apply(self, app: &mut ImpastoApp, ctx: &Context) {
        app.apply_to_queue(ctx, self);
    }
}

impl ImpastoApp {
    pub(crate) fn queue_page(&mut self, ui: &mut Ui) {
        match &self.queue.access {
            Access::Ready => {}
            Access::Reading => {
                ui.label(widgets::weak(ui, "Reading the queue…"));
                return;
            }
            Access::None(reason) => {
                let text = widgets::sentence(reason);
                return self.no_queue(ui, &text);
            }
        }
        if self.queue.rows.is_empty() {
            return self.empty_queue(ui);
        }
        self.queue_head(ui);
        ui.add_space(space::S);
        self.queue_list(ui);
    }

    /// What the queue does as a whole, and what can be done with it.
    fn queue_head(&mut self, ui: &mut Ui) {
        let ctx = ui.ctx().clone();
        let palette = Palette::of(ui);
        let outlook = self.queue.outlook.clone();
        ui.horizontal(|ui| {
            ui.set_min_height(32.0);
            let (text, lit) = headline(&outlook);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let command = Command::QueueHold;
                let (icon, word) = if outlook.held { (Icon::Play, "Go on") } else { (Icon::Pause, "Hold") };
                let (hint, enabled) = (command.hint(&ctx), self.can(command));
                let clicked = match outlook.held && enabled {
                    true => widgets::accent_button(ui, icon, word, 104.0, &hint, true).clicked(),
                    false => widgets::text_button(ui, icon, word, word, &hint, enabled).clicked(),
                };
                if clicked {
                    self.actions.push(command);
                }
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    let dot = if lit { palette.accent } else { palette.weak };
                    let (rect, _) = ui.allocate_exact_size(vec2(10.0, 10.0), egui::Sense::hover());
                    ui.painter().circle_filled(rect.center(), 3.5, dot);
                    ui.add(egui::Label::new(RichText::new(text).size(15.0)).truncate());
                });
            });
        });
        ui.horizontal_wrapped(|ui| {
            for (command, text) in
                [(Command::QueueAdd, "Add this painting…"), (Command::QueueFolders, "Add folders…")]
            {
                let hint = command.hint(&ctx);
                if widgets::text_button(ui, Icon::Plus, text, command.text(), &hint, true).clicked() {
                    self.actions.push(command);
                }
            }
            let any = outlook.finished > 0;
            let tooltip = "Takes what is done or cancelled out of the list; the pictures stay";
            if widgets::text_button(ui, Icon::Check, "Clear done", "Clear done", tooltip, any).clicked() {
                self.actions.push(QueueAction::ClearDone);
            }
        });
        self.courtesy_row(ui);
        self.notify_row(ui);
    }

    /// What the queue does while the person paints.
    fn courtesy_row(&mut self, ui: &mut Ui) {
        let on_cpu = self.live_on_cpu();
        ui.horizontal(|ui| {
            ui.label(widgets::weak(ui, "While I paint:"));
            if !on_cpu {
                let text = "the graphics adapter serves both";
                ui.label(widgets::weak(ui, text));
                return;
            }
            ui.spacing_mut().item_spacing.x = space::XS;
            let share = &mut self.view.layout.share_with_queue;
            let tooltip = "The queue rests while a painting runs in the window, so that the window is as quick as ever";
            if widgets::tab(ui, "Wait", tooltip, !*share).clicked() {
                *share = false;
            }
            let tooltip = "The queue takes what the window leaves of the processor; it rests only while you drag. Both are slower";
            if widgets::tab(ui, "Share", tooltip, *share).clicked() {
                *share = true;
            }
            let text = match share {
                true => "takes what the window leaves",
                false => "pause the painting (space), and the queue goes on",
            };
            ui.add(egui::Label::new(widgets::weak(ui, text)).truncate());
        });
    }

    fn queue_list(&mut self, ui: &mut Ui) {
        let ctx = ui.ctx().clone();
        let now = self.queue.desk.now();
        let held = self.queue.outlook.held;
        let count = self.queue.rows.len();
        let mut place = None;
        let dragged = self.queue.dragged;
        ScrollArea::vertical().auto_shrink(false).show_rows(ui, row::HEIGHT, count, |ui, range| {
            ui.spacing_mut().item_spacing.y = GAP;
            let (first, top) = (range.start, ui.cursor().min.y);
            for index in range {
                let id = self.queue.rows[index].id;
                let texture = self.queue.texture(&ctx, id);
                let line = Line {
                    row: &self.queue.rows[index],
                    index,
                    count,
                    now: now.as_ref().filter(|now| now.id == id),
                    held,
                    texture,
                    dragged: dragged == Some(id),
                };
                let response = line.show(ui, &self.actions);
                self.queue.drag(&response, id);
            }
            if self.queue.dragged.is_some() {
                place = drop_place(ui, first, top, count);
            }
        });
        if let Some(id) = self.queue.dragged
            && !ctx.input(|input| input.pointer.any_down())
        {
            self.queue.dragged = None;
            if let Some(place) = place {
                self.actions.push(QueueAction::Move(id, ItemMove::To(place)));
            }
        }
    }

    pub(crate) fn apply_to_queue(&mut self, ctx: &Context, action: QueueAction) {
        let desk = &self.queue.desk;
        match action {
            QueueAction::Move(id, to) => desk.reorder(id, to),
            QueueAction::Cancel(id) => desk.cancel(id),
            QueueAction::Retry(id) => {
                desk.retry(id);
                self.start_painter(ctx);
            }
            QueueAction::Remove(id) => desk.remove(id),
            QueueAction::Open(id) => {
                let path = desk
                    .items(|items| items.iter().find(|item| item.id == id).map(|item| item.output.clone()));
                if let Some(path) = path {
                    self.take_in(None, vec![crate::picture_source::Source::File(path)]);
                }
            }
            QueueAction::Focus(index) => {
                if let Some(row) = self.queue.rows.get(index) {
                    self.queue.focus = Some(row.id);
                }
            }
            QueueAction::ClearDone => desk.remove_finished(),
            QueueAction::Reopen => self.open_queue(),
        }
    }

    /// Nothing is queued: says what a queue is for.
    fn empty_queue(&self, ui: &mut Ui) {
        let ctx = ui.ctx().clone();
        card(ui, "Paint large, in the background", |ui| {
            ui.label(
                "Try things out at a small size, where every step is quick. What you like goes into the queue, \
                 which paints it at its final size while you go on, or while you sleep.",
            );
            ui.add_space(space::M);
            for (icon, text, tooltip, command, accent) in [
                (
                    Icon::Plus,
                    "Add this painting…",
                    "The current pictures and settings, at a size of its own",
                    Command::QueueAdd,
                    true,
                ),
                (
                    Icon::Open,
                    "Add folders…",
                    "Many contents in many styles, with the current settings",
                    Command::QueueFolders,
                    false,
                ),
            ] {
                let hint = command.hint(&ctx);
                ui.horizontal(|ui| {
                    let clicked = if accent {
                        widgets::accent_button(ui, icon, text, 190.0, &hint, true).clicked()
                    } else {
                        ui.allocate_ui(vec2(190.0, 32.0), |ui| {
                            ui.set_min_width(190.0);
                            widgets::text_button(ui, icon, text, command.text(), &hint, true).clicked()
                        })
                        .inner
                    };
                    if clicked {
                        self.actions.push(command);
                    }
                    ui.add(egui::Label::new(widgets::weak(ui, tooltip)).wrap());
                });
                ui.add_space(space::XS);
            }
            ui.add_space(space::S);
            ui.label(widgets::weak(ui, "The queue is saved and restored. Files are never overwritten."));
        });
    }

    /// There is no queue to be had.
    fn no_queue(&self, ui: &mut Ui, reason: &str) {
        card(ui, "The queue is not here", |ui| {
            ui.label(reason);
            ui.add_space(space::M);
            let tooltip = "Looks again whether the queue can be had";
            if widgets::text_button(
                ui,
                Icon::Restart,
                "Try again",
                "Try again to open the queue",
                tooltip,
                true,
            )
            .clicked()
            {
                self.actions.push(QueueAction::Reopen);
            }
        });
    }
}

impl super::Queue {
    /// Notes that a line is being dragged, and gives the keyboard to the line that should have it.
    fn drag(&mut self, response: &Response, id: u64) {
        if response.drag_started_by(egui::PointerButton::Primary) {
            self.dragged = Some(id);
        }
        if self.focus == Some(id) {
            self.focus = None;
            response.request_focus();
            response.scroll_to_me(None);
        }
    }
}

/// What the queue is doing, in a line, and whether it paints.
fn headline(outlook: &QueueSummary) -> (String, bool) {
    let QueueSummary { open, failed, finished, held, waits, seconds_left } = outlook;
    if *open == 0 {
        let text = match (failed, finished) {
            (0, _) => "All is painted".to_owned(),
            (failed, _) => format!("{failed} failed: see why, and try again"),
        };
        return (text, false);
    }
    let left = widgets::counted(*open, "painting") + " left";
    if *held {
        return (format!("On hold · {left}"), false);
    }
    if *waits {
        return (format!("Waits while you paint · {left}"), false);
    }
    match seconds_left {
        Some(seconds) => (format!("{left}, about {}", widgets::clock(*seconds)), true),
        None => (left, true),
    }
}

/// Where a dragged line would be put, with a mark there.
fn drop_place(ui: &Ui, first: usize, top: f32, count: usize) -> Option<usize> {
    let pointer = ui.ctx().pointer_latest_pos()?;
    let pitch = row::HEIGHT + GAP;
    let place = first as f32 + (pointer.y - top) / pitch;
    let place = (place.round().max(0.0) as usize).min(count);
    let y = top + (place as f32 - first as f32) * pitch - GAP / 2.0;
    let x = ui.max_rect().x_range();
    ui.painter().hline(x, y, Stroke::new(2.0, Palette::of(ui).accent));
    Some(place)
}
