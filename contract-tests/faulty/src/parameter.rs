//! What a request says in its path, query, headers and cookies: texts, and the values that they stand for (OpenAPI 3.1, section 4.8.12.3).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use hyper::HeaderMap;
use jsonschema::Validator;
use serde_json::{Map, Value, json};

use crate::{
    compile::{find_properties, types},
    document::{ServedOperation, Unservable},
    view::{View, escape, followed},
    violation::{Violation, violations},
};

/// A parameter of an operation.
pub struct Parameter {
    pub name: String,
    pub place: String,
    pub required: bool,
    pub validator: Arc<Validator>,
    style: String,
    exploded: bool,
    shape: Shape,
    /// The names of the other parameters in its place: a property of an exploded object that is called so is that parameter.
    beside: BTreeSet<String>,
}

/// What a parameter's value is made of.
enum Shape {
    /// A value of one of these types.
    One(Types),
    /// A list of such values.
    List(Types),
    /// An object: what its known properties are, and what the others.
    Object(BTreeMap<String, Text>, Text),
    /// JSON, for a parameter with `content`.
    Json,
}

type Types = BTreeSet<String>;

/// What a text stands for.
#[derive(Debug, Clone)]
pub enum Text {
    /// A value of one of these types.
    One(Types),
    /// A list of such values, each given for itself.
    List(Types),
}

