//! The failures of a run, each cause once.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::saved::SavedCase;
use crate::{
    judge::Finding,
    report::{Failure, gist},
    rules,
};

/// How many things that a server says of one broken promise are told apart. What it says may have something new in it each time.
const MAX_SAID: usize = 4;

/// What makes two failures equal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cause {
    operation: String,
    promise: String,
    what: String,
    /// What a server said that has failed: it may fail at one place or at another.
    said: String,
}

#[derive(Default)]
struct Entry {
    count: usize,
    /// None while the first case with this cause is being made smaller.
    report: Option<(Failure, Option<SavedCase>)>,
}

/// The failures found so far.
#[derive(Default)]
pub(super) struct Failures(Mutex<BTreeMap<Cause, Entry>>);

impl Failures {
    /// Counts a failure with this answer. Returns its cause where it is new: then the caller reports it, and nobody else does.
    pub fn count(&self, operation: &str, finding: &Finding, answer: Option<&[u8]>) -> Option<Cause> {
        let said = answer.filter(|_| *finding.rule == rules::SERVER_ERROR).map(|answer| gist(&String::from_utf8_lossy(answer)));
        let mut cause = Cause {
            operation: operation.to_owned(),
            promise: finding.promise.clone(),
            what: finding.what.clone(),
            said: said.unwrap_or_default(),
        };
        let mut entries = self.entries();
        if !cause.said.is_empty() && !entries.contains_key(&cause) {
            let first = Cause { said: String::new(), ..cause.clone() };
            let is_alike =
                |known: &Cause| known.promise == first.promise && known.what == first.what && known.operation == first.operation;
            let alike = entries.range::<Cause, _>(&first..).map(|(known, _)| known).take_while(|known| is_alike(known));
            if alike.count() >= MAX_SAID {
                cause = first;
            }
        }
        let entry = entries.entry(cause.clone()).or_default();
        entry.count += 1;
        (entry.count == 1).then_some(cause)
    }

    /// Adds the report for a cause that was new.
    pub fn report(&self, cause: Cause, failure: Failure, saved: Option<SavedCase>) {
        self.entries().entry(cause).or_default().report = Some((failure, saved));
    }

    /// The reported failures, in a stable order.
    pub fn reported(&self) -> Vec<Failure> {
        let entries = self.entries();
        let reports = entries.values().filter_map(|entry| Some((entry.count, &entry.report.as_ref()?.0)));
        reports.map(|(count, failure)| Failure { count, ..failure.clone() }).collect()
    }

    /// The cases to save for the next run: one for each operation and broken rule.
    pub fn saved(&self) -> Vec<SavedCase> {
        let entries = self.entries();
        let saved = entries.values().filter_map(|entry| entry.report.as_ref()?.1.as_ref());
        let by_name: BTreeMap<_, _> = saved.map(|case| ((&case.operation, &case.what), case)).collect();
        by_name.into_values().cloned().collect()
    }

    /// How many causes there are.
    pub fn len(&self) -> usize {
        self.entries().len()
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<Cause, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{report::tests::failure, rules};

    #[test]
    fn equal_failures_are_reported_once_and_all_counted() {
        let failures = Failures::default();
        let failure = failure(1);
        let finding = Finding::of(&rules::INVALID_ACCEPTED, &failure.promise, &failure.what);
        let count = |operation: &str| failures.count(operation, &finding, Some(b"said"));
        let cause = count(&failure.operation).unwrap();
        // The first is still being made smaller.
        assert_eq!(count(&failure.operation), None);
        assert!(failures.reported().is_empty());
        failures.report(cause, failure.clone(), None);
        assert_eq!(count(&failure.operation), None);
        assert!(count("another operation").is_some());
        let reported = failures.reported();
        assert_eq!((reported.len(), reported[0].count, failures.len()), (1, 3, 2));
    }

    #[test]
    fn a_server_that_fails_at_two_places_has_two_causes() {
        let failures = Failures::default();
        let finding = Finding::of(&rules::SERVER_ERROR, "", "500");
        let is_new = |said: &str| failures.count("getA", &finding, Some(said.as_bytes())).is_some();
        assert!(is_new(r#"{"detail":"KeyError: 'golf'"}"#) && is_new(r#"{"detail":"division of 7 by zero"}"#));
        assert!(!is_new(r#"{"detail":"KeyError: 'hotel'"}"#) && !is_new(r#"{"detail":"division of 8 by zero"}"#));
        // However much a server has to say, it is told a few times only.
        let words = ["alpha beta", "gamma delta", "epsilon zeta", "theta iota", "kappa lambda"];
        assert_eq!(words.iter().filter(|said| is_new(&format!(r#"{{"detail":"{said}"}}"#))).count(), 3);
    }
}
