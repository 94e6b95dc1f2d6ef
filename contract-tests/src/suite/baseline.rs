//! The plain valid request of an operation. Its variants say something only where it is accepted: what is wrong with a server that
//! refuses every request of an operation, for an id that it does not know or a caller that it does not trust, is not theirs.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    prepared::PlannedTarget,
    resources::{optional_headers, without_headers},
    run::Run,
    send::CaseOutcome,
};
use crate::{
    cases::{Case, protocol::texts},
    judge::Finding,
    openapi::{
        operation::Operation,
        request::{Response, Target},
    },
    rules,
};

/// How many plain requests are tried.
const TRIES: usize = 8;

/// How many are tried where the time of the operation is up.
const FEW: usize = 3;

/// How many characters of an answer a reason quotes.
const QUOTED: usize = 120;

impl Run<'_> {
    /// Looks for a valid request that is accepted, and gives the number of its sample.
    ///
    /// # Errors
    ///
    /// Why there is none; the first refusal is a finding where nothing but the server can be blamed for it.
    pub(super) async fn baseline(&self, part: &PlannedTarget<'_>) -> Result<usize, String> {
        let mut first: Option<(Case, CaseOutcome)> = None;
        let mut tried = 0;
        for index in part.plain(TRIES) {
            self.provide(part).await;
            let case = self.case(part, index);
            let outcome = self.attempt(part.target, &case).await;
            let status = outcome.answer.as_ref().map_or(0, |response| response.status);
            if (200..400).contains(&status) {
                if !self.fresh().knows(part.target) && !is_idempotent(&case.request.method) {
                    let again = self.attempt(part.target, &self.renamed(part.target, &case)).await;
                    if is_conflict(&again) {
                        self.learn_fresh(part, &case).await;
                    }
                }
                return Ok(index);
            }
            if matches!(status, 400 | 422) && self.learn_refused(part, &case, &outcome).await {
                return Ok(index);
            }
            // What is gone at once is gone with all of its kind: another operation may clear them away.
            if matches!(status, 404 | 410)
                && first.is_some()
                && let Some((kind, _)) = self.prepared.resources.named(&part.target.operation)
            {
                self.known.clear(kind);
            }
            if status == 409 && !self.fresh().knows(part.target) && self.learn_fresh(part, &case).await {
                return Ok(index);
            }
            first.get_or_insert((case, outcome));
            tried += 1;
            // An operation that does not answer in time does not get that of the others.
            if self.is_over() || self.is_done() && (tried >= FEW || status == 0) {
                break;
            }
        }
        let Some((case, outcome)) = first else { return Err("no valid request can be made".to_owned()) };
        let reason = match &outcome.answer {
            Err(cause) => format!("there is no answer: {cause}"),
            Ok(response) => said(response),
        };
        let reason = self.secrets().fold(reason, |reason, secret| reason.replace(secret, "$TOKEN"));
        if self.suite.is_selected(&case.id) {
            let trusted = self.suite.keyring.signer.is_some() || part.target.operation.security.is_none();
            let operation = &part.target.operation;
            let response = outcome.answer.as_ref().ok();
            let status = response.map(|response| response.status);
            // Without a live resource the path has an id that was made up, and where there is nothing to say nothing can be wrong with it.
            let is_blind = !self.has_live(operation) || says_nothing(operation);
            let blamed = response.is_some_and(|response| !is_excused(operation, response, trusted)) && !is_blind;
            // A good token that is refused is about the tokens, whatever the request was.
            let security = operation.security.as_ref().filter(|_| matches!(status, Some(401 | 403)));
            let mut refused = false;
            for finding in &outcome.findings {
                let mut finding = finding.clone();
                if *finding.rule == rules::VALID_REFUSED {
                    if !blamed || std::mem::replace(&mut refused, true) {
                        continue;
                    }
                    if let Some(security) = security {
                        finding.promise.clone_from(&security.pointer);
                    }
                }
                self.found(part.target, &case, &finding, &outcome).await;
            }
        }
        Err(reason)
    }

    /// Whether what the path names is known to exist.
    fn has_live(&self, operation: &Operation) -> bool {
        let named = self.prepared.resources.named(operation);
        named.map_or(!operation.path.contains('{'), |(kind, _)| self.known.count(kind, false) > 0)
    }

    /// Looks for an optional header for which the request is refused: without it it is accepted. It is told once, and no request has it from
    /// now on.
    async fn learn_refused(&self, part: &PlannedTarget<'_>, case: &Case, outcome: &CaseOutcome) -> bool {
        let Some(instance) = &case.instance else { return false };
        for header in optional_headers(part.target, instance) {
            let Some(bare) = without_headers(part.target, instance, |it| it.name == header.name) else { continue };
            let bare = Case { request: part.target.encode(&bare), instance: Some(bare), ..case.clone() };
            let again = self.attempt(part.target, &bare).await;
            if again.answer.is_ok_and(|answer| (200..300).contains(&answer.status)) {
                self.known.refuse(&header.name);
                for finding in outcome.findings.iter().filter(|finding| *finding.rule == rules::VALID_REFUSED) {
                    let what = format!("a valid request is rejected for its header {}", header.name);
                    let finding = Finding { promise: header.pointer.clone(), what, ..finding.clone() };
                    self.found(part.target, case, &finding, outcome).await;
                }
                return true;
            }
        }
        false
    }

    /// The case as another request with the same values.
    fn renamed(&self, target: &Target, case: &Case) -> Case {
        let instance = case.instance.as_ref().map(|instance| self.fresh().renamed(target, instance));
        let request = instance.as_ref().map_or_else(|| case.request.clone(), |instance| target.encode(instance));
        Case { request, instance, ..case.clone() }
    }

    /// Looks for the value that must be new: with another one the request is accepted.
    pub(super) async fn learn_fresh(&self, part: &PlannedTarget<'_>, case: &Case) -> bool {
        let Some(instance) = &case.instance else { return false };
        let mut places = Vec::new();
        texts(instance, String::new(), &mut places);
        for place in places {
            let fresh = self.fresh().freshen(part.target, instance, &BTreeSet::from([place.clone()]));
            if fresh == *instance {
                continue;
            }
            let case = Case { request: part.target.encode(&fresh), instance: Some(fresh), ..case.clone() };
            let outcome = self.attempt(part.target, &case).await;
            if outcome.answer.is_ok_and(|response| (200..300).contains(&response.status)) {
                self.fresh().learn(part.target, place);
                return true;
            }
        }
        false
    }
}

