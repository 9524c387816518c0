//! Playing with mixes: eight slots, a morph between any two, random mixes; linked and locked faders.

mod desk;
mod ends;
mod links;
mod row;

use egui::{Context, Key, Modifiers};

use super::{
    ImpastoApp,
    action::{Act, Action, Actions},
    controls::{amount::Asked, preset_tiles::PresetTiles},
    defaults::PresetName,
    edit::SettingsChange,
    fields,
    presets::Presets,
    widgets,
};
use impasto_base::hash::Sha256Hash;
use impasto_core::settings::{ParamId, Preset, Settings, Slots, StoredMix, Strip, StyleMix};

pub use self::{
    desk::{End, MixDesk},
    ends::Ends,
    links::Links,
};

/// Height of the row, in points.
pub const HEIGHT: f32 = 36.0;

/// Keys of the slots, together with ctrl.
const KEYS: [Key; Slots::COUNT] =
    [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6, Key::Num7, Key::Num8];

/// What can be done with the mixes.
#[derive(Clone)]
pub enum MixAction {
    /// Recalls the mix of a slot.
    Recall(usize),
    /// Keeps the present one there.
    Store(usize),
    Clear(usize),
    From(End),
    To(End),
    Morph(f64),
    /// Seed and amount of Randomize.
    Seed(u64),
    Amount(f64),
    Link(ParamId),
    Unlink,
    /// Links all style layers, or all content layers.
    LinkAll(fn(impasto_network::vgg::Layer) -> ParamId),
    Lock(ParamId),
}

/// Controls of the row with the mixes, by their names.
pub const CONTROLS: [&str; 3] = ["Morph, number", "Randomize seed", "Randomize amount"];

/// What is played with beside the settings.
#[derive(Default)]
pub struct Mixes {
    /// The settings as they were before the last preset was chosen.
    pub before_preset: Option<Box<Settings>>,
    pub presets: Presets,
    pub desk: MixDesk,
    pub ends: Ends,
    pub links: Links,
    pub amount_asked: Option<Asked>,
    pub tiles: PresetTiles,
}

impl Act for MixAction {
    fn apply(self, app: &mut ImpastoApp, _: &Context) {
        app.apply_to_mixes(self);
    }
}

impl ImpastoApp {
    /// Keep up with what the window shows.
    pub(super) fn follow_mixes(&mut self) {
        self.mixes.presets.follow(&self.settings);
        let styles = self.style_mixes();
        self.mixes.ends.follow(&self.mixes.desk, &self.mixes.presets, &self.settings, &styles);
    }

    /// The styles' pictures, and how they count.
    fn style_mixes(&self) -> Vec<(Sha256Hash, StyleMix)> {
        let styles = self.pictures.styles.iter();
        styles.filter_map(|slot| Some((slot.picture.as_ref()?.picture.sha256, slot.mix))).collect()
    }

    /// Set how the styles count, if there are as many.
    fn set_style_mixes(&mut self, mixes: &[StyleMix]) {
        self.pictures.set_style_mixes(mixes);
    }

    /// Take the mixes whose keys were pressed.
    pub(super) fn mixes_keys(&self, ctx: &Context) {
        if ctx.text_edit_focused() {
            return;
        }
        for (slot, key) in KEYS.into_iter().enumerate() {
            if ctx.input_mut(|input| input.consume_key(Modifiers::COMMAND, key)) {
                self.actions.push(MixAction::Recall(slot));
            }
        }
    }

