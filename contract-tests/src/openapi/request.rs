//! A request as one JSON instance, `{path, query, header, cookie, body}`, and as bytes for the wire.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::{
    generate::subject,
    openapi::document::{Document, DocumentError},
    openapi::examples::examples,
    openapi::form::{self, Encoding, File, Writing},
    openapi::operation::{ASKING, Operation, Parameter, ParameterLocation, essence, is_json},
    openapi::style::{self, Style, text},
    openapi::{discriminator, nullable},
    pointer::{escape, segments},
    schema::{ConstraintId, Node, NodeId, ReferenceValidator, Rule, Schema, Types, Uncovered, part, reference},
};

/// A request as it is sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: String,
    /// Path and query, percent-encoded, below the server's URL; or a whole URL.
    pub target: String,
    /// Header fields in their order; a name may occur twice.
    pub headers: Vec<(String, String)>,
    /// The body, where there is one.
    pub body: Option<Vec<u8>>,
    /// Whether the body is sent in chunks, without its length.
    pub chunked: bool,
}

impl Request {
    /// The URL, where `server` is that of the server, without a slash at its end.
    pub fn url(&self, server: &str) -> String {
        if self.target.starts_with('/') { format!("{server}{}", self.target) } else { self.target.clone() }
    }
}

/// A response as it came.
#[derive(Debug, Clone, Default)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// Header fields with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Response {
    /// The values of a header field, one for each line.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The first value of a header field.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// Where in a document the schema of an operation's whole requests is put.
pub const REQUESTS: &str = "/x-contract-request";

/// What a schema of whole requests says about what the document does not describe: a further parameter, a body where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Undescribed {
    /// As HTTP does.
    Allowed,
    /// The requests are those that the document describes, and no others.
    Refused,
}

/// What a resource must satisfy after a merge patch.
pub(crate) struct PatchResult {
    pub schema: Schema,
    /// Where the document promises that it is checked (`x-result`).
    pub validator: Option<ReferenceValidator>,
}

impl PatchResult {
    /// Where the schema is, and whether the document promises that it is checked: what `x-result` names beside that of the body at `body`,
    /// or else that of the answer.
    fn place(document: &Value, operation: &Operation, body: &str) -> Option<(String, bool)> {
        let named = body.strip_suffix("/schema").map(|media_type| format!("{media_type}/x-result"));
        if let Some(at) = named.filter(|at| document.pointer(at).is_some()) {
            return Some((at, true));
        }
        let (_, response) = operation.response(200)?;
        let (_, at) = response.media_types.iter().find(|(name, _)| is_json(name))?;
        Some((at.clone()?, false))
    }

    fn of(bundle: &Value, operation: &Operation, body: &str) -> Option<Self> {
        let (at, is_promised) = Self::place(bundle, operation, body)?;
        let schema = Schema::compile(bundle, &at);
        let validator = is_promised.then(|| ReferenceValidator::compile(bundle, &at, &schema).ok()).flatten();
        Some(Self { schema, validator })
    }
}

/// What of the document the operation needs, with the schema of a whole request at [`REQUESTS`].
pub(crate) fn bundle(
    document: &Document,
    operation: &Operation,
    media_type: Option<&(String, String)>,
    others: Undescribed,
) -> Value {
    let object = |properties: Map<String, Value>, required: Vec<&str>| {
        let mut schema = json!({ "type": "object", "properties": properties, "required": required });
        if others == Undescribed::Refused {
            schema["additionalProperties"] = json!(false);
        }
        schema
    };
    let mut properties = Map::new();
    let mut required = Vec::new();
    for place in ParameterLocation::ALL {
        let here: Vec<&Parameter> = operation.parameters.iter().filter(|parameter| parameter.place == place).collect();
        if here.is_empty() && others == Undescribed::Allowed {
            continue;
        }
        let schemas: Map<String, Value> = here
            .iter()
            .map(|parameter| {
                let mut schema = json!({ "$ref": reference(&parameter.schema) });
                if others == Undescribed::Refused && place != ParameterLocation::Query {
                    schema["minLength"] = json!(1); // Without a text there would be no parameter.
                }
                (parameter.name.clone(), schema)
            })
            .collect();
        let names = here.iter().filter(|parameter| parameter.required).map(|parameter| parameter.name.as_str()).collect();
        properties.insert(place.name().to_owned(), object(schemas, names));
        required.push(place.name());
    }
    if let (Some(body), Some((_, schema))) = (&operation.body, media_type) {
        properties.insert("body".to_owned(), json!({ "$ref": reference(schema) }));
        if body.required {
            required.push("body");
        }
    }
    // In requests what is `readOnly` is not required.
    let document = document.in_requests();
    let result = media_type.and_then(|(_, body)| PatchResult::place(document, operation, body)).map(|(at, _)| at);
    let needed = operation.parameters.iter().map(|parameter| &parameter.schema);
    let needed = needed.chain(media_type.map(|(_, schema)| schema)).chain(&result);
    let mut bundle = part(document, needed.cloned());
    bundle["x-contract-request"] = object(properties, required);
    bundle
}

