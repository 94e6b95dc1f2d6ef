//! `cargo xtask code-mutants`: does a test notice when a line of the server changes? `.cargo/mutants.toml` configures cargo-mutants.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde::Deserialize;
use serde_json::Value;

/// The version that is installed, for this workspace alone.
const VERSION: &str = "27.1.0";

/// How many seconds the tests may take with a mutant, which may have no end; they take ten, or on MongoDB a hundred.
const TIME_LIMIT: &str = "240";

/// What only the tests on MongoDB see.
const MONGO: &str = "src/store/mongo.rs";

/// Some mutants and the tests that look for them.
struct Pass {
    mutants: &'static [&'static str],
    /// As cargo takes them.
    tests: &'static [&'static str],
    /// What the tests are told.
    names: &'static [&'static str],
}

/// One after the other, so that the slow tests look only at what the quick ones have missed.
const PASSES: [Pass; 4] = [
    Pass {
        mutants: &["--exclude", MONGO],
        tests: &["--lib", "--test=contract", "--test=store"],
        names: &["--skip", "mongo::", "--skip", "browser"],
    },
    Pass {
        mutants: &["--iterate", "--exclude", MONGO],
        tests: &["--test=e2e", "--test=spec", "--test=users_api"],
        names: &["--skip", "mongo", "--skip", "browser"],
    },
    Pass { mutants: &["--iterate", "--re", MONGO], tests: &["--lib", "--test=store"], names: &["mongo"] },
    Pass {
        mutants: &["--iterate", "--re", MONGO],
        tests: &["--test=e2e", "--test=users_api"],
        // The one left out takes a minute for each mutant; what only it would see is said to survive.
        names: &["mongo", "--skip", "whatever_breaks"],
    },
];

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
    /// The tests fail without a mutant.
    #[error("the tests fail on the server as it is")]
    Failing,
    /// cargo-mutants does not know what it is asked for.
    #[error("cargo-mutants could not run: it ended with {0}")]
    Run(String),
    /// What cargo-mutants wrote cannot be read.
    #[error("{file}: {cause}")]
    Outcomes {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
}

impl CodeError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Start { .. } => "is cargo on the PATH?",
            Self::Install => "see cargo's output above; without a network, copy target/cargo-mutants from another machine",
            Self::Failing => "fix the failing tests first; their output is above",
            Self::Run(_) => "see its output above",
            Self::Outcomes { .. } => {
                "it was written by another version of cargo-mutants, or something else wrote there meanwhile"
            }
        }
    }
}

/// What became of a mutant, as cargo-mutants says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Summary {
    #[serde(alias = "Timeout")]
    CaughtMutant,
    MissedMutant,
    Unviable,
    #[serde(other)]
    Other,
}

/// A room of the server, and what became of its mutants.
#[derive(Default)]
struct Score {
    caught: usize,
    viable: usize,
}

/// Runs cargo-mutants on the workspace, which takes more than an hour, and prints what came of it; says whether every mutant was
/// caught.
///
/// # Errors
///
/// [`CodeError`].
pub fn run(workspace: &Path) -> Result<bool, CodeError> {
    let home = workspace.join("target/cargo-mutants");
    let program = install(&home)?;
    let mut found = BTreeMap::new();
    for (number, pass) in (1..).zip(&PASSES) {
        let _ = writeln!(io::stderr(), "pass {number} of {}", PASSES.len()); // Only for who watches.
        pass.try_unchanged(workspace)?;
        pass.ask(&program, workspace, &home)?;
        let file = home.join("mutants.out/outcomes.json");
        let outcomes = |cause: String| CodeError::Outcomes { file: file.clone(), cause };
        let written = fs::read_to_string(&file).map_err(|error| outcomes(error.to_string()))?;
        found.extend(read(&written).map_err(|error| outcomes(error.to_string()))?);
    }
    print!("{}", report(&found));
    Ok(missed(&found).next().is_none())
}

impl Pass {
    /// Tests that fail anyway would catch everything. cargo-mutants itself tries only those of the package with the mutants.
    fn try_unchanged(&self, workspace: &Path) -> Result<(), CodeError> {
        let mut cargo = Command::new("cargo");
        cargo.args(["test", "--workspace", "--quiet"]).args(self.tests).arg("--").args(self.names);
        match in_workspace(&mut cargo, workspace)? {
            Some(0) => Ok(()),
            _ => Err(CodeError::Failing),
        }
    }

    fn ask(&self, program: &Path, workspace: &Path, home: &Path) -> Result<(), CodeError> {
        let mut mutants = Command::new(program);
        mutants.args(["mutants", "--test-workspace=true", "--baseline=skip", "--timeout", TIME_LIMIT]).args(self.mutants);
        // An argument for building too, where the others need not be built.
        mutants.args(self.tests.iter().map(|test| format!("--cargo-arg={test}")));
        mutants.arg("--output").arg(home).args(["--", "--"]).args(self.names);
        // Each pass works on a new copy of the workspace; what that depends on is compiled once. The workspace itself must not share
        // it: cargo would take what was built of a mutant for fresh.
        mutants.env("CARGO_TARGET_DIR", home.join("target"));
        match in_workspace(&mut mutants, workspace)? {
            Some(0 | 2 | 3) => Ok(()), // All caught, one missed, one that does not end.
            Some(code) => Err(CodeError::Run(format!("status {code}"))),
            None => Err(CodeError::Run("a signal".to_owned())),
        }
    }
}

