//! Reading recipes: bounded, lenient about additions of newer programs, strict about every value.

use std::path::Path;

use serde_json::{Map, Value};

use super::{
    Recipe, RecipeError, VERSION,
    check::{MAX_DOWNSCALED_STEPS, check},
    numbers,
};
use impasto_base::{files::read_regular, text};
use impasto_core::{
    picture::{MAX_FILE_BYTES, MAX_TEXT, embedded_text},
    run::{DownscalePart, Strokes, bring_back_strokes},
    settings::{FORMER_BASES, Parameter, Settings, Transparency, rename_fields},
};

/// Settings are objects of this name at every level.
const SETTINGS: &str = "settings";

/// Read the recipe of a picture file; also returns notices for the user.
///
/// # Errors
///
/// If the file cannot be read, carries no recipe, or one that cannot be used.
pub fn read_file(path: &Path) -> Result<(Recipe, Vec<String>), RecipeError> {
    let name = path
        .file_name()
        .map_or_else(|| path.display().to_string(), |name| text::display_name(&name.to_string_lossy()));
    let read = |source| RecipeError::Read { name: path.display().to_string(), source };
    let bytes = read_regular(path, MAX_FILE_BYTES).map_err(read)?;
    match embedded_text(&bytes) {
        Some(text) => parse(&name, &text),
        None => Err(RecipeError::None { name }),
    }
}

/// Parse the text of a recipe from the file of this name.
///
/// # Errors
///
/// As [`read_file`], except those of files.
pub fn parse(name: &str, text: &str) -> Result<(Recipe, Vec<String>), RecipeError> {
    let damaged =
        |reason: String| RecipeError::Damaged { name: name.to_owned(), reason: text::reason(&reason) };
    if text.len() > MAX_TEXT {
        return Err(damaged(format!("it has {} bytes", text.len())));
    }
    let mut value = numbers::parse(text).map_err(|error| damaged(error.to_string()))?;
    let Some(version) = value.get("version").and_then(Value::as_u64) else {
        return Err(damaged("it has no version".to_owned()));
    };
    let program =
        text::display_name(value.get("program").and_then(Value::as_str).unwrap_or("an unknown program"));
    if version > VERSION {
        return Err(RecipeError::Newer { name: name.to_owned(), version, program });
    }
    let unusable = |reason: String| RecipeError::Unusable {
        name: name.to_owned(),
        reason: text::reason(&reason),
        program: program.clone(),
    };
    let mut unknown = Vec::new();
    adapt(&mut value, &mut unknown);
    let mut recipe: Recipe = serde_json::from_value(value).map_err(|error| unusable(error.to_string()))?;
    recipe.with_strokes(bring_back_strokes, &mut Strokes::new());
    check(&recipe).map_err(unusable)?;
    let mut remarks = Vec::new();
    if !unknown.is_empty() {
        unknown.sort();
        unknown.dedup();
        remarks.push(format!(
            "the recipe in {name} was written by {program} and has settings that this program does not know; they are left out: {}",
            text::list(&unknown)
        ));
    }
    if let Some(left_out) = bound_downscales(&mut recipe) {
        remarks.push(format!(
            "the recipe in {name} asks for {left_out} steps at a smaller size that do not count, beyond {MAX_DOWNSCALED_STEPS}; they are left out, so the picture can differ"
        ));
    }
    Ok((recipe, remarks))
}

/// Shorten downscaled parts to [`MAX_DOWNSCALED_STEPS`] steps in sum; returns the number of steps left out,
/// if any.
fn bound_downscales(recipe: &mut Recipe) -> Option<u64> {
    let mut room = MAX_DOWNSCALED_STEPS;
    let mut left_out = 0;
    let changes = recipe.passes.iter_mut().flat_map(|pass| &mut pass.changes);
    for part in changes.filter_map(|change| change.downscale.as_mut()) {
        if let DownscalePart::Steps(count) = part {
            let painted = (*count).min(room);
            left_out += u64::from(*count - painted);
            room -= painted;
            *count = painted;
        }
    }
    (left_out > 0).then_some(left_out)
}

