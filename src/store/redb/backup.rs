//! A copy of a database while it is used: another database, with what one read transaction sees.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use ::redb::{
    Database, Error, Key, ReadTransaction, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition, Value,
    WriteTransaction, backends::FileBackend,
};

use super::{
    COUNTRIES, EMAILS, KEY_TIMES, KEYS, USERS, VERSIONS,
    file::{self, DatabaseFile},
};
use crate::store::StoreError;

/// How much memory the copy may take, in bytes; redb's default is a gibibyte.
const CACHE: usize = 16 << 20;

/// Copies what is stored now to the file `to`, and says how many users that are.
///
/// The file is there whole or not at all, and until then an older one stays: what is written first is a file beside it.
pub(super) fn write(database: &DatabaseFile, to: &Path) -> Result<u64, StoreError> {
    let mut temporary = to.as_os_str().to_owned();
    temporary.push(".tmp");
    let temporary = PathBuf::from(temporary);
    let named = |error: &dyn std::fmt::Display| StoreError::Unavailable(format!("the backup {}: {error}", to.display()));
    let file = new_file(&temporary).map_err(|error| named(&error))?;
    let copied = database.read(|database| copy(&database.begin_read()?, file));
    let kept = copied.and_then(|users| put(&temporary, to).map(|()| users).map_err(|error| named(&error)));
    if kept.is_err() {
        let _ = fs::remove_file(&temporary); // The failure to be told is the one above.
    }
    kept
}

fn copy(from: &ReadTransaction, file: fs::File) -> Result<u64, Error> {
    let database = Database::builder().set_cache_size(CACHE).create_with_backend(FileBackend::new(file)?)?;
    let to = database.begin_write()?;
    copy_table(from, &to, USERS)?;
    copy_table(from, &to, EMAILS)?;
    copy_table(from, &to, COUNTRIES)?;
    copy_table(from, &to, KEYS)?;
    copy_table(from, &to, KEY_TIMES)?;
    copy_table(from, &to, VERSIONS)?;
    to.commit()?;
    Ok(from.open_table(USERS)?.len()?)
}

fn copy_table<K: Key, V: Value>(
    from: &ReadTransaction,
    to: &WriteTransaction,
    table: TableDefinition<'_, K, V>,
) -> Result<(), Error> {
    let mut copy = to.open_table(table)?;
    for entry in from.open_table(table)?.iter()? {
        let (key, value) = entry?;
        copy.insert(key.value(), value.value())?;
    }
    Ok(())
}

/// Puts a file that is written into its place, so that it is there also after the power was cut.
fn put(written: &Path, place: &Path) -> io::Result<()> {
    fs::File::open(written)?.sync_all()?;
    fs::rename(written, place)?;
    file::synchronise(file::folder_of(place))
}

