//! Schemas as types of Rust, each with what poem-openapi will derive of it.

use std::collections::{BTreeMap, BTreeSet};

use openapi_document::pointer::{from_reference, join, segments};
use openapi_stub::{
    docs,
    names::{self, Names, ident},
};
use proc_macro2::{Literal, TokenStream};
use quote::quote;
use serde_json::{Value, json};

use super::{StubError, not_carried};

/// The names that a file with handlers uses itself: a type of the document with one of them gets another.
const TAKEN: [&str; 25] = [
    "ApiResponse",
    "Any",
    "Arc",
    "Authorized",
    "BTreeMap",
    "Code",
    "DateTime",
    "Deserialize",
    "Enum",
    "InHeader",
    "InPath",
    "InQuery",
    "Json",
    "MergePatch",
    "NaiveDate",
    "Object",
    "OpenApi",
    "Problem",
    "Scope",
    "Serialize",
    "Tag",
    "Tags",
    "UserStore",
    "Utc",
    "Value",
];

/// How wide a comment may be.
const WIDTH: usize = 118;

const BY_HAND: &str = "write the types and the handler of this operation by hand; CONTRIBUTING.md shows how";

/// A type where it is used.
pub struct Typed {
    /// The type, without `Option`.
    pub kind: TokenStream,
    /// Whether `null` is allowed.
    pub nullable: bool,
    /// The validators that the attribute of poem-openapi can say, each with its keyword.
    pub rules: Vec<(String, TokenStream)>,
    /// What poem-openapi derives.
    pub derived: Value,
}

impl Typed {
    fn plain(kind: TokenStream, name: &str) -> Self {
        Self { kind, nullable: false, rules: Vec::new(), derived: json!({ "type": name }) }
    }

