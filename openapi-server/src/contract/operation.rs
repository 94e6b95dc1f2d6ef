//! One documented operation, compiled.

use std::{collections::BTreeMap, sync::Arc};

use jsonschema::Validator;
use mime::Mime;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use poem::http::{HeaderName, HeaderValue, Method};
use serde_json::{Value, json};

use super::{ContractError, document::resolve};
use crate::pointer::escape;

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
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the path, where the template has its name.
    Path,
    /// In the query string.
    Query,
    /// In a header of that name.
    Header,
}

pub(super) struct Parameter {
    pub name: String,
    pub place: Place,
    pub required: bool,
    /// The type that the text of the value, or of each value of a list, stands for: `integer`, `number`, `boolean` or `string`.
    pub kind: String,
    /// Whether it is an array, whose items are values of their own: `?tag=a&tag=b` (OpenAPI 3.1, section 4.8.12.2, style `form`).
    pub list: bool,
    pub validator: Validator,
}

pub(super) struct Body {
    pub required: bool,
    pub media_types: Vec<RequestContent>,
}

pub(super) struct RequestContent {
    pub media_type: Mime,
    pub validator: Validator,
    /// What `x-result` says: the schema that a resource must satisfy after this body has changed it.
    pub result: Option<Arc<Validator>>,
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

/// The methods that a path item can have operations for (OpenAPI 3.1, section 4.8.9.1).
const METHODS: [Method; 8] =
    [Method::GET, Method::PUT, Method::POST, Method::DELETE, Method::OPTIONS, Method::HEAD, Method::PATCH, Method::TRACE];

/// Compiles every path of the document. What cannot be enforced is an error: nothing documented is left unchecked.
///
/// It reads the JSON as it is: a typed model of OpenAPI knows fewer documents and keywords than there are.
pub(super) fn compile(document: &Value) -> Result<Vec<(String, Methods)>, ContractError> {
    if !document.get("openapi").and_then(Value::as_str).is_some_and(|version| version.starts_with("3.1.")) {
        return Err(ContractError::NotOpenApi);
    }
    let paths = document.get("paths").and_then(Value::as_object).ok_or_else(|| ContractError::Missing("/paths".to_owned()))?;
    paths.keys().map(|path| Ok((path.clone(), methods(document, &format!("/paths/{}", escape(path)))?))).collect()
}

fn methods(document: &Value, item: &str) -> Result<Methods, ContractError> {
    let mut operations = Vec::new();
    for key in keys(document, item) {
        let method = METHODS.into_iter().find(|method| method.as_str().eq_ignore_ascii_case(key));
        match method {
            Some(method) => operations.push((method, operation(document, item, &format!("{item}/{key}"))?)),
            None if matches!(key, "summary" | "description" | "parameters") || key.starts_with("x-") => {}
            None => return Err(ContractError::unsupported(item, &format!("the entry {key}"))),
        }
    }
    let allow = operations.iter().map(|(method, _)| method.as_str()).collect::<Vec<_>>().join(", ");
    let allow = HeaderValue::try_from(allow).map_err(|_| ContractError::Missing(item.to_owned()))?;
    Ok(Methods { operations, allow })
}

fn operation(document: &Value, item: &str, at: &str) -> Result<Operation, ContractError> {
    let node = |name: &str| document.pointer(&format!("{at}/{name}"));
    let id = node("operationId").and_then(Value::as_str).ok_or_else(|| ContractError::Missing(format!("{at}/operationId")))?;
    let mut parameters = parameters(document, &format!("{at}/parameters"))?;
    for shared in self::parameters(document, &format!("{item}/parameters"))? {
        // The operation's own parameter of this name takes its place (OpenAPI 3.1, section 4.8.10.1).
        if !parameters.iter().any(|own| own.name == shared.name && own.place == shared.place) {
            parameters.push(shared);
        }
    }
    let mut responses = BTreeMap::new();
    for status in keys(document, &format!("{at}/responses")) {
        responses.insert(status.to_owned(), answer(document, &format!("{at}/responses/{status}"))?);
    }
    let body = node("requestBody").map(|_| body(document, &format!("{at}/requestBody"))).transpose()?;
    Ok(Operation { id: id.to_owned(), scopes: scopes(document, at)?, parameters, body, responses })
}

fn keys<'a>(document: &'a Value, at: &str) -> impl Iterator<Item = &'a str> {
    document.pointer(at).and_then(Value::as_object).into_iter().flat_map(|object| object.keys()).map(String::as_str)
}

