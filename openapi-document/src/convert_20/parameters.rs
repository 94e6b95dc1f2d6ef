//! Parameters of Swagger 2.0: most become parameters with a schema, `body` and `formData` the body of the request.

use super::{At, Content, Copies, DefectKind, Finding, Node, Object, reference, unescape};

/// The document's `parameters`, as written.
pub(super) struct Shared(Object);

/// The parameters of an operation by what becomes of them.
#[derive(Clone, Default)]
pub(super) struct Parameters {
    pub plain: Vec<Node>,
    body: Option<Node>,
    /// The component that the body is, where its parameter is a reference to one.
    body_name: Option<String>,
    form: Vec<Node>,
}

impl Shared {
    pub fn new(parameters: Option<Node>) -> Self {
        Self(
            parameters
                .and_then(|node| if let Content::Object(object) = node.content { Some(object) } else { None })
                .unwrap_or_default(),
        )
    }

    /// What becomes of them as components: parameters and bodies. Those of forms go to the operations that use them.
    pub fn components(&self, consumes: &[String], copies: &mut Copies, findings: &mut Vec<Finding>) -> (Object, Object) {
        let (mut parameters, mut bodies) = (Object::new(), Object::new());
        for (name, node) in &self.0 {
            match node.text("in") {
                Some("body") => drop(bodies.insert(name.clone(), body(node.clone(), consumes, copies))),
                Some("formData") => {}
                _ => drop(parameters.insert(name.clone(), parameter(node.clone(), findings))),
            }
        }
        (parameters, bodies)
    }

    /// The name and the parameter that a reference leads to.
    fn get<'s>(&'s self, node: &Node) -> Option<(String, &'s Node)> {
        let name = unescape(reference(node)?.strip_prefix("#/components/parameters/")?).into_owned();
        self.0.get(&name).map(|node| (name, node))
    }
}

impl Parameters {
    /// Adds a list; its body and form fields win over those of the same name that are here.
    pub fn add(&mut self, list: Node, shared: &Shared, copies: &mut Copies) {
        let Content::Array(items) = list.content else { return };
        for node in items {
            let target = shared.get(&node);
            let place = target.as_ref().map_or(&node, |(_, node)| *node).text("in").unwrap_or_default().to_owned();
            match place.as_str() {
                "body" => {
                    self.form.clear();
                    (self.body_name, self.body) = match target {
                        Some((name, target)) => (Some(name), Some(copies.of(target))),
                        None => (None, Some(node)),
                    };
                }
                "formData" => {
                    self.body = None;
                    let node = target.map_or(node, |(_, target)| copies.of(target));
                    self.form.retain(|other| other.text("name") != node.text("name"));
                    self.form.push(node);
                }
                _ => self.plain.push(node),
            }
        }
    }

    /// The body of the request.
    pub fn body(
        self,
        own: Option<&[String]>,
        default: &[String],
        at: At,
        copies: &mut Copies,
        findings: &mut Vec<Finding>,
    ) -> Option<Node> {
        let consumes = own.unwrap_or(default);
        match (self.body, self.body_name) {
            (Some(node), Some(name)) if own.is_none() => {
                let target = Node::string(node.at, format!("#/components/requestBodies/{}", crate::pointer::escape(&name)));
                Some(Node::object(node.at, [("$ref", target)]))
            }
            (Some(node), _) => Some(body(node, consumes, copies)),
            (None, _) if self.form.is_empty() => None,
            (None, _) => Some(form(self.form, consumes, at, findings)),
        }
    }
}

fn body(mut node: Node, consumes: &[String], copies: &mut Copies) -> Node {
    let at = node.at;
    let Some(object) = node.as_object_mut() else { return node };
    let schema = object.shift_remove("schema");
    object.shift_remove("in");
    object.shift_remove("name");
    let json = ["application/json".to_owned()];
    let names = if consumes.is_empty() { json.as_slice() } else { consumes };
    let mut media = |_: &String| Node::object(at, schema.as_ref().map(|schema| ("schema", copies.of(schema))));
    let content = names.iter().map(|name| (name.clone(), media(name))).collect();
    object.insert("content".to_owned(), Node::new(at, Content::Object(content)));
    node
}

