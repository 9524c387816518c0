//! A row of the list: a region or a map, with everything that it has.

use egui::{
    Align, ComboBox, Frame, Label, Layout, Margin, Popup, Rect, Response, RichText, Role, Sense, Stroke,
    StrokeKind, Ui, WidgetInfo, vec2,
};

use super::{
    Place, RemoveMask, SelectMask,
    actions::{Combine, MaskAction},
    flags::{Flag, MaskName, Switch},
    layers::{self, OpenLayers},
    looks::Look,
    on_mask::OnMask,
    places, styles,
};
use crate::{
    action::{Act, Actions},
    fader::Fader,
    icons::Icon,
    switch::{Sign, switch},
    theme::{Palette, RADIUS, ROW, space},
    widgets,
};
use impasto_core::{
    picture::drawing::Mode,
    settings::{Edge, Masks, Range, Region, RegionRole},
};
use impasto_network::vgg::Layer;

/// Widths, in points.
const PICTURE: f32 = 60.0;
const SWATCH: f32 = 6.0;
const SWITCH: f32 = 22.0;
const ROLE: f32 = 96.0;
const EDGE: f32 = 62.0;
const STYLES: f32 = 128.0;
const NUMBER: f32 = 52.0;

/// A value of a choice: in short, in the list, and what it does.
type Value<T> = (T, &'static str, &'static str, &'static str);

const ROLES: [Value<RegionRole>; 3] = [
    (
        RegionRole::Paint,
        "Paint",
        "Paint",
        "It is painted, in styles and with a strength of its own if wished",
    ),
    (
        RegionRole::Freeze,
        "Freeze",
        "Freeze what is painted",
        "What is painted there stays as it is, until the region is gone or has another role",
    ),
    (
        RegionRole::Keep,
        "Keep photo",
        "Keep the photograph",
        "The photograph is shown there instead of the painting",
    ),
];
const EDGES: [Value<Edge>; 3] = [
    (
        Edge::Soft,
        "Soft",
        "Soft",
        "Deeper layers see a softer edge, as wide as what they see: strokes of both sides mix",
    ),
    (Edge::Hard, "Hard", "Hard", "Each layer sees the edge as it is drawn"),
    (
        Edge::Rough,
        "Rough",
        "Rough",
        "Where the mask is soft, patches of the size of strokes are in or out: strokes of both sides interlock",
    ),
];

/// How another mask is drawn on one, as it is at that time.
const COMBINE: [(&str, &str, Mode); 3] = [
    ("Add the mask of", "What is inside of that one is inside of this one as well", Mode::Add),
    ("Take away the mask of", "What is inside of that one is outside of this one", Mode::Subtract),
    ("Keep only what is in", "What is outside of that one is outside of this one as well", Mode::Intersect),
];

/// A row.
pub struct Row<'a> {
    pub actions: &'a Actions,
    pub place: Place,
    /// All masks, as they were at the frame's beginning.
    pub masks: &'a Masks,
    pub look: Option<&'a Look>,
    /// Why it has no picture, if it is missing.
    pub missing: Option<&'a str>,
    /// Layers that see farther than it is wide.
    pub narrow: &'a [Layer],
    /// It is drawn on.
    pub selected: bool,
    pub hidden: bool,
    /// Its tint is on the canvas.
    pub shown: bool,
    pub locked: bool,
    pub soloed: bool,
    /// Names of the styles on the left.
    pub styles: &'a [String],
    /// The style layers in use.
    pub layers: &'a [Layer],
    pub has_alpha: bool,
    pub range: Range,
}

