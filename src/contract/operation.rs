//! One documented operation, compiled.

use std::collections::BTreeMap;

use jsonschema::Validator;
use mime::Mime;
use poem::http::{HeaderName, HeaderValue, Method};
use serde_json::{Value, json};

use super::{
    ContractError,
    document::{escape, resolve},
};

/// What a request for this operation is held to, and what it is answered with.
pub(super) struct Operation {
    /// `operationId`, for the log.
    pub id: String,
    /// The scopes that the caller needs; `None` where the operation is open to all.
    pub scopes: Option<Vec<String>>,
    pub parameters: Vec<Parameter>,
    pub body: Option<Body>,
    /// By status (`201`), range (`4XX`) or `default`.
    pub responses: BTreeMap<String, Answer>,
}

/// Where a parameter is.
#[derive(Clone, Copy)]
pub(super) enum Place {
    Path,
    Query,
    Header,
}

pub(super) struct Parameter {
    pub name: String,
    pub place: Place,
    pub required: bool,
    /// The type that the text of the value stands for: `integer`, `number`, `boolean` or `string`.
    pub kind: String,
    pub validator: Validator,
}

pub(super) struct Body {
    pub required: bool,
    pub media_types: Vec<(Mime, Validator)>,
}

pub(super) struct Answer {
    pub media_types: Vec<(Mime, Validator)>,
    pub headers: Vec<AnswerHeader>,
}

pub(super) struct AnswerHeader {
    pub name: HeaderName,
    pub required: bool,
    pub kind: String,
    pub validator: Validator,
}

/// The methods of one path.
pub(super) struct Methods {
    pub operations: Vec<(Method, Operation)>,
    /// The value of `Allow` (RFC 9110, section 10.2.1).
    pub allow: HeaderValue,
}

/// Compiles every path of the document. What cannot be enforced is an error: nothing documented is left unchecked.
pub(super) fn compile(document: &Value) -> Result<Vec<(String, Methods)>, ContractError> {
    // The typed view serves names and places; schemas stay JSON, because the model does not know every keyword.
    let model: utoipa::openapi::OpenApi =
        serde_json::from_value(document.clone()).map_err(|error| ContractError::NotOpenApi(error.to_string()))?;
    let mut paths = Vec::new();
    for (path, item) in model.paths.paths {
        let methods = [
            (Method::GET, item.get),
            (Method::PUT, item.put),
            (Method::POST, item.post),
            (Method::DELETE, item.delete),
            (Method::OPTIONS, item.options),
            (Method::HEAD, item.head),
            (Method::PATCH, item.patch),
            (Method::TRACE, item.trace),
        ];
        let shared = item.parameters.map_or(0, |parameters| parameters.len());
        let mut operations = Vec::new();
        for (method, operation) in methods {
            let Some(operation) = operation else { continue };
            let item = format!("/paths/{}", escape(&path));
            let at = format!("{item}/{}", method.as_str().to_lowercase());
            let mut parameters = Vec::new();
            for index in 0..shared {
                parameters.push(parameter(document, &format!("{item}/parameters/{index}"))?);
            }
            for index in 0..operation.parameters.map_or(0, |parameters| parameters.len()) {
                parameters.push(parameter(document, &format!("{at}/parameters/{index}"))?);
            }
            let mut responses = BTreeMap::new();
            for status in operation.responses.responses.keys() {
                responses.insert(status.clone(), answer(document, &format!("{at}/responses/{status}"))?);
            }
            let body = match operation.request_body {
                Some(_) => Some(body(document, &format!("{at}/requestBody"))?),
                None => None,
            };
            let scopes = scopes(document, &at)?;
            let id = operation.operation_id.ok_or_else(|| ContractError::Missing(format!("{at}/operationId")))?;
            operations.push((method, Operation { id, scopes, parameters, body, responses }));
        }
        let allow = operations.iter().map(|(method, _)| method.as_str()).collect::<Vec<_>>().join(", ");
        let allow = HeaderValue::try_from(allow).map_err(|_| ContractError::Missing(format!("/paths/{}", escape(&path))))?;
        paths.push((path, Methods { operations, allow }));
    }
    Ok(paths)
}

/// The scopes of the one bearer scheme that the operation, or else the document, requires.
fn scopes(document: &Value, at: &str) -> Result<Option<Vec<String>>, ContractError> {
    let at = format!("{at}/security");
    let Some(requirements) = document.pointer(&at).or_else(|| document.get("security")).and_then(Value::as_array) else {
        return Ok(None);
    };
    let requirement = match requirements.as_slice() {
        [] => return Ok(None),
        [Value::Object(requirement)] if requirement.len() == 1 => requirement,
        _ => return Err(ContractError::unsupported(&at, "alternative or combined security requirements")),
    };
    let mut needed = Vec::new();
    for (name, scopes) in requirement {
        let (scheme_at, scheme) = resolve(document, &format!("/components/securitySchemes/{}", escape(name)))?;
        if scheme["type"] != "http" || scheme["scheme"] != "bearer" {
            return Err(ContractError::unsupported(&scheme_at, "a security scheme other than HTTP bearer"));
        }
        let scopes: Vec<String> =
            serde_json::from_value(scopes.clone()).map_err(|error| ContractError::NotOpenApi(error.to_string()))?;
        needed.extend(scopes);
    }
    Ok(Some(needed))
}

