//! The report for CI, in JUnit's XML.

use std::collections::BTreeMap;

use quick_junit::{NonSuccessKind, SerializeError, TestCase, TestCaseStatus, TestSuite};

use super::{ConstraintReport, Failure, OperationReport, Report, terminal::quantity};
use crate::cases::Group;

/// The name of the test case of requests that were made for no constraint.
const BASELINE: &str = "valid requests";

impl Report {
    /// The report in JUnit's XML: a suite for each operation, with a test case for each constraint, for valid requests, and for
    /// each other group of cases.
    ///
    /// # Errors
    ///
    /// [`SerializeError`] when the XML cannot be written.
    pub fn junit(&self) -> Result<String, SerializeError> {
        let mut failures: BTreeMap<(usize, String), Vec<&Failure>> = BTreeMap::new();
        for failure in self.failures.iter().flat_map(Failure::each) {
            failures.entry(self.test_case(failure)).or_default().push(failure);
        }
        let mut junit = quick_junit::Report::new("contract-tests");
        junit.set_time(self.elapsed);
        for (index, operation) in self.operations.iter().enumerate() {
            let mut suite = TestSuite::new(operation.id.as_str());
            for name in operation.test_cases() {
                let broken = failures.remove(&(index, name.clone())).unwrap_or_default();
                let mut case = TestCase::new(name, self.status(&broken));
                case.set_classname(operation.id.as_str());
                suite.add_test_case(case);
            }
            junit.add_test_suite(suite);
        }
        junit.to_string()
    }

    fn status(&self, failures: &[&Failure]) -> TestCaseStatus {
        let Some(first) = failures.first() else { return TestCaseStatus::success() };
        let texts = failures.iter().map(|failure| {
            format!(
                "{}: {} ({})\n{}",
                failure.level.name(),
                failure.what,
                quantity(failure.count, "case", "cases"),
                failure.text(&self.document)
            )
        });
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_type(first.rule);
        status.set_message(match failures.len() {
            1 => first.what.clone(),
            count => format!("{} (and {} more)", first.what, count - 1),
        });
        status.set_description(texts.collect::<Vec<_>>().join("\n"));
        status
    }

    /// The operation and the test case that a failure belongs to.
    fn test_case(&self, failure: &Failure) -> (usize, String) {
        let operations = || self.operations.iter().enumerate().filter(|(_, operation)| operation.id == failure.operation);
        let name = match failure.group {
            Group::Boundary | Group::Negative => {
                let found =
                    operations().find_map(|(index, operation)| Some((index, operation.constraint_of(failure)?.test_case())));
                match found {
                    Some(found) => return found,
                    None => BASELINE.to_owned(),
                }
            }
            group => group.to_string(),
        };
        (operations().next().map_or(0, |(index, _)| index), name)
    }
}

impl OperationReport {
    fn test_cases(&self) -> Vec<String> {
        let constraints = self.constraints.iter().map(ConstraintReport::test_case);
        let others = [Group::Random, Group::Protocol, Group::Authentication, Group::State].map(|group| group.to_string());
        constraints.chain([BASELINE.to_owned()]).chain(others).collect()
    }

    /// The constraint that the case of a failure was made for.
    fn constraint_of(&self, failure: &Failure) -> Option<&ConstraintReport> {
        let made_for = failure.case.strip_prefix(&format!("{}:{}:", failure.operation, failure.group));
        // A case that was kept from an earlier run does not name the constraint.
        let key = made_for.and_then(|name| name.rsplit_once(':')).map_or(failure.promise.as_str(), |(key, _)| key);
        let same: Vec<&ConstraintReport> = self.constraints.iter().filter(|constraint| constraint.key == key).collect();
        // A schema that is used twice has constraints with one key; the title names the place.
        let here = |constraint: &&&ConstraintReport| failure.title.ends_with(&format!(" of {}", constraint.place));
        same.iter().find(here).or(same.first()).copied()
    }
}

impl ConstraintReport {
    fn test_case(&self) -> String {
        format!("{} of {} ({})", self.name(), self.place, self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{constraint, failure, report};
    use super::*;

    fn parsed(report: &Report) -> quick_junit::Report {
        quick_junit::Report::deserialize_from_str(&report.junit().unwrap()).unwrap()
    }

    fn failing(suite: &TestSuite) -> Vec<&str> {
        let failed = |case: &&TestCase| matches!(case.status, TestCaseStatus::NonSuccess { .. });
        suite.test_cases.iter().filter(failed).map(|case| case.name.as_str()).collect()
    }

    #[test]
    fn a_failure_is_with_its_constraint_and_others_with_their_group() {
        let twice = ConstraintReport { place: "/other/p2".to_owned(), ..constraint(2) };
        let of_twice = Failure { title: "a request that breaks minLength of /other/p2".to_owned(), ..failure(2) };
        let random = Failure { group: Group::Random, case: "createPet:random:7".to_owned(), ..failure(3) };
        let baseline = Failure { group: Group::Boundary, case: "createPet:boundary:baseline:1".to_owned(), ..failure(4) };
        let report = report((1..=4).map(constraint).chain([twice]).collect(), vec![failure(1), of_twice, random, baseline]);
        let junit = parsed(&report);
        assert_eq!(
            failing(&junit.test_suites[0]),
            [
                "minLength of /p1 (/components/schemas/Pet/properties/p1/minLength)",
                "minLength of /other/p2 (/components/schemas/Pet/properties/p2/minLength)",
                BASELINE,
                "random"
            ]
        );
        assert_eq!((junit.tests, junit.failures), (10, 4));
    }

    #[test]
    fn several_failures_of_one_constraint_are_one_test_case_with_every_text() {
        let other = Failure { what: "something else".to_owned(), ..failure(1) };
        let junit = parsed(&report(vec![constraint(1)], vec![failure(1), other]));
        assert_eq!(junit.failures, 1);
        let TestCaseStatus::NonSuccess { message, description, .. } = &junit.test_suites[0].test_cases[0].status else {
            panic!("it failed")
        };
        assert!(message.as_ref().unwrap().ends_with("(and 1 more)"));
        let description = description.as_ref().unwrap();
        assert!(description.contains("pets.yaml:11: minLength: 1") && description.contains("something else"), "{description:?}");
    }

    #[test]
    fn characters_that_xml_does_not_have_are_written_out() {
        let nasty = "\0\u{1}\u{1b}[31m\u{fffe}\u{ffff}]]>&<\"'\r\n";
        let failure =
            Failure { answer: Some(nasty.to_owned()), detail: nasty.to_owned(), request: Some(nasty.to_owned()), ..failure(1) };
        let junit = parsed(&report(vec![constraint(1)], vec![failure]));
        let TestCaseStatus::NonSuccess { description, .. } = &junit.test_suites[0].test_cases[0].status else {
            panic!("it failed")
        };
        assert!(description.as_ref().unwrap().contains(r#"\u{0}\u{1}\u{1b}[31m\u{fffe}\u{ffff}]]>&<"'\u{d}"#), "{description:?}");
    }
}
