//! The resources of a document: what a path with parameters names, which operations create, list or show it, and which refer to it.
//!
//! `/orgs/{org}/repos/{repo}/issues` names two kinds of resources, `/orgs/{}` and `/orgs/{}/repos/{}`. A `POST` on the collection
//! `/orgs/{}/repos` creates the second, a `GET` on it lists them; `links` of a response (OpenAPI 3.1, section 4.8.20) say so themselves,
//! and an operation that shows the same schema as `GET /orgs/{}/repos/{}` has them, too. Names do the rest: `petId` of a body or a query
//! refers to what `/pets/{id}` names.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::{
    document::Document,
    operation::{Operation, Parameter, ParameterLocation},
};

/// A number that stands for a [`Kind`].
pub(crate) type KindId = usize;

/// A kind of resource.
#[derive(Debug, Default)]
pub(crate) struct Kind {
    /// Its path template, the names of parameters left out: `/orgs/{}/repos/{}`.
    pub path: String,
    /// The names of the path's parameters, in their order.
    pub names: Vec<String>,
    /// What its resources are below of, where the path says so.
    pub parent: Option<KindId>,
    /// What one of its collection is called: `repo`.
    noun: String,
    /// Whether the last parameter of its path is a text.
    is_text: bool,
    /// The schemas of which its `GET` shows an instance.
    shown: BTreeSet<String>,
    /// The operations that may tell ids, the best first: pointers.
    pub producers: Vec<String>,
}

/// How an answer of an operation tells the id of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tells {
    /// It creates one in the collection that its path names.
    Creates,
    /// It lists those of the collection that its path names.
    Lists,
    /// Its own path names one.
    Names,
    /// It shows the same schema.
    Shows,
    /// A link of the document says which value is which parameter.
    Link(BTreeMap<String, String>),
}

/// The resources of a document.
#[derive(Debug, Default)]
pub(crate) struct Resources {
    pub kinds: Vec<Kind>,
    by_path: HashMap<String, KindId>,
    by_noun: HashMap<String, KindId>,
    /// For each operation by its pointer, what its path names, and the parameters of the operation in the order of the kind.
    named: BTreeMap<String, (KindId, Vec<String>)>,
    /// For each operation what its answers tell.
    told: BTreeMap<String, Vec<(KindId, Tells)>>,
    /// The places of parameters that say in which part of a server everything happens, such as a tenant: who makes a resource and who names
    /// it both must give them.
    context: BTreeSet<String>,
}

/// How many kinds a schema may show.
const MAX_SHOWN: usize = 3;

/// How deep an answer is read.
const MAX_DEPTH: usize = 6;

/// Names of properties that identify the object that they are in, the likeliest first.
pub(crate) const IDENTIFIERS: [&str; 10] = ["id", "uuid", "guid", "uid", "identifier", "key", "name", "slug", "code", "number"];

/// What objects are called by people.
pub(crate) const CALLED: [&str; 4] = ["name", "slug", "login", "username"];

impl Kind {
    /// Its path with the names of its parameters.
    pub fn template(&self) -> String {
        let mut names = self.names.iter();
        let segment = |segment: &str| match (segment.strip_prefix("{}"), names.as_slice()) {
            (Some(rest), [name, ..]) => {
                let segment = format!("{{{name}}}{rest}");
                names.next();
                segment
            }
            _ => segment.to_owned(),
        };
        self.path.split('/').map(segment).collect::<Vec<_>>().join("/")
    }

    /// What the parameter `last` of its path is called in an object of its own: `id` for `heroId` of `/heroes/{heroId}`.
    fn short<'n>(&self, last: &'n str) -> &'n str {
        let own = last.strip_prefix(&self.noun).map(|short| if short.is_empty() { "id" } else { short });
        // Nobody knows the singular of every word.
        let of_stem = || {
            let tails = ["uuid", "guid", "id"].into_iter();
            tails
                .filter_map(|tail| Some((tail, last.strip_suffix(tail)?)))
                .find(|(_, stem)| !stem.is_empty() && self.noun.starts_with(stem))
        };
        own.or_else(|| of_stem().map(|(tail, _)| tail)).unwrap_or(last)
    }
}

