//! The raw MIDI devices that there are, and their names.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// The devices with an input, by name. `root` is the folder that has `dev` and `proc`.
///
/// A name is the driver's, as in `/proc/asound/card1/midi0`, or else the file's. Devices of the same name are
/// numbered in the order of their cards.
pub fn devices(root: &Path) -> BTreeMap<String, PathBuf> {
    let mut files: Vec<_> = fs::read_dir(root.join("dev/snd")).into_iter().flatten().flatten().collect();
    files.retain(|file| numbers(file).is_some());
    files.sort_by_key(numbers);
    let mut devices = BTreeMap::new();
    for file in files {
        let Some((card, device)) = numbers(&file) else { continue };
        let about = fs::read_to_string(root.join(format!("proc/asound/card{card}/midi{device}")));
        let about = about.unwrap_or_default();
        // The name comes first, and the inputs and outputs follow.
        if !about.is_empty() && !about.lines().any(|line| line.starts_with("Input")) {
            continue;
        }
        let name = match about.lines().next().map(str::trim) {
            Some(name) if !name.is_empty() => name.to_owned(),
            _ => format!("midiC{card}D{device}"),
        };
        let mut unique = name.clone();
        let mut number = 1;
        while devices.contains_key(&unique) {
            number += 1;
            unique = format!("{name} ({number})");
        }
        devices.insert(unique, file.path());
    }
    devices
}

/// The numbers of card and device of a file `midiC1D0`.
fn numbers(file: &fs::DirEntry) -> Option<(u32, u32)> {
    let name = file.file_name();
    let (card, device) = name.to_str()?.strip_prefix("midiC")?.split_once('D')?;
    Some((card.parse().ok()?, device.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_with_an_input_have_names_of_their_own() {
        let root = tempfile::tempdir().unwrap();
        assert!(devices(root.path()).is_empty(), "a machine without sound");
        let put = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let files = ["midiC2D0", "midiC10D0", "midiC1D0", "midiC1D1", "midiC3D0", "midiC4D0"];
        for file in files.into_iter().chain(["controlC1", "seq", "timer", "midiC5", "midiCxD0", "umpC1D0"]) {
            put(&format!("dev/snd/{file}"), "");
        }
        let input = "Type: Legacy\nInput 0\n  Rx bytes     : 0\n  Buffer size  : 4096\n";
        put("proc/asound/card1/midi0", &format!("nanoKONTROL2\n\nOutput 0\n  Tx bytes     : 0\n{input}"));
        put("proc/asound/card1/midi1", "Synth\n\nOutput 0\n  Tx bytes     : 0\n");
        put("proc/asound/card2/midi0", &format!("BCF2000 \n\n{input}"));
        put("proc/asound/card3/midi0", &format!("\n\n{input}"));
        put("proc/asound/card10/midi0", &format!("BCF2000\n\n{input}"));
        let found = devices(root.path());
        let found: Vec<(&str, &str)> = found
            .iter()
            .map(|(name, path)| (name.as_str(), path.file_name().unwrap().to_str().unwrap()))
            .collect();
        assert_eq!(
            found,
            [
                ("BCF2000", "midiC2D0"),
                ("BCF2000 (2)", "midiC10D0"),
                ("midiC3D0", "midiC3D0"),
                ("midiC4D0", "midiC4D0"),
                ("nanoKONTROL2", "midiC1D0"),
            ]
        );
    }
}
