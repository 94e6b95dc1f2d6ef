//! What a run found, and how it is told: to people ([`Report::text`], [`Report::html`]), to CI ([`Report::junit`], [`Report::sarif`])
//! and to programs ([`Report::json`]).

mod accepted;
mod conversion;
mod group;
mod html;
mod junit;
mod sarif;
mod secret;
pub(crate) mod terminal;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde::Serialize;
use serde_json::{Value, json};

pub use self::accepted::{Accepted, Allowance};
pub use self::terminal::Layout;
pub(crate) use self::{
    group::{gist, group, single},
    secret::Secrets,
};
use crate::{cases::Group, openapi::operation::Operation, rules::Level, schema::Uncovered};

/// Why an operation that a caller has excluded is not tested.
pub(crate) const EXCLUDED: &str = "it is excluded";
/// Why an operation is not tested where only those are that change nothing.
pub(crate) const READ_ONLY: &str = "only operations that change nothing are tested";

/// Whether an operation is not tested because somebody wants it so.
fn is_wish(reason: &str) -> bool {
    matches!(reason, EXCLUDED | READ_ONLY)
}

/// What a run found. Shown with `{}` it is text for people; see also [`Report::text`].
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The document's name.
    pub document: String,
    /// The server's URL.
    pub url: String,
    /// Reproduces the run.
    pub seed: u64,
    /// The beginning of the names of the only cases that were tried; none where all were.
    pub only: Option<String>,
    /// How many requests were sent, those for making failures smaller included.
    pub requests: u64,
    /// How many cases were judged.
    pub cases: u64,
    /// How long it took, in seconds.
    #[serde(serialize_with = "serialize_seconds")]
    pub elapsed: Duration,
    /// What is wrong in the document itself, and was left out of it.
    pub defects: Vec<Uncovered>,
    /// Each operation, once for each media type of its body.
    pub operations: Vec<OperationReport>,
    /// What was found, once for each cause, the worst first.
    pub failures: Vec<Failure>,
    /// How many findings were left out because they are accepted.
    pub accepted: usize,
    /// Why the run ended before everything was tried; none where it was not.
    pub stopped: Option<Stopped>,
}

/// How a failure ends whose request has ended the server, or was under way when that happened.
pub(crate) const GONE: &str = "and the server is gone";

/// Why a run ended early.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stopped {
    /// Somebody asked for it.
    Interrupted,
    /// Its time was up.
    MaxTime,
    /// It was to end with a failure that was found.
    FailFast,
    /// The server takes no connections any more.
    ServerGone {
        /// The last request that it answered.
        last: String,
    },
    /// The server refuses the credentials that it has accepted before.
    CredentialsGone {
        /// The last request that changed something.
        last: String,
    },
}

impl std::fmt::Display for Stopped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Interrupted => f.write_str("the run was interrupted"),
            Self::MaxTime => f.write_str("the time for the run was up"),
            Self::FailFast => f.write_str("the run was to end with the first failure"),
            Self::ServerGone { last } => {
                write!(f, "the server takes no connections any more; the last request that it answered: {last}")
            }
            Self::CredentialsGone { last } => {
                let last = if last.is_empty() { "none" } else { last };
                write!(f, "the server refuses the credentials that it accepted before; the last change that it accepted: {last}")
            }
        }
    }
}

/// What a run did for one operation.
#[derive(Debug, Clone, Serialize)]
pub struct OperationReport {
    /// `operationId`, or method and path.
    pub id: String,
    /// Method and path.
    pub name: String,
    /// How many cases of each group were judged.
    pub cases: BTreeMap<Group, usize>,
    /// Each constraint of the request.
    pub constraints: Vec<ConstraintReport>,
    /// What of the document is not covered.
    pub uncovered: Vec<Uncovered>,
    /// Rules that no request can break, with the reason.
    pub unbreakable: Vec<Uncovered>,
    /// Instances that were not sent because the engine and its second opinion disagree about them.
    pub disagreements: Vec<String>,
    /// Why no valid request of it succeeds, so that its variants were not tried; none where one does.
    pub untested: Option<String>,
    /// Whether everything was tried: not where the run was stopped before.
    pub complete: bool,
    /// The documented statuses, ranges and `default`.
    pub documented: Vec<String>,
    /// The statuses that it answered, each with how often.
    pub answered: BTreeMap<u16, u64>,
}

