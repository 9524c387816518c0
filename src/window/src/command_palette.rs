//! The command palette: everything that the window can do and set, found by a few letters of its name.

use egui::{
    Context, Id, Key, Label, Modifiers, RichText, Role, ScrollArea, Sense, TextEdit, Ui, WidgetInfo, vec2,
};
use serde_json::Value;

use super::{
    ImpastoApp,
    action::{Act, Action},
    command::Command,
    compact::Side,
    compare::CompareAction,
    edit::SettingsChange,
    fields::{self, Field},
    masks::OnParam,
    mixes::{CONTROLS, MixAction},
    param_menu::{ParamAct, ParamAction},
    theme::{Palette, RADIUS, space},
    widgets,
};
use impasto_core::settings::{Kind, ParamId, Parameter, Preset, Settings};

/// Lines that are shown at most.
const MOST: usize = 60;
const ROW: f32 = 26.0;
const SIZES: [u32; 8] = [128, 192, 256, 320, 384, 512, 768, 1024];

/// The palette, open or not.
#[derive(Default)]
pub struct CommandPalette {
    pub open: bool,
    query: String,
    chosen: usize,
}

/// A line of the palette.
struct Entry {
    title: String,
    /// The key, or the value that is set now.
    detail: String,
    score: i32,
    /// What it does; `None` if it only says why not.
    action: Option<Action>,
}

impl CommandPalette {
    pub fn toggle(&mut self) {
        *self = Self { open: !self.open, ..Self::default() };
    }
}

/// Lower case, with Greek letters as they are spoken.
fn spoken(text: &str) -> String {
    text.to_lowercase().replace('α', "alpha").replace('β', "beta").replace('ε', "epsilon")
}

/// How well `query` fits: its letters in their order, the better the more of them begin words or follow each
/// other. `None` if one is missing. Only letters and digits count, without case.
fn fits(query: &str, text: &str) -> Option<i32> {
    let text: Vec<char> = spoken(text).chars().collect();
    let query: Vec<char> = spoken(query).chars().filter(|letter| letter.is_alphanumeric()).collect();
    let Some(first) = query.first() else { return Some(0) };
    let starts = (0..text.len()).filter(|&index| text[index] == *first);
    let score = starts.filter_map(|start| fits_from(&query, &text, start)).max()?;
    // The shorter of two that fit alike is nearer.
    Some(score * 8 - text.len() as i32 / 4)
}

/// How well the letters fit when the first of them is taken at `start`.
fn fits_from(query: &[char], text: &[char], start: usize) -> Option<i32> {
    let begins = |index: usize| index == 0 || !text[index - 1].is_alphanumeric();
    let mut score = if begins(start) { 4 } else { -2 };
    let mut last = start;
    for wanted in &query[1..] {
        let mut rest = last + 1..text.len();
        if text.get(last + 1) == Some(wanted) {
            score += 6;
            last += 1;
            continue;
        }
        let word = rest.clone().find(|&index| text[index] == *wanted && begins(index));
        let found = word.or_else(|| rest.find(|&index| text[index] == *wanted))?;
        score += if word.is_some() { 4 } else { -2 };
        // What is skipped in between makes a fit less likely to be meant.
        score -= ((found - last - 1) / 4).min(4) as i32;
        last = found;
    }
    Some(score)
}

/// The better fit of a name and of further words for it.
pub(super) fn fits_any(query: &str, name: &str, words: &str) -> Option<i32> {
    let by_words = words.split(", ").filter_map(|words| fits(query, words)).max().map(|score| score - 4);
    fits(query, name).max(by_words)
}

/// What an entry was called in earlier versions; empty if it has its name still.
fn former_words(title: &str) -> String {
    let renamed = [("recall", "take it"), ("store the current mix", "keep the present mix")];
    let former = renamed.iter().find_map(|(now, former)| Some((title.strip_suffix(now)?, former)));
    former
        .filter(|(mix, _)| mix.starts_with("Mix "))
        .map_or_else(String::new, |(mix, former)| format!("{mix}{former}"))
}

