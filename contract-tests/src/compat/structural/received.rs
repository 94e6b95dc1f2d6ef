//! What clients receive unasked, webhooks and callbacks: the API sends these requests, and clients answer them.

use openapi_document::METHODS;
use serde_json::{Map, Value};

use super::{
    Pair, Structure, What, covering, exists, is_required, media_types,
    parameters::listed,
    responses::{answering, statuses},
    shared::Shared,
};
use crate::{
    Document, Operation,
    compat::change::{Change, Class, Direction, Ground, Part},
    pointer::{escape, parent},
};

/// What is compared of such a request; the rest is for people, or named as not compared.
const COMPARED: [&str; 3] = ["parameters", "requestBody", "responses"];
/// Keys that are only for people.
const DESCRIBING: [&str; 6] = ["tags", "summary", "description", "externalDocs", "operationId", "deprecated"];

/// Compares the webhooks of two documents.
pub fn webhooks(old: &Document, new: &Document, shared: &mut Shared<'_>, structure: &mut Structure) {
    let all = |document: &Document| {
        let names = document.json.get("webhooks").and_then(Value::as_object).into_iter().flat_map(Map::keys);
        let items = names.map(|name| (name.clone(), format!("webhook {name}"), format!("/webhooks/{}", escape(name))));
        requests(document, items)
    };
    Received { old, new, shared, structure, name: String::new() }.compare(&all(old), &all(new), "webhook");
}

/// Compares the callbacks of an operation that both documents have.
pub fn callbacks(
    old: &Document,
    new: &Document,
    (before, after): (&Operation, &Operation),
    shared: &mut Shared<'_>,
    structure: &mut Structure,
) {
    let all = |document: &Document, pointer: &str| {
        let at = format!("{pointer}/callbacks");
        let names = document.json.pointer(&at).and_then(Value::as_object).into_iter().flat_map(Map::keys);
        let items = names.filter_map(|name| {
            let (at, callback) = document.resolve(&format!("{at}/{}", escape(name)))?;
            let expressions = callback.as_object().into_iter().flat_map(Map::keys).map(String::clone).collect::<Vec<_>>();
            let is_alone = expressions.len() == 1;
            Some(expressions.into_iter().map(move |url| {
                let shown = if is_alone { String::new() } else { format!(" to {url}") };
                (url.clone(), format!("{}, callback {name}{shown}", after.id), format!("{at}/{}", escape(&url)))
            }))
        });
        requests(document, items.flatten())
    };
    let (before, after) = (all(old, &before.pointer), all(new, &after.pointer));
    Received { old, new, shared, structure, name: String::new() }.compare(&before, &after, "callback");
}

/// A request that clients receive.
struct Message {
    /// What it is called for people, with the method.
    name: String,
    /// Where it is sent, with the method; of a webhook its name.
    to: (String, String),
    pointer: String,
}

/// The requests of path items, of which each has where it is sent, its name and its place.
fn requests(document: &Document, items: impl Iterator<Item = (String, String, String)>) -> Vec<Message> {
    let mut all = Vec::new();
    for (to, name, at) in items {
        let Some((at, item)) = document.resolve(&at) else { continue };
        for method in METHODS.iter().filter(|method| item.get(**method).is_some_and(Value::is_object)) {
            let name = format!("{name} {}", method.to_uppercase());
            all.push(Message { name, to: (to.clone(), (*method).to_owned()), pointer: format!("{at}/{method}") });
        }
    }
    all
}

struct Received<'a, 'd> {
    old: &'a Document,
    new: &'a Document,
    shared: &'a mut Shared<'d>,
    structure: &'a mut Structure,
    name: String,
}

impl Received<'_, '_> {
    /// Compares what has the same name and is sent to the same URL, and of the rest what is sent to the same URL: a name is for people.
    fn compare(&mut self, old: &[Message], new: &[Message], kind: &str) {
        let mut left: Vec<&Message> = new.iter().collect();
        let mut take =
            |is_it: &dyn Fn(&Message) -> bool| left.iter().position(|other| is_it(other)).map(|position| left.remove(position));
        let mut pairs: Vec<(&Message, Option<&Message>)> =
            old.iter().map(|one| (one, take(&|other| other.name == one.name && other.to == one.to))).collect();
        for (one, other) in pairs.iter_mut().filter(|(_, other)| other.is_none()) {
            *other = take(&|other| other.to == one.to);
        }
        for (one, other) in pairs {
            one.name.clone_into(&mut self.name);
            match other {
                Some(other) => self.request(&one.pointer, &other.pointer),
                None => self.add(
                    Part::Operation,
                    &one.pointer,
                    true,
                    Class::Responses,
                    &format!("the {kind} is removed: nobody is called any more"),
                ),
            }
        }
        for Message { name, pointer, .. } in left {
            name.clone_into(&mut self.name);
            self.add(Part::Operation, pointer, false, Class::Safe, &format!("the {kind} is new"));
        }
    }

    fn request(&mut self, before: &str, after: &str) {
        let [one, other] = [(self.old, before), (self.new, after)].map(|(document, at)| document.json.pointer(at));
        let (Some(one), Some(other)) = (one.and_then(Value::as_object), other.and_then(Value::as_object)) else { return };
        let mut keys: Vec<&String> = one.keys().chain(other.keys()).collect();
        keys.sort();
        keys.dedup();
        for key in keys.into_iter().filter(|key| !COMPARED.contains(&key.as_str()) && one.get(*key) != other.get(*key)) {
            let (pointer, gone) =
                (format!("{}/{}", if other.contains_key(key) { after } else { before }, escape(key)), !other.contains_key(key));
            self.add(Part::Operation, &pointer, gone, Class::Documentation, &format!("`{key}` is different"));
            if !DESCRIBING.contains(&key.as_str()) {
                self.structure.unproven.push((self.name.clone(), Part::Requests));
            }
        }
        self.parameters(before, after);
        self.body(before, after);
        self.answers(before, after);
    }

