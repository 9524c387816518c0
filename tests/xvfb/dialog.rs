//! A file dialog that a test answers.

use std::{
    env, fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use super::Screen;

/// It notes what it is asked, stays open until it is answered as a real one does, and ends with the program.
/// How it ends says whether it was cancelled, as with a real one.
const SCRIPT: &str = r#"#!/bin/sh
cd "${0%/*}" || exit 1
PATH={PATH}
printf '%s\n' "$@" > asking && mv asking asked
until [ -e answer ]; do
  kill -0 "$PPID" 2>/dev/null || exit 1
  sleep 0.1
done
mv answer answered
rm asked
[ -s answered ] || exit "${ZENITY_CANCEL:-1}"
cat answered
"#;

/// It tries for a while, and finds no display.
const BROKEN: &str = "#!/bin/sh\nPATH={PATH}\nsleep 0.4\nexit 1\n";

/// A `zenity` in the home of the programs on a display.
pub struct Dialog<'a> {
    screen: &'a Screen,
    folder: PathBuf,
}

impl<'a> Dialog<'a> {
    /// From now on the programs on this display find a dialog.
    pub fn bring(screen: &'a Screen) -> Self {
        Self::install(screen, SCRIPT)
    }

    /// From now on the programs on this display find one that cannot be shown, and needs some time to know.
    pub fn bring_broken(screen: &'a Screen) {
        Self::install(screen, BROKEN);
    }

    fn install(screen: &'a Screen, script: &str) -> Self {
        let folder = screen.home.path().join("bin");
        fs::create_dir_all(&folder).unwrap();
        // The programs that the script itself calls.
        let path = env::var("PATH").unwrap();
        let script = script.replace("{PATH}", &format!("'{}'", path.replace('\'', r"'\''")));
        let program = folder.join("zenity");
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        Self { screen, folder }
    }

    /// The arguments of the dialog that is open; nothing if none is.
    pub fn asked(&self) -> Option<Vec<String>> {
        let text = fs::read_to_string(self.folder.join("asked")).ok()?;
        Some(text.lines().map(ToOwned::to_owned).collect())
    }

    /// Answers the open dialog with a path, or cancels it, and waits until it has closed.
    pub fn answer(&self, path: Option<&Path>) {
        let text = path.map_or_else(String::new, |path| format!("{}\n", path.display()));
        fs::write(self.folder.join("answering"), text).unwrap();
        fs::rename(self.folder.join("answering"), self.folder.join("answer")).unwrap();
        self.screen.until("the dialog to close", || self.asked().is_none().then_some(()));
    }
}