/// What the cases of an operation with one media type of its body begin with.
pub(crate) fn name(operation: &Operation, media_type: Option<&str>) -> String {
    let several = operation.body.as_ref().is_some_and(|body| body.media_types.len() > 1);
    match media_type {
        Some(media_type) if several => format!("{}({media_type})", operation.id),
        _ => operation.id.clone(),
    }
}

/// The schema of an operation's requests, for who sends none.
pub(crate) fn requests(document: &Document, operation: &Operation, media_type: Option<&(String, String)>) -> Schema {
    let as_written = bundle(document, operation, media_type, Undescribed::Allowed);
    let bundle = discriminator::kept(&as_written).unwrap_or(as_written);
    schema(&bundle, operation, media_type, &encodings(document, media_type))
}

/// How properties of a form are written, where the document says it.
fn encodings(document: &Document, media_type: Option<&(String, String)>) -> BTreeMap<String, Encoding> {
    let encodings =
        media_type.and_then(|(_, at)| document.json.pointer(at.strip_suffix("/schema")?)?.get("encoding")?.as_object());
    let is_urlencoded = media_type.is_some_and(|(name, _)| essence(name) == "application/x-www-form-urlencoded");
    let joins = is_urlencoded || !document.is_3_0();
    encodings.into_iter().flatten().map(|(name, node)| (name.clone(), Encoding::of(node, joins))).collect()
}

/// How a body is written, and what its media type is called.
fn written(operation: &Operation, media_type: Option<&(String, String)>) -> (Writing, Option<String>) {
    let written = operation.body.as_ref().zip(media_type).and_then(|(body, (name, _))| body.written(name));
    written.map_or((Writing::Json, None), |(writing, sent)| (writing, Some(sent)))
}

/// The schema of the requests of a [`bundle`]: with where the document has each rule, and without those that no request can break.
fn schema(
    bundle: &Value,
    operation: &Operation,
    media_type: Option<&(String, String)>,
    encodings: &BTreeMap<String, Encoding>,
) -> Schema {
    let mut schema = Schema::compile(bundle, REQUESTS);
    let (writing, _) = written(operation, media_type);
    let taking: Vec<bool> = (0..schema.constraints.len()).map(|id| takes_any_text(&schema, id)).collect();
    let idle = idle(&schema);
    for (id, (constraint, takes_any_text)) in schema.constraints.iter_mut().zip(taking).enumerate() {
        if constraint.pointer.starts_with(REQUESTS) {
            constraint.source = source(operation, &constraint.place);
        }
        constraint.always_kept = asks_nothing(&constraint.rule)
            || operation.parameters.iter().any(|parameter| {
                // Without a text there is no such parameter.
                parameter.place != ParameterLocation::Query
                    && matches!(constraint.rule, Rule::MinLength(1))
                    && constraint.place == parameter.at()
            });
        let beside_type =
            idle.contains(&id).then_some("it, or what leads to it, says nothing about values of the type beside it");
        let in_form = || not_in_form(writing, encodings, &constraint.place, &constraint.rule, takes_any_text);
        if let Some(reason) = beside_type.or_else(in_form) {
            let reason = reason.to_owned();
            schema.unbreakable.extend(constraint.source.take().map(|pointer| Uncovered { pointer, reason }));
            continue;
        }
        let in_body = constraint.place.starts_with("/body") || constraint.source.is_none();
        let parameter =
            operation.parameters.iter().find(|parameter| crate::pointer::is_within(&constraint.place, &parameter.at()));
        let serialization = parameter.map(|parameter| parameter.serialization);
        if in_body || serialization.is_some_and(|serialization| serialization.style == Style::Json) {
            if matches!(constraint.rule, Rule::Required(_)) && constraint.place.starts_with("/path") {
                let reason = "without its parameter a path is another path".to_owned();
                schema.unbreakable.extend(constraint.source.take().map(|pointer| Uncovered { pointer, reason }));
            }
            continue;
        }
        let dissolved = serialization.is_some_and(|serialization| serialization.is_dissolved());
        let reason = match &constraint.rule {
            _ if parameter.is_some_and(|parameter| is_too_deep(parameter, &constraint.place)) => {
                "no style of a parameter has a form for an object or a list in another one"
            }
            _ if dissolved && parameter.is_some_and(|parameter| is_of_another(operation, parameter, &constraint.place)) => {
                "another parameter has the name of this property"
            }
            Rule::Type(types) if types.has(Types::STRING) => "a parameter is sent as text, and text is always a string",
            Rule::Type(Types::NULL) => NEVER_NULL,
            Rule::AnyOf | Rule::OneOf if takes_any_text => ANY_TEXT,
            Rule::Type(types) if types.has(Types::ARRAY) => "a parameter that is given once is a list of one",
            Rule::Type(types) if types.has(Types::OBJECT) => "a parameter in this style is read as an object",
            Rule::MinItems(0 | 1) => "a list without items is a parameter that is not given",
            Rule::MinLength(1) if parameter.is_some_and(|parameter| !can_hold_empty_part(parameter, &constraint.place)) => {
                "an empty text between others is no part of a list or object in this place"
            }
            Rule::MinProperties(0 | 1) => "an object without properties is a parameter that is not given",
            Rule::Required(_) if constraint.place.starts_with("/path") => "without its parameter a path is another path",
            Rule::MaxLength(length) if *length >= LONGEST_TEXT => {
                "a text of this length is more than every server reads in a head"
            }
            Rule::Never if dissolved => "a further property of this parameter is a parameter of its own",
            _ => continue,
        };
        let reason = reason.to_owned();
        schema.unbreakable.extend(constraint.source.take().map(|pointer| Uncovered { pointer, reason }));
    }
    schema.rule_out_contradictions();
    schema
}