/// `settings` with a field's value read from `text`: a number, on or off, or a word. `None` where it is
/// nothing of the sort; an error where the value makes no sense.
fn with_value(settings: &Settings, key: &str, text: &str) -> Option<Result<Settings, String>> {
    let number = text.replace(',', ".");
    let candidates = [
        serde_json::from_str::<serde_json::Number>(&number).ok().map(Value::Number),
        match text {
            "on" | "yes" => Some(Value::Bool(true)),
            "off" | "no" => Some(Value::Bool(false)),
            _ => None,
        },
        Some(Value::String(text.to_owned())),
    ];
    if let (Some(number), Some((table, layer))) =
        (candidates[0].as_ref().and_then(Value::as_f64), key.split_once('.'))
    {
        return with_weight(settings, table, layer, number);
    }
    let base = serde_json::to_value(settings).ok()?;
    let pointer = format!("/{}", key.replace('.', "/"));
    candidates.into_iter().flatten().find_map(|value| {
        let mut changed = base.clone();
        let place = changed.pointer_mut(&pointer)?;
        // A text field takes any text: what is no text yet must not become one.
        if std::mem::discriminant(place) != std::mem::discriminant(&value) {
            return None;
        }
        *place = value;
        let changed: Settings = serde_json::from_value(changed).ok()?;
        Some(match changed.validate() {
            Ok(()) => Ok(changed),
            Err(error) => Err(widgets::sentence(&error.message)),
        })
    })
}

/// The change to such a value.
fn value_change(key: String, text: String) -> SettingsChange {
    SettingsChange::new(move |settings| {
        let gone = || Err(format!("{text} is no value of this setting any more."));
        *settings = with_value(settings, &key, &text).unwrap_or_else(gone)?;
        Ok(())
    })
}

/// `settings` with a layer's weight; its mute and solo stay.
fn with_weight(
    settings: &Settings,
    table: &str,
    layer: &str,
    weight: f64,
) -> Option<Result<Settings, String>> {
    let Kind::Layers(table) = &Parameter::of_field(table)?.kind else { return None };
    let mut changed = settings.clone();
    (table.get_mut)(&mut changed).set(layer.parse().ok()?, weight);
    Some(match changed.validate() {
        Ok(()) => Ok(changed),
        Err(error) => Err(widgets::sentence(&error.message)),
    })
}

/// Move the keyboard's focus to the control of this name.
struct Focus(String);

impl Act for Focus {
    fn apply(self, app: &mut ImpastoApp, ctx: &Context) {
        app.open_side(ctx, Side::Right);
        app.view.layout.mixes |= super::mixes::CONTROLS.contains(&self.0.as_str());
        widgets::ask_for_focus(ctx, self.0);
    }
}

