//! Everything that several schemas ask of one value, gathered: the alternatives are chosen, the rest is merged.

use std::collections::BTreeSet;

use proptest::prelude::RngExt;
use serde_json::{Number, Value};

use super::{Aim, Generator, Goal, Wish};
use crate::{
    schema::{ConstraintId, Node, NodeId, Rule, TypeFormat, Types, equal, number},
    text::{
        format::{self, Format},
        pattern::Pattern,
    },
};

/// A bound of a number and whether it is itself excluded.
pub(super) type Bound = Option<(Number, bool)>;

/// What is asked of one value.
#[derive(Clone, Default)]
pub(super) struct Shape {
    pub types: Types,
    /// Types that some rule is about: better than one where the rules say nothing.
    pub hints: Types,
    pub allowed: Option<Vec<Value>>,
    pub excluded: Vec<Value>,
    pub minimum: Bound,
    pub maximum: Bound,
    /// Types that must have the number exactly.
    pub number_types: Vec<TypeFormat>,
    pub multiples: Vec<Number>,
    pub no_multiples: Vec<Number>,
    pub min_length: usize,
    pub max_length: Option<usize>,
    pub patterns: Vec<Pattern>,
    pub no_patterns: Vec<Pattern>,
    pub formats: Vec<&'static Format>,
    pub no_formats: Vec<&'static Format>,
    pub min_items: usize,
    pub max_items: Option<usize>,
    pub unique: bool,
    pub duplicate: bool,
    /// How many items match: from, to, or exactly as wished.
    pub contains: Vec<(NodeId, usize, Option<usize>)>,
    pub min_properties: usize,
    pub max_properties: Option<usize>,
    pub required: BTreeSet<String>,
    pub forbidden: BTreeSet<String>,
    pub dependent: Vec<(String, String)>,
    /// The nodes whose properties and items apply.
    pub nodes: Vec<NodeId>,
    /// What the value must (or must not) be valid against in the end.
    pub filters: Vec<(NodeId, bool)>,
    /// Aims that are further inside.
    pub aims: Vec<Aim>,
    pub wish: Option<Wish>,
    /// Whether something here is to be broken.
    pub broken: bool,
    met: Vec<Aim>,
    depth: usize,
    pub attempt: usize,
    /// Whether something was chosen that may be chosen otherwise next time.
    pub chosen: bool,
}

impl Default for Types {
    fn default() -> Self {
        Self::NONE
    }
}

impl Shape {
    pub fn new(aims: &[Aim], attempt: usize) -> Self {
        Self { types: Types::ALL, aims: aims.to_vec(), attempt, ..Self::default() }
    }

    /// Whether the value is of a type that is asked for and not excluded.
    pub fn may_be(&self, value: &Value) -> bool {
        self.types.has(Types::of(value)) && !self.excluded.iter().any(|excluded| equal(excluded, value))
    }

    fn at_least(&mut self, bound: &Number, exclusive: bool) {
        let tighter = self.minimum.as_ref().is_none_or(|(old, _)| number::compare(bound, old).is_ge());
        if tighter {
            self.minimum = Some((bound.clone(), exclusive));
        }
    }

    fn at_most(&mut self, bound: &Number, exclusive: bool) {
        let tighter = self.maximum.as_ref().is_none_or(|(old, _)| number::compare(bound, old).is_le());
        if tighter {
            self.maximum = Some((bound.clone(), exclusive));
        }
    }

    fn only(&mut self, types: Types) {
        self.types = self.types.and(types);
        self.hints = self.hints.or(types);
    }

    fn allow(&mut self, values: &[Value]) {
        let kept = match &self.allowed {
            None => values.to_vec(),
            Some(allowed) => allowed.iter().filter(|value| values.iter().any(|other| equal(value, other))).cloned().collect(),
        };
        self.allowed = Some(kept);
    }

    fn wish(&mut self, wish: Option<Wish>) {
        if let Some(wish) = wish {
            if let Some(types) = wish.types() {
                self.hints = self.hints.or(types);
            }
            self.wish = Some(wish);
        }
    }

