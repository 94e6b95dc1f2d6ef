//! From a validator's errors to what the caller is told: every violation with its pointer, rule and a message without values.

use std::collections::{HashMap, HashSet};

use jsonschema::{
    ValidationError, Validator,
    error::{TypeKind, ValidationErrorKind as Kind},
};
use serde_json::Value;

use openapi_document::pointer::escape;

use super::pattern;
use crate::problem::Violation;

/// Every violation of the schema in `value`; none when it is valid. `place` is put before each pointer.
///
/// They come in the order of the body; what is missing in an object comes before what is wrong inside it.
pub(super) fn violations(validator: &Validator, value: &Value, place: &str) -> Vec<Violation> {
    if is_valid(validator, value) {
        return Vec::new(); // The way of most requests, and several times faster than collecting no errors.
    }
    let errors = || validator.iter_errors(value).flat_map(|error| translate(&error, value, place)).collect();
    let (mut all, _): (Vec<Violation>, _) = pattern::bounded(errors);
    if all.is_empty() {
        // A match was given up where the schema asks for none, such as below `not`.
        let (rule, message) = ("pattern".to_owned(), pattern::TOO_HARD.to_owned());
        return vec![Violation { pointer: place.to_owned(), rule, message }];
    }
    let mut seen = HashSet::new();
    all.retain(|violation| seen.insert(violation.clone())); // One rule can be reached on two ways, such as two branches of `allOf`.

    let mut ranks = HashMap::new();
    rank(value, place.to_owned(), &mut ranks);
    all.sort_by_key(|Violation { pointer, .. }| {
        let holder = pointer.rsplit_once('/').map_or("", |(holder, _)| holder);
        ranks.get(pointer).or_else(|| ranks.get(holder)).copied()
    });
    all
}

/// Whether the value satisfies the schema, as far as that can be told within bounds.
pub(super) fn is_valid(validator: &Validator, value: &Value) -> bool {
    let (valid, given_up) = pattern::bounded(|| validator.is_valid(value));
    valid && !given_up
}

/// Numbers every value inside `value` in the order of the text.
fn rank(value: &Value, pointer: String, ranks: &mut HashMap<String, usize>) {
    match value {
        Value::Object(object) => {
            ranks.insert(pointer.clone(), ranks.len());
            object.iter().for_each(|(name, inner)| rank(inner, format!("{pointer}/{}", escape(name)), ranks));
        }
        Value::Array(items) => {
            ranks.insert(pointer.clone(), ranks.len());
            items.iter().enumerate().for_each(|(index, inner)| rank(inner, format!("{pointer}/{index}"), ranks));
        }
        _ => drop(ranks.insert(pointer, ranks.len())),
    }
}

fn translate(error: &ValidationError<'_>, value: &Value, place: &str) -> Vec<Violation> {
    let inside = error.instance_path().as_str();
    let at = format!("{place}{inside}");
    let rule = rule(error);
    let of = |pointer: String, message: String| Violation { pointer, rule: rule.clone(), message };
    let unknown = |name: &String| of(format!("{at}/{}", escape(name)), "is not a property that this object can have".to_owned());
    match error.kind() {
        Kind::Required { property } => {
            let property = property.as_str().unwrap_or_default();
            vec![of(format!("{at}/{}", escape(property)), "is required".to_owned())]
        }
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            unexpected.iter().map(unknown).collect()
        }
        // A closed object without `properties`: jsonschema reports the object, and only once. Every property is unknown.
        Kind::FalseSchema if rule == "additionalProperties" => {
            value.pointer(inside).and_then(Value::as_object).into_iter().flat_map(|object| object.keys()).map(unknown).collect()
        }
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
            let mut message = format!("must match one of {} alternatives", context.len());
            if let Some((index, errors)) = nearest(context, inside) {
                // They are no violations of their own: another alternative may do without.
                let lacks: Vec<Violation> = errors.iter().flat_map(|error| translate(error, value, place)).collect();
                let shown: Vec<String> = lacks.iter().take(SHOWN).map(|one| format!("{} {}", one.pointer, one.message)).collect();
                message += &format!("; the nearest is number {}: {}", index + 1, shown.join(", "));
                if lacks.len() > SHOWN {
                    message += &format!(", and {} more", lacks.len() - SHOWN);
                }
            }
            vec![of(at, message)]
        }
        Kind::OneOfMultipleValid { .. } => {
            vec![of(at, "must match only one of the alternatives, and matches several".to_owned())]
        }
        kind => vec![of(at, message(kind))],
    }
}

/// How much of what the nearest alternative lacks is told.
const SHOWN: usize = 3;

