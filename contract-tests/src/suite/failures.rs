//! The failures of a run, each cause once.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::saved::SavedCase;
use crate::{judge::Finding, report::Failure};

/// What makes two failures equal: operation, promise, and what is broken.
type Cause = (String, String, String);

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
    /// Counts a failure. Returns whether its cause is new: then the caller reports it, and nobody else does.
    pub fn count(&self, operation: &str, finding: &Finding) -> bool {
        let cause = (operation.to_owned(), finding.promise.clone(), finding.what.clone());
        let mut entries = self.entries();
        let entry = entries.entry(cause).or_default();
        entry.count += 1;
        entry.count == 1
    }

    /// Adds the report for a cause that was new.
    pub fn report(&self, finding: &Finding, failure: Failure, saved: Option<SavedCase>) {
        let cause = (failure.operation.clone(), finding.promise.clone(), finding.what.clone());
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
        assert!(failures.count(&failure.operation, &finding));
        // The first is still being made smaller.
        assert!(!failures.count(&failure.operation, &finding));
        assert!(failures.reported().is_empty());
        failures.report(&finding, failure.clone(), None);
        assert!(!failures.count(&failure.operation, &finding));
        assert!(failures.count("another operation", &finding));
        let reported = failures.reported();
        assert_eq!((reported.len(), reported[0].count, failures.len()), (1, 3, 2));
    }
}
