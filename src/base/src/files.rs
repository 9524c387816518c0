//! Atomic file writes: a file appears complete or not at all. Bounded reads of regular files.

mod claim;
#[doc(hidden)]
pub mod faults;
mod stale;

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use tempfile::{Builder, NamedTempFile};

pub use crate::regular::{open_regular, read_regular, read_regular_text, read_text};
pub use claim::{Claim, Claims};

/// Read permission of a new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Only the user.
    Private,
    /// The default of the user's umask.
    Default,
}

/// Whether a write survives a power cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Durability {
    Synced,
    Cached,
}

/// Write a private file, atomically replacing an older one: after a crash or a power cut either the old file
/// or the new one is there.
///
/// # Errors
///
/// Any file system error.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut part = PartFile::create(path, Access::Private)?;
    part.write_all(bytes)?;
    part.finish(true)
}

/// Like [`write_atomic`], with the default permissions of a new file, for files that the user may share.
///
/// # Errors
///
/// Any file system error.
pub fn write_atomic_shared(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut part = PartFile::create(path, Access::Default)?;
    part.write_all(bytes)?;
    part.finish(true)
}

/// Rename a file so that a power cut doesn't undo it.
///
/// # Errors
///
/// Any file system error.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    faults::check()?;
    fs::rename(from, to)?;
    sync_folder(folder_of(to));
    Ok(())
}

/// Like [`write_atomic`], for a pure cache. Doesn't sync to disk: that would cost more than a lost file,
/// which is recreated. Readers must reject a torn file.
///
/// # Errors
///
/// Any file system error.
pub fn write_cache(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut part = PartFile::create(path, Access::Private)?;
    part.write_all(bytes)?;
    part.move_into_place(true, Durability::Cached)
}

/// A temporary file beside its final path (a rename cannot cross disks), removed if dropped unfinished.
///
/// If the path is a symbolic link, the file that it leads to is written and the link stays.
#[derive(Debug)]
pub struct PartFile {
    file: NamedTempFile,
    /// The final path, with symbolic links resolved.
    path: PathBuf,
    is_link: bool,
    /// The first failed write: some encoders drop the errors of their last writes.
    failed: Option<io::Error>,
}

impl PartFile {
    /// Create an empty file in the folder of `path`. At the first call for a folder, unfinished files that
    /// killed processes have left there are removed.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidInput`] if `path` is a device or a pipe; otherwise any file system error.
    pub fn create(path: &Path, access: Access) -> io::Result<Self> {
        let target = follow_links(path)?;
        // A rename would replace a device by a file.
        if fs::metadata(&target).is_ok_and(|data| !data.is_file() && !data.is_dir()) {
            let text = format!("{} is not a regular file", target.display());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        faults::check()?;
        let folder = folder_of(&target);
        stale::sweep(folder);
        let mut builder = Builder::new();
        builder.prefix(stale::PREFIX).suffix(stale::SUFFIX);
        // The default is private to the user.
        #[cfg(unix)]
        if access == Access::Default {
            builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        }
        #[cfg(not(unix))]
        let _ = access;
        let file = builder.tempfile_in(folder)?;
        Ok(Self { file, is_link: target != path, path: target, failed: None })
    }

    /// Where the unfinished file is.
    pub fn part(&self) -> &Path {
        self.file.path()
    }

    /// Sync the complete file and rename it to its final path.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::AlreadyExists`] if a file or link of that name exists and `overwrite` is not set; the
    /// error of a write before that failed; otherwise any file system error.
    pub fn finish(self, overwrite: bool) -> io::Result<()> {
        self.move_into_place(overwrite, Durability::Synced)
    }

    fn move_into_place(self, overwrite: bool, durability: Durability) -> io::Result<()> {
        let Self { file, path, is_link, failed } = self;
        if let Some(error) = failed {
            return Err(error);
        }
        if is_link && !overwrite {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        if durability == Durability::Synced {
            faults::check()?;
            file.as_file().sync_all()?;
        }
        faults::check()?;
        if overwrite {
            file.persist(&path).map_err(|error| error.error)?;
        } else {
            file.persist_noclobber(&path).or_else(|error| match error.error.kind() {
                io::ErrorKind::AlreadyExists => Err(error.error),
                _ => claim_and_rename(error.file, &path),
            })?;
        }
        if durability == Durability::Synced {
            sync_folder(folder_of(&path));
        }
        Ok(())
    }
}

impl Write for PartFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = faults::check_write(&mut self.file, bytes).and_then(|()| self.file.write(bytes));
        if let Err(error) = &written
            && error.kind() != io::ErrorKind::Interrupted
        {
            let code = error.raw_os_error();
            self.failed = Some(code.map_or_else(|| error.kind().into(), io::Error::from_raw_os_error));
        }
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for PartFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// Maximum number of symbolic links to follow, as on Linux.
const MAX_LINKS: usize = 40;

/// Resolve a symbolic link; the target need not exist.
fn follow_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::read_link(&path) {
            Ok(target) => path = folder_of(&path).join(target),
            // Not a link; other errors show when it is written.
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other(format!("too many links lead on from {}", path.display())))
}

/// For network shares and memory cards without hard links or a rename that keeps existing files: an
/// empty file, which only one program can create, claims the name and is then replaced.
fn claim_and_rename(temporary: NamedTempFile, path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)?;
    temporary.persist(path).map_err(|error| {
        // Best effort: the error that is reported is the one that matters.
        let _ = fs::remove_file(path);
        error.error
    })
}

