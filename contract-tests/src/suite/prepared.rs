//! What a suite needs of its document and seed, whatever server is tested: made once, used in every run.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

use super::{Suite, SuiteError};
use crate::{
    cases::Group,
    judge::{self, Conformance, Judge, ReportedViolations},
    openapi::{
        document::Document,
        operation::Operation,
        request::{Target, name, requests},
        resources::{KindId, Resources},
    },
    plan::{
        Plan, Planner, Sample,
        patches::{Patch, patches},
    },
    report::OperationReport,
    schema::Schema,
    suite::{resources::referred, tally::Tally},
};

pub(crate) struct Prepared {
    pub operations: Vec<Operation>,
    pub resources: Arc<Resources>,
    pub parts: Vec<PreparedTarget>,
    /// The judges that need nothing but the document.
    pub judges: Vec<Box<dyn Judge>>,
    pub conformance: Arc<Conformance>,
    pub violations: Arc<ReportedViolations>,
}

/// An operation with one media type of its body. It is compiled and its plan is made when they are asked for the first time, and both
/// are kept for other servers.
pub(crate) struct PreparedTarget {
    pub operation: Operation,
    /// The media type and the pointer of its schema.
    media_type: Option<(String, String)>,
    source: Source,
    seed: u64,
    compiled: OnceLock<Result<Compiled, String>>,
    whole: OnceLock<Planned>,
    /// What there was time for of the whole plan.
    begun: OnceLock<Planned>,
    /// The plain valid requests only.
    plain: OnceLock<Planned>,
}

/// What every part is made from.
#[derive(Clone)]
struct Source {
    document: Arc<Document>,
    resources: Arc<Resources>,
    violations: Arc<ReportedViolations>,
}

struct Compiled {
    target: Target,
    /// The kinds of resources that its requests refer to.
    referred: Vec<KindId>,
}

struct Planned {
    plan: Plan,
    numbers: Vec<usize>,
    /// The richest valid request that is still of a readable size, with a body where there can be one.
    baseline: Option<usize>,
    /// The valid requests but for the document's own examples, from the smallest to the largest.
    others: Vec<usize>,
    seed: u64,
    patches: OnceLock<Vec<Patch>>,
}

/// A part and its plan.
#[derive(Clone, Copy)]
pub(crate) struct PlannedTarget<'a> {
    pub target: &'a Target,
    /// The kinds of resources that its requests refer to.
    pub referred: &'a [KindId],
    pub plan: &'a Plan,
    /// For each sample of the plan its number among those with the same group and constraint, from 1.
    pub numbers: &'a [usize],
    /// The richest valid request that is still of a readable size, with a body where there can be one.
    baseline: Option<usize>,
    planned: &'a Planned,
}

/// The size of a request, as JSON, that protocol and state cases are made from.
const READABLE: usize = 4_000;

impl Prepared {
    pub fn new(suite: &Suite) -> Result<Self, SuiteError> {
        let document = &suite.document;
        let mut operations = document.operations();
        for excluded in &suite.excluded {
            let mut named = operations.iter_mut().filter(|operation| is_called(operation, excluded)).peekable();
            if named.peek().is_none() {
                return Err(SuiteError::NoSuchOperation(excluded.clone()));
            }
            named.for_each(|operation| operation.untestable = Some("it is excluded".to_owned()));
        }
        let reads = ["GET", "HEAD", "OPTIONS", "TRACE"];
        if suite.assumptions.read_only {
            for operation in operations.iter_mut().filter(|operation| !reads.contains(&operation.method.as_str())) {
                operation.untestable.get_or_insert_with(|| "only operations that change nothing are tested".to_owned());
            }
        }
        let source = Source {
            document: Arc::clone(document),
            resources: Arc::new(Resources::of(document, &operations)),
            violations: Arc::new(ReportedViolations::of(document, &operations)),
        };
        let testable = operations.iter().filter(|operation| operation.untestable.is_none());
        let parts = testable.flat_map(|operation| {
            let media_types: Vec<Option<(String, String)>> = match &operation.body {
                Some(body) => body.media_types.iter().cloned().map(Some).collect(),
                None => vec![None],
            };
            media_types.into_iter().map(|media_type| PreparedTarget {
                operation: operation.clone(),
                media_type,
                source: source.clone(),
                seed: suite.seed,
                compiled: OnceLock::new(),
                whole: OnceLock::new(),
                begun: OnceLock::new(),
                plain: OnceLock::new(),
            })
        });
        let parts = parts.collect();
        let conformance = Arc::new(Conformance::of(document));
        let judges = judge::standard(document, &conformance, &source.violations);
        let Source { resources, violations, .. } = source;
        Ok(Self { operations, resources, parts, judges, conformance, violations })
    }
}

