//! `cargo xtask wild`: the engine against servers of others, which package registries bring.
//!
//! Nobody here has written these servers or their documents: what the engine says about them shows what it is worth, and what it says
//! wrongly is a fault of the engine. Each tool has a server of its own, so that none finds what the other has left.

mod install;
mod report;
mod serve;
mod servers;
mod tools;

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::Command,
};

pub use self::report::{Counts, Outcome, Report, Row};
use self::{
    install::Installed,
    serve::Running,
    servers::{DocumentSource, SERVERS, Server},
    tools::{TestedServer, Tool},
};

/// Why nothing was tested.
#[derive(Debug, thiserror::Error)]
pub enum WildError {
    /// The engine cannot be built.
    #[error("the engine cannot be built")]
    Build,
    /// There is no such server.
    #[error("there is no server called {0}")]
    NoServer(String),
    /// There is no such program.
    #[error("{0} is not there")]
    NoSchemathesis(PathBuf),
    /// Something cannot be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl WildError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Build => "see cargo's output above",
            Self::NoServer(_) => "the servers are in xtask/src/wild/servers.rs",
            Self::NoSchemathesis(_) => {
                "--schemathesis names the program; without it, `schemathesis` or `st` on the PATH is taken"
            }
            Self::Io(_) => "check the disk and the permissions",
        }
    }
}

/// Why a server was not tested.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Skipped(String);

impl From<io::Error> for Skipped {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}

/// What is tested, and for how long.
#[derive(Debug, Clone)]
pub struct Options {
    /// The only server; all where there is none.
    pub only: Option<String>,
    /// Where Schemathesis is, where it is not on the `PATH`.
    pub schemathesis: Option<PathBuf>,
    /// How many seconds a tool may take for a server.
    pub seconds: u64,
}

/// Builds the engine, and lets it and Schemathesis, where that is installed, test each server; `told` is called with what is under way.
///
/// # Errors
///
/// [`WildError`].
pub fn run(root: &Path, options: &Options, told: &mut dyn FnMut(&str)) -> Result<Report, WildError> {
    let servers: Vec<&Server> =
        SERVERS.iter().filter(|server| options.only.as_ref().is_none_or(|only| only == server.name)).collect();
    if let (Some(only), true) = (&options.only, servers.is_empty()) {
        return Err(WildError::NoServer(only.clone()));
    }
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let mut tools = vec![Tool::Engine(build(root, &target)?)];
    tools.extend(schemathesis(options)?.map(Tool::Schemathesis));
    let cache = target.join("wild");
    fs::create_dir_all(&cache)?;
    let cache = cache.canonicalize()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut report = Report::default();
    for server in servers {
        told(&format!("{} {}: installing", server.name, server.version));
        let tested = install::install(server, &cache).and_then(|installed| {
            tools.iter().try_for_each(|tool| {
                told(&format!("{}: {}", server.name, tool.name()));
                let outcome = runtime.block_on(test(server, &installed, tool, root, options.seconds))?;
                report.rows.push(Row { server: server.name, version: server.version, tool: tool.name(), outcome });
                Ok(())
            })
        });
        if let Err(reason) = tested {
            report.skipped.push(format!("{} {}: {reason}", server.name, server.version));
        }
    }
    Ok(report)
}

/// Starts a server anew, and lets a tool test it.
async fn test(server: &Server, installed: &Installed, tool: &Tool, root: &Path, seconds: u64) -> Result<Outcome, Skipped> {
    let results = installed.folder.join("results");
    fs::create_dir_all(&results)?;
    let document = results.join(Path::new(name(server.document)).file_name().unwrap_or_default());
    if let Some(content) = install::document(server, installed, root)? {
        fs::write(&document, content)?;
    }
    let mut running = Running::start(server, installed, &document, &results)?;
    if let Some(content) = running.ready(server).await? {
        fs::write(&document, content)?;
    }
    Ok(tool.test(&TestedServer { server, url: &running.url(), document: &document, seconds, results: &results }))
}

/// The path that a document has where it comes from.
fn name(document: DocumentSource) -> &'static str {
    match document {
        DocumentSource::Served(path)
        | DocumentSource::File(path)
        | DocumentSource::Own(path)
        | DocumentSource::Packed { file: path, .. } => path,
    }
}

/// Builds the engine; all of the workspace is selected, so that what is shared is built as for everything else.
fn build(root: &Path, target: &Path) -> Result<PathBuf, WildError> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["build", "--locked", "--quiet", "--workspace", "--bin", "contract-tests"];
    if !Command::new(cargo).args(arguments).current_dir(root).status()?.success() {
        return Err(WildError::Build);
    }
    Ok(target.join("debug/contract-tests").canonicalize()?)
}

/// Schemathesis: the program that is named, else one on the `PATH`.
fn schemathesis(options: &Options) -> Result<Option<PathBuf>, WildError> {
    if let Some(named) = &options.schemathesis {
        return named.canonicalize().map(Some).map_err(|_| WildError::NoSchemathesis(named.clone()));
    }
    let folders: Vec<PathBuf> = env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default();
    Ok(["schemathesis", "st"]
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|file| file.is_file()))
}
