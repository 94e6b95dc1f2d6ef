//! The operations of a document.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::document::{Document, DocumentError};
use crate::{pointer::escape, schema::Uncovered};

/// An operation of the document.
#[derive(Debug, Clone)]
pub struct Operation {
    /// `operationId`, or method and path.
    pub id: String,
    /// Where it stands in the document.
    pub pointer: String,
    /// The HTTP method, in capitals.
    pub method: String,
    /// The path template.
    pub path: String,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) body: Option<Body>,
    /// Whether it needs a body of a kind that is not generated, so that no valid request can be made.
    pub(crate) beyond: bool,
    pub(crate) responses: BTreeMap<String, ResponseSpec>,
    /// The bearer token that it asks for; none where anybody may call it.
    pub(crate) security: Option<Security>,
    pub(crate) uncovered: Vec<Uncovered>,
}

#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    pub name: String,
    pub place: ParameterLocation,
    pub required: bool,
    pub style: Style,
    pub pointer: String,
}

/// Where a parameter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ParameterLocation {
    Path,
    Query,
    Header,
    Cookie,
}

impl ParameterLocation {
    pub const ALL: [Self; 4] = [Self::Path, Self::Query, Self::Header, Self::Cookie];

    pub fn name(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
            Self::Cookie => "cookie",
        }
    }
}

/// How an array is written (OpenAPI 3.1, section 4.8.12.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// The name again for each item.
    Exploded,
    /// Items with this between them.
    Joined(char),
}

#[derive(Debug, Clone)]
pub(crate) struct Body {
    pub required: bool,
    pub pointer: String,
    /// Media types with the pointer of their schema; only JSON is generated.
    pub media_types: Vec<(String, String)>,
}

#[derive(Debug, Clone)]
pub(crate) struct ResponseSpec {
    pub pointer: String,
    /// Media types with the pointer of their schema, where there is one.
    pub media_types: Vec<(String, Option<String>)>,
    pub headers: Vec<HeaderSpec>,
}

#[derive(Debug, Clone)]
pub(crate) struct HeaderSpec {
    pub name: String,
    pub required: bool,
    pub pointer: String,
    pub schema: Option<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Security {
    pub pointer: String,
    pub scopes: Vec<String>,
    /// The scopes of each other requirement that is as good.
    pub alternatives: Vec<Vec<String>>,
    /// Whether it is a bearer token, which the engine knows how to make and spoil.
    pub bearer: bool,
}

/// The methods that a path item can have (OpenAPI 3.1, section 4.8.9.1).
pub(crate) const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

impl Document {
    /// Every operation, in the order of the document.
    ///
    /// # Errors
    ///
    /// [`DocumentError::NotOpenApi`] where something that the document must have is missing.
    pub fn operations(&self) -> Result<Vec<Operation>, DocumentError> {
        let mut operations = Vec::new();
        for (path, item) in self.json.get("paths").and_then(Value::as_object).into_iter().flatten() {
            let at = format!("/paths/{}", escape(path));
            let (at, item) = self.resolve(&at).unwrap_or((at, item));
            for method in METHODS {
                if item.get(method).is_some() {
                    operations.push(self.operation(path, &at, method)?);
                }
            }
        }
        Ok(operations)
    }

