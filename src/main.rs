//! The command line: serve (the default), token and health.

use std::{
    future::Future,
    io::{self, Write},
    process::ExitCode,
    time::Duration,
};

use clap::{Parser, Subcommand};
use openapi_server::telemetry::{self, TelemetryError};
use users_api::{
    api,
    auth::LocalIssuer,
    config::{Config, DataDir, Listen},
    duration::duration,
    health::{self, HealthError},
    server::{Server, ServerError},
};

/// A users API whose OpenAPI document is enforced.
#[derive(Parser)]
#[command(version = env!("USERS_API_VERSION"), args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    config: Config,
}

#[derive(Subcommand)]
enum Command {
    /// Print an access token of the local issuer.
    Token {
        /// The scopes that it grants, separated by spaces (default: every scope of the document).
        #[arg(long)]
        scope: Option<String>,
        /// How long it is valid.
        #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = duration)]
        expires_in: Duration,
        #[command(flatten)]
        data: DataDir,
    },
    /// Ask the server on this machine whether it is ready, as the health check of a container.
    ///
    /// Exit status: 0 it can, 1 it cannot.
    Health {
        /// Ask only whether the process answers, whatever its store and issuer do.
        #[arg(long)]
        live: bool,
        #[command(flatten)]
        listen: Listen,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.command {
        Some(Command::Token { scope, expires_in, data }) => token(&data, scope, expires_in),
        Some(Command::Health { live, listen }) => {
            health::ask(listen.address(), if live { "/healthz" } else { "/readyz" }).map_err(CliError::from)
        }
        None => serve(&arguments.config).await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error}\nhint: {}", error.hint()); // The exit status tells, too.
            ExitCode::from(error.status())
        }
    }
}

/// Why a command could not run.
#[derive(Debug, thiserror::Error)]
enum CliError {
    #[error(transparent)]
    Server(#[from] ServerError),
    #[error(transparent)]
    Health(#[from] HealthError),
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    #[error("cannot wait for signals: {0}")]
    Signals(io::Error),
    #[error("cannot print the token: {0}")]
    Print(io::Error),
}

impl CliError {
    /// What to do about it.
    fn hint(&self) -> &'static str {
        match self {
            Self::Server(error) => error.hint(),
            Self::Health(_) => "is it running, on this --host and --port? its log says why it cannot serve",
            Self::Telemetry(_) => "give a level, such as info, or see --help",
            Self::Signals(_) => "this system may not support them",
            Self::Print(_) => "check that standard output is not closed",
        }
    }

    /// 1 where the command has done what it was asked and the answer is no, which is all that a health check may end with; else 2.
    fn status(&self) -> u8 {
        if matches!(self, Self::Health(_)) { 1 } else { 2 }
    }
}

fn token(data: &DataDir, scope: Option<String>, expires_in: Duration) -> Result<(), CliError> {
    let scope = scope.map_or_else(every_scope, Ok)?;
    let token = LocalIssuer::open(&data.path).and_then(|issuer| issuer.token(&scope, expires_in)).map_err(ServerError::from)?;
    writeln!(io::stdout(), "{token}").map_err(CliError::Print)
}

/// The scopes of the document, separated by spaces.
fn every_scope() -> Result<String, ServerError> {
    Ok(api::document()?.scopes().into_iter().collect::<Vec<_>>().join(" "))
}

async fn serve(config: &Config) -> Result<(), CliError> {
    telemetry::start(&config.log)?;
    let stop = signal().map_err(CliError::Signals)?;
    let server = Server::bind(config).await?;
    welcome(&server)?;
    tracing::info!(address = %server.address(), "listening");
    if let Some(address) = server.metrics_address() {
        tracing::info!(%address, "serving figures for Prometheus at /metrics");
    }
    server.run(stop).await;
    Ok(())
}

/// Tells a newcomer what to do next.
fn welcome(server: &Server) -> Result<(), ServerError> {
    let url = format!("http://{}", server.address());
    let mut text = format!("Serving the users API on {url}\n  documentation  {url}/docs/\n  document       {url}/openapi.yaml\n");
    match server.local_issuer() {
        None => text += "Access tokens come from the configured issuer.\n",
        Some(issuer) => {
            let token = issuer.token(&every_scope()?, Duration::from_secs(60 * 60))?;
            text += &format!(
                "\nThis server is its own issuer, for this machine only. Create a user (the token is valid for an hour):\n\n\
                 curl -i {url}/users \\\n  -H 'Content-Type: application/json' \\\n  -H 'Authorization: Bearer {token}' \\\n  \
                 -d '{{\"email\":\"john.doe@example.com\",\"firstName\":\"John\",\"lastName\":\"Doe\",\
                 \"dateOfBirth\":\"1990-05-15\",\"residencyCountry\":\"GR\"}}'\n\n\
                 For another token, run: cargo run -- token. For a real issuer, set AUTH_ISSUER and AUTH_AUDIENCE.\n"
            );
        }
    }
    let _ = io::stdout().write_all(text.as_bytes()); // A server serves also where nobody reads what it prints.
    Ok(())
}

/// Resolves on SIGTERM or SIGINT; a second one ends the process at once.
#[cfg(unix)]
fn signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        tracing::info!("stopping: finishing what is under way");
        tokio::spawn(async move {
            tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
            std::process::exit(130);
        });
    })
}

#[cfg(not(unix))]
fn signal() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        // Without a handler for Ctrl-C there is nothing to wait for but the end of the process.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
