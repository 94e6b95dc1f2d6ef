//! From a schema in a document to the arena.

use std::{collections::HashMap, sync::OnceLock};

use serde_json::{Map, Value};

use super::subschemas::{LISTED, NAMED, SINGLE};
use super::{Condition, Constraint, ConstraintId, Contains, Node, NodeId, Rule, Schema, Types, Uncovered};
use crate::pointer::escape;
use crate::text::{format, pattern::Pattern};

/// Keywords that ask nothing of a value. What begins with `x-` is not listed.
const ANNOTATIONS: [&str; 22] = [
    "$schema",
    "$id",
    "$anchor",
    "$dynamicAnchor",
    "$vocabulary",
    "$comment",
    "$defs",
    "definitions",
    "title",
    "description",
    "default",
    "examples",
    "example",
    "deprecated",
    "readOnly",
    "writeOnly",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
    "discriminator",
    "xml",
    "externalDocs",
];

/// Formats of OpenAPI that name a type of programming languages and assert nothing about the JSON value.
pub(crate) const TYPE_FORMATS: [&str; 13] =
    ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float", "double", "password", "byte", "binary"];

/// A format that bounds what a value can be without being a rule: a value outside is neither valid nor invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TypeFormat {
    /// Of at most 32 bits.
    Integer {
        least: i32,
        most: u32,
    },
    Int64,
    Uint64,
    Float,
    Double,
    Byte,
}

impl TypeFormat {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "int8" => Self::Integer { least: i8::MIN.into(), most: i8::MAX as u32 },
            "int16" => Self::Integer { least: i16::MIN.into(), most: i16::MAX as u32 },
            "int32" => Self::Integer { least: i32::MIN, most: i32::MAX as u32 },
            "int64" => Self::Int64,
            "uint8" => Self::Integer { least: 0, most: u8::MAX.into() },
            "uint16" => Self::Integer { least: 0, most: u16::MAX.into() },
            "uint32" => Self::Integer { least: 0, most: u32::MAX },
            "uint64" => Self::Uint64,
            "float" => Self::Float,
            "double" => Self::Double,
            "byte" => Self::Byte,
            _ => return None,
        })
    }

    /// Whether the type has this number exactly.
    pub fn has(self, number: &serde_json::Number) -> bool {
        let float = number.as_f64().unwrap_or(f64::NAN);
        match self {
            Self::Integer { least, most } => (f64::from(least)..=f64::from(most)).contains(&float),
            Self::Int64 => number.is_i64() || float.fract() == 0.0 && float.abs() < 9.2e18,
            Self::Uint64 => number.is_u64() || float.fract() == 0.0 && (0.0..1.8e19).contains(&float),
            // As many digits as survive the way through a binary float of 32 bits.
            Self::Float => (float as f32).to_string().parse::<f64>().is_ok_and(|kept| kept == float),
            Self::Double => !(number.is_i64() || number.is_u64()) || float.abs() <= 9_007_199_254_740_991.0,
            Self::Byte => true,
        }
    }
}

/// How far a constraint's node is from the request's own rules.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Distance {
    /// What breaks it is refused.
    Direct,
    /// In a branch of `anyOf` or `oneOf`.
    Branch,
    /// In `if`, `not` or `contains`.
    Condition,
}

impl Schema {
    /// Compiles the schema that `pointer` names in `document`.
    pub fn compile(document: &Value, pointer: &str) -> Self {
        let mut compiler = Compiler {
            document,
            schema: Self {
                nodes: Vec::new(),
                constraints: Vec::new(),
                reach: OnceLock::new(),
                rules: Vec::new(),
                referred: Vec::new(),
                home: Vec::new(),
                annotates: false,
                uncovered: Vec::new(),
                unbreakable: Vec::new(),
                contradictions: Vec::new(),
            },
            known: HashMap::new(),
        };
        compiler.node(pointer, "");
        let mut schema = compiler.schema;
        schema.mark_conditional_and_optional();
        schema.note_places();
        schema.annotates =
            schema.nodes.iter().any(|node| node.unevaluated_properties.is_some() || node.unevaluated_items.is_some());
        schema
    }

