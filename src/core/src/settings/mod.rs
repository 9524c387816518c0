//! All settings in one struct: the window's controls, the command line's flags, the settings file and the
//! report use [`Settings`].

mod automation;
mod blend;
mod crop;
mod flags;
mod former;
mod layer_weights;
mod look;
mod masks;
mod mixer;
mod parameters;
mod presets;
mod randomize;
mod ranges;
mod slots;
mod stages;
mod style_mix;
mod terms;
mod user_presets;
mod validate;
mod values;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use self::parameters::OnObjective;
use impasto_network::vgg::Layer;

pub use automation::{Automation, Curve, Ease, Key, KeysEnd, Lfo, MAX_KEYS, ParamTrack, Track, Waveform};
pub use crop::Crop;
pub use flags::{SettingsFileError, SettingsFlags};
pub use former::{FORMER_BASES, rename_fields};
pub use layer_weights::{LayerWeight, LayerWeights, Strip};
pub use masks::{Edge, MAX_REGIONS, Masks, Region, RegionRole, RegionStyle};
pub use parameters::{
    AxisValues, Effect, Kind, PARAMETERS, ParamId, ParamName, Parameter, Range, three_digits,
};
pub use presets::Preset;
pub use ranges::STYLE_SCALES;
pub use slots::{Slots, StoredMix};
pub use stages::{Effective, Modulated};
pub use style_mix::StyleMix;
pub use terms::{GlobalTerm, TermInfo};
pub use user_presets::{Mix, PresetError, PresetFolder, UserPreset};
pub use validate::{MAX_BASES, MAX_HISTORY, MAX_SIZE, MIN_SIZE, SettingsError};
pub use values::{
    DeviceChoice, Init, LineSearch, Objective, Optimizer, Padding, Pooling, Precision, Rgb, Smoothness,
    Statistic, Transparency,
};

