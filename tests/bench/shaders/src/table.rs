//! What a card makes of the kernels, as a table.

use std::{collections::BTreeMap, error::Error};

use crate::{
    card::{Card, Compiled},
    instructions::{Loop, inner_loop},
    sources::Shader,
};

/// The worst of a kernel's variants.
struct Row {
    variants: usize,
    registers: u64,
    spilled: u64,
    shared: u64,
    subgroups: u64,
    work: Option<Loop>,
}

impl Row {
    fn of(compiled: &Compiled) -> Result<Self, Box<dyn Error>> {
        let told = |name: &str| {
            compiled.statistics.get(name).copied().ok_or_else(|| format!("the driver tells no {name}"))
        };
        Ok(Self {
            variants: 1,
            registers: told("VGPRs")?,
            spilled: told("Spilled VGPRs")? + told("Spilled SGPRs")?,
            shared: told("LDS size")?,
            subgroups: told("Subgroups per SIMD")?,
            work: inner_loop(&compiled.code),
        })
    }

    fn with(&self, other: &Self) -> Self {
        let share = |work: &Loop| work.multiply_adds as f64 / work.all as f64;
        let works = [self.work, other.work].into_iter().flatten();
        Self {
            variants: self.variants + other.variants,
            registers: self.registers.max(other.registers),
            spilled: self.spilled.max(other.spilled),
            shared: self.shared.max(other.shared),
            subgroups: self.subgroups.min(other.subgroups),
            work: works.min_by(|a, b| share(a).total_cmp(&share(b))),
        }
    }
}

/// Print a row for each kernel: the worst of its variants.
///
/// # Errors
///
/// If a kernel cannot be compiled, or keeps values in memory because it has more than the card has registers.
pub fn print(shaders: &[Shader]) -> Result<(), Box<dyn Error>> {
    let card = Card::open()?;
    let mut rows = BTreeMap::<(&str, &str), Row>::new();
    // The card that is compiled for has no matrix units.
    for shader in shaders.iter().filter(|shader| shader.matrix_units().is_none()) {
        let row = Row::of(&card.compile(shader)?)?;
        let precision = if shader.has_half() { "fast" } else { "full" };
        let known = rows.get(&(shader.name.as_str(), precision)).map(|known| known.with(&row));
        rows.insert((&shader.name, precision), known.unwrap_or(row));
    }
    println!("{}\n", card.name);
    println!(
        "| kernel | precision | variants | registers | spilled | shared memory | subgroups | multiply-adds |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for ((name, precision), row) in &rows {
        let Row { variants, registers, spilled, shared, subgroups, work } = row;
        let work = work.map(|work| format!("{} of {}", work.multiply_adds, work.all)).unwrap_or_default();
        println!(
            "| `{name}` | {precision} | {variants} | {registers} | {spilled} | {shared} | {subgroups} | {work} |"
        );
    }
    let spilling: Vec<&str> =
        rows.iter().filter(|(_, row)| row.spilled > 0).map(|((name, _), _)| *name).collect();
    match spilling.is_empty() {
        true => Ok(()),
        false => Err(format!("these keep values in memory: {}", spilling.join(", ")).into()),
    }
}
