//! What a suite needs of its document and seed, whatever server is tested: made once, used in every run.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc, Mutex, OnceLock, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
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
    report::{EXCLUDED, OperationReport, READ_ONLY},
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

/// An operation with one media type of its body. It is compiled and its plan is made when they are asked for the first time. The plans of
/// a document of ordinary size are all kept for other servers; beyond [`KEPT`] a plan lives as long as somebody uses it.
pub(crate) struct PreparedTarget {
    pub operation: Operation,
    /// The media type and the pointer of its schema.
    media_type: Option<(String, String)>,
    source: Source,
    seed: u64,
    compiled: OnceLock<Result<Compiled, String>>,
    whole: Mutex<Weak<Planned>>,
    /// Keeps the whole plan.
    kept: OnceLock<Arc<Planned>>,
    /// The plain valid requests only.
    plain: OnceLock<Arc<Planned>>,
}

/// What every part is made from.
#[derive(Clone)]
struct Source {
    document: Arc<Document>,
    resources: Arc<Resources>,
    violations: Arc<ReportedViolations>,
    /// The size of all plans that are kept, in bytes of JSON.
    kept: Arc<AtomicUsize>,
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
    /// The size of all its instances, in bytes of JSON.
    size: usize,
    seed: u64,
    patches: OnceLock<Vec<Patch>>,
}

/// A part and its plan.
#[derive(Clone)]
pub(crate) struct PlannedTarget<'a> {
    pub target: &'a Target,
    /// The kinds of resources that its requests refer to.
    pub referred: &'a [KindId],
    /// The sample that protocol and state cases are made from.
    baseline: Option<usize>,
    planned: Arc<Planned>,
}

/// The size of a request, as JSON, that protocol and state cases are made from.
const READABLE: usize = 4_000;

/// How much of the plans is kept for their next use, in bytes of JSON: values in memory take ten times as much.
const KEPT: usize = 10_000_000;

/// How many valid requests are kept of a plan that is not.
const PLAIN: usize = 8;

impl Prepared {
    pub fn new(suite: &Suite) -> Result<Self, SuiteError> {
        let document = &suite.document;
        let mut operations = document.operations();
        for excluded in &suite.excluded {
            let mut named = operations.iter_mut().filter(|operation| is_called(operation, excluded)).peekable();
            if named.peek().is_none() {
                return Err(SuiteError::NoSuchOperation(excluded.clone()));
            }
            named.for_each(|operation| operation.untestable = Some(EXCLUDED.to_owned()));
        }
        let reads = ["GET", "HEAD", "OPTIONS", "TRACE"];
        if suite.assumptions.read_only {
            let changes = |operation: &&mut Operation| !reads.contains(&operation.method.as_str()) || operation.changes_by_name();
            for operation in operations.iter_mut().filter(changes) {
                operation.untestable.get_or_insert_with(|| READ_ONLY.to_owned());
            }
        }
        let source = Source {
            document: Arc::clone(document),
            resources: Arc::new(Resources::of(document, &operations)),
            violations: Arc::new(ReportedViolations::of(document, &operations)),
            kept: Arc::default(),
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
                whole: Mutex::default(),
                kept: OnceLock::new(),
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
    /// For each operation whose path names a resource, or whose requests refer to one, who tells its ids.
    pub fn explain(&self) -> String {
        let called = |operation: &Operation| format!("{} ({} {})", operation.id, operation.method, operation.path);
        let mut lines = Vec::new();
        for operation in &self.operations {
            let tellers = |kind: KindId| {
                let producers = self.resources.kinds[kind].producers.iter();
                let tellers = producers.filter_map(|pointer| self.operations.iter().find(|other| other.pointer == *pointer));
                let own: Vec<String> = tellers.filter(|other| other.pointer != operation.pointer).map(called).collect();
                match own.as_slice() {
                    [] => vec!["  from nobody: --set NAME=VALUE gives one".to_owned()],
                    own => own.iter().map(|teller| format!("  from {teller}")).collect(),
                }
            };
            let named = self.resources.named(operation);
            if let Some((kind, names)) = named {
                lines.push(format!("{} needs {}", called(operation), names.join(", ")));
                lines.extend(tellers(kind));
            }
            let own_parts = self.parts.iter().filter(|part| part.operation.pointer == operation.pointer);
            let referred: BTreeSet<KindId> = own_parts.flat_map(PreparedTarget::referred).copied().collect();
            for kind in referred.into_iter().filter(|kind| named.is_none_or(|(named, _)| named != *kind)) {
                lines.push(format!("{} refers to {}", called(operation), self.resources.kinds[kind].template()));
                lines.extend(tellers(kind));
            }
        }
        if lines.is_empty() {
            lines.push("no path names a resource, and no request refers to one".to_owned());
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
            let Source { document, resources, violations, .. } = &self.source;
            let target =
                Target::compile(document, &self.operation, self.media_type.as_ref()).map_err(|error| error.to_string())?;
            violations.learn(&target);
            Ok(Compiled { referred: referred(resources, &target), target })
        });
        compiled.as_ref().map_err(String::as_str)
    }

    /// The part with its whole plan; none when it had to be made and `stop` said so meanwhile.
    pub fn whole(&self, stop: &dyn Fn() -> bool) -> Option<PlannedTarget<'_>> {
        self.begun(stop).ok().filter(|part| part.plan().whole)
    }

