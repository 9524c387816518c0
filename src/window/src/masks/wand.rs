//! The wand: a click on the content, and everything that a layer of the network sees as alike is the mask;
//! the drag sets how alike.

use std::sync::Arc;

use egui::{ComboBox, Ui};
use image::GrayImage;

use super::{
    pen::Pen,
    snapping::{Edges, PaintCover},
    tool::{LIKENESSES, Numbers, Tool},
    tools::Masking,
};
use crate::ImpastoApp;
use impasto_engine::session::{RunState, SimilarityMap, SimilarityRequest};
use impasto_network::vgg::Layer;

/// The layers to choose from, and what each sees.
const LAYERS: [(Layer, &str); 4] = [
    (Layer::PAPER_STYLE[1], "colours and fine textures"),
    (Layer::PAPER_STYLE[2], "textures and small patterns"),
    (Layer::PAPER_STYLE[3], "parts of things, such as leaves or roofs"),
    (Layer::PAPER_STYLE[4], "whole things, coarsely"),
];
/// Width over which the mask fades, in likeness.
const FADE: f32 = 0.2;
/// How much less alike things may be after a drag over the picture's longer side.
const PULL: f32 = 2.0;
/// What is said if there is nobody to ask.
const NO_NETWORK: &str =
    "The wand asks the network, which is there once a painting has begun: press play first.";

/// The last question to the network.
#[derive(Default)]
pub struct Wand {
    asked: Option<Asked>,
    /// The answer.
    map: Option<Arc<SimilarityMap>>,
    /// A press that has ended before the answer came.
    lifted: Option<Pen>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Asked {
    number: u64,
    point: [f32; 2],
    layer: Layer,
}

impl Wand {
    /// The map for a press, once it is there.
    pub fn map(&self, pen: &Pen) -> Option<&Arc<SimilarityMap>> {
        self.map.as_ref().filter(|_| self.has_asked(pen))
    }

    fn has_asked(&self, pen: &Pen) -> bool {
        self.asked.is_some_and(|asked| asked.point == pen.trail.first() && asked.layer == pen.numbers.layer)
    }
}

/// How alike a place must be, by where the pointer has been dragged: to the right more and more is.
pub fn alike(pen: &Pen) -> f32 {
    (pen.numbers.alike - PULL * pen.trail.across()).clamp(LIKENESSES[0], LIKENESSES[1])
}

/// White where a map is above a likeness, with a soft edge.
pub fn cover(map: &SimilarityMap, alike: f32, (width, height): (u32, u32)) -> GrayImage {
    GrayImage::from_fn(width, height, |x, y| {
        let value = map.at([(x as f32 + 0.5) / width as f32, (y as f32 + 0.5) / height as f32]);
        let share = ((value - alike) / FADE + 0.5).clamp(0.0, 1.0);
        image::Luma([(255.0 * share * share * (3.0 - 2.0 * share) + 0.5) as u8])
    })
}

impl Numbers {
    /// The menu of the wand's layers.
    pub(super) fn layer_ui(&mut self, ui: &mut Ui) {
        let chosen = self.layer.to_string();
        let menu = ComboBox::from_id_salt("layer of the wand").selected_text(chosen).width(72.0);
        let response = menu
            .show_ui(ui, |ui| {
                for (layer, sees) in LAYERS {
                    ui.selectable_value(&mut self.layer, layer, format!("{layer}: {sees}"));
                }
            })
            .response;
        let tooltip = "The layer of the network that says what is alike: the deeper, the more it goes by things and the less by colours";
        response.accessible_name("Layer of the wand").on_hover_text(tooltip);
    }
}

impl ImpastoApp {
    /// Ask the network about the point that the wand is pressed on, once.
    pub(super) fn follow_wand(&mut self) {
        let Masking { pen, wand, .. } = &mut self.view.masking;
        let Some(pen) = pen.as_ref().filter(|pen| pen.tool == Tool::Wand) else {
            if wand.lifted.is_none() {
                // The press was given up.
                *wand = Wand::default();
            }
            return;
        };
        let (point, layer) = (pen.trail.first(), pen.numbers.layer);
        if !wand.has_asked(pen)
            && let Err(text) = self.ask_network(point, layer)
        {
            self.give_wand_up(text);
        }
    }

