//! The mixer: a channel strip for every term of the objective.

mod strip;
mod upright;

use std::collections::BTreeMap;

use egui::{RichText, Ui};

pub use self::strip::curve;
use self::strip::{Look, StripUi, Used};
use super::{
    ImpastoApp,
    action::Actions,
    extracts::Extracts,
    mixes::MixDesk,
    state::{Curve, History, Series},
    theme::{Palette, space},
    widgets::{self, row_error},
};
use impasto_core::{
    settings::{
        GlobalTerm, LayerWeights, Objective, ParamId, Parameter, Settings, SettingsError, Strip, TermInfo,
    },
    transfer::{LayerVisualization, Term},
};
use impasto_network::vgg::Layer;

/// One of the two lists of layers.
struct List {
    title: &'static str,
    /// As an adjective in names.
    kind: &'static str,
    /// How errors name these settings.
    setting: &'static str,
    tooltip: &'static str,
    add_tooltip: &'static str,
    term: fn(Layer) -> Term,
    param: fn(Layer) -> ParamId,
    visualization: fn(Layer) -> LayerVisualization,
    series: fn(Layer) -> Series,
}

const STYLE: List = List {
    title: "Style layers",
    kind: "style",
    setting: "layer",
    tooltip: "Weight of this layer's style. Shallow layers carry colour and fine grain, deep ones large strokes and shapes.",
    add_tooltip: "Add a style layer: relu1_1 is the finest, relu5_4 the coarsest",
    term: Term::Style,
    param: ParamId::Style,
    visualization: LayerVisualization::texture,
    series: Series::Style,
};

const CONTENT: List = List {
    title: "Content layers",
    kind: "content",
    setting: "content-layer",
    tooltip: "Weight of this layer's content. Shallow layers hold on to every detail, deep ones to the arrangement.",
    add_tooltip: "Add a content layer",
    term: Term::Content,
    param: ParamId::Content,
    visualization: LayerVisualization::reconstruction,
    series: Series::ContentLayer,
};

/// What the strips show beside the settings.
struct Context<'a> {
    actions: &'a Actions,
    desk: &'a MixDesk,
    history: &'a History,
    problems: &'a [SettingsError],
    /// Each counting term's share of the gradient, if they are known.
    shares: Option<BTreeMap<Term, f64>>,
    any_solo: bool,
    objective: Objective,
    /// What the layers hold, where that is shown.
    extracts: Option<&'a Extracts>,
}

impl Context<'_> {
    fn look(&self, ui: &Ui, term: Term, series: Series, strip: Strip) -> Look<'_> {
        let palette = Palette::of(ui);
        let counts = strip.effective(self.any_solo) > 0.0 || (strip.weight == 0.0 && !strip.muted);
        let share = if strip.effective(self.any_solo) == 0.0 {
            Some(0.0)
        } else {
            // A factor α or β of 0 leaves no share either.
            self.shares.as_ref().map(|shares| shares.get(&term).copied().unwrap_or(0.0))
        };
        let line = self.history.line(series);
        let losses = line.map_or_else(Vec::new, |line| self.history.parts(line));
        let latest = line.and_then(Curve::latest);
        let color = match term {
            Term::Style(layer) => palette.layer(layer),
            Term::Content(_) => palette.text,
            Term::Global(_) => palette.weak,
        };
        Look { color, counts, share, losses, latest }
    }

    fn error(&self, ui: &mut Ui, setting: &str) {
        if let Some(problem) = self.problems.iter().find(|problem| problem.setting == setting) {
            row_error(ui, &widgets::sentence(&problem.message));
        }
    }
}

impl ImpastoApp {
    /// The strips of all terms.
    pub(super) fn mixer_ui(&mut self, ui: &mut Ui, defaults: &Settings) {
        let before = self.settings.clone();
        let mut settings = before.clone();
        let context = self.strips_context();
        ui.spacing_mut().item_spacing.y = 0.0;
        let mut reset = list_ui(ui, &STYLE, &mut settings.style_layers, &defaults.style_layers, &context);
        reset |= list_ui(ui, &CONTENT, &mut settings.content_layers, &defaults.content_layers, &context);
        ui.add_space(6.0);
        for &term in GlobalTerm::ALL.iter().filter(|term| term.has_strip()) {
            reset |= term_ui(ui, term, &mut settings, defaults, &context);
        }
        self.settings = settings;

        if switched(&self.settings) {
            ui.add_space(space::XS);
            let tooltip = "Ends every mute and solo; the weights are what they were";
            if widgets::add_button(ui, "Clear mute and solo", tooltip, "", true).clicked() {
                self.settings.clear_mute_and_solo();
            }
        }
        if self.view.layout.extracts {
            // Below the strips, which stay where they are when it comes and goes.
            self.left_ui(ui);
        }
        self.follow_links(ui, &before, reset);
    }

    fn strips_context(&self) -> Context<'_> {
        Context {
            actions: &self.actions,
            desk: &self.mixes.desk,
            history: &self.history,
            problems: &self.problems,
            shares: self.run.progress.as_ref().and_then(|progress| progress.norms.shares(&self.settings)),
            any_solo: self.settings.any_solo(),
            objective: self.settings.objective,
            extracts: Some(&self.extracts).filter(|_| self.view.layout.extracts),
        }
    }

    /// Move what is linked to the faders that were moved.
    fn follow_links(&mut self, ui: &Ui, before: &Settings, reset: bool) {
        // Setting a fader back is no move.
        if !reset {
            let held = ui.ctx().egui_is_using_pointer();
            self.mixes.links.follow(&self.mixes.desk.linked, before, &mut self.settings, held);
        }
    }
}