impl Resources {
    /// The resources of these operations.
    pub fn of(document: &Document, operations: &[Operation]) -> Self {
        let mut all = Self::default();
        for operation in operations {
            let segments: Vec<&str> = operation.path.split('/').collect();
            let ends = (0..segments.len()).filter(|index| parameter(segments[*index]).is_some());
            let mut last: Option<(KindId, Vec<String>)> = None;
            for end in ends {
                let names: Vec<String> =
                    segments[..=end].iter().filter_map(|segment| parameter(segment)).map(str::to_owned).collect();
                let parent = last.as_ref().map(|(parent, _)| *parent);
                last = Some((all.kind(&segments[..=end], &names, parent), names));
            }
            // Of a path with a segment of another form not all parameters are known.
            if let Some((kind, names)) = last.filter(|(_, names)| operation.path.matches('{').count() == names.len()) {
                all.named.insert(operation.pointer.clone(), (kind, names));
            }
        }
        for operation in operations {
            let Some((kind, last)) = all.named(operation).and_then(|(kind, names)| Some((kind, names.last()?))) else { continue };
            let own = operation.parameters.iter().find(|it| it.place == ParameterLocation::Path && it.name == *last);
            let schema = own.and_then(|own| document.resolve(&own.schema)).map(|(_, schema)| schema);
            all.kinds[kind].is_text |= schema.is_some_and(|schema| schema.get("type") == Some(&Value::from("string")));
        }
        for operation in operations.iter().filter(|operation| operation.method == "GET") {
            let shown: BTreeSet<String> = bodies(document, operation).collect();
            if let Some(kind) = all.of_path(&operation.path) {
                all.kinds[kind].shown.extend(shown);
            }
        }
        all.tell(document, operations);
        all.rank(operations);
        all.unite(document, operations);
        all.call_by_nouns();
        all.context = all.in_common(operations);
        all
    }

    /// The required parameters that who makes a resource has in common with who names it, but for those that are new for each request.
    fn in_common(&self, operations: &[Operation]) -> BTreeSet<String> {
        const OF_REQUEST: [&str; 6] = ["correlation", "idempotency", "nonce", "requestid", "timestamp", "trace"];
        let required = |operation: &Operation| {
            let all = operation.parameters.iter().filter(|it| it.required && it.place != ParameterLocation::Path);
            all.map(Parameter::at).collect::<BTreeSet<String>>()
        };
        let makes = |operation: &&Operation| {
            operation.method == "POST" && self.told(operation).iter().any(|(_, it)| *it == Tells::Creates)
        };
        let making: BTreeSet<String> = operations.iter().filter(makes).flat_map(required).collect();
        let naming: BTreeSet<String> =
            operations.iter().filter(|operation| self.named(operation).is_some()).flat_map(required).collect();
        let is_of_all = |place: &&String| !OF_REQUEST.iter().any(|word| plain(place).contains(word));
        making.intersection(&naming).filter(is_of_all).cloned().collect()
    }

    /// Whether everything happens in the part of a server that the parameter at this place says.
    pub fn is_context(&self, place: &str) -> bool {
        self.context.contains(place)
    }

    /// For each kind who tells its ids, the best first.
    fn rank(&mut self, operations: &[Operation]) {
        let mut rank: Vec<Vec<(usize, usize, String)>> = vec![Vec::new(); self.kinds.len()];
        for (position, operation) in operations.iter().enumerate() {
            for (kind, tells) in self.told.get(&operation.pointer).into_iter().flatten() {
                let changes = operation.method == "POST";
                let place = match tells {
                    Tells::Creates => 0,
                    Tells::Link(_) if changes => 1,
                    Tells::Shows if changes => 2,
                    Tells::Names if operation.method == "PUT" => 3,
                    Tells::Lists => 4,
                    Tells::Link(_) => 5,
                    Tells::Shows => 6,
                    Tells::Names => continue,
                };
                // What is needed for nothing else comes first.
                let parameters = operation.path.matches('{').count();
                rank[*kind].push((place * 100 + parameters, position, operation.pointer.clone()));
            }
        }
        for (kind, mut ranked) in rank.into_iter().enumerate() {
            ranked.sort();
            self.kinds[kind].producers = ranked.into_iter().map(|(_, _, pointer)| pointer).collect();
        }
    }

