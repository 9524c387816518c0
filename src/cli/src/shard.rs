//! Which part of a batch a process paints: `--shard 3/16`, or as the scheduler's variables say.

use std::{fmt, path::Path, str::FromStr};

use super::UsageError;

/// Number of shards for schedulers that do not tell it.
pub(super) const COUNT: &str = "IMPASTO_SHARD_COUNT";

/// The value of `--shard`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ShardArg {
    Auto,
    Is(Shard),
}

/// A part of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shard {
    /// From 1 to `count`.
    pub number: u32,
    pub count: u32,
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.number, self.count)
    }
}

impl FromStr for ShardArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        let (number, count) = text.split_once('/').ok_or("write NUMBER/COUNT, as 3/16, or auto")?;
        let parsed = number.trim().parse().ok().zip(count.trim().parse().ok());
        let (number, count) = parsed.ok_or("write NUMBER/COUNT with two whole numbers, as 3/16, or auto")?;
        Shard::new(number, count).map(Self::Is).ok_or_else(|| "shards are counted from 1 to COUNT".to_owned())
    }
}

impl ShardArg {
    /// The shard; `variable` reads the environment.
    ///
    /// # Errors
    ///
    /// If the scheduler's variables do not tell exactly which shard this is.
    pub fn resolve(self, variable: &dyn Fn(&str) -> Option<String>) -> Result<Shard, UsageError> {
        match self {
            Self::Is(shard) => Ok(shard),
            Self::Auto => of_scheduler(variable).map_err(|text| UsageError(format!("--shard auto: {text}"))),
        }
    }
}

impl Shard {
    fn new(number: u32, count: u32) -> Option<Self> {
        (1..=count).contains(&number).then_some(Self { number, count })
    }

    /// The shard of each painting by its output file, dealt out in the order of the files' names: so that it
    /// is the same on every machine, in whatever order a shell there has listed the pictures.
    pub fn numbers(count: u32, outputs: &[&Path]) -> Vec<u32> {
        let mut order: Vec<usize> = (0..outputs.len()).collect();
        order.sort_by_key(|&index| outputs[index]);
        let mut numbers = vec![0; outputs.len()];
        for (number, index) in (1..=count).cycle().zip(order) {
            numbers[index] = number;
        }
        numbers
    }
}

/// Where a scheduler says which of an array's tasks this is.
struct Scheduler {
    index: &'static str,
    /// What `index` is if the job is no array.
    no_array: Option<&'static str>,
    first: First,
    last: Last,
    /// The last index where `last` is a number of tasks: a list such as 1,5,7 has fewer than its range.
    range_end: Option<&'static str>,
    step: Option<&'static str>,
    /// An array for sixteen shards.
    example: &'static str,
}

