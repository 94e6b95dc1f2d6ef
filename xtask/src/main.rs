//! Developer commands: `cargo xtask --help`.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use xtask::{
    compat::command::{self as compat, Compat},
    mongo,
    mutants::{code, command as mutants},
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
    Compat(Compat),
    Mutants(mutants::Arguments),
    /// Start a MongoDB server, print its URI, and serve until Ctrl-C.
    ///
    /// Which one is decided as for the tests: MONGODB_URI, a mongo:8 container, mongod on the PATH, else FerretDB, built with Go.
    /// Exit status: 0 ended, 2 this machine has none of them.
    Mongo,
}

/// What went wrong, and what to do about it.
type Failure = (String, &'static str);

fn main() -> ExitCode {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../openapi.yaml");
    let outcome = match Arguments::parse().command {
        Command::Spec { check, file } => spec(check, &file.unwrap_or(workspace)),
        Command::Compat(compat) => {
            compat::run(&compat, &workspace).map(passed).map_err(|error| (error.to_string(), error.hint()))
        }
        Command::Mutants(arguments) if arguments.code => code::run(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
            .map(passed)
            .map_err(|error| (error.to_string(), error.hint())),
        Command::Mutants(arguments) => {
            mutants::run(arguments, workspace).map(passed).map_err(|error| (error.to_string(), error.hint()))
        }
        Command::Mongo => mongo::serve().map(|()| ExitCode::SUCCESS).map_err(|error| (error.to_string(), error.hint())),
    };
    outcome.unwrap_or_else(|(what, hint)| {
        eprintln!("error: {what}\nhint: {hint}");
        ExitCode::from(2)
    })
}

/// 0 for what was found as it should be, else 1.
fn passed(as_it_should_be: bool) -> ExitCode {
    ExitCode::from(u8::from(!as_it_should_be))
}

fn spec(check: bool, file: &Path) -> Result<ExitCode, Failure> {
    let failure = |error: SpecError| (error.to_string(), error.hint());
    if !check {
        let written = spec::write(file).map_err(failure)?;
        println!("{}", if written { "openapi.yaml: written" } else { "openapi.yaml: fresh, unchanged" });
        return Ok(ExitCode::SUCCESS);
    }
    match spec::check(file).map_err(failure)? {
        Verdict::Fresh => println!("openapi.yaml: fresh"),
        Verdict::Drift(report) => {
            eprint!("{report}");
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}
