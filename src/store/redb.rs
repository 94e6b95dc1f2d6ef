//! Users in one file on this machine, on redb: durable, and many users share one fsync.
//!
//! One thread owns the writes. It takes every write that is waiting, decides all of them in one write transaction, commits
//! it to disk and only then answers: under load the cost of the fsync is shared, and alone nobody waits for company.

mod backup;
mod file;

use std::{
    collections::BTreeSet,
    ops::Bound::{Excluded, Unbounded},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
};

use ::redb::{
    Database, ReadTransaction, ReadableDatabase, ReadableTable, ReadableTableMetadata, Table, TableDefinition, TableHandle,
    WriteTransaction,
};
use async_trait::async_trait;
use bson::oid::ObjectId;
use chrono::{DateTime, Utc};
use tokio::sync::{mpsc, oneshot};

use self::file::DatabaseFile;
use super::{Inspect, StoreError, UserQuery, UserStore, normalise_email};
use crate::user::User;

/// Id → user as JSON.
const USERS: TableDefinition<&str, &[u8]> = TableDefinition::new("users");
/// Normalised email → id.
const EMAILS: TableDefinition<&str, &str> = TableDefinition::new("emails");
/// Country of residence and id.
const COUNTRIES: TableDefinition<(&str, &str), ()> = TableDefinition::new("countries");
/// Key of the creating request → id.
const KEYS: TableDefinition<&str, &str> = TableDefinition::new("keys");
/// When a user with a key was created, in milliseconds, and id: the oldest keys are the first.
const KEY_TIMES: TableDefinition<(i64, &str), ()> = TableDefinition::new("key_times");
/// The [`VERSION`] of what is stored, below the empty name; a file of the time before it was written down is of the first one.
const VERSIONS: TableDefinition<&str, u64> = TableDefinition::new("version");

/// The version of tables and users that is written here. It changes when an older server would misread what a newer one writes, and
/// so loses it; a table more, or a property more that the older one ignores and keeps, is no such change.
const VERSION: u64 = 1;

/// How many writes may wait, and so also how many one transaction can carry.
const QUEUE: usize = 1024;

/// How many users one transaction forgets the requests of, so that others do not wait long for it.
const FORGOTTEN: usize = 256;

/// The store behind `redb:<path>`.
pub struct RedbStore {
    database: Arc<DatabaseFile>,
    writer: Mutex<Option<(mpsc::Sender<Job>, JoinHandle<()>)>>,
}

/// What the writer does.
#[allow(clippy::large_enum_variant, reason = "nearly all jobs are writes: a box for each would cost more than it saves")]
enum Job {
    Write(Waiting),
    /// Finds out whether it can write.
    Try(oneshot::Sender<Result<(), StoreError>>),
}

#[allow(clippy::large_enum_variant, reason = "as for Job")]
enum Write {
    Insert(User),
    Replace {
        current: User,
        next: User,
    },
    Delete(String),
    /// Forgets some requests; gives the last user that it forgot one of when there may be more.
    Forget(DateTime<Utc>),
}

/// What came of a write: the user that was written or deleted, if any.
type Outcome = Result<Option<User>, StoreError>;

struct Waiting {
    write: Write,
    answer: oneshot::Sender<Outcome>,
}

impl RedbStore {
    /// Opens the file, making it and its folder where they do not exist.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when it cannot be opened, also because another process has it open; [`StoreError::NotAStore`] when it
    /// is the file of something else; [`StoreError::ReadOnly`] and [`StoreError::OtherVersion`].
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::on(DatabaseFile::open(path)?)
    }

    fn on(database: DatabaseFile) -> Result<Self, StoreError> {
        database.write(prepare)??;
        let database = Arc::new(database);
        let (sender, queue) = mpsc::channel(QUEUE);
        let on_thread = Arc::clone(&database);
        let thread =
            thread::Builder::new().name("redb-writer".to_owned()).spawn(move || write(&on_thread, queue)).map_err(unavailable)?;
        Ok(Self { database, writer: Mutex::new(Some((sender, thread))) })
    }

    /// Hands a job to the writer.
    async fn send(&self, job: Job) -> Result<(), StoreError> {
        let writer = lock(&self.writer).as_ref().map(|(sender, _)| sender.clone()).ok_or_else(closed)?;
        writer.send(job).await.map_err(|_| closed())
    }

    /// Has the writer decide this write.
    async fn write(&self, write: Write) -> Outcome {
        let (answer, decided) = oneshot::channel();
        self.send(Job::Write(Waiting { write, answer })).await?;
        decided.await.map_err(|_| closed())?
    }

    /// Runs `read` on a thread that may block.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Database) -> Result<T, ::redb::Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        let database = Arc::clone(&self.database);
        tokio::task::spawn_blocking(move || database.read(read)).await.map_err(unavailable)?
    }
}

