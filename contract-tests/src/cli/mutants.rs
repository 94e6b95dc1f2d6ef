//! `contract-tests mutants`: tests the contract tests.

use std::{
    io::{self, IsTerminal},
    path::PathBuf,
    time::Instant,
};

use contract_tests::{
    Document,
    mutants::{MutantsError, MutantsReport, Options, test},
};
use indicatif::{ProgressBar, ProgressStyle};

use super::CliError;

/// Change every rule of a document, one at a time, and check that the contract tests notice
///
/// The command serves each changed document in memory and tests that server against the original document. A failure that points at
/// the changed rule kills the mutant. Equivalent mutants (proven) and rules that the contract tests report as not covered are
/// reported separately.
///
/// Exit status: 0 every mutant killed, 1 a mutant survived, 2 the command could not run.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The documents
    #[arg(value_name = "FILE", default_value = "openapi.yaml")]
    files: Vec<PathBuf>,
    /// Print a JSON report with every mutant and its verdict
    #[arg(long)]
    json: bool,
    /// The seed of the contract tests
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Run only cases whose ID starts with this prefix, to see what the others would miss
    #[arg(long, value_name = "PREFIX")]
    only: Option<String>,
}

/// Tests every mutant and prints the report; returns whether every mutant was killed.
pub fn run(arguments: Arguments) -> Result<bool, CliError> {
    let begin = Instant::now();
    let documents: Result<Vec<_>, _> = arguments.files.iter().map(|file| Document::read(file)).collect();
    let documents = documents.map_err(MutantsError::from)?;
    let bar = if io::stderr().is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos} of {len} mutants") {
        bar.set_style(style);
    }
    let progress = |done: usize, total: usize| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    };
    let options = Options { seed: arguments.seed, only: arguments.only, ..Options::default() };
    let outcomes = test(documents, &options, &progress);
    bar.finish_and_clear();
    let report = MutantsReport::new(outcomes?, begin.elapsed());
    if arguments.json {
        println!("{:#}", report.json());
    } else {
        print!("{report}");
    }
    Ok(report.survivors().next().is_none())
}
