//! Answers, made out of the document and the request.

use std::{borrow::Cow, collections::BTreeSet};

use regex_syntax::hir::{Class, Hir, HirKind};
use serde_json::{Map, Value, json};

use crate::{document::Media, view::followed};

/// What an answer is made of.
#[derive(Clone, Copy)]
pub struct Maker<'a> {
    /// The document.
    pub root: &'a Value,
    /// The time of the request.
    pub now: &'a str,
    /// The number of the request, which makes the ids.
    pub serial: u64,
    /// How values are made.
    pub style: Style,
}

/// How values are made where a schema leaves a choice: not every way leads to a valid one.
#[derive(Clone, Copy)]
pub struct Style {
    /// Whether examples and defaults are taken.
    examples: bool,
    /// How many items a list has where it may be empty.
    items: usize,
    /// Which branch of several is taken.
    branch: usize,
}

impl Default for Style {
    fn default() -> Self {
        Self { examples: true, items: 0, branch: 0 }
    }
}

impl Style {
    /// The plainest first.
    fn all() -> impl Iterator<Item = Self> {
        let ways = [(true, 0), (false, 0), (false, 1)];
        (0..4).flat_map(move |branch| ways.map(|(examples, items)| Self { examples, items, branch }))
    }
}

/// How deep in a value something is made wrong, and how many such values are tried.
const MOST_DEEP: usize = 2;
const MOST_WRONG: usize = 400;

/// How deep a value is made: a schema that contains itself ends here.
const DEPTH: usize = 8;

