//! The command line: `contract-tests --help`.

mod cli;

use std::{
    env,
    ffi::OsString,
    io::{self, Write},
    process::ExitCode,
};

use clap::{Parser, Subcommand};

use self::cli::{compat, mutants, run, survey};

/// Contract tests for any API that has an OpenAPI document.
///
/// `contract-tests URL` is short for `contract-tests run URL`.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Run(Box<run::Arguments>),
    Compat(compat::Arguments),
    Mutants(mutants::Arguments),
    Survey(survey::Arguments),
}

fn main() -> ExitCode {
    let status = |good: bool| u8::from(!good);
    let outcome = match Arguments::parse_from(with_default_command(env::args_os())).command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Compat(arguments) => compat::run(&arguments).map(status),
        Command::Mutants(arguments) => mutants::run(arguments).map(status),
        Command::Survey(arguments) => survey::run(&arguments).map(status),
    };
    match outcome {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            // Where nobody can read it, the exit status still tells.
            let _ = writeln!(io::stderr(), "error: {error}\nhint: {}", error.hint);
            ExitCode::from(2)
        }
    }
}

/// The command line with `run` inserted where it names no command.
fn with_default_command(words: impl Iterator<Item = OsString>) -> Vec<OsString> {
    const OWN: [&str; 9] = ["run", "compat", "mutants", "survey", "help", "-h", "--help", "-V", "--version"];
    let mut words: Vec<OsString> = words.collect();
    if words.get(1).is_none_or(|word| !OWN.iter().any(|own| word == own)) {
        words.insert(words.len().min(1), "run".into());
    }
    words
}
