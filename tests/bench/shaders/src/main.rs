//! What other graphics interfaces and other cards make of Impasto's kernels, without either:
//!
//! * `shaders translate FILE…` translates them to the languages of Metal and Direct3D, and compares what they
//!   need with what WebGPU promises;
//! * `shaders compile FILE…` compiles them for an AMD card that need not be there, and prints a table;
//! * `shaders code NAME FILE…` prints the card's instructions for the kernels with this in their name.
//!
//! A file is the log that CubeCL writes when `CUBECL_DEBUG_LOG` names it, or one kernel in WGSL.
//! `tests/bench/drivers.sh` makes such files and calls this.

mod card;
mod instructions;
mod sources;
mod table;
mod translate;

use std::{error::Error, process::ExitCode};

use sources::Shader;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["translate", ref files @ ..] => sources::read(files).and_then(|shaders| translate::all(&shaders)),
        ["compile", ref files @ ..] => sources::read(files).and_then(|shaders| table::print(&shaders)),
        ["code", name, ref files @ ..] => sources::read(files).and_then(|shaders| code(&shaders, name)),
        _ => Err("usage: shaders translate|compile|code NAME FILE…".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Print the instructions of some kernels.
fn code(shaders: &[Shader], name: &str) -> Result<(), Box<dyn Error>> {
    let card = card::Card::open()?;
    for shader in shaders.iter().filter(|shader| shader.title().contains(name)) {
        println!("{}\n{}", shader.title(), card.compile(shader)?.code);
    }
    Ok(())
}
