//! `contract-tests survey`: what the engine makes of documents.

use std::{
    fmt::Display,
    io::{self, Write},
    path::PathBuf,
    time::Duration,
};

use contract_tests::{
    Document, SuiteError,
    survey::{Options, Planning, survey},
};
use serde::Serialize;

use super::{CliError, run::duration};

/// Serve each document faithfully, test that server, and print what was covered
///
/// The server keeps every promise, so a finding is a bug in the contract tests or a contradiction in the document.
///
/// Exit status: 0 no finding and everything tested, 1 otherwise, 2 a document could not be read.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The documents
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Print a line of JSON for each document
    #[arg(long)]
    json: bool,
    /// Print each finding in full, with its request and answer, on standard error
    #[arg(long)]
    verbose: bool,
    /// The seed of the contract tests
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The number of random cases for each operation
    #[arg(long, value_name = "N", default_value_t = 20)]
    cases: usize,
    /// How long one document may be tested
    #[arg(long, value_name = "DURATION", default_value = "2m", value_parser = duration)]
    max_time: Duration,
    /// Only plan the requests, and print what planning them takes
    #[arg(long)]
    plan: bool,
}

/// Surveys each document and prints what came of it; returns whether all is good.
#[tokio::main]
pub async fn run(arguments: &Arguments) -> Result<bool, CliError> {
    let options = Options { seed: arguments.seed, cases: arguments.cases, max_time: arguments.max_time };
    let mut good = true;
    for file in &arguments.files {
        let document = Document::read(file).map_err(SuiteError::from)?;
        if arguments.plan {
            let planning = Planning::of(document, arguments.seed, arguments.max_time)?;
            good &= planning.unmade == 0;
            print(&planning, arguments.json);
            continue;
        }
        let surveyed = survey(document, &options).await?;
        good &= surveyed.is_good();
        print(&surveyed, arguments.json);
        if arguments.verbose {
            for (title, detail) in surveyed.findings.iter().zip(&surveyed.details) {
                let _ = writeln!(io::stderr(), "\n{title}\n{detail}");
            }
        }
    }
    Ok(good)
}

fn print(what: &(impl Serialize + Display), as_json: bool) {
    let mut out = io::stdout();
    let _ = match serde_json::to_string(what).ok().filter(|_| as_json) {
        Some(line) => writeln!(out, "{line}"),
        None => write!(out, "{what}"),
    };
}
