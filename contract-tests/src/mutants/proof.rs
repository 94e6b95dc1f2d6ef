//! Which mutants nobody can see, by proof, and which answers show the others.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    Inclusion, Located, inclusion, instances,
    pointer::{escape, segments},
};
use jsonschema::Validator;
use openapi_document::one_way;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    Mutant, Mutation,
    places::{Places, Side, Surface, is_required, keys, resolve, rest},
};

/// Why nobody can see a mutant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Proof {
    /// It allows the same requests, and no other answers: each includes the other.
    Same,
    /// It is about answers, and each that it allows keeps the original's promise: the original includes it.
    Narrower,
    /// It is about an answer that no request leads to.
    Unanswered,
    /// It no longer speaks of an error that comes with nothing but its status, which the server answers with all the same.
    Bare,
    /// It refuses with another status, which is documented for a refusal too and whose answer keeps the same promise.
    Alike,
    /// It no longer speaks of a header that need not be sent.
    Optional,
    /// Each patch that it allows more is refused for its result.
    Result,
    /// It is about what is `readOnly`, which requests should not have (OpenAPI 3.0.3, section 4.7.24.2), and answers keep the promise.
    Unsent,
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Same => "the same requests are valid",
            Self::Narrower => "every response that the mutant allows satisfies the original",
            Self::Unanswered => "no request leads to this response",
            Self::Bare => "the error has neither a body nor headers",
            Self::Alike => "a refusal with the other status is documented too, and keeps the same promise",
            Self::Optional => "the header is optional",
            Self::Result => "what more it allows of a patch is refused for its result",
            Self::Unsent => "what is readOnly is not sent, and every response that the mutant allows satisfies the original",
        })
    }
}

/// What is known before a mutant of answers is served.
pub enum Sight {
    /// Nobody can see it.
    None(Proof),
    /// It shows in the answers that this document asks for.
    Aimed(Value),
    /// It may show by itself.
    Open,
}

/// What a document's schemas are asked.
pub struct Proofs<'a> {
    pub(super) document: &'a Value,
    places: &'a Places,
    seed: u64,
    /// For each schema instances that it forbids, made by the engine and judged alike by two validators.
    forbidden: Mutex<HashMap<String, Arc<Vec<Value>>>>,
}

impl<'a> Proofs<'a> {
    pub fn new(document: &'a Value, places: &'a Places, seed: u64) -> Self {
        Self { document, places, seed, forbidden: Mutex::default() }
    }

    /// What is known of a mutant whose rule is about answers.
    pub fn sight(&self, mutant: &Mutant, mutated: &Value) -> Sight {
        if let Some(response) = &mutant.response {
            return self.of_response(mutant, response, mutated);
        }
        let Some(site) = self.places.sites.get(&mutant.edit.0) else { return Sight::Open };
        let surfaces: Vec<&Surface> = site.surfaces.iter().map(|index| &self.places.surfaces[*index]).collect();
        if surfaces.iter().any(|surface| matches!(surface.side, Side::Body | Side::Parameter)) {
            return Sight::Open;
        }
        if surfaces.iter().all(|surface| surface.side == Side::Unanswered) {
            return Sight::None(Proof::Unanswered);
        }
        match self.in_answers(mutant, mutated) {
            // It may show in what patches are refused for.
            Sight::None(_) if surfaces.iter().any(|surface| surface.side == Side::Result) => Sight::Open,
            sight => sight,
        }
    }

    /// What is known of a mutant by the answers that it is about, whatever else it is about.
    pub fn in_answers(&self, mutant: &Mutant, mutated: &Value) -> Sight {
        let site = self.places.sites.get(&mutant.edit.0);
        let surfaces = site.into_iter().flat_map(|site| &site.surfaces).map(|index| &self.places.surfaces[*index]);
        let (mut aimed, mut narrower) = (None, true);
        // Many answers have one schema.
        let mut known: HashMap<(String, String, bool), Result<Value, bool>> = HashMap::new();
        for surface in surfaces.filter(|surface| surface.side == Side::Answer) {
            let schemas = [self.document, mutated].map(|document| target(document, &surface.schema));
            let [original, changed] = schemas;
            let difference = known.entry((original, changed, surface.is_text()));
            match difference.or_insert_with(|| self.difference(surface, mutated)).clone() {
                Ok(value) => set(aimed.get_or_insert_with(|| mutated.clone()), &surface.holder, value),
                Err(included) => narrower &= included,
            }
        }
        match aimed {
            Some(aimed) => Sight::Aimed(aimed),
            None if narrower => Sight::None(Proof::Narrower),
            None => Sight::Open,
        }
    }

