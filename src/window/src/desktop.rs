//! The desktop around the window: its file dialogs, screen saver and notifications.

use std::sync::Arc;

use super::{KeepAwake, Notifier, dialogs::Dialogs};

pub struct Desktop {
    pub dialogs: Arc<dyn Dialogs>,
    pub awake: Arc<dyn KeepAwake>,
    /// What `awake` was sent last.
    pub is_awake: bool,
    pub notifier: Arc<dyn Notifier>,
}