#[async_trait]
impl UserStore for RedbStore {
    async fn insert(&self, user: User) -> Result<User, StoreError> {
        self.write(Write::Insert(user)).await?.ok_or_else(closed)
    }

    async fn replace(&self, current: &User, next: User) -> Result<User, StoreError> {
        self.write(Write::Replace { current: current.clone(), next }).await?.ok_or_else(closed)
    }

    async fn delete(&self, id: &str) -> Result<bool, StoreError> {
        Ok(self.write(Write::Delete(id.to_owned())).await?.is_some())
    }

    async fn list(&self, query: UserQuery) -> Result<Vec<User>, StoreError> {
        self.read(move |database| list(&database.begin_read()?, &query)).await?.into_iter().collect()
    }

    async fn find(&self, id: &str) -> Result<Option<User>, StoreError> {
        let id = id.to_owned();
        let found = self
            .read(move |database| {
                let users = database.begin_read()?.open_table(USERS)?;
                Ok(users.get(id.as_str())?.map(|user| decode(user.value())))
            })
            .await?;
        found.transpose()
    }

    async fn forget_requests(&self, before: DateTime<Utc>) -> Result<(), StoreError> {
        while self.write(Write::Forget(before)).await?.is_some() {}
        Ok(())
    }

    async fn ping(&self) -> Result<(), StoreError> {
        if lock(&self.writer).as_ref().is_none_or(|(sender, _)| sender.is_closed()) {
            return Err(closed());
        }
        if self.database.has_failed() {
            // Whether it can write again is known only when it does.
            let (answer, tried) = oneshot::channel();
            self.send(Job::Try(answer)).await?;
            return tried.await.map_err(|_| closed())?;
        }
        self.read(|database| Ok(database.begin_read()?.open_table(USERS)?.len().map(drop)?)).await
    }

    async fn backup(&self, to: &Path) -> Result<u64, StoreError> {
        let (database, to) = (Arc::clone(&self.database), to.to_owned());
        tokio::task::spawn_blocking(move || backup::write(&database, &to)).await.map_err(unavailable)?
    }

    async fn close(&self) {
        let writer = lock(&self.writer).take();
        if let Some((sender, thread)) = writer {
            drop(sender); // The writer finishes what is queued and ends.
            // Joining fails only when the writer panicked; every waiting insertion was then answered by its dropped sender.
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
        self.database.close();
    }
}

#[async_trait]
impl Inspect for RedbStore {
    async fn count(&self) -> Result<u64, StoreError> {
        self.read(|database| Ok(database.begin_read()?.open_table(USERS)?.len()?)).await
    }

