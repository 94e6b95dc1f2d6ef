//! Whether what the answer says about the request is what was sent: the same property with the same schema has the same value.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::{Exchange, Finding, Judge};
use crate::{
    cases::Expect,
    openapi::{
        document::Document,
        operation::{Operation, is_json, takes_in},
        resources::{plain, singular},
        shared::shared,
    },
    pointer::join,
    rules,
    schema::equal,
    text::word,
};

/// How deep the parts of a schema are looked into.
const MAX_DEPTH: usize = 8;

/// The names of what identifies a resource that is created.
const IDENTIFIERS: [&str; 2] = ["id", "_id"];

pub(super) struct Echo {
    document: Arc<Document>,
    /// The properties that the schemas of a request and of an answer have in common, with the same rules: of those that were met.
    shared: Mutex<HashMap<(String, String), Common>>,
}

/// Names of properties, each with where the document describes it.
type Common = Arc<Vec<(String, String)>>;

impl Echo {
    pub fn of(document: &Arc<Document>) -> Self {
        Self { document: Arc::clone(document), shared: Mutex::default() }
    }

    fn shared(&self, request: &str, response: &str) -> Common {
        let mut known = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let common = known.entry((request.to_owned(), response.to_owned()));
        Arc::clone(common.or_insert_with(|| Arc::new(shared(&self.document, request, response))))
    }
}

impl Judge for Echo {
    fn judge(&self, exchange: &Exchange<'_>) -> Vec<Finding> {
        let (operation, status) = (exchange.operation, exchange.response.status);
        if exchange.case.expect != Expect::Success || !(200..300).contains(&status) {
            return Vec::new();
        }
        let media_type = exchange.case.request.headers.iter().find(|(name, _)| name == "content-type").map(|(_, value)| value);
        let request = media_type.zip(operation.body.as_ref()).and_then(|(media_type, body)| {
            let fitting = body.media_types.iter().filter(|(known, _)| takes_in(known, media_type));
            fitting.min_by_key(|(known, _)| (known.matches('*').count(), known)).map(|(_, schema)| schema)
        });
        let answered = exchange.response.header("content-type").zip(operation.response(status));
        let answered =
            answered.and_then(|(media_type, (_, spec))| spec.of_media_type(media_type)).filter(|(name, _)| is_json(name));
        let (Some(request), Some((_, Some(response))), Some(answer)) = (request, answered, exchange.body) else {
            return Vec::new();
        };
        let Some(sent) = exchange.case.instance.as_ref().and_then(|instance| instance.get("body")) else { return Vec::new() };
        if exchange.case.instance.as_ref().is_some_and(|instance| chooses_what_is_shown(operation, instance)) {
            return Vec::new();
        }
        // Null in a merge patch removes (RFC 7396, section 2): merged into nothing it leaves what is kept.
        let is_merge = media_type.is_some_and(|media_type| media_type.to_lowercase().contains("merge-patch+json"));
        let mut kept = Value::Null;
        let sent = if is_merge {
            json_patch::merge(&mut kept, sent);
            &kept
        } else {
            sent
        };
        let mut findings = Vec::new();
        for (name, pointer) in self.shared(request, response).iter() {
            // Many a server gives what it creates an id of its own, whatever the request says.
            if operation.method == "POST" && (IDENTIFIERS.contains(&name.as_str()) || is_own_id(&operation.path, name)) {
                continue;
            }
            // What is not sent may be answered with a default, and what is not answered is not said.
            if let (Some(sent), Some(answered)) = (sent.get(name), answer.get(name))
                && !(operation.method == "POST" && sent.is_null())
            {
                findings.extend(self.difference(pointer, name, sent, answered));
            }
        }
        findings
    }
}

/// Whether a request says in an optional parameter which properties are changed or shown: `update_mask`, `fields`, `Response-Behavior`.
fn chooses_what_is_shown(operation: &Operation, instance: &Value) -> bool {
    const WORDS: [&str; 9] = ["behavior", "expand", "exclude", "fields", "include", "mask", "prefer", "projection", "select"];
    let mut optional = operation.parameters.iter().filter(|parameter| !parameter.required);
    optional.any(|parameter| {
        let is_sent = instance.get(parameter.place.name()).and_then(|place| place.get(&parameter.name)).is_some();
        is_sent && word::of_name(&parameter.name).iter().any(|word| WORDS.contains(&word.as_str()))
    })
}

