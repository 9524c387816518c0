//! The rows, in the order of the fields of [`super::super::Settings`], which the help text and all lists
//! follow.

use std::{fmt::Display, path::PathBuf};

use super::{
    super::{
        CLASSIC_MAX_SIZE, DeviceChoice, Init, LayerWeights, LineSearch, MAX_BASES, MAX_HISTORY, MAX_SIZE,
        MIN_SIZE, Objective, Optimizer, Padding, Pooling, Precision, Rgb, STYLE_SCALES, Smoothness,
        Statistic, Transparency,
    },
    Argument, AxisValues, Blend, Effect, Flag, InactiveWhen, Kind, Layers, Limits, Number, OnObjective,
    Parameter, ROW, RandomChange, Randomize, Range, Scale, Scope, Whole,
    macros::WholeNumber,
};
use impasto_network::vgg::Layer;

const fn flag(name: &'static str, value_name: &'static str, help: &'static str) -> Option<Flag> {
    Some(Flag { name, value_name, help })
}

/// Range of a weight with this default.
fn around(default: f64) -> Range {
    Range::from_zero(default * 1e-3, default * 100.0)
}

fn texts<T: Display>(all: &[T]) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

const SHARE: Scale = Scale { range: |_| Range::linear(0.0, 1.0), limits: Limits::Between(0.0, 1.0) };
const DECAY: Scale = Scale { range: |_| Range::linear(0.0, 0.9999), limits: Limits::Decay };
/// Stroke scale, of one style picture or of all.
pub(super) const STROKES: Scale = Scale {
    range: |_| Range::logarithmic(*STYLE_SCALES.start(), *STYLE_SCALES.end()),
    limits: Limits::Between(*STYLE_SCALES.start(), *STYLE_SCALES.end()),
};
/// Weight of a layer.
pub(super) const LAYER: Scale = Scale { range: |_| Range::from_zero(1e-3, 10.0), limits: Limits::Weight };
/// Weight of a style picture.
pub(super) const PICTURE: Scale = Scale { range: |_| Range::linear(0.0, 10.0), limits: Limits::Weight };
/// Strength of a region.
pub(super) const STRENGTH: Scale = Scale { range: |_| Range::linear(0.0, 2.0), limits: Limits::Weight };

const AMOUNT_IS_ON: Option<InactiveWhen> =
    Some(InactiveWhen { when: |settings| settings.style_amount.is_some(), reason: "the style amount is on" });
const LIGHT_ONLY: Option<InactiveWhen> =
    Some(InactiveWhen { when: |settings| settings.luminance_only, reason: "only the lightness is painted" });

