//! The engine's own evaluation of an instance: not only whether it is valid, but what every constraint said.

use std::{collections::BTreeSet, fmt::Write};

use serde_json::Value;

use super::{ConstraintId, Node, NodeId, Rule, Schema, Types, number};
use crate::pointer::escape;

/// References may follow one another this often before it is a circle.
const MAX_DEPTH: usize = 256;
/// From this depth on it is looked whether a schema has led back to itself: each round may take twice as long as the one before.
const MAY_BE_CIRCLE: usize = 32;

/// A constraint that an instance breaks, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Violation {
    /// The constraint.
    pub constraint: ConstraintId,
    /// The value that breaks it (JSON Pointer); for a missing or unknown property, that property.
    pub place: String,
}

/// What the constraints said of an instance.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    /// What is broken, so that the instance is invalid. Empty for a valid one.
    pub broken: BTreeSet<Violation>,
    /// What is broken inside a condition or an alternative, where it need not matter.
    pub hidden: BTreeSet<Violation>,
    /// For each constraint whether it was met and satisfied.
    pub satisfied: Vec<bool>,
    /// For each constraint whether it was met and did not hold.
    pub failed: Vec<bool>,
    /// Where the values are that no two resources share.
    pub unique: BTreeSet<String>,
    /// How many pairs of a schema object and a value were looked at: the work, counted the same on every machine.
    pub steps: u64,
}

impl Trace {
    /// Whether the instance breaks this constraint, in one place, and nothing else.
    pub fn breaks_only(&self, constraint: ConstraintId) -> bool {
        self.broken.len() == 1 && self.broken.iter().all(|violation| violation.constraint == constraint)
    }
}

/// What of an object or array has been evaluated (JSON Schema 2020-12, core, section 11).
#[derive(Default)]
struct Evaluated {
    properties: BTreeSet<String>,
    items: BTreeSet<usize>,
}

impl Evaluated {
    fn add(&mut self, other: Self) {
        self.properties.extend(other.properties);
        self.items.extend(other.items);
    }
}

struct Evaluation<'a> {
    schema: &'a Schema,
    trace: Trace,
    place: String,
    /// How many conditions and alternatives we are in.
    inside: usize,
    /// The schemas that are being applied, each with its value.
    open: Vec<(NodeId, *const Value)>,
    /// Whether only the verdict is asked for: the rest of the trace stays empty, and what is invalid is not looked at further.
    quiet: bool,
    /// How many steps may be taken; the verdict of an evaluation that took more is none.
    limit: u64,
}

impl Schema {
    /// What the constraints say of `instance`.
    pub fn evaluate(&self, instance: &Value) -> Trace {
        let mut evaluation = self.evaluation(false, u64::MAX);
        evaluation.node(0, instance);
        evaluation.trace
    }

    /// The same, where it takes no more than so many steps.
    pub(crate) fn evaluate_within(&self, limit: u64, instance: &Value) -> Option<Trace> {
        let mut evaluation = self.evaluation(false, limit);
        evaluation.node(0, instance);
        (evaluation.trace.steps <= limit).then_some(evaluation.trace)
    }

    /// Whether `value` is valid against the schema of `node`.
    pub(crate) fn accepts(&self, node: NodeId, value: &Value) -> bool {
        self.evaluation(true, u64::MAX).node(node, value).0
    }

    /// The same with how many steps it took; none where these are more than `limit`.
    pub(crate) fn accepts_within(&self, limit: u64, node: NodeId, value: &Value) -> (Option<bool>, u64) {
        let mut evaluation = self.evaluation(true, limit);
        let (valid, _) = evaluation.node(node, value);
        let steps = evaluation.trace.steps;
        ((steps <= limit).then_some(valid), steps)
    }

    fn evaluation(&self, quiet: bool, limit: u64) -> Evaluation<'_> {
        let count = if quiet { 0 } else { self.constraints.len() };
        let trace = Trace { satisfied: vec![false; count], failed: vec![false; count], ..Trace::default() };
        Evaluation { schema: self, trace, place: String::new(), inside: 0, open: Vec::new(), quiet, limit }
    }
}

