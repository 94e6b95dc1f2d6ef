//! What handlers are written with.

pub use openapi_server::problem::{Code, Problem};
pub use poem::{Response, Result, handler, web::Data};

pub use crate::{
    answer::{Answer, Empty, not_written},
    body::{Body, Bytes},
    parameters, types,
};
