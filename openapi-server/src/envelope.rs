//! Around every request, documented or operational: its id and its line in the log, the limits on requests under way and on
//! time, and one shape for every error, also for those that the framework or a panic raises.

use std::{
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::FutureExt;
use poem::{
    Endpoint, IntoResponse, Request, Response, Result,
    http::{
        HeaderName, HeaderValue, Method,
        header::{ALLOW, CONNECTION, TRANSFER_ENCODING},
    },
};
use tracing::{Instrument, Span, field};
use uuid::Uuid;

use crate::{
    admission::{Admission, Refusals},
    head, health,
    metrics::Metrics,
    problem::{LogNote, Problem},
    trace_context::TraceContext,
    traces::{Recorded, Tracer},
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of a request; it travels in the request's extensions.
#[derive(Clone)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// The caller's own id where it is sane, else a new one.
    fn of(request: &Request) -> Self {
        let sane = |id: &&HeaderValue| {
            let id = id.as_bytes();
            (1..=64).contains(&id.len()) && id.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte))
        };
        let made = || HeaderValue::try_from(Uuid::new_v4().to_string()).unwrap_or(HeaderValue::from_static("none"));
        Self(request.headers().get(REQUEST_ID).filter(sane).cloned().unwrap_or_else(made))
    }

    /// Names the request in its response.
    pub fn stamp(&self, response: &mut Response) {
        response.headers_mut().insert(REQUEST_ID, self.0.clone());
    }

    fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }
}

/// The whole application behind its envelope.
///
/// ```
/// use std::time::Duration;
///
/// use openapi_server::envelope::Envelope;
/// use poem::{Endpoint, Request, Route, get, handler};
///
/// #[handler]
/// fn status() -> &'static str {
///     "fine"
/// }
///
/// # #[tokio::main]
/// # async fn main() -> poem::Result<()> {
/// let routes = Route::new().at("/status", get(status));
/// let application = Envelope::new(routes, 100, 100, Duration::from_secs(30));
/// let ask = |path| application.call(Request::builder().uri_str(path).header("host", "127.0.0.1").finish());
/// assert_eq!(ask("/status").await?.status(), 200);
/// let refused = ask("/nothing").await?;
/// assert_eq!((refused.status().as_u16(), refused.content_type()), (404, Some("application/problem+json")));
/// assert!(refused.headers().contains_key("x-request-id"));
/// # Ok(())
/// # }
/// ```
pub struct Envelope<E> {
    application: E,
    admission: Admission,
    timeout: Duration,
    metrics: Option<Arc<Metrics>>,
    tracer: Option<Tracer>,
}

impl<E: Endpoint> Envelope<E> {
    /// Lets `max_requests` run at a time, each for at most `timeout`, and `max_queued` wait for their turn. Probes do not count.
    pub fn new(application: E, max_requests: usize, max_queued: usize, timeout: Duration) -> Self {
        Self { application, admission: Admission::new(max_requests, max_queued), timeout, metrics: None, tracer: None }
    }

    /// Counts every request.
    #[must_use]
    pub fn metrics(mut self, metrics: Option<Arc<Metrics>>) -> Self {
        self.metrics = metrics;
        self
    }

    /// Records a span of every request but for probes and those that get no turn.
    #[must_use]
    pub(crate) fn tracer(mut self, tracer: Option<Tracer>) -> Self {
        self.tracer = tracer;
        self
    }

    /// The refusals of requests that got no turn.
    pub(crate) fn refusals(&self) -> Refusals {
        self.admission.refusals()
    }

    fn count(&self, response: &Response, begin: Instant) {
        if let Some(metrics) = &self.metrics {
            metrics.count(response, begin.elapsed());
        }
    }

    async fn answer(&self, request: Request) -> Response {
        if let Err(problem) = head::check(&request) {
            return problem.into_response();
        }
        let running = AssertUnwindSafe(self.application.call(request)).catch_unwind();
        match tokio::time::timeout(self.timeout, running).await {
            Ok(Ok(Ok(response))) => response.into_response(),
            Ok(Ok(Err(error))) => {
                let not_allowed = error.is::<poem::error::MethodNotAllowedError>();
                let problem = Problem::from_error(error);
                // The framework raises it for the operational routes, which all are read only.
                let problem = if not_allowed { problem.header(ALLOW, HeaderValue::from_static("GET, HEAD")) } else { problem };
                problem.into_response()
            }
            Ok(Err(_)) => Problem::internal("a panic").into_response(),
            Err(_) => Problem::unavailable(1, "the request took too long").into_response(),
        }
    }
}

