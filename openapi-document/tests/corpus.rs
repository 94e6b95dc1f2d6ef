//! Real documents, where the folder with them is there.

use std::{collections::HashSet, fs, path::Path};

use openapi_document::{Document, pointer};
use serde_json::Value;

#[test]
fn every_document_loads_and_each_reference_in_it_leads_somewhere() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    let Ok(entries) = fs::read_dir(&folder) else {
        println!("skipped: there is no folder {}", folder.display());
        return;
    };
    let mut read = 0;
    for entry in entries {
        let path = entry.unwrap().path();
        if !path.extension().is_some_and(|extension| extension == "json" || extension == "yaml") {
            continue;
        }
        let document = Document::load(&path).unwrap_or_else(|error| panic!("{error}"));
        read += 1;
        for defect in document.defects() {
            println!("{defect} ({:?} at {})", defect.kind, defect.pointer);
        }
        if document.version().starts_with("3.1") {
            let text = fs::read_to_string(&path).unwrap();
            let expected: Value = serde_json::from_str(&text).or_else(|_| serde_saphyr_value(&text)).unwrap();
            assert_eq!(document.json(), &expected, "{} is of 3.1 and in one file, so that nothing changes", path.display());
        }
        let mut references = HashSet::new();
        find_references(document.json(), &mut references);
        for reference in references {
            let target = pointer::from_reference(&reference).unwrap_or_else(|| panic!("{}: {reference}", path.display()));
            assert!(document.resolve(&target).is_some(), "{}: {reference}", path.display());
        }
    }
    assert!(read > 0, "no document in {}", folder.display());
}

/// What another reader of YAML makes of it.
fn serde_saphyr_value(text: &str) -> Result<Value, String> {
    let options = serde_saphyr::options! { strict_booleans: true };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| error.to_string())
}

fn find_references(value: &Value, found: &mut HashSet<String>) {
    match value {
        Value::Object(object) => {
            found.extend(object.get("$ref").and_then(Value::as_str).map(str::to_owned));
            object.values().for_each(|value| find_references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| find_references(item, found)),
        _ => {}
    }
}
