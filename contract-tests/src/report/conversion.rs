//! Values of another type that a server converts: one habit of its reader of bodies, whatever the operation.

use serde_json::Value;

use super::Failure;

/// Whether a request was accepted whose value only spells one of the type that the document asks for.
pub(super) fn is_converted(failure: &Failure) -> bool {
    let Some(text) = failure.text.as_deref() else { return false };
    let segments: Vec<&str> = failure.promise.rsplit('/').take(3).collect();
    let wanted: Vec<String> = match failure.promise.rsplit('/').next() {
        // One branch of a choice: the type of another may be what the server makes of it.
        Some("type") if matches!(segments.last(), Some(&("anyOf" | "oneOf"))) => {
            ["boolean", "integer", "number", "string"].map(str::to_owned).to_vec()
        }
        Some("type") => {
            let text = text.trim_matches(|letter: char| !letter.is_alphanumeric());
            text.rsplit(|letter: char| !letter.is_alphanumeric()).next().map(str::to_owned).into_iter().collect()
        }
        // Some generators write a nullable type as `anyOf` or `oneOf`.
        Some("anyOf" | "oneOf") => {
            let branches: Vec<Value> = serde_json::from_str(text).unwrap_or_default();
            branches.iter().filter_map(|branch| Some(branch.get("type")?.as_str()?.to_owned())).collect()
        }
        _ => Vec::new(),
    };
    let sent: Option<Value> = failure.request.as_deref().and_then(|request| serde_json::from_str(request).ok());
    let (Some(sent), Some(place)) = (sent, &failure.place) else { return false };
    let mut values = vec![&sent];
    for segment in place.split('/').skip(1) {
        values = values.into_iter().flat_map(|value| at(value, segment)).collect();
    }
    values.into_iter().any(|value| wanted.iter().any(|wanted| spells(value, wanted)))
}

/// What is at a segment of a place; `*` stands for any.
fn at<'v>(value: &'v Value, segment: &str) -> Vec<&'v Value> {
    match value {
        Value::Object(object) if segment == "*" => object.values().collect(),
        Value::Array(items) if segment == "*" => items.iter().collect(),
        Value::Object(object) => object.get(segment).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// Whether a value is of another type, and a reader that means well makes one of this type of it.
fn spells(value: &Value, wanted: &str) -> bool {
    const TRUTHS: [&str; 12] = ["0", "1", "f", "false", "n", "no", "off", "on", "t", "true", "y", "yes"];
    match (value, wanted) {
        (Value::String(text), "integer" | "number") => text.trim().parse::<f64>().is_ok(),
        (Value::String(text), "boolean") => TRUTHS.contains(&text.to_lowercase().as_str()),
        (Value::Bool(_), "integer" | "number" | "string") | (Value::Number(_), "string") => true,
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
        assert!(!is_converted(&of("\"integer\"", "/age", r#"{"age":""}"#)), "that is nobody's number");
        assert!(!is_converted(&of("\"integer\"", "/age", r#"{"age":{}}"#)));
    }
}
