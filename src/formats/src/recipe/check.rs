//! What a recipe may contain: every value is checked like those of the command line.

use super::{Recipe, events};
use impasto_core::{
    run::{DownscalePart, MAX_CHANGES, MAX_PALETTES, MAX_PASSES, MAX_SOURCES, Pass, drawings, masks_fit},
    settings::StyleMix,
    transfer::MAX_STYLES,
};

/// Maximum number of steps at downscaled sizes in a recipe, each and in sum: hours of dragging.
pub(super) const MAX_DOWNSCALED_STEPS: u32 = 100_000;

/// Maximum bytes of the settings after all changes of a recipe.
const MAX_EVENT_BYTES: usize = 160 << 20;

/// Check that every value can be used.
///
/// # Errors
///
/// A description of the value that cannot.
pub fn check(recipe: &Recipe) -> Result<(), String> {
    recipe.settings.validate().map_err(|error| error.to_string())?;
    if recipe.passes.is_empty() || recipe.passes.len() > MAX_PASSES + 1 {
        return Err(format!("it has {} runs", recipe.passes.len()));
    }
    if recipe.thumbnails.len() > MAX_STYLES + 1 {
        return Err(format!("it has {} thumbnails", recipe.thumbnails.len()));
    }
    let bytes: usize = recipe.passes.iter().map(events::bytes).sum();
    if bytes > MAX_EVENT_BYTES {
        return Err("its changes with all of their settings are too large".to_owned());
    }
    recipe.passes.iter().try_for_each(check_pass)
}

/// Check the pictures that the changes of a run name, and the number of their styles.
fn check_pictures(pass: &Pass) -> Result<(), String> {
    let mut count = pass.styles.len();
    for change in &pass.changes {
        let mut mixed = count;
        if let Some(pictures) = &change.pictures {
            count = pictures.styles.len();
            if count == 0 || count > MAX_STYLES {
                return Err(format!("a change leaves {count} styles"));
            }
            let shape = (pictures.content.width, pictures.content.height);
            if shape != (pass.content.width, pass.content.height) {
                return Err("a change is to a content of another shape".to_owned());
            }
            if change.level.is_some() || change.downscale.is_some() {
                return Err("a change of pictures is another change too".to_owned());
            }
        }
        mixed = change.styles.as_ref().map_or(mixed, Vec::len);
        if mixed != count {
            return Err("a change is about another number of styles".to_owned());
        }
    }
    match pass.changed_sources() {
        sources if sources > MAX_SOURCES => Err(format!("its changes name {sources} pictures")),
        _ => Ok(()),
    }
}

fn check_pass(pass: &Pass) -> Result<(), String> {
    pass.settings.validate().map_err(|error| error.to_string())?;
    if pass.styles.is_empty() || pass.styles.len() > MAX_STYLES {
        return Err(format!("it has {} styles", pass.styles.len()));
    }
    let later = pass.changes.iter().filter_map(|change| change.styles.as_ref());
    let mut mix = pass.styles.iter().map(|style| style.mix).chain(later.flatten().copied());
    mix.try_for_each(StyleMix::validate).map_err(|error| error.to_string())?;
    check_pictures(pass)?;
    if pass.changes.len() > MAX_CHANGES || !pass.changes.is_sorted_by_key(|change| change.step) {
        return Err(format!("its {} changes are too many or out of order", pass.changes.len()));
    }
    if pass.palettes.len() > MAX_PALETTES + 1 {
        return Err(format!("it has {} palettes", pass.palettes.len()));
    }
    if !masks_fit(&pass.masks) {
        return Err(format!("its {} masks are too many or too large", pass.masks.len()));
    }
    drawings(&pass.masks)?;
    // An untrusted picture must not keep a render busy forever between two steps.
    let downscale = |part: DownscalePart| match part {
        DownscalePart::Begin(share) => share.is_finite() && share > 0.0,
        DownscalePart::Steps(count) => count <= MAX_DOWNSCALED_STEPS,
        DownscalePart::End => true,
    };
    if !pass.changes.iter().filter_map(|change| change.downscale).all(downscale) {
        return Err("a part of it at a smaller size cannot be painted".to_owned());
    }
    events::events(pass).map(drop)
}
