//! The document: read, and brought to OpenAPI 3.1.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{Arc, OnceLock},
};

use openapi_document::{
    Defect, DefectKind, Loader, one_way,
    pointer::{parent, replace, resolve, segments},
};
use serde_json::{Value, json};

use super::{
    form::Writing,
    inheritance,
    operation::{ADDITIONAL, path_names, without_pairs},
};
use crate::{
    pointer::escape,
    text::pattern::{Pattern, PatternError},
};

/// Why a document cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// It cannot be read.
    #[error(transparent)]
    Load(#[from] openapi_document::LoadError),
    /// A schema cannot be compiled.
    #[error("{pointer} is not a schema that can be compiled: {cause}")]
    Schema {
        /// Where in the document.
        pointer: String,
        /// What the validator says.
        cause: String,
    },
}

/// An OpenAPI document.
#[derive(Clone)]
pub struct Document {
    /// What it is called in reports: its file name.
    pub name: String,
    /// Its content, as OpenAPI 3.1, without the keywords of schemas that are [defects](Self::defects). What is derived from it is made
    /// once: change it only before the document is used.
    pub json: Value,
    source: Arc<openapi_document::Document>,
    /// The document as requests and as answers are held to it, each made when it is asked for.
    one_way: [OnceLock<Value>; 2],
}

impl Document {
    /// Reads a document from a file, with the files that it refers to.
    ///
    /// # Errors
    ///
    /// [`DocumentError`].
    pub fn read(path: &Path) -> Result<Self, DocumentError> {
        Self::of(&path.display().to_string(), loader().load(path)?)
    }

    /// Reads a document from text, YAML or JSON; references to other files are relative to its name.
    ///
    /// # Errors
    ///
    /// [`DocumentError`].
    pub fn parse(name: &str, text: impl Into<String>) -> Result<Self, DocumentError> {
        Self::of(name, loader().parse(name, text)?)
    }

    fn of(name: &str, source: openapi_document::Document) -> Result<Self, DocumentError> {
        let mut json = source.json().clone();
        source.defects().iter().for_each(|defect| repair(&mut json, defect));
        describe_bodies(&mut json);
        inheritance::untangle(&mut json);
        Ok(Self { name: name.to_owned(), json, source: Arc::new(source), one_way: Default::default() })
    }

    /// The document with another content.
    pub(crate) fn with(&self, json: Value) -> Self {
        Self { name: self.name.clone(), json, source: Arc::clone(&self.source), one_way: Default::default() }
    }

    /// The document in which what requests do not send is not required.
    pub(crate) fn in_requests(&self) -> &Value {
        self.one_way[0].get_or_init(|| one_way(&self.json, "readOnly"))
    }

    /// The document in which what answers do not send is not required.
    pub(crate) fn in_answers(&self) -> &Value {
        self.one_way[1].get_or_init(|| one_way(&self.json, "writeOnly"))
    }

    /// What is wrong in the document itself. The rest of it is tested all the same.
    pub fn defects(&self) -> impl Iterator<Item = &Defect> {
        // Parts of OpenAPI 3.2 are no fault of the document.
        self.source.defects().iter().filter(|defect| defect.kind != DefectKind::Newer)
    }

    /// The first of its references that lead to the network: nobody has seen what is there.
    pub fn remote(&self) -> Option<&Defect> {
        self.source.defects().iter().find(|defect| defect.kind == DefectKind::Remote)
    }

    /// Whether it was written as OpenAPI 3.0.
    pub(crate) fn is_3_0(&self) -> bool {
        self.source.version().starts_with("3.0")
    }

    /// Whether the document consists of several files.
    pub(crate) fn has_several_files(&self) -> bool {
        self.source.files().nth(1).is_some()
    }

    /// The line on which the value that `pointer` names begins, counted from 1; of the nearest value around it where it is not in
    /// the text. None where it stands in another file than the document's own.
    pub fn line(&self, pointer: &str) -> Option<usize> {
        let place = self.source.value_place(pointer);
        (Some(place.file.as_path()) == self.source.files().next()).then_some(place.line)
    }

