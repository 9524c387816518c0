//! The panel below the painting, behind the tabs of the table of commands. In a low window it is a strip
//! with the tabs and how the objective falls, until a tab is chosen.

use egui::{
    Color32, Context, FontId, Frame, Margin, Panel, Rect, Role, Sense, Shape, Stroke, Ui, WidgetInfo, vec2,
};

use super::{
    ImpastoApp,
    action::Act,
    command::Tab,
    compact, mixer,
    page::Page,
    state::Series,
    theme::{Palette, space},
    widgets,
};
use impasto_core::settings::three_digits;

/// Height of the panel in a low window, in points.
const STRIP: f32 = 32.0;
/// Least width of the curve in it.
const CURVE: f32 = 60.0;

impl Default for Tab {
    fn default() -> Self {
        Self::ALL[0]
    }
}

/// Show the tab.
impl Act for Tab {
    fn apply(self, app: &mut ImpastoApp, _: &Context) {
        app.show_tab(self);
    }
}

impl ImpastoApp {
    /// Show a tab, and the panel if it is hidden.
    pub(super) fn show_tab(&mut self, tab: Tab) {
        self.view.page = Page::Painting;
        self.view.layout.tab = tab;
        self.view.layout.show_bottom = true;
        self.view.bottom_open = true;
    }

    /// Show a tab, or another one in the place of one that is shown.
    pub(super) fn toggle_tab(&mut self, ctx: &Context, tab: Tab) {
        let layout = &self.view.layout;
        let open = self.view.bottom_open || !compact::is_low(ctx);
        if layout.tab == tab && layout.show_bottom && open && self.view.page == Page::Painting {
            self.view.layout.tab = Tab::Losses;
            self.view.bottom_open = false;
        } else {
            self.show_tab(tab);
        }
    }

    /// The panel, on the page of the painting only: the curves and the filmstrip are the painting's.
    pub(super) fn bottom_panel(&mut self, ui: &mut Ui) {
        self.pictures.masks.drop_area = None;
        let page = self.view.page != Page::Painting;
        let fill = Palette::of(ui).panel;
        let mut shown = self.view.layout.show_bottom && !page;
        // The tour's note lies over it.
        let strip = compact::is_low(ui.ctx()) && !self.view.bottom_open && self.panels.tour.is_none();
        if strip {
            self.view.bottom_area = None;
            if shown {
                let frame = Frame::new().fill(fill).inner_margin(Margin::symmetric(12, 0));
                Panel::bottom("plot, low").frame(frame).exact_size(STRIP).show(ui, |ui| {
                    self.view.landmarks.begin(ui, "Lower panel");
                    self.bottom_strip(ui);
                });
            }
            return;
        }
        let most = (ui.available_height() * 0.5).max(120.0);
        let frame = Frame::new().fill(fill).inner_margin(Margin::symmetric(12, 8));
        let panel = Panel::bottom("plot").frame(frame).resizable(true).size_range(100.0..=most);
        let panel = panel.default_size(self.view.layout.bottom).show_collapsible(ui, &mut shown, |ui| {
            self.view.landmarks.begin(ui, "Lower panel");
            self.bottom_ui(ui);
            ui.take_available_space();
        });
        self.view.bottom_area = panel.as_ref().map(|panel| panel.response.rect);
        self.view.layout.bottom = panel.map_or(self.view.layout.bottom, |panel| panel.response.rect.height());
        if !page {
            self.view.layout.show_bottom = shown;
        }
    }

    fn bottom_tabs(&mut self, ui: &mut Ui, open: bool) {
        ui.spacing_mut().item_spacing.x = space::XS;
        for &tab in Tab::ALL {
            let command = tab.command();
            let on = open && self.view.layout.tab == tab;
            if widgets::tab(ui, command.label(), &command.hint(ui.ctx()), on).clicked() {
                self.view.layout.tab = tab;
                // In a low window a second click puts it away.
                self.view.bottom_open = !on;
            }
        }
    }

    fn bottom_ui(&mut self, ui: &mut Ui) {
        ui.spacing_mut().item_spacing.y = space::XS;
        let tab = self.view.layout.tab;
        ui.horizontal(|ui| {
            self.bottom_tabs(ui, true);
            tab.header()(self, ui);
        });
        tab.contents()(self, ui);
    }

    /// The tabs, and how the objective falls.
    fn bottom_strip(&mut self, ui: &mut Ui) {
        ui.horizontal_centered(|ui| {
            self.bottom_tabs(ui, false);
            ui.add_space(space::S);
            let Some(total) = self.history.line(Series::Total) else { return };
            let size = vec2(ui.available_width(), STRIP - 8.0);
            let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
            let palette = Palette::of(ui);
            let value = total.latest().map_or("–".to_owned(), |loss| widgets::number(three_digits(loss)));
            let text = format!("total {value}");
            response.widget_info(|| WidgetInfo::labeled(Role::Image, true, format!("Loss, {text}")));
            let galley = ui.painter().layout_no_wrap(text, FontId::proportional(12.5), palette.text);
            let left = rect.max.x - galley.size().x;
            let at = egui::pos2(left, rect.center().y - galley.size().y / 2.0);
            ui.painter().galley(at, galley, Color32::WHITE);
            let place =
                Rect::from_min_max(rect.min, egui::pos2(left - space::M, rect.max.y)).shrink2(vec2(0.0, 4.0));
            if place.width() >= CURVE {
                let stroke = Stroke::new(1.5, palette.accent);
                let lines = mixer::curve(&self.history.parts(total), place);
                ui.painter().extend(lines.into_iter().map(|line| Shape::line(line, stroke)));
            }
        });
    }
}
