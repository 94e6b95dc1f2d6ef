//! Contract tests for any API that has an OpenAPI document.
//!
//! ```no_run
//! # async fn run() -> Result<(), contract_tests::SuiteError> {
//! use contract_tests::{Document, Suite};
//!
//! let document = Document::read("openapi.yaml".as_ref())?;
//! let report = Suite::new(document).token("secret").run("http://127.0.0.1:3000").await?;
//! assert!(report.kept(), "{:#?}", report.failures);
//! # Ok(())
//! # }
//! ```

mod authentication;
mod case;
mod client;
mod curl;
mod described;
mod document;
mod failures;
mod generate;
mod inclusion;
mod instances;
mod judge;
mod plan;
pub mod pointer;
mod protocol;
mod random;
mod report;
mod request;
mod schema;
mod state;
mod suite;
pub mod text;
mod token;
mod unique;

pub use self::{
    case::{Broken, Case, Credentials, Expect, Group},
    client::ClientError,
    described::{Breach, Described},
    document::{Document, DocumentError, Operation, path_names},
    inclusion::{Inclusion, Located, inclusion},
    instances::{Instances, instances},
    judge::{Complaint, Exchange, Judge},
    plan::Breakable,
    report::{ConstraintReport, Failure, Layout, OperationReport, Report},
    request::{REQUESTS, Request, Response},
    schema::{Constraint, ConstraintId, Disagreement, Uncovered, equal, number},
    suite::{Progress, Store, StoreFuture, Suite, SuiteError},
    token::{Signer, TokenError},
};
