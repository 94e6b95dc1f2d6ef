//! The command line.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use chrono::Utc;
use clap::{Args, ValueEnum};
use contract_tests::{Document, DocumentError};

use super::{
    allow::{self, AllowError},
    base::{self, BaseError},
    report::Report,
    verdict,
};

/// What `cargo xtask compat` takes.
#[derive(Args, Debug)]
pub struct Compat {
    /// The old document: a file, or a commit (a branch, a tag, a hash) that has the new document's file.
    #[arg(long, value_name = "FILE OR COMMIT")]
    base: String,
    /// The new document, where it is not the workspace's openapi.yaml.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Breaks that are accepted: a YAML list of `pointer` and `operation` as the report says them, `reason`, `expires`
    /// (YYYY-MM-DD, the last day) and, where only one class is meant, `class`.
    #[arg(long, value_name = "FILE")]
    allow: Option<PathBuf>,
    /// How to say it.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Where the search for instances begins; the same seed finds the same.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// For whom the output is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// People.
    #[default]
    Text,
    /// GitHub Actions: annotations on the lines of the new document.
    Github,
    /// Programs.
    Json,
}

/// Why it could not run.
#[derive(Debug, thiserror::Error)]
enum CompatError {
    #[error(transparent)]
    Base(#[from] BaseError),
    #[error(transparent)]
    Allow(#[from] AllowError),
    #[error(transparent)]
    Document(#[from] DocumentError),
}

impl CompatError {
    fn hint(&self) -> &'static str {
        match self {
            Self::Base(error) => error.hint(),
            Self::Allow(_) => {
                "an entry is `- pointer: /components/…`, `operation: createUser`, `reason: …`, `expires: 2027-01-31` and, if you \
                 like, `class: breaking for requests`"
            }
            Self::Document(_) => "--file names the new document; `cargo xtask spec` writes openapi.yaml",
        }
    }
}

impl Compat {
    /// Compares, and says what it found. 0: compatible, 1: breaking, 2: could not run.
    pub fn run(&self) -> ExitCode {
        match self.report() {
            Ok(report) => {
                print!("{}", report.write(self.format));
                if report.comparison.breaking().next().is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
            }
            Err(error) => {
                eprintln!("error: {error}\nhint: {}", error.hint());
                ExitCode::from(2)
            }
        }
    }

    fn report(&self) -> Result<Report, CompatError> {
        let file = self.file.clone().unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../openapi.yaml"));
        let mut new = Document::read(&file)?;
        new.name = shown(&file);
        let mut old = base::read(&self.base, &file)?;
        old.name = shown(Path::new(&old.name));
        let entries = self.allow.as_deref().map(allow::read).transpose()?.unwrap_or_default();
        let mut comparison = verdict::compare(&old, &new, self.seed)?;
        let idle = allow::apply(&entries, &mut comparison, Utc::now().date_naive());
        let allow = self.allow.as_deref().map(shown);
        Ok(Report { old, new, comparison, idle, allow })
    }
}

/// A path as it is from here: annotations take no other.
fn shown(path: &Path) -> String {
    let relative = || {
        let (path, here) = (fs::canonicalize(path).ok()?, fs::canonicalize(env::current_dir().ok()?).ok()?);
        path.strip_prefix(here).ok().map(|path| path.display().to_string())
    };
    relative().unwrap_or_else(|| path.display().to_string())
}
