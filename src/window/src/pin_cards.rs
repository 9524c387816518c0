//! The pinned moments as the filmstrip shows them alone: a card each, with all that can be done with it.

use egui::{
    Align2, Context, FontId, Role, ScrollArea, Sense, Stroke, StrokeKind, TextureHandle, Ui, WidgetInfo,
    text::{LayoutJob, TextWrapping},
    vec2,
};

use super::{
    ImpastoApp,
    action::{Action, Actions},
    command::Command,
    compare::{Against, CompareAction, Mode},
    film::FilmAction,
    filmstrip::paint_picture,
    icons::Icon,
    naming::Answer,
    pins::{Pin, PinAction},
    theme::{Palette, RADIUS, space},
    widgets,
};

/// Height of a card's name, and the narrowest and widest picture for a height of 1.
const NAME: f32 = 18.0;
const ASPECTS: (f32, f32) = (0.7, 2.2);

/// A card as it is drawn now.
struct Card<'a> {
    pin: &'a Pin,
    texture: Option<TextureHandle>,
    /// It is compared with, or looked at.
    lit: bool,
}

impl ImpastoApp {
    /// The pinned moments side by side.
    pub(super) fn pin_cards(&mut self, ui: &mut Ui) {
        if self.view.pins.all().is_empty() {
            let key = Command::Pin.key(ui.ctx()).unwrap_or_default();
            let text = format!("{key} pins the moment that is shown: it is kept here, with its settings.");
            ui.centered_and_justified(|ui| ui.label(widgets::weak(ui, text)));
            return;
        }
        let compare = &self.view.compare;
        let compared = match compare.against {
            Against::Pin(id) if compare.flipped || matches!(compare.mode, Mode::Split | Mode::Sides) => {
                Some(id)
            }
            _ => None,
        };
        let viewed = self.view.film.view().map(|moment| moment.id);
        let ids: Vec<_> = self.view.pins.all().iter().map(|pin| pin.moment).collect();
        let textures: Vec<_> = ids.iter().map(|&id| self.view.film.texture(ui.ctx(), id)).collect();
        self.view.film.keep_textures(&ids);
        let height = ui.available_height() - NAME;
        ScrollArea::horizontal().auto_shrink(false).show(ui, |ui| {
            ui.horizontal_top(|ui| {
                ui.spacing_mut().item_spacing.x = space::S;
                for (pin, texture) in self.view.pins.all().iter().zip(textures) {
                    let lit = [compared, viewed].contains(&Some(pin.moment));
                    Card { pin, texture, lit }.show(ui, height, &self.actions);
                }
            });
        });
    }

    /// What can be done with the moment that is looked at.
    pub(super) fn moment_menu(&self, ui: &mut Ui) {
        let Some(moment) = self.view.film.view() else { return ui.close() };
        match self.view.pins.get(moment.id) {
            Some(pin) => menu(ui, pin, &self.actions),
            None => {
                let hint = Command::Pin.hint(ui.ctx());
                if ui.button("Pin it").on_hover_text(hint).clicked() {
                    self.actions.push(Command::Pin);
                }
            }
        }
    }

    /// The dialog that gives a pinned moment another name, while it is open.
    pub(super) fn rename_window(&mut self, ctx: &Context) {
        let Some((moment, mut naming)) = self.view.pins.renaming.take() else { return };
        match naming.show(ctx, "Name of the pinned moment", |name| Ok(name.to_owned())) {
            Some(Answer::Name(name)) => self.actions.push(PinAction::Rename(moment, name)),
            Some(Answer::Cancelled) => {}
            None => self.view.pins.renaming = Some((moment, naming)),
        }
    }
}

impl Card<'_> {
    fn show(self, ui: &mut Ui, height: f32, actions: &Actions) {
        let palette = Palette::of(ui);
        let Self { pin, texture, lit } = self;
        let (width, tall) = pin.painting.picture.dimensions();
        let aspect = (width as f32 / tall.max(1) as f32).clamp(ASPECTS.0, ASPECTS.1);
        let (rect, _) = ui.allocate_exact_size(vec2(height * aspect, height + NAME), Sense::hover());
        let (image, text) = rect.split_top_bottom_at_y(rect.min.y + height);
        let response = ui.interact(image, ui.scope_id().with(("pin", pin.moment)), Sense::click());
        paint_picture(ui, image, texture.as_ref(), palette);
        let stroke = if lit || response.has_focus() {
            Stroke::new(2.0, palette.accent)
        } else if response.hovered() {
            Stroke::new(1.0, palette.text)
        } else {
            Stroke::new(1.0, palette.line)
        };
        ui.painter().rect_stroke(image, RADIUS, stroke, StrokeKind::Inside);
        let color = if lit { palette.text } else { palette.weak };
        let mut job = LayoutJob::simple_singleline(pin.name(), FontId::proportional(12.0), color);
        job.wrap = TextWrapping::truncate_at_width(text.width() - 2.0);
        let galley = ui.painter().layout_job(job);
        let at = Align2::LEFT_CENTER.align_size_within_rect(galley.size(), text.translate(vec2(2.0, 1.0)));
        ui.painter().galley(at.min, galley, color);
        response.widget_info(|| WidgetInfo::selected(Role::Button, true, lit, pin.name()));
        if response.clicked() {
            actions.push(FilmAction::LookAt(pin.moment));
        }
        egui::Popup::context_menu(&response).show(|ui| menu(ui, pin, actions));
        response.on_hover_text("Click to look at it; right-click for more");

        let spot = |index: f32| {
            egui::Rect::from_min_size(image.right_top() + vec2(-24.0 * index, 3.0), vec2(21.0, 18.0))
        };
        let button = |ui: &mut Ui, index: f32, icon: Icon, name: String, tooltip: &str| {
            ui.painter().rect_filled(spot(index), RADIUS, palette.bar.gamma_multiply(0.9));
            widgets::small_icon_button(ui, icon, &name, tooltip, spot(index))
        };
        let short = pin.short();
        let tooltip = "Shows it beside the painting";
        if button(ui, 2.0, Icon::Split, format!("Compare with {short}"), tooltip).clicked() {
            actions.push(CompareAction::Begin(Against::Pin(pin.moment)));
        }
        let more =
            button(ui, 1.0, Icon::More, format!("More of {short}"), "What can be done with this moment");
        egui::Popup::menu(&more).show(|ui| menu(ui, pin, actions));
    }
}

fn menu(ui: &mut Ui, pin: &Pin, actions: &Actions) {
    ui.set_min_width(170.0);
    let (width, height) = pin.painting.picture.dimensions();
    ui.label(widgets::weak(ui, format!("{} · {width} × {height}", pin.name())));
    let id = pin.moment;
    for (text, tooltip, action) in [
        (
            "Compare with it",
            "Shows it beside the painting",
            Action::from(CompareAction::Begin(Against::Pin(id))),
        ),
        (
            "Return to its settings",
            "Sets everything as it was then; the painting goes on",
            PinAction::TakeSettings(id).into(),
        ),
        ("Rename…", "Gives it a name of its own", PinAction::AskForName(id).into()),
        ("Save this picture…", "Saves the picture as it was then", PinAction::Save(id).into()),
        ("Unpin", "Keeps it no longer than any other moment", PinAction::Unpin(id).into()),
    ] {
        if ui.button(text).on_hover_text(tooltip).clicked() {
            actions.push(action);
        }
    }
}
