//! Killed again and again while users are created, changed and deleted: what was acknowledged is there, and nothing is torn.

use std::{collections::HashMap, path::Path};

use futures_util::future::join_all;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use users_api::store::{Inspect, RedbStore, UserStore};

use crate::{app::minimal, process::Process};

/// How many clients work at a time; each has users of its own.
const CLIENTS: usize = 8;

/// How often the server is killed. `CRASHES` says otherwise: the figures in docs/reliability.md are of 300.
const CRASHES: usize = 6;

/// What a client knows of one of its users.
#[derive(Debug, Clone, PartialEq)]
enum Known {
    Absent,
    /// The id, and the first name that was set last.
    Present(String, String),
}

/// One client's users by email: what was acknowledged, and beside it what a change that was not answered would make of it.
#[derive(Default)]
struct Users {
    acknowledged: HashMap<String, Known>,
    in_doubt: Option<(String, Known)>,
    steps: usize,
}

impl Users {
    /// Changes users of its own, one after the other, until the server is gone.
    async fn work(mut self, url: &str, token: &str, number: usize, acknowledged: UnboundedSender<()>) -> Self {
        let client = Client::new();
        let request = |method, path: &str| client.request(method, format!("{url}{path}")).bearer_auth(token);
        loop {
            self.steps += 1;
            let step = self.steps;
            let email = format!("user{number}.{}@example.com", step * 7 % 5);
            let name = format!("Step {}", ["One", "Two", "Three", "Four"][step % 4]);
            let known = self.acknowledged.get(&email).cloned().unwrap_or(Known::Absent);
            let (sent, status, next) = match &known {
                Known::Absent => {
                    let mut user = minimal(&email);
                    user["firstName"] = json!(name);
                    let sent = request(Method::POST, "/users").header("content-type", "application/json").body(user.to_string());
                    (sent, 201, Known::Present(String::new(), name))
                }
                Known::Present(id, _) if step.is_multiple_of(3) => {
                    (request(Method::DELETE, &format!("/users/{id}")), 204, Known::Absent)
                }
                Known::Present(id, _) => {
                    let sent = request(Method::PATCH, &format!("/users/{id}"))
                        .header("content-type", "application/merge-patch+json")
                        .body(json!({ "firstName": name }).to_string());
                    (sent, 200, Known::Present(id.clone(), name))
                }
            };
            self.in_doubt = Some((email.clone(), next.clone()));
            let Ok(answer) = sent.send().await else { return self };
            assert_eq!(answer.status(), status, "{email}: {known:?} to {next:?}");
            let Ok(body) = answer.bytes().await else { return self };
            let next = match next {
                Known::Present(id, name) if id.is_empty() => {
                    let Ok(user) = serde_json::from_slice::<Value>(&body) else { return self };
                    Known::Present(user["id"].as_str().unwrap().to_owned(), name)
                }
                next => next,
            };
            self.in_doubt = None;
            self.acknowledged.insert(email, next);
            let _ = acknowledged.send(()); // Nobody counts any more once the server is being killed.
        }
    }

    /// Takes over what the store says of these users, which must be what was acknowledged or what was in doubt.
    fn settle(&mut self, stored: &HashMap<String, Known>) {
        let doubted = self.in_doubt.take();
        if let Some((email, _)) = &doubted {
            self.acknowledged.entry(email.clone()).or_insert(Known::Absent);
        }
        for (email, known) in &mut self.acknowledged {
            let found = stored.get(email).cloned().unwrap_or(Known::Absent);
            let by_doubt = doubted.as_ref().is_some_and(|(other, next)| other == email && next.is_like(&found));
            assert!(*known == found || by_doubt, "{email} is {found:?}, acknowledged was {known:?}, in doubt {doubted:?}");
            *known = found;
        }
    }
}

impl Known {
    /// Whether this is what the store has; the id of a user whose creation was not answered is not known.
    fn is_like(&self, found: &Self) -> bool {
        match (self, found) {
            (Self::Present(id, name), Self::Present(_, other)) if id.is_empty() => name == other,
            _ => self == found,
        }
    }
}

/// What the store in this folder holds, read without the server; no email is there twice.
async fn stored(data: &Path) -> HashMap<String, Known> {
    let store = RedbStore::open(&data.join("users.redb")).unwrap();
    let users = store.snapshot().await.unwrap();
    store.close().await;
    let mut all = HashMap::new();
    for user in users {
        let user = serde_json::to_value(user).unwrap();
        let text = |name: &str| user[name].as_str().unwrap().to_owned();
        let twice = all.insert(text("email"), Known::Present(text("id"), text("firstName")));
        assert_eq!(twice, None, "{} is there twice", text("email"));
    }
    all
}

#[tokio::test]
async fn every_acknowledged_change_survives_being_killed() {
    let data = TempDir::new().unwrap();
    let crashes = std::env::var("CRASHES").ok().and_then(|crashes| crashes.parse().ok()).unwrap_or(CRASHES);
    let mut users: Vec<Users> = (0..CLIENTS).map(|_| Users::default()).collect();
    let mut changes = 0;
    for crash in 0..crashes {
        let server = Process::start(data.path(), &[]);
        let (url, token) = (server.url.clone(), server.token("read:users write:users"));
        let (acknowledged, mut counted) = unbounded_channel();
        let working = users.into_iter().enumerate().map(|(number, own)| own.work(&url, &token, number, acknowledged.clone()));
        let working = join_all(working);
        // The kill comes after another number of acknowledgements each time, while all clients are anywhere.
        let killing = async {
            for _ in 0..20 + crash * 13 % 60 {
                counted.recv().await.unwrap();
            }
            server.kill();
        };
        let (ended, ()) = tokio::join!(working, killing);
        users = ended;
        let found = stored(data.path()).await;
        changes += users.iter().map(|own| own.acknowledged.len()).sum::<usize>();
        users.iter_mut().for_each(|own| own.settle(&found));
        let known: usize =
            users.iter().flat_map(|own| own.acknowledged.values()).filter(|known| **known != Known::Absent).count();
        assert_eq!(found.len(), known, "the store has users that nobody created");
    }
    println!("{crashes} crashes, {changes} users compared, none lost");
}
