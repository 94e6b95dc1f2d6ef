//! Where users live: the [`UserStore`] trait, and one file per engine.

mod memory;
mod mongo;
mod redb;

use std::{path::PathBuf, str::FromStr, sync::Arc};

use async_trait::async_trait;

pub use self::{
    memory::MemoryStore,
    mongo::{MongoStore, MongoUri},
    redb::RedbStore,
};
use crate::{api::users::User, config::Mongo};

/// Keeps users.
///
/// The laws that every engine obeys: an email has at most one user, whatever its letter case and whatever races; a user
/// whose insertion was acknowledged is durable; a refused insertion changes nothing; what is read equals what was inserted.
#[async_trait]
pub trait UserStore: Send + Sync {
    /// Stores a new user and returns it as stored, once it is durable; with another id where another user has that one.
    ///
    /// # Errors
    ///
    /// [`StoreError::EmailTaken`] when another user has the email; [`StoreError::Unavailable`] when the user may not be stored.
    async fn insert(&self, user: User) -> Result<User, StoreError>;

    /// The user with this id (24 hexadecimal digits).
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    async fn find(&self, id: &str) -> Result<Option<User>, StoreError>;

    /// How many users there are.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    async fn count(&self) -> Result<u64, StoreError>;

    /// Every user, ordered by id. For tests: it reads everything.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    async fn snapshot(&self) -> Result<Vec<User>, StoreError>;

    /// Whether the store answers.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    async fn ping(&self) -> Result<(), StoreError>;

    /// Finishes what is under way and lets go of the store; later calls are [`StoreError::Unavailable`].
    async fn close(&self);
}

/// Why a store did not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// Another user has this email, in this or another letter case.
    #[error("the email belongs to another user")]
    EmailTaken,
    /// The URL names no store. It is not repeated: it may hold a password.
    #[error("DATABASE_URL is not understood: expected memory:, redb:<path> or mongodb://<hosts>/<database>")]
    Url,
    /// The MongoDB connection string is wrong. It is not repeated either.
    #[error("DATABASE_URL is not a MongoDB connection string, though it begins like one")]
    MongoUri,
    /// An index that the store needs cannot be had.
    #[error("the index {index} of the collection users cannot be made: {why}")]
    Index {
        /// The index.
        index: &'static str,
        /// What stands against it.
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

/// Which store, as `DATABASE_URL` says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreUrl {
    /// `memory:` keeps users as long as the process lives.
    Memory,
    /// `redb:<path>` keeps users in one file on this machine.
    Redb(PathBuf),
    /// `mongodb://…` and `mongodb+srv://…` keep users in MongoDB, which any number of processes can share.
    Mongo(MongoUri),
}

impl FromStr for StoreUrl {
    type Err = StoreError;

    fn from_str(url: &str) -> Result<Self, StoreError> {
        match url.split_once(':') {
            Some(("memory", "")) => Ok(Self::Memory),
            Some(("redb", path)) if !path.is_empty() => Ok(Self::Redb(path.into())),
            _ => MongoUri::new(url).map(Self::Mongo).ok_or(StoreError::Url),
        }
    }
}

impl StoreUrl {
    /// Opens the store, making it where it does not exist.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] with the cause; with MongoDB also [`StoreError::MongoUri`] and [`StoreError::Index`].
    pub async fn open(&self, mongo: &Mongo) -> Result<Arc<dyn UserStore>, StoreError> {
        Ok(match self {
            Self::Memory => Arc::new(MemoryStore::default()),
            Self::Redb(path) => Arc::new(RedbStore::open(path)?),
            Self::Mongo(uri) => Arc::new(MongoStore::connect(uri, mongo).await?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_url_names_the_engine_and_one_of_mongodb_is_not_shown() {
        assert_eq!("memory:".parse::<StoreUrl>().unwrap(), StoreUrl::Memory);
        assert_eq!("redb:data/users.redb".parse::<StoreUrl>().unwrap(), StoreUrl::Redb("data/users.redb".into()));
        for url in ["mongodb://db.example/users", "mongodb+srv://scott:tiger@db.example/"] {
            let parsed = url.parse::<StoreUrl>().unwrap();
            assert!(matches!(parsed, StoreUrl::Mongo(_)), "{url}");
            assert_eq!(format!("{parsed:?}"), "Mongo(MongoUri(…))");
        }
    }

    #[test]
    fn an_unknown_database_url_is_refused() {
        for url in ["", "redb:", "memory:x", "data/users.redb", "oracle://scott:tiger@db", "mongo://db", "mongodb:db"] {
            assert!(matches!(url.parse::<StoreUrl>(), Err(StoreError::Url)), "{url}");
        }
    }
}
