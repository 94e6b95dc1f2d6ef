//! What the server keeps, in memory.

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::Value;

/// What is wrong with keeping it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lapse {
    NotUnique,
    CaseSensitive,
    CheckThenInsert,
    PlusTagIgnored,
    LocalPartOnly,
    FirstNameToo,
    ConflictStored,
    RefusedStored,
    RefusedTakesTheValue,
    UnauthenticatedStored,
    NotStored,
    StoredTwice,
    StoredLowerCase,
    StoredWithoutOptional,
    SameId,
    IdReused,
    OverwritesTheFirst,
}

/// A value that no two resources may share: where it is in the body, and its text.
pub type Claim = (String, String);

/// The resources, each with its path, in the order of their creation.
#[derive(Default)]
pub struct Store(Mutex<Shelf>);

#[derive(Default)]
struct Shelf {
    items: Vec<(String, Value)>,
    taken: HashSet<Claim>,
}

impl Store {
    /// How many resources are stored.
    pub fn count(&self) -> usize {
        self.shelf().items.len()
    }

    /// Every resource, in the order of creation.
    pub fn snapshot(&self) -> Vec<Value> {
        self.shelf().items.iter().map(|(_, value)| value.clone()).collect()
    }

    /// The resource at this path.
    pub(super) fn find(&self, path: &str) -> Option<Value> {
        self.shelf().items.iter().find(|(known, _)| known == path).map(|(_, value)| value.clone())
    }

    /// Takes all the values, or none and tells where those are that are taken.
    pub(super) async fn claim(&self, claims: &[Claim], lapse: Option<Lapse>) -> Vec<String> {
        let claims: Vec<Claim> = claims.iter().map(|(at, text)| (at.clone(), normal(text, lapse))).collect();
        let conflicts = |shelf: &Shelf| -> Vec<String> {
            claims.iter().filter(|claim| shelf.taken.contains(*claim)).map(|(at, _)| at.clone()).collect()
        };
        if lapse == Some(Lapse::NotUnique) {
            return Vec::new();
        }
        if lapse == Some(Lapse::CheckThenInsert) {
            let found = conflicts(&self.shelf());
            tokio::time::sleep(Duration::from_millis(20)).await; // Others look in the meantime.
            self.shelf().taken.extend(claims);
            return found;
        }
        let mut shelf = self.shelf();
        let found = conflicts(&shelf);
        if found.is_empty() {
            shelf.taken.extend(claims);
        }
        found
    }

    /// Stores a resource at its path, in the place of one that is there.
    pub(super) fn put(&self, path: String, value: Value) {
        let mut shelf = self.shelf();
        match shelf.items.iter_mut().find(|(known, _)| *known == path) {
            Some((_, old)) => *old = value,
            None => shelf.items.push((path, value)),
        }
    }

    /// Stores a resource whatever is at its path.
    pub(super) fn push(&self, path: String, value: Value) {
        self.shelf().items.push((path, value));
    }

    pub(super) fn remove(&self, path: &str) {
        self.shelf().items.retain(|(known, _)| known != path);
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The form in which two equal values are equal.
fn normal(text: &str, lapse: Option<Lapse>) -> String {
    match lapse {
        Some(Lapse::CaseSensitive) => text.to_owned(),
        Some(Lapse::PlusTagIgnored) => {
            let (local, domain) = text.split_once('@').unwrap_or((text, ""));
            format!("{}@{domain}", local.split('+').next().unwrap_or_default()).to_lowercase()
        }
        Some(Lapse::LocalPartOnly) => text.split('@').next().unwrap_or_default().to_lowercase(),
        _ => text.to_lowercase(),
    }
}
