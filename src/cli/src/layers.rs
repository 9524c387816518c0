//! `impasto layers`: makes a figure of what each layer alone holds of a style and a content.

use std::{collections::BTreeMap, path::PathBuf, process::ExitCode, sync::Arc, time::Instant};

use anyhow::Context;
use clap::{
    Args,
    builder::{OsStringValueParser, TypedValueParser},
};

use super::{
    UsageError, interrupt,
    progress::Printer,
    runs::{open_picture, open_style},
    sheets::{self, SheetResult},
    style_arg::StyleArg,
};
use impasto_base::paths;
use impasto_core::{
    settings::{self, DeviceChoice, Rgb, StyleMix},
    transfer::{NetworkConfig, VisualizationJob, VisualizationKind, VisualizationRun, VisualizationState},
};
use impasto_engine::queue::guarded;
use impasto_formats::extracts::{self, ExtractStore, SourcePictures};
use impasto_network::{
    compute::{self, Network, NetworkOptions},
    vgg::{Layer, Weights},
};

#[derive(Debug, Args)]
pub(super) struct LayersArgs {
    /// Content picture, reconstructed from relu1_2, relu2_2, relu3_2, relu4_2 and relu5_2, each alone: a
    /// file, or example:NAME
    #[arg(long, short, value_name = "PICTURE")]
    pub content: PathBuf,
    /// Style picture, for textures from relu1_1, relu2_1, relu3_1, relu4_1 and relu5_1, each alone, with an
    /// optional weight relative to other styles: wave.jpg, wave.jpg:0.5, example:NAME, or a part of one as in
    /// `impasto render` (repeatable)
    #[arg(long, short, value_name = "PICTURE[PART][:WEIGHT]", required = true, value_parser = OsStringValueParser::new().map(StyleArg::split))]
    pub style: Vec<StyleArg>,
    /// Output file for the figure; its extension chooses the format
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
    /// Longest side of each picture in the figure, in pixels
    #[arg(long, value_name = "PIXELS", default_value_t = impasto_formats::extracts::LARGE, value_parser = clap::value_parser!(u32).range(64..=1024))]
    pub size: u32,
    /// Device: auto, cpu, gpu, software or a part of a name listed by `impasto devices`
    #[arg(long, value_name = "DEVICE", default_value_t)]
    pub device: DeviceChoice,
    /// VGG-19 weights file instead of the bundled one
    #[arg(long, value_name = "FILE")]
    pub weights: Option<PathBuf>,
    /// Replace an existing file
    #[arg(long, short, visible_alias = "overwrite")]
    pub force: bool,
    /// Print warnings and errors only
    #[arg(long, short)]
    pub quiet: bool,
}

/// Make the figure.
pub(super) fn run(arguments: &LayersArgs) -> anyhow::Result<ExitCode> {
    sheets::check(&arguments.output, arguments.force)?;
    let content = open_picture(&arguments.content)?;
    let mut styles = Vec::new();
    for style in &arguments.style {
        let usage = |error: settings::SettingsError| {
            UsageError(format!("style {}: {}", style.path.display(), error.message))
        };
        style.mix.validate().map_err(usage)?;
        if style.mix.scale != StyleMix::default().scale {
            return Err(UsageError(format!(
                "style {}: a scale has no meaning here; leave @{} out",
                style.path.display(),
                style.mix.scale
            ))
            .into());
        }
        styles.push(open_style(style)?);
    }
    if styles.iter().all(|style| style.mix.share() == 0.0) {
        let text = "style: all pictures have weight 0; give at least one a positive weight";
        return Err(UsageError(text.into()).into());
    }
    let source = SourcePictures { content, styles, background: Rgb::WHITE };
    let printer = Printer::new(arguments.quiet);
    let interrupted = interrupt::ctrl_c_flag(&printer)?;
    let weights = Arc::new(match &arguments.weights {
        None => Weights::bundled().context("cannot load the network")?,
        Some(file) => Weights::load(file)?,
    });
    let options = NetworkOptions { padding: settings::Padding::Replicate, ..NetworkOptions::default() };
    let network_config = NetworkConfig {
        weights: weights.info.sha256.clone(),
        padding: options.padding,
        pooling: settings::Pooling::Max,
        precision: options.precision,
    };
    let store = paths::config_folder().map(|folder| ExtractStore::new(&paths::cache_folder(&folder)));
    let jobs = extracts::plan(&source, &extracts::visualizations(), arguments.size, &network_config);
    let mut made = BTreeMap::new();
    let mut network = None;
    let mut failures = Vec::new();
    let mut stopped = false;
    let began = Instant::now();
    for (index, job) in jobs.iter().enumerate() {
        let name = format!("{}/{}: {}", index + 1, jobs.len(), described(job));
        if let Some(known) = store.as_ref().and_then(|store| store.load(&job.key, job.shape)) {
            printer.info(&format!("{name}, made before"));
            made.insert(job.visualization, known);
            continue;
        }
        printer.info(&name);
        if network.is_none() {
            let device = compute::open(&arguments.device)?;
            printer.info(&format!("on {}", device.info.name));
            network = Some((Network::new(&weights, Layer::ALL[0], &device.tensor, options), device));
        }
        let Some((network, device)) = &mut network else { continue };
        let stop = || interrupted.load(std::sync::atomic::Ordering::Relaxed);
        match guarded(|| Ok(make(job, network, &weights, &device.tensor, &stop)?)) {
            Ok(None) => {
                stopped = true;
                break;
            }
            Ok(Some(state)) => {
                if let Some(Err(error)) = store.as_ref().map(|store| store.save(&job.key, &state.picture)) {
                    tracing::warn!("an extract cannot be kept: {error}");
                }
                made.insert(job.visualization, state.picture);
            }
            Err(error) => failures.push(format!("{name}: {}", super::explain(&error))),
        }
    }
    let report = SheetResult {
        what: ["made", "picture", "pictures"],
        count: made.len(),
        of: jobs.len(),
        seconds: began.elapsed().as_secs_f64(),
        stopped,
        failures,
    };
    let figure = || extracts::figure(&source, &made, arguments.size).draw();
    report.save(&printer, &arguments.output, arguments.force, figure)
}

fn described(job: &VisualizationJob) -> String {
    match job.visualization.kind {
        VisualizationKind::Texture => format!("the style through {}", job.visualization.layer),
        VisualizationKind::Reconstruction => format!("the content through {}", job.visualization.layer),
    }
}

/// Make one extract; `None` if it was interrupted.
fn make(
    job: &VisualizationJob,
    network: &mut Network,
    weights: &Weights,
    device: &burn::tensor::Device,
    stop: &dyn Fn() -> bool,
) -> Result<Option<VisualizationState>, impasto_core::transfer::TransferError> {
    let mut extraction = VisualizationRun::new(network, weights, device, job)?;
    while !extraction.is_done() {
        if stop() {
            return Ok(None);
        }
        extraction.step(network)?;
    }
    extraction.read().map(Some)
}