/// An operation with one media type of its body: what is generated for.
pub(crate) struct Target {
    pub operation: Operation,
    pub media_type: Option<String>,
    pub schema: Schema,
    pub validator: ReferenceValidator,
    pub result: Option<PatchResult>,
    /// Parts of requests that the document gives as examples.
    pub examples: Vec<Value>,
    /// How others read the document: without what discriminators add, where they do, and with null where it may be meant.
    other_readings: Vec<Schema>,
    /// The nodes of texts that stand for the bytes of a file.
    files: BTreeMap<NodeId, File>,
    /// The node of each parameter, in their order.
    parameters: Vec<Option<NodeId>>,
    /// How its body is written, and what its media type is called: of a range one that is in it.
    writing: Writing,
    pub sent: Option<String>,
    /// How properties of a form are written, where the document says it.
    encodings: BTreeMap<String, Encoding>,
}

impl Target {
    /// What the cases of this target begin with: the operation, and the media type where it has several.
    pub fn name(&self) -> String {
        name(&self.operation, self.media_type.as_deref())
    }

    /// Compiles the schema of the whole request.
    pub fn compile(
        document: &Document,
        operation: &Operation,
        media_type: Option<&(String, String)>,
    ) -> Result<Self, DocumentError> {
        let as_written = bundle(document, operation, media_type, Undescribed::Allowed);
        let kept = discriminator::kept(&as_written);
        let with_null = nullable::allowed(kept.as_ref().unwrap_or(&as_written));
        let literal = kept.as_ref().map(|_| &as_written);
        let other_readings = literal.into_iter().chain(&with_null).map(|other| Schema::compile(other, REQUESTS)).collect();
        let bundle = kept.as_ref().unwrap_or(&as_written);
        let target = Self::with(bundle, operation, media_type, encodings(document, media_type))?;
        Ok(Self { examples: examples(document, operation, media_type), other_readings, ..target })
    }

    /// Compiles a [`bundle`].
    pub fn of(bundle: &Value, operation: &Operation, media_type: Option<&(String, String)>) -> Result<Self, DocumentError> {
        Self::with(bundle, operation, media_type, BTreeMap::new())
    }

    fn with(
        bundle: &Value,
        operation: &Operation,
        media_type: Option<&(String, String)>,
        encodings: BTreeMap<String, Encoding>,
    ) -> Result<Self, DocumentError> {
        let schema = schema(bundle, operation, media_type, &encodings);
        let (writing, sent) = written(operation, media_type);
        let validator = ReferenceValidator::compile(bundle, REQUESTS, &schema)
            .map_err(|cause| DocumentError::Schema { pointer: operation.pointer.clone(), cause })?;
        let file = |node: &Node| {
            let written = bundle.pointer(&node.pointer)?;
            let media_type = written["contentMediaType"].as_str().map(|name| form::sent(name, true));
            let is_constrained = written.as_object()?.keys().any(|keyword| ASKING.contains(&keyword.as_str()));
            (media_type.is_some() || written["format"] == "binary").then_some(File { media_type, is_constrained })
        };
        let files = schema.nodes.iter().enumerate().filter_map(|(id, node)| Some((id, file(node)?))).collect();
        let is_merge = media_type.is_some_and(|(name, _)| name.contains("merge-patch+json"));
        let result = media_type.filter(|_| is_merge).and_then(|(_, at)| PatchResult::of(bundle, operation, at));
        let node = |parameter: &Parameter| schema.nodes.iter().position(|node| node.pointer == parameter.schema);
        let parameters = operation.parameters.iter().map(node).collect();
        Ok(Self {
            result,
            examples: Vec::new(),
            other_readings: Vec::new(),
            files,
            parameters,
            writing,
            sent,
            encodings,
            operation: operation.clone(),
            media_type: media_type.map(|(name, _)| name.clone()),
            schema,
            validator,
        })
    }

    fn node(&self, pointer: &str) -> Option<NodeId> {
        self.schema.nodes.iter().position(|node| node.pointer == pointer)
    }

