//! Reads of regular files only: a path from a file or a dialog may lead to a device that never ends or to a
//! pipe that blocks.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, Read as _},
    path::Path,
};

/// Open a regular file of at most `limit` bytes for reading. Never waits for the other end of a pipe.
///
/// # Errors
///
/// [`io::ErrorKind::IsADirectory`], [`io::ErrorKind::InvalidInput`] for devices, pipes and sockets,
/// [`io::ErrorKind::FileTooLarge`]; otherwise any file system error.
pub fn open_regular(path: &Path, limit: u64) -> io::Result<File> {
    // Opening a device can have side effects, so check the path first.
    check(&fs::metadata(path)?, limit)?;
    let mut options = OpenOptions::new();
    options.read(true);
    // A pipe may have replaced the file since.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK | libc::O_NOCTTY);
    let file = options.open(path)?;
    check(&file.metadata()?, limit)?;
    Ok(file)
}

/// The bytes of a regular file of at most `limit` bytes.
///
/// # Errors
///
/// As [`open_regular`].
pub fn read_regular(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let file = open_regular(path, limit)?;
    let mut bytes = Vec::new();
    // The file may grow while it is read, and files in /proc don't report their length.
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
}

/// The text of a regular file of at most `limit` bytes.
///
/// # Errors
///
/// As [`open_regular`]; [`io::ErrorKind::InvalidData`] if it is not UTF-8.
pub fn read_regular_text(path: &Path, limit: u64) -> io::Result<String> {
    String::from_utf8(read_regular(path, limit)?)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// The text of a file of any kind, a pipe too, that gives at most `limit` bytes: for what a command line
/// names.
///
/// # Errors
///
/// [`io::ErrorKind::FileTooLarge`], [`io::ErrorKind::InvalidData`] if it is not UTF-8; otherwise any file
/// system error.
pub fn read_text(path: &Path, limit: u64) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

fn check(metadata: &Metadata, limit: u64) -> io::Result<()> {
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is a device or a pipe, not a file"));
    }
    if metadata.len() > limit {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(path: &Path, limit: u64) -> io::ErrorKind {
        read_regular(path, limit).unwrap_err().kind()
    }

    #[test]
    fn only_regular_files_up_to_the_limit_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "four").unwrap();
        assert_eq!(read_regular(&path, 4).unwrap(), b"four");
        assert_eq!(read_regular_text(&path, u64::MAX).unwrap(), "four");
        assert_eq!(refused(&path, 3), io::ErrorKind::FileTooLarge);
        assert_eq!(refused(folder.path(), 9), io::ErrorKind::IsADirectory);
        assert_eq!(refused(&folder.path().join("b"), 9), io::ErrorKind::NotFound);
        fs::write(&path, [0xff, 0xfe]).unwrap();
        assert_eq!(read_regular_text(&path, 9).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }

    #[cfg(unix)]
    #[test]
    fn devices_and_pipes_are_refused_without_blocking() {
        use std::os::unix::ffi::OsStrExt as _;

        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let name = std::ffi::CString::new(pipe.as_os_str().as_bytes()).unwrap();
        // SAFETY: the name is a valid C string for the call.
        assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("/dev/zero", &link).unwrap();
        for path in [Path::new("/dev/zero"), Path::new("/dev/null"), &link, &pipe] {
            assert_eq!(refused(path, u64::MAX), io::ErrorKind::InvalidInput, "{}", path.display());
        }
        let endless = read_text(Path::new("/dev/zero"), 99).unwrap_err();
        assert_eq!(endless.kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(read_text(Path::new("/dev/null"), 99).unwrap(), "");
        // Files in /proc report no length, so only the limit ends the read.
        #[cfg(target_os = "linux")]
        assert_eq!(refused(Path::new("/proc/self/smaps"), 10), io::ErrorKind::FileTooLarge);
    }
}