    /// A line of the document's own file, from 1; of a very long one a part.
    pub fn text_of(&self, line: usize) -> Option<String> {
        let text = self.source.line(self.source.files().next()?, line)?;
        Some(match text.char_indices().nth(EXCERPT) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text.to_owned(),
        })
    }

    /// The node that a pointer names, following `$ref`; gives its own pointer too.
    pub fn resolve(&self, pointer: &str) -> Option<(String, &Value)> {
        resolve(&self.json, pointer)
    }
}

/// How much of a line is shown, in characters: a minified document has only one.
const EXCERPT: usize = 200;

fn loader() -> Loader {
    Loader::new().keep_unresolved(true).check_patterns_with(|pattern| match Pattern::parse(pattern) {
        Err(error @ PatternError::Syntax { .. }) => Err(error.to_string()),
        // What only takes too much is no fault of the document.
        _ => Ok(()),
    })
}

/// Takes out what says nothing: a keyword of a schema whose value cannot be one, so that the rest of the schema counts. What only
/// contradicts itself counts as it is meant.
fn repair(json: &mut Value, defect: &Defect) {
    let Some((object, last)) = parent(&defect.pointer) else { return };
    let named = defect.message.starts_with(&format!("`{last}` "));
    let is_schema = defect.message.starts_with("a schema is ");
    match defect.kind {
        DefectKind::KeywordType if is_schema && json.pointer(&defect.pointer).is_none_or(Value::is_object) => {}
        // Not an object or a boolean: it asks for nothing.
        DefectKind::KeywordType if is_schema => replace(json, &defect.pointer, Value::Bool(true)),
        DefectKind::KeywordType | DefectKind::DefaultType | DefectKind::Pattern if named || last == "pattern" => {
            remove(json, object, &last);
        }
        DefectKind::EnumType => mean_values(json, object),
        DefectKind::UnknownType if last == "type" => {
            match json.pointer(&defect.pointer).and_then(Value::as_str).and_then(meant) {
                Some(known) => replace(json, &defect.pointer, json!(known)),
                None => remove(json, object, &last),
            }
        }
        DefectKind::UnknownType => {
            // One of a list of types.
            if let Some((schema, keyword)) = parent(object).filter(|(_, keyword)| keyword == "type") {
                remove(json, schema, &keyword);
            }
        }
        DefectKind::Pattern => {
            let Some((schema, _)) = parent(object).filter(|(_, keyword)| keyword == "patternProperties") else { return };
            remove(json, object, &last);
            // Nobody can tell which properties are left over.
            remove(json, schema, "additionalProperties");
            remove(json, schema, "unevaluatedProperties");
        }
        // It may be anything, and what a client sends is a text.
        DefectKind::NoSchema => {
            if let Some(Value::Object(parameter)) = json.pointer_mut(&defect.pointer) {
                parameter.insert("schema".to_owned(), json!({ "type": "string" }));
            }
        }
        DefectKind::PathParameter => describe_path_parameters(json, &defect.pointer),
        _ => {}
    }
}

/// Gives a schema to each media type of a request that has none: of anything that is written in it.
fn describe_bodies(json: &mut Value) {
    let keys = |json: &Value, at: &str| -> Vec<String> {
        let object = json.pointer(at).and_then(Value::as_object);
        object.into_iter().flat_map(|object| object.keys().map(|key| format!("{at}/{}", escape(key)))).collect()
    };
    let items = keys(json, "/paths");
    let others = items.iter().flat_map(|item| keys(json, &format!("{item}/{ADDITIONAL}")));
    let operations = items.iter().flat_map(|item| keys(json, item)).chain(others).map(|it| format!("{it}/requestBody"));
    let bodies: Vec<String> = operations.chain(keys(json, "/components/requestBodies")).collect();
    for at in bodies.iter().flat_map(|body| keys(json, &format!("{body}/content"))).collect::<Vec<_>>() {
        let name = segments(&at).pop().unwrap_or_default();
        let schema = match Writing::of(&name, true) {
            Some(Writing::Json) => json!({}),
            Some(Writing::Form | Writing::Multipart) => json!({ "type": "object" }),
            Some(Writing::Text | Writing::Bytes) => json!({ "type": "string" }),
            None => continue,
        };
        if let Some(Value::Object(media_type)) = json.pointer_mut(&at) {
            media_type.entry("schema").or_insert(schema);
        }
    }
}

