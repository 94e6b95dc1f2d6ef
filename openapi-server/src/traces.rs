//! Spans of requests, sent to a collector of OpenTelemetry (OTLP over HTTP).
//!
//! The SDK makes the spans, and its exporter sends them. Between the two is a queue of our own: the SDK's takes a thread, and does not
//! tell how many spans it dropped.

use std::{
    sync::{PoisonError, RwLock},
    time::Duration,
};

use opentelemetry::{
    Context, Key, KeyValue,
    trace::{
        Span as _, SpanContext, SpanId, SpanKind, Status, TraceContextExt, TraceFlags, TraceId, TraceState, Tracer as _,
        TracerProvider,
    },
};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{SdkTracer, SdkTracerProvider, Span, SpanData, SpanExporter as _, SpanProcessor},
};
use poem::Response;
use prometheus_client::{metrics::counter::Counter, registry::Registry};
use reqwest::{Client, Url, redirect::Policy};
use tokio::{sync::mpsc, task::JoinHandle};

use crate::{metrics::Operation, trace_context::TraceContext};

/// How many spans wait to be sent: a tenth of a second's at full speed, a few megabytes.
const QUEUE: usize = 8192;

/// How many are sent at a time.
const BATCH: usize = 512;

/// How long spans gather before they are sent.
const PAUSE: Duration = Duration::from_millis(100);

/// How long the collector may take for a batch, further tries included.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How long sending the last ones may hold up the end.
const FLUSH: Duration = Duration::from_secs(5);

/// Why spans cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum TracesError {
    /// The address is not one; it is not repeated, since it may hold a password.
    #[error("the collector's address is not an http or https URL")]
    Endpoint,
    /// The address holds a user name or password, which would not be sent.
    #[error("the collector's address has a user name or password")]
    Credentials,
    /// The exporter cannot be made as the environment wants it.
    #[error("spans cannot be sent: {0}")]
    Client(String),
}

/// Sends spans until it is finished.
pub(crate) struct Traces {
    provider: SdkTracerProvider,
    sending: JoinHandle<()>,
}

impl Traces {
    /// Sends to this collector from now on, in the name of `service` unless the environment has another one (`OTEL_SERVICE_NAME`). That it
    /// can be reached is not needed.
    pub fn start(endpoint: &str, service: &'static str, figures: &mut Registry) -> Result<Self, TracesError> {
        let url = address(endpoint)?;
        // A redirect could lead the headers with a key of the collector elsewhere.
        let client = Client::builder().timeout(TIMEOUT).redirect(Policy::none()).build();
        let client = client.map_err(|error| TracesError::Client(error.to_string()))?;
        let builder = SpanExporter::builder().with_http().with_http_client(client).with_protocol(Protocol::HttpBinary);
        let exporter = builder.with_endpoint(url).build().map_err(|error| TracesError::Client(error.to_string()))?;
        Ok(Self::with(exporter, service, figures, QUEUE))
    }

    fn with(mut exporter: SpanExporter, service: &'static str, figures: &mut Registry, queue: usize) -> Self {
        let resource = resource(service);
        exporter.set_resource(&resource);
        let (sent, dropped) = (Counter::default(), Counter::default());
        figures.register("spans_sent", "Spans of batches that the collector accepted", sent.clone());
        figures.register(
            "spans_dropped",
            "Spans that the queue had no place for, and those of batches that the collector did not accept in time",
            dropped.clone(),
        );
        let (sender, receiver) = mpsc::channel(queue);
        let queue = Queue { spans: RwLock::new(Some(sender)), dropped: dropped.clone() };
        let provider = SdkTracerProvider::builder().with_resource(resource).with_span_processor(queue).build();
        Self { provider, sending: tokio::spawn(send(receiver, exporter, sent, dropped)) }
    }

    /// What records the spans of requests.
    pub fn tracer(&self) -> Tracer {
        Tracer(self.provider.tracer("openapi-server"))
    }

    /// Records no more, and sends what waits.
    pub async fn finish(self) {
        let _ = self.provider.shutdown(); // It closes the queue, which cannot fail.
        let abort = self.sending.abort_handle();
        if tokio::time::timeout(FLUSH, self.sending).await.is_err() {
            abort.abort();
            tracing::warn!("the collector did not take the last spans in time");
        }
    }
}

/// The address for spans below that of the collector.
fn address(endpoint: &str) -> Result<Url, TracesError> {
    let url = Url::parse(endpoint).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let mut url = url.ok_or(TracesError::Endpoint)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(TracesError::Credentials);
    }
    url.path_segments_mut().map_err(|()| TracesError::Endpoint)?.pop_if_empty().extend(["v1", "traces"]);
    Ok(url)
}

/// What the spans are of: the service, and what the environment says about it (`OTEL_RESOURCE_ATTRIBUTES`).
fn resource(service: &'static str) -> Resource {
    let found = Resource::builder().build();
    let named = found.get(&Key::new("service.name")).is_some_and(|name| !name.as_str().starts_with("unknown_service"));
    if named { found } else { Resource::builder().with_service_name(service).build() }
}

