//! An OpenAPI document, compiled: routes, and for each operation what a request is held to and what it is answered with.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use hyper::{HeaderMap, header::HeaderName};
use jsonschema::{ValidationError, Validator, error::ValidationErrorKind as Kind};
use serde_json::{Map, Value, json};

use crate::security::Security;

/// A rule of the document that a request breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The value that breaks it (JSON Pointer into the body, or `/<in>/<name>` for a parameter).
    pub pointer: String,
    /// The keyword.
    pub rule: String,
    /// What is wrong, for people.
    pub message: String,
}

/// Why a document cannot be served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the document cannot be served: {0}")]
pub struct Unservable(String);

pub struct Document {
    pub routes: Vec<Route>,
    /// The document as its answers see it, for making them.
    pub answers: Value,
}

pub struct Route {
    segments: Vec<String>,
    pub operations: Vec<ServedOperation>,
}

pub struct ServedOperation {
    /// Where it stands in the document.
    pub pointer: String,
    pub method: String,
    /// None where the operation is open to all.
    pub security: Option<Security>,
    parameters: Vec<Parameter>,
    pub body: Option<Body>,
    /// By status (`201`), range (`4XX`) or `default`.
    pub answers: BTreeMap<String, Answer>,
    /// Where in the body values are that no two resources share.
    pub unique: Vec<String>,
}

pub struct Body {
    pub required: bool,
    pub media: Vec<Media>,
}

pub struct Media {
    pub name: String,
    pub schema: Value,
    /// The resolved schemas of the properties, for what is sent as text.
    pub texts: BTreeMap<String, Text>,
    pub validator: Arc<Validator>,
    pub example: Option<Value>,
    /// `x-answer`: what to answer with, wherever the schema allows it.
    pub wanted: Option<Value>,
}

pub struct Answer {
    pub headers: Vec<Header>,
    pub media: Vec<Media>,
}

pub struct Header {
    pub name: String,
    /// `x-answer`: its text, or null for none.
    pub wanted: Option<Value>,
    pub schema: Value,
    pub validator: Arc<Validator>,
}

struct Parameter {
    name: String,
    place: String,
    required: bool,
    text: Text,
    validator: Arc<Validator>,
}

/// What a text stands for.
#[derive(Debug, Clone)]
pub enum Text {
    /// A value of one of these types.
    One(BTreeSet<String>),
    /// A list of such values: between separators, or each given for itself.
    List(BTreeSet<String>, Option<char>),
}

impl Document {
    /// Compiles what `requests` says about requests and `answers` about answers: the same document, but for a fault.
    pub fn compile(requests: &Value, answers: &Value) -> Result<Self, Unservable> {
        let requests = View::new(as_2020_12(requests, "readOnly"));
        let answers = View::new(as_2020_12(answers, "writeOnly"));
        let paths = requests.root["paths"].as_object().into_iter().flat_map(Map::keys);
        let mut routes = paths.map(|path| route(&requests, &answers, path)).collect::<Result<Vec<Route>, _>>()?;
        // A literal segment is more particular than a template (OpenAPI 3.1, section 4.8.8.2).
        routes.sort_by_key(|route| route.segments.iter().map(|segment| segment.starts_with('{')).collect::<Vec<_>>());
        Ok(Self { routes, answers: answers.root })
    }

