//! Developer commands: `cargo xtask --help`.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use xtask::{
    compat::command::Compat,
    spec::{self, SpecError, Verdict},
};

/// Commands for those who change this project.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write openapi.yaml from the code.
    ///
    /// Exit status: 0 done or fresh, 1 drift (with --check), 2 could not run.
    Spec {
        /// Change nothing; fail and show the difference when the code and the document disagree.
        #[arg(long)]
        check: bool,
        /// The document, where it is not the workspace's openapi.yaml.
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Compare openapi.yaml with an older version: may I ship this change?
    ///
    /// Two ways check each other. Rules that know which way values go compare both documents keyword by keyword: a request of
    /// which fewer are allowed breaks clients, and so does an answer of which more are. And the contract-test engine is asked
    /// whether every request that was right is right still, and every answer that comes now was expected before: it proves it,
    /// or gives an example. A change that looks breaking and is proven harmless breaks nobody; an example that no rule foresaw
    /// does.
    ///
    /// Exit status: 0 compatible, 1 breaking, 2 could not run.
    Compat(Compat),
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Spec { check, file } => spec(check, file),
        Command::Compat(compat) => compat.run(),
    }
}

fn spec(check: bool, file: Option<PathBuf>) -> ExitCode {
    let file = file.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../openapi.yaml"));
    match write_or_check(check, &file) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            if let SpecError::File { .. } = error {
                eprintln!("hint: `cargo xtask spec` writes the file; --file names another one");
            }
            ExitCode::from(2)
        }
    }
}

fn write_or_check(check: bool, file: &Path) -> Result<ExitCode, SpecError> {
    if !check {
        println!("{}", if spec::write(file)? { "openapi.yaml: written" } else { "openapi.yaml: fresh, unchanged" });
        return Ok(ExitCode::SUCCESS);
    }
    match spec::check(file)? {
        Verdict::Fresh => {
            println!("openapi.yaml: fresh");
            Ok(ExitCode::SUCCESS)
        }
        Verdict::Drift(report) => {
            eprint!("{report}");
            Ok(ExitCode::FAILURE)
        }
    }
}