    /// The aim at this constraint, once: the same constraint met again at this place is broken or kept alike.
    fn take(&mut self, id: ConstraintId) -> Option<Aim> {
        if let Some(position) = self.aims.iter().position(|aim| aim.constraint == id && aim.through.is_none()) {
            let aim = self.aims.remove(position);
            self.met.push(aim.clone());
            return Some(aim);
        }
        self.met.iter().find(|aim| aim.constraint == id).cloned()
    }
}

impl Generator<'_> {
    /// Adds what `node` asks; false where it cannot be had.
    pub(super) fn flatten(&mut self, id: NodeId, shape: &mut Shape) -> bool {
        if shape.depth > 64 || self.is_spent() {
            return false;
        }
        self.step(1);
        shape.depth += 1;
        let schema = self.schema;
        let node = &schema.nodes[id];
        for aim in shape.aims.iter_mut().filter(|aim| aim.through == Some(id)) {
            aim.through = None;
        }
        if let Some(never) = node.never {
            shape.depth -= 1;
            return match shape.take(never) {
                Some(aim) if aim.goal == Goal::Violate => {
                    shape.broken = true;
                    match aim.wish {
                        Some(Wish::Name(_, Some(like))) if like != id => self.flatten(like, shape),
                        Some(Wish::Null(_)) => {
                            shape.only(Types::NULL);
                            shape.types != Types::NONE
                        }
                        _ => true,
                    }
                }
                _ => false,
            };
        }
        shape.nodes.push(id);
        let done = node.own.iter().all(|own| self.own(*own, shape))
            && node.reference.iter().chain(&node.all_of).all(|child| self.flatten(*child, shape))
            && self.alternatives(node, shape)
            && self.negation(node, shape)
            && self.condition(node, shape)
            && self.dependent_schemas(node, shape)
            && self.contained(node, shape);
        // What breaks a rule is invalid, whether a type has it or not.
        match node.type_format.filter(|_| !shape.broken) {
            Some(TypeFormat::Byte) => shape.formats.extend(format::known("byte")),
            Some(type_format) => shape.number_types.push(type_format),
            None => {}
        }
        shape.depth -= 1;
        done
    }

    fn own(&mut self, id: ConstraintId, shape: &mut Shape) -> bool {
        let schema = self.schema;
        let rule = &schema.constraints[id].rule;
        let aim = shape.take(id);
        if let Rule::Optional(name) = rule {
            match aim.and_then(|aim| aim.wish) {
                Some(Wish::Side(true)) => drop(shape.required.insert(name.clone())),
                Some(Wish::Side(false)) => drop(shape.forbidden.insert(name.clone())),
                _ => return true,
            }
            shape.types = shape.types.and(Types::OBJECT);
            return true;
        }
        match aim {
            Some(Aim { goal: Goal::Violate, wish, .. }) => {
                shape.broken = true;
                negate(rule, shape);
                shape.wish(wish);
            }
            aim => {
                assert(rule, shape);
                if let Some(aim) = aim {
                    shape.types = match subject(rule) {
                        Types::ALL => shape.types,
                        subject => shape.types.and(subject),
                    };
                    if let (Rule::DependentRequired { when, .. }, Some(Wish::Side(side))) = (rule, &aim.wish) {
                        if *side { &mut shape.required } else { &mut shape.forbidden }.insert(when.clone());
                    } else {
                        shape.wish(aim.wish);
                    }
                }
            }
        }
        shape.types != Types::NONE
    }

    /// The branch that an aim leads into.
    fn aimed_branch(&self, branches: &[NodeId], shape: &Shape) -> Option<(usize, Goal)> {
        shape.aims.iter().find_map(|aim| {
            let index = branches.iter().position(|branch| self.leads(*branch, aim))?;
            Some((index, aim.goal))
        })
    }

    fn alternatives(&mut self, node: &Node, shape: &mut Shape) -> bool {
        for (alternative, exclusive) in [(&node.any_of, false), (&node.one_of, true)] {
            let Some((id, branches)) = alternative else { continue };
            shape.chosen = true;
            if branches.is_empty() {
                return false;
            }
            let aim = shape.take(*id);
            let done = match aim {
                Some(Aim { goal: Goal::Violate, wish: Some(Wish::Two), .. }) => {
                    shape.broken = true;
                    let first = self.rng.random_range(0..branches.len());
                    let second = (first + 1 + self.rng.random_range(0..branches.len().max(2) - 1)) % branches.len();
                    first != second && self.flatten(branches[first], shape) && self.flatten(branches[second], shape)
                }
                Some(Aim { goal: Goal::Violate, wish, .. }) => {
                    shape.broken = true;
                    // Near the wished branch: the others are only checked at the end.
                    let near = match wish {
                        Some(Wish::Branch(near)) => near % branches.len(),
                        _ => self.rng.random_range(0..branches.len()),
                    };
                    self.refute(branches[near], shape) && self.refute_others(branches, near, shape)
                }
                Some(Aim { wish: Some(Wish::Branch(wished)), .. }) => {
                    let wished = wished % branches.len();
                    self.flatten(branches[wished], shape) && (!exclusive || self.refute_others(branches, wished, shape))
                }
                _ => match self.aimed_branch(branches, shape) {
                    Some((index, Goal::Violate)) => {
                        shape.filters.push((branches[index], false));
                        self.flatten(branches[index], shape) && self.refute_others(branches, index, shape)
                    }
                    Some((index, Goal::Satisfy)) => {
                        self.flatten(branches[index], shape) && (!exclusive || self.refute_others(branches, index, shape))
                    }
                    None => {
                        let index = self.rng.random_range(0..branches.len());
                        self.flatten(branches[index], shape) && (!exclusive || self.refute_others(branches, index, shape))
                    }
                },
            };
            if !done {
                return false;
            }
        }
        true
    }

    /// Keeps the other branches from matching: mostly they do not anyway, so at first that is only checked.
    fn refute_others(&mut self, branches: &[NodeId], chosen: usize, shape: &mut Shape) -> bool {
        let force = shape.attempt >= 2;
        for (index, branch) in branches.iter().enumerate() {
            if index == chosen {
                continue;
            }
            if force {
                if !self.refute(*branch, shape) {
                    return false;
                }
            } else {
                shape.filters.push((*branch, false));
            }
        }
        true
    }

    /// Makes the value break some rule of `node`.
    fn refute(&mut self, node: NodeId, shape: &mut Shape) -> bool {
        shape.filters.push((node, false));
        // An aim that leads here already breaks it.
        if shape.aims.iter().any(|aim| aim.goal == Goal::Violate && self.leads(node, aim)) {
            return self.flatten(node, shape);
        }
        let schema = self.schema;
        if schema.nodes[node].never.is_some() {
            return true;
        }
        let Some(constraint) = self.pick(schema.rules(node)).copied() else { return false };
        // Where it cannot be had the shape is given up as a whole.
        shape.aims.push(Aim::new(constraint, Goal::Violate, None));
        self.flatten(node, shape)
    }

    fn negation(&mut self, node: &Node, shape: &mut Shape) -> bool {
        let Some((id, inner)) = node.not else { return true };
        shape.chosen = true;
        match shape.take(id) {
            Some(Aim { goal: Goal::Violate, .. }) => {
                shape.broken = true;
                self.flatten(inner, shape)
            }
            _ => {
                if shape.aims.iter().any(|aim| self.leads(inner, aim) && aim.goal == Goal::Satisfy) {
                    // To keep a rule inside `not` at its edge is to break the `not`.
                    shape.broken = true;
                    return self.flatten(inner, shape);
                }
                if shape.attempt == 0 && shape.aims.iter().all(|aim| !self.leads(inner, aim)) {
                    shape.filters.push((inner, false));
                    return true;
                }
                self.refute(inner, shape)
            }
        }
    }

    fn condition(&mut self, node: &Node, shape: &mut Shape) -> bool {
        let Some(condition) = &node.condition else { return true };
        shape.chosen = true;
        let leads =
            |this: &Self, node: Option<NodeId>| node.is_some_and(|node| shape.aims.iter().any(|aim| this.leads(node, aim)));
        let side = if leads(self, condition.then) {
            true
        } else if leads(self, condition.otherwise) {
            false
        } else if let Some(aim) = shape.aims.iter().find(|aim| self.leads(condition.when, aim)) {
            aim.goal == Goal::Satisfy
        } else {
            match shape.take(condition.id) {
                Some(Aim { wish: Some(Wish::Side(side)), .. }) => side,
                _ => self.coin(),
            }
        };
        if side {
            shape.filters.push((condition.when, true));
            self.flatten(condition.when, shape) && condition.then.is_none_or(|then| self.flatten(then, shape))
        } else {
            self.refute(condition.when, shape) && condition.otherwise.is_none_or(|other| self.flatten(other, shape))
        }
    }

    fn dependent_schemas(&mut self, node: &Node, shape: &mut Shape) -> bool {
        for (name, then) in &node.dependent_schemas {
            shape.chosen = true;
            let aimed = shape.aims.iter().any(|aim| self.leads(*then, aim));
            let present = aimed || shape.required.contains(name) || (!shape.forbidden.contains(name) && self.coin());
            if present {
                shape.required.insert(name.clone());
                if aimed {
                    shape.types = shape.types.and(Types::OBJECT);
                }
                if !self.flatten(*then, shape) {
                    return false;
                }
            } else {
                shape.forbidden.insert(name.clone());
            }
        }
        true
    }

    fn contained(&mut self, node: &Node, shape: &mut Shape) -> bool {
        let Some(contains) = &node.contains else { return true };
        let (mut min, mut max) = (contains.min.map_or(0, |(_, min)| min), contains.max.map(|(_, max)| max));
        for id in [contains.min.map(|(id, _)| id), contains.max.map(|(id, _)| id)].into_iter().flatten() {
            let Some(aim) = shape.take(id) else { continue };
            shape.types = shape.types.and(Types::ARRAY);
            shape.broken |= aim.goal == Goal::Violate;
            if let Some(Wish::Size(size)) = aim.wish {
                (min, max) = (size, Some(size));
            } else if aim.goal == Goal::Violate {
                let below = contains.min.is_some_and(|(min, _)| min == id);
                let size = if below { min.saturating_sub(1) } else { max.map_or(0, |max| max.saturating_add(1)) };
                (min, max) = (size, Some(size));
            }
        }
        shape.contains.push((contains.node, min, max));
        shape.hints = shape.hints.or(Types::ARRAY);
        shape.types != Types::NONE
    }

    /// The types that can carry the aims that are further inside.
    pub(super) fn types_that_carry(&self, shape: &Shape) -> Types {
        let mut types = Types::NONE;
        for node in &shape.nodes {
            let node = &self.schema.nodes[*node];
            let reached = |child: NodeId| shape.aims.iter().any(|aim| self.leads(child, aim));
            let objects = [node.additional_properties, node.property_names, node.unevaluated_properties];
            let named = node.properties.values().copied().chain(node.pattern_properties.iter().map(|(_, c)| *c));
            if objects.into_iter().flatten().chain(named).any(reached) {
                types = types.or(Types::OBJECT);
            }
            let contains = node.contains.as_ref().map(|contains| contains.node);
            let arrays = [node.items, node.unevaluated_items, contains];
            if arrays.into_iter().flatten().chain(node.prefix_items.iter().copied()).any(reached) {
                types = types.or(Types::ARRAY);
            }
        }
        types
    }
}

