//! Services of tower, such as a router of axum.

use std::{
    error::Error,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::StreamExt;
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, BodyStream, Full, combinators::UnsyncBoxBody};
use tower_layer::Layer;
use tower_service::Service;

use crate::{
    contract::{Contract, Head, drain_after},
    problem::Problem,
};

/// A future of its own type, since the compiler does not see that the service's is `Send` for every lifetime.
type Answering<R, E> = Pin<Box<dyn Future<Output = Result<Response<R>, E>> + Send>>;

type BoxError = Box<dyn Error + Send + Sync>;

/// What requests and answers have for a body behind the layer.
pub type BoxBody = UnsyncBoxBody<Bytes, BoxError>;

/// Holds every request for a service to a contract: `Router::layer`, or `ServiceBuilder::layer`.
///
/// Put it around the whole router, so that it also sees requests for paths that the router does not have. Handlers find what was
/// validated in the request's extensions ([`ValidBody::of`](crate::ValidBody::of),
/// [`ValidParameters::of`](crate::contract::ValidParameters::of)), and can read the body once more.
///
/// ```
/// use std::sync::Arc;
///
/// use openapi_server::{Document, adapter::ContractLayer, contract::{Contract, Limits}};
/// use tower_layer::Layer;
///
/// let document = Document::parse("openapi: 3.1.0\ninfo: { title: Empty, version: '1' }\npaths: {}\n")?;
/// let contract = Arc::new(Contract::compile(&document, None, Limits::default())?);
/// let app = ContractLayer::new(contract).layer(axum::Router::<()>::new());
/// # Ok::<(), openapi_server::contract::ContractError>(())
/// ```
#[derive(Clone)]
pub struct ContractLayer {
    contract: Arc<Contract>,
}

impl ContractLayer {
    /// A layer for this contract.
    pub fn new(contract: Arc<Contract>) -> Self {
        Self { contract }
    }
}

impl<S> Layer<S> for ContractLayer {
    type Service = ContractService<S>;

    fn layer(&self, inner: S) -> ContractService<S> {
        ContractService { contract: Arc::clone(&self.contract), inner }
    }
}

/// A service behind a contract.
#[derive(Clone)]
pub struct ContractService<S> {
    contract: Arc<Contract>,
    inner: S,
}

impl<S, B, R> Service<Request<B>> for ContractService<S>
where
    S: Service<Request<BoxBody>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
    R: Body<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    type Response = Response<BoxBody>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let contract = Arc::clone(&self.contract);
        // The service that was ready is the one to call.
        let waiting = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, waiting);
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            let mut body = Box::pin(BodyStream::new(body).filter_map(|frame| {
                let data = frame.map_err(Into::into).map(|frame| frame.into_data().ok()).transpose();
                std::future::ready(data)
            }));
            let head = Head { method: &parts.method, uri: &parts.uri, headers: &parts.headers };
            let timeout = contract.limits().body_timeout;
            let matched = match contract.route(head) {
                Ok(matched) => matched,
                Err(problem) => {
                    drain_after(&parts.headers, body, timeout);
                    return Ok(refusal(problem));
                }
            };
            let mut admitted = match contract.admit(&matched, head, &mut body).await {
                Ok(admitted) => admitted,
                Err(problem) => {
                    drain_after(&parts.headers, body, timeout);
                    return Ok(refusal(problem));
                }
            };
            let body: BoxBody = match &admitted.body {
                Some(valid) => boxed(Full::new(valid.bytes().clone())),
                None => UnsyncBoxBody::new(http_body_util::StreamBody::new(body.map(|data| data.map(http_body::Frame::data)))),
            };
            let standing = admitted.standing.take();
            admitted.insert_into(&mut parts.extensions);
            let answer: Answering<R, S::Error> = Box::pin(inner.call(Request::from_parts(parts, body)));
            let mut response = answer.await?;
            if let Some(standing) = standing {
                standing.insert_into(response.headers_mut());
            }
            if !contract.limits().check_responses || response.status() == StatusCode::INTERNAL_SERVER_ERROR {
                return Ok(response.map(|body| UnsyncBoxBody::new(body.map_err(Into::into))));
            }
            let (parts, body) = response.into_parts();
            let Ok(bytes) = body.collect().await.map(http_body_util::Collected::to_bytes) else {
                let problem = Problem::internal("the body of the response cannot be read");
                return Ok(refusal(contract.documented(&matched, problem)));
            };
            let broken = contract.violations_in_answer(&matched, parts.status, &parts.headers, &bytes);
            if broken.is_empty() {
                return Ok(Response::from_parts(parts, boxed(Full::new(bytes))));
            }
            tracing::error!(operation = matched.operation_id(), "the response breaks the document: {}", broken.join("; "));
            Ok(refusal(contract.documented(&matched, Problem::internal("the response breaks the document"))))
        })
    }
}

fn boxed(body: Full<Bytes>) -> BoxBody {
    UnsyncBoxBody::new(body.map_err(|never| match never {}))
}

fn refusal(problem: Problem) -> Response<BoxBody> {
    let (status, headers, body) = problem.into_parts();
    let mut response = Response::new(boxed(Full::new(Bytes::from(body))));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
