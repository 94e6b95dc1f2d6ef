//! The operations of a document.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value, json};

use super::{
    document::Document,
    form::{self, Writing},
    servers,
    style::{Serialization, Style},
};
use crate::{pointer::escape, schema::Uncovered, text::word};

/// An operation of the document.
#[derive(Debug, Clone)]
pub struct Operation {
    /// `operationId`, or method and path.
    pub id: String,
    /// Where it stands in the document.
    pub pointer: String,
    /// The HTTP method, in capitals.
    pub method: String,
    /// The path template, below the servers of the document.
    pub path: String,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) body: Option<Body>,
    /// Why no valid request can be made, where none can.
    pub(crate) untestable: Option<String>,
    /// Whether it has a parameter that is not generated, so that its requests are not modelled as a whole.
    pub(crate) partial: bool,
    pub(crate) responses: BTreeMap<String, ResponseSpec>,
    /// What it asks a caller for; none where anybody may call it.
    pub(crate) security: Option<Security>,
    pub(crate) uncovered: Vec<Uncovered>,
    /// The templates of other paths that have something of their own where this one has a parameter.
    pub(crate) others: Vec<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    pub name: String,
    pub place: ParameterLocation,
    pub required: bool,
    pub serialization: Serialization,
    pub pointer: String,
    /// Where its schema stands in the document.
    pub schema: String,
    /// Whether it may be given without a value (`allowEmptyValue`).
    pub may_be_empty: bool,
}

impl Parameter {
    /// Where its value is in an instance, as a JSON Pointer.
    pub fn at(&self) -> String {
        format!("/{}/{}", self.place.name(), escape(&self.name))
    }

    /// Whether a request can have only one of both: names of headers are the same in any letter case (RFC 9110, section 5.1).
    fn is_same(&self, other: &Self) -> bool {
        let same_name = match self.place {
            ParameterLocation::Header => self.name.eq_ignore_ascii_case(&other.name),
            _ => self.name == other.name,
        };
        self.place == other.place && same_name
    }
}

/// Where a parameter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ParameterLocation {
    Path,
    Query,
    Header,
    Cookie,
}

impl ParameterLocation {
    pub const ALL: [Self; 4] = [Self::Path, Self::Query, Self::Header, Self::Cookie];

    pub fn name(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
            Self::Cookie => "cookie",
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Body {
    pub required: bool,
    pub pointer: String,
    /// Media types with the pointer of their schema: those that the engine can write.
    pub media_types: Vec<(String, String)>,
    /// Those of them whose schema is one of texts.
    texts: BTreeSet<String>,
}

impl Body {
    /// How a body of a media type is written, and what this is called on the wire: of a range one that is in it.
    pub fn written(&self, media_type: &str) -> Option<(Writing, String)> {
        let is_text = self.texts.contains(media_type);
        Some((Writing::of(media_type, is_text)?, form::sent(media_type, is_text)))
    }
}

/// Why something is not covered that a reference should lead to.
const NOTHING: &str = "a reference to nothing";

#[derive(Debug, Clone)]
pub(crate) struct ResponseSpec {
    pub pointer: String,
    /// Whether there is a description of it: not where a reference leads to nothing.
    pub is_known: bool,
    /// Media types with the pointer of their schema, where there is one.
    pub media_types: Vec<(String, Option<String>)>,
    pub headers: Vec<HeaderSpec>,
}

impl ResponseSpec {
    /// The media type of the document that says most about this one: itself before a range (OpenAPI 3.1, section 4.8.17.1), and with
    /// its parameters before one that has others.
    pub fn of_media_type(&self, media_type: &str) -> Option<&(String, Option<String>)> {
        let known = self.media_types.iter().filter(|(known, _)| takes_in(known, media_type));
        let given = parameters(media_type);
        known.min_by_key(|(known, _)| {
            let own = parameters(known);
            (essence(known).matches('*').count(), own.difference(&given).count(), given.difference(&own).count())
        })
    }
}

#[derive(Debug, Clone)]
pub(crate) struct HeaderSpec {
    pub name: String,
    pub required: bool,
    pub pointer: String,
    pub schema: Option<String>,
    /// Whether the members of an object are written as `name=value`.
    pub explode: bool,
    /// Whether its text is JSON, as its `content` says.
    pub is_json: bool,
}

/// Who may call an operation (OpenAPI 3.1, section 4.8.30).
#[derive(Debug, Clone)]
pub(crate) struct Security {
    pub pointer: String,
    /// Each is enough by itself, and of each every requirement must be met.
    pub requirements: Vec<Vec<Requirement>>,
    /// The scopes of the first.
    pub scopes: Vec<String>,
    /// The scopes of each other requirement that is as good.
    pub alternatives: Vec<Vec<String>>,
    /// Whether the first is a bearer token alone, which the engine knows how to make and spoil.
    pub bearer: bool,
}

/// One scheme that a caller must satisfy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Requirement {
    /// What the document calls the scheme.
    pub name: String,
    pub scheme: Scheme,
    pub scopes: Vec<String>,
}

impl Security {
    /// Whether every alternative sends an API key in the place of this parameter.
    fn always_sends(&self, parameter: &Parameter) -> bool {
        let is_key = |requirement: &Requirement| match &requirement.scheme {
            Scheme::ApiKey { place, name } if *place == parameter.place => match place {
                ParameterLocation::Header => name.eq_ignore_ascii_case(&parameter.name),
                _ => *name == parameter.name,
            },
            _ => false,
        };
        !self.requirements.is_empty() && self.requirements.iter().all(|all| all.iter().any(is_key))
    }
}

/// A way to authenticate (OpenAPI 3.1, section 4.8.27).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// `http` with `bearer`, `oauth2` and `openIdConnect`.
    Bearer,
    /// `http` with `basic`.
    Basic,
    ApiKey {
        place: ParameterLocation,
        name: String,
    },
    /// The connection authenticates the caller.
    MutualTls,
    /// Another scheme of HTTP, or one that the document does not define.
    Other,
}