    /// What nobody tells the ids of may be another view of what somebody does: `/view/{id}.html` of `/messages/{id}`, where both describe
    /// the parameter in the same words.
    fn unite(&mut self, document: &Document, operations: &[Operation]) {
        let mut described: HashMap<KindId, &Value> = HashMap::new();
        for operation in operations {
            let Some((kind, names)) = self.named.get(&operation.pointer) else { continue };
            let last =
                |parameter: &&Parameter| parameter.place == ParameterLocation::Path && Some(&parameter.name) == names.last();
            let parameter = operation.parameters.iter().find(last);
            let node = parameter.and_then(|parameter| document.json.pointer(&parameter.pointer));
            described.extend(node.filter(|node| node.get("description").is_some()).map(|node| (*kind, node)));
        }
        let is_told = |kind: KindId| !self.kinds[kind].producers.is_empty();
        let same = |one: KindId, other: KindId| {
            self.kinds[one].names == self.kinds[other].names
                && described.get(&one).is_some_and(|it| described.get(&other) == Some(it))
        };
        let views: HashMap<KindId, KindId> = (0..self.kinds.len())
            .filter(|kind| !is_told(*kind))
            .filter_map(|kind| {
                let mut alike = (0..self.kinds.len()).filter(|other| is_told(*other) && same(kind, *other));
                alike.next().filter(|_| alike.next().is_none()).map(|of| (kind, of))
            })
            .collect();
        for (kind, _) in self.named.values_mut() {
            *kind = views.get(kind).copied().unwrap_or(*kind);
        }
        // It is not the resource itself: that there is no view says nothing about what it would be of.
        self.told.values_mut().for_each(|told| told.retain(|(kind, _)| !views.contains_key(kind)));
    }

    fn call_by_nouns(&mut self) {
        for (id, kind) in self.kinds.iter().enumerate().filter(|(_, kind)| !kind.producers.is_empty()) {
            let known = self.by_noun.entry(kind.noun.clone()).or_insert(id);
            if self.kinds[*known].names.len() > kind.names.len() {
                *known = id;
            }
        }
    }

    fn kind(&mut self, segments: &[&str], names: &[String], parent: Option<KindId>) -> KindId {
        let path = normal(segments);
        if let Some(known) = self.by_path.get(&path) {
            return *known;
        }
        let fixed = segments.iter().rev().find(|segment| !segment.contains('{') && !segment.is_empty());
        let noun = singular(&plain(fixed.map_or("", |segment| without_format(segment))));
        self.by_path.insert(path.clone(), self.kinds.len());
        self.kinds.push(Kind { path, names: names.to_vec(), parent, noun, ..Kind::default() });
        self.kinds.len() - 1
    }

    /// The kind of which a path names one, and nothing below it.
    fn of_path(&self, path: &str) -> Option<KindId> {
        self.by_path.get(&normal(&path.split('/').collect::<Vec<_>>())).copied()
    }

    fn tell(&mut self, document: &Document, operations: &[Operation]) {
        let by_id: HashMap<&str, &Operation> = operations.iter().map(|operation| (operation.id.as_str(), operation)).collect();
        let mut collections: HashMap<&str, Vec<KindId>> = HashMap::new();
        let mut shows: HashMap<&str, Vec<KindId>> = HashMap::new();
        for (id, kind) in self.kinds.iter().enumerate() {
            collections.entry(kind.path.rsplit_once('/').map_or("", |(collection, _)| collection)).or_default().push(id);
            kind.shown.iter().for_each(|schema| shows.entry(schema).or_default().push(id));
        }
        // What shows many kinds is an envelope, and says nothing of any.
        shows.retain(|_, kinds| kinds.len() <= MAX_SHOWN);
        let mut all = BTreeMap::new();
        for operation in operations {
            let path = normal(&operation.path.split('/').collect::<Vec<_>>());
            let mut told = Vec::new();
            let method = operation.method.as_str();
            let how = match method {
                "POST" => Some(Tells::Creates),
                "GET" => Some(Tells::Lists),
                _ => None,
            };
            // Some have `/messages` for all and `/message/{id}` for one.
            let one = path.rsplit_once('/').map(|(parent, last)| format!("{parent}/{}", singular(last)));
            let collection = collections.get(path.as_str()).or_else(|| collections.get(one?.as_str()));
            for kind in how.iter().flat_map(|_| collection).flatten() {
                told.extend(how.clone().map(|how| (*kind, how)));
            }
            told.extend(self.by_path.get(&path).map(|kind| (*kind, Tells::Names)));
            if matches!(method, "GET" | "POST" | "PUT") {
                for kind in bodies(document, operation).filter_map(|schema| shows.get(schema.as_str())).flatten() {
                    if told.iter().all(|(known, _)| known != kind) {
                        told.push((*kind, Tells::Shows));
                    }
                }
            }
            for response in operation.responses.values() {
                let links = document.json.pointer(&response.pointer).and_then(|response| response.get("links")?.as_object());
                for name in links.into_iter().flat_map(|links| links.keys()) {
                    let at = format!("{}/links/{}", response.pointer, crate::pointer::escape(name));
                    told.extend(self.link(document, &by_id, &at));
                }
            }
            all.insert(operation.pointer.clone(), told);
        }
        self.told = all;
    }

