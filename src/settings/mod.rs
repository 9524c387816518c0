//! Everything a person can set, in one struct: the window's form, the command line's flags, the settings file
//! and the report all are this [`Settings`].

mod automation;
mod blend;
mod draw;
mod flags;
mod knob;
mod layer_weights;
mod look;
mod mixer;
mod presets;
mod ranges;
mod slots;
mod style_mix;
mod user_presets;
mod validate;
mod values;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::vgg::Layer;

pub use automation::{Automation, Curve, Ease, Key, KnobTrack, Lfo, MOST_KEYS, Shape, Track};
pub use flags::{SettingsFileError, SettingsFlags};
pub use knob::{Knob, Range, three_digits};
pub use layer_weights::{LayerWeight, LayerWeights, Strip};
pub use presets::Preset;
pub use ranges::STYLE_SCALES;
pub use slots::{Slots, StoredMix};
pub use style_mix::StyleMix;
pub use user_presets::{Mix, PresetError, PresetFolder, UserPreset};
pub use validate::{MAX_HISTORY, MAX_SIZE, MIN_SIZE, SettingsError};
pub use values::{
    DeviceChoice, Init, LineSearch, Objective, Optimizer, Padding, Pooling, Precision, Rgb, Smoothness,
    Statistic,
};

/// All parameters of a run except the pictures themselves.
///
/// Weights are dimensionless factors of the objective's terms, see [`crate::objective`].
/// Text forms (TOML, JSON) use the field names; missing fields take their defaults, unknown ones are errors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, clap::Args)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Formulas to minimise: balanced, paper or classic. Sets the weights, the optimizer's constants and the
    /// number of steps to that objective's usual values; flags beside it still win
    #[arg(long)]
    pub objective: Objective,
    /// Longest side of the painted picture, in pixels (classic: at most 400)
    #[arg(long, value_name = "PIXELS")]
    pub size: u32,
    /// Paint through a pyramid of sizes, from about 128 pixels to `size`: large strokes first, and most steps where they
    /// are quick
    #[arg(long, value_name = "BOOL", action = clap::ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub pyramid: bool,
    /// Number of steps to paint
    #[arg(long, value_name = "N")]
    pub steps: u32,
    /// α: weight of the content term
    #[arg(long, value_name = "ALPHA", allow_negative_numbers = true)]
    pub content_weight: f64,
    /// β: weight of the style term
    #[arg(long, value_name = "BETA", allow_negative_numbers = true)]
    pub style_weight: f64,
    /// Weight of the histogram term: how closely the distribution of each feature follows the style's at relu1_1 and relu4_1
    /// (Risser et al. 2017); in balanced usual are 0.25 to 2.5, 0 leaves it out
    #[arg(long, value_name = "DELTA", allow_negative_numbers = true)]
    pub histogram_weight: f64,
    /// What smoothness compares: four (the neighbours beside each pixel) or nine (those at its corners as well: grain goes in
    /// all directions alike)
    #[arg(long)]
    pub smoothness: Smoothness,
    /// How much style there is against content, 0 to 1, whatever the size and the pictures: α and β are found by measuring,
    /// so that the style's share of their gradients is this at a picture half-way between the two; instead of the style weight
    #[arg(long, value_name = "AMOUNT", allow_negative_numbers = true)]
    pub style_amount: Option<f64>,
    /// Weight of the smoothness term (total variation)
    #[arg(long, value_name = "GAMMA", allow_negative_numbers = true)]
    pub smoothness_weight: f64,
    /// Let the smoothness term count as 0
    #[arg(long, value_name = "BOOL", action = clap::ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub smoothness_muted: bool,
    /// Let only the smoothness term and other soloed layers count
    #[arg(long, value_name = "BOOL", action = clap::ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub smoothness_solo: bool,
    /// What style is, in the balanced objective: gram (Gram matrices), moments (with each channel's mean and deviation) or
    /// wasserstein (mean and covariance; the most faithful strokes, and slower)
    #[arg(long)]
    pub statistic: Statistic,
    /// Style layers and their weights.
    #[arg(skip)]
    pub style_layers: LayerWeights,
    /// Content layers and their weights.
    #[arg(skip)]
    pub content_layers: LayerWeights,
    /// Tilt of the style layers' weights, -1 to 1: above 0 towards large strokes, below towards fine texture; each weight times e
    /// to the power of the tilt times its layer's position in the network, their sum kept. 0 leaves them as they are
    #[arg(long, value_name = "TILT", allow_negative_numbers = true)]
    pub style_tilt: f64,
    /// Size of the style pictures relative to `size`, each times its own scale; smaller gives finer strokes
    #[arg(long, value_name = "FACTOR", allow_negative_numbers = true)]
    pub style_scale: f64,
    /// How much of the content's colours the painting keeps, 0 to 1: its luminance with the content's chroma, taken after
    /// the fact
    #[arg(long, value_name = "AMOUNT", allow_negative_numbers = true)]
    pub keep_colours: f64,
    /// How much of the content's colours, or of the palette's, the styles get beforehand, 0 to 1: their mean and covariance
    #[arg(long, value_name = "AMOUNT", allow_negative_numbers = true)]
    pub match_colours: f64,
    /// Picture whose colours the styles get instead of the content's, by the amount of --match-colours (1 if that is not
    /// given): a file, or a bundled one as example:Embers
    #[arg(long, value_name = "PICTURE")]
    pub palette: Option<PathBuf>,
    /// Paint in luminance alone, the styles' matched to the content's; the painting has the content's colours
    #[arg(long, value_name = "BOOL", action = clap::ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub luminance_only: bool,
    /// Optimizer: adam or lbfgs (the paper's; shows the iterate without averaging)
    #[arg(long)]
    pub optimizer: Optimizer,
    /// Steps whose curvature L-BFGS remembers, 1 to 50; usual are 10 to 20
    #[arg(long, value_name = "N")]
    pub history: u32,
    /// L-BFGS's length of a step: wolfe (searched, one to a few evaluations each) or fixed (not longer than the learning
    /// rate)
    #[arg(long)]
    pub line_search: LineSearch,
    /// Learning rate: about the largest move of a pixel in one step, where 1 is the whole range; with L-BFGS the root mean
    /// square of its first step, and of every fixed one at most
    #[arg(long = "lr", value_name = "RATE", allow_negative_numbers = true)]
    pub learning_rate: f64,
    /// Decay of the mean of Adam's iterates, which is what is shown and saved: less of the optimizer's noise; 0 shows the iterate.
    /// It reaches back over a tenth of the steps since the size was entered or a weight changed at most
    #[arg(long, value_name = "DECAY", allow_negative_numbers = true)]
    pub averaging: f64,
    /// Adam's decay of the gradient's mean
    #[arg(long, value_name = "BETA1", allow_negative_numbers = true)]
    pub beta1: f64,
    /// Adam's decay of the gradient's square
    #[arg(long, value_name = "BETA2", allow_negative_numbers = true)]
    pub beta2: f64,
    /// Adam's term against division by zero
    #[arg(long, value_name = "EPSILON", allow_negative_numbers = true)]
    pub epsilon: f64,
    /// Stop when the objective has converged: when its lowest value has fallen by less than 1/10000 in 50 steps at the final
    /// size
    #[arg(long, value_name = "BOOL", action = clap::ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub stop_when_converged: bool,
    /// Show and save the iterate with the lowest objective so far at its size, instead of the last one or the mean
    #[arg(long, value_name = "BOOL", action = clap::ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub keep_best: bool,
    /// Initial image: content, noise, blank, blank:#rrggbb, style or a picture file
    #[arg(long, value_name = "INIT")]
    pub init: Init,
    /// Seed of the noise
    #[arg(long, value_name = "N")]
    pub seed: u64,
    /// Colour behind transparent pictures (classic discards transparency instead)
    #[arg(long, value_name = "#RRGGBB")]
    pub background: Rgb,
    /// Device: auto, cpu, gpu, software or a part of a name listed by `impasto devices`
    #[arg(long, value_name = "DEVICE")]
    pub device: DeviceChoice,
    /// Hold as little memory as possible, at about 60 % more time for a step: what lies between two poolings is
    /// computed twice instead of kept
    #[arg(long, value_name = "BOOL", action = clap::ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub low_memory: bool,
    /// On a graphics adapter: full, or fast with features and weights in 16 bits, which takes about half the memory,
    /// uses matrix units where there are some, and differs by a thousandth. The CPU always computes in full
    #[arg(long)]
    pub precision: Precision,
    /// What the network sees outside of a picture: replicate (its edge goes on; keeps the frame clean), zero (as in the
    /// papers) or circular (the other side: the picture becomes a tile without a seam, its sides multiples of 16 pixels)
    #[arg(long)]
    pub padding: Padding,
    /// How the network pools: max (as it was trained), average (smoother) or l2 (between the two)
    #[arg(long)]
    pub pooling: Pooling,
    /// VGG-19 weights file (safetensors, .pth) instead of the bundled one
    #[arg(long, value_name = "FILE")]
    pub weights: Option<PathBuf>,
    /// Steps between two previews in the window; 0 chooses by itself
    #[arg(long, value_name = "N")]
    pub preview_every: u32,
    /// Paint at a smaller size while a slider is dragged in the window, where a step takes long.
    #[arg(skip = true)]
    pub follow_drags: bool,
    /// Knobs that move by themselves while it paints; times are parts of the run.
    #[arg(skip)]
    pub automation: Automation,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            objective: Objective::Balanced,
            size: 512,
            pyramid: true,
            steps: 500,
            content_weight: 1.0,
            style_weight: Objective::Balanced.usual_style_weight(),
            histogram_weight: 0.0,
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
            device: DeviceChoice::Auto,
            low_memory: false,
            precision: Precision::Full,
            padding: Padding::Replicate,
            pooling: Pooling::Max,
            weights: None,
            preview_every: 0,
            follow_drags: true,
            automation: Automation::default(),
        }
    }
}

