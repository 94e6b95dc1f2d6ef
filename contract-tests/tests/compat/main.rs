//! Pairs of documents with the expected verdict, the report in its three formats, and the command.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

mod allow;
mod command;
mod documents;
mod report;
mod schemas;

use contract_tests::{
    Document,
    compat::verdict::{Options, Undocumented},
};
use serde_json::Value;

/// Both documents read to the letter.
fn literal() -> Options {
    Options { undocumented: Undocumented::Allowed, ..Options::default() }
}

/// A document of the collection.
fn document(name: &str, json: &Value) -> Document {
    Document::parse(name, json.to_string()).unwrap_or_else(|error| panic!("{error}"))
}