    /// What a link leads to, and where the values of its parameters come from.
    fn link(&self, document: &Document, by_id: &HashMap<&str, &Operation>, at: &str) -> Option<(KindId, Tells)> {
        let (_, link) = document.resolve(at)?;
        let pointer = match (link.get("operationId"), link.get("operationRef")) {
            (Some(Value::String(id)), _) => &by_id.get(id.as_str())?.pointer,
            (_, Some(Value::String(reference))) => reference.strip_prefix('#')?,
            _ => return None,
        };
        let (kind, names) = self.named.get(pointer)?;
        let parameters = link.get("parameters")?.as_object()?;
        let value = |name: &str| {
            let value = parameters.get(name).or_else(|| parameters.get(&format!("path.{name}")))?.as_str()?;
            Some(value.trim_start_matches('{').trim_end_matches('}').to_owned())
        };
        let own = &self.kinds[*kind].names;
        let sources = names.iter().zip(own).filter_map(|(name, own)| Some((own.clone(), value(name)?)));
        Some((*kind, Tells::Link(sources.collect())))
    }

    /// What the path of an operation names, and its parameters in the order of the kind.
    pub fn named(&self, operation: &Operation) -> Option<(KindId, &[String])> {
        self.named.get(&operation.pointer).map(|(kind, names)| (*kind, names.as_slice()))
    }

    /// Whether the path of an operation names a resource, and nothing below it.
    pub fn is_itself(&self, operation: &Operation) -> bool {
        self.told(operation).iter().any(|(_, tells)| *tells == Tells::Names)
    }

    /// What the answers of an operation tell.
    pub fn told(&self, operation: &Operation) -> &[(KindId, Tells)] {
        self.told.get(&operation.pointer).map_or(&[], Vec::as_slice)
    }

    /// The kinds whose resources are below one of this kind or are of it.
    pub fn within(&self, kind: KindId) -> impl Iterator<Item = KindId> {
        let path = &self.kinds[kind].path;
        let below = format!("{path}/");
        (0..self.kinds.len()).filter(move |other| self.kinds[*other].path == *path || self.kinds[*other].path.starts_with(&below))
    }

    /// The kind that a property or a parameter of this name refers to: `petId` to what `/pets/{id}` names.
    pub fn referred(&self, name: &str) -> Option<KindId> {
        self.of_noun(&stem(name)?)
    }

    /// Another kind whose own parameter has the same name: `label_id` of `/datasets/{id}/labels/{label_id}` may name what
    /// `/dataset_labels/{label_id}` does.
    pub fn named_so(&self, name: &str, kind: KindId) -> Option<KindId> {
        let is_named =
            |other: &KindId| *other != kind && self.kinds[*other].names.len() == 1 && self.kinds[*other].names[0] == name;
        (0..self.kinds.len()).find(|other| !is_plain_id(name) && is_named(other))
    }

    /// The kind with this name: `author` for `/authors/{id}`.
    pub fn called(&self, name: &str) -> Option<KindId> {
        self.of_noun(&singular(&plain(name)))
    }

    /// The kind of this noun. `singular` turns `heroes` into `heroe`, so both forms are tried.
    fn of_noun(&self, noun: &str) -> Option<KindId> {
        self.by_noun.get(noun).or_else(|| self.by_noun.get(&format!("{noun}e"))).copied()
    }

    /// The kind of the resource that the body of an operation names, where its path has only the collection: `PUT /pets` with an `id`.
    pub fn in_body(&self, operation: &Operation) -> Option<KindId> {
        if !matches!(operation.method.as_str(), "PUT" | "PATCH") || self.is_itself(operation) {
            return None;
        }
        (0..self.kinds.len()).find(|kind| self.is_in_collection(*kind, operation) && !self.kinds[*kind].producers.is_empty())
    }

    /// Whether the path of an operation names the collection that resources of a kind are in.
    pub fn is_in_collection(&self, kind: KindId, operation: &Operation) -> bool {
        let path = normal(&operation.path.split('/').collect::<Vec<_>>());
        self.kinds[kind].path.rsplit_once('/').is_some_and(|(collection, last)| collection == path && last == "{}")
    }

