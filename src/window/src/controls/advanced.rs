//! What is seldom changed: terms without a strip in the mixer, the optimizer, the initial image, the network.

use egui::{Label, Ui};

use super::{colour_button, combo, numbers::Words};
use crate::{
    ImpastoApp,
    dialogs::Ask,
    entry::Entry,
    theme::space,
    widgets::{self, row},
};
use impasto_core::settings::{
    GlobalTerm, Init, MAX_BASES, Padding, Pooling, Precision, Rgb, Settings, Smoothness, TermInfo,
    Transparency,
};
use impasto_engine::session::RunState;

impl ImpastoApp {
    pub(super) fn advanced(&mut self, ui: &mut Ui, defaults: &Settings) {
        ui.add_space(space::XS);
        let tooltip = "What smoothness compares a pixel with: its four neighbours, or those at its corners too (a nine-point stencil), so that grain goes in all directions alike";
        row(ui, "Neighbours", tooltip, |ui| {
            let chosen = &mut self.settings.smoothness;
            let name = |smoothness: Smoothness| match smoothness {
                Smoothness::Four => "Four",
                Smoothness::Nine => "Nine",
            };
            combo(ui, "Neighbours", tooltip, name(*chosen).to_owned(), |ui| {
                for &smoothness in Smoothness::ALL {
                    ui.selectable_value(chosen, smoothness, name(smoothness));
                }
            });
        });
        for term in GlobalTerm::ALL.iter().filter(|term| !term.has_strip()) {
            let TermInfo { parameter, tooltip, .. } = term.info();
            // The whole name, which the tooltip says, does not fit into the column.
            let label = match term {
                GlobalTerm::Sliced => "Sliced".to_owned(),
                _ => parameter.label(),
            };
            let subject = format!("The {term} weight");
            self.fader_row(ui, parameter, defaults, &Words { label: &label, tooltip, subject: &subject });
            if *term == GlobalTerm::Sliced {
                self.bases_row(ui, defaults);
            }
        }
        self.optimizer_rows(ui, defaults);
        widgets::section(ui, "Engine");
        self.device_row(ui);
        self.preview_row(ui);
        self.follow_row(ui);
        self.network_rows(ui);
    }

    /// How many bases the sliced Wasserstein term goes through.
    fn bases_row(&mut self, ui: &mut Ui, defaults: &Settings) {
        let tooltip = "Sets of directions, 1 to 8, along which the sliced Wasserstein term compares the features with the style's, one set after the other. 1 is each feature by itself, its histogram; more also see which features occur together.";
        row(ui, "Bases", tooltip, |ui| {
            let mut bases = f64::from(self.settings.sliced_bases);
            let drag = 1.0..=f64::from(MAX_BASES);
            let (name, param, default) = ("Bases", None, Some(f64::from(defaults.sliced_bases)));
            Entry { name, tooltip, drag, suffix: "", whole: true, width: 84.0, param, default }
                .show(ui, &mut bases);
            self.settings.sliced_bases = bases as u32;
        });
        self.error_of(ui, "sliced-bases", "The number of bases");
    }

    /// What painting starts from.
    pub(super) fn begin_rows(&mut self, ui: &mut Ui) {
        self.init_row(ui);
        let tooltip = "Seed of the noise, a whole number. The same seed gives the same noise.";
        row(ui, "Seed", tooltip, |ui| {
            let mut seed = self.settings.seed as f64;
            let drag = 0.0..=9e15;
            let (name, param, default) = ("Seed", None, Some(0.0));
            Entry { name, tooltip, drag, suffix: "", whole: true, width: 84.0, param, default }
                .show(ui, &mut seed);
            if seed != self.settings.seed as f64 {
                self.settings.seed = seed.max(0.0) as u64;
            }
        });
    }

    fn follow_row(&mut self, ui: &mut Ui) {
        let tooltip = "While a slider is dragged, paints at a smaller size where a step takes longer than a tenth of a second, so that the change shows soon; when the hand rests, painting goes on at the size that it had, with its detail";
        row(ui, "Dragging", tooltip, |ui| {
            let follow = &mut self.settings.follow_drags;
            widgets::checkbox(ui, "Quick preview while dragging", tooltip, follow);
            ui.label(widgets::weak(ui, "quick preview"));
        });
    }

