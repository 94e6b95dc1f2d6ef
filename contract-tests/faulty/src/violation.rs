//! What a value breaks of its schema, as a refusal lists it.

use jsonschema::{ValidationError, Validator, error::ValidationErrorKind as Kind};
use serde_json::Value;

use crate::view::escape;

/// A rule of the document that a request breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The value that breaks it (JSON Pointer into the body, or `/<in>/<name>` for a parameter).
    pub pointer: String,
    /// The keyword.
    pub rule: String,
    /// What is wrong, for people.
    pub message: String,
}

/// Every violation of the schema in `value`, once each. `place` is put before each pointer.
pub fn violations(validator: &Validator, value: &Value, place: &str) -> Vec<Violation> {
    let mut all = Vec::new();
    for violation in validator.iter_errors(value).flat_map(|error| translate(&error, place)) {
        if !all.contains(&violation) {
            all.push(violation);
        }
    }
    all
}

fn translate(error: &ValidationError<'_>, place: &str) -> Vec<Violation> {
    let at = format!("{place}{}", error.instance_path().as_str());
    let path = error.schema_path().as_str();
    let rule = match error.kind() {
        Kind::Required { .. } if path.rsplit('/').take(2).any(|segment| segment == "dependentRequired") => "dependentRequired",
        Kind::FalseSchema => path.rsplit('/').next().unwrap_or_default(),
        kind => kind.keyword(),
    };
    let of = |pointer, message: &str| Violation { pointer, rule: rule.to_owned(), message: message.to_owned() };
    match error.kind() {
        Kind::Required { property } => {
            vec![of(format!("{at}/{}", escape(property.as_str().unwrap_or_default())), "is required")]
        }
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            unexpected.iter().map(|name| of(format!("{at}/{}", escape(name)), "is not a known property")).collect()
        }
        // Of the schema, not of the value.
        _ => vec![of(at, &format!("must satisfy the rule {rule} of the document"))],
    }
}