    fn of_response(&self, mutant: &Mutant, response: &str, mutated: &Value) -> Sight {
        let answered = self.places.answered.iter().any(|named| named == response || resolve(self.document, named) == response);
        if !answered {
            return Sight::None(Proof::Unanswered);
        }
        let header = &mutant.edit.0;
        let bare = || {
            let node = self.document.pointer(&resolve(self.document, response));
            let has = |name: &str| node.and_then(|node| node.get(name)?.as_object()).is_some_and(|part| !part.is_empty());
            let success = response.rsplit('/').next().is_some_and(|status| status.starts_with('2'));
            !has("content") && !has("headers") && !success
        };
        match (mutant.keyword, mutant.change) {
            ("responses", Mutation::Dropped) if bare() => Sight::None(Proof::Bare),
            ("responses", Mutation::Dropped)
                if rest(self.document, response)
                    .is_some_and(|rest| self.keeps(&resolve(self.document, &rest), &resolve(self.document, response))) =>
            {
                Sight::None(Proof::Narrower)
            }
            // It is sent, so that it is there where it must be.
            ("required", Mutation::Strengthened) => Sight::None(Proof::Narrower),
            ("required", Mutation::Weakened) => {
                let mut aimed = mutated.clone();
                set(&mut aimed, header, Value::Null);
                Sight::Aimed(aimed)
            }
            ("headers", _) => {
                let holder = resolve(self.document, &mutant.pointer);
                // Of what is not spoken of anything may be said, or nothing.
                let said = if is_required(self.document, &holder) {
                    Some(Value::Null)
                } else {
                    self.forbidden_text(&format!("{holder}/schema"))
                };
                let Some(said) = said else { return Sight::None(Proof::Optional) };
                let mut aimed = mutated.clone();
                let (headers, _) = mutant.pointer.rsplit_once('/').unwrap_or_default();
                let name = segments(&mutant.pointer).pop();
                if let (Some(Value::Object(headers)), Some(name)) = (aimed.pointer_mut(headers), name) {
                    headers.insert(name, json!({ "schema": true, "x-answer": said }));
                }
                Sight::Aimed(aimed)
            }
            _ => Sight::Open,
        }
    }

    /// Whether a refusal has another status in the mutated document, and nobody can tell: the original has that one too, and what it
    /// promises of it includes what it promises of the other. Which of them is for which refusal only a description can say.
    fn is_refused_alike(&self, mutant: &Mutant, mutated: &Value) -> bool {
        let Some((all, status)) = mutant.response.as_deref().and_then(|response| response.rsplit_once('/')) else { return false };
        let other = match status {
            "400" => "422",
            "422" => "400",
            _ => return false,
        };
        let [dropped, other] = [status, other].map(|status| format!("{all}/{status}"));
        let is_there = |document: &Value, response: &str| document.pointer(response).is_some();
        let is_left = !is_there(mutated, &dropped) && is_there(mutated, &other) && is_there(self.document, &other);
        let [dropped, other] = [dropped, other].map(|response| resolve(self.document, &response));
        is_left && self.keeps(&other, &dropped)
    }

    /// Whether each answer that the one response allows keeps the promise of the other.
    fn keeps(&self, narrow: &str, wide: &str) -> bool {
        let part = |response: &str, part: &str| keys(self.document, &format!("{response}/{part}")).collect::<Vec<_>>();
        let in_both = |place: &str| [narrow, wide].map(|response| resolve(self.document, &format!("{response}/{place}")));
        let included = |places: [String; 2]| {
            let [narrow, wide] = places.map(|place| format!("{place}/schema"));
            self.included((self.document, &narrow), (self.document, &wide))
        };
        let (content, promised) = (part(narrow, "content"), part(wide, "content"));
        let headers = part(narrow, "headers");
        content.is_empty() == promised.is_empty()
            && content.iter().all(|name| promised.contains(name) && included(in_both(&format!("content/{}", escape(name)))))
            && part(wide, "headers").iter().all(|name| {
                let places = in_both(&format!("headers/{}", escape(name)));
                let [sent, must] = [&places[0], &places[1]].map(|header| is_required(self.document, header));
                headers.contains(name) && (sent || !must) && included(places)
            })
    }

