//! From a schema to instances: valid ones, ones at the edge of a constraint, and ones that break a constraint.
//!
//! A generator follows the schema with an [`Aim`], makes the choices that lead to the aimed-at constraint, and fills in the
//! rest at random. It promises nothing: every instance is evaluated afterwards and used for what it turned out to be.

mod aim;
mod collection;
mod number;
mod shape;
mod shrink;
mod text;

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeSet, HashMap},
    rc::Rc,
};

use proptest::{
    prelude::RngExt,
    test_runner::{RngAlgorithm, TestRng},
};
use serde_json::Value;

use self::shape::Shape;
pub(crate) use self::{
    aim::{Aim, Goal, Wish, boundary_wishes, negative_wishes},
    collection::NAMES,
    shape::subject,
    shrink::Shrink,
    text::WORDS,
};
use crate::{
    inclusion::Texts,
    schema::{NodeId, Schema, Types},
};

/// How much of what is optional an instance has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Richness {
    /// Only what is required.
    Sparse,
    /// Everything that can be there.
    Full,
    /// Each by the toss of a coin.
    Random,
}

/// How deep a recursive instance may grow before only what is required is added.
const MAX_DEPTH: usize = 5;
/// How many values one instance may take, those that were given up included: an instance with more is given up.
const FUEL: usize = 3_000;
/// How often one place is tried again.
const LOCAL_TRIES: usize = 6;
/// How often the places of one instance are tried again in all: where one place fails, so do mostly those around it.
const MAX_RETRIES: usize = 300;
/// How much work one instance may take, in steps: see [`Generator::steps`].
pub(crate) const MAX_STEPS: u64 = 100_000;

/// Generates instances of a schema.
pub(crate) struct Generator<'a> {
    pub schema: &'a Schema,
    pub rng: TestRng,
    pub richness: Richness,
    /// Whether free text and numbers are plain, as a person would type them, or anything that is allowed.
    pub plain: bool,
    /// How much work one instance may take.
    pub limit: u64,
    /// Patterns for which no text of these lengths, from and to, was found.
    pub hopeless: BTreeSet<(String, usize, Option<usize>)>,
    /// What has been proven about texts; none where nothing is to be proven.
    pub texts: Option<Texts>,
    /// Whether nothing was made because nothing can be: no other choice and no other chance would change it.
    pub futile: bool,
    /// How much work the last instance took: schema objects followed or evaluated, texts drawn, values compared. Counted and not
    /// measured, so that it is the same on every machine.
    steps: Cell<u64>,
    /// The properties that some schema of these names: an object with many alternatives asks for them often.
    declared: RefCell<HashMap<Vec<NodeId>, Rc<[&'a str]>>>,
    depth: usize,
    fuel: usize,
    /// How often a place was tried again.
    retries: usize,
}

