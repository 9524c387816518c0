//! The masks on the command line: regions and maps that are files, and the styles in their regions.

use super::{Place, places};
use impasto_core::{
    picture::is_pasted,
    settings::{Masks, Region, Settings, StyleMix},
};
use impasto_formats::recipe::CommandStyle;

/// Leave out what flags cannot tell, such as drawn masks; returns its names.
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
        place.remove_from(settings);
    }
    titles
}

/// The styles, each once for every region that has it, as a style of a command has one region.
pub fn placed(masks: &Masks, styles: Vec<(String, StyleMix)>) -> Vec<CommandStyle> {
    let in_regions = |index: usize| {
        let of = move |region: &Region| {
            let own = region.styles.iter().find(|style| style.style == index)?;
            Some((region.name.clone(), own.weight))
        };
        masks.painted().filter_map(of).collect::<Vec<_>>()
    };
    let mut all = Vec::new();
    for (index, (picture, mix)) in styles.into_iter().enumerate() {
        let regions = in_regions(index);
        if regions.is_empty() {
            all.push(CommandStyle { picture: picture.clone(), mix, region: None });
        }
        all.extend(regions.into_iter().map(|(region, weight)| CommandStyle {
            picture: picture.clone(),
            mix: StyleMix { weight: mix.weight * weight, ..mix },
            region: Some(region),
        }));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use impasto_core::{
        picture::pasted_name,
        settings::{Curve, Edge, Lfo, ParamId, RegionRole, RegionStyle, Track},
    };
    use impasto_formats::recipe::{CommandLine, quoted};

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
        let params: Vec<ParamId> = settings.automation.iter().map(|(param, _)| param).collect();
        assert_eq!(params, [ParamId::RegionStrength(1)], "it is the second now");
        settings.automation = Default::default();
        let styles = ["a.png", "b#1.png", "c.png"].map(|name| (name.to_owned(), StyleMix::default()));
        let line = CommandLine {
            settings: &settings,
            content: "cat.jpg".into(),
            styles: placed(&settings.masks, styles.into()),
            output: "out.png".into(),
            stop_after: None,
        };
        let text = line.text().unwrap();
        let word = |word: &str| text.contains(&quoted(word));
        assert!(text.contains("--style a.png --style") && text.contains("--style c.png --output"), "{text}");
        assert!(word("b#1.png:0.5#sky") && word("b#1.png#sea"), "{text}");
        assert!(word("--region=sky=/m/a b.png:rough:strength=0.5:layers=relu2_1=0.25"), "{text}");
        assert!(word("--region=sea=/m/a b.png") && word("--region=face=/m/a b.png:keep"), "{text}");
        assert!(text.contains("--content-map=/m/map.png") && !text.contains("pasted"), "{text}");
    }
}