/// Whether any strip is muted or soloed.
fn switched(settings: &Settings) -> bool {
    let mut everything = settings.clone();
    everything.clear_mute_and_solo();
    everything != *settings
}

/// Show the strip of a term with one weight by `show`.
fn term_strip(
    ui: &mut Ui,
    term: GlobalTerm,
    settings: &mut Settings,
    defaults: &Settings,
    context: &Context<'_>,
    show: impl FnOnce(&mut Ui, &StripUi<'_>, &mut Strip) -> Used,
) -> Used {
    let TermInfo { parameter: param, tooltip, .. } = term.info();
    let (name, label) = (term.to_string(), param.label());
    let mut strip = term.strip(settings);
    let strip_ui = StripUi {
        actions: context.actions,
        label: &label,
        what: &name,
        fader: &label,
        tooltip,
        param,
        range: param.range(context.objective),
        default: term.weight(defaults),
        look: context.look(ui, Term::Global(term), Series::Global(term), strip),
        extract: None,
        indented: context.extracts.is_some(),
        removable: false,
        linked: context.desk.linked.contains(&param),
        locked: context.desk.locked.contains(&param),
    };
    let used = show(ui, &strip_ui, &mut strip);
    term.set_strip(settings, strip);
    used
}

/// True when it was reset.
fn term_ui(
    ui: &mut Ui,
    term: GlobalTerm,
    settings: &mut Settings,
    defaults: &Settings,
    context: &Context<'_>,
) -> bool {
    let used =
        term_strip(ui, term, settings, defaults, context, |ui, strip_ui, strip| strip_ui.show(ui, strip));
    context.error(ui, Parameter::of_id(term.info().parameter).map_or("", Parameter::flag_name));
    used.reset
}

/// Show the strip of a layer by `show`.
fn layer_strip(
    ui: &mut Ui,
    list: &List,
    (layer, before): (Layer, Strip),
    defaults: &LayerWeights,
    context: &Context<'_>,
    show: impl FnOnce(&mut Ui, &StripUi<'_>, &mut Strip) -> Used,
) -> (Strip, Used) {
    let mut strip = before;
    let label = layer.to_string();
    let visualization = (list.visualization)(layer);
    let param = (list.param)(layer);
    let strip_ui = StripUi {
        actions: context.actions,
        label: &label,
        what: &format!("{} layer {label}", list.kind),
        fader: &format!("{label} {} weight", list.kind),
        tooltip: list.tooltip,
        param,
        range: param.range(context.objective),
        default: defaults.get(layer).unwrap_or(1.0),
        look: context.look(ui, (list.term)(layer), (list.series)(layer), strip),
        extract: context.extracts.map(|extracts| (extracts, visualization)),
        indented: context.extracts.is_some(),
        removable: true,
        linked: context.desk.linked.contains(&param),
        locked: context.desk.locked.contains(&param),
    };
    let used = show(ui, &strip_ui, &mut strip);
    (strip, used)
}

/// A list of strips; true when one was reset.
fn list_ui(
    ui: &mut Ui,
    list: &List,
    weights: &mut LayerWeights,
    defaults: &LayerWeights,
    context: &Context<'_>,
) -> bool {
    let mut reset = false;
    widgets::compact_section(ui, list.title, |ui| add_ui(ui, list, weights, defaults));
    let all: Vec<(Layer, Strip)> = weights.strips().collect();
    for (layer, before) in all {
        let show = |ui: &mut Ui, strip_ui: &StripUi<'_>, strip: &mut Strip| strip_ui.show(ui, strip);
        let (strip, used) = layer_strip(ui, list, (layer, before), defaults, context, show);
        reset |= used.reset;
        if used.picture {
            context.actions.push((list.visualization)(layer));
        }
        if used.removed {
            weights.remove(layer);
        } else if strip != before {
            weights.set_strip(layer, strip);
        }
        context.error(ui, &format!("{} {layer}", list.setting));
    }
    reset
}

/// Add a layer, as long as one is left.
fn add_ui(ui: &mut Ui, list: &List, weights: &mut LayerWeights, defaults: &LayerWeights) {
    let free: Vec<Layer> = Layer::ALL.into_iter().filter(|&layer| weights.get(layer).is_none()).collect();
    if free.is_empty() {
        return;
    }
    let name = format!("Add {} layer…", list.kind);
    let button = widgets::quiet_button(ui, "+ Add…", list.add_tooltip).accessible_name(&name);
    egui::Popup::menu(&button).show(|ui| {
        ui.set_min_width(160.0);
        for layer in free {
            let text = RichText::new(layer.to_string());
            let tooltip =
                format!("{} channels, sees one position per {} pixels", layer.channels(), layer.stride());
            if ui.button(text).on_hover_text(tooltip).clicked() {
                weights.set(layer, defaults.get(layer).unwrap_or(1.0));
            }
        }
    });
}
