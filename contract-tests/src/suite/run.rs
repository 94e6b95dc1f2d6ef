//! One run: sends cases and has the answers judged.

use std::{
    collections::{BTreeMap, HashMap},
    future::Future,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use futures_util::{StreamExt, stream};
use serde_json::Value;

use super::{
    Progress, Suite, SuiteError, base_path, callers,
    client::Client,
    credentials::{Grant, Keyring},
    failures::Failures,
    foreign::takes_everything,
    fresh::Fresh,
    lifecycle,
    prepared::{PlannedTarget, Prepared, PreparedTarget},
    resources::Known,
    saved,
    send::CaseOutcome,
    sequence,
    store::check_store,
    tally::Tally,
    time::{Share, part_of},
    trust::Trust,
    unanswered::Unanswered,
    unique,
    words::says_missing,
};
use crate::{
    cases::{Case, Credentials, Expect, Group, protocol},
    judge::{Finding, Identity},
    openapi::{
        document::Document,
        operation::Operation,
        request::{Request, Target},
    },
    plan::{Sample, random::Random},
    report::{Failure, OperationReport, Report, Stopped, group},
    rules,
    schema::Uncovered,
};

/// One run.
pub(crate) struct Run<'a> {
    pub(super) suite: &'a Suite,
    pub(super) client: &'a Client,
    /// The same with the headers of another caller, where there are such.
    pub(super) client_of_other: Client,
    pub(super) prepared: &'a Prepared,
    /// None where every failure counts.
    pub(super) filter: Option<FailureFilter<'a>>,
    /// Whether a failure ends the run.
    pub(super) is_last: Option<&'a (dyn Fn(&Failure) -> bool + Sync)>,
    /// What authenticates each operation, or why nothing does.
    pub(super) grants: BTreeMap<String, Result<Grant, String>>,
    /// What authenticates another caller, for each operation for which it differs.
    pub(super) others: BTreeMap<String, Grant>,
    pub(super) fresh: Fresh,
    /// What the server is known to have.
    pub(super) known: Known,
    /// The ids that it has given.
    pub(super) identity: Identity,
    pub(super) failures: Failures,
    pub(super) done: AtomicU64,
    pub(super) total: AtomicU64,
    pub(super) requests: AtomicU64,
    /// Answers that say that something was created.
    pub(super) created: AtomicU64,
    /// How many smaller requests were tried.
    pub(super) shrinks: AtomicUsize,
    /// How often the server had no time.
    pub(super) busy: AtomicUsize,
    /// The latest look into the store, and how many requests had been sent then.
    pub(super) seen: Mutex<Option<(u64, Vec<Value>)>>,
    pub(super) begin: Instant,
    /// Why the run ends early.
    pub(super) stopped: Mutex<Option<Stopped>>,
    /// The share of the time that what is being tested has, and whether that cut it short.
    pub(super) share: Mutex<Option<Share>>,
    pub(super) cut: AtomicBool,
    /// For each operation the statuses of its answers.
    pub(super) answered: Mutex<HashMap<String, BTreeMap<u16, u64>>>,
    /// The last request that was answered.
    pub(super) last: Mutex<String>,
    /// Whether the caller's credentials are accepted still.
    pub(super) trust: Trust,
    /// For each target by its name a sample whose request was accepted.
    pub(super) accepted: Mutex<HashMap<String, Sample>>,
    /// What was given up for lack of time, and is waited for still.
    pub(super) unanswered: Unanswered,
}

/// Ends a run at the first failure whose promise this holds for; no other counts.
#[derive(Clone, Copy)]
pub(crate) struct FailureFilter<'a>(pub &'a (dyn Fn(&str) -> bool + Sync));

/// How often a finding must be seen again that another request under way may have caused.
const CONFIRMATIONS: usize = 3;