    /// Whether a property of this name certainly identifies an object among those of a kind.
    pub fn identifies(&self, kind: KindId, name: &str) -> bool {
        let kind = &self.kinds[kind];
        let last = kind.names.last().map(|last| plain(last)).unwrap_or_default();
        let short = last.strip_prefix(&kind.noun).filter(|short| !short.is_empty()).unwrap_or("id");
        let name = plain(name);
        name == last || name == short && ["id", "uuid", "guid", "key"].contains(&short)
    }

    /// The values of a kind's parameters in the path of a URL, where it names one.
    pub fn in_path(&self, kind: KindId, path: &str) -> Option<Vec<Value>> {
        let path = path.split(['?', '#']).next()?.trim_end_matches('/');
        let (template, segments): (Vec<&str>, Vec<&str>) =
            (self.kinds[kind].path.split('/').collect(), path.split('/').collect());
        if template.len() != segments.len() {
            return None;
        }
        let mut values = Vec::new();
        for (known, segment) in template.into_iter().zip(segments.into_iter().map(without_format)) {
            if known == "{}" {
                let text = percent_encoding::percent_decode_str(segment).decode_utf8().ok()?;
                values.push(Value::String(text.into_owned()));
            } else if known != segment {
                return None;
            }
        }
        Some(values)
    }

    /// What certainly identifies an object among those of a kind: its name is the parameter's, but for the kind's own.
    pub fn own_identifier<'v>(&self, kind: KindId, object: &'v Value) -> Option<&'v Value> {
        let kind = &self.kinds[kind];
        let last = plain(kind.names.last()?);
        let short = kind.short(&last);
        let object = object.as_object()?;
        let named = |wanted: &str| object.iter().find(|(name, _)| plain(name) == wanted).map(|(_, value)| value);
        let id = named(&last).or_else(|| named(short).filter(|_| ["id", "uuid", "guid"].contains(&short)))?;
        (id.is_u64() || id.is_i64() || id.as_str().is_some_and(|text| !text.is_empty())).then_some(id)
    }

    /// What identifies an object among those of a kind.
    pub fn identifier<'v>(&self, kind: KindId, object: &'v Value) -> Option<&'v Value> {
        let kind = &self.kinds[kind];
        let usable = |value: &&Value| value.is_u64() || value.is_i64() || value.as_str().is_some_and(|text| !text.is_empty());
        if let Some(value) = Some(object).filter(usable) {
            return Some(value);
        }
        let object = object.as_object()?;
        let named = |wanted: &str| {
            let mut fitting = object.iter().filter(|(name, _)| plain(name) == wanted);
            fitting.next().map(|(_, value)| value).filter(usable)
        };
        let last = plain(kind.names.last()?);
        let own = format!("{}id", kind.noun);
        // A name such as `userName` may be what the objects call `name`.
        let tails = IDENTIFIERS.iter().filter(|tail| last.ends_with(*tail));
        let tail = tails.into_iter().find_map(|tail| named(tail));
        let id = named(&last)
            .or_else(|| named(&own))
            .or(tail)
            .or_else(|| IDENTIFIERS.iter().find_map(|name| named(name)))
            .or_else(|| named(&kind.noun));
        // A text such as `repo` is hardly a number: it is what the objects are called.
        let is_number = id.is_some_and(Value::is_number) && kind.is_text && !last.ends_with("id");
        let text = || CALLED.iter().find_map(|name| named(name)).filter(|value| value.is_string());
        if is_number { text().or(id) } else { id }
    }

    /// What an item says of a resource that it is below, by the name that the parameter of its path has; not where anything may be called so.
    pub fn parent_of<'v>(&self, item: Option<&'v Value>, name: &str, parent: KindId) -> Option<&'v Value> {
        let wanted = plain(name);
        let mut members = item?.as_object()?.iter().filter(|_| !IDENTIFIERS.contains(&wanted.as_str()));
        let (_, told) = members.find(|(name, _)| plain(name) == wanted)?;
        self.identifier(parent, told)
    }

    /// What an answer calls as the path of a kind calls its last parameter: `partId`, but not `id`, which anything may have.
    pub fn mentioned<'v>(&self, kind: KindId, body: &'v Value) -> Vec<&'v Value> {
        let last = self.kinds[kind].names.last().map(|last| plain(last)).filter(|last| !IDENTIFIERS.contains(&last.as_str()));
        let mut found = Vec::new();
        last.iter().for_each(|last| named_within(body, last, 0, &mut found));
        found.retain(|value| value.is_u64() || value.is_i64() || value.as_str().is_some_and(|text| !text.is_empty()));
        found
    }
}

