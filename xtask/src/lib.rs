//! Developer commands, as a library so that tests can run them.

pub mod drift;
pub mod lift;
pub mod mutants;
pub mod spec;
