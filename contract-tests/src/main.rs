//! The command line: holds a server to its OpenAPI document.

use std::{
    env, fs,
    hash::{BuildHasher, RandomState},
    io::{self, IsTerminal, Write},
    num::NonZeroUsize,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anstream::{AutoStream, ColorChoice};
use clap::Parser;
use contract_tests::{Document, Failure, Layout, Progress, Report, Signer, Suite, SuiteError};
use indicatif::{HumanCount, ProgressBar, ProgressStyle};

/// Where a token comes from that must not stand in a command line.
const TOKEN: &str = "CONTRACT_TOKEN";

/// The defaults of --oversized and --timeout.
const OVERSIZED: usize = 1024 * 1024;
const TIMEOUT: Duration = Duration::from_secs(30);

/// How many constraints of an operation are shown on a terminal without --verbose.
const ROWS: usize = 200;

/// Finds every promise of an OpenAPI document that a server breaks.
#[derive(Parser)]
#[command(
    version,
    after_help = "Exit status: 0 when every promise was kept, 1 when one was broken, 2 when the run could not take place."
)]
struct Arguments {
    /// Where the server is: what the document's paths are below, such as http://127.0.0.1:3000.
    url: String,

    /// The OpenAPI document, 3.0 or 3.1, YAML or JSON.
    #[arg(long, value_name = "FILE", default_value = "openapi.yaml")]
    spec: PathBuf,

    /// The bearer token for operations that ask for one; better in CONTRACT_TOKEN, since a command line can be seen by others.
    #[arg(long, value_name = "TOKEN", conflicts_with = "signing_key")]
    token: Option<String>,

    /// Makes good and bad tokens with this RSA private key, instead of using one token.
    #[arg(long, value_name = "PEM-FILE", requires_all = ["issuer", "audience"])]
    signing_key: Option<PathBuf>,

    /// The name of the signing key (default: its JWK thumbprint, RFC 7638).
    #[arg(long, value_name = "NAME", requires = "signing_key")]
    kid: Option<String>,

    /// Who issues tokens, exactly as in their `iss`.
    #[arg(long, value_name = "URL", requires = "signing_key")]
    issuer: Option<String>,

    /// Whom tokens are for, exactly as in their `aud`.
    #[arg(long, value_name = "NAME", requires = "signing_key")]
    audience: Option<String>,

    /// Reproduces a run (default: a new one each time; the report names it).
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// Random cases for each operation, after the exhaustive ones.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    cases: usize,

    /// Only cases whose name begins so; the report gives the name with each failure.
    #[arg(long, value_name = "CASE")]
    only: Option<String>,

    /// Writes the report for CI, in JUnit's XML.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,

    /// Writes the report for programs, in JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Keeps failing cases here and tries them first next time (default: kept nowhere, so that a seed gives the same run).
    #[arg(long, value_name = "FILE")]
    failures: Option<PathBuf>,

    /// The size of a body that the server must refuse, where its document has the status 413.
    #[arg(long, value_name = "BYTES", default_value_t = OVERSIZED)]
    oversized: usize,

    /// Lets the server read bodies as leniently as the RFCs allow: a byte order mark, a property twice, an unknown content coding.
    #[arg(long)]
    lenient: bool,

    /// How long an answer may take.
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration)]
    timeout: Duration,

    /// How many requests are under way at a time.
    #[arg(long, value_name = "N", default_value = "8")]
    concurrency: NonZeroUsize,

    /// Shows every constraint, also where a terminal would show the first ones or none.
    #[arg(short, long)]
    verbose: bool,
}

/// What went wrong, and what to do about it.
type Trouble = (String, &'static str);

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match run(&arguments).await {
        Ok(report) => tell(&arguments, &report).map(|()| report.kept()),
        Err(trouble) => Err(trouble),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err((what, hint)) => {
            let _ = writeln!(io::stderr(), "error: {what}\nhint: {hint}"); // The exit status tells, too.
            ExitCode::from(2)
        }
    }
}

async fn run(arguments: &Arguments) -> Result<Report, Trouble> {
    let trouble = |error: SuiteError| (error.to_string(), error.hint());
    let document = Document::read(&arguments.spec).map_err(|error| trouble(error.into()))?;
    let mut suite = Suite::new(document)
        .seed(arguments.seed.unwrap_or_else(seed))
        .cases(arguments.cases)
        .oversized(arguments.oversized)
        .lenient(arguments.lenient)
        .patience(arguments.timeout)
        .concurrency(arguments.concurrency.get());
    if let Some(signer) = signer(arguments)? {
        suite = suite.signer(signer);
    } else if let Some(token) = token(arguments)? {
        suite = suite.token(token);
    }
    if let Some(only) = &arguments.only {
        suite = suite.only(only);
    }
    if let Some(path) = &arguments.failures {
        suite = suite.failures(path);
    }
    let bar = progress_bar();
    let shown = bar.clone();
    let run = suite.progress(move |progress| show(&shown, progress));
    let outcome = run.run(&arguments.url).await;
    bar.finish_and_clear();
    let mut report = outcome.map_err(trouble)?;
    if report.cases == 0 {
        // Nothing broken because nothing was tried is not a promise kept.
        return Err((
            format!("{} has nothing that could be tested", report.document),
            "its paths need operations, such as get or post",
        ));
    }
    for failure in &mut report.failures {
        failure.rerun = rerun(arguments, failure);
    }
    Ok(report)
}

