//! `mongo:8` in a container, as a replica set of one.

use std::process::{Child, Command, Stdio};

use testcontainers::{
    GenericImage, ImageExt,
    core::{IntoContainerPort, WaitFor},
    runners::SyncRunner,
};

use crate::{Attempt, replica_set};

/// MongoDB's port inside the container.
const PORT: u16 = 27017;

pub fn start() -> Attempt {
    let image = GenericImage::new("mongo", "8")
        .with_exposed_port(PORT.tcp())
        .with_wait_for(WaitFor::message_on_stdout("Waiting for connections"))
        .with_cmd(["--replSet", replica_set::NAME, "--bind_ip_all", "--quiet"]);
    let container = image.start().map_err(|error| error.to_string())?;
    let port = container.get_host_port_ipv4(PORT).map_err(|error| error.to_string())?;
    let uri = replica_set::initiate(port, PORT, || false)?;
    let leash = kill_on_drop(container.id());
    Ok((uri, Some(Box::new((container, leash)))))
}

/// Removes the container when this process ends in a way that drops nothing.
struct KillOnDrop(Option<Child>);

fn kill_on_drop(container: &str) -> KillOnDrop {
    let script = r#"trap "" INT; cat >/dev/null; exec docker rm --force --volumes "$0" >/dev/null 2>&1"#;
    let started = Command::new("sh").args(["-c", script, container]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn();
    KillOnDrop(started.ok()) // Without a shell only an orderly end removes it.
}

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        if let Some(mut leash) = self.0.take() {
            drop(leash.stdin.take());
            let _ = leash.wait();
        }
    }
}
