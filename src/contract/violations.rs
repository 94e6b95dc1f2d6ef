//! From a validator's errors to what the caller is told: every violation with its pointer, rule and a message without values.

use jsonschema::{
    ValidationError, Validator,
    error::{TypeKind, ValidationErrorKind as Kind},
};
use serde_json::Value;

use super::document::escape;
use crate::api::problem::Violation;

/// Every violation of the schema in `value`; none when it is valid. `place` is put before each pointer.
pub(super) fn violations(validator: &Validator, value: &Value, place: &str) -> Vec<Violation> {
    if validator.is_valid(value) {
        return Vec::new(); // The way of most requests, and several times faster than collecting no errors.
    }
    let mut all: Vec<Violation> = Vec::new();
    for error in validator.iter_errors(value) {
        for violation in translate(&error, place) {
            if !all.contains(&violation) {
                all.push(violation); // One rule can be reached on two ways, such as two branches of `allOf`.
            }
        }
    }
    all
}

fn translate(error: &ValidationError<'_>, place: &str) -> Vec<Violation> {
    let at = format!("{place}{}", error.instance_path().as_str());
    let rule = rule(error);
    let of = |pointer: String, message: String| Violation { pointer, rule: rule.clone(), message };
    match error.kind() {
        Kind::Required { property } => {
            let property = property.as_str().unwrap_or_default();
            vec![of(format!("{at}/{}", escape(property)), "is required".to_owned())]
        }
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => unexpected
            .iter()
            .map(|property| of(format!("{at}/{}", escape(property)), "is not a property that this object can have".to_owned()))
            .collect(),
        kind => vec![of(at, message(kind))],
    }
}

/// The keyword that is broken. Its kind tells it, but for two that jsonschema reports as another kind.
fn rule(error: &ValidationError<'_>) -> String {
    let path = error.schema_path().as_str();
    let mut segments = path.rsplit('/');
    match error.kind() {
        Kind::Required { .. } if segments.by_ref().take(2).any(|segment| segment == "dependentRequired") => {
            "dependentRequired".to_owned()
        }
        Kind::FalseSchema => path.rsplit('/').next().unwrap_or("false").to_owned(),
        kind => kind.keyword().to_owned(),
    }
}

fn message(kind: &Kind) -> String {
    match kind {
        Kind::Type { kind: TypeKind::Single(one) } => format!("must be of type {one}"),
        Kind::Type { kind: TypeKind::Multiple(many) } => {
            format!("must be of type {}", many.iter().map(|one| one.to_string()).collect::<Vec<_>>().join(" or "))
        }
        Kind::MinLength { limit } => format!("must have at least {}", count(*limit, "character")),
        Kind::MaxLength { limit } => format!("must have at most {}", count(*limit, "character")),
        Kind::MinItems { limit } => format!("must have at least {}", count(*limit, "item")),
        Kind::MaxItems { limit } => format!("must have at most {}", count(*limit, "item")),
        Kind::MinProperties { limit } => format!("must have at least {}", count(*limit, "property")),
        Kind::MaxProperties { limit } => format!("must have at most {}", count(*limit, "property")),
        Kind::Minimum { limit } => format!("must be at least {limit}"),
        Kind::Maximum { limit } => format!("must be at most {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("must be more than {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("must be less than {limit}"),
        Kind::MultipleOf { multiple_of } => format!("must be a multiple of {multiple_of}"),
        Kind::Pattern { pattern } => format!("must match the pattern {pattern}"),
        Kind::Format { format } => format!("must be in the format {format}"),
        Kind::Enum { options } => format!("must be one of {options}"),
        Kind::Constant { expected_value } => format!("must be {expected_value}"),
        Kind::UniqueItems => "must not have two equal items".to_owned(),
        Kind::AdditionalItems { limit } => format!("must have no more than {}", count(*limit as u64, "item")),
        Kind::UnevaluatedItems { .. } => "must have no further items".to_owned(),
        Kind::FalseSchema => "is not allowed here".to_owned(),
        other => format!("must satisfy the rule {} of the document", other.keyword()),
    }
}

fn count(limit: u64, noun: &str) -> String {
    match (limit, noun) {
        (1, _) => format!("1 {noun}"),
        (_, "property") => format!("{limit} properties"),
        _ => format!("{limit} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Pointer, rule and message of each violation.
    fn of(schema: Value, value: Value) -> Vec<String> {
        let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
        let found = violations(&validator, &value, "");
        found.into_iter().map(|Violation { pointer, rule, message }| format!("{pointer} {rule}: {message}")).collect()
    }

    #[test]
    fn each_kind_says_what_the_rule_asks_for() {
        let cases = [
            (json!({"type": "string"}), json!(5), " type: must be of type string"),
            (json!({"type": ["string", "null"]}), json!(5), " type: must be of type null or string"),
            (json!({"minLength": 1}), json!(""), " minLength: must have at least 1 character"),
            (json!({"maxLength": 2}), json!("abc"), " maxLength: must have at most 2 characters"),
            (json!({"minItems": 1}), json!([]), " minItems: must have at least 1 item"),
            (json!({"maxProperties": 0}), json!({"secret": 1}), " maxProperties: must have at most 0 properties"),
            (json!({"minimum": 3}), json!(2), " minimum: must be at least 3"),
            (json!({"exclusiveMaximum": 3}), json!(3), " exclusiveMaximum: must be less than 3"),
            (json!({"multipleOf": 2}), json!(3), " multipleOf: must be a multiple of 2"),
            (json!({"pattern": "^a"}), json!("secret"), " pattern: must match the pattern ^a"),
            (json!({"format": "date"}), json!("secret"), " format: must be in the format date"),
            (json!({"enum": ["a", "b"]}), json!("secret"), " enum: must be one of [\"a\",\"b\"]"),
            (json!({"const": 1}), json!("secret"), " const: must be 1"),
            (json!({"uniqueItems": true}), json!(["secret", "secret"]), " uniqueItems: must not have two equal items"),
            (json!({"required": ["a/b"]}), json!({}), "/a~1b required: is required"),
            (json!({"dependentRequired": {"a": ["b"]}}), json!({"a": 1}), "/b dependentRequired: is required"),
            (
                json!({"additionalProperties": false}),
                json!({"x~y": "secret"}),
                "/x~0y additionalProperties: is not a property that this object can have",
            ),
            (json!({"not": {"type": "string"}}), json!("secret"), " not: must satisfy the rule not of the document"),
        ];
        for (schema, value, expected) in cases {
            assert_eq!(of(schema, value), [expected]);
        }
    }

    #[test]
    fn all_violations_are_reported_once_each() {
        let schema = json!({
            "allOf": [{ "required": ["a"] }, { "required": ["a"] }],
            "properties": { "b": { "type": "string" } }, "additionalProperties": false
        });
        assert_eq!(
            of(schema, json!({"b": 1, "c": 1, "d": 1})),
            [
                "/a required: is required",
                "/b type: must be of type string",
                "/c additionalProperties: is not a property that this object can have",
                "/d additionalProperties: is not a property that this object can have",
            ]
        );
    }
}
