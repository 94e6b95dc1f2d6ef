//! The document, compiled: what every request, and on demand every response, is held to.
//!
//! It knows no framework: it takes the head of a request and a stream of bytes, and says what the handler gets, or why the request
//! is refused. [`adapter`](crate::adapter) puts it in front of handlers.
//!
//! The order of the checks is fixed, from what costs least and tells least to what needs the body:
//! 404, 405 → 401, 403 → 429 → 415 → 413 → 400. Whatever passes them reaches the handler; 409 and 422 are the handler's. Where the
//! document has 422 and no 400, what would be 400 is 422.

mod answer;
mod body;
mod content;
mod document;
mod header;
mod json;
mod least;
mod limit;
mod media;
mod parameters;
mod pattern;
mod rate;
mod read;
mod refusal;
mod router;
mod schemas;
mod security;
mod shape;
mod style;
mod valid_body;
mod violations;

use std::{collections::BTreeSet, fmt, num::NonZeroU32, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::Stream;
use http::{
    Extensions, HeaderMap, Method, StatusCode, Uri,
    header::{ALLOW, CONTENT_LENGTH, TRANSFER_ENCODING},
};
use serde_json::Value;

pub(crate) use self::{body::drain_after, rate::RateLimitStatus};
pub use self::{
    document::Document,
    parameters::ValidParameters,
    read::{Declined, Place},
    valid_body::{BodyPart, ValidBody},
};
use self::{
    media::Syntax,
    rate::RateLimit,
    read::{Body, Operation},
    router::{PathValues, Router},
    shape::Prefer,
    violations::{is_valid, violations},
};
use crate::{
    auth::{Authenticators, Caller},
    problem::{Code, Problem, Violation},
};

/// Why a document cannot be enforced.
#[derive(Debug, thiserror::Error)]
pub enum ContractError {
    /// It cannot be read: it is not YAML, not OpenAPI, or a reference in it leads nowhere.
    #[error("the document cannot be read: {0}")]
    Unreadable(#[from] openapi_document::LoadError),
    /// Something that the document refers to, or must have, is not there.
    #[error("the document has nothing at {0}")]
    Missing(String),
    /// A schema cannot be compiled.
    #[error("the schema at {pointer} cannot be compiled: {cause}")]
    Schema {
        /// Where in the document.
        pointer: String,
        /// What the validator says.
        cause: String,
    },
    /// Something that this server has no check for; it would go unenforced.
    #[error("{what} at {pointer} cannot be enforced")]
    Unsupported {
        /// Where in the document.
        pointer: String,
        /// What it is.
        what: String,
    },
    /// Two paths claim the same requests.
    #[error("the path at {pointer} cannot be routed: {cause}")]
    Route {
        /// Where in the document.
        pointer: String,
        /// What the router says.
        cause: String,
    },
    /// An operation asks for credentials that nobody checks.
    #[error("{pointer} asks for credentials of the scheme {scheme}, and nothing checks them")]
    NoAuthenticator {
        /// The security scheme.
        scheme: String,
        /// Where the document asks for it.
        pointer: String,
    },
}

impl ContractError {
    fn unsupported(pointer: &str, what: &str) -> Self {
        Self::Unsupported { pointer: pointer.to_owned(), what: what.to_owned() }
    }
}

/// What is left open by the document and set by whoever runs the server.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The largest body, in bytes.
    pub body: usize,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// Requests a second for each caller; none means no limit.
    pub rate: Option<NonZeroU32>,
    /// Whether the answers of handlers are checked too; one that breaks the document becomes a 500.
    pub check_responses: bool,
}

impl Default for Limits {
    /// 64 KiB in 10 seconds, without a rate limit, responses unchecked.
    fn default() -> Self {
        Self { body: 64 * 1024, body_timeout: Duration::from_secs(10), rate: None, check_responses: false }
    }
}

/// A compiled document.
///
/// ```
/// use std::sync::Arc;
///
/// use openapi_server::{
///     Document,
///     contract::{Contract, Limits},
/// };
/// use poem::{Endpoint, IntoResponse, Request, endpoint::make_sync};
///
/// let document = Document::parse(
///     r#"
/// openapi: 3.1.0
/// info: { title: Status, version: "1" }
/// paths:
///   /status:
///     get:
///       operationId: getStatus
///       parameters: [{ name: verbose, in: query, schema: { type: boolean } }]
///       responses: { "200": { description: The status. } }
/// "#,
/// )?;
/// let contract = Contract::compile(&document, None, Limits::default())?;
/// let endpoint = Arc::new(contract).enforce(make_sync(|_| "fine"));
/// # let runtime = tokio::runtime::Runtime::new().unwrap();
/// # let ask = |uri: &'static str| runtime.block_on(endpoint.get_response(Request::builder().uri_str(uri).finish())).status();
/// assert_eq!(ask("/status?verbose=true"), 200);
/// assert_eq!(ask("/status?verbose=perhaps"), 400);
/// # Ok::<(), openapi_server::contract::ContractError>(())
/// ```
pub struct Contract {
    router: Router<Operation>,
    paths: Vec<String>,
    scopes: BTreeSet<String>,
    declined: Vec<Declined>,
    unmet: Vec<String>,
    authenticators: Authenticators,
    limits: Limits,
    rate: Option<RateLimit>,
}

/// The head of a request.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    /// The method.
    pub method: &'a Method,
    /// The target: path and query.
    pub uri: &'a Uri,
    /// The headers.
    pub headers: &'a HeaderMap,
}

