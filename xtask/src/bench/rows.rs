//! What is measured: each row is one kind of request to one kind of server.

use std::{env, net::SocketAddr, path::Path, process::Command};

use super::{BenchError, load::Load, process::Server};

/// What answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answerer {
    /// A bare route that answers the same, whatever is sent.
    Ceiling,
    /// The server, with users in its memory.
    Memory,
    /// The server, with each user on the disk before its answer.
    Redb,
    /// The server, with users in the MongoDB that `MONGODB_URI` names.
    Mongo,
}

/// What is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    Creation,
    SixViolations,
    RefusedToken,
    ReadOne,
    List,
    Change,
    Asset,
    UnchangedAsset,
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// What it is called.
    pub name: &'static str,
    answerer: Answerer,
    sent: Sent,
    connections: usize,
    /// The status of every answer.
    pub status: u16,
}

const fn row(name: &'static str, answerer: Answerer, sent: Sent, connections: usize, status: u16) -> Row {
    Row { name, answerer, sent, connections, status }
}

/// How many connections send at once where a row does not say otherwise.
const CONNECTIONS: usize = 32;

/// The rows, the ceiling first.
pub const ROWS: [Row; 13] = [
    row("ceiling: a bare 201", Answerer::Ceiling, Sent::Creation, CONNECTIONS, 201),
    row("400 with six violations", Answerer::Memory, Sent::SixViolations, CONNECTIONS, 400),
    row("401, a forged token", Answerer::Memory, Sent::RefusedToken, CONNECTIONS, 401),
    row("201, memory", Answerer::Memory, Sent::Creation, CONNECTIONS, 201),
    row("201, redb, 1 connection", Answerer::Redb, Sent::Creation, 1, 201),
    row("201, redb, 32 connections", Answerer::Redb, Sent::Creation, 32, 201),
    row("201, redb, 256 connections", Answerer::Redb, Sent::Creation, 256, 201),
    row("201, MongoDB", Answerer::Mongo, Sent::Creation, CONNECTIONS, 201),
    row("GET /users/{id}, redb", Answerer::Redb, Sent::ReadOne, CONNECTIONS, 200),
    row("GET /users, 20 of them, redb", Answerer::Redb, Sent::List, CONNECTIONS, 200),
    row("PATCH /users/{id}, redb", Answerer::Redb, Sent::Change, CONNECTIONS, 200),
    row("GET /docs asset, gzip accepted", Answerer::Memory, Sent::Asset, CONNECTIONS, 200),
    row("GET /docs asset, 304", Answerer::Memory, Sent::UnchangedAsset, CONNECTIONS, 304),
];

const CREATION: &str =
    r#"{"email":"u@@@example.com","firstName":"John","lastName":"Doe","dateOfBirth":"1990-05-15","residencyCountry":"GR"}"#;
const VIOLATIONS: &str =
    r#"{"email":"u","firstName":"","lastName":"","dateOfBirth":"1990","residencyCountry":"Greece","more":1}"#;
const CHANGE: &str = r#"{"lastName":"Smith"}"#;
const ASSET: &str = "/docs/swagger-ui-bundle.js";

/// How many users there are to read and to change.
const USERS: usize = 100;

/// What a row needs on this machine.
pub struct Bench<'a> {
    /// The server that is measured.
    pub server: &'a Path,
    /// The bare route.
    pub ceiling: &'a Path,
    /// Where servers may write, on a disk.
    pub folder: &'a Path,
}

