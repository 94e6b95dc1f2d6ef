//! What a suite needs of its document and seed, whatever server is tested: made once, used in every run.

use std::{collections::HashMap, sync::Arc};

use super::{Suite, SuiteError};
use crate::{
    cases::{Case, Group},
    judge::{self, Judge, ReportedViolations},
    openapi::{operation::Operation, request::Target},
    plan::{Plan, Planner, Sample},
    suite::fresh::Fresh,
};

pub(crate) struct Prepared {
    pub operations: Vec<Operation>,
    pub parts: Vec<PlannedTarget>,
    /// The judges that need nothing but the document.
    pub judges: Vec<Box<dyn Judge>>,
    pub violations: Arc<ReportedViolations>,
}

/// An operation with one media type of its body, and the plan for it.
pub(crate) struct PlannedTarget {
    pub target: Target,
    pub plan: Plan,
    /// For each sample of the plan its number among those with the same group and constraint, from 1.
    pub numbers: Vec<usize>,
    /// The richest valid request that is still of a readable size, with a body where there can be one.
    baseline: Option<usize>,
}

/// The size of a request, as JSON, that protocol and state cases are made from.
const READABLE: usize = 4_000;

impl Prepared {
    pub fn new(suite: &Suite) -> Result<Self, SuiteError> {
        let document = &suite.document;
        let operations = document.operations()?;
        let mut targets = Vec::new();
        for operation in operations.iter().filter(|operation| !operation.beyond) {
            match operation.body.as_ref().map(|body| &body.media_types) {
                Some(media_types) => {
                    for media_type in media_types {
                        targets.push(Target::compile(document, operation, Some(media_type))?);
                    }
                }
                None => targets.push(Target::compile(document, operation, None)?),
            }
        }
        let violations = Arc::new(ReportedViolations::compile(document, &targets));
        let judges = judge::standard(document, &targets, &violations)?;
        let parts = targets.into_iter().map(|target| PlannedTarget::new(target, suite.seed)).collect();
        Ok(Self { operations, parts, judges, violations })
    }
}

impl PlannedTarget {
    fn new(target: Target, seed: u64) -> Self {
        let plan = Planner::plan(&target.schema, &target.validator, &target, seed);
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
        Self { target, plan, numbers, baseline }
    }

    /// What protocol and state cases are made from.
    pub fn baseline(&self) -> Option<&Sample> {
        self.baseline.map(|index| &self.plan.samples[index])
    }

    /// The case for a sample of the plan, with values of its own where they must be unique.
    pub fn case(&self, index: usize, fresh: &Fresh) -> Case {
        let sample = &self.plan.samples[index];
        let own = Sample { instance: fresh.freshen(&self.target, &sample.instance, &sample.unique), ..sample.clone() };
        Case::of_sample(&self.target, &own, group(sample), self.numbers[index])
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