    /// The instance as the server reads it: what is sent as text has no type of its own. None where it cannot be sent.
    pub fn as_received(&self, mut instance: Value) -> Option<Value> {
        let object = instance.as_object_mut()?;
        for place in ParameterLocation::ALL {
            let here = |parameter: &&Parameter| parameter.place == place;
            let Some(values) = object.get_mut(place.name()) else { continue };
            if place == ParameterLocation::Path
                && !self.operation.parameters.iter().filter(here).all(|parameter| values.get(&parameter.name).is_some())
            {
                return None;
            }
            let values = values.as_object_mut()?;
            for (parameter, node) in self.operation.parameters.iter().zip(&self.parameters).filter(|(it, _)| it.place == place) {
                let Some(value) = values.get(&parameter.name) else { continue };
                if place == ParameterLocation::Path
                    && !self.operation.is_separable(&parameter.name, &style::in_path(parameter, value))
                {
                    return None;
                }
                match self.received(parameter, (*node)?, value)? {
                    Some(value) => drop(values.insert(parameter.name.clone(), value)),
                    None => drop(values.shift_remove(&parameter.name)),
                }
            }
        }
        let in_path = |name: &str| {
            let parameter = self.operation.parameters.iter().find(|it| it.place == ParameterLocation::Path && it.name == name)?;
            let written = style::in_path(parameter, object.get("path")?.get(name)?);
            Some(percent_encoding::percent_decode_str(&written).decode_utf8_lossy().into_owned())
        };
        if self.operation.is_ambiguous(in_path) {
            return None;
        }
        if let Some(body) = object.get("body")
            && self.writing != Writing::Json
        {
            let body = self.read_form(self.writing, body)?;
            object.insert("body".to_owned(), body);
        }
        Some(instance)
    }

    /// Whether servers may be of two minds about an instance: those that read by a discriminator, or take `nullable` to mean null
    /// wherever it stands, and those that do not.
    pub fn is_doubtful(&self, instance: &Value, is_valid: bool) -> bool {
        self.other_readings.iter().any(|reading| reading.accepts(0, instance) != is_valid)
    }

    /// Whether the query may have any name: it is an object of which no property has one.
    pub fn takes_any_query(&self) -> bool {
        let parameters = self.operation.parameters.iter().zip(&self.parameters);
        let mut objects = parameters.filter_map(|(it, node)| {
            let is_dissolved = it.place == ParameterLocation::Query && it.serialization.is_dissolved();
            node.filter(|node| is_dissolved && self.types(*node, 0).has(Types::OBJECT))
        });
        objects.any(|node| self.names(node, 0).is_empty())
    }

    /// How its body is written.
    pub fn writing(&self) -> Writing {
        self.writing
    }

    fn body_node(&self) -> Option<NodeId> {
        let (_, at) =
            self.operation.body.as_ref()?.media_types.iter().find(|(name, _)| Some(name) == self.media_type.as_ref())?;
        self.node(at)
    }

    /// The body of a form, or a text, as the server reads it; none where it cannot be sent so that every server reads the same.
    fn read_form(&self, writing: Writing, body: &Value) -> Option<Value> {
        let root = self.body_node()?;
        let read = |value: &Value, node: Option<NodeId>| {
            let text = text(value)?;
            writing.can_hold(&text).then(|| self.parsed(&text, node))
        };
        match writing {
            Writing::Text => return read(body, Some(root)),
            Writing::Bytes => return read(body, None),
            _ => {}
        }
        let mut all = Map::new();
        for (name, value) in body.as_object()? {
            let child = self.property(root, name, 0);
            let types = child.map_or(Types::STRING, |child| self.types(child, 0));
            let is_file = self.file(name).is_some();
            let value = match value {
                _ if !writing.can_name(name, self.names(root, 0).contains(name)) => return None,
                value if !is_file && self.encodings.get(name).is_some_and(|encoding| !encoding.is_written(value)) => {
                    return None;
                }
                // No item: the property is not there.
                Value::Array(items) if types.has(Types::ARRAY) && items.is_empty() => continue,
                Value::Array(items) if types.has(Types::ARRAY) => {
                    let item = child.and_then(|child| self.item(child, 0));
                    let has_objects = item.is_some_and(|item| self.types(item, 0).has(Types::OBJECT));
                    let read = |value: &Value| match value {
                        Value::String(text) if is_file && !text.is_ascii() => None,
                        Value::Object(_) if has_objects => Some(value.clone()),
                        _ if has_objects => None,
                        value => read(value, item),
                    };
                    Value::Array(items.iter().map(read).collect::<Option<_>>()?)
                }
                // An object is JSON in a field or part, unless it has a style.
                Value::Object(_) if types.has(Types::OBJECT) && !self.is_deep(name) && !self.joins(name) => value.clone(),
                Value::Object(object) if types.has(Types::OBJECT) => {
                    let mut fields = Map::new();
                    for (name, value) in object.iter().filter(|(name, _)| writing.can_name(name, false)) {
                        fields.insert(name.clone(), read(value, child.and_then(|child| self.property(child, name, 0)))?);
                    }
                    match (fields.len() == object.len(), fields.is_empty()) {
                        (false, _) => return None,
                        // No property: the object is not there.
                        (true, true) => continue,
                        (true, false) => Value::Object(fields),
                    }
                }
                Value::Array(_) | Value::Object(_) => return None,
                // One item is a list of one, and what is no object is not read as one.
                _ if types.has(Types::ARRAY) || types.has(Types::OBJECT) => return None,
                // Of a file the bytes count, which need not be characters.
                Value::String(text) if is_file && !text.is_ascii() => return None,
                value => read(value, child)?,
            };
            all.insert(name.clone(), value);
        }
        (!all.is_empty()).then_some(Value::Object(all))
    }

