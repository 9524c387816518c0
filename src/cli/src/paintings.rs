//! The paintings of a batch: which content in which styles, into which file.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{UsageError, batch::BatchArgs, checks, progress::Printer, style_arg::StyleArg};
use impasto_base::text;
use impasto_core::{
    picture::Picture,
    settings::{Settings, StyleMix},
};
use impasto_engine::queue::Item;
use impasto_formats::explore::{CollectError, Collector, PairError, SourceFile, mixed_pairs};

/// All paintings of a batch; tells what the folders hold besides pictures.
pub(super) fn plan(
    arguments: &BatchArgs,
    settings: &Settings,
    printer: &Printer,
) -> anyhow::Result<Vec<Item>> {
    check_styles(arguments)?;
    let mut collector = Collector::new(arguments.recursive, &arguments.output_folder);
    let mut contents = Vec::new();
    for path in &arguments.content {
        contents.extend(collect(&mut collector, path)?);
    }
    let mut styles = Vec::new();
    let mut mixes = Vec::new();
    for style in &arguments.style {
        for file in collect(&mut collector, &style.path)? {
            mixes.push(mix_of(style, &file)?);
            styles.push(file);
        }
    }
    report_skipped(&collector, printer);

    let usage = |error: PairError| UsageError(error.to_string());
    let (folder, pattern) = (&arguments.output_folder, &arguments.name);
    let pairs = match arguments.mix {
        true => mixed_pairs(&contents, &styles, folder, pattern),
        false => arguments.pairs.pairs(&contents, &styles, folder, pattern),
    };
    let mixes = if arguments.mix { mixes } else { Vec::new() };
    let item = |pair| Item {
        without_recipe: arguments.no_recipe,
        without_thumbnails: arguments.no_thumbnails,
        ..Item::of_batch(pair, &mixes, settings.clone())
    };
    Ok(pairs.map_err(usage)?.into_iter().map(item).collect())
}

/// The mix of a style's file; its part may be in pixels of the picture.
fn mix_of(style: &StyleArg, file: &SourceFile) -> anyhow::Result<StyleMix> {
    Ok(match style.part {
        None => style.mix,
        Some(_) => style.source(Arc::new(Picture::open(&file.path)?))?.mix,
    })
}

fn check_styles(arguments: &BatchArgs) -> Result<(), UsageError> {
    let own = arguments.style.iter().find(|style| style.has_own_settings());
    match own {
        Some(style) if !arguments.mix => Err(UsageError(format!(
            "style {}: a part, weight or scale of its own needs --mix, which paints each content in all styles together",
            style.path.display()
        ))),
        _ => checks::styles(&arguments.style),
    }
}

fn collect(collector: &mut Collector, path: &Path) -> anyhow::Result<Vec<SourceFile>> {
    collector.collect(path).map_err(|error| match error {
        CollectError::Empty(_) if collector.folders.iter().any(|folder| folder.starts_with(path)) => {
            anyhow::anyhow!("{error}; add --recursive to take those in the folders below")
        }
        error => error.into(),
    })
}

/// Print one line about what was left out, and a warning about folders that cannot be read.
fn report_skipped(collector: &Collector, printer: &Printer) {
    let Collector { other_files, folders, unreadable, .. } = collector;
    let names = |paths: &BTreeSet<PathBuf>| {
        text::list(paths.iter().map(|path| path.file_name().unwrap_or_default().to_string_lossy()))
    };
    let mut skipped = Vec::new();
    if !other_files.is_empty() {
        skipped.push(format!(
            "{} that cannot be painted from ({})",
            counted(other_files, "file"),
            names(other_files)
        ));
    }
    if !folders.is_empty() {
        let names = names(folders);
        skipped.push(format!(
            "{} ({names}; add --recursive to take their pictures)",
            counted(folders, "folder")
        ));
    }
    if !skipped.is_empty() {
        printer.info(&format!("skipped: {}", skipped.join(", ")));
    }
    if !unreadable.is_empty() {
        let paths: Vec<_> = unreadable.iter().map(|path| text::path(path)).collect();
        printer.warn(&format!(
            "impasto: warning: {} cannot be read: {}",
            counted(unreadable, "folder"),
            paths.join(", ")
        ));
    }
}

/// "1 file", "3 files".
fn counted(paths: &BTreeSet<PathBuf>, what: &str) -> String {
    format!("{} {what}{}", paths.len(), if paths.len() == 1 { "" } else { "s" })
}
