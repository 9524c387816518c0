//! The bar over the canvas in mask mode: tools, what is drawn on, and the numbers of the tool in hand.

use egui::{ComboBox, Frame, Margin, Modifiers, Panel, PointerButton, Popup, Ui};

use super::{
    AddRegion, Place, SelectMask,
    draw::Paint,
    on_mask::OnMask,
    places,
    snapping::SnapMask,
    tool::{ALIKE, LIKENESSES, RADII, Tool, WIDEST},
    tools::Masking,
};
use crate::{
    ImpastoApp,
    action::{Act, Action},
    command::Command,
    entry::Entry,
    icons::{Icon, ToolIcon},
    row_end,
    theme::{Palette, space},
    widgets,
};
use impasto_core::{
    picture::drawing::{Mode, Shape, Stroke},
    settings::MAX_REGIONS,
};

/// Height of the bar, in points.
const HEIGHT: f32 = 34.0;
/// From this width on the numbers stand in the bar; below they go behind a button.
const NUMBERS_FROM: f32 = 950.0;
/// From this width on there is room to say what is drawn on, and for what is done to the whole mask; below
/// that is behind the same button.
const TARGET_FROM: f32 = 690.0;
const WHOLE_FROM: f32 = 590.0;
/// Width of a number, and of the box that says what is drawn on.
const NUMBER: f32 = 52.0;
const TARGET: f32 = 104.0;

/// How shapes change the mask: name, what it does, icon.
const MODES: [(Mode, &str, &str, Icon); 4] = [
    (Mode::Add, "Add", "The shape is added to the mask (hold shift at the press)", Icon::Tool(ToolIcon::Add)),
    (
        Mode::Subtract,
        "Subtract",
        "The shape is taken away from the mask (hold alt, or use the right button)",
        Icon::Tool(ToolIcon::Subtract),
    ),
    (
        Mode::Intersect,
        "Intersect",
        "Only the mask within the shape stays (hold shift and alt)",
        Icon::Tool(ToolIcon::Intersect),
    ),
    // For the wand alone.
    (Mode::Replace, "Replace", "The mask becomes what the wand takes", Icon::Swap),
];

/// What is done to the whole mask: icon, name, what comes of it.
const WHOLE: [(Icon, &str, &str, Mode); 3] = [
    (
        Icon::Tool(ToolIcon::Fill),
        "Fill the mask",
        "Adds the whole picture to the mask, as much as the opacity says",
        Mode::Add,
    ),
    (Icon::Tool(ToolIcon::Clear), "Clear the mask", "Takes all of the mask away", Mode::Subtract),
    (Icon::Tool(ToolIcon::Invert), "Invert the mask", "Inside becomes outside", Mode::Invert),
];

/// What lets the whole mask follow the content's edges: name, what comes of it.
const SNAP: (&str, &str) = ("Snap to edges", "Moves the edge of the mask to that of the content beside it");

/// A number of the tools.
struct Number {
    label: &'static str,
    name: &'static str,
    tooltip: &'static str,
    /// In percent.
    range: [f32; 2],
    default: f64,
}

const SIZE: Number = Number {
    label: "Size",
    name: "Size of the brush",
    tooltip: "Diameter of the brush, in percent of the picture's longer side (wheel, or [ and ])",
    range: [200.0 * RADII[0], 200.0 * RADII[1]],
    default: 10.0,
};
const HARDNESS: Number = Number {
    label: "Hard",
    name: "Hardness of the brush",
    tooltip: "How much of the brush is full before it falls off to its edge (shift-wheel)",
    range: [0.0, 100.0],
    default: 50.0,
};
const EDGE: Number = Number {
    label: "Edge",
    name: "Edge of the shape",
    tooltip: "Width of the soft edge of ellipses and paths, in percent of the picture's longer side (wheel, or [ and ])",
    range: [0.0, 100.0 * WIDEST],
    default: 2.0,
};
const LIKENESS: Number = Number {
    label: "Alike",
    name: "Likeness for the wand",
    tooltip: "How alike a place must be to what was clicked on: 100 % is the same, 0 % as different as most. Dragging sets it (wheel, or [ and ])",
    range: [100.0 * LIKENESSES[0], 100.0 * LIKENESSES[1]],
    default: 100.0 * ALIKE as f64,
};
const OPACITY: Number = Number {
    label: "Opacity",
    name: "Opacity of the stroke",
    tooltip: "How much one stroke changes the mask (ctrl-wheel)",
    range: [1.0, 100.0],
    default: 100.0,
};

