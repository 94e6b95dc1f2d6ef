//! One run under way: sends cases, has the answers judged, makes what fails smaller, and keeps what was found.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use futures_util::{StreamExt, stream};
use proptest::strategy::ValueTree;
use serde_json::Value;

use super::{
    Progress, Suite, SuiteError,
    prepared::{Part, Prepared},
    tally::Tally,
};
use crate::{
    authentication,
    case::{Case, Credentials, Expect, Group},
    client::Client,
    document::{Document, Operation},
    failures::{self, Kept},
    judge::{Complaint, Exchange},
    plan::Sample,
    protocol,
    random::Random,
    report::{Failure, OperationReport, Report, Secrets},
    request::{Request, Response, Target},
    schema::equal,
    state,
    unique::Fresh,
};

#[derive(Default)]
struct Found {
    failures: BTreeMap<(String, String, String), Failure>,
    kept: BTreeMap<(String, String), Kept>,
}

/// One run under way.
pub(crate) struct Run<'a> {
    suite: &'a Suite,
    client: &'a Client,
    pub(super) prepared: &'a Prepared,
    /// None where every failure counts.
    search: Option<Search<'a>>,
    tokens: BTreeMap<String, String>,
    fresh: Fresh,
    found: Mutex<Found>,
    done: AtomicU64,
    total: AtomicU64,
    requests: AtomicU64,
    /// Answers that say that something was created.
    created: AtomicU64,
    shrinks: AtomicUsize,
    /// The latest look into the store, and how many requests had been sent then.
    seen: Mutex<Option<(u64, Vec<Value>)>>,
}

/// Ends a run at the first failure whose promise this holds for; no other counts.
#[derive(Clone, Copy)]
pub(crate) struct Search<'a>(pub &'a (dyn Fn(&str) -> bool + Sync));

/// What came of a case.
pub(crate) struct Outcome {
    pub complaints: Vec<Complaint>,
    pub answer: Result<Response, String>,
}

/// How many smaller requests are tried for one failure, and in one run.
const MAX_SHRINKS: usize = 300;
const MAX_SHRINKS_IN_ALL: usize = 3_000;
/// How much of an answer a report shows, in characters.
const SHOWN: usize = 2_000;
/// How often a request is sent again that the server has no time for.
const PATIENCE_TRIES: usize = 3;

