//! Controls at the right end of a row. A layout from right to left would place them as well, but the tab key
//! goes through controls in the order in which they are made, and that would be backwards.

use egui::{Align, Id, Layout, Ui, UiBuilder, vec2};

/// By how many points an end may be off for a frame. A number that counts on makes it so in many frames in a
/// row, each of which would be laid out twice.
const SEEN: f32 = 12.0;

/// Where the width of the end of this name is kept.
fn width_of(name: &str) -> Id {
    Id::unique(("width of a row's end", name))
}

/// Show what stands before the end of a row: it gets the room that the end of this name leaves.
pub fn before<R>(ui: &mut Ui, name: &str, contents: impl FnOnce(&mut Ui) -> R) -> R {
    let end = ui.data(|data| data.get_temp::<f32>(width_of(name))).unwrap_or_default();
    let room = ui.available_size_before_wrap();
    let width = (room.x - end - ui.spacing().item_spacing.x).max(0.0);
    let layout = Layout::left_to_right(Align::Center);
    ui.allocate_ui_with_layout(vec2(width, room.y), layout, contents).inner
}

/// Show the end of a row, from left to right, by the width that it had before. Where that was quite another
/// one, the frame is laid out once more. As [`egui::Aligned`], which would make the end before the rest.
pub fn show<R>(ui: &mut Ui, name: &str, contents: impl FnOnce(&mut Ui) -> R) -> R {
    let id = width_of(name);
    let known = ui.data(|data| data.get_temp::<f32>(id));
    let room = ui.available_rect_before_wrap();
    let rect = room.with_min_x((room.max.x - known.unwrap_or_default()).max(room.min.x));
    let layout = Layout::left_to_right(Align::Center);
    let mut end = ui.new_child(UiBuilder::new().max_rect(rect).layout(layout));
    if known.is_none() {
        end.set_invisible();
    }
    let result = contents(&mut end);
    let width = end.min_rect().width();
    let off = known.map_or(f32::INFINITY, |known| (known - width).abs());
    if off > 0.1 {
        ui.data_mut(|data| data.insert_temp(id, width));
        if off > SEEN {
            ui.ctx().request_discard("a row's end has another width");
        } else {
            ui.request_repaint();
        }
    }
    ui.advance_cursor_after_rect(end.min_rect());
    result
}
