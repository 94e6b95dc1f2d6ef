//! A case: one request, what it is to show, and what the document promises about the answer.

pub(crate) mod authentication;
pub(crate) mod protocol;
pub(crate) mod token;

use std::{collections::BTreeSet, fmt};

use serde::Serialize;
use serde_json::Value;

use crate::{
    openapi::{
        operation::Operation,
        request::{Request, Target},
    },
    plan::Sample,
    pointer::values_at,
    rules,
    schema::{Rule, Schema, Violation},
};

/// What a case is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Group {
    /// Valid, on the boundary of a constraint.
    Boundary,
    /// One constraint violated.
    Negative,
    /// Valid or with one constraint violated, at random.
    Random,
    /// HTTP and JSON.
    Protocol,
    /// Tokens and scopes.
    Authentication,
    /// What earlier requests have to do with later ones.
    State,
}

impl Group {
    /// Every group.
    pub const ALL: [Self; 6] = [Self::Boundary, Self::Negative, Self::Random, Self::Protocol, Self::Authentication, Self::State];
}

impl Group {
    /// Whether its cases are generated from the schema, so that they can be made smaller and saved.
    pub(crate) fn is_generated(self) -> bool {
        matches!(self, Self::Boundary | Self::Negative | Self::Random)
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Boundary => "boundary",
            Self::Negative => "negative",
            Self::Random => "random",
            Self::Protocol => "protocol",
            Self::Authentication => "authentication",
            Self::State => "state",
        })
    }
}

/// One rule that a request breaks, as a refusal should name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ExpectedViolation {
    /// The offending value: below the body for bodies, `/query/<name>` and so on for parameters.
    pub pointer: String,
    /// The keyword; empty where any name will do.
    pub rule: String,
    /// The keyword whose schema the rule stands in, where a refusal may name that keyword of the object or array instead.
    pub within: Option<&'static str>,
    /// The constraint in the document.
    pub constraint: String,
    /// Where the constraint applies in any request, for people: `/tags/*`.
    pub place: String,
}

/// What the document promises about the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expect {
    /// The request is valid: the documented success.
    Success,
    /// The request breaks these rules: a documented refusal that names them.
    Refusal(Vec<ExpectedViolation>),
    /// The body cannot be read at all: a documented refusal, which does not go into the schema.
    Unreadable,
    /// One of these statuses.
    Status(Vec<u16>),
    /// 401 or 403 with the challenge of RFC 6750.
    Challenge {
        /// The status.
        status: u16,
        /// The `error` of the challenge; none where no token was sent.
        error: Option<&'static str>,
    },
    /// The value is taken: 409, or another documented rejection, that names the property.
    Taken(String),
    /// Any refusal: no valid request of the operation is accepted, so that only an acceptance says something.
    NotAccepted,
    /// Any answer that is documented and not a server error.
    Documented,
}

/// The credentials that go with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// What permits the operation.
    Good,
    /// These values of `Authorization`, none or several, and no API key.
    Raw(Vec<String>),
    /// All but one part of what permits the operation.
    Without(usize),
    /// Values that nobody was given.
    Invalid,
    /// A user that there is, with another password.
    WrongPassword,
    /// Another way to be let in: one of those after the first that there are credentials for.
    Alternative(usize),
    /// What another caller has.
    Other,
}

/// One case.
#[derive(Debug, Clone)]
pub struct Case {
    /// Names the case in every run with the same seed.
    pub id: String,
    /// What it is about.
    pub group: Group,
    /// What it does, in a few words.
    pub title: String,
    /// Where the document makes the promise (JSON Pointer).
    pub promise: String,
    /// The request, without credentials.
    pub request: Request,
    /// The request as one instance, where it is made from the schema.
    pub instance: Option<Value>,
    /// Its credentials.
    pub credentials: Credentials,
    /// What is promised.
    pub expect: Expect,
    /// The rule that a server breaks which accepts what must be refused, or refuses what must be accepted.
    pub rule: &'static rules::Rule,
}