/// All parameters of a run except the pictures themselves.
///
/// [`PARAMETERS`] describes each field: its flag, its range, when it takes effect.
///
/// Weights are dimensionless factors of the objective's terms, see [`crate::objective`]. Text forms (TOML,
/// JSON) use the field names; missing fields take their defaults, or what programs without them did, unknown
/// ones are errors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Formulas of the terms.
    pub objective: Objective,
    /// Longest side of the painting, in pixels; see [`Settings::longest_side`].
    pub size: u32,
    /// Whether to paint coarse to fine through a pyramid of sizes.
    pub pyramid: bool,
    /// Number of steps to paint.
    pub steps: u32,
    /// α: weight of the content term.
    pub content_weight: f64,
    /// β: weight of the style term.
    pub style_weight: f64,
    /// Weight of the sliced Wasserstein term; 0 leaves it out.
    #[serde(alias = "histogram_weight")]
    pub sliced_weight: f64,
    /// Orthonormal bases that the sliced Wasserstein term goes through, 1 to [`MAX_BASES`]; 1 is the
    /// channels.
    #[serde(default = "former::bases")]
    pub sliced_bases: u32,
    /// Weight of the coherence term; 0 leaves it out.
    pub coherence_weight: f64,
    /// Neighbours that smoothness compares.
    pub smoothness: Smoothness,
    /// Amount of style against content, 0 to 1; `Some` replaces α and β by measured ones.
    pub style_amount: Option<f64>,
    /// Weight of the smoothness term (total variation).
    pub smoothness_weight: f64,
    /// Whether the smoothness term is muted.
    pub smoothness_muted: bool,
    /// Whether the smoothness term is soloed.
    pub smoothness_solo: bool,
    /// Style statistics of the balanced objective.
    pub statistic: Statistic,
    /// Style layers and their weights.
    pub style_layers: LayerWeights,
    /// Content layers and their weights.
    pub content_layers: LayerWeights,
    /// Tilt of the style layers' weights, -1 (fine texture) to 1 (large strokes).
    pub style_tilt: f64,
    /// Size of the style pictures relative to `size`, each times its own scale.
    pub style_scale: f64,
    /// Share of the content's chroma in the shown painting, 0 to 1.
    pub keep_colours: f64,
    /// Share of the content's chroma in the styles' colours in the shown painting, 0 to 1.
    pub settle_colours: f64,
    /// Share of the content's or the palette's colours in the styles, 0 to 1.
    pub match_colours: f64,
    /// Picture whose colours the styles get instead of the content's.
    pub palette: Option<PathBuf>,
    /// Whether to paint in luminance only.
    pub luminance_only: bool,
    /// Optimizer of the image.
    pub optimizer: Optimizer,
    /// Steps whose curvature L-BFGS remembers, 1 to [`MAX_HISTORY`].
    pub history: u32,
    /// Step length rule of L-BFGS.
    pub line_search: LineSearch,
    /// Approximate maximum change of a pixel per step, relative to the whole range.
    pub learning_rate: f64,
    /// Decay of the average of Adam's iterates, 0 to below 1; 0 shows the iterate.
    pub averaging: f64,
    /// Adam's decay of the first moment, 0 to below 1.
    pub beta1: f64,
    /// Adam's decay of the second moment, 0 to below 1.
    pub beta2: f64,
    /// Adam's ε, above 0.
    pub epsilon: f64,
    /// Whether to stop when the objective has converged.
    pub stop_when_converged: bool,
    /// Whether to show the iterate with the lowest objective.
    pub keep_best: bool,
    /// Initial image.
    pub init: Init,
    /// Seed of the noise, at most `i64::MAX`.
    pub seed: u64,
    /// Background of transparent pictures.
    pub background: Rgb,
    /// What becomes of the content's transparency.
    pub transparency: Transparency,
    /// Compute device.
    pub device: DeviceChoice,
    /// Whether to minimise memory use.
    pub low_memory: bool,
    /// Precision in which an adapter stores features and weights.
    pub precision: Precision,
    /// Padding of the convolutions.
    pub padding: Padding,
    /// Pooling between the network's blocks.
    pub pooling: Pooling,
    /// VGG-19 weights file instead of the bundled one.
    pub weights: Option<PathBuf>,
    /// Steps between two previews in the window; 0 chooses automatically.
    pub preview_every: u32,
    /// Whether to paint at a smaller size while a slider is dragged if steps are slow.
    pub follow_drags: bool,
    /// Parameters that change during the run; times are fractions of it.
    pub automation: Automation,
    /// Regions and maps. Left out of files if there are none: programs before them do not know it.
    #[serde(skip_serializing_if = "Masks::is_empty")]
    pub masks: Masks,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            objective: Objective::Balanced,
            size: 512,
            pyramid: true,
            steps: 500,
            content_weight: 1.0,
            style_weight: Objective::Balanced.default_style_weight(),
            sliced_weight: 0.0,
            sliced_bases: 4,
            coherence_weight: 0.0,
            smoothness: Smoothness::Four,
            style_amount: None,
            smoothness_weight: 2.5,
            smoothness_muted: false,
            smoothness_solo: false,
            statistic: Statistic::Moments,
            style_layers: LayerWeights::style_default(),
            content_layers: LayerWeights::content_default(),
            style_tilt: 0.0,
            style_scale: 1.0,
            keep_colours: 0.0,
            settle_colours: 0.0,
            match_colours: 0.0,
            palette: None,
            luminance_only: false,
            optimizer: Optimizer::Adam,
            history: 10,
            line_search: LineSearch::Wolfe,
            learning_rate: 0.03,
            averaging: 0.99,
            beta1: 0.9,
            beta2: 0.9,
            epsilon: 1e-8,
            stop_when_converged: false,
            keep_best: false,
            init: Init::Content,
            seed: 0,
            background: Rgb::WHITE,
            transparency: Transparency::Keep,
            device: DeviceChoice::Auto,
            low_memory: false,
            precision: Precision::Full,
            padding: Padding::Replicate,
            pooling: Pooling::Max,
            weights: None,
            preview_every: 0,
            follow_drags: true,
            automation: Automation::default(),
            masks: Masks::default(),
        }
    }
}

