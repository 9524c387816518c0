//! Everything that a button, a key, the help or the palette can ask for. `table.rs` has a row for each.

mod keys;
mod table;

use egui::{Context, KeyboardShortcut};

use super::{ImpastoApp, action::Act, icons::Icon};

pub use self::table::{Command, Page, Tab};

/// All that is known of a command.
struct Row {
    /// The heading that it stands under in the help.
    group: &'static str,
    text: &'static str,
    /// What its tab or door says, or the door that it is behind.
    label: &'static str,
    tooltip: &'static str,
    icon: Icon,
    /// The first one is shown; further ones are those of other programs.
    keys: &'static [KeyboardShortcut],
    /// Whether its buttons are lit. Its keys always work, and a note says why nothing happens.
    available: fn(&ImpastoApp) -> bool,
    run: fn(&mut ImpastoApp, &Context),
}

impl Command {
    fn row(self) -> &'static Row {
        &table::ROWS[self as usize]
    }

    /// The heading that it stands under in the help.
    pub fn group(self) -> &'static str {
        self.row().group
    }

    pub fn text(self) -> &'static str {
        self.row().text
    }

    /// What its tab or door says, or the door that it is behind; else the same as [`text`](Self::text).
    pub fn label(self) -> &'static str {
        self.row().label
    }

    pub fn tooltip(self) -> &'static str {
        self.row().tooltip
    }

    pub fn icon(self) -> Icon {
        self.row().icon
    }

    /// Its key in words, if it has one.
    pub fn key(self, ctx: &Context) -> Option<String> {
        self.row().keys.first().map(|key| keys::name(ctx, key))
    }

    /// Tooltip and key together, as shown on a button.
    pub fn hint(self, ctx: &Context) -> String {
        match self.key(ctx) {
            Some(key) => format!("{} ({key})", self.tooltip()),
            None => self.tooltip().to_owned(),
        }
    }
}

impl Act for Command {
    fn apply(self, app: &mut ImpastoApp, ctx: &Context) {
        app.run_command(ctx, self);
    }
}

impl ImpastoApp {
    /// Whether the buttons of a command are lit.
    pub(super) fn can(&self, command: Command) -> bool {
        (command.row().available)(self)
    }

    /// Run the command of a button or a key.
    pub(super) fn run_command(&mut self, ctx: &Context, command: Command) {
        (command.row().run)(self, ctx);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_commands_share_a_key_or_a_text() {
        let rows = || Command::ALL.into_iter().map(Command::row);
        let mut keys: Vec<String> = rows().flat_map(|row| row.keys).map(|key| format!("{key:?}")).collect();
        let before = keys.len();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), before);
        let mut texts: Vec<&str> = rows().map(|row| row.text).collect();
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), Command::ALL.len());
    }

    #[test]
    fn tabs_are_remembered_by_their_names() {
        for name in ["losses", "filmstrip", "automation", "mixer", "regions"] {
            let tab: Tab = serde_json::from_value(name.into()).unwrap();
            assert_eq!(serde_json::to_value(tab).unwrap(), name);
            assert_eq!(tab.command().label().to_lowercase(), name);
        }
    }

    #[test]
    fn keys_are_shown_as_people_call_them() {
        let ctx = Context::default();
        ctx.set_os(egui::os::OperatingSystem::Nix);
        let key = |command: Command| command.key(&ctx).unwrap();
        assert_eq!(key(Command::Earlier), "[");
        assert_eq!(key(Command::Later), "]");
        assert_eq!(key(Command::Step), ".");
        assert_eq!(key(Command::LargerSize), "Page Up");
        assert_eq!(key(Command::OpenStyle), "Ctrl+Shift+O");
        assert_eq!(Command::Stop.key(&ctx), None);
        assert_eq!(Command::Later.hint(&ctx), format!("{} (])", Command::Later.tooltip()));
    }
}