impl Echo {
    /// The innermost value that is answered otherwise than it was sent. Of an object those properties count that the document has, or
    /// all where it is a map: a server need not keep what is only allowed, and what is not sent may be answered with a default.
    fn difference(&self, pointer: &str, name: &str, sent: &Value, answered: &Value) -> Option<Finding> {
        let is_the_same = || {
            let formats = self.formats(pointer, 0);
            is_written_otherwise(&formats, sent, answered) || formats.contains("date-time") && is_of_the_server(name, answered)
        };
        if equal(sent, answered) || self.is_rounded(pointer, sent, answered) || is_the_same() {
            return None;
        }
        let (at, schema) = self.document.resolve(pointer).map_or((pointer.to_owned(), &Value::Null), |(at, schema)| (at, schema));
        match (sent, answered) {
            // A set has no order.
            (Value::Array(ours), Value::Array(theirs)) if schema.get("uniqueItems") == Some(&Value::Bool(true)) => {
                let has_all =
                    |some: &[Value], others: &[Value]| some.iter().all(|one| others.iter().any(|other| equal(one, other)));
                if has_all(ours, theirs) && has_all(theirs, ours) {
                    return None;
                }
            }
            (Value::Object(ours), Value::Object(theirs)) => {
                let mut properties = Properties::default();
                properties.collect(&self.document, &at, 0);
                let different = ours.iter().find_map(|(name, sent)| {
                    let documented = properties.documented.get(name);
                    match theirs.get(name) {
                        None if properties.hidden.contains(name) || documented.is_none() && !properties.is_map() => None,
                        Some(answered) => match documented {
                            Some(inner) => self.difference(inner, name, sent, answered),
                            None => {
                                let same = equal(sent, answered) || self.is_rounded(pointer, sent, answered);
                                (!same).then(|| different(pointer, name))
                            }
                        },
                        None => Some(different(documented.map_or(pointer, String::as_str), name)),
                    }
                });
                return different;
            }
            (Value::Array(ours), Value::Array(theirs)) if ours.len() == theirs.len() => {
                let items = format!("{at}/items");
                if self.document.json.pointer(&items).is_some() {
                    return ours.iter().zip(theirs).find_map(|(sent, answered)| self.difference(&items, name, sent, answered));
                }
            }
            _ => {}
        }
        Some(different(pointer, name))
    }
}

impl Echo {
    /// Whether a number differs only beyond what a double holds (RFC 8259, section 6), and the document asks for no more.
    fn is_rounded(&self, pointer: &str, sent: &Value, answered: &Value) -> bool {
        let (Value::Number(sent), Value::Number(answered)) = (sent, answered) else { return false };
        let exact = self.document.resolve(pointer).is_some_and(|(_, schema)| schema.get("format") == Some(&"int64".into()));
        !exact && sent.as_f64() == answered.as_f64()
    }

    /// The formats of a value, in any part of its schema: a generator writes `anyOf` for what may be null as well.
    fn formats(&self, pointer: &str, depth: usize) -> BTreeSet<&str> {
        let Some((at, schema)) = self.document.resolve(pointer).filter(|_| depth < MAX_DEPTH) else { return BTreeSet::new() };
        let own = schema.get("format").and_then(Value::as_str).into_iter();
        let parts = ["allOf", "anyOf", "oneOf"].into_iter().flat_map(|keyword| {
            let count = schema.get(keyword).and_then(Value::as_array).map_or(0, Vec::len);
            (0..count).map(move |part| format!("{keyword}/{part}"))
        });
        own.chain(parts.flat_map(|part| self.formats(&format!("{at}/{part}"), depth + 1))).collect()
    }
}

/// Whether a property is called after what its collection has: `userId` of `/users`.
fn is_own_id(path: &str, name: &str) -> bool {
    let collection = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let (noun, name) = (singular(&plain(collection)), plain(name));
    ["uuid", "id"].into_iter().any(|tail| !noun.is_empty() && name.strip_suffix(tail) == Some(noun.as_str()))
}