impl OperationReport {
    /// Of one of which nothing could be tried.
    pub(crate) fn untested(operation: &Operation, why: &str) -> Self {
        Self {
            id: operation.id.clone(),
            name: format!("{} {}", operation.method, operation.path),
            cases: BTreeMap::new(),
            constraints: Vec::new(),
            uncovered: operation.uncovered.clone(),
            unbreakable: Vec::new(),
            disagreements: Vec::new(),
            untested: Some(why.to_owned()),
            complete: true,
            documented: operation.responses.keys().cloned().collect(),
            answered: BTreeMap::new(),
        }
    }

    /// Whether it gave a success that is documented.
    pub fn succeeded(&self) -> bool {
        let documented = |status: u16| {
            let range = format!("{}XX", status / 100);
            let says = |known: &String| *known == status.to_string() || *known == range || known == "DEFAULT";
            // Who documents no answer promises none.
            self.documented.is_empty() || self.documented.iter().any(says)
        };
        // Some succeed by leading elsewhere.
        let end = if self.documented.iter().any(|known| known.starts_with('2')) { 300 } else { 400 };
        self.answered.keys().any(|status| (200..end).contains(status) && documented(*status))
    }

    /// The documented statuses that no answer had.
    pub fn unseen(&self) -> impl Iterator<Item = &str> {
        let seen = |known: &str| match known.strip_suffix("XX") {
            Some(class) => self.answered.keys().any(|status| (status / 100).to_string() == class),
            None => self.answered.keys().any(|status| status.to_string() == known),
        };
        self.documented.iter().map(String::as_str).filter(move |known| *known != "DEFAULT" && !seen(known))
    }

    /// How many constraints there are, and how many were met from both sides.
    pub fn coverage(&self) -> (usize, usize) {
        (self.constraints.len(), self.constraints.iter().filter(|constraint| constraint.satisfied && constraint.violated).count())
    }
}

/// What a run did for one constraint.
#[derive(Debug, Clone, Serialize)]
pub struct ConstraintReport {
    /// Where it stands in the document, and which item of its keyword it is.
    pub key: String,
    /// Where it applies in a request.
    pub place: String,
    /// The keyword.
    pub keyword: String,
    /// Which item of a keyword that lists several rules, such as the property of `required`.
    pub item: Option<String>,
    /// Valid requests on its boundary.
    pub boundary: usize,
    /// Requests made to break it.
    pub negative: usize,
    /// Random requests made to break it.
    pub random: usize,
    /// Whether a valid request was sent that satisfies it.
    pub satisfied: bool,
    /// Whether a request was sent that violates it.
    pub violated: bool,
    /// How it can be broken: `alone`, `together with …`, `inside a condition`, `choice`, `never`.
    pub breakable: String,
}

impl ConstraintReport {
    /// The keyword, with its item where the place does not name it.
    pub fn name(&self) -> String {
        match &self.item {
            Some(item) if self.place.rsplit('/').next() != Some(item) => format!("{} {item}", self.keyword),
            _ => self.keyword.clone(),
        }
    }

    /// What is missing until it is met from both sides.
    pub fn gap(&self) -> Option<&'static str> {
        match (self.satisfied, self.violated) {
            (true, true) => None,
            (false, false) => Some("no request was sent that satisfies or violates it"),
            (false, true) => Some("no valid request was sent that satisfies it"),
            (true, false) if self.breakable == "never" => Some("no request was found that violates it"),
            (true, false) => Some("no request was sent that violates it"),
        }
    }
}

