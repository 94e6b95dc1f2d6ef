//! Values of another type that a server converts: one habit of its reader of bodies, whatever the operation.

use serde_json::Value;

use super::Failure;
use crate::pointer::values_at;

/// Whether a request was accepted whose value only spells one of the type that the document asks for.
pub(super) fn is_converted(failure: &Failure) -> bool {
    let Some(text) = failure.text.as_deref() else { return false };
    let segments: Vec<&str> = failure.promise.rsplit('/').take(3).collect();
    let wanted: Vec<String> = match failure.promise.rsplit('/').next() {
        // One branch of a choice: the type of another may be what the server makes of it.
        Some("type") if matches!(segments.last(), Some(&("anyOf" | "oneOf"))) => {
            ["boolean", "integer", "number", "string"].map(str::to_owned).to_vec()
        }
        Some("type") => wanted_type(text).map(str::to_owned).into_iter().collect(),
        // Some generators write a nullable type as `anyOf` or `oneOf`.
        Some("anyOf" | "oneOf") => {
            let branches: Vec<Value> = serde_json::from_str(text).unwrap_or_default();
            branches.iter().filter_map(|branch| Some(branch.get("type")?.as_str()?.to_owned())).collect()
        }
        _ => Vec::new(),
    };
    let Some(place) = &failure.place else { return false };
    values(failure.request.as_deref(), place).iter().any(|value| wanted.iter().any(|wanted| spells(value, wanted)))
}

/// The type that the document asks for in this line of it.
pub(super) fn wanted_type(text: &str) -> Option<&str> {
    let text = text.trim_matches(|letter: char| !letter.is_alphanumeric());
    text.rsplit(|letter: char| !letter.is_alphanumeric()).next()
}

/// Whether a body has `null` at a place, and not as a whole.
pub(super) fn is_null(body: Option<&str>, place: &str) -> bool {
    !place.is_empty() && values(body, place).contains(&Value::Null)
}

/// The values of a body at a place; none where it is not JSON.
pub(super) fn values(body: Option<&str>, place: &str) -> Vec<Value> {
    let body: Option<Value> = body.and_then(|body| serde_json::from_str(body).ok());
    body.iter().flat_map(|body| values_at(body, place)).cloned().collect()
}

/// Whether a value is of another type, and a reader that means well makes one of this type of it.
fn spells(value: &Value, wanted: &str) -> bool {
    const TRUTHS: [&str; 12] = ["0", "1", "f", "false", "n", "no", "off", "on", "t", "true", "y", "yes"];
    match (value, wanted) {
        (Value::String(text), "integer" | "number") => text.trim().parse::<f64>().is_ok(),
        (Value::String(text), "boolean") => TRUTHS.contains(&text.to_lowercase().as_str()),
        (Value::Bool(_), "integer" | "number" | "string") | (Value::Number(_), "string") => true,
        // Some cut off what is behind the point.
        (Value::Number(number), "integer") => number.is_f64(),
        // Some read an object from its values in their order.
        (Value::Array(_), "object") => true,
        (Value::Number(number), "boolean") => number.as_f64().is_some_and(|number| number == 0.0 || number == 1.0),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::failure;

    #[test]
    fn what_spells_a_value_of_one_of_several_types_is_converted() {
        let of = |text: &str| Failure {
            promise: "/components/schemas/Pet/properties/age/anyOf".to_owned(),
            text: Some(text.to_owned()),
            place: Some("/age".to_owned()),
            request: Some(r#"{"age":"7"}"#.to_owned()),
            ..failure(1)
        };
        assert!(is_converted(&of(r#"[{"type":"integer"},{"type":"null"}]"#)));
        assert!(!is_converted(&of(r#"[{"type":"array"},{"type":"null"}]"#)));
        assert!(!is_converted(&of("anyOf:")), "nobody knows what it asks for");
        let branch = Failure { promise: format!("{}/1/type", of("").promise), ..of("type: 'null'") };
        assert!(is_converted(&branch));
        assert!(!is_converted(&Failure { request: Some(r#"{"age":[]}"#.to_owned()), ..branch }));
    }

    #[test]
    fn what_spells_a_value_of_the_type_is_converted() {
        let of = |text: &str, place: &str, request: &str| Failure {
            promise: "/components/schemas/Pet/properties/age/type".to_owned(),
            text: Some(text.to_owned()),
            place: Some(place.to_owned()),
            request: Some(request.to_owned()),
            ..failure(1)
        };
        assert!(is_converted(&of("type: integer", "/age", r#"{"age":"7"}"#)));
        assert!(is_converted(&of("\"integer\"", "/ages/*", r#"{"ages":[1,true]}"#)));
        assert!(is_converted(&of("type: integer", "/age", r#"{"age":7.25}"#)), "what is behind the point is cut off");
        assert!(!is_converted(&of("\"integer\"", "/age", r#"{"age":""}"#)), "that is nobody's number");
        assert!(!is_converted(&of("\"integer\"", "/age", r#"{"age":{}}"#)));
    }
}