/// The types of values that a rule is about.
pub(crate) fn subject(rule: &Rule) -> Types {
    match rule {
        Rule::MinLength(_) | Rule::MaxLength(_) | Rule::Pattern(_) | Rule::Format(_) => Types::STRING,
        Rule::Minimum(_) | Rule::Maximum(_) | Rule::ExclusiveMinimum(_) | Rule::ExclusiveMaximum(_) | Rule::MultipleOf(_) => {
            Types::NUMBER
        }
        Rule::MinItems(_)
        | Rule::MaxItems(_)
        | Rule::UniqueItems
        | Rule::Contains
        | Rule::MinContains(_)
        | Rule::MaxContains(_) => Types::ARRAY,
        Rule::MinProperties(_)
        | Rule::MaxProperties(_)
        | Rule::Required(_)
        | Rule::DependentRequired { .. }
        | Rule::Optional(_) => Types::OBJECT,
        _ => Types::ALL,
    }
}

fn assert(rule: &Rule, shape: &mut Shape) {
    if subject(rule) != Types::ALL {
        shape.hints = shape.hints.or(subject(rule));
    }
    match rule {
        Rule::Type(types) => shape.only(*types),
        Rule::Enum(members) => shape.allow(members),
        Rule::Const(value) => shape.allow(std::slice::from_ref(value)),
        Rule::MinLength(min) => shape.min_length = shape.min_length.max(*min),
        Rule::MaxLength(max) => shape.max_length = Some(shape.max_length.map_or(*max, |old| old.min(*max))),
        Rule::Pattern(pattern) => shape.patterns.push(pattern.clone()),
        Rule::Format(format) => shape.formats.push(format),
        Rule::Minimum(bound) => shape.at_least(bound, false),
        Rule::Maximum(bound) => shape.at_most(bound, false),
        Rule::ExclusiveMinimum(bound) => shape.at_least(bound, true),
        Rule::ExclusiveMaximum(bound) => shape.at_most(bound, true),
        Rule::MultipleOf(step) => shape.multiples.push(step.clone()),
        Rule::MinItems(min) => shape.min_items = shape.min_items.max(*min),
        Rule::MaxItems(max) => shape.max_items = Some(shape.max_items.map_or(*max, |old| old.min(*max))),
        Rule::UniqueItems => shape.unique = true,
        Rule::MinProperties(min) => shape.min_properties = shape.min_properties.max(*min),
        Rule::MaxProperties(max) => shape.max_properties = Some(shape.max_properties.map_or(*max, |old| old.min(*max))),
        Rule::Required(name) => drop(shape.required.insert(name.clone())),
        Rule::DependentRequired { when, then } => shape.dependent.push((when.clone(), then.clone())),
        _ => {}
    }
}