    /// The part with its plan, or what of it was made until `stop` said so.
    ///
    /// # Errors
    ///
    /// As for [`target`](Self::target).
    pub fn begun(&self, stop: &dyn Fn() -> bool) -> Result<PlannedTarget<'_>, &str> {
        let compiled = self.compiled()?;
        let planned = self.at_hand().unwrap_or_else(|| self.make(compiled, stop));
        Ok(compiled.with(planned))
    }

    /// What the report says of it where nothing was tried.
    pub fn unmade(&self) -> OperationReport {
        let report = |schema: &Schema| Tally::new(schema).report(&self.operation, schema, &Plan::unmade(schema));
        match self.met() {
            Some(target) => report(&target.schema),
            None => report(&requests(&self.source.document, &self.operation, self.media_type.as_ref())),
        }
    }

    /// The part with its plan where there is one, else with plain valid requests, which take no time; none where it cannot be tested.
    pub fn plain(&self) -> Option<PlannedTarget<'_>> {
        let compiled = self.compiled().ok()?;
        let plain = || Arc::clone(self.plain.get_or_init(|| Planned::new(&compiled.target, self.seed, &|| true).into()));
        Some(compiled.with(self.at_hand().unwrap_or_else(plain)))
    }

    /// Whether its plan has to be made again for each use.
    pub fn is_large(&self) -> bool {
        self.plain.get().is_some() && self.kept.get().is_none()
    }

    /// The whole plan, where somebody has it.
    fn at_hand(&self) -> Option<Arc<Planned>> {
        self.whole.lock().unwrap_or_else(PoisonError::into_inner).upgrade()
    }

    /// The whole plan, or what of it was made until `stop` said so.
    fn make(&self, compiled: &Compiled, stop: &dyn Fn() -> bool) -> Arc<Planned> {
        let planned = Arc::new(Planned::new(&compiled.target, self.seed, stop));
        if planned.plan.whole {
            *self.whole.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(&planned);
            let fits = self.source.kept.fetch_add(planned.size, Ordering::Relaxed) + planned.size <= KEPT;
            // Two may have made it at the same time, and one is kept.
            if !fits || self.kept.set(Arc::clone(&planned)).is_err() {
                self.source.kept.fetch_sub(planned.size, Ordering::Relaxed);
            }
            if !fits {
                self.plain.get_or_init(|| planned.reduced().into());
            }
        }
        planned
    }
}