/// A new file for the owner only, in the place of what a process that was killed may have left. It may have had the same id, as in a
/// container.
fn new_file(path: &Path) -> io::Result<fs::File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = fs::OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    };

    use ::redb::TableHandle;
    use tempfile::TempDir;
    use tokio::task::JoinSet;

    use super::*;
    use crate::{
        store::{Inspect, RedbStore, UserQuery, UserStore, redb::tests::user},
        user::{Idempotency, User},
    };

    fn with_key(number: usize) -> User {
        let idempotency = Idempotency { key: format!("key{number}"), request: "request".to_owned() };
        let created_at = chrono::Utc::now();
        User { idempotency: Some(idempotency), created_at, updated_at: created_at, ..user(&format!("user{number}@example.com")) }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_backup_under_load_has_all_that_was_acknowledged_before_and_nothing_torn() {
        let folder = TempDir::new().unwrap();
        let backup = folder.path().join("backup.redb");
        let store = Arc::new(RedbStore::open(&folder.path().join("users.redb")).unwrap());
        let ended = Arc::new(AtomicBool::new(false));
        let acknowledged = Arc::new(std::sync::Mutex::new(Vec::new()));
        let mut load = JoinSet::new();
        for client in 0..4 {
            let (store, ended, acknowledged) = (store.clone(), ended.clone(), acknowledged.clone());
            load.spawn(async move {
                let mut number = client;
                while !ended.load(Ordering::SeqCst) {
                    let stored = store.insert(with_key(number)).await.unwrap();
                    acknowledged.lock().unwrap().push(stored);
                    // What comes and goes must not be there in part.
                    let gone = store.insert(with_key(1_000_000 + number)).await.unwrap();
                    assert!(store.delete(&gone.id).await.unwrap());
                    number += 4;
                }
            });
        }
        for round in 0..5 {
            while acknowledged.lock().unwrap().len() < 20 * (round + 1) {
                tokio::task::yield_now().await;
            }
            let before = acknowledged.lock().unwrap().clone();
            let count = store.backup(&backup).await.unwrap();

            let restored = RedbStore::open(&backup).unwrap();
            let users = restored.snapshot().await.unwrap();
            assert_eq!(users.len() as u64, count);
            for user in &before {
                assert!(users.contains(user), "{} of {} were acknowledged, and not {}", users.len(), before.len(), user.email);
            }
            for user in &users {
                let query = UserQuery { email: Some(user.email.to_uppercase()), limit: 2, ..UserQuery::default() };
                assert_eq!(restored.list(query).await.unwrap(), std::slice::from_ref(user));
            }
            for user in users.iter().rev().take(10) {
                let retried = restored.insert(User { email: "new@example.com".to_owned(), ..user.clone() }).await;
                assert!(matches!(retried, Err(StoreError::KeyUsed(first)) if first.id == user.id));
            }
            let residency_countries = ["GR".to_owned()].into();
            let query = UserQuery { residency_countries, limit: usize::MAX, ..UserQuery::default() };
            assert_eq!(restored.list(query).await.unwrap(), users);
            restored.close().await;
        }
        ended.store(true, Ordering::SeqCst);
        load.join_all().await;
        store.close().await;
    }

    #[tokio::test]
    async fn a_backup_is_whole_or_the_older_one_stays_and_is_for_the_owner_only() {
        let folder = TempDir::new().unwrap();
        let backup = folder.path().join("backup.redb");
        let store = RedbStore::open(&folder.path().join("users.redb")).unwrap();
        store.insert(user("ada@example.com")).await.unwrap();
        // What a backup that was broken off has left is no obstacle.
        fs::write(folder.path().join("backup.redb.tmp"), "torn").unwrap();
        assert_eq!(store.backup(&backup).await.unwrap(), 1);
        assert!(!folder.path().join("backup.redb.tmp").exists());
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&backup).unwrap().permissions()) & 0o777, 0o600);

        let before = fs::read(&backup).unwrap();
        store.insert(user("bob@example.com")).await.unwrap();
        fs::create_dir(folder.path().join("backup.redb.tmp")).unwrap();
        let error = store.backup(&backup).await.unwrap_err().to_string();
        assert!(error.contains("backup.redb"), "{error}");
        assert!(fs::read(&backup).unwrap() == before);
        fs::remove_dir(folder.path().join("backup.redb.tmp")).unwrap();

        store.close().await;
        assert!(store.backup(&backup).await.is_err());
        assert!(fs::read(&backup).unwrap() == before);
        assert!(!folder.path().join("backup.redb.tmp").exists());
    }

    #[tokio::test]
    async fn a_backup_has_every_table() {
        let folder = TempDir::new().unwrap();
        let backup = folder.path().join("backup.redb");
        let store = RedbStore::open(&folder.path().join("users.redb")).unwrap();
        store.backup(&backup).await.unwrap();
        let tables = |database: &Database| {
            let mut names: Vec<_> =
                database.begin_read().unwrap().list_tables().unwrap().map(|table| table.name().to_owned()).collect();
            names.sort();
            names
        };
        let stored = store.database.read(|database| Ok(tables(database))).unwrap();
        assert_eq!(tables(&Database::open(&backup).unwrap()), stored);
    }
}
