//! What stands over the picture where it is alone, on the full screen and in the second window:
//! what is painted from what, a pause, the fader that moves. All of it is as large as the screen asks for.
//! And the buttons that are there while the pointer moves.

use std::{collections::BTreeMap, time::Duration};

use egui::{
    Align2, Area, Context, FontId, Frame, Id, Order, Rect, RichText, Role, Sense, Stroke, TextureHandle, Ui,
    ViewportId, WidgetInfo, pos2, vec2,
};

use super::{
    ImpastoApp,
    action::{Act, Actions},
    command::Command,
    defaults::PresetName,
    fields,
    icons::Icon,
    output_window::Monitor,
    presets::PresetAction,
    theme::{Palette, RADIUS, space},
    widgets,
};
use impasto_core::{
    picture,
    settings::{ParamId, Preset, Settings, three_digits},
};
use impasto_engine::session::RunState;

/// How long a fader that has moved is shown, in seconds.
const MOVED: f64 = 2.0;
/// More faders than these move together with a mix, which has no bar.
const FEW: usize = 5;
/// How far an arrow key moves the style, as a part of its fader.
const NUDGE: f64 = 0.04;

/// What is painted from what, and how.
#[derive(Clone, Default, PartialEq)]
pub struct Info {
    title: String,
    lines: Vec<String>,
    /// The content and the styles.
    pictures: Vec<TextureHandle>,
}

/// What has moved last: its name, and for a fader its value and where it stands, 0 to 1.
#[derive(Clone, Debug, PartialEq)]
struct Moved {
    name: String,
    fader: Option<(String, f32)>,
}

/// What stands over the picture.
#[derive(Clone, Default, PartialEq)]
pub struct Overlay {
    info: Option<Info>,
    paused: bool,
    moved: Option<Moved>,
}

impl Overlay {
    pub fn is_paused(&self) -> bool {
        self.paused
    }
}

/// What the audience saw last of the faders.
#[derive(Default)]
pub struct Audience {
    faders: BTreeMap<ParamId, f64>,
    moved: Option<Moved>,
    /// On egui's clock.
    until: f64,
}

impl Audience {
    /// Find out which fader has moved, and forget it after a while. `preset` is the one that the settings
    /// match.
    fn follow(
        &mut self,
        faders: BTreeMap<ParamId, f64>,
        settings: &Settings,
        preset: Option<&str>,
        now: f64,
    ) {
        let moved =
            |(id, value): &(&ParamId, &f64)| self.faders.get(id).is_some_and(|before| before != *value);
        let moved: Vec<(ParamId, f64)> =
            faders.iter().filter(moved).map(|(id, value)| (*id, *value)).collect();
        let shown = match moved[..] {
            [(id, value), ..] if moved.len() <= FEW => {
                let place = id.range(settings.objective).position(value) as f32;
                Some(Moved {
                    name: id.label_in(&settings.masks),
                    fader: Some((value_text(id, value), place)),
                })
            }
            [_, ..] => preset.map(|name| Moved { name: name.to_owned(), fader: None }),
            [] => None,
        };
        if shown.is_some() {
            (self.moved, self.until) = (shown, now + MOVED);
        } else if now >= self.until {
            self.moved = None;
        }
        self.faders = faders;
    }
}

fn value_text(id: ParamId, value: f64) -> String {
    match id {
        ParamId::StyleAmount => format!("{} %", widgets::number(three_digits(100.0 * value))),
        _ => widgets::number(three_digits(value)),
    }
}

/// Move the style's fader by this many steps.
pub struct MoveStyle(pub i8);

impl Act for MoveStyle {
    fn apply(self, app: &mut ImpastoApp, _: &Context) {
        let amount = app.settings.style_amount.is_some();
        let param = if amount { ParamId::StyleAmount } else { ParamId::Beta };
        let range = param.range(app.settings.objective);
        let (moved, mix) = app.moved();
        if let Some(value) = param.stored(&moved, &mix) {
            let place = (range.position(value) + NUDGE * f64::from(self.0)).clamp(0.0, 1.0);
            app.turn_from_outside(param, three_digits(range.value(place)));
        }
    }
}

impl ImpastoApp {
    /// Take the bundled preset after the present one.
    pub(super) fn next_preset(&self) {
        let is = self.mixes.presets.defaults.is();
        let place = Preset::ALL.iter().position(|preset| is == Some(&PresetName::Bundled(*preset)));
        let next = Preset::ALL[place.map_or(0, |place| (place + 1) % Preset::ALL.len())];
        self.actions.push(PresetAction::Take(PresetName::Bundled(next)));
    }