/// Where spans wait; a full queue takes no more.
#[derive(Debug)]
struct Queue {
    /// None at the end.
    spans: RwLock<Option<mpsc::Sender<SpanData>>>,
    dropped: Counter,
}

impl SpanProcessor for Queue {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        let spans = self.spans.read().unwrap_or_else(PoisonError::into_inner);
        if spans.as_ref().is_none_or(|spans| spans.try_send(span).is_err()) {
            self.dropped.inc();
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        self.spans.write().unwrap_or_else(PoisonError::into_inner).take();
        Ok(())
    }
}

/// Sends what waits, batch by batch, until the queue is closed and empty.
async fn send(mut spans: mpsc::Receiver<SpanData>, exporter: SpanExporter, sent: Counter, dropped: Counter) {
    let mut taken = true;
    let mut batch = Vec::new();
    loop {
        let count = spans.recv_many(&mut batch, BATCH).await;
        if count == 0 {
            return;
        }
        let outcome = tokio::time::timeout(TIMEOUT, exporter.export(std::mem::take(&mut batch))).await;
        let cause = match outcome {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some("it takes too long".to_owned()),
        };
        if cause.is_none() { &sent } else { &dropped }.inc_by(count as u64);
        // One line for an outage, and one for its end.
        match &cause {
            Some(cause) if taken => tracing::warn!(cause, "the collector takes no spans; they are dropped until it does"),
            None if !taken => tracing::info!("the collector takes spans again"),
            _ => {}
        }
        taken = cause.is_none();
        if spans.len() < BATCH && !spans.is_closed() {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Records the spans of requests.
pub(crate) struct Tracer(SdkTracer);

impl Tracer {
    /// Begins a span, below that of the caller where there is one.
    pub fn begin(&self, method: &str, caller: Option<TraceContext<'_>>) -> Recorded {
        let parent = caller.and_then(remote).map(|parent| Context::new().with_remote_span_context(parent));
        let method = method.to_owned();
        let builder = self.0.span_builder(method.clone()).with_kind(SpanKind::Server);
        let builder = builder.with_attributes([KeyValue::new("http.request.method", method)]);
        Recorded(builder.start_with_context(&self.0, &parent.unwrap_or_default()))
    }
}

/// The caller's span. Its `tracestate` is left out: nobody here needs it, and it holds whatever the caller likes.
fn remote(caller: TraceContext<'_>) -> Option<SpanContext> {
    let (trace, span) = (TraceId::from_hex(caller.trace).ok()?, SpanId::from_hex(caller.parent).ok()?);
    let flags = TraceFlags::default().with_sampled(caller.sampled);
    Some(SpanContext::new(trace, span, flags, true, TraceState::default()))
}

/// The span of a request under way. One that is dropped ends too: its client has gone away.
pub(crate) struct Recorded(Span);

impl Recorded {
    /// The trace that it belongs to, in hexadecimal digits.
    pub fn trace(&self) -> String {
        self.0.span_context().trace_id().to_string()
    }

    /// Its own id, in hexadecimal digits.
    pub fn span(&self) -> String {
        self.0.span_context().span_id().to_string()
    }

    /// Ends it with the answer.
    pub fn end(mut self, response: &Response) {
        let status = response.status();
        if let Some(operation) = response.extensions().get::<Operation>() {
            self.0.update_name(operation.0.to_string());
        }
        self.0.set_attribute(KeyValue::new("http.response.status_code", i64::from(status.as_u16())));
        if status.is_server_error() {
            self.0.set_attribute(KeyValue::new("error.type", status.as_str().to_owned()));
            self.0.set_status(Status::error(""));
        }
        self.0.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_go_below_the_address_and_only_over_http() {
        let to = |endpoint| address(endpoint).ok().map(String::from);
        for endpoint in ["http://127.0.0.1:4318", "http://127.0.0.1:4318/"] {
            assert_eq!(to(endpoint).as_deref(), Some("http://127.0.0.1:4318/v1/traces"));
        }
        assert_eq!(to("https://collector.example/otlp").as_deref(), Some("https://collector.example/otlp/v1/traces"));
        for wrong in ["", "127.0.0.1:4318", "file:///tmp/spans", "localhost:4318"] {
            assert_eq!(to(wrong), None, "{wrong}");
        }
        for secret in ["http://me:secret@127.0.0.1:4318", "https://me@collector.example", "http://:secret@127.0.0.1:4318"] {
            assert!(matches!(address(secret), Err(TracesError::Credentials)), "{secret}");
        }
    }

    #[tokio::test]
    async fn what_the_queue_does_not_hold_is_dropped_and_counted_at_once() {
        let (sender, mut receiver) = mpsc::channel(1);
        let dropped = Counter::default();
        let queue = Queue { spans: RwLock::new(Some(sender)), dropped: dropped.clone() };
        let provider = SdkTracerProvider::builder().with_span_processor(queue).build();
        let tracer = Tracer(provider.tracer("test"));
        for _ in 0..3 {
            tracer.begin("GET", None).end(&Response::default());
        }
        assert_eq!(dropped.get(), 2);
        assert!(receiver.recv().await.is_some());
        provider.shutdown().unwrap();
        assert!(receiver.recv().await.is_none(), "the queue is closed");
    }
}