/// A broken promise: every failure with the same cause.
#[derive(Debug, Clone, Serialize)]
pub struct Failure {
    /// The operation.
    pub operation: String,
    /// Its method and path.
    pub name: String,
    /// Other operations with the same cause.
    pub also: Vec<String>,
    /// Other failures that the same mistake explains in all likelihood, such as further rules of a parameter that nobody checks.
    pub more: Vec<Failure>,
    /// The rule that is broken, see `docs/rules`.
    pub rule: &'static str,
    /// How bad that is.
    pub level: Level,
    /// The group of the first case that found it.
    pub group: Group,
    /// Where the document makes the promise (JSON Pointer); empty where an RFC makes it.
    pub promise: String,
    /// Where in a request the rule applies that the case breaks: `/query/limit`, or below the body; none where it breaks none.
    pub place: Option<String>,
    /// The line of the document, from 1.
    pub line: Option<usize>,
    /// The text of that line, or of the value where the line has more than it.
    pub text: Option<String>,
    /// What is broken.
    pub what: String,
    /// What happened in the case shown.
    pub detail: String,
    /// How many cases found it.
    pub count: usize,
    /// The case shown: the smallest.
    pub case: String,
    /// What the case does.
    pub title: String,
    /// The request, as a command for a shell; a token is `$TOKEN`.
    pub curl: String,
    /// The request's body, where it is text.
    pub request: Option<String>,
    /// The status of the answer; none where there was no answer.
    pub status: Option<u16>,
    /// The answer's body, where it is text, cut to a readable length.
    pub answer: Option<String>,
    /// What reruns this case alone: flags of the command line; in a report of the command line the whole command.
    pub rerun: String,
}

impl Failure {
    /// How many cases found it or what is like it.
    pub fn total(&self) -> usize {
        self.count + self.more.iter().map(|failure| failure.count).sum::<usize>()
    }

    /// The other operations in which it or what is like it was found.
    pub fn others(&self) -> Vec<&str> {
        let mut others: Vec<&str> = Vec::new();
        for operation in self.each().flat_map(|failure| std::iter::once(&failure.operation).chain(&failure.also)) {
            if *operation != self.operation && !others.contains(&operation.as_str()) {
                others.push(operation);
            }
        }
        others
    }

    /// It, and what the same mistake explains.
    pub fn each(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.more)
    }
}

impl Report {
    /// Whether no promise is broken: there may be warnings.
    pub fn passed(&self) -> bool {
        self.count(Level::Error) == 0
    }

    /// Whether nothing was found, no warning either.
    pub fn is_clean(&self) -> bool {
        self.failures.is_empty()
    }

    /// How many findings of this level there are.
    pub fn count(&self, level: Level) -> usize {
        self.failures.iter().filter(|failure| failure.level == level).count()
    }

    /// The operations, each once: one whose body has several media types is tested, and reported, with each of them.
    pub fn each_operation(&self) -> impl Iterator<Item = &OperationReport> {
        let mut known = BTreeSet::new();
        self.operations.iter().filter(move |operation| known.insert(&operation.id))
    }

    /// How many operations there are, and how many have answered a documented success.
    pub fn succeeded(&self) -> (usize, usize) {
        (self.each_operation().count(), self.each_operation().filter(|operation| operation.succeeded()).count())
    }

    /// The same of the operations that were not left out by wish, and of those how many could not be tested with any media type.
    pub(crate) fn not_testable(&self) -> (usize, usize) {
        let wanted = || self.each_operation().filter(|operation| !operation.untested.as_deref().is_some_and(is_wish));
        let is_tested = |id: &str| self.operations.iter().any(|it| it.id == id && it.untested.is_none());
        (wanted().count(), wanted().filter(|operation| !is_tested(&operation.id)).count())
    }

    /// The operations of which no valid request succeeds, each with the reason.
    pub fn untested(&self) -> impl Iterator<Item = (&OperationReport, &str)> {
        self.operations.iter().filter_map(|operation| Some((operation, operation.untested.as_deref()?)))
    }

    /// How many constraints there are, and how many were met from both sides.
    pub fn coverage(&self) -> (usize, usize) {
        let each = self.operations.iter().map(OperationReport::coverage);
        each.fold((0, 0), |(all, met), (more, met_more)| (all + more, met + met_more))
    }

    /// How many things that the document says were not tested: rules that are not covered or were not tested from both sides,
    /// operations of which nothing was tested, and what is wrong in the document itself.
    pub fn gaps(&self) -> usize {
        let (all, met) = self.coverage();
        let uncovered =
            self.operations.iter().map(|operation| operation.uncovered.len() + operation.disagreements.len()).sum::<usize>();
        all - met + uncovered + self.untested().count() + self.defects.len()
    }

    /// Whether everything that the document says was tested.
    pub fn is_covered(&self) -> bool {
        self.gaps() == 0 && self.stopped.is_none()
    }