/// Headers that must be true of the bytes that are sent (RFC 9110, section 8; RFC 9112).
const OF_THE_MESSAGE: [&str; 6] = ["connection", "content-encoding", "content-length", "host", "te", "transfer-encoding"];

/// The methods that every server knows (OpenAPI 3.1, section 4.8.9.1).
pub(crate) const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// A path template without the query that it may have.
pub(crate) fn without_query(path: &str) -> &str {
    path.split('?').next().unwrap_or_default()
}

/// The pairs in the query of a path template, each with its name.
fn query_of(path: &str) -> impl Iterator<Item = (&str, &str)> {
    let query = path.split_once('?').map_or("", |(_, query)| query);
    query.split('&').map(|pair| (pair, pair.split('=').next().unwrap_or_default()))
}

/// A path template without what its query names in braces, where that is described as a parameter of the query.
pub(super) fn without_pairs(path: &str, described: impl Fn(&str) -> bool) -> String {
    let left = query_of(path).filter(|(pair, name)| !(pair.contains('{') && described(name))).map(|(pair, _)| pair);
    let query = left.collect::<Vec<_>>().join("&");
    if query.is_empty() { without_query(path).to_owned() } else { format!("{}?{query}", without_query(path)) }
}

/// The templates of a document, each with how many segments it has, and by what stands before its first parameter.
#[derive(Default)]
struct Templates {
    all: BTreeSet<(usize, String)>,
    by_beginning: HashMap<(usize, String), BTreeSet<String>>,
}

impl Templates {
    fn of<'p>(paths: impl Iterator<Item = &'p str>) -> Self {
        let mut templates = Self::default();
        for path in paths {
            let count = path.split('/').count();
            if templates.all.insert((count, path.to_owned())) && path.contains('{') {
                templates.by_beginning.entry((count, beginning(path).to_owned())).or_default().insert(path.to_owned());
            }
        }
        templates
    }

    /// Those that may take paths of a template and have text where it has only a parameter. What has other text before the first
    /// parameter of either takes none of them, so that not all are looked at.
    fn more_special(&self, path: &str) -> Vec<String> {
        let (count, beginning) = (path.split('/').count(), beginning(path));
        let from = (count, beginning.to_owned());
        let below = self
            .all
            .range(from..)
            .map_while(|(other_count, other)| (*other_count == count && other.starts_with(beginning)).then_some(other));
        let ends = beginning.match_indices('/').map(|(at, _)| at + 1).filter(|end| *end < beginning.len());
        let above = ends.filter_map(|end| self.by_beginning.get(&(count, beginning[..end].to_owned()))).flatten();
        below.chain(above).filter(|other| is_more_special(other, path)).cloned().collect()
    }
}

/// The segments of a template before the first that has a parameter, and the `/` after them.
fn beginning(path: &str) -> &str {
    path.find('{').and_then(|at| path[..at].rfind('/')).map_or(path, |end| &path[..=end])
}

/// Whether a template may take the path of another one, and has text where that has only a parameter.
fn is_more_special(one: &str, other: &str) -> bool {
    let is_parameter = |segment: &str| segment.starts_with('{') && segment.find('}') == Some(segment.len() - 1);
    let mut has_text = false;
    let may_meet = one.split('/').zip(other.split('/')).all(|(one, other)| {
        has_text |= is_parameter(other) && !is_parameter(one);
        one == other || one.contains('{') || other.contains('{')
    });
    may_meet && has_text
}

