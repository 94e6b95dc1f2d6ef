//! Connections: accepting them, bounding them, and letting them finish.
//!
//! poem's own server starts hyper without a timer, so that the head of a request may take for ever; this loop sets one.

use std::{future::Future, io, sync::Arc, time::Duration};

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
use tokio::{net::TcpListener, sync::Semaphore};

use crate::envelope::Application;

/// Bounds on connections.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// How many may be open.
    pub connections: usize,
    /// How large the head of a request may be, in bytes.
    pub header_bytes: usize,
    /// How long the head of a request may take to arrive, also the next one on an idle connection.
    pub header_timeout: Duration,
    /// How long the requests under way may take after `stop`.
    pub shutdown_timeout: Duration,
}

impl Default for Bounds {
    /// 4096 connections, heads of 16 KiB in 10 seconds, 20 seconds to finish.
    fn default() -> Self {
        Self {
            connections: 4096,
            header_bytes: 16 * 1024,
            header_timeout: Duration::from_secs(10),
            shutdown_timeout: Duration::from_secs(20),
        }
    }
}

/// Serves until `stop`, then accepts no more, lets what is under way finish, and returns whether all of it did in time.
pub async fn serve(listener: TcpListener, application: Application, bounds: Bounds, stop: impl Future<Output = ()>) -> bool {
    let open = Arc::new(Semaphore::new(bounds.connections));
    let graceful = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(bounds.header_timeout).max_buf_size(bounds.header_bytes);

    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &open) => accepted,
            () = &mut stop => break,
        };
        let (stream, remote, permit) = match accepted {
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
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            let _permit = permit;
            // An error here is the client's: it went away, was too slow or did not speak HTTP.
            if let Err(error) = connection.await {
                tracing::debug!(%error, "connection");
            }
        });
    }
    drop(listener);
    tokio::time::timeout(bounds.shutdown_timeout, graceful.shutdown()).await.is_ok()
}

async fn accept(
    listener: &TcpListener,
    open: &Arc<Semaphore>,
) -> io::Result<(tokio::net::TcpStream, std::net::SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let permit = Arc::clone(open).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, remote) = listener.accept().await?;
    Ok((stream, remote, permit))
}
