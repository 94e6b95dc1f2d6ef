//! Users in memory, gone with the process: for tests and trials.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound::{Excluded, Unbounded},
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use bson::oid::ObjectId;
use chrono::{DateTime, Utc};

use super::{Inspect, StoreError, UserQuery, UserStore, normalise_email};
use crate::user::User;

/// The store behind `memory:`.
#[derive(Default)]
pub struct MemoryStore(Mutex<Users>);

/// Trees throughout: a hash map that grows copies all of its entries while everybody waits, half a second with 600,000 users.
#[derive(Default)]
struct Users {
    by_id: BTreeMap<String, User>,
    /// Normalised email → id.
    emails: BTreeMap<String, String>,
    /// Country of residence and id.
    countries: BTreeSet<(String, String)>,
    /// Key of the creating request → id.
    keys: BTreeMap<String, String>,
    closed: bool,
}

impl Users {
    fn add(&mut self, user: User) {
        self.emails.insert(normalise_email(&user.email), user.id.clone());
        self.countries.extend(user.residency_country.clone().map(|country| (country, user.id.clone())));
        self.keys.extend(user.idempotency.clone().map(|idempotency| (idempotency.key, user.id.clone())));
        self.by_id.insert(user.id.clone(), user);
    }

    fn remove(&mut self, id: &str) -> bool {
        let Some(user) = self.by_id.remove(id) else { return false };
        self.emails.remove(&normalise_email(&user.email));
        if let Some(country) = user.residency_country {
            self.countries.remove(&(country, user.id));
        }
        if let Some(idempotency) = user.idempotency {
            self.keys.remove(&idempotency.key);
        }
        true
    }

    /// The user that was created with the key that this one is to be created with.
    fn with_key_of(&self, user: &User) -> Option<&User> {
        self.by_id.get(self.keys.get(&user.idempotency.as_ref()?.key)?)
    }

    fn forget_request(&mut self, id: &str) {
        if let Some(idempotency) = self.by_id.get_mut(id).and_then(|user| user.idempotency.take()) {
            self.keys.remove(&idempotency.key);
        }
    }

    /// The ids of the first users who live in this country.
    fn residents(&self, country: &str, after: &str, limit: usize) -> impl Iterator<Item = &String> {
        let start = (country.to_owned(), after.to_owned());
        let of_country = self.countries.range((Excluded(start), Unbounded)).take_while(move |(other, _)| other == country);
        of_country.take(limit).map(|(_, id)| id)
    }
}

impl MemoryStore {
    fn users(&self) -> Result<MutexGuard<'_, Users>, StoreError> {
        // A panic cannot leave the maps half changed: what changes them is infallible.
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
        match users.with_key_of(&user) {
            Some(first) if first.recognises_retries(user.created_at) => return Err(StoreError::KeyUsed(Box::new(first.clone()))),
            Some(first) => {
                let id = first.id.clone();
                users.forget_request(&id);
            }
            None => {}
        }
        if users.emails.contains_key(&normalise_email(&user.email)) {
            return Err(StoreError::EmailTaken);
        }
        while users.by_id.contains_key(&user.id) {
            user.id = ObjectId::new().to_hex();
        }
        users.add(user.clone());
        Ok(user)
    }

    async fn find(&self, id: &str) -> Result<Option<User>, StoreError> {
        Ok(self.users()?.by_id.get(id).cloned())
    }

    async fn replace(&self, current: &User, next: User) -> Result<User, StoreError> {
        let mut users = self.users()?;
        if users.by_id.get(&current.id).is_none_or(|stored| stored.version() != current.version()) {
            return Err(StoreError::Changed);
        }
        if users.emails.get(&normalise_email(&next.email)).is_some_and(|holder| *holder != current.id) {
            return Err(StoreError::EmailTaken);
        }
        users.remove(&current.id);
        users.add(next.clone());
        Ok(next)
    }

    async fn delete(&self, id: &str) -> Result<bool, StoreError> {
        Ok(self.users()?.remove(id))
    }

    async fn list(&self, query: UserQuery) -> Result<Vec<User>, StoreError> {
        let users = self.users()?;
        if let Some(email) = &query.email {
            let found = users.emails.get(&normalise_email(email)).and_then(|id| users.by_id.get(id));
            return Ok(found.filter(|user| query.passes(user)).cloned().into_iter().collect());
        }
        let after = query.after.as_deref().unwrap_or_default();
        if query.residency_countries.is_empty() {
            let following = users.by_id.range::<str, _>((Excluded(after), Unbounded));
            return Ok(following.take(query.limit).map(|(_, user)| user.clone()).collect());
        }
        let countries = query.residency_countries.iter();
        let ids: BTreeSet<&String> = countries.flat_map(|country| users.residents(country, after, query.limit)).collect();
        Ok(ids.into_iter().take(query.limit).filter_map(|id| users.by_id.get(id)).cloned().collect())
    }

    async fn forget_requests(&self, before: DateTime<Utc>) -> Result<(), StoreError> {
        let mut users = self.users()?;
        let old = |id: &&String| users.by_id.get(*id).is_some_and(|user| user.created_at < before);
        let old: Vec<String> = users.keys.values().filter(old).cloned().collect();
        old.iter().for_each(|id| users.forget_request(id));
        Ok(())
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.users().map(drop)
    }

    async fn close(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
    }
}

#[async_trait]
impl Inspect for MemoryStore {
    async fn count(&self) -> Result<u64, StoreError> {
        Ok(self.users()?.by_id.len() as u64)
    }

    async fn snapshot(&self) -> Result<Vec<User>, StoreError> {
        Ok(self.users()?.by_id.values().cloned().collect())
    }
}