    /// The answers that can be given, by their pointers.
    pub fn answered(&self) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        for route in &self.routes {
            for (index, operation) in route.operations.iter().enumerate() {
                let statuses = operation.statuses(index == 0, !route.is_template());
                let keys = statuses.into_iter().filter_map(|status| operation.answer_key(status));
                all.extend(keys.map(|key| format!("{}/responses/{}", operation.pointer, escape(key))));
            }
        }
        all
    }

    /// The operation that speaks for a path that the document does not have: the one with this method of the path that it begins
    /// with, or else the first of all.
    pub fn beside(&self, path: &str, method: &str) -> Option<&ServedOperation> {
        let routes = self.routes.iter().filter(|route| !route.is_template() && path.starts_with(&route.segments.join("/")));
        let nearest = routes.max_by_key(|route| route.segments.join("/").len());
        let own = nearest.and_then(|route| route.operations.iter().find(|operation| operation.method == method));
        own.or_else(|| self.routes.iter().flat_map(|route| &route.operations).next())
    }

    /// The route of a path, and the path's values for the names in its template.
    pub fn route(&self, path: &str) -> Option<(&Route, Map<String, Value>)> {
        let given: Vec<&str> = path.split('/').collect();
        self.routes.iter().find_map(|route| {
            let mut values = Map::new();
            let fits = route.segments.len() == given.len()
                && route.segments.iter().zip(&given).all(|(segment, text)| match segment.strip_prefix('{') {
                    Some(name) if !text.is_empty() => {
                        values.insert(name.trim_end_matches('}').to_owned(), json!(decode(text)));
                        true
                    }
                    _ => segment == text,
                });
            fits.then_some((route, values))
        })
    }
}

impl Route {
    /// The value of `Allow`.
    pub fn allow(&self) -> String {
        self.operations.iter().map(|operation| operation.method.as_str()).collect::<Vec<_>>().join(", ")
    }
}

impl Route {
    fn is_template(&self) -> bool {
        self.segments.iter().any(|segment| segment.contains('{'))
    }
}

impl ServedOperation {
    /// What the document says about answers with this status.
    pub fn answer(&self, status: u16) -> Option<&Answer> {
        self.answers.get(self.answer_key(status)?)
    }

    /// The statuses that it can be answered with; the first operation of its path also speaks for other methods, and each that
    /// says what 404 is for the paths beside its own.
    pub fn statuses(&self, of_path: bool, beside: bool) -> Vec<u16> {
        let asks = self.body.is_some() || !self.parameters.is_empty();
        [
            (true, self.success()),
            (asks, self.refusal()),
            (self.security.is_some(), 401),
            (self.security.as_ref().is_some_and(Security::is_scoped), 403),
            (beside && self.answers.contains_key("404"), 404),
            (of_path, 405),
            (!self.unique.is_empty(), 409),
            (self.body.is_some(), 413),
            (self.body.is_some(), 415),
        ]
        .into_iter()
        .filter_map(|(can, status)| can.then_some(status))
        .collect()
    }

    /// The key in the document of the answer with this status.
    pub fn answer_key(&self, status: u16) -> Option<&String> {
        let keys = [status.to_string(), format!("{}XX", status / 100), "default".to_owned()];
        keys.iter().find_map(|key| self.answers.get_key_value(key)).map(|(key, _)| key)
    }

    /// The status of success.
    pub fn success(&self) -> u16 {
        let first = self.answers.keys().find(|status| status.starts_with('2'));
        first.and_then(|status| status.replace("XX", "00").parse().ok()).unwrap_or(200)
    }

    /// The status for a request that breaks a rule: 422 only where the document prefers it.
    pub fn refusal(&self) -> u16 {
        if self.answers.contains_key("422") && !self.answers.contains_key("400") { 422 } else { 400 }
    }

    /// The parameters by name, and every violation in them; its pointer is `/<in>/<name>`.
    pub fn parameters(
        &self,
        path: &Map<String, Value>,
        query: &str,
        headers: &HeaderMap,
    ) -> (Map<String, Value>, Vec<Violation>) {
        let (mut values, mut broken) = (Map::new(), Vec::new());
        for parameter in &self.parameters {
            let at = format!("/{}/{}", parameter.place, escape(&parameter.name));
            let violation =
                |rule: &str, message: &str| Violation { pointer: at.clone(), rule: rule.to_owned(), message: message.to_owned() };
            let texts = parameter.texts(path, query, headers);
            let value = match (&parameter.text, texts.as_slice()) {
                (_, []) => {
                    broken.extend(parameter.required.then(|| violation("required", "is required")));
                    continue;
                }
                (Text::List(types, None), texts) => texts.iter().map(|text| from_text(text, types)).collect(),
                (text, [one]) => text.value(one),
                _ => {
                    broken.push(violation("type", "must be given once"));
                    continue;
                }
            };
            broken.extend(violations(&parameter.validator, &value, &at));
            values.insert(parameter.name.clone(), value);
        }
        (values, broken)
    }
}