impl<E: Endpoint> Endpoint for Envelope<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> Result<Response> {
        let begin = Instant::now();
        let id = RequestId::of(&request);
        let probe = health::is_probe(request.uri().path());
        let turn = if probe { None } else { self.admission.turn().await };
        if turn.is_none() && !probe {
            let response = overloaded(&id);
            self.count(&response, begin);
            return Ok(response);
        }
        let chunked = request.headers().contains_key(TRANSFER_ENCODING);
        request.set_data(id.clone());
        // Neither path nor query: they may hold personal data. The contract names the operation.
        let trace = TraceContext::of(request.headers());
        let method = known(request.method()).to_owned();
        let recorded = self.tracer.as_ref().filter(|_| !probe).map(|tracer| tracer.begin(&method, trace));
        let span = tracing::info_span!(
            "request",
            id = id.as_str(),
            method,
            operation = field::Empty,
            trace = recorded.as_ref().map(Recorded::trace).or(trace.map(|context| context.trace.to_owned())),
            parent = trace.map(|context| context.parent),
            span = recorded.as_ref().map(Recorded::span),
        );
        let mut response = self.answer(request).instrument(span.clone()).await;
        if chunked {
            // Where a chunked body ends is what servers have disagreed about; nothing that follows it is taken for a request.
            response.headers_mut().insert(CONNECTION, CLOSE);
        }
        id.stamp(&mut response);
        record(&span, &response, begin.elapsed());
        if let Some(recorded) = recorded {
            recorded.end(&response);
        }
        self.count(&response, begin);
        Ok(response)
    }
}

const CLOSE: HeaderValue = HeaderValue::from_static("close");

/// The refusal of a request that gets no turn. It costs as little as it can: no line in the log, and the connection is closed, so that
/// the next request has to queue for a new one.
fn overloaded(id: &RequestId) -> Response {
    let mut response = Problem::unavailable(1, "too many requests are in progress").into_response();
    response.headers_mut().insert(CONNECTION, CLOSE);
    id.stamp(&mut response);
    response
}

/// A method is any word that the caller likes; the log only knows the usual ones.
fn known(method: &Method) -> &str {
    match *method {
        Method::GET | Method::HEAD | Method::POST | Method::PUT | Method::PATCH | Method::DELETE | Method::OPTIONS => {
            method.as_str()
        }
        _ => "other",
    }
}

fn record(span: &Span, response: &Response, elapsed: Duration) {
    let status = response.status();
    let milliseconds = elapsed.as_secs_f64() * 1000.0;
    let note = response.extensions().get::<LogNote>();
    let code = note.map(|note| field::debug(note.code));
    let rules = note.filter(|note| !note.rules.is_empty()).map(|note| note.rules.join(" "));
    let cause = note.and_then(|note| note.cause.as_deref());
    let _entered = span.enter();
    if status.is_server_error() {
        tracing::error!(status = status.as_u16(), milliseconds, code, rules, cause, "failed");
    } else if note.is_none() {
        tracing::info!(status = status.as_u16(), milliseconds, "answered");
    } else {
        tracing::info!(status = status.as_u16(), milliseconds, code, rules, cause, "refused");
    }
}

/// An application that is shared by all connections.
pub type Application = Arc<dyn poem::endpoint::DynEndpoint<Output = Response>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_sane_request_id_is_taken_over() {
        let with = |id: &str| RequestId::of(&Request::builder().header(REQUEST_ID, id).finish()).as_str().to_owned();
        assert_eq!(with("a-B_9.z"), "a-B_9.z");
        assert_eq!(with(&"x".repeat(64)), "x".repeat(64));
        for insane in ["", "a b", "a\"b", &"x".repeat(65), "a,b"] {
            let made = with(insane);
            assert_ne!(made, insane);
            assert!(Uuid::parse_str(&made).is_ok(), "{made}");
        }
    }
}
