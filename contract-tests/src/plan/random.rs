//! Random requests for a schema, as proptest strategies: valid ones, and ones that break exactly one constraint.

use proptest::{
    prelude::RngExt,
    strategy::{NewTree, Strategy, ValueTree},
    test_runner::{Config, TestRunner},
};
use serde_json::Value;

use crate::{
    generate::{Aim, Generator, Goal, Richness, Shrink, rng},
    openapi::request::Target,
    plan::{Breakable, Plan, Sample},
    schema::{ConstraintId, Trace},
};

/// How often an instance is drawn until it is what it should be.
const TRIES: usize = 8;

/// How often a request is drawn until there is one: some constraints are seldom broken by chance.
const DRAWS: usize = 8;

/// The random requests of one target.
pub(crate) struct Random<'a> {
    target: &'a Target,
    /// Constraints that can be broken alone.
    breakable: Vec<ConstraintId>,
    seed: u64,
    config: Config,
}

/// A strategy for instances that break exactly `fault`, or are valid. Drawing fails where none was found.
#[derive(Clone, Copy)]
pub(crate) struct InstanceStrategy<'a> {
    target: &'a Target,
    fault: Option<ConstraintId>,
}

impl std::fmt::Debug for InstanceStrategy<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InstanceStrategy").field("fault", &self.fault).finish_non_exhaustive()
    }
}

impl InstanceStrategy<'_> {
    /// What an instance says, where it is what this strategy is for and boon agrees.
    fn standing(&self, instance: &Value) -> Option<Trace> {
        let trace = self.target.schema.evaluate(instance);
        let right = match self.fault {
            None => trace.broken.is_empty(),
            Some(fault) => trace.breaks_only(fault),
        };
        let is_clear = trace.broken.is_empty() || !self.target.is_doubtful(instance, false);
        (right && is_clear && self.target.validator.agree(instance, &trace).is_ok()).then_some(trace)
    }
}

impl Strategy for InstanceStrategy<'_> {
    type Tree = Shrink;
    type Value = Value;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        for attempt in 0..TRIES {
            let mut generator = Generator::new(&self.target.schema, runner.new_rng(), Richness::Random);
            generator.plain = attempt >= TRIES / 2;
            let aims: Vec<Aim> = self.fault.map(|constraint| Aim::new(constraint, Goal::Violate, None)).into_iter().collect();
            let instance = generator.instance(&aims).and_then(|instance| self.target.as_received(instance));
            if let Some(instance) = instance
                && self.standing(&instance).is_some()
            {
                return Ok(Shrink::new(instance));
            }
        }
        Err("no such instance was found".into())
    }
}

impl<'a> Random<'a> {
    pub fn new(target: &'a Target, plan: &Plan, seed: u64) -> Self {
        let breakable = plan.breakable.iter().enumerate().filter(|(_, how)| **how == Breakable::Alone).map(|(id, _)| id);
        Self { target, breakable: breakable.collect(), seed, config: Config { failure_persistence: None, ..Config::default() } }
    }

    /// The request with this number: the same for the same seed.
    pub fn sample(&self, number: usize) -> Option<Sample> {
        (0..DRAWS).find_map(|draw| self.drawn(number, draw))
    }

    fn drawn(&self, number: usize, draw: usize) -> Option<Sample> {
        let words = ["random", &self.target.operation.id, &number.to_string(), &draw.to_string()];
        let mut rng = rng(self.seed, &words);
        let fault = if self.breakable.is_empty() || rng.random() {
            None
        } else {
            Some(self.breakable[rng.random_range(0..self.breakable.len())])
        };
        let strategy = InstanceStrategy { target: self.target, fault };
        let mut runner = TestRunner::new_with_rng(self.config.clone(), rng);
        let instance = strategy.new_tree(&mut runner).ok()?.current();
        let trace = self.target.schema.evaluate(&instance);
        Some(Sample { instance, constraint: fault, broken: trace.broken, unique: trace.unique })
    }
}
