//! A suite: the document, the tokens, the judges, and the number of cases.

mod alike;
mod anonymous;
mod authentication;
mod base_path;
mod baseline;
mod callers;
pub(crate) mod client;
pub(crate) mod credentials;
mod failures;
mod find_failure;
mod foreign;
pub(crate) mod fresh;
pub(crate) mod har;
mod lifecycle;
mod location;
mod look;
mod patched;
mod prepared;
mod provide;
mod record;
mod repaired;
mod resources;
mod run;
mod saved;
mod send;
mod sequence;
mod shrink;
pub(crate) mod store;
mod tally;
mod time;
mod trust;
mod unanswered;
mod unique;
mod words;

use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
    sync::{Arc, OnceLock, atomic::AtomicBool},
    time::{Duration, Instant},
};

pub use self::credentials::Credential;
pub use self::store::{Store, StoreFuture};
use self::{
    credentials::{Grant, Keyring},
    har::Har,
    prepared::Prepared,
    run::FailureFilter,
};
pub(crate) use self::{
    find_failure::{Reach, Search},
    run::Run,
};
use openapi_document::LoadError;
use serde_json::Value;

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
    /// Nothing of the document is at the URL, which lacks the path of the document's server.
    #[error("every answer is 404, and the document's server has the path {base}: is the URL {url}{base}?")]
    NoBasePath {
        /// The server's URL.
        url: String,
        /// The path that it lacks.
        base: String,
    },
    /// No operation can be authenticated.
    #[error("{operation} cannot be tested: {missing}")]
    NoCredentials {
        /// The first operation.
        operation: String,
        /// What is missing.
        missing: String,
    },
    /// No operation takes the credentials of another caller.
    #[error("no operation takes the credentials of another caller, or they are the same as the first")]
    NoOther,
    /// The file of exchanges cannot be written.
    #[error("{path}: {cause}")]
    Har {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        cause: String,
    },
    /// No operation has such a name.
    #[error("no operation is called {0:?}")]
    NoSuchOperation(String),
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
            Self::Document(DocumentError::Load(LoadError::File { .. })) => "name the document with --spec",
            Self::Document(_) => "the document must be OpenAPI 3.x or Swagger 2.0, with all the files that it refers to",
            Self::Client(_) => "give the base URL of the server, such as http://127.0.0.1:3000",
            Self::Token(_) => "--signing-key takes the file of an RSA private key in PEM form",
            Self::Unreachable { .. } => "check that the server is running at this address",
            Self::NoBasePath { .. } => "give the base URL with the path that the document's `servers` have",
            Self::NoCredentials { .. } => {
                "give --token or CONTRACT_TOKEN, --api-key, --basic or --header; or --signing-key with --issuer and --audience"
            }
            Self::NoOther => "give another caller's credentials: --other token=…, basic=…, api-key=… or header=…",
            Self::Har { .. } => "name another file with --har",
            Self::NoSuchOperation(_) => "give its operationId, or its method and path, such as 'DELETE /users/{id}'",
            Self::NoSuchCase(_) => "the report lists case IDs; the same --seed gives the same IDs",
            Self::Failures { .. } => "name another file with --failures",
        }
    }
}

/// What authenticates each operation by its ID, or why nothing does.
pub(crate) type Grants = BTreeMap<String, Result<Grant, String>>;

/// Formats of texts that are annotations for most servers: JSON Schema (2020-12, validation, section 7.2.1) asks nobody to check them.
pub const DOUBTFUL_FORMATS: [&str; 10] = [
    "byte",
    "duration",
    "idn-email",
    "idn-hostname",
    "iri",
    "iri-reference",
    "json-pointer",
    "regex",
    "relative-json-pointer",
    "uri-template",
];

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
    document: Arc<Document>,
    keyring: Keyring,
    /// What another caller authenticates with.
    other: Option<Keyring>,
    seed: u64,
    cases: usize,
    only: Option<String>,
    timeout: Duration,
    assumptions: Assumptions,
    concurrency: usize,
    judges: Vec<Box<dyn Judge>>,
    store: Option<Box<dyn Store>>,
    failures: Option<PathBuf>,
    har: Option<PathBuf>,
    given: HashMap<String, Vec<Value>>,
    excluded: Vec<String>,
    assert_formats: bool,
    max_time: Option<Duration>,
    interrupt: Option<Arc<AtomicBool>>,
    progress: Option<Box<dyn Fn(Progress) + Send + Sync>>,
    prepared: OnceLock<Prepared>,
}

