//! `oneOf`, `anyOf` and several types as enumerations, where a reader finds the right variant.

use std::collections::{BTreeMap, BTreeSet};

use openapi_document::pointer::{escape, from_reference};
use serde_json::Value;

use super::{
    Shape, Type, Variant,
    lower::{Types, reason},
};
use crate::{
    facts::{Facts, JsonType, reference, says_something},
    names::{self, Names},
};

const UNCERTAIN: &str = "One of several shapes, and nothing in a value says which.";
const SEVERAL: &str = "Alternatives within alternatives.";

/// One alternative.
struct Branch<'d> {
    pointer: String,
    /// What it says, together with what stands around the alternatives.
    facts: Facts<'d>,
}

impl<'d> Types<'d> {
    /// Whether null is among what a schema allows.
    pub(super) fn allows_null(&self, facts: &Facts<'d>) -> bool {
        let branches = facts.unions.iter().flatten();
        facts.allows_null() || branches.map(|branch| Facts::of(self.document, branch)).any(|branch| branch.allows_null())
    }

    /// The enumeration for alternatives.
    pub(super) fn union(&mut self, pointer: &str, name: &str, facts: &Facts<'d>) -> Shape {
        let mut base = facts.clone();
        let mut unions = std::mem::take(&mut base.unions);
        // Alternatives that only say what is required say nothing that a type could.
        unions.retain(|branches| branches.iter().any(|branch| says_something(self.document, branch)));
        let branches: Vec<Branch<'d>> = match unions.as_slice() {
            [] if facts.unions.is_empty() => self.kinds(pointer, facts),
            [] => return self.in_place(pointer, name, &base),
            [branches] => self.branches(branches, &base),
            _ => return Shape::Alias(Type::Any(Some(SEVERAL))),
        };
        let is_shared =
            !unions.is_empty() && (!base.properties.is_empty() || base.kind().is_some_and(|kind| kind != JsonType::Object));
        if let Some(texts) = texts(&branches) {
            return texts;
        }
        let mut variants: Vec<(Variant, &Branch<'d>)> = Vec::new();
        for branch in &branches {
            let hint = self.hint(branch);
            let kind = if is_shared || unions.is_empty() {
                self.shaped(&format!("{}#{name}", branch.pointer), &format!("{name}{hint}"), &branch.facts, None)
            } else {
                self.at(&branch.pointer, &format!("{name}{hint}"))
            };
            let kind = kind.certain();
            if let Some(reason) = reason(&kind) {
                return Shape::Alias(Type::Any(Some(reason)));
            }
            if matches!(kind, Type::Any(_)) {
                return Shape::Alias(kind);
            }
            if variants.iter().all(|(known, _)| known.kind != kind) {
                variants.push((Variant { name: hint, kind }, branch));
            }
        }
        if let [(only, _)] = variants.as_slice() {
            return Shape::Alias(only.kind.clone());
        }
        let mut names = Names::default();
        for (variant, _) in &mut variants {
            variant.name = names.unique(names::of_variant(&variant.name), "");
        }
        if let Some(tag) = self.tag(facts, &variants) {
            return Shape::Union { variants: variants.into_iter().map(|(variant, _)| variant).collect(), tag: Some(tag) };
        }
        variants.sort_by_key(|(_, branch)| rank(&branch.facts));
        let certain = variants.iter().enumerate().all(|(index, (_, earlier))| {
            variants[index + 1..].iter().all(|(_, later)| self.are_told_apart(&earlier.facts, &later.facts, 4))
        });
        if !certain {
            return Shape::Alias(Type::Any(Some(UNCERTAIN)));
        }
        Shape::Union { variants: variants.into_iter().map(|(variant, _)| variant).collect(), tag: None }
    }

