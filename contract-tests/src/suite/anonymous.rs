//! Servers that ask for no credentials, or for some, whatever their document says: they are tested without any, or with those given.

use std::collections::BTreeMap;

use super::{Grants, client::Client, credentials::Grant, prepared::Prepared};
use crate::openapi::{operation::Operation, request::Request};

/// How many operations are asked for each kind of credentials that is missing.
const ASKED: usize = 4;

/// Lets operations be called without the credentials that nobody gave, where those of them that only read do not ask for any.
pub(super) async fn let_in(client: &Client, prepared: &Prepared, grants: &mut Grants) {
    let mut readers: BTreeMap<String, Vec<&Operation>> = BTreeMap::new();
    for operation in prepared.operations.iter().filter(is_asked) {
        if let Some(Err(missing)) = grants.get(&operation.id) {
            readers.entry(missing.clone()).or_default().push(operation);
        }
    }
    for (missing, mut operations) in readers {
        // Behind an id that nobody has there may be nothing to protect.
        operations.sort_by_key(|operation| operation.path.matches('{').count());
        let mut answers = Vec::new();
        for operation in operations.into_iter().take(ASKED) {
            answers.extend(lets_in(client, operation).await);
        }
        if !answers.is_empty() && answers.iter().all(|lets_in| *lets_in) {
            let open = grants.values_mut().filter(|grant| grant.as_ref().err() == Some(&missing));
            open.for_each(|grant| *grant = Ok(Grant { open: true, ..Grant::default() }));
        }
    }
}

/// Has credentials sent to operations for which the document asks for none, where such operations that only read let nobody in without.
pub(super) async fn with_undocumented(client: &Client, prepared: &Prepared, grants: &mut Grants, given: &Grant) {
    let is_open = |operation: &&Operation| operation.security.is_none() && operation.untestable.is_none();
    let mut readers: Vec<&Operation> = prepared.operations.iter().filter(is_open).filter(is_asked).collect();
    readers.sort_by_key(|operation| operation.path.matches('{').count());
    for operation in readers.into_iter().take(ASKED) {
        let is_let_in = matches!(status(client, operation, &Grant::default()).await, Some(401 | 403 | 407))
            && status(client, operation, given).await.is_some_and(|status| !matches!(status, 401 | 403 | 407));
        if is_let_in {
            for operation in prepared.operations.iter().filter(is_open) {
                grants.insert(operation.id.clone(), Ok(given.clone()));
            }
            return;
        }
    }
}

/// Whether an operation can be called before the run begins, without any harm.
fn is_asked(operation: &&Operation) -> bool {
    operation.method == "GET" && operation.only_reads() && operation.untestable.is_none()
}

/// Whether the server answers without asking who it is; none where the answer does not say so, such as that there is nothing.
async fn lets_in(client: &Client, operation: &Operation) -> Option<bool> {
    match status(client, operation, &Grant::default()).await? {
        200..=299 => Some(true),
        300..=399 | 401 | 403 | 407 => Some(false),
        _ => None,
    }
}

/// What the server answers to a request of the path alone.
async fn status(client: &Client, operation: &Operation, grant: &Grant) -> Option<u16> {
    let names = operation.path.split('/').map(|segment| if segment.contains('{') { "1" } else { segment });
    let target = names.collect::<Vec<_>>().join("/");
    let request = Request { method: operation.method.clone(), target, ..Request::default() };
    Some(client.send(&grant.apply(request), &grant.authorization).await.ok()?.status)
}