    async fn snapshot(&self) -> Result<Vec<User>, StoreError> {
        let users = self
            .read(|database| {
                let users = database.begin_read()?.open_table(USERS)?;
                users.iter()?.map(|entry| Ok(decode(entry?.1.value()))).collect::<Result<Vec<_>, ::redb::Error>>()
            })
            .await?;
        users.into_iter().collect()
    }
}

/// Makes the tables that are missing. A file of the time before the countries had a table gets it filled.
fn prepare(database: &Database) -> Result<Result<(), StoreError>, ::redb::Error> {
    let transaction = database.begin_write()?;
    let is_indexed = transaction.list_tables()?.any(|table| table.name() == COUNTRIES.name());
    {
        transaction.open_table(VERSIONS)?.insert("", VERSION)?;
        let mut tables = Tables::open(&transaction)?;
        if !is_indexed {
            for entry in tables.users.iter()? {
                match decode(entry?.1.value()) {
                    Ok(User { id, residency_country: Some(country), .. }) => {
                        drop(tables.countries.insert((country.as_str(), id.as_str()), ())?);
                    }
                    Ok(_) => {}
                    Err(error) => return Ok(Err(error)),
                }
            }
        }
    }
    transaction.commit()?;
    Ok(Ok(()))
}

/// The writer thread: one transaction for all writes that are waiting.
fn write(database: &DatabaseFile, mut queue: mpsc::Receiver<Job>) {
    while let Some(first) = queue.blocking_recv() {
        let (mut writes, mut answers, mut tries) = (Vec::new(), Vec::new(), Vec::new());
        let mut next = Some(first);
        while let Some(job) = next {
            match job {
                Job::Write(Waiting { write, answer }) => {
                    writes.push(write);
                    answers.push(answer);
                }
                Job::Try(answer) => tries.push(answer),
            }
            next = if writes.len() < QUEUE { queue.try_recv().ok() } else { None };
        }
        if !tries.is_empty() {
            let outcome = database.write(try_to_write); // Once for all who ask.
            for answer in tries {
                let _ = answer.send(outcome.clone()); // Who asked may have gone away.
            }
        }
        if writes.is_empty() {
            continue;
        }
        let outcomes = match database.write(|database| commit(database, writes)) {
            Ok(outcomes) => outcomes,
            Err(error) => answers.iter().map(|_| Err(error.clone())).collect(),
        };
        for (answer, outcome) in answers.into_iter().zip(outcomes) {
            let _ = answer.send(outcome); // The caller may have gone away; its write is decided all the same.
        }
    }
}

/// Writes to the disk and leaves nothing behind.
fn try_to_write(database: &Database) -> Result<(), ::redb::Error> {
    let transaction = database.begin_write()?;
    {
        let mut emails = transaction.open_table(EMAILS)?;
        emails.insert("", "")?; // No user has this email.
        emails.remove("")?;
    }
    Ok(transaction.commit()?)
}

/// Decides each of the writes, in their order, and commits what they came to.
fn commit(database: &Database, writes: Vec<Write>) -> Result<Vec<Outcome>, ::redb::Error> {
    let transaction = database.begin_write()?;
    let outcomes = {
        let mut tables = Tables::open(&transaction)?;
        writes.into_iter().map(|write| tables.decide(write)).collect::<Result<_, _>>()?
    };
    transaction.commit()?; // Durable when it returns: redb's default is `Durability::Immediate`.
    Ok(outcomes)
}

/// The tables, open for writing.
struct Tables<'t> {
    users: Table<'t, &'static str, &'static [u8]>,
    emails: Table<'t, &'static str, &'static str>,
    countries: Table<'t, (&'static str, &'static str), ()>,
    keys: Table<'t, &'static str, &'static str>,
    key_times: Table<'t, (i64, &'static str), ()>,
}

impl<'t> Tables<'t> {
    fn open(transaction: &'t WriteTransaction) -> Result<Self, ::redb::Error> {
        Ok(Self {
            users: transaction.open_table(USERS)?,
            emails: transaction.open_table(EMAILS)?,
            countries: transaction.open_table(COUNTRIES)?,
            keys: transaction.open_table(KEYS)?,
            key_times: transaction.open_table(KEY_TIMES)?,
        })
    }

