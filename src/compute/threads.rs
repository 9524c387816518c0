//! The CPU engine's threads, kept from starving the window.

use std::sync::Once;

/// Starts the CPU engine's thread pool with one thread per core, at a lower priority than the rest of the program:
/// the engine then uses all that the window leaves, and the window gets a core whenever it needs one.
///
/// Does nothing after the first call.
pub fn leave_room_for_the_window() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let built = rayon::ThreadPoolBuilder::new()
            .thread_name(|index| format!("impasto-cpu-{index}"))
            .start_handler(|_| lower_priority())
            .build_global();
        if let Err(error) = built {
            tracing::warn!("the CPU engine runs at normal priority: {error}");
        }
    });
}

#[cfg(target_os = "linux")]
fn lower_priority() {
    // On Linux a nice value belongs to the thread, and 0 names the calling one.
    // SAFETY: setpriority takes plain integers and touches no memory of ours.
    let result = unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, 10) };
    if result != 0 {
        tracing::debug!("setpriority: {}", std::io::Error::last_os_error());
    }
}

#[cfg(not(target_os = "linux"))]
fn lower_priority() {
    use thread_priority::{ThreadPriority, ThreadPriorityValue};
    let low = ThreadPriorityValue::try_from(30u8).map(ThreadPriority::Crossplatform);
    if let Ok(priority) = low
        && let Err(error) = thread_priority::set_current_thread_priority(priority)
    {
        tracing::debug!("thread priority: {error:?}");
    }
}
