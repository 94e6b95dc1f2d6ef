//! A request as the server reads it, and an answer before it is bytes: what faults look at and change.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::document::Media;

/// A request, for faults that depend on it.
pub struct Seen {
    /// The method.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// Whether the body came in chunks.
    pub chunked: bool,
    /// The body.
    pub bytes: Vec<u8>,
    /// How long the body was, of which `bytes` is the beginning.
    pub length: usize,
    /// The body, where it is JSON.
    pub body: Option<Value>,
}

impl Seen {
    /// The text of a string in the body.
    pub fn text(&self, pointer: &str) -> Option<&str> {
        self.body.as_ref()?.pointer(pointer)?.as_str()
    }
}

/// An answer before it is bytes.
pub struct Reply {
    /// The status.
    pub status: u16,
    /// By name in lower case.
    pub headers: BTreeMap<String, String>,
    /// Headers that the document tells what to say in, whatever else would be said; none leaves one out.
    pub wanted: Vec<(String, Option<String>)>,
    /// The body.
    pub body: Content,
}

/// The body of a [`Reply`].
pub enum Content {
    /// No body.
    None,
    /// A JSON value.
    Json(Value),
    /// Anything else.
    Bytes(Vec<u8>),
}

impl Reply {
    /// The body, where it is a JSON object.
    pub fn object(&mut self) -> Option<&mut Map<String, Value>> {
        match &mut self.body {
            Content::Json(value) => value.as_object_mut(),
            _ => None,
        }
    }

    /// Puts the value into the body, as its media type writes it.
    pub(crate) fn fill(&mut self, media: &Media, value: Value) {
        self.headers.insert("content-type".to_owned(), media.name.clone());
        self.body = match value {
            Value::String(text) if !is_json(&media.name) => Content::Bytes(text.into_bytes()),
            value => Content::Json(value),
        };
    }

    /// The answer of a server that fails: 500.
    pub fn broken() -> Self {
        let headers = [("content-type", "application/problem+json"), ("x-request-id", "broken")];
        let body = json!({
            "type": "about:blank", "title": "Internal Server Error", "status": 500, "code": "INTERNAL_ERROR",
            "message": "Something went wrong."
        });
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self { status: 500, headers: headers.into(), wanted: Vec::new(), body: Content::Json(body) }
    }
}

/// A media type without its parameters.
pub(crate) fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

/// The parameters of a media type, but for `charset`, which says nothing about what is sent.
fn parameters(media_type: &str) -> impl Iterator<Item = &str> {
    media_type.split(';').skip(1).map(str::trim).filter(|one| !one.is_empty() && !one.starts_with("charset="))
}

/// How much the document says about another media type than this one: stars, and parameters that this one has not.
pub(crate) fn distance(known: &str, sent: &str) -> (usize, usize) {
    let missing = parameters(known).filter(|one| !parameters(sent).any(|other| other == *one));
    (essence(known).matches('*').count(), missing.count())
}

/// Whether this is the media type, or a range with it: `image/*`, `application/*+json`, `*/*`.
pub(crate) fn takes_in(known: &str, sent: &str) -> bool {
    match known.split_once('*') {
        None => known == sent,
        Some(("", _)) => sent.contains('/'),
        Some((before, after)) => sent.strip_prefix(before).is_some_and(|rest| rest.ends_with(after)),
    }
}

/// Whether a media type is JSON, whatever its parameters are.
pub(crate) fn is_json(media_type: &str) -> bool {
    let essence = essence(media_type);
    essence.ends_with("/json") || essence.ends_with("+json")
}