    /// Whether each property of an object in a form is a field of its own.
    fn is_deep(&self, name: &str) -> bool {
        self.writing == Writing::Form && self.encodings.get(name).is_some_and(|encoding| encoding.is_deep)
    }

    /// Whether lists and objects of a form are one text.
    fn joins(&self, name: &str) -> bool {
        self.encodings.get(name).is_some_and(Encoding::joins)
    }

    /// The body of a form, with the fields of its objects instead of these.
    fn dissolved(&self, body: &Value) -> Value {
        let fields = |(name, value): (&String, &Value)| match value {
            Value::Object(object) if self.is_deep(name) => {
                object.iter().map(|(property, value)| (format!("{name}[{property}]"), value.clone())).collect()
            }
            value => {
                let joined = self.encodings.get(name).and_then(|encoding| encoding.joined(value)).map(Value::String);
                vec![(name.clone(), joined.unwrap_or_else(|| value.clone()))]
            }
        };
        body.as_object().map_or_else(|| body.clone(), |object| Value::Object(object.iter().flat_map(fields).collect()))
    }

    /// The texts of an instance of which the document asks something that the engine does not understand, each with the name of its property.
    pub(crate) fn unchecked(&self, instance: &Value) -> Vec<(String, String)> {
        fn collect<'s>(
            value: &Value,
            mut place: impl Iterator<Item = &'s str> + Clone,
            name: &'s str,
            all: &mut Vec<(String, String)>,
        ) {
            match (place.next(), value) {
                (None, Value::String(text)) => all.push((name.to_owned(), text.clone())),
                (Some("*"), Value::Array(items)) => items.iter().for_each(|item| collect(item, place.clone(), name, all)),
                (Some("*"), Value::Object(object)) => object.values().for_each(|value| collect(value, place.clone(), name, all)),
                (Some(name), value) => {
                    if let Some(value) = value.pointer(&format!("/{name}")) {
                        collect(value, place, name, all);
                    }
                }
                _ => {}
            }
        }
        let mut all = Vec::new();
        for node in self.schema.nodes.iter().filter(|node| node.unchecked) {
            collect(instance, node.place.split('/').skip(1), "", &mut all);
        }
        all
    }

    /// How a property of a form is sent as a file, or each of its items; none where it is not.
    fn file(&self, name: &str) -> Option<File> {
        let child = self.body_node().and_then(|root| self.property(root, name, 0))?;
        let file = self.files.get(&self.file_node(child, 0)?)?.clone();
        let wanted = self.encodings.get(name).and_then(|encoding| encoding.media_type.clone());
        Some(File { media_type: wanted.or(file.media_type), ..file })
    }

    fn file_node(&self, node: NodeId, depth: usize) -> Option<NodeId> {
        let item = || self.item(node, 0).filter(|item| depth < 8 && self.files.contains_key(item));
        let part = || self.of_parts(node, depth, &|child| self.file_node(child, depth + 1));
        Some(node).filter(|node| self.files.contains_key(node)).or_else(item).or_else(part)
    }

    fn received(&self, parameter: &Parameter, node: NodeId, value: &Value) -> Option<Option<Value>> {
        let serialization = parameter.serialization;
        if serialization.style == Style::Json {
            return sendable(parameter.place, &value.to_string()).then(|| Some(value.clone()));
        }
        let read = |value: &Value, node: Option<NodeId>| {
            let text = text(value)?;
            sendable(parameter.place, &text).then(|| self.parsed(&text, node))
        };
        let held = |value: &Value, in_object| text(value).is_some_and(|text| serialization.can_hold(&text, in_object));
        let absent_if_empty = |is_empty: bool, value: Value| match (is_empty, parameter.place) {
            (true, ParameterLocation::Path) => None,
            (true, _) => Some(None),
            (false, _) => Some(Some(value)),
        };
        match value {
            Value::Array(items) if self.types(node, 0).has(Types::ARRAY) => {
                let item = self.item(node, 0);
                let read = |value: &Value| held(value, false).then(|| read(value, item))?;
                let all: Vec<Value> = items.iter().map(read).collect::<Option<_>>()?;
                absent_if_empty(all.is_empty(), Value::Array(all))
            }
            Value::Object(object) if self.types(node, 0).has(Types::OBJECT) => {
                let mut all = Map::new();
                for (name, value) in object {
                    let name_holds = serialization.can_hold(name, true) && sendable(parameter.place, name);
                    // The property of one parameter must not be taken for another parameter.
                    let taken = serialization.is_dissolved()
                        && self.operation.parameters.iter().any(|other| other.place == parameter.place && other.name == *name);
                    if !name_holds || taken {
                        return None;
                    }
                    let child = self.property(node, name, 0);
                    let value = match value {
                        // Servers differ in how they read a list in an object, but not where each item has the name.
                        Value::Array(items) if serialization.style == Style::DeepObject && items.len() > 1 => {
                            let item = child.and_then(|child| self.item(child, 0));
                            Value::Array(items.iter().map(|value| read(value, item)).collect::<Option<_>>()?)
                        }
                        value if held(value, true) => read(value, child)?,
                        _ => return None,
                    };
                    all.insert(name.clone(), value);
                }
                // Only a name that the document has for it tells that a dissolved object is there.
                if serialization.is_dissolved() && !all.is_empty() {
                    let names = self.names(node, 0);
                    if !names.is_empty() && !names.iter().any(|name| all.contains_key(name)) {
                        return None;
                    }
                }
                absent_if_empty(all.is_empty(), Value::Object(all))
            }
            // A single item is an array of one, and what is no object is not read as one.
            _ if self.types(node, 0).has(Types::ARRAY) || self.types(node, 0).has(Types::OBJECT) => None,
            value => read(value, Some(node)).map(Some),
        }
    }

    /// What a text stands for by the types that the schema allows.
    fn parsed(&self, text: &str, node: Option<NodeId>) -> Value {
        let types = node.map_or(Types::STRING, |node| self.types(node, 0));
        let json = || serde_json::from_str::<Value>(text).ok();
        let number = || json().filter(|value| value.is_number() && types.has(Types::NUMBER));
        let boolean = || json().filter(|value| value.is_boolean() && types.has(Types::BOOLEAN));
        number().or_else(boolean).unwrap_or_else(|| Value::String(text.to_owned()))
    }

    fn types(&self, node: NodeId, depth: usize) -> Types {
        let node = &self.schema.nodes[node];
        let mut types = Types::NONE;
        for own in &node.own {
            match &self.schema.constraints[*own].rule {
                Rule::Type(own) => return *own,
                Rule::Enum(members) => members.iter().for_each(|member| types = types.or(Types::of(member))),
                Rule::Const(value) => types = types.or(Types::of(value)),
                _ => {}
            }
        }
        let branches = node.any_of.iter().chain(&node.one_of).flat_map(|(_, branches)| branches);
        if depth < 8 {
            for child in node.reference.iter().chain(&node.all_of).chain(branches) {
                types = types.or(self.types(*child, depth + 1));
            }
        }
        types
    }

    /// The node of the items of a list.
    fn item(&self, node: NodeId, depth: usize) -> Option<NodeId> {
        let own = self.schema.nodes[node].items;
        own.or_else(|| self.of_parts(node, depth, &|child| self.item(child, depth + 1)))
    }

    /// The node of a property of an object.
    fn property(&self, node: NodeId, name: &str, depth: usize) -> Option<NodeId> {
        let Node { properties, additional_properties, .. } = &self.schema.nodes[node];
        let own = properties.get(name).copied();
        let further = || self.of_parts(node, depth, &|child| self.property(child, name, depth + 1));
        own.or_else(further).or(*additional_properties)
    }

    /// What is found in a part of a composition; in alternatives only where a text stands for the same in all that have it.
    fn of_parts(&self, node: NodeId, depth: usize, find: &dyn Fn(NodeId) -> Option<NodeId>) -> Option<NodeId> {
        let node = Some(&self.schema.nodes[node]).filter(|_| depth < 8)?;
        let alternatives = || {
            let branches = node.any_of.iter().chain(&node.one_of).flat_map(|(_, branches)| branches);
            let mut found = branches.filter_map(|child| find(*child));
            let first = found.next()?;
            found.all(|other| self.types(other, 0) == self.types(first, 0)).then_some(first)
        };
        node.reference.iter().chain(&node.all_of).find_map(|child| find(*child)).or_else(alternatives)
    }

    /// The names of the properties that a schema has.
    fn names(&self, node: NodeId, depth: usize) -> BTreeSet<String> {
        let node = &self.schema.nodes[node];
        let own = node.properties.keys().cloned();
        let branches = node.any_of.iter().chain(&node.one_of).flat_map(|(_, branches)| branches);
        let further = node.reference.iter().chain(&node.all_of).chain(branches).filter(|_| depth < 8);
        own.chain(further.flat_map(|child| self.names(*child, depth + 1))).collect()
    }

    /// The request for an instance that [`Target::as_received`] has let through; without credentials.
    pub fn encode(&self, instance: &Value) -> Request {
        let operation = &self.operation;
        let mut target = operation.path.clone();
        let mut query: Vec<String> = Vec::new();
        let mut headers: Vec<(String, String)> = Vec::new();
        let mut cookies: Vec<String> = Vec::new();
        for parameter in &operation.parameters {
            let Some(value) = instance.get(parameter.place.name()).and_then(|values| values.get(&parameter.name)) else {
                continue;
            };
            match parameter.place {
                ParameterLocation::Path => {
                    target = target.replace(&format!("{{{}}}", parameter.name), &style::in_path(parameter, value));
                }
                ParameterLocation::Query => query.extend(style::in_query(parameter, value)),
                ParameterLocation::Header => headers.push((parameter.name.clone(), style::in_header(parameter, value))),
                ParameterLocation::Cookie => cookies.extend(style::in_cookie(parameter, value)),
            }
        }
        if !query.is_empty() {
            // The path of a document may have a query of its own.
            let before = if target.contains('?') { '&' } else { '?' };
            target = format!("{target}{before}{}", query.join("&"));
        }
        if !cookies.is_empty() {
            headers.push(("cookie".to_owned(), cookies.join("; ")));
        }
        let written = instance.get("body").map(|body| {
            let media_type = self.sent.as_deref().unwrap_or_default();
            self.writing.written(media_type, &self.dissolved(body), |name| self.file(name))
        });
        if let (Some((_, named)), Some(_)) = (&written, &self.media_type) {
            headers.push(("content-type".to_owned(), named.clone()));
        }
        headers.extend(self.accepted().map(|media_type| ("accept".to_owned(), format!("{media_type}, */*;q=0.1"))));
        let body = written.map(|(bytes, _)| bytes);
        Request { method: operation.method.clone(), target, headers, body, chunked: false }
    }

    /// The media type of answers that is asked for, where the server has JSON among others: only that can be judged.
    fn accepted(&self) -> Option<&str> {
        let of_success = self.operation.responses.iter().filter(|(status, _)| status.starts_with('2'));
        let names: Vec<&str> = of_success.flat_map(|(_, spec)| &spec.media_types).map(|(name, _)| name.as_str()).collect();
        let is_choice = names.iter().any(|name| !is_json(name));
        names.iter().find(|name| is_json(name) && !name.contains('*')).copied().filter(|_| is_choice)
    }
}

