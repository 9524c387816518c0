//! How the painting is looked at, and what stands over it.

use std::{collections::BTreeSet, time::Instant};

use egui::Rect;

use super::{
    audience::Audience, canvas::Canvas, command_palette::CommandPalette, compact::Side, compare::Compare,
    film::Film, frames::Frames, fullscreen::Fullscreen, guide::Guide, lab::Lab, landmarks::Landmarks,
    masks::Masking, output_window::OutputWindow, page::Page, persistence::Layout, pins::Pins,
    recipes::Offered, state::Series, tour::Tour,
};

/// How the painting is looked at.
pub struct View {
    pub page: Page,
    pub layout: Layout,
    /// The desktop asks for less motion.
    pub desktop_less_motion: bool,
    /// Files cannot be dropped on the window.
    pub without_drops: bool,
    /// The panels that [`Command::TogglePanels`](super::command::Command::TogglePanels) brings back.
    pub put_away: Option<[bool; 3]>,
    /// The side panel that a narrow window shows.
    pub side: Side,
    /// The lower panel is open in a low window.
    pub bottom_open: bool,
    /// Where the panel with the losses was in the last frame.
    pub bottom_area: Option<Rect>,
    pub canvas: Canvas,
    pub compare: Compare,
    pub pins: Pins,
    pub film: Film,
    /// Lines of the plot that are not shown.
    pub hidden: BTreeSet<Series>,
    pub lab: Lab,
    pub fullscreen: Fullscreen,
    pub output_window: OutputWindow,
    pub audience: Audience,
    pub landmarks: Landmarks,
    pub masking: Masking,
}

impl View {
    pub fn new(layout: Layout, film: Film) -> Self {
        Self {
            page: Page::default(),
            layout,
            desktop_less_motion: false,
            without_drops: false,
            put_away: None,
            side: Side::default(),
            bottom_open: false,
            bottom_area: None,
            canvas: Canvas::default(),
            compare: Compare::default(),
            pins: Pins::default(),
            film,
            hidden: BTreeSet::new(),
            lab: Lab::default(),
            fullscreen: Fullscreen::default(),
            output_window: OutputWindow::default(),
            audience: Audience::default(),
            landmarks: Landmarks::default(),
            masking: Masking::default(),
        }
    }
}

/// What stands over the window.
pub struct Panels {
    /// Names of the dialogs that are open and know nothing else.
    open: BTreeSet<&'static str>,
    pub command_palette: CommandPalette,
    pub guide: Guide,
    pub tour: Option<Tour>,
    pub offered: Option<Offered>,
    pub frames: Frames,
    pub print_frame_times: bool,
    pub may_hint: bool,
    /// Frames since a control is looked for that was not there.
    pub focus_search_frames: u32,
}

impl Panels {
    /// Frame times count from `started`.
    pub fn new(started: Instant, print_frame_times: bool) -> Self {
        Self {
            open: BTreeSet::new(),
            command_palette: CommandPalette::default(),
            guide: Guide::default(),
            tour: None,
            offered: None,
            frames: Frames::new(started),
            print_frame_times,
            may_hint: false,
            focus_search_frames: 0,
        }
    }

    pub fn is_open(&self, dialog: &str) -> bool {
        self.open.contains(dialog)
    }

    pub fn close(&mut self, dialog: &str) {
        self.open.remove(dialog);
    }

    pub fn toggle(&mut self, dialog: &'static str) {
        if !self.open.remove(dialog) {
            self.open.insert(dialog);
        }
    }
}