    pub(super) fn apply_to_mixes(&mut self, action: MixAction) {
        match action {
            MixAction::Recall(slot) => self.take_mix(slot),
            MixAction::Store(slot) => {
                let letter = Slots::letter(slot);
                let mix = StoredMix::of(&self.settings, self.style_mixes());
                if mix.look().is_none() {
                    self.messages
                        .toasts
                        .add("The current settings cannot be painted with, so they are not stored.");
                    return;
                }
                let again = self.mixes.desk.slots.get(slot).is_some();
                self.mixes.desk.slots.set(slot, Some(mix));
                self.undo.call("", format!("Mix {letter} {}", if again { "overwritten" } else { "stored" }));
            }
            MixAction::Clear(slot) => {
                self.mixes.desk.slots.set(slot, None);
                self.undo.call("", format!("Mix {} cleared", Slots::letter(slot)));
            }
            MixAction::From(end) => {
                self.undo.call("", format!("Morph from {}", end.name()));
                self.mixes.desk.from = end;
            }
            MixAction::To(end) => {
                self.undo.call("", format!("Morph to {}", end.name()));
                self.mixes.desk.to = end;
            }
            MixAction::Morph(t) => self.morph(t),
            MixAction::Seed(seed) => {
                self.mixes.desk.seed = seed.min(desk::MOST_SEED);
                self.undo.call("randomize seed", format!("Randomize seed {}", self.mixes.desk.seed));
            }
            MixAction::Amount(amount) => {
                self.mixes.desk.amount = amount.clamp(0.0, 1.0);
                let title = format!("Randomize amount {}", percent(self.mixes.desk.amount));
                self.undo.call("randomize amount", title);
            }
            MixAction::Link(param) => {
                let on = toggle(&mut self.mixes.desk.linked, param);
                self.undo.call("", format!("Link of {} {}", named(param), if on { "on" } else { "off" }));
            }
            MixAction::Unlink => {
                self.mixes.desk.linked.clear();
                self.undo.call("", "All links off".to_owned());
            }
            MixAction::LinkAll(kind) => {
                let (style, content) = (&self.settings.style_layers, &self.settings.content_layers);
                let all = impasto_network::vgg::Layer::ALL.into_iter().map(kind);
                let used = all.filter(|param| match param {
                    ParamId::Style(layer) => style.strip(*layer).is_some(),
                    ParamId::Content(layer) => content.strip(*layer).is_some(),
                    _ => false,
                });
                self.mixes.desk.linked.extend(used);
                self.undo.call("", "Faders linked".to_owned());
            }
            MixAction::Lock(param) => {
                let on = toggle(&mut self.mixes.desk.locked, param);
                self.undo.call("", format!("Lock of {} {}", named(param), if on { "on" } else { "off" }));
            }
        }
    }

    fn take_mix(&mut self, slot: usize) {
        let letter = Slots::letter(slot);
        let Some(look) = self.mixes.desk.slots.look(slot) else {
            self.messages
                .toasts
                .add(format!("Mix {letter} is empty. Shift-click to store the current mix there."));
            return;
        };
        let Some(mix) = self.mixes.desk.slots.get(slot) else { return };
        let settings = mix.over(&self.settings, look);
        let styles = mix.styles_for(&self.style_mixes());
        self.settings = settings;
        if let Some(styles) = styles {
            self.set_style_mixes(&styles);
        }
        self.undo.call("", format!("Mix {letter} recalled"));
    }

    /// Go to `t` on the way between the two ends.
    fn morph(&mut self, t: f64) {
        let t = t.clamp(0.0, 1.0);
        let Some(settings) = self.mixes.ends.at(&self.settings, t) else {
            self.messages.toasts.add("An end of the morph is missing: choose two that are there.");
            return;
        };
        let styles = self.mixes.ends.styles_at(&self.style_mixes(), t);
        self.settings = settings;
        if let Some(styles) = styles {
            self.set_style_mixes(&styles);
        }
        self.mixes.desk.morph = t;
        let [from, to] = [&self.mixes.desk.from, &self.mixes.desk.to].map(End::name);
        self.undo.call(&format!("morph {from} {to}"), format!("Morph {from} → {to}, {}", percent(t)));
    }

    /// Take a random mix around the present one.
    pub(super) fn randomize(&mut self) {
        let (seed, amount) = (self.mixes.desk.seed, self.mixes.desk.amount);
        let locked = self.mixes.desk.locked.clone();
        let randomized = self.settings.randomized(seed, amount, |param| locked.contains(&param));
        if randomized == self.settings {
            self.messages.toasts.add("Nothing changed: the amount is 0, or everything is locked or muted.");
            return;
        }
        self.settings = randomized;
        self.mixes.desk.seed = (seed + 1) % (desk::MOST_SEED + 1);
        self.undo.call("", format!("Randomized: seed {seed}, {}", percent(amount)));
    }

