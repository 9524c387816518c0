//! Pages that take the painting's place in the middle of the window; painting goes on meanwhile.

pub mod kind;

use egui::{Align, Context, Frame, Key, Layout, Margin, Modifiers, Panel, Rect, Ui};

pub use kind::{NARROW, Page};

use super::{
    ImpastoApp,
    command::Command,
    icons::Icon,
    theme::{Palette, space},
    toolbar, widgets,
};

impl ImpastoApp {
    /// Shows a page, or the painting again if it is shown already.
    pub(super) fn toggle_page(&mut self, page: Page) {
        self.view.page = if self.view.page == page { Page::Painting } else { page };
        if self.view.page != Page::Painting {
            self.view.lab.open = false;
        }
    }

    /// The page in the painting's place, with the way to the others above it.
    pub(super) fn page_ui(&mut self, ui: &mut Ui) {
        let ctx = ui.ctx().clone();
        let palette = Palette::of(ui);
        let bar = Frame::new().fill(palette.bar).inner_margin(Margin::symmetric(8, 0));
        Panel::top("pages").frame(bar).exact_size(toolbar::HEIGHT).show(ui, |ui| self.page_tabs(ui));
        let frame = Frame::new().fill(palette.canvas).inner_margin(Margin::symmetric(16, 12));
        // Notes to the person stand at the page's lower edge.
        self.view.canvas.area = Some(ui.available_rect_before_wrap());
        egui::CentralPanel::default().frame(frame).show(ui, |ui| match self.view.page {
            Page::Painting => {}
            Page::Queue => self.queue_page(ui),
            Page::Grid => self.grid_page(ui),
        });
        if leaves(&ctx) {
            self.actions.push(Page::Painting);
        }
    }

    fn page_tabs(&self, ui: &mut Ui) {
        let ctx = ui.ctx().clone();
        ui.horizontal_centered(|ui| {
            ui.spacing_mut().item_spacing.x = space::XS;
            let tooltip = "The painting, which goes on behind this page (Escape)";
            if widgets::tab(ui, "Painting", tooltip, self.view.page == Page::Painting).clicked() {
                self.actions.push(Page::Painting);
            }
            for (page, command) in PAGES {
                if widgets::tab(ui, command.text(), &command.hint(&ctx), self.view.page == page).clicked() {
                    self.actions.push(page);
                }
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let tooltip = "Shows the painting again (Escape)";
                if widgets::icon_button(ui, Icon::Close, "Back to the painting", tooltip, true).clicked() {
                    self.actions.push(Page::Painting);
                }
            });
        });
    }

    /// The switches of the pages in the transport, from right to left.
    pub(super) fn page_switches(&self, ui: &mut Ui) {
        let ctx = ui.ctx().clone();
        for (page, command) in PAGES.into_iter().rev() {
            let on = self.view.page == page;
            if widgets::icon_toggle(ui, command.icon(), command.text(), &command.hint(&ctx), on).clicked() {
                self.actions.push(command);
            }
        }
    }
}

/// Every page but the painting, and the command that shows it.
const PAGES: [(Page, Command); 2] = [(Page::Queue, Command::Queue), (Page::Grid, Command::Grid)];

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
