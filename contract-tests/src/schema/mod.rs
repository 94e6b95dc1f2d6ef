//! The schema of a request, compiled: an arena of nodes, and one [`Constraint`] for each rule that a request can break.

mod agreement;
mod compile;
mod contradictions;
mod evaluate;
mod join;
pub mod number;
mod opinion;
mod part;
mod reach;
mod subschemas;

use std::{fmt, sync::OnceLock};

use indexmap::IndexMap;
use serde_json::Value;

use self::reach::{Nodes, Reach};
pub use self::{
    agreement::{Disagreement, ReferenceValidator},
    evaluate::{Trace, Violation, equal},
};
pub(crate) use self::{
    agreement::{any_item, reference},
    compile::{TYPE_FORMATS, TypeFormat},
    opinion::{Opinion, Shared},
    part::part,
    subschemas::{IN_PLACE, children, in_place},
};
use crate::text::{format::Format, pattern::Pattern};

/// A node of a [`Schema`].
pub type NodeId = usize;
/// A constraint of a [`Schema`].
pub type ConstraintId = usize;

/// A compiled schema. References are edges, so that it may be recursive.
pub struct Schema {
    pub(crate) nodes: Vec<Node>,
    pub(crate) constraints: Vec<Constraint>,
    /// Which nodes lead to which; looked up when it is asked for the first time.
    reach: OnceLock<Reach>,
    /// For each node the rules that can be met from it and broken; looked up when they are asked for the first time.
    rules: Vec<OnceLock<Vec<ConstraintId>>>,
    /// For each node how many nodes refer to it.
    referred: Vec<usize>,
    /// For each constraint the node that it stands in.
    home: Vec<Option<NodeId>>,
    /// Whether some node has `unevaluatedProperties` or `unevaluatedItems`, which need annotations.
    annotates: bool,
    /// What the document says and the engine does not cover.
    pub(crate) uncovered: Vec<Uncovered>,
    /// Rules of the document that no request can break, with the reason.
    pub(crate) unbreakable: Vec<Uncovered>,
    /// Where what the document asks for contradicts itself, so that no value is valid.
    pub(crate) contradictions: Vec<Uncovered>,
}

/// A rule of the document that a request can break: one occurrence of a keyword, or one item of a keyword that lists rules.
#[derive(Debug, Clone)]
pub struct Constraint {
    /// Where the keyword stands in the compiled schema (JSON Pointer).
    pub pointer: String,
    /// Where it stands in the document; none where the engine made it up to put the parts of a request together.
    pub source: Option<String>,
    /// The keyword.
    pub keyword: &'static str,
    /// Which item of a keyword that lists several rules: the property of `required`, `dependentRequired` and `properties`.
    pub item: Option<String>,
    /// Where in an instance it applies, with `*` for any item or name: `/body/address/city`.
    pub place: String,
    pub(crate) rule: Rule,
    /// Whether it stands inside a condition or an alternative, so that breaking it does not by itself refuse the request.
    pub(crate) conditional: bool,
    /// Whether every request keeps it, so that there is nothing to be tested but its edge.
    pub(crate) always_kept: bool,
}

impl Constraint {
    /// Whether it is a choice to be exercised (an optional property, a condition) and not a rule that can be broken.
    pub fn is_choice(&self) -> bool {
        matches!(self.rule, Rule::Optional(_) | Rule::Condition)
    }

    /// What identifies it across runs: where it stands in the document, and the item.
    pub fn key(&self) -> String {
        let pointer = self.source.as_ref().unwrap_or(&self.pointer);
        match &self.item {
            None => pointer.clone(),
            Some(item) => format!("{pointer}[{item}]"),
        }
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key())
    }
}

/// Something that the document says and the engine does not cover, with the reason.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Uncovered {
    /// Where in the document.
    pub pointer: String,
    /// Why.
    pub reason: String,
}

