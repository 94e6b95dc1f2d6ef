//! Path, query and header parameters, held to their schemas.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use poem::Request;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    operation::{Parameter, Place, from_text},
    violations::violations,
};
use crate::{
    pointer::escape,
    problem::{Problem, Violation},
};

/// The values that a path has for the names in its template, still percent-encoded.
pub(super) type PathValues = Vec<(String, String)>;

/// The parameters of a request after the contract has validated them, for a handler to read.
#[derive(Clone)]
pub struct ValidParameters(Vec<(Place, String, Value)>);

impl ValidParameters {
    /// The parameter `name` in `place` as a handler's type; one that is absent reads as `null`.
    ///
    /// # Errors
    ///
    /// 500 when the handler was reached without the contract, or when the type does not take what the document allows.
    pub fn read<T: DeserializeOwned>(request: &Request, place: Place, name: &str) -> Result<T, Problem> {
        let Self(all) =
            request.data::<Self>().ok_or_else(|| Problem::internal("a handler was reached without validated parameters"))?;
        let value = all.iter().find(|(own, called, _)| *own == place && called == name).map_or(&Value::Null, |(.., value)| value);
        T::deserialize(value).map_err(|error| {
            // serde's message may quote the value, so only the kind of failure is kept.
            Problem::internal(format!("the valid parameter {name} does not fit its Rust type: {:?}", error.classify()))
        })
    }
}

/// The values of the parameters, and every violation in them; its pointer is `/<in>/<name>`.
pub(super) fn check(parameters: &[Parameter], path: &PathValues, request: &Request) -> (ValidParameters, Vec<Violation>) {
    let (mut valid, mut broken) = (Vec::new(), Vec::new());
    for parameter in parameters {
        match check_one(parameter, &values(parameter, path, request)) {
            Ok(value) => valid.extend(value.map(|value| (parameter.place, parameter.name.clone(), value))),
            Err(violations) => broken.extend(violations),
        }
    }
    (ValidParameters(valid), broken)
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

/// The value; none where it is absent and may be.
fn check_one(parameter: &Parameter, values: &[Cow<'_, str>]) -> Result<Option<Value>, Vec<Violation>> {
    let place = match parameter.place {
        Place::Path => "path",
        Place::Query => "query",
        Place::Header => "header",
    };
    let pointer = format!("/{place}/{}", escape(&parameter.name));
    let broken = |rule: &str, message: &str| {
        vec![Violation { pointer: pointer.clone(), rule: rule.to_owned(), message: message.to_owned() }]
    };
    let read = |text: &Cow<'_, str>| from_text(text, &parameter.kind);
    let value = match values {
        [] if parameter.required => return Err(broken("required", "is required")),
        [] => return Ok(None),
        many if parameter.list => many.iter().map(read).collect(),
        [value] => read(value),
        _ => return Err(broken("type", "must be given once")),
    };
    let found = violations(&parameter.validator, &value, &pointer);
    if found.is_empty() { Ok(Some(value)) } else { Err(found) }
}
