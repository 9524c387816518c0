//! The masks on the command line: regions and maps that are files, and the styles in their regions.

use super::{Place, actions::move_tracks, places};
use impasto_core::{
    picture::is_pasted,
    settings::{Edge, LayerWeights, Masks, Region, RegionRole, Settings, StyleMix},
};
use impasto_formats::recipe::{CommandLine, quoted};

/// A style of a command, and the region that it paints.
pub type PlacedStyle = ((String, StyleMix), Option<String>);

/// Leave out what flags cannot tell, such as drawn masks; gives its names.
pub fn leave_out(settings: &mut Settings) -> Vec<String> {
    let masks = &settings.masks;
    let cannot = |place: &Place| {
        let is_drawn = place.name_in(masks).is_some_and(|name| is_pasted(name) || name.to_str().is_none());
        let odd = matches!(place, Place::Region(_)) && place.title(masks).contains(['=', '#']);
        is_drawn || odd
    };
    let gone: Vec<Place> = places(masks).filter(cannot).collect();
    let titles = gone.iter().map(|place| place.title(masks).to_owned()).collect();
    for place in gone.into_iter().rev() {
        let count = settings.masks.regions.len();
        place.remove(&mut settings.masks);
        if let Place::Region(index) = place {
            let moved = |at: usize| (at != index).then(|| at - usize::from(at > index));
            move_tracks(&mut settings.automation, count, moved);
        }
    }
    titles
}

/// The styles, each once for every region that has it, as a style of a command has one region.
pub fn placed(masks: &Masks, styles: Vec<(String, StyleMix)>) -> Vec<PlacedStyle> {
    let in_regions = |index: usize| {
        let of = move |region: &Region| {
            let own = region.styles.iter().find(|style| style.style == index)?;
            Some((region.name.clone(), own.weight))
        };
        masks.painted().filter_map(of).collect::<Vec<_>>()
    };
    let mut all = Vec::new();
    for (index, (name, mix)) in styles.into_iter().enumerate() {
        let regions = in_regions(index);
        if regions.is_empty() {
            all.push(((name.clone(), mix), None));
        }
        all.extend(regions.into_iter().map(|(region, weight)| {
            ((name.clone(), StyleMix { weight: mix.weight * weight, ..mix }), Some(region))
        }));
    }
    all
}

/// The command with the masks of its settings; `regions` are those of its styles.
///
/// # Errors
///
/// As [`CommandLine::arguments`].
pub fn text(line: &CommandLine<'_>, regions: &[Option<String>]) -> Result<String, serde_json::Error> {
    let mut words = line.arguments()?;
    let on = line.styles.iter().zip(regions).filter(|((_, mix), _)| mix.on).map(|(_, region)| region);
    let flags = (0..words.len()).filter(|&at| words[at] == "--style");
    let places: Vec<usize> = flags.map(|at| at + 1).collect();
    for (at, region) in places.into_iter().zip(on) {
        let Some(region) = region else { continue };
        // One whose name has a # ends with another one, before the region.
        let mark = if words[at].ends_with('#') { "" } else { "#" };
        words[at] = format!("{}{mark}{region}", words[at]);
    }
    words.extend(flags_of(&line.settings.masks));
    let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    Ok(format!("impasto {}", words.join(" ")))
}

fn flags_of(masks: &Masks) -> Vec<String> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use impasto_core::{
        picture::pasted_name,
        settings::{Curve, Lfo, ParamId, RegionStyle, Track},
    };

    #[test]
    fn masks_of_files_are_flags_and_drawn_ones_are_named() {
        let region =
            |name: &str| Region { name: name.into(), mask: "/m/a b.png".into(), ..Region::default() };
        let style = |style: usize, weight: f64| RegionStyle { style, weight };
        let drawn = Region { mask: pasted_name(&impasto_base::hash::Sha256Hash::of(b"")), ..region("rock") };
        let sky = Region {
            strength: 0.5,
            edge: Edge::Rough,
            layers: Some([("relu2_1".parse().unwrap(), 0.25)].into_iter().collect()),
            styles: vec![style(1, 0.5)],
            ..region("sky")
        };
        let sea = Region { styles: vec![style(1, 1.0)], ..region("sea") };
        let face = Region { role: RegionRole::Keep, ..region("face") };
        let masks = Masks {
            regions: vec![drawn, sky, sea, face],
            content_map: Some("/m/map.png".into()),
            ..Masks::default()
        };
        let mut settings = Settings { masks, ..Settings::default() };
        settings
            .automation
            .set(ParamId::RegionStrength(2), Track::new(Curve::Lfo(Lfo { period: 0.5, ..Lfo::default() })));
        assert_eq!(leave_out(&mut settings), ["rock"]);
        let knobs: Vec<ParamId> = settings.automation.iter().map(|(knob, _)| knob).collect();
        assert_eq!(knobs, [ParamId::RegionStrength(1)], "it is the second now");
        settings.automation = Default::default();
        let styles = ["a.png", "b#1.png", "c.png"].map(|name| (name.to_owned(), StyleMix::default()));
        let (styles, regions): (Vec<_>, Vec<_>) = placed(&settings.masks, styles.into()).into_iter().unzip();
        let line = CommandLine {
            settings: &settings,
            content: "cat.jpg".into(),
            styles,
            output: "out.png".into(),
            stop_after: None,
        };
        let text = text(&line, &regions).unwrap();
        let word = |word: &str| text.contains(&quoted(word));
        assert!(text.contains("--style a.png --style") && text.contains("--style c.png --output"), "{text}");
        assert!(word("b#1.png:0.5#sky") && word("b#1.png#sea"), "{text}");
        assert!(word("--region=sky=/m/a b.png:rough:strength=0.5:layers=relu2_1=0.25"), "{text}");
        assert!(word("--region=sea=/m/a b.png") && word("--region=face=/m/a b.png:keep"), "{text}");
        assert!(text.contains("--content-map=/m/map.png") && !text.contains("pasted"), "{text}");
    }
}
