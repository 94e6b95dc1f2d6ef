//! The load: wrk, in a process of its own.

use std::{
    io::{self, Write},
    net::SocketAddr,
    process::Command,
};

use serde::Deserialize;

use super::BenchError;

/// What is sent, again and again.
#[derive(Debug, Clone, Default)]
pub struct Load {
    /// The method.
    pub method: &'static str,
    /// The paths, one after the other.
    pub paths: Vec<String>,
    /// Name and value of each header.
    pub headers: Vec<(&'static str, String)>,
    /// The body; `@@` is another number each time.
    pub body: String,
    /// How many connections send at once.
    pub connections: usize,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct Answered {
    /// How many requests were answered.
    pub requests: u64,
    /// How long it took.
    pub micros: u64,
    /// Half of the answers came sooner, in microseconds.
    pub p50: u64,
    /// Of a hundred answers 99 came sooner.
    pub p99: u64,
    /// How many answers had a status from 400 on.
    pub refused: u64,
    /// How many requests had no answer.
    pub failed: u64,
}

/// Where the program is, or why it cannot be used.
pub fn find() -> Result<(), BenchError> {
    // It ends with 1 when asked for its version.
    Command::new("wrk").arg("--version").output().map(drop).map_err(|source| BenchError::NoLoad { source })
}

impl Load {
    /// Sends for so many seconds.
    pub fn send(&self, address: SocketAddr, seconds: u64, run: usize) -> Result<Answered, BenchError> {
        let mut script = tempfile::NamedTempFile::with_suffix(".lua")?;
        script.write_all(include_bytes!("load.lua"))?;
        let headers: Vec<String> = self.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let output = Command::new("wrk")
            .args(["--threads", "1", "--timeout", "10s", "--latency"])
            .args(["--connections", &self.connections.to_string(), "--duration", &format!("{seconds}s"), "--script"])
            .arg(script.path())
            .arg(format!("http://{address}"))
            .env("BENCH_METHOD", self.method)
            .env("BENCH_PATHS", self.paths.join("\n"))
            .env("BENCH_HEADERS", headers.join("\n"))
            // No run sends what another has sent.
            .env("BENCH_BODY", self.body.replace("@@", &format!("{run}-@@")))
            .output()
            .map_err(|source| BenchError::NoLoad { source })?;
        let printed = String::from_utf8_lossy(&output.stdout);
        answered(&printed).ok_or_else(|| BenchError::Load(format!("{printed}{}", String::from_utf8_lossy(&output.stderr))))
    }

    /// One such request, to see what the server says to it: status, head and body.
    pub fn once(&self, address: SocketAddr, run: &str) -> io::Result<(u16, String, String)> {
        use std::io::Read;
        let mut stream = std::net::TcpStream::connect(address)?;
        let (path, body) = (self.paths.first().map_or("/", String::as_str), self.body.replace("@@", run));
        let headers: String = self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let length = if body.is_empty() { String::new() } else { format!("content-length: {}\r\n", body.len()) };
        let request =
            format!("{} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{headers}{length}\r\n{body}", self.method);
        stream.write_all(request.as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let answer = String::from_utf8_lossy(&answer);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
        Ok((status, head.to_owned(), body.to_owned()))
    }
}

/// The line that the script prints at the end.
fn answered(printed: &str) -> Option<Answered> {
    printed.lines().find_map(|line| serde_json::from_str(line.strip_prefix("RESULT ")?).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_result_is_found_among_what_wrk_prints() {
        let printed = "Running 3s test\n  Thread Stats\nRESULT {\"requests\":6,\"micros\":3000000,\"p50\":80,\"p99\":900,\"refused\":1,\"failed\":0}\n";
        let expected = Answered { requests: 6, micros: 3_000_000, p50: 80, p99: 900, refused: 1, failed: 0 };
        assert_eq!(answered(printed), Some(expected));
        assert_eq!(answered("unable to connect"), None);
    }
}