/// cargo-mutants, installed where it is not.
fn install(home: &Path) -> Result<PathBuf, CodeError> {
    let program = home.join("bin").join("cargo-mutants");
    if version(&program).as_deref() != Some(VERSION) {
        let _ = writeln!(io::stderr(), "installing cargo-mutants {VERSION} into {}", home.display()); // Only for who watches.
        let mut cargo = Command::new("cargo");
        cargo.args(["install", "cargo-mutants", "--locked", "--version", VERSION, "--root"]).arg(home);
        if status(&mut cargo)? != Some(0) {
            return Err(CodeError::Install);
        }
    }
    Ok(program)
}

/// The mutants in a file of outcomes, by their names, which begin with the file.
fn read(outcomes: &str) -> serde_json::Result<Vec<(String, Summary)>> {
    #[derive(Deserialize)]
    struct Outcomes {
        outcomes: Vec<Outcome>,
    }
    #[derive(Deserialize)]
    struct Outcome {
        scenario: Value,
        summary: Summary,
    }
    let all: Outcomes = serde_json::from_str(outcomes)?;
    // What is no mutant is the run without one.
    let named = |outcome: Outcome| Some((outcome.scenario["Mutant"]["name"].as_str()?.to_owned(), outcome.summary));
    Ok(all.outcomes.into_iter().filter_map(named).collect())
}

/// For each room how many of the mutants that compile were caught, and each that was not.
fn report(found: &BTreeMap<String, Summary>) -> String {
    let mut rooms: BTreeMap<&str, Score> = BTreeMap::new();
    for (name, summary) in found {
        let room = name.rsplit_once(".rs:").map_or("", |(file, _)| file);
        let score = rooms.entry(room.rsplit_once('/').map_or(room, |(room, _)| room)).or_default();
        score.caught += usize::from(*summary == Summary::CaughtMutant);
        score.viable += usize::from(matches!(summary, Summary::CaughtMutant | Summary::MissedMutant));
    }
    let scores = rooms.iter().map(|(room, score)| format!("{room:<16}{}/{}\n", score.caught, score.viable));
    scores.chain(missed(found).map(|name| format!("survived: {name}\n"))).collect()
}

/// The mutants that no test noticed.
fn missed(found: &BTreeMap<String, Summary>) -> impl Iterator<Item = &str> {
    found.iter().filter(|(_, summary)| **summary == Summary::MissedMutant).map(|(name, _)| name.as_str())
}

/// The version of an installed cargo-mutants.
fn version(program: &Path) -> Option<String> {
    let output = Command::new(program).args(["mutants", "--version"]).stderr(Stdio::null()).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().strip_prefix("cargo-mutants ").map(str::to_owned)
}

/// Runs it there; what it prints is for who watches, since only the report is for the output.
fn in_workspace(command: &mut Command, workspace: &Path) -> Result<Option<i32>, CodeError> {
    status(command.current_dir(workspace).env("REQUIRE_MONGO", "1").stdout(io::stderr()))
}

fn status(command: &mut Command) -> Result<Option<i32>, CodeError> {
    let program = PathBuf::from(command.get_program());
    command.status().map(|status| status.code()).map_err(|source| CodeError::Start { program, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_pass_has_the_last_word_and_what_does_not_end_is_caught() {
        let outcome = |scenario: Value, summary: &str| serde_json::json!({ "scenario": scenario, "summary": summary });
        let mutant = |name: &str, summary: &str| outcome(serde_json::json!({ "Mutant": { "name": name } }), summary);
        let passes = [
            vec![
                outcome(serde_json::json!("Baseline"), "Success"),
                mutant("src/auth/keys.rs:1:2: replace + with -", "Timeout"),
                mutant("src/auth/mod.rs:1:2: replace with ()", "Unviable"),
                mutant("src/store/mongo.rs:1:2: replace with ()", "MissedMutant"),
                mutant("src/store/mongo.rs:3:4: replace with ()", "MissedMutant"),
            ],
            vec![mutant("src/store/mongo.rs:3:4: replace with ()", "CaughtMutant")],
        ];
        let found: BTreeMap<String, Summary> =
            passes.iter().flat_map(|pass| read(&serde_json::json!({ "outcomes": pass }).to_string()).unwrap()).collect();
        assert_eq!(
            report(&found),
            "src/auth        1/1\nsrc/store       1/2\nsurvived: src/store/mongo.rs:1:2: replace with ()\n"
        );
    }
}
