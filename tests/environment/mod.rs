//! Starts the program apart from the machine that it is tested on: that machine's settings, caches, pictures,
//! language, session bus, dialogs and other programs are not found.

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::{
    env,
    path::Path,
    process::{Child, Command, Stdio},
};

/// All that the program is told of the machine: where libraries, drivers and temporary files are, how many
/// threads it may use, and what Windows cannot do without.
const KEPT: [&str; 10] = [
    "LD_LIBRARY_PATH",
    "LLVM_PROFILE_FILE",
    "RAYON_NUM_THREADS",
    "RUST_BACKTRACE",
    "SystemRoot",
    "TEMP",
    "TMP",
    "TMPDIR",
    "VK_DRIVER_FILES",
    "VK_ICD_FILENAMES",
];

/// The program without a display, with a home that the tests share: a command writes at most measurements
/// there.
pub fn impasto() -> Command {
    impasto_in(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("home"))
}

/// The program without a display, with this folder as its home. Other programs are found in the home's `bin`
/// alone, and settings are remembered in its `config`.
pub fn impasto_in(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_impasto"));
    command.env_clear();
    command.envs(KEPT.into_iter().filter_map(|name| Some((name, env::var_os(name)?))));
    command
        .env("HOME", home)
        .env("PATH", home.join("bin"))
        .env("LC_ALL", "C.UTF-8")
        .env("XDG_RUNTIME_DIR", home)
        .env("IMPASTO_CONFIG_DIR", home.join("config"))
        // There is none. Without an address libdbus would ask the display for one, or start a bus that
        // outlives the test.
        .env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}", home.join("no-bus").display()));
    end_with_the_test(&mut command);
    command
}

/// What a command starts is killed if the test is, however that ends.
fn end_with_the_test(command: &mut Command) {
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::process::CommandExt as _;

        // SAFETY: prctl is safe to call between fork and exec, and touches no memory of ours.
        unsafe {
            command.pre_exec(|| match libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) {
                0 => Ok(()),
                _ => Err(std::io::Error::last_os_error()),
            });
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = command;
}

/// A tool of the machine's own, with nothing to read and nowhere to write.
pub fn quiet(program: &str) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// A process that ends with the test, and so does all that it has started.
pub struct Running(Child);

impl Running {
    /// # Panics
    ///
    /// When it cannot be started.
    pub fn start(mut command: Command) -> Self {
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        end_with_the_test(&mut command);
        Self(command.spawn().unwrap())
    }

    /// The other end of a pipe for its output.
    pub fn output(&mut self) -> Option<std::process::ChildStdout> {
        self.0.stdout.take()
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.0.try_wait(), Ok(None))
    }

    /// Asks it to end.
    #[cfg(unix)]
    pub fn terminate(&mut self) {
        if !self.has_ended() {
            // SAFETY: a signal to a child that has not been waited for, so the number is still its own.
            unsafe {
                libc::kill(self.0.id() as libc::pid_t, libc::SIGTERM);
            }
        }
    }

    /// Ends it at once, in the middle of whatever it does.
    pub fn kill(&mut self) {
        if self.has_ended() {
            return;
        }
        #[cfg(unix)]
        // SAFETY: a signal to the group of a child that has not been waited for, so the number is still its
        // own.
        unsafe {
            libc::kill(-(self.0.id() as libc::pid_t), libc::SIGKILL);
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}
