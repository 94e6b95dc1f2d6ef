//! Users in memory, gone with the process: for tests and trials.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use bson::oid::ObjectId;

use super::{StoreError, UserStore, normalise_email};
use crate::user::User;

/// The store behind `memory:`.
#[derive(Default)]
pub struct MemoryStore(Mutex<Users>);

#[derive(Default)]
struct Users {
    by_id: BTreeMap<String, User>,
    emails: HashSet<String>,
    closed: bool,
}

impl MemoryStore {
    fn users(&self) -> Result<MutexGuard<'_, Users>, StoreError> {
        // A panic cannot leave the maps half changed: both insertions are infallible.
        let users = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if users.closed {
            return Err(StoreError::Unavailable("the memory store is closed".to_owned()));
        }
        Ok(users)
    }
}

#[async_trait]
impl UserStore for MemoryStore {
    async fn insert(&self, mut user: User) -> Result<User, StoreError> {
        let mut users = self.users()?;
        if !users.emails.insert(normalise_email(&user.email)) {
            return Err(StoreError::EmailTaken);
        }
        while users.by_id.contains_key(&user.id) {
            user.id = ObjectId::new().to_hex();
        }
        users.by_id.insert(user.id.clone(), user.clone());
        Ok(user)
    }

    async fn find(&self, id: &str) -> Result<Option<User>, StoreError> {
        Ok(self.users()?.by_id.get(id).cloned())
    }

    async fn count(&self) -> Result<u64, StoreError> {
        Ok(self.users()?.by_id.len() as u64)
    }

    async fn snapshot(&self) -> Result<Vec<User>, StoreError> {
        Ok(self.users()?.by_id.values().cloned().collect())
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.users().map(drop)
    }

    async fn close(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
    }
}
