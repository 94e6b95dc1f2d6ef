//! Requests that are sent again with their `Idempotency-Key`.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Semaphore;
use users_api::{
    store::{Inspect, MemoryStore, RedbStore, StoreError, UserQuery, UserStore},
    user::User,
};

use crate::{
    app::{Answer, App, complete, minimal, send},
    issuer::RealIssuer,
    process::Process,
};

const KEY: &str = "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"";

fn with_key<S: UserStore + 'static>(app: &App<S>, key: &str, user: &Value) -> RequestBuilder {
    app.post().header("idempotency-key", key).body(user.to_string())
}

async fn create<S: UserStore + 'static>(app: &App<S>, key: &str, user: &Value) -> Answer {
    send(with_key(app, key, user)).await
}

#[track_caller]
fn assert_first(answer: &Answer) {
    answer.assert_created();
    assert!(!answer.headers.contains_key("idempotent-replayed"));
}

#[track_caller]
fn assert_replayed(answer: &Answer, first: &Answer) {
    answer.assert_created();
    assert_eq!(answer.header("idempotent-replayed"), "true");
    assert_eq!(answer.body, first.body);
    assert_eq!((answer.header("location"), answer.header("etag")), (first.header("location"), first.header("etag")));
}

#[tokio::test]
async fn a_retry_gets_the_first_answer_and_creates_nothing() {
    let app = App::start().await;
    let user = complete("ada@example.com");
    let first = create(&app, KEY, &user).await;
    assert_first(&first);
    assert_replayed(&create(&app, KEY, &user).await, &first);
    assert_replayed(&create(&app, KEY.trim_matches('"'), &user).await, &first);
    // The same JSON, written in another way.
    let mut turned: Vec<(String, Value)> = user.as_object().unwrap().clone().into_iter().collect();
    turned.reverse();
    let turned = serde_json::to_string_pretty(&Value::Object(turned.into_iter().collect())).unwrap();
    assert_replayed(&send(app.post().header("idempotency-key", KEY).body(turned)).await, &first);
    // Whoever has changed the user since, the first answer is what it was.
    let token = app.token("write:users");
    let patch = app.request(Method::PATCH, first.header("location")).bearer_auth(token);
    let patch = patch.header("content-type", "application/merge-patch+json").body(r#"{"email":"eve@example.com"}"#);
    assert_eq!(send(patch).await.status, 200);
    assert_replayed(&create(&app, KEY, &user).await, &first);
    assert_eq!(app.store.count().await.unwrap(), 1);
    // Without the key it is another request, and so it is with another one.
    assert_first(&app.create(&user).await);
    create(&app, "another-key", &user).await.assert_problem(409, "CONFLICT");
}

#[tokio::test]
async fn another_body_with_the_key_is_422_and_changes_nothing() {
    let app = App::start().await;
    let user = complete("ada@example.com");
    let first = create(&app, KEY, &user).await;
    assert_first(&first);
    let mut other = user.clone();
    other["language"] = json!("en");
    for other in [other, minimal("ada@example.com"), minimal("bob@example.com")] {
        let refused = create(&app, KEY, &other).await;
        refused.assert_problem(422, "UNPROCESSABLE_ENTITY");
        refused.assert_refused(&["/header/Idempotency-Key unique"]);
    }
    assert_replayed(&create(&app, KEY, &user).await, &first);
    assert_eq!(app.store.count().await.unwrap(), 1);
    // What is refused has not used its key.
    create(&app, "k2", &minimal("ADA@example.com")).await.assert_problem(409, "CONFLICT");
    create(&app, "k2", &json!({})).await.assert_problem(400, "BAD_REQUEST");
    assert_first(&create(&app, "k2", &minimal("bob@example.com")).await);
}

#[tokio::test]
async fn each_caller_has_keys_of_its_own() {
    let issuer = RealIssuer::start().await;
    let app = App::with(|config| config.issuer = issuer.settings()).await;
    let post = |subject: &str, user: &Value| {
        let request = app.request(Method::POST, "/users").bearer_auth(issuer.sign(json!({ "sub": subject })));
        send(request.header("content-type", "application/json").header("idempotency-key", KEY).body(user.to_string()))
    };
    let (ada, bob) = (minimal("ada@example.com"), minimal("bob@example.com"));
    let first = [post("one", &ada).await, post("other", &bob).await];
    first.iter().for_each(assert_first);
    assert_replayed(&post("one", &ada).await, &first[0]);
    assert_replayed(&post("other", &bob).await, &first[1]);
    post("other", &ada).await.assert_problem(422, "UNPROCESSABLE_ENTITY");
    post("a third", &ada).await.assert_problem(409, "CONFLICT");
}

#[tokio::test]
async fn a_malformed_key_is_400() {
    let app = App::start().await;
    let user = minimal("ada@example.com");
    let long = "k".repeat(256);
    let quoted = format!("\"{long}\"");
    for key in ["", "\"\"", "\"k", "k\"", "a b", "a,b", "\"a\\\"b\"", "\"k\";p=1", "k\u{e9}", &long, &quoted] {
        let refused = send(with_key(&app, key, &user)).await;
        refused.assert_problem(400, "BAD_REQUEST");
        refused.assert_refused(&["/header/Idempotency-Key pattern"]);
    }
    send(with_key(&app, "k1", &user).header("idempotency-key", "k2")).await.assert_refused(&["/header/Idempotency-Key type"]);
    assert_eq!(app.store.count().await.unwrap(), 0);
    let longest = "k".repeat(255);
    let first = create(&app, &longest, &user).await;
    assert_first(&first);
    assert_replayed(&create(&app, &format!("\"{longest}\""), &user).await, &first);
}

/// A store in memory that holds each insertion until it is released.
struct Held {
    store: MemoryStore,
    arrived: Semaphore,
    released: Semaphore,
}

impl Held {
    fn new() -> Self {
        Self { store: MemoryStore::default(), arrived: Semaphore::new(0), released: Semaphore::new(0) }
    }
}

#[async_trait]
impl UserStore for Held {
    async fn insert(&self, user: User) -> Result<User, StoreError> {
        self.arrived.add_permits(1);
        self.released.acquire().await.unwrap().forget();
        self.store.insert(user).await
    }
    async fn find(&self, id: &str) -> Result<Option<User>, StoreError> {
        self.store.find(id).await
    }
    async fn replace(&self, current: &User, next: User) -> Result<User, StoreError> {
        self.store.replace(current, next).await
    }
    async fn delete(&self, id: &str) -> Result<bool, StoreError> {
        self.store.delete(id).await
    }
    async fn list(&self, query: UserQuery) -> Result<Vec<User>, StoreError> {
        self.store.list(query).await
    }
    async fn forget_requests(&self, before: DateTime<Utc>) -> Result<(), StoreError> {
        self.store.forget_requests(before).await
    }
    async fn ping(&self) -> Result<(), StoreError> {
        self.store.ping().await
    }
    async fn close(&self) {
        self.store.close().await;
    }
}

#[tokio::test]
async fn a_retry_of_a_request_that_is_under_way_is_409() {
    let app = App::on(Arc::new(Held::new()), |_| {}).await;
    let user = minimal("ada@example.com");
    let first = tokio::spawn(send(with_key(&app, KEY, &user)));
    app.store.arrived.acquire().await.unwrap().forget();
    for user in [&user, &minimal("bob@example.com")] {
        let refused = create(&app, KEY, user).await;
        refused.assert_problem(409, "CONFLICT");
        refused.assert_refused(&["/header/Idempotency-Key unique"]);
        assert!(refused.body["errors"][0]["message"].as_str().unwrap().contains("under way"), "{:#}", refused.body);
    }
    app.store.released.add_permits(3);
    let first = first.await.unwrap();
    assert_first(&first);
    assert_replayed(&create(&app, KEY, &user).await, &first);
    create(&app, KEY, &minimal("bob@example.com")).await.assert_problem(422, "UNPROCESSABLE_ENTITY");
}

/// Sends one request many times at once, to all of these servers: one creates the user, and the others say so or come too early.
pub async fn race<S: Inspect + 'static>(apps: &[&App<S>]) {
    let user = minimal("ada@example.com");
    let answers = join_all((0..32).map(|number| create(apps[number % apps.len()], KEY, &user))).await;
    let (created, early): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 201);
    let (first, replayed): (Vec<_>, Vec<_>) =
        created.into_iter().partition(|answer| !answer.headers.contains_key("idempotent-replayed"));
    assert_eq!(first.len(), 1);
    replayed.iter().for_each(|answer| assert_replayed(answer, &first[0]));
    early.iter().for_each(|answer| answer.assert_problem(409, "CONFLICT"));
    for app in apps {
        assert_eq!(app.store.count().await.unwrap(), 1);
        assert_replayed(&create(app, KEY, &user).await, &first[0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_sent_many_times_at_once_creates_one_user() {
    race(&[&App::start().await]).await;
    let data = TempDir::new().unwrap();
    race(&[&App::on(Arc::new(RedbStore::open(&data.path().join("users.redb")).unwrap()), |_| {}).await]).await;
}

#[tokio::test]
async fn a_deleted_user_takes_its_key_along() {
    let app = App::start().await;
    let user = minimal("ada@example.com");
    let first = create(&app, KEY, &user).await;
    assert_first(&first);
    let delete = app.request(Method::DELETE, first.header("location")).bearer_auth(app.token("write:users"));
    assert_eq!(send(delete).await.status, 204);
    let second = create(&app, KEY, &user).await;
    assert_first(&second);
    assert_ne!(second.body["id"], first.body["id"]);
    assert_replayed(&create(&app, KEY, &user).await, &second);
}

#[tokio::test]
async fn a_retry_after_a_crash_gets_the_answer_that_was_lost() {
    let data = TempDir::new().unwrap();
    let mut emails = Vec::new();
    let mut before: Option<(String, Value, Answer)> = None;
    for round in 0..6 {
        let server = Process::start(data.path(), &[]);
        let post = |key: &str, user: &Value| server.post().header("idempotency-key", key).body(user.to_string());
        if let Some((key, user, first)) = &before {
            assert_replayed(&send(post(key, user)).await, first);
        }
        let (key, user) = (format!("key-{round}"), complete(&format!("user{round}@example.com")));
        emails.push(user["email"].clone());
        // Killed before the answer is read: nobody knows what came of it.
        let lost = tokio::spawn(post(&key, &user).send());
        tokio::task::yield_now().await;
        let server_was = server.kill();
        drop((lost.await, server_was));

        let server = Process::start(data.path(), &[]);
        let post = |key: &str, user: &Value| server.post().header("idempotency-key", key).body(user.to_string());
        let first = send(post(&key, &user)).await;
        first.assert_created();
        assert_replayed(&send(post(&key, &user)).await, &first);
        server.kill();
        before = Some((key, user, first));
    }
    let path = data.path().join("users.redb");
    let store = RedbStore::open(&path).unwrap();
    let mut stored: Vec<Value> = store.snapshot().await.unwrap().into_iter().map(|user| user.email.into()).collect();
    store.close().await;
    stored.sort_by_key(ToString::to_string);
    assert_eq!(stored, emails);
    let file = std::fs::read(path).unwrap();
    assert!(!file.windows(5).any(|window| window == b"key-5"), "keys are stored as hashes");
}