impl Number {
    /// Show it; `factor` leads from the value to percent.
    fn show(&self, ui: &mut Ui, value: &mut f32, factor: f32) {
        ui.label(widgets::weak(ui, self.label)).on_hover_text(self.tooltip);
        let mut percent = f64::from(*value * factor);
        let entry = Entry {
            name: self.name,
            tooltip: self.tooltip,
            drag: f64::from(self.range[0])..=f64::from(self.range[1]),
            suffix: " %",
            whole: false,
            width: NUMBER,
            param: None,
            default: Some(self.default),
        };
        let before = percent;
        entry.show(ui, &mut percent);
        if percent != before {
            *value = (percent as f32).clamp(self.range[0], self.range[1]) / factor;
        }
    }
}

impl Masking {
    /// Change the whole mask.
    fn whole(&self, mode: Mode) -> Paint {
        let opacity = if mode == Mode::Add { self.numbers.opacity } else { 1.0 };
        Paint(vec![Stroke { shape: Shape::All, mode, opacity }])
    }

    /// The numbers of the tool in hand.
    fn numbers_ui(&mut self, ui: &mut Ui) {
        let numbers = &mut self.numbers;
        if self.tool.is_brush() {
            let tooltip = "Strokes end where an edge of the content is near theirs, when they are let go";
            let icon = Icon::Tool(ToolIcon::SnapStrokes);
            if widgets::icon_toggle(ui, icon, "Snap strokes", tooltip, self.snaps).clicked() {
                self.snaps = !self.snaps;
            }
            SIZE.show(ui, &mut numbers.radius, 200.0);
            HARDNESS.show(ui, &mut numbers.hardness, 100.0);
        } else if self.tool == Tool::Wand {
            numbers.layer_ui(ui);
            LIKENESS.show(ui, &mut numbers.alike, 100.0);
        } else if self.tool != Tool::Gradient {
            EDGE.show(ui, &mut numbers.feather, 100.0);
        }
        OPACITY.show(ui, &mut numbers.opacity, 100.0);
    }

    fn tools_ui(&mut self, ui: &mut Ui) {
        for tool in Tool::ALL {
            let on = self.tool == tool;
            if widgets::icon_toggle(ui, tool.icon(), tool.name(), tool.tooltip(), on).clicked() {
                (self.tool, self.pen) = (tool, None);
                if tool != Tool::Wand && self.mode == Mode::Replace {
                    self.mode = Mode::Add;
                }
            }
        }
    }

    /// The modes, with the one that a press now would have.
    fn modes_ui(&mut self, ui: &mut Ui) {
        let held = ui.input(|input| input.modifiers);
        let held = if self.pen.is_some() { Modifiers::NONE } else { held };
        let now =
            self.pen.as_ref().map_or_else(|| self.mode_of(PointerButton::Primary, held), |pen| pen.mode);
        let offered = |mode: Mode| mode != Mode::Replace || self.tool == Tool::Wand;
        for (mode, name, tooltip, icon) in MODES.into_iter().filter(|(mode, ..)| offered(*mode)) {
            if widgets::icon_toggle(ui, icon, name, tooltip, mode == now).clicked() {
                self.mode = mode;
            }
        }
    }
}

/// Leave the mask mode.
struct Leave;

impl Act for Leave {
    fn apply(self, app: &mut ImpastoApp, _: &egui::Context) {
        app.toggle_masking_mode();
    }
}

