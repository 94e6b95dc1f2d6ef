//! What a suite needs of its document and seed, whatever server is tested: made once, used in every run.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

use super::{Suite, SuiteError};
use crate::{
    cases::{Case, Group},
    judge::{self, Judge, ReportedViolations},
    openapi::{operation::Operation, request::Target},
    plan::{Plan, Planner, Sample},
    schema::Uncovered,
    suite::fresh::Fresh,
};

pub(crate) struct Prepared {
    pub operations: Vec<Operation>,
    pub parts: Vec<PreparedTarget>,
    /// The judges that need nothing but the document.
    pub judges: Vec<Box<dyn Judge>>,
    pub violations: Arc<ReportedViolations>,
}

/// An operation with one media type of its body. Its plan is made when it is tested for the first time, and kept for other servers.
pub(crate) struct PreparedTarget {
    pub target: Target,
    seed: u64,
    planned: OnceLock<Planned>,
}

struct Planned {
    plan: Plan,
    numbers: Vec<usize>,
    baseline: Option<usize>,
}

/// A part and its plan.
#[derive(Clone, Copy)]
pub(crate) struct PlannedTarget<'a> {
    pub target: &'a Target,
    pub plan: &'a Plan,
    /// For each sample of the plan its number among those with the same group and constraint, from 1.
    pub numbers: &'a [usize],
    /// The richest valid request that is still of a readable size, with a body where there can be one.
    baseline: Option<usize>,
}

/// The size of a request, as JSON, that protocol and state cases are made from.
const READABLE: usize = 4_000;

impl Prepared {
    pub fn new(suite: &Suite) -> Result<Self, SuiteError> {
        let document = &suite.document;
        let mut operations = document.operations();
        let mut targets = Vec::new();
        for operation in operations.iter_mut().filter(|operation| operation.untestable.is_none()) {
            let media_types: Vec<Option<(String, String)>> = match &operation.body {
                Some(body) => body.media_types.iter().cloned().map(Some).collect(),
                None => vec![None],
            };
            for media_type in media_types {
                match Target::compile(document, operation, media_type.as_ref()) {
                    Ok(target) => targets.push(target),
                    // One schema that cannot be compiled costs its operation, not the run.
                    Err(error) => {
                        operation.uncovered.push(Uncovered { pointer: operation.pointer.clone(), reason: error.to_string() });
                        operation.untestable = Some(error.to_string());
                    }
                }
            }
        }
        targets.retain(|target: &Target| {
            operations.iter().any(|operation| operation.pointer == target.operation.pointer && operation.untestable.is_none())
        });
        let violations = Arc::new(ReportedViolations::compile(document, &targets));
        let (judges, unusable) = judge::standard(document, &targets, &violations);
        for target in &mut targets {
            let refers = |gap: &&Uncovered| {
                target.operation.responses.values().any(|response| response.schemas().any(|at| *at == gap.pointer))
            };
            let gaps: Vec<Uncovered> = unusable.iter().filter(refers).cloned().collect();
            target.operation.uncovered.extend(gaps);
        }
        let parts =
            targets.into_iter().map(|target| PreparedTarget { target, seed: suite.seed, planned: OnceLock::new() }).collect();
        Ok(Self { operations, parts, judges, violations })
    }
}

impl PreparedTarget {
    /// The part with its plan; none when it had to be made and `stop` said so meanwhile.
    pub fn planned(&self, stop: &dyn Fn() -> bool) -> Option<PlannedTarget<'_>> {
        let planned = match self.planned.get() {
            Some(planned) => planned,
            None => {
                let planned = Planned::new(&self.target, self.seed, stop)?;
                self.planned.get_or_init(|| planned)
            }
        };
        let Planned { plan, numbers, baseline } = planned;
        Some(PlannedTarget { target: &self.target, plan, numbers, baseline: *baseline })
    }
}

impl Planned {
    fn new(target: &Target, seed: u64, stop: &dyn Fn() -> bool) -> Option<Self> {
        let plan = Planner::plan_until(&target.schema, &target.validator, target, seed, stop)?;
        let mut seen: HashMap<(Group, String), usize> = HashMap::new();
        let numbers = plan.samples.iter().map(|sample| {
            let key = sample.constraint.map_or_else(String::new, |id| target.schema.constraints[id].key());
            let number = seen.entry((group(sample), key)).or_default();
            *number += 1;
            *number
        });
        let numbers = numbers.collect();
        let valid = plan.samples.iter().enumerate().filter(|(_, sample)| sample.broken.is_empty());
        let richest = valid.max_by_key(|(_, sample)| {
            let size = sample.instance.to_string().len();
            (sample.instance.get("body").is_some(), sample.constraint.is_none(), if size <= READABLE { size } else { 0 })
        });
        let baseline = richest.map(|(index, _)| index);
        Some(Self { plan, numbers, baseline })
    }
}

impl<'a> PlannedTarget<'a> {
    /// What protocol and state cases are made from.
    pub fn baseline(&self) -> Option<&'a Sample> {
        self.baseline.map(|index| &self.plan.samples[index])
    }

    /// Up to `count` valid samples: the baseline, then others of all sizes.
    pub fn plain(&self, count: usize) -> Vec<usize> {
        let mut others: Vec<usize> = (0..self.plan.samples.len())
            .filter(|index| self.plan.samples[*index].broken.is_empty() && Some(*index) != self.baseline)
            .collect();
        others.sort_by_key(|index| self.plan.samples[*index].instance.to_string().len());
        let step = others.len().div_ceil(count).max(1);
        self.baseline.into_iter().chain(others.into_iter().step_by(step)).take(count).collect()
    }

    /// The case for a sample of the plan, with values of its own where they must be unique.
    pub fn case(&self, index: usize, fresh: &Fresh) -> Case {
        let sample = &self.plan.samples[index];
        let own = Sample { instance: fresh.freshen(self.target, &sample.instance, &sample.unique), ..sample.clone() };
        Case::of_sample(self.target, &own, group(sample), self.numbers[index])
    }

    /// Where the document makes the promise that a sample of the plan is about.
    pub fn promise(&self, index: usize) -> &str {
        let constraint = self.plan.samples[index].constraint.map(|id| &self.target.schema.constraints[id]);
        constraint.and_then(|constraint| constraint.source.as_deref()).unwrap_or(&self.target.operation.pointer)
    }
}

fn group(sample: &Sample) -> Group {
    if sample.broken.is_empty() { Group::Boundary } else { Group::Negative }
}
