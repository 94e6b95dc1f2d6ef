//! The log: for people on a terminal, JSON lines otherwise, always on standard error.

use std::io::{self, IsTerminal};

use tracing_subscriber::{EnvFilter, filter::ParseError};

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is not one.
    #[error("the log filter is not understood: {0}")]
    Filter(#[from] ParseError),
    /// Something else logs already.
    #[error("this process has a log already")]
    Started,
}

/// Starts logging with this filter, once in a process.
///
/// ```
/// use openapi_server::telemetry::{self, TelemetryError};
///
/// assert!(matches!(telemetry::start("a=b=c"), Err(TelemetryError::Filter(_))));
/// telemetry::start("info,openapi_server=debug")?;
/// tracing::info!(port = 3000, "listening");
/// assert!(matches!(telemetry::start("info"), Err(TelemetryError::Started)));
/// # Ok::<(), TelemetryError>(())
/// ```
///
/// # Errors
///
/// [`TelemetryError`].
pub fn start(filter: &str) -> Result<(), TelemetryError> {
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(EnvFilter::try_new(filter)?).with_writer(io::stderr).log_internal_errors(false); // It would tell standard error that standard error is gone, and panic at that.
    let started = if io::stderr().is_terminal() {
        subscriber.with_target(false).try_init()
    } else {
        subscriber.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init()
    };
    started.map_err(|_| TelemetryError::Started)?;
    // A panic's message may quote what was being worked on; its place is enough to find it.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panic");
    }));
    Ok(())
}
