//! What the document describes: one file per resource with its types and operations, and the parts that all of them share.
//!
//! To add an operation: write it in its resource's file, run `cargo xtask spec`, and read the change of `openapi.yaml`; or write it in
//! `openapi.yaml`, and run `cargo xtask stub`. The contract, the documentation and the contract tests follow from the document.
//! CONTRIBUTING.md works through both.

pub mod users;

use std::sync::Arc;

use poem::Request;
use poem_openapi::{OpenApi, OpenApiService, SecurityScheme, auth::Bearer};
use serde_json::{Value, json};

use openapi_server::{
    ContractError, Document,
    auth::Caller,
    problem::{self, Examples, Violation},
};

use crate::store::UserStore;

/// Names the resources: for each, the module and the type that has its operations.
macro_rules! resources {
    (@pairs $store:ident) => { () };
    (@pairs $store:ident $module:ident::$operations:ident, $($rest:tt)*) => {
        ($module::$operations::new(Arc::clone($store)), resources!(@pairs $store $($rest)*))
    };
    ($($module:ident::$operations:ident,)+) => {
        /// The operations of all resources, in pairs of one and the rest: poem-openapi takes tuples of sixteen at most.
        fn operations(store: &Arc<dyn UserStore>) -> impl OpenApi + use<> {
            resources!(@pairs store $($module::$operations,)+)
        }

        /// What the derived document lacks about all resources.
        fn resource_refinements() -> Vec<Value> {
            vec![$($module::refinements()),+]
        }
    };
}

resources! {
    users::Users,
}

/// An access token issued by Auth0 for this API, with the scopes that the operation lists.
#[derive(SecurityScheme)]
#[oai(rename = "bearerAuth", ty = "bearer", bearer_format = "JWT", checker = "caller")]
pub struct Authorized(pub Caller);

/// The caller whom [`openapi_server::contract`] has authorised; without it no handler runs.
async fn caller(request: &Request, _: Bearer) -> Option<Caller> {
    request.data::<Caller>().cloned()
}

/// The document of this API, as this binary carries it.
///
/// # Errors
///
/// [`ContractError::Unreadable`] when `openapi.yaml` was not YAML at build time.
pub fn document() -> Result<Document, ContractError> {
    Document::parse(include_str!("../../openapi.yaml"))
}

/// The handlers of every operation, on this store.
pub fn service(store: &Arc<dyn UserStore>) -> OpenApiService<impl OpenApi + use<>, ()> {
    OpenApiService::new(operations(store), "Users API", env!("CARGO_PKG_VERSION"))
}

/// The document as poem-openapi derives it from the handlers: OpenAPI 3.0, incomplete; only `cargo xtask spec` reads it.
///
/// # Errors
///
/// When poem-openapi writes something that is not JSON.
pub fn derived_document() -> serde_json::Result<Value> {
    let store: Arc<dyn UserStore> = Arc::new(crate::store::MemoryStore::default());
    serde_json::from_str(&service(&store).spec())
}

/// What the derived document cannot say, from beside each type: JSON Merge Patches (RFC 7386), applied in order.
pub fn refinements() -> Vec<Value> {
    [vec![about(), problem::components(&examples())], resource_refinements()].concat()
}

/// The violations that the document shows.
fn examples() -> Examples {
    let violation = |pointer: &str, rule: &str, message: &str| Violation {
        pointer: pointer.to_owned(),
        rule: rule.to_owned(),
        message: message.to_owned(),
    };
    Examples {
        bad_request: vec![
            violation("/firstName", "minLength", "must have at least 1 character"),
            violation("/employmentInfo/industry", "required", "is required"),
        ],
        conflict: vec![users::email_taken()],
        unprocessable: vec![users::idempotency::reused()],
    }
}

/// What the document says of itself.
fn about() -> Value {
    json!({
        "info": {
            "version": "1.0.0",
            "summary": "Create, read, change and delete the users of an investment service.",
            "description": "Every rule in this document is enforced: the server refuses nothing that it allows and accepts nothing that \
                it forbids. Objects are closed, `null` is not the same as absent, no value is converted to another type, lengths \
                count Unicode code points, and a property marked `x-unique` holds a value that no other resource has. \
                A changed resource must also satisfy the schema that `x-result` names.\n\n\
                Errors are problem details (RFC 9457); a refused body lists every violation at once.",
            "license": { "name": "Apache-2.0 OR MIT", "identifier": "Apache-2.0 OR MIT" }
        },
        "servers": [
            { "url": "/", "description": "The server that this document was read from." },
            {
                "url": "https://{host}",
                "description": "Any deployment.",
                "variables": { "host": { "default": "api.example.com", "description": "Where the API is deployed." } }
            }
        ]
    })
}