/// Remove unknown settings, and add those that older programs did not have with what they did, mostly the
/// objective's defaults, as for a settings file. Changes are partial and are not completed.
pub fn adapt(recipe: &mut Value, unknown: &mut Vec<String>) {
    let mut keep_known = |fields: &mut Map<String, Value>| {
        rename_fields(fields);
        fields.retain(|name, _| {
            let known = Parameter::of_field(name).is_some();
            if !known {
                unknown.push(name.clone());
            }
            known
        });
    };
    let mut whole = |value: &mut Value| {
        if let Some(Value::Object(fields)) = value.get_mut(SETTINGS) {
            keep_known(fields);
            let objective =
                fields.get("objective").and_then(Value::as_str).and_then(|text| text.parse().ok());
            let defaults = serde_json::to_value(Settings::for_objective(objective.unwrap_or_default()));
            if let Ok(Value::Object(mut filled)) = defaults {
                // Programs without these settings flattened everything, and had one basis.
                filled.insert("transparency".to_owned(), Transparency::Flatten.to_string().into());
                filled.insert("sliced_bases".to_owned(), FORMER_BASES.into());
                filled.append(fields);
                *fields = filled;
            }
        }
    };
    whole(recipe);
    let passes = recipe.get_mut("passes").and_then(Value::as_array_mut);
    for pass in passes.into_iter().flatten() {
        whole(pass);
    }
    let passes = recipe.get_mut("passes").and_then(Value::as_array_mut);
    for pass in passes.into_iter().flatten() {
        for change in pass.get_mut("changes").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(Value::Object(fields)) = change.get_mut(SETTINGS) {
                keep_known(fields);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::recipe::{events, tests::recipe};
    use impasto_core::{
        run::Pass,
        settings::{Masks, Objective, ParamId},
    };

    #[test]
    fn a_hash_that_is_none_makes_no_recipe() {
        for hash in ["/tmp/out/written_by_a_recipe", "0", &"g".repeat(64)] {
            for pointer in ["/passes/0/content/sha256", "/passes/0/styles/0/sha256", "/thumbnails/0/sha256"] {
                let error = changed(|value| *value.pointer_mut(pointer).unwrap() = json!(hash)).unwrap_err();
                assert!(error.to_string().contains("SHA-256 hash has 64"), "{error}");
            }
        }
    }

    fn changed(change: impl FnOnce(&mut Value)) -> Result<(Recipe, Vec<String>), RecipeError> {
        let mut value: Value = numbers::parse(&recipe().text(1 << 20).unwrap()).unwrap();
        change(&mut value);
        parse("a.png", &value.to_string())
    }

    #[test]
    fn newer_recipes_are_named_and_newer_settings_left_out() {
        let error = changed(|value| {
            value["version"] = json!(7);
            value["program"] = json!("Impasto 9.1");
        })
        .unwrap_err()
        .to_string();
        assert!(
            error.contains("a.png") && error.contains("version 7") && error.contains("Impasto 9.1"),
            "{error}"
        );
        let (back, remarks) = changed(|value| {
            value["settings"]["brush"] = json!("round");
            value["passes"][0]["settings"]["brush"] = json!("round");
            value["something"] = json!([1, 2]);
        })
        .unwrap();
        assert_eq!(back, recipe());
        assert!(remarks.len() == 1 && remarks[0].ends_with("left out: brush"), "{remarks:?}");
    }

    #[test]
    fn missing_settings_get_the_objectives_defaults() {
        let (back, _) = changed(|value| {
            value["settings"] = json!({"objective": "classic", "size": 60});
        })
        .unwrap();
        let mut expected = Settings { size: 60, ..Settings::default() };
        expected.set_objective(Objective::Classic);
        // Programs that did not write them flattened everything, and had one basis.
        (expected.transparency, expected.sliced_bases) = (Transparency::Flatten, 1);
        assert_eq!(back.settings, expected);
    }

    #[test]
    fn a_recipe_with_the_histogram_term_has_one_basis() {
        let (back, remarks) = changed(|value| {
            for pointer in ["/settings", "/passes/0/settings"] {
                let fields = value.pointer_mut(pointer).unwrap().as_object_mut().unwrap();
                fields.remove("sliced_weight");
                fields.remove("sliced_bases");
                fields.insert("histogram_weight".to_owned(), json!(0.5));
            }
            let track = json!({"histogram": {"keys": [{"at": 0.0, "value": 1.0}]}});
            value["passes"][0]["changes"] = json!([
                {"step": 3, "settings": {"histogram_weight": 2.0}},
                {"step": 4, "settings": {"automation": track}},
            ]);
        })
        .unwrap();
        assert!(remarks.is_empty(), "{remarks:?}");
        let settings = &back.last().settings;
        assert_eq!((settings.sliced_weight, settings.sliced_bases), (0.5, 1));
        let events = events::events(back.last()).unwrap();
        let events::EventKind::Update(later, _) = &events[1].kind else { panic!("no update") };
        assert_eq!((later.sliced_weight, later.sliced_bases), (2.0, 1));
        assert!(later.automation.get(ParamId::Sliced).is_some());
        // Older programs do not know its present name.
        assert_eq!(crate::recipe::version_of(&back.passes), VERSION);
    }

    #[test]
    fn masks_come_back_in_the_settings_of_runs_and_in_changes() {
        let masks = Masks { style_map: Some("map.png".into()), ..Masks::default() };
        let (back, remarks) = changed(|value| {
            value["settings"]["masks"] = json!(masks);
            value["passes"][0]["settings"]["masks"] = json!(masks);
            value["passes"][0]["changes"] = json!([{"step": 3, "settings": {"masks": {}}}]);
        })
        .unwrap();
        assert_eq!((&back.settings.masks, &back.last().settings.masks), (&masks, &masks));
        let events = events::events(back.last()).unwrap();
        let events::EventKind::Update(settings, _) = &events[0].kind else { panic!("no update") };
        assert!(settings.masks.is_empty() && remarks.is_empty(), "{remarks:?}");
    }

    #[test]
    fn strokes_that_cannot_be_are_refused_in_words() {
        let drawn = crate::recipe::tests::drawn(3);
        let changed = |change: &dyn Fn(&mut Vec<Value>)| {
            let mut value: Value = numbers::parse(&drawn.text(1 << 20).unwrap()).unwrap();
            change(value["passes"][0]["masks"].as_array_mut().unwrap());
            parse("a.png", &value.to_string()).map(drop).map_err(|error| error.to_string())
        };
        assert_eq!(changed(&|_| ()), Ok(()));
        let refused = |part: &str, change: &dyn Fn(&mut Vec<Value>)| {
            let error = changed(change).unwrap_err();
            assert!(error.contains(part) && error.contains("a.png"), "{error}");
        };
        refused("not before it", &|masks| drop(masks.remove(0)));
        refused("not before it", &|masks| masks.reverse());
        refused("not before it", &|masks| {
            let own = masks[1]["sha256"].clone();
            masks[1]["drawing"]["base"] = own;
        });
        refused("too many or too large", &|masks| *masks = vec![masks[0].clone(); 2001]);
        refused("too many or too large", &|masks| {
            let points = vec![[0.5; 2]; 4096];
            masks[0]["drawing"]["stroke"]["shape"]["brush"]["points"] = json!(points);
            *masks = vec![masks[0].clone(); 40];
        });
        refused("cannot be drawn", &|masks| masks[0]["drawing"]["stroke"]["opacity"] = json!(2.5));
        refused("cannot have 100000×100000 pixels", &|masks| {
            (masks[0]["width"], masks[0]["height"]) = (json!(100_000), json!(100_000));
        });
        refused("sponge", &|masks| masks[0]["drawing"]["stroke"]["shape"] = json!({"sponge": {}}));
    }

    #[test]
    fn detours_are_bounded_in_sum() {
        let downscales = |counts: &[u32]| {
            let counts = counts.to_vec();
            changed(move |value| {
                let parts = counts.iter().map(|count| json!({"step": 0, "detour": {"steps": count}}));
                value["passes"][0]["changes"] = parts.collect();
            })
            .unwrap()
        };
        let steps = |recipe: &Recipe| -> Vec<_> {
            recipe.passes[0].changes.iter().filter_map(|change| change.downscale).collect()
        };
        let (recipe, remarks) = downscales(&[MAX_DOWNSCALED_STEPS - 7, 5, 2]);
        assert_eq!(steps(&recipe)[1..], [DownscalePart::Steps(5), DownscalePart::Steps(2)]);
        assert!(remarks.is_empty(), "{remarks:?}");
        let (recipe, remarks) = downscales(&[MAX_DOWNSCALED_STEPS; 200]);
        assert_eq!(
            steps(&recipe)[..2],
            [DownscalePart::Steps(MAX_DOWNSCALED_STEPS), DownscalePart::Steps(0)]
        );
        assert!(remarks.len() == 1 && remarks[0].contains("19900000 steps"), "{remarks:?}");
    }

    #[test]
    fn thousands_of_changes_are_read_unless_each_is_large() {
        let many = |count: u32, name: &str, automation: Value| {
            changed(|value| {
                value["version"] = json!(VERSION);
                value["passes"][0]["settings"]["device"] = json!(name);
                value["passes"][0]["settings"]["automation"] = automation;
                let change =
                    |step| json!({"step": step, "settings": {"style_weight": f64::from(step) + 0.5}});
                value["passes"][0]["changes"] = (0..count).map(change).collect();
            })
        };
        // Automation is shared by all of them.
        let key = |key| json!({"at": f64::from(key) / 400.0, "value": 1.0});
        let keys: Vec<Value> = (0..400).map(key).collect();
        let (recipe, remarks) = many(4000, "cpu", json!({"beta": {"keys": keys}})).unwrap();
        assert!(remarks.is_empty(), "{remarks:?}");
        assert_eq!(recipe.last().changes.len(), 4000);
        // Programs of version 1 read 400.
        let few = Pass { changes: recipe.last().changes[..400].to_vec(), ..recipe.last().clone() };
        let version = crate::recipe::version_of;
        assert_eq!((version(&recipe.passes), version(&[few])), (2, 1));
        assert!(recipe.text(MAX_TEXT).is_some_and(|text| text.len() < MAX_TEXT / 8));
        let events = events::events(recipe.last()).unwrap();
        let events::EventKind::Update(settings, _) = &events[3999].kind else { panic!("no update") };
        assert_eq!((settings.style_weight, settings.automation.iter().count()), (3999.5, 1));
        assert!(many(4001, "cpu", json!({})).unwrap_err().to_string().contains("too many"));
        let error = many(4000, &"x".repeat(100_000), json!({})).unwrap_err().to_string();
        assert!(error.contains("too large"), "{error}");
    }

    #[test]
    fn untrusted_texts_are_shortened_and_escaped() {
        let short = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{202e}";
        let hostile = short.repeat(100);
        let (_, remarks) = changed(|value| {
            value["program"] = json!(hostile);
            for index in 0..5000 {
                value["settings"][format!("k{index:05}{short}")] = json!(1);
            }
        })
        .unwrap();
        let mut errors = vec![remarks.concat()];
        errors
            .push(changed(|value| value["settings"]["objective"] = json!(hostile)).unwrap_err().to_string());
        errors.push(
            changed(|value| (value["version"], value["program"]) = (json!(9), json!(hostile)))
                .unwrap_err()
                .to_string(),
        );
        for text in errors {
            assert!(text.chars().count() < 800, "{}", text.len());
            assert!(!text.contains(|letter: char| letter.is_control() || letter == '\u{202e}'), "{text:?}");
        }
        assert!(remarks[0].ends_with("… and 4995 more"), "{remarks:?}");
    }

    /// So many changes, each to so many new styles with this mix.
    fn replace(value: &mut Value, styles: usize, changes: usize, mix: Value) {
        let content = value["passes"][0]["content"].clone();
        let mut number = 0;
        let mut change = || {
            let sources: Vec<Value> = (0..styles)
                .map(|_| {
                    number += 1;
                    let mut source = content.clone();
                    source["sha256"] = json!(format!("{number:064x}"));
                    source
                })
                .collect();
            json!({"step": 5, "styles": mix, "pictures": {"content": content, "styles": sources}})
        };
        value["passes"][0]["changes"] = (0..changes).map(|_| change()).collect();
    }

    #[test]
    fn changed_pictures_are_read_and_count_at_the_end() {
        let (back, remarks) = changed(|value| {
            value["version"] = json!(VERSION);
            replace(value, 2, 1, json!([{"weight": 0.3}, {}]));
        })
        .unwrap();
        assert!(remarks.is_empty(), "{remarks:?}");
        let styles = back.styles();
        assert_eq!((styles.len(), styles[0].mix.weight, styles[1].mix.weight), (2, 0.3, 1.0));
        assert_eq!(styles[1].source.sha256.to_string(), format!("{:064x}", 2));
        // Cut to its last run, it is again one that older programs read.
        let text = back.text(back.text(usize::MAX).unwrap().len() - 1).unwrap();
        let mut room = text.len();
        let mut short = text;
        while let Some(smaller) = back.text(room - 1) {
            (room, short) = (smaller.len(), smaller);
        }
        let (short, _) = parse("a.png", &short).unwrap();
        assert_eq!((short.version, short.styles(), short.complete), (1, styles, false));
    }

    #[test]
    fn values_that_cannot_be_used_are_refused() {
        type Edit = fn(&mut Value);
        let edits: [(Edit, &str); 19] = [
            (|value| value["settings"]["size"] = json!(1_000_000), "size"),
            (|value| value["passes"][0]["settings"]["steps"] = json!(0), "steps"),
            (|value| value["passes"] = json!([]), "0 runs"),
            (|value| value["passes"][0]["styles"] = json!([]), "0 styles"),
            (|value| value["passes"][0]["styles"][0]["weight"] = json!(-1.0), "weight is -1"),
            (
                |value| value["passes"][0]["styles"][0]["crop"] = json!([0.5, 0.0, 0.6, 1.0]),
                "within the picture",
            ),
            (
                |value| {
                    let styles = &mut value["passes"][0]["changes"];
                    *styles = json!([{"step": 5, "styles": [{"crop": [0, 0, 0, 1]}]}]);
                },
                "within the picture",
            ),
            (|value| value["passes"][0]["changes"] = json!([{"step": 5}, {"step": 2}]), "out of order"),
            (
                |value| value["passes"][0]["changes"] = json!([{"step": 5, "styles": [{}, {}]}]),
                "another number",
            ),
            (
                |value| value["passes"][0]["changes"] = json!([{"step": 5, "settings": {"size": "x"}}]),
                "the change at step 5",
            ),
            (|value| value["passes"][0]["changes"] = json!([{"step": 5, "settings": {"beta1": 2}}]), "beta1"),
            (
                |value| {
                    value["passes"][0]["changes"] =
                        json!([{"step": 5, "detour": {"steps": 4_000_000_000u32}}])
                },
                "smaller size",
            ),
            (|value| value["settings"]["objective"] = json!("cubist"), "cubist"),
            (|value| replace(value, 2, 1, json!(null)), "another number"),
            (|value| replace(value, 1, 1, json!([{}, {}])), "another number"),
            (|value| replace(value, 0, 1, json!([])), "leaves 0 styles"),
            (|value| replace(value, 64, 3, json!(vec![json!({}); 64])), "name 193 pictures"),
            (
                |value| {
                    replace(value, 1, 1, json!(null));
                    value["passes"][0]["changes"][0]["pictures"]["content"]["width"] = json!(7);
                },
                "another shape",
            ),
            (|value| drop(value.as_object_mut().unwrap().remove("version")), "no version"),
        ];
        for (edit, expected) in edits {
            let error = changed(edit).unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains("a.png"), "{error}");
        }
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(matches!(parse("a.png", &deep), Err(RecipeError::Damaged { .. })));
    }
}
