//! The server on MongoDB: what it does at start-up and when the database misbehaves, and what several servers do on one database.
//!
//! The laws of the store itself are in `tests/store.rs`, the contract in `contract-tests/tests/users_api.rs`.
//! A seeded schedule of faults runs through `proxy.rs`, and every answer is compared with what is stored; `SEED=7` runs one.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use bson::{Bson, Document, doc};
use chrono::DateTime;
use futures_util::{StreamExt, stream};
use mongo_server::Database;
use mongodb::{Client, Collection, IndexModel, options::IndexOptions};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use reqwest::Method;
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::Mutex;
use users_api::store::{Inspect, MongoSettings, MongoStore, StoreUrl, UserStore, normalise_email};

use crate::{
    app::{Answer, App, complete, minimal, send},
    operations::dashboard,
    privacy::{assert_exported, fullest_user},
    process::{Process, binary, refusal},
    proxy::{Fault, Proxy},
    retries,
};

/// The store in this database, with this time-out.
async fn store(uri: &str, timeout: Duration) -> Arc<MongoStore> {
    connect(uri, timeout, 64).await
}

/// The store in this database, with this time-out, which can be too short for the first connection on a busy machine, and so many
/// connections.
async fn connect(uri: &str, timeout: Duration, connections: u32) -> Arc<MongoStore> {
    let Ok(StoreUrl::Mongo(uri)) = uri.parse() else { panic!("no URI of MongoDB") };
    let settings = MongoSettings { timeout, pool_size: connections.try_into().unwrap() };
    let mut last = None;
    for _ in 0..20 {
        match MongoStore::connect(&uri, &settings).await {
            Ok(store) => return Arc::new(store),
            Err(error) => last = Some(error),
        }
    }
    panic!("{last:?}")
}

async fn collection(database: &Database) -> Collection<Document> {
    Client::with_uri_str(database.uri()).await.unwrap().database(database.name()).collection("users")
}

/// `host:port` of a URI with one host.
fn authority(uri: &str) -> String {
    let rest = uri.split_once("://").unwrap().1;
    let hosts = rest.split(['/', '?']).next().unwrap();
    hosts.rsplit('@').next().unwrap().to_owned()
}

/// The URI by way of the proxy.
fn through(proxy: &Proxy, uri: &str) -> String {
    uri.replacen(&authority(uri), &proxy.address().to_string(), 1)
}

/// What the server is asked in a fault schedule: a body, and what came of it.
struct Asked {
    body: Value,
    status: u16,
    answer: Value,
}

/// A change of a user who was acknowledged before: a patch of one property, or a deletion; and what came of it.
struct Changed {
    step: usize,
    id: String,
    patch: Option<(&'static str, String)>,
    status: u16,
}

/// A schedule: faults, each with the requests that meet it. An email is a number of a small pool, in one of two letter cases. What is
/// done is a number, too: to create a user with it, to patch one of the two properties of its user, or to delete its user.
type Schedule = Vec<(Fault, Vec<(u8, bool, u8)>)>;

/// The properties that are patched.
const PATCHED: [&str; 2] = ["firstName", "lastName"];

fn schedules() -> impl Strategy<Value = Schedule> {
    let fault = prop_oneof![
        2 => Just(Fault::None),
        1 => Just(Fault::Refuse),
        1 => Just(Fault::Hang),
        3 => (0..1_500usize).prop_map(Fault::CutRequest),
        4 => (0..300usize).prop_map(Fault::CutReply),
        2 => Just(Fault::LoseWrites(1)),
        1 => (1..60u64).prop_map(|millis| Fault::Slow(Duration::from_millis(millis))),
    ];
    prop::collection::vec((fault, prop::collection::vec((0..24u8, any::<bool>(), 0..8u8), 4..12)), 2..6)
}

/// How long the database may take in these tests.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Held by a test that keeps the database busy, so that it is not what makes another one's database slow.
static BUSY: Mutex<()> = Mutex::const_new(());

/// Runs the schedule with the seed and says what is wrong with what came of it.
async fn run(seed: u64) -> Vec<String> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let schedule = schedules().new_tree(&mut runner).unwrap().current();

