//! The two tools that test a server: how they are called, and what their reports say.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus},
    thread,
    time::{Duration, Instant},
};

use serde::Deserialize;

use super::{
    report::{Counts, Outcome},
    servers::Server,
};

/// Makes every run the same.
const SEED: &str = "7";

/// How long a tool may go on after its time, to finish what is under way and to write its report.
const GRACE: Duration = Duration::from_secs(120);

/// How often a running tool is looked at.
const PAUSE: Duration = Duration::from_millis(100);

/// A tool, by its program.
#[derive(Debug, Clone)]
pub enum Tool {
    /// The engine of this repository.
    Engine(PathBuf),
    /// Schemathesis.
    Schemathesis(PathBuf),
}

/// What a tool is let loose on.
pub struct TestedServer<'a> {
    /// The server.
    pub server: &'a Server,
    /// Where it listens.
    pub url: &'a str,
    /// Its document.
    pub document: &'a Path,
    /// How many seconds a tool may take.
    pub seconds: u64,
    /// Where reports go.
    pub results: &'a Path,
}

impl Tool {
    /// What it is called.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Engine(_) => "contract-tests",
            Self::Schemathesis(_) => "schemathesis",
        }
    }

    /// Tests a server; what is printed is kept beside the reports.
    pub fn test(&self, target: &TestedServer<'_>) -> Outcome {
        let counted = match self {
            Self::Engine(program) => engine(program, target),
            Self::Schemathesis(program) => schemathesis(program, target),
        };
        counted.map_or_else(Outcome::NoReport, Outcome::Counted)
    }
}

fn engine(program: &Path, target: &TestedServer<'_>) -> Result<Counts, String> {
    let report = target.results.join("contract-tests.json");
    let mut command = Command::new(program);
    command.arg(format!("{}{}", target.url, target.server.base)).arg("--spec").arg(target.document);
    command.args(["--seed", SEED, "--max-time", &format!("{}s", target.seconds), "--json"]).arg(&report);
    for (method, path) in target.server.exclude {
        command.args(["--exclude", &format!("{method} {path}")]);
    }
    command.args(target.server.flags);
    let text = reported(&mut command, &report, target, "contract-tests.txt")?;
    engine_counts(&text).map_err(|error| format!("its report cannot be read: {error}"))
}

fn schemathesis(program: &Path, target: &TestedServer<'_>) -> Result<Counts, String> {
    let (report, events) = (target.results.join("schemathesis.json"), target.results.join("schemathesis.ndjson"));
    let mut command = Command::new(program);
    command.arg("run").arg(target.document).args(["--url", &format!("{}{}", target.url, target.server.base)]);
    command.args(["--seed", SEED, "--max-time", &target.seconds.to_string(), "--no-color", "--report", "json,ndjson"]);
    command.arg("--report-json-path").arg(&report).arg("--report-ndjson-path").arg(&events);
    for (_, path) in target.server.exclude {
        command.args(["--exclude-path", path]);
    }
    let text = reported(&mut command, &report, target, "schemathesis.txt")?;
    let lines = BufReader::new(File::open(&events).map_err(|error| error.to_string())?).lines();
    let succeeded = successes(lines.map_while(Result::ok));
    schemathesis_counts(&text, succeeded).map_err(|error| format!("its report cannot be read: {error}"))
}

/// Runs a tool in a folder of the results, and reads its report.
fn reported(command: &mut Command, report: &Path, target: &TestedServer<'_>, printed: &str) -> Result<String, String> {
    let _ = fs::remove_file(report); // One of an earlier run is none of this.
    let log = File::create(target.results.join(printed)).and_then(|file| Ok((file.try_clone()?, file)));
    let started = log.and_then(|(out, errors)| command.current_dir(target.results).stdout(out).stderr(errors).spawn());
    let mut child = started.map_err(|error| format!("it cannot be started: {error}"))?;
    let ended = wait(&mut child, Duration::from_secs(target.seconds) + GRACE)?;
    fs::read_to_string(report)
        .map_err(|_| format!("it ended without a report, {ended}: see {}", target.results.join(printed).display()))
}

/// Waits for the end of a process, but not for ever.
fn wait(child: &mut Child, limit: Duration) -> Result<ExitStatus, String> {
    let begin = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) if begin.elapsed() < limit => thread::sleep(PAUSE),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("it did not end within {} s", limit.as_secs()));
            }
            Err(error) => return Err(error.to_string()),
        }
    }
}

/// What is read of the engine's report.
#[derive(Deserialize)]
struct EngineReport {
    elapsed: f64,
    operations: Vec<EngineOperation>,
    failures: Vec<EngineFailure>,
}

#[derive(Deserialize)]
struct EngineOperation {
    name: String,
    documented: Vec<String>,
    answered: BTreeMap<u16, u64>,
}

#[derive(Deserialize)]
struct EngineFailure {
    level: String,
}

/// The figures in a report of the engine.
fn engine_counts(report: &str) -> serde_json::Result<Counts> {
    let EngineReport { elapsed, operations, failures } = serde_json::from_str(report)?;
    // There is one entry for each media type of a body.
    let names: BTreeSet<&String> = operations.iter().map(|operation| &operation.name).collect();
    let succeeded: BTreeSet<&String> = operations
        .iter()
        .filter(|EngineOperation { documented, answered, .. }| {
            let says = |status: &str| documented.iter().any(|known| known == status || known == "2XX" || known == "DEFAULT");
            answered.keys().any(|status| (200..300).contains(status) && says(&status.to_string()))
        })
        .map(|operation| &operation.name)
        .collect();
    let errors = failures.iter().filter(|failure| failure.level == "error").count();
    Ok(Counts {
        operations: names.len(),
        succeeded: succeeded.len(),
        errors,
        warnings: Some(failures.len() - errors),
        seconds: elapsed,
    })
}

