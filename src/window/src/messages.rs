//! Notifications: toasts that go by themselves, and banners that stay until they are dismissed.
//!
//! They are ours because crates for toasts draw over everything, in their own look, and are not seen by a
//! screen reader.

use std::path::PathBuf;

use egui::{Align2, Area, Context, Frame, Id, Label, LayerId, Order, Rect, RichText, Stroke, Ui, vec2};

use impasto_base::text;

use super::{
    ImpastoApp,
    action::{Act, Action, Actions},
    icons::Icon,
    recipes::PaintedPicture,
    row_end,
    theme::{Palette, space},
    widgets,
};

/// How long a toast stays, in seconds: one without and one with something to do about it.
const TOAST: f64 = 6.0;
const TOAST_WITH_BUTTONS: f64 = 14.0;
/// How long it stays at least after the pointer was on it.
const AFTER_HOVER: f64 = 2.0;
const MOST_TOASTS: usize = 4;

struct Toast {
    text: String,
    /// What can be done about it: words, and what happens then.
    buttons: Vec<(String, Action)>,
    /// When it goes, on egui's clock; set when it is first shown.
    until: Option<f64>,
}

/// Short notes over the picture.
#[derive(Default)]
pub struct Toasts(Vec<Toast>);

impl Toasts {
    pub fn add(&mut self, text: impl Into<String>) {
        self.add_with(text, Vec::new());
    }

    /// Add a note with buttons, in the place of those that have one of the same words.
    pub fn add_with(&mut self, text: impl Into<String>, buttons: Vec<(String, Action)>) {
        let text = text::escaped(&text.into()).into_owned();
        let same = |(words, _): &(String, Action)| buttons.iter().any(|(new, _)| new == words);
        self.0.retain(|toast| toast.text != text && !toast.buttons.iter().any(same));
        self.0.push(Toast { text, buttons, until: None });
        if self.0.len() > MOST_TOASTS {
            self.0.remove(0);
        }
    }

    /// Add a note in the place of those that begin like one of `old`, which it makes out of date.
    pub fn add_instead(&mut self, old: &[&str], text: impl Into<String>) {
        self.take_back(old);
        self.add(text);
    }

    /// Take back the notes that begin like one of `old`.
    pub fn take_back(&mut self, old: &[&str]) {
        self.0.retain(|toast| !old.iter().any(|begin| toast.text.starts_with(begin)));
    }

    /// Show the toasts at the lower edge of `area`.
    pub fn show(&mut self, ctx: &Context, area: egui::Rect, actions: &Actions) {
        let now = ctx.input(|input| input.time);
        self.0.retain(|toast| toast.until.is_none_or(|until| until > now));
        if self.0.is_empty() {
            return;
        }
        let mut next = f64::INFINITY;
        let mut clicked = None;
        let mut hovered = false;
        Area::new(Id::unique("toasts"))
            .order(Order::Foreground)
            .pivot(Align2::CENTER_BOTTOM)
            .fixed_pos(area.center_bottom() - vec2(0.0, space::L))
            .interactable(self.0.iter().any(|toast| !toast.buttons.is_empty()))
            .show(ctx, |ui| {
                ui.set_max_width((area.width() - 2.0 * space::XL).clamp(120.0, 460.0));
                // Each in the middle, however wide the others are; the newest on top, so that it moves no
                // button of those before it.
                ui.with_layout(egui::Layout::top_down(egui::Align::Center), |ui| {
                    for (index, toast) in self.0.iter_mut().enumerate().rev() {
                        let stays = if toast.buttons.is_empty() { TOAST } else { TOAST_WITH_BUTTONS };
                        let until = toast.until.get_or_insert(now + stays);
                        let palette = Palette::of(ui);
                        let frame = Frame::new()
                            .fill(palette.bar)
                            .stroke(Stroke::new(1.0, palette.line))
                            .corner_radius(6)
                            .inner_margin(egui::Margin::symmetric(14, 9));
                        let shown = frame.show(ui, |ui| {
                            let text = Label::new(&toast.text).wrap();
                            if toast.buttons.is_empty() {
                                ui.add(text);
                                return;
                            }
                            ui.vertical(|ui| {
                                ui.add(text);
                                ui.horizontal_wrapped(|ui| {
                                    for (button, (words, _)) in toast.buttons.iter().enumerate() {
                                        if ui.button(words.as_str()).clicked() {
                                            clicked = Some((index, button));
                                        }
                                    }
                                });
                            });
                        });
                        hovered |= !toast.buttons.is_empty() && shown.response.contains_pointer();
                        next = next.min(*until - now);
                    }
                });
            });
        if hovered {
            // One that goes from below would move the others.
            let untils = self.0.iter_mut().filter_map(|toast| toast.until.as_mut());
            untils.for_each(|until| *until = until.max(now + AFTER_HOVER));
        }
        if let Some((index, button)) = clicked {
            let (_, action) = self.0.remove(index).buttons.swap_remove(button);
            actions.push(action);
        }
        ctx.request_repaint_after(std::time::Duration::from_secs_f64(next.max(0.05)));
    }
}

/// Width that toasts need at least, in points.
const NARROW: f32 = 300.0;