    let database = Database::fresh().unwrap();
    let proxy = Proxy::to(authority(&database.uri())).await;
    let app = App::on(store(&through(&proxy, &database.uri()), TIMEOUT).await, |_| {}).await;
    let (app, token) = (&app, app.token("write:users"));
    let create = async |body: Value| {
        let request = app.request(Method::POST, "/users").bearer_auth(&token).header("content-type", "application/json");
        let answer = send(request.body(body.to_string())).await;
        assert!(answer.status != 503 || !answer.header("retry-after").is_empty(), "a 503 without Retry-After");
        Asked { body, status: answer.status, answer: answer.body }
    };

    let change = async |step: usize, id: String, patch: Option<(&'static str, String)>| {
        let method = if patch.is_some() { Method::PATCH } else { Method::DELETE };
        let request = app.request(method, &format!("/users/{id}")).bearer_auth(&token);
        let answer = send(match &patch {
            Some((property, value)) => request
                .header("content-type", "application/merge-patch+json")
                .body(serde_json::json!({ *property: value }).to_string()),
            None => request,
        })
        .await;
        assert!(answer.status != 503 || !answer.header("retry-after").is_empty(), "a 503 without Retry-After");
        Changed { step, id, patch, status: answer.status }
    };

    let (mut asked, mut changed) = (Vec::<Asked>::new(), Vec::new());
    for (step, (fault, emails)) in schedule.iter().enumerate() {
        proxy.set(*fault);
        let (mut creations, mut changes) = (Vec::new(), Vec::new());
        for (number, (email, upper, what)) in emails.iter().enumerate() {
            let holder = asked.iter().rev().find(|asked| {
                asked.status == 201
                    && asked.body["email"].as_str().is_some_and(|of| of.to_lowercase() == format!("user{email}@example.com"))
            });
            let request = format!("request {step}.{number}"); // Tells requests for one email apart.
            match (holder, what) {
                (Some(holder), 1..) => {
                    let patch = PATCHED.get(usize::from(*what) % 3).map(|property| (*property, request));
                    changes.push(change(step, holder.answer["id"].as_str().unwrap().to_owned(), patch));
                }
                _ => {
                    let mut body = complete(&format!("user{email}@{}", if *upper { "EXAMPLE.COM" } else { "example.com" }));
                    body["firstName"] = request.into();
                    creations.push(create(body));
                }
            }
        }
        let (created, done) =
            futures_util::future::join(futures_util::future::join_all(creations), futures_util::future::join_all(changes)).await;
        asked.extend(created);
        changed.extend(done);
    }
    proxy.set(Fault::None);
    // It recovers by itself. Each try ends within the time-out, so that this does, too.
    let mut recovered = false;
    for number in 0..50 {
        let mut body = minimal("recovered@example.com");
        body["firstName"] = format!("try {number}").into();
        let answer = create(body).await;
        recovered = matches!(answer.status, 201 | 409);
        asked.push(answer);
        if recovered {
            break;
        }
    }
    let ready = send(app.request(Method::GET, "/readyz")).await.status;

    let stored: Vec<Value> = store(&database.uri(), Duration::from_secs(10))
        .await
        .snapshot()
        .await
        .unwrap()
        .iter()
        .map(|user| serde_json::to_value(user).unwrap())
        .collect();
    let mut wrong = verdict(&asked, &changed, &stored);
    if !recovered || ready != 200 {
        wrong.push(format!("it does not recover; /readyz says {ready}, and {:?} is why", app.store.ping().await));
    }
    wrong.into_iter().map(|wrong| format!("seed {seed}: {wrong}; {schedule:?}")).collect()
}

