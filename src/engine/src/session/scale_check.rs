//! Memory check of a run; the error names a style whose scale is too large.

use impasto_core::{
    picture::fit,
    settings::Settings,
    transfer::{Inputs, Shapes, TransferError},
};

/// Run `check` on the shapes of a run's pictures and return its bytes. If it fails, and would pass with no
/// style larger than the content, the error names the largest style.
///
/// # Errors
///
/// Those of `check`, and [`TransferError::Scale`].
pub fn check_scales(
    inputs: &Inputs,
    settings: &Settings,
    check: impl Fn(&Shapes) -> Result<u64, TransferError>,
) -> Result<u64, TransferError> {
    let shapes = inputs.shapes(settings);
    let error = match check(&shapes) {
        Err(error @ (TransferError::Memory { .. } | TransferError::TooLargeForAdapter { .. })) => error,
        other => return other,
    };
    let longest = shapes.content.0.max(shapes.content.1);
    let smaller = |&(width, height): &(u32, u32)| fit(width, height, longest.min(width.max(height)));
    let styles = shapes.styles.iter().map(smaller).collect();
    let largest = (0..shapes.styles.len()).max_by_key(|&index| {
        let (width, height) = shapes.styles[index];
        u64::from(width) * u64::from(height)
    });
    let Some(index) = largest.filter(|_| check(&Shapes { styles, ..shapes.clone() }).is_ok()) else {
        return Err(error);
    };
    let reason = match error {
        TransferError::Memory { needed, available } => {
            format!("about {needed} of memory are needed, but only {available} are free")
        }
        _ => "that is more than this program can give a graphics adapter at once".to_owned(),
    };
    let (style, (width, height)) = (&inputs.styles[index], shapes.styles[index]);
    let scale = style.mix.scale * settings.style_scale;
    Err(TransferError::Scale { style: style.picture.name.clone(), scale, width, height, reason })
}

#[cfg(test)]
mod tests {
    use super::*;
    use impasto_test_support as tests;

    #[test]
    fn the_error_names_the_scale_if_the_size_alone_would_fit() {
        let mut job = tests::job();
        let mut mix = job.inputs.mix();
        mix[0].scale = 20.0;
        job.inputs.set_mix(&mix);
        job.settings.size = 32;
        let style = job.inputs.shapes(&job.settings).styles[0];
        let (width, height) = job.inputs.shapes(&job.settings).content;
        assert!(style.0 * style.1 > width * height, "{style:?}");
        let room = |pixels: u32| {
            move |shapes: &Shapes| match shapes
                .styles
                .iter()
                .chain([&shapes.content])
                .all(|s| s.0 * s.1 <= pixels)
            {
                true => Ok(1),
                false => Err(TransferError::Memory { needed: "3 GB".into(), available: "1 GB".into() }),
            }
        };
        let text = |pixels| check_scales(&job.inputs, &job.settings, room(pixels)).unwrap_err().to_string();
        let found = text(style.0 * style.1 - 1);
        let name = &job.inputs.styles[0].picture.name;
        assert!(found.starts_with(&format!("{name} at the scale 20 would be")), "{found}");
        assert!(
            found.contains("3 GB") && found.contains("smaller scale") && !found.contains("size"),
            "{found}"
        );
        assert!(text(10).contains("choose a smaller size"), "{}", text(10));
        assert_eq!(check_scales(&job.inputs, &job.settings, room(u32::MAX)).unwrap(), 1);
    }
}
