//! The contract of `POST /users`, tested end to end over HTTP against the real server.
//!
//! The engine links no server code; this test only starts the server, on a free port and with a store that can be looked into.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

mod users;

use std::sync::Arc;

use chrono::{DateTime, SecondsFormat};
use clap::Parser;
use contract_tests::{Document, Report, Signer, Store, StoreFuture, Suite};
use futures_util::TryStreamExt;
use mongo_server::Database;
use mongodb::{
    Client, Collection,
    bson::{Bson, Document as Bsoned, doc},
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::oneshot;
use users_api::{
    auth::LocalIssuer,
    config::Config,
    server::Server,
    store::{Inspect, MemoryStore, RedbStore, StoreUrl, UserStore},
    user::User,
};

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    config: Config,
}

/// A running server; it stops when this is dropped.
struct Running {
    url: String,
    signer: Signer,
    _stop: oneshot::Sender<()>,
    _data: TempDir,
}

async fn serve(open: impl FnOnce(&TempDir) -> Arc<dyn UserStore>) -> Running {
    let data = TempDir::new().unwrap();
    let store = open(&data);
    let flags = ["users-api", "--port", "0", "--check-responses", "--data-dir"].map(Into::into);
    let config = Flags::parse_from(flags.into_iter().chain([data.path().as_os_str().to_owned()])).config;
    let server = Server::bind_with(&config, store).await.unwrap();
    let url = format!("http://{}", server.address());
    let issuer = LocalIssuer::open(data.path()).unwrap();
    let pem = std::fs::read_to_string(data.path().join(LocalIssuer::FILE)).unwrap();
    let signer = Signer::new(&pem, issuer.kid(), LocalIssuer::ISSUER, LocalIssuer::AUDIENCE).unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    tokio::spawn(server.run(async {
        let _ = stopped.await; // A dropped sender stops the server.
    }));
    Running { url, signer, _stop: stop, _data: data }
}

/// What is stored, as the API shows it.
struct Stored(Arc<MemoryStore>);

impl Store for Stored {
    fn snapshot(&self) -> StoreFuture<'_> {
        let shown = |user| serde_json::to_value(User { idempotency: None, ..user }).unwrap();
        Box::pin(async move { self.0.snapshot().await.unwrap().into_iter().map(shown).collect() })
    }
}

/// What is in a collection of MongoDB, read without the server's code: nothing in a document is overlooked, and nothing is converted
/// but `_id` and dates.
struct Documents(Collection<Bsoned>);

impl Store for Documents {
    fn snapshot(&self) -> StoreFuture<'_> {
        Box::pin(async {
            let documents = self.0.find(doc! {}).sort(doc! { "_id": 1 }).await.unwrap();
            documents.map_ok(shown).try_collect().await.unwrap()
        })
    }
}

/// The document as the API would show it.
fn shown(document: Bsoned) -> Value {
    let email = document.get_str("email").unwrap().to_lowercase();
    let fields = document.into_iter().filter_map(|(name, value)| match name.as_str() {
        "_id" => Some(("id".to_owned(), Value::String(value.as_object_id().unwrap().to_hex()))),
        "idempotency" => None, // No part of the user.
        "normalisedEmail" => {
            assert_eq!(value, Bson::String(email.clone()));
            None
        }
        _ => Some((name, json(value))),
    });
    Value::Object(fields.collect())
}

fn json(value: Bson) -> Value {
    match value {
        Bson::String(text) => Value::String(text),
        Bson::Array(items) => Value::Array(items.into_iter().map(json).collect()),
        Bson::Document(fields) => Value::Object(fields.into_iter().map(|(name, value)| (name, json(value))).collect()),
        Bson::DateTime(time) => {
            let time = DateTime::from_timestamp_millis(time.timestamp_millis()).unwrap();
            Value::String(time.to_rfc3339_opts(SecondsFormat::AutoSi, true))
        }
        other => panic!("the API shows no {other:?}"),
    }
}

fn suite(server: &Running) -> Suite {
    of(server, Document::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi.yaml").as_ref()).unwrap())
}

fn of(server: &Running, document: Document) -> Suite {
    Suite::new(document).signer(server.signer.clone()).judge(users::judge).all_methods(true).assert_formats(true)
}

#[track_caller]
fn assert_kept(report: &Report) {
    assert!(report.is_clean(), "{report}");
    let (constraints, met) = report.coverage();
    assert_eq!(met, constraints, "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_promise_is_kept_and_nothing_refused_is_stored() {
    let store = Arc::new(MemoryStore::default());
    let server = serve(|_| store.clone()).await;
    assert_kept(&suite(&server).store(Stored(store)).cases(500).run(&server.url).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_promise_is_kept_on_the_embedded_store() {
    let server = serve(|data| Arc::new(RedbStore::open(&data.path().join("users.redb")).unwrap())).await;
    assert_kept(&suite(&server).seed(2).cases(2_000).run(&server.url).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_promise_is_kept_on_mongodb_and_every_document_is_what_its_201_says() {
    let Some(database) = Database::fresh() else { return };
    let url: StoreUrl = database.uri().parse().unwrap();
    let store = url.open(&Flags::parse_from(["users-api", "--database-timeout", "30s"]).config.mongo).await.unwrap();
    let server = serve(|_| store).await;
    let users = Client::with_uri_str(database.uri()).await.unwrap().database(database.name()).collection("users");
    // The look into the collection is for what creates users; the stand-in for MongoDB reads all of it each time.
    let mut document: Value = serde_saphyr::from_str(include_str!("../../openapi.yaml")).unwrap();
    let create = document["paths"]["/users"]["post"].take();
    document["paths"] = serde_json::json!({ "/users": { "post": create } });
    let suite = of(&server, Document::parse("openapi.json", document.to_string()).unwrap());
    let mut report = suite.store(Documents(users)).cases(300).run(&server.url).await.unwrap();
    report.failures.retain(|failure| failure.rule != "undocumented-method"); // The server has the rest of its document, too.
    assert_kept(&report);
}
