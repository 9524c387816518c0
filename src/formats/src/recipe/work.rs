//! Whether a file is the painting that a job would make: the recipe inside of it says so.

use std::path::Path;

use super::{Recipe, RecipeError, read_file};
use impasto_core::{
    run::{Job, Pass, SourceRecord, Start},
    settings::{FORMER_BASES, ParamId, Settings},
};

/// What the file at a painting's place turns out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileMatch {
    /// Painted from the same pictures with the same settings, to the end.
    Same,
    /// The same, but its recipe is not complete, as that of a run that had to do without something.
    Incomplete,
    /// It carries another recipe, or it cannot be read.
    Other,
    /// It carries no recipe.
    Unknown,
}

/// Compare the file at `path`, which exists, with the painting of a job.
pub fn compare_file(path: &Path, job: &Job) -> FileMatch {
    match read_file(path) {
        Ok((recipe, remarks)) if remarks.is_empty() && recipe.asks_for(job) => match recipe.complete {
            true => FileMatch::Same,
            false => FileMatch::Incomplete,
        },
        Err(RecipeError::None { .. }) => FileMatch::Unknown,
        Ok(_) | Err(_) => FileMatch::Other,
    }
}

impl Recipe {
    /// Whether painting the job from its beginning to its end, without a change, has this recipe, whether or
    /// not the run could do all that was asked for. Pictures count by their hashes and the weights file by
    /// its name, as a recipe knows no folders.
    fn asks_for(&self, job: &Job) -> bool {
        let (last, expected) = (self.last(), Pass::new(job, Start::Beginning));
        let hashes =
            |records: &[SourceRecord]| -> Vec<_> { records.iter().map(|mask| mask.sha256).collect() };
        let initial = |pass: &Pass| pass.initial.as_ref().map(|initial| initial.sha256);
        let styles = |pass: &Pass| -> Vec<_> {
            pass.styles.iter().map(|style| (style.source.sha256, style.mix)).collect()
        };
        // A run that stops when it has converged may be shorter.
        let whole = last.steps == job.settings.steps || job.settings.stop_when_converged;
        self.passes.len() == 1
            && last.changes.is_empty()
            && whole
            && last.start == Start::Beginning
            && last.content.sha256 == expected.content.sha256
            && styles(last) == styles(&expected)
            && hashes(&last.masks) == hashes(&expected.masks)
            && initial(last) == initial(&expected)
            && last.opaque_parts == expected.opaque_parts
            && that_count(&last.settings, job) == that_count(&expected.settings, job)
    }
}

