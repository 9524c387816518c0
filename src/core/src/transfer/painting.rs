//! A complete run: coarse-to-fine optimisations through the levels of a pyramid, each continuing from the one
//! before.

use std::sync::Arc;

use burn::tensor::Device as TensorDevice;
use image::RgbImage;

use super::{
    Losses, PyramidProgress, Reading, TransferError,
    changes::content_in,
    freeze::{FinalMasks, Frozen},
    guard::Guard,
    inputs::Inputs,
    level_transfer::LevelTransfer,
    planes::Planes,
    preview_downscale::PreviewDownscale,
    schedule::{Level, Schedule},
    settled::ColourCache,
    space::upload,
    study::LayerStudy,
    style_transfer::StyleTransfer,
    target_cache::TargetCache,
    targets::Targets,
};
use crate::{
    picture::{Filter, Matte, resize, with_colours_of},
    settings::{Modulated, Settings, StyleMix},
};
use impasto_network::{
    compute::{LayerTime, Network},
    vgg::{Layer, Weights},
};

/// Command for the level of the pyramid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LevelCommand {
    /// Switch to the next larger size now.
    Climb,
    /// Switch to the next smaller size.
    Drop,
    /// Stay at this size.
    Hold,
    /// Follow the schedule again.
    Release,
}