    fn mark_conditional_and_optional(&mut self) {
        let mut distances = vec![Distance::Condition; self.nodes.len()];
        let mut reached = vec![false; self.nodes.len()];
        let mut open = vec![(0, Distance::Direct)];
        while let Some((id, distance)) = open.pop() {
            if reached[id] && distances[id] <= distance {
                continue;
            }
            (reached[id], distances[id]) = (true, distance);
            let node = &self.nodes[id];
            if node.read_only {
                continue; // Not to be sent, so nothing in it is reached.
            }
            let branches: Vec<NodeId> =
                node.any_of.iter().chain(&node.one_of).flat_map(|(_, branches)| branches.iter().copied()).collect();
            let inner: Vec<NodeId> = [
                node.not.map(|(_, node)| node),
                node.condition.as_ref().map(|c| c.when),
                node.contains.as_ref().map(|contains| contains.node),
            ]
            .into_iter()
            .flatten()
            .collect();
            for child in node.children() {
                let own = if inner.contains(&child) {
                    Distance::Condition
                } else if branches.contains(&child) {
                    Distance::Branch
                } else {
                    Distance::Direct
                };
                open.push((child, distance.max(own)));
            }
        }
        for (id, distance) in distances.iter().enumerate() {
            for constraint in self.nodes[id].constraints().collect::<Vec<_>>() {
                self.constraints[constraint].conditional = *distance != Distance::Direct;
                if self.nodes[id].read_only || !reached[id] {
                    self.constraints[constraint].source = None; // Not to be sent, so nothing to be broken.
                }
            }
            self.nodes[id].conditional = *distance == Distance::Condition;
            if *distance != Distance::Condition {
                self.add_optional(id);
            }
        }
    }

    /// Each property that may be absent is a choice of its own: present and absent.
    fn add_optional(&mut self, id: NodeId) {
        let required = |node: &Node, name: &str| {
            node.own.iter().any(|own| matches!(&self.constraints[*own].rule, Rule::Required(required) if required == name))
        };
        let node = &self.nodes[id];
        let optional: Vec<(String, NodeId)> = node
            .properties
            .iter()
            .filter(|(name, child)| {
                !required(node, name) && self.nodes[**child].never.is_none() && !self.nodes[**child].read_only
            })
            .map(|(name, child)| (name.clone(), *child))
            .collect();
        let place = node.place.clone();
        let pointer = format!("{}/properties", self.nodes[id].pointer);
        for (name, _) in optional {
            let pointer = format!("{pointer}/{}", escape(&name));
            self.constraints.push(Constraint {
                source: Some(pointer.clone()),
                pointer,
                keyword: "properties",
                item: None,
                place: format!("{place}/{}", escape(&name)),
                rule: Rule::Optional(name),
                conditional: true,
                always_kept: false,
            });
            let constraint = self.constraints.len() - 1;
            self.nodes[id].own.push(constraint);
        }
    }
}

struct Compiler<'a> {
    document: &'a Value,
    schema: Schema,
    known: HashMap<String, NodeId>,
}

