//! The laws of a user store, tried on every engine. An engine is one line at the end.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::{path::Path, sync::Arc};

use bson::oid::ObjectId;
use chrono::{DateTime, Utc};
use serde_json::json;
use tempfile::TempDir;
use tokio::task::JoinSet;
use users_api::{
    api::users::User,
    store::{MemoryStore, RedbStore, StoreError, UserStore},
};

/// Strings that a careless store changes: other scripts, composed and decomposed letters, controls, the largest code point.
const AWKWARD: [&str; 8] = ["語", "é", "e\u{301}", "😀👩‍👩‍👧", "\u{0}\u{1}\n\"\\", " ", "\u{10FFFF}\u{FEFF}", "null"];

fn user(email: &str) -> User {
    let now: DateTime<Utc> = "2024-10-03T10:30:00.123Z".parse().unwrap();
    let new = json!({
        "email": email, "firstName": "Ada", "lastName": "Lovelace", "dateOfBirth": "1990-05-15", "residencyCountry": "GR"
    });
    User::create(serde_json::from_value(new).unwrap(), ObjectId::new(), now)
}

/// A user with something everywhere.
fn complete(email: &str, text: &str) -> User {
    let mut complete = user(email);
    complete.first_name = Some(text.to_owned());
    complete.nationalities = Some(vec!["GR".to_owned()]);
    let rest = json!({
        "address": { "line1": text, "line2": text, "city": text, "postalCode": text, "countryCode": "GR" },
        "taxResidency": { "countryCode": "GR", "proofType": text, "value": text },
        "employmentInfo": {
            "incomeRangeId": text, "employmentStatus": text, "sourcesOfWealth": [text, text], "industry": text
        }
    });
    complete.address = serde_json::from_value(rest["address"].clone()).unwrap();
    complete.tax_residency = serde_json::from_value(rest["taxResidency"].clone()).unwrap();
    complete.employment_info = serde_json::from_value(rest["employmentInfo"].clone()).unwrap();
    complete
}

/// What is read equals what was inserted.
async fn reading_is_faithful(store: Arc<dyn UserStore>) {
    let mut inserted = vec![user("minimal@example.com")];
    inserted.extend(AWKWARD.iter().enumerate().map(|(index, text)| complete(&format!("user{index}@example.com"), text)));
    for user in &inserted {
        assert_eq!(store.insert(user.clone()).await.unwrap(), *user);
        assert_eq!(store.find(&user.id).await.unwrap().as_ref(), Some(user));
    }
    assert_eq!(store.count().await.unwrap(), inserted.len() as u64);
    inserted.sort_by(|one, other| one.id.cmp(&other.id));
    assert_eq!(store.snapshot().await.unwrap(), inserted);
}

/// Where there is nothing, nothing is found.
async fn an_empty_store_is_empty(store: Arc<dyn UserStore>) {
    store.ping().await.unwrap();
    assert_eq!(store.count().await.unwrap(), 0);
    assert_eq!(store.snapshot().await.unwrap(), []);
    for id in ["64f0c51e7fb3fc001234a001", "", "not an id"] {
        assert_eq!(store.find(id).await.unwrap(), None, "{id:?}");
    }
}

/// An email has one user, in any letter case, and a refused insertion changes nothing.
async fn an_email_has_one_user(store: Arc<dyn UserStore>) {
    let first = user("Ada.Lovelace@Example.com");
    store.insert(first.clone()).await.unwrap();
    for email in ["Ada.Lovelace@Example.com", "ada.lovelace@example.com", "ADA.LOVELACE@EXAMPLE.COM"] {
        let refused = user(email);
        assert!(matches!(store.insert(refused.clone()).await, Err(StoreError::EmailTaken)), "{email}");
        assert_eq!(store.find(&refused.id).await.unwrap(), None);
    }
    assert_eq!(store.snapshot().await.unwrap(), [first]);
    for another in
        ["adalovelace@example.com", "ada.lovelace@example.co", "ada.lovelace+x@example.com", "\"ada.lovelace\"@example.com"]
    {
        store.insert(user(another)).await.unwrap();
    }
}

