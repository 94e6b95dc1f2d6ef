//! What a change is, and whom it breaks.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Whom a change breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Class {
    /// Requests that were right are refused, or no longer mean what they meant.
    #[serde(rename = "breaking for requests")]
    Requests,
    /// Answers come that a client of the old document does not expect.
    #[serde(rename = "breaking for responses")]
    Responses,
    /// Nobody.
    #[serde(rename = "safe")]
    Safe,
    /// Nobody; only what people read has changed.
    #[serde(rename = "documentation only")]
    Documentation,
}

impl Class {
    /// Whether somebody is broken.
    pub fn breaks(self) -> bool {
        matches!(self, Self::Requests | Self::Responses)
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Requests => "breaking for requests",
            Self::Responses => "breaking for responses",
            Self::Safe => "safe",
            Self::Documentation => "documentation only",
        })
    }
}

/// Which way values go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Direction {
    /// From the client: what is narrower breaks.
    Request,
    /// To the client: what is wider breaks.
    Response,
}

impl Direction {
    /// The class of what breaks in this direction.
    pub fn broken(self) -> Class {
        match self {
            Self::Request => Class::Requests,
            Self::Response => Class::Responses,
        }
    }

    /// The keyword of what is not sent in this direction.
    pub fn mark(self) -> &'static str {
        match self {
            Self::Request => "readOnly",
            Self::Response => "writeOnly",
        }
    }
}

/// Where in an operation a change is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The operation itself.
    Operation,
    /// Every request, whatever its body.
    Requests,
    /// Requests with this media type.
    Request(String),
    /// A status.
    Response(String),
    /// A header of a status.
    Header(String, String),
    /// The body of a status with this media type.
    Body(String, String),
}

impl Part {
    /// Whether what concerns `self` concerns what is compared as `whole`.
    pub fn is_in(&self, whole: &Self) -> bool {
        self == whole || (self == &Self::Requests && matches!(whole, Self::Request(_)))
    }
}

/// A status as documents write it.
fn written(status: &str) -> &str {
    if status == "DEFAULT" { "default" } else { status }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operation => f.write_str("operation"),
            Self::Requests => f.write_str("request"),
            Self::Request(media_type) => write!(f, "request ({media_type})"),
            Self::Response(status) => write!(f, "response {}", written(status)),
            Self::Header(status, name) => write!(f, "response {}, header {name}", written(status)),
            Self::Body(status, media_type) => write!(f, "response {} ({media_type})", written(status)),
        }
    }
}

/// What decides about a change.
#[derive(Debug, Clone, PartialEq)]
pub enum Ground {
    /// Schemas: there may be a proof that it is harmless, or an instance that shows that it is not. Here an instance is refused
    /// that shows it.
    Schema {
        /// In the old document (JSON Pointer).
        old: String,
        /// In the new document.
        new: String,
        /// The property, where it is one of several with the same pointer.
        item: Option<String>,
    },
    /// Any request that was right.
    AnyRequest,
    /// The document itself: this is an example.
    Example(Value),
    /// The document itself, without an example.
    Document,
}

impl Change {
    /// A change in the operation itself that the document shows by itself.
    pub(super) fn of_document(operation: &str, pointer: String, gone: bool, class: Class, sentence: impl Into<String>) -> Self {
        Self {
            operation: operation.to_owned(),
            part: Part::Operation,
            pointer,
            gone,
            class,
            sentence: sentence.into(),
            repeats: false,
            ground: Ground::Document,
        }
    }

    /// Where an instance is refused that shows the change, with the property where it is one of several with the same pointer.
    pub(super) fn refusing(&self, direction: Direction) -> Option<(&str, Option<&str>)> {
        let Ground::Schema { old, new, item } = &self.ground else { return None };
        let refusing = match direction {
            Direction::Request => new,
            Direction::Response => old,
        };
        Some((refusing, item.as_deref()))
    }
}

/// A difference between two documents, for one operation.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The operation: its `operationId`, or method and path.
    pub operation: String,
    /// Where in the operation.
    pub part: Part,
    /// Where in the new document (JSON Pointer), or in the old one for what is gone.
    pub pointer: String,
    /// Whether it is gone, so that the pointer is the old document's.
    pub gone: bool,
    /// Whom it breaks.
    pub class: Class,
    /// What it is, as a sentence.
    pub sentence: String,
    /// Whether the sentence names what has changed, so that the same sentence about another place tells of the same edit: a media type
    /// that is removed everywhere, a scope that every operation asks for now.
    pub repeats: bool,
    /// What decides about it.
    pub ground: Ground,
}
