//! Whether things move on the screen that need not: fades, smooth scrolling, a caret that blinks. As the
//! desktop asks for it, unless it was chosen here. The painting itself always moves.

use egui::Context;

use super::{ImpastoApp, theme};

impl ImpastoApp {
    /// Whether as little as possible moves.
    pub(super) fn has_less_motion(&self) -> bool {
        self.view.layout.less_motion.unwrap_or(self.view.desktop_less_motion)
    }

    pub(super) fn toggle_motion(&mut self, ctx: &Context) {
        let less = !self.has_less_motion();
        self.view.layout.less_motion = Some(less);
        self.apply_motion(ctx);
        self.messages.toasts.add(match less {
            true => "Less motion: paintings change without a fade.",
            false => "Motion as usual: fades and smooth scrolling.",
        });
    }

    fn apply_motion(&mut self, ctx: &Context) {
        let less = self.has_less_motion();
        theme::set_motion(ctx, less);
        self.view.canvas.cuts = less;
    }

    /// Ask the desktop, in the background.
    pub(super) fn follow_desktop_motion(&mut self, ctx: &Context) {
        self.apply_motion(ctx);
        #[cfg(target_os = "linux")]
        self.tasks.spawn("motion", bus::less_motion, |app: &mut Self, ctx: &Context, less| {
            app.view.desktop_less_motion = less;
            app.apply_motion(ctx);
        });
    }
}

#[cfg(target_os = "linux")]
mod bus {
    //! The desktop's settings, by its portal.

    use zbus::{
        Connection,
        zvariant::{OwnedValue, Value},
    };

    const PORTAL: &str = "org.freedesktop.portal.Desktop";

    /// Whether the desktop asks for less motion; false if it does not say.
    pub fn less_motion() -> bool {
        pollster::block_on(async {
            match Connection::session().await {
                Ok(connection) => less_motion_of(&connection).await,
                Err(_) => false,
            }
        })
    }

    /// By the setting of all desktops, or else by GNOME's own.
    pub async fn less_motion_of(connection: &Connection) -> bool {
        if let Some(wish) = read(connection, "org.freedesktop.appearance", "reduced-motion").await {
            return u32::try_from(&wish).is_ok_and(|wish| wish == 1);
        }
        let animations = read(connection, "org.gnome.desktop.interface", "enable-animations").await;
        animations.is_some_and(|on| bool::try_from(&on).is_ok_and(|on| !on))
    }

    async fn read(connection: &Connection, namespace: &str, key: &str) -> Option<OwnedValue> {
        let answer = connection
            .call_method(
                Some(PORTAL),
                "/org/freedesktop/portal/desktop",
                Some("org.freedesktop.portal.Settings"),
                "ReadOne",
                &(namespace, key),
            )
            .await
            .ok()?;
        let value: OwnedValue = answer.body().deserialize().ok()?;
        // A portal may wrap it once more.
        match &*value {
            Value::Value(inner) => inner.try_to_owned().ok(),
            _ => Some(value),
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::test_bus::Bus;

    /// The settings of a desktop: of all desktops, and GNOME's own.
    struct Desktop(Option<u32>, bool);

    #[zbus::interface(name = "org.freedesktop.portal.Settings")]
    impl Desktop {
        fn read_one(&self, namespace: &str, _key: &str) -> zbus::fdo::Result<zbus::zvariant::Value<'static>> {
            match (namespace, self.0) {
                ("org.gnome.desktop.interface", _) => Ok(self.1.into()),
                (_, Some(wish)) => Ok(wish.into()),
                (_, None) => Err(zbus::fdo::Error::Failed("not found".into())),
            }
        }
    }

    #[test]
    fn the_desktop_is_asked_for_its_wish() {
        for (desktop, less) in [
            (Some(Desktop(Some(1), true)), true),
            (Some(Desktop(Some(0), false)), false),
            (Some(Desktop(None, false)), true),
            (Some(Desktop(None, true)), false),
            (None, false),
        ] {
            let Some(bus) = Bus::start() else { return };
            let serve = async {
                let mut builder = bus.connection();
                if let Some(desktop) = desktop {
                    builder = builder
                        .name("org.freedesktop.portal.Desktop")?
                        .serve_at("/org/freedesktop/portal/desktop", desktop)?;
                }
                builder.build().await
            };
            let _service = pollster::block_on(serve).unwrap();
            let asked = async { bus::less_motion_of(&bus.connection().build().await.unwrap()).await };
            assert_eq!(pollster::block_on(asked), less);
        }
    }
}
