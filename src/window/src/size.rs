//! The painting's size: which one was chosen by measuring and why, a larger one, and which cannot be painted.

use egui::Context;

use super::{
    ImpastoApp,
    action::{Act, Action},
    widgets,
};
use impasto_core::{
    settings::{Settings, SettingsError},
    transfer::{KernelSet, flops_of_climb, flops_per_step, memory_bytes},
};
use impasto_engine::session::{self, RunState, Start};
use impasto_network::compute::DeviceKind;

/// Steps of a run, and seconds that they took unless it rests, from which on their speed counts.
const SPEED_STEPS: u32 = 20;
const SPEED_SECONDS: f64 = 3.0;

/// Seconds from which on a climb takes so much longer than was measured that a smaller size is offered.
const SLOW_CLIMB: f64 = 180.0;

/// Sets the size, in pixels of the longest side.
pub struct SetSize(pub u32);

impl Act for SetSize {
    fn apply(self, app: &mut ImpastoApp, _: &Context) {
        app.settings.size = self.0;
    }
}

impl ImpastoApp {
    /// Everything that is wrong with the settings, also for the device that paints. A size of the run in hand
    /// is not asked about again.
    pub(super) fn settings_problems(&self) -> Vec<SettingsError> {
        let mut problems = self.settings.problems();
        let shapes = ["size", "style-scale"];
        if !problems.iter().any(|problem| shapes.contains(&problem.setting.as_str())) {
            problems.extend(self.size_problem(&self.settings));
        }
        problems
    }

    /// Why no run of this size can begin, if the size is not that of the run in hand.
    fn size_problem(&self, settings: &Settings) -> Option<SettingsError> {
        let given = self.run.given.as_ref().filter(|given| given.settings.size != settings.size)?;
        let inputs = self.inputs().unwrap_or_else(|| given.inputs.clone());
        let error = session::check_size(self.device_kind(), &inputs, settings).err()?;
        let message = format!("{} px cannot be painted: {error}", settings.size);
        Some(SettingsError { setting: "size".into(), message })
    }

    fn device_kind(&self) -> DeviceKind {
        self.run.info.as_ref().map_or(DeviceKind::Cpu, |info| info.device.kind)
    }

    /// Memory in bytes that a run with these settings would take; the kernels are those of the last run's
    /// device.
    pub(super) fn memory_estimate(&self, settings: &Settings) -> Option<u64> {
        let shapes = self.inputs()?.shapes(settings);
        let kernels = match self.device_kind() {
            DeviceKind::Cpu => KernelSet::Cpu,
            _ => KernelSet::Adapter,
        };
        Some(memory_bytes(&shapes, settings, kernels))
    }

    /// Floating-point operations per second of the last steps; `None` before there were enough of them.
    fn speed(&self) -> Option<f64> {
        let rests = self.run.state == RunState::Finished;
        let progress = self.run.progress.as_ref().filter(|progress| {
            progress.step >= SPEED_STEPS
                && (progress.elapsed >= SPEED_SECONDS || rests)
                && progress.seconds_per_step > 0.0
        })?;
        let flops = flops_per_step(progress.place.width, progress.place.height, &self.settings);
        Some(flops / progress.seconds_per_step).filter(|speed| *speed > 0.0)
    }

    /// Seconds that a run with these settings would take on its way through the sizes.
    fn seconds_of_climb(&self, settings: &Settings) -> Option<f64> {
        Some(flops_of_climb(&self.inputs()?, settings) / self.speed()?)
    }

    /// What painting at a size means: pixels, memory and time, as far as they are known.
    pub(super) fn size_facts(&self, size: u32) -> String {
        let settings = Settings { size, ..self.settings.clone() };
        let memory = self.memory_estimate(&settings).map(widgets::bytes);
        let time = self.seconds_of_climb(&settings).map(|seconds| format!("about {}", duration(seconds)));
        let facts = [Some(format!("{size} px")), memory, time];
        facts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }

