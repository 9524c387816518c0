//! What was done to the playlist on its page, to be undone there.

use std::path::PathBuf;

use egui::{Context, Key, KeyboardShortcut, Modifiers};

use super::list::Playlist;

/// Lists that are kept at most.
const MOST: usize = 40;

/// A list, the file that is its own, and what that held.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Kept {
    pub list: Playlist,
    pub file: Option<PathBuf>,
    pub saved: Playlist,
}

/// The lists that there were, oldest first, and which of them is in hand.
#[derive(Default)]
pub struct History {
    states: Vec<Kept>,
    at: usize,
}

/// A way through the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Back,
    On,
}

impl History {
    /// Notes the list as it is, if that is new: what was undone before cannot be done again then.
    pub fn note(&mut self, list: &Playlist, file: Option<&PathBuf>, saved: &Playlist) {
        let now = || Kept { list: list.clone(), file: file.cloned(), saved: saved.clone() };
        match self.states.get_mut(self.at) {
            // It may have been saved, or read from a file that holds the same.
            Some(kept) if kept.list == *list => {
                if kept.file.as_ref() != file || kept.saved != *saved {
                    *kept = now();
                }
                return;
            }
            _ => {}
        }
        self.states.truncate(self.at + 1);
        self.states.push(now());
        if self.states.len() > MOST {
            self.states.remove(0);
        }
        self.at = self.states.len() - 1;
    }

    /// Whether there is anything that way.
    pub fn leads(&self, way: Way) -> bool {
        match way {
            Way::Back => self.at > 0,
            Way::On => self.at + 1 < self.states.len(),
        }
    }

    /// Go one list that way.
    pub fn go(&mut self, way: Way) -> Option<&Kept> {
        if !self.leads(way) {
            return None;
        }
        match way {
            Way::Back => self.at -= 1,
            Way::On => self.at += 1,
        }
        self.states.get(self.at)
    }
}

impl Way {
    /// The key for it, in words.
    pub fn hint(self, ctx: &Context) -> String {
        let modifiers = match self {
            Way::Back => Modifiers::COMMAND,
            Way::On => Modifiers::COMMAND | Modifiers::SHIFT,
        };
        ctx.format_shortcut(&KeyboardShortcut::new(modifiers, Key::Z))
    }

    /// What the keys ask for, unless they belong to a text.
    pub fn asked(ctx: &Context) -> Option<Self> {
        if ctx.text_edit_focused() {
            return None;
        }
        let shift = Modifiers::COMMAND | Modifiers::SHIFT;
        // ctrl-Z also matches when shift is held, so what asks for more keys goes first.
        let keys = [
            (shift, Key::Z, Way::On),
            (Modifiers::COMMAND, Key::Y, Way::On),
            (Modifiers::COMMAND, Key::Z, Way::Back),
        ];
        let pressed = |&(modifiers, key, _): &(Modifiers, Key, Way)| {
            ctx.input_mut(|input| input.consume_shortcut(&KeyboardShortcut::new(modifiers, key)))
        };
        keys.into_iter().find(pressed).map(|(_, _, way)| way)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(fade: f64) -> Playlist {
        let mut list = Playlist::default();
        list.fade = fade;
        list
    }

    fn note(history: &mut History, fade: f64) {
        history.note(&list(fade), None, &Playlist::default());
    }

    fn went(history: &mut History, way: Way) -> Option<Playlist> {
        history.go(way).map(|kept| kept.list.clone())
    }

    #[test]
    fn a_list_keeps_the_file_that_is_its_own() {
        let mut history = History::default();
        let [first, second] = ["first.toml", "second.toml"].map(PathBuf::from);
        history.note(&list(1.0), None, &Playlist::default());
        // Saved, then another one opened.
        history.note(&list(1.0), Some(&first), &list(1.0));
        history.note(&list(2.0), Some(&second), &list(2.0));
        let before = history.go(Way::Back).unwrap();
        assert_eq!((before.file.as_ref(), &before.saved), (Some(&first), &list(1.0)));
        assert_eq!(history.go(Way::On).unwrap().file.as_ref(), Some(&second));
    }

    #[test]
    fn it_goes_back_and_on_and_a_new_change_ends_what_was_undone() {
        let mut history = History::default();
        assert_eq!(history.go(Way::Back), None);
        for fade in [0.0, 1.0, 1.0, 2.0] {
            note(&mut history, fade);
        }
        assert_eq!(history.go(Way::On), None);
        assert_eq!(went(&mut history, Way::Back), Some(list(1.0)));
        assert_eq!(went(&mut history, Way::Back), Some(list(0.0)));
        assert_eq!(history.go(Way::Back), None);
        assert_eq!(went(&mut history, Way::On), Some(list(1.0)));
        note(&mut history, 1.0);
        assert!(history.leads(Way::On), "nothing has changed");
        note(&mut history, 9.0);
        assert!(!history.leads(Way::On));
        assert_eq!(went(&mut history, Way::Back), Some(list(1.0)));
        (0..100).for_each(|fade| note(&mut history, f64::from(fade) / 10.0));
        assert_eq!((0..100).filter(|_| history.go(Way::Back).is_some()).count(), MOST - 1);
    }
}
