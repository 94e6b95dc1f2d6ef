//! `contract-tests run`: tests a server.

use std::{
    collections::BTreeMap,
    env, fs,
    hash::{BuildHasher, RandomState},
    io::{self, Write},
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anstream::{AutoStream, ColorChoice};
use contract_tests::{
    Accepted, Allowance, Credential, Document, Failure, Layout, Progress, Report, Signer, Stopped, Suite, SuiteError,
    rules::Level, shell::quote,
};
use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use serde_json::Value;

use super::CliError;

/// Where a token comes from that must not stand in a command line.
const TOKEN: &str = "CONTRACT_TOKEN";

/// The defaults of --oversized and --timeout.
const OVERSIZED: usize = 1024 * 1024;
const TIMEOUT: Duration = Duration::from_secs(30);

/// Find every promise of an OpenAPI document that a server breaks.
///
/// Exit status: 0 no promise is broken, 1 a promise is broken, 2 the tests could not run, 130 the run was interrupted.
///
/// A broken promise is an error: the document or a MUST of an RFC says otherwise, the server fails, or it does not answer. What a
/// careful server does beyond that is a warning. docs/rules explains each rule.
#[derive(clap::Args)]
pub struct Arguments {
    /// The server's base URL, to which the document's paths are appended, such as http://127.0.0.1:3000
    url: String,

    /// The OpenAPI document: OpenAPI 3.x or Swagger 2.0, YAML or JSON, with the files that it refers to
    #[arg(long, alias = "document", value_name = "FILE", default_value = "openapi.yaml")]
    spec: PathBuf,

    /// The bearer token; prefer the variable CONTRACT_TOKEN, because other users can see a command line
    #[arg(long, value_name = "TOKEN", conflicts_with = "signing_key")]
    token: Option<String>,

    /// User and password for HTTP Basic authentication
    #[arg(long, value_name = "USER:PASSWORD", env = "CONTRACT_BASIC", hide_env_values = true)]
    basic: Option<String>,

    /// An API key, by the name of its security scheme or of its header, cookie or query parameter
    #[arg(long, value_name = "NAME=KEY", env = "CONTRACT_API_KEYS", value_delimiter = '\n', hide_env_values = true, value_parser = pair('='))]
    api_key: Vec<(String, String)>,

    /// Send this header with every request
    #[arg(long, value_name = "NAME:VALUE", env = "CONTRACT_HEADERS", value_delimiter = '\n', hide_env_values = true, value_parser = pair(':'))]
    header: Vec<(String, String)>,

    /// Credentials of a second caller, who must not read, change or delete what the first creates. `token=TOKEN`,
    /// `basic=USER:PASSWORD`, `api-key=NAME=KEY`, `header=NAME:VALUE`, or with --signing-key `subject=NAME`
    #[arg(long, value_name = "CREDENTIAL", env = "CONTRACT_OTHER", value_delimiter = '\n', hide_env_values = true)]
    other: Vec<String>,

    /// Sign valid and invalid tokens with this RSA private key instead of using one token
    #[arg(long, value_name = "PEM-FILE", requires_all = ["issuer", "audience"])]
    signing_key: Option<PathBuf>,

    /// The key's ID in the header of signed tokens [default: its JWK thumbprint, RFC 7638]
    #[arg(long, value_name = "ID", requires = "signing_key")]
    kid: Option<String>,

    /// The issuer (`iss`) of signed tokens
    #[arg(long, value_name = "URL", requires = "signing_key")]
    issuer: Option<String>,

    /// The audience (`aud`) of signed tokens
    #[arg(long, value_name = "NAME", requires = "signing_key")]
    audience: Option<String>,

    /// Reproduce a run [default: a new seed, named in the report]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// The number of random cases for each operation, beside the planned ones
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    cases: usize,

    /// Run only cases whose ID starts with this prefix
    #[arg(long, value_name = "PREFIX")]
    only: Option<String>,

    /// Write a JUnit XML report to this file
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,

    /// Write a JSON report to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Write an HTML report to this file: one page that needs nothing else
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,

    /// Write a SARIF 2.1.0 report to this file, for code scanning: findings are on the lines of the document
    #[arg(long, value_name = "FILE")]
    sarif: Option<PathBuf>,

    /// Write every exchange to this file as an HTTP archive (HAR 1.2), without secrets
    #[arg(long, value_name = "FILE")]
    har: Option<PathBuf>,

    /// Save failing cases to this file, and run the saved ones first next time
    #[arg(long, value_name = "FILE")]
    failures: Option<PathBuf>,

    /// The size of a body that the server must reject with 413, where the document has this status
    #[arg(long, value_name = "BYTES", default_value_t = OVERSIZED)]
    oversized: usize,

    /// Accept what the RFCs let a server accept: a byte order mark, a duplicate property, an unknown content coding
    #[arg(long)]
    lenient: bool,

    /// How long the server may take to answer a request
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration)]
    timeout: Duration,

    /// How to judge formats that many servers do not check, such as duration and regex: invalid values must be refused with
    /// `assert`
    #[arg(long, value_name = "HOW", default_value = "doubt")]
    formats: Formats,

    /// Exit with 1 for warnings, too
    #[arg(long, value_name = "LEVEL")]
    deny: Option<Denied>,

    /// Do not report what breaks this rule, in all operations or in one
    #[arg(long, value_name = "RULE[:OPERATION]")]
    allow: Vec<Allowance>,

    /// Do not report the findings in this file, which --write-accepted wrote
    #[arg(long, value_name = "FILE")]
    accepted: Option<PathBuf>,

    /// Write all findings to this file, and exit with 0: from then on --accepted leaves them out
    #[arg(long, value_name = "FILE")]
    write_accepted: Option<PathBuf>,

    /// Send DELETE, PATCH, POST and PUT also to paths without an id that do not document them. What a server does then, it does to
    /// what is there
    #[arg(long)]
    all_methods: bool,

    /// Send nothing of this operation: its operationId, or its method and path
    #[arg(long, value_name = "OPERATION")]
    exclude: Vec<String>,

    /// Test only operations that change nothing: GET, HEAD, OPTIONS and TRACE, except those whose path says otherwise, such as GET /createUser
    #[arg(long)]
    read_only: bool,

    /// Use this value for each parameter of this name, such as the ID of a resource that no operation creates
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair('='))]
    set: Vec<(String, String)>,

    /// Use the values in this file as --set does: YAML or JSON, with a value or a list of values for each name
    #[arg(long, value_name = "FILE")]
    seed_data: Option<PathBuf>,

    /// Print which operation gets IDs from which others, and send nothing
    #[arg(long)]
    explain_state: bool,

    /// Exit with 1 where something of the document is not covered, too
    #[arg(long)]
    require_coverage: bool,

    /// Exit with 2 where something is wrong in the document itself
    #[arg(long)]
    strict_document: bool,

    /// Stop after this time, which the operations share, and report what was found until then
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    max_time: Option<Duration>,

    /// Stop at the first broken promise that makes the exit status 1, and report what was found until then
    #[arg(long, conflicts_with = "write_accepted")]
    fail_fast: bool,

    /// The number of requests in flight
    #[arg(long, value_name = "N", default_value = "8")]
    concurrency: NonZeroUsize,

    /// Show every finding in full, and list every constraint; without it the report is a screenful
    #[arg(short, long)]
    verbose: bool,
}

