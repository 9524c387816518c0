//! `impasto man`: prints the manual page, or writes those of all commands.

use std::{fs, path::Path, process::ExitCode};

use anyhow::Context as _;
use clap::{Command, CommandFactory as _};
use clap_mangen::Man;

use super::args::Cli;
use impasto_base::files;

/// Print the program's own page, or write `impasto.1`, `impasto-render.1` and so on to a folder, replacing
/// older ones.
pub(super) fn run(folder: Option<&Path>) -> anyhow::Result<ExitCode> {
    let mut command = Cli::command().disable_help_subcommand(true);
    // Names the pages, and gives each command the flags that all of them have.
    command.build();
    match folder {
        None => super::print(&String::from_utf8(page(&man(command))?)?)?,
        Some(folder) => {
            fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
            write(command, folder)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Write the page of a command, and those of the commands below it.
fn write(command: Command, folder: &Path) -> anyhow::Result<()> {
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        write(below.clone(), folder)?;
    }
    let man = man(command);
    let path = folder.join(man.get_filename());
    files::write_atomic_shared(&path, &page(&man)?)
        .with_context(|| format!("cannot write {}", path.display()))
}

/// The page of a command.
fn man(command: Command) -> Man {
    Man::new(command).source(concat!("Impasto ", env!("CARGO_PKG_VERSION")))
}

/// The page in roff.
fn page(man: &Man) -> anyhow::Result<Vec<u8>> {
    let mut roff = Vec::new();
    man.render(&mut roff)?;
    Ok(roff)
}
