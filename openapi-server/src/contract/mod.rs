//! The document, compiled: what every request, and on demand every response, is held to.
//!
//! The order of the checks is fixed, from what costs least and tells least to what needs the body:
//! 404, 405 → 401, 403 → 429 → 415 → 413 → 400. Whatever passes them reaches the handler; 409 is the handler's.

mod body;
mod document;
mod operation;
mod parameters;
mod rate;
mod response;
mod violations;

use std::{collections::BTreeSet, num::NonZeroU32, sync::Arc, time::Duration};

use mime::Mime;
use poem::{
    Endpoint, IntoResponse, Request, Response, Result,
    http::{
        HeaderMap, StatusCode,
        header::{ALLOW, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING},
    },
};
use serde_json::Value;

pub use self::{body::ValidBody, document::Document, operation::Place, parameters::ValidParameters};
use self::{
    operation::{Body, Methods, Operation, RequestContent},
    parameters::PathValues,
    rate::RateLimit,
    violations::violations,
};
use crate::{
    auth::Verifier,
    envelope::RequestId,
    problem::{Code, Problem, Violation},
};

/// Why a document cannot be enforced.
#[derive(Debug, thiserror::Error)]
pub enum ContractError {
    /// It is not YAML.
    #[error("the document is not YAML: {0}")]
    Yaml(String),
    /// It is not an OpenAPI 3.1 document.
    #[error("the document is not an OpenAPI 3.1 document")]
    NotOpenApi,
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
    #[error("the path {path} cannot be routed: {cause}")]
    Route {
        /// The path template.
        path: String,
        /// What the router says.
        cause: String,
    },
    /// Operations need access tokens, and there is no verifier for them.
    #[error("the operation at {0} needs an access token, and the server accepts none")]
    NoVerifier(String),
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
    /// Whether responses are checked too; one that breaks the document becomes a 500.
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
/// use openapi_server::contract::{Contract, Limits};
/// use poem::{Endpoint, IntoResponse, Request, endpoint::make_sync};
/// use serde_json::json;
///
/// let document = json!({
///     "openapi": "3.1.0", "info": { "title": "Status", "version": "1" },
///     "paths": { "/status": { "get": {
///         "operationId": "getStatus", "responses": { "200": { "description": "The status." } },
///         "parameters": [{ "name": "verbose", "in": "query", "schema": { "type": "boolean" } }]
///     } } }
/// });
/// let contract = Contract::compile(&document, None, Limits::default())?;
/// let endpoint = Arc::new(contract).enforce(make_sync(|_| "fine"));
/// # let runtime = tokio::runtime::Runtime::new().unwrap();
/// # let ask = |uri: &'static str| runtime.block_on(endpoint.get_response(Request::builder().uri_str(uri).finish())).status();
/// assert_eq!(ask("/status?verbose=true"), 200);
/// assert_eq!(ask("/status?verbose=perhaps"), 400);
/// # Ok::<(), openapi_server::contract::ContractError>(())
/// ```
pub struct Contract {
    routes: matchit::Router<Methods>,
    paths: Vec<String>,
    scopes: BTreeSet<String>,
    verifier: Option<Verifier>,
    limits: Limits,
    rate: Option<RateLimit>,
}

impl Contract {
    /// Compiles the document.
    ///
    /// # Errors
    ///
    /// [`ContractError`] also for what could not be enforced: nothing documented goes unchecked.
    pub fn compile(document: &Value, verifier: impl Into<Option<Verifier>>, limits: Limits) -> Result<Self, ContractError> {
        let verifier = verifier.into();
        let mut routes = matchit::Router::new();
        let (mut paths, mut scopes) = (Vec::new(), BTreeSet::new());
        for (path, methods) in operation::compile(document)? {
            for (_, operation) in &methods.operations {
                let Some(needed) = &operation.scopes else { continue };
                if verifier.is_none() {
                    return Err(ContractError::NoVerifier(path));
                }
                scopes.extend(needed.iter().cloned());
            }
            paths.push(path.clone());
            routes.insert(path.clone(), methods).map_err(|error| ContractError::Route { path, cause: error.to_string() })?;
        }
        let rate = limits.rate.map(RateLimit::new);
        Ok(Self { routes, paths, scopes, verifier, limits, rate })
    }

    /// The path templates of the document.
    pub fn paths(&self) -> &[String] {
        &self.paths
    }

    /// Every scope that an operation of the document needs, in order.
    pub fn scopes(&self) -> Vec<&str> {
        self.scopes.iter().map(String::as_str).collect()
    }

    /// Whether access tokens can be judged now, where the document asks for any.
    ///
    /// # Errors
    ///
    /// The reason why not, for the log.
    pub fn ready(&self) -> Result<(), String> {
        self.verifier.as_ref().map_or(Ok(()), Verifier::ready)
    }

    /// Holds every request for `handlers` to the contract.
    pub fn enforce<E>(self: Arc<Self>, handlers: E) -> Enforced<E> {
        Enforced { contract: self, handlers }
    }