/// What `--formats` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Formats {
    /// A server may accept values that break them.
    Doubt,
    /// A server must refuse values that break them.
    Assert,
}

/// What `--deny` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Denied {
    /// What a careful server does, too.
    Warnings,
}

/// The exit status after SIGINT, as shells have it.
const INTERRUPTED: u8 = 130;

/// Runs the tests, prints the report and writes the files; returns the exit status.
#[tokio::main]
pub async fn run(arguments: &Arguments) -> Result<u8, CliError> {
    if arguments.explain_state {
        let explained = suite(arguments)?.explain_state()?;
        let _ = io::stdout().write_all(explained.as_bytes());
        return Ok(0);
    }
    let accepted = match &arguments.accepted {
        Some(path) => Accepted::read(path)
            .map_err(|error| file_error(path, &error, "--accepted names a file that --write-accepted wrote"))?,
        None => Vec::new(),
    };
    let mut report = test(arguments, &accepted).await?;
    report.accept(&arguments.allow, &accepted);
    print(arguments, &report)?;
    if report.cases == 0 && report.failures.is_empty() && report.stopped == Some(Stopped::MaxTime) {
        return Err(CliError::new("the time was up before anything was judged", "give the run more time with --max-time"));
    }
    if let Some(path) = &arguments.write_accepted {
        Accepted::write(path, &Accepted::of(&report))
            .map_err(|error| file_error(path, &error, "--write-accepted names another file"))?;
    }
    let gaps = arguments.require_coverage && !report.is_covered();
    let broken = gaps || !report.passed() || arguments.deny == Some(Denied::Warnings) && !report.is_clean();
    Ok(match report.stopped {
        Some(Stopped::Interrupted) => INTERRUPTED,
        Some(Stopped::ServerGone { .. } | Stopped::CredentialsGone { .. }) => 1,
        _ if arguments.write_accepted.is_some() => 0,
        _ => u8::from(broken),
    })
}

