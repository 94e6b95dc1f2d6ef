//! Which schema includes which: a table of pairs, and the collection of schemas against itself and its own mutants.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use contract_tests::{Inclusion, Located, inclusion};
use serde_json::Value;

fn included(narrow: &Value, wide: &Value) -> Inclusion {
    let whole = |document| Located { document, pointer: "" };
    inclusion(whole(narrow), whole(wide), 1).unwrap_or_else(|error| panic!("{narrow} or {wide}: {error}"))
}

fn word(inclusion: &Inclusion) -> &'static str {
    match inclusion {
        Inclusion::Proven => "proven",
        Inclusion::Refuted(_) => "refuted",
        Inclusion::Unknown => "unknown",
    }
}

#[test]
fn every_pair_of_the_table_is_decided_as_it_says() {
    let table: Vec<Value> = serde_saphyr::from_str(include_str!("inclusion.yaml")).unwrap();
    let mut wrong = Vec::new();
    for row in &table {
        let (one, other) = (&row["one"], &row["other"]);
        for (narrow, wide, expected) in [(one, other, &row["one in other"]), (other, one, &row["other in one"])] {
            let found = included(narrow, wide);
            if word(&found) != expected.as_str().unwrap() {
                wrong.push(format!("{}: {narrow} in {wide} should be {expected}, and is {found:?}", row["name"]));
            }
        }
    }
    println!("{} pairs", table.len());
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Every schema of the collection, with its name.
fn collection() -> Vec<(String, Value)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/schemas");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    paths.sort();
    let entries =
        paths.iter().flat_map(|path| serde_saphyr::from_str::<Vec<Value>>(&std::fs::read_to_string(path).unwrap()).unwrap());
    entries.map(|entry| (entry["name"].as_str().unwrap().to_owned(), entry["schema"].clone())).collect()
}

#[test]
fn every_schema_includes_itself() {
    let all = collection();
    let wrong: Vec<&String> =
        all.iter().filter(|(_, schema)| included(schema, schema) != Inclusion::Proven).map(|(name, _)| name).collect();
    assert!(wrong.is_empty(), "of {}: {wrong:?}", all.len());
}