impl Prepared {
    /// For each operation whose path names a resource who tells its ids.
    pub fn explain(&self) -> String {
        let called = |operation: &Operation| format!("{} ({} {})", operation.id, operation.method, operation.path);
        let mut lines = Vec::new();
        for operation in &self.operations {
            let Some((kind, names)) = self.resources.named(operation) else { continue };
            lines.push(format!("{} needs {}", called(operation), names.join(", ")));
            let producers = &self.resources.kinds[kind].producers;
            let tellers = producers.iter().filter_map(|pointer| self.operations.iter().find(|other| other.pointer == *pointer));
            let own: Vec<String> = tellers.filter(|other| other.pointer != operation.pointer).map(called).collect();
            match own.as_slice() {
                [] => lines.push("  from nobody: --set NAME=VALUE gives one".to_owned()),
                own => lines.extend(own.iter().map(|teller| format!("  from {teller}"))),
            }
        }
        lines.iter().map(|line| format!("{line}\n")).collect()
    }
}

/// Whether this names the operation.
fn is_called(operation: &Operation, name: &str) -> bool {
    operation.id == name || format!("{} {}", operation.method, operation.path) == name
}

impl PreparedTarget {
    /// What its cases begin with, as [`Target::name`].
    pub fn name(&self) -> String {
        name(&self.operation, self.media_type())
    }

    /// The media type of its body.
    pub fn media_type(&self) -> Option<&str> {
        self.media_type.as_ref().map(|(name, _)| name.as_str())
    }

    /// What is generated for.
    ///
    /// # Errors
    ///
    /// Why it cannot be tested: one schema that cannot be compiled costs its operation, not the run.
    pub fn target(&self) -> Result<&Target, &str> {
        Ok(&self.compiled()?.target)
    }

    /// The same, where somebody has asked for it before.
    pub fn met(&self) -> Option<&Target> {
        self.compiled.get()?.as_ref().ok().map(|compiled| &compiled.target)
    }

    /// The kinds of resources that its requests refer to.
    pub fn referred(&self) -> &[KindId] {
        self.compiled().map_or(&[], |compiled| &compiled.referred)
    }

    fn compiled(&self) -> Result<&Compiled, &str> {
        let compiled = self.compiled.get_or_init(|| {
            let Source { document, resources, violations } = &self.source;
            let target =
                Target::compile(document, &self.operation, self.media_type.as_ref()).map_err(|error| error.to_string())?;
            violations.learn(&target);
            Ok(Compiled { referred: referred(resources, &target), target })
        });
        compiled.as_ref().map_err(String::as_str)
    }

    /// The part with its whole plan; none when it had to be made and `stop` said so meanwhile.
    pub fn whole(&self, stop: &dyn Fn() -> bool) -> Option<PlannedTarget<'_>> {
        let compiled = self.compiled().ok()?;
        self.make(compiled, stop).ok().map(|planned| compiled.with(planned))
    }

    /// The part with its plan, or what of it was made until `stop` said so.
    ///
    /// # Errors
    ///
    /// As for [`target`](Self::target).
    pub fn begun(&self, stop: &dyn Fn() -> bool) -> Result<PlannedTarget<'_>, &str> {
        let compiled = self.compiled()?;
        Ok(compiled.with(self.make(compiled, stop).unwrap_or_else(|begun| self.begun.get_or_init(|| *begun))))
    }

    /// What the report says of it where nothing was tried.
    pub fn unmade(&self) -> OperationReport {
        let report = |schema: &Schema| Tally::new(schema).report(&self.operation, schema, &Plan::unmade(schema));
        match self.met() {
            Some(target) => report(&target.schema),
            None => report(&requests(&self.source.document, &self.operation, self.media_type.as_ref())),
        }
    }

    /// The part with its plan where there is one, else with the plain valid requests, which take no time; none where it cannot be tested.
    pub fn plain(&self) -> Option<PlannedTarget<'_>> {
        let compiled = self.compiled().ok()?;
        let plain = || self.plain.get_or_init(|| Planned::new(&compiled.target, self.seed, &|| true));
        Some(compiled.with(self.whole.get().unwrap_or_else(plain)))
    }

    /// The whole plan, or what was made of it.
    fn make(&self, compiled: &Compiled, stop: &dyn Fn() -> bool) -> Result<&Planned, Box<Planned>> {
        if let Some(planned) = self.whole.get() {
            return Ok(planned);
        }
        let planned = Planned::new(&compiled.target, self.seed, stop);
        if planned.plan.whole { Ok(self.whole.get_or_init(|| planned)) } else { Err(Box::new(planned)) }
    }
}