fn file_error(path: &Path, error: &str, hint: &'static str) -> CliError {
    CliError::new(format!("{}: {error}", path.display()), hint)
}

/// Set by the first SIGINT; the second ends the process, and so does the first before anything was sent.
fn interruption(started: Arc<AtomicBool>) -> Arc<AtomicBool> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&interrupted);
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            if set.swap(true, Ordering::Relaxed) || !started.load(Ordering::Relaxed) {
                let _ = writeln!(io::stderr(), "error: interrupted before there was a report");
                std::process::exit(i32::from(INTERRUPTED));
            }
        }
    });
    interrupted
}

/// The suite that the flags ask for.
fn suite(arguments: &Arguments) -> Result<Suite, CliError> {
    let document = Document::read(&arguments.spec).map_err(SuiteError::from)?;
    if let Some(defect) = document.defects().next().filter(|_| arguments.strict_document) {
        return Err(CliError::new(
            format!("{}:{}: {}: {}", document.name, defect.place.line, defect.pointer, defect.message),
            "fix the document, or leave out --strict-document",
        ));
    }
    let mut suite = Suite::new(document)
        .seed(arguments.seed.unwrap_or_else(seed))
        .cases(arguments.cases)
        .oversized(arguments.oversized)
        .lenient(arguments.lenient)
        .all_methods(arguments.all_methods)
        .assert_formats(arguments.formats == Formats::Assert)
        .timeout(arguments.timeout)
        .concurrency(arguments.concurrency.get());
    if let Some(signer) = signer(arguments)? {
        suite = suite.signer(signer);
    } else if let Some(token) = token(arguments)? {
        suite = suite.token(token);
    }
    if let Some(basic) = &arguments.basic {
        suite = suite.basic(basic);
    }
    for (name, key) in &arguments.api_key {
        suite = suite.api_key(name, key);
    }
    for (name, value) in &arguments.header {
        suite = suite.header(name, value);
    }
    if let Some(only) = &arguments.only {
        suite = suite.only(only);
    }
    if let Some(path) = &arguments.failures {
        suite = suite.failures(path);
    }
    if let Some(path) = &arguments.har {
        suite = suite.har(path);
    }
    for text in &arguments.other {
        suite = suite.other(other(text)?);
    }
    if let Some(time) = arguments.max_time {
        suite = suite.max_time(time);
    }
    for (name, value) in &arguments.set {
        suite = suite.set(name, value.as_str());
    }
    if let Some(path) = &arguments.seed_data {
        for (name, value) in seed_data(path)? {
            suite = suite.set(name, value);
        }
    }
    for name in &arguments.exclude {
        suite = suite.exclude(name);
    }
    Ok(suite.read_only(arguments.read_only))
}

