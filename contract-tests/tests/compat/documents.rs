//! Pairs of whole documents: parameters, media types, statuses, headers, security.

use contract_tests::compat::verdict::{CompatFinding, Evidence, Options, compare};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{document, literal};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Collection {
    base: Value,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default)]
    from: Map<String, Value>,
    to: Map<String, Value>,
    #[serde(default)]
    forth: Vec<String>,
    #[serde(default)]
    back: Vec<String>,
}

/// The document with values set at pointers; null removes.
pub fn variant(base: &Value, changes: &Map<String, Value>) -> Value {
    let mut json = base.clone();
    for (pointer, value) in changes {
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        let key = key.replace("~1", "/").replace("~0", "~");
        match json.pointer_mut(parent).unwrap_or_else(|| panic!("there is no {parent}")) {
            Value::Array(items) => {
                let index: usize = key.parse().unwrap();
                match value {
                    Value::Null => drop(items.remove(index)),
                    value if index == items.len() => items.push(value.clone()),
                    value => items[index] = value.clone(),
                }
            }
            Value::Object(object) if value.is_null() => assert!(object.shift_remove(&key).is_some(), "there is no {pointer}"),
            Value::Object(object) => drop(object.insert(key, value.clone())),
            other => panic!("{pointer}: {other}"),
        }
    }
    json
}

/// A finding as an expectation says it.
fn said(finding: &CompatFinding) -> String {
    let class = finding.class.to_string();
    let whom = class.rsplit(' ').next().unwrap_or_default();
    let evidence = match finding.evidence {
        Evidence::Document => "document",
        Evidence::Witness(_) => "witness",
        Evidence::NotFound => "not found",
        Evidence::Harmless => "proof",
    };
    format!("{whom} {} {evidence}", finding.pointer)
}

/// Whether the breaks are those expected, in any order.
fn agree(expected: &[String], found: &[&CompatFinding]) -> bool {
    let matches = |expected: &String, finding: &&CompatFinding| {
        let said = said(finding);
        let (whom, rest) = expected.split_once(' ').unwrap();
        said.strip_prefix(whom).is_some_and(|said| said.ends_with(rest)) && finding.foreseen
    };
    expected.len() == found.len()
        && expected.iter().all(|one| found.iter().any(|finding| matches(one, finding)))
        && found.iter().all(|finding| expected.iter().any(|one| matches(one, finding)))
}

#[test]
fn every_pair_of_documents_has_the_expected_verdict_forth_and_back() {
    check(include_str!("documents.yaml"), &literal());
}

/// As people write documents: nobody sends what is not described, what was announced may go.
#[test]
fn everyday_changes_break_whom_they_break() {
    let options = Options { today: "2026-01-01".parse().unwrap(), ..Options::default() };
    check(include_str!("documented.yaml"), &options);
}

fn check(collection: &str, options: &Options) {
    let collection: Collection = serde_saphyr::from_str(collection).unwrap_or_else(|error| panic!("{error}"));
    let mut wrong = Vec::new();
    for case in &collection.cases {
        let (from, to) = (variant(&collection.base, &case.from), variant(&collection.base, &case.to));
        let (from, to) = (document("from", &from), document("to", &to));
        for (way, old, new, expected) in [("forth", &from, &to, &case.forth), ("back", &to, &from, &case.back)] {
            let comparison = compare(old, new, options).unwrap_or_else(|error| panic!("{}: {error}", case.name));
            let found: Vec<&CompatFinding> = comparison.breaking().collect();
            if !agree(expected, &found) {
                let found: Vec<String> = found.iter().map(|finding| format!("\n    {} ({:?})", said(finding), finding)).collect();
                wrong.push(format!("{}, {way}:\n  expected {expected:?}\n  found{}", case.name, found.concat()));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Of several breaks each has a witness of its own, and what a shared schema breaks is found once.
#[test]
fn each_break_has_its_own_witness() {
    let collection: Collection = serde_saphyr::from_str(include_str!("documents.yaml")).unwrap_or_else(|error| panic!("{error}"));
    let properties = "/components/schemas/NewThing/properties";
    let three = json!({ "a": { "type": "string" }, "b": { "type": "string" }, "name": { "type": "string" } });
    let from = variant(&collection.base, &Map::from_iter([(properties.to_owned(), three)]));
    let one = json!({ "name": { "type": "string" } });
    let to = variant(&collection.base, &Map::from_iter([(properties.to_owned(), one)]));
    let comparison =
        compare(&document("from", &from), &document("to", &to), &literal()).unwrap_or_else(|error| panic!("{error}"));
    let found: Vec<&CompatFinding> = comparison.breaking().collect();
    assert_eq!(found.len(), 2, "{found:?}");
    for (finding, name) in found.iter().zip(["a", "b"]) {
        assert!(finding.pointer.ends_with(&format!("/properties/{name}")), "{finding:?}");
        let Evidence::Witness(witness) = &finding.evidence else { panic!("{finding:?}") };
        assert!(witness["body"].get(name).is_some(), "{finding:?}");
    }
}

/// A person who reads only the sentence knows what to do.
#[test]
fn a_change_says_what_it_is() {
    let cases = [
        (
            json!({ "/paths/~1things/post/security": [{ "token": ["write:things"] }, { "key": [] }] }),
            json!({}),
            "no longer accepts an API key (header x-key): asks for a bearer token write:things",
        ),
        (
            json!({ "/paths/~1things/post/responses/default": { "description": "Anything." } }),
            json!({}),
            "it is no longer said what comes with other statuses",
        ),
        (
            json!({ "/components/schemas/NewThing": { "type": "object", "properties": { "a": { "type": "string" }, "b": { "type": "string" } } } }),
            json!({ "/components/schemas/NewThing": { "type": "object", "properties": { "a": { "type": "string" } } } }),
            "`b` is no longer described; who sends it still is not refused",
        ),
    ];
    let collection: Collection = serde_saphyr::from_str(include_str!("documents.yaml")).unwrap_or_else(|error| panic!("{error}"));
    for (from, to, sentence) in &cases {
        let [from, to] = [from, to].map(|changes| variant(&collection.base, changes.as_object().unwrap()));
        let comparison = compare(&document("from", &from), &document("to", &to), &Options::default()).unwrap();
        let said: Vec<&str> = comparison.findings.iter().map(|finding| finding.sentence.as_str()).collect();
        assert_eq!(said, [*sentence]);
    }
    let thing = |schema: Value| variant(&collection.base, json!({ "/components/schemas/NewThing": schema }).as_object().unwrap());
    let (a, b) = (json!({ "a": { "type": "string" } }), json!({ "b": { "type": "string" } }));
    let whole = thing(json!({ "type": "object", "properties": { "a": { "type": "string" }, "b": { "type": "string" } } }));
    let parted = thing(json!({ "type": "object", "properties": a, "allOf": [{ "type": "object", "properties": b }] }));
    let comparison = compare(&document("whole", &whole), &document("parted", &parted), &Options::default()).unwrap();
    assert!(comparison.findings.iter().any(|finding| finding.sentence == "`b` is no longer described here"), "{comparison:?}");
}
