//! The operations of a document, with the types of what goes in and out.

use openapi_document::{Document, Operation, pointer::join};
use serde_json::{Map, Value};

use crate::{
    docs,
    names::{self, Names},
    types::{Type, Types},
};

/// What a handler is written from.
pub(crate) struct Handler {
    /// What the document calls the operation.
    pub operation: String,
    /// The file below `src/api`.
    pub module: String,
    pub function: String,
    pub method: String,
    pub path: String,
    pub docs: Vec<String>,
    pub parameters: Option<Parameters>,
    pub body: Option<Body>,
    pub answer: Answer,
}

/// The struct of an operation's parameters.
pub(crate) struct Parameters {
    pub name: String,
    pub fields: Vec<Parameter>,
}

pub(crate) struct Parameter {
    pub field: String,
    pub name: String,
    /// The variant of `Place`.
    pub place: &'static str,
    pub kind: Type,
    pub docs: Vec<String>,
}

/// The body of a request.
pub(crate) enum Body {
    /// A value that the contract has read.
    Value(Type),
    /// What has no schema that a type could be made from.
    Bytes,
}

/// What a handler returns.
pub(crate) enum Answer {
    /// The only success, as JSON: also where it may have other media types.
    Json(u16, Type),
    /// The only success: nothing but a status.
    Empty(u16),
    /// Anything.
    Open,
}

/// The handlers of all operations, in the order of the document.
pub(crate) fn handlers(document: &Document, types: &mut Types<'_>) -> Vec<Handler> {
    // What the files import.
    let mut structs = Names::taken(&["FromRequest", "Place", "Request", "RequestBody", "ValidParameters"]);
    let mut functions = Names::taken(&["handler", "not_written", "parameters", "types"]);
    let mut handlers = Vec::new();
    for operation in document.operations() {
        let text = |name: &str| operation.json.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
        let named = text("operationId");
        let name = named.map_or_else(|| format!("{} {}", operation.method, operation.path), str::to_owned);
        let base = named.map_or_else(|| spoken(&operation), str::to_owned);
        let module = module_of(&operation);
        let function = names::never_keyword(names::of_value(&base));
        // Names are the operation's, wherever it stands: a handler that moves keeps its name.
        let function = functions.unique(function, "_");
        let hint = names::of_type(&base);
        let parameters = parameters(document, &operation, types, &hint, &mut structs);
        let body = body(document, &operation, types, &hint);
        let (answer, answers) = answers(document, &operation, types, &hint);
        handlers.push(Handler {
            docs: docs_of(&operation, &answers),
            operation: name,
            module,
            function,
            method: operation.method.clone(),
            path: operation.path.to_owned(),
            parameters,
            body,
            answer,
        });
    }
    handlers
}

/// A name for an operation without one.
fn spoken(operation: &Operation<'_>) -> String {
    let path = operation.path.split('/').filter(|segment| !segment.is_empty());
    let path = path.map(|segment| match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        Some(name) => format!("by {name}"),
        None => segment.to_owned(),
    });
    format!("{} {}", operation.method.to_lowercase(), path.collect::<Vec<_>>().join(" "))
}

/// The file for an operation: its first tag; without one the first word of its path that says something.
fn module_of(operation: &Operation<'_>) -> String {
    let tags = operation.json.get("tags").and_then(Value::as_array);
    let tag = tags.and_then(|tags| tags.first()).and_then(Value::as_str);
    let says_nothing = |segment: &str| {
        let version = segment.strip_prefix('v').unwrap_or(segment);
        segment.is_empty()
            || segment == "api"
            || segment.starts_with('{')
            || version.chars().all(|letter| letter.is_ascii_digit())
    };
    let segment = operation.path.split('/').find(|segment| !says_nothing(segment));
    names::never_keyword(names::of_value(tag.or(segment).unwrap_or("root")))
}

fn docs_of(operation: &Operation<'_>, answers: &[String]) -> Vec<String> {
    let text = |name: &str| docs::lines(operation.json.get(name).and_then(Value::as_str).unwrap_or_default());
    let (summary, description) = (text("summary"), text("description"));
    let mut lines = summary.clone();
    if description != summary {
        docs::paragraph(&mut lines, description);
    }
    if operation.json.get("deprecated") == Some(&Value::Bool(true)) {
        docs::paragraph(&mut lines, vec!["Deprecated.".to_owned()]);
    }
    docs::paragraph(&mut lines, vec![format!("`{} {}`", operation.method, operation.path.replace('`', ""))]);
    docs::paragraph(&mut lines, answers.to_vec());
    lines
}