/// Lets the values of an `enum` count rather than the type that none of them has. Beside the type of lists they are those of its items.
fn mean_values(json: &mut Value, schema: &str) {
    let Some(Value::Object(schema)) = json.pointer_mut(schema) else { return };
    let is_list = match schema.get("type") {
        Some(Value::Array(types)) => types.contains(&json!("array")),
        name => name == Some(&json!("array")),
    };
    if !is_list {
        schema.shift_remove("type");
    } else if let (Some(values), Value::Object(items)) =
        (schema.shift_remove("enum"), schema.entry("items").or_insert_with(|| json!({})))
    {
        items.entry("enum").or_insert(values);
    }
}

/// The type that is called otherwise in programming languages.
fn meant(name: &str) -> Option<&'static str> {
    Some(match name.to_lowercase().as_str() {
        "int" | "int32" | "int64" | "long" | "short" => "integer",
        "float" | "double" | "decimal" => "number",
        "bool" => "boolean",
        "str" | "text" => "string",
        "list" => "array",
        "dict" | "map" => "object",
        _ => return None,
    })
}

/// Adds the path parameters that an operation does not describe, each as a text: its path has them all the same.
fn describe_path_parameters(json: &mut Value, operation: &str) {
    let (Some(template), Some((item, _))) = (segments(operation).into_iter().nth(1), parent(operation)) else { return };
    let lists = [item, operation].map(|at| format!("{at}/parameters"));
    let mut known = BTreeSet::new();
    for list in lists {
        let count = json.pointer(&list).and_then(Value::as_array).map_or(0, Vec::len);
        let all = (0..count).filter_map(|index| Some(resolve(json, &format!("{list}/{index}"))?.1));
        known.extend(all.filter_map(|parameter| Some((parameter["in"].as_str()?, parameter["name"].as_str()?))));
    }
    // Some write `?q={q}` in the path, and describe a parameter of the query.
    let template = without_pairs(&template, |name| known.contains(&("query", name)));
    let missing: BTreeSet<&str> = path_names(&template).filter(|name| !known.contains(&("path", *name))).collect();
    let described =
        missing.into_iter().map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }));
    let described: Vec<Value> = described.collect();
    if let Some(Value::Object(operation)) = json.pointer_mut(operation)
        && !described.is_empty()
        && let Value::Array(list) = operation.entry("parameters").or_insert_with(|| json!([]))
    {
        list.extend(described);
    }
}