/// Prints the report and writes the files.
fn tell(arguments: &Arguments, report: &Report) -> Result<(), Trouble> {
    let mut out = io::stdout();
    let rows = match (arguments.verbose, out.is_terminal()) {
        (true, _) => usize::MAX,
        (false, true) => ROWS,
        (false, false) => 0,
    };
    let colour = AutoStream::choice(&out) != ColorChoice::Never;
    let _ = out.write_all(report.text(&Layout { colour, rows }).as_bytes()); // The exit status tells, too.
    if let Some(path) = &arguments.junit {
        let xml = report.junit().map_err(|error| (format!("cannot write JUnit's XML: {error}"), "please report this"))?;
        write(path, &xml, "--junit names another file")?;
    }
    if let Some(path) = &arguments.json {
        write(path, &format!("{:#}\n", report.json()), "--json names another file")?;
    }
    Ok(())
}

fn write(path: &Path, text: &str, hint: &'static str) -> Result<(), Trouble> {
    fs::write(path, text).map_err(|error| (format!("{}: {error}", path.display()), hint))
}

fn signer(arguments: &Arguments) -> Result<Option<Signer>, Trouble> {
    let (Some(path), Some(issuer), Some(audience)) = (&arguments.signing_key, &arguments.issuer, &arguments.audience) else {
        return Ok(None);
    };
    let pem =
        fs::read_to_string(path).map_err(|error| (format!("{}: {error}", path.display()), "--signing-key names the file"))?;
    let kid = arguments.kid.clone().map_or_else(|| Signer::thumbprint(&pem), Ok);
    let signer = kid.and_then(|kid| Signer::new(&pem, &kid, issuer, audience)).map_err(SuiteError::from);
    signer.map(Some).map_err(|error| (format!("{}: {error}", path.display()), error.hint()))
}

/// The token of the command line or the environment. Only here is it looked at: clap would repeat one that is wrong.
fn token(arguments: &Arguments) -> Result<Option<String>, Trouble> {
    let token = arguments.token.clone().or_else(|| env::var(TOKEN).ok()).map(|token| token.trim().to_owned());
    // A variable that is set to nothing is how CI says that there is none.
    let token = token.filter(|token| !token.is_empty());
    match token {
        Some(token) if !token.bytes().all(|byte| byte.is_ascii_graphic()) => Err((
            "the token is not one: it must be printable ASCII without spaces".to_owned(),
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
    let mut words = vec!["contract-tests".to_owned(), quoted(&arguments.url), "--spec".to_owned(), file(&arguments.spec)];
    let key = [("--kid", &arguments.kid), ("--issuer", &arguments.issuer), ("--audience", &arguments.audience)];
    if let Some(path) = &arguments.signing_key {
        words.extend(["--signing-key".to_owned(), file(path)]);
        words.extend(key.into_iter().flat_map(|(name, value)| Some([name.to_owned(), quoted(value.as_ref()?)])).flatten());
    }
    // The flags alone do not name a case that came out of the file.
    if let Some(path) = arguments.failures.as_ref().filter(|_| failure.case.contains(":kept:")) {
        words.extend(["--failures".to_owned(), file(path)]);
    }
    if arguments.oversized != OVERSIZED {
        words.push(format!("--oversized {}", arguments.oversized));
    }
    if arguments.lenient {
        words.push("--lenient".to_owned());
    }
    if arguments.timeout != TIMEOUT {
        words.push(format!("--timeout {}ms", arguments.timeout.as_millis().max(1)));
    }
    words.push(failure.rerun.clone());
    words.join(" ")
}

fn file(path: &Path) -> String {
    quoted(&path.display().to_string())
}

/// For a POSIX shell; as it is where that says the same.
fn quoted(text: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "-_./:@%+=,".contains(character);
    if !text.is_empty() && text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// Parses a time such as `250ms`, `10s` or `1m`, above zero.
fn duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err("expected a time above zero with its unit, such as 250ms, 10s or 1m".to_owned()),
    }
}