/// The settings without those that do not change the job's picture. What transparency changes of the styles
/// is compared by itself.
fn that_count(settings: &Settings, job: &Job) -> Settings {
    let mut settings = Settings { preview_every: 0, ..settings.clone() };
    if job.inputs.content.alpha.is_none()
        || settings.keeps_transparency() == job.settings.keeps_transparency()
    {
        settings.transparency = job.settings.transparency;
    }
    if settings.sliced_weight == 0.0 && settings.automation.get(ParamId::Sliced).is_none() {
        settings.sliced_bases = FORMER_BASES;
    }
    settings
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use impasto_core::{
        picture::{Picture, save_with_text},
        run::Record,
        settings::{Masks, Objective, StyleMix, Transparency},
        transfer::{Inputs, StyleSource},
    };
    use impasto_test_support::info;

    use super::*;

    fn picture(shade: u8) -> Arc<Picture> {
        Arc::new(Picture::from_rgba("a", 16, 16, vec![shade; 4 * 16 * 16]).unwrap())
    }

    /// A content, and styles with their weights; shades below 255 are transparent.
    fn inputs(content: u8, styles: &[(u8, f64)]) -> Inputs {
        let style = |&(shade, weight): &(u8, f64)| StyleSource {
            picture: picture(shade),
            mix: StyleMix { weight, ..StyleMix::default() },
        };
        Inputs::new(picture(content), styles.iter().map(style).collect())
    }

    fn job(inputs: Inputs, settings: &Settings) -> Job {
        Job::new(1, inputs, settings.clone())
    }

    impl Recipe {
        /// Whether a file with it is the whole painting of the job.
        fn is_of(&self, job: &Job) -> bool {
            self.complete && self.asks_for(job)
        }
    }

    /// The recipe of a job that was painted to its end, as a file tells it.
    fn painted(job: &Job) -> Recipe {
        let pass = Pass { steps: job.settings.steps, ..Pass::new(job, Start::Beginning) };
        let text = Recipe::new(&Record::new(pass), (16, 16), &info()).text(1 << 20).unwrap();
        crate::recipe::parse("a.png", &text).unwrap().0
    }

    #[test]
    fn a_painting_is_known_by_its_pictures_their_mix_and_the_settings() {
        let settings = Settings::default();
        let mixes: [&[(u8, f64)]; 6] = [
            &[(2, 1.0)],
            &[(2, 0.5)],
            &[(2, 1.0), (3, 1.0)],
            &[(3, 1.0), (2, 1.0)],
            &[(2, 0.7), (3, 0.3)],
            &[(2, 0.3), (3, 0.7)],
        ];
        let mut jobs: Vec<Job> = mixes.iter().map(|mix| job(inputs(255, mix), &settings)).collect();
        let mut scaled = inputs(255, mixes[4]);
        scaled.styles[0].mix.scale = 0.1 + 0.2;
        jobs.push(job(scaled, &settings));
        jobs.push(job(inputs(254, mixes[0]), &settings));
        jobs.push(job(inputs(255, mixes[0]), &Settings { style_weight: 3.0, ..settings.clone() }));
        let masked = |shade: u8| {
            let masks = Masks { style_map: Some("map.png".into()), ..Masks::default() };
            let inputs = Inputs { masks: vec![picture(shade)], ..inputs(255, mixes[0]) };
            job(inputs, &Settings { masks, ..settings.clone() })
        };
        jobs.extend([masked(3), masked(4)]);
        for (number, painting) in jobs.iter().enumerate() {
            let recipe = painted(painting);
            let same: Vec<usize> = (0..jobs.len()).filter(|&other| recipe.is_of(&jobs[other])).collect();
            assert_eq!(same, [number]);
        }
        let previews = Settings { preview_every: 9, ..settings.clone() };
        assert!(painted(&jobs[0]).is_of(&job(inputs(255, mixes[0]), &previews)));
        // Programs without several bases painted the same, unless their term counted.
        let sliced = |sliced_weight: f64, sliced_bases: u32| {
            job(inputs(255, mixes[0]), &Settings { sliced_weight, sliced_bases, ..settings.clone() })
        };
        assert!(painted(&sliced(0.0, 1)).is_of(&sliced(0.0, 4)));
        assert!(!painted(&sliced(0.5, 1)).is_of(&sliced(0.5, 4)));
    }

    #[test]
    fn transparency_counts_where_it_is_kept() {
        let flatten =
            |settings: &Settings| Settings { transparency: Transparency::Flatten, ..settings.clone() };
        let same = |content: u8, style: u8, settings: &Settings| {
            let inputs = || inputs(content, &[(style, 1.0)]);
            painted(&job(inputs(), settings)).is_of(&job(inputs(), &flatten(settings)))
        };
        let usual = Settings::default();
        assert!(same(255, 255, &usual) && !same(1, 255, &usual) && !same(255, 2, &usual));
        assert!(same(1, 2, &Settings::for_objective(Objective::Classic)));
        // Programs that flattened styles where the content's transparency is kept painted the same.
        let older = |style: u8, settings: &Settings| {
            let mut recipe = painted(&job(inputs(255, &[(style, 1.0)]), &usual));
            recipe.passes[0].opaque_parts = false;
            recipe.is_of(&job(inputs(255, &[(style, 1.0)]), settings))
        };
        assert!(older(255, &usual) && !older(2, &usual) && older(2, &flatten(&usual)));
    }

    #[test]
    fn what_was_cut_short_changed_or_painted_with_less_is_not_it() {
        let settings = Settings { steps: 9, ..Settings::default() };
        let work = job(inputs(255, &[(2, 1.0)]), &settings);
        let whole = painted(&work);
        assert!(whole.is_of(&work));
        let mut short = whole.clone();
        short.passes[0].steps = 8;
        assert!(!short.is_of(&work));
        let stops = job(work.inputs.clone(), &Settings { stop_when_converged: true, ..settings });
        short.passes[0].settings.stop_when_converged = true;
        assert!(short.is_of(&stops));
        let twice = Recipe { passes: vec![whole.passes[0].clone(); 2], ..whole.clone() };
        for other in [Recipe { complete: false, ..whole.clone() }, twice] {
            assert!(!other.is_of(&work));
        }

        let folder = tempfile::tempdir().unwrap();
        let save = |name: &str, text: Option<String>| {
            let path = folder.path().join(name);
            let pixels = image::RgbImage::new(16, 16);
            save_with_text(&pixels, &path, false, &|_| text.clone()).unwrap();
            compare_file(&path, &work)
        };
        assert_eq!(save("same.jpg", whole.text(50_000)), FileMatch::Same);
        assert_eq!(save("short.png", short.text(50_000)), FileMatch::Other);
        let less = |recipe: &Recipe| Recipe { complete: false, ..recipe.clone() }.text(50_000);
        assert_eq!(save("less.png", less(&whole)), FileMatch::Incomplete);
        assert_eq!(save("short and less.png", less(&short)), FileMatch::Other);
        assert_eq!(save("no recipe.png", None), FileMatch::Unknown);
        assert_eq!(compare_file(&folder.path().join("gone.png"), &work), FileMatch::Other);
    }
}
