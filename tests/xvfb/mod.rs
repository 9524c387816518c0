//! What the tests of the real window on a virtual display share.

use std::process::{Child, Command, Stdio};

/// A process that ends with the test.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub fn quiet(program: &str) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Whether a program is on the path.
pub fn is_there(program: &str) -> bool {
    quiet("sh").args(["-c", &format!("command -v {program}")]).status().is_ok_and(|status| status.success())
}
