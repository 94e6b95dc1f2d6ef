//! One run: sends cases and has the answers judged.

use std::{
    collections::BTreeMap,
    future::Future,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use futures_util::{StreamExt, stream};
use serde_json::Value;

use super::{
    Progress, Suite, SuiteError,
    client::Client,
    failures::Failures,
    fresh::Fresh,
    prepared::{PlannedTarget, Prepared},
    saved, state,
    store::check_store,
    tally::Tally,
};
use crate::{
    cases::{Case, Credentials, Group, authentication, protocol},
    judge::{Exchange, Finding},
    openapi::{
        document::Document,
        operation::Operation,
        request::{Request, Response, Target},
    },
    plan::{Sample, random::Random},
    report::{OperationReport, Report},
};

/// One run.
pub(crate) struct Run<'a> {
    pub(super) suite: &'a Suite,
    client: &'a Client,
    pub(super) prepared: &'a Prepared,
    /// None where every failure counts.
    pub(super) filter: Option<FailureFilter<'a>>,
    pub(super) tokens: BTreeMap<String, String>,
    fresh: Fresh,
    pub(super) failures: Failures,
    done: AtomicU64,
    total: AtomicU64,
    pub(super) requests: AtomicU64,
    /// Answers that say that something was created.
    pub(super) created: AtomicU64,
    /// How many smaller requests were tried.
    pub(super) shrinks: AtomicUsize,
    /// The latest look into the store, and how many requests had been sent then.
    pub(super) seen: Mutex<Option<(u64, Vec<Value>)>>,
}

/// Ends a run at the first failure whose promise this holds for; no other counts.
#[derive(Clone, Copy)]
pub(crate) struct FailureFilter<'a>(pub &'a (dyn Fn(&str) -> bool + Sync));

/// What came of a case.
pub(crate) struct CaseOutcome {
    pub findings: Vec<Finding>,
    pub answer: Result<Response, String>,
}

/// How often a request is sent again that the server has no time for.
const MAX_TRIES: usize = 3;

impl<'a> Run<'a> {
    /// A run that has not begun.
    pub fn new(
        suite: &'a Suite,
        client: &'a Client,
        prepared: &'a Prepared,
        tokens: BTreeMap<String, String>,
        filter: Option<FailureFilter<'a>>,
    ) -> Self {
        Self {
            suite,
            client,
            prepared,
            filter,
            tokens,
            fresh: Fresh::new(nonce()),
            failures: Failures::default(),
            done: AtomicU64::new(0),
            total: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            created: AtomicU64::new(0),
            shrinks: AtomicUsize::new(0),
            seen: Mutex::new(None),
        }
    }

    /// Tries everything.
    pub async fn report(&self, begin: Instant) -> Result<Report, SuiteError> {
        let (suite, parts) = (self.suite, &self.prepared.parts);
        self.check_reachable(parts).await?;
        let before = self.snapshot().await;
        let mut reports = Vec::new();
        for part in parts {
            reports.push(self.test_part(part).await?);
        }
        self.check_created(parts, before).await;
        for operation in self.prepared.operations.iter().filter(|operation| operation.beyond) {
            reports.push(OperationReport {
                id: operation.id.clone(),
                name: format!("{} {}", operation.method, operation.path),
                cases: BTreeMap::new(),
                constraints: Vec::new(),
                uncovered: operation.uncovered.clone(),
                disagreements: Vec::new(),
            });
        }
        if let Some(path) = suite.failures.as_ref().filter(|_| suite.only.is_none()) {
            saved::write(path, &self.failures.saved()).map_err(|cause| SuiteError::Failures { path: path.clone(), cause })?;
        }
        let judged = self.done.load(Ordering::Relaxed);
        if let (Some(only), 0) = (&suite.only, judged) {
            return Err(SuiteError::NoSuchCase(only.clone()));
        }
        Ok(Report {
            document: suite.document.name.clone(),
            url: self.client.url().to_owned(),
            seed: suite.seed,
            only: suite.only.clone(),
            requests: self.requests.load(Ordering::Relaxed),
            cases: judged,
            elapsed: begin.elapsed(),
            operations: reports,
            failures: self.failures.reported(),
        })
    }