impl Parameter {
    fn texts(&self, path: &Map<String, Value>, query: &str, headers: &HeaderMap) -> Vec<String> {
        match self.place.as_str() {
            "path" => path.get(&self.name).and_then(Value::as_str).map(str::to_owned).into_iter().collect(),
            "query" => pairs(query).into_iter().filter(|(name, _)| *name == self.name).map(|(_, value)| value).collect(),
            "header" => {
                let values = headers.get_all(self.name.as_str()).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
                values.map(|value| value.trim().to_owned()).collect()
            }
            _ => cookies(headers).filter(|(name, _)| *name == self.name).map(|(_, value)| decode(value)).collect(),
        }
    }
}

impl Text {
    pub fn value(&self, text: &str) -> Value {
        match self {
            Text::One(types) | Text::List(types, None) => from_text(text, types),
            Text::List(types, Some(separator)) => text.split(*separator).map(|item| from_text(item, types)).collect(),
        }
    }
}

/// The value that a text stands for; one that fits no type stays text, which the schema refuses.
fn from_text(text: &str, types: &BTreeSet<String>) -> Value {
    let bare = !text.starts_with(char::is_whitespace) && !text.ends_with(char::is_whitespace);
    let parsed = serde_json::from_str::<Value>(text).ok().filter(|value| match value {
        Value::Number(_) => types.contains("integer") || types.contains("number"),
        Value::Bool(_) => types.contains("boolean"),
        _ => false,
    });
    parsed.filter(|_| bare).unwrap_or_else(|| json!(text))
}

/// Names and values of the cookies, as they were sent.
pub fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let all = headers.get_all("cookie").iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='))
}

/// Names and values of a query or an urlencoded body.
pub fn pairs(text: &str) -> Vec<(String, String)> {
    let plain = |text: &str| decode(&text.replace('+', " "));
    let parts = text.split('&').filter(|part| !part.is_empty());
    parts.map(|part| part.split_once('=').unwrap_or((part, ""))).map(|(name, value)| (plain(name), plain(value))).collect()
}

