//! The screen stays awake while it is looked at.
//!
//! It is ours because the crate for it knows one way on Linux, no portal, and panics where the bus has gone.

use std::{
    process::{Child, Command, Stdio},
    sync::mpsc::{Sender, channel},
    sync::{Mutex, PoisonError},
    thread,
};

use super::ImpastoApp;
use impasto_engine::session::RunState;

/// Keeps the screen from going dark. Called on the window's thread; never waits.
pub trait KeepAwake: Send + Sync {
    /// From now on the screen is kept awake, or no longer.
    fn set(&self, on: bool);
}

/// By the system's own means: on Linux the screen saver's service or the desktop portal, else
/// `systemd-inhibit`; on macOS `caffeinate`; on Windows the execution state of a thread.
#[derive(Default)]
pub struct SystemAwake(Mutex<Option<Sender<bool>>>);

impl KeepAwake for SystemAwake {
    fn set(&self, on: bool) {
        let mut thread = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.is_none() && on {
            let (orders, inbox) = channel();
            let spawned = thread::Builder::new().name("impasto-awake".into()).spawn(move || {
                // Asking takes as long as the service that answers; what is asked for ends with the thread.
                let mut held = None;
                while let Ok(mut on) = inbox.recv() {
                    // Only the latest request counts.
                    while let Ok(later) = inbox.try_recv() {
                        on = later;
                    }
                    match (on, held.is_some()) {
                        (true, false) => held = Held::new(),
                        (false, _) => held = None,
                        (true, true) => {}
                    }
                }
            });
            match spawned {
                Ok(_) => *thread = Some(orders),
                Err(error) => tracing::warn!("the screen cannot be kept awake: {error}"),
            }
        }
        if let Some(orders) = &*thread {
            // A thread that has ended keeps nothing awake.
            let _ = orders.send(on);
        }
    }
}

impl ImpastoApp {
    /// Keep the screen awake while the painting is presented, and optionally while it is painted.
    pub(super) fn keep_awake(&mut self) {
        let paints = matches!(self.run.state, RunState::Preparing | RunState::Running);
        let wanted =
            self.view.fullscreen.on || self.view.output_window.open || (self.view.layout.awake && paints);
        if std::mem::replace(&mut self.desktop.is_awake, wanted) != wanted {
            self.desktop.awake.set(wanted);
        }
    }

    pub(super) fn toggle_awake(&mut self) {
        self.view.layout.awake = !self.view.layout.awake;
        self.messages.toasts.add(match self.view.layout.awake {
            true => "The screen stays awake while something is painted.",
            false => "The screen stays awake on the full screen and with the second window only.",
        });
    }
}

/// What keeps the screen awake until it is dropped.
enum Held {
    #[cfg(target_os = "linux")]
    /// The service lets go when the connection ends.
    Bus(zbus::Connection),
    Child(Child),
    #[cfg(windows)]
    Thread,
}

impl Held {
    fn new() -> Option<Self> {
        #[cfg(target_os = "linux")]
        match pollster::block_on(async { bus::inhibit(zbus::Connection::session().await?).await }) {
            Ok(connection) => return Some(Self::Bus(connection)),
            Err(error) => tracing::info!("no screen saver's service: {error}"),
        }
        #[cfg(windows)]
        {
            use windows_sys::Win32::System::Power::{
                ES_CONTINUOUS, ES_DISPLAY_REQUIRED, ES_SYSTEM_REQUIRED, SetThreadExecutionState,
            };
            // SAFETY: the call takes flags and touches no memory of ours.
            let before =
                unsafe { SetThreadExecutionState(ES_CONTINUOUS | ES_DISPLAY_REQUIRED | ES_SYSTEM_REQUIRED) };
            return (before != 0).then_some(Self::Thread);
        }
        #[cfg(not(windows))]
        {
            let own = std::process::id().to_string();
            let (program, arguments): (&str, &[&str]) = if cfg!(target_os = "macos") {
                // It ends with this program, however that ends.
                ("caffeinate", &["-d", "-i", "-w", &own])
            } else {
                // The pipe closes with this program, and `cat` ends with the pipe.
                ("systemd-inhibit", &["--what=idle", "--who=Impasto", "--why=A painting is shown", "cat"])
            };
            let child = Command::new(program)
                .args(arguments)
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn();
            match child {
                Ok(child) => Some(Self::Child(child)),
                Err(error) => {
                    tracing::warn!("the screen cannot be kept awake: {program}: {error}");
                    None
                }
            }
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        match self {
            #[cfg(target_os = "linux")]
            Self::Bus(connection) => {
                let _ = pollster::block_on(connection.clone().close());
            }
            Self::Child(child) => {
                let _ = child.kill();
                let _ = child.wait();
            }
            #[cfg(windows)]
            Self::Thread => {
                use windows_sys::Win32::System::Power::{ES_CONTINUOUS, SetThreadExecutionState};
                // SAFETY: as above; this is the thread that asked.
                unsafe { SetThreadExecutionState(ES_CONTINUOUS) };
            }
        }
    }
}

#[cfg(target_os = "linux")]
mod bus {
    //! The desktop's services. Both let go when the connection that asked ends.