impl Case {
    /// The case for a sample of the plan.
    pub(crate) fn of_sample(target: &Target, sample: &Sample, group: Group, number: usize) -> Self {
        let schema = &target.schema;
        let operation = &target.operation;
        let constraint = sample.constraint.map(|id| &schema.constraints[id]);
        let promise = constraint.and_then(|c| c.source.clone()).unwrap_or_else(|| operation.pointer.clone());
        let key = constraint.map_or_else(|| "baseline".to_owned(), |constraint| constraint.key());
        let expect = expectation(schema, &sample.broken);
        let title = match (&expect, constraint) {
            (Expect::Success, _) if lacks_body(target, &sample.instance) => WITHOUT_BODY.to_owned(),
            (Expect::Success, None) => VALID.to_owned(),
            (Expect::Success, Some(c)) => format!("{ON_BOUNDARY}{} of {}", c.keyword, shown(&c.place)),
            (_, _) => format!("a request that breaks {}", list(schema, &sample.broken)),
        };
        Self {
            id: format!("{}:{group}:{key}:{number}", target.name()),
            group,
            title,
            promise,
            request: target.encode(&sample.instance),
            instance: Some(sample.instance.clone()),
            credentials: Credentials::Good,
            rule: if expect == Expect::Success { &rules::VALID_REFUSED } else { &rules::INVALID_ACCEPTED },
            expect,
        }
    }

    /// What it does, where it was made from `whole` by making that smaller: what is no longer on the boundary is not about it.
    pub(crate) fn made_smaller(&self, whole: &Self) -> &str {
        let Some((_, place)) = self.title.strip_prefix(ON_BOUNDARY).and_then(|rest| rest.rsplit_once(" of ")) else {
            return &self.title;
        };
        let sizes = |case: &Self| -> Vec<String> {
            let is_parameter = ["/path/", "/query/", "/header/", "/cookie/"].iter().any(|root| place.starts_with(root));
            let root = case.instance.as_ref().and_then(|root| if is_parameter { Some(root) } else { root.get("body") });
            let place = if place.starts_with('/') { place } else { "" };
            root.into_iter().flat_map(|root| values_at(root, place)).map(size).collect()
        };
        if sizes(self) == sizes(whole) { &self.title } else { VALID }
    }

    /// Whether its request says what the resource must be like (RFC 9110, section 13.1).
    pub(crate) fn is_conditional(&self) -> bool {
        self.request.headers.iter().any(|(name, _)| name.to_lowercase().starts_with("if-"))
    }

    /// A request of the operation, with good credentials, of which nothing is promised but what the document says.
    pub(crate) fn of_request(target: &Target, id: String, title: &str, request: Request) -> Self {
        Self {
            id,
            group: Group::State,
            title: title.to_owned(),
            promise: target.operation.pointer.clone(),
            request,
            instance: None,
            credentials: Credentials::Good,
            expect: Expect::Documented,
            rule: &rules::VALID_REFUSED,
        }
    }

    /// The same for the request that an instance is.
    pub(crate) fn of_instance(target: &Target, id: String, title: &str, instance: Value) -> Self {
        let request = target.encode(&instance);
        Self { instance: Some(instance), ..Self::of_request(target, id, title, request) }
    }

    /// The case as far as it says something about an operation of which no valid request is accepted: whether it is accepted.
    pub(crate) fn without_baseline(self) -> Option<Self> {
        let expect = match self.expect {
            Expect::Success | Expect::Taken(_) => return None,
            Expect::Status(wanted) if wanted.iter().any(|status| *status < 400) => Expect::Documented,
            Expect::Documented => Expect::Documented,
            Expect::Refusal(_) | Expect::Unreadable | Expect::Status(_) | Expect::Challenge { .. } | Expect::NotAccepted => {
                Expect::NotAccepted
            }
        };
        Some(Self { expect, ..self })
    }
}

