//! A whole run: one optimisation after the other through the sizes of a pyramid, each going on where the smaller one was.

use std::sync::Arc;

use burn::tensor::Device as TensorDevice;
use image::RgbImage;

use super::{
    Losses, Place, Reading, TransferError,
    aims::Aims,
    detour::Detour,
    guard::Guard,
    planes::Planes,
    prepare::{Inputs, StyleLook},
    schedule::{Level, Schedule},
    shelf::Shelf,
    study::LayerStudy,
    style_transfer::Change,
    style_transfer::StyleTransfer,
};
use crate::{
    picture::{Filter, resize, with_colours_of},
    settings::{Modulated, Settings, StyleMix},
};
use impasto_network::{
    compute::{LayerTime, Network},
    vgg::{Layer, Weights},
};

/// What a person may ask of the level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LevelOrder {
    /// To the next larger size, now.
    Climb,
    /// Back to the next smaller size.
    Drop,
    /// Stay at this size until told otherwise.
    Hold,
    /// Follow the schedule again.
    Release,
}

/// What a run begins with, and at which level.
#[derive(Clone, Copy, Debug)]
pub enum Begin<'a> {
    /// The settings' initial image, at the smallest level.
    Initial,
    /// A picture that was painted with this longest side, at the level of that size.
    From(&'a RgbImage, u32),
    /// A picture that is to become another, at the smallest level.
    Repaint(&'a RgbImage),
}

/// A picture being painted through the sizes of a pyramid: like [`StyleTransfer`], whose size changes on the way.
///
/// All tensors live on the thread that created it.
pub struct Painting {
    device: TensorDevice,
    weights: Arc<Weights>,
    pub(super) inputs: Inputs,
    pub(super) settings: Settings,
    /// How the styles count, but for what automation makes of it.
    pub(super) mix: Vec<StyleMix>,
    /// The settings as automation has them now; the inputs have the styles' part.
    pub(super) moved: Modulated,
    pub(super) schedule: Schedule,
    pub(super) level: usize,
    /// Follow no schedule.
    pub(super) held: bool,
    /// `None` only while one level takes over from another, and after that failed.
    pub(super) transfer: Option<StyleTransfer>,
    pub(super) step: u32,
    /// The step at which this level was entered.
    pub(super) entered: u32,
    /// Work done, in steps at the final size.
    pub(super) done: f64,
    /// What larger levels had that the smaller ones, to which they were dropped, cannot show; with their sizes, the smallest
    /// last.
    pub(super) details: Vec<(u32, Planes)>,
    /// On a detour to a smaller level, see [`Painting::detour`].
    pub(super) detour: Option<Detour>,
    /// Whether it is finite, and what it goes back to if it is not.
    pub(super) guard: Guard,
    /// Aims of levels that were left.
    shelf: Shelf,
    /// Shape of the final picture, and the content in it.
    shape: (u32, u32),
    content: RgbImage,
}

impl Painting {
    /// Prepares the level that the run begins with.
    ///
    /// # Errors
    ///
    /// When the initial image is needed and missing, or a picture is too narrow for the deepest layer in use.
    ///
    /// # Panics
    ///
    /// When there is no style picture.
    pub fn new(
        device: &TensorDevice,
        weights: Arc<Weights>,
        network: Option<Network>,
        mut inputs: Inputs,
        settings: &Settings,
        begin: Begin<'_>,
    ) -> Result<Self, TransferError> {
        let mix = inputs.mix();
        let (moved, styles) = settings.automated(&mix, 0);
        inputs.set_mix(&styles);
        let schedule = inputs.schedule(settings);
        let (level, current) = match begin {
            Begin::Initial => (schedule.level_at(0, 0), None),
            Begin::Repaint(picture) => (schedule.level_at(0, 0), Some(picture)),
            Begin::From(picture, longest) => (schedule.level_for(longest), Some(picture)),
        };
        let schedule = schedule.shared(level, 0, settings.steps);
        let shape = inputs.shapes(settings).content;
        let content =
            resize(&inputs.content.flattened(Some(settings.background)), shape.0, shape.1, Filter::Lanczos);
        let mut painting = Self {
            device: device.clone(),
            weights,
            inputs,
            settings: settings.clone(),
            mix,
            moved,
            schedule,
            level,
            held: false,
            transfer: None,
            step: 0,
            entered: 0,
            done: 0.0,
            details: Vec::new(),
            detour: None,
            guard: Guard::default(),
            shelf: Shelf::default(),
            shape,
            content,
        };
        let pictures = painting.inputs.pictures(&painting.level_settings(), current)?;
        painting.transfer = Some(StyleTransfer::new(
            device,
            Arc::clone(&painting.weights),
            network,
            &pictures,
            &painting.inputs.shares(),
            painting.level_settings(),
        )?);
        painting.keep_state()?;
        Ok(painting)
    }

    pub(super) fn size(&self) -> Level {
        self.schedule.levels()[self.level]
    }

    /// The settings at this level's size, with a learning rate that the run can bear. Where no style is on, there is no style
    /// to paint in.
    pub(super) fn level_settings(&self) -> Modulated {
        let settings = self.moved.at_size(self.size().size).with_share_of_rate(self.guard.share_of_rate());
        let silent = self.inputs.shares().iter().all(|&share| share == 0.0);
        if silent { settings.without_styles() } else { settings }
    }

    pub(super) fn transfer(&mut self) -> Result<&mut StyleTransfer, TransferError> {
        self.transfer.as_mut().ok_or(TransferError::NoRun)
    }

    /// Ends the level in work, keeping its aims for when it comes again, and gives its network.
    fn leave(&mut self) -> Option<Network> {
        let looks = self.inputs.looks(&self.level_settings());
        let (network, aims) = self.transfer.take()?.into_parts();
        self.shelf.put(self.size().size, looks, aims);
        Some(network)
    }

    /// Begins the level that is set with what its styles and its content are, as its own initial image.
    pub(super) fn enter(&mut self, network: Option<Network>) -> Result<StyleTransfer, TransferError> {
        // The initial image has done its part.
        let settings = self.level_settings().begun();
        let shares = self.inputs.shares();
        let aims = match self.shelf.take(settings.size, &self.inputs.looks(&settings)) {
            Some(mut aims) => {
                aims.blend(&shares, &settings.heard());
                aims
            }
            None => Aims::new(&self.device, &self.inputs.pictures(&settings, None)?, &shares),
        };
        self.shelf.trim(settings.size);
        let initial = aims.content().clone();
        StyleTransfer::toward(Arc::clone(&self.weights), network, aims, initial, &settings)
    }

    /// Goes on at another level, from the picture as it is shown and with the optimizer's moments.
    pub(super) fn go_to(&mut self, level: usize) -> Result<(), TransferError> {
        self.check()?;
        let mut carry = self.transfer()?.carry()?;
        let from = self.size().size;
        let drops = level < self.level;
        let network = self.leave();
        self.level = level;
        self.entered = self.step;
        let mut transfer = self.enter(network)?;
        let (width, height) = transfer.dimensions();
        let mut resized = carry.resized(width, height);
        if drops {
            carry.image.subtract(&resized.image.resized(carry.image.width, carry.image.height));
            self.details.push((from, carry.image));
        } else {
            let size = self.size().size;
            while let Some((_, detail)) = self.details.pop_if(|(detail, _)| *detail <= size) {
                if (detail.width, detail.height) == (width, height) {
                    resized.image.add(&detail);
                }
            }
        }
        transfer.take_over(&resized);
        self.transfer = Some(transfer);
        self.keep_state()
    }

    /// Paints one step, at the next level if this one has had its steps.
    ///
    /// # Errors
    ///
    /// When the device fails, or when the run does not become finite again by going back, see [`Painting::take_notices`].
    pub fn step(&mut self) -> Result<(), TransferError> {
        if self.detour.is_none() && !self.held {
            let due = self.schedule.level_at(self.level, self.step);
            if due > self.level {
                self.go_to(due)?;
            }
        }
        self.advance()?;
        self.check_if_due()
    }

    /// Asks the next step to measure one term's share of the gradient, see [`StyleTransfer::measure`].
    ///
    /// # Errors
    ///
    /// When a level could not take over from another.
    pub fn measure(&mut self) -> Result<(), TransferError> {
        self.transfer()?.measure();
        Ok(())
    }

    /// Does what a person asks of the level.
    ///
    /// # Errors
    ///
    /// When the device fails.
    pub fn order(&mut self, order: LevelOrder) -> Result<(), TransferError> {
        self.end_detour()?;
        match order {
            LevelOrder::Hold => self.held = true,
            LevelOrder::Release => {
                self.held = false;
                self.entered = self.step;
                self.share_steps();
            }
            LevelOrder::Climb if self.level + 1 < self.schedule.levels().len() => {
                self.go_to(self.level + 1)?;
                self.share_steps();
            }
            LevelOrder::Drop if self.level > 0 => {
                self.go_to(self.level - 1)?;
                // Who drops wants to see something change there.
                self.held = true;
            }
            LevelOrder::Climb | LevelOrder::Drop => {}
        }
        Ok(())
    }

    /// Shares the steps that are left by the levels that are still to come.
    pub(super) fn share_steps(&mut self) {
        self.schedule = self.schedule.shared(self.level, self.entered, self.settings.steps);
    }

    /// Takes over changed settings, and of the pictures how the styles count and the palette, see
    /// [`StyleTransfer::update`]. Of styles whose scale or colours have changed the statistics are computed anew. The
    /// content and the styles stay the run's own.
    ///
    /// # Errors
    ///
    /// When a layer that was added is too deep for the pictures, or the palette is missing; what was before stays in force.
    pub fn update(&mut self, settings: &Settings, inputs: &Inputs) -> Result<(), TransferError> {
        inputs.check_palette(settings)?;
        let size = self.size().size;
        let mut as_set = self.inputs.clone();
        as_set.set_mix(&self.mix);
        let acts = !as_set.counts_like(inputs) || !acts_alike(&self.settings, settings);
        if acts {
            self.check()?;
        }
        let halvings = self.guard.halvings;
        if settings.learning_rate != self.settings.learning_rate {
            // It is the user's turn again.
            self.guard.halvings = 0;
        }
        let before = (self.inputs.clone(), self.settings.clone(), self.mix.clone(), self.moved.clone());
        let looks = self.inputs.looks(&self.level_settings());
        self.inputs.palette.clone_from(&inputs.palette);
        if inputs.styles.len() == self.mix.len() {
            self.mix = inputs.mix();
        }
        self.settings =
            Settings { size: self.settings.size, pyramid: self.settings.pyramid, ..settings.clone() };
        self.place_knobs(self.step);
        if let Err(error) = self.follow(&looks, Change::Sudden) {
            (self.inputs, self.settings, self.mix, self.moved) = before;
            self.guard.halvings = halvings;
            return Err(error);
        }
        // A deeper layer may forbid the smallest sizes; where the run is now stays.
        let schedule = self.inputs.schedule(&self.settings);
        if let Some(level) = schedule.levels().iter().position(|level| level.size == size) {
            self.level = level;
            self.schedule = schedule;
        }
        self.share_steps();
        if acts { self.keep_state() } else { Ok(()) }
    }

    /// Brings the level up to the settings and the styles as they are now; the styles looked like `before`.
    pub(super) fn follow(&mut self, before: &[StyleLook], change: Change) -> Result<(), TransferError> {
        let (settings, shares) = (self.level_settings(), self.inputs.shares());
        self.transfer()?.change(&settings, &shares, change)?;
        let looks = self.inputs.looks(&settings);
        let changed: Vec<usize> = (0..looks.len()).filter(|&index| looks[index] != before[index]).collect();
        if changed.is_empty() {
            return Ok(());
        }
        let content = self.inputs.content_image(&settings);
        let images = self.inputs.style_images(&changed, &looks, &settings, &content);
        let replaced: Vec<(usize, RgbImage)> = changed.into_iter().zip(images).collect();
        self.transfer()?.replace_styles(&replaced)
    }

    /// The settings in force, in the final size, as a person has set them.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What the run is painted from.
    pub fn inputs(&self) -> &Inputs {
        &self.inputs
    }

    /// Bytes of [`Painting::checkpoint`], but for a few.
    pub fn state_bytes(&self) -> u64 {
        let details: usize = self.details.iter().map(|(_, planes)| 4 * planes.values.len()).sum();
        self.transfer.as_ref().map_or(0, StyleTransfer::state_bytes) + details as u64
    }

    /// Steps painted so far.
    pub fn steps(&self) -> u32 {
        self.step
    }

    /// Width and height of the final picture.
    pub fn dimensions(&self) -> (u32, u32) {
        self.shape
    }

    /// Where the run is in its pyramid.
    pub fn place(&self) -> Place {
        let (width, height) = self.transfer.as_ref().map_or((0, 0), StyleTransfer::dimensions);
        let cost = self.schedule.cost(self.level);
        let ends: Vec<f64> = match (self.left_on_detour(), self.held) {
            (Some(left), _) => vec![left],
            (None, true) => vec![f64::from(self.settings.steps.saturating_sub(self.step))],
            (None, false) => {
                self.schedule.work_left(self.level, self.step).iter().map(|work| work / cost).collect()
            }
        };
        Place {
            level: self.level,
            levels: self.schedule.levels().len(),
            width,
            height,
            held: self.held,
            done: self.done / cost,
            left: ends.last().copied().unwrap_or(0.0),
            ends,
        }
    }

    /// Whether the objective has stopped falling at the final size, see [`StyleTransfer::converged`].
    pub fn converged(&self) -> bool {
        self.level + 1 == self.schedule.levels().len()
            && self.detour.is_none()
            && self.transfer.as_ref().is_some_and(StyleTransfer::converged)
    }

    /// Losses of the last step, see [`StyleTransfer::losses`].
    ///
    /// # Errors
    ///
    /// When the device fails or a loss stays non-finite, see [`Painting::take_notices`].
    pub fn losses(&mut self) -> Result<Option<Losses>, TransferError> {
        let mut losses = self.transfer()?.losses();
        if matches!(losses, Err(TransferError::NotFinite { .. })) {
            self.retreat()?;
            losses = self.transfer()?.losses();
        }
        let step = self.step;
        losses.map_err(|error| error.at_step(step))
    }

    /// Waits for the device and reads the picture, in the final shape, and the last step's losses.
    ///
    /// # Errors
    ///
    /// When the device fails, or the picture or a loss stays non-finite, see [`Painting::take_notices`].
    pub fn read(&mut self) -> Result<Reading, TransferError> {
        let (width, height) = self.shape;
        let mut reading = self.transfer()?.read();
        if matches!(reading, Err(TransferError::NotFinite { .. })) {
            self.retreat()?;
            reading = self.transfer()?.read();
        }
        let step = self.step;
        let mut reading = reading.map_err(|error| error.at_step(step))?;
        reading.picture = self.shown(reading.picture);
        if reading.picture.dimensions() != (width, height) {
            reading.picture = resize(&reading.picture, width, height, Filter::Lanczos);
        }
        let kept = self.moved.kept_colours();
        if kept > 0.0 {
            let shown = with_colours_of(&reading.picture, &self.content, kept);
            reading.plain = Some(std::mem::replace(&mut reading.picture, shown));
        }
        Ok(Reading { step: self.step, place: self.place(), ..reading })
    }

    /// Waits until the device has done everything it was given.
    ///
    /// # Errors
    ///
    /// When the device fails.
    pub fn synchronize(&mut self) -> Result<(), TransferError> {
        self.transfer()?.synchronize()
    }

    /// Looks into a layer at the picture as it is, in the level's size.
    ///
    /// # Errors
    ///
    /// When a picture is too narrow for the layer, or the device fails.
    pub fn study(&mut self, layer: Layer) -> Result<LayerStudy, TransferError> {
        self.transfer()?.study(layer)
    }

    /// Times each convolution up to the deepest in use alone, at this level.
    pub fn time_layers(&self) -> Vec<LayerTime> {
        self.transfer.as_ref().map_or_else(Vec::new, StyleTransfer::time_layers)
    }

    /// The network, for something else while the run rests.
    pub fn network_mut(&mut self) -> Option<&mut Network> {
        self.transfer.as_mut().map(StyleTransfer::network_mut)
    }

    /// Ends the run and gives the network back for the next.
    pub fn into_network(self) -> Option<Network> {
        self.transfer.map(StyleTransfer::into_network)
    }
}

/// Whether two settings paint alike until further notice: how often a preview is wanted, for one, is none of painting's.
fn acts_alike(a: &Settings, b: &Settings) -> bool {
    let Settings { preview_every, follow_drags, size, pyramid, .. } = *b;
    Settings { preview_every, follow_drags, size, pyramid, ..a.clone() } == *b
}
