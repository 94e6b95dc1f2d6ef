//! Developer commands: `cargo xtask --help`.

use std::{
    io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use xtask::{
    bench::{self, BenchError},
    code_mutants::{self, CodeError},
    mongo::{self, MongoError},
    spec::{self, SpecError, Verdict},
    stub::{
        StubError, here,
        project::{self, StubCommandError},
    },
    wild::{self, WildError},
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
    /// Measure what a request costs, as ratios to a bare route measured in the same run; wrk sends the load.
    ///
    /// Builds in release mode, then takes about three minutes; keep the machine idle. docs/performance.md has the last result.
    /// Exit status: 0 measured, 2 could not run.
    Bench {
        /// Measure each row only once, for one second, to check that the benchmark works.
        #[arg(long)]
        quick: bool,
        /// The profile that the server is built in.
        #[arg(long, value_name = "NAME", default_value = "release")]
        profile: String,
        /// Also write the figures here, as JSON.
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
    },
    /// Write openapi.yaml from the code.
    ///
    /// With --check, also report what would trip up client generators.
    /// Exit status: 0 done or fresh, 1 drift or such an obstacle (with --check), 2 could not run.
    Spec {
        /// Change nothing; fail and show the difference when the code and the document disagree.
        #[arg(long)]
        check: bool,
        /// The document, where it is not the workspace's openapi.yaml.
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Mutate the server's code with cargo-mutants, one change at a time, and check that a test fails.
    ///
    /// Installs cargo-mutants if missing, and takes more than an hour.
    /// Exit status: 0 every mutant caught, 1 a mutant survived, 2 could not run.
    CodeMutants,
    /// Start a MongoDB server, print its URI, and serve until Ctrl-C.
    ///
    /// Chosen as in the tests: MONGODB_URI, else a mongo:8 container, else mongod on the PATH, else FerretDB, built with Go.
    /// Exit status: 0 ended, 2 this machine has none of them.
    Mongo,
    /// Generate Rust code from a document: handlers for what openapi.yaml has and src/api lacks, or with --new a project.
    ///
    /// Each handler is typed, and answers 501 until it is written. Without --new each resource that is new gets a file in src/api, with
    /// its types, its answers, its refinements and its line in src/api/mod.rs; what would change anything else is printed.
    /// With --new, it creates or updates a separate project, based on the library openapi-server: what is new in the document
    /// is added, and no file that a person has edited is changed: what would change in it is written beside it, as *.new.
    /// Exit status: 0 done, 2 could not run.
    Stub {
        /// The folder of the project; its name becomes the package name.
        #[arg(long, value_name = "DIR", requires = "spec")]
        new: Option<PathBuf>,
        /// The document, where it is not the workspace's openapi.yaml: OpenAPI 3 or Swagger 2.0, in YAML or JSON.
        #[arg(long, value_name = "FILE")]
        spec: Option<PathBuf>,
        /// The folder or the git URL that has openapi-server and contract-tests, where it is not this repository.
        #[arg(long, value_name = "PATH-OR-GIT", requires = "new")]
        library: Option<String>,
        /// Write nothing; show what would be written.
        #[arg(long)]
        dry_run: bool,
    },
    /// Test third-party servers from package registries with contract-tests, and with Schemathesis where it is installed.
    ///
    /// Needs the network, npm, Maven, Go and unzip; what it installs stays in target/wild, beside the last reports. docs/wild.md has
    /// the last result, and what was confirmed. Exit status: 0 all tested, whatever was found, 1 a server was skipped or a run has no
    /// report, 2 could not run.
    Wild {
        /// Test only this server.
        #[arg(long, value_name = "NAME")]
        only: Option<String>,
        /// Also write the figures here, as JSON.
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
        /// How many seconds a tool may take for a server.
        #[arg(long, value_name = "SECONDS", default_value_t = 60)]
        max_time: u64,
        /// The program of Schemathesis, where it is not on the PATH.
        #[arg(long, value_name = "PATH")]
        schemathesis: Option<PathBuf>,
    },
}

/// Why a command could not run.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
enum CliError {
    Bench(#[from] BenchError),
    Spec(#[from] SpecError),
    CodeMutants(#[from] CodeError),
    Mongo(#[from] MongoError),
    Stub(#[from] StubError),
    Project(#[from] StubCommandError),
    Wild(#[from] WildError),
}

impl CliError {
    /// What to do about it.
    fn hint(&self) -> &'static str {
        match self {
            Self::Bench(error) => error.hint(),
            Self::Spec(error) => error.hint(),
            Self::CodeMutants(error) => error.hint(),
            Self::Mongo(error) => error.hint(),
            Self::Stub(error) => error.hint(),
            Self::Project(error) => error.hint(),
            Self::Wild(error) => error.hint(),
        }
    }
}

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let workspace = root.join("openapi.yaml");
    let outcome = match Arguments::parse().command {
        Command::Bench { quick, profile, json } => bench(&root, quick, profile, json.as_deref()),
        Command::Spec { check, file } => spec(check, &file.unwrap_or(workspace)),
        Command::CodeMutants => code_mutants::run(&root)
            .map(|all_caught| if all_caught { ExitCode::SUCCESS } else { ExitCode::FAILURE })
            .map_err(CliError::from),
        Command::Stub { new, spec, library, dry_run } => {
            let spec = spec.unwrap_or(workspace);
            stub(&root, new.as_deref(), &spec, library.as_deref(), dry_run)
        }
        Command::Wild { only, json, max_time, schemathesis } => {
            wild(&root, &wild::Options { only, schemathesis, seconds: max_time }, json.as_deref())
        }
        Command::Mongo => mongo::serve().map(|()| ExitCode::SUCCESS).map_err(CliError::from),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error}\nhint: {}", error.hint());
        ExitCode::from(2)
    })
}

fn spec(check: bool, file: &Path) -> Result<ExitCode, CliError> {
    if !check {
        let written = spec::write(file)?;
        println!("{}", if written { "openapi.yaml: written" } else { "openapi.yaml: fresh, unchanged" });
        return Ok(ExitCode::SUCCESS);
    }
    match spec::check(file)? {
        Verdict::Fresh => println!("openapi.yaml: fresh"),
        Verdict::Drift(report) | Verdict::Obstacles(report) => {
            eprint!("{report}");
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn stub(root: &Path, new: Option<&Path>, spec: &Path, library: Option<&str>, dry_run: bool) -> Result<ExitCode, CliError> {
    let report = match new {
        Some(new) => project::run(new, spec, library, dry_run)?,
        None => here::run(root, spec, dry_run)?,
    };
    print!("{report}");
    Ok(ExitCode::SUCCESS)
}

fn bench(root: &Path, quick: bool, profile: String, json: Option<&Path>) -> Result<ExitCode, CliError> {
    let (rounds, seconds) = if quick { (1, 1) } else { (3, 3) };
    let options = bench::Options { profile, rounds, seconds };
    let report = bench::run(root, &options, &mut |under_way| eprintln!("{under_way}"))?;
    print!("{report}");
    if let Some(file) = json {
        let text = serde_json::to_string_pretty(&report).map_err(io::Error::from).map_err(BenchError::from)?;
        std::fs::write(file, text + "\n").map_err(BenchError::from)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn wild(root: &Path, options: &wild::Options, json: Option<&Path>) -> Result<ExitCode, CliError> {
    let report = wild::run(root, options, &mut |under_way| eprintln!("{under_way}"))?;
    print!("{report}");
    if let Some(file) = json {
        let text = serde_json::to_string_pretty(&report).map_err(io::Error::from).map_err(WildError::from)?;
        std::fs::write(file, text + "\n").map_err(WildError::from)?;
    }
    Ok(if report.complete() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