fn negate(rule: &Rule, shape: &mut Shape) {
    if subject(rule) != Types::ALL {
        shape.only(subject(rule));
    }
    match rule {
        Rule::Type(types) => shape.types = shape.types.without(*types),
        Rule::Enum(members) => shape.excluded.extend(members.iter().cloned()),
        Rule::Const(value) => shape.excluded.push(value.clone()),
        Rule::MinLength(min) => {
            let most = min.saturating_sub(1);
            shape.max_length = Some(shape.max_length.map_or(most, |old| old.min(most)));
        }
        Rule::MaxLength(max) => shape.min_length = shape.min_length.max(max.saturating_add(1)),
        Rule::Pattern(pattern) => shape.no_patterns.push(pattern.clone()),
        Rule::Format(format) => shape.no_formats.push(format),
        Rule::Minimum(bound) => shape.at_most(bound, true),
        Rule::Maximum(bound) => shape.at_least(bound, true),
        Rule::ExclusiveMinimum(bound) => shape.at_most(bound, false),
        Rule::ExclusiveMaximum(bound) => shape.at_least(bound, false),
        Rule::MultipleOf(step) => shape.no_multiples.push(step.clone()),
        Rule::MinItems(min) => {
            let most = min.saturating_sub(1);
            shape.max_items = Some(shape.max_items.map_or(most, |old| old.min(most)));
        }
        Rule::MaxItems(max) => shape.min_items = shape.min_items.max(max.saturating_add(1)),
        Rule::UniqueItems => {
            shape.duplicate = true;
            shape.min_items = shape.min_items.max(2);
        }
        Rule::MinProperties(min) => {
            let most = min.saturating_sub(1);
            shape.max_properties = Some(shape.max_properties.map_or(most, |old| old.min(most)));
        }
        Rule::MaxProperties(max) => shape.min_properties = shape.min_properties.max(max.saturating_add(1)),
        Rule::Required(name) => drop(shape.forbidden.insert(name.clone())),
        Rule::DependentRequired { when, then } => {
            shape.required.insert(when.clone());
            shape.forbidden.insert(then.clone());
        }
        _ => {}
    }
}
