//! Whether what the answer says about the request is what was sent: the same property with the same schema has the same value.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::{Exchange, Finding, Judge};
use crate::{
    cases::Expect,
    openapi::{
        document::Document,
        operation::{essence, is_json},
        request::Target,
        shared::shared,
    },
    pointer::escape,
    rules,
    schema::equal,
};

/// How deep the parts of a schema are looked into.
const MAX_DEPTH: usize = 8;

/// The names of what identifies a resource that is created.
const IDENTIFIERS: [&str; 2] = ["id", "_id"];

pub(super) struct Echo {
    document: Document,
    /// For each response's pointer and request's media type the properties that both have, with the same rules.
    shared: HashMap<(String, String), Vec<(String, String)>>,
}

impl Echo {
    pub fn compile(document: &Document, targets: &[Target]) -> Self {
        let mut all = HashMap::new();
        for target in targets {
            let Some(body) = &target.operation.body else { continue };
            for (media_type, request) in &body.media_types {
                for spec in target.operation.responses.values() {
                    let responses =
                        spec.media_types.iter().filter(|(name, _)| is_json(name)).filter_map(|(_, schema)| schema.as_ref());
                    for response in responses {
                        let mut common = shared(document, request, response);
                        // Many a server gives what it creates an id of its own, whatever the request says.
                        common.retain(|(name, _)| target.operation.method != "POST" || !IDENTIFIERS.contains(&name.as_str()));
                        all.insert((spec.pointer.clone(), media_type.clone()), common);
                    }
                }
            }
        }
        Self { document: document.clone(), shared: all }
    }
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
            // What is hidden in answers is not said.
            let hidden = hidden(&self.document, &at, 0);
            let ours: Vec<_> = ours.iter().filter(|(name, _)| theirs.contains_key(*name) || !hidden.contains(*name)).collect();
            let is_same = |(name, sent): &(&String, &Value)| theirs.get(*name).is_some_and(|answered| equal(sent, answered));
            if ours.len() == theirs.len() && ours.iter().all(is_same) {
                return None;
            }
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

/// The properties of a schema, in any of its parts, that are not shown.
fn hidden(document: &Document, at: &str, depth: usize) -> BTreeSet<String> {
    let Some((at, schema)) = document.resolve(at).filter(|_| depth < MAX_DEPTH) else { return BTreeSet::new() };
    let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    let own = properties.filter(|(_, schema)| schema.get("writeOnly") == Some(&Value::Bool(true))).map(|(name, _)| name.clone());
    let parts = ["allOf", "anyOf", "oneOf"].into_iter().flat_map(|keyword| {
        let count = schema.get(keyword).and_then(Value::as_array).map_or(0, Vec::len);
        (0..count).map(move |part| format!("{keyword}/{part}"))
    });
    own.chain(parts.flat_map(|part| hidden(document, &format!("{at}/{part}"), depth + 1))).collect()
}
