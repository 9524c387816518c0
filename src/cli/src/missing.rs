//! `impasto batch --missing`: what of a batch is still to be painted.

use std::{collections::BTreeSet, path::Path, process::ExitCode, str::FromStr};

use super::{MISSING, print, progress::Printer, shard::Shard};
use impasto_engine::queue::{Item, Lookup, Painted, Place};

/// The value of `--missing`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MissingArg {
    Names,
    /// Which of so many shards have something left.
    Shards(u32),
}

impl FromStr for MissingArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.parse()) {
            ("names", _) => Ok(Self::Names),
            (_, Ok(count)) if count > 0 => Ok(Self::Shards(count)),
            _ => Err("write names, or the number of shards".to_owned()),
        }
    }
}

/// Print what is missing; the exit code tells whether anything is.
pub(super) fn list(
    paintings: &[Item],
    place: &Place,
    how: MissingArg,
    printer: &Printer,
) -> anyhow::Result<ExitCode> {
    let mut missing = Vec::new();
    let mut lookup = Lookup::default();
    for (index, painting) in paintings.iter().enumerate() {
        match lookup.painted(painting, place) {
            Ok(Some(Painted::Whole)) => {}
            Ok(Some(Painted::WithLess)) => printer.warn(&with_less(&painting.output)),
            Ok(None) => missing.push(index),
            Err(error) => {
                printer.warn(&format!(
                    "impasto: warning: {}: {}",
                    painting.output.display(),
                    super::explain(&error)
                ));
                missing.push(index);
            }
        }
    }
    let text = match how {
        MissingArg::Names => {
            missing.iter().map(|&index| format!("{}\n", paintings[index].output.display())).collect()
        }
        MissingArg::Shards(count) => {
            let outputs: Vec<_> = paintings.iter().map(|painting| painting.output.as_path()).collect();
            let numbers = Shard::numbers(count, &outputs);
            let left: BTreeSet<u32> = missing.iter().map(|&index| numbers[index]).collect();
            if left.is_empty() { String::new() } else { ranges(&left) + "\n" }
        }
    };
    print(&text)?;
    printer.info(&format!("{} of {} missing", missing.len(), paintings.len()));
    Ok(if missing.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(MISSING) })
}

/// "1-3,7": numbers as schedulers take them for an array.
fn ranges(numbers: &BTreeSet<u32>) -> String {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for &number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => ranges.push((number, number)),
        }
    }
    let text = |&(first, last): &(u32, u32)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    };
    ranges.iter().map(text).collect::<Vec<_>>().join(",")
}

/// What is said of a painting that counts although its recipe is not complete.
pub(super) fn with_less(output: &Path) -> String {
    format!(
        "impasto: warning: {}: it was painted before, but with less than asked for, as with less memory; --force paints it again",
        output.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_ranges() {
        let ranges_of = |numbers: &[u32]| ranges(&numbers.iter().copied().collect());
        assert_eq!(ranges_of(&[7]), "7");
        assert_eq!(ranges_of(&[1, 2, 3, 5, 9, 10]), "1-3,5,9-10");
    }

    #[test]
    fn what_to_list_is_names_or_shards() {
        assert_eq!("names".parse(), Ok(MissingArg::Names));
        assert_eq!("16".parse(), Ok(MissingArg::Shards(16)));
        for wrong in ["0", "-3", "all", ""] {
            assert!(wrong.parse::<MissingArg>().is_err(), "{wrong}");
        }
    }
}