/// Longest side of a picture in the classic objective, whose recipe never goes above it.
pub const CLASSIC_MAX_SIZE: u32 = 400;

impl Settings {
    /// The default settings of an objective.
    pub fn for_objective(objective: Objective) -> Self {
        let mut settings = Self::default();
        settings.set_objective(objective);
        settings
    }

    /// Changes the objective and everything whose usual value depends on it: α, β, the layers' weights, the
    /// optimizer's constants, the statistic, the padding, the pooling, the pyramid and its averaging, the number of steps,
    /// the style's scale and the smoothness.
    pub fn set_objective(&mut self, objective: Objective) {
        let usual = Self::default();
        self.objective = objective;
        self.optimizer = usual.optimizer;
        self.history = usual.history;
        self.line_search = usual.line_search;
        self.epsilon = 1e-8;
        self.beta1 = 0.9;
        self.smoothness = usual.smoothness;
        self.histogram_weight = usual.histogram_weight;
        self.style_amount = None;
        self.smoothness_weight = if objective == Objective::Balanced { usual.smoothness_weight } else { 0.0 };
        self.smoothness_muted = false;
        self.smoothness_solo = false;
        self.style_scale = 1.0;
        self.style_tilt = 0.0;
        self.pyramid = objective == Objective::Balanced;
        self.averaging = if objective == Objective::Balanced { usual.averaging } else { 0.0 };
        self.statistic = usual.statistic;
        self.padding = if objective == Objective::Balanced { Padding::Replicate } else { Padding::Zero };
        self.pooling = Pooling::Max;
        self.content_weight = 1.0;
        self.style_weight = objective.usual_style_weight();
        self.style_layers = usual.style_layers;
        self.content_layers = match objective {
            Objective::Balanced => usual.content_layers,
            Objective::Paper | Objective::Classic => LayerWeights::paper_content(),
        };
        match objective {
            Objective::Balanced => {
                self.learning_rate = usual.learning_rate;
                self.beta2 = usual.beta2;
                self.steps = usual.steps;
            }
            Objective::Paper => {
                // The paper's optimizer; it gets as low as Adam in less than half of the steps.
                self.optimizer = Optimizer::Lbfgs;
                self.learning_rate = usual.learning_rate;
                self.beta2 = 0.99;
                self.steps = usual.steps;
                self.style_layers = LayerWeights::paper_style();
            }
            Objective::Classic => {
                self.learning_rate = 0.003;
                self.beta2 = 0.999;
                self.steps = 3000;
                self.size = self.size.min(CLASSIC_MAX_SIZE);
                self.init = Init::Content;
                self.style_layers = LayerWeights::classic_style();
            }
        }
    }

