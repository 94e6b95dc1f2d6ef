//! What is wrong in a document and can be told from the document alone, without compiling a schema.

use std::collections::{HashMap, HashSet};

use crate::{
    error::DefectKind,
    files::Finding,
    loader::CheckPattern,
    model::{Kind, Shape, reference, visit},
    node::{At, Content, Node, Object},
    operations::METHODS,
    pointer::from_reference,
};

/// What is wrong in the finished document.
pub(crate) fn find(root: &Node, check_pattern: Option<&CheckPattern>) -> Vec<Finding> {
    let mut finder = Finder { root, found: Vec::new(), ids: HashMap::new(), check_pattern, patterns: HashMap::new() };
    visit(root, Shape::One(Kind::Document), &mut String::new(), &mut |node, shape, pointer| match shape {
        Shape::One(Kind::Schema) => finder.schema(node),
        Shape::One(Kind::Parameter) => finder.parameter(node),
        Shape::One(Kind::MediaType) => finder.media_type(node),
        Shape::One(Kind::Operation) => finder.operation(node),
        Shape::One(Kind::PathItem) => {
            let template = pointer.strip_prefix("/paths/").filter(|path| !path.contains('/'));
            template.into_iter().for_each(|path| finder.path(&crate::pointer::unescape(path), node));
        }
        Shape::One(Kind::Document) => finder.security(node),
        _ => {}
    });
    finder.found
}

struct Finder<'n> {
    root: &'n Node,
    found: Vec<Finding>,
    /// Where each `operationId` was first.
    ids: HashMap<&'n str, At>,
    check_pattern: Option<&'n CheckPattern>,
    /// What the check says of each pattern.
    patterns: HashMap<&'n str, Option<String>>,
}

impl<'n> Finder<'n> {
    fn add(&mut self, kind: DefectKind, at: At, message: String) {
        self.found.push(Finding { kind, at, message });
    }

