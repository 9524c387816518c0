//! Files that are there whole or not at all.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use tempfile::{Builder, NamedTempFile};

/// Who may read a new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// The user alone.
    Private,
    /// As any new file: whoever the user's mask lets.
    Usual,
}

/// Whether a write outlasts a power cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Durability {
    Synced,
    Cached,
}

/// Writes a private file and replaces an older one in one move: after a crash or a power cut the old file or the new one is
/// there.
///
/// # Errors
///
/// Whatever the file system says.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut part = PartFile::create(path, Access::Private)?;
    part.file().write_all(bytes)?;
    part.finish(true)
}

/// As [`write_atomic`] for a pure cache. It doesn't wait for the disk: the wait would cost more than a lost file, which is made
/// again, and whoever reads it has to reject a torn one.
///
/// # Errors
///
/// Whatever the file system says.
pub fn write_cache(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut part = PartFile::create(path, Access::Private)?;
    part.file().write_all(bytes)?;
    part.move_into_place(true, Durability::Cached)
}

/// A file beside the one that it will be (a rename cannot cross disks), removed when dropped unfinished.
#[derive(Debug)]
pub struct PartFile {
    file: NamedTempFile,
    path: PathBuf,
}

impl PartFile {
    /// An empty file in the folder of `path`.
    ///
    /// # Errors
    ///
    /// Whatever the file system says.
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

    /// Gives the complete file its name, once file and folder are on the disk.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::AlreadyExists`] if there is a file of that name and `overwrite` is not set; otherwise whatever the file
    /// system says.
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

/// For network shares and memory cards that know neither hard links nor a rename that spares existing files: an
/// empty file, which only one program can create, claims the name and is then replaced.
fn claim_and_rename(temporary: NamedTempFile, path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)?;
    temporary.persist(path).map_err(|error| {
        // Best effort: the error that is reported is the one that matters.
        let _ = fs::remove_file(path);
        error.error
    })
}

/// Without it, a power cut can undo the rename. Best effort: the file is complete and in place, and some file systems know no
/// such thing.
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