/// Whether a value is only written in another way that its schema knows: a time in another zone or to the millisecond, a decimal number
/// with more zeros, the domain of an address in small letters (RFC 5321, section 2.4), a duration in other units, and of a list each item
/// once, where it had one twice.
fn is_written_otherwise(formats: &BTreeSet<&str>, sent: &Value, answered: &Value) -> bool {
    match (sent, answered) {
        (Value::String(sent), Value::String(answered)) => {
            formats.iter().any(|format| match *format {
                "date-time" => {
                    let times = [sent, answered].map(|text| DateTime::parse_from_rfc3339(text));
                    matches!(times, [Ok(one), Ok(other)] if (one - other).abs() < TimeDelta::milliseconds(1))
                }
                "decimal" => decimal(sent) == decimal(answered),
                // RFC 9562, section 4, and RFC 5952.
                "uuid" => sent.eq_ignore_ascii_case(answered),
                "ipv4" | "ipv6" => {
                    let addresses = [sent, answered].map(|text| text.parse::<IpAddr>());
                    matches!(addresses, [Ok(one), Ok(other)] if one == other)
                }
                "email" => {
                    let ours = sent.rsplit_once('@').zip(answered.rsplit_once('@'));
                    ours.is_some_and(|(ours, theirs)| ours.0 == theirs.0 && ours.1.eq_ignore_ascii_case(theirs.1))
                }
                _ => false,
            }) || duration(sent).is_some_and(|ours| duration(answered) == Some(ours))
        }
        // What is kept in single precision.
        (Value::Number(sent), Value::Number(answered)) if formats.contains("float") => {
            #[expect(clippy::cast_possible_truncation, reason = "that is what single precision is")]
            let kept = [sent, answered].map(|number| number.as_f64().map(|number| number as f32));
            kept[0] == kept[1]
        }
        (Value::Array(sent), Value::Array(answered)) => {
            let is_new = |(index, item): &(usize, &Value)| !sent[..*index].iter().any(|other| equal(item, other));
            let once: Vec<&Value> = sent.iter().enumerate().filter(is_new).map(|(_, item)| item).collect();
            once.len() == answered.len() && once.iter().zip(answered).all(|(one, other)| equal(one, other))
        }
        _ => false,
    }
}

/// Whether a time is that of the change itself, which a server sets whatever the client sends.
fn is_of_the_server(name: &str, answered: &Value) -> bool {
    let name = plain(name);
    let is_its_own =
        ["created", "updated", "modified", "changed", "lastmodified", "lastupdated"].iter().any(|it| name.starts_with(it));
    let time = answered.as_str().and_then(|text| DateTime::parse_from_rfc3339(text).ok());
    is_its_own && time.is_some_and(|time| (Utc::now() - time.to_utc()).abs() < TimeDelta::minutes(1))
}

/// The nanoseconds of a duration as Go writes it, such as `1h0m2.5s`.
fn duration(text: &str) -> Option<u128> {
    const UNITS: [(&str, u128); 7] = [
        ("ns", 1),
        ("us", 1_000),
        ("µs", 1_000),
        ("ms", 1_000_000),
        ("s", 1_000_000_000),
        ("m", 60_000_000_000),
        ("h", 3_600_000_000_000),
    ];
    let (mut rest, mut sum) = (text, 0_u128);
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit() && c != '.')?);
        let (unit, after) = after.split_at(after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len()));
        let (_, unit) = UNITS.iter().find(|(known, _)| *known == unit)?;
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        sum = sum.checked_add(whole.parse::<u128>().ok()?.checked_mul(*unit)?)?;
        let mut digit = *unit;
        for figure in part.chars() {
            digit /= 10;
            sum += digit * u128::from(figure.to_digit(10)?);
        }
        rest = after;
    }
    (!text.is_empty()).then_some(sum)
}

/// A decimal number as text without the zeros that say nothing.
fn decimal(text: &str) -> (bool, &str) {
    let digits = text.trim_start_matches('-');
    let whole = digits.trim_start_matches('0');
    let shortest = if whole.contains('.') { whole.trim_end_matches('0').trim_end_matches('.') } else { whole };
    (digits.len() < text.len() && !shortest.is_empty(), shortest)
}