    /// Whether what the run is for was found.
    pub fn is_over(&self) -> bool {
        self.filter.is_some() && self.failures.len() > 0
    }

    /// Whether somebody answers at all.
    pub async fn check_reachable(&self, parts: &[PlannedTarget]) -> Result<(), SuiteError> {
        let Some(PlannedTarget { target, .. }) = parts.first() else { return Ok(()) };
        let request = Request { method: "OPTIONS".to_owned(), target: target.operation.path.clone(), ..Request::default() };
        match self.client.send(&request, &[]).await {
            Ok(_) => Ok(()),
            Err(cause) => Err(SuiteError::Unreachable { url: self.client.url().to_owned(), cause }),
        }
    }

    pub fn client(&self) -> &Client {
        self.client
    }

    pub fn fresh(&self) -> &Fresh {
        &self.fresh
    }

    pub fn document(&self) -> &Document {
        &self.suite.document
    }

    pub fn authorization(&self, operation: &Operation, credentials: &Credentials) -> Vec<String> {
        match credentials {
            Credentials::Raw(values) => values.clone(),
            Credentials::Good => self.tokens.get(&operation.id).map(|token| format!("Bearer {token}")).into_iter().collect(),
        }
    }

    async fn test_part(&self, part: &PlannedTarget) -> Result<OperationReport, SuiteError> {
        let PlannedTarget { target, plan, .. } = part;
        let mut tally = Tally::new(target);
        self.saved_cases(target).await?;
        self.planned_cases(part, &mut tally).await;
        let mut cases = self.protocol_cases(part);
        cases.extend(self.authentication_cases(part)?);
        self.judge_all(target, &cases).await;
        for case in &cases {
            tally.count(case.group);
        }
        for _ in 0..self.state_cases(part).await {
            tally.count(Group::State);
        }
        let tallied = Mutex::new(&mut tally);
        let note = |target: &Target, sample: &Sample, group| {
            tallied.lock().unwrap_or_else(PoisonError::into_inner).sample(target, sample, group);
        };
        self.random_cases(part, note).await;
        Ok(tally.report(target, plan))
    }

    /// Every sample of the plan.
    async fn planned_cases(&self, part: &PlannedTarget, tally: &mut Tally) {
        let PlannedTarget { target, plan, .. } = part;
        let cases: Vec<(usize, Case)> = (0..plan.samples.len())
            .map(|index| (index, part.case(index, &self.fresh)))
            .filter(|(_, case)| self.suite.is_selected(&case.id))
            .collect();
        self.total.fetch_add(cases.len() as u64, Ordering::Relaxed);
        self.for_each(&cases, |(_, case)| self.judge_case(target, case)).await;
        for (index, case) in &cases {
            tally.sample(target, &plan.samples[*index], case.group);
        }
    }

    /// A new valid request of this part.
    fn valid(&self, part: &PlannedTarget) -> Option<(Request, Value)> {
        let sample = part.baseline()?;
        let instance = self.fresh.freshen(&part.target, &sample.instance, &sample.unique);
        Some((part.target.encode(&instance), instance))
    }

    pub fn protocol_cases(&self, part: &PlannedTarget) -> Vec<Case> {
        let mut cases = protocol::cases(&self.suite.document, &part.target, self.suite.assumptions, || self.valid(part));
        cases.retain(|case| self.suite.is_selected(&case.id));
        cases
    }