    /// Why nobody can see a mutant of requests: for each of its schemas both include each other, or what it allows more of a patch is
    /// refused for its result; and of answers it allows no others. Or it refuses the same ones alike.
    pub fn same(&self, mutant: &Mutant, mutated: &Value) -> Option<Proof> {
        // What only one side sends is no matter of the schema alone.
        if ["readOnly", "writeOnly", "x-unique"].contains(&mutant.keyword) {
            return None;
        }
        if (mutant.keyword, mutant.change) == ("responses", Mutation::Dropped) {
            return self.is_refused_alike(mutant, mutated).then_some(Proof::Alike);
        }
        let site = self.places.sites.get(&mutant.edit.0)?;
        let sides = self.places.sides(site);
        let is_asked = sides.iter().any(|side| matches!(side, Side::Body | Side::Parameter));
        let mut proof = if is_asked { Proof::Same } else { Proof::Narrower };
        for surface in site.surfaces.iter().map(|index| &self.places.surfaces[*index]) {
            let at = &surface.schema;
            let both = |original: &Value, mutated: &Value| {
                self.included((mutated, at), (original, at)) && self.included((original, at), (mutated, at))
            };
            let is_same = match surface.side {
                // Without a text there would be no parameter, but in the query.
                Side::Parameter if self.place(surface) != Some("query") => {
                    both(&not_empty(self.document, at), &not_empty(mutated, at))
                }
                Side::Parameter => both(self.document, mutated),
                Side::Body if both(self.document, mutated) => true,
                Side::Body if both(&unsent(self.document), &unsent(mutated)) => {
                    proof = Proof::Unsent;
                    true
                }
                Side::Body => {
                    proof = Proof::Result;
                    self.is_refused_for_result(mutant, surface, mutated)
                }
                // What an answer has shown of a resource, the resource is.
                Side::Result => {
                    both(self.document, mutated)
                        || sides.contains(&Side::Answer) && self.is_out_of_reach(mutant, surface, mutated)
                }
                Side::Answer => self.included((mutated, at), (self.document, at)),
                Side::Unanswered => true,
            };
            if !is_same {
                return None;
            }
        }
        Some(proof)
    }

    /// Where a parameter is sent.
    fn place(&self, parameter: &Surface) -> Option<&str> {
        self.document.pointer(&parameter.holder)?.get("in")?.as_str()
    }

    pub(super) fn included(&self, narrow: (&Value, &str), wide: (&Value, &str)) -> bool {
        self.asked(narrow, wide) == Ok(Inclusion::Proven)
    }

    /// Of two schemas, each in its document.
    fn asked(&self, narrow: (&Value, &str), wide: (&Value, &str)) -> Result<Inclusion, String> {
        let [narrow, wide] = [narrow, wide].map(|(document, pointer)| Located { document, pointer });
        inclusion(narrow, wide, self.seed)
    }

    /// A text that a header with this schema must not have, however it is read.
    fn forbidden_text(&self, schema: &str) -> Option<Value> {
        let at = target(self.document, schema);
        let schema = validator(self.document, &at)?;
        let read = |text: &str| [Some(json!(text)), serde_json::from_str(text).ok()].into_iter().flatten();
        let made = self.forbidden(&at);
        made.iter().filter_map(text).find(|text| read(text).all(|value| !schema.is_valid(&value))).map(Value::String)
    }

    /// An answer that the mutant allows and the original forbids; or else whether there is none.
    fn difference(&self, surface: &Surface, mutated: &Value) -> Result<Value, bool> {
        let at = target(self.document, &surface.schema);
        let header = surface.is_text();
        let sendable = |value: &Value| !header || text(value).is_some();
        let shown = |value: Value| if header { text(&value).map_or(Value::Null, Value::String) } else { value };
        let allows = validator(mutated, &surface.schema).ok_or(false)?;
        if let Some(found) = self.forbidden(&at).iter().find(|value| sendable(value) && allows.is_valid(value)) {
            return Ok(shown(found.clone()));
        }
        match self.asked((mutated, &surface.schema), (self.document, &surface.schema)) {
            Ok(Inclusion::Proven) => Err(true),
            Ok(Inclusion::Refuted(value)) if sendable(&value) => Ok(shown(value)),
            _ => Err(false),
        }
    }