/// What is stored against what was answered.
fn verdict(asked: &[Asked], changed: &[Changed], stored: &[Value]) -> Vec<String> {
    let mut wrong = Vec::new();
    let key = |user: &Value| normalise_email(user["email"].as_str().unwrap());
    let mut by_email: BTreeMap<String, &Value> = BTreeMap::new();
    for user in stored {
        if by_email.insert(key(user), user).is_some() {
            wrong.push(format!("two users have {}", key(user)));
        }
    }
    let may_be_gone = |id: &Value| {
        changed.iter().any(|change| change.patch.is_none() && *id == change.id && matches!(change.status, 204 | 503))
    };
    for Asked { body, status, answer } in asked {
        let was_deleted =
            asked.iter().any(|other| other.status == 201 && key(&other.body) == key(body) && may_be_gone(&other.answer["id"]));
        match status {
            201 => match stored.iter().find(|user| user["id"] == answer["id"]) {
                Some(user) => wrong.extend(altered(answer, changed, user)),
                None if may_be_gone(&answer["id"]) => {}
                None => wrong.push(format!("acknowledged and not stored: {answer}")),
            },
            409 if was_deleted => {}
            409 if by_email.get(&key(body)).is_some_and(|holder| holder["firstName"] != body["firstName"]) => {}
            409 => wrong.push(format!("refused for the email of nobody else: {body}; stored is {:?}", by_email.get(&key(body)))),
            503 => {}
            _ => wrong.push(format!("answered with {status}: {answer}")),
        }
    }
    for Changed { id, patch, status, .. } in changed {
        match (patch, status) {
            (_, 503) | (Some(_), 200) => {}
            (None, 204) if stored.iter().all(|user| user["id"] != *id) => {}
            (_, 404) if may_be_gone(&Value::from(id.as_str())) => {}
            _ => wrong.push(format!("{id}: {patch:?} was answered with {status}")),
        }
    }
    for user in stored {
        let known = asked.iter().any(|asked| match asked.status {
            201 => asked.answer["id"] == user["id"],
            503 => asked.body["firstName"] == user["firstName"] && asked.body["email"] == user["email"],
            _ => false,
        });
        if !known {
            wrong.push(format!("nobody asked for {user}"));
        }
    }
    wrong
}