/// Longest side in the classic objective, the maximum of the tutorial's recipe.
pub const CLASSIC_MAX_SIZE: u32 = 400;

impl Settings {
    /// The default settings of an objective.
    pub fn for_objective(objective: Objective) -> Self {
        let mut settings = Self::default();
        settings.set_objective(objective);
        settings
    }

    /// Change the objective, and reset every parameter whose default depends on it.
    pub fn set_objective(&mut self, objective: Objective) {
        let defaults = Self::default();
        for row in PARAMETERS {
            match row.default {
                OnObjective::Keep => {}
                OnObjective::KeptBut(change) => change(self, objective),
                OnObjective::Default => (row.copy)(self, &defaults),
                OnObjective::DefaultBut(change) => {
                    (row.copy)(self, &defaults);
                    change(self, objective);
                }
            }
        }
    }

    /// The deepest layer listed, regardless of its weight. The sizes of a run depend on it, and so does what
    /// a recipe repeats.
    pub fn deepest_layer(&self) -> Option<Layer> {
        let layers = self.content_layers.layers().chain(self.style_layers.layers());
        layers.chain(self.global_layers()).max()
    }

    /// The deepest layer that a run computes, for its cost: that of the effective weights, or the deepest
    /// listed where a style amount is measured, which takes all of them, or automation may raise a weight
    /// from 0.
    pub fn deepest_computed(&self) -> Option<Layer> {
        match self.style_amount.is_some() || self.automation.is_on() {
            true => self.deepest_layer(),
            false => self.effective().deepest_active(),
        }
    }

    /// The layers used by terms with one weight.
    pub fn global_layers(&self) -> impl Iterator<Item = Layer> {
        GlobalTerm::ALL.iter().flat_map(move |term| term.layers(self)).copied()
    }

    /// The statistic in use: only balanced supports others than the Gram matrix.
    pub fn style_statistic(&self) -> Statistic {
        match self.objective {
            Objective::Balanced => self.statistic,
            _ => Statistic::Gram,
        }
    }

    /// Settings that the features of a picture depend on: luminance only, and the pooling.
    pub fn feature_settings(&self) -> (bool, Pooling) {
        (self.luminance_only, self.pooling)
    }

    /// Whether the painting is as transparent as the content: classic knows no transparency.
    pub fn keeps_transparency(&self) -> bool {
        self.transparency == Transparency::Keep && self.objective != Objective::Classic
    }

    /// The longest side of the painting in pixels: [`Settings::size`], in classic at most 400.
    pub fn longest_side(&self) -> u32 {
        match self.objective {
            Objective::Classic => self.size.min(CLASSIC_MAX_SIZE),
            _ => self.size,
        }
    }

    /// Whether `new` changes what a run converges to, as opposed to its start or end, the display or the step
    /// size.
    pub fn changes_painting(&self, new: &Settings) -> bool {
        PARAMETERS.iter().any(|row| {
            let aside = matches!(row.effect, Effect::Pace | Effect::NextStart | Effect::Window);
            !aside && !(row.same)(self, new)
        })
    }

    /// Share of the content's chroma applied to the finished painting, 0 to 1.
    pub fn kept_colours(&self) -> f64 {
        if self.luminance_only { 1.0 } else { self.keep_colours }
    }

    /// How far the finished painting's colours follow the content's shapes, 0 to 1.
    pub fn settled_colours(&self) -> f64 {
        if self.luminance_only { 0.0 } else { self.settle_colours }
    }