    fn forbidden(&self, at: &str) -> Arc<Vec<Value>> {
        let known = |map: &HashMap<String, Arc<Vec<Value>>>| map.get(at).cloned();
        if let Some(known) = known(&self.forbidden.lock().unwrap_or_else(PoisonError::into_inner)) {
            return known;
        }
        let made = alone(self.document, at).and_then(|schema| instances(&answered(schema), self.seed).ok());
        let made = made.into_iter().flat_map(|made| made.invalid).map(|(value, _)| value);
        // Of several items one may be what the mutant is about, and the others what it now forbids.
        let made = made.flat_map(|value| [single(&value, true), single(&value, false), value]);
        let original = validator(self.document, at);
        let made: Vec<Value> = made.filter(|value| original.as_ref().is_some_and(|schema| !schema.is_valid(value))).collect();
        let mut map = self.forbidden.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(map.entry(at.to_owned()).or_insert_with(|| Arc::new(made)))
    }
}

/// A value with one item in each array: the first, or the last.
fn single(value: &Value, first: bool) -> Value {
    match value {
        Value::Array(items) => {
            let one = if first { items.first() } else { items.last() };
            one.into_iter().map(|item| single(item, first)).collect()
        }
        Value::Object(object) => object.iter().map(|(name, value)| (name.clone(), single(value, first))).collect(),
        other => other.clone(),
    }
}

/// The document as requests see it that have nothing `readOnly` in them.
fn unsent(document: &Value) -> Value {
    fn forbid(node: &mut Value) {
        match node {
            Value::Object(object) => {
                for (keyword, child) in object {
                    if let (true, Value::Object(properties)) = (keyword == "properties", &mut *child) {
                        let marked = properties.values_mut().filter(|schema| schema.get("readOnly") == Some(&Value::Bool(true)));
                        marked.for_each(|schema| *schema = Value::Bool(false));
                    }
                    forbid(child);
                }
            }
            Value::Array(items) => items.iter_mut().for_each(forbid),
            _ => {}
        }
    }
    let mut document = one_way(document, "readOnly");
    forbid(&mut document);
    document
}

/// The document with a schema that allows no empty text, not in a list either.
fn not_empty(document: &Value, at: &str) -> Value {
    let mut document = document.clone();
    if let Some(schema) = document.pointer_mut(at) {
        *schema = json!({ "allOf": [schema.take()], "minLength": 1, "items": { "minLength": 1 } });
    }
    document
}

/// Tells the server what to answer with.
fn set(document: &mut Value, holder: &str, value: Value) {
    if let Some(Value::Object(holder)) = document.pointer_mut(holder) {
        holder.insert("x-answer".to_owned(), value);
    }
}

/// The schema, or what it refers to where it is nothing but a reference.
fn target(document: &Value, at: &str) -> String {
    let only = |at: &str| {
        document.pointer(at).and_then(Value::as_object).is_some_and(|schema| schema.len() == 1 && schema.contains_key("$ref"))
    };
    let mut at = at.to_owned();
    while only(&at) {
        at = document.pointer(&at).and_then(|schema| schema["$ref"].as_str()?.strip_prefix('#')).unwrap_or_default().to_owned();
    }
    at
}

/// A schema as a document of its own, with what it may refer to.
fn alone(document: &Value, at: &str) -> Option<Value> {
    let mut schema = match document.pointer(at)? {
        Value::Object(schema) => schema.clone(),
        other => json!({ "allOf": [other] }).as_object()?.clone(),
    };
    for part in ["components", "paths"] {
        schema.extend(document.get(part).map(|part_of| (part.to_owned(), part_of.clone())));
    }
    Some(Value::Object(schema))
}

/// A schema where nothing is `readOnly`: what is left out of requests is in answers.
fn answered(schema: Value) -> Value {
    match schema {
        Value::Object(object) => object
            .into_iter()
            .filter(|(name, value)| name != "readOnly" || !value.is_boolean())
            .map(|(name, value)| (name, answered(value)))
            .collect(),
        Value::Array(items) => items.into_iter().map(answered).collect(),
        other => other,
    }
}

fn validator(document: &Value, at: &str) -> Option<Validator> {
    let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012).should_validate_formats(true);
    options.build(&alone(document, at)?).ok()
}

/// A value as the text of a header, where it can be one.
fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        _ => return None,
    };
    let plain = text.chars().all(|c| (' '..='~').contains(&c)) && text.trim() == text;
    plain.then_some(text)
}
