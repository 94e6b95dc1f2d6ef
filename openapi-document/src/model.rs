//! OpenAPI's object model: which object stands under which key. What is not here is data, and nothing below it is looked at, so
//! that a property, an example or a default may be called and look like anything.

use crate::{
    node::{Content, Node},
    operations::METHODS,
    pointer::unescape,
};

/// The objects of OpenAPI 2.0 to 3.2 that hold others or may be referred to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Document,
    Components,
    PathItem,
    Operation,
    Parameter,
    Header,
    RequestBody,
    Response,
    MediaType,
    Encoding,
    Example,
    Link,
    Callback,
    SecurityScheme,
    Schema,
}

/// One object, or several of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Shape {
    One(Kind),
    List(Kind),
    /// By names of any form.
    Map(Kind),
    /// By names that do not begin with `x-`.
    Patterned(Kind),
}

use Kind::{
    Callback, Components, Document, Encoding, Example, Header, Link, MediaType, Operation, Parameter, PathItem, RequestBody,
    Response, Schema, SecurityScheme,
};
use Shape::{List, Map, One, Patterned};

impl Kind {
    /// Whether a Reference Object, or a schema with `$ref`, may stand in its place.
    pub fn may_be_reference(self) -> bool {
        !matches!(self, Document | Components | Operation | Encoding)
    }

    /// Where such objects are kept below `/components`.
    pub fn section(self) -> &'static str {
        match self {
            PathItem => "pathItems",
            Parameter => "parameters",
            Header => "headers",
            RequestBody => "requestBodies",
            Response => "responses",
            MediaType => "mediaTypes",
            Example => "examples",
            Link => "links",
            Callback => "callbacks",
            SecurityScheme => "securitySchemes",
            Schema => "schemas",
            Document | Components | Operation | Encoding => "x-objects",
        }
    }

    /// What stands under `key`.
    fn member(self, key: &str) -> Option<Shape> {
        Some(match (self, key) {
            (Document, "paths") => Patterned(PathItem),
            (Document, "webhooks") => Map(PathItem),
            (Document, "components") => One(Components),
            (Document | Components, "parameters") => Map(Parameter),
            (Document | Components, "responses") => Map(Response),
            (Document, "definitions") | (Components, "schemas") => Map(Schema),
            (Document, "securityDefinitions") | (Components, "securitySchemes") => Map(SecurityScheme),
            (Components, "examples") => Map(Example),
            (Components, "requestBodies") => Map(RequestBody),
            (Components | Response | Encoding, "headers") => Map(Header),
            (Components | Response, "links") => Map(Link),
            (Components | Operation, "callbacks") => Map(Callback),
            (Components, "pathItems") => Map(PathItem),
            (Components, "mediaTypes") => Map(MediaType),
            (PathItem, "additionalOperations") => Map(Operation),
            (PathItem | Operation, "parameters") => List(Parameter),
            (PathItem, method) if METHODS.contains(&method) => One(Operation),
            (Operation, "requestBody") => One(RequestBody),
            (Operation, "responses") => Patterned(Response),
            (Parameter | Header | MediaType | Response, "schema") | (MediaType, "itemSchema") => One(Schema),
            (Parameter | Header | RequestBody | Response, "content") => Map(MediaType),
            (Parameter | Header | MediaType, "examples") => Map(Example),
            (MediaType | Encoding, "encoding") => Map(Encoding),
            (MediaType | Encoding, "prefixEncoding") => List(Encoding),
            (MediaType | Encoding, "itemEncoding") => One(Encoding),
            (Callback, expression) if !expression.starts_with("x-") && expression != "$ref" => One(PathItem),
            (Schema, "properties" | "patternProperties" | "$defs" | "definitions" | "dependentSchemas" | "dependencies") => {
                Map(Schema)
            }
            (Schema, "allOf" | "anyOf" | "oneOf" | "prefixItems") => List(Schema),
            (
                Schema,
                "items"
                | "additionalItems"
                | "additionalProperties"
                | "not"
                | "if"
                | "then"
                | "else"
                | "contains"
                | "propertyNames"
                | "unevaluatedItems"
                | "unevaluatedProperties"
                | "contentSchema",
            ) => One(Schema),
            _ => return None,
        })
    }
}

