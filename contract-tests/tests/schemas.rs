//! The collection of schemas: each is understood by both validators, can be met and can be broken.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::{
    collections::{BTreeSet, HashSet},
    fs,
};

use contract_tests::{Breakable, instances};
use serde_json::Value;

struct Entry {
    name: String,
    schema: Value,
    example: Value,
    counterexample: Value,
}

/// Every schema of the collection.
fn collection() -> Vec<Entry> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/schemas");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    paths.sort();
    let entries = paths.iter().flat_map(|path| {
        let text = fs::read_to_string(path).unwrap();
        serde_saphyr::from_str::<Vec<Value>>(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    });
    let entry = |value: Value| Entry {
        name: value["name"].as_str().unwrap().to_owned(),
        schema: value["schema"].clone(),
        example: value.get("example").unwrap().clone(),
        counterexample: value.get("counterexample").unwrap().clone(),
    };
    entries.map(entry).collect()
}

fn boon_accepts(schema: &Value, values: [&Value; 2]) -> Result<[bool; 2], String> {
    let mut compiler = boon::Compiler::new();
    compiler.enable_format_assertions();
    compiler.add_resource("memory:schema", schema.clone()).map_err(|error| error.to_string())?;
    let mut schemas = boon::Schemas::new();
    let compiled = compiler.compile("memory:schema", &mut schemas).map_err(|error| format!("{error:#}"))?;
    Ok(values.map(|value| schemas.validate(value, compiled).is_ok()))
}

fn jsonschema_accepts(schema: &Value, values: [&Value; 2]) -> Result<[bool; 2], String> {
    let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012).should_validate_formats(true);
    let validator = options.build(schema).map_err(|error| error.to_string())?;
    Ok(values.map(|value| validator.is_valid(value)))
}

#[test]
fn both_validators_accept_the_example_and_refuse_the_counterexample() {
    let mut wrong = Vec::new();
    for Entry { name, schema, example, counterexample } in collection() {
        let values = [&example, &counterexample];
        for (validator, verdict) in [("boon", boon_accepts(&schema, values)), ("jsonschema", jsonschema_accepts(&schema, values))]
        {
            if verdict != Ok([true, false]) {
                wrong.push(format!("{name}: {validator} says {verdict:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_validators_disagree_only_as_listed() {
    let listed: Vec<Value> = serde_saphyr::from_str(include_str!("disagreements.yaml")).unwrap();
    for entry in listed {
        let (schema, value) = (&entry["schema"], &entry["value"]);
        let says = |verdict: Result<[bool; 2], String>| verdict.map_or(Value::Null, |[accepted, _]| accepted.into());
        assert_eq!(says(boon_accepts(schema, [value, value])), entry["boon"], "boon: {entry}");
        assert_eq!(says(jsonschema_accepts(schema, [value, value])), entry["jsonschema"], "jsonschema: {entry}");
        assert!(["boon", "jsonschema", "either"].contains(&entry["right"].as_str().unwrap()), "{entry}");
    }
}

#[test]
fn the_collection_is_large_and_its_names_are_unique() {
    let collection = collection();
    assert!(collection.len() >= 180, "{}", collection.len());
    let names: HashSet<_> = collection.iter().map(|entry| &entry.name).collect();
    assert_eq!(names.len(), collection.len());
    println!("{} schemas", collection.len());
}

#[test]
fn the_collection_has_every_keyword() {
    let mut found = BTreeSet::new();
    collection().iter().for_each(|entry| names(&entry.schema, &mut found));
    for keyword in include_str!("schemas/keywords.txt").lines() {
        assert!(found.contains(keyword), "no schema has {keyword}");
    }
}

/// The names of all properties in a value.
fn names(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| names(item, found)),
        Value::Object(object) => object.iter().for_each(|(name, value)| {
            found.insert(name.clone());
            names(value, found);
        }),
        _ => {}
    }
}

/// Constraints that no instance breaks, or that no valid instance has at its edge, and why.
const UNBREAKABLE: [(&str, &str); 2] = [
    ("any JSON of a depth", "/$defs/json/anyOf"), // Every value is of one of its types.
    ("not false and a type", "/not"),             // `not: false` holds for everything.
];

/// Rules that are kept and broken, but not in every way: each way is a search among texts of a format or a pattern of which hardly
/// any has the other rule too, and the plan has a budget. The report says so.
const UNFINISHED: [(&str, &str); 3] = [
    ("web hook", "/properties/url/maxLength"),
    ("chess move", "/then/properties/to/pattern"),
    ("date of this century", "/pattern"),
];

/// Schemas for which the engine and boon disagree about some instances: boon calculates with 64-bit floating point numbers, and the
/// engine and jsonschema with decimals (see `disagreements.yaml`), so that jsonschema alone has the last word.
const CALCULATED: [&str; 5] = ["bounds near 63 bits", "cents", "parcel", "percentage in tenths", "price"];

#[test]
fn what_the_engine_generates_is_what_both_validators_say() {
    let mut wrong = Vec::new();
    let (mut valid, mut invalid, mut constraints) = (0, 0, 0);
    for Entry { name, schema, .. } in collection() {
        let made = instances(&schema, 1).unwrap_or_else(|error| panic!("{name}: {error}"));
        let both = |value: &Value| {
            let jsonschema = jsonschema_accepts(&schema, [value, value]).map(|verdicts| verdicts[0]);
            let boon = boon_accepts(&schema, [value, value]).map(|verdicts| verdicts[0]);
            (if CALCULATED.contains(&name.as_str()) { jsonschema.clone() } else { boon }, jsonschema)
        };
        for value in &made.valid {
            valid += 1;
            if both(value) != (Ok(true), Ok(true)) {
                wrong.push(format!("{name}: {value} should be valid: {:?}", both(value)));
            }
        }
        for (value, broken) in &made.invalid {
            invalid += 1;
            if both(value) != (Ok(false), Ok(false)) {
                let broken: Vec<String> = broken.iter().map(ToString::to_string).collect();
                wrong.push(format!("{name}: {value} should break {}: {:?}", broken.join(", "), both(value)));
            }
        }
        if made.valid.is_empty() {
            wrong.push(format!("{name}: no valid instance was found"));
        }
        for (constraint, breakable) in &made.constraints {
            constraints += 1;
            let known = UNBREAKABLE.contains(&(name.as_str(), constraint.key().as_str()));
            if *breakable == Breakable::Never && !known {
                wrong.push(format!("{name}: {constraint} is {breakable:?}"));
            }
        }
        let known = |pointer: &str| UNFINISHED.contains(&(name.as_str(), pointer));
        for uncovered in made.uncovered.iter().filter(|gap| !known(&gap.pointer) || !gap.reason.ends_with("that takes too long"))
        {
            wrong.push(format!("{name}: {} is not covered: {}", uncovered.pointer, uncovered.reason));
        }
        for (value, disagreement) in made.disagreements.iter().filter(|_| !CALCULATED.contains(&name.as_str())) {
            wrong.push(format!("{name}: {value}: {disagreement}"));
        }
    }
    println!("{valid} valid and {invalid} invalid instances for {constraints} constraints");
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
