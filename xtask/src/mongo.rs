//! `cargo xtask mongo`: a MongoDB server for a developer's own use, in the foreground.

use std::io::{self, Write};

use mongo_server::{Machine, MongoServer, NoServer};

/// Why there is no server to use.
#[derive(Debug, thiserror::Error)]
pub enum MongoError {
    /// This machine has none.
    #[error(transparent)]
    None(#[from] NoServer),
    /// It cannot be told, or waited for.
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl MongoError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::None(_) => "set MONGODB_URI, start Docker, or install mongod or Go",
            Self::Io(_) => "check that standard output is not closed",
        }
    }
}

/// Starts a server, prints its URI, and serves until the process is asked to end; what was started ends with it.
///
/// # Errors
///
/// [`MongoError`].
pub fn serve() -> Result<(), MongoError> {
    let server = MongoServer::start(&Machine::this())?;
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let asked_to_end = signal()?; // Before anybody is told of the server.
        let mut log = io::stderr();
        for passed in server.passed() {
            writeln!(log, "{passed}")?;
        }
        writeln!(log, "{}\n\nDATABASE_URL={} cargo run\n\nCtrl-C ends it.", server.way(), server.uri())?;
        writeln!(io::stdout(), "{}", server.uri())?;
        asked_to_end.await?;
        Ok(())
    })
}

/// Resolves on SIGTERM or SIGINT.
#[cfg(unix)]
fn signal() -> io::Result<impl Future<Output = io::Result<()>>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        Ok(())
    })
}

#[cfg(not(unix))]
fn signal() -> io::Result<impl Future<Output = io::Result<()>>> {
    Ok(tokio::signal::ctrl_c())
}
