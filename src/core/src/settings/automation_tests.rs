use super::*;
use crate::settings::{Masks, Region, SettingsFlags};
use impasto_network::vgg::Layer;

fn lfo(shape: Waveform) -> Lfo {
    Lfo { shape, period: 0.5, depth: 0.25, ..Lfo::default() }
}

fn keys_until(end: KeysEnd, keys: &[(f64, f64, Ease)]) -> Track {
    Track::new(Curve::Keys(keys.iter().map(|&(at, value, ease)| Key { at, value, ease }).collect(), end))
}

fn keys(keys: &[(f64, f64, Ease)]) -> Track {
    keys_until(KeysEnd::Hold, keys)
}

fn with(id: ParamId, track: Track) -> Settings {
    Settings { steps: 100, automation: [(id, track)].into_iter().collect(), ..Settings::default() }
}

#[test]
fn waves_have_their_forms() {
    let wave = |shape, at| lfo(shape).wave(at);
    let quarters = [0.0, 0.125, 0.25, 0.375, 0.5];
    for (shape, expected) in [
        (Waveform::Sine, [0.0, 1.0, 0.0, -1.0, 0.0]),
        (Waveform::Triangle, [0.0, 1.0, 0.0, -1.0, 0.0]),
        (Waveform::Saw, [0.0, 0.5, -1.0, -0.5, 0.0]),
        (Waveform::Square, [1.0, 1.0, -1.0, -1.0, 1.0]),
    ] {
        for (at, expected) in quarters.into_iter().zip(expected) {
            assert!((wave(shape, at) - expected).abs() < 1e-12, "{shape} at {at}: {}", wave(shape, at));
        }
    }
    let shifted = Lfo { phase: 0.25, ..lfo(Waveform::Triangle) };
    assert!((shifted.wave(0.0) - 1.0).abs() < 1e-12);
}

#[test]
fn random_values_hold_for_a_period_and_are_those_of_the_seed() {
    let values = |seed| -> Vec<f64> {
        let lfo = Lfo { seed, period: 0.01, ..lfo(Waveform::Random) };
        (0..100).map(|index| lfo.wave(0.01 * (f64::from(index) + 0.3))).collect()
    };
    let first = values(7);
    assert_eq!(first, values(7));
    assert!(first.iter().all(|value| (-1.0..=1.0).contains(value)));
    let mean = first.iter().sum::<f64>() / 100.0;
    assert!(mean.abs() < 0.25 && first.iter().any(|v| *v > 0.7) && first.iter().any(|v| *v < -0.7), "{mean}");
    let same = first.iter().zip(values(8)).filter(|(a, b)| **a == *b).count();
    assert_eq!(same, 0, "another seed has other values");
    let lfo = Lfo { period: 0.1, ..lfo(Waveform::Random) };
    assert_eq!(lfo.wave(0.401), lfo.wave(0.499));
    assert_ne!(lfo.wave(0.401), lfo.wave(0.501));
}

#[test]
fn an_oscillator_modulates_around_the_set_value() {
    let settings = with(ParamId::Beta, Track::new(Curve::Lfo(lfo(Waveform::Square))));
    let beta = |step| settings.automated(&[], step).0.style_weight;
    // A quarter of five decades to either side of 1, up to the zero at the bottom.
    let range = ParamId::Beta.range(Objective::Balanced);
    let ratio = beta(0);
    assert!((ratio.log10() - 0.25 * 5.0 * 128.0 / 127.0).abs() < 1e-9, "{ratio}");
    assert!((beta(30) * ratio - 1.0).abs() < 1e-9);
    assert_eq!(beta(0), range.value(range.position(1.0) + 0.25));
    // Only that parameter is modulated, and its set value stays.
    let (modulated, _) = settings.automated(&[], 0);
    assert_eq!(Settings { style_weight: 1.0, ..Settings::clone(&modulated) }, settings);
    // Moving the fader changes the value around which it oscillates.
    let track = settings.automation.get(ParamId::Beta).unwrap();
    let base = track.base_for(ParamId::Beta, Objective::Balanced, 20.0, 0.0).unwrap();
    assert!((track.value(ParamId::Beta, Objective::Balanced, base, 0.0) - 20.0).abs() < 1e-9);
}