impl<'a> Run<'a> {
    /// A run that has not begun.
    pub fn new(
        suite: &'a Suite,
        client: &'a Client,
        prepared: &'a Prepared,
        tokens: BTreeMap<String, String>,
        search: Option<Search<'a>>,
    ) -> Self {
        Self {
            suite,
            client,
            prepared,
            search,
            tokens,
            fresh: Fresh::new(nonce()),
            found: Mutex::new(Found::default()),
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
        self.greet(parts).await?;
        let before = self.snapshot().await;
        let mut reports = Vec::new();
        for part in parts {
            reports.push(self.part(part).await?);
        }
        self.conserved(parts, before).await;
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
            let kept: Vec<Kept> = self.found().kept.values().cloned().collect();
            failures::write(path, &kept).map_err(|cause| SuiteError::Failures { path: path.clone(), cause })?;
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
            failures: self.failures(),
        })
    }

    pub fn failures(&self) -> Vec<Failure> {
        self.found().failures.values().cloned().collect()
    }

    /// Whether what the run is for was found.
    pub fn over(&self) -> bool {
        self.search.is_some() && !self.found().failures.is_empty()
    }

    fn found(&self) -> MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether somebody answers at all.
    pub async fn greet(&self, parts: &[Part]) -> Result<(), SuiteError> {
        let Some(Part { target, .. }) = parts.first() else { return Ok(()) };
        let request = Request { method: "OPTIONS".to_owned(), target: target.operation.path.clone(), ..Request::default() };
        match self.client.send(&request, &[]).await {
            Ok(_) => Ok(()),
            Err(cause) => Err(SuiteError::Unreachable { url: self.client.url().to_owned(), cause }),
        }
    }

    /// As much is stored as answers said.
    async fn conserved(&self, parts: &[Part], before: Option<Vec<Value>>) {
        let (Some(before), Some(after), Some(part)) = (before, self.snapshot().await, parts.first()) else { return };
        let target = &part.target;
        let created = self.created.load(Ordering::Relaxed);
        let more = (after.len() as u64).saturating_sub(before.len() as u64);
        let deletes = parts.iter().any(|part| part.target.operation.method == "DELETE");
        if more != created && !deletes {
            let case = Case {
                id: format!("{}:state:sum", target.operation.id),
                group: Group::State,
                title: "the whole run".to_owned(),
                promise: target.operation.pointer.clone(),
                request: Request::default(),
                instance: None,
                credentials: Credentials::Good,
                expect: Expect::Documented,
            };
            let complaint = Complaint::new(&case.promise, "not as much is stored as answers said")
                .with(format!("{created} answers of 201, {more} more stored"));
            self.fail(target, &case, &complaint, Err(&String::new()));
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

    async fn part(&self, part: &Part) -> Result<OperationReport, SuiteError> {
        let Part { target, plan, .. } = part;
        let mut tally = Tally::new(target);
        self.kept_failures(target).await?;
        self.exhaustive(part, &mut tally).await;
        let mut cases = self.protocol_cases(part);
        cases.extend(self.authentication_cases(part)?);
        self.all(target, &cases).await;
        for case in &cases {
            tally.count(case.group);
        }
        for _ in 0..self.states(part).await {
            tally.count(Group::State);
        }
        let tallied = Mutex::new(&mut tally);
        let note = |target: &Target, sample: &Sample, group| {
            tallied.lock().unwrap_or_else(PoisonError::into_inner).sample(target, sample, group);
        };
        self.random(part, note).await;
        Ok(tally.report(target, plan))
    }

    /// Every sample of the plan.
    async fn exhaustive(&self, part: &Part, tally: &mut Tally) {
        let Part { target, plan, .. } = part;
        let cases: Vec<(usize, Case)> = (0..plan.samples.len())
            .map(|index| (index, part.case(index, &self.fresh)))
            .filter(|(_, case)| self.suite.wanted(&case.id))
            .collect();
        self.total.fetch_add(cases.len() as u64, Ordering::Relaxed);
        self.in_turn(&cases, |(_, case)| self.judged(target, case)).await;
        for (index, case) in &cases {
            tally.sample(target, &plan.samples[*index], case.group);
        }
    }

    /// A new valid request of this part.
    fn valid(&self, part: &Part) -> Option<(Request, Value)> {
        let sample = part.baseline()?;
        let instance = self.fresh.freshen(&part.target, &sample.instance, &sample.unique);
        Some((part.target.encode(&instance), instance))
    }

    pub fn protocol_cases(&self, part: &Part) -> Vec<Case> {
        let mut cases = protocol::cases(&self.suite.document, &part.target, self.suite.assumptions, || self.valid(part));
        cases.retain(|case| self.suite.wanted(&case.id));
        cases
    }

    pub fn authentication_cases(&self, part: &Part) -> Result<Vec<Case>, SuiteError> {
        let target = &part.target;
        let Some(security) = target.operation.security.as_ref().filter(|security| security.bearer) else { return Ok(Vec::new()) };
        let token = self.tokens.get(&target.operation.id).map(String::as_str);
        let mut cases = authentication::cases(target, security, self.suite.signer.as_ref(), token, || self.valid(part))?;
        cases.retain(|case| self.suite.wanted(&case.id));
        Ok(cases)
    }

    /// Tries what earlier requests have to do with later ones; gives how many cases were judged.
    pub async fn states(&self, part: &Part) -> usize {
        match part.baseline() {
            Some(baseline) => state::run(self, &part.target, baseline).await,
            None => 0,
        }
    }

    pub async fn all(&self, target: &Target, cases: &[Case]) {
        self.total.fetch_add(cases.len() as u64, Ordering::Relaxed);
        self.in_turn(cases, |case| self.judged(target, case)).await;
    }

    /// Several at a time; with a look into the store each has the server for itself, so that a change is its own.
    pub async fn in_turn<I, F: Future<Output = ()>>(&self, all: impl IntoIterator<Item = I>, each: impl Fn(I) -> F) {
        let concurrency = if self.suite.store.is_some() { 1 } else { self.suite.concurrency };
        stream::iter(all).for_each_concurrent(concurrency, each).await;
    }

    /// Random requests: half of them valid, half with one fault.
    pub async fn random(&self, part: &Part, note: impl Fn(&Target, &Sample, Group)) {
        let Part { target, plan, .. } = part;
        let count = self.suite.cases;
        self.total.fetch_add(count as u64, Ordering::Relaxed);
        let random = Random::new(target, plan, self.suite.seed);
        let next = AtomicUsize::new(0);
        let note = &note;
        let workers = (0..self.suite.concurrency).map(|_| async {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count || self.over() {
                    return;
                }
                let id = format!("{}:random:{number}", target.name());
                if !self.suite.wanted(&id) {
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
                self.judged(target, &case).await;
            }
        });
        futures_util::future::join_all(workers).await;
    }

    /// Cases that failed last time, first.
    async fn kept_failures(&self, target: &Target) -> Result<(), SuiteError> {
        let Some(path) = &self.suite.failures else { return Ok(()) };
        let kept = failures::read(path).map_err(|cause| SuiteError::Failures { path: path.clone(), cause })?;
        for (number, kept) in kept.into_iter().filter(|kept| kept.operation == target.operation.id).enumerate() {
            let Some(instance) = target.as_received(kept.instance) else { continue };
            let trace = target.schema.evaluate(&instance);
            if target.referee.agree(&instance, &trace).is_err() {
                continue; // The document has changed since.
            }
            let constraint = trace.broken.first().map(|leaf| leaf.constraint);
            let instance = self.fresh.freshen(target, &instance, &trace.unique);
            let sample = Sample { instance, constraint, broken: trace.broken, unique: trace.unique };
            let group = if sample.broken.is_empty() { Group::Edges } else { Group::Faults };
            let case = Case { id: format!("{}:kept:{number}", target.name()), ..Case::of_sample(target, &sample, group, number) };
            if self.suite.wanted(&case.id) {
                self.total.fetch_add(1, Ordering::Relaxed);
                self.judged(target, &case).await;
            }
        }
        Ok(())
    }

    /// Tries a case and records what it breaks, with the smallest request that still does.
    pub async fn judged(&self, target: &Target, case: &Case) {
        if self.over() {
            return;
        }
        // Random cases run side by side, so that a change is nobody's own; the sum is looked at in the end.
        let alone = case.group != Group::Random;
        let before = if alone { self.snapshot().await } else { None };
        let outcome = self.attempt(target, case).await;
        let after = if alone { self.snapshot().await } else { None };
        if let (Some(before), Some(after)) = (before, after) {
            // A smaller request would be another change of the store, so these are not made smaller.
            if let Some(complaint) = stored(&target.operation, outcome.answer.as_ref().ok(), &before, &after) {
                self.fail(target, case, &complaint, outcome.answer.as_ref());
            }
        }
        for complaint in &outcome.complaints {
            if self.search.is_some() {
                self.fail(target, case, complaint, outcome.answer.as_ref());
            } else if !self.known(target, complaint) {
                let (smallest, answer) = self.shrunk(target, case, complaint, &outcome).await;
                self.record(target, &smallest, complaint, answer.as_ref());
            }
        }
        self.finished();
    }

    /// Records a failure that is not of a case of its own.
    pub fn fail(&self, target: &Target, case: &Case, complaint: &Complaint, answer: Result<&Response, &String>) {
        let counts = self.search.is_none_or(|Search(sought)| sought(&complaint.promise));
        if counts && !self.known(target, complaint) {
            self.record(target, case, complaint, answer);
        }
    }

    /// Counts a case as judged.
    pub fn finished(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some(progress) = &self.suite.progress {
            let total = self.total.load(Ordering::Relaxed).max(done);
            progress(Progress { done, total, failures: self.found().failures.len() });
        }
    }

    /// Whether a case of this name is to be tried.
    pub fn wanted(&self, case: &str) -> bool {
        let wanted = !self.over() && self.suite.wanted(case);
        if wanted {
            self.total.fetch_add(1, Ordering::Relaxed);
        }
        wanted
    }

    /// What is stored; looked at anew only when something was sent since.
    async fn snapshot(&self) -> Option<Vec<Value>> {
        let store = self.suite.store.as_ref()?;
        let sent = self.requests.load(Ordering::Relaxed);
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).take();
        let stored = match seen {
            Some((then, stored)) if then == sent => stored,
            _ => store.snapshot().await,
        };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some((sent, stored.clone()));
        Some(stored)
    }

    /// Sends the case's request and has the answer judged.
    pub async fn attempt(&self, target: &Target, case: &Case) -> Outcome {
        let operation = &target.operation;
        let authorization = self.authorization(operation, &case.credentials);
        let mut sent = SystemTime::now();
        let mut answer = Err(String::new());
        for attempt in 0..PATIENCE_TRIES {
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
                Some(seconds) if attempt + 1 < PATIENCE_TRIES => tokio::time::sleep(Duration::from_secs(seconds.min(10))).await,
                _ => break,
            }
        }
        let complaints = match &answer {
            Err(cause) => {
                vec![Complaint::new(&case.promise, format!("there is no answer to {}", case.title)).with(cause.clone())]
            }
            Ok(response) => self.complaints(operation, case, response, sent),
        };
        Outcome { complaints, answer }
    }

    fn complaints(&self, operation: &Operation, case: &Case, response: &Response, sent: SystemTime) -> Vec<Complaint> {
        let body: Option<Value> = serde_json::from_slice(&response.body).ok();
        let violations = self.prepared.violations.read(operation, response, body.as_ref());
        let answered = SystemTime::now();
        let exchange = Exchange { operation, case, response, body: body.as_ref(), violations: &violations, sent, answered };
        let own = self.suite.judges.iter();
        let mut complaints: Vec<Complaint> = Vec::new();
        for complaint in self.prepared.judges.iter().chain(own).flat_map(|judge| judge.judge(&exchange)) {
            if !complaints.contains(&complaint) {
                complaints.push(complaint);
            }
        }
        complaints
    }

    fn known(&self, target: &Target, complaint: &Complaint) -> bool {
        let key = (target.operation.id.clone(), complaint.promise.clone(), complaint.what.clone());
        match self.found().failures.get_mut(&key) {
            Some(failure) => {
                failure.count += 1;
                true
            }
            None => false,
        }
    }

    /// The smallest request with the same complaint that breaks the same constraints.
    async fn shrunk(
        &self,
        target: &Target,
        case: &Case,
        complaint: &Complaint,
        outcome: &Outcome,
    ) -> (Case, Result<Response, String>) {
        let mut best = (case.clone(), outcome.answer.clone());
        let Some(instance) =
            case.instance.as_ref().filter(|_| matches!(case.group, Group::Edges | Group::Faults | Group::Random))
        else {
            return best;
        };
        let constraints = |value: &Value| -> BTreeSet<usize> {
            target.schema.evaluate(value).broken.iter().map(|leaf| leaf.constraint).collect()
        };
        let broken = constraints(instance);
        let mut tree = crate::generate::Shrink::new(instance.clone());
        let mut more = tree.simplify();
        for _ in 0..MAX_SHRINKS {
            if !more || self.shrinks.fetch_add(1, Ordering::Relaxed) >= MAX_SHRINKS_IN_ALL {
                break;
            }
            let still = async {
                let smaller = target.as_received(tree.current())?;
                let trace = target.schema.evaluate(&smaller);
                let same: BTreeSet<usize> = trace.broken.iter().map(|leaf| leaf.constraint).collect();
                if same != broken || target.referee.agree(&smaller, &trace).is_err() {
                    return None;
                }
                let smaller = self.fresh.freshen(target, &smaller, &trace.unique);
                let expect = crate::case::expectation(target, &trace.broken);
                let tried = Case { request: target.encode(&smaller), instance: Some(smaller), expect, ..case.clone() };
                let outcome = self.attempt(target, &tried).await;
                let same = |other: &Complaint| other.what == complaint.what && other.promise == complaint.promise;
                outcome.complaints.iter().any(same).then_some((tried, outcome.answer))
            };
            more = match still.await {
                Some(smaller) => {
                    best = smaller;
                    tree.simplify()
                }
                None => tree.complicate(),
            };
        }
        best
    }

    fn record(&self, target: &Target, case: &Case, complaint: &Complaint, answer: Result<&Response, &String>) {
        let document = &self.suite.document;
        let line = document.line(&complaint.promise);
        let authorization = self.authorization(&target.operation, &case.credentials);
        let text = |bytes: &[u8]| {
            let text = std::str::from_utf8(bytes).ok()?;
            Some(text.chars().take(SHOWN).collect::<String>())
        };
        let mut failure = Failure {
            operation: target.operation.id.clone(),
            group: case.group,
            promise: complaint.promise.clone(),
            line,
            text: line.and_then(|line| document.text_of(line)),
            what: complaint.what.clone(),
            detail: match answer {
                Err(cause) if complaint.detail.is_empty() => cause.clone(),
                _ => complaint.detail.clone(),
            },
            count: 1,
            case: case.id.clone(),
            title: case.title.clone(),
            curl: crate::curl::command(self.client.url(), &case.request, &authorization, case.credentials == Credentials::Good),
            request: case.request.body.as_deref().and_then(text),
            status: answer.ok().map(|response| response.status),
            answer: answer.ok().and_then(|response| text(&response.body)),
            rerun: format!("--seed {} --cases {} --only '{}'", self.suite.seed, self.suite.cases, case.id.replace('\'', "'\''")),
        };
        // A token that must be accepted is a good one, however it is written.
        let accepted =
            authorization.iter().filter(|_| case.expect == Expect::Success).filter_map(|value| value.split(' ').nth(1));
        let accepted: Vec<String> = accepted.map(str::to_owned).collect();
        Secrets::new(self.tokens.values().chain(&accepted), self.suite.signer.is_none()).hide_in(&mut failure);
        let mut found = self.found();
        if let Some(instance) =
            case.instance.as_ref().filter(|_| matches!(case.group, Group::Edges | Group::Faults | Group::Random))
        {
            let kept = Kept { operation: target.operation.id.clone(), what: complaint.what.clone(), instance: instance.clone() };
            found.kept.insert((failure.operation.clone(), failure.what.clone()), kept);
        }
        found.failures.insert((failure.operation.clone(), failure.promise.clone(), failure.what.clone()), failure);
    }
}

