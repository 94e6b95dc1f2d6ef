//! Puts the parts together: bind, run, drain, stop.

use std::{
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use poem::{IntoEndpoint, Route};
use tokio::net::TcpListener;

use crate::{
    api,
    auth::{KeyError, KeySet, LocalIssuer, LocalIssuerError, Verifier},
    config::Config,
    contract::{self, Contract, ContractError, Limits},
    docs,
    envelope::{Application, Envelope},
    health,
    listener::{self, Bounds},
    store::{StoreError, UserStore},
};

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The contract cannot be enforced.
    #[error(transparent)]
    Contract(#[from] ContractError),
    /// The issuer's keys cannot be had.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The local issuer has no key.
    #[error(transparent)]
    LocalIssuer(#[from] LocalIssuerError),
    /// The local issuer gives a token to anybody on this machine, so other machines must not reach the server.
    #[error("the local issuer is for this machine only, and {0} is reachable from others")]
    NotLoopback(IpAddr),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
}

impl ServerError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Contract(_) => "run `cargo xtask spec --check`; this binary's openapi.yaml is not what the code derives",
            Self::Keys(_) => {
                "check AUTH_ISSUER (exactly as in the tokens' iss) and AUTH_JWKS_URL, and that this machine reaches it"
            }
            Self::LocalIssuer(_) => "check that --data-dir is writable; remove the key file to get a new key",
            Self::NotLoopback(_) => "set AUTH_ISSUER and AUTH_AUDIENCE to a real issuer, or --host 127.0.0.1",
            Self::Store(StoreError::Url | StoreError::MongoUri) => {
                "percent-encode special characters in a user name or password; the forms are in README.md"
            }
            Self::Store(StoreError::Index { .. }) => "mend what is stored, or drop the other index, and start again",
            Self::Store(_) => {
                "check DATABASE_URL, that its server runs, and --data-dir; an embedded store serves one process at a time"
            }
            Self::Bind { .. } => "is another process on this port? --port takes another, --port 0 a free one",
        }
    }
}

/// A server that listens and has not begun to answer.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    application: Application,
    store: Arc<dyn UserStore>,
    issuer: Option<Arc<LocalIssuer>>,
    bounds: Bounds,
}

impl Server {
    /// Opens the store that `config` names and listens.
    ///
    /// # Errors
    ///
    /// [`ServerError`].
    pub async fn bind(config: &Config) -> Result<Self, ServerError> {
        refuse_exposed_local_issuer(config)?;
        let store = config.store_url()?.open(&config.mongo).await?;
        Self::bind_with(config, store).await
    }

    /// Listens, with a store of the caller's.
    ///
    /// # Errors
    ///
    /// [`ServerError`].
    pub async fn bind_with(config: &Config, store: Arc<dyn UserStore>) -> Result<Self, ServerError> {
        refuse_exposed_local_issuer(config)?;
        let (verifier, issuer) = verifier(config).await?;
        let document = contract::embedded()?;
        let limits = Limits {
            body: config.max_body_bytes,
            body_patience: config.body_timeout,
            rate: config.rate_limit,
            check_responses: config.check_responses,
        };
        let contract = Arc::new(Contract::compile(&document, verifier, limits)?);
        let documented = Arc::new(contract.enforce(api::service(Arc::clone(&store)).into_endpoint()));
        let routes = health::mount(Route::new(), Arc::clone(&store));
        let routes = docs::mount(routes, &document, issuer.clone());
        // Everything else is up to the contract. Not as `/*path`: poem prefers that one to `/`, which leads to the documentation.
        let routes = routes.at("/:first", Arc::clone(&documented)).at("/:first/*rest", documented);
        let application = Envelope::new(routes, config.max_requests, config.request_timeout);

        let address = SocketAddr::new(config.host, config.port);
        let bind_error = |source| ServerError::Bind { address, source };
        let listener = TcpListener::bind(address).await.map_err(bind_error)?;
        let address = listener.local_addr().map_err(bind_error)?;
        let bounds = Bounds {
            connections: config.max_connections,
            header_bytes: config.max_header_bytes,
            header_patience: config.header_timeout,
            drain_patience: config.shutdown_timeout,
        };
        Ok(Self { listener, address, application: Arc::new(poem::endpoint::ToDynEndpoint(application)), store, issuer, bounds })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The issuer of its own that it accepts, when no real one is configured.
    pub fn local_issuer(&self) -> Option<&LocalIssuer> {
        self.issuer.as_deref()
    }

    /// Answers until `stop`, lets what is under way finish, and closes the store.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let finished = listener::serve(self.listener, self.application, self.bounds, stop).await;
        if !finished {
            tracing::warn!("some requests did not finish in time and were broken off");
        }
        self.store.close().await;
        tracing::info!("stopped");
    }
}

fn refuse_exposed_local_issuer(config: &Config) -> Result<(), ServerError> {
    if config.issuer.issuer.is_none() && !config.host.is_loopback() {
        return Err(ServerError::NotLoopback(config.host));
    }
    Ok(())
}

async fn verifier(config: &Config) -> Result<(Verifier, Option<Arc<LocalIssuer>>), ServerError> {
    let settings = &config.issuer;
    let (Some(issuer), Some(audience)) = (&settings.issuer, &settings.audience) else {
        let local = LocalIssuer::open(&config.data.path)?;
        return Ok((local.verifier()?, Some(Arc::new(local))));
    };
    let default = || format!("{}/.well-known/jwks.json", issuer.trim_end_matches('/'));
    let keys = KeySet::fetch(&settings.jwks_url.clone().unwrap_or_else(default)).await?;
    Ok((Verifier::new(keys, issuer, audience), None))
}
