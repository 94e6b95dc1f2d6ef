//! Whether a refusal names what is really broken, and nothing else. Only for error bodies that have a place for it: an array of
//! objects with `pointer` and `rule`.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, PoisonError, RwLock},
};

use serde_json::Value;

use super::{Exchange, Finding, Judge};
use crate::{
    cases::{Expect, ExpectedViolation, Group, VALID},
    openapi::{
        document::Document,
        operation::{Operation, is_json},
        request::{Response, Target},
    },
    pointer::escape,
    rules,
    schema::any_item,
};

/// A violation that a refusal names: pointer and rule.
pub type ReportedViolation = (String, String);

/// Reads the violations out of refusals, and knows which schema of the document applies where they point to.
pub(crate) struct ReportedViolations {
    document: Arc<Document>,
    /// For each response's pointer where its schema lists violations.
    lists: HashMap<String, List>,
    /// What is known of the requests that were compiled.
    requests: RwLock<Requests>,
}

#[derive(Default)]
struct Requests {
    /// For each operation the schemas that apply to a place of its requests.
    places: HashMap<(String, String), Vec<String>>,
    /// Every pointer of the document that names a keyword of such a schema.
    keywords: BTreeSet<String>,
}

struct List {
    name: String,
    /// Of the list in the document.
    pointer: String,
    /// Of its items.
    items: String,
}

impl ReportedViolations {
    pub fn of(document: &Arc<Document>, operations: &[Operation]) -> Self {
        let mut lists = HashMap::new();
        for spec in operations.iter().flat_map(|operation| operation.responses.values()) {
            let schemas = spec.media_types.iter().filter(|(name, _)| is_json(name)).filter_map(|(_, schema)| schema.as_ref());
            if let Some(list) = schemas.filter_map(|schema| list_of_violations(document, schema)).next_back() {
                lists.insert(spec.pointer.clone(), list);
            }
        }
        Self { document: Arc::clone(document), lists, requests: RwLock::default() }
    }

    /// Notes which schemas apply to the requests of an operation, where a refusal has a place for it.
    pub fn learn(&self, target: &Target) {
        if self.lists.is_empty() {
            return;
        }
        let mut requests = self.requests.write().unwrap_or_else(PoisonError::into_inner);
        for node in target.schema.nodes.iter().filter(|node| !node.conditional) {
            let Some(schema) = self.document.json.pointer(&node.pointer) else { continue };
            let key = (target.operation.id.clone(), node.place.clone());
            requests.places.entry(key).or_default().push(node.pointer.clone());
            let own = schema.as_object().into_iter().flatten();
            requests.keywords.extend(own.map(|(keyword, _)| format!("{}/{}", node.pointer, escape(keyword))));
            let required = schema.get("required").and_then(Value::as_array);
            let names = required.into_iter().flatten().filter_map(Value::as_str);
            requests.keywords.extend(names.map(|name| format!("{}/required[{name}]", node.pointer)));
        }
    }

    /// What a refusal names.
    pub fn read(&self, operation: &Operation, response: &Response, body: Option<&Value>) -> Vec<ReportedViolation> {
        let list = operation.response(response.status).and_then(|(_, spec)| self.lists.get(&spec.pointer));
        let entries = list.zip(body).and_then(|(list, body)| body.get(&list.name)).and_then(Value::as_array);
        let text = |entry: &Value, name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        entries.into_iter().flatten().map(|entry| (text(entry, "pointer"), text(entry, "rule"))).collect()
    }

    fn list(&self, operation: &Operation, status: u16) -> Option<&List> {
        operation.response(status).and_then(|(_, spec)| self.lists.get(&spec.pointer))
    }