    /// The deepest layer of those listed, whatever their weights.
    pub fn deepest_layer(&self) -> Option<Layer> {
        let layers = self.content_layers.layers().chain(self.style_layers.layers());
        layers.chain(self.histogram_layers().iter().copied()).max()
    }

    /// The histogram term's layers; none while it has no weight.
    pub fn histogram_layers(&self) -> &'static [Layer] {
        if self.histogram_weight > 0.0 { &Layer::HISTOGRAM } else { &[] }
    }

    /// The statistic that is really used: only balanced has others than the Gram matrix.
    pub fn style_statistic(&self) -> Statistic {
        match self.objective {
            Objective::Balanced => self.statistic,
            _ => Statistic::Gram,
        }
    }

    /// How the network is to see the pictures: their luminance alone, and with which pooling.
    pub fn sight(&self) -> (bool, Pooling) {
        (self.luminance_only, self.pooling)
    }

    /// The longest side that is really painted, in pixels: [`Settings::size`], in classic at most 400.
    pub fn longest_side(&self) -> u32 {
        match self.objective {
            Objective::Classic => self.size.min(CLASSIC_MAX_SIZE),
            _ => self.size,
        }
    }

    /// Whether `new` makes another painting of what is painted: not what only counts when a run starts or ends, how a picture
    /// is shown, or how fast it moves.
    pub fn paints_otherwise(&self, new: &Settings) -> bool {
        let same = Settings {
            steps: self.steps,
            keep_colours: self.keep_colours,
            learning_rate: self.learning_rate,
            averaging: self.averaging,
            beta1: self.beta1,
            beta2: self.beta2,
            epsilon: self.epsilon,
            init: self.init.clone(),
            seed: self.seed,
            preview_every: self.preview_every,
            follow_drags: self.follow_drags,
            ..new.clone()
        };
        *self != same
    }

    /// How much of the content's chroma is put on the painting after the fact, 0 to 1.
    pub fn kept_colours(&self) -> f64 {
        if self.luminance_only { 1.0 } else { self.keep_colours }
    }

    /// What differs from `new` that a running optimisation cannot take over between two steps, in words for a
    /// person; empty when `new` can be applied hot.
    ///
    /// The initial image and the seed are not among them: they count when a run starts from its beginning.
    pub fn restart_reasons(&self, new: &Settings) -> Vec<&'static str> {
        let mut reasons = Vec::new();
        let mut check = |changed: bool, what| {
            if changed {
                reasons.push(what);
            }
        };
        check(self.longest_side() != new.longest_side(), "size");
        check(self.pyramid != new.pyramid, "pyramid");
        check(self.device != new.device, "device");
        check(self.low_memory != new.low_memory, "low memory");
        check(self.precision != new.precision, "precision");
        check(self.padding != new.padding, "padding");
        check(self.weights != new.weights, "weights file");
        check(self.objective != new.objective, "objective");
        check(self.background != new.background, "background colour");
        reasons
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_survive_toml_and_json() {
        let mut settings = Settings::for_objective(Objective::Classic);
        settings.init = Init::File("a b.png".into());
        settings.device = DeviceChoice::Named("llvmpipe".into());
        settings.style_layers.set("relu3_4".parse().unwrap(), 0.25);
        let muted = Strip { weight: 0.3, muted: true, solo: false };
        settings.content_layers.set_strip("relu4_2".parse().unwrap(), muted);
        settings.weights = Some("vgg.pth".into());
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
    fn only_what_a_run_cannot_take_over_restarts_it() {
        let old = Settings::default();
        let mut new = old.clone();
        new.content_weight = 3.0;
        new.style_layers.set("relu1_2".parse().unwrap(), 1.0);
        new.learning_rate = 0.01;
        new.smoothness = Smoothness::Nine;
        new.histogram_weight = 2.0;
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
        assert!(old.restart_reasons(&new).is_empty() && old.paints_otherwise(&new));
        let still = Settings { steps: 7, keep_colours: 1.0, ..old.clone() };
        assert!(!old.paints_otherwise(&still));
        new.size = 300;
        new.device = DeviceChoice::Cpu;
        assert_eq!(old.restart_reasons(&new), ["size", "device"]);
    }
}
