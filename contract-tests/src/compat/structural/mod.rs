//! What differs between two documents, by rules that know which way values go.

mod keywords;
mod objects;
mod parameters;
mod received;
mod responses;
mod schema;
mod security;
mod view;

use crate::pointer::escape;
use std::collections::{BTreeMap, BTreeSet};

use crate::{Document, DocumentError, Operation, REQUESTS, openapi::operation::essence};
use chrono::NaiveDate;
use serde_json::{Value, json};

use super::{
    change::{Change, Class, Direction, Ground, Part},
    verdict::{Options, Undocumented},
};

/// Differences, and what of both documents can be compared.
#[derive(Default)]
pub struct Structure {
    /// Every difference.
    pub changes: Vec<Change>,
    /// What is in both documents.
    pub pairs: Vec<Pair>,
    /// The operations of the old document, by the name that their changes have.
    pub operations: BTreeMap<String, Operation>,
    /// What differs and is not compared.
    pub unproven: Vec<(String, Part)>,
}

/// A part of an operation that is in both documents.
pub struct Pair {
    /// The operation.
    pub operation: String,
    /// The part.
    pub part: Part,
    /// What describes it, in the old and the new document.
    pub what: What,
}

/// What describes a part in the old and in the new document.
pub enum What {
    /// Operations, with the media type of the body where it is JSON.
    Requests(Box<(Operation, Operation)>, Option<(String, String)>),
    /// Schemas of bodies of requests that are not JSON.
    RequestBodies(String, String),
    /// Schemas of bodies.
    Bodies(String, String),
    /// Schemas of headers.
    Headers(String, String),
}

/// Keys of an operation that only people and generators read.
const DESCRIBING: [&str; 7] = ["tags", "summary", "description", "externalDocs", "operationId", "deprecated", "servers"];

/// Compares two documents.
///
/// # Errors
///
/// [`DocumentError::NotOpenApi`].
pub fn compare(old: &Document, new: &Document, options: &Options) -> Result<Structure, DocumentError> {
    let mut structure = Structure::default();
    let (before, after) = (old.operations(), new.operations());
    let same = |one: &Operation, other: &Operation| one.method == other.method && template(&one.path) == template(&other.path);
    for operation in &before {
        let name = match after.iter().find(|other| same(operation, other)) {
            Some(other) => {
                let undocumented = options.undocumented;
                Comparison { old, new, before: operation, after: other, undocumented, structure: &mut structure }.run();
                received::callbacks(old, new, (operation, other), undocumented, &mut structure);
                other.id.clone()
            }
            None => {
                let path = operation.pointer.rsplit_once('/').map_or("", |(path, _)| path);
                let gone = if new.json.pointer(path).is_some() { "the operation is removed" } else { "the path is removed" };
                let sunset = sunset(old, &operation.pointer).filter(|sunset| options.today > *sunset);
                let (class, sentence) = match sunset {
                    Some(day) => (Class::Safe, format!("{gone}: it was deprecated, with {day} as its last day")),
                    None => (Class::Requests, gone.to_owned()),
                };
                let change = Change::of_document(&operation.id, operation.pointer.clone(), true, class, sentence);
                structure.changes.push(Change { ground: Ground::AnyRequest, ..change });
                operation.id.clone()
            }
        };
        structure.operations.insert(name, operation.clone());
    }
    for operation in after.iter().filter(|operation| !before.iter().any(|other| same(other, operation))) {
        let at = operation.pointer.clone();
        structure.changes.push(Change::of_document(&operation.id, at, false, Class::Safe, "the operation is new"));
    }
    received::webhooks(old, new, options.undocumented, &mut structure);
    whole(old, new, &mut structure.changes);
    Ok(structure)
}

/// The last day of what is deprecated: `x-sunset`, a date as in RFC 3339.
fn sunset(document: &Document, pointer: &str) -> Option<NaiveDate> {
    let node = document.json.pointer(pointer)?;
    let day = node.get("x-sunset").and_then(Value::as_str).filter(|_| node.get("deprecated") == Some(&json!(true)))?;
    day.get(..10)?.parse().ok()
}

/// The paths that the servers of a document put before those of its operations.
fn prefixes(document: &Document) -> BTreeSet<String> {
    let servers = document.json.get("servers").and_then(Value::as_array).into_iter().flatten();
    let mut all: BTreeSet<String> = servers
        .filter_map(|server| server.get("url").and_then(Value::as_str))
        .map(|url| {
            let after_host = url.split_once("://").map_or(url, |(_, rest)| rest.find('/').map_or("", |at| &rest[at..]));
            format!("/{}", after_host.trim_matches('/'))
        })
        .collect();
    if all.is_empty() {
        all.insert("/".to_owned());
    }
    all
}

