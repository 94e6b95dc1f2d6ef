//! The file behind a redb store: made once, opened, and opened again after the disk has failed.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError, RwLock},
};

use ::redb::{Database, DatabaseError, Error, ReadableDatabase, StorageError, TableError, backends::FileBackend};
use tempfile::NamedTempFile;

use super::{EMAILS, StoreError, USERS, VERSION, VERSIONS, unavailable};

/// How much of the file is kept in memory, in bytes. What redb takes unasked, 1 GiB, is more than a small container has.
const CACHE: usize = 128 << 20;

/// Opens the database.
type Open = Box<dyn Fn() -> Result<Database, StoreError> + Send + Sync>;

/// A database that is open, unless it was closed or cannot be opened again.
///
/// After one failed write, such as on a full disk, redb refuses everything that follows until it is opened again.
pub(super) struct DatabaseFile {
    open: Open,
    database: RwLock<Option<Database>>,
    /// Why the last write failed; none when it did not.
    failure: Mutex<Option<String>>,
}

impl DatabaseFile {
    /// Opens the file at `path`. A file that is not there is made, with its folder, for the owner only.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] also when another process has it open; [`StoreError::NotAStore`] for a file of something else;
    /// [`StoreError::ReadOnly`] where it may not be written, and [`StoreError::OtherVersion`] where this version does not read it.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let path = path.to_owned();
        create_missing(&path).map_err(|error| refused(&path, &error))?;
        Self::with(Box::new(move || open_store(&path)))
    }

    /// On what `open` opens.
    pub(super) fn with(open: Open) -> Result<Self, StoreError> {
        let database = RwLock::new(Some(open()?));
        Ok(Self { open, database, failure: Mutex::default() })
    }

    /// Reads.
    pub(super) fn read<T>(&self, read: impl FnOnce(&Database) -> Result<T, Error>) -> Result<T, StoreError> {
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
        read(database.as_ref().ok_or_else(|| self.not_open())?).map_err(unavailable)
    }

    /// Writes, on the one thread that does, and keeps in mind whether that worked. After a failure the file is opened again first.
    pub(super) fn write<T>(&self, write: impl FnOnce(&Database) -> Result<T, Error>) -> Result<T, StoreError> {
        let outcome = self.reopen_after_failure().and_then(|()| self.read(write));
        let failure = outcome.as_ref().err().map(ToString::to_string);
        let mut last = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        match (&*last, &failure) {
            (None, Some(failure)) => tracing::error!(failure, "the store cannot write"),
            (Some(_), None) => tracing::info!("the store writes again"),
            _ => {}
        }
        *last = failure;
        outcome
    }

    /// Whether the last write failed.
    pub(super) fn has_failed(&self) -> bool {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Closes the file once nobody reads or writes.
    pub(super) fn close(&self) {
        self.database.write().unwrap_or_else(PoisonError::into_inner).take();
    }

    fn reopen_after_failure(&self) -> Result<(), StoreError> {
        if !self.has_failed() {
            return Ok(());
        }
        let mut database = self.database.write().unwrap_or_else(PoisonError::into_inner);
        database.take(); // It holds the lock on the file.
        *database = Some((self.open)()?);
        Ok(())
    }

    fn not_open(&self) -> StoreError {
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone();
        StoreError::Unavailable(failure.unwrap_or_else(|| "the redb store is closed".to_owned()))
    }
}

/// Makes the file whole or not at all, so that one without content is never one that we made.
fn create_missing(path: &Path) -> io::Result<()> {
    if path.try_exists()? {
        return Ok(());
    }
    let folder = folder_of(path);
    private_folder(folder)?;
    let file = NamedTempFile::new_in(folder)?; // For the owner only.
    let database = Database::builder()
        .create_with_backend(FileBackend::new(file.reopen()?).map_err(io::Error::other)?)
        .map_err(io::Error::other)?;
    make_tables(&database).map_err(io::Error::other)?;
    drop(database);
    match file.persist_noclobber(path) {
        // Another process may have made it first.
        Err(failed) if failed.error.kind() != io::ErrorKind::AlreadyExists => Err(failed.error),
        _ => synchronise(folder),
    }
}

