//! A schema as the rules see it.

use std::collections::BTreeMap;

use crate::Document;
use crate::pointer::escape;
use openapi_document::pointer::from_reference;
use serde_json::{Map, Value};

/// References may follow one another this often before it is a circle.
const MAX_REFERENCES: usize = 32;

/// Keywords that ask nothing of a value: of two the one beside the reference counts.
const DESCRIBING: [&str; 8] =
    ["title", "description", "examples", "example", "default", "deprecated", "$comment", "externalDocs"];

/// The keywords of a schema, each with where it stands. What a `$ref` leads to counts as if it stood here.
#[derive(Default)]
pub struct View<'a> {
    /// Where the schema stands, after following references.
    pub pointer: String,
    keywords: BTreeMap<&'a str, (String, &'a Value)>,
    /// The members of `allOf`, and what a reference leads to that cannot be merged with what stands beside it.
    pub all_of: Vec<String>,
    /// The schema `false`.
    pub never: bool,
}

impl<'a> View<'a> {
    /// The view of the schema at `pointer`; where there is none, of one that allows everything.
    pub fn of(document: &'a Document, pointer: &str) -> Self {
        let mut view = Self { pointer: pointer.to_owned(), ..Self::default() };
        let mut pointer = pointer.to_owned();
        for _ in 0..MAX_REFERENCES {
            match document.json.pointer(&pointer) {
                Some(Value::Object(schema)) => {
                    if !view.merges(schema) {
                        view.all_of.push(pointer);
                        return view;
                    }
                    view.merge(schema, &pointer);
                    match schema.get("$ref").and_then(Value::as_str).and_then(from_reference) {
                        Some(next) => pointer = next,
                        None => return view,
                    }
                }
                other => {
                    view.never |= other == Some(&Value::Bool(false));
                    return view;
                }
            }
        }
        view
    }

    fn merges(&self, schema: &Map<String, Value>) -> bool {
        schema.keys().all(|keyword| DESCRIBING.contains(&keyword.as_str()) || !self.keywords.contains_key(keyword.as_str()))
    }

    fn merge(&mut self, schema: &'a Map<String, Value>, pointer: &str) {
        let only_reference = self.keywords.is_empty();
        if only_reference {
            pointer.clone_into(&mut self.pointer);
        }
        for (keyword, value) in schema.iter().filter(|(keyword, value)| *keyword != "$ref" || !is_followed(value)) {
            self.keywords.entry(keyword).or_insert_with(|| (format!("{pointer}/{}", escape(keyword)), value));
            if keyword == "allOf" {
                let members = 0..value.as_array().map_or(0, Vec::len);
                self.all_of.extend(members.map(|index| format!("{pointer}/allOf/{index}")));
            }
        }
    }

    /// The value of a keyword.
    pub fn get(&self, keyword: &str) -> Option<&'a Value> {
        self.keywords.get(keyword).map(|(_, value)| *value)
    }

    /// Where a keyword stands, or would.
    pub fn at(&self, keyword: &str) -> String {
        self.keywords.get(keyword).map_or_else(|| format!("{}/{}", self.pointer, escape(keyword)), |(at, _)| at.clone())
    }

    /// Where a member of a keyword stands, or would.
    pub fn member(&self, keyword: &str, member: impl ToString) -> String {
        format!("{}/{}", self.at(keyword), escape(&member.to_string()))
    }

    /// The keywords.
    pub fn keywords(&self) -> impl Iterator<Item = &'a str> {
        self.keywords.keys().copied()
    }

    /// The names of the members of a keyword.
    pub fn names(&self, keyword: &str) -> impl Iterator<Item = &'a str> {
        self.get(keyword).and_then(Value::as_object).into_iter().flat_map(|object| object.keys().map(String::as_str))
    }

    /// The texts in the list that a keyword has.
    pub fn texts(&self, keyword: &str) -> Vec<&'a str> {
        self.get(keyword).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// Whether a keyword is `true`.
    pub fn is(&self, keyword: &str) -> bool {
        self.get(keyword) == Some(&Value::Bool(true))
    }

    /// The parts of two schemas of which one is nothing but a composition and the other is none, so that it is the only part.
    pub fn parts_beside(&self, other: &Self) -> Option<(Vec<String>, Vec<String>)> {
        let composes = |view: &Self| {
            !view.all_of.is_empty() && view.keywords().all(|keyword| keyword == "allOf" || DESCRIBING.contains(&keyword))
        };
        let is_one = |view: &Self| view.all_of.is_empty() && !view.always();
        let only = |view: &Self| vec![view.pointer.clone()];
        match (composes(self), composes(other)) {
            (true, false) if is_one(other) => Some((self.all_of.clone(), only(other))),
            (false, true) if is_one(self) => Some((only(self), other.all_of.clone())),
            _ => None,
        }
    }

    /// The alternatives of two schemas of which one is nothing but a list of them and the other has none, so that it is the only one; with
    /// the keyword of the list.
    pub fn alternatives_beside(&self, other: &Self) -> Option<(&'static str, Vec<String>, Vec<String>)> {
        const LISTS: [&str; 2] = ["anyOf", "oneOf"];
        let list = |view: &Self, keyword: &'static str| {
            let is_beside = |beside: &str| beside == keyword || beside == "discriminator" || DESCRIBING.contains(&beside);
            let members = view.get(keyword)?.as_array().filter(|_| view.keywords().all(is_beside))?;
            Some((0..members.len()).map(|index| view.member(keyword, index)).collect::<Vec<_>>())
        };
        let is_one = |view: &Self| !view.never && !view.always() && LISTS.iter().all(|keyword| view.get(keyword).is_none());
        let only = |view: &Self| vec![view.pointer.clone()];
        LISTS.into_iter().find_map(|keyword| match (list(self, keyword), list(other, keyword)) {
            (Some(members), None) if is_one(other) => Some((keyword, members, only(other))),
            (None, Some(members)) if is_one(self) => Some((keyword, only(self), members)),
            _ => None,
        })
    }

    /// Whether it says no more than that there are some bytes.
    pub fn is_bytes(&self) -> bool {
        let is_binary = |keyword: &str| match keyword {
            "type" => self.get(keyword) == Some(&Value::from("string")),
            "format" => self.get(keyword) == Some(&Value::from("binary")),
            other => other == "contentMediaType" || DESCRIBING.contains(&other),
        };
        let says_so = self.get("format").is_some() || self.get("contentMediaType").is_some();
        self.always() || says_so && !self.never && self.all_of.is_empty() && self.keywords().all(is_binary)
    }

    /// Whether it allows everything, as far as one can see.
    pub fn always(&self) -> bool {
        !self.never && self.all_of.is_empty() && self.keywords().all(|keyword| DESCRIBING.contains(&keyword))
    }
}

/// Where the schema stands that the one at `pointer` only refers to; `pointer` itself, where it is not only a reference.
pub fn followed(document: &Document, pointer: &str) -> String {
    let mut pointer = pointer.to_owned();
    for _ in 0..MAX_REFERENCES {
        let schema = document.json.pointer(&pointer).and_then(Value::as_object).filter(|schema| schema.len() == 1);
        match schema.and_then(|schema| from_reference(schema.get("$ref")?.as_str()?)) {
            Some(next) => pointer = next,
            None => break,
        }
    }
    pointer
}

fn is_followed(reference: &Value) -> bool {
    reference.as_str().and_then(from_reference).is_some()
}