async fn test(arguments: &Arguments, accepted: &[Accepted]) -> Result<Report, CliError> {
    let suite = suite(arguments)?;
    let bar = progress_bar();
    let shown = bar.clone();
    let started = Arc::new(AtomicBool::new(false));
    let suite = suite.interrupt(interruption(Arc::clone(&started)));
    let run = suite.progress(move |progress| {
        started.store(true, Ordering::Relaxed);
        show(&shown, progress);
    });
    let is_last = |failure: &Failure| {
        let counts = failure.level == Level::Error || arguments.deny == Some(Denied::Warnings);
        arguments.fail_fast && counts && !failure.is_accepted(&arguments.allow, accepted)
    };
    let outcome = run.run_until(&arguments.url, is_last).await;
    bar.finish_and_clear();
    let mut report = outcome?;
    if report.cases == 0 && report.stopped.is_none() {
        // Nothing broken because nothing was tried is not a promise kept.
        return Err(match report.untested().next() {
            Some((operation, why)) => CliError::new(
                format!("no operation of {} can be tested; {}: {why}", report.document, operation.name),
                "README.md lists what is not covered",
            ),
            None => CliError::new(
                format!("{} has nothing that could be tested", report.document),
                "its paths need operations, such as get or post",
            ),
        });
    }
    for failure in &mut report.failures {
        failure.rerun = rerun(arguments, failure);
        for other in &mut failure.more {
            other.rerun = rerun(arguments, other);
        }
    }
    Ok(report)
}

/// Prints the report and writes the files.
fn print(arguments: &Arguments, report: &Report) -> Result<(), CliError> {
    let mut out = io::stdout();
    let colour = AutoStream::choice(&out) != ColorChoice::Never;
    let _ = out.write_all(report.text(&Layout { colour, verbose: arguments.verbose }).as_bytes()); // The exit status tells, too.
    if let Some(path) = &arguments.junit {
        let xml =
            report.junit().map_err(|error| CliError::new(format!("cannot write JUnit's XML: {error}"), "please report this"))?;
        write(path, &xml, "name another file with --junit")?;
    }
    if let Some(path) = &arguments.json {
        write(path, &format!("{:#}\n", report.json()), "name another file with --json")?;
    }
    if let Some(path) = &arguments.html {
        write(path, &report.html(), "name another file with --html")?;
    }
    if let Some(path) = &arguments.sarif {
        let uri = arguments.spec.display().to_string().replace('\\', "/");
        write(path, &format!("{:#}\n", report.sarif(&uri)), "name another file with --sarif")?;
    }
    Ok(())
}

fn write(path: &Path, text: &str, hint: &'static str) -> Result<(), CliError> {
    fs::write(path, text).map_err(|error| CliError::new(format!("{}: {error}", path.display()), hint))
}

/// Names and values, one of each pair for each value.
fn seed_data(path: &Path) -> Result<Vec<(String, Value)>, CliError> {
    let hint = "--seed-data takes a file with lines such as `petId: 7` or `petId: [7, 8]`";
    let text = fs::read_to_string(path).map_err(|error| file_error(path, &error.to_string(), hint))?;
    let wrong = |error: String| file_error(path, error.lines().next().unwrap_or_default(), hint);
    let named: BTreeMap<String, Value> = serde_saphyr::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    let mut all = Vec::new();
    for (name, value) in named {
        let values = if let Value::Array(values) = value { values } else { vec![value] };
        if values.is_empty() || values.iter().any(|value| value.is_array() || value.is_object() || value.is_null()) {
            return Err(wrong(format!("{name} has a value that is neither text nor number nor true nor false")));
        }
        all.extend(values.into_iter().map(|value| (name.clone(), value)));
    }
    Ok(all)
}

fn signer(arguments: &Arguments) -> Result<Option<Signer>, CliError> {
    let (Some(path), Some(issuer), Some(audience)) = (&arguments.signing_key, &arguments.issuer, &arguments.audience) else {
        return Ok(None);
    };
    let pem = fs::read_to_string(path)
        .map_err(|error| CliError::new(format!("{}: {error}", path.display()), "name the key file with --signing-key"))?;
    let kid = arguments.kid.clone().map_or_else(|| Signer::thumbprint(&pem), Ok);
    let signer = kid.and_then(|kid| Signer::new(&pem, &kid, issuer, audience)).map_err(SuiteError::from);
    signer.map(Some).map_err(|error| CliError::new(format!("{}: {error}", path.display()), error.hint()))
}