/// Undoes percent-encoding.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while index < bytes.len() {
        let code = (bytes[index] == b'%').then(|| text.get(index + 1..index + 3)).flatten();
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                decoded.push(byte);
                index += 3;
            }
            None => {
                decoded.push(bytes[index]);
                index += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn route(requests: &View, answers: &View, path: &str) -> Result<Route, Unservable> {
    let item_at = format!("/paths/{}", escape(path));
    let item = requests.at(&item_at)?;
    let methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
    let operations = methods.into_iter().filter(|method| item.get(method).is_some());
    Ok(Route {
        segments: path.split('/').map(str::to_owned).collect(),
        operations: operations.map(|method| operation(requests, answers, &item_at, method)).collect::<Result<_, _>>()?,
    })
}

fn operation(requests: &View, answers: &View, item_at: &str, method: &str) -> Result<ServedOperation, Unservable> {
    let at = format!("{item_at}/{method}");
    let node = requests.at(&at)?;
    let mut parameters: BTreeMap<(String, String), Parameter> = BTreeMap::new();
    // Those of the operation override those of the path.
    for list_at in [format!("{item_at}/parameters"), format!("{at}/parameters")] {
        let list = requests.root.pointer(&list_at).and_then(Value::as_array).into_iter().flatten();
        for index in 0..list.count() {
            let parameter = parameter(requests, &format!("{list_at}/{index}"))?;
            // What the document says about these three elsewhere counts (OpenAPI 3.1, section 4.8.12.2.1).
            let reserved = ["accept", "content-type", "authorization"].contains(&parameter.name.to_lowercase().as_str());
            if parameter.place != "header" || !reserved {
                parameters.insert((parameter.place.clone(), parameter.name.clone()), parameter);
            }
        }
    }
    let body = match node.get("requestBody") {
        Some(_) => {
            let (at, node) = requests.resolve(&format!("{at}/requestBody"))?;
            Some(Body { required: node.get("required") == Some(&json!(true)), media: media(requests, &at)? })
        }
        None => None,
    };
    let statuses = answers.at(&format!("{at}/responses"))?.as_object().into_iter().flat_map(Map::keys);
    let answers = statuses.map(|status| Ok((status.clone(), answer(answers, &format!("{at}/responses/{status}"))?)));
    let security = node.get("security").or_else(|| requests.root.get("security")).and_then(Value::as_array);
    let scheme = |name: &str| {
        let at = format!("/components/securitySchemes/{}", escape(name));
        requests.resolve(&at).map(|(_, scheme)| scheme.clone()).unwrap_or_default()
    };
    let security = security.and_then(|requirements| Security::of(requirements, &scheme));
    let mut unique = BTreeSet::new();
    for media in body.iter().flat_map(|body| &body.media) {
        find_unique(&requests.root, &media.schema, "", 0, &mut unique);
    }
    Ok(ServedOperation {
        pointer: at.clone(),
        method: method.to_uppercase(),
        security,
        parameters: parameters.into_values().collect(),
        body,
        answers: answers.collect::<Result<_, _>>()?,
        unique: unique.into_iter().collect(),
    })
}

fn parameter(view: &View, at: &str) -> Result<Parameter, Unservable> {
    let (at, node) = view.resolve(at)?;
    let text = |name: &str| node.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let place = text("in");
    let by_form = matches!(place.as_str(), "query" | "cookie");
    let exploded =
        node.get("explode").and_then(Value::as_bool).unwrap_or(by_form && matches!(text("style").as_str(), "" | "form"));
    let separator = match text("style").as_str() {
        "spaceDelimited" => Some(' '),
        "pipeDelimited" => Some('|'),
        _ if by_form && exploded => None,
        _ => Some(','),
    };
    let schema_at = format!("{at}/schema");
    let schema = view.at(&schema_at)?;
    Ok(Parameter {
        name: text("name"),
        required: node.get("required") == Some(&json!(true)),
        text: text_of(&view.root, schema, separator),
        validator: view.validator(&schema_at)?,
        place,
    })
}

fn text_of(root: &Value, schema: &Value, separator: Option<char>) -> Text {
    let types = types(root, schema, 0);
    if !types.contains("array") {
        return Text::One(types);
    }
    let items = followed(root, schema).get("items").cloned().unwrap_or(json!(true));
    Text::List(self::types(root, &items, 0), separator)
}

/// The properties that a schema names, also in the parts of an `allOf`.
fn find_properties<'a>(root: &'a Value, schema: &'a Value, depth: usize, found: &mut Vec<(&'a String, &'a Value)>) {
    let schema = followed(root, schema);
    found.extend(schema.get("properties").and_then(Value::as_object).into_iter().flatten());
    for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten().filter(|_| depth < 4) {
        find_properties(root, part, depth + 1, found);
    }
}