fn parameters(document: &Value, at: &str) -> Result<Vec<Parameter>, ContractError> {
    let count = document.pointer(at).and_then(Value::as_array).map_or(0, Vec::len);
    (0..count).map(|index| parameter(document, &format!("{at}/{index}"))).collect()
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
        let scopes: Vec<String> = serde_json::from_value(scopes.clone())
            .map_err(|_| ContractError::unsupported(&at, "something other than a list of scopes"))?;
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
    let (schema_at, schema) = resolve(document, &format!("{at}/schema"))?;
    let list = place == Place::Query && schema.get("type").is_some_and(|kind| kind == "array");
    if list && node.get("explode") == Some(&json!(false)) {
        return Err(ContractError::unsupported(&at, "an array in one value"));
    }
    if list && schema.get("items").is_none() {
        return Err(ContractError::unsupported(&at, "an array whose items are not one string each"));
    }
    Ok(Parameter {
        name: name.to_owned(),
        place,
        required: node.get("required") == Some(&json!(true)),
        kind: text_type(document, &if list { format!("{schema_at}/items") } else { schema_at })?,
        list,
        validator: validator(document, &format!("{at}/schema"))?,
    })
}

fn body(document: &Value, at: &str) -> Result<Body, ContractError> {
    let (at, node) = resolve(document, at)?;
    let media_types = media_types(document, &at, node)?;
    if let Some((other, _)) = media_types.iter().find(|(media_type, _)| !is_json(media_type)) {
        return Err(ContractError::unsupported(&at, &format!("a request body of type {other}")));
    }
    let content_at = format!("{at}/content");
    let media_types = keys(document, &content_at).zip(media_types).map(|(name, (media_type, validator))| {
        let at = format!("{content_at}/{}/x-result", escape(name));
        let result = document.pointer(&at).map(|_| self::validator(document, &at)).transpose()?;
        Ok(RequestContent { media_type, validator, result: result.map(Arc::new) })
    });
    Ok(Body { required: node.get("required") == Some(&json!(true)), media_types: media_types.collect::<Result<_, _>>()? })
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

/// What a fragment of a URI cannot hold as it is and a JSON Pointer can: the braces of a path template, for one.
const FRAGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'~').remove(b'-').remove(b'.').remove(b'_');

/// A validator for the schema at `at`, with formats asserted. The whole document is its root, so that references resolve.
fn validator(document: &Value, at: &str) -> Result<Validator, ContractError> {
    let mut root = document.clone();
    root["$ref"] = json!(format!("#{}", utf8_percent_encode(at, FRAGMENT)));
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
        // `20.0` and `2e1` are integers too (JSON Schema 2020-12, section 6.1.1), which Rust's integers do not read.
        "integer" => serde_json::from_str(text).ok().filter(Value::is_number).map(whole),
        "number" => serde_json::from_str(text).ok().filter(Value::is_number),
        "boolean" => serde_json::from_str(text).ok().filter(Value::is_boolean),
        _ => None,
    };
    parsed.unwrap_or_else(|| Value::String(text.to_owned()))
}

/// A number without a fraction, as an integer.
fn whole(number: Value) -> Value {
    match number.as_f64() {
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 2f64.powi(53) => json!(float as i64),
        _ => number,
    }
}