    pub fn authentication_cases(&self, part: &PlannedTarget) -> Result<Vec<Case>, SuiteError> {
        let target = &part.target;
        let Some(security) = target.operation.security.as_ref().filter(|security| security.bearer) else { return Ok(Vec::new()) };
        let token = self.tokens.get(&target.operation.id).map(String::as_str);
        let mut cases = authentication::cases(target, security, self.suite.signer.as_ref(), token, || self.valid(part))?;
        cases.retain(|case| self.suite.is_selected(&case.id));
        Ok(cases)
    }

    /// Tries what earlier requests have to do with later ones; gives how many cases were judged.
    pub async fn state_cases(&self, part: &PlannedTarget) -> usize {
        match part.baseline() {
            Some(baseline) => state::run(self, &part.target, baseline).await,
            None => 0,
        }
    }

    pub async fn judge_all(&self, target: &Target, cases: &[Case]) {
        self.total.fetch_add(cases.len() as u64, Ordering::Relaxed);
        self.for_each(cases, |case| self.judge_case(target, case)).await;
    }

    /// Several at a time; with a look into the store each has the server for itself, so that a change is its own.
    pub async fn for_each<I, F: Future<Output = ()>>(&self, all: impl IntoIterator<Item = I>, each: impl Fn(I) -> F) {
        let concurrency = if self.suite.store.is_some() { 1 } else { self.suite.concurrency };
        stream::iter(all).for_each_concurrent(concurrency, each).await;
    }

