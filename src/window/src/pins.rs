//! Pins: pictures of the run that are kept with their settings, to compare with and to go back to.

use std::sync::{Arc, OnceLock};

use egui::{
    Context, FontId, Role, ScrollArea, Sense, Stroke, StrokeKind, TextureHandle, TextureOptions, Ui,
    WidgetInfo, vec2,
};
use image::RgbImage;

use super::{
    ImpastoApp,
    action::{Act, Action, Actions},
    colour_image::color_image,
    compare::{Against, Mode, Sheet, Shown},
    icons::Icon,
    recipes::{Draft, Painting},
    theme::{Palette, RADIUS, space},
    widgets,
};
use impasto_base::hash::Sha256Hash;
use impasto_core::{picture, settings::Settings};
use impasto_formats::project::{self, Pixels, ProjectError, SavedPin};

/// Pins that are kept at most.
const MOST: usize = 12;
/// Height of the strip and of a pin's picture, in points.
pub const HEIGHT: f32 = 84.0;
const CARD: egui::Vec2 = vec2(92.0, 54.0);
/// Longest side of a pin's small picture, in pixels.
const SMALL: u32 = 192;

/// A kept picture.
pub struct Pin {
    pub id: u64,
    /// The picture with what its recipe is made of.
    pub painting: Painting,
    pub settings: Settings,
    step: u32,
    /// Its number for the person, from 1.
    number: u32,
    /// `None` until the background has made it.
    small: Option<TextureHandle>,
    /// The hash of its pixels, worked out where a project first needs it.
    hash: Arc<OnceLock<Sha256Hash>>,
}

/// A pin on its way into a project.
pub struct PinDraft {
    painting: Painting,
    settings: Settings,
    step: u32,
    number: u32,
    hash: Arc<OnceLock<Sha256Hash>>,
}

impl PinDraft {
    /// Puts the pin into a project.
    ///
    /// # Errors
    ///
    /// When its picture cannot be encoded or written.
    pub fn put(self, draft: &mut project::Draft<'_>) -> Result<(), ProjectError> {
        let Self { painting: Painting { picture, draft: recipe }, settings, step, number, hash } = self;
        let hash = hash.get_or_init(|| Sha256Hash::of(picture.as_raw()));
        let recipe = recipe.map(|recipe| recipe.bare(&picture));
        draft.pin(SavedPin { number, step, settings, recipe, pixels: Pixels::default() }, &picture, *hash)
    }
}

impl Pin {
    pub fn name(&self) -> String {
        format!("Pin {}, step {}", self.number, self.step)
    }
}

/// All pins, oldest first.
#[derive(Default)]
pub struct Pins {
    all: Vec<Pin>,
    pinned: u32,
    /// The pin that is compared with, in full size.
    large: Option<(u64, Sheet)>,
}

/// What can be done with a pin, beside comparing with it.
pub enum PinAction {
    /// Goes back to the settings of then.
    TakeSettings(u64),
    Save(u64),
    Remove(u64),
}

impl Pins {
    pub fn all(&self) -> &[Pin] {
        &self.all
    }

    /// All pins for a project.
    pub fn drafts(&self) -> Vec<PinDraft> {
        let draft = |pin: &Pin| PinDraft {
            painting: pin.painting.clone(),
            settings: pin.settings.clone(),
            step: pin.step,
            number: pin.number,
            hash: Arc::clone(&pin.hash),
        };
        self.all.iter().map(draft).collect()
    }

    fn get(&self, id: u64) -> Option<&Pin> {
        self.all.iter().find(|pin| pin.id == id)
    }

    /// Takes in the small picture that the background has made.
    fn take(&mut self, ctx: &Context, id: u64, small: egui::ColorImage) {
        if let Some(pin) = self.all.iter_mut().find(|pin| pin.id == id) {
            pin.small = Some(ctx.load_texture("pin", small, TextureOptions::LINEAR));
        }
    }

