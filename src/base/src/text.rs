//! Sanitize texts from untrusted files for a terminal and a window.

use std::{borrow::Cow, path::Path};

/// Maximum characters of a name.
const MAX_NAME: usize = 80;
/// Maximum characters of a path.
const MAX_PATH: usize = 200;
/// Maximum characters of a parser's message, which may quote its input.
const MAX_REASON: usize = 300;
/// Maximum characters of a message, which may quote a line of a file.
const MAX_MESSAGE: usize = 2000;
/// Maximum names in a list.
const MAX_NAMES: usize = 5;

/// Escape control characters and invisible or direction-changing characters as `\u{1b}`. Line breaks and tabs
/// stay.
pub fn escaped(text: &str) -> Cow<'_, str> {
    let harmless = |letter: char| matches!(letter, '\n' | '\t') || !is_hostile(letter);
    if text.chars().all(harmless) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        match harmless(letter) {
            true => out.push(letter),
            false => out.extend(letter.escape_unicode()),
        }
    }
    Cow::Owned(out)
}

/// Format a whole message: [`escaped`], at most 2000 characters.
pub fn message(text: &str) -> String {
    let text = escaped(text);
    match text.char_indices().nth(MAX_MESSAGE) {
        None => text.into_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// Format a name for a message: escaped, on one line, at most 80 characters.
pub fn display_name(name: &str) -> String {
    cut(name, MAX_NAME)
}

/// Format a path: escaped, on one line, its middle elided if it is longer than 200 characters.
pub fn path(path: &Path) -> String {
    let whole = cut(&path.display().to_string(), usize::MAX);
    let letters = whole.chars().count();
    if letters <= MAX_PATH {
        return whole;
    }
    let head: String = whole.chars().take(MAX_PATH / 2).collect();
    let tail: String = whole.chars().skip(letters - (MAX_PATH / 2 - 1)).collect();
    format!("{head}…{tail}")
}

/// Format a message that may quote a file: escaped, on one line, at most 300 characters.
pub fn reason(text: &str) -> String {
    cut(text, MAX_REASON)
}

/// Join names, each formatted by [`display_name`]: at most five, then the number of the others.
pub fn list<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    let mut names = names.into_iter();
    let mut shown: Vec<String> =
        names.by_ref().take(MAX_NAMES).map(|name| self::display_name(name.as_ref())).collect();
    let left = names.count();
    if left > 0 {
        shown.push(format!("… and {left} more"));
    }
    shown.join(", ")
}

fn cut(text: &str, most: usize) -> String {
    let mut out = String::new();
    // End of the text if it has to be cut for the ellipsis.
    let mut end = 0;
    let mut count = 0;
    for letter in text.chars() {
        match is_hostile(letter) {
            true => out.extend(letter.escape_unicode()),
            false => out.push(letter),
        }
        count += if is_hostile(letter) { letter.escape_unicode().count() } else { 1 };
        if count < most {
            end = out.len();
        } else if count > most {
            out.truncate(end);
            out.push('…');
            return out;
        }
    }
    out
}

/// Whether a character affects its neighbours or the terminal: control, direction and invisible characters,
/// but not the joiners that emoji and several scripts need.
fn is_hostile(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(escaped("a\u{1b}[2Jb\u{7}\u{9b}c"), r"a\u{1b}[2Jb\u{7}\u{9b}c");
        assert_eq!(display_name("gpj.\u{202e}exe\u{2066}\r\n"), r"gpj.\u{202e}exe\u{2066}\u{d}\u{a}");
        for plain in ["Grüße.png", "a\tb\nc", "猫 👩‍🎨.jpg", "می‌خواهم"] {
            assert!(matches!(escaped(plain), Cow::Borrowed(text) if text == plain), "{plain}");
        }
        assert_eq!(display_name("Grüße.png"), "Grüße.png");
    }

    #[test]
    fn names_end_at_eighty_letters() {
        assert_eq!(display_name(&"ü".repeat(80)), "ü".repeat(80));
        assert_eq!(display_name(&"ü".repeat(81)), format!("{}…", "ü".repeat(79)));
        // No escape is cut in two.
        let dark = display_name(&"\u{1b}".repeat(5000));
        assert!(dark.chars().count() <= 80 && dark.ends_with("}…"), "{dark}");
        assert_eq!(reason(&"x".repeat(1 << 20)).chars().count(), 300);
        assert_eq!(path(Path::new("/a\n/b.png")), r"/a\u{a}/b.png");
        let long = path(&Path::new("/home").join("x".repeat(5000)).join("b.png"));
        assert!(long.starts_with("/home/x") && long.ends_with("x/b.png") && long.chars().count() == 200);
    }

    #[test]
    fn lists_name_five_and_count_the_others() {
        let names = |count: usize| (1..=count).map(|n| format!("k{n}")).collect::<Vec<_>>();
        assert_eq!(list(names(5)), "k1, k2, k3, k4, k5");
        assert_eq!(list(names(42)), "k1, k2, k3, k4, k5, … and 37 more");
        assert!(list(vec!["\u{1b}x".repeat(1000); 5000]).chars().count() < 450);
        assert_eq!(list(Vec::<String>::new()), "");
    }
}
