//! Swagger 2.0 to OpenAPI 3.1: the document and its operations. It is in one piece already, with local references only.

mod parameters;
mod strays;

use std::collections::HashMap;

use self::parameters::{Parameters, Shared, parameter, simple_schema};
use crate::{
    error::DefectKind,
    files::Finding,
    model::{Kind, Shape, reference, visit_mut},
    node::{At, Content, Copies, Node, Object},
    operations::METHODS,
    pointer::{from_reference, unescape},
    upgrade_30,
};

/// Converts a document.
pub(crate) fn convert(root: &mut Node, copies: &mut Copies, findings: &mut Vec<Finding>) {
    strays::gather(root, copies);
    visit_mut(root, Shape::One(Kind::Document), &mut |node, shape| {
        if shape == Shape::One(Kind::Schema) {
            schema(node);
        }
        rename(node);
    });
    let at = root.at;
    let Some(object) = root.as_object_mut() else { return };
    let mut take = |name: &str| object.shift_remove(name);
    let texts = |node: Option<Node>| node.as_ref().map(texts).unwrap_or_default();
    let (host, base_path, schemes) = (take("host"), take("basePath"), take("schemes"));
    let defaults = Media { consumes: texts(take("consumes")), produces: texts(take("produces")) };
    let mut sections: Vec<(&'static str, Object)> = Vec::new();
    let mut section = |name, node: Option<Node>| {
        if let Some(Content::Object(members)) = node.map(|node| node.content)
            && !members.is_empty()
        {
            sections.push((name, members));
        }
    };
    section("schemas", take("definitions"));
    let mut context = Context {
        shared: Shared::new(take("parameters")),
        responses: take("responses").and_then(|node| node.as_object().cloned()).unwrap_or_default(),
        host: host.as_ref().and_then(Node::as_str).map(str::to_owned),
        base_path: base_path.as_ref().and_then(Node::as_str).unwrap_or_default().to_owned(),
        defaults,
        copies,
        findings,
    };
    let mut responses = context.responses.clone();
    let produces = context.defaults.produces.clone();
    responses.values_mut().for_each(|response| context.response(response, &produces));
    section("responses", Some(Node::new(at, Content::Object(responses))));
    let (parameters, bodies) = context.shared.components(&context.defaults.consumes, context.copies, context.findings);
    section("parameters", Some(Node::new(at, Content::Object(parameters))));
    section("requestBodies", Some(Node::new(at, Content::Object(bodies))));
    let mut security = take("securityDefinitions");
    for scheme in security.as_mut().and_then(Node::as_object_mut).into_iter().flat_map(Object::values_mut) {
        security_scheme(scheme, context.findings);
    }
    section("securitySchemes", security);
    if host.is_some() || base_path.is_some() {
        let servers = context.servers(&schemes.as_ref().map(self::texts).unwrap_or_default());
        let at = host.as_ref().or(base_path.as_ref()).map_or(at, |node| node.at);
        object.insert("servers".to_owned(), servers_node(servers, at));
    }
    if let Some(paths) = object.get_mut("paths") {
        for (_, item, _) in Shape::Patterned(Kind::PathItem).children_mut(paths) {
            context.path_item(item);
        }
    }
    if !sections.is_empty() {
        let sections = sections.into_iter().map(|(name, members)| (name, Node::new(at, Content::Object(members))));
        object.insert("components".to_owned(), Node::object(at, sections));
    }
    if let Some(version) = object.get_mut("swagger") {
        version.content = Content::String("3.1.1".to_owned());
        let version = version.clone();
        upgrade_30::replace(object, "swagger", "openapi", version);
    }
    visit_mut(root, Shape::One(Kind::Document), &mut |node, shape| {
        if let Shape::One(kind) = shape {
            upgrade_30::object(node, kind);
        }
    });
}

/// The media types of bodies and answers where an operation does not say its own.
struct Media {
    consumes: Vec<String>,
    produces: Vec<String>,
}

struct Context<'f> {
    shared: Shared,
    /// As written: an operation with media types of its own needs its own copy.
    responses: Object,
    host: Option<String>,
    base_path: String,
    defaults: Media,
    copies: &'f mut Copies,
    findings: &'f mut Vec<Finding>,
}

