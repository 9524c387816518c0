//! Videos, through an installed `ffmpeg`: it reads raw pictures and writes the file.
//!
//! The program is called because bindings would bring its libraries, their licences and a C toolchain;
//! wrapper crates hide its error messages, which the user needs.

use std::{
    ffi::OsString,
    io::{Read, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    thread,
};

use image::RgbImage;

use super::{Format, TimelapseError, encoder::Encoder};

/// Find the program on the PATH.
pub fn find() -> Option<PathBuf> {
    let name = if cfg!(windows) { "ffmpeg.exe" } else { "ffmpeg" };
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file())
}

pub struct Ffmpeg {
    child: Child,
    input: Option<ChildStdin>,
    errors: Option<thread::JoinHandle<String>>,
    rate: f64,
    /// Time shown and pictures sent so far: a video has a constant rate, so a picture that stays is sent
    /// repeatedly.
    milliseconds: u64,
    sent: u64,
}

/// The arguments for a video of `width`×`height` pixels at `rate` pictures per second.
fn arguments(format: Format, path: &Path, width: u32, height: u32, rate: f64) -> Vec<OsString> {
    let codec: &[&str] = match format {
        Format::WebM => &["-c:v", "libvpx-vp9", "-crf", "24", "-b:v", "0", "-f", "webm"],
        _ => &["-c:v", "libx264", "-crf", "17", "-preset", "slow", "-movflags", "+faststart", "-f", "mp4"],
    };
    let size = format!("{width}x{height}");
    let rate = rate.to_string();
    let input = [
        "-hide_banner",
        "-loglevel",
        "error",
        "-y",
        "-f",
        "rawvideo",
        "-pixel_format",
        "rgb24",
        "-video_size",
        &size,
        "-framerate",
        &rate,
        "-i",
        "-",
        "-an",
        // Players need even sides and subsampled colours.
        "-vf",
        "pad=ceil(iw/2)*2:ceil(ih/2)*2",
        "-pix_fmt",
        "yuv420p",
    ];
    let mut arguments: Vec<OsString> = input.iter().chain(codec).map(Into::into).collect();
    arguments.push(path.into());
    arguments
}

impl Ffmpeg {
    pub fn start(
        format: Format,
        path: &Path,
        width: u32,
        height: u32,
        rate: f64,
    ) -> Result<Self, TimelapseError> {
        let program = find().ok_or(TimelapseError::NoFfmpeg { format })?;
        let mut child = Command::new(program)
            .args(arguments(format, path, width, height, rate))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| TimelapseError::Ffmpeg(error.to_string()))?;
        let input = child.stdin.take();
        // Read all the time: a full pipe would block the program.
        let errors = child.stderr.take().map(|mut pipe| {
            thread::spawn(move || {
                let mut text = Vec::new();
                // Best effort: only the error message is lost.
                let _ = pipe.read_to_end(&mut text);
                String::from_utf8_lossy(&text).into_owned()
            })
        });
        Ok(Self { child, input, errors, rate, milliseconds: 0, sent: 0 })
    }

    /// Wait for the program to end; the error is its last message.
    fn end(&mut self) -> Result<(), TimelapseError> {
        drop(self.input.take());
        let status = self.child.wait()?;
        let text = self.errors.take().and_then(|errors| errors.join().ok()).unwrap_or_default();
        if status.success() {
            return Ok(());
        }
        let line = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it gave no reason");
        Err(TimelapseError::Ffmpeg(line.trim().to_owned()))
    }
}

impl Encoder for Ffmpeg {
    fn add(&mut self, picture: &RgbImage, milliseconds: u32) -> Result<(), TimelapseError> {
        self.milliseconds += u64::from(milliseconds);
        let due = ((self.milliseconds as f64 * self.rate / 1000.0).round() as u64).max(self.sent + 1);
        while self.sent < due {
            self.sent += 1;
            let sent = self.input.as_mut().map(|input| input.write_all(picture.as_raw()));
            if !matches!(sent, Some(Ok(()))) {
                // It has ended; report its error.
                self.end()?;
                return Err(TimelapseError::Ffmpeg("it ended too early".to_owned()));
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<(), TimelapseError> {
        self.end()
    }
}

impl Drop for Ffmpeg {
    fn drop(&mut self) {
        if self.errors.is_some() {
            // Cancelled: the output is not needed.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_say_size_rate_and_codec() {
        let text = |format| {
            let arguments = arguments(format, Path::new("a b.part"), 33, 20, 12.5);
            arguments.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("|")
        };
        let mp4 = text(Format::Mp4);
        assert!(mp4.contains("|-video_size|33x20|-framerate|12.5|-i|-|"), "{mp4}");
        assert!(mp4.contains("libx264") && mp4.ends_with("|-f|mp4|a b.part"), "{mp4}");
        let webm = text(Format::WebM);
        assert!(webm.contains("libvpx-vp9") && webm.contains("|-f|webm|"), "{webm}");
    }
}
