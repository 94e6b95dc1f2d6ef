//! Handlers of poem.

use std::sync::Arc;

use ::poem::{Body, Endpoint, IntoResponse, Request, Response, Result};
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