impl Maker<'_> {
    /// A body for this answer that says what the request said, `given`, wherever the answer has a place for it; none where none
    /// was found that the document allows.
    pub fn body(&self, media: &Media, given: Option<&Value>, parameters: &Map<String, Value>) -> Option<Value> {
        self.made(media, given, parameters, false)
    }

    /// A body for an answer that shows what is stored.
    pub fn shown(&self, media: &Media, stored: &Value, parameters: &Map<String, Value>) -> Option<Value> {
        self.made(media, Some(stored), parameters, true)
    }

    fn made(&self, media: &Media, given: Option<&Value>, parameters: &Map<String, Value>, own: bool) -> Option<Value> {
        let mut given = given.cloned();
        given.iter_mut().for_each(|given| self.hide(&media.schema, given, 0));
        let whole = given.clone().filter(|given| !given.is_object());
        let mut parts = Parts::default();
        self.collect(&media.schema, (0, true), None, &mut parts);
        let mut given = given.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
        // What is `readOnly` is the server's to say.
        for (name, _) in parts.properties.iter().filter(|(_, schema)| !own && schema.get("readOnly") == Some(&json!(true))) {
            given.shift_remove(*name);
        }
        let echoed = self.echoed(&parts, &given, parameters);
        let example = || Some(self.renewed(&parts, media.example.as_ref()?.as_object()?.clone()));
        // From what says most about the request to what says nothing.
        let is_valid = |value: &Value| media.validator.is_valid(value);
        let first: [&dyn Fn() -> Option<Value>; 7] = [
            &|| media.wanted.clone(),
            &|| whole.clone(),
            // What is stored is shown as it is, with what the document only allows.
            &|| own.then(|| self.completed(&parts, given.clone())),
            &|| Some(self.completed(&parts, echoed.clone())),
            // An object that is open, or says in another way what it can have.
            &|| Some(self.completed(&parts, given.clone())),
            &|| Some(json!(example()?.into_iter().chain(echoed.clone()).collect::<Map<_, _>>())),
            &|| {
                let example = example().map(Value::Object).or_else(|| media.example.clone()).filter(&is_valid);
                example.map(|example| with_each(example, &echoed, &is_valid))
            },
        ];
        let others = Style::all().flat_map(|style| {
            let maker = Self { style, ..*self };
            let value = maker.value("", &media.schema, 0);
            let with = |more: &Map<String, Value>| {
                let made = value.as_object()?.clone().into_iter();
                Some(maker.completed(&parts, made.chain(more.clone()).collect()))
            };
            [with(&echoed), with(&Map::new()), Some(value)]
        });
        // Where an object is of two open kinds at once, a property that is wrong for one makes it the other, wherever that is.
        let styles = [self.style, Style { examples: false, items: 1, branch: 0 }, Style { examples: false, items: 1, branch: 1 }];
        let apart = styles.into_iter().flat_map(|style| {
            let maker = Self { style, ..*self };
            let made = maker.value("", &media.schema, 0);
            (0..=MOST_DEEP).flat_map(move |depth| maker.with_one_wrong(&made, &media.schema, depth))
        });
        let apart = apart.take(MOST_WRONG);
        let found = first.iter().find_map(|candidate| candidate().filter(is_valid));
        found.or_else(|| others.flatten().chain(apart).find(is_valid).map(|made| with_each(made, &echoed, &is_valid)))
    }

    /// The value with one property that is most likely wrong, so deep in it.
    fn with_one_wrong(&self, value: &Value, schema: &Value, depth: usize) -> Vec<Value> {
        match value {
            Value::Object(object) => {
                let mut properties = Vec::new();
                self.described(schema, 0, &mut properties);
                let spoilt = properties.into_iter().flat_map(|(name, schema)| {
                    let wrong = match depth {
                        0 => vec![json!([[]]), json!(0)],
                        _ => {
                            let inside = object.get(name).cloned().unwrap_or_else(|| self.value(name, schema, 1));
                            self.with_one_wrong(&inside, schema, depth - 1)
                        }
                    };
                    wrong.into_iter().map(|wrong| {
                        let mut object = object.clone();
                        object.insert(name.to_owned(), wrong);
                        Value::Object(object)
                    })
                });
                spoilt.collect()
            }
            Value::Array(items) => {
                let schema = followed(self.root, schema).get("items").unwrap_or(&Value::Null);
                let wrong = items.first().map(|first| self.with_one_wrong(first, schema, depth));
                wrong.into_iter().flatten().map(|wrong| json!([wrong])).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The properties that a schema describes in all its parts, each as often as it does.
    fn described<'a>(&'a self, schema: &'a Value, depth: usize, found: &mut Vec<(&'a str, &'a Value)>) {
        let schema = followed(self.root, schema);
        let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
        found.extend(properties.map(|(name, schema)| (name.as_str(), schema)));
        let parts = ["allOf", "anyOf", "oneOf"].iter().filter_map(|keyword| schema.get(keyword)?.as_array()).flatten();
        parts.filter(|_| depth < DEPTH).for_each(|part| self.described(part, depth + 1, found));
    }

    /// An example as an answer of its own: with another id, created now.
    fn renewed(&self, parts: &Parts<'_>, mut example: Map<String, Value>) -> Map<String, Value> {
        for (name, schema) in parts.properties.iter().filter(|(name, _)| *name == "id" || TIMES.contains(name)) {
            if let Some(old) = example.get_mut(*name) {
                *old = self.value(name, schema, 1);
            }
        }
        example
    }

    /// Whether no answer has what this describes.
    fn is_secret(&self, schema: &Value) -> bool {
        followed(self.root, schema).get("writeOnly").or(schema.get("writeOnly")) == Some(&json!(true))
    }

    /// Takes out of a value what is `writeOnly`.
    fn hide(&self, schema: &Value, value: &mut Value, depth: usize) {
        if depth > DEPTH {
            return;
        }
        match value {
            Value::Object(object) => {
                let mut parts = Parts::default();
                self.collect(schema, (0, true), None, &mut parts);
                for (name, schema) in &parts.properties {
                    if self.is_secret(schema) {
                        object.shift_remove(*name);
                    } else if let Some(value) = object.get_mut(*name) {
                        self.hide(schema, value, depth + 1);
                    }
                }
            }
            Value::Array(values) => {
                let items = followed(self.root, schema).get("items").unwrap_or(&Value::Null);
                values.iter_mut().for_each(|value| self.hide(items, value, depth + 1));
            }
            _ => {}
        }
    }

    /// What the answer has of the request, by name; a list also under the plural of the name, as `nationality` in `nationalities`.
    fn echoed(&self, parts: &Parts<'_>, given: &Map<String, Value>, parameters: &Map<String, Value>) -> Map<String, Value> {
        let mut body = Map::new();
        for (name, schema) in parts.properties.iter().filter(|(_, schema)| !self.is_secret(schema)) {
            let singular =
                name.strip_suffix("ies").map(|stem| format!("{stem}y")).or_else(|| name.strip_suffix('s').map(str::to_owned));
            let is_list = followed(self.root, schema).get("type") == Some(&json!("array"));
            let plural = singular.filter(|_| is_list).and_then(|name| given.get(&name)).map(|value| json!([value]));
            let same = given.get(*name).or_else(|| parameters.get(*name)).cloned();
            if let Some(mut value) = same.or(plural) {
                self.fill(schema, &mut value, 0);
                body.insert((*name).to_owned(), value);
            }
        }
        body
    }

    /// Puts into a value what an answer has in it and a request has not, such as an id.
    fn fill(&self, schema: &Value, value: &mut Value, depth: usize) {
        if depth > DEPTH {
            return;
        }
        match value {
            Value::Object(object) => {
                let mut parts = Parts::default();
                self.collect(schema, (0, true), None, &mut parts);
                for (name, schema) in &parts.properties {
                    match object.get_mut(*name) {
                        Some(value) => self.fill(schema, value, depth + 1),
                        None if parts.required.contains(name) => {
                            drop(object.insert((*name).to_owned(), self.value(name, schema, 1)))
                        }
                        None => {}
                    }
                }
            }
            Value::Array(values) => {
                let items = followed(self.root, schema).get("items").unwrap_or(&Value::Null);
                values.iter_mut().for_each(|value| self.fill(items, value, depth + 1));
            }
            _ => {}
        }
    }

    fn completed(&self, parts: &Parts<'_>, mut body: Map<String, Value>) -> Value {
        parts.add_undescribed(&mut body);
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
        let is_plain_text =
            schema.get("type") == Some(&json!("string")) && schema.get("format").or(schema.get("pattern")).is_none();
        if schema.get("format") == Some(&json!("date-time")) || TIMES.contains(&name) && is_plain_text {
            return json!(self.now);
        }
        let examples = schema.get("examples").and_then(Value::as_array).and_then(|values| values.first());
        let shown = examples.or(schema.get("example")).or(schema.get("default"));
        if let Some(value) = shown.filter(|_| self.style.examples && !fresh && depth > 0) {
            return value.clone();
        }
        if let Some(whole) = self.joined(schema, depth) {
            return self.value(name, &whole, depth + 1);
        }
        let branches = ["oneOf", "anyOf"].iter().find_map(|keyword| self.chosen(schema.get(keyword)?));
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
                let least = usize::try_from(least).unwrap_or(0).max(if schema.get("maxItems") == Some(&json!(0)) {
                    0
                } else {
                    self.style.items
                });
                let count = if depth < DEPTH { least } else { 0 };
                prefix.chain(std::iter::repeat(items)).take(count).map(|item| self.value("", item, depth + 1)).collect()
            }
            _ => branches.map_or(Value::Null, |branch| self.value(name, branch, depth)),
        }
    }

    /// What the parts of an `allOf` say together, where that is no object: often one reference with a description beside it.
    fn joined(&self, schema: &Value, depth: usize) -> Option<Value> {
        let parts = schema.get("allOf")?.as_array().filter(|_| depth < DEPTH)?;
        let is_object = |schema: &Value| schema.get("type") == Some(&json!("object")) || schema.get("properties").is_some();
        if is_object(schema) {
            return None;
        }
        let mut whole = schema.as_object()?.clone();
        whole.shift_remove("allOf");
        for part in parts {
            let part = followed(self.root, part);
            if is_object(part) {
                return None;
            }
            let inner = if part.get("allOf").is_some() { Some(self.joined(part, depth + 1)?) } else { None };
            for (keyword, value) in inner.as_ref().unwrap_or(part).as_object()? {
                match whole.get_mut(keyword) {
                    Some(known) => narrow(keyword, known, value),
                    None => drop(whole.insert(keyword.clone(), value.clone())),
                }
            }
        }
        let is_told =
            whole.contains_key("enum") || whole.contains_key("const") || whole.get("type").is_some_and(Value::is_string);
        is_told.then_some(Value::Object(whole))
    }

    fn object(&self, schema: &Value, depth: usize) -> Value {
        let mut parts = Parts::default();
        self.collect(schema, (0, true), Some(self.style.branch), &mut parts);
        // What can only be one thing tells this kind of object from others.
        let is_told =
            |name: &str, schema: &Value| parts.required.contains(&name) || followed(self.root, schema).get("const").is_some();
        let required = parts.properties.iter().filter(|(name, schema)| is_told(name, schema) && depth < DEPTH);
        let mut object: Map<String, Value> =
            required.map(|(name, schema)| ((*name).to_owned(), self.value(name, schema, depth + 1))).collect();
        parts.add_undescribed(&mut object);
        // What may be there, and then what has any name, until there is enough.
        let least =
            schema.get("minProperties").and_then(Value::as_u64).and_then(|least| usize::try_from(least).ok()).unwrap_or(0);
        let least = if depth < DEPTH { least.min(MOST_NAMES) } else { 0 };
        for (name, schema) in &parts.properties {
            if object.len() < least && !object.contains_key(*name) {
                object.insert((*name).to_owned(), self.value(name, schema, depth + 1));
            }
        }
        let further = schema.get("additionalProperties").unwrap_or(&Value::Null);
        for name in (object.len()..least).map(|number| format!("name{number}")) {
            object.insert(name, self.value("", further, depth + 1));
        }
        json!(object)
    }

    /// The branch that is taken of several.
    fn chosen<'a>(&self, branches: &'a Value) -> Option<&'a Value> {
        let branches = branches.as_array()?;
        branches.get(self.style.branch % branches.len().max(1))
    }

    /// What the schema says about the properties of an object, in all its branches, and what it requires: of one branch what this
    /// asks for, of all only what they have in common. What holds in any case, `certain`, comes before what a branch says.
    fn collect<'a>(&'a self, schema: &'a Value, (depth, certain): (usize, bool), one: Option<usize>, parts: &mut Parts<'a>) {
        let schema = followed(self.root, schema);
        if depth > DEPTH {
            return;
        }
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            match parts.properties.iter_mut().find(|(known, _)| known == name) {
                Some((_, known)) if certain && parts.uncertain.remove(name.as_str()) => *known = Cow::Borrowed(property),
                Some((_, known)) if certain => {
                    if let Some(both) = self.both(known, property) {
                        *known = Cow::Owned(both);
                    }
                }
                Some(_) => {}
                None => {
                    parts.properties.push((name, Cow::Borrowed(property)));
                    parts.uncertain.extend((!certain).then_some(name.as_str()));
                }
            }
        }
        parts.required.extend(schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str));
        for branch in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            self.collect(branch, (depth + 1, certain), one, parts);
        }
        for keyword in ["anyOf", "oneOf"].iter().filter(|_| one.is_some()) {
            if let Some(branch) = schema.get(keyword).and_then(|branches| self.chosen(branches)) {
                self.collect(branch, (depth + 1, certain), one, parts);
            }
        }
        let choices =
            ["anyOf", "oneOf"].iter().filter(|_| one.is_none()).filter_map(|keyword| schema.get(keyword)?.as_array()).flatten();
        let conditions = ["if", "then", "else"].iter().filter_map(|keyword| schema.get(keyword));
        let dependent =
            schema.get("dependentSchemas").and_then(Value::as_object).into_iter().flat_map(|schemas| schemas.values());
        for branch in choices.chain(conditions).chain(dependent) {
            let required = parts.required.len();
            self.collect(branch, (depth + 1, false), None, parts);
            parts.required.truncate(required);
        }
    }

    /// What two schemas ask of one value; none where the other one adds nothing.
    fn both(&self, one: &Value, other: &Value) -> Option<Value> {
        let (one, other) = (followed(self.root, one), followed(self.root, other));
        let is_part = one.get("allOf").and_then(Value::as_array).is_some_and(|parts| parts.contains(other));
        let (mut all, other) = (one.as_object()?.clone(), other.as_object().filter(|_| !is_part)?);
        let is_open = |keyword: &String| !["properties", "required", "allOf", "anyOf", "oneOf"].contains(&keyword.as_str());
        let (new, known): (Vec<_>, Vec<_>) =
            other.iter().partition(|(keyword, _)| is_open(keyword) && !all.contains_key(*keyword));
        let differs = known.iter().any(|(keyword, value)| all.get(*keyword) != Some(*value));
        all.extend(new.iter().map(|(keyword, value)| ((*keyword).clone(), (*value).clone())));
        if let (true, Value::Array(parts)) = (differs, all.entry("allOf").or_insert_with(|| json!([]))) {
            parts.push(json!(other));
        }
        if all.get("allOf") == Some(&json!([])) {
            all.shift_remove("allOf");
        }
        (differs || !new.is_empty()).then_some(Value::Object(all))
    }

    fn text(&self, name: &str, schema: &Value) -> String {
        let text = |keyword: &str| schema.get(keyword).and_then(Value::as_str);
        let length = |keyword: &str| schema.get(keyword).and_then(Value::as_u64).and_then(|length| usize::try_from(length).ok());
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
            _ if name == "id" => {
                let text = format!("{:024x}", Dice(self.serial).roll());
                text[text.len() - length("maxLength").unwrap_or(text.len()).min(text.len())..].to_owned()
            }
            _ => "x".repeat(length("minLength").unwrap_or(0)),
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
        let most = bound("maximum").or(bound("exclusiveMaximum").map(|bound| bound - step)).unwrap_or(f64::MAX);
        let value = ((least / step).ceil() * step).min(most);
        if value.fract() == 0.0 { json!(value as i64) } else { json!(value) }
    }
}

