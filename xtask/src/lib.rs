//! Developer commands, as a library so that tests can run them.

pub mod bench;
pub mod code_mutants;
pub mod drift;
pub mod generators;
pub mod lift;
pub mod mongo;
pub mod spec;
pub mod stub;
pub mod wild;