    /// What the palette of commands finds here: title, detail and what is then done.
    pub(super) fn mixes_findings(&self) -> Vec<(String, String, Action)> {
        let mut all = Vec::new();
        let settings = &self.settings;
        for param in settings.strips() {
            let switches = switches(settings, param).into_iter().flatten();
            all.extend(switches.map(|(title, detail, change)| (title, detail, change.into())));
            let on = |set: &std::collections::BTreeSet<ParamId>, on, off| {
                if set.contains(&param) { off } else { on }
            };
            let link = on(&self.mixes.desk.linked, "Link", "Unlink");
            all.push((
                format!("{link} {}", named(param)),
                "moves with the other linked faders".to_owned(),
                MixAction::Link(param).into(),
            ));
        }
        for param in settings.strips().into_iter().chain([ParamId::Beta, ParamId::StyleTilt]) {
            let lock = if self.mixes.desk.locked.contains(&param) { "Unlock" } else { "Lock" };
            all.push((
                format!("{lock} {}", named(param)),
                "Randomize leaves it alone".to_owned(),
                MixAction::Lock(param).into(),
            ));
        }
        let own = String::new;
        all.push(("Link all style faders".to_owned(), own(), MixAction::LinkAll(ParamId::Style).into()));
        all.push(("Link all content faders".to_owned(), own(), MixAction::LinkAll(ParamId::Content).into()));
        if !self.mixes.desk.linked.is_empty() {
            all.push(("Unlink all faders".to_owned(), own(), MixAction::Unlink.into()));
        }
        for slot in 0..Slots::COUNT {
            let letter = Slots::letter(slot);
            if self.mixes.desk.slots.get(slot).is_some() {
                let take = MixAction::Recall(slot).into();
                all.push((format!("Mix {letter}: recall"), format!("Ctrl+{}", slot + 1), take));
                all.push((format!("Mix {letter}: clear"), own(), MixAction::Clear(slot).into()));
            }
            all.push((format!("Mix {letter}: store the current mix"), own(), MixAction::Store(slot).into()));
        }
        for end in ends(&self.mixes.desk, &self.mixes.presets) {
            all.push((format!("Morph from {}", end.name()), own(), MixAction::From(end.clone()).into()));
            all.push((format!("Morph to {}", end.name()), own(), MixAction::To(end).into()));
        }
        all
    }
}

/// The entry of a fader's menu that locks it.
pub fn lock_button(ui: &mut egui::Ui, actions: &Actions, param: ParamId, locked: bool) {
    let text = if locked { "Unlock" } else { "Lock" };
    if ui.button(text).on_hover_text("Randomize leaves what is locked alone").clicked() {
        actions.push(MixAction::Lock(param));
    }
}

/// A parameter in the middle of a sentence.
fn named(param: ParamId) -> String {
    param.label().to_lowercase()
}

fn toggle(set: &mut std::collections::BTreeSet<ParamId>, param: ParamId) -> bool {
    let on = !set.remove(&param);
    if on {
        set.insert(param);
    }
    on
}

fn percent(share: f64) -> String {
    format!("{} %", widgets::number((1000.0 * share).round() / 10.0))
}

/// All that can be an end of the morph: filled slots, bundled presets, the person's own that can be used.
fn ends(desk: &MixDesk, presets: &Presets) -> Vec<End> {
    let slots = desk.slots.used().map(End::Slot);
    let bundled = Preset::ALL.into_iter().map(PresetName::Bundled);
    let own = presets.list.iter().filter(|preset| preset.mix.is_ok());
    let own = own.map(|preset| PresetName::Own(preset.name.clone()));
    slots.chain(bundled.chain(own).map(End::Preset)).collect()
}

/// Mute and solo of a strip as entries of the palette.
fn switches(settings: &Settings, param: ParamId) -> Option<[(String, String, SettingsChange); 2]> {
    let strip = settings.strip(param)?;
    // The strip may be gone or switched by the time this is done: what was chosen counts.
    let with = |on: bool, switch: fn(&mut Strip) -> &mut bool| {
        let change = move |settings: &mut Settings| {
            let gone = || format!("{} has no weight any more.", param.label());
            let mut strip = settings.strip(param).ok_or_else(gone)?;
            *switch(&mut strip) = on;
            settings.set_strip(param, strip);
            Ok(())
        };
        SettingsChange::new(change)
    };
    let mute = if strip.muted { "Unmute" } else { "Mute" };
    let solo = if strip.solo { "End solo of" } else { "Solo" };
    let weight = format!("weight {}", widgets::number(strip.weight));
    Some([
        (format!("{mute} {}", named(param)), weight.clone(), with(!strip.muted, |strip| &mut strip.muted)),
        (format!("{solo} {}", named(param)), weight, with(!strip.solo, |strip| &mut strip.solo)),
    ])
}

/// What is in a mix, in a few lines: the preset that it is, or what differs from the usual.
fn contents(mix: &Settings) -> String {
    if let Some(preset) = Preset::ALL.into_iter().find(|preset| preset.apply(mix) == *mix) {
        return preset.name().to_owned();
    }
    let defaults = Settings::for_objective(mix.objective);
    let changes = fields::changes(&defaults, mix);
    let changes: Vec<String> = changes
        .iter()
        .filter(|change| {
            !["steps", "init", "automation"].contains(&change.key.split('.').next().unwrap_or_default())
        })
        .map(fields::now)
        .collect();
    let mut lines = vec![widgets::capital(&mix.objective.to_string())];
    lines.extend(changes.iter().take(8).cloned());
    if changes.len() > 8 {
        lines.push(format!("and {} more", changes.len() - 8));
    }
    lines.join("\n")
}
