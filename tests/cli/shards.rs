//! A batch in several processes: shares, schedulers, kills, claims, what is missing, and jobs for farms.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use impasto_base::random::SplitMix64;

use crate::environment::{impasto, impasto_in};

const PATIENCE: Duration = Duration::from_secs(120);
/// Nine paintings: three contents in three styles.
const WORDS: &str = "-c photos -s swirl.jpg tiles.jpg wood.jpg --size 32 --steps 2 --device cpu --init noise";

/// A folder with copies of bundled pictures.
fn pictures() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("photos")).unwrap();
    for (name, original) in [
        ("photos/a.jpg", "astronaut.jpg"),
        ("photos/b 10.jpg", "chelsea.jpg"),
        ("photos/b 9.jpg", "coffee.jpg"),
        ("swirl.jpg", "swirl.jpg"),
        ("tiles.jpg", "mosaic.jpg"),
        ("wood.jpg", "woodcut.jpg"),
    ] {
        let asset = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets").join(original);
        fs::copy(asset, folder.path().join(name)).unwrap();
    }
    folder
}

fn batch(folder: &Path, words: &str) -> Command {
    let mut command = impasto();
    command.current_dir(folder).arg("batch").args(WORDS.split(' ')).args(words.split_whitespace());
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Runs a batch; what it prints to standard output and error.
#[track_caller]
fn run(mut command: Command, code: i32) -> (String, String) {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{}", said(&output));
    (String::from_utf8(output.stdout.clone()).unwrap(), said(&output))
}

/// Everything in a folder by its name, hidden files included.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let named = |path: PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, fs::read(path).unwrap())
    };
    entries.map(named).collect()
}

