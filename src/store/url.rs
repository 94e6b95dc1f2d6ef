//! Which store to open, and how.

use std::{fmt, num::NonZeroU32, path::PathBuf, str::FromStr, sync::Arc, time::Duration};

use clap::Args;

use super::{MemoryStore, RedbStore, StoreError, UserStore};
use crate::duration::duration;

/// How MongoDB is used. These two override what the connection string says.
#[derive(Args, Debug, Clone)]
pub struct MongoSettings {
    /// How long MongoDB may take to answer, including finding and connecting to a server.
    #[arg(long = "database-timeout", env = "DATABASE_TIMEOUT", value_name = "DURATION", default_value = "5s", value_parser = duration)]
    pub timeout: Duration,

    /// How many connections to each MongoDB server may be open; further operations wait for one.
    #[arg(long = "database-pool-size", env = "DATABASE_POOL_SIZE", value_name = "N", default_value = "64")]
    pub pool_size: NonZeroU32,
}

/// A MongoDB connection string. It may hold a password, so it is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct MongoUri(String);

impl MongoUri {
    /// The connection string in `text`; none where it is not one by its scheme.
    pub(super) fn new(text: &str) -> Option<Self> {
        ["mongodb://", "mongodb+srv://"].iter().any(|scheme| text.starts_with(scheme)).then(|| Self(text.to_owned()))
    }

    /// The connection string, with what it holds.
    #[cfg(feature = "mongodb")]
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for MongoUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MongoUri(…)")
    }
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
    /// Opens the store, which is created if missing.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] with the cause; with MongoDB also [`StoreError::MongoUri`], [`StoreError::Index`] and
    /// [`StoreError::NoMongo`].
    pub async fn open(&self, mongo: &MongoSettings) -> Result<Arc<dyn UserStore>, StoreError> {
        Ok(match self {
            Self::Memory => Arc::new(MemoryStore::default()),
            Self::Redb(path) => Arc::new(RedbStore::open(path)?),
            #[cfg(feature = "mongodb")]
            Self::Mongo(uri) => Arc::new(super::MongoStore::connect(uri, mongo).await?),
            #[cfg(not(feature = "mongodb"))]
            Self::Mongo(_) => {
                let _ = mongo; // The flags are accepted, so that a command line works with every build.
                return Err(StoreError::NoMongo);
            }
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
