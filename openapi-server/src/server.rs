//! The parts put together: a document and handlers become a server that listens, answers and drains.

use std::{future::Future, io, net::SocketAddr, sync::Arc, time::Duration};

use futures_util::FutureExt;
use poem::{Endpoint, IntoEndpoint, Request, Response, Route, endpoint::ToDynEndpoint};
use prometheus_client::registry::Registry;
use tokio::net::{TcpListener, TcpSocket};

use crate::{
    Document,
    admission::Refusals,
    auth::{Authenticator, Authenticators, KeyError, LocalIssuer, LocalIssuerError, Verifier},
    contract::{Contract, ContractError, Limits},
    docs,
    envelope::{Application, Envelope},
    health::{self, Readiness},
    listener::{self, ConnectionLimits},
    metrics::{self, Metrics},
    traces::{Traces, TracesError},
};

/// How long the token of the documentation page is valid.
const PAGE_TOKEN_LIFETIME: Duration = Duration::from_secs(8 * 60 * 60);

/// How many connections may wait to be accepted, if the system's own limit allows (`net.core.somaxconn`). A system drops what comes beyond
/// that, and its clients, health checks among them, try again only after a second.
const BACKLOG: u32 = 4096;

/// Why a server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The document cannot be enforced.
    #[error(transparent)]
    Contract(#[from] ContractError),
    /// The local issuer has no usable key.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The local issuer may not be used here.
    #[error(transparent)]
    LocalIssuer(#[from] LocalIssuerError),
    /// Spans cannot be sent to such an address.
    #[error(transparent)]
    Traces(#[from] TracesError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
}

/// What an operator may set.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Limits on single requests.
    pub limits: Limits,
    /// Limits on connections.
    pub connection_limits: ConnectionLimits,
    /// How many requests may be in progress; further ones wait, or get 503.
    pub max_requests: usize,
    /// How many requests may wait for their turn, for a second at most.
    pub max_queued: usize,
    /// How long a request may take in all.
    pub request_timeout: Duration,
}

impl Default for Settings {
    /// 1024 requests at a time, each for at most 30 seconds, and as many waiting.
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            connection_limits: ConnectionLimits::default(),
            max_requests: 1024,
            max_queued: 1024,
            request_timeout: Duration::from_secs(30),
        }
    }
}

/// A server that listens and does not answer yet.
///
/// ```
/// use openapi_server::{Document, Server};
/// use poem::{Route, get, handler};
///
/// #[handler]
/// fn status() -> &'static str {
///     "fine"
/// }
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let document = Document::parse(
///     r#"
/// openapi: 3.1.0
/// info: { title: Status, version: "1" }
/// paths:
///   /status:
///     get: { operationId: getStatus, responses: { "200": { description: The status. } } }
/// "#,
/// )?;
/// let handlers = Route::new().at("/status", get(status));
/// let server = Server::new(document).bind("127.0.0.1:0".parse()?, handlers).await?;
/// println!("http://{}/docs/", server.address());
/// server.run(async {}).await; // Until the future is ready: here, at once.
/// # Ok(())
/// # }
/// ```
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    application: Application,
    refusals: Refusals,
    metrics: Option<(TcpListener, SocketAddr, Arc<Metrics>)>,
    traces: Option<Traces>,
    connection_limits: ConnectionLimits,
}

/// A server to be configured; [`Server::new`] makes one.
pub struct Builder {
    document: Document,
    authenticators: Authenticators,
    local_issuer: Option<Arc<LocalIssuer>>,
    metrics: Option<SocketAddr>,
    figures: Registry,
    collector: Option<(String, &'static str)>,
    readiness: Readiness,
    settings: Settings,
}

impl Server {
    /// A server for this document: it accepts no credentials, is always ready, and has the default settings, with the limit on bodies that
    /// the document needs ([`Document::body_limit`]).
    #[expect(clippy::new_ret_no_self, reason = "a server exists once it listens")]
    pub fn new(document: Document) -> Builder {
        let readiness = Arc::new(|| std::future::ready(Ok(())).boxed());
        let authenticators = Authenticators::default();
        let mut settings = Settings::default();
        settings.limits.body = document.body_limit();
        Builder {
            document,
            authenticators,
            local_issuer: None,
            metrics: None,
            figures: Registry::default(),
            collector: None,
            readiness,
            settings,
        }
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address that figures for Prometheus are served on, where they are.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().map(|(_, address, _)| *address)
    }