    /// Update the overlay for an audience, while there is one.
    pub(super) fn follow_audience(&mut self, ctx: &Context) {
        if !self.view.fullscreen.on && !self.view.output_window.open {
            self.view.audience = Audience::default();
            return;
        }
        let mix = self.mix();
        let values = ParamId::all(&self.settings, &mix)
            .into_iter()
            .filter_map(|id| Some((id, id.stored(&self.settings, &mix)?)));
        let preset = self.mixes.presets.defaults.is().map(PresetName::text);
        let now = ctx.input(|input| input.time);
        let audience = &mut self.view.audience;
        audience.follow(values.collect(), &self.settings, preset, now);
        if audience.moved.is_some() {
            let left = Duration::from_secs_f64((audience.until - now).max(0.01));
            ctx.request_repaint_after_for(left, ViewportId::ROOT);
        }
    }

    /// What stands over the picture; with `info` also what is painted from what.
    pub(super) fn overlay(&self, info: bool) -> Overlay {
        Overlay {
            info: info.then(|| self.painted_from()),
            paused: self.run.state == RunState::Paused,
            moved: self.view.audience.moved.clone(),
        }
    }

    /// The names of the pictures in a line, without what only a computer needs.
    pub(super) fn title(&self) -> String {
        let name = |slot: &super::slot::Slot| {
            slot.picture.as_ref().map(|loaded| bare_name(&loaded.picture.name).to_owned())
        };
        let styles: Vec<String> = self.pictures.styles.iter().filter_map(name).collect();
        format!("{} in {}", name(&self.pictures.content).unwrap_or_default(), styles.join(", "))
    }

    /// What is painted from what, and the settings that are not usual.
    fn painted_from(&self) -> Info {
        let settings = &self.settings;
        let defaults = Settings::for_objective(settings.objective);
        let mut lines = vec![
            match self.run.step() {
                step if step > settings.steps => format!("Step {step}"),
                step => format!("Step {step} of {}", settings.steps),
            },
            format!(
                "α {}, β {}, step size {}",
                widgets::number(settings.content_weight),
                widgets::number(settings.style_weight),
                widgets::number(settings.learning_rate)
            ),
        ];
        let said = ["content_weight", "style_weight", "learning_rate", "steps", "size", "device"];
        let others = fields::changes(&defaults, settings);
        let others = others.iter().filter(|change| !said.contains(&change.key.as_str()));
        lines.extend(others.take(6).map(|change| {
            let now = fields::now(change);
            match change.name.strip_prefix("Automation of ") {
                // To an audience it is the fader that moves.
                Some(name) => format!("{name}:{}", &now[change.name.len()..]),
                None => now,
            }
        }));
        let slots = std::iter::once(&self.pictures.content).chain(&self.pictures.styles);
        let pictures = slots.filter_map(|slot| Some(slot.picture.as_ref()?.texture.clone()));
        Info { title: self.title(), lines, pictures: pictures.collect() }
    }
}

/// A file's name without the extension of a picture.
fn bare_name(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => {
            let picture = picture::EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(extension));
            if picture { stem } else { name }
        }
        _ => name,
    }
}

/// Sizes of the large and of the smaller letters on a screen of this height, in points.
fn letters(height: f32) -> [f32; 2] {
    [(0.03 * height).max(16.0), (0.02 * height).max(13.0)]
}

/// Draw the overlay over `area`, which is the whole screen.
pub fn show(ctx: &Context, salt: &str, area: Rect, overlay: &Overlay) {
    if let Some(info) = &overlay.info {
        info_box(ctx, salt, area, info);
    }
    if overlay.paused {
        paused(ctx, salt, area);
    }
    if let Some(moved) = &overlay.moved {
        fader(ctx, salt, area, moved);
    }
}

fn place(salt: &str, what: &str, area: Rect, corner: Align2) -> Area {
    let inner = area.shrink(0.02 * area.height().max(500.0));
    Area::new(Id::unique((salt, what)))
        .order(Order::Middle)
        .pivot(corner)
        .fixed_pos(corner.pos_in_rect(&inner))
        .interactable(false)
}

fn frame(palette: &Palette, letter: f32) -> Frame {
    Frame::new().fill(palette.bar).corner_radius(6).inner_margin(0.6 * letter)
}

/// Pictures, names and numbers at the lower left.
fn info_box(ctx: &Context, salt: &str, area: Rect, info: &Info) {
    let palette = Palette::for_theme(ctx.theme());
    let [large, small] = letters(area.height());
    place(salt, "info", area, Align2::LEFT_BOTTOM).show(ctx, |ui| {
        frame(palette, large).show(ui, |ui| {
            ui.set_max_width((0.6 * area.width()).max(80.0));
            ui.spacing_mut().item_spacing = vec2(0.5 * large, 0.3 * small);
            ui.horizontal(|ui| {
                // Those of many styles would leave no room for the words.
                for texture in info.pictures.iter().take(4) {
                    let size = texture.size_vec2();
                    let size = size * (3.5 * large / size.y).min(5.0 * large / size.x);
                    ui.add(egui::Image::from_texture((texture.id(), size)).corner_radius(RADIUS));
                }
            });
            ui.add(egui::Label::new(RichText::new(&info.title).size(large).color(palette.text)).truncate());
            for line in &info.lines {
                ui.add(egui::Label::new(RichText::new(line).size(small).color(palette.weak)).truncate());
            }
        });
    });
}

