//! What was acknowledged stays, whatever ends the process.

use std::path::Path;

use futures_util::future::join_all;
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};
use users_api::store::{Inspect, RedbStore, UserStore};

#[cfg(unix)]
use crate::process::{bound, set_mode};
use crate::{
    app::{Answer, complete, minimal, send},
    process::{Process, binary, refusal},
};

/// What the store in this folder holds, read without the server.
async fn stored(data: &Path) -> Vec<Value> {
    let store = RedbStore::open(&data.join("users.redb")).unwrap();
    let users = store.snapshot().await.unwrap();
    store.close().await;
    users.into_iter().map(|user| serde_json::to_value(user).unwrap()).collect()
}

#[tokio::test]
async fn a_user_is_there_after_sigkill_right_after_its_201() {
    let data = TempDir::new().unwrap();
    let server = Process::start(data.path(), &[]);
    let created = send(server.post().body(complete("Ada@example.com").to_string())).await;
    server.kill();
    created.assert_created();
    assert_eq!(stored(data.path()).await, [created.body]);

    let server = Process::start(data.path(), &[]);
    let again = send(server.post().body(minimal("ada@example.com").to_string())).await;
    again.assert_problem(409, "CONFLICT");
    again.assert_refused(&["/email unique"]);
}

#[tokio::test]
async fn of_many_users_at_once_every_acknowledged_one_is_there_after_sigkill() {
    let data = TempDir::new().unwrap();
    let server = Process::start(data.path(), &[]);
    let mut under_way = JoinSet::new();
    for index in 0..64 {
        let request = server.post().body(complete(&format!("user{index}@example.com")).to_string());
        under_way.spawn(async move {
            let response = request.send().await.ok()?;
            assert_eq!(response.status(), 201);
            response.json::<Value>().await.ok() // The process may die while it sends.
        });
    }
    // The kill comes with the eighth acknowledgement, while the others are anywhere.
    let mut acknowledged = Vec::new();
    while acknowledged.len() < 8 {
        acknowledged.extend(under_way.join_next().await.unwrap().unwrap());
    }
    server.kill();
    while let Some(answer) = under_way.join_next().await {
        acknowledged.extend(answer.unwrap());
    }

    let stored = stored(data.path()).await;
    for user in &acknowledged {
        assert!(stored.contains(user), "{} of {} acknowledged, and not {user}", stored.len(), acknowledged.len());
    }
    let server = Process::start(data.path(), &[]);
    for user in &acknowledged {
        let again = send(server.post().body(minimal(user["email"].as_str().unwrap()).to_string())).await;
        again.assert_problem(409, "CONFLICT");
    }
}

