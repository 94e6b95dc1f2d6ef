//! Whether what the answer says about the request is what was sent: the same property with the same schema has the same value.

use std::collections::HashMap;

use serde_json::Value;

use super::{Exchange, Finding, Judge};
use crate::{
    cases::Expect,
    openapi::{
        document::Document,
        operation::{essence, is_json},
        request::Target,
    },
    pointer::escape,
    rules,
    schema::equal,
};

pub(super) struct Echo {
    document: Document,
    /// For each response's pointer and request's media type the properties that both have, with the same rules.
    shared: HashMap<(String, String), Vec<(String, String)>>,
}

impl Echo {
    pub fn compile(document: &Document, targets: &[Target]) -> Self {
        let mut shared = HashMap::new();
        for target in targets {
            let Some(body) = &target.operation.body else { continue };
            for (media_type, request) in &body.media_types {
                for spec in target.operation.responses.values() {
                    let responses =
                        spec.media_types.iter().filter(|(name, _)| is_json(name)).filter_map(|(_, schema)| schema.as_ref());
                    for response in responses {
                        let common = common(document, request, response);
                        shared.insert((spec.pointer.clone(), media_type.clone()), common);
                    }
                }
            }
        }
        Self { document: document.clone(), shared }
    }
}

fn properties(document: &Document, schema: &str) -> Vec<(String, String)> {
    let Some((pointer, node)) = document.resolve(schema) else { return Vec::new() };
    let names = node.get("properties").and_then(Value::as_object).into_iter().flatten();
    names.map(|(name, _)| (name.clone(), format!("{pointer}/properties/{}", escape(name)))).collect()
}

fn common(document: &Document, request: &str, response: &str) -> Vec<(String, String)> {
    let theirs = properties(document, response);
    properties(document, request)
        .into_iter()
        .filter_map(|(name, ours)| {
            let (_, theirs) = theirs.iter().find(|(other, _)| *other == name)?;
            (rules(document, &ours, 0) == rules(document, theirs, 0)).then(|| (name, theirs.clone()))
        })
        .collect()
}

/// A schema without what only people read, references followed.
fn rules(document: &Document, pointer: &str, depth: usize) -> Option<Value> {
    let (at, node) = document.resolve(pointer)?;
    if depth > 12 {
        return None;
    }
    let Value::Object(object) = node else { return Some(node.clone()) };
    let mut rules = serde_json::Map::new();
    for (key, value) in object {
        let silent = ["description", "title", "example", "examples", "default", "deprecated", "readOnly", "writeOnly"];
        if silent.contains(&key.as_str()) || key.starts_with("x-") {
            continue;
        }
        let inner = match value {
            Value::Object(_) => rules_of(document, &format!("{at}/{}", escape(key)), value, depth + 1),
            other => other.clone(),
        };
        rules.insert(key.clone(), inner);
    }
    Some(Value::Object(rules))
}

fn rules_of(document: &Document, pointer: &str, value: &Value, depth: usize) -> Value {
    // `properties` holds schemas by name; other objects are schemas.
    if pointer.ends_with("/properties") {
        let names = value.as_object().into_iter().flatten();
        return names
            .map(|(name, _)| (name.clone(), rules(document, &format!("{pointer}/{}", escape(name)), depth).unwrap_or_default()))
            .collect::<serde_json::Map<_, _>>()
            .into();
    }
    rules(document, pointer, depth).unwrap_or_default()
}

impl Judge for Echo {
    fn judge(&self, exchange: &Exchange<'_>) -> Vec<Finding> {
        let (operation, status) = (exchange.operation, exchange.response.status);
        if exchange.case.expect != Expect::Success || !(200..300).contains(&status) {
            return Vec::new();
        }
        let media_type = exchange.case.request.headers.iter().find(|(name, _)| name == "content-type").map(|(_, value)| value);
        let found = operation.response(status).zip(media_type).and_then(|((_, spec), media_type)| {
            self.shared.iter().find(|((pointer, known), _)| *pointer == spec.pointer && essence(known) == essence(media_type))
        });
        let (Some((_, shared)), Some(answer)) = (found, exchange.body) else { return Vec::new() };
        let Some(sent) = exchange.case.instance.as_ref().and_then(|instance| instance.get("body")) else { return Vec::new() };
        let mut findings = Vec::new();
        for (name, pointer) in shared {
            // What is not sent may be answered with a default, and what is not answered is not said.
            if let (Some(sent), Some(answered)) = (sent.get(name), answer.get(name)) {
                findings.extend(self.difference(pointer, name, sent, answered));
            }
        }
        findings
    }
}

impl Echo {
    /// The innermost value that is answered otherwise than it was sent.
    fn difference(&self, pointer: &str, name: &str, sent: &Value, answered: &Value) -> Option<Finding> {
        if equal(sent, answered) {
            return None;
        }
        let at = self.document.resolve(pointer).map_or_else(|| pointer.to_owned(), |(at, _)| at);
        if let (Value::Object(ours), Value::Object(theirs)) = (sent, answered) {
            for (name, sent) in ours {
                let answered = theirs.get(name).unwrap_or(&Value::Null);
                let inner = format!("{at}/properties/{}", escape(name));
                if self.document.json.pointer(&inner).is_some()
                    && let Some(finding) = self.difference(&inner, name, sent, answered)
                {
                    return Some(finding);
                }
            }
        }
        Some(Finding::of(&rules::ECHO, pointer, format!("the response has another {name} than the request")))
    }
}
