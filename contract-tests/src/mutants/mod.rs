//! Mutants: would the contract tests notice a rule that is not enforced?
//!
//! Every rule of a document is weakened, strengthened, dropped, inverted or rewired, one at a time. A server that is made only from
//! the changed document is tested by the engine, which holds the original. The engine must find a failure that points at the
//! changed rule: it kills the mutant.
//!
//! - `places`: where the document has schemas, who sees them, and where a failure about one can point
//! - `schema`, `pattern`, `operation`: the changes
//! - `proof`: changes that nobody can see, and answers in which one can be seen; `patched`: those that the result of a patch hides
//! - `trial`: a mutant served and tested
//! - `report`: what came of it
//!
//! ```no_run
//! use contract_tests::{Document, mutants};
//!
//! let document = Document::read("openapi.yaml".as_ref())?;
//! let outcomes = mutants::test(vec![document], &mutants::Options::default(), &|done, total| eprintln!("{done} of {total}"))?;
//! let survived = |tried: &&mutants::Tried| tried.verdict == mutants::MutantVerdict::Survived;
//! assert_eq!(outcomes[0].mutants.iter().filter(survived).count(), 0);
//! # Ok::<(), mutants::MutantsError>(())
//! ```

mod operation;
mod patched;
mod pattern;
mod places;
mod proof;
mod report;
mod schema;
mod trial;

use std::fmt;

use crate::{DocumentError, SuiteError};
use serde::Serialize;
use serde_json::Value;

pub(crate) use self::trial::for_faithful;
pub use self::{
    proof::Proof,
    report::MutantsReport,
    trial::{DocumentOutcome, MutantVerdict, Options, Tried, test},
};

/// Why the command could not run.
#[derive(Debug, thiserror::Error)]
pub enum MutantsError {
    /// The document cannot be used by the engine.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The document cannot be served.
    #[error("{name}: {source}")]
    Serve {
        /// The document.
        name: String,
        /// What the server says.
        source: faulty_server::StartError,
    },
    /// The engine cannot test.
    #[error(transparent)]
    Suite(#[from] SuiteError),
    /// A correct server fails the contract tests, so that a kill would prove nothing.
    #[error("{name}: a correct server fails the contract tests: {what} ({promise})")]
    FalseFailure {
        /// The document.
        name: String,
        /// The failure.
        what: String,
        /// Where it points.
        promise: String,
    },
}

impl MutantsError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Document(_) => "name OpenAPI documents: contract-tests mutants FILE…",
            Self::Serve { .. } => "the contract tests and jsonschema must both be able to compile the document",
            Self::Suite(error) => error.hint(),
            Self::FalseFailure { .. } => {
                "the contract tests or the server that is made from the document misread it; please report this"
            }
        }
    }
}

/// What is done to a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mutation {
    /// It allows a little more.
    Weakened,
    /// It allows a little less.
    Strengthened,
    /// It is not there.
    Dropped,
    /// It allows what it forbade and forbids what it allowed.
    Inverted,
    /// It asks for something else, or stands elsewhere.
    Rewired,
}

impl Mutation {
    /// Every change.
    pub const ALL: [Self; 5] = [Self::Weakened, Self::Strengthened, Self::Dropped, Self::Inverted, Self::Rewired];
}

impl fmt::Display for Mutation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Weakened => "weakened",
            Self::Strengthened => "strengthened",
            Self::Dropped => "dropped",
            Self::Inverted => "inverted",
            Self::Rewired => "rewired",
        })
    }
}

/// A document with one rule changed.
#[derive(Debug, Clone, Serialize)]
pub struct Mutant {
    /// The keyword of the rule, of JSON Schema or of OpenAPI.
    pub keyword: &'static str,
    /// What is done to it.
    pub change: Mutation,
    /// Where it stands (JSON Pointer).
    pub pointer: String,
    /// What was written, and what is written now.
    pub note: String,
    /// The response that it changes, where it does and not by its schemas.
    #[serde(skip)]
    response: Option<String>,
    /// The value of the document that is replaced, and by what.
    #[serde(skip)]
    edit: (String, Value),
    /// Where failures about it point.
    #[serde(skip)]
    names: Names,
}

/// Where a failure points that has to do with a rule.
///
/// That is the rule itself: the pointer of its keyword and everything below. Beyond that, and for good reason only:
/// - for a rule of requests that is narrower or another one the schema that it stands in, and the schemas that apply to the same
///   value, since a keyword that the original does not have cannot be named by its pointer;
/// - for an object that is closed the properties that it no longer has room for, and for a property that must be there what else the
///   same object asks for;
/// - for a choice that became another one what its branches ask;
/// - `anyOf`, `oneOf`, `not` and `contains` that the rule stands in, since they are what breaks when their branches do;
/// - for a rule in `if` what it leads to: `then` and `else`;
/// - the operation, where its refusals list no violations, for a rule of requests that is narrower or another one: they say no more
///   than which request was refused. Where they do list them, only for a parameter that moved: the original has nothing there;
/// - for a rule of the result of a patch what is asked of the patch, and for the schema of the result all that is in it;
/// - the operation for what it asks for as a whole: a body, a token, a scope;
/// - `unevaluatedProperties` and `unevaluatedItems` of the value, which depend on every rule beside them.
#[derive(Debug, Clone, Default)]
struct Names {
    /// These places and all below.
    below: Vec<String>,
    /// Exactly these.
    at: Vec<String>,
}

impl Names {
    fn include(&self, promise: &str) -> bool {
        let within = |place: &String| {
            promise.strip_prefix(place.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '[']))
        };
        self.below.iter().any(within) || self.at.iter().any(|place| place == promise)
    }
}

impl Mutant {
    /// The changed document.
    fn of(&self, document: &Value) -> Value {
        let mut changed = document.clone();
        if let Some(place) = changed.pointer_mut(&self.edit.0) {
            *place = self.edit.1.clone();
        }
        changed
    }
}

/// Every mutant of a document.
fn mutants(document: &Value, places: &places::Places) -> Vec<Mutant> {
    let mut all = operation::mutants(document, places);
    all.extend(schema::mutants(document, places));
    let mut seen: Vec<(String, Value)> = Vec::new();
    all.retain(|mutant| {
        let known = seen.contains(&mutant.edit) || document.pointer(&mutant.edit.0) == Some(&mutant.edit.1);
        if !known {
            seen.push(mutant.edit.clone());
        }
        !known
    });
    all
}
