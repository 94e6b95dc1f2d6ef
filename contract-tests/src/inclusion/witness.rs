//! The search for an instance of one schema that another one refuses.

use std::{cell::Cell, cmp::Reverse, collections::BTreeSet};

use proptest::strategy::ValueTree;
use serde_json::Value;

use super::{
    facts::Facts,
    language::{Found, Languages},
    term::Terms,
    text,
};
use crate::{
    generate::{Aim, Generator, Goal, Richness, Shrink, Wish, boundary_wishes, negative_wishes, rng},
    schema::{Constraint, ConstraintId, NodeId, ReferenceValidator, Rule, Schema},
    text::format::Format,
};

/// The most instances that are made for constraints which stand in both schemas alike.
const MAX_ALIKE: usize = 100;
/// How many instances are made at random.
const RANDOM: usize = 100;
/// The most instances that are made at all.
const MAX_INSTANCES: usize = 500;
/// The most ways in which one constraint is tried.
const MAX_WISHES: usize = 24;
/// The most steps in which a witness is made smaller.
const MAX_SHRINKING: usize = 3_000;
/// What one of them costs, in steps of the generator.
const SHRINKING_COST: u64 = 200;

pub(super) struct WitnessSearch<'a> {
    /// The narrow and the wide schema.
    pub schemas: [&'a Schema; 2],
    pub validators: &'a [ReferenceValidator; 2],
    /// What both allow.
    pub both: Schema,
    pub seed: u64,
    /// How many more steps the generator may take; below zero where the last instance took more than was left.
    pub budget: &'a Cell<i64>,
}