/// Of insertions that race for one email, exactly one wins, and it is the winner's user that is there.
async fn a_race_has_one_winner(store: Arc<dyn UserStore>) {
    let mut racers = JoinSet::new();
    for index in 0..32 {
        let store = Arc::clone(&store);
        let email = if index % 2 == 0 { "race@example.com" } else { "RACE@example.com" };
        racers.spawn(async move { store.insert(user(email)).await });
    }
    let (won, lost): (Vec<_>, Vec<_>) = racers.join_all().await.into_iter().partition(Result::is_ok);
    assert!(lost.iter().all(|refused| matches!(refused, Err(StoreError::EmailTaken))), "{lost:?}");
    let winners: Vec<User> = won.into_iter().map(Result::unwrap).collect();
    assert_eq!(winners.len(), 1);
    assert_eq!(store.snapshot().await.unwrap(), winners);
}

/// Insertions of different users do not disturb one another.
async fn many_at_once_are_all_there(store: Arc<dyn UserStore>) {
    let mut tasks = JoinSet::new();
    for index in 0..200 {
        let store = Arc::clone(&store);
        tasks.spawn(async move { store.insert(user(&format!("user{index}@example.com"))).await.unwrap() });
    }
    let mut inserted = tasks.join_all().await;
    inserted.sort_by(|one, other| one.id.cmp(&other.id));
    assert_eq!(store.snapshot().await.unwrap(), inserted);
}

/// A closed store says so to everybody, and closing it twice is harmless.
async fn a_closed_store_is_unavailable(store: Arc<dyn UserStore>) {
    store.insert(user("a@example.com")).await.unwrap();
    store.close().await;
    store.close().await;
    assert!(matches!(store.insert(user("b@example.com")).await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.find("64f0c51e7fb3fc001234a001").await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.count().await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.snapshot().await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));
}

/// What was acknowledged before a store is closed is there when it is opened again, and so is the uniqueness.
async fn a_reopened_store_has_everything(open: impl Fn(&Path) -> Arc<dyn UserStore>, folder: &Path) {
    let store = open(folder);
    let inserted = complete("Ada@example.com", "語");
    store.insert(inserted.clone()).await.unwrap();
    store.close().await;
    drop(store);

    let store = open(folder);
    assert_eq!(store.snapshot().await.unwrap(), [inserted]);
    assert!(matches!(store.insert(user("ada@example.com")).await, Err(StoreError::EmailTaken)));
}

/// Makes a test of each law for an engine, with a store and a folder of its own, and of whatever else holds for it.
macro_rules! laws {
    ($engine:ident, $open:expr, [$($law:ident),*], $($more:item)*) => {
        mod $engine {
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $law() {
                    let folder = TempDir::new().unwrap();
                    super::$law($open(folder.path())).await;
                }
            )*
            $($more)*
        }
    };
    ($engine:ident, $open:expr, $($more:item)*) => {
        laws!($engine, $open, [
            reading_is_faithful,
            an_empty_store_is_empty,
            an_email_has_one_user,
            a_race_has_one_winner,
            many_at_once_are_all_there,
            a_closed_store_is_unavailable
        ], $($more)*);
    };
}

/// The same for an engine that outlives the process.
macro_rules! durable_laws {
    ($engine:ident, $open:expr) => {
        laws!(
            $engine,
            $open,
            #[tokio::test]
            async fn a_reopened_store_has_everything() {
                let folder = TempDir::new().unwrap();
                super::a_reopened_store_has_everything($open, folder.path()).await;
            }
        );
    };
}

laws!(memory, |_: &Path| -> Arc<dyn UserStore> { Arc::new(MemoryStore::default()) },);
durable_laws!(redb, |folder: &Path| -> Arc<dyn UserStore> { Arc::new(RedbStore::open(&folder.join("users.redb")).unwrap()) });