    fn decide(&mut self, write: Write) -> Result<Outcome, ::redb::Error> {
        match write {
            Write::Insert(mut user) => {
                match self.with_key_of(&user)? {
                    Err(error) => return Ok(Err(error)),
                    Ok(Some(first)) if first.recognises_retries(user.created_at) => {
                        return Ok(Err(StoreError::KeyUsed(Box::new(first))));
                    }
                    Ok(Some(first)) => self.forget_request(first)?,
                    Ok(None) => {}
                }
                if self.holder(&user.email)?.is_some() {
                    return Ok(Err(StoreError::EmailTaken));
                }
                while self.users.get(user.id.as_str())?.is_some() {
                    user.id = ObjectId::new().to_hex();
                }
                self.add(&user)?;
                Ok(Ok(Some(user)))
            }
            Write::Replace { current, next } => {
                let stored = match self.user(&current.id)? {
                    Err(error) => return Ok(Err(error)),
                    Ok(Some(stored)) if stored.version() == current.version() => stored,
                    Ok(_) => return Ok(Err(StoreError::Changed)),
                };
                if self.holder(&next.email)?.is_some_and(|holder| holder != stored.id) {
                    return Ok(Err(StoreError::EmailTaken));
                }
                self.remove(&stored)?;
                self.add(&next)?;
                Ok(Ok(Some(next)))
            }
            Write::Delete(id) => {
                let stored = self.user(&id)?;
                if let Ok(Some(stored)) = &stored {
                    self.remove(stored)?;
                }
                Ok(stored)
            }
            Write::Forget(before) => {
                let old = self.key_times.range::<(i64, &str)>(..(before.timestamp_millis(), ""))?.take(FORGOTTEN);
                let old = old.map(|entry| {
                    let key = entry?.0;
                    let (time, id) = key.value();
                    Ok((time, id.to_owned()))
                });
                let old = old.collect::<Result<Vec<_>, ::redb::Error>>()?;
                let mut last = None;
                for (time, id) in &old {
                    last = match self.user(id)? {
                        Ok(last) => last,
                        Err(error) => return Ok(Err(error)),
                    };
                    if let Some(user) = last.clone() {
                        self.forget_request(user)?;
                    }
                    self.key_times.remove((*time, id.as_str()))?;
                }
                Ok(Ok(last.filter(|_| old.len() == FORGOTTEN)))
            }
        }
    }

    /// The user that was created with the key that this one is to be created with.
    fn with_key_of(&self, user: &User) -> Result<Outcome, ::redb::Error> {
        let Some(idempotency) = &user.idempotency else { return Ok(Ok(None)) };
        match self.keys.get(idempotency.key.as_str())? {
            Some(id) => self.user(id.value()),
            None => Ok(Ok(None)),
        }
    }

    fn forget_request(&mut self, mut user: User) -> Result<(), ::redb::Error> {
        self.remove(&user)?;
        user.idempotency = None;
        self.add(&user)
    }

    fn user(&self, id: &str) -> Result<Outcome, ::redb::Error> {
        Ok(self.users.get(id)?.map(|user| decode(user.value())).transpose())
    }

    /// The id of the user who has this email.
    fn holder(&self, email: &str) -> Result<Option<String>, ::redb::Error> {
        Ok(self.emails.get(normalise_email(email).as_str())?.map(|id| id.value().to_owned()))
    }

    fn add(&mut self, user: &User) -> Result<(), ::redb::Error> {
        let (id, json) = (user.id.as_str(), serde_json::to_vec(user).map_err(std::io::Error::other)?);
        self.emails.insert(normalise_email(&user.email).as_str(), id)?;
        if let Some(country) = &user.residency_country {
            self.countries.insert((country.as_str(), id), ())?;
        }
        if let Some(idempotency) = &user.idempotency {
            self.keys.insert(idempotency.key.as_str(), id)?;
            self.key_times.insert((user.created_at.timestamp_millis(), id), ())?;
        }
        self.users.insert(id, json.as_slice())?;
        Ok(())
    }

    fn remove(&mut self, user: &User) -> Result<(), ::redb::Error> {
        self.emails.remove(normalise_email(&user.email).as_str())?;
        if let Some(country) = &user.residency_country {
            self.countries.remove((country.as_str(), user.id.as_str()))?;
        }
        if let Some(idempotency) = &user.idempotency {
            self.keys.remove(idempotency.key.as_str())?;
            self.key_times.remove((user.created_at.timestamp_millis(), user.id.as_str()))?;
        }
        self.users.remove(user.id.as_str())?;
        Ok(())
    }
}

