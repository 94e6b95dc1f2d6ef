//! What a request says in its path, query, headers and cookies: texts, and the values that they stand for.

use std::{collections::BTreeSet, sync::Arc};

use hyper::HeaderMap;
use jsonschema::Validator;
use serde_json::{Map, Value, json};

use crate::{
    document::ServedOperation,
    view::escape,
    violation::{Violation, violations},
};

pub struct Parameter {
    pub name: String,
    pub place: String,
    pub required: bool,
    pub text: Text,
    pub validator: Arc<Validator>,
}

/// What a text stands for.
#[derive(Debug, Clone)]
pub enum Text {
    /// A value of one of these types.
    One(BTreeSet<String>),
    /// A list of such values: between separators, or each given for itself.
    List(BTreeSet<String>, Option<char>),
}

impl ServedOperation {
    /// The parameters by name, and every violation in them; its pointer is `/<in>/<name>`.
    pub fn parameters(
        &self,
        path: &Map<String, Value>,
        query: &str,
        headers: &HeaderMap,
    ) -> (Map<String, Value>, Vec<Violation>) {
        let (mut values, mut broken) = (Map::new(), Vec::new());
        for parameter in &self.parameters {
            let at = format!("/{}/{}", parameter.place, escape(&parameter.name));
            let violation =
                |rule: &str, message: &str| Violation { pointer: at.clone(), rule: rule.to_owned(), message: message.to_owned() };
            let texts = parameter.texts(path, query, headers);
            let value = match (&parameter.text, texts.as_slice()) {
                (_, []) => {
                    broken.extend(parameter.required.then(|| violation("required", "is required")));
                    continue;
                }
                (Text::List(types, None), texts) => texts.iter().map(|text| from_text(text, types)).collect(),
                (text, [one]) => text.value(one),
                _ => {
                    broken.push(violation("type", "must be given once"));
                    continue;
                }
            };
            broken.extend(violations(&parameter.validator, &value, &at));
            values.insert(parameter.name.clone(), value);
        }
        (values, broken)
    }
}

impl Parameter {
    fn texts(&self, path: &Map<String, Value>, query: &str, headers: &HeaderMap) -> Vec<String> {
        match self.place.as_str() {
            "path" => path.get(&self.name).and_then(Value::as_str).map(str::to_owned).into_iter().collect(),
            "query" => pairs(query).into_iter().filter(|(name, _)| *name == self.name).map(|(_, value)| value).collect(),
            "header" => {
                let values = headers.get_all(self.name.as_str()).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
                values.map(|value| value.trim().to_owned()).collect()
            }
            _ => cookies(headers).filter(|(name, _)| *name == self.name).map(|(_, value)| decode(value)).collect(),
        }
    }
}

impl Text {
    pub fn value(&self, text: &str) -> Value {
        match self {
            Text::One(types) | Text::List(types, None) => from_text(text, types),
            Text::List(types, Some(separator)) => text.split(*separator).map(|item| from_text(item, types)).collect(),
        }
    }
}

/// The value that a text stands for; one that fits no type stays text, which the schema refuses.
fn from_text(text: &str, types: &BTreeSet<String>) -> Value {
    let bare = !text.starts_with(char::is_whitespace) && !text.ends_with(char::is_whitespace);
    let parsed = serde_json::from_str::<Value>(text).ok().filter(|value| match value {
        Value::Number(_) => types.contains("integer") || types.contains("number"),
        Value::Bool(_) => types.contains("boolean"),
        _ => false,
    });
    parsed.filter(|_| bare).unwrap_or_else(|| json!(text))
}

/// Names and values of the cookies, as they were sent.
pub fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let all = headers.get_all("cookie").iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='))
}

/// Names and values of a query or an urlencoded body.
pub fn pairs(text: &str) -> Vec<(String, String)> {
    let plain = |text: &str| decode(&text.replace('+', " "));
    let parts = text.split('&').filter(|part| !part.is_empty());
    parts.map(|part| part.split_once('=').unwrap_or((part, ""))).map(|(name, value)| (plain(name), plain(value))).collect()
}

/// Undoes percent-encoding.
pub fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while index < bytes.len() {
        let code = (bytes[index] == b'%').then(|| text.get(index + 1..index + 3)).flatten();
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                decoded.push(byte);
                index += 3;
            }
            None => {
                decoded.push(bytes[index]);
                index += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}
