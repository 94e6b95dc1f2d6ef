//! What a list of accepted breaks does, and what is wrong with one.

use std::fs;

use contract_tests::Document;
use contract_tests::compat::{
    allow::{self, Entry, Idle},
    verdict::{Comparison, Options, compare},
};
use tempfile::TempDir;

const ENTRY: &str = "- pointer: /components/schemas/NewOrder/properties/article/maxLength
  operation: createOrder
  class: breaking for requests
  reason: Agreed with all three clients.
  expires: 2027-01-31
";

fn read(text: &str) -> Result<Vec<Entry>, String> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("breaks.yaml");
    fs::write(&path, text).unwrap();
    allow::read(&path).map_err(|error| error.to_string().replace(&folder.path().display().to_string(), ""))
}

fn comparison() -> Comparison {
    let old = Document::parse("old.yaml", include_str!("old.yaml")).unwrap();
    let new = Document::parse("new.yaml", include_str!("old.yaml").replace("maxLength: 20", "maxLength: 10")).unwrap();
    compare(&old, &new, &Options::default()).unwrap()
}

/// How many breaks are left on a day, and what the list says about itself.
fn left(text: &str, today: &str) -> (usize, Vec<Idle>) {
    let mut comparison = comparison();
    assert_eq!(comparison.breaking().count(), 1, "{comparison:?}");
    let idle = allow::apply(&read(text).unwrap(), &mut comparison, today.parse().unwrap());
    (comparison.breaking().count(), idle)
}

#[test]
fn an_entry_allows_until_its_last_day() {
    assert_eq!(left(ENTRY, "2026-11-25"), (0, Vec::new()));
    assert_eq!(left(ENTRY, "2027-01-31"), (0, Vec::new()));
    let (breaks, idle) = left(ENTRY, "2027-02-01");
    assert_eq!(breaks, 1);
    assert!(matches!(idle.as_slice(), [Idle::Expired(_)]), "{idle:?}");
    assert!(idle[0].to_string().contains("expired on 2027-01-31"), "{}", idle[0]);
}

#[test]
fn an_entry_without_a_class_or_an_operation_allows_any() {
    for line in ["  class: breaking for requests\n", "  operation: createOrder\n"] {
        assert_eq!(left(&ENTRY.replace(line, ""), "2026-11-25"), (0, Vec::new()), "{line}");
    }
}

#[test]
fn an_entry_for_something_else_allows_nothing_and_is_told() {
    for (from, to) in [
        ("article/maxLength", "article/pattern"),
        ("operation: createOrder", "operation: cancelOrder"),
        ("breaking for requests", "breaking for responses"),
    ] {
        let (breaks, idle) = left(&ENTRY.replace(from, to), "2026-11-25");
        assert_eq!(breaks, 1, "{to}");
        assert!(matches!(idle.as_slice(), [Idle::Unused(_)]), "{to}: {idle:?}");
    }
}

#[test]
fn what_is_wrong_with_an_entry_is_said() {
    for (from, to, said) in [
        ("  reason: Agreed with all three clients.\n", "", "reason"),
        ("  expires: 2027-01-31\n", "", "expires"),
        ("Agreed with all three clients.", "\" \"", "entry 1: `reason` is empty"),
        ("operation: createOrder", "operation: \"\"", "entry 1: `operation` is empty"),
        ("pointer: /components", "pointer: components", "entry 1: `pointer` is not a JSON Pointer"),
        ("breaking for requests", "safe", "entry 1: `class` is not a breaking one"),
        ("breaking for requests", "dangerous", "dangerous"),
        ("2027-01-31", "2027-02-30", "2027-02-30"),
        ("2027-01-31", "soon", "soon"),
        ("  reason", "  raison: none\n  reason", "raison"),
        ("- pointer", "- [", ""),
    ] {
        let text = ENTRY.replacen(from, to, 1);
        assert_ne!(text, ENTRY);
        let error = read(&text).unwrap_err();
        assert!(error.contains(said) && error.contains("breaks.yaml"), "{to}: {error}");
    }
}