/// Whether a segment of a path is one of this segment of a template.
fn takes(template: &str, text: &str) -> bool {
    let mut parts = template
        .split('{')
        .enumerate()
        .map(|(index, part)| if index == 0 { part } else { part.split_once('}').map_or(part, |(_, after)| after) });
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    if !template.contains('{') {
        return rest.is_empty();
    }
    let parts: Vec<&str> = parts.collect();
    for (index, part) in parts.iter().enumerate() {
        let found =
            if index + 1 == parts.len() { rest.ends_with(part).then(|| rest.len() - part.len()) } else { rest.find(part) };
        // A parameter has a text.
        let Some(at) = found.filter(|at| *at > 0) else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

/// Operations of OpenAPI 3.2 by methods that have no field of their own.
pub(super) const ADDITIONAL: &str = "additionalOperations";

impl Document {
    /// Every operation, in the order of the document.
    pub fn operations(&self) -> Vec<Operation> {
        let mut operations = Vec::new();
        for (path, item) in self.json.get("paths").and_then(Value::as_object).into_iter().flatten() {
            let at = format!("/paths/{}", escape(path));
            let (at, item) = self.resolve(&at).unwrap_or((at, item));
            let fixed = METHODS
                .into_iter()
                .chain(["query"])
                .filter_map(|name| self.operation(path, &at, (format!("{at}/{name}"), name.to_uppercase()), item.get(name)?));
            operations.extend(fixed);
            let others = item.get(ADDITIONAL).and_then(Value::as_object).into_iter().flatten();
            operations.extend(others.filter_map(|(method, node)| {
                self.operation(path, &at, (format!("{at}/{ADDITIONAL}/{}", escape(method)), method.clone()), node)
            }));
        }
        // The same path with other names is the same path (OpenAPI 3.1, section 4.8.8): of two operations there is one.
        let mut first: HashMap<(String, String), String> = HashMap::new();
        for operation in &mut operations {
            let path = with_each(&operation.path, "{}");
            let known = first.entry((operation.method.clone(), path)).or_insert_with(|| operation.path.clone());
            if *known != operation.path {
                operation.untestable.get_or_insert_with(|| format!("its path is that of {known}, which is tested"));
            }
        }
        let templates = Templates::of(operations.iter().map(|operation| without_query(&operation.path)));
        let mut known: HashMap<String, Vec<String>> = HashMap::new();
        for operation in operations.iter_mut().filter(|operation| operation.path.contains('{')) {
            let path = without_query(&operation.path);
            operation.others = known.entry(path.to_owned()).or_insert_with(|| templates.more_special(path)).clone();
        }
        operations
    }

    fn operation(&self, path: &str, item: &str, (pointer, method): (String, String), node: &Value) -> Option<Operation> {
        let mut uncovered = Vec::new();
        let (mut untestable, mut partial) = (None, false);
        let mut parameters: Vec<Parameter> = Vec::new();
        for list in [format!("{item}/parameters"), format!("{pointer}/parameters")] {
            for index in 0..self.json.pointer(&list).and_then(Value::as_array).map_or(0, Vec::len) {
                match self.parameter(&format!("{list}/{index}")) {
                    Ok(Some(parameter))
                        if parameter.place == ParameterLocation::Path && !path_names(path).any(|name| name == parameter.name) =>
                    {
                        let reason = "the path has no parameter of this name".to_owned();
                        uncovered.push(Uncovered { pointer: parameter.pointer, reason });
                    }
                    Ok(Some(parameter)) => {
                        parameters.retain(|other| !other.is_same(&parameter));
                        parameters.push(parameter);
                    }
                    Ok(None) => {}
                    Err((gap, required)) => {
                        partial = true;
                        if required {
                            untestable.get_or_insert_with(|| format!("it needs {}", gap.reason));
                        }
                        uncovered.push(gap);
                    }
                }
            }
        }
        if !path.starts_with('/') {
            untestable.get_or_insert_with(|| "its path does not begin with a slash".to_owned());
        }
        if path.contains('#') {
            untestable.get_or_insert_with(|| "its path has a fragment, which no client sends".to_owned());
        }
        let below = servers::below(&self.json, item, &pointer).unwrap_or_else(|reason| {
            untestable.get_or_insert(reason);
            String::new()
        });
        let id = node.get("operationId").and_then(Value::as_str).map_or_else(|| format!("{method} {path}"), str::to_owned);
        let is_in_query = |parameter: &Parameter| parameter.place == ParameterLocation::Query;
        let path = &without_pairs(path, |name| parameters.iter().any(|it| is_in_query(it) && it.name == name));
        let is_given = |it: &Parameter| is_in_query(it) && query_of(path).any(|(_, name)| name == it.name);
        for parameter in parameters.extract_if(.., |parameter| is_given(parameter)) {
            let reason = "the path itself gives this parameter its value".to_owned();
            uncovered.push(Uncovered { pointer: parameter.pointer, reason });
        }
        for name in path_names(path) {
            let known = parameters.iter().any(|parameter| parameter.place == ParameterLocation::Path && parameter.name == name);
            if !known && untestable.is_none() {
                untestable = Some(format!("its path has a parameter {name} that the document does not describe"));
            }
        }
        let body = node.get("requestBody").and_then(|_| self.body(&format!("{pointer}/requestBody"), &mut uncovered));
        let required =
            self.resolve(&format!("{pointer}/requestBody")).is_some_and(|(_, body)| body.get("required") == Some(&json!(true)));
        if required && body.is_none() {
            untestable.get_or_insert_with(|| "it needs a body of a kind that is not generated".to_owned());
        }
        let mut responses = BTreeMap::new();
        if node.get("responses").and_then(Value::as_object).is_none_or(Map::is_empty) {
            uncovered.push(Uncovered { pointer: pointer.clone(), reason: "no answer is documented".to_owned() });
        }
        for status in node.get("responses").and_then(Value::as_object).into_iter().flat_map(Map::keys) {
            match self.resolve(&format!("{pointer}/responses/{}", escape(status))) {
                Some((at, _)) => {
                    let response = self.response(&at);
                    uncovered.extend(self.unread(&response));
                    responses.insert(status.to_uppercase(), response);
                }
                // It is documented, and nobody knows as what.
                None => {
                    let at = format!("{pointer}/responses/{}", escape(status));
                    let unknown =
                        ResponseSpec { pointer: at.clone(), is_known: false, media_types: Vec::new(), headers: Vec::new() };
                    responses.insert(status.to_uppercase(), unknown);
                    uncovered.push(Uncovered { pointer: at, reason: NOTHING.to_owned() });
                }
            }
        }
        let security = self.security(&pointer);
        if let Some(security) = &security {
            let (keys, others) = parameters.into_iter().partition(|parameter| security.always_sends(parameter));
            parameters = others;
            let reason = "the parameter is the API key, and sent as that".to_owned();
            let gap = |key: Parameter| Uncovered { pointer: key.pointer, reason: reason.clone() };
            uncovered.extend(Vec::into_iter(keys).map(gap));
        }
        Some(Operation {
            id,
            pointer,
            method,
            path: below + path.as_str(),
            parameters,
            body,
            untestable,
            partial,
            responses,
            security,
            uncovered,
            others: Vec::new(),
        })
    }

    /// Whether a reference leads to the network: what is there may be a parameter that nobody needs.
    fn is_remote(&self, at: &str) -> bool {
        let reference = self.json.pointer(at).and_then(|node| node.get("$ref")?.as_str());
        reference.is_some_and(|reference| reference.starts_with("http://") || reference.starts_with("https://"))
    }

    /// A parameter; none where it is described elsewhere; or what of it is not generated, and whether it is required.
    fn parameter(&self, at: &str) -> Result<Option<Parameter>, (Uncovered, bool)> {
        let gap = |at: &str, reason: &str| Uncovered { pointer: at.to_owned(), reason: reason.to_owned() };
        let (at, node) = self.resolve(at).ok_or_else(|| (gap(at, NOTHING), !self.is_remote(at)))?;
        let required = node.get("required") == Some(&json!(true));
        let unsupported = |reason: &str| (gap(&at, reason), required);
        let name = node.get("name").and_then(Value::as_str).ok_or_else(|| unsupported("a parameter without a name"))?;
        let place = location(node).ok_or_else(|| unsupported("a parameter with an unknown `in`"))?;
        if place == ParameterLocation::Header
            && ["accept", "content-type", "authorization"].contains(&name.to_lowercase().as_str())
        {
            return Ok(None); // OpenAPI 3.1, section 4.8.12.1: described elsewhere, ignored here.
        }
        if matches!(place, ParameterLocation::Header | ParameterLocation::Cookie) && !is_token(name) {
            return Err(unsupported("a name that HTTP does not allow"));
        }
        if place == ParameterLocation::Header && OF_THE_MESSAGE.contains(&name.to_lowercase().as_str()) {
            return Err(unsupported("a header that says how the message itself is sent"));
        }
        let content = node.get("content").and_then(Value::as_object).and_then(|content| content.keys().next());
        let (schema, serialization) = match content {
            Some(media_type) if is_json(media_type) => {
                (format!("{at}/content/{}/schema", escape(media_type)), Serialization { style: Style::Json, explode: false })
            }
            Some(_) => return Err(unsupported("a parameter with `content` that is not JSON")),
            None => {
                let style = Style::of(node, place).ok_or_else(|| unsupported("a parameter with a style that it cannot have"))?;
                (format!("{at}/schema"), Serialization::of(node, style))
            }
        };
        if self.json.pointer(&schema).is_none() {
            return Err(unsupported("a parameter without a schema"));
        }
        let may_be_empty = place == ParameterLocation::Query && node.get("allowEmptyValue") == Some(&json!(true));
        Ok(Some(Parameter { name: name.to_owned(), place, required, serialization, pointer: at, schema, may_be_empty }))
    }

    fn body(&self, at: &str, uncovered: &mut Vec<Uncovered>) -> Option<Body> {
        let (pointer, node) = self.resolve(at)?;
        let (mut media_types, mut texts) = (Vec::new(), BTreeSet::new());
        for name in node.get("content").and_then(Value::as_object).into_iter().flat_map(Map::keys) {
            let at = format!("{pointer}/content/{}", escape(name));
            let schema = format!("{at}/schema");
            let is_text = self.is_text(&schema);
            let asks_of_sample = form::sample(&essence(&form::sent(name, is_text))).is_some() && self.asks(&schema);
            let writing = Writing::of(name, is_text);
            let is_unwritten = match writing {
                // A text has no way to hold an object that all servers read.
                Some(Writing::Text) => self.is_structure(&schema),
                Some(Writing::Form | Writing::Multipart) => self.is_no_object(&schema),
                other => other.is_none(),
            };
            if is_unwritten || asks_of_sample {
                uncovered
                    .push(Uncovered { pointer: at, reason: "a body of a media type that the engine cannot write".to_owned() });
            } else if self.json.pointer(&schema).is_some() {
                media_types.push((name.clone(), schema));
                texts.extend(is_text.then(|| name.clone()));
            }
        }
        let required = node.get("required") == Some(&json!(true));
        (!media_types.is_empty()).then_some(Body { required, pointer, media_types, texts })
    }

    /// Whether what this schema is of is written as a text, or as bytes; also where it says nothing of that.
    fn is_text(&self, schema: &str) -> bool {
        let Some((_, schema)) = self.resolve(schema) else { return true };
        match schema.get("type") {
            Some(kind) => may_be_text(kind),
            None => {
                !["properties", "items", "enum", "const", "allOf", "anyOf", "oneOf"].iter().any(|it| schema.get(it).is_some())
            }
        }
    }

    /// Whether a schema is of objects or lists only.
    fn is_structure(&self, schema: &str) -> bool {
        let is_one = |kind: &Value| kind == "object" || kind == "array";
        match self.resolve(schema).map(|(_, schema)| (schema.get("type"), schema)) {
            Some((Some(Value::Array(types)), _)) => types.iter().all(is_one),
            Some((Some(one), _)) => is_one(one),
            Some((None, schema)) => schema.get("properties").is_some(),
            None => false,
        }
    }

    /// Whether a schema has a type, and that is not of objects: no form has such a value.
    fn is_no_object(&self, schema: &str) -> bool {
        match self.resolve(schema).and_then(|(_, schema)| schema.get("type")) {
            Some(Value::Array(types)) => !types.contains(&json!("object")),
            kind => kind.is_some_and(|kind| kind != "object"),
        }
    }

    /// Whether a schema asks more than that there is a text.
    fn asks(&self, schema: &str) -> bool {
        let schema = self.resolve(schema).and_then(|(_, schema)| schema.as_object());
        schema.is_some_and(|schema| {
            !schema.get("type").is_none_or(may_be_text) || schema.keys().any(|keyword| ASKING.contains(&keyword.as_str()))
        })
    }

    fn response(&self, pointer: &str) -> ResponseSpec {
        let node = self.json.pointer(pointer);
        let keys = |name: &str| {
            let object = node.and_then(|node| node.get(name)).and_then(Value::as_object);
            object.into_iter().flat_map(Map::keys).cloned().collect::<Vec<_>>()
        };
        let media_types = keys("content").into_iter().map(|name| {
            let schema = format!("{pointer}/content/{}/schema", escape(&name));
            let known = self.json.pointer(&schema).is_some();
            (name, known.then_some(schema))
        });
        let headers = keys("headers").into_iter().filter_map(|name| {
            if name.eq_ignore_ascii_case("content-type") {
                return None; // OpenAPI 3.1, section 4.8.17.1: what the media type is, `content` says.
            }
            let (at, header) = self.resolve(&format!("{pointer}/headers/{}", escape(&name)))?;
            let content = header.get("content").and_then(Value::as_object).and_then(|content| content.keys().next());
            let schema = match content {
                Some(media_type) if !is_json(media_type) => None,
                Some(media_type) => Some(format!("{at}/content/{}/schema", escape(media_type))),
                None => Some(format!("{at}/schema")),
            };
            let schema = schema.filter(|schema| self.json.pointer(schema).is_some());
            let is = |key: &str| header.get(key) == Some(&json!(true));
            let (required, explode, is_json) = (is("required"), is("explode"), content.is_some());
            Some(HeaderSpec { name, required, explode, is_json, pointer: at, schema })
        });
        ResponseSpec {
            pointer: pointer.to_owned(),
            is_known: true,
            media_types: media_types.collect(),
            headers: headers.collect(),
        }
    }

    /// The schemas of bodies that are not JSON and ask more than that there is a text: nobody reads them.
    fn unread(&self, response: &ResponseSpec) -> Vec<Uncovered> {
        let others = response.media_types.iter().filter(|(name, _)| !is_json(name)).filter_map(|(_, schema)| schema.as_ref());
        let asking = others.filter(|schema| self.asks(schema));
        let reason = "the body of a response that is not JSON is not compared with its schema";
        let mut unread: Vec<Uncovered> =
            asking.map(|schema| Uncovered { pointer: schema.clone(), reason: reason.to_owned() }).collect();
        for (name, _) in &response.media_types {
            let items = format!("{}/content/{}/itemSchema", response.pointer, escape(name));
            if self.json.pointer(&items).is_some() {
                let reason = "the items of a stream are not compared with their schema".to_owned();
                unread.push(Uncovered { pointer: items, reason });
            }
        }
        unread
    }

    fn security(&self, operation: &str) -> Option<Security> {
        let own = format!("{operation}/security");
        let at = if self.json.pointer(&own).is_some() { own } else { "/security".to_owned() };
        let listed = self.json.pointer(&at)?.as_array()?;
        if listed.is_empty() || listed.iter().any(|requirement| requirement.as_object().is_none_or(Map::is_empty)) {
            return None; // `{}` makes it optional.
        }
        let requirement = |(name, scopes): (&String, &Value)| Requirement {
            name: name.clone(),
            scheme: self.scheme(name),
            scopes: names(scopes),
        };
        let requirements: Vec<Vec<Requirement>> =
            listed.iter().filter_map(Value::as_object).map(|all| with_one_token(all.iter().map(requirement))).collect();
        let is_bearer = |all: &[Requirement]| matches!(all, [only] if only.scheme == Scheme::Bearer);
        let bearer = requirements.first().is_some_and(|first| is_bearer(first));
        let mut scopes = requirements.iter().filter(|all| is_bearer(all)).map(|all| all[0].scopes.clone());
        let scopes_of_first = if bearer { scopes.next().unwrap_or_default() } else { Vec::new() };
        let alternatives = if bearer { scopes.collect() } else { Vec::new() };
        Some(Security { pointer: at, requirements, scopes: scopes_of_first, alternatives, bearer })
    }

    fn scheme(&self, name: &str) -> Scheme {
        let Some((_, scheme)) = self.resolve(&format!("/components/securitySchemes/{}", escape(name))) else {
            return Scheme::Other;
        };
        match scheme["type"].as_str() {
            Some("oauth2" | "openIdConnect") => Scheme::Bearer,
            Some("mutualTLS") => Scheme::MutualTls,
            Some("http") if scheme["scheme"].as_str().is_some_and(|name| name.eq_ignore_ascii_case("bearer")) => Scheme::Bearer,
            Some("http") if scheme["scheme"].as_str().is_some_and(|name| name.eq_ignore_ascii_case("basic")) => Scheme::Basic,
            Some("apiKey") => match (location(scheme), scheme["name"].as_str()) {
                (Some(place), Some(name)) if place != ParameterLocation::Path => Scheme::ApiKey { place, name: name.to_owned() },
                _ => Scheme::Other,
            },
            _ => Scheme::Other,
        }
    }
}

/// The requirements of an alternative. There is one `Authorization` header, so that one token has the scopes of all schemes that want one.
fn with_one_token(all: impl Iterator<Item = Requirement>) -> Vec<Requirement> {
    let mut merged: Vec<Requirement> = Vec::new();
    for requirement in all {
        let bearer = merged.iter_mut().find(|other| other.scheme == Scheme::Bearer && requirement.scheme == Scheme::Bearer);
        match bearer {
            Some(bearer) => {
                let further = requirement.scopes.into_iter().filter(|scope| !bearer.scopes.contains(scope));
                let further: Vec<String> = further.collect();
                bearer.scopes.extend(further);
            }
            None => merged.push(requirement),
        }
    }
    merged
}

/// Whether a text is a name of HTTP (RFC 9110, section 5.6.2).
pub(crate) fn is_token(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c))
}

