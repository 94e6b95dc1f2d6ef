//! Where users live: the trait [`UserStore`], and one file per engine. [`Inspect`] looks into one from outside.

mod memory;
#[cfg(feature = "mongodb")]
mod mongo;
mod redb;
mod timed;
mod url;

use std::{collections::BTreeSet, path::Path};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use prometheus_client::registry::Registry;

#[cfg(feature = "mongodb")]
pub use self::mongo::MongoStore;
pub use self::{
    memory::MemoryStore,
    redb::RedbStore,
    timed::Timed,
    url::{MongoSettings, MongoUri, StoreUrl},
};
use crate::user::User;

/// Keeps users.
///
/// The laws that every engine obeys: an email has at most one user, whatever its letter case and whatever races; what was
/// acknowledged is durable; what was refused changes nothing; what is read equals what was written last. The key of a creating request
/// has at most one user, too, as long as retries of the request are recognised.
#[async_trait]
pub trait UserStore: Send + Sync {
    /// Stores a new user and returns it as stored, once it is durable; with another id where another user has that one. It is now when
    /// the user is created: an older user with the same key, whose retries are not recognised any more, loses the key to this one.
    ///
    /// # Errors
    ///
    /// [`StoreError::KeyUsed`] when the key has a user, whatever else stands against the new one; [`StoreError::EmailTaken`] when
    /// another user has the email; [`StoreError::Unavailable`] when the user may not be stored.
    async fn insert(&self, user: User) -> Result<User, StoreError>;

    /// The user with this id (24 hexadecimal digits).
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    async fn find(&self, id: &str) -> Result<Option<User>, StoreError>;

    /// Replaces `current`, as it was read, by `next`, which has the same id and a version of its own; once it is durable.
    ///
    /// Of several that replace the same state one succeeds: who reads, changes and replaces again on [`StoreError::Changed`] loses
    /// nobody's change.
    ///
    /// # Errors
    ///
    /// [`StoreError::Changed`] when `current` is not what is stored any more, because it was changed or deleted;
    /// [`StoreError::EmailTaken`] when another user has the new email; [`StoreError::Unavailable`] when `next` may not be stored.
    async fn replace(&self, current: &User, next: User) -> Result<User, StoreError>;

    /// Deletes the user with this id, and says whether there was one; once it is durable. Its email is free again.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when the user may still be there.
    async fn delete(&self, id: &str) -> Result<bool, StoreError>;

    /// Some users, in the order of their ids. An index leads to the first of them, so that each page costs the same.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    async fn list(&self, query: UserQuery) -> Result<Vec<User>, StoreError>;

    /// Forgets what retries are recognised by of every user who was created before this time. The users stay.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when something of it may be left.
    async fn forget_requests(&self, before: DateTime<Utc>) -> Result<(), StoreError>;

    /// Whether the store answers.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    async fn ping(&self) -> Result<(), StoreError>;

    /// Adds figures of its own, for Prometheus.
    fn register(&self, _figures: &mut Registry) {}

    /// Copies what is stored now to a file that the store can be opened on, and says how many users that are. An older file in that place
    /// is replaced by a whole one.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoBackup`] where the engine has a way of its own, and [`StoreError::Unavailable`].
    async fn backup(&self, _to: &Path) -> Result<u64, StoreError> {
        Err(StoreError::NoBackup)
    }

    /// Finishes what is under way and lets go of the store; later calls are [`StoreError::Unavailable`].
    async fn close(&self);
}

/// A store that can be looked into, for tests and tools. It reads everything, so no handler sees it.
#[async_trait]
pub trait Inspect: UserStore {
    /// How many users there are.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    async fn count(&self) -> Result<u64, StoreError>;

    /// Every user, ordered by id.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    async fn snapshot(&self) -> Result<Vec<User>, StoreError>;
}

/// Which users to list: those that pass every filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserQuery {
    /// Only the user with this email, whatever the letter case.
    pub email: Option<String>,
    /// Only users who live in one of these countries; an empty set filters nothing.
    pub residency_countries: BTreeSet<String>,
    /// Only users whose id comes after this one.
    pub after: Option<String>,
    /// At most so many.
    pub limit: usize,
}

impl UserQuery {
    /// Whether this user passes the filters other than the email: for a store that has found the email's user.
    fn passes(&self, user: &User) -> bool {
        let lives_there = || user.residency_country.as_ref().is_some_and(|country| self.residency_countries.contains(country));
        self.limit > 0
            && self.after.as_ref().is_none_or(|after| user.id > *after)
            && (self.residency_countries.is_empty() || lives_there())
    }
}

/// Why a store did not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// Another user has this email, in this or another letter case.
    #[error("the email belongs to another user")]
    EmailTaken,
    /// A request with this key has created a user already: this one, who is durable.
    #[error("the key belongs to a request that has created a user")]
    KeyUsed(Box<User>),
    /// The user is not as it was read any more.
    #[error("the user was changed or deleted meanwhile")]
    Changed,
    /// The file is not a store of users.
    #[error("{path} is not a store of users: {why}")]
    NotAStore {
        /// The file.
        path: std::path::PathBuf,
        /// What it is instead.
        why: String,
    },
    /// The file, or the folder that it is to be made in, may not be written.
    #[error("{path} cannot be written: {why}")]
    ReadOnly {
        /// The file.
        path: std::path::PathBuf,
        /// What the system says.
        why: String,
    },
    /// The file was written by another version, in a form that this one does not read.
    #[error("{path} is a store of another version: {why}")]
    OtherVersion {
        /// The file.
        path: std::path::PathBuf,
        /// Which version.
        why: String,
    },
    /// The URL names no store. It is not repeated: it may hold a password.
    #[error("DATABASE_URL is not understood: expected memory:, redb:<path> or mongodb://<hosts>/<database>")]
    Url,
    /// The MongoDB connection string is wrong. It is not repeated either.
    #[error("DATABASE_URL is not a MongoDB connection string, though it begins like one")]
    MongoUri,
    /// The URL names MongoDB, and this build has no driver for it.
    #[error("DATABASE_URL names MongoDB, and this build has no support for it: the feature mongodb is off")]
    NoMongo,
    /// Only the embedded store can be copied to a file.
    #[error("--backup-to is for the embedded store, and DATABASE_URL names another one")]
    NoBackup,
    /// An index that the store needs cannot be created.
    #[error("the index {index} of the collection users cannot be created: {why}")]
    Index {
        /// The index.
        index: &'static str,
        /// What conflicts with it.
        why: &'static str,
    },
    /// The store cannot answer now. The text is for the log and holds no personal data.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
}

/// The form in which emails are compared: two addresses that differ only in letter case are the same.
pub fn normalise_email(email: &str) -> String {
    email.to_lowercase()
}
