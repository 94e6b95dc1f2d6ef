//! Responses: statuses, headers, media types.

use std::collections::{BTreeMap, BTreeSet};

use crate::Document;
use crate::pointer::escape;
use serde_json::{Value, json};

use super::{Comparison, Pair, What, covering, exists, is_required, media_types, schema_of};
use crate::compat::change::{Class, Direction, Ground, Part};

impl Comparison<'_, '_> {
    pub(super) fn responses(&mut self) {
        let (old, new) = (statuses(self.old, &self.before.pointer), statuses(self.new, &self.after.pointer));
        let all: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        let mut seen = BTreeSet::new();
        for status in all {
            match (answering(&old, status), answering(&new, status)) {
                (Some(before), Some(after)) => {
                    if seen.insert((before, after)) {
                        self.response(status, &old[before], &new[after]);
                    }
                }
                (None, Some(after)) => self.new_status(status, &new[after]),
                (Some(before), None) => {
                    // Where one of several answers is left out, clients get one that they know; without a success they get none.
                    let is_last = is_last_success(status, &new);
                    let class = if is_last { Class::Responses } else { Class::Safe };
                    let gone = match status.as_str() {
                        "DEFAULT" => "it is no longer said what comes with other statuses".to_owned(),
                        status => format!("the status {status} is gone"),
                    };
                    let what = format!("{gone}{}", if is_last { ", and no other success is left" } else { "" });
                    self.add_named(Part::Response(status.clone()), &old[before], true, class, &what, Ground::Document);
                }
                (None, None) => {}
            }
        }
    }

    /// Any request may fail, and a client takes an error status that it does not know for the first of its class (RFC 9110, section
    /// 15), so that a new one breaks nobody; `default` says what errors are that are not named. What comes with an unknown success,
    /// a client cannot know.
    fn new_status(&mut self, status: &str, at: &str) {
        let class = status.chars().next().unwrap_or_default();
        let part = Part::Response(status.to_owned());
        if matches!(class, '4' | '5') {
            let is_first = status.ends_with("00") || status.ends_with("XX");
            let likewise = if is_first { String::new() } else { format!("; clients treat it as {class}00") };
            let what = format!("the status {status} is new{likewise}");
            self.add_named(part, at, false, Class::Safe, &what, Ground::Document);
        } else if status == "DEFAULT" {
            let what = "it is said what comes with other statuses";
            self.add_named(part, at, false, Class::Safe, what, Ground::Document);
        } else {
            let example = status.parse::<u16>().map_or(Ground::Document, |status| Ground::Example(json!({ "status": status })));
            self.add_named(part, at, false, Class::Responses, &format!("the status {status} is new"), example);
        }
    }

    fn response(&mut self, status: &str, before: &str, after: &str) {
        self.described(before, after, &["description", "links"]);
        self.headers(status, before, after);
        let (old, new) = (media_types(self.old, before), media_types(self.new, after));
        let part = Part::Response(status.to_owned());
        let answer = |headers: Value| Ground::Example(json!({ "status": status, "headers": headers }));
        // Whatever the document says, these have none (RFC 9110, section 6.4.1).
        let is_bodiless = status.starts_with('1') || ["204", "205", "304"].contains(&status);
        if is_bodiless && old.is_empty() != new.is_empty() {
            let (gone, at) = if new.is_empty() { (true, before) } else { (false, after) };
            let what = "the body is described otherwise, and no answer with this status has one";
            return self.add(part, &format!("{at}/content"), gone, Class::Documentation, what, Ground::Document);
        }
        match (old.is_empty(), new.is_empty()) {
            (true, false) => {
                let at = format!("{after}/content");
                return self.add(part, &at, false, Class::Responses, "has a body now", answer(json!({})));
            }
            (false, true) => {
                let at = format!("{before}/content");
                return self.add(part, &at, true, Class::Responses, "has no body any more", answer(json!({})));
            }
            _ => {}
        }
        // A range that is one of its media types now is not removed.
        let is_kept = |name: &str| {
            let one = BTreeMap::from([(name.to_owned(), String::new())]);
            covering(&new, name).is_some() || new.keys().any(|other| covering(&one, other).is_some())
        };
        let kept = old.keys().all(|name| is_kept(name));
        for (name, at) in &new {
            let part = Part::Body(status.to_owned(), name.clone());
            let Some((known, here)) = covering(&old, name) else {
                // Beside those that there were: who accepts one of them gets it (RFC 9110, section 12.1).
                let (class, what) = match kept {
                    true => (Class::Safe, format!("the media type {name} is new, for those who ask for it")),
                    false => (Class::Responses, format!("the media type {name} is new")),
                };
                let ground = answer(json!({ "content-type": name }));
                self.add_named(part, at, false, class, &what, ground);
                continue;
            };
            self.body(part, (known, here), at);
        }
        // What is in a range of the new document has the schema of the range.
        for (name, at) in &old {
            let Some((_, there)) = covering(&new, name).filter(|(range, _)| covering(&old, range).is_none()) else { continue };
            self.body(Part::Body(status.to_owned(), name.clone()), (name, at), there);
        }
        for (name, at) in old.iter().filter(|(name, _)| !is_kept(name)) {
            let what = format!("the media type {name} is removed: a client that accepts only it gets none");
            self.add_named(Part::Body(status.to_owned(), name.clone()), at, true, Class::Responses, &what, Ground::Document);
        }
    }