#[test]
fn keyframes_are_exact_and_interpolated_by_their_ease() {
    let track = keys(&[
        (0.25, 0.2, Ease::Linear),
        (0.5, 0.6, Ease::Smooth),
        (0.75, 0.0, Ease::Hold),
        (1.0, 1.0, Ease::Linear),
    ]);
    let settings = with(ParamId::KeepColours, track);
    let keep = |step| settings.automated(&[], step).0.keep_colours;
    for (step, value) in [(0, 0.2), (25, 0.2), (50, 0.6), (75, 0.0), (99, 0.0), (100, 1.0), (4000, 1.0)] {
        assert_eq!(keep(step), value, "step {step}");
    }
    assert!((keep(30) - 0.28).abs() < 1e-12, "{}", keep(30));
    // 3t² − 2t³ at t = 1/5.
    assert!((keep(55) - 0.6 * (1.0 - 0.104)).abs() < 1e-12, "{}", keep(55));
    // On a logarithmic range half-way is the geometric mean.
    let settings = with(ParamId::LearningRate, keys(&[(0.0, 0.001, Ease::Linear), (1.0, 0.1, Ease::Linear)]));
    assert!((settings.automated(&[], 50).0.learning_rate - 0.01).abs() < 1e-9);
    // Outside of the range the interpolation is linear.
    let settings = with(ParamId::Smoothness, keys(&[(0.0, 100.0, Ease::Linear), (1.0, 300.0, Ease::Linear)]));
    assert_eq!(settings.automated(&[], 50).0.smoothness_weight, 200.0);
}

#[test]
fn loops_repeat_from_the_first_keyframe_to_the_last() {
    let course = [(0.1, 0.2, Ease::Linear), (0.3, 0.8, Ease::Hold), (0.4, 0.5, Ease::Linear)];
    let keep =
        |end, step| with(ParamId::KeepColours, keys_until(end, &course)).automated(&[], step).0.keep_colours;
    for step in 0..=40 {
        assert_eq!(keep(KeysEnd::Loop, step), keep(KeysEnd::Hold, step), "step {step}: the first time");
    }
    // A period of 30 steps, on after the end of the run, without drifting.
    for step in 41..400 {
        let (now, before) = (keep(KeysEnd::Loop, step), keep(KeysEnd::Loop, step - 30));
        assert!((now - before).abs() < 1e-9, "step {step}: {now} {before}");
    }
    assert!((keep(KeysEnd::Loop, 300_045) - 0.35).abs() < 1e-9);
    // Each repeat ends with the last value, whichever way the times are rounded.
    for repeat in 1..200 {
        assert_eq!(keep(KeysEnd::Loop, 10 + 30 * repeat), 0.5, "repeat {repeat}");
        assert_eq!(keep(KeysEnd::Hold, 10 + 30 * repeat), 0.5);
    }
}

#[test]
fn jumps_of_a_loop_come_at_the_same_steps_of_each_repeat() {
    for (first, last) in [(0, 20), (10, 40), (7, 70)] {
        let at = |step: u32| f64::from(step) / 100.0;
        let middle = (first + last) / 2;
        let course =
            [(at(first), 1.0, Ease::Hold), (at(middle), 4.0, Ease::Hold), (at(last), 2.0, Ease::Linear)];
        let settings = with(ParamId::Beta, keys_until(KeysEnd::Loop, &course));
        for step in first..5000 {
            let wanted = match (step - first) % (last - first) {
                0 if step > first => 2.0,
                since if since < middle - first => 1.0,
                _ => 4.0,
            };
            assert_eq!(settings.automated(&[], step).0.style_weight, wanted, "step {step}");
        }
    }
}

#[test]
fn a_loop_of_a_single_time_holds() {
    let holds = [keys_until(KeysEnd::Loop, &[(0.3, 7.0, Ease::Linear)]), {
        keys_until(KeysEnd::Loop, &[(0.3, 2.0, Ease::Linear), (0.3, 7.0, Ease::Linear)])
    }];
    for track in holds {
        let settings = with(ParamId::Beta, track);
        settings.validate().unwrap();
        assert_eq!([30, 31, 100, 5000].map(|step| settings.automated(&[], step).0.style_weight), [7.0; 4]);
        assert!(!settings.automation.never_rests());
    }
}