/// The alternative that a value comes nearest to, with what it breaks of it: one whose type, constants and names it has, and then the
/// one with the fewest violations. None where they are all of another type.
fn nearest<'a>(context: &'a [Vec<ValidationError<'static>>], inside: &str) -> Option<(usize, &'a [ValidationError<'static>])> {
    let distance = |errors: &[ValidationError<'static>]| {
        let is_here = |error: &&ValidationError<'static>| error.instance_path().as_str() == inside;
        let other_type = errors.iter().filter(is_here).any(|error| matches!(error.kind(), Kind::Type { .. }));
        // A property with one possible value is what tells alternatives apart.
        let other_name = errors.iter().any(|error| matches!(error.kind(), Kind::Constant { .. } | Kind::Enum { .. }));
        (other_type, other_name, errors.len())
    };
    let (index, errors) = context.iter().enumerate().min_by_key(|(_, errors)| distance(errors))?;
    (!distance(errors).0 && !errors.is_empty()).then_some((index, errors.as_slice()))
}

/// Keywords whose value holds schemas by name or by index.
const HOLDERS: [&str; 7] = ["properties", "patternProperties", "dependentSchemas", "prefixItems", "allOf", "anyOf", "oneOf"];

/// The keyword that is broken. Its kind tells it, but for two that jsonschema reports as another kind: those are told by the
/// last keyword on the way to the schema.
fn rule(error: &ValidationError<'_>) -> String {
    let keyword = match error.kind() {
        Kind::Required { .. } | Kind::FalseSchema => {
            let (mut keyword, mut is_name) = ("false", false);
            for segment in error.evaluation_path().as_str().split('/').skip(1) {
                (keyword, is_name) = if is_name { (keyword, false) } else { (segment, HOLDERS.contains(&segment)) };
            }
            keyword
        }
        kind => kind.keyword(),
    };
    keyword.to_owned()
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
        Kind::BacktrackLimitExceeded { .. } | Kind::RegexEngineFailure { .. } => pattern::TOO_HARD.to_owned(),
        Kind::Custom { message, .. } => message.clone(),
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
    fn of_several_alternatives_the_nearest_says_what_it_lacks() {
        let schema = json!({ "properties": { "pet": { "oneOf": [
            { "type": "object", "required": ["kind", "bark"], "properties": { "kind": { "const": "dog" } } },
            { "type": "object", "required": ["kind", "lives"], "properties": { "kind": { "const": "cat" }, "lives": { "maximum": 9 } } },
            { "type": "string" }
        ] } } });
        assert_eq!(
            of(schema.clone(), json!({ "pet": { "kind": "cat", "lives": 10 } })),
            ["/pet oneOf: must match one of 3 alternatives; the nearest is number 2: /pet/lives must be at most 9"]
        );
        assert_eq!(
            of(schema.clone(), json!({ "pet": { "kind": "dog" } })),
            ["/pet oneOf: must match one of 3 alternatives; the nearest is number 1: /pet/bark is required"]
        );
        assert_eq!(of(schema, json!({ "pet": 5 })), ["/pet oneOf: must match one of 3 alternatives"]);
        let both = json!({ "oneOf": [{ "minimum": 1 }, { "minimum": 2 }] });
        assert_eq!(of(both, json!(3)), [" oneOf: must match only one of the alternatives, and matches several"]);
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

    #[test]
    fn what_may_not_be_there_at_all_is_pointed_at_one_by_one() {
        let unknown = "is not a property that this object can have";
        let cases = [
            (
                json!({"properties": {"o": {"additionalProperties": false}}}),
                json!({"o": {"x": 1, "y": 2}}),
                vec![format!("/o/x additionalProperties: {unknown}"), format!("/o/y additionalProperties: {unknown}")],
            ),
            (
                json!({"properties": {"a": true}, "patternProperties": {"^b": true}, "additionalProperties": false}),
                json!({"x": 1, "a": 2, "b": 3, "y": 4}),
                vec![format!("/x additionalProperties: {unknown}"), format!("/y additionalProperties: {unknown}")],
            ),
            (
                json!({"unevaluatedProperties": false}),
                json!({"x": 1, "y": 2}),
                vec![format!("/x unevaluatedProperties: {unknown}"), format!("/y unevaluatedProperties: {unknown}")],
            ),
            // Properties that are called like a keyword are none.
            (
                json!({"properties": {"additionalProperties": false}}),
                json!({"additionalProperties": {"x": 1}}),
                vec!["/additionalProperties properties: is not allowed here".to_owned()],
            ),
            (
                json!({"patternProperties": {"^x": false}}),
                json!({"x": 1, "y": 2, "xx": 3}),
                vec![
                    "/x patternProperties: is not allowed here".to_owned(),
                    "/xx patternProperties: is not allowed here".to_owned(),
                ],
            ),
            (json!({"items": false}), json!([1]), vec!["/0 items: is not allowed here".to_owned()]),
            (json!({"allOf": [false]}), json!(1), vec![" allOf: is not allowed here".to_owned()]),
            (json!(false), json!(1), vec![" false: is not allowed here".to_owned()]),
        ];
        for (schema, value, expected) in cases {
            assert_eq!(of(schema, value), expected);
        }
    }

    #[test]
    fn violations_follow_the_body_and_what_is_missing_in_an_object_comes_first() {
        let object = json!({ "required": ["m", "n"], "properties": { "s": { "type": "string" }, "n": true }, "additionalProperties": false });
        let schema = json!({
            "properties": { "first": object, "second": { "items": object }, "third": { "type": "string" } }, "required": ["zero"]
        });
        let value = json!({ "third": 3, "second": [{ "x": 1, "s": 2, "n": 3 }], "first": {} });
        let found: Vec<String> = of(schema, value).iter().map(|line| line.split(':').next().unwrap().to_owned()).collect();
        assert_eq!(
            found,
            [
                "/zero required",
                "/third type",
                "/second/0/m required",
                "/second/0/x additionalProperties",
                "/second/0/s type",
                "/first/m required",
                "/first/n required",
            ]
        );
    }
}
