//! A MongoDB server to test against, whatever the machine has.
//!
//! Four ways, in this order; the first that serves is taken:
//!
//! 1. [`Way::Uri`]: the server that `MONGODB_URI` names. It is the only way then: a server that was asked for is not replaced.
//! 2. [`Way::Container`]: `mongo:8` as a replica set of one, through testcontainers, where a Docker engine runs.
//! 3. [`Way::Mongod`]: the `mongod` on the `PATH`, as a replica set of one.
//! 4. [`Way::FerretDb`]: FerretDB v1, built from its Go module by the program in `ferretdb/`, where `go` is on the `PATH`. It speaks
//!    MongoDB's protocol and has no transactions, collations or replica sets.
//!
//! What was started ends with the [`MongoServer`], also when a test panics or its process is killed.

mod container;
mod database;
mod ferretdb;
mod leash;
mod mongod;
mod replica_set;
mod secured;

use std::{
    env,
    ffi::OsString,
    fmt,
    sync::{Arc, Mutex, PoisonError, Weak},
    thread,
};

pub use self::{database::Database, secured::Secured};

/// A way to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// `MONGODB_URI`.
    Uri,
    /// A container.
    Container,
    /// `mongod` on the `PATH`.
    Mongod,
    /// FerretDB, built from source.
    FerretDb,
}

impl Way {
    /// Follows it to a server.
    fn lead(self, machine: &Machine) -> Attempt {
        match self {
            Self::Uri => given(machine),
            Self::Container if machine.docker => container::start(),
            Self::Container => Err("no Docker engine may be used".to_owned()),
            Self::Mongod => mongod::start(machine),
            Self::FerretDb => ferretdb::start(machine, None),
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Uri => "MONGODB_URI",
            Self::Container => "mongo:8 in a container",
            Self::Mongod => "mongod on the PATH",
            Self::FerretDb => "FerretDB, built from its Go module",
        })
    }
}

/// A way that does not lead to a server on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    /// The way.
    pub way: Way,
    /// Why it does not serve.
    pub why: String,
}

impl fmt::Display for Passed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not {}: {}", self.way, self.why)
    }
}

/// This machine has no MongoDB server to test against.
#[derive(Debug, Clone, thiserror::Error)]
pub struct NoServer {
    /// Each way with the reason.
    pub passed: Vec<Passed>,
}

impl fmt::Display for NoServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no MongoDB server to test against")?;
        self.passed.iter().try_for_each(|passed| write!(f, "\n  {passed}"))
    }
}

/// What decides about the ways, so that tests can try each.
#[derive(Debug, Clone)]
pub struct Machine {
    /// A server that runs already.
    pub uri: Option<String>,
    /// Whether a Docker engine may be used.
    pub docker: bool,
    /// Where programs are looked for.
    pub path: OsString,
}

impl Machine {
    /// This machine, as the environment tells it: `MONGODB_URI` and `PATH`.
    pub fn this() -> Self {
        Self {
            uri: env::var("MONGODB_URI").ok().filter(|uri| !uri.is_empty()),
            docker: true,
            path: env::var_os("PATH").unwrap_or_default(),
        }
    }

    /// The program of this name.
    fn program(&self, name: &str) -> Option<std::path::PathBuf> {
        env::split_paths(&self.path).map(|folder| folder.join(name)).find(|program| program.is_file())
    }
}

/// A server that is up; what was started for it ends when this is dropped.
pub struct MongoServer {
    uri: String,
    way: Way,
    passed: Vec<Passed>,
    held: Option<Held>,
}

/// What runs as long as it is held.
type Held = Box<dyn Send + Sync>;

/// A server and what holds it, or why there is none.
type Attempt = Result<(String, Option<Held>), String>;

impl MongoServer {
    /// A server on this machine, by the first way that leads to one.
    ///
    /// # Errors
    ///
    /// [`NoServer`] with the reason for each way.
    pub fn start(machine: &Machine) -> Result<Self, NoServer> {
        let mut passed = Vec::new();
        for way in [Way::Uri, Way::Container, Way::Mongod, Way::FerretDb] {
            // Starting a server and asking whether it is up blocks.
            match apart(|| way.lead(machine)) {
                Ok((uri, held)) => return Ok(Self { uri, way, passed, held }),
                Err(why) => passed.push(Passed { way, why }),
            }
            if way == Way::Uri && machine.uri.is_some() {
                break;
            }
        }
        Err(NoServer { passed })
    }

    /// The server that the tests of a process share: started by the first that needs it, ended with the last.
    ///
    /// None where this machine has none, which is said on standard error also where tests are quiet.
    ///
    /// # Panics
    ///
    /// Where this machine has none and `REQUIRE_MONGO` is set.
    pub fn shared() -> Option<Arc<Self>> {
        static SHARED: Mutex<Weak<MongoServer>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = shared.upgrade() {
            return Some(server);
        }
        match Self::start(&Machine::this()) {
            Ok(server) => {
                let server = Arc::new(server);
                *shared = Arc::downgrade(&server);
                Some(server)
            }
            Err(none) => {
                drop(shared); // A panic would poison it for no reason.
                without(&none)
            }
        }
    }

    /// Its URI, without a database.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// How it was found.
    pub fn way(&self) -> Way {
        self.way
    }

    /// The ways before, and why they do not serve.
    pub fn passed(&self) -> &[Passed] {
        &self.passed
    }
}

impl Drop for MongoServer {
    fn drop(&mut self) {
        if let Some(held) = self.held.take() {
            apart(|| drop(held));
        }
    }
}

fn given(machine: &Machine) -> Attempt {
    let uri = machine.uri.clone().ok_or("it is not set")?;
    replica_set::answers(&uri)?;
    Ok((uri, None))
}

/// What a test does that has no server: it is skipped, loudly, or fails.
fn without<T>(none: &NoServer) -> Option<T> {
    assert!(env::var_os("REQUIRE_MONGO").is_none(), "REQUIRE_MONGO is set, and there is {none}");
    say(&format!("SKIPPED, a test on MongoDB: there is {none}"));
    None
}

/// Runs what blocks on a thread of its own.
fn apart<T: Send>(run: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| scope.spawn(run).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
}

/// Says something on standard error, where also a quiet test runner lets it through.
fn say(what: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{what}"); // There is nobody else to tell.
}
