//! Users in one file on this machine, on redb: durable, and many users share one fsync.
//!
//! One thread owns the writes. It takes every insertion that is waiting, decides all of them in one write transaction, commits
//! it to disk and only then answers: under load the cost of the fsync is shared, and alone nobody waits for company.

use std::{
    fmt::Display,
    fs,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
};

use ::redb::{Database, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition};
use async_trait::async_trait;
use bson::oid::ObjectId;
use tokio::sync::{mpsc, oneshot};

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
    database: Mutex<Option<Arc<Database>>>,
    writer: Mutex<Option<(mpsc::Sender<Insertion>, JoinHandle<()>)>>,
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
    /// [`StoreError::Unavailable`] when it cannot be opened, also because another process has it open.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let named = |error: &dyn Display| StoreError::Unavailable(format!("{}: {error}", path.display()));
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|error| named(&error))?;
        }
        let database = Arc::new(Database::create(path).map_err(|error| named(&error))?);
        let tables = database.begin_write().map_err(unavailable)?;
        tables.open_table(USERS).map_err(unavailable)?;
        tables.open_table(EMAILS).map_err(unavailable)?;
        tables.commit().map_err(unavailable)?;

        let (sender, queue) = mpsc::channel(QUEUE);
        let on_thread = Arc::clone(&database);
        let thread =
            thread::Builder::new().name("redb-writer".to_owned()).spawn(move || write(&on_thread, queue)).map_err(unavailable)?;
        Ok(Self { database: Mutex::new(Some(database)), writer: Mutex::new(Some((sender, thread))) })
    }

    /// Runs `read` on a thread that may block.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Database) -> Result<T, ::redb::Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        let database = lock(&self.database).clone().ok_or_else(closed)?;
        tokio::task::spawn_blocking(move || read(&database)).await.map_err(unavailable)?.map_err(unavailable)
    }
}

#[async_trait]
impl UserStore for RedbStore {
    async fn insert(&self, user: User) -> Result<User, StoreError> {
        let writer = lock(&self.writer).as_ref().map(|(sender, _)| sender.clone()).ok_or_else(closed)?;
        let (answer, decided) = oneshot::channel();
        writer.send(Insertion { user, answer }).await.map_err(|_| closed())?;
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
        self.count().await.map(drop)
    }

    async fn close(&self) {
        let writer = lock(&self.writer).take();
        if let Some((sender, thread)) = writer {
            drop(sender); // The writer finishes what is queued and ends.
            // Joining fails only when the writer panicked; every waiting insertion was then answered by its dropped sender.
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
        lock(&self.database).take();
    }
}

/// The writer thread: one transaction for all insertions that are waiting.
fn write(database: &Database, mut queue: mpsc::Receiver<Insertion>) {
    let mut batch = Vec::new();
    while let Some(first) = queue.blocking_recv() {
        batch.push(first);
        while batch.len() < QUEUE
            && let Ok(next) = queue.try_recv()
        {
            batch.push(next);
        }
        let outcome = commit(database, &mut batch);
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
