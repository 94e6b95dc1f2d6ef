//! How two versions of the document differ: the places, the operations concerned, the lines.

use std::{
    collections::BTreeSet,
    fmt::{self, Write},
};

use json_patch::PatchOperation;
use serde_json::Value;
use similar::TextDiff;

use crate::lift;

/// A report on the difference between the committed document and the one that the code stands for.
pub fn report(found: &str, expected: &str) -> String {
    let mut report = String::from("openapi.yaml and the code differ.\n\n");
    match serde_saphyr::from_str::<Value>(found) {
        Ok(found) => match serde_saphyr::from_str::<Value>(expected) {
            Ok(expected) => places(&mut report, &found, &expected),
            Err(error) => drop(writeln!(report, "  the document derived from the code is not YAML: {error}")),
        },
        Err(error) => drop(writeln!(report, "  openapi.yaml is not YAML: {error}")),
    }
    let diff = TextDiff::from_lines(found, expected);
    let _ = write!(report, "\n{}", diff.unified_diff().context_radius(3).header("openapi.yaml", "openapi.yaml (from the code)"));
    report.push_str(
        "\nhint: when the code is right, run `cargo xtask spec` and commit openapi.yaml; when the document is right, change the types \
         and handlers in src/api until `cargo xtask spec --check` passes.\n",
    );
    report
}

fn places(report: &mut String, found: &Value, expected: &Value) {
    let differences = differences(found, expected);
    if differences.is_empty() {
        report.push_str("  only comments, order or layout\n");
    }
    for difference in differences {
        let _ = writeln!(report, "  {difference}");
    }
}

/// A place where the committed document and that of the code differ.
#[derive(Debug)]
pub struct Difference {
    /// Where, as a JSON Pointer; tags and parameters stand under their names.
    pub pointer: String,
    /// Which of the two has it.
    pub what: &'static str,
    /// The operations concerned.
    operations: BTreeSet<String>,
}

/// What only the code has.
pub const ONLY_IN_CODE: &str = "only in the code";

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operations = self.operations.iter().map(String::as_str).collect::<Vec<_>>();
        let at = if operations.is_empty() { "no operation".to_owned() } else { operations.join(", ") };
        write!(f, "{}: {}  (at: {at})", self.what, self.pointer)
    }
}

/// The places where the committed document and that of the code differ.
pub fn differences(found: &Value, expected: &Value) -> Vec<Difference> {
    let of = |operation: &PatchOperation| {
        let (what, pointer) = match operation {
            PatchOperation::Add(add) => (ONLY_IN_CODE, add.path.to_string()),
            PatchOperation::Remove(remove) => ("only in openapi.yaml", remove.path.to_string()),
            other => ("different", other.path().to_string()),
        };
        let operations = &operations_at(&pointer, found) | &operations_at(&pointer, expected);
        Difference { pointer, what, operations }
    };
    // A problem that is written out says the same as a reference to the shared one.
    let mut written = found.clone();
    lift::refer_plain_problems(&mut written);
    json_patch::diff(&by_name(&written), &by_name(expected)).0.iter().map(of).collect()
}

/// The document with its tags and parameters under their names: one more of them moves no other.
fn by_name(node: &Value) -> Value {
    match node {
        Value::Object(object) => object.iter().map(|(key, child)| (key.clone(), by_name(child))).collect(),
        Value::Array(items) => {
            let names = items.iter().map(|item| item["name"].as_str().map(str::to_owned)).collect::<Option<BTreeSet<_>>>();
            match names {
                Some(names) if names.len() == items.len() && !items.is_empty() => {
                    items.iter().map(|item| (item["name"].as_str().unwrap_or_default().to_owned(), by_name(item))).collect()
                }
                _ => items.iter().map(by_name).collect(),
            }
        }
        other => other.clone(),
    }
}

/// The operations that the place belongs to: its own, or those that refer to its component, by however many steps.
fn operations_at(pointer: &str, document: &Value) -> BTreeSet<String> {
    let segments: Vec<&str> = pointer.split('/').skip(1).collect();
    let paths = document.get("paths").and_then(Value::as_object).into_iter().flatten();
    let all = paths.flat_map(|(path, item)| {
        item.as_object().into_iter().flatten().filter(|(_, operation)| operation.get("responses").is_some()).map(
            move |(method, operation)| {
                let id = operation.get("operationId").and_then(Value::as_str).unwrap_or("no operationId");
                (path, method, operation, format!("{} {path} ({id})", method.to_uppercase()))
            },
        )
    });
    match segments.as_slice() {
        ["paths", path, rest @ ..] => {
            let path = path.replace("~1", "/").replace("~0", "~");
            all.filter(|(at, method, ..)| **at == path && rest.first().is_none_or(|segment| segment == method))
                .map(|(.., name)| name)
                .collect()
        }
        ["components", section, component, ..] => {
            let target = format!("#/components/{section}/{component}");
            all.filter(|(_, _, operation, _)| refers_to(operation, &target, document, &mut BTreeSet::new()))
                .map(|(.., name)| name)
                .collect()
        }
        _ => BTreeSet::new(),
    }
}

fn refers_to(node: &Value, target: &str, document: &Value, seen: &mut BTreeSet<String>) -> bool {
    match node {
        Value::Array(items) => items.iter().any(|item| refers_to(item, target, document, seen)),
        Value::Object(object) => object.iter().any(|(key, value)| match value {
            Value::String(reference) if key == "$ref" => {
                reference == target
                    || seen.insert(reference.clone())
                        && reference
                            .strip_prefix('#')
                            .and_then(|pointer| document.pointer(pointer))
                            .is_some_and(|referred| refers_to(referred, target, document, seen))
            }
            // A scheme is referred to by its name.
            Value::Array(requirements) if key == "security" => requirements
                .iter()
                .filter_map(Value::as_object)
                .flat_map(|requirement| requirement.keys())
                .any(|scheme| target == format!("#/components/securitySchemes/{scheme}")),
            _ => refers_to(value, target, document, seen),
        }),
        _ => false,
    }
}
