//! What differs between two documents, by rules that know which way values go.

mod alike;
mod keywords;
mod objects;
mod parameters;
mod received;
mod responses;
mod schema;
mod security;
mod shared;
mod view;

use crate::pointer::{escape, segments};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::{
    Document, DocumentError, Operation, REQUESTS,
    openapi::{
        operation::{essence, is_json},
        servers,
    },
};
use chrono::NaiveDate;
use serde_json::{Value, json};

use super::{
    change::{Change, Class, Direction, Ground, Part},
    verdict::{Options, Undocumented},
};
pub use alike::as_new_writes;
pub(super) use keywords::subject;
use shared::Shared;
use view::View;
pub(super) use view::followed;

/// Differences, and what of both documents can be compared.
#[derive(Default)]
pub struct Structure {
    /// Every difference.
    pub changes: Vec<Change>,
    /// What is in both documents.
    pub pairs: Vec<Pair>,
    /// The operations of the old document, by the name that their changes have.
    pub operations: BTreeMap<String, Operation>,
    /// How many pairs of schemas are in a part of an operation, by the operation.
    pub sizes: HashMap<String, Vec<(Part, usize)>>,
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
    let mut shared = Shared::new(old, new, options.undocumented);
    let (before, after) = (old.operations(), new.operations());
    let servers = (servers::of_document(&old.json), servers::of_document(&new.json));
    let places = (Places::of(&before, &[String::new()]), Places::of(&after, &[String::new()]));
    let on_servers = Places::of(&after, &servers.1);
    // A prefix of the paths may have moved to the servers, or from them.
    let elsewhere = |one| servers.0.iter().find_map(|server| on_servers.find(server, one));
    let mut met: HashSet<&str> = HashSet::new();
    for operation in &before {
        let name = match places.1.find("", operation).or_else(|| elsewhere(operation)) {
            Some(other) => {
                met.insert(&other.pointer);
                Comparison { old, new, before: operation, after: other, shared: &mut shared, structure: &mut structure }.run();
                received::callbacks(old, new, (operation, other), &mut shared, &mut structure);
                other.id.clone()
            }
            None => {
                let path = operation.path_item();
                let is_whole = new.json.pointer(path).is_none();
                let gone = if is_whole {
                    format!("the path {} is removed", operation.path)
                } else {
                    "the operation is removed".to_owned()
                };
                let sunset = sunset(old, &operation.pointer).filter(|sunset| options.today > *sunset);
                let (class, sentence) = match sunset {
                    Some(day) => (Class::Safe, format!("{gone}: it was deprecated, with {day} as its last day")),
                    None => (Class::Requests, gone),
                };
                let change = Change::of_document(&operation.id, operation.pointer.clone(), true, class, sentence);
                structure.changes.push(Change { ground: Ground::AnyRequest, repeats: is_whole, ..change });
                operation.id.clone()
            }
        };
        structure.operations.insert(name, operation.clone());
    }
    let is_new = |one: &&Operation| !met.contains(one.pointer.as_str()) && places.0.find("", one).is_none();
    for operation in after.iter().filter(is_new) {
        let at = operation.pointer.clone();
        structure.changes.push(Change::of_document(&operation.id, at, false, Class::Safe, "the operation is new"));
    }
    received::webhooks(old, new, &mut shared, &mut structure);
    let is_there = |server: &&String| before.iter().all(|operation| on_servers.find(server, operation).is_some());
    let gone: Vec<&String> = servers.0.iter().filter(|server| !servers.1.contains(server) && !is_there(server)).collect();
    whole(old, new, &gone, &mut structure.changes);
    Ok(structure)
}

/// The last day of what is deprecated: `x-sunset`, a date as in RFC 3339.
fn sunset(document: &Document, pointer: &str) -> Option<NaiveDate> {
    let node = document.json.pointer(pointer)?;
    let day = node.get("x-sunset").and_then(Value::as_str).filter(|_| node.get("deprecated") == Some(&json!(true)))?;
    day.get(..10)?.parse().ok()
}

