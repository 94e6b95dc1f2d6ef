//! The log: for people on a terminal, JSON lines otherwise, always on standard error.

use std::io::{self, IsTerminal};

use tracing_subscriber::{EnvFilter, filter::ParseError};

/// Starts logging with this filter.
///
/// # Errors
///
/// When the filter is not one.
pub fn start(filter: &str) -> Result<(), ParseError> {
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(EnvFilter::try_new(filter)?).with_writer(io::stderr).log_internal_errors(false); // It would tell standard error that standard error is gone, and panic at that.
    if io::stderr().is_terminal() {
        subscriber.with_target(false).init();
    } else {
        subscriber.json().flatten_event(true).with_current_span(true).with_span_list(false).init();
    }
    // A panic's message may quote what was being worked on; its place is enough to find it.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panic");
    }));
    Ok(())
}