fn parameters(
    document: &Document,
    operation: &Operation<'_>,
    types: &mut Types<'_>,
    hint: &str,
    structs: &mut Names,
) -> Option<Parameters> {
    let mut found: Vec<(&str, &str, String)> = Vec::new();
    // The operation's own come first: they take the place of those of its path.
    for owner in [&operation.pointer, &operation.path_item] {
        let count = document.json().pointer(&format!("{owner}/parameters")).and_then(Value::as_array).map_or(0, Vec::len);
        for index in 0..count {
            let Some((at, parameter)) = document.resolve(&format!("{owner}/parameters/{index}")) else { continue };
            let text = |name: &str| parameter.get(name).and_then(Value::as_str);
            let (Some(name), Some(place)) = (text("name"), text("in")) else { continue };
            // OpenAPI 3.1, section 4.8.12.2.1: these headers are described elsewhere.
            let is_elsewhere = ["accept", "authorization", "content-type"].iter().any(|other| name.eq_ignore_ascii_case(other));
            // The contract leaves out what the template has no place for.
            let has_place = place != "path" || operation.path.contains(&format!("{{{name}}}"));
            if has_place && (place != "header" || !is_elsewhere) && !found.iter().any(|known| (known.0, known.1) == (name, place))
            {
                found.push((name, place, at));
            }
        }
    }
    let mut fields = Vec::new();
    let mut names = Names::default();
    for (name, place, at) in found {
        let variant = match place {
            "path" => "Path",
            "query" => "Query",
            "header" => "Header",
            "cookie" => "Cookie",
            _ => continue,
        };
        let node = document.json().pointer(&at);
        let hint = format!("{hint}{}", names::of_type(name));
        let kind = match schema_of(document, &at) {
            Some(schema) => types.at(&schema, &hint),
            None => Type::Any(None),
        };
        let is_required = place == "path" || node.and_then(|node| node.get("required")) == Some(&Value::Bool(true));
        let kind = if is_required { kind } else { kind.optional() };
        let mut field = names::of_value(name);
        if !names.is_free(&field) {
            field = format!("{place}_{field}");
        }
        let docs = docs::lines(node.and_then(|node| node.get("description")).and_then(Value::as_str).unwrap_or_default());
        fields.push(Parameter { field: names.unique(field, "_"), name: name.to_owned(), place: variant, kind, docs });
    }
    (!fields.is_empty()).then(|| Parameters { name: structs.unique(hint.to_owned(), ""), fields })
}

/// Where the schema of a parameter stands: its own, or that of its content.
fn schema_of(document: &Document, at: &str) -> Option<String> {
    let node = document.json().pointer(at)?;
    if node.get("schema").is_some() {
        return Some(format!("{at}/schema"));
    }
    let media_type = node.get("content")?.as_object()?.keys().next().filter(|media_type| is_json(media_type))?;
    Some(format!("{}/schema", join(&format!("{at}/content"), media_type)))
}

fn body(document: &Document, operation: &Operation<'_>, types: &mut Types<'_>, hint: &str) -> Option<Body> {
    operation.json.get("requestBody")?;
    let (at, body) = document.resolve(&format!("{}/requestBody", operation.pointer))?;
    let content = body.get("content").and_then(Value::as_object)?;
    let is_required = body.get("required") == Some(&Value::Bool(true));
    let Some(media_type) = first(content, is_json).or_else(|| first(content, is_text)) else {
        return (!content.is_empty()).then_some(Body::Bytes);
    };
    let schema = format!("{}/schema", join(&format!("{at}/content"), media_type));
    let kind = match document.json().pointer(&schema) {
        Some(_) => types.at(&schema, &format!("{hint}Body")),
        None if is_text(media_type) && media_type.starts_with("text/") => Type::STRING,
        None => Type::Any(None),
    };
    Some(Body::Value(if is_required { kind } else { kind.optional() }))
}

fn first(content: &Map<String, Value>, is: impl Fn(&str) -> bool) -> Option<&str> {
    content.keys().map(String::as_str).find(|media_type| is(media_type))
}

fn essence(media_type: &str) -> String {
    media_type.split(';').next().unwrap_or_default().trim().to_lowercase()
}

fn is_json(media_type: &str) -> bool {
    let essence = essence(media_type);
    essence.ends_with("/json") || essence.ends_with("+json") || essence == "*/*"
}

/// Whether a body of this type is read as a value by the contract: forms and plain text.
fn is_text(media_type: &str) -> bool {
    let essence = essence(media_type);
    ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"].contains(&essence.as_str())
}

/// What the handler returns, and a line for each answer.
fn answers(document: &Document, operation: &Operation<'_>, types: &mut Types<'_>, hint: &str) -> (Answer, Vec<String>) {
    let responses = operation.json.get("responses").and_then(Value::as_object);
    let statuses: Vec<&str> =
        responses.into_iter().flatten().map(|(status, _)| status.as_str()).filter(|status| !status.starts_with("x-")).collect();
    let successes = statuses.iter().filter(|status| status.starts_with(['2', '3'])).count();
    let (mut answer, mut lines) = (Answer::Open, Vec::new());
    for status in statuses {
        let Some((at, response)) = document.resolve(&join(&format!("{}/responses", operation.pointer), status)) else { continue };
        let words = docs::line(response.get("description").and_then(Value::as_str).unwrap_or_default());
        let is_success = status.starts_with('2');
        let content = response.get("content").and_then(Value::as_object);
        let json = content.and_then(|content| first(content, is_json));
        let schema = json.map(|media_type| format!("{}/schema", join(&format!("{at}/content"), media_type)));
        let schema = schema.filter(|schema| document.json().pointer(schema).is_some());
        let name = if successes > 1 { format!("{hint}Answer{status}") } else { format!("{hint}Answer") };
        let is_component = |schema: &String| document.json().pointer(schema).is_some_and(|schema| schema.get("$ref").is_some());
        // Errors of an operation's own get no types: there would be more of them than of everything else.
        let kind = schema.filter(|schema| is_success || is_component(schema)).map(|schema| types.at(&schema, &name));
        let link =
            kind.as_ref().map(|kind| format!("`{}`", types.name(kind, &quote::quote!(types::)).to_string().replace(' ', "")));
        let parts = [link, Some(words).filter(|words| !words.is_empty())].into_iter().flatten().collect::<Vec<_>>().join(": ");
        lines.push(if parts.is_empty() { format!("- {status}") } else { format!("- {status}: {parts}") });
        let is_empty = content.is_none_or(Map::is_empty);
        let has_headers = response.get("headers").and_then(Value::as_object).is_some_and(|headers| !headers.is_empty());
        if let (true, 1, false, Ok(status)) = (is_success, successes, has_headers, status.parse::<u16>()) {
            answer = match kind {
                Some(kind) => Answer::Json(status, kind),
                None if is_empty => Answer::Empty(status),
                _ => Answer::Open,
            };
        }
    }
    (answer, lines)
}