/// What a constraint asks for.
#[derive(Debug, Clone)]
pub(crate) enum Rule {
    Type(Types),
    Enum(Vec<Value>),
    Const(Value),
    MinLength(usize),
    MaxLength(usize),
    Pattern(Pattern),
    Format(&'static Format),
    Minimum(serde_json::Number),
    Maximum(serde_json::Number),
    ExclusiveMinimum(serde_json::Number),
    ExclusiveMaximum(serde_json::Number),
    MultipleOf(serde_json::Number),
    MinItems(usize),
    MaxItems(usize),
    UniqueItems,
    MinProperties(usize),
    MaxProperties(usize),
    Required(String),
    DependentRequired {
        when: String,
        then: String,
    },
    /// The schema `false`: no value here.
    Never,
    AnyOf,
    OneOf,
    Not,
    Contains,
    MinContains(usize),
    MaxContains(usize),
    /// `if`: a choice with two sides.
    Condition,
    /// A property that may be absent: a choice with two sides.
    Optional(String),
}

/// The types of JSON Schema, where `FRACTION` is a number that is not an integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Types(pub u8);

impl Types {
    pub const NULL: Self = Self(1);
    pub const BOOLEAN: Self = Self(2);
    pub const INTEGER: Self = Self(4);
    pub const FRACTION: Self = Self(8);
    pub const NUMBER: Self = Self(4 | 8);
    pub const STRING: Self = Self(16);
    pub const ARRAY: Self = Self(32);
    pub const OBJECT: Self = Self(64);
    pub const ALL: Self = Self(127);
    pub const NONE: Self = Self(0);
    /// One of each.
    pub const EACH: [Self; 7] =
        [Self::STRING, Self::INTEGER, Self::FRACTION, Self::BOOLEAN, Self::NULL, Self::OBJECT, Self::ARRAY];

    pub fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::NULL,
            Value::Bool(_) => Self::BOOLEAN,
            Value::Number(number) if number::is_integer(number) => Self::INTEGER,
            Value::Number(_) => Self::FRACTION,
            Value::String(_) => Self::STRING,
            Value::Array(_) => Self::ARRAY,
            Value::Object(_) => Self::OBJECT,
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "null" => Self::NULL,
            "boolean" => Self::BOOLEAN,
            "integer" => Self::INTEGER,
            "number" => Self::NUMBER,
            "string" => Self::STRING,
            "array" => Self::ARRAY,
            "object" => Self::OBJECT,
            _ => return None,
        })
    }

    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub fn iter(self) -> impl Iterator<Item = Self> {
        Self::EACH.into_iter().filter(move |one| self.has(*one))
    }
}

/// One schema object.
#[derive(Debug, Default)]
pub(crate) struct Node {
    /// Where it stands in the document.
    pub pointer: String,
    /// Where in an instance it was first met.
    pub place: String,
    /// Whether it is only reached through `if`, `not` or `contains`.
    pub conditional: bool,
    /// The schema `false`.
    pub never: Option<ConstraintId>,
    /// The rules that concern the value itself.
    pub own: Vec<ConstraintId>,
    pub reference: Option<NodeId>,
    pub all_of: Vec<NodeId>,
    pub any_of: Option<(ConstraintId, Vec<NodeId>)>,
    pub one_of: Option<(ConstraintId, Vec<NodeId>)>,
    pub not: Option<(ConstraintId, NodeId)>,
    pub condition: Option<Condition>,
    pub dependent_schemas: Vec<(String, NodeId)>,
    pub properties: IndexMap<String, NodeId>,
    pub pattern_properties: Vec<(Pattern, NodeId)>,
    pub additional_properties: Option<NodeId>,
    pub property_names: Option<NodeId>,
    pub unevaluated_properties: Option<NodeId>,
    pub prefix_items: Vec<NodeId>,
    pub items: Option<NodeId>,
    pub unevaluated_items: Option<NodeId>,
    pub contains: Option<Contains>,
    /// `x-unique`: no two resources share the value.
    pub unique: bool,
    /// A format that names a type of a programming language: values that the type does not have are doubtful.
    pub type_format: Option<TypeFormat>,
    /// It has a format or a pattern that is not understood: what it asks of texts nobody knows here.
    pub unchecked: bool,
    /// `readOnly`: not to be sent.
    pub read_only: bool,
    /// Values that the document gives: `examples`, `example`, `default`.
    pub examples: Vec<Value>,
}

#[derive(Debug)]
pub(crate) struct Condition {
    pub id: ConstraintId,
    pub when: NodeId,
    pub then: Option<NodeId>,
    pub otherwise: Option<NodeId>,
}

/// `contains` with its bounds.
#[derive(Debug)]
pub(crate) struct Contains {
    pub node: NodeId,
    /// `contains`, or `minContains` where it is given and above zero.
    pub min: Option<(ConstraintId, usize)>,
    pub max: Option<(ConstraintId, usize)>,
}

impl Node {
    /// Every node that is applied from here, whatever to.
    pub fn children(&self) -> impl Iterator<Item = NodeId> {
        self.children_of(Types::ALL)
    }