/// Without what killed processes may have left unfinished, under names of its own.
fn without_parts(mut files: BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Vec<u8>> {
    files.retain(|name, _| !(name.starts_with(".impasto-") && name.ends_with(".part")));
    files
}

#[test]
fn shards_share_the_work_evenly_and_paint_what_the_whole_batch_does() {
    let folder = pictures();
    run(batch(folder.path(), "-o whole"), 0);
    let whole = contents(&folder.path().join("whole"));
    assert_eq!(whole.len(), 9);
    let children: Vec<_> = (1..=3)
        .map(|shard| {
            let mut command = batch(folder.path(), &format!("-o out --shard {shard}/3"));
            command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        let text = said(&output);
        assert!(output.status.success(), "{text}");
        // Each a third of pictures × steps, as all have the same steps.
        assert!(text.contains("3 of 9 paintings") && text.contains("3 of 3 painted"), "{text}");
    }
    assert_eq!(contents(&folder.path().join("out")), whole);
    // The order in which a shell lists files does not matter.
    let list = |words: &str| {
        let mut command = impasto();
        command.current_dir(folder.path()).args(["batch", "--missing", "--shard", "2/3", "-o", "other"]);
        command.args(words.split(' '));
        let (out, _) = run(command, 3);
        let mut names: Vec<String> = out.lines().map(str::to_owned).collect();
        names.sort();
        names
    };
    let one = list("-c photos -s swirl.jpg tiles.jpg wood.jpg");
    assert_eq!(one, list("-c photos -s wood.jpg swirl.jpg tiles.jpg"));
    assert_eq!(one.len(), 3);
}

#[test]
fn every_scheduler_tells_its_tasks_their_shards() {
    let folder = pictures();
    let list = |variables: &[(&str, &str)], code: i32| {
        let mut command = batch(folder.path(), "-o out --missing --shard auto");
        command.envs(variables.iter().copied());
        run(command, code)
    };
    let second = run(batch(folder.path(), "-o out --missing --shard 2/3"), 3).0;
    assert_eq!(second.lines().count(), 3);
    let schedulers: [&[(&str, &str)]; 6] = [
        &[
            ("SLURM_ARRAY_TASK_ID", "5"),
            ("SLURM_ARRAY_TASK_COUNT", "3"),
            ("SLURM_ARRAY_TASK_MIN", "1"),
            ("SLURM_ARRAY_TASK_MAX", "9"),
            ("SLURM_ARRAY_TASK_STEP", "4"),
        ],
        &[("AWS_BATCH_JOB_ARRAY_INDEX", "1"), ("AWS_BATCH_JOB_ARRAY_SIZE", "3")],
        &[("JOB_COMPLETION_INDEX", "1"), ("IMPASTO_SHARD_COUNT", "3")],
        &[("SGE_TASK_ID", "3"), ("SGE_TASK_FIRST", "1"), ("SGE_TASK_LAST", "5"), ("SGE_TASK_STEPSIZE", "2")],
        &[("PBS_ARRAY_INDEX", "2"), ("IMPASTO_SHARD_COUNT", "3")],
        &[("LSB_JOBINDEX", "2"), ("IMPASTO_SHARD_COUNT", "3"), ("LSB_JOBINDEX_END", "3")],
    ];
    for variables in schedulers {
        assert_eq!(list(variables, 3).0, second, "{variables:?}");
        // Each that is needed is named where it is missing.
        let (needed, _) = variables[1];
        let without: Vec<_> = variables.iter().copied().filter(|(name, _)| *name != needed).collect();
        let (_, text) = list(&without, 2);
        assert!(text.contains(needed) && text.contains("set it"), "{needed}: {text}");
    }
    let (_, text) = list(&[], 2);
    assert!(text.contains("--shard 3/16"), "{text}");
}

#[test]
fn a_picture_that_another_shard_paints_from_is_not_overwritten() {
    let folder = pictures();
    fs::copy(folder.path().join("photos/a.jpg"), folder.path().join("photos/2.png")).unwrap();
    let before = contents(&folder.path().join("photos"));
    // The first shard's painting would be 2.png, which the second paints from.
    fs::rename(folder.path().join("swirl.jpg"), folder.path().join("2.jpg")).unwrap();
    let words =
        "batch -c photos/a.jpg photos/2.png -s 2.jpg wood.jpg --pairs matched -o photos --size 32 --steps 1";
    let words = format!("{words} --device cpu --force --name {{style}}.png");
    for shard in ["1/2", "2/2"] {
        let mut command = impasto();
        command.current_dir(folder.path()).args(words.split(' ')).args(["--shard", shard]);
        let (_, text) = run(command, 2);
        assert!(text.contains("2.png is one of the pictures to paint from"), "{text}");
    }
    assert_eq!(contents(&folder.path().join("photos")), before);
}

#[test]
fn shards_that_are_killed_at_any_time_paint_every_picture_once() {
    let folder = pictures();
    run(batch(folder.path(), "-o whole"), 0);
    let whole = contents(&folder.path().join("whole"));
    let out = folder.path().join("out");
    let began = Instant::now();
    let mut random = SplitMix64::new(16);
    let mut kills = 0;
    for shard in [1, 2, 3, 1, 2, 3, 1, 2] {
        // The job that was killed, and those that schedulers start again.
        let mut command = batch(folder.path(), &format!("-o out --shard {shard}/3"));
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let before = contents_if_there(&out).len();
        // Within the first painting or behind it, at a moment of chance.
        while contents_if_there(&out).len() <= before && child.try_wait().unwrap().is_none() {
            assert!(began.elapsed() < PATIENCE, "it paints nothing");
            thread::sleep(Duration::from_millis(1));
        }
        thread::sleep(Duration::from_micros(random.next_u64() % 200_000));
        if child.try_wait().unwrap().is_none() {
            child.kill().unwrap();
            kills += 1;
        }
        child.wait().unwrap();
        for (name, bytes) in without_parts(contents_if_there(&out)) {
            assert!(name.ends_with(".claim") || bytes == whole[&name], "{name} is not whole");
        }
    }
    assert!(kills > 0, "all had ended by themselves");
    for shard in 1..=3 {
        run(batch(folder.path(), &format!("-o out --shard {shard}/3")), 0);
    }
    // No claim of a killed process is left either.
    assert_eq!(without_parts(contents(&out)), whole);
    let (_, text) = run(batch(folder.path(), "-o out"), 0);
    assert!(text.contains("0 of 9 painted, 9 already there"), "{text}");
}

fn contents_if_there(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    // Files may go while they are listed.
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let named = |path: PathBuf| Some((path.file_name()?.to_str()?.to_owned(), fs::read(path).ok()?));
    entries.filter_map(named).collect()
}

#[test]
fn batches_at_the_same_time_paint_no_picture_twice() {
    let folder = pictures();
    let children: Vec<_> =
        (0..3).map(|_| batch(folder.path(), "-o out").stderr(Stdio::piped()).spawn().unwrap()).collect();
    let painted = children.into_iter().map(|child| {
        let output = child.wait_with_output().unwrap();
        let text = said(&output);
        assert!(output.status.success(), "{text}");
        let summary = text.lines().find(|line| line.contains(" of 9 painted")).unwrap();
        summary.split(' ').next().unwrap().parse::<usize>().unwrap()
    });
    assert_eq!(painted.sum::<usize>(), 9);
    let files = contents(&folder.path().join("out"));
    assert!(files.len() == 9 && files.keys().all(|name| name.ends_with(".png")), "{:?}", files.keys());
}

#[test]
fn what_is_missing_is_listed_by_name_or_as_an_array() {
    let folder = pictures();
    let missing = |words: &str, code: i32| run(batch(folder.path(), &format!("-o out {words}")), code);
    let (names, text) = missing("--missing", 3);
    assert_eq!((names.lines().count(), text.contains("9 of 9 missing")), (9, true), "{text}");
    assert_eq!(missing("--missing=4", 3).0, "1-4\n");
    assert!(!folder.path().join("out").exists());
    missing("--shard 2/4", 0);
    assert_eq!(missing("--missing=4", 3).0, "1,3-4\n");
    missing("", 0);
    assert_eq!((missing("--missing", 0).0, missing("--missing=4 --quiet", 0).0), Default::default());

    // One that is gone, and one that is another painting.
    let out = folder.path().join("out");
    fs::remove_file(out.join("a in tiles.png")).unwrap();
    fs::copy(out.join("a in wood.png"), out.join("b 9 in wood.png")).unwrap();
    let (names, _) = missing("--missing --quiet", 3);
    let expected = ["a in tiles.png", "b 9 in wood.png"].map(|name| Path::new("out").join(name));
    assert_eq!(names.lines().map(PathBuf::from).collect::<Vec<_>>(), expected);
    assert_eq!(missing("--missing --seed 8", 3).0.lines().count(), 9);
    for wrong in ["--missing=0", "--missing=3 --shard 1/3", "--shard 4/3"] {
        missing(wrong, 2);
    }
}

#[test]
fn a_name_that_a_killed_process_had_only_claimed_is_painted() {
    let folder = pictures();
    for words in ["--shard 1/9", "--shard 1/9 --no-recipe"] {
        let paint = |more: &str, code: i32| run(batch(folder.path(), &format!("-o out {words}{more}")), code);
        let missing = paint(" --missing --quiet", 3).0;
        let file = folder.path().join(missing.trim_end());
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, "").unwrap();
        assert_eq!(paint(" --missing --quiet", 3).0, missing);
        let (_, text) = paint("", 0);
        assert!(text.contains("1 of 1 painted"), "{text}");
        assert!(image::open(&file).is_ok());
        fs::remove_file(&file).unwrap();
    }
}

#[test]
fn without_recipes_a_file_that_is_there_counts_as_painted() {
    let folder = pictures();
    let paint = |words: &str, code: i32| {
        let (_, text) = run(batch(folder.path(), &format!("-o out --name {{number}}.png {words}")), code);
        text
    };
    let text = paint("--no-recipe", 0);
    assert!(text.contains("9 of 9 painted"), "{text}");
    fs::remove_file(folder.path().join("out/004.png")).unwrap();
    let text = paint("--no-recipe", 0);
    assert!(text.contains("1 of 9 painted, 8 already there"), "{text}");
    // Those with recipes are not replaced by them.
    let text = paint("--quiet", 1);
    assert!(text.contains("--force") && text.contains("9 failed"), "{text}");
    let text = paint("--no-recipe --force", 0);
    assert!(text.contains("9 of 9 painted"), "{text}");
}

#[cfg(unix)]
#[test]
fn a_job_for_a_farm_paints_the_batch() {
    let folder = pictures();
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join("bin")).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_impasto"), home.path().join("bin/impasto")).unwrap();
    let farm = |words: &str, code: i32| {
        let mut command = impasto_in(home.path());
        command.current_dir(folder.path()).arg("farm").args(words.split(' ')).args(WORDS.split(' '));
        let output = command.args(["-o", "out"]).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{words}: {}", said(&output));
        (String::from_utf8(output.stdout.clone()).unwrap(), said(&output))
    };
    farm("slurm --shards 3 --job job.sh", 0);
    let job = folder.path().join("job.sh");
    assert!(fs::read_to_string(&job).unwrap().contains("\n#SBATCH --array=1-3\n"));
    let shell = |task: &str| {
        let mut command = Command::new("/bin/sh");
        // The script finds its folder itself.
        command.arg(&job).env("PATH", home.path().join("bin")).env("SLURM_ARRAY_TASK_ID", task);
        command.env("HOME", home.path()).env("IMPASTO_CONFIG_DIR", home.path().join("config"));
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
    };
    ["1", "2", "3"].iter().for_each(|task| shell(task));
    assert_eq!(contents(&folder.path().join("out")).len(), 9);

    let (openjd, _) = farm("openjd --shards 7 --gpu", 0);
    assert!(openjd.contains("range: \"1-7\"") && openjd.contains("amount.worker.gpu"), "{openjd}");
    let (kubernetes, _) = farm("k8s --image impasto:1", 0);
    let words = [
        "completions: 16\n",
        "image: \"impasto:1\"\n",
        "name: IMPASTO_SHARD_COUNT\n",
        "value: \"16\"\n",
        "generateName: impasto-\n",
        "- type: DisruptionTarget\n",
    ];
    for word in words {
        assert!(kubernetes.contains(word), "{word} is not in: {kubernetes}");
    }
    // What the batch would refuse is told now.
    let (_, text) = farm("slurm --shard 1/3", 2);
    assert!(text.contains("leave out --shard"), "{text}");
    let (_, text) = farm("slurm --sise 64", 2);
    assert!(text.contains("--sise"), "{text}");
    farm("abacus", 2);
}

/// One line of GNU parallel, or of xargs where that is not installed.
#[cfg(unix)]
#[test]
fn a_line_of_a_shell_paints_all_shards() {
    let folder = pictures();
    let home = tempfile::tempdir().unwrap();
    let has_parallel = Command::new("parallel").arg("--version").output().is_ok();
    let each = if has_parallel { "parallel -j 3" } else { "xargs -P 3 -I {}" };
    let program = env!("CARGO_BIN_EXE_impasto");
    let line = format!("seq 3 | {each} {program} batch {WORDS} --quiet -o out --shard {{}}/3");
    let output = Command::new("/bin/sh")
        .args(["-c", &line])
        .current_dir(folder.path())
        .env("HOME", home.path())
        .env("IMPASTO_CONFIG_DIR", home.path().join("config"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{line}: {}", said(&output));
    assert_eq!(contents(&folder.path().join("out")).len(), 9);
}