impl ImpastoApp {
    /// Show the bar while masks are painted on.
    pub(crate) fn mask_bar(&mut self, ui: &mut Ui) {
        if !self.view.masking.on {
            return;
        }
        let frame = Frame::new().fill(Palette::of(ui).bar).inner_margin(Margin::symmetric(8, 0));
        Panel::top("mask tools").frame(frame).exact_size(HEIGHT).show(ui, |ui| {
            let width = ui.available_width();
            ui.horizontal_centered(|ui| {
                ui.spacing_mut().item_spacing.x = space::XS;
                self.view.masking.tools_ui(ui);
                ui.add_space(space::S);
                if width >= WHOLE_FROM {
                    self.whole_buttons(ui);
                    ui.add_space(space::S);
                }
                let masking = &mut self.view.masking;
                if !masking.tool.is_brush() {
                    masking.modes_ui(ui);
                    ui.add_space(space::S);
                }
                if width >= NUMBERS_FROM {
                    masking.numbers_ui(ui);
                } else {
                    self.more_menu(ui, width < WHOLE_FROM);
                }
                row_end::show(ui, "mask tools", |ui| {
                    if width >= TARGET_FROM {
                        self.target_ui(ui);
                    }
                    let masking = &mut self.view.masking;
                    let hint = "Shows the selected mask alone, in grey (hold \\)";
                    let alone = masking.shows_alone();
                    if widgets::icon_toggle(ui, Icon::Eye, "Mask alone", hint, alone).clicked() {
                        masking.alone = !masking.alone;
                    }
                    let hint =
                        format!("Back to looking ({})", Command::Masks.key(ui.ctx()).unwrap_or_default());
                    if widgets::icon_button(ui, Icon::Close, "Leave the mask mode", &hint, true).clicked() {
                        self.actions.push(Leave);
                    }
                });
            });
        });
    }

    /// What is done to the whole mask at once.
    fn whole_buttons(&self, ui: &mut Ui) {
        for (icon, name, tooltip, mode) in WHOLE {
            if widgets::icon_button(ui, icon, name, tooltip, true).clicked() {
                self.actions.push(self.view.masking.whole(mode));
            }
        }
        let icon = Icon::Tool(ToolIcon::Snap);
        let place = self.selected_mask();
        if widgets::icon_button(ui, icon, SNAP.0, SNAP.1, place.is_some()).clicked()
            && let Some(place) = place
        {
            self.actions.push(OnMask::new(place, &self.settings.masks, SnapMask));
        }
    }

    /// The numbers behind a button, and what is done to the whole mask if there is no room for it.
    fn more_menu(&mut self, ui: &mut Ui, with_whole: bool) {
        let tooltip = "Size, hardness and opacity of the tool in hand";
        let button = widgets::icon_button(ui, Icon::Faders, "Numbers of the tool", tooltip, true);
        let popup = Popup::menu(&button).close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside);
        popup.show(|ui| {
            ui.set_min_width(140.0);
            self.view.masking.numbers_ui(ui);
            for (_, name, tooltip, mode) in WHOLE.into_iter().filter(|_| with_whole) {
                if ui.add(egui::Button::new(name).frame(false)).on_hover_text(tooltip).clicked() {
                    self.actions.push(self.view.masking.whole(mode));
                }
            }
            if let Some(place) = self.selected_mask().filter(|_| with_whole)
                && ui.add(egui::Button::new(SNAP.0).frame(false)).on_hover_text(SNAP.1).clicked()
            {
                self.actions.push(OnMask::new(place, &self.settings.masks, SnapMask));
            }
        });
    }

    /// What is drawn on, to choose from.
    fn target_ui(&self, ui: &mut Ui) {
        let masks = &self.settings.masks;
        let selected = self.selected_mask();
        let title = selected.map_or("no region yet", |place| place.title(masks));
        let mut chosen: Option<Action> = None;
        let (swatch, _) = ui.allocate_exact_size(egui::vec2(10.0, 10.0), egui::Sense::hover());
        ui.painter().rect_filled(swatch, 2.0, selected.unwrap_or(Place::Region(0)).colour());
        let response = ComboBox::from_id_salt("drawn on")
            .selected_text(title)
            .width(TARGET)
            .truncate()
            .show_ui(ui, |ui| {
                for place in places(masks) {
                    if ui.selectable_label(selected == Some(place), place.title(masks)).clicked() {
                        chosen = Some(OnMask::new(place, masks, SelectMask).into());
                    }
                }
                let room = masks.regions.len() < MAX_REGIONS;
                if ui.add_enabled(room, egui::Button::new("A new region").frame(false)).clicked() {
                    chosen = Some(AddRegion.into());
                }
                for command in [Command::FreezeBrush, Command::PhotographBrush] {
                    let button = ui.add(egui::Button::new(command.text()).frame(false));
                    if button.on_hover_text(command.tooltip()).clicked() {
                        chosen = Some(command.into());
                    }
                }
            })
            .response;
        response.accessible_name("Drawn on").on_hover_text("The mask that the tools change");
        if let Some(action) = chosen {
            self.actions.push(action);
        }
    }
}