#[test]
fn oscillators_and_loops_of_different_values_never_rest() {
    let rests = |track: Track| !with(ParamId::Beta, track).automation.never_rests();
    let course = |last| [(0.0, 1.0, Ease::Linear), (0.5, last, Ease::Linear)];
    assert!(!rests(Track::new(Curve::Lfo(Lfo::default()))));
    assert!(!rests(keys_until(KeysEnd::Loop, &course(4.0))));
    assert!(rests(keys_until(KeysEnd::Loop, &course(1.0))), "one value");
    assert!(rests(keys(&course(4.0))));
    assert!(rests(Track { on: false, ..keys_until(KeysEnd::Loop, &course(4.0)) }));
}

#[test]
fn automation_scales_with_the_number_of_steps() {
    let short = with(ParamId::Beta, Track::new(Curve::Lfo(lfo(Waveform::Triangle))));
    let long = Settings { steps: 1000, ..short.clone() };
    for step in 0..=100 {
        assert_eq!(short.automated(&[], step).0.style_weight, long.automated(&[], 10 * step).0.style_weight);
    }
}

#[test]
fn disabled_and_inactive_parameters_are_not_modulated() {
    let mut settings = with(ParamId::Beta, keys(&[(0.0, 7.0, Ease::Linear)]));
    assert!(settings.automation.is_on() && settings.automation.is_automated(ParamId::Beta));
    settings.style_amount = Some(0.5);
    assert_eq!(*settings.automated(&[], 10).0, settings, "the amount has the say");
    settings.style_amount = None;
    assert_eq!(settings.automated(&[], 10).0.style_weight, 7.0);
    settings.automation.get_mut(ParamId::Beta).unwrap().on = false;
    assert_eq!(*settings.automated(&[], 10).0, settings);
    let absent = ParamId::Style(Layer::ALL[1]);
    let settings = with(absent, keys(&[(0.0, 1.0, Ease::Linear)]));
    assert_eq!(*settings.automated(&[], 10).0, settings, "a layer that is not in use is not put to use");
}

#[test]
fn pictures_weights_move_too() {
    let settings =
        with(ParamId::PictureWeight(1), keys(&[(0.0, 0.0, Ease::Linear), (1.0, 2.0, Ease::Linear)]));
    let mix = [StyleMix::default(); 2];
    let (_, modulated) = settings.automated(&mix, 50);
    assert_eq!((modulated[0].weight, modulated[1].weight), (1.0, 1.0));
    assert!((settings.automated(&mix, 75).1[1].weight - 1.5).abs() < 1e-12);
    assert_eq!(settings.automated(&mix[..1], 75).1, mix[..1]);
}

#[test]
fn automation_never_disables_all_terms() {
    let mut settings = with(ParamId::Beta, keys(&[(0.0, 0.0, Ease::Linear), (0.5, 4.0, Ease::Linear)]));
    settings.content_weight = 0.0;
    settings.smoothness_weight = 0.0;
    assert_eq!(*settings.automated(&[], 0).0, settings);
    assert_eq!(settings.automated(&[], 50).0.style_weight, 4.0);
}

#[test]
fn expensive_parameters_are_quantized() {
    let settings =
        with(ParamId::StyleScale, Track::new(Curve::Lfo(Lfo { period: 1.0, ..lfo(Waveform::Triangle) })));
    let mut scales: Vec<f64> = (0..=25).map(|step| settings.automated(&[], step).0.style_scale).collect();
    scales.dedup();
    let exact = with(ParamId::StyleScale, keys(&[(0.0, 0.777, Ease::Linear)]));
    assert_eq!(exact.automated(&[], 9).0.style_scale, 0.777);
    assert!((5..=14).contains(&scales.len()), "{scales:?}");
}

#[test]
fn tracks_are_written_and_read_in_files_and_flags() {
    let text = "[beta]\nlfo = { shape = \"random\", period = 0.1, seed = 7 }\n\
                [\"style/relu3_1\"]\non = false\nkeys = [{ at = 0, value = 0.1 }, { at = 1.0, value = 2.5, ease = \"hold\" }]\n";
    let automation: Automation = toml::from_str(text).unwrap();
    let expected = Lfo { shape: Waveform::Random, period: 0.1, seed: 7, ..Lfo::default() };
    assert_eq!(automation.get(ParamId::Beta), Some(&Track::new(Curve::Lfo(expected))));
    assert!(!automation.is_automated("style/relu3_1".parse().unwrap()));
    automation.validate().unwrap();
    let again = toml::to_string(&automation).unwrap();
    assert_eq!(toml::from_str::<Automation>(&again).unwrap(), automation);
    let json = serde_json::to_string(&automation).unwrap();
    assert_eq!(serde_json::from_str::<Automation>(&json).unwrap(), automation);
    for (id, track) in automation.iter() {
        let flag = ParamTrack { param: id.into(), track: track.clone() };
        assert_eq!(flag.to_string().parse(), Ok(flag));
    }
    let wrong = |text: &str| text.parse::<ParamTrack>().unwrap_err();
    assert!(wrong("beta").contains("FADER=TRACK"));
    assert!(wrong("gamma={}").contains("style-amount"));
    assert!(wrong("beta={}").contains("either lfo"), "{}", wrong("beta={}"));
    assert!(wrong("beta={ lfo = { shape = 'wobbly' } }").contains("sine, triangle"));
    assert!(wrong("beta={ lfo = { tempo = 1 } }").contains("tempo"));
}

