//! `mongo:8` in a container, as a replica set of one.

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
    // It is removed when it is dropped, and when the process is asked to end.
    Ok((uri, Some(Box::new(container))))
}
