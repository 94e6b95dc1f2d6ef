//! Users in one file on this machine, on redb: durable, and many users share one fsync.
//!
//! One thread owns the writes. It takes every insertion that is waiting, decides all of them in one write transaction, commits
//! it to disk and only then answers: under load the cost of the fsync is shared, and alone nobody waits for company.

mod file;

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
};

use ::redb::{Database, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition};
use async_trait::async_trait;
use bson::oid::ObjectId;
use tokio::sync::{mpsc, oneshot};

use self::file::DatabaseFile;
use super::{StoreError, UserStore, normalise_email};
use crate::user::User;

/// Id → user as JSON.
const USERS: TableDefinition<&str, &[u8]> = TableDefinition::new("users");
/// Normalised email → id.
const EMAILS: TableDefinition<&str, &str> = TableDefinition::new("emails");

/// How many insertions may wait, and so also how many one transaction can carry.
const QUEUE: usize = 1024;

/// The store behind `redb:<path>`.
pub struct RedbStore {
    database: Arc<DatabaseFile>,
    writer: Mutex<Option<(mpsc::Sender<Job>, JoinHandle<()>)>>,
}

/// What the writer does.
enum Job {
    Insert(Insertion),
    /// Finds out whether it can write.
    Try(oneshot::Sender<Result<(), StoreError>>),
}

struct Insertion {
    user: User,
    answer: oneshot::Sender<Result<User, StoreError>>,
}

impl RedbStore {
    /// Opens the file, making it and its folder where they do not exist.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when it cannot be opened, also because another process has it open; [`StoreError::NotAStore`] when it
    /// is the file of something else.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::on(DatabaseFile::open(path)?)
    }

    fn on(database: DatabaseFile) -> Result<Self, StoreError> {
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
        let (answer, decided) = oneshot::channel();
        self.send(Job::Insert(Insertion { user, answer })).await?;
        decided.await.map_err(|_| closed())?
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
        self.count().await.map(drop)
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

/// The writer thread: one transaction for all insertions that are waiting.
fn write(database: &DatabaseFile, mut queue: mpsc::Receiver<Job>) {
    let (mut batch, mut tries) = (Vec::new(), Vec::new());
    while let Some(first) = queue.blocking_recv() {
        let mut next = Some(first);
        while let Some(job) = next {
            match job {
                Job::Insert(insertion) => batch.push(insertion),
                Job::Try(answer) => tries.push(answer),
            }
            next = if batch.len() < QUEUE { queue.try_recv().ok() } else { None };
        }
        if !tries.is_empty() {
            let outcome = database.write(try_to_write); // Once for all who ask.
            for answer in tries.drain(..) {
                let _ = answer.send(outcome.clone()); // Who asked may have gone away.
            }
        }
        if batch.is_empty() {
            continue;
        }
        let outcome = database.write(|database| commit(database, &mut batch));
        for (position, Insertion { user, answer }) in batch.drain(..).enumerate() {
            let result = match &outcome {
                Ok(taken) if taken.get(position) == Some(&true) => Err(StoreError::EmailTaken),
                Ok(_) => Ok(user),
                Err(error) => Err(unavailable(error)),
            };
            let _ = answer.send(result); // The caller may have gone away; its user is stored all the same.
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

/// Stores those of the batch whose email is free; says for each whether its email was taken.
fn commit(database: &Database, batch: &mut [Insertion]) -> Result<Vec<bool>, ::redb::Error> {
    let transaction = database.begin_write()?;
    let mut taken = Vec::with_capacity(batch.len());
    {
        let mut users = transaction.open_table(USERS)?;
        let mut emails = transaction.open_table(EMAILS)?;
        for Insertion { user, .. } in batch {
            let email = normalise_email(&user.email);
            let is_taken = emails.get(email.as_str())?.is_some();
            if !is_taken {
                while users.get(user.id.as_str())?.is_some() {
                    user.id = ObjectId::new().to_hex();
                }
                let json = serde_json::to_vec(user).map_err(std::io::Error::other)?;
                emails.insert(email.as_str(), user.id.as_str())?;
                users.insert(user.id.as_str(), json.as_slice())?;
            }
            taken.push(is_taken);
        }
    }
    transaction.commit()?; // Durable when it returns: redb's default is `Durability::Immediate`.
    Ok(taken)
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
    use std::{
        io,
        sync::atomic::{AtomicBool, Ordering},
    };

    use ::redb::{StorageBackend, backends::InMemoryBackend};

    use super::*;

    /// A disk that may be full, and that outlives the database on it.
    #[derive(Debug, Clone)]
    struct Disk {
        content: Arc<InMemoryBackend>,
        full: Arc<AtomicBool>,
    }

    impl Disk {
        fn check(&self) -> io::Result<()> {
            if self.full.load(Ordering::SeqCst) { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
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

    fn user(email: &str) -> User {
        serde_json::from_value(serde_json::json!({
            "id": ObjectId::new().to_hex(), "email": email, "portfolios": [],
            "createdAt": "2024-10-03T10:30:00Z", "updatedAt": "2024-10-03T10:30:00Z",
            "firstName": "Ada", "lastName": "Lovelace", "dateOfBirth": "1990-05-15", "residencyCountry": "GR"
        }))
        .unwrap()
    }

    #[tokio::test]
    async fn a_full_disk_is_told_and_outlived() {
        let disk = Disk { content: Arc::new(InMemoryBackend::new()), full: Arc::default() };
        let under = disk.clone();
        let file = DatabaseFile::with(Box::new(move || {
            let database = Database::builder().create_with_backend(under.clone()).map_err(unavailable)?;
            file::make_tables(&database).map_err(unavailable)?;
            Ok(database)
        }));
        let store = RedbStore::on(file.unwrap()).unwrap();
        store.insert(user("before@example.com")).await.unwrap();
        store.ping().await.unwrap();

        disk.full.store(true, Ordering::SeqCst);
        for _ in 0..3 {
            assert!(matches!(store.insert(user("during@example.com")).await, Err(StoreError::Unavailable(_))));
            assert!(store.ping().await.is_err(), "readiness knows it");
        }

        disk.full.store(false, Ordering::SeqCst);
        store.ping().await.unwrap();
        assert!(matches!(store.insert(user("before@example.com")).await, Err(StoreError::EmailTaken)));
        store.insert(user("during@example.com")).await.unwrap();
        assert_eq!(store.count().await.unwrap(), 2);
        store.close().await;
    }
}
