//! The pages of the table of commands, in the middle of the window: the painting, and what takes its place
//! while it goes on.

use egui::{Context, Frame, Key, Margin, Modifiers, Rect, Ui};

pub use super::command::Page;
use super::{
    ImpastoApp,
    action::Act,
    theme::{Palette, space},
};

/// Below this width the pictures' panel makes room for a page, in points.
pub const NARROW: f32 = 1150.0;

impl Default for Page {
    fn default() -> Self {
        Self::ALL[0]
    }
}

/// Show the page.
impl Act for Page {
    fn apply(self, app: &mut ImpastoApp, _: &Context) {
        app.view.page = self;
    }
}

impl ImpastoApp {
    /// Show a page, or the painting again if it is shown already.
    pub(super) fn toggle_page(&mut self, page: Page) {
        self.view.page = if self.view.page == page { Page::Painting } else { page };
        if self.view.page != Page::Painting {
            self.view.lab.open = false;
        }
    }

    /// The page in the painting's place.
    pub(super) fn page_ui(&mut self, ui: &mut Ui) {
        if self.view.page == Page::Painting {
            return self.view.page.contents()(self, ui);
        }
        let ctx = ui.ctx().clone();
        let palette = Palette::of(ui);
        let frame = Frame::new().fill(palette.canvas).inner_margin(Margin::symmetric(16, 12));
        // Notes to the person stand at the page's lower edge.
        self.view.canvas.area = Some(ui.available_rect_before_wrap());
        egui::CentralPanel::default().frame(frame).show(ui, |ui| self.view.page.contents()(self, ui));
        if leaves(&ctx) {
            self.actions.push(Page::Painting);
        }
    }
}

/// Escape leaves a page, unless it is meant for something in front of it.
fn leaves(ctx: &Context) -> bool {
    let free = ctx.memory(|memory| memory.top_modal_layer().is_none() && memory.focused().is_none())
        && !egui::Popup::is_any_open(ctx);
    free && ctx.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape))
}

/// A card in the middle of an empty page.
pub fn card(ui: &mut Ui, title: &str, contents: impl FnOnce(&mut Ui)) {
    let palette = Palette::of(ui);
    let area = ui.available_rect_before_wrap();
    let width = area.width().min(500.0);
    let top = area.min.y + (area.height() * 0.16).min(90.0);
    let min = egui::pos2(area.center().x - width / 2.0, top);
    let rect = Rect::from_min_max(min, egui::pos2(min.x + width, area.max.y));
    let mut ui = ui.new_child(egui::UiBuilder::new().max_rect(rect));
    Frame::new().fill(palette.panel).corner_radius(6).inner_margin(Margin::same(20)).show(&mut ui, |ui| {
        ui.set_min_width(ui.available_width());
        ui.heading(title);
        ui.add_space(space::S);
        contents(ui);
    });
}