/// The array's first index.
enum First {
    Is(i64),
    In(&'static str),
}

/// The array's size.
enum Last {
    /// The variable holds the last index.
    Index(&'static str),
    /// The variable holds the number of tasks.
    Count(&'static str),
}

/// By their documentation. Slurm and SGE tell first, last and step, AWS Batch and Kubernetes count from 0,
/// LSF and PBS tell neither the first index nor the number of tasks.
const SCHEDULERS: [Scheduler; 6] = [
    Scheduler {
        index: "SLURM_ARRAY_TASK_ID",
        no_array: None,
        first: First::In("SLURM_ARRAY_TASK_MIN"),
        last: Last::Count("SLURM_ARRAY_TASK_COUNT"),
        range_end: Some("SLURM_ARRAY_TASK_MAX"),
        step: Some("SLURM_ARRAY_TASK_STEP"),
        example: "--array=1-16",
    },
    Scheduler {
        index: "AWS_BATCH_JOB_ARRAY_INDEX",
        no_array: None,
        first: First::Is(0),
        last: Last::Count("AWS_BATCH_JOB_ARRAY_SIZE"),
        range_end: None,
        step: None,
        example: "an array size of 16",
    },
    Scheduler {
        index: "JOB_COMPLETION_INDEX",
        no_array: None,
        first: First::Is(0),
        last: Last::Count(COUNT),
        range_end: None,
        step: None,
        example: "completions: 16",
    },
    Scheduler {
        index: "SGE_TASK_ID",
        no_array: Some("undefined"),
        first: First::In("SGE_TASK_FIRST"),
        last: Last::Index("SGE_TASK_LAST"),
        range_end: None,
        step: Some("SGE_TASK_STEPSIZE"),
        example: "-t 1-16",
    },
    Scheduler {
        index: "PBS_ARRAY_INDEX",
        no_array: None,
        first: First::Is(1),
        last: Last::Count(COUNT),
        range_end: None,
        step: None,
        example: "-J 1-16",
    },
    Scheduler {
        index: "LSB_JOBINDEX",
        no_array: Some("0"),
        first: First::Is(1),
        last: Last::Count(COUNT),
        range_end: Some("LSB_JOBINDEX_END"),
        step: Some("LSB_JOBINDEX_STEP"),
        example: "-J \"impasto[1-16]\"",
    },
];

/// The shard that the first scheduler found says.
fn of_scheduler(variable: &dyn Fn(&str) -> Option<String>) -> Result<Shard, String> {
    let found = SCHEDULERS.iter().find_map(|scheduler| {
        let index = variable(scheduler.index).filter(|index| Some(index.as_str()) != scheduler.no_array)?;
        Some((scheduler, index))
    });
    let Some((scheduler, index)) = found else {
        let names = SCHEDULERS.map(|scheduler| scheduler.index).join(", ");
        return Err(format!(
            "this is no task of an array: none of {names} is set; write the shard as --shard 3/16"
        ));
    };
    let number = |name: &str, text: &str| -> Result<i64, String> {
        let number = text.trim().parse().ok().filter(|number| (0..=i64::from(u32::MAX)).contains(number));
        number.ok_or_else(|| format!("{name} is {text:?}, and should be a number"))
    };
    let needed = |name: &str| match variable(name) {
        Some(text) => number(name, &text),
        None => Err(format!(
            "{} is set, but {name} is not: set it, or write the shard as --shard 3/16",
            scheduler.index
        )),
    };
    let index = number(scheduler.index, &index)?;
    let first = match scheduler.first {
        First::Is(first) => first,
        First::In(name) => needed(name)?,
    };
    let step = match scheduler.step {
        // Not all versions tell a step of 1.
        Some(name) => variable(name).map_or(Ok(1), |text| number(name, &text))?.max(1),
        None => 1,
    };
    let tasks_until = |last: i64| (last - first).div_euclid(step) + 1;
    let count = match scheduler.last {
        Last::Count(name) => needed(name)?,
        Last::Index(name) => tasks_until(needed(name)?),
    };
    let range_end = scheduler.range_end.and_then(|name| Some((name, variable(name)?)));
    let range_end = range_end.map(|(name, text)| number(name, &text)).transpose()?;
    let has_gaps = range_end.is_some_and(|end| tasks_until(end) != count);
    let exact = (index - first).rem_euclid(step) == 0 && !has_gaps;
    let shard = u32::try_from(tasks_until(index)).ok().zip(u32::try_from(count).ok()).filter(|_| exact);
    shard.and_then(|(number, count)| Shard::new(number, count)).ok_or_else(|| {
        format!(
            "{} is {index} in an array of {count} tasks that begins at {first} with steps of {step}, and these do not fit: submit an array without gaps, as {}, or write the shard as --shard 3/16",
            scheduler.index, scheduler.example
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_is_read_from_the_command_line() {
        let shard = |text: &str| text.parse::<ShardArg>();
        assert_eq!(shard("3/16"), Ok(ShardArg::Is(Shard { number: 3, count: 16 })));
        assert_eq!(shard("auto"), Ok(ShardArg::Auto));
        for wrong in ["0/16", "17/16", "3", "3/", "a/b", "-1/4", "1/0", ""] {
            assert!(shard(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn paintings_are_dealt_out_evenly_in_the_order_of_their_names() {
        let names: Vec<String> = (0..100).map(|number| format!("out/{number:03}.png")).collect();
        let outputs: Vec<&Path> = names.iter().map(Path::new).collect();
        let numbers = Shard::numbers(3, &outputs);
        for shard in 1..=3 {
            let share = numbers.iter().filter(|&&number| number == shard).count();
            assert!((33..=34).contains(&share), "{share}");
        }
        let backwards: Vec<&Path> = outputs.iter().rev().copied().collect();
        let mut same = Shard::numbers(3, &backwards);
        same.reverse();
        assert_eq!(same, numbers);
        assert_eq!(Shard::numbers(7, &outputs[..2]), [1, 2]);
    }

    #[track_caller]
    fn auto(variables: &[(&str, &str)]) -> Result<(u32, u32), String> {
        let variable = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned())
        };
        let shard = ShardArg::Auto.resolve(&variable).map_err(|error| error.to_string())?;
        Ok((shard.number, shard.count))
    }

    #[test]
    fn every_schedulers_variables_tell_the_shard() {
        let slurm = |id, count, min, step| {
            auto(&[
                ("SLURM_ARRAY_TASK_ID", id),
                ("SLURM_ARRAY_TASK_COUNT", count),
                ("SLURM_ARRAY_TASK_MIN", min),
                ("SLURM_ARRAY_TASK_STEP", step),
            ])
        };
        assert_eq!(slurm("3", "16", "1", "1"), Ok((3, 16)));
        assert_eq!(slurm("0", "16", "0", "1"), Ok((1, 16)));
        assert_eq!(slurm("9", "4", "1", "4"), Ok((3, 4)));
        let aws = |index| auto(&[("AWS_BATCH_JOB_ARRAY_INDEX", index), ("AWS_BATCH_JOB_ARRAY_SIZE", "16")]);
        assert_eq!((aws("0"), aws("15")), (Ok((1, 16)), Ok((16, 16))));
        let kubernetes = |index| auto(&[("JOB_COMPLETION_INDEX", index), (COUNT, "3")]);
        assert_eq!((kubernetes("0"), kubernetes("2")), (Ok((1, 3)), Ok((3, 3))));
        let sge = |id, first, last, step| {
            auto(&[
                ("SGE_TASK_ID", id),
                ("SGE_TASK_FIRST", first),
                ("SGE_TASK_LAST", last),
                ("SGE_TASK_STEPSIZE", step),
            ])
        };
        assert_eq!(sge("3", "1", "16", "1"), Ok((3, 16)));
        // The last of 2, 5, 8 is told as 9 by some.
        assert_eq!((sge("8", "2", "9", "3"), sge("8", "2", "8", "3")), (Ok((3, 3)), Ok((3, 3))));
        assert_eq!(auto(&[("PBS_ARRAY_INDEX", "16"), (COUNT, "16")]), Ok((16, 16)));
        let lsf = |index, end, step| {
            let own = [("LSB_JOBINDEX", index), ("LSB_JOBINDEX_END", end), ("LSB_JOBINDEX_STEP", step)];
            auto(&[&own[..], &[(COUNT, "16")]].concat())
        };
        assert_eq!((lsf("3", "16", "1"), lsf("5", "31", "2")), (Ok((3, 16)), Ok((3, 16))));
        assert_eq!(auto(&[("LSB_JOBINDEX", "3"), ("LSB_JOBINDEX_END", "16"), (COUNT, "16")]), Ok((3, 16)));
        // A job that is no array, within one that is.
        let outer =
            [("SGE_TASK_ID", "undefined"), ("LSB_JOBINDEX", "0"), ("PBS_ARRAY_INDEX", "2"), (COUNT, "2")];
        assert_eq!(auto(&outer), Ok((2, 2)));
    }

    #[test]
    fn what_is_not_told_exactly_is_refused_with_the_variable() {
        #[track_caller]
        fn refused(variables: &[(&str, &str)], words: &[&str]) {
            let text = auto(variables).unwrap_err();
            for word in words {
                assert!(text.contains(word), "{word} is not in: {text}");
            }
        }
        refused(&[], &["SLURM_ARRAY_TASK_ID", "LSB_JOBINDEX", "--shard 3/16"]);
        refused(&[("SGE_TASK_ID", "undefined")], &["no task of an array"]);
        refused(&[("SLURM_ARRAY_TASK_ID", "3")], &["SLURM_ARRAY_TASK_MIN", "is not: set it"]);
        refused(
            &[("SLURM_ARRAY_TASK_ID", "3"), ("SLURM_ARRAY_TASK_MIN", "1")],
            &["SLURM_ARRAY_TASK_COUNT", "set it"],
        );
        for scheduler in ["JOB_COMPLETION_INDEX", "PBS_ARRAY_INDEX", "LSB_JOBINDEX"] {
            refused(&[(scheduler, "1")], &[scheduler, COUNT, "set it"]);
        }
        refused(&[("AWS_BATCH_JOB_ARRAY_INDEX", "1")], &["AWS_BATCH_JOB_ARRAY_SIZE"]);
        // The tasks 1, 5 and 16 of what would be sixteen.
        let list = [("LSB_JOBINDEX", "5"), ("LSB_JOBINDEX_END", "16")];
        refused(&list, &["LSB_JOBINDEX", COUNT, "set it"]);
        refused(&[list[0], list[1], (COUNT, "3")], &["without gaps", "impasto[1-16]"]);
        refused(&[("SGE_TASK_ID", "1"), ("SGE_TASK_FIRST", "1")], &["SGE_TASK_LAST"]);
        // --array=1,5,7 has three tasks.
        let gaps = [
            ("SLURM_ARRAY_TASK_ID", "7"),
            ("SLURM_ARRAY_TASK_COUNT", "3"),
            ("SLURM_ARRAY_TASK_MIN", "1"),
            ("SLURM_ARRAY_TASK_STEP", "1"),
        ];
        refused(&gaps, &["without gaps", "--array=1-16"]);
        let first = [gaps[1], gaps[2], ("SLURM_ARRAY_TASK_ID", "1"), ("SLURM_ARRAY_TASK_MAX", "7")];
        refused(&first, &["without gaps"]);
        refused(&[("PBS_ARRAY_INDEX", "0"), (COUNT, "16")], &["-J 1-16"]);
        refused(&[("PBS_ARRAY_INDEX", "two"), (COUNT, "16")], &["PBS_ARRAY_INDEX", "two"]);
        refused(&[("PBS_ARRAY_INDEX", "1"), (COUNT, "-1")], &[COUNT]);
    }
}
