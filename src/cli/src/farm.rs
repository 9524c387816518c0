//! `impasto farm`: writes a batch as a job for the scheduler of many machines.

use std::{
    ffi::OsString,
    fmt::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use clap::Args;

use super::{
    UsageError,
    args::{self, Command},
    print, shard,
};
use impasto_base::{files::write_atomic_shared, text};
use impasto_formats::recipe::quoted;

/// What runs the job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Scheduler {
    /// Open Job Description, for render farms and AWS Deadline Cloud: a YAML template
    Openjd,
    /// Slurm: a script for sbatch
    Slurm,
    /// Kubernetes: an Indexed Job as YAML
    K8s,
}

#[derive(Debug, Args)]
#[command(override_usage = "impasto farm [OPTIONS] <SCHEDULER> <BATCH>...")]
pub(super) struct FarmArgs {
    /// Who runs the job
    #[arg(value_enum)]
    pub scheduler: Scheduler,
    /// The words after `impasto batch`, without --shard
    #[arg(value_name = "BATCH", required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    pub batch: Vec<String>,
    /// Number of shards, each a task of the job; with as many as there are paintings each is a task
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..))]
    pub shards: u32,
    /// One graphics card for each task
    #[arg(long)]
    pub gpu: bool,
    /// Container image with impasto in it, for Kubernetes
    #[arg(long, value_name = "IMAGE", default_value = "impasto")]
    pub image: String,
    /// Claim of the volume that is mounted as this folder, for Kubernetes
    #[arg(long, value_name = "CLAIM", default_value = "impasto")]
    pub volume: String,
    /// Output file for the job; standard output if there is none
    #[arg(long, value_name = "FILE")]
    pub job: Option<PathBuf>,
}

