//! Answers, made out of the document and the request.

use regex_syntax::hir::{Class, Hir, HirKind};
use serde_json::{Map, Value, json};

use crate::{document::Media, view::followed};

/// What an answer is made of.
pub struct Maker<'a> {
    /// The document.
    pub root: &'a Value,
    /// The time of the request.
    pub now: &'a str,
    /// The number of the request, which makes the ids.
    pub serial: u64,
}

/// How deep a value is made: a schema that contains itself ends here.
const DEPTH: usize = 8;

impl Maker<'_> {
    /// A body for this answer that says what the request said, `given`, wherever the answer has a place for it; none where none
    /// was found that the document allows.
    pub fn body(&self, media: &Media, given: Option<&Value>, parameters: &Map<String, Value>) -> Option<Value> {
        let whole = given.filter(|given| !given.is_object()).cloned();
        let mut parts = Parts::default();
        self.collect(&media.schema, 0, &mut parts);
        let mut given = given.and_then(Value::as_object).cloned().unwrap_or_default();
        let one_way = |schema: &Value| ["readOnly", "writeOnly"].iter().any(|mark| schema.get(mark) == Some(&json!(true)));
        for (name, _) in parts.properties.iter().filter(|(_, schema)| one_way(schema)) {
            given.shift_remove(*name);
        }
        let echoed = self.echoed(&parts, &given, parameters);
        // From what says most about the request to what says nothing.
        let candidates: [&dyn Fn() -> Option<Value>; 7] = [
            &|| media.wanted.clone(),
            &|| whole.clone(),
            &|| Some(self.completed(&parts, echoed.clone())),
            // An object that is open, or says in another way what it can have.
            &|| Some(self.completed(&parts, given.clone())),
            &|| {
                let example = media.example.as_ref()?.as_object()?.clone();
                Some(json!(example.into_iter().chain(echoed.clone()).collect::<Map<_, _>>()))
            },
            &|| media.example.clone(),
            &|| Some(self.value("", &media.schema, 0)),
        ];
        candidates.iter().find_map(|candidate| candidate().filter(|value| media.validator.is_valid(value)))
    }

    /// What the answer has of the request, by name; a list also under the plural of the name, as `nationality` in `nationalities`.
    fn echoed(&self, parts: &Parts<'_>, given: &Map<String, Value>, parameters: &Map<String, Value>) -> Map<String, Value> {
        let mut body = Map::new();
        for (name, schema) in &parts.properties {
            let singular =
                name.strip_suffix("ies").map(|stem| format!("{stem}y")).or_else(|| name.strip_suffix('s').map(str::to_owned));
            let is_list = followed(self.root, schema).get("type") == Some(&json!("array"));
            let plural = singular.filter(|_| is_list).and_then(|name| given.get(&name)).map(|value| json!([value]));
            let same = given.get(*name).or_else(|| parameters.get(*name)).cloned();
            if let Some(value) = same.or(plural) {
                body.insert((*name).to_owned(), value);
            }
        }
        body
    }

    fn completed(&self, parts: &Parts<'_>, mut body: Map<String, Value>) -> Value {
        for (name, schema) in &parts.properties {
            if !body.contains_key(*name) && (parts.required.contains(name) || MADE.contains(name)) {
                body.insert((*name).to_owned(), self.value(name, schema, 1));
            }
        }
        json!(body)
    }

    /// A value of the schema for the property `name`.
    pub fn value(&self, name: &str, schema: &Value, depth: usize) -> Value {
        let schema = followed(self.root, schema);
        let fresh =
            name == "id" && (schema.get("pattern").is_some() || schema.get("format").is_some() || schema.get("const").is_none());
        let listed = schema.get("enum").and_then(Value::as_array).and_then(|values| values.first());
        if let Some(value) = schema.get("const").or(listed) {
            return value.clone();
        }
        if schema.get("format") == Some(&json!("date-time")) {
            return json!(self.now);
        }
        let examples = schema.get("examples").and_then(Value::as_array).and_then(|values| values.first());
        if let Some(value) = examples.or(schema.get("example")).or(schema.get("default")).filter(|_| !fresh && depth > 0) {
            return value.clone();
        }
        let branches = ["oneOf", "anyOf"].iter().find_map(|keyword| schema.get(keyword)?.as_array()?.first());
        let kind = match schema.get("type") {
            Some(Value::Array(kinds)) => kinds.first().and_then(Value::as_str),
            kind => kind.and_then(Value::as_str),
        };
        match kind {
            Some("object") => self.object(schema, depth),
            None if schema.get("properties").is_some() || schema.get("allOf").is_some() => self.object(schema, depth),
            Some("string") => json!(self.text(name, schema)),
            Some("integer" | "number") if fresh => json!(self.serial),
            Some("integer" | "number") => self.number(schema),
            Some("boolean") => json!(false),
            Some("null") => Value::Null,
            Some("array") => {
                let prefix = schema.get("prefixItems").and_then(Value::as_array).into_iter().flatten();
                let least = schema.get("minItems").and_then(Value::as_u64).unwrap_or(0);
                let items = schema.get("items").unwrap_or(&Value::Null);
                let count = if depth < DEPTH { usize::try_from(least).unwrap_or(0) } else { 0 };
                prefix.chain(std::iter::repeat(items)).take(count).map(|item| self.value("", item, depth + 1)).collect()
            }
            _ => branches.map_or(Value::Null, |branch| self.value(name, branch, depth)),
        }
    }

    fn object(&self, schema: &Value, depth: usize) -> Value {
        let mut parts = Parts::default();
        self.collect(schema, 0, &mut parts);
        let required = parts.properties.iter().filter(|(name, _)| parts.required.contains(name) && depth < DEPTH);
        json!(required.map(|(name, schema)| ((*name).to_owned(), self.value(name, schema, depth + 1))).collect::<Map<_, _>>())
    }

    /// What the schema says about the properties of an object, in all its branches; it requires only what they all have.
    fn collect<'a>(&'a self, schema: &'a Value, depth: usize, parts: &mut Parts<'a>) {
        let schema = followed(self.root, schema);
        if depth > DEPTH {
            return;
        }
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            if !parts.properties.iter().any(|(known, _)| known == name) {
                parts.properties.push((name, property));
            }
        }
        parts.required.extend(schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str));
        for branch in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            self.collect(branch, depth + 1, parts);
        }
        let choices = ["anyOf", "oneOf"].iter().filter_map(|keyword| schema.get(keyword)?.as_array()).flatten();
        let conditions = ["if", "then", "else"].iter().filter_map(|keyword| schema.get(keyword));
        let dependent =
            schema.get("dependentSchemas").and_then(Value::as_object).into_iter().flat_map(|schemas| schemas.values());
        for branch in choices.chain(conditions).chain(dependent) {
            let required = parts.required.len();
            self.collect(branch, depth + 1, parts);
            parts.required.truncate(required);
        }
    }

    fn text(&self, name: &str, schema: &Value) -> String {
        let text = |keyword: &str| schema.get(keyword).and_then(Value::as_str);
        if let Some(hir) = text("pattern").and_then(|pattern| regex_syntax::parse(pattern).ok()) {
            let mut written = String::new();
            write(&hir, &mut Dice(self.serial), &mut written);
            return written;
        }
        match text("format") {
            Some("date") => self.now[..10].to_owned(),
            Some("time") => "10:30:00Z".to_owned(),
            Some("duration") => "PT1H".to_owned(),
            Some("uuid") => self.uuid(),
            Some("email" | "idn-email") => "somebody@example.com".to_owned(),
            Some("hostname" | "idn-hostname") => "example.com".to_owned(),
            Some("ipv4") => "192.0.2.1".to_owned(),
            Some("ipv6") => "2001:db8::1".to_owned(),
            Some("uri" | "iri") => "https://example.com/".to_owned(),
            Some("uri-reference" | "iri-reference" | "json-pointer") => "/example".to_owned(),
            Some("relative-json-pointer") => "0".to_owned(),
            Some("regex" | "uri-template") => "example".to_owned(),
            _ if name == "id" => format!("{:024x}", Dice(self.serial).roll()),
            _ => "x".repeat(schema.get("minLength").and_then(Value::as_u64).map_or(0, |length| length as usize)),
        }
    }

    /// A random UUID (RFC 9562, section 5.4).
    pub fn uuid(&self) -> String {
        let mut dice = Dice(self.serial);
        let (high, low) = (dice.roll(), dice.roll());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            high >> 16 & 0xffff,
            high & 0xfff,
            low >> 48 & 0x3fff | 0x8000,
            low & 0xffff_ffff_ffff
        )
    }

    fn number(&self, schema: &Value) -> Value {
        let bound = |keyword: &str| schema.get(keyword).and_then(Value::as_f64);
        let step = bound("multipleOf").unwrap_or(1.0);
        let least = bound("minimum").or(bound("exclusiveMinimum").map(|bound| bound + step)).unwrap_or(0.0);
        let value = (least / step).ceil() * step;
        if value.fract() == 0.0 { json!(value as i64) } else { json!(value) }
    }
}

