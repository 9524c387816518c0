//! The list of regions and maps, in the panel below the painting.

use egui::{Button, Context, Popup, ScrollArea, Ui};

use super::{
    AddMap, AddRegion, Place, RoleBrush,
    actions::{MaskAction, checked_name},
    flags::{Flag, MaskName},
    on_mask::OnMask,
    places,
    row::Row,
};
use crate::{
    ImpastoApp,
    action::Actions,
    command::Command,
    icons::Icon,
    naming::{Answer, Naming},
    theme::{Palette, space},
    widgets,
};
use impasto_base::text;
use impasto_core::{
    picture::fit,
    settings::{MAX_REGIONS, ParamId, RegionRole},
};
use impasto_network::vgg::Layer;

impl ImpastoApp {
    /// The buttons beside the tabs.
    pub(crate) fn regions_header(&self, ui: &mut Ui) {
        ui.add_space(space::M);
        let masks = &self.settings.masks;
        let free = masks.regions.len() < MAX_REGIONS;
        let tooltip = "Another part of the picture, to draw: with styles and a strength of its own, frozen, or the photograph";
        if widgets::text_button(ui, Icon::Plus, "Add region", "Add region", tooltip, free).clicked() {
            self.add_region();
        }
        let tooltip = "A region from a file, maps of strength";
        let more = widgets::icon_button(ui, Icon::More, "Add something else", tooltip, true);
        Popup::menu(&more).show(|ui| {
            ui.set_min_width(220.0);
            let tooltip = "A region by a picture, white inside, that is followed: what another program saves counts within a second. Pictures can be dropped on the list too.";
            if ui.add_enabled(free, Button::new("Region from a file…")).on_hover_text(tooltip).clicked() {
                self.actions.push(MaskAction::AskForFile(None));
            }
            for (place, text, tooltip) in [
                (Place::StyleMap, "Style strength map", "How strongly the styles act at each place"),
                (Place::ContentMap, "Content strength map", "How strongly the content is kept at each place"),
            ] {
                let missing = place.name_in(masks).is_none();
                if ui.add_enabled(missing, Button::new(text)).on_hover_text(tooltip).clicked() {
                    self.actions.push(AddMap(place));
                }
            }
        });
    }

    pub(crate) fn add_region(&self) {
        self.actions.push(AddRegion);
    }

    pub(crate) fn take_role_brush(&self, role: RegionRole) {
        self.actions.push(RoleBrush(role));
    }

    /// The list.
    pub(crate) fn regions_tab(&mut self, ui: &mut Ui) {
        self.pictures.masks.drop_area = Some(ui.available_rect_before_wrap());
        if places(&self.settings.masks).next().is_none() {
            return nothing_yet(ui, &self.actions);
        }
        self.pictures.masks.follow_looks(ui.ctx(), &self.settings.masks);
        let before = &self.settings.masks;
        let mut masks = before.clone();
        let names: Vec<String> = self
            .pictures
            .styles
            .iter()
            .filter_map(|slot| slot.picture.as_ref())
            .map(|loaded| text::display_name(&loaded.picture.name))
            .collect();
        let content = self.pictures.content.picture.as_ref().map(|loaded| &loaded.picture);
        let has_alpha = content.is_some_and(|content| content.alpha.is_some());
        let painted = content.map(|content| {
            let (width, height) = content.dimensions();
            fit(width, height, self.settings.size)
        });
        let layers: Vec<Layer> = self.settings.style_layers.layers().collect();
        let selected = self.selected_mask();
        let desk = &self.pictures.masks;
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = space::XS;
            for place in places(before) {
                let picture = place.name_in(before).and_then(|name| desk.picture(name));
                let look = picture.and_then(|picture| desk.looks.get(picture));
                let region = match place {
                    Place::Region(index) => before.regions.get(index),
                    Place::StyleMap | Place::ContentMap => None,
                };
                let narrow = match (look, painted, region) {
                    (Some(look), Some(shape), Some(region)) => {
                        look.extent.narrow_at(region, &self.settings, shape)
                    }
                    _ => Vec::new(),
                };
                let is_on = |flag: Flag| desk.flags.is_on(flag, place, before);
                let row = Row {
                    actions: &self.actions,
                    place,
                    masks: before,
                    look,
                    missing: place.name_in(before).and_then(|name| desk.missing(name)),
                    narrow: &narrow,
                    selected: selected == Some(place),
                    hidden: is_on(Flag::Hidden),
                    shown: desk.flags.shows(place, before),
                    locked: is_on(Flag::Locked),
                    soloed: is_on(Flag::Solo),
                    styles: &names,
                    layers: &layers,
                    has_alpha,
                    range: ParamId::RegionStrength(0).range(self.settings.objective),
                };
                let region = match place {
                    Place::Region(index) => masks.regions.get_mut(index),
                    Place::StyleMap | Place::ContentMap => None,
                };
                ui.push_id(place, |ui| row.show(ui, region));
            }
        });
        self.settings.masks = masks;
    }

    pub(super) fn ask_for_region_name(&mut self, index: usize) {
        let Some(region) = self.settings.masks.regions.get(index) else { return };
        let name = MaskName::Region(region.name.clone());
        self.pictures.masks.renaming = Some((name, Naming::new(region.name.clone(), String::new())));
    }

    /// The dialog that gives a region another name, while it is open.
    pub(crate) fn region_name_window(&mut self, ctx: &Context) {
        let Some((region, mut naming)) = self.pictures.masks.renaming.take() else { return };
        let masks = &self.settings.masks;
        let Some(place @ Place::Region(index)) = region.place_in(masks) else { return };
        match naming.show(ctx, "Name of the region", |name| checked_name(masks, index, name)) {
            Some(Answer::Name(name)) => {
                self.actions.push(OnMask::new(place, masks, |place| MaskAction::Rename(place, name)));
            }
            Some(Answer::Cancelled) => {}
            None => self.pictures.masks.renaming = Some((region, naming)),
        }
    }
}

/// What the list is for, while it is empty.
fn nothing_yet(ui: &mut Ui, actions: &Actions) {
    ui.add_space(space::S);
    let color = Palette::of(ui).weak;
    let text = "Regions are parts of the picture with styles and a strength of their own, parts that stay as they are painted, or parts that stay the photograph. Press K and draw one on the painting, or add one here; everything about it can be changed while it paints.";
    ui.add(egui::Label::new(egui::RichText::new(text).color(color)).wrap());
    ui.add_space(space::M);
    let command = Command::RegionsExample;
    if widgets::text_button(ui, command.icon(), command.text(), command.text(), command.tooltip(), true)
        .clicked()
    {
        actions.push(command);
    }
}
