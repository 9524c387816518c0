//! A project of a stranger in a window: opened, shown for some frames, kept by the window, closed.

use std::{
    fs,
    path::Path,
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime},
};

use image::{Rgb, RgbImage};
use impasto_core::{
    picture::{
        self, Drawing, Picture,
        drawing::{Mode, Shape, Stroke},
    },
    run::{Job, Pass, Record, Start, mask_records},
    settings::{Settings, StyleMix},
    transfer::{Inputs, StyleSource},
};
use impasto_engine::session::StyleRecord;
use impasto_formats::{
    project::{self, Draft, LossCurve, Manifest, Project, SourceStorage},
    recipe::Recipe,
};
use serde_json::{Value, json};

use super::{
    MEMORY,
    archive::{unzipped, zipped},
    home::{Home, SECRET, contains, listing},
    is_harmless,
};
use crate::{
    memory::within,
    window_support::{Log, Setup, Window, drop_files},
};

/// A project with everything that one can have, as the program writes it.
fn whole() -> Vec<u8> {
    let content = Picture::from_rgba("Chelsea.jpg", 60, 40, [70, 60, 50, 255].repeat(60 * 40)).unwrap();
    let swirl = Picture::from_rgba("swirl.png", 40, 40, [7, 160, 50, 255].repeat(40 * 40)).unwrap();
    let settings = Settings { size: 60, steps: 30, pyramid: false, ..Settings::default() };
    let style = || vec![StyleSource::new(Arc::new(picture::STYLES[1].open()))];
    let job = Job::new(1, Inputs::new(Arc::new(picture::CONTENTS[1].open()), style()), settings.clone());
    let pass = Pass { steps: 5, ..Pass::new(&job, Start::Beginning) };
    let info = impasto_test_support::info();
    let mut draft = Draft::new(Manifest::new(settings), SourceStorage::Embedded);
    draft.picture(&RgbImage::from_pixel(60, 40, Rgb([1, 2, 3]))).unwrap();
    draft.content(&content).unwrap();
    draft.style(&swirl, StyleRecord { source: (&swirl).into(), mix: StyleMix::default() }).unwrap();
    draft.palette(&swirl).unwrap();
    draft.state(5, (60, 40), 5_u32.to_le_bytes().to_vec());
    draft.manifest.losses.push(LossCurve { name: "total".into(), points: vec![[1.0, -0.5], [2.0, -0.7]] });
    draft.manifest.recipe = Some(Recipe::new(&Record::new(pass), (60, 40), &info));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.impasto");
    draft.write(&path).unwrap();
    fs::read(&path).unwrap()
}

/// The entries of [`whole`], its manifest first.
fn entries() -> &'static [(String, Vec<u8>)] {
    static ENTRIES: OnceLock<Vec<(String, Vec<u8>)>> = OnceLock::new();
    ENTRIES.get_or_init(|| unzipped(whole()))
}

/// A project with this manifest.
fn with_manifest(manifest: &[u8]) -> Vec<u8> {
    let others = entries()[1..].iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
    zipped([(entries()[0].0.as_str(), manifest)].into_iter().chain(others))
}