    fn operation(&self, path: &str, item: &str, method: &str) -> Result<Operation, DocumentError> {
        let pointer = format!("{item}/{method}");
        let missing =
            |what: &str| DocumentError::NotOpenApi { name: self.name.clone(), cause: format!("{pointer} has no {what}") };
        let node = self.json.pointer(&pointer).ok_or_else(|| missing("content"))?;
        let mut uncovered = Vec::new();
        let mut parameters: Vec<Parameter> = Vec::new();
        for list in [format!("{item}/parameters"), format!("{pointer}/parameters")] {
            for index in 0..self.json.pointer(&list).and_then(Value::as_array).map_or(0, Vec::len) {
                match self.parameter(&format!("{list}/{index}")) {
                    Ok(Some(parameter)) => {
                        parameters.retain(|other| other.name != parameter.name || other.place != parameter.place);
                        parameters.push(parameter);
                    }
                    Ok(None) => {}
                    Err(gap) => uncovered.push(gap),
                }
            }
        }
        let body = node.get("requestBody").and_then(|_| self.body(&format!("{pointer}/requestBody"), &mut uncovered));
        let required =
            self.resolve(&format!("{pointer}/requestBody")).is_some_and(|(_, body)| body.get("required") == Some(&json!(true)));
        let beyond = required && body.is_none();
        let mut responses = BTreeMap::new();
        for status in node.get("responses").and_then(Value::as_object).into_iter().flat_map(Map::keys) {
            if let Some((at, _)) = self.resolve(&format!("{pointer}/responses/{}", escape(status))) {
                responses.insert(status.to_uppercase(), self.response(&at));
            }
        }
        if responses.is_empty() {
            return Err(missing("responses"));
        }
        let method = method.to_uppercase();
        let id = node.get("operationId").and_then(Value::as_str).map_or_else(|| format!("{method} {path}"), str::to_owned);
        let security = self.security(&pointer, &mut uncovered);
        Ok(Operation { id, pointer, method, path: path.to_owned(), parameters, body, beyond, responses, security, uncovered })
    }

    fn parameter(&self, at: &str) -> Result<Option<Parameter>, Uncovered> {
        let gap = |reason: &str| Uncovered { pointer: at.to_owned(), reason: reason.to_owned() };
        let (at, node) = self.resolve(at).ok_or_else(|| gap("a reference to nothing"))?;
        let name = node.get("name").and_then(Value::as_str).ok_or_else(|| gap("a parameter without a name"))?;
        let place = match node.get("in").and_then(Value::as_str) {
            Some("path") => ParameterLocation::Path,
            Some("query") => ParameterLocation::Query,
            Some("header") => ParameterLocation::Header,
            Some("cookie") => ParameterLocation::Cookie,
            _ => return Err(gap("a parameter with an unknown `in`")),
        };
        if place == ParameterLocation::Header
            && ["accept", "content-type", "authorization"].contains(&name.to_lowercase().as_str())
        {
            return Ok(None); // OpenAPI 3.1, section 4.8.12.1: described elsewhere, ignored here.
        }
        if node.get("schema").is_none() {
            return Err(gap("a parameter with `content` instead of `schema`"));
        }
        let explode = node.get("explode").and_then(Value::as_bool);
        let form = matches!(place, ParameterLocation::Query | ParameterLocation::Cookie);
        let style = match node.get("style").and_then(Value::as_str) {
            None | Some("form" | "simple") if form && explode.unwrap_or(true) => Style::Exploded,
            None | Some("form" | "simple") => Style::Joined(','),
            Some("spaceDelimited") => Style::Joined(' '),
            Some("pipeDelimited") => Style::Joined('|'),
            Some(_) => return Err(gap("a parameter with a style that is not supported")),
        };
        let required = node.get("required") == Some(&json!(true));
        Ok(Some(Parameter { name: name.to_owned(), place, required, style, pointer: at }))
    }

    fn body(&self, at: &str, uncovered: &mut Vec<Uncovered>) -> Option<Body> {
        let (pointer, node) = self.resolve(at)?;
        let mut media_types = Vec::new();
        for name in node.get("content").and_then(Value::as_object).into_iter().flat_map(Map::keys) {
            let at = format!("{pointer}/content/{}", escape(name));
            if !is_json(name) {
                uncovered.push(Uncovered { pointer: at, reason: "a body that is not JSON".to_owned() });
            } else if self.json.pointer(&format!("{at}/schema")).is_some() {
                media_types.push((name.clone(), format!("{at}/schema")));
            }
        }
        let required = node.get("required") == Some(&json!(true));
        (!media_types.is_empty()).then_some(Body { required, pointer, media_types })
    }

