//! The changes of a schema, keyword by keyword.

mod applicator;
mod value;

use crate::{
    pointer::escape,
    schema::{children, in_place},
};
use serde_json::{Map, Number, Value, json};

use self::value::{beside, moved, remove_item, show, swap_first};
use super::{
    Mutant,
    Mutation::{self, Dropped, Inverted, Rewired, Strengthened, Weakened},
    Names, pattern,
    places::{Places, Side, Site, resolve},
};

/// Keywords whose value is an assertion by itself, so that `not` around it says the opposite.
const ASSERTIONS: [&str; 18] = [
    "enum",
    "const",
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "anyOf",
    "oneOf",
];

/// Every mutant of every schema in the document.
pub fn mutants(document: &Value, places: &Places) -> Vec<Mutant> {
    let mut all = Vec::new();
    for (at, site) in &places.sites {
        let parent = at.rsplit_once('/').map_or("", |(parent, _)| parent);
        match document.pointer(at) {
            Some(Value::Object(schema)) => {
                let asks = places.sides(site).iter().any(|side| matches!(side, Side::Body | Side::Parameter));
                let text = places.is_text(site);
                let silent = places.silent_operations_of(site);
                let patches = places.patches_of(site).cloned().collect();
                let within = places.within_result(at);
                let mut bench = Bench { document, schema, at, site, silent, patches, within, asks, text, all: &mut all };
                bench.keywords();
            }
            // Among properties and items a schema that is only `true` or `false` is a rule of its own.
            Some(Value::Bool(open)) if parent.ends_with("/properties") || parent.ends_with("/prefixItems") => {
                let (change, keyword) = if *open { (Strengthened, "true") } else { (Dropped, "false") };
                let below = [at.clone()].into_iter().chain(site.leads.iter().cloned()).collect();
                let names = Names { below, at: site.gates.iter().cloned().collect() };
                let note = format!("{open} → {}", !open);
                all.push(Mutant {
                    keyword,
                    change,
                    pointer: at.clone(),
                    note,
                    response: None,
                    edit: (at.clone(), json!(!open)),
                    names,
                });
            }
            _ => {}
        }
    }
    all
}

/// One schema and the mutants that were made of it.
struct Bench<'a> {
    document: &'a Value,
    schema: &'a Map<String, Value>,
    at: &'a str,
    site: &'a Site,
    /// The operations that it is part of whose refusals do not say what is wrong.
    silent: Vec<String>,
    /// What is asked of patches whose result must conform to it.
    patches: Vec<String>,
    /// For the schema of a result as a whole all that is in it.
    within: Vec<String>,
    /// Whether requests must conform to it.
    asks: bool,
    /// Whether it is of a parameter or header: text is always a string, never null, and one value is a list of one.
    text: bool,
    all: &'a mut Vec<Mutant>,
}

