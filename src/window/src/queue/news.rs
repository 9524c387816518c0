//! The desktop's notifications of the queue while another window is in front.

use egui::{Context, Ui, UserAttentionType, ViewportCommand};

use super::row::Row;
use crate::{ImpastoApp, command::Command, widgets};
use impasto_engine::queue::ItemState;

/// What is worth telling of the change from one list to another: that all is done, or that something failed.
fn news(before: &[Row], now: &[Row]) -> Option<String> {
    let was_open = |row: &&Row| before.iter().any(|old| old.id == row.id && old.state.is_open());
    let mut over = now.iter().filter(was_open).filter(|row| !row.state.is_open());
    let count = |counts: fn(&ItemState) -> bool| now.iter().filter(|row| counts(&row.state)).count();
    if count(ItemState::is_open) > 0 {
        let failed = over.find_map(|row| match &row.state {
            ItemState::Failed { message } => Some(format!("{}: {message}", row.file)),
            _ => None,
        });
        return failed.map(|reason| format!("The queue goes on, but could not paint {reason}."));
    }
    // What a person cancels is no news.
    over.any(|row| row.state != ItemState::Cancelled).then(|| {
        let painted = count(|state| matches!(state, ItemState::Done { .. } | ItemState::AlreadyPainted));
        let text = format!("The queue is done: {}", widgets::counted(painted, "painting"));
        match count(|state| matches!(state, ItemState::Failed { .. })) {
            0 => format!("{text}."),
            failed => format!("{text}, {failed} failed."),
        }
    })
}

impl ImpastoApp {
    /// Let the desktop tell what has become of the queue, unless the person is at this window.
    pub(super) fn notify_of_queue(&self, ctx: &Context, rows: &[Row]) {
        if !self.view.layout.notify || ctx.input(|input| input.focused) {
            return;
        }
        if let Some(text) = news(&self.queue.rows, rows) {
            self.desktop.notifier.notify(text);
            ctx.send_viewport_cmd(ViewportCommand::RequestUserAttention(UserAttentionType::Informational));
        }
    }

    /// Whether the desktop shows notifications of the queue.
    pub(super) fn notify_row(&self, ui: &mut Ui) {
        let command = Command::Notify;
        let mut on = self.view.layout.notify;
        ui.horizontal(|ui| {
            if widgets::checkbox(ui, command.text(), command.tooltip(), &mut on).changed() {
                self.actions.push(command);
            }
            ui.label(widgets::weak(ui, command.text())).on_hover_text(command.tooltip());
        });
    }

    pub(crate) fn toggle_notifications(&mut self) {
        self.view.layout.notify = !self.view.layout.notify;
        self.messages.toasts.add(match self.view.layout.notify {
            true => "The desktop tells when the queue is done or something of it fails, unless this window is in front.",
            false => "The desktop tells nothing of the queue.",
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(states: &[ItemState]) -> Vec<Row> {
        let row = |(id, state): (u64, &ItemState)| Row {
            id,
            title: String::new(),
            file: format!("{id}.png"),
            path: String::new(),
            facts: String::new(),
            state: state.clone(),
            remark: None,
        };
        (0..).zip(states).map(row).collect()
    }

    #[test]
    fn the_end_and_failures_are_news_and_nothing_else_is() {
        use ItemState::{Cancelled, Done, Failed, Painting, Waiting};
        let (done, failed) = (Done { seconds: 1.0 }, Failed { message: "no disk".into() });
        for (before, now, told) in [
            (vec![Painting, Waiting], vec![done.clone(), Waiting], None),
            (
                vec![Painting, Waiting],
                vec![failed.clone(), Waiting],
                Some("The queue goes on, but could not paint 0.png: no disk."),
            ),
            (vec![failed.clone(), Painting], vec![failed.clone(), Waiting], None),
            (
                vec![done.clone(), Painting],
                vec![done.clone(), done.clone()],
                Some("The queue is done: 2 paintings."),
            ),
            (
                vec![failed.clone(), Painting],
                vec![failed.clone(), done.clone()],
                Some("The queue is done: 1 painting, 1 failed."),
            ),
            (vec![Painting], vec![failed.clone()], Some("The queue is done: 0 paintings, 1 failed.")),
            (vec![done.clone(), Painting], vec![done.clone(), Cancelled], None),
            (vec![done.clone()], vec![done.clone()], None),
            (vec![Painting], vec![], None),
        ] {
            assert_eq!(news(&rows(&before), &rows(&now)).as_deref(), told, "{before:?} {now:?}");
        }
    }
}