/// The token of the command line or the environment. Only here is it looked at: clap would repeat one that is wrong.
fn token(arguments: &Arguments) -> Result<Option<String>, CliError> {
    let token = arguments.token.clone().or_else(|| env::var(TOKEN).ok()).map(|token| token.trim().to_owned());
    // A variable that is set to nothing is how CI says that there is none.
    let token = token.filter(|token| !token.is_empty());
    match token {
        Some(token) if !token.bytes().all(|byte| byte.is_ascii_graphic()) => Err(CliError::new(
            "the token is not one: it must be printable ASCII without spaces",
            "give the token alone, without Bearer before it",
        )),
        token => Ok(token),
    }
}

/// A seed that is short to type.
fn seed() -> u64 {
    RandomState::new().hash_one(()) & u64::from(u32::MAX)
}

/// A line on the terminal; nothing where standard error is not one.
fn progress_bar() -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message("planning");
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}, {elapsed}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

fn show(bar: &ProgressBar, Progress { done, total, failures }: Progress) {
    let cases = format!("{} of {} cases", HumanCount(done), HumanCount(total));
    match failures {
        0 => bar.set_message(cases),
        broken => bar.set_message(format!("{cases}, {broken} broken promises")),
    }
}

/// The command that reruns a case, with every flag that makes it what it is. The token comes from the environment.
fn rerun(arguments: &Arguments, failure: &Failure) -> String {
    let mut words = vec!["contract-tests".to_owned(), quote(&arguments.url), "--spec".to_owned(), file(&arguments.spec)];
    let key = [("--kid", &arguments.kid), ("--issuer", &arguments.issuer), ("--audience", &arguments.audience)];
    if let Some(path) = &arguments.signing_key {
        words.extend(["--signing-key".to_owned(), file(path)]);
        words.extend(key.into_iter().flat_map(|(name, value)| Some([name.to_owned(), quote(value.as_ref()?)])).flatten());
    }
    // The flags alone do not name a case that came out of the file.
    if let Some(path) = arguments.failures.as_ref().filter(|_| failure.case.contains(":saved:")) {
        words.extend(["--failures".to_owned(), file(path)]);
    }
    if arguments.oversized != OVERSIZED {
        words.push(format!("--oversized {}", arguments.oversized));
    }
    if arguments.lenient {
        words.push("--lenient".to_owned());
    }
    if arguments.all_methods {
        words.push("--all-methods".to_owned());
    }
    words.extend(arguments.set.iter().map(|(name, value)| format!("--set {}", quote(&format!("{name}={value}")))));
    if let Some(path) = &arguments.seed_data {
        words.extend(["--seed-data".to_owned(), file(path)]);
    }
    words.extend(arguments.exclude.iter().map(|name| format!("--exclude {}", quote(name))));
    if arguments.read_only {
        words.push("--read-only".to_owned());
    }
    if arguments.formats == Formats::Assert {
        words.push("--formats assert".to_owned());
    }
    if arguments.timeout != TIMEOUT {
        words.push(format!("--timeout {}ms", arguments.timeout.as_millis().max(1)));
    }
    words.push(failure.rerun.clone());
    words.join(" ")
}

fn file(path: &Path) -> String {
    quote(&path.display().to_string())
}

/// Parses a name and a value with a separator between them.
fn pair(separator: char) -> impl Fn(&str) -> Result<(String, String), String> + Clone {
    move |text| match text.split_once(separator) {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.trim().to_owned())),
        _ => Err(format!("expected a name, {separator:?} and a value")),
    }
}

/// A credential of another caller. Only here is it looked at: clap would repeat one that is wrong.
fn other(text: &str) -> Result<Credential, CliError> {
    let wrong =
        |expected: String| CliError::new(format!("--other: {expected}"), "CONTRACT_OTHER takes the same, one in each line");
    text.parse().map_err(wrong)
}

/// Parses a time such as `250ms`, `10s` or `1m`, above zero.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err("expected a time above zero with its unit, such as 250ms, 10s or 1m".to_owned()),
    }
}
