//! Spans of requests, as a collector gets them.

use std::{sync::Arc, time::Duration};

use openapi_server::listener::{self, ConnectionLimits};
use opentelemetry_proto::tonic::{
    collector::trace::v1::{ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse},
    common::v1::{KeyValue, any_value::Value},
    trace::v1::Span,
};
use poem::{
    EndpointExt, Request, Response,
    endpoint::{ToDynEndpoint, make},
    http::StatusCode,
};
use prost::Message;
use reqwest::Method;
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::mpsc};
use users_api::{
    server::Server,
    store::{MemoryStore, UserStore},
};

use crate::{
    app::{self, App, minimal, send},
    process::{Process, binary, refusal},
};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// What a collector gets: the key that it asks for, and spans.
type Sent = (Option<String>, Vec<u8>);

/// A collector that keeps what it gets: its address, and what is sent to it.
async fn collector() -> (String, mpsc::UnboundedReceiver<Sent>) {
    let (kept, bodies) = mpsc::unbounded_channel();
    let keep = make(move |mut request: Request| {
        let kept = kept.clone();
        async move {
            assert_eq!((request.method(), request.uri().path()), (&poem::http::Method::POST, "/v1/traces"));
            let key = request.header("x-key").map(str::to_owned);
            let _ = kept.send((key, request.take_body().into_vec().await?)); // Nobody may want it any more.
            Ok::<_, poem::Error>("")
        }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let application = Arc::new(ToDynEndpoint(keep.map_to_response()));
    tokio::spawn(listener::serve(listener, application, ConnectionLimits::default(), std::future::pending()));
    (url, bodies)
}

/// The spans in these bodies, and the service that they are of.
fn spans(body: &[u8]) -> (String, Vec<Span>) {
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    let [of] = request.resource_spans.as_slice() else { panic!("{request:?}") };
    let service = text(&of.resource.as_ref().unwrap().attributes, "service.name");
    (service, of.scope_spans.iter().flat_map(|scope| scope.spans.clone()).collect())
}

/// The value of an attribute.
fn text(attributes: &[KeyValue], key: &str) -> String {
    let found = attributes.iter().find(|attribute| attribute.key == key).and_then(|attribute| attribute.value.clone());
    match found.and_then(|value| value.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        other => panic!("{key}: {other:?} of {attributes:?}"),
    }
}

/// This many spans, in the order of their names, and all that was sent for them.
async fn collect(bodies: &mut mpsc::UnboundedReceiver<Sent>, count: usize) -> (Vec<Span>, Vec<u8>) {
    let (mut all, mut raw) = (Vec::new(), Vec::new());
    while all.len() < count {
        let (_, body) = bodies.recv().await.unwrap();
        let (service, some) = spans(&body);
        assert_eq!(service, "users-api");
        all.extend(some);
        raw.extend(body);
    }
    all.sort_by(|one, other| one.name.cmp(&other.name));
    (all, raw)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_collector_gets_a_span_of_each_request_and_nothing_that_was_sent() {
    let (url, mut bodies) = collector().await;
    let app = App::with(|config| config.otlp_endpoint = Some(url)).await;
    let traced = app.post().header("traceparent", format!("00-{TRACE}-{PARENT}-01")).header("tracestate", "who=sesame");
    send(traced.body(minimal("ada@example.com").to_string())).await.assert_created();
    // The caller does not record this one; there is no span of it, nor of a probe.
    let quiet = app.request(Method::GET, "/openapi.json").header("traceparent", format!("00-{TRACE}-{PARENT}-00"));
    assert_eq!(send(quiet).await.status, 200);
    assert_eq!(send(app.request(Method::GET, "/healthz")).await.status, 200);
    let token = app.token("read:users");
    let list = app.request(Method::GET, "/users?email=ada@example.com").bearer_auth(&token);
    assert_eq!(send(list.header("x-request-id", "of-the-caller")).await.status, 200);
    app.store.close().await;
    send(app.request(Method::GET, "/users").bearer_auth(&token)).await.assert_problem(503, "SERVICE_UNAVAILABLE");
    send(app.request(Method::DELETE, "/sesame/ajar")).await.assert_problem(404, "NOT_FOUND");

    let (spans, raw) = collect(&mut bodies, 4).await;
    let seen = |span: &Span| {
        let attribute = |key| text(&span.attributes, key);
        let failed = span.status.as_ref().is_some_and(|status| status.code == 2); // STATUS_CODE_ERROR
        (span.name.clone(), attribute("http.request.method"), attribute("http.response.status_code"), failed)
    };
    let mut found: Vec<_> = spans.iter().map(seen).collect();
    found.sort();
    let expected = [
        ("DELETE", "DELETE", "404", false),
        ("createUser", "POST", "201", false),
        ("listUsers", "GET", "200", false),
        ("listUsers", "GET", "503", true),
    ];
    assert_eq!(found, expected.map(|(name, method, status, failed)| (name.into(), method.into(), status.into(), failed)));
    for span in &spans {
        assert!(span.kind == 2 && span.start_time_unix_nano <= span.end_time_unix_nano, "{span:?}"); // SPAN_KIND_SERVER
        let of_the_caller = span.name == "createUser";
        assert_eq!(hex(&span.trace_id) == TRACE, of_the_caller, "{span:?}");
        assert_eq!(hex(&span.parent_span_id), if of_the_caller { PARENT } else { "" }, "{span:?}");
    }
    let raw = String::from_utf8_lossy(&raw);
    for sent in ["ada", "Lovelace", "example.com", "eyJ", "sesame", "ajar", "email", "of-the-caller"] {
        assert!(!raw.contains(sent), "{sent} is in what the collector gets");
    }
}

#[tokio::test]
async fn without_a_collector_requests_are_answered_and_spans_counted_as_dropped() {
    // One that is gone: nobody listens at its address. One that hangs: nobody ever answers.
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hangs = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let urls = [&gone, &hangs].map(|of| format!("http://{}", of.local_addr().unwrap()));
    drop(gone);
    for url in urls {
        let app = App::with(|config| {
            config.otlp_endpoint = Some(url);
            config.metrics_address = Some("127.0.0.1:0".parse().unwrap());
        })
        .await;
        for number in 0..20 {
            app.create(&minimal(&format!("ada{number}@example.com"))).await.assert_created();
        }
        until(&app, "spans_dropped_total", 1).await;
        assert_eq!(figure(&app, "spans_sent_total").await, 0);
    }
}

/// A figure of the server.
async fn figure(app: &App, name: &str) -> u64 {
    let text = app.client.get(format!("http://{}/metrics", app.metrics.unwrap())).send().await.unwrap().text().await.unwrap();
    let count = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok());
    count.unwrap_or_else(|| panic!("there is no {name} in\n{text}"))
}

/// Waits until a figure has at least this value.
async fn until(app: &App, name: &str, least: u64) {
    let reached = async { while figure(app, name).await < least {} };
    assert!(tokio::time::timeout(Duration::from_secs(60), reached).await.is_ok(), "{name} is never {least}");
}

/// A collector that answers so: its address.
async fn answering(status: u16, header: (&'static str, &'static str), body: Vec<u8>) -> String {
    let answer = make(move |mut request: Request| {
        let response =
            Response::builder().status(StatusCode::from_u16(status).unwrap()).header(header.0, header.1).body(body.clone());
        async move {
            request.take_body().into_vec().await?;
            Ok::<_, poem::Error>(response)
        }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(listener::serve(listener, Arc::new(ToDynEndpoint(answer)), ConnectionLimits::default(), std::future::pending()));
    url
}

#[tokio::test]
async fn spans_that_a_collector_refuses_are_dropped_and_counted() {
    for (status, header) in [
        (400, ("x", "y")),
        (401, ("www-authenticate", "Basic")),
        (413, ("x", "y")),
        (429, ("retry-after", "3600")),
        (503, ("retry-after", "3600")),
        (302, ("location", "/elsewhere")),
    ] {
        let url = answering(status, header, b"ada@example.com is not welcome".to_vec()).await;
        let app = App::with(|config| {
            config.otlp_endpoint = Some(url);
            config.metrics_address = Some("127.0.0.1:0".parse().unwrap());
        })
        .await;
        app.create(&minimal("ada@example.com")).await.assert_created();
        until(&app, "spans_dropped_total", 1).await;
        // It is asked again with the next ones, whatever it says about when.
        assert_eq!(send(app.request(Method::GET, "/openapi.yaml")).await.status, 200);
        until(&app, "spans_dropped_total", 2).await;
        assert_eq!(figure(&app, "spans_sent_total").await, 0, "{status}");
    }
}

#[tokio::test]
async fn a_collector_that_takes_some_spans_or_answers_nonsense_with_success_is_no_outage() {
    let partial = ExportTraceServiceResponse {
        partial_success: Some(ExportTracePartialSuccess { rejected_spans: 1, error_message: "too long".to_owned() }),
    };
    for body in [partial.encode_to_vec(), vec![0xff; 1000], Vec::new()] {
        let url = answering(200, ("content-type", "application/x-protobuf"), body).await;
        let app = App::with(|config| {
            config.otlp_endpoint = Some(url);
            config.metrics_address = Some("127.0.0.1:0".parse().unwrap());
        })
        .await;
        app.create(&minimal("ada@example.com")).await.assert_created();
        until(&app, "spans_sent_total", 1).await;
        assert_eq!(figure(&app, "spans_dropped_total").await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_says_once_why_a_collector_takes_no_spans() {
    let url = answering(503, ("retry-after", "3600"), b"sesame".to_vec()).await;
    let data = TempDir::new().unwrap();
    let server = Process::start(data.path(), &["--otlp-endpoint", &url]);
    for _ in 0..3 {
        assert_eq!(reqwest::get(format!("{}/openapi.yaml", server.url)).await.unwrap().status(), 200);
    }
    server.signal("TERM");
    let log = server.ended().stderr;
    let told: Vec<&str> = log.lines().filter(|line| line.contains("the collector takes no spans")).collect();
    assert!(matches!(told[..], [line] if line.contains("503")), "{log}");
    assert!(!log.contains("sesame"), "{log}");
}

#[tokio::test]
async fn the_last_spans_are_sent_at_the_end_and_a_collector_that_hangs_does_not_hold_it_up() {
    let hangs = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (url, mut bodies) = collector().await;
    for url in [url, format!("http://{}", hangs.local_addr().unwrap())] {
        let data = TempDir::new().unwrap();
        let mut config = app::config(&data);
        config.otlp_endpoint = Some(url);
        let server = Server::bind_with(&config, Arc::new(MemoryStore::default())).await.unwrap();
        let address = server.address();
        let stop = async move {
            // The first is sent at once, and the second waits for others.
            for _ in 0..2 {
                assert_eq!(reqwest::get(format!("http://{address}/openapi.yaml")).await.unwrap().status(), 200);
            }
        };
        server.run(stop).await;
    }
    let mut count = 0;
    while let Ok((_, body)) = bodies.try_recv() {
        count += spans(&body).1.len();
    }
    assert_eq!(count, 2, "they were there before the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_variables_of_opentelemetry_name_the_service_and_the_key_of_the_collector() {
    let (url, mut bodies) = collector().await;
    let data = TempDir::new().unwrap();
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str()),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=open%20sesame"),
        ("OTEL_SERVICE_NAME", "accounts"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:9"), // Ignored, as are the next two.
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "0"),
    ];
    let server = Process::start_with_variables(data.path(), &variables);
    assert_eq!(reqwest::get(format!("{}/openapi.yaml", server.url)).await.unwrap().status(), 200);
    server.signal("TERM");
    let ended = server.ended();
    let (key, body) = bodies.try_recv().unwrap_or_else(|_| panic!("nothing was sent before the end: {}", ended.stderr));
    let (service, spans) = spans(&body);
    assert_eq!((key.as_deref(), service.as_str(), spans.len()), (Some("open sesame"), "accounts", 1));
}

#[tokio::test]
async fn an_empty_address_of_a_collector_is_none() {
    let data = TempDir::new().unwrap();
    let server = Process::start_with_variables(data.path(), &[("OTEL_EXPORTER_OTLP_ENDPOINT", "")]);
    assert_eq!(reqwest::get(format!("{}/readyz", server.url)).await.unwrap().status(), 200);
}

#[test]
fn an_address_of_a_collector_with_a_password_is_refused_without_repeating_it() {
    let data = TempDir::new().unwrap();
    let mut command = binary();
    command.args(["--port", "0", "--otlp-endpoint", "http://me:sesame@127.0.0.1:4318", "--data-dir"]).arg(data.path());
    let said = refusal(&mut command);
    assert!(said.contains("OTEL_EXPORTER_OTLP_HEADERS") && !said.contains("sesame"), "{said}");
}
