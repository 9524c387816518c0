//! The right panel: every setting of a run.

use egui::{ComboBox, Label, Ui};

use super::{
    ImpastoApp,
    command::Command,
    icons::Icon,
    layers,
    tasks::Purpose,
    theme::{Palette, ROW, space},
    widgets::{self, Entry, Fader, row, row_error, section},
};
use crate::{
    session::RunState,
    settings::{
        DeviceChoice, Init, MAX_SIZE, MIN_SIZE, Objective, Padding, Preset, Rgb, Settings, Statistic,
    },
};

const SIZES: [u32; 10] = [128, 160, 192, 256, 320, 384, 512, 640, 768, 1024];

impl ImpastoApp {
    pub(super) fn controls_ui(&mut self, ui: &mut Ui) {
        egui::ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.add_space(-space::XS);
            section(ui, "Picture");
            self.preset_row(ui);
            self.objective_row(ui);
            self.size_row(ui);
            self.pyramid_row(ui);
            self.steps_rows(ui);
            self.device_row(ui);

            section(ui, "Balance");
            let usual = Settings::for_objective(self.settings.objective);
            self.balance_rows(ui, &usual);
            for remark in self.settings.remarks() {
                ui.add(Label::new(widgets::weak(ui, widgets::sentence(&remark))).wrap());
            }

            let problem = self.problem.clone();
            let error = |setting: &str| {
                problem.as_ref().filter(|p| p.setting == setting).map(|p| widgets::sentence(&p.message))
            };
            section(ui, "Style");
            if self.settings.objective == Objective::Balanced {
                self.statistic_row(ui);
            }
            self.tilt_row(ui);
            section(ui, "Colour");
            self.colour_rows(ui);
            layers::show(ui, &layers::STYLE, &mut self.settings.style_layers, &usual.style_layers, &error);
            layers::show(
                ui,
                &layers::CONTENT,
                &mut self.settings.content_layers,
                &usual.content_layers,
                &error,
            );

            ui.add_space(space::M);
            egui::CollapsingHeader::new("Advanced").show_unindented(ui, |ui| self.advanced(ui, &usual));
            ui.add_space(space::L);
        });
    }

    /// What is wrong with a setting, if it is this one.
    pub(super) fn error_of(&self, ui: &mut Ui, setting: &str, label: &str) {
        if let Some(problem) = self.problem.as_ref().filter(|problem| problem.setting == setting) {
            row_error(ui, &format!("{label} {}", problem.message));
        }
    }

    fn preset_row(&mut self, ui: &mut Ui) {
        let tooltip = "A mix to begin with: sets the objective, the weights, the statistic and the optimizer, and leaves size and device alone. What was set before can be brought back.";
        row(ui, "Preset", tooltip, |ui| {
            let chosen = Preset::ALL.into_iter().find(|preset| preset.apply(&self.settings) == self.settings);
            let text = chosen.map_or("Own mix", Preset::name).to_owned();
            let mut wanted = None;
            combo(ui, "Preset", tooltip, text, |ui| {
                for preset in Preset::ALL {
                    let label = ui.selectable_label(chosen == Some(preset), preset.name());
                    if label.on_hover_text(preset.tooltip()).clicked() {
                        wanted = Some(preset);
                    }
                }
                if let Some(before) = &self.before_preset {
                    ui.separator();
                    let text = "Back to the mix before";
                    if ui.selectable_label(false, text).on_hover_text("As it was before the preset").clicked()
                    {
                        let now = self.settings.clone();
                        // The mix comes back, not where and how large it was painted.
                        self.settings = Settings {
                            size: now.size,
                            device: now.device,
                            weights: now.weights,
                            background: now.background,
                            low_memory: now.low_memory,
                            seed: now.seed,
                            preview_every: now.preview_every,
                            ..(**before).clone()
                        };
                    }
                }
            });
            if let Some(preset) = wanted {
                let mix = preset.apply(&self.settings);
                let before = std::mem::replace(&mut self.settings, mix);
                // From preset to preset, the person's own mix is what is worth bringing back.
                if chosen.is_none() || self.before_preset.is_none() {
                    self.before_preset = Some(Box::new(before));
                }
            }
        });
    }

    /// Tilts the style layers' weights: a step each time, so that single faders stay what they are.
    fn tilt_row(&mut self, ui: &mut Ui) {
        let tooltip = "Tilts the style layers' weights towards fine grain or towards large strokes, each times e to the power of its depth; their sum stays";
        row(ui, "Strokes", tooltip, |ui| {
            for (text, name, tilt) in [("Finer", "Finer strokes", -0.1), ("Larger", "Larger strokes", 0.1)] {
                let button = ui.add(egui::Button::new(text).min_size(egui::vec2(64.0, ROW)));
                if button.accessible_name(name).on_hover_text(tooltip).clicked() {
                    self.settings.style_layers = self.settings.style_layers.tilted(tilt);
                }
            }
        });
    }

    fn objective_row(&mut self, ui: &mut Ui) {
        let tooltip = "The formulas that are minimised. Choosing one sets α, β, the layers and the optimizer to its usual values.";
        row(ui, "Objective", tooltip, |ui| {
            let mut chosen = self.settings.objective;
            combo(ui, "Objective", tooltip, widgets::capital(&chosen.to_string()), |ui| {
                for &objective in Objective::ALL {
                    let text = match objective {
                        Objective::Balanced => "Balanced: the sliders mean the same at every size",
                        Objective::Paper => "Paper: Gatys, Ecker and Bethge 2016",
                        Objective::Classic => "Classic: the PyTorch tutorial, at most 400 px",
                    };
                    ui.selectable_value(&mut chosen, objective, text);
                }
            });
            if chosen != self.settings.objective {
                self.settings.set_objective(chosen);
            }
        });
    }

    fn colour_rows(&mut self, ui: &mut Ui) {
        let fader = |ui: &mut Ui, label: &str, name: &str, tooltip: &str, value: &mut f64| {
            row(ui, label, tooltip, |ui| {
                Fader { name, tooltip, max: 1.0, min_positive: 0.0, usual: 0.0 }.show(ui, value, 0.0);
            });
        };
        let tooltip = "How much of the content's colours is kept, 0 to 1: the painting's light with the content's chroma. It is done to the finished picture and can be moved at any time.";
        fader(ui, "Keep", "Keep the content's colours", tooltip, &mut self.settings.keep_colours);
        self.error_of(ui, "keep-colours", "Keep");
        let tooltip = "How much of the content's colours the styles get before painting, 0 to 1: their mean and covariance. Changing it repaints from the current picture.";
        fader(
            ui,
            "Match",
            "Match the styles to the content's colours",
            tooltip,
            &mut self.settings.match_colours,
        );
        self.error_of(ui, "match-colours", "Match");
    }

    fn statistic_row(&mut self, ui: &mut Ui) {
        let tooltip = "What of the style pictures is matched, layer by layer. It can be changed at any time.";
        row(ui, "Statistic", tooltip, |ui| {
            let chosen = &mut self.settings.statistic;
            combo(ui, "Style statistic", tooltip, widgets::capital(&chosen.to_string()), |ui| {
                for (statistic, text) in [
                    (Statistic::Gram, "Gram: which features go together (Gatys et al.)"),
                    (Statistic::Moments, "Moments: the Gram matrix, mean and deviation; steadier colours"),
                    (
                        Statistic::Wasserstein,
                        "Wasserstein: mean and covariance; the most faithful strokes, slower",
                    ),
                ] {
                    ui.selectable_value(chosen, statistic, text);
                }
            });
        });
    }

    fn size_row(&mut self, ui: &mut Ui) {
        let tooltip = format!(
            "Longest side of the painted picture, {MIN_SIZE} to {MAX_SIZE} pixels. Changing it starts anew from the current picture."
        );
        row(ui, "Size", &tooltip, |ui| {
            let mut size = f64::from(self.settings.size);
            let drag = f64::from(MIN_SIZE)..=f64::from(MAX_SIZE);
            Entry { name: "Size", tooltip: &tooltip, drag, suffix: " px", whole: true, width: 84.0 }
                .show(ui, &mut size);
            self.settings.size = size as u32;
            combo(
                ui,
                "Size presets",
                "Usual sizes, in pixels of the longest side",
                "Sizes".to_owned(),
                |ui| {
                    for preset in SIZES {
                        ui.selectable_value(&mut self.settings.size, preset, format!("{preset} px"));
                    }
                },
            );
        });
        self.error_of(ui, "size", "Size");
    }

    fn pyramid_row(&mut self, ui: &mut Ui) {
        let tooltip = "Paints through sizes from about 128 pixels to the full one: large strokes first, and most steps where they are quick";
        row(ui, "Pyramid", tooltip, |ui| {
            widgets::checkbox(ui, "Pyramid", tooltip, &mut self.settings.pyramid);
            let place = self.run.place();
            if !self.settings.pyramid || place.levels < 2 {
                return;
            }
            ui.spacing_mut().item_spacing.x = space::XS;
            let ctx = ui.ctx().clone();
            let alive = self.run.alive();
            let mut wanted = None;
            let mut button = |ui: &mut Ui, command: Command, enabled: bool| {
                let hint = command.hint(&ctx);
                if widgets::icon_button(ui, command.icon(), command.text(), &hint, enabled).clicked() {
                    wanted = Some(command);
                }
            };
            button(ui, Command::Drop, alive && place.level > 0);
            button(ui, Command::Climb, alive && place.level + 1 < place.levels);
            let hint = Command::Hold.hint(&ctx);
            let name = Command::Hold.text();
            if widgets::icon_toggle(ui, Icon::Hold, name, &hint, place.held).clicked() {
                wanted = Some(Command::Hold);
            }
            let size = place.width.max(place.height);
            ui.label(widgets::weak(ui, format!("{size} px, {} of {}", place.level + 1, place.levels)))
                .on_hover_text("The size that is painted now, and which of the pyramid's sizes it is");
            if let Some(command) = wanted {
                self.run_command(&ctx, command);
            }
        });
    }

    fn steps_rows(&mut self, ui: &mut Ui) {
        let tooltip = "Number of steps to paint, 1 and more. It can be raised at any time.";
        row(ui, "Steps", tooltip, |ui| {
            let mut steps = f64::from(self.settings.steps);
            Entry { name: "Steps", tooltip, drag: 1.0..=1e6, suffix: "", whole: true, width: 84.0 }
                .show(ui, &mut steps);
            self.settings.steps = steps as u32;
        });
        self.error_of(ui, "steps", "Steps");
        let tooltip = "Steps between two pictures here; 0 chooses by itself. Showing fewer pictures paints a little faster.";
        row(ui, "Show every", tooltip, |ui| {
            let mut every = f64::from(self.settings.preview_every);
            Entry {
                name: "Preview interval",
                tooltip,
                drag: 0.0..=1000.0,
                suffix: "",
                whole: true,
                width: 84.0,
            }
            .show(ui, &mut every);
            self.settings.preview_every = every as u32;
            let text = match self.settings.preview_every {
                0 => "automatic",
                1 => "step",
                _ => "steps",
            };
            ui.label(widgets::weak(ui, text));
        });
    }

    fn device_row(&mut self, ui: &mut Ui) {
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
                match &self.devices {
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

    fn balance_rows(&mut self, ui: &mut Ui, usual: &Settings) {
        let fader = |ui: &mut Ui, label, name, tooltip, usual: f64, value: &mut f64| {
            row(ui, label, tooltip, |ui| {
                Fader { name, tooltip, max: usual * 100.0, min_positive: usual * 1e-3, usual }
                    .show(ui, value, 0.0);
            });
        };
        let tooltip = "α: weight of the content term. More keeps the shapes of the content.";
        fader(
            ui,
            "Content α",
            "Content weight α",
            tooltip,
            usual.content_weight,
            &mut self.settings.content_weight,
        );
        self.error_of(ui, "content-weight", "The content weight");
        let tooltip = "β: weight of the style term. More takes the strokes and colours of the style.";
        fader(ui, "Style β", "Style weight β", tooltip, usual.style_weight, &mut self.settings.style_weight);
        self.error_of(ui, "style-weight", "The style weight");
        if let Some(problem) = self.problem.as_ref().filter(|problem| problem.setting == "weights") {
            row_error(ui, &widgets::sentence(&problem.message));
        }
        let tooltip =
            "Learning rate: about the largest move of a pixel in one step, where 1 is the whole range.";
        row(ui, "Step size", tooltip, |ui| {
            let usual = usual.learning_rate;
            Fader { name: "Learning rate", tooltip, max: 1.0, min_positive: 1e-4, usual }.show(
                ui,
                &mut self.settings.learning_rate,
                0.0,
            );
        });
        self.error_of(ui, "lr", "The learning rate");
    }

    fn advanced(&mut self, ui: &mut Ui, usual: &Settings) {
        ui.add_space(space::XS);
        let tooltip = "Weight of the smoothness term (total variation). More removes grain.";
        row(ui, "Smoothness", tooltip, |ui| {
            Fader {
                name: "Smoothness",
                tooltip,
                max: 100.0,
                min_positive: 1e-3,
                usual: usual.smoothness_weight,
            }
            .show(ui, &mut self.settings.smoothness_weight, 0.0);
        });
        self.error_of(ui, "smoothness-weight", "The smoothness");
        let entry = |ui: &mut Ui, label, name, tooltip, drag, value: &mut f64| {
            row(ui, label, tooltip, |ui| {
                Entry { name, tooltip, drag, suffix: "", whole: false, width: 84.0 }.show(ui, value);
            });
        };
        let tooltip =
            "Size of the style pictures relative to the painting, 0.05 to 20. Smaller gives finer strokes.";
        entry(ui, "Style scale", "Style scale", tooltip, 0.05..=20.0, &mut self.settings.style_scale);
        self.error_of(ui, "style-scale", "The style scale");
        let tooltip = "Decay of the iterates' mean, which is what is shown and saved: 0.99 takes the optimizer's noise out, 0 shows the iterate itself";
        entry(ui, "Averaging", "Averaging", tooltip, 0.0..=0.999, &mut self.settings.averaging);
        self.error_of(ui, "averaging", "The averaging");
        let tooltip = "Adam's decay of the gradient's mean, 0 to below 1";
        entry(ui, "Adam β1", "Adam β1", tooltip, 0.0..=0.9999, &mut self.settings.beta1);
        self.error_of(ui, "beta1", "β1");
        let tooltip = "Adam's decay of the gradient's square, 0 to below 1";
        entry(ui, "Adam β2", "Adam β2", tooltip, 0.0..=0.9999, &mut self.settings.beta2);
        self.error_of(ui, "beta2", "β2");
        let tooltip = "Adam's term against division by zero, above 0";
        entry(ui, "Adam ε", "Adam ε", tooltip, 1e-12..=1.0, &mut self.settings.epsilon);
        self.error_of(ui, "epsilon", "ε");

        self.init_row(ui);
        let tooltip = "Seed of the noise, a whole number. The same seed gives the same noise.";
        row(ui, "Seed", tooltip, |ui| {
            let mut seed = self.settings.seed as f64;
            let drag = 0.0..=9e15;
            Entry { name: "Seed", tooltip, drag, suffix: "", whole: true, width: 84.0 }.show(ui, &mut seed);
            if seed != self.settings.seed as f64 {
                self.settings.seed = seed.max(0.0) as u64;
            }
        });
        let tooltip = "Colour behind transparent pictures";
        row(ui, "Background", tooltip, |ui| {
            colour(ui, "Background colour", tooltip, &mut self.settings.background)
        });
        let tooltip = "What the network sees outside of a picture: its edge going on, which keeps the frame clean, or 0, as in the papers";
        row(ui, "Padding", tooltip, |ui| {
            let chosen = &mut self.settings.padding;
            combo(ui, "Padding", tooltip, widgets::capital(&chosen.to_string()), |ui| {
                for &padding in Padding::ALL {
                    ui.selectable_value(chosen, padding, widgets::capital(&padding.to_string()));
                }
            });
        });
        let tooltip =
            "Hold as little memory as possible. A step takes about 60 % longer; the picture is the same.";
        row(ui, "Low memory", tooltip, |ui| {
            widgets::checkbox(ui, "Low memory", tooltip, &mut self.settings.low_memory);
        });
        self.weights_row(ui);
    }

    fn init_row(&mut self, ui: &mut Ui) {
        let tooltip = "What painting begins with. It counts at the next restart.";
        row(ui, "Begin with", tooltip, |ui| {
            let init = &mut self.settings.init;
            let text = match init {
                Init::Content => "Content".to_owned(),
                Init::Noise => "Noise".to_owned(),
                Init::Blank(_) => "One colour".to_owned(),
                Init::Style => "Style".to_owned(),
                Init::File(path) => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            };
            let mut pick = false;
            combo(ui, "Initial image", tooltip, widgets::shorten(&text, 20), |ui| {
                ui.selectable_value(init, Init::Content, "Content");
                ui.selectable_value(init, Init::Noise, "Noise");
                let blank = matches!(init, Init::Blank(_));
                if ui.selectable_label(blank, "One colour").clicked() && !blank {
                    *init = Init::Blank(Rgb::GREY);
                }
                ui.selectable_value(init, Init::Style, "Style");
                pick = ui.selectable_label(matches!(init, Init::File(_)), "Picture file…").clicked();
            });
            if let Init::Blank(rgb) = init {
                colour(ui, "Initial colour", "The colour that painting begins with", rgb);
            }
            if pick {
                let answer = self.dialogs.open_pictures("Open the initial picture", false);
                self.await_answer(answer, Purpose::Init);
            }
        });
        let begun = self.run.given.as_ref().is_some_and(|_| self.run.state != RunState::Idle);
        if begun && self.init_at_start.as_ref().is_some_and(|init| *init != self.settings.init) {
            ui.label(widgets::weak(ui, "Counts at the next restart."));
        }
    }

    fn weights_row(&mut self, ui: &mut Ui) {
        let tooltip = "VGG-19 weights: the bundled ones, or a safetensors or PyTorch file. Changing them starts anew from the current picture.";
        row(ui, "Weights", tooltip, |ui| {
            let text = match &self.settings.weights {
                None => "Bundled".to_owned(),
                Some(path) => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            };
            let mut pick = false;
            combo(ui, "Weights file", tooltip, widgets::shorten(&text, 24), |ui| {
                ui.selectable_value(&mut self.settings.weights, None, "Bundled");
                pick = ui.selectable_label(self.settings.weights.is_some(), "Choose a file…").clicked();
            });
            if pick {
                let answer = self.dialogs.open_weights();
                self.await_answer(answer, Purpose::Weights);
            }
        });
        if let Some(info) = &self.run.info {
            let sha = &info.weights.sha256;
            let text = widgets::weak(ui, format!("SHA-256 {}", widgets::shorten(sha, 24)));
            ui.add(Label::new(text).truncate())
                .on_hover_text(format!("{}\nSHA-256 {sha}", info.weights.source));
        }
    }
}

/// A choice from a list that fills the rest of its row.
fn combo(ui: &mut Ui, name: &str, tooltip: &str, text: String, content: impl FnOnce(&mut Ui)) {
    let response = ComboBox::from_id_salt(name)
        .selected_text(text)
        .width((ui.available_width() - 1.0).max(80.0))
        .height(420.0)
        .truncate()
        .show_ui(ui, content)
        .response;
    response.accessible_name(name).on_hover_text(tooltip);
}

fn colour(ui: &mut Ui, name: &str, tooltip: &str, Rgb(rgb): &mut Rgb) {
    ui.spacing_mut().interact_size = egui::vec2(44.0, ROW - 4.0);
    ui.color_edit_button_srgb(rgb).accessible_name(name).on_hover_text(tooltip);
    ui.label(widgets::weak(ui, Rgb(*rgb).to_string()));
    // Who compares colours should not have to compare them against a tinted edge.
    ui.visuals_mut().widgets.inactive.bg_stroke = egui::Stroke::new(1.0, Palette::of(ui).line);
}
