//! Parameters: which there are, whether they must be given, how they are written.

use std::collections::BTreeMap;

use crate::{Document, Operation, REQUESTS, openapi::operation::essence};
use serde_json::{Value, json};

use super::{Comparison, keywords, schema_of, view::View};
use crate::compat::change::{Class, Direction, Ground, Part};

/// A parameter as the rules see it.
pub(super) struct Parameter<'a> {
    /// Where it is listed.
    pub listed: String,
    pub pointer: String,
    pub node: &'a Value,
    pub place: &'a str,
    pub name: &'a str,
}

impl Parameter<'_> {
    pub fn required(&self) -> bool {
        self.node.get("required") == Some(&json!(true))
    }

    /// What it is called in a request of [`Document::requests`].
    fn item(&self) -> String {
        if self.place == "header" { self.name.to_lowercase() } else { self.name.to_owned() }
    }

    /// What identifies it in its place: the name, or for a parameter of the path where it is in it.
    fn key(&self, path: &str) -> String {
        match crate::path_names(path).position(|name| self.place == "path" && name == self.name) {
            Some(position) => position.to_string(),
            None => self.item(),
        }
    }

    /// How lists and objects are written, with the defaults of OpenAPI 3.1, section 4.8.12.2.
    pub fn style(&self) -> (&str, bool) {
        let default = if matches!(self.place, "query" | "cookie") { "form" } else { "simple" };
        let style = self.node.get("style").and_then(Value::as_str).unwrap_or(default);
        (style, self.node.get("explode").and_then(Value::as_bool).unwrap_or(style == "form"))
    }

    /// Where its schema stands, or would.
    pub fn schema(&self) -> String {
        schema_of(self.node, &self.pointer)
    }
}

impl Comparison<'_, '_> {
    pub(super) fn parameters(&mut self) {
        let (old, new) = (all(self.old, self.before), all(self.new, self.after));
        for (key, before) in &old {
            match new.get(key) {
                Some(after) => self.parameter(before, after),
                None => {
                    let ground = Ground::Schema {
                        old: before.pointer.clone(),
                        new: format!("{REQUESTS}/properties/{}/additionalProperties", before.place),
                        item: Some(before.item()),
                    };
                    let what = format!("the {} parameter {} is gone", before.place, before.name);
                    self.add_named(Part::Requests, &before.pointer, true, Class::Requests, &what, ground);
                }
            }
        }
        for (_, after) in new.iter().filter(|(key, _)| !old.contains_key(*key)) {
            let (class, kind) = if after.required() { (Class::Requests, "required") } else { (Class::Safe, "optional") };
            let what = format!("the {} parameter {} is new, and {kind}", after.place, after.name);
            self.add_named(Part::Requests, &after.pointer, false, class, &what, missing(after));
        }
    }

    fn parameter(&mut self, before: &Parameter<'_>, after: &Parameter<'_>) {
        let named = format!("the {} parameter {}", after.place, after.name);
        match (before.required(), after.required()) {
            (false, true) => {
                let at = format!("{}/required", after.pointer);
                self.add_named(Part::Requests, &at, false, Class::Requests, &format!("{named} is required now"), missing(after));
            }
            (true, false) => {
                let at = format!("{}/required", after.pointer);
                self.add_named(Part::Requests, &at, false, Class::Safe, &format!("{named} is optional now"), Ground::Document);
            }
            _ => {}
        }
        let (schema, schema_there) = (before.schema(), after.schema());
        if before.style() != after.style() {
            let may_be = |wanted: &str| {
                [(self.old, &schema), (self.new, &schema_there)]
                    .into_iter()
                    .any(|(document, at)| keywords::types(View::of(document, at).get("type")).contains(wanted))
            };
            let ((was, _), (is, _)) = (before.style(), after.style());
            // `5`, `.5` and `;id=5` (OpenAPI 3.1, section 4.8.12.3, Style Examples).
            let (class, what) = if was != is && after.place == "path" {
                (Class::Requests, "has another style: every value is written differently")
            } else if was == is && is == "simple" && !may_be("object") {
                (Class::Documentation, "has another `explode`, which makes a difference for objects only")
            } else if may_be("array") || may_be("object") {
                (Class::Requests, "has another style: lists are written differently")
            } else {
                (Class::Documentation, "has another style, which makes no difference for a single value")
            };
            let what = format!("{named} {what}");
            self.add_named(Part::Requests, &format!("{}/style", after.pointer), false, class, &what, Ground::Document);
        }
        if before.node.get("content").is_some() != after.node.get("content").is_some() {
            let what = format!("{named} is written differently: `schema` and `content` are not the same");
            self.add_named(Part::Requests, &after.pointer, false, Class::Requests, &what, Ground::Document);
        }
        let written = |parameter: &Parameter<'_>| {
            parameter.node.get("content").and_then(Value::as_object)?.keys().next().map(|media_type| essence(media_type))
        };
        if let (Some(was), Some(is)) = (written(before), written(after))
            && was != is
        {
            let what = format!("{named} is written as {is} now, and as {was} before");
            self.add_named(Part::Requests, &after.pointer, false, Class::Requests, &what, Ground::Document);
        }
        self.described(&before.pointer, &after.pointer, &["description", "deprecated", "example", "examples", "allowReserved"]);
        let may_be_empty = |parameter: &Parameter<'_>| parameter.node.get("allowEmptyValue") == Some(&json!(true));
        match (may_be_empty(before), may_be_empty(after)) {
            (true, false) => {
                let what = format!("{named} must have a value now");
                self.add_named(Part::Requests, &after.pointer, false, Class::Requests, &what, Ground::Document);
            }
            (false, true) => {
                let what = format!("{named} may be without a value now");
                self.add_named(Part::Requests, &after.pointer, false, Class::Safe, &what, Ground::Document);
            }
            _ => {}
        }
        self.schemas(Part::Requests, Direction::Request, &schema, &schema_there);
    }
}

/// What a request breaks that does not have the parameter.
fn missing(parameter: &Parameter<'_>) -> Ground {
    Ground::Schema {
        old: format!("{REQUESTS}/properties/{}", parameter.place),
        new: format!("{REQUESTS}/properties/{}/required", parameter.place),
        item: Some(parameter.item()),
    }
}

/// The parameters of an operation and its path by place and name.
pub(super) fn all<'a>(document: &'a Document, operation: &Operation) -> BTreeMap<(&'a str, String), Parameter<'a>> {
    listed(document, [operation.path_item(), &operation.pointer], &operation.path)
}

/// Those that are listed at one of two places, where the later counts, by place and name, or for those of a path by where they are in it.
pub(super) fn listed<'a>(document: &'a Document, places: [&str; 2], path: &str) -> BTreeMap<(&'a str, String), Parameter<'a>> {
    let mut all = BTreeMap::new();
    for list in places.map(|at| format!("{at}/parameters")) {
        for index in 0..document.json.pointer(&list).and_then(Value::as_array).map_or(0, Vec::len) {
            let listed = format!("{list}/{index}");
            let Some((pointer, node)) = document.resolve(&listed) else { continue };
            let text = |key: &str| node.get(key).and_then(Value::as_str);
            let (Some(place), Some(name)) = (text("in"), text("name")) else { continue };
            let described_elsewhere = ["accept", "content-type", "authorization"].contains(&name.to_lowercase().as_str());
            if place != "header" || !described_elsewhere {
                let parameter = Parameter { listed, pointer, node, place, name };
                all.insert((place, parameter.key(path)), parameter);
            }
        }
    }
    all
}
