//! Users in one file on this machine, on redb: durable, and many users share one fsync.
//!
//! One thread owns the writes. It takes every write that is waiting, decides all of them in one write transaction, commits
//! it to disk and only then answers: under load the cost of the fsync is shared, and alone nobody waits for company.

use std::{
    collections::BTreeSet,
    fmt::Display,
    fs,
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
use tokio::sync::{mpsc, oneshot};

use super::{StoreError, UserQuery, UserStore, normalise_email};
use crate::user::User;

/// Id → user as JSON.
const USERS: TableDefinition<&str, &[u8]> = TableDefinition::new("users");
/// Normalised email → id.
const EMAILS: TableDefinition<&str, &str> = TableDefinition::new("emails");
/// Country of residence and id.
const COUNTRIES: TableDefinition<(&str, &str), ()> = TableDefinition::new("countries");

/// How many writes may wait, and so also how many one transaction can carry.
const QUEUE: usize = 1024;

/// The store behind `redb:<path>`.
pub struct RedbStore {
    database: Mutex<Option<Arc<Database>>>,
    writer: Mutex<Option<(mpsc::Sender<Waiting>, JoinHandle<()>)>>,
}

enum Write {
    Insert(User),
    Replace { current: User, next: User },
    Delete(String),
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
    /// [`StoreError::Unavailable`] when it cannot be opened, also because another process has it open.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let named = |error: &dyn Display| StoreError::Unavailable(format!("{}: {error}", path.display()));
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|error| named(&error))?;
        }
        let database = Arc::new(Database::create(path).map_err(|error| named(&error))?);
        prepare(&database).map_err(unavailable)??;

        let (sender, queue) = mpsc::channel(QUEUE);
        let on_thread = Arc::clone(&database);
        let thread =
            thread::Builder::new().name("redb-writer".to_owned()).spawn(move || write(&on_thread, queue)).map_err(unavailable)?;
        Ok(Self { database: Mutex::new(Some(database)), writer: Mutex::new(Some((sender, thread))) })
    }

    /// Has the writer decide this write.
    async fn write(&self, write: Write) -> Outcome {
        let writer = lock(&self.writer).as_ref().map(|(sender, _)| sender.clone()).ok_or_else(closed)?;
        let (answer, decided) = oneshot::channel();
        writer.send(Waiting { write, answer }).await.map_err(|_| closed())?;
        decided.await.map_err(|_| closed())?
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

/// Makes the tables that are missing. A file of the time before the countries had a table gets it filled.
fn prepare(database: &Database) -> Result<Result<(), StoreError>, ::redb::Error> {
    let transaction = database.begin_write()?;
    let is_indexed = transaction.list_tables()?.any(|table| table.name() == COUNTRIES.name());
    {
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
fn write(database: &Database, mut queue: mpsc::Receiver<Waiting>) {
    while let Some(first) = queue.blocking_recv() {
        let (mut writes, mut answers) = (vec![first.write], vec![first.answer]);
        while writes.len() < QUEUE
            && let Ok(next) = queue.try_recv()
        {
            writes.push(next.write);
            answers.push(next.answer);
        }
        let outcomes = match commit(database, writes) {
            Ok(outcomes) => outcomes,
            Err(error) => answers.iter().map(|_| Err(unavailable(&error))).collect(),
        };
        for (answer, outcome) in answers.into_iter().zip(outcomes) {
            let _ = answer.send(outcome); // The caller may have gone away; its write is decided all the same.
        }
    }
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
}

impl<'t> Tables<'t> {
    fn open(transaction: &'t WriteTransaction) -> Result<Self, ::redb::Error> {
        Ok(Self {
            users: transaction.open_table(USERS)?,
            emails: transaction.open_table(EMAILS)?,
            countries: transaction.open_table(COUNTRIES)?,
        })
    }

    fn decide(&mut self, write: Write) -> Result<Outcome, ::redb::Error> {
        match write {
            Write::Insert(mut user) => {
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
        }
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
        self.users.insert(id, json.as_slice())?;
        Ok(())
    }

    fn remove(&mut self, user: &User) -> Result<(), ::redb::Error> {
        self.emails.remove(normalise_email(&user.email).as_str())?;
        if let Some(country) = &user.residency_country {
            self.countries.remove((country.as_str(), user.id.as_str()))?;
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