/// The types that a schema speaks of, also in its branches.
fn types(root: &Value, schema: &Value, depth: usize) -> BTreeSet<String> {
    let schema = followed(root, schema);
    let mut found: BTreeSet<String> = match schema.get("type") {
        Some(Value::String(one)) => [one.clone()].into(),
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => BTreeSet::new(),
    };
    let listed = schema.get("enum").and_then(Value::as_array).into_iter().flatten().chain(schema.get("const"));
    if found.is_empty() {
        found.extend(listed.map(|value| type_name(value).to_owned()));
    }
    for keyword in ["allOf", "anyOf", "oneOf"] {
        let branches = schema.get(keyword).and_then(Value::as_array).into_iter().flatten();
        found.extend(branches.filter(|_| depth < 4).flat_map(|branch| types(root, branch, depth + 1)));
    }
    found
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn answer(view: &View, at: &str) -> Result<Answer, Unservable> {
    let (at, node) = view.resolve(at)?;
    let names = node.get("headers").and_then(Value::as_object).into_iter().flat_map(|headers| headers.keys());
    let headers = names.map(|name| {
        let (at, node) = view.resolve(&format!("{at}/headers/{}", escape(name)))?;
        name.parse::<HeaderName>().map_err(|_| Unservable(format!("{name:?} is not the name of a header")))?;
        let schema_at = format!("{at}/schema");
        let (wanted, schema) = (node.get("x-answer").cloned(), node["schema"].clone());
        Ok(Header { name: name.clone(), wanted, schema, validator: view.validator(&schema_at)? })
    });
    Ok(Answer { headers: headers.collect::<Result<_, _>>()?, media: media(view, &at)? })
}

fn media(view: &View, at: &str) -> Result<Vec<Media>, Unservable> {
    let root = &view.root;
    let node = view.at(at)?;
    let contents = node.get("content").and_then(Value::as_object).into_iter().flatten();
    let compiled = contents.map(|(name, content)| {
        let schema_at = format!("{at}/content/{}/schema", escape(name));
        let schema = content.get("schema").cloned().unwrap_or(json!(true));
        let examples = content.get("examples").and_then(Value::as_object).and_then(|examples| examples.values().next());
        let mut properties = Vec::new();
        find_properties(root, &schema, 0, &mut properties);
        Ok(Media {
            name: name.to_lowercase(),
            texts: properties.into_iter().map(|(name, schema)| (name.clone(), text_of(root, schema, None))).collect(),
            validator: view.validator(&schema_at)?,
            wanted: content.get("x-answer").cloned(),
            example: content.get("example").or_else(|| examples.and_then(|example| example.get("value"))).cloned(),
            schema,
        })
    });
    compiled.collect()
}

/// One view of the document, and the validators of its schemas, each made once.
struct View {
    root: Value,
    validators: RefCell<HashMap<String, Arc<Validator>>>,
}

impl View {
    fn new(root: Value) -> Self {
        Self { root, validators: RefCell::default() }
    }

    /// A validator for the schema at `at`, with formats asserted.
    fn validator(&self, at: &str) -> Result<Arc<Validator>, Unservable> {
        // A schema that is only a reference is what it refers to.
        let target = self.root.pointer(at).and_then(Value::as_object).filter(|schema| schema.len() == 1);
        let target = target.and_then(|schema| schema.get("$ref")?.as_str()?.strip_prefix('#'));
        let at = target.unwrap_or(at);
        if let Some(known) = self.validators.borrow().get(at) {
            return Ok(Arc::clone(known));
        }
        let compiled = Arc::new(self.compile(at)?);
        self.validators.borrow_mut().insert(at.to_owned(), Arc::clone(&compiled));
        Ok(compiled)
    }

    fn compile(&self, at: &str) -> Result<Validator, Unservable> {
        // The whole document is the root, so that references resolve.
        let mut root = self.root.clone();
        let encoded = |byte: u8| match byte {
            b'/' | b'~' | b'.' | b'-' | b'_' => char::from(byte).to_string(),
            byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        };
        root["$ref"] = json!(format!("#{}", at.bytes().map(encoded).collect::<String>()));
        let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012).should_validate_formats(true);
        options.build(&root).map_err(|error| Unservable(format!("the schema at {at}: {error}")))
    }

    /// The node at a pointer.
    fn at(&self, at: &str) -> Result<&Value, Unservable> {
        self.root.pointer(at).ok_or_else(|| Unservable(format!("there is nothing at {at}")))
    }

    /// The node at a pointer, or where it refers to, with its own pointer.
    fn resolve(&self, at: &str) -> Result<(String, &Value), Unservable> {
        let mut at = at.to_owned();
        loop {
            let node = self.at(&at)?;
            match node.get("$ref").and_then(Value::as_str) {
                Some(reference) => at = reference.trim_start_matches('#').to_owned(),
                None => return Ok((at, node)),
            }
        }
    }
}

