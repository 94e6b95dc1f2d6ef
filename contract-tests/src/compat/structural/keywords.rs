//! What a keyword's new value means for the values that are allowed.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
};

use crate::{
    Document, equal, number,
    pointer::{escape, parent, segments},
    text::pattern::Pattern,
};
use openapi_document::pointer::from_reference;
use serde_json::{Number, Value, json};

use super::view::{View, followed};

/// What happened to the set of values that are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Some are refused now.
    Narrower,
    /// More are allowed now.
    Wider,
    /// Some are refused and others allowed, or nobody can tell.
    Other,
}

impl Effect {
    pub fn opposite(self) -> Self {
        match self {
            Self::Narrower => Self::Wider,
            Self::Wider => Self::Narrower,
            Self::Other => Self::Other,
        }
    }

    /// Of what got fewer and what got more.
    fn of(fewer: bool, more: bool) -> Option<Self> {
        match (fewer, more) {
            (false, false) => None,
            (true, false) => Some(Self::Narrower),
            (false, true) => Some(Self::Wider),
            (true, true) => Some(Self::Other),
        }
    }
}

/// A keyword whose values can be compared without looking at others.
pub fn plain(keyword: &str, before: Option<&Value>, after: Option<&Value>) -> Option<(Effect, String)> {
    let what = match (before, after) {
        (Some(before), Some(after)) => format!("is {after}, was {before}"),
        (None, Some(after)) => format!("{after} is new"),
        (Some(before), None) => format!("{before} is gone"),
        (None, None) => return None,
    };
    let effect = match keyword {
        "type" => between(&types(before), &types(after)),
        "minLength" | "minItems" | "minProperties" => by_order(length(before, 0.0).total_cmp(&length(after, 0.0))),
        "maxLength" | "maxItems" | "maxProperties" => {
            by_order(length(after, f64::INFINITY).total_cmp(&length(before, f64::INFINITY)))
        }
        "uniqueItems" => by_order((before == Some(&json!(true))).cmp(&(after == Some(&json!(true))))),
        "multipleOf" => match (before.and_then(Value::as_number), after.and_then(Value::as_number)) {
            (Some(before), Some(after)) => Effect::of(!number::is_multiple(before, after), !number::is_multiple(after, before)),
            (before, after) => by_order(before.is_some().cmp(&after.is_some())),
        },
        _ if before == after => None,
        // A pattern: which texts two of them share cannot be seen.
        _ => match (before, after) {
            (None, _) => Some(Effect::Narrower),
            (_, None) => Some(Effect::Wider),
            _ => Some(Effect::Other),
        },
    };
    Some((effect?, what))
}

/// The type of a parameter or a header, which is sent as text: any text is a string, and none is null.
pub fn text_type(before: Option<&Value>, after: Option<&Value>) -> Option<(Effect, String)> {
    let effect = between(&text_types(before), &text_types(after))?;
    plain("type", before, after).map(|(_, what)| (effect, what))
}

fn text_types(value: Option<&Value>) -> BTreeSet<&str> {
    let mut types = types(value);
    types.remove("null");
    if types.contains("string") {
        types.extend(["boolean", "integer", "fraction"]);
    }
    types
}

/// Whether no value is of both types.
pub fn are_apart(before: Option<&Value>, after: Option<&Value>, as_text: bool) -> bool {
    let types = if as_text { text_types } else { types };
    types(before).is_disjoint(&types(after))
}

fn between(before: &BTreeSet<&str>, after: &BTreeSet<&str>) -> Option<Effect> {
    Effect::of(!before.is_subset(after), !after.is_subset(before))
}

/// The effect of a rule that is now stricter (`Less`), as strict, or less strict than before.
fn by_order(strictness: Ordering) -> Option<Effect> {
    match strictness {
        Ordering::Less => Some(Effect::Narrower),
        Ordering::Equal => None,
        Ordering::Greater => Some(Effect::Wider),
    }
}

fn length(value: Option<&Value>, absent: f64) -> f64 {
    value.and_then(Value::as_f64).unwrap_or(absent)
}

