//! A line of the queue: the painting, how far it is, what can be done with it.

use egui::{
    Align, Align2, Color32, FontId, Key, Label, Layout, Modifiers, Rect, Response, RichText, Role, Sense,
    Stroke, StrokeKind, TextureHandle, Ui, WidgetInfo, pos2, vec2,
};

use crate::{
    action::Actions,
    icons::Icon,
    row_end,
    theme::{Palette, RADIUS, space},
    widgets,
};
use impasto_engine::queue::{Item, ItemMove, ItemProgress, ItemStage, ItemState};

/// Height of a line, in points.
pub const HEIGHT: f32 = 60.0;
const GRIP: f32 = 18.0;
const THUMBNAIL: egui::Vec2 = vec2(66.0, 44.0);

/// What the list shows of an item.
#[derive(Clone, Debug)]
pub struct Row {
    pub id: u64,
    pub title: String,
    /// Name of its file, and the whole path.
    pub file: String,
    pub path: String,
    /// Size and steps.
    pub facts: String,
    pub state: ItemState,
    pub remark: Option<String>,
}

/// What can be done with the queue. Its paintings are known by their numbers.
pub enum QueueAction {
    Move(u64, ItemMove),
    Cancel(u64),
    Retry(u64),
    Remove(u64),
    /// The finished picture, with its recipe.
    Open(u64),
    /// Gives the keyboard to the line at a place.
    Focus(usize),
    /// Takes everything off the list that is over.
    ClearDone,
    /// Tries again to open it.
    Reopen,
}

impl Row {
    pub fn new(item: &Item) -> Self {
        Self {
            id: item.id,
            title: item.title(),
            file: item.output.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            path: item.output.display().to_string(),
            facts: format!("{} px, {} steps", item.settings.longest_side(), item.steps()),
            state: item.state.clone(),
            remark: item.remark.clone(),
        }
    }

    /// How far it is, in a line.
    fn text(&self, now: Option<&ItemProgress>, held: bool) -> String {
        match (&self.state, now) {
            (ItemState::Painting, Some(now)) => progress(now, held),
            (ItemState::Waiting, _) => format!("{} · {}", self.facts, self.file),
            (ItemState::Painting, None) => "Beginning…".to_owned(),
            (ItemState::Done { seconds }, _) => format!("{} · in {}", self.file, widgets::clock(*seconds)),
            (ItemState::AlreadyPainted, _) => {
                format!("{} was there already, painted by the same recipe", self.file)
            }
            (ItemState::Failed { message }, _) => widgets::sentence(message),
            (ItemState::Cancelled, _) => format!("Cancelled · {}", self.facts),
        }
    }

    fn word(&self) -> &'static str {
        match self.state {
            ItemState::Waiting => "waiting",
            ItemState::Painting => "painting",
            ItemState::Done { .. } => "done",
            ItemState::AlreadyPainted => "was there already",
            ItemState::Failed { .. } => "failed",
            ItemState::Cancelled => "cancelled",
        }
    }
}

fn progress(now: &ItemProgress, held: bool) -> String {
    let mut facts = Vec::new();
    match &now.stage {
        ItemStage::Preparing(what) => facts.push(widgets::capital(what)),
        ItemStage::Saving => facts.push("Saving…".to_owned()),
        ItemStage::Painting => {
            facts.push(format!("{:.0} %", 100.0 * now.share));
            if let Some(seconds) = now.seconds_left.filter(|_| !(held || now.waits)) {
                facts.push(format!("{} left", widgets::clock(seconds)));
            }
            facts.push(format!("step {} of {}", now.step, now.steps));
            facts.push(format!("{} × {} px", now.shape.0, now.shape.1));
        }
    }
    if held {
        facts.insert(0, "On hold".to_owned());
    } else if now.waits {
        facts.insert(0, "Waits while you paint".to_owned());
    }
    facts.join(" · ")
}

/// What a line is drawn with.
pub struct Line<'a> {
    pub row: &'a Row,
    pub index: usize,
    pub count: usize,
    pub now: Option<&'a ItemProgress>,
    pub held: bool,
    pub texture: Option<TextureHandle>,
    pub dragged: bool,
}