impl ImpastoApp {
    /// Everything that fits the query, the best first.
    fn findings(&self, ctx: &Context) -> Vec<Entry> {
        let query = self.panels.command_palette.query.trim();
        let mut found = Vec::new();
        let mut add = |score: Option<i32>, title: String, detail: String, action: Option<Action>| {
            if let Some(score) = score {
                found.push(Entry { title, detail, score, action });
            }
        };
        for command in Command::ALL.into_iter().filter(|command| *command != Command::Find) {
            let key = command.key(ctx).unwrap_or_default();
            let fit = fits_any(query, command.text(), command.label());
            add(fit, command.text().to_owned(), key, Some(command.into()));
        }
        for preset in Preset::ALL {
            let title = format!("Preset: {}", preset.name());
            let mix = preset.apply(&self.settings);
            let detail = if mix == self.settings { "as it is" } else { "" }.to_owned();
            let change = SettingsChange::always(move |settings| *settings = preset.apply(settings));
            add(fits(query, &title), title, detail, Some(change.into()));
        }
        for preset in &self.mixes.presets.list {
            let title = format!("Preset: {}", impasto_base::text::display_name(&preset.name));
            let Some(score) = fits(query, &title) else { continue };
            let Some(mix) = preset.mix.as_ref().ok().filter(|mix| mix.apply(&self.settings).is_ok()) else {
                continue;
            };
            let mix = mix.clone();
            let change = SettingsChange::new(move |settings| {
                *settings = mix.apply(settings).map_err(|error| widgets::sentence(error.message()))?;
                Ok(())
            });
            add(Some(score), title, "your own".to_owned(), Some(change.into()));
        }
        for (title, detail, action) in self.mixes_findings().into_iter().chain(self.regions_findings()) {
            add(fits_any(query, &title, &former_words(&title)), title, detail, Some(action));
        }
        for (against, name) in self.comparable() {
            let title = format!("Compare with {name}");
            add(fits(query, &title), title, String::new(), Some(CompareAction::Begin(against).into()));
        }
        for param in ParamId::all(&self.settings, &self.mix()) {
            let name = param.label_in(&self.settings.masks);
            let title = format!("Automate {name}");
            let words = format!("automation {param}, lfo {name}, keyframes {name}");
            let learn = format!("Learn a controller for {name}");
            let fit = if query.is_empty() { None } else { fits(query, &learn).map(|score| score - 6) };
            let act = |act: ParamAct| Some(OnParam::new(param, &self.settings.masks, act).into());
            add(fit, learn, String::new(), act(ParamAction::Learn));
            let detail = self.settings.automation.get(param).map_or_else(String::new, fields::track_text);
            // Before anything is typed there is more that is wanted more often.
            let score =
                if query.is_empty() { None } else { fits_any(query, &title, &words).map(|score| score - 6) };
            add(score, title, detail, act(ParamAction::Automate));
        }
        for size in SIZES {
            let title = format!("Size {size} px");
            let change = SettingsChange::always(move |settings| settings.size = size);
            add(fits(query, &title), title, String::new(), Some(change.into()));
        }
        let (name, typed) = match query.rsplit_once(char::is_whitespace) {
            Some((name, value)) if !name.trim().is_empty() => (name.trim(), Some(value)),
            _ => (query, None),
        };
        let place = typed.and_then(|typed| typed.trim_end_matches('%').parse::<f64>().ok());
        if let Some(place) = place.filter(|place| (0.0..=100.0).contains(place))
            && let Some(score) = fits(name, "Morph")
        {
            let title = format!("Morph to {place} % of the way");
            add(Some(score + 60), title, String::new(), Some(MixAction::Morph(place / 100.0).into()));
        }
        for control in CONTROLS {
            let name = control.trim_end_matches(", number");
            add(fits(query, name), name.to_owned(), String::new(), Some(Focus(control.to_owned()).into()));
        }
        for (title, now, change) in typed.map_or_else(Vec::new, |typed| self.strengths_found(typed)) {
            let score = fits_any(name, &title, "region, mask").map(|score| score + 60);
            let set = format!("Set {title} to {}", typed.unwrap_or_default());
            add(score, set, now, Some(change.into()));
        }
        for Field { key, name: title, words, control, value } in fields::all(&self.settings) {
            let score = fits_any(query, &title, &words);
            if !control.is_empty() {
                add(score, title.clone(), value.clone(), Some(Focus(control).into()));
            }
            let Some((typed, score)) = typed.zip(fits_any(name, &title, &words)) else { continue };
            match with_value(&self.settings, &key, typed) {
                None => {}
                // An entry that names a value fits better than one that only has these letters.
                Some(Ok(_)) => {
                    let title = format!("Set {title} to {typed}");
                    let change = value_change(key, typed.to_owned());
                    add(Some(score + 60), title, format!("now {value}"), Some(change.into()));
                }
                Some(Err(message)) => add(Some(score + 60), title, message, None),
            }
        }
        if !query.is_empty() {
            found.sort_by_key(|entry| std::cmp::Reverse(entry.score));
        }
        found.truncate(MOST);
        found
    }

