//! What a patch makes of the resource (RFC 5789, section 2.2): whether a refused one may have been refused for that, and whether one is
//! refused that must be.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{credentials::Grant, prepared::PlannedTarget, run::Run, send::CaseOutcome};
use crate::{
    cases::{Case, Credentials, Expect, expectation, shown},
    openapi::{
        operation::Operation,
        request::{PatchResult, Request, Target},
    },
    plan::{Sample, patches::Patch},
    pointer::replace,
    rules,
    schema::Schema,
};

/// How often a patch is sent again, since others may change the resource meanwhile.
const CONFIRMATIONS: usize = 3;

/// On how many resources a patch is tried until one is made invalid.
const RESOURCES: usize = 8;

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
            let refused = match self.send(case, target, grant).await {
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
        let (Some(PatchResult { schema, .. }), Some(patch)) = (&target.result, patch) else { return false };
        let Some(mut resource) = self.read(&target.operation, case).await else { return false };
        json_patch::merge(&mut resource, patch);
        schema.evaluate(&resource).broken.is_empty()
    }

    /// Tries patches that are valid and make something invalid of the resource, where the document promises that they are refused; gives
    /// how many cases were judged.
    pub(super) async fn result_cases(&self, part: &PlannedTarget<'_>) -> usize {
        let target = part.target;
        let Some(PatchResult { schema, .. }) = &target.result else { return 0 };
        let mut judged = 0;
        for (number, patch) in part.patches().iter().enumerate() {
            let id = format!("{}:state:result:{}:{}", target.name(), schema.constraints[patch.constraint].key(), number + 1);
            if !self.is_selected(&id) {
                continue;
            }
            for _ in 0..RESOURCES {
                if let Some(case) = self.result_case(part, schema, &id, patch).await {
                    self.judge_case(target, &case).await;
                    judged += 1;
                    break;
                }
            }
        }
        judged
    }

    /// The patch of a live resource, where it makes something invalid of it: what was there already may make the result valid.
    async fn result_case(&self, part: &PlannedTarget<'_>, schema: &Schema, id: &str, patch: &Patch) -> Option<Case> {
        let (target, constraint) = (part.target, &schema.constraints[patch.constraint]);
        self.provide(part).await;
        let mut instance = part.baseline()?.instance.clone();
        replace(&mut instance, "/body", patch.patch.clone());
        let unique = target.schema.evaluate(&instance).unique;
        let instance = self.filled(target, &Sample { instance, constraint: None, broken: BTreeSet::new(), unique });
        let title = format!("a patch whose result breaks {} of {}", constraint.keyword, shown(&constraint.place));
        let case = Case {
            promise: constraint.source.clone().unwrap_or_else(|| target.operation.pointer.clone()),
            rule: &rules::INVALID_ACCEPTED,
            ..Case::of_instance(target, id.to_owned(), &title, instance)
        };
        let mut resource = self.read(&target.operation, &case).await?;
        let body = case.instance.as_ref().and_then(|instance| instance.get("body"));
        json_patch::merge(&mut resource, body.unwrap_or(&Value::Null));
        let broken = schema.evaluate(&resource).broken;
        (!broken.is_empty()).then(|| Case { expect: expectation(schema, &broken), ..case })
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
