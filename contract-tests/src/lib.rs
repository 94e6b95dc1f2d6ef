//! Contract tests for any API that has an OpenAPI document.
//!
//! ```no_run
//! # async fn run() -> Result<(), contract_tests::SuiteError> {
//! use contract_tests::{Document, Suite};
//!
//! let document = Document::read("openapi.yaml".as_ref())?;
//! let report = Suite::new(document).token("secret").run("http://127.0.0.1:3000").await?;
//! assert!(report.passed(), "{:#?}", report.failures);
//! # Ok(())
//! # }
//! ```

mod cases;
pub mod compat;
mod generate;
mod inclusion;
mod judge;
pub mod mutants;
mod openapi;
mod plan;
pub mod pointer;
mod report;
pub mod rules;
mod schema;
pub mod shell;
mod suite;
pub mod survey;
pub mod text;

pub use self::{
    cases::{
        Case, Credentials, Expect, ExpectedViolation, Group,
        token::{Signer, TokenError},
    },
    inclusion::{
        Inclusion, Located,
        described::{Described, LocatedViolation},
        inclusion,
    },
    judge::{Exchange, Finding, Judge, ReportedViolation},
    openapi::{
        document::{Document, DocumentError},
        operation::{Operation, path_names},
        request::{REQUESTS, Request, Response},
    },
    plan::{
        Breakable,
        instances::{Instances, instances},
    },
    report::{Accepted, Allowance, ConstraintReport, Failure, Layout, OperationReport, Report, Stopped},
    schema::{Constraint, ConstraintId, Disagreement, Uncovered, equal, number},
    suite::{Credential, DOUBTFUL_FORMATS, Progress, Store, StoreFuture, Suite, SuiteError, client::ClientError},
};