#[tokio::test]
async fn what_is_under_way_at_a_signal_finishes() {
    for signal in ["TERM", "INT"] {
        let data = TempDir::new().unwrap();
        let server = Process::start(data.path(), &[]);
        let authority = server.url.strip_prefix("http://").unwrap().to_owned();
        let body = minimal("a@example.com").to_string();
        let head = format!(
            "POST /users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\
             Authorization: Bearer {}\r\n\r\n",
            body.len(),
            server.token("write:users")
        );
        let mut connection = TcpStream::connect(&authority).await.unwrap();
        connection.write_all(head.as_bytes()).await.unwrap();
        // The server asks for the body: so the request is under way.
        let mut asked = [0; "HTTP/1.1 100 Continue\r\n\r\n".len()];
        connection.read_exact(&mut asked).await.unwrap();
        assert!(asked.starts_with(b"HTTP/1.1 100 "));

        server.signal(signal);
        while let Ok(refused_soon) = TcpStream::connect(&authority).await {
            drop(refused_soon);
            tokio::task::yield_now().await;
        }
        connection.write_all(body.as_bytes()).await.unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 201 "), "{signal}: {answer}");

        let ended = server.ended();
        assert_eq!(ended.status.code(), Some(0), "{signal}: {}", ended.stderr);
        assert_eq!(stored(data.path()).await.len(), 1);
    }
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_up_the_end() {
    let data = TempDir::new().unwrap();
    let server = Process::start(data.path(), &[]);
    let authority = server.url.strip_prefix("http://").unwrap();
    let mut idle = TcpStream::connect(authority).await.unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut answer = [0; 12];
    idle.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    server.signal("TERM");
    let ended = server.ended();
    assert_eq!(ended.status.code(), Some(0));
    assert!(ended.stderr.contains("stopped") && !ended.stderr.contains("broken off"), "{}", ended.stderr);
}

#[tokio::test]
async fn a_store_serves_one_process_at_a_time() {
    let data = TempDir::new().unwrap();
    let _first = Process::start(data.path(), &[]);
    let said = refusal(binary().args(["--port", "0", "--data-dir"]).arg(data.path()));
    assert!(said.contains("an embedded store serves one process at a time"), "{said}");
}

#[test]
fn a_database_that_is_lost_or_of_something_else_is_not_replaced() {
    for content in ["", "id,email\n"] {
        let data = TempDir::new().unwrap();
        let path = data.path().join("users.redb");
        std::fs::write(&path, content).unwrap();
        let said = refusal(binary().args(["--port", "0", "--data-dir"]).arg(data.path()));
        assert!(said.contains("users.redb is not a store of users") && said.contains("nothing was written to it"), "{said}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
    }
}

#[tokio::test]
async fn a_server_starts_on_the_backup_of_one_that_was_killed() {
    let (data, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let backup = other.path().join("users.redb"); // Where a server with this folder looks for it.
    let flags = ["--backup-to", backup.to_str().unwrap(), "--backup-every", "1ms"];
    let server = Process::start(data.path(), &flags);
    let created = send(server.post().body(complete("ada@example.com").to_string())).await;
    created.assert_created();
    // A look at the backup takes the file of its moment, and leaves the place to the next one.
    while !backup.exists() || !stored(other.path()).await.contains(&created.body) {
        tokio::task::yield_now().await;
    }
    let ended = server.kill();
    assert!(ended.stderr.contains("the store is copied"), "{}", ended.stderr);

    let server = Process::start(other.path(), &[]);
    let again = send(server.post().body(minimal("ada@example.com").to_string())).await;
    again.assert_problem(409, "CONFLICT");
}

#[test]
fn a_backup_of_another_store_than_the_embedded_one_is_refused_at_the_start() {
    let data = TempDir::new().unwrap();
    let flags = ["--port", "0", "--database-url", "memory:", "--backup-to", "users.redb", "--data-dir"];
    let said = refusal(binary().args(flags).arg(data.path()));
    assert!(said.contains("--backup-to is for the embedded store"), "{said}");
}

/// Creates a user whose email has this number.
#[cfg(unix)]
async fn create(server: &Process, number: usize) -> Answer {
    send(server.post().body(complete(&format!("user{number}@example.com")).to_string())).await
}

#[cfg(unix)]
async fn ready(server: &Process) -> u16 {
    server.client.get(format!("{}/readyz", server.url)).send().await.unwrap().status().as_u16()
}

/// Creates users until the disk is full, and the server says so; gives how many it was asked for and how many there are.
#[cfg(unix)]
async fn fill_disk(server: &Process) -> (usize, usize) {
    let (mut sent, mut created) = (0, 0);
    let full = loop {
        // Many at once share one write.
        let answers = join_all((sent..sent + 64).map(|number| create(server, number))).await;
        sent += 64;
        created += answers.iter().filter(|answer| answer.status == 201).count();
        if let Some(full) = answers.into_iter().find(|answer| answer.status != 201) {
            break full;
        }
    };
    full.assert_problem(503, "SERVICE_UNAVAILABLE");
    // What many need may be missing where there is still room for one: then the server is ready, and says so.
    while ready(server).await == 200 {
        let answer = create(server, sent).await;
        sent += 1;
        match answer.status {
            201 => created += 1,
            _ => answer.assert_problem(503, "SERVICE_UNAVAILABLE"),
        }
        assert!(sent < 20_000, "the disk is never full");
    }
    (sent, created)
}

#[cfg(unix)]
#[tokio::test]
async fn a_full_disk_is_503_and_is_over_when_there_is_room_again() {
    let data = TempDir::new().unwrap();
    let server = Process::start_on_small_disk(data.path(), 2048);
    let (sent, created) = fill_disk(&server).await;
    assert_eq!(ready(&server).await, 503);
    if !server.enlarge_disk() {
        eprintln!("skipped: the rest of this test needs prlimit");
        return;
    }
    assert_eq!(ready(&server).await, 200);
    create(&server, sent).await.assert_created();
    create(&server, 0).await.assert_problem(409, "CONFLICT");
    let ended = server.kill();
    assert!(
        ended.stderr.contains("the store cannot write") && ended.stderr.contains("the store writes again"),
        "{}",
        ended.stderr
    );
    assert_eq!(stored(data.path()).await.len(), created + 1);
}

#[cfg(unix)]
#[tokio::test]
async fn what_may_not_be_written_is_named_at_the_start_and_left_as_it_is() {
    let data = TempDir::new().unwrap();
    let old = data.path().join("old");
    Process::start(&old, &[]).kill();
    let empty = data.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let (file, content) = (old.join("users.redb"), std::fs::read(old.join("users.redb")).unwrap());
    set_mode(&file, 0o400);
    set_mode(&empty, 0o500);
    for (folder, flags, expected) in [
        (&empty, &[][..], "users.redb cannot be written: Permission denied"),
        (&empty.join("below"), &[], "users.redb cannot be written: Permission denied"),
        (&old, &[], "users.redb cannot be written: Permission denied"),
        (&empty, &["--database-url", "memory:"], "local-issuer.pem: Permission denied"),
    ] {
        let Some(mut command) = bound() else {
            eprintln!("skipped: no user whom modes bind can be had");
            return;
        };
        let said = refusal(command.args(["--port", "0"]).args(flags).arg("--data-dir").arg(folder));
        assert!(said.contains(folder.to_str().unwrap()) && said.contains(expected), "{said}");
        assert!(said.contains("hint: ") && said.contains("--data-dir"), "{said}");
    }
    set_mode(&empty, 0o700);
    assert_eq!(std::fs::read_dir(&empty).unwrap().count(), 0);
    assert!(std::fs::read(&file).unwrap() == content);
}

#[cfg(unix)]
#[tokio::test]
async fn a_folder_that_may_not_be_written_any_more_does_not_matter_to_the_store_in_it() {
    let data = TempDir::new().unwrap();
    Process::start(data.path(), &[]).kill();
    set_mode(data.path(), 0o500);
    let Some(command) = bound() else { return };
    let server = Process::of(command, data.path());
    let created = create(&server, 0).await;
    created.assert_created();
    server.kill();
    set_mode(data.path(), 0o700);
    assert_eq!(stored(data.path()).await, [created.body]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_may_not_be_written_any_more_is_503_until_it_may() {
    if bound().is_none() {
        eprintln!("skipped: no user whom modes bind can be had");
        return;
    }
    let data = TempDir::new().unwrap();
    let server = Process::start_on_small_disk(data.path(), 2048);
    // An open file stays open. It is opened again after a failure, which a full disk is here.
    let (sent, created) = fill_disk(&server).await;
    let file = data.path().join("users.redb");
    set_mode(&file, 0o400);
    if !server.enlarge_disk() {
        eprintln!("skipped: the rest of this test needs prlimit");
        return;
    }
    for number in sent..sent + 3 {
        assert_eq!(ready(&server).await, 503);
        create(&server, number).await.assert_problem(503, "SERVICE_UNAVAILABLE");
    }
    set_mode(&file, 0o600);
    assert_eq!(ready(&server).await, 200);
    create(&server, sent).await.assert_created();
    let ended = server.kill();
    assert!(ended.stderr.contains("users.redb cannot be written: Permission denied"), "{}", ended.stderr);
    assert_eq!(stored(data.path()).await.len(), created + 1);
}