    /// Random requests: half of them valid, half with one fault.
    pub async fn random_cases(&self, part: &PlannedTarget, note: impl Fn(&Target, &Sample, Group)) {
        let PlannedTarget { target, plan, .. } = part;
        let count = self.suite.cases;
        self.total.fetch_add(count as u64, Ordering::Relaxed);
        let random = Random::new(target, plan, self.suite.seed);
        let next = AtomicUsize::new(0);
        let note = &note;
        let workers = (0..self.suite.concurrency).map(|_| async {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count || self.is_over() {
                    return;
                }
                let id = format!("{}:random:{number}", target.name());
                if !self.suite.is_selected(&id) {
                    self.total.fetch_sub(1, Ordering::Relaxed);
                    continue;
                }
                let Some(sample) = random.sample(number) else {
                    self.total.fetch_sub(1, Ordering::Relaxed);
                    continue;
                };
                note(target, &sample, Group::Random);
                let fresh = Sample { instance: self.fresh.freshen(target, &sample.instance, &sample.unique), ..sample };
                let case = Case { id, ..Case::of_sample(target, &fresh, Group::Random, number) };
                self.judge_case(target, &case).await;
            }
        });
        futures_util::future::join_all(workers).await;
    }

    /// Cases that failed last time, first.
    async fn saved_cases(&self, target: &Target) -> Result<(), SuiteError> {
        let Some(path) = &self.suite.failures else { return Ok(()) };
        let saved = saved::read(path).map_err(|cause| SuiteError::Failures { path: path.clone(), cause })?;
        for (number, saved) in saved.into_iter().filter(|saved| saved.operation == target.operation.id).enumerate() {
            let Some(instance) = target.as_received(saved.instance) else { continue };
            let trace = target.schema.evaluate(&instance);
            if target.validator.agree(&instance, &trace).is_err() {
                continue; // The document has changed since.
            }
            let constraint = trace.broken.first().map(|violation| violation.constraint);
            let instance = self.fresh.freshen(target, &instance, &trace.unique);
            let sample = Sample { instance, constraint, broken: trace.broken, unique: trace.unique };
            let group = if sample.broken.is_empty() { Group::Boundary } else { Group::Negative };
            let case =
                Case { id: format!("{}:saved:{number}", target.name()), ..Case::of_sample(target, &sample, group, number) };
            if self.suite.is_selected(&case.id) {
                self.total.fetch_add(1, Ordering::Relaxed);
                self.judge_case(target, &case).await;
            }
        }
        Ok(())
    }

    /// Tries a case and records what it breaks, with the smallest request that still does.
    pub async fn judge_case(&self, target: &Target, case: &Case) {
        if self.is_over() {
            return;
        }
        // Random cases run side by side, so that a change is nobody's own; the sum is looked at in the end.
        let alone = case.group != Group::Random;
        let before = if alone { self.snapshot().await } else { None };
        let outcome = self.attempt(target, case).await;
        let after = if alone { self.snapshot().await } else { None };
        if let (Some(before), Some(after)) = (before, after) {
            // A smaller request would be another change of the store, so these are not made smaller.
            if let Some(finding) = check_store(&target.operation, outcome.answer.as_ref().ok(), &before, &after) {
                self.fail(target, case, &finding, outcome.answer.as_ref());
            }
        }
        for finding in &outcome.findings {
            if self.filter.is_some() {
                self.fail(target, case, finding, outcome.answer.as_ref());
            } else if self.failures.count(&target.operation.id, finding) {
                let (smallest, answer) = self.shrink(target, case, finding, &outcome).await;
                self.record(target, &smallest, finding, answer.as_ref());
            }
        }
        self.count_judged();
    }

    /// Counts a case as judged.
    pub fn count_judged(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some(progress) = &self.suite.progress {
            let total = self.total.load(Ordering::Relaxed).max(done);
            progress(Progress { done, total, failures: self.failures.len() });
        }
    }

    /// Whether a case of this name is to be tried.
    pub fn is_selected(&self, case: &str) -> bool {
        let wanted = !self.is_over() && self.suite.is_selected(case);
        if wanted {
            self.total.fetch_add(1, Ordering::Relaxed);
        }
        wanted
    }

    /// Sends the case's request and has the answer judged.
    pub async fn attempt(&self, target: &Target, case: &Case) -> CaseOutcome {
        let operation = &target.operation;
        let authorization = self.authorization(operation, &case.credentials);
        let mut sent = SystemTime::now();
        let mut answer = Err(String::new());
        for attempt in 0..MAX_TRIES {
            sent = SystemTime::now();
            self.requests.fetch_add(1, Ordering::Relaxed);
            answer = self.client.send(&case.request, &authorization).await;
            if answer.as_ref().is_ok_and(|response| response.status == 201) {
                self.created.fetch_add(1, Ordering::Relaxed);
            }
            let wait = answer
                .as_ref()
                .ok()
                .filter(|response| response.status == 429)
                .and_then(|response| response.header("retry-after"));
            match wait.and_then(|seconds| seconds.parse::<u64>().ok()) {
                Some(seconds) if attempt + 1 < MAX_TRIES => tokio::time::sleep(Duration::from_secs(seconds.min(10))).await,
                _ => break,
            }
        }
        let findings = match &answer {
            Err(cause) => {
                vec![Finding::new(&case.promise, format!("nothing answers {}", case.title)).with(cause.clone())]
            }
            Ok(response) => self.findings(operation, case, response, sent),
        };
        CaseOutcome { findings, answer }
    }

    fn findings(&self, operation: &Operation, case: &Case, response: &Response, sent: SystemTime) -> Vec<Finding> {
        let body: Option<Value> = serde_json::from_slice(&response.body).ok();
        let violations = self.prepared.violations.read(operation, response, body.as_ref());
        let answered = SystemTime::now();
        let exchange = Exchange { operation, case, response, body: body.as_ref(), violations: &violations, sent, answered };
        let own = self.suite.judges.iter();
        let mut findings: Vec<Finding> = Vec::new();
        for finding in self.prepared.judges.iter().chain(own).flat_map(|judge| judge.judge(&exchange)) {
            if !findings.contains(&finding) {
                findings.push(finding);
            }
        }
        findings
    }
}

/// Differs from run to run, so that unique values do.
fn nonce() -> u64 {
    let elapsed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    elapsed.as_secs() ^ u64::from(elapsed.subsec_nanos()).wrapping_mul(0x9e37_79b9) ^ u64::from(std::process::id())
}
