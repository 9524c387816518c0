//! Tooltips of controls in a panel: beside the panel, never over the next control.

use egui::{Context, Id, RectAlign, Response, Tooltip};

/// Where the panel is whose controls are shown.
fn panel_id() -> Id {
    Id::unique("panel of the tooltips")
}

/// The control that was dragged and that the pointer has not left since.
fn dragged_id() -> Id {
    Id::unique("control without a tooltip")
}

/// Set where the panel is in this frame.
pub fn set_panel(ctx: &Context, rect: egui::Rect) {
    ctx.data_mut(|data| data.insert_temp(panel_id(), rect));
}

/// Show `text` left of the control, outside its panel. While it is dragged, and until the pointer has left
/// it, what it does is seen in the picture.
pub fn beside(response: Response, text: &str) -> Response {
    let ctx = &response.ctx;
    if response.dragged() {
        ctx.data_mut(|data| data.insert_temp(dragged_id(), response.id));
        return response;
    }
    if ctx.data(|data| data.get_temp(dragged_id()) == Some(response.id)) {
        if response.contains_pointer() {
            return response;
        }
        ctx.data_mut(|data| data.remove::<Id>(dragged_id()));
    }
    let mut anchor = response.interact_rect;
    let panel = ctx.data(|data| data.get_temp::<egui::Rect>(panel_id()));
    if let Some(panel) = panel.filter(|panel| panel.contains_rect(anchor)) {
        anchor.min.x = panel.min.x;
    }
    let mut tooltip = Tooltip::for_enabled(&response);
    tooltip.popup = tooltip.popup.anchor(anchor).align(RectAlign::LEFT_START);
    tooltip.show(|ui| ui.label(text));
    response
}