impl Compiler<'_> {
    /// The node at `pointer`; `place` is where in the instance it was first met.
    fn node(&mut self, pointer: &str, place: &str) -> NodeId {
        if let Some(id) = self.known.get(pointer) {
            return *id;
        }
        let id = self.schema.nodes.len();
        self.known.insert(pointer.to_owned(), id);
        let empty = || Node { pointer: pointer.to_owned(), place: place.to_owned(), ..Node::default() };
        self.schema.nodes.push(empty());
        match self.document.pointer(pointer) {
            Some(Value::Object(schema)) => {
                let node = self.object(schema, pointer, place);
                self.schema.nodes[id] = node;
            }
            Some(Value::Bool(true)) => {}
            Some(Value::Bool(false)) => {
                let keyword = applicator(pointer);
                self.schema.nodes[id].never = Some(self.add(pointer, keyword, None, place, Rule::Never));
            }
            _ => self.uncovered(pointer, "there is no schema"),
        }
        id
    }

    fn object(&mut self, schema: &Map<String, Value>, pointer: &str, place: &str) -> Node {
        let mut node = Node { pointer: pointer.to_owned(), place: place.to_owned(), ..Node::default() };
        for (keyword, value) in schema {
            let at = format!("{pointer}/{}", escape(keyword));
            self.keyword(&mut node, schema, keyword, value, &at, place);
        }
        node
    }

    fn keyword(&mut self, node: &mut Node, schema: &Map<String, Value>, keyword: &str, value: &Value, at: &str, place: &str) {
        let anywhere = format!("{place}/*");
        let length = || count(value);
        let number = || value.as_number().cloned();
        let own = |name: &'static str, rule: Option<Rule>| rule.map(|rule| (name, rule));
        let rule = match keyword {
            "type" => own("type", types(value).map(Rule::Type)),
            "enum" => own("enum", value.as_array().cloned().map(Rule::Enum)),
            "const" => own("const", Some(Rule::Const(value.clone()))),
            "minLength" => own("minLength", length().map(Rule::MinLength)),
            "maxLength" => own("maxLength", length().map(Rule::MaxLength)),
            "minItems" => own("minItems", length().map(Rule::MinItems)),
            "maxItems" => own("maxItems", length().map(Rule::MaxItems)),
            "minProperties" => own("minProperties", length().map(Rule::MinProperties)),
            "maxProperties" => own("maxProperties", length().map(Rule::MaxProperties)),
            "minimum" => own("minimum", number().map(Rule::Minimum)),
            "maximum" => own("maximum", number().map(Rule::Maximum)),
            "exclusiveMinimum" => own("exclusiveMinimum", number().map(Rule::ExclusiveMinimum)),
            "exclusiveMaximum" => own("exclusiveMaximum", number().map(Rule::ExclusiveMaximum)),
            "multipleOf" => own("multipleOf", number().map(Rule::MultipleOf)),
            "uniqueItems" if value == &Value::Bool(true) => own("uniqueItems", Some(Rule::UniqueItems)),
            "uniqueItems" if value == &Value::Bool(false) => return,
            "pattern" => match value.as_str().map(Pattern::parse) {
                Some(Ok(pattern)) if pattern.is_searched_in_vain() && !given(schema, &pattern) => {
                    // What does not match is still known to be wrong, but nobody can say what is right.
                    let id = self.add(at, "pattern", None, place, Rule::Pattern(pattern.searched_in_vain()));
                    self.schema.constraints[id].source = None;
                    node.own.push(id);
                    node.unchecked = true;
                    return self.uncovered(at, unmatched(value));
                }
                Some(Ok(pattern)) => own("pattern", Some(Rule::Pattern(pattern))),
                Some(Err(error)) => {
                    node.unchecked = true;
                    return self.uncovered(at, &error.to_string());
                }
                None => None,
            },
            "format" => {
                let Some(name) = value.as_str() else { return self.uncovered(at, "not understood") };
                match format::known(name) {
                    _ if TYPE_FORMATS.contains(&name) => {
                        node.type_format = TypeFormat::of(name);
                        let reason = "this format names a type of a programming language and asserts nothing".to_owned();
                        self.schema.unbreakable.push(Uncovered { pointer: at.to_owned(), reason });
                        return;
                    }
                    Some(format) => own("format", Some(Rule::Format(format))),
                    None => {
                        node.unchecked = true;
                        return self.uncovered(at, "this format is unknown and asserts nothing");
                    }
                }
            }
            "required" => {
                for name in value.as_array().into_iter().flatten().filter_map(Value::as_str) {
                    let there = format!("{place}/{}", escape(name));
                    let id = self.add(at, "required", Some(name), &there, Rule::Required(name.to_owned()));
                    node.own.push(id);
                }
                return;
            }
            "dependentRequired" => {
                for (when, names) in value.as_object().into_iter().flatten() {
                    for then in names.as_array().into_iter().flatten().filter_map(Value::as_str) {
                        let rule = Rule::DependentRequired { when: when.clone(), then: then.to_owned() };
                        let at = format!("{at}/{}", escape(when));
                        let id = self.add(&at, "dependentRequired", Some(then), &format!("{place}/{}", escape(then)), rule);
                        node.own.push(id);
                    }
                }
                return;
            }
            "$ref" => {
                let fragment = value.as_str().and_then(|reference| reference.strip_prefix('#'));
                let target = fragment.and_then(|fragment| {
                    if fragment.is_empty() || fragment.starts_with('/') {
                        return Some(percent_encoding::percent_decode_str(fragment).decode_utf8_lossy().into_owned());
                    }
                    anchored(self.document, fragment, String::new())
                });
                match target {
                    Some(target) => node.reference = Some(self.node(&target, place)),
                    None => self.uncovered(at, "a reference to nothing in this document"),
                }
                return;
            }
            "allOf" => return node.all_of = self.nodes(value, at, place),
            "anyOf" | "oneOf" => {
                let (name, rule) = if keyword == "anyOf" { ("anyOf", Rule::AnyOf) } else { ("oneOf", Rule::OneOf) };
                let id = self.add(at, name, None, place, rule);
                let branches = Some((id, self.nodes(value, at, place)));
                *if keyword == "anyOf" { &mut node.any_of } else { &mut node.one_of } = branches;
                return;
            }
            "not" => {
                let id = self.add(at, "not", None, place, Rule::Not);
                return node.not = Some((id, self.node(at, place)));
            }
            "if" => {
                let id = self.add(at, "if", None, place, Rule::Condition);
                let sibling = |name: &str| schema.contains_key(name).then(|| format!("{}/{name}", node.pointer));
                let (then, otherwise) = (sibling("then"), sibling("else"));
                let when = self.node(at, place);
                let then = then.map(|at| self.node(&at, place));
                let otherwise = otherwise.map(|at| self.node(&at, place));
                return node.condition = Some(Condition { id, when, then, otherwise });
            }
            "then" | "else" => return, // Together with `if`; without it they mean nothing.
            "contains" => {
                let bound = |name: &str| schema.get(name).and_then(count);
                let (min, max) = (bound("minContains"), bound("maxContains"));
                let sibling = |name: &str| format!("{}/{name}", node.pointer);
                let min = match min {
                    Some(0) => None,
                    Some(min) => {
                        Some((self.add(&sibling("minContains"), "minContains", None, place, Rule::MinContains(min)), min))
                    }
                    None => Some((self.add(at, "contains", None, place, Rule::Contains), 1)),
                };
                let max =
                    max.map(|max| (self.add(&sibling("maxContains"), "maxContains", None, place, Rule::MaxContains(max)), max));
                return node.contains = Some(Contains { node: self.node(at, &anywhere), min, max });
            }
            "minContains" | "maxContains" => return, // Together with `contains`; without it they mean nothing.
            "properties" => {
                for name in value.as_object().into_iter().flat_map(Map::keys) {
                    let child = self.node(&format!("{at}/{}", escape(name)), &format!("{place}/{}", escape(name)));
                    node.properties.insert(name.clone(), child);
                }
                return;
            }
            "patternProperties" => {
                for name in value.as_object().into_iter().flat_map(Map::keys) {
                    let at = format!("{at}/{}", escape(name));
                    match Pattern::parse(name) {
                        Ok(pattern) => {
                            let child = self.node(&at, &anywhere);
                            node.pattern_properties.push((pattern, child));
                        }
                        Err(error) => self.uncovered(&at, &error.to_string()),
                    }
                }
                return;
            }
            "additionalProperties" => return node.additional_properties = Some(self.node(at, &anywhere)),
            "propertyNames" => return node.property_names = Some(self.node(at, &anywhere)),
            "unevaluatedProperties" => return node.unevaluated_properties = Some(self.node(at, &anywhere)),
            "dependentSchemas" => {
                for name in value.as_object().into_iter().flat_map(Map::keys) {
                    let child = self.node(&format!("{at}/{}", escape(name)), place);
                    node.dependent_schemas.push((name.clone(), child));
                }
                return;
            }
            "prefixItems" => return node.prefix_items = self.nodes(value, at, &anywhere),
            "items" => return node.items = Some(self.node(at, &anywhere)),
            "unevaluatedItems" => return node.unevaluated_items = Some(self.node(at, &anywhere)),
            "x-unique" => return node.unique = value == &Value::Bool(true),
            other => {
                match other {
                    "readOnly" => node.read_only = value == &Value::Bool(true),
                    "example" | "default" => node.examples.push(value.clone()),
                    "examples" => node.examples.extend(value.as_array().into_iter().flatten().cloned()),
                    _ if ANNOTATIONS.contains(&other) || other.starts_with("x-") => {}
                    _ => self.uncovered(at, "this keyword is unknown"),
                }
                return;
            }
        };
        match rule {
            Some((name, rule)) => {
                let id = self.add(at, name, None, place, rule);
                node.own.push(id);
            }
            None => self.uncovered(at, "the keyword has a value of the wrong type"),
        }
    }

    fn nodes(&mut self, value: &Value, at: &str, place: &str) -> Vec<NodeId> {
        (0..value.as_array().map_or(0, Vec::len)).map(|index| self.node(&format!("{at}/{index}"), place)).collect()
    }

    fn add(&mut self, pointer: &str, keyword: &'static str, item: Option<&str>, place: &str, rule: Rule) -> ConstraintId {
        self.schema.constraints.push(Constraint {
            pointer: pointer.to_owned(),
            source: Some(pointer.to_owned()),
            keyword,
            item: item.map(str::to_owned),
            place: place.to_owned(),
            rule,
            conditional: false,
            always_kept: false,
        });
        self.schema.constraints.len() - 1
    }

    fn uncovered(&mut self, pointer: &str, reason: &str) {
        self.schema.uncovered.push(Uncovered { pointer: pointer.to_owned(), reason: reason.to_owned() });
    }
}