#[test]
fn loops_are_written_and_read_and_what_holds_is_written_as_ever() {
    let course = [(0.0, 0.1, Ease::Linear), (0.25, 2.5, Ease::Hold)];
    let written = |end| {
        let automation: Automation = [(ParamId::Beta, keys_until(end, &course))].into_iter().collect();
        let (toml, json) =
            (toml::to_string(&automation).unwrap(), serde_json::to_string(&automation).unwrap());
        assert_eq!(toml::from_str::<Automation>(&toml).unwrap(), automation);
        assert_eq!(serde_json::from_str::<Automation>(&json).unwrap(), automation);
        json
    };
    let keys = r#""keys":[{"at":0.0,"value":0.1},{"at":0.25,"value":2.5,"ease":"hold"}]"#;
    assert_eq!(written(KeysEnd::Hold), format!("{{\"beta\":{{{keys}}}}}"));
    assert_eq!(written(KeysEnd::Loop), format!("{{\"beta\":{{\"end\":\"loop\",{keys}}}}}"));
    let text = "keys = [{ at = 0.0, value = 0.1 }, { at = 0.25, value = 2.5, ease = 'hold' }]";
    let read = |end: &str| format!("beta={{ {text}{end} }}").parse::<ParamTrack>();
    let flag = |end| ParamTrack { param: ParamId::Beta.into(), track: keys_until(end, &course) };
    assert_eq!(read(", end = 'loop'"), Ok(flag(KeysEnd::Loop)));
    assert_eq!(read(", end = 'hold'"), Ok(flag(KeysEnd::Hold)));
    assert_eq!(read(""), Ok(flag(KeysEnd::Hold)));
    let again = flag(KeysEnd::Loop).to_string();
    assert!(again.contains("end = \"loop\""), "{again}");
    assert_eq!(again.parse(), Ok(flag(KeysEnd::Loop)));
    assert!(read(", end = 'bounce'").unwrap_err().contains("hold, loop"));
    let oscillator = "beta={ lfo = {}, end = 'loop' }".parse::<ParamTrack>().unwrap_err();
    assert!(oscillator.contains("belongs to keys"), "{oscillator}");
}

#[test]
fn tracks_that_cannot_be_used_are_named() {
    let message = |track| with(ParamId::Beta, track).validate().unwrap_err().to_string();
    let bad = |lfo| message(Track::new(Curve::Lfo(lfo)));
    assert!(bad(Lfo { period: 0.0, ..Lfo::default() }).contains("automation: of beta: its period is 0"));
    assert!(bad(Lfo { depth: 1.5, ..Lfo::default() }).contains("depth is 1.5"));
    assert!(bad(Lfo { phase: f64::NAN, ..Lfo::default() }).contains("phase"));
    assert!(message(keys(&[])).contains("0 keyframes"));
    assert!(message(keys(&[(0.5, 1.0, Ease::Linear), (0.2, 1.0, Ease::Linear)])).contains("order"));
    assert!(message(keys(&[(1.5, 1.0, Ease::Linear)])).contains("at 1.5"));
    assert!(message(keys(&[(0.5, -1.0, Ease::Linear)])).contains("cannot be -1"));
}