    /// Say why the wand does nothing.
    fn give_wand_up(&mut self, text: String) {
        self.messages.toasts.add(text);
        let masking = &mut self.view.masking;
        masking.wand = Wand::default();
        if masking.pen.as_ref().is_some_and(|pen| pen.tool == Tool::Wand) {
            masking.pen = None;
        }
    }

    fn ask_network(&mut self, point: [f32; 2], layer: Layer) -> Result<(), String> {
        if self.pictures.content.picture.is_none() {
            return Err(super::NO_CONTENT.to_owned());
        }
        if point.iter().any(|part| !(0.0..=1.0).contains(part)) {
            return Err("The wand is for what is in the picture: click there.".to_owned());
        }
        let number = self.next_number();
        let is_there = !matches!(self.run.state, RunState::Idle | RunState::Failed);
        let session = self.worker.session.as_ref().filter(|_| is_there).ok_or(NO_NETWORK)?;
        let request = SimilarityRequest { number, layer, point };
        session.request_similarity(request).map_err(|error| format!("The wand cannot ask: {error}."))?;
        let asked = Some(Asked { number, point, layer });
        self.view.masking.wand = Wand { asked, ..Wand::default() };
        Ok(())
    }

    /// Take the network's answer.
    pub(crate) fn take_similarity(&mut self, number: u64, result: Result<SimilarityMap, String>) {
        let wand = &mut self.view.masking.wand;
        // Another question counts.
        if wand.asked.is_none_or(|asked| asked.number != number) {
            return;
        }
        match result {
            Ok(map) => {
                wand.map = Some(Arc::new(map));
                if let Some(pen) = wand.lifted.take() {
                    self.lift_wand(&pen);
                }
            }
            Err(text) => self.give_wand_up(format!("The wand has no answer: {text}.")),
        }
    }

    /// Make the mask of what is alike, now that the press has ended; or as soon as the answer is there.
    pub(super) fn lift_wand(&mut self, pen: &Pen) {
        if !self.view.masking.wand.has_asked(pen)
            && let Err(text) = self.ask_network(pen.trail.first(), pen.numbers.layer)
        {
            return self.give_wand_up(text);
        }
        let alike = alike(pen);
        let masking = &mut self.view.masking;
        // What is asked for next begins with it.
        masking.numbers.alike = alike;
        match masking.wand.map(pen).cloned() {
            Some(map) => {
                masking.wand = Wand::default();
                let snapped = move |edges: &Edges| Ok(edges.snap(&cover(&map, alike, edges.size())));
                self.actions.push(PaintCover {
                    what: "Wand",
                    mode: pen.mode,
                    opacity: pen.numbers.opacity,
                    cover: Box::new(snapped),
                });
            }
            None => masking.wand.lifted = Some(pen.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::masks::tool::LAYER;

    #[test]
    fn more_is_in_the_mask_the_less_alike_it_may_be() {
        let values = (0..8).map(|at| 1.0 - 0.25 * (at % 8) as f32).collect();
        let map = SimilarityMap { width: 8, height: 1, span: [8.0, 1.0], values };
        let inside = |alike: f32| {
            let cover = cover(&map, alike, (64, 8));
            let row: Vec<u8> = (0..64).map(|x| cover.get_pixel(x, 4)[0]).collect();
            assert!(row.is_sorted_by(|a, b| a >= b), "{row:?}");
            row.iter().filter(|&&value| value > 127).count()
        };
        let counts = [0.95, 0.6, 0.2, -0.5].map(inside);
        assert!(counts.is_sorted_by(|a, b| a < b), "{counts:?}");
        // 0.6 is 1.6 positions behind the middle of the first.
        assert!(counts[1].abs_diff(17) <= 1, "{counts:?}");
    }

    #[test]
    fn the_menu_has_the_first_layer_of_each_block() {
        let names = LAYERS.map(|(layer, _)| layer.to_string());
        assert_eq!(names, ["relu2_1", "relu3_1", "relu4_1", "relu5_1"]);
        assert_eq!(LAYER.to_string(), "relu4_1");
    }
}