/// Where a parameter or an API key is sent.
fn location(node: &Value) -> Option<ParameterLocation> {
    ParameterLocation::ALL.into_iter().find(|place| node.get("in").and_then(Value::as_str) == Some(place.name()))
}

impl Operation {
    /// Whether the document refers to something that is not there, which may be a parameter.
    pub fn lacks_reference(&self) -> bool {
        self.uncovered.iter().any(|gap| gap.reason == NOTHING && gap.pointer.contains("/parameters/"))
    }

    /// Where the path item stands that it is in.
    pub fn path_item(&self) -> &str {
        let (item, _) = self.pointer.rsplit_once('/').unwrap_or_default();
        item.strip_suffix(ADDITIONAL).map_or(item, |item| item.trim_end_matches('/'))
    }

    /// The same operation with the names that `other` has for the parameters of the path, by their order in it: a request does not
    /// show them.
    pub fn with_path_names(&self, other: &Self) -> Self {
        let mut operation = self.clone();
        operation.path.clone_from(&other.path);
        for (own, name) in path_names(&self.path).zip(path_names(&other.path)) {
            let parameters = operation.parameters.iter_mut().zip(&self.parameters);
            let here = parameters.filter(|(_, before)| before.place == ParameterLocation::Path && before.name == own);
            here.for_each(|(parameter, _)| name.clone_into(&mut parameter.name));
        }
        operation
    }

