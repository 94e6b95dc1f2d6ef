//! What handlers are written with.

pub use poem::{Response, Result, handler};

pub use crate::{
    answer::{Answer, Empty, not_written},
    body::{Body, Bytes},
    parameters, types,
};
