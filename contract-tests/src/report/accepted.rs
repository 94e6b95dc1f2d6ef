//! Findings that are accepted: rules that do not matter for an API, and what was found before.

use std::{fs, path::Path, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{Failure, Report, group, single};
use crate::rules::rule;

/// A rule that is not held against a server, in all operations or in one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowance {
    rule: &'static str,
    operation: Option<String>,
}

impl FromStr for Allowance {
    type Err = String;

    /// Reads `RULE` or `RULE:OPERATION`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, operation) = match text.split_once(':') {
            Some((name, operation)) => (name, Some(operation.to_owned())),
            None => (text, None),
        };
        match rule(name) {
            Some(rule) => Ok(Self { rule: rule.name, operation }),
            None => Err(format!("no rule is called {name}; docs/rules lists them")),
        }
    }
}

impl Allowance {
    fn covers(&self, rule: &str, operation: &str) -> bool {
        self.rule == rule && self.operation.as_deref().is_none_or(|allowed| allowed == operation)
    }
}

/// A finding of an earlier run that is accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    operation: String,
    rule: String,
    promise: String,
    what: String,
}

impl Accepted {
    /// Every finding of a report.
    pub fn of(report: &Report) -> Vec<Self> {
        let of = |failure: &Failure| Self {
            operation: failure.operation.clone(),
            rule: failure.rule.to_owned(),
            promise: failure.promise.clone(),
            what: failure.what.clone(),
        };
        report.failures.iter().flat_map(Failure::each).map(of).collect()
    }

    /// Reads a file that [`write`](Self::write) made.
    ///
    /// # Errors
    ///
    /// Why it cannot be read, in words.
    pub fn read(path: &Path) -> Result<Vec<Self>, String> {
        let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
        serde_json::from_str(&text).map_err(|error| error.to_string())
    }

    /// Writes findings to a file, as JSON.
    ///
    /// # Errors
    ///
    /// Why it cannot be written, in words.
    pub fn write(path: &Path, all: &[Self]) -> Result<(), String> {
        let text = serde_json::to_string_pretty(all).map_err(|error| error.to_string())?;
        fs::write(path, text + "\n").map_err(|error| error.to_string())
    }

    fn covers(&self, failure: &Failure) -> bool {
        let (operation, what) = (&failure.operation, &failure.what);
        // A cause is shown by the operation that showed it first, which may be another one today.
        let known = self.operation == *operation || failure.also.contains(&self.operation);
        known && self.rule == failure.rule && (self.promise == failure.promise || self.what == *what) && {
            // A failure of the server is known by its operation: what led to it may differ with the seed.
            self.what == *what || self.rule == crate::rules::SERVER_ERROR.name
        }
    }
}

impl Failure {
    /// Whether it is allowed or accepted.
    pub fn is_accepted(&self, allowed: &[Allowance], accepted: &[Accepted]) -> bool {
        allowed.iter().any(|allowance| allowance.covers(self.rule, &self.operation))
            || accepted.iter().any(|known| known.covers(self))
    }
}

impl Report {
    /// Takes out what is allowed or accepted, and counts it.
    pub fn accept(&mut self, allowed: &[Allowance], accepted: &[Accepted]) {
        self.failures = single(std::mem::take(&mut self.failures));
        let before = self.failures.len();
        for failure in &mut self.failures {
            let is_allowed = |operation: &str| allowed.iter().any(|allowance| allowance.covers(failure.rule, operation));
            let mut operations: Vec<String> = std::iter::once(&failure.operation).chain(&failure.also).cloned().collect();
            operations.retain(|operation| !is_allowed(operation));
            failure.also = operations;
        }
        self.failures.retain(|failure| !failure.also.is_empty());
        for failure in &mut self.failures {
            failure.operation = failure.also.remove(0);
        }
        self.failures.retain(|failure| !accepted.iter().any(|known| known.covers(failure)));
        self.accepted += before - self.failures.len();
        self.failures = group(std::mem::take(&mut self.failures));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::{failure, report};

    #[test]
    fn a_rule_is_allowed_everywhere_or_in_one_operation() {
        let of = |text: &str| text.parse::<Allowance>();
        let mut all = report(Vec::new(), vec![failure(1), Failure { also: vec!["listPets".to_owned()], ..failure(2) }]);
        all.accept(&[of("invalid-accepted:createPet").unwrap()], &[]);
        assert_eq!((all.failures.len(), all.failures[0].operation.as_str(), all.accepted), (1, "listPets", 1));
        all.accept(&[of("invalid-accepted").unwrap()], &[]);
        assert_eq!((all.failures.len(), all.accepted), (0, 2));
        assert!(of("no-such-rule").unwrap_err().contains("no-such-rule"));
    }

    #[test]
    fn what_was_found_before_is_accepted_and_what_is_new_is_not() {
        let known = Accepted::of(&report(Vec::new(), vec![failure(1)]));
        let mut later = report(Vec::new(), vec![failure(1), failure(2)]);
        later.accept(&[], &known);
        assert_eq!((later.failures.len(), later.accepted), (1, 1));
        assert!(later.failures[0].what.contains("/p2"), "{:?}", later.failures);
    }
}
