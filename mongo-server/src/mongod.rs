//! `mongod` on the `PATH`, as a replica set of one, on a free port of this machine.

use std::net::TcpListener;

use crate::{Attempt, Machine, leash::Process, replica_set};

pub fn start(machine: &Machine) -> Attempt {
    let program = machine.program("mongod").ok_or("there is none")?;
    // Free now; should somebody take it before mongod does, mongod ends and says so.
    let port =
        TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).map_err(|error| error.to_string())?.port();
    let mut process = Process::start(&program, |data| {
        let flags = ["--bind_ip", "127.0.0.1", "--nounixsocket", "--replSet", replica_set::NAME, "--quiet", "--logpath"];
        let log = data.with_file_name("log").display().to_string();
        let place = ["--port".to_owned(), port.to_string(), "--dbpath".to_owned(), data.display().to_string()];
        flags.map(str::to_owned).into_iter().chain([log, "--logappend".to_owned()]).chain(place).collect()
    })?;
    let uri = replica_set::initiate(port, port, || process.has_ended())
        .map_err(|why| if process.has_ended() { process.ended() } else { why })?;
    Ok((uri, Some(Box::new(process))))
}
