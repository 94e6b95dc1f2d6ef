//! The laws of a user store, tried on every engine. An engine is one line at the end.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::sync::Arc;

use bson::oid::ObjectId;
use chrono::{DateTime, TimeDelta, Utc};
use clap::Parser;
use futures_util::{StreamExt, stream};
use mongo_server::Database;
use serde_json::json;
use tempfile::TempDir;
use tokio::task::JoinSet;
use users_api::{
    api::users::CreateUser,
    store::{Inspect, MemoryStore, MongoSettings, MongoStore, RedbStore, StoreError, StoreUrl, UserQuery},
    user::{Idempotency, User},
};

/// Strings that a careless store changes: other scripts, composed and decomposed letters, controls, the largest code point.
const AWKWARD: [&str; 8] = ["語", "é", "e\u{301}", "😀👩‍👩‍👧", "\u{0}\u{1}\n\"\\", " ", "\u{10FFFF}\u{FEFF}", "null"];

fn user(email: &str) -> User {
    let now: DateTime<Utc> = "2024-10-03T10:30:00.123Z".parse().unwrap();
    let new = json!({
        "email": email, "firstName": "Ada", "lastName": "Lovelace", "dateOfBirth": "1990-05-15", "residencyCountry": "GR"
    });
    serde_json::from_value::<CreateUser>(new).unwrap().into_user(ObjectId::new(), now)
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

/// A user whose creating request has this key.
fn keyed(email: &str, key: &str) -> User {
    let idempotency = Some(Idempotency { key: key.to_owned(), request: format!("{key} {email}") });
    User { idempotency, ..user(email) }
}

/// What is read equals what was inserted.
async fn reading_is_faithful(store: Arc<dyn Inspect>) {
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
async fn an_empty_store_is_empty(store: Arc<dyn Inspect>) {
    store.ping().await.unwrap();
    assert_eq!(store.count().await.unwrap(), 0);
    assert_eq!(store.snapshot().await.unwrap(), []);
    for id in ["64f0c51e7fb3fc001234a001", "", "not an id"] {
        assert_eq!(store.find(id).await.unwrap(), None, "{id:?}");
    }
}

/// An email has one user, in any letter case, and a refused insertion changes nothing.
async fn an_email_has_one_user(store: Arc<dyn Inspect>) {
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
async fn a_race_has_one_winner(store: Arc<dyn Inspect>) {
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
async fn many_at_once_are_all_there(store: Arc<dyn Inspect>) {
    let mut tasks = JoinSet::new();
    for index in 0..200 {
        let store = Arc::clone(&store);
        tasks.spawn(async move { store.insert(user(&format!("user{index}@example.com"))).await.unwrap() });
    }
    let mut inserted = tasks.join_all().await;
    inserted.sort_by(|one, other| one.id.cmp(&other.id));
    assert_eq!(store.snapshot().await.unwrap(), inserted);
}

/// An id has one user, too: an insertion with an id that is taken gets another.
async fn an_id_has_one_user(store: Arc<dyn Inspect>) {
    let first = store.insert(user("first@example.com")).await.unwrap();
    let second = User { id: first.id.clone(), ..user("second@example.com") };
    let stored = store.insert(second.clone()).await.unwrap();
    assert_ne!(stored.id, first.id);
    assert_eq!(User { id: first.id.clone(), ..stored.clone() }, second);
    assert_eq!(store.find(&first.id).await.unwrap(), Some(first));
    assert_eq!(store.find(&stored.id).await.unwrap(), Some(stored));
}

/// Times come back to the millisecond and in their order, also those before 1970 and in the far future.
async fn times_are_exact(store: Arc<dyn Inspect>) {
    let times = [
        "0001-01-01T00:00:00Z",
        "1969-12-31T23:59:59.999Z",
        "1970-01-01T00:00:00Z",
        "1970-01-01T00:00:00.001Z",
        "2024-02-29T12:00:00.123Z",
        "2024-02-29T12:00:00.124Z",
        "9999-12-31T23:59:59.999Z",
    ];
    for (index, time) in times.iter().enumerate() {
        let time: DateTime<Utc> = time.parse().unwrap();
        let user = User { created_at: time, updated_at: time, ..user(&format!("user{index}@example.com")) };
        store.insert(user).await.unwrap();
    }
    let mut users = store.snapshot().await.unwrap();
    users.sort_by(|one, other| one.email.cmp(&other.email));
    let read: Vec<String> =
        users.iter().map(|user| serde_json::to_value(user).unwrap()["createdAt"].as_str().unwrap().to_owned()).collect();
    assert_eq!(read, times);
    assert!(users.iter().all(|user| user.created_at == user.updated_at));
}

/// A user who has been given everything that a user can have comes back as stored.
async fn portfolios_are_kept(store: Arc<dyn Inspect>) {
    let mut rich = complete("rich@example.com", "x");
    let portfolio = json!({
        "id": "64f0c51e7fb3fc001234b001", "currency": "EUR",
        "holdings": [{ "isin": "US0378331005", "assetCommonId": "AAPL", "quantity": 0.1 }, { "isin": "x", "assetCommonId": "y", "quantity": 3.0 }],
        "createdAt": "2024-10-03T10:30:00.001Z", "updatedAt": "2024-10-04T10:30:00Z"
    });
    rich.portfolios = vec![serde_json::from_value(portfolio).unwrap()];
    store.insert(rich.clone()).await.unwrap();
    assert_eq!(store.find(&rich.id).await.unwrap(), Some(rich));
}

/// Of those who replace the same state one succeeds, and the others are told.
async fn a_state_is_replaced_once(store: Arc<dyn Inspect>) {
    let first = store.insert(complete("ada@example.com", "x")).await.unwrap();
    let mut racers = JoinSet::new();
    for index in 0..8 {
        let (store, current) = (Arc::clone(&store), first.clone());
        let next = User { last_name: Some(index.to_string()), ..first.clone() }.revised(first.updated_at);
        racers.spawn(async move { store.replace(&current, next).await });
    }
    let (won, lost): (Vec<_>, Vec<_>) = racers.join_all().await.into_iter().partition(Result::is_ok);
    assert!(lost.iter().all(|refused| matches!(refused, Err(StoreError::Changed))), "{lost:?}");
    let winners: Vec<User> = won.into_iter().map(Result::unwrap).collect();
    assert_eq!(winners.len(), 1);
    assert_eq!(store.snapshot().await.unwrap(), winners);
    let next = winners[0].clone().revised(first.updated_at);
    assert_eq!(store.replace(&winners[0], next.clone()).await.unwrap(), next);
    let late = first.clone().revised(first.updated_at);
    assert!(matches!(store.replace(&first, late).await, Err(StoreError::Changed)));
    let nobody = user("nobody@example.com");
    assert!(matches!(store.replace(&nobody, nobody.clone().revised(first.updated_at)).await, Err(StoreError::Changed)));
    assert_eq!(store.snapshot().await.unwrap(), [next]);
}

/// A replacement may not take another user's email, and frees the one it gives up.
async fn an_email_moves_with_its_user(store: Arc<dyn Inspect>) {
    let ada = store.insert(user("ada@example.com")).await.unwrap();
    store.insert(user("bob@example.com")).await.unwrap();
    let with = |email: &str| User { email: email.to_owned(), ..ada.clone() }.revised(ada.updated_at);
    assert!(matches!(store.replace(&ada, with("BOB@example.com")).await, Err(StoreError::EmailTaken)));
    assert_eq!(store.find(&ada.id).await.unwrap().as_ref(), Some(&ada));
    let upper = store.replace(&ada, with("ADA@example.com")).await.unwrap();
    assert!(matches!(store.insert(user("ada@example.com")).await, Err(StoreError::EmailTaken)));
    store.replace(&upper, with("eve@example.com")).await.unwrap();
    store.insert(user("ada@example.com")).await.unwrap();
    assert!(matches!(store.insert(user("eve@example.com")).await, Err(StoreError::EmailTaken)));
}

/// A deleted user is gone from everywhere.
async fn a_deleted_user_is_gone(store: Arc<dyn Inspect>) {
    let ada = store.insert(user("ada@example.com")).await.unwrap();
    assert!(!store.delete(&ObjectId::new().to_hex()).await.unwrap());
    assert!(store.delete(&ada.id).await.unwrap());
    assert!(!store.delete(&ada.id).await.unwrap());
    assert_eq!(store.find(&ada.id).await.unwrap(), None);
    for (email, country) in [(None, None), (Some("ada@example.com"), None), (None, Some("GR"))] {
        assert_eq!(list(&store, email, country.as_slice(), None, 10).await, []);
    }
    assert!(matches!(store.replace(&ada, ada.clone().revised(ada.updated_at)).await, Err(StoreError::Changed)));
    store.insert(user("ada@example.com")).await.unwrap();
}

async fn list(store: &Arc<dyn Inspect>, email: Option<&str>, countries: &[&str], after: Option<&str>, limit: usize) -> Vec<User> {
    let residency_countries = countries.iter().map(|country| (*country).to_owned()).collect();
    let query = UserQuery { email: email.map(str::to_owned), residency_countries, after: after.map(str::to_owned), limit };
    store.list(query).await.unwrap()
}

/// A list has those who pass every filter, in the order of their ids, from where it begins.
async fn a_list_is_filtered_and_in_order(store: Arc<dyn Inspect>) {
    let mut all = Vec::new();
    for index in 0..9 {
        let country = ["GR", "CY", "DE"][index % 3].to_owned();
        let user = User { residency_country: Some(country), ..user(&format!("User{index}@example.com")) };
        all.push(store.insert(user).await.unwrap());
    }
    all.sort_by(|one, other| one.id.cmp(&other.id));
    let moved = User { residency_country: Some("FR".to_owned()), ..all[8].clone() }.revised(all[8].updated_at);
    all[8] = store.replace(&all[8], moved).await.unwrap();
    for limit in [0, 1, 4, 9, 20] {
        for countries in [&[][..], &["GR"], &["DE", "GR"], &["FR", "IT"]] {
            for after in [None, Some(&all[0]), Some(&all[3]), Some(&all[8])] {
                let of = |user: &&User| {
                    (countries.is_empty() || countries.contains(&user.residency_country.as_deref().unwrap()))
                        && after.is_none_or(|after| user.id > after.id)
                };
                let expected: Vec<User> = all.iter().filter(of).take(limit).cloned().collect();
                let listed = list(&store, None, countries, after.map(|user| user.id.as_str()), limit).await;
                assert_eq!(listed, expected, "{limit} {countries:?}");
            }
        }
    }
    let (ada, country) = (&all[4], all[4].residency_country.as_deref().unwrap());
    let email = ada.email.to_uppercase();
    assert_eq!(list(&store, Some(&email), &[], None, 10).await, std::slice::from_ref(ada));
    assert_eq!(list(&store, Some(&email), &["IT", country], Some(&all[3].id), 10).await, std::slice::from_ref(ada));
    for (countries, after) in [(&["IT"][..], None), (&[], Some(ada.id.as_str()))] {
        assert_eq!(list(&store, Some(&email), countries, after, 10).await, []);
    }
}

/// Whoever comes with a key that has a user gets this user, as it is now, and changes nothing.
async fn a_key_has_one_user(store: Arc<dyn Inspect>) {
    let first = store.insert(keyed("ada@example.com", "k1")).await.unwrap();
    let repeated = async |email: &str| match store.insert(keyed(email, "k1")).await {
        Err(StoreError::KeyUsed(first)) => *first,
        other => panic!("{other:?}"),
    };
    for email in ["ada@example.com", "ADA@example.com", "bob@example.com"] {
        assert_eq!(repeated(email).await, first, "{email}");
    }
    let moved = User { email: "eve@example.com".to_owned(), ..first.clone() }.revised(first.updated_at);
    let moved = store.replace(&first, moved).await.unwrap();
    assert_eq!(repeated("ada@example.com").await, moved);
    assert!(matches!(store.insert(keyed("eve@example.com", "k2")).await, Err(StoreError::EmailTaken)));
    assert!(matches!(store.insert(user("eve@example.com")).await, Err(StoreError::EmailTaken)));
    assert_eq!(store.snapshot().await.unwrap(), std::slice::from_ref(&moved));
    let other = store.insert(keyed("bob@example.com", "k2")).await.unwrap();
    assert!(store.delete(&moved.id).await.unwrap());
    let again = store.insert(keyed("ada@example.com", "k1")).await.unwrap();
    assert_ne!(again.id, moved.id, "its key is gone with a user");
    let mut all = [other, again];
    all.sort_by(|one, other| one.id.cmp(&other.id));
    assert_eq!(store.snapshot().await.unwrap(), all);
}

/// Of requests that race with one key, with one body or with several, one creates a user, and the others get this user.
async fn a_race_with_one_key_has_one_user(store: Arc<dyn Inspect>) {
    for bodies in [1, 4] {
        let key = format!("k{bodies}");
        let mut racers = JoinSet::new();
        for index in 0..32 {
            let (store, racer) = (Arc::clone(&store), keyed(&format!("racer{bodies}.{}@example.com", index % bodies), &key));
            racers.spawn(async move { store.insert(racer).await });
        }
        let (won, lost): (Vec<_>, Vec<_>) = racers.join_all().await.into_iter().partition(Result::is_ok);
        let winners: Vec<User> = won.into_iter().map(Result::unwrap).collect();
        assert_eq!(winners.len(), 1, "{bodies}");
        let told = |lost: &Result<User, StoreError>| matches!(lost, Err(StoreError::KeyUsed(first)) if **first == winners[0]);
        assert!(lost.iter().all(told), "{bodies}: {lost:?}");
        assert_eq!(store.find(&winners[0].id).await.unwrap().as_ref(), winners.first());
    }
    assert_eq!(store.count().await.unwrap(), 2);
}

/// A key is its user's for 24 hours, whether or not the old ones have been removed.
async fn a_key_is_kept_for_a_day(store: Arc<dyn Inspect>) {
    let first = store.insert(keyed("ada@example.com", "k1")).await.unwrap();
    let later = |email: &str, after: TimeDelta| User { created_at: first.created_at + after, ..keyed(email, "k1") };
    let a_day = TimeDelta::hours(24);
    let early = later("bob@example.com", a_day - TimeDelta::milliseconds(1));
    assert!(matches!(store.insert(early).await, Err(StoreError::KeyUsed(holder)) if *holder == first));
    let second = store.insert(later("bob@example.com", a_day)).await.unwrap();
    let forgotten = User { idempotency: None, ..first.clone() };
    assert_eq!(store.find(&first.id).await.unwrap(), Some(forgotten));
    let retry = later("eve@example.com", a_day);
    assert!(matches!(store.insert(retry.clone()).await, Err(StoreError::KeyUsed(holder)) if *holder == second));

    store.forget_requests(second.created_at).await.unwrap();
    assert!(matches!(store.insert(retry.clone()).await, Err(StoreError::KeyUsed(_))), "it is not older");
    store.forget_requests(second.created_at + TimeDelta::milliseconds(1)).await.unwrap();
    assert_eq!(store.find(&second.id).await.unwrap(), Some(User { idempotency: None, ..second }));
    store.insert(retry).await.unwrap();
}

/// However many keys are too old, all of them are removed, and no user is.
async fn old_keys_are_removed_and_their_users_stay(store: Arc<dyn Inspect>) {
    let insert =
        async |index: usize| store.insert(keyed(&format!("user{index}@example.com"), &format!("k{index}"))).await.unwrap();
    let inserted: Vec<User> = stream::iter(0..300).map(insert).buffer_unordered(8).collect().await;
    let without_key = store.insert(user("ada@example.com")).await.unwrap();
    store.forget_requests(without_key.created_at + TimeDelta::milliseconds(1)).await.unwrap();
    let mut expected: Vec<User> = inserted.into_iter().map(|user| User { idempotency: None, ..user }).collect();
    expected.push(without_key);
    expected.sort_by(|one, other| one.id.cmp(&other.id));
    assert_eq!(store.snapshot().await.unwrap(), expected);
}

/// A closed store says so to everybody, and closing it twice is harmless.
async fn a_closed_store_is_unavailable(store: Arc<dyn Inspect>) {
    store.insert(user("a@example.com")).await.unwrap();
    store.close().await;
    store.close().await;
    assert!(matches!(store.insert(user("b@example.com")).await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.find("64f0c51e7fb3fc001234a001").await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.delete("64f0c51e7fb3fc001234a001").await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.replace(&user("a@example.com"), user("c@example.com")).await, Err(StoreError::Unavailable(_))));
    let query = UserQuery { limit: 1, ..UserQuery::default() };
    assert!(matches!(store.list(query).await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.forget_requests(Utc::now()).await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.count().await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.snapshot().await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));
}

/// What was acknowledged before a store is closed is there when it is opened again, and so is the uniqueness.
async fn a_reopened_store_has_everything(backend: &impl TestBackend) {
    let store = backend.open().await;
    let inserted = complete("Ada@example.com", "語");
    let inserted = store.insert(inserted).await.unwrap();
    let changed = User { last_name: Some("King".to_owned()), ..inserted.clone() }.revised(inserted.updated_at);
    let inserted = store.replace(&inserted, changed).await.unwrap();
    let deleted = store.insert(user("bob@example.com")).await.unwrap();
    assert!(store.delete(&deleted.id).await.unwrap());
    store.close().await;
    drop(store);

    let store = backend.open().await;
    assert_eq!(store.snapshot().await.unwrap(), [inserted]);
    assert!(matches!(store.insert(user("ada@example.com")).await, Err(StoreError::EmailTaken)));
}

/// A retry is recognised after the store was closed and opened again, and old keys are removed as ever.
async fn a_reopened_store_recognises_retries(backend: &impl TestBackend) {
    let store = backend.open().await;
    let first = store.insert(keyed("ada@example.com", "k1")).await.unwrap();
    store.close().await;
    drop(store);

    let store = backend.open().await;
    assert!(matches!(store.insert(keyed("ada@example.com", "k1")).await, Err(StoreError::KeyUsed(found)) if *found == first));
    store.forget_requests(first.created_at + TimeDelta::milliseconds(1)).await.unwrap();
    assert_eq!(store.snapshot().await.unwrap(), [User { idempotency: None, ..first }]);
}

/// Where a test's store of one engine is: empty at first, and gone with the test.
trait TestBackend: Sized {
    /// None where this machine lacks what the engine needs.
    fn new() -> Option<Self>;
    async fn open(&self) -> Arc<dyn Inspect>;
}

struct Memory;

impl TestBackend for Memory {
    fn new() -> Option<Self> {
        Some(Self)
    }

    async fn open(&self) -> Arc<dyn Inspect> {
        Arc::new(MemoryStore::default())
    }
}

struct Redb(TempDir);

impl TestBackend for Redb {
    fn new() -> Option<Self> {
        Some(Self(TempDir::new().unwrap()))
    }

    async fn open(&self) -> Arc<dyn Inspect> {
        Arc::new(RedbStore::open(&self.0.path().join("users.redb")).unwrap())
    }
}

struct MongoDb(Database);

impl TestBackend for MongoDb {
    fn new() -> Option<Self> {
        Database::fresh().map(Self)
    }

    async fn open(&self) -> Arc<dyn Inspect> {
        let Ok(StoreUrl::Mongo(uri)) = self.0.uri().parse() else { panic!("no URI of MongoDB") };
        Arc::new(MongoStore::connect(&uri, &Settings::parse_from(["test"]).mongo).await.unwrap())
    }
}

#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    mongo: MongoSettings,
}

/// Makes a test of each law for an engine.
macro_rules! laws {
    ($engine:ident, $backend:ident, [$($law:ident),*], [$($durable:ident),*]) => {
        mod $engine {
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $law() {
                    let Some(backend) = $backend::new() else { return };
                    super::$law(backend.open().await).await;
                }
            )*
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $durable() {
                    let Some(backend) = $backend::new() else { return };
                    super::$durable(&backend).await;
                }
            )*
        }
    };
    ($engine:ident, $backend:ident, $durable:tt) => {
        laws!($engine, $backend, [
            reading_is_faithful,
            portfolios_are_kept,
            times_are_exact,
            an_empty_store_is_empty,
            an_email_has_one_user,
            an_id_has_one_user,
            a_race_has_one_winner,
            many_at_once_are_all_there,
            a_state_is_replaced_once,
            an_email_moves_with_its_user,
            a_deleted_user_is_gone,
            a_list_is_filtered_and_in_order,
            a_key_has_one_user,
            a_race_with_one_key_has_one_user,
            a_key_is_kept_for_a_day,
            old_keys_are_removed_and_their_users_stay,
            a_closed_store_is_unavailable
        ], $durable);
    };
}

laws!(memory, Memory, []);
laws!(redb, Redb, [a_reopened_store_has_everything, a_reopened_store_recognises_retries]);
laws!(mongo, MongoDb, [a_reopened_store_has_everything, a_reopened_store_recognises_retries]);