/// Has the names of the files in a folder on the disk, so that they are there also after the power was cut.
pub(super) fn synchronise(folder: &Path) -> io::Result<()> {
    #[cfg(unix)] // Elsewhere a folder is no file that can be synchronised.
    fs::File::open(folder)?.sync_all()?;
    Ok(())
}

/// Why the system refuses the file.
fn refused(path: &Path, error: &io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            StoreError::ReadOnly { path: path.to_owned(), why: error.to_string() }
        }
        _ => StoreError::Unavailable(format!("{}: {error}", path.display())),
    }
}

/// The folder that a file is in.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

pub(super) fn make_tables(database: &Database) -> Result<(), Error> {
    let tables = database.begin_write()?;
    tables.open_table(USERS)?;
    tables.open_table(EMAILS)?;
    Ok(tables.commit()?)
}

fn open_store(path: &PathBuf) -> Result<Database, StoreError> {
    let not_a_store = |why: String| StoreError::NotAStore { path: path.clone(), why };
    let named = |error: &dyn std::fmt::Display| StoreError::Unavailable(format!("{}: {error}", path.display()));
    let other_version = |why: String| StoreError::OtherVersion { path: path.clone(), why };
    if fs::metadata(path).map_err(|error| refused(path, &error))?.len() == 0 {
        return Err(not_a_store("it is empty".to_owned()));
    }
    let database = Database::builder().set_cache_size(CACHE).open(path).map_err(|error| match &error {
        DatabaseError::Storage(StorageError::Corrupted(_)) => not_a_store(error.to_string()),
        DatabaseError::Storage(StorageError::Io(cause)) if cause.kind() == io::ErrorKind::InvalidData => {
            not_a_store("it is not a redb database".to_owned())
        }
        DatabaseError::Storage(StorageError::Io(cause)) => refused(path, cause),
        DatabaseError::UpgradeRequired(version) => other_version(format!("it has version {version} of redb's own format")),
        _ => named(&error),
    })?;
    let tables = database.begin_read().map_err(unavailable)?;
    if let Some(error) = tables.open_table(USERS).err().or_else(|| tables.open_table(EMAILS).err()) {
        return Err(match error {
            TableError::Storage(error) => named(&error),
            _ => not_a_store("it is a redb database of something else".to_owned()),
        });
    }
    let version = match tables.open_table(VERSIONS) {
        Ok(versions) => versions.get("").map_err(|error| named(&error))?.map_or(VERSION, |version| version.value()),
        Err(TableError::TableDoesNotExist(_)) => VERSION, // It was written before there was a second one.
        Err(error) => return Err(named(&error)),
    };
    if version != VERSION {
        return Err(other_version(format!("it has version {version}, and this server reads version {VERSION}")));
    }
    drop(tables);
    Ok(database)
}

fn private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_new_file_and_its_folder_are_for_the_owner_only() {
        let data = TempDir::new().unwrap();
        let path = data.path().join("deep/users.redb");
        DatabaseFile::open(&path).unwrap();
        DatabaseFile::open(&path).unwrap();
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no temporary file stays");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        }
    }

    #[test]
    fn a_file_of_something_else_is_named_and_left_as_it_is() {
        let data = TempDir::new().unwrap();
        let foreign = data.path().join("foreign.redb");
        let other = Database::create(&foreign).unwrap();
        let transaction = other.begin_write().unwrap();
        transaction.open_table(::redb::TableDefinition::<u64, u64>::new("counters")).unwrap();
        transaction.commit().unwrap();
        drop(other);
        let foreign = fs::read(foreign).unwrap();
        for (content, expected) in [
            (&b""[..], "it is empty"),
            (b"id,email\n1,ada@example.com\n", "redb"),
            (&[0; 8192], "redb"),
            (&foreign, "it is a redb database of something else"),
        ] {
            let path = data.path().join("users.redb");
            fs::write(&path, content).unwrap();
            let error = DatabaseFile::open(&path).err().unwrap();
            assert!(matches!(error, StoreError::NotAStore { .. }), "{error}");
            assert!(error.to_string().contains("users.redb") && error.to_string().contains(expected), "{error}");
            assert!(fs::read(&path).unwrap().len() == content.len(), "{error}");
        }
    }
}