/// A sign at the upper left that painting was paused.
fn paused(ctx: &Context, salt: &str, area: Rect) {
    let palette = Palette::for_theme(ctx.theme());
    let [large, _] = letters(area.height());
    place(salt, "pause", area, Align2::LEFT_TOP).show(ctx, |ui| {
        frame(palette, large).show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = 0.5 * large;
                let (rect, _) = ui.allocate_exact_size(vec2(0.8 * large, 1.1 * large), Sense::hover());
                let bar = vec2(0.3 * rect.width(), rect.height());
                for corner in [rect.min, pos2(rect.max.x - bar.x, rect.min.y)] {
                    ui.painter().rect_filled(Rect::from_min_size(corner, bar), 1.0, palette.text);
                }
                ui.label(RichText::new("Paused").size(large).color(palette.text));
            });
        });
    });
}

/// The fader that moves, at the lower right.
fn fader(ctx: &Context, salt: &str, area: Rect, moved: &Moved) {
    let palette = Palette::for_theme(ctx.theme());
    let [large, _] = letters(area.height());
    place(salt, "fader", area, Align2::RIGHT_BOTTOM).show(ctx, |ui| {
        frame(palette, large).show(ui, |ui| {
            let width = (0.3 * area.width()).max(120.0);
            ui.set_width(width);
            let (line, response) = ui.allocate_exact_size(vec2(width, 1.3 * large), Sense::hover());
            let font = FontId::proportional(large);
            let value = moved.fader.as_ref().map_or("", |(value, _)| value);
            let number = ui.painter().layout_no_wrap(value.to_owned(), font.clone(), palette.text);
            let mut name = egui::text::LayoutJob::simple_singleline(moved.name.clone(), font, palette.text);
            name.wrap =
                egui::text::TextWrapping::truncate_at_width((width - number.size().x - large).max(large));
            let name = ui.painter().layout_job(name);
            ui.painter().galley(line.min, name, palette.text);
            ui.painter().galley(pos2(line.max.x - number.size().x, line.min.y), number, palette.text);
            if let Some((_, place)) = moved.fader {
                let (rail, _) = ui.allocate_exact_size(vec2(width, 0.7 * large), Sense::hover());
                ui.painter().rect_filled(rail, RADIUS, palette.well);
                let mut travelled = rail;
                travelled.set_width(rail.width() * place.clamp(0.0, 1.0));
                ui.painter().rect_filled(travelled, RADIUS, palette.accent);
                ui.painter().rect_stroke(
                    rail,
                    RADIUS,
                    Stroke::new(1.0, palette.rail),
                    egui::StrokeKind::Inside,
                );
            }
            let text = format!("{} {value}", moved.name);
            response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text.trim()));
        });
    });
}

/// What the bar of buttons is about.
pub struct Bar<'a> {
    /// Of which window.
    pub salt: &'a str,
    /// Whether it fills the screen; `None` if that cannot be changed.
    pub full: Option<bool>,
    pub info: bool,
    pub paused: bool,
    pub monitors: &'a [Monitor],
    /// The name of its last button and what that does, if there is one.
    pub close: Option<(&'a str, &'a str)>,
}

/// What a button of the bar does to its own window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Press {
    Fullscreen,
    Info,
    Monitor(usize),
    Close,
}

/// The buttons at the upper edge, away from the info. What concerns the painting goes into the queue of
/// actions.
pub fn bar(ctx: &Context, area: Rect, bar: &Bar<'_>, actions: &Actions) -> Option<Press> {
    let palette = Palette::for_theme(ctx.theme());
    let shown = Area::new(Id::unique((bar.salt, "bar")))
        .order(Order::Foreground)
        .pivot(Align2::CENTER_TOP)
        .fixed_pos(area.center_top() + vec2(0.0, space::M))
        .show(ctx, |ui| {
            let frame = Frame::new().fill(palette.bar).corner_radius(6).inner_margin(6);
            frame
                .show(ui, |ui| {
                    ui.set_max_width(area.width() - 2.0 * space::M);
                    ui.horizontal_wrapped(|ui| {
                        ui.spacing_mut().item_spacing.x = space::S;
                        painting_buttons(ui, bar, actions);
                        window_buttons(ui, bar)
                    })
                    .inner
                })
                .inner
        });
    shown.inner
}

