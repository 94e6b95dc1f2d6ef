//! The changes of an operation: its parameters, body, answers and security.

use crate::pointer::escape;
use serde_json::{Map, Value, json};

use super::{
    Mutant,
    Mutation::{self, Dropped, Rewired, Strengthened, Weakened},
    Names,
    places::{OperationPlace, Places, is_required, keys, resolve, rest},
};

/// Every mutant of every operation in the document.
pub fn mutants(document: &Value, places: &Places) -> Vec<Mutant> {
    let mut bench = Bench { document, places, response: None, all: Vec::new() };
    for operation in &places.operations {
        bench.operation(operation);
    }
    if document.get("security").is_some() {
        bench.security("/security", "/paths");
    }
    bench.all
}

struct Bench<'a> {
    document: &'a Value,
    places: &'a Places,
    /// The response that is being changed.
    response: Option<String>,
    all: Vec<Mutant>,
}

impl Bench<'_> {
    fn operation(&mut self, operation: &OperationPlace) {
        let at = operation.pointer();
        let names = || Names { at: vec![at.clone()], ..Names::default() };
        self.without("operation", &at, "the whole operation", names());
        for list in [format!("{}/parameters", operation.item), format!("{at}/parameters")] {
            self.parameters(&list);
        }
        if self.document.pointer(&format!("{at}/requestBody")).is_some() {
            self.body(&at);
        }
        self.responses(&at);
        let security = format!("{at}/security");
        match self.document.pointer(&security).and_then(Value::as_array) {
            Some(alternatives) if !alternatives.is_empty() => self.security(&security, &at),
            None if self.document.get("security").is_some() => {}
            _ => self.secured(&at),
        }
    }

    fn parameters(&mut self, list: &str) {
        let all = self.document.pointer(list).and_then(Value::as_array).cloned().unwrap_or_default();
        for index in 0..all.len() {
            let at = resolve(self.document, &format!("{list}/{index}"));
            let Some(parameter) = self.document.pointer(&at).and_then(Value::as_object).cloned() else { continue };
            let names = || Names { below: vec![at.clone()], at: Vec::new() };
            let place = parameter.get("in").and_then(Value::as_str).unwrap_or_default();
            let name = parameter.get("name").and_then(Value::as_str).unwrap_or_default();
            if place == "path" {
                continue; // Without its parameter a path is another path.
            }
            let mut fewer = all.clone();
            fewer.remove(index);
            self.push("parameters", Dropped, &at, name, (list.to_owned(), json!(fewer)), names());
            let operation = list.trim_end_matches("/parameters");
            self.required(&at, &parameter, Names { at: self.silent(operation), ..names() });
            let other = if place == "query" { "header" } else { "query" };
            let moved = with(&parameter, "in", json!(other));
            // The operation refuses for a parameter that the original has nowhere.
            let refusing = Names { at: self.operations(operation), ..names() };
            self.push("in", Rewired, &format!("{at}/in"), &format!("{place} → {other}"), (at.clone(), moved), refusing);
            if let Some(style @ ("pipeDelimited" | "spaceDelimited")) = parameter.get("style").and_then(Value::as_str) {
                let other = with(&parameter, "style", json!("form"));
                self.push("style", Rewired, &format!("{at}/style"), &format!("{style} → form"), (at.clone(), other), names());
                continue;
            }
            let several = parameter.get("schema").and_then(|schema| schema.get("maxItems")) != Some(&json!(1));
            let array = parameter.get("schema").and_then(|schema| schema.get("type")) == Some(&json!("array"));
            if place == "query" && array && several {
                let exploded = parameter.get("explode") != Some(&json!(false));
                let other = with(&parameter, "explode", json!(!exploded));
                self.push(
                    "explode",
                    Rewired,
                    &format!("{at}/explode"),
                    &format!("{exploded} → {}", !exploded),
                    (at.clone(), other),
                    names(),
                );
            }
        }
    }

    /// The flag `required` of a parameter, a header or a body.
    fn required(&mut self, at: &str, node: &Map<String, Value>, names: Names) {
        let pointer = format!("{at}/required");
        let required = is_required(self.document, at);
        let change = if required { Weakened } else { Strengthened };
        let other = with(node, "required", json!(!required));
        self.push("required", change, &pointer, &format!("{required} → {}", !required), (at.to_owned(), other), names);
    }

    fn body(&mut self, operation: &str) {
        let named = format!("{operation}/requestBody");
        let at = resolve(self.document, &named);
        let Some(body) = self.document.pointer(&at).and_then(Value::as_object).cloned() else { return };
        let names = || Names { below: vec![format!("{at}/required")], at: vec![at.clone()] };
        self.without("requestBody", &named, "the whole body", names());
        self.required(&at, &body, Names { at: vec![at.clone(), operation.to_owned()], ..names() });
        self.media_types(&at, names);
    }

    /// The media types of a body: each away where there are others, and each another one.
    fn media_types(&mut self, at: &str, names: impl Fn() -> Names) {
        let content = format!("{at}/content");
        let Some(all) = self.document.pointer(&content).and_then(Value::as_object).cloned() else { return };
        for name in all.keys() {
            let pointer = format!("{content}/{}", escape(name));
            if all.len() > 1 {
                let mut fewer = all.clone();
                fewer.shift_remove(name);
                self.push("content", Dropped, &pointer, name, (content.clone(), json!(fewer)), names());
            }
            let other = "application/vnd.mutant+json";
            let renamed: Map<String, Value> = all
                .iter()
                .map(|(key, value)| (if key == name { other.to_owned() } else { key.clone() }, value.clone()))
                .collect();
            self.push("content", Rewired, &pointer, &format!("{name} → {other}"), (content.clone(), json!(renamed)), names());
        }
    }

    fn responses(&mut self, operation: &str) {
        let all_at = format!("{operation}/responses");
        let Some(all) = self.document.pointer(&all_at).and_then(Value::as_object).cloned() else { return };
        for status in all.keys() {
            let named = format!("{all_at}/{}", escape(status));
            let at = resolve(self.document, &named);
            let mut names = Names { below: vec![named.clone()], at: vec![all_at.clone(), at.clone()] };
            // A status that is not documented by itself must conform to what is documented for the rest.
            if let Some(rest) = rest(self.document, &named) {
                for response in [&at, &resolve(self.document, &rest)] {
                    names.below.extend(self.held_to(response));
                }
            }
            let names = || names.clone();
            self.response = Some(named.clone());
            if all.len() > 1 {
                let mut fewer = all.clone();
                fewer.shift_remove(status);
                self.push("responses", Dropped, &named, status, (all_at.clone(), json!(fewer)), names());
            }
            let other = match status.as_str() {
                "400" => "422",
                "422" => "400",
                one if one.starts_with('2') => {
                    if one == "200" {
                        "203"
                    } else {
                        "200"
                    }
                }
                _ => "",
            };
            if !other.is_empty() && !all.contains_key(other) {
                let moved: Map<String, Value> = all
                    .iter()
                    .map(|(key, value)| (if key == status { other.to_owned() } else { key.clone() }, value.clone()))
                    .collect();
                self.push("responses", Rewired, &named, &format!("{status} → {other}"), (all_at.clone(), json!(moved)), names());
            }
            self.response = Some(at.clone());
            self.media_types(&at, names);
            self.headers(&at);
        }
        self.response = None;
    }

    /// A response and the schemas of its bodies.
    fn held_to(&self, response: &str) -> Vec<String> {
        let content = format!("{response}/content");
        let schemas =
            keys(self.document, &content).map(|name| resolve(self.document, &format!("{content}/{}/schema", escape(&name))));
        schemas.chain([response.to_owned()]).collect()
    }

    /// The operation at a pointer, or those of the path there.
    fn operations(&self, at: &str) -> Vec<String> {
        let below = keys(self.document, at).map(|method| format!("{at}/{method}"));
        below.chain([at.to_owned()]).filter(|at| self.document.pointer(&format!("{at}/responses")).is_some()).collect()
    }

    /// Those of them whose refusals do not say what is wrong.
    fn silent(&self, at: &str) -> Vec<String> {
        self.operations(at).into_iter().filter(|operation| self.places.is_silent(operation)).collect()
    }

    fn headers(&mut self, response: &str) {
        let all_at = format!("{response}/headers");
        let Some(all) = self.document.pointer(&all_at).and_then(Value::as_object).cloned() else { return };
        for name in all.keys() {
            let named = format!("{all_at}/{}", escape(name));
            let at = resolve(self.document, &named);
            let Some(header) = self.document.pointer(&at).and_then(Value::as_object).cloned() else { continue };
            let names = || Names { below: vec![named.clone()], at: vec![at.clone()] };
            let mut fewer = all.clone();
            fewer.shift_remove(name);
            self.push("headers", Dropped, &named, name, (all_at.clone(), json!(fewer)), names());
            self.required(&at, &header, names());
        }
    }

    /// Alternatives of security, each a list of schemes with scopes.
    fn security(&mut self, at: &str, operation: &str) {
        let all = self.document.pointer(at).and_then(Value::as_array).cloned().unwrap_or_default();
        let names = || Names { below: vec![at.to_owned()], at: vec![operation.to_owned()] };
        self.push("security", Dropped, at, "no token required", (at.to_owned(), json!([])), names());
        for (index, alternative) in all.iter().enumerate() {
            let pointer = format!("{at}/{index}");
            if all.len() > 1 {
                let mut fewer = all.clone();
                fewer.remove(index);
                self.push("security", Dropped, &pointer, &alternative.to_string(), (at.to_owned(), json!(fewer)), names());
            }
            for (scheme, scopes) in alternative.as_object().into_iter().flatten() {
                let pointer = format!("{pointer}/{}", escape(scheme));
                let scopes = scopes.as_array().cloned().unwrap_or_default();
                let mut more = scopes.clone();
                more.push(json!("mutants:rule"));
                self.push("scopes", Strengthened, &pointer, "with mutants:rule", (pointer.clone(), json!(more)), names());
                for scope in &scopes {
                    let fewer: Vec<&Value> = scopes.iter().filter(|other| *other != scope).collect();
                    self.push("scopes", Dropped, &pointer, &scope.to_string(), (pointer.clone(), json!(fewer)), names());
                    let other: Vec<Value> =
                        scopes.iter().map(|one| if one == scope { json!("mutants:rule") } else { one.clone() }).collect();
                    self.push(
                        "scopes",
                        Rewired,
                        &pointer,
                        &format!("{scope} → mutants:rule"),
                        (pointer.clone(), json!(other)),
                        names(),
                    );
                }
            }
        }
    }

    /// An operation that is no token required asks for a token.
    fn secured(&mut self, operation: &str) {
        let pointer = format!("{operation}/security");
        let Some(node) = self.document.pointer(operation).and_then(Value::as_object) else { return };
        let Some(scheme) = keys(self.document, "/components/securitySchemes").next() else { return };
        let secured = with(node, "security", json!([{ scheme: [] }]));
        let names = Names { below: vec![pointer.clone()], at: vec![operation.to_owned()] };
        self.push("security", Strengthened, &pointer, "a token is required", (operation.to_owned(), secured), names);
    }

    /// What stands at a pointer is taken away.
    fn without(&mut self, keyword: &'static str, at: &str, note: &str, names: Names) {
        let Some((parent, name)) = at.rsplit_once('/') else { return };
        let Some(node) = self.document.pointer(parent).and_then(Value::as_object) else { return };
        let mut fewer = node.clone();
        fewer.shift_remove(name);
        self.push(keyword, Dropped, at, note, (parent.to_owned(), json!(fewer)), names);
    }

    fn push(&mut self, keyword: &'static str, change: Mutation, pointer: &str, note: &str, edit: (String, Value), names: Names) {
        let (pointer, note, response) = (pointer.to_owned(), note.to_owned(), self.response.clone());
        self.all.push(Mutant { keyword, change, pointer, note, response, edit, names });
    }
}

fn with(node: &Map<String, Value>, keyword: &str, value: Value) -> Value {
    let mut changed = node.clone();
    changed.insert(keyword.to_owned(), value);
    json!(changed)
}