impl Evaluation<'_> {
    fn note(&mut self, constraint: ConstraintId, holds: bool) -> bool {
        self.note_at(constraint, holds, None)
    }

    fn note_at(&mut self, constraint: ConstraintId, holds: bool, child: Option<&str>) -> bool {
        if self.quiet {
            return holds;
        }
        if holds {
            self.trace.satisfied[constraint] = true;
            return true;
        }
        self.trace.failed[constraint] = true;
        let place = match child {
            None => self.place.clone(),
            Some(child) => format!("{}/{}", self.place, escape(child)),
        };
        let violation = Violation { constraint, place };
        if self.inside == 0 { &mut self.trace.broken } else { &mut self.trace.hidden }.insert(violation);
        false
    }

    /// Evaluates a child value; the same node on the same value adds nothing to what is evaluated here.
    fn child(&mut self, node: NodeId, value: &Value, segment: impl std::fmt::Display) -> bool {
        if self.quiet {
            return self.node(node, value).0;
        }
        let length = self.place.len();
        let _ = write!(self.place, "/{segment}");
        let (valid, _) = self.node(node, value);
        self.place.truncate(length);
        valid
    }

    fn named(&mut self, node: NodeId, value: &Value, name: &str) -> bool {
        if self.quiet { self.node(node, value).0 } else { self.child(node, value, escape(name)) }
    }

    fn aside(&mut self, node: NodeId, value: &Value) -> (bool, Evaluated) {
        self.inside += 1;
        let outcome = self.node(node, value);
        self.inside -= 1;
        outcome
    }

    fn node(&mut self, id: NodeId, value: &Value) -> (bool, Evaluated) {
        self.trace.steps += 1;
        let (depth, this) = (self.open.len(), (id, std::ptr::from_ref(value)));
        let is_circle = depth >= MAX_DEPTH || depth >= MAY_BE_CIRCLE && self.open.contains(&this);
        if is_circle || self.trace.steps > self.limit {
            return (true, Evaluated::default());
        }
        self.open.push(this);
        let outcome = self.applied(id, value);
        self.open.pop();
        outcome
    }

    fn applied(&mut self, id: NodeId, value: &Value) -> (bool, Evaluated) {
        let schema = self.schema;
        let node = &schema.nodes[id];
        let mut done = Evaluated::default();
        if let Some(never) = node.never {
            self.note(never, false);
            return (false, done);
        }
        if node.unique && !self.quiet {
            self.trace.unique.insert(self.place.clone());
        }
        let mut valid = true;
        for own in &node.own {
            valid &= self.own(*own, value);
            if self.is_settled(valid) {
                return (false, done);
            }
        }
        for in_place in node.reference.iter().chain(&node.all_of) {
            let (holds, evaluated) = self.node(*in_place, value);
            valid &= holds;
            if self.is_settled(valid) {
                return (false, done);
            }
            done.add(evaluated);
        }
        if let Some((id, branches)) = &node.any_of {
            let mut any = false;
            for branch in branches {
                let (holds, evaluated) = self.aside(*branch, value);
                any |= holds;
                if holds {
                    done.add(evaluated);
                    if self.quiet && !self.schema.annotates {
                        break;
                    }
                }
            }
            valid &= self.note(*id, any);
        }
        if let Some((id, branches)) = &node.one_of {
            let mut matching = 0;
            for branch in branches {
                let (holds, evaluated) = self.aside(*branch, value);
                if holds {
                    matching += 1;
                    done.add(evaluated);
                    if self.quiet && matching > 1 {
                        break;
                    }
                }
            }
            valid &= self.note(*id, matching == 1);
        }
        if self.is_settled(valid) {
            return (false, done);
        }
        if let Some((id, inner)) = node.not {
            let (holds, _) = self.aside(inner, value);
            valid &= self.note(id, !holds);
        }
        if let Some(condition) = &node.condition {
            let (holds, evaluated) = self.aside(condition.when, value);
            if holds {
                done.add(evaluated);
            }
            if !self.quiet {
                let side = if holds { &mut self.trace.satisfied } else { &mut self.trace.failed };
                side[condition.id] = true;
            }
            if let Some(side) = if holds { condition.then } else { condition.otherwise } {
                let (holds, evaluated) = self.node(side, value);
                valid &= holds;
                done.add(evaluated);
            }
        }
        if self.is_settled(valid) {
            return (false, done);
        }
        match value {
            Value::Object(object) => valid &= self.object(node, value, object, &mut done),
            Value::Array(items) => valid &= self.array(node, items, &mut done),
            _ => {}
        }
        (valid, done)
    }

    /// Whether nothing more is to be learnt here.
    fn is_settled(&self, valid: bool) -> bool {
        self.quiet && !valid
    }

    fn object(&mut self, node: &Node, value: &Value, object: &serde_json::Map<String, Value>, done: &mut Evaluated) -> bool {
        let mut valid = true;
        let annotates = self.schema.annotates;
        for (when, then) in &node.dependent_schemas {
            if object.contains_key(when) {
                let (holds, evaluated) = self.node(*then, value);
                valid &= holds;
                done.add(evaluated);
            }
        }
        for (name, child) in object {
            if self.is_settled(valid) {
                return false;
            }
            let mut known = false;
            if let Some(schema) = node.properties.get(name) {
                known = true;
                valid &= self.named(*schema, child, name);
            }
            for (pattern, schema) in &node.pattern_properties {
                if pattern.is_match(name) {
                    known = true;
                    valid &= self.named(*schema, child, name);
                }
            }
            if !known && let Some(schema) = node.additional_properties {
                known = true;
                valid &= self.named(schema, child, name);
            }
            if known && annotates {
                done.properties.insert(name.clone());
            }
            if let Some(names) = node.property_names {
                valid &= self.named(names, &Value::String(name.clone()), name);
            }
        }
        if let Some(schema) = node.unevaluated_properties {
            for (name, child) in object {
                if done.properties.insert(name.clone()) {
                    valid &= self.named(schema, child, name);
                }
            }
        }
        valid
    }

    fn array(&mut self, node: &Node, items: &[Value], done: &mut Evaluated) -> bool {
        let mut valid = true;
        for (index, item) in items.iter().enumerate() {
            let schema = node.prefix_items.get(index).copied().or(node.items);
            if let Some(schema) = schema {
                valid &= self.child(schema, item, index);
                if self.schema.annotates {
                    done.items.insert(index);
                }
            }
            if self.is_settled(valid) {
                return false;
            }
        }
        if let Some(contains) = &node.contains {
            let mut matching = 0;
            for (index, item) in items.iter().enumerate() {
                self.inside += 1;
                let holds = self.child(contains.node, item, index);
                self.inside -= 1;
                if holds {
                    matching += 1;
                    if self.schema.annotates {
                        done.items.insert(index);
                    }
                }
            }
            if let Some((id, min)) = contains.min {
                valid &= self.note(id, matching >= min);
            }
            if let Some((id, max)) = contains.max {
                valid &= self.note(id, matching <= max);
            }
        }
        if let Some(schema) = node.unevaluated_items {
            for (index, item) in items.iter().enumerate() {
                if done.items.insert(index) {
                    valid &= self.child(schema, item, index);
                }
            }
        }
        valid
    }

    fn own(&mut self, id: ConstraintId, value: &Value) -> bool {
        let schema = self.schema;
        let rule = &schema.constraints[id].rule;
        let holds = match (rule, value) {
            (Rule::Type(types), _) => types.has(Types::of(value)),
            (Rule::Enum(members), _) => members.iter().any(|member| equal(member, value)),
            (Rule::Const(constant), _) => equal(constant, value),
            (Rule::MinLength(min), Value::String(text)) => text.chars().count() >= *min,
            (Rule::MaxLength(max), Value::String(text)) => text.chars().count() <= *max,
            (Rule::Pattern(pattern), Value::String(text)) => pattern.is_match(text),
            (Rule::Format(format), Value::String(text)) => format.accepts(text),
            (Rule::Minimum(bound), Value::Number(number)) => number::compare(number, bound).is_ge(),
            (Rule::Maximum(bound), Value::Number(number)) => number::compare(number, bound).is_le(),
            (Rule::ExclusiveMinimum(bound), Value::Number(number)) => number::compare(number, bound).is_gt(),
            (Rule::ExclusiveMaximum(bound), Value::Number(number)) => number::compare(number, bound).is_lt(),
            (Rule::MultipleOf(divisor), Value::Number(number)) => number::is_multiple(number, divisor),
            (Rule::MinItems(min), Value::Array(items)) => items.len() >= *min,
            (Rule::MaxItems(max), Value::Array(items)) => items.len() <= *max,
            (Rule::UniqueItems, Value::Array(items)) => {
                items.iter().enumerate().all(|(index, item)| items[..index].iter().all(|earlier| !equal(earlier, item)))
            }
            (Rule::MinProperties(min), Value::Object(object)) => object.len() >= *min,
            (Rule::MaxProperties(max), Value::Object(object)) => object.len() <= *max,
            (Rule::Required(name), Value::Object(object)) => {
                return self.note_at(id, object.contains_key(name), Some(name));
            }
            (Rule::DependentRequired { when, then }, Value::Object(object)) if object.contains_key(when) => {
                return self.note_at(id, object.contains_key(then), Some(then));
            }
            (Rule::Optional(_), _) if self.quiet => return true,
            (Rule::Optional(name), Value::Object(object)) => {
                let side = if object.contains_key(name) { &mut self.trace.satisfied } else { &mut self.trace.failed };
                side[id] = true;
                return true;
            }
            _ => return true, // It says nothing of values of this type.
        };
        self.note(id, holds)
    }
}

/// Equality as JSON Schema means it: numbers by value, objects whatever the order (core, section 4.2.2).
pub fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => number::compare(a, b).is_eq(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| equal(a, b)))
        }
        (a, b) => a == b,
    }
}
