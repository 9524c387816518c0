//! Everything that a button, a key or the help window can ask for, in one list with one set of words.

use egui::{Context, Event, Key, KeyboardShortcut, Modifiers};

use super::icons::Icon;

/// An order of the person at the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    PlayPause,
    Step,
    Stop,
    Restart,
    Climb,
    Drop,
    Hold,
    OpenContent,
    OpenStyle,
    Swap,
    Save,
    Copy,
    CopyCommandLine,
    ToggleRecipe,
    Paste,
    Fit,
    ActualSize,
    TogglePanels,
    Lab,
    ToggleTheme,
    Controls,
    Help,
}

impl Command {
    /// In the order of the help window.
    pub const ALL: [Command; 22] = [
        Command::PlayPause,
        Command::Step,
        Command::Stop,
        Command::Restart,
        Command::Climb,
        Command::Drop,
        Command::Hold,
        Command::OpenContent,
        Command::OpenStyle,
        Command::Swap,
        Command::Save,
        Command::Copy,
        Command::CopyCommandLine,
        Command::ToggleRecipe,
        Command::Paste,
        Command::Fit,
        Command::ActualSize,
        Command::TogglePanels,
        Command::Lab,
        Command::ToggleTheme,
        Command::Controls,
        Command::Help,
    ];

    pub fn text(self) -> &'static str {
        match self {
            Command::PlayPause => "Play or pause",
            Command::Step => "Single step",
            Command::Stop => "Stop",
            Command::Restart => "Restart",
            Command::Climb => "Next larger level",
            Command::Drop => "Next smaller level",
            Command::Hold => "Hold this level",
            Command::OpenContent => "Open content…",
            Command::OpenStyle => "Open style…",
            Command::Swap => "Swap content and style",
            Command::Save => "Save…",
            Command::Copy => "Copy picture",
            Command::CopyCommandLine => "Copy as command line",
            Command::ToggleRecipe => "Recipe in saved pictures",
            Command::Paste => "Paste picture",
            Command::Fit => "Fit to window",
            Command::ActualSize => "Actual pixels",
            Command::TogglePanels => "Hide or show panels",
            Command::Lab => "Layer lab",
            Command::ToggleTheme => "Light or dark",
            Command::Controls => "Keyboard to the controls",
            Command::Help => "Help",
        }
    }

    pub fn tooltip(self) -> &'static str {
        match self {
            Command::PlayPause => "Paints, or holds the painting as it is; nothing is lost",
            Command::Step => "Paints one step, then pauses",
            Command::Stop => "Ends the run; the picture stays and can be saved",
            Command::Restart => "Begins afresh from the initial image",
            Command::Climb => "Goes on at the next larger size of the pyramid, now",
            Command::Drop => {
                "Goes back to the next smaller size of the pyramid and stays there: changes show sooner, and the fine detail comes back on the way up"
            }
            Command::Hold => "Stays at this size of the pyramid, or follows the schedule again",
            Command::OpenContent => "Opens the picture whose shapes are kept",
            Command::OpenStyle => "Opens the picture whose strokes and colours are taken",
            Command::Swap => "Makes the content the style and the first style the content",
            Command::Save => "Saves the picture as it is now: PNG, JPEG, WebP or TIFF",
            Command::Copy => "Puts the picture as it is now on the clipboard",
            Command::CopyCommandLine => {
                "Puts the impasto render command on the clipboard that paints this picture without the window"
            }
            Command::ToggleRecipe => {
                "Saved pictures carry their settings, small copies of their sources and the names of their files, so that they can be painted again; switch it off before you pass a picture on if that is nobody's business"
            }
            Command::Paste => {
                "Puts the clipboard's picture into the slot under the pointer, or asks which one is meant"
            }
            Command::Fit => "Shows the whole picture (also: double-click on it)",
            Command::ActualSize => "One pixel of the picture on one pixel of the screen",
            Command::TogglePanels => "Leaves only the picture and the transport, or brings the panels back",
            Command::Lab => {
                "Shows what one layer sees: its Gram matrix beside the style's, its feature maps, and where in the picture it pulls"
            }
            Command::ToggleTheme => "Switches between the dark and the light theme",
            Command::Controls => {
                "Moves the keyboard's focus into the controls; there, tab and the arrows move on, escape leaves"
            }
            Command::Help => "Lists the keys",
        }
    }

    pub fn icon(self) -> Icon {
        match self {
            Command::PlayPause => Icon::Play,
            Command::Step => Icon::Step,
            Command::Stop => Icon::Stop,
            Command::Restart => Icon::Restart,
            Command::Climb => Icon::Up,
            Command::Drop => Icon::Down,
            Command::Hold => Icon::Hold,
            Command::OpenContent | Command::OpenStyle => Icon::Open,
            Command::Swap => Icon::Swap,
            Command::Save | Command::ToggleRecipe => Icon::Save,
            Command::Copy | Command::Paste | Command::CopyCommandLine => Icon::Copy,
            Command::Fit | Command::ActualSize => Icon::Fit,
            Command::TogglePanels | Command::Controls => Icon::PanelLeft,
            Command::Lab => Icon::Lab,
            Command::ToggleTheme => Icon::Theme,
            Command::Help => Icon::Help,
        }
    }

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
            Command::Save => command(Key::S),
            Command::Copy => command(Key::C),
            Command::Paste => command(Key::V),
            Command::Fit => plain(Key::F),
            Command::ActualSize => plain(Key::Num1),
            Command::TogglePanels => plain(Key::Tab),
            Command::Lab => plain(Key::L),
            Command::ToggleTheme => command(Key::L),
            Command::Controls => plain(Key::F6),
            Command::Help => plain(Key::F1),
            Command::Stop | Command::Swap | Command::CopyCommandLine | Command::ToggleRecipe => None,
        }
    }

    /// Tooltip and shortcut together, as shown on a button.
    pub fn hint(self, ctx: &Context) -> String {
        match self.shortcut() {
            Some(shortcut) => format!("{} ({})", self.tooltip(), ctx.format_shortcut(&shortcut)),
            None => self.tooltip().to_owned(),
        }
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
            .filter_map(|command| command.shortcut().map(|shortcut| (shortcut, command)))
            .filter(|(shortcut, _)| !focused || shortcut.modifiers.command)
            .collect();
        // ctrl-O also matches when shift is held, so what asks for more keys goes first.
        shortcuts.sort_by_key(|(shortcut, _)| !shortcut.modifiers.shift);
        for (shortcut, command) in shortcuts {
            if ctx.input_mut(|input| input.consume_shortcut(&shortcut)) {
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