    /// An alternative for each kind of value.
    fn kinds(&self, pointer: &str, facts: &Facts<'d>) -> Vec<Branch<'d>> {
        let kinds = facts.kinds_but_null().unwrap_or_default().into_iter();
        let branch = |kind: JsonType| {
            let mut facts = facts.clone();
            facts.kinds = Some(BTreeSet::from([kind]));
            Branch { pointer: format!("{pointer}#{}", kind.name()), facts }
        };
        kinds.map(branch).collect()
    }

    fn branches(&self, branches: &[String], base: &Facts<'d>) -> Vec<Branch<'d>> {
        let all = branches.iter().map(|pointer| {
            let facts = base.clone().and(self.document, pointer);
            Branch { pointer: pointer.clone(), facts }
        });
        // Null is not an alternative but an option.
        all.filter(|branch| branch.facts.kinds_but_null().is_none_or(|kinds| !kinds.is_empty())).collect()
    }

    /// What an alternative is called: as the schema that it refers to, by its title, or as the kind of its values.
    fn hint(&self, branch: &Branch<'d>) -> String {
        let schema = self.document.json().pointer(&branch.pointer);
        if let Some(target) = schema.and_then(Value::as_object).and_then(reference)
            && let Some((_, last)) = openapi_document::pointer::parent(&target)
        {
            return names::of_variant(&last);
        }
        let title = schema.and_then(|schema| schema.get("title")).and_then(Value::as_str);
        if let Some(title) = title.filter(|title| title.len() <= 40) {
            return names::of_variant(title);
        }
        // What a property of it always is.
        let constant =
            branch.facts.properties.keys().find_map(|name| match self.property(&branch.facts, name)?.values?.as_slice() {
                [Value::String(text)] if branch.facts.required.contains(name) => Some(names::of_variant(text)),
                _ => None,
            });
        if let Some(constant) = constant {
            return constant;
        }
        match branch.facts.kind() {
            Some(JsonType::Object) if branch.facts.properties.is_empty() => "Map".to_owned(),
            Some(kind) => kind.name().to_owned(),
            None => "Variant".to_owned(),
        }
    }

    /// What the discriminator says: its property, and which of its values stands for which variant.
    fn tag(&self, facts: &Facts<'d>, variants: &[(Variant, &Branch<'d>)]) -> Option<(String, BTreeMap<String, usize>)> {
        let discriminator = facts.discriminator?;
        let property = discriminator.get("propertyName")?.as_str()?;
        let mapping = discriminator.get("mapping").and_then(Value::as_object);
        let mut values = BTreeMap::new();
        for (index, (_, branch)) in variants.iter().enumerate() {
            if branch.facts.kind() != Some(JsonType::Object) {
                return None;
            }
            let target = self.document.json().pointer(&branch.pointer).and_then(Value::as_object).and_then(reference)?;
            let (_, component) = openapi_document::pointer::parent(&target)?;
            let leads_here = |to: &Value| {
                let to = to.as_str().unwrap_or_default();
                from_reference(to).unwrap_or_else(|| format!("/components/schemas/{}", escape(to))) == target
            };
            let mapped = mapping.into_iter().flatten().filter(|(_, to)| leads_here(to)).map(|(value, _)| value.as_str());
            let mut own: Vec<&str> = mapped.collect();
            own.extend(
                self.property(&branch.facts, property)
                    .and_then(|facts| facts.values)
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str),
            );
            if own.is_empty() {
                own.push(&component);
            }
            for value in own {
                if values.insert(value.to_owned(), index).is_some_and(|other| other != index) {
                    return None;
                }
            }
        }
        Some((property.to_owned(), values))
    }

    /// What a property of an object is said to be.
    fn property(&self, facts: &Facts<'d>, name: &str) -> Option<Facts<'d>> {
        let mut places = facts.properties.get(name)?.iter();
        let first = Facts::of(self.document, places.next()?);
        Some(places.fold(first, |facts, place| facts.and(self.document, place)))
    }

    /// Whether a reader that tries `earlier` first does not take for it what is meant as `later`, as far as values go `deep`.
    fn are_told_apart(&self, earlier: &Facts<'d>, later: &Facts<'d>, deep: usize) -> bool {
        if deep == 0 {
            return false;
        }
        let within = |facts: &Facts<'d>| -> Vec<Facts<'d>> {
            let mut base = facts.clone();
            let unions = std::mem::take(&mut base.unions);
            let all = unions.iter().flatten().map(|branch| base.clone().and(self.document, branch)).collect();
            if unions.is_empty() { vec![base] } else { all }
        };
        if !earlier.unions.is_empty() || !later.unions.is_empty() {
            let (earlier, later) = (within(earlier), within(later));
            return earlier.iter().all(|earlier| later.iter().all(|later| self.are_told_apart(earlier, later, deep - 1)));
        }
        let (Some(first), Some(second)) = (earlier.kinds_but_null(), later.kinds_but_null()) else { return false };
        let both: Vec<JsonType> = first.intersection(&second).copied().collect();
        if first.contains(&JsonType::Number) && second.contains(&JsonType::Integer) {
            return false;
        }
        both.into_iter().all(|kind| match kind {
            JsonType::Null | JsonType::Boolean | JsonType::Number => false,
            JsonType::Integer | JsonType::String => match (&earlier.values, &later.values) {
                (Some(_), None) => true,
                (Some(earlier), Some(later)) => earlier.iter().all(|value| !later.contains(value)),
                (None, _) => false,
            },
            JsonType::Array => match (&earlier.items, &later.items) {
                (Some(earlier), Some(later)) => {
                    self.are_told_apart(&Facts::of(self.document, earlier), &Facts::of(self.document, later), deep - 1)
                }
                _ => false,
            },
            JsonType::Object => self.are_objects_told_apart(earlier, later),
        })
    }

    /// Whether `earlier` requires what `later` does not have, as people list what an object has; or something is another in both.
    fn are_objects_told_apart(&self, earlier: &Facts<'d>, later: &Facts<'d>) -> bool {
        let missing =
            earlier.required.iter().any(|name| earlier.properties.contains_key(name) && !later.properties.contains_key(name));
        missing
            || earlier.properties.keys().any(|name| {
                let is_there = earlier.required.contains(name) || later.required.contains(name);
                let (Some(first), Some(second)) = (self.property(earlier, name), self.property(later, name)) else {
                    return false;
                };
                let kinds = match (first.kinds_but_null(), second.kinds_but_null()) {
                    (Some(first), Some(second)) => first.is_disjoint(&second) && !first.contains(&JsonType::Number),
                    _ => false,
                };
                let values = match (&first.values, &second.values) {
                    (Some(first), Some(second)) => first.iter().all(|value| value.is_string() && !second.contains(value)),
                    _ => false,
                };
                is_there && (kinds || values)
            })
    }
}

/// Alternatives that are all texts: one enumeration of them.
fn texts(branches: &[Branch<'_>]) -> Option<Shape> {
    let mut all: Vec<&str> = Vec::new();
    for branch in branches {
        if !branch.facts.unions.is_empty() || branch.facts.kind() != Some(JsonType::String) {
            return None;
        }
        for value in branch.facts.values.as_ref()? {
            all.extend(value.as_str().filter(|text| !all.contains(text)));
        }
    }
    let mut names = Names::default();
    let texts: Vec<_> = all.into_iter().map(|text| (names.unique(names::of_variant(text), ""), text.to_owned())).collect();
    (!texts.is_empty()).then_some(Shape::Texts(texts))
}

/// What is tried first: what most values are not.
fn rank(facts: &Facts<'_>) -> (bool, std::cmp::Reverse<usize>, bool, bool) {
    let is_open = facts.kind() == Some(JsonType::Object) && facts.properties.is_empty();
    (is_open, std::cmp::Reverse(facts.required.len()), facts.values.is_none(), facts.kind() == Some(JsonType::Number))
}
