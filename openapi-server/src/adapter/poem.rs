//! Handlers of poem.

use std::{collections::HashMap, sync::Arc};

use ::poem::{Body, Endpoint, EndpointExt, IntoEndpoint, IntoResponse, Request, Response, Result, endpoint::BoxEndpoint};
use http::StatusCode;

use crate::{
    contract::{Contract, Head, Matched, drain_after},
    envelope::RequestId,
    metrics::{Operation, Undocumented},
    problem::Problem,
};

/// Handlers behind a contract; [`Contract::enforce`] makes it.
pub struct Enforced<E> {
    contract: Arc<Contract>,
    handlers: E,
}

impl Contract {
    /// Holds every request for `handlers` to the contract.
    pub fn enforce<E>(self: Arc<Self>, handlers: E) -> Enforced<E> {
        Enforced { contract: self, handlers }
    }
}

/// Handlers by the path templates of the document, which the contract has found already.
///
/// Unlike [`poem::Route`] it takes every template that a document may have, such as `/compare/{base}...{head}`, and looks nothing up
/// twice. Handlers read parameters with [`ValidParameters`](crate::contract::ValidParameters); `poem::web::Path` sees none.
///
/// ```
/// use openapi_server::Routes;
/// use poem::{RouteMethod, handler};
///
/// #[handler]
/// fn compare() -> &'static str {
///     "no difference"
/// }
///
/// let routes = Routes::new().at("/compare/{base}...{head}", RouteMethod::new().get(compare));
/// ```
#[derive(Default)]
pub struct Routes(HashMap<String, BoxEndpoint<'static>>);

impl Routes {
    /// No handler.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the handlers of a path, written as in the document; in the place of those that were there.
    #[must_use]
    pub fn at<E>(mut self, template: impl Into<String>, handlers: E) -> Self
    where
        E: IntoEndpoint,
        E::Endpoint: 'static,
    {
        self.0.insert(template.into(), handlers.into_endpoint().map_to_response().boxed());
        self
    }
}

impl Endpoint for Routes {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        let template = request.data::<Template>().map(|Template(template)| Arc::clone(template));
        match template.as_deref().and_then(|template| self.0.get(template)) {
            Some(handlers) => handlers.call(request).await,
            None => Err(Problem::internal(format!(
                "no handler for {}",
                template.as_deref().unwrap_or("a request without a contract")
            ))
            .into()),
        }
    }
}

/// The path template of a request.
#[derive(Clone)]
struct Template(Arc<str>);

fn head(request: &Request) -> Head<'_> {
    Head { method: request.method(), uri: request.uri(), headers: request.headers() }
}

impl<E: Endpoint> Endpoint for Enforced<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> Result<Response> {
        let contract = &self.contract;
        let timeout = contract.limits().body_timeout;
        let mut body = Box::pin(request.take_body().into_bytes_stream());
        let matched = match contract.route(head(&request)) {
            Ok(matched) => matched,
            Err(problem) => {
                drain_after(request.headers(), body, timeout);
                return Err(problem.into());
            }
        };
        tracing::Span::current().record("operation", matched.operation_id());
        let operation = Operation(matched.shared_operation_id());
        let id = request.data::<RequestId>().cloned();
        let mut response = match contract.admit(&matched, head(&request), &mut body).await {
            Ok(mut admitted) => {
                let standing = admitted.standing.take();
                admitted.insert_into(request.extensions_mut());
                request.extensions_mut().insert(Template(matched.shared_template()));
                if !matched.takes_body() {
                    request.set_body(Body::from_bytes_stream(body));
                }
                let mut response = match self.handlers.call(request).await {
                    Ok(response) => response.into_response(),
                    Err(error) => contract.documented(&matched, Problem::from_error(error)).into_response(),
                };
                if let Some(standing) = standing {
                    standing.insert_into(response.headers_mut());
                }
                response
            }
            Err(problem) => {
                drain_after(request.headers(), body, timeout);
                // It is the library's, and no answer of a handler to be checked.
                let mut response = problem.into_response();
                response.extensions_mut().insert(operation);
                return Ok(response);
            }
        };
        if contract.limits().check_responses && response.status() != StatusCode::INTERNAL_SERVER_ERROR {
            response = check(contract, &matched, response, id).await?;
        }
        response.extensions_mut().insert(operation);
        Ok(response)
    }
}

/// The response as it is, or 500 when it breaks the document.
async fn check(contract: &Contract, matched: &Matched<'_>, mut response: Response, id: Option<RequestId>) -> Result<Response> {
    if let Some(id) = id {
        id.stamp(&mut response); // The envelope does so for every response, and this one is checked before it gets there.
    }
    let (parts, body) = response.into_parts();
    let bytes = body.into_bytes().await.map_err(|error| Problem::internal(format!("the body cannot be read: {error}")))?;
    let broken = contract.violations_in_answer(matched, parts.status, &parts.headers, &bytes);
    if broken.is_empty() {
        Ok(Response::from_parts(parts, bytes.into()))
    } else {
        let problem = Problem::internal(format!("the response breaks the document: {}", broken.join("; ")));
        let mut response = contract.documented(matched, problem).into_response();
        response.extensions_mut().insert(Undocumented);
        Ok(response)
    }
}