/// Why a parameter has no value.
pub enum NoValue {
    /// It is not given.
    Missing,
    /// It is given in a way that its style does not have.
    Malformed(&'static str),
}

impl ServedOperation {
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
            let value = match parameter.value(path, query, headers) {
                Ok(value) => value,
                Err(NoValue::Missing) => {
                    broken.extend(parameter.required.then(|| violation("required", "is required")));
                    continue;
                }
                Err(NoValue::Malformed(message)) => {
                    broken.push(violation("type", message));
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
    /// The parameter at `at`.
    pub fn compile(view: &View, at: &str) -> Result<Self, Unservable> {
        let (at, node) = view.resolve(at)?;
        let text = |name: &str| node.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let place = text("in");
        let by_form = matches!(place.as_str(), "query" | "cookie");
        let style = Some(text("style")).filter(|style| !style.is_empty());
        let style = style.unwrap_or_else(|| if by_form { "form" } else { "simple" }.to_owned());
        let exploded = is_exploded(node, &style);
        let content = node.get("content").and_then(Value::as_object).and_then(|content| content.keys().next());
        let schema_at = match content {
            Some(name) => format!("{at}/content/{}/schema", escape(name)),
            None => format!("{at}/schema"),
        };
        let schema = view.root.pointer(&schema_at).unwrap_or(&Value::Null);
        let shape = if content.is_some() { Shape::Json } else { Shape::of(&view.root, schema) };
        let (name, required) = (text("name"), node.get("required") == Some(&json!(true)));
        Ok(Self {
            name,
            required,
            validator: view.validator(&schema_at)?,
            place,
            style,
            exploded,
            shape,
            beside: BTreeSet::new(),
        })
    }

    /// The same beside the other parameters of its operation.
    pub fn beside(self, all: &BTreeSet<(String, String)>) -> Self {
        let others = all.iter().filter(|(place, name)| *place == self.place && *name != self.name);
        Self { beside: others.map(|(_, name)| name.clone()).collect(), ..self }
    }

    /// The value that a request gives it.
    pub fn value(&self, path: &Map<String, Value>, query: &str, headers: &HeaderMap) -> Result<Value, NoValue> {
        if let Shape::Object(known, others) = &self.shape
            && let Some(fields) = self.fields(known, path, query, headers)?
        {
            return Ok(object(known, others, fields));
        }
        let texts = self.texts(path, query, headers);
        let one = match texts.as_slice() {
            [] => return Err(NoValue::Missing),
            [one] => Ok(one),
            _ => Err(NoValue::Malformed("must be given once")),
        };
        match (&self.shape, separator(&self.style, self.exploded)) {
            (Shape::Json, _) => serde_json::from_str(one?).map_err(|_| NoValue::Malformed("must be JSON")),
            (Shape::List(types), None) => Ok(texts.iter().map(|text| from_text(text, types)).collect()),
            (Shape::List(types), Some(between)) => Ok(one?.split(between).map(|item| from_text(item, types)).collect()),
            (Shape::One(types), _) => Ok(from_text(one?, types)),
            (Shape::Object(..), _) => Ok(json!(one?)),
        }
    }

    /// The texts given under the parameter's name.
    fn texts(&self, path: &Map<String, Value>, query: &str, headers: &HeaderMap) -> Vec<String> {
        match self.place.as_str() {
            "path" => {
                let Some(text) = path.get(&self.name).and_then(Value::as_str) else { return Vec::new() };
                let named = format!(";{}", self.name);
                match self.style.as_str() {
                    "label" => vec![text.strip_prefix('.').unwrap_or(text).to_owned()],
                    "matrix" => {
                        text.split(&named).skip(1).map(|part| part.strip_prefix('=').unwrap_or(part).to_owned()).collect()
                    }
                    _ => vec![text.to_owned()],
                }
            }
            "query" => pairs(query).into_iter().filter(|(name, _)| *name == self.name).map(|(_, value)| value).collect(),
            "header" => {
                let values = headers.get_all(self.name.as_str()).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
                values.map(|value| value.trim().to_owned()).collect()
            }
            _ => cookies(headers).filter(|(name, _)| *name == self.name).map(|(_, value)| decode(value)).collect(),
        }
    }

    /// The names and texts of an object's properties; none where it may be given as another value.
    fn fields(
        &self,
        known: &BTreeMap<String, Text>,
        path: &Map<String, Value>,
        query: &str,
        headers: &HeaderMap,
    ) -> Result<Option<Vec<(String, String)>>, NoValue> {
        let given = |fields: Vec<(String, String)>| if fields.is_empty() { Err(NoValue::Missing) } else { Ok(Some(fields)) };
        match (self.style.as_str(), self.exploded) {
            ("deepObject", _) => {
                let key =
                    |name: &str| Some(name.strip_prefix(self.name.as_str())?.strip_prefix('[')?.strip_suffix(']')?.to_owned());
                given(pairs(query).into_iter().filter_map(|(name, value)| Some((key(&name)?, value))).collect())
            }
            // Its properties are parameters, so that nobody can tell unknown ones from others where it has known ones.
            ("form" | "spaceDelimited" | "pipeDelimited", true) => {
                let all = if self.place == "query" {
                    pairs(query)
                } else {
                    cookies(headers).map(|(name, value)| (name.to_owned(), decode(value))).collect()
                };
                let is_own = |name: &String| (known.is_empty() || known.contains_key(name)) && !self.beside.contains(name);
                let fields: Vec<_> = all.into_iter().filter(|(name, _)| is_own(name)).collect();
                // An object without properties looks like none.
                given(fields)
            }
            ("matrix", true) => {
                let text = path.get(&self.name).and_then(Value::as_str).unwrap_or_default();
                given(text.split(';').filter(|part| !part.is_empty()).map(named).collect())
            }
            (_, exploded) => {
                let texts = self.texts(path, query, headers);
                let Some(text) = texts.first().filter(|_| texts.len() == 1) else { return Ok(None) };
                let parts: Vec<&str> = text.split(separator(&self.style, self.exploded).unwrap_or(',')).collect();
                if exploded {
                    return Ok(Some(parts.into_iter().map(named).collect()));
                }
                let pair = |pair: &[&str]| Some(((*pair.first()?).to_owned(), (*pair.get(1)?).to_owned()));
                Ok(parts.chunks(2).map(pair).collect())
            }
        }
    }
}

/// Whether each item or property stands for itself, in a parameter or an encoding object of this style.
pub fn is_exploded(node: &Value, style: &str) -> bool {
    node.get("explode").and_then(Value::as_bool).unwrap_or(matches!(style, "form" | "deepObject"))
}

/// What stands between the items of a list in one text; none where each item is given for itself.
pub fn separator(style: &str, exploded: bool) -> Option<char> {
    match (style, exploded) {
        ("deepObject", _) | ("form" | "matrix" | "spaceDelimited" | "pipeDelimited", true) => None,
        ("spaceDelimited", false) => Some(' '),
        ("pipeDelimited", false) => Some('|'),
        ("tabDelimited", _) => Some('\t'),
        ("label", true) => Some('.'),
        _ => Some(','),
    }
}

impl Shape {
    fn of(root: &Value, schema: &Value) -> Self {
        let types = types(root, schema, 0);
        if types.contains("array") {
            return Self::List(item_types(root, schema));
        }
        if !types.contains("object") {
            return Self::One(types);
        }
        let mut properties = Vec::new();
        find_properties(root, schema, 0, &mut properties);
        let others = followed(root, schema).get("additionalProperties").filter(|others| others.is_object());
        Self::Object(
            properties.into_iter().map(|(name, schema)| (name.clone(), Text::of(root, schema))).collect(),
            others.map_or_else(|| Text::One(Types::new()), |schema| Text::of(root, schema)),
        )
    }
}

impl Text {
    /// What a text for a value of this schema stands for.
    pub fn of(root: &Value, schema: &Value) -> Self {
        let types = types(root, schema, 0);
        if types.contains("array") { Self::List(item_types(root, schema)) } else { Self::One(types) }
    }

    /// The value of a text.
    pub fn value(&self, text: &str) -> Value {
        let (Self::One(types) | Self::List(types)) = self;
        from_text(text, types)
    }
}

fn item_types(root: &Value, schema: &Value) -> Types {
    types(root, items(root, schema, 0).unwrap_or(&json!(true)), 0)
}

/// The items of a schema, or of the first of its parts that has some.
fn items<'a>(root: &'a Value, schema: &'a Value, depth: usize) -> Option<&'a Value> {
    let schema = followed(root, schema);
    let parts = ["allOf", "anyOf", "oneOf"].into_iter().filter_map(|keyword| schema.get(keyword)?.as_array()).flatten();
    schema.get("items").or_else(|| parts.filter(|_| depth < 4).find_map(|part| items(root, part, depth + 1)))
}

fn named(part: &str) -> (String, String) {
    let (name, value) = part.split_once('=').unwrap_or((part, ""));
    (name.to_owned(), value.to_owned())
}

fn object(known: &BTreeMap<String, Text>, others: &Text, fields: Vec<(String, String)>) -> Value {
    let mut object = Map::new();
    for (name, text) in fields {
        let kind = known.get(&name).unwrap_or(others);
        let value = kind.value(&text);
        match (object.get_mut(&name), kind) {
            (Some(Value::Array(items)), _) => items.push(value),
            (Some(first), _) => *first = json!([first.take(), value]),
            (None, Text::List(_)) => drop(object.insert(name, json!([value]))),
            (None, Text::One(_)) => drop(object.insert(name, value)),
        }
    }
    json!(object)
}

/// The value that a text stands for; one that fits no type stays text, which the schema refuses.
pub fn from_text(text: &str, types: &Types) -> Value {
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

/// Percent-encodes what may not stand for itself in a path (RFC 3986, section 2.3).
pub fn encode(text: &str) -> String {
    let encoded = |byte: u8| match byte {
        b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(encoded).collect()
}

/// Undoes percent-encoding.
pub fn decode(text: &str) -> String {
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