    fn network_rows(&mut self, ui: &mut Ui) {
        let tooltip = "Colour behind transparent pictures";
        row(ui, "Background", tooltip, |ui| {
            colour_button(ui, "Background colour", tooltip, &mut self.settings.background)
        });
        let tooltip = "What becomes of transparent pictures. Keep: PNG, WebP and TIFF are saved as transparent as the content is, with clean edges, and everything else shows the painting on the background colour; of a style only what is opaque counts. Flatten: content and styles are put on the background colour. Changing it starts anew from the current picture.";
        row(ui, "Transparency", tooltip, |ui| {
            let chosen = &mut self.settings.transparency;
            combo(ui, "Transparency", tooltip, widgets::capital(&chosen.to_string()), |ui| {
                for &transparency in Transparency::ALL {
                    ui.selectable_value(chosen, transparency, widgets::capital(&transparency.to_string()));
                }
            });
        });
        let tooltip = "What the network sees outside of a picture: its edge going on, which keeps the frame clean; 0, as in the papers; or, circular, its other side: then the picture becomes a tile without a seam, with sides that are multiples of 16 pixels. Changing it starts anew from the current picture.";
        row(ui, "Padding", tooltip, |ui| {
            let chosen = &mut self.settings.padding;
            combo(ui, "Padding", tooltip, widgets::capital(&chosen.to_string()), |ui| {
                for &padding in Padding::ALL {
                    ui.selectable_value(chosen, padding, widgets::capital(&padding.to_string()));
                }
            });
        });
        let tooltip = "How the network pools between its blocks. Max: as it was trained. Average: smoother, as the paper's pictures were made. L2: between the two. It can be changed at any time.";
        row(ui, "Pooling", tooltip, |ui| {
            let chosen = &mut self.settings.pooling;
            combo(ui, "Pooling", tooltip, widgets::capital(&chosen.to_string()), |ui| {
                for &pooling in Pooling::ALL {
                    ui.selectable_value(chosen, pooling, widgets::capital(&pooling.to_string()));
                }
            });
        });
        let tooltip =
            "Hold as little memory as possible. A step takes about 60 % longer; the picture is the same.";
        row(ui, "Low memory", tooltip, |ui| {
            widgets::checkbox(ui, "Low memory", tooltip, &mut self.settings.low_memory);
        });
        let tooltip = "How a graphics adapter stores what the network sees. Full: in 32 bits. Fast: in 16 bits, which takes about half the memory, computes on matrix units (tensor cores) where the card has some, and changes the picture by less than a person sees. The CPU always computes in full. Changing it starts anew from the current picture.";
        row(ui, "Precision", tooltip, |ui| {
            let chosen = &mut self.settings.precision;
            combo(ui, "Precision", tooltip, widgets::capital(&chosen.to_string()), |ui| {
                for &precision in Precision::ALL {
                    ui.selectable_value(chosen, precision, widgets::capital(&precision.to_string()));
                }
            });
        });
        self.weights_row(ui);
    }

    fn init_row(&mut self, ui: &mut Ui) {
        let tooltip = "What painting starts from. It counts at the next restart.";
        row(ui, "Start from", tooltip, |ui| {
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
                colour_button(ui, "Initial colour", "The colour that painting starts from", rgb);
            }
            if pick {
                self.ask_for_file(Ask::open_pictures("Open the initial picture", false), |app, path| {
                    app.settings.init = Init::File(path);
                });
            }
        });
        if let Some(error) = &self.pictures.initial.error {
            widgets::row_error(ui, error);
        }
        let begun = self.run.given.as_ref().is_some_and(|_| self.run.state != RunState::Idle);
        if begun && self.next.init_at_start.as_ref().is_some_and(|init| *init != self.settings.init) {
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
                self.ask_for_file(Ask::open_weights(), |app, path| app.settings.weights = Some(path));
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