/// What belongs to no operation.
fn whole(old: &Document, new: &Document, changes: &mut Vec<Change>) {
    let (before, after) = (prefixes(old), prefixes(new));
    let gone: Vec<&str> = before.difference(&after).map(String::as_str).collect();
    if !gone.is_empty() {
        let sentence = format!("no server has its operations below {} any more", gone.join(" or "));
        let are_gone = new.json.get("servers").is_none();
        changes.push(Change::of_document("", "/servers".to_owned(), are_gone, Class::Requests, sentence));
    }
    for key in ["info", "servers", "tags", "externalDocs"] {
        let (before, after) = (old.json.get(key), new.json.get(key));
        if before != after {
            let sentence = format!("`{key}` is different");
            changes.push(Change::of_document("", format!("/{key}"), after.is_none(), Class::Documentation, sentence));
        }
    }
}

/// A path template without the names of its parameters.
fn template(path: &str) -> String {
    let mut template = String::new();
    let mut inside = false;
    for c in path.chars() {
        inside = (inside || c == '{') && c != '}';
        if !inside {
            template.push(c);
        }
    }
    template
}

/// Compares an operation that both documents have.
struct Comparison<'a> {
    old: &'a Document,
    new: &'a Document,
    before: &'a Operation,
    after: &'a Operation,
    undocumented: Undocumented,
    structure: &'a mut Structure,
}

