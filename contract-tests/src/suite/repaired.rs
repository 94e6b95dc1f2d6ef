//! Whether a server fails on what a request breaks, or on something valid in it: the same request is sent with that repaired.

use serde_json::Value;

use super::{Run, resources::put, shrink::says_alike};
use crate::{
    cases::{Case, Expect, VALID},
    judge::Finding,
    openapi::request::{Response, Target},
    pointer::parent,
    rules,
};

impl Run<'_> {
    /// The valid request on which the server fails in the same way as on this one, with what is found then.
    pub(super) async fn fails_repaired(
        &self,
        target: &Target,
        case: &Case,
        answer: Result<&Response, &String>,
    ) -> Option<(Case, Finding, Response)> {
        let (Expect::Refusal(_) | Expect::NotAccepted, Some(instance), Ok(answer)) = (&case.expect, &case.instance, answer)
        else {
            return None;
        };
        if self.is_done() || target.schema.evaluate(instance).broken.is_empty() {
            return None;
        }
        let repaired = repaired(target, instance, &self.valid_instance(target)?)?;
        let trace = target.schema.evaluate(&repaired);
        if !trace.broken.is_empty() || target.validator.agree(&repaired, &trace).is_err() {
            return None;
        }
        let repaired = self.fresh().freshen(target, &repaired, &trace.unique);
        let valid = Case { group: case.group, ..Case::of_instance(target, case.id.clone(), VALID, repaired) };
        let outcome = self.attempt(target, &valid).await;
        let again = outcome.answer.ok().filter(|again| again.status == answer.status && says_alike(again, answer))?;
        let finding = outcome.findings.into_iter().find(|finding| *finding.rule == rules::SERVER_ERROR)?;
        Some((valid, finding, again))
    }

    /// A valid instance: one that was accepted, or a planned one.
    fn valid_instance(&self, target: &Target) -> Option<Value> {
        if let Some(accepted) = self.accepted_by(target) {
            return Some(accepted.instance);
        }
        let part = self.prepared.parts.iter().find(|part| part.name() == target.name())?;
        Some(part.plain()?.baseline()?.instance.clone())
    }
}

/// The instance with what is broken in it as it is in a valid one; what that has not is left out.
fn repaired(target: &Target, instance: &Value, valid: &Value) -> Option<Value> {
    let mut repaired = instance.clone();
    for violation in target.schema.evaluate(instance).broken {
        let mut place = violation.place.as_str();
        loop {
            if let Some(value) = valid.pointer(place) {
                put(&mut repaired, place, value.clone());
                break;
            }
            let (above, name) = parent(place)?;
            if valid.pointer(above).is_some_and(Value::is_object)
                && let Some(Value::Object(object)) = repaired.pointer_mut(above)
            {
                object.shift_remove(&*name);
                break;
            }
            place = above;
        }
    }
    target.as_received(repaired)
}
