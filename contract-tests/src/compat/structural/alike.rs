//! Parameters and properties of forms that two documents describe differently and that are written alike: one value and a list of
//! one, an object and its properties.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{
    Places, covering, encodings, is_form, keywords, media_types,
    parameters::{Parameter, all},
    view::{View, followed},
};
use crate::{Document, Operation, pointer::is_within};
use openapi_document::pointer::from_reference;

/// The old document with its parameters and forms described as the new one does, where that makes no difference to a request; none
/// where there is nothing to change.
pub fn as_new_writes(old: &Document, new: &Document) -> Option<Document> {
    let (before, after) = (old.operations(), new.operations());
    let places = Places::of(&after, &[String::new()]);
    let edits = before.iter().map(|operation| {
        let edits = places.find("", operation).map(|other| edits((old, operation), (new, other))).unwrap_or_default();
        (operation, edits)
    });
    let edits: Vec<(&Operation, Edits)> = edits.filter(|(_, edits)| !edits.is_none()).collect();
    let edited: Vec<String> = edits.iter().flat_map(|(operation, edits)| edits.places(operation)).collect();
    if edits.is_empty() || refers_into(&old.json, &edited) {
        return None;
    }
    let mut json = old.json.clone();
    edits.into_iter().for_each(|(operation, edits)| edits.apply(&mut json, operation));
    Some(old.with(json))
}

/// Whether a reference leads into one of these places, where it would lead elsewhere after a change.
fn refers_into(json: &Value, places: &[String]) -> bool {
    match json {
        Value::Object(object) => object.iter().any(|(key, value)| match value.as_str().and_then(from_reference) {
            Some(pointer) => key == "$ref" && places.iter().any(|place| is_within(&pointer, place)),
            None => refers_into(value, places),
        }),
        Value::Array(items) => items.iter().any(|item| refers_into(item, places)),
        _ => false,
    }
}

/// What changes in an operation.
#[derive(Default)]
struct Edits {
    /// Parameters, by where they are listed.
    gone: BTreeSet<String>,
    new: Vec<Value>,
    /// The request body.
    body: Option<Value>,
}

impl Edits {
    fn is_none(&self) -> bool {
        self.gone.is_empty() && self.new.is_empty() && self.body.is_none()
    }

    /// What a reference must not lead into.
    fn places(&self, operation: &Operation) -> Vec<String> {
        let place = |key: &str, is_edited: bool| is_edited.then(|| format!("{}/{key}", operation.pointer));
        let parameters = place("parameters", !self.gone.is_empty() || !self.new.is_empty());
        parameters.into_iter().chain(place("requestBody", self.body.is_some())).collect()
    }

    fn apply(self, json: &mut Value, operation: &Operation) {
        let Some(Value::Object(operation_node)) = json.pointer_mut(&operation.pointer) else { return };
        if let Some(body) = self.body {
            operation_node.insert("requestBody".to_owned(), body);
        }
        if self.gone.is_empty() && self.new.is_empty() {
            return;
        }
        let Value::Array(listed) = operation_node.entry("parameters").or_insert_with(|| json!([])) else { return };
        let mut index = 0;
        listed.retain(|_| {
            index += 1;
            !self.gone.contains(&format!("{}/parameters/{}", operation.pointer, index - 1))
        });
        listed.extend(self.new);
    }
}

fn edits((old, before): (&Document, &Operation), (new, after): (&Document, &Operation)) -> Edits {
    let (one, other) = (all(old, before), all(new, after));
    let own = format!("{}/parameters/", before.pointer);
    let mut edits = Edits { body: form((old, before), (new, after)), ..Edits::default() };
    for (key, was) in &one {
        match other.get(key) {
            Some(is) if is_list_of_one((old, was), (new, is)) => {
                edits.gone.insert(was.listed.clone());
                edits.new.push(listed_once(old, was, is));
            }
            None if was.listed.starts_with(&own) => {
                // An object whose properties are parameters of their own now.
                let Some(properties) = dissolved(old, was) else { continue };
                let is_there = |name: &&String| other.contains_key(&(was.place, (*name).clone()));
                let is_free = |name: &String| !one.contains_key(&(was.place, name.clone()));
                if properties.keys().any(|name| is_there(&name)) && properties.keys().all(is_free) {
                    edits.gone.insert(was.listed.clone());
                    edits.new.extend(apart(old, was, &properties));
                }
            }
            _ => {}
        }
    }
    for is in other.iter().filter(|(key, _)| !one.contains_key(*key)).map(|(_, is)| is) {
        let Some(properties) = dissolved(new, is) else { continue };
        let is_property = |was: &&Parameter<'_>| {
            was.place == is.place
                && was.listed.starts_with(&own)
                && was.node.get("content").is_none()
                && properties.contains_key(was.name)
                && !other.contains_key(&(was.place, was.name.to_owned()))
        };
        let parts: Vec<&Parameter<'_>> = one.values().filter(is_property).collect();
        if !parts.is_empty() {
            edits.gone.extend(parts.iter().map(|part| part.listed.clone()));
            edits.new.push(together(old, is, &parts));
        }
    }
    edits
}

