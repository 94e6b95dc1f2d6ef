//! Breaks that are accepted, each with a reason and a last day.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

use chrono::NaiveDate;
use serde::Deserialize;

use super::{change::Class, verdict::Comparison};

/// What an entry looks like, for those whose list cannot be used.
pub const HINT: &str = "an entry has `pointer: /components/…`, `reason: …`, `expires: 2027-01-31` and optionally \
                        `operation: createUser` and `class: breaking for requests`";

/// Why the list cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AllowError {
    /// It cannot be read.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is not a list of entries.
    #[error("{path}: {cause}")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What the parser says.
        cause: String,
    },
    /// A field of an entry says nothing.
    #[error("{path}: entry {number}: {what}")]
    Field {
        /// The file.
        path: PathBuf,
        /// Which entry, from 1.
        number: usize,
        /// What is wrong.
        what: &'static str,
    },
}

/// A break that is accepted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Where, as the report says it.
    pub pointer: String,
    /// The operation, as the report names it; where it is left out, all.
    pub operation: Option<String>,
    /// Whom it breaks; where it is left out, anybody.
    pub class: Option<Class>,
    /// Why it is accepted.
    pub reason: String,
    /// The last day on which it is.
    pub expires: NaiveDate,
}

impl Entry {
    /// The operation, with a word before it.
    fn of(&self) -> String {
        self.operation.as_ref().map(|operation| format!(" of {operation}")).unwrap_or_default()
    }
}

/// An entry that allows nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Idle {
    /// Its last day is over, and the break is there still.
    Expired(Entry),
    /// There is no such break.
    Unused(Entry),
}

impl fmt::Display for Idle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired(entry) => {
                write!(f, "the entry for {}{} expired on {} and allows nothing", entry.pointer, entry.of(), entry.expires)
            }
            Self::Unused(entry) => {
                write!(f, "the entry for {}{} is unused: there is no such break", entry.pointer, entry.of())
            }
        }
    }
}

/// Reads a list of entries (YAML).
///
/// # Errors
///
/// [`AllowError`].
pub fn read(path: &Path) -> Result<Vec<Entry>, AllowError> {
    let text = fs::read_to_string(path).map_err(|source| AllowError::File { path: path.to_owned(), source })?;
    let entries: Vec<Entry> =
        serde_saphyr::from_str(&text).map_err(|error| AllowError::Syntax { path: path.to_owned(), cause: error.to_string() })?;
    for (index, entry) in entries.iter().enumerate() {
        let field = |what| Err(AllowError::Field { path: path.to_owned(), number: index + 1, what });
        if !entry.pointer.starts_with('/') {
            return field("`pointer` is not a JSON Pointer: it does not start with /");
        }
        if entry.operation.as_ref().is_some_and(|operation| operation.trim().is_empty()) {
            return field("`operation` is empty");
        }
        if entry.reason.trim().is_empty() {
            return field("`reason` is empty");
        }
        if entry.class.is_some_and(|class| !class.breaks()) {
            return field("`class` is not a breaking one");
        }
    }
    Ok(entries)
}

/// Accepts the breaks that are listed, and gives the entries that allow nothing. An entry holds on its last day, too.
pub fn apply(entries: &[Entry], comparison: &mut Comparison, today: NaiveDate) -> Vec<Idle> {
    let mut idle = Vec::new();
    for entry in entries {
        let mut found = false;
        for finding in comparison.findings.iter_mut().filter(|finding| finding.breaks()) {
            let same = finding.pointer == entry.pointer
                && entry.operation.as_ref().is_none_or(|operation| *operation == finding.operation)
                && entry.class.is_none_or(|class| class == finding.class);
            if same {
                found = true;
                if today <= entry.expires {
                    finding.allowed = Some(entry.reason.clone());
                }
            }
        }
        match (found, today <= entry.expires) {
            (true, true) => {}
            (true, false) => idle.push(Idle::Expired(entry.clone())),
            (false, _) => idle.push(Idle::Unused(entry.clone())),
        }
    }
    idle
}