impl<'a> Run<'a> {
    /// A run that has not begun.
    pub fn new(
        suite: &'a Suite,
        client: &'a Client,
        prepared: &'a Prepared,
        grants: BTreeMap<String, Result<Grant, String>>,
        filter: Option<FailureFilter<'a>>,
    ) -> Self {
        let headers = suite.other.as_ref().map(|other| other.beside(&suite.keyring).headers);
        let client_of_other = match headers.filter(|headers| !headers.is_empty()) {
            Some(headers) => client.with_headers(headers),
            None => client.clone(),
        };
        Self {
            suite,
            client,
            client_of_other,
            prepared,
            filter,
            is_last: None,
            grants,
            others: BTreeMap::new(),
            fresh: Fresh::new(nonce()),
            known: Known::new(&prepared.resources, suite.given.clone()),
            identity: Identity::default(),
            failures: Failures::default(),
            done: AtomicU64::new(0),
            total: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            created: AtomicU64::new(0),
            shrinks: AtomicUsize::new(0),
            busy: AtomicUsize::new(0),
            seen: Mutex::new(None),
            begin: Instant::now(),
            stopped: Mutex::default(),
            share: Mutex::default(),
            cut: AtomicBool::new(false),
            answered: Mutex::default(),
            last: Mutex::default(),
            trust: Trust::default(),
            accepted: Mutex::default(),
            unanswered: Unanswered::default(),
        }
    }

    /// The same with what authenticates another caller.
    pub fn with_others(self, others: BTreeMap<String, Grant>) -> Self {
        Self { others, ..self }
    }

    /// The same with what ends it.
    pub fn until(self, is_last: &'a (dyn Fn(&Failure) -> bool + Sync)) -> Self {
        Self { is_last: Some(is_last), ..self }
    }

