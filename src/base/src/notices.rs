//! The licences of what the program is built from.

/// Every crate that a build may hold, on any system, with its licence and its holders. `tests/notices.py`
/// writes the file.
pub const THIRD_PARTY: &str = include_str!("../../../assets/third-party.txt");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_of_all_kinds_are_named_with_their_holders_and_licences() {
        for part in [
            "\n  egui 0.",
            "\n  burn 0.",
            "\n  windows-sys 0.",
            "\n      Copyright (c) ",
            "TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION",
            "Permission is hereby granted, free of charge",
            "SIL OPEN FONT LICENSE",
            "Mozilla Public License",
        ] {
            assert!(THIRD_PARTY.contains(part), "{part}");
        }
    }
}