/// What is read of Schemathesis' report.
#[derive(Deserialize)]
struct SchemathesisReport {
    running_time: f64,
    operations: Selected,
    test_cases: Cases,
}

#[derive(Deserialize)]
struct Selected {
    selected: usize,
}

#[derive(Deserialize)]
struct Cases {
    unique_failures: usize,
}

/// The figures in a report of Schemathesis, which knows no warnings about a server.
fn schemathesis_counts(report: &str, succeeded: usize) -> serde_json::Result<Counts> {
    let SchemathesisReport { running_time, operations, test_cases } = serde_json::from_str(report)?;
    Ok(Counts {
        operations: operations.selected,
        succeeded,
        errors: test_cases.unique_failures,
        warnings: None,
        seconds: running_time,
    })
}

/// One event of Schemathesis; only finished scenarios have requests.
#[derive(Deserialize)]
struct Event {
    #[serde(rename = "ScenarioFinished")]
    finished: Option<Scenario>,
}

#[derive(Deserialize)]
struct Scenario {
    recorder: Recorder,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Recorder {
    /// The operation, where the scenario is about one.
    label: String,
    cases: BTreeMap<String, Recorded>,
    interactions: BTreeMap<String, Interaction>,
}

#[derive(Deserialize)]
struct Recorded {
    value: Case,
}

#[derive(Deserialize)]
struct Case {
    method: String,
    path: String,
}

#[derive(Deserialize)]
struct Interaction {
    response: Option<Response>,
}

#[derive(Deserialize)]
struct Response {
    status_code: u16,
}

/// How many operations have answered 2xx, by the events of Schemathesis; whether that is documented they do not say. Methods that the
/// document does not have are tried, too, and are no operations.
fn successes(lines: impl Iterator<Item = String>) -> usize {
    let (mut operations, mut known) = (BTreeSet::new(), BTreeSet::new());
    for line in lines {
        let Ok(Event { finished: Some(Scenario { recorder }) }) = serde_json::from_str(&line) else { continue };
        known.insert(recorder.label);
        for (id, interaction) in &recorder.interactions {
            let succeeded = interaction.response.as_ref().is_some_and(|response| (200..300).contains(&response.status_code));
            if let Some(Recorded { value: Case { method, path } }) = recorder.cases.get(id).filter(|_| succeeded) {
                operations.insert(format!("{method} {path}"));
            }
        }
    }
    operations.intersection(&known).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_counts_once_and_by_its_documented_2xx() {
        let report = r#"{"elapsed": 1.5, "failures": [{"level": "error"}, {"level": "warning"}, {"level": "warning"}], "operations": [
            {"name": "POST /a", "documented": ["201"], "answered": {"400": 3}},
            {"name": "POST /a", "documented": ["201"], "answered": {"201": 1}},
            {"name": "GET /b", "documented": ["200"], "answered": {"204": 9}},
            {"name": "GET /c", "documented": ["2XX"], "answered": {"204": 9}},
            {"name": "GET /d", "documented": ["DEFAULT"], "answered": {"500": 1}}]}"#;
        let counts = engine_counts(report).unwrap();
        assert_eq!(counts, Counts { operations: 4, succeeded: 2, errors: 1, warnings: Some(2), seconds: 1.5 });
    }

    #[test]
    fn what_schemathesis_reports_is_counted_alike() {
        let report = r#"{"running_time": 2.5, "operations": {"total": 4, "selected": 3}, "test_cases": {"unique_failures": 7}}"#;
        let events = [
            r#"{"Initialize": {"seed": 7}}"#,
            r#"{"ScenarioFinished": {"recorder": {"label": "GET /a",
                "cases": {"1": {"value": {"method": "GET", "path": "/a"}}, "2": {"value": {"method": "GET", "path": "/b"}}, "3": {"value": {"method": "PUT", "path": "/b"}}},
                "interactions": {"1": {"response": {"status_code": 200}}, "2": {"response": {"status_code": 404}}, "3": {"status": "error"}}}}}"#,
            r#"{"ScenarioFinished": {"recorder": {"label": "Stateful tests", "cases": {"5": {"value": {"method": "TRACE", "path": "/a"}}, "4": {"value": {"method": "GET", "path": "/a"}}},
                "interactions": {"4": {"response": {"status_code": 204}}, "5": {"response": {"status_code": 200}}}}}}"#,
            r#"{"ScenarioFinished": {"recorder": {"label": "no request"}}}"#,
        ];
        let succeeded = successes(events.into_iter().map(str::to_owned));
        let counts = schemathesis_counts(report, succeeded).unwrap();
        assert_eq!(counts, Counts { operations: 3, succeeded: 1, errors: 7, warnings: None, seconds: 2.5 });
    }

    #[test]
    fn what_is_no_report_is_an_error() {
        assert!(engine_counts("{}").is_err());
        assert!(schemathesis_counts(r#"{"operations": null}"#, 0).is_err());
    }
}