    /// A body that both documents describe.
    fn body(&mut self, part: Part, (known, here): (&str, &str), at: &str) {
        self.described(here, at, &["example", "examples"]);
        self.encodings(&part, Direction::Response, (known, here), at);
        self.items(&part, Direction::Response, here, at);
        let (schema, schema_there) = (format!("{here}/schema"), format!("{at}/schema"));
        if self.are_bytes(known, [&schema, &schema_there]) {
            return;
        }
        self.schemas(part.clone(), Direction::Response, &schema, &schema_there);
        if exists(self.old, &schema) && exists(self.new, &schema_there) {
            let what = What::Bodies(schema, schema_there);
            self.structure.pairs.push(Pair { operation: self.after.id.clone(), part, what });
        }
    }

    fn headers(&mut self, status: &str, before: &str, after: &str) {
        let (old, new) = (headers(self.old, before), headers(self.new, after));
        let without = || Ground::Example(json!({ "status": status, "headers": {} }));
        for (name, at) in &old {
            let part = Part::Header(status.to_owned(), name.clone());
            let was = is_required(self.old, at);
            let Some(there) = new.get(name) else {
                let (class, ground) = if was { (Class::Responses, without()) } else { (Class::Safe, Ground::Document) };
                self.add_named(part, at, true, class, &format!("the header {name} is gone"), ground);
                continue;
            };
            let pointer = format!("{there}/required");
            match (was, is_required(self.new, there)) {
                (true, false) => {
                    self.add_named(
                        part.clone(),
                        &pointer,
                        false,
                        Class::Responses,
                        &format!("the header {name} is optional now"),
                        without(),
                    );
                }
                (false, true) => {
                    self.add_named(
                        part.clone(),
                        &pointer,
                        false,
                        Class::Safe,
                        &format!("the header {name} is required now"),
                        Ground::Document,
                    );
                }
                _ => {}
            }
            self.described(at, there, &["description", "deprecated", "example", "examples"]);
            let node = |document: &Document, at: &str| document.json.pointer(at).cloned().unwrap_or_default();
            let (one, other) = (node(self.old, at), node(self.new, there));
            let written = |header: &Value| Some(header.get("content")?.as_object()?.keys().next()?.to_lowercase());
            if written(&one) != written(&other) {
                let what = format!(
                    "the header {name} is written differently: it has another media type, or has one and had none, or the reverse"
                );
                self.add_named(part.clone(), there, false, Class::Responses, &what, Ground::Document);
            }
            let (schema, schema_there) = (schema_of(&one, at), schema_of(&other, there));
            self.schemas(part.clone(), Direction::Response, &schema, &schema_there);
            if exists(self.old, &schema) && exists(self.new, &schema_there) {
                let what = match written(&other) {
                    Some(_) => What::Bodies(schema, schema_there),
                    None => What::Headers(schema, schema_there),
                };
                self.structure.pairs.push(Pair { operation: self.after.id.clone(), part, what });
            }
        }
        for (name, at) in new.iter().filter(|(name, _)| !old.contains_key(*name)) {
            let part = Part::Header(status.to_owned(), name.clone());
            self.add_named(part, at, false, Class::Safe, &format!("the header {name} is new"), Ground::Document);
        }
    }
}

/// The documented statuses with where their responses stand.
pub(super) fn statuses(document: &Document, operation: &str) -> BTreeMap<String, String> {
    let at = format!("{operation}/responses");
    let responses = document.json.pointer(&at).and_then(Value::as_object).into_iter().flatten();
    let resolved = responses.filter_map(|(status, _)| {
        let (at, _) = document.resolve(&format!("{at}/{}", escape(status)))?;
        Some((status.to_uppercase(), at))
    });
    resolved.collect()
}

/// The key of the response for a status: itself, its range, or the default.
pub(super) fn answering<'a>(all: &'a BTreeMap<String, String>, status: &str) -> Option<&'a str> {
    let range = status.chars().next().map(|class| format!("{class}XX")).unwrap_or_default();
    let keys = [status, &range, "DEFAULT"];
    keys.iter().find_map(|key| all.get_key_value(*key)).map(|(key, _)| key.as_str())
}

/// Whether nothing is left in the place of a status that is gone: no success for a success, and neither that nor a redirection for the
/// others.
fn is_last_success<V>(status: &str, left: &BTreeMap<String, V>) -> bool {
    let has = |classes: &[char]| left.keys().any(|other| other.starts_with(classes) || other == "DEFAULT");
    match status.chars().next() {
        Some('2') => !has(&['2']),
        Some('3' | 'D') => !has(&['2', '3']),
        _ => false,
    }
}

/// The documented headers by their names in lower case, with where they stand.
fn headers(document: &Document, response: &str) -> BTreeMap<String, String> {
    let at = format!("{response}/headers");
    let names = document.json.pointer(&at).and_then(Value::as_object).into_iter().flatten();
    let resolved = names.filter_map(|(name, _)| {
        let (at, _) = document.resolve(&format!("{at}/{}", escape(name)))?;
        Some((name.to_lowercase(), at))
    });
    resolved.filter(|(name, _)| name != "content-type").collect()
}