    /// Whether this text for a name of the path can be told from its neighbours in the same segment: `1.5` cannot in `{version}.{format}`.
    pub fn is_separable(&self, name: &str, text: &str) -> bool {
        let name = format!("{{{name}}}");
        let Some(segment) = self.path.split('/').find(|segment| segment.contains(&name)) else { return true };
        let Some((before, after)) = segment.split_once(&name) else { return true };
        let left = before.rsplit_once('}').map(|(_, between)| between);
        let right = after.split_once('{').map(|(between, _)| between);
        left.into_iter().chain(right).all(|between| between.is_empty() || !text.contains(between))
    }

    /// Whether the path with these texts for its parameters is one of another template, too: which of both it is, servers differ.
    pub fn is_ambiguous(&self, text: impl Fn(&str) -> Option<String>) -> bool {
        if self.others.is_empty() {
            return false;
        }
        let written = without_query(&self.path).split('/').map(|segment| {
            path_names(segment).fold(segment.to_owned(), |segment, name| {
                text(name).map_or(segment.clone(), |text| segment.replace(&format!("{{{name}}}"), &text))
            })
        });
        let written: Vec<String> = written.collect();
        self.others.iter().any(|other| other.split('/').zip(&written).all(|(segment, text)| takes(segment, text)))
    }