impl Line<'_> {
    /// Show the line; the response is that of its whole area, to be dragged.
    pub fn show(&self, ui: &mut Ui, actions: &Actions) -> Response {
        let palette = Palette::of(ui);
        let row = self.row;
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::hover());
        let id = ui.scope_id().with(("queue row", row.id));
        let response = ui.interact(rect, id, Sense::click_and_drag());
        if response.clicked() {
            response.request_focus();
        }
        self.keys(ui, &response, actions);
        let lit = response.hovered() || self.dragged;
        let fill = if lit { palette.button } else { palette.panel };
        ui.painter().rect_filled(rect, RADIUS, fill);
        if response.has_focus() {
            let stroke = Stroke::new(2.0, palette.accent);
            ui.painter().rect_stroke(rect, RADIUS, stroke, StrokeKind::Inside);
        }
        if lit && row.state.is_open() {
            grip(ui, rect, palette.weak);
        }
        let text = row.text(self.now, self.held);
        let name = format!("{}. {}, {}: {text}", self.index + 1, row.title, row.word());
        response.widget_info(|| WidgetInfo::labeled(Role::ListItem, true, &name));

        let min = pos2(rect.min.x + GRIP, rect.center().y - THUMBNAIL.y / 2.0);
        self.thumbnail(ui, Rect::from_min_size(min, THUMBNAIL));
        let inner = Rect::from_min_max(
            pos2(min.x + THUMBNAIL.x + space::M, rect.min.y),
            rect.max - vec2(space::S, 0.0),
        );
        let layout = Layout::left_to_right(Align::Center);
        let mut ui = ui.new_child(egui::UiBuilder::new().max_rect(inner).layout(layout).id_salt(row.id));
        ui.spacing_mut().item_spacing.x = space::XS;
        // Rows with as many buttons share the width of their end.
        let end = if row.state.is_open() { "open queue row" } else { "queue row" };
        row_end::before(&mut ui, end, |ui| {
            let room = ui.available_rect_before_wrap();
            self.texts(ui, room.with_max_x(room.max.x - space::S), &text);
        });
        row_end::show(&mut ui, end, |ui| self.buttons(ui, actions));
        let mut tooltip = row.path.clone();
        if let Some(remark) = &row.remark {
            tooltip = format!("{tooltip}\n{}", widgets::sentence(remark));
        }
        if matches!(row.state, ItemState::Failed { .. }) {
            tooltip = format!("{text}\n{tooltip}");
        }
        if row.state.is_open() {
            tooltip += "\nDrag to another place, or alt with the arrow keys.";
        }
        response.on_hover_text_at_pointer(tooltip)
    }

    fn keys(&self, ui: &Ui, response: &Response, actions: &Actions) {
        if !response.has_focus() {
            return;
        }
        let ctx = ui.ctx();
        ctx.memory_mut(|memory| {
            let filter = egui::EventFilter { vertical_arrows: true, ..Default::default() };
            memory.set_focus_lock_filter(response.id, filter);
        });
        let id = self.row.id;
        let pressed = |modifiers, key| ctx.input_mut(|input| input.consume_key(modifiers, key));
        let action = if pressed(Modifiers::ALT, Key::ArrowUp) {
            QueueAction::Move(id, ItemMove::Up)
        } else if pressed(Modifiers::ALT, Key::ArrowDown) {
            QueueAction::Move(id, ItemMove::Down)
        } else if pressed(Modifiers::NONE, Key::ArrowUp) {
            QueueAction::Focus(self.index.saturating_sub(1))
        } else if pressed(Modifiers::NONE, Key::ArrowDown) {
            QueueAction::Focus((self.index + 1).min(self.count - 1))
        } else if pressed(Modifiers::NONE, Key::Delete) || pressed(Modifiers::NONE, Key::Backspace) {
            QueueAction::Remove(id)
        } else if pressed(Modifiers::NONE, Key::Enter) {
            match self.row.state {
                ItemState::Failed { .. } | ItemState::Cancelled => QueueAction::Retry(id),
                ItemState::Done { .. } | ItemState::AlreadyPainted => QueueAction::Open(id),
                _ => return,
            }
        } else {
            return;
        };
        actions.push(action);
    }

    fn thumbnail(&self, ui: &Ui, rect: Rect) {
        let palette = Palette::of(ui);
        ui.painter().rect_filled(rect, RADIUS, palette.well);
        let gone = matches!(self.row.state, ItemState::Cancelled | ItemState::Failed { .. });
        let tint = Color32::WHITE.gamma_multiply(if gone { 0.45 } else { 1.0 });
        match &self.texture {
            Some(texture) => {
                let size = texture.size_vec2();
                let shown = (rect.size() / (size * (rect.size() / size).max_elem())).min(vec2(1.0, 1.0));
                let uv = Rect::from_min_size(((vec2(1.0, 1.0) - shown) / 2.0).to_pos2(), shown);
                egui::Image::from_texture((texture.id(), rect.size()))
                    .uv(uv)
                    .tint(tint)
                    .corner_radius(RADIUS)
                    .paint_at(ui, rect);
            }
            None => {
                let number = (self.index + 1).to_string();
                let font = FontId::proportional(15.0);
                ui.painter().text(rect.center(), Align2::CENTER_CENTER, number, font, palette.weak);
            }
        }
    }

    fn texts(&self, ui: &mut Ui, room: Rect, text: &str) {
        let palette = Palette::of(ui);
        let layout = Layout::top_down(Align::Min);
        let mut ui = ui.new_child(egui::UiBuilder::new().max_rect(room).layout(layout));
        ui.spacing_mut().item_spacing.y = 1.0;
        ui.spacing_mut().interact_size.y = 16.0;
        let painting = self.row.state == ItemState::Painting;
        let height = if painting { 44.0 } else { 36.0 };
        ui.add_space((HEIGHT - height) / 2.0);
        let over = matches!(self.row.state, ItemState::Cancelled);
        let title = RichText::new(&self.row.title).size(14.0);
        let title = title.color(if over { palette.weak } else { palette.text });
        ui.add(Label::new(title).truncate());
        let (mark, color) = match self.row.state {
            ItemState::Failed { .. } => (Some(Icon::Warning), palette.bad),
            ItemState::Done { .. } | ItemState::AlreadyPainted => (Some(Icon::Check), palette.good),
            _ => (None, palette.weak),
        };
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = space::XS;
            if let Some(mark) = mark {
                let (rect, _) = ui.allocate_exact_size(vec2(14.0, 16.0), Sense::hover());
                mark.paint(ui.painter(), rect.center(), color);
            }
            let color = if mark == Some(Icon::Check) { palette.weak } else { color };
            ui.add(Label::new(RichText::new(text).small().color(color)).truncate());
        });
        if painting {
            ui.add_space(5.0);
            let (bar, _) = ui.allocate_exact_size(vec2(ui.available_width(), 4.0), Sense::hover());
            ui.painter().rect_filled(bar, 2.0, palette.well);
            let share = self.now.map_or(0.0, |now| now.share.clamp(0.0, 1.0));
            let waits = self.held || self.now.is_some_and(|now| now.waits);
            let filled = Rect::from_min_size(bar.min, vec2(bar.width() * share, bar.height()));
            ui.painter().rect_filled(filled, 2.0, if waits { palette.weak } else { palette.accent });
        }
    }

    fn buttons(&self, ui: &mut Ui, actions: &Actions) {
        let Row { id, title, state, .. } = self.row;
        let button = |ui: &mut Ui, icon, what: &str, tooltip: &str, enabled, action: QueueAction| {
            let name = format!("{what} {title}");
            if widgets::icon_button(ui, icon, &name, tooltip, enabled).clicked() {
                actions.push(action);
            }
        };
        match state {
            ItemState::Waiting | ItemState::Painting => {
                let up = self.index > 0;
                let tooltip = "Sooner (alt and arrow up)";
                button(ui, Icon::Up, "Sooner:", tooltip, up, QueueAction::Move(*id, ItemMove::Up));
                let down = self.index + 1 < self.count;
                let tooltip = "Later (alt and arrow down)";
                button(ui, Icon::Down, "Later:", tooltip, down, QueueAction::Move(*id, ItemMove::Down));
            }
            ItemState::Failed { .. } | ItemState::Cancelled => {
                let tooltip = "Paints it again from the beginning (Enter)";
                button(ui, Icon::Restart, "Try again", tooltip, true, QueueAction::Retry(*id));
            }
            ItemState::Done { .. } | ItemState::AlreadyPainted => {
                let tooltip = "Brings the picture into the window, with its recipe (Enter)";
                button(ui, Icon::Open, "Open", tooltip, true, QueueAction::Open(*id));
            }
        }
        match state {
            ItemState::Painting => {
                button(ui, Icon::Stop, "Cancel", "Ends it without a picture", true, QueueAction::Cancel(*id));
            }
            _ => {
                let tooltip = "Takes it out of the list; a picture that is painted stays (Delete)";
                button(ui, Icon::Close, "Remove", tooltip, true, QueueAction::Remove(*id));
            }
        }
    }
}

/// Six dots at the left edge: what can be dragged.
fn grip(ui: &Ui, rect: Rect, color: Color32) {
    for row in -1..=1 {
        for column in [-2.5, 2.5] {
            let at = pos2(rect.min.x + GRIP / 2.0 + column, rect.center().y + 6.0 * row as f32);
            ui.painter().circle_filled(at, 1.3, color);
        }
    }
}