/// Types, where a number that is an integer is one of its own.
pub fn types(value: Option<&Value>) -> BTreeSet<&str> {
    let named = |name: &'static str| if name == "number" { vec!["integer", "fraction"] } else { vec![name] };
    const ALL: [&str; 6] = ["null", "boolean", "number", "string", "array", "object"];
    let known = |name: &str| ALL.into_iter().chain(["integer"]).find(|known| *known == name);
    match value {
        Some(Value::String(name)) => known(name).into_iter().flat_map(named).collect(),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).filter_map(known).flat_map(named).collect(),
        _ => ALL.into_iter().flat_map(named).collect(),
    }
}

/// Bounds of numbers: the tighter of the inclusive and the exclusive one counts. Gives the keywords of the old and the new one.
pub fn bound<'k>(
    old: &View<'_>,
    new: &View<'_>,
    inclusive: &'k str,
    exclusive: &'k str,
) -> Option<([&'k str; 2], Effect, String)> {
    // Whether the first is less strict: lower for a minimum, higher for a maximum.
    let strictness = |one: &(Number, bool), other: &(Number, bool)| {
        let order = number::compare(&one.0, &other.0);
        let order = if inclusive == "maximum" { order.reverse() } else { order };
        order.then(one.1.cmp(&other.1))
    };
    let tightest = |view: &View<'_>| {
        let given = |keyword: &str| view.get(keyword).and_then(Value::as_number).cloned();
        let all = [given(inclusive).map(|number| (number, false)), given(exclusive).map(|number| (number, true))];
        all.into_iter().flatten().max_by(strictness)
    };
    let keyword = |bound: &(Number, bool)| if bound.1 { exclusive } else { inclusive };
    match (tightest(old), tightest(new)) {
        (None, None) => None,
        (None, Some(after)) => Some(([keyword(&after); 2], Effect::Narrower, format!("{} is new", after.0))),
        (Some(before), None) => Some(([keyword(&before); 2], Effect::Wider, format!("{} is gone", before.0))),
        (Some(before), Some(after)) => {
            let keywords = [keyword(&before), keyword(&after)];
            let was = if keywords[0] == keywords[1] { String::new() } else { format!("{} ", keywords[0]) };
            Some((keywords, by_order(strictness(&before, &after))?, format!("is {}, was {was}{}", after.0, before.0)))
        }
    }
}

/// The values that `const` or `enum` list.
pub fn values(view: &View<'_>) -> Option<Vec<Value>> {
    match (view.get("const"), view.get("enum")) {
        (Some(value), _) => Some(vec![value.clone()]),
        (None, Some(values)) => values.as_array().cloned(),
        (None, None) => None,
    }
}

/// What two lists of values mean.
pub fn enumeration(before: Option<&[Value]>, after: Option<&[Value]>) -> Option<(Effect, String)> {
    let (before, after) = match (before, after) {
        (None, None) => return None,
        (None, Some(after)) => return Some((Effect::Narrower, format!("is new: only {}", list(after.iter())))),
        (Some(before), None) => return Some((Effect::Wider, format!("is gone: not only {}", list(before.iter())))),
        (Some(before), Some(after)) => (before, after),
    };
    let missing = |from: &[Value], in_: &[Value]| -> Vec<Value> {
        from.iter().filter(|value| !in_.iter().any(|other| equal(value, other))).cloned().collect()
    };
    let (gone, new) = (missing(before, after), missing(after, before));
    let effect = Effect::of(!gone.is_empty(), !new.is_empty())?;
    let parts = [("no longer lists", gone), ("lists", new)];
    let parts = parts.iter().filter(|(_, values)| !values.is_empty());
    let what = parts.map(|(verb, values)| format!("{verb} {}", list(values.iter()))).collect::<Vec<_>>().join(" and ");
    Some((effect, what))
}