    /// Where the document has the rule that a violation names, or else the schema of the value that it points to.
    fn source(&self, operation: &Operation, (pointer, rule): &ReportedViolation) -> String {
        let requests = self.requests.read().unwrap_or_else(PoisonError::into_inner);
        let in_body = !["/path", "/query", "/header", "/cookie"].iter().any(|place| pointer.starts_with(place));
        let mut place = if in_body { format!("/body{pointer}") } else { pointer.clone() };
        place = any_item(&place);
        if ["required", "additionalProperties", "unevaluatedProperties"].contains(&rule.as_str())
            && let Some((parent, name)) = place.rsplit_once('/')
            && let Some(nodes) = requests.places.get(&(operation.id.clone(), parent.to_owned()))
        {
            // It stands in the object that the property is missing in, or has no place in.
            let of = |item: &str| nodes.iter().find(|node| requests.keywords.contains(&format!("{node}/{rule}{item}")));
            if let Some(node) = of(&format!("[{name}]")).or_else(|| of("")) {
                return format!("{node}/{rule}");
            }
        }
        loop {
            for candidate in [place.clone(), any_last(&place)] {
                let Some(nodes) = requests.places.get(&(operation.id.clone(), candidate)) else { continue };
                let keywords = nodes.iter().map(|node| format!("{node}/{}", escape(rule)));
                if let Some(found) = keywords.into_iter().find(|keyword| requests.keywords.contains(keyword)) {
                    return found;
                }
                if let Some(node) = nodes.first() {
                    return node.clone();
                }
            }
            match place.rsplit_once('/') {
                Some((parent, _)) if !parent.is_empty() => place = parent.to_owned(),
                _ => return operation.pointer.clone(),
            }
        }
    }
}

fn list_of_violations(document: &Document, schema: &str) -> Option<List> {
    let (at, node) = document.resolve(schema)?;
    let properties = node.get("properties").and_then(Value::as_object)?;
    properties.keys().find_map(|name| {
        let (pointer, list) = document.resolve(&format!("{at}/properties/{}", escape(name)))?;
        list.get("items")?;
        let (items, item) = document.resolve(&format!("{pointer}/items"))?;
        let has = |name: &str| item.pointer(&format!("/properties/{name}")).is_some();
        (has("pointer") && has("rule")).then(|| List { name: name.clone(), pointer, items })
    })
}

/// Rules that a body which cannot be read cannot break: what is in it is not known.
const OF_CONTENT: [&str; 12] = [
    "required",
    "type",
    "enum",
    "const",
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "additionalProperties",
    "minimum",
    "maximum",
    "minItems",
];

pub(super) struct Refusal(pub Arc<ReportedViolations>);

impl Judge for Refusal {
    fn judge(&self, exchange: &Exchange<'_>) -> Vec<Finding> {
        let (operation, status) = (exchange.operation, exchange.response.status);
        let Some(list) = self.0.list(operation, status) else { return Vec::new() };
        let found: BTreeSet<ReportedViolation> = exchange.violations.iter().cloned().collect();
        let expected: Vec<ExpectedViolation> = match &exchange.case.expect {
            Expect::Refusal(broken) if matches!(status, 400 | 422) => broken.clone(),
            Expect::Taken(pointer) if status == 409 => {
                let constraint = exchange.case.promise.clone();
                let rule = "unique".to_owned();
                vec![ExpectedViolation { pointer: pointer.clone(), rule, within: None, constraint, place: pointer.clone() }]
            }
            Expect::Success if exchange.may_repeat_a_key() => return Vec::new(),
            Expect::Success if matches!(status, 400 | 409 | 422) => {
                // Whatever the request was made for, this is what it is rejected for.
                let finding = |named: &ReportedViolation| {
                    let title = if exchange.case.group == Group::State { &exchange.case.title } else { VALID };
                    let what = format!("{title} is rejected for {} of {}", named.1, any_item(&named.0));
                    Finding::of(&rules::VALID_REFUSED, self.0.source(operation, named), what)
                };
                return found.iter().map(finding).collect();
            }
            Expect::Unreadable if matches!(status, 400 | 422) => {
                let wrong = found.iter().find(|(_, rule)| OF_CONTENT.contains(&rule.as_str()));
                let finding = |(pointer, rule): &ReportedViolation| {
                    let what = format!("{} is rejected for its content", exchange.case.title);
                    Finding::of(&rules::REFUSAL_VIOLATIONS, &exchange.case.promise, what)
                        .with(format!("it names {rule} of {pointer}"))
                };
                return wrong.map(finding).into_iter().collect();
            }
            _ => return Vec::new(),
        };
        // A missing body is refused before anything in it could be named.
        if expected.iter().any(|broken| broken.pointer.is_empty() && broken.rule == "required") {
            return Vec::new();
        }
        self.compare(exchange, list, &expected, &found)
    }
}

