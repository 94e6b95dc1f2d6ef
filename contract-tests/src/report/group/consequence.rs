//! What follows from another failure, and is not told again.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    report::{Failure, conversion::values},
    rules,
};

/// Without what follows from another failure, such as that who accepts what breaks a rule shows it in later answers.
pub(super) fn without_consequences(mut failures: Vec<Failure>) -> Vec<Failure> {
    let accepted = failures.iter().filter(|failure| failure.rule == rules::INVALID_ACCEPTED.name);
    let accepted: BTreeSet<String> = accepted.map(|failure| failure.promise.clone()).collect();
    failures.retain(|failure| failure.rule != rules::RESPONSE_BODY.name || !accepted.contains(&failure.promise));
    // Who answers with what is there already says what that is, and not what was sent.
    let same: BTreeSet<String> =
        failures.iter().filter(|it| it.rule == rules::DUPLICATE_ID.name).map(|it| it.operation.clone()).collect();
    failures.retain(|failure| failure.rule != rules::ECHO.name || !same.contains(&failure.operation));
    // What was let in though it is wrong is shown later, and is taken when it is sent again.
    let kept: Vec<Failure> = failures.iter().filter(|failure| failure.rule == rules::INVALID_ACCEPTED.name).cloned().collect();
    failures.retain(|failure| !kept.iter().any(|accepted| is_shown_later(accepted, failure)));
    let is_taken = |failure: &Failure| failure.rule == rules::REFUSAL_STATUS.name && failure.status == Some(409);
    failures.retain(|failure| !is_taken(failure) || !accepted.contains(&failure.promise));
    // What a server says when it fails is not what it has documented.
    let failed: BTreeSet<String> =
        failures.iter().filter(|it| it.rule == rules::SERVER_ERROR.name).map(|it| it.curl.clone()).collect();
    failures.retain(|failure| failure.rule != rules::RESPONSE_MEDIA_TYPE.name || !failed.contains(&failure.curl));
    // What one writer of errors writes wrongly it writes so of paths that are not there, too.
    let written: BTreeSet<String> =
        failures.iter().filter(|it| it.rule == rules::RESPONSE_BODY.name).map(|it| it.promise.clone()).collect();
    failures.retain(|failure| failure.rule != rules::UNDOCUMENTED_PATH.name || !written.contains(&failure.promise));
    failures
}

/// Whether an answer is wrong because a value of the same kind was accepted before, in the same property of a resource of the same
/// collection, or of one around or below it. What was just created has nothing of earlier requests.
fn is_shown_later(accepted: &Failure, shown: &Failure) -> bool {
    let property = |failure: &Failure| Some(failure.promise.rsplit_once("/properties/")?.1.to_owned());
    let (one, other) = (collection(accepted), collection(shown));
    let is_of_collection = one.starts_with(&other) || other.starts_with(&one);
    let place = shown.detail.strip_prefix("at ").unwrap_or_default();
    let of_kind = |value: &Value| std::mem::discriminant(value);
    let sent = || values(accepted.request.as_deref(), accepted.place.as_deref().unwrap_or_default());
    shown.rule == rules::RESPONSE_BODY.name
        && !shown.name.starts_with("POST ")
        && is_of_collection
        && property(accepted).is_some_and(|broken| property(shown) == Some(broken))
        && values(shown.answer.as_deref(), place).iter().any(|found| sent().iter().any(|sent| of_kind(sent) == of_kind(found)))
}

/// The path of an operation up to the resource that it names: `/orgs`, `{}` and `/repos` of `/orgs/{org}/repos/{repo}`.
fn collection(failure: &Failure) -> Vec<&str> {
    let path = failure.name.split_once('/').map_or("", |(_, path)| path);
    let mut segments: Vec<&str> = path.split('/').map(|segment| if segment.starts_with('{') { "{}" } else { segment }).collect();
    while segments.last().is_some_and(|segment| ["", "{}"].contains(segment)) {
        segments.pop();
    }
    segments
}
