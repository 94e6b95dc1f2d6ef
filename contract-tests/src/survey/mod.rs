//! What the engine makes of documents: each is served as it promises, and that server is tested.

mod judging;
mod planning;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    time::{Duration, Instant},
};

use faulty_server::Faulty;
use serde::Serialize;

pub use self::{judging::Judging, planning::Planning};
use crate::{
    Document, Report, SuiteError,
    mutants::for_faithful,
    report::{seconds, terminal::quantity},
    rules::{self, Level},
};

/// How documents are surveyed.
#[derive(Debug, Clone)]
pub struct Options {
    /// The seed of the engine.
    pub seed: u64,
    /// Random requests for each operation.
    pub cases: usize,
    /// How long one document may be tested.
    pub max_time: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: 1, cases: 20, max_time: Duration::from_secs(120) }
    }
}

/// What came of one document.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Surveyed {
    /// The document.
    pub document: String,
    /// How many operations it has.
    pub operations: usize,
    /// How many of them answered a documented success.
    pub succeeded: usize,
    /// How many could not be tested.
    pub untested: usize,
    /// Why, each reason with how many it is of.
    pub reasons: BTreeMap<String, usize>,
    /// How many cases were judged.
    pub cases: u64,
    /// How many rules requests can break.
    pub constraints: usize,
    /// How many of them were tested from both sides.
    pub met: usize,
    /// The others, each with its operation and the sides that were tested.
    pub unmet: Vec<String>,
    /// How much is not covered, by reason.
    pub uncovered: BTreeMap<String, usize>,
    /// What is wrong in the document itself.
    pub defects: usize,
    /// Broken promises of a server that breaks none, and warnings: titles.
    pub findings: Vec<String>,
    /// The same findings in full, each with its request and answer.
    #[serde(skip)]
    pub details: Vec<String>,
    /// What a server says sooner or later, and the document does not: a status of HTTP, or any success.
    pub unsaid: Vec<String>,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Whether there was time for all of it.
    pub complete: bool,
    /// Why it was not tested at all.
    pub refused: Option<String>,
}

/// Tests the server that is made from a document.
///
/// # Errors
///
/// [`SuiteError`] where the document cannot be tested; one that cannot be served is told in [`Surveyed::refused`].
pub async fn survey(document: Document, options: &Options) -> Result<Surveyed, SuiteError> {
    let begin = Instant::now();
    let name = document.name.clone();
    let refused = |refused: String| Surveyed {
        document: name.clone(),
        seconds: seconds(begin.elapsed()),
        refused: Some(refused),
        ..Surveyed::default()
    };
    let server = match Faulty::start(&document.json, None).await {
        Ok(server) => server,
        Err(error) => return Ok(refused(error.to_string())),
    };
    let without_success = without_success(&document);
    let suite = for_faithful(document)?.seed(options.seed).cases(options.cases).max_time(options.max_time);
    let report = match suite.run(&server.url).await {
        Err(error @ SuiteError::NoCredentials { .. }) => return Ok(refused(error.to_string())),
        report => report?,
    };
    Ok(Surveyed { refused: None, ..Surveyed::of(&report, &without_success, begin.elapsed()) })
}

/// The operations of which the document says no way to succeed.
fn without_success(document: &Document) -> BTreeSet<String> {
    let succeeds = |status: &String| status.starts_with(['2', '3']) && status != "304" || status == "DEFAULT";
    let operations = document.operations().into_iter();
    operations.filter(|operation| !operation.responses.keys().any(succeeds)).map(|operation| operation.id).collect()
}

impl Surveyed {
    fn of(report: &Report, without_success: &BTreeSet<String>, elapsed: Duration) -> Self {
        let ((constraints, met), (operations, succeeded)) = (report.coverage(), report.succeeded());
        let mut uncovered = BTreeMap::new();
        for gap in report.operations.iter().flat_map(|operation| &operation.uncovered) {
            *uncovered.entry(gap.reason.clone()).or_default() += 1;
        }
        let mut reasons = BTreeMap::new();
        report.untested().for_each(|(_, reason)| *reasons.entry(reason.to_owned()).or_default() += 1);
        let mut unmet = Vec::new();
        for operation in &report.operations {
            for constraint in operation.constraints.iter().filter(|constraint| !(constraint.satisfied && constraint.violated)) {
                let side = match (constraint.satisfied, constraint.violated) {
                    (true, _) => "only kept",
                    (_, true) => "only broken",
                    _ => "neither kept nor broken",
                };
                unmet.push(format!("{}: {} {side}", operation.id, constraint.key));
            }
        }
        let title = |failure: &crate::Failure| {
            let level = if failure.level == Level::Warning { "warning: " } else { "" };
            format!("{level}{}: {} [{}] ({})", failure.name, failure.what, failure.rule, quantity(failure.count, "case", "cases"))
        };
        let is_unsaid = |failure: &&crate::Failure| {
            failure.rule == rules::UNDOCUMENTED_HTTP_STATUS.name
                || failure.rule == rules::UNDOCUMENTED_STATUS.name
                    && failure.each().all(|each| without_success.contains(&each.operation))
        };
        let (unsaid, findings): (Vec<_>, Vec<_>) = report.failures.iter().partition(is_unsaid);
        Self {
            document: report.document.clone(),
            operations,
            succeeded,
            untested: report.untested().count(),
            reasons,
            cases: report.cases,
            constraints,
            met,
            unmet,
            uncovered,
            defects: report.defects.len(),
            details: findings.iter().map(|failure| failure.text(&report.document)).collect(),
            findings: findings.into_iter().map(title).collect(),
            unsaid: unsaid.into_iter().map(|failure| failure.what.clone()).collect(),
            seconds: seconds(elapsed),
            complete: report.stopped.is_none(),
            refused: None,
        }
    }

    /// Whether the engine did with the document what it should: it accused nobody, and tested everything.
    pub fn is_good(&self) -> bool {
        self.refused.is_none() && self.complete && self.findings.is_empty()
    }
}

impl fmt::Display for Surveyed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(refused) = &self.refused {
            return writeln!(f, "{}: {refused}", self.document);
        }
        let Self { document, operations, succeeded, cases, constraints, met, .. } = self;
        writeln!(
            f,
            "{document}: {succeeded} of {operations} operations succeed, {met} of {constraints} constraints from both sides, {}, {} s{}",
            quantity(*cases, "case", "cases"),
            self.seconds,
            if self.complete { "" } else { ", stopped before the end" }
        )?;
        for finding in &self.findings {
            writeln!(f, "  finding: {finding}")?;
        }
        for missing in &self.unsaid {
            writeln!(f, "  left out by the document: {missing}")?;
        }
        if self.untested > 0 {
            writeln!(f, "  not tested: {}", quantity(self.untested, "operation", "operations"))?;
            self.reasons.iter().try_for_each(|(reason, count)| writeln!(f, "    {count}: {reason}"))?;
        }
        if self.defects > 0 {
            writeln!(f, "  wrong in the document itself: {}", self.defects)?;
        }
        for (reason, count) in &self.uncovered {
            writeln!(f, "  not covered: {count}: {reason}")?;
        }
        Ok(())
    }
}
