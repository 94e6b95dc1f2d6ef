//! Parameters, held to their schemas.

use std::borrow::Cow;

use http::Extensions;
use openapi_document::pointer::escape;
use poem::Request;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    Head, json,
    read::{Parameter, Place, Text},
    router::PathValues,
    security::cookies,
    shape::{Prefer, Shape},
    style::{Encoding, Malformed, Pair, Serialization, Style, pairs},
    violations::{is_valid, violations},
};
use crate::problem::{Problem, Violation};

/// The parameters of a request after the contract has validated them, for a handler to read.
#[derive(Debug, Clone)]
pub struct ValidParameters(Vec<(Place, String, Value)>);

impl ValidParameters {
    /// The parameter `name` in `place` as a handler's type; one that is absent reads as `null`.
    ///
    /// # Errors
    ///
    /// 500 when the handler was reached without the contract, or when the type does not take what the document allows.
    pub fn read<T: DeserializeOwned>(request: &Request, place: Place, name: &str) -> Result<T, Problem> {
        Self::of(request.extensions())?.get(place, name)
    }

    /// The parameters of a request with these extensions.
    ///
    /// # Errors
    ///
    /// 500 when the handler was reached without the contract.
    pub fn of(extensions: &Extensions) -> Result<&Self, Problem> {
        extensions.get::<Self>().ok_or_else(|| Problem::internal("a handler was reached without validated parameters"))
    }

    /// The parameter `name` in `place` as a handler's type; one that is absent reads as `null`.
    ///
    /// # Errors
    ///
    /// 500 when the type does not take what the document allows.
    pub fn get<T: DeserializeOwned>(&self, place: Place, name: &str) -> Result<T, Problem> {
        let Self(all) = self;
        let value = all.iter().find(|(own, called, _)| *own == place && called == name).map_or(&Value::Null, |(.., value)| value);
        T::deserialize(value).map_err(|error| {
            // serde's message may quote the value, so only the kind of failure is kept.
            Problem::internal(format!("the valid parameter {name} does not fit its Rust type: {:?}", error.classify()))
        })
    }
}

impl Place {
    /// As a document writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
            Self::Cookie => "cookie",
        }
    }
}

/// Where the parameters of one request are.
struct Sources<'a> {
    path: &'a PathValues,
    query: Vec<Pair<'a>>,
    cookies: Vec<Pair<'a>>,
    head: &'a Head<'a>,
}

/// The values of the parameters, and every violation in them; its pointer is `/<in>/<name>`.
pub(super) fn check(parameters: &[Parameter], path: &PathValues, head: &Head<'_>) -> (ValidParameters, Vec<Violation>) {
    let has = |place| parameters.iter().any(|parameter| parameter.place == place);
    let sources = Sources {
        path,
        query: if has(Place::Query) { pairs(head.uri.query().unwrap_or_default()) } else { Vec::new() },
        cookies: if has(Place::Cookie) { cookies(head.headers) } else { Vec::new() },
        head,
    };
    let (mut valid, mut broken) = (Vec::new(), Vec::new());
    for parameter in parameters {
        match check_one(parameter, parameters, &sources) {
            Ok(value) => valid.extend(value.map(|value| (parameter.place, parameter.name.clone(), value))),
            Err(violations) => broken.extend(violations),
        }
    }
    (ValidParameters(valid), broken)
}

/// Whether the document allows this text for the parameter of this name in the path.
pub(super) fn allows(parameters: &[Parameter], name: &str, text: &str) -> bool {
    let own = parameters.iter().find(|parameter| parameter.place == Place::Path && parameter.name == name);
    let Some((parameter, Text::Styled(how, shape))) = own.map(|parameter| (parameter, &parameter.text)) else { return true };
    [Prefer::Literal, Prefer::Text]
        .into_iter()
        .any(|prefer| how.one(name, shape, text, prefer).is_ok_and(|value| parameter.validator.is_valid(&value)))
}

/// The value; none where it is absent and may be.
fn check_one(parameter: &Parameter, all: &[Parameter], sources: &Sources<'_>) -> Result<Option<Value>, Vec<Violation>> {
    let pointer = format!("/{}/{}", parameter.place.as_str(), escape(&parameter.name));
    let violation = |rule: &str, message: &str| {
        vec![Violation { pointer: pointer.clone(), rule: rule.to_owned(), message: message.to_owned() }]
    };
    let read = |prefer: Prefer| match &parameter.text {
        Text::Styled(how, shape) => styled(parameter, *how, shape, all, sources, prefer).map_err(|Malformed| {
            let message = if shape.is_scalar() { "must be given once" } else { "must be written as the document says" };
            violation("type", message)
        }),
        Text::Json => {
            let how = Serialization { style: Style::Form, explode: false, encoding: Encoding::of(parameter.place) };
            let text = match styled(parameter, how, &Shape::text(), all, sources, Prefer::Text) {
                Ok(Some(Value::String(text))) => text,
                Ok(_) => return Ok(None),
                Err(Malformed) => return Err(violation("type", "must be given once")),
            };
            json::value(text.as_bytes()).map(Some).map_err(|_| violation("syntax", "must be JSON"))
        }
    };
    let Some(value) = read(Prefer::Literal)? else {
        return if parameter.required { Err(violation("required", "is required")) } else { Ok(None) };
    };
    if parameter.empty && value == "" {
        return Ok(Some(value)); // `allowEmptyValue` (OpenAPI 3.1, section 4.8.12.2).
    }
    let found = violations(&parameter.validator, &value, &pointer);
    if found.is_empty() {
        return Ok(Some(value));
    }
    if let Text::Styled(_, shape) = &parameter.text
        && shape.is_ambiguous()
        && let Some(value) = read(Prefer::Text)?
        && is_valid(&parameter.validator, &value)
    {
        return Ok(Some(value));
    }
    Err(found)
}

fn styled(
    parameter: &Parameter,
    how: Serialization,
    shape: &Shape,
    all: &[Parameter],
    sources: &Sources<'_>,
    prefer: Prefer,
) -> Result<Option<Value>, Malformed> {
    let name = parameter.name.as_str();
    // An object whose properties stand for themselves has those that are no other parameter's.
    let claimed = |other: &str| all.iter().any(|others| others.place == parameter.place && others.name == other && other != name);
    match parameter.place {
        Place::Path => match sources.path.iter().find(|(other, _)| other == name) {
            Some((_, text)) => how.one(name, shape, text, prefer).map(Some),
            None => Ok(None),
        },
        Place::Query => how.among(name, shape, &sources.query, claimed, prefer),
        Place::Cookie => how.among(name, shape, &sources.cookies, claimed, prefer),
        Place::Header => {
            let values = sources.head.headers.get_all(name);
            let texts: Vec<Cow<'_, str>> = values.iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
            match texts.as_slice() {
                [] => Ok(None),
                [text] => how.one(name, shape, text, prefer).map(Some),
                // Lines of a list are one list (RFC 9110, section 5.3).
                many if !shape.is_scalar() => how.one(name, shape, &many.join(","), prefer).map(Some),
                _ => Err(Malformed),
            }
        }
    }
}

/// The value of a header of an answer.
pub(super) fn header_value(text: &Text, name: &str, given: &str, prefer: Prefer) -> Option<Value> {
    match text {
        Text::Styled(how, shape) => how.one(name, shape, given, prefer).ok(),
        Text::Json => json::value(given.as_bytes()).ok(),
    }
}