impl Row<'_> {
    /// Let this be done with its mask.
    fn push<A: Act>(&self, act: impl FnOnce(Place) -> A + Send + 'static) {
        self.actions.push(OnMask::new(self.place, self.masks, act));
    }

    fn title(&self) -> &str {
        self.place.title(self.masks)
    }

    /// The title at the beginning of a line. A region is called as it was named.
    fn shown_title(&self) -> String {
        match self.place {
            Place::Region(_) => self.title().to_owned(),
            Place::StyleMap | Place::ContentMap => widgets::capital(self.title()),
        }
    }

    /// Show it; the region is changed by its controls.
    pub fn show(&self, ui: &mut Ui, region: Option<&mut Region>) {
        let palette = Palette::of(ui);
        let edge = if self.selected { palette.rail } else { palette.panel };
        let frame = Frame::new().stroke(Stroke::new(1.0, edge)).corner_radius(RADIUS);
        let frame = frame.inner_margin(Margin::symmetric(4, 3));
        frame.show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = space::S;
                self.picture(ui);
                ui.vertical(|ui| {
                    ui.spacing_mut().item_spacing.y = 2.0;
                    let more = self.first_line(ui);
                    match region {
                        Some(region) => {
                            layers::popup(&more, region, self.layers);
                            self.second_line(ui, region);
                        }
                        None => self.map_line(ui),
                    }
                    self.notes(ui);
                });
            });
        });
    }

    /// The mask in small, with its colour.
    fn picture(&self, ui: &mut Ui) {
        let palette = Palette::of(ui);
        let size = vec2(PICTURE + SWATCH, 2.0 * ROW + 2.0);
        let (rect, response) = ui.allocate_exact_size(size, Sense::click());
        let (swatch, well) = rect.split_left_right_at_x(rect.min.x + SWATCH);
        let colour = self.place.colour();
        let swatch = swatch.shrink2(vec2(1.0, 0.0));
        match self.shown {
            true => ui.painter().rect_filled(swatch, 2.0, colour),
            false => ui.painter().rect_stroke(swatch, 2.0, Stroke::new(1.0, colour), StrokeKind::Inside),
        };
        ui.painter().rect_filled(well, RADIUS, palette.well);
        if let Some(look) = self.look {
            let size = look.texture.size_vec2();
            let place = Rect::from_center_size(well.center(), size * (well.size() / size).min_elem());
            egui::Image::from_texture((look.texture.id(), place.size()))
                .corner_radius(2.0)
                .paint_at(ui, place);
        }
        let stroke = match (self.selected || response.has_focus(), response.hovered()) {
            (true, _) => Stroke::new(2.0, palette.accent),
            (false, true) => Stroke::new(1.0, palette.weak),
            (false, false) => Stroke::new(1.0, palette.line),
        };
        ui.painter().rect_stroke(well, RADIUS, stroke, StrokeKind::Inside);
        let name = format!("Mask of {}", self.title());
        response.widget_info(|| WidgetInfo::selected(Role::Button, true, self.selected, &name));
        if response.on_hover_text("Click to draw on it from now on").clicked() {
            self.push(SelectMask);
        }
    }

    /// Name and switches; returns the button of the menu.
    fn first_line(&self, ui: &mut Ui) -> Response {
        let line = ui.horizontal(|ui| {
            ui.set_min_height(ROW);
            ui.spacing_mut().item_spacing.x = space::XS;
            let region = match self.place {
                Place::Region(index) => Some(index),
                Place::StyleMap | Place::ContentMap => None,
            };
            let count = if region.is_some() { 7.0 } else { 4.0 };
            let width = (ui.available_width() - count * (ROW + space::XS)).max(40.0);
            ui.allocate_ui_with_layout(vec2(width, ROW), Layout::left_to_right(Align::Center), |ui| {
                ui.set_min_width(width);
                self.name(ui, region);
            });
            let title = self.title();
            self.flag(ui, Flag::Hidden, &format!("Show {title}"), "Whether its tint is shown on the canvas");
            if region.is_some() {
                let tooltip =
                    "Solo: the other regions paint at strength 0 and show no tint; several can be soloed";
                let (rect, _) = ui.allocate_exact_size(vec2(SWITCH, ROW - 4.0), Sense::hover());
                let name = format!("Solo region {title}");
                if switch(ui, rect, Sign::Letter("S"), &name, tooltip, self.soloed).clicked() {
                    self.push(|place| Switch(Flag::Solo, place));
                }
            }
            self.flag(ui, Flag::Locked, &format!("Lock {title}"), "Nothing can be drawn on a locked mask");
            if let Some(index) = region {
                let count = self.masks.regions.len();
                let up = format!("{title} earlier");
                let tooltip = "Earlier in the list";
                if widgets::icon_button(ui, Icon::Up, &up, tooltip, index > 0).clicked() {
                    self.push(MaskAction::Earlier);
                }
                let down = format!("{title} later");
                let tooltip = "Later in the list";
                if widgets::icon_button(ui, Icon::Down, &down, tooltip, index + 1 < count).clicked() {
                    self.push(MaskAction::Later);
                }
            }
            let name = format!("More of {title}");
            let tooltip = "Name, copy, layers, invert, mask from a file";
            let more = widgets::icon_button(ui, Icon::More, &name, tooltip, true);
            Popup::menu(&more).show(|ui| self.menu(ui, region, &more));
            let name = format!("Remove {title}");
            if widgets::icon_button(ui, Icon::Close, &name, "Removes it; undo brings it back", true).clicked()
            {
                self.push(RemoveMask);
            }
            more
        });
        line.inner
    }

    fn name(&self, ui: &mut Ui, region: Option<usize>) {
        let text = RichText::new(self.shown_title()).size(14.0);
        let label = ui.add(Label::new(text).truncate().selectable(false).sense(Sense::click()));
        let name = self.title().to_owned();
        label.widget_info(|| WidgetInfo::selected(Role::Button, true, self.selected, &name));
        if label.clicked() {
            self.push(SelectMask);
        }
        if region.is_none() {
            return;
        }
        if label.on_hover_text("Click to draw on it, double-click for another name").double_clicked() {
            self.push(MaskAction::AskForName);
        }
    }

    fn flag(&self, ui: &mut Ui, flag: Flag, name: &str, tooltip: &str) {
        let (icon, on) = match flag {
            Flag::Hidden if self.hidden => (Icon::EyeOff, false),
            Flag::Hidden => (Icon::Eye, true),
            Flag::Locked | Flag::Solo => (Icon::Lock, self.locked),
        };
        if widgets::icon_toggle(ui, icon, name, tooltip, on).clicked() {
            self.push(move |place| Switch(flag, place));
        }
    }

    fn menu(&self, ui: &mut Ui, region: Option<usize>, button: &Response) {
        ui.set_min_width(220.0);
        let clicked = |ui: &mut Ui, text: &str, tooltip: &str, enabled: bool| {
            let button = ui.add_enabled(enabled, egui::Button::new(text));
            button.on_hover_text(tooltip).on_disabled_hover_text(tooltip).clicked()
        };
        let entry = |ui: &mut Ui, text: &str, tooltip: &str, enabled: bool, act: fn(Place) -> MaskAction| {
            if clicked(ui, text, tooltip, enabled) {
                self.push(act);
            }
        };
        if let Some(index) = region {
            entry(ui, "Rename…", "Gives it another name", true, MaskAction::AskForName);
            entry(ui, "Duplicate", "Another region with all that this one has", true, MaskAction::Duplicate);
            let tooltip = "How much each style layer counts in it";
            let paints = self.masks.regions.get(index).is_some_and(|it| it.role == RegionRole::Paint);
            let entry = ui.add_enabled(paints, egui::Button::new("Layers…"));
            if entry.on_hover_text(tooltip).on_disabled_hover_text(tooltip).clicked() {
                self.actions.push(OpenLayers::at(button));
            }
            ui.separator();
        }
        let place = self.place;
        entry(ui, "Invert", "Black becomes white, and white black", true, MaskAction::Invert);
        let tooltip = "Moves its edge to that of the content beside it";
        entry(ui, "Snap to edges", tooltip, true, MaskAction::Snap);
        let tooltip = "Takes a picture as the mask, white inside, and follows it: what another program saves counts within a second";
        entry(ui, "From a file…", tooltip, true, |place| MaskAction::AskForFile(Some(place)));
        let tooltip = match self.has_alpha {
            true => "White where the content is opaque",
            false => "The content has no transparency",
        };
        entry(ui, "From the content's transparency", tooltip, self.has_alpha, MaskAction::FromAlpha);
        let tooltip = "White where the content is as light, or has the colour, that you choose";
        entry(ui, "From a range of colours…", tooltip, true, MaskAction::AskForRange);
        for (text, tooltip, mode) in COMBINE {
            let others: Vec<Place> = places(self.masks).filter(|other| *other != place).collect();
            if others.is_empty() {
                break;
            }
            let menu = ui.menu_button(text, |ui| {
                for other in others {
                    let text = format!("Mask of {} as it is", other.title(self.masks));
                    if clicked(ui, &text, tooltip, true) {
                        let other = MaskName::of(other, self.masks);
                        self.push(move |place| Combine(place, other, mode));
                    }
                }
            });
            menu.response.on_hover_text(tooltip);
        }
    }

    /// What the region does.
    fn second_line(&self, ui: &mut Ui, region: &mut Region) {
        let name = region.name.clone();
        ui.horizontal(|ui| {
            ui.set_min_height(ROW);
            ui.spacing_mut().item_spacing.x = space::XS;
            choice(ui, &format!("Role of {name}"), ROLE, &ROLES, &mut region.role);
            if region.role != RegionRole::Paint {
                if region.role == RegionRole::Freeze {
                    ui.label(widgets::weak(ui, "bit for bit where the mask is white"));
                }
                return;
            }
            let Some(param) = self.place.strength() else { return };
            let label = format!("Strength of {name}");
            let fader = Fader {
                name: &label,
                tooltip: "How strongly its styles act, 1 as in the rest of the picture",
                param,
                range: self.range,
                default: 1.0,
            };
            let taken = EDGE + STYLES + NUMBER + 3.0 * space::XS + 2.0 * space::XS;
            fader.slider(ui, &mut region.strength, (ui.available_width() - taken).max(40.0));
            fader.number(ui, &mut region.strength, NUMBER);
            region.strength = region.strength.max(0.0);
            choice(ui, &format!("Edge of {name}"), EDGE, &EDGES, &mut region.edge);
            let width = ui.available_width().clamp(60.0, STYLES);
            styles::button(ui, self.masks, &name, &mut region.styles, self.styles, width);
        });
    }

    fn map_line(&self, ui: &mut Ui) {
        let text = match self.place {
            Place::StyleMap => "How strongly the styles act at each place: white as usual, black not at all",
            _ => "How strongly the content is kept at each place: white as usual, black not at all",
        };
        ui.add(Label::new(widgets::weak(ui, text)).truncate());
    }

    /// What is told of the mask.
    fn notes(&self, ui: &mut Ui) {
        let color = Palette::of(ui).warn;
        let mut note = |text: String, tooltip: &str| {
            let text = RichText::new(text).small().color(color);
            ui.add(Label::new(text).wrap()).on_hover_text(tooltip);
        };
        let is_region = matches!(self.place, Place::Region(_));
        if let Some(why) = self.missing {
            let tooltip = match is_region {
                true => {
                    "Until it has another mask, nothing is in the region: choose a file, or clear it and draw"
                }
                false => "Until it has another mask, it changes nothing: choose a file, or clear it and draw",
            };
            note(format!("Its mask is missing: {why}"), tooltip);
        }
        let Some(look) = self.look else { return };
        if look.extent.empty && is_region {
            note("Nothing is in it yet: draw on it (K).".to_owned(), "An empty region changes nothing");
        } else if !self.narrow.is_empty() {
            let layers: Vec<String> = self.narrow.iter().map(ToString::to_string).collect();
            let tooltip = "What these layers see at each place reaches beyond the region, so the surroundings have a say in its large strokes, and a small region counts less there. A larger painting or a wider region changes that.";
            note(format!("Deep layers see past it: {}", layers.join(", ")), tooltip);
        }
    }
}

/// A choice among a few values.
fn choice<T: Copy + PartialEq>(
    ui: &mut Ui,
    name: &str,
    width: f32,
    all: &[Value<T>],
    value: &mut T,
) -> Response {
    let shown = all.iter().find(|(other, ..)| other == value).map_or("", |(_, short, ..)| short);
    let combo = ComboBox::from_id_salt(name).selected_text(shown).width(width).truncate();
    let response = combo
        .show_ui(ui, |ui| {
            for (other, _, text, tooltip) in all {
                ui.selectable_value(value, *other, *text).on_hover_text(*tooltip);
            }
        })
        .response;
    widgets::take_focus(&response, name);
    let tooltip = all.iter().find(|(other, ..)| other == value).map_or("", |(.., tooltip)| tooltip);
    response.accessible_name(format!("{name}: {shown}")).on_hover_text(tooltip)
}