/// The rules about values of other types than those that are allowed beside them, and those to which only such keywords lead, as the
/// `properties` of a list.
fn idle(schema: &Schema) -> BTreeSet<ConstraintId> {
    let rule = |id: &ConstraintId| &schema.constraints[*id].rule;
    let types = |node: &crate::schema::Node| {
        node.own.iter().find_map(|id| if let Rule::Type(types) = rule(id) { Some(*types) } else { None }).unwrap_or(Types::ALL)
    };
    let mut idle: BTreeSet<ConstraintId> = BTreeSet::new();
    let mut reached = vec![false; schema.nodes.len()];
    let mut open = vec![0];
    while let Some(id) = open.pop() {
        if !std::mem::replace(&mut reached[id], true) {
            let node = &schema.nodes[id];
            idle.extend(node.own.iter().copied().filter(|own| !types(node).has(subject(rule(own)))));
            open.extend(node.children_of(types(node)));
        }
    }
    idle.extend((0..schema.nodes.len()).filter(|id| !reached[*id]).flat_map(|id| schema.nodes[id].constraints()));
    idle
}

/// Whether a rule asks for nothing that is not so anyway.
fn asks_nothing(rule: &Rule) -> bool {
    matches!(rule, Rule::MinLength(0) | Rule::MinItems(0) | Rule::MinProperties(0))
}