    /// The button that leads to a larger size, if there is one that can be painted.
    fn larger_button(&self) -> Option<(String, Action)> {
        let size = session::larger_size(self.settings.size)?;
        let settings = Settings { size, ..self.settings.clone() };
        if self.size_problem(&settings).is_some() {
            return None;
        }
        let time = self.seconds_of_climb(&settings).map(duration);
        let time = time.map_or_else(String::new, |time| format!(", about {time}"));
        Some((format!("Larger: {size} px{time}"), SetSize(size).into()))
    }

    /// The worker has chosen a size by measuring: it is shown with its reason, and is no entry of the
    /// history.
    pub(super) fn size_was_chosen(&mut self, size: u32, step_seconds: Option<f64>) {
        self.undo.size_was_chosen(self.paintings.current(), self.settings.size, size);
        self.settings.size = size;
        self.next.measured_size = Some(size);
        let reason = step_seconds.map(|seconds| format!(": a step takes {} s here", widgets::rough(seconds)));
        let text = format!("{size} px{}.", reason.unwrap_or_default());
        let larger = self.larger_button().into_iter().collect();
        self.messages.toasts.add_with(text, larger);
    }

    /// Offer the size that the steps turn out to be quick enough for, once for each size that was measured.
    /// It is not taken unasked: what slows a computer down passes, and a smaller size loses detail.
    fn offer_smaller(&mut self, aim: u32, seconds: f64) {
        let size = self.settings.size;
        if seconds < SLOW_CLIMB || !session::is_worthwhile(size, aim) || self.next.told_slow == Some(size) {
            return;
        }
        self.next.told_slow = Some(size);
        let smaller = Settings { size: aim, ..self.settings.clone() };
        let time = self.seconds_of_climb(&smaller).map(|seconds| format!(", about {}", duration(seconds)));
        let button = (format!("Smaller: {aim} px{}", time.unwrap_or_default()), SetSize(aim).into());
        let text = format!("At {size} px all steps take about {} at present.", duration(seconds));
        self.messages.toasts.add_with(text, vec![button]);
    }

    /// Go on at a larger size where the steps turn out quicker than was measured before the first one, as
    /// long as nobody has chosen a size.
    pub(super) fn follow_speed(&mut self, ctx: &Context) {
        let size = self.settings.size;
        let measured = self.next.measured_size == Some(size) && self.endless();
        let rests = self.run.state == RunState::Finished;
        let paints = self.run.state == RunState::Running && self.run.playing;
        let given = self.run.given.as_ref().is_some_and(|given| given.settings.size == size);
        let busy = self.is_dragging(ctx) || self.still_opening() || self.view.film.view().is_some();
        if !(measured && given && (paints || rests)) || busy || !self.problems.is_empty() {
            return;
        }
        let Some((inputs, speed)) = self.inputs().zip(self.speed()) else { return };
        let seconds = |settings: &Settings| flops_of_climb(&inputs, settings) / speed;
        let fits = |settings: &Settings| self.size_problem(settings).is_none();
        let aim = session::aim_size(&inputs, &self.settings, seconds, fits);
        if !session::is_worthwhile(aim, size) {
            if paints {
                self.offer_smaller(aim, seconds(&self.settings));
            }
            return;
        }
        let settings = Settings { size: aim, ..self.settings.clone() };
        let (width, height) = inputs.shapes(&settings).content;
        let step = flops_per_step(width, height, &settings) / speed;
        self.size_was_chosen(aim, Some(step));
        self.start_run(Start::Current, false);
    }
}

/// A time as people say it.
fn duration(seconds: f64) -> String {
    match seconds {
        ..55.0 => format!("{} s", (seconds / 5.0).ceil().max(1.0) * 5.0),
        55.0..5400.0 => format!("{:.0} min", (seconds / 60.0).max(1.0)),
        _ => format!("{:.1} h", seconds / 3600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_as_people_say_them() {
        for (seconds, text) in
            [(0.0, "5 s"), (12.0, "15 s"), (58.0, "1 min"), (840.0, "14 min"), (9000.0, "2.5 h")]
        {
            assert_eq!(duration(seconds), text);
        }
    }
}
