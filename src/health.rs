//! Asks a running server how it is, for the health check of a container that has no other program.

use std::{
    io::{self, Read, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    time::Duration,
};

/// How long the server may take, for connecting and for each part of its answer.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Why a server is not said to be well.
#[derive(Debug, thiserror::Error)]
pub enum HealthError {
    /// It does not answer.
    #[error("{address} does not answer: {source}")]
    NoAnswer {
        /// Where it was asked.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// It answers that it is not well, or something else answers.
    #[error("{address} answers {path} with: {answer}")]
    Unwell {
        /// Where it was asked.
        address: SocketAddr,
        /// What it was asked.
        path: &'static str,
        /// The first line of its answer.
        answer: String,
    },
}

/// Asks the server that listens on `address` for `path`, such as `/readyz`.
///
/// # Errors
///
/// [`HealthError`] unless it answers with 200.
pub fn ask(address: SocketAddr, path: &'static str) -> Result<(), HealthError> {
    let address = SocketAddr::new(reachable(address.ip()), address.port());
    let answer = exchange(address, path).map_err(|source| HealthError::NoAnswer { address, source })?;
    let line = answer.lines().next().unwrap_or_default();
    if line.starts_with("HTTP/1.1 200") {
        return Ok(());
    }
    Err(HealthError::Unwell { address, path, answer: line.to_owned() })
}

/// A server that listens everywhere is asked on this machine.
fn reachable(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        other => other,
    }
}

/// The beginning of the answer, which has its first line.
fn exchange(address: SocketAddr, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(1024).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