impl Context<'_> {
    fn path_item(&mut self, item: &mut Node) {
        let Some(item) = item.as_object_mut() else { return };
        let mut common = Parameters::default();
        if let Some(list) = item.shift_remove("parameters") {
            let at = list.at;
            common.add(list, &self.shared, self.copies);
            if !common.plain.is_empty() {
                let plain = common.plain.drain(..).map(|node| parameter(node, self.findings)).collect();
                item.insert("parameters".to_owned(), Node::array(at, plain));
            }
        }
        for (key, operation) in item.iter_mut() {
            if METHODS.contains(&key.as_str()) {
                self.operation(operation, common.clone());
            }
        }
    }

    fn operation(&mut self, operation: &mut Node, common: Parameters) {
        let at = operation.at;
        let Some(operation) = operation.as_object_mut() else { return };
        let own = |operation: &mut Object, name| operation.shift_remove(name).as_ref().map(texts);
        let (consumes, produces) = (own(operation, "consumes"), own(operation, "produces"));
        if let Some(schemes) = operation.shift_remove("schemes") {
            let servers = self.servers(&texts(&schemes));
            operation.insert("servers".to_owned(), servers_node(servers, schemes.at));
        }
        let mut parameters = common;
        if let Some(list) = operation.shift_remove("parameters") {
            let at = list.at;
            parameters.add(list, &self.shared, self.copies);
            let plain: Vec<Node> = parameters.plain.drain(..).map(|node| parameter(node, self.findings)).collect();
            if !plain.is_empty() {
                operation.insert("parameters".to_owned(), Node::array(at, plain));
            }
        }
        let default = self.defaults.consumes.as_slice();
        if let Some(body) = parameters.body(consumes.as_deref(), default, at, self.copies, self.findings) {
            operation.insert("requestBody".to_owned(), body);
        }
        let shape = Shape::Patterned(Kind::Response);
        for (_, response, _) in operation.get_mut("responses").into_iter().flat_map(|responses| shape.children_mut(responses)) {
            let shared = reference(response).and_then(|reference| reference.strip_prefix("#/components/responses/"));
            if let Some(name) = shared {
                let copy = produces.as_ref().and_then(|_| self.responses.get(unescape(name).as_ref()));
                let Some(copy) = copy.filter(|copy| copy.get("schema").is_some() || copy.get("examples").is_some()) else {
                    continue;
                };
                *response = self.copies.of(copy);
            }
            let produces = produces.clone().unwrap_or_else(|| self.defaults.produces.clone());
            self.response(response, &produces);
        }
    }

    /// `schema` and `examples` become `content`; a header gets a schema.
    fn response(&mut self, response: &mut Node, produces: &[String]) {
        let at = response.at;
        let Some(object) = response.as_object_mut() else { return };
        let headers = object.get_mut("headers").and_then(Node::as_object_mut);
        for header in headers.into_iter().flat_map(Object::values_mut) {
            simple_schema(header, "header", self.findings);
        }
        let schema = object.shift_remove("schema");
        let mut examples = object.shift_remove("examples").and_then(|examples| examples.as_object().cloned()).unwrap_or_default();
        if schema.is_none() && examples.is_empty() {
            return;
        }
        let mut names: Vec<String> = produces.to_vec();
        if names.is_empty() && examples.is_empty() {
            names.push("application/json".to_owned());
        }
        names.extend(examples.keys().filter(|name| !produces.contains(name)).cloned());
        let mut content = Object::new();
        for name in names {
            let mut media = Object::new();
            if let Some(schema) = &schema {
                media.insert("schema".to_owned(), self.copies.of(schema));
            }
            if let Some(example) = examples.shift_remove(&name) {
                media.insert("example".to_owned(), example);
            }
            content.insert(name, Node::new(schema.as_ref().map_or(at, |schema| schema.at), Content::Object(media)));
        }
        object.insert("content".to_owned(), Node::new(schema.map_or(at, |schema| schema.at), Content::Object(content)));
    }

    /// Without a scheme it is the one by which the document was reached, so that the URL has none.
    fn servers(&self, schemes: &[String]) -> Vec<String> {
        let path = self.base_path.trim_end_matches('/');
        let path = if path.is_empty() || path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        match &self.host {
            None => vec![if path.is_empty() { "/".to_owned() } else { path }],
            Some(host) if schemes.is_empty() => vec![format!("//{host}{path}")],
            Some(host) => schemes.iter().map(|scheme| format!("{scheme}://{host}{path}")).collect(),
        }
    }
}

