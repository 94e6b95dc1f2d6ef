//! A server under load: a process, and what the system says about it.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
};

use super::BenchError;

/// A server in a process of its own; it ends with this value.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

/// How many ticks a second has in `/proc`, on every Linux.
const TICKS: u64 = 100;

impl Server {
    /// Starts a program that prints its URL.
    pub fn start(program: &Path, arguments: &[String]) -> Result<Self, BenchError> {
        let failed = |cause: String| BenchError::Server { program: program.to_owned(), cause };
        // What it logs is written as ever, to nobody.
        let child = Command::new(program).args(arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut server = Self { child: child.map_err(|error| failed(error.to_string()))?, address: ([127, 0, 0, 1], 0).into() };
        let printed = server.child.stdout.take().ok_or_else(|| failed("it has no output".to_owned()))?;
        let mut lines = BufReader::new(printed);
        let mut line = String::new();
        while lines.read_line(&mut line)? > 0 {
            if let Some(address) = address(&line) {
                server.address = address;
                server.child.stdout = Some(lines.into_inner());
                return Ok(server);
            }
            line.clear();
        }
        Err(failed("it ended before it served".to_owned()))
    }

    /// How much time of the processors it has taken, in microseconds.
    pub fn cpu(&self) -> Result<u64, BenchError> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).map_err(BenchError::NoFigures)?;
        Ok(ticks(&stat) * 1_000_000 / TICKS)
    }

    /// The most memory that it has had, in kB.
    pub fn peak(&self) -> Result<u64, BenchError> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).map_err(BenchError::NoFigures)?;
        Ok(peak(&status))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address in the first URL of a line.
fn address(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("http://")?;
    rest.split(|c: char| !(c.is_ascii_digit() || c == '.' || c == ':')).next()?.parse().ok()
}

/// User and system time in the file `stat` of a process; its name, in brackets, may have blanks.
fn ticks(stat: &str) -> u64 {
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum()
}

/// The peak of the resident memory in the file `status` of a process.
fn peak(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_are_read_from_what_the_system_says() {
        let stat = "42 (a server)) S 1 42 42 0 -1 4194304 100 0 0 0 321 79 0 0 20 0 3 0 1 1 1";
        assert_eq!(ticks(stat), 400);
        assert_eq!(peak("Name:\tx\nVmPeak:\t  999 kB\nVmHWM:\t   1234 kB\nVmRSS:\t 1 kB\n"), 1234);
        assert_eq!(address("Serving on http://127.0.0.1:4567/docs/\n"), "127.0.0.1:4567".parse().ok());
        assert_eq!(address("nothing yet"), None);
    }
}