fn parameter(document: &Value, at: &str) -> Result<Parameter, ContractError> {
    let (at, node) = resolve(document, at)?;
    let place = match node.get("in").and_then(Value::as_str) {
        Some("path") => Place::Path,
        Some("query") => Place::Query,
        Some("header") => Place::Header,
        _ => return Err(ContractError::unsupported(&at, "a parameter outside path, query and header")),
    };
    if node.get("style").is_some() || node.get("content").is_some() {
        return Err(ContractError::unsupported(&at, "a parameter with a style or content of its own"));
    }
    let name = node.get("name").and_then(Value::as_str).ok_or_else(|| ContractError::Missing(format!("{at}/name")))?;
    Ok(Parameter {
        name: name.to_owned(),
        place,
        required: node.get("required") == Some(&json!(true)),
        kind: text_type(document, &format!("{at}/schema"))?,
        validator: validator(document, &format!("{at}/schema"))?,
    })
}

fn body(document: &Value, at: &str) -> Result<Body, ContractError> {
    let (at, node) = resolve(document, at)?;
    let media_types = media_types(document, &at, node)?;
    if let Some((other, _)) = media_types.iter().find(|(media_type, _)| !is_json(media_type)) {
        return Err(ContractError::unsupported(&at, &format!("a request body of type {other}")));
    }
    Ok(Body { required: node.get("required") == Some(&json!(true)), media_types })
}

fn answer(document: &Value, at: &str) -> Result<Answer, ContractError> {
    let (at, node) = resolve(document, at)?;
    let mut headers = Vec::new();
    for name in node.get("headers").and_then(Value::as_object).into_iter().flat_map(|headers| headers.keys()) {
        let (at, header) = resolve(document, &format!("{at}/headers/{}", escape(name)))?;
        headers.push(AnswerHeader {
            name: name.parse().map_err(|_| ContractError::unsupported(&at, "a header of this name"))?,
            required: header.get("required") == Some(&json!(true)),
            kind: text_type(document, &format!("{at}/schema"))?,
            validator: validator(document, &format!("{at}/schema"))?,
        });
    }
    Ok(Answer { media_types: media_types(document, &at, node)?, headers })
}

fn media_types(document: &Value, at: &str, node: &Value) -> Result<Vec<(Mime, Validator)>, ContractError> {
    let content = node.get("content").and_then(Value::as_object).into_iter().flat_map(|content| content.keys());
    content
        .map(|name| {
            let at = format!("{at}/content/{}", escape(name));
            let media_type = name.parse().map_err(|_| ContractError::unsupported(&at, "a range of media types"))?;
            Ok((media_type, validator(document, &format!("{at}/schema"))?))
        })
        .collect()
}

/// Whether bodies of this type are JSON (RFC 6839, section 3.1).
pub(super) fn is_json(media_type: &Mime) -> bool {
    media_type.subtype() == mime::JSON || media_type.suffix() == Some(mime::JSON)
}

/// The type that a value sent as text stands for.
fn text_type(document: &Value, at: &str) -> Result<String, ContractError> {
    let (at, schema) = resolve(document, at)?;
    match schema.get("type").and_then(Value::as_str) {
        Some(kind @ ("string" | "integer" | "number" | "boolean")) => Ok(kind.to_owned()),
        _ => Err(ContractError::unsupported(&at, "a parameter or header that is not one string, number or boolean")),
    }
}

/// A validator for the schema at `at`, with formats asserted. The whole document is its root, so that references resolve.
fn validator(document: &Value, at: &str) -> Result<Validator, ContractError> {
    let mut root = document.clone();
    root["$ref"] = json!(format!("#{at}"));
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft202012)
        .should_validate_formats(true)
        .should_ignore_unknown_formats(false)
        .build(&root)
        .map_err(|error| ContractError::Schema { pointer: at.to_owned(), cause: error.to_string() })
}

/// The JSON value that a value sent as text stands for; text that does not fit the type stays text, which the schema refuses.
pub(super) fn from_text(text: &str, kind: &str) -> Value {
    let parsed = match kind {
        "integer" | "number" => serde_json::from_str(text).ok().filter(Value::is_number),
        "boolean" => serde_json::from_str(text).ok().filter(Value::is_boolean),
        _ => None,
    };
    parsed.unwrap_or_else(|| Value::String(text.to_owned()))
}
