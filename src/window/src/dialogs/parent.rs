//! The window that dialogs belong to.

use raw_window_handle::{
    DisplayHandle, HandleError, HasDisplayHandle, HasWindowHandle, RawDisplayHandle, RawWindowHandle,
    WindowHandle,
};

/// A window as the system knows it.
#[derive(Clone, Copy)]
pub struct Parent {
    window: RawWindowHandle,
    display: RawDisplayHandle,
}

// SAFETY: these are names of a window, which are only handed on to the system. The window stays until the
// program ends.
unsafe impl Send for Parent {}
// SAFETY: as above.
unsafe impl Sync for Parent {}

impl Parent {
    /// The window behind some handles, if the system has one there.
    pub fn of(window: &(impl HasWindowHandle + HasDisplayHandle)) -> Option<Self> {
        let display = window.display_handle().ok()?.as_raw();
        Some(Self { window: window.window_handle().ok()?.as_raw(), display })
    }

    /// The window's number under X11.
    #[cfg(target_os = "linux")]
    pub fn x11(self) -> Option<u64> {
        match self.window {
            RawWindowHandle::Xlib(window) => Some(window.window),
            RawWindowHandle::Xcb(window) => Some(window.window.get().into()),
            _ => None,
        }
    }
}

impl HasWindowHandle for Parent {
    fn window_handle(&self) -> Result<WindowHandle<'_>, HandleError> {
        // SAFETY: the window stays until the program ends.
        Ok(unsafe { WindowHandle::borrow_raw(self.window) })
    }
}

impl HasDisplayHandle for Parent {
    fn display_handle(&self) -> Result<DisplayHandle<'_>, HandleError> {
        // SAFETY: as above.
        Ok(unsafe { DisplayHandle::borrow_raw(self.display) })
    }
}