fn servers_node(servers: Vec<String>, at: At) -> Node {
    let servers = servers.into_iter().map(|url| Node::object(at, [("url", Node::string(at, url))]));
    Node::array(at, servers.collect())
}

/// What a schema of 2.0 has that one of 3.0 has not.
fn schema(node: &mut Node) {
    let Some(object) = node.as_object_mut() else { return };
    if let Some(nullable) = object.get("x-nullable").cloned() {
        upgrade_30::replace(object, "x-nullable", "nullable", nullable);
    }
    if let Some(kind) = object.get_mut("type").filter(|kind| kind.as_str() == Some("file")) {
        let at = kind.at;
        kind.content = Content::String("string".to_owned());
        object.insert("format".to_owned(), Node::string(at, "binary"));
    }
    if let Some(discriminator) = object.get_mut("discriminator").filter(|discriminator| discriminator.as_str().is_some()) {
        let name = std::mem::take(discriminator);
        *discriminator = Node::object(name.at, [("propertyName", name)]);
    }
}

/// References to the sections of 2.0 become those of 3.1.
fn rename(node: &mut Node) {
    const SECTIONS: [(&str, &str); 4] = [
        ("/definitions", "schemas"),
        ("/parameters", "parameters"),
        ("/responses", "responses"),
        ("/securityDefinitions", "securitySchemes"),
    ];
    let Some(Content::String(written)) = node.step_mut("$ref").map(|reference| &mut reference.content) else { return };
    for (before, after) in SECTIONS {
        if let Some(rest) =
            written.strip_prefix('#').and_then(|pointer| pointer.strip_prefix(before)).filter(|rest| rest.starts_with('/'))
        {
            *written = format!("#/components/{after}{rest}");
            return;
        }
    }
}

fn security_scheme(scheme: &mut Node, findings: &mut Vec<Finding>) {
    let at = scheme.at;
    let kind = scheme.text("type").unwrap_or_default().to_owned();
    let Some(object) = scheme.as_object_mut() else { return };
    match kind.as_str() {
        "basic" => {
            object.insert("type".to_owned(), Node::string(at, "http"));
            object.insert("scheme".to_owned(), Node::string(at, "basic"));
        }
        "oauth2" => {
            let flow = object.shift_remove("flow");
            let name = match flow.as_ref().and_then(Node::as_str) {
                Some("application") => "clientCredentials",
                Some("accessCode") => "authorizationCode",
                Some("password") => "password",
                Some("implicit") => "implicit",
                _ => {
                    let message =
                        "an oauth2 scheme whose `flow` is none of implicit, password, application and accessCode".to_owned();
                    findings.push(Finding { kind: DefectKind::NotConverted, at, message });
                    return;
                }
            };
            let mut members: Vec<(&'static str, Node)> = Vec::new();
            for field in ["authorizationUrl", "tokenUrl"] {
                members.extend(object.shift_remove(field).map(|value| (field, value)));
            }
            let scopes = object.shift_remove("scopes");
            members.push(("scopes", scopes.unwrap_or_else(|| Node::new(at, Content::Object(Object::new())))));
            object.insert("flows".to_owned(), Node::object(at, [(name, Node::object(at, members))]));
        }
        _ => {}
    }
}

fn texts(node: &Node) -> Vec<String> {
    node.as_array().into_iter().flatten().filter_map(Node::as_str).map(str::to_owned).collect()
}