    /// Tries everything.
    pub async fn report(&self, begin: Instant) -> Result<Report, SuiteError> {
        let (suite, parts) = (self.suite, &self.prepared.parts);
        if let Some(only) = suite.only.as_ref().filter(|only| !parts.iter().any(|it| are_of_one_operation(only, &it.name()))) {
            return Err(SuiteError::NoSuchCase(only.clone()));
        }
        self.check_reachable(parts).await?;
        self.find_accepted().await;
        let before = self.snapshot().await;
        // First, while lists are short.
        sequence::run(self, sequence::PARTS).await;
        let mut reports: BTreeMap<usize, OperationReport> = BTreeMap::new();
        // What takes resources away comes last, and first of that what may take more than one; what names a resource comes after what
        // may make it. What ends the session of the caller waits until nothing else needs it.
        let (ending, mut order): (Vec<usize>, Vec<usize>) =
            (0..parts.len()).partition(|index| parts[*index].operation.ends_session());
        // A list of which nothing has a path of its own was not filled by the sequences.
        let is_only_listed = |operation: &Operation| {
            let of_one = format!("{}/{{", operation.path.trim_end_matches('/'));
            operation.method == "GET" && !parts.iter().any(|part| part.operation.path.starts_with(&of_one))
        };
        order.sort_by_cached_key(|index| {
            let operation = &parts[*index].operation;
            let deletes = operation.method == "DELETE";
            (deletes, operation.takes_away(), !deletes && (operation.path.contains('{') || is_only_listed(operation)))
        });
        let mut are_sequences_cut = self.cut.swap(false, Ordering::Relaxed);
        // What a share of the time cuts short is tried again with what the others left, as long as that is a good deal more.
        let mut shares: HashMap<usize, Duration> = HashMap::new();
        while !order.is_empty() {
            for (done, index) in order.iter().enumerate() {
                if let Some(share) = self.begin_share(order.len() - done + ending.len()) {
                    shares.insert(*index, share);
                }
                let report = self.whole_part(&parts[*index]).await?;
                let earlier: Option<&OperationReport> = reports.get(index);
                if report.complete || earlier.is_none_or(|earlier| report.coverage().1 >= earlier.coverage().1) {
                    reports.insert(*index, report);
                }
            }
            order.retain(|index| reports.get(index).is_some_and(|report| !report.complete));
            let next = self.time_left().map(|left| part_of(left, order.len() + ending.len()));
            order.retain(|index| next > shares.get(index).map(|share| *share * 5 / 4));
            if self.is_over() {
                break;
            }
        }
        if are_sequences_cut && !self.is_over() {
            sequence::run(self, 1).await;
            are_sequences_cut = self.cut.swap(false, Ordering::Relaxed);
        }
        if are_sequences_cut || reports.values().any(|report| !report.complete) {
            self.stop(Stopped::MaxTime);
        }
        if self.stopped.lock().unwrap_or_else(PoisonError::into_inner).is_none() {
            self.check_created(parts, before).await;
        }
        for (done, index) in ending.iter().enumerate() {
            self.begin_share(ending.len() - done);
            let report = self.whole_part(&parts[*index]).await?;
            if !report.complete {
                self.stop(Stopped::MaxTime);
            }
            reports.insert(*index, report);
        }
        self.judge_unanswered().await;
        let mut reports: Vec<OperationReport> = reports.into_values().collect();
        // Also what was answered when the operation was called for the sake of another one.
        let answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for report in &mut reports {
            report.answered = answered.get(&report.id).cloned().unwrap_or_default();
        }
        let stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for operation in &self.prepared.operations {
            if let Some(why) = &operation.untestable {
                reports.push(OperationReport::untested(operation, why));
            }
        }
        if let Some(path) = suite.failures.as_ref().filter(|_| suite.only.is_none()) {
            saved::write(path, &self.failures.saved()).map_err(|cause| SuiteError::Failures { path: path.clone(), cause })?;
        }
        let judged = self.done.load(Ordering::Relaxed);
        if let (Some(only), 0, None) = (&suite.only, judged, &stopped) {
            return Err(SuiteError::NoSuchCase(only.clone()));
        }
        let defects = suite.document.defects().map(|defect| Uncovered {
            pointer: defect.pointer.clone(),
            reason: format!("line {}: {}", defect.place.line, defect.message),
        });
        let contradictions: BTreeMap<&str, &str> = parts
            .iter()
            .filter_map(PreparedTarget::met)
            .flat_map(|target| &target.schema.contradictions)
            .map(|gap| (gap.pointer.as_str(), gap.reason.as_str()))
            .collect();
        let contradictions = contradictions.into_iter().map(|(pointer, reason)| {
            let line = suite.document.line(pointer).map(|line| format!("line {line}: ")).unwrap_or_default();
            Uncovered { pointer: pointer.to_owned(), reason: format!("{line}{reason}") }
        });
        let defects = defects.chain(contradictions).collect();
        let mut failures = self.failures.reported();
        if matches!(stopped, Some(Stopped::CredentialsGone { .. })) {
            // They say nothing of the requests that had them.
            failures.retain(|failure| !is_for_credentials(failure));
        }
        let failures = group(failures);
        let is_whole =
            stopped.is_none() && suite.only.is_none() && failures.iter().all(|failure| failure.level != rules::Level::Error);
        if let Some(base) = base_path::missing(&suite.document.json, self.client.url(), &reports).filter(|_| is_whole) {
            return Err(SuiteError::NoBasePath { url: self.client.url().trim_end_matches('/').to_owned(), base });
        }
        Ok(Report {
            document: suite.document.name.clone(),
            url: self.client.url().to_owned(),
            seed: suite.seed,
            only: suite.only.clone(),
            requests: self.requests.load(Ordering::Relaxed),
            cases: judged,
            elapsed: begin.elapsed(),
            defects,
            operations: reports,
            failures,
            accepted: 0,
            stopped,
        })
    }

