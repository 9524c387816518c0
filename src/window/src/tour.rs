//! The guided tour: six stops from "content" over "style" to "both", each painted by the live engine.

use egui::{Align2, Area, Button, Context, Frame, Id, Order, RichText, Stroke, Ui, vec2};

use super::{
    ImpastoApp,
    action::{Act, Actions},
    compare::Mode,
    page::Page,
    picture_source::Source,
    slot::Target,
    theme::{Palette, space},
    widgets,
};
use impasto_core::{
    picture,
    settings::{Init, LayerWeights, Objective, Settings},
};
use impasto_engine::session::Start;
use impasto_network::vgg::Layer;

/// Longest side of the tour's pictures: a stop should show what it says within seconds.
const SIZE: u32 = 192;
/// Height of a canvas, in points, of which the note may cover a corner.
const ROOMY: f32 = 480.0;
const STEPS: u32 = 400;
/// Width of the button that leads on.
const WIDE: f32 = 150.0;

/// One stop.
struct Stop {
    title: &'static str,
    text: &'static str,
    /// Changes the tour's settings.
    set: fn(&mut Settings),
    /// Begins afresh; otherwise the painting goes on and follows.
    afresh: bool,
}

const STOPS: [Stop; 6] = [
    Stop {
        title: "Content alone",
        text: "Painting begins with noise, and only the content counts: layer relu4_2 of the network is to see the same as \
               in your photograph. Forms return, but not exact colours. The network knows what is where, not each pixel.",
        set: |settings| {
            settings.init = Init::Noise;
            (settings.content_weight, settings.style_weight) = (1.0, 0.0);
            settings.content_layers = LayerWeights::paper_content();
            settings.smoothness_weight = Settings::default().smoothness_weight;
        },
        afresh: true,
    },
    Stop {
        title: "A shallower layer remembers more",
        text: "The painting goes on, and content is now asked of relu2_2. Watch edges and colours snap into place: shallow \
               layers hold nearly everything, which leaves a style no room. That is why content is usually taken from deeper \
               down.",
        set: |settings| settings.content_layers = one("relu2_2"),
        afresh: false,
    },
    Stop {
        title: "Style alone",
        text: "Noise again, and only the style counts: four layers are to have the same Gram matrices as the style picture. \
               A Gram matrix says which features appear together, but not where, so a texture grows that is the style \
               without its motif.",
        set: |settings| {
            (settings.content_weight, settings.style_weight) = (0.0, Settings::default().style_weight);
            settings.style_layers = LayerWeights::style_default();
            // It would blur the grain of which is spoken.
            settings.smoothness_weight = 0.0;
        },
        afresh: true,
    },
    Stop {
        title: "One layer of the style",
        text: "Now the first layer alone: palette and grain, no strokes. Add deeper layers one by one in the panel on the \
               right and watch strokes, then whole swirls appear. The layer lab (L) shows what each layer sees.",
        set: |settings| settings.style_layers = one("relu1_1"),
        afresh: true,
    },
    Stop {
        title: "Both at once",
        text: "Painting begins with your photograph, and both count: the content holds the forms, the style repaints them. \
               This is style transfer (Gatys, Ecker & Bethge 2016). Small sizes come first, for large strokes.",
        set: |settings| {
            settings.init = Init::Content;
            let defaults = Settings::default();
            (settings.content_weight, settings.style_weight) =
                (defaults.content_weight, defaults.style_weight);
            settings.content_layers = defaults.content_layers;
            settings.style_layers = defaults.style_layers;
            settings.smoothness_weight = defaults.smoothness_weight;
        },
        afresh: true,
    },
    Stop {
        title: "Your turn",
        text: "Drag Style β and watch: nothing restarts. Less than 0.1 keeps the photograph, more than 6 dissolves it. Try a \
               preset, another statistic, your own pictures; a larger size when you like what you see.",
        set: |_| (),
        afresh: false,
    },
];

fn one(layer: &str) -> LayerWeights {
    let layer: Layer = layer.parse().expect("a layer's name");
    [(layer, 1.0)].into_iter().collect()
}

/// A tour under way.
pub struct Tour {
    stop: usize,
    /// The settings before it, and the painting if there was one, to come back to.
    before: Box<Settings>,
    pub painting: Option<u64>,
}

/// What can be done with the tour.
pub enum TourAction {
    /// Go to a stop.
    Go(usize),
    /// End it with the settings from before it, or with the present ones.
    Restore,
    Keep,
}

impl Act for TourAction {
    fn apply(self, app: &mut ImpastoApp, _: &Context) {
        app.apply_to_tour(self);
    }
}

impl ImpastoApp {
    /// Begin the tour, with the bundled pictures if there are none.
    pub(super) fn start_tour(&mut self, ctx: &Context) {
        self.close_help();
        self.view.page = Page::Painting;
        if self.pictures.content.picture.is_none() {
            self.open(Target::Content, Source::Example(&picture::CONTENTS[0]));
        }
        if self.pictures.styles.iter().all(|slot| slot.picture.is_none()) {
            self.open(Target::Style, Source::Example(&picture::STYLES[0]));
        }
        self.show_all(ctx);
        let (before, painting) = match self.panels.tour.take() {
            Some(tour) => (tour.before, tour.painting),
            None => {
                let left = self.leave_painting();
                if left.is_some() {
                    self.note_begun("The tour begins. Your painting is kept.", left);
                }
                (Box::new(self.settings.clone()), left)
            }
        };
        self.undo.call("", "Guided tour".to_owned());
        // The person's device, weights and memory stay; the mix begins with the usual one.
        self.settings.set_objective(Objective::Balanced);
        self.settings.size = SIZE;
        self.settings.steps = STEPS;
        (self.settings.keep_colours, self.settings.match_colours) = (0.0, 0.0);
        self.settings.settle_colours = 0.0;
        self.next.choose_size = false;
        self.panels.tour = Some(Tour { stop: 0, before, painting });
        self.go_to_stop(0);
    }

