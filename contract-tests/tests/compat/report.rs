//! The report in its three formats.

use std::sync::LazyLock;

use contract_tests::Document;
use contract_tests::compat::{
    allow::{self, Entry},
    report::{CompatReport, Format},
    verdict::{Comparison, Options, compare},
};
use serde_json::Value;

fn documents() -> (Document, Document) {
    let old = Document::parse("main:orders.yaml", include_str!("old.yaml")).unwrap();
    let new = Document::parse("api/orders.yaml", include_str!("new.yaml")).unwrap();
    (old, new)
}

/// Two documents that differ in every way there is to tell.
static COMPARISON: LazyLock<Comparison> = LazyLock::new(|| {
    let (old, new) = documents();
    compare(&old, &new, &Options::default()).unwrap()
});

fn report() -> CompatReport {
    let (old, new) = documents();
    let mut comparison = COMPARISON.clone();
    let entry = |pointer: &str, operation: &str, expires: &str| Entry {
        pointer: pointer.to_owned(),
        operation: operation.to_owned(),
        class: None,
        reason: "Nobody, 100% sure, cancels: see #7".to_owned(),
        expires: expires.parse().unwrap(),
    };
    let entries = [
        entry("/paths/~1orders~1{id}/delete", "cancelOrder", "2027-01-31"),
        entry("/components/schemas/Order/properties/state/enum", "createOrder", "2026-12-31"),
        entry("/components/schemas/Order/properties/gone", "createOrder", "2027-01-31"),
    ];
    let idle = allow::apply(&entries, &mut comparison, "2027-01-31".parse().unwrap());
    CompatReport { old, new, comparison, idle, allow: Some("breaks.yaml".to_owned()) }
}

#[test]
fn for_people() {
    insta::assert_snapshot!(report().write(Format::Text));
}

#[test]
fn for_github() {
    let text = report().write(Format::Github);
    insta::assert_snapshot!(text);
    // A line that is no command would be printed and annotate nothing.
    let commands = text.lines().filter(|line| line.starts_with("::")).count();
    assert_eq!(commands + 1, text.lines().count(), "{text}");
}

#[test]
fn for_programs() {
    let text = report().write(Format::Json);
    insta::assert_snapshot!(text);
    let json: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["compatible"], false);
}

#[test]
fn of_a_document_and_itself() {
    let old = Document::parse("old.yaml", include_str!("old.yaml")).unwrap();
    let comparison = compare(&old, &old.clone(), &Options::default()).unwrap();
    let report = CompatReport { new: old.clone(), old, comparison, idle: Vec::new(), allow: None };
    assert_eq!(report.write(Format::Text), "old.yaml against old.yaml: no difference.\n");
    assert_eq!(report.write(Format::Github), "old.yaml against old.yaml: no difference.\n");
}
