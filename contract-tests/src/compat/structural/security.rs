//! Security: whether who was let in is let in still.

use std::collections::{BTreeMap, BTreeSet};

use crate::pointer::escape;
use crate::{Document, Operation};
use serde_json::{Map, Value};

use super::Comparison;
use crate::compat::change::{Class, Ground, Part};

/// One way of being let in: every scheme that it takes, by how it looks in a request, with the scopes.
type Way = BTreeMap<String, BTreeSet<String>>;

impl Comparison<'_, '_> {
    /// Who has what one of the old ways takes must have what some new way takes.
    pub(super) fn security(&mut self) {
        let (at, old) = ways(self.old, self.before);
        let (there, new) = ways(self.new, self.after);
        let gone = !super::exists(self.new, &there);
        let pointer = if gone { at } else { there };
        let lost = old.iter().filter_map(|had| {
            let wanted = new.iter().min_by_key(|wanted| lacking(had, wanted).len())?;
            let lacks = lacking(had, wanted);
            (!lacks.is_empty()).then_some((had, wanted, lacks))
        });
        if let Some((had, wanted, lacks)) = lost.min_by_key(|(_, _, lacks)| lacks.len()) {
            // What still counts for something is not told.
            let is_void = !had.is_empty() && had.keys().all(|scheme| !wanted.contains_key(scheme));
            let what = match is_void {
                true => format!("no longer accepts {}: asks for {}", told(had).join(" and "), lacks.join(", ")),
                false => format!("requires more than before: {}", lacks.join(", ")),
            };
            self.add_named(Part::Operation, &pointer, gone, Class::Requests, &what, Ground::AnyRequest);
        } else if old != new {
            self.add_named(Part::Operation, &pointer, gone, Class::Safe, "accepts more callers than before", Ground::Document);
        }
    }
}

/// What a caller who has `had` lacks of `wanted`.
fn lacking(had: &Way, wanted: &Way) -> Vec<String> {
    let of = |(scheme, scopes): (&String, &BTreeSet<String>)| match had.get(scheme) {
        None => told(&Way::from([(scheme.clone(), scopes.clone())])),
        Some(had) => scopes.difference(had).map(|scope| format!("the scope {scope}")).collect(),
    };
    wanted.iter().flat_map(of).collect()
}

/// Each scheme with its scopes.
fn told(way: &Way) -> Vec<String> {
    let scheme = |(scheme, scopes): (&String, &BTreeSet<String>)| {
        format!("{scheme} {}", scopes.iter().map(String::as_str).collect::<Vec<_>>().join(" ")).trim().to_owned()
    };
    way.iter().map(scheme).collect()
}

/// Where the security of an operation stands, and its ways; without any, one that takes nothing.
fn ways(document: &Document, operation: &Operation) -> (String, Vec<Way>) {
    let own = format!("{}/security", operation.pointer);
    let at = if super::exists(document, &own) { own } else { "/security".to_owned() };
    let requirements = document.json.pointer(&at).and_then(Value::as_array);
    let way = |requirement: &Map<String, Value>| {
        requirement.iter().fold(Way::new(), |mut way, (name, scopes)| {
            let scopes = scopes.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
            way.entry(scheme(document, name)).or_default().extend(scopes);
            way
        })
    };
    let ways: Vec<Way> = requirements.into_iter().flatten().filter_map(Value::as_object).map(way).collect();
    (at, if ways.is_empty() { vec![Way::new()] } else { ways })
}

/// How a scheme looks in a request. Its name in the document does not matter.
fn scheme(document: &Document, name: &str) -> String {
    let Some((_, scheme)) = document.resolve(&format!("/components/securitySchemes/{}", escape(name))) else {
        return format!("the scheme {name}");
    };
    let given = |key: &str| scheme.get(key).and_then(Value::as_str).unwrap_or_default();
    let text = |key: &str| given(key).to_lowercase();
    match (text("type").as_str(), text("scheme").as_str()) {
        ("oauth2" | "openidconnect", _) | ("http", "bearer") => "a bearer token".to_owned(),
        ("http", scheme) => format!("HTTP authentication ({scheme})"),
        // Only names of headers are the same in any letter case.
        ("apikey", _) if text("in") == "header" => format!("an API key (header {})", text("name")),
        ("apikey", _) => format!("an API key ({} {})", text("in"), given("name")),
        (other, _) => other.to_owned(),
    }
}