    /// Parameters, too: who reads them may count on those that must be there.
    fn parameters(&mut self, before: &str, after: &str) {
        let all = |document, at| listed(document, [parent(at).map_or("", |(item, _)| item), at], "");
        let (old, new) = (all(self.old, before), all(self.new, after));
        for (key, one) in &old {
            let named = format!("the {} parameter {}", one.place, one.name);
            let lost = if one.required() { Class::Responses } else { Class::Safe };
            let Some(other) = new.get(key) else {
                self.add(Part::Requests, &one.pointer, true, lost, &format!("{named} is no longer sent"));
                continue;
            };
            let required = format!("{}/required", other.pointer);
            match (one.required(), other.required()) {
                (true, false) => self.add(Part::Requests, &required, false, lost, &format!("{named} may be missing now")),
                (false, true) => self.add(Part::Requests, &required, false, Class::Safe, &format!("{named} is always there now")),
                _ => {}
            }
            if one.style() != other.style() {
                self.add(Part::Requests, &other.pointer, false, Class::Responses, &format!("{named} has another style"));
            }
            let schemas = [one.schema(), other.schema()];
            let differences = self.structure.changes.len();
            let [here, there] = schemas.each_ref().map(String::as_str);
            self.shared.compare((&self.name, Part::Requests), Direction::Response, [here, there], self.structure);
            let found = &mut self.structure.changes[differences..];
            found.iter_mut().for_each(|change| change.ground = Ground::Document);
            if !found.is_empty() {
                self.structure.unproven.push((self.name.clone(), Part::Requests));
            }
        }
        for other in new.iter().filter(|(key, _)| !old.contains_key(*key)).map(|(_, other)| other) {
            let what = format!("the {} parameter {} is sent now", other.place, other.name);
            self.add(Part::Requests, &other.pointer, false, Class::Safe, &what);
        }
    }

    /// The body goes the way of an answer: what is wider breaks.
    fn body(&mut self, before: &str, after: &str) {
        let at = |document: &Document, pointer: &str| document.resolve(&format!("{pointer}/requestBody")).map(|(at, _)| at);
        let (before, after) = match (at(self.old, before), at(self.new, after)) {
            (None, None) => return,
            (None, Some(after)) => return self.add(Part::Requests, &after, false, Class::Responses, "it has a body now"),
            (Some(before), None) => return self.add(Part::Requests, &before, true, Class::Responses, "it has no body any more"),
            (Some(before), Some(after)) => (before, after),
        };
        match (is_required(self.old, &before), is_required(self.new, &after)) {
            (true, false) => {
                self.add(Part::Requests, &format!("{after}/required"), false, Class::Responses, "the body may be missing now")
            }
            (false, true) => {
                self.add(Part::Requests, &format!("{after}/required"), false, Class::Safe, "the body is always there now")
            }
            _ => {}
        }
        let (old, new) = (media_types(self.old, &before), media_types(self.new, &after));
        for (name, there) in &new {
            let part = Part::Request(name.clone());
            match covering(&old, name) {
                Some((_, here)) => self.schemas(part, Direction::Response, here, there),
                None => self.add(part, there, false, Class::Responses, &format!("the media type {name} is new")),
            }
        }
        for (name, here) in old.iter().filter(|(name, _)| covering(&new, name).is_none()) {
            self.add(Part::Request(name.clone()), here, true, Class::Safe, &format!("the media type {name} is no longer sent"));
        }
    }

    /// Answers go the way of a request: what is narrower breaks.
    fn answers(&mut self, before: &str, after: &str) {
        let (old, new) = (statuses(self.old, before), statuses(self.new, after));
        for (status, here) in &old {
            let part = Part::Response(status.clone());
            let Some(there) = answering(&new, status).map(|status| &new[status]) else {
                self.add(part, here, true, Class::Requests, &format!("an answer with {status} is no longer expected"));
                continue;
            };
            let (bodies, bodies_there) = (media_types(self.old, here), media_types(self.new, there));
            for (name, here) in &bodies {
                let part = Part::Body(status.clone(), name.clone());
                match covering(&bodies_there, name) {
                    Some((_, there)) => self.schemas(part, Direction::Request, here, there),
                    None => self.add(part, here, true, Class::Requests, &format!("the media type {name} is no longer accepted")),
                }
            }
        }
        for (status, there) in new.iter().filter(|(status, _)| answering(&old, status).is_none()) {
            self.add(
                Part::Response(status.clone()),
                there,
                false,
                Class::Safe,
                &format!("an answer with {status} is accepted now"),
            );
        }
    }

    fn schemas(&mut self, part: Part, direction: Direction, here: &str, there: &str) {
        let (one, other) = (format!("{here}/schema"), format!("{there}/schema"));
        self.shared.compare((&self.name, part.clone()), direction, [&one, &other], self.structure);
        if exists(self.old, &one) && exists(self.new, &other) {
            let what = match direction {
                Direction::Request => What::RequestBodies(one, other),
                Direction::Response => What::Bodies(one, other),
            };
            self.structure.pairs.push(Pair { operation: self.name.clone(), part, what });
        }
    }

    fn add(&mut self, part: Part, pointer: &str, gone: bool, class: Class, sentence: &str) {
        let change = Change::of_document(&self.name, pointer.to_owned(), gone, class, sentence);
        self.structure.changes.push(Change { part, ..change });
    }
}