const NEVER_NULL: &str = "a value is sent as text, and text is never null";
const ANY_TEXT: &str = "one of the alternatives is any text";

/// Whether a constraint is a choice that every text meets: `anyOf` a string or null, say.
fn takes_any_text(schema: &Schema, id: ConstraintId) -> bool {
    if !matches!(schema.constraints[id].rule, Rule::AnyOf | Rule::OneOf) {
        return false;
    }
    let rules = |node: NodeId| schema.nodes[node].own.iter().map(|own| &schema.constraints[*own].rule);
    let is_text = |node: &NodeId| {
        let it = &schema.nodes[*node];
        let is_plain = it.reference.is_none() && it.all_of.is_empty() && it.any_of.is_none() && it.one_of.is_none();
        let is_plain = is_plain && it.not.is_none() && it.condition.is_none() && it.never.is_none();
        is_plain && rules(*node).all(|rule| matches!(rule, Rule::Type(types) if types.has(Types::STRING)))
    };
    let is_null = |node: &NodeId| rules(*node).any(|rule| matches!(rule, Rule::Type(Types::NULL)));
    let any = schema.nodes.iter().filter_map(|node| node.any_of.as_ref()).filter(|(own, _)| *own == id);
    let mut one = schema.nodes.iter().filter_map(|node| node.one_of.as_ref()).filter(|(own, _)| *own == id);
    any.flat_map(|(_, branches)| branches).any(is_text)
        || one.any(|(_, all)| all.iter().filter(|it| is_text(it)).count() == 1 && all.iter().all(|it| is_text(it) || is_null(it)))
}