    /// Show the palette while it is open.
    pub(super) fn command_palette_window(&mut self, ctx: &Context) {
        if !self.panels.command_palette.open {
            return;
        }
        // Before the text field could take them.
        let key = |key| ctx.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        let (up, down, enter) = (key(Key::ArrowUp), key(Key::ArrowDown), key(Key::Enter));
        let again = ctx.input_mut(|input| input.consume_key(Modifiers::COMMAND, Key::K));
        let entries = self.findings(ctx);
        let last = entries.len().saturating_sub(1);
        let chosen = match (up, down) {
            (true, false) => self.panels.command_palette.chosen.saturating_sub(1),
            (false, true) => self.panels.command_palette.chosen + 1,
            _ => self.panels.command_palette.chosen,
        }
        .min(last);
        let moved = chosen != self.panels.command_palette.chosen;
        self.panels.command_palette.chosen = chosen;

        let mut wanted = enter.then_some(chosen);
        // A value that is set is to be seen at once.
        let shade = egui::Color32::from_black_alpha(40);
        let modal = super::theme::modal(ctx, "finder").backdrop_color(shade).show(ctx, |ui| {
            ui.set_width(520.0);
            let field = TextEdit::singleline(&mut self.panels.command_palette.query)
                .id(Id::unique("finder query"))
                .hint_text("A command, a preset, a setting, or “beta 3”")
                .desired_width(f32::INFINITY)
                .margin(egui::Margin::symmetric(10, 7))
                .font(egui::FontId::proportional(16.0));
            let field = ui.add(field).accessible_name("Find a command or a setting");
            if !field.has_focus() {
                field.request_focus();
            }
            if field.changed() {
                self.panels.command_palette.chosen = 0;
            }
            ui.add_space(space::S);
            let room = (ctx.content_rect().height() - 200.0).clamp(120.0, 12.0 * ROW);
            ui.set_min_height(room);
            ScrollArea::vertical().max_height(room).auto_shrink(false).show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                if entries.is_empty() {
                    ui.label(widgets::weak(ui, "Nothing is called like this."));
                }
                for (index, entry) in entries.iter().enumerate() {
                    let response = line(ui, entry, index == chosen);
                    if index == chosen && moved {
                        response.scroll_to_me(None);
                    }
                    if response.clicked() {
                        wanted = Some(index);
                    }
                }
            });
            ui.add_space(space::S);
            let text =
                "Arrows choose, enter does it, escape closes. A value behind a setting’s name sets it.";
            ui.add(Label::new(widgets::weak(ui, text)).truncate());
        });
        let done = wanted.and_then(|index| entries.into_iter().nth(index)).and_then(|entry| entry.action);
        if again || done.is_some() || modal.should_close() {
            self.panels.command_palette = CommandPalette::default();
            // The field is gone, and with it the focus.
            ctx.memory_mut(|memory| memory.surrender_focus(Id::unique("finder query")));
        }
        if let Some(action) = done {
            self.actions.push(action);
        }
    }
}

fn line(ui: &mut Ui, entry: &Entry, chosen: bool) -> egui::Response {
    let palette = Palette::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    let fill = match (chosen, response.hovered()) {
        (true, _) => palette.chosen,
        (false, true) => palette.button,
        (false, false) => palette.panel,
    };
    ui.painter().rect_filled(rect, RADIUS, fill);
    let refused = entry.action.is_none();
    let color = if refused {
        palette.bad
    } else if chosen {
        palette.text
    } else {
        palette.weak
    };
    let detail = RichText::new(&entry.detail).size(12.5).color(color);
    let title = RichText::new(&entry.title).size(14.0).color(palette.text);
    let inner = rect.shrink2(vec2(10.0, 0.0));
    let mut ui = ui.new_child(egui::UiBuilder::new().max_rect(inner));
    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
        ui.add(Label::new(detail).truncate());
        ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
            ui.add(Label::new(title).truncate());
        });
    });
    let name = if entry.detail.is_empty() {
        entry.title.clone()
    } else {
        format!("{}, {}", entry.title, entry.detail)
    };
    response.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, !refused, chosen, &name));
    response
}

#[cfg(test)]
mod tests {
    use impasto_core::settings::{Masks, Region};

    use super::*;