/// The users that a query asks for.
fn list(transaction: &ReadTransaction, query: &UserQuery) -> Result<Vec<Result<User, StoreError>>, ::redb::Error> {
    let users = transaction.open_table(USERS)?;
    let read = |id: &str| Ok::<_, ::redb::Error>(users.get(id)?.map(|user| decode(user.value())));
    let after = query.after.as_deref().unwrap_or_default();
    if let Some(email) = &query.email {
        let Some(id) = transaction.open_table(EMAILS)?.get(normalise_email(email).as_str())? else { return Ok(Vec::new()) };
        let found = read(id.value())?.filter(|user| user.as_ref().is_ok_and(|user| query.passes(user)) || user.is_err());
        return Ok(found.into_iter().collect());
    }
    if query.residency_countries.is_empty() {
        let following = users.range::<&str>((Excluded(after), Unbounded))?.take(query.limit);
        return following.map(|entry| Ok(decode(entry?.1.value()))).collect();
    }
    let countries = transaction.open_table(COUNTRIES)?;
    let mut ids = BTreeSet::new();
    for country in &query.residency_countries {
        for entry in countries.range::<(&str, &str)>((Excluded((country.as_str(), after)), Unbounded))?.take(query.limit) {
            let key = entry?.0;
            let (of, id) = key.value();
            if of != country {
                break;
            }
            ids.insert(id.to_owned());
        }
    }
    ids.iter().take(query.limit).filter_map(|id| read(id).transpose()).collect()
}

fn decode(json: &[u8]) -> Result<User, StoreError> {
    // serde's message could quote the value.
    serde_json::from_slice(json)
        .map_err(|error| StoreError::Unavailable(format!("a stored user is unreadable: {:?}", error.classify())))
}

fn unavailable(error: impl ToString) -> StoreError {
    StoreError::Unavailable(error.to_string())
}

