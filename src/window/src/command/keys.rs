//! The keys of the commands.

use egui::{Context, Event, Key, KeyboardShortcut, Modifiers};

use super::Command;

impl Command {
    pub fn shortcut(self) -> Option<KeyboardShortcut> {
        let plain = |key| Some(KeyboardShortcut::new(Modifiers::NONE, key));
        let command = |key| Some(KeyboardShortcut::new(Modifiers::COMMAND, key));
        match self {
            Command::PlayPause => plain(Key::Space),
            Command::Step => plain(Key::Period),
            Command::Restart => plain(Key::R),
            Command::Climb => plain(Key::PageUp),
            Command::Drop => plain(Key::PageDown),
            Command::Hold => plain(Key::H),
            Command::OpenContent => command(Key::O),
            Command::OpenStyle => Some(KeyboardShortcut::new(Modifiers::COMMAND | Modifiers::SHIFT, Key::O)),
            Command::Undo => command(Key::Z),
            Command::Redo => Some(KeyboardShortcut::new(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z)),
            Command::History => command(Key::H),
            Command::Save => command(Key::S),
            Command::SaveMoment => Some(KeyboardShortcut::new(Modifiers::COMMAND | Modifiers::ALT, Key::S)),
            Command::SaveProjectAs => {
                let modifiers = Modifiers::COMMAND | Modifiers::SHIFT | Modifiers::ALT;
                Some(KeyboardShortcut::new(modifiers, Key::S))
            }
            Command::SaveProject => {
                Some(KeyboardShortcut::new(Modifiers::COMMAND | Modifiers::SHIFT, Key::S))
            }
            Command::Copy => command(Key::C),
            Command::Paste => command(Key::V),
            Command::Earlier => plain(Key::OpenBracket),
            Command::Later => plain(Key::CloseBracket),
            Command::Now => plain(Key::End),
            Command::Branch => plain(Key::B),
            Command::Queue => plain(Key::Q),
            Command::QueueAdd => command(Key::Enter),
            Command::Grid => plain(Key::G),
            Command::Fit => plain(Key::F),
            Command::ActualSize => plain(Key::Num1),
            Command::Split => plain(Key::S),
            Command::Sides => plain(Key::D),
            Command::Wrap => plain(Key::W),
            Command::Flip => plain(Key::X),
            Command::CompareNext => plain(Key::N),
            Command::Pin => plain(Key::P),
            Command::TogglePanels => plain(Key::Tab),
            Command::Lab => plain(Key::L),
            Command::Automation => plain(Key::A),
            Command::Randomise => plain(Key::T),
            Command::Mixes => plain(Key::M),
            Command::Present => plain(Key::F11),
            Command::PresentFacts => plain(Key::I),
            Command::Stage => plain(Key::F10),
            Command::Playlist => plain(Key::F9),
            Command::NextEntry => command(Key::ArrowRight),
            Command::ToggleTheme => command(Key::L),
            Command::Controls => plain(Key::F6),
            Command::Find => command(Key::K),
            Command::FrameTimes => plain(Key::F12),
            Command::Help => plain(Key::F1),
            Command::Quit => command(Key::Q),
            Command::Tour => plain(Key::F2),
            Command::Stop
            | Command::ResetMix
            | Command::Swap
            | Command::CopyCommandLine
            | Command::ToggleRecipe
            | Command::Record
            | Command::Remote
            | Command::OpenProject
            | Command::KeepAwake
            | Command::OpenLast
            | Command::Timelapse
            | Command::QueueFolders
            | Command::QueueHold
            | Command::ToggleExtracts
            | Command::ExtractNow
            | Command::SaveFigure
            | Command::Guide => None,
        }
    }

    /// A second key for the same, for hands that learnt it elsewhere.
    fn other_shortcut(self) -> Option<KeyboardShortcut> {
        (self == Command::Redo).then_some(KeyboardShortcut::new(Modifiers::COMMAND, Key::Y))
    }

    /// Tooltip and shortcut together, as shown on a button.
    pub fn hint(self, ctx: &Context) -> String {
        match self.shortcut() {
            Some(shortcut) => format!("{} ({})", self.tooltip(), ctx.format_shortcut(&shortcut)),
            None => self.tooltip().to_owned(),
        }
    }

    /// The key that shows the content for as long as it is held.
    pub const PEEK: Key = Key::C;

    /// Whether the content is peeked at: the key alone is held, and nobody types.
    pub fn peeks(ctx: &Context) -> bool {
        let held = ctx.input(|input| input.key_down(Self::PEEK) && input.modifiers.is_none());
        held && !ctx.text_edit_focused() && ctx.memory(|memory| memory.top_modal_layer().is_none())
    }

    /// The commands whose keys were pressed since the last frame. Plain keys belong to the widget that has the
    /// keyboard's focus, if there is one, and every key belongs to a text field.
    pub fn pressed(ctx: &Context) -> Vec<Command> {
        let help = ctx.input_mut(|input| input.consume_key(Modifiers::NONE, Key::F1));
        let mut commands: Vec<Command> = help.then_some(Command::Help).into_iter().collect();
        if ctx.text_edit_focused() {
            return commands;
        }
        let focused = ctx.memory(|memory| memory.focused().is_some());
        if ctx.input(|input| input.events.iter().any(|event| matches!(event, Event::Copy))) {
            commands.push(Command::Copy);
        }
        let mut shortcuts: Vec<(KeyboardShortcut, Command)> = Command::ALL
            .into_iter()
            .filter(|command| !matches!(command, Command::Copy | Command::Paste | Command::Help))
            .flat_map(|command| {
                let shortcuts = command.shortcut().into_iter().chain(command.other_shortcut());
                shortcuts.map(move |shortcut| (shortcut, command))
            })
            .filter(|(shortcut, _)| !focused || shortcut.modifiers.command)
            .collect();
        // ctrl-O also matches when shift is held, so what asks for more keys goes first.
        shortcuts.sort_by_key(|(shortcut, _)| {
            let Modifiers { shift, alt, .. } = shortcut.modifiers;
            std::cmp::Reverse(u8::from(shift) + u8::from(alt))
        });
        // A key that is held would save a picture with every repetition.
        let repeats = ctx.input(|input| {
            input.events.iter().any(|event| matches!(event, Event::Key { pressed: true, repeat: true, .. }))
        });
        for (shortcut, command) in shortcuts {
            if ctx.input_mut(|input| input.consume_shortcut(&shortcut)) {
                if repeats && command == Command::SaveMoment {
                    continue;
                }
                commands.push(command);
                if command == Command::TogglePanels {
                    // egui moves the focus on this key as well, before anything can consume it.
                    ctx.memory_mut(|memory| memory.move_focus(egui::FocusDirection::None));
                }
            }
        }
        commands
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_commands_share_a_key_and_all_are_listed_once() {
        let mut keys: Vec<KeyboardShortcut> = Command::ALL
            .into_iter()
            .flat_map(|c| c.shortcut().into_iter().chain(c.other_shortcut()))
            .collect();
        let before = keys.len();
        keys.sort_by_key(|key| format!("{key:?}"));
        keys.dedup();
        assert_eq!(keys.len(), before);
        let mut texts = Command::ALL.map(Command::text).to_vec();
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), Command::ALL.len());
    }
}