/// Every value of this name in an answer, however deep.
fn named_within<'v>(value: &'v Value, wanted: &str, depth: usize, found: &mut Vec<&'v Value>) {
    match value {
        Value::Object(object) if depth < MAX_DEPTH => {
            found.extend(object.iter().filter(|(name, _)| plain(name) == wanted).map(|(_, value)| value));
            object.values().for_each(|value| named_within(value, wanted, depth + 1, found));
        }
        Value::Array(items) if depth < MAX_DEPTH => {
            items.iter().for_each(|item| named_within(item, wanted, depth + 1, found));
        }
        _ => {}
    }
}

/// The name of the parameter that is a whole segment, or all of it but an ending such as `:activate` or `.json`.
fn parameter(segment: &str) -> Option<&str> {
    let (name, rest) = without_format(segment).strip_prefix('{')?.split_once('}')?;
    (rest.is_empty() || rest.starts_with(':')).then_some(name)
}

/// A segment without the format that the answer shall have: `/users/{id}.json` is a user of `/users.json`.
fn without_format(segment: &str) -> &str {
    [".html", ".json", ".txt", ".xml"].iter().find_map(|format| segment.strip_suffix(format)).unwrap_or(segment)
}

/// A path template without the names of its parameters.
fn normal(segments: &[&str]) -> String {
    let each = segments.iter().map(|segment| without_format(segment)).map(|segment| match segment.split_once('}') {
        Some((before, rest)) if before.starts_with('{') => format!("{{}}{rest}"),
        _ => segment.to_owned(),
    });
    let path = each.collect::<Vec<_>>().join("/");
    path.strip_suffix('/').map_or(path.clone(), str::to_owned)
}

/// A name without what conventions put between its words.
pub(crate) fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// One of them.
pub(crate) fn singular(name: &str) -> String {
    if let Some(stem) = name.strip_suffix("ies") {
        return format!("{stem}y");
    }
    let endings = ["sses", "shes", "ches", "xes"];
    if endings.iter().any(|ending| name.ends_with(ending)) {
        return name[..name.len() - 2].to_owned();
    }
    if name.ends_with("ss") || name.ends_with("us") { name.to_owned() } else { name.strip_suffix('s').unwrap_or(name).to_owned() }
}

/// What a name such as `petId` or `petIds` says whose identifier it is.
fn stem(name: &str) -> Option<String> {
    let name = plain(name);
    let stem = ["id", "uuid", "guid", "key", "slug", "ids", "uuids", "guids"]
        .into_iter()
        .filter_map(|tail| name.strip_suffix(tail))
        .min_by_key(|stem| stem.len())?;
    (!stem.is_empty()).then(|| singular(stem))
}

/// The schemas that the successes of an operation show, of their items where they are lists.
fn bodies(document: &Document, operation: &Operation) -> impl Iterator<Item = String> {
    let successes = operation.responses.iter().filter(|(status, _)| status.starts_with('2')).map(|(_, response)| response);
    let schemas = successes.flat_map(|response| response.media_types.iter().filter_map(|(_, schema)| schema.clone()));
    schemas.flat_map(move |schema| shown(document, &schema, 0)).filter(|at| at.starts_with("/components/"))
}

fn shown(document: &Document, at: &str, depth: usize) -> Vec<String> {
    let Some((at, schema)) = document.resolve(at).filter(|_| depth < 3) else { return Vec::new() };
    if schema.get("items").is_some() {
        return shown(document, &format!("{at}/items"), depth + 1);
    }
    let mut all = vec![at.clone()];
    // A page of a list, or an envelope.
    for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let wraps = ["data", "result", "item", "items", "results", "content", "value", "values"].contains(&name.as_str());
        if property.get("items").is_some() || wraps {
            all.extend(shown(document, &format!("{at}/properties/{}", crate::pointer::escape(name)), depth + 1));
        }
    }
    all
}

/// Whether a parameter of this name may be that of anything.
pub(crate) fn is_plain_id(name: &str) -> bool {
    ["id", "key", "name", "uuid"].contains(&name.to_lowercase().as_str())
}

/// Where an operation's requests have a value that refers to a resource: a parameter or a property of the body.
pub(crate) fn is_reference(place: &str) -> Option<&str> {
    let mut segments = place.strip_prefix('/')?.split('/');
    let (root, name) = (segments.next()?, segments.next()?);
    let known = root == "body" || root == ParameterLocation::Query.name();
    (known && segments.next().is_none()).then_some(name)
}

/// Whether a property or a parameter of this name may refer to something, by the name alone.
pub(crate) fn may_refer(name: &str) -> bool {
    stem(name).is_some() || is_cursor(name)
}