impl Refusal {
    fn compare(
        &self,
        exchange: &Exchange<'_>,
        list: &List,
        expected: &[ExpectedViolation],
        found: &BTreeSet<ReportedViolation>,
    ) -> Vec<Finding> {
        let same = |broken: &ExpectedViolation, (pointer, rule): &ReportedViolation| {
            // A validator may point to the array in which an item has no place, and calls the bounds of `contains` by any of them.
            let alike = |keyword: &str| keyword.ends_with("ontains") && rule.ends_with("ontains");
            let parent = broken.pointer.rsplit_once('/').is_some_and(|(parent, _)| parent == pointer);
            let above = broken.rule == "unevaluatedItems" && parent;
            if parent && broken.within == Some(rule.as_str()) {
                return true;
            }
            (broken.pointer == *pointer || above) && (broken.rule.is_empty() || broken.rule == *rule || alike(&broken.rule))
        };
        let named: Vec<String> = found.iter().map(|(pointer, rule)| format!("{rule} of {pointer}")).collect();
        let detail = if named.is_empty() { "it names no rule".to_owned() } else { format!("it names {}", named.join(", ")) };
        let missing: Vec<&ExpectedViolation> =
            expected.iter().filter(|broken| !found.iter().any(|entry| same(broken, entry))).collect();
        let mut extra: Vec<&ReportedViolation> =
            found.iter().filter(|entry| !expected.iter().any(|broken| same(broken, entry))).collect();
        let mut findings = Vec::new();
        for broken in missing {
            // A violation that is half right is that violation, and not another one.
            let (promise, what): (String, &str) = if let Some(position) = extra.iter().position(|(_, rule)| *rule == broken.rule)
            {
                extra.remove(position);
                (
                    format!("{}/properties/pointer", list.items),
                    "a rejection points to another value than the one that breaks the rule",
                )
            } else if let Some(position) = extra.iter().position(|(pointer, _)| *pointer == broken.pointer) {
                extra.remove(position);
                (format!("{}/properties/rule", list.items), "a rejection gives the broken rule another name")
            } else if matches!(exchange.case.expect, Expect::Taken(_)) {
                (broken.constraint.clone(), "a conflict does not name the taken value")
            } else {
                (list.pointer.clone(), "a rejection does not name a broken rule")
            };
            findings.push(
                Finding::of(&rules::REFUSAL_VIOLATIONS, promise, what)
                    .with(format!("{} of {} is broken; {detail}", broken.rule, broken.place)),
            );
        }
        // What breaks another rule may count as unevaluated, too: the specification leaves it open.
        for entry in extra.into_iter().filter(|(_, rule)| !rule.starts_with("unevaluated")) {
            let what = format!("the rejection names {} of {}, which the request does not break", entry.1, any_item(&entry.0));
            findings.push(Finding::of(&rules::REFUSAL_VIOLATIONS, self.0.source(exchange.operation, entry), what));
        }
        findings
    }
}

fn any_last(place: &str) -> String {
    place.rsplit_once('/').map_or_else(|| place.to_owned(), |(parent, _)| format!("{parent}/*"))
}
