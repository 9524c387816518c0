//! Atomic file writes: a file appears complete or not at all. Bounded reads of regular files.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use tempfile::{Builder, NamedTempFile};

pub use crate::regular::{open_regular, read_regular, read_regular_text};

/// Read permission of a new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Only the user.
    Private,
    /// The default of the user's umask.
    Usual,
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
    part.file().write_all(bytes)?;
    part.finish(true)
}

/// Like [`write_atomic`], for a pure cache. Doesn't sync to disk: that would cost more than a lost file,
/// which is recreated. Readers must reject a torn file.
///
/// # Errors
///
/// Any file system error.
pub fn write_cache(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut part = PartFile::create(path, Access::Private)?;
    part.file().write_all(bytes)?;
    part.move_into_place(true, Durability::Cached)
}

/// A temporary file beside its final path (a rename cannot cross disks), removed if dropped unfinished.
#[derive(Debug)]
pub struct PartFile {
    file: NamedTempFile,
    path: PathBuf,
}

impl PartFile {
    /// Create an empty file in the folder of `path`.
    ///
    /// # Errors
    ///
    /// Any file system error.
    pub fn create(path: &Path, access: Access) -> io::Result<Self> {
        let mut builder = Builder::new();
        builder.prefix(".impasto-").suffix(".part");
        // The default is private to the user.
        #[cfg(unix)]
        if access == Access::Usual {
            builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        }
        #[cfg(not(unix))]
        let _ = access;
        Ok(Self { file: builder.tempfile_in(folder_of(path))?, path: path.to_owned() })
    }

    pub fn file(&mut self) -> &mut NamedTempFile {
        &mut self.file
    }

    /// Sync the complete file and rename it to its final path.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::AlreadyExists`] if a file of that name exists and `overwrite` is not set; otherwise
    /// any file system error.
    pub fn finish(self, overwrite: bool) -> io::Result<()> {
        self.move_into_place(overwrite, Durability::Synced)
    }

    fn move_into_place(self, overwrite: bool, durability: Durability) -> io::Result<()> {
        let Self { file, path } = self;
        if durability == Durability::Synced {
            file.as_file().sync_all()?;
        }
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
    fn a_file_is_replaced_whole_and_nothing_stays_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        for write in [write_atomic, write_cache] {
            write(&path, b"first").unwrap();
            write(&path, b"second").unwrap();
            assert_eq!(fs::read(&path).unwrap(), b"second");
        }
        drop(PartFile::create(&path, Access::Usual).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(write_atomic(&folder.path().join("b/c"), b"").is_err());
    }

    #[test]
    fn an_existing_file_is_spared_if_wished() {
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
        let [private, usual, plain] = ["private", "usual", "plain"].map(|name| folder.path().join(name));
        PartFile::create(&private, Access::Private).unwrap().finish(true).unwrap();
        PartFile::create(&usual, Access::Usual).unwrap().finish(true).unwrap();
        fs::write(&plain, "").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&private), mode(&usual)), (0o600, mode(&plain)));
    }
}
