//! The files that pasted text names: what file managers, terminals and people copy.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

/// The files that exist among those that the text names: paths, also in quotes and with `~` for `home`, and
/// addresses (`file://`), one or several to a line.
pub fn files_of(text: &str, home: Option<&Path>) -> Vec<PathBuf> {
    text.lines().map(str::trim).flat_map(|line| files_of_line(line, home)).collect()
}

fn files_of_line(line: &str, home: Option<&Path>) -> Vec<PathBuf> {
    let file = |name: &str| file_of(name, home);
    // A name may have quotes and spaces of its own.
    if let Some(path) = file(line) {
        return vec![path];
    }
    if let Some(names) = quoted(line) {
        return names.into_iter().filter_map(file).collect();
    }
    if line.starts_with("file://") {
        return line.split_whitespace().filter_map(file).collect();
    }
    // As a shell writes a name with spaces.
    file(&line.replace("\\ ", " ")).into_iter().collect()
}

/// The parts of a line that is made of nothing but parts in quotes.
fn quoted(line: &str) -> Option<Vec<&str>> {
    let mut names = Vec::new();
    let mut rest = line;
    while let Some(quote) = rest.chars().next() {
        let inner = rest.strip_prefix(['"', '\'']).filter(|_| matches!(quote, '"' | '\''))?;
        let (name, after) = inner.split_once(quote)?;
        names.push(name);
        rest = after.trim_start();
    }
    Some(names)
}

fn file_of(name: &str, home: Option<&Path>) -> Option<PathBuf> {
    let path = match (name.strip_prefix("file://"), name.strip_prefix("~/")) {
        (Some(address), _) => {
            let path = unescape(address.strip_prefix("localhost").unwrap_or(address))?;
            // C:/ stands behind a slash there.
            if cfg!(windows) { path.to_str()?.trim_start_matches('/').into() } else { PathBuf::from(path) }
        }
        (None, Some(rest)) => home?.join(rest),
        (None, None) => PathBuf::from(name),
    };
    path.is_file().then_some(path)
}

/// Decode `%20` and its like to the bytes that they stand for.
fn unescape(text: &str) -> Option<OsString> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        if first == b'%' && tail.len() >= 2 {
            let digits = std::str::from_utf8(&tail[..2]).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &tail[2..];
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    #[cfg(unix)]
    return Some(std::os::unix::ffi::OsStringExt::from_vec(bytes));
    #[cfg(not(unix))]
    return String::from_utf8(bytes).ok().map(OsString::from);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pasted_text_names_files_that_exist() {
        let folder = tempfile::tempdir().unwrap();
        let [spaced, plain, quote] = ["a b.png", "c.png", "it's.png"].map(|name| folder.path().join(name));
        for path in [&spaced, &plain, &quote] {
            std::fs::write(path, b"x").unwrap();
        }
        let of = |text: &str| files_of(text, Some(folder.path()));
        let [a, c, q] = [&spaced, &plain, &quote].map(|path| path.display().to_string());
        let address = format!("file://{}", a.replace(' ', "%20"));
        assert_eq!(of(&a), std::slice::from_ref(&spaced));
        assert_eq!(of(&format!("  {a} ")), std::slice::from_ref(&spaced));
        assert_eq!(of(&q), std::slice::from_ref(&quote));
        assert_eq!(of("~/a b.png"), std::slice::from_ref(&spaced));
        assert_eq!(files_of("~/a b.png", None), Vec::<PathBuf>::new());
        assert_eq!(of(&a.replace(' ', "\\ ")), std::slice::from_ref(&spaced));
        assert_eq!(of(&address), std::slice::from_ref(&spaced));
        assert_eq!(of(&address.replace("file://", "file://localhost")), std::slice::from_ref(&spaced));
        // In quotes, alone and several.
        for mark in ["'", "\""] {
            assert_eq!(of(&format!("{mark}{a}{mark}")), std::slice::from_ref(&spaced));
            assert_eq!(of(&format!("{mark}{a}{mark} {mark}{c}{mark}")), [spaced.clone(), plain.clone()]);
        }
        assert_eq!(of("\"~/c.png\""), std::slice::from_ref(&plain));
        assert_eq!(of(&format!("'{address}'")), std::slice::from_ref(&spaced));
        // As file managers copy several: by lines, with their own first, or by spaces.
        let both = [spaced.clone(), plain.clone()];
        assert_eq!(of(&format!("copy\r\n{address}\r\nfile://{c}\r\n")), both);
        assert_eq!(of(&format!("# a list\n{address} file://{c}")), both);
        for nothing in ["hello", "file:///%zz", "", "\"", "'a' b", "~", "file://", "\"a\"\"", "é\"a"] {
            assert_eq!(of(nothing), Vec::<PathBuf>::new(), "{nothing}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_address_may_name_a_file_that_is_no_unicode_text() {
        use std::os::unix::ffi::OsStrExt as _;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9.png"));
        std::fs::write(&path, b"x").unwrap();
        assert_eq!(files_of(&format!("file://{}/caf%E9.png", folder.path().display()), None), [path]);
    }
}
