//! The command line of `cargo xtask mutants`.

use std::{
    io::{self, IsTerminal},
    path::PathBuf,
    time::Instant,
};

use contract_tests::Document;
use indicatif::{ProgressBar, ProgressStyle};

use super::{MutantsError, Options, Report, test};

/// Change every rule of a document, one at a time, and see whether the contract tests notice.
///
/// A server that is made only from the changed document is tested by the engine, which holds the original. A mutant is killed when
/// a failure points at the changed rule. Mutants that nobody can see are recognised by proof and listed apart, as is what the
/// engine itself reports as not covered.
///
/// Exit status: 0 every mutant killed, 1 a survivor, 2 could not run.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The documents; the workspace's openapi.yaml where none is named.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Write the report as JSON, with each mutant and what became of it.
    #[arg(long)]
    json: bool,
    /// The seed of the engine.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Try only cases whose name begins so: what would the rest of the suite miss?
    #[arg(long, value_name = "CASE")]
    only: Option<String>,
    /// Change the code of the server instead, with cargo-mutants, which is installed where it is not: is each line needed?
    /// Takes more than an hour.
    #[arg(long, conflicts_with_all = ["files", "json", "seed", "only"])]
    pub code: bool,
}

/// Runs the command; says whether every mutant was killed.
///
/// # Errors
///
/// [`MutantsError`].
pub fn run(arguments: Arguments, default: PathBuf) -> Result<bool, MutantsError> {
    let begin = Instant::now();
    let files = if arguments.files.is_empty() { vec![default] } else { arguments.files };
    let documents = files.iter().map(|file| Document::read(file)).collect::<Result<Vec<_>, _>>()?;
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
    let report = Report::new(outcomes?, begin.elapsed());
    if arguments.json {
        println!("{:#}", report.json());
    } else {
        print!("{report}");
    }
    Ok(report.survivors().next().is_none())
}
