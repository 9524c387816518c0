//! Thread priorities of the CPU engine, so that it doesn't starve the window.

use std::sync::Once;

/// Niceness of the engine and of background jobs: 0 is the default, 19 the lowest priority.
#[cfg(target_os = "linux")]
const LIVE: i32 = 10;
#[cfg(target_os = "linux")]
const BEHIND: i32 = 19;
/// On other systems: 0 is the lowest priority and 99 the highest.
#[cfg(not(target_os = "linux"))]
const LIVE: u8 = 30;
#[cfg(not(target_os = "linux"))]
const BEHIND: u8 = 10;

/// Start the CPU engine's thread pool with one thread per core, at a lower priority than the rest of the
/// program, so that the window gets a core whenever it needs one.
///
/// Does nothing after the first call.
pub fn lower_engine_priority() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let built = rayon::ThreadPoolBuilder::new()
            .thread_name(|index| format!("impasto-cpu-{index}"))
            .start_handler(|_| lower_priority(LIVE))
            .build_global();
        if let Err(error) = built {
            tracing::warn!("the CPU engine runs at normal priority: {error}");
        }
    });
}

/// Run background work on a separate pool with one thread per core at the lowest priority, below the window
/// and its engine.
pub fn run_at_lowest_priority<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    let built = rayon::ThreadPoolBuilder::new()
        .thread_name(|index| format!("impasto-behind-{index}"))
        .start_handler(|_| lower_priority(BEHIND))
        .build();
    match built {
        Ok(pool) => pool.install(work),
        Err(error) => {
            tracing::warn!("what is painted behind the window shares its engine's threads: {error}");
            work()
        }
    }
}

#[cfg(target_os = "linux")]
fn lower_priority(nice: i32) {
    // On Linux a nice value belongs to the thread, and 0 names the calling one.
    // SAFETY: setpriority takes plain integers and touches no memory of ours.
    let result = unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, nice) };
    if result != 0 {
        tracing::debug!("setpriority: {}", std::io::Error::last_os_error());
    }
}

#[cfg(not(target_os = "linux"))]
fn lower_priority(value: u8) {
    use thread_priority::{ThreadPriority, ThreadPriorityValue};
    let low = ThreadPriorityValue::try_from(value).map(ThreadPriority::Crossplatform);
    if let Ok(priority) = low
        && let Err(error) = thread_priority::set_current_thread_priority(priority)
    {
        tracing::debug!("thread priority: {error:?}");
    }
}