    /// Answers until `stop`, then lets requests in progress finish and sends the spans that are left, for at most 5 seconds. Returns whether
    /// all requests finished in time.
    pub async fn run(self, stop: impl Future<Output = ()>) -> bool {
        let metrics = self.metrics.map(|(listener, _, metrics)| {
            let application: Application = Arc::new(ToDynEndpoint(metrics::endpoint(metrics)));
            tokio::spawn(listener::serve(listener, application, ConnectionLimits::default(), std::future::pending()))
        });
        let finished = listener::serve_paced(self.listener, self.application, self.connection_limits, self.refusals, stop).await;
        if !finished {
            tracing::warn!("some requests did not finish in time and were broken off");
        }
        if let Some(metrics) = metrics {
            metrics.abort();
        }
        if let Some(traces) = self.traces {
            traces.finish().await;
        }
        finished
    }
}

impl Builder {
    /// Accepts the access tokens that `verifier` does. `/readyz` answers 503 while it cannot judge any.
    pub fn verifier(mut self, verifier: Verifier) -> Self {
        self.authenticators = self.authenticators.tokens(verifier);
        self
    }

    /// Lets `authenticator` check the credentials of the security scheme with this name in the document's components.
    ///
    /// ```
    /// use openapi_server::{Document, Server, auth::{Caller, Secrets}};
    ///
    /// # let text = "openapi: 3.1.0\ninfo: { title: Empty, version: '1' }\npaths: {}\n";
    /// let keys = Secrets::new().with("4f2c9e", Caller::new("reporting", []));
    /// let server = Server::new(Document::parse(text)?).authenticator("api_key", keys);
    /// # Ok::<(), openapi_server::contract::ContractError>(())
    /// ```
    pub fn authenticator(mut self, scheme: impl Into<String>, authenticator: impl Authenticator + 'static) -> Self {
        self.authenticators = self.authenticators.scheme(scheme, authenticator);
        self
    }

    /// Accepts this issuer's access tokens, and gives the documentation page one with every scope of the document. Only loopback
    /// addresses can be bound then.
    pub fn local_issuer(mut self, issuer: Arc<LocalIssuer>) -> Self {
        self.local_issuer = Some(issuer);
        self
    }

    /// Serves figures of the requests on an address of its own, at `/metrics`, for Prometheus ([`Metrics`]). Whoever reaches it may
    /// read them.
    pub fn metrics(mut self, address: Option<SocketAddr>) -> Self {
        self.metrics = address;
        self
    }

    /// Serves these figures beside those of the requests. No label may hold what a caller sent.
    pub fn figures(mut self, figures: Registry) -> Self {
        self.figures = figures;
        self
    }

    /// Sends a span of every request to the collector of OpenTelemetry at this address, such as `http://127.0.0.1:4318`, in the name of
    /// `service` (OTLP over HTTP): the operation, method, status and times, and nothing else of what was sent. The span of the
    /// caller's `traceparent` is its parent and decides whether it is recorded. What the collector does not take is dropped and counted,
    /// and holds up no request.
    pub fn traces(mut self, endpoint: Option<String>, service: &'static str) -> Self {
        self.collector = endpoint.map(|endpoint| (endpoint, service));
        self
    }

    /// Asks `ready` whenever `/readyz` is requested; an error is the reason for the log and must hold no personal data.
    pub fn ready<F>(mut self, ready: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.readiness = Arc::new(move || ready().boxed());
        self
    }