/// What the store says about a case: a refused request changes nothing, a created resource is one more, as the answer says it.
fn stored(operation: &Operation, answer: Option<&Response>, before: &[Value], after: &[Value]) -> Option<Complaint> {
    let response = answer?;
    if response.status >= 400 && before != after {
        let what = format!("a request that was refused with {} changed what is stored", response.status);
        return Some(Complaint::new(&operation.pointer, what));
    }
    if response.status != 201 {
        return None;
    }
    let counts = format!("{} before, {} after", before.len(), after.len());
    let new: Vec<&Value> = after.iter().filter(|value| !before.contains(value)).collect();
    let [new] = new.as_slice() else {
        return Some(Complaint::new(&operation.pointer, "a 201 is not exactly one more stored resource").with(counts));
    };
    if after.len() != before.len() + 1 {
        return Some(Complaint::new(&operation.pointer, "a 201 is not exactly one more stored resource").with(counts));
    }
    let body: Value = serde_json::from_slice(&response.body).ok()?;
    if equal(new, &body) {
        return None;
    }
    let names: BTreeSet<&String> = body.as_object()?.keys().chain(new.as_object()?.keys()).collect();
    let differing = names.into_iter().find(|name| body.get(name.as_str()) != new.get(name.as_str()))?;
    Some(Complaint::new(&operation.pointer, format!("what is stored has another {differing} than the 201 says")))
}

/// Differs from run to run, so that unique values do.
fn nonce() -> u64 {
    let elapsed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    elapsed.as_secs() ^ u64::from(elapsed.subsec_nanos()).wrapping_mul(0x9e37_79b9) ^ u64::from(std::process::id())
}