impl Compiled {
    fn with<'a>(&'a self, planned: &'a Planned) -> PlannedTarget<'a> {
        let Planned { plan, numbers, baseline, .. } = planned;
        PlannedTarget { target: &self.target, referred: &self.referred, plan, numbers, baseline: *baseline, planned }
    }
}

impl Planned {
    fn new(target: &Target, seed: u64, stop: &dyn Fn() -> bool) -> Self {
        let plan = Planner::plan_until(&target.schema, &target.validator, target, seed, stop);
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
        let is_valid = |index: &usize| plan.samples[*index].broken.is_empty() && !plan.examples.contains(index);
        let mut others: Vec<usize> = (0..plan.samples.len()).filter(is_valid).collect();
        // Variants of a request are mostly variants of its body.
        others.sort_by_cached_key(|index| {
            let instance = &plan.samples[*index].instance;
            (instance.get("body").is_none(), instance.to_string().len())
        });
        Self { plan, numbers, baseline, others, seed, patches: OnceLock::new() }
    }
}

impl<'a> PlannedTarget<'a> {
    /// The same part, with another sample as what protocol and state cases are made from: one that the server accepts.
    pub fn with_baseline(self, index: usize) -> Self {
        Self { baseline: Some(index), ..self }
    }

    /// What protocol and state cases are made from.
    pub fn baseline(&self) -> Option<&'a Sample> {
        self.baseline.map(|index| &self.plan.samples[index])
    }

    /// Valid patches that make something invalid of a resource.
    pub fn patches(&self) -> &'a [Patch] {
        self.planned.patches.get_or_init(|| patches(self.target, self.plan, self.planned.seed))
    }

    /// Up to `count` valid samples: the baseline, the document's own examples, then others of all sizes.
    pub fn plain(&self, count: usize) -> Vec<usize> {
        let others: Vec<usize> = self.planned.others.iter().copied().filter(|index| Some(*index) != self.baseline).collect();
        let examples = self.plan.examples.iter().copied().filter(|index| Some(*index) != self.baseline);
        let step = others.len().div_ceil(count).max(1);
        self.baseline.into_iter().chain(examples).chain(others.into_iter().step_by(step)).take(count).collect()
    }

    /// A sample of the plan.
    pub fn sample(&self, index: usize) -> &'a Sample {
        &self.plan.samples[index]
    }

    /// The group of its case.
    pub fn group(&self, index: usize) -> Group {
        group(self.sample(index))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_compiled_before_it_is_asked_for() {
        let document = r##"{
            "openapi": "3.1.0", "info": { "title": "x", "version": "1" },
            "paths": { "/a": { "post": {
                "requestBody": { "content": {
                    "application/json": { "schema": { "maxLength": 3 } }, "text/plain": { "schema": { "maxLength": 4 } }
                } },
                "responses": { "200": { "description": "x" } }
            } } }
        }"##;
        let suite = Suite::new(Document::parse("x.json", document).unwrap());
        let prepared = Prepared::new(&suite).unwrap();
        let met = || prepared.parts.iter().map(|part| part.met().is_some()).collect::<Vec<_>>();
        assert_eq!(met(), [false, false]);
        let unmade = prepared.parts[0].unmade().constraints;
        assert!(met() == [false, false] && !unmade.is_empty());
        let planned = prepared.parts[0].begun(&|| true).unwrap();
        assert!(met() == [true, false] && planned.baseline().is_some());
        let keys =
            |constraints: &[crate::report::ConstraintReport]| constraints.iter().map(|it| it.key.clone()).collect::<Vec<_>>();
        assert_eq!(keys(&unmade), keys(&prepared.parts[0].unmade().constraints), "the same, whoever has compiled it");
        let names: Vec<String> = prepared.parts.iter().map(PreparedTarget::name).collect();
        assert_eq!(names, ["POST /a(application/json)", "POST /a(text/plain)"]);
    }
}
