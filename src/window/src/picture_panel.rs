//! The panel at the left: the content, the styles and the palette.

use egui::{Rect, Ui, vec2};

use super::{
    ImpastoApp,
    card::{self, Card},
    command::Command,
    gallery::Use,
    icons::Icon,
    slot::{SlotAction, Target},
    theme::{ROW, space},
    widgets,
};
use impasto_core::{
    picture::{CONTENTS, STYLES},
    transfer::scale_end,
};

/// Heights of the cards' pictures, in points.
const TALL: f32 = 118.0;
const LOW: f32 = 64.0;

impl ImpastoApp {
    pub(super) fn picture_panel_ui(&mut self, ui: &mut Ui) {
        self.pictures.drop_rects.clear();
        let mut rects: Vec<(Rect, Target)> = Vec::new();
        egui::ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.add_space(-space::XS);
            widgets::section(ui, "Content");
            let target = Target::Slot(self.pictures.content.id);
            let content = Card {
                name: "Content",
                examples: &CONTENTS,
                used: Use::Content,
                style: None,
                index: 0,
                scale_end: None,
                hint: "Open, drop or paste",
                height: TALL,
            };
            rects.push((
                card::show(
                    ui,
                    &content,
                    &mut self.pictures.content,
                    &mut self.pictures.gallery,
                    &self.actions,
                ),
                target,
            ));

            ui.add_space(space::S);
            ui.vertical_centered(|ui| {
                let command = Command::Swap;
                let (hint, enabled) = (command.hint(ui.ctx()), self.can(command));
                if widgets::text_button(ui, command.icon(), "Swap", command.text(), &hint, enabled).clicked()
                {
                    self.actions.push(command);
                }
            });
            ui.add_space(-space::S);

            let several = self.pictures.styles.len() > 1;
            widgets::section(ui, if several { "Styles" } else { "Style" });
            let mut filled = 0;
            for (index, slot) in self.pictures.styles.iter_mut().enumerate() {
                let name = if several { format!("Style {}", index + 1) } else { "Style".to_owned() };
                let shape = slot.picture.as_ref().map(|loaded| loaded.picture.dimensions());
                let scale_end = shape.and_then(|shape| scale_end(shape, slot.mix.scale, &self.settings));
                let style = Card {
                    name: &name,
                    examples: &STYLES,
                    used: Use::Style,
                    style: Some(several),
                    index: filled,
                    scale_end,
                    hint: "Open, drop or paste",
                    height: TALL,
                };
                let target = Target::Slot(slot.id);
                filled = filled.saturating_add(u8::from(slot.picture.is_some()));
                rects.push((card::show(ui, &style, slot, &mut self.pictures.gallery, &self.actions), target));
                ui.add_space(space::S);
            }
            let shown = || self.pictures.styles.iter().filter(|slot| slot.picture.is_some());
            if shown().next().is_some() && shown().all(|slot| slot.mix.share() == 0.0) {
                let text = "No style counts: the painting becomes the content again.";
                ui.add(egui::Label::new(widgets::weak(ui, text)).wrap());
            }
            let tooltip = "Add another style picture, mixed with the others by its weight";
            let full = self.pictures.styles.iter().all(|slot| !slot.is_empty());
            let row = ui.horizontal(|ui| {
                let width = ui.available_width() - ROW - space::XS;
                ui.allocate_ui(vec2(width, ROW), |ui| {
                    ui.set_width(width);
                    let missing = "Fill the empty style first";
                    if widgets::add_button(ui, "Add style…", tooltip, missing, full).clicked() {
                        self.actions.push(SlotAction::Ask(Target::NewStyle));
                    }
                });
                let tooltip = "Adds a bundled or a recent picture as another style";
                let more = widgets::icon_button(ui, Icon::More, "Choose another style", tooltip, full);
                egui::Popup::menu(&more).show(|ui| {
                    ui.set_width(card::CHOICES);
                    let chosen = card::choices(ui, &STYLES, Use::Style, &mut self.pictures.gallery);
                    if let Some(source) = chosen {
                        self.actions.push(SlotAction::Open(Target::NewStyle, vec![source]));
                    }
                });
            });
            rects.push((row.response.rect, Target::NewStyle));

            widgets::section(ui, "Palette");
            let palette = Card {
                name: "Palette",
                examples: &STYLES,
                used: Use::Style,
                style: None,
                index: 0,
                scale_end: None,
                hint: "Colours of another picture",
                height: LOW,
            };
            rects.push((
                card::show(
                    ui,
                    &palette,
                    &mut self.pictures.palette,
                    &mut self.pictures.gallery,
                    &self.actions,
                ),
                Target::Palette,
            ));
            ui.add_space(space::S);
            let command = Command::FollowFiles;
            widgets::row(ui, command.text(), command.tooltip(), |ui| {
                let mut on = self.view.layout.follow_files;
                if widgets::checkbox(ui, command.text(), command.tooltip(), &mut on).changed() {
                    self.actions.push(command);
                }
            });
            ui.add_space(space::M);
        });
        let seen = ui.clip_rect();
        self.pictures
            .drop_rects
            .extend(rects.into_iter().map(|(rect, target)| (rect.intersect(seen), target)));
    }
}
