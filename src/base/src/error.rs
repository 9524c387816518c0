//! Errors as text.

use std::error::Error;

use crate::text;

/// An error with its causes, as `a: b: c`, as a [`text::message`]: parsers quote what they have read. Omits a
/// cause that the text already contains.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text::message(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_appended_without_repetition() {
        let error = anyhow::anyhow!("root").context("cause").context("top");
        assert_eq!(chain(&*error), "top: cause: root");
        let error = anyhow::anyhow!("no such file").context("cannot open a.jpg: no such file").context("top");
        assert_eq!(chain(&*error), "top: cannot open a.jpg: no such file");
    }

    #[test]
    fn what_a_parser_quotes_is_shown_short_and_harmless() {
        let error = anyhow::anyhow!("line 1:\n\u{1b}]0;x\u{7}\u{202e}").context("a.toml is not a preset");
        assert_eq!(chain(&*error), "a.toml is not a preset: line 1:\n\\u{1b}]0;x\\u{7}\\u{202e}");
        let error = anyhow::anyhow!("\u{202e}".repeat(1 << 16)).context("b.toml");
        let text = chain(&*error);
        assert!(text.starts_with("b.toml: \\u{202e}") && text.ends_with('…'), "{text}");
        assert_eq!(text.chars().count(), 2001);
    }
}