    fn response(&self, pointer: &str) -> ResponseSpec {
        let node = self.json.pointer(pointer);
        let keys = |name: &str| {
            let object = node.and_then(|node| node.get(name)).and_then(Value::as_object);
            object.into_iter().flat_map(Map::keys).cloned().collect::<Vec<_>>()
        };
        let media_types = keys("content").into_iter().map(|name| {
            let schema = format!("{pointer}/content/{}/schema", escape(&name));
            let known = self.json.pointer(&schema).is_some();
            (name, known.then_some(schema))
        });
        let headers = keys("headers").into_iter().filter_map(|name| {
            let (at, header) = self.resolve(&format!("{pointer}/headers/{}", escape(&name)))?;
            let schema = format!("{at}/schema");
            let schema = self.json.pointer(&schema).is_some().then_some(schema);
            Some(HeaderSpec { name, required: header.get("required") == Some(&json!(true)), pointer: at, schema })
        });
        ResponseSpec { pointer: pointer.to_owned(), media_types: media_types.collect(), headers: headers.collect() }
    }

    fn security(&self, operation: &str, uncovered: &mut Vec<Uncovered>) -> Option<Security> {
        let own = format!("{operation}/security");
        let at = if self.json.pointer(&own).is_some() { own } else { "/security".to_owned() };
        let requirements = self.json.pointer(&at)?.as_array()?;
        if requirements.iter().any(|requirement| requirement.as_object().is_some_and(Map::is_empty)) {
            return None; // `{}` makes it optional.
        }
        let first = requirements.first()?.as_object()?;
        let single = |requirement: &Value| {
            let requirement = requirement.as_object().filter(|requirement| requirement.len() == 1)?;
            let (name, scopes) = requirement.iter().next()?;
            self.is_bearer(name)?.then(|| names(scopes))
        };
        let all: Option<Vec<Vec<String>>> = requirements.iter().map(single).collect();
        if all.is_none() && (requirements.len() > 1 || first.len() > 1) {
            let reason = "only the first of several security requirements is tested".to_owned();
            uncovered.push(Uncovered { pointer: at.clone(), reason });
        }
        let (name, scopes) = first.iter().next()?;
        let bearer = self.is_bearer(name)?;
        if !bearer {
            let reason = "a security scheme other than a bearer token".to_owned();
            uncovered.push(Uncovered { pointer: at.clone(), reason });
        }
        let alternatives = all.into_iter().flatten().skip(1).collect();
        Some(Security { pointer: at, scopes: names(scopes), alternatives, bearer })
    }

    /// Whether a security scheme asks for a bearer token; none where there is no such scheme.
    fn is_bearer(&self, scheme: &str) -> Option<bool> {
        let (_, scheme) = self.resolve(&format!("/components/securitySchemes/{}", escape(scheme)))?;
        let http_bearer = scheme["type"] == "http" && scheme["scheme"].as_str().is_some_and(|s| s.eq_ignore_ascii_case("bearer"));
        Some(http_bearer || scheme["type"] == "oauth2" || scheme["type"] == "openIdConnect")
    }
}

impl Operation {
    /// The same operation with the names that `other` has for the parameters of the path, by their order in it: a request does not
    /// show them.
    pub fn with_path_names(&self, other: &Self) -> Self {
        let mut operation = self.clone();
        operation.path.clone_from(&other.path);
        for (own, name) in path_names(&self.path).zip(path_names(&other.path)) {
            let parameters = operation.parameters.iter_mut().zip(&self.parameters);
            let here = parameters.filter(|(_, before)| before.place == ParameterLocation::Path && before.name == own);
            here.for_each(|(parameter, _)| name.clone_into(&mut parameter.name));
        }
        operation
    }

    /// The media types of its body that are JSON.
    pub fn media_types(&self) -> impl Iterator<Item = &str> {
        self.body.iter().flat_map(|body| &body.media_types).map(|(name, _)| name.as_str())
    }

    /// The documented response for a status: itself, its range, or the default.
    pub(crate) fn response(&self, status: u16) -> Option<(&str, &ResponseSpec)> {
        let keys = [status.to_string(), format!("{}XX", status / 100), "DEFAULT".to_owned()];
        keys.iter().find_map(|key| self.responses.get_key_value(key)).map(|(key, spec)| (key.as_str(), spec))
    }
}

/// The names of the parameters of a path template, in their order.
pub fn path_names(template: &str) -> impl Iterator<Item = &str> {
    template.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name)
}

/// The texts in a list.
fn names(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Whether a media type is JSON (RFC 6839, section 3.1).
pub(crate) fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || essence.ends_with("+json")
}
