//! Access tokens and the issuers that they come from: forged tokens, key sets, rotation and outage.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

mod forged;
mod key;
mod key_sets;
mod rotation;
mod server;
mod third_party;
