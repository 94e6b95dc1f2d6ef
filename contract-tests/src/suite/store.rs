//! What the server stores, for tests that run it in their own process.

use std::{
    collections::BTreeSet,
    future::Future,
    pin::Pin,
    sync::{PoisonError, atomic::Ordering},
};

use serde_json::Value;

use super::{prepared::PreparedTarget, run::Run};
use crate::{
    cases::{Case, Credentials, Expect, Group},
    judge::Finding,
    openapi::{
        operation::Operation,
        request::{Request, Response},
    },
    rules,
    schema::equal,
};

/// A future of a [`Store`].
pub type StoreFuture<'a> = Pin<Box<dyn Future<Output = Vec<Value>> + Send + 'a>>;

/// A look into what the server stores, for tests that run it in their own process: a rejected request must change nothing.
pub trait Store: Send + Sync {
    /// Everything that is stored, in a stable order, each resource as the API shows it.
    fn snapshot(&self) -> StoreFuture<'_>;
}

impl Run<'_> {
    /// What is stored; looked at anew only when something was sent since.
    pub(super) async fn snapshot(&self) -> Option<Vec<Value>> {
        let store = self.suite.store.as_ref()?;
        let sent = self.requests.load(Ordering::Relaxed);
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).take();
        let stored = match seen {
            Some((then, stored)) if then == sent => stored,
            _ => store.snapshot().await,
        };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some((sent, stored.clone()));
        Some(stored)
    }

    /// Checks that the run stored as many resources as it got answers of 201.
    pub(super) async fn check_created(&self, parts: &[PreparedTarget], before: Option<Vec<Value>>) {
        let target = parts.first().and_then(|part| part.target().ok());
        let (Some(before), Some(after), Some(target)) = (before, self.snapshot().await, target) else { return };
        let created = self.created.load(Ordering::Relaxed);
        let more = (after.len() as u64).saturating_sub(before.len() as u64);
        let deletes = parts.iter().any(|part| part.operation.method == "DELETE");
        if more != created && !deletes {
            let case = Case {
                id: format!("{}:state:sum", target.operation.id),
                group: Group::State,
                title: "the whole run".to_owned(),
                promise: target.operation.pointer.clone(),
                request: Request::default(),
                instance: None,
                credentials: Credentials::Good,
                expect: Expect::Documented,
                rule: &rules::STORED_DIFFERS,
            };
            let what = "the number of stored resources is not the number of 201 answers";
            let finding = Finding::of(&rules::STORED_DIFFERS, &case.promise, what)
                .with(format!("{created} answers of 201, {more} more stored"));
            self.fail(target, &case, &finding, Err(&String::new()));
        }
    }
}

/// What the store says about a case: a rejected request changes nothing, a created resource is one more, as the answer says it.
pub(super) fn check_store(
    operation: &Operation,
    answer: Option<&Response>,
    before: &[Value],
    after: &[Value],
) -> Option<Finding> {
    let response = answer?;
    if response.status >= 400 && before != after {
        let what = format!("a request that was rejected with {} changed what is stored", response.status);
        return Some(Finding::of(&rules::REFUSAL_CHANGES_STATE, &operation.pointer, what));
    }
    if response.status != 201 {
        return None;
    }
    let new: Vec<&Value> = after.iter().filter(|value| !before.contains(value)).collect();
    let [new] = new.as_slice() else { return Some(not_one(operation, before, after)) };
    if after.len() != before.len() + 1 {
        return Some(not_one(operation, before, after));
    }
    let body: Value = serde_json::from_slice(&response.body).ok()?;
    if equal(new, &body) {
        return None;
    }
    let names: BTreeSet<&String> = body.as_object()?.keys().chain(new.as_object()?.keys()).collect();
    let differing = names.into_iter().find(|name| body.get(name.as_str()) != new.get(name.as_str()))?;
    let what = format!("the stored {differing} differs from the one in the 201");
    Some(Finding::of(&rules::STORED_DIFFERS, &operation.pointer, what))
}

fn not_one(operation: &Operation, before: &[Value], after: &[Value]) -> Finding {
    Finding::of(&rules::STORED_DIFFERS, &operation.pointer, "a 201 did not create exactly one resource").with(format!(
        "{} before, {} after",
        before.len(),
        after.len()
    ))
}