    /// The media types of its body that are JSON.
    pub fn media_types(&self) -> impl Iterator<Item = &str> {
        self.body.iter().flat_map(|body| &body.media_types).map(|(name, _)| name.as_str()).filter(|name| is_json(name))
    }

    /// Whether it takes resources away or puts them out of use, all of them, it may be: a `DELETE`, or another method where the path says so:
    /// `POST /users/{id}/disable`, `GET /deletePad`, `PUT /remove/{id}`.
    pub(crate) fn takes_away(&self) -> bool {
        let Some((last, is_end)) = self.called() else { return self.method == "DELETE" };
        match self.method.as_str() {
            "DELETE" => true,
            "GET" => self.begins_with(&[&TAKING, &STOPPING]),
            // What ends with a parameter may be something of that name: `PUT /block/{id}`.
            "POST" | "PUT" | "PATCH" => word::of_name(last)
                .iter()
                .any(|word| is_taking_word(word) || is_end && STOPPING_OR_THINGS.contains(&word.as_str())),
            _ => false,
        }
    }

    /// Whether it only looks for something, as the last part of its path says.
    pub(crate) fn searches(&self) -> bool {
        word::of_name(self.last_segment()).iter().any(|word| SEARCHING.contains(&word.as_str()))
    }

    /// Whether it is for who has an account already, as the last part of its path says.
    pub(crate) fn logs_in(&self) -> bool {
        let letters = word::of_name(self.last_segment()).concat();
        ["auth", "authenticate", "login", "session", "sessions", "signin", "token", "tokens"].contains(&letters.as_str())
    }