    /// Replaces the default settings, the limit on bodies included.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Compiles the document and listens on `address`; port 0 picks a free one. `handlers` receive only requests that the document
    /// allows.
    ///
    /// # Errors
    ///
    /// [`ServerError`].
    pub async fn bind<E>(self, address: SocketAddr, handlers: E) -> Result<Server, ServerError>
    where
        E: IntoEndpoint,
        E::Endpoint: 'static,
    {
        let mut authenticators = self.authenticators;
        if let Some(issuer) = &self.local_issuer {
            LocalIssuer::check_address(address.ip())?;
            authenticators = authenticators.tokens(issuer.verifier()?);
        }
        let mut figures = self.figures;
        authenticators.register(&mut figures);
        let contract = Arc::new(Contract::compile(&self.document, authenticators, self.settings.limits)?);
        for declined in contract.declined() {
            tracing::warn!("bodies of type {} at {} get 415: there is no check for them", declined.media_type, declined.pointer);
        }
        for pointer in contract.unmet() {
            tracing::warn!("no refusal fits the schema of the response at {pointer}; problem details are sent instead");
        }
        let limit = contract.limits().body;
        if limit > Limits::default().body {
            tracing::info!("the limit on request bodies is {limit} bytes");
        }
        for path in OWN.into_iter().filter(|path| contract.claims(path)) {
            tracing::warn!("the document has {path}, so the server's own route there is not served");
        }
        let scopes = contract.scopes().join(" ");
        let token = self.local_issuer.map(|issuer| -> docs::TokenSource {
            Box::new(move || issuer.token(&scopes, PAGE_TOKEN_LIFETIME).map_err(|error| error.to_string()))
        });
        let (judge, ready) = (Arc::clone(&contract), self.readiness);
        let readiness: Readiness = Arc::new(move || match judge.ready() {
            Ok(()) => ready(),
            Err(cause) => std::future::ready(Err(cause)).boxed(),
        });
        let documented = Arc::clone(&contract).enforce(handlers.into_endpoint());
        let routes = health::mount(Route::new(), readiness);
        let routes = docs::mount(routes, &self.document, token);
        let routes = Served { contract, documented, own: routes };
        let traces = self.collector.map(|(endpoint, service)| Traces::start(&endpoint, service, &mut figures)).transpose()?;
        let metrics = match self.metrics {
            Some(address) => {
                let (listener, address) = bind(address).await?;
                Some((listener, address, Arc::new(Metrics::beside(figures))))
            }
            None => None,
        };
        let application =
            Envelope::new(routes, self.settings.max_requests, self.settings.max_queued, self.settings.request_timeout)
                .metrics(metrics.as_ref().map(|(_, _, metrics)| Arc::clone(metrics)))
                .tracer(traces.as_ref().map(Traces::tracer));
        let refusals = application.refusals();
        let (listener, address) = bind(address).await?;
        Ok(Server {
            listener,
            address,
            application: Arc::new(ToDynEndpoint(application)),
            refusals,
            metrics,
            traces,
            connection_limits: self.settings.connection_limits,
        })
    }
}

async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ServerError> {
    let error = |source| ServerError::Bind { address, source };
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }.map_err(error)?;
    #[cfg(unix)]
    socket.set_reuseaddr(true).map_err(error)?; // A restart need not wait until the system has forgotten old connections.
    socket.bind(address).map_err(error)?;
    let listener = socket.listen(BACKLOG).map_err(error)?;
    let address = listener.local_addr().map_err(error)?;
    Ok((listener, address))
}

/// The server's own routes, but for paths that the document has itself, and everything else behind the contract. A path of the document
/// that begins with a name, `/{id}`, does not take the place of `/healthz`.
struct Served<E> {
    contract: Arc<Contract>,
    documented: E,
    own: Route,
}

impl<E: Endpoint<Output = Response>> Endpoint for Served<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let path = request.uri().path();
        let is_own = OWN.contains(&path) || path.starts_with("/docs/");
        if is_own && !self.contract.claims(path) { self.own.call(request).await } else { self.documented.call(request).await }
    }
}

/// The paths of the server's own, beside those of the documentation page.
const OWN: [&str; 6] = ["/", "/docs", "/healthz", "/readyz", "/openapi.yaml", "/openapi.json"];