/// What the tour's card at the lower left leaves free of an area: beside it, or above if that is too narrow.
pub fn free_area(ctx: &Context, mut area: Rect) -> Rect {
    let layer = LayerId::new(Order::Foreground, Id::unique("tour"));
    let visible = ctx.memory(|memory| memory.areas().is_visible(&layer));
    let card = ctx.memory(|memory| memory.area_rect(layer.id)).filter(|_| visible);
    if let Some(card) = card.filter(|card| area.intersects(*card)) {
        if area.max.x - card.max.x >= NARROW {
            area.min.x = card.max.x;
        } else {
            area.max.y = card.min.y.max(area.min.y);
        }
    }
    area
}

/// What a banner is about, and so what can be done about it.
#[derive(Clone, Debug)]
pub enum Trouble {
    /// The run failed; the last picture is still there.
    Run,
    /// The worker is gone.
    Engine,
    /// A picture could not be saved.
    Save { path: PathBuf, painting: PaintedPicture },
    /// A run goes on with less because its device has no memory left.
    Memory,
    /// Anything else that a person must read.
    Other,
}

/// A message that stays.
#[derive(Clone, Debug)]
pub struct Banner {
    pub trouble: Trouble,
    pub text: String,
}

/// What can be done about a banner, which is given by its index.
pub enum BannerAction {
    Retry(usize),
    Dismiss(usize),
}

/// Show the banners one above the other.
fn banners(ui: &mut Ui, banners: &[Banner], actions: &Actions) {
    for (index, banner) in banners.iter().enumerate() {
        let palette = Palette::of(ui);
        Frame::new()
            .fill(palette.panel)
            .stroke(Stroke::new(1.0, palette.bad))
            .corner_radius(6)
            .inner_margin(egui::Margin::symmetric(12, 8))
            .outer_margin(egui::Margin { left: 12, right: 12, top: 8, bottom: 0 })
            .show(ui, |ui| {
                ui.horizontal(|ui| {
                    let (rect, _) = ui.allocate_exact_size(vec2(20.0, 20.0), egui::Sense::hover());
                    Icon::Warning.paint(ui.painter(), rect.center(), palette.bad);
                    let retry = match banner.trouble {
                        Trouble::Run => Some((
                            "Try again",
                            "Goes on from the last picture with the settings as they are now",
                        )),
                        Trouble::Engine => {
                            Some(("Start the engine again", "Starts a new engine and goes on painting"))
                        }
                        Trouble::Save { .. } => {
                            Some(("Try again", "Saves the same picture to the same file"))
                        }
                        Trouble::Memory | Trouble::Other => None,
                    };
                    let buttons = 34.0 + retry.map_or(0.0, |(text, _)| 24.0 + 7.5 * text.len() as f32);
                    let width = (ui.available_width() - buttons - space::S).max(120.0);
                    ui.allocate_ui(vec2(width, 20.0), |ui| {
                        ui.set_width(width);
                        ui.add(
                            Label::new(RichText::new(widgets::sentence(&text::escaped(&banner.text))))
                                .wrap()
                                .selectable(true),
                        );
                    });
                    let end = format!("banner {index}, {}", retry.map_or("", |(text, _)| text));
                    row_end::show(ui, &end, |ui| {
                        if let Some((text, tooltip)) = retry
                            && ui.button(text).on_hover_text(tooltip).clicked()
                        {
                            actions.push(BannerAction::Retry(index));
                        }
                        if widgets::icon_button(ui, Icon::Close, "Dismiss", "Takes this message away", true)
                            .clicked()
                        {
                            actions.push(BannerAction::Dismiss(index));
                        }
                    });
                });
            });
    }
}

/// All notifications.
#[derive(Default)]
pub struct Messages {
    pub toasts: Toasts,
    pub banners: Vec<Banner>,
    /// The last message, for the status line.
    pub notice: Option<String>,
}

impl Act for BannerAction {
    fn apply(self, app: &mut ImpastoApp, ctx: &Context) {
        app.apply_to_banner(ctx, self);
    }
}

impl ImpastoApp {
    /// Report a background task that has failed. It may have been to save something.
    pub(super) fn task_failed(&mut self, text: String) {
        self.file_not_saved(format!("{text}."));
    }

    /// Report what a run goes without for lack of memory: in one banner for all runs, or by a toast while
    /// the picture is presented.
    pub(super) fn note_limit(&mut self, text: String) {
        let sentence = format!("{text}.");
        if self.playlist.plays() || self.view.fullscreen.on {
            self.messages.toasts.add(sentence);
        } else {
            self.messages.banners.retain(|banner| !matches!(banner.trouble, Trouble::Memory));
            self.messages.banners.push(Banner { trouble: Trouble::Memory, text: sentence });
        }
        self.messages.notice = Some(text);
    }

    /// Show what went wrong over the picture.
    pub(super) fn banners_ui(&self, ui: &mut Ui) {
        banners(ui, &self.messages.banners, &self.actions);
    }

    pub(super) fn apply_to_banner(&mut self, ctx: &Context, action: BannerAction) {
        match action {
            BannerAction::Dismiss(index) => drop(self.messages.banners.remove(index)),
            BannerAction::Retry(index) => match self.messages.banners.remove(index).trouble {
                Trouble::Run => self.start_anew(false),
                Trouble::Engine => {
                    self.start_engine(ctx);
                    self.start_anew(false);
                }
                Trouble::Save { path, painting } => self.save_again(path, painting),
                Trouble::Memory | Trouble::Other => {}
            },
        }
    }
}