impl Row {
    /// Why the row is left out.
    pub fn skipped(&self) -> Option<&'static str> {
        (self.answerer == Answerer::Mongo && env::var_os("MONGODB_URI").is_none()).then_some("MONGODB_URI names no server")
    }

    /// A server with what the row needs, and what is to be sent to it; none where the server does not have what is asked for.
    pub fn prepare(&self, bench: &Bench<'_>) -> Result<Option<(Server, Load)>, BenchError> {
        if self.answerer == Answerer::Ceiling {
            let server = Server::start(bench.ceiling, &[])?;
            return Ok(Some((server, Load { connections: self.connections, ..creation("none") })));
        }
        let url = match self.answerer {
            Answerer::Redb => format!("redb:{}", bench.folder.join("users.redb").display()),
            Answerer::Mongo => env::var("MONGODB_URI").unwrap_or_default(),
            Answerer::Memory | Answerer::Ceiling => "memory:".to_owned(),
        };
        let data = bench.folder.display().to_string();
        let arguments = ["--port", "0", "--data-dir", &data, "--database-url", &url].map(str::to_owned);
        let server = Server::start(bench.server, &arguments)?;
        let token = Command::new(bench.server).args(["token", "--data-dir", &data]).output()?;
        let token = String::from_utf8_lossy(&token.stdout).trim().to_owned();
        let Some(load) = self.load(server.address, &token)? else { return Ok(None) };
        let (status, _, body) = load.once(server.address, "once")?;
        let violations = body.matches(r#""pointer""#).count();
        if status != self.status || self.sent == Sent::SixViolations && violations != 6 {
            return Err(BenchError::Answer { row: self.name, status, body });
        }
        Ok(Some((server, Load { connections: self.connections, ..load })))
    }

    fn load(&self, address: SocketAddr, token: &str) -> Result<Option<Load>, BenchError> {
        let creation = creation(token);
        let read = |method, paths| Load { method, paths, headers: bearer(token), ..Load::default() };
        Ok(Some(match self.sent {
            Sent::Creation => creation,
            Sent::SixViolations => Load { body: VIOLATIONS.to_owned(), ..creation },
            // Signed for another content.
            Sent::RefusedToken => {
                let forged: Vec<String> = token.split('.').map(|part| part.chars().rev().collect()).collect();
                let signature = forged.last().cloned().unwrap_or_default();
                let forged = token.rsplit_once('.').map(|(signed, _)| format!("{signed}.{signature}")).unwrap_or_default();
                Load { headers: [bearer(&forged), json("application/json")].concat(), ..creation }
            }
            Sent::ReadOne => read("GET", users(&creation, address)?),
            Sent::List => {
                users(&creation, address)?;
                read("GET", vec!["/users?limit=20".to_owned()])
            }
            Sent::Change => Load {
                body: CHANGE.to_owned(),
                headers: [bearer(token), json("application/merge-patch+json")].concat(),
                ..read("PATCH", users(&creation, address)?)
            },
            Sent::Asset | Sent::UnchangedAsset => {
                let mut load =
                    Load { headers: vec![("accept-encoding", "gzip".to_owned())], ..read("GET", vec![ASSET.to_owned()]) };
                if self.sent == Sent::UnchangedAsset {
                    let (_, head, _) = load.once(address, "")?;
                    let Some(tag) = header(&head, "etag") else { return Ok(None) };
                    load.headers.push(("if-none-match", tag));
                }
                load
            }
        }))
    }
}

fn creation(token: &str) -> Load {
    Load {
        method: "POST",
        paths: vec!["/users".to_owned()],
        headers: [bearer(token), json("application/json")].concat(),
        body: CREATION.to_owned(),
        connections: 1,
    }
}

fn bearer(token: &str) -> Vec<(&'static str, String)> {
    vec![("authorization", format!("Bearer {token}"))]
}

fn json(media_type: &str) -> Vec<(&'static str, String)> {
    vec![("content-type", media_type.to_owned())]
}

/// Creates users; where each is.
fn users(creation: &Load, address: SocketAddr) -> Result<Vec<String>, BenchError> {
    let create = |number| {
        let (status, head, body) = creation.once(address, &format!("first-{number}"))?;
        header(&head, "location").ok_or(BenchError::Answer { row: "the first users", status, body })
    };
    (0..USERS).map(create).collect()
}

/// The value of a header in the head of an answer.
fn header(head: &str, name: &str) -> Option<String> {
    let mut fields = head.lines().filter_map(|line| line.split_once(": "));
    fields.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
}
