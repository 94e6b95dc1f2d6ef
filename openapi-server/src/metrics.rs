//! Figures of the requests, for Prometheus.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use poem::{Endpoint, EndpointExt, IntoResponse, Response, endpoint::make_sync};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry,
};

use crate::problem::{Code, LogNote, Problem};

/// The upper bounds of the histogram, in seconds.
const BOUNDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// The media type of what is served (OpenMetrics 1.0).
const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Figures of the requests by operation: how many there were with each status, how long they took, and which rules refused them.
///
/// | name | labels | |
/// |---|---|---|
/// | `http_requests_total` | `operation`, `status` | requests answered |
/// | `http_request_duration_seconds` | `operation` | how long that took |
/// | `http_refusals_total` | `operation`, `rule` | violations that were told, by the keyword that was broken |
///
/// The operation is `none` where no operation of the document was asked for. No label holds anything that a caller has sent.
///
/// ```
/// use openapi_server::metrics::Metrics;
///
/// assert_eq!(Metrics::new().text(), "# EOF\n"); // Nobody has asked for anything yet.
/// ```
pub struct Metrics {
    registry: Mutex<Registry>,
    requests: Family<Answered, Counter>,
    seconds: Family<Of, Histogram>,
    refusals: Family<Refused, Counter>,
}

/// The operation that a request was for; it travels in the response's extensions.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Operation(pub Arc<str>);

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    operation: Arc<str>,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    operation: Arc<str>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refused {
    operation: Arc<str>,
    rule: String,
}

impl Metrics {
    /// No requests yet.
    pub fn new() -> Self {
        let mut registry = Registry::default();
        let (requests, refusals) = (Family::default(), Family::default());
        let seconds = Family::new_with_constructor((|| Histogram::new(BOUNDS)) as fn() -> Histogram);
        registry.register("http_requests", "Requests answered", requests.clone());
        registry.register("http_request_duration_seconds", "How long an answer took", seconds.clone());
        registry.register("http_refusals", "Violations that were told", refusals.clone());
        Self { registry: Mutex::new(registry), requests, seconds, refusals }
    }

    /// Counts a request with its answer.
    pub(crate) fn count(&self, response: &Response, elapsed: Duration) {
        let operation =
            response.extensions().get::<Operation>().map_or_else(|| Arc::from("none"), |operation| Arc::clone(&operation.0));
        let status = response.status().as_u16();
        self.requests.get_or_create(&Answered { operation: Arc::clone(&operation), status }).inc();
        self.seconds.get_or_create(&Of { operation: Arc::clone(&operation) }).observe(elapsed.as_secs_f64());
        for rule in response.extensions().get::<LogNote>().into_iter().flat_map(|note| &note.rules) {
            self.refusals.get_or_create(&Refused { operation: Arc::clone(&operation), rule: rule.clone() }).inc();
        }
    }

    /// All figures in the text format of OpenMetrics.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail, and a registry that somebody panicked with is read as it is.
        let _ = encode(&mut text, &self.registry.lock().unwrap_or_else(PoisonError::into_inner));
        text
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// Answers `GET /metrics` and nothing else.
pub(crate) fn endpoint(metrics: Arc<Metrics>) -> impl Endpoint<Output = Response> {
    make_sync(move |request| {
        if request.uri().path() == "/metrics" && request.method() == http::Method::GET {
            Response::builder().content_type(MEDIA_TYPE).body(metrics.text())
        } else {
            Problem::new(Code::NotFound).into_response()
        }
    })
    .map_to_response()
}
