//! The search for the smallest request that still fails.

use std::{collections::BTreeSet, sync::atomic::Ordering};

use proptest::strategy::ValueTree;
use serde_json::Value;

use super::{run::Run, send::CaseOutcome};
use crate::{
    cases::{Case, expectation},
    generate::Shrink,
    judge::Finding,
    openapi::request::{Response, Target},
    pointer::{escape, is_within},
    rules,
    schema::ConstraintId,
};

/// How many smaller requests are tried for one failure, and in one run.
const MAX_SHRINKS: usize = 300;
const MAX_SHRINKS_IN_ALL: usize = 3_000;

impl Run<'_> {
    /// The smallest request with the same finding that violates the same constraints.
    pub(super) async fn shrink(
        &self,
        target: &Target,
        case: &Case,
        finding: &Finding,
        outcome: &CaseOutcome,
    ) -> (Case, Result<Response, String>) {
        let mut best = (case.clone(), outcome.answer.clone());
        let Some(instance) = case.instance.as_ref().filter(|_| case.group.is_generated()) else { return best };
        let broken = violated(target, instance);
        let first = outcome.answer.as_ref().ok().filter(|answer| answer.status >= 500);
        let mut tree = Shrink::new(instance.clone());
        let mut more = tree.simplify();
        for _ in 0..MAX_SHRINKS {
            if !more || self.is_done() || self.shrinks.fetch_add(1, Ordering::Relaxed) >= MAX_SHRINKS_IN_ALL {
                break;
            }
            more = match self.still_fails(target, case, (finding, first), tree.current(), &broken).await {
                Some(smaller) => {
                    best = smaller;
                    tree.simplify()
                }
                None => tree.complicate(),
            };
        }
        best
    }

    /// The case with this instance, where that violates these constraints and leads to the same finding.
    async fn still_fails(
        &self,
        target: &Target,
        case: &Case,
        (finding, first): (&Finding, Option<&Response>),
        smaller: Value,
        broken: &BTreeSet<ConstraintId>,
    ) -> Option<(Case, Result<Response, String>)> {
        let smaller = target.as_received(smaller)?;
        // What the path names is there, or is the run's own to change; a shorter name may be somebody else's.
        let path = |instance: &Value| instance.get("path").and_then(Value::as_object).cloned().unwrap_or_default();
        let (named, kept) = (path(case.instance.as_ref()?), path(&smaller));
        let is_kept = |(name, value): (&String, &Value)| kept.get(name) == Some(value) || is_broken(target, broken, name);
        if !named.iter().all(is_kept) {
            return None;
        }
        // Without a body a request is refused for another reason.
        let has_body = |instance: &Value| instance.get("body").is_some();
        if case.instance.as_ref().is_some_and(|instance| has_body(instance) != has_body(&smaller)) {
            return None;
        }
        let trace = target.schema.evaluate(&smaller);
        if violated(target, &smaller) != *broken || target.validator.agree(&smaller, &trace).is_err() {
            return None;
        }
        let smaller = self.fresh().freshen(target, &smaller, &trace.unique);
        let expect = expectation(&target.schema, &trace.broken);
        let tried = Case { request: target.encode(&smaller), instance: Some(smaller), expect, ..case.clone() };
        let outcome = self.attempt(target, &tried).await;
        let same = |other: &Finding| (other.rule, &other.what, &other.promise) == (finding.rule, &finding.what, &finding.promise);
        // A server that fails may fail for many reasons.
        let is_alike = |answer: &Response| first.is_none_or(|first| says_alike(first, answer));
        if *finding.rule != rules::SERVER_ERROR {
            self.note_failure(target, &tried, &outcome);
        }
        let is_same = outcome.findings.iter().any(same) && outcome.answer.as_ref().ok().is_none_or(is_alike);
        is_same.then_some((tried, outcome.answer))
    }
}

/// Whether one of these constraints is about the parameter of the path with this name, or about all of them.
fn is_broken(target: &Target, broken: &BTreeSet<ConstraintId>, name: &str) -> bool {
    let place = format!("/path/{}", escape(name));
    let is_about = |about: &str| about == "/path" || is_within(about, &place);
    broken.iter().any(|id| is_about(&target.schema.constraints[*id].place))
}

/// Whether two failures of a server say the same: most of their words are in both.
pub(super) fn says_alike(one: &Response, other: &Response) -> bool {
    let words = |response: &Response| -> BTreeSet<String> {
        let text = String::from_utf8_lossy(&response.body).to_lowercase();
        let words = text.split(|letter: char| !letter.is_alphabetic()).filter(|word| word.chars().count() > 2);
        words.map(str::to_owned).collect()
    };
    let (one, other) = (words(one), words(other));
    let shared = one.intersection(&other).count();
    one.is_empty() && other.is_empty() || 2 * shared > one.len().max(other.len())
}

fn violated(target: &Target, instance: &Value) -> BTreeSet<ConstraintId> {
    target.schema.evaluate(instance).broken.iter().map(|violation| violation.constraint).collect()
}