/// Whether the requests of an operation have neither parameters nor a body.
fn says_nothing(operation: &Operation) -> bool {
    operation.parameters.is_empty() && operation.body.is_none()
}

/// Whether a refusal of a valid request may have a cause that the document does not speak of.
fn is_excused(operation: &Operation, response: &Response, trusted: bool) -> bool {
    match response.status {
        401 | 403 => !trusted,
        404 | 410 => operation.path.contains('{') || operation.responses.contains_key(&response.status.to_string()),
        409 | 429 => true,
        // Some have one status for everything.
        400 | 422 => operation.path.contains('{') && says_missing(response),
        _ => false,
    }
}

/// Whether an answer says in words that something is not there.
fn says_missing(response: &Response) -> bool {
    let said = String::from_utf8_lossy(&response.body).to_lowercase();
    ["not found", "no such", "not exist", "n't exist"].iter().any(|words| said.contains(words))
}

/// Whether a request may be sent twice by definition (RFC 9110, section 9.2.2).
fn is_idempotent(method: &str) -> bool {
    !matches!(method, "POST" | "PATCH")
}

fn is_conflict(outcome: &CaseOutcome) -> bool {
    outcome.answer.as_ref().is_ok_and(|response| response.status == 409)
}

/// The status, and what the server says about it.
fn said(response: &Response) -> String {
    let body: Option<Value> = serde_json::from_slice(&response.body).ok();
    let told = ["message", "detail", "error", "title", "error_description"]
        .into_iter()
        .find_map(|name| body.as_ref()?.get(name).filter(|value| !value.is_object()).map(|value| value.to_string()));
    let text = told.or_else(|| String::from_utf8(response.body.clone()).ok()).unwrap_or_default();
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(QUOTED).collect();
    if text.is_empty() {
        format!("the server answers {}", response.status)
    } else {
        format!("the server answers {}: {text}", response.status)
    }
}