/// What bounds of its kind are about: how long it is, how many it has, or what it is.
fn size(value: &Value) -> String {
    match value {
        Value::String(text) => format!("text {}", text.chars().count()),
        Value::Array(items) => format!("list {}", items.len()),
        Value::Object(object) => format!("object {}", object.len()),
        other => other.to_string(),
    }
}

/// What a request does that keeps to every rule.
pub(crate) const VALID: &str = "a valid request";

/// How the title of a case begins whose request is on the boundary of a rule.
const ON_BOUNDARY: &str = "a valid request on the boundary of ";

/// What a request does that leaves out a body which is not required.
pub(crate) const WITHOUT_BODY: &str = "a valid request without the optional body";

/// What a request does that has a body of no bytes.
pub(crate) const EMPTY_BODY: &str = "an empty body";

fn lacks_body(target: &Target, instance: &Value) -> bool {
    target.operation.body.is_some() && instance.get("body").is_none()
}

/// What is promised about a request that breaks these rules of the schema.
pub(crate) fn expectation(schema: &Schema, broken: &BTreeSet<Violation>) -> Expect {
    if broken.is_empty() {
        return Expect::Success;
    }
    let all = broken.iter().map(|violation| {
        let constraint = &schema.constraints[violation.constraint];
        let pointer = violation.place.strip_prefix("/body").unwrap_or(&violation.place).to_owned();
        // That nothing is allowed at a place has a keyword of its own only where it is about what is left over.
        let left_over = ["additionalProperties", "unevaluatedProperties", "unevaluatedItems"].contains(&constraint.keyword);
        let rule = if matches!(constraint.rule, Rule::Never) && !left_over { "" } else { constraint.keyword };
        let summed_up = ["propertyNames", "unevaluatedItems", "unevaluatedProperties"];
        let within = summed_up.into_iter().find(|keyword| constraint.pointer.contains(&format!("/{keyword}/")));
        ExpectedViolation {
            pointer,
            rule: rule.to_owned(),
            within,
            constraint: constraint.key(),
            place: shown(place(schema, violation)),
        }
    });
    Expect::Refusal(all.collect())
}

/// Where a rule is broken: the schema's place for it where that matches, else the place of the violation.
fn place<'s>(schema: &'s Schema, violation: &'s Violation) -> &'s str {
    let place = &schema.constraints[violation.constraint].place;
    let (mut own, mut found) = (place.split('/'), violation.place.split('/'));
    let is_here = own.all(|own| found.next().is_some_and(|found| own == "*" || own == found));
    if is_here { place } else { &violation.place }
}

fn list(schema: &Schema, broken: &BTreeSet<Violation>) -> String {
    let all: BTreeSet<String> = broken
        .iter()
        .map(|violation| format!("{} of {}", schema.constraints[violation.constraint].keyword, shown(place(schema, violation))))
        .collect();
    all.into_iter().collect::<Vec<_>>().join(", ")
}

/// A place in a request, for people.
pub(crate) fn shown(place: &str) -> String {
    match place {
        "" => "the request".to_owned(),
        "/body" => "the body".to_owned(),
        place => place.strip_prefix("/body").unwrap_or(place).to_owned(),
    }
}

/// The statuses with which an operation may refuse a request that breaks its rules.
pub(crate) fn refusals(operation: &Operation, in_path: bool) -> Vec<u16> {
    let usual: &[u16] = if in_path { &[400, 422, 404] } else { &[400, 422] };
    let documented: Vec<u16> =
        usual.iter().copied().filter(|status| operation.responses.contains_key(&status.to_string())).collect();
    if documented.iter().any(|status| *status != 404) {
        return documented;
    }
    let apart = [401, 403, 405, 408, 409, 413, 415, 429];
    // Of a path that only may lead to nothing the document does not say how else it is refused.
    (400..500).filter(|status| !apart.contains(status)).collect()
}