impl Comparison<'_> {
    fn run(&mut self) {
        let (before, after) = (self.before, self.after);
        let path = after.pointer.rsplit_once('/').map_or("", |(path, _)| path).to_owned();
        if before.path != after.path {
            self.note(&path, "the path parameters have other names");
        }
        self.described(&before.pointer, &after.pointer, &DESCRIBING);
        self.security();
        self.parameters();
        self.bodies();
        self.responses();
    }

    /// Request bodies, and the pairs of whole requests.
    fn bodies(&mut self) {
        let at = |document: &Document, operation: &Operation| {
            let at = format!("{}/requestBody", operation.pointer);
            document.resolve(&at).map(|(at, _)| at)
        };
        let (before, after) = (at(self.old, self.before), at(self.new, self.after));
        let both = Box::new((self.before.with_path_names(self.after), self.after.clone()));
        let pair = |part: Part, what: What| Pair { operation: self.after.id.clone(), part, what };
        let json = |operation: &Operation| operation.media_types().next().map(str::to_owned);
        match (before, after) {
            (None, None) => self.structure.pairs.push(pair(Part::Requests, What::Requests(both, None))),
            (None, Some(after)) => {
                let media_type = json(self.after);
                let ground = body("required", media_type.is_some());
                let media_types = media_type.map(|name| (String::new(), name));
                self.structure.pairs.push(pair(Part::Requests, What::Requests(both, media_types)));
                let class = if is_required(self.new, &after) { Class::Requests } else { Class::Safe };
                self.add(Part::Requests, &after, false, class, "a body is expected now", ground);
            }
            (Some(before), None) => {
                let media_type = json(self.before);
                let ground = body("additionalProperties", media_type.is_some());
                let media_types = media_type.map(|name| (name, String::new()));
                self.structure.pairs.push(pair(Part::Requests, What::Requests(both, media_types)));
                self.add(Part::Requests, &before, true, Class::Requests, "a body is no longer expected", ground);
            }
            (Some(before), Some(after)) => {
                let (one, other) = (is_required(self.old, &before), is_required(self.new, &after));
                let pointer = format!("{after}/required");
                if one != other {
                    let ground = body("required", json(self.after).is_some());
                    let (class, what) = if other {
                        (Class::Requests, "the body is required now")
                    } else {
                        (Class::Safe, "the body is optional now")
                    };
                    self.add(Part::Requests, &pointer, false, class, what, ground);
                }
                self.described(&before, &after, &["description"]);
                self.request_media_types(&before, &after);
            }
        }
    }

    fn request_media_types(&mut self, before: &str, after: &str) {
        let (old, new) = (media_types(self.old, before), media_types(self.new, after));
        let mut met = BTreeSet::new();
        for (name, at) in &old {
            let Some((other, there)) = covering(&new, name) else {
                let what = format!("the media type {name} is removed");
                self.add(Part::Request(name.clone()), at, true, Class::Requests, &what, Ground::AnyRequest);
                continue;
            };
            met.insert(other.clone());
            let part = Part::Request(name.clone());
            let (schema, schema_there) = (format!("{at}/schema"), format!("{there}/schema"));
            self.described(at, there, &["example", "examples", "encoding"]);
            self.schemas(part.clone(), Direction::Request, &schema, &schema_there);
            let json = |operation: &Operation, name: &str| operation.media_types().any(|other| other == name);
            let what = if json(self.before, name) && json(self.after, other) {
                let both = Box::new((self.before.with_path_names(self.after), self.after.clone()));
                What::Requests(both, Some((name.clone(), other.clone())))
            } else if exists(self.old, &schema) && exists(self.new, &schema_there) {
                What::RequestBodies(schema, schema_there)
            } else {
                continue;
            };
            self.structure.pairs.push(Pair { operation: self.after.id.clone(), part, what });
        }
        // Parameters have requests to be compared in, whatever the body is.
        if !self.structure.pairs.iter().any(|pair| pair.operation == self.after.id && matches!(pair.what, What::Requests(..))) {
            let what = What::Requests(Box::new((self.before.with_path_names(self.after), self.after.clone())), None);
            self.structure.pairs.push(Pair { operation: self.after.id.clone(), part: Part::Requests, what });
        }
        for (name, at) in new.iter().filter(|(name, _)| !met.contains(*name) && covering(&old, name).is_none()) {
            let what = format!("the media type {name} is new");
            self.add(Part::Request(name.clone()), at, false, Class::Safe, &what, Ground::Document);
        }
    }

    fn schemas(&mut self, part: Part, direction: Direction, old: &str, new: &str) {
        let mut schemas = schema::Schemas::new((self.old, self.new), &self.after.id, part, direction, self.undocumented);
        schemas.compare(old, new);
        self.structure.changes.append(&mut schemas.changes);
    }

    /// Keys of two nodes that only people read.
    fn described(&mut self, old: &str, new: &str, keys: &[&str]) {
        for key in keys {
            let at = |pointer: &str| format!("{pointer}/{key}");
            let (before, after) = (self.old.json.pointer(&at(old)), self.new.json.pointer(&at(new)));
            if before != after {
                let (pointer, gone) = if after.is_some() { (at(new), false) } else { (at(old), true) };
                self.add(
                    Part::Operation,
                    &pointer,
                    gone,
                    Class::Documentation,
                    &format!("`{key}` is different"),
                    Ground::Document,
                );
            }
        }
    }

    fn note(&mut self, pointer: &str, what: &str) {
        self.add(Part::Operation, pointer, false, Class::Documentation, what, Ground::Document);
    }

    fn add(&mut self, part: Part, pointer: &str, gone: bool, class: Class, sentence: &str, ground: Ground) {
        self.structure.changes.push(Change {
            operation: self.after.id.clone(),
            part,
            pointer: pointer.to_owned(),
            gone,
            class,
            sentence: sentence.to_owned(),
            ground,
        });
    }
}

/// What a request breaks whose body is not as expected; only bodies that are JSON are part of an instance.
fn body(keyword: &str, json: bool) -> Ground {
    if !json {
        return Ground::Document;
    }
    Ground::Schema { old: REQUESTS.to_owned(), new: format!("{REQUESTS}/{keyword}"), item: Some("body".to_owned()) }
}

/// Whether a body or a header must be there.
fn is_required(document: &Document, at: &str) -> bool {
    document.json.pointer(&format!("{at}/required")) == Some(&json!(true))
}

fn exists(document: &Document, pointer: &str) -> bool {
    document.json.pointer(pointer).is_some()
}

/// The media types of the `content` at `pointer`, with where each stands.
fn media_types(document: &Document, pointer: &str) -> BTreeMap<String, String> {
    let at = format!("{pointer}/content");
    let content = document.json.pointer(&at).and_then(Value::as_object).into_iter().flatten();
    content.map(|(name, _)| (name.clone(), format!("{at}/{}", escape(name)))).collect()
}

/// The media type that covers `name`: itself, whatever its letter case and parameters, or a range.
fn covering<'a>(all: &'a BTreeMap<String, String>, name: &str) -> Option<(&'a String, &'a String)> {
    let name = essence(name);
    let kind = name.split_once('/').map_or("", |(kind, _)| kind);
    [name.clone(), format!("{kind}/*"), "*/*".to_owned()]
        .iter()
        .find_map(|wanted| all.iter().find(|(other, _)| essence(other) == *wanted))
}