/// Makes a keyword ask for what another schema asks with it, too, where the stricter of both says that.
fn narrow(keyword: &str, known: &mut Value, other: &Value) {
    let is_larger = known.as_f64() < other.as_f64();
    if let (Value::Array(known), Some(others), "enum") = (&mut *known, other.as_array(), keyword) {
        known.retain(|value| others.contains(value));
    } else if keyword.to_lowercase().contains("min") && is_larger || keyword.to_lowercase().contains("max") && !is_larger {
        known.clone_from(other);
    }
}

#[derive(Default)]
struct Parts<'a> {
    properties: Vec<(&'a str, Cow<'a, Value>)>,
    required: Vec<&'a str>,
    /// The properties that only a branch speaks of.
    uncertain: BTreeSet<&'a str>,
}

impl Parts<'_> {
    /// Adds what is required and described nowhere: it may be anything.
    fn add_undescribed(&self, object: &mut Map<String, Value>) {
        let described = |name: &str| self.properties.iter().any(|(known, _)| *known == name);
        for name in self.required.iter().filter(|name| !described(name)) {
            object.entry(*name).or_insert_with(|| json!(""));
        }
    }
}

/// What the server adds wherever the answer has a place for it.
pub const MADE: [&str; 3] = ["id", "createdAt", "updatedAt"];

/// How many properties an object gets because it must have so many.
const MOST_NAMES: usize = 64;

/// Properties that say when something was created or changed.
const TIMES: [&str; 4] = ["createdAt", "created_at", "updatedAt", "updated_at"];

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
            // A class such as `\d` has other characters here than in ECMA-262, but for those of ASCII.
            let ascii = class.ranges().iter().filter(|range| range.end().is_ascii()).count();
            let ranges = if ascii == 0 { class.ranges() } else { &class.ranges()[..ascii] };
            let Some(range) = ranges.get(dice.roll() as usize % ranges.len().max(1)) else { return };
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

/// A body with each of these properties that it can have.
fn with_each(mut body: Value, properties: &Map<String, Value>, is_valid: &dyn Fn(&Value) -> bool) -> Value {
    for (name, value) in properties {
        let mut more = body.clone();
        if let Some(object) = more.as_object_mut() {
            object.insert(name.clone(), value.clone());
        }
        if is_valid(&more) {
            body = more;
        }
    }
    body
}