    use std::collections::HashMap;

    use zbus::{Connection, zvariant::Value};

    const WHY: &str = "A painting is shown";
    /// Of the portal's flags, the one for an idle session.
    const IDLE: u32 = 8;

    /// Ask the screen saver, or else the portal.
    pub async fn inhibit(connection: Connection) -> zbus::Result<Connection> {
        let service = "org.freedesktop.ScreenSaver";
        let asked = connection
            .call_method(
                Some(service),
                "/org/freedesktop/ScreenSaver",
                Some(service),
                "Inhibit",
                &("Impasto", WHY),
            )
            .await;
        if asked.is_err() {
            let options: HashMap<&str, Value<'_>> = HashMap::from([("reason", Value::from(WHY))]);
            connection
                .call_method(
                    Some("org.freedesktop.portal.Desktop"),
                    "/org/freedesktop/portal/desktop",
                    Some("org.freedesktop.portal.Inhibit"),
                    "Inhibit",
                    &("", IDLE, options),
                )
                .await?;
        }
        Ok(connection)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::{
        sync::Arc,
        time::{Duration, Instant},
    };

    use super::*;
    use crate::test_bus::Bus;

    /// A screen saver that remembers who asked.
    struct Saver(Arc<Mutex<Vec<(String, String)>>>);

    #[zbus::interface(name = "org.freedesktop.ScreenSaver")]
    impl Saver {
        fn inhibit(
            &self,
            who: String,
            _why: String,
            #[zbus(header)] header: zbus::message::Header<'_>,
        ) -> u32 {
            let sender = header.sender().map(ToString::to_string).unwrap_or_default();
            self.0.lock().unwrap().push((who, sender));
            7
        }
    }

    #[test]
    fn the_screen_savers_service_is_asked_and_let_go() {
        let Some(bus) = Bus::start() else { return };
        let connect = || bus.connection().build();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let serve = async {
            bus.connection()
                .name("org.freedesktop.ScreenSaver")?
                .serve_at("/org/freedesktop/ScreenSaver", Saver(Arc::clone(&asked)))?
                .build()
                .await
        };
        let service = pollster::block_on(serve).unwrap();
        let held = pollster::block_on(async { bus::inhibit(connect().await?).await }).unwrap();
        let (who, sender) = asked.lock().unwrap().first().cloned().expect("it was asked");
        assert_eq!(who, "Impasto");
        let there = || {
            let owner = zbus::fdo::DBusProxy::new(&service);
            let name = zbus::names::BusName::try_from(sender.clone()).unwrap();
            pollster::block_on(async { owner.await?.name_has_owner(name).await }).unwrap()
        };
        assert!(there());
        drop(Held::Bus(held));
        let deadline = Instant::now() + Duration::from_secs(5);
        while there() {
            assert!(Instant::now() < deadline, "the connection stays, and so does the light");
            thread::sleep(Duration::from_millis(10));
        }
        // If neither service is offered, that is an error and not a wait.
        pollster::block_on(service.close()).unwrap();
        assert!(pollster::block_on(async { bus::inhibit(connect().await?).await }).is_err());
    }
}
