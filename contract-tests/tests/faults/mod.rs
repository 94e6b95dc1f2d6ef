//! Faults that a server of `openapi.yaml` can have, each with the place that a failure about it must name.

mod authentication;
mod protocol;
mod responses;
mod state;
mod validation;

use faulty_server::{Effect, Fault, Group, Reply};
use serde_json::json;

/// Every fault.
pub fn faults() -> Vec<Fault> {
    [validation::faults(), protocol::faults(), authentication::faults(), state::faults(), responses::faults()].concat()
}

/// A place in the schemas of the document.
macro_rules! at {
    ($path:literal) => {
        concat!("/components/schemas/", $path)
    };
}
use at;

fn fault(name: &'static str, group: Group, at: &'static str, effect: Effect) -> Fault {
    Fault { name, group, at, effect }
}

fn break_if(condition: bool, reply: &mut Reply) {
    if condition {
        *reply = Reply::broken();
    }
}

/// Sets the problem's code and the status in it.
fn tell(reply: &mut Reply, code: &str) {
    let status = reply.status;
    if let Some(body) = reply.object() {
        body.insert("code".to_owned(), json!(code));
        body.insert("status".to_owned(), json!(status));
        body.shift_remove("errors");
    }
}

fn problem(status: u16, code: &str) -> Reply {
    let mut reply = Reply { status, ..Reply::broken() };
    tell(&mut reply, code);
    reply
}

fn restate(reply: &mut Reply, from: u16, to: u16, code: &str) {
    if reply.status == from {
        reply.status = to;
        tell(reply, code);
    }
}