    /// The report for programs: its fields by their names, `passed`, and `coverage` with the number of
    /// `constraints` and of those `met` from both sides. Fields may be added; none is renamed or removed.
    pub fn json(&self) -> Value {
        let (constraints, met) = self.coverage();
        let mut json = json!({ "passed": self.passed(), "coverage": { "constraints": constraints, "met": met } });
        if let (Value::Object(json), Ok(Value::Object(fields))) = (&mut json, serde_json::to_value(self)) {
            json.extend(fields);
        }
        json
    }
}

fn serialize_seconds<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(seconds(*duration))
}

/// A duration in seconds, to the millisecond.
pub(crate) fn seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1000.0).round() / 1000.0
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A failure of the cause with this number.
    pub fn failure(number: usize) -> Failure {
        Failure {
            operation: "createPet".to_owned(),
            name: "POST /pets".to_owned(),
            also: Vec::new(),
            more: Vec::new(),
            place: Some(format!("/p{number}")),
            rule: "invalid-accepted",
            level: Level::Error,
            group: Group::Negative,
            promise: format!("/components/schemas/Pet/properties/p{number}/minLength"),
            line: Some(10 + number),
            text: Some("minLength: 1".to_owned()),
            what: format!("a request that breaks minLength of /p{number} is accepted with 201"),
            detail: String::new(),
            count: 1,
            case: format!("createPet:negative:/components/schemas/Pet/properties/p{number}/minLength:1"),
            title: format!("a request that breaks minLength of /p{number}"),
            curl: "curl -i -X POST 'http://127.0.0.1:1/pets' \\\n  -H \"Authorization: Bearer $TOKEN\" \\\n  --data-binary '{}'"
                .to_owned(),
            request: Some(format!(r#"{{"p{number}":""}}"#)),
            status: Some(201),
            answer: Some(r#"{"id":1}"#.to_owned()),
            rerun: format!(
                "--seed 1 --cases 50 --only 'createPet:negative:/components/schemas/Pet/properties/p{number}/minLength:1'"
            ),
        }
    }

    /// A constraint that was met from both sides.
    pub fn constraint(number: usize) -> ConstraintReport {
        ConstraintReport {
            key: format!("/components/schemas/Pet/properties/p{number}/minLength"),
            place: format!("/p{number}"),
            keyword: "minLength".to_owned(),
            item: None,
            boundary: 2,
            negative: 1,
            random: 7,
            satisfied: true,
            violated: true,
            breakable: "alone".to_owned(),
        }
    }

    /// A report of one operation.
    pub fn report(constraints: Vec<ConstraintReport>, failures: Vec<Failure>) -> Report {
        let cases = BTreeMap::from([(Group::Boundary, 20), (Group::Random, 1_000), (Group::Protocol, 30)]);
        let operation = OperationReport {
            id: "createPet".to_owned(),
            name: "POST /pets".to_owned(),
            cases,
            constraints,
            uncovered: Vec::new(),
            unbreakable: Vec::new(),
            disagreements: Vec::new(),
            untested: None,
            complete: true,
            documented: vec!["201".to_owned(), "400".to_owned()],
            answered: BTreeMap::from([(201, 500), (400, 550)]),
        };
        Report {
            document: "pets.yaml".to_owned(),
            url: "http://127.0.0.1:1".to_owned(),
            seed: 1,
            only: None,
            requests: 1_100,
            cases: 1_050,
            elapsed: Duration::from_millis(500),
            defects: Vec::new(),
            operations: vec![operation],
            failures,
            accepted: 0,
            stopped: None,
        }
    }

    #[test]
    fn json_has_the_verdict_and_every_field() {
        let json = report(vec![constraint(1), ConstraintReport { violated: false, ..constraint(2) }], vec![failure(1)]).json();
        assert_eq!(json["passed"], json!(false));
        assert_eq!(json["coverage"], json!({ "constraints": 2, "met": 1 }));
        assert_eq!(json["elapsed"], json!(0.5));
        assert_eq!(json["operations"][0]["cases"], json!({ "boundary": 20, "random": 1000, "protocol": 30 }));
        assert_eq!(json["failures"][0]["line"], json!(11));
    }
}
