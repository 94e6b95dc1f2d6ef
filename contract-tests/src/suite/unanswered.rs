//! Requests that took too long for their share of the time: they are waited for while others are sent.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use tokio::task::JoinHandle;

use super::{Run, client::SendError, prepared::PreparedTarget};
use crate::{
    cases::Case,
    judge::Finding,
    openapi::request::{Response, Target},
    rules,
};

/// One request of each operation that had not answered when its share of the time was over.
#[derive(Default)]
pub(super) struct Unanswered(Mutex<HashMap<String, Pending>>);

struct Pending {
    target: String,
    case: Case,
    answer: JoinHandle<Result<Response, SendError>>,
}

impl Run<'_> {
    /// Goes on waiting for an answer, unless one of the same operation is waited for.
    pub(super) fn wait_beside(
        &self,
        target: &Target,
        case: &Case,
        answer: impl Future<Output = Result<Response, SendError>> + Send + 'static,
    ) {
        let mut pending = self.unanswered.0.lock().unwrap_or_else(PoisonError::into_inner);
        pending.entry(target.operation.id.clone()).or_insert_with(|| Pending {
            target: target.name(),
            case: case.clone(),
            answer: tokio::spawn(answer),
        });
    }

    /// Reports what has not been answered within the time for an answer. What has less time in this run says nothing.
    pub(super) async fn judge_unanswered(&self) {
        let pending = std::mem::take(&mut *self.unanswered.0.lock().unwrap_or_else(PoisonError::into_inner));
        for (operation, Pending { target, case, mut answer }) in pending {
            // Where others of the operation were answered, there is nothing to wait for.
            let is_silent = !self.answered.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&operation);
            let left = self.time_left().filter(|_| is_silent && !self.is_over());
            let answered = tokio::time::timeout(left.unwrap_or_default(), &mut answer).await;
            answer.abort();
            let Ok(Ok(Err(error))) = answered else { continue };
            let mut parts = self.prepared.parts.iter().filter(|part| part.name() == target);
            let Some(target) = parts.find_map(|part| PreparedTarget::target(part).ok()) else { continue };
            if !error.is_refused && !error.is_broken_off {
                let what = format!("nothing answers {}", case.title);
                self.fail(target, &case, &Finding::of(&rules::NO_ANSWER, &case.promise, what), Err(&error.text));
            }
        }
    }
}
