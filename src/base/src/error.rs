//! Errors as text.

use std::error::Error;

/// An error with its causes on one line, as `a: b: c`. Omits a cause that the text already contains.
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
    text
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
}