/// The schema, or what it refers to. A reference that leads nowhere does not compile, so that none is met here.
pub fn followed<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let mut schema = schema;
    while let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        schema = root.pointer(reference.trim_start_matches('#')).unwrap_or(&Value::Null);
    }
    schema
}

fn find_unique(root: &Value, schema: &Value, at: &str, depth: usize, found: &mut BTreeSet<String>) {
    if depth > 8 {
        return; // A schema that contains itself.
    }
    if schema.get("x-unique") == Some(&json!(true)) {
        found.insert(at.to_owned());
    }
    let schema = followed(root, schema);
    if schema.get("x-unique") == Some(&json!(true)) {
        found.insert(at.to_owned());
    }
    for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        find_unique(root, property, &format!("{at}/{}", escape(name)), depth + 1, found);
    }
    for keyword in ["allOf", "anyOf", "oneOf"] {
        for branch in schema.get(keyword).and_then(Value::as_array).into_iter().flatten() {
            find_unique(root, branch, at, depth + 1, found);
        }
    }
}

/// A segment of a JSON Pointer (RFC 6901, section 3).
pub fn escape(segment: &str) -> String {
    segment.replace('~', "~0").replace('/', "~1")
}

/// Every violation of the schema in `value`, once each. `place` is put before each pointer.
pub fn violations(validator: &Validator, value: &Value, place: &str) -> Vec<Violation> {
    let mut all = Vec::new();
    for violation in validator.iter_errors(value).flat_map(|error| translate(&error, place)) {
        if !all.contains(&violation) {
            all.push(violation);
        }
    }
    all
}

fn translate(error: &ValidationError<'_>, place: &str) -> Vec<Violation> {
    let at = format!("{place}{}", error.instance_path().as_str());
    let path = error.schema_path().as_str();
    let rule = match error.kind() {
        Kind::Required { .. } if path.rsplit('/').take(2).any(|segment| segment == "dependentRequired") => "dependentRequired",
        Kind::FalseSchema => path.rsplit('/').next().unwrap_or_default(),
        kind => kind.keyword(),
    };
    let of = |pointer, message: &str| Violation { pointer, rule: rule.to_owned(), message: message.to_owned() };
    match error.kind() {
        Kind::Required { property } => {
            vec![of(format!("{at}/{}", escape(property.as_str().unwrap_or_default())), "is required")]
        }
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            unexpected.iter().map(|name| of(format!("{at}/{}", escape(name)), "is not a known property")).collect()
        }
        // Of the schema, not of the value.
        _ => vec![of(at, &format!("must satisfy the rule {rule} of the document"))],
    }
}

/// The document with its schemas as JSON Schema 2020-12, in which properties that are marked `hidden` (`readOnly` in a request,
/// `writeOnly` in an answer) are not required.
fn as_2020_12(document: &Value, hidden: &str) -> Value {
    let mut document = document.clone();
    if document["openapi"].as_str().is_some_and(|version| version.starts_with("3.0")) {
        modernise(&mut document);
    }
    openapi_document::one_way(&document, hidden)
}

fn modernise(node: &mut Value) {
    match node {
        Value::Array(items) => items.iter_mut().for_each(modernise),
        Value::Object(object) => {
            if object.get("$ref").is_some_and(Value::is_string) {
                object.retain(|name, _| name == "$ref"); // Its siblings are ignored (OpenAPI 3.0, section 4.7.23).
                return;
            }
            if object.get("nullable") == Some(&json!(true))
                && let Some(Value::String(one)) = object.get("type")
            {
                let both = json!([one, "null"]);
                object.insert("type".to_owned(), both);
            }
            for (exclusive, bound) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
                match object.get(exclusive) {
                    Some(Value::Bool(true)) => {
                        if let Some(limit) = object.remove(bound) {
                            object.insert(exclusive.to_owned(), limit);
                        }
                    }
                    Some(Value::Bool(false)) => drop(object.remove(exclusive)),
                    _ => {}
                }
            }
            object.values_mut().for_each(modernise);
        }
        _ => {}
    }
}
