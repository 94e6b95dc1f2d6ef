//! Connections: accepting them, bounding them, and letting them finish.
//!
//! poem's own server starts hyper without a timer, so that the head of a request may take for ever; this loop sets one.

use std::{future::Future, io, net::SocketAddr, sync::Arc, time::Duration};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use poem::{
    Request,
    http::uri::Scheme,
    web::{LocalAddr, RemoteAddr},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_io_timeout::TimeoutStream;

use crate::{
    admission::Refusals,
    connections::{PerAddress, Slot},
    envelope::Application,
};

/// Limits on connections.
#[derive(Debug, Clone)]
pub struct ConnectionLimits {
    /// How many may be open.
    pub connections: usize,
    /// How many of them one address may have; 0 means any number. Loopback addresses are not counted, and an IPv6 network of 64 bits
    /// counts as one address.
    pub connections_per_address: usize,
    /// How large the head of a request may be, in bytes.
    pub header_bytes: usize,
    /// How long the head of a request may take to arrive, also the next one on an idle connection.
    pub header_timeout: Duration,
    /// How long a response may wait for a client to read more of it.
    pub write_timeout: Duration,
    /// How long the requests under way may take after `stop`.
    pub shutdown_timeout: Duration,
}

impl Default for ConnectionLimits {
    /// 4096 connections, 512 of one address, heads of 16 KiB in 10 seconds, 30 seconds for a client that does not read, 20 seconds to
    /// finish.
    fn default() -> Self {
        Self {
            connections: 4096,
            connections_per_address: 512,
            header_bytes: 16 * 1024,
            header_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(30),
            shutdown_timeout: Duration::from_secs(20),
        }
    }
}

/// Serves until `stop`, then accepts no more, lets what is under way finish, and returns whether all of it did in time.
///
/// ```
/// use std::sync::Arc;
///
/// use openapi_server::listener::{self, ConnectionLimits};
/// use poem::{EndpointExt, endpoint::{ToDynEndpoint, make_sync}};
/// use tokio::{net::TcpListener, sync::oneshot};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let url = format!("http://{}", listener.local_addr()?);
/// let application = Arc::new(ToDynEndpoint(make_sync(|_| "fine").map_to_response()));
/// let (stop, stopped) = oneshot::channel::<()>();
/// let server = tokio::spawn(listener::serve(listener, application, ConnectionLimits::default(), async { drop(stopped.await) }));
/// assert_eq!(reqwest::get(url).await?.text().await?, "fine");
/// drop(stop);
/// assert!(server.await?, "all that was under way has finished");
/// # Ok(())
/// # }
/// ```
pub async fn serve(
    listener: TcpListener,
    application: Application,
    limits: ConnectionLimits,
    stop: impl Future<Output = ()>,
) -> bool {
    serve_paced(listener, application, limits, Refusals::default(), stop).await
}

/// The same, and accepts slowly while requests are refused.
pub(crate) async fn serve_paced(
    listener: TcpListener,
    application: Application,
    limits: ConnectionLimits,
    refusals: Refusals,
    stop: impl Future<Output = ()>,
) -> bool {
    let mut pace = Pace { refusals, accepted: 0 };
    let open = Arc::new(Semaphore::new(limits.connections));
    let per_address = PerAddress::new(limits.connections_per_address);
    let graceful = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.header_timeout).max_buf_size(limits.header_bytes);
    http.half_close(true); // A client that has sent all it wants to gets its answer.

    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &open, &per_address, &mut pace) => accepted,
            () = &mut stop => break,
        };
        let Accepted { stream, remote, places } = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Such as too many open files: it passes as connections close. A pause, so as not to spin until then.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let _ = stream.set_nodelay(true); // Without it answers only come later.
        let local = LocalAddr(stream.local_addr().map(Into::into).unwrap_or_default());
        let application = Arc::clone(&application);
        let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
            let application = Arc::clone(&application);
            let request = Request::from((request, local.clone(), RemoteAddr(remote.into()), Scheme::HTTP));
            async move { application.call(request).await.map(hyper::Response::from) }
        });
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(limits.write_timeout));
        let connection = graceful.watch(http.serve_connection(TokioIo::new(Box::pin(stream)), service));
        tokio::spawn(async move {
            let _places = places;
            // An error here is the client's: it went away, was too slow or did not speak HTTP.
            if let Err(error) = connection.await {
                tracing::debug!(%error, "connection");
            }
        });
    }
    drop(listener);
    tokio::time::timeout(limits.shutdown_timeout, graceful.shutdown()).await.is_ok()
}

/// While requests are refused, this many connections are accepted between pauses of this length. A refused client returns at once on a new
/// connection, and accepting it costs as much as an answer; waiting in the backlog costs nothing. A longer pause would delay health
/// checks, which use new connections too.
const BURST: u32 = 16;
const PAUSE: Duration = Duration::from_millis(2);

/// Accepts slowly while requests are refused.
struct Pace {
    refusals: Refusals,
    /// Since the last pause.
    accepted: u32,
}

impl Pace {
    /// Waits before the next connection is accepted, if it has to.
    async fn keep(&mut self) {
        if !self.refusals.are_recent() {
            self.accepted = 0;
        } else if self.accepted == BURST {
            tokio::time::sleep(PAUSE).await;
            self.accepted = 1;
        } else {
            self.accepted += 1;
        }
    }
}

/// A connection and the places that it takes for as long as it is open.
struct Accepted {
    stream: TcpStream,
    remote: SocketAddr,
    places: (OwnedSemaphorePermit, Slot),
}

/// The next connection. One of an address that has enough of them is closed without a word.
async fn accept(
    listener: &TcpListener,
    open: &Arc<Semaphore>,
    per_address: &Arc<PerAddress>,
    pace: &mut Pace,
) -> io::Result<Accepted> {
    pace.keep().await;
    let permit = Arc::clone(open).acquire_owned().await.map_err(io::Error::other)?;
    loop {
        let (stream, remote) = listener.accept().await?;
        if let Some(slot) = per_address.admit(remote.ip()) {
            return Ok(Accepted { stream, remote, places: (permit, slot) });
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;
    use crate::admission::Admission;

    #[tokio::test(start_paused = true)]
    async fn connections_are_accepted_slowly_while_requests_are_refused_and_only_then() {
        let admission = Admission::new(0, 0);
        let mut pace = Pace { refusals: admission.refusals(), accepted: 0 };
        let mut thousand = async || {
            let begin = Instant::now();
            for _ in 0..1000 {
                pace.keep().await;
            }
            begin.elapsed() // The clock is stopped: only pauses count.
        };
        assert_eq!(thousand().await, Duration::ZERO);
        assert!(admission.turn().await.is_none());
        let slow = thousand().await;
        assert!(slow > Duration::from_millis(50) && slow < Duration::from_millis(500), "{slow:?}");
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(thousand().await, Duration::ZERO);
    }
}