fn remove(json: &mut Value, object: &str, key: &str) {
    if let Some(Value::Object(object)) = json.pointer_mut(object) {
        object.shift_remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_that_nobody_describes_is_a_text() {
        let operation = json!({ "responses": {} });
        let text = json!({ "openapi": "3.1.0", "info": { "title": "T", "version": "1" }, "paths": {
            "/a/{x}/{y}": { "parameters": [{ "$ref": "#/components/parameters/Y" }], "get": operation }, "/b/{x}": { "get": operation }
        }, "components": { "parameters": { "Y": { "name": "y", "in": "path", "required": true } } } });
        let document = Document::parse("test.json", text.to_string()).unwrap();
        let added = json!([{ "name": "x", "in": "path", "required": true, "schema": { "type": "string" } }]);
        for path in ["~1a~1{x}~1{y}", "~1b~1{x}"] {
            assert_eq!(document.json.pointer(&format!("/paths/{path}/get/parameters")), Some(&added), "{path}");
        }
        let told = document.defects().filter(|defect| defect.kind == DefectKind::PathParameter);
        assert_eq!((told.count(), document.defects().filter(|defect| defect.kind == DefectKind::NoSchema).count()), (2, 1));
        assert_eq!(document.json.pointer("/components/parameters/Y/schema"), Some(&json!({ "type": "string" })));
        let untestable: Vec<_> = document.operations().into_iter().filter_map(|operation| operation.untestable).collect();
        assert!(untestable.is_empty(), "{untestable:?}");
    }

    #[test]
    fn a_type_that_is_called_otherwise_is_told_and_understood() {
        let text = r#"{ "swagger": "2.0", "info": { "title": "T", "version": "1" }, "paths": { "/a/{n}": { "get": {
            "parameters": [{ "name": "n", "in": "path", "required": true, "type": "int", "minimum": 1 }],
            "responses": { "200": { "description": "", "headers": { "X": { "type": "int" } } } }
        } } } }"#;
        let document = Document::parse("test.json", text).unwrap();
        let mut defects: Vec<&str> = document.defects().map(|defect| defect.pointer.as_str()).collect();
        defects.sort_unstable();
        let at = "/paths/~1a~1{n}/get";
        let [parameter, header] =
            ["/parameters/0/schema", "/responses/200/headers/X/schema"].map(|schema| format!("{at}{schema}"));
        assert_eq!(defects, [format!("{parameter}/type"), format!("{header}/type")]);
        assert_eq!(document.json.pointer(&parameter), Some(&json!({ "type": "integer", "minimum": 1 })));
        assert_eq!(document.json.pointer(&header), Some(&json!({ "type": "integer" })));
    }

    #[test]
    fn what_is_no_value_of_a_keyword_is_told_and_left_out() {
        let text = r#"{ "openapi": "3.1.0", "info": { "title": "T", "version": "1" }, "paths": {}, "components": { "schemas": { "A": {
            "type": "object", "required": ["maxLength"],
            "properties": {
                "maxLength": { "type": "string", "maxLength": "5", "minLength": 1 },
                "b": { "type": "strng", "minimum": 1 },
                "c": { "enum": "x", "type": "string" },
                "d": { "type": "integer", "default": "no", "required": true },
                "e": { "type": ["string", "nul"], "pattern": "(" },
                "f": "string",
                "g": { "type": "string", "pattern": "^(?=.*[0-9])[a-z0-9]+$" }
            },
            "patternProperties": { "[": {} }, "additionalProperties": false
        } } } }"#;
        let document = Document::parse("a.json", text).unwrap();
        let expected = json!({
            "type": "object", "required": ["maxLength"],
            "properties": {
                "maxLength": { "type": "string", "minLength": 1 },
                "b": { "minimum": 1 },
                "c": { "type": "string" },
                "d": { "type": "integer" },
                "e": {},
                "f": true,
                "g": { "type": "string", "pattern": "^(?=.*[0-9])[a-z0-9]+$" }
            },
            "patternProperties": {}
        });
        assert_eq!(document.json.pointer("/components/schemas/A"), Some(&expected));
        assert_eq!(document.defects().count(), 9, "{:#?}", document.defects().collect::<Vec<_>>());
    }

    #[test]
    fn what_contradicts_itself_counts_as_it_is_meant() {
        let text = r##"{ "openapi": "3.0.3", "info": { "title": "T", "version": "1" }, "paths": {}, "components": { "schemas": { "A": {
            "properties": {
                "verse": { "type": "string", "enum": [1, 2] },
                "key": { "type": "integer", "nullable": true, "enum": ["first", null], "format": "int32" },
                "sizes": { "type": "array", "items": { "type": "string" }, "enum": ["s", "m"] },
                "places": { "type": "array", "enum": ["in", "out"] }
            }
        } } } }"##;
        let document = Document::parse("a.json", text).unwrap();
        let expected = json!({
            "verse": { "enum": [1, 2] },
            "key": { "x-nullable": true, "enum": ["first", null], "format": "int32" },
            "sizes": { "type": "array", "items": { "type": "string", "enum": ["s", "m"] } },
            "places": { "type": "array", "items": { "enum": ["in", "out"] } }
        });
        assert_eq!(document.json.pointer("/components/schemas/A/properties"), Some(&expected));
        assert_eq!(document.defects().count(), 4, "{:#?}", document.defects().collect::<Vec<_>>());
    }

    #[test]
    fn a_file_that_is_not_there_is_an_error_wherever_it_is_referred_to() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        file("api.yaml", "openapi: 3.1.0\ninfo: {title: A, version: '1'}\npaths: {/a: {$ref: a.yaml}}\n");
        let answer = |reference: &str| {
            let schema = format!("{{application/json: {{schema: {{$ref: '{reference}'}}}}}}");
            file("a.yaml", &format!("get: {{responses: {{'200': {{description: A, content: {schema}}}}}}}\n"));
            Document::read(&folder.path().join("api.yaml"))
        };
        for reference in ["nowhere.yaml#/A", "api.yaml#/nowhere"] {
            let error = answer(reference).err().unwrap().to_string();
            assert!(error.contains("a.yaml:1:") && error.contains(reference), "{error}");
        }
        assert_eq!(answer("#/nowhere").unwrap().defects().count(), 1);
    }
}