fn different(pointer: &str, name: &str) -> Finding {
    Finding::of(&rules::ECHO, pointer, format!("the response has another {name} than the request"))
}

/// What a schema says of the properties of an object, in any of its parts.
#[derive(Default)]
struct Properties {
    /// Their names, with the pointers of their schemas.
    documented: BTreeMap<String, String>,
    /// Those that answers do not have.
    hidden: BTreeSet<String>,
    /// Whether others have a schema, too.
    others: bool,
}

impl Properties {
    fn collect(&mut self, document: &Document, at: &str, depth: usize) {
        let Some((at, schema)) = document.resolve(at).filter(|_| depth < MAX_DEPTH) else { return };
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            self.documented.insert(name.clone(), join(&format!("{at}/properties"), name));
            if property.get("writeOnly") == Some(&Value::Bool(true)) {
                self.hidden.insert(name.clone());
            }
        }
        self.others |=
            schema.get("additionalProperties").is_some_and(Value::is_object) || schema.get("patternProperties").is_some();
        for keyword in ["allOf", "anyOf", "oneOf"] {
            let count = schema.get(keyword).and_then(Value::as_array).map_or(0, Vec::len);
            (0..count).for_each(|part| self.collect(document, &format!("{at}/{keyword}/{part}"), depth + 1));
        }
    }

    /// Whether each property counts, whatever its name.
    fn is_map(&self) -> bool {
        self.others || self.documented.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_same_in_other_units_is_the_same() {
        for (one, other) in [("0ns", "0s"), ("1m4ms5h", "5h1m0.004s"), ("90s", "1m30s"), ("1.5h", "1h30m0s")] {
            assert!(is_written_otherwise(&BTreeSet::new(), &json!(one), &json!(other)), "{one} {other}");
        }
        for (one, other) in [("1s", "2s"), ("1", "1s"), ("", "0s"), ("a", "b"), ("10x", "10x1")] {
            assert!(!is_written_otherwise(&BTreeSet::new(), &json!(one), &json!(other)), "{one} {other}");
        }
    }

    #[test]
    fn what_a_format_writes_in_several_ways_is_the_same() {
        let same = |format, one: Value, other: Value| is_written_otherwise(&BTreeSet::from([format]), &one, &other);
        let uuid = "4566515A-D2DA-495B-8C17-A86296017702";
        assert!(same("uuid", json!(uuid), json!(uuid.to_lowercase())));
        assert!(!same("byte", json!(uuid), json!(uuid.to_lowercase())));
        assert!(same("ipv6", json!("2001:DB8:0::1"), json!("2001:db8::1")));
        assert!(same("float", json!(0.1), json!(0.100_000_001)));
        assert!(!same("float", json!(0.1), json!(0.1001)));
        assert!(!same("double", json!(0.1), json!(0.100_000_001)));
    }

    #[test]
    fn a_server_names_what_it_creates() {
        assert!(is_own_id("/api/users", "userId") && is_own_id("/user-groups", "user_group_id"));
        assert!(
            !is_own_id("/users", "teamId")
                && !is_own_id("/pages", "paid")
                && !is_own_id("/user-groups", "userId")
                && !is_own_id("/users", "id")
        );
    }

    #[test]
    fn a_format_behind_an_alternative_counts() {
        let text = r#"{ "openapi": "3.1.0", "info": { "title": "T", "version": "1" }, "paths": {}, "components": { "schemas": {
            "A": { "anyOf": [{ "type": "string", "format": "email" }, { "type": "null" }] }
        } } }"#;
        let echo = Echo::of(&Arc::new(Document::parse("a.json", text).unwrap()));
        let difference =
            |sent: &str, answered: &str| echo.difference("/components/schemas/A", "a", &json!(sent), &json!(answered));
        assert!(difference("A@E.M", "A@e.m").is_none());
        assert!(difference("A@E.M", "a@e.m").is_some());
    }

    #[test]
    fn the_time_of_the_change_is_the_servers() {
        assert!(is_of_the_server("created_at", &json!(Utc::now().to_rfc3339())));
        assert!(!is_of_the_server("created_at", &json!("2001-01-01T00:00:00Z")));
        assert!(!is_of_the_server("due", &json!(Utc::now().to_rfc3339())));
    }
}