    /// Differences from `new` that require a restart, for display; empty if `new` can be applied between two
    /// steps.
    ///
    /// The initial image and the seed are not among them: they take effect at the next start.
    pub fn restart_reasons(&self, new: &Settings) -> Vec<&'static str> {
        let reason = |row: &Parameter| match row.effect {
            Effect::Restart(reason) => (!(row.same)(self, new)).then_some(reason),
            Effect::RestartUnless(reason, same) => (!same(self, new)).then_some(reason),
            _ => None,
        };
        PARAMETERS.iter().filter_map(reason).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_survive_toml_and_json() {
        let mut settings = Settings::for_objective(Objective::Classic);
        settings.init = Init::File("a b.png".into());
        settings.coherence_weight = 0.5;
        settings.device = DeviceChoice::Named("llvmpipe".into());
        settings.style_layers.set("relu3_4".parse().unwrap(), 0.25);
        let muted = Strip { weight: 0.3, muted: true, solo: false };
        settings.content_layers.set_strip("relu4_2".parse().unwrap(), muted);
        settings.weights = Some("vgg.pth".into());
        let styles = vec![RegionStyle { style: 1, weight: 0.5 }];
        let region = Region { name: "sky".into(), mask: "sky.png".into(), styles, ..Region::default() };
        settings.masks =
            Masks { content_map: Some("map.png".into()), regions: vec![region], style_map: None };
        let text = toml::to_string(&settings).unwrap();
        assert_eq!(toml::from_str::<Settings>(&text).unwrap(), settings);
        let text = serde_json::to_string(&settings).unwrap();
        assert_eq!(serde_json::from_str::<Settings>(&text).unwrap(), settings);
    }

    #[test]
    fn classic_is_the_tutorials_recipe() {
        let s = Settings::for_objective(Objective::Classic);
        assert_eq!((s.content_weight, s.style_weight, s.learning_rate), (1.0, 1e6, 0.003));
        assert_eq!((s.beta1, s.beta2, s.epsilon, s.steps), (0.9, 0.999, 1e-8, 3000));
        assert_eq!(s.style_layers, LayerWeights::classic_style());
        assert_eq!(s.longest_side(), 400);
        assert_eq!(s.init, Init::Content);
    }

    #[test]
    fn paper_has_the_papers_optimizer_and_the_next_objective_its_own_again() {
        let mut settings = Settings::for_objective(Objective::Paper);
        assert_eq!((settings.optimizer, settings.averaging), (Optimizer::Lbfgs, 0.0));
        settings.validate().unwrap();
        settings.set_objective(Objective::Balanced);
        assert_eq!(settings, Settings::default());
    }

    #[test]
    fn only_incompatible_changes_restart_a_run() {
        let old = Settings::default();
        let mut new = old.clone();
        new.content_weight = 3.0;
        new.style_layers.set("relu1_2".parse().unwrap(), 1.0);
        new.learning_rate = 0.01;
        new.sliced_bases = 2;
        new.smoothness = Smoothness::Nine;
        GlobalTerm::ALL.iter().for_each(|term| term.set_weight(&mut new, 2.0));
        (new.keep_best, new.stop_when_converged) = (true, true);
        new.optimizer = Optimizer::Lbfgs;
        new.style_amount = Some(0.6);
        new.steps = 9;
        new.preview_every = 7;
        new.style_scale = 0.5;
        new.style_tilt = 0.3;
        new.match_colours = 1.0;
        new.palette = Some("leaves.jpg".into());
        new.luminance_only = true;
        new.init = Init::Noise;
        assert!(old.restart_reasons(&new).is_empty() && old.changes_painting(&new));
        let still = Settings { steps: 7, keep_colours: 1.0, settle_colours: 0.5, ..old.clone() };
        assert!(!old.changes_painting(&still));
        new.size = 300;
        new.device = DeviceChoice::Cpu;
        assert_eq!(old.restart_reasons(&new), ["size", "device"]);
    }
}
