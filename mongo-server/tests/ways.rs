//! Each way to a server, as far as this machine has it.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::{
    env, fs,
    net::TcpStream,
    os::unix::{fs::PermissionsExt, net::UnixStream},
    panic::catch_unwind,
    path::Path,
};

use mongo_server::{Database, Machine, MongoServer, Way};
use mongodb::{Client, bson::doc};
use tempfile::TempDir;

/// A machine with nothing.
fn bare() -> Machine {
    Machine { uri: None, docker: false, path: "".into() }
}

/// A machine with Go and nothing else.
fn with_go() -> Machine {
    Machine { path: env::var_os("PATH").unwrap_or_default(), ..bare() }
}

/// Whether the machine has what FerretDB is built with; `.ci/run` insists on it.
fn has_go() -> bool {
    let has = env::split_paths(&with_go().path).any(|folder| folder.join("go").is_file());
    assert!(has || env::var_os("REQUIRE_MONGO").is_none(), "there is no go on the PATH");
    has
}

fn address(server: &MongoServer) -> String {
    server.uri().strip_prefix("mongodb://").unwrap().split('/').next().unwrap().to_owned()
}

async fn insert(uri: &str) {
    let client = Client::with_uri_str(uri).await.unwrap();
    client.database("ways").collection("ways").insert_one(doc! { "a": 1 }).await.unwrap();
    client.database("ways").drop().await.unwrap();
}

/// Writes a program that does this.
fn program(folder: &Path, name: &str, script: &str) {
    let file = folder.join(name);
    fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_machine_without_any_says_what_each_way_lacks() {
    let none = MongoServer::start(&bare()).err().unwrap();
    let ways: Vec<Way> = none.passed.iter().map(|passed| passed.way).collect();
    assert_eq!(ways, [Way::Uri, Way::Container, Way::Mongod, Way::FerretDb]);
    assert_eq!(
        none.to_string(),
        "no MongoDB server to test against\n  not MONGODB_URI: it is not set\n  not mongo:8 in a container: no Docker engine may be \
         used\n  not mongod on the PATH: there is none\n  not FerretDB, built from its Go module: there is no go on the PATH to build \
         it with"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_asked_for_is_taken_before_all_others() {
    let Some(running) = MongoServer::shared() else { return };
    let asked = MongoServer::start(&Machine { uri: Some(running.uri().to_owned()), ..Machine::this() }).unwrap();
    assert_eq!((asked.way(), asked.uri(), asked.passed()), (Way::Uri, running.uri(), &[][..]));
    drop(asked);
    insert(running.uri()).await; // It was not ours to end.
}

#[test]
fn a_server_that_is_asked_for_and_away_is_not_replaced() {
    let away = Machine { uri: Some("mongodb://127.0.0.1:1/".to_owned()), ..with_go() };
    let none = MongoServer::start(&away).err().unwrap();
    let [passed] = none.passed.as_slice() else { panic!("{none}") };
    assert_eq!(passed.way, Way::Uri);
    assert!(passed.why.contains("127.0.0.1:1"), "{none}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_docker_engine_is_used_where_there_is_one() {
    let engine = env::var_os("DOCKER_HOST").is_some() || UnixStream::connect("/var/run/docker.sock").is_ok();
    match MongoServer::start(&Machine { docker: true, ..bare() }) {
        Ok(server) => {
            assert!(engine);
            assert_eq!(server.way(), Way::Container);
            insert(server.uri()).await;
        }
        Err(none) => assert!(!engine && none.passed[1].why.contains("docker"), "{none}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mongod_on_the_path_is_used_where_there_is_one() {
    let path = env::var_os("PATH").unwrap_or_default();
    let mongod = env::split_paths(&path).map(|folder| folder.join("mongod")).find(|program| program.is_file());
    let Some(mongod) = mongod else { return };
    let folder = TempDir::new().unwrap();
    std::os::unix::fs::symlink(mongod, folder.path().join("mongod")).unwrap();
    let server = MongoServer::start(&Machine { path: folder.path().into(), ..bare() }).unwrap();
    assert_eq!(server.way(), Way::Mongod);
    insert(server.uri()).await;
}

#[test]
fn a_mongod_that_does_not_run_is_passed_by_with_what_it_says() {
    let folder = TempDir::new().unwrap();
    program(folder.path(), "mongod", r#"echo "asked for $*" >"$0.arguments"; echo "no such engine" >&2; exit 3"#);
    let none = MongoServer::start(&Machine { path: folder.path().into(), ..bare() }).err().unwrap();
    assert_eq!(none.passed[2].why, "it ended with exit status: 3: no such engine");
    let arguments = fs::read_to_string(folder.path().join("mongod.arguments")).unwrap();
    for flag in ["--bind_ip 127.0.0.1 ", "--replSet rs0 ", "--port ", "--dbpath "] {
        assert!(arguments.contains(flag), "{arguments}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ferretdb_is_built_and_ends_with_its_holder() {
    if !has_go() {
        return;
    }
    let server = MongoServer::start(&with_go());
    let server = match server {
        Ok(server) if server.way() == Way::FerretDb => server,
        Ok(_) => return, // This machine has a mongod.
        Err(none) => panic!("{none}"),
    };
    assert_eq!(server.passed().iter().map(|passed| passed.way).collect::<Vec<_>>(), [Way::Uri, Way::Container, Way::Mongod]);
    insert(server.uri()).await;
    let address = address(&server);
    drop(server);
    assert!(TcpStream::connect(address).is_err(), "it still listens");
}

#[test]
fn nothing_runs_on_after_a_panic() {
    if !has_go() {
        return;
    }
    let panicked = catch_unwind(|| {
        let server = MongoServer::start(&with_go()).unwrap();
        std::panic::panic_any(address(&server));
    });
    let address = panicked.unwrap_err().downcast::<String>().unwrap();
    assert!(TcpStream::connect(*address).is_err(), "it still listens");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_database_is_empty_and_gone_with_its_test() {
    let Some(server) = MongoServer::shared() else { return };
    let (one, other) = (Database::fresh().unwrap(), Database::fresh().unwrap());
    let client = Client::with_uri_str(server.uri()).await.unwrap();
    for database in [&one, &other] {
        let connected = Client::with_uri_str(database.uri()).await.unwrap().default_database().unwrap();
        assert_eq!(connected.name(), database.name());
        assert_eq!(connected.list_collection_names().await.unwrap(), [""; 0]);
        connected.collection("a").insert_one(doc! {}).await.unwrap();
    }
    let (gone, stays) = (one.name().to_owned(), other.name().to_owned());
    drop(one);
    let names = client.list_database_names().await.unwrap();
    assert!(!names.contains(&gone) && names.contains(&stays), "{names:?}");
}