    /// The operation that a request is for.
    fn route(&self, request: &Request) -> Result<(&Operation, PathValues), Problem> {
        let route = self.routes.at(request.uri().path()).map_err(|_| Problem::new(Code::NotFound))?;
        let operation = route.value.operations.iter().find(|(method, _)| method == request.method());
        let (_, operation) =
            operation.ok_or_else(|| Problem::new(Code::MethodNotAllowed).header(ALLOW, route.value.allow.clone()))?;
        let path_values = route.params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Ok((operation, path_values))
    }

    /// Checks the request; what the handler needs is then in its extensions.
    async fn admit(&self, operation: &Operation, path: &PathValues, request: &mut Request) -> Result<(), Problem> {
        if let Some(scopes) = &operation.scopes {
            // A contract with scopes does not compile without a verifier.
            let verifier = self.verifier.as_ref().ok_or_else(|| Problem::internal("there is no verifier"))?;
            let caller = verifier.authorise(request.headers(), scopes).await?;
            if let Some(rate) = &self.rate {
                rate.admit(caller.subject())?;
            }
            request.set_data(caller);
        }
        let (valid, mut broken) = parameters::check(&operation.parameters, path, request);
        request.set_data(valid);
        if let Some(body) = &operation.body {
            broken.extend(self.body(body, request).await?);
        }
        if broken.is_empty() { Ok(()) } else { Err(Problem::new(Code::BadRequest).errors(broken)) }
    }

    /// Every violation in the body; the valid one is put into the request's extensions.
    async fn body(&self, body: &Body, request: &mut Request) -> Result<Vec<Violation>, Problem> {
        if !body.required && !has_body(request.headers()) {
            return Ok(Vec::new());
        }
        let content = accepted(body, request.headers())?;
        let announced = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        body::check_length(announced, self.limits.body)?;
        let bytes = body::read(request.take_body(), announced, self.limits.body, self.limits.body_timeout).await?;
        let value = body::parse(&bytes)?;
        let broken = violations(&content.validator, &value, "");
        if broken.is_empty() {
            request.set_data(ValidBody::new(value));
            if let Some(result) = &content.result {
                request.set_data(ResultSchema(Arc::clone(result)));
            }
        }
        Ok(broken)
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

/// The content for the request's media type (RFC 9110, section 8.3). A charset other than UTF-8 or a content coding is refused
/// too: JSON has none (RFC 8259, section 8.1).
fn accepted<'a>(body: &'a Body, headers: &HeaderMap) -> Result<&'a RequestContent, Problem> {
    let refused = || {
        let known = body.media_types.iter().map(|known| known.media_type.essence_str()).collect::<Vec<_>>().join(" or ");
        Problem::new(Code::UnsupportedMediaType)
            .message(format!("The body must be {known}, in UTF-8 and without content coding."))
    };
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let media_type = match (types.next(), types.next()) {
        (Some(one), None) => one.to_str().ok().and_then(|text| text.parse::<Mime>().ok()).ok_or_else(refused)?,
        _ => return Err(refused()),
    };
    let utf8 = media_type.get_param(mime::CHARSET).is_none_or(|charset| charset == mime::UTF_8);
    let plain = headers.get_all(CONTENT_ENCODING).iter().all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity"));
    let known = body.media_types.iter().find(|known| known.media_type.essence_str() == media_type.essence_str());
    known.filter(|_| utf8 && plain).ok_or_else(refused)
}

/// Whether the request has content (RFC 9112, section 6).
fn has_body(headers: &HeaderMap) -> bool {
    headers.contains_key(TRANSFER_ENCODING) || headers.get(CONTENT_LENGTH).is_some_and(|length| length != "0")
}

/// Handlers behind a contract.
pub struct Enforced<E> {
    contract: Arc<Contract>,
    handlers: E,
}

impl<E: Endpoint> Endpoint for Enforced<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> Result<Response> {
        let contract = &self.contract;
        let (operation, path) = match contract.route(&request) {
            Ok(found) => found,
            Err(problem) => {
                body::drain_after(&mut request, contract.limits.body_timeout);
                return Err(problem.into());
            }
        };
        tracing::Span::current().record("operation", &operation.id);
        let id = request.data::<RequestId>().cloned();
        let mut response = match contract.admit(operation, &path, &mut request).await {
            Ok(()) => match self.handlers.call(request).await {
                Ok(response) => response.into_response(),
                Err(error) => Problem::from_error(error).into_response(),
            },
            Err(problem) => {
                body::drain_after(&mut request, contract.limits.body_timeout);
                problem.into_response()
            }
        };
        if !contract.limits.check_responses || response.status() == StatusCode::INTERNAL_SERVER_ERROR {
            return Ok(response);
        }
        if let Some(id) = id {
            id.stamp(&mut response); // The envelope does so for every response, and this one is checked before it gets there.
        }
        let checked = response::check(operation, response).await;
        checked.map_err(|broken| Problem::internal(format!("the response breaks the document: {}", broken.join("; "))).into())
    }
}