impl WitnessSearch<'_> {
    /// An instance of the narrow schema that the wide one refuses, by the engine and by boon; as small as could be made.
    pub fn witness(&self, terms: &Terms<'_>) -> Option<Value> {
        let differing: [Vec<ConstraintId>; 2] = [0, 1].map(|side| self.constraints(terms, side, false));
        let alike: [Vec<ConstraintId>; 2] = [0, 1].map(|side| self.constraints(terms, side, true));
        let found = self
            .breaking(&differing[1])
            .chain(self.meeting(&differing[0]))
            .chain(self.random())
            .chain(self.breaking(&alike[1]).take(MAX_ALIKE))
            .chain(self.meeting(&alike[0]).take(MAX_ALIKE))
            .take(MAX_INSTANCES)
            .take_while(|_| self.budget.get() > 0)
            .flatten()
            .find(|instance| self.refutes(instance))?;
        Some(self.smallest(found))
    }

    /// The constraints of one side: those that the other has too, or those that it has not, the innermost first.
    fn constraints(&self, terms: &Terms<'_>, side: usize, alike: bool) -> Vec<ConstraintId> {
        let schema = self.schemas[side];
        let nodes = schema.nodes.iter().enumerate().filter(|(node, _)| terms.is_shared(side, *node) == alike);
        let mut all: Vec<ConstraintId> = nodes.flat_map(|(_, node)| node.constraints()).collect();
        // Texts that must not match are slow to make where there are none.
        let slow = |id: &ConstraintId| matches!(schema.constraints[*id].rule, Rule::Pattern(_) | Rule::Format(_));
        all.sort_by_key(|id| (slow(id), Reverse(schema.constraints[*id].pointer.len()), *id));
        all
    }

    /// Instances of the narrow schema that break one of these constraints of the wide schema.
    fn breaking(&self, constraints: &[ConstraintId]) -> impl Iterator<Item = Option<Value>> {
        let offset = self.schemas[0].constraints.len();
        constraints.iter().flat_map(move |id| {
            let constraint = &self.schemas[1].constraints[*id];
            let branches = branches(self.schemas[1], *id);
            let mut wishes = negative_wishes(constraint, branches, &self.names_beside(constraint));
            wishes.truncate(MAX_WISHES);
            match self.text_against(constraint) {
                Found::Text(text) => wishes.insert(0, Wish::Value(text.into())),
                Found::Nothing => wishes.clear(),
                Found::Unknown => {}
            }
            self.made(&self.both, *id + offset, Goal::Violate, wishes)
        })
    }

    /// Instances of the narrow schema at the edge of one of these constraints of its own, or beyond it where that is allowed.
    fn meeting(&self, constraints: &[ConstraintId]) -> impl Iterator<Item = Option<Value>> {
        constraints.iter().flat_map(|id| {
            let schema = self.schemas[0];
            let constraint = &schema.constraints[*id];
            let branches = branches(schema, *id);
            let mut keeping = boundary_wishes(constraint, branches);
            keeping.truncate(MAX_WISHES);
            let mut breaking = if constraint.conditional { negative_wishes(constraint, branches, &[]) } else { Vec::new() };
            breaking.truncate(MAX_WISHES);
            self.made(schema, *id, Goal::Satisfy, keeping).chain(self.made(schema, *id, Goal::Violate, breaking))
        })
    }

    /// A text that the narrow schema allows and this pattern of the wide schema does not match.
    fn text_against(&self, constraint: &Constraint) -> Found {
        let Rule::Pattern(_) = constraint.rule else { return Found::Unknown };
        let schema = self.schemas[0];
        let nodes = schema.nodes.iter().filter(|node| node.place == constraint.place && !node.conditional);
        let own = nodes.flat_map(|node| &node.own).map(|id| &schema.constraints[*id]).filter(|own| !own.conditional);
        let rules: Vec<(&Rule, bool)> = own.map(|own| (&own.rule, true)).chain([(&constraint.rule, false)]).collect();
        // Of a format only the rough outline is known.
        let outlined = rules.iter().any(|(rule, _)| matches!(rule, Rule::Format(_)));
        match text::find(&Facts { rules, ..Facts::default() }, &mut Languages::default()) {
            Found::Text(_) if outlined => Found::Unknown,
            found => found,
        }
    }

    /// The names that the narrow schema has where this constraint of the wide schema applies.
    fn names_beside(&self, constraint: &Constraint) -> Vec<(String, Option<NodeId>)> {
        let Some((parent, _)) = constraint.place.rsplit_once('/') else { return Vec::new() };
        let nodes = self.schemas[0].nodes.iter().filter(|node| node.place == parent);
        nodes.flat_map(|node| node.properties.keys().map(|name| (name.clone(), None))).collect()
    }

    fn made<'b>(
        &'b self,
        schema: &'b Schema,
        constraint: ConstraintId,
        goal: Goal,
        wishes: Vec<Wish>,
    ) -> impl Iterator<Item = Option<Value>> + 'b {
        let ways = [Richness::Sparse, Richness::Full, Richness::Random];
        let aims = wishes.into_iter().map(move |wish| Aim::new(constraint, goal, Some(wish)));
        let tries = aims.enumerate().flat_map(move |(index, aim)| ways.map(|richness| (index, aim.clone(), richness)));
        tries.map(move |(index, aim, richness)| {
            let words = ["witness", &constraint.to_string(), &format!("{goal:?} {index} {richness:?}")];
            self.generated(Generator::new(schema, rng(self.seed, &words), richness), &[aim])
        })
    }

    fn random(&self) -> impl Iterator<Item = Option<Value>> {
        (0..RANDOM).map(|number| {
            let richness = if number % 4 == 0 { Richness::Sparse } else { Richness::Random };
            let mut generator = Generator::new(self.schemas[0], rng(self.seed, &["random", &number.to_string()]), richness);
            generator.plain = number % 2 == 0;
            self.generated(generator, &[])
        })
    }

    fn generated(&self, mut generator: Generator<'_>, aims: &[Aim]) -> Option<Value> {
        generator.limit = generator.limit.min(self.budget.get().max(0).unsigned_abs());
        let found = generator.instance(aims);
        self.spend(generator.steps());
        found
    }

    fn spend(&self, steps: u64) {
        self.budget.set(self.budget.get().saturating_sub_unsigned(steps));
    }

    fn refutes(&self, instance: &Value) -> bool {
        let [narrow, wide] = self.schemas.map(|schema| schema.accepts(0, instance));
        narrow
            && !wide
            && !self.is_doubtful(instance)
            && self.validators[0].accepts(instance)
            && !self.validators[1].accepts(instance)
    }

    /// Whether it has an address with nothing before the `@`: boon takes it for an email, RFC 5321 does not.
    fn is_doubtful(&self, instance: &Value) -> bool {
        let mut all = BTreeSet::new();
        texts(instance, &mut all);
        self.formats().any(|format| format.name().ends_with("email")) && all.iter().any(|text| text.starts_with('@'))
    }

    fn formats(&self) -> impl Iterator<Item = &'static Format> {
        self.both.constraints.iter().filter_map(|constraint| match constraint.rule {
            Rule::Format(format) => Some(format),
            _ => None,
        })
    }

    /// Makes a witness smaller. Where validators differ about a format it is about its shortest texts, so a text of a format only
    /// gives way to one that is known.
    fn smallest(&self, found: Value) -> Value {
        let found = self.with_known_texts(found);
        let mut given = BTreeSet::new();
        texts(&found, &mut given);
        let doubtful = |value: &Value| {
            let mut all = BTreeSet::new();
            texts(value, &mut all);
            all.difference(&given).any(|text| self.formats().any(|format| format.accepts(text)))
        };
        let mut tree = Shrink::new(found.clone());
        let mut best = found.clone();
        let mut more = tree.simplify();
        for _ in 0..MAX_SHRINKING {
            if !more || self.budget.get() <= 0 {
                break;
            }
            let tried = tree.current();
            self.spend(SHRINKING_COST);
            if self.refutes(&tried) && !doubtful(&tried) {
                best = tried;
                more = tree.simplify();
            } else {
                more = tree.complicate();
            }
        }
        best
    }

    /// A witness in which each text of a format is a shorter one that every validator knows, where there is one.
    fn with_known_texts(&self, mut witness: Value) -> Value {
        let found = witness.clone();
        let mut all = BTreeSet::new();
        texts(&found, &mut all);
        for text in all {
            let formats = self.formats().filter(|format| format.accepts(text));
            let shorter = formats.flat_map(|format| format.boundary()).filter(|known| known.len() < text.len());
            if let Some(other) = shorter.map(|known| with_text(&witness, text, known)).find(|other| self.refutes(other)) {
                witness = other;
            }
        }
        witness
    }
}

/// The value with one text in place of another, wherever it is a value.
fn with_text(value: &Value, old: &str, new: &str) -> Value {
    match value {
        Value::String(text) if text == old => new.into(),
        Value::Array(items) => items.iter().map(|item| with_text(item, old, new)).collect(),
        Value::Object(object) => object.iter().map(|(name, item)| (name.clone(), with_text(item, old, new))).collect(),
        other => other.clone(),
    }
}

/// How many branches an `anyOf` or `oneOf` has.
fn branches(schema: &Schema, id: ConstraintId) -> usize {
    let alternatives = schema.nodes.iter().flat_map(|node| node.any_of.iter().chain(&node.one_of));
    alternatives.filter(|(own, _)| *own == id).map(|(_, branches)| branches.len()).next().unwrap_or(0)
}

/// Every text in a value, the names of properties too.
fn texts<'v>(value: &'v Value, all: &mut BTreeSet<&'v str>) {
    match value {
        Value::String(text) => drop(all.insert(text)),
        Value::Array(items) => items.iter().for_each(|item| texts(item, all)),
        Value::Object(object) => object.iter().for_each(|(name, value)| {
            all.insert(name);
            texts(value, all);
        }),
        _ => {}
    }
}
