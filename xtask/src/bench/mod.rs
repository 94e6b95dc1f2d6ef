//! `cargo xtask bench`: what a request costs, as ratios to a bare route that is measured in the same run.
//!
//! Every run has a server process of its own, so that no row pays for another. The rounds go over all rows, so that what the machine
//! does besides meets all of them alike.

mod load;
mod process;
mod report;
mod rows;

use std::{
    env, fs,
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

pub use self::report::{Figure, Measured, Report, Run};
use self::rows::{Bench, ROWS, Row};

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The load generator is not there.
    #[error("wrk cannot be started: {source}")]
    NoLoad {
        /// What the system says.
        source: io::Error,
    },
    /// The load generator does not do what it should.
    #[error("wrk came to no result: {0}")]
    Load(String),
    /// The programs cannot be built.
    #[error("the programs to be measured cannot be built")]
    Build,
    /// A server does not start.
    #[error("{program}: {cause}")]
    Server {
        /// The program.
        program: PathBuf,
        /// What went wrong.
        cause: String,
    },
    /// A server does not answer as the row says.
    #[error("{row}: the answer is {status}: {body}")]
    Answer {
        /// What was measured.
        row: &'static str,
        /// The status.
        status: u16,
        /// The body.
        body: String,
    },
    /// Under load some requests got no answer, or another one.
    #[error("{row}: of {requests} requests {wrong} were not answered as they should be")]
    Wrong {
        /// What was measured.
        row: &'static str,
        /// How many requests there were.
        requests: u64,
        /// How many of them had no answer, or one with another status.
        wrong: u64,
    },
    /// The system does not say what a process takes.
    #[error("the system does not say what the server takes: {0}")]
    NoFigures(io::Error),
    /// Something cannot be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl BenchError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoLoad { .. } => {
                "install wrk, the load generator: `apt-get install wrk`, `brew install wrk` or from its sources"
            }
            Self::Load(_) => "any wrk from 4.1 on should do",
            Self::Build => "see cargo's output above",
            Self::Server { .. } => "start it by hand to see what it says",
            Self::Answer { .. } | Self::Wrong { .. } => "run the tests: this is a correctness failure, not a slow result",
            Self::NoFigures(_) => "run it on Linux, which has /proc",
            Self::Io(_) => "check the disk and the permissions",
        }
    }
}

/// What is measured, and how much.
#[derive(Debug, Clone)]
pub struct Options {
    /// The profile that the programs are built in.
    pub profile: String,
    /// How often each row is measured.
    pub rounds: usize,
    /// How many seconds each time.
    pub seconds: u64,
}

/// Builds what is measured, and measures it; `told` is called with what is under way.
///
/// # Errors
///
/// [`BenchError`].
pub fn run(root: &Path, options: &Options, told: &mut dyn FnMut(&str)) -> Result<Report, BenchError> {
    load::find()?;
    told(&format!("building in {}", options.profile));
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    // All of the workspace is selected, so that what is shared is built as for everything else.
    let arguments =
        ["build", "--locked", "--workspace", "--bin", "users-api", "--example", "ceiling", "--profile", &options.profile];
    if !Command::new(cargo).args(arguments).current_dir(root).status()?.success() {
        return Err(BenchError::Build);
    }
    let built = target.join(if options.profile == "dev" { "debug" } else { &options.profile });
    let (server, ceiling) = (built.join("users-api"), built.join("examples").join("ceiling"));
    let measured: Vec<Row> = ROWS.into_iter().filter(|row| row.skipped().is_none()).collect();
    let mut skipped: Vec<String> = ROWS.into_iter().filter_map(|row| Some(format!("{}: {}", row.name, row.skipped()?))).collect();
    let mut runs: Vec<Vec<Run>> = vec![Vec::new(); measured.len()];
    let mut writes = Vec::new();
    for round in 1..=options.rounds {
        for (row, runs) in measured.iter().zip(&mut runs) {
            told(&format!("round {round} of {}: {}", options.rounds, row.name));
            let folder = tempfile::tempdir_in(&target)?;
            let bench = Bench { server: &server, ceiling: &ceiling, folder: folder.path() };
            runs.extend(once(row, &bench, options.seconds)?);
        }
        writes.push(bare_writes(&target)?);
    }
    let mut rows = Vec::new();
    for (row, own) in measured.iter().zip(&runs) {
        match own.as_slice() {
            [] => skipped.push(format!("{}: the server has no such thing", row.name)),
            own => rows.push(Measured::of(row.name, own, &runs[0])),
        }
    }
    let writes = writes.iter().sum::<f64>() / writes.len() as f64;
    let Options { profile, rounds, seconds } = options.clone();
    Ok(Report { machine: machine(), profile, rounds, seconds, writes, rows, skipped })
}

/// One run of a row, with a server of its own; none where the server does not have what is asked for.
fn once(row: &Row, bench: &Bench<'_>, seconds: u64) -> Result<Option<Run>, BenchError> {
    let Some((server, load)) = row.prepare(bench)? else { return Ok(None) };
    load.send(server.address, 1, 0)?;
    let before = server.cpu()?;
    let answered = load.send(server.address, seconds, 1)?;
    let cpu = server.cpu()? - before;
    let refused = if row.status < 400 { answered.refused } else { answered.requests - answered.refused };
    let wrong = answered.failed + refused;
    if answered.requests == 0 || wrong > 0 {
        return Err(BenchError::Wrong { row: row.name, requests: answered.requests, wrong });
    }
    let requests = answered.requests as f64;
    Ok(Some(Run {
        rate: requests * 1e6 / answered.micros as f64,
        p50: answered.p50 as f64,
        p99: answered.p99 as f64,
        cpu: cpu as f64 / requests,
        peak: server.peak()? as f64,
    }))
}

/// How often in a second as many bytes as a user takes are written to the disk, each time to be there after a loss of power.
fn bare_writes(folder: &Path) -> io::Result<f64> {
    const USER: [u8; 400] = [b'x'; 400];
    let mut file: File = tempfile::tempfile_in(folder)?;
    let begin = Instant::now();
    let mut count = 0;
    while begin.elapsed() < Duration::from_millis(500) {
        file.write_all(&USER)?;
        file.sync_data()?;
        count += 1;
    }
    Ok(f64::from(count) / begin.elapsed().as_secs_f64())
}

/// The processors, as the system calls them.
fn machine() -> String {
    let known = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = known.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let count = thread::available_parallelism().map_or(1, usize::from);
    format!("{count} × {}", name.map_or("a processor without a name", |(_, name)| name))
}