/// Without it, a power cut can undo the rename. Best effort: the file is complete and in place, and some file
/// systems don't support syncing a folder.
#[cfg(unix)]
fn sync_folder(folder: &Path) {
    if let Err(error) = File::open(folder).and_then(|folder| folder.sync_all()) {
        tracing::debug!("cannot sync the folder {}: {error}", folder.display());
    }
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) {}

/// The folder of a file, `.` for a bare name.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_atomically_without_leftovers() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        for write in [write_atomic, write_cache] {
            write(&path, b"first").unwrap();
            write(&path, b"second").unwrap();
            assert_eq!(fs::read(&path).unwrap(), b"second");
        }
        drop(PartFile::create(&path, Access::Default).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(write_atomic(&folder.path().join("b/c"), b"").is_err());
    }

    #[test]
    fn an_existing_file_is_kept_without_overwrite() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write_atomic(&path, b"precious").unwrap();
        let error = PartFile::create(&path, Access::Private).unwrap().finish(false).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"precious");
        let free = folder.path().join("b");
        PartFile::create(&free, Access::Private).unwrap().finish(false).unwrap();
        assert!(free.is_file());
    }

    #[test]
    fn a_name_is_claimed_where_files_cannot_be_linked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let mut part = NamedTempFile::new_in(folder.path()).unwrap();
        part.write_all(b"whole").unwrap();
        claim_and_rename(part, &path).unwrap();
        let late = NamedTempFile::new_in(folder.path()).unwrap();
        let error = claim_and_rename(late, &path).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn private_files_are_the_users_alone() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let [private, default, plain] = ["private", "default", "plain"].map(|name| folder.path().join(name));
        PartFile::create(&private, Access::Private).unwrap().finish(true).unwrap();
        PartFile::create(&default, Access::Default).unwrap().finish(true).unwrap();
        fs::write(&plain, "").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&private), mode(&default)), (0o600, mode(&plain)));
    }

    #[test]
    fn a_file_in_which_a_write_failed_never_takes_its_name() {
        use faults::{Fault, with_fault};

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let mut part = PartFile::create(&path, Access::Default).unwrap();
        let (lost, _) = with_fault(Fault::Once(0), || part.write_all(b"lost by an encoder"));
        assert!(lost.is_err());
        part.write_all(b"rest").unwrap();
        assert_eq!(part.finish(true).unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn shared_files_are_as_readable_as_any_other() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let [shared, private, plain] = ["shared", "private", "plain"].map(|name| folder.path().join(name));
        write_atomic_shared(&shared, b"x").unwrap();
        write_atomic(&private, b"x").unwrap();
        fs::write(&plain, "").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&shared), mode(&private)), (mode(&plain), 0o600));
    }

    #[cfg(unix)]
    #[test]
    fn writing_through_a_link_keeps_the_link() {
        use std::os::unix::fs::symlink;

        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("far")).unwrap();
        fs::write(at("far/real"), "old").unwrap();
        symlink("far/real", at("near")).unwrap();
        symlink(at("near"), at("nearer")).unwrap();
        symlink("far/nothing yet", at("dangling")).unwrap();
        symlink("turn", at("turn")).unwrap();
        write_atomic(&at("nearer"), b"new").unwrap();
        write_atomic(&at("dangling"), b"first").unwrap();
        assert_eq!(fs::read(at("far/real")).unwrap(), b"new");
        assert_eq!(fs::read(at("far/nothing yet")).unwrap(), b"first");
        for link in ["near", "nearer", "dangling"] {
            assert!(fs::symlink_metadata(at(link)).unwrap().is_symlink(), "{link}");
        }
        // Without `overwrite` an existing link is kept, wherever it leads.
        fs::remove_file(at("far/nothing yet")).unwrap();
        for link in ["near", "dangling"] {
            let error = PartFile::create(&at(link), Access::Default).unwrap().finish(false).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::AlreadyExists, "{link}");
        }
        assert!(write_atomic(&at("turn"), b"x").is_err());
        assert_eq!(fs::read_dir(at("far")).unwrap().count(), 1, "no unfinished file stays");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_device_is_not_replaced_by_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("/dev/null", &link).unwrap();
        for path in [Path::new("/dev/null"), &link] {
            let error = PartFile::create(path, Access::Default).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        }
    }

    #[test]
    fn any_failing_call_leaves_the_old_or_the_new_file() {
        use faults::{Fault, with_fault};

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let new_only = |overwrite: bool| {
            PartFile::create(&path, Access::Default).and_then(|mut part| {
                part.write_all(b"new one")?;
                part.finish(overwrite)
            })
        };
        let writes: [(bool, &dyn Fn() -> io::Result<()>); 4] = [
            (true, &|| write_atomic(&path, b"new one")),
            (true, &|| write_atomic_shared(&path, b"new one")),
            (true, &|| write_cache(&path, b"new one")),
            (false, &|| new_only(false)),
        ];
        for (replaces, write) in writes {
            for fault in [Fault::Once, Fault::From] {
                for call in 0.. {
                    let _ = fs::remove_file(&path);
                    if replaces {
                        fs::write(&path, "old").unwrap();
                    }
                    let (result, reached) = with_fault(fault(call), write);
                    assert_eq!(result.is_err(), reached, "a fault is told");
                    let names = fs::read_dir(folder.path()).unwrap().count();
                    match (result.is_ok(), replaces) {
                        (true, _) => assert_eq!(fs::read(&path).unwrap(), b"new one"),
                        (false, true) => assert_eq!(fs::read(&path).unwrap(), b"old"),
                        (false, false) => assert!(!path.exists()),
                    }
                    assert_eq!(names, usize::from(path.exists()), "no unfinished file stays");
                    if !reached {
                        assert!(call >= 3, "only {call} calls were made");
                        break;
                    }
                }
            }
        }
    }
}
