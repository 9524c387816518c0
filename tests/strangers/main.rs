//! What strangers' files do, tried with many of them: seeded changes of good and of hostile ones, the same
//! each time. The fuzzer in tests/fuzz tries the same targets for longer.

mod memory;
mod mutate;
mod targets;
#[path = "../window_support/mod.rs"]
mod window_support;

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::Path,
    sync::{Mutex, PoisonError},
};

use impasto_base::random::SplitMix64;

#[global_allocator]
static MEMORY: memory::Limited = memory::Limited;

/// The repository.
const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The memory is counted for the whole process, so the targets take turns.
static TURN: Mutex<()> = Mutex::new(());

/// Longest input, in bytes.
const MOST: usize = 1 << 20;

fn try_many(name: &str) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let target = targets::named(name);
    let seeds = (target.seeds)();
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("stranger-{name}"));
    let mut random = SplitMix64::new(15);
    for case in 0..seeds.len() + target.cases {
        let input = match seeds.get(case) {
            Some(seed) => seed.clone(),
            None => {
                let mut pick = || &seeds[(random.next_u64() % seeds.len() as u64) as usize];
                let (seed, other) = (pick(), pick());
                mutate::mutated(&mut random, seed, other, MOST)
            }
        };
        // What ends the process leaves it.
        std::fs::write(&path, &input).unwrap();
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (target.run)(&input))) {
            eprintln!("{name}, case {case}: the input is in {}", path.display());
            resume_unwind(panic);
        }
    }
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn projects_write_nothing_and_carry_nothing_away() {
    try_many("project");
}

#[test]
fn recipes_open_nothing_unseen_and_end() {
    try_many("recipe");
}

#[test]
fn pictures_are_opened_in_little_memory() {
    try_many("picture");
}

#[test]
fn profiles_are_honoured_or_told() {
    try_many("profile");
}

#[test]
fn weights_are_loaded_or_refused() {
    try_many("weights");
}

#[test]
fn a_run_survives_every_state() {
    try_many("state");
}

#[test]
fn messages_set_parameters_within_their_ranges() {
    try_many("osc");
}

#[test]
fn toml_files_are_taken_or_refused() {
    try_many("toml");
}

#[test]
fn playlists_open_nothing_outside_of_their_folder() {
    try_many("playlist");
}
