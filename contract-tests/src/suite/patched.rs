//! Whether a refused patch may have been refused for what it would have made of the resource (RFC 5789, section 2.2).

use serde_json::Value;

use super::{
    credentials::Grant,
    run::{CaseOutcome, Run},
};
use crate::{
    cases::{Case, Credentials, Expect},
    openapi::{
        operation::Operation,
        request::{Request, Target},
    },
    rules,
};

/// How often a patch is sent again, since others may change the resource meanwhile.
const CONFIRMATIONS: usize = 3;

impl Run<'_> {
    /// Takes back that a valid patch was refused, unless the resource would have been valid with its changes.
    pub(super) async fn excuse_result(&self, target: &Target, case: &Case, grant: &Grant, outcome: &mut CaseOutcome) {
        let about_refusal = [&rules::VALID_REFUSED, &rules::HTTP_VARIANT_REFUSED, &rules::UNDOCUMENTED_QUERY];
        if case.expect != Expect::Success
            || !is_patch(target)
            || !outcome.answer.as_ref().is_ok_and(|response| matches!(response.status, 400 | 409 | 422))
            || outcome.findings.iter().all(|finding| !about_refusal.contains(&finding.rule))
        {
            return;
        }
        if !self.is_refused_without_reason(target, case, grant).await {
            outcome.findings.retain(|finding| !about_refusal.contains(&finding.rule));
        }
    }

    async fn is_refused_without_reason(&self, target: &Target, case: &Case, grant: &Grant) -> bool {
        for _ in 0..CONFIRMATIONS {
            let refused = match self.send(case, &target.operation, grant).await {
                Ok(response) => matches!(response.status, 400 | 409 | 422),
                Err(_) => false,
            };
            if !refused || !self.result_is_valid(target, case).await {
                return false;
            }
        }
        true
    }

    /// Whether the resource satisfies its schema after the patch; false where that cannot be told.
    async fn result_is_valid(&self, target: &Target, case: &Case) -> bool {
        let patch = case.instance.as_ref().and_then(|instance| instance.get("body"));
        let (Some(schema), Some(patch)) = (&target.result, patch) else { return false };
        let Some(mut resource) = self.read(&target.operation, case).await else { return false };
        json_patch::merge(&mut resource, patch);
        schema.evaluate(&resource).broken.is_empty()
    }

    /// The resource that a request names, as the `GET` of the same path shows it.
    async fn read(&self, operation: &Operation, case: &Case) -> Option<Value> {
        let is_getter = |other: &&Operation| other.method == "GET" && other.path == operation.path;
        let get = self.prepared.operations.iter().find(is_getter)?;
        let path = case.request.target.split('?').next()?.to_owned();
        let request = Request { method: "GET".to_owned(), target: path, ..Request::default() };
        let grant = self.grant(get, &Credentials::Good);
        let answer = self.client().send(&grant.apply(request), &grant.authorization).await.ok()?;
        if answer.status == 200 { serde_json::from_slice(&answer.body).ok() } else { None }
    }
}

/// Whether the body says what to change (RFC 7396, RFC 6902).
fn is_patch(target: &Target) -> bool {
    target.media_type.as_deref().is_some_and(|name| name.contains("merge-patch+json") || name.contains("json-patch+json"))
}