/// Whether a property or a parameter of this name says where a page begins.
pub(crate) fn is_cursor(name: &str) -> bool {
    CURSORS.contains(&plain(name).as_str())
}

/// What says where a page begins, in words that only the server knows.
const CURSORS: [&str; 7] = ["continue", "continuation", "continuationtoken", "cursor", "marker", "nexttoken", "pagetoken"];

/// What [`is_reference`] says, for an item of a list: `/body/author_ids/*` and `/body/author_ids/0` are about `author_ids`.
pub(crate) fn is_listed_reference(place: &str) -> Option<&str> {
    let (list, item) = place.rsplit_once('/')?;
    is_reference(list).filter(|_| item == "*" || item.parse::<usize>().is_ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn resources(document: &Value) -> (Document, Resources) {
        let document = Document::parse("test.json", document.to_string()).unwrap();
        let resources = Resources::of(&document, &document.operations());
        (document, resources)
    }

    #[test]
    fn who_refers_to_a_resource_may_call_it_by_its_kind() {
        let id = json!([{"name": "heroId", "in": "path", "required": true, "schema": {"type": "integer"}}]);
        let made = json!({"201": {"description": "", "content": {"application/json": {"schema": {"type": "object"}}}}});
        let document = json!({
            "openapi": "3.1.0", "info": {"title": "Heroes", "version": "1"},
            "paths": {
                "/heroes": {"post": {"operationId": "add", "responses": made}},
                "/heroes/{heroId}": {"parameters": id, "get": {"operationId": "get", "responses": {}}}
            }
        });
        let (_, resources) = resources(&document);
        assert_eq!(resources.referred("hero_id"), Some(0));
        assert_eq!(resources.called("hero"), Some(0));
        assert_eq!(resources.called("villain"), None);
    }

    fn shop() -> Value {
        let id = |name: &str| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}});
        let pet = json!({"description": "", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}});
        let pets = json!({"description": "", "content": {"application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Pet"}}}}});
        json!({
            "openapi": "3.1.0", "info": {"title": "Shop", "version": "1"},
            "paths": {
                "/pet": {"post": {"operationId": "add", "responses": {"201": pet}}},
                "/pet/find": {"get": {"operationId": "find", "responses": {"200": pets}}},
                "/pet/{petId}": {"parameters": [id("petId")], "get": {"operationId": "get", "responses": {"200": pet}}},
                "/pet/{pet}/photos": {"parameters": [id("pet")], "post": {"operationId": "photo", "responses": {"201": {
                    "description": "",
                    "links": {"it": {"operationId": "seePhoto", "parameters": {"pet": "$request.path.pet", "name": "$response.body#/file"}}},
                }}}},
                "/pet/{id}/photos/{name}": {"parameters": [id("id"), id("name")], "get": {"operationId": "seePhoto", "responses": {"200": {"description": ""}}}},
            },
            "components": {"schemas": {"Pet": {"type": "object", "properties": {"id": {"type": "string"}}}}},
        })
    }

    #[test]
    fn who_tells_ids_is_found_by_paths_schemas_and_links() {
        let (_, resources) = resources(&shop());
        let paths: Vec<&str> = resources.kinds.iter().map(|kind| kind.path.as_str()).collect();
        assert_eq!(paths, ["/pet/{}", "/pet/{}/photos/{}"]);
        let producers = |kind: usize| resources.kinds[kind].producers.clone();
        assert_eq!(producers(0), ["/paths/~1pet/post", "/paths/~1pet~1find/get"]);
        assert_eq!(producers(1)[0], "/paths/~1pet~1{pet}~1photos/post");
    }

    #[test]
    fn an_id_has_many_names() {
        let (_, resources) = resources(&shop());
        let id = |object: &Value| resources.identifier(0, object).cloned();
        assert_eq!(id(&json!({"name": "a", "id": 7})), Some(json!(7)));
        assert_eq!(id(&json!({"id": "a", "pet_id": "b"})), Some(json!("b")));
        assert_eq!(id(&json!({"name": "a"})), Some(json!("a")));
        assert_eq!(id(&json!("a")), Some(json!("a")));
        assert_eq!(id(&json!({"id": null, "tags": []})), None);
        assert_eq!(resources.referred("petId"), Some(0));
        assert_eq!(resources.referred("pet_id"), Some(0));
        assert_eq!(resources.referred("id"), None);
        let hero = Kind { noun: singular("heroes"), ..Kind::default() };
        assert_eq!([hero.short("heroid"), hero.short("hero"), hero.short("id")], ["id", "hero", "id"]);
    }

    #[test]
    fn a_location_names_the_resource() {
        let (_, resources) = resources(&shop());
        assert_eq!(resources.in_path(1, "/pet/1/photos/a%20b?x=1"), Some(vec![json!("1"), json!("a b")]));
        assert_eq!(resources.in_path(0, "/pets/1"), None);
    }

    #[test]
    fn one_of_many_may_have_a_path_in_the_singular() {
        let id = json!({"name": "ID", "in": "path", "required": true, "schema": {"type": "string"}});
        let document = json!({
            "openapi": "3.1.0", "info": {"title": "Mail", "version": "1"},
            "paths": {
                "/v1/message/{ID}": {"parameters": [id], "get": {"responses": {"200": {"description": ""}}}},
                "/v1/messages": {"get": {"responses": {"200": {"description": ""}}}},
                "/v2/messages": {"get": {"responses": {"200": {"description": ""}}}},
            },
        });
        let (_, resources) = resources(&document);
        assert_eq!(resources.kinds[0].producers, ["/paths/~1v1~1messages/get"]);
    }

    #[test]
    fn a_view_of_a_resource_gets_its_ids_and_a_part_of_it_is_named_in_it() {
        let parameter = |name: &str, text: &str| json!({"name": name, "in": "path", "required": true, "description": text, "schema": {"type": "string"}});
        let (id, part) = (parameter("ID", "The message."), parameter("PartID", "Its part."));
        let answers = json!({"responses": {"200": {"description": ""}}});
        let document = |view: &Value| {
            json!({
                "openapi": "3.1.0", "info": {"title": "Mail", "version": "1"},
                "paths": {
                    "/messages": {"get": answers},
                    "/message/{ID}": {"parameters": [id], "get": answers},
                    "/message/{ID}/part/{PartID}": {"parameters": [id, part], "get": answers},
                    "/view/{ID}.html": {"parameters": [view], "get": answers},
                },
            })
        };
        let of_view = |view: &Value| {
            let (document, resources) = resources(&document(view));
            let operations = document.operations();
            let view = operations.iter().find(|operation| operation.path.starts_with("/view")).unwrap();
            let message = operations.iter().find(|operation| operation.path == "/message/{ID}").unwrap();
            assert!(!resources.is_itself(view) || resources.named(view) != resources.named(message));
            resources.named(view).map(|(kind, _)| kind) == resources.named(message).map(|(kind, _)| kind)
        };
        assert!(of_view(&id));
        assert!(!of_view(&parameter("ID", "The report.")), "that may be of anything");
        let (_, resources) = resources(&document(&id));
        let kind = |path: &str| resources.kinds.iter().position(|kind| kind.path == path).unwrap();
        let body = json!({"ID": "a", "Attachments": [{"PartID": "2", "Size": 7}, {"PartID": "", "Inline": {"part_id": 3}}]});
        assert_eq!(resources.mentioned(kind("/message/{}/part/{}"), &body), [&json!("2"), &json!(3)]);
        assert!(resources.mentioned(kind("/message/{}"), &body).is_empty(), "anything may have an id");
    }

    #[test]
    fn an_envelope_shows_nothing_of_what_is_in_it() {
        let told = |kinds: usize| {
            let answer = json!({"responses": {"200": {"description": "", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Response"}}}}}});
            let parameter = json!({"name": "id", "in": "path", "required": true, "schema": {"type": "string"}});
            let one = |number: usize| (format!("/k{number}/{{id}}"), json!({"parameters": [parameter], "get": answer}));
            let paths: serde_json::Map<String, Value> =
                (0..kinds).map(one).chain([("/about".to_owned(), json!({"get": answer}))]).collect();
            let (document, resources) = resources(&json!({
                "openapi": "3.1.0", "info": {"title": "Things", "version": "1"}, "paths": paths,
                "components": {"schemas": {"Response": {"type": "object", "properties": {"data": {}}}}},
            }));
            let about = document.operations().into_iter().find(|operation| operation.path == "/about").unwrap();
            resources.told(&about).len()
        };
        assert_eq!([told(1), told(3), told(4)], [1, 3, 0]);
    }

    #[test]
    fn nouns_are_singular() {
        for (many, one) in
            [("pets", "pet"), ("categories", "category"), ("boxes", "box"), ("addresses", "address"), ("status", "status")]
        {
            assert_eq!(singular(many), one);
        }
    }
}