/// The operation that a request is for.
pub struct Matched<'c> {
    operation: &'c Operation,
    template: &'c Arc<str>,
    path: PathValues,
}

/// What a handler gets of a request that satisfies the document.
pub struct Admitted {
    /// Who calls; none where the operation is open to all.
    pub caller: Option<Caller>,
    /// The parameters.
    pub parameters: ValidParameters,
    /// The body, where the operation has one and the request does.
    pub body: Option<ValidBody>,
    /// What a changed resource must satisfy (`x-result`).
    pub result: Option<ResultSchema>,
    /// What the caller has left of its rate, where that is limited; for the answer.
    pub(crate) standing: Option<RateLimitStatus>,
}

impl Matched<'_> {
    /// `operationId`, or method and path where the document has none.
    pub fn operation_id(&self) -> &str {
        &self.operation.id
    }

    /// The same, to be kept.
    pub(crate) fn shared_operation_id(&self) -> Arc<str> {
        Arc::clone(&self.operation.id)
    }

    /// The path template that the document has the operation below, such as `/users/{id}`.
    pub fn template(&self) -> &str {
        self.template
    }

    /// The same, to be kept.
    pub(crate) fn shared_template(&self) -> Arc<str> {
        Arc::clone(self.template)
    }

    /// Whether the document has a body for the operation. Of others the body is left to the handler.
    pub fn takes_body(&self) -> bool {
        self.operation.body.is_some()
    }
}

impl Admitted {
    /// Puts everything where [`ValidBody::of`] and [`ValidParameters::of`] find it.
    pub fn insert_into(self, extensions: &mut Extensions) {
        extensions.insert(self.parameters);
        if let Some(caller) = self.caller {
            extensions.insert(caller);
        }
        if let Some(body) = self.body {
            extensions.insert(body);
        }
        if let Some(result) = self.result {
            extensions.insert(result);
        }
    }
}

impl Contract {
    /// Compiles the document.
    ///
    /// # Errors
    ///
    /// [`ContractError`] also for what could not be enforced: nothing documented goes unchecked.
    pub fn compile(
        document: &Document,
        authenticators: impl Into<Authenticators>,
        limits: Limits,
    ) -> Result<Self, ContractError> {
        let authenticators = authenticators.into();
        let (mut router, mut paths, mut scopes) = (Router::new(), Vec::new(), BTreeSet::new());
        let compiled = read::compile(document)?;
        for (path, mut operations) in compiled.paths {
            for (_, operation) in &mut operations {
                for requirement in operation.security.iter_mut().flatten() {
                    requirement.connect(&authenticators)?;
                    scopes.extend(requirement.scopes.iter().cloned());
                }
            }
            router.insert(&path, operations)?;
            paths.push(path);
        }
        let rate = limits.rate.map(RateLimit::new);
        Ok(Self { router, paths, scopes, declined: compiled.declined, unmet: compiled.unmet, authenticators, limits, rate })
    }