/// Why a constraint of a body that is no JSON cannot be broken, or not so that every server sees it.
fn not_in_form(
    writing: Writing,
    encodings: &BTreeMap<String, Encoding>,
    place: &str,
    rule: &Rule,
    takes_any_text: bool,
) -> Option<&'static str> {
    let inside = place.strip_prefix("/body")?;
    let depth = inside.matches('/').count();
    let property = segments(inside).into_iter().next().unwrap_or_default();
    let encoding = encodings.get(&property);
    let is_deep = encoding.is_some_and(|encoding| encoding.joins() || encoding.is_deep && writing == Writing::Form);
    let is_item = inside.ends_with("/*") && depth == 2;
    let is_written = encoding.is_none_or(Encoding::writes_objects) && (depth == 2 || !is_deep && !inside.contains("/*/*"));
    let value = match (writing, depth) {
        (Writing::Json, _) => return None,
        (Writing::Text | Writing::Bytes, 0) => true,
        (Writing::Form | Writing::Multipart, 0) => {
            return match rule {
                Rule::Type(_) => Some("a form is always read as an object"),
                Rule::MinProperties(0 | 1) => Some("a form without properties is no body"),
                _ => None,
            };
        }
        (Writing::Form, 2..) if !is_written && !is_item => {
            return Some("no form has a way to write what is in an object that all servers read");
        }
        _ => depth == 1 || is_item || is_deep,
    };
    match rule {
        Rule::Type(Types::NULL) if value => Some(NEVER_NULL),
        Rule::AnyOf | Rule::OneOf if value && takes_any_text => Some(ANY_TEXT),
        Rule::Type(types) if value && types.has(Types::STRING) => Some("a value is sent as text, and text is always a string"),
        Rule::Type(types) if value && types.has(Types::ARRAY) => Some("a value that is given once is a list of one"),
        Rule::Type(types) if value && types.has(Types::OBJECT) => Some("a value in this place is read as an object"),
        Rule::MinItems(0 | 1) if value => Some("a list without items is a value that is not given"),
        Rule::MinLength(0 | 1) if matches!(writing, Writing::Text | Writing::Bytes) => Some("an empty text is no body"),
        _ => None,
    }
}

/// Whether a place is inside a property that has the name of another parameter beside its own.
fn is_of_another(operation: &Operation, parameter: &Parameter, place: &str) -> bool {
    let own = parameter.at();
    let mut beside = operation.parameters.iter().filter(|other| other.place == parameter.place && other.name != parameter.name);
    beside.any(|other| crate::pointer::is_within(place, &format!("{own}/{}", escape(&other.name))))
}

/// Whether a place is inside a value that is itself inside the value of a parameter; a list in a `deepObject` has a form.
fn is_too_deep(parameter: &Parameter, place: &str) -> bool {
    let own = parameter.at();
    let inside = place.strip_prefix(&own).unwrap_or_default();
    let listed = parameter.serialization.style == Style::DeepObject && inside.ends_with("/*");
    inside.matches('/').count() > if listed { 2 } else { 1 }
}

/// Whether an item of a list, or the value of a property, may be an empty text where a parameter has it; also for what is no part.
fn can_hold_empty_part(parameter: &Parameter, place: &str) -> bool {
    let own = parameter.at();
    let Some(inside) = place.strip_prefix(&own).filter(|inside| !inside.is_empty()) else { return true };
    sendable(parameter.place, "") && parameter.serialization.can_hold("", !inside.ends_with("/*"))
}

/// What of a request is written into the document about a part that the engine put together.
fn source(operation: &Operation, place: &str) -> Option<String> {
    let parameter = operation
        .parameters
        .iter()
        .find(|parameter| place == parameter.at())
        .map(|parameter| format!("{}/required", parameter.pointer));
    let body = operation.body.as_ref().filter(|_| place == "/body").map(|body| format!("{}/required", body.pointer));
    parameter.or(body)
}

/// How many bytes of text a parameter has at most: RFC 9110, section 4.1, asks servers to read targets of 8,000 octets, and an
/// octet may be sent as three.
const LONGEST_TEXT: usize = 2_500;

/// Whether every HTTP server reads the same text again in this place.
fn sendable(place: ParameterLocation, text: &str) -> bool {
    let visible = |c: char| ('\u{21}'..='\u{7E}').contains(&c);
    if text.len() > LONGEST_TEXT {
        return false;
    }
    match place {
        ParameterLocation::Path => {
            !text.is_empty() && !text.chars().all(|c| c == '.') && !text.contains(['/', '\\', '\0', '\n', '\r', '%'])
        }
        ParameterLocation::Query => !text.contains('\0'),
        ParameterLocation::Header => {
            !text.is_empty() && text.chars().all(|c| visible(c) || c == ' ') && text.trim() == text && !text.contains("  ")
        }
        ParameterLocation::Cookie => {
            !text.is_empty() && text.chars().all(|c| visible(c) && !matches!(c, '"' | ',' | ';' | '\\' | '=' | '%'))
        }
    }
}