fn closed() -> StoreError {
    StoreError::Unavailable("the redb store is closed".to_owned())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::io;

    use ::redb::{StorageBackend, backends::InMemoryBackend};

    use super::*;

    /// A disk that may refuse to be written, and that outlives the database on it.
    #[derive(Debug, Clone)]
    struct Disk {
        content: Arc<InMemoryBackend>,
        refusal: Arc<Mutex<Option<io::ErrorKind>>>,
    }

    impl Disk {
        fn check(&self) -> io::Result<()> {
            lock(&self.refusal).map_or(Ok(()), |kind| Err(kind.into()))
        }
    }

    impl StorageBackend for Disk {
        fn len(&self) -> io::Result<u64> {
            self.content.len()
        }
        fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
            self.content.read(offset, out)
        }
        fn set_len(&self, length: u64) -> io::Result<()> {
            self.check()?;
            self.content.set_len(length)
        }
        fn sync_data(&self) -> io::Result<()> {
            self.check()?;
            self.content.sync_data()
        }
        fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
            self.check()?;
            self.content.write(offset, data)
        }
    }

    pub(super) fn user(email: &str) -> User {
        serde_json::from_value(serde_json::json!({
            "id": ObjectId::new().to_hex(), "email": email, "portfolios": [],
            "createdAt": "2024-10-03T10:30:00Z", "updatedAt": "2024-10-03T10:30:00Z",
            "firstName": "Ada", "lastName": "Lovelace", "dateOfBirth": "1990-05-15", "residencyCountry": "GR"
        }))
        .unwrap()
    }

    #[tokio::test]
    async fn a_disk_that_is_full_or_turns_read_only_is_told_and_outlived() {
        for refusal in [io::ErrorKind::StorageFull, io::ErrorKind::ReadOnlyFilesystem, io::ErrorKind::PermissionDenied] {
            outlive(refusal).await;
        }
    }

    async fn outlive(refusal: io::ErrorKind) {
        let disk = Disk { content: Arc::new(InMemoryBackend::new()), refusal: Arc::default() };
        let under = disk.clone();
        let file = DatabaseFile::with(Box::new(move || {
            let database = Database::builder().create_with_backend(under.clone()).map_err(unavailable)?;
            file::make_tables(&database).map_err(unavailable)?;
            Ok(database)
        }));
        let store = RedbStore::on(file.unwrap()).unwrap();
        store.insert(user("before@example.com")).await.unwrap();
        store.ping().await.unwrap();

        *lock(&disk.refusal) = Some(refusal);
        for _ in 0..3 {
            assert!(matches!(store.insert(user("during@example.com")).await, Err(StoreError::Unavailable(_))));
            assert!(store.ping().await.is_err(), "readiness knows it");
        }

        *lock(&disk.refusal) = None;
        store.ping().await.unwrap();
        assert!(matches!(store.insert(user("before@example.com")).await, Err(StoreError::EmailTaken)));
        store.insert(user("during@example.com")).await.unwrap();
        assert_eq!(store.count().await.unwrap(), 2);
        store.close().await;
    }

    /// A file as the first version of the server wrote it: two tables, and users without what came later.
    fn file_of_the_first_version(path: &Path, user: &str) {
        let database = Database::create(path).unwrap();
        let transaction = database.begin_write().unwrap();
        transaction.open_table(USERS).unwrap().insert("64f0c51e7fb3fc001234a001", user.as_bytes()).unwrap();
        transaction.open_table(EMAILS).unwrap().insert("john.doe@example.com", "64f0c51e7fb3fc001234a001").unwrap();
        transaction.commit().unwrap();
    }

    #[tokio::test]
    async fn a_file_of_the_first_version_is_read_and_gets_what_it_lacks() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("users.redb");
        let stored = concat!(
            r#"{"id":"64f0c51e7fb3fc001234a001","email":"John.Doe@example.com","portfolios":[],"#,
            r#""createdAt":"2024-10-03T10:30:00.123Z","updatedAt":"2024-10-03T10:30:00.123Z","#,
            r#""firstName":"John","lastName":"Doe","dateOfBirth":"1990-05-15","residencyCountry":"GR","nationalities":["GR"]}"#
        );
        file_of_the_first_version(&path, stored);
        for _ in 0..2 {
            let store = RedbStore::open(&path).unwrap();
            let [john] = &store.snapshot().await.unwrap()[..] else { panic!("there is one user") };
            assert_eq!(serde_json::to_string(john).unwrap(), stored);
            assert!(matches!(store.insert(user("john.doe@example.com")).await, Err(StoreError::EmailTaken)));
            let residency_countries = ["GR".to_owned()].into();
            let query = UserQuery { residency_countries, limit: 2, ..UserQuery::default() };
            assert_eq!(store.list(query).await.unwrap(), std::slice::from_ref(john));
            store.close().await;
        }
        let database = Database::open(&path).unwrap();
        let versions = database.begin_read().unwrap().open_table(VERSIONS).unwrap();
        assert_eq!(versions.get("").unwrap().unwrap().value(), VERSION);
    }

    #[test]
    fn a_file_of_another_version_is_refused_and_left_as_it_is() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("users.redb");
        file_of_the_first_version(&path, "{}");
        let first = std::fs::read(&path).unwrap();
        let newer = || {
            let database = Database::open(&path).unwrap();
            let transaction = database.begin_write().unwrap();
            transaction.open_table(VERSIONS).unwrap().insert("", VERSION + 1).unwrap();
            transaction.commit().unwrap();
        };
        // The first byte of both commit slots is the version of redb's format.
        let older = || {
            let mut bytes = first.clone();
            (bytes[64], bytes[192]) = (2, 2);
            std::fs::write(&path, bytes).unwrap();
        };
        for (made, expected) in
            [(&newer as &dyn Fn(), "it has version 2, and this server reads version 1"), (&older, "redb's own format")]
        {
            made();
            let error = RedbStore::open(&path).err().unwrap();
            assert!(matches!(error, StoreError::OtherVersion { .. }), "{error}");
            assert!(error.to_string().contains("users.redb") && error.to_string().contains(expected), "{error}");
            assert_eq!(RedbStore::open(&path).err().unwrap().to_string(), error.to_string());
            if let Ok(database) = Database::open(&path) {
                let users = database.begin_read().unwrap().open_table(USERS).unwrap();
                assert_eq!(users.get("64f0c51e7fb3fc001234a001").unwrap().unwrap().value(), b"{}");
            }
        }
    }
}
