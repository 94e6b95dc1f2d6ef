//! Developer commands, as a library so that tests can run them.

pub mod compat;
pub mod drift;
pub mod lift;
pub mod mongo;
pub mod mutants;
pub mod spec;
