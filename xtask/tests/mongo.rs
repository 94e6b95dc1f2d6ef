//! `cargo xtask mongo`, as a developer runs it.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::{
    env,
    io::{BufRead, BufReader, Read},
    net::TcpStream,
    process::{Child, Command, Stdio},
};

fn start() -> (Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .arg("mongo")
        .env_remove("MONGODB_URI")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut uri = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut uri).unwrap();
    let address = uri.trim_end().strip_prefix("mongodb://").unwrap_or_default().split('/').next().unwrap().to_owned();
    (child, address)
}

/// Whether what listened there is gone; another process needs a moment to end.
fn ends(address: &str) -> bool {
    (0..100_000).any(|_| {
        std::thread::yield_now();
        TcpStream::connect(address).is_err()
    })
}

#[test]
fn a_server_runs_until_the_command_is_ended_or_killed() {
    if mongo_server::MongoServer::shared().is_none() {
        return;
    }
    for signal in ["TERM", "INT", "KILL"] {
        let (mut child, address) = start();
        assert!(TcpStream::connect(&address).is_ok(), "{address:?} does not listen");
        let sent = Command::new("sh").args(["-c", &format!("kill -{signal} {}", child.id())]).status().unwrap();
        assert!(sent.success());
        let status = child.wait().unwrap();
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(said.contains(&format!("DATABASE_URL=mongodb://{address}")), "{said}");
        assert_eq!(status.code(), (signal != "KILL").then_some(0), "{said}");
        assert!(ends(&address), "{signal}: it still listens");
    }
}

#[test]
fn without_any_it_says_what_each_way_lacks() {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .arg("mongo")
        .env_clear()
        .env("PATH", "")
        .env("DOCKER_HOST", "tcp://127.0.0.1:1")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.starts_with("error: no MongoDB server to test against\n  not MONGODB_URI: it is not set\n"), "{said}");
    assert!(said.contains("\n  not mongod on the PATH: there is none\n") && said.contains("\nhint: set MONGODB_URI"), "{said}");
}
