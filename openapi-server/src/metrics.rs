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
/// | `http_undocumented_responses_total` | `operation` | answers of handlers that broke the document, where they are checked |
/// | `token_cache_hits_total`, `token_cache_misses_total` | | tokens that were remembered, or had to be verified |
/// | `token_cache_tokens` | | tokens that are remembered |
/// | `key_set_age_seconds` | | time since the issuer's keys were fetched; none where there are no keys, or none are fetched |
/// | `spans_sent_total`, `spans_dropped_total` | | spans of batches that the collector accepted, and those that found no place or were not accepted in time; where there is one |
///
/// Four of these are those of a [`Verifier`](crate::auth::Verifier); others may stand beside them
/// ([`Builder::figures`](crate::Builder::figures)).
///
/// The operation is `none` where no operation of the document was asked for. No label holds anything that a caller has sent.
///
/// ```
/// use openapi_server::metrics::Metrics;
///
/// assert!(!Metrics::new().text().contains("http_requests_total")); // Nobody has asked for anything yet.
/// ```
pub struct Metrics {
    registry: Mutex<Registry>,
    requests: Family<Answered, Counter>,
    seconds: Family<Of, Histogram>,
    refusals: Family<Refused, Counter>,
    undocumented: Family<Of, Counter>,
}

/// Marks the 500 that is sent instead of an answer that breaks the document; it travels in the response's extensions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Undocumented;

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
        Self::beside(Registry::default())
    }

    /// The same, beside other figures.
    pub fn beside(mut registry: Registry) -> Self {
        let (requests, refusals, undocumented) = (Family::default(), Family::default(), Family::default());
        let seconds = Family::new_with_constructor((|| Histogram::new(BOUNDS)) as fn() -> Histogram);
        registry.register("http_requests", "Requests answered", requests.clone());
        registry.register("http_request_duration_seconds", "How long an answer took", seconds.clone());
        registry.register("http_refusals", "Violations that were told", refusals.clone());
        registry.register("http_undocumented_responses", "Answers that broke the document", undocumented.clone());
        Self { registry: Mutex::new(registry), requests, seconds, refusals, undocumented }
    }

    /// Counts a request with its answer.
    pub(crate) fn count(&self, response: &Response, elapsed: Duration) {
        let operation =
            response.extensions().get::<Operation>().map_or_else(|| Arc::from("none"), |operation| Arc::clone(&operation.0));
        let status = response.status().as_u16();
        self.requests.get_or_create(&Answered { operation: Arc::clone(&operation), status }).inc();
        self.seconds.get_or_create(&Of { operation: Arc::clone(&operation) }).observe(elapsed.as_secs_f64());
        if response.extensions().get::<Undocumented>().is_some() {
            self.undocumented.get_or_create(&Of { operation: Arc::clone(&operation) }).inc();
        }
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

#[cfg(test)]
mod tests {
    use poem::{Route, get};

    use super::*;
    use crate::{Document, Server, Settings, contract::Limits};

    #[tokio::test]
    async fn an_answer_that_breaks_the_document_is_counted_for_its_operation() {
        let document = Document::parse(
            r#"
openapi: 3.1.0
info: { title: Status, version: "1" }
paths:
  /status:
    get: { operationId: getStatus, responses: { "204": { description: Nothing to say. } } }
"#,
        );
        let settings = Settings { limits: Limits { check_responses: true, ..Limits::default() }, ..Settings::default() };
        let builder = Server::new(document.unwrap()).settings(settings).metrics(Some("127.0.0.1:0".parse().unwrap()));
        let handlers = Route::new().at("/status", get(make_sync(|_| "fine")));
        let server = builder.bind("127.0.0.1:0".parse().unwrap(), handlers).await.unwrap();
        let (url, figures) = (format!("http://{}/status", server.address()), server.metrics_address().unwrap());
        tokio::spawn(server.run(std::future::pending()));
        assert_eq!(reqwest::get(url).await.unwrap().status(), 500);
        let text = reqwest::get(format!("http://{figures}/metrics")).await.unwrap().text().await.unwrap();
        for line in [
            "http_undocumented_responses_total{operation=\"getStatus\"} 1",
            "http_requests_total{operation=\"getStatus\",status=\"500\"} 1",
        ] {
            assert!(text.lines().any(|other| other == line), "{line} is not in\n{text}");
        }
    }
}
