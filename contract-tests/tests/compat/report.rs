//! The report in its formats.

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
        operation: Some(operation.to_owned()),
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
    CompatReport { old, new, comparison, idle, allow: Some("breaks.yaml".to_owned()), verbose: true }
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
fn for_a_pull_request() {
    insta::assert_snapshot!(report().write(Format::Markdown));
}

#[test]
fn as_a_changelog() {
    insta::assert_snapshot!(report().write(Format::Changelog));
}

#[test]
fn one_change_of_a_component_is_one_entry() {
    let document = |max: usize| {
        let body = "requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Tag'}}}}";
        let paths: String = (0..40)
            .map(|number| {
                format!(
                    "  /tags{number}: {{post: {{operationId: add{number}, {body}, responses: {{'204': {{description: ''}}}}}}}}\n"
                )
            })
            .collect();
        let tag = format!("components: {{schemas: {{Tag: {{type: string, maxLength: {max}}}}}}}");
        Document::parse("tags.yaml", format!("openapi: 3.1.0\ninfo: {{title: '', version: ''}}\npaths:\n{paths}{tag}\n")).unwrap()
    };
    let (old, new) = (document(20), document(10));
    let comparison = compare(&old, &new, &Options::default()).unwrap();
    let report = CompatReport { old, new, comparison, idle: Vec::new(), allow: None, verbose: false };
    let text = report.write(Format::Text);
    assert!(text.contains("affects 40 operations: add0, add1, add2, add3, add4 and 35 more"), "{text}");
    assert!(text.contains(": 1 breaking.") && text.matches("`maxLength` of `Tag` is 10").count() == 1, "{text}");
    let json: Value = serde_json::from_str(&report.write(Format::Json)).unwrap();
    assert_eq!((&json["breaking"], json["findings"][0]["operations"].as_array().unwrap().len()), (&1.into(), 40));
}

/// A media type that every answer had, a scope that every operation asks for, a path with two methods: each is one edit.
#[test]
fn one_edit_in_many_places_is_one_entry() {
    let document = |answer: &str, scope: &str, more: &str| {
        let paths: String = (0..7)
            .map(|number| {
                let answers = format!(
                    "'200': {{description: '', content: {{{answer}: {{}}}}}}, '404': {{description: '', content: {{{answer}: {{}}}}}}"
                );
                format!(
                    "  /tags{number}: {{get: {{operationId: get{number}, security: [{{key: [{scope}]}}], responses: {{{answers}}}}}}}\n"
                )
            })
            .collect();
        let schemes = "components: {securitySchemes: {key: {type: http, scheme: bearer}}}";
        Document::parse(
            "tags.yaml",
            format!("openapi: 3.1.0\ninfo: {{title: '', version: ''}}\n{schemes}\npaths:\n{paths}{more}"),
        )
        .unwrap()
    };
    let more = "  /gone: {get: {responses: {'204': {description: ''}}}, put: {responses: {'204': {description: ''}}}}\n";
    let (old, new) = (document("application/xml", "", more), document("application/json", "read", ""));
    let comparison = compare(&old, &new, &Options::default()).unwrap();
    let report = CompatReport { old, new, comparison, idle: Vec::new(), allow: None, verbose: false };
    let json: Value = serde_json::from_str(&report.write(Format::Json)).unwrap();
    let told: Vec<(&str, usize, usize)> = json["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            let count = |key: &str| finding[key].as_array().unwrap().len();
            (finding["sentence"].as_str().unwrap(), count("operations"), count("places"))
        })
        .collect();
    let gone = "the media type application/xml is removed: a client that accepts only it gets none";
    assert_eq!(
        told,
        [
            ("requires more than before: the scope read", 7, 7),
            ("the path /gone is removed", 2, 2),
            ("the media type application/json is new", 7, 14),
            (gone, 7, 14),
        ]
    );
    let text = report.write(Format::Text);
    assert!(text.contains("/get/responses/200/content/application~1xml of the old document and 13 more places"), "{text}");
    let text = CompatReport { verbose: true, ..report }.write(Format::Text);
    assert_eq!(text.matches("/content/application~1xml of the old document").count(), 14, "{text}");
}

#[test]
fn what_is_proven_harmless_is_a_number_until_it_is_asked_for() {
    let text = CompatReport { verbose: false, ..report() }.write(Format::Text);
    assert!(text.contains("looks breaking, proven harmless: ") && text.contains("(--verbose lists them)"), "{text}");
}

#[test]
fn of_a_document_and_itself() {
    let old = Document::parse("old.yaml", include_str!("old.yaml")).unwrap();
    let comparison = compare(&old, &old.clone(), &Options::default()).unwrap();
    let report = CompatReport { new: old.clone(), old, comparison, idle: Vec::new(), allow: None, verbose: false };
    assert_eq!(report.write(Format::Text), "old.yaml against old.yaml: no difference.\n");
    assert_eq!(report.write(Format::Github), "old.yaml against old.yaml: no difference.\n");
}
