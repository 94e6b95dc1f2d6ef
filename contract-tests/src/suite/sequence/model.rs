//! What is known of the resources of a sequence: what was found after their last own change.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    openapi::request::Response,
    suite::{
        alike::{alike, is_nothing},
        look::json,
    },
};

/// The resources by the numbers that the sequence gives them.
pub(super) type Model = BTreeMap<usize, Item>;

/// What is known of one.
#[derive(Debug, Clone)]
pub(super) struct Item {
    /// The values of its path.
    pub values: Vec<Value>,
    pub state: State,
    /// What was found after its last own change.
    pub shown: Value,
    pub etag: Option<String>,
    /// A strong `ETag` that it had before its last change.
    pub stale: Option<String>,
    /// The last `PUT`, where nothing has changed it since.
    pub put: Option<Value>,
    /// What its own requests have set and it shows.
    pub set: Sent,
    /// The values that its own changes replaced.
    pub before: Sent,
}

/// Whether a resource is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Present,
    /// It was deleted and is not found.
    Gone,
    /// It is not known: it was never found, or deleted and is still found.
    Unclear,
}

/// What was sent: names and values of properties that the resource shows by the same rules.
pub(super) type Sent = Vec<(String, Value)>;

impl Item {
    /// A resource of which nothing is known but what names it.
    pub fn new(values: Vec<Value>) -> Self {
        let (set, before) = (Sent::new(), Sent::new());
        Self { values, state: State::Unclear, shown: Value::Null, etag: None, stale: None, put: None, set, before }
    }

    /// The first property set by a request for which `holds` is true of what was set, what was shown then and what is shown now.
    pub fn first_set(&self, now: &Value, holds: impl Fn(&str, &Value, &Value, &Value) -> bool) -> Option<String> {
        let shown = |name: &str| (self.shown[name].clone(), now[name].clone());
        let mut all = self.set.iter();
        let found = all.find(|(name, set)| {
            let (before, now) = shown(name);
            alike(set, &before) && holds(name, set, &before, &now)
        });
        found.map(|(name, _)| name.clone())
    }

    /// The name of the first property that an item of a list has as it was before a change. A list may leave out what it does not load.
    pub fn outdated(&self, listed: &Value) -> Option<&str> {
        let is_old = |name: &str, before: &Value| {
            !is_nothing(before)
                && listed.get(name).is_some_and(|listed| alike(before, listed) && !alike(&self.shown[name], listed))
        };
        self.before.iter().find(|(name, before)| is_old(name, before)).map(|(name, _)| name.as_str())
    }

    pub fn is_present(&self) -> bool {
        self.state == State::Present
    }

    /// What the request of somebody else, with these values, has done to it: it is gone, or a property has the value that was sent. What
    /// changes by itself does not take that very value, but for those that are true or nothing: of a set only one may be the default.
    pub fn harm(&self, found: &Response, sent: &Sent) -> Option<String> {
        if matches!(found.status, 404 | 410) {
            return Some(format!("it is answered with {}", found.status));
        }
        let now = json(found)?;
        let changed = sent.iter().find(|(name, value)| {
            let (before, now) = (&self.shown[name.as_str()], &now[name.as_str()]);
            !value.is_boolean() && !is_nothing(value) && !alike(before, now) && alike(value, now)
        });
        changed.map(|(name, _)| format!("its {name} has changed"))
    }

    /// The name of the first property that was as it was sent, and is not any more.
    pub fn undone(&self, found: &Response, sent: &Sent) -> Option<String> {
        let now = json(found)?;
        let lost = sent.iter().find(|(name, value)| {
            let (before, now) = (&self.shown[name.as_str()], &now[name.as_str()]);
            alike(value, before) && !alike(before, now)
        });
        lost.map(|(name, _)| name.clone())
    }
}

/// Whether this names exactly one state of a resource (RFC 9110, section 8.8.1).
pub(super) fn is_strong(etag: &str) -> bool {
    !etag.starts_with("W/")
}

/// Whether two `ETag`s name the same state, weak or not (RFC 9110, section 8.8.3.2).
pub(super) fn same_tag(one: &str, other: &str) -> bool {
    one.trim_start_matches("W/") == other.trim_start_matches("W/")
}
