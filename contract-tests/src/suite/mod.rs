//! A suite: the document, the tokens, the judges, and the number of cases.

pub(crate) mod client;
mod failures;
mod find_failure;
mod fresh;
mod prepared;
mod record;
mod run;
mod saved;
mod shrink;
mod state;
pub(crate) mod store;
mod tally;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::OnceLock,
    time::{Duration, Instant},
};

pub(crate) use self::run::Run;
pub use self::store::{Store, StoreFuture};
use self::{prepared::Prepared, run::FailureFilter};
use crate::{
    cases::{
        protocol::Assumptions,
        token::{Signer, TokenError},
    },
    judge::Judge,
    openapi::document::{Document, DocumentError},
    report::{Failure, Report},
    suite::client::{Client, ClientError},
};

/// Why a run could not start or finish.
#[derive(Debug, thiserror::Error)]
pub enum SuiteError {
    /// The document cannot be used.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The URL or the HTTP client is unusable.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Tokens cannot be signed.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The server does not answer.
    #[error("{url} does not answer: {cause}")]
    Unreachable {
        /// The server's URL.
        url: String,
        /// What went wrong.
        cause: String,
    },
    /// An operation needs a token and there is none.
    #[error("{operation} needs a bearer token, and none was given")]
    NoToken {
        /// The operation.
        operation: String,
    },
    /// No case has such an ID.
    #[error("no case has an ID that starts with {0:?}")]
    NoSuchCase(String),
    /// The file of saved failures cannot be read or written.
    #[error("{path}: {cause}")]
    Failures {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        cause: String,
    },
}

impl SuiteError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Document(DocumentError::File { .. }) => "name the document with --spec",
            Self::Document(_) => "the document must be OpenAPI 3.0 or 3.1 in one file, with JSON Schemas that compile",
            Self::Client(_) => "give the base URL of the server, such as http://127.0.0.1:3000",
            Self::Token(_) => "--signing-key takes the file of an RSA private key in PEM form",
            Self::Unreachable { .. } => "check that the server is running at this address",
            Self::NoToken { .. } => "give --token or CONTRACT_TOKEN, or --signing-key with --kid, --issuer and --audience",
            Self::NoSuchCase(_) => "the report lists case IDs; the same --seed gives the same IDs",
            Self::Failures { .. } => "name another file with --failures",
        }
    }
}

/// The progress of a run.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// The number of judged cases.
    pub done: u64,
    /// The number of cases that are known so far.
    pub total: u64,
    /// The number of broken promises, each cause once.
    pub failures: usize,
}

/// Contract tests for one document. Build it, then [`run`](Suite::run) it against a server.
pub struct Suite {
    document: Document,
    token: Option<String>,
    signer: Option<Signer>,
    seed: u64,
    cases: usize,
    only: Option<String>,
    timeout: Duration,
    assumptions: Assumptions,
    concurrency: usize,
    judges: Vec<Box<dyn Judge>>,
    store: Option<Box<dyn Store>>,
    failures: Option<PathBuf>,
    progress: Option<Box<dyn Fn(Progress) + Send + Sync>>,
    prepared: OnceLock<Prepared>,
}

impl Suite {
    /// Tests for this document: the exhaustive part and 1,000 random cases for each operation.
    pub fn new(document: Document) -> Self {
        Self {
            document,
            token: None,
            signer: None,
            seed: 1,
            cases: 1_000,
            only: None,
            timeout: Duration::from_secs(30),
            assumptions: Assumptions { oversized: 1024 * 1024, lenient: false },
            concurrency: 8,
            judges: Vec::new(),
            store: None,
            failures: None,
            progress: None,
            prepared: OnceLock::new(),
        }
    }

    /// Sends this token to operations that need one.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Signs valid and invalid tokens instead of using one.
    pub fn signer(mut self, signer: Signer) -> Self {
        self.signer = Some(signer);
        self
    }

