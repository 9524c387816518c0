//! The window (STUB).
use crate::settings::Settings;
use std::path::PathBuf;
pub struct Options {
    pub content: Option<PathBuf>,
    pub styles: Vec<PathBuf>,
    pub settings: Option<Settings>,
}
pub fn run(_: Options) -> anyhow::Result<()> {
    anyhow::bail!("no window in this build")
}
