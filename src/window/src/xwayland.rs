//! Starting through XWayland: winit takes no dropped files under Wayland, and takes them under X11.

use std::{env, path::Path};

use raw_window_handle::{HasDisplayHandle, RawDisplayHandle};

use super::{ImpastoApp, persistence};

/// Whether the window is one of a Wayland session, also through XWayland.
fn is_wayland() -> bool {
    cfg!(target_os = "linux")
        && ["WAYLAND_DISPLAY", "WAYLAND_SOCKET"]
            .iter()
            .any(|name| env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// How the window's event loop is made, if not in the usual way: through XWayland if the settings in this
/// folder say so, and if there is one.
#[cfg(target_os = "linux")]
pub fn event_loop(folder: Option<&Path>) -> Option<eframe::EventLoopBuilderHook> {
    use winit::platform::x11::EventLoopBuilderExtX11 as _;

    let wanted = is_wayland() && folder.is_some_and(persistence::starts_through_xwayland);
    let server = || env::var("DISPLAY").ok().and_then(|display| socket(&display));
    if !wanted || !server().is_some_and(|socket| answers(&socket)) {
        return None;
    }
    Some(Box::new(|builder| {
        builder.with_x11();
    }))
}

#[cfg(not(target_os = "linux"))]
pub fn event_loop(_: Option<&Path>) -> Option<eframe::EventLoopBuilderHook> {
    None
}

/// The socket of a display of this machine.
#[cfg(target_os = "linux")]
fn socket(display: &str) -> Option<std::path::PathBuf> {
    let number = display.strip_prefix(':')?.split('.').next()?;
    let number: u32 = number.parse().ok()?;
    Some(Path::new("/tmp/.X11-unix").join(format!("X{number}")))
}

/// Whether a server listens there. Without it no window could be opened.
#[cfg(target_os = "linux")]
fn answers(socket: &Path) -> bool {
    std::os::unix::net::UnixStream::connect(socket).is_ok()
}

/// Whether nothing can be dropped on a window of this display.
pub fn is_without_drops(window: &impl HasDisplayHandle) -> bool {
    window.display_handle().is_ok_and(|display| matches!(display.as_raw(), RawDisplayHandle::Wayland(_)))
}

impl ImpastoApp {
    /// Speak of no drops, as none arrive.
    pub fn without_drops(&mut self) {
        self.view.without_drops = true;
    }

    pub(super) fn toggle_xwayland(&mut self) {
        if !is_wayland() {
            return self
                .messages
                .toasts
                .add("This is no Wayland session: files can be dropped on the window.");
        }
        self.view.layout.xwayland = !self.view.layout.xwayland;
        self.messages.toasts.add(match self.view.layout.xwayland {
            true => "From the next start on the window runs through XWayland, if there is one, and files can be dropped on it.",
            false => "From the next start on the window is one of Wayland's again, on which nothing can be dropped.",
        });
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn only_a_server_of_this_machine_that_answers_is_used() {
        assert_eq!(socket(":7.0"), Some("/tmp/.X11-unix/X7".into()));
        assert_eq!(socket(":12"), Some("/tmp/.X11-unix/X12".into()));
        for display in ["elsewhere:0", "", ":", ":x"] {
            assert_eq!(socket(display), None, "{display}");
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("X0");
        assert!(!answers(&path));
        let _server = std::os::unix::net::UnixListener::bind(&path).unwrap();
        assert!(answers(&path));
    }
}