    /// A pin as the canvas draws it.
    pub fn shown(&mut self, ctx: &Context, id: u64, sharp: bool) -> Option<Shown> {
        let pin = self.all.iter().find(|pin| pin.id == id)?;
        if self.large.as_ref().is_none_or(|(of, _)| *of != id) {
            let most = ctx.input(|input| input.max_texture_side) as u32;
            let image = color_image(&picture::thumbnail(&pin.painting.picture, most));
            self.large = Some((id, Sheet::new(image)));
        }
        let (_, sheet) = self.large.as_mut()?;
        let (width, height) = pin.painting.picture.dimensions();
        Some(Shown {
            name: pin.name(),
            texture: sheet.texture(ctx, sharp),
            size: vec2(width as f32, height as f32),
        })
    }
}

impl Act for PinAction {
    fn apply(self, app: &mut ImpastoApp, _: &Context) {
        app.apply_to_pin(self);
    }
}

impl ImpastoApp {
    /// Keeps the picture as it is now, with its step and settings.
    pub(super) fn pin(&mut self) {
        let Some(painting) = self.painting() else {
            self.messages.toasts.add("There is no painted picture to pin yet.");
            return;
        };
        if self.view.pins.all.len() >= MOST {
            self.messages.toasts.add(format!("{MOST} pins are kept: remove one first."));
            return;
        }
        let id = self.next_number();
        self.view.pins.pinned += 1;
        let given = self.run.given.as_ref();
        let settings = match self.view.film.view() {
            Some(moment) => moment.settings.clone(),
            None => given.map_or_else(|| self.settings.clone(), |given| given.settings.clone()),
        };
        let (step, number) = (self.view.canvas.step(), self.view.pins.pinned);
        self.add_pin(Pin { id, painting, settings, step, number, small: None, hash: Arc::default() });
    }

    /// Puts the pins of a project in the place of those that are there.
    pub(super) fn take_pins(&mut self, saved: &[(SavedPin, Arc<RgbImage>)]) {
        if matches!(self.view.compare.against, Against::Pin(_)) {
            self.view.compare.against = Against::Content;
        }
        self.view.pins = Pins::default();
        for (pin, picture) in saved.iter().take(MOST) {
            let id = self.next_number();
            let draft = pin.recipe.clone().map(|recipe| Arc::new(Draft::Made(recipe)));
            let painting = Painting { picture: Arc::clone(picture), draft };
            let SavedPin { number, step, settings, .. } = pin.clone();
            self.view.pins.pinned = self.view.pins.pinned.max(number);
            self.add_pin(Pin { id, painting, settings, step, number, small: None, hash: Arc::default() });
        }
    }

    fn add_pin(&mut self, pin: Pin) {
        let (id, picture) = (pin.id, Arc::clone(&pin.painting.picture));
        self.view.pins.all.push(pin);
        let work = move || color_image(&picture::thumbnail(&picture, SMALL));
        self.tasks.spawn("pin", work, move |app: &mut Self, ctx, small| app.view.pins.take(ctx, id, small));
    }

    /// The strip below the picture.
    pub(super) fn pins_ui(&self, ui: &mut Ui) {
        let compared = match (self.view.compare.mode, self.view.compare.against) {
            (Mode::Split | Mode::Sides, Against::Pin(id)) => Some(id),
            (_, Against::Pin(id)) if self.view.compare.flipped => Some(id),
            _ => None,
        };
        ScrollArea::horizontal().auto_shrink(false).stick_to_right(true).show(ui, |ui| {
            ui.horizontal_centered(|ui| {
                ui.spacing_mut().item_spacing.x = space::S;
                for pin in &self.view.pins.all {
                    card(ui, pin, compared == Some(pin.id), &self.actions);
                }
            });
        });
    }

