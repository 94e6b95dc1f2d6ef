//! `contract-tests compat`: compares two versions of a document.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use contract_tests::{
    Document, DocumentError,
    compat::{
        allow, base,
        report::{CompatReport, Format},
        verdict::{self, Options, Undocumented},
    },
};

use super::CliError;

/// Compare an OpenAPI document with an older version and report whom the changes break
///
/// Rules compare both documents keyword by keyword. A change breaks clients when fewer requests are valid, or when more responses
/// are possible. The engine then checks every such change: it proves that every previously valid request is still valid (or every
/// possible response was possible before), or it finds an example that shows the break. A proof clears a change that looks
/// breaking; an example also reports a break that no rule predicted.
///
/// Exit status: 0 compatible, 1 breaking, 2 the comparison could not run.
#[derive(clap::Args, Debug)]
pub struct Arguments {
    /// The old document and the new one, in place of `--base` and `--file`
    #[arg(num_args = 2, value_names = ["OLD", "NEW"], conflicts_with_all = ["base", "file"])]
    documents: Vec<PathBuf>,
    /// The old document: a file, or a git revision (branch, tag or commit) that contains the new document's file
    #[arg(long, value_name = "FILE OR REVISION", required_unless_present = "documents")]
    base: Option<String>,
    /// The new document
    #[arg(long, value_name = "FILE", default_value = "openapi.yaml")]
    file: PathBuf,
    /// Accepted breaks: a YAML list of entries with the `pointer` and `operation` from the report, a `reason`, the last day
    /// (`expires`, YYYY-MM-DD) and optionally the `class`
    #[arg(long, value_name = "FILE")]
    allow: Option<PathBuf>,
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Whether requests and responses may have properties that the document does not describe, in an object that it leaves open
    /// without saying so
    #[arg(long, value_enum, default_value_t)]
    undocumented: Undocumented,
    /// Also list changes that look breaking but are proven harmless
    #[arg(short, long)]
    verbose: bool,
    /// The seed of the search for examples
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// What `--file` must name.
const FILE: &str = "--file names the new document: OpenAPI 2.0, 3.0, 3.1 or 3.2, YAML or JSON";

/// Compares the documents and prints the report; returns whether the change breaks nobody.
pub fn run(arguments: &Arguments) -> Result<bool, CliError> {
    let usable = |error: DocumentError| {
        let hint = if base::leads_nowhere(&error) { base::FILES } else { FILE };
        CliError::new(error, hint)
    };
    let (base, file) = match arguments.documents.as_slice() {
        [old, new] => (old.to_string_lossy(), new),
        _ => (arguments.base.as_deref().unwrap_or_default().into(), &arguments.file),
    };
    let mut new = Document::read(file).map_err(usable)?;
    new.name = shown(file);
    let mut old = base::read(&base, file).map_err(|error| CliError::new(&error, error.hint()))?;
    old.name = shown(Path::new(&old.name));
    // Both may refer to the same place, and nobody knows what was there before.
    if let Some(remote) = [&old, &new].into_iter().find_map(|document| document.remote()) {
        return Err(CliError::new(remote, "bundle the documents with what they refer to before they are compared"));
    }
    let entries = arguments.allow.as_deref().map(allow::read).transpose().map_err(|error| CliError::new(error, allow::HINT))?;
    let options = Options { seed: arguments.seed, undocumented: arguments.undocumented, ..Options::default() };
    let mut comparison = verdict::compare(&old, &new, &options).map_err(usable)?;
    let idle = allow::apply(&entries.unwrap_or_default(), &mut comparison, options.today);
    let report =
        CompatReport { old, new, comparison, idle, allow: arguments.allow.as_deref().map(shown), verbose: arguments.verbose };
    print!("{}", report.write(arguments.format));
    Ok(report.comparison.breaking().next().is_none())
}

/// A path relative to the working directory, as annotations of GitHub Actions need it.
fn shown(path: &Path) -> String {
    let relative = || {
        let (path, here) = (fs::canonicalize(path).ok()?, fs::canonicalize(env::current_dir().ok()?).ok()?);
        path.strip_prefix(here).ok().map(|path| path.display().to_string())
    };
    relative().unwrap_or_else(|| path.display().to_string())
}
