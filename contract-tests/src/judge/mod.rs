//! Judges: each looks at one exchange for one kind of broken promise.

mod conformance;
mod echo;
mod refusal;
pub(crate) mod status;
mod timestamps;

use std::{
    collections::{BTreeMap, HashMap},
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use serde_json::Value;

pub use self::refusal::ReportedViolation;
use self::status::Status;
pub(crate) use self::{conformance::Conformance, refusal::ReportedViolations};
use crate::{
    cases::Case,
    openapi::{document::Document, operation::Operation, request::Response},
    rules::{self, Rule},
    suite::fresh::{KEY, may_be_known},
    text::word,
};

/// A request, what it was to show, and the answer.
pub struct Exchange<'a> {
    /// The operation.
    pub operation: &'a Operation,
    /// The case.
    pub case: &'a Case,
    /// The answer.
    pub response: &'a Response,
    /// The answer's body, where it is JSON.
    pub body: Option<&'a Value>,
    /// The violations that a refusal names, each with pointer and rule, where the document's error body has a place for them.
    pub violations: &'a [ReportedViolation],
    /// Whether the values that must be new are known and new, so that nothing conflicts.
    pub fresh: bool,
    /// False where an id in the path was made up of which the document says nothing but its type, so that it may be of the wrong kind.
    pub live: bool,
    /// When the request was sent.
    pub sent: SystemTime,
    /// When the answer had come.
    pub answered: SystemTime,
}

impl Exchange<'_> {
    /// Whether the request may be refused because an earlier run has sent its key: one that is too short to be made anew.
    fn may_repeat_a_key(&self) -> bool {
        let headers = self.case.request.headers.iter();
        let is_known = headers.filter(|(name, _)| name.eq_ignore_ascii_case(KEY)).any(|(_, key)| may_be_known(key));
        is_known && matches!(self.response.status, 409 | 422)
    }
}

/// How many octets a head has that is long. RFC 9110, section 4.1, recommends to read targets of 8,000, and demands nothing; widely used
/// servers read 4,094.
const LONG: usize = 4_000;

/// Whether a server refuses to read a head that is long: whoever answers then may not be the one that the document is about.
fn is_too_long(exchange: &Exchange<'_>) -> bool {
    let request = &exchange.case.request;
    let head = request.target.len() + request.headers.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
    head > LONG && matches!(exchange.response.status, 414 | 431)
}

/// A broken promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule that is broken.
    pub rule: &'static Rule,
    /// Where the document makes the promise (JSON Pointer); empty where an RFC makes it.
    pub promise: String,
    /// What is broken, in words that are the same for every failure with this cause.
    pub what: String,
    /// What happened in this exchange.
    pub detail: String,
}

impl Finding {
    /// A finding of a judge of the caller's own, without detail.
    pub fn new(promise: impl Into<String>, what: impl Into<String>) -> Self {
        Self::of(&rules::OWN_JUDGE, promise, what)
    }

    /// A finding without detail.
    pub fn of(rule: &'static Rule, promise: impl Into<String>, what: impl Into<String>) -> Self {
        Self { rule, promise: promise.into(), what: what.into(), detail: String::new() }
    }

    /// Adds what happened in this exchange.
    pub fn with(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }
}

/// Looks at exchanges for one kind of broken promise. Give your own to [`crate::Suite::judge`] for what no document can say.
pub trait Judge: Send + Sync {
    /// What this exchange breaks.
    fn judge(&self, exchange: &Exchange<'_>) -> Vec<Finding>;
}

impl<F: Fn(&Exchange<'_>) -> Vec<Finding> + Send + Sync> Judge for F {
    fn judge(&self, exchange: &Exchange<'_>) -> Vec<Finding> {
        self(exchange)
    }
}

/// The judges that need nothing but the document.
pub(crate) fn standard(
    document: &Arc<Document>,
    conformance: &Arc<Conformance>,
    violations: &Arc<ReportedViolations>,
) -> Vec<Box<dyn Judge>> {
    vec![
        Box::new(Status),
        Box::new(Arc::clone(conformance)),
        Box::new(refusal::Refusal(Arc::clone(violations))),
        Box::new(echo::Echo::of(document)),
        Box::new(timestamps::Timestamps::of(document)),
    ]
}

/// Two resources of one collection never share an `id`. It knows the ids of one server, and so is made for each run.
#[derive(Default)]
pub(crate) struct Identity(Mutex<BTreeMap<String, HashMap<String, Option<u64>>>>);

impl Identity {
    /// What is deleted may leave its id to another.
    fn free(&self, exchange: &Exchange<'_>) {
        let path = exchange.case.instance.as_ref().and_then(|instance| instance.get("path")?.as_object());
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for id in path.into_iter().flat_map(|path| path.values()) {
            let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
            known.values_mut().for_each(|ids| ids.retain(|known, _| known.trim_matches('"') != id));
        }
    }
}

/// Whether two ids are the same; UUIDs in any letter case (RFC 9562, section 4).
fn is_same_id(one: &Value, other: &Value) -> bool {
    let is_the_same_uuid = |one: &str, other: &str| word::is_uuid(one) && one.eq_ignore_ascii_case(other);
    one == other || one.as_str().zip(other.as_str()).is_some_and(|(one, other)| is_the_same_uuid(one, other))
}

impl Judge for Identity {
    fn judge(&self, exchange: &Exchange<'_>) -> Vec<Finding> {
        let (method, status) = (exchange.operation.method.as_str(), exchange.response.status);
        if method == "DELETE" && (200..300).contains(&status) {
            self.free(exchange);
            return Vec::new();
        }
        let created = method == "POST" && status == 201;
        let Some(id) = exchange.body.filter(|_| created).and_then(|body| body.get("id")) else { return Vec::new() };
        // Who chooses the id, whatever that is called in the request, may mean the same resource.
        let sent = exchange.case.instance.as_ref().and_then(|instance| instance.get("body")?.as_object());
        if sent.is_some_and(|sent| sent.values().any(|value| is_same_id(value, id))) {
            return Vec::new();
        }
        // Nor is what is below a resource certainly shown, and not that resource.
        let path = exchange.case.instance.as_ref().and_then(|instance| instance.get("path")?.as_object());
        if path.is_some_and(|path| path.values().any(|value| is_same_id(value, id))) {
            return Vec::new();
        }
        let sent = exchange.case.instance.as_ref().and_then(|instance| instance.get("body"));
        let sent = sent.map(|body| {
            let mut hasher = DefaultHasher::new();
            body.to_string().hash(&mut hasher);
            hasher.finish()
        });
        let id = id.to_string();
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Below another resource the same id is another one's.
        let path = exchange.case.request.target.split('?').next().unwrap_or_default();
        match known.entry(format!("{} {path}", exchange.operation.id)).or_default().insert(id, sent) {
            None => return Vec::new(),
            // Its id may be made of what it is.
            Some(first) if first == sent && sent.is_some() => return Vec::new(),
            Some(_) => {}
        }
        vec![Finding::of(&rules::DUPLICATE_ID, &exchange.operation.pointer, "two created resources have the same id")]
    }
}