/// Operations by where they are: the method, and the path below a server, with and without the names of its parameters.
struct Places<'a>(HashMap<(String, String), &'a Operation>);

impl<'a> Places<'a> {
    /// Those of all operations on each of these servers.
    fn of(operations: &'a [Operation], servers: &[String]) -> Self {
        let mut all = HashMap::new();
        for server in servers {
            for operation in operations {
                all.entry(named_place(server, operation)).or_insert(operation);
                all.entry(place(server, operation)).or_insert(operation);
            }
        }
        Self(all)
    }

    /// What is where this operation is on this server. Some documents have two paths that differ only in the names of their
    /// parameters: then what has the same names too is the same operation.
    fn find(&self, server: &str, operation: &Operation) -> Option<&'a Operation> {
        self.0.get(&named_place(server, operation)).or_else(|| self.0.get(&place(server, operation))).copied()
    }
}

fn named_place(server: &str, operation: &Operation) -> (String, String) {
    (operation.method.clone(), format!("{server}{}", operation.path))
}

fn place(server: &str, operation: &Operation) -> (String, String) {
    (operation.method.clone(), template(&format!("{server}{}", operation.path)))
}

/// What belongs to no operation; `gone` are the paths of servers that nothing is below any more.
fn whole(old: &Document, new: &Document, gone: &[&String], changes: &mut Vec<Change>) {
    let gone: BTreeSet<&str> = gone.iter().map(|path| if path.is_empty() { "/" } else { path.as_str() }).collect();
    if !gone.is_empty() {
        let gone: Vec<&str> = gone.into_iter().collect();
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
struct Comparison<'a, 'd> {
    old: &'a Document,
    new: &'a Document,
    before: &'a Operation,
    after: &'a Operation,
    shared: &'a mut Shared<'d>,
    structure: &'a mut Structure,
}

impl Comparison<'_, '_> {
    fn run(&mut self) {
        let (before, after) = (self.before, self.after);
        let path = after.path_item().to_owned();
        if before.path != after.path && template(&before.path) == template(&after.path) {
            self.note(&path, "the path parameters have other names");
        }
        self.described(&before.pointer, &after.pointer, &DESCRIBING);
        self.servers();
        self.security();
        self.parameters();
        self.bodies();
        self.responses();
    }

    /// Servers of its own, or of its path: those of the document are compared as a whole, and so are paths that stand elsewhere.
    fn servers(&mut self) {
        let own =
            |document: &Document, operation: &Operation| servers::own(&document.json, operation.path_item(), &operation.pointer);
        let (before, after) = (own(self.old, self.before), own(self.new, self.after));
        let is_listed = |operation: &Operation| operation.path_item().starts_with("/paths/");
        if (before.is_none() && after.is_none()) || !is_listed(self.before) || !is_listed(self.after) {
            return;
        }
        // Each place without the names of its parameters, and as it is written.
        let places = |document: &Document, operation: &Operation, own: Option<Vec<String>>| -> BTreeMap<String, String> {
            let path = segments(operation.path_item()).pop().unwrap_or_default();
            let servers = own.unwrap_or_else(|| servers::of_document(&document.json));
            let written = servers.iter().map(|server| format!("{server}{path}"));
            written.map(|place| (template(&place), place)).collect()
        };
        let at = |document: &Document, operation: &Operation| {
            let places = [operation.pointer.as_str(), operation.path_item()].map(|at| format!("{at}/servers"));
            places.into_iter().find(|at| exists(document, at))
        };
        let (was, is) = (places(self.old, self.before, before), places(self.new, self.after, after));
        if !was.keys().any(|place| is.contains_key(place)) {
            let show = |all: &BTreeMap<String, String>| all.values().cloned().collect::<Vec<_>>().join(" or ");
            let what = format!("is at {} now, and at {} before", show(&is), show(&was));
            let (here, there) = (at(self.old, self.before).unwrap_or_default(), at(self.new, self.after));
            let gone = there.is_none();
            self.add_named(Part::Operation, &there.unwrap_or(here), gone, Class::Requests, &what, Ground::AnyRequest);
        }
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
        let known = self.structure.pairs.len();
        let (old, new) = (media_types(self.old, before), media_types(self.new, after));
        let mut met = BTreeSet::new();
        for (name, at) in &old {
            let Some((other, there)) = covering(&new, name) else {
                let what = format!("the media type {name} is removed");
                self.add_named(Part::Request(name.clone()), at, true, Class::Requests, &what, Ground::AnyRequest);
                continue;
            };
            met.insert(other.clone());
            let part = Part::Request(name.clone());
            let (schema, schema_there) = (format!("{at}/schema"), format!("{there}/schema"));
            self.described(at, there, &["example", "examples"]);
            self.encodings(&part, Direction::Request, (name, at), there);
            self.items(&part, Direction::Request, at, there);
            if self.are_bytes(name, [&schema, &schema_there]) {
                continue;
            }
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
        if !self.structure.pairs[known..].iter().any(|pair| matches!(pair.what, What::Requests(..))) {
            let what = What::Requests(Box::new((self.before.with_path_names(self.after), self.after.clone())), None);
            self.structure.pairs.push(Pair { operation: self.after.id.clone(), part: Part::Requests, what });
        }
        for (name, at) in new.iter().filter(|(name, _)| !met.contains(*name) && covering(&old, name).is_none()) {
            let what = format!("the media type {name} is new");
            self.add_named(Part::Request(name.clone()), at, false, Class::Safe, &what, Ground::Document);
        }
    }

    /// Whether both schemas say no more of a body than that it is some bytes: OpenAPI 3.0 writes so with `format: binary`, 3.1 without a
    /// schema, or with one that allows everything (section 4.8.14.3).
    fn are_bytes(&self, media_type: &str, [old, new]: [&str; 2]) -> bool {
        let essence = essence(media_type);
        let is_written =
            ["cbor", "json-seq", "jsonl", "msgpack", "ndjson", "xml", "yaml"].iter().any(|known| essence.ends_with(known));
        let has_values =
            is_json(media_type) || is_form(media_type) || essence.starts_with("text/") || is_written || essence.contains('*');
        !has_values && View::of(self.old, old).is_bytes() && View::of(self.new, new).is_bytes()
    }

    /// The items of a stream (OpenAPI 3.2, section 4.14.1).
    fn items(&mut self, part: &Part, direction: Direction, old: &str, new: &str) {
        let (before, after) = (format!("{old}/itemSchema"), format!("{new}/itemSchema"));
        if exists(self.old, &before) || exists(self.new, &after) {
            self.schemas(part.clone(), direction, &before, &after);
        }
        if exists(self.old, &before) && exists(self.new, &after) {
            let what = match direction {
                Direction::Request => What::RequestBodies(before, after),
                Direction::Response => What::Bodies(before, after),
            };
            self.structure.pairs.push(Pair { operation: self.after.id.clone(), part: part.clone(), what });
        }
    }

    /// How the properties of a form are written; other bodies have no encoding (OpenAPI 3.1, section 4.8.14).
    fn encodings(&mut self, part: &Part, direction: Direction, (name, old): (&str, &str), new: &str) {
        let form = is_form(name);
        let (one, other) = (encodings(self.old, old), encodings(self.new, new));
        let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
        for name in names {
            let (before, after) = (written(self.old, old, name), written(self.new, new, name));
            let (pointer, gone) = match other.get(name) {
                Some(_) => (format!("{new}/encoding/{}", escape(name)), false),
                None => (format!("{old}/encoding/{}", escape(name)), true),
            };
            if form && before != after {
                let what = format!("the property {name} is written differently: {after}, and was {before}");
                self.add_named(part.clone(), &pointer, gone, direction.broken(), &what, Ground::Document);
            } else if one.get(name) != other.get(name) {
                self.add(part.clone(), &pointer, gone, Class::Documentation, "the encoding is different", Ground::Document);
            }
        }
    }

    fn schemas(&mut self, part: Part, direction: Direction, old: &str, new: &str) {
        self.shared.compare((&self.after.id, part), direction, [old, new], self.structure);
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
        self.change(part, (pointer, gone), class, sentence, ground, false);
    }

    /// The same with a sentence that names what has changed, so that it tells of one edit wherever it stands.
    fn add_named(&mut self, part: Part, pointer: &str, gone: bool, class: Class, sentence: &str, ground: Ground) {
        self.change(part, (pointer, gone), class, sentence, ground, true);
    }

    fn change(&mut self, part: Part, (pointer, gone): (&str, bool), class: Class, sentence: &str, ground: Ground, repeats: bool) {
        self.structure.changes.push(Change {
            operation: self.after.id.clone(),
            part,
            pointer: pointer.to_owned(),
            gone,
            class,
            sentence: sentence.to_owned(),
            repeats,
            ground,
        });
    }
}

/// Whether the properties of a body of this media type are written one by one.
fn is_form(media_type: &str) -> bool {
    let essence = essence(media_type);
    essence == "application/x-www-form-urlencoded" || essence.starts_with("multipart/")
}

/// What a document says about how the properties of a body are written.
fn encodings<'a>(document: &'a Document, media_type: &str) -> BTreeMap<String, &'a Value> {
    let all = document.json.pointer(&format!("{media_type}/encoding")).and_then(Value::as_object).into_iter().flatten();
    all.map(|(name, encoding)| (name.clone(), encoding)).collect()
}

/// How a property is written, with the defaults of OpenAPI 3.1, section 4.8.15.
fn written(document: &Document, media_type: &str, name: &str) -> String {
    let encoding = encodings(document, media_type).get(name).copied().cloned().unwrap_or_default();
    let schema = View::of(document, &format!("{media_type}/schema"));
    let property = View::of(document, &schema.member("properties", name));
    let value = if keywords::types(property.get("type")).contains("array") {
        View::of(document, &property.at("items"))
    } else {
        property
    };
    let default = match value.get("format").and_then(Value::as_str) {
        Some("binary") => "application/octet-stream",
        _ if keywords::types(value.get("type")).contains("object") => "application/json",
        _ => "text/plain",
    };
    let text = |key: &str| encoding.get(key).and_then(Value::as_str);
    let style = text("style").unwrap_or("form");
    let lists = if encoding.get("explode").and_then(Value::as_bool).unwrap_or(style == "form") { "repeated" } else { "in one" };
    format!("{}, lists {lists} ({style})", text("contentType").unwrap_or(default))
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

/// Where the schema of a parameter or a header stands, or would: below its `content`, where it has one.
fn schema_of(node: &Value, at: &str) -> String {
    match node.get("content").and_then(Value::as_object).and_then(|content| content.keys().next()) {
        Some(media_type) => format!("{at}/content/{}/schema", escape(media_type)),
        None => format!("{at}/schema"),
    }
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

/// The media type that covers `name`: itself, itself with other parameters, or a range.
fn covering<'a>(all: &'a BTreeMap<String, String>, name: &str) -> Option<(&'a String, &'a String)> {
    let essence_of = essence(name);
    let kind = essence_of.split_once('/').map_or("", |(kind, _)| kind);
    let wanted = [essence_of.clone(), format!("{kind}/*"), "*/*".to_owned()];
    all.iter()
        .find(|(other, _)| other.eq_ignore_ascii_case(name))
        .or_else(|| wanted.iter().find_map(|wanted| all.iter().find(|(other, _)| essence(other) == *wanted)))
}