fn painting_buttons(ui: &mut Ui, bar: &Bar<'_>, actions: &Actions) {
    let ctx = ui.ctx().clone();
    let act = |action: super::action::Action| {
        actions.push(action);
        // The main window may sleep.
        ctx.request_repaint_of(ViewportId::ROOT);
    };
    let (icon, name) =
        if bar.paused { (Icon::Play, "Paint on") } else { (Icon::Pause, "Pause the painting") };
    if widgets::icon_button(ui, icon, name, &Command::PlayPause.hint(&ctx), true).clicked() {
        act(Command::PlayPause.into());
    }
    for (icon, name, tooltip, steps) in [
        (Icon::Down, "Less style", "Takes the style back a little (arrow down)", -1),
        (Icon::Up, "More style", "Adds a little of the style (arrow up)", 1),
    ] {
        if widgets::icon_button(ui, icon, name, tooltip, true).clicked() {
            act(MoveStyle(steps).into());
        }
    }
    let command = Command::NextPreset;
    if ui.button(command.text()).on_hover_text(command.hint(&ctx)).clicked() {
        act(command.into());
    }
}

fn window_buttons(ui: &mut Ui, bar: &Bar<'_>) -> Option<Press> {
    let mut pressed = None;
    let info = ui.selectable_label(bar.info, "Info");
    if info.on_hover_text("I: what is painted from what, and how").clicked() {
        pressed = Some(Press::Info);
    }
    if let Some(full) = bar.full {
        let text = if full { "Leave the full screen" } else { "Full screen" };
        let hint = "F11, or a double-click: fills the screen that this window is on";
        if ui.button(text).on_hover_text(hint).clicked() {
            pressed = Some(Press::Fullscreen);
        }
    }
    if bar.monitors.len() > 1 {
        for (index, monitor) in bar.monitors.iter().enumerate() {
            let (width, height) = monitor.size;
            let hint = format!("Fills {} ({width} × {height} pixels)", monitor.name);
            if ui.button(format!("On {}", monitor.name)).on_hover_text(hint).clicked() {
                pressed = Some(Press::Monitor(index));
            }
        }
    }
    if let Some((text, hint)) = bar.close
        && ui.button(text).on_hover_text(hint).clicked()
    {
        pressed = Some(Press::Close);
    }
    pressed
}

/// The arrow keys move the style while nothing else has the keyboard.
pub fn keys(ctx: &Context, actions: &Actions) {
    if ctx.memory(|memory| memory.focused().is_some() || memory.top_modal_layer().is_some()) {
        return;
    }
    for (key, steps) in [(egui::Key::ArrowUp, 1), (egui::Key::ArrowDown, -1)] {
        while ctx.input_mut(|input| input.consume_key(egui::Modifiers::NONE, key)) {
            actions.push(MoveStyle(steps));
            ctx.request_repaint_of(ViewportId::ROOT);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_the_extension_of_a_picture_and_nothing_else() {
        for (name, bare) in [
            ("tubingen.jpg", "tubingen"),
            ("Nacht.JPEG", "Nacht"),
            ("v1.2 of the sea", "v1.2 of the sea"),
            ("Chelsea", "Chelsea"),
            (".png", ".png"),
            ("猫.webp", "猫"),
        ] {
            assert_eq!(bare_name(name), bare);
        }
    }

    #[test]
    fn letters_grow_with_the_screen() {
        assert_eq!(letters(1080.0), [0.03 * 1080.0, 0.02 * 1080.0]);
        assert_eq!(letters(240.0), [16.0, 13.0]);
    }

    #[test]
    fn a_fader_that_moves_is_shown_for_two_seconds_and_a_mix_by_its_name() {
        let mut audience = Audience::default();
        let mut settings = Settings::default();
        let mut look = |settings: &Settings, preset, now| {
            let all = ParamId::all(settings, &[]);
            let faders = all.into_iter().filter_map(|id| Some((id, id.stored(settings, &[])?))).collect();
            audience.follow(faders, settings, preset, now);
            audience.moved.clone()
        };
        assert_eq!(look(&settings, None, 0.0), None, "what is there at first has not moved");
        settings.style_weight = 12.34;
        let moved = look(&settings, None, 1.0).unwrap();
        assert_eq!((moved.name.as_str(), moved.fader.as_ref().unwrap().0.as_str()), ("Style β", "12.3"));
        assert_eq!(look(&settings, None, 2.9), Some(moved), "still there");
        assert_eq!(look(&settings, None, 3.1), None);
        let bold = Preset::BoldStrokes.apply(&settings);
        let moved = look(&bold, Some("Bold strokes"), 4.0).unwrap();
        assert_eq!((moved.name.as_str(), moved.fader), ("Bold strokes", None));
    }
}