pub fn seeds() -> Vec<Vec<u8>> {
    let manifest = &entries()[0].1;
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut value: Value = serde_json::from_slice(manifest).unwrap();
        change(&mut value);
        value.to_string().into_bytes()
    };
    let pin =
        json!({"number": 1, "step": 1, "settings": {"size": 64}, "pixels": {"embedded": "painting.png"}});
    vec![
        whole(),
        manifest.clone(),
        changed(&|value| value["content"]["source"]["path"] = "@HOME@/secret.txt".into()),
        changed(&|value| value["content"]["source"]["sha256"] = "@HOME@/out/written_by_a_project".into()),
        changed(&|value| value["content"]["pixels"] = json!({"beside": "../secret.txt"})),
        changed(&|value| {
            value["settings"]["palette"] = "@HOME@/private.png".into();
            value["settings"]["weights"] = "/dev/zero".into();
            value["settings"]["init"] = "@HOME@/private.png".into();
        }),
        changed(&|value| value["losses"] = json!([{"name": "total", "points": [[1, 1e300], [2, -1e300]]}])),
        changed(&|value| {
            let name = "\u{202e}\u{7}\u{1b}]0;x\u{7}".repeat(40) + &"A\u{301}".repeat(500);
            value["program"] = name.clone().into();
            value["content"]["source"]["name"] = name.into();
        }),
        changed(&|value| value["pins"] = vec![pin.clone(); 4].into()),
        changed(&|value| {
            let mut pin = pin.clone();
            (pin["name"], pin["elapsed"]) = ("\u{202e}\u{7}\n".repeat(40_000).into(), (-1e300).into());
            value["pins"] = vec![pin; 2].into();
        }),
        changed(&|value| {
            let mut mask = None;
            for mode in [Mode::Invert, Mode::Subtract] {
                let points = vec![[0.1, 0.2], [0.7, 0.5], [0.4, 0.9]];
                let stroke = Stroke::new(Shape::Path { points, feather: 0.1 }, mode);
                mask = Some(Drawing::draw(mask.as_ref(), (60, 40), stroke).unwrap());
            }
            let mask = Arc::new(mask.unwrap());
            let named = mask.reference();
            let records = mask_records(&[mask]).into_iter().map(|source| json!({"source": source}));
            let mut file = value["content"].clone();
            file["source"]["path"] = "@HOME@/secret.txt".into();
            value["masks"] = records.chain([file]).collect();
            value["settings"]["masks"] = json!({"style_map": named, "content_map": "@HOME@/secret.txt"});
        }),
        changed(&|value| value["state"]["width"] = 1.into()),
        changed(&|value| value["step"] = 4_000_000_000_u32.into()),
        changed(&|value| value["mixes"] = json!({"a": {"settings": {"beta": 1e300}}})),
    ]
}

pub fn run(data: &[u8]) {
    let home = Home::new();
    let theirs = home.path("got/theirs.impasto");
    let file = if data.starts_with(b"PK") { data.to_vec() } else { with_manifest(&home.named_in(data)) };
    fs::write(&theirs, file).unwrap();
    let before = home.listing();
    within(MEMORY, || {
        if let Err(error) = project::preview(&theirs) {
            is_harmless(&impasto_base::error::chain(&error));
        }
        match Project::read(&theirs) {
            Err(error) => return is_harmless(&impasto_base::error::chain(&error)),
            Ok(project) => project.remarks.iter().for_each(|remark| is_harmless(remark)),
        }
        // Slow, so that the threads of a run that nobody looks at leave the rest some time.
        let log = Log { slow: Duration::from_millis(20), ..Log::default() };
        let mut window = Setup { log, ..Setup::default() }.open();
        window.draw_missing_letters();
        drop_files(&mut window, std::slice::from_ref(&theirs));
        for _ in 0..40 {
            window.steps(1);
            if window.log.lock().unwrap().jobs.last().is_some_and(|job| job.start == Start::Current) {
                break;
            }
        }
        keep(&mut window);
        let folder = window.close();
        for path in listing(folder.path()).into_keys() {
            let own = ["impasto.toml", "queue", "sessions", "timeline", "extracts"];
            let top = path.strip_prefix(folder.path()).unwrap().components().next().unwrap();
            assert!(own.iter().any(|own| top.as_os_str() == *own), "{} was written", path.display());
            assert!(!path.is_file() || !contains(&fs::read(&path).unwrap(), SECRET), "{}", path.display());
        }
    });
    assert_eq!(home.listing(), before, "what is beside the project stays as it was");
}

/// Shows the painting for three frames much later, and waits until the window has kept it, or has found that
/// it cannot.
fn keep(window: &mut Window) {
    let sessions = window.folder.path().join("sessions");
    let written = || -> Option<SystemTime> {
        let kept = |folder: &Path| fs::metadata(folder.join("painting.impasto")).ok()?.modified().ok();
        fs::read_dir(&sessions).ok()?.flatten().filter_map(|entry| kept(&entry.path())).max()
    };
    let before = written();
    let now = window.harness.ctx.input(|input| input.time);
    window.harness.input_mut().time = Some(now + 60.0);
    window.steps(3);
    for _ in 0..20 {
        if written() > before {
            break;
        }
        window.steps(1);
    }
}