impl Bench<'_> {
    fn keywords(&mut self) {
        for (keyword, value) in self.schema {
            self.keyword(keyword, value);
            if let Some(known) =
                ASSERTIONS.into_iter().find(|known| known == keyword).filter(|_| !self.schema.contains_key("not"))
            {
                self.changed(known, Inverted, "not: the same", |schema| {
                    if let Some(value) = schema.shift_remove(known) {
                        schema.insert("not".to_owned(), json!({ known: value }));
                    }
                });
            }
        }
        self.absent();
    }

    fn keyword(&mut self, keyword: &str, value: &Value) {
        match (keyword, value) {
            ("type", value) => self.types(value),
            ("enum", Value::Array(members)) => self.members(members),
            ("const", value) => {
                self.set("const", Rewired, beside(value));
                self.drop("const");
            }
            ("minLength", value) => self.count("minLength", value, Weakened),
            ("minItems", value) => self.count("minItems", value, Weakened),
            ("minProperties", value) => self.count("minProperties", value, Weakened),
            ("minContains", value) => self.count("minContains", value, Weakened),
            ("maxLength", value) => self.count("maxLength", value, Strengthened),
            ("maxItems", value) => self.count("maxItems", value, Strengthened),
            ("maxProperties", value) => self.count("maxProperties", value, Strengthened),
            ("maxContains", value) => self.count("maxContains", value, Strengthened),
            ("minimum", Value::Number(bound)) => self.bound("minimum", bound, Weakened, "exclusiveMinimum"),
            ("exclusiveMinimum", Value::Number(bound)) => self.bound("exclusiveMinimum", bound, Weakened, "minimum"),
            ("maximum", Value::Number(bound)) => self.bound("maximum", bound, Strengthened, "exclusiveMaximum"),
            ("exclusiveMaximum", Value::Number(bound)) => self.bound("exclusiveMaximum", bound, Strengthened, "maximum"),
            ("multipleOf", Value::Number(step)) => self.step(step),
            ("pattern", Value::String(text)) => {
                for (change, changed) in pattern::changes(text) {
                    self.set("pattern", change, json!(changed));
                }
                self.drop("pattern");
            }
            ("format", Value::String(format)) => {
                // Not one that takes in the other, and one that some text which breaks the first one has.
                let other = match format.as_str() {
                    "date" => "date-time",
                    "json-pointer" => "uri-reference",
                    "uri-reference" | "iri-reference" => "regex",
                    _ => "date",
                };
                self.set("format", Rewired, json!(other));
                self.drop("format");
            }
            ("required", Value::Array(names)) => {
                for name in names.iter().filter_map(Value::as_str) {
                    self.item("required", name, Dropped, |list| list.retain(|other| other != name));
                    self.forbidden(name);
                }
            }
            ("dependentRequired", Value::Object(entries)) => self.dependencies(entries),
            ("properties", Value::Object(named)) => {
                for name in named.keys() {
                    self.entry("properties", name);
                }
            }
            ("patternProperties", Value::Object(named)) => self.patterned(named),
            ("dependentSchemas", Value::Object(named)) => {
                for name in named.keys() {
                    self.entry("dependentSchemas", name);
                }
            }
            ("additionalProperties", value) => self.rest("additionalProperties", value),
            ("unevaluatedProperties", value) => self.rest("unevaluatedProperties", value),
            ("unevaluatedItems", value) => self.rest("unevaluatedItems", value),
            ("items", value) => self.rest("items", value),
            ("propertyNames", _) => self.drop("propertyNames"),
            ("contains", _) => self.drop("contains"),
            ("uniqueItems", Value::Bool(true)) => self.drop("uniqueItems"),
            ("prefixItems", Value::Array(items)) if items.len() > 1 => {
                self.changed("prefixItems", Rewired, "the first two are swapped", |schema| swap_first(schema, "prefixItems"));
            }
            ("allOf", Value::Array(branches)) => self.branches("allOf", branches.len(), &[]),
            ("anyOf", Value::Array(branches)) => self.branches("anyOf", branches.len(), &["oneOf", "allOf"]),
            ("oneOf", Value::Array(branches)) => self.branches("oneOf", branches.len(), &["anyOf", "allOf"]),
            ("not", _) => self.drop("not"),
            ("if", condition) => self.condition(condition),
            ("$ref", value) => {
                let mut schema = self.schema.clone();
                schema.shift_remove("$ref");
                let target = value.as_str().and_then(|reference| reference.strip_prefix('#')).map(str::to_owned);
                let targets = target.into_iter().chain(self.within.iter().cloned()).collect::<Vec<_>>();
                self.push("$ref", Dropped, format!("{}/$ref", self.at), show(value), schema, &[], targets);
            }
            ("discriminator", _) => self.drop("discriminator"),
            ("x-unique", Value::Bool(true)) => self.drop("x-unique"),
            ("readOnly", Value::Bool(true)) => self.marked("readOnly"),
            ("writeOnly", Value::Bool(true)) => self.marked("writeOnly"),
            _ => {}
        }
    }

    /// Rules that the schema does not have.
    fn absent(&mut self) {
        let has = |keyword: &str| self.schema.contains_key(keyword);
        let array = self.schema.get("type") == Some(&json!("array"));
        if has("properties") && !has("additionalProperties") && !has("unevaluatedProperties") && !has("patternProperties") {
            let mut schema = self.schema.clone();
            schema.insert("additionalProperties".to_owned(), json!(false));
            let pointer = format!("{}/additionalProperties", self.at);
            let more: Vec<String> = self.site.here.iter().flat_map(|at| properties(self.document, at)).collect();
            self.push("additionalProperties", Strengthened, pointer, "absent → false".to_owned(), schema, &more, None);
        }
        if array && !has("uniqueItems") {
            let mut schema = self.schema.clone();
            schema.insert("uniqueItems".to_owned(), json!(true));
            // Whoever counts the items counts equal ones.
            let more = ["minItems", "maxItems"].map(|keyword| format!("{}/{keyword}", self.at));
            let pointer = format!("{}/uniqueItems", self.at);
            self.push("uniqueItems", Strengthened, pointer, "absent → true".to_owned(), schema, &more, None);
        }
        let required: Vec<&Value> = self.schema.get("required").and_then(Value::as_array).into_iter().flatten().collect();
        let optional = self.schema.get("properties").and_then(Value::as_object).into_iter().flatten();
        let optional = optional.filter(|(name, schema)| !required.contains(&&json!(name)) && **schema != json!(false));
        let optional: Vec<String> = optional.map(|(name, _)| name.clone()).collect();
        for name in optional {
            self.item("required", &name, Strengthened, |list| list.push(json!(name)));
        }
    }

    fn types(&mut self, value: &Value) {
        let one = |other: &str| json!([value, other]);
        match value {
            Value::String(name) if self.text && name == "array" => return,
            Value::String(name) if self.text && name == "string" => {
                if self.asks {
                    self.set("type", Rewired, json!("integer"));
                }
                return;
            }
            Value::String(name) => {
                let (text, other) = (name == "string", if name == "integer" || name == "boolean" { "string" } else { "integer" });
                if name == "integer" {
                    self.set("type", Weakened, json!("number"));
                }
                if name == "number" {
                    self.set("type", Strengthened, json!("integer"));
                }
                if !self.text && name != "null" {
                    self.set("type", Weakened, one("null"));
                }
                self.set("type", Weakened, one(if text { "boolean" } else { "string" }));
                self.set("type", Rewired, json!(other));
            }
            Value::Array(names) if names.len() > 1 => {
                for name in names {
                    let left: Vec<&Value> = names.iter().filter(|other| *other != name).collect();
                    self.set("type", Strengthened, json!(left));
                }
            }
            _ => {}
        }
        self.drop("type");
    }

    fn members(&mut self, members: &[Value]) {
        for member in members.iter().filter(|_| members.len() > 1) {
            let left: Vec<&Value> = members.iter().filter(|other| *other != member).collect();
            self.changed("enum", Strengthened, &format!("without {}", show(member)), |schema| {
                drop(schema.insert("enum".to_owned(), json!(left)))
            });
        }
        // One next to a member: no test can guess any other.
        if let Some(more) = members.iter().map(beside).find(|more| !members.contains(more)) {
            let all: Vec<&Value> = members.iter().chain([&more]).collect();
            self.changed("enum", Weakened, &format!("with {}", show(&more)), |schema| {
                drop(schema.insert("enum".to_owned(), json!(all)))
            });
        }
        self.drop("enum");
    }

    /// A number of characters, items or properties; `less` is what a smaller number does to the rule.
    fn count(&mut self, keyword: &'static str, value: &Value, less: Mutation) {
        let Some(count) = value.as_u64().filter(|count| *count > 1 || !self.text || keyword != "minItems") else { return };
        let more = if less == Weakened { Strengthened } else { Weakened };
        // A least number of zero is none at all, but for `minContains`, without which there is a one.
        if count > 0 && (less != Weakened || count > 1 || keyword == "minContains") {
            self.set(keyword, less, json!(count - 1));
        }
        self.set(keyword, more, json!(count + 1));
        self.drop(keyword);
    }

    fn bound(&mut self, keyword: &'static str, bound: &Number, less: Mutation, other: &'static str) {
        let more = if less == Weakened { Strengthened } else { Weakened };
        let step = self.schema.get("multipleOf").and_then(Value::as_number).cloned().unwrap_or_else(|| Number::from(1));
        for (direction, change) in [(-1, less), (1, more)] {
            if let Some(moved) = moved(bound, &step, direction) {
                self.set(keyword, change, Value::Number(moved));
            }
        }
        self.changed(keyword, Rewired, &format!("{other}: {bound}"), |schema| {
            if let Some(bound) = schema.shift_remove(keyword) {
                schema.insert(other.to_owned(), bound);
            }
        });
        self.drop(keyword);
    }

    fn step(&mut self, step: &Number) {
        if let Some(double) = moved(step, step, 1) {
            self.set("multipleOf", Strengthened, Value::Number(double));
        }
        let half = step.as_f64().map(|step| step / 2.0).filter(|half| half.is_finite());
        if let Some(half) = half {
            let whole = half.fract() == 0.0;
            self.set("multipleOf", Weakened, if whole { json!(half as i64) } else { json!(half) });
        }
        self.drop("multipleOf");
    }

    /// No value may have the property that every value must have.
    fn forbidden(&mut self, name: &str) {
        if self.schema.contains_key("not") {
            return;
        }
        self.listed("required", name, Inverted, &format!("{name} is forbidden"), |schema| {
            remove_item(schema, "required", name);
            schema.insert("not".to_owned(), json!({ "required": [name] }));
        });
    }

    /// A property that only one side sends.
    fn marked(&mut self, keyword: &'static str) {
        let Some((object, _)) = self.at.rsplit_once("/properties/") else { return };
        let mut schema = self.schema.clone();
        schema.shift_remove(keyword);
        let more = [format!("{object}/required")];
        self.push(keyword, Dropped, format!("{}/{keyword}", self.at), "both sides send it".to_owned(), schema, &more, None);
    }

    fn set(&mut self, keyword: &'static str, change: Mutation, value: Value) {
        let before = self.schema.get(keyword).map_or_else(|| "absent".to_owned(), show);
        let note = format!("{before} → {}", show(&value));
        self.changed(keyword, change, &note, |schema| drop(schema.insert(keyword.to_owned(), value)));
    }

    fn drop(&mut self, keyword: &'static str) {
        let before = self.schema.get(keyword).map_or_else(String::new, show);
        self.changed(keyword, Dropped, &before, |schema| drop(schema.shift_remove(keyword)));
    }

    fn changed(&mut self, keyword: &'static str, change: Mutation, note: &str, edit: impl FnOnce(&mut Map<String, Value>)) {
        let mut schema = self.schema.clone();
        edit(&mut schema);
        self.push(keyword, change, format!("{}/{keyword}", self.at), note.to_owned(), schema, &[], None);
    }

    /// An item of a list of names.
    fn item(&mut self, keyword: &'static str, name: &str, change: Mutation, edit: impl FnOnce(&mut Vec<Value>)) {
        self.listed(keyword, name, change, name, |schema| {
            if let Some(list) = schema.entry(keyword).or_insert(json!([])).as_array_mut() {
                edit(list);
            }
        });
    }

    fn listed(
        &mut self,
        keyword: &'static str,
        name: &str,
        change: Mutation,
        note: &str,
        edit: impl FnOnce(&mut Map<String, Value>),
    ) {
        let mut schema = self.schema.clone();
        edit(&mut schema);
        let mut more = vec![self.property(name)];
        if change != Dropped {
            for at in self.site.here.iter().map(String::as_str).chain([self.at]) {
                self.asking(at, &mut more);
            }
        }
        self.push(keyword, change, format!("{}/{keyword}", self.at), note.to_owned(), schema, &more, None);
    }

    /// Where else properties of the same object are asked for.
    fn asking(&self, at: &str, found: &mut Vec<String>) {
        let Some(schema) = self.document.pointer(at) else { return };
        let beside = ["allOf", "anyOf", "oneOf", "then", "else", "dependentSchemas"];
        for (_, child) in children(schema, at).into_iter().filter(|(keyword, _)| beside.contains(keyword)) {
            let asked = self.document.pointer(&format!("{child}/required")).and_then(Value::as_array);
            if asked.is_some() {
                found.push(format!("{child}/required"));
            }
            self.asking(&child, found);
        }
    }

    /// What is asked of patches at the places that a refusal of their result names: at the same properties, or of the names of all.
    fn in_patches<'b>(&'b self, rules: impl Iterator<Item = &'b String>) -> Vec<String> {
        let names: Vec<&str> = rules.filter_map(|rule| last_of(rule)).collect();
        let is_named = |patch: &str| names.is_empty() || last_of(patch).is_some_and(|name| names.contains(&name));
        let named = self.patches.iter().filter(|patch| is_named(patch)).cloned();
        named.chain(self.patches.iter().map(|patch| format!("{patch}/additionalProperties"))).collect()
    }

    fn property(&self, name: &str) -> String {
        format!("{}/properties/{}", self.at, escape(name))
    }

    /// A mutant at `pointer`; failures may also point at what is in `more`, and below the schemas that the rule leads to.
    #[expect(clippy::too_many_arguments, reason = "each is another part of a mutant")]
    fn push(
        &mut self,
        keyword: &'static str,
        change: Mutation,
        pointer: String,
        note: String,
        schema: Map<String, Value>,
        more: &[String],
        targets: impl IntoIterator<Item = String>,
    ) {
        let mut below: Vec<String> = [pointer.clone()].into_iter().chain(targets).collect();
        let referred = self.document.pointer(&pointer).and_then(|rule| rule.get("$ref")?.as_str()?.strip_prefix('#'));
        below.extend(referred.map(str::to_owned));
        let mut at: Vec<String> = self.site.gates.iter().cloned().collect();
        below.extend(self.in_patches(more.iter().chain([&pointer])));
        if self.asks {
            at.extend(more.iter().cloned());
            if change != Weakened && change != Dropped {
                // A refusal for a keyword that the original does not have points to the schema, and one that lists no violations
                // only says which request was refused.
                at.push(self.at.to_owned());
                at.extend(self.site.here.iter().cloned());
                at.extend(self.silent.iter().cloned());
            }
            let own = |keyword: &str| format!("{}/{keyword}", self.at);
            match keyword {
                "items" => below.push(own("prefixItems")),
                "contains" | "minContains" | "maxContains" => at.extend(["contains", "minContains", "maxContains"].map(own)),
                "additionalProperties" => at.extend(self.site.here.iter().map(|schema| format!("{schema}/{keyword}"))),
                _ => {}
            }
            below.extend(self.site.leads.iter().cloned());
            let left_over = ["unevaluatedProperties", "unevaluatedItems"].into_iter().filter(|it| self.schema.contains_key(*it));
            below.extend(left_over.map(|it| format!("{}/{it}", self.at)));
            if ["if", "then", "else"].contains(&keyword) {
                below.extend(more.iter().cloned());
            }
        }
        let edit = (self.at.to_owned(), Value::Object(schema));
        self.all.push(Mutant { keyword, change, pointer, note, response: None, edit, names: Names { below, at } });
    }
}

/// The last property that a pointer names.
fn last_of(pointer: &str) -> Option<&str> {
    pointer.rsplit_once("/properties/")?.1.split('/').next()
}

/// The schemas of the properties that an object with this schema may have, by whatever part of the schema.
fn properties(document: &Value, at: &str) -> Vec<String> {
    let properties = |at: String| document.pointer(&at).map(|schema| children(schema, &at)).unwrap_or_default();
    let all = in_place(document, at).into_iter().flat_map(properties);
    all.filter(|(keyword, _)| *keyword == "properties").flat_map(|(_, child)| [resolve(document, &child), child]).collect()
}