    fn best<'a>(query: &str, texts: &[&'a str]) -> &'a str {
        let fitting = texts.iter().filter_map(|text| Some((fits(query, text)?, *text)));
        fitting.max_by_key(|(score, _)| *score).map_or("", |(_, text)| text)
    }

    #[test]
    fn a_few_letters_find_what_is_meant() {
        let texts =
            ["Save…", "Style β", "Style scale", "Compare: side by side", "Swap content and style", "Steps"];
        for (query, meant) in [
            ("sav", "Save…"),
            ("sc", "Style scale"),
            ("sbs", "Compare: side by side"),
            ("swap", "Swap content and style"),
            ("step", "Steps"),
            ("style b", "Style β"),
            ("beta", "Style β"),
            ("zebra", ""),
        ] {
            assert_eq!(best(query, &texts), meant, "{query}");
        }
        assert!(fits_any("lr", "Step size", "lr, learning rate") > fits_any("lr", "Larger", ""));
        assert!(fits("", "anything").is_some());
    }

    #[test]
    fn mixes_are_found_by_their_former_words_too() {
        for (query, title) in [
            ("mix d: take", "Mix D: recall"),
            ("take", "Mix D: recall"),
            ("keep", "Mix D: store the current mix"),
            ("mix d: keep", "Mix D: store the current mix"),
        ] {
            let found = |words: &str| fits_any(query, title, words).is_some();
            assert!(found(&former_words(title)) && !found(""), "{query}");
        }
        assert_eq!(former_words("Mix D: clear"), "");
    }

    #[test]
    fn a_typed_value_is_read_for_its_field() {
        let settings = Settings::default();
        let set = |key: &str, text: &str| with_value(&settings, key, text);
        assert_eq!(set("style_weight", "12").unwrap().unwrap().style_weight, 12.0);
        assert_eq!(set("learning_rate", "0,5").unwrap().unwrap().learning_rate, 0.5);
        assert_eq!(set("size", "320").unwrap().unwrap().size, 320);
        assert!(!set("pyramid", "off").unwrap().unwrap().pyramid);
        assert_eq!(set("statistic", "gram").unwrap().unwrap().statistic.to_string(), "gram");
        let layer = "relu3_1".parse().unwrap();
        let mut muted = settings.clone();
        muted.style_layers.set_strip(layer, "0.5,muted".parse().unwrap());
        let changed = with_value(&muted, "style_layers.relu3_1", "0.9").unwrap().unwrap();
        assert_eq!(changed.style_layers.strip(layer), Some("0.9,muted".parse().unwrap()));
        assert!(set("style_layers.relu3_1", "-1").unwrap().is_err());
        assert_eq!(set("style_layers.relu3_1", "0.9").unwrap().unwrap().style_layers.get(layer), Some(0.9));
        assert!(set("size", "15").unwrap().unwrap_err().contains("16 to 8192 px"));
        assert!(set("size", "large").is_none() && set("size", "12.5").is_none());
        assert!(set("statistic", "purple").is_none());
    }

    #[test]
    fn a_value_is_set_in_the_settings_as_they_are_by_then() {
        let change = value_change("style_weight".into(), "7".into());
        // A stroke was drawn meanwhile.
        let region = Region { name: "sky".into(), mask: "/m/sky.png".into(), ..Region::default() };
        let masks = Masks { regions: vec![region], ..Masks::default() };
        let mut settings = Settings { masks: masks.clone(), ..Settings::default() };
        assert_eq!(change.make(&mut settings), Ok(()));
        let wanted = Settings { style_weight: 7.0, masks, ..Settings::default() };
        assert_eq!(settings, wanted);
        // What cannot be set by then leaves everything as it is.
        let error = value_change("style_layers.relu9_9".into(), "7".into()).make(&mut settings).unwrap_err();
        assert!(error.starts_with("7 is no value"), "{error}");
        let error = value_change("style_weight".into(), "-1".into()).make(&mut settings).unwrap_err();
        assert!(error.ends_with('.'), "{error}");
        assert_eq!(settings, wanted);
    }
}
