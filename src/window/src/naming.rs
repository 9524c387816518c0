//! The dialog that gives something another name.

use egui::{Button, Context, Key, TextEdit};

use super::{
    theme::{self, ROW, space},
    widgets,
};

/// Characters of a name at most.
const LONGEST: usize = 40;

/// The name as it is typed.
pub struct Naming {
    name: String,
    /// What it is called without a name.
    default: String,
    /// The field has not had the keyboard yet.
    fresh: bool,
}

/// What a dialog was closed with.
pub enum Answer {
    Name(String),
    Cancelled,
}

impl Naming {
    pub fn new(name: String, default: String) -> Self {
        Self { name, default, fresh: true }
    }

    /// Show the dialog for a name that `check` accepts or refuses with a reason; `None` while it is open.
    pub fn show(
        &mut self,
        ctx: &Context,
        title: &'static str,
        check: impl FnOnce(&str) -> Result<String, String>,
    ) -> Option<Answer> {
        let mut answer = None;
        let modal = theme::modal(ctx, title).show(ctx, |ui| {
            ui.set_width(320.0);
            ui.heading(title);
            ui.add_space(space::S);
            let edit = TextEdit::singleline(&mut self.name).hint_text(self.default.as_str());
            let edit = ui.add(edit.char_limit(LONGEST).desired_width(f32::INFINITY)).accessible_name("Name");
            if std::mem::take(&mut self.fresh) {
                edit.request_focus();
            }
            let name = check(&self.name);
            if let Err(text) = &name {
                widgets::row_error(ui, text);
            }
            let entered = edit.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
            ui.add_space(space::M);
            ui.horizontal(|ui| {
                let ok = ui.add_enabled(name.is_ok(), Button::new("OK").min_size(egui::vec2(0.0, ROW)));
                let ok = ok.on_hover_text("Gives it this name").clicked();
                if let (true, Ok(name)) = (ok || entered, name) {
                    answer = Some(Answer::Name(name));
                }
                if ui.button("Cancel").on_hover_text("Leaves its name").clicked() {
                    answer = Some(Answer::Cancelled);
                }
            });
        });
        answer.or_else(|| modal.should_close().then_some(Answer::Cancelled))
    }
}
