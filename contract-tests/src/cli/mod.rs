//! The commands, and the error that ends them.

pub mod compat;
pub mod mutants;
pub mod run;
pub mod survey;

use contract_tests::{SuiteError, mutants::MutantsError};

/// Why a command could not run, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct CliError {
    message: String,
    /// What to do about it.
    pub hint: &'static str,
}

impl CliError {
    /// An error with the cause in `message`.
    pub fn new(message: impl ToString, hint: &'static str) -> Self {
        Self { message: message.to_string(), hint }
    }
}

impl From<SuiteError> for CliError {
    fn from(error: SuiteError) -> Self {
        Self::new(&error, error.hint())
    }
}

impl From<MutantsError> for CliError {
    fn from(error: MutantsError) -> Self {
        Self::new(&error, error.hint())
    }
}