/// A count: an integer that is not negative, which may be written as `2.0` (JSON Schema, core, section 4.2.3).
fn count(value: &Value) -> Option<usize> {
    value.as_f64().filter(|n| n.fract() == 0.0 && *n >= 0.0).map(|n| n as usize)
}

/// The keyword that applies the schema at `pointer`.
fn applicator(pointer: &str) -> &'static str {
    let (parent, last) = pointer.rsplit_once('/').unwrap_or(("", pointer));
    if let Some((_, list)) = parent.rsplit_once('/')
        && let Some(keyword) = NAMED.iter().chain(&LISTED).chain(&["$defs"]).find(|keyword| **keyword == list)
    {
        return keyword;
    }
    SINGLE.iter().find(|keyword| **keyword == last).copied().unwrap_or("false")
}

/// Where in the document the schema with this `$anchor` stands.
fn anchored(node: &Value, anchor: &str, pointer: String) -> Option<String> {
    match node {
        Value::Object(object) => {
            if object.get("$anchor").and_then(Value::as_str) == Some(anchor) {
                return Some(pointer);
            }
            object.iter().find_map(|(key, child)| anchored(child, anchor, format!("{pointer}/{}", escape(key))))
        }
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(index, item)| anchored(item, anchor, format!("{pointer}/{index}")))
        }
        _ => None,
    }
}

/// Whether the schema itself has a text that the pattern matches.
fn given(schema: &Map<String, Value>, pattern: &Pattern) -> bool {
    let lists = ["enum", "examples"].into_iter().filter_map(|name| schema.get(name)?.as_array()).flatten();
    let single = ["const", "default", "example"].into_iter().filter_map(|name| schema.get(name));
    lists.chain(single).filter_map(Value::as_str).any(|text| pattern.is_match(text))
}

fn types(value: &Value) -> Option<Types> {
    match value {
        Value::String(name) => Types::named(name),
        Value::Array(names) => names.iter().try_fold(Types::NONE, |types, name| Some(types.or(Types::named(name.as_str()?)?))),
        _ => None,
    }
}

/// Why a pattern matches nothing, as far as can be told.
fn unmatched(pattern: &Value) -> &'static str {
    let is_literal = pattern.as_str().is_some_and(|text| text.starts_with("/^") && text.contains("$/"));
    if is_literal {
        "no text was found that this pattern matches: the slashes around it are part of it"
    } else {
        "no text was found that this pattern matches"
    }
}
