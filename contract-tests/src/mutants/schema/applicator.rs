//! The changes of keywords that hold properties, items or the whole value to other schemas, and of what depends on properties.

use crate::pointer::escape;
use serde_json::{Map, Value, json};

use super::{
    super::{
        Mutation::{Dropped, Inverted, Rewired, Strengthened, Weakened},
        pattern,
    },
    Bench, in_place,
};

impl Bench<'_> {
    pub(super) fn dependencies(&mut self, entries: &Map<String, Value>) {
        for (when, names) in entries {
            for then in names.as_array().into_iter().flatten().filter_map(Value::as_str) {
                let pointer = format!("{}/dependentRequired/{}", self.at, escape(when));
                let mut without = entries.clone();
                if let Some(Value::Array(list)) = without.get_mut(when) {
                    list.retain(|other| other != then);
                }
                let mut reversed = without.clone();
                reversed.insert(then.to_owned(), json!([when]));
                for (change, note, entries) in [
                    (Dropped, format!("{then} with {when}"), without),
                    (Rewired, format!("{when} with {then}, and not the other way round"), reversed),
                ] {
                    let mut schema = self.schema.clone();
                    schema.insert("dependentRequired".to_owned(), json!(entries));
                    let more = [format!("{}/dependentRequired", self.at), self.property(when), self.property(then)];
                    self.push("dependentRequired", change, pointer.clone(), note, schema, &more, None);
                }
            }
        }
    }

    pub(super) fn patterned(&mut self, named: &Map<String, Value>) {
        for (name, child) in named {
            self.entry("patternProperties", name);
            for (change, changed) in pattern::changes(name).into_iter().filter(|(_, changed)| !named.contains_key(changed)) {
                let renamed: Map<String, Value> = named
                    .iter()
                    .map(|(other, schema)| (if other == name { changed.clone() } else { other.clone() }, schema.clone()))
                    .collect();
                debug_assert!(renamed.values().any(|other| other == child));
                let mut schema = self.schema.clone();
                schema.insert("patternProperties".to_owned(), json!(renamed));
                let at = format!("{}/patternProperties", self.at);
                let pointer = format!("{at}/{}", escape(name));
                let rest = format!("{}/additionalProperties", self.at);
                // The names that a pattern takes in or leaves out fall under another rule.
                let change = if change == Weakened || change == Strengthened { Rewired } else { change };
                self.push("patternProperties", change, pointer, format!("{name} → {changed}"), schema, &[at, rest], None);
            }
        }
    }

    /// An entry of a keyword that gives schemas names.
    pub(super) fn entry(&mut self, keyword: &'static str, name: &str) {
        let pointer = format!("{}/{keyword}/{}", self.at, escape(name));
        let mut schema = self.schema.clone();
        if let Some(Value::Object(named)) = schema.get_mut(keyword) {
            named.shift_remove(name);
        }
        let more = [format!("{}/additionalProperties", self.at), format!("{}/unevaluatedProperties", self.at)];
        let target = self.document.pointer(&pointer).and_then(|child| child.get("$ref")?.as_str()?.strip_prefix('#'));
        self.push(keyword, Dropped, pointer, name.to_owned(), schema, &more, target.map(str::to_owned));
    }

    /// What is left over: no more, or as anything.
    pub(super) fn rest(&mut self, keyword: &'static str, value: &Value) {
        if *value != json!(false) {
            self.set(keyword, Strengthened, json!(false));
        }
        if *value != json!(true) {
            self.drop(keyword);
        }
    }

    pub(super) fn branches(&mut self, keyword: &'static str, count: usize, others: &[&str]) {
        for index in (0..count).filter(|_| count > 1 || keyword == "allOf") {
            let mut schema = self.schema.clone();
            let mut target = None;
            if let Some(Value::Array(branches)) = schema.get_mut(keyword) {
                let branch = branches.remove(index);
                target = branch.get("$ref").and_then(Value::as_str).and_then(|it| it.strip_prefix('#')).map(str::to_owned);
                if branches.is_empty() {
                    schema.shift_remove(keyword);
                }
            }
            let pointer = format!("{}/{keyword}/{index}", self.at);
            let more = [format!("{}/{keyword}", self.at)];
            self.push(keyword, Dropped, pointer, format!("branch {}", index + 1), schema, &more, target);
        }
        for other in others.iter().filter(|other| count > 1 && !self.schema.contains_key(**other)) {
            let mut schema = self.schema.clone();
            let branches = schema.shift_remove(keyword);
            schema.extend(branches.map(|branches| ((*other).to_owned(), branches)));
            let pointer = format!("{}/{keyword}", self.at);
            let asked = (0..count).flat_map(|index| in_place(self.document, &format!("{pointer}/{index}")));
            self.push(keyword, Rewired, pointer.clone(), (*other).to_owned(), schema, &[], asked);
        }
    }

    pub(super) fn condition(&mut self, condition: &Value) {
        let own = |keyword: &str| format!("{}/{keyword}", self.at);
        let original = self.schema;
        let has = |keyword: &str| original.contains_key(keyword);
        let sides = [own("if"), own("then"), own("else")];
        let mut changed = |keyword: &'static str, change, note: &str, edit: &dyn Fn(&mut Map<String, Value>)| {
            let mut schema = original.clone();
            edit(&mut schema);
            self.push(keyword, change, format!("{}/{keyword}", self.at), note.to_owned(), schema, &sides, None);
        };
        changed("if", Inverted, "not: the same", &|schema| drop(schema.insert("if".to_owned(), json!({ "not": condition }))));
        changed("if", Rewired, "always", &|schema| drop(schema.insert("if".to_owned(), json!(true))));
        changed("if", Dropped, "never asked", &|schema| drop(schema.shift_remove("if")));
        for (side, other) in [("then", "else"), ("else", "then")] {
            if has(side) {
                changed(side, Dropped, "nothing follows", &|schema| drop(schema.shift_remove(side)));
            }
            if has(side) && !has(other) {
                changed(side, Rewired, other, &|schema| {
                    if let Some(consequence) = schema.shift_remove(side) {
                        schema.insert(other.to_owned(), consequence);
                    }
                });
            }
        }
        if has("then") && has("else") {
            changed("then", Rewired, "then and else are swapped", &|schema| {
                let (then, otherwise) = (schema.shift_remove("then"), schema.shift_remove("else"));
                schema.extend(then.map(|it| ("else".to_owned(), it)));
                schema.extend(otherwise.map(|it| ("then".to_owned(), it)));
            });
        }
    }
}
