//! Notifications of the desktop, for a person who is at another window.

/// Shows notifications of the desktop. Called on the window's thread; never waits.
pub trait Notifier: Send + Sync {
    /// Show a text in the place of the one before.
    fn notify(&self, text: String);
}

/// By the notification service on Linux; elsewhere nothing is shown.
#[derive(Default)]
pub struct SystemNotifier {
    #[cfg(target_os = "linux")]
    thread: bus::Thread,
}

impl Notifier for SystemNotifier {
    #[cfg(target_os = "linux")]
    fn notify(&self, text: String) {
        self.thread.show(text);
    }

    #[cfg(not(target_os = "linux"))]
    fn notify(&self, _: String) {}
}

#[cfg(target_os = "linux")]
mod bus {
    //! The desktop's service. Some take a notification away when the connection that asked for it ends.

    use std::{
        collections::HashMap,
        sync::mpsc::{Receiver, Sender, channel},
        sync::{Mutex, PoisonError},
        thread,
    };

    use impasto_assets::APP_ID;
    use zbus::{Connection, zvariant::Value};

    /// The thread that asks the service, once there is something to show.
    #[derive(Default)]
    pub struct Thread(Mutex<Option<Sender<String>>>);

    impl Thread {
        pub fn show(&self, text: String) {
            let mut thread = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if thread.is_none() {
                let (orders, inbox) = channel();
                let work = move || match pollster::block_on(Connection::session()) {
                    Ok(connection) => pollster::block_on(show_all(&connection, &inbox)),
                    Err(error) => tracing::info!("no notification service: {error}"),
                };
                match thread::Builder::new().name("impasto-notify".into()).spawn(work) {
                    Ok(_) => *thread = Some(orders),
                    Err(error) => tracing::warn!("the desktop cannot be told anything: {error}"),
                }
            }
            if let Some(orders) = &*thread {
                // Without a service nothing is shown.
                let _ = orders.send(text);
            }
        }
    }

    /// Show texts until the sender is gone. One that cannot be shown does not end it: the service may be
    /// starting, or busy.
    pub async fn show_all(connection: &Connection, texts: &Receiver<String>) {
        let mut shown = 0;
        while let Ok(text) = texts.recv() {
            shown = show(connection, shown, &text).await.unwrap_or_else(|error| {
                tracing::info!("a notification cannot be shown: {error}");
                0
            });
        }
    }

    /// Show a text instead of the notification `replaced`, 0 for none, and return the new one's number.
    pub async fn show(connection: &Connection, replaced: u32, text: &str) -> zbus::Result<u32> {
        let service = "org.freedesktop.Notifications";
        let (actions, hints) = (Vec::<&str>::new(), HashMap::from([("desktop-entry", Value::from(APP_ID))]));
        let (icon, body, usual_time) = ("", "", -1);
        // The summary is plain text; bodies may be markup.
        let arguments = ("Impasto", replaced, icon, text, body, actions, hints, usual_time);
        let path = "/org/freedesktop/Notifications";
        let answer = connection.call_method(Some(service), path, Some(service), "Notify", &arguments).await?;
        answer.body().deserialize()
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::{
        collections::HashMap,
        sync::{Arc, Mutex},
    };

    use zbus::zvariant::OwnedValue;

    use super::*;
    use crate::test_bus::Bus;

    /// A service that remembers what it was to show, and in the place of what. It refuses "busy".
    struct Desktop(Arc<Mutex<Vec<(u32, String)>>>);

    #[zbus::interface(name = "org.freedesktop.Notifications")]
    impl Desktop {
        #[allow(clippy::too_many_arguments, reason = "the desktop's interface")]
        fn notify(
            &self,
            _app: String,
            replaced: u32,
            _icon: String,
            summary: String,
            _body: String,
            _actions: Vec<String>,
            _hints: HashMap<String, OwnedValue>,
            _time: i32,
        ) -> zbus::fdo::Result<u32> {
            if summary == "busy" {
                return Err(zbus::fdo::Error::LimitsExceeded("too many".into()));
            }
            let mut shown = self.0.lock().unwrap();
            shown.push((replaced, summary));
            Ok(40 + shown.len() as u32)
        }
    }

    type Shown = Arc<Mutex<Vec<(u32, String)>>>;

    fn desktop(bus: &Bus) -> (zbus::Connection, Shown) {
        let shown = Shown::default();
        let service = bus
            .connection()
            .name("org.freedesktop.Notifications")
            .unwrap()
            .serve_at("/org/freedesktop/Notifications", Desktop(Arc::clone(&shown)))
            .unwrap();
        (pollster::block_on(service.build()).unwrap(), shown)
    }

    #[test]
    fn each_notification_takes_the_place_of_the_one_before() {
        let Some(bus) = Bus::start() else { return };
        let client = pollster::block_on(bus.connection().build()).unwrap();
        let show = |replaced, text| pollster::block_on(bus::show(&client, replaced, text));
        assert!(show(0, "nobody is there").is_err());
        let (_service, shown) = desktop(&bus);
        let first = show(0, "a <b> & c").unwrap();
        show(first, "d").unwrap();
        assert_eq!(*shown.lock().unwrap(), [(0, "a <b> & c".to_owned()), (41, "d".to_owned())]);
    }

    #[test]
    fn a_notification_that_fails_is_not_the_last() {
        let Some(bus) = Bus::start() else { return };
        let client = pollster::block_on(bus.connection().build()).unwrap();
        let (_service, shown) = desktop(&bus);
        let (orders, inbox) = std::sync::mpsc::channel();
        for text in ["busy", "a", "b", "busy", "c"] {
            orders.send(text.to_owned()).unwrap();
        }
        drop(orders);
        pollster::block_on(bus::show_all(&client, &inbox));
        let wanted = [(0, "a"), (41, "b"), (0, "c")].map(|(replaced, text)| (replaced, text.to_owned()));
        assert_eq!(*shown.lock().unwrap(), wanted);
    }
}
