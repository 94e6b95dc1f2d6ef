//! Puts the parts together: the document, the handlers, a store and an issuer become a server.

use std::{future::Future, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use chrono::Utc;
use openapi_server::{
    Settings, TracesError,
    auth::{KeyError, LocalIssuerError},
    contract::{ContractError, Limits},
    listener::ConnectionLimits,
};
use prometheus_client::registry::Registry;
use tokio::{
    task::JoinSet,
    time::{Instant, interval_at},
};

use crate::{
    api,
    auth::LocalIssuer,
    config::Config,
    store::{StoreError, StoreUrl, Timed, UserStore},
    user::Idempotency,
};

/// How often what retries are recognised by is forgotten, where it has become too old.
const SWEEP: Duration = Duration::from_secs(300);

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The document cannot be enforced.
    #[error(transparent)]
    Contract(#[from] ContractError),
    /// The issuer's keys cannot be had.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The local issuer has no key, or may not be used here.
    #[error(transparent)]
    LocalIssuer(#[from] LocalIssuerError),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The server cannot listen.
    #[error(transparent)]
    Listen(#[from] openapi_server::ServerError),
}

impl ServerError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        use openapi_server::ServerError as Listen;

        match self {
            Self::Contract(_) | Self::Listen(Listen::Contract(_)) => {
                "run `cargo xtask spec --check`; the openapi.yaml in this binary is not what the code derives"
            }
            Self::Keys(_) | Self::Listen(Listen::Keys(_)) => {
                "check AUTH_ISSUER (exactly as in the tokens' iss) and AUTH_JWKS_URL; each is an http or https URL"
            }
            Self::LocalIssuer(LocalIssuerError::NotLoopback(_))
            | Self::Listen(Listen::LocalIssuer(LocalIssuerError::NotLoopback(_))) => {
                "set AUTH_ISSUER and AUTH_AUDIENCE to a real issuer, or listen on --host 127.0.0.1"
            }
            Self::LocalIssuer(_) | Self::Listen(Listen::LocalIssuer(_)) => {
                "check that --data-dir is writable; delete the key file to get a new key"
            }
            Self::Store(StoreError::Url | StoreError::MongoUri) => {
                "percent-encode special characters in a user name or password; README.md shows the forms"
            }
            Self::Store(StoreError::NoMongo) => "build with `--features mongodb`, or choose redb:<path> or memory:",
            Self::Store(StoreError::NoBackup) => "leave it out; MongoDB has tools of its own, such as mongodump",
            Self::Store(StoreError::Index { .. }) => "remove the duplicates or the other index, and start again",
            Self::Store(StoreError::NotAStore { .. }) => {
                "nothing was written to it; restore it from a backup, move it away to begin anew, or name another file"
            }
            Self::Store(StoreError::ReadOnly { .. }) => {
                "let the user that the server runs as write the file and its folder, or name others with --data-dir or DATABASE_URL"
            }
            Self::Store(StoreError::OtherVersion { .. }) => {
                "what it holds was not changed; start the version of the server that wrote it, or restore a backup of this one"
            }
            Self::Store(_) => {
                "check DATABASE_URL, that its server runs, and --data-dir; an embedded store serves one process at a time"
            }
            Self::Listen(Listen::Traces(TracesError::Credentials)) => {
                "set OTEL_EXPORTER_OTLP_HEADERS to what the collector wants, such as authorization=Bearer%20<key>"
            }
            Self::Listen(Listen::Traces(TracesError::Client(_))) => {
                "check the variables OTEL_EXPORTER_OTLP_*; spans are not compressed"
            }
            Self::Listen(Listen::Traces(TracesError::Endpoint)) => {
                "--otlp-endpoint is the http or https URL of a collector, without /v1/traces, such as http://127.0.0.1:4318"
            }
            Self::Listen(Listen::Bind { .. }) => {
                "is another process listening there? --port takes another port, --metrics-address another address, and port 0 picks a free one"
            }
        }
    }
}

/// A server that listens and does not answer yet.
pub struct Server {
    server: openapi_server::Server,
    store: Arc<dyn UserStore>,
    issuer: Option<LocalIssuer>,
    backup: Option<(PathBuf, Duration)>,
}

impl Server {
    /// Opens the store that `config` names and listens.
    ///
    /// # Errors
    ///
    /// [`ServerError`].
    pub async fn bind(config: &Config) -> Result<Self, ServerError> {
        check_address(config)?; // Before a store is created.
        let url = config.store_url()?;
        if config.backup_to.is_some() && !matches!(url, StoreUrl::Redb(_)) {
            return Err(StoreError::NoBackup.into());
        }
        let store = url.open(&config.mongo).await?;
        Self::bind_with(config, store).await
    }

    /// Listens, with a store that is open already.
    ///
    /// # Errors
    ///
    /// [`ServerError`].
    pub async fn bind_with(config: &Config, store: Arc<dyn UserStore>) -> Result<Self, ServerError> {
        check_address(config)?;
        let mut figures = Registry::default();
        let store = match config.metrics_address {
            Some(_) => Arc::new(Timed::new(store, &mut figures)),
            None => store,
        };
        let asked = Arc::clone(&store);
        // An empty variable is as good as none (OpenTelemetry, environment variables).
        let collector = config.otlp_endpoint.clone().filter(|url| !url.is_empty());
        let builder = openapi_server::Server::new(api::document()?).settings(settings(config));
        let builder = builder.metrics(config.metrics_address).figures(figures).traces(collector, "users-api");
        let builder = builder.ready(move || {
            let store = Arc::clone(&asked);
            async move { store.ping().await.map_err(|error| error.to_string()) }
        });
        let (builder, issuer) = match config.issuer.verifier()? {
            Some(verifier) => (builder.verifier(verifier), None),
            None => {
                let issuer = LocalIssuer::open(&config.data.path)?;
                (issuer.serve_on(builder), Some(issuer))
            }
        };
        let server = builder.bind(config.listen.address(), api::service(&store)).await?;
        let backup = config.backup_to.clone().map(|file| (file, config.backup_every));
        Ok(Self { server, store, issuer, backup })
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The address that figures for Prometheus are served on, where they are.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.server.metrics_address()
    }

    /// Its own issuer, where no other one is configured.
    pub fn local_issuer(&self) -> Option<&LocalIssuer> {
        self.issuer.as_ref()
    }

    /// Answers until `stop`, lets requests in progress finish, and closes the store.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let mut tasks = JoinSet::new(); // They end with this.
        tasks.spawn(sweep(Arc::clone(&self.store)));
        if let Some((file, pause)) = self.backup {
            tasks.spawn(back_up(Arc::clone(&self.store), file, pause));
        }
        self.server.run(stop).await;
        drop(tasks);
        self.store.close().await;
        tracing::info!("stopped");
    }
}

