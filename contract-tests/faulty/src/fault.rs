//! What a fault is: its name, and where and how it interferes.

#![expect(clippy::unwrap_used, reason = "a fault that names no place of its document is a mistake in a test")]

use hyper::http::request;
use serde_json::{Map, Value};

use crate::{
    auth::AuthFault,
    exchange::{Reply, Seen},
    store::StoreFault,
    violation::Violation,
};

/// What a fault has to do with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// The request's schema, and the list of what breaks it.
    Validation,
    /// HTTP and JSON, beyond the schema.
    Protocol,
    /// Token and scopes.
    Authentication,
    /// What is stored.
    State,
    /// The answer's status, headers and body.
    Responses,
}

/// A named fault.
#[derive(Debug, Clone)]
pub struct Fault {
    /// Its name, in words.
    pub name: &'static str,
    /// What it has to do with.
    pub group: Group,
    /// What a failure that this fault causes must point at: a JSON Pointer into the document, or the name of a rule of HTTP.
    pub at: &'static str,
    /// Where and how it interferes.
    pub effect: Effect,
}
/// Where and how a fault interferes.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Requests are held to another schema.
    Schema(Vec<Edit>),
    /// The head of the request is read otherwise.
    Head(fn(&mut request::Parts)),
    /// The body is parsed otherwise.
    Parse(fn(&[u8]) -> Result<Value, String>),
    /// The validator is shown another value.
    Shown(fn(&Value) -> Value),
    /// The value is converted before it is validated, and stays so.
    Converted(fn(&Value) -> Value),
    /// The list of violations, of this body, is changed.
    Errors(fn(&Value, &mut Vec<Violation>)),
    /// The check of the token.
    Auth(AuthFault),
    /// The store.
    Store(StoreFault),
    /// There is no limit to the body.
    Unlimited,
    /// The answer is changed.
    Reply(fn(&Seen, &mut Reply)),
}

/// A change of the document, at a JSON Pointer.
#[derive(Debug, Clone)]
pub enum Edit {
    /// Puts a value there, also where nothing was.
    Set(&'static str, Value),
    /// Takes away what is there.
    Remove(&'static str),
    /// Takes a value out of the list there.
    Without(&'static str, Value),
    /// Adds a value to the list there.
    With(&'static str, Value),
}

impl Edit {
    /// Changes the document.
    pub fn apply(&self, document: &mut Value) {
        let (Self::Set(at, _) | Self::Remove(at) | Self::Without(at, _) | Self::With(at, _)) = self;
        let (parent, name) = at.rsplit_once('/').unwrap();
        let parent = document.pointer_mut(parent).unwrap_or_else(|| panic!("nothing at {parent}")).as_object_mut().unwrap();
        let list = |parent: &mut Map<String, Value>| parent[name].as_array().unwrap().clone();
        match self {
            Self::Set(_, value) => drop(parent.insert(name.to_owned(), value.clone())),
            Self::Remove(_) => drop(parent.shift_remove(name).unwrap_or_else(|| panic!("nothing at {at}"))),
            Self::Without(_, value) => {
                let left = list(parent).into_iter().filter(|other| other != value).collect();
                parent.insert(name.to_owned(), left);
            }
            Self::With(_, value) => {
                let more = list(parent).into_iter().chain([value.clone()]).collect();
                parent.insert(name.to_owned(), more);
            }
        }
    }
}
