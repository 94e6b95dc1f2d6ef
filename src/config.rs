//! Flags and environment: one struct for everything that can be set.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    num::NonZeroU32,
    path::PathBuf,
    time::Duration,
};

use clap::Args;
use openapi_server::contract::Limits;

use crate::{
    auth::Issuer,
    duration::duration,
    store::{MongoSettings, StoreError, StoreUrl},
};

/// How the server runs. Every flag has an environment variable, and the flag wins. Not `Debug`: the URL of the store may hold a
/// password.
#[derive(Args, Clone)]
pub struct Config {
    /// Where the server listens.
    #[command(flatten)]
    pub listen: Listen,

    /// Where the server keeps its own files.
    #[command(flatten)]
    pub data: DataDir,

    /// Where users are kept: `redb:<file>`, `memory:` or `mongodb://…` (default: `redb:<data-dir>/users.redb`).
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: Option<String>,

    /// A file that the embedded store is copied to, at the start and then from time to time; a server can start on it (default: nowhere).
    #[arg(long, env = "BACKUP_TO", value_name = "FILE")]
    pub backup_to: Option<PathBuf>,

    /// How long after a backup the next one begins.
    #[arg(long, env = "BACKUP_EVERY", value_name = "DURATION", default_value = "1h", value_parser = duration)]
    pub backup_every: Duration,

    /// How MongoDB is used.
    #[command(flatten)]
    pub mongo: MongoSettings,

    /// Whose access tokens are accepted.
    #[command(flatten)]
    pub issuer: Issuer,

    /// Largest request body, in bytes.
    #[arg(long, env = "MAX_BODY_BYTES", value_name = "BYTES", default_value_t = Limits::default().body)]
    pub max_body_bytes: usize,

    /// Largest request head (request line and headers), in bytes; at least 8192.
    #[arg(long, env = "MAX_HEADER_BYTES", value_name = "BYTES", default_value_t = 16 * 1024, value_parser = header_bytes)]
    pub max_header_bytes: usize,

    /// How long the head of a request may take to arrive; also how long an idle connection stays open.
    #[arg(long, env = "HEADER_TIMEOUT", value_name = "DURATION", default_value = "10s", value_parser = duration)]
    pub header_timeout: Duration,

    /// How long a request body may take to arrive.
    #[arg(long, env = "BODY_TIMEOUT", value_name = "DURATION", default_value = "10s", value_parser = duration)]
    pub body_timeout: Duration,

    /// How long a response may wait for a client to read more of it; then the connection is closed.
    #[arg(long, env = "WRITE_TIMEOUT", value_name = "DURATION", default_value = "30s", value_parser = duration)]
    pub write_timeout: Duration,

    /// How long a request may take in all, the store included.
    #[arg(long, env = "REQUEST_TIMEOUT", value_name = "DURATION", default_value = "30s", value_parser = duration)]
    pub request_timeout: Duration,

    /// How long requests in progress may take to finish after SIGTERM or SIGINT; then up to 5 s for spans.
    #[arg(long, env = "SHUTDOWN_TIMEOUT", value_name = "DURATION", default_value = "20s", value_parser = duration)]
    pub shutdown_timeout: Duration,

    /// How many connections may be open; further ones wait to be accepted.
    #[arg(long, env = "MAX_CONNECTIONS", value_name = "N", default_value_t = 4096)]
    pub max_connections: usize,

    /// How many connections one address may have, loopback excepted; further ones are closed. 0: any number, such as behind a proxy.
    #[arg(long, env = "MAX_CONNECTIONS_PER_ADDRESS", value_name = "N", default_value_t = 512)]
    pub max_connections_per_address: usize,

    /// How many requests may be in progress; further ones wait, or get 503. Health checks are not counted.
    #[arg(long, env = "MAX_REQUESTS", value_name = "N", default_value_t = 1024)]
    pub max_requests: usize,

    /// How many requests may wait for their turn, for a second at most; further ones get 503 at once.
    #[arg(long, env = "MAX_QUEUED_REQUESTS", value_name = "N", default_value_t = 1024)]
    pub max_queued_requests: usize,

    /// Requests per second for each caller; further ones get 429 (default: no limit).
    #[arg(long, env = "RATE_LIMIT", value_name = "N")]
    pub rate_limit: Option<NonZeroU32>,

    /// Check responses against the document as well; one that breaks it becomes a 500.
    #[arg(long, env = "CHECK_RESPONSES")]
    pub check_responses: bool,

    /// Where Prometheus metrics are served, at `/metrics`; whoever can reach this address can read them (default: nowhere).
    #[arg(long, env = "METRICS_ADDRESS", value_name = "ADDRESS")]
    pub metrics_address: Option<SocketAddr>,

    /// Where spans of requests are sent (OTLP over HTTP), such as `http://127.0.0.1:4318`; `/v1/traces` is added (default: nowhere).
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL", hide_env_values = true)]
    pub otlp_endpoint: Option<String>,

    /// What is logged: a level, or directives such as `info,users_api=debug,openapi_server=debug`.
    #[arg(long, env = "LOG", value_name = "FILTER", default_value = "info")]
    pub log: String,
}

/// Where the server listens.
#[derive(Args, Debug, Clone)]
pub struct Listen {
    /// Address to listen on; with the local issuer, only a loopback address.
    #[arg(long, env = "HOST", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub host: IpAddr,

    /// Port to listen on; 0 picks a free one.
    #[arg(long, env = "PORT", default_value_t = 3000)]
    pub port: u16,
}

impl Listen {
    /// Address and port.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(self.host, self.port)
    }
}

/// Where the server keeps its own files.
#[derive(Args, Debug, Clone)]
pub struct DataDir {
    /// Folder for the embedded store and the local issuer's key; created if missing.
    #[arg(long = "data-dir", env = "DATA_DIR", value_name = "DIR", default_value = "data")]
    pub path: PathBuf,
}

impl Config {
    /// The store to open. The URL is parsed here and not by clap, which would repeat a wrong one with the password in it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Url`].
    pub fn store_url(&self) -> Result<StoreUrl, StoreError> {
        self.database_url.as_ref().map_or_else(|| Ok(StoreUrl::Redb(self.data.path.join("users.redb"))), |url| url.parse())
    }
}

/// hyper's own lower bound for its read buffer.
fn header_bytes(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(bytes) if bytes >= 8192 => Ok(bytes),
        _ => Err("expected a number of bytes, 8192 or more".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Flags {
        #[command(flatten)]
        config: Config,
    }

    #[test]
    fn an_issuer_needs_an_audience() {
        assert!(Flags::try_parse_from(["x", "--auth-issuer", "https://issuer.example/"]).is_err());
        let flags = Flags::try_parse_from(["x", "--auth-issuer", "https://issuer.example/", "--auth-audience", "api"]).unwrap();
        assert_eq!(flags.config.issuer.audience.as_deref(), Some("api"));
    }
}