    /// What the tour speaks of is to be seen: the painting as it is now, and the panels around it.
    fn show_all(&mut self, ctx: &Context) {
        if self.view.fullscreen.on {
            self.toggle_fullscreen(ctx);
        }
        let layout = &mut self.view.layout;
        (layout.show_left, layout.show_right, layout.show_bottom) = (true, true, true);
        self.view.put_away = None;
        (self.view.compare.mode, self.view.compare.flipped) = (Mode::Off, false);
        self.look_at(ctx, None);
    }

    fn go_to_stop(&mut self, index: usize) {
        let Some(tour) = &mut self.panels.tour else { return };
        tour.stop = index;
        // Whatever order the stops are visited in, each has the same settings.
        for stop in &STOPS[..=index] {
            (stop.set)(&mut self.settings);
        }
        if STOPS[index].afresh {
            self.settings.steps = STEPS;
            self.start_run(Start::Beginning, false);
        } else {
            // What is finished goes on.
            self.settings.steps = self.run.step() + STEPS;
        }
    }

    /// The tour's note over the painting.
    pub(super) fn tour_window(&self, ctx: &Context) {
        let Some(tour) = &self.panels.tour else { return };
        let stop = tour.stop;
        let area = self.view.canvas.area.unwrap_or(ctx.content_rect());
        // A small painting is not to be covered: there the note lies over the curves.
        let below = self.view.bottom_area.filter(|_| area.height() < ROOMY && !self.view.fullscreen.on);
        let (corner, width) = match below {
            Some(below) => (below.left_bottom() + vec2(space::S, -space::S), below.width() - 2.0 * space::S),
            None => {
                let width = (area.width() - 2.0 * space::L).clamp(240.0, 380.0);
                (area.left_bottom() + vec2(space::L, -space::L), width)
            }
        };
        let margin = if below.is_some() { space::M } else { space::L };
        let actions = &self.actions;
        Area::new(Id::unique("tour"))
            .order(Order::Foreground)
            .pivot(Align2::LEFT_BOTTOM)
            .fixed_pos(corner)
            .show(ctx, |ui| {
                let palette = Palette::of(ui);
                Frame::new()
                    .fill(palette.bar)
                    .stroke(Stroke::new(1.0, palette.line))
                    .corner_radius(8)
                    .inner_margin(margin)
                    .show(ui, |ui| {
                        ui.set_width(width - 2.0 * margin);
                        if let Some(below) = below {
                            // Nothing looks out from behind it.
                            ui.set_min_height(below.height() - 2.0 * (margin + space::S));
                        }
                        note(ui, stop, actions);
                    });
            });
    }

    pub(super) fn apply_to_tour(&mut self, action: TourAction) {
        match action {
            TourAction::Go(stop) => self.go_to_stop(stop),
            TourAction::Keep => self.panels.tour = None,
            TourAction::Restore => {
                let Some(tour) = self.panels.tour.take() else { return };
                self.undo.call("", "End of the tour".to_owned());
                let back = tour.painting.and_then(|painting| self.return_to(painting));
                self.settings = *tour.before;
                match back {
                    Some(left) => self.note_begun("Your painting is back.", left),
                    None => self.start_run(Start::Beginning, false),
                }
            }
        }
    }
}

fn note(ui: &mut Ui, stop: usize, actions: &Actions) {
    let Stop { title, text, .. } = &STOPS[stop];
    ui.label(widgets::weak(ui, format!("Tour, {} of {}", stop + 1, STOPS.len())));
    ui.label(RichText::new(*title).size(17.0));
    ui.add_space(space::XS);
    ui.label(*text);
    ui.add_space(space::M);
    ui.horizontal_wrapped(|ui| {
        // Each button has the same place on every stop.
        let wide = |text: &'static str| Button::new(text).min_size(vec2(WIDE, 0.0));
        let back = ui.add_enabled(stop > 0, Button::new("Back"));
        if back.on_hover_text("To the stop before").clicked() {
            actions.push(TourAction::Go(stop - 1));
        }
        if stop + 1 < STOPS.len() {
            if ui.add(wide("Next")).on_hover_text("To the next stop").clicked() {
                actions.push(TourAction::Go(stop + 1));
            }
        } else {
            let tooltip = "Finishes the tour; painting continues with these settings";
            if ui.add(wide("Keep these settings")).on_hover_text(tooltip).clicked() {
                actions.push(TourAction::Keep);
            }
        }
        let tooltip = "Restores the painting and the settings from before the tour";
        if ui.button("Leave the tour").on_hover_text(tooltip).clicked() {
            actions.push(TourAction::Restore);
        }
    });
}
