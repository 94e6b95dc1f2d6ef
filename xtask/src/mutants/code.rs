//! `cargo xtask mutants --code`: is each line of the server needed? cargo-mutants asks, as `.cargo/mutants.toml` has it.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The version that is installed, for this workspace alone.
const VERSION: &str = "27.1.0";

/// Why it could not run.
#[derive(Debug, thiserror::Error)]
pub enum CodeError {
    /// A program cannot be started.
    #[error("{program}: {source}")]
    Start {
        /// The program.
        program: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// cargo-mutants cannot be installed.
    #[error("cargo-mutants {VERSION} cannot be installed")]
    Install,
    /// The tests fail without a mutant, or cargo-mutants is used wrongly.
    #[error("cargo-mutants could not run: it ended with {0}")]
    Run(String),
}

impl CodeError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Start { .. } => "is cargo on the PATH?",
            Self::Install => "what cargo says is above; a machine without a network needs target/cargo-mutants from another one",
            Self::Run(_) => "what it says is above; the tests must pass first",
        }
    }
}

/// Runs cargo-mutants on the workspace, which takes hours; says whether every mutant was caught.
///
/// # Errors
///
/// [`CodeError`].
pub fn run(workspace: &Path) -> Result<bool, CodeError> {
    let home = workspace.join("target/cargo-mutants");
    let program = home.join("bin").join("cargo-mutants");
    if version(&program).as_deref() != Some(VERSION) {
        let _ = writeln!(io::stderr(), "installing cargo-mutants {VERSION} into {}", home.display()); // Only for who watches.
        let installed = status(
            Command::new("cargo").args(["install", "cargo-mutants", "--locked", "--version", VERSION, "--root"]).arg(&home),
        )?;
        if installed != Some(0) {
            return Err(CodeError::Install);
        }
    }
    match status(Command::new(&program).arg("mutants").current_dir(workspace))? {
        Some(0) => Ok(true),
        Some(2 | 3) => Ok(false), // Missed, or one that does not end.
        Some(code) => Err(CodeError::Run(format!("status {code}"))),
        None => Err(CodeError::Run("a signal".to_owned())),
    }
}

/// The version of an installed cargo-mutants.
fn version(program: &Path) -> Option<String> {
    let output = Command::new(program).args(["mutants", "--version"]).stderr(Stdio::null()).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().strip_prefix("cargo-mutants ").map(str::to_owned)
}

fn status(command: &mut Command) -> Result<Option<i32>, CodeError> {
    let program = PathBuf::from(command.get_program());
    command.status().map(|status| status.code()).map_err(|source| CodeError::Start { program, source })
}