    /// The seed: the same seed gives the same cases, except for values that must be unique.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self.prepared = OnceLock::new();
        self
    }

    /// The number of random cases for each operation.
    pub fn cases(mut self, cases: usize) -> Self {
        self.cases = cases;
        self
    }

    /// Runs only cases whose ID starts with this prefix.
    pub fn only(mut self, prefix: impl Into<String>) -> Self {
        self.only = Some(prefix.into());
        self
    }

    /// How long the server may take to answer a request.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The size in bytes of a body that the server must reject, where the document has the status 413.
    pub fn oversized(mut self, bytes: usize) -> Self {
        self.assumptions.oversized = bytes;
        self
    }

    /// Accepts what the RFCs let a server accept: a byte order mark, a duplicate property, an unknown content coding.
    pub fn lenient(mut self, lenient: bool) -> Self {
        self.assumptions.lenient = lenient;
        self
    }

    /// The number of requests in flight.
    pub fn concurrency(mut self, requests: usize) -> Self {
        self.concurrency = requests.max(1);
        self
    }

    /// Adds a judge of your own, for what no document can say.
    pub fn judge(mut self, judge: impl Judge + 'static) -> Self {
        self.judges.push(Box::new(judge));
        self
    }

    /// Looks into the server's store after each exhaustive case.
    pub fn store(mut self, store: impl Store + 'static) -> Self {
        self.store = Some(Box::new(store));
        self
    }

    /// Saves failing cases to this file, and runs the saved ones first next time.
    pub fn failures(mut self, path: impl Into<PathBuf>) -> Self {
        self.failures = Some(path.into());
        self
    }

    /// Calls this after each case.
    pub fn progress(mut self, progress: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.progress = Some(Box::new(progress));
        self
    }

    /// Tests the server at `url`.
    ///
    /// # Errors
    ///
    /// [`SuiteError`] when the run cannot start or finish. Broken promises are not an error: they are in the [`Report`].
    pub async fn run(&self, url: &str) -> Result<Report, SuiteError> {
        let begin = Instant::now();
        let client = Client::new(url, self.timeout)?;
        let prepared = self.prepared()?;
        Run::new(self, &client, prepared, self.tokens(prepared)?, None).report(begin).await
    }

    /// Looks for one broken promise of the server at `url`: one for whose pointer `is_wanted` returns true. Cases about such a
    /// promise come first, nothing is made smaller, and the search ends with the first such failure.
    ///
    /// # Errors
    ///
    /// As for [`Suite::run`].
    pub async fn find_failure(&self, url: &str, is_wanted: impl Fn(&str) -> bool + Sync) -> Result<Option<Failure>, SuiteError> {
        let client = Client::new(url, self.timeout)?;
        let prepared = self.prepared()?;
        Run::new(self, &client, prepared, self.tokens(prepared)?, Some(FailureFilter(&is_wanted))).find_failure(&is_wanted).await
    }

    /// What no server changes; made by the first run.
    fn prepared(&self) -> Result<&Prepared, SuiteError> {
        match self.prepared.get() {
            Some(prepared) => Ok(prepared),
            None => {
                let prepared = Prepared::new(self)?;
                Ok(self.prepared.get_or_init(|| prepared))
            }
        }
    }

    /// The good token for each operation that needs one.
    fn tokens(&self, prepared: &Prepared) -> Result<BTreeMap<String, String>, SuiteError> {
        let mut tokens = BTreeMap::new();
        for operation in &prepared.operations {
            let Some(security) = operation.security.as_ref().filter(|security| security.bearer) else { continue };
            let token = match (&self.signer, &self.token) {
                (Some(signer), _) => signer.good(&security.scopes)?,
                (None, Some(token)) => token.clone(),
                (None, None) => return Err(SuiteError::NoToken { operation: operation.id.clone() }),
            };
            tokens.insert(operation.id.clone(), token);
        }
        Ok(tokens)
    }

    fn is_selected(&self, case: &str) -> bool {
        let Some(only) = &self.only else { return true };
        // Whole parts of the name: what ends in :1 is not :10 as well.
        let between = [':', '/', '[', '-'];
        case.strip_prefix(only.as_str())
            .is_some_and(|rest| rest.is_empty() || only.ends_with(between) || rest.starts_with(between))
    }
}