fn list<'v>(values: impl Iterator<Item = &'v Value>) -> String {
    values.map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The values of a discriminator, with where the schema stands that each is for: those of the mapping, and for alternatives that it
/// does not name, their names. Without alternatives they are the components that are composed of this schema (OpenAPI 3.1, section
/// 4.8.25).
pub fn told_apart(heirs: &Heirs, view: &View<'_>, discriminator: &Value) -> BTreeMap<String, String> {
    // A mapping has references, or the names of components (OpenAPI 3.1, section 4.8.25).
    let place = |told: &str| from_reference(told).unwrap_or_else(|| format!("/components/schemas/{}", escape(told)));
    let mapping = discriminator.get("mapping").and_then(Value::as_object).into_iter().flatten();
    let mut all: BTreeMap<String, String> =
        mapping.filter_map(|(value, schema)| Some((value.clone(), place(schema.as_str()?)))).collect();
    let alternatives = ["oneOf", "anyOf"].into_iter().filter_map(|keyword| view.get(keyword)?.as_array()).flatten();
    for schema in alternatives.filter_map(|schema| Some(place(schema.get("$ref")?.as_str()?))) {
        if !all.values().any(|known| *known == schema) {
            all.insert(name(&schema), schema);
        }
    }
    for heir in heirs.of(view) {
        if !all.values().any(|known| known == heir) {
            all.insert(name(heir), heir.clone());
        }
    }
    all
}

/// The components that are composed of another schema by `allOf`, by where that stands.
#[derive(Default)]
pub struct Heirs(HashMap<String, BTreeSet<String>>);

impl Heirs {
    /// Those of a document, also by way of others.
    pub fn in_document(document: &Document) -> Self {
        let components = document.json.pointer("/components/schemas").and_then(Value::as_object);
        let mut direct: HashMap<String, BTreeSet<String>> = HashMap::new();
        for (name, schema) in components.into_iter().flatten() {
            let parts = schema.get("allOf").and_then(Value::as_array).into_iter().flatten();
            for base in parts.filter_map(|part| from_reference(part.get("$ref")?.as_str()?)) {
                direct.entry(base).or_default().insert(format!("/components/schemas/{}", escape(name)));
            }
        }
        let all = |base: &String| {
            let (mut all, mut pending) = (BTreeSet::new(), vec![base]);
            while let Some(base) = pending.pop() {
                pending.extend(direct.get(base).into_iter().flatten().filter(|heir| all.insert((*heir).clone())));
            }
            (base.clone(), all)
        };
        Self(direct.keys().map(all).collect())
    }

    /// Those of a schema; none where it has alternatives of its own.
    pub fn of(&self, view: &View<'_>) -> impl Iterator<Item = &String> {
        let is_base = ["oneOf", "anyOf"].iter().all(|keyword| view.get(keyword).is_none());
        self.0.get(&view.pointer).filter(|_| is_base).into_iter().flatten()
    }
}

/// `minContains`, whose default is 1, and `maxContains`.
pub fn contains_bounds(old: &View<'_>, new: &View<'_>) -> Vec<(&'static str, Effect, String)> {
    let bound = |view: &View<'_>, keyword: &str, absent: f64| length(view.get(keyword), absent);
    let one = |view: &View<'_>| bound(view, "minContains", 1.0);
    let many = |view: &View<'_>| bound(view, "maxContains", f64::INFINITY);
    let least = by_order(one(old).total_cmp(&one(new)))
        .map(|effect| ("minContains", effect, format!("asks for at least {} now, was {}", one(new), one(old))));
    let most = by_order(many(new).total_cmp(&many(old))).map(|effect| {
        let show = |count: f64| if count.is_finite() { count.to_string() } else { "any number".to_owned() };
        ("maxContains", effect, format!("allows at most {} now, was {}", show(many(new)), show(many(old))))
    });
    least.into_iter().chain(most).collect()
}

/// Two schemas that stand for each other, by their pointers.
type Pair = (String, String);

/// What two schemas have in common that stand for each other, given the document and the pointer of one.
type Likeness = fn(&Document, &str) -> Option<String>;

fn content(document: &Document, pointer: &str) -> Option<String> {
    document.json.pointer(pointer).map(Value::to_string)
}

/// Which schemas of two lists stand for each other: those that are the same, refer to the same, lead to the same or are of the same type,
/// then by their order. Gives the pairs, and what is left of the old and the new list.
pub fn pairs(old: &Document, new: &Document, before: &[String], after: &[String]) -> (Vec<Pair>, Vec<String>, Vec<String>) {
    let likenesses: [Likeness; 4] = [
        content,
        |document, pointer| Some(followed(document, pointer)),
        |document, pointer| content(document, &followed(document, pointer)),
        |document, pointer| document.json.pointer(&followed(document, pointer))?.get("type").map(Value::to_string),
    ];
    let (mut pairs, mut left, mut right) = (Vec::new(), before.to_vec(), after.to_vec());
    for likeness in likenesses {
        let mut known: BTreeMap<String, VecDeque<String>> = BTreeMap::new();
        for pointer in &right {
            known.entry(likeness(new, pointer).unwrap_or_default()).or_default().push_back(pointer.clone());
        }
        known.remove("");
        left.retain(|pointer| {
            let same = likeness(old, pointer).and_then(|key| known.get_mut(&key)?.pop_front());
            let is_left = same.is_none();
            pairs.extend(same.map(|same| (pointer.clone(), same)));
            is_left
        });
        let paired: BTreeSet<&String> = pairs.iter().map(|(_, after)| after).collect();
        right.retain(|pointer| !paired.contains(pointer));
    }
    let both = left.len().min(right.len());
    pairs.extend(left.drain(..both).zip(right.drain(..both)));
    (pairs, left, right)
}

/// What a pointer is about, for a sentence: its last segment, and the one before where that is a number.
pub fn name(pointer: &str) -> String {
    match segments(pointer).as_slice() {
        [.., list, index] if index.parse::<usize>().is_ok() => format!("{list}/{index}"),
        [.., last] => last.clone(),
        [] => String::new(),
    }
}

/// What a sentence is about: a property, or a keyword with the property, schema, parameter or header that it is a rule for.
pub fn subject(document: &Document, pointer: &str) -> String {
    let own = name(pointer);
    let around = |pointer| parent(pointer).map_or(("", "".into()), |around| around);
    let schema = match around(pointer) {
        (list, last) if last.parse::<usize>().is_ok() => around(list).0,
        (schema, _) => schema,
    };
    let names = segments(schema);
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    // A part of a composition is told by what is composed.
    while let [.., "allOf" | "anyOf" | "oneOf", _] = names.as_slice() {
        names.truncate(names.len() - 2);
    }
    let of = match names.as_slice() {
        [.., "properties" | "schemas", named] => format!(" of `{named}`"),
        [.., "properties" | "schemas", named, "items"] => format!(" of the items of `{named}`"),
        [.., "headers", named, "schema"] => format!(" of the header {named}"),
        [.., "schema"] => {
            let parameter = document.json.pointer(around(schema).0);
            let text = |key: &str| parameter?.get(key)?.as_str();
            match (text("in"), text("name")) {
                (Some(place), Some(named)) => format!(" of the {place} parameter {named}"),
                _ => String::new(),
            }
        }
        _ => String::new(),
    };
    format!("`{own}`{of}")
}

/// The smallest and the largest number that a type of numbers holds, in powers of two with their sign: for `int32` -31 and 31 (the
/// format registry of the OpenAPI Initiative).
pub fn held(format: &str) -> Option<(i32, i32)> {
    match format {
        "float" => Some((-128, 128)),
        "double" => Some((-1024, 1024)),
        _ => {
            let (signed, bits) = match format.strip_prefix('u') {
                Some(unsigned) => (false, unsigned.strip_prefix("int")?),
                None => (true, format.strip_prefix("int")?),
            };
            let bits: i32 = bits.parse().ok().filter(|bits| [8, 16, 32, 64].contains(bits))?;
            Some(if signed { (1 - bits, bits - 1) } else { (0, bits) })
        }
    }
}

/// Whether a name has a pattern; an unreadable pattern has none.
pub fn matches(pattern: &str, name: &str) -> bool {
    Pattern::parse(pattern).is_ok_and(|pattern| pattern.is_match(name))
}