#[derive(Default)]
struct Parts<'a> {
    properties: Vec<(&'a str, &'a Value)>,
    required: Vec<&'a str>,
}

/// What the server adds wherever the answer has a place for it.
const MADE: [&str; 3] = ["id", "createdAt", "updatedAt"];

/// Repeatable chance (the generator SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }
}

/// Writes a text that the pattern matches.
fn write(hir: &Hir, dice: &mut Dice, text: &mut String) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.push_str(&String::from_utf8_lossy(&literal.0)),
        HirKind::Class(Class::Unicode(class)) => {
            let Some(range) = class.ranges().get(dice.roll() as usize % class.ranges().len().max(1)) else { return };
            let (start, end) = (u32::from(range.start()), u32::from(range.end()));
            let chosen = start + u32::try_from(dice.roll() % u64::from(end - start + 1)).unwrap_or(0);
            text.push(char::from_u32(chosen).unwrap_or(range.start()));
        }
        HirKind::Class(Class::Bytes(_)) => {}
        HirKind::Repetition(repetition) => (0..repetition.min).for_each(|_| write(&repetition.sub, dice, text)),
        HirKind::Capture(capture) => write(&capture.sub, dice, text),
        HirKind::Concat(parts) => parts.iter().for_each(|part| write(part, dice, text)),
        HirKind::Alternation(parts) => write(&parts[0], dice, text),
    }
}
