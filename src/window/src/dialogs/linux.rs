//! Dialogs on Linux: those of the desktop portal where it offers some, else zenity's.

use std::{
    ffi::OsString,
    os::unix::ffi::OsStringExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use super::{Answer, Ask, Mode, Parent, shown, tell_apart};

/// A dialog that ends within this time, with nothing picked, could not be shown. It takes some of it to
/// appear, and a file too many is better than a picture that is lost.
const SOONER: Duration = Duration::from_secs(1);

/// How long the portal may take to start.
const PORTAL: Duration = Duration::from_secs(5);

/// What zenity is told to end with when it is cancelled: without that it ends as GTK does where there is no
/// display, with 1.
const CANCELLED: i32 = 42;

pub async fn show(ask: Ask, parent: Option<Parent>) -> Answer {
    let connection = async {
        let builder = zbus::connection::Builder::session()?;
        builder.method_timeout(PORTAL).build().await
    };
    let offers = match connection.await {
        Ok(connection) => offers_files(&connection).await,
        Err(error) => {
            tracing::info!("no session bus: {error}");
            false
        }
    };
    if offers {
        return tell_apart(shown(&ask, parent), SOONER).await;
    }
    zenity(Command::new("zenity"), &ask, parent.and_then(Parent::x11))
}

/// Whether the desktop portal has file dialogs: it offers the interface only if the desktop brings one.
async fn offers_files(connection: &zbus::Connection) -> bool {
    let version = connection
        .call_method(
            Some("org.freedesktop.portal.Desktop"),
            "/org/freedesktop/portal/desktop",
            Some("org.freedesktop.DBus.Properties"),
            "Get",
            &("org.freedesktop.portal.FileChooser", "version"),
        )
        .await;
    if let Err(error) = &version {
        tracing::info!("the desktop portal has no file dialogs: {error}");
    }
    version.is_ok()
}

/// Ask by zenity, which is what `command` starts, and wait for its end. Its dialog belongs to the window with
/// this number under X11.
fn zenity(mut command: Command, ask: &Ask, window: Option<u64>) -> Answer {
    command.args(["--file-selection", "--title", &ask.title]);
    match ask.mode {
        Mode::Open => {}
        Mode::OpenSeveral => {
            command.args(["--multiple", "--separator", "\n"]);
        }
        Mode::Folder => {
            command.arg("--directory");
        }
        Mode::Save => {
            command.args(["--save", "--confirm-overwrite"]);
        }
    }
    // A folder alone gets the slash at its end by which zenity knows it for one.
    let begin = ask.folder.as_deref().unwrap_or(Path::new("")).join(&ask.name);
    if !begin.as_os_str().is_empty() {
        command.arg("--filename").arg(begin);
    }
    for filter in &ask.filters {
        let patterns: Vec<String> = ask.endings(filter).iter().map(|ending| format!("*.{ending}")).collect();
        let patterns = if patterns.is_empty() { "*".to_owned() } else { patterns.join(" ") };
        command.arg("--file-filter").arg(format!("{} | {patterns}", filter.name));
    }
    for way in ["ZENITY_CANCEL", "ZENITY_ESC"] {
        command.env(way, CANCELLED.to_string());
    }
    if let Some(window) = window {
        // Not by an option: that differs between zenity's versions, and one that is not known ends it.
        command.env("WINDOWID", window.to_string());
    }
    let asked = Instant::now();
    let output = match command.stdin(Stdio::null()).output() {
        Ok(output) => output,
        Err(error) => {
            tracing::info!("no zenity: {error}");
            return Answer::Unavailable;
        }
    };
    let lines = output.stdout.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    let paths: Vec<PathBuf> = lines.map(|line| OsString::from_vec(line.to_vec()).into()).collect();
    match output.status.code() {
        Some(0) if !paths.is_empty() => Answer::Picked(paths),
        Some(CANCELLED) => Answer::Cancelled,
        // Programs that stand in for zenity end with 1 when they are cancelled.
        Some(0 | 1) if asked.elapsed() >= SOONER && !lacks_display(&output.stderr) => Answer::Cancelled,
        _ => Answer::Unavailable,
    }
}

/// Whether GTK says that it cannot show anything, which may take it some time over a network.
fn lacks_display(said: &[u8]) -> bool {
    String::from_utf8_lossy(said).contains("open display")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_bus::Bus;

    /// Zenity as a script.
    fn played(script: &str, ask: &Ask) -> Answer {
        let mut command = Command::new("sh");
        command.args(["-c", script, "zenity"]);
        zenity(command, ask, Some(0x0160_0004))
    }

    #[test]
    fn a_dialog_that_fails_is_told_from_one_that_is_cancelled() {
        let ask = Ask::save_picture("a.png");
        assert_eq!(zenity(Command::new("/nowhere/zenity"), &ask, None), Answer::Unavailable);
        for fails in [
            "sleep 0.4; exit 1",
            "exit 255",
            "sleep 1.1; exit 255",
            "sleep 1.1; echo 'Gtk-WARNING **: cannot open display: ' >&2; exit 1",
            "kill -9 $$",
        ] {
            assert_eq!(played(fails, &ask), Answer::Unavailable, "{fails}");
        }
        for cancels in ["exit $ZENITY_CANCEL", "sleep 0.2; exit $ZENITY_ESC", "sleep 1.1; exit 1"] {
            assert_eq!(played(cancels, &ask), Answer::Cancelled, "{cancels}");
        }
    }

    #[test]
    fn it_is_told_where_to_begin_and_what_to_list() {
        let arguments = |ask: &Ask| -> Vec<String> {
            match played(r#"printf '%s\n' "$@""#, ask) {
                Answer::Picked(paths) => paths.iter().map(|path| path.display().to_string()).collect(),
                other => panic!("{other:?}"),
            }
        };
        let has = |all: &[String], pair: [&str; 2]| all.windows(2).any(|two| two == pair);
        let save = Ask { folder: Some("/a b".into()), ..Ask::save_picture("c d.png") };
        let all = arguments(&save);
        assert!(has(&all, ["--save", "--confirm-overwrite"]), "{all:?}");
        assert!(has(&all, ["--filename", "/a b/c d.png"]), "{all:?}");
        assert!(has(&all, ["--file-filter", "TIFF | *.tif *.TIF *.tiff *.TIFF"]), "{all:?}");
        let open = Ask { folder: Some("/a b".into()), ..Ask::open_project() };
        let all = arguments(&open);
        assert!(has(&all, ["--filename", "/a b/"]), "{all:?}");
        assert!(has(&all, ["--file-filter", "All files | *"]), "{all:?}");
    }

    #[test]
    fn its_dialog_belongs_to_the_window() {
        let ask = Ask::open_project();
        assert_eq!(played(r#"echo "/$WINDOWID""#, &ask), Answer::Picked(vec!["/23068676".into()]));
    }

    #[test]
    fn several_names_come_back_whatever_is_in_them() {
        let ask = Ask::open_pictures("Open", true);
        let picked = vec![PathBuf::from("/a|b.png"), PathBuf::from("/ c.png ")];
        assert_eq!(played(r"printf '/a|b.png\n/ c.png \n'", &ask), Answer::Picked(picked));
    }

    struct Chooser;

    #[zbus::interface(name = "org.freedesktop.portal.FileChooser")]
    impl Chooser {
        #[zbus(property, name = "version")]
        fn version(&self) -> u32 {
            4
        }
    }

    struct Settings;

    #[zbus::interface(name = "org.freedesktop.portal.Settings")]
    impl Settings {
        #[zbus(property, name = "version")]
        fn version(&self) -> u32 {
            2
        }
    }

    #[test]
    fn a_portal_without_file_dialogs_is_none() {
        let Some(bus) = Bus::start() else { return };
        let asks =
            || pollster::block_on(async { offers_files(&bus.connection().build().await.unwrap()).await });
        assert!(!asks(), "nobody is there");
        let path = "/org/freedesktop/portal/desktop";
        let portal = || bus.connection().name("org.freedesktop.portal.Desktop").unwrap();
        let without = pollster::block_on(portal().serve_at(path, Settings).unwrap().build()).unwrap();
        assert!(!asks(), "the desktop brings none");
        pollster::block_on(without.close()).unwrap();
        let _with = pollster::block_on(portal().serve_at(path, Chooser).unwrap().build()).unwrap();
        assert!(asks());
    }
}