/// What is wrong with a stored user who was created as `answer` and then changed.
fn altered(answer: &Value, changed: &[Changed], user: &Value) -> Vec<String> {
    let mut expected = answer.clone();
    let mut wrong = Vec::new();
    for property in PATCHED {
        let patches: Vec<(&Changed, &str)> = changed
            .iter()
            .filter(|change| answer["id"] == change.id)
            .filter_map(|change| {
                change.patch.as_ref().filter(|(of, _)| *of == property).map(|(_, value)| (change, value.as_str()))
            })
            .collect();
        // Steps follow one another; what is acknowledged in one is there until a later one changes it. A 503 may arrive whenever.
        let last = patches.iter().filter(|(change, _)| change.status == 200).map(|(change, _)| change.step).max();
        let may_be = |value: &str| {
            patches
                .iter()
                .any(|(change, own)| *own == value && (change.status == 503 || change.status == 200 && Some(change.step) == last))
        };
        let value = user[property].as_str().unwrap();
        if !(may_be(value) || last.is_none() && answer[property] == value) {
            wrong.push(format!("{property} is {value:?}, and step {last:?} has changed it last"));
        }
        expected[property] = user[property].clone();
    }
    expected["updatedAt"] = user["updatedAt"].clone();
    if let Some(revision) = user.get("revision") {
        expected["revision"] = revision.clone();
    }
    if expected != *user {
        wrong.push(format!("acknowledged: {answer}; stored is {user}"));
    }
    wrong
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_breaks_between_server_and_database_every_answer_is_true() {
    let Some(_server) = mongo_server::MongoServer::shared() else { return };
    let _busy = BUSY.lock().await;
    let seeds: Vec<u64> = std::env::var("SEED").map_or_else(|_| (1..=200).collect(), |seed| vec![seed.parse().unwrap()]);
    let wrong: Vec<String> = stream::iter(seeds).map(run).buffer_unordered(8).flat_map(stream::iter).collect().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_insertion_whose_answer_is_lost_is_a_201_and_one_user() {
    let Some(database) = Database::fresh() else { return };
    let proxy = Proxy::to(authority(&database.uri())).await;
    let app = App::on(store(&through(&proxy, &database.uri()), Duration::from_secs(10)).await, |_| {}).await;
    app.create(&minimal("before@example.com")).await.assert_created();
    // The connection is there, and breaks with the first byte of the answer; the driver and the store try again on another.
    proxy.set(Fault::LoseWrites(1));
    let created = app.create(&minimal("lost@example.com")).await;
    created.assert_created();
    let stored = collection(&database).await.find_one(doc! { "email": "lost@example.com" }).await.unwrap().unwrap();
    assert_eq!(stored.get_object_id("_id").unwrap().to_hex(), created.body["id"]);
    assert_eq!(app.store.count().await.unwrap(), 2);
    assert_eq!(proxy.lost(), 1, "no answer was lost: nothing was tested");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_or_deletion_whose_answer_is_lost_is_made_once() {
    let Some(database) = Database::fresh() else { return };
    let proxy = Proxy::to(authority(&database.uri())).await;
    let app = App::on(store(&through(&proxy, &database.uri()), Duration::from_secs(10)).await, |_| {}).await;
    let created = app.create(&minimal("lost@example.com")).await;
    created.assert_created();
    let ask = |method| app.request(method, created.header("location")).bearer_auth(app.token("write:users"));
    proxy.set(Fault::LoseWrites(1));
    let patch = ask(Method::PATCH).header("content-type", "application/merge-patch+json").body(r#"{"lastName":"King"}"#);
    let patched = send(patch.header("if-match", created.header("etag"))).await;
    assert_eq!((patched.status, &patched.body["lastName"]), (200, &"King".into()), "{:#}", patched.body);
    assert_eq!(proxy.lost(), 1, "no answer was lost: nothing was tested");
    proxy.set(Fault::LoseWrites(1));
    assert_eq!(send(ask(Method::DELETE)).await.status, 204);
    assert_eq!(proxy.lost(), 2, "no answer was lost: nothing was tested");
    assert_eq!(app.store.count().await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_insertion_whose_answers_are_all_lost_is_given_up_and_at_most_one_user() {
    let Some(database) = Database::fresh() else { return };
    let proxy = Proxy::to(authority(&database.uri())).await;
    let app = App::on(store(&through(&proxy, &database.uri()), Duration::from_secs(10)).await, |_| {}).await;
    proxy.set(Fault::LoseWrites(usize::MAX));
    app.create(&minimal("lost@example.com")).await.assert_problem(503, "SERVICE_UNAVAILABLE");
    // Three tries, each of which the driver sends twice where the database is a replica set.
    assert!(matches!(proxy.lost(), 3 | 6), "{} tries", proxy.lost());
    proxy.set(Fault::None);
    app.create(&minimal("lost@example.com")).await.assert_problem(409, "CONFLICT");
    assert_eq!(app.store.count().await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_gets_the_answer_that_was_lost_on_the_way_to_mongodb() {
    let Some(database) = Database::fresh() else { return };
    let proxy = Proxy::to(authority(&database.uri())).await;
    let app = App::on(store(&through(&proxy, &database.uri()), Duration::from_secs(10)).await, |_| {}).await;
    let create = || send(app.post().header("idempotency-key", "k1").body(complete("lost@example.com").to_string()));
    proxy.set(Fault::LoseWrites(1));
    let first = create().await;
    first.assert_created();
    assert_eq!(proxy.lost(), 1, "no answer was lost: nothing was tested");
    proxy.set(Fault::LoseWrites(usize::MAX));
    create().await.assert_problem(503, "SERVICE_UNAVAILABLE"); // That a majority has the user is not known.
    proxy.set(Fault::None);
    let again = create().await;
    assert_eq!((again.status, &again.body, again.header("idempotent-replayed")), (201, &first.body, "true"));

    let other = || send(app.post().header("idempotency-key", "k2").body(complete("all@example.com").to_string()));
    proxy.set(Fault::LoseWrites(usize::MAX));
    other().await.assert_problem(503, "SERVICE_UNAVAILABLE");
    proxy.set(Fault::None);
    let again = other().await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (201, "true"), "it had arrived");
    assert_eq!(app.store.count().await.unwrap(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_sent_to_two_servers_at_once_creates_one_user() {
    let Some(database) = Database::fresh() else { return };
    let app = async || App::on(store(&database.uri(), Duration::from_secs(10)).await, |_| {}).await;
    retries::race(&[&app().await, &app().await]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_of_keys_that_was_made_by_hand_is_taken() {
    let Some(database) = Database::fresh() else { return };
    let options = IndexOptions::builder().name("idempotencyKey".to_owned()).sparse(true).build();
    let index = IndexModel::builder().keys(doc! { "idempotency.key": 1 }).options(options).build();
    collection(&database).await.create_index(index).await.unwrap();
    let app = App::on(store(&database.uri(), Duration::from_secs(10)).await, |_| {}).await;
    let create = |email: &str| send(app.post().header("idempotency-key", "k1").body(minimal(email).to_string()));
    create("ada@example.com").await.assert_created();
    assert_eq!(create("ada@example.com").await.header("idempotent-replayed"), "true");
    create("bob@example.com").await.assert_problem(422, "UNPROCESSABLE_ENTITY");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_store_leaves_the_database() {
    let Some(database) = Database::fresh() else { return };
    let proxy = Proxy::to(authority(&database.uri())).await;
    let store = store(&through(&proxy, &database.uri()), Duration::from_secs(10)).await;
    assert!(proxy.open() > 0);
    store.close().await;
    tokio::time::timeout(Duration::from_secs(30), proxy.left()).await.expect("a connection is still there");
}

/// The figures of a server, as Prometheus reads them.
async fn figures(app: &App<MongoStore>) -> String {
    app.client.get(format!("http://{}/metrics", app.metrics.unwrap())).send().await.unwrap().text().await.unwrap()
}

fn figure(figures: &str, name: &str) -> i64 {
    let line = figures.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("there is no {name} in\n{figures}")).parse().unwrap()
}

/// Waits until a figure has this value.
async fn until(app: &App<MongoStore>, name: &str, value: i64) {
    let reached = async { while figure(&figures(app).await, name) != value {} };
    assert!(
        tokio::time::timeout(Duration::from_secs(60), reached).await.is_ok(),
        "{name} is never {value}:\n{}",
        figures(app).await
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_figures_have_the_connections_to_mongodb() {
    let Some(database) = Database::fresh() else { return };
    let proxy = Proxy::to(authority(&database.uri())).await;
    let store = connect(&through(&proxy, &database.uri()), Duration::from_secs(30), 2).await;
    let app = &App::on(store, |config| config.metrics_address = Some("127.0.0.1:0".parse().unwrap())).await;
    app.create(&minimal("ada@example.com")).await.assert_created();
    let text = figures(app).await;
    assert!(text.contains("store_operation_duration_seconds_count{operation=\"insert\",outcome=\"done\"} 1\n"), "{text}");
    for (expression, name) in dashboard().into_iter().filter(|(_, name)| name.starts_with("mongodb_")) {
        assert!(text.contains(&format!("\n{name} ")), "there is no {name}, which the dashboard asks for: {expression}");
    }

    // Those who ask at once need both connections.
    let create = |number: usize| async move { app.create(&minimal(&format!("user{number}@example.com"))).await };
    let mut created = 0;
    while figure(&figures(app).await, "mongodb_connections") < 2 {
        let answers = futures_util::future::join_all((created..created + 8).map(create)).await;
        answers.iter().for_each(Answer::assert_created);
        created += 8;
        assert!(created < 400, "one connection does for all: {}", figures(app).await);
    }
    // They are in use while the database does not answer, and are given back.
    proxy.set(Fault::Hang);
    let held = async {
        until(app, "mongodb_connections_in_use", 2).await;
        proxy.set(Fault::None);
    };
    let asked = futures_util::future::join_all((created..created + 2).map(create));
    let (answers, ()) = futures_util::future::join(asked, held).await;
    answers.iter().for_each(Answer::assert_created);
    until(app, "mongodb_connections_in_use", 0).await;
    let text = figures(app).await;
    assert_eq!((figure(&text, "mongodb_connections"), figure(&text, "mongodb_connections_refused_total")), (2, 0), "{text}");
    let made = figure(&text, "mongodb_connections_created_total");
    assert!(made >= 2, "{text}");

    // Those that break are no more, and others are made.
    proxy.set(Fault::Refuse);
    until(app, "mongodb_connections", 0).await;
    proxy.set(Fault::None);
    create(created + 2).await.assert_created();
    let text = figures(app).await;
    assert!((1..=2).contains(&figure(&text, "mongodb_connections")), "{text}");
    assert!(figure(&text, "mongodb_connections_created_total") > made, "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_mongodb_has_about_a_user_is_exported_or_named() {
    let Some(database) = Database::fresh() else { return };
    let app = App::on(store(&database.uri(), Duration::from_secs(10)).await, |_| {}).await;
    let exported = fullest_user(&app).await;
    let mut stored = collection(&database).await.find_one(doc! {}).await.unwrap().unwrap();
    let id = stored.remove("_id").unwrap();
    stored.insert("id", id);
    assert_exported(&plain(Bson::Document(stored)), &exported);
}

/// A value of BSON as the API writes it.
fn plain(value: Bson) -> Value {
    match value {
        Bson::ObjectId(id) => id.to_hex().into(),
        Bson::DateTime(time) => serde_json::to_value(DateTime::from_timestamp_millis(time.timestamp_millis()).unwrap()).unwrap(),
        Bson::Array(items) => items.into_iter().map(plain).collect(),
        Bson::Document(fields) => Value::Object(fields.into_iter().map(|(name, value)| (name, plain(value))).collect()),
        other => serde_json::to_value(other).unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away_means_503_and_not_ready_until_it_is_back() {
    let Some(database) = Database::fresh() else { return };
    let proxy = Proxy::to(authority(&database.uri())).await;
    let app = App::on(store(&through(&proxy, &database.uri()), TIMEOUT).await, |_| {}).await;
    for fault in [Fault::Refuse, Fault::Hang] {
        proxy.set(fault);
        let refused = app.create(&minimal("away@example.com")).await;
        refused.assert_problem(503, "SERVICE_UNAVAILABLE");
        assert_eq!(refused.header("retry-after"), "1");
        let ready = send(app.request(Method::GET, "/readyz")).await;
        ready.assert_problem(503, "SERVICE_UNAVAILABLE");
        assert_eq!(send(app.request(Method::GET, "/healthz")).await.status, 200, "the process itself is well");
        proxy.set(Fault::None);
        let mut tries = 0;
        while send(app.request(Method::GET, "/readyz")).await.status != 200 {
            tries += 1;
            assert!(tries < 50, "it does not recover from {fault:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_connection_is_given_up_with_its_503() {
    let Some(database) = Database::fresh() else { return };
    let proxy = Proxy::to(authority(&database.uri())).await;
    let store = connect(&through(&proxy, &database.uri()), TIMEOUT, 2).await;
    let app = &App::on(store, |_| {}).await;
    proxy.set(Fault::Hang);
    let requests = (0..12).map(|number| async move { app.create(&minimal(&format!("user{number}@example.com"))).await.status });
    assert_eq!(futures_util::future::join_all(requests).await, [503; 12]);
    proxy.set(Fault::None);
    let mut tries = 0;
    while app.create(&minimal("after@example.com")).await.status == 503 {
        tries += 1;
        assert!(tries < 50, "it does not recover");
    }
    // Two had a connection and may have arrived late; nobody knows of them. The others were never sent.
    let stored = app.store.count().await.unwrap();
    assert!(stored <= 3, "{stored} users");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_email_raced_at_two_servers_has_one_201() {
    let Some(database) = Database::fresh() else { return };
    let _busy = BUSY.lock().await;
    let folders = [TempDir::new().unwrap(), TempDir::new().unwrap()];
    // Both start at once: both make the index.
    let servers: Vec<Process> = std::thread::scope(|scope| {
        let uri = database.uri();
        let starts: Vec<_> = folders
            .iter()
            .map(|folder| (folder.path(), uri.clone()))
            // The stand-in for MongoDB reads the whole collection to find one email: that takes more than 5 seconds here.
            .map(|(folder, uri)| {
                scope.spawn(move || {
                    Process::start(folder, &["--database-url", &uri, "--database-timeout", "60s", "--request-timeout", "90s"])
                })
            })
            .collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    let tokens: Vec<String> = servers.iter().map(|server| server.token("write:users")).collect();
    let post = async |server: usize, email: String| {
        let request = servers[server].client.request(Method::POST, format!("{}/users", servers[server].url));
        let request = request.bearer_auth(&tokens[server]).header("content-type", "application/json");
        send(request.body(minimal(&email).to_string())).await
    };
    let post = &post;
    let won: Vec<Value> = stream::iter(0..1_000)
        .map(|number| async move {
            let email = format!("user{number}@example.com");
            let (one, other) = tokio::join!(post(0, email.clone()), post(1, email.to_uppercase()));
            let (won, lost) = if one.status == 201 { (one, other) } else { (other, one) };
            won.assert_created();
            lost.assert_problem(409, "CONFLICT");
            lost.assert_refused(&["/email unique"]);
            won.body
        })
        .buffer_unordered(32)
        .collect()
        .await;
    let stored = store(&database.uri(), Duration::from_secs(10)).await.snapshot().await.unwrap();
    let by_id = |users: Vec<Value>| -> BTreeMap<String, Value> {
        users.into_iter().map(|user| (user["id"].as_str().unwrap().to_owned(), user)).collect()
    };
    assert_eq!(by_id(won), by_id(stored.iter().map(|user| serde_json::to_value(user).unwrap()).collect()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_has_the_fields_of_the_api_and_dates_as_dates() {
    let Some(database) = Database::fresh() else { return };
    let app = App::on(store(&database.uri(), Duration::from_secs(10)).await, |_| {}).await;
    let created = app.create(&complete("Ada@Example.com")).await;
    created.assert_created();
    let stored = collection(&database).await.find_one(doc! {}).await.unwrap().unwrap();
    let mut names: BTreeSet<&str> = stored.keys().map(String::as_str).collect();
    assert!(names.remove("_id") && names.remove("normalisedEmail"), "{names:?}");
    let answered: BTreeSet<&str> =
        created.body.as_object().unwrap().keys().map(String::as_str).filter(|name| *name != "id").collect();
    assert_eq!(names, answered);
    assert_eq!(stored.get_str("normalisedEmail").unwrap(), "ada@example.com");
    assert_eq!(stored.get_str("dateOfBirth").unwrap(), "1990-05-15");
    for time in ["createdAt", "updatedAt"] {
        let time = stored.get_datetime(time).unwrap().try_to_rfc3339_string().unwrap();
        assert_eq!(
            time.parse::<chrono::DateTime<chrono::Utc>>().unwrap(),
            created.body["createdAt"].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap()
        );
    }
}

/// Starts the binary, which must refuse to start, and returns what it says.
async fn refuses_to_start(uri: &str, more: &[&str]) -> String {
    let data = TempDir::new().unwrap();
    let mut command = binary();
    command.args(["--port", "0", "--log", "trace", "--data-dir"]).arg(data.path()).args(["--database-url", uri]).args(more);
    tokio::task::spawn_blocking(move || refusal(&mut command)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_against_the_index_is_named() {
    let Some(database) = Database::fresh() else { return };
    let users = collection(&database).await;
    let twice = [doc! { "normalisedEmail": "a@example.com" }, doc! { "normalisedEmail": "a@example.com" }];
    users.insert_many(twice).await.unwrap();
    let said = refuses_to_start(&database.uri(), &[]).await;
    assert!(said.contains("normalisedEmail_unique") && said.contains("two stored users have the same email"), "{said}");
    assert!(!said.contains("a@example.com"), "{said}");

    users.delete_many(doc! {}).await.unwrap();
    let options = IndexOptions::builder().name("normalisedEmail_unique".to_owned()).build();
    users.create_index(IndexModel::builder().keys(doc! { "lastName": 1 }).options(options).build()).await.unwrap();
    let said = refuses_to_start(&database.uri(), &[]).await;
    assert!(said.contains("normalisedEmail_unique") && said.contains("another index"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_start_up_failure_shows_the_password() {
    let closed = Proxy::to("127.0.0.1:1".to_owned()).await;
    closed.set(Fault::Refuse);
    for uri in [
        format!("mongodb://scott:tiger-secret@{}/users", closed.address()),
        "mongodb://scott:tiger-secret@/users".to_owned(),
        "mongodb://scott:tiger-secret@host:notaport/".to_owned(),
        "mongodb://scott:tiger-secret/@host/".to_owned(),
        "mongodb://scott:tiger-secret@host/?authMechanism=nonsense".to_owned(),
        "mongodb://scott:tiger-secret@host/?tls=true&tlsCAFile=/none".to_owned(),
        "mongodb+srv://scott:tiger-secret@host.invalid/".to_owned(),
    ] {
        let said = refuses_to_start(&uri, &["--database-timeout", "300ms"]).await;
        assert!(!said.contains("tiger-secret") && !said.contains("scott"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_and_credentials_of_the_uri_are_used_and_never_logged() {
    let folder = TempDir::new().unwrap();
    let Some(server) = mongo_server::Secured::start(folder.path()) else { return };
    let uri = format!(
        "mongodb://scott:tiger-secret@{}/secured?authMechanism=PLAIN&tls=true&tlsCAFile={}",
        authority(server.uri()),
        server.certificate().display()
    );
    let data = TempDir::new().unwrap();
    let process = Process::start(data.path(), &["--log", "trace", "--database-url", &uri]);
    send(process.post().body(minimal("a@example.com").to_string())).await.assert_created();
    drop(server);
    send(process.post().body(minimal("b@example.com").to_string())).await.assert_problem(503, "SERVICE_UNAVAILABLE");
    let ended = process.kill();
    assert!(!ended.stderr.contains("tiger-secret") && !ended.stderr.contains("scott"), "{}", ended.stderr);
    assert!(!ended.stdout.contains("tiger-secret"), "{}", ended.stdout);

    // Without the certificate the server is not trusted.
    let untrusted = uri.split("&tlsCAFile").next().unwrap().to_owned();
    refuses_to_start(&untrusted, &["--database-timeout", "1s"]).await;
}