    /// Whether it changes something, for all that its method is safe: its path says what it does.
    pub(crate) fn changes_by_name(&self) -> bool {
        let is_end = self.called().is_some_and(|(_, is_end)| is_end);
        self.begins_with(&[&TAKING, &STOPPING]) || is_end && self.begins_with(&[&CHANGING])
    }

    /// Whether nothing is changed by it, and nobody's session ended, as far as the document says.
    pub(crate) fn only_reads(&self) -> bool {
        matches!(self.method.as_str(), "GET" | "HEAD") && !self.changes_by_name() && !self.ends_session()
    }

    fn last_segment(&self) -> &str {
        without_query(&self.path).rsplit('/').find(|segment| !segment.is_empty()).unwrap_or_default()
    }

    /// The last part of its path that is no parameter, and whether no parameter follows it.
    fn called(&self) -> Option<(&str, bool)> {
        let segments = without_query(&self.path).rsplit('/').filter(|segment| !segment.is_empty());
        segments.enumerate().find(|(_, segment)| !segment.contains('{')).map(|(after, segment)| (segment, after == 0))
    }

    /// Whether what it is called after begins with one of these words: `deletePad`, `delete` and `chat.delete`, not `deleted`.
    fn begins_with(&self, lists: &[&[&str]]) -> bool {
        let action = self.called().and_then(|(last, _)| word::of_name(last.rsplit('.').next()?).into_iter().next());
        action.is_some_and(|action| lists.iter().any(|known| known.contains(&action.as_str())))
    }

    /// Whether it ends the session of the caller, as the last part of its path says, or changes the caller's password or deletes the
    /// account: its credentials may be worth nothing afterwards. Likewise of what puts a server out of service.
    pub(crate) fn ends_session(&self) -> bool {
        let last = self.last_segment();
        let letters: String = last.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        let is_of_caller = !self.path.contains('{');
        ["logout", "logoff", "signout", "signoff"].iter().any(|known| letters.contains(known))
            || (is_of_caller && letters.ends_with("password") && matches!(self.method.as_str(), "PATCH" | "POST" | "PUT"))
            || (self.method != "GET" && letters == "maintenance")
            || (self.method == "DELETE" && (letters == "session" || is_of_caller && OF_CALLER.contains(&letters.as_str())))
    }

