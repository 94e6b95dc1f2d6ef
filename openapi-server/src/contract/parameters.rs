//! Path, query and header parameters, held to their schemas.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use poem::Request;

use super::{
    operation::{Parameter, Place, from_text},
    violations::violations,
};
use crate::{pointer::escape, problem::Violation};

/// The values that a path has for the names in its template, still percent-encoded.
pub(super) type PathValues = Vec<(String, String)>;

/// Every violation in the parameters; its pointer is `/<in>/<name>`.
pub(super) fn check(parameters: &[Parameter], path: &PathValues, request: &Request) -> Vec<Violation> {
    parameters.iter().flat_map(|parameter| check_one(parameter, &values(parameter, path, request))).collect()
}

fn values<'a>(parameter: &Parameter, path: &'a PathValues, request: &'a Request) -> Vec<Cow<'a, str>> {
    match parameter.place {
        Place::Path => {
            let values = path.iter().filter(|(name, _)| *name == parameter.name);
            values.map(|(_, value)| percent_decode_str(value).decode_utf8_lossy()).collect()
        }
        Place::Query => {
            let pairs = form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes());
            pairs.filter(|(name, _)| *name == parameter.name).map(|(_, value)| value).collect()
        }
        Place::Header => {
            let values = request.headers().get_all(parameter.name.as_str());
            values.iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect()
        }
    }
}

fn check_one(parameter: &Parameter, values: &[Cow<'_, str>]) -> Vec<Violation> {
    let place = match parameter.place {
        Place::Path => "path",
        Place::Query => "query",
        Place::Header => "header",
    };
    let pointer = format!("/{place}/{}", escape(&parameter.name));
    let broken = |rule: &str, message: &str| {
        vec![Violation { pointer: pointer.clone(), rule: rule.to_owned(), message: message.to_owned() }]
    };
    match values {
        [] if parameter.required => broken("required", "is required"),
        [] => Vec::new(),
        [value] => violations(&parameter.validator, &from_text(value, &parameter.kind), &pointer),
        _ => broken("type", "must be given once"),
    }
}
