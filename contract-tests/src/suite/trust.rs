//! Whether the server still accepts the caller's credentials: a run may have changed a password, or deleted whom they belong to.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use super::{credentials::Grant, run::Run};
use crate::{
    cases::{Case, Credentials},
    openapi::{
        operation::Operation,
        request::{Request, Response},
    },
    report::Stopped,
};

/// After how many refusals, one after the other, the server is asked, and after how many more it is asked again.
const SUSPICIOUS: usize = 5;
const AGAIN: usize = 100;

/// What is known about the credentials.
#[derive(Default)]
pub(crate) struct Trust {
    /// A request that changes nothing and was accepted for its credentials.
    accepted: Mutex<Option<(Request, Grant)>>,
    /// The last change that was accepted.
    last: Mutex<String>,
    /// How many requests were refused for their credentials since one was accepted.
    refused: AtomicUsize,
}

/// How many operations are asked whether they accept the credentials, before anything is changed.
const ASKED: usize = 3;

impl Run<'_> {
    /// Looks for a request that changes nothing and is accepted for its credentials.
    pub(super) async fn find_accepted(&self) {
        let asks_nothing = |operation: &&Operation| {
            let is_bare = operation.method == "GET" && !operation.path.contains('{') && operation.only_reads();
            is_bare && operation.untestable.is_none() && operation.parameters.iter().all(|parameter| !parameter.required)
        };
        for operation in self.prepared.operations.iter().filter(asks_nothing).take(ASKED) {
            let grant = self.grant(operation, &Credentials::Good);
            if grant.open || grant.parts() == 0 {
                continue;
            }
            let request = Request { method: "GET".to_owned(), target: operation.path.clone(), ..Request::default() };
            let answer = self.client.send(&grant.apply(request.clone()), &grant.authorization).await;
            if answer.is_ok_and(|response| (200..300).contains(&response.status)) {
                *self.trust.accepted.lock().unwrap_or_else(PoisonError::into_inner) = Some((request, grant));
                return;
            }
        }
    }

    /// Notes whether a request with good credentials is accepted. Where many are not, what was accepted before is asked again; if that is
    /// refused, too, the run is stopped.
    pub(super) async fn watch_credentials(&self, case: &Case, operation: &Operation, grant: &Grant, response: &Response) {
        let trust = &self.trust;
        // Without a part of its own it may still be a header that the caller gives.
        let is_anonymous = grant.open || (grant.parts() == 0 && operation.security.is_none());
        if case.credentials != Credentials::Good || is_anonymous || operation.ends_session() {
            return;
        }
        let is_safe = case.request.method == "GET" && operation.method == "GET";
        match response.status {
            200..300 if is_safe => {
                trust.refused.store(0, Ordering::Relaxed);
                let mut accepted = trust.accepted.lock().unwrap_or_else(PoisonError::into_inner);
                // What names nothing is there still when it is asked again.
                if !operation.path.contains('{') && !case.request.target.contains('?') {
                    accepted.get_or_insert_with(|| (case.request.clone(), grant.clone()));
                }
            }
            200..300 => {
                trust.refused.store(0, Ordering::Relaxed);
                *trust.last.lock().unwrap_or_else(PoisonError::into_inner) =
                    format!("{} {} ({})", case.request.method, operation.path, case.id);
            }
            401 | 403 => {
                let refused = trust.refused.fetch_add(1, Ordering::Relaxed) + 1;
                if refused % AGAIN == SUSPICIOUS {
                    self.ask_again().await;
                }
            }
            _ => {}
        }
    }

    async fn ask_again(&self) {
        let accepted = self.trust.accepted.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some((request, grant)) = accepted else { return };
        let answer = self.client.send(&grant.apply(request), &grant.authorization).await;
        if answer.is_ok_and(|response| matches!(response.status, 401 | 403)) {
            let last = self.trust.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
            self.stop(Stopped::CredentialsGone { last });
        }
    }
}
