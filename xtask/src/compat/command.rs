//! The command line.

use std::{
    env, fs,
    path::{Path, PathBuf},
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

/// Compare openapi.yaml with an older version: may I ship this change?
///
/// Two ways check each other. Rules that know which way values go compare both documents keyword by keyword: a request of
/// which fewer are allowed breaks clients, and so does an answer of which more are. And the contract-test engine is asked
/// whether every request that was right is right still, and every answer that comes now was expected before: it proves it,
/// or gives an example. A change that looks breaking and is proven harmless breaks nobody; an example that no rule foresaw
/// does.
///
/// Exit status: 0 compatible, 1 breaking, 2 could not run.
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
pub enum CompatError {
    /// There is no old document.
    #[error(transparent)]
    Base(#[from] BaseError),
    /// The accepted breaks cannot be read.
    #[error(transparent)]
    Allow(#[from] AllowError),
    /// A document cannot be used.
    #[error(transparent)]
    Document(#[from] DocumentError),
}

impl CompatError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
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

/// Compares, and prints what it found; says whether nobody is broken.
///
/// # Errors
///
/// [`CompatError`].
pub fn run(compat: &Compat, workspace: &Path) -> Result<bool, CompatError> {
    let file = compat.file.as_deref().unwrap_or(workspace);
    let mut new = Document::read(file)?;
    new.name = shown(file);
    let mut old = base::read(&compat.base, file)?;
    old.name = shown(Path::new(&old.name));
    let entries = compat.allow.as_deref().map(allow::read).transpose()?.unwrap_or_default();
    let mut comparison = verdict::compare(&old, &new, compat.seed)?;
    let idle = allow::apply(&entries, &mut comparison, Utc::now().date_naive());
    let allow = compat.allow.as_deref().map(shown);
    let report = Report { old, new, comparison, idle, allow };
    print!("{}", report.write(compat.format));
    Ok(report.comparison.breaking().next().is_none())
}

/// A path as it is from here: annotations take no other.
fn shown(path: &Path) -> String {
    let relative = || {
        let (path, here) = (fs::canonicalize(path).ok()?, fs::canonicalize(env::current_dir().ok()?).ok()?);
        path.strip_prefix(here).ok().map(|path| path.display().to_string())
    };
    relative().unwrap_or_else(|| path.display().to_string())
}
