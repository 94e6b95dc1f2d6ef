//! Developer commands: `cargo xtask --help`.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use xtask::{
    mutants::command as mutants,
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
    Mutants(mutants::Arguments),
}

fn main() -> ExitCode {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../openapi.yaml");
    match Arguments::parse().command {
        Command::Spec { check, file } => spec(check, &file.unwrap_or(workspace)),
        Command::Mutants(arguments) => match mutants::run(arguments, workspace) {
            Ok(killed) => ExitCode::from(u8::from(!killed)),
            Err(error) => {
                eprintln!("error: {error}\nhint: {}", error.hint());
                ExitCode::from(2)
            }
        },
    }
}

fn spec(check: bool, file: &Path) -> ExitCode {
    match run(check, file) {
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

fn run(check: bool, file: &Path) -> Result<ExitCode, SpecError> {
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