fn form(fields: Vec<Node>, consumes: &[String], at: At, findings: &mut Vec<Finding>) -> Node {
    const FORMS: [&str; 2] = ["multipart/form-data", "application/x-www-form-urlencoded"];
    let files = fields.iter().any(|field| field.text("type") == Some("file"));
    let at = fields.first().map_or(at, |field| field.at);
    let (mut properties, mut required, mut encodings) = (Object::new(), Vec::new(), Object::new());
    for mut field in fields {
        let here = field.at;
        let Some(name) = field.text("name").map(str::to_owned) else { continue };
        simple_schema(&mut field, "formData", findings);
        let Some(object) = field.as_object_mut() else { continue };
        if object.shift_remove("required").and_then(|required| required.as_bool()) == Some(true) {
            required.push(Node::string(here, name.clone()));
        }
        object.shift_remove("in");
        object.shift_remove("name");
        let description = object.shift_remove("description");
        let mut schema = object.shift_remove("schema").unwrap_or_default();
        if let (Some(schema), Some(description)) = (schema.as_object_mut(), description) {
            schema.insert("description".to_owned(), description);
        }
        let encoding: Object = ["style", "explode"].iter().filter_map(|key| object.shift_remove_entry(*key)).collect();
        if !encoding.is_empty() {
            encodings.insert(name.clone(), Node::new(here, Content::Object(encoding)));
        }
        properties.insert(name, schema);
    }
    let any = !required.is_empty();
    let mut schema = vec![("type", Node::string(at, "object")), ("properties", Node::new(at, Content::Object(properties)))];
    if any {
        schema.push(("required", Node::array(at, required)));
    }
    let mut media = vec![("schema", Node::object(at, schema))];
    if !encodings.is_empty() {
        media.push(("encoding", Node::new(at, Content::Object(encodings))));
    }
    let media = Node::object(at, media);
    let known: Vec<&str> = consumes.iter().map(String::as_str).filter(|name| FORMS.contains(name)).collect();
    let default = if files { &FORMS[..1] } else { &FORMS[1..] };
    let names = if known.is_empty() { default } else { known.as_slice() };
    let content = names.iter().map(|name| ((*name).to_owned(), media.clone())).collect();
    let mut body = vec![("content", Node::new(at, Content::Object(content)))];
    if any {
        body.push(("required", Node::bool(at, true)));
    }
    Node::object(at, body)
}

/// A parameter in path, query or header.
pub(super) fn parameter(mut node: Node, findings: &mut Vec<Finding>) -> Node {
    let place = node.text("in").unwrap_or_default().to_owned();
    if reference(&node).is_none() {
        simple_schema(&mut node, &place, findings);
    }
    node
}

/// What says how the value looks goes into a schema, and how an array is written into `style` and `explode`.
pub(super) fn simple_schema(node: &mut Node, place: &str, findings: &mut Vec<Finding>) {
    const KEYWORDS: [&str; 18] = [
        "type",
        "format",
        "items",
        "default",
        "maximum",
        "exclusiveMaximum",
        "minimum",
        "exclusiveMinimum",
        "maxLength",
        "minLength",
        "pattern",
        "maxItems",
        "minItems",
        "uniqueItems",
        "enum",
        "multipleOf",
        "x-nullable",
        "example",
    ];
    let here = node.at;
    let Some(object) = node.as_object_mut() else { return };
    let Some(at) = object.get("type").or_else(|| object.get("enum")).map(|kind| kind.at) else { return };
    let schema: Object = KEYWORDS.iter().filter_map(|keyword| object.shift_remove_entry(*keyword)).collect();
    // Not where the `type` stands: what is wrong with that is wrong there and not with the whole schema.
    let mut schema = Node::new(here, Content::Object(schema));
    let is_array = schema.text("type") == Some("array");
    items(&mut schema, findings);
    object.insert("schema".to_owned(), schema);
    let format = object.shift_remove("collectionFormat");
    if !is_array {
        return;
    }
    let at = format.as_ref().map_or(at, |format| format.at);
    let form = matches!(place, "query" | "formData");
    let (style, explode) = match format.as_ref().and_then(Node::as_str).unwrap_or("csv") {
        "multi" if form => ("form", true),
        "ssv" if form => ("spaceDelimited", false),
        "pipes" if form => ("pipeDelimited", false),
        // OpenAPI 3 has no word for it: what reads the result knows this one, or says that it does not.
        "tsv" if form => ("tabDelimited", false),
        "csv" if form => ("form", false),
        "csv" => ("simple", false),
        other => {
            let message =
                format!("the collectionFormat {other} of a parameter in {place} cannot be said in OpenAPI 3; it is read as csv");
            findings.push(Finding { kind: DefectKind::NotConverted, at, message });
            (if form { "form" } else { "simple" }, false)
        }
    };
    object.insert("style".to_owned(), Node::string(at, style));
    object.insert("explode".to_owned(), Node::bool(at, explode));
}

/// The items of an array, which are no schemas in 2.0 but look like them.
fn items(schema: &mut Node, findings: &mut Vec<Finding>) {
    super::schema(schema);
    let Some(items) = schema.step_mut("items") else { return };
    if items.text("type") == Some("array") {
        let message = "an array in an array cannot be written as a parameter in OpenAPI 3".to_owned();
        findings.push(Finding { kind: DefectKind::NotConverted, at: items.at, message });
    }
    if let Some(object) = items.as_object_mut() {
        object.shift_remove("collectionFormat");
    }
    self::items(items, findings);
}
