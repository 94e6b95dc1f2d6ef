//! What nobody can see of a rule about merge patches (RFC 7396), since the result of the patch is held to a schema, too (`x-result`).

use std::collections::HashSet;

use openapi_document::pointer::to_reference;
use serde_json::{Value, json};

use super::{
    Mutant, Mutation,
    places::{Surface, resolve},
    proof::Proofs,
};
use crate::{pointer::escape, schema::children};

/// Where a schema is put that is asked about and not in the document.
const ASKED: &str = "/x-mutant";

impl Proofs<'_> {
    /// Whether each patch that the mutant allows and the original forbids is refused for its result.
    ///
    /// At the property that the rule is about the result has what the patch has, unless that is null, which removes the property, or an
    /// object, which is merged. A patch that is no object is the result.
    pub(super) fn is_refused_for_result(&self, mutant: &Mutant, patch: &Surface, mutated: &Value) -> bool {
        let result = format!("{}/x-result", patch.holder);
        let Some(names) = self.path(&patch.schema, &mutant.edit.0, &mut HashSet::new()) else { return false };
        let (Some(old), Some(new)) = (at(self.document, &patch.schema, &names), at(mutated, &patch.schema, &names)) else {
            return false;
        };
        let Some(held) = at(mutated, &result, &names) else { return false };
        // It allows more and nothing less.
        if !self.included((self.document, &old), (mutated, &new)) {
            return false;
        }
        let asked = |schema: Value| {
            let mut document = mutated.clone();
            document[&ASKED[1..]] = schema;
            document
        };
        let both = json!([{ "$ref": to_reference(&new) }, { "$ref": to_reference(&held) }]);
        let of_type = |schema: &str, kind: &str| asked(json!({ "$ref": to_reference(schema), "type": kind }));
        let merged = if names.is_empty() { json!("object") } else { json!(["null", "object"]) };
        let plain = asked(json!({ "allOf": both, "not": { "type": merged } }));
        let is_old = |schema: &Value| self.included((schema, ASKED), (self.document, &old));
        let is_removable = || {
            let Some((last, above)) = names.split_last() else { return false };
            let Some(object) = at(mutated, &result, above) else { return true };
            let required = mutated.pointer(&resolve(mutated, &object)).and_then(|object| object["required"].as_array());
            !required.is_some_and(|required| required.contains(&json!(last)))
        };
        is_old(&plain)
            && (is_old(&of_type(&new, "object"))
                || self.included((&of_type(&held, "object"), ASKED), (&asked(json!(false)), ASKED)))
            && (!is_removable() || is_old(&of_type(&new, "null")))
    }

    /// Whether no patch can break what the mutant asks of its result: there is no such resource, or the rule is about what a patch does not
    /// reach, and what the server shows of the resource keeps it.
    pub(super) fn is_out_of_reach(&self, mutant: &Mutant, result: &Surface, mutated: &Value) -> bool {
        let nothing = json!({ &ASKED[1..]: false });
        if self.included((mutated, &result.schema), (&nothing, ASKED)) {
            return true;
        }
        let patch = resolve(self.document, &format!("{}/schema", result.holder));
        let Some(patch) = self.document.pointer(&patch).filter(|patch| patch["additionalProperties"] == false) else {
            return false;
        };
        let root = resolve(self.document, &result.schema);
        let Some(schema) = self.document.pointer(&root) else { return false };
        let named = |name: &str| patch["properties"].get(name);
        if mutant.edit.0 == root && mutant.keyword == "required" && mutant.change == Mutation::Strengthened {
            // What is there stays there.
            let name = mutant.note.as_str();
            return named(name).is_none_or(|_| {
                let mut document = self.document.clone();
                document[&ASKED[1..]] = json!({ "type": "null" });
                let property =
                    format!("{}/properties/{}", resolve(self.document, &format!("{}/schema", result.holder)), escape(name));
                document["x-other"] = json!({ "not": { "$ref": to_reference(&property) } });
                self.included((&document, ASKED), (&document, "/x-other"))
            });
        }
        let last = |pointer: &str| pointer.rsplit('/').next().map(|name| name.replace("~1", "/").replace("~0", "~"));
        let is_beside = |pointer: &str| last(pointer).is_some_and(|name| named(&name).is_none());
        if mutant.edit.0 == root && mutant.keyword == "properties" && mutant.change == Mutation::Dropped {
            // A property that the server does not show, and no patch may add, no result has.
            return is_beside(&mutant.pointer);
        }
        children(schema, &root).into_iter().all(|(keyword, child)| {
            let is_kept = keyword == "properties" && is_beside(&child);
            is_kept || !leads(self.document, &child, &mutant.edit.0, &mut HashSet::new())
        }) && mutant.edit.0 != root
    }

    /// The names of the properties that lead from one schema to the property that another one is about.
    fn path(&self, from: &str, to: &str, seen: &mut HashSet<String>) -> Option<Vec<String>> {
        let from = resolve(self.document, from);
        if from == to {
            return Some(Vec::new());
        }
        if !seen.insert(from.clone()) {
            return None;
        }
        let schema = self.document.pointer(&from)?;
        let properties = schema["properties"].as_object()?;
        let mut ways = properties.keys().filter_map(|name| {
            let child = format!("{from}/properties/{}", escape(name));
            if child == to {
                return Some(vec![name.clone()]);
            }
            if let Some(rest) = self.path(&child, to, seen) {
                return Some([name.clone()].into_iter().chain(rest).collect());
            }
            leads(self.document, &child, to, &mut HashSet::new()).then(|| vec![name.clone()])
        });
        // By several ways it is about several properties.
        ways.next().filter(|_| ways.next().is_none())
    }
}

/// The schema of a property of a property …
fn at(document: &Value, schema: &str, names: &[String]) -> Option<String> {
    names.iter().try_fold(schema.to_owned(), |at, name| {
        let property = format!("{}/properties/{}", resolve(document, &at), escape(name));
        document.pointer(&property).map(|_| property)
    })
}

/// Whether one schema is part of another.
fn leads(document: &Value, from: &str, to: &str, seen: &mut HashSet<String>) -> bool {
    from == to
        || document.pointer(from).is_some_and(|schema| {
            seen.insert(from.to_owned()) && children(schema, from).iter().any(|(_, child)| leads(document, child, to, seen))
        })
}