proptest::proptest! {
    #[test]
    fn whatever_passes_the_check_makes_settings_that_can_be_painted(
        shape in 0..5usize,
        (period, depth, phase) in (1e-6..3.0f64, -1.0..=1.0f64, -9.0..9.0f64),
        base in 0.0..2000.0f64,
        step in 0..200u32,
    ) {
        let lfo = Lfo { shape: Waveform::ALL[shape], period, depth, phase, seed: 3 };
        for id in [ParamId::Beta, ParamId::LearningRate, ParamId::Averaging, ParamId::StyleScale, ParamId::Style(Layer::ALL[0])] {
            let mut settings = with(id, Track::new(Curve::Lfo(lfo)));
            id.set(&mut settings, &mut [], base);
            settings.validate().unwrap();
            let (modulated, _) = settings.automated(&[], step);
            proptest::prop_assert!(modulated.validate().is_ok());
            proptest::prop_assert!(id.get(&modulated, &[]).unwrap().is_finite());
        }
    }
}

#[test]
fn tracks_follow_their_regions() {
    let mut automation = Automation::default();
    let track = |period: f64| Track::new(Curve::Lfo(Lfo { period, ..Lfo::default() }));
    automation.set(ParamId::RegionStrength(0), track(0.25));
    automation.set(ParamId::RegionStrength(2), track(0.5));
    automation.set(ParamId::Beta, track(0.75));
    automation.move_strengths(3, |at| if at == 0 { None } else { Some(at - 1) });
    let knobs: Vec<ParamId> = automation.iter().map(|(knob, _)| knob).collect();
    assert_eq!(knobs, [ParamId::Beta, ParamId::RegionStrength(1)]);
    assert_eq!(automation.get(ParamId::RegionStrength(1)), Some(&track(0.5)));
}

fn regions(names: &[&str]) -> Masks {
    let region = |name: &&str| Region { name: (*name).to_owned(), ..Region::default() };
    Masks { regions: names.iter().map(region).collect(), ..Masks::default() }
}

fn automates(region: &str) -> SettingsFlags {
    let flag = format!("--automate=region/{region}/strength={{ lfo = {{ period = 0.5 }} }}");
    SettingsFlags::parse(&[flag]).unwrap()
}

#[test]
fn a_flag_moves_a_region_that_comes_later_once_it_is_there() {
    let moved = |region: &str, names: &[&str]| -> Vec<ParamId> {
        let masks = regions(names);
        let settings = automates(region).resolve_with(Settings::default(), |own| *own = masks).unwrap();
        settings.automation.iter().map(|(id, _)| id).collect()
    };
    // A name is that of another number at another time, and never that of another region.
    for (names, index) in
        [(vec![], None), (vec!["sea"], None), (vec!["sky"], Some(0)), (vec!["sea", "sky"], Some(1))]
    {
        let wanted: Vec<ParamId> = index.map(ParamId::RegionStrength).into_iter().collect();
        assert_eq!(moved("sky", &names), wanted, "{names:?}");
        assert_eq!(moved("2", &names), [ParamId::RegionStrength(1)], "{names:?}");
    }
    let checked = |region: &str, names: &[&str]| {
        automates(region).check_automate(&regions(names)).map_err(|error| error.to_string())
    };
    for there in ["1", "2", "sea", "sky"] {
        assert_eq!(checked(there, &["sea", "sky"]), Ok(()), "{there}");
    }
    assert!(checked("sky", &["sea"]).unwrap_err().contains("no region called \"sky\"; there are: sea"));
    assert!(checked("2", &["sea"]).unwrap_err().contains("no region 2; there are: sea"));
    for missing in ["1", "sky"] {
        let error = automates(missing).resolve(Settings::default()).unwrap_err();
        assert!(error.to_string().contains("there are: none"), "{error}");
    }
}

#[test]
fn the_track_of_a_missing_region_is_kept_from_a_file_and_is_no_flag() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("course.toml");
    std::fs::write(&file, "[\"region/2/strength\"]\nlfo = { period = 0.5 }\n").unwrap();
    let flags = SettingsFlags::parse(&[format!("--automation={}", file.display())]).unwrap();
    let mut settings = flags.resolve(Settings::default()).unwrap();
    assert!(settings.automation.get(ParamId::RegionStrength(1)).is_some());
    for (names, wanted) in [(vec![], 0), (vec!["sea"], 0), (vec!["sea", "sky"], 1)] {
        settings.masks = regions(&names);
        let again = SettingsFlags::parse(&settings.to_flags().unwrap()).unwrap();
        let again = again.resolve_with(Settings::default(), |own| *own = settings.masks.clone()).unwrap();
        assert_eq!(again.automation.iter().count(), wanted, "{names:?}");
    }
}