    /// The documented response for a status: itself, its range, or the default.
    pub(crate) fn response(&self, status: u16) -> Option<(&str, &ResponseSpec)> {
        let keys = [status.to_string(), format!("{}XX", status / 100), "DEFAULT".to_owned()];
        keys.iter().find_map(|key| self.responses.get_key_value(key)).map(|(key, spec)| (key.as_str(), spec))
    }
}

/// What the path of the caller's own account ends with.
const OF_CALLER: [&str; 5] = ["account", "me", "profile", "self", "user"];

/// Words for putting something out of use.
const STOPPING: [&str; 13] = [
    "abort",
    "cancel",
    "close",
    "deactivate",
    "disable",
    "kill",
    "merge",
    "rename",
    "revoke",
    "shutdown",
    "stop",
    "suspend",
    "terminate",
];

/// Likewise, but words for things, too.
const STOPPING_OR_THINGS: [&str; 6] = ["archive", "ban", "block", "lock", "off", "transfer"];

/// Words for looking for something.
const SEARCHING: [&str; 9] = ["check", "find", "filter", "list", "lookup", "query", "search", "test", "validate"];

/// Words for taking something away, as they begin.
const TAKING: [&str; 13] =
    ["clear", "cleanup", "delete", "destroy", "drop", "erase", "flush", "prune", "purge", "remove", "reset", "truncate", "wipe"];

/// Words for what else changes something.
const CHANGING: [&str; 15] = [
    "add", "append", "archive", "copy", "create", "enable", "insert", "move", "put", "restore", "save", "send", "set", "start",
    "update",
];

/// Whether a name says that something is taken away or put out of use.
pub(crate) fn is_taking(name: &str) -> bool {
    word::of_name(name).iter().any(|word| is_taking_word(word))
}

fn is_taking_word(word: &str) -> bool {
    TAKING.iter().any(|known| word.starts_with(known)) || STOPPING.contains(&word)
}

/// A path template with this text for each of its parameters.
pub(crate) fn with_each(template: &str, text: &str) -> String {
    let mut parts = template.split('{');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |path, part| format!("{path}{text}{}", part.split_once('}').map_or(part, |(_, after)| after)))
}

/// The names of the parameters of a path template, in their order.
pub fn path_names(template: &str) -> impl Iterator<Item = &str> {
    template.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name)
}

/// The texts in a list.
fn names(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Whether a `type` takes any text: it is that of texts, or lists it.
pub(super) fn may_be_text(kind: &Value) -> bool {
    kind == "string" || kind.as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "string"))
}

/// Keywords that ask something of a text, or of more than that.
pub(crate) const ASKING: [&str; 11] =
    ["minLength", "maxLength", "pattern", "enum", "const", "allOf", "anyOf", "oneOf", "not", "if", "properties"];

/// A media type without its parameters, in lower case (RFC 9110, section 8.3.1).
pub(crate) fn essence(media_type: &str) -> String {
    media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The parameters of a media type, but for `charset`, which says nothing about what is sent.
fn parameters(media_type: &str) -> BTreeSet<String> {
    let all = media_type.split(';').skip(1).map(|one| one.trim().to_ascii_lowercase().replace('"', ""));
    all.filter(|one| !one.is_empty() && !one.starts_with("charset=")).collect()
}

/// Whether a media type or range of the document takes in this media type, whatever the parameters.
pub(crate) fn takes_in(documented: &str, media_type: &str) -> bool {
    let (known, other) = (essence(documented), essence(media_type));
    let in_range = |kind: &str| other.split('/').next() == Some(kind);
    let in_syntax = |(kind, syntax): (&str, &str)| in_range(kind) && other.ends_with(&format!("+{syntax}"));
    known == other
        || known == "*/*"
        || known.strip_suffix("/*").is_some_and(in_range)
        || known.split_once("/*+").is_some_and(in_syntax)
}

/// Whether a media type is JSON (RFC 6839, section 3.1); the second name is not registered, and many servers have it.
pub(crate) fn is_json(media_type: &str) -> bool {
    let essence = essence(media_type);
    essence == "application/json" || essence == "text/json" || essence.ends_with("+json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_templates_of_others_those_with_text_for_a_parameter_are_found() {
        let paths = ["/a/{x}", "/a/b", "/{y}/b", "/{y}/{z}", "/a{y}/c", "/c/b", "/a/{x}/b", "/a/d", "/{y}", "/a", "/aa/{x}"];
        let templates = Templates::of(paths.into_iter());
        for path in paths.into_iter().filter(|path| path.contains('{')) {
            let mut found = templates.more_special(path);
            let same_count = |other: &&str| other.split('/').count() == path.split('/').count();
            let mut expected: Vec<&str> =
                paths.into_iter().filter(same_count).filter(|other| is_more_special(other, path)).collect();
            found.sort();
            expected.sort_unstable();
            assert_eq!(found, expected, "{path}");
        }
        assert_eq!(templates.more_special("/a/{x}"), ["/a/b", "/a/d", "/a{y}/c", "/{y}/b"]);
    }
}