/// A random source that depends on nothing but these words.
pub(crate) fn rng(seed: u64, words: &[&str]) -> TestRng {
    // FNV-1a, four times with different beginnings: a seed, not a secret.
    let mut lanes = [1_u64, 2, 3, 4].map(|lane| 0xcbf2_9ce4_8422_2325 ^ lane.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut add = |byte: u8| {
        for lane in &mut lanes {
            *lane = (*lane ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    for byte in seed.to_le_bytes() {
        add(byte);
    }
    for word in words {
        for byte in word.as_bytes() {
            add(*byte);
        }
        add(0xFF);
    }
    let mut bytes = [0; 32];
    for (chunk, lane) in bytes.chunks_mut(8).zip(lanes) {
        chunk.copy_from_slice(&lane.to_le_bytes());
    }
    TestRng::from_seed(RngAlgorithm::ChaCha, &bytes)
}

impl<'a> Generator<'a> {
    pub fn new(schema: &'a Schema, rng: TestRng, richness: Richness) -> Self {
        Self {
            schema,
            rng,
            richness,
            plain: true,
            limit: MAX_STEPS,
            hopeless: BTreeSet::new(),
            texts: None,
            futile: false,
            retries: 0,
            steps: Cell::new(0),
            declared: RefCell::default(),
            depth: 0,
            fuel: 0,
        }
    }

    /// An instance with this aim, where one could be made. It may not be what was aimed at: evaluate it.
    pub fn instance(&mut self, aims: &[Aim]) -> Option<Value> {
        (self.depth, self.fuel, self.retries) = (0, FUEL, 0);
        self.steps.set(0);
        self.value(&[0], aims)
    }

    /// How much work the last instance took.
    pub fn steps(&self) -> u64 {
        self.steps.get()
    }

    fn step(&self, steps: u64) {
        self.steps.set(self.steps.get() + steps);
    }

    fn is_spent(&self) -> bool {
        self.steps.get() >= self.limit
    }

    /// Whether the value is valid against the node's schema; what takes too long to tell is neither valid nor invalid.
    fn judged(&self, node: NodeId, value: &Value) -> Option<bool> {
        let (verdict, steps) = self.schema.accepts_within(self.limit.saturating_sub(self.steps.get()), node, value);
        self.step(steps);
        verdict
    }

    /// A value for a place that all of `nodes` apply to.
    fn value(&mut self, nodes: &[NodeId], aims: &[Aim]) -> Option<Value> {
        self.futile = false;
        if self.depth > 4 * MAX_DEPTH || self.fuel == 0 || self.is_spent() {
            return None;
        }
        self.fuel -= 1;
        self.step(1);
        self.depth += 1;
        let found = self.tried(nodes, aims);
        self.depth -= 1;
        found
    }

    fn tried(&mut self, nodes: &[NodeId], aims: &[Aim]) -> Option<Value> {
        let mut last = None;
        for attempt in 0..LOCAL_TRIES {
            if attempt > 0 {
                self.retries += 1;
                if self.retries > MAX_RETRIES {
                    break;
                }
            }
            let mut shape = Shape::new(aims, attempt);
            if !nodes.iter().all(|node| self.flatten(*node, &mut shape)) {
                self.futile = !shape.chosen && !self.is_spent();
                if self.futile {
                    break;
                }
                continue;
            }
            let (chosen, filters) = (shape.chosen, std::mem::take(&mut shape.filters));
            self.futile = false;
            let Some(value) = self.fill(shape) else {
                self.futile &= !chosen;
                if self.futile {
                    break;
                }
                continue;
            };
            let fits = filters.iter().all(|(node, wanted)| self.judged(*node, &value) == Some(*wanted));
            if fits {
                return Some(value);
            }
            last = Some(value);
        }
        last
    }

    /// A value of this shape.
    fn fill(&mut self, mut shape: Shape) -> Option<Value> {
        if let Some(Wish::Value(value)) = &shape.wish {
            return Some(value.clone());
        }
        if let Some(allowed) = &shape.allowed {
            let fitting: Vec<&Value> = allowed.iter().filter(|value| shape.may_be(value)).collect();
            self.futile = fitting.is_empty();
            return self.pick(&fitting).map(|value| (*value).clone());
        }
        let carries = self.types_that_carry(&shape);
        let mut types = shape.types;
        if carries != Types::NONE {
            types = types.and(carries);
        }
        if let Some(wished) = shape.wish.as_ref().and_then(Wish::types) {
            types = if types.has(wished) { types.and(wished) } else { types };
        }
        let types: Vec<Types> = types.iter().collect();
        let preferred: Vec<Types> = types.iter().copied().filter(|one| shape.hints.has(*one)).collect();
        let kinds = if preferred.is_empty() { &types } else { &preferred };
        let Some(kind) = self.pick(kinds).copied() else {
            self.futile = true;
            return None;
        };
        let is_only_kind = kinds.len() == 1;
        let examples = self.examples(&shape, kind);
        if !examples.is_empty() && self.rng.random_ratio(1, 8) && shape.wish.is_none() && shape.aims.is_empty() {
            return self.pick(&examples).cloned();
        }
        let value = match kind {
            Types::NULL => Some(Value::Null),
            Types::BOOLEAN => Some(Value::Bool(self.rng.random())),
            Types::INTEGER | Types::FRACTION => self.number(&shape, kind == Types::INTEGER),
            Types::STRING => self.text(&shape).or_else(|| self.pick(&examples).cloned()),
            Types::ARRAY => self.array(&mut shape),
            _ => self.object(&mut shape),
        };
        self.futile &= value.is_none() && is_only_kind;
        value.filter(|value| shape.may_be(value))
    }

    /// Examples of the document that fit, for what no rule describes well.
    fn examples(&self, shape: &Shape, kind: Types) -> Vec<Value> {
        if !kind.has(Types::STRING.or(Types::NUMBER)) || shape.broken {
            return Vec::new();
        }
        let all = shape.nodes.iter().flat_map(|node| &self.schema.nodes[*node].examples);
        all.filter(|example| {
            Types::of(example) == kind && shape.nodes.iter().all(|node| self.judged(*node, example) == Some(true))
        })
        .cloned()
        .collect()
    }

    fn pick<'b, T>(&mut self, all: &'b [T]) -> Option<&'b T> {
        if all.is_empty() { None } else { Some(&all[self.rng.random_range(0..all.len())]) }
    }

    fn coin(&mut self) -> bool {
        self.rng.random()
    }

    /// Whether something optional is there.
    fn present(&mut self) -> bool {
        match self.richness {
            Richness::Sparse => false,
            Richness::Full => self.depth <= MAX_DEPTH,
            Richness::Random => self.depth <= MAX_DEPTH && self.rng.random_ratio(1, 2),
        }
    }

    /// Whether the aim can be met from the node.
    fn leads(&self, node: NodeId, aim: &Aim) -> bool {
        match aim.through {
            Some(through) => self.schema.leads(node, through),
            None => self.schema.reaches(node, aim.constraint),
        }
    }

    /// Whether the aim is met at the node itself.
    fn is_at(&self, node: NodeId, aim: &Aim) -> bool {
        match aim.through {
            Some(through) => node == through,
            None => self.schema.nodes[node].constraints().any(|own| own == aim.constraint),
        }
    }
}