impl Compiled {
    fn with(&self, planned: Arc<Planned>) -> PlannedTarget<'_> {
        PlannedTarget { target: &self.target, referred: &self.referred, baseline: planned.baseline, planned }
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
        Self::of(plan, numbers, seed)
    }

    fn of(plan: Plan, numbers: Vec<usize>, seed: u64) -> Self {
        let sizes: Vec<usize> = plan.samples.iter().map(|sample| sample.instance.to_string().len()).collect();
        let has_body = |index: usize| plan.samples[index].instance.get("body").is_some();
        let valid: Vec<usize> = (0..plan.samples.len()).filter(|index| plan.samples[*index].broken.is_empty()).collect();
        let baseline = valid.iter().copied().max_by_key(|index| {
            let size = if sizes[*index] <= READABLE { sizes[*index] } else { 0 };
            (has_body(*index), plan.samples[*index].constraint.is_none(), size)
        });
        let mut others: Vec<usize> = valid.into_iter().filter(|index| !plan.examples.contains(index)).collect();
        // Variants of a request are mostly variants of its body.
        others.sort_by_key(|index| (!has_body(*index), sizes[*index]));
        Self { baseline, others, size: sizes.iter().sum(), plan, numbers, seed, patches: OnceLock::new() }
    }

    /// A few of its valid requests.
    fn reduced(&self) -> Self {
        let indices = self.plain(self.baseline, PLAIN);
        let plan = Plan {
            samples: indices.iter().map(|index| self.plan.samples[*index].clone()).collect(),
            examples: (0..indices.len()).filter(|index| self.plan.examples.contains(&indices[*index])).collect(),
            breakable: self.plan.breakable.clone(),
            satisfied: self.plan.satisfied.clone(),
            ..Plan::default()
        };
        Self::of(plan, indices.iter().map(|index| self.numbers[*index]).collect(), self.seed)
    }

    /// Up to `count` valid samples: this one, the document's own examples, then others of all sizes.
    fn plain(&self, first: Option<usize>, count: usize) -> Vec<usize> {
        let others: Vec<usize> = self.others.iter().copied().filter(|index| Some(*index) != first).collect();
        let examples = self.plan.examples.iter().copied().filter(|index| Some(*index) != first);
        let step = others.len().div_ceil(count).max(1);
        first.into_iter().chain(examples).chain(others.into_iter().step_by(step)).take(count).collect()
    }
}

impl PlannedTarget<'_> {
    /// The same part, with another sample as what protocol and state cases are made from: one that the server accepts.
    pub fn with_baseline(self, index: usize) -> Self {
        Self { baseline: Some(index), ..self }
    }

    /// What protocol and state cases are made from: the richest valid request that is still of a readable size, with a body where there can
    /// be one, until another is chosen.
    pub fn baseline(&self) -> Option<&Sample> {
        self.baseline.map(|index| self.sample(index))
    }

    pub fn plan(&self) -> &Plan {
        &self.planned.plan
    }

    /// The number of a sample among those with the same group and constraint, from 1.
    pub fn number(&self, index: usize) -> usize {
        self.planned.numbers[index]
    }

    /// Valid patches that make something invalid of a resource.
    pub fn patches(&self) -> &[Patch] {
        self.planned.patches.get_or_init(|| patches(self.target, self.plan(), self.planned.seed))
    }

    /// Up to `count` valid samples: the baseline, the document's own examples, then others of all sizes.
    pub fn plain(&self, count: usize) -> Vec<usize> {
        self.planned.plain(self.baseline, count)
    }

    /// A sample of the plan.
    pub fn sample(&self, index: usize) -> &Sample {
        &self.plan().samples[index]
    }

    /// The group of its case.
    pub fn group(&self, index: usize) -> Group {
        group(self.sample(index))
    }

    /// Where the document makes the promise that a sample of the plan is about.
    pub fn promise(&self, index: usize) -> &str {
        let constraint = self.sample(index).constraint.map(|id| &self.target.schema.constraints[id]);
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
