//! What each command does.

use egui::Context;

use super::{ImpastoApp, command::Command, compare::Mode, page::Page, pictures::Target};
use impasto_engine::session::LevelCommand;

impl ImpastoApp {
    /// Does what a button or a key asks for.
    pub(super) fn run_command(&mut self, ctx: &Context, command: Command) {
        match command {
            Command::PlayPause => self.play_or_pause(),
            Command::Step => self.single_step(),
            Command::Stop => self.stop(),
            Command::Restart => self.restart(),
            Command::Climb => self.order_level(LevelCommand::Climb),
            Command::Drop => self.order_level(LevelCommand::Drop),
            Command::Hold => {
                let held = self.run.place().held;
                self.order_level(if held { LevelCommand::Release } else { LevelCommand::Hold });
            }
            Command::OpenContent => self.ask_for_picture(Target::Content),
            Command::OpenStyle => self.ask_for_picture(Target::Style),
            Command::Swap => self.swap(),
            Command::Undo => self.undo(),
            Command::Redo => self.redo(),
            Command::ResetMix => self.reset_mix(),
            Command::Randomise => self.randomise(),
            Command::Mixes => self.layout.mixes = !self.layout.mixes,
            Command::History => self.undo.shown = !self.undo.shown,
            Command::Save => self.ask_to_save(),
            Command::SaveMoment => self.save_moment(),
            Command::Copy => self.copy_picture(ctx),
            Command::CopyCommandLine => self.copy_command_line(ctx),
            Command::ToggleRecipe => self.toggle_recipe(),
            Command::OpenProject => self.ask_for_project(),
            Command::SaveProject => self.save_project(),
            Command::SaveProjectAs => self.ask_to_save_project(),
            Command::OpenLast => self.open_last(),
            // The picture comes as an event, like that of the keys.
            Command::Paste => ctx.send_viewport_cmd(egui::ViewportCommand::RequestPaste),
            Command::Earlier => self.wander(ctx, -1),
            Command::Later => self.wander(ctx, 1),
            Command::Now => self.look_at(ctx, None),
            Command::Branch => self.go_on_from_view(),
            Command::Timelapse => self.ask_for_timelapse(),
            Command::Queue => self.toggle_page(Page::Queue),
            Command::QueueAdd => self.ask_to_queue(),
            Command::QueueFolders => self.ask_to_queue_folders(),
            Command::Grid => self.toggle_page(Page::Grid),
            Command::QueueHold => self.hold_queue(ctx),
            Command::Fit => self.canvas.fit(),
            Command::ActualSize => self.canvas.actual_size(),
            Command::Split => self.compare.toggle(Mode::Split),
            Command::Sides => self.compare.toggle(Mode::Sides),
            Command::Wrap => self.compare.toggle(Mode::Wrap),
            Command::Flip => self.compare.flipped = !self.compare.flipped,
            Command::CompareNext => self.compare_with_next(),
            Command::Pin => self.pin(),
            Command::TogglePanels => self.toggle_panels(),
            Command::Tour => {
                self.help = false;
                self.page = Page::Painting;
                self.start_tour();
            }
            Command::Automation => {
                self.page = Page::Painting;
                let shown = self.layout.automation && self.layout.show_bottom;
                self.layout.automation = !shown;
                self.layout.show_bottom |= !shown;
            }
            Command::Record => self.toggle_recording(),
            Command::Lab => {
                self.page = Page::Painting;
                self.lab.open = !self.lab.open;
            }
            Command::ExtractNow => self.extract_at_once(),
            Command::ToggleExtracts => self.layout.extracts = !self.layout.extracts,
            Command::SaveFigure => self.ask_to_save_figure(),
            Command::Remote => self.remote.open = !self.remote.open,
            Command::Present => self.toggle_presentation(ctx),
            Command::PresentFacts if self.stage.open && !self.present.on => self.toggle_stage_facts(),
            Command::PresentFacts => self.present.facts = !self.present.facts,
            Command::Stage => self.toggle_stage(ctx),
            Command::Playlist => self.playlist.open = !self.playlist.open,
            Command::NextEntry => self.next_entry(ctx),
            Command::KeepAwake => self.toggle_awake(),
            Command::ToggleTheme => {
                self.layout.light = !self.layout.light;
                self.apply_theme(ctx);
            }
            Command::Controls => ctx.memory_mut(|memory| memory.move_focus(egui::FocusDirection::Next)),
            Command::Find => self.finder.toggle(),
            Command::FrameTimes => self.frames.shown = !self.frames.shown,
            Command::Help => self.help = !self.help,
            Command::Quit => ctx.send_viewport_cmd(egui::ViewportCommand::Close),
            Command::Guide => self.guide = !self.guide,
        }
    }
}
