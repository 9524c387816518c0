//! What computes.

use egui::Ui;

use super::combo;
use crate::{
    ImpastoApp,
    widgets::{self, row},
};
use impasto_core::settings::DeviceChoice;

impl ImpastoApp {
    pub(super) fn device_row(&mut self, ui: &mut Ui) {
        let tooltip = "What computes. Changing it starts anew from the current picture.";
        row(ui, "Device", tooltip, |ui| {
            let chosen = &mut self.settings.device;
            let text = match chosen {
                DeviceChoice::Auto => "Automatic".to_owned(),
                DeviceChoice::Cpu => "CPU".to_owned(),
                DeviceChoice::Gpu => "GPU".to_owned(),
                DeviceChoice::Software => "Software driver".to_owned(),
                DeviceChoice::Named(name) => name.clone(),
            };
            combo(ui, "Device", tooltip, widgets::shorten(&text, 24), |ui| {
                for (choice, text, tooltip) in [
                    (DeviceChoice::Auto, "Automatic", "A GPU that passes its self-check, otherwise the CPU"),
                    (DeviceChoice::Cpu, "CPU", "The processor, on every machine"),
                    (
                        DeviceChoice::Gpu,
                        "GPU",
                        "The most capable graphics processor; fails where there is none",
                    ),
                    (
                        DeviceChoice::Software,
                        "Software driver",
                        "A graphics driver that computes on the CPU: slow, for tests",
                    ),
                ] {
                    ui.selectable_value(chosen, choice, text).on_hover_text(tooltip);
                }
                ui.separator();
                match &self.worker.devices {
                    None => {
                        ui.label(widgets::weak(ui, "Looking for devices…"));
                    }
                    Some(devices) => {
                        for device in devices {
                            let text = format!(
                                "{} · {} · {}",
                                widgets::shorten(&device.name, 36),
                                device.kind.label(),
                                device.backend
                            );
                            ui.selectable_value(chosen, DeviceChoice::Named(device.name.clone()), text)
                                .on_hover_text(format!("{}\n{}", device.driver, device.reason));
                        }
                    }
                }
            });
        });
    }
}