parameters! {
    objective: text(Objective) {
        label: "Objective",
        synonyms: "formula, loss",
        control: "Objective",
        flag: flag("objective", "OBJECTIVE", "Formulas to minimise: balanced, paper or classic. Sets the weights, the optimizer's constants and the number of steps to that objective's default values; flags beside it still win"),
        effect: Effect::Restart("objective"),
        default: OnObjective::KeptBut(|settings, objective| settings.objective = objective),
        axis: AxisValues::Names(|| texts(&Objective::ALL[..2])),
    }
    size: whole(u32, |size| {
            let wrong = !(u64::from(MIN_SIZE)..=u64::from(MAX_SIZE)).contains(&size);
            wrong.then(|| format!("must be {MIN_SIZE} to {MAX_SIZE} px, not {size} px"))
        }) {
        label: "Size",
        synonyms: "pixels, resolution",
        control: "Size",
        flag: flag("size", "PIXELS", "Longest side of the painted picture, in pixels (classic: at most 400)"),
        effect: Effect::RestartUnless("size", |a, b| a.longest_side() == b.longest_side()),
        scope: Scope::Run,
        default: OnObjective::KeptBut(|settings, objective| {
            if objective == Objective::Classic {
                settings.size = settings.size.min(CLASSIC_MAX_SIZE);
            }
        }),
        axis: AxisValues::Of("128, 192, 256"),
    }
    pyramid: switch() {
        label: "Pyramid",
        synonyms: "levels, multigrid, coarse to fine",
        control: "Pyramid",
        flag: flag("pyramid", "BOOL", "Paint through a pyramid of sizes, from about 128 pixels to `size`: large strokes first, and most steps where they are quick"),
        effect: Effect::Restart("pyramid"),
        scope: Scope::Schedule,
        default: OnObjective::DefaultBut(|settings, objective| settings.pyramid = objective == Objective::Balanced),
        axis: AxisValues::Of("true, false"),
    }
    steps: whole(u32, |steps| (steps == 0).then(|| "must be at least 1".to_owned())) {
        label: "Steps",
        synonyms: "iterations",
        control: "Steps",
        flag: flag("steps", "N", "Number of steps to paint"),
        effect: Effect::Pace,
        scope: Scope::Schedule,
        default: OnObjective::DefaultBut(|settings, objective| {
            if objective == Objective::Classic {
                settings.steps = 3000;
            }
        }),
        axis: AxisValues::Of("50, 100, 200"),
    }
    [Alpha] content_weight: number(Scale { range: |_| around(1.0), limits: Limits::Weight }) {
        address: "alpha",
        label: "Content α",
        synonyms: "alpha, content weight",
        control: "Content weight α, number",
        flag: flag("content-weight", "ALPHA", "α: weight of the content term"),
        blend: Blend::Geometric,
        inactive: AMOUNT_IS_ON,
        axis: AxisValues::Around,
    }
    [Beta] style_weight: number(Scale { range: |objective| around(objective.default_style_weight()), limits: Limits::Weight }) {
        address: "beta",
        label: "Style β",
        synonyms: "beta, style weight",
        control: "Style weight β, number",
        flag: flag("style-weight", "BETA", "β: weight of the style term"),
        default: OnObjective::DefaultBut(|settings, objective| settings.style_weight = objective.default_style_weight()),
        blend: Blend::Geometric,
        randomize: Some(Randomize { name: "balance", change: RandomChange::Octaves(2.5), when: |settings| settings.style_amount.is_none() }),
        inactive: AMOUNT_IS_ON,
        axis: AxisValues::Around,
    }
    [Sliced] sliced_weight: number(Scale { range: |_| Range::from_zero(1e-2, 100.0), limits: Limits::Weight }) {
        address: "sliced",
        label: "Sliced Wasserstein",
        synonyms: "histogram, distribution, heitz, risser, delta",
        control: "Sliced Wasserstein weight, number",
        flag: flag("sliced-weight", "DELTA", "Weight of the sliced Wasserstein term: how closely the distribution of the features follows the style's along many directions at relu1_1 and relu4_1 (Heitz et al. 2021); in balanced usual are 0.25 to 2.5, 0 leaves it out"),
        blend: Blend::Geometric,
        axis: AxisValues::Around,
    }
    sliced_bases: whole(u32, |bases| {
            let wrong = !(1..=u64::from(MAX_BASES)).contains(&bases);
            wrong.then(|| format!("is {bases}, but must be between 1 and {MAX_BASES}"))
        }) {
        label: "Bases",
        synonyms: "sliced wasserstein, histogram, directions, slices",
        control: "Bases",
        flag: flag("sliced-bases", "N", "Sets of directions that the sliced Wasserstein term goes through, one after the other, 1 to 8; 1 is each feature by itself, its histogram (Risser et al. 2017)"),
        blend: Blend::Linear,
        axis: AxisValues::Of("1, 2, 4, 8"),
    }
    [Coherence] coherence_weight: number(Scale { range: |_| Range::linear(0.0, 1.0), limits: Limits::Weight }) {
        address: "coherence",
        label: "Coherence",
        synonyms: "neighbours, patches, nnst, kappa",
        control: "Coherence weight, number",
        flag: flag("coherence-weight", "KAPPA", "Weight of the coherence term: how closely each place follows the most similar place of the styles at relu3_1 and relu4_1 (after Kolkin et al. 2022), 0 to 1; whole strokes come more and averages of them less, the colours of a style with them. 0 leaves it out"),
        blend: Blend::Geometric,
        axis: AxisValues::Around,
    }
    smoothness: text(Smoothness) {
        label: "Neighbours",
        synonyms: "nine points, smoothness stencil",
        control: "Neighbours",
        flag: flag("smoothness", "SMOOTHNESS", "What smoothness compares: four (the neighbours beside each pixel) or nine (those at its corners as well: grain goes in all directions alike)"),
        axis: AxisValues::Names(|| texts(Smoothness::ALL)),
    }
    [StyleAmount] style_amount: optional_number(SHARE) {
        address: "style-amount",
        label: "Style amount",
        synonyms: "balance, strength, lambda",
        control: "Style amount, number",
        flag: flag("style-amount", "AMOUNT", "How much style there is against content, 0 to 1, whatever the size and the pictures: α and β are found by measuring, so that the style's share of their gradients is this at a picture half-way between the two; instead of the style weight"),
        blend: Blend::Linear,
        // Keep some content and some style.
        randomize: Some(Randomize { name: "balance", change: RandomChange::Share(0.4, [0.05, 0.98]), when: |_| true }),
        inactive: Some(InactiveWhen { when: |settings| settings.style_amount.is_none(), reason: "the style amount is off" }),
        axis: AxisValues::Of("0.2-0.8 [4]"),
    }
    [Smoothness] smoothness_weight: number(Scale { range: |_| Range::from_zero(1e-3, 100.0), limits: Limits::Weight }) {
        address: "smoothness",
        label: "Smoothness",
        synonyms: "total variation, tv, gamma",
        control: "Smoothness, number",
        flag: flag("smoothness-weight", "GAMMA", "Weight of the smoothness term (total variation)"),
        default: OnObjective::DefaultBut(|settings, objective| {
            if objective != Objective::Balanced {
                settings.smoothness_weight = 0.0;
            }
        }),
        blend: Blend::Geometric,
        randomize: Some(Randomize { name: "smoothness", change: RandomChange::Octaves(4.0), when: |settings| {
                !settings.smoothness_muted && (settings.smoothness_solo || !settings.any_solo())
            } }),
        axis: AxisValues::Around,
    }
    smoothness_muted: switch() {
        label: "Smoothness muted",
        synonyms: "mute, silence",
        control: "Mute smoothness",
        flag: flag("smoothness-muted", "BOOL", "Let the smoothness term count as 0"),
        axis: AxisValues::Of("true, false"),
    }
    smoothness_solo: switch() {
        label: "Smoothness solo",
        synonyms: "solo",
        control: "Solo smoothness",
        flag: flag("smoothness-solo", "BOOL", "Let only the smoothness term and other soloed layers count"),
        axis: AxisValues::Of("true, false"),
    }
    statistic: text(Statistic) {
        label: "Statistic",
        synonyms: "gram, moments, wasserstein",
        control: "Style statistic",
        flag: flag("statistic", "STATISTIC", "What style is, in the balanced objective: gram (Gram matrices), moments (with each channel's mean and deviation) or wasserstein (mean and covariance; the most faithful strokes, and slower)"),
        axis: AxisValues::Names(|| texts(Statistic::ALL)),
    }
    style_layers: layers(ParamId::Style) {
        address: "style",
        label: "Style",
        flag: flag("layer", "LAYER=WEIGHT", "A style layer and its weight, as relu3_1=0.5 (repeatable; the given ones replace the default five; none for no layer); relu3_1=0.5,muted does not count, and beside relu3_1=0.5,solo only other soloed ones do"),
        default: OnObjective::DefaultBut(|settings, objective| match objective {
            Objective::Balanced => {}
            Objective::Paper => settings.style_layers = LayerWeights::paper_style(),
            Objective::Classic => settings.style_layers = LayerWeights::classic_style(),
        }),
        randomize: Some(Randomize { name: "style", change: RandomChange::Octaves(4.0), when: |_| true }),
    }
    content_layers: layers(ParamId::Content) {
        address: "content",
        label: "Content",
        flag: flag("content-layer", "LAYER=WEIGHT", "A content layer and its weight, as relu4_2=1 (repeatable; replaces the default; none for no layer)"),
        default: OnObjective::DefaultBut(|settings, objective| {
            if objective != Objective::Balanced {
                settings.content_layers = LayerWeights::paper_content();
            }
        }),
        randomize: Some(Randomize { name: "content", change: RandomChange::Octaves(4.0), when: |_| true }),
    }
    [StyleTilt] style_tilt: number(Scale { range: |_| Range::linear(-1.0, 1.0), limits: Limits::Between(-1.0, 1.0) }) {
        address: "style-tilt",
        label: "Tilt",
        synonyms: "strokes, finer, larger, texture, style tilt",
        control: "Tilt of the style layers, number",
        flag: flag("style-tilt", "TILT", "Tilt of the style layers' weights, -1 to 1: above 0 towards large strokes, below towards fine texture; each weight times e to the power of the tilt times its layer's position in the network, their sum kept. 0 leaves them as they are"),
        blend: Blend::Linear,
        randomize: Some(Randomize { name: "tilt", change: RandomChange::Share(0.4, [-1.0, 1.0]), when: |_| true }),
        axis: AxisValues::Of("-0.3, 0, 0.3"),
    }
    [StyleScale] style_scale: number(STROKES) {
        address: "style-scale",
        label: "Style scale",
        synonyms: "stroke size",
        control: "Style scale, number",
        flag: flag("style-scale", "FACTOR", "Size of the style pictures relative to `size`, each times its own scale; smaller gives finer strokes"),
        effect: Effect::Costly,
        blend: Blend::Geometric,
        randomize: Some(Randomize { name: "scale", change: RandomChange::Octaves(1.5), when: |_| true }),
        axis: AxisValues::Of("0.5, 1, 2"),
    }
    [KeepColours] keep_colours: number(SHARE) {
        address: "keep-colours",
        label: "Keep colours",
        synonyms: "color, chroma, luminance",
        control: "Keep the content's colours, number",
        flag: flag("keep-colours", "AMOUNT", "How much of the content's colours the painting keeps, 0 to 1: its luminance with the content's chroma, taken after the fact"),
        effect: Effect::Pace,
        default: OnObjective::Keep,
        blend: Blend::Linear,
        randomize: Some(Randomize { name: "keep", change: RandomChange::Share(0.4, [0.01, 1.0]), when: |settings| settings.keep_colours > 0.0 }),
        inactive: LIGHT_ONLY,
        axis: AxisValues::Of("0-1 [3]"),
    }
    [SettleColours] settle_colours: number(SHARE) {
        address: "settle-colours",
        label: "Settle colours",
        synonyms: "color, blotches, bleed, shape, chroma, oklab",
        control: "Settle the colours in their shapes, number",
        flag: flag("settle-colours", "AMOUNT", "How far the painting's colours follow the content's shapes, 0 to 1: its lightness with the content's chroma in the styles' colours, taken after the fact"),
        effect: Effect::Pace,
        default: OnObjective::Keep,
        blend: Blend::Linear,
        randomize: Some(Randomize { name: "settle", change: RandomChange::Share(0.4, [0.01, 1.0]), when: |settings| settings.settle_colours > 0.0 }),
        inactive: LIGHT_ONLY,
        axis: AxisValues::Of("0-1 [3]"),
    }
    [MatchColours] match_colours: number(SHARE) {
        address: "match-colours",
        label: "Match colours",
        synonyms: "color, histogram",
        control: "Match the styles to the content's colours, number",
        flag: flag("match-colours", "AMOUNT", "How much of the content's colours, or of the palette's, the styles get beforehand, 0 to 1: their mean and covariance"),
        effect: Effect::Costly,
        default: OnObjective::Keep,
        blend: Blend::Linear,
        randomize: Some(Randomize { name: "match", change: RandomChange::Share(0.4, [0.01, 1.0]), when: |settings| settings.match_colours > 0.0 }),
        inactive: LIGHT_ONLY,
        axis: AxisValues::Of("0-1 [3]"),
    }
    palette: path() {
        label: "Palette",
        synonyms: "colours, colors, picture",
        control: "Choose the palette",
        flag: flag("palette", "PICTURE", "Picture whose colours the styles get instead of the content's, by the amount of --match-colours (1 if that is not given): a file, or a bundled one as example:Embers"),
        scope: Scope::Run,
        default: OnObjective::Keep,
        axis: AxisValues::Of("example:Embers, example:Mosaic, example:Woodcut"),
    }
    luminance_only: switch() {
        label: "Lightness only",
        synonyms: "luminance, light only, colour, color, grey, gray, black and white",
        control: "Lightness only",
        flag: flag("luminance-only", "BOOL", "Paint in luminance alone, the styles' matched to the content's; the painting has the content's colours"),
        default: OnObjective::Keep,
        axis: AxisValues::Of("true, false"),
    }
    optimizer: text(Optimizer) {
        label: "Optimizer",
        synonyms: "adam, lbfgs, l-bfgs",
        control: "Optimizer",
        flag: flag("optimizer", "OPTIMIZER", "Optimizer: adam or lbfgs (the paper's; shows the iterate without averaging)"),
        default: OnObjective::DefaultBut(|settings, objective| {
            // The paper's optimizer; it reaches Adam's loss in less than half of the steps.
            if objective == Objective::Paper {
                settings.optimizer = Optimizer::Lbfgs;
            }
        }),
        axis: AxisValues::Names(|| texts(Optimizer::ALL)),
    }
    history: whole(u32, |history| {
            let wrong = !(1..=u64::from(MAX_HISTORY)).contains(&history);
            wrong.then(|| format!("is {history}, but must be between 1 and {MAX_HISTORY} steps"))
        }) {
        label: "History",
        synonyms: "lbfgs, l-bfgs, curvature",
        // No fixed control: it is shown with L-BFGS only.
        flag: flag("history", "N", "Steps whose curvature L-BFGS remembers, 1 to 50; usual are 10 to 20"),
        blend: Blend::Linear,
        axis: AxisValues::Of("5, 10, 20"),
    }
    line_search: text(LineSearch) {
        label: "Line search",
        synonyms: "lbfgs, l-bfgs, wolfe, fixed",
        // No fixed control: it is shown with L-BFGS only.
        flag: flag("line-search", "LINE_SEARCH", "L-BFGS's length of a step: wolfe (searched, one to a few evaluations each) or fixed (not longer than the learning rate)"),
        axis: AxisValues::Names(|| texts(LineSearch::ALL)),
    }
    [LearningRate] learning_rate: number(Scale { range: |_| Range::logarithmic(1e-4, 1.0), limits: Limits::Positive }) {
        address: "learning-rate",
        label: "Step size",
        synonyms: "lr, learning rate",
        control: "Learning rate, number",
        flag: flag("lr", "RATE", "Learning rate: about the largest move of a pixel in one step, where 1 is the whole range; with L-BFGS the root mean square of its first step, and of every fixed one at most"),
        effect: Effect::Pace,
        default: OnObjective::DefaultBut(|settings, objective| {
            if objective == Objective::Classic {
                settings.learning_rate = 0.003;
            }
        }),
        blend: Blend::Geometric,
        axis: AxisValues::Around,
    }
    [Averaging] averaging: number(Scale { range: |_| Range::linear(0.0, 0.999), limits: Limits::Decay }) {
        address: "averaging",
        label: "Averaging",
        synonyms: "mean, decay",
        control: "Averaging",
        flag: flag("averaging", "DECAY", "Decay of the mean of Adam's iterates, which is what is shown and saved: less of the optimizer's noise; 0 shows the iterate. It reaches back over a tenth of the steps since the size was entered or a weight changed at most"),
        effect: Effect::Pace,
        default: OnObjective::DefaultBut(|settings, objective| {
            if objective != Objective::Balanced {
                settings.averaging = 0.0;
            }
        }),
        blend: Blend::Linear,
        axis: AxisValues::Of("0, 0.5, 0.9"),
    }
    [Beta1] beta1: number(DECAY) {
        address: "adam-beta1",
        label: "Adam β1",
        synonyms: "beta1, momentum",
        control: "Adam β1",
        flag: flag("beta1", "BETA1", "Adam's decay of the gradient's mean"),
        effect: Effect::Pace,
        blend: Blend::Linear,
        axis: AxisValues::Of("0, 0.5, 0.9"),
    }
    [Beta2] beta2: number(DECAY) {
        address: "adam-beta2",
        label: "Adam β2",
        synonyms: "beta2",
        control: "Adam β2",
        flag: flag("beta2", "BETA2", "Adam's decay of the gradient's square"),
        effect: Effect::Pace,
        default: OnObjective::DefaultBut(|settings, objective| match objective {
            Objective::Balanced => {}
            Objective::Paper => settings.beta2 = 0.99,
            Objective::Classic => settings.beta2 = 0.999,
        }),
        blend: Blend::Linear,
        axis: AxisValues::Of("0.5, 0.9, 0.99"),
    }
    [Epsilon] epsilon: number(Scale { range: |_| Range::logarithmic(1e-12, 1.0), limits: Limits::Positive }) {
        address: "adam-epsilon",
        label: "Adam ε",
        synonyms: "epsilon",
        control: "Adam ε",
        flag: flag("epsilon", "EPSILON", "Adam's term against division by zero"),
        effect: Effect::Pace,
        blend: Blend::Geometric,
        axis: AxisValues::Of("1e-8, 1e-4"),
    }
    stop_when_converged: switch() {
        label: "Stop when converged",
        synonyms: "convergence, end",
        control: "Stop when converged",
        flag: flag("stop-when-converged", "BOOL", "Stop when the objective has converged: when its lowest value has fallen by less than 1/10000 in 50 steps at the final size"),
        default: OnObjective::Keep,
        axis: AxisValues::Of("true, false"),
    }
    keep_best: switch() {
        label: "Keep best",
        synonyms: "lowest, best iterate",
        control: "Keep the best iterate",
        flag: flag("keep-best", "BOOL", "Show and save the iterate with the lowest objective so far at its size, instead of the last one or the mean"),
        default: OnObjective::Keep,
        axis: AxisValues::Of("true, false"),
    }
    init: text(Init) {
        label: "Start from",
        synonyms: "begin with, initial image, noise",
        control: "Initial image",
        flag: flag("init", "INIT", "Initial image: content, noise, blank, blank:#rrggbb, style or a picture file"),
        effect: Effect::NextStart,
        scope: Scope::Start,
        default: OnObjective::KeptBut(|settings, objective| {
            if objective == Objective::Classic {
                settings.init = Init::Content;
            }
        }),
        axis: AxisValues::Of("content, noise, style"),
    }
    seed: whole(u64, |seed| i64::try_from(seed).is_err().then(|| format!("is {seed}, but must be at most {}", i64::MAX))) {
        label: "Seed",
        synonyms: "noise, random",
        control: "Seed",
        flag: flag("seed", "N", "Seed of the noise"),
        effect: Effect::NextStart,
        scope: Scope::Run,
        default: OnObjective::Keep,
        axis: AxisValues::Of("0, 1, 2, 3"),
    }
    background: text(Rgb) {
        label: "Background",
        synonyms: "transparent, alpha colour",
        control: "Background colour",
        flag: flag("background", "#RRGGBB", "Colour behind transparent pictures (classic discards transparency instead)"),
        effect: Effect::Restart("background colour"),
        scope: Scope::Run,
        default: OnObjective::Keep,
        axis: AxisValues::Of("#ffffff, #808080, #000000"),
    }
    transparency: text(Transparency) {
        label: "Transparency",
        synonyms: "alpha, cut-out, opacity, png",
        control: "Transparency",
        flag: flag("transparency", "HOW", "What becomes of transparency: keep (PNG, WebP and TIFF are saved as transparent as the content is, everything else shows the painting on the background; what is transparent of a style does not count) or flatten (it is painted on the background)"),
        effect: Effect::Restart("transparency"),
        scope: Scope::Run,
        default: OnObjective::Keep,
        axis: AxisValues::Of("keep, flatten"),
    }
    device: text(DeviceChoice) {
        label: "Device",
        synonyms: "gpu, cpu, adapter",
        control: "Device",
        flag: flag("device", "DEVICE", "Device: auto, cpu, gpu, software or a part of a name listed by `impasto devices`"),
        effect: Effect::Restart("device"),
        scope: Scope::Run,
        default: OnObjective::Keep,
    }
    low_memory: switch() {
        label: "Low memory",
        synonyms: "ram",
        control: "Low memory",
        flag: flag("low-memory", "BOOL", "Hold as little memory as possible, at about 60 % more time for a step: what lies between two poolings is computed twice instead of kept"),
        effect: Effect::Restart("low memory"),
        scope: Scope::Run,
        default: OnObjective::Keep,
    }
    precision: text(Precision) {
        label: "Precision",
        synonyms: "f16, half, fast, 16 bits",
        control: "Precision",
        flag: flag("precision", "PRECISION", "On a graphics adapter: full, or fast with features and weights in 16 bits, which takes about half the memory, uses matrix units where there are some, and differs by a thousandth. The CPU always computes in full"),
        effect: Effect::Restart("precision"),
        scope: Scope::Run,
        default: OnObjective::Keep,
    }
    padding: text(Padding) {
        label: "Padding",
        synonyms: "replicate, zero, circular, border, tile, seamless texture",
        control: "Padding",
        flag: flag("padding", "PADDING", "What the network sees outside of a picture: replicate (its edge goes on; keeps the frame clean), zero (as in the papers) or circular (the other side: the picture becomes a tile without a seam, its sides multiples of 16 pixels)"),
        effect: Effect::Restart("padding"),
        scope: Scope::Schedule,
        default: OnObjective::DefaultBut(|settings, objective| {
            if objective != Objective::Balanced {
                settings.padding = Padding::Zero;
            }
        }),
        axis: AxisValues::Names(|| texts(Padding::ALL)),
    }
    pooling: text(Pooling) {
        label: "Pooling",
        synonyms: "max, average, l2",
        control: "Pooling",
        flag: flag("pooling", "POOLING", "How the network pools: max (as it was trained), average (smoother) or l2 (between the two)"),
        axis: AxisValues::Names(|| texts(Pooling::ALL)),
    }
    weights: path() {
        label: "Weights",
        synonyms: "network, vgg, file",
        control: "Weights file",
        flag: flag("weights", "FILE", "VGG-19 weights file (safetensors, .pth) instead of the bundled one"),
        effect: Effect::Restart("weights file"),
        scope: Scope::Run,
        default: OnObjective::Keep,
    }
    preview_every: whole(u32, |_| None) {
        label: "Preview every",
        synonyms: "show, interval",
        control: "Preview interval",
        flag: flag("preview-every", "N", "Steps between two previews in the window; 0 chooses by itself"),
        effect: Effect::Window,
        scope: Scope::Run,
        default: OnObjective::Keep,
    }
    follow_drags: switch() {
        label: "Quick preview while dragging",
        synonyms: "follow drags, latency, slider",
        control: "Quick preview while dragging",
        effect: Effect::Window,
        scope: Scope::Run,
        default: OnObjective::Keep,
    }
    automation: tracks() {
        label: "Automation of",
        scope: Scope::Start,
        default: OnObjective::Keep,
    }
    masks: masks() {
        label: "Masks",
        scope: Scope::Run,
        default: OnObjective::Keep,
    }
}