/// Initial picture and level of a run.
#[derive(Clone, Copy, Debug)]
pub enum Begin<'a> {
    /// The settings' initial image, at the smallest level.
    Initial,
    /// A picture painted with this longest side, at the level of that size.
    From(&'a RgbImage, u32),
    /// A picture to repaint, at the smallest level.
    Repaint(&'a RgbImage),
}

/// A run through the levels of a pyramid: like [`StyleTransfer`], with a size that changes.
///
/// All tensors live on the thread that created it.
pub struct Painting {
    pub(super) device: TensorDevice,
    weights: Arc<Weights>,
    pub(super) inputs: Inputs,
    pub(super) settings: Settings,
    /// The styles' mix before automation.
    pub(super) mix: Vec<StyleMix>,
    /// The settings with automation applied; the styles' mix with automation is in the inputs.
    pub(super) modulated: Modulated,
    pub(super) schedule: Schedule,
    pub(super) level: usize,
    /// Ignore the schedule.
    pub(super) held: bool,
    /// `None` only during a switch of levels, and after a failed one.
    pub(super) transfer: Option<StyleTransfer>,
    pub(super) step: u32,
    /// Step at which this level was entered.
    pub(super) entered: u32,
    /// Work done, in steps at the final size.
    pub(super) done: f64,
    /// Detail of larger levels that smaller ones cannot hold after a drop, with their sizes, the smallest
    /// last.
    pub(super) details: Vec<(u32, Planes)>,
    /// State of a preview downscale, see [`Painting::begin_downscale`].
    pub(super) downscale: Option<PreviewDownscale>,
    /// Checks that the run is finite, and rolls it back.
    pub(super) guard: Guard,
    /// Targets of other levels.
    pub(super) target_cache: TargetCache,
    /// Of the level that was left, until another one has taken it over.
    pub(super) pending_transfer: Option<LevelTransfer>,
    /// See [`Painting::saves_memory`].
    pub(super) saves_memory: bool,
    /// Shape of the final picture, and the content in that shape.
    pub(super) shape: (u32, u32),
    pub(super) content: RgbImage,
    /// The content before it was replaced, while the targets fade.
    pub(super) content_before: Option<RgbImage>,
    pub(super) colours: ColourCache,
    /// The masks in the shape of the final picture, and what is frozen.
    pub(super) masks: FinalMasks,
    pub(super) frozen: Option<Frozen>,
    /// Of the final picture, if it keeps the content's transparency.
    pub(super) matte: Option<Matte>,
}

impl Painting {
    /// Prepare the run's first level.
    ///
    /// # Errors
    ///
    /// If a required initial image is missing, or a picture is too narrow for the deepest layer in use.
    ///
    /// # Panics
    ///
    /// If there is no style picture.
    pub fn new(
        device: &TensorDevice,
        weights: Arc<Weights>,
        network: Option<Network>,
        mut inputs: Inputs,
        settings: &Settings,
        begin: Begin<'_>,
    ) -> Result<Self, TransferError> {
        let mix = inputs.mix();
        let (modulated, styles) = settings.automated(&mix, 0);
        inputs.set_mix(&styles);
        let schedule = inputs.schedule(settings);
        let (level, current) = match begin {
            Begin::Initial => (schedule.level_at(0, 0), None),
            Begin::Repaint(picture) => (schedule.level_at(0, 0), Some(picture)),
            Begin::From(picture, longest) => (schedule.level_for(longest), Some(picture)),
        };
        let schedule = schedule.shared(level, 0, settings.steps);
        let shape = inputs.shapes(settings).content;
        let content = content_in(shape, &inputs, settings);
        let matte = inputs.matte(settings, shape);
        let mut painting = Self {
            device: device.clone(),
            weights,
            inputs,
            settings: settings.clone(),
            mix,
            modulated,
            schedule,
            level,
            held: false,
            transfer: None,
            step: 0,
            entered: 0,
            done: 0.0,
            details: Vec::new(),
            downscale: None,
            guard: Guard::default(),
            target_cache: TargetCache::default(),
            pending_transfer: None,
            saves_memory: settings.low_memory,
            shape,
            content,
            content_before: None,
            colours: ColourCache::default(),
            masks: FinalMasks::default(),
            frozen: None,
            matte,
        };
        let settings = painting.level_settings();
        let pictures = painting.inputs.pictures(&settings, current)?;
        painting.masks = FinalMasks::of(&painting.inputs, &settings, shape);
        if painting.masks.freeze() {
            let frozen = painting.inputs.pictures(&painting.modulated, current)?.initial;
            painting.frozen = Some(Frozen { shown: frozen.clone(), plain: frozen });
        }
        let mut targets = Targets::new(device, &pictures, &painting.inputs.shares());
        targets.set_masks(painting.inputs.level_masks(&settings, pictures.content.dimensions()));
        let initial = upload(&pictures.initial, device);
        let weights = Arc::clone(&painting.weights);
        painting.transfer = Some(StyleTransfer::with_targets(weights, network, targets, initial, settings)?);
        painting.await_level()?;
        painting.keep_state()?;
        Ok(painting)
    }

    pub(super) fn size(&self) -> Level {
        self.schedule.levels()[self.level]
    }

    /// The settings at this level's size, with the learning rate reduced by rollbacks, and without style
    /// terms if no style is enabled.
    pub(super) fn level_settings(&self) -> Modulated {
        let settings = self.modulated.at_size(self.size().size).with_rate_factor(self.guard.rate_factor());
        let silent = self.inputs.shares().iter().all(|&share| share == 0.0);
        let settings = if silent { settings.without_styles() } else { settings };
        if self.saves_memory { settings.with_low_memory() } else { settings }
    }

    pub(super) fn transfer(&mut self) -> Result<&mut StyleTransfer, TransferError> {
        self.transfer.as_mut().ok_or(TransferError::NoRun)
    }

    /// End the current level, cache its targets, and return its network.
    fn end_level(&mut self) -> Option<Network> {
        let keys = self.inputs.image_keys(&self.level_settings());
        let (network, mut targets) = self.transfer.take()?.into_parts();
        // The cache is for what takes long to compute.
        targets.set_masks(None);
        self.target_cache.put(self.size().size, keys, targets);
        Some(network)
    }

    /// Begin the current level with its inputs and the content as initial image.
    pub(super) fn begin_level(&mut self, network: Option<Network>) -> Result<StyleTransfer, TransferError> {
        // The initial image is no longer needed.
        let settings = self.level_settings().with_content_init();
        let shares = self.inputs.shares();
        let mut targets = match self.target_cache.take(settings.size, &self.inputs.image_keys(&settings)) {
            Some(mut targets) => {
                targets.blend(&shares, &settings.effective());
                targets
            }
            None => Targets::new(&self.device, &self.inputs.pictures(&settings, None)?, &shares),
        };
        let [_, _, height, width] = targets.content().dims();
        targets.set_masks(self.inputs.level_masks(&settings, (width as u32, height as u32)));
        self.target_cache.trim(settings.size);
        let initial = targets.content().clone();
        StyleTransfer::with_targets(Arc::clone(&self.weights), network, targets, initial, &settings)
    }

    /// Continue at another level from the displayed picture, with the optimizer's moments.
    pub(super) fn switch_level(&mut self, level: usize) -> Result<(), TransferError> {
        self.check()?;
        self.pending_transfer = Some(self.transfer()?.level_transfer()?);
        let from = self.size().size;
        let drops = level < self.level;
        let network = self.end_level();
        self.level = level;
        self.entered = self.step;
        let mut transfer = self.begin_level(network)?;
        let (width, height) = transfer.dimensions();
        let state = self.pending_transfer.as_ref().ok_or(TransferError::NoRun)?;
        let mut resized = state.resized(width, height);
        if drops {
            let mut detail = state.image.clone();
            detail.subtract(&resized.image.resized(detail.width, detail.height));
            self.details.push((from, detail));
        } else {
            let size = self.size().size;
            while let Some((_, detail)) = self.details.pop_if(|(detail, _)| *detail <= size) {
                if (detail.width, detail.height) == (width, height) {
                    resized.image.add(&detail);
                }
            }
        }
        transfer.apply_level_transfer(&resized);
        self.transfer = Some(transfer);
        self.paste_frozen();
        self.await_level()?;
        self.pending_transfer = None;
        self.keep_state()
    }

    /// Wait for what a level begins with, so that a device without memory for it fails here.
    fn await_level(&mut self) -> Result<(), TransferError> {
        self.transfer()?.all_finite(&[]).map(drop)
    }

    /// Paint one step, at the next level if this one has had its steps.
    ///
    /// # Errors
    ///
    /// If the device fails, or the run stays non-finite after rollbacks, see [`Painting::take_notices`].
    pub fn step(&mut self) -> Result<(), TransferError> {
        if self.downscale.is_none() && !self.held {
            let due = self.schedule.level_at(self.level, self.step);
            if due > self.level {
                self.switch_level(due)?;
            }
        }
        self.advance()?;
        self.check_if_due()
    }

    /// Measure one term's share of the gradient in the next step, see [`StyleTransfer::measure`].
    ///
    /// # Errors
    ///
    /// If an earlier switch of levels failed.
    pub fn measure(&mut self) -> Result<(), TransferError> {
        self.transfer()?.measure();
        Ok(())
    }

    /// Execute a level command.
    ///
    /// # Errors
    ///
    /// If the device fails.
    pub fn apply_level_command(&mut self, command: LevelCommand) -> Result<(), TransferError> {
        self.end_downscale()?;
        match command {
            LevelCommand::Hold => self.held = true,
            LevelCommand::Release => {
                self.held = false;
                self.entered = self.step;
                self.share_steps();
            }
            LevelCommand::Climb if self.level + 1 < self.schedule.levels().len() => {
                self.switch_level(self.level + 1)?;
                self.share_steps();
            }
            LevelCommand::Drop if self.level > 0 => {
                self.switch_level(self.level - 1)?;
                // Stay at the smaller level, so that changes can take effect there.
                self.held = true;
            }
            LevelCommand::Climb | LevelCommand::Drop => {}
        }
        Ok(())
    }

    /// Distribute the remaining steps over the remaining levels.
    pub(super) fn share_steps(&mut self) {
        self.schedule = self.schedule.shared(self.level, self.entered, self.settings.steps);
    }

    /// The user's settings, at the final size.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The run's inputs.
    pub fn inputs(&self) -> &Inputs {
        &self.inputs
    }

    /// Approximate size of [`Painting::checkpoint`] in bytes.
    pub fn state_bytes(&self) -> u64 {
        let details: usize = self.details.iter().map(|(_, planes)| 4 * planes.values.len()).sum();
        let frozen = self.frozen.as_ref().map_or(0, |frozen| 2 * 4 * frozen.shown.as_raw().len());
        self.transfer.as_ref().map_or(0, StyleTransfer::state_bytes) + (details + frozen) as u64
    }

    /// Steps painted so far.
    pub fn steps(&self) -> u32 {
        self.step
    }

    /// Width and height of the final picture.
    pub fn dimensions(&self) -> (u32, u32) {
        self.shape
    }

    /// Progress through the pyramid.
    pub fn place(&self) -> PyramidProgress {
        let (width, height) = self.transfer.as_ref().map_or((0, 0), StyleTransfer::dimensions);
        let cost = self.schedule.cost(self.level);
        let steps = self.settings.steps;
        let (left, ends) = match (self.left_on_downscale(), self.held) {
            (Some(left), _) => (left, vec![steps]),
            (None, true) => (f64::from(steps.saturating_sub(self.step)), vec![steps]),
            (None, false) => {
                let work = self.schedule.work_left(self.level, self.step);
                let ends = self.schedule.levels()[self.level..].iter().map(|level| level.until);
                (work.last().map_or(0.0, |work| work / cost), ends.collect())
            }
        };
        PyramidProgress {
            level: self.level,
            levels: self.schedule.levels().len(),
            width,
            height,
            held: self.held,
            left,
            ends,
        }
    }

    /// Whether the objective has converged at the final size, see [`StyleTransfer::converged`].
    pub fn converged(&self) -> bool {
        self.level + 1 == self.schedule.levels().len()
            && self.downscale.is_none()
            && self.transfer.as_ref().is_some_and(StyleTransfer::converged)
    }

    /// Losses of the last step, see [`StyleTransfer::losses`].
    ///
    /// # Errors
    ///
    /// If the device fails or a loss stays non-finite, see [`Painting::take_notices`].
    pub fn losses(&mut self) -> Result<Option<Losses>, TransferError> {
        let mut losses = self.transfer()?.losses();
        if matches!(losses, Err(TransferError::NotFinite { .. })) {
            self.roll_back()?;
            losses = self.transfer()?.losses();
        }
        let step = self.step;
        losses.map_err(|error| error.at_step(step))
    }

    /// Wait for the device and read the picture, in the final shape, and the last step's losses.
    ///
    /// # Errors
    ///
    /// If the device fails, or the picture or a loss stays non-finite after rollbacks, see
    /// [`Painting::take_notices`].
    pub fn read(&mut self) -> Result<Reading, TransferError> {
        let mut reading = self.read_painted()?;
        let painted = reading.picture.clone();
        if self.masks.keep(&mut reading.picture, &self.content) {
            reading.plain.get_or_insert(painted);
        }
        if let Some(matte) = &self.matte {
            reading.plain.iter_mut().chain([&mut reading.picture]).for_each(|shown| matte.flatten(shown));
        }
        Ok(reading)
    }

    /// As [`Painting::read`], without the photograph where it is kept and without transparency.
    pub(super) fn read_painted(&mut self) -> Result<Reading, TransferError> {
        let (width, height) = self.shape;
        let mut reading = self.transfer()?.read();
        if matches!(reading, Err(TransferError::NotFinite { .. })) {
            self.roll_back()?;
            reading = self.transfer()?.read();
        }
        let step = self.step;
        let mut reading = reading.map_err(|error| error.at_step(step))?;
        reading.picture = self.shown(reading.picture);
        if reading.picture.dimensions() != (width, height) {
            reading.picture = resize(&reading.picture, width, height, Filter::Lanczos);
        }
        let (settled, kept) = (self.modulated.settled_colours(), self.modulated.kept_colours());
        let mut shown = None;
        if settled > 0.0 {
            shown = self.settled(&reading.picture, settled);
        }
        if kept > 0.0 {
            let painted = shown.as_ref().unwrap_or(&reading.picture);
            shown = Some(with_colours_of(painted, &self.content_shown(), kept));
        }
        if let Some(shown) = shown {
            reading.plain = Some(std::mem::replace(&mut reading.picture, shown));
        }
        if let Some(frozen) = &self.frozen {
            self.masks.paste(&mut reading.picture, &frozen.shown);
            if let Some(plain) = &mut reading.plain {
                self.masks.paste(plain, &frozen.plain);
            }
        }
        Ok(Reading { step: self.step, place: self.place(), ..reading })
    }

    /// Wait until the device is idle.
    ///
    /// # Errors
    ///
    /// If the device fails.
    pub fn synchronize(&mut self) -> Result<(), TransferError> {
        self.transfer()?.synchronize()
    }

    /// Analyse a layer at the current picture, in the level's size.
    ///
    /// # Errors
    ///
    /// If a picture is too narrow for the layer, or the device fails.
    pub fn study(&mut self, layer: Layer) -> Result<LayerStudy, TransferError> {
        self.transfer()?.study(layer)
    }

    /// Time each convolution alone, up to the deepest in use, at this level.
    pub fn time_layers(&self) -> Vec<LayerTime> {
        self.transfer.as_ref().map_or_else(Vec::new, StyleTransfer::time_layers)
    }

    /// The network, for other work while the run rests.
    pub fn network_mut(&mut self) -> Option<&mut Network> {
        self.transfer.as_mut().map(StyleTransfer::network_mut)
    }

    /// End the run and return the network for the next.
    pub fn into_network(self) -> Option<Network> {
        self.transfer.map(StyleTransfer::into_network)
    }
}
