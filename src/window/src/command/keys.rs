//! Which commands were asked for by keys, and what keys are called.

use std::cmp::Reverse;

use egui::{Context, Event, Key, KeyboardShortcut, Modifiers};

use super::Command;

/// A key as it is called, with those to be held.
pub(super) fn name(ctx: &Context, shortcut: &KeyboardShortcut) -> String {
    let text = ctx.format_shortcut(shortcut);
    let key = match shortcut.logical_key {
        Key::OpenBracket => "[",
        Key::CloseBracket => "]",
        Key::Period => ".",
        Key::PageUp => "Page Up",
        Key::PageDown => "Page Down",
        _ => return text,
    };
    match text.strip_suffix(shortcut.logical_key.name()) {
        Some(held) => format!("{held}{key}"),
        // A symbol stands there already.
        None => text,
    }
}

impl Command {
    /// The key that shows the content for as long as it is held.
    pub const PEEK: Key = Key::C;

    /// Whether the content is peeked at: the key alone is held, and no text field has the focus.
    pub fn peeks(ctx: &Context) -> bool {
        let held = ctx.input(|input| input.key_down(Self::PEEK) && input.modifiers.is_none());
        held && !ctx.text_edit_focused() && ctx.memory(|memory| memory.top_modal_layer().is_none())
    }

    /// The commands whose keys were pressed since the last frame. Plain keys belong to the widget that has
    /// the keyboard's focus, if there is one, and every key belongs to a text field.
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
            .flat_map(|command| command.row().keys.iter().map(move |shortcut| (*shortcut, command)))
            .filter(|(shortcut, command)| {
                !focused || shortcut.modifiers.command || *command == Command::Controls
            })
            .collect();
        // ctrl-O also matches when shift is held, so what asks for more keys goes first.
        shortcuts.sort_by_key(|(shortcut, _)| {
            let Modifiers { shift, alt, .. } = shortcut.modifiers;
            Reverse(u8::from(shift) + u8::from(alt))
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