    /// The type with `Option` where the value may be absent or null.
    pub fn optional(&self, may_be_absent: bool) -> TokenStream {
        let kind = &self.kind;
        if may_be_absent || self.nullable { quote!(Option<#kind>) } else { kind.clone() }
    }

    /// The attribute with the name, where it is another one, and the validators.
    pub fn attribute(&self, name: Option<TokenStream>) -> Option<TokenStream> {
        let rules: Vec<_> = self.rules.iter().map(|(_, rule)| rule).collect();
        let validator = (!rules.is_empty()).then(|| quote!(validator(#(#rules),*)));
        let parts: Vec<_> = name.into_iter().chain(validator).collect();
        (!parts.is_empty()).then(|| quote!(#[oai(#(#parts),*)]))
    }

    fn rule(&mut self, schema: &Value, keyword: &str, rule: impl FnOnce(&Value) -> Option<TokenStream>) {
        if let Some(value) = schema.get(keyword)
            && let Some(rule) = rule(value)
        {
            self.rules.push((keyword.to_owned(), rule));
            self.derived[keyword] = value.clone();
        }
    }

    /// What poem-openapi derives where there is no attribute to say a rule in: of the items of a list, or of a body.
    pub fn without_rules(&self) -> Value {
        let mut derived = self.derived.clone();
        for (keyword, _) in &self.rules {
            derived.as_object_mut().into_iter().for_each(|derived| drop(derived.shift_remove(keyword)));
        }
        derived
    }
}

/// The types of one file.
pub struct Types<'a> {
    document: &'a Value,
    /// For each schema the path of its type; of one segment where it is in this file.
    known: BTreeMap<String, Vec<String>>,
    /// What the file imports.
    pub uses: BTreeSet<Vec<String>>,
    /// The schemas whose types the file uses and has itself.
    pub asked_for: Vec<String>,
}

impl<'a> Types<'a> {
    /// With the types that there are already, and those of these schemas, which the file will have.
    pub fn new(document: &'a Value, existing: &BTreeMap<String, Vec<String>>, own: &[String]) -> Self {
        let mut known = existing.clone();
        let mut taken = Names::taken(&TAKEN);
        for name in own {
            let mut kind = names::of_type(name);
            if !taken.is_free(&kind) {
                kind.push_str("Model");
            }
            known.insert(name.clone(), vec![taken.unique(kind, "")]);
        }
        Self { document, known, uses: BTreeSet::new(), asked_for: Vec::new() }
    }

    /// Imports this path.
    pub fn import(&mut self, path: &str) {
        self.uses.insert(path.split("::").map(str::to_owned).collect());
    }

    /// The name of a schema's type in this file.
    pub fn name_of(&self, schema: &str) -> Option<&str> {
        self.known.get(schema)?.last().map(String::as_str)
    }

    /// The document's value at a pointer, or what that refers to, and where it stands.
    pub fn resolved(&self, pointer: &str) -> Option<(&'a Value, String)> {
        let value = self.document.pointer(pointer)?;
        match value.get("$ref").and_then(Value::as_str) {
            Some(reference) => {
                let target = from_reference(reference)?;
                self.document.pointer(&target).map(|value| (value, target))
            }
            None => Some((value, pointer.to_owned())),
        }
    }

    /// The type of what the schema at `pointer` describes.
    pub fn at(&mut self, pointer: &str) -> Result<Typed, StubError> {
        let schema = self.document.pointer(pointer).unwrap_or(&Value::Null);
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let name = reference.strip_prefix("#/components/schemas/").unwrap_or_default();
            let Some(path) = self.known.get(name).cloned() else {
                return Err(not_carried(pointer, format!("there is no type for {reference}"), BY_HAND));
            };
            if path.len() > 1 {
                self.uses.insert(path.clone());
            } else if !self.asked_for.iter().any(|other| other == name) {
                self.asked_for.push(name.to_owned());
            }
            let kind = ident(path.last().map_or("", String::as_str));
            return Ok(Typed { derived: json!({ "$ref": reference }), ..Typed::plain(quote!(#kind), "") });
        }
        let kinds: Vec<&str> = match schema.get("type") {
            Some(Value::String(kind)) => vec![kind],
            Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let nullable = kinds.contains(&"null");
        let kinds: Vec<&str> = kinds.into_iter().filter(|kind| *kind != "null").collect();
        let typed = match kinds.as_slice() {
            ["string"] => self.text(schema),
            ["integer"] => integer(schema),
            ["number"] => with_bounds(Typed::plain(quote!(f64), "number"), schema),
            ["boolean"] => Typed::plain(quote!(bool), "boolean"),
            ["array"] if schema.get("items").is_some_and(Value::is_object) && schema.get("prefixItems").is_none() => {
                let items = self.at(&format!("{pointer}/items"))?;
                let kind = items.optional(false);
                let mut typed = Typed::plain(quote!(Vec<#kind>), "array");
                typed.derived["items"] = items.without_rules();
                typed.rule(schema, "minItems", |count| whole_number(count, "min_items"));
                typed.rule(schema, "maxItems", |count| whole_number(count, "max_items"));
                typed
            }
            ["object"] if schema.get("properties").is_some() => {
                let hint = "give it a name under components/schemas, and refer to it here";
                return Err(not_carried(pointer, "an object without a name has no type", hint));
            }
            ["object"] if schema.get("additionalProperties").is_some_and(Value::is_object) => {
                let values = self.at(&format!("{pointer}/additionalProperties"))?;
                self.import("std::collections::BTreeMap");
                let kind = values.optional(false);
                let mut typed = Typed::plain(quote!(BTreeMap<String, #kind>), "object");
                typed.derived["additionalProperties"] = values.without_rules();
                typed
            }
            _ => {
                self.import("poem_openapi::types::Any");
                self.import("serde_json::Value");
                Typed { derived: json!({}), ..Typed::plain(quote!(Any<Value>), "") }
            }
        };
        Ok(Typed { nullable, ..typed })
    }

    fn text(&mut self, schema: &Value) -> Typed {
        let format = schema.get("format").and_then(Value::as_str);
        match format {
            Some("date") => {
                self.import("chrono::NaiveDate");
                Typed { derived: json!({ "type": "string", "format": "date" }), ..Typed::plain(quote!(NaiveDate), "") }
            }
            Some("date-time") => {
                self.import("chrono::DateTime");
                self.import("chrono::Utc");
                Typed { derived: json!({ "type": "string", "format": "date-time" }), ..Typed::plain(quote!(DateTime<Utc>), "") }
            }
            _ => {
                let mut typed = Typed::plain(quote!(String), "string");
                typed.rule(schema, "minLength", |length| whole_number(length, "min_length"));
                typed.rule(schema, "maxLength", |length| whole_number(length, "max_length"));
                // The macro refuses what the crate regex does not know; a refinement does not.
                let known = |pattern: &&str| regex::Regex::new(pattern).is_ok();
                typed.rule(schema, "pattern", |pattern| pattern.as_str().filter(known).map(|pattern| quote!(pattern = #pattern)));
                typed
            }
        }
    }

    /// The type of a schema of its own, and what poem-openapi derives of it.
    pub fn item(&mut self, schema: &str) -> Result<(TokenStream, Value), StubError> {
        let pointer = join("/components/schemas", schema);
        let json = self.document.pointer(&pointer).unwrap_or(&Value::Null);
        let name = self.name_of(schema).unwrap_or_default().to_owned();
        let rename = (name != schema).then(|| quote!(rename = #schema));
        match json.get("type").and_then(Value::as_str) {
            Some("object") if json.get("properties").is_some_and(Value::is_object) => {
                self.object(schema, &name, rename, &pointer)
            }
            Some("string") if json.get("enum").is_some_and(Value::is_array) => self.enumeration(json, &name, rename, &pointer),
            _ => {
                let why = "poem-openapi has no type with a name for this: it has objects with properties, and texts of an `enum`";
                Err(not_carried(&pointer, why, "write it in the place of each `$ref` to it, or write the operation by hand"))
            }
        }
    }

    fn object(
        &mut self,
        schema: &str,
        name: &str,
        rename: Option<TokenStream>,
        pointer: &str,
    ) -> Result<(TokenStream, Value), StubError> {
        let json = self.document.pointer(pointer).unwrap_or(&Value::Null);
        if json.get("additionalProperties").is_some_and(|more| more.as_object().is_some_and(|more| !more.is_empty())) {
            let why = "an object has properties with names of their own, or others, but not both";
            return Err(not_carried(&join(pointer, "additionalProperties"), why, BY_HAND));
        }
        let properties = json["properties"].as_object().cloned().unwrap_or_default();
        let required: BTreeSet<&str> = json["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let mut fields = Names::default();
        let named: Vec<(String, String)> =
            properties.keys().map(|property| (property.clone(), fields.unique(names::of_value(property), "_"))).collect();
        // Of `self_` the macros make different names.
        let all_camel = named.iter().all(|(property, field)| is_camel(property) && !field.ends_with('_'));
        let renames_all = all_camel && named.iter().any(|(property, field)| property != field);
        let (mut tokens, mut derived) = (Vec::new(), json!({ "type": "object", "required": [], "properties": {} }));
        let mut all_described = json.get("description").is_some();
        for (property, field) in &named {
            let at = join(&join(pointer, "properties"), property);
            let mut typed = self.at(&at)?;
            if self.leads_to(&at, schema, &mut BTreeSet::new()) {
                let kind = typed.kind;
                typed.kind = quote!(Box<#kind>);
            }
            let is_required = required.contains(&**property);
            let lines = description(&properties[property]);
            all_described &= !lines.is_empty();
            let rename = (!renames_all && property != field).then(|| quote!(rename = #property));
            let oai = typed.attribute(rename.clone());
            let skip = (!is_required).then(|| quote!(skip_serializing_if = "Option::is_none"));
            let serde: Vec<_> = rename.into_iter().chain(skip).collect();
            let serde = (!serde.is_empty()).then(|| quote!(#[serde(#(#serde),*)]));
            let (docs, field, kind) = (docs::attributes(&lines), ident(field), typed.optional(!is_required));
            tokens.push(quote!(#docs #oai #serde pub #field: #kind));
            if is_required && !typed.nullable {
                derived["required"].as_array_mut().into_iter().for_each(|names| names.push(json!(property)));
            }
            derived["properties"][property] = described(typed.derived, &lines);
        }
        // poem-openapi leaves out what is empty.
        if let Some(derived) = derived.as_object_mut() {
            derived.retain(|_, value| *value != json!([]) && *value != json!({}));
        }
        self.import("poem_openapi::Object");
        self.serde();
        let lines = description(json);
        let camel = renames_all.then(|| quote!(rename_all = "camelCase"));
        let closed = (json.get("additionalProperties") == Some(&Value::Bool(false))).then(|| quote!(deny_unknown_fields));
        let oai = attribute(&quote!(oai), rename.into_iter().chain(camel.clone()));
        let serde = attribute(&quote!(serde), camel.into_iter().chain(closed));
        let (docs, name, quiet) = (docs::attributes(&lines), ident(name), undescribed(all_described));
        let item = quote! {
            #docs
            #[derive(Object, Serialize, Deserialize, Debug, Clone, PartialEq)]
            #oai #serde #quiet
            pub struct #name { #(#tokens,)* }
        };
        Ok((item, described(derived, &lines)))
    }

    fn enumeration(
        &mut self,
        json: &Value,
        name: &str,
        rename: Option<TokenStream>,
        pointer: &str,
    ) -> Result<(TokenStream, Value), StubError> {
        let values = json["enum"].as_array().into_iter().flatten().map(Value::as_str).collect::<Option<Vec<_>>>();
        let Some(values) = values else {
            let hint = "write the `enum` in the place of each `$ref` to it";
            return Err(not_carried(&join(pointer, "enum"), "not all of it is text", hint));
        };
        let mut taken = Names::default();
        let variants: Vec<String> = values.iter().map(|value| taken.unique(names::of_variant(value), "")).collect();
        let is_lower = variants.iter().zip(&values).all(|(variant, value)| variant.to_lowercase() == *value);
        let rule = is_lower.then(|| quote!(rename_all = "lowercase"));
        let tokens = variants.iter().zip(&values).map(|(variant, value)| {
            let rename = (!is_lower && variant != value).then(|| quote!(#[oai(rename = #value)] #[serde(rename = #value)]));
            let (docs, variant) = (docs::attributes(&[format!("`{}`", docs::line(value).replace('`', ""))]), ident(variant));
            quote!(#docs #rename #variant)
        });
        self.import("poem_openapi::Enum");
        self.serde();
        let lines = description(json);
        let oai = attribute(&quote!(oai), rename.into_iter().chain(rule.clone()));
        let serde = attribute(&quote!(serde), rule.into_iter());
        let (docs, name, quiet) = (docs::attributes(&lines), ident(name), undescribed(!lines.is_empty()));
        let item = quote! {
            #docs
            #[derive(Enum, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq)]
            #oai #serde #quiet
            pub enum #name { #(#tokens,)* }
        };
        Ok((item, described(json!({ "type": "string", "enum": values }), &lines)))
    }

    fn serde(&mut self) {
        self.import("serde::Deserialize");
        self.import("serde::Serialize");
    }

    /// Whether a value here may have one of the schema inside of it, and no list or map between them: such a type would have no end.
    fn leads_to(&self, pointer: &str, schema: &str, seen: &mut BTreeSet<String>) -> bool {
        let Some(reference) = self.document.pointer(pointer).and_then(|node| node["$ref"].as_str()) else { return false };
        let Some(target) = from_reference(reference) else { return false };
        if segments(&target).last().is_some_and(|name| name == schema) {
            return true;
        }
        let properties = self.document.pointer(&format!("{target}/properties")).and_then(Value::as_object);
        seen.insert(target.clone())
            && properties
                .into_iter()
                .flatten()
                .any(|(name, _)| self.leads_to(&join(&format!("{target}/properties"), name), schema, seen))
    }
}

/// A rule that is a whole number.
fn whole_number(value: &Value, name: &str) -> Option<TokenStream> {
    let (name, number) = (ident(name), Literal::u64_unsuffixed(value.as_u64()?));
    Some(quote!(#name = #number))
}

/// `u32` where the bounds say so: what a person would write.
fn integer(schema: &Value) -> Typed {
    let bound = |keyword: &str| schema.get(keyword).and_then(Value::as_u64);
    let is_small = bound("minimum").is_some() && bound("maximum").is_some_and(|most| u32::try_from(most).is_ok());
    with_bounds(Typed::plain(if is_small { quote!(u32) } else { quote!(i64) }, "integer"), schema)
}

fn with_bounds(mut typed: Typed, schema: &Value) -> Typed {
    for keyword in ["minimum", "maximum"] {
        // poem-openapi keeps a bound as a float.
        let is_exact = |bound: &f64| bound.abs() < 2f64.powi(53);
        typed.rule(schema, keyword, |bound| {
            let (name, text) = (ident(keyword), bound.as_f64().filter(is_exact)?.to_string());
            Some(quote!(#name(value = #text)))
        });
    }
    typed
}

/// The description as the lines of a comment.
pub fn description(node: &Value) -> Vec<String> {
    comment(node.get("description").and_then(Value::as_str).unwrap_or_default())
}

/// A text as the lines of a comment, none of them wider than need be.
pub fn comment(text: &str) -> Vec<String> {
    let (mut lines, mut in_fence) = (Vec::new(), false);
    for line in docs::lines(text) {
        in_fence ^= line.starts_with("```");
        if in_fence || line.len() <= WIDTH {
            lines.push(line);
            continue;
        }
        let mut current = String::new();
        for word in line.split(' ') {
            // At the beginning of a line these would be a list, a heading or a quotation.
            let is_mark = word.starts_with(['-', '*', '+', '#', '>', '=', '|']) || word.ends_with(['.', ')']) && word.len() < 4;
            if !current.is_empty() && current.len() + word.len() >= WIDTH && !is_mark {
                lines.push(std::mem::take(&mut current));
            }
            if !current.is_empty() {
                current.push(' ');
            }
            current.push_str(word);
        }
        lines.push(current);
    }
    lines
}

/// The derived node with the description that these lines will be.
pub fn described(mut derived: Value, lines: &[String]) -> Value {
    if !lines.is_empty() {
        derived["description"] = json!(read_back(lines));
    }
    derived
}

/// A comment as poem-openapi reads it.
pub fn read_back(lines: &[String]) -> String {
    lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join("\n")
}

fn attribute(name: &TokenStream, parts: impl Iterator<Item = TokenStream>) -> Option<TokenStream> {
    let parts: Vec<_> = parts.collect();
    (!parts.is_empty()).then(|| quote!(#[#name(#(#parts),*)]))
}

/// Where the document does not describe a property, there is no comment to make of it.
fn undescribed(all_described: bool) -> Option<TokenStream> {
    (!all_described).then(|| quote!(#[allow(missing_docs, reason = "the document describes no more")]))
}

/// Whether both poem-openapi and serde make this of a field in snake case.
fn is_camel(property: &str) -> bool {
    let starts_low = property.starts_with(|first: char| first.is_ascii_lowercase());
    let letters = property.as_bytes();
    starts_low
        && letters.iter().all(u8::is_ascii_alphabetic)
        && letters.windows(2).all(|pair| !(pair[0].is_ascii_uppercase() && pair[1].is_ascii_uppercase()))
        && !letters.last().is_some_and(u8::is_ascii_uppercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_comment_is_folded_and_read_back_whole() {
        let text = format!("{} - and {} 1. more", "word ".repeat(23).trim_end(), "x".repeat(100));
        let lines = comment(&text);
        assert!(lines.len() > 1 && lines.iter().all(|line| !line.starts_with(['-', '1'])), "{lines:?}");
        assert_eq!(read_back(&lines).replace('\n', " "), text);
    }

    #[test]
    fn camel_case_is_what_both_macros_agree_on() {
        for (property, is) in
            [("firstName", true), ("a", true), ("line1", false), ("userID", false), ("first_name", false), ("X", false)]
        {
            assert_eq!(is_camel(property), is, "{property}");
        }
    }
}