    /// The nodes that are applied from here to values of these types, or to what is in them.
    pub fn children_of(&self, types: Types) -> impl Iterator<Item = NodeId> {
        let condition = self.condition.iter().flat_map(|c| [Some(c.when), c.then, c.otherwise]).flatten();
        let branches = self.any_of.iter().chain(&self.one_of).flat_map(|(_, branches)| branches.iter().copied());
        let of_objects = [self.additional_properties, self.property_names, self.unevaluated_properties]
            .into_iter()
            .flatten()
            .chain(self.dependent_schemas.iter().map(|(_, node)| *node))
            .chain(self.properties.values().copied())
            .chain(self.pattern_properties.iter().map(|(_, node)| *node));
        let of_lists = [self.items, self.unevaluated_items, self.contains.as_ref().map(|contains| contains.node)]
            .into_iter()
            .flatten()
            .chain(self.prefix_items.iter().copied());
        [self.reference, self.not.map(|(_, node)| node)]
            .into_iter()
            .flatten()
            .chain(self.all_of.iter().copied())
            .chain(branches)
            .chain(condition)
            .chain(of_objects.filter(move |_| types.has(Types::OBJECT)))
            .chain(of_lists.filter(move |_| types.has(Types::ARRAY)))
    }

    /// The constraints that stand in this node itself.
    pub fn constraints(&self) -> impl Iterator<Item = ConstraintId> {
        let contains = self.contains.iter().flat_map(|c| [c.min.map(|(id, _)| id), c.max.map(|(id, _)| id)]).flatten();
        [
            self.never,
            self.any_of.as_ref().map(|(id, _)| *id),
            self.one_of.as_ref().map(|(id, _)| *id),
            self.not.map(|(id, _)| id),
            self.condition.as_ref().map(|c| c.id),
        ]
        .into_iter()
        .flatten()
        .chain(self.own.iter().copied())
        .chain(contains)
    }
}

impl Schema {
    /// Whether `constraint` can be met from `node`.
    pub(crate) fn reaches(&self, node: NodeId, constraint: ConstraintId) -> bool {
        self.home[constraint].is_some_and(|home| self.leads(node, home))
    }

    /// Whether the node `to` can be met from `node`.
    pub(crate) fn leads(&self, node: NodeId, to: NodeId) -> bool {
        self.reach.get_or_init(|| Reach::of(&self.nodes)).leads(node, to)
    }

    /// The nodes that can be met from these, themselves included.
    fn met(&self, from: impl IntoIterator<Item = NodeId>) -> Nodes {
        Nodes::met(self.nodes.len(), from, |id| self.nodes[id].children())
    }

    /// For each constraint whether it can be met in an alternative that has no other beside it.
    fn in_lone_branches(&self) -> Vec<bool> {
        let alternatives = self.nodes.iter().flat_map(|node| node.any_of.iter().chain(&node.one_of));
        let met = self.met(alternatives.filter(|(_, all)| all.len() == 1).map(|(_, all)| all[0]));
        self.home.iter().map(|home| home.is_some_and(|home| met.has(home))).collect()
    }

    /// The node that a constraint stands in.
    pub(crate) fn node_of(&self, constraint: ConstraintId) -> Option<&Node> {
        self.home[constraint].map(|node| &self.nodes[node])
    }

    /// Every constraint.
    pub fn constraints(&self) -> &[Constraint] {
        &self.constraints
    }

    /// Whether this node is a reference to what another node refers to as well.
    pub(crate) fn is_one_of_several(&self, node: NodeId) -> bool {
        self.nodes[node].reference.is_some_and(|target| self.referred[target] > 1)
    }

    /// Where each constraint stands, and how many nodes refer to each.
    fn note_places(&mut self) {
        let count = self.nodes.len();
        self.home = vec![None; self.constraints.len()];
        for (id, node) in self.nodes.iter().enumerate() {
            node.constraints().for_each(|constraint| self.home[constraint] = Some(id));
        }
        self.referred = vec![0; count];
        for target in self.nodes.iter().filter_map(|node| node.reference) {
            self.referred[target] += 1;
        }
        self.rules = (0..count).map(|_| OnceLock::new()).collect();
    }

    /// The rules that can be met from `node`, choices left out, in the order of the document.
    pub(crate) fn rules(&self, node: NodeId) -> &[ConstraintId] {
        self.rules[node].get_or_init(|| {
            let met = self.met([node]);
            let is_met = |id: &ConstraintId| self.home[*id].is_some_and(|home| met.has(home));
            let reached = |id: &ConstraintId| is_met(id) && !self.constraints[*id].is_choice();
            (0..self.constraints.len()).filter(reached).collect()
        })
    }
}