/// Forgets requests that are too old to be sent again, for ever.
async fn sweep(store: Arc<dyn UserStore>) {
    let mut ticks = interval_at(Instant::now() + SWEEP, SWEEP);
    loop {
        ticks.tick().await;
        if let Err(error) = store.forget_requests(Utc::now() - Idempotency::KEPT).await {
            tracing::warn!(%error, "old idempotency keys are not removed; the next try is in {SWEEP:?}");
        }
    }
}

/// Copies the store to a file, for ever.
async fn back_up(store: Arc<dyn UserStore>, file: PathBuf, pause: Duration) {
    loop {
        match store.backup(&file).await {
            Ok(users) => tracing::info!(users, "the store is copied to --backup-to"),
            Err(error) => tracing::error!(%error, "the store is not copied to --backup-to; the next try is in {pause:?}"),
        }
        tokio::time::sleep(pause).await;
    }
}

fn check_address(config: &Config) -> Result<(), LocalIssuerError> {
    match config.issuer.issuer {
        Some(_) => Ok(()),
        None => openapi_server::auth::LocalIssuer::check_address(config.listen.host),
    }
}

fn settings(config: &Config) -> Settings {
    Settings {
        limits: Limits {
            body: config.max_body_bytes,
            body_timeout: config.body_timeout,
            rate: config.rate_limit,
            check_responses: config.check_responses,
        },
        connection_limits: ConnectionLimits {
            connections: config.max_connections,
            connections_per_address: config.max_connections_per_address,
            header_bytes: config.max_header_bytes,
            header_timeout: config.header_timeout,
            write_timeout: config.write_timeout,
            shutdown_timeout: config.shutdown_timeout,
        },
        max_requests: config.max_requests,
        max_queued: config.max_queued_requests,
        request_timeout: config.request_timeout,
    }
}

#[cfg(test)]
mod tests {
    use bson::oid::ObjectId;
    use serde_json::json;

    use super::*;
    use crate::{
        api::users::CreateUser,
        store::{Inspect, MemoryStore},
        user::User,
    };

    #[tokio::test(start_paused = true)]
    async fn what_is_too_old_to_be_sent_again_is_forgotten() {
        let store = Arc::new(MemoryStore::default());
        let new = json!({
            "email": "ada@example.com", "firstName": "Ada", "lastName": "Lovelace", "dateOfBirth": "1990-05-15", "residencyCountry": "GR"
        });
        let user = serde_json::from_value::<CreateUser>(new).unwrap().into_user(ObjectId::new(), Utc::now() - Idempotency::KEPT);
        let idempotency = Some(Idempotency { key: "key".to_owned(), request: "request".to_owned() });
        store.insert(User { idempotency, ..user.clone() }).await.unwrap();
        let mut sweeping = JoinSet::new();
        sweeping.spawn(sweep(store.clone()));
        tokio::time::sleep(SWEEP + Duration::from_secs(1)).await; // The clock is stopped: it takes no time.
        assert_eq!(store.snapshot().await.unwrap(), [user]);
    }
}
