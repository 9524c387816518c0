//! Bundled presets that work on any pair of pictures.

use super::{Init, LayerWeights, Objective, Settings, Statistic};
use impasto_network::vgg::Layer;

/// A named mix. It sets the look, and leaves size, device, pictures and network unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    FaithfulPhoto,
    Painterly,
    BoldStrokes,
    Texture,
    Classic,
    Paper,
}

impl Preset {
    pub const ALL: [Preset; 6] = [
        Preset::Painterly,
        Preset::FaithfulPhoto,
        Preset::BoldStrokes,
        Preset::Texture,
        Preset::Classic,
        Preset::Paper,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Preset::FaithfulPhoto => "Faithful photo",
            Preset::Painterly => "Painterly",
            Preset::BoldStrokes => "Bold strokes",
            Preset::Texture => "Texture",
            Preset::Classic => "Classic (tutorial)",
            Preset::Paper => "Paper (2016)",
        }
    }

    /// Find a preset by name, comparing only letters and digits without case; parts in brackets are optional.
    pub fn named(text: &str) -> Option<Self> {
        let letters = |text: &str| -> String {
            text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
        };
        let wanted = letters(text);
        Self::ALL.into_iter().find(|preset| {
            let name = preset.name();
            letters(name) == wanted
                || name.split_once(" (").is_some_and(|(short, _)| letters(short) == wanted)
        })
    }

    pub fn tooltip(self) -> &'static str {
        match self {
            Preset::FaithfulPhoto => {
                "The photograph with the style's colours and fine grain; its shapes stay as they are"
            }
            Preset::Painterly => "Shapes of the content, strokes of the style: the usual mix",
            Preset::BoldStrokes => "Large strokes that bend the shapes to their will",
            Preset::Texture => "The style alone, from noise",
            Preset::Classic => "The PyTorch tutorial's recipe, at most 400 px",
            Preset::Paper => "The formulas of Gatys, Ecker and Bethge, 2016",
        }
    }

    /// These settings with the preset's look.
    pub fn apply(self, settings: &Settings) -> Settings {
        let mut mix = settings.clone();
        mix.set_objective(match self {
            Preset::Classic => Objective::Classic,
            Preset::Paper => Objective::Paper,
            _ => Objective::Balanced,
        });
        mix.size = settings.size;
        if mix.objective == settings.objective {
            mix.steps = settings.steps;
        }
        if mix.init == Init::Noise {
            mix.init = Init::Content;
        }
        match self {
            Preset::Painterly | Preset::Classic | Preset::Paper => {}
            Preset::FaithfulPhoto => {
                mix.style_weight = 0.6;
                mix.style_layers = LayerWeights::paper_layers([1.8, 0.65, 0.25, 0.0, 0.0]);
            }
            Preset::BoldStrokes => {
                mix.statistic = Statistic::Wasserstein;
                mix.style_weight = 1.25;
                mix.content_layers = LayerWeights::content_default().with_weights(|_, _| 0.5);
                // Larger strokes by the picture that they come from: relu5_1 would bring its objects along.
                mix.style_scale = 1.5;
                mix.style_layers = LayerWeights::paper_layers([0.3, 0.5, 0.8, 1.2, 0.0]);
            }
            Preset::Texture => {
                mix.statistic = Statistic::Wasserstein;
                mix.content_weight = 0.0;
                // There is no content that the style's motifs could stand in for.
                mix.style_layers = LayerWeights::paper_layers([1.0, 0.9, 0.8, 0.7, 0.7]);
                // Keep the style's grain.
                mix.smoothness_weight = 0.0;
                mix.init = Init::Noise;
            }
        }
        mix
    }
}

impl LayerWeights {
    /// Tilt the weights towards large strokes, or with a negative tilt towards fine grain: multiply each by
    /// e^(tilt·l), with l the layer's index, and keep their sum.
    #[must_use]
    pub fn tilted(&self, tilt: f64) -> Self {
        if tilt == 0.0 {
            return self.clone();
        }
        let factor = |layer: Layer| (tilt * layer.index() as f64).exp();
        let before: f64 = self.iter().map(|(_, weight)| weight).sum();
        let after: f64 = self.iter().map(|(layer, weight)| weight * factor(layer)).sum();
        let scale = if after > 0.0 { before / after } else { 1.0 };
        self.with_weights(|layer, weight| weight * factor(layer) * scale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_valid_and_leaves_size_and_device_alone() {
        let mine = Settings { size: 300, seed: 7, init: Init::Noise, ..Settings::default() };
        for preset in Preset::ALL {
            let mix = preset.apply(&mine);
            mix.validate().unwrap();
            assert_eq!((mix.size, mix.seed, &mix.device), (300, 7, &mine.device), "{}", preset.name());
            assert_eq!(mix.init == Init::Noise, preset == Preset::Texture);
        }
        assert_eq!(Preset::Painterly.apply(&Settings::default()), Settings::default());
        // What the style shows comes along in none that keeps the photograph.
        for preset in [Preset::Painterly, Preset::FaithfulPhoto, Preset::BoldStrokes] {
            assert_eq!(preset.apply(&mine).style_layers.get(Layer::PAPER_STYLE[4]), Some(0.0));
        }
        // Content from deep layers alone would be painted over.
        let bold = Preset::BoldStrokes.apply(&mine);
        assert_eq!(bold.content_layers.get(Layer::SHAPES), bold.content_layers.get(Layer::PAPER_CONTENT));
        assert_eq!(Preset::named("faithful-photo"), Some(Preset::FaithfulPhoto));
        assert_eq!(Preset::named("PAPER"), Some(Preset::Paper));
        assert_eq!(Preset::named(""), None);
    }

    #[test]
    fn a_tilt_keeps_the_sum_and_its_opposite_undoes_it() {
        let defaults = LayerWeights::style_default();
        let tilted = defaults.tilted(0.3);
        let sum = |weights: &LayerWeights| weights.iter().map(|(_, weight)| weight).sum::<f64>();
        assert!((sum(&defaults) - sum(&tilted)).abs() < 1e-9);
        let deepest = Layer::PAPER_STYLE[3];
        assert!(tilted.get(deepest) > defaults.get(deepest));
        assert_eq!(tilted.get(Layer::PAPER_STYLE[4]), Some(0.0), "what does not count stays so");
        for (layer, weight) in tilted.tilted(-0.3).iter() {
            assert!((weight - defaults.get(layer).unwrap()).abs() < 1e-9);
        }
    }
}