impl Suite {
    /// Tests for this document: the exhaustive part and 1,000 random cases for each operation.
    pub fn new(document: Document) -> Self {
        Self {
            document: Arc::new(document),
            keyring: Keyring::default(),
            other: None,
            seed: 1,
            cases: 1_000,
            only: None,
            timeout: Duration::from_secs(30),
            assumptions: Assumptions { oversized: 1024 * 1024, all_methods: false, read_only: false, lenient: false },
            concurrency: 8,
            judges: Vec::new(),
            store: None,
            failures: None,
            har: None,
            given: HashMap::new(),
            excluded: Vec::new(),
            assert_formats: false,
            max_time: None,
            interrupt: None,
            progress: None,
            prepared: OnceLock::new(),
        }
    }

    /// Sends this token to operations that need one.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.keyring.token = Some(token.into());
        self
    }

    /// Signs valid and invalid tokens instead of using one.
    pub fn signer(mut self, signer: Signer) -> Self {
        self.keyring.signer = Some(signer);
        self
    }

    /// Sends `Authorization: Basic` (RFC 7617) to operations that need it; `pair` is `USER:PASSWORD`.
    pub fn basic(mut self, pair: impl Into<String>) -> Self {
        self.keyring.basic = Some(pair.into());
        self
    }

    /// Sends this API key to operations that need it; `name` is the name of the security scheme, or of its header, cookie or query
    /// parameter.
    pub fn api_key(mut self, name: impl Into<String>, key: impl Into<String>) -> Self {
        self.keyring.api_keys.push((name.into(), key.into()));
        self
    }

    /// Sends this header with every request.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.keyring.headers.push((name.into(), value.into()));
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

    /// Sends DELETE, PATCH, POST and PUT also to paths without an id that do not document them: what a server does then, it does to
    /// what is there.
    pub fn all_methods(mut self, all_methods: bool) -> Self {
        self.assumptions.all_methods = all_methods;
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

    /// Writes every exchange to this file, as an HTTP archive (HAR 1.2) without secrets.
    pub fn har(mut self, path: impl Into<PathBuf>) -> Self {
        self.har = Some(path.into());
        self
    }

    /// Adds what another caller authenticates with, and so says that what one caller creates is hidden from the other.
    pub fn other(mut self, credential: Credential) -> Self {
        let keyring = self.other.get_or_insert_default();
        match credential {
            Credential::Token(token) => keyring.token = Some(token),
            Credential::Basic(pair) => keyring.basic = Some(pair),
            Credential::ApiKey(name, key) => keyring.api_keys.push((name, key)),
            Credential::Header(name, value) => keyring.headers.push((name, value)),
            Credential::Subject(subject) => keyring.subject = Some(subject),
        }
        self
    }

    /// Sends nothing of this operation; `name` is its `operationId`, or method and path such as `DELETE /users/{id}`.
    pub fn exclude(mut self, name: impl Into<String>) -> Self {
        self.excluded.push(name.into());
        self.prepared = OnceLock::new();
        self
    }

    /// Tests only operations that change nothing (RFC 9110, section 9.2.1: GET, HEAD, OPTIONS and TRACE).
    pub fn read_only(mut self, read_only: bool) -> Self {
        self.assumptions.read_only = read_only;
        self.prepared = OnceLock::new();
        self
    }

    /// Uses this value for each parameter of this name, such as the id of a resource that no operation creates. Of several values for one
    /// name each request has the next.
    pub fn set(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.given.entry(name.into()).or_default().push(value.into());
        self
    }

    /// Demands that servers refuse values that break a format which many do not check, see [`DOUBTFUL_FORMATS`].
    pub fn assert_formats(mut self, assert_formats: bool) -> Self {
        self.assert_formats = assert_formats;
        self
    }

    /// Ends the run after this time; the report has what was found until then.
    pub fn max_time(mut self, time: Duration) -> Self {
        self.max_time = Some(time);
        self
    }

    /// Ends the run once this is true; the report has what was found until then.
    pub fn interrupt(mut self, interrupt: Arc<AtomicBool>) -> Self {
        self.interrupt = Some(interrupt);
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
        self.run_until(url, |_| false).await
    }

    /// Tests the server at `url` until a failure is found for which `is_last` is true; the report has what was found until then.
    ///
    /// # Errors
    ///
    /// As for [`Suite::run`].
    pub async fn run_until(&self, url: &str, is_last: impl Fn(&Failure) -> bool + Sync) -> Result<Report, SuiteError> {
        let begin = Instant::now();
        let prepared = self.prepared()?;
        let mut client = Client::new(url, self.timeout, &self.keyring.headers)?;
        let (grants, others) = (self.admitted(&client, prepared).await?, self.others(prepared)?);
        if let Some(path) = &self.har {
            let granted = grants.values().filter_map(|grant| grant.as_ref().ok()).chain(others.values());
            let mut secrets: Vec<String> = granted.flat_map(Grant::secrets).cloned().collect();
            secrets.extend(self.keyring.secrets().chain(self.other.iter().flat_map(Keyring::secrets)).cloned());
            client = client.recorded(Arc::new(
                Har::create(path, secrets, self.keyring.signer.is_none())
                    .map_err(|cause| SuiteError::Har { path: path.clone(), cause: cause.to_string() })?,
            ));
        }
        let report = Run::new(self, &client, prepared, grants, None).with_others(others).until(&is_last).report(begin).await;
        match (client.end(), &self.har) {
            (Err(cause), Some(path)) => Err(SuiteError::Har { path: path.clone(), cause: cause.to_string() }),
            _ => report,
        }
    }

    /// Looks for one broken promise of the server at `url`: one for whose pointer `is_wanted` returns true. Cases about such a
    /// promise come first, nothing is made smaller, and the search ends with the first such failure.
    ///
    /// # Errors
    ///
    /// As for [`Suite::run`].
    pub async fn find_failure(&self, url: &str, is_wanted: impl Fn(&str) -> bool + Sync) -> Result<Option<Failure>, SuiteError> {
        self.search(url, Search { wanted: &is_wanted, operations: &[], reach: Reach::All }).await
    }

    /// The same, in this order and so far.
    pub(crate) async fn search(&self, url: &str, search: Search<'_>) -> Result<Option<Failure>, SuiteError> {
        let client = Client::new(url, self.timeout, &self.keyring.headers)?;
        let prepared = self.prepared()?;
        let filter = Some(FailureFilter(search.wanted));
        Run::new(self, &client, prepared, self.admitted(&client, prepared).await?, filter).find_failure(search).await
    }

    /// What no server changes; made by the first run.
    pub(crate) fn prepared(&self) -> Result<&Prepared, SuiteError> {
        match self.prepared.get() {
            Some(prepared) => Ok(prepared),
            None => {
                let prepared = Prepared::new(self)?;
                Ok(self.prepared.get_or_init(|| prepared))
            }
        }
    }

    /// For each operation whose path names a resource, or whose requests refer to one, where ids come from, in lines for people; nothing is sent.
    ///
    /// # Errors
    ///
    /// [`SuiteError::NoSuchOperation`] and [`SuiteError::Document`].
    pub fn explain_state(&self) -> Result<String, SuiteError> {
        Ok(self.prepared()?.explain())
    }

    /// What authenticates each operation, or why nothing does: also nothing, where the server asks for none.
    async fn admitted(&self, client: &Client, prepared: &Prepared) -> Result<Grants, SuiteError> {
        let mut grants = Grants::new();
        let is_documented = prepared.operations.iter().any(|operation| operation.security.is_some());
        for operation in &prepared.operations {
            let grant = if is_documented { self.keyring.grant(operation)? } else { Ok(self.keyring.undocumented()) };
            grants.insert(operation.id.clone(), grant);
        }
        anonymous::let_in(client, prepared, &mut grants).await;
        let given = grants.values().filter_map(|grant| grant.as_ref().ok()).find(|grant| grant.parts() > 0).cloned();
        let given = given.unwrap_or_else(|| self.keyring.undocumented());
        if is_documented && given.parts() > 0 {
            anonymous::with_undocumented(client, prepared, &mut grants, &given).await;
        }
        let mut of_parts = prepared.parts.iter().filter_map(|part| grants.get_key_value(&part.operation.id));
        match of_parts.next() {
            Some((operation, Err(missing))) if of_parts.all(|(_, grant)| grant.is_err()) => {
                Err(SuiteError::NoCredentials { operation: operation.clone(), missing: missing.clone() })
            }
            _ => Ok(grants),
        }
    }

    /// What authenticates another caller, for each operation for which it differs.
    fn others(&self, prepared: &Prepared) -> Result<BTreeMap<String, Grant>, SuiteError> {
        let Some(other) = &self.other else { return Ok(BTreeMap::new()) };
        let other = other.beside(&self.keyring);
        let mut others = BTreeMap::new();
        for operation in prepared.operations.iter().filter(|operation| operation.security.is_some()) {
            if let Ok(grant) = other.grant(operation)?
                && (!other.headers.is_empty() || self.keyring.grant(operation)?.as_ref() != Ok(&grant))
            {
                others.insert(operation.id.clone(), grant);
            }
        }
        if others.is_empty() { Err(SuiteError::NoOther) } else { Ok(others) }
    }

    fn is_selected(&self, case: &str) -> bool {
        let Some(only) = &self.only else { return true };
        // Whole parts of the name: what ends in :1 is not :10 as well.
        let between = [':', '/', '[', '-'];
        case.strip_prefix(only.as_str())
            .is_some_and(|rest| rest.is_empty() || only.ends_with(between) || rest.starts_with(between))
    }
}
