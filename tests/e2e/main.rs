//! The server as its users meet it: over HTTP, each test with a server and a store of its own.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

mod app;
mod browser;
mod crashes;
mod documentation;
mod durability;
mod example;
mod hostile;
mod issuer;
mod log;
mod mongo;
mod operations;
mod privacy;
mod process;
mod protocol;
mod proxy;
mod readme;
mod retries;
mod rules;
mod statuses;
mod tokens;
mod traces;
mod users;