impl Shape {
    /// What the segment of a pointer leads to.
    pub fn step(self, segment: &str) -> Option<Self> {
        match self {
            One(kind) => kind.member(segment),
            List(kind) | Map(kind) => Some(One(kind)),
            Patterned(kind) => (!segment.starts_with("x-")).then_some(One(kind)),
        }
    }

    /// What a pointer from here leads to.
    pub fn descend(self, pointer: &str) -> Option<Self> {
        pointer.split('/').skip(1).try_fold(self, |shape, segment| shape.step(&unescape(segment)))
    }

    /// The object that a reference in this place stands for, and whether OpenAPI allows it there.
    pub fn kind(self) -> Kind {
        match self {
            One(kind) | List(kind) | Map(kind) | Patterned(kind) => kind,
        }
    }

    /// The members or items of `node`, with what each of them is.
    pub fn children<'n>(self, node: &'n Node) -> Box<dyn Iterator<Item = (ChildName<'n>, &'n Node, Self)> + 'n> {
        match (&node.content, self) {
            (Content::Object(object), shape) => {
                Box::new(object.iter().filter_map(move |(key, child)| Some((ChildName::Key(key), child, shape.step(key)?))))
            }
            // `items` was an array once, `type: array` of a schema's `dependencies` is one of names: both hold schemas or texts.
            (Content::Array(items), List(kind) | One(kind @ Schema)) => {
                Box::new(items.iter().enumerate().map(move |(index, child)| (ChildName::Index(index), child, One(kind))))
            }
            _ => Box::new(std::iter::empty()),
        }
    }

    pub fn children_mut<'n>(self, node: &'n mut Node) -> Box<dyn Iterator<Item = (ChildName<'n>, &'n mut Node, Self)> + 'n> {
        match (&mut node.content, self) {
            (Content::Object(object), shape) => {
                Box::new(object.iter_mut().filter_map(move |(key, child)| Some((ChildName::Key(key), child, shape.step(key)?))))
            }
            (Content::Array(items), List(kind) | One(kind @ Schema)) => {
                Box::new(items.iter_mut().enumerate().map(move |(index, child)| (ChildName::Index(index), child, One(kind))))
            }
            _ => Box::new(std::iter::empty()),
        }
    }
}

/// The name of a member or the index of an item.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ChildName<'n> {
    Key(&'n str),
    Index(usize),
}

impl ChildName<'_> {
    /// Adds it to a pointer and gives the length that the pointer had before.
    pub fn push(self, pointer: &mut String) -> usize {
        let before = pointer.len();
        pointer.push('/');
        match self {
            Self::Key(key) if key.contains(['~', '/']) => pointer.push_str(&crate::pointer::escape(key)),
            Self::Key(key) => pointer.push_str(key),
            Self::Index(index) => pointer.push_str(&index.to_string()),
        }
        before
    }
}

/// Visits each object of the model in and below `node`, those around others first; `pointer` is the one of `node`.
pub(crate) fn visit<'n>(node: &'n Node, shape: Shape, pointer: &mut String, visitor: &mut impl FnMut(&'n Node, Shape, &str)) {
    visitor(node, shape, pointer);
    for (name, child, shape) in shape.children(node) {
        let before = name.push(pointer);
        visit(child, shape, pointer, visitor);
        pointer.truncate(before);
    }
}

/// As [`visit`], for changes.
pub(crate) fn visit_mut(node: &mut Node, shape: Shape, visitor: &mut impl FnMut(&mut Node, Shape)) {
    visitor(node, shape);
    for (_, child, shape) in shape.children_mut(node) {
        visit_mut(child, shape, visitor);
    }
}

/// The reference that stands in place of an object; none where `$ref` is the name of a member, such as a property.
pub(crate) fn reference(node: &Node) -> Option<&str> {
    node.get("$ref")?.as_str()
}