    /// The path templates of the document.
    pub fn paths(&self) -> &[String] {
        &self.paths
    }

    /// Whether the document has this path by a template that begins with a fixed text: `/docs/{id}` and not `/{id}`.
    pub fn claims(&self, path: &str) -> bool {
        self.router.claims(path)
    }

    /// Every scope that an operation of the document needs, in order.
    pub fn scopes(&self) -> Vec<&str> {
        self.scopes.iter().map(String::as_str).collect()
    }

    /// The media types of bodies that are documented beside others, and that get 415 because there is no check for them: XML, for one.
    pub fn declined(&self) -> &[Declined] {
        &self.declined
    }

    /// Where the document has an answer for requests that are refused, and no refusal can be written as it asks; those are problem details.
    pub fn unmet(&self) -> &[String] {
        &self.unmet
    }

    /// The limits that it was compiled with.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Whether credentials can be judged now, where the document asks for any.
    ///
    /// # Errors
    ///
    /// The reason why not, for the log.
    pub fn ready(&self) -> Result<(), String> {
        self.authenticators.ready()
    }

    /// The operation that a request is for.
    ///
    /// # Errors
    ///
    /// 404 and 405.
    pub fn route(&self, head: Head<'_>) -> Result<Matched<'_>, Problem> {
        let found = self.router.at(head.uri.path()).ok_or_else(|| Problem::new(Code::NotFound))?;
        if let Some((template, operation)) = found.place.operation(head.method) {
            // One budget for all readings: nobody has been authenticated yet.
            let (path, _) =
                pattern::bounded(|| found.values(template, |name, text| parameters::allows(&operation.parameters, name, text)));
            return Ok(Matched { operation, template: &template.path, path });
        }
        let problem = Problem::new(Code::MethodNotAllowed).header(ALLOW, found.place.allow.clone());
        // In the form that another operation of the path has for it.
        let has = |operation: &Operation| operation.refusals.iter().any(|(code, _)| *code == Code::MethodNotAllowed);
        Err(match found.place.operations().find(|(_, operation)| has(operation)) {
            Some((_, other)) => answer::documented(other, problem),
            None => problem,
        })
    }

    /// Checks the request and reads its body, where the operation has one.
    ///
    /// # Errors
    ///
    /// Why the request is refused, with the status and media type that the document has for it, where they fit. Of the body there may
    /// be something left to read.
    pub async fn admit<S, E>(&self, matched: &Matched<'_>, head: Head<'_>, body: &mut S) -> Result<Admitted, Problem>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin,
        E: fmt::Display,
    {
        self.authorise_and_check(matched, head, body).await.map_err(|problem| answer::documented(matched.operation, problem))
    }

    async fn authorise_and_check<S, E>(&self, matched: &Matched<'_>, head: Head<'_>, body: &mut S) -> Result<Admitted, Problem>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin,
        E: fmt::Display,
    {
        let operation = matched.operation;
        let caller = security::authorise(&operation.security, &head).await?;
        let standing = match (&caller, &self.rate) {
            (Some(caller), Some(rate)) => Some(rate.admit(caller.subject())?),
            _ => None,
        };
        match self.check(matched, head, body, caller).await {
            Ok(admitted) => Ok(Admitted { standing, ..admitted }),
            Err(problem) => Err(match standing {
                Some(standing) => standing.add_to(problem),
                None => problem,
            }),
        }
    }

    /// Checks what a caller sends who may send it.
    async fn check<S, E>(
        &self,
        matched: &Matched<'_>,
        head: Head<'_>,
        body: &mut S,
        caller: Option<Caller>,
    ) -> Result<Admitted, Problem>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin,
        E: fmt::Display,
    {
        let operation = matched.operation;
        let (parameters, mut broken) = parameters::check(&operation.parameters, &matched.path, &head);
        let mut admitted = Admitted { caller, parameters, body: None, result: None, standing: None };
        if let Some(documented) = &operation.body {
            broken.extend(self.body(documented, head.headers, body, &mut admitted).await?);
        }
        if broken.is_empty() { Ok(admitted) } else { Err(Problem::new(Code::BadRequest).errors(broken)) }
    }

    /// Every violation in the body; without any, the body is put into `admitted`.
    async fn body<S, E>(
        &self,
        documented: &Body,
        headers: &HeaderMap,
        body: &mut S,
        admitted: &mut Admitted,
    ) -> Result<Vec<Violation>, Problem>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin,
        E: fmt::Display,
    {
        if !documented.required && !has_body(headers) {
            return Ok(Vec::new());
        }
        let (content, media_type) = content::accepted(documented, headers)?;
        let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        body::check_length(announced, self.limits.body)?;
        let bytes = Bytes::from(body::read(body, announced, self.limits.body, self.limits.body_timeout).await?);
        let mut read = content::read(content, &media_type, &bytes, Prefer::Literal).await?;
        let mut broken = violations(&content.validator, &read.value, "");
        if !broken.is_empty() && Syntax::of(&media_type) != Syntax::Json && content.shape.is_ambiguous() {
            // Outside of JSON a text may also be read as what it is.
            let other = content::read(content, &media_type, &bytes, Prefer::Text).await?;
            if is_valid(&content.validator, &other.value) {
                (read, broken) = (other, Vec::new());
            }
        }
        if broken.is_empty() {
            admitted.body = Some(ValidBody { media_type, value: read.value, bytes, parts: read.parts });
            admitted.result = content.result.as_ref().map(|result| ResultSchema(Arc::clone(result)));
        }
        Ok(broken)
    }

    /// A problem in the form that the document has for its status: for refusals that handlers make themselves. Errors that handlers of poem
    /// return get it without being asked.
    ///
    /// ```
    /// use http::{HeaderMap, Method};
    /// use openapi_server::{
    ///     Document,
    ///     contract::{Contract, Head, Limits},
    ///     problem::{Code, Problem},
    /// };
    ///
    /// let document = Document::parse(
    ///     r#"
    /// openapi: 3.1.0
    /// info: { title: Books, version: "1" }
    /// paths:
    ///   /books:
    ///     get:
    ///       responses:
    ///         default:
    ///           description: No.
    ///           content:
    ///             application/json:
    ///               schema:
    ///                 required: [error]
    ///                 properties: { error: { type: object, properties: { message: { type: string } } } }
    /// "#,
    /// )?;
    /// let contract = Contract::compile(&document, None, Limits::default())?;
    /// let (uri, headers) = ("/books".parse().unwrap(), HeaderMap::new());
    /// let matched = contract.route(Head { method: &Method::GET, uri: &uri, headers: &headers }).unwrap();
    /// let problem = contract.documented(&matched, Problem::new(Code::Conflict).message("It is lent."));
    /// assert_eq!(problem.into_parts().2, br#"{"error":{"message":"It is lent."}}"#);
    /// # Ok::<(), openapi_server::contract::ContractError>(())
    /// ```
    pub fn documented(&self, matched: &Matched<'_>, problem: Problem) -> Problem {
        answer::documented(matched.operation, problem)
    }

    /// What an answer breaks of the document, without values; nothing when it is as documented.
    pub fn violations_in_answer(
        &self,
        matched: &Matched<'_>,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Vec<String> {
        answer::violations(matched.operation, status, headers, body)
    }
}

/// The schema that a resource must satisfy after the request has changed it: `x-result` beside the schema of the body.
#[derive(Debug, Clone)]
pub struct ResultSchema(Arc<jsonschema::Validator>);

impl ResultSchema {
    /// Every violation in the changed resource.
    pub fn violations(&self, result: &Value) -> Vec<Violation> {
        violations(&self.0, result, "")
    }
}

/// Whether the request has content (RFC 9112, section 6).
fn has_body(headers: &HeaderMap) -> bool {
    headers.contains_key(TRANSFER_ENCODING) || headers.get(CONTENT_LENGTH).is_some_and(|length| length != "0")
}