    /// Whether somebody answers at all.
    pub async fn check_reachable(&self, parts: &[PreparedTarget]) -> Result<(), SuiteError> {
        let Some(PreparedTarget { operation, .. }) = parts.first() else { return Ok(()) };
        let request = Request { method: "OPTIONS".to_owned(), target: operation.path.clone(), ..Request::default() };
        match self.client.send(&request, &[]).await {
            Ok(_) => Ok(()),
            Err(error) => Err(SuiteError::Unreachable { url: self.client.url().to_owned(), cause: error.text }),
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

    /// What authenticates a request with these credentials.
    pub fn grant(&self, operation: &Operation, credentials: &Credentials) -> Grant {
        let good = || self.grants.get(&operation.id).and_then(|grant| grant.as_ref().ok()).cloned().unwrap_or_default();
        match credentials {
            Credentials::Raw(values) => Grant { authorization: values.clone(), ..Grant::default() },
            Credentials::Good => good(),
            Credentials::Without(part) => good().without(*part),
            Credentials::Invalid => good().spoilt(),
            Credentials::WrongPassword => good().with_wrong_password(self.suite.keyring.basic.as_deref()),
            Credentials::Alternative(index) => good().others.into_iter().nth(*index).unwrap_or_default(),
            Credentials::Other => self.others.get(&operation.id).cloned().unwrap_or_default(),
        }
    }

    /// Every secret that a request may carry.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &String> {
        self.grants.values().filter_map(|grant| grant.as_ref().ok()).flat_map(Grant::secrets)
    }

    /// Those of another caller.
    pub(super) fn other_secrets(&self) -> impl Iterator<Item = &String> {
        let headers = self.suite.other.iter().flat_map(Keyring::secrets);
        self.others.values().flat_map(Grant::secrets).chain(headers)
    }

    /// Those parts that can be tested with their whole plans, until the run ends.
    pub fn wholes<'b>(&self, parts: impl IntoIterator<Item = &'b PreparedTarget>) -> impl Iterator<Item = PlannedTarget<'b>> {
        parts.into_iter().filter(|part| part.target().is_ok()).map_while(|part| part.whole(&|| self.is_over()))
    }

    /// The part with its whole plan, or with the plain requests where there is no time for more.
    pub fn planned<'b>(&self, part: &'b PreparedTarget) -> Option<PlannedTarget<'b>> {
        part.whole(&|| self.is_planned()).or_else(|| part.plain())
    }

    /// The part for the sake of another: where time or memory is short, with the plain requests.
    pub fn plain<'b>(&self, part: &'b PreparedTarget) -> Option<PlannedTarget<'b>> {
        if self.suite.max_time.is_some() || part.is_large() { part.plain() } else { self.planned(part) }
    }

    /// Tests a part; a report that its share of the time has cut short is not complete.
    async fn whole_part(&self, part: &PreparedTarget) -> Result<OperationReport, SuiteError> {
        let report = self.test_part(part).await?;
        let is_cut = self.cut.swap(false, Ordering::Relaxed);
        Ok(OperationReport { complete: report.complete && !is_cut, ..report })
    }

    async fn test_part(&self, part: &PreparedTarget) -> Result<OperationReport, SuiteError> {
        if self.suite.only.as_ref().is_some_and(|only| !are_of_one_operation(only, &part.name())) {
            return Ok(part.unmade());
        }
        // What cannot be authenticated is not sent as valid, and its refusal says nothing.
        if let Some(Err(missing)) = self.grants.get(&part.operation.id).filter(|_| !self.is_over()) {
            return Ok(OperationReport { untested: Some(missing.clone()), ..part.unmade() });
        }
        if self.is_over() {
            return Ok(OperationReport { complete: false, ..part.unmade() });
        }
        let part = match part.begun(&|| self.is_planned()) {
            Ok(part) => part,
            Err(why) => {
                let mut report = OperationReport::untested(&part.operation, why);
                report.uncovered.push(Uncovered { pointer: part.operation.pointer.clone(), reason: why.to_owned() });
                return Ok(report);
            }
        };
        let target = part.target;
        let mut tally = Tally::new(&target.schema);
        self.cut.fetch_or(!part.plan().whole, Ordering::Relaxed);
        let (part, untested) = match self.baseline(&part).await {
            Ok(index) => {
                self.accept(&part, index);
                (part.with_baseline(index), None)
            }
            Err(reason) => (part, Some(reason)),
        };
        let (part, plan) = (&part, part.plan());
        let tested = untested.is_none();
        if tested {
            self.saved_cases(target).await?;
            self.miss(part).await;
        }
        self.planned_cases(part, tested, &mut tally).await;
        let mut cases = self.protocol_cases(part);
        cases.extend(self.authentication_cases(part)?);
        if !tested {
            cases = cases.into_iter().filter_map(Case::without_baseline).collect();
        }
        for group in self.judge_all(target, &cases).await {
            tally.count(group);
        }
        if tested && !self.is_done() {
            for _ in 0..self.state_cases(part).await {
                tally.count(Group::State);
            }
        }
        let tallied = Mutex::new(&mut tally);
        let note = |target: &Target, sample: &Sample, group| {
            tallied.lock().unwrap_or_else(PoisonError::into_inner).sample(target, sample, group);
        };
        self.random_cases(part, tested, note).await;
        let complete = !self.is_done();
        let untested = untested.filter(|_| complete);
        let mut report = tally.report(&target.operation, &target.schema, plan);
        if complete {
            report.uncovered.extend(self.prepared.conformance.unusable(&target.operation));
        }
        Ok(OperationReport { untested, complete, ..report })
    }

    /// Every sample of the plan.
    async fn planned_cases(&self, part: &PlannedTarget<'_>, tested: bool, tally: &mut Tally) {
        let (target, plan) = (part.target, part.plan());
        self.total.fetch_add(plan.samples.len() as u64, Ordering::Relaxed);
        let tally = Mutex::new(tally);
        self.for_each(0..plan.samples.len(), |index| {
            let tally = &tally;
            async move {
                if self.is_done() {
                    self.total.fetch_sub(1, Ordering::Relaxed);
                    return;
                }
                // What takes resources away needs one for each case.
                if self.takes(&target.operation) {
                    self.provide(part).await;
                }
                let case = self.case(part, index);
                let Some(case) = self.worth_trying(target, case, tested).filter(|case| self.suite.is_selected(&case.id)) else {
                    self.total.fetch_sub(1, Ordering::Relaxed);
                    return;
                };
                if self.judge_case(target, &case).await {
                    tally.lock().unwrap_or_else(PoisonError::into_inner).sample(target, part.sample(index), case.group);
                }
            }
        })
        .await;
    }

    /// A new valid request of this part.
    pub(super) fn valid(&self, part: &PlannedTarget<'_>) -> Option<(Request, Value)> {
        let sample = part.baseline()?;
        let instance = self.filled(part.target, sample);
        Some((part.target.encode(&instance), instance))
    }

    pub fn protocol_cases(&self, part: &PlannedTarget<'_>) -> Vec<Case> {
        let mut cases = protocol::cases(&self.suite.document, part.target, self.suite.assumptions, || self.valid(part));
        cases.retain(|case| self.suite.is_selected(&case.id) && !self.takes_everything(part.target, case));
        cases
    }

    /// The case as far as it says something, and does no harm: what takes everything away was called before, to see whether it succeeds.
    fn worth_trying(&self, target: &Target, case: Case, tested: bool) -> Option<Case> {
        let is_again = case.expect == Expect::Success && self.takes_everything(target, &case);
        if tested && !is_again { Some(case) } else { case.without_baseline() }
    }

    /// Whether a case takes away whatever is there, by the method and with the path of the operation itself.
    fn takes_everything(&self, target: &Target, case: &Case) -> bool {
        let path = case.request.target.split('?').next().unwrap_or_default();
        let is_itself = case.request.method == target.operation.method && !path.contains("undocumented");
        let instance = case.instance.as_ref().unwrap_or(&Value::Null);
        is_itself && takes_everything(&self.prepared.resources, &target.operation, instance)
    }

    /// Tries what earlier requests have to do with later ones; gives how many cases were judged.
    pub async fn state_cases(&self, part: &PlannedTarget<'_>) -> usize {
        match part.baseline() {
            Some(baseline) => {
                unique::run(self, part.target, baseline).await
                    + lifecycle::run(self, part, baseline).await
                    + callers::run(self, part).await
                    + self.result_cases(part).await
            }
            None => 0,
        }
    }

    /// Tries all; gives the group of each that was tried.
    pub async fn judge_all(&self, target: &Target, cases: &[Case]) -> Vec<Group> {
        self.total.fetch_add(cases.len() as u64, Ordering::Relaxed);
        let judged = Mutex::new(Vec::new());
        self.for_each(cases, |case| {
            let judged = &judged;
            async move {
                if self.judge_case(target, case).await {
                    judged.lock().unwrap_or_else(PoisonError::into_inner).push(case.group);
                }
            }
        })
        .await;
        judged.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Several at a time; with a look into the store each has the server for itself, so that a change is its own.
    pub async fn for_each<I, F: Future<Output = ()>>(&self, all: impl IntoIterator<Item = I>, each: impl Fn(I) -> F) {
        let concurrency = if self.suite.store.is_some() { 1 } else { self.suite.concurrency };
        stream::iter(all).for_each_concurrent(concurrency, each).await;
    }

    /// Random requests: half of them valid, half with one fault.
    pub async fn random_cases(&self, part: &PlannedTarget<'_>, tested: bool, note: impl Fn(&Target, &Sample, Group)) {
        let (target, plan) = (part.target, part.plan());
        let count = self.suite.cases;
        self.total.fetch_add(count as u64, Ordering::Relaxed);
        let random = Random::new(target, plan, self.suite.seed);
        let next = AtomicUsize::new(0);
        let note = &note;
        let workers = (0..self.suite.concurrency).map(|_| async {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count || self.is_done() {
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
                if self.takes(&target.operation) {
                    self.provide(part).await;
                }
                let fresh = Sample { instance: self.filled(target, &sample), ..sample.clone() };
                let case = Case { id, ..Case::of_sample(target, &fresh, Group::Random, number) };
                let Some(case) = self.worth_trying(target, case, tested) else {
                    self.total.fetch_sub(1, Ordering::Relaxed);
                    continue;
                };
                if self.judge_case(target, &case).await {
                    note(target, &sample, Group::Random);
                }
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
            let sample = Sample { instance, constraint, broken: trace.broken, unique: trace.unique };
            let sample = Sample { instance: self.filled(target, &sample), ..sample };
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

    /// Tries a case and records what it breaks, with the smallest request that still does. False where it was not tried any more, or
    /// where the server has only said that there are too many requests: that shows nothing.
    pub async fn judge_case(&self, target: &Target, case: &Case) -> bool {
        if self.is_done() {
            return false;
        }
        // Random cases run side by side, so that a change is nobody's own; the sum is looked at in the end.
        let alone = case.group != Group::Random;
        let before = if alone { self.snapshot().await } else { None };
        let outcome = self.attempt(target, case).await;
        if outcome.answer.is_err() && outcome.findings.is_empty() {
            return false; // Its time was up.
        }
        let after = if alone { self.snapshot().await } else { None };
        if let (Some(before), Some(after)) = (before, after) {
            // A smaller request would be another change of the store, so these are not made smaller.
            if let Some(finding) = check_store(&target.operation, outcome.answer.as_ref().ok(), &before, &after) {
                self.fail(target, case, &finding, outcome.answer.as_ref());
            }
        }
        for finding in &outcome.findings {
            self.found(target, case, finding, &outcome).await;
        }
        self.count_judged();
        !outcome.answer.is_ok_and(|response| response.status == 429)
    }

    /// Records a finding, with the smallest request that still leads to it.
    pub(super) async fn found(&self, target: &Target, case: &Case, finding: &Finding, outcome: &CaseOutcome) {
        if *finding.rule == rules::ECHO && !self.is_certain(target, case, finding).await {
            return;
        }
        if *finding.rule == rules::HTTP_VARIANT_REFUSED && !self.is_for_its_form(target, case, outcome).await {
            return;
        }
        if *finding.rule == rules::VALID_REFUSED && self.is_gone(target, case, outcome).await {
            return;
        }
        if self.filter.is_some() {
            self.fail(target, case, finding, outcome.answer.as_ref());
            return;
        }
        let answer = outcome.answer.as_ref().ok().map(|answer| &*answer.body);
        if let Some(cause) = self.failures.count(&target.operation.id, finding, answer) {
            let (mut smallest, answer) = self.shrink(target, case, finding, outcome).await;
            // What the request breaks may have nothing to do with it.
            if *finding.rule == rules::SERVER_ERROR
                && let Some((valid, finding, answer)) = self.fails_repaired(target, &smallest, answer.as_ref()).await
            {
                return self.fail(target, &valid, &finding, Ok(&answer));
            }
            let what = finding.what.replace(&case.title, smallest.made_smaller(case));
            smallest.title = smallest.made_smaller(case).to_owned();
            self.record(target, &smallest, (finding, &what, cause), answer.as_ref(), None);
        }
    }

    /// Records that the server has failed on a request that was sent for the sake of another one, or to find a smaller one, or that its
    /// answer is not as documented, whatever was sent.
    pub(super) fn note_failure(&self, target: &Target, case: &Case, outcome: &CaseOutcome) {
        let of_answer = [&rules::SERVER_ERROR, &rules::RESPONSE_BODY, &rules::RESPONSE_MEDIA_TYPE];
        let is_success = outcome.answer.as_ref().is_ok_and(|answer| answer.status < 300);
        let is_told =
            |finding: &&Finding| of_answer.contains(&finding.rule) || is_success && *finding.rule == rules::UNDOCUMENTED_STATUS;
        let failures = outcome.findings.iter().filter(is_told);
        for finding in failures.filter(|_| self.suite.is_selected(&case.id) && self.filter.is_none()) {
            self.fail(target, case, finding, outcome.answer.as_ref());
        }
    }

    /// Whether an answer that says something else than was sent does so each time: of a resource that others change at the same time it
    /// may speak truly.
    async fn is_certain(&self, target: &Target, case: &Case, finding: &Finding) -> bool {
        if !target.operation.path.contains('{') || !matches!(case.request.method.as_str(), "PUT" | "PATCH") {
            return true;
        }
        for _ in 0..CONFIRMATIONS {
            let again = self.attempt(target, case).await;
            if !again.findings.iter().any(|other| (other.rule, &other.promise) == (finding.rule, &finding.promise)) {
                return false;
            }
        }
        true
    }

    /// Whether a refusal says that something is missing, and what the request names is: another request has taken it away.
    async fn is_gone(&self, target: &Target, case: &Case, outcome: &CaseOutcome) -> bool {
        if !outcome.answer.as_ref().is_ok_and(|answer| matches!(answer.status, 400 | 422) && says_missing(answer)) {
            return false;
        }
        let Some(look) = self.look_at_same(&target.operation, case) else { return false };
        let found = self.attempt(look.target, &look.case).await.answer;
        found.is_ok_and(|found| matches!(found.status, 404 | 410) || found.status >= 400 && says_missing(&found))
    }

    /// Whether a request is refused for its form: the plain one is not refused with the same status.
    async fn is_for_its_form(&self, target: &Target, case: &Case, outcome: &CaseOutcome) -> bool {
        let (Ok(refused), Some(_)) = (&outcome.answer, &case.instance) else { return true };
        // Under the key of the refused request a server may repeat the refusal.
        let plain = self.attempt(target, &self.renamed(target, case)).await;
        plain.answer.is_ok_and(|answer| answer.status != refused.status)
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
}

/// Whether a failure is that a valid request is refused for its credentials.
fn is_for_credentials(failure: &Failure) -> bool {
    failure.rule == rules::VALID_REFUSED.name && matches!(failure.status, Some(401 | 403))
}

/// Whether a case whose name begins with `only` may be one of the part with this name.
fn are_of_one_operation(only: &str, name: &str) -> bool {
    only.starts_with(name) || name.starts_with(only)
}

/// Differs from run to run, so that unique values do.
fn nonce() -> u64 {
    let elapsed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    elapsed.as_secs() ^ u64::from(elapsed.subsec_nanos()).wrapping_mul(0x9e37_79b9) ^ u64::from(std::process::id())
}
