//! What is generated from a hostile document compiles, since it is part of this test, and its types read what the document allows.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

#[path = "../support/mod.rs"]
mod support;

macro_rules! generated {
    ($($name:ident)*) => {
        $(#[rustfmt::skip] #[allow(dead_code, unused_imports, clippy::all, missing_docs)] pub mod $name;)*
    };
}

generated! { answer api body parameters prelude security types }

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

/// Reads a value as a type, and writes it again: nothing that the document knows gets lost.
fn assert_kept<T: DeserializeOwned + Serialize>(value: Value) {
    let read: T = serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{value}: {error}"));
    assert_eq!(serde_json::to_value(read).unwrap(), value);
}

fn is_read<T: DeserializeOwned>(value: Value) -> bool {
    serde_json::from_value::<T>(value).is_ok()
}

#[test]
fn the_sources_are_what_is_generated() {
    support::assert_written("hostile");
}

#[test]
fn names_are_those_of_the_document_on_the_wire() {
    assert_kept::<types::TypeOption>(json!({ "type": "a", "self": true, "Self": "b", "2fa": false, "": "c" }));
    assert_kept::<types::Clashes>(json!({ "userName": "a", "user_name": "b", "user-name": "c", "additional": "d", "more": 1 }));
    assert_kept::<types::名前>(json!({ "名": "a", "größe": 1, "Größe": 1.5 }));
    for sort in ["name", "-name", "Name", "", "*", "self", "two words"] {
        assert_kept::<types::Sort>(json!(sort));
    }
    assert!(!is_read::<types::Sort>(json!("other")));
    for session in ["a\"b", "c\\d", "é"] {
        assert_kept::<types::Session>(json!(session));
    }
}

#[test]
fn numbers_of_an_enumeration_are_read_and_written_as_numbers() {
    for level in [0, 1, -1] {
        assert_kept::<types::Level>(json!(level));
    }
    assert!(!is_read::<types::Level>(json!(2)));
}

#[test]
fn types_may_contain_themselves() {
    assert_kept::<types::Tree>(json!({ "value": "a", "left": { "value": "b" }, "children": [{ "value": "c", "children": [] }] }));
    assert_kept::<types::List>(json!([[], [[]]]));
    assert_kept::<types::Dictionary>(json!({ "a": { "b": {} } }));
    assert_kept::<types::Ping>(json!({ "pong": { "ping": { "pong": {} } } }));
    assert_kept::<types::Expression>(json!({ "sum": { "sum": 1.5 } }));
    assert_kept::<types::Chain>(json!({ "next": { "next": {} } }));
}

#[test]
fn the_discriminator_says_which_alternative_it_is() {
    let read = |value: Value| serde_json::from_value::<types::Pet>(value).unwrap();
    assert!(matches!(read(json!({ "kind": "cat", "lives": 7 })), types::Pet::Cat(_)));
    assert!(matches!(read(json!({ "kind": "tom", "lives": 7 })), types::Pet::Cat(_)));
    assert!(matches!(read(json!({ "kind": "Dog", "lives": 7 })), types::Pet::Dog(_)));
    assert!(!is_read::<types::Pet>(json!({ "kind": "bird" })));
    assert_kept::<types::Pet>(json!({ "kind": "cat", "lives": 7 }));
}

#[test]
fn alternatives_without_discriminator_are_told_apart_or_any_value() {
    assert_kept::<types::Shape>(json!({ "radius": 1.5 }));
    assert_kept::<types::Shape>(json!({ "side": 1.5 }));
    assert_kept::<types::Event>(json!({ "type": "created", "at": "now" }));
    assert_kept::<types::Event>(json!({ "type": "removed", "at": "now" }));
    assert_kept::<types::Uncertain>(json!({ "b": "kept, whichever it is" }));
    assert_kept::<types::Either>(json!({ "id": "a", "by": "b" }));
    assert_kept::<types::Either>(json!({ "id": "a", "count": 1 }));
    assert_kept::<types::OnlyRequired>(json!({ "a": "a" }));
    for choice in ["red", "green", "blue", "dark blue"] {
        assert_kept::<types::Choice>(json!(choice));
    }
    for scalar in [json!("a"), json!(1), json!(true)] {
        assert_kept::<types::Scalar>(scalar);
    }
}

#[test]
fn what_may_be_absent_or_null_is_an_option() {
    assert_kept::<types::Nullable>(json!({ "a": null, "c": null }));
    assert_kept::<types::Nullable>(json!({ "a": "a", "b": "b", "c": 1, "d": {}, "e": [1] }));
    assert!(is_read::<types::Nullable>(json!({ "a": null, "c": null, "b": null, "d": null, "e": null })));
    assert!(!is_read::<types::Tree>(json!({})), "value is required");
    assert!(is_read::<Option<types::Maybe>>(json!(null)));
}

#[test]
fn all_of_is_one_struct_and_what_is_read_only_may_be_missing() {
    assert_kept::<types::Derived>(json!({ "kind": "derived", "id": 1, "size": 2 }));
    assert!(is_read::<types::Derived>(json!({ "kind": "derived" })), "a request has no id");
    assert_kept::<types::Base>(json!({ "kind": "derived", "size": 2 }));
    let same: Option<types::InnerAddress> =
        serde_json::from_value::<types::Inner>(json!({ "sameAddress": {} })).unwrap().same_address;
    assert!(same.is_some());
}

/// Valid instances of a schema of the document, as the engine makes them, that its type does not read.
fn unread<T: DeserializeOwned>(document: &Value, name: &str) -> Vec<String> {
    let mut schema = document.clone();
    schema["$ref"] = json!(openapi_document::pointer::to_reference(&format!("/components/schemas/{name}")));
    let instances = contract_tests::instances(&schema, 1).unwrap();
    assert!(!instances.valid.is_empty(), "{name} has no instances");
    // What may be null is an `Option` where it is used.
    let errors = instances.valid.into_iter().filter(|value| !value.is_null()).filter_map(|value| {
        let error = serde_json::from_value::<T>(value.clone()).err()?;
        Some(format!("{name}: {value}: {error}"))
    });
    errors.collect()
}

#[test]
fn each_type_reads_all_that_its_schema_allows() {
    let document = openapi_document::Document::parse("hostile.yaml", include_str!("../documents/hostile.yaml")).unwrap();
    let mut errors = Vec::new();
    macro_rules! types {
        ($($kind:ident $name:literal)*) => { $(errors.extend(unread::<types::$kind>(document.json(), $name));)* };
    }
    types! {
        TypeOption "Option" 名前 "名前" TypeResult "Result" UserName "user-name" UserName2 "UserName" Type2fast "2Fast" Clashes "Clashes" Sort "Sort"
        Session "Session" Level "Level" Tree "Tree" List "List" Ping "Ping" PingAlias "PingAlias" Dictionary "Dictionary"
        Expression "Expression" Cat "Cat" Dog "Dog" Shape "Shape" Event "Event" Uncertain "Uncertain" Scalar "Scalar"
        Choice "Choice" Either "Either" OnlyRequired "OnlyRequired" Base "Base" Derived "Derived" Described "Described"
        Numbers "Numbers" Nullable "Nullable" Pair "Pair" Anything "Anything" Mixed "Mixed" Inner "Inner"
    }
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}
