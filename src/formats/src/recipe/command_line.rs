//! The command that paints a picture without the window.

pub use impasto_core::picture::EXAMPLE;
use impasto_core::settings::{Crop, Edge, LayerWeights, Masks, Region, RegionRole, Settings, StyleMix};

/// The parts of the command.
#[derive(Clone, Debug)]
pub struct CommandLine<'a> {
    pub settings: &'a Settings,
    /// As on the command line: a path, or [`EXAMPLE`] and a title.
    pub content: String,
    /// Those that are off are left out.
    pub styles: Vec<CommandStyle>,
    pub output: String,
    /// Steps of the picture, if it does not have all of them.
    pub stop_after: Option<u32>,
}

/// A style of a command.
#[derive(Clone, Debug)]
pub struct CommandStyle {
    /// As [`CommandLine::content`].
    pub picture: String,
    pub mix: StyleMix,
    /// The region that it paints, if not the rest of the picture.
    pub region: Option<String>,
}

impl CommandLine<'_> {
    /// The arguments after `impasto`; defaults are left out.
    ///
    /// # Errors
    ///
    /// If a path in the settings is not Unicode.
    pub fn arguments(&self) -> Result<Vec<String>, serde_json::Error> {
        let mut arguments: Vec<String> = ["render", "--content"].map(Into::into).into();
        arguments.push(guarded(&self.content));
        for CommandStyle { picture, mix, region } in self.styles.iter().filter(|style| style.mix.on) {
            arguments.push("--style".to_owned());
            let mut word = guarded(picture);
            // The numbers may be left out only if nothing in the name looks like one.
            let plain = !picture.contains([':', '@']);
            if mix.crop.is_some() || picture.ends_with(']') {
                let part = <[f64; 4]>::from(mix.crop.unwrap_or(Crop::WHOLE)).map(|number| number.to_string());
                word.push_str(&format!("[{}]", part.join(",")));
            }
            if mix.weight != 1.0 || !plain {
                word.push_str(&format!(":{}", mix.weight));
            }
            if mix.scale != 1.0 || !plain {
                word.push_str(&format!("@{}", mix.scale));
            }
            // A name that has a # itself ends with another one, also without a region.
            if region.is_some() || picture.contains('#') {
                word.push('#');
            }
            word.extend(region.as_deref());
            arguments.push(word);
        }
        arguments.extend(["--output".to_owned(), guarded(&self.output)]);
        arguments.extend(self.stop_after.map(|steps| format!("--stop-after={steps}")));
        arguments.extend(self.settings.to_flags()?);
        arguments.extend(mask_flags(&self.settings.masks));
        Ok(arguments)
    }

    /// The whole command, quoted for a shell.
    ///
    /// # Errors
    ///
    /// As [`CommandLine::arguments`].
    pub fn text(&self) -> Result<String, serde_json::Error> {
        let words: Vec<String> = self.arguments()?.iter().map(|word| quoted(word)).collect();
        Ok(format!("impasto {}", words.join(" ")))
    }
}

/// Regions and maps whose masks are files.
fn mask_flags(masks: &Masks) -> Vec<String> {
    let regions = masks.regions.iter().map(|region| format!("--region={}", region_word(region)));
    let maps = [("style-map", &masks.style_map), ("content-map", &masks.content_map)];
    let maps =
        maps.into_iter().filter_map(|(flag, map)| Some(format!("--{flag}={}", map.as_ref()?.display())));
    regions.chain(maps).collect()
}

/// As `sky=sky.png:strength=0.5:hard`.
fn region_word(region: &Region) -> String {
    let Region { name, mask, role, strength, edge, layers, styles: _ } = region;
    let mut word = format!("{name}={}", mask.display());
    let mut add = |option: &str| {
        word.push(':');
        word.push_str(option);
    };
    match role {
        RegionRole::Paint => {}
        RegionRole::Freeze => add("freeze"),
        RegionRole::Keep => add("keep"),
    }
    match edge {
        Edge::Soft => {}
        Edge::Hard => add("hard"),
        Edge::Rough => add("rough"),
    }
    if *strength != 1.0 {
        add(&format!("strength={strength}"));
    }
    if let Some(layers) = layers {
        add(&format!("layers={}", factors(layers)));
    }
    word
}

fn factors(layers: &LayerWeights) -> String {
    let factors: Vec<String> = layers.iter().map(|(layer, factor)| format!("{layer}={factor}")).collect();
    match factors.as_slice() {
        // At least one must be named.
        [] => "relu1_1=0".to_owned(),
        factors => factors.join("+"),
    }
}

/// A path that does not look like a flag.
fn guarded(path: &str) -> String {
    if path.starts_with('-') { format!("./{path}") } else { path.to_owned() }
}

/// Quote a word that has special characters, for a POSIX shell or, on Windows, for its command line. Crates
/// for it also quote the `=` of `--layer relu3_1=0.5`, and know POSIX shells only.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,+@%".contains(c);
    if !word.is_empty() && word.chars().all(|c| plain(c) || (cfg!(windows) && c == '\\')) {
        word.to_owned()
    } else if cfg!(windows) {
        format!("\"{word}\"")
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_painting_is_a_short_command() {
        let line = CommandLine {
            settings: &Settings { size: 384, style_weight: 2.5, ..Settings::default() },
            content: "/a/my cat's.jpg".into(),
            styles: [
                ("example:Swirl", 1.0, 1.0, true),
                ("b.png", 1.0, 1.0, true),
                ("b.png", 0.25, 1.0, true),
                ("c", 1.0, 0.5, true),
                ("d[1]", 1.0, 1.0, true),
                ("e#1.jpg", 0.5, 1.0, true),
                ("off", 1.0, 1.0, false),
            ]
            .map(|(picture, weight, scale, on)| CommandStyle {
                picture: picture.to_owned(),
                mix: StyleMix { weight, scale, on, crop: None },
                region: None,
            })
            .into(),
            output: "-out.png".into(),
            stop_after: Some(7),
        };
        let expected = [
            "render",
            "--content",
            "/a/my cat's.jpg",
            "--style",
            "example:Swirl:1@1",
            "--style",
            "b.png",
            "--style",
            "b.png:0.25",
            "--style",
            "c@0.5",
            "--style",
            "d[1][0,0,1,1]",
            "--style",
            "e#1.jpg:0.5#",
            "--output",
            "./-out.png",
            "--stop-after=7",
            "--size=384",
            "--style-weight=2.5",
        ];
        assert_eq!(line.arguments().unwrap(), expected);
    }

    #[cfg(unix)]
    #[test]
    fn a_shell_reads_every_word_as_it_is_meant() {
        for word in ["", "plain-1.5", "a b", "it's", "$HOME `x` \"q\" \\ * ? ; & | # ~ é\n\t!", "--a=b:c"] {
            let output = std::process::Command::new("sh")
                .args(["-c", &format!("printf '%s|' {} end", quoted(word))])
                .output()
                .unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{word}|end|"));
        }
    }
}
