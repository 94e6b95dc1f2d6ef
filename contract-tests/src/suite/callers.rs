//! Whether what one caller creates is that caller's own. No document says so: it is asked only where there are the credentials of another.

use serde_json::Value;

use super::{
    Run,
    look::{Look, json},
    prepared::PlannedTarget,
    resources::items,
};
use crate::{
    cases::{Case, Credentials, Group},
    judge::Finding,
    openapi::{request::Response, resources::Tells},
    rules::{self, Rule},
    schema::equal,
};

/// Tries what another caller can do with the operation; gives how many cases were judged.
pub(crate) async fn run(run: &Run<'_>, part: &PlannedTarget<'_>) -> usize {
    let operation = &part.target.operation;
    if !run.others.contains_key(&operation.id) || !run.is_selected(&id(part)) {
        return 0;
    }
    let is_itself = run.prepared.resources.is_itself(operation);
    let judged = match operation.method.as_str() {
        "GET" if is_itself => read(run, part).await,
        "PUT" | "PATCH" | "DELETE" if is_itself => changed(run, part).await,
        "GET" => listed(run, part).await,
        _ => None,
    };
    judged.map_or(0, |()| {
        run.count_judged();
        1
    })
}

fn id(part: &PlannedTarget<'_>) -> String {
    format!("{}:authentication:another-caller", part.target.name())
}

/// The request of the operation as another caller sends it.
fn case(part: &PlannedTarget<'_>, instance: Value, rule: &'static Rule) -> Case {
    let operation = &part.target.operation;
    Case {
        group: Group::Authentication,
        promise: operation.security.as_ref().map_or_else(|| operation.pointer.clone(), |security| security.pointer.clone()),
        credentials: Credentials::Other,
        rule,
        ..Case::of_instance(part.target, id(part), "the request of another caller", instance)
    }
}

/// The request of the operation for a resource that this run has created; none where there is no such resource.
async fn own(run: &Run<'_>, part: &PlannedTarget<'_>, rule: &'static Rule) -> Option<Case> {
    let (kind, _) = run.prepared.resources.named(&part.target.operation)?;
    run.provide_own(kind).await;
    if run.known.count(kind, true) == 0 {
        return None;
    }
    let instance = run.filled(part.target, part.baseline()?);
    Some(case(part, instance, rule))
}

async fn seen(run: &Run<'_>, look: &Look<'_>) -> Option<Response> {
    run.look(look, |_| true).await.ok().filter(|seen| (200..300).contains(&seen.status))
}

/// Whether another caller reads the same as the one who has created it.
async fn read(run: &Run<'_>, part: &PlannedTarget<'_>) -> Option<()> {
    let case = own(run, part, &rules::FOREIGN_READ).await?;
    let own = Look { target: part.target, case: Case { credentials: Credentials::Good, ..case.clone() } };
    let own = seen(run, &own).await?;
    let outcome = run.attempt(part.target, &case).await;
    let other = outcome.answer.as_ref().ok()?;
    if (200..300).contains(&other.status) && shows_the_same(&own, other) {
        fail(run, part, &case, "what one caller has created another caller reads", other);
    }
    Some(())
}

/// What changes by itself, such as a counter of reads, does not make another resource.
fn shows_the_same(own: &Response, other: &Response) -> bool {
    if own.body == other.body {
        return true;
    }
    let (Some(own), Some(other)) = (json(own), json(other)) else { return false };
    let (Some(own), Some(other)) = (own.as_object(), other.as_object()) else { return false };
    let same = own.iter().filter(|(name, value)| other.get(*name).is_some_and(|found| equal(found, value))).count();
    same * 2 > own.len()
}

/// Whether another caller changes or deletes what this run has created. That a server says so is not enough: it may mean another
/// resource of that name.
async fn changed(run: &Run<'_>, part: &PlannedTarget<'_>) -> Option<()> {
    let case = own(run, part, &rules::FOREIGN_CHANGE).await?;
    let look = run.look_at_same(&part.target.operation, &case)?;
    let (first, before) = (seen(run, &look).await?, seen(run, &look).await?);
    if first.body != before.body {
        return None; // It changes by itself.
    }
    let outcome = run.attempt(part.target, &case).await;
    let other = outcome.answer.as_ref().ok()?;
    if (200..300).contains(&other.status) {
        let now = run.look(&look, |_| true).await.ok()?;
        let deletes = part.target.operation.method == "DELETE";
        if deletes && matches!(now.status, 404 | 410) || (200..300).contains(&now.status) && now.body != before.body {
            let what = if deletes { "deletes" } else { "changes" };
            fail(run, part, &case, &format!("what one caller has created another caller {what}"), other);
        }
    }
    Some(())
}

/// Whether a list that another caller gets has what this run has created.
async fn listed(run: &Run<'_>, part: &PlannedTarget<'_>) -> Option<()> {
    let resources = &run.prepared.resources;
    let told = resources.told(&part.target.operation);
    let (kind, _) = told.iter().find(|(_, tells)| *tells == Tells::Lists)?;
    run.provide_own(*kind).await;
    let instance = run.filled(part.target, part.baseline()?);
    let case = case(part, instance, &rules::FOREIGN_READ);
    let own = run.known.own(*kind);
    let outcome = run.attempt(part.target, &case).await;
    let other = outcome.answer.as_ref().ok()?;
    let body = json(other)?;
    let is_own = |id: &Value| own.iter().any(|values| values.last().is_some_and(|own| equal(own, id)));
    if items(&body).into_iter().filter_map(|item| resources.own_identifier(*kind, item)).any(is_own) {
        fail(run, part, &case, "what one caller has created is in the list of another caller", other);
    }
    Some(())
}

fn fail(run: &Run<'_>, part: &PlannedTarget<'_>, case: &Case, what: &str, answer: &Response) {
    run.fail(part.target, case, &Finding::of(case.rule, &case.promise, what), Ok(answer));
}