/// Whether a parameter that was one value is a list now, in which one value is written as it was.
fn is_list_of_one((old, was): (&Document, &Parameter<'_>), (new, is): (&Document, &Parameter<'_>)) -> bool {
    let (before, after) = (View::of(old, &was.schema()), View::of(new, &is.schema()));
    let one = keywords::types(before.get("type"));
    let is_json = [was, is].iter().any(|parameter| parameter.node.get("content").is_some());
    if !is_one_and_a_list(&before, &after) || is_json || was.style().0 != is.style().0 {
        return false;
    }
    let between = match is.style() {
        ("form" | "matrix", true) => return true,
        ("label", true) => '.',
        ("spaceDelimited", false) => ' ',
        ("pipeDelimited", false) => '|',
        ("simple" | "form" | "label" | "matrix", _) => ',',
        _ => return false,
    };
    let texts = keywords::values(&before);
    let holds = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned).contains(between);
    match texts {
        Some(values) => !values.iter().any(holds),
        None => !(one.contains("string") || between == '.' && one.contains("fraction")),
    }
}

/// The parameter as a list of the one value that it has, written as the list is.
fn listed_once(document: &Document, parameter: &Parameter<'_>, list: &Parameter<'_>) -> Value {
    let mut node = parameter.node.clone();
    node["explode"] = json!(list.style().1);
    node["schema"] = json!({ "type": "array", "items": schema(document, parameter), "minItems": 1, "maxItems": 1 });
    node
}

fn schema(document: &Document, parameter: &Parameter<'_>) -> Value {
    document.json.pointer(&parameter.schema()).cloned().unwrap_or(Value::Bool(true))
}

/// The request body with each property of a form that was one value and is a list now as a list of one; none where there is none.
fn form((old, before): (&Document, &Operation), (new, after): (&Document, &Operation)) -> Option<Value> {
    let (at, node) = old.resolve(&format!("{}/requestBody", before.pointer))?;
    let (there, _) = new.resolve(&format!("{}/requestBody", after.pointer))?;
    let others = media_types(new, &there);
    let mut body = None;
    for (name, here) in media_types(old, &at).iter().filter(|(name, _)| is_form(name)) {
        let Some((_, there)) = covering(&others, name) else { continue };
        let of = followed(old, &format!("{here}/schema"));
        let (was, is) = (View::of(old, &of), View::of(new, &format!("{there}/schema")));
        let repeats = |property: &str| {
            let encoding = encodings(new, there).get(property).copied().cloned().unwrap_or_default();
            let style = encoding.get("style").and_then(Value::as_str).unwrap_or("form");
            style == "form" && encoding.get("explode") != Some(&json!(false))
        };
        let is_list_of_one = |property: &&str| {
            let (one, other) =
                (View::of(old, &was.member("properties", property)), View::of(new, &is.member("properties", property)));
            is.names("properties").any(|other| other == *property) && is_one_and_a_list(&one, &other) && repeats(property)
        };
        // What is written as a form is an object, whether the document says so or not.
        let is_typed = was.get("type").is_none() && keywords::types(is.get("type")).iter().eq(["object"].iter());
        let listed: Vec<&str> = was.names("properties").filter(is_list_of_one).collect();
        // What stands behind further references, or in a composition, is left as it is.
        let Some(mut schema) = old.json.pointer(&of).filter(|schema| schema.get("properties").is_some()).cloned() else {
            continue;
        };
        for property in &listed {
            let one = schema["properties"][*property].take();
            schema["properties"][*property] = json!({ "type": "array", "items": one, "minItems": 1, "maxItems": 1 });
        }
        if is_typed {
            schema["type"] = json!("object");
        }
        if is_typed || !listed.is_empty() {
            body.get_or_insert_with(|| node.clone())["content"][name]["schema"] = schema;
        }
    }
    body
}

/// Whether the one is a single value, and the other a list and nothing else.
fn is_one_and_a_list(one: &View<'_>, other: &View<'_>) -> bool {
    let (one, list) = (keywords::types(one.get("type")), keywords::types(other.get("type")));
    let is_scalar = !one.contains("array") && !one.contains("object");
    is_scalar && list.contains("array") && list.iter().all(|name| matches!(*name, "array" | "null"))
}

/// The properties of an object that are written as parameters of their own, where nothing but them is said about it.
fn dissolved<'d>(document: &'d Document, parameter: &Parameter<'_>) -> Option<Map<String, Value>> {
    const KNOWN: [&str; 9] =
        ["type", "properties", "required", "additionalProperties", "title", "description", "example", "examples", "default"];
    let view: View<'d> = View::of(document, &parameter.schema());
    let is_object = keywords::types(view.get("type")).iter().eq(["object"].iter());
    let is_closed = view.get("additionalProperties").is_none_or(|further| *further == json!(false));
    let is_plain = view.keywords().all(|keyword| KNOWN.contains(&keyword));
    let is_written_so = parameter.node.get("content").is_none() && parameter.style() == ("form", true);
    if !is_object || !is_closed || !is_plain || !is_written_so || !matches!(parameter.place, "query" | "cookie") {
        return None;
    }
    view.get("properties")?.as_object().cloned()
}

/// A parameter for each property.
fn apart(document: &Document, parameter: &Parameter<'_>, properties: &Map<String, Value>) -> Vec<Value> {
    let required = View::of(document, &parameter.schema()).texts("required");
    let of = |(name, schema): (&String, &Value)| {
        let required = parameter.required() && required.contains(&name.as_str());
        json!({ "name": name, "in": parameter.place, "required": required, "schema": schema })
    };
    properties.iter().map(of).collect()
}

/// The parameter whose properties these are.
fn together(document: &Document, parameter: &Parameter<'_>, parts: &[&Parameter<'_>]) -> Value {
    let properties: Map<String, Value> = parts.iter().map(|part| (part.name.to_owned(), schema(document, part))).collect();
    let required: Vec<&str> = parts.iter().filter(|part| part.required()).map(|part| part.name).collect();
    let mut node = parameter.node.clone();
    node["required"] = json!(!required.is_empty());
    node["schema"] = json!({ "type": "object", "properties": properties, "required": required });
    node
}