/// Check the words of the batch, and write its job.
pub(super) fn run(arguments: &FarmArgs) -> anyhow::Result<ExitCode> {
    let words = ["impasto", "batch"].into_iter().map(OsString::from);
    let words: Vec<OsString> = words.chain(arguments.batch.iter().map(OsString::from)).collect();
    match args::parse(&words).map(|cli| cli.command) {
        Ok(Some(Command::Batch(batch))) if batch.shard.is_some() || batch.missing.is_some() => {
            let text = "the job itself says which shard a task paints; leave out --shard and --missing";
            return Err(UsageError(text.to_owned()).into());
        }
        Ok(_) => {}
        // Its text names what is wrong, in the usual way.
        Err(error) => error.exit(),
    }
    let folder = std::env::current_dir().context("cannot tell the current folder")?;
    let folder = folder.to_str().with_context(|| format!("{} is not Unicode", text::path(&folder)))?;
    let job = Job { words: &arguments.batch, folder, arguments };
    let text = match arguments.scheduler {
        Scheduler::Openjd => job.openjd()?,
        Scheduler::Slurm => job.slurm(),
        Scheduler::K8s => job.kubernetes(),
    };
    match &arguments.job {
        Some(path) => write_job(path, &text)?,
        None => {
            // What is redirected into a file must not differ from the words.
            anyhow::ensure!(
                text::escaped(&text) == text,
                "the words have characters that a terminal takes for commands; write the job to a file with --job"
            );
            print(&text)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn write_job(path: &Path, text: &str) -> anyhow::Result<()> {
    write_atomic_shared(path, text.as_bytes())
        .with_context(|| format!("cannot write the job {}", path.display()))
}

struct Job<'a> {
    /// Those after `impasto batch`.
    words: &'a [String],
    /// In which the words' paths are meant.
    folder: &'a str,
    arguments: &'a FarmArgs,
}

impl Job<'_> {
    fn openjd(&self) -> anyhow::Result<String> {
        let shards = self.arguments.shards;
        let words = self.words.iter().map(String::as_str);
        let own = words.chain([self.folder]).find(|word| word.contains("{{") || word.contains("}}"));
        if let Some(word) = own {
            return Err(UsageError(format!("{word}: OpenJD takes {{{{ and }}}} for a parameter")).into());
        }
        let shard = format!("{{{{Task.Param.Shard}}}}/{shards}");
        let begin =
            ["-c", "cd \"$0\" && exec \"$@\"", "{{Param.Folder}}", "impasto", "batch", "--shard", &shard];
        let mut out = format!(
            "# Check: openjd check FILE. Run here: openjd run FILE --step Paint\n\
             specificationVersion: jobtemplate-2023-09\n\
             name: Impasto\n\
             parameterDefinitions:\n\
             - name: Folder\n  \
               type: STRING\n  \
               description: The folder in which the paths are meant\n  \
               default: {}\n\
             steps:\n\
             - name: Paint\n  \
               parameterSpace:\n    \
                 taskParameterDefinitions:\n    \
                 - name: Shard\n      \
                   type: INT\n      \
                   range: \"1-{shards}\"\n",
            yaml(self.folder)
        );
        if self.arguments.gpu {
            out += "  hostRequirements:\n    amounts:\n    - name: amount.worker.gpu\n      min: 1\n";
        }
        out += "  script:\n    actions:\n      onRun:\n        command: sh\n        args:\n";
        for word in begin.into_iter().chain(self.words.iter().map(String::as_str)) {
            let _ = writeln!(out, "        - {}", yaml(word));
        }
        Ok(out)
    }

    fn slurm(&self) -> String {
        let shards = self.arguments.shards;
        let words: Vec<String> = self.words.iter().map(|word| quoted(word)).collect();
        let words = words.join(" ");
        let gpu = if self.arguments.gpu { "#SBATCH --gres=gpu:1\n" } else { "" };
        format!(
            "#!/bin/sh\n\
             #SBATCH --job-name=impasto\n\
             #SBATCH --array=1-{shards}\n\
             #SBATCH --requeue\n\
             {gpu}\
             # Submit: sbatch FILE. Again, only the tasks that have something left, in the same folder:\n\
             # sbatch --array=\"$(impasto batch --missing={shards} --quiet WORDS)\" FILE with the words below\n\
             cd {} || exit 1\n\
             exec impasto batch --shard \"$SLURM_ARRAY_TASK_ID/{shards}\" {words}\n",
            quoted(self.folder)
        )
    }

    fn kubernetes(&self) -> String {
        let FarmArgs { shards, gpu, image, volume, .. } = self.arguments;
        let words = ["impasto", "batch", "--shard", "auto"].into_iter();
        let words = words.chain(self.words.iter().map(String::as_str));
        // Kubernetes takes $(NAME) for a variable, and $$ for $.
        let words: String =
            words.map(|word| format!("        - {}\n", yaml(&word.replace('$', "$$")))).collect();
        let gpu =
            if *gpu { "        resources:\n          limits:\n            nvidia.com/gpu: 1\n" } else { "" };
        format!(
            "# Submit, each time as a job of its own: kubectl create -f FILE\n\
             apiVersion: batch/v1\n\
             kind: Job\n\
             metadata:\n  \
               generateName: impasto-\n\
             spec:\n  \
               completionMode: Indexed\n  \
               completions: {shards}\n  \
               parallelism: {shards}\n  \
               backoffLimitPerIndex: 5\n  \
               # Tasks whose machine is taken away do not count as failed.\n  \
               podFailurePolicy:\n    \
                 rules:\n    \
                 - action: Ignore\n      \
                   onPodConditions:\n      \
                   - type: DisruptionTarget\n        \
                     status: \"True\"\n  \
               template:\n    \
                 spec:\n      \
                   restartPolicy: Never\n      \
                   containers:\n      \
                   - name: impasto\n        \
                     image: {}\n        \
                     workingDir: {folder}\n        \
                     env:\n        \
                     - name: {}\n          \
                       value: \"{shards}\"\n\
             {gpu}        \
                     volumeMounts:\n        \
                     - name: pictures\n          \
                       mountPath: {folder}\n        \
                     command:\n\
             {words}      \
                   volumes:\n      \
                   - name: pictures\n        \
                     persistentVolumeClaim:\n          \
                       claimName: {}\n",
            yaml(image),
            shard::COUNT,
            yaml(volume),
            folder = yaml(self.folder),
        )
    }
}

/// A text in double quotes: YAML reads JSON's.
fn yaml(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(words: &[&str]) -> FarmArgs {
        let line = ["impasto", "farm"].iter().chain(words).map(OsString::from).collect::<Vec<_>>();
        let Some(Command::Farm(farm)) = args::parse(&line).unwrap().command else { panic!("{words:?}") };
        farm
    }

    #[test]
    fn words_of_the_batch_are_not_those_of_the_job() {
        let farm = arguments(&["slurm", "--shards", "3", "-c", "a b", "--style", "c", "-o", "out", "--gpu"]);
        assert_eq!((farm.shards, farm.gpu), (3, false));
        assert_eq!(farm.batch, ["-c", "a b", "--style", "c", "-o", "out", "--gpu"]);
        let farm = arguments(&["k8s", "--gpu", "--job=x.yaml", "--", "-c", "a"]);
        assert_eq!((farm.shards, farm.gpu, farm.batch.len()), (16, true, 2));
    }

    /// What a container gets for a word: $$ is $, and a variable in parentheses would be its value.
    fn as_kubernetes_reads(word: &str) -> String {
        let mut out = String::new();
        let mut rest = word.chars().peekable();
        while let Some(letter) = rest.next() {
            match (letter, rest.peek()) {
                ('$', Some('$')) => out.extend(rest.next()),
                ('$', Some('(')) => panic!("{word} has a variable"),
                _ => out.push(letter),
            }
        }
        out
    }

    #[cfg(unix)]
    #[test]
    fn every_word_reaches_the_batch_as_it_was_written() {
        let odd =
            ["-c", "it's \"$HOME\" \\ é/*.jpg", "$(date)", "--name={content}\n.png", "$$(date) $$ $(", "a$"];
        let farm = arguments(&[&["slurm", "--shards", "3"], &odd[..]].concat());
        let job = Job { words: &farm.batch, folder: "/", arguments: &farm };
        // Slurm's script in a shell, with a function for the program.
        let script = job.slurm().replace("exec impasto", "impasto() { printf '%s|' \"$@\"; }; impasto");
        let output = std::process::Command::new("sh")
            .args(["-c", &script])
            .env("SLURM_ARRAY_TASK_ID", "2")
            .output()
            .unwrap();
        let expected = [&["batch", "--shard", "2/3"], &odd[..]].concat().join("|") + "|";
        assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);

        // YAML's lines are JSON's texts.
        let words = |text: &str| -> Vec<String> {
            let quoted = text.lines().filter_map(|line| line.trim().strip_prefix("- \""));
            quoted.map(|word| serde_json::from_str(&format!("\"{word}")).unwrap()).collect()
        };
        let found = words(&job.openjd().unwrap());
        assert_eq!(found[3..7], ["impasto", "batch", "--shard", "{{Task.Param.Shard}}/3"]);
        assert_eq!(found[7..], odd);
        let found = words(&job.kubernetes());
        assert_eq!(found[..4], ["impasto", "batch", "--shard", "auto"]);
        let read: Vec<String> = found[4..].iter().map(|word| as_kubernetes_reads(word)).collect();
        assert_eq!(read, odd);
        for word in ["{{Param.Folder}}", "{content}}", "{{"] {
            let braces = Job { words: &[word.to_owned()], ..job };
            assert!(braces.openjd().unwrap_err().is::<UsageError>(), "{word}");
        }
    }
}