    /// The object in this place, after references.
    fn resolve(&self, node: &'n Node) -> &'n Node {
        let mut node = node;
        for _ in 0..crate::files::MAX_HOPS {
            let target = reference(node).and_then(from_reference).and_then(|pointer| self.root.pointer(&pointer));
            match target {
                Some(target) => node = target,
                None => break,
            }
        }
        node
    }

    fn schema(&mut self, node: &'n Node) {
        let object = match &node.content {
            Content::Object(object) => object,
            Content::Bool(_) => return,
            // The items of a list of schemas where one schema is asked for: reported at the keyword.
            Content::Array(_) => return,
            _ => {
                return self.add(
                    DefectKind::KeywordType,
                    node.at,
                    format!("a schema is {}, not an object or a boolean", node.type_name()),
                );
            }
        };
        for (keyword, value) in object {
            if let Some(wanted) = wrong_type(keyword, value) {
                let message = format!("`{keyword}` is {}, not {wanted}", value.type_name());
                self.add(DefectKind::KeywordType, value.at, message);
            }
        }
        self.types(object);
        let pattern = object.get("pattern").and_then(|pattern| Some((pattern.as_str()?, pattern.at)));
        let names = object.get("patternProperties").and_then(Node::as_object).into_iter().flatten();
        for (pattern, at) in pattern.into_iter().chain(names.map(|(name, schema)| (name.as_str(), schema.at))) {
            self.pattern(pattern, at);
        }
    }

    fn types(&mut self, object: &'n Object) {
        let Some(kind) = object.get("type") else { return };
        let listed = match &kind.content {
            Content::String(_) => std::slice::from_ref(kind),
            Content::Array(many) => many,
            _ => {
                return self.add(
                    DefectKind::KeywordType,
                    kind.at,
                    format!("`type` is {}, not a string or a list", kind.type_name()),
                );
            }
        };
        let mut unknown = false;
        for one in listed {
            if !one.as_str().is_some_and(|name| TYPES.contains(&name)) {
                unknown = true;
                let shown = one.as_str().map_or_else(|| one.type_name().to_owned(), |name| format!("{name:?}"));
                self.add(DefectKind::UnknownType, one.at, format!("`type` is {shown}, which is none of {}", TYPES.join(", ")));
            }
        }
        if let (Some(default), false) = (object.get("default"), unknown)
            && !listed.iter().filter_map(Node::as_str).any(|name| is_of(default, name))
        {
            let names: Vec<&str> = listed.iter().filter_map(Node::as_str).collect();
            let message = format!("`default` is {}, and `type` is {}", default.type_name(), names.join(" or "));
            self.add(DefectKind::DefaultType, default.at, message);
        }
        let names = || listed.iter().filter_map(Node::as_str).filter(|name| *name != "null");
        let values = object.get("enum").and_then(Node::as_array).into_iter().flatten();
        let mut values = values.filter(|value| value.content != Content::Null).peekable();
        if let (Some(first), false) = (values.peek().map(|first| first.at), unknown)
            && values.all(|value| !names().any(|name| is_of(value, name)))
        {
            let at = object.get("enum").map_or(first, |values| values.at);
            let message = format!("no value of `enum` is of the type {}", names().collect::<Vec<_>>().join(" or "));
            self.add(DefectKind::EnumType, at, message);
        }
    }

    fn pattern(&mut self, pattern: &'n str, at: At) {
        let Some(check) = self.check_pattern else { return };
        let cause = self.patterns.entry(pattern).or_insert_with(|| check(pattern).err()).clone();
        if let Some(cause) = cause {
            self.add(DefectKind::Pattern, at, format!("the pattern {pattern:?} cannot be compiled: {cause}"));
        }
    }

    fn parameter(&mut self, node: &Node) {
        if let Some(place) = node.get("in").filter(|place| place.as_str() == Some("querystring")) {
            self.add(DefectKind::Newer, place.at, "`in: querystring` is of OpenAPI 3.2".to_owned());
        }
        if let Some(style) = node.get("style").filter(|style| style.as_str() == Some("cookie")) {
            self.add(DefectKind::Newer, style.at, "`style: cookie` is of OpenAPI 3.2".to_owned());
        }
        if node.get("name").is_some() && ["$ref", "schema", "content"].iter().all(|key| node.get(key).is_none()) {
            self.add(DefectKind::NoSchema, node.at, "the parameter has neither `schema` nor `content`".to_owned());
        }
    }

    fn media_type(&mut self, node: &Node) {
        for keyword in ["itemSchema", "itemEncoding", "prefixEncoding"] {
            if let Some(value) = node.get(keyword) {
                self.add(DefectKind::Newer, value.at, format!("`{keyword}` is of OpenAPI 3.2"));
            }
        }
    }

    fn operation(&mut self, node: &'n Node) {
        self.security(node);
        let Some(id) = node.get("operationId") else { return };
        let Some(name) = id.as_str() else { return };
        let first = *self.ids.entry(name).or_insert(id.at);
        if first != id.at {
            self.add(DefectKind::DuplicateOperationId, id.at, format!("another operation has the operationId {name:?}, too"));
        }
    }

    fn security(&mut self, node: &Node) {
        let requirements = node.get("security").and_then(Node::as_array).into_iter().flatten();
        for (name, scopes) in requirements.filter_map(Node::as_object).flatten() {
            let schemes = self.root.get("components").and_then(|components| components.get("securitySchemes"));
            if schemes.and_then(|schemes| schemes.get(name)).is_none() {
                self.add(DefectKind::Unresolved, scopes.at, format!("there is no security scheme {name:?}"));
            }
        }
    }

    /// Each name in the template needs a parameter, and each parameter a name in the template (OpenAPI 3.1, section 4.8.12.2).
    fn path(&mut self, template: &str, item: &'n Node) {
        let item = self.resolve(item);
        let names: HashSet<&str> =
            template.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect();
        // Each message has it, however long it is.
        let shown = template.char_indices().nth(100).map_or(template, |(end, _)| &template[..end]);
        let common = self.path_parameters(item);
        let operations = item.as_object().into_iter().flatten().filter(|(key, _)| METHODS.contains(&key.as_str()));
        for (method, operation) in operations {
            let own = self.path_parameters(operation);
            let mut missing: Vec<&&str> =
                names.iter().filter(|name| !common.contains_key(*name) && !own.contains_key(*name)).collect();
            missing.sort_unstable();
            for name in missing {
                let message = format!("{method} has no path parameter {name:?}, which the path {shown:?} names");
                self.add(DefectKind::PathParameter, operation.at, message);
            }
            self.strangers(&own, &names, shown);
        }
        self.strangers(&common, &names, shown);
    }

    fn strangers(&mut self, parameters: &HashMap<&str, At>, names: &HashSet<&str>, template: &str) {
        let mut strangers: Vec<_> = parameters.iter().filter(|(name, _)| !names.contains(*name)).collect();
        strangers.sort_unstable();
        for (name, at) in strangers {
            self.add(DefectKind::PathParameter, *at, format!("the path {template:?} does not name the path parameter {name:?}"));
        }
    }

    /// The parameters in the path, with where each is listed.
    fn path_parameters(&self, node: &'n Node) -> HashMap<&'n str, At> {
        let listed = node.get("parameters").and_then(Node::as_array).into_iter().flatten();
        let found = listed.filter_map(|listed| {
            let parameter = self.resolve(listed);
            let is_path = parameter.text("in") == Some("path");
            Some((parameter.text("name").filter(|_| is_path)?, listed.at))
        });
        found.collect()
    }
}

/// The types of JSON Schema (2020-12, section 6.1.1 of its validation vocabulary).
const TYPES: [&str; 7] = ["string", "number", "integer", "boolean", "array", "object", "null"];

fn is_of(value: &Node, name: &str) -> bool {
    match (&value.content, name) {
        (Content::Null, "null")
        | (Content::Bool(_), "boolean")
        | (Content::String(_), "string")
        | (Content::Array(_), "array")
        | (Content::Object(_), "object")
        | (Content::Number(_), "number") => true,
        (Content::Number(number), "integer") => {
            number.is_i64() || number.is_u64() || number.as_f64().is_some_and(|number| number.fract() == 0.0)
        }
        _ => false,
    }
}

/// What the value of a keyword should be, where it is something else.
fn wrong_type(keyword: &str, value: &Node) -> Option<&'static str> {
    let texts = |node: &Node| node.as_array().is_some_and(|items| items.iter().all(|item| item.as_str().is_some()));
    let (right, wanted) = match keyword {
        "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" | "maxProperties" | "minContains"
        | "maxContains" => {
            let negative =
                matches!(&value.content, Content::Number(number) if number.as_f64().is_some_and(|number| number < 0.0));
            (is_of(value, "integer") && !negative, "a whole number of at least 0")
        }
        "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" => (is_of(value, "number"), "a number"),
        "multipleOf" => {
            let above = matches!(&value.content, Content::Number(number) if number.as_f64().is_some_and(|number| number > 0.0));
            (above, "a number above 0")
        }
        "pattern" | "format" | "$ref" => (value.as_str().is_some(), "a string"),
        "uniqueItems" | "readOnly" | "writeOnly" | "nullable" => (value.as_bool().is_some(), "a boolean"),
        "required" => (texts(value), "a list of names"),
        "enum" => (value.as_array().is_some(), "a list"),
        "allOf" | "anyOf" | "oneOf" | "prefixItems" => {
            (value.as_array().is_some_and(|items| !items.is_empty()), "a list of schemas")
        }
        "properties" | "patternProperties" | "$defs" | "dependentSchemas" => {
            (value.as_object().is_some(), "an object of schemas")
        }
        "dependentRequired" => {
            (value.as_object().is_some_and(|object| object.values().all(texts)), "an object of lists of names")
        }
        "items"
        | "additionalProperties"
        | "not"
        | "if"
        | "then"
        | "else"
        | "contains"
        | "propertyNames"
        | "unevaluatedItems"
        | "unevaluatedProperties" => (value.as_array().is_none(), "a schema"),
        _ => return None,
    };
    (!right).then_some(wanted)
}