    pub(super) fn apply_to_pin(&mut self, action: PinAction) {
        match action {
            PinAction::TakeSettings(id) => {
                if let Some(pin) = self.view.pins.get(id) {
                    self.settings = pin.settings.clone();
                    self.undo.call("", format!("Settings of pin {}", pin.number));
                    let note = format!("The settings of pin {} are back; ctrl-Z undoes it.", pin.number);
                    self.messages.toasts.add(note);
                }
            }
            PinAction::Save(id) => {
                if let Some(pin) = self.view.pins.get(id) {
                    self.ask_to_save_painting(pin.painting.clone());
                }
            }
            PinAction::Remove(id) => {
                self.view.pins.all.retain(|pin| pin.id != id);
                if self.view.pins.large.as_ref().is_some_and(|(of, _)| *of == id) {
                    self.view.pins.large = None;
                }
                if self.view.compare.against == Against::Pin(id) {
                    self.view.compare.against = Against::Content;
                }
            }
        }
    }
}

fn card(ui: &mut Ui, pin: &Pin, compared: bool, actions: &Actions) {
    let palette = Palette::of(ui);
    let (rect, _) = ui.allocate_exact_size(CARD + vec2(0.0, 18.0), Sense::hover());
    let (image, text) = rect.split_top_bottom_at_y(rect.min.y + CARD.y);
    let response = ui.interact(image, ui.scope_id().with(("pin", pin.id)), Sense::click());
    let painter = ui.painter();
    painter.rect_filled(image, RADIUS, palette.well);
    if let Some(small) = &pin.small {
        let size = small.size_vec2();
        let scale = (image.size() / size).max_elem();
        let seen = image.size() / (size * scale);
        let uv = egui::Rect::from_center_size(egui::pos2(0.5, 0.5), seen);
        egui::Image::from_texture((small.id(), image.size()))
            .uv(uv)
            .corner_radius(RADIUS)
            .paint_at(ui, image);
    }
    let stroke = if response.has_focus() || compared {
        Stroke::new(2.0, palette.accent)
    } else if response.hovered() {
        Stroke::new(1.0, palette.text)
    } else {
        Stroke::new(1.0, palette.line)
    };
    painter.rect_stroke(image, RADIUS, stroke, StrokeKind::Inside);
    painter.text(
        text.left_center() + vec2(2.0, 2.0),
        egui::Align2::LEFT_CENTER,
        format!("{} · step {}", pin.number, pin.step),
        FontId::proportional(12.0),
        if compared { palette.text } else { palette.weak },
    );
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, compared, pin.name()));
    if response.clicked() {
        actions.push(Against::Pin(pin.id));
    }
    egui::Popup::context_menu(&response).show(|ui| menu(ui, pin, actions));
    response.on_hover_text("Click to compare with it; right-click for more");

    // For hands without a second button.
    let spot = egui::Rect::from_min_size(image.right_top() + vec2(-24.0, 3.0), vec2(21.0, 18.0));
    let more = ui.interact(spot, ui.scope_id().with(("more of pin", pin.id)), Sense::click());
    let fill = if more.hovered() || more.has_focus() { palette.button_hover } else { palette.bar };
    ui.painter().rect_filled(spot, RADIUS, fill.gamma_multiply(0.9));
    Icon::More.paint(
        ui.painter(),
        spot.center(),
        if more.has_focus() { palette.accent } else { palette.text },
    );
    more.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("More of pin {}", pin.number)));
    egui::Popup::menu(&more).show(|ui| menu(ui, pin, actions));
    more.on_hover_text("What can be done with this pin");
}

fn menu(ui: &mut Ui, pin: &Pin, actions: &Actions) {
    ui.set_min_width(170.0);
    let (width, height) = pin.painting.picture.dimensions();
    ui.label(widgets::weak(ui, format!("{} · {width} × {height}", pin.name())));
    for (text, tooltip, action) in [
        ("Compare with it", "Shows it beside the painting", Action::from(Against::Pin(pin.id))),
        (
            "Return to its settings",
            "Sets everything as it was then; the painting goes on",
            PinAction::TakeSettings(pin.id).into(),
        ),
        ("Save this picture…", "Saves the picture as it was then", PinAction::Save(pin.id).into()),
        ("Remove this pin", "Takes it out of the strip", PinAction::Remove(pin.id).into()),
    ] {
        if ui.button(text).on_hover_text(tooltip).clicked() {
            actions.push(action);
        }
    }
}
